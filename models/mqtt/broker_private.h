/* Between broker.c (configuration, output, time), broker_session.c (sessions and how connections
 * leave them), broker_connect.c (CONNECT), broker_input.c (the other packets), broker_route.c
 * (who gets a message) and broker_store.c. */
#pragma once

#include "models/mqtt/broker.h"
#include "models/mqtt/deadlines.h"
#include "models/mqtt/retained.h"
#include "models/mqtt/session.h"
#include "models/mqtt/shares.h"
#include "models/mqtt/topic.h"

#define EXPIRY_NEVER G_MAXUINT32 /* Session Expiry Interval, section 3.1.2.11.2 */

/* Kinds of store records, before those that session.h names. */
enum { BROKER_RECORD_SESSION = 1, BROKER_RECORD_SUBSCRIPTION };
/* Behind those of session.h. The retained messages belong to session 0, which no session is. */
enum { BROKER_RECORD_WILL = MQTT_RECORD_IN + 1, BROKER_RECORD_RETAINED };

typedef struct {
  MqttMessage *message;
  gint64 due_ns; /* MQTT_NEVER: the connection lives */
  guint32 delay_s;
} Will;

typedef struct {
  MqttBytes client_id; /* first: the session is its own key */
  MqttSession s;
  struct _Link *link; /* NULL: not connected */
  MqttBytes *filters; /* sorted; each owns its bytes */
  Will *will;
  guint64 begun;               /* operation that says so, and that an older one is gone */
  gint64 expires_ns;           /* MQTT_NEVER: not before it is disconnected, or not at all */
  guint32 n_filters, n_shared; /* of these begin with $share/ */
  guint32 expiry_s;
  guint32 index;                  /* in sessions; subscriber in the tree, owner of the deadline */
  guint32 route_serial, route_at; /* the last message that matched, and its target */
  guint8 clean_start, version;    /* of the last CONNECT */
  guint8 unsaved;                 /* came from the store, and should not have been there */
  guint8 id_bytes[];
} BrokerSession;

typedef enum {
  LINK_CONNECT, /* waits for CONNECT */
  LINK_OPEN,    /* waits for anything else */
  LINK_CLOSING  /* waits until its last packet is written, then for closed() */
} LinkState;

typedef struct _BrokerRoute BrokerRoute;
typedef struct _BrokerTarget BrokerTarget;

typedef struct _Link {
  MqttPipe pipe;
  BrokerSession *session; /* NULL unless OPEN */
  BrokerRoute *route;     /* who got its last PUBLISH; NULL: not known */
  gint64 last_input_ns;
  guint32 conn, peer;
  guint16 keep_alive_s;
  guint8 state;
  guint8 goodbye_reason;
  guint8 goodbye : 1; /* CLOSE follows when the last packet is written */
  guint8 greeted : 1; /* CONNACK is written */
} Link;

struct _MqttBroker {
  const MqttBrokerConfig *config;
  MqttCore core;
  MqttReady ready;
  GPtrArray *links;     /* by number; NULL: none */
  GPtrArray *sessions;  /* by index; NULL: free */
  GArray *free_indices; /* guint32 */
  GHashTable *by_id;    /* BrokerSession, by client_id */
  MqttTopicTree *tree;
  MqttShares *shares;
  MqttRetained *retained;
  MqttDeadlines *deadlines;
  /* Of one message. The targets are the broker's own, or lie in a connection's route. */
  const BrokerTarget *targets;
  guint n_targets, room_for_targets;
  BrokerTarget *own_targets;
  GArray *found;          /* MqttMatch */
  BrokerSession *loading; /* the last session that came from the store */
  guint64 last_number;    /* of a session */
  guint64 assigned;       /* client identifiers */
  guint32 route_serial;
  guint connections, sessions_online;
};

/* broker_session.c */
BrokerSession *broker_session_new(MqttBroker *broker, MqttBytes client_id, guint32 peer,
                                  guint64 number, guint32 expiry_s);
/* Why a session ends whose time has come. */
MqttCause broker_session_end_cause(const BrokerSession *session);
BrokerSession *broker_session_find(const MqttBroker *broker, MqttBytes client_id);
void broker_session_free(BrokerSession *session);
/* GONE for every copy, SESSION_GONE; its records are deleted and its memory freed. A will that
 * waits is published. */
void broker_session_end(MqttBroker *broker, BrokerSession *session, gint64 now_ns, MqttCause cause);
void broker_session_rearm(MqttBroker *broker, BrokerSession *session);
/* TRUE: it is new; FALSE: it replaced the options of the one that the session had. */
gboolean broker_session_subscribe(MqttBroker *broker, BrokerSession *session, MqttBytes filter,
                                  guint8 options, guint32 identifier);
gboolean broker_session_unsubscribe(MqttBroker *broker, BrokerSession *session, MqttBytes filter);
void broker_session_drop_will(MqttBroker *broker, BrokerSession *session);
void broker_session_publish_wills(MqttBroker *broker, gint64 now_ns); /* all, due or not */
void broker_session_time_out(MqttBroker *broker, BrokerSession *session, gint64 now_ns);

/* The connection takes the session over, which has none. */
void broker_session_join(MqttBroker *broker, BrokerSession *session, Link *link);
/* The connection leaves its session, in order or not: with_will says. The session may end by it. */
void broker_link_leave(MqttBroker *broker, Link *link, gint64 now_ns, gboolean with_will);
/* CLOSE at once. */
void broker_link_close(MqttBroker *broker, Link *link, gint64 now_ns, guint8 reason,
                       gboolean with_will);
/* A last packet (CONNACK or DISCONNECT), then CLOSE. */
void broker_link_goodbye(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPacket *packet,
                         guint8 reason);
/* Section 4.13: DISCONNECT with its reason in 5.0, CLOSE. */
void broker_link_fail(MqttBroker *broker, Link *link, gint64 now_ns, guint8 reason);
void broker_link_emit_close(MqttBroker *broker, const Link *link, guint8 reason);

/* broker_connect.c */
void broker_on_connect(MqttBroker *broker, Link *link, gint64 now_ns, const MqttConnect *connect);
void broker_refuse_version(MqttBroker *broker, Link *link, gint64 now_ns);

/* broker_route.c */
void broker_route_forget(MqttBroker *broker, Link *link);
/* The topic of its route, which is valid; or none. */
MqttBytes broker_route_last_topic(const Link *link);
/* How many copies are due; finds the targets of the next two calls. from: for No Local, or NULL.
 * take: it takes a turn of the shared subscriptions that match. */
guint broker_route_find(MqttBroker *broker, const BrokerSession *from, MqttBytes topic, guint8 qos,
                        gboolean retain, gboolean take);
/* The same for a PUBLISH that was decoded with the last topic at hand. */
guint broker_route_find_for(MqttBroker *broker, const Link *link, const MqttPublish *publish,
                            gboolean take);
gboolean broker_route_full(MqttBroker *broker, guint32 size);
void broker_route_deliver(MqttBroker *broker, gint64 now_ns, MqttMessage *message);
/* Nobody gets it, for this cause. */
void broker_route_discard(MqttBroker *broker, guint64 tag, MqttCause cause);
/* Finds the targets and delivers: a will, or a message that waited for its PUBREL. Returns how many
 * copies were due. */
guint broker_route_message(MqttBroker *broker, gint64 now_ns, const BrokerSession *from,
                           MqttMessage *message);
/* What RETAIN asks of a message that has come (section 3.3.1.3). */
void broker_route_retain(MqttBroker *broker, MqttMessage *message);
/* The retained messages of a new subscription. */
void broker_route_retained(MqttBroker *broker, gint64 now_ns, BrokerSession *session,
                           MqttBytes filter, guint8 options, guint32 identifier);

/* broker_store.c */
void broker_store_session(MqttBroker *broker, const BrokerSession *session);
void broker_store_subscription(MqttBroker *broker, const BrokerSession *session, MqttBytes filter,
                               guint8 options, guint32 identifier);
void broker_unstore_subscription(MqttBroker *broker, const BrokerSession *session,
                                 MqttBytes filter);
void broker_unstore_session(MqttBroker *broker, const BrokerSession *session);
void broker_store_will(MqttBroker *broker, const BrokerSession *session);
void broker_unstore_will(MqttBroker *broker, const BrokerSession *session);
void broker_store_retained(MqttBroker *broker, guint64 number, const MqttMessage *message);
void broker_unstore_retained(MqttBroker *broker, guint64 number);
