#include "tests/theory.h"

#include <math.h>

void
sample_add(Sample *sample, double value)
{
  double before = value - sample->mean;

  sample->n++;
  sample->mean += before / (double)sample->n;
  sample->squares += before * (value - sample->mean);
}

double
sample_error(const Sample *sample)
{
  g_assert_cmpuint(sample->n, >, 1);
  return sqrt(sample->squares / (double)(sample->n - 1) / (double)sample->n);
}

static void
compare(const char *what, double figure, double expected, double error)
{
  double z = (figure - expected) / error;

  g_test_message("%s: %.5g, theory %.5g, standard error %.2g, z %+.2f", what, figure, expected,
                 error, z);
  g_assert_cmpfloat(fabs(z), <, THEORY_Z);
}

void
theory_mean(const char *what, const Sample *sample, double expected)
{
  compare(what, sample->mean, expected, sample_error(sample));
}

void
theory_share(const char *what, guint64 hits, guint64 n, double expected)
{
  compare(what, (double)hits / (double)n, expected, sqrt(expected * (1 - expected) / (double)n));
}

void
theory_within(const char *what, const Sample *sample, double expected, double share)
{
  double ratio = sample->mean / expected, error = sample_error(sample) / expected;
  double z = (share - fabs(ratio - 1)) / error;

  g_test_message("%s: %.5g, theory %.5g, ratio %.3f, standard error %.2g; z %.1f to %g%%", what,
                 sample->mean, expected, ratio, error, z, 100 * share);
  g_assert_cmpfloat(z, >, THEORY_Z);
}
