/* Networks and processes fail in the middle of something: what the pieces do together then. */
#include "tests/models/world/kit.h"

#include <string.h>

#define HEAD                                                                                       \
  "[experiment]\ntitle = t\nwarmup = 10s\nduration = 60s\ndrain = 10min\nrecord = messages\n"      \
  "[link radio]\nrtt = 300ms\n"
/* Both ends keep their state. */
#define KEEPS "clean_start = no\nsession_expiry = never\n"
#define STORE "store = every-change(3ms)\n"

static double
lost(const Outcome *outcome, Cause cause)
{
  return kit_count(outcome, "p", COUNT_LOST_CAUSE + (guint)cause);
}

/* One subscriber got all that was published, in the order of publication. */
static void
assert_all_in_order(const Outcome *outcome)
{
  gint64 last_ns = G_MININT64;
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), >, 0);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_LOST), ==, 0);
  g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PENDING), ==, 0);
  for (guint64 id = 1; id <= outcome->messages->len; id++)
    for (guint i = 0; i < outcome->messages->len; i++) { /* rows come as messages retire */
      const OutcomeMessage *row = &g_array_index(outcome->messages, OutcomeMessage, i);
      if (row->id != id)
        continue;
      g_assert_cmpint(row->published_ns + row->latency_ns, >=, last_ns);
      last_ns = row->published_ns + row->latency_ns;
    }
}

/* An outage longer than the keep alive: both ends give the connection up, and a session brings
 * everything through. */
static void
test_outage_beyond_keep_alive(void)
{
  for (guint qos = 1; qos <= 2; qos++) {
    g_autofree char *text = g_strdup_printf(
        HEAD
        "[broker hub]\n[client sensor]\nlink = radio\nkeep_alive = 4s\nping_timeout = 2s\n" KEEPS
        "reconnect = 1s\n[client dashboard]\n"
        "[fault o]\nwhat = outage\ntarget = radio\nat = 10s\nlasts = 30s\n"
        "[publish p]\nclient = sensor\nqos = %u\nevery = 500ms\n"
        "[subscribe s]\nclient = dashboard\nqos = 2\n",
        qos);
    g_autoptr(Outcome) outcome = kit_run(text, 1);
    assert_all_in_order(outcome);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_RESENDS_RECONNECT), >, 0);
    g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_RECONNECTS), ==, 1);
    if (qos == 2)
      g_assert_cmpfloat(kit_count(outcome, "p", COUNT_DUPLICATED), ==, 0);
  }
}

/* The client notices first and connects again while the broker still holds the old connection,
 * which is taken over [MQTT-3.1.4-3]. A publisher that never falls silent sends no PINGREQ, so it
 * notices by an acknowledgement that does not come. */
static void
test_take_over(void)
{
  static const char *const versions[] = {"protocol = mqtt5\nsession_expiry = never\n",
                                         "protocol = mqtt311\n"};
  static const char *const cut[] = {"sensor", "dashboard"};
  for (guint v = 0; v < G_N_ELEMENTS(versions); v++)
    for (guint c = 0; c < G_N_ELEMENTS(cut); c++) {
      g_autofree char *text = g_strdup_printf(
          HEAD "[broker hub]\nkeep_alive_factor = 10\n"
               "[client sensor]\n%s%sclean_start = no\nreconnect = 100ms\n"
               "ack_timeout = 2s\non_ack_timeout = reconnect\n"
               "[client dashboard]\n%s%sclean_start = no\nreconnect = 100ms\n"
               "keep_alive = 4s\nping_timeout = 2s\n"
               "[fault o]\nwhat = outage\ntarget = radio\nat = 10s\nlasts = 8s\n"
               "[publish p]\nclient = sensor\nqos = 2\nevery = 500ms\n"
               "[subscribe s]\nclient = dashboard\nqos = 2\n",
          versions[v], c == 0 ? "link = radio\n" : "", versions[v], c == 1 ? "link = radio\n" : "");
      g_autoptr(Outcome) outcome = kit_run(text, 1);
      assert_all_in_order(outcome);
      g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 120);
      g_assert_cmpfloat(kit_count(outcome, cut[c], COUNT_RECONNECTS), ==, 1);
    }
}

/* A process that dies between the first packet of TCP and CONNACK has promised nothing and owns
 * nothing; what was published before is in its store. */
static void
test_crash_while_connecting(void)
{
  for (guint at_ms = 10000; at_ms < 11000; at_ms += 50) {
    g_autofree char *text = g_strdup_printf(
        HEAD "[broker hub]\n" STORE "[client sensor]\nlink = radio\n" KEEPS STORE
             "reconnect = 100ms\n[client dashboard]\n" KEEPS STORE
             "[fault first]\nwhat = crash\ntarget = sensor\nat = 9800ms\nlasts = 200ms\n"
             "[fault second]\nwhat = crash\ntarget = sensor\nat = %ums\nlasts = 500ms\n"
             "[publish p]\nclient = sensor\nqos = 2\nevery = 1s\nstart = 9900ms\n"
             "[subscribe s]\nclient = dashboard\nqos = 2\n",
        at_ms);
    g_autoptr(Outcome) outcome = kit_run(text, 1);
    double refused = lost(outcome, CAUSE_REFUSED_BY_CLIENT); /* while the process was down */
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE) + refused +
                          lost(outcome, CAUSE_PUBLISHER_STATE_LOST),
                      ==, kit_count(outcome, "p", COUNT_OWED));
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), >=, 55);
  }
}

/* A broker that takes time per message dies with some in its receive buffers and one in its hands;
 * none was acknowledged before it was stored. */
static void
test_busy_broker_crashes(void)
{
  static const char *const receivers[] = {"on-publish", "on-pubrel"};
  for (guint r = 0; r < G_N_ELEMENTS(receivers); r++) {
    g_autofree char *text = g_strdup_printf(
        HEAD "[broker hub]\nprocess = 30ms\nqos2_receiver = %s\n" STORE
             "[client sensor]\ncount = 5\nlink = radio\n" KEEPS STORE "reconnect = 500ms\n"
             "[client dashboard]\n" KEEPS STORE "reconnect = 500ms\n"
             "[fault c]\nwhat = crash\ntarget = hub\nevery = 7s\nlasts = 1s\n"
             "[publish p]\nclient = sensor\ntopic = {client}\nqos = 2\nevery = 200ms\n"
             "[subscribe s]\nclient = dashboard\nqos = 2\n",
        receivers[r]);
    g_autoptr(Outcome) outcome = kit_run(text, 1);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_PUBLISHED), ==, 1500);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_ONCE), ==, 1500);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_RESENDS_RECONNECT), >, 0);
  }
}

/* A full queue of a client without connection keeps the newest, keeps the oldest, or says no. */
static void
test_full_queue(void)
{
  enum { QUEUE = 3 };
  static const char *const policies[] = {"drop-old", "drop-new", "refuse"};
  guint64 first[G_N_ELEMENTS(policies)], last[G_N_ELEMENTS(policies)];
  for (guint i = 0; i < G_N_ELEMENTS(policies); i++) {
    g_autofree char *text = g_strdup_printf(
        HEAD "[broker hub]\n[client sensor]\nlink = radio\nack_timeout = 1s\n"
             "on_ack_timeout = reconnect\n" KEEPS "reconnect = 1s\ninflight = 1\nqueue = %d\n"
             "on_queue_full = %s\n[client dashboard]\n"
             "[fault o]\nwhat = outage\ntarget = radio\nat = 5s\nlasts = 30s\n"
             "[publish p]\nclient = sensor\nqos = 1\nevery = 1s\nstart = 10500ms\n"
             "[subscribe s]\nclient = dashboard\nqos = 1\n",
        QUEUE, policies[i]);
    g_autoptr(Outcome) outcome = kit_run(text, 1);
    double full = lost(outcome, CAUSE_CLIENT_QUEUE_FULL);
    g_assert_cmpfloat(full, >=, 24);
    g_assert_cmpfloat(full + kit_count(outcome, "p", COUNT_ONCE) +
                          kit_count(outcome, "p", COUNT_DUPLICATED),
                      ==, 60);
    g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_REFUSED), ==, i == 2 ? full : 0);
    first[i] = G_MAXUINT64;
    last[i] = 0;
    for (guint k = 0; k < outcome->messages->len; k++) {
      const OutcomeMessage *row = &g_array_index(outcome->messages, OutcomeMessage, k);
      if (row->fate != FATE_LOST)
        continue;
      g_assert_cmpstr(told_name(row->told), ==, told_name(TOLD_FAILURE));
      first[i] = MIN(first[i], row->id);
      last[i] = MAX(last[i], row->id);
    }
    g_assert_cmpfloat((double)(last[i] - first[i] + 1), ==, full); /* one run of them */
  }
  g_assert_cmpuint(first[0] + QUEUE, ==, first[1]);
  g_assert_cmpuint(last[0] + QUEUE, ==, last[1]);
  g_assert_cmpuint(first[1], ==, first[2]);
  g_assert_cmpuint(last[1], ==, last[2]);
}

/* A broker that refuses what a subscriber's queue cannot take says so, and the publisher's
 * application is told. In 3.1.1 it has no way to say it, and closes [MQTT-4.8.0-2]: the publisher
 * comes back with the message until there is room. No loss is silent. */
static void
test_broker_refuses(void)
{
  static const char *const versions[] = {"mqtt5", "mqtt311"};
  for (guint v = 0; v < G_N_ELEMENTS(versions); v++) {
    g_autofree char *text =
        g_strdup_printf(HEAD "[broker hub]\nqueue = 2\ninflight = 1\non_queue_full = refuse\n"
                             "[client sensor]\nprotocol = %s\nreconnect = 500ms\n" KEEPS
                             "[client dashboard]\n" KEEPS STORE
                             "[fault c]\nwhat = crash\ntarget = dashboard\nat = 10s\nlasts = 20s\n"
                             "[publish p]\nclient = sensor\nqos = 1\nevery = 1s\n"
                             "[subscribe s]\nclient = dashboard\nqos = 1\n",
                        versions[v]);
    g_autoptr(Outcome) outcome = kit_run(text, 1);
    double full = lost(outcome, CAUSE_BROKER_REFUSED);
    double again = kit_count(outcome, "p", COUNT_RESENDS_RECONNECT);
    g_assert_cmpfloat(v == 0 ? full : again, >=, 15);
    g_assert_cmpfloat(v == 0 ? again : full, ==, 0);
    g_assert_cmpfloat(full + kit_count(outcome, "p", COUNT_ONCE), ==, 60);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_SILENT_LOSS), ==, 0);
  }
}

/* With Receive Maximum 1 at both ends a message is over before the next begins, so that not even
 * repetitions come out of order (section 4.6): copies of one message are side by side. */
static void
test_receive_maximum_1(void)
{
  static const char text[] = HEAD
      "[link wifi]\nrtt = 20ms\n[broker hub]\nreceive_maximum = 1\n"
      "[client sensor]\nlink = radio\nkeep_alive = 2s\nping_timeout = 1s\n" KEEPS
      "reconnect = 500ms\n[client dashboard]\nlink = wifi\nreceive_maximum = 1\nkeep_alive = 2s\n"
      "ping_timeout = 1s\n" KEEPS "reconnect = 500ms\n"
      "[fault a]\nwhat = outage\ntarget = radio\ngap = 6s\nlasts = 5s\n"
      "[fault b]\nwhat = outage\ntarget = wifi\ngap = 8s\nlasts = 5s\n"
      "[publish p]\nclient = sensor\nqos = 1\nevery = 500ms\n"
      "[subscribe s]\nclient = dashboard\nqos = 1\n";
  for (guint64 seed = 1; seed <= 20; seed++) {
    g_autoptr(Outcome) outcome = kit_run(text, seed);
    assert_all_in_order(outcome);
    g_assert_cmpfloat(kit_count(outcome, "sensor", COUNT_INFLIGHT_PEAK), ==, 1);
    g_assert_cmpfloat(kit_count(outcome, "hub", COUNT_INFLIGHT_PEAK), ==, 1);
    g_assert_cmpfloat(kit_count(outcome, "p", COUNT_RESENDS_RECONNECT), >, 0);
  }
}

/* A slow subscriber takes bytes off a small buffer before it can decode them: they die with it. */
static void
test_dies_with_what_it_took(void)
{
  g_autoptr(Outcome) outcome =
      kit_run("[experiment]\ntitle = trouble\nwarmup = 10s\nduration = 60s\ndrain = 30s\n"
              "[broker hub]\n[tcp small]\nreceive_buffer = 3kB\n"
              "[client sensor]\n"
              "[publish reading]\nclient = sensor\ntopic = reading\nevery = 100ms\nsize = 8B\n"
              "[publish picture]\nclient = sensor\ntopic = picture\nevery = 1s\nsize = 4kB\n"
              "[client dashboard]\ntcp = small\n"
              "[subscribe all]\nclient = dashboard\nfilter = #\nprocess = 150ms\n"
              "[fault end]\nwhat = crash\ntarget = dashboard\nat = 20500ms\nlasts = 1h\n",
              1);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_LOST_CAUSE + CAUSE_CONNECTION_LOST), >, 0);
  g_assert_cmpfloat(kit_count(outcome, "reading", COUNT_PENDING), ==, 0);
  g_assert_cmpfloat(kit_count(outcome, "picture", COUNT_PENDING), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/trouble/outage-beyond-keep-alive", test_outage_beyond_keep_alive);
  g_test_add_func("/trouble/take-over", test_take_over);
  g_test_add_func("/trouble/crash-while-connecting", test_crash_while_connecting);
  g_test_add_func("/trouble/busy-broker-crashes", test_busy_broker_crashes);
  g_test_add_func("/trouble/full-queue", test_full_queue);
  g_test_add_func("/trouble/broker-refuses", test_broker_refuses);
  g_test_add_func("/trouble/receive-maximum-1", test_receive_maximum_1);
  g_test_add_func("/trouble/dies-with-what-it-took", test_dies_with_what_it_took);
  return g_test_run();
}
