/* The hold model on the event queue: take the earliest event, schedule it again later. Beside it,
 * with the same draws, a plain 4-ary heap of the same events, and the draws alone.
 *
 * Usage: bench-hold [millions of holds per row] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/engine/sim.h"

#define NS_PER_S 1e9
#define ROUNDS 3 /* of which the best is printed: other programs only ever slow one down */

typedef gint64 (*Draw)(guint64 bits);

static double
unit(guint64 bits)
{
  return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static gint64
draw_exponential(guint64 bits)
{
  return (gint64)(-log(unit(bits)) * NS_PER_S);
}

/* What a simulated fleet over TCP schedules: links of 150 and 200 ms, retransmission timers and
 * publications each second, serialisation of 1.4 ms. */
static gint64
draw_tcp(guint64 bits)
{
  guint percent = (guint)(((bits >> 32) * 100) >> 32);

  if (percent < 44)
    return 150000000;
  if (percent < 44 + 19)
    return 200000000;
  return percent < 44 + 19 + 25 ? 1000000000 : 1400000;
}

static inline guint64
xorshift(guint64 *state)
{
  guint64 x = *state;

  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * G_GUINT64_CONSTANT(0x2545F4914F6CDD1D);
}

typedef struct {
  Sim *sim;
  guint kind;
  Draw draw;
  guint64 random;
  guint64 left;
} Hold;

static void
hold(gpointer user, guint32 index, guint32 word)
{
  Hold *self = user;

  sim_at(self->sim, sim_now(self->sim) + self->draw(xorshift(&self->random)), self->kind, index,
         word);
  if (--self->left == 0)
    sim_stop(self->sim);
}

/* Seconds for n holds, after as many as are pending have warmed the queue up. */
static double
time_ladder(Draw draw, guint pending, guint64 n, gint64 *end_ns, gsize *bytes)
{
  Hold self = {sim_new(0), 0, draw, 88172645463325252u, 2 * (guint64)pending};
  gint64 start_us;
  double seconds;

  self.kind = sim_register(self.sim, hold, &self);
  for (guint i = 0; i < pending; i++)
    sim_at(self.sim, draw_exponential(xorshift(&self.random)), self.kind, i, 0);
  sim_run(self.sim, SIM_NEVER);
  self.left = n;
  start_us = g_get_monotonic_time();
  sim_run(self.sim, SIM_NEVER);
  seconds = (double)(g_get_monotonic_time() - start_us) * 1e-6;
  *end_ns = sim_now(self.sim);
  *bytes = sim_memory(self.sim);
  sim_free(self.sim);
  return seconds;
}

/* ---- the yardstick ---- */

typedef struct {
  gint64 time_ns;
  guint64 order;
  guint32 index, word;
} Entry;

typedef struct {
  Entry *entries;
  gsize n;
  guint64 order;
} Heap;

static inline gboolean
earlier(const Entry *a, const Entry *b)
{
  return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->order < b->order);
}

static void
heap_push(Heap *heap, gint64 time_ns, guint32 index)
{
  Entry entry = {time_ns, heap->order++, index, 0};
  gsize hole = heap->n++;

  while (hole > 0 && earlier(&entry, &heap->entries[(hole - 1) / 4])) {
    heap->entries[hole] = heap->entries[(hole - 1) / 4];
    hole = (hole - 1) / 4;
  }
  heap->entries[hole] = entry;
}

static Entry
heap_pop(Heap *heap)
{
  Entry top = heap->entries[0], last = heap->entries[--heap->n];
  gsize hole = 0;

  for (;;) {
    gsize first = 4 * hole + 1, best = first;

    if (first >= heap->n)
      break;
    for (gsize i = first + 1; i < MIN(first + 4, heap->n); i++) {
      if (earlier(&heap->entries[i], &heap->entries[best]))
        best = i;
    }
    if (!earlier(&heap->entries[best], &last))
      break;
    heap->entries[hole] = heap->entries[best];
    hole = best;
  }
  heap->entries[hole] = last;
  return top;
}

static gint64
hold_heap(Heap *heap, Draw draw, guint64 *random, guint64 n)
{
  gint64 now_ns = 0;

  while (n-- > 0) {
    Entry entry = heap_pop(heap);

    now_ns = entry.time_ns;
    heap_push(heap, now_ns + draw(xorshift(random)), entry.index);
  }
  return now_ns;
}

static double
time_heap(Draw draw, guint pending, guint64 n, gint64 *end_ns)
{
  Heap heap = {g_new(Entry, pending), 0, 1};
  guint64 random = 88172645463325252u;
  gint64 start_us;
  double seconds;

  for (guint i = 0; i < pending; i++)
    heap_push(&heap, draw_exponential(xorshift(&random)), i);
  hold_heap(&heap, draw, &random, 2 * (guint64)pending);
  start_us = g_get_monotonic_time();
  *end_ns = hold_heap(&heap, draw, &random, n);
  seconds = (double)(g_get_monotonic_time() - start_us) * 1e-6;
  g_free(heap.entries);
  return seconds;
}

static double
time_draws(Draw draw, guint64 n)
{
  guint64 random = 88172645463325252u;
  gint64 sum = 0;
  gint64 start_us = g_get_monotonic_time();

  for (guint64 i = 0; i < n; i++)
    sum += draw(xorshift(&random));
  g_assert(sum > 0); /* so that the draws are made */
  return (double)(g_get_monotonic_time() - start_us) * 1e-6;
}

static gboolean
print_row(const char *name, Draw draw, guint pending, guint64 n)
{
  double ladder = INFINITY, heap = INFINITY, draws = INFINITY;
  gint64 end_ns = 0, heap_end_ns = 0;
  gsize bytes = 0;

  for (guint i = 0; i < ROUNDS; i++) {
    ladder = MIN(ladder, time_ladder(draw, pending, n, &end_ns, &bytes));
    heap = MIN(heap, time_heap(draw, pending, n, &heap_end_ns));
    draws = MIN(draws, time_draws(draw, n));
  }
  printf("%-12s %9u %9.1f %9.1f %7.2f %9.1f %8.1f\n", name, pending, (double)n / ladder * 1e-6,
         (double)n / heap * 1e-6, heap / ladder, (double)n / draws * 1e-6, (double)bytes / pending);
  return end_ns == heap_end_ns;
}

int
main(int argc, char **argv)
{
  static const guint pendings[] = {10, 1000, 100000, 1000000};
  guint64 n = (guint64)((argc > 1 ? g_ascii_strtod(argv[1], NULL) : 4) * 1e6);
  gboolean same = TRUE;

  g_return_val_if_fail(n > 0, EXIT_FAILURE);
  printf("million events per second, best of %d\n", ROUNDS);
  printf("%-12s %9s %9s %9s %7s %9s %8s\n", "increment", "pending", "sim", "heap", "ratio", "draws",
         "B/event");
  for (guint i = 0; i < G_N_ELEMENTS(pendings); i++)
    same = print_row("exponential", draw_exponential, pendings[i], n) && same;
  for (guint i = 0; i < G_N_ELEMENTS(pendings); i++)
    same = print_row("tcp mixture", draw_tcp, pendings[i], n) && same;
  if (!same)
    printf("the queues end at different times\n");
  return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
