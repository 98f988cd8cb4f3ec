#include "sim/random/dist.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "sim/random/gamma.h"

#define Z95 1.6448536269514722 /* normal score of 95 % */
/* So far above the mean, a standard gamma of any shape we take has nothing left; GSL would report
 * an underflow further on. */
#define GAMMA_TAIL 4000

struct _Dist {
  gint refs;
  DistKind kind;
  gboolean constant;   /* whatever the kind: nothing is drawn */
  double a, b;         /* as given */
  double min, max;     /* as given */
  double scale, shape; /* of the unshifted standard form: see the prepare functions */
  gint64 constant_ns;
  GammaTable *gamma;
  DistPoint *points;
  gsize n_points;
};

GQuark
dist_error_quark(void)
{
  return g_quark_from_static_string("dist-error-quark");
}

/* Names of a and b, for messages. */
static const char *const parameter_names[][2] = {
    [DIST_CONSTANT] = {"value", NULL},    [DIST_UNIFORM] = {"low", "high"},
    [DIST_EXPONENTIAL] = {"mean", NULL},  [DIST_NORMAL] = {"mean", "sd"},
    [DIST_LOGNORMAL] = {"median", "p95"}, [DIST_GAMMA] = {"mean", "sd"},
    [DIST_WEIBULL] = {"median", "p95"},   [DIST_PARETO] = {"min", "shape"},
};

static gint64
round_ns(double value)
{
  if (!(value > 0))
    return 0;
  return value >= 0x1p63 ? G_MAXINT64 : (gint64)llrint(value);
}

static Dist *
new_dist(DistKind kind)
{
  Dist *dist = g_new0(Dist, 1);

  dist->refs = 1;
  dist->kind = kind;
  dist->min = -INFINITY;
  dist->max = INFINITY;
  return dist;
}

static void
make_constant(Dist *dist, double value)
{
  dist->constant = TRUE;
  dist->scale = value;
  dist->constant_ns = round_ns(value);
}

Dist *
dist_constant(double value)
{
  Dist *dist = new_dist(DIST_CONSTANT);

  g_assert(!isnan(value));
  dist->a = value;
  make_constant(dist, value);
  return dist;
}

/* What is wrong with the parameters, or NULL. */
static const char *
check_order(DistKind kind, double a, double b, double min, double max)
{
  switch (kind) {
  case DIST_CONSTANT:
    return a < min ? "value must not be below min" : a > max ? "value must not be above max" : NULL;
  case DIST_UNIFORM:
    if (a > b)
      return "low must not be above high";
    if (a < min)
      return "low must not be below min";
    return max < a ? "max must not be below low" : NULL;
  case DIST_EXPONENTIAL:
    if (a <= min)
      return min == 0 ? "mean must be above zero" : "mean must be above min";
    return max <= a ? "max must be above the mean" : NULL;
  case DIST_NORMAL:
  case DIST_GAMMA:
    if (b < 0)
      return "sd must not be negative";
    if (kind == DIST_NORMAL ? a < min : a <= min)
      return kind == DIST_NORMAL ? "mean must not be below min"
             : min == 0          ? "mean must be above zero"
                                 : "mean must be above min";
    if (kind == DIST_GAMMA && b > 0 && (b < (a - min) * 0.01 || b > (a - min) * 10))
      return "sd must be between a hundredth and ten times the mean (counted from min)";
    return max < a || (b > 0 && max == a) ? "max must be above the mean" : NULL;
  case DIST_LOGNORMAL:
  case DIST_WEIBULL:
    if (a <= min)
      return min == 0 ? "median must be above zero" : "median must be above min";
    if (b <= a)
      return "p95 must be above the median";
    return max < b ? "max must not be below p95" : NULL;
  case DIST_PARETO:
    if (a <= 0)
      return "min must be above zero";
    if (b <= 0)
      return "shape must be above zero";
    return max == INFINITY ? "pareto needs max" : max <= a ? "max must be above min" : NULL;
  default:
    g_assert_not_reached();
  }
}

static gboolean
check(DistKind kind, double a, double b, double min, double max, GError **error)
{
  const char *const *names = parameter_names[kind];
  gboolean shifted = kind == DIST_EXPONENTIAL || kind == DIST_LOGNORMAL || kind == DIST_GAMMA ||
                     kind == DIST_WEIBULL;
  const char *bad = NULL, *why = "must be a finite number";

  if (kind == DIST_CONSTANT ? isnan(a) : !isfinite(a))
    bad = names[0];
  else if (names[1] && !isfinite(b))
    bad = names[1];
  else if (isnan(min) || min == INFINITY || (shifted && isinf(min)))
    bad = "min";
  else if (isnan(max) || max == -INFINITY)
    bad = "max";
  if (bad) {
    g_set_error(error, DIST_ERROR, DIST_ERROR_PARAMETER, "%s %s", bad, why);
    return FALSE;
  }
  why = check_order(kind, a, b, min, max);
  if (why)
    g_set_error_literal(error, DIST_ERROR, DIST_ERROR_PARAMETER, why);
  return why == NULL;
}

/* From what users measure to scale and shape. */
static void
prepare(Dist *dist)
{
  double a = dist->a, b = dist->b, from = dist->min;

  switch (dist->kind) {
  case DIST_EXPONENTIAL:
    dist->scale = a - from;
    break;
  case DIST_NORMAL: /* shape: the part of the normal that lies above min */
    dist->scale = b;
    dist->shape = isinf(from) ? 1 : gsl_cdf_ugaussian_Q((from - a) / b);
    break;
  case DIST_LOGNORMAL: /* scale exp(shape Z) */
    dist->scale = a - from;
    dist->shape = log((b - from) / (a - from)) / Z95;
    break;
  case DIST_GAMMA:
    dist->shape = (a - from) / b * ((a - from) / b);
    dist->scale = b / ((a - from) / b);
    dist->shape = CLAMP(dist->shape, GAMMA_SHAPE_MIN, GAMMA_SHAPE_MAX);
    dist->gamma = gamma_table_new(dist->shape);
    break;
  case DIST_WEIBULL: /* 1 - F(x) = exp(-(x / scale)^shape) is 1/2 at the median, 1/20 at p95 */
    dist->shape = log(log(20) / G_LN2) / log((b - from) / (a - from));
    dist->scale = (a - from) / pow(G_LN2, 1 / dist->shape);
    break;
  default:
    break;
  }
}

Dist *
dist_new(DistKind kind, double a, double b, double min, double max, GError **error)
{
  Dist *dist;

  g_assert(kind <= DIST_PARETO);
  if (!check(kind, a, b, min, max, error))
    return NULL;
  if (kind == DIST_CONSTANT)
    return dist_constant(a);
  dist = new_dist(kind);
  dist->a = a;
  dist->b = kind == DIST_EXPONENTIAL ? 0 : b;
  dist->min = min;
  dist->max = max;
  if ((kind == DIST_UNIFORM && (a == b || a == max)) ||
      ((kind == DIST_NORMAL || kind == DIST_GAMMA) && b == 0))
    make_constant(dist, a);
  else
    prepare(dist);
  return dist;
}

static int
compare_values(const void *a, const void *b)
{
  double x = ((const DistPoint *)a)->value, y = ((const DistPoint *)b)->value;

  return (x > y) - (x < y);
}

static const char *
check_points(DistKind kind, const DistPoint *points, gsize n)
{
  if (n == 0)
    return kind == DIST_TABLE ? "a table needs points" : "a sample needs values";
  for (gsize i = 0; i < n; i++) {
    if (!isfinite(points[i].value))
      return "values must be finite numbers";
  }
  if (kind == DIST_SAMPLES)
    return NULL;
  if (points[0].p != 0)
    return "the first probability must be 0 %";
  if (points[n - 1].p != 1)
    return "the last probability must be 100 %";
  for (gsize i = 1; i < n; i++) {
    if (!(points[i].p > points[i - 1].p))
      return "probabilities must rise";
    if (points[i].value < points[i - 1].value)
      return "values must not fall";
  }
  return NULL;
}

Dist *
dist_new_table(DistKind kind, const DistPoint *points, gsize n, GError **error)
{
  Dist *dist;
  const char *why;

  g_assert(kind == DIST_TABLE || kind == DIST_SAMPLES);
  why = check_points(kind, points, n);
  if (why) {
    g_set_error_literal(error, DIST_ERROR, DIST_ERROR_PARAMETER, why);
    return NULL;
  }
  dist = new_dist(kind);
  dist->points = g_new(DistPoint, n);
  dist->n_points = n;
  for (gsize i = 0; i < n; i++)
    dist->points[i] = (DistPoint){kind == DIST_TABLE ? points[i].p : 0, points[i].value};
  if (kind == DIST_SAMPLES)
    qsort(dist->points, n, sizeof *dist->points, compare_values);
  if (dist->points[0].value == dist->points[n - 1].value)
    make_constant(dist, dist->points[0].value);
  return dist;
}

Dist *
dist_ref(const Dist *dist)
{
  Dist *mutable = (Dist *)dist;

  g_atomic_int_inc(&mutable->refs);
  return mutable;
}

void
dist_unref(Dist *dist)
{
  if (dist == NULL || !g_atomic_int_dec_and_test(&dist->refs))
    return;
  gamma_table_free(dist->gamma);
  g_free(dist->points);
  g_free(dist);
}

gboolean
dist_is_constant(const Dist *dist)
{
  return dist->constant;
}

DistKind
dist_kind(const Dist *dist)
{
  return dist->kind;
}

gboolean
dist_equal(const Dist *a, const Dist *b)
{
  if (a == b)
    return TRUE;
  if (a->kind != b->kind || a->a != b->a || a->b != b->b || a->min != b->min || a->max != b->max ||
      a->n_points != b->n_points)
    return FALSE;
  for (gsize i = 0; i < a->n_points; i++) {
    if (a->points[i].p != b->points[i].p || a->points[i].value != b->points[i].value)
      return FALSE;
  }
  return TRUE;
}

static double
table_quantile(const Dist *dist, double u)
{
  const DistPoint *points = dist->points;
  gsize low = 0, high = dist->n_points - 1;

  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;

    if (points[middle].p <= u)
      low = middle;
    else
      high = middle;
  }
  return points[low].value + (points[high].value - points[low].value) * (u - points[low].p) /
                                 (points[high].p - points[low].p);
}

/* By the upper tail, which keeps its digits when min lies far above or far below the mean. */
static double
normal_quantile(const Dist *dist, double u)
{
  double q = MIN((1 - u) * dist->shape, 1 - 0x1p-53);

  return MAX(dist->a + dist->scale * gsl_cdf_ugaussian_Qinv(q), dist->min);
}

double
dist_quantile(const Dist *dist, double u)
{
  double value;

  if (dist->constant)
    return dist->scale;
  switch (dist->kind) {
  case DIST_UNIFORM:
    value = dist->a + u * (dist->b - dist->a);
    break;
  case DIST_EXPONENTIAL:
    value = dist->min - dist->scale * log1p(-u);
    break;
  case DIST_NORMAL:
    value = normal_quantile(dist, u);
    break;
  case DIST_LOGNORMAL:
    value =
        u > 0 ? dist->min + dist->scale * exp(dist->shape * gsl_cdf_ugaussian_Pinv(u)) : dist->min;
    break;
  case DIST_GAMMA:
    value = dist->min + dist->scale * gamma_table_quantile(dist->gamma, u);
    break;
  case DIST_WEIBULL:
    value = dist->min + dist->scale * pow(-log1p(-u), 1 / dist->shape);
    break;
  case DIST_PARETO:
    value = dist->a * pow(1 - u, -1 / dist->b);
    break;
  case DIST_TABLE:
    return table_quantile(dist, u);
  case DIST_SAMPLES:
    return dist->points[MIN((gsize)(u * (double)dist->n_points), dist->n_points - 1)].value;
  default:
    g_assert_not_reached();
  }
  return MIN(value, dist->max);
}

double
dist_median(const Dist *dist)
{
  return dist_quantile(dist, 0.5);
}

double
dist_min(const Dist *dist)
{
  if (dist->constant)
    return dist->scale;
  switch (dist->kind) {
  case DIST_UNIFORM:
  case DIST_PARETO:
    return dist->a;
  case DIST_TABLE:
  case DIST_SAMPLES:
    return dist->points[0].value;
  default:
    return dist->min;
  }
}

double
dist_max(const Dist *dist)
{
  if (dist->constant)
    return dist->scale;
  if (dist->kind == DIST_UNIFORM)
    return MIN(dist->b, dist->max);
  return dist->points ? dist->points[dist->n_points - 1].value : dist->max;
}

static double
points_mean(const Dist *dist)
{
  double sum = 0;

  for (gsize i = 0; i < dist->n_points; i++) {
    if (dist->kind == DIST_SAMPLES)
      sum += dist->points[i].value / (double)dist->n_points;
    else if (i > 0)
      sum += (dist->points[i].p - dist->points[i - 1].p) *
             (dist->points[i].value + dist->points[i - 1].value) / 2;
  }
  return sum;
}

/* Normal above min, larger values becoming max: the partial expectation of a normal is
 * mean (Phi(h) - Phi(l)) + sd (phi(l) - phi(h)). */
static double
normal_mean(const Dist *dist)
{
  double low = (dist->min - dist->a) / dist->b, high = (dist->max - dist->a) / dist->b;
  double above = isinf(high) ? 0 : gsl_cdf_ugaussian_Q(high);
  double part = dist->a * (dist->shape - above) +
                dist->b * (exp(-0.5 * low * low) - exp(-0.5 * high * high)) / sqrt(2 * G_PI);

  return (part + (above > 0 ? dist->max * above : 0)) / dist->shape;
}

/* E[min(X, cap)] of the standard forms that begin at zero: E[X; X < cap] + cap P(X >= cap). */
static double
capped_mean(const Dist *dist, double cap)
{
  double scale = dist->scale, shape = dist->shape, z;

  switch (dist->kind) {
  case DIST_EXPONENTIAL:
    return -scale * expm1(-cap / scale);
  case DIST_LOGNORMAL:
    z = log(cap / scale) / shape;
    return scale * exp(shape * shape / 2) * gsl_cdf_ugaussian_P(z - shape) +
           cap * gsl_cdf_ugaussian_Q(z);
  case DIST_GAMMA:
    z = MIN(cap / scale, shape + GAMMA_TAIL);
    return shape * scale * gsl_cdf_gamma_P(z, shape + 1, 1) + cap * gsl_cdf_gamma_Q(z, shape, 1);
  case DIST_WEIBULL:
    z = MIN(pow(cap / scale, shape), 1 + 1 / shape + GAMMA_TAIL);
    return scale * tgamma(1 + 1 / shape) * gsl_cdf_gamma_P(z, 1 + 1 / shape, 1) + cap * exp(-z);
  default:
    g_assert_not_reached();
  }
}

static double
uncapped_mean(const Dist *dist)
{
  switch (dist->kind) {
  case DIST_EXPONENTIAL:
    return dist->scale;
  case DIST_LOGNORMAL:
    return dist->scale * exp(dist->shape * dist->shape / 2);
  case DIST_GAMMA:
    return dist->shape * dist->scale;
  case DIST_WEIBULL:
    return dist->scale * tgamma(1 + 1 / dist->shape);
  default:
    g_assert_not_reached();
  }
}

double
dist_mean(const Dist *dist)
{
  double a = dist->a, b = dist->b, cap = dist->max;

  if (dist->constant)
    return dist->scale;
  switch (dist->kind) {
  case DIST_UNIFORM:
    return cap >= b ? (a + b) / 2 : cap - (cap - a) * (cap - a) / (2 * (b - a));
  case DIST_NORMAL:
    return normal_mean(dist);
  case DIST_PARETO: /* a plus the integral of (a / x)^shape up to the cap */
    return b == 1 ? a * (1 + log(cap / a)) : a + a * expm1((1 - b) * log(cap / a)) / (1 - b);
  case DIST_TABLE:
  case DIST_SAMPLES:
    return points_mean(dist);
  default:
    return dist->min + (isinf(cap) ? uncapped_mean(dist) : capped_mean(dist, cap - dist->min));
  }
}

double
dist_draw(const Dist *dist, const RandomStream *stream, guint64 index)
{
  return dist->constant ? dist->scale : dist_quantile(dist, random_uniform(stream, index));
}

gint64
dist_draw_ns(const Dist *dist, const RandomStream *stream, guint64 index)
{
  if (dist->constant)
    return dist->constant_ns;
  return round_ns(dist_quantile(dist, random_uniform(stream, index)));
}

gint64
dist_quantile_ns(const Dist *dist, double u)
{
  return dist->constant ? dist->constant_ns : round_ns(dist_quantile(dist, u));
}
