#include "models/tcp/conn-private.h"

/* The timer wheel of Linux (kernel/time/timer.c): level 0 has the next 63 ticks one by one; each
 * further level has eight times the range, and steps eight times as coarse. A timer is put off to
 * the next step, lest it run out early. */
#define LEVEL_0_TICKS 63
#define LEVEL_SHIFT 3
#define LEVELS 9

static inline gint64
floor_div(gint64 a, gint64 b)
{
  return a / b - (a % b < 0);
}

/* delay_ns: not negative. */
static inline gint64
ticks_of(gint64 tick_ns, gint64 delay_ns)
{
  return (delay_ns + tick_ns - 1) / tick_ns;
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
tcp_timer_ceil(const TcpConfig *config, gint64 delay_ns)
{
  const gint64 tick_ns = config->tick_ns;
  return tick_ns == 0 ? delay_ns : ticks_of(tick_ns, delay_ns) * tick_ns;
}

/* The last tick. */
gint64
tcp_timer_tick_ns(const TcpConfig *config, gint64 now_ns)
{
  const gint64 tick_ns = config->tick_ns;
  return tick_ns == 0 ? now_ns : floor_div(now_ns, tick_ns) * tick_ns;
}

/* When a timer goes off that is set at now_ns to a delay. */
gint64
tcp_timer_at(const TcpConfig *config, gint64 now_ns, gint64 delay_ns)
{
  const gint64 tick_ns = config->tick_ns;
  if (tick_ns == 0 || delay_ns > TCP_NEVER / 4) {
    return now_ns + MIN(delay_ns, TCP_NEVER - MAX(now_ns, 0));
  }
  gint64 ticks = ticks_of(tick_ns, delay_ns);
  return goes_off(tick_ns, ticks, floor_div(now_ns, tick_ns) + ticks);
}

/* A timer that is pending for that very tick stays where it is, however coarse (the first test of
 * __mod_timer()): so the probe that takes the place of a time-out, and is bounded by it, goes off
 * as late as that would have. */
static inline void
set_by_ticks(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 ticks)
{
  const gint64 tick_ns = conn->config->tick_ns;
  gint64 expires = floor_div(now_ns, tick_ns) + ticks;
  gboolean pending = conn->timer != TCP_TIMER_OFF && conn->timer_ns > now_ns;
  if (!pending || (guint32)expires != conn->timer_tick) {
    conn->timer_ns = goes_off(tick_ns, ticks, expires);
  }
  conn->timer_tick = (guint32)expires;
  conn->timer = timer;
}

/* The stack's clock is exact, or the delay is beyond it. */
static inline gboolean
is_exact(const TcpConn *conn, gint64 delay_ns)
{
  return conn->config->tick_ns == 0 || delay_ns > TCP_NEVER / 4;
}

/* Sets the connection's timer to a delay, as exactly as the stack's clock allows. */
void
tcp_timer_start(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 delay_ns)
{
  if (is_exact(conn, delay_ns)) {
    conn->timer_ns = tcp_timer_at(conn->config, now_ns, delay_ns);
    conn->timer_tick = 0;
    conn->timer = timer;
  } else {
    set_by_ticks(conn, timer, now_ns, ticks_of(conn->config->tick_ns, delay_ns));
  }
}

/* The same after the timer was set to another delay at the same instant, and at once put off or
 * forward. */
void
tcp_timer_move(TcpConn *conn, TcpTimer timer, gint64 now_ns, gint64 from_ns, gint64 delay_ns)
{
  if (is_exact(conn, delay_ns)) {
    conn->timer = TCP_TIMER_OFF;
    tcp_timer_start(conn, timer, now_ns, delay_ns);
    return;
  }
  gint64 ticks = ticks_of(conn->config->tick_ns, delay_ns);
  if (ticks != ticks_of(conn->config->tick_ns, from_ns)) {
    conn->timer = TCP_TIMER_OFF;
  }
  set_by_ticks(conn, timer, now_ns, ticks);
}
