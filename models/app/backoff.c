#include "models/app/backoff.h"

#include <math.h>

gint64
backoff_delay_ns(const Backoff *backoff, guint attempt, const RandomStream *stream, guint64 draw)
{
  if (backoff->dist != NULL)
    return dist_draw_ns(backoff->dist, stream, draw);
  if (backoff->initial_ns == G_MAXINT64)
    return G_MAXINT64;
  double delay = (double)backoff->initial_ns * pow(backoff->factor, attempt);
  delay = MIN(delay, (double)backoff->max_ns);
  if (backoff->jitter > 0)
    delay *= 1 - backoff->jitter * random_uniform(stream, draw);
  return delay >= 0x1p63 ? G_MAXINT64 : (gint64)delay;
}
