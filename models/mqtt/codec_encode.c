/* Packets to bytes: measured first, then written without further checks of room. What the caller
 * may not ask for (a string beyond 65,535 bytes, a packet identifier 0, a property that has no
 * place there) is a programmer's error. */
#include "models/mqtt/property.h"

/* Sizes that the length and the body both need. */
typedef struct {
  gsize properties, will_properties, remaining;
} Measure;

static inline gsize
measure_properties(const MqttProperties *properties, MqttVersion version)
{
  if (version != MQTT_5_0 || (properties->present == 0 && properties->extra.length == 0))
    return 0;
  return mqtt_properties_size(properties);
}

/* A block with its Property Length. */
static inline gsize
block_size(gsize size, MqttVersion version)
{
  return version == MQTT_5_0 ? mqtt_vbi_size(size) + size : 0;
}

static inline guint8 *
put_properties(guint owner, const MqttProperties *properties, gsize size, MqttVersion version,
               guint8 *dst)
{
  if (version != MQTT_5_0)
    return dst;
  if (size == 0) {
    *dst = 0;
    return dst + 1;
  }
  return mqtt_properties_encode(owner, properties, size, dst);
}

static guint8 *
put_id(guint16 packet_id, guint8 *dst)
{
  g_assert(packet_id != 0);
  return mqtt_put_u16(dst, packet_id);
}

static Measure
measure_connect(const MqttConnect *connect, MqttVersion version)
{
  g_assert(connect->version == version);
  Measure m = {.properties = measure_properties(&connect->properties, version)};
  m.remaining = 10 + block_size(m.properties, version) + 2 + connect->client_id.length;
  if (connect->has_will) {
    m.will_properties = measure_properties(&connect->will_properties, version);
    m.remaining += block_size(m.will_properties, version) + 2 + connect->will_topic.length + 2 +
                   connect->will_payload.length;
  }
  if (connect->has_user)
    m.remaining += 2 + connect->user.length;
  if (connect->has_password)
    m.remaining += 2 + connect->password.length;
  return m;
}

static guint8 *
put_connect(const MqttConnect *connect, const Measure *m, guint8 *dst)
{
  MqttVersion version = connect->version;
  guint8 flags = (guint8)((connect->clean_start ? 2 : 0) | (connect->has_password ? 0x40 : 0) |
                          (connect->has_user ? 0x80 : 0));
  if (connect->has_will)
    flags |= (guint8)(4 | connect->will_qos << 3 | (connect->will_retain ? 0x20 : 0));
  dst = mqtt_put_bytes(dst, MQTT_BYTES("MQTT"));
  *dst++ = (guint8)version;
  *dst++ = flags;
  dst = mqtt_put_u16(dst, connect->keep_alive_s);
  dst = put_properties(MQTT_CONNECT, &connect->properties, m->properties, version, dst);
  dst = mqtt_put_bytes(dst, connect->client_id);
  if (connect->has_will) {
    dst = put_properties(MQTT_WILL, &connect->will_properties, m->will_properties, version, dst);
    dst = mqtt_put_bytes(dst, connect->will_topic);
    dst = mqtt_put_bytes(dst, connect->will_payload);
  }
  if (connect->has_user)
    dst = mqtt_put_bytes(dst, connect->user);
  return connect->has_password ? mqtt_put_bytes(dst, connect->password) : dst;
}

static inline Measure
measure_publish(const MqttPublish *publish, MqttVersion version)
{
  Measure m = {.properties = measure_properties(&publish->properties, version)};
  m.remaining = 2 + (gsize)publish->topic.length + (publish->qos > 0 ? 2 : 0) +
                block_size(m.properties, version) + publish->payload.length;
  return m;
}

static inline guint8 *
put_publish_header(const MqttPublish *publish, MqttVersion version, const Measure *m, guint8 *dst)
{
  g_assert(publish->qos <= 2 && (publish->qos == 0 || publish->packet_id != 0));
  *dst++ = (guint8)(MQTT_PUBLISH << 4 | (publish->dup ? 8 : 0) | publish->qos << 1 |
                    (publish->retain ? 1 : 0));
  dst = mqtt_put_vbi(dst, m->remaining);
  dst = mqtt_put_bytes(dst, publish->topic);
  if (publish->qos > 0)
    dst = mqtt_put_u16(dst, publish->packet_id);
  return put_properties(MQTT_PUBLISH, &publish->properties, m->properties, version, dst);
}

/* Reason code and properties of PUBACK and its kin and of DISCONNECT, each left out if nothing is
 * lost by it; an AUTH cannot leave out the Property Length alone. */
static gsize
tail_size(MqttPacketType type, guint8 reason, gsize properties, MqttVersion version)
{
  if (version != MQTT_5_0 || (reason == MQTT_SUCCESS && properties == 0))
    return 0;
  if (properties == 0 && type != MQTT_AUTH)
    return 1;
  return 1 + block_size(properties, version);
}

static guint8 *
put_tail(MqttPacketType type, guint8 reason, const MqttProperties *properties, gsize size,
         MqttVersion version, guint8 *dst)
{
  gsize tail = tail_size(type, reason, size, version);
  if (tail > 0)
    *dst++ = reason;
  return tail > 1 ? put_properties(type, properties, size, version, dst) : dst;
}

static Measure
measure(const MqttPacket *packet, MqttVersion version)
{
  Measure m = {0, 0, 0};
  switch (packet->type) {
  case MQTT_CONNECT:
    return measure_connect(&packet->connect, version);
  case MQTT_CONNACK:
    m.properties = measure_properties(&packet->connack.properties, version);
    m.remaining = 2 + block_size(m.properties, version);
    return m;
  case MQTT_PUBLISH:
    return measure_publish(&packet->publish, version);
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBREL:
  case MQTT_PUBCOMP:
    m.properties = measure_properties(&packet->ack.properties, version);
    m.remaining = 2 + tail_size(packet->type, packet->ack.reason, m.properties, version);
    return m;
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    m.properties = measure_properties(&packet->subscribe.properties, version);
    m.remaining = 2 + block_size(m.properties, version) + packet->subscribe.entries.length;
    return m;
  case MQTT_SUBACK:
  case MQTT_UNSUBACK:
    m.properties = measure_properties(&packet->suback.properties, version);
    m.remaining = 2 + block_size(m.properties, version) + packet->suback.codes.length;
    return m;
  case MQTT_DISCONNECT:
  case MQTT_AUTH:
    m.properties = measure_properties(&packet->disconnect.properties, version);
    m.remaining = tail_size(packet->type, packet->disconnect.reason, m.properties, version);
    return m;
  case MQTT_PINGREQ:
  case MQTT_PINGRESP:
    return m;
  }
  g_assert_not_reached();
}

static inline gsize
whole_size(gsize remaining)
{
  return remaining <= MQTT_REMAINING_MAX ? 1 + mqtt_vbi_size(remaining) + remaining : 0;
}

gsize
mqtt_encoded_size(const MqttPacket *packet, MqttVersion version)
{
  return whole_size(measure(packet, version).remaining);
}

static guint8 *
put_body(const MqttPacket *packet, MqttVersion version, const Measure *m, guint8 *dst)
{
  gsize size = m->properties;
  switch (packet->type) {
  case MQTT_CONNECT:
    return put_connect(&packet->connect, m, dst);
  case MQTT_CONNACK:
    *dst++ = packet->connack.session_present ? 1 : 0;
    *dst++ = packet->connack.reason;
    return put_properties(packet->type, &packet->connack.properties, size, version, dst);
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBREL:
  case MQTT_PUBCOMP:
    dst = put_id(packet->ack.packet_id, dst);
    return put_tail(packet->type, packet->ack.reason, &packet->ack.properties, size, version, dst);
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    dst = put_id(packet->subscribe.packet_id, dst);
    dst = put_properties(packet->type, &packet->subscribe.properties, size, version, dst);
    return mqtt_put_raw(dst, packet->subscribe.entries);
  case MQTT_SUBACK:
  case MQTT_UNSUBACK:
    dst = put_id(packet->suback.packet_id, dst);
    dst = put_properties(packet->type, &packet->suback.properties, size, version, dst);
    return mqtt_put_raw(dst, packet->suback.codes);
  case MQTT_DISCONNECT:
  case MQTT_AUTH:
    return put_tail(packet->type, packet->disconnect.reason, &packet->disconnect.properties, size,
                    version, dst);
  default:
    return dst;
  }
}

gsize
mqtt_encode_publish_header(const MqttPublish *publish, MqttVersion version, guint8 *dst, gsize room)
{
  Measure m = measure_publish(publish, version);
  gsize whole = whole_size(m.remaining);
  if (whole == 0 || room < whole - publish->payload.length)
    return 0;
  return (gsize)(put_publish_header(publish, version, &m, dst) - dst);
}

static gsize
encode_publish(const MqttPublish *publish, MqttVersion version, guint8 *dst, gsize room)
{
  Measure m = measure_publish(publish, version);
  gsize whole = whole_size(m.remaining);
  if (whole == 0 || room < whole)
    return 0;
  mqtt_put_raw(put_publish_header(publish, version, &m, dst), publish->payload);
  return whole;
}

static guint8
flags_of(MqttPacketType type)
{
  return type == MQTT_PUBREL || type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE ? 2 : 0;
}

gsize
mqtt_encode_short(MqttPacketType type, guint16 packet_id, guint8 reason, MqttVersion version,
                  guint8 *dst, gsize room)
{
  gsize n = mqtt_encode_success(type, packet_id, dst, room);
  if (n == 0 || tail_size(type, reason, 0, version) == 0)
    return n;
  if (room <= n)
    return 0;
  dst[1]++;
  dst[n] = reason;
  return n + 1;
}

gsize
mqtt_encode(const MqttPacket *packet, MqttVersion version, guint8 *dst, gsize room)
{
  if (packet->type == MQTT_PUBLISH)
    return encode_publish(&packet->publish, version, dst, room);
  Measure m = measure(packet, version);
  gsize whole = whole_size(m.remaining);
  if (whole == 0 || room < whole)
    return 0;
  dst[0] = (guint8)(packet->type << 4 | flags_of(packet->type));
  guint8 *body = mqtt_put_vbi(dst + 1, m.remaining);
  guint8 *end = put_body(packet, version, &m, body);
  g_assert((gsize)(end - dst) == whole);
  return whole;
}
