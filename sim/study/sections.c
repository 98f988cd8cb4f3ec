#include "sim/record/metric.h"
#include "sim/study/allowed.h"
#include "sim/study/study.h"

#include <string.h>

/* A section of the study being read: its keys by name. */
typedef struct {
  Load *load;
  Part *part;
} Own;

static Value *
own_value(const Own *own, const char *key)
{
  const ParamSpec *spec = spec_param(own->part->kind, key);
  guint at = (guint)(spec - own->part->kind->params);
  const Cell *cell = own->part->cells[at] != NULL ? own->part->cells[at] : own->part->defaults[at];

  return cell == NULL ? NULL : cell->value;
}

static Cell *
own_cell(const Own *own, const char *key)
{
  return own->part->cells[spec_param(own->part->kind, key) - own->part->kind->params];
}

/* [experiment] has no name, so its labels are not those of a part. */
static void
fill(Own *own, const ReaderSection *section)
{
  const KindSpec *kind = own->part->kind;
  g_autofree char *head = section->name[0] == '\0'
                              ? g_strdup_printf("[%s]", section->kind)
                              : g_strdup_printf("[%s %s]", section->kind, section->name);

  for (guint i = 0; i < section->entries->len; i++) {
    const ReaderEntry *entry = g_ptr_array_index(section->entries, i);
    const ParamSpec *spec = spec_param(kind, entry->key);
    g_autofree char *label = g_strdup_printf("%s %s", head, entry->key);
    g_autofree char *found = problem_found(entry->key);
    g_autofree char *allowed = NULL;
    Cell **cell = spec == NULL ? NULL : &own->part->cells[spec - kind->params];

    if (cell != NULL && *cell == NULL) {
      *cell = cell_new(own->load, own->load->path, entry->line, label, entry->value, spec);
    } else if (cell != NULL && (*cell)->line > 0) {
      problem_add(own->load->problems, own->load->path, entry->line, "%s: line %u has it already",
                  label, (*cell)->line);
    } else if (cell == NULL) {
      allowed = allowed_key(kind, found);
      problem_add(own->load->problems, own->load->path, entry->line, "%s %s: [%s] %s", head, found,
                  kind->kind, allowed);
    }
  }
  for (guint i = 0; i < own->part->n; i++) {
    Cell *cell = own->part->cells[i];

    if (cell != NULL && (cell->node != NULL || cell->choices != NULL))
      load_problem(own->load, cell, "must be the same at all points");
    if (cell == NULL && (kind->params[i].flags & PARAM_REQUIRED))
      problem_add(own->load->problems, own->load->path, section->line, "%s: %s is missing: %s",
                  head, kind->params[i].name, kind->params[i].help);
  }
}

static void
override(Own *own)
{
  const KindSpec *kind = own->part->kind;

  for (guint i = 0; i < own->load->overrides->len; i++) {
    const LoadEntry *entry = g_ptr_array_index(own->load->overrides, i);
    const ParamSpec *spec = spec_param(kind, entry->key);
    g_autofree char *label = g_strdup_printf("[experiment] %s", entry->key);

    if (strcmp(entry->section, "experiment") != 0)
      continue;
    if (spec == NULL) {
      g_autofree char *allowed = allowed_key(kind, entry->key);

      problem_add(own->load->problems, entry->file, 0, "%s: [experiment] %s", label, allowed);
    } else {
      own->part->cells[spec - kind->params] =
          cell_new(own->load, entry->file, 0, label, entry->value, spec);
    }
  }
}

/* Kinds of sections that metrics belong to. */
static gboolean
metric_fits(MetricOf of, const char *kind)
{
  return ((of & OF_PUBLISH) && strcmp(kind, "publish") == 0) ||
         ((of & OF_CLIENT) && strcmp(kind, "client") == 0) ||
         ((of & OF_LINK) && strcmp(kind, "link") == 0) ||
         ((of & OF_BROKER) && strcmp(kind, "broker") == 0);
}

static gboolean
section_fits(const Load *load, const char *section, MetricOf of, const char *name, char **why)
{
  const Part *part = section == NULL ? NULL : grid_part(load->grid, section);

  if (section == NULL || (part != NULL && metric_fits(of, part->kind->kind)))
    return TRUE;
  *why = part == NULL
             ? g_strdup_printf("no section %s", section)
             : g_strdup_printf("[%s %s] has no metric %s", part->kind->kind, section, name);
  return FALSE;
}

static char *
nearest_metric(const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *nearest;

  for (guint i = 0; i < metric_table_n; i++)
    g_ptr_array_add(names, (gpointer)metric_table[i].name);
  nearest = spec_nearest(name, (const char *const *)names->pdata, names->len);
  if (nearest == NULL)
    return g_strdup_printf("no metric %s", name);
  return g_strdup_printf("no metric %s; nearest: %s%s", name, nearest,
                         g_str_has_suffix(nearest, "_p") ? "99" : "");
}

static gboolean
check_metric(const Load *load, const char *text, char **why)
{
  g_autofree char *section = NULL;
  double quantile;
  const Metric *metric = metric_parse(text, &section, &quantile);
  const char *dot = strchr(text, '.');

  if (metric != NULL)
    return section_fits(load, section, metric->of, text, why);
  *why = nearest_metric(dot == NULL || g_ascii_isdigit(dot[1]) ? text : dot + 1);
  return FALSE;
}

/* "reading.ack_latency" to "reading.ack-latency", as histograms are called; NULL and *why. */
static char *
check_histogram(const Load *load, const char *text, char **why)
{
  static const MetricOf of[HISTOGRAM_N] = {[HISTOGRAM_LATENCY] = OF_PUBLISH,
                                           [HISTOGRAM_ACK_LATENCY] = OF_PUBLISH,
                                           [HISTOGRAM_DETECT_CLIENT] = OF_CLIENT,
                                           [HISTOGRAM_DETECT_BROKER] = OF_CLIENT};
  const char *dot = strchr(text, '.');
  g_autofree char *section = dot == NULL ? NULL : g_strndup(text, (gsize)(dot - text));
  g_autofree char *name = g_strdelimit(g_strdup(dot == NULL ? text : dot + 1), "_", '-');

  for (int i = 0; i < HISTOGRAM_N; i++) {
    if (strcmp(histogram_name((HistogramId)i), name) != 0)
      continue;
    if (!section_fits(load, section, of[i], name, why))
      return NULL;
    return section == NULL ? g_steal_pointer(&name) : g_strconcat(section, ".", name, NULL);
  }
  *why = g_strdup_printf("%s has no distribution; allowed: latency, ack_latency, detect_client, "
                         "detect_broker",
                         text);
  return NULL;
}

/* The texts of a list, each checked. */
static GPtrArray *
metrics_of(const Own *own, const char *key, gboolean histograms)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
  const Value *list = own_value(own, key);
  Cell *cell = own_cell(own, key);

  for (guint i = 0; list != NULL && i < list->list.n; i++) {
    const char *text = list->list.values[i]->text;
    g_autofree char *why = NULL;
    char *name = histograms                            ? check_histogram(own->load, text, &why)
                 : check_metric(own->load, text, &why) ? g_strdup(text)
                                                       : NULL;

    if (name != NULL)
      g_ptr_array_add(texts, name);
    if (why != NULL && cell != NULL)
      load_problem(own->load, cell, why);
  }
  return texts;
}

static GPtrArray *
factors_of(const Own *own, const char *key)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
  const Value *list = own_value(own, key);
  Cell *cell = own_cell(own, key);

  for (guint i = 0; list != NULL && i < list->list.n; i++) {
    const char *text = list->list.values[i]->text;
    g_autofree char *why = NULL;

    if (grid_factor_named(own->load->grid, text) != NULL) {
      g_ptr_array_add(texts, g_strdup(text));
      continue;
    }
    why = g_strdup_printf("%s is not swept", text);
    load_problem(own->load, cell, why);
  }
  return texts;
}

static gboolean
is_word(const Own *own, const char *key, const char *word)
{
  return value_is_word(own_value(own, key), word);
}

static gint64
int_of(const Own *own, const char *key)
{
  const Value *value = own_value(own, key);

  return value == NULL ? 0 : value->integer;
}

void
sections_experiment(Load *load, Experiment *experiment)
{
  Own own = {load, NULL};
  const Value *value;

  for (guint i = 0; i < load->file->sections->len && own.part == NULL; i++) {
    const ReaderSection *section = g_ptr_array_index(load->file->sections, i);

    if (strcmp(section->kind, "experiment") != 0)
      continue;
    own.part = part_new(load, load_kind(load, "experiment"), "", load->path, section->line);
    override(&own);
    fill(&own, section);
  }
  value = own_value(&own, "title");
  experiment->title = g_strdup(value == NULL ? "" : value->text);
  experiment->warmup_ns = int_of(&own, "warmup");
  experiment->duration_ns = int_of(&own, "duration");
  experiment->drain_ns = int_of(&own, "drain");
  experiment->repeat = (guint)int_of(&own, "repeat");
  experiment->seed = (guint64)int_of(&own, "seed");
  value = own_value(&own, "confidence");
  experiment->confidence = value == NULL ? 0 : value->real;
  experiment->record = is_word(&own, "record", "trace")      ? RECORD_TRACE
                       : is_word(&own, "record", "messages") ? RECORD_MESSAGES
                                                             : RECORD_SUMMARY;
  experiment->table = metrics_of(&own, "table", FALSE);
  load->grid->warmup_ns = experiment->warmup_ns;
  load->grid->duration_ns = experiment->duration_ns;
  load->grid->drain_ns = experiment->drain_ns;
  load->grid->record = experiment->record;
  part_free(own.part);
}

void
plot_free(Plot *plot)
{
  g_free(plot->name);
  g_free(plot->title);
  g_ptr_array_unref(plot->metrics);
  g_free(plot->x);
  g_ptr_array_unref(plot->by);
  g_ptr_array_unref(plot->panel);
  condition_free(plot->where);
  g_free(plot->where_text);
  g_free(plot);
}

static void
read_x(const Own *own, Plot *plot)
{
  const Value *value = own_value(own, "x");
  g_autofree char *why = NULL, *text = NULL;

  if (plot->kind == PLOT_CDF) {
    if (value != NULL)
      load_problem(own->load, own_cell(own, "x"), "a cdf has no x");
    return;
  }
  if (value == NULL && grid_factors(own->load->grid) > 0) {
    plot->x = g_strdup(grid_factor(own->load->grid, 0)->name);
  } else if (value != NULL && grid_factor_named(own->load->grid, value->text) != NULL) {
    plot->x = g_strdup(value->text);
  } else if (value != NULL && check_metric(own->load, value->text, &why)) {
    plot->x = g_strdup(value->text);
    plot->x_is_metric = TRUE;
  } else if (value != NULL) {
    text = g_strdup_printf("not swept, and %s", why);
    load_problem(own->load, own_cell(own, "x"), text);
  }
}

static void
read_where(const Own *own, Plot *plot)
{
  const Value *value = own_value(own, "where");
  g_autoptr(GError) error = NULL;

  if (value == NULL)
    return;
  plot->where_text = g_strdup(value->text);
  plot->where = condition_new(own->load->grid, value->text, &error);
  if (plot->where == NULL)
    load_problem(own->load, own_cell(own, "where"), error->message);
}

static Plot *
read_plot(Load *load, const ReaderSection *section)
{
  Own own = {load,
             part_new(load, load_kind(load, "plot"), section->name, load->path, section->line)};
  Plot *plot = g_new0(Plot, 1);
  const Value *title;

  fill(&own, section);
  title = own_value(&own, "title");
  plot->name = g_strdup(section->name);
  plot->line = section->line;
  plot->kind = is_word(&own, "kind", "cdf") ? PLOT_CDF : PLOT_LINE;
  plot->title = g_strdup(title == NULL ? section->name : title->text);
  plot->metrics = metrics_of(&own, "metric", plot->kind == PLOT_CDF);
  plot->by = factors_of(&own, "by");
  plot->panel = factors_of(&own, "panel");
  plot->x_log = is_word(&own, "x_scale", "log");
  plot->y_log = is_word(&own, "y_scale", "log");
  read_x(&own, plot);
  read_where(&own, plot);
  part_free(own.part);
  return plot;
}

void
sections_plots(Load *load, Experiment *experiment)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

  for (guint i = 0; i < load->file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(load->file->sections, i);

    if (strcmp(section->kind, "plot") != 0 || !g_hash_table_add(seen, section->name))
      continue;
    g_ptr_array_add(experiment->plots, read_plot(load, section));
  }
}
