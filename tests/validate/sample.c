#include "tests/validate/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/random/stream.h"

#define SAMPLE_DRAWS 2000
#define TICKS_PER_MS (1000000.0 / SAMPLE_TICK_NS)

Campaign *
campaign_new(void)
{
  Campaign *campaign = g_new0(Campaign, 1);

  campaign->ticks = g_array_new(FALSE, FALSE, sizeof(guint32));
  return campaign;
}

void
campaign_free(Campaign *campaign)
{
  g_array_unref(campaign->ticks);
  g_free(campaign);
}

void
campaign_add(Campaign *campaign, gint64 latency_ns, guint copies, guint messages)
{
  guint32 tick = (guint32)((latency_ns + SAMPLE_TICK_NS / 2) / SAMPLE_TICK_NS);

  campaign->published += messages;
  campaign->duplicated += copies > 1 ? messages : 0;
  for (guint i = 0; copies > 0 && i < messages; i++)
    g_array_append_val(campaign->ticks, tick);
}

static GPtrArray *
campaigns_new(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)campaign_free);
}

/* "2,150.3,1,51": 51 messages of campaign 2. An empty latency: never. */
static gboolean
read_row(GPtrArray *sample, const char *row)
{
  g_auto(GStrv) fields = g_strsplit(row, ",", -1);
  guint64 campaign, copies, messages;
  double ms;

  if (g_strv_length(fields) != 4 ||
      !g_ascii_string_to_unsigned(fields[0], 10, 0, sample->len, &campaign, NULL) ||
      !g_ascii_string_to_unsigned(fields[2], 10, 0, G_MAXUINT, &copies, NULL) ||
      !g_ascii_string_to_unsigned(fields[3], 10, 1, G_MAXUINT, &messages, NULL) ||
      (*fields[1] == '\0') != (copies == 0))
    return FALSE;
  ms = g_ascii_strtod(fields[1], NULL);
  if (!(ms >= 0 && ms < 1e8))
    return FALSE;
  if (campaign == sample->len)
    g_ptr_array_add(sample, campaign_new());
  campaign_add(sample->pdata[campaign], (gint64)(ms * 1e6), (guint)copies, (guint)messages);
  return TRUE;
}

GPtrArray *
sample_read(const char *path, char **experiment, char **condition, GError **error)
{
  g_autoptr(GPtrArray) sample = campaigns_new();
  g_autofree char *text = NULL, *folder = g_path_get_dirname(path);
  g_auto(GStrv) lines = NULL;
  char *colon;

  if (!g_file_get_contents(path, &text, NULL, error))
    return NULL;
  lines = g_strsplit(text, "\n", -1);
  colon = g_str_has_prefix(text, "# ") ? strstr(lines[0], ": ") : NULL;
  if (colon == NULL || g_strv_length(lines) < 3) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "%s:1: \"# FILE: CONDITION\", the experiment and the point, and rows are expected",
                path);
    return NULL;
  }
  for (guint i = 2; i == 2 || (lines[i] && *lines[i]); i++) {
    if (!read_row(sample, lines[i])) {
      g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                  "%s:%u: \"campaign,latency_ms,copies,messages\" is expected", path, i + 1);
      return NULL;
    }
  }
  *colon = '\0';
  *experiment = g_build_filename(folder, lines[0] + strlen("# "), NULL);
  *condition = g_strdup(colon + strlen(": "));
  return g_steal_pointer(&sample);
}

static guint32
greatest_tick(GPtrArray *sample)
{
  guint32 greatest = 0;

  for (guint c = 0; c < sample->len; c++) {
    const Campaign *campaign = sample->pdata[c];

    for (guint i = 0; i < campaign->ticks->len; i++)
      greatest = MAX(greatest, g_array_index(campaign->ticks, guint32, i));
  }
  return greatest;
}

static void
mark_ticks(Scale *scale, GPtrArray *sample)
{
  for (guint c = 0; c < sample->len; c++) {
    const Campaign *campaign = sample->pdata[c];

    for (guint i = 0; i < campaign->ticks->len; i++)
      scale->places[g_array_index(campaign->ticks, guint32, i)] = 1;
  }
}

Scale *
scale_new(GPtrArray *first, GPtrArray *second)
{
  Scale *scale = g_new0(Scale, 1);
  guint32 greatest = MAX(greatest_tick(first), greatest_tick(second));

  scale->places = g_new0(guint32, (gsize)greatest + 1);
  mark_ticks(scale, first);
  mark_ticks(scale, second);
  scale->ticks = g_new(guint32, (gsize)greatest + 1);
  for (guint32 tick = 0; tick <= greatest; tick++) {
    if (scale->places[tick]) {
      scale->places[tick] = scale->n;
      scale->ticks[scale->n++] = tick;
    }
  }
  return scale;
}

void
scale_free(Scale *scale)
{
  g_free(scale->places);
  g_free(scale->ticks);
  g_free(scale);
}

Tally *
tally_new(const Scale *scale)
{
  Tally *tally = g_new0(Tally, 1);

  tally->scale = scale;
  tally->counts = g_new0(guint64, scale->n);
  return tally;
}

void
tally_free(Tally *tally)
{
  g_free(tally->counts);
  g_free(tally);
}

void
tally_clear(Tally *tally)
{
  tally->published = tally->delivered = tally->duplicated = 0;
  memset(tally->counts, 0, tally->scale->n * sizeof *tally->counts);
}

void
tally_add(Tally *tally, const Campaign *campaign)
{
  const guint32 *ticks = (const guint32 *)(gconstpointer)campaign->ticks->data;

  tally->published += campaign->published;
  tally->duplicated += campaign->duplicated;
  tally->delivered += campaign->ticks->len;
  for (guint i = 0; i < campaign->ticks->len; i++)
    tally->counts[tally->scale->places[ticks[i]]]++;
}

void
tally_add_all(Tally *tally, GPtrArray *sample)
{
  for (guint c = 0; c < sample->len; c++)
    tally_add(tally, sample->pdata[c]);
}

double
tally_mean(const Tally *tally)
{
  double sum = 0;

  for (guint i = 0; i < tally->scale->n; i++)
    sum += (double)tally->counts[i] * tally->scale->ticks[i];
  return sum / (double)tally->delivered / TICKS_PER_MS;
}

double
tally_quantile(const Tally *tally, double share)
{
  guint64 rank = MAX(1, (guint64)ceil(share * (double)tally->delivered)), below = 0;

  for (guint i = 0; i < tally->scale->n; i++) {
    below += tally->counts[i];
    if (below >= rank)
      return tally->scale->ticks[i] / TICKS_PER_MS;
  }
  return NAN;
}

double
tally_delivered(const Tally *tally)
{
  return (double)tally->delivered / (double)tally->published;
}

double
tally_duplicated(const Tally *tally)
{
  return (double)tally->duplicated / (double)tally->published;
}

double
tally_area(const Tally *f, const Tally *g)
{
  const Scale *scale = f->scale;
  guint64 f_below = 0, g_below = 0;
  double area = 0;

  for (guint i = 0; i + 1 < scale->n; i++) {
    f_below += f->counts[i];
    g_below += g->counts[i];
    area += fabs((double)f_below / (double)f->published - (double)g_below / (double)g->published) *
            (scale->ticks[i + 1] - scale->ticks[i]);
  }
  return area / TICKS_PER_MS;
}

/* A set without repetition: the first of a row that is shuffled as far as needed. */
static void
draw_set(guint *row, guint n, guint set, const RandomStream *stream, guint64 *draw)
{
  for (guint i = 0; i < set; i++) {
    guint other = i + (guint)random_below(stream, (*draw)++, n - i), kept = row[i];

    row[i] = row[other];
    row[other] = kept;
  }
}

static gint
compare_doubles(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* By nearest rank; sorts. */
static double
quantile(double *values, guint n, double share)
{
  guint rank = MAX(1, (guint)ceil(share * n));

  qsort(values, n, sizeof *values, compare_doubles);
  return values[rank - 1];
}

Spread
sample_spread(GPtrArray *sample, const Scale *scale, guint campaigns)
{
  RandomStream stream = random_stream(1, 1, "campaigns", "set"); /* the same sets each time */
  g_autoptr(Tally) all = tally_new(scale), set = tally_new(scale);
  g_autofree guint *row = g_new(guint, sample->len);
  double area[SAMPLE_DRAWS], delivered[SAMPLE_DRAWS], duplicated[SAMPLE_DRAWS];
  guint64 draw = 0;

  g_assert(campaigns >= 1 && campaigns <= sample->len);
  for (guint i = 0; i < sample->len; i++)
    row[i] = i;
  tally_add_all(all, sample);
  for (guint d = 0; d < SAMPLE_DRAWS; d++) {
    draw_set(row, sample->len, campaigns, &stream, &draw);
    tally_clear(set);
    for (guint i = 0; i < campaigns; i++)
      tally_add(set, sample->pdata[row[i]]);
    area[d] = tally_area(set, all);
    delivered[d] = tally_delivered(set);
    duplicated[d] = tally_duplicated(set);
  }
  return (Spread){
      .area_p99 = quantile(area, SAMPLE_DRAWS, 0.99),
      .delivered_low = quantile(delivered, SAMPLE_DRAWS, 0.005),
      .delivered_high = quantile(delivered, SAMPLE_DRAWS, 0.995),
      .duplicated_low = quantile(duplicated, SAMPLE_DRAWS, 0.005),
      .duplicated_high = quantile(duplicated, SAMPLE_DRAWS, 0.995),
  };
}
