/* What survives a crash: both stores, cut off after every operation. */
#include "tests/models/mqtt/pair.h"

enum { PUBLISHER, SUBSCRIBER };

typedef struct {
  guint8 qos;
  MqttQos2Receiver receiver;
  gboolean publisher_crashes, subscriber_crashes;
} Setting;

static Pair *
make(const Setting *setting)
{
  Pair *pair = pair_new(MQTT_5_0, 2);
  pair->config.store = TRUE;
  pair->config.ack_after_store = TRUE;
  pair->config.qos2_receiver = setting->receiver;
  for (guint i = 0; i < 2; i++) {
    pair->clients[i].config.store = TRUE;
    pair->clients[i].config.ack_after_store = TRUE;
    pair->clients[i].config.qos2_receiver = setting->receiver;
  }
  pair_start(pair);
  pair_online(pair, PUBLISHER);
  pair_online(pair, SUBSCRIBER);
  pair_subscribe(pair, SUBSCRIBER, "a/#", 2);
  return pair;
}

static void
come_back(Pair *pair)
{
  for (guint i = 0; i < 2; i++) {
    pair->clients[i].close_us = FALSE;
    if (!pair->clients[i].up)
      pair_connect(pair, i);
  }
  pair_settle(pair);
}

static void
crash(Pair *pair, const Setting *setting)
{
  if (setting->publisher_crashes)
    pair_crash_client(pair, PUBLISHER, 0);
  else if (setting->subscriber_crashes)
    pair_crash_client(pair, SUBSCRIBER, 0);
  else
    pair_crash_broker(pair, 0);
}

/* The connections break after `cut` bytes, and one of the three crashes with all that it has
 * stored. */
static gboolean
try_crash(const Setting *setting, gint64 cut)
{
  Pair *pair = make(setting);
  pair->cut_after = cut;
  for (guint64 tag = 1; tag <= 3; tag++)
    pair_publish(pair, PUBLISHER, "a/b", setting->qos, tag);
  pair_settle(pair);
  gboolean cut_done = pair->cut_after == -1;
  pair->cut_after = -1;
  crash(pair, setting);
  come_back(pair);
  for (guint64 tag = 1; tag <= 3; tag++) {
    const GArray *delivered = pair->clients[SUBSCRIBER].delivered;
    g_assert_cmpuint(pair_times(delivered, tag), >=, 1);
    if (setting->qos == 2)
      g_assert_cmpuint(pair_times(delivered, tag), ==, 1);
  }
  g_assert_cmpuint(pair->clients[PUBLISHER].failed->len, ==, 0);
  pair_assert_no_copies(pair);
  pair_free(pair);
  return cut_done;
}

static void
test_crash_anywhere(gconstpointer data)
{
  gint64 cut = 0;
  while (try_crash(data, cut))
    cut++;
  g_assert_cmpint(cut, >, 100);
}

/* The host has answered no stored(): what rests on an operation does not leave, so a crash that
 * keeps any prefix of the operations loses nothing that somebody was told, and doubles nothing
 * of QoS 2. */
static void
try_prefix(const Setting *setting, guint64 kept, guint *ops)
{
  Pair *pair = make(setting);
  guint before = pair->store.ops->len;
  pair->hold_store = TRUE;
  for (guint64 tag = 1; tag <= 2; tag++)
    pair_publish(pair, PUBLISHER, "a/b", setting->qos, tag);
  if (setting->qos == 2) { /* the publisher's own store answers */
    PairClient *publisher = &pair->clients[PUBLISHER];
    mqtt_client_stored(publisher->machine, pair->now_ns, publisher->store.last);
  }
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[PUBLISHER].told->len, ==, 0);
  *ops = pair->store.ops->len - before;
  pair->hold_store = FALSE;
  pair_crash_broker(pair, before + kept);
  come_back(pair);
  for (guint64 tag = 1; tag <= 2; tag++) {
    const GArray *delivered = pair->clients[SUBSCRIBER].delivered;
    g_assert_cmpuint(pair_times(delivered, tag), >=, 1);
    if (setting->qos == 2)
      g_assert_cmpuint(pair_times(delivered, tag), ==, 1);
    g_assert_cmpuint(pair_times(pair->clients[PUBLISHER].told, tag), ==, 1);
  }
  pair_assert_no_copies(pair);
  pair_free(pair);
}

static void
test_every_prefix(gconstpointer data)
{
  guint ops = 1;
  for (guint64 kept = 0; kept <= ops; kept++)
    try_prefix(data, kept, &ops);
  g_assert_cmpuint(ops, >=, 2);
}

/* Any time, any of the three, and several times over. */
static void
random_crashes(const Setting *setting)
{
  Pair *pair = make(setting);
  guint64 tag = 0;
  for (guint i = 0; i < 100; i++) {
    switch (g_test_rand_int_range(0, 10)) {
    case 0:
      pair_crash_broker(pair, 0);
      break;
    case 1:
      pair_crash_client(pair, (guint)g_test_rand_int_range(0, 2), 0);
      break;
    case 2:
      pair->cut_after = g_test_rand_int_range(0, 200);
      break;
    case 3:
    case 4:
      for (guint k = 0; k < 2; k++)
        if (!pair->clients[k].up)
          pair_connect(pair, k);
      break;
    case 5:
    case 6:
      pair_run(pair, MS(g_test_rand_int_range(0, 50)));
      break;
    default:
      pair_publish(pair, PUBLISHER, "a/b", setting->qos, ++tag);
      break;
    }
  }
  pair->cut_after = -1;
  come_back(pair);
  come_back(pair);
  for (guint64 t = 1; t <= tag; t++) {
    const GArray *delivered = pair->clients[SUBSCRIBER].delivered;
    g_assert_cmpuint(pair_times(delivered, t), >=, 1);
    if (setting->qos == 2)
      g_assert_cmpuint(pair_times(delivered, t), ==, 1);
  }
  pair_assert_no_copies(pair);
  pair_free(pair);
}

static void
test_random(gconstpointer data)
{
  for (guint i = 0; i < 30; i++)
    random_crashes(data);
}

/* Without a store a crash takes all, and says so; the subscriber's session and its subscription
 * are gone. */
static void
test_nothing_stored(void)
{
  Pair *pair = pair_new(MQTT_5_0, 2);
  pair_start(pair);
  pair_online(pair, PUBLISHER);
  pair_online(pair, SUBSCRIBER);
  pair_subscribe(pair, SUBSCRIBER, "a", 1);
  pair_cut(pair, SUBSCRIBER);
  pair_publish(pair, PUBLISHER, "a", 1, 1);
  pair_settle(pair);
  pair_crash_broker(pair, 0);
  g_assert_cmpuint(pair->clients[SUBSCRIBER].gone_broker[MQTT_CAUSE_STATE_LOST], ==, 1);
  g_assert_cmpuint(pair->clients[SUBSCRIBER].session_gone[MQTT_CAUSE_STATE_LOST], ==, 1);
  g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, 0);
  pair_online(pair, SUBSCRIBER);
  g_assert_cmpuint(pair->clients[SUBSCRIBER].resumed, ==, 0);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

/* Sessions, subscriptions and expiry come back; a session that ends with its connection leaves
 * no record. */
static void
test_sessions_come_back(void)
{
  Pair *pair = pair_new(MQTT_5_0, 3);
  pair->config.store = TRUE;
  pair->clients[1].config.session_expiry_s = 50;
  pair->clients[2].config.session_expiry_s = 0;
  pair_start(pair);
  for (guint i = 0; i < 3; i++) {
    pair_online(pair, i);
    pair_subscribe(pair, i, "a/+", 1);
    pair_subscribe(pair, i, "b", 1);
  }
  mqtt_client_unsubscribe(pair->clients[0].machine, pair->now_ns, MQTT_BYTES("b"));
  pair_settle(pair);
  pair_crash_broker(pair, 0);
  g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, 2);
  for (guint i = 0; i < 3; i++)
    pair_online(pair, i);
  g_assert_cmpuint(pair->clients[0].resumed + pair->clients[1].resumed, ==, 2);
  pair_publish(pair, 0, "a/b", 1, 1);
  pair_publish(pair, 0, "b", 1, 2);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[0].delivered->len, ==, 1);
  g_assert_cmpuint(pair->clients[1].delivered->len, ==, 2);
  g_assert_cmpuint(pair->clients[2].delivered->len, ==, 0);
  pair_crash_broker(pair, 0);
  pair_run(pair, S(60));
  g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, 1);
  pair_free(pair);
}

/* CONNACK says that a session begins, and so that the one before is gone: a crash must not bring
 * that back under a client that has heard so. Nothing else is sent before. */
static void
test_new_session_is_stored_first(void)
{
  static const guint8 subscribe[] = {0x82, 9, 0, 1, 0, 0, 3, 'a', '/', '#', 0};
  Setting setting = {.qos = 1};
  Pair *pair = make(&setting);
  PairClient *client = &pair->clients[SUBSCRIBER];
  pair_cut(pair, SUBSCRIBER);
  guint before = pair->store.ops->len;
  client->config.clean_start = MQTT_CLEAN_YES;
  pair->hold_store = TRUE;
  pair_online(pair, SUBSCRIBER);
  pair->unmonitored = TRUE;
  pair_inject(pair, SUBSCRIBER, subscribe, sizeof subscribe);
  pair_settle(pair);
  pair_publish(pair, PUBLISHER, "a/b", 0, 1);
  pair_settle(pair);
  g_assert_true(client->up);
  g_assert_false(mqtt_client_connected(client->machine));
  pair->hold_store = FALSE;
  pair_crash_broker(pair, before);
  client->config.clean_start = MQTT_CLEAN_NO;
  pair_online(pair, SUBSCRIBER);
  g_assert_cmpuint(client->resumed, ==, 1);
  pair_cut(pair, SUBSCRIBER);
  client->config.clean_start = MQTT_CLEAN_YES;
  pair_online(pair, SUBSCRIBER);
  g_assert_true(mqtt_client_connected(client->machine));
  g_assert_cmpuint(client->resumed, ==, 1);
  pair_free(pair);
}

/* Records go when their messages do: after all was delivered, a crash brings no message back. */
static void
test_records_are_deleted(void)
{
  for (guint receiver = 0; receiver < 2; receiver++) {
    Setting setting = {.qos = 2, .receiver = receiver};
    Pair *pair = make(&setting);
    pair->clients[SUBSCRIBER].config.receive_maximum = 3; /* some wait for it */
    pair_cut(pair, SUBSCRIBER);
    pair_online(pair, SUBSCRIBER);
    for (guint64 tag = 1; tag <= 30; tag++)
      pair_publish(pair, PUBLISHER, "a/b", (guint8)(tag % 3), tag);
    pair_settle(pair);
    g_assert_cmpuint(pair->clients[SUBSCRIBER].delivered->len, ==, 30);
    pair_crash_broker(pair, 0);
    pair_crash_client(pair, PUBLISHER, 0);
    pair_crash_client(pair, SUBSCRIBER, 0);
    g_assert_cmpuint(pair->clients[SUBSCRIBER].gone_broker[MQTT_CAUSE_STATE_LOST], ==, 0);
    pair_assert_no_copies(pair);
    for (guint i = 0; i < 2; i++) {
      pair_online(pair, i);
      g_assert_cmpuint(pair->clients[i].resumed, >=, 1);
      g_assert_cmpuint(mqtt_client_inflight(pair->clients[i].machine), ==, 0);
    }
    g_assert_cmpuint(mqtt_broker_inflight(pair->broker, mqtt_bytes("client-1")), ==, 0);
    g_assert_cmpuint(pair->clients[SUBSCRIBER].delivered->len, ==, 30);
    pair_free(pair);
  }
}

int
main(int argc, char **argv)
{
  static Setting settings[] = {
      {1, MQTT_QOS2_ON_PUBLISH, FALSE, FALSE}, {2, MQTT_QOS2_ON_PUBLISH, FALSE, FALSE},
      {2, MQTT_QOS2_ON_PUBREL, FALSE, FALSE},  {1, MQTT_QOS2_ON_PUBLISH, TRUE, FALSE},
      {2, MQTT_QOS2_ON_PUBREL, TRUE, FALSE},   {1, MQTT_QOS2_ON_PUBLISH, FALSE, TRUE},
      {2, MQTT_QOS2_ON_PUBLISH, FALSE, TRUE},  {2, MQTT_QOS2_ON_PUBREL, FALSE, TRUE},
  };
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
    const Setting *s = &settings[i];
    g_autofree char *path =
        g_strdup_printf("/mqtt/store/crash-anywhere/qos%d/%s/%s", s->qos,
                        s->receiver == MQTT_QOS2_ON_PUBREL ? "on-pubrel" : "on-publish",
                        s->publisher_crashes    ? "publisher"
                        : s->subscriber_crashes ? "subscriber"
                                                : "broker");
    g_test_add_data_func(path, s, test_crash_anywhere);
  }
  for (guint i = 0; i < 3; i++) {
    g_autofree char *prefix = g_strdup_printf("/mqtt/store/every-prefix/%u", i);
    g_autofree char *random = g_strdup_printf("/mqtt/store/random/%u", i);
    g_test_add_data_func(prefix, &settings[i], test_every_prefix);
    g_test_add_data_func(random, &settings[i], test_random);
  }
  g_test_add_func("/mqtt/store/new-session-is-stored-first", test_new_session_is_stored_first);
  g_test_add_func("/mqtt/store/nothing-stored", test_nothing_stored);
  g_test_add_func("/mqtt/store/sessions-come-back", test_sessions_come_back);
  g_test_add_func("/mqtt/store/records-are-deleted", test_records_are_deleted);
  return g_test_run();
}
