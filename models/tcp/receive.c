#include "models/tcp/conn-private.h"

#include <string.h>

/* RFC 1122 4.2.3.3: the right edge moves only by at least this much. */
static guint32
window_step(const TcpConn *conn)
{
  return MIN(conn->config->receive_buffer / 2, conn->mss);
}

static guint64
window_limit(const TcpConn *conn)
{
  return tcp_stream_read(conn->rx) + conn->config->receive_buffer;
}

/* The window to put into a segment; what is offered here is promised: the right edge never goes
 * back. */
guint32
tcp_receive_window(TcpConn *conn)
{
  guint64 limit = window_limit(conn);
  if (limit - conn->offered >= window_step(conn)) {
    conn->offered = limit;
  }
  return conn->offered - MIN(MAX(conn->rcv_nxt, 1), conn->offered);
}

/* After the application read: is the peer to be told at once? If the window it knows has no room
 * for a full segment, or is less than half of what can be offered (tcp_cleanup_rbuf()); else the
 * next ACK tells. */
gboolean
tcp_receive_update_due(const TcpConn *conn)
{
  guint64 limit = window_limit(conn);
  guint64 next = MIN(conn->rcv_nxt, conn->offered);
  guint64 known = conn->offered - next;
  return limit - conn->offered >= window_step(conn) &&
         (known < conn->mss || limit - next >= 2 * known);
}

static void
insert_at(TcpConn *conn, guint32 index, TcpRange range)
{
  if (conn->early_count == conn->early_capacity) {
    conn->early_capacity = MAX(4, 2 * conn->early_capacity);
    conn->early = g_renew(TcpRange, conn->early, conn->early_capacity);
  }
  memmove(&conn->early[index + 1], &conn->early[index],
          (conn->early_count - index) * sizeof(TcpRange));
  conn->early[index] = range;
  conn->early_count++;
}

static void
remove_from(TcpConn *conn, guint32 index, guint32 n)
{
  memmove(&conn->early[index], &conn->early[index + n],
          (conn->early_count - index - n) * sizeof(TcpRange));
  conn->early_count -= n;
  if (conn->early_count == 0) {
    g_clear_pointer(&conn->early, g_free);
    conn->early_capacity = 0;
  }
}

/* First range that ends at or after the offset; behind a loss that is the last one, so it is
 * looked at first. */
static guint32
find_range(const TcpConn *conn, guint64 offset)
{
  guint32 low = 0, high = conn->early_count;
  if (high > 0 && conn->early[high - 1].end <= offset) {
    return conn->early[high - 1].end == offset ? high - 1 : high;
  }
  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    if (conn->early[middle].end < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Remembers bytes beyond a gap; ranges that touch become one. */
static void
store_early(TcpConn *conn, guint64 start, guint64 end)
{
  guint32 first = find_range(conn, start);
  guint32 last = first;
  while (last < conn->early_count && conn->early[last].start <= end) {
    last++;
  }
  if (first == last) {
    insert_at(conn, first, (TcpRange){start, end});
    return;
  }
  TcpRange *range = &conn->early[first];
  range->start = MIN(range->start, start);
  range->end = MAX(conn->early[last - 1].end, end);
  if (last - first > 1) {
    remove_from(conn, first + 1, last - first - 1);
  }
}

/* rcv_nxt has moved: takes over what joins it. */
static void
absorb_early(TcpConn *conn)
{
  guint32 n = 0;
  while (n < conn->early_count && conn->early[n].start <= conn->rcv_nxt) {
    conn->rcv_nxt = MAX(conn->rcv_nxt, conn->early[n].end);
    n++;
  }
  if (n > 0) {
    remove_from(conn, 0, n);
  }
}

static void
take_fin(TcpConn *conn, gint64 now_ns)
{
  conn->rcv_nxt++;
  conn->ack_now = TRUE;
  switch ((TcpState)conn->state) {
  case TCP_ESTABLISHED:
    conn->state = TCP_CLOSE_WAIT;
    break;
  case TCP_FIN_WAIT_1:
    conn->state = TCP_CLOSING;
    break;
  case TCP_FIN_WAIT_2:
    tcp_conn_time_wait(conn, now_ns);
    break;
  default:
    g_assert_not_reached();
  }
}

/* In-order data came: RFC 1122 4.2.3.2, RFC 5681 4.2. At least every second full-sized segment
 * is acknowledged at once, else within the delay. What is full-sized is learnt, as in
 * tcp_measure_rcv_mss(); Linux (__tcp_ack_snd_check()) waits with not more than one such
 * segment, the RFC with less than two. */
static void
schedule_ack(TcpConn *conn, gint64 now_ns)
{
  gint64 delay_ns = conn->config->delayed_ack_ns;
  guint64 pending = conn->rcv_nxt - conn->rcv_acked;
  gboolean enough = tcp_conn_linux(conn) ? pending > conn->rcv_mss : pending >= 2 * conn->rcv_mss;
  if (enough || delay_ns == 0 || delay_ns == TCP_NEVER) {
    conn->ack_now = TRUE;
  } else if (conn->ack_ns == TCP_NEVER) {
    conn->ack_ns = now_ns + delay_ns;
  }
}

/* Text and FIN of an acceptable segment (RFC 9293 3.10.7.4). */
void
tcp_receive_segment(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  gboolean fin = (segment->flags & TCP_FIN) != 0;
  guint64 end = segment->seq + segment->length;
  if (segment->length == 0 && !fin) {
    return;
  }
  gboolean after_fin = conn->rcv_fin != 0 && conn->rcv_nxt > conn->rcv_fin;
  if (end + fin <= conn->rcv_nxt || after_fin) { /* a repetition: our ACK may have been lost */
    conn->ack_first = TRUE;
    return;
  }
  if (end > MAX(conn->offered, conn->rcv_nxt)) {
    end = MAX(conn->offered, conn->rcv_nxt);
    fin = FALSE;
    conn->ack_first = TRUE;
  }
  if (fin) {
    conn->rcv_fin = end;
  }
  if (segment->seq > conn->rcv_nxt) { /* RFC 5681 4.2: the duplicate ACK goes at once, alone */
    conn->ack_first = TRUE;
    if (end > segment->seq) {
      store_early(conn, segment->seq, end);
    }
    return;
  }
  conn->rcv_mss = CLAMP(segment->length, conn->rcv_mss, conn->mss);
  conn->rcv_nxt = MAX(conn->rcv_nxt, end);
  if (conn->early_count > 0) { /* RFC 5681 4.2: filling a gap, wholly or in part */
    absorb_early(conn);
    conn->ack_now = TRUE;
  } else {
    schedule_ack(conn, now_ns);
  }
  if (conn->rcv_fin != 0 && conn->rcv_nxt == conn->rcv_fin) {
    take_fin(conn, now_ns);
  }
}
