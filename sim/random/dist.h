/* Distributions of non-negative (or any real, for uniform and normal) quantities, given by what
 * users can measure, drawn by inversion of one uniform number, so that a draw is addressed by its
 * index and two draws with the same uniform are ordered alike (common random numbers).
 *
 * Values are in whatever unit the caller uses (nanoseconds everywhere in qosim). A Dist is
 * immutable and may be shared by threads. */
#pragma once

#include "sim/random/stream.h"

typedef enum {
  DIST_CONSTANT,    /* a = value */
  DIST_UNIFORM,     /* a = low, b = high */
  DIST_EXPONENTIAL, /* a = mean */
  DIST_NORMAL,      /* a = mean, b = sd; truncated at dist min (0 by default for times) */
  DIST_LOGNORMAL,   /* a = median, b = p95 */
  DIST_GAMMA,       /* a = mean, b = sd */
  DIST_WEIBULL,     /* a = median, b = p95 */
  DIST_PARETO,      /* a = min, b = shape; needs max */
  DIST_TABLE,       /* quantiles(): n pairs (probability, value), linear between them */
  DIST_SAMPLES      /* samples(FILE): n equally likely values */
} DistKind;

typedef struct {
  double p, value;
} DistPoint;

typedef enum { DIST_ERROR_PARAMETER } DistError;
#define DIST_ERROR (dist_error_quark())
GQuark dist_error_quark(void);

typedef struct _Dist Dist;

Dist *dist_constant(double value);
/* min: where the distribution begins. Exponential, lognormal, gamma and weibull are shifted there,
 * and the measured parameters are those of the whole value; a normal is cut off there, its mean and
 * sd being those before the cut; a uniform or pareto says itself where it begins (a uniform not
 * below min). Minus infinity, for uniform and normal, means no limit.
 * max: a larger draw becomes max (INFINITY: none). No spread (sd 0, low = high) makes a constant.
 * NULL and an error that says what is wrong with which parameter, in words without units:
 * "p95 must be above the median". */
Dist *dist_new(DistKind kind, double a, double b, double min, double max, GError **error);
/* DIST_TABLE: points in rising order, first p = 0, last p = 1; DIST_SAMPLES: only value is used. */
Dist *dist_new_table(DistKind kind, const DistPoint *points, gsize n, GError **error);
Dist *dist_ref(const Dist *dist); /* atomic count */
void dist_unref(Dist *dist);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dist, dist_unref)

gboolean dist_is_constant(const Dist *dist);
gboolean dist_equal(const Dist *a, const Dist *b);
DistKind dist_kind(const Dist *dist);
double dist_quantile(const Dist *dist, double u); /* inverse CDF, 0 <= u < 1 */
double dist_median(const Dist *dist);
double dist_mean(const Dist *dist); /* of what is drawn: shift, truncation and cap included */
double dist_min(const Dist *dist);
double dist_max(const Dist *dist); /* may be INFINITY */

/* The draw at an index; the _ns forms round to the nearest nanosecond and are never negative;
 * INFINITY and what exceeds gint64 become G_MAXINT64. */
double dist_draw(const Dist *dist, const RandomStream *stream, guint64 index);
gint64 dist_draw_ns(const Dist *dist, const RandomStream *stream, guint64 index);
gint64 dist_quantile_ns(const Dist *dist, double u);
