/* The half of a session that client and broker have in common: what it sends and what it has
 * received, across connections (section 4.1). Quota lives in the pipe of the connection, see
 * pipe.h. sender.h has the rules of what is sent, receiver.h those of what is received. */
#pragma once

#include "models/mqtt/flow.h"
#include "models/mqtt/pipe.h"
#include "models/mqtt/quirks.h"

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

/* First what each message looks at, 64 bytes, then what those of QoS 2 and others do. */
struct _MqttSession {
  guint32 waiting; /* slots of out without an identifier */
  guint16 last_id;
  guint8 unused_ids; /* at least so many behind last_id, see mqtt_session_new_id() */
  guint8 recorded;   /* its state goes to the store: it outlives connections */
  guint64 order;     /* of the last message that came */
  guint64 waiting_bytes;
  MqttRing *direct; /* QoS 0, waiting to be written */
  MqttRing *out;    /* QoS 1 and 2: in flight as sent, then waiting as they came */
  MqttPipe *pipe;   /* NULL: no connection */
  guint32 conn, peer;
  MqttRing *in;     /* QoS 2 received and not released */
  MqttRing *copies; /* a client's quirk: more QoS 2 with an identifier of `in`, which is in word */
  MqttRing *requests; /* a client's SUBSCRIBE and UNSUBSCRIBE that are not answered */
  /* When what is past its PUBREC expires, in seconds, by identifier; NULL: nothing does, or that
   * counts no more, as it should. */
  GHashTable *expiries;
  guint64 number; /* in the keys of the store */
  guint64 loaned; /* order, when the connection was lent with a window; G_MAXUINT64: it was not */
  guint32 stamp;  /* last given to a slot: a timer's, or of the PUBREC that released it */
};

enum { /* MqttSlot.flags */
       MQTT_SLOT_RETAIN = 1,
       MQTT_SLOT_COUNTED = 1 << 1,  /* takes one of the quota of this connection */
       MQTT_SLOT_STORED = 1 << 2,   /* has a record with the message */
       MQTT_SLOT_FLIGHT = 1 << 3,   /* has a record with identifier and state */
       MQTT_SLOT_RESUMED = 1 << 4,  /* its exchange goes over more than one connection */
       MQTT_SLOT_TOLD = 1 << 5,     /* the application was told of the time-out */
       MQTT_SLOT_SENT = 1 << 6,     /* its packet was written before: the next time is a resend */
       MQTT_SLOT_QOS2 = 1 << 7,     /* the highest, see mqtt_slot_qos() */
       MQTT_SLOT_HELD = 1 << 0,     /* in `in`: the message waits here for PUBREL */
       MQTT_SLOT_RELEASING = 1 << 0 /* in `out`, its message released: PUBREL is to be written */
};

/* Kinds of store records that client and broker share. OUT: two records a message, one with
 * identifier and state, one with the message. */
enum { MQTT_RECORD_OUT = 3, MQTT_RECORD_IN };

void mqtt_session_init(MqttSession *session, guint64 number, guint32 peer, gboolean recorded);
void mqtt_session_clear(MqttSession *session); /* frees all without an event */

/* A connection takes over the session: the quota starts anew, and what is unacknowledged will be
 * sent again [MQTT-4.4.0-1]. */
void mqtt_session_attach(MqttCore *core, MqttSession *session, gint64 now_ns, MqttPipe *pipe,
                         guint32 conn);
/* Before that: QoS 0 alone may go by a connection whose quota is none, until it is attached. */
void mqtt_session_lend(MqttSession *session, MqttPipe *pipe, guint32 conn);
void mqtt_session_end_loan(MqttSession *session);
/* Then QoS 1 and 2 may go too, as far as the window has room beside what was there before: that
 * waits until it is attached, and what has gone is not sent again then. */
void mqtt_session_lend_window(MqttCore *core, MqttSession *session, guint32 window);
/* The connection is gone. QoS 0 messages go with it unless kept; the one half written always
 * does. */
void mqtt_session_detach(MqttCore *core, MqttSession *session, gboolean keep_qos0);
/* What the specification calls session state ends: in flight both ways. everything: what waits
 * for the window and QoS 0 too. */
void mqtt_session_discard(MqttCore *core, MqttSession *session, MqttCause cause, guint8 reason,
                          gboolean everything);

/* Of that, only what was received. */
void mqtt_session_discard_received(MqttCore *core, MqttSession *session, MqttCause cause);

/* A crash: GONE for every copy, then all is forgotten; the store and the application hear
 * nothing. */
void mqtt_session_lose(MqttCore *core, MqttSession *session, MqttCause cause);

/* Looks how many identifiers behind the last one are unused; FALSE: too many are in use. */
gboolean mqtt_session_count_unused(MqttSession *session);
guint mqtt_session_queued(const MqttSession *session);

/* One record of a kind above. Emits COPY for a message. */
void mqtt_session_load(MqttCore *core, MqttSession *session, const MqttStoreKey *key,
                       const guint8 *value, gsize n);
/* Writes the record with identifier and state, or deletes it, or that with the message. */
void mqtt_session_store_state(MqttCore *core, MqttSession *session, MqttSlot *slot);
void mqtt_session_store_message(MqttCore *core, MqttSession *session, MqttSlot *slot);
void mqtt_session_store_received(MqttCore *core, MqttSession *session, const MqttSlot *slot);
void mqtt_session_unstore(MqttCore *core, MqttSession *session, MqttSlot *slot, guint8 flags);

static inline MqttEvent *
mqtt_session_event(MqttCore *core, const MqttSession *session, MqttEventType type, guint8 flags,
                   guint64 tag)
{
  return mqtt_events_say(core->events, type, flags, session->conn, session->peer, tag);
}

static inline guint
mqtt_session_inflight(const MqttSession *session)
{
  return mqtt_ring_live(session->out) - session->waiting;
}

static inline gboolean
mqtt_core_is_client(const MqttCore *core)
{
  return core->out_flags & MQTT_FLAG_UPSTREAM;
}

/* The number of operations made so far, if acknowledgements are to wait for them; else 0. */
static inline guint64
mqtt_core_gate(const MqttCore *core)
{
  return core->log != NULL && core->ack_after_store ? core->log->last : 0;
}

/* An unused packet identifier, or 0 if too many are in use [MQTT-2.2.1-3, -4]. An identifier comes
 * into use here alone, so those that were seen unused are so until they are reached. */
static inline guint16
mqtt_session_new_id(MqttSession *session)
{
  if (session->unused_ids == 0 && !mqtt_session_count_unused(session))
    return 0;
  session->unused_ids--;
  if (++session->last_id == 0)
    session->last_id = 1;
  return session->last_id;
}

/* What answers an identifier that is not known. */
static inline guint8
mqtt_core_unknown(const MqttCore *core)
{
  gboolean unsaid = core->client_quirks & MQTT_CLIENT_UNKNOWN_ID_UNSAID ||
                    core->quirks & MQTT_QUIRK_UNKNOWN_ID_UNSAID;
  return unsaid ? MQTT_SUCCESS : MQTT_PACKET_ID_NOT_FOUND;
}

static inline guint8
mqtt_slot_qos(const MqttSlot *slot)
{
  return (guint8)(1 + slot->flags / MQTT_SLOT_QOS2);
}

/* Of a slot in out or direct: whether the message is still the sender's. */
static inline gboolean
mqtt_slot_holds(const MqttSlot *slot)
{
  return slot->state != 0 && slot->state != MQTT_OUT_PUBCOMP;
}

/* Whether it went by the connection when that was only lent. */
static inline gboolean
mqtt_session_early(const MqttSession *session, const MqttSlot *slot)
{
  return slot->flags & MQTT_SLOT_SENT && slot->order > session->loaned;
}

/* Whether what is sent of it, for the first time or again, is PUBLISH: QUEUED, PUBACK and PUBREC
 * stand together. */
static inline gboolean
mqtt_slot_publishes(const MqttSlot *slot)
{
  return slot->state >= MQTT_OUT_QUEUED && slot->state <= MQTT_OUT_PUBREC;
}
