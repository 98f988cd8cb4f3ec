/* Where the copies of a message are: held, on the way up or down, or in the bytes of connections.
 */
#include "models/app/ledger-private.h"

static const char CUSTODY[] = "more copies left a place than had come to it";

/* Each of what happens to every message has a short way, of one that is plain: it is the long way's
 * own function with less to look at, and ends in the call of what is rare. So they are inline: few
 * call them, and become one with them at link time. */

static inline __attribute__((always_inline)) void
copy(const Ledger *ledger, Message *message, guint32 where, gboolean plain)
{
  Obligation *owed = message_owed_to(ledger, message, where, plain);
  if (where == LEDGER_UP) {
    message->held++;
    message->misfortune = CAUSE_NONE;
  } else if (owed == NULL) {
    message->strays++;
  } else {
    owed->held++;
    message->down++;
  }
}

static G_GNUC_NO_INLINE void
copy_of_any(Ledger *ledger, guint64 tag, guint32 where)
{
  Message *message = message_find(ledger, tag);
  if (message != NULL)
    copy(ledger, message, where, FALSE);
}

inline void
ledger_copy(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns)
{
  Message *message = message_plain(ledger, tag);
  (void)now_ns;
  if (G_LIKELY(message != NULL))
    copy(ledger, message, where, TRUE);
  else
    copy_of_any(ledger, tag, where);
}

static void
note_dropped(const Message *message, Obligation *owed, Cause cause)
{
  guint8 qos = MIN(message->qos, owed->granted);
  owed->dropped |= ledger_is_for_good(cause, qos);
}

/* It did not end well. owed: NULL: on the way up, or not owed. */
static G_GNUC_NO_INLINE void
gone_badly(Ledger *ledger, Message *message, Obligation *owed, guint32 where, gint64 now_ns,
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
  ledger_settle(ledger, message, where, now_ns, cause);
}

static inline __attribute__((always_inline)) void
gone(Ledger *ledger, Message *message, guint32 where, gint64 now_ns, Cause cause, gboolean plain)
{
  Obligation *owed = message_owed_to(ledger, message, where, plain);
  guint32 *place = where == LEDGER_UP ? &message->held : owed ? &owed->held : &message->strays;
  if (G_UNLIKELY(*place == 0)) {
    ledger_note_breach(ledger, message, CUSTODY);
    return;
  }
  *place -= 1;
  message->down -= owed != NULL;
  if (cause != CAUSE_NONE)
    gone_badly(ledger, message, owed, where, now_ns, cause);
  else
    ledger_settle(ledger, message, where, now_ns, cause);
}

static G_GNUC_NO_INLINE void
gone_of_any(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message != NULL)
    gone(ledger, message, where, now_ns, cause, FALSE);
}

inline void
ledger_gone(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_plain(ledger, tag);
  if (G_LIKELY(message != NULL))
    gone(ledger, message, where, now_ns, cause, TRUE);
  else
    gone_of_any(ledger, tag, where, now_ns, cause);
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

static G_GNUC_NO_INLINE void
sent_again(Ledger *ledger, Message *message, const Hop *hop, LedgerSend why)
{
  count_resend(ledger, message, why);
  if (hop->seen)
    message->needless++;
}

static inline __attribute__((always_inline)) void
sent(Ledger *ledger, Message *message, guint32 where, LedgerSend why, gboolean plain)
{
  Obligation *owed = message_owed_to(ledger, message, where, plain);
  if (where != LEDGER_UP && owed == NULL) {
    message->strays++;
    return;
  }
  Hop *hop = owed != NULL ? &owed->publish : &message->publish;
  hop->streams++;
  message->down += owed != NULL;
  message->sends++;
  if (why != LEDGER_FIRST)
    sent_again(ledger, message, hop, why);
}

static G_GNUC_NO_INLINE void
sent_of_any(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, where, TRUE), "PUBLISH sent%s",
                 send_names[why]);
  sent(ledger, message, where, why, FALSE);
}

inline void
ledger_sent(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why)
{
  Message *message = message_plain(ledger, tag);
  if (G_LIKELY(message != NULL))
    sent(ledger, message, where, why, TRUE);
  else
    sent_of_any(ledger, tag, where, now_ns, why);
}

/* One copy leaves the bytes of a connection. FALSE: there was none. */
static inline __attribute__((always_inline)) gboolean
leave_stream(Ledger *ledger, Message *message, guint32 where, Obligation *owed)
{
  gboolean stray = where != LEDGER_UP && owed == NULL;
  Hop *hop = owed != NULL ? &owed->publish : &message->publish;
  if (G_UNLIKELY(stray ? message->strays == 0 : hop->streams == 0)) {
    ledger_note_breach(ledger, message, CUSTODY);
    return FALSE;
  }
  if (stray) {
    message->strays--;
    return TRUE;
  }
  hop->streams--;
  message->down -= owed != NULL;
  return TRUE;
}

static inline __attribute__((always_inline)) void
received(Ledger *ledger, Message *message, guint32 where, gint64 now_ns, Cause cause,
         gboolean plain)
{
  Obligation *owed = message_owed_to(ledger, message, where, plain);
  if (!leave_stream(ledger, message, where, owed))
    return;
  if (where == LEDGER_UP || owed != NULL) {
    Hop *hop = owed != NULL ? &owed->publish : &message->publish;
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

static G_GNUC_NO_INLINE void
received_of_any(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  if (traced(ledger, message)) {
    const Hop *hop = message_hop(ledger, message, where, FALSE);
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, where, FALSE),
                 "PUBLISH received%s%s%s", hop != NULL && hop->seen ? " again" : "",
                 cause != CAUSE_NONE ? ", " : "", cause != CAUSE_NONE ? cause_name(cause) : "");
  }
  received(ledger, message, where, now_ns, cause, FALSE);
}

inline void
ledger_received(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_plain(ledger, tag);
  if (G_LIKELY(message != NULL))
    received(ledger, message, where, now_ns, cause, TRUE);
  else
    received_of_any(ledger, tag, where, now_ns, cause);
}

void
ledger_died(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Obligation *owed = message_owed_to(ledger, message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, "", "the PUBLISH dies with its connection");
  if (!leave_stream(ledger, message, where, owed))
    return;
  if (where == LEDGER_UP || owed != NULL) {
    guint8 *misfortune = owed != NULL ? &owed->misfortune : &message->misfortune;
    if (*misfortune == CAUSE_NONE &&
        (owed != NULL || !message->publish.seen)) /* else the broker has had it */
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
