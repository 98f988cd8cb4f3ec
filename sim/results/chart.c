#include "sim/results/chart.h"

#include <math.h>
#include <string.h>

static const char *
parameter_text(const StorePoint *point, const char *factor, gboolean resolved)
{
  for (guint i = 0; i < point->parameters->len; i++) {
    const StoreParameter *p = &g_array_index(point->parameters, StoreParameter, i);

    if (g_str_equal(p->factor, factor))
      return resolved ? p->value : p->text;
  }
  return NULL;
}

static double
parameter_number(const StorePoint *point, const char *factor)
{
  for (guint i = 0; i < point->parameters->len; i++) {
    const StoreParameter *p = &g_array_index(point->parameters, StoreParameter, i);

    if (g_str_equal(p->factor, factor))
      return p->number;
  }
  return NAN;
}

static guint
find_or_add(GPtrArray *labels, const char *label)
{
  guint at;

  if (!g_ptr_array_find_with_equal_func(labels, label, g_str_equal, &at)) {
    at = labels->len;
    g_ptr_array_add(labels, g_strdup(label));
  }
  return at;
}

/* The point's values of some factors: "lte-m, 2 %"; with names: "sensor.link = lte-m, ..." */
static char *
label_of(const StorePoint *point, const char *const *factors, gboolean names)
{
  g_autoptr(GString) label = g_string_new(NULL);

  for (guint i = 0; factors != NULL && factors[i] != NULL; i++) {
    const char *text = parameter_text(point, factors[i], FALSE);

    g_string_append(label, label->len > 0 ? ", " : "");
    if (names)
      g_string_append_printf(label, "%s = ", factors[i]);
    g_string_append(label, text != NULL ? text : "-");
  }
  return g_string_free(g_steal_pointer(&label), FALSE);
}

static guint
cells_n(const Chart *chart)
{
  return chart->metrics_n * chart->panels->len * chart->series->len;
}

GArray *
chart_cell(const Chart *chart, guint metric, guint panel, guint series)
{
  return chart->cells[(metric * chart->panels->len + panel) * chart->series->len + series];
}

/* The unit that numbers of a factor are in, seen from how its values are written. */
static const char *
unit_of(const char *text)
{
  static const struct {
    const char *suffix, *unit;
  } units[] = {
      {"bit/s", "bit/s"}, {"packets", "packets"},
      {"%", "%"},         {"B", "B"},
      {"ns", "s"},        {"us", "s"},
      {"ms", "s"},        {"min", "s"},
      {" s", "s"},        {" h", "s"},
      {" d", "s"},        {" y", "s"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (g_str_has_suffix(text, units[i].suffix))
      return units[i].unit;
  return "";
}

void
chart_free(Chart *chart)
{
  for (guint i = 0; i < cells_n(chart); i++)
    g_array_unref(chart->cells[i]);
  for (guint i = 0; i < chart->metrics_n; i++)
    g_free(chart->y_labels[i]);
  g_ptr_array_unref(chart->panels);
  g_ptr_array_unref(chart->series);
  g_ptr_array_unref(chart->words);
  g_free(chart->cells);
  g_free(chart->y_labels);
  g_free(chart->y_percent);
  g_free(chart->x_label);
  g_free(chart);
}

static Chart *
begin(const Picture *picture)
{
  Chart *chart = g_new0(Chart, 1);

  chart->picture = picture;
  chart->metrics_n = g_strv_length((char **)picture->metrics);
  chart->panels = g_ptr_array_new_with_free_func(g_free);
  chart->series = g_ptr_array_new_with_free_func(g_free);
  chart->words = g_ptr_array_new_with_free_func(g_free);
  chart->x_scale = 1;
  chart->x_unit = "";
  for (guint i = 0; i < picture->points->len; i++) {
    g_autofree char *panel = label_of(picture->points->pdata[i], picture->panel, TRUE);
    g_autofree char *series = label_of(picture->points->pdata[i], picture->by, FALSE);

    find_or_add(chart->panels, panel);
    find_or_add(chart->series, series);
  }
  chart->cells = g_new(GArray *, cells_n(chart) + 1);
  for (guint i = 0; i < cells_n(chart); i++)
    chart->cells[i] = g_array_new(FALSE, FALSE, sizeof(Dot));
  chart->y_labels = g_new0(char *, chart->metrics_n + 1);
  chart->y_percent = g_new0(gboolean, chart->metrics_n + 1);
  return chart;
}

static GArray *
cell_of_point(const Chart *chart, guint metric, const StorePoint *point)
{
  g_autofree char *panel = label_of(point, chart->picture->panel, TRUE);
  g_autofree char *series = label_of(point, chart->picture->by, FALSE);

  return chart_cell(chart, metric, find_or_add(chart->panels, panel),
                    find_or_add(chart->series, series));
}

int
chart_compare_dots(gconstpointer a, gconstpointer b)
{
  const Dot *x = a, *y = b;

  return (x->x > y->x) - (x->x < y->x);
}

/* Lines. */

static gboolean
take_factor_x(Chart *chart, GError **error)
{
  const Picture *picture = chart->picture;
  const char *unit = "";

  for (guint i = 0; i < picture->points->len; i++) {
    const StorePoint *point = picture->points->pdata[i];
    const char *text = parameter_text(point, picture->x, TRUE);

    if (text == NULL) {
      g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_INPUT,
                  "x = %s: neither a factor nor a metric", picture->x);
      return FALSE;
    }
    if (isnan(parameter_number(point, picture->x)))
      find_or_add(chart->words, text);
    else if (*unit == '\0' && isfinite(parameter_number(point, picture->x)))
      unit = unit_of(text);
  }
  if (chart->words->len > 0) /* one word makes all of them words */
    for (guint i = 0; i < picture->points->len; i++)
      find_or_add(chart->words, parameter_text(picture->points->pdata[i], picture->x, TRUE));
  if (g_str_equal(unit, "%"))
    chart->x_scale = 100;
  chart->x_label = g_strdup(picture->x);
  chart->x_unit = unit;
  return TRUE;
}

static double
factor_x(const Chart *chart, const StorePoint *point)
{
  guint at;

  if (chart->words->len == 0)
    return parameter_number(point, chart->picture->x) * chart->x_scale;
  g_ptr_array_find_with_equal_func(chart->words, parameter_text(point, chart->picture->x, TRUE),
                                   g_str_equal, &at);
  return at + 1;
}

static double
shown_scale(const SummaryMetric *metric)
{
  return g_str_equal(metric->metric->unit, "") ? 100 : 1;
}

/* x: a metric, or NULL: a factor. */
static Dot
dot_of(const Chart *chart, guint i, const SummaryMetric *x, const SummaryMetric *y)
{
  const Picture *picture = chart->picture;
  const StorePoint *point = picture->points->pdata[i];
  GPtrArray *outcomes = picture->outcomes->pdata[i];
  Estimate estimate = summary_estimate(outcomes, y, picture->confidence);
  double scale = shown_scale(y);
  Dot dot = {
      .text = x != NULL ? "" : parameter_text(point, picture->x, TRUE),
      .value = estimate.value * scale,
      .low = estimate.low * scale,
      .high = estimate.high * scale,
  };

  dot.x = x != NULL ? summary_estimate(outcomes, x, picture->confidence).value * shown_scale(x)
                    : factor_x(chart, point);
  return dot;
}

static gboolean
take_lines(Chart *chart, GError **error)
{
  const Picture *picture = chart->picture;
  g_autoptr(SummaryMetric) x = NULL;

  if (parameter_text(picture->points->pdata[0], picture->x, TRUE) == NULL)
    x = summary_metric_new(picture->x, NULL);
  if (x != NULL)
    chart->x_label = summary_metric_label(x, TRUE);
  else if (!take_factor_x(chart, error))
    return FALSE;
  chart->x_log = picture->x_log && chart->words->len == 0;
  for (guint m = 0; m < chart->metrics_n; m++) {
    g_autoptr(SummaryMetric) y = summary_metric_new(picture->metrics[m], error);

    if (y == NULL)
      return FALSE;
    chart->y_labels[m] = summary_metric_label(y, TRUE);
    chart->y_percent[m] = shown_scale(y) > 1;
    for (guint i = 0; i < picture->points->len; i++) {
      Dot dot = dot_of(chart, i, x, y);

      if (!isnan(dot.x))
        g_array_append_val(cell_of_point(chart, m, picture->points->pdata[i]), dot);
    }
  }
  for (guint i = 0; x == NULL && i < cells_n(chart); i++)
    g_array_sort(chart->cells[i], chart_compare_dots);
  chart->named_tics = x == NULL && chart_tics_can_be_named(chart);
  return TRUE;
}

/* Distributions. */

static HistogramId
distribution_of(const char *text, char **section)
{
  static const char *const names[] = {"latency", "ack_latency"};
  static const HistogramId ids[] = {HISTOGRAM_LATENCY, HISTOGRAM_ACK_LATENCY};
  const char *dot = strrchr(text, '.');

  *section = dot != NULL ? g_strndup(text, (gsize)(dot - text)) : NULL;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_equal(dot != NULL ? dot + 1 : text, names[i]))
      return ids[i];
  return HISTOGRAM_N;
}

/* What the share is of: obligations, or publish() calls for what the publisher is told. */
static double
owed_of(GPtrArray *outcomes, const char *section, HistogramId id)
{
  double published = 0;

  if (id == HISTOGRAM_LATENCY)
    return summary_losses(outcomes, section).owed;
  for (guint i = 0; i < outcomes->len; i++) {
    const Outcome *outcome = outcomes->pdata[i];

    for (guint k = 0; k < outcome->elements->len; k++) {
      const OutcomeElement *e = outcome->elements->pdata[k];

      if (e->of == OF_PUBLISH && (section == NULL || g_str_equal(section, e->name)))
        published += e->counters[COUNT_PUBLISHED];
    }
  }
  return published;
}

static void
add_share(const Picture *picture, GArray *cell, double time_ns, double share)
{
  Dot dot = {
      .x = time_ns * 1e-9,
      .text = "",
      .value = picture->y_log ? 1 - share : share,
      .low = NAN,
      .high = NAN,
  };

  g_array_append_val(cell, dot);
}

/* Flat where nothing arrived, and rising evenly over a bucket of the histogram. */
static void
take_distribution(const Picture *picture, GArray *cell, GPtrArray *outcomes, const char *section,
                  HistogramId id)
{
  Histogram h = summary_histogram(outcomes, section, id);
  double owed = owed_of(outcomes, section, id), met = 0, last = -1;

  for (guint i = 0; i < h.size && owed > 0; i++) {
    double begin, end;

    if (h.buckets[i] == 0)
      continue;
    begin = MAX((double)histogram_bucket_low(h.first + i), (double)h.min);
    end = MIN((double)histogram_bucket_low(h.first + i + 1), (double)h.max);
    if (begin > last)
      add_share(picture, cell, begin, met / owed);
    met += (double)h.buckets[i];
    add_share(picture, cell, end, met / owed);
    last = end;
  }
  histogram_clear(&h);
}

/* One curve for each cell: points that differ in other factors are taken together. */
static void
take_curves(const Chart *chart, guint metric, const char *section, HistogramId id)
{
  const Picture *picture = chart->picture;
  g_autoptr(GHashTable) together =
      g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);

  for (guint i = 0; i < picture->points->len; i++) {
    GArray *cell = cell_of_point(chart, metric, picture->points->pdata[i]);
    GPtrArray *outcomes = g_hash_table_lookup(together, cell);

    if (outcomes == NULL) {
      outcomes = g_ptr_array_new();
      g_hash_table_insert(together, cell, outcomes);
    }
    g_ptr_array_extend(outcomes, picture->outcomes->pdata[i], NULL, NULL);
  }
  for (guint i = 0; i < cells_n(chart); i++) {
    GPtrArray *outcomes = g_hash_table_lookup(together, chart->cells[i]);

    if (outcomes != NULL)
      take_distribution(picture, chart->cells[i], outcomes, section, id);
  }
}

static gboolean
take_distributions(Chart *chart, GError **error)
{
  const Picture *picture = chart->picture;

  for (guint m = 0; m < chart->metrics_n; m++) {
    g_autofree char *section = NULL;
    HistogramId id = distribution_of(picture->metrics[m], &section);

    if (id == HISTOGRAM_N) {
      g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_INPUT,
                  "%s has no distribution; latency and ack_latency have", picture->metrics[m]);
      return FALSE;
    }
    chart->y_labels[m] =
        g_strdup_printf("%s%sshare %s", section != NULL ? section : "", section != NULL ? ": " : "",
                        picture->y_log ? "not yet there (1 - F)" : "there (F)");
    take_curves(chart, m, section, id);
  }
  chart->x_label = g_strdup("time from publish()");
  chart->x_unit = "s";
  chart->x_log = picture->x_log;
  return TRUE;
}

Chart *
chart_new(const Picture *picture, GError **error)
{
  g_autoptr(Chart) chart = begin(picture);

  if (!(picture->kind == PICTURE_CDF ? take_distributions(chart, error) : take_lines(chart, error)))
    return NULL;
  return g_steal_pointer(&chart);
}
