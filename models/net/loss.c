#include "models/net/loss.h"

#include <math.h>

gboolean
loss_config_gilbert(LossConfig *config, double mean, double burst_ns, double loss_good,
                    double loss_bad)
{
  if (!(loss_good < loss_bad && mean >= loss_good && mean <= loss_bad && burst_ns > 0))
    return FALSE;

  /* The stationary share of bad time solves mean = share * loss_bad + (1 - share) * loss_good. */
  double share = (mean - loss_good) / (loss_bad - loss_good);

  *config = (LossConfig){.kind = LOSS_GILBERT,
                         .rate = mean,
                         .loss_good = loss_good,
                         .loss_bad = loss_bad,
                         .good_ns = share > 0 ? burst_ns * (1 - share) / share : INFINITY,
                         .bad_ns = burst_ns};
  return TRUE;
}

/* End of an exponential sojourn that begins at start_ns. */
static gint64
sojourn_end(gint64 start_ns, double mean_ns, guint64 bits)
{
  double length_ns = -mean_ns * log1p(-random_unit(bits));

  /* Written so that an infinite mean, which may give NaN, never ends. */
  if (!(length_ns < 0x1p62))
    return SIM_NEVER;
  return sim_add(start_ns, llrint(length_ns));
}

static guint64
high_half(const guint32 block[4])
{
  return (guint64)block[3] << 32 | block[2];
}

void
gilbert_start(GilbertState *state, const LossConfig *config, const RandomStream *stream,
              gint64 start_ns)
{
  guint32 block[4];
  double share = config->bad_ns / (config->good_ns + config->bad_ns);

  random_block(stream, 0, block);
  state->n = 0;
  state->bad = random_unit((guint64)block[1] << 32 | block[0]) < share;
  state->until_ns =
      sojourn_end(start_ns, state->bad ? config->bad_ns : config->good_ns, high_half(block));
}

double
gilbert_loss(GilbertState *state, const LossConfig *config, const RandomStream *stream,
             gint64 at_ns)
{
  while (state->until_ns <= at_ns) {
    guint32 block[4];

    random_block(stream, ++state->n, block);
    state->bad = !state->bad;
    state->until_ns = sojourn_end(state->until_ns, state->bad ? config->bad_ns : config->good_ns,
                                  high_half(block));
  }
  return state->bad ? config->loss_bad : config->loss_good;
}
