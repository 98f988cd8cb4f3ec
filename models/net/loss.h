/* The loss process of one direction. Gilbert-Elliott is clocked by time, not by packets: its
 * sojourns are drawn by number and passed lazily, so what a packet meets depends on its instant
 * alone. Knows no packet. */
#pragma once

#include "models/net/net.h"

/* Where the process stands; asked for instants in rising order. */
typedef struct {
  gint64 until_ns; /* end of the sojourn */
  guint64 n;       /* number of the sojourn, from 0 */
  gboolean bad;
} GilbertState;

/* At start_ns the process is stationary. */
void gilbert_start(GilbertState *state, const LossConfig *config, const RandomStream *stream,
                   gint64 start_ns);
/* Probability that a packet at at_ns is lost. */
double gilbert_loss(GilbertState *state, const LossConfig *config, const RandomStream *stream,
                    gint64 at_ns);
