/* Connections to brokers that are not of this world.
 *
 * Custody: what a stranger does with a message cannot be seen. A PUBLISH sent to it stays in the
 * bytes of its connection until the run ends, since it may be handed on at any time; what has not
 * come by then is lost beyond view where its subscriber was there to get it, and pending where not.
 * For what comes, the stranger's sending is told together with the decoding. */
#include "models/world/outside.h"
#include "models/world/socket-inline.h"

#define BUFFER_BYTES (64 * 1024)            /* of a connection, each way */
#define LOOK_NS G_GINT64_CONSTANT(20000000) /* between two looks for what is still awaited */

struct _Outside {
  GArray *wishes; /* OutsideWish, the first `taken` of which are the host's by now */
  guint taken;
  gint64 look_ns;
};

Outside *
outside_state_new(void)
{
  Outside *outside = g_new0(Outside, 1);
  outside->wishes = g_array_new(FALSE, FALSE, sizeof(OutsideWish));
  return outside;
}

void
outside_state_free(Outside *outside)
{
  g_array_unref(outside->wishes);
  g_free(outside);
}

static void
wish(World *world, OutsideWant want, guint32 number)
{
  const Group *group = world->conns[number].group;
  OutsideWish one = {.want = want,
                     .conn = number,
                     .nagle = group->nagle,
                     .user_timeout_ns = group->tcp.user_timeout_ns,
                     .keepalive_ns = group->tcp.keepalive_ns};
  g_array_append_val(world->outside->wishes, one);
}

gboolean
outside_wish(World *world, OutsideWish *one)
{
  Outside *outside = world->outside;
  if (outside->taken == outside->wishes->len) {
    g_array_set_size(outside->wishes, 0);
    outside->taken = 0;
    return FALSE;
  }
  *one = g_array_index(outside->wishes, OutsideWish, outside->taken++);
  return TRUE;
}

static gboolean
is_left(const World *world, guint32 number)
{
  return world->conns[number].client->conn != number;
}

/* ---- what host.c has for simulated connections ---- */

void
outside_open(World *world, guint32 number)
{
  wish(world, OUTSIDE_OPEN, number);
}

void
outside_leave(World *world, guint32 number)
{
  wish(world, OUTSIDE_CLOSE, number);
}

/* Real power cannot be cut: its kernel closes the connection, but what was not yet carried out
 * stays behind. */
void
outside_go_dark(World *world, guint32 number)
{
  g_clear_pointer(&world->conns[number].out, g_byte_array_unref);
  wish(world, OUTSIDE_CLOSE, number);
}

/* One packet after another into the buffer, as far as there is room. */
static void
write_all(World *world, Conn *conn, SocketPull pull)
{
  while (conn->established && !conn->ended) {
    if (conn->out == NULL)
      conn->out = g_byte_array_new();
    guint before = conn->out->len, room = BUFFER_BYTES - MIN(before, BUFFER_BYTES);
    gsize n = room > 0 ? pull(world, conn, world->scratch, room) : 0;
    if (n == 0)
      return;
    g_byte_array_append(conn->out, world->scratch, (guint)n);
    socket_wrote(world, conn, CLIENT_END, world->scratch, n);
    if (!conn->wished)
      wish(world, OUTSIDE_WRITE, conn->number);
    conn->wished = TRUE;
  }
}

gboolean
outside_flush(World *world, Conn *conn, SocketPull pull)
{
  if (pull != NULL)
    write_all(world, conn, pull);
  return !conn->ended || conn->in != NULL;
}

const guint8 *
outside_bytes(const Conn *conn, gsize *n)
{
  const GByteArray *in = conn->in;
  *n = in == NULL ? 0 : in->len - conn->decoded;
  return in == NULL ? NULL : in->data + conn->decoded;
}

static gboolean
is_welcome(const Conn *conn)
{
  const GByteArray *in = conn->in;
  return in == NULL || in->len - conn->decoded < BUFFER_BYTES || conn->client->processing == 0;
}

void
outside_take(World *world, Conn *conn, gsize n)
{
  conn->decoded += (guint32)n;
  if (conn->decoded == conn->in->len) {
    g_clear_pointer(&conn->in, g_byte_array_unref);
    conn->decoded = 0;
  }
  if (conn->paused && is_welcome(conn)) {
    conn->paused = FALSE;
    wish(world, OUTSIDE_READ, conn->number);
  }
}

/* ---- what comes from outside ---- */

void
outside_opened(World *world, guint32 number)
{
  if (is_left(world, number))
    return;
  world->conns[number].established = TRUE;
  client_readable(world, &world->conns[number]);
}

void
outside_ended(World *world, guint32 number)
{
  if (is_left(world, number))
    return;
  world->conns[number].ended = TRUE;
  client_readable(world, &world->conns[number]);
}

gboolean
outside_input(World *world, guint32 number, const guint8 *data, gsize n)
{
  Conn *conn = &world->conns[number];
  if (is_left(world, number))
    return TRUE; /* of a connection that is being closed: nobody wants it */
  if (conn->in == NULL)
    conn->in = g_byte_array_new();
  else if (conn->decoded > 0)
    g_byte_array_remove_range(conn->in, 0, conn->decoded);
  conn->decoded = 0;
  g_byte_array_append(conn->in, data, (guint)n);
  conn->group->traffic.mqtt_bytes[BROKER_END] += n;
  client_readable(world, conn);
  conn->paused = !is_welcome(conn);
  return !conn->paused;
}

const guint8 *
outside_output(const World *world, guint32 number, gsize *n)
{
  const GByteArray *out = world->conns[number].out;
  *n = out == NULL ? 0 : out->len;
  return out == NULL ? NULL : out->data;
}

void
outside_sent(World *world, guint32 number, gsize n)
{
  Conn *conn = &world->conns[number];
  g_byte_array_remove_range(conn->out, 0, (guint)n);
  if (conn->out->len > 0)
    return;
  conn->wished = FALSE;
  if (!is_left(world, number))
    client_pump(world, conn->client);
}

void
outside_release(World *world, guint32 number)
{
  conn_forget(world, &world->conns[number]);
}

/* ---- custody ---- */

void
outside_received(World *world, const MqttEvent *event, guint32 client)
{
  ledger_sent(world->ledger, event->tag, client, world_time(world), LEDGER_FIRST);
}

Cause
outside_verdict(gpointer user, guint32 publisher, guint32 subscriber, gboolean held)
{
  const World *world = user;
  (void)publisher;
  if (held)
    return CAUSE_NONE;
  if (subscriber >= world->n_clients) /* any of those that share the subscription */
    return CAUSE_BEYOND_VIEW;
  return mqtt_client_connected(world->clients[subscriber].mqtt) ? CAUSE_BEYOND_VIEW : CAUSE_NONE;
}

/* ---- the run ---- */

World *
outside_new(const Scenario *scenario, const RunRequest *request, guint64 disguise)
{
  World *world = world_make(scenario, request, outside_state_new());
  world->disguise = disguise;
  return world;
}

/* Nothing more is to come: all is handed over, and the machines have nothing under way. */
static gboolean
is_quiet(World *world)
{
  if (world_time(world) < world->outside->look_ns)
    return FALSE;
  world->outside->look_ns = sim_add(world_time(world), LOOK_NS);
  if (ledger_awaits(world->ledger))
    return FALSE;
  for (guint32 i = 0; i < world->n_clients; i++)
    if (mqtt_client_inflight(world->clients[i].mqtt) > 0)
      return FALSE;
  return TRUE;
}

gboolean
outside_pass(World *world, gint64 now_ns)
{
  gint64 until_ns = MIN(now_ns, world->end_ns);
  while (sim_step(world->sim, until_ns))
    ;
  return now_ns < world->end_ns && !(world->draining && is_quiet(world));
}

gint64
outside_next_ns(World *world)
{
  gint64 next_ns = MIN(sim_next_ns(world->sim), world->end_ns);
  return world->draining ? MIN(next_ns, world->outside->look_ns) : next_ns;
}

void
outside_goodbye(World *world)
{
  for (guint32 i = 0; i < world->n_clients; i++)
    if (mqtt_client_connected(world->clients[i].mqtt)) {
      mqtt_client_disconnect(world->clients[i].mqtt, world_time(world), 0);
      client_pump(world, &world->clients[i]);
    }
}
