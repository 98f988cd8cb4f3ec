/* Devices: they connect, subscribe, read, reconnect, and crash. */
#include "models/mqtt/shares.h"
#include "models/world/socket-inline.h"

static SELDOM void client_leave(World *world, Client *client, gboolean abort);

/* ---- what the machine says ---- */

static void
client_subscribe(World *world, guint32 number)
{
  Client *client = &world->clients[number];
  const Group *group = &world->groups[client->group];
  gboolean all = group->resubscribe == RESUBSCRIBE_ALWAYS;
  if (group->resubscribe == RESUBSCRIBE_NEVER && client->asked)
    return;
  client->asked = TRUE;
  for (guint i = 0; i < group->subscriptions->len; i++) {
    guint32 index = g_array_index(group->subscriptions, guint32, i);
    if (!all && client->subscribed & (G_GUINT64_CONSTANT(1) << i))
      continue;
    const Subscription *subscription = &world->subscriptions[index];
    g_autofree char *filter = spec_topic(subscription->filter, group->section->name, client->n);
    guint16 id = mqtt_client_subscribe(client->mqtt, world_time(world), mqtt_bytes(filter),
                                       subscription->options, subscription->identifier);
    if (client->subscribe_ids == NULL)
      client->subscribe_ids = g_new0(guint16, group->subscriptions->len);
    client->subscribe_ids[i] = id;
  }
}

void
client_unsubscribed(World *world, guint32 number)
{
  world->clients[number].stands = FALSE;
  ledger_subscribed(world->ledger, number, SIM_NEVER);
}

static void
client_check_subscriptions(World *world, guint32 number)
{
  Client *client = &world->clients[number];
  if (client->stands || (guint)__builtin_popcountll(client->subscribed) !=
                            world->groups[client->group].subscriptions->len)
    return;
  client->stands = TRUE;
  ledger_subscribed(world->ledger, number, world_time(world));
}

static void
client_opened(World *world, guint32 number, const MqttEvent *event)
{
  Client *client = &world->clients[number];
  Group *group = &world->groups[client->group];
  client->connected_at_ns = world_time(world);
  if (client->offline_since_ns != SIM_NEVER) {
    world_offline(world, number);
    client->offline_since_ns = SIM_NEVER;
  }
  if (client->ever && world_in_window(world))
    group->reconnects++;
  client->ever = TRUE;
  if (!(event->flags & MQTT_FLAG_SESSION)) {
    client->subscribed = 0;
    client_unsubscribed(world, number);
  }
  client_check_subscriptions(world, number);
  client_subscribe(world, number);
}

static InterestOverlap
overlap_of(const World *world, const Group *group)
{
  const MqttBrokerConfig *broker = &world->brokers[group->broker].mqtt_config;
  if (group->mqtt.version == MQTT_3_1_1 && broker->quirks & MQTT_QUIRK_FIRST_MATCH)
    return INTEREST_FIRST;
  return broker->copy_each ? INTEREST_EACH : INTEREST_ONCE;
}

static void
client_is_owed(World *world, guint32 number, const Subscription *subscription, const char *filter,
               guint8 granted)
{
  const Group *own = &world->groups[world->clients[number].group];
  gboolean no_local =
      own->mqtt.version == MQTT_5_0 && (subscription->options & MQTT_OPTION_NO_LOCAL) != 0;
  gpointer group;
  if (g_hash_table_lookup_extended(world->share_numbers, filter, NULL, &group))
    interest_add(world->interest, world->n_clients + GPOINTER_TO_UINT(group),
                 mqtt_share_inner(mqtt_bytes(filter)), granted, FALSE, INTEREST_ONCE);
  else
    interest_add(world->interest, number, mqtt_bytes(filter), granted, no_local,
                 overlap_of(world, own));
}

static void
client_subscribed(World *world, guint32 number, const MqttEvent *event)
{
  Client *client = &world->clients[number];
  const Group *group = &world->groups[client->group];
  for (guint i = 0; i < group->subscriptions->len; i++) {
    if (client->subscribe_ids[i] != event->packet_id)
      continue;
    if (event->reason >= 0x80)
      return; /* refused, or late: an answer may still come */
    client->subscribe_ids[i] = 0;
    client->subscribed |= G_GUINT64_CONSTANT(1) << i;
    client_check_subscriptions(world, number);
    guint32 index = g_array_index(group->subscriptions, guint32, i);
    g_autofree char *filter =
        spec_topic(world->subscriptions[index].filter, group->section->name, client->n);
    client_is_owed(world, number, &world->subscriptions[index], filter, event->reason);
    return;
  }
}

/* Which subscription the application handles a message by: the first whose filter matches. */
static const Subscription *
client_subscription_of(const World *world, const Client *client, MqttBytes topic)
{
  const Group *group = &world->groups[client->group];
  for (guint i = 0; i < group->subscriptions->len; i++) {
    guint32 index = g_array_index(group->subscriptions, guint32, i);
    if (group->subscriptions->len == 1 ||
        mqtt_topic_matches(mqtt_bytes(client->work->filters[i]), topic))
      return &world->subscriptions[index];
  }
  return NULL;
}

/* The application is at work on it for a while, if its subscription says so. */
static SELDOM void
client_process(World *world, Client *client, const MqttEvent *event)
{
  const Subscription *subscription = client_subscription_of(world, client, event->topic);
  if (subscription == NULL || subscription->process == NULL)
    return;
  gint64 busy_ns = dist_draw_ns(subscription->process, &client->work->stream, client->processed++);
  client->processing++;
  client->blocked |= subscription->blocks;
  sim_at(world->sim, sim_add(MAX(world_time(world), client->busy_until_ns), busy_ns),
         world->kind_processed, client->number, client->epoch);
  client->busy_until_ns = sim_add(MAX(world_time(world), client->busy_until_ns), busy_ns);
}

void
client_message(World *world, Client *client, const MqttEvent *event)
{
  LedgerOrigin origin = !(event->flags & MQTT_FLAG_RETAIN)                 ? LEDGER_FRESH
                        : world->groups[client->group].retain_as_published ? LEDGER_UNSURE
                                                                           : LEDGER_RETAINED;
  ledger_delivered(world->ledger, event->tag, client->number, world_time(world), origin);
  if (client->work != NULL)
    client_process(world, client, event);
}

void
client_event(World *world, guint32 number, const MqttEvent *event)
{
  Client *client = &world->clients[number];
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_OPENED:
    client_opened(world, number, event);
    break;
  case MQTT_EVENT_REFUSED:
  case MQTT_EVENT_CLOSE:
    client->closing = TRUE;
    break;
  case MQTT_EVENT_SUBSCRIBED:
    client_subscribed(world, number, event);
    break;
  case MQTT_EVENT_STORE: /* fetched by client_pump() */
  case MQTT_EVENT_UNSUBSCRIBED:
    break;
  default:
    g_assert_not_reached();
  }
}

void
client_drain(World *world, Client *client)
{
  if (world->events.length > 0)
    custody_hear_client(world, client);
}

static inline gsize
client_pull(World *world, Conn *conn, guint8 *dst, gsize room)
{
  gsize n = mqtt_client_output(conn->client->mqtt, world_time(world), dst, room);
  client_drain(world, conn->client);
  return n;
}

/* What the machine has to write, packet by packet, as far as there is room. */
static G_GNUC_NO_INLINE void
client_write_all(World *world, const Client *client, Conn *conn)
{
  while (socket_write(world, conn, CLIENT_END, client_pull) && mqtt_client_writes(client->mqtt))
    ;
}

/* What the machine has to say goes out. FALSE: the connection is to be left. */
static inline gboolean
client_write(World *world, const Client *client)
{
  Conn *conn = &world->conns[client->conn];
  if (socket_is_outside(conn, CLIENT_END))
    return outside_flush(world, conn, client->opened ? client_pull : NULL) && !client->closing;
  if (client->opened && mqtt_client_writes(client->mqtt))
    client_write_all(world, client, conn);
  return !client->closing && conn_flush(world, conn, CLIENT_END);
}

/* What follows from a call to the machine, whose events have been heard. */
static inline __attribute__((always_inline)) void
client_follow_up(World *world, Client *client)
{
  if (client->store != NULL)
    medium_take(world, client->store);
  if (client->blocked) {
    sim_timer_cancel(world->sim, &client->mqtt_timer);
    return;
  }
  if (client->conn != NONE ? !client_write(world, client) : client->closing)
    client_leave(world, client, FALSE);
  sim_timer_set(world->sim, &client->mqtt_timer, world->kind_mqtt, client->number, 0,
                mqtt_client_deadline(client->mqtt));
}

void
client_pump(World *world, Client *client)
{
  client_drain(world, client);
  client_follow_up(world, client);
}

/* ---- connections ---- */

static void
client_connect(World *world, Client *client)
{
  g_assert(client->conn == NONE && client->up);
  client->tries++;
  client->opened = client->closing = FALSE;
  client->conn = conn_open(world, client);
  mqtt_client_connecting(client->mqtt, world_time(world));
  client_pump(world, client);
}

/* The machine is without transport; when it tries again is decided here. */
static void
client_leave(World *world, Client *client, gboolean abort)
{
  const Group *group = &world->groups[client->group];
  guint32 conn = client->conn;
  client->closing = client->opened = FALSE;
  if (conn == NONE)
    return;
  world_detect(world, conn, CLIENT_END);
  client->conn = NONE;
  mqtt_client_closed(client->mqtt, world_time(world));
  client_drain(world, client);
  conn_leave(world, &world->conns[conn], CLIENT_END, abort);
  if (client->offline_since_ns == SIM_NEVER)
    client->offline_since_ns = world_time(world);
  if (client->connected_at_ns != SIM_NEVER &&
      world_time(world) - client->connected_at_ns >= group->backoff.reset_ns)
    client->attempts = 0;
  client->connected_at_ns = SIM_NEVER;
  g_autofree char *name = world_client_name(world, client->number);
  RandomStream stream =
      random_stream(world->request->seed, world->request->replication, name, "reconnect");
  gint64 delay_ns =
      mqtt_client_gave_up(client->mqtt)
          ? SIM_NEVER
          : backoff_delay_ns(&group->backoff, client->attempts++, &stream, client->tries);
  sim_timer_set(world->sim, &client->wake, world->kind_wake, client->number, 0,
                sim_add(world_time(world), delay_ns));
}

static SELDOM void
client_established(World *world, Client *client)
{
  client->opened = TRUE;
  mqtt_client_opened(client->mqtt, world_time(world));
  client_drain(world, client);
}

/* Gives the machine one packet of the bytes that came; FALSE: there is no whole one, or no other.
 */
static inline gboolean
client_input(World *world, Client *client, Conn *conn)
{
  gsize n;
  const guint8 *bytes = socket_bytes(conn, CLIENT_END, &n);
  if (n == 0)
    return FALSE;
  gsize used = mqtt_client_input(client->mqtt, world_time(world), bytes, n);
  client_drain(world, client); /* a message's topic lies in these bytes */
  if (used == 0)
    socket_read(world, conn, CLIENT_END);
  else
    socket_take(world, conn, CLIENT_END, used);
  return used > 0 && used < n;
}

/* TCP did something: read what there is, write what is due, notice the end. */
void
client_readable(World *world, Conn *conn)
{
  Client *client = conn->client;
  if (!client->opened && socket_established(conn, CLIENT_END))
    client_established(world, client);
  while (client->opened && !client->closing && !client->processing &&
         client_input(world, client, conn))
    ;
  if (!client->processing && socket_at_end(conn, CLIENT_END))
    client->closing = TRUE;
  client_follow_up(world, client);
}

/* ---- timers ---- */

static void
on_mqtt_timer(gpointer user, guint32 number, guint32 word)
{
  World *world = user;
  (void)word;
  mqtt_client_timeout(world->clients[number].mqtt, world_time(world));
  client_pump(world, &world->clients[number]);
}

static void
on_wake(gpointer user, guint32 number, guint32 word)
{
  World *world = user;
  Client *client = &world->clients[number];
  (void)word;
  if (!client->up) {
    client->up = TRUE;
    client->dark = FALSE;
    world_down(world, number);
    client->offline_since_ns = world_time(world);
    if (client->store != NULL)
      medium_load(world, client->store);
    client_drain(world, client);
  }
  client_connect(world, client);
}

static void
on_processed(gpointer user, guint32 number, guint32 epoch)
{
  World *world = user;
  Client *client = &world->clients[number];
  if (epoch != client->epoch)
    return; /* of a process that died */
  client->processing--;
  if (client->processing > 0)
    return;
  client->blocked = FALSE;
  if (client->conn != NONE)
    client_readable(world, &world->conns[client->conn]);
}

static SimTimer *
mqtt_timer_of(gpointer user, guint32 number, guint32 word)
{
  (void)word;
  return &((World *)user)->clients[number].mqtt_timer;
}

static SimTimer *
wake_of(gpointer user, guint32 number, guint32 word)
{
  (void)word;
  return &((World *)user)->clients[number].wake;
}

void
client_register(World *world)
{
  world->kind_mqtt = sim_register_timer(world->sim, on_mqtt_timer, mqtt_timer_of, world);
  world->kind_wake = sim_register_timer(world->sim, on_wake, wake_of, world);
  world->kind_processed = sim_register(world->sim, on_processed, world);
}

void
client_start(World *world, guint32 number, gint64 at_ns)
{
  sim_timer_set(world->sim, &world->clients[number].wake, world->kind_wake, number, 0, at_ns);
}

/* The machine says goodbye, if it does, and what it says is written before the process goes; what
 * it is at work on is cut short. */
static void
client_stop(World *world, Client *client)
{
  Goodbye goodbye = world->groups[client->group].goodbye;
  client->blocked = FALSE;
  if (goodbye != GOODBYE_VANISH)
    mqtt_client_disconnect(client->mqtt, world_time(world),
                           goodbye == GOODBYE_WITH_WILL ? MQTT_DISCONNECT_WITH_WILL : MQTT_SUCCESS);
  client_pump(world, client);
  if (client->store != NULL)
    medium_flush(world, client->store);
}

/* Its machine and its part in its connection are gone: the kernel closes the socket, with a reset
 * where bytes were unread (RFC 2525 2.17, Linux), unless there is no kernel any more. */
static void
client_fall(World *world, guint32 number, Death how)
{
  Client *client = &world->clients[number];
  const Group *group = &world->groups[client->group];
  gboolean kept = client->store != NULL && (how == DEATH_RESTART || group->mqtt.ack_after_store);
  guint32 conn = client->conn;
  client->up = FALSE;
  client->dark = how == DEATH_POWER;
  client->blackouts += how == DEATH_POWER;
  client->conn = NONE;
  client->connected_at_ns = SIM_NEVER;
  client->attempts = 0;
  client->closing = client->opened = client->asked = FALSE;
  client->processing = 0;
  client->blocked = FALSE;
  client->busy_until_ns = world_time(world);
  client->epoch++;
  if (!kept)
    ledger_state_lost(world->ledger, number, world_time(world));
  if (client->store != NULL && how == DEATH_POWER) {
    medium_tear(world, client->store); /* what it makes durable is handed over by that */
    client_drain(world, client);
  }
  mqtt_client_lose_state(client->mqtt, MQTT_CAUSE_STATE_LOST);
  client_drain(world, client);
  if (client->store != NULL)
    medium_crash(world, client->store);
  g_autoptr(GHashTable) tags = client->store != NULL ? medium_tags(client->store) : NULL;
  ledger_publisher_died(world->ledger, number, world_time(world), tags);
  if (client->monitor[CLIENT_END] != NULL)
    mqtt_monitor_state_lost(client->monitor[CLIENT_END]);
  if (conn != NONE && how == DEATH_POWER)
    conn_go_dark(world, &world->conns[conn], CLIENT_END);
  else if (conn != NONE)
    conn_leave(world, &world->conns[conn], CLIENT_END, FALSE);
  sim_timer_cancel(world->sim, &client->mqtt_timer);
  world_offline(world, number);
  client->offline_since_ns = SIM_NEVER; /* a dead process wants no connection */
  client->down_since_ns = world_time(world);
}

void
client_die(World *world, guint32 number, Death how, gint64 down_ns)
{
  Client *client = &world->clients[number];
  if (client->up && how == DEATH_RESTART)
    client_stop(world, client);
  if (client->up)
    client_fall(world, number, how);
  sim_timer_set(world->sim, &client->wake, world->kind_wake, number, 0,
                sim_add(world_time(world), down_ns));
}
