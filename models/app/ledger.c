#include "models/app/ledger-private.h"

#include <stdlib.h>
#include <string.h>

/* ---- life of a ledger ---- */

Ledger *
ledger_new(const LedgerConfig *config)
{
  Ledger *ledger = g_new0(Ledger, 1);
  ledger->config = *config;
  ledger->publishers = g_array_new(FALSE, TRUE, sizeof(Publisher));
  ledger->newest = g_array_new(FALSE, FALSE, sizeof(guint32));
  ledger->tallies = g_new0(SectionTally, MAX(config->sections, 1));
  for (guint i = 0; i < config->sections; i++)
    ledger->tallies[i].deadline_ns = G_MAXINT64;
  guint recipients = config->clients + config->groups;
  ledger->state_lost_ns = g_new(gint64, recipients + 1);
  ledger->subscribed_ns = g_new(gint64, MAX(recipients, 1));
  for (guint i = 0; i <= recipients; i++)
    ledger->state_lost_ns[i] = G_MININT64;
  for (guint i = 0; i < recipients; i++)
    ledger->subscribed_ns[i] = G_MININT64;
  ledger->free_slot = NO_SLOT;
  ledger->table_mask = 127;
  ledger->table = g_new0(guint32, ledger->table_mask + 1);
  ledger->fingerprint = 0x243F6A8885A308D3u;
  ledger->plain = config->trace_id == 0;
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
  g_array_unref(ledger->newest);
  g_free(ledger->tallies);
  g_free(ledger->state_lost_ns);
  g_free(ledger->subscribed_ns);
  g_free(ledger->groups);
  free(ledger->messages);
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
  guint32 none = NO_SLOT;
  g_array_append_val(ledger->publishers, publisher);
  g_array_append_val(ledger->newest, none);
  return ledger->publishers->len - 1;
}

void
ledger_note_breach(Ledger *ledger, const Message *message, const char *what)
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
  const Message *message = message_look(ledger, tag);
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

const char *
ledger_hop_end(Ledger *ledger, const Message *message, guint32 where, gboolean sender)
{
  if ((where == LEDGER_UP) != sender)
    return "broker";
  return ledger->config.client_name(
      ledger->config.user, where == LEDGER_UP ? message_publisher(ledger, message)->client : where);
}

/* ---- what the applications do ---- */

/* Returns how many are granted less than they were published with. */
static inline guint
owe(Message *message, const LedgerOwed *owed, guint n_owed)
{
  guint below = 0;
  message->n_owed = n_owed;
  if (n_owed > 1)
    message->many = g_new(Obligation, n_owed);
  Obligation *obligations = message_owed(message);
  for (guint i = 0; i < n_owed; i++) {
    obligations[i] = (Obligation){
        .client = owed[i].client, .granted = owed[i].granted, .further = owed[i].further};
    below += owed[i].granted < message->qos;
  }
  return below;
}

guint64
ledger_publish(Ledger *ledger, guint32 publisher_number, gint64 now_ns, const LedgerOwed *owed,
               guint n_owed)
{
  Publisher *publisher = &g_array_index(ledger->publishers, Publisher, publisher_number);
  guint64 tag = ((guint64)(publisher_number + 1) << SEQUENCE_BITS) | ++publisher->sequence;
  Message *message = ledger_message_new(ledger, publisher_number, tag);
  message->published_ns = now_ns;
  message->told_ns = -1;
  message->held = 1; /* by the call itself */
  message->untold = TRUE;
  message->section = publisher->section;
  message->qos = publisher->qos;
  guint below = owe(message, owed, n_owed);
  if (now_ns >= 0 && now_ns < ledger->config.window_ns) {
    SectionTally *tally = &ledger->tallies[publisher->section];
    message->id = ++ledger->ids;
    ledger->open++;
    tally->counters[COUNT_PUBLISHED]++;
    tally->counters[COUNT_OWED] += n_owed;
    tally->counters[COUNT_DOWNGRADED] += below;
  }
  mix(ledger, 2, tag, now_ns);
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, LEDGER_UP, TRUE), "publish()");
  return tag;
}

void
ledger_returned(Ledger *ledger, guint64 tag, gint64 now_ns, gboolean accepted, Cause cause)
{
  Message *message = message_find(ledger, tag);
  if (message == NULL || (accepted && message->qos > 0))
    return; /* NULL: it was taken and dropped at once, and its publisher told */
  message->held -= !accepted;
  message->told = accepted ? TOLD_SUCCESS : TOLD_FAILURE;
  message->told_ns = now_ns;
  message->untold = FALSE;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, LEDGER_UP, TRUE),
                 accepted ? "publish() returned" : "publish() refused: %s", cause_name(cause));
  ledger_settle(ledger, message, LEDGER_UP, now_ns, cause);
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
  if (message->told_ns < 0 || (success && message->told != TOLD_SUCCESS))
    message->told_ns = now_ns;
  message->told = success ? TOLD_SUCCESS : TOLD_FAILURE;
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, LEDGER_UP, TRUE), "told %s",
                 success ? "success" : "failure");
  if (final) {
    message->untold = FALSE;
    message->dropped |= !success;
    ledger_settle(ledger, message, LEDGER_UP, now_ns, CAUSE_NONE);
  }
}

/* Rare, so a walk over what is under way will do. */
void
ledger_publisher_died(Ledger *ledger, guint32 client, gint64 now_ns, GHashTable *kept)
{
  for (guint32 i = 0; i < ledger->n_slots; i++) {
    Message *message = &ledger->messages[i];
    if (message->tag == 0 || !message->untold ||
        message_publisher(ledger, message)->client != client)
      continue;
    message->untold = FALSE;
    message->dropped |= kept == NULL || !g_hash_table_contains(kept, &message->tag);
    ledger_settle(ledger, message, LEDGER_UP, now_ns, CAUSE_NONE);
  }
}

void
ledger_join(Ledger *ledger, guint32 client, guint32 group)
{
  guint32 clients = ledger->config.clients;
  g_assert(client < clients && group < ledger->config.groups);
  if (ledger->groups == NULL) {
    ledger->groups = g_new(guint32, clients);
    for (guint32 i = 0; i < clients; i++)
      ledger->groups[i] = i;
    ledger->plain = FALSE;
  }
  ledger->groups[client] = clients + group;
}

/* What is lost for ever stays so. */
static void
note_loss(Ledger *ledger, guint32 place, gint64 now_ns)
{
  ledger->state_lost_ns[place] = MAX(ledger->state_lost_ns[place], now_ns);
}

void
ledger_state_lost(Ledger *ledger, guint32 client, gint64 now_ns)
{
  if (client == LEDGER_UP) {
    note_loss(ledger, ledger_broker(ledger), now_ns);
    return;
  }
  note_loss(ledger, client, now_ns);
  note_loss(ledger, ledger_recipient(ledger, client), now_ns);
}

void
ledger_subscribed(Ledger *ledger, guint32 client, gint64 since_ns)
{
  ledger->subscribed_ns[ledger_recipient(ledger, client)] = since_ns;
}

/* Delivery in the order of publication for each QoS, [MQTT-4.6.0-5]: by several subscriptions one
 * client may get messages of one publisher at several. Where a copy was dropped on its way, what
 * arrives in the end is a repetition, sent after later messages, and the order of section 4.6 is
 * that of first sending. The members of a shared subscription are served side by side. */
static void
check_order(Ledger *ledger, const Message *message, const Obligation *owed)
{
  guint32 client = owed->client;
  if (client >= ledger->config.clients)
    return;
  guint32 number = (guint32)(message->tag >> SEQUENCE_BITS) - 1;
  Publisher *publisher = &g_array_index(ledger->publishers, Publisher, number);
  guint64 sequence = message_sequence(message), last;
  guint8 qos = MIN(publisher->qos, owed->granted);
  if (message->n_owed == 1 &&
      (publisher->order_client == LEDGER_UP ||
       (publisher->order_client == client && publisher->order_qos == qos))) {
    publisher->order_client = client;
    publisher->order_qos = qos;
    last = publisher->order_sequence;
    publisher->order_sequence = MAX(last, sequence);
  } else {
    if (ledger->order == NULL)
      ledger->order = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    gint64 key = (gint64)((((guint64)number << 2 | qos) << 32) | client);
    guint64 *found = g_hash_table_lookup(ledger->order, &key);
    last = found ? *found : 0;
    if (found == NULL) {
      found = g_new0(guint64, 1);
      g_hash_table_insert(ledger->order, g_memdup2(&key, sizeof key), found);
    }
    *found = MAX(last, sequence);
  }
  if (sequence < last && !message->dropped && !owed->dropped &&
      message_state_kept(ledger, message, publisher->client, client))
    ledger_note_breach(ledger, message, "delivered after a later message of its topic and QoS");
}

void
ledger_delivered(Ledger *ledger, guint64 tag, guint32 client, gint64 now_ns, LedgerOrigin origin)
{
  Message *message = message_find(ledger, tag);
  Obligation *owed = message ? message_obligation(ledger, message, client) : NULL;
  mix(ledger, 5, tag, now_ns);
  /* What a member of a group gets at its subscription may go to another as it was published. */
  gboolean owed_to_group = owed != NULL && owed->client >= ledger->config.clients;
  if (owed == NULL || (origin == LEDGER_RETAINED && (owed->copies > 0 || owed_to_group)) ||
      (origin != LEDGER_FRESH && owed->lost != CAUSE_NONE))
    return;
  if (owed->lost != CAUSE_NONE)
    ledger_note_breach(ledger, message, "delivered after it was judged lost");
  if (owed->copies < G_MAXUINT16)
    owed->copies++;
  const Publisher *publisher = message_publisher(ledger, message);
  if (owed->copies == 1) {
    owed->latency_ns = now_ns - message->published_ns;
    /* Copies of several subscriptions go their ways, each at its QoS. */
    if (origin != LEDGER_RETAINED && owed->further == 0)
      check_order(ledger, message, owed);
    if (message->id != 0)
      histogram_add(&message_tally(ledger, message)->histograms[HISTOGRAM_LATENCY],
                    owed->latency_ns);
    if (now_ns >= 0 && now_ns < ledger->config.window_ns)
      message_tally(ledger, message)->counters[COUNT_MET_IN_WINDOW]++;
  } else if (origin == LEDGER_FRESH && owed->copies > 1 + owed->further &&
             MIN(publisher->qos, owed->granted) == 2 &&
             message_state_kept(ledger, message, publisher->client, client))
    ledger_note_breach(ledger, message,
                       "QoS 2 delivered twice although both sides kept their state");
  if (traced(ledger, message))
    ledger_story(ledger, now_ns, ledger_hop_end(ledger, message, client, FALSE),
                 "handed over: copy %u, latency %.3f s", owed->copies,
                 (now_ns - message->published_ns) / 1e9);
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

gboolean
ledger_awaits(const Ledger *ledger)
{
  for (guint32 i = 0; i < ledger->n_slots; i++) {
    Message *message = &ledger->messages[i];
    if (message->tag == 0 || message->id == 0)
      continue;
    const Obligation *owed = message_owed(message);
    if (message->untold)
      return TRUE;
    for (guint k = 0; k < message->n_owed; k++)
      if (owed[k].copies == 0 && owed[k].lost == CAUSE_NONE)
        return TRUE;
  }
  return FALSE;
}

/* What went wrong in view explains more than that the rest is beyond it. */
static Cause
verdict_on(const Ledger *ledger, LedgerVerdict verdict, const Message *message,
           const Obligation *owed, guint32 publisher)
{
  Cause cause =
      verdict(ledger->config.user, publisher, owed->client, message->held > 0 || owed->held > 0);
  if (cause == CAUSE_BEYOND_VIEW)
    cause = owed->misfortune != CAUSE_NONE      ? owed->misfortune
            : message->misfortune != CAUSE_NONE ? message->misfortune
                                                : cause;
  return cause;
}

void
ledger_finish(Ledger *ledger, LedgerVerdict verdict, OutcomeElement **elements)
{
  g_autoptr(GArray) causes = g_array_new(FALSE, FALSE, sizeof(Cause));
  for (guint32 i = 0; i < ledger->n_slots; i++) {
    Message *message = &ledger->messages[i];
    if (message->tag == 0)
      continue;
    Obligation *owed = message_owed(message);
    guint32 publisher = message_publisher(ledger, message)->client;
    g_array_set_size(causes, MAX(message->n_owed, 1));
    for (guint k = 0; k < message->n_owed; k++)
      g_array_index(causes, Cause, k) =
          verdict == NULL ? CAUSE_NONE : verdict_on(ledger, verdict, message, &owed[k], publisher);
    ledger_close(ledger, message, (gpointer)causes->data);
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
