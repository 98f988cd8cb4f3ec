#include "sim/results/picture.h"

#include "sim/results/chart.h"
#include "sim/results/embedded.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Lengths are in pixels of the picture at its nominal size. A character is that wide at the size of
 * what stands at an axis. */
#define CHARACTER 5.9
#define PANEL_WIDTH 318
#define PANEL_HEIGHT 210 /* with its tics, without its title */
#define PANEL_TITLE 20
#define NO_TITLE 6
#define LEAST_WIDTH 420
#define LABEL_CHARACTERS 27 /* that fit beside a panel */
#define MOST_COLUMNS 3
#define MARK_DISTANCE 0.22 /* along a curve, in lengths of an axis */

G_DEFINE_QUARK(qosim - picture - error - quark, picture_error)

/* The data. */

static void
append_number(GString *text, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (isinf(value))
    g_string_append(text, "never");
  else
    g_string_append(text,
                    isnan(value) ? "NaN" : g_ascii_formatd(number, sizeof number, "%.10g", value));
}

static void
append_row(GString *tsv, const Chart *chart, guint panel, guint series, double x,
           const double *values, guint n, const char *text)
{
  append_number(tsv, x);
  g_string_append_printf(tsv, "\t%s\t%s", (char *)chart->series->pdata[series],
                         (char *)chart->panels->pdata[panel]);
  for (guint i = 0; i < n; i++) {
    g_string_append_c(tsv, '\t');
    append_number(tsv, values[i]);
  }
  g_string_append_printf(tsv, "%s%s\n", *text != '\0' ? "\t" : "", text);
}

/* What stands apart on the x axis is not connected to the numbers: an empty line breaks a line. */
static void
append_line(GString *tsv, const Chart *chart, const GArray *cell, guint panel, guint series,
            const Axis *x)
{
  for (guint i = 0; i < cell->len; i++) {
    const Dot *dot = &g_array_index(cell, Dot, i);
    const Dot *before = i > 0 ? dot - 1 : dot;
    gboolean bare = isnan(dot->low) || isnan(dot->high); /* no interval: no bar */
    double values[] = {dot->value, bare ? dot->value : dot->low, bare ? dot->value : dot->high};

    if (axis_has(x, dot->x) != axis_has(x, before->x))
      g_string_append_c(tsv, '\n');
    append_row(tsv, chart, panel, series, axis_place(x, dot->x), values, 3, dot->text);
  }
}

/* Curves get marks in equal distances, each series a bit further, so that they can be told apart
 * where they run together. */
static void
append_curve(GString *tsv, const Chart *chart, const GArray *cell, guint panel, guint series,
             const Axis *x, const Axis *y)
{
  double gone = MARK_DISTANCE * (1 - (series + 0.5) / chart->series->len);
  double x_before = NAN, y_before = NAN;

  for (guint i = 0; i < cell->len; i++) {
    const Dot *dot = &g_array_index(cell, Dot, i);
    double at = axis_place(x, dot->x);
    double x_here = axis_position(x, at);
    double y_here = axis_has(y, dot->value) ? axis_position(y, dot->value) : NAN;
    double values[] = {dot->value, NAN};

    if (!isnan(y_here) && !isnan(y_before))
      gone += hypot(x_here - x_before, y_here - y_before);
    if (!isnan(y_here) && gone >= MARK_DISTANCE) {
      gone = fmod(gone, MARK_DISTANCE);
      values[1] = dot->value;
    }
    x_before = x_here;
    y_before = y_here;
    append_row(tsv, chart, panel, series, at, values, 2, dot->text);
  }
  if (cell->len > 0) {
    /* What is missing at the end stays missing: the curve goes on to the right edge. */
    double values[] = {g_array_index(cell, Dot, cell->len - 1).value, NAN};

    append_row(tsv, chart, panel, series, x->high, values, 2, "");
  }
}

/* Two empty lines end a block. */
static void
append_panel(GString *tsv, const Chart *chart, guint metric, guint panel, const Axis *x,
             const Axis *y)
{
  static const double nothing[] = {NAN, NAN, NAN};
  gboolean is_cdf = chart->picture->kind == PICTURE_CDF;

  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = chart_cell(chart, metric, panel, s);

    if (cell->len == 0)
      append_row(tsv, chart, panel, s, NAN, nothing, is_cdf ? 2 : 3, "");
    else if (is_cdf)
      append_curve(tsv, chart, cell, panel, s, x, y);
    else
      append_line(tsv, chart, cell, panel, s, x);
    g_string_append(tsv, "\n\n");
  }
}

/* The script. */

/* In single quotes gnuplot carries out no part of a text; a line ends outside of them. */
static char *
quoted(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "'", -1);
  g_autofree char *doubled = g_strjoinv("''", parts);
  g_auto(GStrv) lines = g_strsplit(doubled, "\n", -1);
  g_autofree char *joined = g_strjoinv("' . nl . '", lines);

  return g_strdup_printf("'%s'", joined);
}

static void
set_text(GString *script, const char *variable, const char *text)
{
  g_autofree char *value = quoted(text);

  g_string_append_printf(script, "%s = %s\n", variable, value);
}

static void
set_texts(GString *script, const char *variable, const GPtrArray *texts)
{
  g_string_append_printf(script, "array %s[%u] = [", variable, texts->len);
  for (guint i = 0; i < texts->len; i++) {
    g_autofree char *value = quoted(texts->pdata[i]);

    g_string_append_printf(script, "%s%s", i > 0 ? ", " : "", value);
  }
  g_string_append(script, "]\n");
}

static void
set_numbers(GString *script, const char *variable, const GArray *numbers)
{
  g_string_append_printf(script, "array %s[%u] = [", variable, numbers->len);
  for (guint i = 0; i < numbers->len; i++) {
    g_string_append(script, i > 0 ? ", " : "");
    append_number(script, g_array_index(numbers, double, i));
  }
  g_string_append(script, "]\n");
}

/* Broken at blanks into lines of about equal length, none longer than `most` characters where the
 * words allow it. To free; *lines gets their number. */
static char *
wrapped(const char *text, guint most, guint *lines)
{
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  glong all = g_utf8_strlen(text, -1);
  glong each = (all + most - 1) / MAX(most, 1);
  glong target = each > 1 ? all / each : all, column = 0;
  g_autoptr(GString) out = g_string_new(NULL);

  *lines = 1;
  for (guint i = 0; words[i] != NULL; i++) {
    glong length = g_utf8_strlen(words[i], -1);

    if (column > 0 && (column >= target || column + 1 + length > (glong)most)) {
      g_string_append_c(out, '\n');
      column = 0;
      (*lines)++;
    } else if (i > 0) {
      g_string_append_c(out, ' ');
      column++;
    }
    g_string_append(out, words[i]);
    column += length;
  }
  return g_string_free(g_steal_pointer(&out), FALSE);
}

static guint
legend_rows(const Chart *chart, guint width)
{
  gsize longest = 0;

  if (chart->picture->by == NULL || chart->picture->by[0] == NULL)
    return 0;
  for (guint i = 0; i < chart->series->len; i++)
    longest = MAX(longest, (gsize)g_utf8_strlen(chart->series->pdata[i], -1));
  guint per_row = MAX(1, (guint)((width - 20) / (60 + CHARACTER * (double)longest)));

  return 1 + (chart->series->len + per_row - 1) / per_row; /* and one for its title */
}

/* What the templates are told about each panel. */
typedef struct {
  guint columns, rows;
  GArray *slots;       /* guint, rising: where it stands, row by row */
  GPtrArray *x_labels; /* char * */
  GPtrArray *titles, *labels, *x_ranges, *y_ranges, *x_tics, *y_tics; /* char * */
  GArray *x_zero_gaps, *x_never_gaps, *y_zero_gaps, *y_never_gaps;    /* double; NaN: none */
  GArray *y_zeros, *y_nevers; /* double: where these stand, or the end of the axis */
} Panels;

static void
panels_init(Panels *panels)
{
  GPtrArray **texts[] = {&panels->x_labels, &panels->titles, &panels->labels, &panels->x_ranges,
                         &panels->y_ranges, &panels->x_tics, &panels->y_tics};
  GArray **numbers[] = {&panels->x_zero_gaps,  &panels->x_never_gaps, &panels->y_zero_gaps,
                        &panels->y_never_gaps, &panels->y_zeros,      &panels->y_nevers};

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    *texts[i] = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    *numbers[i] = g_array_new(FALSE, FALSE, sizeof(double));
  panels->slots = g_array_new(FALSE, FALSE, sizeof(guint));
  panels->columns = panels->rows = 0;
}

static void
panels_write(const Panels *panels, GString *script)
{
  gboolean titled = FALSE;

  for (guint i = 0; i < panels->titles->len; i++)
    titled |= *(const char *)panels->titles->pdata[i] != '\0';
  g_string_append_printf(script, "panels = %u\ncolumns = %u\nrows = %u\n", panels->slots->len,
                         panels->columns, panels->rows);
  g_string_append_printf(script, "title_room = %d.0\npanel_height = %d.0\n",
                         titled ? PANEL_TITLE : NO_TITLE, PANEL_HEIGHT);
  g_string_append_printf(script, "array slots[%u] = [", panels->slots->len);
  for (guint i = 0; i < panels->slots->len; i++)
    g_string_append_printf(script, "%s%u", i > 0 ? ", " : "",
                           g_array_index(panels->slots, guint, i));
  g_string_append(script, "]\n");
  set_texts(script, "x_labels", panels->x_labels);
  set_texts(script, "panel_titles", panels->titles);
  set_texts(script, "y_labels", panels->labels);
  set_texts(script, "x_ranges", panels->x_ranges);
  set_texts(script, "y_ranges", panels->y_ranges);
  set_texts(script, "x_tics", panels->x_tics);
  set_texts(script, "y_tics", panels->y_tics);
  set_numbers(script, "x_zero_gaps", panels->x_zero_gaps);
  set_numbers(script, "x_never_gaps", panels->x_never_gaps);
  set_numbers(script, "y_zero_gaps", panels->y_zero_gaps);
  set_numbers(script, "y_never_gaps", panels->y_never_gaps);
  set_numbers(script, "y_zeros", panels->y_zeros);
  set_numbers(script, "y_nevers", panels->y_nevers);
}

static void
panels_clear(Panels *panels)
{
  g_array_unref(panels->slots);
  g_ptr_array_unref(panels->x_labels);
  g_ptr_array_unref(panels->titles);
  g_ptr_array_unref(panels->labels);
  g_ptr_array_unref(panels->x_ranges);
  g_ptr_array_unref(panels->y_ranges);
  g_ptr_array_unref(panels->x_tics);
  g_ptr_array_unref(panels->y_tics);
  g_array_unref(panels->x_zero_gaps);
  g_array_unref(panels->x_never_gaps);
  g_array_unref(panels->y_zero_gaps);
  g_array_unref(panels->y_never_gaps);
  g_array_unref(panels->y_zeros);
  g_array_unref(panels->y_nevers);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Panels, panels_clear)

/* The ends of an axis; margin: a share of it, beyond its first and last place. */
static void
axis_ends(const Axis *axis, double margin, double *begin, double *end)
{
  double first = axis->has_zero ? axis_position(axis, axis->zero) : 0;
  double last = axis->has_never ? axis_position(axis, axis->never) : 1;

  *begin = axis_value(axis, first - margin);
  *end = axis_value(axis, last + margin);
}

static char *
range_text(double begin, double end)
{
  g_autoptr(GString) text = g_string_new(NULL);

  append_number(text, begin);
  g_string_append_c(text, ':');
  append_number(text, end);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
add_number(GArray *numbers, double value)
{
  g_array_append_val(numbers, value);
}

static void
panels_add(Panels *panels, const Chart *chart, guint metric, guint panel, const Axis *x,
           const Axis *y)
{
  gboolean is_cdf = chart->picture->kind == PICTURE_CDF;
  /* Distributions are read from zero and end with the last message; a curve that begins with a drop
   * does not hide in the frame. A word needs room at the ends too. */
  guint words = chart->words->len;
  double margin = is_cdf ? (x->log ? 0.02 : 0) : words > 1 ? 0.3 / (words - 1) : 0.06;
  g_autoptr(GString) y_tics = g_string_new(NULL);
  double begin, end;
  guint lines;

  axis_number_tics(y, y_tics);
  if (y->has_never)
    axis_add_tic(y_tics, "never", y->never, 0);
  g_ptr_array_add(panels->titles, g_strdup(chart->panels->pdata[panel]));
  g_ptr_array_add(panels->labels, wrapped(chart->y_labels[metric], LABEL_CHARACTERS, &lines));
  g_ptr_array_add(panels->x_tics, chart_x_tics(chart, panel, x));
  g_ptr_array_add(panels->y_tics, g_strdup(y_tics->str));
  axis_ends(x, margin, &begin, &end);
  g_ptr_array_add(panels->x_ranges, range_text(begin, end));
  axis_ends(y, y->has_zero || y->has_never ? 0.06 : 0, &begin, &end);
  g_ptr_array_add(panels->y_ranges, range_text(begin, end));
  add_number(panels->x_zero_gaps, axis_zero_gap(x));
  add_number(panels->x_never_gaps, axis_never_gap(x));
  add_number(panels->y_zero_gaps, axis_zero_gap(y));
  add_number(panels->y_never_gaps, axis_never_gap(y));
  add_number(panels->y_zeros, y->has_zero ? y->zero : begin);
  add_number(panels->y_nevers, y->has_never ? y->never : end);
}

/* Which panel stands in a slot; -1: none. */
static gint
panel_in(const Panels *panels, guint slot)
{
  for (guint i = 0; i < panels->slots->len; i++)
    if (g_array_index(panels->slots, guint, i) == slot)
      return (gint)i;
  return -1;
}

static gboolean
is_same(const GPtrArray *texts, guint i, gint other)
{
  return other >= 0 && g_str_equal(texts->pdata[i], texts->pdata[other]);
}

static void
blank(GPtrArray *texts, guint i)
{
  g_free(texts->pdata[i]);
  texts->pdata[i] = g_strdup("");
}

/* What the panel above, below or to the left says is not said again. From the last to the first, as
 * each is compared with one before it. */
static void
panels_declutter(Panels *panels)
{
  for (guint i = panels->slots->len; i-- > 0;) {
    guint slot = g_array_index(panels->slots, guint, i);

    if (panel_in(panels, slot + panels->columns) >= 0)
      blank(panels->x_labels, i);
    if (slot >= panels->columns &&
        is_same(panels->titles, i, panel_in(panels, slot - panels->columns)))
      blank(panels->titles, i);
    if (slot % panels->columns > 0 && is_same(panels->labels, i, panel_in(panels, slot - 1)))
      blank(panels->labels, i);
  }
}

static void
set_title(GString *script, const Picture *picture, guint width)
{
  gboolean own = picture->title != NULL;
  guint lines;
  g_autofree char *title = wrapped(own ? picture->title : picture->subject,
                                   (guint)(width / (CHARACTER * (own ? 1.2 : 1))), &lines);

  set_text(script, "title_text", title);
  g_string_append_printf(script, "title_lines = %u\ntitle_size = %d\n", lines, own ? 12 : 10);
}

static void
set_layout(GString *script, const Chart *chart, const char *format, guint columns)
{
  const Picture *picture = chart->picture;
  guint width = MAX(columns * PANEL_WIDTH, LEAST_WIDTH);
  g_autofree char *data = g_strconcat(picture->name, ".tsv", NULL);
  g_autofree char *file = g_strconcat(picture->name, ".", format, NULL);
  g_autofree char *by = picture->by != NULL ? g_strjoinv(", ", (char **)picture->by) : g_strdup("");

  g_string_append(script, "nl = \"\\n\"\n");
  set_text(script, "data", data);
  set_text(script, "if (!exists('picture')) picture", file);
  set_text(script, "format", format);
  set_text(script, "kind", picture->kind == PICTURE_CDF ? "cdf" : "line");
  set_title(script, picture, width);
  set_text(script, "legend_title", by);
  set_texts(script, "series_titles", chart->series);
  g_string_append_printf(script, "series = %u\nlegend_rows = %u\nwidth = %u.0\n",
                         chart->series->len, legend_rows(chart, width), width);
  g_string_append_printf(script, "x_log = %d\ny_log = %d\n", chart->x_log, picture->y_log);
}

/* All panels that have something to show. Where there are several metrics, each begins a row, and
 * panels of the same factors stand below each other. */
static gboolean
words_have_two_lines(const Chart *chart)
{
  for (guint i = 0; i < chart->words->len; i++)
    if (strchr(chart->words->pdata[i], '(') != NULL)
      return TRUE;
  return FALSE;
}

static void
take_panels(Panels *panels, GString *tsv, const Chart *chart)
{
  gboolean bare = chart->named_tics || chart->words->len > 0 || *chart->x_unit == '\0';
  /* Below words that stand on two lines. */
  const char *below = words_have_two_lines(chart) ? "\n" : "";
  g_autofree char *x_label =
      bare ? g_strconcat(below, chart->x_label, NULL)
           : g_strdup_printf("%s%s (%s)", below, chart->x_label, chart->x_unit);
  guint across = MIN(chart->panels->len, MOST_COLUMNS);
  guint per_metric = (chart->panels->len + across - 1) / across * across;

  for (guint m = 0; m < chart->metrics_n; m++)
    for (guint p = 0; p < chart->panels->len; p++) {
      guint slot = chart->metrics_n > 1 ? m * per_metric + p : panels->slots->len;
      Axis x, y;

      if (!chart_axes(chart, m, p, &x, &y))
        continue;
      panels_add(panels, chart, m, p, &x, &y);
      g_ptr_array_add(panels->x_labels, g_strdup(x_label));
      g_array_append_val(panels->slots, slot);
      append_panel(tsv, chart, m, p, &x, &y);
      panels->rows = slot / across + 1;
    }
  panels->columns = chart->metrics_n > 1 ? across : MIN(across, panels->slots->len);
}

static gboolean
write_files(const Chart *chart, const char *base, const char *format, GError **error)
{
  g_autoptr(GString) tsv = g_string_new(chart->picture->kind == PICTURE_CDF
                                            ? "# x\tseries\tpanel\tshare\tmark\n"
                                            : "# x\tseries\tpanel\tvalue\tlow\thigh\tat\n");
  g_autoptr(GString) script = g_string_new(NULL);
  g_autofree char *tsv_path = g_strconcat(base, ".tsv", NULL);
  g_autofree char *script_path = g_strconcat(base, ".gp", NULL);
  g_auto(Panels) panels;

  panels_init(&panels);
  take_panels(&panels, tsv, chart);
  if (panels.slots->len == 0) {
    g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_INPUT, "nothing to draw");
    return FALSE;
  }
  panels_declutter(&panels);
  set_layout(script, chart, format, panels.columns);
  panels_write(&panels, script);
  g_string_append_printf(script, "\n%s\n%s\n%s", embedded_style_gp, embedded_panels_gp,
                         embedded_legend_gp);
  return g_file_set_contents(tsv_path, tsv->str, (gssize)tsv->len, error) &&
         g_file_set_contents(script_path, script->str, (gssize)script->len, error);
}

/* Runs gnuplot in the directory; the picture gets its name when it is complete. */
static gboolean
run_gnuplot(const Picture *picture, const char *directory, const char *path, GError **error)
{
  g_autofree char *script = g_strconcat(picture->name, ".gp", NULL);
  g_autofree char *partial = g_strconcat(".", picture->name, ".part", NULL);
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
    if (g_error_matches(local, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
      g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_GNUPLOT,
                  "there is no gnuplot; Debian's package is gnuplot-nox");
    else
      g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_GNUPLOT, "gnuplot cannot be run: %s",
                  local->message);
    return FALSE;
  }
  if (!g_spawn_check_wait_status(status, NULL)) {
    g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_GNUPLOT, "gnuplot failed: %s",
                g_strstrip(words));
    g_unlink(partial_path);
    return FALSE;
  }
  if (g_rename(partial_path, path) != 0) {
    g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_GNUPLOT, "gnuplot made no picture: %s",
                g_strstrip(words));
    g_unlink(partial_path);
    return FALSE;
  }
  return TRUE;
}

char *
picture_draw(const Picture *picture, const char *directory, const char *format, GError **error)
{
  g_autofree char *base = g_build_filename(directory, picture->name, NULL);
  g_autofree char *path = g_strconcat(base, ".", format, NULL);
  g_autoptr(Chart) chart = NULL;
  g_autoptr(GError) local = NULL;

  g_assert(g_str_equal(format, "svg") || g_str_equal(format, "png"));
  if (picture->points->len == 0) {
    g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_INPUT, "no point to draw");
    return NULL;
  }
  chart = chart_new(picture, error);
  if (chart == NULL)
    return NULL;
  if (!write_files(chart, base, format, &local)) {
    if (local->domain == G_FILE_ERROR)
      g_set_error(error, PICTURE_ERROR, PICTURE_ERROR_FILE, "%s", local->message);
    else
      g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
  }
  return run_gnuplot(picture, directory, path, error) ? g_steal_pointer(&path) : NULL;
}
