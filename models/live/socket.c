#define _GNU_SOURCE
#include "models/live/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#define BACKLOG 4096
#define KEEPIDLE_MAX_S 32767 /* MAX_TCP_KEEPIDLE of Linux */

int
live_listen(const char *address, guint16 *port, GError **error)
{
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new_from_string(address, *port);
  if (where == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s is no numeric address",
                address);
    return -1;
  }
  g_autoptr(GSocket) socket = g_socket_new(g_socket_address_get_family(where), G_SOCKET_TYPE_STREAM,
                                           G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return -1;
  g_socket_set_listen_backlog(socket, BACKLOG);
  if (!g_socket_bind(socket, where, TRUE, error) || !g_socket_listen(socket, error))
    return -1;
  g_autoptr(GSocketAddress) bound = g_socket_get_local_address(socket, error);
  if (bound == NULL)
    return -1;
  *port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
  int fd = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0); /* the GSocket closes its own */
  if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", g_strerror(errno));
    return -1;
  }
  return fd;
}

static void
set_number(int fd, int level, int option, int number)
{
  setsockopt(fd, level, option, &number, sizeof number);
}

static gboolean
is_set(gint64 limit_ns)
{
  return limit_ns != 0 && limit_ns != G_MAXINT64;
}

static void
set_options(int fd, const LiveSocketOptions *options)
{
  const gint64 ms_ns = 1000000, second_ns = 1000 * ms_ns;
  if (!options->nagle)
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (is_set(options->user_timeout_ns))
    set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
               (int)MIN((options->user_timeout_ns + ms_ns - 1) / ms_ns, G_MAXINT));
  if (is_set(options->keepalive_ns)) {
    gint64 idle_s = (options->keepalive_ns + second_ns - 1) / second_ns;
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)MIN(idle_s, KEEPIDLE_MAX_S));
    set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, 75);
    set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, 9);
  }
}

int
live_connect(const struct sockaddr *address, socklen_t length, const LiveSocketOptions *options)
{
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  set_options(fd, options);
  if (connect(fd, address, length) == 0 || errno == EINPROGRESS)
    return fd;
  close(fd);
  return -1;
}

void
live_raise_descriptors(void)
{
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

int
live_accept(int listener, const LiveSocketOptions *options, gboolean *again)
{
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  *again = FALSE;
  if (fd >= 0) {
    set_options(fd, options);
    return fd;
  }
  /* A connection that died while it waited is none. */
  *again = errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR;
  return -1;
}
