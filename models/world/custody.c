/* From events of machines, and from bytes that die with a connection, to the ledger's entries. */
#include "models/mqtt/codec.h"
#include "models/world/world-private.h"

/* Why a copy went, in the words of the ledger. */
static Cause
custody_cause(const MqttEvent *event, gboolean broker)
{
  gboolean up = event->flags & MQTT_FLAG_UPSTREAM;
  switch ((MqttCause)event->cause) {
  case MQTT_CAUSE_DONE:
    return CAUSE_NONE;
  case MQTT_CAUSE_QUEUE_FULL:
    return broker ? CAUSE_BROKER_QUEUE_FULL : CAUSE_CLIENT_QUEUE_FULL;
  case MQTT_CAUSE_CONNECTION_LOST:
    return CAUSE_CONNECTION_LOST;
  case MQTT_CAUSE_REFUSED:
    return broker ? CAUSE_BROKER_DISCARDED : CAUSE_BROKER_REFUSED;
  case MQTT_CAUSE_TOO_LARGE:
    return CAUSE_TOO_LARGE;
  case MQTT_CAUSE_EXPIRED:
    return CAUSE_MESSAGE_EXPIRED;
  case MQTT_CAUSE_NO_SUBSCRIPTION:
    return CAUSE_NO_SESSION;
  case MQTT_CAUSE_OFFLINE:
    return CAUSE_SUBSCRIBER_OFFLINE;
  case MQTT_CAUSE_SESSION_EXPIRED:
    return CAUSE_SESSION_EXPIRED;
  case MQTT_CAUSE_SESSION_DISCARDED:
    return CAUSE_SESSION_DISCARDED;
  case MQTT_CAUSE_GAVE_UP:
    return CAUSE_GAVE_UP;
  case MQTT_CAUSE_STATE_EXPIRED:
    return CAUSE_STATE_EXPIRED;
  case MQTT_CAUSE_STATE_LOST:
    return broker ? CAUSE_BROKER_STATE_LOST
                  : (up ? CAUSE_PUBLISHER_STATE_LOST : CAUSE_SUBSCRIBER_STATE_LOST);
  case MQTT_CAUSE_REPLACED:
    return CAUSE_REPLACED;
  case MQTT_CAUSE_TAKEN_FOR_DUPLICATE:
    return CAUSE_TAKEN_FOR_DUPLICATE;
  }
  g_assert_not_reached();
}

/* The guarantees of a session do not outlive it. What a crash takes from a session that is stored
 * is judged where the crash is. */
static gboolean
custody_ends_state(MqttCause cause)
{
  return cause == MQTT_CAUSE_SESSION_EXPIRED || cause == MQTT_CAUSE_SESSION_DISCARDED ||
         cause == MQTT_CAUSE_STATE_EXPIRED || cause == MQTT_CAUSE_GAVE_UP;
}

static void
custody_session_gone(World *world, const MqttEvent *event, guint32 client)
{
  const Broker *broker = &world->brokers[world->groups[world->clients[client].group].broker];
  gboolean stored = event->cause == MQTT_CAUSE_STATE_LOST && event->flags & MQTT_FLAG_SESSION;
  if (!stored)
    ledger_state_lost(world->ledger, client, world_time(world));
  if (!stored || !broker->mqtt_config.ack_after_store)
    client_unsubscribed(world, client);
}

static SELDOM void
custody_sent_pubrel(World *world, const MqttEvent *event, guint32 where)
{
  ledger_sent_pubrel(world->ledger, event->tag, where, world_time(world),
                     (LedgerSend)event->resend);
}

/* A connection may be dead for what is still written into it. */
static inline void
custody_sent(World *world, const MqttEvent *event, guint32 where, const Conn *conn, guint sender)
{
  if (event->flags & MQTT_FLAG_PUBREL) {
    custody_sent_pubrel(world, event, where);
    return;
  }
  ledger_sent(world->ledger, event->tag, where, world_time(world), (LedgerSend)event->resend);
  if (conn->dead_from[sender] != G_MAXUINT64)
    ledger_died(world->ledger, event->tag, where, world_time(world), CAUSE_CONNECTION_LOST);
}

static inline void
custody_received(World *world, const MqttEvent *event, guint32 where, guint32 client,
                 gboolean broker)
{
  gint64 now_ns = world_time(world);
  if (event->flags & MQTT_FLAG_PUBREL) {
    ledger_received_pubrel(world->ledger, event->tag, where, now_ns);
    return;
  }
  if (world->outside != NULL)
    outside_received(world, event, client);
  ledger_received(world->ledger, event->tag, where, now_ns,
                  event->flags & MQTT_FLAG_DUP ? custody_cause(event, broker) : CAUSE_NONE);
}

static inline void
custody_gone(World *world, const MqttEvent *event, guint32 where, guint32 client, gboolean broker)
{
  if (custody_ends_state(event->cause))
    ledger_state_lost(world->ledger, client, world_time(world));
  ledger_gone(world->ledger, event->tag, where, world_time(world),
              event->cause == MQTT_CAUSE_DONE ? CAUSE_NONE : custody_cause(event, broker));
}

static inline void
custody_told(World *world, const MqttEvent *event)
{
  gboolean success = !(event->flags & MQTT_FLAG_FAILED);
  if (event->flags & MQTT_FLAG_GONE)
    ledger_gone(world->ledger, event->tag, LEDGER_UP, world_time(world), CAUSE_NONE);
  ledger_told(world->ledger, event->tag, world_time(world), success,
              success || !(event->flags & MQTT_FLAG_OPEN));
}

/* What few messages see. number: of the client, or NONE: a broker. */
static SELDOM void
custody_take_other(World *world, guint32 number, const MqttEvent *event)
{
  const gboolean broker = number == NONE;
  guint32 client = broker ? event->peer : number;
  guint32 where = event->flags & MQTT_FLAG_UPSTREAM ? LEDGER_UP : client;
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_COPY:
    ledger_copy(world->ledger, event->tag, where, world_time(world));
    break;
  case MQTT_EVENT_GONE:
    custody_gone(world, event, where, client, broker);
    break;
  case MQTT_EVENT_RECEIVED:
    custody_received(world, event, where, client, broker);
    break;
  case MQTT_EVENT_SESSION_GONE:
    custody_session_gone(world, event, client);
    break;
  default:
    if (broker)
      broker_event(world, event);
    else
      client_event(world, number, event);
  }
}

void
custody_hear_client(World *world, Client *client)
{
  guint i = 0;
  do {
    MqttEvent *event = &world->events.items[i];
    event->tag ^= world->disguise;
    if (event->type == MQTT_EVENT_SENT) {
      custody_sent(world, event, LEDGER_UP, &world->conns[client->conn], CLIENT_END);
    } else if (event->type == MQTT_EVENT_MESSAGE) {
      client_message(world, client, event);
      if (event->flags & MQTT_FLAG_RECEIVED)
        custody_received(world, event, client->number, client->number, FALSE);
    } else if (event->type == MQTT_EVENT_TOLD) {
      custody_told(world, event);
    } else {
      custody_take_other(world, client->number, event);
    }
  } while (++i < world->events.length);
  world->events.length = 0;
}

void
custody_hear_broker(World *world)
{
  guint i = 0;
  do {
    MqttEvent *event = &world->events.items[i];
    gboolean down = !(event->flags & MQTT_FLAG_UPSTREAM);
    event->tag ^= world->disguise;
    if (event->type == MQTT_EVENT_SENT)
      custody_sent(world, event, event->peer, &world->conns[event->conn], BROKER_END);
    else if (event->type == MQTT_EVENT_RECEIVED)
      custody_received(world, event, LEDGER_UP, event->peer, TRUE);
    else if (event->type == MQTT_EVENT_COPY && down)
      ledger_copy(world->ledger, event->tag, event->peer, world_time(world));
    else if (event->type == MQTT_EVENT_GONE && down)
      custody_gone(world, event, event->peer, event->peer, TRUE);
    else
      custody_take_other(world, NONE, event);
  } while (++i < world->events.length);
  world->events.length = 0;
}

/* Walks whole packets and gives each dead PUBLISH to the ledger. Bytes are those behind the
 * decoder's position, which stands at the beginning of a packet; an incomplete packet at the end
 * was never told as SENT. */
static void
bury_packets(World *world, const Conn *conn, guint sender, const guint8 *bytes, gsize n,
             gsize alive)
{
  MqttVersion version = conn->group->mqtt.version;
  guint32 where = sender == CLIENT_END ? LEDGER_UP : conn->client->number;
  MqttSender from = sender == CLIENT_END ? MQTT_FROM_CLIENT : MQTT_FROM_SERVER;
  for (gsize at = 0; at < n;) {
    MqttPacket packet;
    gsize size;
    guint8 reason;
    if (mqtt_decode(bytes + at, n - at, version, from, MQTT_PACKET_MAX, &packet, &size, &reason) !=
        MQTT_DONE)
      return;
    at += size;
    if (at > alive && packet.type == MQTT_PUBLISH)
      ledger_died(world->ledger, mqtt_tag(packet.publish.payload), where, world_time(world),
                  CAUSE_CONNECTION_LOST);
  }
}

void
custody_bury(World *world, guint32 number, guint sender, gboolean all)
{
  Conn *conn = &world->conns[number];
  TcpStream *stream = conn->stream[sender];
  guint receiver = 1 - sender;
  guint64 needed = tcp_stream_needed(stream);
  guint64 limit = MIN(tcp_stream_end(stream), conn->dead_from[sender]); /* beyond: buried already */
  guint64 alive = needed;
  if (!all) {
    gsize n;
    tcp_conn_readable(conn->tcp[receiver], &n);
    alive += n;
  }
  if (alive < limit)
    bury_packets(world, conn, sender, tcp_stream_bytes(stream, needed), limit - needed,
                 alive - needed);
  conn->dead_from[sender] = MIN(conn->dead_from[sender], alive);
}
