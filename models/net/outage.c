#include "models/net/outage.h"

gboolean
outage_configured(const LinkConfig *config)
{
  return config->outage_every != NULL || config->outage_gap != NULL;
}

/* One block serves an outage: the interval before it and its length. */
static void
draw(const LinkConfig *config, const RandomStream *stream, guint64 n, double *interval_u,
     gint64 *lasts_ns)
{
  guint32 block[4];

  random_block(stream, n, block);
  *interval_u = random_unit((guint64)block[1] << 32 | block[0]);
  *lasts_ns =
      dist_quantile_ns(config->outage_lasts, random_unit((guint64)block[3] << 32 | block[2]));
}

static const Dist *
interval_of(const LinkConfig *config)
{
  return config->outage_every ? config->outage_every : config->outage_gap;
}

void
outage_start(OutageCursor *cursor, const LinkConfig *config, const RandomStream *stream,
             gint64 start_ns)
{
  const Dist *interval = interval_of(config);
  double u;
  gint64 lasts_ns, first_ns;

  draw(config, stream, 0, &u, &lasts_ns);
  first_ns = dist_quantile_ns(interval, u);
  if (dist_is_constant(interval) && first_ns != SIM_NEVER)
    first_ns = (gint64)((double)first_ns * u);
  cursor->n = 0;
  cursor->start_ns = sim_add(start_ns, first_ns);
  cursor->end_ns = sim_add(cursor->start_ns, lasts_ns);
}

static void
next(OutageCursor *cursor, const LinkConfig *config, const RandomStream *stream)
{
  gint64 base_ns = config->outage_every ? cursor->start_ns : cursor->end_ns;
  gint64 lasts_ns;

  do {
    double u;
    gint64 interval_ns;

    draw(config, stream, ++cursor->n, &u, &lasts_ns);
    interval_ns = dist_quantile_ns(interval_of(config), u);
    /* At least a nanosecond, so that time goes on whatever the distribution says. */
    base_ns = sim_add(base_ns, MAX(interval_ns, 1));
  } while (base_ns < cursor->end_ns); /* it falls into the running one: skipped */
  cursor->start_ns = base_ns;
  cursor->end_ns = sim_add(base_ns, lasts_ns);
}

gboolean
outage_running(OutageCursor *cursor, const LinkConfig *config, const RandomStream *stream,
               gint64 at_ns)
{
  while (cursor->end_ns <= at_ns)
    next(cursor, config, stream);
  return cursor->start_ns <= at_ns;
}
