/* Bytes between a machine and its end of a connection: what a socket is to a process. */
#include "models/world/socket-inline.h"

/* The monitor of one end of a client's connections; NULL: there is none, or it watches a later
 * connection by now, since an end may not yet know that an older one is over. */
static MqttMonitor *
socket_monitor(Conn *conn, guint end)
{
  Client *client = conn->client;
  if (client->monitor[end] == NULL)
    return NULL;
  if (!(conn->seen & 1u << end)) {
    conn->seen |= 1u << end;
    client->monitored[end] = conn->number;
    mqtt_monitor_connection(client->monitor[end]);
  }
  return client->monitored[end] == conn->number ? client->monitor[end] : NULL;
}

SELDOM void
socket_show_written(World *world, Conn *conn, guint end, const guint8 *bytes, gsize n)
{
  if (world->trace != NULL)
    trace_wrote(world, conn->number, end, bytes, n);
  MqttMonitor *monitor = world->request->monitor ? socket_monitor(conn, end) : NULL;
  if (monitor != NULL)
    mqtt_monitor_sent(monitor, bytes, n);
}

SELDOM void
socket_show_taken(World *world, Conn *conn, guint end, gsize n)
{
  gsize available;
  const guint8 *bytes = socket_bytes(conn, end, &available);
  MqttMonitor *monitor = world->request->monitor ? socket_monitor(conn, end) : NULL;
  if (monitor != NULL)
    mqtt_monitor_received(monitor, bytes, n);
}

/* The memory of what a broker writes follows on what it wrote before, whomever to. */
void
socket_note_writing(const Conn *conn)
{
  Broker *broker = conn->broker;
  if (broker->written != conn->number)
    tcp_conn_apart(conn->tcp[BROKER_END]);
  broker->written = conn->number;
}
