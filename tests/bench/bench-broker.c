/* What the broker's machine spends on a message: with subscriptions that do not match, with idle
 * sessions that have a keep alive, and with many subscribers. Each message is a PUBLISH of QoS 1
 * from one connection, its PUBACK, and for each subscriber the PUBLISH written to its connection
 * and its PUBACK. Instructions are those inside deliver(), counted by callgrind, if it is there:
 * the connections are made outside of it, and no keep alive falls due in it. A long copy counts as
 * one for each byte, so the last two rows show how often a payload is copied for a subscriber.
 * Beside them, what a connected idle session keeps in memory.
 *
 *     bench-broker IDLE OTHERS SUBSCRIBERS PAYLOAD MESSAGES     one row only: for callgrind */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/mqtt/broker.h"
#include "models/mqtt/codec.h"

#define PAYLOAD_MAX 100000
#define ROOM (PAYLOAD_MAX + 1000)
#define PER_SESSION 10 /* subscriptions that do not match */

typedef struct {
  guint idle;        /* sessions that only have a keep alive */
  guint others;      /* subscriptions that do not match, PER_SESSION to each of so many sessions */
  guint subscribers; /* that get each message */
  guint payload;
} Load;

typedef struct {
  MqttBrokerConfig config;
  MqttBroker *broker;
  MqttEvents events;
  gint64 now_ns;
  guint connections; /* 0 is the publisher's, then come the subscribers' */
  guint8 packet[ROOM], sink[ROOM];
} Bench;

static double
cpu_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
send_packet(Bench *bench, guint conn, const MqttPacket *packet)
{
  gsize n = mqtt_encode(packet, MQTT_5_0, bench->packet, sizeof bench->packet);
  gsize taken = mqtt_broker_input(bench->broker, bench->now_ns, conn, bench->packet, n);
  g_assert(n > 0 && taken == n);
  bench->events.length = 0;
}

/* Takes what is written; the subscribers acknowledge. */
static void
pull(Bench *bench)
{
  guint8 puback[] = {MQTT_PUBACK << 4, 2, 0, 0};
  for (guint32 conn; (conn = mqtt_broker_next_ready(bench->broker)) != MQTT_NO_PEER;) {
    gsize n;
    while ((n = mqtt_broker_output(bench->broker, bench->now_ns, conn, bench->sink, ROOM)) > 0) {
      if (bench->sink[0] >> 4 != MQTT_PUBLISH)
        continue;
      guint length = bench->sink[1] < 0x80 ? 1 : bench->sink[2] < 0x80 ? 2 : 3;
      const guint8 *topic = bench->sink + 1 + length;
      memcpy(puback + 2, topic + 2 + (topic[0] << 8 | topic[1]), 2);
      mqtt_broker_input(bench->broker, bench->now_ns, conn, puback, sizeof puback);
    }
    bench->events.length = 0;
  }
}

static guint
add_session(Bench *bench)
{
  guint conn = bench->connections++;
  g_autofree char *name = g_strdup_printf("sensor-%06u", conn);
  mqtt_broker_open(bench->broker, bench->now_ns, conn, conn);
  MqttPacket connect = {.type = MQTT_CONNECT,
                        .connect = {.version = MQTT_5_0,
                                    .clean_start = TRUE,
                                    .keep_alive_s = 60,
                                    .client_id = mqtt_bytes(name)}};
  send_packet(bench, conn, &connect);
  pull(bench);
  return conn;
}

static void
subscribe(Bench *bench, guint conn, const char *filter)
{
  guint8 entry[100];
  gsize n = mqtt_filter_put(mqtt_bytes(filter), TRUE, 1, entry, sizeof entry);
  MqttPacket packet = {.type = MQTT_SUBSCRIBE,
                       .subscribe = {.packet_id = 1, .entries = {entry, (guint32)n}}};
  send_packet(bench, conn, &packet);
  pull(bench);
}

/* Filters of a fleet: by the device, by what it measures, and one wildcard in ten. */
static void
subscribe_others(Bench *bench, guint conn)
{
  for (guint i = 0; i < PER_SESSION; i++) {
    g_autofree char *filter = i == 0 ? g_strdup_printf("fleet/device-%06u/+", conn)
                                     : g_strdup_printf("fleet/device-%06u/value-%u", conn, i);
    subscribe(bench, conn, filter);
  }
}

static Bench *
bench_new(const Load *load)
{
  Bench *bench = g_new0(Bench, 1);
  mqtt_broker_config_default(&bench->config);
  bench->broker = mqtt_broker_new(&bench->config, &bench->events);
  add_session(bench);
  for (guint i = 0; i < load->subscribers; i++)
    subscribe(bench, add_session(bench), "fleet/sensor-17/temp");
  for (guint i = 0; i < load->idle; i++)
    add_session(bench);
  for (guint i = 0; i < load->others; i += PER_SESSION)
    subscribe_others(bench, add_session(bench));
  return bench;
}

static void
bench_free(Bench *bench)
{
  mqtt_broker_free(bench->broker);
  mqtt_events_clear(&bench->events);
  g_free(bench);
}

/* What is counted; its name stands on callgrind's command line. */
static void G_GNUC_NO_INLINE
deliver(Bench *bench, guint payload, guint messages)
{
  static const guint8 bytes[PAYLOAD_MAX];
  MqttPacket publish = {.type = MQTT_PUBLISH,
                        .publish = {.qos = 1,
                                    .packet_id = 1,
                                    .topic = MQTT_BYTES("fleet/sensor-17/temp"),
                                    .payload = {bytes, payload}}};
  for (guint i = 0; i < messages; i++) {
    bench->now_ns += 1000;
    send_packet(bench, 0, &publish);
    pull(bench);
  }
}

static double
time_ns(const Load *load)
{
  double best = G_MAXDOUBLE;
  guint messages = MAX(100, 20000 / load->subscribers);
  Bench *bench = bench_new(load);
  for (guint i = 0; i < 7; i++) {
    double start = cpu_s();
    deliver(bench, load->payload, messages);
    best = MIN(best, cpu_s() - start);
  }
  bench_free(bench);
  return best * 1e9 / messages;
}

/* Of one message; 0: valgrind is not there. */
static double
instructions(const char *program, const Load *load)
{
  guint messages = MAX(10, 1000 / load->subscribers);
  g_autofree char *command = g_strdup_printf(
      "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=deliver %s "
      "%u %u %u %u %u",
      program, load->idle, load->others, load->subscribers, load->payload, messages);
  g_autofree char *talk = NULL;
  if (!g_spawn_command_line_sync(command, NULL, &talk, NULL, NULL))
    return 0;
  const char *found = strstr(talk, "Collected : ");
  return found == NULL ? 0 : g_ascii_strtod(found + strlen("Collected : "), NULL) / messages;
}

static void
print_row(const char *program, const Load *load)
{
  double ns = time_ns(load), n = instructions(program, load);
  g_autofree char *counted =
      n > 0 ? g_strdup_printf("%14.0f %14.0f", n, n / load->subscribers) : g_strdup("-");
  printf("%8u %8u %12u %8u %12.0f %s\n", load->idle, load->others, load->subscribers, load->payload,
         ns, counted);
  fflush(stdout);
}

static void
print_memory(guint sessions, gboolean subscribed)
{
  Load none = {.subscribers = 1};
  Bench *bench = bench_new(&none);
  gsize before = mallinfo2().uordblks;
  for (guint i = 0; i < sessions; i++) {
    guint conn = add_session(bench);
    g_autofree char *filter = g_strdup_printf("fleet/sensor-%06u/set", conn);
    if (subscribed)
      subscribe(bench, conn, filter);
  }
  printf("memory of an idle session with a keep alive%s: %.0f bytes (of %u)\n",
         subscribed ? " and a subscription" : "",
         (double)(mallinfo2().uordblks - before) / sessions, sessions);
  bench_free(bench);
}

int
main(int argc, char **argv)
{
  static const Load loads[] = {
      {.others = 0, .subscribers = 1, .payload = 100},
      {.others = 1000, .subscribers = 1, .payload = 100},
      {.others = 100000, .subscribers = 1, .payload = 100},
      {.idle = 10, .subscribers = 1, .payload = 100},
      {.idle = 100000, .subscribers = 1, .payload = 100},
      {.subscribers = 10, .payload = 100},
      {.subscribers = 1000, .payload = 100},
      {.subscribers = 1000, .payload = 10000},
  };
  if (argc == 6) {
    Load load = {(guint)atoi(argv[1]), (guint)atoi(argv[2]), (guint)atoi(argv[3]),
                 (guint)atoi(argv[4])};
    Bench *bench = bench_new(&load);
    deliver(bench, MIN(load.payload, PAYLOAD_MAX), (guint)atoi(argv[5]));
    bench_free(bench);
    return 0;
  }
  printf("%8s %8s %12s %8s %12s %14s %14s\n", "idle", "others", "subscribers", "payload",
         "ns/message", "instructions", "per subscriber");
  for (guint i = 0; i < G_N_ELEMENTS(loads); i++)
    print_row(argv[0], &loads[i]);
  print_memory(100000, FALSE);
  print_memory(100000, TRUE);
  return 0;
}
