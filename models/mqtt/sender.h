/* What a session sends: queue and window (sender.c), and the exchanges of QoS 1 and 2 on the side
 * that sends PUBLISH (sender_answers.c). */
#pragma once

#include "models/mqtt/pipe_inline.h"

/* Whether a message of this QoS would find its queue full; QoS 0 on a connection has a bound of its
 * own. */
gboolean mqtt_sender_full(const MqttCore *core, const MqttSession *session, guint8 qos,
                          guint32 size);
/* Takes a reference and, in a broker, emits COPY, after it has made room if the policy is to drop
 * the oldest. FALSE: no room, and nothing was done. flags: MQTT_SLOT_RETAIN; word: Subscription
 * Identifier. */
gboolean mqtt_sender_offer(MqttCore *core, MqttSession *session, gint64 now_ns,
                           MqttMessage *message, guint8 qos, guint8 flags, guint32 word);
/* PUBACK, PUBREC or PUBCOMP came. Returns MQTT_SUCCESS, or the reason to close with. */
guint8 mqtt_sender_answered(MqttCore *core, MqttSession *session, gint64 now_ns,
                            MqttPacketType type, guint16 id, guint8 reason);
/* The same of a PUBACK of success, which is most often for the only message under way. */
guint8 mqtt_sender_acknowledged(MqttCore *core, MqttSession *session, gint64 now_ns, guint16 id);
/* Gives identifiers and quota to what waits, as far as the window goes. */
void mqtt_sender_grant(MqttCore *core, MqttSession *session, gint64 now_ns);
/* What waits takes its place in the window, but is not sent. */
void mqtt_sender_claim(MqttCore *core, MqttSession *session);
/* Ends one exchange or takes one waiting message away; a client's application is told failure
 * with this reason. */
void mqtt_sender_drop(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttCause cause,
                      guint8 reason);
/* The QoS 0 message is written, or gone. */
void mqtt_sender_direct_gone(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttCause cause);
/* Fills the PUBLISH of a slot for the wire. */
void mqtt_sender_publish(const MqttPipe *pipe, const MqttSession *session, const MqttSlot *slot,
                         guint8 qos, gint64 now_ns, MqttPublish *publish);
/* Whether it has expired though it was sent: MQTT_QUIRK_EXPIRES_IN_FLIGHT. */
gboolean mqtt_sender_expired(const MqttSession *session, const MqttSlot *slot, gint64 now_ns);
/* Whether it may be sent on this connection now; else why not. */
gboolean mqtt_sender_sendable(const MqttPipe *pipe, const MqttSession *session,
                              const MqttSlot *slot, guint8 qos, gint64 now_ns, MqttCause *cause);
