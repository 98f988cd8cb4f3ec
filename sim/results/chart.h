/* What a picture shows, sorted out: values by metric, panel and series, in the units in which they
 * are shown. Knows neither gnuplot nor files. */
#pragma once

#include "sim/results/axis.h"
#include "sim/results/picture.h"

typedef struct {
  double x;                /* seconds, bytes, percent; INFINITY: never, unlimited */
  const char *text;        /* of x as it was resolved; "" if x is no factor */
  double value, low, high; /* in the same way; low and high NaN: no interval */
} Dot;

/* One row of panels for each metric, one panel in it for each combination of the panel factors. */
typedef struct {
  const Picture *picture;
  guint metrics_n;
  GPtrArray *panels, *series; /* char *: labels, in the order of appearance */
  GPtrArray *words;           /* char *: values of x that are no numbers */
  GArray **cells;             /* of Dot: see chart_cell() */
  char **y_labels;            /* for each metric */
  gboolean *y_percent;        /* likewise */
  char *x_label;
  const char *x_unit;  /* of the numbers at the axis; "": none */
  double x_scale;      /* from the number of a factor to the one that is shown */
  gboolean x_log;      /* as asked for, and x has numbers */
  gboolean named_tics; /* the values of x, as they are written, stand at the axis */
} Chart;

/* PICTURE_ERROR_INPUT if a metric or factor is not there. */
Chart *chart_new(const Picture *picture, GError **error);
void chart_free(Chart *chart);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chart, chart_free)

/* The dots of a series in a panel: by rising x, or in the order of the points if x is a metric. */
GArray *chart_cell(const Chart *chart, guint metric, guint panel, guint series);
int chart_compare_dots(gconstpointer a, gconstpointer b); /* by x */

/* Whether the values of x are so few and so far apart, in every panel, that each can be named at
 * the axis. */
gboolean chart_tics_can_be_named(const Chart *chart);
/* The axes of a panel. FALSE: the panel has nothing to show. */
gboolean chart_axes(const Chart *chart, guint metric, guint panel, Axis *x, Axis *y);
/* Tics of the x axis of a panel. To free. */
char *chart_x_tics(const Chart *chart, guint panel, const Axis *x);
