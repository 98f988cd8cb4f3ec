#include "sim/results/chart.h"

#include <math.h>

#define AXIS_LENGTH 190.0 /* pixels, of the numbers alone */
#define MOST_NAMED_TICS 8
#define X_GAP 0.22 /* of the axis: between the numbers and what stands apart */
#define Y_GAP 0.14

/* Room around the values, and zero where it is near. */
static void
widen(Axis *y, gboolean percent)
{
  double margin = (y->high - y->low) * 0.06, most;

  if (!y->has_numbers)
    return;
  if (y->log) {
    y->low /= 1.4;
    y->high *= 1.4;
    return;
  }
  if (margin <= 0)
    margin = y->high != 0 ? fabs(y->high) * 0.05 : 1;
  most = percent && y->high <= 100 ? 100 + margin / 4 : INFINITY;
  y->low = y->low >= 0 && y->low < 0.4 * y->high ? 0 : y->low - margin;
  y->high = MIN(y->high + margin, most);
}

gboolean
chart_axes(const Chart *chart, guint metric, guint panel, Axis *x, Axis *y)
{
  gboolean is_cdf = chart->picture->kind == PICTURE_CDF;

  axis_begin(x, chart->x_log);
  axis_begin(y, chart->picture->y_log);
  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = chart_cell(chart, metric, panel, s);

    for (guint i = 0; i < cell->len; i++) {
      const Dot *dot = &g_array_index(cell, Dot, i);

      axis_add(x, dot->x);
      if (axis_has(y, dot->value) || !is_cdf) /* where nothing is missing, a curve has ended */
        axis_add(y, dot->value);
      if (axis_has(y, dot->low))
        axis_add(y, dot->low);
      if (axis_has(y, dot->high))
        axis_add(y, dot->high);
    }
  }
  if (!(y->has_numbers || y->has_zero || y->has_never))
    return FALSE;
  if (is_cdf && !x->log)
    axis_add(x, 0); /* a latency is read from zero */
  widen(y, chart->y_percent[metric]);
  axis_end(x, X_GAP);
  axis_end(y, Y_GAP);
  return TRUE;
}

/* Room that a label takes, as a share of the axis: a character is some 5.5 pixels wide. */
static double
label_width(const char *label)
{
  return ((double)g_utf8_strlen(label, -1) + 2) * 5.5 / AXIS_LENGTH;
}

/* Whether the values of x in a panel are so few and so far apart that each can be named at the
 * axis. */
static gboolean
panel_can_name(const Chart *chart, guint panel)
{
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Dot));
  Axis x, y;
  double last = -INFINITY, room = 0;
  guint different = 0;

  if (!chart_axes(chart, 0, panel, &x, &y))
    return TRUE;
  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = chart_cell(chart, 0, panel, s);

    g_array_append_vals(all, cell->data, cell->len);
  }
  g_array_sort(all, chart_compare_dots);
  for (guint i = 0; i < all->len; i++) {
    const Dot *dot = &g_array_index(all, Dot, i);
    double at = axis_has(&x, dot->x) ? axis_position(&x, dot->x) : NAN;

    if (isnan(at) || at <= last)
      continue;
    if (at - last < (room + label_width(dot->text)) / 2)
      return FALSE;
    last = at;
    room = label_width(dot->text);
    different++;
  }
  return different <= MOST_NAMED_TICS;
}

gboolean
chart_tics_can_be_named(const Chart *chart)
{
  for (guint p = 0; p < chart->panels->len; p++)
    if (!panel_can_name(chart, p))
      return FALSE;
  return TRUE;
}

static void
add_named_tics(const Chart *chart, GString *tics, guint panel)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = chart_cell(chart, 0, panel, s);

    for (guint i = 0; i < cell->len; i++) {
      const Dot *dot = &g_array_index(cell, Dot, i);

      if (isfinite(dot->x) && (!chart->x_log || dot->x > 0) &&
          g_hash_table_add(seen, (gpointer)dot->text))
        axis_add_tic(tics, dot->text, dot->x, 0);
    }
  }
}

/* How a value of x that stands apart is written. */
static const char *
text_of(const Chart *chart, guint panel, double x, const char *otherwise)
{
  for (guint s = 0; s < chart->series->len; s++) {
    const GArray *cell = chart_cell(chart, 0, panel, s);

    for (guint i = 0; i < cell->len; i++) {
      const Dot *dot = &g_array_index(cell, Dot, i);

      if (dot->x == x && *dot->text != '\0')
        return dot->text;
    }
  }
  return otherwise;
}

char *
chart_x_tics(const Chart *chart, guint panel, const Axis *x)
{
  g_autoptr(GString) tics = g_string_new(NULL);

  if (chart->named_tics || chart->words->len > 0) {
    add_named_tics(chart, tics, panel);
    if (x->has_zero)
      axis_add_tic(tics, text_of(chart, panel, 0, "0"), x->zero, 0);
  } else
    axis_number_tics(x, tics);
  if (x->has_never)
    axis_add_tic(tics, text_of(chart, panel, INFINITY, "never"), x->never, 0);
  return g_string_free(g_steal_pointer(&tics), FALSE);
}
