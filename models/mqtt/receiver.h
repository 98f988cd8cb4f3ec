/* What a session receives: the exchanges of QoS 1 and 2 on the side that receives PUBLISH, and
 * our Receive Maximum. */
#pragma once

#include "models/mqtt/pipe_inline.h"

typedef enum {
  MQTT_RECEIVER_NEW,       /* hand it on or hold it, then accept() or refuse() */
  MQTT_RECEIVER_DUPLICATE, /* PUBREC is on its way, there is nothing to hand on [MQTT-4.3.3-10] */
  MQTT_RECEIVER_OVERRUN,   /* beyond our Receive Maximum: refuse() it */
  MQTT_RECEIVER_ERROR      /* close with *reason */
} MqttReceiverVerdict;

/* What is not inline of mqtt_receiver_publish() and _accept(). */
MqttReceiverVerdict mqtt_receiver_look(MqttCore *core, MqttSession *session,
                                       const MqttPublish *publish, guint8 *reason);
void mqtt_receiver_hold(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                        MqttMessage *held, guint8 reason);
/* A connection begins, for a client that keeps each copy: all of them count against its Receive
 * Maximum. */
void mqtt_receiver_count_all(MqttSession *session);
/* Answers with a reason of 0x80 or above; the identifier is free again [MQTT-4.3.3-9]. */
void mqtt_receiver_refuse(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                          guint8 reason);
/* PUBREL came: emits RECEIVED. TRUE: *held is the message to hand on now, or NULL if that was
 * done at PUBLISH; then call finish(). FALSE: the identifier is not known, and PUBCOMP says so. */
gboolean mqtt_receiver_pubrel(MqttCore *core, MqttSession *session, guint16 id, MqttMessage **held);
/* Ends the exchange: GONE with cause for what was held, PUBCOMP. */
void mqtt_receiver_finish(MqttCore *core, MqttSession *session, guint16 id, MqttCause cause);

/* One more of our Receive Maximum; or OVERRUN or ERROR, section 3.3.4. */
static inline MqttReceiverVerdict
mqtt_receiver_count(const MqttCore *core, MqttPipe *pipe, guint8 *reason)
{
  gboolean over = pipe->receive_used >= core->receive_maximum;
  *reason = MQTT_RECEIVE_MAXIMUM_EXCEEDED;
  if (over && core->quirks & MQTT_QUIRK_OVERRUN_REFUSED)
    return MQTT_RECEIVER_OVERRUN;
  if (over && pipe->version == MQTT_5_0)
    return MQTT_RECEIVER_ERROR;
  pipe->receive_used++;
  return MQTT_RECEIVER_NEW;
}

/* Emits RECEIVED for a duplicate only: the caller does for a new message, after the copies it
 * makes. */
static inline MqttReceiverVerdict
mqtt_receiver_publish(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                      guint8 *reason)
{
  if (publish->qos == 1 && session->in == NULL) /* QoS 1 has no state, so it is new */
    return mqtt_receiver_count(core, session->pipe, reason);
  return publish->qos == 0 ? MQTT_RECEIVER_NEW : mqtt_receiver_look(core, session, publish, reason);
}

/* Answers with a reason below 0x80. held: a message to be kept until PUBREL, of which a reference
 * is taken and COPY emitted; or NULL. */
static inline void
mqtt_receiver_accept(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                     MqttMessage *held, guint8 reason)
{
  if (publish->qos == 1)
    mqtt_pipe_answer(core, session, MQTT_PUBACK, publish->packet_id, reason, TRUE);
  else if (publish->qos == 2)
    mqtt_receiver_hold(core, session, publish, held, reason);
}
