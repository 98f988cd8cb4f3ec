#include "models/tcp/conn-private.h"

/* The timer wheel of Linux (kernel/time/timer.c): level 0 has the next 63 ticks one by one; each
 * further level has eight times the range, and steps eight times as coarse. A timer is put off to
 * the next step, lest it run out early. */
#define LEVEL_0_TICKS 63
#define LEVEL_SHIFT 3
#define LEVELS 9

/* Time is divided by the tick several times for each segment, and a division costs as much as
 * twenty additions; so it is multiplied by the inverse. Granlund and Montgomery, "Division by
 * Invariant Integers using Multiplication" (1994), theorem 4.2: with shift = ceil(log2(tick)) and
 * factor = floor(2^(63 + shift) / tick) + 1, n / tick is n factor / 2^(63 + shift) for each n below
 * 2^63. */
void
tcp_timer_init(TcpConn *conn)
{
  const guint64 tick_ns = conn->config->tick_ns;
  if (tick_ns > 0) {
    conn->tick_shift = g_bit_storage(tick_ns) - ((tick_ns & (tick_ns - 1)) == 0);
    conn->tick_factor = ((unsigned __int128)1 << (63 + conn->tick_shift)) / tick_ns + 1;
  }
}

/* Of what is not negative, as the tick is. */
static inline gint64
whole_ticks(const TcpConn *conn, gint64 ns)
{
  guint64 high = ((unsigned __int128)(2 * (guint64)ns) * conn->tick_factor) >> 64;
  return high >> conn->tick_shift;
}

/* delay_ns: not negative. */
static inline gint64
ticks_of(const TcpConn *conn, gint64 delay_ns)
{
  return whole_ticks(conn, delay_ns + conn->config->tick_ns - 1);
}

/* Number of the last tick. */
static inline gint64
last_tick(const TcpConn *conn, gint64 now_ns)
{
  return now_ns >= 0 ? whole_ticks(conn, now_ns) : -ticks_of(conn, -now_ns);
}

/* When a timer goes off that is to expire at a tick, so many ticks from now. */
static inline gint64
goes_off(gint64 tick_ns, gint64 ticks, gint64 expires)
{
  guint shift = 0;
  for (guint level = 1; level < LEVELS && ticks >= (gint64)LEVEL_0_TICKS << shift; level++) {
    shift += LEVEL_SHIFT;
  }
  return ((expires >> shift) + 1) * (tick_ns << shift);
}

/* Whole ticks, as the kernel keeps its time-outs. */
gint64
tcp_timer_ceil(const TcpConn *conn, gint64 delay_ns)
{
  const gint64 tick_ns = conn->config->tick_ns;
  return tick_ns == 0 ? delay_ns : ticks_of(conn, delay_ns) * tick_ns;
}

/* The last tick. */
gint64
tcp_timer_tick_ns(const TcpConn *conn, gint64 now_ns)
{
  const gint64 tick_ns = conn->config->tick_ns;
  return tick_ns == 0 ? now_ns : last_tick(conn, now_ns) * tick_ns;
}

/* The stack's clock is exact, or the delay is beyond it. */
static inline gboolean
is_exact(const TcpConn *conn, gint64 delay_ns)
{
  return conn->config->tick_ns == 0 || delay_ns > TCP_NEVER / 4;
}

/* When a timer goes off that is set at now_ns to a delay. */
inline gint64
tcp_timer_at(const TcpConn *conn, gint64 now_ns, gint64 delay_ns)
{
  if (is_exact(conn, delay_ns)) {
    return now_ns + MIN(delay_ns, TCP_NEVER - MAX(now_ns, 0));
  }
  gint64 ticks = ticks_of(conn, delay_ns);
  return goes_off(conn->config->tick_ns, ticks, last_tick(conn, now_ns) + ticks);
}

/* A timer that is pending for that very tick stays where it is, however coarse (the first test of
 * __mod_timer()): so the probe that takes the place of a time-out, and is bounded by it, goes off
 * as late as that would have. */
static inline void
set_by_ticks(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 ticks)
{
  gint64 expires = last_tick(conn, now_ns) + ticks;
  gboolean pending = conn->timer != TCP_TIMER_OFF && conn->timer_ns > now_ns;
  if (!pending || (guint32)expires != conn->timer_tick) {
    conn->timer_ns = goes_off(conn->config->tick_ns, ticks, expires);
  }
  conn->timer_tick = (guint32)expires;
  conn->timer = timer;
}

/* Sets the connection's timer to a delay, as exactly as the stack's clock allows. */
void
tcp_timer_start(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 delay_ns)
{
  if (is_exact(conn, delay_ns)) {
    conn->timer_ns = tcp_timer_at(conn, now_ns, delay_ns);
    conn->timer_tick = 0;
    conn->timer = timer;
  } else {
    set_by_ticks(conn, timer, now_ns, ticks_of(conn, delay_ns));
  }
}

/* The same after the timer was set to another delay at the same instant, and at once put off or
 * forward: if that is by a tick or more, it is no longer pending for the same one. */
inline void
tcp_timer_move(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 from_ns, gint64 delay_ns)
{
  if (is_exact(conn, delay_ns)) {
    conn->timer = TCP_TIMER_OFF;
    tcp_timer_start(conn, timer, now_ns, delay_ns);
    return;
  }
  const gint64 tick_ns = conn->config->tick_ns;
  gint64 ticks = ticks_of(conn, delay_ns);
  if (conn->timer != TCP_TIMER_OFF &&
      (from_ns > ticks * tick_ns || from_ns <= (ticks - 1) * tick_ns)) {
    conn->timer = TCP_TIMER_OFF;
  }
  set_by_ticks(conn, timer, now_ns, ticks);
}
