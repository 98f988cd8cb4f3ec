/* Brokers: they accept, read, serve one message after another if that takes time, write, and crash.
 */
#include "models/world/world-private.h"

static void broker_leave(World *world, guint32 conn);

/* ---- what the machine says ---- */

void
broker_event(World *world, const MqttEvent *event)
{
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_OPENED:
  case MQTT_EVENT_STORE:
    break;
  case MQTT_EVENT_CLOSE:
    if (!world->conns[event->conn].broker_closing) {
      world->conns[event->conn].broker_closing = TRUE;
      g_array_append_val(world->closing, event->conn);
    }
    break;
  default:
    g_assert_not_reached();
  }
}

static inline void
broker_drain(World *world)
{
  if (world->events.length > 0)
    custody_hear_broker(world);
}

static gsize
broker_pull(World *world, guint32 conn, guint8 *dst, gsize room)
{
  guint32 number = world->conns[conn].broker;
  gsize n = mqtt_broker_output(world->brokers[number].mqtt, world_time(world), conn, dst, room);
  broker_drain(world);
  return n;
}

void
broker_write(World *world, guint32 conn)
{
  socket_write(world, conn, BROKER_END, broker_pull);
  conn_flush(world, conn, BROKER_END);
}

static void
broker_write_ready(World *world, const Broker *broker)
{
  for (guint32 conn; (conn = mqtt_broker_next_ready(broker->mqtt)) != MQTT_NO_PEER;)
    broker_write(world, conn);
}

static G_GNUC_NO_INLINE void
broker_follow_up_all(World *world, Broker *broker)
{
  broker_drain(world);
  if (broker->store != NULL)
    medium_take(world, broker->store);
  broker_write_ready(world, broker);
  while (world->closing->len > 0) {
    guint32 conn = g_array_index(world->closing, guint32, world->closing->len - 1);
    g_array_set_size(world->closing, world->closing->len - 1);
    if (world->conns[conn].broker_open && world->conns[conn].broker_closing)
      broker_leave(world, conn);
    broker_write_ready(world, broker);
  }
}

/* Everything that a call to the machine has caused, on whatever connection. */
static inline void
broker_follow_up(World *world, Broker *broker)
{
  if (world->events.length > 0 || broker->store != NULL || world->closing->len > 0 ||
      mqtt_broker_any_ready(broker->mqtt))
    broker_follow_up_all(world, broker);
}

void
broker_pump(World *world, guint32 number)
{
  Broker *broker = &world->brokers[number];
  broker_follow_up(world, broker);
  sim_timer_set(world->sim, &broker->mqtt_timer, world->kind_broker, number, 0,
                mqtt_broker_deadline(broker->mqtt));
}

/* ---- connections ---- */

void
broker_accept(World *world, guint32 number)
{
  Conn *conn = &world->conns[number];
  const Broker *broker = &world->brokers[conn->broker];
  const Client *client = &world->clients[conn->client];
  guint mss = client->mtu - TCP_IPV4_HEADERS;
  conn->accepted = TRUE;
  conn->broker_open = TRUE;
  conn->tcp[BROKER_END] = tcp_conn_accept(&broker->tcp, mss, !broker->nagle, conn->tcp[CLIENT_END]);
  mqtt_broker_open(broker->mqtt, world_time(world), number, conn->client);
}

static void
broker_leave(World *world, guint32 number)
{
  Conn *conn = &world->conns[number];
  guint32 broker = conn->broker;
  world_detect(world, number, BROKER_END);
  conn->broker_open = FALSE;
  conn->broker_closing = FALSE;
  mqtt_broker_closed(world->brokers[broker].mqtt, world_time(world), number);
  broker_drain(world);
  conn_leave(world, number, BROKER_END, FALSE);
}

/* Gives the machine one packet of the bytes that came; FALSE: there is no whole one. */
static gboolean
broker_decode(World *world, guint32 number, const guint8 *bytes, gsize n)
{
  const Broker *broker = &world->brokers[world->conns[number].broker];
  gsize used = mqtt_broker_input(broker->mqtt, world_time(world), number, bytes, n);
  if (used > 0)
    socket_take(world, number, BROKER_END, used);
  else
    socket_read(world, number, BROKER_END);
  broker_drain(world);
  return used > 0;
}

static inline gboolean
broker_input(World *world, guint32 number)
{
  gsize n;
  const guint8 *bytes = socket_bytes(world, number, BROKER_END, &n);
  return n > 0 && broker_decode(world, number, bytes, n);
}

static inline void
broker_check_end(World *world, guint32 number)
{
  Conn *conn = &world->conns[number];
  TcpConn *tcp = conn->tcp[BROKER_END];
  if (conn->broker_open && !conn->broker_closing &&
      (tcp == NULL || tcp_conn_state(tcp) == TCP_CLOSED || tcp_conn_at_end(tcp))) {
    conn->broker_closing = TRUE;
    g_array_append_val(world->closing, number);
  }
}

/* ---- service: one processor, messages in the order in which their bytes came ---- */

#define IS_PUBLISH(byte) ((byte) >> 4 == MQTT_PUBLISH)

/* Serves what needs no time; begins the next message that does. */
static void
broker_serve(World *world, guint32 number)
{
  Broker *broker = &world->brokers[number];
  while (!broker->busy && !g_queue_is_empty(&broker->waiting)) {
    guint32 conn = GPOINTER_TO_UINT(g_queue_pop_head(&broker->waiting)) - 1;
    world->conns[conn].queued = FALSE;
    gsize n = 0;
    if (world->conns[conn].broker_open && world->conns[conn].tcp[BROKER_END] != NULL)
      socket_bytes(world, conn, BROKER_END, &n);
    if (n == 0) {
      conn_fade(world, conn, BROKER_END);
      continue;
    }
    if (IS_PUBLISH(*socket_bytes(world, conn, BROKER_END, &n))) {
      broker->busy = TRUE;
      broker->serving = conn;
      world->conns[conn].queued = TRUE;
      sim_at(world->sim,
             sim_add(world_time(world),
                     dist_draw_ns(broker->process, &broker->process_stream, broker->served++)),
             world->kind_service, number, broker->epoch);
    } else if (broker_input(world, conn)) {
      world->conns[conn].queued = TRUE;
      g_queue_push_tail(&broker->waiting, GUINT_TO_POINTER(conn + 1));
    }
    broker_check_end(world, conn);
  }
}

static void
on_service(gpointer user, guint32 number, guint32 epoch)
{
  World *world = user;
  Broker *broker = &world->brokers[number];
  if (epoch != broker->epoch)
    return; /* of a process that died */
  guint32 conn = broker->serving;
  broker->busy = FALSE;
  world->conns[conn].queued = FALSE;
  if (world->conns[conn].broker_open && world->conns[conn].tcp[BROKER_END] != NULL &&
      broker_input(world, conn)) {
    world->conns[conn].queued = TRUE;
    g_queue_push_tail(&broker->waiting, GUINT_TO_POINTER(conn + 1));
    broker_check_end(world, conn);
  } else
    conn_fade(world, conn, BROKER_END);
  broker_serve(world, number);
  broker_pump(world, number);
}

void
broker_readable(World *world, guint32 number)
{
  guint32 broker_number = world->conns[number].broker;
  Broker *broker = &world->brokers[broker_number];
  if (broker->process == NULL)
    while (world->conns[number].broker_open && !world->conns[number].broker_closing &&
           broker_input(world, number)) { /* what it causes is written before the next */
      socket_write(world, number, BROKER_END, broker_pull);
      conn_push(world, number, BROKER_END);
      broker_follow_up(world, broker);
    }
  else if (!world->conns[number].queued) {
    world->conns[number].queued = TRUE;
    g_queue_push_tail(&broker->waiting, GUINT_TO_POINTER(number + 1));
    broker_serve(world, broker_number);
  }
  broker_check_end(world, number);
  if (world->conns[number].broker_open)
    broker_write(world, number);
  broker_pump(world, broker_number);
}

/* ---- timers ---- */

static void
on_broker_timer(gpointer user, guint32 number, guint32 word)
{
  World *world = user;
  (void)word;
  mqtt_broker_timeout(world->brokers[number].mqtt, world_time(world));
  broker_pump(world, number);
}

static void
on_broker_wake(gpointer user, guint32 number, guint32 word)
{
  World *world = user;
  Broker *broker = &world->brokers[number];
  (void)word;
  broker->up = TRUE;
  broker->dark = FALSE;
  if (broker->store != NULL)
    medium_load(world, broker->store);
  broker_pump(world, number);
}

static SimTimer *
broker_timer_of(gpointer user, guint32 number, guint32 word)
{
  (void)word;
  return &((World *)user)->brokers[number].mqtt_timer;
}

static SimTimer *
broker_wake_of(gpointer user, guint32 number, guint32 word)
{
  (void)word;
  return &((World *)user)->brokers[number].wake;
}

void
broker_register(World *world)
{
  world->kind_broker = sim_register_timer(world->sim, on_broker_timer, broker_timer_of, world);
  world->kind_broker_wake = sim_register_timer(world->sim, on_broker_wake, broker_wake_of, world);
  world->kind_service = sim_register(world->sim, on_service, world);
}

/* The machine says goodbye, and what it says is written before the process goes. */
static void
broker_stop(World *world, guint32 number)
{
  Broker *broker = &world->brokers[number];
  mqtt_broker_shut_down(broker->mqtt, world_time(world));
  broker_drain(world);
  broker_pump(world, number);
  if (broker->store != NULL)
    medium_flush(world, broker->store);
}

/* Its machine and its part in every connection are gone. */
static void
broker_fall(World *world, guint32 number, Death how)
{
  Broker *broker = &world->brokers[number];
  gboolean kept =
      broker->store != NULL && (how == DEATH_RESTART || broker->mqtt_config.ack_after_store);
  broker->up = FALSE;
  broker->dark = how == DEATH_POWER;
  broker->busy = FALSE;
  broker->epoch++;
  while (!g_queue_is_empty(&broker->waiting))
    world->conns[GPOINTER_TO_UINT(g_queue_pop_head(&broker->waiting)) - 1].queued = FALSE;
  if (!kept)
    ledger_state_lost(world->ledger, LEDGER_UP, world_time(world));
  if (broker->store != NULL && how == DEATH_POWER) {
    medium_tear(world, broker->store); /* what it makes durable is handed over by that */
    broker_drain(world);
  }
  mqtt_broker_lose_state(broker->mqtt, MQTT_CAUSE_STATE_LOST);
  broker_drain(world);
  g_array_set_size(world->closing, 0);
  if (broker->store != NULL)
    medium_crash(world, broker->store);
  for (guint32 i = 0; i < world->n_conns; i++) {
    Conn *conn = &world->conns[i];
    if (!conn->used || conn->broker != number || (!conn->broker_open && how != DEATH_POWER))
      continue;
    conn->broker_open = conn->broker_closing = conn->queued = FALSE;
    if (how == DEATH_POWER)
      conn_go_dark(world, i, BROKER_END);
    else
      conn_leave(world, i, BROKER_END, FALSE);
  }
  for (guint32 i = 0; i < world->n_clients; i++)
    if (world->groups[world->clients[i].group].broker == number &&
        world->clients[i].monitor[BROKER_END] != NULL)
      mqtt_monitor_state_lost(world->clients[i].monitor[BROKER_END]);
  sim_timer_cancel(world->sim, &broker->mqtt_timer);
}

void
broker_die(World *world, guint32 number, Death how, gint64 down_ns)
{
  Broker *broker = &world->brokers[number];
  if (broker->up && how == DEATH_RESTART)
    broker_stop(world, number);
  if (broker->up)
    broker_fall(world, number, how);
  sim_timer_set(world->sim, &broker->wake, world->kind_broker_wake, number, 0,
                sim_add(world_time(world), down_ns));
}
