/* A wire monitor: reads the bytes of one client-server pair at one end of it, and says whether that
 * end keeps the rules of the specification. It knows the codec and nothing of the machines that it
 * watches, so it can judge them. It lives as long as the pair, over any number of connections.
 *
 * What this end sends is judged by what it had sent and received before, in the order in which it
 * wrote and consumed bytes; so call received() before the machine may answer, and sent() as it
 * writes. Rules:
 *   - first CONNECT or CONNACK, and only one of it; nothing after DISCONNECT or a refusal;
 *   - no packet identifier for two exchanges at a time; DUP on resends and on nothing else, and a
 * resend is the same message;
 *   - resends only after a reconnection in MQTT 5.0 [MQTT-4.4.0-1], in the order of the first
 * sending;
 *   - PUBREL only after PUBREC and in its order, no PUBLISH again after it [MQTT-4.3.3-6];
 *   - every acknowledgement answers something received on this connection; a client's PUBACK and
 * PUBREC in order [MQTT-4.6.0-2] [MQTT-4.6.0-3];
 *   - the peer's Receive Maximum and Maximum Packet Size;
 *   - Session Present, as far as this end can know.
 * Bytes of either direction that do not decode are a breach as well. Nothing is allocated once the
 * tables have grown to the number of exchanges in flight. */
#pragma once

#include "models/mqtt/codec.h"

typedef struct _MqttMonitor MqttMonitor;

MqttMonitor *mqtt_monitor_new(MqttSender end); /* whose rules are judged */
void mqtt_monitor_free(MqttMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttMonitor, mqtt_monitor_free)
/* Resends inside a connection are taken for granted in 5.0 too: for the policy that does so. */
void mqtt_monitor_allow_timer_resend(MqttMonitor *monitor);
/* So are resends of what belonged to a session that is gone, for whoever ignores Session Present.
 */
void mqtt_monitor_allow_stale_session(MqttMonitor *monitor);
/* This server ends a session so long after its connection at the latest. CONNACK of 5.0 says so,
 * where nothing can be said it must be known. */
void mqtt_monitor_session_maximum(MqttMonitor *monitor, guint32 expiry_s);

void mqtt_monitor_connection(MqttMonitor *monitor); /* a new transport; the last one is over */
void mqtt_monitor_sent(MqttMonitor *monitor, const guint8 *data, gsize n);
void mqtt_monitor_received(MqttMonitor *monitor, const guint8 *data, gsize n);
/* This end crashed and its transport with it. What came back from a store is not known: until a
 * session begins anew, a resend of a message that is not known is believed. */
void mqtt_monitor_state_lost(MqttMonitor *monitor);

/* NULL, or the first breach in words; owned by the monitor. */
const char *mqtt_monitor_breach(const MqttMonitor *monitor);
