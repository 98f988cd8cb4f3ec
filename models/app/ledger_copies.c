/* Where the copies of a message are: held, on the way up or down, or in the bytes of connections.
 */
#include "models/app/ledger-private.h"

static const char CUSTODY[] = "more copies left a place than had come to it";

void
ledger_copy(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns)
{
  Message *message = message_find(ledger, tag);
  (void)now_ns;
  if (message == NULL)
    return;
  if (where == LEDGER_UP) {
    message->held++;
    message->misfortune = CAUSE_NONE;
    return;
  }
  Obligation *owed = message_obligation(ledger, message, where);
  if (owed == NULL)
    message->strays++;
  else {
    owed->held++;
    message->down++;
  }
}

static void
note_dropped(const Message *message, Obligation *owed, Cause cause)
{
  guint8 qos = MIN(message->qos, owed->granted);
  owed->dropped |= ledger_is_for_good(cause, qos);
}

/* It did not end well. owed: NULL: on the way up, or not owed. */
static G_GNUC_NO_INLINE void
note_misfortune(Ledger *ledger, Message *message, Obligation *owed, guint32 where, gint64 now_ns,
                Cause cause)
{
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, "", "a copy is gone: %s", cause_name(cause));
  if (where == LEDGER_UP) {
    message->misfortune = cause;
    message->dropped |= ledger_is_for_good(cause, message->qos);
  } else if (owed != NULL) {
    owed->misfortune = cause;
    note_dropped(message, owed, cause);
  }
}

void
ledger_gone(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Obligation *owed = where == LEDGER_UP ? NULL : message_obligation(ledger, message, where);
  guint32 *place = where == LEDGER_UP ? &message->held : owed ? &owed->held : &message->strays;
  if (G_UNLIKELY(*place == 0))
    ledger_note_breach(ledger, message, CUSTODY);
  else {
    *place -= 1;
    message->down -= owed != NULL;
  }
  if (cause != CAUSE_NONE)
    note_misfortune(ledger, message, owed, where, now_ns, cause);
  ledger_settle(ledger, message, where, now_ns, cause);
}

static inline Hop *
message_hop(const Ledger *ledger, Message *message, guint32 where, gboolean pubrel)
{
  Obligation *owed = where == LEDGER_UP ? NULL : message_obligation(ledger, message, where);
  if (where != LEDGER_UP && owed == NULL)
    return NULL;
  return pubrel ? (owed ? &owed->pubrel : &message->pubrel)
                : (owed ? &owed->publish : &message->publish);
}

static void
count_resend(Ledger *ledger, Message *message, LedgerSend why)
{
  if (why != LEDGER_FIRST && message->id != 0)
    message_tally(ledger, message)
        ->counters[why == LEDGER_TIMER ? COUNT_RESENDS_TIMER : COUNT_RESENDS_RECONNECT]++;
}

static const char *const send_names[] = {"", " again, by a timer", " again, after reconnecting"};

void
ledger_sent(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Hop *hop = message_hop(ledger, message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, where, TRUE), "PUBLISH sent%s",
                 send_names[why]);
  if (hop == NULL) {
    message->strays++;
    return;
  }
  hop->streams++;
  message->down += where != LEDGER_UP;
  message->sends++;
  count_resend(ledger, message, why);
  if (why != LEDGER_FIRST && hop->seen)
    message->needless++;
}

void
ledger_received(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Hop *hop = message_hop(ledger, message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, where, FALSE),
                 "PUBLISH received%s%s%s", hop != NULL && hop->seen ? " again" : "",
                 cause != CAUSE_NONE ? ", " : "", cause != CAUSE_NONE ? cause_name(cause) : "");
  if (hop == NULL) {
    if (G_UNLIKELY(message->strays == 0))
      ledger_note_breach(ledger, message, CUSTODY);
    else
      message->strays--;
  } else if (G_UNLIKELY(hop->streams == 0))
    ledger_note_breach(ledger, message, CUSTODY);
  else {
    hop->streams--;
    message->down -= where != LEDGER_UP;
    Obligation *owed = where == LEDGER_UP ? NULL : message_obligation(ledger, message, where);
    guint8 *misfortune = owed != NULL ? &owed->misfortune : &message->misfortune;
    if (cause != CAUSE_NONE && !hop->seen)
      *misfortune = cause;
    else if (cause == CAUSE_NONE && where == LEDGER_UP)
      *misfortune = CAUSE_NONE; /* it has arrived */
    if (!hop->seen) {
      /* Copies arrive in the order in which they were sent: what is still under way was sent later,
       * in vain. */
      hop->seen = TRUE;
      message->needless += hop->streams;
    }
  }
  ledger_settle(ledger, message, where, now_ns, CAUSE_NONE);
}

void
ledger_died(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Hop *hop = message_hop(ledger, message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, "", "the PUBLISH dies with its connection");
  if (hop == NULL) {
    if (G_UNLIKELY(message->strays == 0))
      ledger_note_breach(ledger, message, CUSTODY);
    else
      message->strays--;
  } else if (G_UNLIKELY(hop->streams == 0))
    ledger_note_breach(ledger, message, CUSTODY);
  else {
    hop->streams--;
    message->down -= where != LEDGER_UP;
    Obligation *owed = where == LEDGER_UP ? NULL : message_obligation(ledger, message, where);
    guint8 *misfortune = owed != NULL ? &owed->misfortune : &message->misfortune;
    if (*misfortune == CAUSE_NONE && (owed != NULL || !hop->seen)) /* else the broker has had it */
      *misfortune = cause;
    if (owed != NULL)
      note_dropped(message, owed, cause);
  }
  ledger_settle(ledger, message, where, now_ns, cause);
}

void
ledger_sent_pubrel(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why)
{
  Message *message = message_find(ledger, tag);
  Hop *hop = message ? message_hop(ledger, message, where, TRUE) : NULL;
  if (hop == NULL)
    return;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, where, TRUE), "PUBREL sent%s",
                 send_names[why]);
  count_resend(ledger, message, why);
  if (why != LEDGER_FIRST && hop->seen)
    message->needless++;
  else if (why == LEDGER_TIMER)
    hop->pending++;
  else
    hop->pending = 0; /* on a new connection: what went before has died with the old one */
}

void
ledger_received_pubrel(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns)
{
  Message *message = message_find(ledger, tag);
  Hop *hop = message ? message_hop(ledger, message, where, TRUE) : NULL;
  if (hop == NULL)
    return;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, where, FALSE), "PUBREL received%s",
                 hop->seen ? " again" : "");
  if (!hop->seen) {
    hop->seen = TRUE;
    message->needless += hop->pending;
  }
}
