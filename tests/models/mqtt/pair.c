#include "tests/models/mqtt/pair.h"

#include <string.h>

typedef struct {
  gint64 at_ns;
  gsize n;
} Chunk;

static void pull(Pair *pair);

guint
pair_times(const GArray *tags, guint64 tag)
{
  guint n = 0;
  for (guint i = 0; i < tags->len; i++)
    n += g_array_index(tags, guint64, i) == tag;
  return n;
}

void
pair_assert_no_copies(const Pair *pair)
{
  g_assert_cmpuint(g_hash_table_size(pair->held), ==, 0);
  for (guint i = 0; i < pair->n_clients; i++) {
    g_assert_cmpuint(g_hash_table_size(pair->clients[i].to_broker.copies), ==, 0);
    g_assert_cmpuint(g_hash_table_size(pair->clients[i].to_client.copies), ==, 0);
  }
}

/* Wires */

static void
wire_init(PairWire *wire)
{
  wire->bytes = g_byte_array_new();
  wire->chunks = g_array_new(FALSE, FALSE, sizeof(Chunk));
  wire->copies = books_new();
}

static void
wire_empty(PairWire *wire)
{
  g_byte_array_set_size(wire->bytes, 0);
  g_array_set_size(wire->chunks, 0);
  g_hash_table_remove_all(wire->copies);
  wire->taken = 0;
  wire->first = 0;
}

static void
wire_free(PairWire *wire)
{
  g_byte_array_unref(wire->bytes);
  g_array_unref(wire->chunks);
  g_hash_table_unref(wire->copies);
}

static gint64
wire_next(const PairWire *wire)
{
  return wire->first < wire->chunks->len ? g_array_index(wire->chunks, Chunk, wire->first).at_ns
                                         : MQTT_NEVER;
}

static void
wire_write(Pair *pair, PairWire *wire, const guint8 *bytes, gsize n)
{
  Chunk chunk = {pair->now_ns + pair->latency_ns, n};
  g_byte_array_append(wire->bytes, bytes, (guint)n);
  g_array_append_val(wire->chunks, chunk);
}

/* Events */

static void
on_client_event(Pair *pair, PairClient *client, const MqttEvent *event)
{
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_OPENED:
    client->opened++;
    client->resumed += event->flags & MQTT_FLAG_SESSION;
    break;
  case MQTT_EVENT_REFUSED:
    client->refused++;
    client->refuse_reason = event->reason;
    break;
  case MQTT_EVENT_CLOSE:
    client->closes++;
    client->close_reason = event->reason;
    client->close_us = TRUE;
    break;
  case MQTT_EVENT_MESSAGE:
    g_assert_cmpuint(event->tag, ==, mqtt_tag(event->payload));
    g_array_append_val(client->delivered, event->tag);
    if (event->flags & MQTT_FLAG_RECEIVED)
      books_add(client->to_client.copies, event->tag, -1);
    break;
  case MQTT_EVENT_SUBSCRIBED:
    client->subscribed++;
    client->granted = event->reason;
    break;
  case MQTT_EVENT_TOLD:
    g_array_append_val(event->flags & MQTT_FLAG_FAILED ? client->failed : client->told, event->tag);
    if (!(event->flags & MQTT_FLAG_GONE))
      break;
    books_add(pair->held, event->tag, -1);
    client->gone[MQTT_CAUSE_DONE]++;
    break;
  case MQTT_EVENT_COPY:
    books_add(pair->held, event->tag, 1);
    break;
  case MQTT_EVENT_GONE:
    books_add(pair->held, event->tag, -1);
    client->gone[event->cause]++;
    break;
  case MQTT_EVENT_SENT:
    if (event->flags & MQTT_FLAG_PUBREL) {
      client->pubrel_sent++;
      client->pubrel_resent += event->resend != MQTT_RESEND_NONE;
      break;
    }
    g_assert_true(event->flags & MQTT_FLAG_UPSTREAM);
    client->sent++;
    client->resent += event->resend != MQTT_RESEND_NONE;
    books_add(client->to_broker.copies, event->tag, 1);
    break;
  case MQTT_EVENT_RECEIVED:
    if (event->flags & MQTT_FLAG_PUBREL)
      break;
    client->duplicates += (event->flags & MQTT_FLAG_DUP) != 0;
    books_add(client->to_client.copies, event->tag, -1);
    break;
  case MQTT_EVENT_UNSUBSCRIBED:
  case MQTT_EVENT_SESSION_GONE:
  case MQTT_EVENT_STORE:
    break;
  }
}

static void
on_broker_event(Pair *pair, const MqttEvent *event)
{
  if (event->type == MQTT_EVENT_STORE)
    return;
  g_assert_cmpuint(event->peer, <, pair->n_clients);
  PairClient *client = &pair->clients[event->peer];
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_CLOSE:
    client->broker_closes++;
    client->broker_close_reason = event->reason;
    if (client->up && client->conn == event->conn)
      client->close_us = TRUE;
    else
      mqtt_broker_closed(pair->broker, pair->now_ns, event->conn);
    break;
  case MQTT_EVENT_COPY:
    books_add(pair->held, event->tag, 1);
    break;
  case MQTT_EVENT_GONE:
    books_add(pair->held, event->tag, -1);
    if (!(event->flags & MQTT_FLAG_UPSTREAM))
      client->gone_broker[event->cause]++;
    break;
  case MQTT_EVENT_SENT:
    if (!(event->flags & MQTT_FLAG_PUBREL))
      books_add(client->to_client.copies, event->tag, 1);
    break;
  case MQTT_EVENT_RECEIVED:
    if (event->flags & MQTT_FLAG_PUBREL)
      break;
    g_assert_true(event->flags & MQTT_FLAG_UPSTREAM);
    pair->unsubscribed_to += event->cause == MQTT_CAUSE_NO_SUBSCRIPTION;
    books_add(client->to_broker.copies, event->tag, -1);
    break;
  case MQTT_EVENT_SESSION_GONE:
    client->session_gone[event->cause]++;
    break;
  default:
    break;
  }
}

static void
drain_client(Pair *pair, PairClient *client)
{
  for (guint i = 0; client != NULL && i < pair->client_events.length; i++)
    on_client_event(pair, client, &pair->client_events.items[i]);
  pair->client_events.length = 0;
}

static void
drain(Pair *pair, PairClient *client)
{
  MqttStoreOp op;
  drain_client(pair, client);
  for (guint i = 0; i < pair->broker_events.length; i++) {
    MqttEvent event = pair->broker_events.items[i]; /* closed() below may move the array */
    on_broker_event(pair, &event);
  }
  pair->broker_events.length = 0;
  if (client != NULL && client->machine != NULL) {
    while (mqtt_client_store_op(client->machine, &op))
      books_fetch(&client->store, &op);
    if (!pair->hold_store)
      mqtt_client_stored(client->machine, pair->now_ns, client->store.last);
    drain_client(pair, client); /* QoS 2 is handed over when it is stored */
  }
  while (mqtt_broker_store_op(pair->broker, &op))
    books_fetch(&pair->store, &op);
  if (!pair->hold_store)
    mqtt_broker_stored(pair->broker, pair->now_ns, pair->store.last);
}

/* Driving */

static void
judge_sent(const Pair *pair, MqttMonitor *monitor, const guint8 *bytes, gsize n)
{
  if (pair->unmonitored)
    return;
  mqtt_monitor_sent(monitor, bytes, n);
  g_assert_cmpstr(mqtt_monitor_breach(monitor), ==, NULL);
}

static void
judge_received(const Pair *pair, MqttMonitor *monitor, const guint8 *bytes, gsize n)
{
  if (pair->unmonitored)
    return;
  mqtt_monitor_received(monitor, bytes, n);
  g_assert_cmpstr(mqtt_monitor_breach(monitor), ==, NULL);
}

static PairClient *
client_on(Pair *pair, guint32 conn)
{
  for (guint i = 0; i < pair->n_clients; i++)
    if (pair->clients[i].up && pair->clients[i].conn == conn)
      return &pair->clients[i];
  return NULL;
}

static void
pull_broker(Pair *pair, guint8 *buffer)
{
  guint32 conn;
  while ((conn = mqtt_broker_next_ready(pair->broker)) != MQTT_NO_PEER) {
    PairClient *client = client_on(pair, conn);
    gsize n;
    while ((n = mqtt_broker_output(pair->broker, pair->now_ns, conn, buffer, pair->room)) > 0) {
      if (client != NULL) {
        wire_write(pair, &client->to_client, buffer, n);
        judge_sent(pair, client->broker_monitor, buffer, n);
      }
      drain(pair, NULL);
    }
    drain(pair, NULL);
  }
}

static void
pull(Pair *pair)
{
  guint8 *buffer = g_malloc(pair->room);
  for (guint i = 0; i < pair->n_clients; i++) {
    PairClient *client = &pair->clients[i];
    gsize n;
    while (client->up &&
           (n = mqtt_client_output(client->machine, pair->now_ns, buffer, pair->room)) > 0) {
      wire_write(pair, &client->to_broker, buffer, n);
      judge_sent(pair, client->monitor, buffer, n);
      drain(pair, client);
    }
    drain(pair, client);
  }
  pull_broker(pair, buffer);
  g_free(buffer);
}

void
pair_cut(Pair *pair, guint i)
{
  PairClient *client = &pair->clients[i];
  if (!client->up)
    return;
  client->up = FALSE;
  client->close_us = FALSE;
  wire_empty(&client->to_broker);
  wire_empty(&client->to_client);
  mqtt_client_closed(client->machine, pair->now_ns);
  mqtt_broker_closed(pair->broker, pair->now_ns, client->conn);
  drain(pair, client);
}

/* Hands over what has arrived, packet by packet; the rest of a packet waits. */
static void
feed(Pair *pair, PairClient *client, PairWire *wire, gsize arrived)
{
  gboolean to_broker = wire == &client->to_broker;
  while (client->up) {
    const guint8 *bytes = wire->bytes->data + wire->taken;
    gsize left = arrived - wire->taken;
    gsize n = to_broker ? mqtt_broker_input(pair->broker, pair->now_ns, client->conn, bytes, left)
                        : mqtt_client_input(client->machine, pair->now_ns, bytes, left);
    judge_received(pair, to_broker ? client->broker_monitor : client->monitor, bytes, n);
    drain(pair, client);
    pull(pair);
    if (n == 0)
      return;
    wire->taken += n;
    if (wire->taken == arrived)
      return;
  }
}

static gsize
arrived_bytes(Pair *pair, PairWire *wire)
{
  gsize n = 0;
  for (guint i = 0; i < wire->first; i++)
    n += g_array_index(wire->chunks, Chunk, i).n;
  while (wire_next(wire) <= pair->now_ns) {
    Chunk *chunk = &g_array_index(wire->chunks, Chunk, wire->first);
    if (pair->cut_after >= 0 && (gint64)chunk->n > pair->cut_after) {
      n += (gsize)pair->cut_after;
      pair->cut_after = -2;
      return n;
    }
    if (pair->cut_after >= 0)
      pair->cut_after -= (gint64)chunk->n;
    n += chunk->n;
    wire->first++;
  }
  return n;
}

static gboolean
deliver(Pair *pair, guint i, PairWire *wire)
{
  if (wire_next(wire) > pair->now_ns)
    return FALSE;
  gsize arrived = arrived_bytes(pair, wire);
  if (arrived > wire->taken)
    feed(pair, &pair->clients[i], wire, arrived);
  if (pair->cut_after == -2) {
    pair->cut_after = -1;
    for (guint k = 0; k < pair->n_clients; k++)
      pair_cut(pair, k);
  }
  return TRUE;
}

static gboolean
busy(const PairClient *client)
{
  return wire_next(&client->to_broker) != MQTT_NEVER || wire_next(&client->to_client) != MQTT_NEVER;
}

/* What is due now; FALSE: nothing was. */
static gboolean
step(Pair *pair)
{
  gboolean any = FALSE;
  pull(pair);
  for (guint i = 0; i < pair->n_clients; i++) {
    PairClient *client = &pair->clients[i];
    any |= deliver(pair, i, &client->to_broker);
    any |= deliver(pair, i, &client->to_client);
    if (client->close_us && !busy(client)) {
      pair_cut(pair, i);
      any = TRUE;
    }
    if (mqtt_client_deadline(client->machine) <= pair->now_ns) {
      mqtt_client_timeout(client->machine, pair->now_ns);
      drain(pair, client);
      any = TRUE;
    }
  }
  if (mqtt_broker_deadline(pair->broker) <= pair->now_ns) {
    mqtt_broker_timeout(pair->broker, pair->now_ns);
    drain(pair, NULL);
    any = TRUE;
  }
  return any;
}

static gint64
next_byte(const Pair *pair)
{
  gint64 at_ns = MQTT_NEVER;
  for (guint i = 0; i < pair->n_clients; i++) {
    at_ns = MIN(at_ns, wire_next(&pair->clients[i].to_broker));
    at_ns = MIN(at_ns, wire_next(&pair->clients[i].to_client));
  }
  return at_ns;
}

void
pair_settle(Pair *pair)
{
  for (guint guard = 0;; guard++) {
    g_assert_cmpuint(guard, <, 1000000);
    if (step(pair))
      continue;
    gint64 at_ns = next_byte(pair);
    if (at_ns == MQTT_NEVER)
      return;
    pair->now_ns = MAX(pair->now_ns, at_ns);
  }
}

void
pair_run(Pair *pair, gint64 for_ns)
{
  gint64 end_ns = pair->now_ns + for_ns;
  for (guint guard = 0;; guard++) {
    g_assert_cmpuint(guard, <, 1000000);
    if (step(pair))
      continue;
    gint64 at_ns = MIN(next_byte(pair), mqtt_broker_deadline(pair->broker));
    for (guint i = 0; i < pair->n_clients; i++)
      at_ns = MIN(at_ns, mqtt_client_deadline(pair->clients[i].machine));
    if (at_ns > end_ns)
      break;
    g_assert_cmpint(at_ns, >, pair->now_ns);
    pair->now_ns = at_ns;
  }
  pair->now_ns = end_ns;
}

void
pair_connect(Pair *pair, guint i)
{
  PairClient *client = &pair->clients[i];
  static const guint32 stride = PAIR_CLIENTS;
  g_assert_false(client->up);
  client->up = TRUE;
  client->conn = (client->conn + stride) % (2 * stride); /* two numbers each, taken in turn */
  mqtt_monitor_connection(client->monitor);
  mqtt_monitor_connection(client->broker_monitor);
  mqtt_client_connecting(client->machine, pair->now_ns);
  mqtt_broker_open(pair->broker, pair->now_ns, client->conn, i);
  mqtt_client_opened(client->machine, pair->now_ns);
  drain(pair, client);
}

void
pair_online(Pair *pair, guint i)
{
  pair_connect(pair, i);
  pair_settle(pair);
}

void
pair_subscribe(Pair *pair, guint i, const char *filter, guint8 options)
{
  PairClient *client = &pair->clients[i];
  guint16 id = mqtt_client_subscribe(client->machine, pair->now_ns, mqtt_bytes(filter), options, 0);
  g_assert_cmpuint(id, !=, 0);
  drain(pair, client);
  pair_settle(pair);
}

MqttPublishResult
pair_publish_size(Pair *pair, guint i, const char *topic, guint8 qos, guint64 tag, gsize size)
{
  PairClient *client = &pair->clients[i];
  g_autofree guint8 *payload = g_malloc0(size);
  guint64 big = GUINT64_TO_BE(tag);
  memcpy(payload, &big, 8);
  MqttPublish publish = {
      .qos = qos, .topic = mqtt_bytes(topic), .payload = {payload, (guint32)size}};
  MqttPublishResult result = mqtt_client_publish(client->machine, pair->now_ns, &publish);
  if (result == MQTT_PUBLISH_ACCEPTED)
    books_add(pair->held, tag, 1);
  drain(pair, client);
  return result;
}

MqttPublishResult
pair_publish(Pair *pair, guint i, const char *topic, guint8 qos, guint64 tag)
{
  return pair_publish_size(pair, i, topic, qos, tag, 20);
}

void
pair_inject(Pair *pair, guint i, gconstpointer bytes, gsize n)
{
  pull(pair);
  wire_write(pair, &pair->clients[i].to_broker, bytes, n);
}

/* Crashes */

static guint32
peer_of(gpointer user, MqttBytes client_id)
{
  const Pair *pair = user;
  for (guint i = 0; i < pair->n_clients; i++)
    if (strlen(pair->clients[i].name) == client_id.length &&
        memcmp(pair->clients[i].name, client_id.data, client_id.length) == 0)
      return i;
  g_assert_not_reached();
}

void
pair_crash_broker(Pair *pair, guint64 kept)
{
  for (guint i = 0; i < pair->n_clients; i++) {
    PairClient *client = &pair->clients[i];
    if (!client->up)
      continue;
    client->up = FALSE;
    client->close_us = FALSE;
    wire_empty(&client->to_broker);
    wire_empty(&client->to_client);
    mqtt_client_closed(client->machine, pair->now_ns);
    drain(pair, client);
  }
  for (guint i = 0; i < pair->n_clients; i++)
    mqtt_monitor_state_lost(pair->clients[i].broker_monitor);
  mqtt_broker_lose_state(pair->broker, MQTT_CAUSE_STATE_LOST);
  drain(pair, NULL);
  mqtt_broker_free(pair->broker);
  pair->broker = mqtt_broker_new(&pair->config, &pair->broker_events);
  GPtrArray *left = books_records(&pair->store, kept);
  pair->store.last = 0;
  for (guint i = 0; i < left->len; i++) {
    const BooksOp *op = left->pdata[i];
    mqtt_broker_load(pair->broker, pair->now_ns, &op->op.key, op->value, op->op.length, peer_of,
                     pair);
  }
  g_ptr_array_unref(left);
  drain(pair, NULL);
}

void
pair_crash_client(Pair *pair, guint i, guint64 kept)
{
  PairClient *client = &pair->clients[i];
  mqtt_monitor_state_lost(client->monitor);
  mqtt_client_lose_state(client->machine, MQTT_CAUSE_STATE_LOST);
  drain(pair, client);
  pair_cut(pair, i);
  mqtt_client_free(client->machine);
  client->machine =
      mqtt_client_new(&client->config, mqtt_bytes(client->name), &pair->client_events);
  GPtrArray *left = books_records(&client->store, kept);
  client->store.last = 0;
  for (guint k = 0; k < left->len; k++) {
    const BooksOp *op = left->pdata[k];
    mqtt_client_load(client->machine, &op->op.key, op->value, op->op.length);
  }
  g_ptr_array_unref(left);
  drain(pair, client);
}

/* Life */

Pair *
pair_new(MqttVersion version, guint n_clients)
{
  g_assert_cmpuint(n_clients, <=, PAIR_CLIENTS);
  Pair *pair = g_new0(Pair, 1);
  pair->room = 65536;
  pair->latency_ns = MS(10);
  pair->cut_after = -1;
  pair->n_clients = n_clients;
  pair->held = books_new();
  books_store_init(&pair->store);
  mqtt_broker_config_default(&pair->config);
  for (guint i = 0; i < n_clients; i++) {
    PairClient *client = &pair->clients[i];
    mqtt_client_config_default(&client->config);
    client->config.version = version;
    client->config.clean_start = MQTT_CLEAN_NO;
    client->config.session_expiry_s = 3600;
    g_snprintf(client->name, sizeof client->name, "client-%u", i);
    client->conn = i;
    books_store_init(&client->store);
    client->delivered = g_array_new(FALSE, FALSE, sizeof(guint64));
    client->told = g_array_new(FALSE, FALSE, sizeof(guint64));
    client->failed = g_array_new(FALSE, FALSE, sizeof(guint64));
    client->monitor = mqtt_monitor_new(MQTT_FROM_CLIENT);
    client->broker_monitor = mqtt_monitor_new(MQTT_FROM_SERVER);
    wire_init(&client->to_broker);
    wire_init(&client->to_client);
  }
  return pair;
}

void
pair_start(Pair *pair)
{
  pair->broker = mqtt_broker_new(&pair->config, &pair->broker_events);
  for (guint i = 0; i < pair->n_clients; i++)
    pair->clients[i].machine = mqtt_client_new(
        &pair->clients[i].config, mqtt_bytes(pair->clients[i].name), &pair->client_events);
}

void
pair_free(Pair *pair)
{
  mqtt_broker_free(pair->broker);
  for (guint i = 0; i < pair->n_clients; i++) {
    PairClient *client = &pair->clients[i];
    mqtt_client_free(client->machine);
    mqtt_monitor_free(client->monitor);
    mqtt_monitor_free(client->broker_monitor);
    wire_free(&client->to_broker);
    wire_free(&client->to_client);
    books_store_clear(&client->store);
    g_array_unref(client->delivered);
    g_array_unref(client->told);
    g_array_unref(client->failed);
  }
  books_store_clear(&pair->store);
  g_hash_table_unref(pair->held);
  mqtt_events_clear(&pair->client_events);
  mqtt_events_clear(&pair->broker_events);
  g_free(pair);
}
