#include "models/app/ledger.h"

#include <string.h>

#define SEQUENCE_BITS 40
#define NO_SLOT G_MAXUINT32

/* How often a packet of one hop was sent; enough to tell which repetitions were needless. */
typedef struct {
  guint16 streams; /* copies that lie in the bytes of connections */
  guint8 seen;     /* one was decoded by the peer */
  guint8 pending;  /* PUBREL: repetitions by timer, sent before any was decoded */
} Hop;

typedef struct {
  guint32 client;
  guint16 held;   /* copies held by machines or stores for this client */
  guint16 copies; /* handed over */
  Hop publish, pubrel;
  guint8 granted;
  guint8 misfortune; /* Cause: the last copy for this client that went badly */
  guint8 lost;       /* Cause; CAUSE_NONE while it can still arrive or has arrived */
  gint64 latency_ns;
} Obligation;

typedef struct {
  guint64 tag;
  gint64 published_ns;
  gint64 told_ns;
  guint64 id;     /* 0: not of the window */
  guint32 held;   /* copies on the way up */
  guint32 down;   /* copies on the way to clients that it is owed to, held or in the bytes of
                     connections */
  guint32 strays; /* copies on the way to clients that it is not owed to */
  Hop publish, pubrel;
  guint8 told;
  guint8 misfortune; /* Cause: the last copy on the way up that a machine lost, if none came back */
  gboolean dropped : 1; /* a copy on the way up went for good: what a store brings back is late */
  gboolean untold : 1;  /* its publisher will still hear of it */
  guint16 sends, needless;
  guint32 n_owed;
  union {
    Obligation one;
    Obligation *many;
  };
} Message;

typedef struct {
  guint64 sequence; /* of the last publication */
  guint64 any_met;  /* publications of the window with at least one obligation met */
  guint32 section, client;
  guint8 qos;
  /* The last first delivery, for the order check of the common case of one subscriber. */
  guint32 order_client;
  guint64 order_sequence;
} Publisher;

typedef struct {
  gint64 deadline_ns;
  guint64 counters[COUNT_N];
  Histogram histograms[HISTOGRAM_N];
  guint64 examples[CAUSE_N];
} SectionTally;

struct _Ledger {
  LedgerConfig config;
  GArray *publishers;
  SectionTally *tallies;
  gint64 *state_lost_ns; /* per client; [clients] is the broker's */
  gint64 *subscribed_ns; /* per client: since when its session has its subscriptions */
  /* Messages in a slab; slots found by tag in an open-addressing table of slot + 1. */
  Message *messages;
  guint32 n_slots, free_slot;
  guint32 *table;
  guint32 table_mask;
  guint64 live, open, ids;
  guint64 fingerprint;
  GHashTable *order; /* (publisher, client) -> last sequence, where there are several subscribers */
  GArray *rows;
  GArray *story;
  char *breach;
};

/* ---- the table of live messages ---- */

static inline guint32
tag_hash(guint64 tag)
{
  return (guint32)((tag * 0x9E3779B97F4A7C15u) >> 32);
}

static void
table_insert(Ledger *ledger, guint64 tag, guint32 slot)
{
  guint32 i = tag_hash(tag) & ledger->table_mask;
  while (ledger->table[i] != 0)
    i = (i + 1) & ledger->table_mask;
  ledger->table[i] = slot + 1;
}

static void
table_grow(Ledger *ledger)
{
  guint32 old_size = ledger->table_mask + 1;
  guint32 *old = ledger->table;
  ledger->table_mask = old_size * 2 - 1;
  ledger->table = g_new0(guint32, old_size * 2);
  for (guint32 i = 0; i < old_size; i++)
    if (old[i] != 0)
      table_insert(ledger, ledger->messages[old[i] - 1].tag, old[i] - 1);
  g_free(old);
}

/* Backward-shift deletion keeps probe sequences short without tombstones. */
static void
table_remove(Ledger *ledger, guint64 tag)
{
  guint32 mask = ledger->table_mask, i = tag_hash(tag) & mask;
  while (ledger->messages[ledger->table[i] - 1].tag != tag)
    i = (i + 1) & mask;
  for (guint32 j = i;;) {
    j = (j + 1) & mask;
    if (ledger->table[j] == 0)
      break;
    guint32 home = tag_hash(ledger->messages[ledger->table[j] - 1].tag) & mask;
    if (((j - home) & mask) >= ((j - i) & mask)) {
      ledger->table[i] = ledger->table[j];
      i = j;
    }
  }
  ledger->table[i] = 0;
}

/* NULL: no message of this run is under way with that tag (a retained or foreign payload). */
static inline Message *
message_find(Ledger *ledger, guint64 tag)
{
  for (guint32 i = tag_hash(tag) & ledger->table_mask; ledger->table[i] != 0;
       i = (i + 1) & ledger->table_mask) {
    Message *message = &ledger->messages[ledger->table[i] - 1];
    if (message->tag == tag)
      return message;
  }
  return NULL;
}

static Message *
message_new(Ledger *ledger, guint64 tag)
{
  if (ledger->free_slot == NO_SLOT) {
    guint32 n = ledger->n_slots ? ledger->n_slots * 2 : 64;
    ledger->messages = g_renew(Message, ledger->messages, n);
    for (guint32 i = n; i-- > ledger->n_slots;) {
      ledger->messages[i].tag = 0;
      ledger->messages[i].n_owed = ledger->free_slot; /* free slots are chained here */
      ledger->free_slot = i;
    }
    ledger->n_slots = n;
  }
  if ((ledger->live + 1) * 2 > ledger->table_mask)
    table_grow(ledger);
  guint32 slot = ledger->free_slot;
  Message *message = &ledger->messages[slot];
  ledger->free_slot = message->n_owed;
  memset(message, 0, sizeof *message);
  message->tag = tag;
  table_insert(ledger, tag, slot);
  ledger->live++;
  return message;
}

static inline Obligation *
message_owed(Message *message)
{
  return message->n_owed <= 1 ? &message->one : message->many;
}

/* NULL: it is not owed to this client. */
static inline Obligation *
message_obligation(Message *message, guint32 client)
{
  if (message->n_owed <= 1)
    return message->n_owed == 1 && message->one.client == client ? &message->one : NULL;
  guint low = 0, high = message->n_owed;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (message->many[middle].client < client)
      low = middle + 1;
    else
      high = middle;
  }
  return low < message->n_owed && message->many[low].client == client ? &message->many[low] : NULL;
}

static inline Publisher *
message_publisher(Ledger *ledger, const Message *message)
{
  return &g_array_index(ledger->publishers, Publisher, (message->tag >> SEQUENCE_BITS) - 1);
}

static inline guint64
message_sequence(const Message *message)
{
  return message->tag & ((G_GUINT64_CONSTANT(1) << SEQUENCE_BITS) - 1);
}

/* ---- life of a ledger ---- */

Ledger *
ledger_new(const LedgerConfig *config)
{
  Ledger *ledger = g_new0(Ledger, 1);
  ledger->config = *config;
  ledger->publishers = g_array_new(FALSE, TRUE, sizeof(Publisher));
  ledger->tallies = g_new0(SectionTally, MAX(config->sections, 1));
  for (guint i = 0; i < config->sections; i++)
    ledger->tallies[i].deadline_ns = G_MAXINT64;
  ledger->state_lost_ns = g_new(gint64, config->clients + 1);
  ledger->subscribed_ns = g_new(gint64, MAX(config->clients, 1));
  for (guint i = 0; i <= config->clients; i++)
    ledger->state_lost_ns[i] = G_MININT64;
  for (guint i = 0; i < config->clients; i++)
    ledger->subscribed_ns[i] = G_MININT64;
  ledger->free_slot = NO_SLOT;
  ledger->table_mask = 127;
  ledger->table = g_new0(guint32, ledger->table_mask + 1);
  ledger->fingerprint = 0x243F6A8885A308D3u;
  if (config->messages)
    ledger->rows = g_array_new(FALSE, FALSE, sizeof(OutcomeMessage));
  if (config->trace_id != 0)
    ledger->story = g_array_new(FALSE, FALSE, sizeof(OutcomeEvent));
  return ledger;
}

void
ledger_free(Ledger *ledger)
{
  if (ledger == NULL)
    return;
  for (guint32 i = 0; i < ledger->n_slots; i++)
    if (ledger->messages[i].tag != 0 && ledger->messages[i].n_owed > 1)
      g_free(ledger->messages[i].many);
  for (guint i = 0; i < ledger->config.sections; i++)
    for (guint h = 0; h < HISTOGRAM_N; h++)
      histogram_clear(&ledger->tallies[i].histograms[h]);
  for (guint i = 0; ledger->story != NULL && i < ledger->story->len; i++) {
    g_free(g_array_index(ledger->story, OutcomeEvent, i).where);
    g_free(g_array_index(ledger->story, OutcomeEvent, i).what);
  }
  g_clear_pointer(&ledger->story, g_array_unref);
  g_clear_pointer(&ledger->rows, g_array_unref);
  g_clear_pointer(&ledger->order, g_hash_table_unref);
  g_array_unref(ledger->publishers);
  g_free(ledger->tallies);
  g_free(ledger->state_lost_ns);
  g_free(ledger->subscribed_ns);
  g_free(ledger->messages);
  g_free(ledger->table);
  g_free(ledger->breach);
  g_free(ledger);
}

void
ledger_section(Ledger *ledger, guint section, gint64 deadline_ns)
{
  g_assert(section < ledger->config.sections);
  ledger->tallies[section].deadline_ns = deadline_ns;
}

guint32
ledger_publisher(Ledger *ledger, guint section, guint32 client, guint8 qos)
{
  g_assert(section < ledger->config.sections && client < ledger->config.clients);
  Publisher publisher = {.section = section, .client = client, .qos = qos};
  publisher.order_client = LEDGER_UP;
  g_array_append_val(ledger->publishers, publisher);
  return ledger->publishers->len - 1;
}

static inline SectionTally *
message_tally(Ledger *ledger, const Message *message)
{
  return &ledger->tallies[message_publisher(ledger, message)->section];
}

static inline void
mix(Ledger *ledger, guint64 what, guint64 tag, gint64 now_ns)
{
  guint64 h = ledger->fingerprint ^ (tag + (what << 56));
  h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
  h ^= (guint64)now_ns;
  ledger->fingerprint = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
}

static void
breach(Ledger *ledger, const Message *message, const char *what)
{
  if (ledger->breach == NULL)
    ledger->breach = g_strdup_printf("publisher %u, sequence %" G_GUINT64_FORMAT ": %s",
                                     (guint)(message->tag >> SEQUENCE_BITS) - 1,
                                     message_sequence(message), what);
}

/* ---- the story of one message ---- */

gboolean
ledger_traces(const Ledger *ledger, guint64 tag)
{
  if (G_LIKELY(ledger->story == NULL))
    return FALSE;
  const Message *message = message_find((Ledger *)ledger, tag);
  return message != NULL && message->id == ledger->config.trace_id;
}

void
ledger_story(Ledger *ledger, gint64 now_ns, const char *where, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  OutcomeEvent event = {now_ns, g_strdup(where), g_strdup_vprintf(format, args)};
  va_end(args);
  g_array_append_val(ledger->story, event);
}

static inline gboolean
traced(const Ledger *ledger, const Message *message)
{
  return G_UNLIKELY(ledger->story != NULL) && message->id == ledger->config.trace_id;
}

/* Who sends (or receives) on a hop. */
static const char *
hop_end(Ledger *ledger, const Message *message, guint32 where, gboolean sender)
{
  if ((where == LEDGER_UP) != sender)
    return "broker";
  return ledger->config.client_name(
      ledger->config.user, where == LEDGER_UP ? message_publisher(ledger, message)->client : where);
}

/* ---- fates ---- */

/* Whether the guarantees rested on state that was lost while the message was under way. */
static gboolean
message_state_kept(const Ledger *ledger, const Message *message, guint32 publisher, guint32 client)
{
  gint64 since = message->published_ns;
  return ledger->state_lost_ns[publisher] < since && ledger->state_lost_ns[client] < since &&
         ledger->state_lost_ns[ledger->config.clients] < since &&
         ledger->subscribed_ns[client] < since;
}

static inline gboolean
message_up(const Message *message)
{
  return message->held != 0 || message->publish.streams != 0;
}

/* What QoS 1 and 2 promise to outlive. publish() returns before its write is durable, so before it
 * is told success a publisher may lose a message by a crash. */
static gboolean
survivable(const Message *message, Cause cause)
{
  return cause == CAUSE_CONNECTION_LOST || cause == CAUSE_BROKER_STATE_LOST ||
         cause == CAUSE_SUBSCRIBER_STATE_LOST ||
         (cause == CAUSE_PUBLISHER_STATE_LOST && message->told == TOLD_SUCCESS);
}

static void
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
    breach(ledger, message,
           "lost with a connection or a process although its QoS is above 0 and state was kept");
  mix(ledger, 1, message->tag, now_ns);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, "", "lost: %s", cause_name(cause));
}

static void
tally_obligation(Ledger *ledger, const Message *message, const Obligation *owed, Fate fate,
                 Cause cause)
{
  SectionTally *tally = message_tally(ledger, message);
  static const guint counter_of[FATE_N] = {[FATE_ONCE] = COUNT_ONCE,
                                           [FATE_DUPLICATED] = COUNT_DUPLICATED,
                                           [FATE_LOST] = COUNT_LOST,
                                           [FATE_PENDING] = COUNT_PENDING};
  tally->counters[counter_of[fate]]++;
  tally->counters[COUNT_FATE_TOLD + fate * TOLD_N + message->told]++;
  if (fate == FATE_LOST) {
    tally->counters[COUNT_LOST_CAUSE + cause]++;
    if (message->told == TOLD_SUCCESS) {
      tally->counters[COUNT_SILENT_LOSS]++;
      tally->counters[COUNT_SILENT_CAUSE + cause]++;
    }
    if (tally->examples[cause] == 0)
      tally->examples[cause] = message->id;
  }
  if (owed->copies > 1)
    tally->counters[COUNT_EXTRA_COPIES] += owed->copies - 1;
}

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

/* The fates of a message are final. stuck: what could still have arrived never moves again. */
static void
message_close(Ledger *ledger, Message *message, const gboolean *stuck)
{
  if (message->id == 0)
    return;
  SectionTally *tally = message_tally(ledger, message);
  Obligation *owed = message_owed(message);
  guint met = 0;
  for (guint i = 0; i < message->n_owed; i++) {
    Fate fate = owed[i].copies > 1           ? FATE_DUPLICATED
                : owed[i].copies == 1        ? FATE_ONCE
                : owed[i].lost != CAUSE_NONE ? FATE_LOST
                : stuck != NULL && stuck[i]  ? FATE_LOST
                                             : FATE_PENDING;
    Cause cause = fate != FATE_LOST            ? CAUSE_NONE
                  : owed[i].lost != CAUSE_NONE ? owed[i].lost
                                               : CAUSE_STUCK;
    tally_obligation(ledger, message, &owed[i], fate, cause);
    met += owed[i].copies > 0;
    tally->counters[COUNT_DEADLINE_MET] +=
        owed[i].copies > 0 && owed[i].latency_ns <= tally->deadline_ns;
    if (ledger->rows != NULL)
      row_add(ledger, message, &owed[i], fate, cause);
  }
  if (ledger->rows != NULL && message->n_owed == 0)
    row_add(ledger, message, NULL, FATE_ONCE, CAUSE_NONE);
  if (message->n_owed > 0) {
    tally->counters[COUNT_WITH_OWED]++;
    tally->counters[COUNT_COMPLETE] += met == message->n_owed;
    tally->counters[COUNT_ANY_MET] += met > 0;
    message_publisher(ledger, message)->any_met += met > 0;
  }
  tally->counters[COUNT_NEEDLESS_RESENDS] += message->needless;
  ledger->open--;
}

static void
message_retire(Ledger *ledger, Message *message)
{
  message_close(ledger, message, NULL);
  table_remove(ledger, message->tag);
  if (message->n_owed > 1)
    g_free(message->many);
  message->tag = 0;
  message->n_owed = ledger->free_slot;
  ledger->free_slot = (guint32)(message - ledger->messages);
  ledger->live--;
}

static inline void
obligation_settle(Ledger *ledger, Message *message, Obligation *owed, gint64 now_ns, Cause cause)
{
  if (owed->copies == 0 && owed->lost == CAUSE_NONE && owed->held == 0 &&
      owed->publish.streams == 0)
    obligation_lose(ledger, message, owed, now_ns, cause);
}

/* Something that held the message went, on the way up or to one client: decide what can be decided
 * now. */
static void
message_settle(Ledger *ledger, Message *message, guint32 where, gint64 now_ns, Cause cause)
{
  if (message_up(message))
    return;
  if (where == LEDGER_UP) {
    Obligation *owed = message_owed(message);
    for (guint i = 0; i < message->n_owed; i++)
      obligation_settle(ledger, message, &owed[i], now_ns, cause);
  } else {
    Obligation *owed = message_obligation(message, where);
    if (owed != NULL)
      obligation_settle(ledger, message, owed, now_ns, cause);
  }
  if (message->down == 0 && message->strays == 0 && !message->untold)
    message_retire(ledger, message);
}

/* ---- what the applications do ---- */

guint64
ledger_publish(Ledger *ledger, guint32 publisher_number, gint64 now_ns, const LedgerOwed *owed,
               guint n_owed)
{
  Publisher *publisher = &g_array_index(ledger->publishers, Publisher, publisher_number);
  guint64 tag = ((guint64)(publisher_number + 1) << SEQUENCE_BITS) | ++publisher->sequence;
  Message *message = message_new(ledger, tag);
  message->published_ns = now_ns;
  message->told_ns = -1;
  message->held = 1; /* by the call itself, until ledger_returned() */
  message->n_owed = n_owed;
  if (n_owed > 1)
    message->many = g_new0(Obligation, n_owed);
  Obligation *obligations = message_owed(message);
  for (guint i = 0; i < n_owed; i++) {
    obligations[i].client = owed[i].client;
    obligations[i].granted = owed[i].granted;
  }
  if (now_ns >= 0 && now_ns < ledger->config.window_ns) {
    SectionTally *tally = &ledger->tallies[publisher->section];
    message->id = ++ledger->ids;
    ledger->open++;
    tally->counters[COUNT_PUBLISHED]++;
    tally->counters[COUNT_OWED] += n_owed;
    for (guint i = 0; i < n_owed; i++)
      tally->counters[COUNT_DOWNGRADED] += owed[i].granted < publisher->qos;
  }
  mix(ledger, 2, tag, now_ns);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, LEDGER_UP, TRUE), "publish()");
  return tag;
}

void
ledger_returned(Ledger *ledger, guint64 tag, gint64 now_ns, gboolean accepted, Cause cause)
{
  Message *message = message_find(ledger, tag);
  guint8 qos = message_publisher(ledger, message)->qos;
  message->held--;
  if (!accepted || qos == 0) {
    message->told = accepted ? TOLD_SUCCESS : TOLD_FAILURE;
    message->told_ns = now_ns;
    if (traced(ledger, message))
      ledger_story(ledger, now_ns, hop_end(ledger, message, LEDGER_UP, TRUE),
                   accepted ? "publish() returned" : "publish() refused: %s", cause_name(cause));
  } else if (message->told == TOLD_NOTHING)
    message->untold = TRUE;
  message_settle(ledger, message, LEDGER_UP, now_ns, cause);
}

void
ledger_told(Ledger *ledger, guint64 tag, gint64 now_ns, gboolean success, gboolean final)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  mix(ledger, 3 + success, tag, now_ns);
  if (success && message->told != TOLD_SUCCESS && message->id != 0)
    histogram_add(&message_tally(ledger, message)->histograms[HISTOGRAM_ACK_LATENCY],
                  now_ns - message->published_ns);
  if (message->told_ns < 0 || success)
    message->told_ns = now_ns;
  message->told = success ? TOLD_SUCCESS : TOLD_FAILURE;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, LEDGER_UP, TRUE), "told %s",
                 success ? "success" : "failure");
  if (final) {
    message->untold = FALSE;
    message_settle(ledger, message, LEDGER_UP, now_ns, CAUSE_NONE);
  }
}

/* Rare, so a walk over what is under way will do. */
void
ledger_publisher_died(Ledger *ledger, guint32 client, gint64 now_ns)
{
  for (guint32 i = 0; i < ledger->n_slots; i++) {
    Message *message = &ledger->messages[i];
    if (message->tag == 0 || !message->untold ||
        message_publisher(ledger, message)->client != client)
      continue;
    message->untold = FALSE;
    message_settle(ledger, message, LEDGER_UP, now_ns, CAUSE_NONE);
  }
}

void
ledger_state_lost(Ledger *ledger, guint32 client, gint64 now_ns)
{
  ledger->state_lost_ns[client == LEDGER_UP ? ledger->config.clients : client] = now_ns;
}

void
ledger_subscribed(Ledger *ledger, guint32 client, gint64 since_ns)
{
  ledger->subscribed_ns[client] = since_ns;
}

/* A copy is gone for good: dropped by a full queue, expired, QoS 0 in a connection that died. Above
 * QoS 0, crashes and connections leave what a store or the other side still has. */
static gboolean
is_for_good(Cause cause, guint8 qos)
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

/* Delivery in the order of publication, [MQTT-4.6.0-5]; a publisher here has one topic and one QoS
 * at a time. Where a copy was dropped on its way, what arrives in the end is a repetition, sent
 * after later messages, and the order of section 4.6 is that of first sending. */
static void
check_order(Ledger *ledger, const Message *message, const Obligation *owed)
{
  guint32 client = owed->client;
  guint32 number = (guint32)(message->tag >> SEQUENCE_BITS) - 1;
  Publisher *publisher = &g_array_index(ledger->publishers, Publisher, number);
  guint64 sequence = message_sequence(message), last;
  if (message->n_owed == 1 &&
      (publisher->order_client == client || publisher->order_client == LEDGER_UP)) {
    publisher->order_client = client;
    last = publisher->order_sequence;
    publisher->order_sequence = MAX(last, sequence);
  } else {
    if (ledger->order == NULL)
      ledger->order = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    gint64 key = (gint64)(((guint64)number << 32) | client);
    guint64 *found = g_hash_table_lookup(ledger->order, &key);
    last = found ? *found : 0;
    if (found == NULL) {
      found = g_new0(guint64, 1);
      g_hash_table_insert(ledger->order, g_memdup2(&key, sizeof key), found);
    }
    *found = MAX(last, sequence);
  }
  if (sequence < last && !message->dropped &&
      !is_for_good(owed->misfortune, MIN(publisher->qos, owed->granted)) &&
      message_state_kept(ledger, message, publisher->client, client))
    breach(ledger, message, "delivered after a later message of its topic and QoS");
}

void
ledger_delivered(Ledger *ledger, guint64 tag, guint32 client, gint64 now_ns)
{
  Message *message = message_find(ledger, tag);
  Obligation *owed = message ? message_obligation(message, client) : NULL;
  mix(ledger, 5, tag, now_ns);
  if (owed == NULL)
    return;
  if (owed->lost != CAUSE_NONE)
    breach(ledger, message, "delivered after it was judged lost");
  if (owed->copies < G_MAXUINT16)
    owed->copies++;
  const Publisher *publisher = message_publisher(ledger, message);
  if (owed->copies == 1) {
    owed->latency_ns = now_ns - message->published_ns;
    check_order(ledger, message, owed);
    if (message->id != 0)
      histogram_add(&message_tally(ledger, message)->histograms[HISTOGRAM_LATENCY],
                    owed->latency_ns);
    if (now_ns >= 0 && now_ns < ledger->config.window_ns)
      message_tally(ledger, message)->counters[COUNT_MET_IN_WINDOW]++;
  } else if (MIN(publisher->qos, owed->granted) == 2 &&
             message_state_kept(ledger, message, publisher->client, client))
    breach(ledger, message, "QoS 2 delivered twice although both sides kept their state");
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, client, FALSE),
                 "handed over: copy %u, latency %.3f s", owed->copies,
                 (now_ns - message->published_ns) / 1e9);
}

/* ---- where the copies are ---- */

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
  Obligation *owed = message_obligation(message, where);
  if (owed == NULL)
    message->strays++;
  else {
    owed->held++;
    message->down++;
  }
}

void
ledger_gone(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  if (traced(ledger, message) && cause != CAUSE_NONE)
    ledger_story(ledger, now_ns, "", "a copy is gone: %s", cause_name(cause));
  if (where == LEDGER_UP) {
    if (message->held == 0)
      breach(ledger, message, CUSTODY);
    else
      message->held--;
    if (cause != CAUSE_NONE)
      message->misfortune = cause;
    message->dropped |= is_for_good(cause, message_publisher(ledger, message)->qos);
  } else {
    Obligation *owed = message_obligation(message, where);
    guint left = owed ? owed->held : message->strays;
    if (left == 0)
      breach(ledger, message, CUSTODY);
    else if (owed == NULL)
      message->strays--;
    else {
      owed->held--;
      message->down--;
    }
    if (owed != NULL && cause != CAUSE_NONE)
      owed->misfortune = cause;
  }
  message_settle(ledger, message, where, now_ns, cause);
}

static inline Hop *
message_hop(Message *message, guint32 where, gboolean pubrel)
{
  Obligation *owed = where == LEDGER_UP ? NULL : message_obligation(message, where);
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
  Hop *hop = message_hop(message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, where, TRUE), "PUBLISH sent%s",
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
ledger_received(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Hop *hop = message_hop(message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, where, FALSE), "PUBLISH received%s",
                 hop != NULL && hop->seen ? " again" : "");
  if (hop == NULL) {
    if (message->strays == 0)
      breach(ledger, message, CUSTODY);
    else
      message->strays--;
  } else if (hop->streams == 0)
    breach(ledger, message, CUSTODY);
  else {
    hop->streams--;
    message->down -= where != LEDGER_UP;
    if (!hop->seen) {
      /* Copies arrive in the order in which they were sent: what is still under way was sent later,
       * in vain. */
      hop->seen = TRUE;
      message->needless += hop->streams;
    }
    if (where == LEDGER_UP)
      message->misfortune = CAUSE_NONE; /* it has arrived */
  }
  message_settle(ledger, message, where, now_ns, CAUSE_NONE);
}

void
ledger_died(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL)
    return;
  Hop *hop = message_hop(message, where, FALSE);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, "", "the PUBLISH dies with its connection");
  if (hop == NULL) {
    if (message->strays == 0)
      breach(ledger, message, CUSTODY);
    else
      message->strays--;
  } else if (hop->streams == 0)
    breach(ledger, message, CUSTODY);
  else {
    hop->streams--;
    message->down -= where != LEDGER_UP;
    Obligation *owed = where == LEDGER_UP ? NULL : message_obligation(message, where);
    guint8 *misfortune = owed != NULL ? &owed->misfortune : &message->misfortune;
    if (*misfortune == CAUSE_NONE)
      *misfortune = cause;
  }
  message_settle(ledger, message, where, now_ns, cause);
}

void
ledger_sent_pubrel(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why)
{
  Message *message = message_find(ledger, tag);
  Hop *hop = message ? message_hop(message, where, TRUE) : NULL;
  if (hop == NULL)
    return;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, where, TRUE), "PUBREL sent%s",
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
  Hop *hop = message ? message_hop(message, where, TRUE) : NULL;
  if (hop == NULL)
    return;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, hop_end(ledger, message, where, FALSE), "PUBREL received%s",
                 hop->seen ? " again" : "");
  if (!hop->seen) {
    hop->seen = TRUE;
    message->needless += hop->pending;
  }
}

/* ---- the end ---- */

guint64
ledger_open(const Ledger *ledger)
{
  return ledger->open;
}

guint64
ledger_any_met(const Ledger *ledger, guint32 publisher)
{
  return g_array_index(ledger->publishers, Publisher, publisher).any_met;
}

guint64
ledger_live(const Ledger *ledger)
{
  return ledger->live;
}

guint64
ledger_fingerprint(const Ledger *ledger)
{
  return ledger->fingerprint;
}

const char *
ledger_breach(const Ledger *ledger)
{
  return ledger->breach;
}

void
ledger_finish(Ledger *ledger, gint64 now_ns,
              gboolean (*stuck)(gpointer user, guint32 publisher_client, guint32 client),
              OutcomeElement **elements)
{
  (void)now_ns;
  g_autoptr(GArray) verdicts = g_array_new(FALSE, FALSE, sizeof(gboolean));
  for (guint32 i = 0; i < ledger->n_slots; i++) {
    Message *message = &ledger->messages[i];
    if (message->tag == 0)
      continue;
    Obligation *owed = message_owed(message);
    g_array_set_size(verdicts, MAX(message->n_owed, 1));
    for (guint k = 0; k < message->n_owed; k++)
      g_array_index(verdicts, gboolean, k) =
          stuck != NULL &&
          stuck(ledger->config.user, message_publisher(ledger, message)->client, owed[k].client);
    message_close(ledger, message, (gpointer)verdicts->data);
  }
  for (guint s = 0; s < ledger->config.sections; s++) {
    const guint64 *c = ledger->tallies[s].counters;
    g_assert(c[COUNT_OWED] ==
             c[COUNT_ONCE] + c[COUNT_DUPLICATED] + c[COUNT_LOST] + c[COUNT_PENDING]);
    for (guint k = 0; k < COUNT_N; k++)
      if (c[k] != 0)
        elements[s]->counters[k] += (double)c[k];
    for (guint h = 0; h < HISTOGRAM_N; h++)
      histogram_merge(&elements[s]->histograms[h], &ledger->tallies[s].histograms[h]);
    memcpy(elements[s]->examples, ledger->tallies[s].examples, sizeof elements[s]->examples);
  }
}

GArray *
ledger_take_messages(Ledger *ledger)
{
  return g_steal_pointer(&ledger->rows);
}

GArray *
ledger_take_story(Ledger *ledger)
{
  return g_steal_pointer(&ledger->story);
}
