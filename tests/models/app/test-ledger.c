/* Fates, causes and what was told, from copies that come and go. */
#include "models/app/ledger.h"

#define MS G_GINT64_CONSTANT(1000000)
#define WINDOW (1000 * MS)

enum { PUBLISHER, FIRST, SECOND, CLIENTS };

static const char *
name_of(gpointer user, guint32 client)
{
  static const char *const names[] = {"publisher", "first", "second"};
  (void)user;
  return names[client];
}

typedef struct {
  Ledger *ledger;
  guint32 stream;
  LedgerOwed owed[2];
} Fixture;

static void
set_up(Fixture *f, guint8 qos, guint64 trace_id)
{
  LedgerConfig config = {.sections = 1,
                         .clients = CLIENTS,
                         .window_ns = WINDOW,
                         .messages = TRUE,
                         .trace_id = trace_id,
                         .client_name = name_of};
  f->ledger = ledger_new(&config);
  f->stream = ledger_publisher(f->ledger, 0, PUBLISHER, qos);
  f->owed[0] = (LedgerOwed){FIRST, qos};
  f->owed[1] = (LedgerOwed){SECOND, qos};
}

static guint64
publish(Fixture *f, gint64 now_ns, guint n_owed)
{
  guint64 tag = ledger_publish(f->ledger, f->stream, now_ns, f->owed, n_owed);
  ledger_returned(f->ledger, tag, now_ns, TRUE, CAUSE_NONE);
  return tag;
}

/* Up to the broker and acknowledged; the broker holds a copy for the first n clients. */
static void
arrive(Fixture *f, guint64 tag, gint64 now_ns, guint n, gboolean qos0)
{
  ledger_sent(f->ledger, tag, LEDGER_UP, now_ns, LEDGER_FIRST);
  if (qos0)
    ledger_gone(f->ledger, tag, LEDGER_UP, now_ns, CAUSE_NONE);
  for (guint i = 0; i < n; i++)
    ledger_copy(f->ledger, tag, FIRST + i, now_ns);
  ledger_received(f->ledger, tag, LEDGER_UP, now_ns, CAUSE_NONE);
  if (!qos0) {
    ledger_gone(f->ledger, tag, LEDGER_UP, now_ns, CAUSE_NONE);
    ledger_told(f->ledger, tag, now_ns, TRUE, TRUE);
  }
}

static void
hand_over(Fixture *f, guint64 tag, guint32 client, gint64 now_ns)
{
  ledger_sent(f->ledger, tag, client, now_ns, LEDGER_FIRST);
  ledger_received(f->ledger, tag, client, now_ns, CAUSE_NONE);
  ledger_delivered(f->ledger, tag, client, now_ns, LEDGER_FRESH);
  ledger_gone(f->ledger, tag, client, now_ns, CAUSE_NONE);
}

static Outcome *
finish(Fixture *f)
{
  Outcome *outcome = outcome_new();
  OutcomeElement *element = outcome_element(outcome, OF_PUBLISH, "p");
  ledger_finish(f->ledger, NULL, &element);
  g_assert_cmpstr(ledger_breach(f->ledger), ==, NULL);
  outcome->messages = ledger_take_messages(f->ledger);
  ledger_free(f->ledger);
  return outcome;
}

static double
count(const Outcome *outcome, guint counter)
{
  const OutcomeElement *element = g_ptr_array_index(outcome->elements, 0);
  return element->counters[counter];
}

static void
test_delivered_once(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 tag = publish(&f, 5 * MS, 1);
  arrive(&f, tag, 8 * MS, 1, FALSE);
  g_assert_cmpuint(ledger_open(f.ledger), ==, 1);
  hand_over(&f, tag, FIRST, 12 * MS);
  g_assert_cmpuint(ledger_open(f.ledger), ==, 0);
  g_assert_cmpuint(ledger_live(f.ledger), ==, 0);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_FATE_TOLD + FATE_ONCE * TOLD_N + TOLD_SUCCESS), ==, 1);
  const OutcomeMessage *row = &g_array_index(outcome->messages, OutcomeMessage, 0);
  g_assert_cmpint(row->latency_ns, ==, 7 * MS);
  g_assert_cmpint(row->told_ns, ==, 8 * MS);
  g_assert_cmpuint(row->sends, ==, 2);
}

static void
test_one_of_two_subscribers(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 tag = publish(&f, 0, 2);
  arrive(&f, tag, MS, 2, FALSE);
  hand_over(&f, tag, FIRST, 2 * MS);
  ledger_gone(f.ledger, tag, SECOND, 3 * MS, CAUSE_BROKER_QUEUE_FULL);
  g_assert_cmpuint(ledger_live(f.ledger), ==, 0);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_OWED), ==, 2);
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_BROKER_QUEUE_FULL), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_SILENT_LOSS), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_WITH_OWED), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_COMPLETE), ==, 0);
  g_assert_cmpfloat(count(outcome, COUNT_ANY_MET), ==, 1);
}

/* The copy for the subscriber died early; the publisher could still send it again, until its
 * acknowledgement: then it is lost, by that early misfortune. */
static void
test_misfortune_decides_at_the_end(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_FIRST);
  ledger_copy(f.ledger, tag, FIRST, 2 * MS);
  ledger_received(f.ledger, tag, LEDGER_UP, 2 * MS, CAUSE_NONE);
  ledger_gone(f.ledger, tag, FIRST, 2 * MS, CAUSE_SUBSCRIBER_OFFLINE);
  g_assert_cmpuint(ledger_open(f.ledger), ==, 1);
  ledger_gone(f.ledger, tag, LEDGER_UP, 3 * MS, CAUSE_NONE);
  ledger_told(f.ledger, tag, 3 * MS, TRUE, TRUE);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_SUBSCRIBER_OFFLINE), ==, 1);
  const OutcomeElement *element = g_ptr_array_index(outcome->elements, 0);
  g_assert_cmpuint(element->examples[CAUSE_SUBSCRIBER_OFFLINE], ==, 1);
}

/* A repetition that dies takes nothing with it once the broker has had the message: what it then
 * had no subscription for is lost by that. */
static void
test_needless_copy_is_no_misfortune(void)
{
  Fixture f;
  set_up(&f, 2, 0);
  guint64 tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_FIRST);
  ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_TIMER);
  ledger_copy(f.ledger, tag, LEDGER_UP, 2 * MS); /* held by the broker until PUBREL */
  ledger_received(f.ledger, tag, LEDGER_UP, 2 * MS, CAUSE_NONE);
  ledger_died(f.ledger, tag, LEDGER_UP, 3 * MS, CAUSE_CONNECTION_LOST);
  ledger_gone(f.ledger, tag, LEDGER_UP, 4 * MS, CAUSE_NONE);
  ledger_gone(f.ledger, tag, LEDGER_UP, 5 * MS, CAUSE_NONE); /* for others it had one */
  ledger_told(f.ledger, tag, 6 * MS, TRUE, TRUE);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_NO_SESSION), ==, 1);
}

/* The broker holds another message by this identifier, so it answers PUBREC and hands on nothing.
 * The publisher, told success once, may be told again: the first time counts. */
static void
test_taken_for_duplicate(void)
{
  Fixture f;
  set_up(&f, 2, 0);
  guint64 tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_FIRST);
  ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_TIMER);
  ledger_received(f.ledger, tag, LEDGER_UP, 2 * MS, CAUSE_TAKEN_FOR_DUPLICATE);
  ledger_received(f.ledger, tag, LEDGER_UP, 3 * MS, CAUSE_TAKEN_FOR_DUPLICATE);
  ledger_told(f.ledger, tag, 4 * MS, TRUE, FALSE);
  ledger_told(f.ledger, tag, 5 * MS, TRUE, TRUE);
  ledger_gone(f.ledger, tag, LEDGER_UP, 5 * MS, CAUSE_NONE);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_SILENT_CAUSE + CAUSE_TAKEN_FOR_DUPLICATE), ==, 1);
  const OutcomeMessage *row = &g_array_index(outcome->messages, OutcomeMessage, 0);
  g_assert_cmpint(row->told_ns, ==, 4 * MS);
}

/* A copy more than overlapping subscriptions ask for is a duplicate, those are none. */
static void
test_overlapping(void)
{
  Fixture f;
  set_up(&f, 2, 0);
  f.owed[0].further = f.owed[1].further = 1;
  guint64 tag = publish(&f, 0, 2);
  arrive(&f, tag, MS, 2, FALSE);
  for (guint i = 0; i < 2; i++)
    ledger_delivered(f.ledger, tag, FIRST, 2 * MS, LEDGER_FRESH);
  for (guint i = 0; i < 3; i++)
    ledger_delivered(f.ledger, tag, SECOND, 2 * MS, LEDGER_UNSURE);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_DUPLICATED), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_EXTRA_COPIES), ==, 1);
}

/* Bytes in a connection are a copy: state may go while they still arrive. */
static void
test_bytes_outlive_state(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 arrives = publish(&f, 0, 1), dies = publish(&f, MS, 1);
  ledger_sent(f.ledger, arrives, LEDGER_UP, MS, LEDGER_FIRST);
  ledger_sent(f.ledger, dies, LEDGER_UP, MS, LEDGER_FIRST);
  ledger_state_lost(f.ledger, PUBLISHER, 2 * MS);
  ledger_gone(f.ledger, arrives, LEDGER_UP, 2 * MS, CAUSE_PUBLISHER_STATE_LOST);
  ledger_gone(f.ledger, dies, LEDGER_UP, 2 * MS, CAUSE_PUBLISHER_STATE_LOST);
  ledger_publisher_died(f.ledger, PUBLISHER, 2 * MS, NULL);
  g_assert_cmpuint(ledger_open(f.ledger), ==, 2);
  ledger_copy(f.ledger, arrives, FIRST, 3 * MS);
  ledger_received(f.ledger, arrives, LEDGER_UP, 3 * MS, CAUSE_NONE);
  hand_over(&f, arrives, FIRST, 4 * MS);
  ledger_died(f.ledger, dies, LEDGER_UP, 5 * MS, CAUSE_CONNECTION_LOST);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 1);
  /* Its publisher would have sent it again: what died is not what lost it. */
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_PUBLISHER_STATE_LOST), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_FATE_TOLD + FATE_LOST * TOLD_N + TOLD_NOTHING), ==, 1);
}

/* A broker that loses what it has not acknowledged gets it again, unless its publisher died before
 * its own store had it. */
static void
test_both_forget(void)
{
  for (guint kept = 0; kept <= 1; kept++) {
    g_autoptr(GHashTable) tags = g_hash_table_new(g_int64_hash, g_int64_equal);
    Fixture f;
    set_up(&f, 1, 0);
    guint64 tag = publish(&f, 0, 1);
    ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_FIRST);
    ledger_gone(f.ledger, tag, LEDGER_UP, 2 * MS, CAUSE_PUBLISHER_STATE_LOST);
    if (kept)
      g_hash_table_add(tags, &tag);
    ledger_publisher_died(f.ledger, PUBLISHER, 2 * MS, tags);
    ledger_copy(f.ledger, tag, FIRST, 3 * MS);
    ledger_received(f.ledger, tag, LEDGER_UP, 3 * MS, CAUSE_NONE);
    ledger_gone(f.ledger, tag, FIRST, 4 * MS, CAUSE_BROKER_STATE_LOST);
    g_assert_cmpint(ledger_breach(f.ledger) != NULL, ==, kept);
    ledger_free(f.ledger);
  }
}

/* Written to a connection whose peer had left: it dies before the writer has let go of it. */
static void
test_dies_as_it_is_written(void)
{
  Fixture f;
  set_up(&f, 0, 0);
  guint64 tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_FIRST);
  ledger_died(f.ledger, tag, LEDGER_UP, MS, CAUSE_CONNECTION_LOST);
  ledger_gone(f.ledger, tag, LEDGER_UP, MS, CAUSE_NONE);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_CONNECTION_LOST), ==, 1);
}

static void
test_refused(void)
{
  Fixture f;
  set_up(&f, 0, 0);
  guint64 tag = ledger_publish(f.ledger, f.stream, 0, f.owed, 1);
  ledger_returned(f.ledger, tag, 0, FALSE, CAUSE_REFUSED_BY_CLIENT);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_REFUSED_BY_CLIENT), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_FATE_TOLD + FATE_LOST * TOLD_N + TOLD_FAILURE), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_SILENT_LOSS), ==, 0);
}

static void
test_pending(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  publish(&f, 0, 1);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_PENDING), ==, 1);
}

static void
test_only_the_window_counts(void)
{
  Fixture f;
  set_up(&f, 0, 0);
  for (gint64 at_ns = -2; at_ns <= 2; at_ns++) {
    guint64 tag = publish(&f, at_ns < 0 ? at_ns : at_ns * WINDOW / 2, 1);
    arrive(&f, tag, WINDOW, 1, TRUE);
    hand_over(&f, tag, FIRST, WINDOW);
  }
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_PUBLISHED), ==,
                    2); /* at 0 and at half of it, not at its end */
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 2);
}

/* A repetition is needless if an earlier copy was decoded: at once if that is known, else when the
 * earlier one arrives. */
static void
test_needless_resends(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, 1 * MS, LEDGER_FIRST);
  ledger_sent(f.ledger, tag, LEDGER_UP, 2 * MS, LEDGER_TIMER);
  ledger_sent(f.ledger, tag, LEDGER_UP, 3 * MS, LEDGER_TIMER);
  ledger_copy(f.ledger, tag, FIRST, 4 * MS);
  ledger_received(f.ledger, tag, LEDGER_UP, 4 * MS, CAUSE_NONE); /* the first: two were needless */
  ledger_died(f.ledger, tag, LEDGER_UP, 5 * MS, CAUSE_CONNECTION_LOST);
  ledger_died(f.ledger, tag, LEDGER_UP, 5 * MS, CAUSE_CONNECTION_LOST);
  ledger_sent(f.ledger, tag, LEDGER_UP, 6 * MS, LEDGER_RECONNECT); /* and this one */
  ledger_copy(f.ledger, tag, FIRST, 7 * MS);
  ledger_received(f.ledger, tag, LEDGER_UP, 7 * MS, CAUSE_NONE);
  ledger_gone(f.ledger, tag, LEDGER_UP, 8 * MS, CAUSE_NONE);
  ledger_told(f.ledger, tag, 8 * MS, TRUE, TRUE);
  hand_over(&f, tag, FIRST, 9 * MS);
  hand_over(&f, tag, FIRST, 9 * MS);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_RESENDS_TIMER), ==, 2);
  g_assert_cmpfloat(count(outcome, COUNT_RESENDS_RECONNECT), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_NEEDLESS_RESENDS), ==, 3);
  g_assert_cmpfloat(count(outcome, COUNT_DUPLICATED), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_EXTRA_COPIES), ==, 1);
}

static void
test_needed_resend(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, 1 * MS, LEDGER_FIRST);
  ledger_died(f.ledger, tag, LEDGER_UP, 2 * MS, CAUSE_CONNECTION_LOST);
  ledger_sent(f.ledger, tag, LEDGER_UP, 3 * MS, LEDGER_RECONNECT);
  ledger_copy(f.ledger, tag, FIRST, 4 * MS);
  ledger_received(f.ledger, tag, LEDGER_UP, 4 * MS, CAUSE_NONE);
  ledger_gone(f.ledger, tag, LEDGER_UP, 5 * MS, CAUSE_NONE);
  ledger_told(f.ledger, tag, 5 * MS, TRUE, TRUE);
  hand_over(&f, tag, FIRST, 6 * MS);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_RESENDS_RECONNECT), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_NEEDLESS_RESENDS), ==, 0);
}

/* Each invariant has a way to be broken that is noticed. */
static void
test_breaches(void)
{
  Fixture f;
  set_up(&f, 2, 0);
  guint64 tag = publish(&f, 0, 1);
  arrive(&f, tag, MS, 1, FALSE);
  ledger_copy(f.ledger, tag, FIRST, MS);
  hand_over(&f, tag, FIRST, 2 * MS);
  g_assert_cmpstr(ledger_breach(f.ledger), ==, NULL);
  hand_over(&f, tag, FIRST, 2 * MS);
  g_assert_nonnull(strstr(ledger_breach(f.ledger), "QoS 2 delivered twice"));
  ledger_free(f.ledger);

  set_up(&f, 1, 0);
  tag = publish(&f, 0, 1);
  ledger_copy(f.ledger, tag, FIRST, 0);
  ledger_received(f.ledger, tag, LEDGER_UP, 0, CAUSE_NONE);
  g_assert_nonnull(strstr(ledger_breach(f.ledger), "more copies left"));
  ledger_free(f.ledger);

  set_up(&f, 1, 0);
  tag = publish(&f, 0, 1);
  guint64 later = publish(&f, 1, 1);
  arrive(&f, tag, 2, 1, FALSE);
  arrive(&f, later, 2, 1, FALSE);
  hand_over(&f, later, FIRST, 3);
  hand_over(&f, tag, FIRST, 3);
  g_assert_nonnull(strstr(ledger_breach(f.ledger), "after a later message"));
  ledger_free(f.ledger);

  set_up(&f, 1, 0);
  tag = publish(&f, 0, 2);
  arrive(&f, tag, 1, 1, FALSE);
  ledger_delivered(f.ledger, tag, SECOND, 2, LEDGER_FRESH);
  g_assert_nonnull(strstr(ledger_breach(f.ledger), "judged lost"));
  ledger_free(f.ledger);

  set_up(&f, 1, 0);
  tag = publish(&f, 0, 1);
  ledger_sent(f.ledger, tag, LEDGER_UP, 0, LEDGER_FIRST);
  ledger_gone(f.ledger, tag, LEDGER_UP, 0, CAUSE_NONE);
  ledger_died(f.ledger, tag, LEDGER_UP, 0, CAUSE_CONNECTION_LOST);
  g_assert_nonnull(strstr(ledger_breach(f.ledger), "lost with a connection"));
  ledger_free(f.ledger);
}

/* What a queue dropped, or bytes that died above the granted QoS 0, or what its publisher had given
 * up, comes late when it comes again: the order of section 4.6 is that of first sending. */
static void
test_late_is_no_breach(void)
{
  Fixture f;
  set_up(&f, 1, 0);
  guint64 dropped = publish(&f, 0, 1), later = publish(&f, 1, 1);
  ledger_sent(f.ledger, dropped, LEDGER_UP, 2, LEDGER_FIRST);
  ledger_copy(f.ledger, dropped, FIRST, 2);
  ledger_received(f.ledger, dropped, LEDGER_UP, 2, CAUSE_NONE);
  ledger_gone(f.ledger, dropped, FIRST, 3, CAUSE_BROKER_QUEUE_FULL);
  arrive(&f, later, 4, 1, FALSE);
  hand_over(&f, later, FIRST, 5);
  /* The publisher resends, and the broker crashes with what that made: it comes back from a store.
   */
  ledger_copy(f.ledger, dropped, FIRST, 6);
  ledger_gone(f.ledger, dropped, FIRST, 7, CAUSE_BROKER_STATE_LOST);
  ledger_copy(f.ledger, dropped, FIRST, 8);
  ledger_gone(f.ledger, dropped, LEDGER_UP, 8, CAUSE_NONE);
  ledger_told(f.ledger, dropped, 8, TRUE, TRUE);
  hand_over(&f, dropped, FIRST, 9);
  outcome_free(finish(&f));

  set_up(&f, 1, 0);
  f.owed[0].granted = 0;
  guint64 died = publish(&f, 0, 1);
  later = publish(&f, 1, 1);
  ledger_sent(f.ledger, died, LEDGER_UP, 2, LEDGER_FIRST);
  ledger_copy(f.ledger, died, FIRST, 2);
  ledger_received(f.ledger, died, LEDGER_UP, 2, CAUSE_NONE);
  ledger_sent(f.ledger, died, FIRST, 2, LEDGER_FIRST);
  ledger_gone(f.ledger, died, FIRST, 2, CAUSE_NONE);
  ledger_died(f.ledger, died, FIRST, 3, CAUSE_CONNECTION_LOST);
  arrive(&f, later, 4, 1, FALSE);
  hand_over(&f, later, FIRST, 5);
  ledger_copy(f.ledger, died, FIRST, 6);
  ledger_gone(f.ledger, died, LEDGER_UP, 6, CAUSE_NONE);
  ledger_told(f.ledger, died, 6, TRUE, TRUE);
  hand_over(&f, died, FIRST, 7);
  outcome_free(finish(&f));

  set_up(&f, 2, 0);
  guint64 given_up = publish(&f, 0, 1);
  later = publish(&f, 1, 1);
  ledger_sent(f.ledger, given_up, LEDGER_UP, 2, LEDGER_FIRST);
  ledger_copy(f.ledger, given_up, LEDGER_UP, 2); /* held by the broker until PUBREL */
  ledger_received(f.ledger, given_up, LEDGER_UP, 2, CAUSE_NONE);
  ledger_gone(f.ledger, given_up, LEDGER_UP, 3, CAUSE_NONE);
  ledger_told(f.ledger, given_up, 4, FALSE, TRUE);
  arrive(&f, later, 5, 1, FALSE);
  hand_over(&f, later, FIRST, 6);
  ledger_copy(f.ledger, given_up, FIRST, 7);
  ledger_gone(f.ledger, given_up, LEDGER_UP, 7, CAUSE_NONE);
  hand_over(&f, given_up, FIRST, 8);
  outcome_free(finish(&f));
}

/* A copy from what the broker keeps meets what is owed, or is none: it comes after the others, and
 * after all is lost. So does one whose flag says nothing for sure. */
static void
test_retained(void)
{
  Fixture f;
  set_up(&f, 2, 0);
  guint64 tag = publish(&f, 0, 2), later = publish(&f, MS, 2);
  arrive(&f, tag, 2 * MS, 1, FALSE); /* lost for the second */
  arrive(&f, later, 3 * MS, 2, FALSE);
  hand_over(&f, later, FIRST, 4 * MS);
  ledger_delivered(f.ledger, later, FIRST, 5 * MS, LEDGER_UNSURE); /* it subscribed again */
  ledger_delivered(f.ledger, tag, SECOND, 5 * MS, LEDGER_RETAINED);
  ledger_delivered(f.ledger, tag, SECOND, 5 * MS, LEDGER_UNSURE);
  ledger_delivered(f.ledger, tag, FIRST, 6 * MS, LEDGER_RETAINED);
  ledger_delivered(f.ledger, tag, FIRST, 6 * MS, LEDGER_RETAINED);
  g_assert_cmpuint(ledger_live(f.ledger), ==, 2);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_DUPLICATED), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_LOST_CAUSE + CAUSE_NO_SESSION), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_PENDING), ==, 1);
}

/* The first copy was refused, a repetition was taken; before that is stored the refusal arrives,
 * and the broker crashes. Nobody was promised anything. */
static void
test_refused_and_taken(void)
{
  for (guint refused = 0; refused < 2; refused++) {
    Fixture f;
    set_up(&f, 1, 0);
    guint64 tag = publish(&f, 0, 1);
    ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_FIRST);
    ledger_sent(f.ledger, tag, LEDGER_UP, MS, LEDGER_TIMER);
    ledger_received(f.ledger, tag, LEDGER_UP, 2 * MS, CAUSE_NONE);
    ledger_copy(f.ledger, tag, FIRST, 3 * MS);
    ledger_received(f.ledger, tag, LEDGER_UP, 3 * MS, CAUSE_NONE);
    ledger_gone(f.ledger, tag, LEDGER_UP, 4 * MS, refused ? CAUSE_BROKER_REFUSED : CAUSE_NONE);
    ledger_told(f.ledger, tag, 4 * MS, !refused, TRUE);
    ledger_gone(f.ledger, tag, FIRST, 5 * MS, CAUSE_BROKER_STATE_LOST);
    g_assert_cmpint(ledger_breach(f.ledger) == NULL, ==, refused);
    ledger_free(f.ledger);
  }
}

/* A copy for a client that nobody owes the message to keeps it under way, and no fate. */
static void
test_strays(void)
{
  Fixture f;
  set_up(&f, 0, 0);
  guint64 tag = publish(&f, 0, 0);
  arrive(&f, tag, MS, 1, TRUE);
  g_assert_cmpuint(ledger_live(f.ledger), ==, 1);
  hand_over(&f, tag, FIRST, 2 * MS);
  g_assert_cmpuint(ledger_live(f.ledger), ==, 0);
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_PUBLISHED), ==, 1);
  g_assert_cmpfloat(count(outcome, COUNT_OWED), ==, 0);
  g_assert_cmpuint(outcome->messages->len, ==, 1);
}

static void
test_story(void)
{
  Fixture f;
  set_up(&f, 0, 2);
  for (guint i = 0; i < 3; i++) {
    guint64 tag = publish(&f, 0, 1);
    g_assert_cmpint(ledger_traces(f.ledger, tag), ==, i == 1);
    arrive(&f, tag, MS, 1, TRUE);
    hand_over(&f, tag, FIRST, 2 * MS);
  }
  g_autoptr(GArray) story = ledger_take_story(f.ledger);
  static const char *const expected[][2] = {{"publisher", "publish()"},
                                            {"publisher", "publish() returned"},
                                            {"publisher", "PUBLISH sent"},
                                            {"broker", "PUBLISH received"},
                                            {"broker", "PUBLISH sent"},
                                            {"first", "PUBLISH received"},
                                            {"first", "handed over: copy 1, latency 0.002 s"}};
  g_assert_cmpuint(story->len, ==, G_N_ELEMENTS(expected));
  for (guint i = 0; i < story->len; i++) {
    OutcomeEvent *event = &g_array_index(story, OutcomeEvent, i);
    g_assert_cmpstr(event->where, ==, expected[i][0]);
    g_assert_cmpstr(event->what, ==, expected[i][1]);
    g_free(event->where);
    g_free(event->what);
  }
  ledger_free(f.ledger);
}

/* A great many messages under way, ended in another order than they began: found, and all retired.
 */
static void
test_many(void)
{
  enum { N = 20000 };
  Fixture f;
  set_up(&f, 1, 0);
  g_autofree guint64 *tags = g_new(guint64, N);
  for (guint i = 0; i < N; i++)
    tags[i] = publish(&f, i, 2);
  g_assert_cmpuint(ledger_live(f.ledger), ==, N);
  for (guint i = N; i-- > 1;) {
    guint k = (guint)g_test_rand_int_range(0, (gint)i + 1);
    guint64 swap = tags[i];
    tags[i] = tags[k];
    tags[k] = swap;
  }
  ledger_state_lost(f.ledger, FIRST, WINDOW); /* the order is not to be judged here */
  ledger_state_lost(f.ledger, SECOND, WINDOW);
  for (guint i = 0; i < N; i++) {
    arrive(&f, tags[i], N, 2, FALSE);
    hand_over(&f, tags[i], FIRST, N);
    hand_over(&f, tags[i], SECOND, N);
    g_assert_cmpuint(ledger_live(f.ledger), ==, N - i - 1);
  }
  g_autoptr(Outcome) outcome = finish(&f);
  g_assert_cmpfloat(count(outcome, COUNT_ONCE), ==, 2 * N);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ledger/delivered-once", test_delivered_once);
  g_test_add_func("/ledger/one-of-two-subscribers", test_one_of_two_subscribers);
  g_test_add_func("/ledger/misfortune-decides-at-the-end", test_misfortune_decides_at_the_end);
  g_test_add_func("/ledger/needless-copy-is-no-misfortune", test_needless_copy_is_no_misfortune);
  g_test_add_func("/ledger/taken-for-duplicate", test_taken_for_duplicate);
  g_test_add_func("/ledger/overlapping", test_overlapping);
  g_test_add_func("/ledger/bytes-outlive-state", test_bytes_outlive_state);
  g_test_add_func("/ledger/both-forget", test_both_forget);
  g_test_add_func("/ledger/dies-as-it-is-written", test_dies_as_it_is_written);
  g_test_add_func("/ledger/refused", test_refused);
  g_test_add_func("/ledger/pending", test_pending);
  g_test_add_func("/ledger/only-the-window-counts", test_only_the_window_counts);
  g_test_add_func("/ledger/needless-resends", test_needless_resends);
  g_test_add_func("/ledger/needed-resend", test_needed_resend);
  g_test_add_func("/ledger/breaches", test_breaches);
  g_test_add_func("/ledger/late-is-no-breach", test_late_is_no_breach);
  g_test_add_func("/ledger/retained", test_retained);
  g_test_add_func("/ledger/refused-and-taken", test_refused_and_taken);
  g_test_add_func("/ledger/strays", test_strays);
  g_test_add_func("/ledger/story", test_story);
  g_test_add_func("/ledger/many", test_many);
  return g_test_run();
}
