/* Intervals from replications. Replications are the sample: messages of one run are not independent
 * (one outage kills many), so no formula here takes them for it, save the exact bound where nothing
 * else is left, and that is flagged.
 *
 * Arrays have one element per replication. Knows neither metrics nor databases. */
#pragma once

#include "sim/record/histogram.h"

typedef enum {
  ESTIMATE_EXACT = 1 << 0,   /* an exact binomial bound, where the spread supports no interval */
  ESTIMATE_TOO_FEW = 1 << 1, /* a quantile with fewer than ten samples beyond: no value */
  ESTIMATE_ONE = 1 << 2,     /* one replication: no interval */
  ESTIMATE_PENDING = 1 << 3, /* obligations were still pending when the drain ended */
  ESTIMATE_NONE = 1 << 4,    /* nothing to estimate from: no value */
  ESTIMATE_COARSE = 1 << 5,  /* from a histogram: no digit below 0.8 % of the value is meant */
} EstimateFlags;

/* In the unit of the metric (ratios 0..1, times in seconds). low and high are NaN where there is no
 * interval, value is NaN where there is no value; value and high are INFINITY for a quantile of
 * arrival that never came. An exact bound at value 0 or 1 is one-sided. */
typedef struct {
  double value, low, high;
  guint flags; /* EstimateFlags */
} Estimate;

/* Two-sided Student quantile with df degrees of freedom at that confidence (0.95). */
double stats_student(double df, double confidence);

/* Sum over sum, of any size: variance of the ratio estimator (Cochran, Sampling Techniques, 1977,
 * section 6.4), Student t with n - 1 degrees of freedom; low is not below zero unless a numerator
 * is. */
Estimate stats_rate(const double *numerators, const double *denominators, guint n,
                    double confidence);

/* A proportion of things counted. Clopper-Pearson at the effective sample size of Korn and Graubard
 * (Survey Methodology 24, 1998, p. 193): what the spread between replications leaves of the count,
 * never more than the count, shrunk for the degrees of freedom, which are n - 1 or, if less, the
 * number of replications with the rarer outcome. If nothing or everything counted: the exact
 * one-sided bound for independent trials, flagged EXACT; flagged so is also an interval that rests
 * on fewer than five replications with the rarer outcome. */
Estimate stats_proportion(const double *numerators, const double *denominators, guint n,
                          double confidence);

/* A proportion of time, or of something else that is not counted: likewise, without the cap by a
 * count and without the bound of independent trials. */
Estimate stats_share(const double *numerators, const double *denominators, guint n,
                     double confidence);

/* Mean over replications, Student t. */
Estimate stats_mean(const double *values, guint n, double confidence);

/* The exact one-sided upper bound on the probability of what was never seen in n trials. */
double stats_unseen_bound(double n, double confidence);

/* The q-quantile of the merged histograms, in their unit. infinite (NULL: none): per replication
 * the number of values larger than all. The share of values up to the quantile gets its interval by
 * the delete-one jackknife over replications, and the quantiles at the ends of that interval are
 * those returned (Woodruff, JASA 47, 1952, p. 635): the jackknife of the quantile itself is not
 * consistent. TOO_FEW if some replication has fewer than ten values at or beyond it (for q < 0.5:
 * at or below). */
Estimate stats_quantile(const Histogram *const *histograms, const guint64 *infinite, guint n,
                        double q, double confidence);
/* The same quantile with each replication left out in turn; INFINITY where it falls among the
 * infinite, NaN where nothing is left. Returns that of all. */
double stats_quantile_without(const Histogram *const *histograms, const guint64 *infinite, guint n,
                              double q, double *without);

/* From a statistic of all n replications and its n values with one replication left out. */
Estimate stats_jackknife(double whole, const double *without, guint n, double confidence);
