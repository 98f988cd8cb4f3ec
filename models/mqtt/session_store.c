/* The records of a session: see store.h. An outgoing message has up to two, at 2 x order
 * (identifier and state) and 2 x order + 1 (the message), so that they come back side by side
 * and in the order of sending. */
#include <string.h>

#include "models/mqtt/session.h"

typedef struct {
  guint64 tag;
  guint32 word;
  guint16 id;
  guint8 state, flags;
} Record;

static Record
record_of(const MqttSlot *slot, guint8 keep)
{
  Record record;
  memset(&record, 0, sizeof record); /* its bytes go to a file */
  record.id = slot->id;
  record.state = slot->state;
  record.flags = slot->flags & keep;
  record.word = slot->word;
  return record;
}

static void
put_with_message(MqttCore *core, const MqttSession *session, MqttStoreKey key, Record record,
                 const MqttMessage *message, guint8 flags)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  g_byte_array_append(bytes, (const guint8 *)&record, sizeof record);
  mqtt_message_save(message, bytes);
  mqtt_store_log_put(core->log, key, bytes->data, bytes->len, message->tag, flags, session->peer);
}

void
mqtt_session_store_message(MqttCore *core, MqttSession *session, MqttSlot *slot)
{
  if (!session->recorded)
    return;
  slot->flags |= MQTT_SLOT_STORED;
  MqttStoreKey key = {session->number, 2 * (guint64)slot->order + 1, MQTT_RECORD_OUT};
  put_with_message(core, session, key, record_of(slot, MQTT_SLOT_RETAIN | MQTT_SLOT_QOS2),
                   slot->message, core->out_flags);
  slot->op = mqtt_core_gate(core);
}

void
mqtt_session_store_state(MqttCore *core, MqttSession *session, MqttSlot *slot)
{
  if (!session->recorded)
    return;
  slot->flags |= MQTT_SLOT_FLIGHT;
  Record record = record_of(slot, MQTT_SLOT_QOS2);
  record.tag = slot->state == MQTT_OUT_PUBCOMP ? slot->tag : 0;
  mqtt_store_log_put(core->log,
                     (MqttStoreKey){session->number, 2 * (guint64)slot->order, MQTT_RECORD_OUT},
                     (const guint8 *)&record, sizeof record, 0, 0, session->peer);
  slot->op = mqtt_core_gate(core);
}

void
mqtt_session_unstore(MqttCore *core, MqttSession *session, MqttSlot *slot, guint8 flags)
{
  guint8 gone = slot->flags & flags & (MQTT_SLOT_STORED | MQTT_SLOT_FLIGHT);
  if (gone == 0)
    return;
  slot->flags &= (guint8)~gone;
  MqttStoreKey key = {session->number, 2 * (guint64)slot->order, MQTT_RECORD_OUT};
  if (gone & MQTT_SLOT_FLIGHT)
    mqtt_store_log_delete(core->log, key, session->peer);
  key.number++;
  if (gone & MQTT_SLOT_STORED)
    mqtt_store_log_delete(core->log, key, session->peer);
}

void
mqtt_session_store_received(MqttCore *core, MqttSession *session, const MqttSlot *slot)
{
  if (!session->recorded)
    return;
  MqttStoreKey key = {session->number, slot->id, MQTT_RECORD_IN};
  Record record = record_of(slot, MQTT_SLOT_HELD);
  if (slot->flags & MQTT_SLOT_HELD) {
    put_with_message(core, session, key, record, slot->message, core->in_flags);
    return;
  }
  record.tag = slot->tag;
  mqtt_store_log_put(core->log, key, (const guint8 *)&record, sizeof record, 0, 0, session->peer);
}

static void
copy_event(MqttCore *core, const MqttSession *session, guint8 flags, const MqttMessage *message)
{
  mqtt_session_event(core, session, MQTT_EVENT_COPY, flags, message->tag);
}

static void
load_state(const MqttCore *core, MqttSession *session, guint64 order, const Record *record)
{
  MqttSlot *slot = mqtt_ring_push(&core->events->pool, &session->out);
  slot->tag = record->tag;
  slot->order = order;
  slot->state = record->state;
  /* Whether it was written cannot be known: the next time counts as a resend. */
  slot->flags = (guint8)(record->flags | MQTT_SLOT_FLIGHT | MQTT_SLOT_SENT);
  if (slot->state == MQTT_OUT_PUBCOMP) {
    slot->word = record->word;
    session->stamp = MAX(session->stamp, record->word);
  }
  mqtt_ring_set_id(session->out, slot, record->id);
  session->last_id = record->id;
}

static void
load_message(MqttCore *core, MqttSession *session, guint64 order, const Record *record,
             MqttMessage *message)
{
  MqttSlot *slot;
  if (session->out != NULL && session->order == order) { /* its state came just before */
    slot = mqtt_ring_at(session->out, session->out->tail - 1);
  } else {
    slot = mqtt_ring_push(&core->events->pool, &session->out);
    slot->order = order;
    slot->state = record->state;
    slot->flags = record->flags;
    if (record->id != 0) {
      mqtt_ring_set_id(session->out, slot, record->id);
      slot->flags |= MQTT_SLOT_SENT;
      session->last_id = record->id;
    }
  }
  slot->message = message;
  slot->word = record->word;
  slot->flags |= (guint8)(record->flags | MQTT_SLOT_STORED);
  if (slot->id == 0) {
    session->waiting++;
    session->waiting_bytes += mqtt_message_size(message);
  }
  copy_event(core, session, core->out_flags, message);
}

static void
load_received(MqttCore *core, MqttSession *session, const Record *record, MqttMessage *message)
{
  MqttSlot *slot = mqtt_ring_push(&core->events->pool, &session->in);
  slot->state = record->state;
  slot->flags = record->flags;
  if (message != NULL) {
    slot->message = message;
    copy_event(core, session, core->in_flags, message);
  } else {
    slot->tag = record->tag;
  }
  mqtt_ring_set_id(session->in, slot, record->id);
}

void
mqtt_session_load(MqttCore *core, MqttSession *session, const MqttStoreKey *key,
                  const guint8 *value, gsize n)
{
  Record record;
  g_return_if_fail(n >= sizeof record);
  memcpy(&record, value, sizeof record);
  MqttMessage *message =
      n == sizeof record
          ? NULL
          : mqtt_message_load(&core->events->pool, value + sizeof record, n - sizeof record);
  if (key->kind == MQTT_RECORD_IN)
    load_received(core, session, &record, message);
  else if (key->number % 2 == 0)
    load_state(core, session, key->number / 2, &record);
  else
    load_message(core, session, key->number / 2, &record, message);
  if (key->kind == MQTT_RECORD_OUT)
    session->order = key->number / 2;
  session->unused_ids = 0;
}
