/* Whatever the clients of a broker do, in whatever order (open, send, read, close, crash), and
 * whatever they send: it does not crash, leak or hang; it keeps the rules that a wire monitor
 * judges; each PUBLISH that it takes or writes is told by one event; copies are never given up
 * before they were there, and none is left when all state is lost. Clients that do answer get
 * everything in the end.
 *
 * The input is a program: configuration, then operations. A fuzzer for clang -fsanitize=fuzzer,
 * and, with -DSTANDALONE, a test. */
#include <string.h>

#include "models/mqtt/broker.h"
#include "models/mqtt/monitor.h"
#include "tests/fuzz/driver.h"
#include "tests/fuzz/peer.h"
#include "tests/models/mqtt/books.h"

#define CONNS 6
#define ROOM 65536
#define NS_PER_S G_GINT64_CONSTANT(1000000000)

typedef struct {
  gboolean open;  /* to the broker */
  gboolean begun; /* its first packet was read */
  gboolean named, closing;
  gboolean odd;      /* was sent what is no answer to anything, so it may not get on */
  guint name;        /* of the session, while the monitor is of it; else FUZZ_NAMES */
  GByteArray *bytes; /* on the way to the broker */
  FuzzPeer peer;
} Conn;

typedef struct {
  FuzzInput in;
  gint64 now_ns;
  MqttBrokerConfig config;
  MqttBroker *broker;
  MqttEvents events;
  Conn conns[CONNS];
  MqttMonitor *monitors[FUZZ_NAMES]; /* of the broker's end of each client */
  GHashTable *held;
  BooksStore store;
  gboolean hold_store;
  guint sessions;

  /* Of the last call. */
  guint received, sent;
  gboolean opened, closed;
  guint8 close_reason;
} Host;

static void
judge(const MqttMonitor *monitor)
{
  g_assert_cmpstr(mqtt_monitor_breach(monitor), ==, NULL);
}

/* Events */

static void
on_event(Host *host, const MqttEvent *event)
{
  gboolean publish = !(event->flags & MQTT_FLAG_PUBREL);
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_OPENED:
    host->opened = TRUE;
    host->sessions += !(event->flags & MQTT_FLAG_SESSION);
    break;
  case MQTT_EVENT_SESSION_GONE:
    g_assert_cmpuint(host->sessions, >, 0);
    host->sessions--;
    break;
  case MQTT_EVENT_CLOSE:
    g_assert_true(host->conns[event->conn].open);
    g_assert_false(host->conns[event->conn].closing);
    host->conns[event->conn].closing = TRUE;
    host->closed = TRUE;
    host->close_reason = event->reason;
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
    g_assert_cmpint(event->type, ==, MQTT_EVENT_STORE);
    break;
  }
}

/* What every call must be followed by. */
static void
drain(Host *host)
{
  MqttStoreOp op;
  host->received = host->sent = 0;
  host->opened = host->closed = FALSE;
  for (guint i = 0; i < host->events.length; i++)
    on_event(host, &host->events.items[i]);
  host->events.length = 0;
  while (mqtt_broker_store_op(host->broker, &op))
    books_fetch(&host->store, &op);
  if (!host->hold_store)
    mqtt_broker_stored(host->broker, host->now_ns, host->store.last);
  g_assert_cmpuint(mqtt_broker_sessions(host->broker), ==, host->sessions);
}

/* Connections */

static void
open_conn(Host *host, guint i)
{
  Conn *conn = &host->conns[i];
  conn->open = TRUE;
  conn->begun = conn->named = conn->closing = conn->odd = FALSE;
  conn->name = FUZZ_NAMES;
  g_byte_array_set_size(conn->bytes, 0);
  fuzz_peer_reset(&conn->peer, MQTT_5_0);
  mqtt_broker_open(host->broker, host->now_ns, i, i);
  drain(host);
}

static void
close_conn(Host *host, guint i)
{
  Conn *conn = &host->conns[i];
  conn->open = FALSE;
  conn->name = FUZZ_NAMES;
  mqtt_broker_closed(host->broker, host->now_ns, i);
  drain(host);
}

/* The session is this connection's now. */
static void
join(Host *host, Conn *conn, const MqttConnect *connect, const guint8 *bytes, gsize n)
{
  guint name = fuzz_name_index(connect->client_id);
  if (name == FUZZ_NAMES)
    return;
  for (guint i = 0; i < CONNS; i++)
    if (host->conns[i].name == name)
      host->conns[i].name = FUZZ_NAMES;
  conn->name = name;
  mqtt_monitor_connection(host->monitors[name]);
  mqtt_monitor_received(host->monitors[name], bytes, n);
  judge(host->monitors[name]);
}

/* What the broker took. What it refused is not shown to the monitor, which would believe it; what
 * a DISCONNECT that is refused would have done to the session need not be known. */
static void
show(Host *host, Conn *conn, const MqttPacket *packet, const guint8 *bytes, gsize n)
{
  if (conn->name == FUZZ_NAMES)
    return;
  MqttMonitor *monitor = host->monitors[conn->name];
  gboolean leaves = mqtt_broker_leaves(host->broker, (guint32)(conn - host->conns));
  if (packet->type == MQTT_DISCONNECT &&
      MQTT_HAS(&packet->disconnect.properties, MQTT_PROP_SESSION_EXPIRY)) {
    mqtt_monitor_state_lost(monitor);
    conn->name = FUZZ_NAMES;
  } else if (!leaves || packet->type == MQTT_DISCONNECT) {
    mqtt_monitor_received(monitor, bytes, n);
    judge(monitor);
  }
}

/* Gives the broker up to n of the bytes that wait, packet by packet; FALSE: it took none. */
static gboolean
feed(Host *host, guint i, gsize n)
{
  Conn *conn = &host->conns[i];
  gboolean any = FALSE;
  while (conn->open && !conn->closing && conn->bytes->len > 0) {
    MqttPacket packet;
    gsize size = 0, available = MIN(n, conn->bytes->len);
    guint8 reason;
    gboolean first = !conn->begun;
    MqttDecode result =
        mqtt_decode(conn->bytes->data, available, conn->peer.version, MQTT_FROM_CLIENT,
                    host->config.maximum_packet_size, &packet, &size, &reason);
    gsize taken = mqtt_broker_input(host->broker, host->now_ns, i, conn->bytes->data, available);
    drain(host);
    if (taken == 0) {
      if (first && result == MQTT_MALFORMED)
        conn->peer.version = MQTT_3_1_1; /* if it is answered at all */
      return any;
    }
    g_assert_cmpint(result, ==, MQTT_DONE);
    g_assert_cmpuint(taken, ==, size);
    conn->begun = TRUE;
    if (packet.type == MQTT_CONNECT && first)
      conn->peer.version = packet.connect.version;
    guint publishes = packet.type == MQTT_PUBLISH;
    if (mqtt_broker_leaves(host->broker, i))
      g_assert_cmpuint(host->received, <=, publishes);
    else
      g_assert_cmpuint(host->received, ==, publishes);
    if (host->opened)
      join(host, conn, &packet.connect, conn->bytes->data, size);
    else
      show(host, conn, &packet, conn->bytes->data, size);
    n -= size;
    any = TRUE;
    g_byte_array_remove_range(conn->bytes, 0, (guint)size);
  }
  return any;
}

/* Takes what the broker writes; TRUE: something. */
static gboolean
pull(Host *host, guint i, gsize room)
{
  static guint8 buffer[ROOM];
  Conn *conn = &host->conns[i];
  guint before = conn->peer.publishes;
  gsize n = mqtt_broker_output(host->broker, host->now_ns, i, buffer, room);
  g_assert_cmpuint(n, <=, room);
  drain(host);
  if (n == 0 && room == ROOM)
    conn->named = FALSE;
  fuzz_peer_read(&conn->peer, buffer, n);
  g_assert_cmpuint(conn->peer.publishes - before, ==, host->sent);
  if (conn->name != FUZZ_NAMES && n > 0) {
    mqtt_monitor_sent(host->monitors[conn->name], buffer, n);
    judge(host->monitors[conn->name]);
  }
  return n > 0;
}

static void
note_ready(Host *host)
{
  for (guint32 i; (i = mqtt_broker_next_ready(host->broker)) != MQTT_NO_PEER;)
    host->conns[i].named = TRUE;
}

/* All output of all connections; then none may have any left that was not announced. */
static gboolean
settle(Host *host)
{
  gboolean any = FALSE;
  note_ready(host);
  for (guint i = 0; i < CONNS; i++) {
    Conn *conn = &host->conns[i];
    while (conn->open && conn->named)
      any |= pull(host, i, ROOM);
    if (conn->open)
      g_assert_false(mqtt_broker_has_output(host->broker, i));
    if (conn->open && conn->closing)
      close_conn(host, i);
    note_ready(host);
  }
  return any;
}

/* Operations */

static void
send_bytes(Conn *conn, const guint8 *bytes, gsize n)
{
  if (conn->bytes->len < 4 * FUZZ_PACKET_MAX)
    g_byte_array_append(conn->bytes, bytes, (guint)n);
}

static void
send_packet(Host *host, Conn *conn)
{
  static const guint8 types[] = {MQTT_PUBLISH, MQTT_PUBLISH,   MQTT_SUBSCRIBE,   MQTT_PUBREL,
                                 MQTT_PUBLISH, MQTT_SUBSCRIBE, MQTT_UNSUBSCRIBE, MQTT_PINGREQ,
                                 MQTT_PUBACK,  MQTT_PUBREC,    MQTT_PUBCOMP,     MQTT_DISCONNECT,
                                 MQTT_CONNECT, MQTT_AUTH};
  guint8 packet[FUZZ_PACKET_MAX];
  MqttPacketType type = types[fuzz_take(&host->in, G_N_ELEMENTS(types))];
  if (type == MQTT_AUTH && conn->peer.version != MQTT_5_0)
    type = MQTT_PINGREQ;
  gsize n = fuzz_packet(&host->in, type, conn->peer.version, MQTT_FROM_CLIENT, packet);
  send_bytes(conn, packet, n);
}

static void
send_damaged(Host *host, Conn *conn)
{
  guint8 packet[FUZZ_PACKET_MAX];
  MqttPacketType type = 1 + fuzz_take(&host->in, 14);
  gsize n = fuzz_packet(&host->in, type, conn->peer.version, MQTT_FROM_CLIENT, packet);
  fuzz_damage(&host->in, packet, n);
  send_bytes(conn, packet, n);
  conn->odd = TRUE;
}

static void
send_raw(Host *host, Conn *conn)
{
  guint8 bytes[16];
  gsize n = 1 + fuzz_take(&host->in, sizeof bytes);
  for (gsize i = 0; i < n; i++)
    bytes[i] = fuzz_byte(&host->in);
  send_bytes(conn, bytes, n);
  conn->odd = TRUE;
}

static void
answer(Host *host, Conn *conn)
{
  guint8 packet[FUZZ_PACKET_MAX];
  gsize n = fuzz_peer_answer(&conn->peer, fuzz_byte(&host->in) & 0x80 ? 1 : 0, packet);
  if (n > 0)
    send_bytes(conn, packet, n);
}

static void
connect_to(Host *host, guint i)
{
  guint8 packet[FUZZ_PACKET_MAX];
  if (host->conns[i].open)
    return;
  open_conn(host, i);
  MqttVersion version = fuzz_byte(&host->in) & 1 ? MQTT_3_1_1 : MQTT_5_0;
  gsize n = fuzz_packet(&host->in, MQTT_CONNECT, version, MQTT_FROM_CLIENT, packet);
  send_bytes(&host->conns[i], packet, n);
  feed(host, i, n);
}

static void
pass_time(Host *host)
{
  static const gint64 steps_s[] = {0, 1, 2, 4, 15, 61, 3601, 100000};
  host->now_ns += steps_s[fuzz_take(&host->in, G_N_ELEMENTS(steps_s))] * NS_PER_S + 1;
  mqtt_broker_timeout(host->broker, host->now_ns);
  drain(host);
  g_assert_cmpint(mqtt_broker_deadline(host->broker), >, host->now_ns);
}

static void
store_some(Host *host)
{
  guint8 byte = fuzz_byte(&host->in);
  host->hold_store = byte & 1;
  if (byte & 1 && host->store.last > 0)
    mqtt_broker_stored(host->broker, host->now_ns, host->store.last - byte % host->store.last);
  drain(host);
}

static guint32
peer_of(gpointer user, MqttBytes client_id)
{
  (void)user;
  return fuzz_name_index(client_id);
}

static void
forget_connections(Host *host)
{
  for (guint i = 0; i < CONNS; i++)
    host->conns[i].open = FALSE;
  for (guint i = 0; i < FUZZ_NAMES; i++)
    mqtt_monitor_state_lost(host->monitors[i]);
}

static void
lose_state(Host *host)
{
  mqtt_broker_lose_state(host->broker, MQTT_CAUSE_STATE_LOST);
  drain(host);
  g_assert_cmpuint(host->sessions, ==, 0);
  g_assert_cmpuint(g_hash_table_size(host->held), ==, 0);
}

/* The process dies and comes again with what a prefix of its store has left. */
static void
crash(Host *host)
{
  guint64 kept = fuzz_byte(&host->in);
  forget_connections(host);
  lose_state(host);
  mqtt_broker_free(host->broker);
  host->broker = mqtt_broker_new(&host->config, &host->events);
  g_autoptr(GPtrArray) left = books_records(&host->store, kept >= 0xC0 ? 0 : kept);
  host->store.last = 0;
  for (guint i = 0; i < left->len; i++) {
    const BooksOp *op = left->pdata[i];
    guint before = mqtt_broker_sessions(host->broker);
    mqtt_broker_load(host->broker, host->now_ns, &op->op.key, op->value, op->op.length, peer_of,
                     NULL);
    host->sessions += mqtt_broker_sessions(host->broker) - before;
  }
  drain(host);
}

static void
operate(Host *host)
{
  guint8 code = fuzz_byte(&host->in);
  guint i = (code >> 4) % CONNS;
  Conn *conn = &host->conns[i];
  switch (code & 15) {
  case 0:
  case 1:
    connect_to(host, i);
    return;
  case 2:
    settle(host);
    return;
  case 3:
    pass_time(host);
    return;
  case 4:
    store_some(host);
    return;
  case 5:
    if (code >> 4 == 15)
      crash(host);
    else if (code >> 4 == 14)
      mqtt_broker_shut_down(host->broker, host->now_ns);
    drain(host);
    return;
  default:
    break;
  }
  if (!conn->open) {
    open_conn(host, i);
    return;
  }
  switch (code & 15) {
  case 6:
    note_ready(host);
    if (conn->named)
      pull(host, i, fuzz_byte(&host->in) * 8u);
    break;
  case 7:
    close_conn(host, i);
    break;
  case 8:
    send_damaged(host, conn);
    break;
  case 9:
    send_raw(host, conn);
    break;
  case 10:
    feed(host, i, fuzz_byte(&host->in));
    break;
  case 11:
  case 12:
    answer(host, conn);
    feed(host, i, ROOM);
    break;
  default:
    send_packet(host, conn);
    feed(host, i, ROOM);
    break;
  }
}

/* Clients that answer everything: it ends, and nothing is left waiting for them. */
static void
finish(Host *host)
{
  guint8 packet[FUZZ_PACKET_MAX];
  gboolean any = TRUE;
  host->hold_store = FALSE;
  drain(host);
  for (guint round = 0; any; round++) {
    g_assert_cmpuint(round, <, 10000);
    any = settle(host);
    for (guint i = 0; i < CONNS; i++) {
      Conn *conn = &host->conns[i];
      gsize n = conn->open ? fuzz_peer_answer(&conn->peer, 0, packet) : 0;
      if (n > 0)
        send_bytes(conn, packet, n);
      any |= conn->open && (feed(host, i, ROOM) || n > 0);
    }
    any |= mqtt_broker_has_ready(host->broker);
  }
  for (guint i = 0; i < CONNS; i++) {
    Conn *conn = &host->conns[i];
    if (!conn->open || conn->odd || conn->name == FUZZ_NAMES)
      continue;
    g_assert_cmpuint(mqtt_broker_inflight(host->broker, fuzz_name(conn->name)), ==, 0);
    g_assert_cmpuint(mqtt_broker_queued(host->broker, fuzz_name(conn->name)), ==, 0);
  }
}

/* Life */

static void
configure(Host *host)
{
  static const guint8 bounds[] = {1, 2, 5, 20};
  MqttBrokerConfig *config = &host->config;
  mqtt_broker_config_default(config);
  guint8 byte = fuzz_byte(&host->in);
  config->store = byte & 1;
  config->ack_after_store = byte & 2;
  config->qos2_receiver = byte & 4 ? MQTT_QOS2_ON_PUBREL : MQTT_QOS2_ON_PUBLISH;
  config->on_queue_full = (byte >> 3) % 3;
  if (byte & 0x20)
    config->queue = bounds[byte >> 6];
  byte = fuzz_byte(&host->in);
  if (byte & 1)
    config->inflight = bounds[byte >> 6];
  if (byte & 2)
    config->receive_maximum = bounds[byte >> 6];
  if (byte & 4)
    config->qos0_backlog = bounds[byte >> 6];
  if (byte & 8)
    config->maximum_packet_size = 1000;
  if (byte & 16)
    config->queue_bytes = 400;
  if (byte & 32)
    config->topic_alias_maximum = 2;
  byte = fuzz_byte(&host->in);
  if (byte & 1)
    config->connections = 3;
  if ((byte & 0x0E) == 2)
    config->maximum_qos = byte >> 7;
  if (byte & 0x10)
    config->server_keep_alive_s = 3;
  if (byte & 0x20)
    config->session_expiry_maximum_s = 100;
  config->retain_available = (byte & 0x4E) != 0x42;
  if ((byte & 0xC0) == 0xC0) {
    config->quirks = fuzz_word(&host->in);
    config->quirks |= (guint32)fuzz_byte(&host->in) << 16;
    config->copy_each = fuzz_byte(&host->in) & 1;
  }
}

static void
begin(Host *host, const uint8_t *data, size_t size)
{
  host->in = (FuzzInput){data, data + size};
  host->now_ns = NS_PER_S;
  configure(host);
  host->broker = mqtt_broker_new(&host->config, &host->events);
  host->held = books_new();
  books_store_init(&host->store);
  for (guint i = 0; i < CONNS; i++) {
    host->conns[i].name = FUZZ_NAMES;
    host->conns[i].bytes = g_byte_array_new();
    fuzz_peer_init(&host->conns[i].peer, MQTT_FROM_SERVER);
  }
  for (guint i = 0; i < FUZZ_NAMES; i++) {
    host->monitors[i] = mqtt_monitor_new(MQTT_FROM_SERVER);
    mqtt_monitor_session_maximum(host->monitors[i], host->config.session_expiry_maximum_s);
  }
}

static void
end(Host *host)
{
  forget_connections(host);
  lose_state(host);
  mqtt_broker_free(host->broker);
  for (guint i = 0; i < CONNS; i++) {
    g_byte_array_unref(host->conns[i].bytes);
    fuzz_peer_clear(&host->conns[i].peer);
  }
  for (guint i = 0; i < FUZZ_NAMES; i++)
    mqtt_monitor_free(host->monitors[i]);
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
  return fuzz_programs(&argc, &argv, "broker", 6000);
}
#endif
