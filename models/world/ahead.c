/* What the events of the near future will touch, asked for ahead of time (see SimAhead): with many
 * clients nothing of one is in the cache when its turn comes. Changes nothing. */
#include "models/world/world-private.h"

#define LINE 64

static inline void
ask(gconstpointer memory, gsize bytes)
{
  for (gsize i = 0; i < bytes; i += LINE)
    __builtin_prefetch((const char *)memory + i);
  __builtin_prefetch((const char *)memory + bytes - 1);
}

/* Of one end of a connection, whose host is about to hear of something: what leads to the rest, the
 * stack, its streams, the machine, and the message that all is about, most likely the newest of the
 * client. */
static void
ask_for_end(const World *world, guint32 number, guint end, guint stage)
{
  const Conn *conn = &world->conns[number];
  if (stage == 0) {
    ask(conn, sizeof *conn);
    return;
  }
  if (!conn->used)
    return; /* the timer of one that is over, whose entry is still in the queue */
  if (stage == 1) {
    if (conn->tcp[end] != NULL)
      tcp_conn_ask(conn->tcp[end]);
    ask(conn->stream[0], LINE);
    ask(conn->stream[1], LINE);
    net_ask(world->net, conn->route);
  } else if (stage == 2) {
    if (conn->tcp[end] != NULL)
      tcp_conn_ask_apart(conn->tcp[end]);
    tcp_stream_ask(conn->stream[1 - end]);
  }
  if (stage > 1 && conn->publisher != NONE)
    ledger_ask(world->ledger, conn->publisher, stage - 2);
  if (end == BROKER_END && conn->broker_open)
    mqtt_broker_ask(conn->broker->mqtt, number, stage);
  else if (end == CLIENT_END && stage == 1)
    ask(conn->client, sizeof *conn->client);
  else if (end == CLIENT_END)
    mqtt_client_ask(conn->client->mqtt, stage - 2);
}

void
ahead_delivery(gpointer user, guint32 flow, NetDirection direction, guint stage)
{
  ask_for_end(user, flow, 1 - direction, stage);
}

static void
ahead_tcp_timer(gpointer user, guint32 number, guint32 end, guint stage)
{
  const World *world = user;
  const SimTimer *timer = &world->conns[number].timer[end];
  if (stage == 0 || timer->seq == timer->queued_seq) /* else it has moved */
    ask_for_end(world, number, end, stage);
}

static void
ahead_publish(gpointer user, guint32 number, guint32 word, guint stage)
{
  const World *world = user;
  const Publisher *publisher = &world->publishers[number];
  (void)word;
  if (stage == 0) {
    ask(publisher, sizeof *publisher);
    ledger_ask(world->ledger, number, 0);
    return;
  }
  const Client *client = publisher->client;
  if (stage == 1) {
    ask(client, sizeof *client);
    ask(publisher->topic, LINE);
    if (publisher->n_owed > 0)
      ask(publisher->owed, LINE);
  } else if (client->conn != NONE) {
    ask_for_end(world, client->conn, CLIENT_END, stage - 2);
    if (stage == 2)
      mqtt_client_ask(client->mqtt, 0);
  }
}

static void
ahead_mqtt_timer(gpointer user, guint32 number, guint32 word, guint stage)
{
  const World *world = user;
  (void)word;
  if (stage == 0)
    ask(&world->clients[number], LINE);
}

/* A run among strangers goes by the clock on the wall, and its connections have no stacks. */
void
ahead_register(World *world)
{
  if (world->outside != NULL)
    return;
  sim_look_ahead(world->sim, world->kind_tcp, ahead_tcp_timer);
  sim_look_ahead(world->sim, world->kind_publish, ahead_publish);
  sim_look_ahead(world->sim, world->kind_mqtt, ahead_mqtt_timer);
}
