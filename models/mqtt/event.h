/* What a machine tells its host. Events are small records in an array that the host owns, lends to
 * its machines and empties after every call; views in them are valid until the next call of that
 * machine.
 *
 * Custody: a *copy* of a message is held by a machine (queued, in flight, an unreleased QoS 2
 * message) or lies in the bytes of a connection. COPY says that the machine now holds one more (as
 * does a client's publish() that is accepted), GONE that it holds one less and why, SENT that the
 * last byte of a PUBLISH went to the transport (one more copy in the bytes of the connection),
 * RECEIVED that one was decoded from it. A copy never vanishes before the one it turned into was
 * told: COPY of the next holder comes before RECEIVED or GONE of the last. So a count of copies is
 * zero exactly when nothing can deliver the message any more. */
#pragma once

#include "models/mqtt/packet.h"
#include "models/mqtt/pool.h"

typedef enum {
  MQTT_EVENT_OPENED,     /* client: CONNACK success (flag SESSION); broker: a client connected (flag
                            SESSION: resumed) */
  MQTT_EVENT_REFUSED,    /* client: CONNACK with an error, in reason */
  MQTT_EVENT_CLOSE,      /* the transport is to be closed after what was written (reason) */
  MQTT_EVENT_MESSAGE,    /* client: a message for the application: topic, payload, qos; flag
                            RECEIVED: it was decoded just now */
  MQTT_EVENT_SUBSCRIBED, /* client: SUBACK: reason for the subscription numbered packet_id at
                            subscribe() */
  MQTT_EVENT_UNSUBSCRIBED, /* client: UNSUBACK */
  MQTT_EVENT_TOLD, /* client: the application is told how a publication ended: flag FAILED or not,
                      reason; flag GONE: with it the machine's copy is gone, as it should */
  MQTT_EVENT_COPY, /* the machine holds one more copy, for this peer */
  MQTT_EVENT_GONE, /* the machine holds one copy less; cause */
  MQTT_EVENT_SENT, /* a PUBLISH (or, flag PUBREL, a PUBREL) went to the transport; resend says why
                      again */
  MQTT_EVENT_RECEIVED,     /* a PUBLISH (or PUBREL) was decoded; cause: why the receiver made
                              no copy of it for anyone */
  MQTT_EVENT_SESSION_GONE, /* broker: the session of peer ended; cause. Flag SESSION: a crash ended
                              it, and a store may bring it back */
  MQTT_EVENT_STORE,        /* operation `number` is to be stored: see store.h */
} MqttEventType;

enum {
  MQTT_FLAG_SESSION = 1,
  MQTT_FLAG_FAILED = 2,
  MQTT_FLAG_PUBREL = 4,
  MQTT_FLAG_DUP = 8,
  MQTT_FLAG_OPEN = 32,      /* TOLD: the exchange goes on, so more may be told */
  MQTT_FLAG_RETAIN = 64,    /* MESSAGE: its RETAIN flag */
  MQTT_FLAG_UPSTREAM = 16,  /* COPY, GONE, SENT, RECEIVED: on the way from a publisher to a broker;
                               else to a subscriber */
  MQTT_FLAG_RECEIVED = 128, /* MESSAGE: counts as a RECEIVED after it */
  MQTT_FLAG_GONE = 128,     /* TOLD: counts as a GONE of cause DONE before it */
};

typedef enum { MQTT_RESEND_NONE, MQTT_RESEND_TIMER, MQTT_RESEND_RECONNECT } MqttResend;

/* Why a copy went. */
typedef enum {
  MQTT_CAUSE_DONE,       /* acknowledged, handed on, or written (QoS 0): nothing was lost by it */
  MQTT_CAUSE_QUEUE_FULL, /* the bound of a queue */
  MQTT_CAUSE_CONNECTION_LOST, /* QoS 0 that waited for a connection which died */
  MQTT_CAUSE_REFUSED,         /* the peer answered with a reason code of 0x80 or above */
  MQTT_CAUSE_TOO_LARGE,       /* beyond the peer's Maximum Packet Size */
  MQTT_CAUSE_EXPIRED,         /* Message Expiry Interval */
  MQTT_CAUSE_NO_SUBSCRIPTION, /* nobody's filter matches */
  MQTT_CAUSE_OFFLINE,         /* QoS 0 for a session without a connection */
  MQTT_CAUSE_SESSION_EXPIRED, /* Session Expiry Interval, or a session that ends with its connection
                               */
  MQTT_CAUSE_SESSION_DISCARDED,   /* Clean Start, or Session Present 0 */
  MQTT_CAUSE_GAVE_UP,             /* tries used up */
  MQTT_CAUSE_STATE_EXPIRED,       /* QoS 2 state forgotten by age */
  MQTT_CAUSE_STATE_LOST,          /* the machine lost its state: crash, power loss */
  MQTT_CAUSE_REPLACED,            /* another message of QoS 2 came with its identifier */
  MQTT_CAUSE_TAKEN_FOR_DUPLICATE, /* RECEIVED: another message of QoS 2 has its identifier */
} MqttCause;

#define MQTT_NO_PEER G_MAXUINT32

/* What is only some events' is in the others whatever was there before. */
typedef struct {
  guint8 type; /* MqttEventType */
  guint8 flags;
  union {
    guint8 resend; /* SENT: MqttResend */
    guint8 cause;  /* GONE, RECEIVED, SESSION_GONE: MqttCause */
    guint8 reason; /* of the others: MqttReason */
  };
  guint8 qos;        /* MESSAGE, SENT */
  guint16 packet_id; /* SUBSCRIBED, UNSUBSCRIBED, TOLD */
  guint32 conn;      /* broker: connection concerned, or MQTT_NO_PEER */
  guint32 peer;      /* broker: the host's number of the session's client, as given to
                        mqtt_broker_open(); client: 0 */
  guint64 tag;       /* first 8 bytes of the payload as a big-endian number; 0 if it is shorter */
  guint64 number;    /* STORE */
  MqttBytes topic, payload; /* MESSAGE */
} MqttEvent;

typedef struct {
  MqttEvent *items;
  guint length, capacity;
  MqttPool pool; /* of the machines that the events are lent to */
} MqttEvents;

/* Frees the memory, after the machines; zero-filled is empty. */
void mqtt_events_clear(MqttEvents *events);
MqttEvent *mqtt_events_grow(MqttEvents *events);

/* The place of a new event, to be filled. */
static inline MqttEvent *
mqtt_events_next(MqttEvents *events)
{
  return events->length < events->capacity ? &events->items[events->length++]
                                           : mqtt_events_grow(events);
}

/* A new event at the end, of all is well: resend, cause and reason are 0. */
static inline __attribute__((always_inline)) MqttEvent *
mqtt_events_say(MqttEvents *events, MqttEventType type, guint8 flags, guint32 conn, guint32 peer,
                guint64 tag)
{
  MqttEvent *event = mqtt_events_next(events);
  event->type = (guint8)type;
  event->flags = flags;
  event->reason = 0;
  event->conn = conn;
  event->peer = peer;
  event->tag = tag;
  return event;
}

/* Of no session. */
static inline MqttEvent *
mqtt_events_push(MqttEvents *events, MqttEventType type)
{
  return mqtt_events_say(events, type, 0, MQTT_NO_PEER, 0, 0);
}

static inline __attribute__((always_inline)) guint64
mqtt_tag(MqttBytes payload)
{
  guint64 tag = 0;
  if (payload.length >= 8)
    __builtin_memcpy(&tag, payload.data, 8);
  return GUINT64_FROM_BE(tag);
}
