/* Publisher, broker and subscriber together: what must hold whatever happens to the wires. */
#include "tests/models/mqtt/pair.h"

enum { PUBLISHER, SUBSCRIBER };

typedef struct {
  MqttVersion version;
  guint8 qos;
  MqttQos2Receiver client_receiver, broker_receiver;
  gsize room;
} Setting;

static Pair *
make(const Setting *setting)
{
  Pair *pair = pair_new(setting->version, 2);
  pair->room = setting->room;
  pair->config.qos2_receiver = setting->broker_receiver;
  pair->clients[SUBSCRIBER].config.qos2_receiver = setting->client_receiver;
  pair_start(pair);
  pair_online(pair, PUBLISHER);
  pair_online(pair, SUBSCRIBER);
  pair_subscribe(pair, SUBSCRIBER, "a/#", 2);
  return pair;
}

static void
assert_all_arrived(const Pair *pair, guint8 qos, guint64 last)
{
  const PairClient *publisher = &pair->clients[PUBLISHER], *subscriber = &pair->clients[SUBSCRIBER];
  for (guint64 tag = 1; tag <= last; tag++) {
    g_assert_cmpuint(pair_times(subscriber->delivered, tag), >=, 1);
    if (qos == 2)
      g_assert_cmpuint(pair_times(subscriber->delivered, tag), ==, 1);
    g_assert_cmpuint(pair_times(publisher->told, tag), ==, 1);
  }
  g_assert_cmpuint(publisher->failed->len, ==, 0);
  g_assert_cmpuint(publisher->closes + subscriber->closes, ==, 0);
  g_assert_cmpuint(mqtt_client_inflight(publisher->machine), ==, 0);
  g_assert_cmpuint(mqtt_broker_inflight(pair->broker, mqtt_bytes("client-1")), ==, 0);
  pair_assert_no_copies(pair);
}

/* The wires break after `cut` bytes; both reconnect, in either order. FALSE: all bytes had
 * passed before. */
static gboolean
try_cut(const Setting *setting, gint64 cut, gboolean subscriber_first)
{
  Pair *pair = make(setting);
  pair->cut_after = cut;
  pair_publish(pair, PUBLISHER, "a/b", setting->qos, 1);
  pair_publish(pair, PUBLISHER, "a/c", setting->qos, 2);
  pair_settle(pair);
  gboolean cut_done = pair->cut_after == -1;
  pair->cut_after = -1;
  if (cut_done) {
    pair_online(pair, subscriber_first ? SUBSCRIBER : PUBLISHER);
    pair_online(pair, subscriber_first ? PUBLISHER : SUBSCRIBER);
    g_assert_cmpuint(pair->clients[PUBLISHER].resumed, ==, 1);
  }
  assert_all_arrived(pair, setting->qos, 2);
  pair_free(pair);
  return cut_done;
}

static void
test_cut(gconstpointer data)
{
  const Setting *setting = data;
  for (guint order = 0; order < 2; order++) {
    gint64 cut = 0;
    while (try_cut(setting, cut, order == 1))
      cut++;
    g_assert_cmpint(cut, >, 100);
  }
}

/* A second cut while the first is being repaired. */
static void
test_two_cuts(gconstpointer data)
{
  const Setting *setting = data;
  for (gint64 first = 0; first < 130; first += 7) {
    for (gint64 second = 0; second < 160; second += 5) {
      Pair *pair = make(setting);
      pair_publish(pair, PUBLISHER, "a/b", setting->qos, 1);
      pair->cut_after = first;
      pair_settle(pair);
      pair_cut(pair, PUBLISHER);
      pair_cut(pair, SUBSCRIBER);
      pair->cut_after = second;
      pair_connect(pair, PUBLISHER);
      pair_connect(pair, SUBSCRIBER);
      pair_settle(pair);
      pair->cut_after = -1;
      pair_cut(pair, PUBLISHER);
      pair_cut(pair, SUBSCRIBER);
      pair_online(pair, PUBLISHER);
      pair_online(pair, SUBSCRIBER);
      assert_all_arrived(pair, setting->qos, 1);
      pair_free(pair);
    }
  }
}

/* Topics tell the order: 1 per topic and QoS. Resends repeat, and never overtake for the first
 * time [MQTT-4.6.0-1, -5]. */
static void
assert_order(const GArray *delivered)
{
  guint64 newest[4] = {0};
  for (guint i = 0; i < delivered->len; i++) {
    guint64 tag = g_array_index(delivered, guint64, i), lane = tag % 4;
    guint64 *last = &newest[lane];
    if (tag > *last) {
      for (guint k = i + 1; k < delivered->len; k++) {
        guint64 later = g_array_index(delivered, guint64, k);
        if (later % 4 == lane && later < tag && later > *last)
          g_assert_cmpuint(pair_times(delivered, later), >, 1);
      }
      *last = tag;
    }
  }
}

/* Anything in any order; then the wires hold and all that was accepted must have arrived. */
static void
random_life(const Setting *setting)
{
  Pair *pair = make(setting);
  guint64 tag = 0;
  for (guint i = 0; i < 150; i++) {
    guint who = (guint)g_test_rand_int_range(0, 2);
    switch (g_test_rand_int_range(0, 8)) {
    case 0:
      pair_cut(pair, who);
      break;
    case 1:
      pair->cut_after = g_test_rand_int_range(0, 300);
      break;
    case 2:
    case 3:
      if (!pair->clients[who].up)
        pair_connect(pair, who);
      break;
    case 4:
      pair_run(pair, MS(g_test_rand_int_range(0, 40)));
      break;
    default:
      tag++;
      g_assert_cmpint(
          pair_publish(pair, PUBLISHER, tag % 4 < 2 ? "a/x" : "a/y", tag % 2 ? 2 : 1, tag), ==,
          MQTT_PUBLISH_ACCEPTED);
      break;
    }
  }
  pair->cut_after = -1;
  for (guint who = 0; who < 2; who++) {
    pair_settle(pair);
    if (!pair->clients[who].up)
      pair_online(pair, who);
  }
  pair_settle(pair);
  const PairClient *subscriber = &pair->clients[SUBSCRIBER];
  for (guint64 t = 1; t <= tag; t++) {
    g_assert_cmpuint(pair_times(subscriber->delivered, t), >=, 1);
    if (t % 2 == 1)
      g_assert_cmpuint(pair_times(subscriber->delivered, t), ==, 1);
    g_assert_cmpuint(pair_times(pair->clients[PUBLISHER].told, t), ==, 1);
  }
  assert_order(subscriber->delivered);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

static void
test_random(gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    random_life(data);
}

/* A PUBLISH larger than the room is written in slices, and answers go around it. */
static void
test_slices(void)
{
  for (guint8 qos = 0; qos <= 2; qos++) {
    Setting setting = {.version = MQTT_5_0, .qos = qos, .room = 50};
    Pair *pair = make(&setting);
    pair_publish_size(pair, PUBLISHER, "a/b", qos, 1, 100000);
    pair_publish_size(pair, PUBLISHER, "a/b", qos, 2, 8);
    pair_settle(pair);
    g_assert_cmpuint(pair->clients[SUBSCRIBER].delivered->len, ==, 2);
    g_assert_cmpuint(pair->clients[PUBLISHER].sent, ==, 2);
    pair_assert_no_copies(pair);
    pair_free(pair);
  }
}

/* Half of it is written when the wire breaks: QoS 0 dies with the connection, QoS 1 is sent
 * again whole. */
static void
test_cut_in_a_slice(void)
{
  for (guint8 qos = 0; qos <= 1; qos++) {
    Setting setting = {.version = MQTT_5_0, .qos = qos, .room = 500};
    Pair *pair = make(&setting);
    PairClient *publisher = &pair->clients[PUBLISHER];
    guint8 buffer[500];
    pair_publish_size(pair, PUBLISHER, "a/b", qos, 1, 2000);
    g_assert_cmpuint(mqtt_client_output(publisher->machine, pair->now_ns, buffer, 500), ==, 500);
    pair_cut(pair, PUBLISHER);
    g_assert_cmpuint(publisher->gone[MQTT_CAUSE_CONNECTION_LOST], ==, qos == 0 ? 1 : 0);
    pair->unmonitored = TRUE; /* a slice was taken past the monitor */
    pair_online(pair, PUBLISHER);
    g_assert_cmpuint(publisher->sent, ==, qos);
    g_assert_cmpuint(publisher->resent, ==, 0); /* it had never been sent */
    g_assert_cmpuint(pair->clients[SUBSCRIBER].delivered->len, ==, qos);
    pair_assert_no_copies(pair);
    pair_free(pair);
  }
}

/* As many in flight as identifiers are in use at a time, and these go round. */
static void
test_many_in_flight(void)
{
  Setting setting = {.version = MQTT_5_0, .qos = 1, .room = 65536};
  Pair *pair = make(&setting);
  pair->latency_ns = S(1);
  pair->unmonitored = TRUE; /* it would take longer than all the rest */
  for (guint64 tag = 1; tag <= 70000; tag++)
    mqtt_client_publish(pair->clients[PUBLISHER].machine, pair->now_ns,
                        &(MqttPublish){.qos = 1, .topic = mqtt_bytes("a/b")});
  books_add(pair->held, 0, 70000);
  g_assert_cmpuint(mqtt_client_inflight(pair->clients[PUBLISHER].machine), ==, 65535 - 1024);
  g_assert_cmpuint(mqtt_client_queued(pair->clients[PUBLISHER].machine), ==,
                   70000 - (65535 - 1024));
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[SUBSCRIBER].delivered->len, ==, 70000);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

static void
add(const char *name, const Setting *setting, GTestDataFunc function)
{
  g_autofree char *path = g_strdup_printf(
      "/mqtt/pair/%s/v%d/qos%d/client-%s/broker-%s", name, setting->version, setting->qos,
      setting->client_receiver == MQTT_QOS2_ON_PUBREL ? "on-pubrel" : "on-publish",
      setting->broker_receiver == MQTT_QOS2_ON_PUBREL ? "on-pubrel" : "on-publish");
  g_test_add_data_func(path, setting, function);
}

int
main(int argc, char **argv)
{
  static Setting settings[12];
  guint n = 0;
  g_test_init(&argc, &argv, NULL);
  for (MqttVersion version = MQTT_3_1_1; version <= MQTT_5_0; version++) {
    settings[n++] = (Setting){version, 1, MQTT_QOS2_ON_PUBLISH, MQTT_QOS2_ON_PUBLISH, 65536};
    settings[n++] = (Setting){version, 2, MQTT_QOS2_ON_PUBLISH, MQTT_QOS2_ON_PUBLISH, 65536};
    settings[n++] = (Setting){version, 2, MQTT_QOS2_ON_PUBREL, MQTT_QOS2_ON_PUBREL, 65536};
    settings[n++] = (Setting){version, 2, MQTT_QOS2_ON_PUBLISH, MQTT_QOS2_ON_PUBREL, 40};
  }
  for (guint i = 0; i < n; i++) {
    add("cut-anywhere", &settings[i], test_cut);
    add("random-life", &settings[i], test_random);
    add("two-cuts", &settings[i], test_two_cuts);
  }
  g_test_add_func("/mqtt/pair/slices", test_slices);
  g_test_add_func("/mqtt/pair/cut-in-a-slice", test_cut_in_a_slice);
  g_test_add_func("/mqtt/pair/many-in-flight", test_many_in_flight);
  return g_test_run();
}
