/* Whole runs on links whose answers can be worked out by hand. */
#include "tests/models/world/kit.h"
#include "tests/theory.h"

#include <math.h>
#include <string.h>

#define MS 1e6

/* One sensor at a constant one-way delay of 150 ms; the dashboard sits beside the broker. */
#define SENSOR                                                                                     \
  "[experiment]\ntitle = t\nwarmup = 10s\nduration = 100s\ndrain = 1min\nrepeat = 1\n"             \
  "[link radio]\nrtt = 300ms\n"                                                                    \
  "[broker hub]\n%s\n"                                                                             \
  "[client sensor]\nlink = radio\n%s\n"                                                            \
  "[client dashboard]\n%s\n"                                                                       \
  "[publish p]\nclient = sensor\n%s\n"                                                             \
  "[subscribe s]\nclient = dashboard\n%s\n"

static Outcome *
run_sensor(const char *broker, const char *sensor, const char *dashboard, const char *publish,
           const char *subscribe)
{
  g_autofree char *text = g_strdup_printf(SENSOR, broker, sensor, dashboard, publish, subscribe);
  return kit_run(text, 1);
}

static void
assert_all(const Histogram *histogram, guint64 count, double ms)
{
  g_assert_cmpuint(histogram->count, ==, count);
  g_assert_cmpfloat_with_epsilon(histogram->min / MS, ms, 1e-9);
  g_assert_cmpfloat_with_epsilon(histogram->max / MS, ms, 1e-9);
}

/* One way up and nothing beyond: 150 ms, whatever the QoS, where the broker hands on at PUBLISH;
 * 450 ms for QoS 2 where it waits for PUBREL. The publisher hears after one round trip, with QoS 2
 * after two. */
static void
test_latency_by_qos(void)
{
  static const struct {
    const char *publish, *broker;
    double latency_ms, ack_ms;
  } rows[] = {{"qos = 0", "", 150, 0},
              {"qos = 1", "", 150, 300},
              {"qos = 2", "", 150, 600},
              {"qos = 2", "qos2_receiver = on-pubrel", 450, 600}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Outcome) outcome = run_sensor(rows[i].broker, "", "", rows[i].publish, "");
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), ==, 100);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 100);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_FATE_TOLD + FATE_ONCE * TOLD_N + TOLD_SUCCESS),
                      ==, 100);
    assert_all(kit_histogram(outcome, "p", HISTOGRAM_LATENCY), 100, rows[i].latency_ms);
    if (rows[i].ack_ms > 0)
      assert_all(kit_histogram(outcome, "p", HISTOGRAM_ACK_LATENCY), 100, rows[i].ack_ms);
  }
}

/* The subscriber's own QoS decides how it gets the message: min of both. */
static void
test_downgrade(void)
{
  g_autoptr(Outcome) outcome = run_sensor("", "", "", "qos = 2", "qos = 1");
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_DOWNGRADED), ==, 100);
  g_autoptr(Outcome) capped = run_sensor("maximum_qos = 1", "", "", "qos = 1", "qos = 2");
  g_assert_cmpfloat(kit_count(capped, "p", COUNT_DOWNGRADED), ==, 0);
  g_assert_cmpfloat(kit_count(capped, "p", COUNT_ONCE), ==, 100);
}

/* Bytes on the link of a QoS 1 publication, by hand: PUBLISH = 2 + 2 + 8 (topic) + 2 (identifier) +
 * 1 (properties) + 100 = 115, PUBACK = 4; each in one segment with 52 bytes of headers, and an
 * acknowledgement of 52 bytes in each direction. */
static void
test_bytes(void)
{
  g_autoptr(Outcome) outcome = run_sensor("", "keep_alive = never", "", "qos = 1", "");
  double messages = 100;
  g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_MQTT_BYTES_UP), ==, messages * 115);
  g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_MQTT_BYTES_DOWN), ==, messages * 4);
  double up = kit_count(outcome, "sensor", COUNT_BYTES_UP),
         down = kit_count(outcome, "sensor", COUNT_BYTES_DOWN);
  /* Some acknowledgements ride on data; none may be missing altogether. */
  g_assert_cmpfloat(up, >=, messages * (115 + 52));
  g_assert_cmpfloat(up, <=, messages * (115 + 52 + 52) + 104);
  g_assert_cmpfloat(down, >=, messages * (4 + 52));
  g_assert_cmpfloat(down, <=, messages * (4 + 52 + 52) + 104);
  g_assert_cmpfloat(kit_count(outcome, "radio", COUNT_BYTES_UP), ==, up);
}

/* Nobody subscribes: nothing is owed, nothing is lost. */
static void
test_nobody_is_owed(void)
{
  g_autoptr(Outcome) outcome = run_sensor("", "", "", "topic = a", "filter = b");
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), ==, 100);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_OWED), ==, 0);
}

/* Ten subscribers with overlapping filters: ten obligations a message, one copy each. */
static void
test_fan_out(void)
{
  g_autoptr(Outcome) outcome =
      run_sensor("", "", "count = 10", "qos = 1",
                 "filter = #\n[subscribe t]\nclient = dashboard\nfilter = sensor/+");
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_OWED), ==, 1000);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 1000);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_COMPLETE), ==, 100);
}

/* A subscriber that needs 100 ms for each message takes them one after another. */
static void
test_processing(void)
{
  g_autoptr(Outcome) outcome =
      run_sensor("", "count = 20", "", "qos = 1\nstart = 11s", "process = 100ms");
  const Histogram *latency = kit_histogram(outcome, "p", HISTOGRAM_LATENCY);
  /* Ten a second, from the first arrival until the drain is over 160 s later; what is left is
   * pending. */
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), >=, 1580);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), <=, 1601);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_LOST), ==, 0);
  /* Twenty at one instant each second need two seconds: the queue grows by ten a second. */
  g_assert_cmpfloat(histogram_quantile(latency, 0.99, 0) / 1e9, >, 40);
}

/* M/D/1: Poisson arrivals at a broker that needs 10 ms for each, rho = 0.8: the wait has the mean
 * rho / (2 (1 - rho)) = 2 services, so the time in the system is 3 services = 30 ms. */
static void
test_service_time(void)
{
  static const char text[] =
      "[experiment]\ntitle = t\nwarmup = 60s\nduration = 3000s\ndrain = 1min\n"
      "[broker hub]\nprocess = 10ms\n"
      "[client sensor]\ncount = 40\n[client dashboard]\n"
      "[publish p]\nclient = sensor\nevery = exponential(500ms)\nqos = 0\n"
      "[subscribe s]\nclient = dashboard\nqos = 0\n";
  g_autoptr(Scenario) scenario = kit_scenario(text);
  Sample sojourn_ms = {0};
  for (guint i = 0; i < 8; i++) {
    g_autoptr(Outcome) outcome = kit_run_scenario(scenario, 100 + i);
    sample_add(&sojourn_ms, histogram_mean(kit_histogram(outcome, "p", HISTOGRAM_LATENCY)) / MS);
  }
  theory_mean("M/D/1 broker, ms until handed on", &sojourn_ms, 30);
}

/* The probability that a message waits longer than x time-outs, on a link with loss p one way. k
 * losses in a row, probability (1 - p) p^k, wait 2^b (2^k - 1) time-outs, where b is the back-off
 * left by the messages before: it stands until a segment is acknowledged that was not sent twice
 * (RFC 6298, 5.7 and Karn's algorithm), so b becomes b + k after k > 0 losses, and 0 after none. */
static double
ladder_above(double p, double x)
{
  enum { STEPS = 24 };
  double left[STEPS] = {1 - p}, above = 0;
  for (guint b = 1; b < STEPS; b++)
    for (guint i = 0; i < b; i++)
      left[b] += left[i] * (1 - p) * pow(p, b - i);
  for (guint b = 0; b < STEPS; b++)
    for (guint k = 1; k < STEPS; k++)
      if (pow(2, b) * (pow(2, k) - 1) > x)
        above += left[b] * (1 - p) * pow(p, k);
  return above;
}

/* A thin stream has no fast retransmission: with the RFC 6298 stack each loss waits for the
 * time-out of 1 s, then 2 s, 4 s ... */
static void
test_retransmission_ladder(void)
{
  static const char text[] =
      "[experiment]\ntitle = t\nwarmup = 60s\nduration = 400000s\ndrain = 10min\n"
      "[link radio]\nrtt = 300ms\nup_loss = 10%\n"
      "[broker hub]\n[client sensor]\nlink = radio\ntcp = rfc6298\nkeep_alive = never\n"
      "connect_timeout = never\n[client dashboard]\n"
      "[publish p]\nclient = sensor\nevery = 100s\nqos = 1\n[subscribe s]\nclient = dashboard\n";
  g_autoptr(Outcome) outcome = kit_run(text, 5);
  const Histogram *latency = kit_histogram(outcome, "p", HISTOGRAM_LATENCY);
  const double p = 0.1;
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 4000);
  g_assert_cmpfloat_with_epsilon(latency->min / 1e9, 0.15, 1e-9);
  for (guint i = 0; i < 6; i++) {
    double wait_s = i + 0.5;
    double above = (double)histogram_above(latency, (0.15 + wait_s) * 1e9);
    g_autofree char *what = g_strdup_printf("waits above %.1f s", wait_s);
    theory_share(what, (guint64)above, latency->count, ladder_above(p, wait_s));
  }
}

/* Where the same seed, the same run: on the same machine code this is what everything else rests
 * on. */
static void
test_same_seed_same_run(void)
{
  static const char text[] =
      "[experiment]\ntitle = t\nwarmup = 30s\nduration = 5min\ndrain = 1min\nrecord = messages\n"
      "[link radio]\nprofile = catm1\nloss = 3%\noutage_every = exponential(1min)\n"
      "outage_lasts = exponential(5s)\n"
      "[broker hub]\n[client sensor]\ncount = 10\nlink = radio\nkeep_alive = 10s\n"
      "clean_start = no\nsession_expiry = 1h\n[client dashboard]\n"
      "[publish p]\nclient = sensor\nevery = exponential(1s)\nqos = 1\n"
      "[subscribe s]\nclient = dashboard\n";
  g_autoptr(Outcome) a = kit_run(text, 9);
  g_autoptr(Outcome) b = kit_run(text, 9);
  g_autoptr(Outcome) other = kit_run(text, 10);
  g_assert_cmpuint(a->fingerprint, ==, b->fingerprint);
  g_assert_cmpuint(a->events, ==, b->events);
  g_assert_cmpuint(a->fingerprint, !=, other->fingerprint);
  g_assert_cmpuint(a->messages->len, ==, b->messages->len);
  for (guint i = 0; i < a->messages->len; i++) {
    const OutcomeMessage *x = &g_array_index(a->messages, OutcomeMessage, i);
    const OutcomeMessage *y = &g_array_index(b->messages, OutcomeMessage, i);
    g_assert_cmpuint(x->id, ==, y->id);
    g_assert_cmpint(x->latency_ns, ==, y->latency_ns);
  }
}

/* An outage from 10 s to 70 s, keep alive 5 s, PINGRESP within 4 s: the client writes at 10.5 s at
 * the latest, pings 5 s later and closes 4 s after that; the broker hears nothing for 7.5 s after
 * the last packet. Both count from the start of the outage. */
static void
test_detection(void)
{
  g_autoptr(Outcome) outcome =
      run_sensor("",
                 "keep_alive = 5s\nping_timeout = 4s\nreconnect = 1s\n"
                 "[fault o]\nwhat = outage\ntarget = radio\nat = 10s\nlasts = 1min",
                 "", "qos = 1\nevery = 500ms\nstart = 10s", "");
  const Histogram *client = kit_histogram(outcome, "sensor", HISTOGRAM_DETECT_CLIENT);
  const Histogram *broker = kit_histogram(outcome, "sensor", HISTOGRAM_DETECT_BROKER);
  g_assert_cmpuint(broker->count, ==, 1);
  g_assert_cmpfloat(broker->min / 1e9, >, 6.9);
  g_assert_cmpfloat(broker->min / 1e9, <, 7.7);
  g_assert_cmpuint(client->count, ==, 1);
  g_assert_cmpfloat(client->min / 1e9, >, 4);
  g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_BLIND_S), >, 4);
  g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_BLIND_S) +
                        kit_count(outcome, "sensor", COUNT_OFFLINE_S),
                    >, 59);
}

/* A message that is larger than every buffer on the way. */
static void
test_large_payload(void)
{
  g_autoptr(Outcome) outcome = run_sensor("", "", "", "qos = 1\nsize = 300kB\nevery = 20s", "");
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), ==, 5);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 5);
}

/* Commands to one drawn client, and to each. */
static void
test_topics_that_name_others(void)
{
  static const char text[] =
      "[experiment]\ntitle = t\nwarmup = 10s\nduration = 100s\ndrain = 1min\n"
      "[broker hub]\n[client sensor]\ncount = 5\n[client server]\n"
      "[publish any]\nclient = server\ntopic = c/{any sensor}\nqos = 1\nevery = 1s\n"
      "[publish each]\nclient = server\ntopic = c/{each sensor}\nqos = 1\nevery = 10s\n"
      "[subscribe commands]\nclient = sensor\nfilter = c/{client}\n";
  g_autoptr(Outcome) outcome = kit_run(text, 3);
  g_assert_cmpfloat(kit_count(outcome, "any", COUNT_ONCE), ==, 100);
  g_assert_cmpfloat(kit_count(outcome, "any", COUNT_OWED), ==, 100);
  g_assert_cmpfloat(kit_count(outcome, "each", COUNT_PUBLISHED), ==, 50);
  g_assert_cmpfloat(kit_count(outcome, "each", COUNT_ONCE), ==, 50);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run/latency-by-qos", test_latency_by_qos);
  g_test_add_func("/run/downgrade", test_downgrade);
  g_test_add_func("/run/bytes", test_bytes);
  g_test_add_func("/run/nobody-is-owed", test_nobody_is_owed);
  g_test_add_func("/run/fan-out", test_fan_out);
  g_test_add_func("/run/processing", test_processing);
  g_test_add_func("/run/service-time", test_service_time);
  g_test_add_func("/run/retransmission-ladder", test_retransmission_ladder);
  g_test_add_func("/run/same-seed-same-run", test_same_seed_same_run);
  g_test_add_func("/run/detection", test_detection);
  g_test_add_func("/run/large-payload", test_large_payload);
  g_test_add_func("/run/topics-that-name-others", test_topics_that_name_others);
  return g_test_run();
}
