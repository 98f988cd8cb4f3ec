/* The event queue of one Sim: small events by value, in strict order of (time, order).
 *
 * A ladder queue (W. T. Tang, R. S. M. Goh, I. L.-J. Thng, "Ladder queue: An O(1) priority queue
 * structure for large-scale discrete event simulation", ACM TOMACS 15(3), 2005), laid out for
 * caches:
 *
 *   top     events later than any rung, unsorted;
 *   rungs   arrays of buckets, each bucket an unsorted chain of chunks of events; a deeper rung
 *           splits one bucket of the rung above it;
 *   bottom  the bucket whose time has come, sorted;
 *   near    a heap for what is scheduled into the bottom's time and is not cheap to insert there;
 *   staged  of a large queue, what waits to go to a bucket: some events at once, so that their
 * cache misses overlap.
 *
 * An event is appended once or twice and sorted once, among its bucket. Widths follow the median of
 * what is pending, so that outliers wait in the top and do not stretch the buckets; a crowded
 * bucket is split further until it is one instant. In the worst case all happens in the heap.
 *
 * Knows no kinds and no timers. Memory follows the most events that were pending at once. */
#pragma once

#include "sim/engine/chunk.h"

#define QUEUE_RUNGS_MAX 16
#define QUEUE_STAGED_MAX 32
#define QUEUE_STAGED_FROM 8192 /* pending events; the buckets of fewer are in the cache */
#define QUEUE_NEVER G_MAXINT64 /* no event has this time */

typedef struct {
  gint64 start_ns;
  gint64 end_ns; /* what comes then or later is not in this rung */
  guint shift;   /* a bucket is 2^shift ns wide */
  guint n_buckets;
  guint current;      /* buckets before it are empty and done */
  guint capacity;     /* of slots */
  QueueEvent **slots; /* per bucket a chain; all NULL while the rung is not in use */
} QueueRung;

typedef struct {
  gint64 bottom_end_ns; /* earlier events go to bottom or near; the rungs begin here */
  gint64 top_start_ns;  /* these and later events go to top */
  QueueEvent *bottom;   /* sorted; head .. tail are pending */
  gsize head, tail, bottom_capacity;
  gboolean fresh;        /* set when a bucket becomes the bottom, for the user to reset */
  QueueEvent *near_heap; /* 4-ary, earliest first */
  gsize n_near, near_capacity;
  gsize near_limit; /* beyond it a rung is tried */
  guint depth;      /* rungs in use; the last is the earliest */
  QueueRung rungs[QUEUE_RUNGS_MAX];
  QueueEvent *top; /* a chain like a bucket's */
  gsize n_top;
  guint n_staged;
  QueueEvent staged[QUEUE_STAGED_MAX]; /* for top or a rung, in order of scheduling */
  gsize n;                             /* all that is pending */
  ChunkPool pool;
} Queue;

void queue_init(Queue *queue);
void queue_clear(Queue *queue);

/* Moves the staged events to their buckets. */
void queue_drain(Queue *queue);
/* Puts an event that is not earlier than the rungs into its bucket. */
void queue_place(Queue *queue, QueueEvent event);
void queue_push_bottom(Queue *queue, QueueEvent event);
/* queue_pop() when bottom is empty or near is not; loads the next bucket if needed. */
const QueueEvent *queue_pop_slow(Queue *queue, gint64 until_ns);

/* Of the earliest event; QUEUE_NEVER: there is none. */
gint64 queue_next_ns(Queue *queue);

/* Removes the events that keep does not want; for an occasional sweep. */
typedef gboolean (*QueueKeep)(gpointer data, const QueueEvent *event);
void queue_filter(Queue *queue, QueueKeep keep, gpointer data);

/* What a sweep costs, in events looked at; never less than what is pending. */
gsize queue_filter_cost(const Queue *queue);

/* Bytes held, used or not. */
gsize queue_memory(const Queue *queue);

/* The time must not be QUEUE_NEVER, nor earlier than an event that was popped. */
static inline void
queue_push(Queue *queue, QueueEvent event)
{
  queue->n++;
  if (event.time_ns < queue->bottom_end_ns) {
    queue_push_bottom(queue, event);
  } else if (queue->n < QUEUE_STAGED_FROM) {
    queue_place(queue, event);
  } else {
    queue->staged[queue->n_staged++] = event;
    if (queue->n_staged == QUEUE_STAGED_MAX)
      queue_drain(queue);
  }
}

/* Takes the earliest event out if its time is not after until_ns; else NULL. Valid until the next
 * push. */
static inline const QueueEvent *
queue_pop(Queue *queue, gint64 until_ns)
{
  if (G_UNLIKELY(queue->head == queue->tail || queue->n_near > 0))
    return queue_pop_slow(queue, until_ns);
  if (queue->bottom[queue->head].time_ns > until_ns)
    return NULL;
  queue->n--;
  return &queue->bottom[queue->head++];
}
