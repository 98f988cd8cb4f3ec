#include "sim/results/plot.h"

#include "sim/results/embedded.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_WIDTH 300
#define PANEL_HEIGHT 235
#define MOST_COLUMNS 3
#define MOST_NAMED_TICS 8
#define NEAREST_TICS 0.11 /* of an axis: nearer labels would touch */
#define GAP 0.2           /* of an axis: between the last number and `never` */

G_DEFINE_QUARK(qosim-plot-error-quark, plot_error)

typedef struct {
  double x;         /* as given: seconds, bytes, a share; INFINITY: never, unlimited */
  const char *text; /* of the value */
  Estimate y;
} Dot;

/* One row of panels for each metric, one panel in it for each combination of the panel factors. */
typedef struct {
  const Plot *plot;
  guint metrics_n;
  GPtrArray *panels, *series; /* char *: labels, in the order of appearance */
  GPtrArray *words;           /* char *: values of x that are no numbers */
  GArray **cells;             /* of Dot: [metric][panel][series] */
  char **y_labels;            /* for each metric */
  double *y_scales;
  char *x_label;
  const char *x_unit; /* of the numbers at the axis; "": none */
  double x_scale;
  gboolean named_tics; /* the values of x, as they are written, stand at the axis */
} Chart;

typedef struct {
  double low, high; /* of finite x */
  double never;     /* where `never` stands; NaN: nowhere */
  double y_low, y_high;
  gboolean has_infinite, has_data;
} Range;

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

static GArray *
cell_at(const Chart *chart, guint metric, guint panel, guint series)
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
    {"bit/s", "bit/s"}, {"packets", "packets"}, {"%", "%"},  {"B", "B"},  {"ns", "s"}, {"us", "s"},
    {"ms", "s"},        {"min", "s"},           {" s", "s"}, {" h", "s"}, {" d", "s"}, {" y", "s"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (g_str_has_suffix(text, units[i].suffix))
      return units[i].unit;
  return "";
}

static void
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
  g_free(chart->y_scales);
  g_free(chart->x_label);
  g_free(chart);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chart, chart_free)

static Chart *
chart_new(const Plot *plot)
{
  Chart *chart = g_new0(Chart, 1);

  chart->plot = plot;
  chart->metrics_n = g_strv_length((char **)plot->metrics);
  chart->panels = g_ptr_array_new_with_free_func(g_free);
  chart->series = g_ptr_array_new_with_free_func(g_free);
  chart->words = g_ptr_array_new_with_free_func(g_free);
  chart->x_scale = 1;
  chart->x_unit = "";
  for (guint i = 0; i < plot->points->len; i++) {
    g_autofree char *panel = label_of(plot->points->pdata[i], plot->panel, TRUE);
    g_autofree char *series = label_of(plot->points->pdata[i], plot->by, FALSE);

    find_or_add(chart->panels, panel);
    find_or_add(chart->series, series);
  }
  chart->cells = g_new(GArray *, cells_n(chart) + 1);
  for (guint i = 0; i < cells_n(chart); i++)
    chart->cells[i] = g_array_new(FALSE, FALSE, sizeof(Dot));
  chart->y_labels = g_new0(char *, chart->metrics_n + 1);
  chart->y_scales = g_new0(double, chart->metrics_n + 1);
  return chart;
}

static GArray *
cell_of_point(const Chart *chart, guint metric, const StorePoint *point)
{
  g_autofree char *panel = label_of(point, chart->plot->panel, TRUE);
  g_autofree char *series = label_of(point, chart->plot->by, FALSE);

  return cell_at(chart, metric, find_or_add(chart->panels, panel),
                 find_or_add(chart->series, series));
}

static int
compare_dots(gconstpointer a, gconstpointer b)
{
  const Dot *x = a, *y = b;

  return (x->x > y->x) - (x->x < y->x);
}

/* Line: x. */

static gboolean
take_factor_x(Chart *chart, GError **error)
{
  const Plot *plot = chart->plot;
  const char *unit = "";

  for (guint i = 0; i < plot->points->len; i++) {
    const StorePoint *point = plot->points->pdata[i];
    const char *text = parameter_text(point, plot->x, TRUE);

    if (text == NULL) {
      g_set_error(error, PLOT_ERROR, PLOT_ERROR_INPUT,
                  "plot %s: x = %s: neither a factor nor a metric", plot->name, plot->x);
      return FALSE;
    }
    if (isnan(parameter_number(point, plot->x)))
      find_or_add(chart->words, text);
    else if (*unit == '\0' && isfinite(parameter_number(point, plot->x)))
      unit = unit_of(text);
  }
  if (chart->words->len > 0) /* one word makes all of them words */
    for (guint i = 0; i < plot->points->len; i++)
      find_or_add(chart->words, parameter_text(plot->points->pdata[i], plot->x, TRUE));
  if (g_str_equal(unit, "%"))
    chart->x_scale = 100;
  chart->x_label = g_strdup(plot->x);
  chart->x_unit = unit;
  return TRUE;
}

static double
factor_x(const Chart *chart, const StorePoint *point)
{
  guint at;

  if (chart->words->len == 0)
    return parameter_number(point, chart->plot->x) * chart->x_scale;
  g_ptr_array_find_with_equal_func(chart->words, parameter_text(point, chart->plot->x, TRUE),
                                   g_str_equal, &at);
  return at + 1;
}

static double
shown_scale(const SummaryMetric *metric)
{
  return g_str_equal(metric->metric->unit, "") ? 100 : 1;
}

static gboolean
take_lines(Chart *chart, GError **error)
{
  const Plot *plot = chart->plot;
  g_autoptr(SummaryMetric) x = NULL;

  if (plot->points->len > 0 && parameter_text(plot->points->pdata[0], plot->x, TRUE) == NULL)
    x = summary_metric_new(plot->x, NULL);
  if (x != NULL)
    chart->x_label = summary_metric_label(x, TRUE);
  else if (!take_factor_x(chart, error))
    return FALSE;
  for (guint m = 0; m < chart->metrics_n; m++) {
    g_autoptr(SummaryMetric) metric = summary_metric_new(plot->metrics[m], error);

    if (metric == NULL)
      return FALSE;
    chart->y_labels[m] = summary_metric_label(metric, TRUE);
    chart->y_scales[m] = shown_scale(metric);
    for (guint i = 0; i < plot->points->len; i++) {
      const StorePoint *point = plot->points->pdata[i];
      GPtrArray *outcomes = plot->outcomes->pdata[i];
      Dot dot = {.y = summary_estimate(outcomes, metric, plot->confidence)};

      dot.x = x != NULL ? summary_estimate(outcomes, x, plot->confidence).value * shown_scale(x)
                        : factor_x(chart, point);
      dot.text = x != NULL ? "" : parameter_text(point, plot->x, TRUE);
      if (!isnan(dot.x))
        g_array_append_val(cell_of_point(chart, m, point), dot);
    }
  }
  for (guint i = 0; x == NULL && i < cells_n(chart); i++)
    g_array_sort(chart->cells[i], compare_dots);
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
add_share(GArray *cell, double time_ns, double share, gboolean missing)
{
  Dot dot = {.x = time_ns * 1e-9, .text = "", .y = {.low = NAN, .high = NAN}};

  dot.y.value = missing ? MAX(1 - share, 0) : share;
  g_array_append_val(cell, dot);
}

static void
take_distribution(const Plot *plot, GArray *cell, GPtrArray *outcomes, const char *section,
                  HistogramId id)
{
  Histogram h = summary_histogram(outcomes, section, id);
  double owed = owed_of(outcomes, section, id), met = 0;

  if (h.count > 0 && owed > 0)
    add_share(cell, (double)h.min, 0, plot->y_log);
  for (guint i = 0; i < h.size && owed > 0; i++) {
    if (h.buckets[i] == 0)
      continue;
    met += (double)h.buckets[i];
    double end = (double)histogram_bucket_low(h.first + i + 1) - 1;

    add_share(cell, CLAMP(end, (double)h.min, (double)h.max), met / owed, plot->y_log);
  }
  histogram_clear(&h);
}

/* One curve for each cell: points that differ in other factors are taken together. */
static void
take_curves(const Chart *chart, guint metric, const char *section, HistogramId id)
{
  const Plot *plot = chart->plot;
  g_autoptr(GHashTable) together = g_hash_table_new_full(NULL, NULL, NULL,
                                                         (GDestroyNotify)g_ptr_array_unref);

  for (guint i = 0; i < plot->points->len; i++) {
    GArray *cell = cell_of_point(chart, metric, plot->points->pdata[i]);
    GPtrArray *outcomes = g_hash_table_lookup(together, cell);

    if (outcomes == NULL) {
      outcomes = g_ptr_array_new();
      g_hash_table_insert(together, cell, outcomes);
    }
    g_ptr_array_extend(outcomes, plot->outcomes->pdata[i], NULL, NULL);
  }
  for (guint i = 0; i < cells_n(chart); i++) {
    GPtrArray *outcomes = g_hash_table_lookup(together, chart->cells[i]);

    if (outcomes != NULL)
      take_distribution(plot, chart->cells[i], outcomes, section, id);
  }
}

static gboolean
take_distributions(Chart *chart, GError **error)
{
  const Plot *plot = chart->plot;

  for (guint m = 0; m < chart->metrics_n; m++) {
    g_autofree char *section = NULL;
    HistogramId id = distribution_of(plot->metrics[m], &section);

    if (id == HISTOGRAM_N) {
      g_set_error(error, PLOT_ERROR, PLOT_ERROR_INPUT,
                  "plot %s: %s has no distribution; latency and ack_latency have", plot->name,
                  plot->metrics[m]);
      return FALSE;
    }
    chart->y_scales[m] = 1;
    chart->y_labels[m] = g_strdup_printf("%s%sshare %s", section != NULL ? section : "",
                                         section != NULL ? ": " : "",
                                         plot->y_log ? "not yet there (1 - F)" : "there (F)");
    take_curves(chart, m, section, id);
  }
  chart->x_label = g_strdup("latency");
  chart->x_unit = "s";
  return TRUE;
}

/* Ranges and tics. */

static double
axis_position(double x, double low, double high, gboolean log_scale)
{
  return log_scale ? log(x / low) / log(high / low) : (x - low) / (high - low);
}

static double
axis_value(double position, double low, double high, gboolean log_scale)
{
  return log_scale ? low * pow(high / low, position) : low + position * (high - low);
}

static void
range_add_y(Range *range, double y, gboolean log_scale)
{
  if (!isfinite(y) || (log_scale && y <= 0))
    return;
  range->y_low = MIN(range->y_low, y);
  range->y_high = MAX(range->y_high, y);
  range->has_data = TRUE;
}

static void
range_finish(Range *range, const Chart *chart, guint metric)
{
  gboolean x_log = chart->plot->x_log && chart->words->len == 0;

  if (!(range->low < range->high)) { /* one value, or none */
    range->low = isfinite(range->low) ? (x_log ? range->low / 2 : range->low - 0.5) : x_log;
    range->high = isfinite(range->high) ? (x_log ? range->high * 2 : range->high + 0.5) : 2;
  }
  range->never = range->has_infinite ? axis_value(1 + GAP, range->low, range->high, x_log) : NAN;
  double margin = (range->y_high - range->y_low) * 0.06;

  if (chart->plot->y_log) {
    range->y_low /= 1.4;
    range->y_high *= 1.4;
    return;
  }
  if (margin <= 0)
    margin = range->y_high != 0 ? fabs(range->y_high) * 0.05 : 1;
  gboolean from_zero = range->y_low >= 0 && range->y_low < 0.4 * range->y_high;
  double most = chart->y_scales[metric] > 1 && range->y_high <= 100 ? 100 + margin / 4 : INFINITY;

  range->y_low = from_zero ? 0 : range->y_low - margin;
  range->y_high = MIN(range->y_high + margin, most);
}

static Range
range_of(const Chart *chart, guint metric, guint panel)
{
  Range range = {.low = INFINITY, .high = -INFINITY, .y_low = INFINITY, .y_high = -INFINITY};
  gboolean y_log = chart->plot->y_log;

  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = cell_at(chart, metric, panel, s);

    for (guint i = 0; i < cell->len; i++) {
      const Dot *dot = &g_array_index(cell, Dot, i);
      double scale = chart->y_scales[metric];

      if (isinf(dot->x))
        range.has_infinite = TRUE;
      else if (!chart->plot->x_log || dot->x > 0 || chart->words->len > 0) {
        range.low = MIN(range.low, dot->x);
        range.high = MAX(range.high, dot->x);
      }
      range_add_y(&range, dot->y.value * scale, y_log);
      range_add_y(&range, dot->y.low * scale, y_log);
      range_add_y(&range, dot->y.high * scale, y_log);
    }
  }
  if (chart->plot->kind == PLOT_CDF && !chart->plot->x_log && isfinite(range.low))
    range.low = 0; /* a latency is read from zero */
  range_finish(&range, chart, metric);
  return range;
}

/* Whether the values of x are so few and so far apart that each can be named at the axis. */
static gboolean
tics_can_be_named(const Chart *chart, guint panel, const Range *range)
{
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Dot));
  gboolean x_log = chart->plot->x_log;
  guint different = 0;
  double last = -INFINITY;

  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = cell_at(chart, 0, panel, s);

    g_array_append_vals(all, cell->data, cell->len);
  }
  g_array_sort(all, compare_dots);
  for (guint i = 0; i < all->len; i++) {
    double x = g_array_index(all, Dot, i).x;

    if (!isfinite(x) || (x_log && x <= 0))
      continue;
    double at = axis_position(x, range->low, range->high, x_log);

    if (at <= last)
      continue;
    if (at - last < NEAREST_TICS)
      return FALSE;
    last = at;
    different++;
  }
  return different <= MOST_NAMED_TICS;
}

static void
add_tic(GString *tics, const char *label, double at)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  /* Quotes and backslashes would end the text that it stands in; the label is a format. */
  g_auto(GStrv) parts = g_strsplit_set(label, "\"\\", -1);
  g_autofree char *plain = g_strjoinv("", parts);
  g_auto(GStrv) shares = g_strsplit(plain, "%", -1);
  g_autofree char *format = g_strjoinv("%%", shares);

  g_string_append_printf(tics, "%s\"%s\" %s", tics->len > 0 ? ", " : "", format,
                         g_ascii_dtostr(number, sizeof number, at));
}

static void
add_number_tic(GString *tics, double at)
{
  char label[32];

  g_ascii_formatd(label, sizeof label, "%.4g", at);
  add_tic(tics, label, at);
}

static void
linear_tics(GString *tics, double low, double high)
{
  double step = pow(10, floor(log10((high - low) / 4)));

  while ((high - low) / step > 6)
    step *= (high - low) / step > 12 ? 5 : 2;
  for (double k = ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k++)
    add_number_tic(tics, k * step + 0.0); /* ceil() may have given -0 */
}

static void
log_tics(GString *tics, double low, double high)
{
  static const double mantissas[] = {1, 2, 5};
  guint shown = high / low > 500 ? 1 : 3; /* decades only, where there are many */

  for (double decade = floor(log10(low)); decade <= ceil(log10(high)); decade++)
    for (guint i = 0; i < shown; i++) {
      double at = mantissas[i] * pow(10, decade);

      if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9))
        add_number_tic(tics, at);
    }
}

static void
named_tics(const Chart *chart, GString *tics, guint panel)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = cell_at(chart, 0, panel, s);

    for (guint i = 0; i < cell->len; i++) {
      const Dot *dot = &g_array_index(cell, Dot, i);

      if (isfinite(dot->x) && g_hash_table_add(seen, (gpointer)dot->text))
        add_tic(tics, dot->text, dot->x);
    }
  }
}

static const char *
infinite_text(const Chart *chart, guint panel)
{
  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = cell_at(chart, 0, panel, s);

    for (guint i = 0; i < cell->len; i++)
      if (isinf(g_array_index(cell, Dot, i).x))
        return g_array_index(cell, Dot, i).text;
  }
  return "never";
}

static char *
tics_of(const Chart *chart, guint panel, const Range *range)
{
  g_autoptr(GString) tics = g_string_new(NULL);

  if (chart->words->len > 0 || chart->named_tics)
    named_tics(chart, tics, panel);
  else if (chart->plot->x_log)
    log_tics(tics, range->low, range->high);
  else
    linear_tics(tics, range->low, range->high);
  if (!isnan(range->never))
    add_tic(tics, infinite_text(chart, panel), range->never);
  return g_string_free(g_steal_pointer(&tics), FALSE);
}

/* The files. */

static void
append_number(GString *text, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append(text, isfinite(value)
                          ? g_ascii_formatd(number, sizeof number, "%.10g", value)
                          : "NaN");
}

static void
append_dot(GString *tsv, const Chart *chart, guint metric, const Range *range, const Dot *dot,
           const char *series, const char *panel)
{
  double scale = chart->y_scales[metric];
  double values[] = {dot->y.value * scale, dot->y.low * scale, dot->y.high * scale};

  if (isnan(values[1]) || isnan(values[2]))
    values[1] = values[2] = values[0]; /* no interval: no bar */
  if (chart->plot->y_log)
    values[1] = MAX(values[1], range->y_low);
  if (isinf(values[2]))
    values[2] = range->y_high; /* a bar that leaves the picture */
  append_number(tsv, isinf(dot->x) ? range->never : dot->x);
  g_string_append_printf(tsv, "\t%s\t%s", series, panel);
  for (guint i = 0; i < (chart->plot->kind == PLOT_CDF ? 1 : 3); i++) {
    g_string_append_c(tsv, '\t');
    append_number(tsv, chart->plot->y_log && values[i] <= 0 ? NAN : values[i]);
  }
  g_string_append_c(tsv, '\n');
}

/* Blank lines end a block; a single one breaks a line, as between the last number and `never`. */
static void
append_cell(GString *tsv, const Chart *chart, guint metric, guint panel, guint series,
            const Range *range)
{
  const GArray *cell = cell_at(chart, metric, panel, series);
  const char *series_label = chart->series->pdata[series];
  const char *panel_label = chart->panels->pdata[panel];
  gboolean seen_finite = FALSE, apart = FALSE;

  for (guint i = 0; i < cell->len; i++) {
    const Dot *dot = &g_array_index(cell, Dot, i);

    if (isinf(dot->x) && seen_finite && !apart) {
      g_string_append_c(tsv, '\n');
      apart = TRUE;
    }
    seen_finite |= isfinite(dot->x);
    append_dot(tsv, chart, metric, range, dot, series_label, panel_label);
  }
  if (cell->len == 0)
    g_string_append_printf(tsv, "NaN\t%s\t%s\tNaN\tNaN\tNaN\n", series_label, panel_label);
  else if (chart->plot->kind == PLOT_CDF) {
    /* What is missing at the end stays missing: the curve goes on to the right edge. */
    Dot last = g_array_index(cell, Dot, cell->len - 1);

    last.x = range->high;
    append_dot(tsv, chart, metric, range, &last, series_label, panel_label);
  }
  g_string_append(tsv, "\n\n");
}

static char *
quoted(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "'", -1);
  g_autofree char *doubled = g_strjoinv("''", parts);

  return g_strdup_printf("'%s'", doubled);
}

static void
set_text(GString *script, const char *variable, const char *text)
{
  g_autofree char *value = quoted(text);

  g_string_append_printf(script, "%s = %s\n", variable, value);
}

static void
set_texts(GString *script, const char *variable, GPtrArray *texts)
{
  g_string_append_printf(script, "array %s[%u] = [", variable, texts->len);
  for (guint i = 0; i < texts->len; i++) {
    g_autofree char *value = quoted(texts->pdata[i]);

    g_string_append_printf(script, "%s%s", i > 0 ? ", " : "", value);
  }
  g_string_append(script, "]\n");
}

static guint
legend_rows(const Chart *chart, guint width)
{
  gsize longest = 0;

  if (chart->plot->by == NULL || chart->plot->by[0] == NULL)
    return 0;
  for (guint i = 0; i < chart->series->len; i++)
    longest = MAX(longest, (gsize)g_utf8_strlen(chart->series->pdata[i], -1));
  guint per_row = MAX(1, (guint)((width - 20) / (60 + 6 * longest)));

  return 1 + (chart->series->len + per_row - 1) / per_row; /* and one for its title */
}

static char *
range_text(double low, double high)
{
  g_autoptr(GString) text = g_string_new(NULL);

  append_number(text, low);
  g_string_append_c(text, ':');
  append_number(text, high);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

/* What the templates are told about each panel. */
typedef struct {
  GPtrArray *titles, *labels, *x_ranges, *y_ranges, *tics, *gaps;
} Panels;

static void
describe_panel(Panels *panels, const Chart *chart, guint metric, guint panel, const Range *range)
{
  gboolean x_log = chart->plot->x_log && chart->words->len == 0;
  gboolean line = chart->plot->kind == PLOT_LINE;
  double end = isnan(range->never) ? range->high : range->never;
  double margin = line ? 0.06 : 0;
  double gap = isnan(range->never) ? 0 : axis_value(1 + GAP / 2, range->low, range->high, x_log);
  g_autoptr(GString) gap_text = g_string_new(NULL);

  append_number(gap_text, gap);
  g_ptr_array_add(panels->titles, g_strdup(chart->panels->pdata[panel]));
  g_ptr_array_add(panels->labels, g_strdup(chart->y_labels[metric]));
  g_ptr_array_add(panels->x_ranges, range_text(axis_value(-margin, range->low, end, x_log),
                                               axis_value(1 + margin, range->low, end, x_log)));
  g_ptr_array_add(panels->y_ranges, range_text(range->y_low, range->y_high));
  g_ptr_array_add(panels->tics, tics_of(chart, panel, range));
  g_ptr_array_add(panels->gaps, g_string_free(g_steal_pointer(&gap_text), FALSE));
}

static void
set_panels(GString *script, Panels *panels)
{
  set_texts(script, "panel_titles", panels->titles);
  set_texts(script, "y_labels", panels->labels);
  set_texts(script, "x_ranges", panels->x_ranges);
  set_texts(script, "y_ranges", panels->y_ranges);
  set_texts(script, "x_tics", panels->tics);
  set_texts(script, "x_gaps", panels->gaps);
  g_ptr_array_unref(panels->titles);
  g_ptr_array_unref(panels->labels);
  g_ptr_array_unref(panels->x_ranges);
  g_ptr_array_unref(panels->y_ranges);
  g_ptr_array_unref(panels->tics);
  g_ptr_array_unref(panels->gaps);
}

static void
set_layout(GString *script, const Chart *chart, const char *format, guint panels)
{
  const Plot *plot = chart->plot;
  guint columns = MIN(chart->metrics_n > 1 ? chart->panels->len : panels, MOST_COLUMNS);
  guint rows = (panels + columns - 1) / columns;
  guint width = MAX(columns * PANEL_WIDTH, 420);
  guint legend = legend_rows(chart, width);
  g_autofree char *data = g_strconcat(plot->name, ".tsv", NULL);
  g_autofree char *picture = g_strconcat(plot->name, ".", format, NULL);
  gboolean bare = chart->named_tics || chart->words->len > 0 || *chart->x_unit == '\0';
  g_autofree char *x_label = bare ? g_strdup(chart->x_label)
                                  : g_strdup_printf("%s (%s)", chart->x_label, chart->x_unit);
  g_autofree char *by = plot->by != NULL ? g_strjoinv(", ", (char **)plot->by) : g_strdup("");

  set_text(script, "data", data);
  set_text(script, "if (!exists('picture')) picture", picture);
  set_text(script, "format", format);
  set_text(script, "title_text", plot->title);
  set_text(script, "x_label", x_label);
  set_text(script, "legend_title", by);
  set_texts(script, "series_titles", chart->series);
  g_string_append_printf(script, "panels = %u\ncolumns = %u\nrows = %u\nseries = %u\n", panels,
                         columns, rows, chart->series->len);
  g_string_append_printf(script, "legend_rows = %u\nwidth = %u.0\nheight = %u.0\n", legend, width,
                         rows * PANEL_HEIGHT + 42 + 17 * legend);
  g_string_append_printf(script, "x_log = %d\ny_log = %d\n",
                         plot->x_log && chart->words->len == 0, plot->y_log);
}

static gboolean
write_files(Chart *chart, const char *base, const char *format, GError **error)
{
  const Plot *plot = chart->plot;
  g_autoptr(GString) tsv = g_string_new(plot->kind == PLOT_CDF
                                          ? "# x\tseries\tpanel\tshare\n"
                                          : "# x\tseries\tpanel\tvalue\tlow\thigh\n");
  g_autoptr(GString) script = g_string_new(NULL);
  Panels panels = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free),
                   g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free),
                   g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
  g_autofree char *tsv_path = g_strconcat(base, ".tsv", NULL);
  g_autofree char *script_path = g_strconcat(base, ".gp", NULL);
  guint drawn = 0;

  chart->named_tics = plot->kind == PLOT_LINE
                      && parameter_text(plot->points->pdata[0], plot->x, TRUE) != NULL;
  for (guint p = 0; p < chart->panels->len && chart->metrics_n > 0; p++) {
    Range range = range_of(chart, 0, p);

    chart->named_tics = chart->named_tics && tics_can_be_named(chart, p, &range);
  }
  for (guint m = 0; m < chart->metrics_n; m++)
    for (guint p = 0; p < chart->panels->len; p++) {
      Range range = range_of(chart, m, p);

      if (!range.has_data)
        continue;
      drawn++;
      describe_panel(&panels, chart, m, p, &range);
      for (guint s = 0; s < chart->series->len; s++)
        append_cell(tsv, chart, m, p, s, &range);
    }
  set_layout(script, chart, format, MAX(drawn, 1));
  set_panels(script, &panels);
  g_string_append_printf(script, "\n%s\n%s\n%s", embedded_style_gp,
                         plot->kind == PLOT_CDF ? embedded_cdf_gp : embedded_line_gp,
                         embedded_legend_gp);
  if (drawn == 0) {
    g_set_error(error, PLOT_ERROR, PLOT_ERROR_INPUT, "plot %s: nothing to draw", plot->name);
    return FALSE;
  }
  return g_file_set_contents(tsv_path, tsv->str, (gssize)tsv->len, error)
         && g_file_set_contents(script_path, script->str, (gssize)script->len, error);
}

/* Runs gnuplot in the directory; the picture gets its name when it is complete. */
static gboolean
draw(const Plot *plot, const char *directory, const char *picture, GError **error)
{
  g_autofree char *script = g_strconcat(plot->name, ".gp", NULL);
  g_autofree char *partial = g_strconcat(".", plot->name, ".part", NULL);
  g_autofree char *partial_path = g_build_filename(directory, partial, NULL);
  g_autofree char *output = quoted(partial);
  g_autofree char *assignment = g_strconcat("picture = ", output, NULL);
  const char *argv[] = {"gnuplot", "-d", "-e", assignment, script, NULL};
  g_autofree char *words = NULL;
  g_autoptr(GError) local = NULL;
  int status = 0;

  if (!g_spawn_sync(directory, (char **)argv, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &words,
                    &status, &local)) {
    g_set_error(error, PLOT_ERROR, PLOT_ERROR_GNUPLOT, "plot %s: gnuplot cannot be run: %s",
                plot->name, local->message);
    return FALSE;
  }
  if (!g_spawn_check_wait_status(status, NULL)) {
    g_set_error(error, PLOT_ERROR, PLOT_ERROR_GNUPLOT, "plot %s: gnuplot failed: %s", plot->name,
                g_strstrip(words));
    g_unlink(partial_path);
    return FALSE;
  }
  if (g_rename(partial_path, picture) != 0) {
    g_set_error(error, PLOT_ERROR, PLOT_ERROR_GNUPLOT, "plot %s: gnuplot made no picture: %s",
                plot->name, g_strstrip(words));
    g_unlink(partial_path);
    return FALSE;
  }
  return TRUE;
}

char *
plot_draw(const Plot *plot, const char *directory, const char *format, GError **error)
{
  if (plot->points->len == 0) {
    g_set_error(error, PLOT_ERROR, PLOT_ERROR_INPUT, "plot %s: no point to draw", plot->name);
    return NULL;
  }
  g_autoptr(Chart) chart = chart_new(plot);
  g_autofree char *base = g_build_filename(directory, plot->name, NULL);
  g_autofree char *picture = g_strconcat(base, ".", format, NULL);
  g_autoptr(GError) local = NULL;

  g_assert(g_str_equal(format, "svg") || g_str_equal(format, "png"));
  if (!(plot->kind == PLOT_CDF ? take_distributions(chart, error) : take_lines(chart, error)))
    return NULL;
  if (!write_files(chart, base, format, &local)) {
    if (local->domain == G_FILE_ERROR)
      g_set_error(error, PLOT_ERROR, PLOT_ERROR_FILE, "plot %s: %s", plot->name, local->message);
    else
      g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
  }
  return draw(plot, directory, picture, error) ? g_steal_pointer(&picture) : NULL;
}
