/* An MQTT broker, sans-IO, for any number of connections, 3.1.1 and 5.0 side by side.
 * Connections are numbered by the host with small dense numbers that it may use again after
 * closed(). The work of a call depends on what changed, not on how many sessions exist. After
 * any call: drain the events, pull the output of every connection that mqtt_broker_next_ready()
 * names, ask the deadline. */
#pragma once

#include "models/mqtt/client.h"

typedef struct {
  guint8 versions; /* taken: bit 0 for 3.1.1, bit 1 for 5.0; 0: all */
  guint8 maximum_qos;
  guint32 inflight; /* own bound per session; the client's Receive Maximum binds too */
  guint32 queue;    /* per session, behind inflight */
  guint64 queue_bytes;
  gboolean queue_qos0;              /* for sessions without a connection too */
  guint32 qos0_backlog;             /* QoS 0 that waits for a connected session's transport */
  MqttOnQueueFull on_queue_full;    /* FULL_REFUSE: PUBACK or PUBREC 0x97, in 3.1.1 a close */
  guint16 receive_maximum;          /* announced */
  guint32 maximum_packet_size;      /* announced and enforced */
  double keep_alive_factor;         /* 1.5 [MQTT-3.1.2-22] */
  gint64 clock_ns;                  /* what its clock shows at now_ns = 0 */
  gint64 keep_alive_check_ns;       /* silence is noticed at multiples of it; 0: at once */
  guint16 server_keep_alive_s;      /* in place of what clients of 5.0 ask; 0: as they ask */
  guint32 session_expiry_maximum_s; /* 0xFFFFFFFF: as clients ask */
  guint32 connections;              /* of clients at a time */
  guint16 topic_alias_maximum;      /* announced */
  guint16 topic_alias_send;         /* at most so many to a client that takes them */
  gboolean retain_available, wildcard_available, shared_available, subscription_ids_available;
  MqttQos2Receiver qos2_receiver;
  gboolean copy_each; /* to each subscription of a session that matches, not one to the session */
  guint32 quirks;     /* MQTT_QUIRK_...; 0: as the specification says */
  gboolean store;
  gboolean ack_after_store;
} MqttBrokerConfig;

void mqtt_broker_config_default(MqttBrokerConfig *config);

typedef struct _MqttBroker MqttBroker;

MqttBroker *mqtt_broker_new(const MqttBrokerConfig *config, MqttEvents *events); /* both borrowed */
void mqtt_broker_free(MqttBroker *broker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttBroker, mqtt_broker_free)
/* Emits SESSION_GONE for every session and GONE with cause for every copy held, then forgets all
 * state and connections. */
void mqtt_broker_lose_state(MqttBroker *broker, MqttCause cause);

/* A transport was accepted; peer is the host's number of the client, repeated in events and kept
 * with its session. */
void mqtt_broker_open(MqttBroker *broker, gint64 now_ns, guint32 conn, guint32 peer);
void mqtt_broker_closed(MqttBroker *broker, gint64 now_ns, guint32 conn);
/* An orderly end: DISCONNECT 0x8B to clients of 5.0, and CLOSE to all. */
void mqtt_broker_shut_down(MqttBroker *broker, gint64 now_ns);
/* The machine is done with the connection, but for a last packet that waits for room. */
gboolean mqtt_broker_leaves(const MqttBroker *broker, guint32 conn);
/* So many answers wait for room that nothing more is to be asked of it: a host reads on when some
 * are written. */
gboolean mqtt_broker_congested(const MqttBroker *broker, guint32 conn);
gsize mqtt_broker_input(MqttBroker *broker, gint64 now_ns, guint32 conn, const guint8 *data,
                        gsize n);
gsize mqtt_broker_output(MqttBroker *broker, gint64 now_ns, guint32 conn, guint8 *dst, gsize room);
/* FALSE: output() has nothing to write, and counts as having said so; asked before each call of it,
 * because most would be in vain. */
gboolean mqtt_broker_writes(MqttBroker *broker, guint32 conn);
/* A connection that has had nothing to write and now has something; each is named once until its
 * output has said 0 with room left. MQTT_NO_PEER: none. */
gboolean mqtt_broker_any_ready(const MqttBroker *broker);
guint32 mqtt_broker_next_ready(MqttBroker *broker);
gboolean mqtt_broker_has_ready(const MqttBroker *broker); /* next_ready() may name one */
gboolean mqtt_broker_has_output(const MqttBroker *broker, guint32 conn);
gint64 mqtt_broker_deadline(const MqttBroker *broker);
void mqtt_broker_timeout(MqttBroker *broker, gint64 now_ns);
void mqtt_broker_stored(MqttBroker *broker, gint64 now_ns, guint64 up_to);
gboolean mqtt_broker_store_op(MqttBroker *broker, MqttStoreOp *op);
gboolean mqtt_broker_has_store_ops(const MqttBroker *broker);
/* Before the first connection. peer_of gives the host's number of a client identifier that comes
 * back from the store. */
void mqtt_broker_load(MqttBroker *broker, gint64 now_ns, const MqttStoreKey *key,
                      const guint8 *value, gsize n,
                      guint32 (*peer_of)(gpointer user, MqttBytes client_id), gpointer user);

/* The most messages that waited, and that were unacknowledged, in one session since the last
 * call. */
void mqtt_broker_peaks(MqttBroker *broker, guint *queued, guint *inflight);
guint mqtt_broker_sessions(const MqttBroker *broker);
guint mqtt_broker_connections(const MqttBroker *broker);
/* Of one client's session; 0 if it has none. */
guint mqtt_broker_queued(const MqttBroker *broker, MqttBytes client_id);
guint mqtt_broker_inflight(const MqttBroker *broker, MqttBytes client_id);

/* Asks the caches for what an input from the connection will touch, in two stages: 1, and when that
 * has come, 2. */
void mqtt_broker_ask(const MqttBroker *broker, guint32 conn, guint stage);
