/* The clients of a scenario on real sockets, to the broker in a thread: the bytes are watched by
 * the monitor, and all is accounted for. */
#include "models/live/run.h"
#include "tests/models/live/kit.h"
#include "tests/models/world/kit.h"

#define HEAD                                                                                       \
  "[experiment]\ntitle = t\nwarmup = 100ms\nduration = 500ms\ndrain = %s\n"                        \
  "[link radio]\nrtt = 300ms\nloss = 30%%\n[broker hub]\nprocess = 1h\n"
#define KEEPS "clean_start = first\nsession_expiry = 1h\nreconnect = 20ms\n"
#define SUBSCRIBE "[subscribe s]\nclient = dashboard\nqos = 2\n"

static Outcome *
run_against(const Kit *kit, const char *text, const gint *cancel)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = kit_scenario(text);
  g_autoptr(LiveTarget) target =
      live_target_new("127.0.0.1", live_server_port(kit->server), &error);
  g_assert_no_error(error);
  RunRequest request = {.seed = 1, .replication = 1, .monitor = TRUE, .cancel = cancel};
  gint64 behind_ns;
  Outcome *outcome = live_run(scenario, &request, target, &behind_ns);
  if (outcome != NULL) {
    g_assert_cmpstr(outcome->breach, ==, NULL);
    kit_assert_balanced(outcome);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_OWED), >, 0);
  }
  return outcome;
}

/* Neither the loss of the link nor the time that the broker of the file takes has any part in it.
 */
static void
test_all_arrives(void)
{
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  for (guint qos = 0; qos <= 2; qos++)
    for (guint version = 0; version < 2; version++) {
      g_autofree char *text = g_strdup_printf(
          HEAD "[client sensor]\ncount = 5\nprotocol = %s\n[client dashboard]\ncount = 3\n"
               "[publish p]\nclient = sensor\nqos = %u\nsize = 200B\nevery = 5ms\n" SUBSCRIBE,
          "20s", version == 0 ? "mqtt311" : "mqtt5", qos);
      g_autoptr(Outcome) outcome = run_against(&kit, text, NULL);
      g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==,
                        kit_count(outcome, "p", COUNT_OWED));
      g_assert_cmpint(outcome->virtual_ns, <, G_GINT64_CONSTANT(10000000000));
    }
  kit_stop(&kit);
}

/* Clients die in every way, with and without a store. What a store keeps QoS 2 delivers once. */
static void
test_client_faults(void)
{
  static const char *const deaths[] = {"crash", "crash", "restart", "power-loss"};
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  for (guint d = 0; d < G_N_ELEMENTS(deaths); d++) {
    const char *store = d == 0 ? "none" : "every-change(1ms)";
    g_autofree char *text = g_strdup_printf(
        HEAD "[client sensor]\ncount = 5\nstore = %s\n" KEEPS
             "[client dashboard]\nstore = %s\n" KEEPS
             "[publish p]\nclient = sensor\nqos = 2\nevery = 5ms\n" SUBSCRIBE
             "[fault f]\nwhat = %s\ntarget = each sensor\nevery = 150ms\nlasts = 50ms\n"
             "[fault g]\nwhat = %s\ntarget = dashboard\nat = 300ms\nlasts = 50ms\n"
             "[fault h]\nwhat = crash\ntarget = hub\nat = 200ms\nlasts = 50ms\n",
        "1500ms", store, store, deaths[d], deaths[d]);
    g_autoptr(Outcome) outcome = run_against(&kit, text, NULL);
    g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_RECONNECTS), >, 2);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_DUPLICATED), ==, 0);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PENDING), ==, 0);
    if (d > 0)
      g_assert_cmpfloat(kit_count(outcome, "p", COUNT_LOST), ==,
                        kit_count(outcome, "p", COUNT_LOST_CAUSE + CAUSE_PUBLISHER_STATE_LOST));
  }
  kit_stop(&kit);
}

/* What a broker has taken and does not hand on, because its subscriber takes no packet of that
 * size, is lost beyond view. */
static void
test_beyond_view(void)
{
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  g_autofree char *text =
      g_strdup_printf(HEAD "[client sensor]\ncount = 20\n[client dashboard]\nmaximum_packet_size = "
                           "100B\n[publish p]\nclient = sensor\nqos = 1\nsize = 200B\n"
                           "every = 20ms\n" SUBSCRIBE,
                      "1s");
  g_autoptr(Outcome) outcome = run_against(&kit, text, NULL);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_LOST_CAUSE + CAUSE_BEYOND_VIEW), ==,
                    kit_count(outcome, "p", COUNT_OWED));
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_SILENT_LOSS), ==,
                    kit_count(outcome, "p", COUNT_OWED));
  kit_stop(&kit);
}

/* A subscriber that takes its time stops reading meanwhile; nothing is lost by it. */
static void
test_slow_application(void)
{
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  g_autofree char *text = g_strdup_printf(
      HEAD "[client sensor]\ncount = 5\n[client dashboard]\n"
           "[publish p]\nclient = sensor\nqos = 1\nsize = 10kB\nevery = 5ms\n" SUBSCRIBE
           "process = 2ms\n",
      "20s");
  g_autoptr(Outcome) outcome = run_against(&kit, text, NULL);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, kit_count(outcome, "p", COUNT_OWED));
  g_assert_cmpint(outcome->virtual_ns, >, G_GINT64_CONSTANT(1000000000));
  kit_stop(&kit);
}

static void
test_cancelled(void)
{
  Kit kit;
  gint cancel = 1;
  kit_init(&kit);
  kit_start(&kit);
  g_autofree char *text = g_strdup_printf(
      HEAD "[client sensor]\n[client dashboard]\n[publish p]\nclient = sensor\n" SUBSCRIBE, "20s");
  g_assert_null(run_against(&kit, text, &cancel));
  kit_stop(&kit);
}

static void
test_nobody(void)
{
  Kit kit;
  g_autoptr(GError) error = NULL;
  kit_init(&kit);
  kit_start(&kit);
  guint16 port = live_server_port(kit.server);
  kit_stop(&kit);
  g_assert_null(live_target_new("127.0.0.1", port, &error));
  g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/live/run/all-arrives", test_all_arrives);
  g_test_add_func("/live/run/client-faults", test_client_faults);
  g_test_add_func("/live/run/beyond-view", test_beyond_view);
  g_test_add_func("/live/run/slow-application", test_slow_application);
  g_test_add_func("/live/run/cancelled", test_cancelled);
  g_test_add_func("/live/run/nobody", test_nobody);
  return g_test_run();
}
