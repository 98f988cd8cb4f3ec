/* A connection or a process dies while a message is here or there: each gets its right cause; and
 * nothing is lost or doubled where state is kept. */
#include "tests/models/world/kit.h"

#include <string.h>

/* One message a run: published 10 s after time zero, 150 ms one way, the rest differs. */
#define HEAD                                                                                       \
  "[experiment]\ntitle = t\nwarmup = 10s\nduration = 11s\ndrain = 10min\nrecord = messages\n"
#define ONE_MESSAGE                                                                                \
  "[publish p]\nclient = sensor\nstart = 20s\nevery = 1h\n%s\n"                                    \
  "[subscribe s]\nclient = dashboard\nqos = 2\n"

static void
assert_cause(const char *text, Cause cause, Told told)
{
  g_autoptr(Outcome) outcome = kit_run(text, 1);
  g_assert_cmpuint(outcome->messages->len, ==, 1);
  const OutcomeMessage *row = &g_array_index(outcome->messages, OutcomeMessage, 0);
  g_assert_cmpstr(fate_name(row->fate), ==, fate_name(cause == CAUSE_NONE ? FATE_ONCE : FATE_LOST));
  g_assert_cmpstr(cause_name(row->cause), ==, cause_name(cause));
  g_assert_cmpstr(told_name(row->told), ==, told_name(told));
}

/* The application calls publish() in an outage that the client has noticed: the message waits in
 * the machine, and dies with it. */
static void
test_in_the_application_queue(void)
{
  g_autofree char *text = g_strdup_printf(
      HEAD
      "[link radio]\nrtt = 300ms\n[broker hub]\n"
      "[client sensor]\nlink = radio\nkeep_alive = 1s\nping_timeout = 1s\noffline_queue = all\n"
      "[client dashboard]\n[fault o]\nwhat = outage\ntarget = radio\nat = 1s\nlasts = 1min\n"
      "[fault c]\nwhat = crash\ntarget = sensor\nat = 20s\nlasts = 1s\n" ONE_MESSAGE,
      "qos = 0");
  assert_cause(text, CAUSE_PUBLISHER_STATE_LOST, TOLD_SUCCESS);
}

/* It was written to TCP in an outage that nobody has noticed; the client gives the connection up,
 * the broker too. */
static void
test_in_the_send_buffer(void)
{
  g_autofree char *text =
      g_strdup_printf(HEAD "[link radio]\nrtt = 300ms\n[broker hub]\n"
                           "[client sensor]\nlink = radio\nkeep_alive = 5s\nping_timeout = 5s\n"
                           "[client dashboard]\n[fault o]\nwhat = outage\ntarget = radio\nat = "
                           "9990ms\nlasts = 1min\n" ONE_MESSAGE,
                      "qos = 0");
  assert_cause(text, CAUSE_CONNECTION_LOST, TOLD_SUCCESS);
}

/* It is on its way when the broker's process dies: its bytes are answered with a reset. */
static void
test_on_the_link(void)
{
  g_autofree char *text = g_strdup_printf(
      HEAD "[link radio]\nrtt = 300ms\n[broker hub]\n[client sensor]\nlink = radio\n"
           "[client dashboard]\n"
           "[fault c]\nwhat = crash\ntarget = hub\nat = 10100ms\nlasts = 1s\n" ONE_MESSAGE,
      "qos = 0");
  assert_cause(text, CAUSE_CONNECTION_LOST, TOLD_SUCCESS);
}

/* It has arrived at the broker's host, whose process is busy with another message and dies. */
static void
test_in_the_receive_buffer(void)
{
  g_autofree char *text = g_strdup_printf(
      HEAD "[link radio]\nrtt = 300ms\n[broker hub]\nprocess = 5s\n"
           "[client sensor]\nlink = radio\n[client other]\n[client dashboard]\n"
           "[publish busy]\nclient = other\ntopic = nobody\nstart = 20050ms\nevery = 1h\n"
           "[fault c]\nwhat = crash\ntarget = hub\nat = 11s\nlasts = 1s\n"
           "[publish p]\nclient = sensor\nstart = 20s\nevery = 1h\nqos = 0\ntopic = a\n"
           "[subscribe s]\nclient = dashboard\nfilter = a\n");
  g_autoptr(Outcome) outcome = kit_run(text, 1);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_LOST_CAUSE + CAUSE_CONNECTION_LOST), ==, 1);
}

/* The process of the publisher dies, but its kernel still sends what it holds: the message arrives.
 */
static void
test_kernel_outlives_process(void)
{
  g_autofree char *text = g_strdup_printf(
      HEAD "[link radio]\nrtt = 300ms\n[broker hub]\n[client sensor]\nlink = radio\n"
           "[client dashboard]\n"
           "[fault c]\nwhat = crash\ntarget = sensor\nat = 10001ms\nlasts = 1s\n" ONE_MESSAGE,
      "qos = 1");
  assert_cause(text, CAUSE_NONE, TOLD_NOTHING);
}

/* The client knows that it has no connection and refuses. */
static void
test_refused_while_offline(void)
{
  g_autofree char *text =
      g_strdup_printf(HEAD "[link radio]\nrtt = 300ms\n[broker hub]\n"
                           "[client sensor]\nlink = radio\nkeep_alive = 1s\nping_timeout = 1s\n"
                           "[client dashboard]\n[fault o]\nwhat = outage\ntarget = radio\nat = "
                           "1s\nlasts = 1min\n" ONE_MESSAGE,
                      "qos = 0");
  assert_cause(text, CAUSE_REFUSED_BY_CLIENT, TOLD_FAILURE);
}

/* The subscriber is away: without a session nobody keeps it; with one, QoS 0 is not kept, QoS 1 is.
 */
static void
test_subscriber_away(void)
{
  static const struct {
    const char *session, *publish;
    Cause cause;
  } rows[] = {
      {"", "qos = 1", CAUSE_NO_SESSION},
      {"clean_start = no\nsession_expiry = 1h", "qos = 0", CAUSE_SUBSCRIBER_OFFLINE},
      {"clean_start = no\nsession_expiry = 1h\nstore = every-change(1ms)", "qos = 1", CAUSE_NONE},
      /* Back without memory, it must not take a session that it knows nothing of [MQTT-3.2.2-4]. */
      {"clean_start = no\nsession_expiry = 1h", "qos = 1", CAUSE_SESSION_DISCARDED},
      {"clean_start = no\nsession_expiry = 2s", "qos = 1", CAUSE_NO_SESSION}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = g_strdup_printf(
        HEAD "[broker hub]\n[client sensor]\n[client dashboard]\n%s\n"
             "[fault c]\nwhat = crash\ntarget = dashboard\nat = 5s\nlasts = 1min\n" ONE_MESSAGE,
        rows[i].session, rows[i].publish);
    assert_cause(text, rows[i].cause, TOLD_SUCCESS);
  }
}

static void
test_session_expires_with_the_message(void)
{
  g_autofree char *text = g_strdup_printf(
      HEAD
      "[broker hub]\n[client sensor]\n[client dashboard]\nclean_start = no\nsession_expiry = 30s\n"
      "[fault c]\nwhat = crash\ntarget = dashboard\nat = 5s\nlasts = 1min\n" ONE_MESSAGE,
      "qos = 1");
  assert_cause(text, CAUSE_SESSION_EXPIRED, TOLD_SUCCESS);
}

static void
test_queue_full(void)
{
  static const char text[] = HEAD
      "[broker hub]\nqueue = 3\ninflight = 2\n[client sensor]\n[client dashboard]\n"
      "clean_start = no\nsession_expiry = 1h\nstore = every-change(1ms)\n"
      "[fault c]\nwhat = crash\ntarget = dashboard\nat = 1s\nlasts = 1min\n"
      "[publish p]\nclient = sensor\nqos = 1\nstart = 12s\n[subscribe s]\nclient = dashboard\n";
  g_autoptr(Outcome) outcome = kit_run(text, 1);
  double full = kit_count(outcome, "p", COUNT_LOST_CAUSE + CAUSE_BROKER_QUEUE_FULL);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), ==, 9);
  g_assert_cmpfloat(full, >=, 4);
  g_assert_cmpfloat(full + kit_count(outcome, "p", COUNT_ONCE), ==, 9);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_SILENT_LOSS), ==, full);
}

/* The broker's process dies with a message that it has acknowledged and that waits for the
 * subscriber. */
static void
test_broker_state_lost(void)
{
  static const char text[] = HEAD
      "[broker hub]\n[client sensor]\n[client dashboard]\nclean_start = no\nsession_expiry = 1h\n"
      "[fault c]\nwhat = crash\ntarget = dashboard\nat = 5s\nlasts = 1min\n"
      "[fault d]\nwhat = crash\ntarget = hub\nat = 20s\nlasts = 1s\n"
      "[publish p]\nclient = sensor\nqos = 2\nstart = 20s\nevery = 1h\n"
      "[subscribe s]\nclient = dashboard\n";
  assert_cause(text, CAUSE_BROKER_STATE_LOST, TOLD_SUCCESS);
}

/* ---- a crash at every event of a run of some 200 events ---- */

#define QOS_2                                                                                      \
  "[experiment]\ntitle = t\nwarmup = 5s\nduration = 9s\ndrain = 10min\n"                           \
  "[link radio]\nrtt = 300ms\nloss = 5%%\n"                                                        \
  "[broker hub]\nqos2_receiver = %s\n%s\n"                                                         \
  "[client sensor]\nlink = radio\nclean_start = no\nsession_expiry = never\n"                      \
  "reconnect = 500ms\nqos2_receiver = %s\n%s\n"                                                    \
  "[client dashboard]\nlink = radio\nclean_start = no\nsession_expiry = never\nreconnect = "       \
  "500ms\n"                                                                                        \
  "qos2_receiver = %s\n%s\n"                                                                       \
  "[publish p]\nclient = sensor\nqos = 2\nevery = 500ms\nstart = 4s\n"                             \
  "[subscribe s]\nclient = dashboard\n"

enum { CRASH_SENSOR, CRASH_DASHBOARD, CRASH_HUB, CRASH_N };

/* Crashes `what` after n events from time zero on; FALSE: the run has no so many. */
static gboolean
crash_at(const Scenario *scenario, guint what, guint n, double lost[CAUSE_N], double *duplicated)
{
  RunRequest request = {.seed = 4, .replication = 1, .monitor = TRUE};
  g_autoptr(World) world = world_new(scenario, &request);
  guint events = 0;
  gboolean more = TRUE;
  while (more && events < n) {
    more = world_step(world);
    events += world_now(world) >= 0;
  }
  if (!more)
    return FALSE;
  if (what == CRASH_HUB)
    world_crash_broker(world, 0, 1000000000);
  else
    world_crash_client(world, what, 1000000000);
  while (world_step(world))
    continue;
  g_autoptr(Outcome) outcome = world_finish(world);
  if (outcome->breach != NULL)
    g_error("crash of %u at event %u: %s", what, n, outcome->breach);
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PENDING), ==, 0);
  for (guint cause = 0; cause < CAUSE_N; cause++)
    lost[cause] += kit_count(outcome, "p", COUNT_LOST_CAUSE + cause);
  *duplicated += kit_count(outcome, "p", COUNT_DUPLICATED);
  return TRUE;
}

static void
crash_everywhere(const char *store, const char *receiver, guint what, double lost[CAUSE_N],
                 double *duplicated, guint *events)
{
  g_autofree char *text = g_strdup_printf(QOS_2, receiver, store, receiver, store, receiver, store);
  g_autoptr(Scenario) scenario = kit_scenario(text);
  guint n = 0;
  while (n < 200 && crash_at(scenario, what, n, lost, duplicated))
    n++;
  *events = n;
}

static void
test_crash_with_store(void)
{
  static const char *const receivers[] = {"on-publish", "on-pubrel"};
  for (guint r = 0; r < G_N_ELEMENTS(receivers); r++)
    for (guint what = 0; what < CRASH_N; what++) {
      double lost[CAUSE_N] = {0}, duplicated = 0;
      guint events;
      crash_everywhere("store = every-change(3ms)", receivers[r], what, lost, &duplicated, &events);
      g_test_message("%s, crash of %u at %u events: %g publisher-state-lost", receivers[r], what,
                     events, lost[CAUSE_PUBLISHER_STATE_LOST]);
      g_assert_cmpuint(events, ==, 200);
      g_assert_cmpfloat(duplicated, ==, 0);
      for (guint cause = 0; cause < CAUSE_N; cause++)
        if (cause != CAUSE_PUBLISHER_STATE_LOST) /* publish() returns before its write is done */
          g_assert_cmpfloat(lost[cause], ==, 0);
      if (what != CRASH_SENSOR)
        g_assert_cmpfloat(lost[CAUSE_PUBLISHER_STATE_LOST], ==, 0);
    }
}

static void
test_crash_without_store(void)
{
  static const Cause allowed[CRASH_N][3] = {
      /* The PUBREL of what the broker holds will not come: the client that has forgotten its
       * session begins a new one. */
      [CRASH_SENSOR] = {CAUSE_PUBLISHER_STATE_LOST, CAUSE_SESSION_DISCARDED},
      /* And until the new one has the subscription, messages come to nobody. */
      [CRASH_DASHBOARD] = {CAUSE_SUBSCRIBER_STATE_LOST, CAUSE_SESSION_DISCARDED, CAUSE_NO_SESSION},
      [CRASH_HUB] = {CAUSE_BROKER_STATE_LOST, CAUSE_NO_SESSION, CAUSE_SESSION_DISCARDED},
  };
  for (guint what = 0; what < CRASH_N; what++) {
    double lost[CAUSE_N] = {0}, duplicated = 0, sum = 0;
    guint events;
    crash_everywhere("", "on-pubrel", what, lost, &duplicated, &events);
    for (guint cause = 0; cause < CAUSE_N; cause++) {
      gboolean expected = lost[cause] == 0;
      for (guint i = 0; i < 3; i++)
        expected |= allowed[what][i] == cause;
      if (lost[cause] > 0)
        g_test_message("crash of %u: %g by %s", what, lost[cause], cause_name((Cause)cause));
      g_assert_true(expected);
      sum += lost[cause];
    }
    g_test_message("crash of %u at %u events: %g lost, %g duplicated", what, events, sum,
                   duplicated);
    g_assert_cmpuint(events, ==, 200);
    g_assert_cmpfloat(sum + duplicated, >, 0);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/kill/in-the-application-queue", test_in_the_application_queue);
  g_test_add_func("/kill/in-the-send-buffer", test_in_the_send_buffer);
  g_test_add_func("/kill/on-the-link", test_on_the_link);
  g_test_add_func("/kill/in-the-receive-buffer", test_in_the_receive_buffer);
  g_test_add_func("/kill/kernel-outlives-process", test_kernel_outlives_process);
  g_test_add_func("/kill/refused-while-offline", test_refused_while_offline);
  g_test_add_func("/kill/subscriber-away", test_subscriber_away);
  g_test_add_func("/kill/session-expires-with-the-message", test_session_expires_with_the_message);
  g_test_add_func("/kill/queue-full", test_queue_full);
  g_test_add_func("/kill/broker-state-lost", test_broker_state_lost);
  g_test_add_func("/kill/crash-with-store", test_crash_with_store);
  g_test_add_func("/kill/crash-without-store", test_crash_without_store);
  return g_test_run();
}
