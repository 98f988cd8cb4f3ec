#include "sim/record/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 20000

/* Latencies as they come: many octaves, a few zeros. */
static gint64
draw(void)
{
  if (g_test_rand_int_range(0, 50) == 0)
    return 0;
  return (gint64)pow(10, g_test_rand_double_range(0, 13));
}

static int
compare(const void *a, const void *b)
{
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

  return (x > y) - (x < y);
}

static void
assert_equal(const Histogram *a, const Histogram *b)
{
  g_assert_cmpuint(a->count, ==, b->count);
  g_assert_true(a->sum == b->sum);
  g_assert_cmpint(a->min, ==, b->min);
  g_assert_cmpint(a->max, ==, b->max);
  for (guint bucket = 0; bucket <= histogram_bucket(G_MAXINT64); bucket++) {
    guint64 x = bucket - a->first < a->size ? a->buckets[bucket - a->first] : 0;
    guint64 y = bucket - b->first < b->size ? b->buckets[bucket - b->first] : 0;

    g_assert_cmpuint(x, ==, y);
  }
}

static void
test_buckets(void)
{
  guint last = histogram_bucket(G_MAXINT64);

  for (guint bucket = 0; bucket <= last; bucket++) {
    gint64 low = histogram_bucket_low(bucket);

    g_assert_cmpuint(histogram_bucket(low), ==, bucket);
    if (bucket > 0)
      g_assert_cmpuint(histogram_bucket(low - 1), ==, bucket - 1);
    if (bucket < last) {
      gint64 width = histogram_bucket_low(bucket + 1) - low;

      g_assert_true(width == 1 || (double)width / (double)low < 0.008);
    }
  }
}

static void
test_empty(void)
{
  Histogram h = {0}, other = {0};

  g_assert_true(isnan(histogram_mean(&h)));
  g_assert_true(isnan(histogram_quantile(&h, 0.5, 0)));
  g_assert_cmpuint(histogram_above(&h, 0), ==, 0);
  g_assert_true(isinf(histogram_quantile(&h, 0.5, 3)));
  histogram_merge(&h, &other);
  g_assert_cmpuint(h.count, ==, 0);
}

static void
test_quantiles(void)
{
  g_autofree gint64 *values = g_new(gint64, N);
  Histogram h = {0};
  unsigned __int128 sum = 0;

  for (guint i = 0; i < N; i++) {
    values[i] = draw();
    sum += (guint64)values[i];
    histogram_add(&h, values[i]);
  }
  qsort(values, N, sizeof *values, compare);
  for (double q = 0.0005; q < 1; q += 0.0005) {
    guint rank = (guint)ceil(q * N - 1e-6);
    double exact = (double)values[rank - 1];
    double got = histogram_quantile(&h, q, 0);

    g_assert_cmpfloat(fabs(got - exact), <=, 0.008 * exact);
    while (rank < N && values[rank] == values[rank - 1])
      rank++;
    g_assert_cmpfloat(fabs((double)histogram_above(&h, exact) - (N - rank)), <=, N * 0.002);
  }
  g_assert_cmpfloat(histogram_quantile(&h, 1, 0), ==, values[N - 1]);
  g_assert_cmpfloat(histogram_quantile(&h, 0, 0), ==, values[0]);
  g_assert_cmpfloat(histogram_mean(&h), ==, (double)((long double)sum / N));
  g_assert_cmpuint(histogram_above(&h, (double)h.max), ==, 0);
  g_assert_cmpuint(histogram_above(&h, -1), ==, N);
  histogram_clear(&h);
}

static void
test_exact_below_octave(void)
{
  Histogram h = {0};

  for (gint64 i = 1; i <= 100; i++)
    histogram_add(&h, i);
  for (guint q = 1; q <= 100; q++)
    g_assert_cmpfloat(histogram_quantile(&h, q / 100.0, 0), ==, q);
  g_assert_cmpuint(histogram_above(&h, 90), ==, 10);
  histogram_clear(&h);
}

/* The share of all that was owed: exactly 99 % met is met at 99 %, and not a hair later. */
static void
test_infinite(void)
{
  Histogram h = {0};

  for (guint i = 0; i < 9900; i++)
    histogram_add(&h, 150000000 + i);
  g_assert_cmpfloat(histogram_quantile(&h, 0.99, 100), ==, h.max);
  g_assert_true(isinf(histogram_quantile(&h, 0.9901, 100)));
  g_assert_true(isinf(histogram_quantile(&h, 0.99, 101)));
  g_assert_cmpfloat(histogram_quantile(&h, 0.5, 9900), ==, h.max);
  histogram_clear(&h);
}

static void
test_merge_and_subtract(void)
{
  Histogram parts[5] = {{0}}, all = {0}, merged = {0}, rest = {0};

  for (guint i = 0; i < N; i++) {
    gint64 value = draw();

    histogram_add(&parts[g_test_rand_int_range(0, 5)], value);
    histogram_add(&all, value);
  }
  for (guint i = 0; i < 5; i++) {
    histogram_merge(&merged, &parts[i]);
    if (i != 2)
      histogram_merge(&rest, &parts[i]);
  }
  assert_equal(&merged, &all);
  histogram_subtract(&merged, &parts[2]);
  merged.min = rest.min; /* the ends stay, as the header says */
  merged.max = rest.max;
  assert_equal(&merged, &rest);
  for (guint i = 0; i < 5; i++)
    histogram_clear(&parts[i]);
  histogram_clear(&all);
  histogram_clear(&merged);
  histogram_clear(&rest);
}

/* A sum of years in nanoseconds leaves 64 bits behind. */
static void
test_wide_sum(void)
{
  Histogram h = {0};

  for (guint i = 0; i < 1000; i++)
    histogram_add(&h, G_MAXINT64);
  g_assert_cmpfloat(histogram_mean(&h), ==, (double)G_MAXINT64);
  g_assert_cmpfloat(histogram_quantile(&h, 0.5, 0), <=, (double)G_MAXINT64);
  histogram_clear(&h);
}

static void
test_bytes(void)
{
  Histogram h = {0}, back;

  for (guint n = 0; n < 300; n += 100) {
    for (guint i = 0; i < n; i++)
      histogram_add(&h, i == 7 ? G_MAXINT64 : draw());
    g_autoptr(GBytes) bytes = histogram_to_bytes(&h);
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    g_assert_true(histogram_from_bytes(&back, data, size));
    assert_equal(&h, &back);
    histogram_clear(&back);
    for (gsize cut = 0; cut < size; cut++) {
      g_autofree guint8 *copy = g_memdup2(data, cut);

      if (n > 0) {
        g_assert_false(histogram_from_bytes(&back, copy, cut));
        g_assert_null(back.buckets);
      }
    }
  }
  histogram_clear(&h);
}

static void
test_damaged_bytes(void)
{
  Histogram h = {0}, back;

  for (guint i = 0; i < 50; i++)
    histogram_add(&h, draw());
  g_autoptr(GBytes) bytes = histogram_to_bytes(&h);
  gsize size;
  g_autofree guint8 *data = g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

  size = g_bytes_get_size(bytes);
  for (guint i = 0; i < 5000; i++) {
    g_autofree guint8 *copy = g_memdup2(data, size);

    copy[g_test_rand_int_range(0, (gint32)size)] ^= (guint8)(1 << g_test_rand_int_range(0, 8));
    if (!histogram_from_bytes(&back, copy, size))
      continue;
    /* What is accepted adds up. */
    guint64 count = 0;

    for (guint b = 0; b < back.size; b++)
      count += back.buckets[b];
    g_assert_cmpuint(count, ==, back.count);
    histogram_clear(&back);
  }
  histogram_clear(&h);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/histogram/buckets", test_buckets);
  g_test_add_func("/histogram/empty", test_empty);
  g_test_add_func("/histogram/quantiles", test_quantiles);
  g_test_add_func("/histogram/exact-below-octave", test_exact_below_octave);
  g_test_add_func("/histogram/infinite", test_infinite);
  g_test_add_func("/histogram/merge-and-subtract", test_merge_and_subtract);
  g_test_add_func("/histogram/wide-sum", test_wide_sum);
  g_test_add_func("/histogram/bytes", test_bytes);
  g_test_add_func("/histogram/damaged-bytes", test_damaged_bytes);
  return g_test_run();
}
