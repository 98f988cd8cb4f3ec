/* An MQTT client, sans-IO: bytes, application calls and now_ns in; bytes, events and one
 * deadline out. Owns no socket, clock, thread or randomness. When to connect again is the host's
 * affair.
 *
 * Life of a connection: connecting() when the host begins to open a transport; opened() when it
 * is up (CONNECT is then in the output); closed() when it is gone for whatever reason. After any
 * call: drain the events, pull the output, ask the deadline. */
#pragma once

#include "models/mqtt/event.h"
#include "models/mqtt/quirks.h"
#include "models/mqtt/store.h"

#define MQTT_NEVER G_MAXINT64
#define MQTT_UNLIMITED G_MAXUINT32

typedef enum { MQTT_CLEAN_NO, MQTT_CLEAN_YES, MQTT_CLEAN_FIRST } MqttCleanStart;
typedef enum {
  MQTT_ACK_REPORT,    /* the application is told failure; the exchange goes on */
  MQTT_ACK_RESEND,    /* same identifier, DUP; forbidden by [MQTT-4.4.0-1], legal in 3.1.1 */
  MQTT_ACK_RECONNECT, /* close, connect again, resend as sessions do */
  MQTT_ACK_GIVE_UP    /* the state is dropped */
} MqttOnAckTimeout;
typedef enum {
  MQTT_SESSION_OBEY,  /* Session Present 0 discards the client's part [MQTT-3.2.2-5] */
  MQTT_SESSION_IGNORE /* what is unacknowledged is sent again whatever it says; forbidden, and done
                         by several libraries */
} MqttSessionPresent;
typedef enum {
  MQTT_PING_IDLE,  /* PINGREQ when nothing was sent for a keep alive [MQTT-3.1.2-20] */
  MQTT_PING_EITHER /* or when nothing was received for one */
} MqttPingWhen;
typedef enum { MQTT_OFFLINE_NONE, MQTT_OFFLINE_QOS12, MQTT_OFFLINE_ALL } MqttOfflineQueue;
typedef enum { MQTT_DROP_NEW, MQTT_DROP_OLD, MQTT_FULL_REFUSE } MqttOnQueueFull;
typedef enum { MQTT_QOS2_ON_PUBLISH, MQTT_QOS2_ON_PUBREL } MqttQos2Receiver;

/* Shared by all clients of a group, which borrow it. */
typedef struct {
  MqttVersion version;
  MqttCleanStart clean_start;
  guint32 session_expiry_s; /* 3.1.1: not sent */
  gboolean changes_expiry;  /* by the DISCONNECT that the application asks for; not in 3.1.1 */
  guint32 disconnect_expiry_s;
  guint16 keep_alive_s;      /* 0: off */
  gint64 ping_timeout_ns;    /* silence after PINGREQ that closes; MQTT_NEVER */
  gint64 connect_timeout_ns; /* from connecting() to opened() */
  gint64 connack_timeout_ns; /* from connecting() to CONNACK */
  guint32 inflight;          /* own bound on unacknowledged QoS 1 and 2 PUBLISH; MQTT_UNLIMITED */
  guint32 queue;             /* messages waiting behind it */
  guint64 queue_bytes;       /* payload and topic bytes waiting; G_MAXUINT64: unlimited */
  MqttOnQueueFull on_queue_full;
  MqttOfflineQueue offline_queue;
  guint16 receive_maximum;     /* announced; 65535 is not sent */
  guint32 maximum_packet_size; /* announced; MQTT_UNLIMITED is not sent */
  guint16 topic_alias_maximum; /* announced; 0 is not sent */
  MqttSessionPresent session_present;
  MqttPingWhen ping_when;
  gint64 ack_timeout_ns; /* from SENT of PUBLISH, PUBREL, SUBSCRIBE to the answer; or NEVER */
  MqttOnAckTimeout on_ack_timeout;
  double ack_backoff; /* factor from try to try */
  guint32 ack_tries;  /* before giving up; MQTT_UNLIMITED */
  MqttQos2Receiver qos2_receiver;
  guint16 quirks;           /* of MqttClientQuirk */
  gboolean store;           /* operations are emitted */
  gboolean ack_after_store; /* acknowledgements wait for stored() */
} MqttClientConfig;

/* The specification's, MQTT 5.0, Clean Start, keep alive 60 s. */
void mqtt_client_config_default(MqttClientConfig *config);

typedef enum {
  MQTT_PUBLISH_ACCEPTED,
  MQTT_PUBLISH_OFFLINE, /* no connection, and this QoS is not queued then */
  MQTT_PUBLISH_QUEUE_FULL,
  MQTT_PUBLISH_TOO_LARGE,    /* beyond the server's Maximum Packet Size */
  MQTT_PUBLISH_NOT_SUPPORTED /* above the server's Maximum QoS [MQTT-3.2.2-11], or RETAIN where it
                                keeps no messages [MQTT-3.2.2-14] */
} MqttPublishResult;

typedef struct _MqttClient MqttClient;

/* client_id is copied; events is borrowed and may be shared by many machines. */
MqttClient *mqtt_client_new(const MqttClientConfig *config, MqttBytes client_id,
                            MqttEvents *events);
void mqtt_client_free(MqttClient *client); /* no events */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttClient, mqtt_client_free)
/* What its clock shows at now_ns = 0; matters to who counts in whole seconds (a quirk). */
void mqtt_client_set_clock(MqttClient *client, gint64 clock_ns);
/* Emits GONE with cause for every copy held, then forgets all state, as a crash does. */
void mqtt_client_lose_state(MqttClient *client, MqttCause cause);

void mqtt_client_connecting(MqttClient *client, gint64 now_ns);
void mqtt_client_opened(MqttClient *client, gint64 now_ns);
void mqtt_client_closed(MqttClient *client, gint64 now_ns);

/* At most one packet; returns the bytes taken, 0 if more are needed (or the connection is being
 * closed). */
gsize mqtt_client_input(MqttClient *client, gint64 now_ns, const guint8 *data, gsize n);
/* At most one packet, or a slice of one that is larger than the room; returns the bytes written,
 * 0: none, or no room. All of a packet but a PUBLISH's payload needs room at once. */
gsize mqtt_client_output(MqttClient *client, gint64 now_ns, guint8 *dst, gsize room);
/* FALSE: output() has nothing to write; asked before each call of it, because most would be in
 * vain. */
gboolean mqtt_client_writes(MqttClient *client);
gint64 mqtt_client_deadline(const MqttClient *client);
void mqtt_client_timeout(MqttClient *client, gint64 now_ns);
/* With ack_after_store, a QoS 2 message is handed over here, in the call that makes durable what
 * forbids to hand it over again: so MESSAGE may follow, as after input. */
void mqtt_client_stored(MqttClient *client, gint64 now_ns, guint64 up_to);
/* Operations not yet fetched, in order; FALSE: none. The view is valid until the next call. */
gboolean mqtt_client_store_op(MqttClient *client, MqttStoreOp *op);
void mqtt_client_load(MqttClient *client, const MqttStoreKey *key, const guint8 *value, gsize n);

/* The will of the connections to come; NULL: none. Copied; Message Expiry and the like are its
 * properties. */
void mqtt_client_set_will(MqttClient *client, const MqttPublish *will, guint32 delay_s);

/* publish->packet_id and dup are ignored; Topic Alias set, whatever its number, asks for one where
 * the server takes them. Accepted: the machine holds a copy, which no event says; later TOLD (QoS
 * 0: nothing, its publish() returned). */
MqttPublishResult mqtt_client_publish(MqttClient *client, gint64 now_ns,
                                      const MqttPublish *publish);
/* Returns a number that SUBSCRIBED and UNSUBSCRIBED carry in packet_id; 0: not connected. What is
 * unanswered when the connection closes is forgotten without an event. */
guint16 mqtt_client_subscribe(MqttClient *client, gint64 now_ns, MqttBytes filter, guint8 options,
                              guint32 identifier); /* Subscription Identifier, 0: none */
guint16 mqtt_client_unsubscribe(MqttClient *client, gint64 now_ns, MqttBytes filter);
/* DISCONNECT, then CLOSE; CLOSE alone if the transport takes no bytes. */
void mqtt_client_disconnect(MqttClient *client, gint64 now_ns, guint8 reason);

/* A quirk: it will not connect again, whatever the host does. */
gboolean mqtt_client_gave_up(const MqttClient *client);
/* CONNACK success came, and not closed since. */
gboolean mqtt_client_connected(const MqttClient *client);
guint mqtt_client_inflight(const MqttClient *client);
guint mqtt_client_queued(const MqttClient *client);

/* Asks the caches for what an input or an output will touch. */
void mqtt_client_ask(const MqttClient *client, guint stage);
