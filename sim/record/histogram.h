/* A mergeable log-linear histogram of times in nanoseconds: 128 buckets an octave, so a quantile is
 * off by less than 0.8 %. Values below 128 are exact. The sum is 128 bits wide, so the mean is
 * exact. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 count;
  unsigned __int128 sum;
  gint64 min, max;
  guint first, size; /* buckets[i] counts bucket first + i */
  guint64 *buckets;
} Histogram; /* zero-filled is empty */

void histogram_clear(Histogram *histogram);
void histogram_add(Histogram *histogram, gint64 value_ns); /* value >= 0 */
void histogram_merge(Histogram *into, const Histogram *from);
/* Subtracts what was merged before (for delete-one resampling); min and max stay. */
void histogram_subtract(Histogram *from, const Histogram *part);
double histogram_mean(const Histogram *histogram); /* NaN if empty */
/* The q-quantile (0..1), interpolated in its bucket, within [min, max]; NaN if empty. `infinite`
 * more values are counted as larger than all (losses): INFINITY if the quantile is among them. */
double histogram_quantile(const Histogram *histogram, double q, guint64 infinite);
guint64 histogram_above(const Histogram *histogram, double value_ns); /* about how many exceed it */
gint64 histogram_bucket_low(guint bucket); /* smallest value of a bucket */
guint histogram_bucket(gint64 value_ns);
/* Portable bytes for a database column, and back; a compact list of (bucket, count). */
GBytes *histogram_to_bytes(const Histogram *histogram);
/* FALSE and an empty histogram if the bytes are none of ours. What was in *histogram is
 * overwritten, not freed. */
gboolean histogram_from_bytes(Histogram *histogram, gconstpointer data, gsize n);
