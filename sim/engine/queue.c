#include "sim/engine/queue.h"

#include <stdlib.h>
#include <string.h>

#define OCCUPANCY 24    /* events that a bucket should have when its time comes */
#define SPLIT_ABOVE 128 /* a bucket with more becomes a rung */
#define DISTRIBUTE_MAX SPLIT_ABOVE
#define SMALL 48       /* so few events need no rung */
#define BUCKETS_MIN 64 /* of a rung, which is thus at least 64 times finer than its parent */
#define SHIFTS_MAX 16  /* moved events that an insertion into the bottom may cost */
#define NEAR_MIN 32    /* the heap is faster than a rung up to here */
#define SAMPLES 64     /* that estimate a median */
#define SPANS 8        /* a rung reaches this many times as far as the median */

static inline gboolean
earlier(const QueueEvent *a, const QueueEvent *b)
{
  return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->order < b->order);
}

static inline guint
floor_log2(guint64 x)
{
  return x == 0 ? 0 : 63 - (guint)__builtin_clzll(x);
}

static inline gint64
add_saturated(gint64 time_ns, guint64 delta_ns)
{
  return delta_ns >= (guint64)QUEUE_NEVER - (guint64)time_ns
             ? QUEUE_NEVER
             : (gint64)((guint64)time_ns + delta_ns);
}

void
queue_init(Queue *queue)
{
  memset(queue, 0, sizeof *queue);
  queue->bottom_end_ns = QUEUE_NEVER;
  queue->top_start_ns = QUEUE_NEVER;
  queue->near_limit = NEAR_MIN;
}

void
queue_clear(Queue *queue)
{
  chunk_pool_clear(&queue->pool);
  for (guint i = 0; i < QUEUE_RUNGS_MAX; i++)
    g_free(queue->rungs[i].slots);
  g_free(queue->bottom);
  g_free(queue->near_heap);
}

gsize
queue_memory(const Queue *queue)
{
  gsize bytes =
      queue->pool.bytes + (queue->bottom_capacity + queue->near_capacity) * sizeof(QueueEvent);

  for (guint i = 0; i < QUEUE_RUNGS_MAX; i++)
    bytes += queue->rungs[i].capacity * sizeof(QueueEvent *);
  return bytes;
}

/* ---- bottom and near ---- */

static void
reserve(QueueEvent **events, gsize *capacity, gsize n)
{
  if (n <= *capacity)
    return;
  *capacity = MAX(MAX(n, 2 * *capacity), 64);
  *events = g_renew(QueueEvent, *events, *capacity);
}

static void
sift_down(QueueEvent *heap, gsize n, gsize hole, const QueueEvent *event)
{
  for (;;) {
    gsize first = 4 * hole + 1, best = first;

    if (first >= n)
      break;
    for (gsize i = first + 1; i < MIN(first + 4, n); i++) {
      if (earlier(&heap[i], &heap[best]))
        best = i;
    }
    if (!earlier(&heap[best], event))
      break;
    heap[hole] = heap[best];
    hole = best;
  }
  heap[hole] = *event;
}

static void
near_push(Queue *queue, const QueueEvent *event)
{
  gsize hole = queue->n_near++;
  QueueEvent *heap;

  reserve(&queue->near_heap, &queue->near_capacity, queue->n_near);
  heap = queue->near_heap;
  while (hole > 0 && earlier(event, &heap[(hole - 1) / 4])) {
    heap[hole] = heap[(hole - 1) / 4];
    hole = (hole - 1) / 4;
  }
  heap[hole] = *event;
}

static int
compare_events(const void *a, const void *b)
{
  return earlier(a, b) ? -1 : 1;
}

static void
insertion_sort(QueueEvent *events, gsize n)
{
  for (gsize i = 1; i < n; i++) {
    QueueEvent event;
    gsize hole = i;

    if (!earlier(&events[i], &events[i - 1]))
      continue;
    event = events[i];
    do {
      events[hole] = events[hole - 1];
      hole--;
    } while (hole > 0 && earlier(&event, &events[hole - 1]));
    events[hole] = event;
  }
}

/* Moves a chain of n events, each once and nearly to its place: into as many parts of the bucket's
 * time as there are events, as a counting sort does. From the latest to the earliest scheduled,
 * each part filled from its end, so that ties, which timers make with their common ticks, are in
 * order. */
static void
distribute(Queue *queue, QueueEvent *slot, gsize n, gint64 start_ns, guint shift, QueueEvent *to)
{
  guint bits = floor_log2(n) + 1;
  guint part_shift = shift > bits ? shift - bits : 0;
  guint16 end[2 * DISTRIBUTE_MAX + 1];
  guint sum = 0;

  memset(end, 0, sizeof end[0] << bits);
  for (QueueEvent *last = slot; last; last = chunk_of(last)->before) {
    for (const QueueEvent *event = chunk_of(last)->events; event < last; event++)
      end[((guint64)event->time_ns - (guint64)start_ns) >> part_shift]++;
  }
  for (guint i = 0; i < 1u << bits; i++) {
    sum += end[i];
    end[i] = (guint16)sum;
  }
  while (slot) {
    Chunk *chunk = chunk_of(slot);

    for (const QueueEvent *event = slot; event-- > chunk->events;)
      to[--end[((guint64)event->time_ns - (guint64)start_ns) >> part_shift]] = *event;
    slot = chunk->before;
    chunk_free(&queue->pool, chunk);
  }
}

/* Filled from the back: a chain begins with its newest chunk. */
static void
copy_chain(Queue *queue, QueueEvent *slot, gsize n, QueueEvent *to)
{
  to += n;
  while (slot) {
    Chunk *chunk = chunk_of(slot);
    gsize m = (gsize)(slot - chunk->events);

    to -= m;
    memcpy(to, chunk->events, m * sizeof *to);
    slot = chunk->before;
    chunk_free(&queue->pool, chunk);
  }
}

/* Makes a chain of n events the bottom, which is empty. They lie within 2^shift ns from start_ns;
 * more of them than DISTRIBUTE_MAX are ties, as a rule in order already. */
static void
load_bottom(Queue *queue, QueueEvent *slot, gsize n, gint64 start_ns, guint shift)
{
  QueueEvent *events;
  gsize i = 1;

  reserve(&queue->bottom, &queue->bottom_capacity, n);
  queue->head = 0;
  queue->tail = n;
  queue->fresh = TRUE;
  events = queue->bottom;
  if (n <= DISTRIBUTE_MAX) {
    distribute(queue, slot, n, start_ns, shift, events);
    insertion_sort(events, n);
    return;
  }
  copy_chain(queue, slot, n, events);
  while (i < n && earlier(&events[i - 1], &events[i]))
    i++;
  if (i < n)
    qsort(events, n, sizeof *events, compare_events);
}

/* ---- rungs ---- */

static QueueRung *
add_rung(Queue *queue, gint64 start_ns, gint64 end_ns, guint shift, guint n_buckets)
{
  QueueRung *rung = &queue->rungs[queue->depth++];

  if (n_buckets > rung->capacity) {
    rung->capacity = MAX(n_buckets, 2 * rung->capacity);
    g_free(rung->slots);
    rung->slots = g_new0(QueueEvent *, rung->capacity);
  }
  rung->start_ns = start_ns;
  rung->end_ns = end_ns;
  rung->shift = shift;
  rung->n_buckets = n_buckets;
  rung->current = 0;
  return rung;
}

/* A deeper rung that splits start .. end for n events. */
static QueueRung *
split(Queue *queue, gint64 start_ns, gint64 end_ns, gsize n)
{
  guint64 span_ns = (guint64)end_ns - (guint64)start_ns;
  guint64 wanted = CLAMP(2 * n / OCCUPANCY, BUCKETS_MIN, 1u << 24);
  guint shift = floor_log2(span_ns / wanted);

  return add_rung(queue, start_ns, end_ns, shift, (guint)(((span_ns - 1) >> shift) + 1));
}

static inline QueueEvent **
bucket_of(const QueueRung *rung, gint64 time_ns)
{
  return &rung->slots[((guint64)time_ns - (guint64)rung->start_ns) >> rung->shift];
}

/* Where an event of that time goes, which is counted if it is the top. */
static inline QueueEvent **
place_for(Queue *queue, gint64 time_ns)
{
  const QueueRung *rung;

  if (time_ns >= queue->top_start_ns) {
    queue->n_top++;
    return &queue->top;
  }
  rung = &queue->rungs[queue->depth - 1];
  while (time_ns >= rung->end_ns)
    rung--;
  return bucket_of(rung, time_ns);
}

void
queue_place(Queue *queue, QueueEvent event)
{
  chunk_append(&queue->pool, place_for(queue, event.time_ns), &event);
}

void
queue_drain(Queue *queue)
{
  QueueEvent **slots[QUEUE_STAGED_MAX];
  guint n = queue->n_staged;

  for (guint i = 0; i < n; i++) {
    slots[i] = place_for(queue, queue->staged[i].time_ns);
    __builtin_prefetch(slots[i], 1);
  }
  for (guint i = 0; i < n; i++) {
    if (!chunk_is_full(*slots[i])) {
      __builtin_prefetch(*slots[i], 1);
      __builtin_prefetch((const char *)(*slots[i] + 1) - 1, 1);
    }
  }
  for (guint i = 0; i < n; i++)
    chunk_append(&queue->pool, slots[i], &queue->staged[i]);
  queue->n_staged = 0;
}

static void
spread(Queue *queue, QueueRung *rung, QueueEvent *slot)
{
  slot = chunk_oldest_first(slot); /* within a bucket the order stays */
  while (slot) {
    Chunk *chunk = chunk_of(slot);
    gsize n = (gsize)(slot - chunk->events);

    slot = chunk->before;
    if (slot)
      __builtin_prefetch(chunk_of(slot));
    for (gsize i = 0; i < n; i++) {
      if (chunk->events[i].time_ns < rung->end_ns) {
        chunk_append(&queue->pool, bucket_of(rung, chunk->events[i].time_ns), &chunk->events[i]);
      } else {
        queue->n_top++;
        chunk_append(&queue->pool, &queue->top, &chunk->events[i]);
      }
    }
    chunk_free(&queue->pool, chunk);
  }
}

static int
compare_times(const void *a, const void *b)
{
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

  return (x > y) - (x < y);
}

/* Extremes and median (estimated) of the times of the n events of the top. */
static void
survey_top(const Queue *queue, gint64 *min_ns, gint64 *median_ns, gint64 *max_ns)
{
  gint64 samples[SAMPLES];
  gsize stride = (queue->n_top + SAMPLES - 1) / SAMPLES, skip = 0;
  guint n_samples = 0;
  gint64 min = G_MAXINT64, max = G_MININT64;

  for (QueueEvent *slot = queue->top; slot; slot = chunk_of(slot)->before) {
    const Chunk *chunk = chunk_of(slot);

    if (chunk->before)
      __builtin_prefetch(chunk_of(chunk->before));
    for (const QueueEvent *event = chunk->events; event < slot; event++) {
      min = MIN(min, event->time_ns);
      max = MAX(max, event->time_ns);
      if (skip-- == 0) {
        samples[n_samples++] = event->time_ns;
        skip = stride - 1;
      }
    }
  }
  qsort(samples, n_samples, sizeof samples[0], compare_times);
  *min_ns = min;
  *median_ns = samples[n_samples / 2];
  *max_ns = max;
}

/* Begins anew with what is in the top: all rungs and the bottom are empty. */
static void
take_top(Queue *queue)
{
  QueueEvent *slot = queue->top;
  gsize n = queue->n_top;
  gint64 min_ns, median_ns, max_ns;
  guint64 span_ns, width_ns, n_buckets;
  guint shift;

  survey_top(queue, &min_ns, &median_ns, &max_ns);
  queue->top = NULL;
  queue->n_top = 0;
  if (n <= SMALL || min_ns == max_ns) {
    queue->top_start_ns = n <= SMALL ? QUEUE_NEVER : min_ns + 1;
    queue->bottom_end_ns = queue->top_start_ns;
    load_bottom(queue, slot, n, min_ns, floor_log2((guint64)max_ns - (guint64)min_ns) + 1);
    return;
  }
  span_ns = (guint64)median_ns - (guint64)min_ns;
  if (span_ns == 0)
    span_ns = (guint64)max_ns - (guint64)min_ns;
  width_ns = (guint64)((unsigned __int128)span_ns * 2 * OCCUPANCY / n);
  shift = floor_log2(width_ns + width_ns / 2);
  n_buckets = MIN((guint64)((unsigned __int128)span_ns * SPANS >> shift), 8 * n / OCCUPANCY);
  n_buckets = CLAMP(n_buckets, BUCKETS_MIN, 1u << 28);
  queue->top_start_ns = (gint64)MIN(min_ns + ((__int128)n_buckets << shift), QUEUE_NEVER);
  spread(queue, add_rung(queue, min_ns, queue->top_start_ns, shift, (guint)n_buckets), slot);
  queue->bottom_end_ns = min_ns;
}

static inline void
prefetch_bucket(const QueueRung *rung, guint at)
{
  if (at < rung->n_buckets && rung->slots[at]) {
    const char *chunk = (const char *)chunk_of(rung->slots[at]);

    __builtin_prefetch(chunk);
    __builtin_prefetch(chunk + 64);
    __builtin_prefetch(chunk + 128);
    __builtin_prefetch(chunk + 192);
  }
}

/* Takes the next bucket of the deepest rung, into the bottom or into a rung of its own. */
static void
take_bucket(Queue *queue, QueueRung *rung)
{
  QueueEvent *slot = rung->slots[rung->current];
  gint64 start_ns = (gint64)((guint64)rung->start_ns + ((guint64)rung->current << rung->shift));
  gint64 end_ns = MIN(add_saturated(start_ns, (guint64)1 << rung->shift), rung->end_ns);
  gsize n = chunk_count(slot);

  rung->slots[rung->current++] = NULL;
  prefetch_bucket(rung, rung->current);
  if (n > SPLIT_ABOVE && rung->shift > 0 && queue->depth < QUEUE_RUNGS_MAX) {
    queue->bottom_end_ns = start_ns;
    spread(queue, split(queue, start_ns, end_ns, n), slot);
  } else {
    queue->bottom_end_ns = end_ns;
    load_bottom(queue, slot, n, start_ns, rung->shift);
  }
}

/* Fills the bottom, which is empty as near is; FALSE when nothing is pending. */
static gboolean
refill(Queue *queue)
{
  queue->head = queue->tail = 0;
  queue_drain(queue);
  while (queue->head == queue->tail) {
    QueueRung *rung;

    if (queue->depth == 0) {
      if (queue->n_top == 0) {
        queue->bottom_end_ns = queue->top_start_ns = QUEUE_NEVER;
        return FALSE;
      }
      take_top(queue);
      continue;
    }
    rung = &queue->rungs[queue->depth - 1];
    while (rung->current < rung->n_buckets && rung->slots[rung->current] == NULL)
      rung->current++;
    if (rung->current == rung->n_buckets) {
      queue->bottom_end_ns = rung->end_ns;
      queue->depth--;
    } else {
      take_bucket(queue, rung);
    }
  }
  return TRUE;
}

/* ---- the interface ---- */

const QueueEvent *
queue_pop_slow(Queue *queue, gint64 until_ns)
{
  QueueEvent *heap = queue->near_heap, first;
  gboolean from_near = queue->n_near > 0;

  if (!from_near && !refill(queue))
    return NULL;
  if (from_near && queue->head < queue->tail)
    from_near = earlier(&heap[0], &queue->bottom[queue->head]);
  first = from_near ? heap[0] : queue->bottom[queue->head];
  if (first.time_ns > until_ns)
    return NULL;
  queue->n--;
  if (!from_near)
    return &queue->bottom[queue->head++];
  queue->n_near--;
  sift_down(heap, queue->n_near, 0, &heap[queue->n_near]);
  if (queue->n_near == 0)
    queue->near_limit = NEAR_MIN;
  heap[queue->n_near] = first; /* where the last one was */
  return &heap[queue->n_near];
}

gint64
queue_next_ns(Queue *queue)
{
  gint64 next_ns = QUEUE_NEVER;

  if (queue->head < queue->tail || (queue->n_near == 0 && refill(queue)))
    next_ns = queue->bottom[queue->head].time_ns;
  return queue->n_near > 0 ? MIN(next_ns, queue->near_heap[0].time_ns) : next_ns;
}

/* Bottom and near have grown together: they become a rung, or all anew if they are all there is. */
static void
spill(Queue *queue)
{
  gsize n_bottom = queue->tail - queue->head;
  const QueueEvent *first = n_bottom && earlier(&queue->bottom[queue->head], &queue->near_heap[0])
                                ? &queue->bottom[queue->head]
                                : &queue->near_heap[0];
  gint64 min_ns = first->time_ns,
         max_ns = n_bottom ? queue->bottom[queue->tail - 1].time_ns : min_ns;
  gboolean all = queue->n == n_bottom + queue->n_near;
  QueueRung *rung = NULL;

  for (gsize i = 0; i < queue->n_near; i++)
    max_ns = MAX(max_ns, queue->near_heap[i].time_ns);
  if (min_ns == max_ns || (!all && queue->depth == QUEUE_RUNGS_MAX)) {
    queue->near_limit = 2 * queue->n_near;
    return;
  }
  if (all) {
    queue->depth = 0;
    queue->top_start_ns = min_ns;
    queue->n_top = queue->n;
  } else {
    rung = split(queue, min_ns, queue->bottom_end_ns, n_bottom + queue->n_near);
  }
  queue->bottom_end_ns = min_ns;
  for (gsize i = 0; i < n_bottom + queue->n_near; i++) {
    const QueueEvent *event =
        i < n_bottom ? &queue->bottom[queue->head + i] : &queue->near_heap[i - n_bottom];

    chunk_append(&queue->pool, rung ? bucket_of(rung, event->time_ns) : &queue->top, event);
  }
  queue->head = queue->tail = queue->n_near = 0;
  queue->near_limit = NEAR_MIN;
}

/* Room for one more at the tail: the popped part is reclaimed when it is the larger one. */
static void
make_room(Queue *queue)
{
  gsize n = queue->tail - queue->head;

  if (queue->head > n) {
    memmove(queue->bottom, queue->bottom + queue->head, n * sizeof *queue->bottom);
    queue->head = 0;
    queue->tail = n;
  } else {
    reserve(&queue->bottom, &queue->bottom_capacity, queue->tail + 1);
  }
}

/* Inserts where that moves few events at the tail; FALSE: it would move more. */
static inline gboolean
insert_from_tail(Queue *queue, const QueueEvent *event)
{
  QueueEvent *from = queue->bottom + queue->head, *to = queue->bottom + queue->tail, *at = to;

  while (at > from && to - at <= SHIFTS_MAX && earlier(event, at - 1))
    at--;
  if (to - at > SHIFTS_MAX)
    return FALSE;
  memmove(at + 1, at, (gsize)(to - at) * sizeof *at);
  *at = *event;
  queue->tail++;
  return TRUE;
}

/* The same at the head, where the events that were popped left room. */
static inline gboolean
insert_from_head(Queue *queue, const QueueEvent *event)
{
  QueueEvent *from = queue->bottom + queue->head, *to = queue->bottom + queue->tail, *at = from;

  if (queue->head == 0)
    return FALSE;
  while (at < to && at - from <= SHIFTS_MAX && !earlier(event, at))
    at++;
  if (at - from > SHIFTS_MAX)
    return FALSE;
  memmove(from - 1, from, (gsize)(at - from) * sizeof *at);
  at[-1] = *event;
  queue->head--;
  return TRUE;
}

static G_GNUC_NO_INLINE void
insert(Queue *queue, QueueEvent event)
{
  const QueueEvent *middle;

  if (queue->head == queue->tail)
    queue->head = queue->tail = 0;
  if (queue->tail == queue->bottom_capacity)
    make_room(queue);
  middle = &queue->bottom[(queue->head + queue->tail) / 2];
  if (queue->head < queue->tail && earlier(&event, middle)
          ? insert_from_head(queue, &event) || insert_from_tail(queue, &event)
          : insert_from_tail(queue, &event) || insert_from_head(queue, &event))
    return;
  near_push(queue, &event);
  if (queue->n_near > queue->near_limit && queue->n_near > (queue->tail - queue->head) / 4)
    spill(queue);
}

/* Mostly what comes at this very instant, and so before all else. */
void
queue_push_bottom(Queue *queue, QueueEvent event)
{
  if (queue->head > 0 && queue->head < queue->tail && earlier(&event, &queue->bottom[queue->head]))
    queue->bottom[--queue->head] = event;
  else
    insert(queue, event);
}

/* ---- the sweep ---- */

static gsize
filter_array(QueueEvent *events, gsize n, QueueKeep keep, gpointer data)
{
  gsize kept = 0;

  for (gsize i = 0; i < n; i++) {
    if (keep(data, &events[i]))
      events[kept++] = events[i];
  }
  return kept;
}

/* Returns how many are left. */
static gsize
filter_chain(Queue *queue, QueueEvent **slot, QueueKeep keep, gpointer data)
{
  QueueEvent *from = chunk_oldest_first(*slot);
  gsize kept = 0;

  *slot = NULL;
  while (from) {
    Chunk *chunk = chunk_of(from);
    gsize n = (gsize)(from - chunk->events);

    from = chunk->before;
    n = filter_array(chunk->events, n, keep, data);
    for (gsize i = 0; i < n; i++)
      chunk_append(&queue->pool, slot, &chunk->events[i]);
    kept += n;
    chunk_free(&queue->pool, chunk);
  }
  return kept;
}

void
queue_filter(Queue *queue, QueueKeep keep, gpointer data)
{
  gsize n_bottom;

  queue_drain(queue);
  n_bottom = filter_array(queue->bottom + queue->head, queue->tail - queue->head, keep, data);
  queue->tail = queue->head + n_bottom;
  queue->n_near = filter_array(queue->near_heap, queue->n_near, keep, data);
  for (gsize i = queue->n_near / 4 + 1; i-- > 0 && queue->n_near > 0;) {
    QueueEvent event = queue->near_heap[i];

    sift_down(queue->near_heap, queue->n_near, i, &event);
  }
  queue->n_top = filter_chain(queue, &queue->top, keep, data);
  queue->n = n_bottom + queue->n_near + queue->n_top;
  for (guint i = 0; i < queue->depth; i++) {
    QueueRung *rung = &queue->rungs[i];

    for (guint at = rung->current; at < rung->n_buckets; at++) {
      if (rung->slots[at])
        queue->n += filter_chain(queue, &rung->slots[at], keep, data);
    }
  }
}

gsize
queue_filter_cost(const Queue *queue)
{
  gsize cost = queue->n;

  for (guint i = 0; i < queue->depth; i++)
    cost += (queue->rungs[i].n_buckets - queue->rungs[i].current) / 8;
  return cost;
}
