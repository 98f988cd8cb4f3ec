/* The part of pipe.h that each packet goes through, and that knows a session: in a header, so that
 * it becomes part of its callers. */
#pragma once

#include "models/mqtt/session.h"

static inline gboolean
mqtt_pipe_unanswered(const MqttPipe *pipe)
{
  return pipe->answer_type == 0 && pipe->acks == NULL;
}

static inline __attribute__((always_inline)) void
mqtt_pipe_answer_first(MqttCore *core, const MqttSession *session, MqttPacketType type, guint16 id,
                       gboolean counted)
{
  MqttPipe *pipe = session->pipe;
  pipe->answer_type = (guint8)type;
  pipe->answer_id = id;
  pipe->answer_counted = counted != FALSE;
  mqtt_pipe_wake(core, pipe, session->conn);
}

/* An answer to be written; it waits for the operations made so far if the core says so. counted:
 * it gives the peer one of our Receive Maximum back. */
static inline __attribute__((always_inline)) void
mqtt_pipe_answer(MqttCore *core, MqttSession *session, MqttPacketType type, guint16 id,
                 guint8 reason, gboolean counted)
{
  if (session->pipe->version != MQTT_5_0)
    reason = MQTT_SUCCESS; /* 3.1.1 has no way to say it */
  if (reason == MQTT_SUCCESS && core->log == NULL && core->quirks == 0 &&
      mqtt_pipe_unanswered(session->pipe))
    mqtt_pipe_answer_first(core, session, type, id, counted);
  else
    mqtt_pipe_answer_in_turn(core, session, type, id, reason, counted);
}

/* No answer and no message of any kind, so output has nothing to write: asked after each packet. */
static inline gboolean
mqtt_pipe_idle(const MqttPipe *pipe, const MqttSession *session)
{
  return mqtt_pipe_unanswered(pipe) && pipe->partial == NULL &&
         (session == NULL ||
          (session->direct == NULL &&
           (session->out == NULL || session->out->sent == session->out->granted)));
}

/* Output would write something, as far as is known without a look, of a pipe that is named; one
 * that ended for want of room is looked at. */
static inline gboolean
mqtt_pipe_writes(MqttPipe *pipe, const MqttSession *session)
{
  if (pipe->blocked && mqtt_pipe_idle(pipe, session))
    pipe->named = FALSE;
  return pipe->named;
}

static inline void
mqtt_pipe_give_back(MqttPipe *pipe)
{
  if (pipe->receive_used > 0)
    pipe->receive_used--;
}

/* Whether an answer alone waits, before all others. */
static inline gboolean
mqtt_pipe_answers(const MqttCore *core, const MqttPipe *pipe)
{
  return pipe->answer_type != 0 && pipe->partial == NULL && mqtt_pipe_stored(core, pipe->opens);
}

/* Writes it. */
static inline gsize
mqtt_pipe_write_answer(MqttPipe *pipe, guint8 *dst, gsize room)
{
  gsize n = mqtt_encode_success(pipe->answer_type, pipe->answer_id, dst, room);
  if (n == 0) {
    pipe->blocked = TRUE;
    return 0;
  }
  if (pipe->answer_counted)
    mqtt_pipe_give_back(pipe);
  pipe->answer_type = 0;
  return n;
}

/* A packet with this identifier, 0 with QoS 0, went to the transport. */
static inline void
mqtt_pipe_sent(MqttCore *core, MqttPipe *pipe, const MqttSession *session, guint64 tag, guint16 id,
               guint8 qos, guint8 flags, MqttResend resend)
{
  MqttEvent *event =
      mqtt_session_event(core, session, MQTT_EVENT_SENT, (guint8)(core->out_flags | flags), tag);
  event->qos = qos;
  event->resend = (guint8)resend;
  pipe->sent_id = id;
}

/* The next message, if nothing else waits and it was never written before: what most output is. */
static inline MqttSlot *
mqtt_pipe_fresh(const MqttCore *core, const MqttPipe *pipe, const MqttSession *session)
{
  if (pipe->acks != NULL || pipe->partial != NULL || pipe->aliases != NULL || pipe->again > 0 ||
      session == NULL || session->direct != NULL || !mqtt_pipe_stored(core, pipe->opens))
    return NULL;
  MqttRing *out = session->out;
  if (out == NULL || out->sent == out->granted)
    return NULL;
  MqttSlot *slot = mqtt_ring_at(out, out->sent);
  gboolean identified = slot->word != 0 && session->conn != MQTT_NO_PEER;
  gboolean fresh = mqtt_slot_publishes(slot) && !(slot->flags & MQTT_SLOT_SENT);
  return fresh && !identified && slot->op == 0 ? slot : NULL;
}

/* Writes it; 0: not as it is. */
static inline gsize
mqtt_pipe_write_fresh(MqttCore *core, MqttPipe *pipe, MqttSession *session, MqttSlot *slot,
                      guint8 *dst, gsize room)
{
  guint8 qos = mqtt_slot_qos(slot), flags = (guint8)(qos << 1 | (slot->flags & MQTT_SLOT_RETAIN));
  gsize n = mqtt_message_write_as_is(slot->message, flags, slot->id, pipe->version, dst, room);
  if (n == 0)
    return 0;
  mqtt_pipe_sent(core, pipe, session, slot->message->tag, slot->id, qos, 0, MQTT_RESEND_NONE);
  slot->flags |= MQTT_SLOT_SENT;
  if (++session->out->sent == session->out->granted)
    pipe->named = FALSE;
  return n;
}

/* At most one packet or slice; 0: nothing that may be written, or no room (blocked says which).
 * session: NULL if the connection has left it, or has none yet. */
static inline __attribute__((always_inline)) gsize
mqtt_pipe_output(MqttCore *core, MqttPipe *pipe, MqttSession *session, gint64 now_ns, guint8 *dst,
                 gsize room)
{
  pipe->sent_id = 0;
  pipe->blocked = FALSE;
  gsize n;
  if (mqtt_pipe_answers(core, pipe)) {
    n = mqtt_pipe_write_answer(pipe, dst, room);
  } else {
    MqttSlot *slot = mqtt_pipe_fresh(core, pipe, session);
    n = slot == NULL ? 0 : mqtt_pipe_write_fresh(core, pipe, session, slot, dst, room);
    if (n > 0)
      return n;
    n = mqtt_pipe_write(core, pipe, session, now_ns, dst, room);
  }
  if (n == 0 ? !pipe->blocked : mqtt_pipe_idle(pipe, session))
    pipe->named = FALSE;
  return n;
}
