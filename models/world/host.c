/* TCP connections of a run: packets in and out, timers, life and death of both ends.
 *
 * An end has an application (a machine) until conn_leave(); after that its stack finishes alone, as
 * a kernel does with an orphaned socket. A connection is forgotten when both ends are closed and
 * none of its packets is under way, so a late packet always finds what it belongs to. */
#include "models/world/world-private.h"

#include <string.h>

void
conn_forget(World *world, Conn *conn)
{
  for (guint end = 0; end < 2; end++) {
    sim_timer_cancel(world->sim, &conn->timer[end]);
    g_clear_pointer(&conn->stream[end], tcp_stream_unref);
  }
  g_clear_pointer(&conn->out, g_byte_array_unref);
  g_clear_pointer(&conn->in, g_byte_array_unref);
  conn->used = FALSE;
  conn->next_free = world->free_conn;
  world->free_conn = conn->number;
}

static guint32
conn_slot(World *world)
{
  if (world->free_conn == NONE) {
    guint32 n = world->n_conns ? world->n_conns * 2 : 16;
    world->conns = g_renew(Conn, world->conns, n);
    memset(world->conns + world->n_conns, 0, (n - world->n_conns) * sizeof(Conn));
    for (guint32 i = n; i-- > world->n_conns;) {
      world->conns[i].next_free = world->free_conn;
      world->free_conn = i;
    }
    world->n_conns = n;
  }
  guint32 number = world->free_conn;
  world->free_conn = world->conns[number].next_free;
  return number;
}

guint32
conn_open(World *world, Client *client)
{
  Group *group = &world->groups[client->group];
  guint32 number = conn_slot(world);
  Conn *conn = &world->conns[number];
  memset(conn, 0, sizeof *conn);
  conn->used = TRUE;
  conn->number = number;
  conn->group = group;
  conn->client = client;
  conn->route = client->route;
  conn->publisher = client->publisher;
  conn->blackouts = client->blackouts;
  conn->broker = &world->brokers[group->broker];
  conn->dead_from[CLIENT_END] = conn->dead_from[BROKER_END] = G_MAXUINT64;
  conn->doomed_ns = SIM_NEVER;
  if (world->outside != NULL) {
    outside_open(world, number);
    return number;
  }
  net_flow_begin(world->net, number);
  guint mss = client->mtu - TCP_IPV4_HEADERS;
  TcpConn *tcp = conn->tcp[CLIENT_END] = tcp_conn_new(&group->tcp, mss, !group->nagle);
  if (!MQTT_POOL_IS_HEAP) /* a sanitizer is to see each block come and go */
    tcp_conn_set_pool(tcp, &world->tcp_pool);
  conn->stream[CLIENT_END] = tcp_stream_ref(tcp_conn_tx(tcp));
  conn->stream[BROKER_END] = tcp_stream_ref(tcp_conn_rx(tcp));
  tcp_conn_connect(tcp, world_time(world));
  if (world->capture != NULL)
    capture_open(world, number);
  if (world->trace != NULL)
    trace_open(world->trace, number);
  if (world->segments != NULL)
    segments_open(world, number);
  return number;
}

/* ---- segments out ---- */

static SELDOM void
show_segment(World *world, const Conn *conn, guint end, NetPacket *packet,
             const TcpSegment *segment)
{
  if (world->capture != NULL)
    capture_segment(world, conn->number, end, packet, segment);
  if (world->trace != NULL)
    trace_segment(world, conn->number, end, packet, segment);
}

/* A packet is about to go from that end with the segment that is its body: counts it. Returns its
 * length. */
static inline guint
conn_count(World *world, Conn *conn, guint end, NetPacket *packet, const TcpSegment *segment)
{
  guint length = tcp_segment_wire_length(segment);
  conn->group->traffic.bytes[end] += length;
  conn->flying[end]++;
  if (world->watched)
    show_segment(world, conn, end, packet, segment);
  return length;
}

/* The segment is the packet's body. */
static inline void
conn_send(World *world, Conn *conn, guint end, NetPacket *packet, const TcpSegment *segment)
{
  guint length = conn_count(world, conn, end, packet, segment);
  net_send(world->net, packet, conn->route, (NetDirection)end, conn->number, length);
}

/* An end is over: its stack goes, and with it what only it could still have sent. */
static SELDOM void
conn_end(World *world, Conn *conn, guint end)
{
  conn->plain = FALSE;
  sim_timer_cancel(world->sim, &conn->timer[end]);
  traffic_add(&conn->group->traffic, tcp_conn_counters(conn->tcp[end]));
  g_clear_pointer(&conn->tcp[end], tcp_conn_free);
  custody_bury(world, conn->number, 1 - end, TRUE);
  conn_fade(world, conn, end);
}

static SELDOM void
conn_faded(World *world, Conn *conn, guint sender)
{
  if (sender == BROKER_END && !conn->accepted && conn->tcp[CLIENT_END] != NULL)
    return; /* a reset to an earlier SYN was lost; a later SYN may still be accepted */
  custody_bury(world, conn->number, sender, conn->tcp[1 - sender] == NULL);
  if (conn->tcp[1 - sender] == NULL && conn->flying[1 - sender] == 0 && !conn->broker_open &&
      !conn->queued && conn->client->conn != conn->number)
    conn_forget(world, conn);
}

/* The sender of a direction is gone: once none of its packets flies, what has not arrived never
 * will. */
void
conn_fade(World *world, Conn *conn, guint sender)
{
  if (conn->tcp[sender] == NULL && conn->flying[sender] == 0)
    conn_faded(world, conn, sender);
}

static inline gboolean
conn_set_timer(World *world, Conn *conn, guint end)
{
  const TcpConn *tcp = conn->tcp[end];
  if (tcp_conn_state(tcp) == TCP_CLOSED)
    return FALSE;
  sim_timer_set(world->sim, &conn->timer[end], world->kind_tcp, conn->number, end,
                tcp_conn_deadline(tcp));
  return TRUE;
}

/* Segments are made where they travel. waits: the timer is to be set. */
static G_GNUC_NO_INLINE gboolean
conn_emit(World *world, Conn *conn, guint end, gboolean waits)
{
  TcpConn *tcp = conn->tcp[end];
  gint64 now_ns = world_time(world);
  do {
    NetPacket *packet = net_packet_new(world->net);
    TcpSegment *segment = net_packet_body(packet);
    if (!tcp_conn_output(tcp, now_ns, segment)) {
      net_packet_free(world->net, packet);
      break;
    }
    conn_send(world, conn, end, packet, segment);
  } while (tcp_conn_due(tcp, now_ns));
  return waits && conn_set_timer(world, conn, end);
}

void
conn_push(World *world, Conn *conn, guint end)
{
  if (tcp_conn_due(conn->tcp[end], world_time(world)))
    conn_emit(world, conn, end, FALSE);
}

gboolean
conn_flush(World *world, Conn *conn, guint end)
{
  if (tcp_conn_due(conn->tcp[end], world_time(world)))
    return conn_emit(world, conn, end, TRUE);
  return conn_set_timer(world, conn, end);
}

/* An orphan's last duties; bytes that come for nobody are answered with a reset, as Linux does. */
static SELDOM void
conn_orphan(World *world, Conn *conn, guint end)
{
  TcpConn *tcp = conn->tcp[end];
  if (tcp == NULL)
    return;
  if (tcp_conn_untaken(tcp) > 0 && tcp_conn_state(tcp) != TCP_CLOSED)
    tcp_conn_abort(tcp, world_time(world));
  if (!conn_flush(world, conn, end))
    conn_end(world, conn, end);
}

void
conn_leave(World *world, Conn *conn, guint end, gboolean abort)
{
  TcpConn *tcp = conn->tcp[end];
  conn->plain = FALSE;
  if (world->outside != NULL) {
    outside_leave(world, conn->number);
    return;
  }
  if (tcp == NULL) {
    conn_fade(world, conn, end);
    return;
  }
  custody_bury(world, conn->number, 1 - end, TRUE);
  if (tcp_conn_state(tcp) != TCP_CLOSED) {
    if (abort || tcp_conn_untaken(tcp) > 0)
      tcp_conn_abort(tcp, world_time(world));
    else
      tcp_conn_close(tcp, world_time(world));
  }
  conn_orphan(world, conn, end);
}

void
conn_go_dark(World *world, Conn *conn, guint end)
{
  conn->plain = FALSE;
  if (world->outside != NULL) {
    outside_go_dark(world, conn->number);
    return;
  }
  if (conn->doomed_ns == SIM_NEVER)
    conn->doomed_ns = world_time(world); /* nothing of it will pass again */
  if (conn->tcp[end] != NULL)
    conn_end(world, conn, end);
  else
    conn_fade(world, conn, end);
}

static gboolean
conn_end_is_dark(const Conn *conn, guint end)
{
  return end == CLIENT_END ? conn->client->dark : conn->broker->dark;
}

/* An orphan of the client's that its host has lost with its power is found when it is to do
 * something. TRUE: it was such a one. */
static gboolean
conn_was_dark(World *world, Conn *conn, guint end)
{
  if (end != CLIENT_END || conn->blackouts == conn->client->blackouts || conn->tcp[end] == NULL)
    return FALSE;
  conn_go_dark(world, conn, end);
  return TRUE;
}

/* ---- packets in ---- */

static gboolean
conn_has_application(const Conn *conn, guint end)
{
  return end == CLIENT_END ? conn->client->conn == conn->number : conn->broker_open;
}

static gboolean
conn_has_applications(const Conn *conn)
{
  return conn_has_application(conn, CLIENT_END) && conn_has_application(conn, BROKER_END);
}

/* TCP did something at an end: its application reads and writes, or is told that it is over. */
static inline void
conn_progress(World *world, Conn *conn, guint end)
{
  if (G_UNLIKELY(!conn->plain) && !conn_has_application(conn, end))
    conn_orphan(world, conn, end);
  else if (end == CLIENT_END)
    client_readable(world, conn);
  else
    broker_readable(world, conn);
}

static void
conn_unreachable(World *world, Conn *conn, guint end, const TcpSegment *segment)
{
  TcpSegment reset;
  if (!tcp_reset_for(segment, &reset))
    return;
  NetPacket *packet = net_packet_new(world->net);
  TcpSegment *body = net_packet_body(packet);
  *body = reset;
  conn_send(world, conn, end, packet, body);
}

/* The first SYN that meets a broker that runs. */
static gboolean
conn_opens(const Conn *conn, guint end, const TcpSegment *segment)
{
  return end == BROKER_END && !conn->accepted && (segment->flags & TCP_SYN) &&
         conn->tcp[CLIENT_END] != NULL && conn->broker->up;
}

/* A segment has come to a host that runs. FALSE: no stack is there to take it. */
static gboolean
conn_finds_stack(World *world, Conn *conn, NetPacket *packet, guint end)
{
  const TcpSegment *segment = net_packet_body(packet);
  if (conn_opens(conn, end, segment))
    broker_accept(world, conn);
  if (conn->tcp[end] == NULL)
    conn_unreachable(world, conn, end, segment);
  return conn->tcp[end] != NULL;
}

/* Whether a packet of a connection that is not known to be plain comes to a stack; if it does, the
 * connection may be plain from then on. */
static SELDOM gboolean
conn_admits(World *world, Conn *conn, NetPacket *packet, guint end)
{
  const guint sender = 1 - end;
  conn_was_dark(world, conn, end);
  conn->flying[sender]--;
  if (!packet->is_answer && conn_has_applications(conn))
    conn->doomed_ns = SIM_NEVER; /* once an end has closed it, it stays doomed for the other */
  if (!conn_end_is_dark(conn, end) && conn_finds_stack(world, conn, packet, end)) {
    conn->plain =
        conn->doomed_ns == SIM_NEVER && conn->tcp[sender] != NULL && conn_has_applications(conn);
    return TRUE;
  }
  net_packet_free(world->net, packet);
  if (conn->used)
    conn_fade(world, conn, sender);
  return FALSE;
}

void
conn_delivered(gpointer user, NetPacket *packet)
{
  World *world = user;
  Conn *conn = &world->conns[packet->flow];
  guint sender = packet->direction, end = 1 - sender;
  if (G_LIKELY(conn->plain))
    conn->flying[sender]--;
  else if (!conn_admits(world, conn, packet, end))
    return;
  tcp_conn_input(conn->tcp[end], world_time(world), net_packet_body(packet));
  net_packet_free(world->net, packet);
  if (net_followed(world->net)) /* a kernel is faster than the process that it wakes */
    conn_flush(world, conn, end);
  else
    conn_progress(world, conn, end);
  if (G_UNLIKELY(!conn->plain) && conn->used)
    conn_fade(world, conn, sender);
}

/* A NAT has dropped what the client sent, and answers in the broker's name. */
static SELDOM void
conn_answered(World *world, Conn *conn, NetPacket *packet)
{
  TcpSegment reset;
  if (!tcp_reset_for(net_packet_body(packet), &reset))
    return;
  NetPacket *answer = net_packet_new(world->net);
  TcpSegment *body = net_packet_body(answer);
  *body = reset;
  net_answer(world->net, answer, packet, conn_count(world, conn, BROKER_END, answer, body));
}

void
conn_lost(gpointer user, NetPacket *packet)
{
  World *world = user;
  Conn *conn = &world->conns[packet->flow];
  guint sender = packet->direction;
  conn->flying[sender]--;
  if (conn->doomed_ns == SIM_NEVER)
    conn->doomed_ns = net_lost_since(world->net);
  conn->plain &= conn->doomed_ns == SIM_NEVER;
  if (net_lost_answerable(world->net))
    conn_answered(world, conn, packet);
  if (conn->used) /* the answer may be lost at once, and with it the connection */
    conn_fade(world, conn, sender);
}

static void
on_tcp_timer(gpointer user, guint32 number, guint32 end)
{
  World *world = user;
  Conn *conn = &world->conns[number];
  if (conn_was_dark(world, conn, end))
    return;
  tcp_conn_timeout(conn->tcp[end], world_time(world));
  conn_progress(world, conn, end);
}

static SimTimer *
tcp_timer_of(gpointer user, guint32 number, guint32 end)
{
  World *world = user;
  return &world->conns[number].timer[end];
}

void
host_register(World *world)
{
  world->kind_tcp = sim_register_timer(world->sim, on_tcp_timer, tcp_timer_of, world);
}
