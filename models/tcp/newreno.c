#include "models/tcp/conn-private.h"

static void
mark_head_lost(TcpConn *conn)
{
  conn->rexmit = conn->head;
  conn->loss_end = conn->head + 1;
  conn->lost = TRUE;
}

/* RFC 6582 3.2 step 3. TRUE: the retransmission timer is to be left alone, which with the RFC is
 * so from the second partial ACK on; Linux restarts it with each ("slow but steady"). */
static gboolean
acked_in_recovery(TcpConn *conn, guint32 acked)
{
  if (conn->una >= conn->recover) {
    conn->ca = TCP_CA_OPEN;
    tcp_congestion_leave_recovery(conn);
    return FALSE;
  }
  tcp_congestion_partial(conn, acked);
  mark_head_lost(conn);
  gboolean held = conn->timer_held && !tcp_conn_linux(conn);
  conn->timer_held = TRUE;
  return held;
}

/* ack: beyond una, not beyond what was transmitted. */
void
tcp_newreno_acked(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  TcpAck ack;
  tcp_ack_init(&ack, now_ns, conn, segment);
  tcp_scoreboard_pop(conn, &ack);
  guint32 units = tcp_conn_linux(conn) ? ack.packets : ack.bytes;
  gboolean timer_held = FALSE;
  conn->retries = 0;
  tcp_rtt_progress(conn);
  conn->dup_acks = 0;
  tcp_rtt_acked(conn, &ack);
  if (conn->ca == TCP_CA_RECOVERY) {
    timer_held = acked_in_recovery(conn, units);
  } else {
    tcp_congestion_grow(conn, now_ns, units);
    if (conn->ca == TCP_CA_LOSS && conn->una >= conn->recover) {
      conn->ca = TCP_CA_OPEN;
    }
  }
  if (conn->head == conn->unsent) { /* RFC 6298 5.2, 5.3 */
    tcp_conn_set_timer(conn, TCP_TIMER_OFF, TCP_NEVER);
  } else if (!timer_held) {
    tcp_timer_start(conn, TCP_TIMER_RETRANSMIT, now_ns, conn->rto_ns);
  }
  tcp_send_release(conn);
}

/* RFC 5681 3.2, with the caution of RFC 6582 3.2 step 2: duplicates of what `recover` covers may
 * come from needless retransmissions and start nothing. */
void
tcp_newreno_duplicate(TcpConn *conn, gint64 now_ns)
{
  if (conn->ca == TCP_CA_RECOVERY) {
    tcp_congestion_inflate(conn);
    return;
  }
  if (conn->una <= conn->recover) {
    return;
  }
  if (++conn->dup_acks < conn->config->dup_acks) {
    return;
  }
  conn->dup_acks = 0;
  conn->recover = tcp_send_seq(conn, conn->unsent);
  conn->timer_held = FALSE;
  conn->counters.fast_retransmits++;
  tcp_congestion_enter_recovery(conn);
  conn->ca = TCP_CA_RECOVERY;
  mark_head_lost(conn);
  if (tcp_conn_linux(conn)) { /* tcp_xmit_retransmit_queue() restarts the timer with the head */
    tcp_timer_start(conn, TCP_TIMER_RETRANSMIT, now_ns, conn->rto_ns);
  }
}

/* RFC 5681 3.1; tcp_enter_loss(). Everything in flight is taken as lost and goes again as the
 * window opens from one segment. ssthresh is set by the first time-out of those in a row only;
 * Linux leaves it alone within a recovery that has already lowered it. During the handshake there
 * is only the SYN. */
void
tcp_newreno_timeout(TcpConn *conn)
{
  gboolean reduced = tcp_conn_linux(conn) && conn->ca == TCP_CA_RECOVERY;
  mark_head_lost(conn);
  if (conn->state < TCP_ESTABLISHED) {
    return;
  }
  conn->ca = TCP_CA_LOSS;
  conn->loss_end = conn->unsent;
  conn->recover = tcp_send_seq(conn, conn->unsent);
  tcp_congestion_timeout(conn, conn->retries == 0 && !reduced);
}
