#include "models/tcp/conn-private.h"

/* The window is about to be reduced: from here on, what shows that it was needless is counted
 * (tcp_init_undo()). */
void
tcp_undo_start(TcpConn *conn)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  loss->undo_marker = conn->una;
  loss->undo_retransmitted = conn->retransmitted_out;
  loss->undo_retransmitted += loss->probe_end != 0 && loss->probe_repeats;
  if (loss->undo_retransmitted == 0) {
    loss->undo_retransmitted = -1; /* 0 would mean: all were needless */
  }
}

/* tcp_retransmit_skb(). */
void
tcp_undo_retransmitted(TcpConn *conn, gint64 now_ns)
{
  TcpLoss *loss = conn->loss;
  if (loss->retransmit_ts == 0) {
    loss->retransmit_ts = tcp_conn_timestamp(now_ns);
  }
  loss->undo_retransmitted = MAX(loss->undo_retransmitted, 0) + 1;
}

/* tcp_any_retrans_done(). */
gboolean
tcp_undo_retransmission_done(const TcpConn *conn)
{
  return conn->retransmitted_out > 0 ||
         (conn->head != conn->unsent && tcp_conn_sent(conn, conn->head)->transmissions > 1);
}

/* tcp_undo_cwnd_reduction(), tcp_reno_undo_cwnd(). unmark: nothing is lost after all. */
void
tcp_undo_reduction(TcpConn *conn, gboolean unmark)
{
  TcpLoss *loss = conn->loss;
  if (unmark) {
    tcp_scoreboard_unmark_lost(conn);
  }
  if (loss->prior_ssthresh != 0) {
    conn->cwnd = MAX(conn->cwnd, loss->prior_cwnd);
    conn->ssthresh = MAX(conn->ssthresh, loss->prior_ssthresh);
  }
  loss->undo_marker = 0;
  conn->rack_advanced = TRUE; /* what is lost is to be judged anew */
}

/* Eifel (RFC 3522), tcp_packet_delayed(): the echo is older than the first retransmission, so it
 * was an original that came; or nothing was retransmitted. */
gboolean
tcp_undo_packet_delayed(const TcpConn *conn, const TcpAck *ack)
{
  guint32 first = conn->loss->retransmit_ts;
  return first == 0 || (ack->ts_echo != 0 && (gint32)(ack->ts_echo - first) < 0);
}

/* tcp_may_undo(). */
gboolean
tcp_undo_possible(const TcpConn *conn, const TcpAck *ack)
{
  const TcpLoss *loss = conn->loss;
  return conn->config->undo && loss->undo_marker != 0 &&
         (loss->undo_retransmitted == 0 || tcp_undo_packet_delayed(conn, ack));
}

/* tcp_try_undo_dsack() (RFC 3708): D-SACKs have answered each retransmission. */
gboolean
tcp_undo_by_dsack(TcpConn *conn)
{
  TcpLoss *loss = conn->loss;
  if (!conn->config->undo || loss->undo_marker == 0 || loss->undo_retransmitted != 0) {
    return FALSE;
  }
  loss->reorder_persist = MIN(loss->reorder_persist + 1, 16);
  tcp_undo_reduction(conn, FALSE);
  return TRUE;
}
