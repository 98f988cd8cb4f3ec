#define _GNU_SOURCE
#include "tests/models/live/kit.h"

#include "models/mqtt/codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
kit_init(Kit *kit)
{
  memset(kit, 0, sizeof *kit);
  mqtt_broker_config_default(&kit->broker);
  kit->config = (LiveServerConfig){.address = "127.0.0.1",
                                   .connect_timeout_ns = G_GINT64_CONSTANT(10000000000)};
}

static gpointer
serve(gpointer user)
{
  g_autoptr(GError) error = NULL;
  live_server_run(user, &error);
  g_assert_no_error(error);
  return NULL;
}

void
kit_start(Kit *kit)
{
  g_autoptr(GError) error = NULL;
  kit->server = live_server_new(&kit->config, &kit->broker, &error);
  g_assert_no_error(error);
  kit->thread = g_thread_new("server", serve, kit->server);
}

void
kit_stop(Kit *kit)
{
  live_server_stop(kit->server);
  g_thread_join(kit->thread);
  g_clear_pointer(&kit->server, live_server_free);
}

int
kit_dial(guint16 port)
{
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  g_assert_cmpint(fd, >=, 0);
  int on = 1; /* what is sent is there before what another connection sends after it */
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  g_assert_cmpint(connect(fd, (struct sockaddr *)&to, sizeof to), ==, 0);
  return fd;
}

int
kit_connect(const Kit *kit)
{
  return kit_dial(live_server_port(kit->server));
}

void
kit_send(int fd, gconstpointer data, gsize n)
{
  /* The other side may have closed: then what is expected will tell. */
  for (gsize at = 0; at < n;) {
    gssize sent = send(fd, (const guint8 *)data + at, n - at, MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    at += (gsize)sent;
  }
}

gboolean
kit_receive(int fd, int wait_ms, GByteArray *into)
{
  guint8 bytes[65536];
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  if (poll(&ready, 1, wait_ms) <= 0)
    return TRUE;
  gssize n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n > 0)
    g_byte_array_append(into, bytes, (guint)n);
  return n > 0 || (n < 0 && errno == EAGAIN);
}

void
kit_expect(int fd, const guint8 *data, gsize n)
{
  g_autoptr(GByteArray) came = g_byte_array_new();
  gint64 until_us = g_get_monotonic_time() + KIT_PATIENCE_MS * 1000;
  while (came->len < n && kit_receive(fd, 100, came))
    g_assert_cmpint(g_get_monotonic_time(), <, until_us);
  g_assert_cmpmem(came->data, came->len, data, n);
}

void
kit_expect_closed(int fd)
{
  g_autoptr(GByteArray) came = g_byte_array_new();
  gint64 until_us = g_get_monotonic_time() + KIT_PATIENCE_MS * 1000;
  while (kit_receive(fd, 100, came))
    g_assert_cmpint(g_get_monotonic_time(), <, until_us);
}

int
kit_client(const Kit *kit, const char *id)
{
  static const guint8 connack[] = {0x20, 3, 0, 0, 0};
  guint8 bytes[128];
  MqttPacket packet = {
      .type = MQTT_CONNECT,
      .connect = {.version = MQTT_5_0, .clean_start = TRUE, .client_id = mqtt_bytes(id)}};
  gsize n = mqtt_encode(&packet, MQTT_5_0, bytes, sizeof bytes);
  int fd = kit_connect(kit);
  kit_send(fd, bytes, n);
  kit_expect(fd, connack, sizeof connack);
  return fd;
}
