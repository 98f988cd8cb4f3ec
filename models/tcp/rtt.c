#include "models/tcp/conn-private.h"

/* RFC 6298 5.7, and TCP_TIMEOUT_FALLBACK of Linux. */
#define FALLBACK_NS G_GINT64_CONSTANT(3000000000)

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
}

/* The mean deviation of Linux: a sample below the mean counts an eighth, else a sudden fall of
 * the RTT would raise the time-out (the comment on Eifel in tcp_rtt_estimator()). */
static void
update_mdev(TcpConn *conn, gint64 error_ns)
{
  gint64 step_ns = ABS(error_ns) - conn->mdev4 / 4;
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
  guint64 snd_nxt = tcp_send_seq(conn, conn->unsent);
  if (conn->srtt8 == 0) {
    conn->srtt8 = 8 * sample_ns;
    conn->mdev4 = 2 * sample_ns;
    conn->rttvar4 = conn->mdev4_max = MAX(conn->mdev4, floor_ns);
    conn->rtt_seq = snd_nxt;
  } else {
    gint64 error_ns = sample_ns - conn->srtt8 / 8;
    conn->srtt8 += error_ns;
    update_mdev(conn, error_ns);
    conn->mdev4_max = MAX(conn->mdev4_max, conn->mdev4);
    conn->rttvar4 = MAX(conn->rttvar4, conn->mdev4_max);
    if (conn->una > conn->rtt_seq) {
      conn->rttvar4 -= (conn->rttvar4 - conn->mdev4_max) / 4;
      conn->rtt_seq = snd_nxt;
      conn->mdev4_max = floor_ns;
    }
  }
  conn->rto_ns = MIN(conn->srtt8 / 8 + conn->rttvar4, conn->config->rto_max_ns);
}

void
tcp_rtt_sample(TcpConn *conn, gint64 sample_ns)
{
  sample_ns = MAX(sample_ns, 1);
  if (tcp_conn_linux(conn)) {
    sample_linux(conn, sample_ns);
  } else {
    sample_rfc6298(conn, sample_ns);
  }
}

/* RFC 6298 5.7: the SYN timed out, so the initial RTO may be below the RTT of this path: data
 * begin with 3 s. Linux (tcp_init_metrics()) does so whenever the handshake gave no sample. */
void
tcp_rtt_unmeasured(TcpConn *conn)
{
  if (tcp_conn_linux(conn)) {
    conn->rto_ns = FALLBACK_NS;
  } else if (conn->counters.timeouts > 0 && conn->config->rto_initial_ns < FALLBACK_NS) {
    conn->rto_ns = FALLBACK_NS;
  }
}

/* RFC 6298 5.5; kept until the next sample (Karn). */
void
tcp_rtt_back_off(TcpConn *conn)
{
  conn->rto_ns = MIN(2 * conn->rto_ns, conn->config->rto_max_ns);
}
