/* One application message in one block of memory: header, topic, forwarded properties and
 * payload. It is shared by all sessions that hold a copy, so a publication to a thousand
 * subscribers costs one allocation. Not for use by several threads. */
#pragma once

#include "models/mqtt/codec.h"
#include "models/mqtt/pool.h"

typedef struct {
  MqttPool *pool; /* where it comes from */
  guint32 refs;
  guint32 payload_length;
  guint32 properties_length; /* encoded properties that travel with the message, section 3.3.2.3 */
  guint16 topic_length;
  guint8 qos; /* as published */
  guint8 retain : 1;
  guint8 alias : 1;  /* its publisher wants a Topic Alias on the way to the broker */
  gint64 expires_ns; /* G_MAXINT64: no Message Expiry Interval */
  guint64 tag;
  guint8 bytes[]; /* topic, properties, payload */
} MqttMessage;

/* The one reference is the caller's. Topic alias and Subscription Identifiers belong to a hop
 * and are left out; the others are kept as encoded [MQTT-3.3.2-4, -15 to -17]. publish may come
 * from the decoder or from an application. */
MqttMessage *mqtt_message_new(MqttPool *pool, const MqttPublish *publish, gint64 now_ns);
/* A copy with more encoded properties, for a session with several matching Subscription
 * Identifiers. */
MqttMessage *mqtt_message_new_with(const MqttMessage *message, const guint8 *extra, gsize n);

/* Of its whole block. */
static inline gsize
mqtt_message_bytes(const MqttMessage *message)
{
  return sizeof *message + message->topic_length + message->properties_length +
         message->payload_length;
}

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
    mqtt_pool_give_back(message->pool, message, mqtt_message_bytes(message));
}

static inline MqttBytes
mqtt_message_topic(const MqttMessage *message)
{
  return (MqttBytes){message->bytes, message->topic_length};
}

static inline MqttBytes
mqtt_message_payload(const MqttMessage *message)
{
  return (MqttBytes){message->bytes + message->topic_length + message->properties_length,
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

/* The form in which a store keeps it. load: NULL if the bytes are not such a form. */
void mqtt_message_save(const MqttMessage *message, GByteArray *out);
MqttMessage *mqtt_message_load(MqttPool *pool, const guint8 *data, gsize n);
