#include "models/tcp/conn-private.h"

/* tcp_init_cwnd_reduction(). */
void
tcp_prr_start(TcpConn *conn)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  conn->recover = tcp_send_seq(conn, conn->unsent);
  loss->probe_end = 0;
  loss->prior_cwnd = conn->cwnd;
  loss->prr_delivered = loss->prr_out = 0;
  conn->cwnd_count = 0;
  conn->ssthresh = tcp_congestion_ssthresh(conn);
  if (!conn->config->prr) {
    conn->cwnd = conn->ssthresh;
  }
}

/* RFC 6937; tcp_cwnd_reduction(): as long as more is in flight than ssthresh, a segment goes for
 * each that was delivered times ssthresh / cwnd; below it, as many as were delivered, and one more
 * when the ACK moved on and told of no loss. The first retransmission always goes. */
void
tcp_prr_acked(TcpConn *conn, const TcpAck *ack, guint32 delivered, guint32 lost)
{
  TcpLoss *loss = conn->loss;
  if (!conn->config->prr || delivered == 0 || loss->prior_cwnd == 0) {
    return;
  }
  gint64 unit = tcp_congestion_cost(conn, conn->mss);
  gint64 in_flight = tcp_congestion_in_flight(conn);
  gint64 room = conn->ssthresh - in_flight;
  gint64 send;
  loss->prr_delivered += delivered;
  if (room < 0) {
    guint64 share = (guint64)conn->ssthresh * loss->prr_delivered + loss->prior_cwnd - 1;
    send = ((gint64)(share / loss->prior_cwnd) - loss->prr_out) * unit;
  } else {
    send = MAX((gint64)loss->prr_delivered - loss->prr_out, (gint64)delivered);
    if (ack != NULL && ack->ack > ack->old_una && lost == 0) {
      send++;
    }
    send = MIN(send * unit, room);
  }
  send = MAX(send, loss->prr_out > 0 ? 0 : unit);
  conn->cwnd = MAX(in_flight + send, unit);
}

/* tcp_end_cwnd_reduction(); a window that was restored stays. */
void
tcp_prr_end(TcpConn *conn)
{
  if (conn->ssthresh < G_MAXUINT32 && conn->loss->undo_marker != 0) {
    conn->cwnd = conn->ssthresh;
  }
}
