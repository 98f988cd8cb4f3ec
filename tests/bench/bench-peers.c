/* How many messages a second a broker on a loopback port carries: PAIRS publishers, each with a
 * subscriber of its own and never more than 100 messages on their way to it, so that no broker has
 * to queue or drop any. The client is the same machine for every broker.
 *
 *   bench-peers PORT QOS PAIRS MESSAGES
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "models/mqtt/client.h"

#define WINDOW 100
#define PAYLOAD 100
#define SLICE 65536
#define PATIENCE_MS 10000

typedef struct {
  int fd;
  MqttClient *machine;
  GByteArray *in;
} End;

typedef struct {
  End ends[2]; /* publisher, subscriber */
  char topic[32];
  gboolean subscribed;
  guint sent, came;
} Pair;

static MqttClientConfig config;
static MqttEvents events;
static Pair *pairs;
static guint n_pairs, messages, subscribed, done;
static guint8 qos;
static int poller;

static gint64
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static _Noreturn void
die(const char *what)
{
  fprintf(stderr, "bench-peers: %s\n", what);
  exit(1);
}

static void
take_events(Pair *pair)
{
  for (guint i = 0; i < events.length; i++)
    switch (events.items[i].type) {
    case MQTT_EVENT_SUBSCRIBED:
      if (!pair->subscribed)
        subscribed++;
      pair->subscribed = TRUE;
      break;
    case MQTT_EVENT_MESSAGE:
      done += ++pair->came == messages;
      break;
    case MQTT_EVENT_REFUSED:
    case MQTT_EVENT_CLOSE:
      die("the broker refused or ended a connection");
    default:
      break;
    }
  events.length = 0;
}

static void
write_out(Pair *pair, End *end)
{
  static guint8 slice[SLICE];
  gsize n = 0, one;
  while (n < SLICE / 2 &&
         (one = mqtt_client_output(end->machine, now_ns(), slice + n, SLICE - n)) > 0)
    n += one;
  take_events(pair);
  for (gsize at = 0; at < n;) { /* what is on its way always fits into the socket's buffer soon */
    gssize sent = send(end->fd, slice + at, n - at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
      die("a connection broke");
    at += (gsize)MAX(sent, 0);
  }
}

/* As many as the window takes. */
static void
publish_some(Pair *pair)
{
  static const guint8 payload[PAYLOAD];
  MqttPublish publish = {
      .qos = qos, .topic = mqtt_bytes(pair->topic), .payload = {payload, sizeof payload}};
  while (pair->sent < messages && pair->sent - pair->came < WINDOW) {
    if (mqtt_client_publish(pair->ends[0].machine, now_ns(), &publish) != MQTT_PUBLISH_ACCEPTED)
      die("publish() failed");
    pair->sent++;
  }
  take_events(pair);
  write_out(pair, &pair->ends[0]);
}

static void
read_in(Pair *pair, End *end)
{
  static guint8 slice[SLICE];
  gssize n = recv(end->fd, slice, SLICE, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN))
    die("a connection ended");
  if (n <= 0)
    return;
  g_byte_array_append(end->in, slice, (guint)n);
  gsize at = 0, one;
  while ((one = mqtt_client_input(end->machine, now_ns(), end->in->data + at, end->in->len - at)) >
         0) {
    at += one;
    take_events(pair);
  }
  if (at > 0)
    g_byte_array_remove_range(end->in, 0, (guint)at);
  write_out(pair, end);
}

static void
end_open(Pair *pair, guint number, guint which, guint16 port)
{
  End *end = &pair->ends[which];
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = number * 2 + which};
  g_autofree char *id = g_strdup_printf("%s-%u", which == 0 ? "publisher" : "subscriber", number);
  int on = 1;
  *end = (End){.fd = socket(AF_INET, SOCK_STREAM, 0), .in = g_byte_array_new()};
  end->machine = mqtt_client_new(&config, mqtt_bytes(id), &events);
  mqtt_client_connecting(end->machine, now_ns());
  if (connect(end->fd, (struct sockaddr *)&to, sizeof to) != 0)
    die("there is no broker");
  setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  mqtt_client_opened(end->machine, now_ns());
  write_out(pair, end);
  while (!mqtt_client_connected(end->machine))
    read_in(pair, end);
  epoll_ctl(poller, EPOLL_CTL_ADD, end->fd, &event);
}

static void
turn(void)
{
  struct epoll_event ready[64];
  int n = epoll_wait(poller, ready, G_N_ELEMENTS(ready), PATIENCE_MS);
  if (n <= 0)
    die("nothing came for too long: messages were lost");
  for (int i = 0; i < n; i++) {
    Pair *pair = &pairs[ready[i].data.u32 / 2];
    read_in(pair, &pair->ends[ready[i].data.u32 % 2]);
    if (subscribed == n_pairs)
      publish_some(pair);
  }
}

static guint
number_of(const char *text, guint low, guint high)
{
  guint64 number;
  if (!g_ascii_string_to_unsigned(text, 10, low, high, &number, NULL))
    die("usage: bench-peers PORT QOS PAIRS MESSAGES");
  return (guint)number;
}

int
main(int argc, char **argv)
{
  if (argc != 5)
    die("usage: bench-peers PORT QOS PAIRS MESSAGES");
  guint16 port = (guint16)number_of(argv[1], 1, 65535);
  qos = (guint8)number_of(argv[2], 0, 2);
  n_pairs = number_of(argv[3], 1, 500);
  messages = number_of(argv[4], 1, 1000000000) / n_pairs;
  mqtt_client_config_default(&config);
  config.keep_alive_s = 0;
  poller = epoll_create1(0);
  pairs = g_new0(Pair, n_pairs);
  for (guint i = 0; i < n_pairs; i++) {
    g_snprintf(pairs[i].topic, sizeof pairs[i].topic, "bench/%u", i);
    for (guint which = 0; which < 2; which++)
      end_open(&pairs[i], i, which, port);
    mqtt_client_subscribe(pairs[i].ends[1].machine, now_ns(), mqtt_bytes(pairs[i].topic), qos, 0);
    write_out(&pairs[i], &pairs[i].ends[1]);
  }
  while (subscribed < n_pairs)
    turn();
  gint64 start_ns = now_ns();
  for (guint i = 0; i < n_pairs; i++)
    publish_some(&pairs[i]);
  while (done < n_pairs)
    turn();
  printf("%.0f\n", (double)messages * n_pairs * 1e9 / (double)(now_ns() - start_ns));
  return 0;
}
