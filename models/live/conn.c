/* The connections of a server: accepted, read, written, closed. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/live/server-private.h"
#include "models/live/socket.h"

#define ACCEPTS 64               /* in one turn, so that a flood of them starves nobody */
#define LINGER_NS (5 * NS_PER_S) /* for a last packet that its client does not read */
#define PAUSE_NS (NS_PER_S / 20) /* of accepting, when there are no descriptors */

/* ---- life of a connection ---- */

static void
limit(GQueue *queue, const LiveConn *conn, gint64 at_ns)
{
  LiveLimit *entry = g_new(LiveLimit, 1);
  *entry = (LiveLimit){at_ns, conn->number, conn->serial};
  g_queue_push_tail(queue, entry);
}

LiveConn *
live_conn_at(const LiveServer *server, guint32 number)
{
  return number < server->conns->len ? server->conns->pdata[number] : NULL;
}

static void
conn_new(LiveServer *server, int fd, gint64 now_ns)
{
  LiveConn *conn = g_new0(LiveConn, 1);
  guint n = server->free_numbers->len;
  conn->fd = fd;
  conn->serial = ++server->serial;
  if (n > 0) {
    conn->number = g_array_index(server->free_numbers, guint32, n - 1);
    g_array_set_size(server->free_numbers, n - 1);
    server->conns->pdata[conn->number] = conn;
  } else {
    conn->number = server->conns->len;
    g_ptr_array_add(server->conns, conn);
  }
  server->live++;
  live_server_watch(server, EPOLL_CTL_ADD, fd, conn->number, EPOLLIN);
  mqtt_broker_open(server->broker, now_ns, conn->number, 0);
  if (server->config->connect_timeout_ns != MQTT_NEVER)
    limit(server->connects, conn, now_ns + server->config->connect_timeout_ns);
}

static void
conn_watch(LiveServer *server, const LiveConn *conn)
{
  live_server_watch(server, EPOLL_CTL_MOD, conn->fd, conn->number,
                    (conn->congested ? 0 : (guint32)EPOLLIN) |
                        (conn->awaits_room ? (guint32)EPOLLOUT : 0));
}

void
live_conn_free(LiveServer *server, LiveConn *conn)
{
  close(conn->fd);
  g_clear_pointer(&conn->in, g_byte_array_unref);
  g_clear_pointer(&conn->out, g_byte_array_unref);
  server->conns->pdata[conn->number] = NULL;
  g_array_append_val(server->free_numbers, conn->number);
  server->live--;
  g_free(conn);
}

void
live_conn_drop(LiveServer *server, const LiveConn *conn)
{
  g_array_append_val(server->closed, conn->number);
}

void
live_conn_ready(LiveServer *server, LiveConn *conn)
{
  if (conn->ready)
    return;
  conn->ready = TRUE;
  g_array_append_val(server->ready, conn->number);
}

/* Closed when all is written, or when that takes too long. */
static void
conn_linger(LiveServer *server, LiveConn *conn)
{
  if (conn->closing)
    return;
  conn->closing = TRUE;
  limit(server->lingers, conn, live_server_now(server) + LINGER_NS);
}

void
live_conn_take_events(LiveServer *server)
{
  for (guint i = 0; i < server->events.length; i++) {
    const MqttEvent *event = &server->events.items[i];
    LiveConn *conn;
    if (event->type != MQTT_EVENT_CLOSE && event->type != MQTT_EVENT_OPENED)
      continue;
    conn = live_conn_at(server, event->conn);
    if (event->type == MQTT_EVENT_OPENED) {
      conn->connected = TRUE;
    } else {
      conn_linger(server, conn);
      live_conn_ready(server, conn); /* what was written before the end is still to go */
    }
  }
  server->events.length = 0;
}

/* ---- what comes ---- */

void
live_conn_accept(LiveServer *server, gint64 now_ns)
{
  for (guint i = 0; i < ACCEPTS; i++) {
    gboolean again;
    int fd = live_accept(server->listener, &server->config->socket, &again);
    if (fd >= 0) {
      conn_new(server, fd, now_ns);
      continue;
    }
    if (!again) { /* no descriptors: those that wait are taken when one is free */
      live_server_watch(server, EPOLL_CTL_MOD, server->listener, LIVE_LISTENER, 0);
      server->listen_ns = now_ns + PAUSE_NS;
    }
    return;
  }
}

/* Returns the bytes taken. */
static gsize
feed(LiveServer *server, LiveConn *conn, gint64 now_ns, const guint8 *data, gsize n)
{
  gsize taken = 0, one;
  while (taken < n && !conn->closing && !mqtt_broker_congested(server->broker, conn->number) &&
         (one = mqtt_broker_input(server->broker, now_ns, conn->number, data + taken, n - taken)) >
             0) {
    taken += one;
    live_conn_take_events(server);
  }
  live_conn_take_events(server);
  return taken;
}

/* What came in part, or has waited. */
static void
feed_kept(LiveServer *server, LiveConn *conn, gint64 now_ns)
{
  gsize taken = feed(server, conn, now_ns, conn->in->data, conn->in->len);
  if (taken == conn->in->len || conn->closing)
    g_clear_pointer(&conn->in, g_byte_array_unref);
  else if (taken > 0)
    g_byte_array_remove_range(conn->in, 0, (guint)taken);
}

/* Of one that asks on and does not read the answers nothing more is taken, until it does. */
static void
check_congestion(LiveServer *server, LiveConn *conn)
{
  gboolean congested = !conn->closing && mqtt_broker_congested(server->broker, conn->number);
  if (congested == conn->congested)
    return;
  conn->congested = congested;
  conn_watch(server, conn);
}

void
live_conn_read(LiveServer *server, LiveConn *conn, gint64 now_ns)
{
  if (conn->congested) { /* it has gone, and will read no answer */
    live_conn_drop(server, conn);
    return;
  }
  gssize n = recv(conn->fd, server->slice, LIVE_SLICE, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    live_conn_drop(server, conn);
    return;
  }
  if (conn->closing)
    return; /* nothing more is wanted of it */
  if (conn->in == NULL) {
    gsize taken = feed(server, conn, now_ns, server->slice, (gsize)n);
    if (taken < (gsize)n && !conn->closing) {
      conn->in = g_byte_array_new();
      g_byte_array_append(conn->in, server->slice + taken, (guint)((gsize)n - taken));
    }
  } else {
    g_byte_array_append(conn->in, server->slice, (guint)n);
    feed_kept(server, conn, now_ns);
  }
  check_congestion(server, conn);
}

/* ---- what goes ---- */

/* FALSE: the connection is gone. */
static gboolean
send_bytes(LiveServer *server, LiveConn *conn, const guint8 *data, gsize n)
{
  gssize sent = send(conn->fd, data, n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    live_conn_drop(server, conn);
    return FALSE;
  }
  gsize rest = n - (gsize)MAX(sent, 0);
  GByteArray *left = NULL;
  if (rest > 0) {
    left = g_byte_array_sized_new((guint)rest);
    g_byte_array_append(left, data + (n - rest), (guint)rest);
  }
  g_clear_pointer(&conn->out, g_byte_array_unref);
  conn->out = left;
  if ((left != NULL) != conn->awaits_room) {
    conn->awaits_room = left != NULL;
    conn_watch(server, conn);
  }
  return TRUE;
}

static void
write_some(LiveServer *server, LiveConn *conn, gint64 now_ns)
{
  if (conn->out != NULL && !send_bytes(server, conn, conn->out->data, conn->out->len))
    return;
  if (conn->out != NULL && mqtt_broker_leaves(server->broker, conn->number))
    conn_linger(server, conn); /* its last packet waits behind what is not read */
  while (conn->out == NULL) {
    gsize n = 0, one;
    while (n < LIVE_SLICE && (one = mqtt_broker_output(server->broker, now_ns, conn->number,
                                                       server->slice + n, LIVE_SLICE - n)) > 0)
      n += one;
    live_conn_take_events(server);
    if (n == 0) {
      if (conn->closing)
        live_conn_drop(server, conn);
      return;
    }
    if (!send_bytes(server, conn, server->slice, n))
      return;
  }
}

/* It has read, perhaps enough to be heard again. */
static void
go_on(LiveServer *server, LiveConn *conn, gint64 now_ns)
{
  if (conn->in != NULL && !mqtt_broker_congested(server->broker, conn->number))
    feed_kept(server, conn, now_ns);
  check_congestion(server, conn);
}

void
live_conn_write_all(LiveServer *server, gint64 now_ns)
{
  guint32 number;
  do {
    while ((number = mqtt_broker_next_ready(server->broker)) != MQTT_NO_PEER) {
      LiveConn *conn = live_conn_at(server, number);
      if (conn != NULL)
        live_conn_ready(server, conn);
    }
    for (guint i = 0; i < server->ready->len; i++) {
      LiveConn *conn = live_conn_at(server, g_array_index(server->ready, guint32, i));
      if (conn == NULL || !conn->ready)
        continue;
      conn->ready = FALSE;
      write_some(server, conn, now_ns);
      if (conn->congested)
        go_on(server, conn, now_ns);
    }
    g_array_set_size(server->ready, 0);
  } while (mqtt_broker_has_ready(server->broker));
}

void
live_conn_close(LiveServer *server, gint64 now_ns)
{
  for (guint i = 0; i < server->closed->len; i++) {
    LiveConn *conn = live_conn_at(server, g_array_index(server->closed, guint32, i));
    if (conn == NULL) /* named twice */
      continue;
    mqtt_broker_closed(server->broker, now_ns, conn->number);
    live_conn_take_events(server);
    live_conn_free(server, conn);
  }
  g_array_set_size(server->closed, 0);
}
