/* One end of a TCP connection, sans-IO: segments, application calls and now_ns in; segments,
 * in-order bytes and one deadline out. Knows no link, no engine, no MQTT. Time is gint64
 * nanoseconds, TCP_NEVER = no deadline.
 *
 * Order of a host's work after any input: read (readable/consumed), write (room/wrote), then
 * take segments with tcp_conn_output() until it says FALSE, then ask tcp_conn_deadline(). An
 * early tcp_conn_timeout() does nothing.
 *
 * A CLOSED connection has no deadline, takes no more segments and sends none but the RST that
 * tcp_conn_abort() owes; what it had received in order can still be read. Segments that come for
 * it are the host's to answer with tcp_reset_for().
 *
 * Bytes are shared: the active opener's conn is made first; the host makes the passive end with
 * tcp_conn_accept(), which attaches it to the same two streams. */
#pragma once

#include "models/tcp/segment.h"
#include "models/tcp/stream.h"

#define TCP_NEVER G_MAXINT64

typedef enum { TCP_RTO_RULE_LINUX, TCP_RTO_RULE_RFC6298, TCP_RTO_RULE_FIXED } TcpRtoRule;
typedef enum { TCP_CUBIC, TCP_RENO } TcpCongestion;
typedef enum { TCP_ACK_RULE_LINUX, TCP_ACK_RULE_RFC1122 } TcpAckRule;

/* A stack; shared by all its connections, which borrow it: it stays as it is while they live. */
typedef struct {
  TcpRtoRule
      rto_rule; /* what rto_min bounds: LINUX: the variance term (RTO >= SRTT + rto_min);
                   RFC6298: the RTO; FIXED: nothing, it is rto_initial again after each ACK */
  gint64 rto_initial_ns;
  gint64 rto_min_ns;
  gint64 rto_max_ns;
  double rto_backoff; /* factor after each time-out */
  guint syn_retries;  /* SYNs sent again before the open fails, */
  guint syn_linear;   /* not counting so many at the start that go without back-off */
  guint synack_retries;
  guint data_retries; /* time-outs in a row before giving up (LINUX: the tcp_retries2 rule) */
  TcpAckRule ack_rule;
  gint64 delayed_ack_ns;     /* LINUX: the least; TCP_NEVER or 0: acknowledge at once */
  gint64 delayed_ack_max_ns; /* LINUX only, as the next two */
  guint quick_acks;          /* ACKs at once at the start, or when ours seem to be lost */
  gint64 sack_delay_ns;      /* wait of ACKs beyond the third for one gap */
  gint64 tick_ns;            /* of the timers; 0: exact */
  guint dup_acks;            /* fast retransmit threshold */
  TcpCongestion congestion;  /* CUBIC needs a window in packets, that is rto_rule LINUX */
  gboolean hystart;          /* CUBIC only */
  gboolean idle_restart;     /* the window shrinks while nothing is sent */
  guint mss;                 /* most that the MSS option says */
  guint initial_window;      /* in segments (RFC 6928) */
  guint send_buffer;         /* bytes, at first; so the next */
  guint receive_buffer;      /* bytes */
  guint send_buffer_max;     /* as far as they grow with the flow; less: not at all */
  guint receive_buffer_max;
  gboolean minshall; /* Nagle: only a short segment in flight holds the next one back */
  guint held_pieces; /* writes in memory of their own that it holds; 0: any number */
  /* Of a socket. */
  gint64 user_timeout_ns; /* RFC 5482, TCP_USER_TIMEOUT; TCP_NEVER: data_retries decides */
  gint64 keepalive_ns;    /* idle time before the first probe; TCP_NEVER: none */
  /* Options, used if both ends offer them. */
  gboolean sack;           /* RFC 2018, with D-SACK (RFC 2883) */
  gboolean timestamps;     /* RFC 7323 */
  gboolean window_scaling; /* RFC 7323; else the window ends at 65,535 bytes */
  /* What a sender whose peer has SACK does besides. */
  gboolean rack;     /* losses are found by time (RFC 8985); off: by counting (RFC 6675) */
  gboolean tlp;      /* tail loss probes (RFC 8985, section 7) */
  gboolean frto;     /* spurious time-outs are found by what they let through (RFC 5682) */
  gboolean prr;      /* the window shrinks in proportion (RFC 6937); off: at once */
  gboolean undo;     /* needless reductions are taken back (RFC 3708, RFC 4015) */
  gboolean collapse; /* a retransmission takes short neighbours along */
  gboolean tso;      /* segments of one write go two at a time; only with rto_rule LINUX */
} TcpConfig;

void tcp_config_linux(TcpConfig *config);
void tcp_config_rfc6298(TcpConfig *config);

typedef enum {
  TCP_CLOSED,
  TCP_SYN_SENT,
  TCP_SYN_RECEIVED,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT_1,
  TCP_FIN_WAIT_2,
  TCP_CLOSING,
  TCP_TIME_WAIT,
  TCP_CLOSE_WAIT,
  TCP_LAST_ACK,
} TcpState;

/* Why a connection is CLOSED. */
typedef enum {
  TCP_END_NONE,    /* it is not, or never was open */
  TCP_END_NORMAL,  /* FINs both ways */
  TCP_END_RESET,   /* the peer sent RST */
  TCP_END_REFUSED, /* RST in answer to SYN */
  TCP_END_TIMEOUT, /* retries used up */
  TCP_END_ABORTED, /* by ourselves */
} TcpEnd;

/* Counters since the start; plain sums. */
typedef struct {
  guint32 data_segments;   /* sent with payload, first transmissions and repetitions */
  guint32 retransmissions; /* of them (and of SYN, FIN) repetitions */
  guint32 timeouts;        /* RTO expiries */
  guint32 fast_retransmits;
} TcpCounters;

typedef struct _TcpConn TcpConn;

/* An end that will open actively: mss is the MTU without the headers, nodelay turns Nagle off. */
TcpConn *tcp_conn_new(const TcpConfig *config, guint mss, gboolean nodelay);
/* The passive end of the connection that opener began, on receipt of its SYN (given to
 * tcp_conn_input() next). */
TcpConn *tcp_conn_accept(const TcpConfig *config, guint mss, gboolean nodelay, TcpConn *opener);
/* The opener's, before it connects: where both streams take their blocks from. */
void tcp_conn_set_pool(TcpConn *conn, TcpPool *pool);
/* Silently, as a power loss does; the other end keeps the streams. */
void tcp_conn_free(TcpConn *conn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TcpConn, tcp_conn_free)

void tcp_conn_connect(TcpConn *conn, gint64 now_ns);
void tcp_conn_close(TcpConn *conn, gint64 now_ns); /* FIN after what is written; reading goes on */
void tcp_conn_abort(TcpConn *conn, gint64 now_ns); /* RST, at once; unsent bytes are not sent */

void tcp_conn_input(TcpConn *conn, gint64 now_ns, const TcpSegment *segment);
void tcp_conn_timeout(TcpConn *conn, gint64 now_ns);
gint64 tcp_conn_deadline(const TcpConn *conn);
/* FALSE: there is nothing for tcp_conn_output() to do; TRUE: it has to be asked. */
gboolean tcp_conn_due(const TcpConn *conn, gint64 now_ns);
/* The next segment that is due at now_ns; FALSE: none. */
gboolean tcp_conn_output(TcpConn *conn, gint64 now_ns, TcpSegment *segment);

/* The application's side. Writing: up to tcp_conn_room() bytes into tcp_conn_write_buffer(),
 * then tcp_conn_wrote(); one call to it is one write() and, with the LINUX stack, a segment
 * boundary. */
gsize tcp_conn_room(const TcpConn *conn);
guint8 *tcp_conn_write_buffer(TcpConn *conn, gsize n);
void tcp_conn_wrote(TcpConn *conn, gint64 now_ns, gsize n);
/* What is written next lies in memory of its own, since the process wrote elsewhere meanwhile. */
void tcp_conn_apart(TcpConn *conn);
/* Bytes received in order and not yet consumed. Taking some (n from the first that was not taken)
 * opens the window, and may owe an update, as read() does; they stay readable until they are
 * consumed, which takes them too. */
const guint8 *tcp_conn_readable(const TcpConn *conn, gsize *n);
gsize tcp_conn_untaken(const TcpConn *conn);
void tcp_conn_take(TcpConn *conn, gint64 now_ns, gsize n);
void tcp_conn_consumed(TcpConn *conn, gint64 now_ns, gsize n);
/* The peer's FIN came and all bytes before it were taken. */
gboolean tcp_conn_at_end(const TcpConn *conn);

TcpState tcp_conn_state(const TcpConn *conn);
TcpEnd tcp_conn_end(const TcpConn *conn);
gboolean tcp_conn_established(const TcpConn *conn); /* handshake done, and not CLOSED */
gint64 tcp_conn_srtt_ns(const TcpConn *conn);       /* 0 before the first sample */
gint64 tcp_conn_rto_ns(const TcpConn *conn);
guint tcp_conn_cwnd(const TcpConn *conn);    /* in bytes */
gboolean tcp_conn_idle(const TcpConn *conn); /* nothing unsent and nothing unacknowledged */
const TcpCounters *tcp_conn_counters(const TcpConn *conn);
TcpStream *tcp_conn_tx(const TcpConn *conn); /* borrowed */
TcpStream *tcp_conn_rx(const TcpConn *conn);

/* Asks the caches for what an input or an output will touch. */
void tcp_conn_ask(const TcpConn *conn);
/* The same for what it points to, once it is there itself. */
void tcp_conn_ask_apart(const TcpConn *conn);

/* The RST that a host answers when a segment reaches no connection (RFC 9293 3.10.7.1); FALSE:
 * none is due (the segment was a RST itself). */
gboolean tcp_reset_for(const TcpSegment *segment, TcpSegment *reset);
