#define _GNU_SOURCE
#include "models/live/server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "models/live/socket.h"

#define SLICE 262144             /* bytes read or written at a time */
#define EVENTS 256               /* of one turn */
#define ACCEPTS 64               /* in one turn, so that a flood of them starves nobody */
#define LINGER_NS (5 * NS_PER_S) /* for a last packet that its client does not read */
#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define PAUSE_NS (NS_PER_S / 20) /* of accepting, when there are no descriptors */

#define LISTENER G_MAXUINT32 /* numbers that are no connection's */
#define WAKE (G_MAXUINT32 - 1)

typedef struct {
  int fd;
  guint32 number, serial;
  GByteArray *in;         /* a packet that has come in part; NULL: nothing */
  GByteArray *out;        /* what the socket did not take; NULL: nothing */
  gboolean connected : 1; /* its CONNECT was accepted */
  gboolean ready : 1;     /* in the list of those with output */
  gboolean closing : 1;   /* closed as soon as out is written */
  gboolean awaits_room : 1;
} Conn;

/* Whether a connection has done by then what is expected of it. */
typedef struct {
  gint64 at_ns;
  guint32 number, serial;
} Limit;

struct _LiveServer {
  const LiveServerConfig *config;
  MqttBroker *broker;
  MqttEvents events;
  int listener, epoll, wake;
  guint16 port;
  gboolean stopping;
  GPtrArray *conns; /* by number; NULL: free */
  GArray *free_numbers, *ready, *closed;
  guint32 serial, live;
  GQueue *connects, *lingers; /* Limit, each in the order of time */
  gint64 clock_offset_ns;
  gint64 listen_ns; /* when to accept again; MQTT_NEVER: it does, or stops */
  guint8 *slice;
};

/* Real time, so that what a store says of times holds after a restart, and steady. */
static gint64
steady_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static gint64
now_of(const LiveServer *server)
{
  return steady_ns() + server->clock_offset_ns;
}

static gboolean
fail(GError **error, const char *what)
{
  g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", what, g_strerror(errno));
  return FALSE;
}

/* ---- connections ---- */

static void
watch(LiveServer *server, int operation, int fd, guint32 number, guint32 what)
{
  struct epoll_event event = {.events = what, .data.u32 = number};
  epoll_ctl(server->epoll, operation, fd, &event);
}

static void
limit(GQueue *queue, const Conn *conn, gint64 at_ns)
{
  Limit *entry = g_new(Limit, 1);
  *entry = (Limit){at_ns, conn->number, conn->serial};
  g_queue_push_tail(queue, entry);
}

static Conn *
conn_at(const LiveServer *server, guint32 number)
{
  return number < server->conns->len ? server->conns->pdata[number] : NULL;
}

static void
conn_new(LiveServer *server, int fd, gint64 now_ns)
{
  Conn *conn = g_new0(Conn, 1);
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
  watch(server, EPOLL_CTL_ADD, fd, conn->number, EPOLLIN);
  mqtt_broker_open(server->broker, now_ns, conn->number, 0);
  if (server->config->connect_timeout_ns != MQTT_NEVER)
    limit(server->connects, conn, now_ns + server->config->connect_timeout_ns);
}

static void
conn_free(LiveServer *server, Conn *conn)
{
  close(conn->fd);
  g_clear_pointer(&conn->in, g_byte_array_unref);
  g_clear_pointer(&conn->out, g_byte_array_unref);
  server->conns->pdata[conn->number] = NULL;
  g_array_append_val(server->free_numbers, conn->number);
  server->live--;
  g_free(conn);
}

/* At the end of the turn: what the machine says of it meanwhile finds it still there. */
static void
conn_drop(LiveServer *server, const Conn *conn)
{
  g_array_append_val(server->closed, conn->number);
}

static void
conn_ready(LiveServer *server, Conn *conn)
{
  if (conn->ready)
    return;
  conn->ready = TRUE;
  g_array_append_val(server->ready, conn->number);
}

/* Closed when all is written, or when that takes too long. */
static void
conn_linger(LiveServer *server, Conn *conn)
{
  if (conn->closing)
    return;
  conn->closing = TRUE;
  limit(server->lingers, conn, now_of(server) + LINGER_NS);
}

/* What the machine said since the last time. */
static void
take_events(LiveServer *server)
{
  for (guint i = 0; i < server->events.length; i++) {
    const MqttEvent *event = &server->events.items[i];
    Conn *conn;
    if (event->type != MQTT_EVENT_CLOSE && event->type != MQTT_EVENT_OPENED)
      continue;
    conn = conn_at(server, event->conn);
    if (event->type == MQTT_EVENT_OPENED) {
      conn->connected = TRUE;
    } else {
      conn_linger(server, conn);
      conn_ready(server, conn); /* what was written before the end is still to go */
    }
  }
  server->events.length = 0;
}

/* ---- what comes ---- */

static void
accept_some(LiveServer *server, gint64 now_ns)
{
  for (guint i = 0; i < ACCEPTS; i++) {
    gboolean again;
    int fd = live_accept(server->listener, server->config->nagle, &again);
    if (fd >= 0) {
      conn_new(server, fd, now_ns);
      continue;
    }
    if (!again) { /* no descriptors: those that wait are taken when one is free */
      watch(server, EPOLL_CTL_MOD, server->listener, LISTENER, 0);
      server->listen_ns = now_ns + PAUSE_NS;
    }
    return;
  }
}

/* Returns the bytes taken. */
static gsize
feed(LiveServer *server, Conn *conn, gint64 now_ns, const guint8 *data, gsize n)
{
  gsize taken = 0, one;
  while (taken < n && !conn->closing &&
         (one = mqtt_broker_input(server->broker, now_ns, conn->number, data + taken, n - taken)) >
             0) {
    taken += one;
    take_events(server);
  }
  take_events(server);
  return taken;
}

static void
read_some(LiveServer *server, Conn *conn, gint64 now_ns)
{
  gssize n = recv(conn->fd, server->slice, SLICE, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    conn_drop(server, conn);
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
    return;
  }
  g_byte_array_append(conn->in, server->slice, (guint)n);
  gsize taken = feed(server, conn, now_ns, conn->in->data, conn->in->len);
  if (taken == conn->in->len || conn->closing)
    g_clear_pointer(&conn->in, g_byte_array_unref);
  else if (taken > 0)
    g_byte_array_remove_range(conn->in, 0, (guint)taken);
}

/* ---- what goes ---- */

/* FALSE: the connection is gone. */
static gboolean
send_bytes(LiveServer *server, Conn *conn, const guint8 *data, gsize n)
{
  gssize sent = send(conn->fd, data, n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    conn_drop(server, conn);
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
    watch(server, EPOLL_CTL_MOD, conn->fd, conn->number,
          conn->awaits_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
  return TRUE;
}

static void
write_some(LiveServer *server, Conn *conn, gint64 now_ns)
{
  conn->ready = FALSE;
  if (conn->out != NULL && !send_bytes(server, conn, conn->out->data, conn->out->len))
    return;
  if (conn->out != NULL && mqtt_broker_leaves(server->broker, conn->number))
    conn_linger(server, conn); /* its last packet waits behind what is not read */
  while (conn->out == NULL) {
    gsize n = 0, one;
    while (n < SLICE && (one = mqtt_broker_output(server->broker, now_ns, conn->number,
                                                  server->slice + n, SLICE - n)) > 0)
      n += one;
    take_events(server);
    if (n == 0) {
      if (conn->closing)
        conn_drop(server, conn);
      return;
    }
    if (!send_bytes(server, conn, server->slice, n))
      return;
  }
}

static void
write_all(LiveServer *server, gint64 now_ns)
{
  guint32 number;
  do {
    while ((number = mqtt_broker_next_ready(server->broker)) != MQTT_NO_PEER) {
      Conn *conn = conn_at(server, number);
      if (conn != NULL)
        conn_ready(server, conn);
    }
    for (guint i = 0; i < server->ready->len; i++) {
      Conn *conn = conn_at(server, g_array_index(server->ready, guint32, i));
      if (conn != NULL && conn->ready)
        write_some(server, conn, now_ns);
    }
    g_array_set_size(server->ready, 0);
  } while (mqtt_broker_has_ready(server->broker));
}

static void
close_some(LiveServer *server, gint64 now_ns)
{
  for (guint i = 0; i < server->closed->len; i++) {
    Conn *conn = conn_at(server, g_array_index(server->closed, guint32, i));
    if (conn == NULL) /* named twice */
      continue;
    mqtt_broker_closed(server->broker, now_ns, conn->number);
    take_events(server);
    conn_free(server, conn);
  }
  g_array_set_size(server->closed, 0);
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
  const Limit *first = g_queue_peek_head(queue);
  return first == NULL ? MQTT_NEVER : first->at_ns;
}

static Conn *
take_limit(LiveServer *server, GQueue *queue)
{
  g_autofree Limit *entry = g_queue_pop_head(queue);
  Conn *conn = conn_at(server, entry->number);
  return conn != NULL && conn->serial == entry->serial ? conn : NULL;
}

static void
pass_time(LiveServer *server, gint64 now_ns)
{
  while (first_limit(server->connects) <= now_ns) {
    Conn *conn = take_limit(server, server->connects);
    if (conn != NULL && !conn->connected)
      conn_drop(server, conn);
  }
  while (first_limit(server->lingers) <= now_ns) {
    Conn *conn = take_limit(server, server->lingers);
    if (conn != NULL)
      conn_drop(server, conn);
  }
  if (server->listen_ns <= now_ns) {
    watch(server, EPOLL_CTL_MOD, server->listener, LISTENER, EPOLLIN);
    server->listen_ns = MQTT_NEVER;
  }
  if (mqtt_broker_deadline(server->broker) <= now_ns) {
    mqtt_broker_timeout(server->broker, now_ns);
    take_events(server);
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
  gint64 wait_ns = MAX(at_ns - now_of(server), 0);
  return (int)MIN((wait_ns + 999999) / 1000000, 60000);
}

/* ---- the loop ---- */

static void
on_event(LiveServer *server, const struct epoll_event *event, gint64 now_ns)
{
  if (event->data.u32 == LISTENER) {
    accept_some(server, now_ns);
    return;
  }
  if (event->data.u32 == WAKE) {
    server->stopping = TRUE;
    return;
  }
  Conn *conn = conn_at(server, event->data.u32);
  if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    read_some(server, conn, now_ns);
  if (event->events & EPOLLOUT)
    conn_ready(server, conn);
}

static gboolean
turn(LiveServer *server, int wait_ms, GError **error)
{
  struct epoll_event events[EVENTS];
  int n = epoll_wait(server->epoll, events, EVENTS, wait_ms);
  if (n < 0 && errno != EINTR)
    return fail(error, "epoll_wait");
  gint64 now_ns = now_of(server);
  for (int i = 0; i < n; i++)
    on_event(server, &events[i], now_ns);
  pass_time(server, now_ns);
  if (!store_all(server, now_ns, error))
    return FALSE;
  write_all(server, now_ns);
  close_some(server, now_ns);
  /* What leaving connections changed (sessions that end, wills) is written with the next turn. */
  return TRUE;
}

static gboolean
say_goodbye(LiveServer *server, GError **error)
{
  gint64 until_ns = now_of(server) + NS_PER_S;
  watch(server, EPOLL_CTL_DEL, server->listener, LISTENER, 0);
  server->listen_ns = MQTT_NEVER;
  mqtt_broker_shut_down(server->broker, now_of(server));
  take_events(server);
  for (guint i = 0; i < server->conns->len; i++) {
    Conn *conn = server->conns->pdata[i];
    if (conn != NULL && !conn->connected)
      conn_drop(server, conn);
  }
  do {
    if (!turn(server, 10, error))
      return FALSE;
  } while (server->live > 0 && now_of(server) < until_ns);
  for (guint i = 0; i < server->conns->len; i++)
    if (server->conns->pdata[i] != NULL)
      conn_drop(server, server->conns->pdata[i]);
  close_some(server, now_of(server));
  return store_all(server, now_of(server), error);
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
  mqtt_broker_load(server->broker, now_of(server), key, value, n, peer_of, NULL);
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
  watch(server, EPOLL_CTL_ADD, server->listener, LISTENER, EPOLLIN);
  watch(server, EPOLL_CTL_ADD, server->wake, WAKE, EPOLLIN);
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
  server->slice = g_malloc(SLICE);
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
      conn_free(server, server->conns->pdata[i]);
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
