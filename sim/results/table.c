#include "sim/results/table.h"

#include "sim/results/table_estimate.h"

#include <string.h>

#define ROW_FACTORS 2 /* that stand in the lines; the others head the blocks */

/* A grid of cells, printed with aligned columns. */
typedef struct {
  GPtrArray *rows; /* GPtrArray * of char * */
  GArray *right;   /* gboolean for each column: numbers are flush right */
} Grid;

static Grid *
grid_new(void)
{
  Grid *grid = g_new0(Grid, 1);

  grid->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
  grid->right = g_array_new(FALSE, TRUE, sizeof(gboolean));
  return grid;
}

static void
grid_free(Grid *grid)
{
  g_ptr_array_unref(grid->rows);
  g_array_unref(grid->right);
  g_free(grid);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Grid, grid_free)

static GPtrArray *
grid_row(Grid *grid)
{
  GPtrArray *row = g_ptr_array_new_with_free_func(g_free);

  g_ptr_array_add(grid->rows, row);
  return row;
}

static void
grid_column(Grid *grid, GPtrArray *head, const char *title, gboolean right)
{
  g_ptr_array_add(head, g_strdup(title));
  g_array_append_val(grid->right, right);
}

static void
append_padded(GString *out, const char *text, gsize width, gboolean right, gboolean last)
{
  gsize length = (gsize)g_utf8_strlen(text, -1);
  guint blanks = (guint)(width > length ? width - length : 0);

  if (right)
    g_string_append_printf(out, "%*s", (int)blanks, "");
  g_string_append(out, text);
  if (!right && !last)
    g_string_append_printf(out, "%*s", (int)blanks, "");
}

/* A line with a single cell is a heading: it has no part in the widths of columns. */
static void
grid_print(const Grid *grid, GString *out)
{
  g_autofree gsize *widths = g_new0(gsize, grid->right->len + 1);

  for (guint i = 0; i < grid->rows->len; i++) {
    const GPtrArray *row = grid->rows->pdata[i];

    for (guint k = 0; row->len > 1 && k < row->len; k++)
      widths[k] = MAX(widths[k], (gsize)g_utf8_strlen(row->pdata[k], -1));
  }
  for (guint i = 0; i < grid->rows->len; i++) {
    const GPtrArray *row = grid->rows->pdata[i];

    for (guint k = 0; k < row->len; k++) {
      gboolean right = row->len > 1 && g_array_index(grid->right, gboolean, k);

      if (k > 0)
        g_string_append(out, "  ");
      append_padded(out, row->pdata[k], row->len > 1 ? widths[k] : 0, right, k == row->len - 1);
    }
    g_string_append_c(out, '\n');
  }
}

/* The factors of a table. */

static const StoreParameter *
parameter_at(const StorePoint *point, guint i)
{
  return &g_array_index(point->parameters, StoreParameter, i);
}

/* "ack_timeout", or with its section where another factor's key is called so too. */
static const char *
short_name(const StorePoint *point, guint at)
{
  const char *name = parameter_at(point, at)->factor;
  const char *dot = strrchr(name, '.');

  for (guint i = 0; dot != NULL && i < point->parameters->len; i++) {
    const char *other = strrchr(parameter_at(point, i)->factor, '.');

    if (i != at && other != NULL && g_str_equal(other, dot))
      return name;
  }
  return dot != NULL ? dot + 1 : name;
}

static guint
heading_factors(const StorePoint *point)
{
  guint n = point->parameters->len;

  return n > ROW_FACTORS ? n - ROW_FACTORS : 0;
}

static char *
block_heading(const StorePoint *point)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (guint i = 0; i < heading_factors(point); i++)
    g_string_append_printf(text, "%s%s = %s", i > 0 ? ", " : "", parameter_at(point, i)->factor,
                           parameter_at(point, i)->value);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Another value than the one written, not only another way to write it: "10 %" says what "10%"
 * does. */
static gboolean
was_resolved(const StoreParameter *parameter)
{
  g_auto(GStrv) text = g_strsplit(parameter->text, " ", -1);
  g_auto(GStrv) value = g_strsplit(parameter->value, " ", -1);
  g_autofree char *text_alone = g_strjoinv("", text);
  g_autofree char *value_alone = g_strjoinv("", value);

  return !g_str_equal(text_alone, value_alone);
}

/* Some value of the factor is resolved from what was written: both are shown. */
static gboolean
is_resolved(const Table *table, guint at)
{
  for (guint i = 0; i < table->rows->len; i++) {
    if (was_resolved(parameter_at(g_array_index(table->rows, TableRow, i).point, at)))
      return TRUE;
  }
  return FALSE;
}

static gboolean
names_sections(const Table *table)
{
  const char *first = NULL;

  for (guint i = 0; i < table->metrics->len; i++) {
    const SummaryMetric *metric = table->metrics->pdata[i];

    if (metric->section == NULL)
      continue;
    if (first != NULL && !g_str_equal(first, metric->section))
      return TRUE;
    first = metric->section;
  }
  return FALSE;
}

static void
add_head(const Table *table, Grid *grid)
{
  GPtrArray *head = grid_row(grid);
  const StorePoint *point = g_array_index(table->rows, TableRow, 0).point;
  gboolean with_section = names_sections(table);

  grid_column(grid, head, "point", TRUE);
  for (guint i = heading_factors(point); i < point->parameters->len; i++) {
    grid_column(grid, head, short_name(point, i), FALSE);
    if (is_resolved(table, i))
      grid_column(grid, head, "", FALSE);
  }
  for (guint i = 0; i < table->metrics->len; i++) {
    g_autofree char *heading = summary_metric_heading(table->metrics->pdata[i], with_section);

    grid_column(grid, head, heading, FALSE);
  }
}

static void
add_row(const Table *table, Grid *grid, const TableRow *row)
{
  GPtrArray *line = grid_row(grid);
  const StorePoint *point = row->point;

  g_ptr_array_add(line, g_strdup_printf("%u", point->number));
  for (guint i = heading_factors(point); i < point->parameters->len; i++) {
    const StoreParameter *p = parameter_at(point, i);

    g_ptr_array_add(line, g_strdup(p->value));
    if (is_resolved(table, i))
      g_ptr_array_add(line, g_strdup(was_resolved(p) ? p->text : ""));
  }
  for (guint i = 0; i < table->metrics->len; i++) {
    const SummaryMetric *metric = table->metrics->pdata[i];

    g_ptr_array_add(line, table_estimate(&row->estimates[i], metric->metric, table->utf8));
  }
}

/* What occurs somewhere in a table. */
typedef struct {
  guint flags; /* EstimateFlags */
  gboolean intervals, ranges, at_bound;
} Marks;

static Marks
marks_of(const Table *table)
{
  Marks marks = {0};

  for (guint i = 0; i < table->rows->len; i++) {
    const TableRow *row = &g_array_index(table->rows, TableRow, i);

    for (guint k = 0; k < table->metrics->len; k++) {
      const Estimate *e = &row->estimates[k];
      const SummaryMetric *metric = table->metrics->pdata[k];
      TableForm form = table_form(e, metric->metric);

      marks.flags |= e->flags;
      marks.intervals |= form == TABLE_FORM_INTERVAL;
      marks.ranges |= form == TABLE_FORM_RANGE;
      marks.at_bound |= form == TABLE_FORM_EXACT && (e->value == 0 || e->value == 1);
    }
  }
  return marks;
}

static void
append_pending(const Table *table, GString *notes)
{
  gboolean first = TRUE;

  g_string_append(notes, " p: still pending when the drain ended, which bounds allow for (");
  for (guint i = 0; i < table->rows->len; i++) {
    const TableRow *row = &g_array_index(table->rows, TableRow, i);

    if (row->pending <= 0)
      continue;
    g_string_append_printf(notes, "%spoint %u: %.0f of %.0f", first ? "" : ", ", row->point->number,
                           row->pending, row->owed);
    first = FALSE;
  }
  g_string_append(notes, ").");
}

/* Breaks a text at blanks, to lines of at most 100 columns. */
static void
append_wrapped(GString *out, const char *text)
{
  g_auto(GStrv) words = g_strsplit(g_strchug((char *)text), " ", -1);
  glong column = 0;

  for (guint i = 0; words[i] != NULL; i++) {
    glong length = g_utf8_strlen(words[i], -1);

    if (column > 0 && column + 1 + length > 100) {
      g_string_append_c(out, '\n');
      column = 0;
    } else if (column > 0) {
      g_string_append_c(out, ' ');
      column++;
    }
    g_string_append(out, words[i]);
    column += length;
  }
  g_string_append(out, column > 0 ? "\n" : "");
}

static void
append_notes(const Table *table, GString *out)
{
  g_autoptr(GString) notes = g_string_new(NULL);
  Marks marks = marks_of(table);
  const char *sign = table->utf8 ? "±" : "+-";

  if (marks.intervals || marks.ranges)
    g_string_append_printf(
        notes, " %s%s%s: %g %%, Student t over %u replications%s.", marks.intervals ? sign : "",
        marks.intervals && marks.ranges ? ", " : "", marks.ranges ? "(a..b)" : "",
        table->confidence * 100, table->replications,
        marks.ranges ? "; from a to b where the interval is wide or its sides are unequal" : "");
  if (marks.at_bound)
    g_string_append(notes, " (>x), (<x): nothing or everything; exact bound, were the messages "
                           "independent.");
  if ((marks.flags & ESTIMATE_EXACT) && !marks.at_bound)
    g_string_append(notes, " (>x), (<x):");
  if (marks.flags & ESTIMATE_EXACT)
    g_string_append(notes, " Where fewer than five replications lost any, the exact bound at the "
                           "effective sample size.");
  if (marks.flags & ESTIMATE_TOO_FEW)
    g_string_append(notes, " too few: fewer than 10 messages beyond the quantile in some "
                           "replication.");
  if (marks.flags & ESTIMATE_ONE)
    g_string_append(notes, " One replication: no interval.");
  if (marks.flags & ESTIMATE_PENDING)
    append_pending(table, notes);
  append_wrapped(out, notes->str);
}

char *
table_print(const Table *table)
{
  g_autoptr(GString) out = g_string_new(NULL);
  g_autofree char *block = NULL;
  g_autoptr(Grid) grid = NULL;

  for (guint i = 0; i < table->rows->len; i++) {
    const TableRow *row = &g_array_index(table->rows, TableRow, i);
    g_autofree char *heading = block_heading(row->point);

    if (grid == NULL || !g_str_equal(heading, block)) {
      if (grid != NULL) {
        grid_print(grid, out);
        g_string_append_c(out, '\n');
        grid_free(grid);
      }
      grid = grid_new();
      if (*heading != '\0')
        g_ptr_array_add(grid_row(grid), g_strdup(heading));
      add_head(table, grid);
      g_free(block);
      block = g_steal_pointer(&heading);
    }
    add_row(table, grid, row);
  }
  if (grid != NULL)
    grid_print(grid, out);
  append_notes(table, out);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* 360114 as "360 114". */
static char *
grouped(double count)
{
  g_autofree char *digits = table_decimals(count, 0);
  g_autoptr(GString) text = g_string_new(NULL);
  gsize n = strlen(digits);

  for (gsize i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0)
      g_string_append_c(text, ' ');
    g_string_append_c(text, digits[i]);
  }
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
losses_head(Grid *grid, const StorePoint *point, const gboolean *occurs)
{
  GPtrArray *head = grid_row(grid);

  grid_column(grid, head, "point", TRUE);
  for (guint i = 0; i < point->parameters->len; i++)
    grid_column(grid, head, short_name(point, i), FALSE);
  grid_column(grid, head, "owed", TRUE);
  grid_column(grid, head, "lost", TRUE);
  grid_column(grid, head, "%", TRUE);
  grid_column(grid, head, "silent", TRUE);
  for (guint c = 0; c < CAUSE_N; c++)
    if (occurs[c])
      grid_column(grid, head, cause_name(c), TRUE);
  grid_column(grid, head, "example", FALSE);
}

static void
losses_row(Grid *grid, const StorePoint *point, const SummaryLosses *l, const char *example,
           const gboolean *occurs)
{
  GPtrArray *row = grid_row(grid);

  g_ptr_array_add(row, g_strdup_printf("%u", point->number));
  for (guint i = 0; i < point->parameters->len; i++)
    g_ptr_array_add(row, g_strdup(parameter_at(point, i)->text));
  g_ptr_array_add(row, grouped(l->owed));
  g_ptr_array_add(row, grouped(l->lost));
  g_ptr_array_add(row, table_decimals(100 * l->lost / l->owed, 3));
  g_ptr_array_add(row, grouped(l->silent));
  for (guint c = 0; c < CAUSE_N; c++)
    if (occurs[c])
      g_ptr_array_add(row, grouped(l->lost_by[c]));
  g_ptr_array_add(row, example != NULL ? g_strdup_printf("%u:%s", point->number, example)
                                       : g_strdup(""));
}

char *
table_losses(GPtrArray *points, const SummaryLosses *found, const char *const *examples,
             guint replications)
{
  g_autoptr(GString) out = g_string_new(NULL);
  g_autoptr(Grid) grid = grid_new();
  gboolean occurs[CAUSE_N] = {FALSE};
  double owed = 0, lost = 0, silent = 0, pending = 0;

  for (guint i = 0; i < points->len; i++) {
    owed += found[i].owed;
    lost += found[i].lost;
    silent += found[i].silent;
    pending += found[i].pending;
    for (guint c = 0; c < CAUSE_N; c++)
      occurs[c] |= found[i].lost_by[c] > 0;
  }
  g_autofree char *all_owed = grouped(owed);
  g_autofree char *all_lost = grouped(lost);
  g_autofree char *all_silent = grouped(silent);
  g_autofree char *all_pending = grouped(pending);
  g_autofree char *open =
      pending > 0 ? g_strdup_printf("; %s still pending when the drain ended", all_pending)
                  : g_strdup("");

  if (lost == 0)
    return g_strdup_printf("nothing was lost: 0 of %s obligations at %u point%s%s\n", all_owed,
                           points->len, points->len == 1 ? "" : "s", open);
  losses_head(grid, points->pdata[0], occurs);
  for (guint i = 0; i < points->len; i++)
    if (found[i].lost > 0)
      losses_row(grid, points->pdata[i], &found[i], examples[i], occurs);
  g_string_append_printf(out,
                         "obligations not met, by cause; %u replication%s; points without a loss "
                         "left out\n",
                         replications, replications == 1 ? "" : "s");
  grid_print(grid, out);
  g_string_append_printf(out, "[in all %u point%s %s of %s lost, %s of them silently%s]\n",
                         points->len, points->len == 1 ? "" : "s", all_lost, all_owed, all_silent,
                         open);
  g_string_append(out, "silent: lost although publish() had been told success.\n");
  return g_string_free(g_steal_pointer(&out), FALSE);
}
