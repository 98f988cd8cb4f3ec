#define _GNU_SOURCE
#include "models/live/run.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "models/live/socket.h"
#include "models/world/outside.h"

#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define SLICE 65536
#define SLICES 16 /* read of one connection in a turn */
#define EVENTS 256
#define GOODBYE_NS NS_PER_S
#define CANCEL_MS 100 /* between two looks at the request's cancel flag */
#define TIMER G_MAXUINT32

struct _LiveTarget {
  struct sockaddr_storage address;
  socklen_t length;
};

typedef struct {
  int fd;                 /* -1: none */
  guint32 events;         /* what epoll watches it for */
  gboolean connected : 1; /* the connection stands */
  gboolean closing : 1;   /* it is closed as soon as its output is written */
} Socket;

typedef struct {
  const LiveTarget *target;
  World *world;
  GArray *sockets; /* Socket, by the number of the connection */
  guint open;      /* of them */
  int epoll, timer;
  gint64 armed_ns; /* of the timer */
  gint64 behind_ns;
  gint64 start_ns; /* steady time at which the world's is zero */
  guint8 slice[SLICE];
} Live;

/* ---- the broker ---- */

LiveTarget *
live_target_new(const char *host, guint16 port, GError **error)
{
  g_autoptr(GSocketClient) client = g_socket_client_new();
  g_socket_client_set_timeout(client, 10);
  g_socket_client_set_enable_proxy(client, FALSE);
  g_autoptr(GSocketConnection) connection =
      g_socket_client_connect_to_host(client, host, port, NULL, error);
  if (connection == NULL)
    return NULL;
  g_autoptr(GSocketAddress) address = g_socket_connection_get_remote_address(connection, error);
  if (address == NULL)
    return NULL;
  g_autoptr(LiveTarget) target = g_new0(LiveTarget, 1);
  if (!g_socket_address_to_native(address, &target->address, sizeof target->address, error))
    return NULL;
  target->length = (socklen_t)g_socket_address_get_native_size(address);
  return g_steal_pointer(&target);
}

void
live_target_free(LiveTarget *target)
{
  g_free(target);
}

/* ---- sockets ---- */

static gint64
now_of(const Live *live)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec - live->start_ns;
}

static Socket *
socket_at(const Live *live, guint32 number)
{
  return &g_array_index(live->sockets, Socket, number);
}

static void
watch(Live *live, guint32 number, guint32 events)
{
  Socket *one = socket_at(live, number);
  struct epoll_event event = {.events = events, .data.u32 = number};
  if (one->fd >= 0 && one->events != events)
    epoll_ctl(live->epoll, EPOLL_CTL_MOD, one->fd, &event);
  one->events = events;
}

static void
drop(Live *live, guint32 number)
{
  Socket *one = socket_at(live, number);
  if (one->fd >= 0) {
    close(one->fd);
    live->open--;
  }
  one->fd = -1;
}

/* The other side is gone, or was never there. */
static void
lose(Live *live, guint32 number)
{
  drop(live, number);
  if (socket_at(live, number)->closing)
    outside_release(live->world, number);
  else
    outside_ended(live->world, number);
}

static void
open_one(Live *live, guint32 number, const OutsideWish *wish)
{
  const LiveSocketOptions options = {.nagle = wish->nagle,
                                     .user_timeout_ns = wish->user_timeout_ns,
                                     .keepalive_ns = wish->keepalive_ns};
  if (number >= live->sockets->len)
    g_array_set_size(live->sockets, number + 1);
  Socket *one = socket_at(live, number);
  *one = (Socket){.fd = live_connect((const struct sockaddr *)&live->target->address,
                                     live->target->length, &options),
                  .events = EPOLLOUT};
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = number};
  if (one->fd < 0 || epoll_ctl(live->epoll, EPOLL_CTL_ADD, one->fd, &event) < 0) {
    lose(live, number);
    return;
  }
  live->open++;
}

static void
write_out(Live *live, guint32 number)
{
  Socket *one = socket_at(live, number);
  gsize n;
  const guint8 *data;
  while (one->fd >= 0 && (data = outside_output(live->world, number, &n)) != NULL && n > 0) {
    gssize sent = send(one->fd, data, n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      lose(live, number);
      return;
    }
    if (sent > 0)
      outside_sent(live->world, number, (gsize)sent);
    if (sent < (gssize)n) {
      watch(live, number, one->events | EPOLLOUT);
      return;
    }
  }
  watch(live, number, one->events & ~(guint32)EPOLLOUT);
  if (one->closing) {
    drop(live, number);
    outside_release(live->world, number);
  }
}

static void
fulfil(Live *live)
{
  OutsideWish wish;
  while (outside_wish(live->world, &wish))
    switch (wish.want) {
    case OUTSIDE_OPEN:
      open_one(live, wish.conn, &wish);
      break;
    case OUTSIDE_WRITE:
      write_out(live, wish.conn);
      break;
    case OUTSIDE_READ:
      watch(live, wish.conn, socket_at(live, wish.conn)->events | EPOLLIN);
      break;
    case OUTSIDE_CLOSE:
      socket_at(live, wish.conn)->closing = TRUE;
      if (!socket_at(live, wish.conn)->connected)
        lose(live, wish.conn);
      else
        write_out(live, wish.conn);
      break;
    }
}

static void
read_in(Live *live, guint32 number)
{
  Socket *one = socket_at(live, number);
  gssize n = SLICE;
  for (guint i = 0; i < SLICES && n == SLICE; i++) {
    n = recv(one->fd, live->slice, SLICE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n <= 0) {
      lose(live, number);
      return;
    }
    if (!outside_input(live->world, number, live->slice, (gsize)n)) {
      watch(live, number, one->events & ~(guint32)EPOLLIN);
      return;
    }
  }
}

static void
on_event(Live *live, guint32 number, guint32 events)
{
  Socket *one = socket_at(live, number);
  if (one->fd < 0)
    return; /* closed in this turn */
  if (!one->connected) {
    int status = 0;
    socklen_t n = sizeof status;
    getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &status, &n);
    if (status != 0) {
      lose(live, number);
      return;
    }
    one->connected = TRUE;
    watch(live, number, EPOLLIN);
    outside_opened(live->world, number);
    return;
  }
  if (events & EPOLLOUT)
    write_out(live, number);
  if (one->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    read_in(live, number);
}

/* ---- the run ---- */

static void
arm(Live *live, gint64 at_ns)
{
  if (at_ns == live->armed_ns)
    return;
  gint64 steady_ns = at_ns == G_MAXINT64 ? 0 : MAX(at_ns + live->start_ns, 1);
  struct itimerspec when = {
      .it_value = {.tv_sec = steady_ns / NS_PER_S, .tv_nsec = steady_ns % NS_PER_S}};
  timerfd_settime(live->timer, TFD_TIMER_ABSTIME, &when, NULL);
  live->armed_ns = at_ns;
}

/* FALSE: the run is over. */
static gboolean
turn(Live *live)
{
  struct epoll_event events[EVENTS];
  int n = epoll_wait(live->epoll, events, EVENTS, CANCEL_MS);
  gint64 now_ns = now_of(live);
  live->behind_ns = MAX(live->behind_ns, now_ns - outside_next_ns(live->world));
  gboolean goes_on = outside_pass(live->world, now_ns);
  for (int i = 0; i < n; i++)
    if (events[i].data.u32 == TIMER)
      live->armed_ns = G_MININT64; /* once it has fired, it is ready until it is set anew */
    else
      on_event(live, events[i].data.u32, events[i].events);
  fulfil(live);
  arm(live, outside_next_ns(live->world));
  return goes_on;
}

static void
say_goodbye(Live *live)
{
  gint64 until_ns = now_of(live) + GOODBYE_NS;
  outside_goodbye(live->world);
  fulfil(live);
  for (guint32 i = 0; i < live->sockets->len; i++)
    if (!socket_at(live, i)->closing)
      drop(live, i);
  while (live->open > 0 && now_of(live) < until_ns) {
    struct epoll_event events[EVENTS];
    int n = epoll_wait(live->epoll, events, EVENTS, 10);
    for (int i = 0; i < n; i++)
      if (events[i].data.u32 != TIMER && socket_at(live, events[i].data.u32)->fd >= 0)
        write_out(live, events[i].data.u32);
  }
  for (guint32 i = 0; i < live->sockets->len; i++)
    drop(live, i);
}

static void
start(Live *live, const Scenario *scenario)
{
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = TIMER};
  live->epoll = epoll_create1(EPOLL_CLOEXEC);
  live->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  epoll_ctl(live->epoll, EPOLL_CTL_ADD, live->timer, &event);
  live->armed_ns = G_MININT64;
  live->start_ns = now_of(live) + scenario->warmup_ns;
  arm(live, outside_next_ns(live->world));
}

Outcome *
live_run(const Scenario *scenario, const RunRequest *request, const LiveTarget *target,
         gint64 *behind_ns)
{
  g_autofree Live *live = g_new0(Live, 1);
  Outcome *outcome = NULL;
  gboolean cancelled = FALSE;
  live->target = target;
  live->world = outside_new(scenario, request, (guint64)g_random_int() << 32 | g_random_int());
  live->sockets = g_array_new(FALSE, TRUE, sizeof(Socket));
  start(live, scenario);
  while (!cancelled && turn(live))
    cancelled = request->cancel != NULL && g_atomic_int_get(request->cancel) != 0;
  *behind_ns = live->behind_ns;
  if (!cancelled)
    outcome = world_finish(live->world);
  say_goodbye(live);
  close(live->timer);
  close(live->epoll);
  g_array_unref(live->sockets);
  world_free(live->world);
  return outcome;
}
