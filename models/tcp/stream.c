#include "models/tcp/stream.h"

#include <string.h>

/* Of a block at first: messages are small, and most streams hold few of them. */
#define BLOCK_MIN 256

struct _TcpStream {
  guint32 references;
  guint32 capacity; /* 0: no block */
  TcpPool *pool;
  guint8 *data;
  guint64 base; /* offset of data[0] */
  guint64 end;
  guint64 read;
  guint64 needed;
  guint64 acked;
};

void
tcp_pool_clear(TcpPool *pool)
{
  while (pool->free != NULL) {
    TcpBlock *block = pool->free;
    pool->free = block->next;
    g_free(block);
  }
}

static gpointer
take_block(TcpPool *pool, gsize capacity)
{
  if (capacity > BLOCK_MIN || pool == NULL || pool->free == NULL) {
    return g_malloc(capacity);
  }
  TcpBlock *block = pool->free;
  pool->free = block->next;
  return block;
}

static inline void
give_back_block(TcpStream *stream)
{
  if (stream->capacity == BLOCK_MIN && stream->pool != NULL) {
    TcpBlock *block = (gpointer)stream->data;
    block->next = stream->pool->free;
    stream->pool->free = block;
  } else {
    g_free(stream->data);
  }
}

TcpStream *
tcp_stream_new(void)
{
  TcpStream *stream = g_new0(TcpStream, 1);
  stream->references = 1;
  stream->base = stream->end = stream->read = stream->needed = stream->acked = 1;
  return stream;
}

void
tcp_stream_set_pool(TcpStream *stream, TcpPool *pool)
{
  g_assert(stream->capacity == 0);
  stream->pool = pool;
}

TcpStream *
tcp_stream_ref(TcpStream *stream)
{
  stream->references++;
  return stream;
}

void
tcp_stream_unref(TcpStream *stream)
{
  if (--stream->references > 0) {
    return;
  }
  give_back_block(stream);
  g_free(stream);
}

guint64
tcp_stream_end(const TcpStream *stream)
{
  return stream->end;
}

guint64
tcp_stream_read(const TcpStream *stream)
{
  return stream->read;
}

guint64
tcp_stream_needed(const TcpStream *stream)
{
  return stream->needed;
}

guint64
tcp_stream_acked(const TcpStream *stream)
{
  return stream->acked;
}

static guint64
kept_from(const TcpStream *stream)
{
  return MIN(stream->needed, stream->acked);
}

/* Slides the live bytes to the front if that frees at least half of the block, else doubles the
 * block: either way at least as many bytes can be appended as were moved, so an append costs
 * amortised constant time. */
static void
make_room(TcpStream *stream, gsize n)
{
  guint64 keep = kept_from(stream);
  gsize live = stream->end - keep;
  gsize dead = keep - stream->base;
  if (live + n <= stream->capacity && dead >= stream->capacity / 2) {
    memmove(stream->data, stream->data + dead, live);
  } else {
    gsize capacity = MAX(stream->capacity, BLOCK_MIN);
    while (capacity < 2 * live + n) {
      capacity *= 2;
    }
    guint8 *data = take_block(stream->pool, capacity);
    if (live > 0) {
      memcpy(data, stream->data + dead, live);
    }
    give_back_block(stream);
    stream->data = data;
    stream->capacity = capacity;
  }
  stream->base = keep;
}

guint8 *
tcp_stream_reserve(TcpStream *stream, gsize n)
{
  if (stream->capacity == 0 && n <= BLOCK_MIN) { /* an empty one, mostly */
    stream->capacity = BLOCK_MIN;
    return stream->data = take_block(stream->pool, BLOCK_MIN);
  }
  if (n > stream->capacity - (stream->end - stream->base)) {
    make_room(stream, n);
  }
  return stream->data + (stream->end - stream->base);
}

void
tcp_stream_append(TcpStream *stream, gsize n)
{
  g_assert(n <= stream->capacity - (stream->end - stream->base));
  stream->end += n;
}

const guint8 *
tcp_stream_bytes(const TcpStream *stream, guint64 offset)
{
  g_assert(offset >= kept_from(stream) && offset <= stream->end);
  return stream->data + (offset - stream->base);
}

static void
give_back_if_empty(TcpStream *stream)
{
  if (stream->needed == stream->end && stream->acked == stream->end) {
    give_back_block(stream);
    stream->data = NULL;
    stream->capacity = 0;
    stream->base = stream->end;
  }
}

void
tcp_stream_advance_read(TcpStream *stream, guint64 offset)
{
  g_assert(offset >= stream->read && offset <= stream->end);
  stream->read = offset;
}

void
tcp_stream_advance_needed(TcpStream *stream, guint64 offset)
{
  g_assert(offset >= stream->needed && offset <= stream->read);
  stream->needed = offset;
  give_back_if_empty(stream);
}

void
tcp_stream_advance_acked(TcpStream *stream, guint64 offset)
{
  g_assert(offset >= stream->acked && offset <= stream->end);
  stream->acked = offset;
  give_back_if_empty(stream);
}

void
tcp_stream_ask(const TcpStream *stream)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  if (stream->end > stream->read) {
    const guint8 *bytes = stream->data + (stream->read - stream->base);
    for (gsize i = 0; i < MIN(stream->end - stream->read, 256); i += 64) {
      __builtin_prefetch(bytes + i);
    }
  }
}
