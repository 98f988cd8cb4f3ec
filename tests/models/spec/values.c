#include "tests/models/spec/values.h"

#include <math.h>
#include <string.h>

static const struct {
  const char *suffix;
  ParamType type;
  Unit unit;
  double factor;
} units[] = {
    {"ns", PARAM_TIME, UNIT_NS, 1},
    {"us", PARAM_TIME, UNIT_NS, 1e3},
    {"ms", PARAM_TIME, UNIT_NS, 1e6},
    {"s", PARAM_TIME, UNIT_NS, 1e9},
    {"min", PARAM_TIME, UNIT_NS, 60e9},
    {"h", PARAM_TIME, UNIT_NS, 3600e9},
    {"d", PARAM_TIME, UNIT_NS, 86400e9},
    {"y", PARAM_TIME, UNIT_NS, 365 * 86400e9},
    {"B", PARAM_SIZE, UNIT_BYTES, 1},
    {"kB", PARAM_SIZE, UNIT_BYTES, 1e3},
    {"MB", PARAM_SIZE, UNIT_BYTES, 1e6},
    {"GB", PARAM_SIZE, UNIT_BYTES, 1e9},
    {"bit/s", PARAM_RATE, UNIT_BITS_PER_S, 1},
    {"kbit/s", PARAM_RATE, UNIT_BITS_PER_S, 1e3},
    {"Mbit/s", PARAM_RATE, UNIT_BITS_PER_S, 1e6},
    {"Tbit/s", PARAM_RATE, UNIT_BITS_PER_S, 1e12},
    {"%", PARAM_RATIO, UNIT_RATIO, 1e-2},
    {"ppm", PARAM_RATIO, UNIT_RATIO, 1e-6},
    {" packets", PARAM_QUEUE, UNIT_PACKETS, 1},
    {"", PARAM_INT, UNIT_NONE, 1},
    {"", PARAM_NUMBER, UNIT_NONE, 1},
};

static const struct {
  const char *name;
  DistKind kind;
  const char *a, *b;
} dists[] = {
    {"uniform", DIST_UNIFORM, "low", "high"},
    {"exponential", DIST_EXPONENTIAL, "mean", NULL},
    {"lognormal", DIST_LOGNORMAL, "median", "p95"},
    {"gamma", DIST_GAMMA, "mean", "sd"},
};

/* A call in its parts: arguments are "name=text" or "text". */
typedef struct {
  char *name;
  char **arguments;
} Call;

static gboolean
scan_call(const char *text, Call *call)
{
  const char *open = strchr(text, '(');

  if (!open || !g_str_has_suffix(text, ")"))
    return FALSE;

  g_autofree char *inside = g_strndup(open + 1, strlen(open) - 2);

  call->name = g_strndup(text, (gsize)(open - text));
  call->arguments = g_strsplit(inside, ",", -1);
  for (guint i = 0; call->arguments[i]; i++)
    g_strstrip(call->arguments[i]);
  return TRUE;
}

static void
clear_call(Call *call)
{
  g_free(call->name);
  g_strfreev(call->arguments);
}

/* The text of an argument, by name or else by position; NULL: there is none. */
static const char *
argument(const Call *call, const char *name, guint position)
{
  for (guint i = 0; call->arguments[i]; i++) {
    const char *equals = strchr(call->arguments[i], '=');

    if (equals ? strncmp(call->arguments[i], name, (gsize)(equals - call->arguments[i])) == 0 &&
                     name[equals - call->arguments[i]] == '\0'
               : i == position)
      return equals ? equals + 1 : call->arguments[i];
  }
  return NULL;
}

static gboolean
fits(ParamType type, ParamType wanted)
{
  return type == wanted || (wanted == PARAM_QUEUE && type == PARAM_SIZE);
}

static gboolean
scan_number(const char *text, ParamType type, double *number, Unit *unit)
{
  char *end;
  double value = g_ascii_strtod(text, &end);

  if (end == text)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
    if (fits(units[i].type, type) && strcmp(end, units[i].suffix) == 0) {
      *number = value * units[i].factor;
      *unit = units[i].unit;
      return TRUE;
    }
  }
  return FALSE;
}

static Value *
parse_number(ParamType type, const char *text)
{
  double number;
  Unit unit;

  if (!scan_number(text, type, &number, &unit))
    return NULL;
  if (type == PARAM_RATIO || type == PARAM_NUMBER)
    return value_new_real(number, unit);
  return value_new_int(llrint(number), unit);
}

static double
time_of(const char *text, double absent)
{
  double number = absent;
  Unit unit;

  if (text)
    g_assert_true(scan_number(text, PARAM_TIME, &number, &unit));
  return number;
}

static Dist *
parse_quantiles(const Call *call)
{
  guint n = g_strv_length(call->arguments);
  g_autofree DistPoint *points = g_new(DistPoint, n);

  for (guint i = 0; i < n; i++) {
    g_auto(GStrv) pair = g_strsplit(call->arguments[i], ":", 2);
    Unit unit;

    g_assert_true(scan_number(pair[0], PARAM_RATIO, &points[i].p, &unit));
    points[i].value = time_of(g_strstrip(pair[1]), 0);
  }
  return dist_new_table(DIST_TABLE, points, n, NULL);
}

static Dist *
parse_dist_call(const Call *call)
{
  if (strcmp(call->name, "quantiles") == 0)
    return parse_quantiles(call);
  for (gsize i = 0; i < G_N_ELEMENTS(dists); i++) {
    if (strcmp(call->name, dists[i].name) == 0)
      return dist_new(dists[i].kind, time_of(argument(call, dists[i].a, 0), NAN),
                      dists[i].b ? time_of(argument(call, dists[i].b, 1), NAN) : 0,
                      time_of(argument(call, "min", G_MAXUINT), 0),
                      time_of(argument(call, "max", G_MAXUINT), INFINITY), NULL);
  }
  return NULL;
}

static Value *
parse_call(const CallSpec *spec, const Call *call)
{
  const char *names[8];
  Value *values[8], *result;
  guint n = 0;

  for (guint i = 0; spec->params[i].name; i++) {
    const char *text = argument(call, spec->params[i].name, i);

    text = text ? text : spec->params[i].fallback;
    if (!text)
      continue;
    names[n] = spec->params[i].name;
    values[n] = values_parse(&spec->params[i], text);
    g_assert_nonnull(values[n++]);
  }
  result = value_new_call(spec->name, names, values, n);
  return result;
}

static Value *
parse_dist(const ParamSpec *spec, const char *text)
{
  Value *constant = parse_number(PARAM_TIME, text), *result = NULL;
  Dist *dist = NULL;
  Call call;

  if (constant) {
    dist = dist_constant((double)constant->integer);
    value_unref(constant);
  } else if (scan_call(text, &call)) {
    for (const CallSpec *c = spec->calls; c && c->name && !result; c++)
      result = strcmp(c->name, call.name) == 0 ? parse_call(c, &call) : NULL;
    dist = result ? NULL : parse_dist_call(&call);
    clear_call(&call);
  }
  return dist ? value_new_dist(dist) : result;
}

static Value *
parse_list(const char *text, const char *separator)
{
  g_auto(GStrv) parts = g_strsplit(text, separator, -1);
  guint n = g_strv_length(parts);
  g_autofree Value **values = g_new(Value *, n);

  for (guint i = 0; i < n; i++)
    values[i] = value_new_text(g_strstrip(parts[i]));
  return value_new_list(values, n);
}

static Value *
parse_called(const ParamSpec *spec, const char *text)
{
  Value *result = NULL;
  Call call;

  if (!scan_call(text, &call))
    return NULL;
  for (const CallSpec *c = spec->calls; c && c->name && !result; c++)
    result = strcmp(c->name, call.name) == 0 ? parse_call(c, &call) : NULL;
  clear_call(&call);
  return result;
}

static gboolean
in_words(const ParamSpec *spec, const char *text)
{
  return spec->words && g_strv_contains((const char *const *)spec->words, text);
}

static Value *
parse_by_type(const ParamSpec *spec, const char *text)
{
  switch (spec->type) {
  case PARAM_FLAG:
    return value_new_int(strcmp(text, "yes") == 0, UNIT_NONE);
  case PARAM_INT:
  case PARAM_NUMBER:
  case PARAM_TIME:
  case PARAM_SIZE:
  case PARAM_RATE:
  case PARAM_QUEUE:
    return parse_number(spec->type, text);
  case PARAM_RATIO:
    return strchr(text, '(') ? parse_called(spec, text) : parse_number(spec->type, text);
  case PARAM_CALL:
    return parse_called(spec, text);
  case PARAM_DIST:
    return parse_dist(spec, text);
  case PARAM_PATH:
    return parse_list(text, ">");
  case PARAM_WORD:
    return NULL;
  default:
    return value_new_text(text);
  }
}

/* Numbers and constants lie in the range. */
static gboolean
in_range(const ParamSpec *spec, const Value *value)
{
  ParamType type = spec->type == PARAM_DIST ? PARAM_TIME : spec->type;
  double low = -INFINITY, high = INFINITY, least, most;
  Unit unit;

  if (spec->low)
    g_assert_true(scan_number(spec->low, type, &low, &unit));
  if (spec->high)
    g_assert_true(scan_number(spec->high, type, &high, &unit));
  if (value->kind == VALUE_DIST && dist_is_constant(value->dist)) {
    least = most = dist_median(value->dist);
  } else if (value->kind == VALUE_INT || value->kind == VALUE_REAL) {
    least = most = value->kind == VALUE_INT ? (double)value->integer : value->real;
  } else {
    return TRUE;
  }
  return least >= low && most <= high;
}

/* A word among numbers that is as large as they get. */
static gboolean
is_endless(const ParamSpec *spec, const char *text)
{
  gboolean number =
      spec->type != PARAM_WORD && spec->type != PARAM_DIST && spec->type != PARAM_CALL;

  return number && (strcmp(text, "never") == 0 || strcmp(text, "unlimited") == 0);
}

static gboolean
all_in_words(const ParamSpec *spec, const Value *list)
{
  for (guint i = 0; i < list->list.n; i++)
    if (!in_words(spec, list->list.values[i]->text))
      return FALSE;
  return TRUE;
}

Value *
values_parse(const ParamSpec *spec, const char *text)
{
  Value *value;

  if (spec->flags & PARAM_IS_LIST) {
    value = parse_list(text, ",");
    if (spec->type != PARAM_WORD || all_in_words(spec, value))
      return value;
    value_unref(value);
    return NULL;
  }
  if (in_words(spec, text))
    return is_endless(spec, text) ? value_new_int(G_MAXINT64, UNIT_NONE) : value_new_text(text);
  if (spec->flags & PARAM_EACH && g_str_has_prefix(text, "each "))
    return parse_list(text, " ");
  value = parse_by_type(spec, text);
  if (value && !in_range(spec, value)) {
    value_unref(value);
    return NULL;
  }
  return value;
}

Section *
values_section(Scenario *scenario, const KindSpec *kind, const char *name)
{
  Section *section = section_new(kind, name);

  for (const ParamSpec *spec = kind->params; spec->name; spec++)
    if (spec->fallback)
      values_set(section, spec->name, spec->fallback);
  g_ptr_array_add(scenario->sections, section);
  return section;
}

void
values_set(Section *section, const char *key, const char *text)
{
  const ParamSpec *spec = spec_param(section->kind, key);
  Value *value;

  if (!spec)
    g_error("[%s %s] has no key %s", section->kind->kind, section->name, key);
  value = values_parse(spec, text);
  if (!value)
    g_error("[%s %s] %s = %s: not understood", section->kind->kind, section->name, key, text);
  section_set(section, key, value);
}
