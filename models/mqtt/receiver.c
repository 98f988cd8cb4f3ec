#include "models/mqtt/receiver.h"

#include "models/mqtt/bytes.h"

static MqttInState
state_of(const MqttSlot *slot)
{
  return slot == NULL ? MQTT_IN_NONE : MQTT_IN_PUBREL;
}

static guint64
tag_of(const MqttSlot *slot)
{
  return slot->flags & MQTT_SLOT_HELD ? slot->message->tag : slot->tag;
}

/* Is it a PUBLISH of another message than the one that we hold with its identifier? */
static gboolean
is_another(const MqttSlot *slot, const MqttPublish *publish)
{
  if (!(slot->flags & MQTT_SLOT_HELD))
    return FALSE;
  MqttBytes topic = mqtt_message_topic(slot->message);
  MqttBytes payload = mqtt_message_payload(slot->message);
  return publish->qos != 2 || !mqtt_bytes_same(topic, publish->topic) ||
         !mqtt_bytes_same(payload, publish->payload);
}

/* The message that we hold gives way. */
static void
forget(MqttCore *core, MqttSession *session, MqttSlot *slot)
{
  mqtt_session_event(core, session, MQTT_EVENT_GONE, core->in_flags, slot->message->tag)->cause =
      MQTT_CAUSE_REPLACED;
  if (session->recorded)
    mqtt_store_log_delete(core->log, (MqttStoreKey){session->number, slot->id, MQTT_RECORD_IN},
                          session->peer);
  mqtt_message_unref(slot->message);
  mqtt_ring_remove(&session->in, slot);
}

/* A duplicate more on this connection. */
static gboolean
is_one_too_many(const MqttCore *core, MqttSlot *slot)
{
  if (!(core->quirks & MQTT_QUIRK_THIRD_DUPLICATE_CLOSES))
    return FALSE;
  slot->tries++;
  return slot->tries > 1;
}

/* The quirks of clients that do not look whether they hold a message with that identifier. It dies
 * with the process in any case: there is no record of it. */
static void
hold_another(MqttCore *core, MqttSession *session, MqttSlot *slot, const MqttPublish *publish)
{
  MqttMessage *message =
      mqtt_message_new(&core->events->pool, publish, 0); /* what is received does not expire */
  mqtt_session_event(core, session, MQTT_EVENT_COPY, core->in_flags, message->tag);
  if (core->client_quirks & MQTT_CLIENT_KEEPS_EACH_COPY) {
    MqttSlot *copy = mqtt_ring_push(&core->events->pool, &session->copies);
    copy->message = message;
    copy->word = publish->packet_id;
    copy->state = MQTT_IN_PUBREL;
    copy->flags = MQTT_SLOT_HELD | MQTT_SLOT_COUNTED;
    return;
  }
  MqttEvent *event =
      mqtt_session_event(core, session, MQTT_EVENT_GONE, core->in_flags, slot->message->tag);
  if (slot->message->tag != message->tag)
    event->cause = MQTT_CAUSE_REPLACED;
  mqtt_message_unref(slot->message);
  slot->message = message;
}

/* The next copy with this identifier takes the place of the one that was handed over. */
static void
move_up(const MqttCore *core, MqttSession *session, guint16 id)
{
  MqttRing *copies = session->copies;
  for (guint32 i = copies->head; i != copies->tail; i++) {
    MqttSlot *copy = mqtt_ring_at(copies, i);
    if (copy->state == 0 || copy->word != id)
      continue;
    MqttSlot *slot = mqtt_ring_push(&core->events->pool, &session->in);
    slot->message = copy->message;
    slot->state = copy->state;
    slot->flags = copy->flags;
    mqtt_ring_set_id(session->in, slot, id);
    mqtt_ring_remove(&session->copies, copy);
    return;
  }
}

void
mqtt_receiver_count_all(MqttSession *session)
{
  MqttRing *in = session->in;
  for (guint32 i = in == NULL ? 0 : in->head; in != NULL && i != in->tail; i++)
    mqtt_ring_at(in, i)->flags |= MQTT_SLOT_COUNTED;
  session->pipe->receive_used = mqtt_ring_live(in) + mqtt_ring_live(session->copies);
}

MqttReceiverVerdict
mqtt_receiver_look(MqttCore *core, MqttSession *session, const MqttPublish *publish, guint8 *reason)
{
  MqttSlot *slot = mqtt_ring_find(session->in, publish->packet_id);
  if (slot != NULL && core->quirks & MQTT_QUIRK_REUSED_ID_IS_NEW && is_another(slot, publish)) {
    forget(core, session, slot);
    slot = NULL;
  }
  const MqttStep *step =
      mqtt_flow_in(state_of(slot), publish->qos == 1 ? MQTT_IN_PUBLISH_1 : MQTT_IN_PUBLISH_2);
  if (publish->qos == 1)
    slot = NULL; /* a message of its own, whatever else has its identifier */
  gboolean each = core->client_quirks & MQTT_CLIENT_KEEPS_EACH_COPY;
  gboolean another = each || core->client_quirks & MQTT_CLIENT_LAST_COPY_COUNTS;
  if (slot == NULL || each || !(slot->flags & MQTT_SLOT_COUNTED)) {
    MqttReceiverVerdict verdict = mqtt_receiver_count(core, session->pipe, reason);
    if (verdict != MQTT_RECEIVER_NEW)
      return verdict;
    if (slot != NULL)
      slot->flags |= MQTT_SLOT_COUNTED;
  }
  if (step->actions & MQTT_DO_ACCEPT)
    return MQTT_RECEIVER_NEW;
  *reason = MQTT_PROTOCOL_ERROR;
  if (is_one_too_many(core, slot))
    return MQTT_RECEIVER_ERROR;
  if (another && slot->flags & MQTT_SLOT_HELD)
    hold_another(core, session, slot, publish);
  guint64 tag = mqtt_tag(publish->payload);
  MqttEvent *event =
      mqtt_session_event(core, session, MQTT_EVENT_RECEIVED, core->in_flags | MQTT_FLAG_DUP, tag);
  if (tag != tag_of(slot) &&
      !another) /* the sender forgot the exchange, the rule does not look inside */
    event->cause = MQTT_CAUSE_TAKEN_FOR_DUPLICATE;
  mqtt_pipe_answer(core, session, MQTT_PUBREC, publish->packet_id, MQTT_SUCCESS, FALSE);
  return MQTT_RECEIVER_DUPLICATE;
}

void
mqtt_receiver_hold(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                   MqttMessage *held, guint8 reason)
{
  if (core->quirks & MQTT_QUIRK_NO_MATCH_UNSAID)
    reason = MQTT_SUCCESS;
  MqttSlot *slot = mqtt_ring_push(&core->events->pool, &session->in);
  slot->state = MQTT_IN_PUBREL;
  slot->flags = MQTT_SLOT_COUNTED;
  if (held != NULL) {
    slot->flags |= MQTT_SLOT_HELD;
    slot->message = mqtt_message_ref(held);
    mqtt_session_event(core, session, MQTT_EVENT_COPY, core->in_flags, held->tag);
  } else {
    slot->tag = mqtt_tag(publish->payload);
  }
  mqtt_ring_set_id(session->in, slot, publish->packet_id);
  mqtt_session_store_received(core, session, slot);
  mqtt_pipe_answer(core, session, MQTT_PUBREC, publish->packet_id, reason, FALSE);
}

void
mqtt_receiver_refuse(MqttCore *core, MqttSession *session, const MqttPublish *publish,
                     guint8 reason)
{
  /* A PUBREC of 3.1.1 refuses nothing: the exchange goes on to PUBCOMP. */
  if (publish->qos > 0)
    mqtt_pipe_answer(core, session, publish->qos == 1 ? MQTT_PUBACK : MQTT_PUBREC,
                     publish->packet_id, reason,
                     publish->qos == 1 || session->pipe->version == MQTT_5_0);
}

gboolean
mqtt_receiver_pubrel(MqttCore *core, MqttSession *session, guint16 id, MqttMessage **held)
{
  MqttSlot *slot = mqtt_ring_find(session->in, id);
  const MqttStep *step = mqtt_flow_in(state_of(slot), MQTT_IN_GOT_PUBREL);
  gboolean holds = slot != NULL && slot->flags & MQTT_SLOT_HELD;
  guint64 tag = slot == NULL ? 0 : tag_of(slot);
  mqtt_session_event(core, session, MQTT_EVENT_RECEIVED, core->in_flags | MQTT_FLAG_PUBREL, tag);
  *held = holds ? slot->message : NULL;
  if (step->actions & MQTT_DO_RELEASE)
    return TRUE;
  mqtt_pipe_answer(core, session, MQTT_PUBCOMP, id, mqtt_core_unknown(core),
                   core->quirks & MQTT_QUIRK_OVERRUN_REFUSED);
  return FALSE;
}

void
mqtt_receiver_finish(MqttCore *core, MqttSession *session, guint16 id, MqttCause cause)
{
  MqttSlot *slot = mqtt_ring_find(session->in, id);
  gboolean counted = (slot->flags & MQTT_SLOT_COUNTED) != 0;
  if (slot->flags & MQTT_SLOT_HELD) {
    mqtt_session_event(core, session, MQTT_EVENT_GONE, core->in_flags, slot->message->tag)->cause =
        cause;
    mqtt_message_unref(slot->message);
  }
  mqtt_ring_remove(&session->in, slot);
  if (session->recorded)
    mqtt_store_log_delete(core->log, (MqttStoreKey){session->number, id, MQTT_RECORD_IN},
                          session->peer);
  mqtt_pipe_answer(core, session, MQTT_PUBCOMP, id, MQTT_SUCCESS, counted);
  if (session->copies != NULL)
    move_up(core, session, id);
}
