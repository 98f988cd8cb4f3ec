#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "models/live/server-private.h"
#include "models/live/socket.h"

#define EVENTS 256 /* of one turn */

/* Real time, so that what a store says of times holds after a restart, and steady. */
static gint64
steady_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

gint64
live_server_now(const LiveServer *server)
{
  return steady_ns() + server->clock_offset_ns;
}

static gboolean
fail(GError **error, const char *what)
{
  g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
  return FALSE;
}

void
live_server_watch(LiveServer *server, int operation, int fd, guint32 number, guint32 what)
{
  struct epoll_event event = {.events = what, .data.u32 = number};
  epoll_ctl(server->epoll, operation, fd, &event);
}

/* What acknowledgements rest on is on disk before they leave. */
static gboolean
store_all(LiveServer *server, gint64 now_ns, GError **error)
{
  MqttStoreOp op;
  guint64 last = 0;
  if (server->config->file == NULL)
    return TRUE;
  while (mqtt_broker_store_op(server->broker, &op)) {
    if (!live_file_put(server->config->file, &op, error))
      return FALSE;
    last = op.number;
  }
  if (last == 0)
    return TRUE;
  if (!live_file_commit(server->config->file, error))
    return FALSE;
  mqtt_broker_stored(server->broker, now_ns, last);
  return TRUE;
}

/* ---- time ---- */

static gint64
first_limit(GQueue *queue)
{
  const LiveLimit *first = g_queue_peek_head(queue);
  return first == NULL ? MQTT_NEVER : first->at_ns;
}

static LiveConn *
take_limit(LiveServer *server, GQueue *queue)
{
  g_autofree LiveLimit *entry = g_queue_pop_head(queue);
  LiveConn *conn = live_conn_at(server, entry->number);
  return conn != NULL && conn->serial == entry->serial ? conn : NULL;
}

static void
pass_time(LiveServer *server, gint64 now_ns)
{
  while (first_limit(server->connects) <= now_ns) {
    LiveConn *conn = take_limit(server, server->connects);
    if (conn != NULL && !conn->connected)
      live_conn_drop(server, conn);
  }
  while (first_limit(server->lingers) <= now_ns) {
    LiveConn *conn = take_limit(server, server->lingers);
    if (conn != NULL)
      live_conn_drop(server, conn);
  }
  if (server->listen_ns <= now_ns) {
    live_server_watch(server, EPOLL_CTL_MOD, server->listener, LIVE_LISTENER, EPOLLIN);
    server->listen_ns = MQTT_NEVER;
  }
  if (mqtt_broker_deadline(server->broker) <= now_ns) {
    mqtt_broker_timeout(server->broker, now_ns);
    live_conn_take_events(server);
  }
}

static int
timeout_ms(const LiveServer *server)
{
  gint64 at_ns = MIN(mqtt_broker_deadline(server->broker), first_limit(server->connects));
  at_ns = MIN(at_ns, first_limit(server->lingers));
  at_ns = MIN(at_ns, server->listen_ns);
  if (at_ns == MQTT_NEVER)
    return -1;
  gint64 wait_ns = MAX(at_ns - live_server_now(server), 0);
  return (int)MIN((wait_ns + 999999) / 1000000, 60000);
}

/* ---- the loop ---- */

static void
on_event(LiveServer *server, const struct epoll_event *event, gint64 now_ns)
{
  if (event->data.u32 == LIVE_LISTENER) {
    live_conn_accept(server, now_ns);
    return;
  }
  if (event->data.u32 == LIVE_WAKE) {
    server->stopping = TRUE;
    return;
  }
  LiveConn *conn = live_conn_at(server, event->data.u32);
  if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    live_conn_read(server, conn, now_ns);
  if (event->events & EPOLLOUT)
    live_conn_ready(server, conn);
}

static gboolean
turn(LiveServer *server, int wait_ms, GError **error)
{
  struct epoll_event events[EVENTS];
  int n = epoll_wait(server->epoll, events, EVENTS, wait_ms);
  if (n < 0 && errno != EINTR)
    return fail(error, "epoll_wait");
  gint64 now_ns = live_server_now(server);
  for (int i = 0; i < n; i++)
    on_event(server, &events[i], now_ns);
  pass_time(server, now_ns);
  if (!store_all(server, now_ns, error))
    return FALSE;
  live_conn_write_all(server, now_ns);
  live_conn_close(server, now_ns);
  /* What leaving connections changed (sessions that end, wills) is written with the next turn. */
  return TRUE;
}

static gboolean
say_goodbye(LiveServer *server, GError **error)
{
  gint64 until_ns = live_server_now(server) + NS_PER_S;
  live_server_watch(server, EPOLL_CTL_DEL, server->listener, LIVE_LISTENER, 0);
  server->listen_ns = MQTT_NEVER;
  mqtt_broker_shut_down(server->broker, live_server_now(server));
  live_conn_take_events(server);
  for (guint i = 0; i < server->conns->len; i++) {
    LiveConn *conn = server->conns->pdata[i];
    if (conn != NULL && !conn->connected)
      live_conn_drop(server, conn);
  }
  do {
    if (!turn(server, 10, error))
      return FALSE;
  } while (server->live > 0 && live_server_now(server) < until_ns);
  for (guint i = 0; i < server->conns->len; i++)
    if (server->conns->pdata[i] != NULL)
      live_conn_drop(server, server->conns->pdata[i]);
  live_conn_close(server, live_server_now(server));
  return store_all(server, live_server_now(server), error);
}

gboolean
live_server_run(LiveServer *server, GError **error)
{
  gboolean pending = TRUE; /* work that a closed connection left behind */
  while (!server->stopping) {
    if (!turn(server, pending ? 0 : timeout_ms(server), error))
      return FALSE;
    pending = mqtt_broker_has_ready(server->broker) || mqtt_broker_has_store_ops(server->broker);
  }
  return say_goodbye(server, error);
}

void
live_server_stop(LiveServer *server)
{
  guint64 one = 1;
  if (write(server->wake, &one, sizeof one) < 0)
    return; /* it has been told already */
}

/* ---- life ---- */

static guint32
peer_of(gpointer user, MqttBytes client_id)
{
  (void)user;
  (void)client_id;
  return 0;
}

static void
load_record(gpointer user, const MqttStoreKey *key, const guint8 *value, gsize n)
{
  LiveServer *server = user;
  mqtt_broker_load(server->broker, live_server_now(server), key, value, n, peer_of, NULL);
  server->events.length = 0;
}

static gboolean
set_up(LiveServer *server, GError **error)
{
  server->port = server->config->port;
  server->listener = live_listen(server->config->address, &server->port, error);
  if (server->listener < 0)
    return FALSE;
  server->epoll = epoll_create1(EPOLL_CLOEXEC);
  server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (server->epoll < 0 || server->wake < 0)
    return fail(error, "epoll");
  live_server_watch(server, EPOLL_CTL_ADD, server->listener, LIVE_LISTENER, EPOLLIN);
  live_server_watch(server, EPOLL_CTL_ADD, server->wake, LIVE_WAKE, EPOLLIN);
  return server->config->file == NULL ||
         live_file_load(server->config->file, load_record, server, error);
}

LiveServer *
live_server_new(const LiveServerConfig *config, const MqttBrokerConfig *broker, GError **error)
{
  g_autoptr(LiveServer) server = g_new0(LiveServer, 1);
  struct timespec real;
  clock_gettime(CLOCK_REALTIME, &real);
  server->clock_offset_ns = real.tv_sec * NS_PER_S + real.tv_nsec - steady_ns();
  server->config = config;
  server->broker = mqtt_broker_new(broker, &server->events);
  server->conns = g_ptr_array_new();
  server->free_numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
  server->ready = g_array_new(FALSE, FALSE, sizeof(guint32));
  server->closed = g_array_new(FALSE, FALSE, sizeof(guint32));
  server->connects = g_queue_new();
  server->lingers = g_queue_new();
  server->slice = g_malloc(LIVE_SLICE);
  server->listener = server->epoll = server->wake = -1;
  server->listen_ns = MQTT_NEVER;
  return set_up(server, error) ? g_steal_pointer(&server) : NULL;
}

static void
close_fd(int fd)
{
  if (fd >= 0)
    close(fd);
}

void
live_server_free(LiveServer *server)
{
  if (server == NULL)
    return;
  for (guint i = 0; i < server->conns->len; i++)
    if (server->conns->pdata[i] != NULL)
      live_conn_free(server, server->conns->pdata[i]);
  close_fd(server->listener);
  close_fd(server->epoll);
  close_fd(server->wake);
  mqtt_broker_free(server->broker);
  mqtt_events_clear(&server->events);
  g_ptr_array_unref(server->conns);
  g_array_unref(server->free_numbers);
  g_array_unref(server->ready);
  g_array_unref(server->closed);
  g_queue_free_full(server->connects, g_free);
  g_queue_free_full(server->lingers, g_free);
  g_free(server->slice);
  g_free(server);
}

guint16
live_server_port(const LiveServer *server)
{
  return server->port;
}
