#include "models/tcp/conn-private.h"

/* TCP_RACK_RECOVERY_THRESH of Linux. */
#define PERSIST 16

/* RFC 8985 5.2, RACK_sent_after(): segments sent at one instant have the order of their bytes. */
static gboolean
sent_after(gint64 a_ns, guint64 a_end, gint64 b_ns, guint64 b_end)
{
  return a_ns > b_ns || (a_ns == b_ns && a_end > b_end);
}

/* RFC 8985 6.2 steps 1, 2; tcp_rack_advance(): one that ends there and went last at that time was
 * delivered. */
inline void
tcp_rack_delivered(TcpConn *conn, gint64 now_ns, gint64 sent_ns, guint64 end)
{
  conn->rack_advanced = TRUE;
  conn->rack_rtt_ns = now_ns - sent_ns;
  if (sent_after(sent_ns, end, conn->rack_sent_ns, conn->rack_end)) {
    conn->rack_sent_ns = sent_ns;
    conn->rack_end = end;
  }
}

/* An answer faster than any round trip is one to the original and not to the retransmission. */
void
tcp_rack_advance(TcpConn *conn, gint64 now_ns, const TcpSent *sent)
{
  gint64 rtt_ns = now_ns - sent->sent_ns;
  if (sent->transmissions <= 1 || (conn->min_rtt_ns > 0 && rtt_ns >= conn->min_rtt_ns)) {
    tcp_rack_delivered(conn, now_ns, sent->sent_ns, tcp_sent_end(sent));
  }
}

/* RFC 8985 6.2 step 4; tcp_rack_reo_wnd(): without any sign of reordering none is waited for in
 * recovery, nor after as many SACKed segments as would be three duplicate ACKs. */
static gint64
reorder_window_ns(const TcpConn *conn)
{
  const TcpLoss *loss = conn->loss;
  if (!loss->reordering_seen &&
      (conn->ca >= TCP_CA_RECOVERY || conn->sacked_out >= loss->reordering)) {
    return 0;
  }
  gint64 srtt_ns = conn->srtt8 / 8;
  return conn->min_rtt_ns > 0 ? MIN(conn->min_rtt_ns / 4 * loss->reorder_steps, srtt_ns) : srtt_ns;
}

/* Until this segment is lost, if nothing is heard of it. */
gint64
tcp_rack_remaining_ns(const TcpConn *conn, gint64 now_ns, const TcpSent *sent, gint64 window_ns)
{
  return conn->rack_rtt_ns + window_ns - (now_ns - sent->sent_ns);
}

/* RFC 8985 6.2 step 5; tcp_rack_detect_loss(): of what was sent before the latest that was
 * delivered, lost is what is later than the round trip and the reordering window allow. Returns
 * when the last of the others is to be looked at again, 0: there are none. Times rise along the
 * queue but for what was sent twice, so the first sent once and too late ends the search. What an
 * undo has since declared not lost, but was sent again, stays out of it (tcp_tsorted_anchor) until
 * it goes once more. */
gint64
tcp_rack_detect(TcpConn *conn, gint64 now_ns)
{
  gint64 window_ns = reorder_window_ns(conn);
  gint64 wait_ns = 0;
  for (guint32 i = conn->head; i != conn->unsent; i++) {
    const TcpSent *sent = tcp_conn_sent(conn, i);
    gboolean waits = (sent->tags & TCP_TAG_LOST) && !(sent->tags & TCP_TAG_RETRANSMITTED);
    if ((sent->tags & (TCP_TAG_SACKED | TCP_TAG_JUDGED)) || waits) {
      continue;
    }
    if (!sent_after(conn->rack_sent_ns, conn->rack_end, sent->sent_ns, tcp_sent_end(sent))) {
      if (sent->transmissions == 1) {
        break;
      }
      continue;
    }
    gint64 remaining_ns = tcp_rack_remaining_ns(conn, now_ns, sent, window_ns);
    if (remaining_ns <= 0) {
      tcp_scoreboard_mark_lost(conn, i);
      tcp_conn_sent(conn, i)->tags |= TCP_TAG_JUDGED;
    } else {
      wait_ns = MAX(wait_ns, remaining_ns);
    }
  }
  return wait_ns;
}

/* RFC 8985 6.2 step 4, the D-SACK part; tcp_rack_update_reo_wnd(): a needless retransmission widens
 * the window by a quarter of the least RTT, at most once per round trip, for 16 recoveries. */
void
tcp_rack_update_window(TcpConn *conn, guint64 ack)
{
  TcpLoss *loss = conn->loss;
  if (loss->dsack_pending && ack >= loss->reorder_round) {
    loss->reorder_steps = MIN(loss->reorder_steps + 1, G_MAXUINT8);
    loss->reorder_persist = PERSIST;
    loss->reorder_round = tcp_send_seq(conn, conn->unsent);
  } else if (loss->reorder_persist == 0) {
    loss->reorder_steps = 1;
  }
  loss->dsack_pending = FALSE;
}
