#include "models/net/delay.h"

#include <math.h>

/* A draw stays for this many times the 99 % quantile of the round trip: long enough that few
 * exchanges straddle two slots, short enough that a run sees many. */
#define SLOTS_PER_P99 4

static gint64
part(gint64 rtt_ns, double up_share, NetDirection direction)
{
  if (rtt_ns == SIM_NEVER)
    return SIM_NEVER;

  gint64 up_ns = llrint((double)rtt_ns * up_share);

  return direction == NET_UP ? up_ns : rtt_ns - up_ns;
}

void
delay_plan(DelayPlan *plan, const LinkConfig *config)
{
  gint64 rtt_ns = 0;

  *plan = (DelayPlan){.up_share = config->up_share};
  if (config->rtt && dist_is_constant(config->rtt)) {
    rtt_ns = dist_quantile_ns(config->rtt, 0);
  } else if (config->rtt) {
    plan->rtt = config->rtt;
    plan->slot_ns = SLOTS_PER_P99 * CLAMP(dist_quantile_ns(config->rtt, 0.99), 1, 1LL << 60);
  }
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    const Dist *delay = config->direction[d].delay;

    plan->constant_ns[d] = part(rtt_ns, config->up_share, d);
    if (delay && dist_is_constant(delay))
      plan->constant_ns[d] = sim_add(plan->constant_ns[d], dist_quantile_ns(delay, 0));
    else
      plan->random[d] = delay;
  }
}

void
delay_start(DelaySlot *slot)
{
  slot->slot = G_MININT64;
}

gint64
delay_rtt_part(const DelayPlan *plan, DelaySlot *slot, const RandomStream *stream,
               NetDirection direction, gint64 at_ns)
{
  /* Rounded down on both sides of time zero, so that every slot has the same length. */
  gint64 number = at_ns / plan->slot_ns - (at_ns % plan->slot_ns < 0);

  if (number != slot->slot) {
    slot->slot = number;
    slot->rtt_ns = dist_draw_ns(plan->rtt, stream, (guint64)number);
  }
  return part(slot->rtt_ns, plan->up_share, direction);
}
