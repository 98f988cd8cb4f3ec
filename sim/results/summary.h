/* What the runs of a point say about a metric. Metrics are addressed as in the experiment file:
 * "delivery_ratio", "command.latency_p99"; without a section they are over all elements of their
 * kind.
 *
 * Outcomes are those of the replications of one point, in any order but the same for every metric;
 * only their elements are read. */
#pragma once

#include "sim/record/outcome.h"
#include "sim/results/stats.h"

typedef enum { SUMMARY_ERROR_METRIC } SummaryError;
#define SUMMARY_ERROR (summary_error_quark())
GQuark summary_error_quark(void);

/* A metric as it was written, taken apart. */
typedef struct {
  char *text;    /* "command.latency_p99" */
  char *section; /* NULL: all */
  const Metric *metric;
  double quantile; /* NaN: none */
} SummaryMetric;

SummaryMetric *summary_metric_new(const char *text, GError **error); /* SUMMARY_ERROR_METRIC */
void summary_metric_free(SummaryMetric *metric);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SummaryMetric, summary_metric_free)
/* Above a column: "delivered %", "command p99 s"; beside an axis: "latency, p99 (s)". To free. */
char *summary_metric_heading(const SummaryMetric *metric, gboolean with_section);
char *summary_metric_label(const SummaryMetric *metric, gboolean with_section);

/* ESTIMATE_NONE if no outcome has such an element or nothing was counted. An exact bound counts
 * what is pending as what was not seen. */
Estimate summary_estimate(GPtrArray *outcomes, const SummaryMetric *metric, double confidence);
/* a - b, paired by position: both arrays have the replications that both points have, in the same
 * order. The points share their random numbers, so this is sharper than two intervals. */
Estimate summary_difference(GPtrArray *a, GPtrArray *b, const SummaryMetric *metric,
                            double confidence);

/* Obligations, summed over outcomes and publish sections (section NULL: all). */
typedef struct {
  double owed, met, lost, pending, silent;
  double lost_by[CAUSE_N], silent_by[CAUSE_N];
} SummaryLosses;

SummaryLosses summary_losses(GPtrArray *outcomes, const char *section);
/* A histogram of all outcomes and sections of that name (NULL: all), merged; to clear. */
Histogram summary_histogram(GPtrArray *outcomes, const char *section, HistogramId id);
