/* What one MQTT 5 QoS 1 PUBLISH (20 bytes of topic, 100 of payload) costs to encode and decode,
 * beside the yardstick of copying its bytes twice. Prints the best of several rounds, in
 * nanoseconds for one message. */
#include "models/mqtt/codec.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define MESSAGES 400000

/* Keeps the compiler from seeing through what is measured. */
#define OPAQUE(pointer) __asm__ volatile("" : "+r"(pointer) : : "memory")

static double
now_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
copy_twice(const MqttPacket *packet, guint8 *wire)
{
  static guint8 from[160], to[160];
  const guint8 *source = from;
  guint8 *back = to;
  gsize n = mqtt_encoded_size(packet, MQTT_5_0);
  for (guint i = 0; i < MESSAGES; i++) {
    OPAQUE(source);
    OPAQUE(n);
    memcpy(wire, source, n);
    OPAQUE(wire);
    memcpy(back, wire, n);
    OPAQUE(back);
  }
}

static void
encode_and_decode(const MqttPacket *packet, guint8 *wire)
{
  MqttPacket got, *out = &got;
  for (guint i = 0; i < MESSAGES; i++) {
    gsize size;
    guint8 reason;
    OPAQUE(packet);
    gsize n = mqtt_encode(packet, MQTT_5_0, wire, 160);
    OPAQUE(wire);
    MqttDecode result =
        mqtt_decode(wire, n, MQTT_5_0, MQTT_FROM_CLIENT, MQTT_PACKET_MAX, out, &size, &reason);
    g_assert(result == MQTT_DONE && out->publish.payload.length == 100);
    OPAQUE(out);
  }
}

static double
best_ns(void (*work)(const MqttPacket *, guint8 *), const MqttPacket *packet)
{
  guint8 wire[160];
  double best = G_MAXDOUBLE;
  for (guint i = 0; i < ROUNDS; i++) {
    double start = now_ns();
    work(packet, wire);
    best = MIN(best, now_ns() - start);
  }
  return best / MESSAGES;
}

int
main(void)
{
  guint8 payload[100] = {0};
  MqttPacket publish = {.type = MQTT_PUBLISH,
                        .publish = {.qos = 1,
                                    .packet_id = 7,
                                    .topic = MQTT_BYTES("fleet/sensor-17/temp"),
                                    .payload = {payload, sizeof payload}}};
  double yardstick = best_ns(copy_twice, &publish);
  double codec = best_ns(encode_and_decode, &publish);
  printf("%.1f ns to encode and decode a PUBLISH of %" G_GSIZE_FORMAT
         " bytes; memcpy twice %.1f ns; ratio %.1f\n",
         codec, mqtt_encoded_size(&publish, MQTT_5_0), yardstick, codec / yardstick);
  return 0;
}
