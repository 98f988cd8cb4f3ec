/* What became of each message. The ledger hears what happened to copies and what applications were
 * told; it knows nothing of protocol states, connections or engines.
 *
 * A message is followed by its tag, the first 8 bytes of its payload: number of the publisher (24
 * bits, from 1) and sequence (40 bits). It is *owed* to clients; each such pair is an obligation
 * with one fate. A copy is held by a machine or a store, or lies in the bytes of a connection,
 * either on the way up (publisher to broker: it can serve every obligation) or down (to one
 * client). When nothing that could serve an unmet obligation is left, it is lost, by the cause of
 * what removed the last copy; where that copy ended well, by the last misfortune that the
 * obligation met. A message whose copies are all gone and of which its publisher will hear no more
 * is retired: memory follows what is under way. */
#pragma once

#include "sim/record/outcome.h"

typedef struct _Ledger Ledger;

#define LEDGER_UP                                                                                  \
  G_MAXUINT32 /* instead of a client: on the way from the publisher to the broker                  \
               */

typedef struct {
  guint32 client;
  guint8 granted; /* QoS */
  guint8 further; /* copies beyond the first that overlapping subscriptions ask for */
} LedgerOwed;

typedef struct {
  guint sections;    /* publish sections */
  guint clients;     /* and above their numbers: */
  guint groups;      /* of shared subscriptions: each is owed one copy, and stands for a client */
  gint64 window_ns;  /* publications in [0, window) count */
  gboolean messages; /* keep an OutcomeMessage of every obligation */
  guint64 trace_id;  /* message whose story is told; 0: none */
  /* Names for the story: of a client; and of the broker. Only called when tracing. */
  const char *(*client_name)(gpointer user, guint32 client);
  gpointer user;
} LedgerConfig;

Ledger *ledger_new(const LedgerConfig *config);
void ledger_free(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)

/* What deadline_ratio of a section counts: obligations met within it; G_MAXINT64: none is set. */
void ledger_section(Ledger *ledger, guint section, gint64 deadline_ns);
/* A stream of publications: a publish section in a client. Returns its number, from 0. */
guint32 ledger_publisher(Ledger *ledger, guint section, guint32 client, guint8 qos);

/* publish() is called: owed are the clients with a matching subscription, in rising order. Returns
 * the tag to put into the payload. The message is held by the call, and if that returned accepted
 * (then QoS 0 was told success), by the machine from then on; else cause says why not. */
guint64 ledger_publish(Ledger *ledger, guint32 publisher, gint64 now_ns, const LedgerOwed *owed,
                       guint n_owed);
void ledger_returned(Ledger *ledger, guint64 tag, gint64 now_ns, gboolean accepted, Cause cause);

/* A machine or a store holds one more copy, one less. where: LEDGER_UP or a client. CAUSE_NONE: it
 * went well. */
void ledger_copy(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns);
void ledger_gone(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause);

typedef enum {
  LEDGER_FIRST,
  LEDGER_TIMER,
  LEDGER_RECONNECT
} LedgerSend; /* why it was sent (again) */

/* Asks the caches for a publisher's newest message, in stages from 0 on. */
void ledger_ask(const Ledger *ledger, guint32 publisher, guint stage);

/* A PUBLISH was written to a connection; decoded from it by the peer, cause being why that made
 * nothing of it (CAUSE_NONE: it did, or has it already); or died in it. */
void ledger_sent(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why);
void ledger_received(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause);
void ledger_died(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, Cause cause);
/* The same for PUBREL, which holds no copy: only its resends are counted. */
void ledger_sent_pubrel(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns, LedgerSend why);
void ledger_received_pubrel(Ledger *ledger, guint64 tag, guint32 where, gint64 now_ns);

typedef enum {
  LEDGER_FRESH,
  LEDGER_RETAINED, /* from what the broker keeps, at a subscription: it can meet what is owed, late
                      as it is, and is no extra copy */
  LEDGER_UNSURE /* either, RETAIN being as it was published: it counts as fresh where it can be */
} LedgerOrigin;

void ledger_delivered(Ledger *ledger, guint64 tag, guint32 client, gint64 now_ns,
                      LedgerOrigin origin);
void ledger_told(Ledger *ledger, guint64 tag, gint64 now_ns, gboolean success, gboolean final);
/* A client's process died: its application will be told nothing more, and of what it had not been
 * told yet only the tags that its store kept are sent again; NULL: none. */
void ledger_publisher_died(Ledger *ledger, guint32 client, gint64 now_ns, GHashTable *kept);
/* What comes for this client is owed to the group, whose number among recipients is clients +
 * group. */
void ledger_join(Ledger *ledger, guint32 client, guint32 group);
/* State that a guarantee rests on was lost or discarded: of a client and its session, or of the
 * broker (LEDGER_UP). G_MAXINT64: nothing is ever guaranteed. */
void ledger_state_lost(Ledger *ledger, guint32 client, gint64 now_ns);
/* Since when the session of a client has the subscriptions of its application; G_MAXINT64: it has
 * not. A message published earlier may have come to a broker that knew of none, so its order and
 * number are nobody's promise. */
void ledger_subscribed(Ledger *ledger, guint32 client, gint64 since_ns);
/* One more line in the story of the traced message. */
gboolean ledger_traces(const Ledger *ledger, guint64 tag);
void ledger_story(Ledger *ledger, gint64 now_ns, const char *where, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* A message of the window may still be handed over, or its publisher told of it. A walk over what
 * is under way. */
gboolean ledger_awaits(const Ledger *ledger);
guint64 ledger_open(const Ledger *ledger); /* messages of the window whose fate is not final */
guint64 ledger_live(const Ledger *ledger); /* all messages under way */
/* After ledger_finish(): publications of the window with at least one obligation met. */
guint64 ledger_any_met(const Ledger *ledger, guint32 publisher);
guint64 ledger_fingerprint(const Ledger *ledger);
const char *ledger_breach(const Ledger *ledger); /* NULL: every invariant held so far */

/* Why what is unmet when the run ends never can be met; CAUSE_NONE: it still could, so it is
 * pending. held: a machine that is in view has a copy. */
typedef Cause (*LedgerVerdict)(gpointer user, guint32 publisher_client, guint32 client,
                               gboolean held);
/* The run ends. Asserts that fates add up and fills the publish sections' counters, histograms and
 * examples: elements[section]. verdict: NULL: all that is unmet is pending. */
void ledger_finish(Ledger *ledger, LedgerVerdict verdict, OutcomeElement **elements);
/* The rows and the story; ownership passes to the outcome. */
GArray *ledger_take_messages(Ledger *ledger);
GArray *ledger_take_story(Ledger *ledger);
