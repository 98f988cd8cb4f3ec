/* What both directions of the codec share: names, reason codes, lists of filters. */
#include "models/mqtt/codec.h"
#include "models/mqtt/wire.h"

#define IN(type) (1u << MQTT_##type)
#define CD (IN(CONNACK) | IN(DISCONNECT))
#define PUBLISHED (IN(PUBACK) | IN(PUBREC))
#define RELEASED (IN(PUBREL) | IN(PUBCOMP))
#define SUBSCRIBED (IN(SUBACK) | IN(UNSUBACK))

/* Table 2-6; CONNACK 0x99 and 0x90 are in table 3-1. */
static const struct {
  guint16 packets;
  const char *name;
} reasons[] = {
  [0x00] = { PUBLISHED | RELEASED | SUBSCRIBED | CD | IN(AUTH), "Success" },
  [0x01] = { IN(SUBACK), "Granted QoS 1" },
  [0x02] = { IN(SUBACK), "Granted QoS 2" },
  [0x04] = { IN(DISCONNECT), "Disconnect with Will Message" },
  [0x10] = { PUBLISHED, "No matching subscribers" },
  [0x11] = { IN(UNSUBACK), "No subscription existed" },
  [0x18] = { IN(AUTH), "Continue authentication" },
  [0x19] = { IN(AUTH), "Re-authenticate" },
  [0x80] = { CD | PUBLISHED | SUBSCRIBED, "Unspecified error" },
  [0x81] = { CD, "Malformed Packet" },
  [0x82] = { CD, "Protocol Error" },
  [0x83] = { CD | PUBLISHED | SUBSCRIBED, "Implementation specific error" },
  [0x84] = { IN(CONNACK), "Unsupported Protocol Version" },
  [0x85] = { IN(CONNACK), "Client Identifier not valid" },
  [0x86] = { IN(CONNACK), "Bad User Name or Password" },
  [0x87] = { CD | PUBLISHED | SUBSCRIBED, "Not authorized" },
  [0x88] = { IN(CONNACK), "Server unavailable" },
  [0x89] = { CD, "Server busy" },
  [0x8A] = { IN(CONNACK), "Banned" },
  [0x8B] = { IN(DISCONNECT), "Server shutting down" },
  [0x8C] = { CD, "Bad authentication method" },
  [0x8D] = { IN(DISCONNECT), "Keep Alive timeout" },
  [0x8E] = { IN(DISCONNECT), "Session taken over" },
  [0x8F] = { SUBSCRIBED | IN(DISCONNECT), "Topic Filter invalid" },
  [0x90] = { CD | PUBLISHED, "Topic Name invalid" },
  [0x91] = { PUBLISHED | SUBSCRIBED, "Packet Identifier in use" },
  [0x92] = { RELEASED, "Packet Identifier not found" },
  [0x93] = { IN(DISCONNECT), "Receive Maximum exceeded" },
  [0x94] = { IN(DISCONNECT), "Topic Alias invalid" },
  [0x95] = { CD, "Packet too large" },
  [0x96] = { IN(DISCONNECT), "Message rate too high" },
  [0x97] = { CD | PUBLISHED | IN(SUBACK), "Quota exceeded" },
  [0x98] = { IN(DISCONNECT), "Administrative action" },
  [0x99] = { CD | PUBLISHED, "Payload format invalid" },
  [0x9A] = { CD, "Retain not supported" },
  [0x9B] = { CD, "QoS not supported" },
  [0x9C] = { CD, "Use another server" },
  [0x9D] = { CD, "Server moved" },
  [0x9E] = { IN(SUBACK) | IN(DISCONNECT), "Shared Subscriptions not supported" },
  [0x9F] = { CD, "Connection rate exceeded" },
  [0xA0] = { IN(DISCONNECT), "Maximum connect time" },
  [0xA1] = { IN(SUBACK) | IN(DISCONNECT), "Subscription Identifiers not supported" },
  [0xA2] = { IN(SUBACK) | IN(DISCONNECT), "Wildcard Subscriptions not supported" },
};

const char *
mqtt_reason_name(guint8 reason)
{
  return reason < G_N_ELEMENTS(reasons) ? reasons[reason].name : NULL;
}

gboolean
mqtt_reason_allowed(MqttPacketType type, guint8 reason)
{
  return reason < G_N_ELEMENTS(reasons) && (reasons[reason].packets >> type & 1);
}

const char *
mqtt_packet_name(MqttPacketType type)
{
  static const char *const names[] = {
    [MQTT_CONNECT] = "CONNECT",     [MQTT_CONNACK] = "CONNACK",
    [MQTT_PUBLISH] = "PUBLISH",     [MQTT_PUBACK] = "PUBACK",
    [MQTT_PUBREC] = "PUBREC",       [MQTT_PUBREL] = "PUBREL",
    [MQTT_PUBCOMP] = "PUBCOMP",     [MQTT_SUBSCRIBE] = "SUBSCRIBE",
    [MQTT_SUBACK] = "SUBACK",       [MQTT_UNSUBSCRIBE] = "UNSUBSCRIBE",
    [MQTT_UNSUBACK] = "UNSUBACK",   [MQTT_PINGREQ] = "PINGREQ",
    [MQTT_PINGRESP] = "PINGRESP",   [MQTT_DISCONNECT] = "DISCONNECT",
    [MQTT_AUTH] = "AUTH",
  };
  g_assert(type >= MQTT_CONNECT && type <= MQTT_AUTH);
  return names[type];
}

gboolean
mqtt_filter_next(MqttBytes *entries, gboolean with_options, MqttBytes *filter, guint8 *options)
{
  MqttCursor c = { entries->data, entries->data + entries->length };
  if (!mqtt_take_bytes(&c, filter))
    return FALSE;
  if (with_options && !mqtt_take_u8(&c, options))
    return FALSE;
  *entries = (MqttBytes){ c.p, (guint32)mqtt_left(&c) };
  return TRUE;
}

gsize
mqtt_filter_put(MqttBytes filter, gboolean with_options, guint8 options, guint8 *dst, gsize room)
{
  gsize size = 2 + (gsize)filter.length + (with_options ? 1 : 0);
  if (room < size)
    return 0;
  dst = mqtt_put_bytes(dst, filter);
  if (with_options)
    *dst = options;
  return size;
}
