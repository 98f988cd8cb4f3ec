#include "models/mqtt/message.h"

#include <string.h>

#include "models/mqtt/event.h"

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

static MqttMessage *
message_alloc(MqttPool *pool, gsize topic, gsize properties, gsize payload)
{
  MqttMessage *message = mqtt_pool_take(pool, sizeof *message + topic + properties + payload);
  message->pool = pool;
  message->refs = 1;
  message->topic_length = (guint16)topic;
  message->properties_length = (guint32)properties;
  message->payload_length = (guint32)payload;
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
  MqttMessage *message =
      mqtt_pool_take(pool, sizeof *message + topic.length + travelling + payload.length);
  *message = (MqttMessage){.pool = pool,
                           .refs = 1,
                           .payload_length = payload.length,
                           .properties_length = (guint32)travelling,
                           .topic_length = (guint16)topic.length,
                           .qos = publish->qos,
                           .retain = publish->retain != FALSE,
                           .alias = alias != FALSE,
                           .expires_ns = expires_ns,
                           .tag = mqtt_tag(payload)};
  guint8 *at = message->bytes;
  memcpy(at, topic.data, topic.length);
  at += topic.length;
  if (travelling > 0)
    at += copy_properties(raw, at);
  if (payload.length > 0)
    memcpy(at, payload.data, payload.length);
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

MqttMessage *
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
  gsize head = message->topic_length + message->properties_length;
  copy->qos = message->qos;
  copy->retain = message->retain;
  copy->alias = message->alias;
  copy->expires_ns = message->expires_ns;
  copy->tag = message->tag;
  memcpy(copy->bytes, message->bytes, head);
  memcpy(copy->bytes + head, extra, n);
  memcpy(copy->bytes + head + n, message->bytes + head, message->payload_length);
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
  publish->properties.extra =
      (MqttBytes){message->bytes + message->topic_length, message->properties_length};
  if (message->expires_ns == G_MAXINT64)
    return;
  /* Rounded up, so that a message not yet expired never says 0. */
  gint64 left_ns = MAX(message->expires_ns - now_ns, 0);
  publish->properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_MESSAGE_EXPIRY;
  publish->properties.message_expiry_s = (guint32)((left_ns + NS_PER_S - 1) / NS_PER_S);
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
  g_byte_array_append(out, message->bytes, (guint)(mqtt_message_bytes(message) - sizeof *message));
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
  message->tag = head.tag;
  memcpy(message->bytes, data + sizeof head, rest);
  return message;
}
