#include "models/app/workload.h"

#include <string.h>

/* Draw 0 is the phase; the first interval is draw 1, the one after the n-th call draw n + 1. */
gint64
workload_first_ns(const WorkloadConfig *config, const RandomStream *stream)
{
  if (config->start != NULL)
    return dist_draw_ns(config->start, stream, 0);
  double phase = random_uniform(stream, 0);
  gint64 first_ns = dist_draw_ns(config->every, stream, 1);
  return first_ns == G_MAXINT64 ? first_ns : (gint64)(phase * (double)first_ns);
}

gint64
workload_interval_ns(const WorkloadConfig *config, const RandomStream *stream, guint64 n)
{
  return dist_draw_ns(config->every, stream, n + 1);
}

guint8 *
workload_payload_new(guint32 size)
{
  guint8 *payload = g_malloc(size);
  memset(payload, '.', size);
  return payload;
}

void
workload_tag(guint8 *payload, guint64 tag)
{
  guint64 wire = GUINT64_TO_BE(tag);
  memcpy(payload, &wire, sizeof wire);
}
