#include "models/tcp/conn-private.h"

/* include/net/tcp.h, TCP_RTO_MIN. */
#define LINUX_RTO_BASE_NS G_GINT64_CONSTANT(200000000)

/* What an ACK took off the queue. */
typedef struct {
  guint32 packets;
  guint32 bytes;
  gint64 first_sent_ns; /* the oldest of them */
  gboolean ambiguous;   /* one was retransmitted: no RTT sample (Karn, RFC 6298 section 3) */
} Acked;

static Acked
pop_acked(TcpConn *conn, guint64 ack)
{
  Acked acked = {.bytes = ack - conn->una, .first_sent_ns = TCP_NEVER};
  for (; conn->head != conn->unsent; conn->head++) {
    TcpSent *sent = tcp_conn_sent(conn, conn->head);
    guint phantom = (sent->flags & (TCP_SYN | TCP_FIN)) != 0;
    if (sent->seq + sent->length + phantom > ack) {
      if (ack > sent->seq) { /* the peer's window ended within it */
        sent->length -= ack - sent->seq;
        sent->seq = ack;
      }
      break;
    }
    acked.packets++;
    acked.ambiguous |= sent->transmissions > 1;
    acked.first_sent_ns = MIN(acked.first_sent_ns, sent->sent_ns);
  }
  if ((gint32)(conn->rexmit - conn->head) < 0) {
    conn->rexmit = conn->head;
  }
  if ((gint32)(conn->loss_end - conn->rexmit) < 0) {
    conn->loss_end = conn->rexmit;
  }
  return acked;
}

static void
mark_head_lost(TcpConn *conn)
{
  conn->rexmit = conn->head;
  conn->loss_end = conn->head + 1;
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
tcp_recovery_acked(TcpConn *conn, gint64 now_ns, guint64 ack)
{
  Acked acked = pop_acked(conn, ack);
  guint32 units = tcp_conn_linux(conn) ? acked.packets : acked.bytes;
  gboolean timer_held = FALSE;
  conn->una = ack;
  conn->retries = 0;
  conn->dup_acks = 0;
  tcp_stream_advance_acked(conn->tx, MIN(ack, tcp_stream_end(conn->tx)));
  if (acked.packets > 0 && !acked.ambiguous) {
    tcp_rtt_sample(conn, now_ns - acked.first_sent_ns);
    tcp_congestion_sample(conn, now_ns, now_ns - acked.first_sent_ns);
  }
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
    tcp_conn_set_timer(conn, TCP_TIMER_RETRANSMIT, now_ns + conn->rto_ns);
  }
  tcp_send_release(conn);
}

/* RFC 5681 3.2, with the caution of RFC 6582 3.2 step 2: duplicates of what `recover` covers may
 * come from needless retransmissions and start nothing. */
void
tcp_recovery_duplicate(TcpConn *conn, gint64 now_ns)
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
    tcp_conn_set_timer(conn, TCP_TIMER_RETRANSMIT, now_ns + conn->rto_ns);
  }
}

/* tcp_model_timeout(): tcp_retries2 is not a count but the time that so many time-outs would take
 * if they began at 200 ms; 15 of them take 924.6 s. */
static gint64
linux_patience_ns(const TcpConfig *config)
{
  guint doublings = g_bit_storage(MAX(config->rto_max_ns / LINUX_RTO_BASE_NS, 1)) - 1;
  guint exponential = MIN(config->data_retries, doublings);
  guint linear = config->data_retries - exponential;
  return ((G_GINT64_CONSTANT(2) << exponential) - 1) * LINUX_RTO_BASE_NS +
         linear * config->rto_max_ns;
}

static gboolean
patience_ends(const TcpConn *conn, gint64 now_ns)
{
  const TcpConfig *config = conn->config;
  if (conn->state == TCP_SYN_SENT) {
    return conn->retries >= config->syn_retries;
  }
  if (conn->state == TCP_SYN_RECEIVED) {
    return conn->retries >= config->synack_retries;
  }
  if (tcp_conn_linux(conn)) { /* retransmits_timed_out() */
    return conn->retries > 0 && now_ns - conn->retry_start_ns >= linux_patience_ns(config);
  }
  return conn->retries >= config->data_retries;
}

/* RFC 6298 5.4 to 5.6, RFC 5681 3.1; tcp_write_timeout(), tcp_enter_loss(). Everything in flight
 * is taken as lost and goes again as the window opens from one segment. */
void
tcp_recovery_timeout(TcpConn *conn, gint64 now_ns)
{
  if (patience_ends(conn, now_ns)) {
    tcp_conn_finish(conn, TCP_END_TIMEOUT);
    return;
  }
  mark_head_lost(conn);
  if (conn->state >= TCP_ESTABLISHED) {
    tcp_congestion_timeout(conn);
    conn->ca = TCP_CA_LOSS;
    conn->loss_end = conn->unsent;
    conn->recover = tcp_send_seq(conn, conn->unsent);
  }
  if (conn->retries == 0) {
    conn->retry_start_ns = now_ns;
  }
  conn->retries = MIN(conn->retries + 1, G_MAXUINT8);
  conn->dup_acks = 0;
  conn->counters.timeouts++;
  tcp_rtt_back_off(conn);
  tcp_conn_set_timer(conn, TCP_TIMER_RETRANSMIT, now_ns + conn->rto_ns);
}
