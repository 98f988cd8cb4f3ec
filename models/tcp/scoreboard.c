#include "models/tcp/conn-private.h"

#include <string.h>

/* tcp_max_reordering of Linux. */
#define REORDERING_MAX 300

TcpLoss *
tcp_scoreboard_loss(TcpConn *conn)
{
  if (conn->loss == NULL) {
    conn->loss = g_new0(TcpLoss, 1);
    conn->loss->reordering = MIN(conn->config->dup_acks, REORDERING_MAX);
    conn->loss->reorder_steps = 1;
  }
  return conn->loss;
}

/* FACK; una if nothing is SACKed. */
guint64
tcp_scoreboard_highest(const TcpConn *conn)
{
  return conn->sacked_out > 0 ? conn->loss->fack : conn->una;
}

/* tcp_mark_skb_lost(). What is lost again, after a retransmission, waits for the next one. */
void
tcp_scoreboard_mark_lost(TcpConn *conn, guint32 index)
{
  TcpSent *sent = tcp_conn_sent(conn, index);
  if (sent->tags & TCP_TAG_SACKED) {
    return;
  }
  if (!(sent->tags & TCP_TAG_LOST)) {
    sent->tags |= TCP_TAG_LOST;
    conn->lost_out++;
  } else if (sent->tags & TCP_TAG_RETRANSMITTED) {
    sent->tags &= ~TCP_TAG_RETRANSMITTED;
    conn->retransmitted_out--;
  } else {
    return;
  }
  tcp_scoreboard_loss(conn)->lost++;
  conn->lost = TRUE;
  if ((gint32)(index - conn->rexmit) < 0) {
    conn->rexmit = index;
  }
}

/* The lowest segment that is lost and was not retransmitted since (tcp_xmit_retransmit_queue()). */
gboolean
tcp_scoreboard_next_lost(TcpConn *conn, guint32 *index)
{
  for (; conn->rexmit != conn->unsent; conn->rexmit++) {
    guint8 tags = tcp_conn_sent(conn, conn->rexmit)->tags;
    if ((tags & TCP_TAG_LOST) && !(tags & TCP_TAG_RETRANSMITTED)) {
      *index = conn->rexmit;
      return TRUE;
    }
  }
  return FALSE;
}

/* RFC 6675, IsLost(): so many segments above it were SACKed that it must be. */
void
tcp_scoreboard_count_losses(TcpConn *conn)
{
  guint32 above = conn->sacked_out;
  for (guint32 i = conn->head; i != conn->unsent && above >= conn->config->dup_acks; i++) {
    const TcpSent *sent = tcp_conn_sent(conn, i);
    if (sent->tags & TCP_TAG_SACKED) {
      above--;
    } else if (!(sent->tags & TCP_TAG_LOST)) {
      tcp_scoreboard_mark_lost(conn, i);
    }
  }
}

/* tcp_timeout_mark_lost(), a receiver that reneges: it did not keep what it had SACKed. */
void
tcp_scoreboard_forget_sacks(TcpConn *conn)
{
  for (guint32 i = conn->head; i != conn->unsent; i++) {
    tcp_conn_sent(conn, i)->tags &= ~TCP_TAG_SACKED;
  }
  conn->sacked_out = 0;
  memset(conn->loss->known, 0, sizeof(conn->loss->known));
}

void
tcp_scoreboard_unmark_lost(TcpConn *conn)
{
  for (guint32 i = conn->head; i != conn->unsent; i++) {
    tcp_conn_sent(conn, i)->tags &= ~TCP_TAG_LOST;
  }
  conn->lost_out = 0;
}

/* tcp_check_sack_reordering(): a segment below the highest SACKed one came although it was sent
 * only once, so it was overtaken. */
void
tcp_scoreboard_reordered(TcpConn *conn, guint64 seq)
{
  guint64 highest = tcp_scoreboard_highest(conn);
  if (seq >= highest) {
    return;
  }
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  guint64 segments = (highest - seq + conn->mss - 1) / conn->mss;
  loss->reordering = MIN(MAX(loss->reordering, segments), REORDERING_MAX);
  loss->reordering_seen = TRUE;
}

static void
note_delivered(TcpConn *conn, TcpAck *ack, const TcpSent *sent)
{
  ack->delivered++;
  /* tcp_skb_spurious_retrans(): the echo is older than the retransmission, so this was the
   * original, and the time of the retransmission says nothing */
  gboolean spurious = sent->transmissions > 1 && ack->ts_echo != 0 &&
                      (gint32)(ack->ts_echo - tcp_conn_timestamp(sent->sent_ns)) < 0;
  if (!spurious) {
    tcp_rack_advance(conn, ack->now_ns, sent);
  }
}

/* A segment leaves the queue (tcp_clean_rtx_queue()). */
static void
take_off(TcpConn *conn, TcpAck *ack, const TcpSent *sent)
{
  if (sent->transmissions > 1) {
    ack->retransmitted = TRUE;
  } else if (!(sent->tags & TCP_TAG_SACKED)) {
    ack->last_acked_ns = sent->sent_ns;
    if (ack->first_acked_ns == TCP_NEVER) {
      ack->first_acked_ns = sent->sent_ns;
      ack->reordered = MIN(ack->reordered, sent->seq);
    }
    ack->original |= tcp_sent_end(sent) <= conn->recover;
  }
  if (tcp_conn_sacks(conn)) {
    conn->retransmitted_out -= (sent->tags & TCP_TAG_RETRANSMITTED) != 0;
    conn->lost_out -= (sent->tags & TCP_TAG_LOST) != 0;
    if (sent->tags & TCP_TAG_SACKED) {
      conn->sacked_out--;
    } else {
      note_delivered(conn, ack, sent);
    }
  }
}

/* head has moved. */
static inline void
follow_head(TcpConn *conn)
{
  if ((gint32)(conn->rexmit - conn->head) < 0) {
    conn->rexmit = conn->head;
  }
  if ((gint32)(conn->loss_end - conn->rexmit) < 0) {
    conn->loss_end = conn->rexmit;
  }
}

/* What is acknowledged leaves the queue; una moves. */
void
tcp_scoreboard_pop(TcpConn *conn, TcpAck *ack)
{
  ack->bytes = ack->ack - conn->una;
  for (; conn->head != conn->unsent; conn->head++) {
    TcpSent *sent = tcp_conn_sent(conn, conn->head);
    if (tcp_sent_end(sent) > ack->ack) {
      if (ack->ack > sent->seq) { /* the peer's window ended within it */
        sent->length -= ack->ack - sent->seq;
        sent->seq = ack->ack;
      }
      break;
    }
    take_off(conn, ack, sent);
    ack->packets++;
  }
  follow_head(conn);
  conn->una = ack->ack;
  tcp_stream_advance_acked(conn->tx, MIN(conn->una, tcp_stream_end(conn->tx)));
}

/* The oldest, without SYN and FIN, is all that an ACK acknowledges, with nothing amiss. */
inline void
tcp_scoreboard_pop_oldest(TcpConn *conn, guint64 end)
{
  if (conn->head + 1 == conn->tail) {
    tcp_send_empty(conn);
  } else {
    conn->head++;
    follow_head(conn);
  }
  conn->una = end;
  tcp_stream_advance_acked(conn->tx, end);
}

/* tcp_sacktag_one(), for what is not also acknowledged. */
static void
tag_sacked(TcpConn *conn, TcpAck *ack, TcpSent *sent)
{
  TcpLoss *loss = conn->loss;
  guint64 end = tcp_sent_end(sent);
  tcp_rack_advance(conn, ack->now_ns, sent);
  if (sent->tags & TCP_TAG_RETRANSMITTED) {
    if (sent->tags & TCP_TAG_LOST) {
      sent->tags = 0;
      conn->lost_out--;
      conn->retransmitted_out--;
    }
  } else {
    if (sent->transmissions == 1) {
      if (conn->sacked_out > 0 && sent->seq < loss->fack) {
        ack->reordered = MIN(ack->reordered, sent->seq);
      }
      ack->original |= end <= conn->recover;
      ack->last_sacked_ns = sent->sent_ns;
      if (ack->first_sacked_ns == TCP_NEVER) {
        ack->first_sacked_ns = sent->sent_ns;
      }
    }
    conn->lost_out -= (sent->tags & TCP_TAG_LOST) != 0;
    sent->tags &= ~TCP_TAG_LOST;
  }
  sent->tags |= TCP_TAG_SACKED;
  loss->fack = conn->sacked_out > 0 ? MAX(loss->fack, end) : end;
  conn->sacked_out++;
  ack->sacked = TRUE;
  ack->delivered++;
}

/* One that came twice beyond a gap. */
static void
tag_duplicate(TcpConn *conn, TcpAck *ack, TcpSent *sent)
{
  TcpLoss *loss = conn->loss;
  if (sent->transmissions > 1) {
    if (loss->undo_marker != 0 && loss->undo_retransmitted > 0 &&
        tcp_sent_end(sent) > loss->undo_marker) {
      loss->undo_retransmitted--;
    }
    if (sent->tags & TCP_TAG_SACKED) {
      ack->reordered = MIN(ack->reordered, sent->seq);
    }
  }
  if ((sent->tags & TCP_TAG_RETRANSMITTED) && tcp_sent_end(sent) > ack->ack) {
    sent->tags &= ~TCP_TAG_RETRANSMITTED;
    conn->retransmitted_out--;
  }
}

/* First transmitted segment that begins at or after the offset. */
static guint32
find_sent(const TcpConn *conn, guint64 seq)
{
  guint32 low = conn->head, n = conn->unsent - conn->head;
  while (n > 0) {
    guint32 half = n / 2;
    if (tcp_conn_sent(conn, low + half)->seq < seq) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

static void
tag_range(TcpConn *conn, TcpAck *ack, TcpRange range, gboolean duplicate)
{
  for (guint32 i = find_sent(conn, range.start); i != conn->unsent; i++) {
    TcpSent *sent = tcp_conn_sent(conn, i);
    if (tcp_sent_end(sent) > range.end) {
      return;
    }
    if (duplicate) {
      tag_duplicate(conn, ack, sent);
    }
    if (!(sent->tags & TCP_TAG_SACKED) && tcp_sent_end(sent) > ack->ack) {
      tag_sacked(conn, ack, sent);
    }
  }
}

/* tcp_check_dsack(), tcp_dsack_seen(): RFC 2883, the first block is a D-SACK if it lies below the
 * acknowledgement or within the second block. Reports of more than was ever retransmitted are
 * the network's duplicates. */
static gboolean
take_dsack(TcpConn *conn, TcpAck *ack, const TcpSegment *segment, const TcpRange *block)
{
  TcpRange first = block[0];
  gboolean within =
      segment->sack_count > 1 && first.start >= block[1].start && first.end <= block[1].end;
  if (first.start >= segment->ack && !within) {
    return FALSE;
  }
  TcpLoss *loss = conn->loss;
  guint64 length = first.end - first.start;
  if (first.start >= first.end || length > conn->max_window) {
    return FALSE;
  }
  if (length <= conn->mss && loss->probe_end == first.end) {
    ack->probe_dsack = TRUE;
  }
  guint32 segments = (length + conn->mss - 1) / conn->mss;
  loss->dsacks += segments;
  if (loss->dsacks > conn->counters.retransmissions) {
    return FALSE;
  }
  loss->dsack_pending |= loss->reordering_seen && !ack->probe_dsack;
  ack->dsack = TRUE;
  ack->delivered += segments;
  if (loss->undo_marker != 0 && loss->undo_retransmitted > 0 && first.end <= ack->old_una &&
      first.end > loss->undo_marker) {
    loss->undo_retransmitted = MAX(0, loss->undo_retransmitted - (gint32)segments);
  }
  return TRUE;
}

/* What of a block the last ACK's blocks leave to be tagged: receivers repeat them, grown at the
 * end. */
static TcpRange
unknown_part(const TcpLoss *loss, TcpRange block)
{
  for (guint i = 0; i < TCP_SACK_BLOCKS; i++) {
    const TcpRange *known = &loss->known[i];
    if (known->start <= block.start && known->end > block.start && known->end <= block.end) {
      block.start = known->end;
    }
  }
  return block;
}

/* A D-SACK of what this very ACK acknowledges. */
static gboolean
was_in_flight(const TcpConn *conn, const TcpAck *ack, const TcpRange *block)
{
  guint64 undo_marker = conn->loss->undo_marker;
  return undo_marker != 0 && block->end > undo_marker && block->end > ack->old_una &&
         block->end <= ack->ack;
}

/* By rising offsets, lest what a lower block says later seem to have been overtaken. Returns where
 * the one at marked is then. */
static guint
sort_blocks(TcpRange *block, guint n, guint marked)
{
  for (guint i = 1; i < n; i++) {
    for (guint j = i; j > 0 && block[j].start < block[j - 1].start; j--) {
      TcpRange lower = block[j];
      block[j] = block[j - 1];
      block[j - 1] = lower;
      marked = marked == j ? j - 1 : marked == j - 1 ? j : marked;
    }
  }
  return marked;
}

/* tcp_sacktag_write_queue(): the blocks of an ACK, which has not yet been popped. Those that reach
 * beyond what was sent, or lie below, tell nothing (tcp_is_sackblock_valid()). */
void
tcp_scoreboard_sack(TcpConn *conn, const TcpSegment *segment, TcpAck *ack)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  TcpRange block[TCP_SACK_BLOCKS];
  guint n = MIN(segment->sack_count, TCP_SACK_BLOCKS);
  guint64 sent_end = tcp_send_seq(conn, conn->unsent);
  for (guint i = 0; i < n; i++) {
    block[i].start = segment->ack + segment->sack[i].start;
    block[i].end = segment->ack + segment->sack[i].end;
  }
  guint dsack = n > 0 && take_dsack(conn, ack, segment, block) ? 0 : n;
  dsack = sort_blocks(block, n, dsack);
  for (guint i = 0; i < n; i++) {
    gboolean duplicate = i == dsack;
    if (block[i].start >= block[i].end || block[i].end > sent_end ||
        (block[i].start <= ack->ack && !(duplicate && was_in_flight(conn, ack, &block[i])))) {
      block[i] = (TcpRange){0, 0};
      continue;
    }
    tag_range(conn, ack, duplicate ? block[i] : unknown_part(loss, block[i]), duplicate);
  }
  for (guint i = 0; i < TCP_SACK_BLOCKS; i++) {
    loss->known[i] = i < n ? block[i] : (TcpRange){0, 0};
  }
  if (ack->reordered != G_MAXUINT64 && (conn->ca != TCP_CA_LOSS || loss->undo_marker != 0)) {
    tcp_scoreboard_reordered(conn, ack->reordered);
  }
  ack->reordered = G_MAXUINT64;
}

/* tcp_retrans_try_collapse(): the segments behind one that is sent again join it as long as they
 * fit and were not SACKed. Returns its new index. */
guint32
tcp_scoreboard_collapse(TcpConn *conn, guint32 index)
{
  while (index + 1 != conn->unsent) {
    TcpSent *sent = tcp_conn_sent(conn, index);
    TcpSent *next = tcp_conn_sent(conn, index + 1);
    if ((next->tags & TCP_TAG_SACKED) || sent->length + next->length > conn->mss ||
        tcp_sent_end(next) > MAX(conn->wnd_end, tcp_sent_end(sent))) {
      break;
    }
    conn->lost_out -= (next->tags & TCP_TAG_LOST) != 0;
    conn->retransmitted_out -= (next->tags & TCP_TAG_RETRANSMITTED) != 0;
    sent->length += next->length;
    sent->flags |= next->flags;
    for (guint32 i = ++index; i != conn->head; i--) {
      *tcp_conn_sent(conn, i) = *tcp_conn_sent(conn, i - 1);
    }
    conn->head++;
  }
  return index;
}
