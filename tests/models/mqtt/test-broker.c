/* What the broker decides: who gets what, whose session lives, which connection ends. */
#include "tests/models/mqtt/pair.h"

#include <string.h>

enum { A, B, C };

static Pair *
make(MqttVersion version, guint n)
{
  Pair *pair = pair_new(version, n);
  for (guint i = 0; i < n; i++)
    pair->clients[i].config.keep_alive_s = 0;
  return pair;
}

static void
start(Pair *pair)
{
  pair_start(pair);
  for (guint i = 0; i < pair->n_clients; i++)
    pair_online(pair, i);
}

static void
send_packet(Pair *pair, guint client, const MqttPacket *packet)
{
  guint8 bytes[512];
  gsize n = mqtt_encode(packet, pair->clients[client].config.version, bytes, sizeof bytes);
  g_assert_cmpuint(n, >, 0);
  pair->unmonitored = TRUE;
  pair_inject(pair, client, bytes, n);
  pair_settle(pair);
}

static void
test_filters(void)
{
  Pair *pair = make(MQTT_5_0, 3);
  start(pair);
  pair_subscribe(pair, B, "home/+/light", 1);
  g_assert_cmpuint(pair->clients[B].granted, ==, 1);
  pair_subscribe(pair, C, "#", 2);
  g_assert_cmpuint(pair->clients[C].granted, ==, 2);
  pair_publish(pair, A, "home/hall/light", 2, 1);
  pair_publish(pair, A, "home/hall", 1, 2);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[B].delivered->len, ==, 1);
  g_assert_cmpuint(pair->clients[C].delivered->len, ==, 2);
  mqtt_client_unsubscribe(pair->clients[C].machine, pair->now_ns, MQTT_BYTES("#"));
  pair_settle(pair);
  pair_publish(pair, A, "home/hall", 1, 3);
  pair_publish(pair, A, "home/hall", 0, 4);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[C].delivered->len, ==, 2);
  g_assert_cmpuint(pair->unsubscribed_to, ==, 2);
  g_assert_cmpuint(pair->clients[A].told->len, ==, 3);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

/* One copy for a session, at the highest QoS that matches, whatever number of its filters do. */
static void
test_overlap(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  start(pair);
  pair_subscribe(pair, B, "a/+", 0);
  pair_subscribe(pair, B, "a/#", 1);
  pair_subscribe(pair, B, "a/b", 0);
  pair_publish(pair, A, "a/b", 2, 1);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[B].delivered->len, ==, 1);
  g_assert_cmpuint(mqtt_broker_inflight(pair->broker, mqtt_bytes("client-1")), ==, 0);
  pair_free(pair);
}

static void
test_subscription_identifiers(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  start(pair);
  for (guint32 id = 1; id <= 300; id += 299) {
    guint8 entries[16];
    gsize n = mqtt_filter_put(mqtt_bytes(id == 1 ? "a/b" : "a/#"), TRUE, 1, entries, 16);
    MqttPacket packet = {.type = MQTT_SUBSCRIBE,
                         .subscribe = {.packet_id = 9, .entries = {entries, (guint32)n}}};
    packet.subscribe.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_SUBSCRIPTION_ID;
    packet.subscribe.properties.subscription_id = id;
    send_packet(pair, B, &packet);
  }
  pair_publish(pair, A, "a/b", 1, 1);
  guint8 up[512], down[512];
  gsize size, n = mqtt_client_output(pair->clients[A].machine, 0, up, sizeof up);
  mqtt_broker_input(pair->broker, 0, pair->clients[A].conn, up, n);
  n = mqtt_broker_output(pair->broker, 0, pair->clients[B].conn, down, sizeof down);
  MqttPacket packet;
  guint8 reason, property;
  guint32 number, sum = 0, count = 0;
  g_assert_cmpint(mqtt_decode(down, n, MQTT_5_0, MQTT_FROM_SERVER, 512, &packet, &size, &reason),
                  ==, MQTT_DONE);
  MqttBytes raw = packet.publish.properties.raw, encoded, name, value;
  while (mqtt_property_next(&raw, &property, &encoded, &name, &value, &number)) {
    g_assert_cmpuint(property, ==, MQTT_PROP_SUBSCRIPTION_ID);
    sum += number;
    count++;
  }
  g_assert_cmpuint(count, ==, 2); /* [MQTT-3.3.4-4] */
  g_assert_cmpuint(sum, ==, 301);
  pair_free(pair);
}

static void
test_no_local(void)
{
  Pair *pair = make(MQTT_5_0, 1);
  start(pair);
  pair_subscribe(pair, A, "a", 1 | MQTT_OPTION_NO_LOCAL);
  pair_publish(pair, A, "a", 1, 1);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[A].delivered->len, ==, 0);
  pair_subscribe(pair, A, "a", 1); /* replaces the options [MQTT-3.8.4-3] */
  pair_publish(pair, A, "a", 1, 2);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[A].delivered->len, ==, 1);
  pair_free(pair);
}

static void
test_take_over(void)
{
  for (MqttVersion version = MQTT_3_1_1; version <= MQTT_5_0; version++) {
    Pair *pair = make(version, 3);
    pair_start(pair);
    strcpy(pair->clients[B].name, pair->clients[A].name);
    mqtt_client_free(pair->clients[B].machine);
    pair->clients[B].machine = mqtt_client_new(
        &pair->clients[B].config, mqtt_bytes(pair->clients[A].name), &pair->client_events);
    pair->clients[B].config.clean_start = MQTT_CLEAN_YES;
    pair_online(pair, A);
    pair_online(pair, C);
    pair_subscribe(pair, A, "a", 1);
    pair_online(pair, B);
    g_assert_false(pair->clients[A].up);
    g_assert_cmpuint(pair->clients[A].broker_close_reason, ==, MQTT_SESSION_TAKEN_OVER);
    if (version == MQTT_5_0)
      g_assert_cmpuint(pair->clients[A].close_reason, ==, MQTT_SESSION_TAKEN_OVER);
    g_assert_true(mqtt_client_connected(pair->clients[B].machine));
    g_assert_cmpuint(mqtt_broker_connections(pair->broker), ==, 2);
    g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, 2);
    g_assert_cmpuint(pair->clients[A].session_gone[MQTT_CAUSE_SESSION_DISCARDED], ==, 1);
    pair_publish(pair, C, "a", 1, 1); /* the subscription went with the session */
    pair_settle(pair);
    g_assert_cmpuint(pair->unsubscribed_to, ==, 1);
    pair_free(pair);
  }
}

/* 1.5 times the keep alive without a packet closes [MQTT-3.1.2-22]; a client that pings stays. */
static void
test_keep_alive(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  for (guint i = 0; i < 2; i++)
    pair->clients[i].config.keep_alive_s = 10;
  start(pair);
  pair_run(pair, S(1000));
  g_assert_true(pair->clients[A].up && pair->clients[B].up);
  g_assert_cmpint(mqtt_broker_deadline(pair->broker), >, pair->now_ns);
  gint64 silent_ns = pair->now_ns;
  while (pair->clients[A].broker_closes == 0) { /* nothing of A's arrives from now on */
    gint64 due_ns = mqtt_broker_deadline(pair->broker);
    g_assert_cmpint(due_ns, <=, silent_ns + S(15));
    mqtt_broker_timeout(pair->broker, due_ns);
    pair->now_ns = due_ns;
    guint8 bytes[64];
    while (mqtt_broker_output(pair->broker, due_ns, pair->clients[A].conn, bytes, 64) > 0)
      g_assert_cmphex(bytes[0], ==, 0xE0);
    for (guint i = 0; i < pair->broker_events.length; i++)
      if (pair->broker_events.items[i].type == MQTT_EVENT_CLOSE) {
        g_assert_cmpuint(pair->broker_events.items[i].reason, ==, MQTT_KEEP_ALIVE_TIMEOUT);
        pair->clients[A].broker_closes++;
      }
    pair->broker_events.length = 0;
  }
  g_assert_cmpint(pair->now_ns, >, silent_ns + S(4));
  pair_free(pair);
}

static void
test_expiry(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  pair->clients[B].config.session_expiry_s = 100;
  start(pair);
  pair_subscribe(pair, B, "a", 1);
  pair_cut(pair, B);
  pair_publish(pair, A, "a", 1, 1);
  pair_run(pair, S(99));
  g_assert_cmpuint(mqtt_broker_queued(pair->broker, mqtt_bytes("client-1")), ==, 1);
  pair_run(pair, S(2));
  g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, 1);
  g_assert_cmpuint(pair->clients[B].session_gone[MQTT_CAUSE_SESSION_EXPIRED], ==, 1);
  g_assert_cmpuint(pair->clients[B].gone_broker[MQTT_CAUSE_SESSION_EXPIRED], ==, 1);
  pair_online(pair, B);
  g_assert_cmpuint(pair->clients[B].resumed, ==, 0);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

/* A session that reconnects in time lives on, and its next absence is counted anew. */
static void
test_expiry_starts_anew(void)
{
  Pair *pair = make(MQTT_5_0, 1);
  pair->clients[A].config.session_expiry_s = 100;
  start(pair);
  for (guint i = 0; i < 3; i++) {
    pair_cut(pair, A);
    pair_run(pair, S(90));
    pair_online(pair, A);
    pair_run(pair, S(300));
  }
  g_assert_cmpuint(pair->clients[A].resumed, ==, 3);
  pair_free(pair);
}

static void
test_expiry_changed_at_disconnect(void)
{
  static const struct {
    guint32 before_s, at_disconnect_s;
    guint sessions_at_once, sessions_later;
  } cases[] = {{100, 0, 0, 0}, {100, 1000, 1, 1}, {100, 0xFFFFFFFF, 1, 1}, {100, 5, 1, 0}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Pair *pair = make(MQTT_5_0, 1);
    pair->clients[A].config.session_expiry_s = cases[i].before_s;
    start(pair);
    MqttPacket packet = {.type = MQTT_DISCONNECT};
    packet.disconnect.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_SESSION_EXPIRY;
    packet.disconnect.properties.session_expiry_s = cases[i].at_disconnect_s;
    send_packet(pair, A, &packet);
    g_assert_false(pair->clients[A].up);
    g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, cases[i].sessions_at_once);
    pair_run(pair, S(500));
    g_assert_cmpuint(mqtt_broker_sessions(pair->broker), ==, cases[i].sessions_later);
    pair_free(pair);
  }
}

static void
test_clean_start(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  start(pair);
  pair_subscribe(pair, B, "a", 1);
  pair_cut(pair, B);
  pair_publish(pair, A, "a", 1, 1);
  pair_settle(pair);
  pair->clients[B].config.clean_start = MQTT_CLEAN_YES;
  pair_online(pair, B);
  g_assert_cmpuint(pair->clients[B].gone_broker[MQTT_CAUSE_SESSION_DISCARDED], ==, 1);
  g_assert_cmpuint(pair->clients[B].delivered->len, ==, 0);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

static void
test_offline_qos0(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  start(pair);
  pair_subscribe(pair, B, "a", 1);
  pair_cut(pair, B);
  pair_publish(pair, A, "a", 0, 1);
  pair_settle(pair);
  g_assert_cmpuint(pair->clients[B].gone_broker[MQTT_CAUSE_OFFLINE], ==, 1);
  g_assert_cmpuint(pair->unsubscribed_to, ==, 0);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

static void
test_queue_full(void)
{
  for (MqttOnQueueFull policy = MQTT_DROP_NEW; policy <= MQTT_FULL_REFUSE; policy++) {
    Pair *pair = make(MQTT_5_0, 2);
    pair->config.queue = 2;
    pair->config.on_queue_full = policy;
    start(pair);
    pair_subscribe(pair, B, "a", 2);
    pair_cut(pair, B);
    for (guint64 tag = 1; tag <= 4; tag++)
      pair_publish(pair, A, "a", tag % 2 ? 1 : 2, tag);
    pair_settle(pair);
    g_assert_cmpuint(pair->clients[B].gone_broker[MQTT_CAUSE_QUEUE_FULL], ==, 2);
    g_assert_cmpuint(pair->clients[A].failed->len, ==, policy == MQTT_FULL_REFUSE ? 2 : 0);
    g_assert_cmpuint(pair->clients[A].gone[MQTT_CAUSE_REFUSED], ==,
                     policy == MQTT_FULL_REFUSE ? 2 : 0);
    pair_online(pair, B);
    guint64 first = policy == MQTT_DROP_OLD ? 3 : 1;
    g_assert_cmpuint(pair->clients[B].delivered->len, ==, 2);
    g_assert_cmpuint(g_array_index(pair->clients[B].delivered, guint64, 0), ==, first);
    g_assert_cmpuint(g_array_index(pair->clients[B].delivered, guint64, 1), ==, first + 1);
    pair_assert_no_copies(pair);
    pair_free(pair);
  }
}

/* The broker's own bound and the client's Receive Maximum both hold; the monitors watch the
 * second. */
static void
test_windows(void)
{
  for (guint16 receive_maximum = 1; receive_maximum <= 8; receive_maximum += 7) {
    Pair *pair = make(MQTT_5_0, 2);
    pair->config.inflight = 4;
    pair->clients[B].config.receive_maximum = receive_maximum;
    start(pair);
    pair_subscribe(pair, B, "a", 2);
    for (guint64 tag = 1; tag <= 20; tag++)
      pair_publish(pair, A, "a", tag % 2 ? 1 : 2, tag);
    pair_run(pair, MS(15)); /* the publishes have arrived, no answer has */
    g_assert_cmpuint(mqtt_broker_inflight(pair->broker, mqtt_bytes("client-1")), ==,
                     MIN(4, receive_maximum));
    pair_settle(pair);
    g_assert_cmpuint(pair->clients[B].delivered->len, ==, 20);
    for (guint64 tag = 1; tag <= 20; tag++)
      g_assert_cmpuint(g_array_index(pair->clients[B].delivered, guint64, tag - 1), ==, tag);
    pair_assert_no_copies(pair);
    pair_free(pair);
  }
}

/* A publisher beyond the announced Receive Maximum is closed, section 3.3.4. */
static void
test_receive_maximum(void)
{
  Pair *pair = make(MQTT_5_0, 1);
  pair->config.receive_maximum = 2;
  start(pair);
  guint8 bytes[64];
  gsize n = 0;
  for (guint16 id = 1; id <= 3; id++) {
    MqttPacket packet = {.type = MQTT_PUBLISH,
                         .publish = {.qos = 2, .packet_id = id, .topic = MQTT_BYTES("x")}};
    n += mqtt_encode(&packet, MQTT_5_0, bytes + n, sizeof bytes - n);
  }
  guint64 none = 0;
  g_hash_table_insert(pair->clients[A].to_broker.copies, g_memdup2(&none, 8), GSIZE_TO_POINTER(3));
  pair->unmonitored = TRUE;
  pair_inject(pair, A, bytes, n);
  pair_settle(pair);
  g_assert_false(pair->clients[A].up);
  g_assert_cmpuint(pair->clients[A].close_reason, ==, MQTT_RECEIVE_MAXIMUM_EXCEEDED);
  pair_free(pair);
}

static void
test_maximum_qos(void)
{
  Pair *pair = make(MQTT_5_0, 2);
  pair->config.maximum_qos = 1;
  start(pair);
  g_assert_cmpint(pair_publish(pair, A, "a", 2, 1), ==, MQTT_PUBLISH_NOT_SUPPORTED);
  pair_subscribe(pair, B, "a", 2);
  g_assert_cmpuint(pair->clients[B].granted, ==, 1);
  MqttPacket packet = {.type = MQTT_PUBLISH,
                       .publish = {.qos = 2, .packet_id = 1, .topic = MQTT_BYTES("a")}};
  send_packet(pair, A, &packet);
  g_assert_cmpuint(pair->clients[A].close_reason, ==, MQTT_QOS_NOT_SUPPORTED);
  pair_free(pair);
}

/* [MQTT-3.1.2-25]: not sent, and nobody hears of it. */
static void
test_too_large(void)
{
  for (guint8 qos = 0; qos <= 2; qos++) {
    Pair *pair = make(MQTT_5_0, 2);
    pair->clients[B].config.maximum_packet_size = 50;
    start(pair);
    pair_subscribe(pair, B, "a", 2);
    pair_publish_size(pair, A, "a", qos, 1, 100);
    pair_publish_size(pair, A, "a", qos, 2, 20);
    pair_settle(pair);
    g_assert_cmpuint(pair->clients[B].gone_broker[MQTT_CAUSE_TOO_LARGE], ==, 1);
    g_assert_cmpuint(pair->clients[B].delivered->len, ==, 1);
    g_assert_cmpuint(pair->clients[A].failed->len, ==, 0);
    pair_assert_no_copies(pair);
    pair_free(pair);
  }
}

static void
test_announced_packet_size(void)
{
  Pair *pair = make(MQTT_5_0, 1);
  pair->config.maximum_packet_size = 60;
  start(pair);
  g_assert_cmpint(pair_publish_size(pair, A, "a", 1, 1, 100), ==, MQTT_PUBLISH_TOO_LARGE);
  guint8 payload[100] = {0};
  MqttPacket packet = {.type = MQTT_PUBLISH,
                       .publish = {.topic = MQTT_BYTES("a"), .payload = {payload, 100}}};
  send_packet(pair, A, &packet);
  g_assert_cmpuint(pair->clients[A].close_reason, ==, MQTT_PACKET_TOO_LARGE);
  pair_free(pair);
}

/* A connection of raw bytes. */
static guint8
connack_of(MqttVersion version, const MqttConnect *connect, gboolean *closed)
{
  MqttBrokerConfig config;
  MqttEvents events = {0};
  guint8 bytes[256], reason = 0;
  gsize size;
  MqttPacket packet = {.type = MQTT_CONNECT, .connect = *connect};
  packet.connect.version = version;
  mqtt_broker_config_default(&config);
  MqttBroker *broker = mqtt_broker_new(&config, &events);
  mqtt_broker_open(broker, 0, 0, 0);
  gsize n = mqtt_encode(&packet, version, bytes, sizeof bytes);
  mqtt_broker_input(broker, 0, 0, bytes, n);
  g_assert_cmpuint(mqtt_broker_next_ready(broker), ==, 0);
  n = mqtt_broker_output(broker, 0, 0, bytes, sizeof bytes);
  g_assert_cmpint(mqtt_decode(bytes, n, version, MQTT_FROM_SERVER, 256, &packet, &size, &reason),
                  ==, MQTT_DONE);
  reason = packet.connack.reason;
  if (reason == 0 && version == MQTT_5_0) {
    g_assert_cmpuint(packet.connack.properties.assigned_client_id.length > 0, ==,
                     connect->client_id.length == 0);
  }
  *closed = FALSE;
  for (guint i = 0; i < events.length; i++)
    *closed |= events.items[i].type == MQTT_EVENT_CLOSE;
  mqtt_broker_free(broker);
  mqtt_events_clear(&events);
  return reason;
}

static void
test_connack(void)
{
  gboolean closed;
  MqttConnect connect = {.clean_start = TRUE};
  g_assert_cmpuint(connack_of(MQTT_5_0, &connect, &closed), ==, 0);
  g_assert_cmpuint(connack_of(MQTT_3_1_1, &connect, &closed), ==, 0);
  g_assert_false(closed);
  connect.clean_start = FALSE;
  g_assert_cmpuint(connack_of(MQTT_3_1_1, &connect, &closed), ==, 2);
  g_assert_true(closed);
  connect.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_AUTHENTICATION_METHOD;
  connect.properties.authentication_method = MQTT_BYTES("SCRAM");
  g_assert_cmpuint(connack_of(MQTT_5_0, &connect, &closed), ==, MQTT_BAD_AUTHENTICATION_METHOD);
  g_assert_true(closed);
}

/* Protocol level 9: the answer is that of 3.1.1. Anything before CONNECT: no answer. */
static void
test_first_packet(void)
{
  static const guint8 level9[] = {0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 9, 2, 0, 0, 0, 0};
  static const guint8 ping[] = {0xC0, 0};
  MqttBrokerConfig config;
  MqttEvents events = {0};
  guint8 bytes[64];
  mqtt_broker_config_default(&config);
  MqttBroker *broker = mqtt_broker_new(&config, &events);
  mqtt_broker_open(broker, 0, 0, 0);
  mqtt_broker_input(broker, 0, 0, level9, sizeof level9);
  gsize n = mqtt_broker_output(broker, 0, 0, bytes, sizeof bytes);
  static const guint8 expected[] = {0x20, 2, 0, 1};
  g_assert_cmpmem(bytes, n, expected, sizeof expected);
  mqtt_broker_open(broker, 0, 1, 1);
  mqtt_broker_input(broker, 0, 1, ping, sizeof ping);
  g_assert_cmpuint(mqtt_broker_output(broker, 0, 1, bytes, sizeof bytes), ==, 0);
  g_assert_cmpuint(events.items[events.length - 1].type, ==, MQTT_EVENT_CLOSE);
  g_assert_cmpuint(events.items[events.length - 1].conn, ==, 1);
  mqtt_broker_free(broker);
  mqtt_events_clear(&events);
}

/* When a broker closes a 3.1.1 client with a keep alive of 5 s that is silent after CONNECT. */
static gint64
closes_ms(guint quirks, gint64 check_s, gint64 clock_ms, gint64 sent_ms)
{
  MqttBrokerConfig config;
  MqttEvents events = {0};
  guint8 bytes[64];
  MqttPacket packet = {.type = MQTT_CONNECT,
                       .connect = {.version = MQTT_3_1_1,
                                   .clean_start = TRUE,
                                   .keep_alive_s = 5,
                                   .client_id = MQTT_BYTES("a")}};
  mqtt_broker_config_default(&config);
  config.quirks = quirks;
  config.keep_alive_check_ns = S(check_s);
  config.clock_ns = S(clock_ms) / 1000;
  MqttBroker *broker = mqtt_broker_new(&config, &events);
  gint64 at_ns = S(sent_ms) / 1000;
  mqtt_broker_open(broker, at_ns, 0, 0);
  mqtt_broker_input(broker, at_ns, 0, bytes, mqtt_encode(&packet, MQTT_3_1_1, bytes, 64));
  while (events.items[events.length - 1].type != MQTT_EVENT_CLOSE) {
    g_assert_cmpint(mqtt_broker_deadline(broker), >=, at_ns);
    at_ns = mqtt_broker_deadline(broker);
    mqtt_broker_timeout(broker, at_ns);
  }
  mqtt_broker_free(broker);
  mqtt_events_clear(&events);
  return at_ns / (S(1) / 1000);
}

/* Mosquitto 2.0.11 was seen to close who had sent CONNECT up to 20.941 s of its clock at 28.0 s,
 * and who had at 21.244 s at 34.0 s, up to 26.829 s; the next at 40.0 s. */
static void
test_silence_by_the_clock(void)
{
  static const struct {
    gint64 sent_ms, closed_ms;
  } seen[] = {{16904, 28000}, {20941, 28000}, {21244, 34000}, {26829, 34000}, {27133, 40000}};
  for (guint i = 0; i < G_N_ELEMENTS(seen); i++)
    for (gint64 clock_ms = 2000; clock_ms < 14000; clock_ms += 1700)
      g_assert_cmpint(
          closes_ms(MQTT_QUIRK_WHOLE_SECONDS, 6, clock_ms, seen[i].sent_ms + 2000 - clock_ms), ==,
          seen[i].closed_ms + 2000 - clock_ms);
  g_assert_cmpint(closes_ms(0, 0, 300, 20941), ==, 28441);
  g_assert_cmpint(closes_ms(0, 6, 0, 20941), ==, 30000);
  g_assert_cmpint(closes_ms(0, 6, 700, 20941), ==, 29300);
}

/* A will is published when its connection breaks, and not after DISCONNECT 0x00 [MQTT-3.1.2-8,
 * -10]. */
static void
will_case(guint32 delay_s, gboolean says_goodbye, guint expected_at_once, guint expected_later)
{
  MqttBrokerConfig config;
  MqttEvents events = {0};
  guint8 bytes[256];
  mqtt_broker_config_default(&config);
  MqttBroker *broker = mqtt_broker_new(&config, &events);
  for (guint conn = 0; conn < 2; conn++) {
    MqttPacket packet = {.type = MQTT_CONNECT,
                         .connect = {.version = MQTT_5_0,
                                     .client_id = mqtt_bytes(conn == 0 ? "a" : "b"),
                                     .has_will = conn == 0,
                                     .will_topic = MQTT_BYTES("w"),
                                     .will_payload = MQTT_BYTES("gone")}};
    packet.connect.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_SESSION_EXPIRY;
    packet.connect.properties.session_expiry_s = 1000;
    packet.connect.will_properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_WILL_DELAY;
    packet.connect.will_properties.will_delay_s = delay_s;
    mqtt_broker_open(broker, 0, conn, conn);
    mqtt_broker_input(broker, 0, conn, bytes, mqtt_encode(&packet, MQTT_5_0, bytes, 256));
  }
  static const guint8 subscribe[] = {0x82, 7, 0, 1, 0, 0, 1, 'w', 0};
  static const guint8 disconnect[] = {0xE0, 0};
  mqtt_broker_input(broker, 0, 1, subscribe, sizeof subscribe);
  if (says_goodbye)
    mqtt_broker_input(broker, 0, 0, disconnect, sizeof disconnect);
  mqtt_broker_closed(broker, 0, 0);
  guint seen[2] = {0, 0};
  for (guint later = 0; later < 2; later++) {
    gsize n;
    while ((n = mqtt_broker_output(broker, 0, 1, bytes, sizeof bytes)) > 0)
      seen[later] += bytes[0] >> 4 == MQTT_PUBLISH;
    mqtt_broker_timeout(broker, S(10));
  }
  g_assert_cmpuint(seen[0], ==, expected_at_once);
  g_assert_cmpuint(seen[1], ==, expected_later);
  mqtt_broker_free(broker);
  mqtt_events_clear(&events);
}

static void
test_will(void)
{
  will_case(0, FALSE, 1, 0);
  will_case(0, TRUE, 0, 0);
  will_case(5, FALSE, 0, 1);
  will_case(50, FALSE, 0, 0);
}

/* Sessions and connections come and go; all numbers and books return to where they were. */
static void
test_churn(void)
{
  Pair *pair = make(MQTT_5_0, 4);
  pair->clients[3].config.session_expiry_s = 0;
  start(pair);
  for (guint i = 1; i < 4; i++)
    pair_subscribe(pair, i, "a/#", 1);
  for (guint round = 0; round < 200; round++) {
    guint who = (guint)g_test_rand_int_range(1, 4);
    if (pair->clients[who].up)
      pair_cut(pair, who);
    else
      pair_online(pair, who);
    pair_publish(pair, A, "a/b", 1, round + 1);
    pair_settle(pair);
  }
  for (guint i = 1; i < 4; i++)
    if (!pair->clients[i].up)
      pair_online(pair, i);
  for (guint64 tag = 1; tag <= 200; tag++)
    for (guint i = 1; i < 3; i++)
      g_assert_cmpuint(pair_times(pair->clients[i].delivered, tag), ==, 1);
  pair_assert_no_copies(pair);
  pair_free(pair);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *path;
    GTestFunc function;
  } tests[] = {
      {"subscribe/filters", test_filters},
      {"subscribe/overlap", test_overlap},
      {"subscribe/identifiers", test_subscription_identifiers},
      {"subscribe/no-local", test_no_local},
      {"session/take-over", test_take_over},
      {"session/expiry", test_expiry},
      {"session/expiry-starts-anew", test_expiry_starts_anew},
      {"session/expiry-at-disconnect", test_expiry_changed_at_disconnect},
      {"session/clean-start", test_clean_start},
      {"keep-alive", test_keep_alive},
      {"keep-alive/by-the-clock", test_silence_by_the_clock},
      {"queue/offline-qos0", test_offline_qos0},
      {"queue/full", test_queue_full},
      {"window/both", test_windows},
      {"window/ours", test_receive_maximum},
      {"limits/qos", test_maximum_qos},
      {"limits/too-large", test_too_large},
      {"limits/announced", test_announced_packet_size},
      {"connack", test_connack},
      {"first-packet", test_first_packet},
      {"will", test_will},
      {"churn", test_churn},
  };
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
    g_autofree char *path = g_strconcat("/mqtt/broker/", tests[i].path, NULL);
    g_test_add_func(path, tests[i].function);
  }
  return g_test_run();
}
