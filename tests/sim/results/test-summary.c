#include "sim/results/summary.h"

#include <math.h>

#define REPLICATIONS 10

static GPtrArray *
make_outcomes(guint n)
{
  GPtrArray *outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add(outcomes, outcome_new());
  return outcomes;
}

static double *
counter(GPtrArray *outcomes, guint i, MetricOf of, const char *name, Counter which)
{
  return &outcome_element(outcomes->pdata[i], of, name)->counters[which];
}

static Estimate
estimate(GPtrArray *outcomes, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SummaryMetric) metric = summary_metric_new(text, &error);

  g_assert_no_error(error);
  return summary_estimate(outcomes, metric, 0.95);
}

/* Two publish sections, a group, its link and a broker. */
static GPtrArray *
make_study(void)
{
  GPtrArray *o = make_outcomes(REPLICATIONS);

  for (guint i = 0; i < REPLICATIONS; i++) {
    *counter(o, i, OF_PUBLISH, "reading", COUNT_OWED) = 1000;
    *counter(o, i, OF_PUBLISH, "reading", COUNT_ONCE) = 900 + i;
    *counter(o, i, OF_PUBLISH, "reading", COUNT_DUPLICATED) = 50;
    *counter(o, i, OF_PUBLISH, "reading", COUNT_EXTRA_COPIES) = 70;
    *counter(o, i, OF_PUBLISH, "reading", COUNT_LOST) = 50 - i;
    *counter(o, i, OF_PUBLISH, "reading", COUNT_MET_IN_WINDOW) = 720;
    *counter(o, i, OF_PUBLISH, "reading", COUNT_WINDOW_S) = 3600;
    *counter(o, i, OF_PUBLISH, "alarm", COUNT_OWED) = 10;
    *counter(o, i, OF_PUBLISH, "alarm", COUNT_PENDING) = 10;
    *counter(o, i, OF_PUBLISH, "alarm", COUNT_MET_IN_WINDOW) = 360;
    *counter(o, i, OF_PUBLISH, "alarm", COUNT_WINDOW_S) = 3600;
    *counter(o, i, OF_CLIENT, "sensor", COUNT_BYTES_UP) = 4000;
    *counter(o, i, OF_CLIENT, "sensor", COUNT_BYTES_DOWN) = 1000;
    *counter(o, i, OF_CLIENT, "sensor", COUNT_GROUP_ANY_MET) = 50;
    *counter(o, i, OF_CLIENT, "sensor", COUNT_RECONNECTS) = 6;
    *counter(o, i, OF_CLIENT, "sensor", COUNT_CLIENT_WINDOW_S) = 2 * 43200;
    *counter(o, i, OF_LINK, "radio", COUNT_BYTES_UP) = 4000;
    *counter(o, i, OF_BROKER, "hub", COUNT_QUEUE_PEAK) = i == 3 ? 99 : 7;
    OutcomeElement *reading = outcome_element(o->pdata[i], OF_PUBLISH, "reading");

    for (guint k = 0; k < 950 + i; k++)
      histogram_add(&reading->histograms[HISTOGRAM_LATENCY], (gint64)(k + 1) * 1000000);
  }
  return o;
}

static void
test_values(void)
{
  static const struct {
    const char *metric;
    double value;
  } cases[] = {
      {"reading.delivery_ratio", 0.9545},
      {"reading.loss_ratio", 0.0455},
      {"reading.duplicate_ratio", 50 / 954.5},
      {"reading.extra_copies", 70 / 954.5},
      {"reading.owed", 1000},
      {"owed", 1010},
      {"reading.lost", 45.5},
      {"delivery_ratio", 9545 / 10100.0},
      {"reading.throughput", 0.2},
      {"throughput", 0.3}, /* of all sections, in the same hour */
      {"sensor.bytes_per_delivered", 100},
      {"sensor.reconnects", 6},
      {"sensor.bytes_up", 4000},
      {"radio.bytes_up", 4000},
      {"bytes_up", 4000}, /* not those of the link once more */
      {"hub.queue_peak", 99},
      {"reading.latency_mean", 0.47775}, /* near the middle of 1 ms to 954.5 ms */
  };
  g_autoptr(GPtrArray) o = make_study();

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s", cases[i].metric);
    g_assert_cmpfloat_with_epsilon(estimate(o, cases[i].metric).value, cases[i].value,
                                   1e-4 * cases[i].value);
  }
  Estimate p50 = estimate(o, "reading.latency_p50");

  g_assert_cmpfloat_with_epsilon(p50.value, 0.477, 0.005);
  g_assert_cmpuint(p50.flags, ==, ESTIMATE_COARSE);
}

/* 95.45 % came: the time by which 94 % did is finite, that of 97 % is not. */
static void
test_arrival(void)
{
  g_autoptr(GPtrArray) o = make_study();

  g_assert_cmpfloat_with_epsilon(estimate(o, "reading.arrival_p94").value, 0.94, 0.01);
  g_assert_true(isinf(estimate(o, "reading.arrival_p97").value));
  /* What is pending has not come either. */
  g_assert_true(isinf(estimate(o, "alarm.arrival_p50").value));
}

static void
test_flags(void)
{
  g_autoptr(GPtrArray) o = make_study();
  g_autoptr(GPtrArray) one = make_outcomes(1);

  g_assert_cmpuint(estimate(o, "alarm.delivery_ratio").flags & ESTIMATE_PENDING, !=, 0);
  /* Nothing is there and all of it may come yet. */
  g_assert_cmpfloat(estimate(o, "alarm.delivery_ratio").value, ==, 0);
  g_assert_cmpfloat(estimate(o, "alarm.delivery_ratio").high, ==, 1);
  g_assert_cmpfloat(estimate(o, "alarm.loss_ratio").high, ==, 1);
  g_assert_cmpuint(estimate(o, "reading.delivery_ratio").flags & ESTIMATE_PENDING, ==, 0);
  g_assert_cmpuint(estimate(o, "delivery_ratio").flags & ESTIMATE_PENDING, !=, 0);
  g_assert_cmpuint(estimate(o, "nobody.delivery_ratio").flags, ==, ESTIMATE_NONE);
  g_assert_cmpuint(estimate(o, "reading.ack_latency_p50").flags, ==, ESTIMATE_NONE);
  g_assert_cmpuint(estimate(o, "reading.silent_loss").flags, ==, ESTIMATE_EXACT);
  *counter(one, 0, OF_PUBLISH, "reading", COUNT_OWED) = 10;
  *counter(one, 0, OF_PUBLISH, "reading", COUNT_ONCE) = 9;
  Estimate e = estimate(one, "delivery_ratio");

  g_assert_cmpfloat(e.value, ==, 0.9);
  g_assert_cmpuint(e.flags, ==, ESTIMATE_ONE);
  g_assert_true(isnan(e.low) && isnan(e.high));
}

static void
test_no_such_metric(void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null(summary_metric_new("delivery_ration", &error));
  g_assert_error(error, SUMMARY_ERROR, SUMMARY_ERROR_METRIC);
}

/* Weather that both points share leaves their difference sharp. */
static void
test_paired_difference(void)
{
  g_autoptr(GPtrArray) a = make_outcomes(REPLICATIONS);
  g_autoptr(GPtrArray) b = make_outcomes(REPLICATIONS);
  g_autoptr(SummaryMetric) metric = summary_metric_new("loss_ratio", NULL);

  for (guint i = 0; i < REPLICATIONS; i++) {
    double weather = 20 + 15 * i;

    *counter(a, i, OF_PUBLISH, "x", COUNT_OWED) = 1000;
    *counter(b, i, OF_PUBLISH, "x", COUNT_OWED) = 1000;
    *counter(a, i, OF_PUBLISH, "x", COUNT_LOST) = weather + 5 + i % 2;
    *counter(b, i, OF_PUBLISH, "x", COUNT_LOST) = weather;
  }
  Estimate difference = summary_difference(a, b, metric, 0.95);
  Estimate alone = summary_estimate(a, metric, 0.95);

  g_assert_cmpfloat_with_epsilon(difference.value, 0.0055, 1e-9);
  g_assert_cmpfloat(difference.low, >, 0.005);
  g_assert_cmpfloat(difference.high, <, 0.006);
  g_assert_cmpfloat(alone.high - alone.low, >, 0.05);
  Estimate mirrored = summary_difference(b, a, metric, 0.95);

  g_assert_cmpfloat_with_epsilon(mirrored.low, -difference.high, 1e-9);
}

/* Nothing lost at either point: that they are equal is not proved. */
static void
test_difference_of_bounds(void)
{
  g_autoptr(GPtrArray) a = make_outcomes(REPLICATIONS);
  g_autoptr(SummaryMetric) metric = summary_metric_new("loss_ratio", NULL);

  for (guint i = 0; i < REPLICATIONS; i++)
    *counter(a, i, OF_PUBLISH, "x", COUNT_OWED) = 100;
  Estimate e = summary_difference(a, a, metric, 0.95);

  g_assert_cmpfloat(e.value, ==, 0);
  g_assert_cmpfloat_with_epsilon(e.high, 1 - pow(0.05, 1.0 / 1000), 1e-9);
  g_assert_cmpfloat_with_epsilon(e.low, -e.high, 1e-12);
  g_assert_cmpuint(e.flags, ==, ESTIMATE_EXACT);
}

static void
test_losses(void)
{
  g_autoptr(GPtrArray) o = make_study();

  *counter(o, 2, OF_PUBLISH, "reading", COUNT_LOST_CAUSE + CAUSE_STUCK) = 4;
  SummaryLosses all = summary_losses(o, NULL), alarm = summary_losses(o, "alarm");

  g_assert_cmpfloat(all.owed, ==, 10100);
  g_assert_cmpfloat(all.met + all.lost + all.pending, ==, all.owed);
  g_assert_cmpfloat(all.lost_by[CAUSE_STUCK], ==, 4);
  g_assert_cmpfloat(alarm.owed, ==, 100);
  g_assert_cmpfloat(alarm.lost, ==, 0);
  Histogram latency = summary_histogram(o, "reading", HISTOGRAM_LATENCY);

  g_assert_cmpuint(latency.count, ==, 9545);
  histogram_clear(&latency);
}

static void
test_names(void)
{
  static const struct {
    const char *metric, *heading, *label;
  } cases[] = {
      {"delivery_ratio", "delivered %", "delivery ratio (%)"},
      {"job.latency_p99.9", "job p99.9 s", "job: latency, p99.9 (s)"},
      {"extra_copies", "copies over 1", "extra copies per obligation met"},
      {"sensor.bytes_per_delivered", "sensor B/delivered",
       "sensor: bytes per delivered message (B)"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(SummaryMetric) metric = summary_metric_new(cases[i].metric, NULL);
    g_autofree char *heading = summary_metric_heading(metric, TRUE);
    g_autofree char *label = summary_metric_label(metric, TRUE);

    g_assert_cmpstr(heading, ==, cases[i].heading);
    g_assert_cmpstr(label, ==, cases[i].label);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/summary/values", test_values);
  g_test_add_func("/summary/arrival", test_arrival);
  g_test_add_func("/summary/flags", test_flags);
  g_test_add_func("/summary/no-such-metric", test_no_such_metric);
  g_test_add_func("/summary/paired-difference", test_paired_difference);
  g_test_add_func("/summary/difference-of-bounds", test_difference_of_bounds);
  g_test_add_func("/summary/losses", test_losses);
  g_test_add_func("/summary/names", test_names);
  return g_test_run();
}
