#include "sim/cli/report.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli/term.h"
#include "sim/results/table.h"

static Table *
table_new(const Experiment *experiment)
{
  Table *table = g_new0(Table, 1);

  table->metrics = g_ptr_array_new_with_free_func((GDestroyNotify)summary_metric_free);
  table->rows = g_array_new(FALSE, TRUE, sizeof(TableRow));
  table->confidence = experiment->confidence;
  table->utf8 = term_is_utf8();
  return table;
}

static void
table_free(Table *table)
{
  for (guint i = 0; i < table->rows->len; i++)
    g_free((gpointer)g_array_index(table->rows, TableRow, i).estimates);
  g_array_unref(table->rows);
  g_ptr_array_unref(table->metrics);
  g_free(table);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

static void
add_row(Table *table, const StorePoint *point, GPtrArray *outcomes)
{
  Estimate *estimates = g_new(Estimate, table->metrics->len);
  SummaryLosses losses = summary_losses(outcomes, NULL);
  TableRow row = {
      .point = point,
      .estimates = estimates,
      .pending = losses.pending,
      .owed = losses.owed,
  };

  for (guint i = 0; i < table->metrics->len; i++)
    estimates[i] = summary_estimate(outcomes, table->metrics->pdata[i], table->confidence);
  g_array_append_val(table->rows, row);
  table->replications = MAX(table->replications, outcomes->len);
}

char *
report_table(Store *store, const Experiment *experiment, const GPtrArray *points,
             const gboolean *chosen, GError **error)
{
  g_autoptr(Table) table = table_new(experiment);

  for (guint i = 0; i < experiment->table->len; i++) {
    SummaryMetric *metric = summary_metric_new(experiment->table->pdata[i], error);

    if (!metric)
      return NULL;
    g_ptr_array_add(table->metrics, metric);
  }
  for (guint i = 0; i < points->len; i++) {
    const StorePoint *point = points->pdata[i];
    g_autoptr(GPtrArray) outcomes = NULL;

    if (chosen && !chosen[point->number - 1])
      continue;
    outcomes = store_outcomes(store, point, NULL, error);
    if (!outcomes)
      return NULL;
    if (outcomes->len)
      add_row(table, point, outcomes);
  }
  return table_print(table);
}

/* "REPLICATION:ID" of a message lost by the point's most frequent cause; NULL: none was kept. */
static char *
find_example(const GPtrArray *outcomes, const GArray *replications, const SummaryLosses *losses)
{
  guint cause = 0;

  for (guint c = 0; c < CAUSE_N; c++)
    if (losses->lost_by[c] > losses->lost_by[cause])
      cause = c;
  for (guint r = 0; r < outcomes->len; r++) {
    const Outcome *outcome = outcomes->pdata[r];

    for (guint e = 0; e < outcome->elements->len; e++) {
      const OutcomeElement *element = outcome->elements->pdata[e];

      if (element->of == OF_PUBLISH && element->examples[cause])
        return g_strdup_printf("%u:%" G_GUINT64_FORMAT, g_array_index(replications, guint32, r),
                               element->examples[cause]);
    }
  }
  return NULL;
}

char *
report_losses(Store *store, const GPtrArray *points, GError **error)
{
  g_autoptr(GPtrArray) with_runs = g_ptr_array_new();
  g_autoptr(GPtrArray) examples = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(SummaryLosses));
  guint most = 0;

  for (guint i = 0; i < points->len; i++) {
    g_autoptr(GArray) replications = NULL;
    g_autoptr(GPtrArray) outcomes = store_outcomes(store, points->pdata[i], &replications, error);
    SummaryLosses losses;

    if (!outcomes)
      return NULL;
    if (!outcomes->len)
      continue;
    losses = summary_losses(outcomes, NULL);
    g_array_append_val(found, losses);
    g_ptr_array_add(with_runs, points->pdata[i]);
    g_ptr_array_add(examples, find_example(outcomes, replications, &losses));
    most = MAX(most, outcomes->len);
  }
  return table_losses(with_runs, (const SummaryLosses *)(gpointer)found->data,
                      (const char *const *)examples->pdata, most);
}

/* As resolved, and as written where that says more. */
static char *
parameter_text(const StoreParameter *parameter)
{
  if (strpbrk(parameter->text, "*/+$") || strstr(parameter->text, "rtt"))
    return g_strdup_printf("%s (%s)", parameter->value, parameter->text);
  return g_strdup(parameter->value);
}

static void
append_cell(GString *text, const char *cell, gsize width)
{
  gsize length = (gsize)g_utf8_strlen(cell, -1);

  g_string_append_printf(text, "  %s", cell);
  for (; length < width; length++)
    g_string_append_c(text, ' ');
}

/* Every point of an experiment has the same factors. */
char *
report_points(const GPtrArray *points)
{
  const StorePoint *first = points->len ? points->pdata[0] : NULL;
  guint factors = first ? first->parameters->len : 0;
  g_autofree gsize *widths = g_new0(gsize, factors + 1);
  g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
  GString *text = g_string_new("point");

  for (guint f = 0; f < factors; f++) {
    const StoreParameter *heading = &g_array_index(first->parameters, StoreParameter, f);

    widths[f] = (gsize)g_utf8_strlen(heading->factor, -1);
    for (guint p = 0; p < points->len; p++) {
      const StorePoint *point = points->pdata[p];
      char *cell = parameter_text(&g_array_index(point->parameters, StoreParameter, f));

      widths[f] = MAX(widths[f], (gsize)g_utf8_strlen(cell, -1));
      g_ptr_array_add(cells, cell);
    }
  }
  for (guint f = 0; f < factors; f++)
    append_cell(text, g_array_index(first->parameters, StoreParameter, f).factor, widths[f]);
  g_string_append(text, "  runs\n");
  for (guint p = 0; p < points->len; p++) {
    const StorePoint *point = points->pdata[p];

    g_string_append_printf(text, "%5u", point->number);
    for (guint f = 0; f < factors; f++)
      append_cell(text, cells->pdata[f * points->len + p], widths[f]);
    g_string_append_printf(text, "  %4u\n", point->runs);
  }
  return g_string_free(text, FALSE);
}
