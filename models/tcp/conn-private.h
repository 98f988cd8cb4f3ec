/* The inside of a TcpConn, shared by the files of this folder and by nobody else.
 *
 *   conn.c        life, application calls, timers, getters
 *   input.c       a segment comes: checks in the order of RFC 9293 3.10.7, state changes
 *   options.c     what SYNs agree on; timestamps
 *   receive.c     what came: order, window offered
 *   acking.c      when an ACK is owed
 *   early.c       what came before its turn, and what SACK blocks say of it
 *   send.c        what to send: cutting the stream into segments, the retransmission queue, output
 *   recovery.c    what ACKs and time-outs say about loss
 *   congestion.c  how much may be under way
 *   cubic.c       how fast that grows, by CUBIC
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

/* A segment that was committed and is not yet acknowledged. */
typedef struct {
  guint64 seq;
  gint64 sent_ns; /* last transmission */
  guint16 length;
  guint8 flags;         /* SYN, FIN, PSH */
  guint8 transmissions; /* stops at 255 */
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
  TCP_TIMER_PERSIST,    /* nothing in flight, and the window too small for what waits */
  TCP_TIMER_TIME_WAIT,
} TcpTimer;

typedef enum {
  TCP_CA_OPEN,
  TCP_CA_RECOVERY, /* fast recovery, RFC 6582; until `recover` is acknowledged */
  TCP_CA_LOSS,     /* after a time-out: all in flight is taken as lost; until `recover` too */
} TcpCaState;

typedef struct _TcpCubic TcpCubic;

struct _TcpConn {
  const TcpConfig *config;
  TcpStream *tx;
  TcpStream *rx;

  /* The retransmission queue: a ring with running indices; head <= rexmit <= loss_end <= unsent
   * <= tail. What lies in [rexmit, loss_end) is taken as lost and waits for retransmission;
   * [unsent, tail) was never transmitted. */
  TcpSent *ring;
  guint32 ring_mask;
  guint32 head, rexmit, loss_end, unsent, tail;

  guint32 max_window; /* largest window the peer ever offered */
  guint64 una;
  guint64 committed; /* end of the last committed segment */
  guint64 wnd_end;   /* what the peer allows */
  guint64 wl1;       /* sequence number of the segment that said so */
  guint64 recover;   /* RFC 6582 */

  /* Congestion control counts packets with the LINUX rule and bytes else; so do these. */
  guint32 cwnd;
  guint32 ssthresh;
  guint32 cwnd_count;   /* acknowledged since the last increase in congestion avoidance */
  guint32 max_out;      /* most in flight in this window */
  guint64 cwnd_use_seq; /* end of this window */
  gint64 last_data_ns;
  TcpCubic *cubic; /* NULL: not needed so far */

  gint64 srtt8; /* 8 SRTT, 0 before the first sample */
  gint64 mdev4; /* LINUX only: 4 mean deviations */
  gint64 mdev4_max;
  gint64 rttvar4; /* 4 RTTVAR */
  guint64 rtt_seq;
  gint64 rto_ns;

  gint64 timer_ns;
  gint64 ack_ns;         /* delayed ACK */
  gint64 retry_start_ns; /* first retransmission of those in a row */

  /* Receiving. */
  TcpEarly *early; /* NULL: all came in order */
  guint64 rcv_nxt;
  guint64 rcv_acked; /* last ack sent */
  guint64 rcv_fin;   /* offset of the peer's FIN, 0: not seen */
  guint64 offered;   /* right edge of the window given to the peer */
  gint64 heard_ns;   /* when data came last; this and the next are of the LINUX rule */
  gint64 ato_ns;     /* how long an ACK waits for a reply to carry it; 0: no data came yet */
  guint32 ts_recent; /* RFC 7323 4.3 */
  guint16 rcv_mss;   /* length of what seems a full-sized segment */
  guint16 last_size; /* of the last segment, if it may be full-sized though it is smaller */

  guint16 own_mss; /* the MSS option */
  guint16 mss;     /* largest payload to send */
  guint8 state;    /* TcpState */
  guint8 end;      /* TcpEnd */
  guint8 timer;    /* TcpTimer */
  guint8 ca;       /* TcpCaState */
  guint8 retries;  /* time-outs, or probes, in a row */
  guint8 probe_shift;
  guint8 dup_acks;
  guint8 quick; /* ACKs still to be sent at once */

  guint8 rcv_scale : 4; /* RFC 7323 2.3 */
  guint8 sack_ok : 1;   /* both SYNs offered it; so the next */
  guint8 timestamps_ok : 1;
  guint8 scaled : 1;
  guint8 passive : 1;
  guint8 nodelay : 1;
  guint8 closing : 1; /* the application closed */
  guint8 fin_committed : 1;
  guint8 ack_first : 1;     /* an ACK of its own is owed, before any data */
  guint8 ack_now : 1;       /* an ACK is owed, data may carry it */
  guint8 ack_scheduled : 1; /* LINUX: an ACK is owed, soon or late */
  guint8 ack_once : 1;      /* ... and this one at once */
  guint8 pingpong : 1;      /* replies carry ACKs */
  guint8 pushed : 2;        /* ends of writes that are not acknowledged: none, one, more */
  guint8 probe_owed : 1;
  guint8 reset_owed : 1;
  guint8 cwnd_limited : 1;
  guint8 timer_held : 1; /* RFC 6582: the first partial ACK has restarted the timer */

  TcpCounters counters;
};

static inline gboolean
tcp_conn_linux(const TcpConn *conn)
{
  return conn->config->rto_rule == TCP_RTO_RULE_LINUX;
}

static inline TcpSent *
tcp_conn_sent(const TcpConn *conn, guint32 index)
{
  return &conn->ring[index & conn->ring_mask];
}

/* conn.c */
void tcp_conn_set_timer(TcpConn *conn, TcpTimer timer, gint64 at_ns);
void tcp_conn_finish(TcpConn *conn, TcpEnd end);
void tcp_conn_time_wait(TcpConn *conn, gint64 now_ns);
void tcp_conn_establish(TcpConn *conn, gint64 now_ns);

/* options.c */
void tcp_options_start(TcpConn *conn, guint mss);
guint tcp_options_bytes(const TcpConn *conn);
void tcp_options_write(TcpConn *conn, gint64 now_ns, TcpSegment *segment);
void tcp_options_agree(TcpConn *conn, const TcpSegment *syn);
void tcp_options_read(TcpConn *conn, const TcpSegment *segment);

/* early.c */
gboolean tcp_early_any(const TcpConn *conn);
void tcp_early_add(TcpConn *conn, guint64 start, guint64 end);
void tcp_early_absorb(TcpConn *conn, guint64 start);
void tcp_early_duplicate(TcpConn *conn, guint64 start, guint64 end);
void tcp_early_report(TcpConn *conn, TcpSegment *segment, guint room);
void tcp_early_free(TcpConn *conn);

/* acking.c */
void tcp_acking_duplicate(TcpConn *conn);
void tcp_acking_early(TcpConn *conn, const TcpSegment *segment);
void tcp_acking_in_order(TcpConn *conn, gint64 now_ns, const TcpSegment *segment, gboolean gap);
void tcp_acking_fin(TcpConn *conn);
void tcp_acking_decide(TcpConn *conn, gint64 now_ns);
void tcp_acking_read(TcpConn *conn);
void tcp_acking_timeout(TcpConn *conn);
void tcp_acking_sent(TcpConn *conn);
void tcp_acking_data_sent(TcpConn *conn, gint64 now_ns);

/* receive.c */
void tcp_receive_segment(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_receive_unacceptable(TcpConn *conn, const TcpSegment *segment);
guint32 tcp_receive_window(TcpConn *conn, guint8 flags);
gboolean tcp_receive_update_due(const TcpConn *conn);

/* send.c */
guint64 tcp_send_seq(const TcpConn *conn, guint32 index);
void tcp_send_enqueue(TcpConn *conn, guint16 length, guint8 flags);
void tcp_send_release(TcpConn *conn);
gsize tcp_send_waiting(const TcpConn *conn);
void tcp_send_commit(TcpConn *conn, gint64 now_ns);
gboolean tcp_send_due(const TcpConn *conn);
void tcp_send_probe(TcpConn *conn, gint64 now_ns);

/* recovery.c */
void tcp_recovery_acked(TcpConn *conn, gint64 now_ns, guint64 ack);
void tcp_recovery_duplicate(TcpConn *conn, gint64 now_ns);
void tcp_recovery_timeout(TcpConn *conn, gint64 now_ns);

/* congestion.c */
void tcp_congestion_start(TcpConn *conn, guint segments);
guint32 tcp_congestion_in_flight(const TcpConn *conn);
guint32 tcp_congestion_cost(const TcpConn *conn, guint32 bytes);
gboolean tcp_congestion_allows(const TcpConn *conn, guint32 bytes);
void tcp_congestion_validate(TcpConn *conn, gboolean limited);
void tcp_congestion_restart(TcpConn *conn, gint64 now_ns);
void tcp_congestion_grow(TcpConn *conn, gint64 now_ns, guint32 acked);
guint32 tcp_congestion_ssthresh(TcpConn *conn);
void tcp_congestion_data_sent(TcpConn *conn, gint64 now_ns);
void tcp_congestion_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns);
void tcp_congestion_enter_recovery(TcpConn *conn);
void tcp_congestion_inflate(TcpConn *conn);
void tcp_congestion_partial(TcpConn *conn, guint32 acked);
void tcp_congestion_leave_recovery(TcpConn *conn);
void tcp_congestion_timeout(TcpConn *conn);

/* cubic.c */
guint32 tcp_cubic_count(TcpConn *conn, gint64 now_ns, guint32 acked);
guint32 tcp_cubic_ssthresh(TcpConn *conn);
void tcp_cubic_timeout(TcpConn *conn);
void tcp_cubic_idle(TcpConn *conn, gint64 now_ns);
void tcp_cubic_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns);

/* rtt.c */
void tcp_rtt_sample(TcpConn *conn, gint64 sample_ns);
void tcp_rtt_unmeasured(TcpConn *conn);
void tcp_rtt_back_off(TcpConn *conn);

/* timer.c */
gint64 tcp_timer_at(const TcpConfig *config, gint64 now_ns, gint64 delay_ns);
