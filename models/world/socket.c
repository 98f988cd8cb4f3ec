/* Bytes between a machine and its end of a connection: what a socket is to a process. */
#include "models/world/world-private.h"

#include <string.h>

gboolean
socket_established(const World *world, guint32 number, guint end)
{
  const Conn *conn = &world->conns[number];
  return world->outside != NULL ? conn->established : tcp_conn_established(conn->tcp[end]);
}

gboolean
socket_at_end(const World *world, guint32 number, guint end)
{
  const Conn *conn = &world->conns[number];
  if (world->outside != NULL)
    return conn->ended;
  return tcp_conn_at_end(conn->tcp[end]) || tcp_conn_state(conn->tcp[end]) == TCP_CLOSED;
}

gboolean
socket_closed(const World *world, guint32 number, guint end)
{
  const Conn *conn = &world->conns[number];
  if (world->outside != NULL)
    return conn->ended && conn->in == NULL;
  return conn->tcp[end] == NULL || tcp_conn_state(conn->tcp[end]) == TCP_CLOSED;
}

/* The monitor of one end of a client's connections; NULL: there is none, or it watches a later
 * connection by now, since an end may not yet know that an older one is over. */
static SELDOM MqttMonitor *
socket_monitor(World *world, guint32 number, guint end)
{
  Conn *conn = &world->conns[number];
  Client *client = &world->clients[conn->client];
  if (client->monitor[end] == NULL)
    return NULL;
  if (!(conn->seen & 1u << end)) {
    conn->seen |= 1u << end;
    client->monitored[end] = number;
    mqtt_monitor_connection(client->monitor[end]);
  }
  return client->monitored[end] == number ? client->monitor[end] : NULL;
}

void
socket_wrote(World *world, guint32 number, guint end, const guint8 *bytes, gsize n)
{
  world->conns[number].group->traffic.mqtt_bytes[end] += n;
  if (world->trace != NULL)
    trace_wrote(world, number, end, bytes, n);
  MqttMonitor *monitor = world->request->monitor ? socket_monitor(world, number, end) : NULL;
  if (monitor != NULL)
    mqtt_monitor_sent(monitor, bytes, n);
}

static inline gboolean
socket_machine_writes(World *world, guint32 number, guint end)
{
  const Conn *conn = &world->conns[number];
  return end == CLIENT_END ? mqtt_client_writes(world->clients[conn->client].mqtt)
                           : mqtt_broker_writes(world->brokers[conn->broker].mqtt, number);
}

/* The memory of what a broker writes follows on what it wrote before, whomever to. */
static void
note_writing(World *world, guint32 number, TcpConn *tcp)
{
  Broker *broker = &world->brokers[world->conns[number].broker];
  if (broker->written != number)
    tcp_conn_apart(tcp);
  broker->written = number;
}

/* What the machine has to write, packet by packet, as far as there is room. */
static G_GNUC_NO_INLINE void
socket_write_all(World *world, guint32 number, guint end, SocketPull pull)
{
  TcpConn *tcp = world->conns[number].tcp[end];
  do {
    gsize room = tcp_conn_room(tcp);
    gsize n = room > 0 ? pull(world, number, world->scratch, MIN(room, world->scratch_size)) : 0;
    if (n == 0)
      return;
    memcpy(tcp_conn_write_buffer(tcp, n), world->scratch, n);
    if (end == BROKER_END)
      note_writing(world, number, tcp);
    tcp_conn_wrote(tcp, world_time(world), n);
    socket_wrote(world, number, end, world->scratch, n);
  } while (socket_machine_writes(world, number, end));
}

void
socket_write(World *world, guint32 number, guint end, SocketPull pull)
{
  if (world->outside != NULL) {
    outside_write(world, number, pull);
    return;
  }
  const TcpConn *tcp = world->conns[number].tcp[end];
  if (tcp != NULL && tcp_conn_established(tcp) && socket_machine_writes(world, number, end))
    socket_write_all(world, number, end, pull);
}

const guint8 *
socket_bytes(World *world, guint32 number, guint end, gsize *n)
{
  const Conn *conn = &world->conns[number];
  if (world->outside != NULL)
    return outside_bytes(world, number, n);
  return tcp_conn_readable(conn->tcp[end], n);
}

void
socket_take(World *world, guint32 number, guint end, gsize n)
{
  Conn *conn = &world->conns[number];
  MqttMonitor *monitor = world->request->monitor ? socket_monitor(world, number, end) : NULL;
  if (monitor != NULL) {
    gsize available;
    mqtt_monitor_received(monitor, socket_bytes(world, number, end, &available), n);
  }
  if (world->outside != NULL) {
    outside_take(world, number, n);
    return;
  }
  tcp_conn_consumed(conn->tcp[end], world_time(world), n);
}

/* Applications read what there is, be it a whole packet or not. */
void
socket_read(World *world, guint32 number, guint end)
{
  TcpConn *tcp = world->conns[number].tcp[end];
  if (world->outside == NULL && tcp != NULL)
    tcp_conn_take(tcp, world_time(world), tcp_conn_untaken(tcp));
}
