#include "sim/results/table.h"

#include <math.h>
#include <string.h>

static void
test_cells(void)
{
  static const struct {
    const char *metric;
    Estimate e;
    const char *utf8, *ascii;
  } cases[] = {
      {"extra_copies", {3.9412, 3.8612, 4.0212, 0}, "3.94 ±0.08", "3.94 +-0.08"},
      {"extra_copies", {0.0341, 0.0271, 0.0411, 0}, "0.034 ±0.007", "0.034 +-0.007"},
      {"extra_copies", {0, 0, 0, 0}, "0", "0"},
      {"bytes_per_delivered", {1234.4, 1217.4, 1251.4, 0}, "1234 ±17", "1234 +-17"},
      {"bytes_per_delivered", {9874, 9444, 10304, 0}, "9900 ±400", "9900 +-400"},
      {"bytes_per_delivered", {9874, 9644, 10104, 0}, "9870 ±230", "9870 +-230"},
      {"extra_copies", {3, 2.03, 3.97, 0}, "3.0 ±1.0", "3.0 +-1.0"},
      {"extra_copies", {2, 1.03, 2.97, 0}, "2.0 (1.0..3.0)", "2.0 (1.0..3.0)"},
      {"extra_copies",
       {0.00002, 0, 0.000067, 0},
       "0.000020 (0..0.000067)",
       "0.000020 (0..0.000067)"},
      {"extra_copies", {0, 0, 0.00031, 0}, "0 (0..0.00031)", "0 (0..0.00031)"},
      {"latency_p99",
       {0.151, 0.1502, 1.16, ESTIMATE_COARSE},
       "0.151 (0.150..1.2)",
       "0.151 (0.150..1.2)"},
      {"latency_p99", {2.04, 1.16, 5.91, ESTIMATE_COARSE}, "2.0 (1.1..6.0)", "2.0 (1.1..6.0)"},
      {"latency_p99", {21.3, 14.2, 31.4, ESTIMATE_COARSE}, "21 (14..32)", "21 (14..32)"},
      {"latency_p99", {603, 11, 640, ESTIMATE_COARSE}, "600 (10..640)", "600 (10..640)"},
      {"delivery_ratio",
       {0.997, 0.9941, 0.9999, ESTIMATE_PENDING},
       "99.70 ±0.29 p",
       "99.70 +-0.29 p"},
      {"delivery_ratio",
       {0.9988, 0.9955, 0.9999, 0},
       "99.88 (99.55..99.99)",
       "99.88 (99.55..99.99)"},
      {"delivery_ratio", {0, 0, 1, ESTIMATE_EXACT | ESTIMATE_PENDING}, "0 (<100) p", "0 (<100) p"},
      {"delivery_ratio",
       {0.63112, 0.6071, 0.6551, ESTIMATE_PENDING},
       "63.1 ±2.4 p",
       "63.1 +-2.4 p"},
      {"delivery_ratio", {1, 0.9999834, 1, ESTIMATE_EXACT}, "100 (>99.998)", "100 (>99.998)"},
      {"silent_loss", {0, 0, 1.66e-5, ESTIMATE_EXACT}, "0 (<0.002)", "0 (<0.002)"},
      {"delivery_ratio",
       {0.9998, 0.9971, 0.99999, ESTIMATE_EXACT},
       "99.98 (>99.7)",
       "99.98 (>99.7)"},
      {"latency_p50", {0.15, 0.1499, 0.1501, ESTIMATE_COARSE}, "0.150", "0.150"},
      {"latency_p99", {1.741, 1.631, 1.851, ESTIMATE_COARSE}, "1.74 ±0.11", "1.74 +-0.11"},
      {"latency_p99", {NAN, NAN, NAN, ESTIMATE_TOO_FEW}, "too few", "too few"},
      {"latency_p99", {NAN, NAN, NAN, ESTIMATE_NONE}, "-", "-"},
      {"arrival_p99", {INFINITY, 3, INFINITY, ESTIMATE_COARSE}, "never", "never"},
      {"arrival_p99",
       {3, 2.9, INFINITY, ESTIMATE_COARSE},
       "3.00 (2.90..never)",
       "3.00 (2.90..never)"},
      {"delivery_ratio", {0.98765, NAN, NAN, ESTIMATE_ONE}, "98.8", "98.8"},
      {"queue_peak", {12345, NAN, NAN, 0}, "12345", "12345"},
      {"lost", {12345, NAN, NAN, ESTIMATE_ONE}, "12345", "12345"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(SummaryMetric) metric = summary_metric_new(cases[i].metric, NULL);
    g_autofree char *utf8 = table_estimate(&cases[i].e, metric->metric, TRUE);
    g_autofree char *ascii = table_estimate(&cases[i].e, metric->metric, FALSE);

    g_assert_cmpstr(utf8, ==, cases[i].utf8);
    g_assert_cmpstr(ascii, ==, cases[i].ascii);
  }
}

/* A bound that is printed is never better than the one that was computed. */
static void
test_bounds_are_honest(void)
{
  g_autoptr(SummaryMetric) metric = summary_metric_new("delivery_ratio", NULL);

  for (guint i = 0; i < 2000; i++) {
    double loss = pow(10, g_test_rand_double_range(-7, -1));
    Estimate e = {1, 1 - loss, 1, ESTIMATE_EXACT};
    g_autofree char *text = table_estimate(&e, metric->metric, TRUE);
    double printed = g_ascii_strtod(strchr(text, '>') + 1, NULL);

    g_assert_cmpfloat(printed, <=, 100 * (1 - loss) + 1e-12);
    g_assert_cmpfloat(100 - printed, <=, 2.0001 * 100 * loss);
  }
}

/* Nor is an interval that is printed narrower than the one that was computed, and the value is in
 * it. */
static void
test_ranges_are_honest(void)
{
  g_autoptr(SummaryMetric) metric = summary_metric_new("latency_p99", NULL);

  for (guint i = 0; i < 2000; i++) {
    double value = pow(10, g_test_rand_double_range(-4, 4));
    double low = value * g_test_rand_double_range(0, 1);
    double high = value * (1 + pow(10, g_test_rand_double_range(-3, 2)));
    Estimate e = {value, low, high, 0};
    g_autofree char *text = table_estimate(&e, metric->metric, TRUE);
    const char *opening = strstr(text, " (");

    if (opening == NULL) /* "±" */
      continue;
    double from = g_ascii_strtod(opening + 2, NULL);
    double to = g_ascii_strtod(strstr(opening, "..") + 2, NULL);
    double printed = g_ascii_strtod(text, NULL);

    g_assert_cmpfloat(from, <=, low * (1 + 1e-11));
    g_assert_cmpfloat(to, >=, high * (1 - 1e-11));
    g_assert_cmpfloat(printed, >=, from);
    g_assert_cmpfloat(printed, <=, to);
    g_assert_cmpfloat(fabs(printed - value), <=, 0.051 * value);
    g_assert_cmpfloat(to - high, <=, 0.101 * high);
  }
}

static void
test_range_note(void)
{
  g_autoptr(StorePoint) point = store_point_new(1, "");
  const Estimate estimate = {2.04, 1.16, 5.91, 0};
  g_autoptr(GPtrArray) metrics =
      g_ptr_array_new_with_free_func((GDestroyNotify)summary_metric_free);
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(TableRow));
  TableRow row = {point, &estimate, 0, 1000};

  g_ptr_array_add(metrics, summary_metric_new("latency_p99", NULL));
  g_array_append_val(rows, row);
  Table table = {metrics, rows, 10, 0.95, FALSE};
  g_autofree char *text = table_print(&table);

  g_assert_cmpstr(text, ==,
                  "point  p99 s\n"
                  "    1  2.0 (1.1..6.0)\n"
                  "(a..b): 95 %, Student t over 10 replications; from a to b where the interval is "
                  "wide or its sides\nare unequal.\n");
}

static StorePoint *
make_point(guint number, const char *link, const char *timeout, const char *resolved,
           const char *on)
{
  StorePoint *point = store_point_new(number, "");

  store_point_add(point, "sensor.link", link, link, NAN);
  store_point_add(point, "sensor.ack_timeout", timeout, resolved, 1);
  store_point_add(point, "sensor.on_ack_timeout", on, on, NAN);
  return point;
}

static void
test_print(void)
{
  g_autoptr(StorePoint) a = make_point(1, "lte-m", "0.3 * rtt", "90 ms", "resend");
  g_autoptr(StorePoint) b = make_point(2, "lte-m", "never", "never", "resend");
  g_autoptr(StorePoint) c = make_point(3, "satellite", "rtt", "600 ms", "reconnect");
  const Estimate estimates[3][2] = {
      {{1, 0.9999834, 1, ESTIMATE_EXACT}, {3.9412, 3.8612, 4.0212, 0}},
      {{0.63112, 0.6071, 0.6551, ESTIMATE_PENDING}, {0, 0, 0, 0}},
      {{1, 0.9999834, 1, ESTIMATE_EXACT}, {1.055, 1.035, 1.075, 0}},
  };
  g_autoptr(GPtrArray) metrics =
      g_ptr_array_new_with_free_func((GDestroyNotify)summary_metric_free);
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(TableRow));
  TableRow row[] = {
      {a, estimates[0], 0, 1000}, {b, estimates[1], 33, 1000}, {c, estimates[2], 0, 1000}};

  g_ptr_array_add(metrics, summary_metric_new("delivery_ratio", NULL));
  g_ptr_array_add(metrics, summary_metric_new("sensor.extra_copies", NULL));
  g_array_append_vals(rows, row, 3);
  Table table = {metrics, rows, 10, 0.95, TRUE};
  g_autofree char *text = table_print(&table);

  g_assert_cmpstr(
      text, ==,
      "sensor.link = lte-m\n"
      "point  ack_timeout             on_ack_timeout  delivered %    copies over 1\n"
      "    1  90 ms        0.3 * rtt  resend          100 (>99.998)  3.94 ±0.08\n"
      "    2  never                   resend          63.1 ±2.4 p    0\n"
      "\n"
      "sensor.link = satellite\n"
      "point  ack_timeout       on_ack_timeout  delivered %    copies over 1\n"
      "    3  600 ms       rtt  reconnect       100 (>99.998)  1.055 ±0.020\n"
      "±: 95 %, Student t over 10 replications. (>x), (<x): nothing or everything; exact bound, "
      "were the\nmessages independent. Where fewer than five replications lost any, the exact "
      "bound at the effective\nsample size. p: still pending when the drain ended, which bounds "
      "allow for (point 2: 33 of 1000).\n");
  table.utf8 = FALSE;
  g_autofree char *ascii = table_print(&table);

  g_assert_true(g_str_is_ascii(ascii));
}

static void
test_losses(void)
{
  g_autoptr(StorePoint) a = make_point(1, "lte-m", "never", "never", "resend");
  g_autoptr(StorePoint) b = make_point(2, "lte-m", "never", "never", "reconnect");
  g_autoptr(GPtrArray) points = g_ptr_array_new();
  SummaryLosses found[2] = {{.owed = 360114, .lost = 7316, .silent = 7105}, {.owed = 360114}};
  const char *const examples[] = {"1:4402", NULL};

  found[0].lost_by[CAUSE_NO_SESSION] = 7101;
  found[0].lost_by[CAUSE_STUCK] = 215;
  g_ptr_array_add(points, a);
  g_ptr_array_add(points, b);
  g_autofree char *text = table_losses(points, found, examples, 40);

  g_assert_cmpstr(text, ==,
                  "obligations not met, by cause; 40 replications; points without a loss left out\n"
                  "point  link   ack_timeout  on_ack_timeout     owed   lost      %  silent  "
                  "no-session  stuck  "
                  "example\n"
                  "    1  lte-m  never        resend          360 114  7 316  2.032   7 105       "
                  "7 101    215  "
                  "1:1:4402\n"
                  "[in all 2 points 7 316 of 720 228 lost, 7 105 of them silently]\n"
                  "silent: lost although publish() had been told success.\n");
  found[0] = found[1];
  g_autofree char *nothing = table_losses(points, found, examples, 40);

  g_assert_cmpstr(nothing, ==, "nothing was lost: 0 of 720 228 obligations at 2 points\n");
  found[1].pending = 1234;
  g_autofree char *open = table_losses(points, found, examples, 40);

  g_assert_cmpstr(open, ==,
                  "nothing was lost: 0 of 720 228 obligations at 2 points; 1 234 still "
                  "pending when the drain ended\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/table/cells", test_cells);
  g_test_add_func("/table/bounds-are-honest", test_bounds_are_honest);
  g_test_add_func("/table/ranges-are-honest", test_ranges_are_honest);
  g_test_add_func("/table/range-note", test_range_note);
  g_test_add_func("/table/print", test_print);
  g_test_add_func("/table/losses", test_losses);
  return g_test_run();
}
