/* How processes end, and what of their state is there when they begin again: each kind of end with
 * each kind of store. */
#include "tests/models/world/kit.h"

typedef struct {
  const char *what, *store;
  gboolean session_kept; /* subscriptions and queue are there again */
  gboolean no_loss;      /* nothing that was acknowledged is lost */
} Case;

static const Case cases[] = {
    {"crash", "none", FALSE, FALSE},
    {"crash", "every-change(2ms)", TRUE, TRUE},
    {"crash", "snapshot(15s)", TRUE, FALSE},
    {"restart", "none", FALSE, FALSE},
    {"restart", "every-change(2ms)", TRUE, TRUE},
    {"restart", "snapshot(1h)", TRUE, TRUE},
    {"power-loss", "none", FALSE, FALSE},
    {"power-loss", "every-change(2ms)", TRUE, TRUE},
    {"power-loss", "snapshot(15s)", TRUE, FALSE},
};

/* A broker dies while a subscriber is away: what waits for it is the broker's alone. */
static void
test_broker(void)
{
  static const char text[] =
      "[experiment]\ntitle = ends\nwarmup = 30s\nduration = 60s\ndrain = 10min\n"
      "[link radio]\nrtt = 100ms\n"
      "[broker hub]\nstore = %s\n"
      "[client sensor]\ncount = 5\nlink = radio\nkeep_alive = 5s\nclean_start = no\n"
      "session_expiry = 1h\nreconnect = 1s\n"
      "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = %u\nevery = 1s\n"
      "[client dashboard]\nlink = radio\nkeep_alive = 5s\nclean_start = no\nsession_expiry = 1h\n"
      "reconnect = 1s\nstore = every-change(1ms)\n"
      "[subscribe all]\nclient = dashboard\nqos = 2\n"
      "[fault away]\nwhat = crash\ntarget = dashboard\nat = 20s\nlasts = 25s\n"
      "[fault bang]\nwhat = %s\ntarget = hub\nat = 40s\nlasts = 3s\n";
  for (guint8 qos = 1; qos <= 2; qos++)
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
      g_autofree char *one = g_strdup_printf(text, cases[i].store, qos, cases[i].what);
      g_autoptr(Outcome) outcome = kit_run(one, 7);
      kit_assert_balanced(outcome);
      double lost = kit_count(outcome, "reading", COUNT_LOST);
      g_test_message("%s, %s, QoS %u: %g lost", cases[i].what, cases[i].store, qos, lost);
      if (cases[i].no_loss) {
        g_assert_cmpfloat(lost, ==, 0);
        if (qos == 2)
          g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_DUPLICATED), ==, 0);
      } else if (!cases[i].session_kept) {
        g_assert_cmpfloat(lost, >=, 90); /* 20 s of 5 sensors */
      } else {
        g_assert_cmpfloat(lost, >, 0); /* since the last snapshot */
        g_assert_cmpfloat(lost, <, 90);
      }
    }
}

/* A publisher dies in the middle of its exchanges. What it has handed to TCP arrives, but a broker
 * that hands on at PUBREL waits for one that a publisher without a store will never send. Nothing
 * that was told to have succeeded is lost. */
static void
test_publisher(void)
{
  static const char text[] =
      "[experiment]\ntitle = ends\nwarmup = 30s\nduration = 120s\ndrain = 10min\n"
      "[link radio]\nrtt = 2s\n"
      "[broker hub]\nqos2_receiver = on-pubrel\n"
      "[client sensor]\ncount = 5\nlink = radio\nkeep_alive = 10s\nclean_start = no\n"
      "session_expiry = 1h\nreconnect = 1s\nstore = %s\n"
      "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 2\nevery = 500ms\n"
      "[client dashboard]\n[subscribe all]\nclient = dashboard\nqos = 2\n"
      "[fault bang]\nwhat = %s\ntarget = each sensor\nevery = 20s\nlasts = 3s\n";
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *one = g_strdup_printf(text, cases[i].store, cases[i].what);
    g_autoptr(Outcome) outcome = kit_run(one, 7);
    kit_assert_balanced(outcome);
    double lost = kit_count(outcome, "reading", COUNT_LOST);
    double told =
        kit_count(outcome, "reading", COUNT_FATE_TOLD + FATE_LOST * TOLD_N + TOLD_SUCCESS);
    g_test_message("%s, %s: %g lost, %g of them told success", cases[i].what, cases[i].store, lost,
                   told);
    /* A snapshot knows neither which identifiers the broker still holds nor what is done since. */
    double mistaken = kit_count(outcome, "reading", COUNT_SILENT_CAUSE + CAUSE_TAKEN_FOR_DUPLICATE);
    g_assert_cmpfloat(mistaken, ==, told);
    if (g_str_equal(cases[i].store, "snapshot(15s)"))
      g_assert_cmpfloat(told, >, 0);
    else
      g_assert_cmpfloat(told, ==, 0);
    if (cases[i].no_loss && g_str_equal(cases[i].what, "restart"))
      g_assert_cmpfloat(lost, ==, 0);
    if (g_str_equal(cases[i].store, "none"))
      g_assert_cmpfloat(lost, >, 0);
  }
}

/* Seconds until a client notices that its broker is gone, the median of many. */
static double
noticed(const char *what, const char *lasts)
{
  g_autofree char *text = g_strdup_printf(
      "[experiment]\ntitle = ends\nwarmup = 30s\nduration = 10min\ndrain = 1min\n"
      "[link radio]\nrtt = 100ms\n"
      "[broker hub]\n"
      "[client sensor]\ncount = 50\nlink = radio\nkeep_alive = 20s\nping_timeout = 10s\n"
      "reconnect = 1s\n"
      "[client dashboard]\n[subscribe all]\nclient = dashboard\n"
      "[publish reading]\nclient = sensor\nqos = 1\nevery = 1h\n"
      "[fault bang]\nwhat = %s\ntarget = hub\nat = 3min\nlasts = %s\n",
      what, lasts);
  g_autoptr(Outcome) outcome = kit_run(text, 3);
  const Histogram *detect = kit_histogram(outcome, "sensor", HISTOGRAM_DETECT_CLIENT);
  return detect->count > 0 ? histogram_quantile(detect, 0.5, 0) / 1e9 : 0;
}

/* A crash says FIN: who is connected knows at once, and no connection was doomed. A loss of power
 * says nothing: a client notices by its keep alive, or when its host is there again and answers
 * with a reset. */
static void
test_notice(void)
{
  g_assert_cmpfloat(noticed("crash", "2min"), ==, 0);
  g_assert_cmpfloat(noticed("restart", "2min"), ==, 0);
  double dark = noticed("power-loss", "2min"), brief = noticed("power-loss", "2s");
  g_test_message("dark for 2 min: noticed after %.1f s, for 2 s: after %.1f s", dark, brief);
  g_assert_cmpfloat(dark, >, 10); /* the rest of a keep alive, and 10 s for the PINGRESP */
  g_assert_cmpfloat(dark, <, 30);
  g_assert_cmpfloat(brief, <, 20.2); /* the next PINGREQ meets a reset */
}

/* A share of a group: exactly that many, others each time. */
static void
test_share(void)
{
  static const char text[] =
      "[experiment]\ntitle = ends\nwarmup = 10s\nduration = 100s\ndrain = 10s\n"
      "[broker hub]\n"
      "[client sensor]\ncount = 20\nreconnect = 100ms\n"
      "[publish reading]\nclient = sensor\nevery = 1s\n"
      "[client dashboard]\n[subscribe all]\nclient = dashboard\n"
      "[fault bang]\nwhat = crash\ntarget = sensor\nshare = %s\nevery = 30s\nat = 5s\n";
  static const struct {
    const char *share;
    double reconnects;
  } rows[] = {{"100%", 80}, {"25%", 20}, {"1%", 4}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *one = g_strdup_printf(text, rows[i].share);
    g_autoptr(Outcome) outcome = kit_run(one, 3);
    g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_RECONNECTS), ==, rows[i].reconnects);
  }
}

/* A broker that falls every 10 s. A back-off that CONNACK starts anew waits 1 s each time; one that
 * no connection lives to reset waits 1, 2, 4, 8, 16, 32 s and is back at 6, 17, 29, 43, 61, 97 s;
 * one that 5 s reset finds each connection 9 s old. */
static void
test_backoff_reset(void)
{
  static const struct {
    const char *reset;
    double reconnects;
  } rows[] = {{"", 10}, {", reset=connack", 10}, {", reset=1h", 6}, {", reset=5s", 10}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text =
        g_strdup_printf("[experiment]\ntitle = ends\nwarmup = 10s\nduration = 100s\ndrain = 10s\n"
                        "[broker hub]\n"
                        "[client sensor]\nreconnect = backoff(1s, max=64s%s)\n"
                        "[publish reading]\nclient = sensor\nevery = 1s\n"
                        "[client dashboard]\n[subscribe all]\nclient = dashboard\n"
                        "[fault bang]\nwhat = crash\ntarget = hub\nevery = 10s\nat = 5s\n",
                        rows[i].reset);
    g_autoptr(Outcome) outcome = kit_run(text, 3);
    g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_RECONNECTS), ==, rows[i].reconnects);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ends/broker", test_broker);
  g_test_add_func("/ends/publisher", test_publisher);
  g_test_add_func("/ends/notice", test_notice);
  g_test_add_func("/ends/share", test_share);
  g_test_add_func("/ends/backoff-reset", test_backoff_reset);
  return g_test_run();
}
