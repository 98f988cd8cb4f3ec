/* The event queue against a sorted array. A failure is replayed by the seed that GLib prints:
 * test-queue --seed=... */
#include "sim/engine/queue.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  Queue queue;
  GArray *oracle; /* of QueueEvent, sorted, latest first */
  gint64 now_ns;
  guint64 order;
} Pair;

static gboolean
later(const QueueEvent *a, const QueueEvent *b)
{
  return a->time_ns > b->time_ns || (a->time_ns == b->time_ns && a->order > b->order);
}

static void
pair_init(Pair *pair, gint64 now_ns)
{
  queue_init(&pair->queue);
  pair->oracle = g_array_new(FALSE, FALSE, sizeof(QueueEvent));
  pair->now_ns = now_ns;
  pair->order = 1000;
}

static void
pair_clear(Pair *pair)
{
  queue_clear(&pair->queue);
  g_array_unref(pair->oracle);
}

static void
pair_push(Pair *pair, gint64 time_ns, guint64 order)
{
  QueueEvent event = {time_ns, order, (guint32)order, (guint32)time_ns};
  guint low = 0, high = pair->oracle->len;

  if (time_ns == QUEUE_NEVER)
    return;
  while (low < high) {
    guint middle = (low + high) / 2;

    if (later(&g_array_index(pair->oracle, QueueEvent, middle), &event))
      low = middle + 1;
    else
      high = middle;
  }
  g_array_insert_val(pair->oracle, low, event);
  queue_push(&pair->queue, event);
}

static gboolean
pair_pop(Pair *pair, gint64 until_ns)
{
  const QueueEvent *event = queue_pop(&pair->queue, until_ns), *expected;

  if (pair->oracle->len == 0) {
    g_assert_null(event);
    return FALSE;
  }
  expected = &g_array_index(pair->oracle, QueueEvent, pair->oracle->len - 1);
  g_assert_cmpint(event != NULL, ==, expected->time_ns <= until_ns);
  if (event == NULL)
    return FALSE;
  g_assert_cmpint(event->time_ns, ==, expected->time_ns);
  g_assert_cmpuint(event->order, ==, expected->order);
  g_assert_cmpuint(event->index, ==, expected->index);
  g_assert_cmpuint(event->word, ==, expected->word);
  pair->now_ns = event->time_ns;
  g_array_set_size(pair->oracle, pair->oracle->len - 1);
  return TRUE;
}

static guint64
random_bits(void)
{
  return (guint64)(guint32)g_test_rand_int() << 32 | (guint32)g_test_rand_int();
}

/* A time from now on: of any magnitude from a nanosecond to centuries, or from a few scales. */
static gint64
random_time(const Pair *pair, guint style)
{
  static const guint scales[] = {0, 3, 10, 20, 30, 34};
  guint bits;
  guint64 delta_ns;

  switch (style) {
  case 0:
    bits = (guint)g_test_rand_int_range(0, 63);
    break;
  case 1:
    bits = 30;
    break;
  case 2:
    bits = 4;
    break;
  default:
    bits = scales[g_test_rand_int_range(0, G_N_ELEMENTS(scales))];
  }
  delta_ns = random_bits() & (((guint64)1 << bits) - 1);
  return delta_ns >= (guint64)QUEUE_NEVER - (guint64)pair->now_ns
             ? QUEUE_NEVER
             : (gint64)((guint64)pair->now_ns + delta_ns);
}

static gboolean
keep_some(gpointer data, const QueueEvent *event)
{
  return event->order % 8 != *(guint *)data;
}

static void
pair_filter(Pair *pair)
{
  guint victim = (guint)g_test_rand_int_range(0, 8);
  guint kept = 0;

  queue_filter(&pair->queue, keep_some, &victim);
  for (guint i = 0; i < pair->oracle->len; i++) {
    QueueEvent *event = &g_array_index(pair->oracle, QueueEvent, i);

    if (keep_some(&victim, event))
      g_array_index(pair->oracle, QueueEvent, kept++) = *event;
  }
  g_array_set_size(pair->oracle, kept);
  g_assert_cmpuint(pair->queue.n, ==, kept);
}

/* Pushes (with a fresh order, or an old one as a moved timer has), bursts of ties, pops, peeks
 * ahead of the clock, sweeps; growing and shrinking in waves, some of them across the size from
 * which events are staged. */
static void
test_random(void)
{
  for (guint round = 0; round < 60; round++) {
    Pair pair;
    guint style = round % 5;
    guint first = round % 10 == 9 ? QUEUE_STAGED_FROM - 500 : 0;
    gint64 limit = first + g_test_rand_int_range(1, 4000);

    pair_init(&pair, round % 3 == 0 ? -(gint64)(random_bits() >> 2) : 0);
    for (guint i = 0; i < first; i++)
      pair_push(&pair, random_time(&pair, style), pair.order++);
    for (guint i = 0; i < 8000; i++) {
      gboolean grow = (i / 1500) % 2 == 0 && pair.oracle->len < limit;
      gint what = g_test_rand_int_range(0, 1000);

      if (what < 3) {
        gint64 time_ns = random_time(&pair, style);

        for (guint n = (guint)g_test_rand_int_range(1, 300); n > 0; n--)
          pair_push(&pair, time_ns, pair.order++);
      } else if (what < 4) {
        pair_filter(&pair);
      } else if (what < 30) {
        gint64 until_ns = random_time(&pair, style);

        /* The clock goes on without an event, and what is scheduled then may come first. */
        if (!pair_pop(&pair, until_ns) && until_ns != QUEUE_NEVER)
          pair.now_ns = until_ns;
      } else if (what < (grow ? 700 : 350)) {
        pair_push(&pair, random_time(&pair, style), pair.order++);
      } else {
        pair_pop(&pair, QUEUE_NEVER);
      }
    }
    while (pair_pop(&pair, QUEUE_NEVER))
      ;
    g_assert_cmpuint(pair.queue.n, ==, 0);
    pair_clear(&pair);
  }
}

/* An old order among ties goes before the later ones, wherever these are. */
static void
test_old_order(void)
{
  Pair pair;

  pair_init(&pair, 0);
  for (guint i = 0; i < 3000; i++)
    pair_push(&pair, 500, 2 * pair.order++);
  pair_push(&pair, 400, 1);
  g_assert_true(pair_pop(&pair, 450));
  g_assert_false(pair_pop(&pair, 450));
  for (guint i = 0; i < 3000; i++)
    pair_push(&pair, 500, 2 * (1000 + (guint64)i * 7919 % 3000) + 1);
  for (guint i = 0; i < 6000; i++)
    g_assert_true(pair_pop(&pair, QUEUE_NEVER));
  pair_clear(&pair);
}

static void
push(Queue *queue, gint64 time_ns, guint64 order)
{
  QueueEvent event = {time_ns, order, 0, 0};

  queue_push(queue, event);
}

/* Shapes on which a naive queue is quadratic: each would take minutes here if it were. */
static void
test_shapes(void)
{
  const guint n = 200000;

  for (guint shape = 0; shape < 6; shape++) {
    Queue queue;
    QueueEvent last = {G_MININT64, 0, 0, 0};
    const QueueEvent *event;
    guint popped = 0;

    queue_init(&queue);
    if (shape == 4) /* the bottom is loaded with far ties, and all comes before it */
      for (guint i = 0; i < n; i++)
        push(&queue, G_GINT64_CONSTANT(1) << 50, i);
    if (shape == 4)
      g_assert_null(queue_pop(&queue, 0));
    for (guint i = 0; i < n; i++) {
      switch (shape) {
      case 0: /* all at one instant */
        push(&queue, 77, i);
        break;
      case 1: /* rising */
        push(&queue, i, i);
        break;
      case 2: /* falling */
        push(&queue, n - i, i);
        break;
      case 3: /* a crowd in one microsecond, and outliers centuries away */
        push(&queue, i % 100 == 0 ? G_MAXINT64 - 1 - i : (gint64)(i * 7919u % 1000u), i);
        break;
      case 4:
        push(&queue, (gint64)(n - i) << 20, n + i);
        break;
      default: /* each power of two has its crowd */
        push(&queue, (gint64)((G_GUINT64_CONSTANT(1) << i % 62) + i / 62), i);
      }
    }
    while ((event = queue_pop(&queue, QUEUE_NEVER)) != NULL) {
      g_assert_true(later(event, &last));
      last = *event;
      popped++;
    }
    g_assert_cmpuint(popped, ==, shape == 4 ? 2 * n : n);
    queue_clear(&queue);
  }
}

/* At the instant that runs, among many ties, each event schedules another one at once. */
static void
test_now(void)
{
  Queue queue;
  const QueueEvent *event;
  guint64 order = 0;

  queue_init(&queue);
  for (guint i = 0; i < 100000; i++)
    push(&queue, 5, order++);
  for (guint64 i = 0; i < 300000; i++) {
    event = queue_pop(&queue, QUEUE_NEVER);
    g_assert_nonnull(event);
    g_assert_cmpuint(event->order, ==, i);
    push(&queue, 5, order++);
    if (i % 100 == 0)
      push(&queue, 6, G_MAXUINT32 + order);
  }
  queue_clear(&queue);
}

static void
test_memory(void)
{
  Queue queue;
  const QueueEvent *event;
  gsize bytes;

  queue_init(&queue);
  for (guint i = 0; i < 10; i++)
    push(&queue, i * 1000, i);
  g_assert_cmpuint(queue_memory(&queue), <, 4096);
  for (guint i = 10; i < 100000; i++)
    push(&queue, (gint64)(random_bits() >> 30), i);
  for (guint64 i = 100000; i < 400000; i++) {
    event = queue_pop(&queue, QUEUE_NEVER);
    g_assert_nonnull(event);
    push(&queue, event->time_ns + (gint64)(random_bits() >> 30), i);
  }
  bytes = queue_memory(&queue);
  g_assert_cmpuint(bytes, <, 100000 * 100);
  for (guint64 i = 400000; i < 1000000; i++) {
    event = queue_pop(&queue, QUEUE_NEVER);
    g_assert_nonnull(event);
    push(&queue, event->time_ns + (gint64)(random_bits() >> 30), i);
  }
  g_assert_cmpuint(queue_memory(&queue), <=, bytes + bytes / 2);
  queue_clear(&queue);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/engine/queue/random", test_random);
  g_test_add_func("/engine/queue/old-order", test_old_order);
  g_test_add_func("/engine/queue/shapes", test_shapes);
  g_test_add_func("/engine/queue/now", test_now);
  g_test_add_func("/engine/queue/memory", test_memory);
  return g_test_run();
}
