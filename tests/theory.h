/* Figures of a simulation beside the closed forms that theory has for them. Each comparison is
 * printed, with the standard error of the figure and the distance in standard errors, z; it fails
 * beyond THEORY_Z. Seeds are fixed, so a test passes always or never. */
#pragma once

#include <glib.h>

#define THEORY_Z 4

/* Independent observations, one a replication or one a message. */
typedef struct {
  guint64 n;
  double mean, squares; /* squares: sum of the squared distances from the mean */
} Sample;

void sample_add(Sample *sample, double value);
double sample_error(const Sample *sample); /* standard error of the mean */

/* The mean is what is expected. */
void theory_mean(const char *what, const Sample *sample, double expected);
/* So many of n independent trials hit, each with the expected probability. */
void theory_share(const char *what, guint64 hits, guint64 n, double expected);
/* The form is an approximation: the mean is within this share of it, beyond reasonable doubt: z is
 * the distance to the nearer bound. */
void theory_within(const char *what, const Sample *sample, double expected, double share);
