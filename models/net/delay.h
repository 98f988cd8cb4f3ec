/* Propagation delay of a link: what is constant is added up once, what is random is drawn.
 *
 * The round trip is a process in time: it holds a draw for a slot that is long against the round
 * trip itself. So a packet and its answer meet the same draw, and their sum has the distribution
 * that was declared; two independent halves would have a narrower one. One-way delays are drawn
 * packet by packet. Knows no packet and no queue. */
#pragma once

#include "models/net/net.h"

/* What follows from a LinkConfig; shared by its links. */
typedef struct {
  gint64 constant_ns[2]; /* of each direction, the constant part of rtt and delay */
  const Dist *random[2]; /* one-way delay drawn per packet; NULL: none */
  const Dist *rtt;       /* NULL: constant or none */
  double up_share;
  gint64 slot_ns; /* how long a draw of rtt stays */
} DelayPlan;

/* The draw of the slot that was asked for last. */
typedef struct {
  gint64 slot, rtt_ns;
} DelaySlot;

void delay_plan(DelayPlan *plan, const LinkConfig *config);
void delay_start(DelaySlot *slot);
/* The part of the round trip that a packet sent at at_ns waits in its direction. */
gint64 delay_rtt_part(const DelayPlan *plan, DelaySlot *slot, const RandomStream *stream,
                      NetDirection direction, gint64 at_ns);
