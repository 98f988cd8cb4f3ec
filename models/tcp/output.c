#include "models/tcp/conn-private.h"

/* What goes, and in which order: what is owed alone, what is lost, what is new; and how a segment
 * is written. */

static SELDOM void
fill_syn(TcpConn *conn, gint64 now_ns, TcpSegment *segment, guint64 seq)
{
  const gboolean first = conn->state == TCP_SYN_SENT;
  segment->seq = seq;
  segment->ack = first ? 0 : conn->rcv_nxt;
  segment->window = tcp_receive_window_unscaled(conn);
  segment->length = 0;
  segment->flags = first ? TCP_SYN : TCP_SYN | TCP_ACK;
  tcp_options_write_syn(conn, now_ns, segment);
  tcp_acking_sent(conn);
}

/* Every segment but the first SYN acknowledges, so it settles what was owed. */
static inline void
fill(TcpConn *conn, gint64 now_ns, TcpSegment *segment, guint64 seq, guint16 length, guint8 flags)
{
  segment->seq = seq;
  segment->ack = conn->rcv_nxt;
  segment->window = tcp_receive_window(conn);
  segment->length = length;
  segment->flags = flags | TCP_ACK;
  tcp_options_write(conn, now_ns, segment);
  tcp_acking_sent(conn);
}

static inline void
fill_from(TcpConn *conn, gint64 now_ns, TcpSegment *segment, const TcpSent *sent)
{
  if (sent->flags & TCP_SYN) {
    fill_syn(conn, now_ns, segment, sent->seq);
  } else {
    fill(conn, now_ns, segment, sent->seq, sent->length, sent->flags);
  }
}

/* Starts the timer, RFC 6298 5.1; with SACK as tcp_probe_data_sent() or tcp_xmit_retransmit_queue()
 * does. The probe has already set it. */
static void
start_timer(TcpConn *conn, gint64 now_ns, guint32 index, gboolean again)
{
  gboolean oldest = index == conn->head;
  if (!tcp_conn_sacks(conn)) {
    oldest = conn->timer != TCP_TIMER_RETRANSMIT;
  } else if (!again) {
    tcp_probe_data_sent(conn, now_ns, oldest);
    return;
  }
  if (oldest && conn->timer != TCP_TIMER_REORDER) {
    tcp_timer_start(conn, TCP_TIMER_RETRANSMIT, now_ns, tcp_alive_rto_ns(conn, now_ns));
  }
}

/* The segment at index goes; again: once more. */
static SELDOM void
note_segment(TcpConn *conn, gint64 now_ns, guint32 index, gboolean again)
{
  if (conn->ca == TCP_CA_RECOVERY && tcp_conn_sacks(conn)) {
    conn->loss->prr_out++;
  }
  if (conn->probe_old || conn->probe_new) {
    conn->probe_old = conn->probe_new = FALSE;
  } else {
    start_timer(conn, now_ns, index, again);
  }
}

static inline void
note_data(TcpConn *conn, gint64 now_ns)
{
  conn->counters.data_segments++;
  tcp_cubic_data_sent(conn, now_ns, !conn->probe_old);
  conn->last_data_ns = now_ns;
  tcp_acking_data_sent(conn, now_ns);
}

/* For captures and stories. */
static TcpAgain
why_again(const TcpConn *conn)
{
  if (conn->probe_old || conn->probe_new) {
    return TCP_AGAIN_PROBE;
  }
  return conn->ca == TCP_CA_LOSS || conn->state < TCP_ESTABLISHED ? TCP_AGAIN_TIMEOUT
                                                                  : TCP_AGAIN_RECOVERY;
}

static SELDOM gboolean
transmit_again(TcpConn *conn, gint64 now_ns, guint32 index, TcpSegment *segment)
{
  TcpSent *sent = tcp_conn_sent(conn, index);
  segment->again = why_again(conn);
  conn->counters.retransmissions++;
  if (sent->length > 0) {
    note_data(conn, now_ns);
  }
  sent->tags &= ~TCP_TAG_JUDGED;
  sent->transmissions = MIN(sent->transmissions + 1, G_MAXUINT8);
  sent->sent_ns = now_ns;
  note_segment(conn, now_ns, index, TRUE);
  fill_from(conn, now_ns, segment, sent);
  return TRUE;
}

static inline void
transmit_next(TcpConn *conn, gint64 now_ns, TcpSegment *segment)
{
  const guint32 index = conn->unsent++;
  TcpSent *sent = tcp_conn_sent(conn, index);
  if (conn->unsent == conn->tail) {
    conn->ready = FALSE;
  }
  segment->again = TCP_FIRST_TIME;
  if (sent->length > 0) {
    note_data(conn, now_ns);
  }
  sent->transmissions = 1;
  sent->sent_ns = now_ns;
  if (tcp_conn_calm(conn) && !conn->probe_old && !conn->probe_new) {
    tcp_probe_data_sent(conn, now_ns, index == conn->head);
  } else {
    note_segment(conn, now_ns, index, FALSE);
  }
  fill_from(conn, now_ns, segment, sent);
}

static G_GNUC_NO_INLINE gboolean
acknowledge(TcpConn *conn, gint64 now_ns, TcpSegment *segment, guint64 seq)
{
  segment->again = TCP_FIRST_TIME;
  fill(conn, now_ns, segment, seq, 0, 0);
  return TRUE;
}

/* A connection that was aborted has one last thing to say. */
static SELDOM gboolean
output_reset(TcpConn *conn, TcpSegment *segment)
{
  conn->reset_owed = FALSE;
  *segment = (TcpSegment){
      .seq = tcp_send_seq(conn, conn->unsent),
      .ack = conn->rcv_nxt,
      .flags = TCP_RST | TCP_ACK,
  };
  return TRUE;
}

/* What was taken as lost goes as the congestion window allows; in fast recovery without SACK at
 * once. */
static gboolean
find_lost(TcpConn *conn, guint32 *index)
{
  if (tcp_conn_sacks(conn)) {
    return !conn->rexmit_held &&
           tcp_congestion_allows(conn, tcp_congestion_in_flight(conn), conn->mss) &&
           tcp_scoreboard_next_lost(conn, index);
  }
  *index = conn->rexmit;
  return conn->ca != TCP_CA_LOSS ||
         tcp_congestion_allows(conn, tcp_congestion_in_flight(conn),
                               tcp_conn_sent(conn, conn->rexmit)->length);
}

/* Whether something taken as lost waits for retransmission: by its tags, or without SACK behind
 * rexmit. */
static G_GNUC_NO_INLINE gboolean
look_for_lost(TcpConn *conn, guint32 *index)
{
  gboolean behind = conn->rexmit != conn->loss_end && !tcp_conn_sacks(conn);
  conn->lost = conn->lost_out > 0 || behind;
  return (conn->lost_out > conn->retransmitted_out || behind) && find_lost(conn, index);
}

static inline gboolean
find_retransmission(TcpConn *conn, guint32 *index)
{
  return conn->lost && look_for_lost(conn, index);
}

/* Notes that it goes again; returns its index, which changes if it takes others along. */
static guint32
prepare_again(TcpConn *conn, gint64 now_ns, guint32 index)
{
  if (conn->config->collapse && conn->state >= TCP_ESTABLISHED) {
    index = tcp_scoreboard_collapse(conn, index);
    conn->loss_end = (gint32)(conn->loss_end - index) <= 0 ? index + 1 : conn->loss_end;
  }
  conn->rexmit = index + 1;
  if (tcp_conn_sacks(conn)) {
    tcp_conn_sent(conn, index)->tags |= TCP_TAG_RETRANSMITTED;
    conn->retransmitted_out++;
    tcp_undo_retransmitted(conn, now_ns);
  }
  return index;
}

/* Something is ready to go that will acknowledge, too. */
gboolean
tcp_output_due(TcpConn *conn)
{
  guint32 index;
  return conn->ready || conn->probe_old || find_retransmission(conn, &index);
}

gboolean
tcp_conn_due(const TcpConn *conn, gint64 now_ns)
{
  return conn->ack_first || conn->ack_now || conn->probe_owed || conn->probe_old ||
         conn->reset_owed || conn->uncut || conn->ready || conn->lost || conn->ack_ns <= now_ns;
}

/* What goes before new data, if anything does. */
static G_GNUC_NO_INLINE gboolean
output_before(TcpConn *conn, gint64 now_ns, TcpSegment *segment)
{
  if (conn->reset_owed) {
    return output_reset(conn, segment);
  }
  if (conn->ack_first) {
    return acknowledge(conn, now_ns, segment, tcp_send_seq(conn, conn->unsent));
  }
  if (conn->probe_owed) {
    conn->probe_owed = FALSE;
    return acknowledge(conn, now_ns, segment, conn->una - 1);
  }
  guint32 index;
  if (conn->probe_old && conn->head != conn->unsent) {
    return transmit_again(conn, now_ns, conn->unsent - 1, segment);
  }
  if (find_retransmission(conn, &index)) {
    return transmit_again(conn, now_ns, prepare_again(conn, now_ns, index), segment);
  }
  tcp_send_commit(conn, now_ns);
  return FALSE;
}

gboolean
tcp_conn_output(TcpConn *conn, gint64 now_ns, TcpSegment *segment)
{
  gboolean other = conn->ack_first || conn->probe_owed || conn->probe_old || conn->reset_owed ||
                   conn->uncut || conn->lost;
  if (other && output_before(conn, now_ns, segment)) {
    return TRUE;
  }
  if (conn->ready) {
    transmit_next(conn, now_ns, segment);
    return TRUE;
  }
  return (conn->ack_now || conn->ack_ns <= now_ns) &&
         acknowledge(conn, now_ns, segment, conn->committed);
}
