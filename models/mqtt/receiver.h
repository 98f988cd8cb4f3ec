/* What a session receives: the exchanges of QoS 1 and 2 on the side that receives PUBLISH, and
 * our Receive Maximum. */
#pragma once

#include "models/mqtt/session.h"

typedef enum {
  MQTT_RECEIVER_NEW,       /* hand it on or hold it, then accept() or refuse() */
  MQTT_RECEIVER_DUPLICATE, /* PUBREC is on its way, there is nothing to hand on [MQTT-4.3.3-10] */
  MQTT_RECEIVER_OVERRUN,   /* beyond our Receive Maximum: refuse() it */
  MQTT_RECEIVER_ERROR      /* close with *reason */
} MqttReceiverVerdict;

/* Emits RECEIVED for a duplicate only: the caller does for a new message, after the copies it
 * makes. */
MqttReceiverVerdict mqtt_receiver_publish(MqttCore *core, MqttSession *session,
                                          const MqttPublish *publish, guint8 *reason);
/* A connection begins, for a client that keeps each copy: all of them count against its Receive
 * Maximum. */
void mqtt_receiver_count_all(MqttSession *session);
/* Answers with a reason below 0x80. held: a message to be kept until PUBREL, of which a reference
 * is taken and COPY emitted; or NULL. */
void mqtt_receiver_accept(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                          MqttMessage *held, guint8 reason);
/* Answers with a reason of 0x80 or above; the identifier is free again [MQTT-4.3.3-9]. */
void mqtt_receiver_refuse(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                          guint8 reason);
/* PUBREL came: emits RECEIVED. TRUE: *held is the message to hand on now, or NULL if that was
 * done at PUBLISH; then call finish(). FALSE: the identifier is not known, and PUBCOMP says so. */
gboolean mqtt_receiver_pubrel(MqttCore *core, MqttSession *session, guint16 id, MqttMessage **held);
/* Ends the exchange: GONE with cause for what was held, PUBCOMP. */
void mqtt_receiver_finish(MqttCore *core, MqttSession *session, guint16 id, MqttCause cause);
