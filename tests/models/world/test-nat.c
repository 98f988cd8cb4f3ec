/* Connections that a NAT forgets while nobody speaks: who notices, when, and what arrives. */
#include "tests/models/world/kit.h"

/* Commands to devices behind a NAT that forgets after 15 s; the gaps between them are longer. */
static Outcome *
run(const char *nat, const char *keep_alive)
{
  g_autofree char *text = g_strdup_printf(
      "[experiment]\ntitle = t\nwarmup = 10s\nduration = 30min\ndrain = 10min\n"
      "[link radio]\nrtt = 300ms\n%s[broker hub]\n"
      "[client sensor]\ncount = 5\nlink = radio\nclean_start = no\nsession_expiry = 1d\n"
      "keep_alive = %s\nping_timeout = 5s\nreconnect = 1s\n[client server]\n"
      "[publish p]\nclient = server\ntopic = command/{each sensor}\nqos = 1\nevery = 200s\n"
      "[subscribe s]\nclient = sensor\nfilter = command/{client}\nqos = 1\n",
      nat, keep_alive);
  Outcome *outcome = kit_run(text, 1);

  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), ==, 45);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE) + kit_count(outcome, "p", COUNT_DUPLICATED),
                    ==, 45);
  return outcome;
}

/* All samples of a detection time lie between these. */
static void
assert_detects(const Outcome *outcome, HistogramId id, double least_s, double most_s)
{
  const Histogram *histogram = kit_histogram(outcome, "sensor", id);

  g_assert_cmpuint(histogram->count, >, 100);
  g_assert_cmpfloat(histogram_quantile(histogram, 0.01, 0) / 1e9, >=, least_s);
  g_assert_cmpfloat(histogram_quantile(histogram, 0.99, 0) / 1e9, <=, most_s);
}

/* A PINGREQ before the NAT forgets keeps the connection. */
static void
test_kept_alive(void)
{
  g_autoptr(Outcome) outcome = run("nat_timeout = 15s\n", "10s");

  g_assert_cmpuint(kit_histogram(outcome, "sensor", HISTOGRAM_DETECT_CLIENT)->count, ==, 0);
  g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_RECONNECTS), ==, 0);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 45);
}

/* The PINGREQ 40 s after the last packet vanishes; 5 s later the client gives up, 30 s after the
 * NAT forgot. It is back within 2 s, and so the broker notices, by the take-over. */
static void
test_drops(void)
{
  g_autoptr(Outcome) outcome = run("nat_timeout = 15s\n", "40s");

  assert_detects(outcome, HISTOGRAM_DETECT_CLIENT, 29, 30.5);
  assert_detects(outcome, HISTOGRAM_DETECT_BROKER, 30, 32.5);
  g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_RECONNECTS), >, 100);
}

/* Where the NAT answers, the PINGREQ itself is what tells the client. */
static void
test_resets(void)
{
  g_autoptr(Outcome) outcome = run("nat_timeout = 15s\nnat_on_expiry = reset\n", "40s");

  assert_detects(outcome, HISTOGRAM_DETECT_CLIENT, 24, 25.5);
  assert_detects(outcome, HISTOGRAM_DETECT_BROKER, 25, 27.5);
}

/* One that nothing awakes changes nothing. */
static void
test_same_run(void)
{
  g_autoptr(Outcome) with = run("nat_timeout = 1h\n", "40s");
  g_autoptr(Outcome) without = run("", "40s");

  g_assert_cmpuint(with->fingerprint, ==, without->fingerprint);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/nat/kept-alive", test_kept_alive);
  g_test_add_func("/nat/drops", test_drops);
  g_test_add_func("/nat/resets", test_resets);
  g_test_add_func("/nat/same-run", test_same_run);
  return g_test_run();
}
