#include "models/mqtt/message.h"

#include <string.h>

#include "models/mqtt/event.h"

#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define PLAIN_MAX (MQTT_REMAINING_MAX / 2) /* of a payload: far from what a packet can hold */

/* With all that its bytes say but topic, properties and payload. */
static inline MqttMessage *
message_alloc(MqttPool *pool, gsize topic, gsize properties, gsize payload)
{
  gsize size =
      G_STRUCT_OFFSET(MqttMessage, bytes) + 2 + topic + MQTT_MESSAGE_GAP + properties + payload;
  MqttMessage *message = mqtt_pool_take(pool, size);
  message->pool = pool;
  message->refs = 1;
  message->payload_length = (guint32)payload;
  message->properties_length = (guint32)properties;
  message->topic_length = (guint16)topic;
  message->list = (guint8)mqtt_pool_list(pool, size);
  mqtt_put_u16(message->bytes, (guint16)topic);
  message->bytes[2 + topic + MQTT_MESSAGE_GAP - 1] = 0;
  return message;
}

static gboolean
travels(guint8 property)
{
  return property != MQTT_PROP_TOPIC_ALIAS && property != MQTT_PROP_SUBSCRIPTION_ID &&
         property != MQTT_PROP_MESSAGE_EXPIRY && property != MQTT_PROP_WILL_DELAY;
}

/* Copies what travels of an encoded block, or with dst NULL only counts it; returns its length. */
static gsize
copy_properties(MqttBytes raw, guint8 *dst)
{
  gsize n = 0;
  guint8 property;
  guint32 number;
  MqttBytes encoded, name, value;
  while (mqtt_property_next(&raw, &property, &encoded, &name, &value, &number)) {
    if (!travels(property))
      continue;
    if (dst != NULL)
      memcpy(dst + n, encoded.data, encoded.length);
    n += encoded.length;
  }
  return n;
}

/* An application gives properties as fields; the codec itself turns them into bytes. */
static guint8 *
encode_fields(const MqttPublish *publish, MqttBytes *raw)
{
  MqttPacket packet = {.type = MQTT_PUBLISH, .publish = *publish}, decoded;
  packet.publish.qos = 0;
  packet.publish.dup = FALSE;
  packet.publish.packet_id = 0;
  packet.publish.payload = (MqttBytes){NULL, 0};
  packet.publish.properties.present &= ~(G_GUINT64_CONSTANT(1) << MQTT_PROP_TOPIC_ALIAS);
  gsize size = mqtt_encoded_size(&packet, MQTT_5_0), taken;
  guint8 reason, *bytes = g_malloc(MAX(size, 1));
  size = mqtt_encode(&packet, MQTT_5_0, bytes, size);
  *raw = (MqttBytes){NULL, 0};
  if (mqtt_decode(bytes, size, MQTT_5_0, MQTT_FROM_CLIENT, MQTT_PACKET_MAX, &decoded, &taken,
                  &reason) == MQTT_DONE)
    *raw = decoded.publish.properties.raw;
  return bytes;
}

/* raw: an encoded block, of which so many bytes travel. */
static inline MqttMessage *
make(MqttPool *pool, const MqttPublish *publish, MqttBytes raw, gsize travelling, gboolean alias,
     gint64 expires_ns)
{
  MqttBytes topic = publish->topic, payload = publish->payload;
  MqttMessage *message = message_alloc(pool, topic.length, travelling, payload.length);
  message->qos = publish->qos;
  message->retain = publish->retain != FALSE;
  message->alias = alias != FALSE;
  message->plain = travelling == 0 && expires_ns == G_MAXINT64 && payload.length < PLAIN_MAX;
  message->expires_ns = expires_ns;
  message->tag = mqtt_tag(payload);
  guint8 *at = mqtt_put_raw(message->bytes + 2, topic) + MQTT_MESSAGE_GAP;
  if (travelling > 0)
    at += copy_properties(raw, at);
  mqtt_put_raw(at, payload);
  return message;
}

static G_GNUC_NO_INLINE MqttMessage *
make_with_properties(MqttPool *pool, const MqttPublish *publish, gint64 now_ns)
{
  const MqttProperties *p = &publish->properties;
  MqttBytes raw = p->raw;
  g_autofree guint8 *fields = raw.length == 0 ? encode_fields(publish, &raw) : NULL;
  gboolean expires = MQTT_HAS(p, MQTT_PROP_MESSAGE_EXPIRY);
  return make(pool, publish, raw, copy_properties(raw, NULL), MQTT_HAS(p, MQTT_PROP_TOPIC_ALIAS),
              expires ? now_ns + p->message_expiry_s * NS_PER_S : G_MAXINT64);
}

inline MqttMessage *
mqtt_message_new(MqttPool *pool, const MqttPublish *publish, gint64 now_ns)
{
  const MqttProperties *p = &publish->properties;
  if (p->raw.length > 0 || p->present != 0 || p->extra.length > 0)
    return make_with_properties(pool, publish, now_ns);
  return make(pool, publish, (MqttBytes){NULL, 0}, 0, FALSE, G_MAXINT64);
}

MqttMessage *
mqtt_message_new_with(const MqttMessage *message, const guint8 *extra, gsize n)
{
  MqttMessage *copy = message_alloc(message->pool, message->topic_length,
                                    message->properties_length + n, message->payload_length);
  copy->qos = message->qos;
  copy->retain = message->retain;
  copy->alias = message->alias;
  copy->plain = FALSE;
  copy->expires_ns = message->expires_ns;
  copy->tag = message->tag;
  guint8 *at = mqtt_put_raw(copy->bytes + 2, mqtt_message_topic(message)) + MQTT_MESSAGE_GAP;
  at = mqtt_put_raw(at, mqtt_message_properties(message));
  at = mqtt_put_raw(at, (MqttBytes){extra, (guint32)n});
  mqtt_put_raw(at, mqtt_message_payload(message));
  return copy;
}

void
mqtt_message_publish(const MqttMessage *message, MqttVersion version, gint64 now_ns,
                     MqttPublish *publish)
{
  publish->topic = mqtt_message_topic(message);
  publish->payload = mqtt_message_payload(message);
  mqtt_properties_none(&publish->properties);
  if (version != MQTT_5_0)
    return;
  publish->properties.extra = mqtt_message_properties(message);
  if (message->expires_ns == G_MAXINT64)
    return;
  /* Rounded up, so that a message not yet expired never says 0. */
  gint64 left_ns = MAX(message->expires_ns - now_ns, 0);
  publish->properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_MESSAGE_EXPIRY;
  publish->properties.message_expiry_s = (guint32)((left_ns + NS_PER_S - 1) / NS_PER_S);
}

gsize
mqtt_message_write(const MqttMessage *message, guint8 flags, guint16 id, MqttVersion version,
                   guint8 *dst, gsize room)
{
  gboolean acknowledged = (flags & 6) != 0, v5 = version == MQTT_5_0;
  MqttBytes payload = mqtt_message_payload(message);
  gsize topic = 2 + message->topic_length;
  gsize remaining = topic + (acknowledged ? 2 : 0) + (v5 ? 1 : 0) + payload.length;
  gsize whole = 1 + mqtt_vbi_size(remaining) + remaining;
  if (!message->plain || room < whole)
    return 0;
  *dst = (guint8)(MQTT_PUBLISH << 4 | flags);
  dst = mqtt_put_raw(mqtt_put_vbi(dst + 1, remaining), (MqttBytes){message->bytes, (guint32)topic});
  if (acknowledged)
    dst = mqtt_put_u16(dst, id);
  if (v5)
    *dst++ = 0;
  mqtt_put_raw(dst, payload);
  return whole;
}

/* What a record begins with; topic, properties and payload follow. */
typedef struct {
  guint32 format; /* 1 */
  guint32 payload_length, properties_length;
  guint16 topic_length;
  guint8 qos;
  guint8 flags; /* 1: RETAIN, 2: alias */
  gint64 expires_ns;
  guint64 tag;
} Saved;

void
mqtt_message_save(const MqttMessage *message, GByteArray *out)
{
  Saved head = {.format = 1,
                .payload_length = message->payload_length,
                .properties_length = message->properties_length,
                .topic_length = message->topic_length,
                .qos = message->qos,
                .flags = (guint8)(message->retain | message->alias << 1),
                .expires_ns = message->expires_ns,
                .tag = message->tag};
  g_byte_array_append(out, (const guint8 *)&head, sizeof head);
  g_byte_array_append(out, mqtt_message_topic(message).data, message->topic_length);
  g_byte_array_append(out, mqtt_message_properties(message).data,
                      message->properties_length + message->payload_length);
}

MqttMessage *
mqtt_message_load(MqttPool *pool, const guint8 *data, gsize n)
{
  Saved head;
  if (n < sizeof head)
    return NULL;
  memcpy(&head, data, sizeof head);
  gsize rest = (gsize)head.topic_length + head.properties_length + head.payload_length;
  if (n != sizeof head + rest)
    return NULL;
  MqttMessage *message =
      message_alloc(pool, head.topic_length, head.properties_length, head.payload_length);
  message->qos = head.qos;
  message->retain = head.flags & 1;
  message->alias = head.flags >> 1 & 1;
  message->expires_ns = head.expires_ns;
  message->plain = head.properties_length == 0 && head.expires_ns == G_MAXINT64 &&
                   head.payload_length < PLAIN_MAX;
  message->tag = head.tag;
  const guint8 *topic = data + sizeof head, *behind = topic + head.topic_length;
  guint8 *at = mqtt_put_raw(message->bytes + 2, (MqttBytes){topic, head.topic_length});
  memcpy(at + MQTT_MESSAGE_GAP, behind, rest - head.topic_length);
  return message;
}
