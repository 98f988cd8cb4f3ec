/* What MQTT 5.0 has beside publish and subscribe, in whole runs. */
#include "tests/models/world/kit.h"

#define HEAD                                                                                       \
  "[experiment]\ntitle = features\nwarmup = 10s\nduration = 60s\ndrain = 30s\n"                    \
  "[broker hub]\ntopic_alias_maximum = 10\n"
#define PUBLISHER                                                                                  \
  "[client sensor]\ncount = 3\n"                                                                   \
  "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 1\nevery = 1s\n"

static void
assert_all_once(const Outcome *outcome, double messages)
{
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_OWED), ==, messages);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_ONCE), ==, messages);
}

/* A group of workers is owed one copy of each message, and gets it, though one of them leaves again
 * and again. */
static void
test_shared(void)
{
  g_autoptr(Outcome) outcome =
      kit_run(HEAD PUBLISHER
              "[client worker]\ncount = 4\nclean_start = no\nsession_expiry = 1h\n"
              "[subscribe work]\nclient = worker\nfilter = $share/workers/fleet/+\nqos = 2\n",
              1);
  assert_all_once(outcome, 180);
  g_autoptr(Outcome) crashes =
      kit_run(HEAD PUBLISHER
              "[client worker]\ncount = 4\nclean_start = no\nsession_expiry = 1h\nstore = "
              "every-change(1ms)\n"
              "[subscribe work]\nclient = worker\nfilter = $share/workers/fleet/+\nqos = 2\n"
              "[fault leaves]\nwhat = crash\ntarget = each worker\nevery = 20s\nlasts = 5s\n",
              1);
  assert_all_once(crashes, 180);
}

/* What is under way to a group when the run ends is pending. */
static void
test_shared_pending(void)
{
  g_autoptr(Outcome) outcome = kit_run(
      "[experiment]\ntitle = features\nwarmup = 10s\nduration = 60s\ndrain = 0s\n"
      "[broker hub]\n[link far]\nrtt = 2s\n" PUBLISHER "[client worker]\ncount = 4\nlink = far\n"
      "[subscribe work]\nclient = worker\nfilter = $share/workers/fleet/+\nqos = 1\n",
      1);
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_OWED), ==, 180);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_PENDING), ==, 3);
}

/* Two groups are owed two copies, a client that shares nothing one more. */
static void
test_groups_and_others(void)
{
  g_autoptr(Outcome) outcome =
      kit_run(HEAD PUBLISHER "[client worker]\ncount = 4\n"
                             "[client archive]\n[client dashboard]\n"
                             "[subscribe work]\nclient = worker\nfilter = $share/g/fleet/+\n"
                             "[subscribe keep]\nclient = archive\nfilter = $share/h/fleet/+\n"
                             "[subscribe all]\nclient = dashboard\nfilter = #\n",
              1);
  assert_all_once(outcome, 540);
}

/* Which of its subscriptions a client handles a message by is looked up by the topic: one alarm
 * after another, each while the next is waiting. */
static void
test_two_subscriptions(void)
{
  g_autoptr(Outcome) outcome = kit_run(
      HEAD "[client sensor]\n"
           "[publish alarm]\nclient = sensor\ntopic = alarm/{client}\nevery = 4s\nsize = 4kB\n"
           "[client dashboard]\n"
           "[subscribe alarms]\nclient = dashboard\nfilter = alarm/#\nprocess = 5s\n"
           "[subscribe others]\nclient = dashboard\nfilter = fleet/#\n",
      1);
  const Histogram *latency = kit_histogram(outcome, "alarm", HISTOGRAM_LATENCY);
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(histogram_mean(latency), >, 5e9);
}

/* A subscriber that begins anew each time is given the last reading again: no extra copy. */
static void
test_retained(void)
{
  g_autoptr(Outcome) outcome = kit_run(
      HEAD "[client sensor]\n"
           "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 1\nevery = 10s\n"
           "retain = yes\n"
           "[client dashboard]\n[subscribe all]\nclient = dashboard\nfilter = fleet/+\n"
           "[fault leaves]\nwhat = crash\ntarget = dashboard\nat = 25s\nlasts = 1s\n",
      1);
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_ONCE), ==, 6);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_EXTRA_COPIES), ==, 0);
}

/* What is published while the subscriber has no session is not owed to it. */
static void
test_no_local(void)
{
  static const char both[] = HEAD "[client peer]\ncount = 2\n"
                                  "[publish reading]\nclient = peer\ntopic = chat\nevery = 1s\n"
                                  "[subscribe chat]\nclient = peer\nfilter = chat\nno_local = %s\n";
  for (guint i = 0; i < 2; i++) {
    g_autofree char *text = g_strdup_printf(both, i == 0 ? "no" : "yes");
    g_autoptr(Outcome) outcome = kit_run(text, 1);
    assert_all_once(outcome, i == 0 ? 240 : 120);
  }
}

/* Messages that wait for a slow link die of age. */
static void
test_message_expiry(void)
{
  g_autoptr(Outcome) outcome = kit_run(
      HEAD "[link slow]\nrate = 4kbit/s\n"
           "[client sensor]\nlink = perfect\n"
           "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 1\nevery = 250ms\n"
           "size = 500B\nmessage_expiry = 5s\n"
           "[client dashboard]\nlink = slow\nreceive_maximum = 1\n"
           "[subscribe all]\nclient = dashboard\nfilter = #\n",
      1);
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_LOST_CAUSE + CAUSE_MESSAGE_EXPIRED), >,
                    100);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_ONCE), >, 20);
}

static double
bytes_up(const char *alias)
{
  g_autofree char *text = g_strdup_printf(
      HEAD "[client sensor]\nlink = ethernet\n"
           "[publish reading]\nclient = sensor\n"
           "topic = a/rather/long/topic/for/a/sensor/{client}\nevery = 1s\ntopic_alias = %s\n"
           "[client dashboard]\n[subscribe all]\nclient = dashboard\n",
      alias);
  g_autoptr(Outcome) outcome = kit_run(text, 1);
  assert_all_once(outcome, 60);
  return kit_count(outcome, "sensor", COUNT_MQTT_BYTES_UP);
}

/* From the second message on 3 bytes of property stand for 42 of topic. */
static void
test_alias(void)
{
  g_assert_cmpfloat(bytes_up("no") - bytes_up("yes"), ==, 60 * (42 - 3));
}

/* A broker loses its sessions; who ignores that sends what was unacknowledged all the same. */
static void
test_session_present(void)
{
  static const char text[] =
      HEAD "[link radio]\nrtt = 2s\n"
           "[client sensor]\ncount = 20\nlink = radio\nclean_start = no\nsession_expiry = 1h\n"
           "session_present = %s\nreconnect = 1s\n"
           "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 1\nevery = 1s\n"
           "[client dashboard]\nreconnect = 100ms\n"
           "[subscribe all]\nclient = dashboard\nfilter = #\n"
           "[fault crash]\nwhat = crash\ntarget = hub\nat = 30s\nlasts = 1s\n";
  double lost[2];
  for (guint i = 0; i < 2; i++) {
    g_autofree char *one = g_strdup_printf(text, i == 0 ? "obey" : "ignore");
    g_autoptr(Outcome) outcome = kit_run(one, 1);
    kit_assert_balanced(outcome);
    lost[i] = kit_count(outcome, "reading", COUNT_LOST);
  }
  g_assert_cmpfloat(lost[0], >=, 20);
  g_assert_cmpfloat(lost[1], <, lost[0] / 2);
}

/* A broker without a store restarts: who subscribes at each connection, or when it is told that its
 * session is gone, hears the rest; who subscribes once does not. */
static void
test_resubscribe(void)
{
  static const char text[] =
      HEAD "[client sensor]\nreconnect = 100ms\n"
           "[publish reading]\nclient = sensor\ntopic = t\nqos = 0\nevery = 1s\n"
           "[client dashboard]\nreconnect = 100ms\nclean_start = no\nsession_expiry = 1h\n"
           "resubscribe = %s\n[subscribe all]\nclient = dashboard\nfilter = #\n%s";
  static const char restart[] = "[fault stop]\nwhat = crash\ntarget = hub\nat = 30s\n";
  static const char *const words[] = {"session-lost", "always", "never"};
  for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
    g_autofree char *one = g_strdup_printf(text, words[i], restart);
    g_autoptr(Outcome) outcome = kit_run(one, 1);
    kit_assert_balanced(outcome);
    g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_ONCE), >=, i < 2 ? 55 : 29);
    g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_ONCE), <=, i < 2 ? 60 : 31);
  }
}

/* Bytes up of a client whose session survives a crash of the broker. */
static double
bytes_of_kept(const char *resubscribe)
{
  g_autofree char *text =
      g_strdup_printf(HEAD "store = every-change(1ms)\n[link wire]\n"
                           "[client dashboard]\nlink = wire\nreconnect = 100ms\nclean_start = no\n"
                           "session_expiry = 1h\nkeep_alive = never\nresubscribe = %s\n"
                           "[subscribe all]\nclient = dashboard\nfilter = fleet/#\n"
                           "[fault stop]\nwhat = crash\ntarget = hub\nat = 30s\nlasts = 1s\n",
                      resubscribe);
  g_autoptr(Outcome) outcome = kit_run(text, 1);
  kit_assert_balanced(outcome);
  return kit_count(outcome, "dashboard", COUNT_MQTT_BYTES_UP);
}

/* One SUBSCRIBE more: header, identifier, no properties, filter and options. */
static void
test_resubscribe_kept(void)
{
  g_assert_cmpfloat(bytes_of_kept("always") - bytes_of_kept("session-lost"), ==,
                    2 + 2 + 1 + 2 + 7 + 1);
  g_assert_cmpfloat(bytes_of_kept("never"), ==, bytes_of_kept("session-lost"));
}

/* A broker stops in order and comes back; who takes its DISCONNECT for the end does not. */
static void
test_final_disconnect(void)
{
  static const char text[] =
      HEAD "[client sensor]\nreconnect = 1s\nclean_start = no\nsession_expiry = 1h\nquirks = %s\n"
           "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 1\nevery = 1s\n"
           "[client dashboard]\nreconnect = 100ms\n"
           "[subscribe all]\nclient = dashboard\nfilter = #\n"
           "[fault update]\nwhat = restart\ntarget = hub\nat = 30s\nlasts = 1s\n";
  for (guint final = 0; final <= 1; final++) {
    g_autofree char *one = g_strdup_printf(text, final ? "error-is-final" : "unknown-id-unsaid");
    g_autoptr(Outcome) outcome = kit_run(one, 1);
    kit_assert_balanced(outcome);
    double once = kit_count(outcome, "reading", COUNT_ONCE);
    g_assert_cmpfloat(once, >=, final ? 29 : 55);
    g_assert_cmpfloat(once, <=, final ? 31 : 60);
    if (final) /* they wait in the client */
      g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_LOST), <=, 1);
  }
}

/* A message takes longer than the broker waits for a word: who is busy with it in the thread of its
 * connection has that cut, is sent the message again, and so on. */
static void
test_busy(void)
{
  static const char text[] =
      HEAD "[client sensor]\n"
           "[publish reading]\nclient = sensor\ntopic = t\nqos = 1\nevery = 20s\n"
           "[client dashboard]\nkeep_alive = 5s\nclean_start = no\nsession_expiry = 1h\n"
           "[subscribe all]\nclient = dashboard\nfilter = #\nprocess = 8s\nack_when = %s\n";
  for (guint i = 0; i < 2; i++) {
    g_autofree char *one = g_strdup_printf(text, i == 0 ? "received" : "processed");
    g_autoptr(Outcome) outcome = kit_run(one, 1);
    kit_assert_balanced(outcome);
    g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_OWED), ==, 3);
    g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_DUPLICATED), >=, i == 0 ? 0 : 2);
    g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_ONCE), <=, i == 0 ? 3 : 1);
  }
}

/* Wills go where they are subscribed to, and are nobody's loss. */
static void
test_will(void)
{
  g_autoptr(Outcome) outcome = kit_run(
      HEAD "[client sensor]\nwill = gone/{client}\nwill_qos = 1\nwill_retain = yes\n"
           "will_delay = 2s\nsession_expiry = 1h\n"
           "[publish reading]\nclient = sensor\ntopic = fleet/{client}\nqos = 0\nevery = 1s\n"
           "[client dashboard]\n[subscribe all]\nclient = dashboard\nfilter = #\n"
           "[fault dies]\nwhat = crash\ntarget = sensor\nat = 20s\nlasts = 10s\n",
      1);
  kit_assert_balanced(outcome);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_OWED), <, 60);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_OWED), >, 45);
}

static double
wills(const char *keys)
{
  g_autofree char *text = g_strdup_printf(
      HEAD "[client sensor]\nwill = gone/{client}\nwill_qos = 1\nkeep_alive = never\n%s"
           "[client dashboard]\nlink = wire\n[link wire]\n"
           "[subscribe all]\nclient = dashboard\nfilter = gone/#\nqos = 0\n"
           "[fault stops]\nwhat = restart\ntarget = sensor\nat = 20s\nlasts = 10s\n",
      keys);
  g_autoptr(Outcome) outcome = kit_run(text, 1);
  kit_assert_balanced(outcome);
  return kit_count(outcome, "dashboard", COUNT_MQTT_BYTES_DOWN);
}

/* An orderly stop that says goodbye has no will sent, unless it asks for it. */
static void
test_goodbye(void)
{
  double quiet = wills("");
  g_assert_cmpfloat(wills("goodbye = with-will\n"), >, quiet);
  g_assert_cmpfloat(wills("goodbye = vanish\n"), ==, wills("goodbye = with-will\n"));
  g_assert_cmpfloat(wills("protocol = mqtt311\ngoodbye = vanish\n"), >, quiet);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/features/shared", test_shared);
  g_test_add_func("/features/shared-pending", test_shared_pending);
  g_test_add_func("/features/groups-and-others", test_groups_and_others);
  g_test_add_func("/features/two-subscriptions", test_two_subscriptions);
  g_test_add_func("/features/retained", test_retained);
  g_test_add_func("/features/no-local", test_no_local);
  g_test_add_func("/features/message-expiry", test_message_expiry);
  g_test_add_func("/features/alias", test_alias);
  g_test_add_func("/features/session-present", test_session_present);
  g_test_add_func("/features/resubscribe", test_resubscribe);
  g_test_add_func("/features/resubscribe-kept", test_resubscribe_kept);
  g_test_add_func("/features/final-disconnect", test_final_disconnect);
  g_test_add_func("/features/busy", test_busy);
  g_test_add_func("/features/will", test_will);
  g_test_add_func("/features/goodbye", test_goodbye);
  return g_test_run();
}
