/* What becomes of an obligation, decided when its last hope goes. */
#include "models/app/ledger-private.h"

/* What QoS 1 and 2 promise to outlive. publish() returns before its write is durable, so before it
 * is told success a publisher may lose a message by a crash. A broker may lose what it has not
 * acknowledged; it comes again, unless another copy was refused or the publisher gave up. */
static gboolean
survivable(const Message *message, Cause cause)
{
  return cause == CAUSE_CONNECTION_LOST || cause == CAUSE_SUBSCRIBER_STATE_LOST ||
         (cause == CAUSE_BROKER_STATE_LOST && !message->dropped) ||
         (cause == CAUSE_PUBLISHER_STATE_LOST && message->told == TOLD_SUCCESS);
}

static G_GNUC_NO_INLINE void
obligation_lose(Ledger *ledger, Message *message, Obligation *owed, gint64 now_ns, Cause cause)
{
  const Publisher *publisher = message_publisher(ledger, message);
  /* Above QoS 0 the bytes of a connection are never a message's only hope: that they died is the
   * cause only if nothing else went wrong before. */
  if (cause == CAUSE_CONNECTION_LOST && MIN(publisher->qos, owed->granted) > 0) {
    if (owed->misfortune != CAUSE_NONE)
      cause = owed->misfortune;
    else if (message->misfortune != CAUSE_NONE)
      cause = message->misfortune;
  }
  if (cause == CAUSE_NONE)
    cause = owed->misfortune != CAUSE_NONE      ? owed->misfortune
            : message->misfortune != CAUSE_NONE ? message->misfortune
                                                : CAUSE_NO_SESSION;
  owed->lost = cause;
  if (MIN(publisher->qos, owed->granted) > 0 && survivable(message, cause) &&
      message_state_kept(ledger, message, publisher->client, owed->client))
    ledger_note_breach(
        ledger, message,
        "lost with a connection or a process although its QoS is above 0 and state was kept");
  mix(ledger, 1, message->tag, now_ns);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, owed->client, FALSE), "lost: %s",
                 cause_name(cause));
}

static inline Cause
cause_at_close(const Obligation *owed, const Cause *causes, guint i)
{
  return owed[i].copies > 0           ? CAUSE_NONE
         : owed[i].lost != CAUSE_NONE ? owed[i].lost
         : causes != NULL             ? causes[i]
                                      : CAUSE_NONE;
}

static inline Fate
fate_of(const Obligation *owed, Cause cause)
{
  return owed->copies > 1 + owed->further ? FATE_DUPLICATED
         : owed->copies > 0               ? FATE_ONCE
         : cause != CAUSE_NONE            ? FATE_LOST
                                          : FATE_PENDING;
}

static G_GNUC_NO_INLINE void
tally_loss(SectionTally *tally, const Message *message, Cause cause)
{
  tally->counters[COUNT_LOST_CAUSE + cause]++;
  if (message->told == TOLD_SUCCESS) {
    tally->counters[COUNT_SILENT_LOSS]++;
    tally->counters[COUNT_SILENT_CAUSE + cause]++;
  }
  if (tally->examples[cause] == 0)
    tally->examples[cause] = message->id;
}

static inline void
tally_obligation(SectionTally *tally, const Message *message, const Obligation *owed, Cause cause)
{
  static const guint counter_of[FATE_N] = {[FATE_ONCE] = COUNT_ONCE,
                                           [FATE_DUPLICATED] = COUNT_DUPLICATED,
                                           [FATE_LOST] = COUNT_LOST,
                                           [FATE_PENDING] = COUNT_PENDING};
  Fate fate = fate_of(owed, cause);
  tally->counters[counter_of[fate]]++;
  tally->counters[COUNT_FATE_TOLD + fate * TOLD_N + message->told]++;
  tally->counters[COUNT_DEADLINE_MET] += owed->copies > 0 && owed->latency_ns <= tally->deadline_ns;
  if (fate == FATE_LOST)
    tally_loss(tally, message, cause);
  if (fate == FATE_DUPLICATED)
    tally->counters[COUNT_EXTRA_COPIES] += owed->copies - 1 - owed->further;
}

/* owed: NULL: it is owed to nobody. */
static void
row_add(Ledger *ledger, const Message *message, const Obligation *owed, Fate fate, Cause cause)
{
  const Publisher *publisher = message_publisher(ledger, message);
  OutcomeMessage row = {
      .id = message->id,
      .section = publisher->section,
      .publisher = publisher->client,
      .subscriber = owed ? owed->client : G_MAXUINT32,
      .published_ns = message->published_ns,
      .latency_ns = owed && owed->copies > 0 ? owed->latency_ns : -1,
      .told_ns = message->told_ns,
      .copies = owed ? owed->copies : 0,
      .sends = message->sends,
      .needless = message->needless,
      .qos = publisher->qos,
      .fate = fate,
      .cause = cause,
      .told = message->told,
  };
  g_array_append_val(ledger->rows, row);
}

static G_GNUC_NO_INLINE void
rows_add(Ledger *ledger, Message *message, const Cause *causes)
{
  const Obligation *owed = message_owed(message);
  for (guint i = 0; i < message->n_owed; i++) {
    Cause cause = cause_at_close(owed, causes, i);
    row_add(ledger, message, &owed[i], fate_of(&owed[i], cause), cause);
  }
  if (message->n_owed == 0)
    row_add(ledger, message, NULL, FATE_ONCE, CAUSE_NONE);
}

inline void
ledger_close(Ledger *ledger, Message *message, const Cause *causes)
{
  if (message->id == 0)
    return;
  if (ledger->rows != NULL)
    rows_add(ledger, message, causes);
  SectionTally *tally = message_tally(ledger, message);
  const Obligation *owed = message_owed(message);
  guint met = 0, n_owed = message->n_owed;
  for (guint i = 0; i < n_owed; i++) {
    tally_obligation(tally, message, &owed[i], cause_at_close(owed, causes, i));
    met += owed[i].copies > 0;
  }
  if (n_owed > 0) {
    tally->counters[COUNT_WITH_OWED]++;
    tally->counters[COUNT_COMPLETE] += met == n_owed;
    tally->counters[COUNT_ANY_MET] += met > 0;
    message_publisher(ledger, message)->any_met += met > 0;
  }
  tally->counters[COUNT_NEEDLESS_RESENDS] += message->needless;
  ledger->open--;
}

static inline void
settle_one(Ledger *ledger, Message *message, Obligation *owed, gint64 now_ns, Cause cause)
{
  if (owed->copies == 0 && owed->lost == CAUSE_NONE && owed->held == 0 &&
      owed->publish.streams == 0)
    obligation_lose(ledger, message, owed, now_ns, cause);
}

G_GNUC_NO_INLINE void
ledger_decide(Ledger *ledger, Message *message, guint32 where, gint64 now_ns, Cause cause)
{
  if (where == LEDGER_UP) {
    Obligation *owed = message_owed(message);
    for (guint i = 0; i < message->n_owed; i++)
      settle_one(ledger, message, &owed[i], now_ns, cause);
  } else {
    Obligation *owed = message_obligation(ledger, message, where);
    if (owed != NULL)
      settle_one(ledger, message, owed, now_ns, cause);
  }
  if (message->down == 0 && message->strays == 0 && !message->untold) {
    ledger_close(ledger, message, NULL);
    ledger_message_free(ledger, message);
  }
}

gboolean
ledger_is_for_good(Cause cause, guint8 qos)
{
  switch (cause) {
  case CAUSE_CONNECTION_LOST:
    return qos == 0;
  case CAUSE_NONE:
  case CAUSE_PUBLISHER_STATE_LOST:
  case CAUSE_BROKER_STATE_LOST:
  case CAUSE_SUBSCRIBER_STATE_LOST:
    return FALSE;
  default:
    return TRUE;
  }
}
