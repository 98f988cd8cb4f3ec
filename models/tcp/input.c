#include "models/tcp/conn-private.h"

static guint
phantom_bytes(const TcpSegment *segment)
{
  return (segment->flags & (TCP_SYN | TCP_FIN)) != 0;
}

/* tcp_may_update_window(); RFC 9293 3.10.7.4 with WL1 and WL2 is the same but for a window that
 * shrinks, which peers may not do. old_una: before this segment. TRUE: it was news. */
static gboolean
update_window(TcpConn *conn, const TcpSegment *segment, guint64 old_una)
{
  guint64 edge = segment->ack + segment->window;
  if (segment->ack > old_una || segment->seq > conn->wl1 ||
      (segment->seq == conn->wl1 && edge > conn->wnd_end)) {
    conn->wl1 = segment->seq;
    conn->wnd_end = edge;
    conn->max_window = MAX(conn->max_window, segment->window);
    return TRUE;
  }
  return FALSE;
}

/* RFC 9293 3.10.7.2: the passive end meets the SYN. */
static void
input_listen(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if ((segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN) {
    return;
  }
  conn->rcv_acked = 1;
  tcp_options_agree(conn, segment);
  conn->wnd_end = 1 + segment->window;
  conn->max_window = segment->window;
  conn->state = TCP_SYN_RECEIVED;
  conn->last_data_ns = now_ns;
  tcp_send_enqueue(conn, 0, TCP_SYN);
}

/* RFC 9293 3.10.7.3. The ACK that ends the handshake goes at once and alone, as hosts send it
 * before their application knows of the connection. */
static void
input_syn_sent(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if (!(segment->flags & TCP_ACK) || segment->ack != 1 || conn->unsent == conn->head) {
    return;
  }
  if (segment->flags & TCP_RST) {
    tcp_conn_finish(conn, TCP_END_REFUSED);
    return;
  }
  if (!(segment->flags & TCP_SYN)) {
    return;
  }
  conn->ack_first = TRUE;
  tcp_options_agree(conn, segment);
  tcp_newreno_acked(conn, now_ns, segment);
  update_window(conn, segment, 0);
  tcp_conn_establish(conn, now_ns, segment->ts_echo);
  tcp_send_commit(conn, now_ns);
}

/* RFC 9293 3.10.7.4 with RFC 5961 3.2: only the exact number resets; another one within the
 * window is answered. */
static void
input_reset(TcpConn *conn, const TcpSegment *segment)
{
  if (segment->seq == conn->rcv_nxt) {
    tcp_conn_finish(conn, conn->state == TCP_TIME_WAIT ? TCP_END_NORMAL : TCP_END_RESET);
  } else if (segment->seq > conn->rcv_nxt && segment->seq < conn->offered) {
    conn->ack_first = TRUE;
  }
}

/* A SYN again: in SYN-RECEIVED our answer was lost or slow and goes again (inet_rtx_syn_ack()),
 * else the peer has not had our ACK, or it is RFC 5961 4: an ACK in any case. */
static void
input_syn(TcpConn *conn, gint64 now_ns)
{
  if (conn->state != TCP_SYN_RECEIVED) {
    conn->ack_first = TRUE;
  } else if (conn->unsent != conn->head) {
    conn->rexmit = conn->head;
    conn->loss_end = conn->head + 1;
    conn->lost = TRUE;
    tcp_timer_start(conn, TCP_TIMER_RETRANSMIT, now_ns, conn->rto_ns);
  }
}

/* RFC 5681 section 2, definition of a duplicate acknowledgement. */
static gboolean
is_duplicate_ack(const TcpConn *conn, const TcpSegment *segment)
{
  return segment->length == 0 && phantom_bytes(segment) == 0 && conn->head != conn->unsent &&
         segment->ack + segment->window == conn->wnd_end;
}

static void
own_fin_acked(TcpConn *conn, gint64 now_ns)
{
  switch ((TcpState)conn->state) {
  case TCP_FIN_WAIT_1:
    conn->state = TCP_FIN_WAIT_2;
    break;
  case TCP_CLOSING:
    tcp_conn_time_wait(conn, now_ns);
    break;
  case TCP_LAST_ACK:
    tcp_conn_finish(conn, TCP_END_NORMAL);
    break;
  default:
    break;
  }
}

/* The acknowledgement field. FALSE: the segment is to be dropped. */
static gboolean
input_ack(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  guint64 old_una = conn->una;
  if (segment->ack > tcp_send_seq(conn, conn->unsent)) {
    conn->ack_first = TRUE;
    return FALSE;
  }
  if (segment->ack < old_una) {
    if (tcp_conn_sacks(conn)) {
      tcp_recovery_ack(conn, now_ns, segment, TRUE);
    }
    return TRUE;
  }
  if (conn->timer == TCP_TIMER_PERSIST) { /* the peer lives: RFC 9293 3.8.6.1 */
    conn->retries = 0;
  }
  if (tcp_conn_sacks(conn)) {
    gboolean informs = update_window(conn, segment, old_una) || segment->length > 0;
    tcp_recovery_ack(conn, now_ns, segment, informs);
  } else if (segment->ack > old_una) {
    tcp_newreno_acked(conn, now_ns, segment);
    update_window(conn, segment, old_una);
  } else if (is_duplicate_ack(conn, segment)) {
    tcp_newreno_duplicate(conn, now_ns);
  } else {
    update_window(conn, segment, old_una);
  }
  if (segment->ack > old_una) {
    if (conn->state == TCP_SYN_RECEIVED) {
      tcp_conn_establish(conn, now_ns, segment->ts_echo);
    }
    if (tcp_conn_fin_committed(conn) && conn->una == conn->committed) {
      own_fin_acked(conn, now_ns);
    }
  }
  return conn->state != TCP_CLOSED && conn->state != TCP_SYN_RECEIVED;
}

/* tcp_sequence() of Linux: what lies wholly before the last ACK sent, or beyond the window, is
 * not acceptable. */
static gboolean
is_acceptable(const TcpConn *conn, const TcpSegment *segment)
{
  guint64 end = segment->seq + segment->length + phantom_bytes(segment);
  return end >= conn->rcv_acked && segment->seq <= MAX(conn->offered, conn->rcv_nxt);
}

/* The checks of RFC 9293 3.10.7.4 before the acknowledgement; FALSE: the segment ends with them. */
static gboolean
input_checks(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if (segment->flags & TCP_RST) {
    input_reset(conn, segment);
    return FALSE;
  }
  if (segment->flags & TCP_SYN) {
    input_syn(conn, now_ns);
    return FALSE;
  }
  if (conn->state == TCP_TIME_WAIT && (segment->flags & TCP_FIN)) {
    tcp_conn_time_wait(conn, now_ns);
  }
  if (!is_acceptable(conn, segment)) {
    tcp_receive_unacceptable(conn, segment);
    return FALSE;
  }
  return TRUE;
}

/* FALSE: the segment is to be dropped. */
static gboolean
input_synchronized(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  tcp_alive_heard(conn, now_ns);
  if (!input_checks(conn, now_ns, segment)) {
    return FALSE;
  }
  tcp_options_read(conn, segment);
  if (!(segment->flags & TCP_ACK) || !input_ack(conn, now_ns, segment)) {
    return FALSE;
  }
  if (segment->length > 0 || (segment->flags & TCP_FIN)) {
    tcp_receive_segment(conn, now_ns, segment);
  }
  return TRUE;
}

/* Before there is a connection. */
static void
input_first(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if (conn->state == TCP_SYN_SENT) {
    input_syn_sent(conn, now_ns, segment);
  } else if (conn->passive && conn->end == TCP_END_NONE) {
    input_listen(conn, now_ns, segment);
  }
}

/* FALSE: that was all. */
static SELDOM gboolean
input_any(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if (conn->state >= TCP_SYN_RECEIVED) {
    return input_synchronized(conn, now_ns, segment);
  }
  input_first(conn, now_ns, segment);
  return FALSE;
}

/* Header prediction: what comes mostly is the next text, or an ACK alone, on a connection that
 * stands and of which nothing is lost; then nothing needs to be looked at but the acknowledgement.
 */
static inline gboolean
is_next(const TcpConn *conn, const TcpSegment *segment)
{
  return tcp_conn_calm(conn) && (segment->flags & ~TCP_PSH) == TCP_ACK &&
         segment->sack_count == 0 && segment->seq == conn->rcv_nxt &&
         segment->seq + segment->length <= conn->offered;
}

void
tcp_conn_input(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  const guint64 old_una = conn->una;
  if (is_next(conn, segment) && tcp_recovery_predicted(conn, now_ns, segment)) {
    tcp_alive_heard(conn, now_ns);
    tcp_options_read(conn, segment);
    update_window(conn, segment, old_una);
    if (segment->length > 0) {
      tcp_receive_next(conn, now_ns, segment);
    }
  } else if (!input_any(conn, now_ns, segment)) {
    return;
  }
  tcp_send_commit(conn, now_ns);
  tcp_acking_decide(conn, now_ns);
}
