/* A server among clients that misbehave: what one does hurts nobody else. */
#define _GNU_SOURCE
#include "tests/models/live/kit.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const guint8 ping[] = {0xC0, 0}, pong[] = {0xD0, 0};

static void
assert_alive(int fd)
{
  kit_send(fd, ping, sizeof ping);
  kit_expect(fd, pong, sizeof pong);
}

static void
test_thousand(void)
{
  enum { N = 1200 };
  Kit kit;
  int fds[N];
  kit_init(&kit);
  kit_start(&kit);
  for (guint i = 0; i < N; i++) {
    g_autofree char *id = g_strdup_printf("client-%u", i);
    fds[i] = kit_client(&kit, id);
  }
  for (guint i = 0; i < N; i++)
    assert_alive(fds[i]);
  for (guint i = 0; i < N; i++)
    close(fds[i]);
  kit_stop(&kit);
}

static void
test_garbage(void)
{
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  int good = kit_client(&kit, "good");
  for (guint i = 0; i < 300; i++) {
    guint8 bytes[64];
    for (guint k = 0; k < sizeof bytes; k++)
      bytes[k] = (guint8)g_test_rand_int();
    int bad = kit_connect(&kit);
    kit_send(bad, bytes, sizeof bytes);
    shutdown(bad, SHUT_WR);
    kit_expect_closed(bad);
    close(bad);
  }
  assert_alive(good);
  close(good);
  kit_stop(&kit);
}

/* One byte after another, and never the last: it costs what has come, and time is up for it. */
static void
test_never_ending(void)
{
  Kit kit;
  kit_init(&kit);
  kit.config.connect_timeout_ns = G_GINT64_CONSTANT(300000000);
  kit_start(&kit);
  int good = kit_client(&kit, "good"), slow = kit_connect(&kit), silent = kit_connect(&kit);
  static const guint8 start[] = {0x10, 0xFF, 0xFF, 0xFF, 0x7F, 0, 4, 'M', 'Q', 'T', 'T', 5};
  for (guint i = 0; i < sizeof start; i++)
    kit_send(slow, start + i, 1);
  kit_expect_closed(slow);
  kit_expect_closed(silent);
  assert_alive(good);
  close(slow);
  close(silent);
  close(good);
  kit_stop(&kit);
}

static void
subscribe(int fd)
{
  static const guint8 request[] = {0x82, 7, 0, 1, 0, 0, 1, '#', 0};
  static const guint8 answer[] = {0x90, 4, 0, 1, 0, 0};
  kit_send(fd, request, sizeof request);
  kit_expect(fd, answer, sizeof answer);
}

/* What a reader does not read is dropped at its bound; the others get all. */
static void
test_slow_reader(void)
{
  enum { N = 2000, SIZE = 4000 };
  Kit kit;
  kit_init(&kit);
  kit.broker.qos0_backlog = 10;
  kit_start(&kit);
  int publisher = kit_client(&kit, "publisher"), slow = kit_client(&kit, "slow"),
      fast = kit_client(&kit, "fast");
  subscribe(slow);
  subscribe(fast);
  g_autofree guint8 *packet = g_malloc0(SIZE + 7);
  packet[0] = 0x30;
  packet[1] = (guint8)((SIZE + 4) | 0x80);
  packet[2] = (guint8)((SIZE + 4) >> 7);
  packet[4] = 1;
  packet[5] = 't';
  for (guint i = 0; i < N; i++) {
    memcpy(packet + 7, &i, sizeof i);
    kit_send(publisher, packet, SIZE + 7);
    kit_expect(fast, packet, SIZE + 7);
  }
  assert_alive(publisher);
  close(slow);
  close(fast);
  close(publisher);
  kit_stop(&kit);
}

/* More connections than descriptors: the rest wait, and are served when there is room. */
static void
test_descriptors(void)
{
  enum { N = 60 };
  struct rlimit before, few;
  int fds[N];
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  int good = kit_client(&kit, "good");
  for (guint i = 0; i < N; i++)
    fds[i] = kit_connect(&kit);
  for (guint i = 0; i < N; i++)
    close(fds[i]);
  assert_alive(good);
  getrlimit(RLIMIT_NOFILE, &before);
  for (guint i = 0; i < N; i++)
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  few = before;
  few.rlim_cur = (rlim_t)fds[N - 1] + 1;
  g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
  close(fds[0]);
  int first = kit_connect(&kit); /* takes the last descriptor: none is left to accept it with */
  assert_alive(good);
  close(fds[1]);
  close(good); /* the server may accept again */
  static const guint8 hello[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'x'};
  static const guint8 connack[] = {0x20, 2, 0, 0};
  kit_send(first, hello, sizeof hello);
  kit_expect(first, connack, sizeof connack);
  for (guint i = 2; i < N; i++)
    close(fds[i]);
  close(first);
  setrlimit(RLIMIT_NOFILE, &before);
  kit_stop(&kit);
}

/* A client that falls silent is given up after one and a half keep alives, and its will is sent;
 * one that only listens holds nothing up. */
static void
test_half_open(void)
{
  static const guint8 hello[] = {0x10, 26, 0, 4,   'M', 'Q', 'T', 'T', 4, 0x06,
                                 0,    1,  0, 4,   'g', 'o', 'n', 'e', 0, 1,
                                 'w',  0,  5, 's', 'a', 'd', 'l', 'y'};
  static const guint8 connack[] = {0x20, 2, 0, 0};
  static const guint8 will[] = {0x30, 9, 0, 1, 'w', 0, 's', 'a', 'd', 'l', 'y'};
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  int good = kit_client(&kit, "good"), gone = kit_connect(&kit);
  subscribe(good);
  kit_send(gone, hello, 2 + hello[1]);
  kit_expect(gone, connack, sizeof connack);
  gint64 start_us = g_get_monotonic_time();
  kit_expect(good, will, sizeof will);
  g_assert_cmpint(g_get_monotonic_time() - start_us, >=, 1400000);
  kit_expect_closed(gone);
  assert_alive(good);
  close(gone);
  close(good);
  kit_stop(&kit);
}

static gsize
resident_bytes(void)
{
  g_autofree char *text = NULL;
  gsize pages = 0;
  if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
    pages = (gsize)g_ascii_strtoull(strchr(text, ' '), NULL, 10);
  return pages * (gsize)sysconf(_SC_PAGESIZE);
}

/* A promise of 256 MB costs nothing until its bytes come. */
static void
test_promises(void)
{
  enum { N = 200 };
  static const guint8 promise[] = {0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 't', 0};
  Kit kit;
  int fds[N];
  kit_init(&kit);
  kit_start(&kit);
  int good = kit_client(&kit, "good");
  gsize before = resident_bytes();
  for (guint i = 0; i < N; i++) {
    g_autofree char *id = g_strdup_printf("promises-%u", i);
    fds[i] = kit_client(&kit, id);
    kit_send(fds[i], promise, sizeof promise);
  }
  assert_alive(good);
  g_assert_cmpuint(resident_bytes(), <, before + 64 * 1024 * 1024);
  for (guint i = 0; i < N; i++)
    close(fds[i]);
  close(good);
  kit_stop(&kit);
}

/* One that asks and asks and reads no answer is left alone when many wait for it; when it reads, it
 * gets each of them. */
static void
test_asks_without_reading(void)
{
  enum { PINGS = 1000000 }; /* bytes */
  g_autofree guint8 *pings = g_malloc(PINGS);
  gsize sent = 0, answered = 0;
  gssize n;
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  int good = kit_client(&kit, "good"), rude = kit_client(&kit, "rude");
  for (gsize i = 0; i < PINGS; i++)
    pings[i] = i % 2 == 0 ? 0xC0 : 0;
  gsize before = resident_bytes();
  struct pollfd room = {.fd = rude, .events = POLLOUT};
  while (poll(&room, 1, 500) > 0 && /* until the server has long read nothing */
         (n = send(rude, pings + sent % 2, PINGS - sent % 2, MSG_DONTWAIT)) > 0)
    sent += (gsize)n;
  /* Some 10 MB; without the bound 800. A sanitizer holds what was freed for a while: 200. */
  g_assert_cmpuint(resident_bytes(), <, before + 400 * 1024 * 1024);
  assert_alive(good);
  if (sent % 2 == 1) /* the second half of the last one goes when there is room */
    sent--;
  for (g_autoptr(GByteArray) came = g_byte_array_new(); answered < sent;) {
    g_assert_true(kit_receive(rude, KIT_PATIENCE_MS, came));
    g_assert_cmpuint(came->len, >, 0);
    answered += came->len;
    g_byte_array_set_size(came, 0);
  }
  g_assert_cmpuint(answered, ==, sent);
  assert_alive(good);
  close(rude);
  close(good);
  kit_stop(&kit);
}

/* An orderly end: clients of 5.0 are told. */
static void
test_goodbye(void)
{
  static const guint8 goodbye[] = {0xE0, 1, 0x8B};
  Kit kit;
  kit_init(&kit);
  kit_start(&kit);
  int client = kit_client(&kit, "client");
  kit_stop(&kit);
  kit_expect(client, goodbye, sizeof goodbye);
  kit_expect_closed(client);
  close(client);
}

int
main(int argc, char **argv)
{
  struct rlimit files;
  g_test_init(&argc, &argv, NULL);
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  g_test_add_func("/live/server/thousand", test_thousand);
  g_test_add_func("/live/server/garbage", test_garbage);
  g_test_add_func("/live/server/never-ending", test_never_ending);
  g_test_add_func("/live/server/slow-reader", test_slow_reader);
  g_test_add_func("/live/server/descriptors", test_descriptors);
  g_test_add_func("/live/server/half-open", test_half_open);
  g_test_add_func("/live/server/promises", test_promises);
  g_test_add_func("/live/server/asks-without-reading", test_asks_without_reading);
  g_test_add_func("/live/server/goodbye", test_goodbye);
  return g_test_run();
}
