#include "sim/results/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#define ENOUGH_REPLICATIONS 5 /* with the rarer outcome, for the spread to mean something */
#define LEAST_DF 3            /* below, the interval would say nothing at all */
#define ENOUGH_BEYOND 10      /* samples beyond a quantile, in each replication */
#define BETA_TRIALS 1e5       /* above, GSL's continued fraction for the beta may not end */
#define POISSON_EVENTS                                                                             \
  100.0 /* above, a normal approximation is good to a fraction of a percent                        \
         */

static Estimate
estimate_nothing(guint flags)
{
  return (Estimate){.value = NAN, .low = NAN, .high = NAN, .flags = flags};
}

double
stats_student(double df, double confidence)
{
  return gsl_cdf_tdist_Pinv(0.5 + confidence / 2, df);
}

double
stats_unseen_bound(double n, double confidence)
{
  return -expm1(log1p(-confidence) / n);
}

/* The ratio of sums and the variance of it as an estimator. */
typedef struct {
  double numerator, denominator, ratio, variance;
} Ratio;

static Ratio
ratio_of(const double *numerators, const double *denominators, guint n)
{
  Ratio r = {0};
  double squares = 0;

  for (guint i = 0; i < n; i++) {
    r.numerator += numerators[i];
    r.denominator += denominators[i];
  }
  r.ratio = r.numerator / r.denominator;
  for (guint i = 0; i < n; i++) {
    double residual = numerators[i] - r.ratio * denominators[i];

    squares += residual * residual;
  }
  if (n > 1)
    r.variance = squares * n / (n - 1.0) / (r.denominator * r.denominator);
  return r;
}

Estimate
stats_rate(const double *numerators, const double *denominators, guint n, double confidence)
{
  Ratio r = ratio_of(numerators, denominators, n);
  gboolean negative = FALSE;

  if (n == 0 || !(r.denominator > 0))
    return estimate_nothing(ESTIMATE_NONE);
  if (n == 1)
    return (Estimate){.value = r.ratio, .low = NAN, .high = NAN, .flags = ESTIMATE_ONE};
  for (guint i = 0; i < n; i++)
    negative |= numerators[i] < 0;
  double half = stats_student(n - 1.0, confidence) * sqrt(r.variance);
  double low = r.ratio - half;

  return (Estimate){.value = r.ratio, .low = negative ? low : MAX(low, 0), .high = r.ratio + half};
}

/* The argument at which a rising function of it crosses p, by bisection: slower than GSL's own
 * inverses, but these give up (and abort) for large arguments. */
static double
invert(double (*function)(double, double, double), double a, double b, double p, double high)
{
  double low = 0;

  for (guint i = 0; i < 100 && high - low > 1e-14 * high; i++) {
    double middle = (low + high) / 2;

    if (function(middle, a, b) < p)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

/* Upper end of the Clopper-Pearson interval, at tail probability `tail`, of x events (not more than
 * half) in n trials; neither need be whole. */
static double
upper_end(double x, double n, double tail)
{
  if (n <= BETA_TRIALS)
    return invert(gsl_cdf_beta_P, x + 1, n - x, 1 - tail, 1);
  if (x <= POISSON_EVENTS)
    return invert(gsl_cdf_gamma_P, x + 1, 1, 1 - tail, 10 * (x + 10)) / n;
  /* Wilson's score interval with the correction for continuity. */
  double z = gsl_cdf_ugaussian_Qinv(tail), p = MIN((x + 0.5) / n, 1);

  return (p + z * z / (2 * n) + z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

static double
lower_end(double x, double n, double tail)
{
  if (x <= 0)
    return 0;
  if (n <= BETA_TRIALS)
    return invert(gsl_cdf_beta_P, x, n - x + 1, tail, 1);
  if (x <= POISSON_EVENTS)
    return invert(gsl_cdf_gamma_P, x, 1, tail, 10 * (x + 10)) / n;
  double z = gsl_cdf_ugaussian_Qinv(tail), p = (x - 0.5) / n;

  return (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

/* Clopper-Pearson for a proportion p of n trials, n being any number that the spread leaves. */
static void
set_interval(Estimate *estimate, double p, double n, double confidence)
{
  double tail = (1 - confidence) / 2;
  gboolean mirrored = p > 0.5;
  double x = (mirrored ? 1 - p : p) * n;
  double low = lower_end(x, n, tail), high = upper_end(x, n, tail);

  estimate->low = MIN(mirrored ? 1 - high : low, p);
  estimate->high = MAX(mirrored ? 1 - low : high, p);
}

static guint
replications_with(const double *numerators, const double *denominators, guint n, gboolean misses)
{
  guint with = 0;

  for (guint i = 0; i < n; i++)
    with += misses ? numerators[i] < denominators[i] : numerators[i] > 0;
  return with;
}

/* The effective number of independent trials, shrunk for the degrees of freedom of the variance. */
static double
effective_trials(const Ratio *r, double df, double confidence)
{
  double shrink = gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2) / stats_student(df, confidence);

  return r->ratio * (1 - r->ratio) / r->variance * shrink * shrink;
}

Estimate
stats_proportion(const double *numerators, const double *denominators, guint n, double confidence)
{
  Ratio r = ratio_of(numerators, denominators, n);

  if (n == 0 || !(r.denominator > 0))
    return estimate_nothing(ESTIMATE_NONE);
  Estimate estimate = {.value = r.ratio, .low = NAN, .high = NAN};

  if (n == 1) {
    estimate.flags = ESTIMATE_ONE;
    return estimate;
  }
  if (r.numerator <= 0 || r.numerator >= r.denominator) {
    double bound = stats_unseen_bound(r.denominator, confidence);

    estimate.value = r.numerator > 0;
    estimate.low = r.numerator > 0 ? 1 - bound : 0;
    estimate.high = r.numerator > 0 ? 1 : bound;
    estimate.flags = ESTIMATE_EXACT;
    return estimate;
  }
  /* A replication without the rarer outcome says nothing about how it clusters. */
  guint telling = replications_with(numerators, denominators, n, r.ratio > 0.5);
  double df = MIN(n - 1, MAX(telling, LEAST_DF));
  double trials = effective_trials(&r, df, confidence);

  set_interval(&estimate, r.ratio, MIN(trials, r.denominator), confidence);
  if (telling < ENOUGH_REPLICATIONS)
    estimate.flags = ESTIMATE_EXACT;
  return estimate;
}

Estimate
stats_share(const double *numerators, const double *denominators, guint n, double confidence)
{
  Ratio r = ratio_of(numerators, denominators, n);

  if (n == 0 || !(r.denominator > 0))
    return estimate_nothing(ESTIMATE_NONE);
  Estimate estimate = {.value = r.ratio, .low = NAN, .high = NAN};

  if (n == 1)
    estimate.flags = ESTIMATE_ONE;
  else if (r.variance <= 0 || r.ratio <= 0 || r.ratio >= 1)
    estimate.low = estimate.high = r.ratio;
  else
    set_interval(&estimate, r.ratio, effective_trials(&r, n - 1.0, confidence), confidence);
  return estimate;
}

Estimate
stats_mean(const double *values, guint n, double confidence)
{
  double mean = 0, squares = 0;

  if (n == 0)
    return estimate_nothing(ESTIMATE_NONE);
  for (guint i = 0; i < n; i++)
    mean += values[i] / n;
  if (n == 1)
    return (Estimate){.value = mean, .low = NAN, .high = NAN, .flags = ESTIMATE_ONE};
  for (guint i = 0; i < n; i++)
    squares += (values[i] - mean) * (values[i] - mean);
  double half = stats_student(n - 1.0, confidence) * sqrt(squares / (n - 1.0) / n);

  return (Estimate){.value = mean, .low = mean - half, .high = mean + half};
}

Estimate
stats_jackknife(double whole, const double *without, guint n, double confidence)
{
  double mean = 0, squares = 0;

  if (n == 0 || isnan(whole))
    return estimate_nothing(ESTIMATE_NONE);
  Estimate estimate = {.value = whole, .low = NAN, .high = NAN};

  if (n == 1) {
    estimate.flags = ESTIMATE_ONE;
    return estimate;
  }
  for (guint i = 0; i < n; i++)
    mean += without[i] / n;
  for (guint i = 0; i < n; i++)
    squares += (without[i] - mean) * (without[i] - mean);
  double half = stats_student(n - 1.0, confidence) * sqrt(squares * (n - 1.0) / n);

  estimate.low = whole - half;
  estimate.high = whole + half;
  return estimate;
}

double
stats_quantile_without(const Histogram *const *histograms, const guint64 *infinite, guint n,
                       double q, double *without)
{
  Histogram all = {0};
  guint64 infinite_n = 0;

  for (guint i = 0; i < n; i++) {
    histogram_merge(&all, histograms[i]);
    infinite_n += infinite != NULL ? infinite[i] : 0;
  }
  double whole = histogram_quantile(&all, q, infinite_n);

  for (guint i = 0; i < n; i++) {
    histogram_subtract(&all, histograms[i]);
    without[i] = histogram_quantile(&all, q, infinite_n - (infinite != NULL ? infinite[i] : 0));
    histogram_merge(&all, histograms[i]);
  }
  histogram_clear(&all);
  return whole;
}

/* Samples at the quantile or beyond it: where many are equal, all of them hold it in place. */
static guint64
beyond(const Histogram *histogram, guint64 infinite, double q, double value)
{
  if (isinf(value))
    return infinite;
  guint bucket = histogram_bucket((gint64)value);

  if (q < 0.5)
    return histogram->count -
           histogram_above(histogram, (double)histogram_bucket_low(bucket + 1) - 1);
  return histogram_above(histogram, (double)histogram_bucket_low(bucket) - 1) + infinite;
}

/* Half the width of the interval of the share of values up to `value`, in probability: the
 * delete-one jackknife of that share. */
static double
share_half_width(const Histogram *const *histograms, const guint64 *infinite, guint n, double value,
                 double confidence)
{
  g_autofree double *without = g_new(double, n);
  double below = 0, total = 0;

  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < n; i++) {
      double all = (double)histograms[i]->count + (double)(infinite != NULL ? infinite[i] : 0);
      double up_to = (double)(histograms[i]->count -
                              (isinf(value) ? 0 : histogram_above(histograms[i], value)));

      if (pass == 0) {
        below += up_to;
        total += all;
      } else
        without[i] = (below - up_to) / (total - all);
    }
  Estimate share = stats_jackknife(below / total, without, n, confidence);

  return share.high - share.value;
}

Estimate
stats_quantile(const Histogram *const *histograms, const guint64 *infinite, guint n, double q,
               double confidence)
{
  Histogram all = {0};
  guint64 infinite_n = 0;
  gboolean enough = TRUE;

  for (guint i = 0; i < n; i++) {
    histogram_merge(&all, histograms[i]);
    infinite_n += infinite != NULL ? infinite[i] : 0;
  }
  Estimate estimate = {.value = histogram_quantile(&all, q, infinite_n),
                       .low = NAN,
                       .high = NAN,
                       .flags = ESTIMATE_COARSE};

  for (guint i = 0; i < n && enough && !isnan(estimate.value); i++)
    enough = beyond(histograms[i], infinite != NULL ? infinite[i] : 0, q, estimate.value) >=
             ENOUGH_BEYOND;
  if (isnan(estimate.value) || !enough)
    estimate = estimate_nothing(enough ? ESTIMATE_NONE : ESTIMATE_TOO_FEW);
  else if (n == 1)
    estimate.flags |= ESTIMATE_ONE;
  else {
    double half = share_half_width(histograms, infinite, n, estimate.value, confidence);

    estimate.low = histogram_quantile(&all, MAX(q - half, 0), infinite_n);
    estimate.high = histogram_quantile(&all, MIN(q + half, 1), infinite_n);
  }
  histogram_clear(&all);
  return estimate;
}
