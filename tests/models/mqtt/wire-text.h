/* Bytes written for readers: hexadecimal digits, and text in single quotes: "30 05 0003'a/b'". */
#pragma once

#include "models/mqtt/codec.h"

static inline GByteArray *
wire_bytes(const char *text)
{
  GByteArray *bytes = g_byte_array_new();
  gboolean quoted = FALSE;
  for (const char *p = text; *p != '\0'; p++) {
    guint8 byte = (guint8)*p;
    if (*p == '\'') {
      quoted = !quoted;
      continue;
    }
    if (!quoted) {
      if (*p == ' ')
        continue;
      g_assert(g_ascii_isxdigit(p[0]) && g_ascii_isxdigit(p[1]));
      byte = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
      p++;
    }
    g_byte_array_append(bytes, &byte, 1);
  }
  g_assert_false(quoted);
  return bytes;
}

/* Makes a decoded block one that can be encoded: what may repeat goes from raw to extra. */
static inline void
wire_keep_extra(MqttProperties *properties, gboolean publish, GByteArray *extra)
{
  MqttBytes raw = properties->raw, encoded, name, value;
  guint32 number;
  guint8 id;
  gsize start = extra->len;
  while (mqtt_property_next(&raw, &id, &encoded, &name, &value, &number)) {
    if (id == MQTT_PROP_USER_PROPERTY || (publish && id == MQTT_PROP_SUBSCRIPTION_ID))
      g_byte_array_append(extra, encoded.data, encoded.length);
  }
  g_assert_cmpuint(raw.length, ==, 0);
  if (publish)
    properties->present &= ~((guint64)1 << MQTT_PROP_SUBSCRIPTION_ID);
  properties->extra = (MqttBytes){extra->data + start, (guint32)(extra->len - start)};
}

/* The encoding of a decoded packet, to be freed. */
static inline GByteArray *
wire_encode_again(MqttPacket packet, MqttVersion version)
{
  GByteArray *extra = g_byte_array_sized_new(64), *will = g_byte_array_sized_new(64);
  switch (packet.type) {
  case MQTT_CONNECT:
    version = packet.connect.version;
    wire_keep_extra(&packet.connect.properties, FALSE, extra);
    if (packet.connect.has_will)
      wire_keep_extra(&packet.connect.will_properties, FALSE, will);
    break;
  case MQTT_CONNACK:
    wire_keep_extra(&packet.connack.properties, FALSE, extra);
    break;
  case MQTT_PUBLISH:
    wire_keep_extra(&packet.publish.properties, TRUE, extra);
    break;
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBREL:
  case MQTT_PUBCOMP:
    wire_keep_extra(&packet.ack.properties, FALSE, extra);
    break;
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    wire_keep_extra(&packet.subscribe.properties, FALSE, extra);
    break;
  case MQTT_SUBACK:
  case MQTT_UNSUBACK:
    wire_keep_extra(&packet.suback.properties, FALSE, extra);
    break;
  case MQTT_DISCONNECT:
  case MQTT_AUTH:
    wire_keep_extra(&packet.disconnect.properties, FALSE, extra);
    break;
  case MQTT_PINGREQ:
  case MQTT_PINGRESP:
    break;
  }
  gsize size = mqtt_encoded_size(&packet, version);
  g_assert_cmpuint(size, >, 0);
  GByteArray *bytes = g_byte_array_sized_new((guint)size);
  g_byte_array_set_size(bytes, (guint)size);
  gsize written = mqtt_encode(&packet, version, bytes->data, size);
  g_assert_cmpuint(written, ==, size);
  g_byte_array_unref(extra);
  g_byte_array_unref(will);
  return bytes;
}

/* The bytes are one packet that this sender may send: reason codes and properties are those of the
 * packet (tables 2-4 and 2-6). */
static inline void
wire_assert_packet(const guint8 *data, gsize n, MqttVersion version, MqttSender sender)
{
  MqttPacket packet;
  gsize size;
  guint8 reason;
  g_assert_cmpint(mqtt_decode(data, n, version, sender, MQTT_PACKET_MAX, &packet, &size, &reason),
                  ==, MQTT_DONE);
  g_assert_cmpuint(size, ==, n);
}
