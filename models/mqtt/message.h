/* One application message in one block of memory: header, topic, forwarded properties and
 * payload. It is shared by all sessions that hold a copy, so a publication to a thousand
 * subscribers costs one allocation. Not for use by several threads.
 *
 * Without properties its bytes are those of a PUBLISH of MQTT 5.0 with QoS above 0, behind the
 * Remaining Length and but for the identifier: so most are written in one piece.
 *
 *     length of the topic | topic | identifier, Property Length | properties | payload
 *              2                             3, not kept
 */
#pragma once

#include "models/mqtt/codec.h"
#include "models/mqtt/pool.h"
#include "models/mqtt/wire.h"

#define MQTT_MESSAGE_GAP 3 /* behind the topic */

typedef struct {
  MqttPool *pool;    /* where it comes from */
  gint64 expires_ns; /* G_MAXINT64: no Message Expiry Interval */
  guint64 tag;
  guint32 refs;
  guint32 payload_length;
  guint32 properties_length; /* encoded properties that travel with the message, section 3.3.2.3 */
  guint16 topic_length;
  guint8 qos;  /* as published */
  guint8 list; /* of the pool, that it goes back to */
  guint8 retain;
  guint8 alias; /* its publisher wants a Topic Alias on the way to the broker */
  guint8 plain; /* no properties, and none to be made; and not so large that it may not go */
  guint8 bytes[];
} MqttMessage;

/* The one reference is the caller's. Topic alias and Subscription Identifiers belong to a hop
 * and are left out; the others are kept as encoded [MQTT-3.3.2-4, -15 to -17]. publish may come
 * from the decoder or from an application. */
MqttMessage *mqtt_message_new(MqttPool *pool, const MqttPublish *publish, gint64 now_ns);
/* A copy with more encoded properties, for a session with several matching Subscription
 * Identifiers. */
MqttMessage *mqtt_message_new_with(const MqttMessage *message, const guint8 *extra, gsize n);

static inline MqttMessage *
mqtt_message_ref(MqttMessage *message)
{
  message->refs++;
  return message;
}

static inline void
mqtt_message_unref(MqttMessage *message)
{
  if (--message->refs == 0)
    mqtt_pool_put_back(message->pool, message, message->list);
}

static inline MqttBytes
mqtt_message_topic(const MqttMessage *message)
{
  return (MqttBytes){message->bytes + 2, message->topic_length};
}

static inline MqttBytes
mqtt_message_properties(const MqttMessage *message)
{
  return (MqttBytes){message->bytes + 2 + message->topic_length + MQTT_MESSAGE_GAP,
                     message->properties_length};
}

static inline MqttBytes
mqtt_message_payload(const MqttMessage *message)
{
  return (MqttBytes){mqtt_message_properties(message).data + message->properties_length,
                     message->payload_length};
}

/* What a queue counts: topic and payload. */
static inline guint32
mqtt_message_size(const MqttMessage *message)
{
  return message->payload_length + message->topic_length;
}

/* Fills publish with views of the message; identifier, QoS and flags of the hop are the
 * caller's. What is left of the Message Expiry Interval is sent on [MQTT-3.3.2-6]. */
void mqtt_message_publish(const MqttMessage *message, MqttVersion version, gint64 now_ns,
                          MqttPublish *publish);

/* Writes the PUBLISH of a plain message, whole; flags: those of the first byte; id: not looked at
 * with QoS 0. Returns 0 if it is not plain, or the room is too small. */
gsize mqtt_message_write(const MqttMessage *message, guint8 flags, guint16 id, MqttVersion version,
                         guint8 *dst, gsize room);

/* The same where the bytes of the message are those of the packet: it returns 0 with 3.1.1 and QoS
 * 0 too. */
static inline gsize
mqtt_message_write_as_is(const MqttMessage *message, guint8 flags, guint16 id, MqttVersion version,
                         guint8 *dst, gsize room)
{
  gsize topic = 2 + message->topic_length;
  gsize remaining = topic + MQTT_MESSAGE_GAP + message->payload_length;
  gsize whole = 1 + mqtt_vbi_size(remaining) + remaining;
  if (version != MQTT_5_0 || !(flags & 6) || !message->plain || room < whole)
    return 0;
  *dst = (guint8)(MQTT_PUBLISH << 4 | flags);
  dst = mqtt_put_vbi(dst + 1, remaining);
  memcpy(dst, message->bytes, remaining);
  mqtt_put_u16(dst + topic, id);
  return whole;
}

/* The form in which a store keeps it. load: NULL if the bytes are not such a form. */
void mqtt_message_save(const MqttMessage *message, GByteArray *out);
MqttMessage *mqtt_message_load(MqttPool *pool, const guint8 *data, gsize n);
