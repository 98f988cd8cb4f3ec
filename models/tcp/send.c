#include "models/tcp/conn-private.h"

#define RING_MIN 4

#define MS_NS G_GINT64_CONSTANT(1000000)
#define TSO_SEGMENTS 2       /* TCP_TSO_MIN_SEGS of Linux: more go at once only at high rates */
#define TSO_WINDOW_DIVISOR 3 /* tcp_tso_win_divisor */

/* Makes room in the queue for one more. */
void
tcp_send_grow(TcpConn *conn)
{
  guint32 size = MAX(RING_MIN, 2 * (conn->ring_mask + 1));
  TcpSent *ring = g_new(TcpSent, size);
  for (guint32 i = conn->head; i != conn->tail; i++) {
    ring[i & (size - 1)] = *tcp_conn_sent(conn, i);
  }
  g_free(conn->ring);
  conn->ring = ring;
  conn->ring_mask = size - 1;
}

SELDOM void
tcp_send_free_ring(TcpConn *conn)
{
  g_clear_pointer(&conn->ring, g_free);
  conn->ring_mask = 0;
}

/* Bytes written and not committed. */
gsize
tcp_send_waiting(const TcpConn *conn)
{
  return tcp_conn_fin_committed(conn) ? 0 : tcp_stream_end(conn->tx) - MAX(conn->committed, 1);
}

/* A full-sized segment: it leaves room for the SACK blocks that are to go with it
 * (tcp_current_mss()), and is not more than half of the largest window seen, lest a peer with a
 * small buffer never have room for one (tcp_bound_to_half_wnd(); RFC 1122 4.2.3.4 has the same
 * half). */
static guint
full_size(const TcpConn *conn)
{
  guint mss = conn->mss - tcp_early_report_bytes(conn);
  guint32 bound = conn->max_window > 536 ? conn->max_window / 2 : conn->max_window;
  return bound > 0 ? MIN(mss, bound) : mss;
}

typedef enum { GO, WAIT_FOR_WINDOW, WAIT_FOR_CWND, WAIT_FOR_ACK } Verdict;

/* tcp_tso_should_defer(): what is longer than a segment goes two segments at a time. Where the
 * window has room for one only, that waits for the next ACK if it is about to come, since a packet
 * has just gone and the answer to the oldest in flight is due within a millisecond. */
static gboolean
awaits_pair(const TcpConn *conn, gint64 now_ns, guint full)
{
  if (!conn->config->tso || conn->ca >= TCP_CA_RECOVERY || conn->head == conn->unsent ||
      now_ns - conn->last_data_ns > MS_NS) {
    return FALSE;
  }
  guint32 in_flight = tcp_congestion_in_flight(conn);
  guint64 room = MIN((guint64)(conn->cwnd - in_flight) * full, conn->wnd_end - conn->committed);
  guint64 window = MIN((guint64)conn->cwnd * full, conn->wnd_end - conn->una);
  gint64 srtt_ns = conn->srtt8 / 8;
  gint64 due_ns = tcp_conn_sent(conn, conn->head)->sent_ns + srtt_ns - now_ns;
  return room < TSO_SEGMENTS * full && room < window / TSO_WINDOW_DIVISOR &&
         due_ns <= MIN(srtt_ns / 2, MS_NS);
}

/* Without SACK, after a time-out. */
static inline gboolean
newreno_lost_first(const TcpConn *conn)
{
  return conn->ca == TCP_CA_LOSS && conn->rexmit != conn->loss_end && !tcp_conn_sacks(conn);
}

/* Nagle (RFC 896, RFC 9293 3.7.4) holds a short segment back while anything is unacknowledged, or
 * with Minshall's variation (tcp_minshall_check()) another short one. */
static inline gboolean
nagle_holds(const TcpConn *conn)
{
  return conn->config->minshall ? conn->short_end > conn->una : conn->head != conn->tail;
}

/* The tests of tcp_write_xmit(): what is lost goes before what is new; a segment that is short, and
 * not the last, waits as Nagle wants it; and it has to fit whole into the peer's window, which is
 * the sender's side of silly window avoidance. */
static inline Verdict
may_send(const TcpConn *conn, guint32 in_flight, guint length, gboolean is_short)
{
  gboolean lost_first = conn->lost_out > conn->retransmitted_out && !conn->rexmit_held;
  if (lost_first || newreno_lost_first(conn) || !tcp_congestion_allows(conn, in_flight, length)) {
    return WAIT_FOR_CWND;
  }
  if (conn->committed + length > conn->wnd_end) {
    return WAIT_FOR_WINDOW;
  }
  if (!is_short || conn->nodelay) {
    return GO;
  }
  return nagle_holds(conn) ? WAIT_FOR_ACK : GO;
}

static inline void
note_uncut(TcpConn *conn)
{
  conn->uncut = tcp_stream_end(conn->tx) > conn->committed || conn->fin_waits;
}

/* The next segment; full: a full-sized one, all: that is all there is. */
static inline void
commit_data(TcpConn *conn, guint length, guint full, gboolean all)
{
  gboolean fills = length == conn->full_bytes;
  conn->full_bytes -= MIN(conn->full_bytes, length);
  guint8 flags = all || fills ? TCP_PSH : 0; /* tcp_mark_push() */
  if (all && conn->fin_waits) {
    flags |= TCP_FIN;
  }
  tcp_send_enqueue(conn, length, flags);
  if (length < full) {
    conn->short_end = conn->committed;
  }
  note_uncut(conn);
}

/* RFC 9293 3.8.6.1: with nothing in flight no ACK would bring the news that the window opened. */
static void
set_persist_timer(TcpConn *conn, gint64 now_ns, gboolean needed)
{
  if (needed && conn->timer == TCP_TIMER_OFF) {
    conn->retries = 0;
    conn->probe_shift = 0;
    tcp_timer_start(conn, TCP_TIMER_PERSIST, now_ns, conn->rto_ns);
  } else if (!needed && conn->timer == TCP_TIMER_PERSIST) {
    tcp_conn_set_timer(conn, TCP_TIMER_OFF, TCP_NEVER);
  }
}

/* Cuts what was written into segments as far as windows and Nagle allow. What stays is cut
 * later, from where it begins: small writes that had to wait share segments, those that went at
 * once had their own. The bare FIN needs no window: it takes no room. */
static G_GNUC_NO_INLINE void
cut_waiting(TcpConn *conn, gint64 now_ns)
{
  gsize waiting = tcp_send_waiting(conn);
  const guint full = full_size(conn);
  Verdict verdict = GO;
  gboolean limited = FALSE, second = FALSE;
  const guint64 before = conn->committed;
  guint32 in_flight = tcp_congestion_in_flight(conn);
  while (waiting > 0) {
    gboolean ends = conn->full_bytes > 0; /* a buffer with another behind it */
    gsize buffer = ends ? conn->full_bytes : waiting;
    guint length = MIN(buffer, full);
    gboolean last = ends || (conn->fin_waits && length == waiting);
    verdict = may_send(conn, in_flight, length, length < full && !last);
    limited = length < buffer && verdict == GO && !second && awaits_pair(conn, now_ns, length);
    if (verdict != GO || limited) {
      break;
    }
    second = !second && conn->cwnd >= 2 * TSO_SEGMENTS; /* tcp_cwnd_test() */
    waiting -= length;
    commit_data(conn, length, full, waiting == 0);
    in_flight = tcp_congestion_in_flight(conn);
  }
  if (waiting == 0 && conn->fin_waits) {
    tcp_send_enqueue(conn, 0, TCP_FIN);
    note_uncut(conn);
    in_flight = tcp_congestion_in_flight(conn);
  }
  set_persist_timer(conn, now_ns, verdict == WAIT_FOR_WINDOW && conn->head == conn->tail);
  limited |= (guint64)in_flight + tcp_congestion_cost(conn, conn->mss) > conn->cwnd;
  if (conn->committed != before || limited) {
    tcp_congestion_validate(conn, now_ns, limited);
  }
}

/* The common case of that: all that waits goes into one segment, which is short whatever SACK
 * blocks and half of the window leave of a full one; nothing is in its way, and after it the window
 * has room for more, even if nothing was delivered beyond a gap. FALSE: it is not so. */
static inline gboolean
cut_alone(TcpConn *conn, gint64 now_ns)
{
  const gboolean plain = conn->ca == TCP_CA_OPEN && conn->is_linux && !conn->closing && !conn->lost;
  const gsize waiting = tcp_stream_end(conn->tx) - conn->committed;
  const guint32 most_out = conn->tail - conn->head + conn->retransmitted_out;
  if (!plain || conn->full_bytes > 0 || waiting + TCP_SACK_MOST_BYTES >= conn->mss ||
      2 * waiting + 2 > conn->max_window || most_out + 2 > conn->cwnd ||
      conn->committed + waiting > conn->wnd_end || (!conn->nodelay && nagle_holds(conn))) {
    return FALSE;
  }
  tcp_send_enqueue(conn, waiting, TCP_PSH);
  conn->uncut = FALSE;
  conn->short_end = conn->committed;
  set_persist_timer(conn, now_ns, FALSE);
  tcp_congestion_validate(conn, now_ns, FALSE);
  return TRUE;
}

static inline void
cut(TcpConn *conn, gint64 now_ns)
{
  if (conn->head == conn->tail && now_ns - conn->last_data_ns > conn->rto_ns) {
    tcp_congestion_restart(conn, now_ns);
  }
  if (!cut_alone(conn, now_ns)) {
    cut_waiting(conn, now_ns);
  }
}

/* Of tcp_send_commit(), when there is something to commit. */
void
tcp_send_cut(TcpConn *conn, gint64 now_ns)
{
  cut(conn, now_ns);
}

/* Something is about to be written. tcp_sendmsg_locked() puts what waits into one buffer, but no
 * more than 17 pieces (MAX_SKB_FRAGS); what follows in memory on the piece before is part of it. A
 * buffer that has another behind it goes, whatever Nagle says (tcp_write_xmit()). */
static inline void
note_piece(TcpConn *conn)
{
  const gsize waiting = tcp_stream_end(conn->tx) - conn->committed; /* who writes has not closed */
  if (waiting == conn->full_bytes) {
    conn->pieces = 1;
  } else if (conn->apart && conn->pieces == conn->config->held_pieces) {
    conn->full_bytes = MIN(waiting, G_MAXUINT16);
    conn->pieces = 1;
  } else if (conn->apart && conn->config->held_pieces > 0) {
    conn->pieces++;
  }
  conn->apart = FALSE;
}

void
tcp_conn_wrote(TcpConn *conn, gint64 now_ns, gsize n)
{
  note_piece(conn);
  tcp_stream_append(conn->tx, n);
  conn->uncut |= n > 0;
  if (conn->is_linux && conn->uncut && conn->state >= TCP_ESTABLISHED) {
    cut(conn, now_ns);
  }
}

void
tcp_conn_apart(TcpConn *conn)
{
  conn->apart = TRUE;
}

/* All that the windows allow, whatever Nagle says. */
void
tcp_send_push(TcpConn *conn, gint64 now_ns)
{
  gboolean nodelay = conn->nodelay;
  conn->nodelay = TRUE;
  tcp_send_commit(conn, now_ns);
  conn->nodelay = nodelay;
}

/* One segment, whatever Nagle and the congestion window say. FALSE: there are no data, or the peer
 * has no room. */
gboolean
tcp_send_force(TcpConn *conn)
{
  gsize waiting = tcp_send_waiting(conn);
  guint length = MIN(waiting, full_size(conn));
  if (length == 0 || conn->committed + length > conn->wnd_end) {
    return FALSE;
  }
  commit_data(conn, length, full_size(conn), length == waiting);
  return TRUE;
}

/* The persist timer ran out. If the window has some room, that much goes, full-sized or not (RFC
 * 1122 4.2.3.4, the override of silly window avoidance); else a probe without data from before
 * the window, which has to be answered (tcp_xmit_probe_skb()). */
void
tcp_send_probe(TcpConn *conn, gint64 now_ns)
{
  if (conn->probe_shift == 0) {
    conn->retry_start_ns = now_ns;
  }
  if (conn->retries >= conn->config->data_retries || tcp_alive_user_timeout(conn, now_ns)) {
    tcp_conn_finish(conn, TCP_END_TIMEOUT);
    return;
  }
  if (conn->wnd_end > conn->committed) {
    guint full = full_size(conn);
    gsize waiting = tcp_send_waiting(conn), length = MIN(waiting, full);
    length = MIN(length, conn->wnd_end - conn->committed);
    commit_data(conn, length, full, length == waiting);
    tcp_conn_set_timer(conn, TCP_TIMER_OFF, TCP_NEVER);
    return;
  }
  gint64 wait_ns = conn->rto_ns;
  conn->retries++;
  conn->probe_shift++;
  for (guint i = 0; i < conn->probe_shift && wait_ns < conn->config->rto_max_ns; i++) {
    wait_ns *= 2;
  }
  conn->probe_owed = TRUE;
  wait_ns = MIN(wait_ns, conn->config->rto_max_ns);
  wait_ns = tcp_alive_clamp(conn, now_ns, wait_ns);
  tcp_timer_start(conn, TCP_TIMER_PERSIST, now_ns, wait_ns);
}
