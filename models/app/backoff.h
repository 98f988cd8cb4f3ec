/* How long to wait before the next try to connect. */
#pragma once

#include "sim/random/dist.h"

typedef struct {
  const Dist *dist;  /* drawn for each try; NULL: the rule below */
  gint64 initial_ns; /* G_MAXINT64: never again */
  gint64 max_ns;
  gint64 reset_ns; /* a connection that stood this long after CONNACK starts it anew */
  double factor;
  double jitter; /* 0..1: the delay d becomes d (1 - jitter U), U uniform in [0, 1) */
} Backoff;

/* attempt: failures in a row so far, from 0. draw: number of this draw in the stream. G_MAXINT64:
 * no further try. */
gint64 backoff_delay_ns(const Backoff *backoff, guint attempt, const RandomStream *stream,
                        guint64 draw);
