#include "sim/engine/chunk.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Slabs double, so that a small run holds little and a large one allocates rarely, up to a huge
 * page, which saves a large one its misses in the page tables. */
#define SLAB_BYTES_MIN (16 * CHUNK_BYTES)
#define SLAB_BYTES_MAX ((gsize)2 << 20)

/* Lies in the first chunk of the slab. */
struct _ChunkSlab {
  ChunkSlab *next;
};

static void
add_slab(ChunkPool *pool)
{
  gsize bytes = CLAMP(pool->bytes, SLAB_BYTES_MIN, SLAB_BYTES_MAX);
  void *memory = NULL;

  if (posix_memalign(&memory, bytes == SLAB_BYTES_MAX ? bytes : CHUNK_BYTES, bytes) != 0)
    g_error("out of memory after %" G_GSIZE_FORMAT " bytes of events", pool->bytes);
#ifdef MADV_HUGEPAGE
  if (bytes == SLAB_BYTES_MAX)
    madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  ((ChunkSlab *)memory)->next = pool->slabs;
  pool->slabs = memory;
  pool->bytes += bytes;
  for (gsize i = bytes / CHUNK_BYTES - 1; i > 0; i--)
    chunk_free(pool, (Chunk *)memory + i);
}

void
chunk_pool_clear(ChunkPool *pool)
{
  while (pool->slabs) {
    ChunkSlab *slab = pool->slabs;

    pool->slabs = slab->next;
    free(slab);
  }
  *pool = (ChunkPool){0};
}

/* Apart, so that chunk_append() needs no room on the stack. */
G_GNUC_NO_INLINE void
chunk_append_new(ChunkPool *pool, QueueEvent **chain, QueueEvent event)
{
  Chunk *chunk;

  if (pool->free == NULL)
    add_slab(pool);
  chunk = chunk_of(pool->free);
  pool->free = chunk->before;
  chunk->before = *chain;
  chunk->events[0] = event;
  *chain = &chunk->events[1];
}

gsize
chunk_count(QueueEvent *chain)
{
  gsize n = 0;

  for (; chain; chain = chunk_of(chain)->before)
    n += (gsize)(chain - chunk_of(chain)->events);
  return n;
}

QueueEvent *
chunk_oldest_first(QueueEvent *chain)
{
  QueueEvent *newer = NULL;

  while (chain) {
    Chunk *chunk = chunk_of(chain);
    QueueEvent *before = chunk->before;

    chunk->before = newer;
    newer = chain;
    chain = before;
  }
  return newer;
}
