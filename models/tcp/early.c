#include "models/tcp/conn-private.h"

#include <string.h>

/* Option of SACK as Linux lays it out: kind and length behind two of padding, then the blocks. */
#define SACK_BASE_BYTES 4
#define SACK_BLOCK_BYTES 8

static TcpEarly *
early_of(TcpConn *conn)
{
  if (conn->early == NULL) {
    conn->early = g_new0(TcpEarly, 1);
  }
  return conn->early;
}

void
tcp_early_free(TcpConn *conn)
{
  if (conn->early != NULL) {
    g_free(conn->early->ranges);
    g_clear_pointer(&conn->early, g_free);
  }
}

/* End of the last of them; rcv_nxt if there are none. */
guint64
tcp_early_end(const TcpConn *conn)
{
  const TcpEarly *early = conn->early;
  return tcp_early_any(conn) ? early->ranges[early->count - 1].end : conn->rcv_nxt;
}

static gboolean
is_empty(const TcpRange *range)
{
  return range->start == range->end;
}

static void
insert_at(TcpEarly *early, guint32 index, TcpRange range)
{
  if (early->count == early->capacity) {
    early->capacity = MAX(4, 2 * early->capacity);
    early->ranges = g_renew(TcpRange, early->ranges, early->capacity);
  }
  memmove(&early->ranges[index + 1], &early->ranges[index],
          (early->count - index) * sizeof(TcpRange));
  early->ranges[index] = range;
  early->count++;
}

static void
remove_from(TcpEarly *early, guint32 index, guint32 n)
{
  memmove(&early->ranges[index], &early->ranges[index + n],
          (early->count - index - n) * sizeof(TcpRange));
  early->count -= n;
}

/* First range that ends at or after the offset; behind a loss that is the last one, so it is
 * looked at first. */
static guint32
find_range(const TcpEarly *early, guint64 offset)
{
  guint32 low = 0, high = early->count;
  if (high > 0 && early->ranges[high - 1].end <= offset) {
    return early->ranges[high - 1].end == offset ? high - 1 : high;
  }
  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    if (early->ranges[middle].end < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* RFC 2018, section 4: the block that a segment has just changed is reported first. Those within
 * it are part of it. */
static void
report_first(TcpEarly *early, const TcpRange *range)
{
  TcpRange kept[TCP_SACK_BLOCKS];
  guint n = 0;
  for (guint i = 0; i < early->block_count; i++) {
    const TcpRange *block = &early->blocks[i];
    if (block->start < range->start || block->end > range->end) {
      kept[n++] = *block;
    }
  }
  n = MIN(n, TCP_SACK_BLOCKS - 1);
  early->blocks[0] = *range;
  memcpy(&early->blocks[1], kept, n * sizeof(TcpRange));
  early->block_count = n + 1;
}

/* RFC 2883: [start, end) came once more. What is not reported before the next such segment becomes
 * part of its report if they touch, else it is not reported (tcp_dsack_set(),
 * tcp_dsack_extend()). */
void
tcp_early_duplicate(TcpConn *conn, guint64 start, guint64 end)
{
  if (!conn->sack_ok || start >= end) {
    return;
  }
  TcpRange *duplicate = &early_of(conn)->duplicate;
  if (is_empty(duplicate) || start > duplicate->end || end < duplicate->start) {
    *duplicate = (TcpRange){start, end};
    return;
  }
  duplicate->start = MIN(duplicate->start, start);
  duplicate->end = MAX(duplicate->end, end);
}

/* Remembers bytes beyond a gap; ranges that touch become one. */
void
tcp_early_add(TcpConn *conn, guint64 start, guint64 end)
{
  TcpEarly *early = early_of(conn);
  guint32 first = find_range(early, start);
  guint32 last = first;
  while (last < early->count && early->ranges[last].start <= end) {
    const TcpRange *known = &early->ranges[last++];
    tcp_early_duplicate(conn, MAX(start, known->start), MIN(end, known->end));
  }
  if (first == last) {
    insert_at(early, first, (TcpRange){start, end});
  } else {
    TcpRange *range = &early->ranges[first];
    range->start = MIN(range->start, start);
    range->end = MAX(early->ranges[last - 1].end, end);
    remove_from(early, first + 1, last - first - 1);
  }
  report_first(early, &early->ranges[first]);
}

/* What lies below rcv_nxt is acknowledged and not reported any more (tcp_sack_remove()). */
static void
forget_blocks(TcpConn *conn)
{
  TcpEarly *early = conn->early;
  guint n = 0;
  for (guint i = 0; i < early->block_count; i++) {
    if (early->blocks[i].start >= conn->rcv_nxt) {
      early->blocks[n++] = early->blocks[i];
    }
  }
  early->block_count = n;
}

static void
free_if_done(TcpConn *conn)
{
  if (conn->early->count == 0 && is_empty(&conn->early->duplicate)) {
    tcp_early_free(conn);
  }
}

/* A segment from start on has moved rcv_nxt: takes over what joins it; what was there already was
 * sent twice. */
void
tcp_early_absorb(TcpConn *conn, guint64 start)
{
  TcpEarly *early = conn->early;
  guint64 came = conn->rcv_nxt;
  guint32 n = 0;
  while (n < early->count && early->ranges[n].start <= conn->rcv_nxt) {
    const TcpRange *range = &early->ranges[n++];
    tcp_early_duplicate(conn, MAX(start, range->start), MIN(came, range->end));
    conn->rcv_nxt = MAX(conn->rcv_nxt, range->end);
  }
  if (n > 0) {
    remove_from(early, 0, n);
  }
  forget_blocks(conn);
  free_if_done(conn);
}

static TcpSackBlock
relative(const TcpRange *range, guint64 ack)
{
  return (TcpSackBlock){(gint32)(range->start - ack), (gint32)(range->end - ack)};
}

/* Of the option, with all that is to be told. */
guint
tcp_early_report_bytes(const TcpConn *conn)
{
  const TcpEarly *early = conn->early;
  if (early == NULL || !conn->sack_ok) {
    return 0;
  }
  guint most = conn->timestamps_ok ? TCP_SACK_BLOCKS - 1 : TCP_SACK_BLOCKS;
  guint n = early->block_count + (is_empty(&early->duplicate) ? 0 : 1);
  return n > 0 ? SACK_BASE_BYTES + MIN(n, most) * SACK_BLOCK_BYTES : 0;
}

/* Puts as many blocks into the segment as room bytes hold, the duplicate first (RFC 2883, section
 * 4), which is told but once. */
void
tcp_early_report(TcpConn *conn, TcpSegment *segment, guint room)
{
  TcpEarly *early = conn->early;
  guint most = room < SACK_BASE_BYTES ? 0 : (room - SACK_BASE_BYTES) / SACK_BLOCK_BYTES;
  guint n = 0;
  early->held = 0;
  if (!conn->sack_ok || most == 0) {
    return;
  }
  if (!is_empty(&early->duplicate)) {
    segment->sack[n++] = relative(&early->duplicate, segment->ack);
    early->duplicate = (TcpRange){0, 0};
  }
  for (guint i = 0; i < early->block_count && n < MIN(most, TCP_SACK_BLOCKS); i++) {
    segment->sack[n++] = relative(&early->blocks[i], segment->ack);
  }
  segment->sack_count = n;
  segment->options += n > 0 ? SACK_BASE_BYTES + n * SACK_BLOCK_BYTES : 0;
  free_if_done(conn);
}
