#include "models/tcp/conn-private.h"

/* include/net/tcp.h, TCP_RTO_MIN. */
#define LINUX_RTO_BASE_NS G_GINT64_CONSTANT(200000000)

/* tcp_try_keep_open(). */
static void
keep_open(TcpConn *conn)
{
  gboolean amiss = conn->sacked_out + conn->lost_out > 0 || tcp_undo_retransmission_done(conn);
  TcpCaState state = amiss ? TCP_CA_DISORDER : TCP_CA_OPEN;
  if (conn->ca != state) {
    conn->ca = state;
    conn->recover = tcp_send_seq(conn, conn->unsent);
  }
}

/* tcp_try_to_open(). */
static void
try_to_open(TcpConn *conn)
{
  if (!tcp_undo_retransmission_done(conn)) {
    conn->loss->retransmit_ts = 0;
  }
  keep_open(conn);
}

/* tcp_current_ssthresh(). */
static guint32
current_ssthresh(const TcpConn *conn)
{
  return MAX(conn->ssthresh, conn->cwnd / 2 + conn->cwnd / 4);
}

/* tcp_enter_recovery(). */
static void
enter_recovery(TcpConn *conn)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  if (!tcp_undo_retransmission_done(conn)) {
    loss->retransmit_ts = 0;
  }
  tcp_undo_start(conn);
  loss->prior_ssthresh = current_ssthresh(conn);
  tcp_prr_start(conn);
  conn->ca = TCP_CA_RECOVERY;
  conn->counters.fast_retransmits++;
}

/* tcp_identify_packet_loss(). */
static void
identify_losses(TcpConn *conn, TcpAck *ack)
{
  if (!conn->config->rack) {
    tcp_scoreboard_count_losses(conn);
    return;
  }
  if (!conn->rack_advanced || conn->head == conn->unsent) {
    return;
  }
  conn->rack_advanced = FALSE;
  guint32 retransmitted = conn->retransmitted_out;
  gint64 wait_ns = tcp_rack_detect(conn, ack->now_ns);
  if (wait_ns > 0) { /* RFC 8985 6.2 step 5, RACK_detect_loss_and_arm_timer() */
    wait_ns = MIN(wait_ns + TCP_TIMER_SLACK_NS, conn->rto_ns);
    tcp_timer_start(conn, TCP_TIMER_REORDER, ack->now_ns, wait_ns);
    ack->timer_set = TRUE;
  }
  ack->lost_retransmission |= retransmitted > conn->retransmitted_out;
}

/* tcp_try_undo_recovery(): all that was in flight at its beginning is acknowledged. */
static void
end_recovery(TcpConn *conn, const TcpAck *ack)
{
  TcpLoss *loss = conn->loss;
  if (tcp_undo_possible(conn, ack)) {
    tcp_undo_reduction(conn, FALSE);
  } else if (loss->reorder_persist > 0) {
    loss->reorder_persist--;
  }
  conn->ca = TCP_CA_OPEN;
}

/* tcp_try_undo_loss(). */
static gboolean
undo_loss(TcpConn *conn, const TcpAck *ack, gboolean frto)
{
  if (!frto && !tcp_undo_possible(conn, ack)) {
    return FALSE;
  }
  tcp_undo_reduction(conn, TRUE);
  conn->retries = 0;
  conn->ca = TCP_CA_OPEN;
  return TRUE;
}

/* tcp_try_undo_partial(): part is acknowledged, by an original that was only late. Others may be
 * too, so as long as retransmissions are under way no more go: then TRUE. */
static gboolean
undo_partial(TcpConn *conn, const TcpAck *ack)
{
  TcpLoss *loss = conn->loss;
  if (!conn->config->undo || loss->undo_marker == 0 || !tcp_undo_packet_delayed(conn, ack)) {
    return FALSE;
  }
  tcp_scoreboard_reordered(conn, ack->old_una);
  if (conn->retransmitted_out > 0) {
    return TRUE;
  }
  if (!tcp_undo_retransmission_done(conn)) {
    loss->retransmit_ts = 0;
  }
  tcp_undo_reduction(conn, TRUE);
  keep_open(conn);
  return FALSE;
}

/* F-RTO with SACK, RFC 5682 section 3. TRUE: the time-out was spurious, or this ACK is to be
 * answered with new data (step 2b), whose own ACK will tell. */
static gboolean
frto(TcpConn *conn, TcpAck *ack)
{
  TcpLoss *loss = conn->loss;
  guint64 sent_end = tcp_send_seq(conn, conn->unsent);
  gboolean advanced = ack->ack > ack->old_una;
  if (ack->original && undo_loss(conn, ack, TRUE)) { /* step 3b */
    return TRUE;
  }
  if (sent_end > conn->recover) { /* step 3a */
    gboolean duplicate = !advanced && !ack->informs && !ack->dsack;
    loss->frto = loss->frto && !ack->sacked && !duplicate;
  } else if (advanced && conn->una < conn->recover) {
    conn->recover = sent_end;
    loss->frto = ack->new_data = tcp_send_waiting(conn) > 0 && conn->wnd_end > sent_end;
    return ack->new_data;
  }
  return FALSE;
}

/* tcp_process_loss(): an ACK after a time-out. */
static void
process_loss(TcpConn *conn, TcpAck *ack)
{
  gboolean recovered = ack->ack >= conn->recover;
  if (ack->ack > ack->old_una && undo_loss(conn, ack, FALSE)) {
    return;
  }
  if (conn->loss->frto && frto(conn, ack)) {
    return;
  }
  if (recovered) {
    end_recovery(conn, ack);
  }
}

/* What is the same in all states but recovery (tcp_fastretrans_alert()). */
static void
look_for_loss(TcpConn *conn, TcpAck *ack)
{
  if (conn->ca <= TCP_CA_DISORDER) {
    tcp_undo_by_dsack(conn);
  }
  identify_losses(conn, ack);
  if (conn->lost_out > 0) {
    enter_recovery(conn);
  } else {
    try_to_open(conn);
  }
}

static void
alert_in_recovery(TcpConn *conn, TcpAck *ack)
{
  if (ack->ack > ack->old_una && undo_partial(conn, ack)) {
    ack->hold = TRUE;
    return;
  }
  if (tcp_undo_by_dsack(conn)) {
    try_to_open(conn);
  }
  identify_losses(conn, ack);
  if (conn->ca != TCP_CA_RECOVERY && conn->lost_out > 0) {
    enter_recovery(conn);
  }
}

/* tcp_fastretrans_alert(): the state machine, for ACKs that are not simply progress. */
static void
alert(TcpConn *conn, TcpAck *ack)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  if (conn->ca == TCP_CA_OPEN) {
    loss->retransmit_ts = 0;
  } else if (conn->ca == TCP_CA_RECOVERY && ack->ack >= conn->recover) {
    end_recovery(conn, ack);
    tcp_prr_end(conn);
  }
  if (conn->ca == TCP_CA_RECOVERY) {
    alert_in_recovery(conn, ack);
    return;
  }
  if (conn->ca == TCP_CA_LOSS) {
    process_loss(conn, ack);
    identify_losses(conn, ack);
    if (conn->ca != TCP_CA_OPEN && !ack->lost_retransmission) {
      return;
    }
  }
  look_for_loss(conn, ack);
}

/* The queue after SACK blocks were taken in (tcp_clean_rtx_queue()). TRUE: the timer starts anew:
 * on progress, or when a SACKed segment is older than the head's last transmission. */
static gboolean
clean_queue(TcpConn *conn, TcpAck *ack, guint64 old_highest)
{
  tcp_scoreboard_pop(conn, ack);
  gboolean sampled = tcp_rtt_acked(conn, ack);
  if (ack->packets > 0) {
    if (ack->reordered < old_highest) {
      tcp_scoreboard_reordered(conn, ack->reordered);
    }
    return TRUE;
  }
  return sampled && ack->first_sacked_ns != TCP_NEVER && conn->head != conn->unsent &&
         ack->first_sacked_ns < tcp_conn_sent(conn, conn->head)->sent_ns;
}

static gboolean
is_dubious(const TcpConn *conn, const TcpAck *ack)
{
  gboolean duplicate = !ack->informs && ack->packets == 0;
  return duplicate || ack->sacked || ack->dsack || conn->ca != TCP_CA_OPEN;
}

/* tcp_cong_control(). */
static void
control_window(TcpConn *conn, const TcpAck *ack, guint32 lost)
{
  if (conn->ca == TCP_CA_RECOVERY) {
    tcp_prr_acked(conn, ack, ack->delivered, conn->loss->lost - lost);
  } else if (ack->packets > 0) {
    tcp_congestion_grow(conn, ack->now_ns, tcp_conn_linux(conn) ? ack->delivered : ack->bytes);
  }
}

/* The oldest segment alone is acknowledged, which went once. */
static inline gboolean
ends_oldest(const TcpConn *conn, guint64 ack)
{
  if (conn->head == conn->unsent) {
    return FALSE;
  }
  const TcpSent *sent = tcp_conn_sent(conn, conn->head);
  return ack == sent->seq + sent->length && sent->transmissions == 1 && sent->tags == 0 &&
         !(sent->flags & TCP_FIN);
}

static inline void
take_oldest(TcpConn *conn, gint64 now_ns, guint64 ack)
{
  const gint64 sent_ns = tcp_conn_sent(conn, conn->head)->sent_ns;
  const guint32 acked = tcp_congestion_cost(conn, ack - conn->una);
  conn->retries = 0;
  tcp_rack_delivered(conn, now_ns, sent_ns, ack);
  tcp_scoreboard_pop_oldest(conn, ack);
  tcp_rtt_sample(conn, now_ns, now_ns - sent_ns);
  tcp_probe_set_timer(conn, now_ns);
  tcp_congestion_grow(conn, now_ns, acked);
}

/* What tcp_recovery_ack() comes to where nothing is amiss, and there are no blocks: the ACK of one
 * segment, or text that acknowledges nothing new. FALSE: it is neither, and nothing was done. */
gboolean
tcp_recovery_predicted(TcpConn *conn, gint64 now_ns, const TcpSegment *segment)
{
  if (conn->loss != NULL && (conn->loss->probe_end != 0 || conn->sacked_out > 0)) {
    return FALSE;
  }
  if (ends_oldest(conn, segment->ack)) {
    take_oldest(conn, now_ns, segment->ack);
  } else if (segment->ack != conn->una || segment->length == 0 ||
             conn->timer == TCP_TIMER_PERSIST) {
    return FALSE;
  }
  conn->probe_old = conn->probe_new = conn->rexmit_held = FALSE;
  if (conn->loss != NULL) {
    tcp_rack_update_window(conn, segment->ack);
  }
  return TRUE;
}

/* tcp_ack(), with SACK: from its blocks to what they say about loss and the window. An ACK older
 * than una still has its blocks. informs: it carries data, or news of the window. */
void
tcp_recovery_ack(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, gboolean informs)
{
  TcpAck ack;
  tcp_ack_init(&ack, now_ns, conn, segment);
  guint64 old_highest = tcp_scoreboard_highest(conn);
  guint32 lost = conn->loss != NULL ? conn->loss->lost : 0;
  gboolean old = segment->ack < conn->una;
  gboolean in_flight = conn->head != conn->unsent;
  gboolean timer_due = FALSE;
  ack.informs = informs;
  conn->probe_old = conn->probe_new = FALSE;
  if (segment->sack_count > 0) {
    tcp_scoreboard_sack(conn, segment, &ack);
  } else if (old) {
    return;
  }
  if (ack.ack > conn->una) {
    conn->retries = 0;
    tcp_rtt_progress(conn);
  }
  if (!old && in_flight) {
    timer_due = clean_queue(conn, &ack, old_highest);
    ack.informs |= ack.packets > 0;
  }
  if (conn->loss != NULL && !old) {
    tcp_rack_update_window(conn, ack.ack);
    if (tcp_probe_acked(conn, &ack)) {
      keep_open(conn);
    }
  }
  if (in_flight || old ? is_dubious(conn, &ack) : ack.dsack) {
    alert(conn, &ack);
  }
  if (timer_due && !ack.timer_set) {
    tcp_probe_set_timer(conn, now_ns);
  }
  if (!old) {
    control_window(conn, &ack, lost);
  }
  conn->rexmit_held = ack.hold || ack.new_data;
  if (ack.new_data) {
    tcp_send_push(conn, now_ns);
    if (conn->committed == conn->recover) { /* RFC 5682 section 3 step 2c */
      conn->loss->frto = conn->rexmit_held = FALSE;
    }
  }
  tcp_send_release(conn);
}

/* tcp_rack_reo_timeout(). */
void
tcp_recovery_reorder_timeout(TcpConn *conn, gint64 now_ns)
{
  guint32 in_flight = tcp_congestion_in_flight(conn);
  guint32 lost = tcp_scoreboard_loss(conn)->lost;
  tcp_rack_detect(conn, now_ns);
  if (tcp_congestion_in_flight(conn) != in_flight) {
    if (conn->ca != TCP_CA_RECOVERY) {
      enter_recovery(conn);
      tcp_prr_acked(conn, NULL, 1, conn->loss->lost - lost);
    }
    conn->rexmit_held = FALSE;
  }
  tcp_probe_rearm(conn, now_ns);
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
    return conn->retries >= config->syn_retries + config->syn_linear;
  }
  if (conn->state == TCP_SYN_RECEIVED) {
    return conn->retries >= config->synack_retries;
  }
  if (config->user_timeout_ns != TCP_NEVER) {
    return conn->retries > 0 && tcp_alive_user_timeout(conn, now_ns);
  }
  if (tcp_conn_linux(conn)) { /* retransmits_timed_out() */
    return conn->retries > 0 && now_ns - conn->retry_start_ns >= linux_patience_ns(config);
  }
  return conn->retries >= config->data_retries;
}

/* tcp_enter_loss(), tcp_timeout_mark_lost(): the oldest segment is lost, and of the others those
 * for which RACK would not wait any longer. */
static void
enter_loss(TcpConn *conn, gint64 now_ns)
{
  TcpLoss *loss = tcp_scoreboard_loss(conn);
  gboolean reneged = (tcp_conn_sent(conn, conn->head)->tags & TCP_TAG_SACKED) != 0;
  if (reneged) {
    tcp_scoreboard_forget_sacks(conn);
  }
  for (guint32 i = conn->head; i != conn->unsent; i++) {
    gboolean all = i == conn->head || reneged || !conn->config->rack;
    if (all || tcp_rack_remaining_ns(conn, now_ns, tcp_conn_sent(conn, i), 0) <= 0) {
      tcp_scoreboard_mark_lost(conn, i);
    }
  }
  gboolean fresh = conn->ca < TCP_CA_RECOVERY;
  gboolean reduces =
      fresh || conn->recover <= conn->una || (conn->ca == TCP_CA_LOSS && conn->retries == 0);
  if (reduces) {
    loss->prior_ssthresh = current_ssthresh(conn);
    loss->prior_cwnd = conn->cwnd;
    tcp_undo_start(conn);
  }
  if (fresh && conn->sacked_out >= conn->config->dup_acks) {
    loss->reordering = MIN(loss->reordering, conn->config->dup_acks);
  }
  tcp_congestion_timeout(conn, reduces);
  conn->ca = TCP_CA_LOSS;
  conn->recover = tcp_send_seq(conn, conn->unsent);
  conn->rexmit_held = FALSE;
  loss->probe_end = 0;
  loss->frto = conn->config->frto && (fresh || conn->retries > 0);
}

/* RFC 6298 5.4 to 5.6; tcp_retransmit_timer(), tcp_write_timeout(). */
void
tcp_recovery_timeout(TcpConn *conn, gint64 now_ns)
{
  if (patience_ends(conn, now_ns)) {
    tcp_conn_finish(conn, TCP_END_TIMEOUT);
    return;
  }
  if (tcp_conn_sacks(conn)) {
    enter_loss(conn, now_ns);
  } else {
    tcp_newreno_timeout(conn);
  }
  if (conn->retries == 0) {
    conn->retry_start_ns = now_ns;
  }
  conn->retries = MIN(conn->retries + 1, G_MAXUINT8);
  conn->dup_acks = 0;
  conn->counters.timeouts++;
  if (conn->state != TCP_SYN_SENT || conn->retries > conn->config->syn_linear) {
    tcp_rtt_back_off(conn);
  }
  tcp_timer_start(conn, TCP_TIMER_RETRANSMIT, now_ns, tcp_alive_rto_ns(conn, now_ns));
}
