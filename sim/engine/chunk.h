/* Chains of events by value, in chunks of four cache lines.
 *
 * A chain is one pointer: where its next event goes, or NULL while it is empty. A chunk is aligned
 * to its size, so the pointer also tells the chunk and how full it is: low bits of zero mean full.
 * The newest chunk is the first; each names the one before it in the room of an eleventh event. A
 * pool owns all chunks; the ones freed last are used first, since they are in the cache. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 time_ns;
  guint64 order; /* ties at one instant come in this order; no two are equal */
  guint32 index;
  guint32 word;
} QueueEvent;

G_STATIC_ASSERT(sizeof(QueueEvent) == 24);

#define CHUNK_BYTES 256

typedef struct {
  QueueEvent *before; /* the chain without this chunk */
  guint64 unused;
  QueueEvent events[10];
} Chunk;

G_STATIC_ASSERT(sizeof(Chunk) == CHUNK_BYTES);

typedef struct _ChunkSlab ChunkSlab;

/* Zero-filled is empty. */
typedef struct {
  QueueEvent *free; /* a chain of unused chunks */
  ChunkSlab *slabs;
  gsize bytes; /* of all slabs */
} ChunkPool;

void chunk_pool_clear(ChunkPool *pool);

/* chunk_append() to a full or empty chain: into a new chunk in front of it. */
void chunk_append_new(ChunkPool *pool, QueueEvent **chain, QueueEvent event);
gsize chunk_count(QueueEvent *chain);
/* The chain with its oldest chunk first, to be walked only. */
QueueEvent *chunk_oldest_first(QueueEvent *chain);

static inline Chunk *
chunk_of(QueueEvent *chain)
{
  return (Chunk *)(((guintptr)chain - 1) & ~(guintptr)(CHUNK_BYTES - 1));
}

static inline void
chunk_free(ChunkPool *pool, Chunk *chunk)
{
  chunk->before = pool->free;
  pool->free = chunk->events;
}

static inline gboolean
chunk_is_full(const QueueEvent *chain)
{
  return ((guintptr)chain & (CHUNK_BYTES - 1)) == 0;
}

static inline void
chunk_append(ChunkPool *pool, QueueEvent **chain, const QueueEvent *event)
{
  QueueEvent *to = *chain;

  if (chunk_is_full(to)) {
    chunk_append_new(pool, chain, *event);
    return;
  }
  *to = *event;
  *chain = to + 1;
}
