#include "sim/results/summary.h"

#include <math.h>
#include <string.h>

G_DEFINE_QUARK(qosim - summary - error - quark, summary_error)

SummaryMetric *
summary_metric_new(const char *text, GError **error)
{
  char *section;
  double quantile;
  const Metric *metric = metric_parse(text, &section, &quantile);

  if (metric == NULL) {
    g_set_error(error, SUMMARY_ERROR, SUMMARY_ERROR_METRIC, "%s: no such metric", text);
    return NULL;
  }
  SummaryMetric *parsed = g_new0(SummaryMetric, 1);

  parsed->text = g_strdup(text);
  parsed->section = section;
  parsed->metric = metric;
  parsed->quantile = quantile;
  return parsed;
}

void
summary_metric_free(SummaryMetric *metric)
{
  if (metric == NULL)
    return;
  g_free(metric->text);
  g_free(metric->section);
  g_free(metric);
}

/* "99.9": the digits as they were written. */
static const char *
quantile_digits(const SummaryMetric *metric)
{
  if (isnan(metric->quantile))
    return "";
  return strstr(metric->text, metric->metric->name) + strlen(metric->metric->name);
}

static const char *
section_prefix(const SummaryMetric *metric, gboolean with_section)
{
  return with_section && metric->section != NULL ? metric->section : "";
}

char *
summary_metric_heading(const SummaryMetric *metric, gboolean with_section)
{
  const char *section = section_prefix(metric, with_section);
  const char *unit = metric->metric->unit;
  g_autofree char *suffix = NULL;

  if (g_str_equal(unit, ""))
    suffix = g_strdup(" %");
  else if (g_str_equal(unit, "1"))
    suffix = g_strdup("");
  else
    suffix = g_strconcat(" ", unit, NULL);
  if (g_str_equal(metric->metric->name, "bytes_per_delivered"))
    return g_strconcat(section, *section != '\0' ? " " : "", "B/delivered", NULL);
  return g_strconcat(section, *section != '\0' ? " " : "", metric->metric->heading,
                     quantile_digits(metric), suffix, NULL);
}

char *
summary_metric_label(const SummaryMetric *metric, gboolean with_section)
{
  const char *section = section_prefix(metric, with_section);
  const char *unit = metric->metric->unit;
  g_autofree char *suffix = NULL;

  if (g_str_equal(unit, ""))
    suffix = g_strdup(" (%)");
  else if (g_str_equal(unit, "1"))
    suffix = g_strdup("");
  else
    suffix = g_strdup_printf(" (%s)", unit);
  return g_strconcat(section, *section != '\0' ? ": " : "", metric->metric->label,
                     quantile_digits(metric), suffix, NULL);
}

static gboolean
concerns(const SummaryMetric *metric, const OutcomeElement *element)
{
  guint of = metric->metric->of;

  if (metric->section != NULL)
    return (of & element->of) != 0 && g_str_equal(metric->section, element->name);
  /* The bytes of a group and those of its links are the same bytes. */
  if ((of & OF_LINK) != 0 && (of & OF_CLIENT) != 0)
    of = OF_CLIENT;
  return (of & element->of) != 0;
}

/* What one run counted, over all elements that the metric is about. FALSE: there is none. */
static gboolean
counters_of(const Outcome *outcome, const SummaryMetric *metric, double *counters)
{
  gboolean found = FALSE;

  memset(counters, 0, COUNT_N * sizeof *counters);
  for (guint i = 0; i < outcome->elements->len; i++) {
    const OutcomeElement *element = outcome->elements->pdata[i];

    if (!concerns(metric, element))
      continue;
    found = TRUE;
    for (guint c = 0; c < COUNT_N; c++)
      counters[c] = counter_is_peak(c) ? MAX(counters[c], element->counters[c])
                                       : counters[c] + element->counters[c];
  }
  return found;
}

static double
sum_of(const double *counters, const Counter *which, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n && which[i] != COUNT_N; i++)
    sum += counters[which[i]];
  return sum;
}

/* A metric's raw material, an element of each array per replication. */
typedef struct {
  guint n;
  gboolean found;
  double pending;
  double *numerators, *denominators;
  Histogram *histograms;
  const Histogram **views;
  guint64 *infinite;
} Sample;

static void
sample_clear(Sample *sample)
{
  for (guint i = 0; i < sample->n; i++)
    histogram_clear(&sample->histograms[i]);
  g_free(sample->numerators);
  g_free(sample->denominators);
  g_free(sample->histograms);
  g_free(sample->views);
  g_free(sample->infinite);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sample, sample_clear)

static void
take_histograms(Sample *sample, guint i, const Outcome *outcome, const SummaryMetric *metric)
{
  HistogramId id = metric->metric->histogram;

  for (guint k = 0; k < outcome->elements->len; k++) {
    const OutcomeElement *element = outcome->elements->pdata[k];

    if (concerns(metric, element))
      histogram_merge(&sample->histograms[i], &element->histograms[id]);
  }
  sample->views[i] = &sample->histograms[i];
}

static void
sample_take(Sample *sample, GPtrArray *outcomes, const SummaryMetric *metric)
{
  const Metric *m = metric->metric;
  double counters[COUNT_N];

  *sample = (Sample){
      .n = outcomes->len,
      .numerators = g_new0(double, outcomes->len + 1),
      .denominators = g_new0(double, outcomes->len + 1),
      .histograms = g_new0(Histogram, outcomes->len + 1),
      .views = g_new0(const Histogram *, outcomes->len + 1),
      .infinite = g_new0(guint64, outcomes->len + 1),
  };
  for (guint i = 0; i < outcomes->len; i++) {
    const Outcome *outcome = outcomes->pdata[i];

    sample->found |= counters_of(outcome, metric, counters);
    sample->pending += counters[COUNT_PENDING];
    sample->numerators[i] = sum_of(counters, m->numerators, G_N_ELEMENTS(m->numerators));
    sample->denominators[i] = sum_of(counters, m->denominators, G_N_ELEMENTS(m->denominators));
    if (m->histogram == HISTOGRAM_N)
      continue;
    take_histograms(sample, i, outcome, metric);
    if (m->kind == METRIC_ARRIVAL)
      sample->infinite[i] = (guint64)(counters[COUNT_LOST] + counters[COUNT_PENDING]);
    if (m->kind == METRIC_MEAN) {
      sample->numerators[i] = (double)sample->histograms[i].sum;
      sample->denominators[i] = (double)sample->histograms[i].count;
    }
  }
}

static gboolean
marks_pending(const Metric *metric)
{
  return metric->kind == METRIC_ARRIVAL || metric->denominators[0] == COUNT_OWED ||
         metric->denominators[0] == COUNT_WITH_OWED;
}

static void
scale(Estimate *estimate, double factor)
{
  estimate->value *= factor;
  estimate->low *= factor;
  estimate->high *= factor;
}

static Estimate
peak_of(const Sample *sample)
{
  Estimate estimate = {.value = NAN, .low = NAN, .high = NAN};

  for (guint i = 0; i < sample->n; i++)
    estimate.value = i == 0 ? sample->numerators[0] : MAX(estimate.value, sample->numerators[i]);
  return estimate;
}

static Estimate
estimate_sample(const Sample *sample, const SummaryMetric *metric, double confidence)
{
  const double *top = sample->numerators, *bottom = sample->denominators;
  Estimate estimate;

  switch (metric->metric->kind) {
  case METRIC_COUNT:
    estimate = stats_mean(top, sample->n, confidence);
    estimate.low = isnan(estimate.low) ? NAN : MAX(estimate.low, 0);
    return estimate;
  case METRIC_RATIO:
    return stats_proportion(top, bottom, sample->n, confidence);
  case METRIC_SHARE:
    return stats_share(top, bottom, sample->n, confidence);
  case METRIC_RATE:
  case METRIC_MEAN:
    return stats_rate(top, bottom, sample->n, confidence);
  case METRIC_QUANTILE:
    return stats_quantile(sample->views, NULL, sample->n, metric->quantile, confidence);
  case METRIC_ARRIVAL:
    return stats_quantile(sample->views, sample->infinite, sample->n, metric->quantile, confidence);
  case METRIC_PEAK:
    return peak_of(sample);
  }
  g_assert_not_reached();
}

/* What is pending may go either way yet: where nothing was seen among the others, it may be all of
 * the pending. */
static void
open_to_pending(Estimate *estimate, const Sample *sample)
{
  double denominator = 0;

  for (guint i = 0; i < sample->n; i++)
    denominator += sample->denominators[i];
  if ((estimate->flags & ESTIMATE_EXACT) && estimate->value == 0)
    estimate->high = CLAMP(sample->pending / denominator, estimate->high, 1);
}

Estimate
summary_estimate(GPtrArray *outcomes, const SummaryMetric *metric, double confidence)
{
  g_auto(Sample) sample = {0};

  sample_take(&sample, outcomes, metric);
  if (!sample.found)
    return (Estimate){.value = NAN, .low = NAN, .high = NAN, .flags = ESTIMATE_NONE};
  Estimate estimate = estimate_sample(&sample, metric, confidence);

  if (sample.pending > 0 && marks_pending(metric->metric)) {
    open_to_pending(&estimate, &sample);
    estimate.flags |= ESTIMATE_PENDING;
  }
  scale(&estimate, metric->metric->scale);
  return estimate;
}

/* The metric with each replication left out in turn; returns that of all. */
static double
leave_one_out(const Sample *sample, const SummaryMetric *metric, double *without)
{
  MetricKind kind = metric->metric->kind;
  double top = 0, bottom = 0, n = sample->n;

  if (kind == METRIC_QUANTILE || kind == METRIC_ARRIVAL)
    return stats_quantile_without(sample->views, sample->infinite, sample->n, metric->quantile,
                                  without);
  for (guint i = 0; i < sample->n; i++) {
    top += sample->numerators[i];
    bottom += sample->denominators[i];
  }
  for (guint i = 0; i < sample->n; i++)
    without[i] = (top - sample->numerators[i]) /
                 (kind == METRIC_COUNT ? n - 1 : bottom - sample->denominators[i]);
  return top / (kind == METRIC_COUNT ? n : bottom);
}

static Estimate
difference_of_values(double a, double b, guint flags)
{
  return (Estimate){.value = a - b, .low = NAN, .high = NAN, .flags = flags};
}

Estimate
summary_difference(GPtrArray *a, GPtrArray *b, const SummaryMetric *metric, double confidence)
{
  g_assert(a->len == b->len);
  guint n = a->len;
  Estimate one = summary_estimate(a, metric, confidence);
  Estimate other = summary_estimate(b, metric, confidence);
  guint flags = (one.flags | other.flags) & ~(guint)ESTIMATE_EXACT;

  if (isnan(one.value) || isnan(other.value) || (isinf(one.value) && isinf(other.value)))
    return difference_of_values(NAN, NAN, flags == 0 ? ESTIMATE_NONE : flags);
  if (metric->metric->kind == METRIC_PEAK || isinf(one.value) || isinf(other.value) || n == 1)
    return difference_of_values(one.value, other.value, flags);

  g_auto(Sample) sample_a = {0};
  g_auto(Sample) sample_b = {0};
  g_autofree double *without_a = g_new(double, n);
  g_autofree double *without_b = g_new(double, n);

  sample_take(&sample_a, a, metric);
  sample_take(&sample_b, b, metric);
  double whole =
      leave_one_out(&sample_a, metric, without_a) - leave_one_out(&sample_b, metric, without_b);

  for (guint i = 0; i < n; i++)
    without_a[i] -= without_b[i];
  Estimate estimate = stats_jackknife(whole, without_a, n, confidence);

  scale(&estimate, metric->metric->scale);
  estimate.flags |= flags;
  /* Where a side is only a bound, so is the difference: nothing lost in both proves no equality. */
  if (((one.flags | other.flags) & ESTIMATE_EXACT) != 0) {
    estimate.low = MIN(estimate.low, one.low - other.high);
    estimate.high = MAX(estimate.high, one.high - other.low);
    estimate.flags |= ESTIMATE_EXACT;
  }
  return estimate;
}

static gboolean
is_publish(const OutcomeElement *element, const char *section)
{
  return element->of == OF_PUBLISH && (section == NULL || g_str_equal(section, element->name));
}

SummaryLosses
summary_losses(GPtrArray *outcomes, const char *section)
{
  SummaryLosses losses = {0};

  for (guint i = 0; i < outcomes->len; i++) {
    const Outcome *outcome = outcomes->pdata[i];

    for (guint k = 0; k < outcome->elements->len; k++) {
      const OutcomeElement *element = outcome->elements->pdata[k];

      if (!is_publish(element, section))
        continue;
      losses.owed += element->counters[COUNT_OWED];
      losses.met += element->counters[COUNT_ONCE] + element->counters[COUNT_DUPLICATED];
      losses.lost += element->counters[COUNT_LOST];
      losses.pending += element->counters[COUNT_PENDING];
      losses.silent += element->counters[COUNT_SILENT_LOSS];
      for (guint c = 0; c < CAUSE_N; c++) {
        losses.lost_by[c] += element->counters[COUNT_LOST_CAUSE + c];
        losses.silent_by[c] += element->counters[COUNT_SILENT_CAUSE + c];
      }
    }
  }
  return losses;
}

Histogram
summary_histogram(GPtrArray *outcomes, const char *section, HistogramId id)
{
  Histogram merged = {0};

  for (guint i = 0; i < outcomes->len; i++) {
    const Outcome *outcome = outcomes->pdata[i];

    for (guint k = 0; k < outcome->elements->len; k++) {
      const OutcomeElement *element = outcome->elements->pdata[k];

      if (section == NULL || g_str_equal(section, element->name))
        histogram_merge(&merged, &element->histograms[id]);
    }
  }
  return merged;
}
