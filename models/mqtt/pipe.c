#include "models/mqtt/pipe.h"

#include <string.h>

#include "models/mqtt/sender.h"

#define ANSWERS_MAX 32768 /* far above what a peer that reads has in one turn of its host */
#define ANSWERS_MAX_BYTES (1024 * 1024)

/* MqttSlot.flags of an answer; its tries hold an MqttResend. */
#define ANSWER_COUNTED 1
#define ANSWER_OF_EXCHANGE 2 /* PUBREL or PUBLISH, written from its slot if that still wants it */

void
mqtt_pipe_init(MqttPipe *pipe, guint8 version, guint32 send_limit, guint32 maximum,
               guint8 maximum_qos)
{
  *pipe = (MqttPipe){
      .version = version, .send_limit = send_limit, .maximum = maximum, .maximum_qos = maximum_qos};
  mqtt_pipe_limited(pipe);
}

void
mqtt_pipe_limited(MqttPipe *pipe)
{
  pipe->takes_any = pipe->maximum == MQTT_UNLIMITED && pipe->maximum_qos == 2 && !pipe->no_retain;
}

static void
drop_partial(MqttPipe *pipe)
{
  if (pipe->partial == NULL)
    return;
  mqtt_message_unref(pipe->partial->message);
  g_clear_pointer(&pipe->partial, g_free);
}

void
mqtt_pipe_drop_answers(MqttPipe *pipe)
{
  pipe->answer_type = 0;
  g_clear_pointer(&pipe->acks, mqtt_ring_free);
  g_clear_pointer(&pipe->raw, g_byte_array_unref);
  pipe->raw_taken = 0;
}

void
mqtt_pipe_clear(MqttPipe *pipe)
{
  mqtt_pipe_drop_answers(pipe);
  drop_partial(pipe);
  g_clear_pointer(&pipe->orphans, mqtt_ring_free);
  g_clear_pointer(&pipe->aliases, mqtt_aliases_free);
}

/* Input */

void
mqtt_pipe_list(MqttReady *ready, guint32 conn)
{
  if (ready->length == ready->capacity) {
    ready->capacity = MAX(16, 2 * ready->capacity);
    ready->conns = g_renew(guint32, ready->conns, ready->capacity);
  }
  ready->conns[ready->length++] = conn;
}

/* In the order of operations: what is said again may rest on an older one than the last. */
void
mqtt_pipe_wait(MqttReady *ready, guint32 conn, guint64 op)
{
  MqttGate gate = {op, conn};
  g_array_append_val(ready->gated, gate);
  MqttGate *gates = (MqttGate *)(void *)ready->gated->data;
  guint i = ready->gated->len - 1;
  for (; i > ready->opened && gates[i - 1].op > gate.op; i--)
    gates[i] = gates[i - 1];
  gates[i] = gate;
}

static MqttSlot *
push(MqttCore *core, MqttPipe *pipe, guint32 conn, guint8 type, guint16 id, guint32 word,
     guint64 op)
{
  MqttSlot *slot = mqtt_ring_push(&core->events->pool, &pipe->acks);
  slot->state = type;
  slot->id = id;
  slot->word = word;
  slot->op = op;
  mqtt_pipe_gate(core, pipe, conn, op);
  return slot;
}

void
mqtt_pipe_answer_in_turn(MqttCore *core, MqttSession *session, MqttPacketType type, guint16 id,
                         guint8 reason, gboolean counted)
{
  MqttPipe *pipe = session->pipe;
  guint64 op = mqtt_core_gate(core);
  /* Where an overrun is refused, whether there is one must not hang on when answers are written. */
  if (counted && core->quirks & MQTT_QUIRK_OVERRUN_REFUSED) {
    mqtt_pipe_give_back(pipe);
    counted = FALSE;
  }
  if (reason == MQTT_SUCCESS && op == 0 && mqtt_pipe_unanswered(pipe)) {
    mqtt_pipe_answer_first(core, session, type, id, counted);
    return;
  }
  MqttSlot *slot = push(core, pipe, session->conn, (guint8)type, id, reason, op);
  slot->flags = counted ? ANSWER_COUNTED : 0;
}

void
mqtt_pipe_again(MqttCore *core, MqttSession *session, MqttSlot *slot, MqttResend resend)
{
  gboolean release = !mqtt_slot_publishes(slot);
  MqttSlot *answer = push(core, session->pipe, session->conn, release ? MQTT_PUBREL : MQTT_PUBLISH,
                          slot->id, 0, slot->op);
  answer->flags = ANSWER_OF_EXCHANGE;
  answer->tries = resend;
  if (release)
    slot->flags |= MQTT_SLOT_RELEASING;
}

gboolean
mqtt_pipe_takes(const MqttPipe *pipe, const MqttPacket *packet)
{
  return pipe->maximum == MQTT_UNLIMITED ||
         mqtt_encoded_size(packet, pipe->version) <= pipe->maximum;
}

void
mqtt_pipe_packet(MqttCore *core, MqttPipe *pipe, guint32 conn, const MqttPacket *packet, guint16 id,
                 guint64 op)
{
  gsize size = mqtt_encoded_size(packet, pipe->version);
  if (pipe->raw == NULL)
    pipe->raw = g_byte_array_new();
  guint at = pipe->raw->len;
  g_byte_array_set_size(pipe->raw, (guint)(at + size));
  mqtt_encode(packet, pipe->version, pipe->raw->data + at, size);
  push(core, pipe, conn, MQTT_PIPE_RAW, id, (guint32)size, op);
}

/* Output. Each writer returns what it wrote, or 0 with blocked set. */

static gsize
blocked(MqttPipe *pipe)
{
  pipe->blocked = TRUE;
  return 0;
}

static void
publish_sent(MqttCore *core, MqttPipe *pipe, MqttSession *session, const MqttMessage *message,
             guint16 id, guint8 qos, MqttResend resend)
{
  mqtt_pipe_sent(core, pipe, session, message->tag, id, qos,
                 resend != MQTT_RESEND_NONE ? MQTT_FLAG_DUP : 0, resend);
}

/* A slot's, in one piece. */
static void
sent_whole(MqttCore *core, MqttPipe *pipe, MqttSession *session, MqttSlot *slot, guint8 qos,
           MqttResend resend)
{
  publish_sent(core, pipe, session, slot->message, slot->id, qos, resend);
  if (qos == 0)
    mqtt_sender_direct_gone(core, session, slot, MQTT_CAUSE_DONE);
  else
    slot->flags |= MQTT_SLOT_SENT;
}

void
mqtt_pipe_orphan_gone(MqttCore *core, MqttPipe *pipe, const MqttSession *session)
{
  MqttPartial *partial = pipe->partial;
  if (partial == NULL || !partial->orphan)
    return;
  partial->orphan = FALSE;
  mqtt_session_event(core, session, MQTT_EVENT_GONE, core->out_flags, partial->message->tag);
}

static gsize
write_slice(MqttCore *core, MqttPipe *pipe, MqttSession *session, guint8 *dst, gsize room)
{
  MqttPartial *partial = pipe->partial;
  if (room == 0)
    return blocked(pipe);
  gsize n = MIN(room, (gsize)partial->total - partial->offset);
  memcpy(dst, mqtt_message_payload(partial->message).data + partial->offset - partial->header, n);
  partial->offset += (guint32)n;
  if (partial->offset < partial->total)
    return n;
  publish_sent(core, pipe, session, partial->message, partial->id, partial->qos, partial->resend);
  MqttSlot *slot = mqtt_ring_find(session->out, partial->id);
  if (partial->qos == 0)
    mqtt_sender_direct_gone(core, session, mqtt_ring_first(session->direct), MQTT_CAUSE_DONE);
  else if (slot != NULL && mqtt_slot_publishes(slot))
    slot->flags |= MQTT_SLOT_SENT;
  else
    pipe->sent_id = 0; /* its answer came before its end: nothing is awaited */
  mqtt_pipe_orphan_gone(core, pipe, session);
  drop_partial(pipe);
  return n;
}

static gsize
begin_slices(MqttPipe *pipe, MqttSlot *slot, const MqttPublish *publish, MqttResend resend,
             guint8 *dst, gsize room)
{
  gsize header = mqtt_encode_publish_header(publish, pipe->version, dst, room);
  if (header == 0)
    return blocked(pipe);
  gsize n = MIN(room - header, publish->payload.length);
  if (n > 0)
    memcpy(dst + header, publish->payload.data, n);
  pipe->partial = g_new(MqttPartial, 1);
  *pipe->partial = (MqttPartial){.message = mqtt_message_ref(slot->message),
                                 .offset = (guint32)(header + n),
                                 .header = (guint32)header,
                                 .total = (guint32)header + publish->payload.length,
                                 .id = slot->id,
                                 .qos = publish->qos,
                                 .resend = (guint8)resend};
  return header + n;
}

/* Where it was judged without an alias, one that makes it too large is left out. */
static gboolean
apply_alias(const MqttCore *core, MqttPipe *pipe, const MqttMessage *message, MqttPacket *packet)
{
  if (mqtt_core_is_client(core) && !message->alias)
    return FALSE;
  MqttPublish plain = packet->publish;
  mqtt_aliases_apply(pipe->aliases, &packet->publish);
  if (mqtt_pipe_takes(pipe, packet))
    return TRUE;
  packet->publish = plain;
  return FALSE;
}

/* What is not plain, or goes in slices. */
static gsize
write_rich(MqttCore *core, MqttPipe *pipe, MqttSession *session, MqttSlot *slot, guint8 qos,
           gboolean dup, MqttResend resend, gint64 now_ns, guint8 *dst, gsize room)
{
  MqttPacket packet;
  packet.type = MQTT_PUBLISH;
  mqtt_sender_publish(pipe, session, slot, qos, now_ns, &packet.publish);
  packet.publish.dup = dup;
  gboolean aliased = pipe->aliases != NULL && apply_alias(core, pipe, slot->message, &packet);
  gsize n = mqtt_encode(&packet, pipe->version, dst, room);
  gboolean whole = n > 0;
  if (!whole)
    n = begin_slices(pipe, slot, &packet.publish, resend, dst, room);
  if (n > 0 && aliased)
    mqtt_aliases_written(pipe->aliases, mqtt_message_topic(slot->message));
  if (whole)
    sent_whole(core, pipe, session, slot, qos, resend);
  return n;
}

static gsize
write_publish(MqttCore *core, MqttPipe *pipe, MqttSession *session, MqttSlot *slot, guint8 qos,
              gboolean dup, MqttResend resend, gint64 now_ns, guint8 *dst, gsize room)
{
  guint8 flags = (guint8)(dup << 3 | qos << 1 | ((slot->flags & MQTT_SLOT_RETAIN) != 0));
  gboolean identified = slot->word != 0 && session->conn != MQTT_NO_PEER;
  gsize n = identified || pipe->aliases != NULL
                ? 0
                : mqtt_message_write(slot->message, flags, slot->id, pipe->version, dst, room);
  if (n == 0)
    return write_rich(core, pipe, session, slot, qos, dup, resend, now_ns, dst, room);
  sent_whole(core, pipe, session, slot, qos, resend);
  return n;
}

static gsize
write_raw(MqttPipe *pipe, const MqttSlot *answer, guint8 *dst, gsize room)
{
  gsize n = answer->word;
  if (room < n)
    return blocked(pipe);
  memcpy(dst, pipe->raw->data + pipe->raw_taken, n);
  pipe->raw_taken += (guint32)n;
  pipe->sent_id = answer->id;
  if (pipe->raw_taken == pipe->raw->len) {
    g_clear_pointer(&pipe->raw, g_byte_array_unref);
    pipe->raw_taken = 0;
  }
  return n;
}

static gsize
write_ack(MqttCore *core, MqttPipe *pipe, MqttSession *session, const MqttSlot *answer, guint8 *dst,
          gsize room)
{
  gsize n =
      mqtt_encode_short(answer->state, answer->id, (guint8)answer->word, pipe->version, dst, room);
  if (n == 0)
    return blocked(pipe);
  if (answer->flags & ANSWER_COUNTED)
    mqtt_pipe_give_back(pipe);
  if (!(answer->flags & ANSWER_OF_EXCHANGE))
    return n;
  MqttSlot *slot = mqtt_ring_find(session->out, answer->id);
  slot->flags |= MQTT_SLOT_SENT;
  slot->flags &= (guint8)~MQTT_SLOT_RELEASING;
  guint64 tag = mqtt_slot_holds(slot) ? slot->message->tag : slot->tag;
  mqtt_pipe_sent(core, pipe, session, tag, slot->id, 2, MQTT_FLAG_PUBREL, answer->tries);
  return n;
}

/* A repetition whose exchange has moved on meanwhile. */
static gboolean
is_stale(MqttSession *session, const MqttSlot *answer)
{
  if (!(answer->flags & ANSWER_OF_EXCHANGE))
    return FALSE;
  const MqttSlot *slot = mqtt_ring_find(session->out, answer->id);
  return slot == NULL || mqtt_slot_publishes(slot) != (answer->state == MQTT_PUBLISH);
}

static gsize
write_one(MqttCore *core, MqttPipe *pipe, MqttSession *session, const MqttSlot *answer,
          gint64 now_ns, guint8 *dst, gsize room)
{
  if (answer->state == MQTT_PIPE_RAW)
    return write_raw(pipe, answer, dst, room);
  if (answer->state != MQTT_PUBLISH)
    return write_ack(core, pipe, session, answer, dst, room);
  MqttSlot *slot = mqtt_ring_find(session->out, answer->id);
  gboolean dup = answer->tries != MQTT_RESEND_NONE || pipe->again > 0;
  return write_publish(core, pipe, session, slot, mqtt_slot_qos(slot), dup, answer->tries, now_ns,
                       dst, room);
}

/* The next answer. *n: what was written of it, or 0 with blocked set; FALSE: there is none that may
 * be written. */
static gboolean
write_answer(MqttCore *core, MqttPipe *pipe, MqttSession *session, gint64 now_ns, guint8 *dst,
             gsize room, gsize *n)
{
  MqttSlot *answer;
  while ((answer = mqtt_ring_first(pipe->acks)) != NULL && mqtt_pipe_stored(core, answer->op)) {
    if (!is_stale(session, answer)) {
      *n = write_one(core, pipe, session, answer, now_ns, dst, room);
      if (*n > 0)
        mqtt_ring_remove(&pipe->acks, mqtt_ring_first(pipe->acks));
      return TRUE;
    }
    mqtt_ring_remove(&pipe->acks, answer);
  }
  return FALSE;
}

static gboolean
is_to_go(const MqttSession *session, const MqttSlot *slot)
{
  return mqtt_slot_publishes(slot) && !mqtt_session_early(session, slot);
}

/* The next slot of out that may be written, or NULL. */
static MqttSlot *
next_granted(const MqttCore *core, MqttSession *session)
{
  MqttRing *out = session->out;
  for (; out != NULL && out->sent != out->granted; out->sent++) {
    MqttSlot *slot = mqtt_ring_at(out, out->sent);
    if (is_to_go(session, slot))
      return mqtt_pipe_stored(core, slot->op) ? slot : NULL;
  }
  return NULL;
}

/* QoS 0 that came before slot, which may be NULL. *n: what was written of it, or 0 with blocked
 * set; FALSE: there was none. */
static gboolean
write_direct(MqttCore *core, MqttPipe *pipe, MqttSession *session, const MqttSlot *slot,
             gint64 now_ns, guint8 *dst, gsize room, gsize *n)
{
  MqttSlot *direct;
  MqttCause cause;
  while ((direct = mqtt_ring_first(session->direct)) != NULL &&
         (slot == NULL || direct->order < slot->order)) {
    if (mqtt_sender_sendable(pipe, session, direct, 0, now_ns, &cause)) {
      *n =
          write_publish(core, pipe, session, direct, 0, FALSE, MQTT_RESEND_NONE, now_ns, dst, room);
      return TRUE;
    }
    mqtt_sender_direct_gone(core, session, direct, cause);
  }
  return FALSE;
}

static gsize
write_message(MqttCore *core, MqttPipe *pipe, MqttSession *session, gint64 now_ns, guint8 *dst,
              gsize room)
{
  MqttSlot *slot = next_granted(core, session);
  gsize n;
  if (session->direct != NULL && write_direct(core, pipe, session, slot, now_ns, dst, room, &n))
    return n;
  if (slot == NULL)
    return 0;
  MqttResend resend = slot->flags & MQTT_SLOT_SENT ? MQTT_RESEND_RECONNECT : MQTT_RESEND_NONE;
  gboolean dup = resend != MQTT_RESEND_NONE || pipe->again > 0;
  n = write_publish(core, pipe, session, slot, mqtt_slot_qos(slot), dup, resend, now_ns, dst, room);
  if (n > 0) {
    session->out->sent++;
    if (pipe->again > 0)
      pipe->again--;
  }
  return n;
}

gsize
mqtt_pipe_write(MqttCore *core, MqttPipe *pipe, MqttSession *session, gint64 now_ns, guint8 *dst,
                gsize room)
{
  if (pipe->partial != NULL)
    return write_slice(core, pipe, session, dst, room);
  if (!mqtt_pipe_stored(core, pipe->opens))
    return 0;
  gsize n;
  if (pipe->acks != NULL && write_answer(core, pipe, session, now_ns, dst, room, &n))
    return n;
  return session == NULL ? 0 : write_message(core, pipe, session, now_ns, dst, room);
}

gboolean
mqtt_pipe_congested(const MqttPipe *pipe)
{
  return mqtt_ring_live(pipe->acks) >= ANSWERS_MAX ||
         (pipe->raw != NULL && pipe->raw->len - pipe->raw_taken >= ANSWERS_MAX_BYTES);
}

gboolean
mqtt_pipe_pending(const MqttCore *core, const MqttPipe *pipe, const MqttSession *session)
{
  const MqttSlot *answer = mqtt_ring_first(pipe->acks);
  if (!mqtt_pipe_stored(core, pipe->opens))
    return FALSE;
  if (pipe->partial != NULL || pipe->answer_type != 0 ||
      (answer != NULL && mqtt_pipe_stored(core, answer->op)))
    return TRUE;
  if (session == NULL)
    return FALSE;
  MqttRing *out = session->out;
  guint32 i = out == NULL ? 0 : out->sent;
  while (out != NULL && i != out->granted && !is_to_go(session, mqtt_ring_at(out, i)))
    i++;
  return session->direct != NULL ||
         (out != NULL && i != out->granted && mqtt_pipe_stored(core, mqtt_ring_at(out, i)->op));
}
