/* The inside of a TcpConn, shared by the files of this folder and by nobody else.
 *
 *   conn.c        life, application calls, timers, getters
 *   input.c       a segment comes: checks in the order of RFC 9293 3.10.7, state changes
 *   options.c     what SYNs agree on; timestamps
 *   receive.c     what came: order, window offered
 *   buffers.c     how much may wait at either end
 *   acking.c      when an ACK is owed
 *   early.c       what came before its turn, and what SACK blocks say of it
 *   send.c        what to send: cutting the stream into segments, the retransmission queue, output
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
 * polls. */
#pragma once

#include "models/tcp/conn.h"

#define TCP_DEFAULT_MSS 536 /* of a peer that does not say (RFC 9293 3.7.1) */
#define TCP_LEAST_MSS 88    /* TCP_MIN_MSS of Linux */

#define TCP_SACK_MOST_BYTES 36 /* of options: four blocks */

/* What SACK has told of a segment. In the network are, of one without tag, one copy; SACKED or
 * LOST: none; with RETRANSMITTED one more (the table above tcp_sacktag_write_queue() of Linux). */
typedef enum {
  TCP_TAG_SACKED = 1 << 0,
  TCP_TAG_LOST = 1 << 1,
  TCP_TAG_RETRANSMITTED = 1 << 2, /* since it was tagged LOST; by a probe it is not */
  TCP_TAG_JUDGED = 1 << 3, /* RACK has found it lost since it went last, and will not again */
} TcpTags;

/* A segment that was committed and is not yet acknowledged. */
typedef struct {
  guint64 seq;
  gint64 sent_ns; /* last transmission */
  guint16 length;
  guint8 flags;         /* SYN, FIN, PSH */
  guint8 transmissions; /* stops at 255 */
  guint8 tags;          /* TcpTags */
} TcpSent;

typedef struct {
  guint64 start;
  guint64 end;
} TcpRange;

/* Bytes received beyond a gap, and what is to be told of them; there only while there are any. */
typedef struct {
  TcpRange *ranges; /* in order, not touching */
  guint32 count, capacity;
  TcpRange blocks[TCP_SACK_BLOCKS]; /* those of the ranges that changed last, the last first */
  TcpRange duplicate;               /* came twice and not yet reported (RFC 2883); empty: none */
  guint8 block_count;
  guint8 answered; /* duplicate ACKs sent for the gap at */
  guint8 held;     /* and those that wait since the last one */
  guint64 gap;
} TcpEarly;

typedef enum {
  TCP_TIMER_OFF,
  TCP_TIMER_RETRANSMIT, /* oldest unacknowledged segment */
  TCP_TIMER_PROBE,      /* tail loss probe */
  TCP_TIMER_REORDER,    /* what is late and may have been overtaken is lost from then on */
  TCP_TIMER_PERSIST,    /* nothing in flight, and the window too small for what waits */
  TCP_TIMER_TIME_WAIT,
} TcpTimer;

typedef enum {
  TCP_CA_OPEN,
  TCP_CA_DISORDER, /* SACK only: something came out of order, or was sent twice */
  TCP_CA_RECOVERY, /* fast recovery; until `recover` is acknowledged */
  TCP_CA_LOSS,     /* after a time-out: all in flight is taken as lost; until `recover` too */
} TcpCaState;

typedef struct _TcpCubic TcpCubic;
typedef struct _TcpAlive TcpAlive;
typedef struct _TcpBuffers TcpBuffers;

/* What a connection with SACK needs once something was late, and then keeps. */
typedef struct {
  guint64 fack;              /* end of the highest segment SACKed */
  guint64 probe_end;         /* end of what was sent when the probe went; 0: none is out */
  guint64 undo_marker;       /* una when the window was reduced; 0: nothing to take back */
  guint64 reorder_round;     /* D-SACKs that come before it is acknowledged widen nothing */
  gint32 undo_retransmitted; /* retransmissions that no D-SACK has answered; -1: none was sent */
  guint32 prior_cwnd;
  guint32 prior_ssthresh; /* 0: not to be restored */
  guint32 retransmit_ts;  /* time stamp of the first retransmission; 0: none */
  guint32 lost;           /* segments ever tagged LOST */
  guint32 prr_delivered, prr_out;
  guint32 dsacks;         /* segments that D-SACKs reported */
  guint16 reordering;     /* segments by which another was overtaken */
  guint8 reorder_steps;   /* of the reordering window, in quarters of the least RTT */
  guint8 reorder_persist; /* recoveries for which the steps stay */
  guint8 reordering_seen : 1;
  guint8 dsack_pending : 1;        /* the reordering window is to be widened */
  guint8 probe_repeats : 1;        /* the probe was a retransmission */
  guint8 frto : 1;                 /* the time-out may still prove spurious */
  TcpRange known[TCP_SACK_BLOCKS]; /* blocks of the last ACK, tagged already */
} TcpLoss;

/* What one ACK says, as it goes through the parts of the sender. */
typedef struct {
  gint64 now_ns;
  guint64 ack;
  guint64 old_una;
  guint64 reordered;     /* lowest segment delivered late that was never retransmitted */
  gint64 first_acked_ns; /* sent; the first and last such segment acknowledged, TCP_NEVER: none */
  gint64 last_acked_ns;
  gint64 first_sacked_ns;
  gint64 last_sacked_ns;
  guint32 ts_echo;
  guint32 packets;   /* taken off the queue */
  guint32 bytes;     /* acknowledged */
  guint32 delivered; /* newly acknowledged or SACKed */
  guint8 sacked : 1; /* something newly */
  guint8 dsack : 1;
  guint8 probe_dsack : 1;         /* the probe came, and its original too */
  guint8 retransmitted : 1;       /* acknowledges a segment sent twice: no RTT (Karn) */
  guint8 original : 1;            /* delivers one from before `recover` that was sent once */
  guint8 informs : 1;             /* carries data or a window: no duplicate */
  guint8 lost_retransmission : 1; /* found by it */
  guint8 timer_set : 1;           /* the reordering timer */
  guint8 hold : 1;                /* nothing is to be retransmitted now */
  guint8 new_data : 1;            /* but new data may go, to prove that a time-out was spurious */
} TcpAck;

/* In the order of their use: by who looks whether anything is due, by who sends and who receives,
 * by who takes a sample of the round trip; at the end what is for mishaps, and for the beginning
 * and the end. A line of the cache is 64 bytes. With a segment that is predicted, the first five
 * are touched, and the sixth when something is sent or acknowledged.
 *
 * The retransmission queue is a ring with running indices; head <= rexmit <= loss_end <= unsent
 * <= tail. What lies in [rexmit, loss_end) is taken as lost and waits for retransmission;
 * [unsent, tail) was never transmitted. With SACK, tags say what is lost, nothing before rexmit
 * waits for retransmission, and loss_end is idle. */
struct _TcpConn {
  const TcpConfig *config;
  TcpStream *tx;
  TcpStream *rx;
  guint8 state; /* TcpState */
  guint8 timer; /* TcpTimer */
  guint8 ca;    /* TcpCaState */
  guint8 quick; /* ACKs still to be sent at once */

  /* What is to go at the next output; one look says that nothing is. */
  guint8 ack_first : 1;  /* an ACK of its own, before any data */
  guint8 ack_now : 1;    /* an ACK, data may carry it */
  guint8 probe_owed : 1; /* to a silent peer, or to a window that is shut */
  guint8 probe_old : 1;  /* a tail loss probe: the last segment again */
  guint8 fin_waits : 1;  /* the application closed, and FIN is not yet committed */
  guint8 reset_owed : 1;
  guint8 ack_scheduled : 1; /* not yet, but LINUX: soon or late; */
  guint8 ack_once : 1;      /* and this one at once */

  guint8 pingpong : 1;      /* replies carry ACKs */
  guint8 probe_new : 1;     /* a tail loss probe is to go, with new data */
  guint8 rexmit_held : 1;   /* what is lost waits for the next ACK, new data may go */
  guint8 rack_advanced : 1; /* the latest delivered is new: losses may show */
  guint8 cwnd_limited : 1;
  guint8 timer_held : 1; /* RFC 6582: the first partial ACK has restarted the timer */
  guint8 fin_taken : 1;  /* rcv_nxt counts the peer's FIN */

  guint8 rcv_scale : 4; /* RFC 7323 2.3 */
  guint8 sack_ok : 1;   /* both SYNs offered it; so the next */
  guint8 timestamps_ok : 1;
  guint8 scaled : 1;
  guint8 passive : 1;

  guint8 pieces : 5; /* of the last buffer of what waits, if they count */
  guint8 apart : 1;  /* what is written next lies apart from what was written last */
  guint8 nodelay : 1;
  guint8 closing : 1; /* the application closed */

  gint64 timer_ns;
  gint64 ack_ns; /* delayed ACK */
  guint32 unsent, tail, rexmit, loss_end;

  guint64 committed; /* end of the last committed segment */
  guint64 una;
  guint64 wnd_end; /* what the peer allows */
  TcpSent *ring;   /* of ring_mask + 1; NULL: `only`, as long as one is enough */
  TcpSent only;
  guint32 ring_mask;
  guint32 head;

  /* Receiving. */
  guint64 rcv_nxt;
  guint64 rcv_acked;   /* last ack sent */
  guint64 offered;     /* right edge of the window given to the peer */
  TcpEarly *early;     /* NULL: all came in order */
  TcpBuffers *buffers; /* NULL: of the size that the configuration says */
  gint64 heard_ns;     /* when data came last; this and the next are of the LINUX rule */
  gint64 ato_ns;       /* how long an ACK waits for a reply to carry it; 0: no data came yet */
  guint32 ts_recent;   /* RFC 7323 4.3 */
  guint16 rcv_mss;     /* length of what seems a full-sized segment */
  guint16 mss;         /* largest payload to send */

  gint64 rto_ns;
  gint64 srtt8; /* 8 SRTT, 0 before the first sample */
  gint64 mdev4; /* LINUX only: 4 mean deviations */
  gint64 mdev4_max;
  gint64 rttvar4; /* 4 RTTVAR */
  guint64 rtt_seq;
  TcpLoss *loss;   /* NULL as long as all is well */
  TcpCubic *cubic; /* NULL: not needed so far */

  /* Congestion control counts packets with the LINUX rule and bytes else; so do these. */
  guint32 cwnd;
  guint32 ssthresh;
  guint32 max_out;      /* most in flight in this window */
  guint32 max_window;   /* largest window the peer ever offered */
  guint64 cwnd_use_seq; /* end of this window */
  gint64 cwnd_at_ns;    /* when the window was found right */
  gint64 last_data_ns;
  guint64 wl1; /* sequence number of the segment that told wnd_end */
  /* With SACK: how many segments have each tag. */
  guint32 sacked_out, lost_out, retransmitted_out;
  guint32 timer_tick; /* for which the timer was set, its low bits */

  /* The latest delivered of what was sent (RFC 8985). */
  gint64 rack_sent_ns;
  guint64 rack_end;
  gint64 rack_rtt_ns;
  gint64 min_rtt_ns; /* of the last five minutes; 0: none */
  gint64 min_rtt_at_ns;
  guint64 short_end;  /* of the last short segment */
  guint64 rcv_fin;    /* offset of the peer's FIN, 0: not seen */
  guint16 last_size;  /* of the last segment, if it may be full-sized though it is smaller */
  guint16 cwnd_used;  /* most in flight since cwnd_at_ns; LINUX only, as that */
  guint16 full_bytes; /* of what waits, in buffers before the last one */
  guint8 end : 4;     /* TcpEnd */
  guint8 pushed : 4;  /* ends of writes that are not acknowledged: none, one, more */
  guint8 retries;     /* time-outs, or probes, in a row */

  TcpCounters counters;
  TcpAlive *alive;       /* NULL: no keepalive */
  guint64 recover;       /* RFC 6582; high_seq of Linux */
  gint64 retry_start_ns; /* first retransmission of those in a row */
  guint32 cwnd_count;    /* acknowledged since the last increase in congestion avoidance */
  guint16 own_mss;       /* the MSS option */
  guint8 probe_shift;
  guint8 dup_acks;
};

static inline gboolean
tcp_conn_linux(const TcpConn *conn)
{
  return conn->config->rto_rule == TCP_RTO_RULE_LINUX;
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
void tcp_receive_segment(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, gboolean next);
void tcp_receive_unacceptable(TcpConn *conn, const TcpSegment *segment);
guint32 tcp_receive_window(TcpConn *conn, guint8 flags);
gboolean tcp_receive_update_due(const TcpConn *conn);

/* send.c */
void tcp_send_grow(TcpConn *conn);
void tcp_send_release(TcpConn *conn);
gsize tcp_send_waiting(const TcpConn *conn);
void tcp_send_piece(TcpConn *conn);
void tcp_send_cut(TcpConn *conn, gint64 now_ns);
gboolean tcp_send_due(TcpConn *conn);
void tcp_send_push(TcpConn *conn, gint64 now_ns);
gboolean tcp_send_force(TcpConn *conn);
void tcp_send_probe(TcpConn *conn, gint64 now_ns);

/* Losses are found by SACK; without it, and during the handshake, as newreno.c does. */
static inline gboolean
tcp_conn_sacks(const TcpConn *conn)
{
  return conn->sack_ok && conn->state >= TCP_ESTABLISHED;
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
  if (flags & (TCP_SYN | TCP_FIN)) {
    conn->committed++;
    conn->fin_waits = FALSE;
  }
}

/* Something taken as lost waits for retransmission: by its tags, or without SACK behind rexmit. */
static inline gboolean
tcp_send_lost(const TcpConn *conn)
{
  return conn->lost_out > conn->retransmitted_out ||
         (conn->rexmit != conn->loss_end && !tcp_conn_sacks(conn));
}

/* Called at every event that may let something go, mostly in vain. */
static inline void
tcp_send_commit(TcpConn *conn, gint64 now_ns)
{
  gboolean all_is_cut = tcp_stream_end(conn->tx) <= conn->committed && !conn->fin_waits;
  if (!all_is_cut && conn->state >= TCP_ESTABLISHED) {
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
void tcp_scoreboard_pop_plain(TcpConn *conn, gint64 now_ns, const TcpSent *sent);
void tcp_scoreboard_sack(TcpConn *conn, const TcpSegment *segment, TcpAck *ack);
void tcp_scoreboard_reordered(TcpConn *conn, guint64 seq);
void tcp_scoreboard_mark_lost(TcpConn *conn, guint32 index);
void tcp_scoreboard_count_losses(TcpConn *conn);
gboolean tcp_scoreboard_next_lost(TcpConn *conn, guint32 *index);
void tcp_scoreboard_forget_sacks(TcpConn *conn);
void tcp_scoreboard_unmark_lost(TcpConn *conn);
guint32 tcp_scoreboard_collapse(TcpConn *conn, guint32 index);

/* rack.c */
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
void tcp_congestion_data_sent(TcpConn *conn, gint64 now_ns, gboolean counted);
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
void tcp_cubic_idle(TcpConn *conn, gint64 now_ns);
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
void tcp_rtt_sample(TcpConn *conn, gint64 now_ns, gint64 first_ns, gint64 last_ns);
gboolean tcp_rtt_acked(TcpConn *conn, const TcpAck *ack);
void tcp_rtt_unmeasured(TcpConn *conn);
void tcp_rtt_back_off(TcpConn *conn);
void tcp_rtt_progress(TcpConn *conn);

/* timer.c */
gint64 tcp_timer_ceil(const TcpConfig *config, gint64 delay_ns);
gint64 tcp_timer_tick_ns(const TcpConfig *config, gint64 now_ns);
gint64 tcp_timer_at(const TcpConfig *config, gint64 now_ns, gint64 delay_ns);
void tcp_timer_start(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 delay_ns);
void tcp_timer_move(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 from_ns, gint64 delay_ns);
