#include "sim/random/gamma.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#define NODES_PER_UNIT 10
#define HALF 85 /* nodes on each side of the median; the normal score of 2^-53 is -8.2 */
#define N_NODES (2 * HALF + 1)
/* ln x below which the CDF is x^shape / Gamma(shape + 1) to nine digits. */
#define LN_TINY (-21.0)
#define STEPS_MAX 200
#define FIRST_STEP 1e-4

typedef struct {
  double ln_x;
  double slope; /* d ln x / dz, times the distance of two nodes */
} Node;

struct _GammaTable {
  Node nodes[N_NODES];
};

/* How far the CDF at x lies from that at z, relative to the smaller tail. */
static double
excess(double shape, double ln_x, double z)
{
  double x = exp(ln_x);

  if (z <= 0)
    return log(gsl_cdf_gamma_P(x, shape, 1) / gsl_cdf_ugaussian_P(z));
  return log(gsl_cdf_ugaussian_Q(z) / gsl_cdf_gamma_Q(x, shape, 1));
}

/* Solves CDF(x) = Phi(z) for ln x between bounds that widen from a guess: regula falsi, in which
 * the end that stays has its weight halved (the Illinois rule), so that both ends move. */
static double
solve(double shape, double z, double guess)
{
  double low = guess, high = guess, step = FIRST_STEP, e_low, e_high;

  while (!((e_low = excess(shape, low, z)) <= 0)) {
    low -= step;
    step *= 4;
  }
  for (step = FIRST_STEP; !((e_high = excess(shape, high, z)) >= 0); step *= 4)
    high += step;
  for (int i = 0, side = 0; i < STEPS_MAX && high - low > 1e-12 * (1 + fabs(low)); i++) {
    double middle = isinf(e_low) || isinf(e_high)
                        ? (low + high) / 2
                        : (low * e_high - high * e_low) / (e_high - e_low);
    double e = excess(shape, middle, z);

    if (e == 0)
      return middle;
    if (e < 0) {
      low = middle;
      e_low = e;
      if (side == -1)
        e_high /= 2;
      side = -1;
    } else {
      high = middle;
      e_high = e;
      if (side == 1)
        e_low /= 2;
      side = 1;
    }
  }
  return (low + high) / 2;
}

GammaTable *
gamma_table_new(double shape)
{
  GammaTable *table = g_new(GammaTable, 1);
  double ln_gamma = gsl_sf_lngamma(shape);
  double guess = log(shape);

  g_assert(shape >= GAMMA_SHAPE_MIN && shape <= GAMMA_SHAPE_MAX);
  for (int i = 0; i < N_NODES; i++) {
    double z = (double)(i - HALF) / NODES_PER_UNIT;
    double ln_density = -0.5 * z * z - 0.5 * log(2 * G_PI);
    double ln_p = log(gsl_cdf_ugaussian_P(z));
    double ln_x = (ln_p + ln_gamma + log(shape)) / shape;
    double slope;

    if (ln_x < LN_TINY) {
      slope = exp(ln_density - ln_p) / shape;
    } else {
      ln_x = solve(shape, z, guess);
      slope = exp(ln_density - (shape * ln_x - exp(ln_x) - ln_gamma));
    }
    table->nodes[i] = (Node){ln_x, slope / NODES_PER_UNIT};
    guess = ln_x + slope / NODES_PER_UNIT;
  }
  return table;
}

void
gamma_table_free(GammaTable *table)
{
  g_free(table);
}

double
gamma_table_quantile(const GammaTable *table, double u)
{
  double at, t, s, ln_x;
  const Node *a, *b;
  int i;

  if (u <= 0)
    return 0;
  at = gsl_cdf_ugaussian_Pinv(u) * NODES_PER_UNIT + HALF;
  i = CLAMP((int)at, 0, N_NODES - 2);
  a = &table->nodes[i];
  b = a + 1;
  t = at - i;
  s = 1 - t;
  ln_x = s * s * ((1 + 2 * t) * a->ln_x + t * a->slope) +
         t * t * ((1 + 2 * s) * b->ln_x - s * b->slope);
  return exp(ln_x);
}
