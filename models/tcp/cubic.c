#include "models/tcp/conn-private.h"

/* CUBIC (RFC 9438) with HyStart, as net/ipv4/tcp_cubic.c has them: the window is counted in
 * packets, time in units of 1/1024 s. The state comes with the first need of it, so connections
 * whose window never grows have none. */

#define TIME_BITS 10
#define TIME_UNITS (1 << TIME_BITS) /* a second */
#define SECOND_NS G_GINT64_CONSTANT(1000000000)
#define MS_NS G_GINT64_CONSTANT(1000000)

#define BETA 717 /* of 1024: 0.7 */
#define C 410    /* of 1024: 0.4 */

#define COUNT_WITHOUT_MAX 20 /* while no loss has told where the path ends: 5 % a round trip */
#define COUNT_LEAST 2

#define HYSTART_LOW_WINDOW 16
#define HYSTART_LEAST_OUT 4 /* who never has so many in flight needs no account of round trips */
#define HYSTART_SAMPLES 8
#define HYSTART_TRAIN_GAP_NS (2 * MS_NS)
#define HYSTART_DELAY_MIN_NS (4 * MS_NS)
#define HYSTART_DELAY_MAX_NS (16 * MS_NS)
#define HYSTART_BURST_NS MS_NS /* hystart_ack_delay(): bound for the time of a burst */

struct _TcpCubic {
  gint64 epoch_ns; /* begin of this congestion avoidance; TCP_NEVER: not begun */
  gint64 updated_ns;
  gint64 delay_min_ns;
  guint32 count; /* packets that must be acknowledged for one more */
  guint32 last_cwnd;
  guint32 last_max; /* window at the last reduction; 0: none yet */
  guint32 origin;   /* of the curve, where it is flat */
  guint32 k;        /* when it gets there, in units */
  guint32 acked;
  guint32 reno; /* the window that Reno would have by now */

  /* HyStart, of this round trip. */
  guint64 round_end;
  gint64 round_ns;
  gint64 train_ns; /* last ACK of the train */
  gint64 round_least_ns;
  guint8 samples;
  gboolean found; /* slow start has found where to end */
};

static void
reset(TcpCubic *cubic)
{
  *cubic = (TcpCubic){.epoch_ns = TCP_NEVER};
}

static SELDOM TcpCubic *
begin(TcpConn *conn)
{
  conn->cubic = g_new(TcpCubic, 1);
  reset(conn->cubic);
  conn->cubic->delay_min_ns = conn->min_rtt_ns; /* as if it had been there */
  return conn->cubic;
}

static inline TcpCubic *
cubic_of(TcpConn *conn)
{
  return conn->cubic != NULL ? conn->cubic : begin(conn);
}

static gint64
units(gint64 ns)
{
  return ns * TIME_UNITS / SECOND_NS;
}

static guint32
cube_root(guint64 n)
{
  guint64 low = 0, high = 1 << 21;
  while (low + 1 < high) {
    guint64 middle = (low + high) / 2;
    if (middle * middle * middle <= n) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* RFC 9438 4.2: K = cbrt((W_max - cwnd) / C). */
static void
begin_epoch(TcpConn *conn, gint64 now_ns, guint32 acked)
{
  TcpCubic *cubic = conn->cubic;
  cubic->epoch_ns = now_ns;
  cubic->acked = acked;
  cubic->reno = conn->cwnd;
  cubic->origin = MAX(cubic->last_max, conn->cwnd);
  cubic->k = cube_root(((guint64)(cubic->origin - conn->cwnd) << (4 * TIME_BITS)) / C);
}

/* RFC 9438 4.2, eq. 1: where the curve is a round trip from now, and how slowly to go there. */
static void
aim(TcpConn *conn, gint64 now_ns)
{
  TcpCubic *cubic = conn->cubic;
  gint64 rtt_ns = tcp_timer_ceil(conn, cubic->delay_min_ns);
  gint64 t = units(now_ns - cubic->epoch_ns + rtt_ns) - cubic->k;
  gint64 offset = MIN(ABS(t), 1 << 17); /* the cube stays within 64 bits */
  gint64 delta = (C * offset * offset * offset) >> (4 * TIME_BITS);
  gint64 target = t < 0 ? cubic->origin - delta : cubic->origin + delta;
  cubic->count = target > conn->cwnd ? conn->cwnd / (target - conn->cwnd) : 100 * conn->cwnd;
  if (cubic->last_max == 0) {
    cubic->count = MIN(cubic->count, COUNT_WITHOUT_MAX);
  }
}

/* RFC 9438 4.3: never slower than Reno would be, that is by 3 (1 - beta) / (1 + beta) packets a
 * round trip. */
static void
keep_up_with_reno(TcpConn *conn)
{
  static const guint32 scale = 8 * (1024 + BETA) / 3 / (1024 - BETA);
  TcpCubic *cubic = conn->cubic;
  guint32 per_packet = MAX(conn->cwnd * scale / 8, 1);
  guint32 steps = cubic->acked > 0 ? (cubic->acked - 1) / per_packet : 0; /* while it is more */
  cubic->acked -= steps * per_packet;
  cubic->reno += steps;
  if (cubic->reno > conn->cwnd) {
    cubic->count = MIN(cubic->count, conn->cwnd / (cubic->reno - conn->cwnd));
  }
}

/* bictcp_update(): how many packets have to be acknowledged for the window to grow by one. */
guint32
tcp_cubic_count(TcpConn *conn, gint64 now_ns, guint32 acked)
{
  TcpCubic *cubic = cubic_of(conn);
  now_ns = tcp_timer_tick_ns(conn, now_ns);
  gint64 age_ns = now_ns - cubic->updated_ns;
  cubic->acked += acked;
  if (cubic->last_cwnd == conn->cwnd && age_ns <= SECOND_NS / 32) {
    return cubic->count;
  }
  if (cubic->epoch_ns == TCP_NEVER || age_ns >= MAX(conn->config->tick_ns, 1)) {
    cubic->last_cwnd = conn->cwnd;
    cubic->updated_ns = now_ns;
    if (cubic->epoch_ns == TCP_NEVER) {
      begin_epoch(conn, now_ns, acked);
    }
    aim(conn, now_ns);
  }
  keep_up_with_reno(conn);
  cubic->count = MAX(cubic->count, COUNT_LEAST);
  return cubic->count;
}

/* RFC 9438 4.6, 4.7: seven tenths; a window that was reduced before it was back where it had been
 * leaves room to others (fast convergence). */
guint32
tcp_cubic_ssthresh(TcpConn *conn)
{
  TcpCubic *cubic = cubic_of(conn);
  guint32 cwnd = conn->cwnd;
  cubic->epoch_ns = TCP_NEVER;
  cubic->last_max = cwnd < cubic->last_max ? (guint64)cwnd * (1024 + BETA) / 2048 : cwnd;
  return MAX((guint64)cwnd * BETA / 1024, 2);
}

/* After a time-out all begins anew (cubictcp_state()). */
void
tcp_cubic_timeout(TcpConn *conn)
{
  if (conn->cubic != NULL) {
    reset(conn->cubic);
  }
}

static SELDOM void
put_off(TcpConn *conn, gint64 now_ns)
{
  gint64 tick_ns = tcp_timer_tick_ns(conn, now_ns);
  gint64 idle_ns = tick_ns - tcp_timer_tick_ns(conn, conn->last_data_ns);
  conn->cubic->epoch_ns = MIN(conn->cubic->epoch_ns + idle_ns, tick_ns);
}

/* Data go; counted: this copy is among what is in flight (tcp_event_data_sent()). If nothing was in
 * flight for a while, that time is no part of the curve (CA_EVENT_TX_START; RFC 9438 5.8). */
inline void
tcp_cubic_data_sent(TcpConn *conn, gint64 now_ns, gboolean counted)
{
  if (conn->cubic == NULL || conn->cubic->epoch_ns == TCP_NEVER) {
    return;
  }
  guint32 gone = conn->sacked_out + conn->lost_out;
  guint32 in_flight = tcp_conn_packets_out(conn) - gone + conn->retransmitted_out;
  if (in_flight == (counted ? 1 : 0)) {
    put_off(conn, now_ns);
  }
}

/* ---- HyStart ---- */

static void
end_slow_start(TcpConn *conn)
{
  conn->cubic->found = TRUE;
  conn->ssthresh = conn->cwnd;
}

static inline void
count_round(TcpConn *conn, gint64 now_ns)
{
  TcpCubic *cubic = conn->cubic;
  if (conn->una > cubic->round_end || cubic->round_end == 0) {
    cubic->round_end = tcp_send_seq(conn, conn->unsent);
    cubic->round_ns = cubic->train_ns = now_ns;
    cubic->round_least_ns = TCP_NEVER;
    cubic->samples = 0;
  }
}

/* hystart_update(): slow start ends when ACKs have come in one train for half a round trip, since
 * as much is in flight as the path holds; or when the least delay of a round trip exceeds the least
 * ever by an eighth, since a queue has formed. */
static G_GNUC_NO_INLINE void
hystart(TcpConn *conn, gint64 now_ns, gint64 rtt_ns)
{
  TcpCubic *cubic = conn->cubic;
  if (now_ns - cubic->train_ns <= HYSTART_TRAIN_GAP_NS) {
    cubic->train_ns = now_ns;
    if (now_ns - cubic->round_ns > (cubic->delay_min_ns + HYSTART_BURST_NS) / 2) {
      end_slow_start(conn);
    }
  }
  cubic->round_least_ns = MIN(cubic->round_least_ns, rtt_ns);
  if (cubic->samples < HYSTART_SAMPLES) {
    cubic->samples++;
    return;
  }
  gint64 more_ns = CLAMP(cubic->delay_min_ns / 8, HYSTART_DELAY_MIN_NS, HYSTART_DELAY_MAX_NS);
  if (cubic->round_least_ns > cubic->delay_min_ns + more_ns) {
    end_slow_start(conn);
  }
}

/* A round trip was measured (cubictcp_acked()); not in the second after a reduction, whose queue is
 * not the path's. */
inline void
tcp_cubic_sample(TcpConn *conn, gint64 now_ns, gint64 rtt_ns)
{
  if (conn->cubic == NULL && conn->max_out < HYSTART_LEAST_OUT) {
    return;
  }
  TcpCubic *cubic = cubic_of(conn);
  if (cubic->epoch_ns != TCP_NEVER && now_ns - cubic->epoch_ns < SECOND_NS) {
    return;
  }
  if (cubic->delay_min_ns == 0 || rtt_ns < cubic->delay_min_ns) {
    cubic->delay_min_ns = MAX(rtt_ns, 1);
  }
  if (conn->config->hystart && !cubic->found && conn->cwnd < conn->ssthresh) {
    count_round(conn, now_ns);
    if (conn->cwnd >= HYSTART_LOW_WINDOW) {
      hystart(conn, now_ns, rtt_ns);
    }
  }
}
