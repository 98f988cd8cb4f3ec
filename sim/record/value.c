#include "sim/record/value.h"

#include <math.h>
#include <string.h>

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

static Value *
value_new(ValueKind kind)
{
  Value *value = g_new0(Value, 1);

  value->refs = 1;
  value->kind = (guint8)kind;
  return value;
}

Value *
value_new_int(gint64 integer, Unit unit)
{
  Value *value = value_new(VALUE_INT);

  value->integer = integer;
  value->unit = (guint8)unit;
  return value;
}

Value *
value_new_real(double real, Unit unit)
{
  Value *value = value_new(VALUE_REAL);

  value->real = real;
  value->unit = (guint8)unit;
  return value;
}

Value *
value_new_text(const char *text)
{
  Value *value = value_new(VALUE_TEXT);

  value->text = g_strdup(text);
  return value;
}

Value *
value_new_dist(Dist *dist)
{
  return value_new_dist_written(dist, NULL);
}

Value *
value_new_dist_written(Dist *dist, const char *written)
{
  Value *value = value_new(VALUE_DIST);

  value->unit = UNIT_NS;
  value->dist = dist;
  value->written = g_strdup(written);
  return value;
}

Value *
value_new_list(Value **values, guint n)
{
  Value *value = value_new(VALUE_LIST);

  value->list.n = n;
  value->list.values = g_new0(Value *, n + 1);
  for (guint i = 0; i < n; i++)
    value->list.values[i] = values[i];
  return value;
}

Value *
value_new_call(const char *name, const char *const *names, Value **values, guint n)
{
  Value *value = value_new(VALUE_CALL);

  value->call.name = g_strdup(name);
  value->call.n = n;
  value->call.names = g_new0(const char *, n + 1);
  value->call.values = g_new0(Value *, n + 1);
  for (guint i = 0; i < n; i++) {
    value->call.names[i] = names[i];
    value->call.values[i] = values[i];
  }
  return value;
}

Value *
value_ref(const Value *value)
{
  Value *shared = (Value *)value;

  g_atomic_int_inc(&shared->refs);
  return shared;
}

void
value_unref(Value *value)
{
  if (value == NULL || !g_atomic_int_dec_and_test(&value->refs))
    return;
  switch ((ValueKind)value->kind) {
  case VALUE_INT:
  case VALUE_REAL:
    break;
  case VALUE_TEXT:
    g_free(value->text);
    break;
  case VALUE_DIST:
    dist_unref(value->dist);
    break;
  case VALUE_CALL:
    for (guint i = 0; i < value->call.n; i++)
      value_unref(value->call.values[i]);
    g_free(value->call.values);
    g_free(value->call.names);
    g_free(value->call.name);
    break;
  case VALUE_LIST:
    for (guint i = 0; i < value->list.n; i++)
      value_unref(value->list.values[i]);
    g_free(value->list.values);
    break;
  }
  g_free(value->written);
  g_free(value);
}

static gboolean
call_equal(const Value *a, const Value *b)
{
  if (strcmp(a->call.name, b->call.name) != 0 || a->call.n != b->call.n)
    return FALSE;
  for (guint i = 0; i < a->call.n; i++) {
    const Value *other = value_argument(b, a->call.names[i]);

    if (other == NULL || !value_equal(a->call.values[i], other))
      return FALSE;
  }
  return TRUE;
}

gboolean
value_equal(const Value *a, const Value *b)
{
  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL || a->kind != b->kind || a->unit != b->unit)
    return FALSE;
  switch ((ValueKind)a->kind) {
  case VALUE_INT:
    return a->integer == b->integer;
  case VALUE_REAL:
    return !(a->real < b->real) && !(a->real > b->real);
  case VALUE_TEXT:
    return strcmp(a->text, b->text) == 0;
  case VALUE_DIST:
    return dist_equal(a->dist, b->dist);
  case VALUE_CALL:
    return call_equal(a, b);
  case VALUE_LIST:
    break;
  }
  if (a->list.n != b->list.n)
    return FALSE;
  for (guint i = 0; i < a->list.n; i++)
    if (!value_equal(a->list.values[i], b->list.values[i]))
      return FALSE;
  return TRUE;
}

const Value *
value_argument(const Value *call, const char *name)
{
  g_assert(call->kind == VALUE_CALL);
  for (guint i = 0; i < call->call.n; i++)
    if (strcmp(call->call.names[i], name) == 0)
      return call->call.values[i];
  return NULL;
}

gboolean
value_is_word(const Value *value, const char *word)
{
  return value != NULL && value->kind == VALUE_TEXT && strcmp(value->text, word) == 0;
}

const char *
value_scan_number(const char *text, long double *number)
{
  const char *c = text;
  long double mantissa = 0;
  gint exponent = 0;

  if (!g_ascii_isdigit(*c))
    return NULL;
  for (; g_ascii_isdigit(*c); c++)
    mantissa = mantissa * 10 + (*c - '0');
  if (c[0] == '.' && g_ascii_isdigit(c[1])) {
    for (c++; g_ascii_isdigit(*c); c++, exponent--)
      mantissa = mantissa * 10 + (*c - '0');
  }
  if (*c == 'e' || *c == 'E') {
    const char *e = c + 1;
    gint sign = *e == '-' ? -1 : 1, given = 0;

    if (*e == '-' || *e == '+')
      e++;
    if (g_ascii_isdigit(*e)) {
      for (; g_ascii_isdigit(*e); e++)
        given = MIN(given * 10 + (*e - '0'), 100000);
      exponent += sign * given;
      c = e;
    }
  }
  /* One operation with a power that is exact up to 10^27: a year keeps its nanoseconds. */
  if (mantissa > 0) {
    *number = exponent < 0 ? mantissa / powl(10, -exponent) : mantissa * powl(10, exponent);
  } else {
    *number = 0;
  }
  return c;
}

/* The shortest decimals that are read back as the same number. */
static char *
real_to_string(double real, double scale)
{
  long double x = fabsl((long double)real) * scale;
  char text[64];

  for (int digits = 1; digits <= 21; digits++) {
    long double back = 0;

    g_snprintf(text, sizeof text, "%.*Lg", digits, x);
    /* 10, not 1e+01. */
    if (strchr(text, 'e') != NULL && x >= 1 && x < 1e15L)
      g_snprintf(text, sizeof text, "%.0Lf", x);
    if (value_scan_number(text, &back) == NULL)
      break;
    back = back / scale;
    if (!((double)back < fabs(real)) && !((double)back > fabs(real)))
      break;
  }
  return g_strconcat(real < 0 ? "-" : "", text, NULL);
}

char *
value_time_to_string(gint64 time_ns)
{
  static const struct {
    const char *unit;
    gint64 ns, from_ns;
  } whole[] = {{"y", 31536000 * NS_PER_S, 31536000 * NS_PER_S},
               {"d", 86400 * NS_PER_S, 86400 * NS_PER_S},
               {"h", 3600 * NS_PER_S, 3600 * NS_PER_S},
               {"min", 60 * NS_PER_S, 120 * NS_PER_S}};
  static const struct {
    const char *unit;
    gint64 ns;
    int decimals;
  } broken[] = {{"s", NS_PER_S, 9}, {"ms", 1000000, 6}, {"us", 1000, 3}, {"ns", 1, 0}};
  guint64 size = time_ns < 0 ? -(guint64)time_ns : (guint64)time_ns;
  const char *sign = time_ns < 0 ? "-" : "";
  char fraction[32];
  gsize n, i = 0;

  if (time_ns == VALUE_NEVER)
    return g_strdup("never");
  if (time_ns == 0)
    return g_strdup("0 s");
  for (gsize k = 0; k < G_N_ELEMENTS(whole); k++)
    if (size >= (guint64)whole[k].from_ns && size % (guint64)whole[k].ns == 0)
      return g_strdup_printf("%s%" G_GUINT64_FORMAT " %s", sign, size / (guint64)whole[k].ns,
                             whole[k].unit);
  while (size < (guint64)broken[i].ns)
    i++;
  g_snprintf(fraction, sizeof fraction, ".%0*" G_GUINT64_FORMAT, broken[i].decimals,
             size % (guint64)broken[i].ns);
  n = strlen(fraction);
  while (n > 0 && (fraction[n - 1] == '0' || fraction[n - 1] == '.'))
    fraction[--n] = '\0';
  return g_strdup_printf("%s%" G_GUINT64_FORMAT "%s %s", sign, size / (guint64)broken[i].ns,
                         fraction, broken[i].unit);
}

static char *
int_to_string(gint64 integer, Unit unit)
{
  static const struct {
    Unit unit;
    gint64 size;
    const char *name;
  } scales[] = {{UNIT_BYTES, 1000000, "MB"},
                {UNIT_BYTES, 1000, "kB"},
                {UNIT_BYTES, 1 << 20, "MiB"},
                {UNIT_BYTES, 1 << 10, "KiB"},
                {UNIT_BYTES, 1, "B"},
                {UNIT_BITS_PER_S, 1000000000, "Gbit/s"},
                {UNIT_BITS_PER_S, 1000000, "Mbit/s"},
                {UNIT_BITS_PER_S, 1000, "kbit/s"},
                {UNIT_BITS_PER_S, 1, "bit/s"}};

  if (unit == UNIT_NS)
    return value_time_to_string(integer);
  if (integer == VALUE_UNLIMITED)
    return g_strdup("unlimited");
  if (unit == UNIT_PACKETS)
    return g_strdup_printf("%" G_GINT64_FORMAT " packet%s", integer, integer == 1 ? "" : "s");
  for (gsize i = 0; i < G_N_ELEMENTS(scales); i++)
    if (scales[i].unit == unit && integer % scales[i].size == 0 &&
        (integer != 0 || scales[i].size == 1))
      return g_strdup_printf("%" G_GINT64_FORMAT " %s", integer / scales[i].size, scales[i].name);
  return g_strdup_printf("%" G_GINT64_FORMAT, integer);
}

/* Only a value made by hand has no text of its own; some quantiles then say what it is like. */
static char *
dist_to_string(const Value *value)
{
  static const double at[] = {0, 0.25, 0.5, 0.75, 0.95};
  g_autoptr(GString) text = NULL;

  if (value->written != NULL)
    return g_strdup(value->written);
  if (dist_is_constant(value->dist))
    return value_time_to_string(dist_quantile_ns(value->dist, 0));
  text = g_string_new("quantiles(");
  for (gsize i = 0; i < G_N_ELEMENTS(at); i++) {
    g_autofree char *time = value_time_to_string(dist_quantile_ns(value->dist, at[i]));

    g_string_append_printf(text, "%s%g%%: %s", i == 0 ? "" : ", ", at[i] * 100, time);
  }
  return g_strdup(g_string_append_c(text, ')')->str);
}

static char *
call_to_string(const Value *value)
{
  g_autoptr(GString) text = g_string_new(value->call.name);

  g_string_append_c(text, '(');
  for (guint i = 0; i < value->call.n; i++) {
    g_autofree char *argument = value_to_string(value->call.values[i]);

    if (i > 0)
      g_string_append(text, ", ");
    if (i >= value->call.leading)
      g_string_append_printf(text, "%s=", value->call.names[i]);
    g_string_append(text, argument);
  }
  return g_strdup(g_string_append_c(text, ')')->str);
}

static char *
list_to_string(const Value *value)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (guint i = 0; i < value->list.n; i++) {
    g_autofree char *element = value_to_string(value->list.values[i]);

    g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ", element);
  }
  return g_strdup(text->str);
}

char *
value_to_string(const Value *value)
{
  g_autofree char *percent = NULL;

  switch ((ValueKind)value->kind) {
  case VALUE_INT:
    return int_to_string(value->integer, (Unit)value->unit);
  case VALUE_REAL:
    if (value->unit != UNIT_RATIO)
      return real_to_string(value->real, 1);
    percent = real_to_string(value->real, 100);
    return g_strconcat(percent, " %", NULL);
  case VALUE_TEXT:
    return g_strdup(value->text);
  case VALUE_DIST:
    return dist_to_string(value);
  case VALUE_CALL:
    return call_to_string(value);
  case VALUE_LIST:
    return list_to_string(value);
  }
  g_assert_not_reached();
}
