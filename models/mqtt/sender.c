#include "models/mqtt/sender.h"

/* Queue */

static inline gboolean
window_open(const MqttSession *session)
{
  const MqttPipe *pipe = session->pipe;
  return pipe != NULL && session->waiting == 0 && pipe->send_used < pipe->send_limit;
}

gboolean
mqtt_sender_full(const MqttCore *core, const MqttSession *session, guint8 qos, guint32 size)
{
  if (qos == 0 && session->pipe != NULL)
    return core->qos0_backlog != MQTT_UNLIMITED &&
           (mqtt_ring_live(session->direct) >= core->qos0_backlog ||
            session->waiting_bytes + size > core->queue_bytes);
  if (qos > 0 && window_open(session))
    return FALSE;
  guint32 waiting = session->waiting;
  if (session->pipe == NULL)
    waiting += mqtt_ring_live(session->direct);
  if (session->pipe == NULL && core->quirks & MQTT_QUIRK_QUEUE_HOLDS_INFLIGHT)
    waiting += mqtt_session_inflight(session);
  return (core->queue != MQTT_UNLIMITED && waiting >= core->queue) ||
         (core->queue_bytes != G_MAXINT64 && session->waiting_bytes + size > core->queue_bytes);
}

static MqttSlot *
oldest_waiting(MqttSession *session)
{
  MqttRing *out = session->out;
  if (session->waiting == 0)
    return NULL;
  while (mqtt_ring_at(out, out->flight)->state == 0) /* of what was dropped */
    out->flight++;
  return mqtt_ring_at(out, out->flight);
}

/* FALSE: nothing waits that could make room. */
static gboolean
drop_oldest(MqttCore *core, MqttSession *session)
{
  MqttSlot *waiting = oldest_waiting(session);
  MqttSlot *direct = session->pipe == NULL ? mqtt_ring_first(session->direct) : NULL;
  if (direct != NULL && (waiting == NULL || direct->order < waiting->order))
    mqtt_sender_direct_gone(core, session, direct, MQTT_CAUSE_QUEUE_FULL);
  else if (waiting != NULL)
    mqtt_sender_drop(core, session, waiting, MQTT_CAUSE_QUEUE_FULL, MQTT_QUOTA_EXCEEDED);
  else
    return FALSE;
  return TRUE;
}

static gboolean
make_room(MqttCore *core, MqttSession *session, guint8 qos, guint32 size)
{
  while (mqtt_sender_full(core, session, qos, size))
    if (core->on_queue_full != MQTT_DROP_OLD || core->queue == 0 || size > core->queue_bytes ||
        (qos == 0 && session->pipe != NULL) || !drop_oldest(core, session))
      return FALSE;
  return TRUE;
}

void
mqtt_sender_direct_gone(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttCause cause)
{
  session->waiting_bytes -= mqtt_message_size(slot->message);
  mqtt_session_event(core, session, MQTT_EVENT_GONE, core->out_flags, slot->message->tag)->cause =
      (guint8)cause;
  mqtt_message_unref(slot->message);
  mqtt_ring_remove(&session->direct, slot);
}

void
mqtt_sender_publish(const MqttPipe *pipe, const MqttSession *session, const MqttSlot *slot,
                    guint8 qos, gint64 now_ns, MqttPublish *publish)
{
  gboolean from_broker = session->conn != MQTT_NO_PEER;
  mqtt_message_publish(slot->message, pipe->version, now_ns, publish);
  publish->qos = qos;
  publish->dup = FALSE;
  publish->retain = (slot->flags & MQTT_SLOT_RETAIN) != 0;
  publish->packet_id = slot->id;
  if (from_broker && slot->word != 0 && pipe->version == MQTT_5_0) {
    publish->properties.present |= G_GUINT64_CONSTANT(1) << MQTT_PROP_SUBSCRIPTION_ID;
    publish->properties.subscription_id = slot->word;
  }
}

static gboolean
refuses_retain(const MqttPipe *pipe, const MqttSlot *slot)
{
  return pipe->no_retain && slot->flags & MQTT_SLOT_RETAIN; /* [MQTT-3.2.2-14] */
}

static G_GNUC_NO_INLINE gboolean
fits(const MqttPipe *pipe, const MqttSession *session, const MqttSlot *slot, guint8 qos,
     gint64 now_ns)
{
  MqttPacket packet;
  packet.type = MQTT_PUBLISH;
  mqtt_sender_publish(pipe, session, slot, qos, now_ns, &packet.publish);
  packet.publish.packet_id = qos > 0 ? 1 : 0;
  return mqtt_pipe_takes(pipe, &packet);
}

gboolean
mqtt_sender_sendable(const MqttPipe *pipe, const MqttSession *session, const MqttSlot *slot,
                     guint8 qos, gint64 now_ns, MqttCause *cause)
{
  /* What has been begun does not expire [MQTT-3.3.2-5, 4.3.3-7]. */
  *cause = MQTT_CAUSE_EXPIRED;
  if (slot->id == 0 && slot->message->expires_ns <= now_ns)
    return FALSE;
  *cause = MQTT_CAUSE_REFUSED;
  if (qos > pipe->maximum_qos || refuses_retain(pipe, slot)) /* [MQTT-3.2.2-11] */
    return FALSE;
  *cause = MQTT_CAUSE_TOO_LARGE;
  return pipe->maximum == MQTT_UNLIMITED || fits(pipe, session, slot, qos, now_ns);
}

/* Window */

static guint8
reason_of(const MqttPipe *pipe, const MqttSlot *slot, MqttCause cause)
{
  if (cause == MQTT_CAUSE_REFUSED)
    return refuses_retain(pipe, slot) ? MQTT_RETAIN_NOT_SUPPORTED : MQTT_QOS_NOT_SUPPORTED;
  return cause == MQTT_CAUSE_TOO_LARGE ? MQTT_PACKET_TOO_LARGE : MQTT_UNSPECIFIED_ERROR;
}

/* It has an identifier now. A crash must not forget one that a receiver of QoS 2 may hold; QoS 1
 * need not wait. */
static G_GNUC_NO_INLINE void
record(MqttCore *core, MqttSession *session, MqttSlot *slot)
{
  if (slot->flags & MQTT_SLOT_STORED)
    mqtt_session_store_state(core, session, slot);
  else
    mqtt_session_store_message(core, session, slot);
  if (!(slot->flags & MQTT_SLOT_QOS2))
    slot->op = 0;
}

/* A message that waited goes. */
static inline void
leave_queue(MqttSession *session, const MqttSlot *slot)
{
  session->waiting--;
  session->waiting_bytes -= mqtt_message_size(slot->message);
}

static inline guint8
granted_state(const MqttSlot *slot)
{
  return slot->flags & MQTT_SLOT_QOS2 ? mqtt_flow_out(MQTT_OUT_QUEUED, MQTT_OUT_GRANT_2)->next
                                      : mqtt_flow_out(MQTT_OUT_QUEUED, MQTT_OUT_GRANT_1)->next;
}

static void
begin(MqttCore *core, MqttSession *session, MqttSlot *slot, guint16 id)
{
  slot->state = granted_state(slot);
  mqtt_ring_set_id(session->out, slot, id);
  if (session->recorded)
    record(core, session, slot);
}

/* The next slot, which has an identifier. */
static inline void
enter_window(MqttCore *core, MqttSession *session, MqttSlot *slot)
{
  slot->flags |= MQTT_SLOT_COUNTED;
  session->pipe->send_used++;
  session->out->granted++;
  mqtt_pipe_gate(core, session->pipe, session->conn, slot->op);
}

static inline gboolean
something_waits(const MqttSession *session)
{
  return session->out != NULL && session->out->granted != session->out->tail;
}

/* FALSE: the window does not let it through. */
static gboolean
grant_next(MqttCore *core, MqttSession *session, gint64 now_ns)
{
  MqttRing *out = session->out;
  MqttPipe *pipe = session->pipe;
  MqttSlot *slot = mqtt_ring_at(out, out->granted);
  if (!mqtt_slot_publishes(slot)) {
    out->granted++;
    return TRUE;
  }
  if (pipe->send_used >= pipe->send_limit)
    return FALSE;
  MqttCause cause;
  if (!mqtt_sender_sendable(pipe, session, slot, mqtt_slot_qos(slot), now_ns, &cause)) {
    mqtt_sender_drop(core, session, slot, cause, reason_of(pipe, slot, cause));
    return TRUE;
  }
  if (slot->id == 0) {
    guint16 id = mqtt_session_new_id(session);
    if (id == 0)
      return FALSE;
    leave_queue(session, slot);
    begin(core, session, slot, id);
  }
  enter_window(core, session, slot);
  return TRUE;
}

void
mqtt_sender_grant(MqttCore *core, MqttSession *session, gint64 now_ns)
{
  while (session->pipe != NULL && something_waits(session) && grant_next(core, session, now_ns))
    ;
}

/* QoS 1 or 2, as the last of its ring. TRUE: it need not wait. */
static inline gboolean
pass_queue(MqttCore *core, MqttSession *session, MqttSlot *slot, guint8 qos, gint64 now_ns)
{
  MqttRing *out = session->out;
  MqttPipe *pipe = session->pipe;
  MqttCause cause;
  guint16 id;
  gboolean takes_any = pipe->takes_any && slot->message->expires_ns > now_ns;
  if (out->granted != out->tail - 1 ||
      !(takes_any || mqtt_sender_sendable(pipe, session, slot, qos, now_ns, &cause)) ||
      (id = mqtt_session_new_id(session)) == 0)
    return FALSE;
  slot->state = granted_state(slot);
  mqtt_ring_set_id_at(out, out->tail - 1, id);
  if (session->recorded)
    record(core, session, slot);
  enter_window(core, session, slot);
  core->inflight_peak = MAX(core->inflight_peak, out->live - session->waiting);
  return TRUE;
}

/* What does not pass the queue; at_once: the window is open. */
static G_GNUC_NO_INLINE void
wait_in_queue(MqttCore *core, MqttSession *session, MqttSlot *slot, gboolean at_once, gint64 now_ns)
{
  session->waiting_bytes += mqtt_message_size(slot->message);
  session->waiting++;
  if (at_once) {
    mqtt_sender_grant(core, session, now_ns);
    core->inflight_peak = MAX(core->inflight_peak, mqtt_session_inflight(session));
  } else {
    mqtt_session_store_message(core, session, slot);
    core->queued_peak = MAX(core->queued_peak, session->waiting);
  }
}

static inline MqttSlot *
add(MqttCore *core, MqttSession *session, MqttRing **ring, MqttMessage *message, guint8 qos,
    guint8 flags, guint32 word)
{
  if (!mqtt_core_is_client(core))
    mqtt_session_event(core, session, MQTT_EVENT_COPY, core->out_flags, message->tag);
  MqttSlot *slot = mqtt_ring_push(&core->events->pool, ring);
  slot->message = mqtt_message_ref(message);
  slot->order = ++session->order;
  slot->word = word;
  slot->state = MQTT_OUT_QUEUED;
  slot->flags = (guint8)(flags | (qos == 2 ? MQTT_SLOT_QOS2 : 0));
  return slot;
}

/* QoS 0, or the window is not open. */
static G_GNUC_NO_INLINE gboolean
offer_in_turn(MqttCore *core, MqttSession *session, gint64 now_ns, MqttMessage *message, guint8 qos,
              guint8 flags, guint32 word)
{
  if (!make_room(core, session, qos, mqtt_message_size(message)))
    return FALSE;
  gboolean opened = qos > 0 && window_open(session);
  MqttSlot *slot =
      add(core, session, qos == 0 ? &session->direct : &session->out, message, qos, flags, word);
  if (qos > 0) {
    wait_in_queue(core, session, slot, opened, now_ns);
    return TRUE;
  }
  session->waiting_bytes += mqtt_message_size(message);
  if (session->pipe != NULL)
    mqtt_pipe_wake(core, session->pipe, session->conn);
  return TRUE;
}

inline gboolean
mqtt_sender_offer(MqttCore *core, MqttSession *session, gint64 now_ns, MqttMessage *message,
                  guint8 qos, guint8 flags, guint32 word)
{
  if (qos == 0 || !window_open(session))
    return offer_in_turn(core, session, now_ns, message, qos, flags, word);
  MqttSlot *slot = add(core, session, &session->out, message, qos, flags, word);
  if (!pass_queue(core, session, slot, qos, now_ns))
    wait_in_queue(core, session, slot, TRUE, now_ns);
  return TRUE;
}

void
mqtt_sender_claim(MqttCore *core, MqttSession *session)
{
  MqttRing *out = session->out;
  for (guint32 i = out == NULL ? 0 : out->head; out != NULL && i != out->tail; i++) {
    MqttSlot *slot = mqtt_ring_at(out, i);
    if (slot->state != 0 && slot->id == 0) {
      leave_queue(session, slot);
      begin(core, session, slot, mqtt_session_new_id(session));
    }
  }
  if (out != NULL)
    out->sent = out->granted = out->tail;
}
