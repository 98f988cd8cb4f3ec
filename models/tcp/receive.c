#include "models/tcp/conn-private.h"

/* A scaled window's edge moves with each segment that comes as long as there is room for one more,
 * and is rounded up (__tcp_select_window()). An edge that stays is what it was, but for what cannot
 * be said (RFC 7323 2.4); that much is accepted all the same. */
static inline guint32
scaled_window(TcpConn *conn, guint64 next)
{
  const guint scale = conn->rcv_scale;
  const guint64 rest = (G_GUINT64_CONSTANT(1) << scale) - 1;
  guint64 edge = tcp_buffers_window_end(conn);
  if (edge > conn->offered && edge >= next + conn->window_step) {
    guint64 window = MIN((edge - next + rest) >> scale, G_MAXUINT16) << scale;
    conn->offered = next + window;
    return window;
  }
  return (guint32)((conn->offered - MIN(next, conn->offered)) & ~rest);
}

/* As on SYN. */
guint32
tcp_receive_window_unscaled(TcpConn *conn)
{
  guint64 next = conn->rcv_nxt;
  guint64 limit = MIN(tcp_buffers_window_end(conn), next + G_MAXUINT16);
  if (limit >= conn->offered + conn->window_step) {
    conn->offered = limit;
  }
  return (guint32)(conn->offered - MIN(next, conn->offered));
}

/* The window to put into a segment; what is offered here is promised: the right edge never goes
 * back. */
inline guint32
tcp_receive_window(TcpConn *conn)
{
  return conn->rcv_scale > 0 ? scaled_window(conn, conn->rcv_nxt)
                             : tcp_receive_window_unscaled(conn);
}

/* After the application read: is the peer to be told at once? If the window it knows has no room
 * for a full segment, or is less than half of what can be offered (tcp_cleanup_rbuf()); else the
 * next ACK tells. */
inline gboolean
tcp_receive_update_due(const TcpConn *conn)
{
  guint64 next = MIN(conn->rcv_nxt, conn->offered);
  guint64 most = (guint64)G_MAXUINT16 << conn->rcv_scale;
  guint64 limit = MIN(tcp_buffers_window_end(conn), next + most);
  guint64 known = conn->offered - next;
  return (known < conn->mss || limit >= next + 2 * known) &&
         limit >= conn->offered + conn->window_step;
}

static SELDOM void
take_fin(TcpConn *conn, gint64 now_ns)
{
  conn->rcv_nxt++;
  conn->fin_taken = TRUE;
  tcp_acking_fin(conn);
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

/* RFC 2883: what of the segment had been acknowledged before it came. */
static void
report_duplicate(TcpConn *conn, const TcpSegment *segment)
{
  tcp_early_duplicate(conn, segment->seq, MIN(segment->seq + segment->length, conn->rcv_nxt));
}

/* RFC 9293 3.10.7.4: a segment outside of the window is answered and otherwise ignored
 * (tcp_send_dupack()). */
void
tcp_receive_unacceptable(TcpConn *conn, const TcpSegment *segment)
{
  if (segment->length > 0 && segment->seq < conn->rcv_nxt) {
    report_duplicate(conn, segment);
    tcp_acking_duplicate(conn);
  }
  conn->ack_first = TRUE;
}

/* What of a segment is the next text to come, with the checks that no prediction has spared. FALSE:
 * nothing; end: where that ends. */
static gboolean
find_next(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, guint64 *next_end)
{
  gboolean fin = (segment->flags & TCP_FIN) != 0;
  guint64 end = segment->seq + segment->length;
  if (end + fin <= conn->rcv_nxt ||
      conn->fin_taken) { /* a repetition: our ACK may have been lost */
    report_duplicate(conn, segment);
    tcp_acking_duplicate(conn);
    return FALSE;
  }
  if (end > MAX(conn->offered, conn->rcv_nxt)) {
    end = MAX(conn->offered, conn->rcv_nxt);
    fin = FALSE;
    conn->ack_first = TRUE;
  }
  if (fin) {
    conn->rcv_fin = end;
  }
  if (segment->seq > conn->rcv_nxt) {
    tcp_acking_early(conn, segment);
    if (end > segment->seq) {
      tcp_early_add(conn, segment->seq, end);
      tcp_buffers_received(conn, now_ns, segment);
      tcp_buffers_early(conn);
    }
    return FALSE;
  }
  report_duplicate(conn, segment);
  *next_end = MAX(conn->rcv_nxt, end);
  return TRUE;
}

/* The next text, up to end. */
static inline __attribute__((always_inline)) void
take_text(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, guint64 end)
{
  conn->rcv_nxt = end;
  gboolean gap = tcp_early_any(conn);
  if (gap) {
    tcp_early_absorb(conn, segment->seq);
  }
  tcp_acking_in_order(conn, now_ns, segment, gap);
  tcp_buffers_received(conn, now_ns, segment);
  if (conn->rcv_fin != 0 && conn->rcv_nxt == conn->rcv_fin) {
    take_fin(conn, now_ns);
  }
}

/* Text and FIN of an acceptable segment (RFC 9293 3.10.7.4), of which there are some. */
SELDOM void
tcp_receive_segment(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  guint64 end;
  if (find_next(conn, now_ns, segment, &end)) {
    take_text(conn, now_ns, segment, end);
  }
}

/* The same without FIN, and it begins with the next byte to come and ends within the window. */
inline void
tcp_receive_next(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  take_text(conn, now_ns, segment, segment->seq + segment->length);
}
