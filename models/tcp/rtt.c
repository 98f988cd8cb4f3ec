#include "models/tcp/conn-private.h"

/* RFC 6298 5.7, and TCP_TIMEOUT_FALLBACK of Linux. */
#define FALLBACK_NS G_GINT64_CONSTANT(3000000000)

#define MS G_GINT64_CONSTANT(1000000)
#define MIN_WINDOW_NS (300 * 1000 * MS)

/* Something was acknowledged, be it what was sent twice: a fixed time-out forgets its back-off. */
void
tcp_rtt_progress(TcpConn *conn)
{
  if (conn->config->rto_rule == TCP_RTO_RULE_FIXED) {
    conn->rto_ns = conn->config->rto_initial_ns;
  }
}

/* RFC 6298 2.2, 2.3: SRTT = R, RTTVAR = R/2; then beta = 1/4, alpha = 1/8, RTTVAR first. Virtual
 * time has no clock granularity, so G is one nanosecond. */
static void
sample_rfc6298(TcpConn *conn, gint64 sample_ns)
{
  if (conn->srtt8 == 0) {
    conn->srtt8 = 8 * sample_ns;
    conn->rttvar4 = 2 * sample_ns;
  } else {
    gint64 error_ns = sample_ns - conn->srtt8 / 8;
    conn->rttvar4 += ABS(error_ns) - conn->rttvar4 / 4;
    conn->srtt8 += error_ns;
  }
  gint64 rto_ns = conn->srtt8 / 8 + MAX(conn->rttvar4, 1);
  conn->rto_ns = CLAMP(rto_ns, conn->config->rto_min_ns, conn->config->rto_max_ns);
  tcp_rtt_progress(conn);
}

/* The mean deviation of Linux: a sample below the mean counts an eighth, else a sudden fall of
 * the RTT would raise the time-out (the comment on Eifel in tcp_rtt_estimator()). */
static void
update_mdev(TcpConn *conn, gint64 error_ns)
{
  gint64 step_ns = ABS(error_ns) - (conn->mdev4 >> 2);
  if (error_ns < 0 && step_ns > 0) {
    step_ns /= 8;
  }
  conn->mdev4 += step_ns;
}

/* tcp_rtt_estimator() of net/ipv4/tcp_input.c: RTTVAR rises at once to the largest deviation,
 * but falls only once per window, a quarter of the way towards the largest of that window;
 * rto_min is the floor of the deviation and not of the sum, hence RTO >= SRTT + rto_min. */
static void
sample_linux(TcpConn *conn, gint64 sample_ns)
{
  const gint64 floor_ns = conn->config->rto_min_ns;
  if (conn->srtt8 == 0) {
    conn->srtt8 = 8 * sample_ns;
    conn->mdev4 = 2 * sample_ns;
    conn->rttvar4 = conn->mdev4_max = MAX(conn->mdev4, floor_ns);
    conn->rtt_seq = tcp_send_seq(conn, conn->unsent);
  } else {
    gint64 error_ns = sample_ns - (conn->srtt8 >> 3);
    conn->srtt8 += error_ns;
    update_mdev(conn, error_ns);
    conn->mdev4_max = MAX(conn->mdev4_max, conn->mdev4);
    conn->rttvar4 = MAX(conn->rttvar4, conn->mdev4_max);
    if (conn->una > conn->rtt_seq) {
      conn->rttvar4 -= (conn->rttvar4 - conn->mdev4_max) >> 2;
      conn->rtt_seq = tcp_send_seq(conn, conn->unsent);
      conn->mdev4_max = floor_ns;
    }
  }
  gint64 rto_ns = tcp_timer_ceil(conn, (conn->srtt8 >> 3) + conn->rttvar4);
  conn->rto_ns = MIN(rto_ns, conn->config->rto_max_ns);
}

static void
take_sample(TcpConn *conn, gint64 sample_ns)
{
  sample_ns = MAX(sample_ns, 1);
  if (tcp_conn_linux(conn)) {
    sample_linux(conn, sample_ns);
  } else {
    sample_rfc6298(conn, sample_ns);
  }
}

/* tcp_update_rtt_min(): the least of five minutes, tcp_min_rtt_wlen. */
static void
update_min(TcpConn *conn, gint64 now_ns, gint64 sample_ns)
{
  if (conn->min_rtt_ns == 0 || sample_ns <= conn->min_rtt_ns ||
      now_ns - conn->min_rtt_at_ns > MIN_WINDOW_NS) {
    conn->min_rtt_ns = MAX(sample_ns, 1);
    conn->min_rtt_at_ns = now_ns;
  }
}

static inline __attribute__((always_inline)) void
sample(TcpConn *conn, gint64 now_ns, gint64 first_ns, gint64 last_ns)
{
  update_min(conn, now_ns, last_ns);
  tcp_congestion_sample(conn, now_ns, last_ns);
  take_sample(conn, first_ns);
}

/* A segment that went once was acknowledged, alone. */
void
tcp_rtt_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns)
{
  sample(conn, now_ns, rtt_ns, rtt_ns);
}

/* tcp_ack_update_rtt(): of what was sent once, the oldest that this ACK acknowledges, else the
 * oldest that it SACKs; where all was sent twice only time stamps can tell (Karn; RFC 7323,
 * section 4.1). FALSE: no sample. */
SELDOM gboolean
tcp_rtt_acked(TcpConn *conn, const TcpAck *ack)
{
  gint64 first_ns = TCP_NEVER, last_ns = TCP_NEVER;
  if (ack->first_sacked_ns != TCP_NEVER) {
    first_ns = ack->first_sacked_ns;
    last_ns = ack->last_sacked_ns;
  }
  if (ack->first_acked_ns != TCP_NEVER && !ack->retransmitted) {
    last_ns = first_ns == TCP_NEVER ? ack->last_acked_ns : last_ns;
    first_ns = ack->first_acked_ns;
  }
  if (first_ns != TCP_NEVER) {
    first_ns = ack->now_ns - first_ns;
    last_ns = ack->now_ns - last_ns;
  } else if (ack->packets > 0 && ack->ts_echo != 0) {
    first_ns = (gint32)(tcp_conn_timestamp(ack->now_ns) - ack->ts_echo) * MS;
    last_ns = first_ns = MAX(first_ns, MS);
  } else {
    return FALSE;
  }
  sample(conn, ack->now_ns, first_ns, last_ns);
  return TRUE;
}

/* RFC 6298 5.7: the SYN timed out, so the initial RTO may be below the RTT of this path: data
 * begin with 3 s. Linux (tcp_init_metrics()) does so whenever the handshake gave no sample. */
void
tcp_rtt_unmeasured(TcpConn *conn)
{
  if (tcp_conn_linux(conn)) {
    conn->rto_ns = FALLBACK_NS;
  } else if (conn->config->rto_rule == TCP_RTO_RULE_FIXED) {
    tcp_rtt_progress(conn);
  } else if (conn->counters.timeouts > 0 && conn->config->rto_initial_ns < FALLBACK_NS) {
    conn->rto_ns = FALLBACK_NS;
  }
}

/* RFC 6298 5.5; kept until the next sample (Karn). */
void
tcp_rtt_back_off(TcpConn *conn)
{
  gint64 rto_ns = (gint64)(conn->config->rto_backoff * conn->rto_ns);
  conn->rto_ns = MIN(rto_ns, conn->config->rto_max_ns);
}
