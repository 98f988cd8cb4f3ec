#define _GNU_SOURCE
#include "models/live/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#define BACKLOG 4096

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
set_nagle(int fd, gboolean nagle)
{
  int on = 1;
  if (!nagle)
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int
live_connect(const struct sockaddr *address, socklen_t length, gboolean nagle)
{
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  set_nagle(fd, nagle);
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
live_accept(int listener, gboolean nagle, gboolean *again)
{
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  *again = FALSE;
  if (fd >= 0) {
    set_nagle(fd, nagle);
    return fd;
  }
  /* A connection that died while it waited is none. */
  *again = errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR;
  return -1;
}
