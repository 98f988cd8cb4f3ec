/* The bytes of one direction of a connection, from the moment the application writes them until
 * they are both acknowledged to the sender and used by the receiver. Both TcpConns of a
 * connection hold the two streams, so a byte is stored once and copied never. Positions are
 * sequence offsets (the first byte is 1, SYN is 0). The memory behind an empty stream is given
 * back. Not shared by threads. */
#pragma once

#include <glib.h>

/* Blocks that streams have given back, of the size that each begins with, for the next one to take:
 * a stream is mostly emptied after each message. Zero-filled is empty; a host clears it when no
 * stream is left that takes from it. */
typedef struct _TcpBlock TcpBlock;
struct _TcpBlock {
  TcpBlock *next;
};
typedef struct {
  TcpBlock *free;
} TcpPool;

void tcp_pool_clear(TcpPool *pool);

typedef struct _TcpStream TcpStream;

TcpStream *tcp_stream_new(void);
TcpStream *tcp_stream_ref(TcpStream *stream);
void tcp_stream_unref(TcpStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TcpStream, tcp_stream_unref)

/* Before the first byte; without a pool, blocks come from the heap. */
void tcp_stream_set_pool(TcpStream *stream, TcpPool *pool);

guint64 tcp_stream_end(const TcpStream *stream);    /* offset after the last byte written */
guint64 tcp_stream_read(const TcpStream *stream);   /* next byte the receiver's application takes */
guint64 tcp_stream_needed(const TcpStream *stream); /* first byte of those it took that it needs */
guint64 tcp_stream_acked(const TcpStream *stream);  /* first byte that the sender must keep */

/* Room for n bytes behind the end, contiguous; valid until the next call. */
guint8 *tcp_stream_reserve(TcpStream *stream, gsize n);
void tcp_stream_append(TcpStream *stream, gsize n); /* n of the reserved bytes were written */

/* Bytes from offset on, contiguous up to the end; offset >= min(needed, acked). */
const guint8 *tcp_stream_bytes(const TcpStream *stream, guint64 offset);

/* Asks the caches for the bytes that were not yet taken. */
void tcp_stream_ask(const TcpStream *stream);

/* The receiver has taken, it needs no longer, the sender needs no longer, what lies before the
 * offset; needed <= read. */
void tcp_stream_advance_read(TcpStream *stream, guint64 offset);
void tcp_stream_advance_needed(TcpStream *stream, guint64 offset);
void tcp_stream_advance_acked(TcpStream *stream, guint64 offset);
