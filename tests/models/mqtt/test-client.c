/* A client alone, spoken to by a test that writes the server's packets itself. */
#include "models/mqtt/client.h"
#include "models/mqtt/codec.h"
#include "tests/models/mqtt/books.h"

#include <string.h>

#define S(n) ((gint64)(n)*G_GINT64_CONSTANT(1000000000))

typedef struct {
  MqttClientConfig config;
  MqttEvents events;
  MqttClient *client;
  gint64 now_ns;
  MqttPacket packet;  /* the last that out() saw */
  guint8 bytes[4096]; /* of it */
} Solo;

static Solo *
solo_new(MqttVersion version)
{
  Solo *solo = g_new0(Solo, 1);
  mqtt_client_config_default(&solo->config);
  solo->config.version = version;
  solo->config.clean_start = MQTT_CLEAN_NO;
  solo->config.session_expiry_s = 100;
  return solo;
}

static void
solo_free(Solo *solo)
{
  mqtt_client_free(solo->client);
  mqtt_events_clear(&solo->events);
  g_free(solo);
}

/* The next packet that the client writes; 0: none. */
static MqttPacketType
out(Solo *solo)
{
  gsize size, n = mqtt_client_output(solo->client, solo->now_ns, solo->bytes, sizeof solo->bytes);
  guint8 reason;
  if (n == 0)
    return 0;
  g_assert_cmpint(mqtt_decode(solo->bytes, n, solo->config.version, MQTT_FROM_CLIENT,
                              MQTT_PACKET_MAX, &solo->packet, &size, &reason),
                  ==, MQTT_DONE);
  g_assert_cmpuint(size, ==, n);
  return solo->packet.type;
}

static void
in(Solo *solo, const MqttPacket *packet)
{
  guint8 bytes[1024];
  gsize n = mqtt_encode(packet, solo->config.version, bytes, sizeof bytes);
  g_assert_cmpuint(n, >, 0);
  mqtt_client_input(solo->client, solo->now_ns, bytes, n);
}

static void
in_ack(Solo *solo, MqttPacketType type, guint16 id, guint8 reason)
{
  MqttPacket packet = {.type = type, .ack = {.packet_id = id, .reason = reason}};
  in(solo, &packet);
}

static void
in_publish(Solo *solo, guint8 qos, guint16 id)
{
  MqttPacket packet = {.type = MQTT_PUBLISH,
                       .publish = {.qos = qos, .packet_id = id, .topic = MQTT_BYTES("t")}};
  in(solo, &packet);
}

/* The first event of this type since the last call of forget(). */
static const MqttEvent *
event(Solo *solo, MqttEventType type)
{
  for (guint i = 0; i < solo->events.length; i++)
    if (solo->events.items[i].type == type)
      return &solo->events.items[i];
  return NULL;
}

static guint
events(Solo *solo, MqttEventType type)
{
  guint n = 0;
  for (guint i = 0; i < solo->events.length; i++)
    n += solo->events.items[i].type == type;
  return n;
}

static void
forget(Solo *solo)
{
  solo->events.length = 0;
}

static void
begin(Solo *solo)
{
  if (solo->client == NULL)
    solo->client = mqtt_client_new(&solo->config, MQTT_BYTES("me"), &solo->events);
  mqtt_client_connecting(solo->client, solo->now_ns);
  mqtt_client_opened(solo->client, solo->now_ns);
  g_assert_cmpint(out(solo), ==, MQTT_CONNECT);
}

static void
connect_with(Solo *solo, gboolean present, MqttProperties properties)
{
  begin(solo);
  MqttPacket packet = {.type = MQTT_CONNACK,
                       .connack = {.session_present = present, .properties = properties}};
  in(solo, &packet);
}

static void
connect_plain(Solo *solo, gboolean present)
{
  connect_with(solo, present, (MqttProperties){0});
}

static MqttPublishResult
publish(Solo *solo, guint8 qos, guint8 tag)
{
  guint8 payload[8] = {[7] = tag};
  MqttPublish p = {.qos = qos, .topic = MQTT_BYTES("t"), .payload = {payload, 8}};
  return mqtt_client_publish(solo->client, solo->now_ns, &p);
}

/* Moves to the client's deadline and calls it. */
static gint64
time_out(Solo *solo)
{
  solo->now_ns = mqtt_client_deadline(solo->client);
  g_assert_cmpint(solo->now_ns, !=, MQTT_NEVER);
  mqtt_client_timeout(solo->client, solo->now_ns);
  return solo->now_ns;
}

static void
close_now(Solo *solo)
{
  mqtt_client_closed(solo->client, solo->now_ns);
}

static void
test_connect(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.receive_maximum = 7;
  begin(solo);
  g_assert_cmpuint(solo->packet.connect.properties.session_expiry_s, ==, 100);
  g_assert_cmpuint(solo->packet.connect.properties.receive_maximum, ==, 7);
  g_assert_cmpuint(solo->packet.connect.keep_alive_s, ==, 60);
  g_assert_false(solo->packet.connect.clean_start);
  g_assert_false(mqtt_client_connected(solo->client));
  g_assert_cmpint(time_out(solo), ==, S(30));
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, MQTT_NEVER);
  solo_free(solo);
}

static void
test_refused(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  begin(solo);
  MqttPacket packet = {.type = MQTT_CONNACK, .connack = {.reason = MQTT_SERVER_BUSY}};
  in(solo, &packet);
  g_assert_cmpuint(event(solo, MQTT_EVENT_REFUSED)->reason, ==, MQTT_SERVER_BUSY);
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  solo_free(solo);
}

static void
test_clean_start(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.clean_start = MQTT_CLEAN_FIRST;
  begin(solo);
  g_assert_true(solo->packet.connect.clean_start);
  close_now(solo);
  connect_plain(solo, FALSE);
  g_assert_true(solo->packet.connect.clean_start); /* the first one failed */
  close_now(solo);
  begin(solo);
  g_assert_false(solo->packet.connect.clean_start);
  solo_free(solo);
}

/* PINGREQ when nothing was sent for the keep alive; sending anything postpones it [MQTT-3.1.2-20].
 */
static void
test_keep_alive(void)
{
  Solo *solo = solo_new(MQTT_3_1_1);
  solo->config.keep_alive_s = 10;
  solo->config.ping_timeout_ns = S(3);
  connect_plain(solo, FALSE);
  solo->now_ns = S(6);
  publish(solo, 0, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpint(time_out(solo), ==, S(16));
  g_assert_cmpint(out(solo), ==, MQTT_PINGREQ);
  solo->now_ns = S(18);
  in(solo, &(MqttPacket){.type = MQTT_PINGRESP});
  g_assert_cmpint(time_out(solo), ==, S(26));
  g_assert_cmpint(out(solo), ==, MQTT_PINGREQ);
  g_assert_null(event(solo, MQTT_EVENT_CLOSE));
  g_assert_cmpint(time_out(solo), ==, S(29));
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  solo_free(solo);
}

/* A PINGREQ for which there is no room does not spin, and is missed all the same. */
static void
test_ping_without_room(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  guint8 byte;
  connect_plain(solo, FALSE);
  g_assert_cmpint(time_out(solo), ==, S(60));
  g_assert_cmpuint(mqtt_client_output(solo->client, solo->now_ns, &byte, 1), ==, 0);
  g_assert_cmpint(time_out(solo), ==, S(120));
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  solo_free(solo);
}

/* A time for the transport and one for CONNACK, which both begin with the try; a transport that
 * took longer than CONNACK may is of no use. */
static void
test_times_to_connect(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.connect_timeout_ns = S(5);
  solo->config.connack_timeout_ns = S(20);
  solo->client = mqtt_client_new(&solo->config, MQTT_BYTES("me"), &solo->events);
  mqtt_client_connecting(solo->client, 0);
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, S(5));
  mqtt_client_opened(solo->client, S(3));
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, S(20));
  mqtt_client_closed(solo->client, S(4));
  solo->config.connect_timeout_ns = MQTT_NEVER;
  mqtt_client_connecting(solo->client, S(10));
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, MQTT_NEVER);
  mqtt_client_opened(solo->client, S(70));
  forget(solo);
  mqtt_client_timeout(solo->client, S(70));
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  solo_free(solo);
}

/* When nothing comes, a PINGREQ is due though there was something to send; it is not repeated while
 * its answer is awaited, for however long. */
static void
test_ping_when_nothing_comes(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.keep_alive_s = 10;
  solo->config.ping_timeout_ns = MQTT_NEVER;
  solo->config.ping_when = MQTT_PING_EITHER;
  connect_plain(solo, FALSE);
  solo->now_ns = S(6);
  publish(solo, 0, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpint(time_out(solo), ==, S(10));
  g_assert_cmpint(out(solo), ==, MQTT_PINGREQ);
  g_assert_cmpint(time_out(solo), ==, S(20)); /* nothing was sent */
  g_assert_cmpint(out(solo), ==, MQTT_PINGREQ);
  solo->now_ns = S(21);
  in(solo, &(MqttPacket){.type = MQTT_PINGRESP});
  solo->now_ns = S(27);
  publish(solo, 0, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpint(time_out(solo), ==, S(31));
  g_assert_cmpint(out(solo), ==, MQTT_PINGREQ);
  solo_free(solo);
}

/* 3.1.1 knows of no options but the QoS: the others are reserved there [MQTT-3-8.3-4]. */
static void
test_options_of_an_old_subscription(void)
{
  Solo *solo = solo_new(MQTT_3_1_1);
  MqttBytes filter;
  guint8 options;
  connect_plain(solo, FALSE);
  mqtt_client_subscribe(solo->client, 0, MQTT_BYTES("a"),
                        2 | MQTT_OPTION_NO_LOCAL | MQTT_OPTION_RETAIN_AS_PUBLISHED | 1 << 4, 7);
  g_assert_cmpint(out(solo), ==, MQTT_SUBSCRIBE);
  g_assert_true(mqtt_filter_next(&solo->packet.subscribe.entries, TRUE, &filter, &options));
  g_assert_cmpuint(options, ==, 2);
  solo_free(solo);
}

static void
test_server_keep_alive(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  MqttProperties p = {.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_SERVER_KEEP_ALIVE,
                      .server_keep_alive_s = 5};
  connect_with(solo, FALSE, p);
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, S(5));
  solo_free(solo);
}

/* What was on its way to the store when the process died never comes there: no answer may wait for
 * it. */
static void
test_answer_after_a_crash(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  MqttStoreOp op;
  solo->config.store = TRUE;
  solo->config.ack_after_store = TRUE;
  connect_plain(solo, FALSE);
  g_assert_true(mqtt_client_store_op(solo->client, &op)); /* that there is a session */
  mqtt_client_stored(solo->client, 0, op.number);
  in_publish(solo, 2, 1);
  g_assert_cmpint(out(solo), ==, 0);
  mqtt_client_lose_state(solo->client, MQTT_CAUSE_STATE_LOST);
  mqtt_client_load(solo->client, &op.key, (const guint8 *)"me", 2);
  connect_plain(solo, TRUE);
  in_publish(solo, 1, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBACK);
  solo_free(solo);
}

/* The order of PUBRECs is in the store too [MQTT-4.6.0-4]. */
static void
test_releases_after_a_crash(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  BooksStore store;
  MqttStoreOp op;
  books_store_init(&store);
  solo->config.store = TRUE;
  connect_plain(solo, FALSE);
  for (guint8 tag = 1; tag <= 3; tag++) {
    publish(solo, 2, tag);
    g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  }
  in_ack(solo, MQTT_PUBREC, 3, 0);
  in_ack(solo, MQTT_PUBREC, 1, 0);
  while (mqtt_client_store_op(solo->client, &op))
    books_fetch(&store, &op);
  mqtt_client_lose_state(solo->client, MQTT_CAUSE_STATE_LOST);
  g_autoptr(GPtrArray) records = books_records(&store, 0);
  for (guint i = 0; i < records->len; i++) {
    const BooksOp *record = records->pdata[i];
    mqtt_client_load(solo->client, &record->op.key, record->value, record->op.length);
  }
  connect_plain(solo, TRUE);
  static const guint16 ids[] = {3, 1, 2};
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpint(out(solo), ==, i < 2 ? MQTT_PUBREL : MQTT_PUBLISH);
    g_assert_cmpuint(i < 2 ? solo->packet.ack.packet_id : solo->packet.publish.packet_id, ==,
                     ids[i]);
  }
  in_ack(solo, MQTT_PUBREC, 2, 0);
  close_now(solo);
  connect_plain(solo, TRUE);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpint(out(solo), ==, MQTT_PUBREL);
    g_assert_cmpuint(solo->packet.ack.packet_id, ==, ids[i]);
  }
  books_store_clear(&store);
  solo_free(solo);
}

static Solo *
with_unacked(MqttVersion version, guint8 qos, MqttOnAckTimeout policy)
{
  Solo *solo = solo_new(version);
  solo->config.keep_alive_s = 0;
  solo->config.ack_timeout_ns = S(2);
  solo->config.on_ack_timeout = policy;
  solo->config.ack_backoff = 3;
  solo->config.ack_tries = 2;
  connect_plain(solo, FALSE);
  publish(solo, qos, 1);
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, MQTT_NEVER); /* it counts from SENT */
  solo->now_ns = S(1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  forget(solo);
  return solo;
}

static void
test_report(void)
{
  Solo *solo = with_unacked(MQTT_5_0, 1, MQTT_ACK_REPORT);
  g_assert_cmpint(time_out(solo), ==, S(3));
  g_assert_true(event(solo, MQTT_EVENT_TOLD)->flags & MQTT_FLAG_FAILED);
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, MQTT_NEVER);
  forget(solo);
  in_ack(solo, MQTT_PUBACK, 1, 0);
  g_assert_cmpuint(event(solo, MQTT_EVENT_TOLD)->flags, ==, MQTT_FLAG_GONE);
  g_assert_cmpuint(mqtt_client_inflight(solo->client), ==, 0);
  solo_free(solo);
}

static void
test_resend(void)
{
  Solo *solo = with_unacked(MQTT_3_1_1, 1, MQTT_ACK_RESEND);
  g_assert_cmpint(time_out(solo), ==, S(3));
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_true(solo->packet.publish.dup);
  g_assert_cmpuint(solo->packet.publish.packet_id, ==, 1);
  g_assert_cmpuint(event(solo, MQTT_EVENT_SENT)->resend, ==, MQTT_RESEND_TIMER);
  g_assert_cmpint(time_out(solo), ==, S(3 + 6)); /* backed off */
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  forget(solo);
  g_assert_cmpint(time_out(solo), ==, S(9 + 18)); /* both tries were in vain */
  g_assert_cmpint(out(solo), ==, 0);
  g_assert_cmpuint(event(solo, MQTT_EVENT_GONE)->cause, ==, MQTT_CAUSE_GAVE_UP);
  g_assert_true(event(solo, MQTT_EVENT_TOLD)->flags & MQTT_FLAG_FAILED);
  g_assert_cmpuint(mqtt_client_inflight(solo->client), ==, 0);
  in_ack(solo, MQTT_PUBACK, 1, 0); /* late answers do no harm */
  in_ack(solo, MQTT_PUBACK, 1, 0);
  g_assert_null(event(solo, MQTT_EVENT_CLOSE));
  solo_free(solo);
}

/* The timer of PUBREL is its own, and resends PUBREL only. */
static void
test_resend_pubrel(void)
{
  Solo *solo = with_unacked(MQTT_3_1_1, 2, MQTT_ACK_RESEND);
  solo->now_ns = S(2);
  in_ack(solo, MQTT_PUBREC, 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_PUBREL);
  g_assert_cmpuint(events(solo, MQTT_EVENT_GONE), ==, 1);
  g_assert_cmpint(time_out(solo), ==, S(3)); /* of the PUBLISH: nothing happens */
  g_assert_cmpint(out(solo), ==, 0);
  g_assert_cmpint(time_out(solo), ==, S(4));
  g_assert_cmpint(out(solo), ==, MQTT_PUBREL);
  in_ack(solo, MQTT_PUBCOMP, 1, 0);
  g_assert_cmpuint(events(solo, MQTT_EVENT_TOLD), ==, 1);
  solo_free(solo);
}

static void
test_reconnect(void)
{
  Solo *solo = with_unacked(MQTT_5_0, 1, MQTT_ACK_RECONNECT);
  time_out(solo);
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  g_assert_cmpint(out(solo), ==, 0);
  close_now(solo);
  forget(solo);
  connect_plain(solo, TRUE);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_true(solo->packet.publish.dup);
  g_assert_cmpuint(event(solo, MQTT_EVENT_SENT)->resend, ==, MQTT_RESEND_RECONNECT);
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, solo->now_ns + S(6));
  solo_free(solo);
}

static void
test_give_up(void)
{
  Solo *solo = with_unacked(MQTT_5_0, 2, MQTT_ACK_GIVE_UP);
  time_out(solo);
  g_assert_cmpuint(event(solo, MQTT_EVENT_GONE)->cause, ==, MQTT_CAUSE_GAVE_UP);
  in_ack(solo, MQTT_PUBREC, 1, 0); /* late: the server is told that the exchange is over */
  g_assert_cmpint(out(solo), ==, MQTT_PUBREL);
  g_assert_cmpuint(solo->packet.ack.reason, ==, MQTT_PACKET_ID_NOT_FOUND);
  solo_free(solo);
}

/* What was given up still fills the server's window until the server answers. */
static void
test_give_up_keeps_quota(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.ack_timeout_ns = S(2);
  solo->config.on_ack_timeout = MQTT_ACK_GIVE_UP;
  MqttProperties p = {.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_RECEIVE_MAXIMUM,
                      .receive_maximum = 1};
  connect_with(solo, FALSE, p);
  publish(solo, 1, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  publish(solo, 1, 2);
  time_out(solo);
  g_assert_cmpint(out(solo), ==, 0);
  in_ack(solo, MQTT_PUBACK, 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  solo_free(solo);
}

static void
test_subscribe_times_out(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.ack_timeout_ns = S(2);
  solo->config.on_ack_timeout = MQTT_ACK_GIVE_UP;
  connect_plain(solo, FALSE);
  guint16 id = mqtt_client_subscribe(solo->client, 0, MQTT_BYTES("a/+"), 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_SUBSCRIBE);
  g_assert_cmpuint(solo->packet.subscribe.packet_id, ==, id);
  time_out(solo);
  g_assert_true(event(solo, MQTT_EVENT_SUBSCRIBED)->flags & MQTT_FLAG_FAILED);
  g_assert_cmpuint(event(solo, MQTT_EVENT_SUBSCRIBED)->packet_id, ==, id);
  solo_free(solo);
}

/* Session Present 0: what was in flight is discarded [MQTT-3.2.2-5], what never was sent is not
 * session state. */
static void
test_session_lost(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.inflight = 1;
  connect_plain(solo, FALSE);
  publish(solo, 1, 1);
  publish(solo, 1, 2);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  close_now(solo);
  forget(solo);
  connect_plain(solo, FALSE);
  g_assert_cmpuint(events(solo, MQTT_EVENT_GONE), ==, 1);
  g_assert_cmpuint(event(solo, MQTT_EVENT_GONE)->cause, ==, MQTT_CAUSE_SESSION_DISCARDED);
  g_assert_cmpuint(event(solo, MQTT_EVENT_TOLD)->tag, ==, 1);
  g_assert_true(event(solo, MQTT_EVENT_TOLD)->flags & MQTT_FLAG_FAILED);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpuint(solo->packet.publish.payload.data[7], ==, 2);
  g_assert_false(solo->packet.publish.dup);
  solo_free(solo);
}

/* [MQTT-3.2.2-4] */
static void
test_unknown_session(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  connect_plain(solo, TRUE);
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  g_assert_null(event(solo, MQTT_EVENT_OPENED));
  close_now(solo);
  begin(solo);
  g_assert_true(solo->packet.connect.clean_start);
  solo_free(solo);
}

/* Session Expiry Interval 0: the session ends with its connection. */
static void
test_session_ends(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.session_expiry_s = 0;
  connect_plain(solo, FALSE);
  publish(solo, 2, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  close_now(solo);
  g_assert_cmpuint(event(solo, MQTT_EVENT_GONE)->cause, ==, MQTT_CAUSE_SESSION_EXPIRED);
  g_assert_true(event(solo, MQTT_EVENT_TOLD)->flags & MQTT_FLAG_FAILED);
  connect_plain(solo, FALSE);
  g_assert_cmpint(out(solo), ==, 0);
  solo_free(solo);
}

static void
test_offline_queue(void)
{
  static const MqttPublishResult expected[3][2] = {
      [MQTT_OFFLINE_NONE] = {MQTT_PUBLISH_OFFLINE, MQTT_PUBLISH_OFFLINE},
      [MQTT_OFFLINE_QOS12] = {MQTT_PUBLISH_OFFLINE, MQTT_PUBLISH_ACCEPTED},
      [MQTT_OFFLINE_ALL] = {MQTT_PUBLISH_ACCEPTED, MQTT_PUBLISH_ACCEPTED},
  };
  for (MqttOfflineQueue policy = MQTT_OFFLINE_NONE; policy <= MQTT_OFFLINE_ALL; policy++) {
    Solo *solo = solo_new(MQTT_5_0);
    solo->config.offline_queue = policy;
    begin(solo);
    guint taken = 0;
    for (guint8 qos = 0; qos < 2; qos++) {
      MqttPublishResult result = publish(solo, qos, 1);
      g_assert_cmpint(result, ==, expected[policy][qos]);
      taken += result == MQTT_PUBLISH_ACCEPTED;
    }
    g_assert_cmpuint(mqtt_client_queued(solo->client), ==, taken);
    in(solo, &(MqttPacket){.type = MQTT_CONNACK});
    for (guint i = 0; i < taken; i++)
      g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
    g_assert_cmpint(out(solo), ==, 0);
    solo_free(solo);
  }
}

static void
test_queue_full(void)
{
  for (MqttOnQueueFull policy = MQTT_DROP_NEW; policy <= MQTT_FULL_REFUSE; policy++) {
    Solo *solo = solo_new(MQTT_5_0);
    solo->config.inflight = 1;
    solo->config.queue = 2;
    solo->config.on_queue_full = policy;
    connect_plain(solo, FALSE);
    for (guint8 tag = 1; tag <= 3; tag++)
      g_assert_cmpint(publish(solo, 1, tag), ==, MQTT_PUBLISH_ACCEPTED);
    forget(solo);
    g_assert_cmpint(publish(solo, 1, 4), ==,
                    policy == MQTT_FULL_REFUSE ? MQTT_PUBLISH_QUEUE_FULL : MQTT_PUBLISH_ACCEPTED);
    if (policy == MQTT_FULL_REFUSE) {
      g_assert_cmpuint(solo->events.length, ==, 0);
    } else {
      g_assert_cmpuint(event(solo, MQTT_EVENT_GONE)->cause, ==, MQTT_CAUSE_QUEUE_FULL);
      g_assert_cmpuint(event(solo, MQTT_EVENT_GONE)->tag, ==, policy == MQTT_DROP_NEW ? 4 : 2);
      g_assert_true(event(solo, MQTT_EVENT_TOLD)->flags & MQTT_FLAG_FAILED);
    }
    g_assert_cmpuint(mqtt_client_queued(solo->client), ==, 2);
    g_assert_cmpint(publish(solo, 0, 9), ==, MQTT_PUBLISH_ACCEPTED); /* QoS 0 is not behind it */
    solo_free(solo);
  }
}

static void
test_queue_bytes(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.inflight = 1;
  solo->config.queue_bytes = 20; /* two of 8 bytes and a topic of 1 */
  solo->config.on_queue_full = MQTT_FULL_REFUSE;
  connect_plain(solo, FALSE);
  for (guint8 tag = 1; tag <= 4; tag++)
    g_assert_cmpint(publish(solo, 1, tag), ==,
                    tag <= 3 ? MQTT_PUBLISH_ACCEPTED : MQTT_PUBLISH_QUEUE_FULL);
  in_ack(solo, MQTT_PUBACK, 1, 0); /* of what was not sent yet: nothing happens */
  g_assert_cmpint(publish(solo, 1, 5), ==, MQTT_PUBLISH_QUEUE_FULL);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  in_ack(solo, MQTT_PUBACK, 1, 0);
  g_assert_cmpint(publish(solo, 1, 5), ==, MQTT_PUBLISH_ACCEPTED);
  solo_free(solo);
}

/* An alias for as many topics as the server allows [MQTT-3.2.2-17], none where it does not say
 * [MQTT-3.2.2-18]. */
static void
test_aliases(void)
{
  for (guint16 maximum = 0; maximum <= 1; maximum++) {
    Solo *solo = solo_new(MQTT_5_0);
    MqttProperties p = {.present = (guint64)maximum << MQTT_PROP_TOPIC_ALIAS_MAXIMUM,
                        .topic_alias_maximum = maximum};
    connect_with(solo, FALSE, p);
    for (guint i = 0; i < 3; i++) {
      MqttPublish message = {.topic = i == 1 ? MQTT_BYTES("plant/two") : MQTT_BYTES("plant/one")};
      message.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_TOPIC_ALIAS;
      mqtt_client_publish(solo->client, solo->now_ns, &message);
      g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
      const MqttPublish *sent = &solo->packet.publish;
      gboolean aliased = maximum == 1 && i != 1;
      g_assert_cmpint(MQTT_HAS(&sent->properties, MQTT_PROP_TOPIC_ALIAS), ==, aliased);
      g_assert_cmpuint(sent->topic.length, ==, aliased && i == 2 ? 0 : 9);
      if (aliased)
        g_assert_cmpuint(sent->properties.topic_alias, ==, 1);
    }
    solo_free(solo);
  }
}

/* The window is the server's Receive Maximum; it moves with PUBACK, PUBCOMP and refusals
 * [MQTT-3.3.4-7], [MQTT-4.9.0-2]. */
static void
test_window(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  MqttProperties p = {.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_RECEIVE_MAXIMUM,
                      .receive_maximum = 2};
  connect_with(solo, FALSE, p);
  for (guint8 tag = 1; tag <= 5; tag++)
    publish(solo, tag == 1 ? 2 : 1, tag);
  publish(solo, 0, 6);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH); /* QoS 0 needs no quota */
  g_assert_cmpuint(solo->packet.publish.qos, ==, 0);
  g_assert_cmpint(out(solo), ==, 0);
  in_ack(solo, MQTT_PUBREC, 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_PUBREL); /* never delayed [MQTT-3.3.4-8], and moves nothing */
  g_assert_cmpint(out(solo), ==, 0);
  in_ack(solo, MQTT_PUBCOMP, 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  in_ack(solo, MQTT_PUBACK, 2, MQTT_QUOTA_EXCEEDED);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpint(out(solo), ==, 0);
  g_assert_cmpuint(mqtt_client_inflight(solo->client), ==, 2);
  solo_free(solo);
}

/* Resends take quota of the new connection, which may have less. */
static void
test_window_on_resume(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  MqttProperties p = {.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_RECEIVE_MAXIMUM,
                      .receive_maximum = 1};
  connect_plain(solo, FALSE);
  for (guint8 tag = 1; tag <= 4; tag++) {
    publish(solo, tag == 3 ? 2 : 1, tag);
    g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  }
  in_ack(solo, MQTT_PUBREC, 3, 0);
  close_now(solo);
  connect_with(solo, TRUE, p);
  g_assert_cmpint(out(solo), ==, MQTT_PUBREL);
  for (guint16 id = 1; id <= 4; id += id == 2 ? 2 : 1) {
    g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
    g_assert_cmpuint(solo->packet.publish.packet_id, ==, id);
    g_assert_true(solo->packet.publish.dup);
    g_assert_cmpint(out(solo), ==, 0);
    in_ack(solo, MQTT_PUBACK, id, 0);
  }
  in_ack(solo, MQTT_PUBCOMP, 3, MQTT_PACKET_ID_NOT_FOUND); /* no error during recovery */
  g_assert_cmpuint(events(solo, MQTT_EVENT_TOLD), ==, 4);
  for (guint i = 0; i < solo->events.length; i++)
    g_assert_false(solo->events.items[i].flags & MQTT_FLAG_FAILED);
  solo_free(solo);
}

static void
test_limits(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  MqttProperties p = {.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_MAXIMUM_PACKET_SIZE |
                                 G_GUINT64_CONSTANT(1) << MQTT_PROP_MAXIMUM_QOS,
                      .maximum_packet_size = 14,
                      .maximum_qos = 1};
  begin(solo);
  publish(solo, 2, 1); /* queued before the limits are known */
  publish(solo, 1, 2);
  forget(solo);
  in(solo, &(MqttPacket){.type = MQTT_CONNACK, .connack = {.properties = p}});
  g_assert_cmpuint(events(solo, MQTT_EVENT_GONE), ==, 2);
  g_assert_cmpuint(events(solo, MQTT_EVENT_TOLD), ==, 2);
  g_assert_cmpint(publish(solo, 2, 3), ==, MQTT_PUBLISH_NOT_SUPPORTED);
  g_assert_cmpint(publish(solo, 1, 3), ==, MQTT_PUBLISH_TOO_LARGE); /* 16 bytes */
  g_assert_cmpint(publish(solo, 0, 3), ==, MQTT_PUBLISH_ACCEPTED);  /* 14 */
  solo_free(solo);
}

/* Our Receive Maximum: a server that exceeds it is told so, section 3.3.4. */
static void
test_server_exceeds_receive_maximum(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.receive_maximum = 2;
  connect_plain(solo, FALSE);
  in_publish(solo, 2, 1);
  in_publish(solo, 2, 2);
  g_assert_cmpint(out(solo), ==, MQTT_PUBREC);
  g_assert_cmpint(out(solo), ==, MQTT_PUBREC);
  in_ack(solo, MQTT_PUBREL, 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_PUBCOMP);
  in_publish(solo, 1, 3);
  in_publish(solo, 1, 4); /* before PUBACK of 3 was sent */
  g_assert_cmpint(out(solo), ==, MQTT_DISCONNECT);
  g_assert_cmpuint(solo->packet.disconnect.reason, ==, MQTT_RECEIVE_MAXIMUM_EXCEEDED);
  g_assert_cmpuint(event(solo, MQTT_EVENT_CLOSE)->reason, ==, MQTT_RECEIVE_MAXIMUM_EXCEEDED);
  solo_free(solo);
}

static void
test_protocol_errors(void)
{
  static const guint8 bad[][4] = {
      {0x40, 0x02, 0x00, 0x00}, /* PUBACK of identifier 0 */
      {0xC0, 0x00},             /* PINGREQ, which a server does not send */
      {0x20, 0x02, 0x00, 0x00}, /* a second CONNACK */
  };
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    for (MqttVersion version = MQTT_3_1_1; version <= MQTT_5_0; version++) {
      Solo *solo = solo_new(version);
      connect_plain(solo, FALSE);
      guint8 bytes[8] = {0};
      memcpy(bytes, bad[i], 4);
      if (i == 2 && version == MQTT_5_0)
        bytes[1] = 3;
      mqtt_client_input(solo->client, 0, bytes, (gsize)bytes[1] + 2);
      g_assert_cmpint(out(solo), ==, version == MQTT_5_0 ? MQTT_DISCONNECT : 0);
      g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
      solo_free(solo);
    }
  }
}

static void
test_answers_to_nothing(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  connect_plain(solo, FALSE);
  publish(solo, 2, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  in_ack(solo, MQTT_PUBACK, 1, 0); /* of a QoS 2 exchange */
  g_assert_cmpint(out(solo), ==, MQTT_DISCONNECT);
  g_assert_cmpuint(solo->packet.disconnect.reason, ==, MQTT_PROTOCOL_ERROR);
  solo_free(solo);
}

/* The exchange goes on: the PUBREL is written all the same. */
static void
test_pubcomp_before_pubrel(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  connect_plain(solo, FALSE);
  publish(solo, 2, 1);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  in_ack(solo, MQTT_PUBREC, 1, 0);
  in_ack(solo, MQTT_PUBCOMP, 1, 0);
  g_assert_null(event(solo, MQTT_EVENT_TOLD));
  g_assert_cmpint(out(solo), ==, MQTT_PUBREL);
  in_ack(solo, MQTT_PUBCOMP, 1, 0);
  g_assert_nonnull(event(solo, MQTT_EVENT_TOLD));
  solo_free(solo);
}

static void
test_assigned_id(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->client = mqtt_client_new(&solo->config, (MqttBytes){NULL, 0}, &solo->events);
  MqttProperties p = {.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_ASSIGNED_CLIENT_ID,
                      .assigned_client_id = MQTT_BYTES("yours")};
  connect_with(solo, FALSE, p);
  close_now(solo);
  begin(solo);
  g_assert_cmpmem(solo->packet.connect.client_id.data, solo->packet.connect.client_id.length,
                  "yours", 5);
  solo_free(solo);
}

static void
test_disconnect(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  connect_plain(solo, FALSE);
  forget(solo);
  mqtt_client_disconnect(solo->client, 0, MQTT_SUCCESS);
  g_assert_null(event(solo, MQTT_EVENT_CLOSE)); /* not before it is written */
  g_assert_cmpint(publish(solo, 0, 1), ==, MQTT_PUBLISH_OFFLINE);
  g_assert_cmpint(out(solo), ==, MQTT_DISCONNECT);
  g_assert_nonnull(event(solo, MQTT_EVENT_CLOSE));
  g_assert_cmpint(out(solo), ==, 0);
  g_assert_cmpint(mqtt_client_deadline(solo->client), ==, MQTT_NEVER);
  solo_free(solo);
}

/* The application may end its session, or keep it longer, as it goes; not keep one that ends with
 * its connection, section 3.14.2.2.2. */
static void
test_disconnect_expiry(void)
{
  static const struct {
    guint32 set_s, changed_s;
    gboolean says;
  } rows[] = {{100, 0, TRUE}, {100, G_MAXUINT32, TRUE}, {0, 5, FALSE}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    Solo *solo = solo_new(MQTT_5_0);
    solo->config.session_expiry_s = rows[i].set_s;
    solo->config.changes_expiry = TRUE;
    solo->config.disconnect_expiry_s = rows[i].changed_s;
    connect_plain(solo, FALSE);
    publish(solo, 1, 1);
    g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
    mqtt_client_disconnect(solo->client, 0, MQTT_SUCCESS);
    g_assert_cmpint(out(solo), ==, MQTT_DISCONNECT);
    const MqttProperties *p = &solo->packet.disconnect.properties;
    g_assert_cmpint(MQTT_HAS(p, MQTT_PROP_SESSION_EXPIRY) != 0, ==, rows[i].says);
    if (rows[i].says)
      g_assert_cmpuint(p->session_expiry_s, ==, rows[i].changed_s);
    mqtt_client_closed(solo->client, 0);
    gboolean kept = rows[i].says && rows[i].changed_s > 0;
    g_assert_cmpuint(mqtt_client_inflight(solo->client), ==, kept);
    solo_free(solo);
  }
}

static void
test_lose_state(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.qos2_receiver = MQTT_QOS2_ON_PUBREL;
  connect_plain(solo, FALSE);
  publish(solo, 1, 1);
  publish(solo, 0, 2);
  in_publish(solo, 2, 9);
  forget(solo);
  mqtt_client_lose_state(solo->client, MQTT_CAUSE_STATE_LOST);
  g_assert_cmpuint(events(solo, MQTT_EVENT_GONE), ==, 3);
  g_assert_cmpuint(solo->events.length, ==, 3);
  g_assert_cmpuint(mqtt_client_inflight(solo->client) + mqtt_client_queued(solo->client), ==, 0);
  solo_free(solo);
}

/* A message that waits too long is not begun [MQTT-3.3.2-5]; one that is sent says what is left
 * [MQTT-3.3.2-6]. */
static void
test_message_expiry(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  solo->config.inflight = 1;
  connect_plain(solo, FALSE);
  publish(solo, 1, 1);
  for (guint i = 0; i < 2; i++) {
    MqttPublish p = {.qos = 1, .topic = MQTT_BYTES("t")};
    p.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_MESSAGE_EXPIRY;
    p.properties.message_expiry_s = i == 0 ? 5 : 10;
    g_assert_cmpint(mqtt_client_publish(solo->client, 0, &p), ==, MQTT_PUBLISH_ACCEPTED);
  }
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  solo->now_ns = S(7);
  in_ack(solo, MQTT_PUBACK, 1, 0);
  g_assert_cmpint(out(solo), ==, MQTT_PUBLISH);
  g_assert_cmpuint(solo->packet.publish.properties.message_expiry_s, ==, 3);
  gboolean expired = FALSE;
  for (guint i = 0; i < solo->events.length; i++)
    expired |= solo->events.items[i].type == MQTT_EVENT_GONE &&
               solo->events.items[i].cause == MQTT_CAUSE_EXPIRED;
  g_assert_true(expired);
  solo_free(solo);
}

/* Identifiers in their order, past those in use, however many those are and whatever the order of
 * the answers [MQTT-2.2.1-3] [MQTT-2.2.1-4]. */
static void
test_identifiers(void)
{
  Solo *solo = solo_new(MQTT_5_0);
  g_autofree guint8 *in_use = g_new0(guint8, 65536);
  guint16 last = 0;
  guint live = 0, target = 0;
  connect_plain(solo, FALSE);
  for (guint i = 0; i < 400000; i++) {
    if (i % 10000 == 0)
      target = (guint)g_test_rand_int_range(0, i % 20000 == 0 ? 80 : 2000);
    forget(solo);
    if (live < target) {
      do
        last = last == 65535 ? 1 : last + 1;
      while (in_use[last]);
      gboolean subscribes = i % 16 == 0 || last == 16384 + 100;
      if (subscribes)
        mqtt_client_subscribe(solo->client, solo->now_ns, MQTT_BYTES("t"), 0, 0);
      else
        publish(solo, 1, 0);
      g_assert_cmpint(out(solo), ==, subscribes ? MQTT_SUBSCRIBE : MQTT_PUBLISH);
      g_assert_cmpuint(
          subscribes ? solo->packet.subscribe.packet_id : solo->packet.publish.packet_id, ==, last);
      in_use[last] = subscribes ? 2 : 1;
      live += last % 8192 != 100; /* those are never answered */
    } else if (live > 0) {
      guint16 id = (guint16)g_test_rand_int_range(1, 65536);
      while (!in_use[id] || id % 8192 == 100)
        id = id == 65535 ? 1 : id + 1;
      MqttPacket suback = {.type = MQTT_SUBACK,
                           .suback = {.packet_id = id, .codes = {(const guint8 *)"", 1}}};
      if (in_use[id] == 2)
        in(solo, &suback);
      else
        in_ack(solo, MQTT_PUBACK, id, MQTT_SUCCESS);
      in_use[id] = 0;
      live--;
    }
  }
  solo_free(solo);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *path;
    GTestFunc function;
  } tests[] = {
      {"connect", test_connect},
      {"refused", test_refused},
      {"clean-start", test_clean_start},
      {"keep-alive", test_keep_alive},
      {"ping-without-room", test_ping_without_room},
      {"ping-when-nothing-comes", test_ping_when_nothing_comes},
      {"times-to-connect", test_times_to_connect},
      {"answer-after-a-crash", test_answer_after_a_crash},
      {"releases-after-a-crash", test_releases_after_a_crash},
      {"options-of-an-old-subscription", test_options_of_an_old_subscription},
      {"server-keep-alive", test_server_keep_alive},
      {"ack-timeout/report", test_report},
      {"ack-timeout/resend", test_resend},
      {"ack-timeout/resend-pubrel", test_resend_pubrel},
      {"ack-timeout/reconnect", test_reconnect},
      {"ack-timeout/give-up", test_give_up},
      {"ack-timeout/give-up-keeps-quota", test_give_up_keeps_quota},
      {"ack-timeout/subscribe", test_subscribe_times_out},
      {"session/lost", test_session_lost},
      {"session/unknown", test_unknown_session},
      {"session/ends", test_session_ends},
      {"queue/offline", test_offline_queue},
      {"queue/full", test_queue_full},
      {"queue/bytes", test_queue_bytes},
      {"window/quota", test_window},
      {"window/identifiers", test_identifiers},
      {"aliases", test_aliases},
      {"window/resume", test_window_on_resume},
      {"window/ours", test_server_exceeds_receive_maximum},
      {"limits", test_limits},
      {"errors/malformed", test_protocol_errors},
      {"errors/wrong-answer", test_answers_to_nothing},
      {"errors/early-answer", test_pubcomp_before_pubrel},
      {"assigned-id", test_assigned_id},
      {"disconnect", test_disconnect},
      {"disconnect-expiry", test_disconnect_expiry},
      {"lose-state", test_lose_state},
      {"message-expiry", test_message_expiry},
  };
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
    g_autofree char *path = g_strconcat("/mqtt/client/", tests[i].path, NULL);
    g_test_add_func(path, tests[i].function);
  }
  return g_test_run();
}
