/* What a section says of its sockets reaches the kernel. */
#include "models/live/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static int
option(int fd, int level, int name)
{
  int value = -1;
  socklen_t length = sizeof value;
  g_assert_cmpint(getsockopt(fd, level, name, &value, &length), ==, 0);
  return value;
}

static void
test_options(void)
{
  const gint64 second_ns = 1000000000;
  const struct {
    LiveSocketOptions options;
    int nodelay, user_timeout_ms, keepalive, idle_s;
  } rows[] = {
      {{TRUE, 0, 0}, 0, 0, 0, 0},
      {{FALSE, G_MAXINT64, G_MAXINT64}, 1, 0, 0, 0},
      {{FALSE, 20 * second_ns, second_ns / 2}, 1, 20000, 1, 1},
      {{FALSE, 1, 100000 * second_ns}, 1, 1, 1, 32767},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    guint16 port = 0;
    int listener = live_listen("127.0.0.1", &port, &error);
    g_assert_no_error(error);
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = g_htons(port),
                                .sin_addr.s_addr = g_htonl(INADDR_LOOPBACK)};
    int fd = live_connect((const struct sockaddr *)&where, sizeof where, &rows[i].options);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_NODELAY), ==, rows[i].nodelay);
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), ==, rows[i].user_timeout_ms);
    g_assert_cmpint(option(fd, SOL_SOCKET, SO_KEEPALIVE), ==, rows[i].keepalive);
    if (rows[i].keepalive) {
      g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), ==, rows[i].idle_s);
      g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), ==, 75);
      g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_KEEPCNT), ==, 9);
    }
    close(fd);
    close(listener);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/live/socket/options", test_options);
  return g_test_run();
}
