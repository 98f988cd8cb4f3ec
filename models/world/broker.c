/* Brokers: they accept, read, serve one message after another if that takes time, write, and crash.
 */
#include "models/world/socket-inline.h"

static SELDOM void broker_leave(World *world, Conn *conn);

/* ---- what the machine says ---- */

/* It is left when all that the call has caused is done with. */
static SELDOM void
broker_close(World *world, Conn *conn)
{
  if (conn->broker_closing)
    return;
  conn->broker_closing = TRUE;
  g_array_append_val(world->closing, conn->number);
}

void
broker_event(World *world, const MqttEvent *event)
{
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_OPENED:
  case MQTT_EVENT_STORE:
    break;
  case MQTT_EVENT_CLOSE:
    broker_close(world, &world->conns[event->conn]);
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

static inline gsize
broker_pull(World *world, Conn *conn, guint8 *dst, gsize room)
{
  gsize n = mqtt_broker_output(conn->broker->mqtt, world_time(world), conn->number, dst, room);
  broker_drain(world);
  return n;
}

/* What the machine has to write, packet by packet, as far as there is room. */
static G_GNUC_NO_INLINE void
broker_write_all(World *world, const Broker *broker, Conn *conn)
{
  while (tcp_conn_established(conn->tcp[BROKER_END]) &&
         socket_write(world, conn, BROKER_END, broker_pull) &&
         mqtt_broker_writes(broker->mqtt, conn->number))
    ;
}

static inline void
broker_write(World *world, const Broker *broker, Conn *conn)
{
  if (mqtt_broker_writes(broker->mqtt, conn->number))
    broker_write_all(world, broker, conn);
}

static inline void
broker_write_ready(World *world, const Broker *broker)
{
  for (guint32 number; (number = mqtt_broker_next_ready(broker->mqtt)) != MQTT_NO_PEER;) {
    Conn *conn = &world->conns[number];
    broker_write(world, broker, conn);
    conn_flush(world, conn, BROKER_END);
  }
}

static SELDOM void
broker_leave_next(World *world)
{
  Conn *conn = &world->conns[g_array_index(world->closing, guint32, world->closing->len - 1)];
  g_array_set_size(world->closing, world->closing->len - 1);
  if (conn->broker_open && conn->broker_closing)
    broker_leave(world, conn);
}

static G_GNUC_NO_INLINE void
broker_follow_up_all(World *world, Broker *broker)
{
  if (broker->store != NULL)
    medium_take(world, broker->store);
  for (;; broker_leave_next(world)) {
    broker_write_ready(world, broker);
    if (world->closing->len == 0)
      return;
  }
}

/* Everything that a call to the machine has caused, on whatever connection; its events have been
 * heard. */
static inline void
broker_follow_up(World *world, Broker *broker)
{
  if (broker->store != NULL || world->closing->len > 0 || mqtt_broker_any_ready(broker->mqtt))
    broker_follow_up_all(world, broker);
}

static inline void
broker_set_timer(World *world, Broker *broker)
{
  sim_timer_set(world->sim, &broker->mqtt_timer, world->kind_broker, broker->number, 0,
                mqtt_broker_deadline(broker->mqtt));
}

void
broker_pump(World *world, Broker *broker)
{
  broker_drain(world);
  broker_follow_up(world, broker);
  broker_set_timer(world, broker);
}

/* ---- connections ---- */

void
broker_accept(World *world, Conn *conn)
{
  const Broker *broker = conn->broker;
  guint mss = conn->client->mtu - TCP_IPV4_HEADERS;
  conn->accepted = TRUE;
  conn->broker_open = TRUE;
  conn->tcp[BROKER_END] = tcp_conn_accept(&broker->tcp, mss, !broker->nagle, conn->tcp[CLIENT_END]);
  mqtt_broker_open(broker->mqtt, world_time(world), conn->number, conn->client->number);
}

static void
broker_leave(World *world, Conn *conn)
{
  world_detect(world, conn->number, BROKER_END);
  conn->broker_open = FALSE;
  conn->broker_closing = FALSE;
  mqtt_broker_closed(conn->broker->mqtt, world_time(world), conn->number);
  broker_drain(world);
  conn_leave(world, conn, BROKER_END, FALSE);
}

/* Gives the machine one packet of the bytes that came, of which some may be left; FALSE: there is
 * no whole one. */
static inline gboolean
broker_input(World *world, const Broker *broker, Conn *conn, gsize *left)
{
  gsize n;
  const guint8 *bytes = socket_bytes(conn, BROKER_END, &n);
  if (n == 0)
    return FALSE;
  gsize used = mqtt_broker_input(broker->mqtt, world_time(world), conn->number, bytes, n);
  if (used > 0)
    socket_take(world, conn, BROKER_END, used);
  else
    socket_read(world, conn, BROKER_END);
  broker_drain(world);
  *left = n - used;
  return used > 0;
}

/* TRUE: the other side has closed, so it is to be left. */
static inline gboolean
broker_check_end(World *world, Conn *conn)
{
  if (!conn->broker_open || !socket_at_end(conn, BROKER_END))
    return FALSE;
  broker_close(world, conn);
  return TRUE;
}

/* ---- service: one processor, messages in the order in which their bytes came ---- */

#define IS_PUBLISH(byte) ((byte) >> 4 == MQTT_PUBLISH)

static void
broker_queue(Broker *broker, Conn *conn)
{
  conn->queued = TRUE;
  g_queue_push_tail(&broker->waiting, GUINT_TO_POINTER(conn->number + 1));
}

/* Serves what needs no time; begins the next message that does. */
static void
broker_serve(World *world, Broker *broker)
{
  while (!broker->busy && !g_queue_is_empty(&broker->waiting)) {
    Conn *conn = &world->conns[GPOINTER_TO_UINT(g_queue_pop_head(&broker->waiting)) - 1];
    conn->queued = FALSE;
    gsize n = 0;
    const guint8 *bytes = conn->broker_open ? socket_bytes(conn, BROKER_END, &n) : NULL;
    if (n == 0) {
      conn_fade(world, conn, BROKER_END);
      continue;
    }
    if (IS_PUBLISH(*bytes)) {
      broker->busy = TRUE;
      broker->serving = conn->number;
      conn->queued = TRUE;
      sim_at(world->sim,
             sim_add(world_time(world),
                     dist_draw_ns(broker->process, &broker->process_stream, broker->served++)),
             world->kind_service, broker->number, broker->epoch);
    } else if (broker_input(world, broker, conn, &n))
      broker_queue(broker, conn);
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
  Conn *conn = &world->conns[broker->serving];
  gsize left;
  broker->busy = FALSE;
  conn->queued = FALSE;
  if (conn->broker_open && broker_input(world, broker, conn, &left)) {
    broker_queue(broker, conn);
    broker_check_end(world, conn);
  } else
    conn_fade(world, conn, BROKER_END);
  broker_serve(world, broker);
  broker_pump(world, broker);
}

static SELDOM void
broker_wait_for_service(World *world, Broker *broker, Conn *conn)
{
  if (!conn->queued) {
    broker_queue(broker, conn);
    broker_serve(world, broker);
  }
}

/* Serves at once what has come; all that it causes is done before the next. FALSE: there was
 * nothing whole. */
static inline gboolean
broker_serve_at_once(World *world, Broker *broker, Conn *conn)
{
  gsize left;
  if (!broker_input(world, broker, conn, &left))
    return FALSE;
  do {
    broker_write(world, broker, conn);
    conn_push(world, conn, BROKER_END);
    broker_follow_up(world, broker);
  } while (left > 0 && conn->broker_open && !conn->broker_closing &&
           broker_input(world, broker, conn, &left));
  return TRUE;
}

/* TCP did something: read what there is, write what is due, notice the end. */
void
broker_readable(World *world, Conn *conn)
{
  Broker *broker = conn->broker;
  gboolean done = FALSE;
  if (broker->process == NULL)
    done = broker_serve_at_once(world, broker, conn);
  else
    broker_wait_for_service(world, broker, conn);
  done &= !broker_check_end(world, conn);
  if (conn->broker_open) {
    if (!done)
      broker_write(world, broker, conn);
    conn_flush(world, conn, BROKER_END);
  }
  if (!done)
    broker_follow_up(world, broker);
  broker_set_timer(world, broker);
}

/* ---- timers ---- */

static void
on_broker_timer(gpointer user, guint32 number, guint32 word)
{
  World *world = user;
  (void)word;
  mqtt_broker_timeout(world->brokers[number].mqtt, world_time(world));
  broker_pump(world, &world->brokers[number]);
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
  broker_pump(world, broker);
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
broker_stop(World *world, Broker *broker)
{
  mqtt_broker_shut_down(broker->mqtt, world_time(world));
  broker_drain(world);
  broker_pump(world, broker);
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
    if (!conn->used || conn->broker != broker || (!conn->broker_open && how != DEATH_POWER))
      continue;
    conn->broker_open = conn->broker_closing = conn->queued = FALSE;
    if (how == DEATH_POWER)
      conn_go_dark(world, conn, BROKER_END);
    else
      conn_leave(world, conn, BROKER_END, FALSE);
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
    broker_stop(world, broker);
  if (broker->up)
    broker_fall(world, number, how);
  sim_timer_set(world->sim, &broker->wake, world->kind_broker_wake, number, 0,
                sim_add(world_time(world), down_ns));
}
