/* The answers to what a session sent, and how else an exchange ends. */
#include "models/mqtt/sender.h"

static inline void
say_told(MqttCore *core, const MqttSession *session, guint64 tag, const MqttSlot *slot,
         guint8 flags, guint8 reason)
{
  MqttEvent *event = mqtt_session_event(core, session, MQTT_EVENT_TOLD, flags, tag);
  event->reason = reason;
  event->packet_id = slot->id;
}

static void
tell(MqttCore *core, const MqttSession *session, guint64 tag, const MqttSlot *slot, guint8 flags,
     guint8 reason)
{
  if (mqtt_core_is_client(core))
    say_told(core, session, tag, slot, flags, reason);
}

static inline void
emit_gone(MqttCore *core, const MqttSession *session, guint64 tag, MqttCause cause)
{
  mqtt_session_event(core, session, MQTT_EVENT_GONE, core->out_flags, tag)->cause = (guint8)cause;
}

static void
end_exchange(MqttCore *core, MqttSession *session, MqttSlot *slot)
{
  if (slot->flags & (MQTT_SLOT_STORED | MQTT_SLOT_FLIGHT))
    mqtt_session_unstore(core, session, slot, MQTT_SLOT_STORED | MQTT_SLOT_FLIGHT);
  if (core->quirks & MQTT_QUIRK_EXPIRES_IN_FLIGHT && session->expiries != NULL)
    g_hash_table_remove(session->expiries, GUINT_TO_POINTER(slot->id));
  mqtt_ring_remove(&session->out, slot);
}

/* Half of a resend is written, and so the rest will be: the receiver may take it for new. */
static void
keep_half_written(MqttCore *core, const MqttSession *session, const MqttSlot *slot)
{
  MqttPartial *partial = session->pipe == NULL ? NULL : session->pipe->partial;
  if (partial == NULL || partial->id == 0 || partial->id != slot->id)
    return;
  partial->orphan = TRUE;
  mqtt_session_event(core, session, MQTT_EVENT_COPY, core->out_flags, slot->message->tag);
}

static void
drop_copy(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttCause cause)
{
  MqttMessage *message = slot->message;
  keep_half_written(core, session, slot);
  emit_gone(core, session, message->tag, cause);
  slot->tag = message->tag;
  mqtt_message_unref(message);
}

/* The receiver may still be at work on it: an answer is to come, and the identifier is not free. */
static void
add_orphan(const MqttCore *core, MqttPipe *pipe, const MqttSlot *slot)
{
  MqttSlot *orphan = mqtt_ring_push(&core->events->pool, &pipe->orphans);
  orphan->state = MQTT_OUT_PUBACK; /* any: not a gap */
  orphan->flags = slot->flags & MQTT_SLOT_QOS2;
  mqtt_ring_set_id(pipe->orphans, orphan, slot->id);
}

void
mqtt_sender_drop(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttCause cause,
                 guint8 reason)
{
  const MqttStep *step = mqtt_flow_out(slot->state, MQTT_OUT_DROP);
  if (slot->id == 0) {
    session->waiting--;
    session->waiting_bytes -= mqtt_message_size(slot->message);
  }
  if (slot->flags & MQTT_SLOT_COUNTED && session->pipe != NULL)
    add_orphan(core, session->pipe, slot);
  guint64 tag = mqtt_slot_holds(slot) ? slot->message->tag : slot->tag;
  if (step->actions & MQTT_DO_DROP_COPY)
    drop_copy(core, session, slot, cause);
  tell(core, session, tag, slot, MQTT_FLAG_FAILED, reason);
  end_exchange(core, session, slot);
}

static MqttOutEvent
event_of(const MqttCore *core, MqttPacketType type, const MqttSlot *slot, guint8 reason)
{
  gboolean error = reason >= 0x80 && !(core->client_quirks & MQTT_CLIENT_REFUSAL_IS_SUCCESS);
  if (type == MQTT_PUBACK)
    return error ? MQTT_OUT_GOT_PUBACK_ERROR : MQTT_OUT_GOT_PUBACK;
  if (type == MQTT_PUBREC && !error && core->client_quirks & MQTT_CLIENT_BEGINS_AGAIN)
    return MQTT_OUT_GOT_PUBREC_KEEPS;
  if (type == MQTT_PUBREC)
    return error ? MQTT_OUT_GOT_PUBREC_ERROR : MQTT_OUT_GOT_PUBREC;
  /* During recovery an unknown identifier is no error: the first PUBCOMP may have been lost
   * (section 3.7.2.1). */
  if (reason == MQTT_PACKET_ID_NOT_FOUND && slot != NULL && slot->flags & MQTT_SLOT_RESUMED)
    error = FALSE;
  return error ? MQTT_OUT_GOT_PUBCOMP_ERROR : MQTT_OUT_GOT_PUBCOMP;
}

static void
credit_orphan(MqttCore *core, MqttSession *session, gint64 now_ns, MqttPacketType type, guint16 id)
{
  MqttPipe *pipe = session->pipe;
  MqttSlot *orphan = mqtt_ring_find(pipe->orphans, id);
  if (orphan == NULL) /* a second answer, to a repetition: it moves nothing */
    return;
  if ((type == MQTT_PUBACK) != (mqtt_slot_qos(orphan) == 1)) /* nor does one to another QoS */
    return;
  mqtt_ring_remove(&pipe->orphans, orphan);
  pipe->send_used--;
  mqtt_sender_grant(core, session, now_ns);
}

/* In whole seconds, as those count that let it happen: from the next on. */
gboolean
mqtt_sender_expired(const MqttSession *session, const MqttSlot *slot, gint64 now_ns)
{
  gpointer expiry;
  if (mqtt_slot_holds(slot))
    return slot->message->expires_ns != MQTT_NEVER &&
           now_ns / NS_PER_S > slot->message->expires_ns / NS_PER_S;
  return session->expiries != NULL &&
         g_hash_table_lookup_extended(session->expiries, GUINT_TO_POINTER(slot->id), NULL,
                                      &expiry) &&
         now_ns / NS_PER_S > GPOINTER_TO_INT(expiry);
}

/* Of a message that is about to be dropped at its PUBREC. */
static void
remember_expiry(const MqttCore *core, MqttSession *session, const MqttSlot *slot)
{
  if (!(core->quirks & MQTT_QUIRK_EXPIRES_IN_FLIGHT) || !mqtt_slot_holds(slot) ||
      slot->message->expires_ns == MQTT_NEVER)
    return;
  if (session->expiries == NULL)
    session->expiries = g_hash_table_new(NULL, NULL);
  g_hash_table_insert(session->expiries, GUINT_TO_POINTER(slot->id),
                      GINT_TO_POINTER((gint)(slot->message->expires_ns / NS_PER_S)));
}

static void
release(MqttCore *core, MqttSession *session, MqttSlot *slot, gboolean again)
{
  if (again && slot->flags & MQTT_SLOT_RELEASING) /* its PUBREL is not written yet */
    return;
  slot->word = ++session->stamp; /* the order of releases; and a client's timer begins anew */
  if (!again) {
    slot->flags &= (guint8) ~(MQTT_SLOT_SENT | MQTT_SLOT_RETAIN);
    mqtt_session_store_state(core, session, slot);
    if (slot->state == MQTT_OUT_PUBCOMP)
      mqtt_session_unstore(core, session, slot, MQTT_SLOT_STORED);
    slot->op = mqtt_core_gate(core);
  }
  mqtt_pipe_again(core, session, slot,
                  slot->flags & MQTT_SLOT_SENT ? MQTT_RESEND_TIMER : MQTT_RESEND_NONE);
}

static MqttCause
cause_of(guint8 reason)
{
  return reason >= 0x80 ? MQTT_CAUSE_REFUSED : MQTT_CAUSE_DONE;
}

/* Nothing else hangs on the exchange: no record, no half of a resend, no other message. */
static inline gboolean
ends_alone(const MqttSession *session, const MqttSlot *slot)
{
  return !(slot->flags & (MQTT_SLOT_STORED | MQTT_SLOT_FLIGHT)) && session->out->live == 1 &&
         session->pipe->partial == NULL && session->expiries == NULL;
}

/* Of what ends well a client says both in one. */
static inline void
finish_copy(MqttCore *core, MqttSession *session, MqttSlot *slot, guint8 told, guint8 reason,
            gboolean alone)
{
  MqttMessage *message = slot->message;
  guint64 tag = message->tag;
  if (!alone)
    keep_half_written(core, session, slot);
  gboolean both = mqtt_core_is_client(core) && cause_of(reason) == MQTT_CAUSE_DONE;
  if (!both)
    emit_gone(core, session, tag, cause_of(reason));
  if (mqtt_core_is_client(core))
    say_told(core, session, tag, slot, both ? told | MQTT_FLAG_GONE : told, reason);
  mqtt_message_unref(message);
}

/* The exchange is over. */
static inline __attribute__((always_inline)) void
finish(MqttCore *core, MqttSession *session, gint64 now_ns, MqttSlot *slot, guint actions,
       guint8 reason, gboolean alone)
{
  guint8 told = actions & MQTT_DO_TELL_FAILURE ? MQTT_FLAG_FAILED : 0;
  if (actions & MQTT_DO_DROP_COPY)
    finish_copy(core, session, slot, told, reason, alone);
  else
    tell(core, session, slot->tag, slot, told, reason);
  if (slot->flags & MQTT_SLOT_COUNTED)
    session->pipe->send_used--;
  if (alone) {
    mqtt_ring_end(&session->out);
    return;
  }
  end_exchange(core, session, slot);
  mqtt_sender_grant(core, session, now_ns);
}

/* It goes on, or there is none: slot is NULL. */
static G_GNUC_NO_INLINE void
go_on(MqttCore *core, MqttSession *session, gint64 now_ns, MqttSlot *slot, const MqttStep *step,
      MqttPacketType type, guint16 id, guint8 reason)
{
  if (step->actions & MQTT_DO_CREDIT)
    credit_orphan(core, session, now_ns, type, id);
  if (step->actions & MQTT_DO_SEND_PUBREL_UNKNOWN &&
      !(core->client_quirks & MQTT_CLIENT_DROPS_UNKNOWN_PUBREC))
    mqtt_pipe_answer(core, session, MQTT_PUBREL, id, mqtt_core_unknown(core), FALSE);
  if (slot == NULL)
    return;
  gboolean again = slot->state == step->next;
  if (step->actions & MQTT_DO_SEND_PUBREL)
    remember_expiry(core, session, slot);
  if (step->actions & MQTT_DO_DROP_COPY)
    drop_copy(core, session, slot, cause_of(reason));
  slot->state = step->next;
  if (step->actions & MQTT_DO_SEND_PUBREL)
    release(core, session, slot, again);
}

guint8
mqtt_sender_answered(MqttCore *core, MqttSession *session, gint64 now_ns, MqttPacketType type,
                     guint16 id, guint8 reason)
{
  MqttSlot *slot = mqtt_ring_find(session->out, id);
  if (slot != NULL && !(slot->flags & MQTT_SLOT_SENT) &&
      (mqtt_slot_publishes(slot) || type == MQTT_PUBCOMP))
    slot = NULL; /* an answer to a PUBLISH, or a PUBREL, that was never sent */
  MqttOutState state = slot == NULL ? MQTT_OUT_NONE : slot->state;
  const MqttStep *step = mqtt_flow_out(state, event_of(core, type, slot, reason));
  if (step == NULL)
    return MQTT_PROTOCOL_ERROR;
  if (step->actions & MQTT_DO_FREE)
    finish(core, session, now_ns, slot, step->actions, reason, FALSE);
  else
    go_on(core, session, now_ns, slot, step, type, id, reason);
  return MQTT_SUCCESS;
}

/* inline: it becomes part of its two callers at link time. */
inline guint8
mqtt_sender_acknowledged(MqttCore *core, MqttSession *session, gint64 now_ns, guint16 id)
{
  MqttSlot *slot = mqtt_ring_first(session->out);
  if (slot == NULL || slot->id != id || slot->state != MQTT_OUT_PUBACK ||
      !(slot->flags & MQTT_SLOT_SENT) || !ends_alone(session, slot))
    return mqtt_sender_answered(core, session, now_ns, MQTT_PUBACK, id, MQTT_SUCCESS);
  finish(core, session, now_ns, slot, mqtt_flow_out(MQTT_OUT_PUBACK, MQTT_OUT_GOT_PUBACK)->actions,
         MQTT_SUCCESS, TRUE);
  return MQTT_SUCCESS;
}
