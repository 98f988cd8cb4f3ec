/* An axis of a panel: from where to where it goes, what stands apart from the numbers, and its tics
 * in gnuplot's syntax.
 *
 * On a logarithmic axis zero has no place among the numbers, `never` has none on any: both stand
 * apart, behind a gap, so that a point there is seen and is not taken for a point on the scale. */
#pragma once

#include <glib.h>

typedef struct {
  gboolean log;
  double low, high;   /* of the numbers that have a place on it */
  double zero, never; /* where these stand; NaN: nowhere */
  gboolean has_zero, has_never, has_numbers;
} Axis;

void axis_begin(Axis *axis, gboolean log);
/* NaN is nothing; INFINITY is `never`; a negative number has no place on a logarithmic axis. */
void axis_add(Axis *axis, double value);
/* Settles where what stands apart stands: gap is a share of the axis. At least one value was
 * added. */
void axis_end(Axis *axis, double gap);

gboolean axis_has(const Axis *axis, double value);    /* it has a place among the numbers */
double axis_place(const Axis *axis, double value);    /* where it stands; NaN: nowhere */
double axis_position(const Axis *axis, double value); /* of the numbers: 0 at low, 1 at high */
double axis_value(const Axis *axis, double position); /* the inverse */
double axis_zero_gap(const Axis *axis);               /* where the gap is; NaN: there is none */
double axis_never_gap(const Axis *axis);

/* Appends `"label" place`; level 1 is a minor tic. The label is text, not a format. */
void axis_add_tic(GString *tics, const char *label, double at, guint level);
/* Round numbers, and "0" if it stands apart. */
void axis_number_tics(const Axis *axis, GString *tics);
