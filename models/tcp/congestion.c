#include "models/tcp/conn-private.h"

/* One full-sized segment in the unit of the window. Linux counts packets whatever their length,
 * which for small messages is a far smaller window than the bytes of RFC 5681. */
static guint32
unit(const TcpConn *conn)
{
  return tcp_conn_linux(conn) ? 1 : conn->mss;
}

static gboolean
is_cubic(const TcpConn *conn)
{
  return conn->is_cubic;
}

void
tcp_congestion_start(TcpConn *conn, guint segments)
{
  conn->cwnd = MAX(segments, 1) * unit(conn);
  conn->ssthresh = G_MAXUINT32;
}

guint32
tcp_congestion_cost(const TcpConn *conn, guint32 bytes)
{
  return tcp_conn_linux(conn) ? 1 : bytes;
}

/* RFC 5681 FlightSize; after a time-out what is taken as lost is not in the network. In fast
 * recovery without SACK the window is inflated instead (RFC 6582), so the lost segment stays in the
 * count. */
guint32
tcp_congestion_in_flight(const TcpConn *conn)
{
  guint32 gone = conn->sacked_out + conn->lost_out; /* SACK only */
  guint32 packets = conn->tail - conn->head - gone + conn->retransmitted_out;
  gboolean sacks = tcp_conn_sacks(conn), lost = conn->ca == TCP_CA_LOSS && !sacks;
  if (tcp_conn_linux(conn)) { /* tcp_packets_in_flight() */
    return packets - (lost ? conn->loss_end - conn->rexmit : 0);
  }
  if (sacks) {
    return packets * conn->mss;
  }
  guint64 bytes = conn->committed - conn->una;
  if (lost) {
    bytes -= tcp_send_seq(conn, conn->loss_end) - tcp_send_seq(conn, conn->rexmit);
  }
  return bytes;
}

/* Limited transmit (RFC 3042): the first two duplicate ACKs let one new segment out each. With
 * nothing in flight a segment always goes, lest a window below one segment stop the connection. */
gboolean
tcp_congestion_allows(const TcpConn *conn, guint32 in_flight, guint32 bytes)
{
  guint64 window = conn->cwnd;
  if (conn->ca == TCP_CA_OPEN) {
    window += MIN(conn->dup_acks, 2) * unit(conn);
  }
  return in_flight == 0 || (guint64)in_flight + tcp_congestion_cost(conn, bytes) <= window;
}

/* Whether the window, and not the application, holds sending up: tcp_is_cwnd_limited(). */
static inline gboolean
is_limited(const TcpConn *conn)
{
  return conn->cwnd_limited || (conn->cwnd < conn->ssthresh && conn->cwnd / 2 < conn->max_out);
}

/* tcp_cwnd_application_limited(): a window that was not used for a time-out, by the clock of time
 * stamps, loses half of what was too much (RFC 2861, 3.1). Each ACK begins that time anew, so it is
 * the window of who writes into silence that shrinks. */
static G_GNUC_NO_INLINE void
shrink_unused(TcpConn *conn, gint64 now_ns)
{
  guint32 ticks = tcp_conn_timestamp(now_ns) - tcp_conn_timestamp(conn->cwnd_at_ns);
  if (!conn->config->idle_restart || ticks * TCP_CLOCK_TICK_NS < conn->rto_ns) {
    return;
  }
  guint32 used = MAX(conn->cwnd_used, conn->config->initial_window);
  if (conn->ca == TCP_CA_OPEN && used < conn->cwnd) {
    conn->ssthresh = MAX(conn->ssthresh, conn->cwnd / 2 + conn->cwnd / 4);
    conn->cwnd = (conn->cwnd + used) / 2;
  }
  conn->cwnd_used = 0;
  conn->cwnd_at_ns = now_ns;
}

/* Remembers the strongest sign within a window that the window, and not the application, held
 * sending up: tcp_cwnd_validate() of Linux; the idea is that of RFC 7661. */
inline void
tcp_congestion_validate(TcpConn *conn, gint64 now_ns, gboolean limited)
{
  const gboolean packets = tcp_conn_linux(conn);
  const guint32 out = packets ? conn->tail - conn->head : conn->committed - conn->una;
  if (conn->una >= conn->cwnd_use_seq || limited || (!conn->cwnd_limited && out > conn->max_out)) {
    conn->cwnd_limited = limited;
    conn->max_out = out;
    conn->cwnd_use_seq = conn->committed;
  }
  if (!packets || is_limited(conn)) {
    conn->cwnd_used = 0;
    conn->cwnd_at_ns = now_ns;
    return;
  }
  if (out > conn->cwnd_used) {
    conn->cwnd_used = MIN(out, G_MAXUINT16);
  }
  if (now_ns - conn->cwnd_at_ns > conn->rto_ns - TCP_CLOCK_TICK_NS) { /* else it is too soon */
    shrink_unused(conn, now_ns);
  }
}

/* After an idle time longer than the RTO: RFC 5681 4.1 restarts from the initial window; Linux
 * (tcp_cwnd_restart()) halves the window per RTO down to that. */
void
tcp_congestion_restart(TcpConn *conn, gint64 now_ns)
{
  if (!conn->config->idle_restart) {
    return;
  }
  gint64 idle_ns = now_ns - conn->last_data_ns;
  guint32 restart = MIN(MAX(conn->config->initial_window, 1) * unit(conn), conn->cwnd);
  if (!tcp_conn_linux(conn)) {
    conn->cwnd = restart;
    return;
  }
  conn->ssthresh = MAX(conn->ssthresh, conn->cwnd / 2 + conn->cwnd / 4);
  while ((idle_ns -= conn->rto_ns) > 0 && conn->cwnd > restart) {
    conn->cwnd /= 2;
  }
  conn->cwnd = MAX(conn->cwnd, restart);
  conn->cwnd_used = 0;
  conn->cwnd_at_ns = now_ns;
  conn->cwnd_limited = FALSE;
  conn->cwnd_use_seq = conn->committed;
}

/* Congestion avoidance: one unit more for each count that is acknowledged (tcp_cong_avoid_ai()). */
static void
avoid(TcpConn *conn, guint32 count, guint32 acked)
{
  if (conn->cwnd_count >= count) { /* left over from when the steps were larger */
    conn->cwnd_count = 0;
    conn->cwnd += unit(conn);
  }
  conn->cwnd_count += acked;
  if (conn->cwnd_count >= count) {
    guint32 steps = conn->cwnd_count / count;
    conn->cwnd_count -= steps * count;
    conn->cwnd += steps * unit(conn);
  }
}

/* RFC 5681 3.1 and, for Linux, tcp_reno_cong_avoid() and cubictcp_cong_avoid(): an ACK for n
 * packets is worth n there, at most one SMSS here (eq. 2). */
static G_GNUC_NO_INLINE void
grow(TcpConn *conn, gint64 now_ns, guint32 acked)
{
  if (conn->cwnd < conn->ssthresh) {
    guint32 step = tcp_conn_linux(conn) ? acked : MIN(acked, conn->mss);
    step = MIN(step, conn->ssthresh - conn->cwnd);
    conn->cwnd += step;
    if (!tcp_conn_linux(conn) || (acked -= step) == 0) {
      return;
    }
  }
  avoid(conn, is_cubic(conn) ? tcp_cubic_count(conn, now_ns, acked) : conn->cwnd, acked);
}

/* A window that is not used does not grow (RFC 7661; tcp_is_cwnd_limited()). */
void
tcp_congestion_grow(TcpConn *conn, gint64 now_ns, guint32 acked)
{
  conn->cwnd_at_ns = now_ns;
  if (is_limited(conn)) {
    grow(conn, now_ns, acked);
  }
}

inline void
tcp_congestion_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns)
{
  if (is_cubic(conn)) {
    tcp_cubic_sample(conn, now_ns, rtt_ns);
  }
}

/* What a loss makes of the window. RFC 5681 eq. 4, from what is in flight; Linux
 * (tcp_reno_ssthresh()) halves the window itself. */
guint32
tcp_congestion_ssthresh(TcpConn *conn)
{
  if (is_cubic(conn)) {
    return tcp_cubic_ssthresh(conn);
  }
  guint32 base = tcp_conn_linux(conn) ? conn->cwnd : (guint32)(conn->committed - conn->una);
  return MAX(base / 2, 2 * unit(conn));
}

/* RFC 5681 3.2 steps 2, 3. */
void
tcp_congestion_enter_recovery(TcpConn *conn)
{
  conn->ssthresh = tcp_congestion_ssthresh(conn);
  conn->cwnd = conn->ssthresh + conn->config->dup_acks * unit(conn);
  conn->cwnd_count = 0;
}

/* RFC 5681 3.2 step 4: each further duplicate ACK is a segment that left the network. */
void
tcp_congestion_inflate(TcpConn *conn)
{
  conn->cwnd += unit(conn);
}

/* RFC 6582 3.2 step 3, partial ACK: deflate by what was acknowledged, add one segment back. */
void
tcp_congestion_partial(TcpConn *conn, guint32 acked)
{
  conn->cwnd -= MIN(acked, conn->cwnd);
  if (acked >= unit(conn)) {
    conn->cwnd += unit(conn);
  }
  conn->cwnd = MAX(conn->cwnd, unit(conn));
}

/* RFC 6582 3.2 step 3, full ACK: the first, cautious option, which cannot burst; Linux ends at
 * ssthresh. */
void
tcp_congestion_leave_recovery(TcpConn *conn)
{
  guint32 in_flight = conn->committed - conn->una;
  conn->cwnd = conn->ssthresh;
  if (!tcp_conn_linux(conn)) {
    conn->cwnd = MIN(conn->ssthresh, MAX(in_flight, conn->mss) + conn->mss);
  }
}

/* RFC 5681 3.1: room for one segment, the first of those that are taken as lost. */
void
tcp_congestion_timeout(TcpConn *conn, gboolean reduces)
{
  if (reduces) {
    conn->ssthresh = tcp_congestion_ssthresh(conn);
  }
  conn->cwnd = tcp_congestion_in_flight(conn) + unit(conn);
  conn->cwnd_count = 0;
  tcp_cubic_timeout(conn);
}
