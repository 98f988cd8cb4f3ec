/* What client and broker keep for one connection and no longer: quota (section 4.9), answers
 * that wait to be written, the PUBLISH that is half written. One packet is written at a time:
 * answers in their order, then PUBLISH in the order of arrival. */
#pragma once

#include "models/mqtt/aliases.h"
#include "models/mqtt/client.h"
#include "models/mqtt/ring.h"
#include "models/mqtt/store_log.h"

/* A PUBLISH larger than the room; it is finished even if its exchange ends meanwhile. */
typedef struct {
  MqttMessage *message;
  guint32 offset, header, total;
  guint16 id; /* 0: QoS 0 */
  guint8 qos, resend;
  guint8 orphan; /* its exchange is over, so it holds a copy of its own */
} MqttPartial;

/* Its last 64 bytes are what each packet looks at: where they stand matters in a client. */
typedef struct {
  guint32 raw_taken;
  guint32 receive_used;
  GByteArray *raw; /* encoded packets of the RAW entries */
  MqttRing *acks;  /* behind `answer`; state: MqttPacketType or MQTT_PIPE_RAW */
  MqttPartial *partial;
  MqttAliases *aliases; /* NULL: neither side takes any */
  MqttRing *orphans;    /* identifiers of dropped exchanges: their answers still move the window */
  guint64 opens;        /* operation that the first packet rests on: nothing is written before */
  guint32 maximum;      /* the peer's Maximum Packet Size */
  guint32 send_used, send_limit; /* PUBLISH of QoS 1 and 2 under way on this connection */
  guint32 again;   /* of QoS 1 and 2, this many have DUP though they are new: a client's quirk */
  guint16 sent_id; /* of what the last output finished, if that is to be answered; else 0 */
  /* The next answer, if it says no more than this, rests on no operation and came when there was no
   * other: so most need no ring. type: 0: none. */
  guint16 answer_id;
  guint8 answer_type;
  guint8 version;
  guint8 maximum_qos;
  guint8 listed : 1;  /* stands in the ready list */
  guint8 named : 1;   /* there is output, as far as is known without a look; a host was told */
  guint8 blocked : 1; /* the last output ended for want of room */
  guint8 answer_counted : 1;
  guint8 no_retain : 1; /* the peer takes no PUBLISH with RETAIN */
  guint8 takes_any : 1; /* of PUBLISH, whatever size, QoS and RETAIN */
} MqttPipe;

#define MQTT_PIPE_RAW 16

/* Connections with new output, and those that wait for the store. */
typedef struct {
  guint32 *conns; /* grows as it must, and is kept */
  guint length, capacity, taken;
  GArray *gated; /* MqttGate */
  guint opened;
} MqttReady;

typedef struct {
  guint64 op;
  guint32 conn;
} MqttGate;

/* What the sessions of one machine share. */
typedef struct {
  MqttEvents *events;
  MqttStoreLog *log; /* NULL: no store */
  MqttReady *ready;  /* NULL: a client, which is asked after every call */
  guint64 queue_bytes;
  guint32 inflight, queue, qos0_backlog;
  guint32 queued_peak, inflight_peak; /* of any session, since the host last asked */
  guint32 quirks;                     /* of a broker: quirks.h */
  guint16 receive_maximum;
  guint16 client_quirks; /* of MqttClientQuirk */
  guint8 on_queue_full;  /* MqttOnQueueFull */
  guint8 out_flags;      /* of events about what is sent: UPSTREAM in a client */
  guint8 in_flags;
  guint8 ack_after_store;
} MqttCore;

typedef struct _MqttSession MqttSession;

void mqtt_pipe_init(MqttPipe *pipe, guint8 version, guint32 send_limit, guint32 maximum,
                    guint8 maximum_qos);
void mqtt_pipe_clear(MqttPipe *pipe);   /* frees what it holds */
void mqtt_pipe_limited(MqttPipe *pipe); /* the limits of the peer were changed */

/* What mqtt_pipe_answer() does if it is not the only answer, or says more than success. */
void mqtt_pipe_answer_in_turn(MqttCore *core, MqttSession *session, MqttPacketType type, guint16 id,
                              guint8 reason, gboolean counted);
/* What the exchange in this slot of `out` sends now: PUBLISH again, or PUBREL. */
void mqtt_pipe_again(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttResend resend);
/* Another packet, encoded now; id: of a request that is to be answered, or 0; op: the operation
 * that it rests on. */
void mqtt_pipe_packet(MqttCore *core, MqttPipe *pipe, guint32 conn, const MqttPacket *packet,
                      guint16 id, guint64 op);
/* Whether the peer takes a packet of that size [MQTT-3.1.2-24] [MQTT-3.2.2-15]. */
gboolean mqtt_pipe_takes(const MqttPipe *pipe, const MqttPacket *packet);
/* Forgets what is not half written: nothing but a last packet may follow. */
void mqtt_pipe_drop_answers(MqttPipe *pipe);
/* The connection waits for operation op. */
void mqtt_pipe_wait(MqttReady *ready, guint32 conn, guint64 op);
void mqtt_pipe_list(MqttReady *ready, guint32 conn);

/* A half written resend whose exchange is over is written, or goes with its connection: GONE. */
void mqtt_pipe_orphan_gone(MqttCore *core, MqttPipe *pipe, const MqttSession *session);

/* What is neither the only answer nor all that waits, of mqtt_pipe_output(). */
gsize mqtt_pipe_write(MqttCore *core, MqttPipe *pipe, MqttSession *session, gint64 now_ns,
                      guint8 *dst, gsize room);
/* A peer that asks on and does not read the answers is to be left alone. */
gboolean mqtt_pipe_congested(const MqttPipe *pipe);
gboolean mqtt_pipe_pending(const MqttCore *core, const MqttPipe *pipe, const MqttSession *session);

static inline gboolean
mqtt_pipe_stored(const MqttCore *core, guint64 op)
{
  return op == 0 || core->log == NULL || op <= core->log->stored;
}

/* The connection has output: notes it, and tells the host of a broker if it does not know. */
static inline void
mqtt_pipe_wake(MqttCore *core, MqttPipe *pipe, guint32 conn)
{
  if (pipe->named)
    return;
  pipe->named = TRUE;
  if (core->ready == NULL)
    return;
  pipe->listed = TRUE;
  mqtt_pipe_list(core->ready, conn);
}

/* The connection may write something as soon as operation op is stored; 0: now. */
static inline void
mqtt_pipe_gate(MqttCore *core, MqttPipe *pipe, guint32 conn, guint64 op)
{
  if (mqtt_pipe_stored(core, op))
    mqtt_pipe_wake(core, pipe, conn);
  else if (core->ready != NULL)
    mqtt_pipe_wait(core->ready, conn, op);
}
