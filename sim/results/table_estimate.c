#include "sim/results/table_estimate.h"

#include <math.h>

#define PLAIN_DIGITS 3  /* significant, where no interval says how many are deserved */
#define NO_SPREAD 0.004 /* of the value: what a histogram cannot tell from none */
#define LOPSIDED 2      /* times the shorter side: an interval with a longer one is not "±" */
#define WIDE (1.0 / 3)  /* of the value: nor is one with a longer side */

char *
table_decimals(double value, gint decimals)
{
  char number[64];

  if (decimals < 0) {
    double step = pow(10, -decimals);

    value = round(value / step) * step;
    decimals = 0;
  }
  g_autofree char *format = g_strdup_printf("%%.%df", decimals);

  return g_strdup(g_ascii_formatd(number, sizeof number, format, value));
}

static gint
decimals_for(double value, gint significant)
{
  return value == 0 ? 0 : significant - 1 - (gint)floor(log10(fabs(value)));
}

/* The rule of the Particle Data Group (Review of Particle Physics, section 5.3): two digits of the
 * half-width if its leading three are 100 to 354, one up to 949, and 950 to 999 become 1000. */
static gint
decimals_of_half_width(double half)
{
  double leading = half / pow(10, floor(log10(half)));

  if (leading < 3.545)
    return decimals_for(half, 2);
  if (leading < 9.495)
    return decimals_for(half, 1);
  return decimals_for(half * 1.06, 2);
}

static char *
plain(double value)
{
  if (value == 0)
    return g_strdup("0");
  return table_decimals(value, MIN(decimals_for(value, PLAIN_DIGITS), 9));
}

/* Counts are whole; averaged over replications they need not be. */
static char *
plain_of(double value, const Metric *metric)
{
  if (metric->kind == METRIC_PEAK || (metric->kind == METRIC_COUNT && value == floor(value)))
    return table_decimals(value, 0);
  return plain(value);
}

/* A bound is rounded away from the value, to one digit of its distance: 99.99834 becomes 99.998. */
static char *
bound_text(double bound, double distance, gboolean is_lower)
{
  gint decimals = MAX(decimals_for(distance, 1), 0);
  double step = pow(10, -decimals);
  double rounded =
      is_lower ? floor(bound / step * (1 + 1e-12)) * step : ceil(bound / step * (1 - 1e-12)) * step;

  return table_decimals(rounded, decimals);
}

static char *
exact_text(double value, double low, double high)
{
  gboolean is_lower = value > 50; /* of percent: the side on which there is something to fear */
  double bound = is_lower ? low : high;
  double distance = is_lower ? 100 - low : high;
  g_autofree char *limit = bound_text(bound, distance, is_lower);
  g_autofree char *number = value == 0 || value == 100
                                ? table_decimals(value, 0)
                                : table_decimals(value, MAX(decimals_for(distance, 2), 0));

  return g_strdup_printf("%s (%c%s)", number, is_lower ? '>' : '<', limit);
}

/* Rounded away from the value: what is printed is never narrower than what was computed. */
static char *
end_text(double end, gint decimals, gboolean is_low)
{
  double step = pow(10, -decimals);

  if (isinf(end))
    return g_strdup("never");
  end = is_low ? floor(end / step * (1 + 1e-12)) * step : ceil(end / step * (1 - 1e-12)) * step;
  return end == 0 ? g_strdup("0") : table_decimals(end, decimals);
}

/* "0.151 (0.150..1.2)": value and nearer end have the digits that their distance deserves, two at
 * least and three at most, the farther end has two, or fewer where the value stops before. */
static char *
range_text(double value, double low, double high, gboolean percent)
{
  double from_100 = percent && value > 50 ? 100 : 0; /* there digits are counted from 100 down */
  double near = MIN(value - low, high - value);
  gboolean high_is_far = value - low <= high - value;
  gint least = decimals_for((value != 0 ? value : high) - from_100, 2);
  gint most = least + 1;
  gint decimals = near > 0 ? CLAMP(decimals_of_half_width(near), least, most) : most;
  gint low_decimals = high_is_far ? decimals : MIN(decimals_for(low - from_100, 2), decimals);
  gint high_decimals =
      high_is_far && isfinite(high) ? MIN(decimals_for(high - from_100, 2), decimals) : decimals;
  g_autofree char *number = value == 0 ? g_strdup("0") : table_decimals(value, decimals);
  g_autofree char *from = end_text(low, low_decimals, TRUE);
  g_autofree char *to = end_text(high, high_decimals, FALSE);

  return g_strdup_printf("%s (%s..%s)", number, from, to);
}

static char *
interval_text(double value, double half, gboolean utf8)
{
  gint decimals = decimals_of_half_width(half);
  g_autofree char *number = table_decimals(value, decimals);
  g_autofree char *width = table_decimals(half, decimals);

  return g_strdup_printf("%s %s%s", number, utf8 ? "±" : "+-", width);
}

static double
shown_scale(const Metric *metric)
{
  return g_str_equal(metric->unit, "") ? 100 : 1;
}

/* One width for both sides would be wrong: they differ, or it is so wide that the value would lose
 * its digits to it or the interval would leave what is possible. */
static gboolean
needs_range(double value, double low, double high, gboolean percent)
{
  double half = MAX(high - value, value - low), other = MIN(high - value, value - low);

  if (low < 0) /* of something that may be negative: a difference */
    return FALSE;
  return half > LOPSIDED * other || half > WIDE * value || (percent && value + half > 100);
}

TableForm
table_form(const Estimate *estimate, const Metric *metric)
{
  double scale = shown_scale(metric), value = estimate->value * scale;
  double low = estimate->low * scale, high = estimate->high * scale;
  double half = MAX(high - value, value - low);

  if (estimate->flags & ESTIMATE_TOO_FEW)
    return TABLE_FORM_TOO_FEW;
  if (isnan(value))
    return TABLE_FORM_NONE;
  if (isinf(value))
    return TABLE_FORM_NEVER;
  if (estimate->flags & ESTIMATE_EXACT)
    return TABLE_FORM_EXACT;
  if (isnan(low) || isnan(high) || half <= 0)
    return TABLE_FORM_PLAIN;
  if ((estimate->flags & ESTIMATE_COARSE) && half < NO_SPREAD * fabs(value))
    return TABLE_FORM_PLAIN;
  return needs_range(value, low, high, scale > 1) ? TABLE_FORM_RANGE : TABLE_FORM_INTERVAL;
}

char *
table_estimate(const Estimate *estimate, const Metric *metric, gboolean utf8)
{
  double scale = shown_scale(metric), value = estimate->value * scale;
  double low = estimate->low * scale, high = estimate->high * scale;
  g_autofree char *text = NULL;

  switch (table_form(estimate, metric)) {
  case TABLE_FORM_TOO_FEW:
    return g_strdup("too few");
  case TABLE_FORM_NONE:
    return g_strdup("-");
  case TABLE_FORM_NEVER:
    text = g_strdup("never");
    break;
  case TABLE_FORM_EXACT:
    text = exact_text(value, low, high);
    break;
  case TABLE_FORM_PLAIN:
    text = plain_of(value, metric);
    break;
  case TABLE_FORM_RANGE:
    text = range_text(value, low, high, scale > 1);
    break;
  case TABLE_FORM_INTERVAL:
    text = interval_text(value, MAX(high - value, value - low), utf8);
    break;
  }
  return estimate->flags & ESTIMATE_PENDING ? g_strconcat(text, " p", NULL)
                                            : g_steal_pointer(&text);
}
