/* Bytes to packets. What cannot be parsed is a Malformed Packet (0x81), what parses but may not be
 * said is a Protocol Error (0x82): the distinction of section 1.2, with the codes that the text
 * names for single cases. */
#include "models/mqtt/property.h"
#include "models/mqtt/topic.h"

enum { CLIENT = 1 << MQTT_FROM_CLIENT, SERVER = 1 << MQTT_FROM_SERVER };

/* Tables 2-1 and 2-2: flags, and who may send it. */
static const struct {
  guint8 flags;
  guint8 senders_5, senders_3; /* 0: no such packet */
} headers[16] = {
    [MQTT_CONNECT] = {0, CLIENT, CLIENT},
    [MQTT_CONNACK] = {0, SERVER, SERVER},
    [MQTT_PUBLISH] = {0, CLIENT | SERVER, CLIENT | SERVER},
    [MQTT_PUBACK] = {0, CLIENT | SERVER, CLIENT | SERVER},
    [MQTT_PUBREC] = {0, CLIENT | SERVER, CLIENT | SERVER},
    [MQTT_PUBREL] = {2, CLIENT | SERVER, CLIENT | SERVER},
    [MQTT_PUBCOMP] = {0, CLIENT | SERVER, CLIENT | SERVER},
    [MQTT_SUBSCRIBE] = {2, CLIENT, CLIENT},
    [MQTT_SUBACK] = {0, SERVER, SERVER},
    [MQTT_UNSUBSCRIBE] = {2, CLIENT, CLIENT},
    [MQTT_UNSUBACK] = {0, SERVER, SERVER},
    [MQTT_PINGREQ] = {0, CLIENT, CLIENT},
    [MQTT_PINGRESP] = {0, SERVER, SERVER},
    [MQTT_DISCONNECT] = {0, CLIENT | SERVER, CLIENT},
    [MQTT_AUTH] = {0, CLIENT | SERVER, 0},
};

static inline guint8
check_first_byte(guint8 first, MqttVersion version, MqttSender sender)
{
  guint type = first >> 4, flags = first & 15, qos = flags >> 1 & 3;
  if (type == MQTT_PUBLISH) /* [MQTT-3.3.1-4], [MQTT-3.3.1-2]: invalid flags too */
    return qos == 3 || (qos == 0 && (flags & 8)) ? MQTT_MALFORMED_PACKET : MQTT_SUCCESS;
  guint senders = version == MQTT_5_0 ? headers[type].senders_5 : headers[type].senders_3;
  if (senders == 0 || flags != headers[type].flags)
    return MQTT_MALFORMED_PACKET; /* [MQTT-2.1.3-1] */
  return senders >> sender & 1 ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

/* A property block if the version has them; nearly always there is none, or it is empty. The cursor
 * of the caller can stay in registers. */
static inline __attribute__((always_inline)) guint8
take_properties(MqttCursor *c, guint owner, MqttVersion version, MqttSender sender,
                MqttProperties *properties)
{
  if (version == MQTT_5_0 && (c->p == c->end || *c->p != 0)) {
    MqttCursor cursor = *c;
    guint8 reason = mqtt_properties_decode(owner, sender, &cursor, properties);
    *c = cursor;
    return reason;
  }
  c->p += version == MQTT_5_0;
  mqtt_properties_none(properties);
  return MQTT_SUCCESS;
}

/* [MQTT-2.2.1-3] and [MQTT-2.2.1-4]: never zero. */
static inline guint8
take_packet_id(MqttCursor *c, guint16 *packet_id)
{
  if (!mqtt_take_u16(c, packet_id))
    return MQTT_MALFORMED_PACKET;
  return *packet_id != 0 ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

static gboolean
take_string(MqttCursor *c, MqttBytes *string)
{
  return mqtt_take_bytes(c, string) && mqtt_utf8_valid(*string);
}

static guint8
take_protocol(MqttCursor *c, MqttConnect *connect)
{
  MqttBytes name;
  guint8 level;
  if (!mqtt_take_bytes(c, &name))
    return MQTT_MALFORMED_PACKET;
  if (name.length != 4 || memcmp(name.data, "MQTT", 4) != 0)
    return MQTT_UNSUPPORTED_VERSION; /* [MQTT-3.1.2-1] */
  if (!mqtt_take_u8(c, &level))
    return MQTT_MALFORMED_PACKET;
  if (level != MQTT_5_0 && level != MQTT_3_1_1)
    return MQTT_UNSUPPORTED_VERSION; /* [MQTT-3.1.2-2] */
  connect->version = (MqttVersion)level;
  return MQTT_SUCCESS;
}

static guint8
take_connect_flags(MqttCursor *c, MqttConnect *connect)
{
  guint8 flags;
  if (!mqtt_take_u8(c, &flags) || !mqtt_take_u16(c, &connect->keep_alive_s))
    return MQTT_MALFORMED_PACKET;
  connect->clean_start = flags >> 1 & 1;
  connect->has_will = flags >> 2 & 1;
  connect->will_qos = flags >> 3 & 3;
  connect->will_retain = flags >> 5 & 1;
  connect->has_password = flags >> 6 & 1;
  connect->has_user = flags >> 7 & 1;
  if (flags & 1)
    return MQTT_MALFORMED_PACKET; /* [MQTT-3.1.2-3] */
  if (connect->will_qos == 3)
    return MQTT_MALFORMED_PACKET; /* [MQTT-3.1.2-12] */
  if (!connect->has_will && (connect->will_qos != 0 || connect->will_retain))
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.1.2-11], [MQTT-3.1.2-13] */
  if (connect->version == MQTT_3_1_1 && connect->has_password && !connect->has_user)
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.1.2-22] of 3.1.1 */
  return MQTT_SUCCESS;
}

static guint8
take_will(MqttCursor *c, MqttConnect *connect)
{
  guint8 reason =
      take_properties(c, MQTT_WILL, connect->version, MQTT_FROM_CLIENT, &connect->will_properties);
  if (reason != MQTT_SUCCESS)
    return reason;
  if (!mqtt_take_bytes(c, &connect->will_topic) || !mqtt_topic_valid(connect->will_topic) ||
      !mqtt_take_bytes(c, &connect->will_payload))
    return MQTT_MALFORMED_PACKET;
  return MQTT_SUCCESS;
}

static guint8
decode_connect(MqttCursor c, MqttConnect *connect)
{
  guint8 reason = take_protocol(&c, connect);
  if (reason == MQTT_SUCCESS)
    reason = take_connect_flags(&c, connect);
  if (reason == MQTT_SUCCESS)
    reason =
        take_properties(&c, MQTT_CONNECT, connect->version, MQTT_FROM_CLIENT, &connect->properties);
  if (reason != MQTT_SUCCESS)
    return reason;
  const MqttProperties *properties = &connect->properties;
  if (MQTT_HAS(properties, MQTT_PROP_AUTHENTICATION_DATA) &&
      !MQTT_HAS(properties, MQTT_PROP_AUTHENTICATION_METHOD))
    return MQTT_PROTOCOL_ERROR; /* section 3.1.2.11.10 */
  connect->will_topic = connect->will_payload = connect->user = connect->password =
      (MqttBytes){NULL, 0};
  mqtt_properties_none(&connect->will_properties);
  if (!take_string(&c, &connect->client_id))
    return MQTT_MALFORMED_PACKET;
  if (connect->has_will) {
    reason = take_will(&c, connect);
    if (reason != MQTT_SUCCESS)
      return reason;
  }
  if (connect->has_user && !take_string(&c, &connect->user))
    return MQTT_MALFORMED_PACKET;
  if (connect->has_password && !mqtt_take_bytes(&c, &connect->password))
    return MQTT_MALFORMED_PACKET;
  return c.p == c.end ? MQTT_SUCCESS : MQTT_MALFORMED_PACKET;
}

static guint8
decode_connack(MqttCursor c, MqttVersion version, MqttConnack *connack)
{
  guint8 flags;
  if (!mqtt_take_u8(&c, &flags) || !mqtt_take_u8(&c, &connack->reason) || (flags & ~1))
    return MQTT_MALFORMED_PACKET; /* [MQTT-3.2.2-1] */
  connack->session_present = flags & 1;
  guint8 reason =
      take_properties(&c, MQTT_CONNACK, version, MQTT_FROM_SERVER, &connack->properties);
  if (reason != MQTT_SUCCESS)
    return reason;
  if (c.p != c.end)
    return MQTT_MALFORMED_PACKET;
  if (version == MQTT_5_0 ? !mqtt_reason_allowed(MQTT_CONNACK, connack->reason)
                          : connack->reason > 5)
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.2.2-8] */
  if (connack->reason != MQTT_SUCCESS && connack->session_present)
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.2.2-6] */
  return MQTT_SUCCESS;
}

static inline guint8
decode_publish(MqttCursor c, guint8 first, MqttVersion version, MqttSender sender, MqttBytes last,
               MqttPublish *publish)
{
  guint8 reason;
  publish->qos = first >> 1 & 3;
  publish->dup = first >> 3 & 1;
  publish->retain = first & 1;
  publish->packet_id = 0;
  if (!mqtt_take_bytes(&c, &publish->topic))
    return MQTT_MALFORMED_PACKET;
  if (publish->qos > 0) {
    reason = take_packet_id(&c, &publish->packet_id);
    if (reason != MQTT_SUCCESS)
      return reason;
  }
  reason = take_properties(&c, MQTT_PUBLISH, version, sender, &publish->properties);
  if (reason != MQTT_SUCCESS)
    return reason;
  const MqttProperties *properties = &publish->properties;
  publish->known = publish->topic.length == last.length && last.length > 0 &&
                   memcmp(publish->topic.data, last.data, last.length) == 0;
  if (publish->topic.length == 0) {
    if (!MQTT_HAS(properties, MQTT_PROP_TOPIC_ALIAS))
      return MQTT_PROTOCOL_ERROR; /* section 3.3.2.1 */
  } else if (!publish->known && !mqtt_topic_valid(publish->topic)) {
    return MQTT_MALFORMED_PACKET; /* [MQTT-3.3.2-1], [MQTT-3.3.2-2] */
  }
  publish->payload = (MqttBytes){c.p, (guint32)mqtt_left(&c)};
  return MQTT_SUCCESS;
}

static guint8
decode_ack(MqttCursor c, MqttPacketType type, MqttVersion version, MqttSender sender, MqttAck *ack)
{
  guint8 reason = take_packet_id(&c, &ack->packet_id);
  if (reason != MQTT_SUCCESS)
    return reason;
  ack->reason = MQTT_SUCCESS;
  mqtt_properties_none(&ack->properties);
  if (c.p == c.end)
    return MQTT_SUCCESS; /* section 3.4.2.1: both left out */
  if (version != MQTT_5_0)
    return MQTT_MALFORMED_PACKET;
  ack->reason = *c.p++;
  if (c.p != c.end) {
    reason = take_properties(&c, type, version, sender, &ack->properties);
    if (reason != MQTT_SUCCESS)
      return reason;
    if (c.p != c.end)
      return MQTT_MALFORMED_PACKET;
  }
  return mqtt_reason_allowed(type, ack->reason) ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

/* Section 3.8.3.1; in 3.1.1 all but the QoS is reserved. */
static guint8
check_options(MqttVersion version, MqttBytes filter, guint8 options)
{
  if (options & (version == MQTT_5_0 ? 0xC0 : 0xFC))
    return MQTT_MALFORMED_PACKET; /* [MQTT-3.8.3-5] */
  if (MQTT_OPTION_QOS(options) == 3 || MQTT_OPTION_RETAIN_HANDLING(options) == 3)
    return MQTT_PROTOCOL_ERROR;
  if ((options & MQTT_OPTION_NO_LOCAL) && filter.length >= 7 &&
      memcmp(filter.data, "$share/", 7) == 0)
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.8.3-4] */
  return MQTT_SUCCESS;
}

static guint8
decode_subscribe(MqttCursor c, MqttPacketType type, MqttVersion version, MqttSubscribe *subscribe)
{
  guint8 reason = take_packet_id(&c, &subscribe->packet_id);
  if (reason == MQTT_SUCCESS)
    reason = take_properties(&c, type, version, MQTT_FROM_CLIENT, &subscribe->properties);
  if (reason != MQTT_SUCCESS)
    return reason;
  if (c.p == c.end)
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.8.3-2], [MQTT-3.10.3-2] */
  subscribe->entries = (MqttBytes){c.p, (guint32)mqtt_left(&c)};
  while (c.p != c.end) {
    MqttBytes filter;
    guint8 options = 0;
    if (!mqtt_take_bytes(&c, &filter) || !mqtt_filter_valid(filter))
      return MQTT_MALFORMED_PACKET;
    if (type == MQTT_SUBSCRIBE && !mqtt_take_u8(&c, &options))
      return MQTT_MALFORMED_PACKET;
    reason = check_options(version, filter, options);
    if (reason != MQTT_SUCCESS)
      return reason;
  }
  return MQTT_SUCCESS;
}

static gboolean
code_allowed(MqttPacketType type, MqttVersion version, guint8 code)
{
  if (version == MQTT_3_1_1)
    return code <= 2 || code == 0x80; /* [MQTT-3.9.3-2] of 3.1.1 */
  return mqtt_reason_allowed(type, code);
}

static guint8
decode_suback(MqttCursor c, MqttPacketType type, MqttVersion version, MqttSuback *suback)
{
  guint8 reason = take_packet_id(&c, &suback->packet_id);
  if (reason == MQTT_SUCCESS)
    reason = take_properties(&c, type, version, MQTT_FROM_SERVER, &suback->properties);
  if (reason != MQTT_SUCCESS)
    return reason;
  suback->codes = (MqttBytes){c.p, (guint32)mqtt_left(&c)};
  if (type == MQTT_UNSUBACK && version == MQTT_3_1_1)
    return c.p == c.end ? MQTT_SUCCESS : MQTT_MALFORMED_PACKET;
  if (c.p == c.end)
    return MQTT_PROTOCOL_ERROR; /* one for each filter, and there is at least one */
  for (; c.p != c.end; c.p++) {
    if (!code_allowed(type, version, *c.p))
      return MQTT_PROTOCOL_ERROR;
  }
  return MQTT_SUCCESS;
}

static guint8
decode_disconnect(MqttCursor c, MqttPacketType type, MqttVersion version, MqttSender sender,
                  MqttDisconnect *disconnect)
{
  disconnect->reason = MQTT_SUCCESS;
  mqtt_properties_none(&disconnect->properties);
  if (c.p == c.end)
    return MQTT_SUCCESS; /* sections 3.14.2.1, 3.15.2.1 */
  if (version != MQTT_5_0)
    return MQTT_MALFORMED_PACKET;
  disconnect->reason = *c.p++;
  if (c.p != c.end || type == MQTT_AUTH) { /* only of a DISCONNECT may it be left out alone */
    guint8 reason = take_properties(&c, type, version, sender, &disconnect->properties);
    if (reason != MQTT_SUCCESS)
      return reason;
    if (c.p != c.end)
      return MQTT_MALFORMED_PACKET;
  }
  const MqttProperties *properties = &disconnect->properties;
  if (type == MQTT_AUTH && !MQTT_HAS(properties, MQTT_PROP_AUTHENTICATION_METHOD))
    return MQTT_PROTOCOL_ERROR; /* section 3.15.2.2.2 */
  return mqtt_reason_allowed(type, disconnect->reason) ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

/* Of what is no PUBLISH; apart, for the sake of those that are. */
static G_GNUC_NO_INLINE guint8
decode_body(MqttCursor c, guint8 first, MqttVersion version, MqttSender sender, MqttPacket *packet)
{
  MqttPacketType type = packet->type = (MqttPacketType)(first >> 4);
  switch (type) {
  case MQTT_CONNECT:
    return decode_connect(c, &packet->connect);
  case MQTT_CONNACK:
    return decode_connack(c, version, &packet->connack);
  case MQTT_PUBLISH:
    break;
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBREL:
  case MQTT_PUBCOMP:
    return decode_ack(c, type, version, sender, &packet->ack);
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    return decode_subscribe(c, type, version, &packet->subscribe);
  case MQTT_SUBACK:
  case MQTT_UNSUBACK:
    return decode_suback(c, type, version, &packet->suback);
  case MQTT_PINGREQ:
  case MQTT_PINGRESP:
    return c.p == c.end ? MQTT_SUCCESS : MQTT_MALFORMED_PACKET;
  case MQTT_DISCONNECT:
  case MQTT_AUTH:
    return decode_disconnect(c, type, version, sender, &packet->disconnect);
  }
  g_assert_not_reached();
}

static inline __attribute__((always_inline)) MqttDecode
decode(const guint8 *data, gsize n, MqttVersion version, MqttSender sender, gsize maximum,
       MqttBytes last, MqttPacket *packet, gsize *size, guint8 *reason)
{
  *size = 0;
  if (n == 0)
    return MQTT_NEED_MORE;
  *reason = check_first_byte(data[0], version, sender);
  if (*reason != MQTT_SUCCESS)
    return MQTT_MALFORMED;
  guint32 remaining;
  int prefix = 1;
  if (n >= 2 && data[1] < 0x80)
    remaining = data[1];
  else
    prefix = mqtt_peek_vbi(data + 1, n - 1, &remaining);
  if (prefix == 0)
    return MQTT_NEED_MORE;
  if (prefix < 0) {
    *reason = MQTT_MALFORMED_PACKET;
    return MQTT_MALFORMED;
  }
  gsize whole = 1 + (gsize)prefix + remaining;
  if (whole > maximum) {
    *reason = MQTT_PACKET_TOO_LARGE;
    return MQTT_MALFORMED;
  }
  *size = whole;
  if (n < whole)
    return MQTT_NEED_MORE;
  MqttCursor body = {data + 1 + prefix, data + whole};
  if (data[0] >> 4 == MQTT_PUBLISH) {
    packet->type = MQTT_PUBLISH;
    *reason = decode_publish(body, data[0], version, sender, last, &packet->publish);
  } else {
    *reason = decode_body(body, data[0], version, sender, packet);
  }
  return *reason == MQTT_SUCCESS ? MQTT_DONE : MQTT_MALFORMED;
}

MqttDecode
mqtt_decode(const guint8 *data, gsize n, MqttVersion version, MqttSender sender, gsize maximum,
            MqttPacket *packet, gsize *size, guint8 *reason)
{
  return decode(data, n, version, sender, maximum, (MqttBytes){NULL, 0}, packet, size, reason);
}

inline MqttDecode
mqtt_decode_after(const guint8 *data, gsize n, MqttVersion version, MqttSender sender,
                  gsize maximum, MqttBytes last, MqttPacket *packet, gsize *size, guint8 *reason)
{
  return decode(data, n, version, sender, maximum, last, packet, size, reason);
}
