/* The inside of a TcpConn, shared by the files of this folder and by nobody else.
 *
 *   conn-state.h  what a connection consists of
 *   conn.c        life, application calls, timers, getters
 *   input.c       a segment comes: checks in the order of RFC 9293 3.10.7, state changes
 *   options.c     what SYNs agree on; timestamps
 *   receive.c     what came: order, window offered
 *   buffers.c     how much may wait at either end
 *   acking.c      when an ACK is owed
 *   early.c       what came before its turn, and what SACK blocks say of it
 *   send.c        what to send: cutting the stream into segments, the retransmission queue
 *   output.c      what goes next, as a segment
 *   recovery.c    what ACKs and time-outs say about loss, where both ends have SACK
 *   newreno.c     the same without SACK
 *   scoreboard.c  what is known of each segment in flight
 *   rack.c        which of them are lost, by time
 *   probe.c       the retransmission timer, and the tail loss probe before it
 *   undo.c        reductions of the window that were needless
 *   prr.c         how the window shrinks in recovery
 *   congestion.c  how much may be under way
 *   cubic.c       how fast that grows, by CUBIC
 *   alive.c       keepalive, and the user's patience
 *   rtt.c         the retransmission time-out
 *   timer.c       how exactly a timer goes off
 *
 * A byte goes through three steps: written (in the stream), committed (given its segment, in the
 * queue; counts as in flight), transmitted (taken by tcp_conn_output()). Committing happens at
 * the events at which a kernel would send, so segment boundaries do not depend on when the host
 * polls.
 *
 * What a fleet does all day has a short way, as in tcp_rcv_established(): the next text of a
 * connection that stands (is_next() of input.c), which acknowledges one segment or none
 * (tcp_recovery_predicted()); a write that makes one short segment (cut_alone() of send.c); and the
 * going of that, where nothing goes before it (transmit_next() of output.c). Each does what the
 * general code beside it would do, by the same parts, and hands over to that before it has changed
 * anything. What it leaves out stands in functions that are not inlined, lest it pay for their
 * registers. */
#pragma once

#include "models/tcp/conn-state.h"

/* Of what few segments need: the compiler keeps it out of the way of the rest. */
#define SELDOM __attribute__((cold, noinline))

#define TCP_DEFAULT_MSS 536 /* of a peer that does not say (RFC 9293 3.7.1) */
#define TCP_LEAST_MSS 88    /* TCP_MIN_MSS of Linux */

#define TCP_SACK_MOST_BYTES 36 /* of options: four blocks */

static inline gboolean
tcp_conn_linux(const TcpConn *conn)
{
  return conn->is_linux;
}

static inline TcpSent *
tcp_conn_sent(const TcpConn *conn, guint32 index)
{
  return conn->ring != NULL ? &conn->ring[index & conn->ring_mask] : (TcpSent *)&conn->only;
}

static inline gboolean
tcp_conn_fin_committed(const TcpConn *conn)
{
  return conn->closing && !conn->fin_waits;
}

/* Where a segment of the queue begins; for tail, where the next one will. */
static inline guint64
tcp_send_seq(const TcpConn *conn, guint32 index)
{
  return index == conn->tail ? conn->committed : tcp_conn_sent(conn, index)->seq;
}

/* Bytes beyond a gap wait. */
static inline gboolean
tcp_early_any(const TcpConn *conn)
{
  return conn->early != NULL && conn->early->count > 0;
}

/* conn.c */
void tcp_conn_set_timer(TcpConn *conn, TcpTimer timer, gint64 at_ns);
void tcp_conn_finish(TcpConn *conn, TcpEnd end);
void tcp_conn_time_wait(TcpConn *conn, gint64 now_ns);
void tcp_conn_establish(TcpConn *conn, gint64 now_ns, guint32 echo);

/* options.c */
void tcp_options_start(TcpConn *conn, guint mss);
guint tcp_options_bytes(const TcpConn *conn);
void tcp_options_write(TcpConn *conn, gint64 now_ns, TcpSegment *segment);
void tcp_options_write_syn(TcpConn *conn, gint64 now_ns, TcpSegment *segment);
void tcp_options_agree(TcpConn *conn, const TcpSegment *syn);
void tcp_options_read(TcpConn *conn, const TcpSegment *segment);

/* early.c */
void tcp_early_add(TcpConn *conn, guint64 start, guint64 end);
void tcp_early_absorb(TcpConn *conn, guint64 start);
void tcp_early_duplicate(TcpConn *conn, guint64 start, guint64 end);
guint tcp_early_report_bytes(const TcpConn *conn);
void tcp_early_report(TcpConn *conn, TcpSegment *segment, guint room);
guint64 tcp_early_end(const TcpConn *conn);
void tcp_early_free(TcpConn *conn);

/* buffers.c */
guint64 tcp_buffers_window_end(const TcpConn *conn);
void tcp_buffers_received(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_buffers_early(TcpConn *conn);
void tcp_buffers_read(TcpConn *conn, gint64 now_ns);
gsize tcp_buffers_send(const TcpConn *conn);

/* acking.c */
void tcp_acking_duplicate(TcpConn *conn);
void tcp_acking_early(TcpConn *conn, const TcpSegment *segment);
void tcp_acking_in_order(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, gboolean gap);
void tcp_acking_fin(TcpConn *conn);
void tcp_acking_decide(TcpConn *conn, gint64 now_ns);
void tcp_acking_read(TcpConn *conn);
void tcp_acking_timeout(TcpConn *conn);
void tcp_acking_sent(TcpConn *conn);
void tcp_acking_window_grew(TcpConn *conn);
void tcp_acking_data_sent(TcpConn *conn, gint64 now_ns);

/* receive.c */
void tcp_receive_next(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_receive_segment(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_receive_unacceptable(TcpConn *conn, const TcpSegment *segment);
guint32 tcp_receive_window(TcpConn *conn);
guint32 tcp_receive_window_unscaled(TcpConn *conn);
gboolean tcp_receive_update_due(const TcpConn *conn);

/* send.c */
void tcp_send_grow(TcpConn *conn);
void tcp_send_free_ring(TcpConn *conn);
gsize tcp_send_waiting(const TcpConn *conn);
void tcp_send_cut(TcpConn *conn, gint64 now_ns);
void tcp_send_push(TcpConn *conn, gint64 now_ns);
gboolean tcp_send_force(TcpConn *conn);
void tcp_send_probe(TcpConn *conn, gint64 now_ns);

/* Nothing is in flight: gives the queue's memory back, as most connections are idle most of the
 * time. */
static inline void
tcp_send_empty(TcpConn *conn)
{
  conn->head = conn->rexmit = conn->loss_end = conn->unsent = conn->tail = 0;
  if (conn->ring != NULL) {
    tcp_send_free_ring(conn);
  }
}

static inline void
tcp_send_release(TcpConn *conn)
{
  if (conn->head == conn->tail) {
    tcp_send_empty(conn);
  }
}

/* Losses are found by SACK; without it, and during the handshake, as newreno.c does. */
static inline gboolean
tcp_conn_sacks(const TcpConn *conn)
{
  return conn->sack_ok && conn->state >= TCP_ESTABLISHED;
}

/* It stands, has SACK, and nothing is amiss. */
static inline gboolean
tcp_conn_calm(const TcpConn *conn)
{
  return conn->state == TCP_ESTABLISHED && (conn->ca == TCP_CA_OPEN && conn->sack_ok);
}

/* Commits the next segment. */
static inline void
tcp_send_enqueue(TcpConn *conn, guint16 length, guint8 flags)
{
  if (conn->tail - conn->head > conn->ring_mask) {
    tcp_send_grow(conn);
  }
  TcpSent *sent = tcp_conn_sent(conn, conn->tail++);
  *sent = (TcpSent){.seq = conn->committed, .length = length, .flags = flags};
  conn->committed += length;
  conn->ready = TRUE;
  if (flags & (TCP_SYN | TCP_FIN)) {
    conn->committed++;
    conn->fin_waits = FALSE;
  }
}

/* Called at every event that may let something go, mostly in vain. */
static inline void
tcp_send_commit(TcpConn *conn, gint64 now_ns)
{
  if (conn->uncut && conn->state >= TCP_ESTABLISHED) {
    tcp_send_cut(conn, now_ns);
  }
}

/* Segments transmitted and not acknowledged. */
static inline guint32
tcp_conn_packets_out(const TcpConn *conn)
{
  return conn->unsent - conn->head;
}

static inline guint64
tcp_sent_end(const TcpSent *sent)
{
  return sent->seq + sent->length + ((sent->flags & (TCP_SYN | TCP_FIN)) != 0);
}

/* RFC 7323 leaves the clock's origin open; this one keeps values above 0 in a warm-up too. */
#define TCP_CLOCK_ORIGIN_NS G_GINT64_CONSTANT(1073741824000000)
#define TCP_CLOCK_TICK_NS G_GINT64_CONSTANT(1000000)

/* TCP_TIMEOUT_MIN_US of Linux: what timers of loss detection wait beyond their time. */
#define TCP_TIMER_SLACK_NS G_GINT64_CONSTANT(2000000)

/* The clock of our timestamps. */
static inline guint32
tcp_conn_timestamp(gint64 now_ns)
{
  return (guint32)((guint64)(now_ns + TCP_CLOCK_ORIGIN_NS) / TCP_CLOCK_TICK_NS);
}

static inline void
tcp_ack_init(TcpAck *ack, gint64 now_ns, const TcpConn *conn, const TcpSegment *segment)
{
  *ack = (TcpAck){.now_ns = now_ns,
                  .ack = MAX(segment->ack, conn->una),
                  .old_una = conn->una,
                  .reordered = G_MAXUINT64,
                  .first_acked_ns = TCP_NEVER,
                  .first_sacked_ns = TCP_NEVER,
                  .ts_echo = segment->ts_echo};
}

/* output.c */
gboolean tcp_output_due(TcpConn *conn);

/* recovery.c */
gboolean tcp_recovery_predicted(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_recovery_ack(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, gboolean informs);
void tcp_recovery_reorder_timeout(TcpConn *conn, gint64 now_ns);
void tcp_recovery_timeout(TcpConn *conn, gint64 now_ns);

/* newreno.c */
void tcp_newreno_acked(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_newreno_duplicate(TcpConn *conn, gint64 now_ns);
void tcp_newreno_timeout(TcpConn *conn);

/* scoreboard.c */
TcpLoss *tcp_scoreboard_loss(TcpConn *conn);
guint64 tcp_scoreboard_highest(const TcpConn *conn);
void tcp_scoreboard_pop(TcpConn *conn, TcpAck *ack);
void tcp_scoreboard_pop_oldest(TcpConn *conn, guint64 end);
void tcp_scoreboard_sack(TcpConn *conn, const TcpSegment *segment, TcpAck *ack);
void tcp_scoreboard_reordered(TcpConn *conn, guint64 seq);
void tcp_scoreboard_mark_lost(TcpConn *conn, guint32 index);
void tcp_scoreboard_count_losses(TcpConn *conn);
gboolean tcp_scoreboard_next_lost(TcpConn *conn, guint32 *index);
void tcp_scoreboard_forget_sacks(TcpConn *conn);
void tcp_scoreboard_unmark_lost(TcpConn *conn);
guint32 tcp_scoreboard_collapse(TcpConn *conn, guint32 index);

/* rack.c */
void tcp_rack_delivered(TcpConn *conn, gint64 now_ns, gint64 sent_ns, guint64 end);
void tcp_rack_advance(TcpConn *conn, gint64 now_ns, const TcpSent *sent);
gint64 tcp_rack_remaining_ns(const TcpConn *conn, gint64 now_ns, const TcpSent *sent,
                             gint64 window_ns);
gint64 tcp_rack_detect(TcpConn *conn, gint64 now_ns);
void tcp_rack_update_window(TcpConn *conn, guint64 ack);

/* probe.c */
void tcp_probe_data_sent(TcpConn *conn, gint64 now_ns, gboolean oldest);
void tcp_probe_rearm(TcpConn *conn, gint64 now_ns);
void tcp_probe_set_timer(TcpConn *conn, gint64 now_ns);
void tcp_probe_timeout(TcpConn *conn, gint64 now_ns);
gboolean tcp_probe_acked(TcpConn *conn, const TcpAck *ack);

/* undo.c */
void tcp_undo_start(TcpConn *conn);
void tcp_undo_retransmitted(TcpConn *conn, gint64 now_ns);
void tcp_undo_reduction(TcpConn *conn, gboolean unmark);
gboolean tcp_undo_packet_delayed(const TcpConn *conn, const TcpAck *ack);
gboolean tcp_undo_possible(const TcpConn *conn, const TcpAck *ack);
gboolean tcp_undo_by_dsack(TcpConn *conn);
gboolean tcp_undo_retransmission_done(const TcpConn *conn);

/* prr.c */
void tcp_prr_start(TcpConn *conn);
void tcp_prr_acked(TcpConn *conn, const TcpAck *ack, guint32 delivered, guint32 lost);
void tcp_prr_end(TcpConn *conn);

/* congestion.c */
void tcp_congestion_start(TcpConn *conn, guint segments);
guint32 tcp_congestion_in_flight(const TcpConn *conn);
guint32 tcp_congestion_cost(const TcpConn *conn, guint32 bytes);
gboolean tcp_congestion_allows(const TcpConn *conn, guint32 in_flight, guint32 bytes);
void tcp_congestion_validate(TcpConn *conn, gint64 now_ns, gboolean limited);
void tcp_congestion_restart(TcpConn *conn, gint64 now_ns);
void tcp_congestion_grow(TcpConn *conn, gint64 now_ns, guint32 acked);
guint32 tcp_congestion_ssthresh(TcpConn *conn);
void tcp_congestion_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns);
void tcp_congestion_enter_recovery(TcpConn *conn);
void tcp_congestion_inflate(TcpConn *conn);
void tcp_congestion_partial(TcpConn *conn, guint32 acked);
void tcp_congestion_leave_recovery(TcpConn *conn);
void tcp_congestion_timeout(TcpConn *conn, gboolean reduces);

/* cubic.c */
guint32 tcp_cubic_count(TcpConn *conn, gint64 now_ns, guint32 acked);
guint32 tcp_cubic_ssthresh(TcpConn *conn);
void tcp_cubic_timeout(TcpConn *conn);
void tcp_cubic_data_sent(TcpConn *conn, gint64 now_ns, gboolean counted);
void tcp_cubic_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns);

/* alive.c */
void tcp_alive_start(TcpConn *conn, gint64 now_ns);
void tcp_alive_heard(TcpConn *conn, gint64 now_ns);
void tcp_alive_timeout(TcpConn *conn, gint64 now_ns);
gint64 tcp_alive_deadline(const TcpConn *conn);
gboolean tcp_alive_user_timeout(const TcpConn *conn, gint64 now_ns);
gint64 tcp_alive_clamp(const TcpConn *conn, gint64 now_ns, gint64 wait_ns);
gint64 tcp_alive_rto_ns(const TcpConn *conn, gint64 now_ns);

/* rtt.c */
void tcp_rtt_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns);
gboolean tcp_rtt_acked(TcpConn *conn, const TcpAck *ack);
void tcp_rtt_unmeasured(TcpConn *conn);
void tcp_rtt_back_off(TcpConn *conn);
void tcp_rtt_progress(TcpConn *conn);

/* timer.c */
void tcp_timer_init(TcpConn *conn);
gint64 tcp_timer_ceil(const TcpConn *conn, gint64 delay_ns);
gint64 tcp_timer_tick_ns(const TcpConn *conn, gint64 now_ns);
gint64 tcp_timer_at(const TcpConn *conn, gint64 now_ns, gint64 delay_ns);
void tcp_timer_start(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 delay_ns);
void tcp_timer_move(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 from_ns, gint64 delay_ns);
