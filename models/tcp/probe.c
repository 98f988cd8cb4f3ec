#include "models/tcp/conn-private.h"

/* Until the time-out of the oldest segment, tcp_rto_delta_us(); not positive: it is due. */
static gint64
rto_left_ns(const TcpConn *conn, gint64 now_ns)
{
  return tcp_conn_sent(conn, conn->head)->sent_ns + conn->rto_ns - now_ns;
}

/* RFC 8985 7.2; tcp_schedule_loss_probe(): while something is in flight, a probe goes where nothing
 * is amiss. */
static inline gboolean
probes(const TcpConn *conn)
{
  return conn->ca == TCP_CA_OPEN && conn->config->tlp;
}

/* After two round trips without an ACK, or a little later if the peer may be delaying it because a
 * single segment is out; not after the time-out, in rto_ns if that is positive. */
static inline gint64
probe_delay_ns(const TcpConn *conn, gboolean single, gint64 rto_ns)
{
  const TcpConfig *config = conn->config;
  gint64 wait_ns = config->rto_initial_ns;
  if (conn->srtt8 > 0) {
    wait_ns = (conn->srtt8 >> 2) + (single ? config->rto_min_ns : TCP_TIMER_SLACK_NS);
  }
  return rto_ns > 0 ? MIN(wait_ns, rto_ns) : wait_ns;
}

/* tcp_rearm_rto(): a whole time-out from now; in the place of a probe or of the reordering timer
 * what is left of it for the oldest segment. */
static gint64
rearm_delay_ns(const TcpConn *conn, gint64 now_ns)
{
  gboolean replaces = conn->timer == TCP_TIMER_PROBE || conn->timer == TCP_TIMER_REORDER;
  return replaces ? MAX(rto_left_ns(conn, now_ns), 1) : conn->rto_ns;
}

void
tcp_probe_rearm(TcpConn *conn, gint64 now_ns)
{
  if (conn->head == conn->unsent) {
    tcp_conn_set_timer(conn, TCP_TIMER_OFF, TCP_NEVER);
  } else {
    tcp_timer_start(conn, TCP_TIMER_RETRANSMIT, now_ns, rearm_delay_ns(conn, now_ns));
  }
}

/* Others are in flight. */
static SELDOM void
data_sent_behind(TcpConn *conn, gint64 now_ns)
{
  gint64 delay_ns = probe_delay_ns(conn, FALSE, rto_left_ns(conn, now_ns));
  if (conn->timer == TCP_TIMER_PROBE) {
    tcp_timer_move(conn, TCP_TIMER_PROBE, now_ns, rearm_delay_ns(conn, now_ns), delay_ns);
  } else {
    tcp_timer_start(conn, TCP_TIMER_PROBE, now_ns, delay_ns);
  }
}

/* New data went: tcp_event_new_data_sent(), which rearms the time-out if they are the oldest or a
 * probe was waiting, and the end of tcp_write_xmit(), which puts the probe in its place. If they
 * are the oldest, they are all that is in flight, and the whole time-out is left. */
inline void
tcp_probe_data_sent(TcpConn *conn, gint64 now_ns, gboolean oldest)
{
  if (!probes(conn)) {
    if (oldest || conn->timer == TCP_TIMER_PROBE) {
      tcp_probe_rearm(conn, now_ns);
    }
  } else if (oldest) {
    gint64 delay_ns = probe_delay_ns(conn, TRUE, conn->rto_ns);
    tcp_timer_move(conn, TCP_TIMER_PROBE, now_ns, conn->rto_ns, delay_ns);
  } else {
    data_sent_behind(conn, now_ns);
  }
}

/* tcp_set_xmit_timer(): after progress, which starts the time-out anew. */
inline void
tcp_probe_set_timer(TcpConn *conn, gint64 now_ns)
{
  if (conn->head == conn->unsent) {
    tcp_conn_set_timer(conn, TCP_TIMER_OFF, TCP_NEVER);
  } else if (probes(conn)) {
    gboolean single = tcp_conn_packets_out(conn) == 1;
    tcp_timer_start(conn, TCP_TIMER_PROBE, now_ns, probe_delay_ns(conn, single, conn->rto_ns));
  } else {
    tcp_probe_rearm(conn, now_ns);
  }
}

/* RFC 8985 7.3; tcp_send_loss_probe(): new data if there are any and the peer has room, whatever
 * the congestion window says; else the last segment again. One probe, then the time-out. */
void
tcp_probe_timeout(TcpConn *conn, gint64 now_ns)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  if (loss->probe_end == 0) {
    loss->probe_repeats = !tcp_send_force(conn);
    conn->probe_old = loss->probe_repeats;
    conn->probe_new = !loss->probe_repeats;
    loss->probe_end = tcp_send_seq(conn, conn->tail);
    conn->timer = TCP_TIMER_OFF;
  }
  tcp_probe_rearm(conn, now_ns);
}

/* RFC 8985 7.4.2; tcp_process_tlp_ack(). A probe that repeated a segment, and is acknowledged
 * without a sign that the original came too, has mended a loss: that costs the window as a fast
 * recovery would; then TRUE. */
gboolean
tcp_probe_acked(TcpConn *conn, const TcpAck *ack)
{
  TcpLoss *loss = conn->loss;
  if (loss->probe_end == 0 || ack->ack < loss->probe_end) {
    return FALSE;
  }
  if (!loss->probe_repeats || ack->probe_dsack) {
    loss->probe_end = 0;
  } else if (ack->ack > loss->probe_end) {
    tcp_prr_start(conn);
    conn->cwnd = conn->ssthresh;
    return TRUE;
  } else if (ack->packets == 0 && ack->ack == ack->old_una && !ack->informs && !ack->sacked) {
    loss->probe_end = 0; /* a mere duplicate: both came */
  }
  return FALSE;
}
