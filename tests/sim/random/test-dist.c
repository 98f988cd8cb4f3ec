/* Distributions: that draws follow the declared law, that means are those of what is drawn, and
 * that bad parameters are refused in words. */
#include "sim/random/dist.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#define N 20000
#define Z95 1.6448536269514722

typedef double (*Cdf)(double x, double a, double b);

typedef struct {
  const char *name;
  DistKind kind;
  double a, b, min, max;
  Cdf cdf;            /* independent of dist.c; NULL: only the mean is checked */
  double median, p95; /* 0: not declared */
} Case;

static double
uniform_cdf(double x, double a, double b)
{
  return (x - a) / (b - a);
}

static double
exponential_cdf(double x, double mean, G_GNUC_UNUSED double b)
{
  return -expm1(-x / mean);
}

static double
normal_cdf(double x, double mean, double sd)
{
  return gsl_cdf_ugaussian_P((x - mean) / sd);
}

static double
half_normal_cdf(double x, double mean, double sd)
{
  double below = normal_cdf(0, mean, sd);

  return (normal_cdf(x, mean, sd) - below) / (1 - below);
}

static double
lognormal_cdf(double x, double median, double p95)
{
  return x <= 0 ? 0 : gsl_cdf_ugaussian_P(Z95 * log(x / median) / log(p95 / median));
}

/* lognormal(median 300, p95 800) that begins at 100. */
static double
shifted_lognormal_cdf(double x, double median, double p95)
{
  return lognormal_cdf(x - 100, median - 100, p95 - 100);
}

static double
gamma_cdf(double x, double mean, double sd)
{
  return gsl_cdf_gamma_P(x, mean * mean / (sd * sd), sd * sd / mean);
}

static double
weibull_cdf(double x, double median, double p95)
{
  double shape = log(log(20) / log(2)) / log(p95 / median);

  return 1 - exp2(-pow(x / median, shape));
}

static double
pareto_cdf(double x, double min, double shape)
{
  return 1 - pow(min / x, shape);
}

static const Case cases[] = {
    {"uniform", DIST_UNIFORM, 5, 9, 0, INFINITY, uniform_cdf, 7, 0},
    {"uniform-signed", DIST_UNIFORM, -5, 9, -INFINITY, INFINITY, uniform_cdf, 2, 0},
    {"uniform-capped", DIST_UNIFORM, 5, 9, 0, 6, NULL, 6, 0},
    {"exponential", DIST_EXPONENTIAL, 1200, 0, 0, INFINITY, exponential_cdf, 0, 0},
    {"exponential-shifted-capped", DIST_EXPONENTIAL, 1200, 0, 200, 4000, NULL, 0, 0},
    {"normal", DIST_NORMAL, -3, 2, -INFINITY, INFINITY, normal_cdf, -3, 0},
    {"normal-truncated", DIST_NORMAL, 3, 2, 0, INFINITY, half_normal_cdf, 0, 0},
    {"normal-truncated-capped", DIST_NORMAL, 3, 2, 1, 4, NULL, 0, 0},
    {"lognormal", DIST_LOGNORMAL, 300, 800, 0, INFINITY, lognormal_cdf, 300, 800},
    {"lognormal-shifted", DIST_LOGNORMAL, 300, 800, 100, INFINITY, shifted_lognormal_cdf, 300, 800},
    {"lognormal-capped", DIST_LOGNORMAL, 300, 800, 100, 900, NULL, 300, 800},
    {"gamma", DIST_GAMMA, 40, 10, 0, INFINITY, gamma_cdf, 0, 0},
    {"gamma-narrow", DIST_GAMMA, 1000, 15, 0, INFINITY, gamma_cdf, 0, 0},
    {"gamma-wide", DIST_GAMMA, 40, 160, 0, INFINITY, gamma_cdf, 0, 0},
    {"gamma-shifted-capped", DIST_GAMMA, 40, 20, 10, 70, NULL, 0, 0},
    {"weibull", DIST_WEIBULL, 50, 400, 0, INFINITY, weibull_cdf, 50, 400},
    {"weibull-shifted-capped", DIST_WEIBULL, 50, 90, 20, 100, NULL, 50, 90},
    {"pareto-capped", DIST_PARETO, 10, 1.2, 0, 500, NULL, 0, 0},
    {"pareto-harmonic", DIST_PARETO, 10, 1, 0, 500, NULL, 0, 0},
    {"pareto", DIST_PARETO, 10, 3, 0, 1e9, pareto_cdf, 0, 0},
};

static int
compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Mean and variance from the quantiles: the integral over u by the midpoint rule, refined towards
 * both ends, where quantiles run away. */
static void
moments(const Dist *dist, double *mean, double *variance)
{
  const int steps = 400000;
  double sum = 0, squares = 0, weight = 0;

  for (int i = 0; i < steps; i++) {
    double t = (i + 0.5) / steps, u = t * t * t * (10 - 15 * t + 6 * t * t);
    double w = 30 * t * t * (1 - t) * (1 - t), x;

    if (u >= 1)
      break;
    x = dist_quantile(dist, u);
    sum += w * x;
    squares += w * x * x;
    weight += w;
  }
  *mean = sum / weight;
  *variance = squares / weight - *mean * *mean;
}

static void
test_case(gconstpointer data)
{
  const Case *c = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(Dist) dist = dist_new(c->kind, c->a, c->b, c->min, c->max, &error);
  RandomStream stream = random_stream(1, 0, c->name, "draw");
  g_autofree double *draws = g_new(double, N);
  double mean, variance, sum = 0, distance = 0;

  g_assert_no_error(error);
  g_assert_false(dist_is_constant(dist));
  moments(dist, &mean, &variance);
  g_assert_cmpfloat(fabs(dist_mean(dist) - mean), <, 1e-3 * sqrt(variance));
  for (guint64 i = 0; i < N; i++) {
    draws[i] = dist_draw(dist, &stream, i);
    sum += draws[i];
    g_assert_true(draws[i] >= dist_min(dist) && draws[i] <= dist_max(dist));
    g_assert_cmpint(dist_draw_ns(dist, &stream, i), ==, draws[i] > 0 ? llrint(draws[i]) : 0);
  }
  g_assert_cmpfloat(fabs(sum / N - mean) / sqrt(variance / N), <, 4);
  qsort(draws, N, sizeof *draws, compare_doubles);
  for (guint i = 0; c->cdf && i < N; i++) {
    double p = c->cdf(draws[i], c->a, c->b);

    distance = MAX(distance, MAX((i + 1.0) / N - p, p - (double)i / N));
  }
  g_test_message("%s: mean %.5g, theory %.5g, standard error %.2g", c->name, sum / N, mean,
                 sqrt(variance / N));
  if (c->cdf)
    g_test_message("Kolmogorov-Smirnov distance %.2f / sqrt(n)", distance * sqrt(N));
  g_assert_cmpfloat(distance, <, 1.63 / sqrt(N));
  if (c->median)
    g_assert_cmpfloat_with_epsilon(dist_median(dist), c->median, 1e-9 * fabs(c->median));
  if (c->p95)
    g_assert_cmpfloat_with_epsilon(dist_quantile(dist, 0.95), c->p95, 1e-9 * c->p95);
  for (double u = 0; c->cdf && u < 1; u += 0.01) {
    double x = dist_quantile(dist, u);

    g_assert_cmpfloat(x, <=, dist_quantile(dist, u + 0.005));
    if (u > 0)
      g_assert_cmpfloat_with_epsilon(c->cdf(x, c->a, c->b), u, 2e-6);
  }
}

static void
test_constant(void)
{
  g_autoptr(Dist) value = dist_constant(250.4);
  RandomStream stream = random_stream(1, 0, "a", "b");
  g_autoptr(Dist) never = dist_constant(INFINITY);

  g_assert_true(dist_is_constant(value));
  g_assert_cmpfloat(dist_draw(value, &stream, 1), ==, 250.4);
  g_assert_cmpint(dist_draw_ns(value, &stream, 1), ==, 250);
  g_assert_cmpfloat(dist_mean(value), ==, 250.4);
  g_assert_cmpfloat(dist_median(value), ==, 250.4);
  g_assert_cmpint(dist_draw_ns(never, &stream, 1), ==, G_MAXINT64);
  g_assert_cmpint(dist_quantile_ns(never, 0.5), ==, G_MAXINT64);
}

/* No spread is a value, whatever the family. */
static void
test_degenerate(void)
{
  static const struct {
    DistKind kind;
    double a, b;
  } forms[] = {
      {DIST_CONSTANT, 7, 0}, {DIST_UNIFORM, 7, 7}, {DIST_NORMAL, 7, 0}, {DIST_GAMMA, 7, 0}};

  for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
    g_autoptr(Dist) dist = dist_new(forms[i].kind, forms[i].a, forms[i].b, 0, INFINITY, NULL);

    g_assert_true(dist_is_constant(dist));
    g_assert_cmpint(dist_kind(dist), ==, forms[i].kind);
    g_assert_cmpfloat(dist_quantile(dist, 0.3), ==, 7);
    g_assert_cmpfloat(dist_min(dist), ==, 7);
    g_assert_cmpfloat(dist_max(dist), ==, 7);
  }
}

static void
test_rounding(void)
{
  g_autoptr(Dist) small = dist_new(DIST_UNIFORM, -3, 1, -INFINITY, INFINITY, NULL);
  g_autoptr(Dist) large = dist_new(DIST_UNIFORM, 9e18, 1e19, 0, INFINITY, NULL);

  g_assert_cmpint(dist_quantile_ns(small, 0.1), ==, 0);
  g_assert_cmpint(dist_quantile_ns(small, 0.9), ==, 1);
  g_assert_cmpint(dist_quantile_ns(large, 0), ==, G_GINT64_CONSTANT(9000000000000000000));
  g_assert_cmpint(dist_quantile_ns(large, 0.9), ==, G_MAXINT64);
}

static void
test_table(void)
{
  static const DistPoint points[] = {{0, 1}, {0.5, 3}, {0.99, 250}, {1, 500}};
  g_autoptr(Dist) dist = dist_new_table(DIST_TABLE, points, G_N_ELEMENTS(points), NULL);
  RandomStream stream = random_stream(1, 0, "table", "draw");
  double sum = 0;

  g_assert_nonnull(dist);
  g_assert_cmpfloat(dist_quantile(dist, 0), ==, 1);
  g_assert_cmpfloat(dist_quantile(dist, 0.25), ==, 2);
  g_assert_cmpfloat(dist_median(dist), ==, 3);
  g_assert_cmpfloat_with_epsilon(dist_quantile(dist, 0.995), 375, 1e-9);
  g_assert_cmpfloat_with_epsilon(dist_mean(dist), 0.5 * 2 + 0.49 * 126.5 + 0.01 * 375, 1e-9);
  g_assert_cmpfloat(dist_min(dist), ==, 1);
  g_assert_cmpfloat(dist_max(dist), ==, 500);
  for (guint64 i = 0; i < N; i++)
    sum += dist_draw(dist, &stream, i);
  g_assert_cmpfloat(fabs(sum / N - dist_mean(dist)), <, 4 * 90 / sqrt(N));
}

static void
test_samples(void)
{
  static const DistPoint values[] = {{0, 40}, {0, 10}, {0, 20}, {0, 10}};
  g_autoptr(Dist) dist = dist_new_table(DIST_SAMPLES, values, G_N_ELEMENTS(values), NULL);
  RandomStream stream = random_stream(1, 0, "samples", "draw");
  guint tens = 0;

  g_assert_cmpfloat(dist_mean(dist), ==, 20);
  g_assert_cmpfloat(dist_quantile(dist, 0.49), ==, 10);
  g_assert_cmpfloat(dist_quantile(dist, 0.5), ==, 20);
  g_assert_cmpfloat(dist_quantile(dist, 0.75), ==, 40);
  g_assert_cmpfloat(dist_max(dist), ==, 40);
  for (guint64 i = 0; i < N; i++)
    tens += dist_draw(dist, &stream, i) == 10;
  g_assert_cmpfloat(fabs(tens - N / 2.0) / sqrt(N / 4.0), <, 4);
}

static void
test_equal(void)
{
  static const DistPoint points[] = {{0, 1}, {1, 3}}, others[] = {{0, 1}, {1, 4}};
  g_autoptr(Dist) a = dist_new(DIST_GAMMA, 40, 10, 0, INFINITY, NULL);
  g_autoptr(Dist) b = dist_new(DIST_GAMMA, 40, 10, 0, INFINITY, NULL);
  g_autoptr(Dist) c = dist_new(DIST_GAMMA, 40, 10, 0, 100, NULL);
  g_autoptr(Dist) d = dist_new_table(DIST_TABLE, points, 2, NULL);
  g_autoptr(Dist) e = dist_new_table(DIST_TABLE, others, 2, NULL);
  g_autoptr(Dist) again = dist_ref(a);

  g_assert_true(again == a);
  g_assert_true(dist_equal(a, b));
  g_assert_false(dist_equal(a, c));
  g_assert_false(dist_equal(a, d));
  g_assert_true(dist_equal(d, d));
  g_assert_false(dist_equal(d, e));
}

static void
test_errors(void)
{
  static const struct {
    DistKind kind;
    double a, b, min, max;
    const char *message;
  } bad[] = {
      {DIST_CONSTANT, NAN, 0, 0, INFINITY, "value must be a finite number"},
      {DIST_CONSTANT, -1, 0, 0, INFINITY, "value must not be below min"},
      {DIST_UNIFORM, 5, 3, 0, INFINITY, "low must not be above high"},
      {DIST_UNIFORM, -5, 3, 0, INFINITY, "low must not be below min"},
      {DIST_UNIFORM, 5, 6, 0, 4, "max must not be below low"},
      {DIST_EXPONENTIAL, 0, 0, 0, INFINITY, "mean must be above zero"},
      {DIST_EXPONENTIAL, 5, 0, 5, INFINITY, "mean must be above min"},
      {DIST_EXPONENTIAL, 5, 0, -INFINITY, INFINITY, "min must be a finite number"},
      {DIST_EXPONENTIAL, 5, 0, 0, 5, "max must be above the mean"},
      {DIST_NORMAL, 5, -1, 0, INFINITY, "sd must not be negative"},
      {DIST_NORMAL, -5, 1, 0, INFINITY, "mean must not be below min"},
      {DIST_NORMAL, 5, NAN, 0, INFINITY, "sd must be a finite number"},
      {DIST_LOGNORMAL, 300, 300, 0, INFINITY, "p95 must be above the median"},
      {DIST_LOGNORMAL, 300, 200, 0, INFINITY, "p95 must be above the median"},
      {DIST_LOGNORMAL, 0, 200, 0, INFINITY, "median must be above zero"},
      {DIST_LOGNORMAL, 300, 800, 300, INFINITY, "median must be above min"},
      {DIST_LOGNORMAL, 300, 800, 0, 700, "max must not be below p95"},
      {DIST_LOGNORMAL, 300, INFINITY, 0, INFINITY, "p95 must be a finite number"},
      {DIST_LOGNORMAL, 300, 800, 0, NAN, "max must be a finite number"},
      {DIST_GAMMA, 40, -2, 0, INFINITY, "sd must not be negative"},
      {DIST_GAMMA, 0, 2, 0, INFINITY, "mean must be above zero"},
      {DIST_GAMMA, 40, 0.1, 0, INFINITY,
       "sd must be between a hundredth and ten times the mean (counted from min)"},
      {DIST_WEIBULL, 50, 40, 0, INFINITY, "p95 must be above the median"},
      {DIST_PARETO, 10, 1.2, 0, INFINITY, "pareto needs max"},
      {DIST_PARETO, 10, 0, 0, 50, "shape must be above zero"},
      {DIST_PARETO, 10, 1.2, 0, 10, "max must be above min"},
      {DIST_PARETO, 0, 1.2, 0, 10, "min must be above zero"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    Dist *dist = dist_new(bad[i].kind, bad[i].a, bad[i].b, bad[i].min, bad[i].max, &error);

    g_assert_null(dist);
    g_assert_error(error, DIST_ERROR, DIST_ERROR_PARAMETER);
    g_assert_cmpstr(error->message, ==, bad[i].message);
  }
}

static void
test_table_errors(void)
{
  static const struct {
    DistKind kind;
    DistPoint points[3];
    gsize n;
    const char *message;
  } bad[] = {
      {DIST_TABLE, {{0, 0}}, 0, "a table needs points"},
      {DIST_SAMPLES, {{0, 0}}, 0, "a sample needs values"},
      {DIST_SAMPLES, {{0, NAN}}, 1, "values must be finite numbers"},
      {DIST_TABLE, {{0.1, 0}, {1, 1}}, 2, "the first probability must be 0 %"},
      {DIST_TABLE, {{0, 0}, {0.9, 1}}, 2, "the last probability must be 100 %"},
      {DIST_TABLE, {{0, 0}}, 1, "the last probability must be 100 %"},
      {DIST_TABLE, {{0, 0}, {1, 1}, {1, 2}}, 3, "probabilities must rise"},
      {DIST_TABLE, {{0, 0}, {NAN, 1}, {1, 2}}, 3, "probabilities must rise"},
      {DIST_TABLE, {{0, 2}, {0.5, 1}, {1, 3}}, 3, "values must not fall"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;

    g_assert_null(dist_new_table(bad[i].kind, bad[i].points, bad[i].n, &error));
    g_assert_error(error, DIST_ERROR, DIST_ERROR_PARAMETER);
    g_assert_cmpstr(error->message, ==, bad[i].message);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/random/dist/", cases[i].name, NULL);

    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/random/dist/constant", test_constant);
  g_test_add_func("/random/dist/degenerate", test_degenerate);
  g_test_add_func("/random/dist/rounding", test_rounding);
  g_test_add_func("/random/dist/table", test_table);
  g_test_add_func("/random/dist/samples", test_samples);
  g_test_add_func("/random/dist/equal", test_equal);
  g_test_add_func("/random/dist/errors", test_errors);
  g_test_add_func("/random/dist/table-errors", test_table_errors);
  return g_test_run();
}
