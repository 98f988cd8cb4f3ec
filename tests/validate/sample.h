/* Latencies of campaigns, measured or simulated, and how far two distributions of them are apart.
 *
 * A campaign is one repetition: so many messages, of which each arrived after some latency or not
 * at all. A tally is the distribution of some campaigns over a scale, which is all latencies that
 * occur in what is compared; so a tally is a row of counts, cheap to add up and to compare. */
#pragma once

#include <gio/gio.h>

#define SAMPLE_TICK_NS 100000 /* 0.1 ms, as fine as was measured */

typedef struct {
  guint published, duplicated;
  GArray *ticks; /* guint32: latencies of those that arrived, in ticks; in no order */
} Campaign;

typedef struct {
  guint n;
  guint32 *ticks;  /* rising */
  guint32 *places; /* in the row, of each tick that occurs */
} Scale;

typedef struct {
  const Scale *scale;
  guint64 published, delivered, duplicated;
  guint64 *counts; /* that arrived after just ticks[i] */
} Tally;

Campaign *campaign_new(void);
void campaign_free(Campaign *campaign);
/* copies 0: it never arrived. */
void campaign_add(Campaign *campaign, gint64 latency_ns, guint copies, guint messages);

/* Campaigns as measured: a file of CSV whose first line, "# FILE: CONDITION", names the experiment
 * (relative to this file) and the point of it that is the same set-up. Campaign *. */
GPtrArray *sample_read(const char *path, char **experiment, char **condition, GError **error);

/* Of two samples, which hold Campaign *. */
Scale *scale_new(GPtrArray *first, GPtrArray *second);
void scale_free(Scale *scale);

Tally *tally_new(const Scale *scale);
void tally_free(Tally *tally);
void tally_clear(Tally *tally);
void tally_add(Tally *tally, const Campaign *campaign);
void tally_add_all(Tally *tally, GPtrArray *sample);
/* Of what arrived, in ms; NAN: nothing did. */
double tally_mean(const Tally *tally);
double tally_quantile(const Tally *tally, double share); /* by nearest rank */
double tally_delivered(const Tally *tally); /* share of what was published; likewise: */
double tally_duplicated(const Tally *tally);
/* The area between two distributions in ms: the integral over latency t of |F(t) - G(t)|, where
 * F(t) is the share of what was published that had arrived by t. What is lost never arrives, so a
 * difference in the shares delivered counts up to the greatest latency on the scale. */
double tally_area(const Tally *f, const Tally *g);

/* What chance does to a few campaigns of a kind: how far sets of them are from all of them, and
 * which shares they show. */
typedef struct {
  double area_p99;                                                       /* ms */
  double delivered_low, delivered_high, duplicated_low, duplicated_high; /* 99 % lie between */
} Spread;

Spread sample_spread(GPtrArray *sample, const Scale *scale, guint campaigns);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Campaign, campaign_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scale, scale_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)
