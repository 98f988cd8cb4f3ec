/* Whatever a server does, and whatever the application of a client asks, in whatever order: the
 * client does not crash, leak or hang; without quirks it keeps the rules that a wire monitor
 * judges; each PUBLISH that it takes or writes is told by one event; copies are never given up
 * before they were there, and none is left when all state is lost. A server that does answer gets
 * everything in the end.
 *
 * The input is a program: configuration, then operations. A fuzzer for clang -fsanitize=fuzzer,
 * and, with -DSTANDALONE, a test. */
#include "models/mqtt/client.h"
#include "models/mqtt/monitor.h"
#include "tests/fuzz/driver.h"
#include "tests/fuzz/peer.h"
#include "tests/models/mqtt/books.h"

#define ROOM 65536
#define NS_PER_S G_GINT64_CONSTANT(1000000000)

typedef struct {
  FuzzInput in;
  gint64 now_ns;
  MqttClientConfig config;
  MqttClient *client;
  MqttEvents events;
  FuzzPeer peer;
  GByteArray *bytes; /* on the way to the client */
  MqttMonitor *monitor;
  GHashTable *held;
  BooksStore store;
  gboolean open, closing, hold_store;
  gboolean odd; /* was sent what is no answer to anything, so it may not get on */

  /* Of the last call. */
  guint received, sent;
} Host;

/* Quirks are breaches. */
static void
judge(const Host *host)
{
  if (host->config.quirks == 0)
    g_assert_cmpstr(mqtt_monitor_breach(host->monitor), ==, NULL);
}

/* Events */

static guint
sum(MqttBytes bytes)
{
  guint total = 0;
  for (guint32 i = 0; i < bytes.length; i++)
    total += bytes.data[i];
  return total;
}

static void
on_event(Host *host, const MqttEvent *event)
{
  gboolean publish = !(event->flags & MQTT_FLAG_PUBREL);
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_CLOSE:
    g_assert_false(host->closing);
    host->closing = TRUE;
    break;
  case MQTT_EVENT_MESSAGE: /* its views are good: a sanitizer sees to it */
    g_assert_cmpuint(event->tag, ==, mqtt_tag(event->payload));
    g_assert_cmpuint(sum(event->topic), <=, 255 * event->topic.length);
    g_assert_cmpuint(sum(event->payload), <=, 255 * event->payload.length);
    host->received += (event->flags & MQTT_FLAG_RECEIVED) != 0;
    break;
  case MQTT_EVENT_TOLD:
    if (event->flags & MQTT_FLAG_GONE)
      books_add(host->held, event->tag, -1);
    break;
  case MQTT_EVENT_COPY:
    books_add(host->held, event->tag, 1);
    break;
  case MQTT_EVENT_GONE:
    books_add(host->held, event->tag, -1);
    break;
  case MQTT_EVENT_SENT:
    host->sent += publish;
    break;
  case MQTT_EVENT_RECEIVED:
    host->received += publish;
    break;
  default:
    break;
  }
}

static void
take_events(Host *host)
{
  for (guint i = 0; i < host->events.length; i++)
    on_event(host, &host->events.items[i]);
  host->events.length = 0;
}

/* What every call must be followed by. */
static void
drain(Host *host)
{
  MqttStoreOp op;
  host->received = host->sent = 0;
  take_events(host);
  while (mqtt_client_store_op(host->client, &op))
    books_fetch(&host->store, &op);
  if (!host->hold_store)
    mqtt_client_stored(host->client, host->now_ns, host->store.last);
  take_events(host);
}

/* The connection */

static gboolean
pull(Host *host, gsize room)
{
  static guint8 buffer[ROOM];
  guint before = host->peer.publishes;
  gsize n = mqtt_client_output(host->client, host->now_ns, buffer, room);
  g_assert_cmpuint(n, <=, room);
  drain(host);
  fuzz_peer_read(&host->peer, buffer, n);
  g_assert_cmpuint(host->peer.publishes - before, ==, host->sent);
  if (n > 0)
    mqtt_monitor_sent(host->monitor, buffer, n);
  judge(host);
  return n > 0;
}

static void
open_conn(Host *host)
{
  host->open = TRUE;
  host->closing = host->odd = FALSE;
  g_byte_array_set_size(host->bytes, 0);
  fuzz_peer_reset(&host->peer, host->config.version);
  mqtt_monitor_connection(host->monitor);
  mqtt_client_connecting(host->client, host->now_ns);
  mqtt_client_opened(host->client, host->now_ns);
  pull(host, ROOM); /* no server answers a CONNECT that it has not seen */
}

static void
close_conn(Host *host)
{
  host->open = host->closing = FALSE;
  mqtt_client_closed(host->client, host->now_ns);
  drain(host);
}

static gboolean
feed(Host *host, gsize n)
{
  gboolean any = FALSE;
  while (host->open && !host->closing && host->bytes->len > 0) {
    MqttPacket packet;
    gsize size = 0, available = MIN(n, host->bytes->len);
    guint8 reason;
    MqttDecode result =
        mqtt_decode(host->bytes->data, available, host->config.version, MQTT_FROM_SERVER,
                    host->config.maximum_packet_size, &packet, &size, &reason);
    gsize taken = mqtt_client_input(host->client, host->now_ns, host->bytes->data, available);
    drain(host);
    if (taken == 0)
      return any;
    g_assert_cmpint(result, ==, MQTT_DONE);
    g_assert_cmpuint(taken, ==, size);
    guint publishes = packet.type == MQTT_PUBLISH;
    if (!mqtt_client_connected(host->client)) {
      g_assert_cmpuint(host->received, <=, publishes);
    } else { /* what it refused is not shown to the monitor, which would believe it */
      g_assert_cmpuint(host->received, ==, publishes);
      mqtt_monitor_received(host->monitor, host->bytes->data, size);
      judge(host);
    }
    n -= size;
    any = TRUE;
    g_byte_array_remove_range(host->bytes, 0, (guint)size);
  }
  return any;
}

static gboolean
settle(Host *host)
{
  gboolean any = FALSE;
  while (host->open && pull(host, ROOM))
    any = TRUE;
  if (host->open && host->closing)
    close_conn(host);
  return any;
}

/* Operations */

static void
send_bytes(Host *host, const guint8 *bytes, gsize n)
{
  if (host->open && host->bytes->len < 4 * FUZZ_PACKET_MAX)
    g_byte_array_append(host->bytes, bytes, (guint)n);
}

static void
send_packet(Host *host)
{
  static const guint8 types[] = {MQTT_PUBLISH, MQTT_PUBLISH, MQTT_PUBLISH,    MQTT_PUBREL,
                                 MQTT_PUBACK,  MQTT_PUBREC,  MQTT_PUBCOMP,    MQTT_SUBACK,
                                 MQTT_CONNACK, MQTT_CONNACK, MQTT_DISCONNECT, MQTT_UNSUBACK};
  guint8 packet[FUZZ_PACKET_MAX];
  MqttPacketType type = types[fuzz_take(&host->in, G_N_ELEMENTS(types))];
  if (type == MQTT_DISCONNECT && host->config.version != MQTT_5_0)
    type = MQTT_PINGRESP;
  gsize n = fuzz_packet(&host->in, type, host->config.version, MQTT_FROM_SERVER, packet);
  send_bytes(host, packet, n);
}

static void
send_damaged(Host *host)
{
  guint8 packet[FUZZ_PACKET_MAX];
  MqttPacketType type = 2 + fuzz_take(&host->in, 12);
  gsize n = fuzz_packet(&host->in, type, host->config.version, MQTT_FROM_SERVER, packet);
  fuzz_damage(&host->in, packet, n);
  send_bytes(host, packet, n);
  host->odd = TRUE;
}

static gboolean
answer(Host *host, guint which)
{
  guint8 packet[FUZZ_PACKET_MAX];
  gsize n = fuzz_peer_answer(&host->peer, which, packet);
  if (n > 0)
    send_bytes(host, packet, n);
  return n > 0;
}

static void
publish(Host *host)
{
  guint8 storage[FUZZ_PACKET_MAX];
  MqttPublish message = fuzz_publish(&host->in, host->config.version, storage);
  if (host->config.version == MQTT_5_0 && fuzz_byte(&host->in) & 1) {
    message.properties.present |= G_GUINT64_CONSTANT(1) << MQTT_PROP_TOPIC_ALIAS;
    message.properties.topic_alias = 1;
  }
  if (mqtt_client_publish(host->client, host->now_ns, &message) == MQTT_PUBLISH_ACCEPTED)
    books_add(host->held, mqtt_tag(message.payload), 1);
}

static void
request(Host *host)
{
  guint8 how = fuzz_byte(&host->in);
  MqttBytes filter = fuzz_filter(&host->in);
  if (how & 1)
    mqtt_client_unsubscribe(host->client, host->now_ns, filter);
  else
    mqtt_client_subscribe(host->client, host->now_ns, filter,
                          fuzz_options(&host->in, host->config.version, filter), how >> 6);
}

static void
set_will(Host *host)
{
  guint8 storage[FUZZ_PACKET_MAX];
  guint8 how = fuzz_byte(&host->in);
  MqttPublish will = fuzz_publish(&host->in, host->config.version, storage);
  mqtt_client_set_will(host->client, how & 1 ? &will : NULL, how >> 1);
}

static void
pass_time(Host *host)
{
  static const gint64 steps_s[] = {0, 1, 2, 4, 15, 61, 3601, 100000};
  host->now_ns += steps_s[fuzz_take(&host->in, G_N_ELEMENTS(steps_s))] * NS_PER_S + 1;
  mqtt_client_timeout(host->client, host->now_ns);
  drain(host);
  g_assert_cmpint(mqtt_client_deadline(host->client), >, host->now_ns);
}

static void
store_some(Host *host)
{
  guint8 byte = fuzz_byte(&host->in);
  host->hold_store = byte & 1;
  if (byte & 1 && host->store.last > 0)
    mqtt_client_stored(host->client, host->now_ns, host->store.last - byte % host->store.last);
}

static void
lose_state(Host *host)
{
  mqtt_client_lose_state(host->client, MQTT_CAUSE_STATE_LOST);
  drain(host);
  g_assert_cmpuint(g_hash_table_size(host->held), ==, 0);
}

static MqttClient *
new_client(Host *host)
{
  return mqtt_client_new(&host->config, MQTT_BYTES("c0"), &host->events);
}

/* The process dies and comes again with what a prefix of its store has left. */
static void
crash(Host *host)
{
  guint64 kept = fuzz_byte(&host->in);
  host->open = host->closing = FALSE;
  mqtt_monitor_state_lost(host->monitor);
  lose_state(host);
  mqtt_client_free(host->client);
  host->client = new_client(host);
  g_autoptr(GPtrArray) left = books_records(&host->store, kept >= 0xC0 ? 0 : kept);
  host->store.last = 0;
  for (guint i = 0; i < left->len; i++) {
    const BooksOp *op = left->pdata[i];
    mqtt_client_load(host->client, &op->op.key, op->value, op->op.length);
  }
}

static void
operate(Host *host)
{
  guint8 code = fuzz_byte(&host->in);
  switch (code & 15) {
  case 0:
  case 1:
    publish(host);
    break;
  case 2:
    settle(host);
    break;
  case 3:
    pass_time(host);
    break;
  case 4:
    store_some(host);
    break;
  case 5:
    if (code >> 4 == 15)
      crash(host);
    else if (code >> 4 == 14)
      mqtt_client_disconnect(host->client, host->now_ns, code & 1 ? MQTT_SUCCESS : 4);
    else
      set_will(host);
    break;
  case 6:
    if (host->open)
      pull(host, fuzz_byte(&host->in) * 8u);
    break;
  case 7:
    if (host->open)
      close_conn(host);
    break;
  case 8:
    send_damaged(host);
    break;
  case 9:
    feed(host, fuzz_byte(&host->in));
    break;
  case 10:
    request(host);
    break;
  case 11:
  case 12:
  case 13:
    answer(host, code >> 7);
    feed(host, ROOM);
    break;
  default:
    if (!host->open)
      open_conn(host);
    send_packet(host);
    feed(host, ROOM);
    break;
  }
  drain(host);
}

/* A server that answers everything: it ends, and nothing is left waiting for it. */
static void
finish(Host *host)
{
  gboolean any = TRUE;
  host->hold_store = FALSE;
  drain(host);
  for (guint round = 0; any; round++) {
    g_assert_cmpuint(round, <, 10000);
    any = settle(host);
    any |= host->open && answer(host, 0);
    any |= feed(host, ROOM);
  }
  if (!host->open || host->odd || !mqtt_client_connected(host->client))
    return;
  g_assert_cmpuint(mqtt_client_inflight(host->client), ==, 0);
  g_assert_cmpuint(mqtt_client_queued(host->client), ==, 0);
}

/* Life */

static void
configure_timers(Host *host)
{
  static const gint64 timeouts_s[] = {1, 3, 10, 100};
  MqttClientConfig *config = &host->config;
  guint8 byte = fuzz_byte(&host->in);
  config->keep_alive_s = byte & 1 ? 10 : 0;
  config->ping_timeout_ns = byte & 2 ? MQTT_NEVER : 5 * NS_PER_S;
  config->ping_when = byte & 4 ? MQTT_PING_EITHER : MQTT_PING_IDLE;
  if (byte & 8)
    config->ack_timeout_ns = timeouts_s[byte >> 6] * NS_PER_S;
  config->on_ack_timeout = (byte >> 4) & 3;
  config->ack_backoff = byte & 0x40 ? 2 : 1;
  config->ack_tries = byte & 0x80 ? 3 : MQTT_UNLIMITED;
}

static void
configure(Host *host)
{
  static const guint8 bounds[] = {1, 2, 5, 20};
  MqttClientConfig *config = &host->config;
  mqtt_client_config_default(config);
  guint8 byte = fuzz_byte(&host->in);
  config->version = byte & 1 ? MQTT_3_1_1 : MQTT_5_0;
  config->clean_start = (byte >> 1) % 3;
  config->store = (byte >> 3) & 1;
  config->ack_after_store = (byte >> 4) & 1;
  config->qos2_receiver = byte & 0x20 ? MQTT_QOS2_ON_PUBREL : MQTT_QOS2_ON_PUBLISH;
  config->session_expiry_s = byte & 0x40 ? 100 : 0;
  config->session_present = byte & 0x80 ? MQTT_SESSION_IGNORE : MQTT_SESSION_OBEY;
  byte = fuzz_byte(&host->in);
  config->on_queue_full = byte % 3;
  config->offline_queue = (byte >> 2) % 3;
  if (byte & 0x20)
    config->queue = bounds[byte >> 6];
  byte = fuzz_byte(&host->in);
  if (byte & 1)
    config->inflight = bounds[byte >> 6];
  if (byte & 2)
    config->receive_maximum = bounds[byte >> 6];
  if (byte & 4)
    config->maximum_packet_size = 1000;
  if (byte & 8)
    config->queue_bytes = 400;
  if (byte & 16)
    config->topic_alias_maximum = 2;
  if (byte & 32)
    config->quirks = fuzz_word(&host->in);
  configure_timers(host);
}

static void
begin(Host *host, const uint8_t *data, size_t size)
{
  host->in = (FuzzInput){data, data + size};
  host->now_ns = NS_PER_S;
  configure(host);
  host->client = new_client(host);
  host->held = books_new();
  host->bytes = g_byte_array_new();
  books_store_init(&host->store);
  fuzz_peer_init(&host->peer, MQTT_FROM_CLIENT);
  host->monitor = mqtt_monitor_new(MQTT_FROM_CLIENT);
  if (host->config.on_ack_timeout == MQTT_ACK_RESEND)
    mqtt_monitor_allow_timer_resend(host->monitor);
  if (host->config.session_present == MQTT_SESSION_IGNORE)
    mqtt_monitor_allow_stale_session(host->monitor);
}

static void
end(Host *host)
{
  lose_state(host);
  mqtt_client_free(host->client);
  g_byte_array_unref(host->bytes);
  fuzz_peer_clear(&host->peer);
  mqtt_monitor_free(host->monitor);
  g_hash_table_unref(host->held);
  books_store_clear(&host->store);
  mqtt_events_clear(&host->events);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Host host = {0};
  begin(&host, data, size);
  while (fuzz_more(&host.in))
    operate(&host);
  finish(&host);
  end(&host);
  return 0;
}

#ifdef STANDALONE
int
main(int argc, char **argv)
{
  return fuzz_programs(&argc, &argv, "client", 6000);
}
#endif
