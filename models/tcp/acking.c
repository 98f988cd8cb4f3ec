#include "models/tcp/conn-private.h"

/* When an acknowledgement goes. Two rules: that of RFC 1122 4.2.3.2 and RFC 5681 4.2, and that of
 * Linux, which learns from the traffic whether an answer will carry the ACK (pingpong mode) or none
 * will (quick mode), and how long to wait for one (the ATO).
 *
 * Where Linux acknowledges at once it does so before the application has heard of the data, so the
 * ACK goes alone, before any data the application writes; data that the peer's ACK let go takes it
 * along. */

#define SECOND_NS G_GINT64_CONSTANT(1000000000)

/* Linux: tcp_send_delayed_ack(), HZ / 2: the bound of the ATO while nothing hints at a reply. */
#define ATO_MAX_NS (SECOND_NS / 2)

/* TCP_FASTRETRANS_THRESH and tcp_comp_sack_nr of Linux. */
#define DUPLICATES_AT_ONCE 3
#define DUPLICATES_HELD 44

static gboolean
linux_rule(const TcpConn *conn)
{
  return conn->acks_linux;
}

static gboolean
never_waits(const TcpConn *conn)
{
  gint64 delay_ns = conn->config->delayed_ack_ns;
  return delay_ns == 0 || delay_ns == TCP_NEVER;
}

/* tcp_incr_quickack(); mostly the window has room for more than the bound. */
static void
raise_quick(TcpConn *conn)
{
  guint64 window = conn->offered - MIN(conn->rcv_nxt, conn->offered);
  guint64 quick = conn->config->quick_acks;
  guint32 pair = 2 * conn->rcv_mss;
  if (window < quick * pair) {
    quick = MIN(MAX(window / pair, 2), quick);
  }
  conn->quick = MAX(conn->quick, quick);
}

/* tcp_enter_quickack_mode(): the peer seems to have lost an ACK. */
static void
enter_quick_mode(TcpConn *conn)
{
  raise_quick(conn);
  conn->pingpong = FALSE;
  conn->ato_ns = conn->config->delayed_ack_ns;
}

/* tcp_measure_rcv_mss(): what a full-sized segment is, is learnt; a short one is taken for the end
 * of a write, which the application's reading will acknowledge. */
static void
measure_mss(TcpConn *conn, const TcpSegment *segment)
{
  guint16 last = conn->last_size;
  guint16 length = segment->length;
  conn->last_size = 0;
  if (length >= conn->rcv_mss) {
    conn->rcv_mss = MIN(length, conn->own_mss);
    if (segment->flags & TCP_PSH) {
      conn->pushed = MAX(conn->pushed, 1);
    }
    return;
  }
  gboolean whole = (segment->flags & (TCP_PSH | TCP_FIN)) == 0;
  if (length >= TCP_DEFAULT_MSS || (whole && length >= TCP_LEAST_MSS)) {
    conn->last_size = length;
    if (length == last) {
      conn->rcv_mss = length;
      return;
    }
  }
  conn->pushed = conn->pushed > 0 ? 2 : 1;
}

/* tcp_event_data_recv(): the ATO follows the gaps between segments; after one that is longer than
 * an RTO the peer may have begun slow start anew, and needs ACKs soon. */
static void
adapt_ato(TcpConn *conn, gint64 now_ns)
{
  const gint64 least_ns = conn->config->delayed_ack_ns;
  gint64 gap_ns = now_ns - conn->heard_ns;
  if (conn->ato_ns == 0) {
    raise_quick(conn);
    conn->ato_ns = least_ns;
  } else if (gap_ns <= least_ns >> 1) {
    conn->ato_ns = (conn->ato_ns >> 1) + (least_ns >> 1);
  } else if (gap_ns < conn->ato_ns) {
    conn->ato_ns = MIN((conn->ato_ns >> 1) + gap_ns, conn->rto_ns);
  } else if (gap_ns > conn->rto_ns) {
    raise_quick(conn);
  }
  conn->heard_ns = now_ns;
}

/* A segment whose text had all come before. */
void
tcp_acking_duplicate(TcpConn *conn)
{
  if (linux_rule(conn)) {
    enter_quick_mode(conn);
    conn->ack_scheduled = TRUE;
  } else {
    conn->ack_first = TRUE;
  }
}

/* One beyond a gap. RFC 5681 4.2: the duplicate ACK goes at once, and alone, else it would not
 * count. */
void
tcp_acking_early(TcpConn *conn, const TcpSegment *segment)
{
  if (linux_rule(conn)) {
    measure_mss(conn, segment);
    conn->ack_scheduled = TRUE;
  } else {
    conn->ack_first = TRUE;
  }
}

/* RFC 1122 4.2.3.2: at least every second full-sized segment is acknowledged at once, else within
 * the delay. RFC 5681 4.2: at once too if it fills a gap, wholly or in part. */
static void
schedule_rfc1122(TcpConn *conn, gint64 now_ns, guint length, gboolean gap)
{
  conn->rcv_mss = CLAMP(length, conn->rcv_mss, conn->own_mss);
  if (gap || never_waits(conn) || conn->rcv_nxt - conn->rcv_acked >= 2 * (guint64)conn->rcv_mss) {
    conn->ack_now = TRUE;
  } else if (conn->ack_ns == TCP_NEVER) {
    conn->ack_ns = now_ns + conn->config->delayed_ack_ns;
  }
}

/* Text that was the next to come; gap: some waited beyond it. */
inline void
tcp_acking_in_order(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, gboolean gap)
{
  if (!linux_rule(conn)) {
    schedule_rfc1122(conn, now_ns, segment->length, gap);
    return;
  }
  conn->ack_scheduled = TRUE;
  if (gap && !tcp_early_any(conn)) {
    conn->ack_once = TRUE;
  }
  measure_mss(conn, segment);
  adapt_ato(conn, now_ns);
}

/* The peer's FIN in its turn. Linux (tcp_fin()) expects that ours will soon carry the ACK. */
void
tcp_acking_fin(TcpConn *conn)
{
  if (linux_rule(conn) && conn->state == TCP_ESTABLISHED) {
    conn->ack_scheduled = TRUE;
    conn->pingpong = TRUE;
  } else {
    conn->ack_now = TRUE;
  }
}

/* tcp_send_delayed_ack() */
static void
delay(TcpConn *conn, gint64 now_ns)
{
  const TcpConfig *config = conn->config;
  gint64 ato_ns = conn->ato_ns;
  if (never_waits(conn)) {
    conn->ack_first = TRUE;
    return;
  }
  if (ato_ns > config->delayed_ack_ns) {
    gboolean reply_expected = conn->pingpong || conn->pushed > 0;
    gint64 most_ns = reply_expected ? config->delayed_ack_max_ns : ATO_MAX_NS;
    if (conn->srtt8 > 0) {
      most_ns = MIN(most_ns, MAX(conn->srtt8 / 8, config->delayed_ack_ns));
    }
    ato_ns = MIN(ato_ns, most_ns);
  }
  ato_ns = MIN(ato_ns, MAX(config->delayed_ack_max_ns, config->delayed_ack_ns));
  gint64 at_ns = tcp_timer_at(conn, now_ns, ato_ns);
  if (conn->ack_ns == TCP_NEVER) {
    conn->ack_ns = at_ns;
  } else if (conn->ack_ns <= now_ns + ato_ns / 4) { /* it would go soon anyway */
    conn->ack_first = TRUE;
  } else {
    conn->ack_ns = MIN(conn->ack_ns, at_ns);
  }
}

/* __tcp_ack_snd_check(): beyond three duplicate ACKs for one gap the next wait for a moment, so
 * that a burst beyond a gap is not answered segment by segment. TRUE: this one waits. */
static gboolean
compress(TcpConn *conn, gint64 now_ns)
{
  TcpEarly *early = conn->early;
  gint64 delay_ns = MIN(conn->config->sack_delay_ns, conn->srtt8 / 8 / 20);
  if (!conn->sack_ok || delay_ns == 0 || early->held >= DUPLICATES_HELD) {
    return FALSE;
  }
  if (early->gap != conn->rcv_nxt) {
    early->gap = conn->rcv_nxt;
    early->answered = 0;
  }
  if (early->answered < DUPLICATES_AT_ONCE) {
    early->answered++;
    return FALSE;
  }
  early->held++;
  conn->ack_ns = MIN(conn->ack_ns, now_ns + delay_ns);
  return TRUE;
}

/* __tcp_ack_snd_check(), when all that the segment let go has been committed. */
inline void
tcp_acking_decide(TcpConn *conn, gint64 now_ns)
{
  if (!conn->ack_scheduled || tcp_output_due(conn)) {
    return;
  }
  gboolean quick = conn->quick > 0 && !conn->pingpong;
  if (quick || conn->ack_once || conn->rcv_nxt - conn->rcv_acked > conn->rcv_mss) {
    conn->ack_first = TRUE;
  } else if (!tcp_early_any(conn)) {
    delay(conn, now_ns);
  } else if (!compress(conn, now_ns)) {
    conn->ack_first = TRUE;
  }
}

/* What waits to be acknowledged goes now that the application has read: if that was all there is,
 * the end of a write, unless a reply may carry the ACK, and the end of a second one in any case. */
static inline gboolean
ends_wait(const TcpConn *conn)
{
  gboolean all = tcp_stream_read(conn->rx) == conn->rcv_nxt && !tcp_early_any(conn);
  gboolean end = conn->pushed == 2 || (conn->pushed == 1 && !conn->pingpong);
  return (all && end) || conn->rcv_nxt - conn->rcv_acked > conn->rcv_mss;
}

/* The application has read: tcp_cleanup_rbuf(). */
inline void
tcp_acking_read(TcpConn *conn)
{
  const gboolean by_linux = linux_rule(conn);
  if (conn->ack_first && by_linux) {
    return;
  }
  if ((conn->ack_scheduled && ends_wait(conn)) ||
      (conn->rcv_fin == 0 && tcp_receive_update_due(conn))) {
    conn->ack_first |= by_linux;
    conn->ack_now |= !by_linux;
  }
}

/* ack_ns was reached. tcp_delack_timer_handler(): no reply came in time, so none is expected; and
 * if none was, the peer is slower than thought. */
void
tcp_acking_timeout(TcpConn *conn)
{
  conn->ack_ns = TCP_NEVER;
  conn->ack_now = TRUE;
  if (!linux_rule(conn) || (conn->early != NULL && conn->early->held > 0)) {
    return;
  }
  if (conn->pingpong) {
    conn->pingpong = FALSE;
    conn->ato_ns = conn->config->delayed_ack_ns;
  } else {
    conn->ato_ns = MIN(2 * conn->ato_ns, conn->rto_ns);
  }
}

/* A segment goes that acknowledges all: tcp_event_ack_sent(), tcp_dec_quickack_mode(). */
inline void
tcp_acking_sent(TcpConn *conn)
{
  if (conn->ack_scheduled && conn->quick > 0 && --conn->quick == 0) {
    conn->ato_ns = conn->config->delayed_ack_ns;
  }
  conn->rcv_acked = conn->rcv_nxt;
  conn->ack_ns = TCP_NEVER;
  conn->ack_first = conn->ack_now = conn->ack_once = conn->ack_scheduled = FALSE;
  conn->pushed = 0;
}

/* Data go: tcp_event_data_sent(). Soon after data came it is a reply, and others will follow. */
void
tcp_acking_data_sent(TcpConn *conn, gint64 now_ns)
{
  if (linux_rule(conn) && now_ns - conn->heard_ns < conn->ato_ns) {
    conn->pingpong = TRUE;
  }
}

/* tcp_grow_window() */
void
tcp_acking_window_grew(TcpConn *conn)
{
  if (linux_rule(conn)) {
    conn->quick |= 1;
  }
}
