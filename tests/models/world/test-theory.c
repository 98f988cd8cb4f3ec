/* Whole runs beside closed forms: windows, outages, fleets that come back, brokers that are busy.
 * Replications are the observations. */
#include <math.h>

#include "tests/models/world/kit.h"
#include "tests/theory.h"

#define S 1e9

static Outcome *run_f(guint64 seed, const char *format, ...) G_GNUC_PRINTF(2, 3);

static Outcome *
run_f(guint64 seed, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return kit_run(text, seed);
}

/* With W messages in flight QoS 1 carries W / RTT a second and QoS 2 half of that, since the place
 * is free at PUBCOMP; whoever bounds W: the publisher, the broker's Receive Maximum, or the
 * subscriber's. */
static void
test_inflight_window(void)
{
  static const struct {
    const char *name, *sensor, *broker, *dashboard;
  } bounds[] = {{"the publisher's inflight", "link = radio\ninflight = %u", "", ""},
                {"the broker's Receive Maximum", "link = radio", "receive_maximum = %u", ""},
                {"the subscriber's Receive Maximum", "", "", "link = radio\nreceive_maximum = %u"}};
  const double rtt_s = 0.3, duration_s = 90;
  for (gsize i = 0; i < G_N_ELEMENTS(bounds); i++)
    for (guint qos = 1; qos <= 2; qos++)
      for (guint window = 1; window <= 25; window += 12) {
        g_autofree char *w = g_strdup_printf("%u", window);
        g_autofree char *text = g_strdup_printf(
            "[experiment]\ntitle = t\nwarmup = 20s\nduration = %gs\ndrain = 0s\n"
            "[link radio]\nrtt = %gs\n[broker hub]\n%s\n[client sensor]\n%s\n"
            "[client dashboard]\n%s\n[publish p]\nclient = sensor\nqos = %u\nevery = 5ms\nstart = "
            "10s\n"
            "[subscribe s]\nclient = dashboard\n",
            duration_s, rtt_s, bounds[i].broker, bounds[i].sensor, bounds[i].dashboard, qos);
        g_auto(GStrv) parts = g_strsplit(text, "%u", 2);
        g_autofree char *bounded = g_strjoinv(w, parts);
        g_autoptr(Outcome) outcome = kit_run(bounded, 1);
        double met = kit_count(outcome, "p", COUNT_MET_IN_WINDOW);
        double expected = window * duration_s / (qos * rtt_s);
        g_test_message("%s of %u, QoS %u: %.0f messages, theory %.0f", bounds[i].name, window, qos,
                       met, expected);
        g_assert_cmpfloat(fabs(met - expected), <=, window);
      }
}

/* TCP has its window too: a receive buffer's worth each round trip, whatever a message's size; less
 * a segment or two that an ACK at once acknowledges before the application has read them. (Of a
 * burst that comes at one instant all is unread when it is acknowledged, hence the rate.) */
static void
test_receive_window(void)
{
  const double buffer = 20 * 1460, rtt_s = 0.3, duration_s = 90;
  static const guint sizes[] = {1446, 500, 5000, 14000, 100000};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_autoptr(Outcome) outcome =
        run_f(1,
              "[experiment]\ntitle = t\nwarmup = 20s\nduration = %gs\ndrain = 0s\n"
              "[link radio]\nrtt = %gs\nrate = 1Gbit/s\n"
              "[tcp plain]\nprofile = rfc6298\nreceive_buffer = %gB\ndelayed_ack = 0s\n"
              "[broker hub]\ntcp = plain\n[client sensor]\nlink = radio\ntcp = plain\n"
              "[publish p]\nclient = sensor\nsize = %uB\nevery = %ums\n",
              duration_s, rtt_s, buffer, sizes[i], MAX(sizes[i] / 200, 1));
    double bytes = kit_count(outcome, "sensor", COUNT_MQTT_BYTES_UP);
    double expected = buffer * duration_s / rtt_s;
    g_test_message("messages of %u B: %.0f bytes, %.3f of theory", sizes[i], bytes,
                   bytes / expected);
    g_assert_cmpfloat(bytes, <=, expected + buffer);
    g_assert_cmpfloat(bytes, >=, expected * (1 - 2 * 1460 / buffer));
  }
}

/* TCP, CONNECT and the first PUBLISH take a round trip each. */
static void
test_first_message(void)
{
  g_autoptr(Outcome) outcome =
      run_f(1, "[experiment]\ntitle = t\nwarmup = 0s\nduration = 10s\ndrain = 10s\n"
               "[link radio]\nrtt = 300ms\n[broker hub]\n"
               "[client sensor]\nlink = radio\nstart = 0s\n"
               "[publish p]\nclient = sensor\nqos = 1\nstart = 0s\nevery = 1h\n");
  const Histogram *ack = kit_histogram(outcome, "p", HISTOGRAM_ACK_LATENCY);
  g_assert_cmpuint(ack->count, ==, 1);
  g_assert_cmpint(ack->max, ==, 900 * 1000 * 1000);
}

/* Subscribers that are away now and then, each on its own clock: 100 s here and lasts away. */
#define AWAY                                                                                       \
  "[experiment]\ntitle = t\nwarmup = 10s\nduration = 2h\ndrain = 10min\n"                          \
  "[broker hub]\n[client sensor]\n"                                                                \
  "[client dashboard]\ncount = 20\n%s\n"                                                           \
  "[publish p]\nclient = sensor\nevery = exponential(5s)\nqos = %u\n"                              \
  "[subscribe s]\nclient = dashboard\n"                                                            \
  "[fault away]\nwhat = crash\ntarget = each dashboard\ngap = exponential(100s)\nlasts = %s\n"

static const struct {
  const char *lasts;
  double mean_s, left_s; /* E[D], E[D^2] / (2 E[D]) */
} absences[] = {{"20s", 20, 10},
                {"exponential(20s)", 20, 20},
                {"uniform(0s, 40s)", 20, (400 + 1600.0 / 12) / 40}};

/* What is published at QoS 0 is lost to those that are away: MTTR / (MTBF + MTTR) of it. */
static void
test_offline_share(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(absences); i++) {
    g_autofree char *what = g_strdup_printf("QoS 0 lost, away for %s", absences[i].lasts);
    Sample lost = {0};
    for (guint run = 0; run < 20; run++) {
      g_autoptr(Outcome) outcome = run_f(100 + run, AWAY, "", 0, absences[i].lasts);
      sample_add(&lost, kit_count(outcome, "p", COUNT_LOST) / kit_count(outcome, "p", COUNT_OWED));
    }
    theory_mean(what, &lost, absences[i].mean_s / (100 + absences[i].mean_s));
  }
}

/* At QoS 1 and with a session it waits for what is left of the absence, which is more than half of
 * a mean one, since a long one catches more messages: E[D^2] / (2 E[D]). */
static void
test_residual_absence(void)
{
  static const char session[] = "clean_start = no\nsession_expiry = 1d\nstore = every-change(0s)\n";
  for (gsize i = 0; i < G_N_ELEMENTS(absences); i++) {
    g_autofree char *what = g_strdup_printf("wait for who is away for %s, s", absences[i].lasts);
    g_autofree char *share = g_strdup_printf("share that waits, away for %s", absences[i].lasts);
    Sample wait_s = {0}, waits = {0};
    for (guint run = 0; run < 20; run++) {
      g_autoptr(Outcome) outcome = run_f(100 + run, AWAY, session, 1, absences[i].lasts);
      const Histogram *latency = kit_histogram(outcome, "p", HISTOGRAM_LATENCY);
      double late = (double)histogram_above(latency, 0);
      g_assert_cmpfloat(kit_count(outcome, "p", COUNT_LOST), ==, 0);
      sample_add(&wait_s, (double)latency->sum / late / S);
      sample_add(&waits, late / (double)latency->count);
    }
    theory_mean(what, &wait_s, absences[i].left_s);
    theory_mean(share, &waits, absences[i].mean_s / (100 + absences[i].mean_s));
  }
}

/* A broker is gone for a moment, and a fleet of n comes back. Each of them publishes in that
 * moment, so that its acknowledgement tells when it was back. */
static Outcome *
fleet(guint64 seed, guint n, const char *reconnect, const char *process)
{
  return run_f(seed,
               "[experiment]\ntitle = t\nwarmup = 60s\nduration = 1min\ndrain = 1h\n"
               "[broker hub]\nprocess = %s\n"
               "[client sensor]\ncount = %u\nreconnect = %s\nkeep_alive = never\n"
               "[publish p]\nclient = sensor\nqos = 1\nstart = 70s\nevery = 1d\n"
               "[fault bang]\nwhat = crash\ntarget = hub\nat = 9999ms\nlasts = 1ms\n",
               process, n, reconnect);
}

#define FLEET 1000

static const Histogram *
fleet_back(const Outcome *outcome)
{
  const Histogram *back = kit_histogram(outcome, "p", HISTOGRAM_ACK_LATENCY);
  g_assert_cmpuint(back->count, ==, kit_count(outcome, "p", COUNT_PUBLISHED));
  return back;
}

/* A fixed delay makes one burst, in which the k-th waits k services: (n + 1) / 2 on average. */
static void
test_fleet_burst(void)
{
  g_autoptr(Outcome) idle = fleet(1, FLEET, "5s", "0s");
  g_autoptr(Outcome) busy = fleet(1, FLEET, "5s", "2ms");
  g_assert_cmpint(fleet_back(idle)->min, ==, fleet_back(idle)->max);
  g_assert_cmpint(fleet_back(busy)->max - fleet_back(idle)->max, ==, FLEET * 2000000LL);
  g_assert_cmpfloat_with_epsilon(
      (histogram_mean(fleet_back(busy)) - histogram_mean(fleet_back(idle))) / S,
      (FLEET + 1) / 2.0 * 0.002, 1e-9);
}

/* Full jitter, uniform over B: n / B a second come, independently (a tenth of B meets a binomial
 * number), and to them a broker is M/D/1. The weather of both runs is the same, so the difference
 * is the time in the broker. */
static void
test_fleet_jitter(void)
{
  const double b_s = 20, service_s = 0.01, rho = FLEET / b_s * service_s;
  Sample back = {0}, first = {0}, square = {0}, sojourn = {0};
  for (guint run = 0; run < 40; run++) {
    g_autoptr(Outcome) idle = fleet(run, FLEET, "uniform(0s, 20s)", "0s");
    g_autoptr(Outcome) busy = fleet(run, FLEET, "uniform(0s, 20s)", "10ms");
    double mean_s = histogram_mean(fleet_back(idle)) / S;
    double early = FLEET - (double)histogram_above(fleet_back(idle), b_s / 10 * S);
    sample_add(&back, mean_s);
    sample_add(&first, early);
    sample_add(&square, (early - FLEET / 10.0) * (early - FLEET / 10.0));
    sample_add(&sojourn, (histogram_mean(fleet_back(busy)) / S - mean_s) / service_s);
  }
  theory_mean("fleet with jitter, back after, s", &back, b_s / 2);
  theory_mean("back in the first tenth", &first, FLEET / 10.0);
  theory_mean("its variance", &square, FLEET * 0.1 * 0.9);
  theory_mean("services in the broker", &sojourn, 1 + rho / (2 * (1 - rho)));
}

/* The last of n exponential delays: the sum of 1 / k up to n, times their mean. */
static void
test_fleet_last(void)
{
  Sample last_s = {0};
  double expected_s = 0;
  for (guint k = 1; k <= 200; k++)
    expected_s += 20.0 / k;
  for (guint run = 0; run < 60; run++) {
    g_autoptr(Outcome) outcome = fleet(run, 200, "exponential(20s)", "0s");
    sample_add(&last_s, (double)fleet_back(outcome)->max / S);
  }
  theory_mean("the last of 200 is back after, s", &last_s, expected_s);
}

/* A broker that needs an exponential time for each message: M/M/1. */
static void
test_busy_broker(void)
{
  const double service_s = 0.007, rho = 100 * service_s;
  Sample sojourn = {0}, above = {0};
  for (guint run = 0; run < 10; run++) {
    g_autoptr(Outcome) outcome =
        run_f(run, "[experiment]\ntitle = t\nwarmup = 60s\nduration = 300s\ndrain = 1min\n"
                   "[broker hub]\nprocess = exponential(7ms)\n"
                   "[client sensor]\ncount = 50\n[client dashboard]\n"
                   "[publish p]\nclient = sensor\nevery = exponential(500ms)\nqos = 0\n"
                   "[subscribe s]\nclient = dashboard\nqos = 0\n");
    const Histogram *latency = kit_histogram(outcome, "p", HISTOGRAM_LATENCY);
    sample_add(&sojourn, histogram_mean(latency) / S / service_s);
    sample_add(&above,
               (double)histogram_above(latency, 5 * service_s * S) / (double)latency->count);
  }
  theory_mean("M/M/1 broker, services until handed on", &sojourn, 1 / (1 - rho));
  theory_mean("M/M/1 broker, share above 5 services", &above, exp(-5 * (1 - rho)));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/theory/inflight-window", test_inflight_window);
  g_test_add_func("/theory/receive-window", test_receive_window);
  g_test_add_func("/theory/first-message", test_first_message);
  g_test_add_func("/theory/offline-share", test_offline_share);
  g_test_add_func("/theory/residual-absence", test_residual_absence);
  g_test_add_func("/theory/fleet/burst", test_fleet_burst);
  g_test_add_func("/theory/fleet/jitter", test_fleet_jitter);
  g_test_add_func("/theory/fleet/last", test_fleet_last);
  g_test_add_func("/theory/busy-broker", test_busy_broker);
  return g_test_run();
}
