/* What the events of the near future will touch, asked for ahead of time (see SimAhead): with many
 * clients nothing of one is in the cache when its turn comes. Changes nothing. */
#include "models/world/world-private.h"

#define LINE 64

static inline void
ask(gconstpointer memory, gsize bytes)
{
  for (gsize i = 0; i < bytes; i += LINE)
    __builtin_prefetch((const char *)memory + i);
}

/* Of one end of a connection, whose host is about to hear of something. */
static void
ask_for_end(const World *world, guint32 number, guint end, guint stage)
{
  const Conn *conn = &world->conns[number];
  const Client *client = &world->clients[conn->client];
  switch (stage) {
  case 0:
    ask(conn, sizeof *conn);
    break;
  case 1:
    if (conn->tcp[end] != NULL)
      tcp_conn_ask(conn->tcp[end]);
    ask(conn->stream[0], LINE);
    ask(conn->stream[1], LINE);
    if (end == CLIENT_END)
      ask(client, sizeof *client);
    break;
  case 2:
    tcp_stream_ask(conn->stream[1 - end]);
    if (end == CLIENT_END)
      mqtt_client_ask(client->mqtt);
    break;
  default:
    break;
  }
  if (end == BROKER_END && stage > 0 && conn->broker_open)
    mqtt_broker_ask(world->brokers[conn->broker].mqtt, number, stage);
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
    return;
  }
  const Client *client = &world->clients[publisher->client];
  if (stage == 1) {
    ask(client, sizeof *client);
    ask(publisher->topic, LINE);
  } else if (client->conn != NONE) {
    ask_for_end(world, client->conn, CLIENT_END, stage - 2);
    if (stage == 2)
      mqtt_client_ask(client->mqtt);
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

void
ahead_register(World *world)
{
  sim_look_ahead(world->sim, world->kind_tcp, ahead_tcp_timer);
  sim_look_ahead(world->sim, world->kind_publish, ahead_publish);
  sim_look_ahead(world->sim, world->kind_mqtt, ahead_mqtt_timer);
}
