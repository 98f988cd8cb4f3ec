#include "sim/results/stats.h"

#include <math.h>

#define STUDIES 2000
#define SEED 1 /* fixed where the verdict is statistical */
#define REPLICATIONS 10

/* Published values. */

static void
test_student(void)
{
  g_assert_cmpfloat_with_epsilon(stats_student(9, 0.95), 2.262157, 1e-6);
  g_assert_cmpfloat_with_epsilon(stats_student(1, 0.95), 12.706205, 1e-6);
  g_assert_cmpfloat_with_epsilon(stats_student(4, 0.99), 4.604095, 1e-6);
}

static void
test_unseen(void)
{
  /* The rule of three, and (1 - bound)^n = 5 %. */
  g_assert_cmpfloat_with_epsilon(stats_unseen_bound(180000, 0.95), 1.66427e-5, 1e-9);
  g_assert_cmpfloat_with_epsilon(pow(1 - stats_unseen_bound(10, 0.95), 10), 0.05, 1e-12);
}

static void
test_mean(void)
{
  const double values[] = {1, 2, 3, 4, 5};
  Estimate e = stats_mean(values, 5, 0.95);

  g_assert_cmpfloat_with_epsilon(e.value, 3, 1e-12);
  g_assert_cmpfloat_with_epsilon(e.high - e.value, 2.776445 * sqrt(2.5 / 5), 1e-5);
  g_assert_cmpfloat_with_epsilon(e.value - e.low, e.high - e.value, 1e-12);
  e = stats_mean(values, 1, 0.95);
  g_assert_cmpuint(e.flags, ==, ESTIMATE_ONE);
  g_assert_true(isnan(e.low) && isnan(e.high));
  g_assert_cmpuint(stats_mean(values, 0, 0.95).flags, ==, ESTIMATE_NONE);
}

/* The mean of ratios would be 0.75; the counts beside it say 0.505. */
static void
test_rate_is_of_sums(void)
{
  const double top[] = {1, 100}, bottom[] = {1, 199};
  Estimate e = stats_rate(top, bottom, 2, 0.95);

  g_assert_cmpfloat_with_epsilon(e.value, 101.0 / 200, 1e-12);
  g_assert_cmpfloat(e.low, >=, 0);
}

/* With equal denominators the ratio estimator is the mean. */
static void
test_rate_matches_mean(void)
{
  const double top[] = {3, 8, 2, 9, 4}, bottom[] = {10, 10, 10, 10, 10};
  double ratios[5];

  for (guint i = 0; i < 5; i++)
    ratios[i] = top[i] / 10;
  Estimate rate = stats_rate(top, bottom, 5, 0.9), mean = stats_mean(ratios, 5, 0.9);

  g_assert_cmpfloat_with_epsilon(rate.value, mean.value, 1e-12);
  g_assert_cmpfloat_with_epsilon(rate.low, mean.low, 1e-12);
  g_assert_cmpfloat_with_epsilon(rate.high, mean.high, 1e-12);
}

static void
test_no_data(void)
{
  const double zero[] = {0, 0, 0};

  g_assert_cmpuint(stats_rate(zero, zero, 3, 0.95).flags, ==, ESTIMATE_NONE);
  g_assert_cmpuint(stats_share(zero, zero, 3, 0.95).flags, ==, ESTIMATE_NONE);
  g_assert_cmpuint(stats_proportion(zero, zero, 3, 0.95).flags, ==, ESTIMATE_NONE);
}

/* Where replications agree perfectly, the count itself is the sample: 90 of 100 is 82.4 % to 95.1 %
 * (Clopper and Pearson); here that sample is shrunk for nothing. */
static void
test_clopper_pearson(void)
{
  double top[20], bottom[20];

  for (guint i = 0; i < 20; i++) {
    bottom[i] = 5;
    top[i] = i % 2 == 0 ? 4 : 5;
  }
  Estimate e = stats_proportion(top, bottom, 20, 0.95);

  g_assert_cmpfloat_with_epsilon(e.value, 0.9, 1e-12);
  g_assert_cmpfloat_with_epsilon(e.low, 0.8238, 1e-4);
  g_assert_cmpfloat_with_epsilon(e.high, 0.9510, 1e-4);
}

/* Three ways to compute the ends of an interval, by size; no step between them. The losses of each
 * study are spread evenly, so the count is the sample. */
static void
test_no_step_between_methods(void)
{
  static const struct {
    double lost, n;
  } cases[] = {{90, 9.99e4}, {90, 1.001e5}, {99, 5e5}, {101, 5e5}, {5000, 9.99e4}, {5000, 1.001e5}};
  double width[G_N_ELEMENTS(cases)];

  for (guint k = 0; k < G_N_ELEMENTS(cases); k++) {
    double top[20], bottom[20];

    for (guint i = 0; i < 20; i++) {
      bottom[i] = cases[k].n / 20;
      top[i] = cases[k].lost / 20;
    }
    Estimate e = stats_proportion(top, bottom, 20, 0.95);

    width[k] = (e.high - e.low) / e.value * sqrt(cases[k].lost);
  }
  for (guint k = 0; k < G_N_ELEMENTS(cases); k += 2)
    g_assert_cmpfloat_with_epsilon(width[k] / width[k + 1], 1, 0.01);
}

static void
test_bounds(void)
{
  const double all[] = {18000, 18000, 18000, 18000}, none[] = {0, 0, 0, 0};
  Estimate e = stats_proportion(all, all, 4, 0.95);

  g_assert_cmpfloat(e.value, ==, 1);
  g_assert_cmpfloat(e.high, ==, 1);
  g_assert_cmpfloat_with_epsilon(e.low, pow(0.05, 1.0 / 72000), 1e-12);
  g_assert_cmpuint(e.flags, ==, ESTIMATE_EXACT);
  e = stats_proportion(none, all, 4, 0.95);
  g_assert_cmpfloat(e.low, ==, 0);
  g_assert_cmpfloat_with_epsilon(e.high, 1 - pow(0.05, 1.0 / 72000), 1e-12);
  e = stats_proportion(all, all, 1, 0.95);
  g_assert_cmpuint(e.flags, ==, ESTIMATE_ONE);
  g_assert_true(isnan(e.low) && isnan(e.high));
}

/* Losses in four of ten replications: flagged; in five: not. */
static void
test_few_replications_with_losses(void)
{
  double lost[REPLICATIONS] = {3, 5, 2, 4}, owed[REPLICATIONS];

  for (guint i = 0; i < REPLICATIONS; i++)
    owed[i] = 1000;
  g_assert_cmpuint(stats_proportion(lost, owed, REPLICATIONS, 0.95).flags, ==, ESTIMATE_EXACT);
  lost[7] = 1;
  g_assert_cmpuint(stats_proportion(lost, owed, REPLICATIONS, 0.95).flags, ==, 0);
}

/* Delivered and lost are one figure seen from two sides. */
static void
test_mirror(void)
{
  for (guint k = 0; k < 200; k++) {
    double lost[REPLICATIONS], met[REPLICATIONS], owed[REPLICATIONS];

    for (guint i = 0; i < REPLICATIONS; i++) {
      owed[i] = g_test_rand_int_range(100, 2000);
      lost[i] = g_test_rand_int_range(0, 100);
      met[i] = owed[i] - lost[i];
    }
    Estimate loss = stats_proportion(lost, owed, REPLICATIONS, 0.95);
    Estimate delivery = stats_proportion(met, owed, REPLICATIONS, 0.95);

    g_assert_cmpfloat_with_epsilon(loss.low, 1 - delivery.high, 1e-9);
    g_assert_cmpfloat_with_epsilon(loss.high, 1 - delivery.low, 1e-9);
    g_assert_cmpfloat(loss.low, >=, 0);
    g_assert_cmpfloat(loss.high, <=, 1);
    g_assert_cmpfloat(loss.low, <=, loss.value);
    g_assert_cmpfloat(loss.high, >=, loss.value);
  }
}

/* One outage loses many messages: clusters come as a Poisson process, with geometric sizes. */
typedef struct {
  double loss, cluster;
  guint owed, replications;
} Weather;

static guint
draw_poisson(GRand *rand, double mean)
{
  double limit = exp(-mean), product = g_rand_double(rand);
  guint n = 0;

  while (product > limit) {
    product *= g_rand_double(rand);
    n++;
  }
  return n;
}

static double
draw_lost(GRand *rand, const Weather *w)
{
  guint clusters = w->loss > 0 ? draw_poisson(rand, w->owed * w->loss / w->cluster) : 0;
  double lost = 0;

  for (guint i = 0; i < clusters; i++)
    lost += 1 + floor(log1p(-g_rand_double(rand)) / log1p(-1 / w->cluster));
  return MIN(lost, w->owed);
}

/* The share of studies whose 95 % interval holds the truth. */
static double
coverage(const Weather *w)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
  guint covered = 0;

  for (guint k = 0; k < STUDIES; k++) {
    double met[30], owed[30];

    for (guint i = 0; i < w->replications; i++) {
      owed[i] = w->owed;
      met[i] = owed[i] - draw_lost(rand, w);
    }
    Estimate e = stats_proportion(met, owed, w->replications, 0.95);

    covered += e.low <= 1 - w->loss && 1 - w->loss <= e.high;
  }
  return covered / (double)STUDIES;
}

static void
test_coverage(void)
{
  static const Weather weathers[] = {
      {0.1, 20, 2000, 10},    {0.1, 50, 500, 10},     {0.1, 2, 300, 10},     {0.1, 10, 270, 30},
      {0.001, 10, 10000, 10}, {0.001, 50, 50000, 10}, {0.001, 2, 10000, 10}, {0.001, 10, 5000, 30},
      {0.001, 10, 20000, 5},  {0, 10, 1000, 10},
  };

  for (guint i = 0; i < G_N_ELEMENTS(weathers); i++) {
    double share = coverage(&weathers[i]);

    g_test_message("loss %g in clusters of %g, %u replications of %u: %g covered", weathers[i].loss,
                   weathers[i].cluster, weathers[i].replications, weathers[i].owed, share);
    g_assert_cmpfloat(share, >=, 0.93);
  }
}

/* A ratio that is no proportion: exponential amounts per thing, and as many things as come. */
static void
test_rate_coverage(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
  guint covered = 0;

  for (guint k = 0; k < STUDIES; k++) {
    double top[REPLICATIONS] = {0}, bottom[REPLICATIONS];

    for (guint i = 0; i < REPLICATIONS; i++) {
      bottom[i] = draw_poisson(rand, 30);
      for (guint j = 0; j < bottom[i]; j++)
        top[i] += -log1p(-g_rand_double(rand));
    }
    Estimate e = stats_rate(top, bottom, REPLICATIONS, 0.95);

    covered += e.low <= 1 && 1 <= e.high;
  }
  g_assert_cmpfloat(covered / (double)STUDIES, >=, 0.93);
}

static void
test_share(void)
{
  const double blind[] = {10, 12, 9, 14, 11}, wanted[] = {100, 100, 100, 100, 100};
  const double nothing[] = {0, 0, 0, 0, 0};
  Estimate e = stats_share(blind, wanted, 5, 0.95);

  g_assert_cmpfloat_with_epsilon(e.value, 0.112, 1e-12);
  g_assert_cmpfloat(e.low, <, 0.1);
  g_assert_cmpfloat(e.low, >, 0.07);
  g_assert_cmpfloat(e.high, >, 0.125);
  g_assert_cmpfloat(e.high, <, 0.16);
  /* Seconds are no trials: no bound by their number. */
  e = stats_share(nothing, wanted, 5, 0.95);
  g_assert_cmpfloat(e.high, ==, 0);
  g_assert_cmpuint(e.flags, ==, 0);
}

typedef struct {
  Histogram histograms[REPLICATIONS];
  const Histogram *views[REPLICATIONS];
  guint64 infinite[REPLICATIONS];
} Times;

static void
times_draw(Times *times, GRand *rand, guint n, double spread)
{
  *times = (Times){0};
  for (guint i = 0; i < REPLICATIONS; i++) {
    double shift = 1 + spread * g_rand_double(rand);

    for (guint k = 0; k < n; k++)
      histogram_add(&times->histograms[i], (gint64)(shift * 1e9 * -log1p(-g_rand_double(rand))));
    times->views[i] = &times->histograms[i];
  }
}

static void
times_clear(Times *times)
{
  for (guint i = 0; i < REPLICATIONS; i++)
    histogram_clear(&times->histograms[i]);
}

static void
test_quantile_coverage(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
  const guint studies = 1000;
  guint covered = 0;
  double truth = -log(0.05) * 1e9; /* p95 of the exponential distribution */

  for (guint k = 0; k < studies; k++) {
    Times times;

    times_draw(&times, rand, 400, 0);
    Estimate e = stats_quantile(times.views, NULL, REPLICATIONS, 0.95, 0.95);

    covered += e.low <= truth && truth <= e.high;
    times_clear(&times);
  }
  g_test_message("covered: %u of %u", covered, studies);
  g_assert_cmpfloat(covered / (double)studies, >=, 0.93);
}

static void
test_quantile_refused(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
  Times times;

  times_draw(&times, rand, 500, 0);
  g_assert_cmpuint(stats_quantile(times.views, NULL, REPLICATIONS, 0.5, 0.95).flags, ==,
                   ESTIMATE_COARSE);
  Estimate e = stats_quantile(times.views, NULL, REPLICATIONS, 0.995, 0.95);

  g_assert_cmpuint(e.flags, ==, ESTIMATE_TOO_FEW);
  g_assert_true(isnan(e.value));
  /* Losses are beyond every finite quantile. */
  for (guint i = 0; i < REPLICATIONS; i++)
    times.infinite[i] = 10;
  e = stats_quantile(times.views, times.infinite, REPLICATIONS, 0.95, 0.95);
  g_assert_cmpuint(e.flags, ==, ESTIMATE_COARSE);
  times_clear(&times);
}

/* All equal: a quantile needs no tail beyond it, and has no spread. */
static void
test_quantile_of_constant(void)
{
  Times times = {0};

  for (guint i = 0; i < REPLICATIONS; i++) {
    for (guint k = 0; k < 100; k++)
      histogram_add(&times.histograms[i], 150000000);
    times.views[i] = &times.histograms[i];
  }
  Estimate e = stats_quantile(times.views, NULL, REPLICATIONS, 0.99, 0.95);

  g_assert_cmpfloat(e.value, ==, 150000000);
  g_assert_cmpfloat(e.low, ==, e.value);
  g_assert_cmpfloat(e.high, ==, e.value);
  times_clear(&times);
}

static void
test_quantile_infinite(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
  Times times;

  times_draw(&times, rand, 1000, 0.2);
  for (guint i = 0; i < REPLICATIONS; i++)
    times.infinite[i] = 120;
  Estimate e = stats_quantile(times.views, times.infinite, REPLICATIONS, 0.99, 0.95);

  g_assert_true(isinf(e.value) && isinf(e.high));
  /* Nine of ten lose nearly nothing: without the tenth the quantile is there. */
  for (guint i = 0; i < REPLICATIONS; i++)
    times.infinite[i] = i == 0 ? 105 : 10;
  e = stats_quantile(times.views, times.infinite, REPLICATIONS, 0.985, 0.95);
  g_assert_true(isinf(e.value) && isinf(e.high) && isfinite(e.low));
  e = stats_quantile(times.views, times.infinite, REPLICATIONS, 0.975, 0.95);
  g_assert_true(isfinite(e.value) && isinf(e.high) && isfinite(e.low));
  times_clear(&times);
}

static void
test_jackknife_of_mean(void)
{
  const double values[] = {1, 2, 4, 8, 16};
  double without[5], sum = 31;

  for (guint i = 0; i < 5; i++)
    without[i] = (sum - values[i]) / 4;
  Estimate jack = stats_jackknife(sum / 5, without, 5, 0.95), mean = stats_mean(values, 5, 0.95);

  g_assert_cmpfloat_with_epsilon(jack.low, mean.low, 1e-9);
  g_assert_cmpfloat_with_epsilon(jack.high, mean.high, 1e-9);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/stats/student", test_student);
  g_test_add_func("/stats/unseen", test_unseen);
  g_test_add_func("/stats/mean", test_mean);
  g_test_add_func("/stats/rate-is-of-sums", test_rate_is_of_sums);
  g_test_add_func("/stats/rate-matches-mean", test_rate_matches_mean);
  g_test_add_func("/stats/no-data", test_no_data);
  g_test_add_func("/stats/clopper-pearson", test_clopper_pearson);
  g_test_add_func("/stats/no-step-between-methods", test_no_step_between_methods);
  g_test_add_func("/stats/bounds", test_bounds);
  g_test_add_func("/stats/few-replications-with-losses", test_few_replications_with_losses);
  g_test_add_func("/stats/mirror", test_mirror);
  g_test_add_func("/stats/coverage", test_coverage);
  g_test_add_func("/stats/rate-coverage", test_rate_coverage);
  g_test_add_func("/stats/share", test_share);
  g_test_add_func("/stats/quantile-coverage", test_quantile_coverage);
  g_test_add_func("/stats/quantile-refused", test_quantile_refused);
  g_test_add_func("/stats/quantile-of-constant", test_quantile_of_constant);
  g_test_add_func("/stats/quantile-infinite", test_quantile_infinite);
  g_test_add_func("/stats/jackknife-of-mean", test_jackknife_of_mean);
  return g_test_run();
}
