#include "models/tcp/conn-private.h"

/* The timer wheel of Linux (kernel/time/timer.c): level 0 has the next 63 ticks one by one; each
 * further level has eight times the range, and steps eight times as coarse. A timer is put off to
 * the next step, lest it run out early. */
#define LEVEL_0_TICKS 63
#define LEVEL_SHIFT 3
#define LEVELS 9

static gint64
floor_div(gint64 a, gint64 b)
{
  return a / b - (a % b < 0);
}

/* Whole ticks, as the kernel keeps its time-outs. */
gint64
tcp_timer_ceil(const TcpConfig *config, gint64 delay_ns)
{
  const gint64 tick_ns = config->tick_ns;
  return tick_ns == 0 ? delay_ns : (delay_ns + tick_ns - 1) / tick_ns * tick_ns;
}

/* The tick at which a timer is to expire, if its clock has any. */
gint64
tcp_timer_tick(const TcpConfig *config, gint64 now_ns, gint64 delay_ns)
{
  const gint64 tick_ns = config->tick_ns;
  return tick_ns == 0 ? 0 : floor_div(now_ns, tick_ns) + (MAX(delay_ns, 0) + tick_ns - 1) / tick_ns;
}

/* When a timer goes off that is set at now_ns to a delay. */
gint64
tcp_timer_at(const TcpConfig *config, gint64 now_ns, gint64 delay_ns)
{
  const gint64 tick_ns = config->tick_ns;
  if (tick_ns == 0 || delay_ns > TCP_NEVER / 4) {
    return now_ns + MIN(delay_ns, TCP_NEVER - MAX(now_ns, 0));
  }
  gint64 ticks = (MAX(delay_ns, 0) + tick_ns - 1) / tick_ns;
  gint64 expires = tcp_timer_tick(config, now_ns, delay_ns);
  guint shift = 0;
  for (guint level = 1; level < LEVELS && ticks >= (gint64)LEVEL_0_TICKS << shift; level++) {
    shift += LEVEL_SHIFT;
  }
  gint64 step = G_GINT64_CONSTANT(1) << shift;
  return (floor_div(expires, step) + 1) * step * tick_ns;
}
