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

/* Output would write something, as far as is known without a look; one that ended for want of room
 * is looked at. */
static inline gboolean
mqtt_pipe_writes(MqttPipe *pipe, const MqttSession *session)
{
  if (pipe->named && pipe->blocked && mqtt_pipe_idle(pipe, session))
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

/* At most one packet or slice; 0: nothing that may be written, or no room (blocked says which).
 * session: NULL if the connection has left it, or has none yet. */
static inline gsize
mqtt_pipe_output(MqttCore *core, MqttPipe *pipe, MqttSession *session, gint64 now_ns, guint8 *dst,
                 gsize room)
{
  pipe->sent_id = 0;
  pipe->blocked = FALSE;
  gsize n = mqtt_pipe_answers(core, pipe) ? mqtt_pipe_write_answer(pipe, dst, room)
                                          : mqtt_pipe_write(core, pipe, session, now_ns, dst, room);
  if (n == 0 ? !pipe->blocked : mqtt_pipe_idle(pipe, session))
    pipe->named = FALSE;
  return n;
}
