/* What a TcpConn consists of; see conn-private.h. */
#pragma once

#include "models/tcp/conn.h"

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

/* In the order of their use, by seven lines of 64 bytes: who looks whether anything is due needs
 * the first; who sends or receives, the second and the third and, with a sample of the round trip,
 * those up to the sixth; in the last stand the counters, what a timer and a write need, and what is
 * for mishaps and for the beginning and the end. Flags that are asked for together, and written at
 * other times, share a byte or stand side by side: the compiler makes one test of several, but a
 * field that is written with each segment is dearer if it is part of a byte.
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

  guint8 ca : 2;      /* TcpCaState */
  guint8 sack_ok : 1; /* both SYNs offered it */
  guint8 end : 4;     /* TcpEnd */

  /* What holds as long as the connection stands; but for the last, which comes once. */
  guint8 is_linux : 1;      /* rto_rule */
  guint8 acks_linux : 1;    /* ack_rule */
  guint8 is_cubic : 1;      /* congestion, and rto_rule */
  guint8 timestamps_ok : 1; /* both SYNs offered it; so the next */
  guint8 scaled : 1;
  guint8 passive : 1;
  guint8 nodelay : 1;
  guint8 closing : 1; /* the application closed */

  /* What is to go at the next output; one look says that nothing is. */
  guint8 ack_first : 1;  /* an ACK of its own, before any data */
  guint8 ack_now : 1;    /* an ACK, data may carry it */
  guint8 probe_owed : 1; /* to a silent peer, or to a window that is shut */
  guint8 probe_old : 1;  /* a tail loss probe: the last segment again */
  guint8 reset_owed : 1;
  guint8 uncut : 1; /* bytes were written, or FIN waits, that are not committed */
  guint8 ready : 1; /* segments were committed that were never transmitted: unsent != tail */
  guint8 lost : 1; /* some were taken as lost; whether they wait for retransmission is to be seen */

  guint8 timer; /* TcpTimer */
  guint8 quick; /* ACKs still to be sent at once */

  guint8 ack_scheduled : 1; /* not yet, but LINUX: soon or late; */
  guint8 ack_once : 1;      /* and this one at once */
  guint8 pingpong : 1;      /* replies carry ACKs */
  guint8 probe_new : 1;     /* a tail loss probe is to go, with new data */
  guint8 rexmit_held : 1;   /* what is lost waits for the next ACK, new data may go */
  guint8 rack_advanced : 1; /* the latest delivered is new: losses may show */
  guint8 cwnd_limited : 1;
  guint8 fin_waits : 1; /* the application closed, and FIN is not yet committed */

  guint8 rcv_scale : 4;  /* RFC 7323 2.3 */
  guint8 timer_held : 1; /* RFC 6582: the first partial ACK has restarted the timer */
  guint8 apart : 1;      /* what is written next lies apart from what was written last */

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
  guint8 pushed;      /* ends of writes that are not acknowledged: none, one, more */
  guint8 retries;     /* time-outs, or probes, in a row */

  TcpCounters counters;
  TcpAlive *alive;       /* NULL: no keepalive */
  guint64 recover;       /* RFC 6582; high_seq of Linux */
  gint64 retry_start_ns; /* first retransmission of those in a row */
  guint32 cwnd_count;    /* acknowledged since the last increase in congestion avoidance */
  guint16 own_mss;       /* the MSS option */
  guint8 probe_shift;
  guint8 dup_acks;
  guint64 tick_factor; /* of the timers' tick: its inverse, see timer.c; so the next */
  guint8 tick_shift;
  guint8 pieces;       /* of the last buffer of what waits, if they count */
  guint16 window_step; /* RFC 1122 4.2.3.3: the window's right edge moves by at least so much */
  guint8 fin_taken;    /* 1: rcv_nxt counts the peer's FIN */
};
