#include "sim/record/histogram.h"

#include <math.h>
#include <string.h>

#define OCTAVE_BITS 7
#define OCTAVE (1u << OCTAVE_BITS)
#define BUCKETS (OCTAVE * (63 - OCTAVE_BITS) + OCTAVE) /* up to the bucket of G_MAXINT64 */
#define SLACK 32 /* room left at both ends when the range grows, so that it grows seldom */
#define FORMAT_VERSION 1

/* A bucket is the exponent and the OCTAVE_BITS bits behind the leading one: 128 + i, shifted. */
guint
histogram_bucket(gint64 value_ns)
{
  g_assert(value_ns >= 0);
  guint64 value = (guint64)value_ns;

  if (value < OCTAVE)
    return (guint)value;
  guint shift = 63 - (guint)__builtin_clzll(value) - OCTAVE_BITS;

  return shift * OCTAVE + (guint)(value >> shift);
}

gint64
histogram_bucket_low(guint bucket)
{
  if (bucket < OCTAVE)
    return bucket;
  return (gint64)(OCTAVE + bucket % OCTAVE) << (bucket / OCTAVE - 1);
}

static gint64
bucket_width(guint bucket)
{
  return bucket < OCTAVE ? 1 : (gint64)1 << (bucket / OCTAVE - 1);
}

void
histogram_clear(Histogram *histogram)
{
  g_free(histogram->buckets);
  memset(histogram, 0, sizeof *histogram);
}

/* Makes buckets first..last (ends included) addressable. */
static void
histogram_cover(Histogram *histogram, guint first, guint last)
{
  guint old_end = histogram->first + histogram->size;

  if (histogram->size > 0 && first >= histogram->first && last < old_end)
    return;
  if (histogram->size > 0) {
    first = MIN(first, histogram->first);
    last = MAX(last, old_end - 1);
  }
  if (histogram->size == 0 || first < histogram->first)
    first = first > SLACK ? first - SLACK : 0;
  if (histogram->size == 0 || last >= old_end)
    last = MIN(last + SLACK, BUCKETS - 1);

  guint64 *buckets = g_new0(guint64, last - first + 1);

  if (histogram->size > 0)
    memcpy(buckets + (histogram->first - first), histogram->buckets,
           histogram->size * sizeof *buckets);
  g_free(histogram->buckets);
  histogram->buckets = buckets;
  histogram->first = first;
  histogram->size = last - first + 1;
}

static inline void
count(Histogram *histogram, guint bucket, gint64 value_ns)
{
  histogram->buckets[bucket - histogram->first]++;
  if (histogram->count == 0 || value_ns < histogram->min)
    histogram->min = value_ns;
  if (histogram->count == 0 || value_ns > histogram->max)
    histogram->max = value_ns;
  histogram->count++;
  histogram->sum += (guint64)value_ns;
}

/* The first in its range. */
static G_GNUC_NO_INLINE void
add_beyond(Histogram *histogram, guint bucket, gint64 value_ns)
{
  histogram_cover(histogram, bucket, bucket);
  count(histogram, bucket, value_ns);
}

inline void
histogram_add(Histogram *histogram, gint64 value_ns)
{
  guint bucket = histogram_bucket(value_ns);

  if (G_LIKELY(bucket - histogram->first < histogram->size))
    count(histogram, bucket, value_ns);
  else
    add_beyond(histogram, bucket, value_ns);
}

void
histogram_merge(Histogram *into, const Histogram *from)
{
  if (from->count == 0)
    return;
  histogram_cover(into, from->first, from->first + from->size - 1);
  for (guint i = 0; i < from->size; i++)
    into->buckets[from->first - into->first + i] += from->buckets[i];
  into->min = into->count == 0 ? from->min : MIN(into->min, from->min);
  into->max = into->count == 0 ? from->max : MAX(into->max, from->max);
  into->count += from->count;
  into->sum += from->sum;
}

void
histogram_subtract(Histogram *from, const Histogram *part)
{
  if (part->count == 0)
    return;
  g_assert(part->count <= from->count && part->sum <= from->sum);
  for (guint i = 0; i < part->size; i++) {
    if (part->buckets[i] == 0)
      continue;
    guint bucket = part->first + i - from->first;

    g_assert(bucket < from->size && from->buckets[bucket] >= part->buckets[i]);
    from->buckets[bucket] -= part->buckets[i];
  }
  from->count -= part->count;
  from->sum -= part->sum;
}

double
histogram_mean(const Histogram *histogram)
{
  if (histogram->count == 0)
    return NAN;
  return (double)((long double)histogram->sum / histogram->count);
}

double
histogram_quantile(const Histogram *histogram, double q, guint64 infinite)
{
  double total = (double)histogram->count + (double)infinite;

  g_assert(q >= 0 && q <= 1);
  if (total == 0)
    return NAN;
  /* 0.99 x 10000 must not become a hair more than 9900. */
  double rank = q * total * (1 - 1e-13);

  if (rank > (double)histogram->count || histogram->count == 0)
    return INFINITY;
  double below = 0;

  for (guint i = 0; i < histogram->size; i++) {
    double here = (double)histogram->buckets[i];

    if (here > 0 && below + here >= rank) {
      guint bucket = histogram->first + i;
      double share = (rank - below) / here;
      double value =
          (double)histogram_bucket_low(bucket) + share * (double)(bucket_width(bucket) - 1);

      return CLAMP(value, (double)histogram->min, (double)histogram->max);
    }
    below += here;
  }
  return (double)histogram->max;
}

guint64
histogram_above(const Histogram *histogram, double value_ns)
{
  if (histogram->count == 0 || value_ns >= (double)histogram->max)
    return 0;
  if (value_ns < (double)histogram->min)
    return histogram->count;
  guint bucket = histogram_bucket((gint64)value_ns);
  guint64 above = 0;

  for (guint i = 0; i < histogram->size; i++) {
    guint b = histogram->first + i;

    if (b > bucket)
      above += histogram->buckets[i];
    else if (b == bucket) {
      double top = (double)histogram_bucket_low(b) + (double)(bucket_width(b) - 1);
      double share = (top - value_ns) / (double)bucket_width(b);

      if (share > 0)
        above += (guint64)(share * (double)histogram->buckets[i] + 0.5);
    }
  }
  return above;
}

/* The bytes: version, then LEB128 numbers: count, sum (low and high 64 bits), min, max, and for
 * each bucket that is not empty the distance from the one before and its count. */

static void
put(GByteArray *bytes, guint64 value)
{
  do {
    guint8 byte = value & 0x7f;

    value >>= 7;
    if (value != 0)
      byte |= 0x80;
    g_byte_array_append(bytes, &byte, 1);
  } while (value != 0);
}

static gboolean
take(const guint8 **at, const guint8 *end, guint64 *value)
{
  *value = 0;
  for (guint shift = 0; shift < 64 && *at < end; shift += 7) {
    guint8 byte = *(*at)++;

    if (shift == 63 && byte > 1)
      return FALSE;
    *value |= (guint64)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0)
      return TRUE;
  }
  return FALSE;
}

GBytes *
histogram_to_bytes(const Histogram *histogram)
{
  GByteArray *bytes = g_byte_array_new();
  guint8 version = FORMAT_VERSION;
  guint last = 0;

  g_byte_array_append(bytes, &version, 1);
  put(bytes, histogram->count);
  put(bytes, (guint64)histogram->sum);
  put(bytes, (guint64)(histogram->sum >> 64));
  put(bytes, (guint64)histogram->min);
  put(bytes, (guint64)histogram->max);
  for (guint i = 0; i < histogram->size; i++) {
    if (histogram->buckets[i] == 0)
      continue;
    put(bytes, histogram->first + i - last);
    put(bytes, histogram->buckets[i]);
    last = histogram->first + i;
  }
  return g_byte_array_free_to_bytes(bytes);
}

static gboolean
histogram_read(Histogram *histogram, const guint8 *at, const guint8 *end)
{
  guint64 count, low, high, min, max, bucket = 0, total = 0;

  if (at == end || *at++ != FORMAT_VERSION)
    return FALSE;
  if (!take(&at, end, &count) || !take(&at, end, &low) || !take(&at, end, &high) ||
      !take(&at, end, &min) || !take(&at, end, &max))
    return FALSE;
  if (min > max || max > G_MAXINT64)
    return FALSE;
  while (at < end) {
    guint64 step, here;

    if (!take(&at, end, &step) || !take(&at, end, &here) || step >= BUCKETS || here == 0 ||
        here > count - total)
      return FALSE;
    bucket += step;
    if (bucket >= BUCKETS || (step == 0 && total > 0))
      return FALSE;
    histogram_cover(histogram, (guint)bucket, (guint)bucket);
    histogram->buckets[bucket - histogram->first] = here;
    total += here;
  }
  histogram->count = count;
  histogram->sum = (unsigned __int128)high << 64 | low;
  histogram->min = (gint64)min;
  histogram->max = (gint64)max;
  return total == count;
}

gboolean
histogram_from_bytes(Histogram *histogram, gconstpointer data, gsize n)
{
  const guint8 *at = data;

  memset(histogram, 0, sizeof *histogram);
  if (n > 0 && histogram_read(histogram, at, at + n))
    return TRUE;
  histogram_clear(histogram);
  return FALSE;
}
