#include "sim/results/axis.h"

#include <math.h>
#include <string.h>

#define MOST_DECADES 7     /* that are labelled */
#define FEW_DECADES 3.2    /* so few that 2 and 5 are labelled, too */
#define MINOR_DECADES 5    /* so few that there is room for minor tics */
#define MOST_LINEAR_TICS 6 /* steps between tics */

void
axis_begin(Axis *axis, gboolean log)
{
  *axis = (Axis){.log = log, .low = INFINITY, .high = -INFINITY, .zero = NAN, .never = NAN};
}

gboolean
axis_has(const Axis *axis, double value)
{
  return isfinite(value) && (!axis->log || value > 0);
}

void
axis_add(Axis *axis, double value)
{
  if (axis_has(axis, value)) {
    axis->low = MIN(axis->low, value);
    axis->high = MAX(axis->high, value);
    axis->has_numbers = TRUE;
  } else if (value == 0)
    axis->has_zero = TRUE;
  else if (isinf(value) && value > 0)
    axis->has_never = TRUE;
}

double
axis_position(const Axis *axis, double value)
{
  if (axis->log)
    return log(value / axis->low) / log(axis->high / axis->low);
  return (value - axis->low) / (axis->high - axis->low);
}

double
axis_value(const Axis *axis, double position)
{
  if (axis->log)
    return axis->low * pow(axis->high / axis->low, position);
  return axis->low + position * (axis->high - axis->low);
}

void
axis_end(Axis *axis, double gap)
{
  if (!axis->has_numbers) {
    axis->low = axis->log ? 1 : 0;
    axis->high = axis->log ? 10 : 1;
  } else if (!(axis->low < axis->high)) { /* a single value stands in the middle */
    axis->low = axis->log ? axis->low / 2 : axis->low - 0.5;
    axis->high = axis->log ? axis->high * 2 : axis->high + 0.5;
  }
  if (axis->has_zero)
    axis->zero = axis_value(axis, -gap);
  if (axis->has_never)
    axis->never = axis_value(axis, 1 + gap);
}

double
axis_place(const Axis *axis, double value)
{
  if (axis_has(axis, value))
    return value;
  if (value == 0)
    return axis->zero;
  return isinf(value) && value > 0 ? axis->never : NAN;
}

double
axis_zero_gap(const Axis *axis)
{
  return axis->has_zero ? axis_value(axis, axis_position(axis, axis->zero) / 2) : NAN;
}

double
axis_never_gap(const Axis *axis)
{
  return axis->has_never ? axis_value(axis, (1 + axis_position(axis, axis->never)) / 2) : NAN;
}

/* "every-change(5 ms)" is two words wide: what stands in its parentheses goes below. */
static void
two_lines(char **format)
{
  char *open = strchr(*format, '(');

  if (open != NULL && open != *format) {
    char *first = g_strndup(*format, (gsize)(open - *format));
    char *both = g_strconcat(first, "\\n", open, NULL);

    g_free(first);
    g_free(*format);
    *format = both;
  }
}

void
axis_add_tic(GString *tics, const char *label, double at, guint level)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *plain = g_strdup(label);
  g_auto(GStrv) shares = NULL;
  g_autofree char *format = NULL;

  /* gnuplot reads the text as a command: what would end it or be carried out is made harmless. The
   * label is a format there. */
  g_strdelimit(plain, "\"\\`", '\'');
  shares = g_strsplit(plain, "%", -1);
  format = g_strjoinv("%%", shares);
  two_lines(&format);
  g_string_append_printf(tics, "%s\"%s\" %s", tics->len > 0 ? ", " : "", format,
                         g_ascii_dtostr(number, sizeof number, at));
  if (level > 0)
    g_string_append_printf(tics, " %u", level);
}

/* "10000", "0.01", "1e-5". */
static void
add_number_tic(GString *tics, double at)
{
  char label[32];
  char *power;

  g_ascii_formatd(label, sizeof label, "%.6g", at);
  power = strchr(label, 'e');
  if (power != NULL && (power[2] == '0' || power[1] == '+')) {
    gint exponent = (gint)g_ascii_strtoll(power + 1, NULL, 10);

    g_snprintf(power + 1, sizeof label - (gsize)(power + 1 - label), "%d", exponent);
  }
  axis_add_tic(tics, label, at, 0);
}

static void
linear_tics(const Axis *axis, GString *tics)
{
  static const double larger[] = {1, 2, 5, 10};
  double span = axis->high - axis->low;
  double decade = pow(10, floor(log10(span / 5)));
  double step = decade;

  for (guint i = 0; i < G_N_ELEMENTS(larger) && span / step > MOST_LINEAR_TICS; i++)
    step = decade * larger[i];
  for (double k = ceil(axis->low / step - 1e-9); k * step <= axis->high + span * 1e-9; k++)
    add_number_tic(tics, k * step + 0.0); /* ceil() may have given -0 */
}

static void
log_tics(const Axis *axis, GString *tics)
{
  double decades = log10(axis->high / axis->low);
  gint each = (gint)ceil(decades / MOST_DECADES);
  gint first = (gint)floor(log10(axis->low)), last = (gint)ceil(log10(axis->high));

  for (gint decade = first; decade <= last; decade++)
    for (guint mantissa = 1; mantissa < 10; mantissa++) {
      double at = mantissa * pow(10, decade);
      gboolean labelled = mantissa == 1 ? decade % each == 0
                                        : decades < FEW_DECADES && (mantissa == 2 || mantissa == 5);

      if (at < axis->low * (1 - 1e-9) || at > axis->high * (1 + 1e-9))
        continue;
      if (labelled)
        add_number_tic(tics, at);
      else if (decades < MINOR_DECADES || mantissa == 1)
        axis_add_tic(tics, "", at, 1);
    }
}

/* Less than a factor of 2.5 may hold fewer than two of 1, 2 and 5. */
static gboolean
has_log_tics(const Axis *axis)
{
  return axis->high / axis->low >= 5;
}

void
axis_number_tics(const Axis *axis, GString *tics)
{
  if (axis->log && has_log_tics(axis))
    log_tics(axis, tics);
  else
    linear_tics(axis, tics);
  if (axis->has_zero)
    axis_add_tic(tics, "0", axis->zero, 0);
}
