#include "models/mqtt/session.h"

#include <string.h>

#include "models/mqtt/sender.h"

void
mqtt_session_init(MqttSession *session, guint64 number, guint32 peer, gboolean recorded)
{
  *session = (MqttSession){.number = number,
                           .peer = peer,
                           .conn = MQTT_NO_PEER,
                           .loaned = G_MAXUINT64,
                           .recorded = recorded != FALSE};
}

static void
free_ring(MqttRing **ring, gboolean incoming)
{
  MqttRing *r = *ring;
  if (r == NULL)
    return;
  for (guint32 i = r->head; i != r->tail; i++) {
    MqttSlot *slot = mqtt_ring_at(r, i);
    if (incoming ? slot->state != 0 && slot->flags & MQTT_SLOT_HELD : mqtt_slot_holds(slot))
      mqtt_message_unref(slot->message);
  }
  mqtt_ring_free(r);
  *ring = NULL;
}

void
mqtt_session_clear(MqttSession *session)
{
  free_ring(&session->out, FALSE);
  free_ring(&session->direct, FALSE);
  free_ring(&session->requests, FALSE);
  free_ring(&session->in, TRUE);
  free_ring(&session->copies, TRUE);
  g_clear_pointer(&session->expiries, g_hash_table_unref);
  session->waiting = 0;
  session->waiting_bytes = 0;
}

/* What was sent and has expired since, where that ends it. */
static void
drop_expired(MqttCore *core, MqttSession *session, gint64 now_ns)
{
  MqttRing *out = session->out;
  guint32 left = mqtt_session_inflight(session);
  for (guint32 i = out->head; left > 0; i++) {
    MqttSlot *slot = mqtt_ring_at(out, i);
    if (slot->state == 0)
      continue;
    left--;
    if (!mqtt_sender_expired(session, slot, now_ns))
      continue;
    slot->flags &= (guint8)~MQTT_SLOT_COUNTED;
    mqtt_sender_drop(core, session, slot, MQTT_CAUSE_EXPIRED, MQTT_UNSPECIFIED_ERROR);
  }
}

static gint
by_release(gconstpointer a, gconstpointer b)
{
  const MqttSlot *x = *(MqttSlot *const *)a, *y = *(MqttSlot *const *)b;
  return (gint32)(x->word - y->word);
}

/* PUBREL in the order of the PUBRECs, however long ago [MQTT-4.6.0-4]. */
static void
release_again(MqttCore *core, MqttSession *session, GPtrArray *released)
{
  g_ptr_array_sort(released, by_release);
  for (guint i = 0; i < released->len; i++) {
    MqttSlot *slot = released->pdata[i];
    mqtt_pipe_again(core, session, slot,
                    slot->flags & MQTT_SLOT_SENT ? MQTT_RESEND_RECONNECT : MQTT_RESEND_NONE);
  }
}

/* What it says of PUBREL says RETAIN of PUBLISH. */
static void
keep_no_release(MqttSlot *slot)
{
  slot->flags &= (guint8)~MQTT_SLOT_RELEASING;
  slot->flags |= MQTT_SLOT_SENT | (slot->message->retain ? MQTT_SLOT_RETAIN : 0);
}

static void
resume(MqttCore *core, MqttSession *session)
{
  MqttRing *out = session->out;
  g_autoptr(GPtrArray) released = NULL;
  out->sent = out->granted = out->head;
  for (guint32 i = out->head; i != out->flight; i++) {
    MqttSlot *slot = mqtt_ring_at(out, i);
    if (slot->state == 0)
      continue;
    slot->flags &= (guint8)~MQTT_SLOT_COUNTED;
    if (!mqtt_session_early(session, slot))
      slot->flags |= MQTT_SLOT_RESUMED;
    const MqttStep *step = mqtt_flow_out(slot->state, MQTT_OUT_RESUME);
    if (slot->state == MQTT_OUT_KEPT)
      keep_no_release(slot);
    slot->state = step->next;
    if (!(step->actions & MQTT_DO_SEND_PUBREL))
      continue;
    if (released == NULL)
      released = g_ptr_array_new();
    g_ptr_array_add(released, slot);
  }
  if (released != NULL)
    release_again(core, session, released);
}

/* Receive Maximum begins anew: what comes again counts again, or where an overrun is refused, what
 * is there counts. */
static void
count_received(const MqttCore *core, MqttSession *session)
{
  MqttRing *in = session->in;
  gboolean held = (core->quirks & MQTT_QUIRK_OVERRUN_REFUSED) != 0;
  for (guint32 i = in == NULL ? 0 : in->head; in != NULL && i != in->tail; i++) {
    MqttSlot *slot = mqtt_ring_at(in, i);
    slot->tries = 0;
    slot->flags &= (guint8)~MQTT_SLOT_COUNTED;
    if (!held || slot->state == 0)
      continue;
    slot->flags |= MQTT_SLOT_COUNTED;
    session->pipe->receive_used++;
  }
}

void
mqtt_session_lend(MqttSession *session, MqttPipe *pipe, guint32 conn)
{
  MqttRing *out = session->out;
  g_assert(pipe->send_limit == 0);
  session->pipe = pipe;
  session->conn = conn;
  pipe->named = TRUE; /* what waits may go */
  if (out != NULL)
    out->sent = out->granted = out->head;
}

void
mqtt_session_lend_window(MqttCore *core, MqttSession *session, guint32 window)
{
  guint32 held = mqtt_session_inflight(session) + session->waiting;
  if (held >= MIN(window, G_MAXINT16)) /* there are identifiers for all */
    return;
  mqtt_sender_claim(core, session);
  session->pipe->send_limit = window - held;
  session->loaned = session->order;
}

void
mqtt_session_end_loan(MqttSession *session)
{
  if (session->pipe != NULL)
    session->pipe->send_used = 0; /* attached, it counts anew */
  session->pipe = NULL;
  session->conn = MQTT_NO_PEER;
}

void
mqtt_session_attach(MqttCore *core, MqttSession *session, gint64 now_ns, MqttPipe *pipe,
                    guint32 conn)
{
  session->pipe = pipe;
  session->conn = conn;
  count_received(core, session);
  if (session->out != NULL && core->quirks & MQTT_QUIRK_EXPIRES_IN_FLIGHT)
    drop_expired(core, session, now_ns);
  if (session->out != NULL)
    resume(core, session);
  mqtt_sender_grant(core, session, now_ns);
  if (session->direct != NULL)
    mqtt_pipe_wake(core, pipe, conn);
}

void
mqtt_session_detach(MqttCore *core, MqttSession *session, gboolean keep_qos0)
{
  MqttPipe *pipe = session->pipe;
  if (pipe == NULL)
    return;
  mqtt_pipe_orphan_gone(core, pipe, session);
  if (pipe->partial != NULL && pipe->partial->qos == 0)
    mqtt_sender_direct_gone(core, session, mqtt_ring_first(session->direct),
                            MQTT_CAUSE_CONNECTION_LOST);
  while (!keep_qos0 && session->direct != NULL)
    mqtt_sender_direct_gone(core, session, mqtt_ring_first(session->direct),
                            MQTT_CAUSE_CONNECTION_LOST);
  free_ring(&session->requests, FALSE);
  session->pipe = NULL;
  session->conn = MQTT_NO_PEER;
  session->loaned = G_MAXUINT64;
}

static void
lose_ring(MqttCore *core, const MqttSession *session, MqttRing *ring, gboolean incoming,
          MqttCause cause)
{
  for (guint32 i = ring == NULL ? 0 : ring->head; ring != NULL && i != ring->tail; i++) {
    const MqttSlot *slot = mqtt_ring_at(ring, i);
    if (slot->state == 0 || (incoming ? !(slot->flags & MQTT_SLOT_HELD) : !mqtt_slot_holds(slot)))
      continue;
    mqtt_session_event(core, session, MQTT_EVENT_GONE, incoming ? core->in_flags : core->out_flags,
                       slot->message->tag)
        ->cause = cause;
  }
}

void
mqtt_session_discard_received(MqttCore *core, MqttSession *session, MqttCause cause)
{
  lose_ring(core, session, session->copies, TRUE, cause);
  free_ring(&session->copies, TRUE);
  MqttRing *in = session->in;
  for (guint32 i = in == NULL ? 0 : in->head; in != NULL && i != in->tail; i++) {
    MqttSlot *slot = mqtt_ring_at(in, i);
    if (slot->state == 0)
      continue;
    if (slot->flags & MQTT_SLOT_HELD)
      mqtt_session_event(core, session, MQTT_EVENT_GONE, core->in_flags, slot->message->tag)
          ->cause = cause;
    if (session->recorded)
      mqtt_store_log_delete(core->log, (MqttStoreKey){session->number, slot->id, MQTT_RECORD_IN},
                            session->peer);
  }
  free_ring(&session->in, TRUE);
}

void
mqtt_session_discard(MqttCore *core, MqttSession *session, MqttCause cause, guint8 reason,
                     gboolean everything)
{
  mqtt_session_discard_received(core, session, cause);
  while (session->out != NULL) {
    MqttSlot *slot = mqtt_ring_first(session->out);
    if (slot->id == 0 && !everything)
      break;
    mqtt_sender_drop(core, session, slot, cause, reason);
  }
  while (everything && session->direct != NULL)
    mqtt_sender_direct_gone(core, session, mqtt_ring_first(session->direct), cause);
}

void
mqtt_session_lose(MqttCore *core, MqttSession *session, MqttCause cause)
{
  lose_ring(core, session, session->out, FALSE, cause);
  lose_ring(core, session, session->direct, FALSE, cause);
  lose_ring(core, session, session->in, TRUE, cause);
  lose_ring(core, session, session->copies, TRUE, cause);
  if (session->pipe != NULL)
    mqtt_pipe_orphan_gone(core, session->pipe, session);
  mqtt_session_clear(session);
  session->pipe = NULL;
  session->conn = MQTT_NO_PEER;
}

guint
mqtt_session_queued(const MqttSession *session)
{
  return session->waiting + mqtt_ring_live(session->direct);
}

/* Some are never in use, so that the search is short: it passes each identifier once while at least
 * so many are given out. */
#define IDS_AT_A_TIME (65535 - 1024)
#define FEW_IN_USE 64 /* more are not walked through */

static gboolean
is_in_use(MqttRing *const rings[], guint n, guint16 id)
{
  for (guint k = 0; k < n; k++)
    if (mqtt_ring_find(rings[k], id) != NULL)
      return TRUE;
  return FALSE;
}

/* How many identifiers from next on the ring leaves unused. */
static guint
count_from(MqttRing *ring, guint next)
{
  guint unused = 65535;
  for (guint32 i = ring == NULL ? 0 : ring->head; ring != NULL && i != ring->flight; i++) {
    const MqttSlot *slot = mqtt_ring_at(ring, i);
    if (slot->state != 0 && slot->id != 0)
      unused = MIN(unused, (slot->id + 65535u - next) % 65535u);
  }
  return unused;
}

gboolean
mqtt_session_count_unused(MqttSession *session)
{
  MqttRing *orphans = session->pipe == NULL ? NULL : session->pipe->orphans;
  MqttRing *const rings[] = {session->out, session->requests, orphans};
  guint in_use =
      mqtt_session_inflight(session) + mqtt_ring_live(session->requests) + mqtt_ring_live(orphans);
  if (in_use >= IDS_AT_A_TIME)
    return FALSE;
  guint16 next = session->last_id;
  do {
    if (++next == 0)
      next = 1;
  } while (is_in_use(rings, G_N_ELEMENTS(rings), next));
  session->last_id = next - 1;
  guint unused = IDS_AT_A_TIME - in_use, walk = 0;
  for (guint k = 0; k < G_N_ELEMENTS(rings); k++)
    walk += rings[k] == NULL ? 0 : rings[k]->flight - rings[k]->head;
  for (guint k = 0; k < G_N_ELEMENTS(rings); k++)
    unused = walk > FEW_IN_USE ? 1 : MIN(unused, count_from(rings[k], next));
  session->unused_ids = (guint8)MIN(unused, G_MAXUINT8);
  return TRUE;
}
