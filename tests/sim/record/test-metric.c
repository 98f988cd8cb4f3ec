#include "sim/record/metric.h"

#include <math.h>
#include <string.h>

static void
test_counter_names(void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < COUNT_N; i++) {
    char *name = counter_name(i);

    g_assert_cmpuint(strlen(name), >, 3);
    g_assert_true(g_hash_table_add(seen, name));
  }
  /* Rows of databases are called so: a changed name makes old files unreadable. */
  static const char *const stable[] = {
    "published", "owed", "once", "fate:lost/success", "lost:connection-lost", "silent:stuck",
    "deadline-met", "window-s", "client-window-s", "queue-peak", "tcp-retransmissions",
  };
  for (guint i = 0; i < G_N_ELEMENTS(stable); i++)
    g_assert_true(g_hash_table_contains(seen, stable[i]));
}

static void
test_block_order(void)
{
  g_autofree char *fate = counter_name(COUNT_FATE_TOLD + FATE_DUPLICATED * TOLD_N + TOLD_FAILURE);
  g_autofree char *lost = counter_name(COUNT_LOST_CAUSE + CAUSE_GAVE_UP);
  g_autofree char *silent = counter_name(COUNT_SILENT_CAUSE + CAUSE_NO_SESSION);

  g_assert_cmpstr(fate, ==, "fate:duplicated/failure");
  g_assert_cmpstr(lost, ==, "lost:gave-up");
  g_assert_cmpstr(silent, ==, "silent:no-session");
}

static guint
length(const Counter *counters, guint room)
{
  guint n = 0;

  while (n < room && counters[n] != COUNT_N) {
    g_assert_cmpuint(counters[n], <, COUNT_N);
    n++;
  }
  return n;
}

static gboolean
is_divided(MetricKind kind)
{
  return kind == METRIC_RATIO || kind == METRIC_RATE || kind == METRIC_SHARE;
}

static gboolean
is_of_histogram(MetricKind kind)
{
  return kind == METRIC_MEAN || kind == METRIC_QUANTILE || kind == METRIC_ARRIVAL;
}

static void
test_table(void)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

  for (guint i = 0; i < metric_table_n; i++) {
    const Metric *m = &metric_table[i];
    guint top = length(m->numerators, 3), bottom = length(m->denominators, 2);

    g_assert_true(g_hash_table_add(seen, (gpointer)m->name));
    g_assert_cmpint(m->of, !=, 0);
    g_assert_cmpint(top > 0, ==, !is_of_histogram(m->kind));
    g_assert_cmpint(bottom > 0, ==, is_divided(m->kind));
    g_assert_cmpint(m->histogram < HISTOGRAM_N, ==, is_of_histogram(m->kind));
    g_assert_cmpfloat(m->scale, >, 0);
    g_assert_true(g_str_has_suffix(m->help, "."));
    g_assert_cmpuint(strlen(m->heading), >, 0);
    g_assert_cmpuint(strlen(m->label), >, 0);
    if (m->kind == METRIC_RATIO || m->kind == METRIC_SHARE) {
      g_assert_cmpstr(m->unit, ==, "");
      g_assert_cmpfloat(m->scale, ==, 1);
    }
  }
}

/* Every cause can be asked for, under its own name with underscores. */
static void
test_causes(void)
{
  for (guint cause = CAUSE_NONE + 1; cause < CAUSE_N; cause++) {
    g_autofree char *name = g_strconcat("lost_", cause_name(cause), NULL);
    g_autofree char *section = NULL;
    double quantile;

    g_strdelimit(name, "-", '_');
    const Metric *metric = metric_parse(name, &section, &quantile);

    g_assert_nonnull(metric);
    g_assert_cmpuint(metric->numerators[0], ==, COUNT_LOST_CAUSE + cause);
  }
}

static void
check(const char *text, const char *name, const char *section, double quantile)
{
  g_autofree char *got_section = NULL;
  double got_quantile;
  const Metric *metric = metric_parse(text, &got_section, &got_quantile);

  g_test_message("%s", text);
  g_assert_cmpstr(metric != NULL ? metric->name : NULL, ==, name);
  g_assert_cmpstr(got_section, ==, section);
  if (isnan(quantile))
    g_assert_true(isnan(got_quantile));
  else
    g_assert_cmpfloat_with_epsilon(got_quantile, quantile, 1e-15);
}

static void
test_parse(void)
{
  check("delivery_ratio", "delivery_ratio", NULL, NAN);
  check("command.latency_p99", "latency_p", "command", 0.99);
  check("latency_p99.9", "latency_p", NULL, 0.999);
  check("a-b-2.arrival_p99.99", "arrival_p", "a-b-2", 0.9999);
  check("latency_p5", "latency_p", NULL, 0.05);
  check("latency_p0.1", "latency_p", NULL, 0.001);
  check("ack_latency_p50", "ack_latency_p", NULL, 0.5);
  check("sensor.detect_client_p95", "detect_client_p", "sensor", 0.95);
  check("hub.queue_peak", "queue_peak", "hub", NAN);
  check("job.lost_broker_queue_full", "lost_broker_queue_full", "job", NAN);
  check("latency_mean", "latency_mean", NULL, NAN);
}

static void
test_parse_refuses(void)
{
  static const char *const bad[] = {
    "", ".", "x", "command.", ".latency_p99", "command..latency_p99", "Command.latency_p99",
    "2nd.latency_p99", "latency_p", "latency_p100", "latency_p0", "latency_p0.0", "latency_p99.",
    "latency_p99.90", "latency_p05", "latency_p-5", "latency_p+5", "latency_p1e1", "latency_p 5",
    "latency_p99x", "latency_pmean", "delivery_ratio ", "delivery_ratio.x", "a.b.delivery_ratio",
    "delivery_ratio99", "lost_", "lost_none", "latency_p99.1234567", "latency_p.5",
  };

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    char *section = (char *)"x";
    double quantile;

    g_test_message("%s", bad[i]);
    g_assert_null(metric_parse(bad[i], &section, &quantile));
    g_assert_null(section);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/metric/counter-names", test_counter_names);
  g_test_add_func("/metric/block-order", test_block_order);
  g_test_add_func("/metric/table", test_table);
  g_test_add_func("/metric/causes", test_causes);
  g_test_add_func("/metric/parse", test_parse);
  g_test_add_func("/metric/parse-refuses", test_parse_refuses);
  return g_test_run();
}
