/* The inside of a Ledger, shared by the files of this folder that begin with its name.
 *
 *   ledger.c           life of a ledger, what the applications do, the end
 *   ledger_messages.c  the messages under way, found by their tags
 *   ledger_copies.c    where the copies of a message are
 *   ledger_fate.c      what becomes of an obligation, decided when its last hope goes */
#pragma once

#include "models/app/ledger.h"

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
  guint32 held;   /* copies held by machines or stores for this client */
  guint16 copies; /* handed over */
  Hop publish, pubrel;
  guint8 granted, further; /* as in LedgerOwed */
  guint8 misfortune;       /* Cause: the last copy for this client that went badly */
  guint8 lost;             /* Cause; CAUSE_NONE while it can still arrive or has arrived */
  guint8 dropped; /* a copy for this client went for good: what arrives in the end is late */
  gint64 latency_ns;
} Obligation;

/* A message is out of every cache each time that something happens to it. What happens on the way
 * up looks at the first of its two lines alone, and at nothing of its publisher. */
typedef struct {
  guint64 tag __attribute__((aligned(64)));
  gint64 published_ns;
  guint64 id;     /* 0: not of the window */
  guint32 held;   /* copies on the way up */
  guint32 down;   /* copies on the way to clients that it is owed to, held or in the bytes of
                     connections */
  guint32 strays; /* copies on the way to clients that it is not owed to */
  Hop publish, pubrel;
  guint32 n_owed;
  guint32 section;
  guint16 sends, needless;
  guint8 qos; /* as published */
  guint8 told;
  guint8 misfortune; /* Cause: the last copy on the way up that a machine lost, if none came back */
  gboolean dropped : 1; /* a copy on the way up went for good, or its publisher gave up or forgot
                           it: what a store brings back is late */
  gboolean untold : 1;  /* its publisher will still hear of it */
  gint64 told_ns __attribute__((aligned(64)));
  union {
    Obligation one;
    Obligation *many;
  };
} Message;
G_STATIC_ASSERT(sizeof(Message) == 128);

typedef struct {
  guint64 sequence; /* of the last publication */
  guint64 any_met;  /* publications of the window with at least one obligation met */
  guint64 order_sequence;
  guint32 section, client;
  /* The last first delivery, for the order check of the common case of one subscriber. */
  guint32 order_client;
  guint8 order_qos;
  guint8 qos;
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
  gint64 *state_lost_ns; /* per client and group, then the broker's */
  gint64 *subscribed_ns; /* per client and group: since when its session has its subscriptions */
  guint32 *groups; /* per client: the group that its copies are for, or itself; NULL: no groups */
  /* Messages in a slab. The newest of each publisher is found by its number, the older ones by
   * their tags in an open-addressing table of slot + 1. */
  Message *messages;
  GArray
      *newest; /* guint32: slot of each publisher's last message while it is under way; NO_SLOT */
  /* The message that was found last, and its tag; NULL and 0 when it has moved or gone. */
  Message *recent;
  guint64 recent_tag;
  guint32 n_slots, free_slot;
  guint32 *table;
  guint32 table_mask, n_older;
  gboolean plain; /* no groups and no story: see message_plain() */
  guint64 live, open, ids;
  guint64 fingerprint;
  GHashTable
      *order; /* (publisher, QoS, client) -> last sequence, where there are several subscribers */
  GArray *rows;
  GArray *story;
  char *breach;
};

/* ledger_messages.c */
/* The next message of that publisher; its first line is zero-filled but for the tag. */
Message *ledger_message_new(Ledger *ledger, guint32 publisher, guint64 tag);
void ledger_message_free(Ledger *ledger, Message *message);
Message *ledger_message_older(const Ledger *ledger, guint64 tag);
/* Of many. */
Obligation *ledger_message_search(Message *message, guint32 client);

static inline Message *
message_look(const Ledger *ledger, guint64 tag)
{
  guint64 number = (tag >> SEQUENCE_BITS) - 1;
  if (number >= ledger->newest->len)
    return NULL;
  guint32 newest = g_array_index(ledger->newest, guint32, number);
  if (G_LIKELY(newest != NO_SLOT && ledger->messages[newest].tag == tag))
    return &ledger->messages[newest];
  return ledger_message_older(ledger, tag);
}

/* NULL: no message of this run is under way with that tag (a retained or foreign payload). Asked at
 * each event of each message: most often it is the one of the event before. */
static inline Message *
message_find(Ledger *ledger, guint64 tag)
{
  if (ledger->recent_tag == tag)
    return ledger->recent;
  Message *message = message_look(ledger, tag);
  if (message != NULL) {
    ledger->recent = message;
    ledger->recent_tag = tag;
  }
  return message;
}

/* The same of what nearly every event is about, without a call, so that such an event needs no
 * registers saved: a message that is the newest of its publisher and owed to one client, in a run
 * without groups and story. NULL: it is not, and the long way finds out. */
static inline Message *
message_plain(Ledger *ledger, guint64 tag)
{
  guint64 number = (tag >> SEQUENCE_BITS) - 1;
  Message *message = ledger->recent;
  if (ledger->recent_tag != tag) {
    guint32 newest =
        number < ledger->newest->len ? g_array_index(ledger->newest, guint32, number) : NO_SLOT;
    if (newest == NO_SLOT || ledger->messages[newest].tag != tag)
      return NULL;
    ledger->recent = message = &ledger->messages[newest];
    ledger->recent_tag = tag;
  }
  return message != NULL && message->n_owed == 1 && ledger->plain ? message : NULL;
}

static inline void
message_forget(Ledger *ledger)
{
  ledger->recent = NULL;
  ledger->recent_tag = 0;
}

static inline Obligation *
message_owed(Message *message)
{
  return message->n_owed <= 1 ? &message->one : message->many;
}

/* Who a copy for this client is owed to. */
static inline guint32
ledger_recipient(const Ledger *ledger, guint32 client)
{
  return ledger->groups == NULL ? client : ledger->groups[client];
}

static inline guint32
ledger_broker(const Ledger *ledger) /* its place in state_lost_ns */
{
  return ledger->config.clients + ledger->config.groups;
}

/* NULL: it is not owed to this client. */
static inline Obligation *
message_obligation(const Ledger *ledger, Message *message, guint32 client)
{
  client = ledger_recipient(ledger, client);
  if (G_UNLIKELY(message->n_owed > 1))
    return ledger_message_search(message, client);
  return message->n_owed == 1 && message->one.client == client ? &message->one : NULL;
}

/* plain: it is a message of message_plain(). */
static inline __attribute__((always_inline)) Obligation *
message_owed_to(const Ledger *ledger, Message *message, guint32 where, gboolean plain)
{
  if (where == LEDGER_UP)
    return NULL;
  if (!plain)
    return message_obligation(ledger, message, where);
  return message->one.client == where ? &message->one : NULL;
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

static inline SectionTally *
message_tally(Ledger *ledger, const Message *message)
{
  return &ledger->tallies[message->section];
}

static inline void
mix(Ledger *ledger, guint64 what, guint64 tag, gint64 now_ns)
{
  guint64 h = ledger->fingerprint ^ (tag + (what << 56));
  h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
  h ^= (guint64)now_ns;
  ledger->fingerprint = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
}

static inline gboolean
traced(const Ledger *ledger, const Message *message)
{
  return G_UNLIKELY(ledger->story != NULL) && message->id == ledger->config.trace_id;
}

static inline gboolean
message_up(const Message *message)
{
  return message->held != 0 || message->publish.streams != 0;
}

/* What is owed, if it is one copy, has been handed over. */
static inline gboolean
message_met(const Message *message)
{
  return message->n_owed == 1 && message->one.copies > 0;
}

/* Whether the guarantees rested on state that was lost while the message was under way. */
static inline gboolean
message_state_kept(const Ledger *ledger, const Message *message, guint32 publisher, guint32 client)
{
  gint64 since = message->published_ns;
  return ledger->state_lost_ns[publisher] < since && ledger->state_lost_ns[client] < since &&
         ledger->state_lost_ns[ledger_broker(ledger)] < since &&
         ledger->subscribed_ns[client] < since;
}

/* ledger_fate.c */
/* What ledger_settle() does if there may be something to decide. */
void ledger_decide(Ledger *ledger, Message *message, guint32 where, gint64 now_ns, Cause cause);

/* Something that held the message went, on the way up or to one client: decide what can be decided
 * now. May free the message. */
static inline void
ledger_settle(Ledger *ledger, Message *message, guint32 where, gint64 now_ns, Cause cause)
{
  if (!message_up(message) && !(message->untold && message_met(message)))
    ledger_decide(ledger, message, where, now_ns, cause);
}

/* The fates of a message are final. causes: for each obligation, why what is not lost yet never
 * arrives, or CAUSE_NONE; NULL: no cause for any. */
void ledger_close(Ledger *ledger, Message *message, const Cause *causes);
/* A copy is gone for good: dropped by a full queue, expired, QoS 0 in a connection that died. Above
 * QoS 0, crashes and connections leave what a store or the other side still has. */
gboolean ledger_is_for_good(Cause cause, guint8 qos);

/* ledger.c */
void ledger_note_breach(Ledger *ledger, const Message *message, const char *what);
/* Who sends (or receives) on a hop, for the story. */
const char *ledger_hop_end(Ledger *ledger, const Message *message, guint32 where, gboolean sender);
