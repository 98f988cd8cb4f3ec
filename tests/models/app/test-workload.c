/* Phases, intervals and back-off against what was asked for; who is owed what. */
#include "models/app/backoff.h"
#include "models/app/interest.h"
#include "models/app/workload.h"

#include <string.h>

#define S G_GINT64_CONSTANT(1000000000)

static void
test_constant_interval(void)
{
  g_autoptr(Dist) every = dist_constant(10e9);
  WorkloadConfig config = {.size = 100, .every = every};
  double sum = 0;
  for (guint i = 1; i <= 1000; i++) {
    RandomStream stream = random_stream(7, i, "sensor-1", "publish reading");
    gint64 first_ns = workload_first_ns(&config, &stream);
    g_assert_true(first_ns >= 0 && first_ns < 10 * S);
    g_assert_cmpint(workload_interval_ns(&config, &stream, i), ==, 10 * S);
    sum += (double)first_ns;
  }
  /* Uniform over [0, 10 s): mean 5 s, standard error 10 / sqrt(12 * 1000) = 0.0913 s; 3.3 of them.
   */
  g_assert_cmpfloat_with_epsilon(sum / 1000 / 1e9, 5, 0.30);
}

static void
test_start_is_taken_as_given(void)
{
  g_autoptr(Dist) every = dist_constant(10e9);
  g_autoptr(Dist) start = dist_constant(3e9);
  WorkloadConfig config = {.size = 100, .every = every, .start = start};
  RandomStream stream = random_stream(1, 1, "sensor-1", "publish reading");
  g_assert_cmpint(workload_first_ns(&config, &stream), ==, 3 * S);
}

static void
test_payload_carries_the_tag(void)
{
  static const guint8 expected[] = {1, 2, 3, 4, 5, 6, 7, 8, '.', '.'};
  g_autofree guint8 *payload = workload_payload_new(10);
  workload_tag(payload, 0x0102030405060708);
  g_assert_cmpmem(payload, 10, expected, 10);
}

static void
test_backoff(void)
{
  RandomStream stream = random_stream(1, 1, "sensor-1", "reconnect");
  Backoff backoff = {.initial_ns = S, .max_ns = 60 * S, .factor = 2};
  static const gint64 expected_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
  for (guint i = 0; i < G_N_ELEMENTS(expected_s); i++)
    g_assert_cmpint(backoff_delay_ns(&backoff, i, &stream, i), ==, expected_s[i] * S);
  g_assert_cmpint(backoff_delay_ns(&backoff, 4000, &stream, 0), ==, 60 * S);
  backoff.jitter = 0.5;
  for (guint i = 0; i < 1000; i++) {
    gint64 delay_ns = backoff_delay_ns(&backoff, 3, &stream, i);
    g_assert_true(delay_ns > 4 * S && delay_ns <= 8 * S);
  }
  backoff.initial_ns = G_MAXINT64;
  g_assert_cmpint(backoff_delay_ns(&backoff, 0, &stream, 0), ==, G_MAXINT64);
  g_autoptr(Dist) dist = dist_constant(5e9);
  backoff.dist = dist;
  g_assert_cmpint(backoff_delay_ns(&backoff, 9, &stream, 0), ==, 5 * S);
}

static void
test_interest(void)
{
  g_autoptr(Interest) interest = interest_new();
  g_autoptr(GArray) owed = g_array_new(FALSE, FALSE, sizeof(LedgerOwed));
  guint before = interest_version(interest);
  interest_add(interest, 9, mqtt_bytes("fleet/#"), 1, FALSE, INTEREST_ONCE);
  interest_add(interest, 2, mqtt_bytes("fleet/+/t"), 0, FALSE, INTEREST_ONCE);
  interest_add(interest, 9, mqtt_bytes("fleet/a/t"), 2, FALSE,
               INTEREST_ONCE); /* overlaps: owed once, at the highest QoS */
  interest_add(interest, 5, mqtt_bytes("other"), 0, FALSE, INTEREST_ONCE);
  g_assert_cmpuint(interest_version(interest), !=, before);
  interest_match(interest, 77, mqtt_bytes("fleet/a/t"), owed);
  g_assert_cmpuint(owed->len, ==, 2);
  g_assert_cmpuint(g_array_index(owed, LedgerOwed, 0).client, ==, 2);
  g_assert_cmpuint(g_array_index(owed, LedgerOwed, 1).client, ==, 9);
  g_assert_cmpuint(g_array_index(owed, LedgerOwed, 1).granted, ==, 2);
  g_assert_cmpuint(g_array_index(owed, LedgerOwed, 1).further, ==, 0);
  interest_remove(interest, 9, mqtt_bytes("fleet/#"));
  interest_remove(interest, 9, mqtt_bytes("fleet/a/t"));
  interest_match(interest, 77, mqtt_bytes("fleet/a/t"), owed);
  g_assert_cmpuint(owed->len, ==, 1);
  interest_match(interest, 77, mqtt_bytes("nowhere"), owed);
  g_assert_cmpuint(owed->len, ==, 0);
}

/* What overlapping subscriptions ask for depends on the broker. */
static void
test_interest_overlap(void)
{
  static const struct {
    InterestOverlap overlap;
    guint8 granted, further;
  } cases[] = {{INTEREST_ONCE, 2, 0}, {INTEREST_EACH, 2, 2}, {INTEREST_FIRST, 0, 0}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Interest) interest = interest_new();
    g_autoptr(GArray) owed = g_array_new(FALSE, FALSE, sizeof(LedgerOwed));
    interest_add(interest, 9, mqtt_bytes("a/#"), 2, FALSE, cases[i].overlap);
    interest_add(interest, 9, mqtt_bytes("a/+"), 1, FALSE, cases[i].overlap);
    interest_add(interest, 9, mqtt_bytes("a/b"), 0, FALSE, cases[i].overlap);
    interest_match(interest, 77, mqtt_bytes("a/b"), owed);
    g_assert_cmpuint(owed->len, ==, 1);
    g_assert_cmpuint(g_array_index(owed, LedgerOwed, 0).granted, ==, cases[i].granted);
    g_assert_cmpuint(g_array_index(owed, LedgerOwed, 0).further, ==, cases[i].further);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/workload/constant-interval", test_constant_interval);
  g_test_add_func("/workload/start-is-taken-as-given", test_start_is_taken_as_given);
  g_test_add_func("/workload/payload-carries-the-tag", test_payload_carries_the_tag);
  g_test_add_func("/backoff/grows-and-jitters", test_backoff);
  g_test_add_func("/interest/each-client-once", test_interest);
  g_test_add_func("/interest/overlap", test_interest_overlap);
  return g_test_run();
}
