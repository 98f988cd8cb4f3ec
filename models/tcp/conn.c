#include "models/tcp/conn-private.h"

/* 2 MSL (RFC 9293 3.6.1); TCP_TIMEWAIT_LEN of Linux. */
#define TIME_WAIT_NS G_GINT64_CONSTANT(60000000000)

static TcpConn *
new_end(const TcpConfig *config, guint mss, gboolean nodelay, TcpStream *tx, TcpStream *rx)
{
  g_assert(mss > 0 && mss <= G_MAXUINT16);
  TcpConn *conn = g_new0(TcpConn, 1);
  conn->config = config;
  conn->tx = tx;
  conn->rx = rx;
  tcp_options_start(conn, mss);
  conn->rcv_mss = MIN(mss, TCP_DEFAULT_MSS); /* tcp_initialize_rcv_mss() */
  conn->is_linux = config->rto_rule == TCP_RTO_RULE_LINUX;
  conn->acks_linux = config->ack_rule == TCP_ACK_RULE_LINUX;
  conn->is_cubic = conn->is_linux && config->congestion == TCP_CUBIC;
  conn->nodelay = nodelay != FALSE;
  conn->rto_ns = config->rto_initial_ns;
  conn->timer_ns = conn->ack_ns = TCP_NEVER;
  tcp_timer_init(conn);
  conn->rcv_nxt = 1;
  conn->cwnd_at_ns = -TCP_CLOCK_ORIGIN_NS;
  conn->offered = 1 + MIN(config->receive_buffer, G_MAXUINT16);
  tcp_congestion_start(conn, config->initial_window);
  return conn;
}

TcpConn *
tcp_conn_new(const TcpConfig *config, guint mss, gboolean nodelay)
{
  return new_end(config, mss, nodelay, tcp_stream_new(), tcp_stream_new());
}

TcpConn *
tcp_conn_accept(const TcpConfig *config, guint mss, gboolean nodelay, TcpConn *opener)
{
  TcpConn *conn =
      new_end(config, mss, nodelay, tcp_stream_ref(opener->rx), tcp_stream_ref(opener->tx));
  conn->passive = TRUE;
  return conn;
}

void
tcp_conn_set_pool(TcpConn *conn, TcpPool *pool)
{
  tcp_stream_set_pool(conn->tx, pool);
  tcp_stream_set_pool(conn->rx, pool);
}

void
tcp_conn_free(TcpConn *conn)
{
  if (conn == NULL) {
    return;
  }
  tcp_stream_unref(conn->tx);
  tcp_stream_unref(conn->rx);
  g_free(conn->ring);
  g_free(conn->cubic);
  g_free(conn->alive);
  g_free(conn->buffers);
  tcp_early_free(conn);
  g_free(conn->loss);
  g_free(conn);
}

void
tcp_conn_set_timer(TcpConn *conn, TcpTimer timer, gint64 at_ns)
{
  conn->timer = timer;
  conn->timer_ns = at_ns;
}

/* Enters CLOSED. The queue's end stays known, an owed RST needs it; nothing else will go. */
void
tcp_conn_finish(TcpConn *conn, TcpEnd end)
{
  conn->committed = tcp_send_seq(conn, conn->unsent);
  conn->tail = conn->head;
  conn->ack_first = conn->ack_now = conn->ack_scheduled = FALSE;
  conn->probe_owed = conn->probe_old = FALSE;
  conn->uncut = conn->ready = conn->lost = FALSE;
  tcp_send_release(conn);
  tcp_early_free(conn);
  g_clear_pointer(&conn->cubic, g_free);
  g_clear_pointer(&conn->alive, g_free);
  conn->sacked_out = conn->lost_out = conn->retransmitted_out = 0;
  tcp_conn_set_timer(conn, TCP_TIMER_OFF, TCP_NEVER);
  conn->ack_ns = TCP_NEVER;
  conn->state = TCP_CLOSED;
  conn->end = end;
}

void
tcp_conn_time_wait(TcpConn *conn, gint64 now_ns)
{
  conn->state = TCP_TIME_WAIT;
  g_clear_pointer(&conn->alive, g_free);
  tcp_conn_set_timer(conn, TCP_TIMER_TIME_WAIT, now_ns + TIME_WAIT_NS);
}

void
tcp_conn_connect(TcpConn *conn, gint64 now_ns)
{
  g_assert(conn->state == TCP_CLOSED && conn->end == TCP_END_NONE && !conn->passive);
  conn->state = TCP_SYN_SENT;
  conn->last_data_ns = now_ns;
  tcp_send_enqueue(conn, 0, TCP_SYN);
}

/* The echo is that of our first SYN: those that followed were needless, as on any path of more than
 * a second (tcp_try_undo_spurious_syn()). */
static gboolean
first_syn_came(const TcpConn *conn, guint32 echo)
{
  return conn->config->undo && conn->timestamps_ok &&
         echo == tcp_conn_timestamp(conn->last_data_ns);
}

/* The handshake is done. More than one repetition of SYN or SYN-ACK: RFC 5681 3.1 takes it for
 * congestion and begins with one segment (one alone may have been needless, RFC 6928 section 2;
 * tcp_init_transfer()). */
void
tcp_conn_establish(TcpConn *conn, gint64 now_ns, guint32 echo)
{
  conn->state = TCP_ESTABLISHED;
  if (conn->srtt8 == 0) {
    tcp_rtt_unmeasured(conn);
  }
  if (conn->counters.retransmissions > 1 && !first_syn_came(conn, echo)) {
    tcp_congestion_start(conn, 1);
  }
  conn->last_data_ns = now_ns;
  tcp_alive_start(conn, now_ns);
  if (conn->closing) {
    conn->state = TCP_FIN_WAIT_1;
  }
}

void
tcp_conn_close(TcpConn *conn, gint64 now_ns)
{
  if (conn->closing || conn->state == TCP_CLOSED) {
    return;
  }
  conn->closing = conn->fin_waits = conn->uncut = TRUE;
  switch ((TcpState)conn->state) {
  case TCP_SYN_SENT: /* RFC 9293 3.10.4: nothing to end yet */
    tcp_conn_finish(conn, TCP_END_ABORTED);
    return;
  case TCP_ESTABLISHED:
    conn->state = TCP_FIN_WAIT_1;
    break;
  case TCP_CLOSE_WAIT:
    conn->state = TCP_LAST_ACK;
    break;
  default: /* SYN-RECEIVED: the FIN follows the handshake */
    break;
  }
  tcp_send_commit(conn, now_ns);
}

/* RFC 9293 3.10.5; where both sides have said FIN, or none has heard SYN, there is nothing to
 * reset. */
void
tcp_conn_abort(TcpConn *conn, gint64 now_ns)
{
  (void)now_ns;
  switch ((TcpState)conn->state) {
  case TCP_CLOSED:
    return;
  case TCP_SYN_RECEIVED:
  case TCP_ESTABLISHED:
  case TCP_FIN_WAIT_1:
  case TCP_FIN_WAIT_2:
  case TCP_CLOSE_WAIT:
    conn->reset_owed = TRUE;
    break;
  default:
    break;
  }
  tcp_conn_finish(conn, TCP_END_ABORTED);
}

void
tcp_conn_timeout(TcpConn *conn, gint64 now_ns)
{
  if (conn->ack_ns <= now_ns) {
    tcp_acking_timeout(conn);
  }
  tcp_alive_timeout(conn, now_ns);
  if (conn->timer_ns > now_ns) {
    return;
  }
  switch ((TcpTimer)conn->timer) {
  case TCP_TIMER_RETRANSMIT:
    tcp_recovery_timeout(conn, now_ns);
    break;
  case TCP_TIMER_PROBE:
    tcp_probe_timeout(conn, now_ns);
    break;
  case TCP_TIMER_REORDER:
    tcp_recovery_reorder_timeout(conn, now_ns);
    break;
  case TCP_TIMER_PERSIST:
    tcp_send_probe(conn, now_ns);
    break;
  case TCP_TIMER_TIME_WAIT:
    tcp_conn_finish(conn, TCP_END_NORMAL);
    break;
  case TCP_TIMER_OFF:
    g_assert_not_reached();
  }
}

gint64
tcp_conn_deadline(const TcpConn *conn)
{
  gint64 deadline_ns = MIN(conn->timer_ns, conn->ack_ns);
  return conn->alive == NULL ? deadline_ns : MIN(deadline_ns, tcp_alive_deadline(conn));
}

gsize
tcp_conn_room(const TcpConn *conn)
{
  if (conn->closing || conn->state == TCP_CLOSED) {
    return 0;
  }
  gsize held = tcp_stream_end(conn->tx) - tcp_stream_acked(conn->tx);
  gsize buffer = tcp_buffers_send(conn);
  return held < buffer ? buffer - held : 0;
}

guint8 *
tcp_conn_write_buffer(TcpConn *conn, gsize n)
{
  return tcp_stream_reserve(conn->tx, n);
}

/* First offset that is not readable: what came in order, without FIN. */
static inline guint64
readable_end(const TcpConn *conn)
{
  return conn->rcv_nxt - conn->fin_taken;
}

const guint8 *
tcp_conn_readable(const TcpConn *conn, gsize *n)
{
  guint64 needed = tcp_stream_needed(conn->rx);
  *n = readable_end(conn) - needed;
  return *n > 0 ? tcp_stream_bytes(conn->rx, needed) : NULL;
}

gsize
tcp_conn_untaken(const TcpConn *conn)
{
  return readable_end(conn) - tcp_stream_read(conn->rx);
}

/* The application has read as far as that. */
static inline void
read_to(TcpConn *conn, gint64 now_ns, guint64 offset)
{
  tcp_stream_advance_read(conn->rx, offset);
  if (conn->state >= TCP_ESTABLISHED) {
    tcp_buffers_read(conn, now_ns);
    tcp_acking_read(conn);
  }
}

void
tcp_conn_take(TcpConn *conn, gint64 now_ns, gsize n)
{
  g_assert(n <= tcp_conn_untaken(conn));
  if (n > 0) {
    read_to(conn, now_ns, tcp_stream_read(conn->rx) + n);
  }
}

void
tcp_conn_consumed(TcpConn *conn, gint64 now_ns, gsize n)
{
  guint64 needed = tcp_stream_needed(conn->rx);
  g_assert(n <= readable_end(conn) - needed);
  needed += n;
  if (needed > tcp_stream_read(conn->rx)) {
    read_to(conn, now_ns, needed);
  }
  tcp_stream_advance_needed(conn->rx, needed);
}

gboolean
tcp_conn_at_end(const TcpConn *conn)
{
  return conn->fin_taken && tcp_stream_read(conn->rx) == conn->rcv_fin;
}

TcpState
tcp_conn_state(const TcpConn *conn)
{
  return conn->state;
}

TcpEnd
tcp_conn_end(const TcpConn *conn)
{
  return conn->end;
}

gboolean
tcp_conn_established(const TcpConn *conn)
{
  return conn->state >= TCP_ESTABLISHED;
}

gint64
tcp_conn_srtt_ns(const TcpConn *conn)
{
  return conn->srtt8 / 8;
}

gint64
tcp_conn_rto_ns(const TcpConn *conn)
{
  return conn->rto_ns;
}

guint
tcp_conn_cwnd(const TcpConn *conn)
{
  return tcp_conn_linux(conn) ? conn->cwnd * conn->mss : conn->cwnd;
}

gboolean
tcp_conn_idle(const TcpConn *conn)
{
  return tcp_send_waiting(conn) == 0 && conn->una == conn->committed &&
         (!conn->fin_waits || conn->state == TCP_CLOSED);
}

const TcpCounters *
tcp_conn_counters(const TcpConn *conn)
{
  return &conn->counters;
}

TcpStream *
tcp_conn_tx(const TcpConn *conn)
{
  return conn->tx;
}

TcpStream *
tcp_conn_rx(const TcpConn *conn)
{
  return conn->rx;
}

void
tcp_conn_ask(const TcpConn *conn)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  for (gsize i = 0; i < sizeof *conn; i += 64) {
    __builtin_prefetch((const char *)conn + i);
  }
}

static void
ask_two(gconstpointer memory)
{
  if (memory != NULL) {
    __builtin_prefetch(memory);
    __builtin_prefetch((const char *)memory + 64);
  }
}

void
tcp_conn_ask_apart(const TcpConn *conn)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  ask_two(conn->cubic);
  ask_two(conn->buffers);
  ask_two(conn->loss);
}
