/* Bytes <-> packets, both versions, every property and reason code. No state, no allocation, no
 * I/O. Decoding is three-valued and bounded; nothing is consumed but on success; a length is never
 * trusted. */
#pragma once

#include "models/mqtt/packet.h"

typedef enum { MQTT_NEED_MORE, MQTT_DONE, MQTT_MALFORMED } MqttDecode;

typedef enum {
  MQTT_FROM_CLIENT,
  MQTT_FROM_SERVER
} MqttSender; /* who sent the bytes: some packets go one way */

#define MQTT_REMAINING_MAX 268435455u
#define MQTT_PACKET_MAX (MQTT_REMAINING_MAX + 5)

/* Decodes one packet at data. DONE: *size is its length, *packet points into data. NEED_MORE: *size
 * is the length of the whole packet if already known, else 0. MALFORMED: *reason is the reason code
 * to close with (0x81, 0x82, ...). version is that of the connection; a CONNECT carries its own (an
 * unknown level or name: MALFORMED with 0x84). A packet longer than maximum is MALFORMED with 0x95
 * as soon as its length is known. */
MqttDecode mqtt_decode(const guint8 *data, gsize n, MqttVersion version, MqttSender sender,
                       gsize maximum, MqttPacket *packet, gsize *size, guint8 *reason);

/* The same; last: a topic that was found valid before, and need not be looked at again. */
MqttDecode mqtt_decode_after(const guint8 *data, gsize n, MqttVersion version, MqttSender sender,
                             gsize maximum, MqttBytes last, MqttPacket *packet, gsize *size,
                             guint8 *reason);

#define MQTT_SHORT_ACK 4

/* A PUBACK of success, which is left out, and its identifier: half of all packets of QoS 1. FALSE:
 * the bytes, of which there are that many, begin otherwise. */
static inline gboolean
mqtt_decode_puback(const guint8 *data, guint16 *packet_id)
{
  *packet_id = (guint16)(data[2] << 8 | data[3]);
  return data[0] == MQTT_PUBACK << 4 && data[1] == MQTT_SHORT_ACK - 2 && *packet_id != 0;
}

/* Length of the whole encoded packet; 0 if it would exceed MQTT_PACKET_MAX. */
gsize mqtt_encoded_size(const MqttPacket *packet, MqttVersion version);
/* Encodes into dst; returns the bytes written, or 0 if room is too small. The shortest legal form
 * is chosen (sections 3.4.2.1, 3.14.2.1: success without properties is left out). 3.1.1 has no
 * properties: none are written. Of a block the fields in present are written in the order of their
 * identifiers, then extra; a decoded block goes out again as it came only if what may repeat was
 * put into extra. Asserts what is the caller's: strings below 64 KiB, no packet identifier 0, no
 * property where it may not stand. */
gsize mqtt_encode(const MqttPacket *packet, MqttVersion version, guint8 *dst, gsize room);

/* PUBACK, PUBREC, PUBREL or PUBCOMP with success, PINGREQ or PINGRESP: the same bytes. */
static inline gsize
mqtt_encode_success(MqttPacketType type, guint16 packet_id, guint8 *dst, gsize room)
{
  gboolean ping = type == MQTT_PINGREQ || type == MQTT_PINGRESP;
  gsize n = ping ? 2 : 4;
  if (room < n)
    return 0;
  dst[0] = (guint8)(type << 4 | (type == MQTT_PUBREL ? 2 : 0));
  dst[1] = (guint8)(n - 2);
  if (ping)
    return n;
  g_assert(packet_id != 0);
  dst[2] = (guint8)(packet_id >> 8);
  dst[3] = (guint8)packet_id;
  return n;
}

/* The same with a reason, which 3.1.1 does not say. */
gsize mqtt_encode_short(MqttPacketType type, guint16 packet_id, guint8 reason, MqttVersion version,
                        guint8 *dst, gsize room);

/* All of a PUBLISH that comes before its payload; the payload's length counts. Returns 0 if room is
 * too small. For messages larger than the room: header first, then the payload in slices. */
gsize mqtt_encode_publish_header(const MqttPublish *publish, MqttVersion version, guint8 *dst,
                                 gsize room);

/* Takes the next filter (with options, if it is a SUBSCRIBE's) off entries; FALSE at the end. */
gboolean mqtt_filter_next(MqttBytes *entries, gboolean with_options, MqttBytes *filter,
                          guint8 *options);
/* Appends one to dst; returns the bytes written or 0. */
gsize mqtt_filter_put(MqttBytes filter, gboolean with_options, guint8 options, guint8 *dst,
                      gsize room);
/* Takes the next property off a raw block: its identifier, its encoded bytes with identifier (for
 * extra), for a User Property the pair, for another string or binary its value, else its number.
 * FALSE at the end. No pointer may be NULL. */
gboolean mqtt_property_next(MqttBytes *raw, guint8 *property, MqttBytes *encoded, MqttBytes *name,
                            MqttBytes *value, guint32 *number);

const char *mqtt_packet_name(MqttPacketType type); /* "PUBLISH" */
const char *mqtt_reason_name(guint8 reason); /* "Packet Identifier in use"; NULL if there is none */
/* Whether the reason code may stand in that packet (table 2-6). */
gboolean mqtt_reason_allowed(MqttPacketType type, guint8 reason);
