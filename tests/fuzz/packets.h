/* Packets built from the bytes of a fuzzer. They are mostly legal, and of few topics and
 * identifiers, so that a sequence of them gets far; some are damaged on purpose. */
#pragma once

#include "models/mqtt/codec.h"
#include "tests/fuzz/input.h"

#define FUZZ_PACKET_MAX 8192
#define FUZZ_NAMES 4

/* The client identifiers in use: "c0" .. */
MqttBytes fuzz_name(guint i);
/* Which of them it is, or FUZZ_NAMES. */
guint fuzz_name_index(MqttBytes id);
MqttBytes fuzz_topic(FuzzInput *in);
MqttBytes fuzz_filter(FuzzInput *in);
guint8 fuzz_options(FuzzInput *in, MqttVersion version, MqttBytes filter);
/* Topic, payload, QoS and flags of an application message; storage holds the payload. No packet
 * identifier yet. */
MqttPublish fuzz_publish(FuzzInput *in, MqttVersion version, guint8 storage[FUZZ_PACKET_MAX]);
/* One packet of a type that this sender may send. Returns its length. */
gsize fuzz_packet(FuzzInput *in, MqttPacketType type, MqttVersion version, MqttSender sender,
                  guint8 dst[FUZZ_PACKET_MAX]);
/* Changes a byte or two of it. */
void fuzz_damage(FuzzInput *in, guint8 *packet, gsize n);
