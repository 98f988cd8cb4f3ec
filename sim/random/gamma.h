/* Quantiles of the standard gamma distribution from a table.
 *
 * gsl_cdf_gamma_Pinv() costs microseconds a draw and does not converge for shapes below 0.3 or
 * above some thousands. So the logarithm of the quantile is tabulated once over the normal score z
 * of the probability, where it is smooth, and interpolated by cubics whose slopes are exact: the
 * relative error stays below 1e-5, far below what any sample can show. */
#pragma once

#include <glib.h>

#define GAMMA_SHAPE_MIN 1e-2
#define GAMMA_SHAPE_MAX 1e4

typedef struct _GammaTable GammaTable;

/* shape between GAMMA_SHAPE_MIN and GAMMA_SHAPE_MAX. */
GammaTable *gamma_table_new(double shape);
void gamma_table_free(GammaTable *table);

/* Inverse CDF at 0 <= u < 1, for scale 1. */
double gamma_table_quantile(const GammaTable *table, double u);
