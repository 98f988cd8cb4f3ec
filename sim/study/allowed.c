#include "sim/study/allowed.h"
#include "sim/study/eval.h"

#include <math.h>
#include <string.h>

const char *
allowed_endless(const ParamSpec *spec)
{
  for (const char *const *word = spec->words; word != NULL && *word != NULL; word++)
    if (strcmp(*word, "never") == 0 || strcmp(*word, "unlimited") == 0)
      return *word;
  return NULL;
}

static void
append(GString *text, const char *before, const char *name, const char *after)
{
  g_string_append_printf(text, "%s%s%s", text->len == 0 ? "" : before, name, after);
}

/* "never", "gilbert()", ...: what may stand there besides a number. */
static char *
others(const ParamSpec *spec)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (const char *const *word = spec->words; word != NULL && *word != NULL; word++)
    append(text, ", ", *word, "");
  for (const CallSpec *call = spec->calls; call != NULL && call->name != NULL; call++)
    append(text, ", ", call->name, "()");
  return g_strdup(text->str);
}

char *
allowed_range(const ParamSpec *spec, gboolean has_low)
{
  g_autofree char *other = others(spec);
  g_autoptr(GString) text = g_string_new(NULL);

  if (!has_low) {
    g_string_append(text, "must not be negative");
  } else if (spec->high == NULL) {
    g_string_append_printf(text, "at least %s", spec->low);
  } else {
    g_string_append_printf(text, "out of range; allowed: %s%s%s",
                           spec->low == NULL ? "up" : spec->low, " to ", spec->high);
    if (other[0] != '\0')
      g_string_append_printf(text, ", or %s", other);
  }
  if (has_low && spec->why != NULL)
    g_string_append_printf(text, "; %s", spec->why);
  return g_strdup(text->str);
}

static char *
nearest_of(const char *found, GPtrArray *names, const char *after)
{
  const char *nearest = spec_nearest(found, (const char *const *)names->pdata, names->len);

  return nearest == NULL ? g_strdup("") : g_strdup_printf("; nearest: %s%s", nearest, after);
}

char *
allowed_key(const KindSpec *kind, const char *found)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autofree char *nearest = NULL;

  for (const ParamSpec *param = kind->params; param->name != NULL; param++)
    g_ptr_array_add(names, (gpointer)param->name);
  if (kind->profiles) {
    g_ptr_array_add(names, (gpointer) "profile");
    g_ptr_array_add(names, (gpointer) "like");
  }
  nearest = nearest_of(found, names, "");
  if (nearest[0] != '\0')
    return g_strconcat("has no key ", found, nearest, NULL);
  return g_strdup_printf("has no key %s; qosim keys %s lists those it has", found, kind->kind);
}

char *
allowed_word(const ParamSpec *spec, const char *found)
{
  Dim due = quantity_dim_of(spec->type);
  g_autofree char *other = others(spec), *nearest = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();

  for (const char *const *word = spec->words; word != NULL && *word != NULL; word++)
    g_ptr_array_add(names, (gpointer)*word);
  nearest = nearest_of(found, names, "");
  if (due == DIM_N)
    return g_strdup_printf("%s is not one of them; allowed: %s%s", found, other, nearest);
  if (spec->low != NULL && spec->high != NULL)
    return g_strdup_printf("%s is not %s; allowed: %s to %s%s%s%s", found, quantity_dim_name(due),
                           spec->low, spec->high, other[0] == '\0' ? "" : ", or ", other, nearest);
  return g_strdup_printf("%s is not %s%s%s%s", found, quantity_dim_name(due),
                         other[0] == '\0' ? "" : "; allowed besides: ", other, nearest);
}

char *
allowed_call(const ParamSpec *spec, const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) list = g_string_new(NULL);
  g_autofree char *nearest = NULL;
  gsize n = 0;
  const char *const *dists = eval_dist_names(&n);

  for (gsize i = 0; i < n && spec->type == PARAM_DIST; i++)
    g_ptr_array_add(names, (gpointer)dists[i]);
  for (const CallSpec *call = spec->calls; call != NULL && call->name != NULL; call++)
    g_ptr_array_add(names, (gpointer)call->name);
  for (guint i = 0; i < names->len; i++)
    append(list, ", ", g_ptr_array_index(names, i), "()");
  nearest = nearest_of(name, names, "()");
  if (names->len == 0)
    return g_strdup_printf("no %s() may stand here", name);
  return g_strdup_printf("no %s %s(); allowed: %s%s",
                         spec->type == PARAM_DIST ? "distribution" : "function", name, list->str,
                         nearest);
}

char *
allowed_argument(const Node *call, const ParamSpec *params, const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) list = g_string_new(NULL);
  g_autofree char *nearest = NULL;

  for (const ParamSpec *param = params; param->name != NULL; param++) {
    g_ptr_array_add(names, (gpointer)param->name);
    append(list, ", ", param->name, "");
  }
  if (name[0] == '\0')
    return g_strdup_printf("%s() has too many arguments; allowed: %s", call->text, list->str);
  nearest = nearest_of(name, names, "");
  return g_strdup_printf("%s() has no %s; allowed: %s%s", call->text, name, list->str, nearest);
}

char *
allowed_unit(const Node *number, Dim due)
{
  g_autofree char *figure =
      g_strndup(number->source, strlen(number->source) - strlen(number->text));

  g_strchomp(figure);
  if (strcmp(number->text, "m") == 0)
    return g_strdup_printf("m is min or ms: %smin or %sms", figure, figure);
  if (due == DIM_NUMBER)
    return g_strdup_printf("no unit %s; a plain number is due here", number->text);
  if (due == DIM_N)
    return g_strdup_printf("no unit %s", number->text);
  return g_strdup_printf("no unit %s; %s takes %s", number->text, quantity_dim_name(due),
                         quantity_dim_units(due));
}

/* "3600s or 1h": the figure with the unit that was likely meant, and its usual name if that
 * differs. */
static char *
with_unit(Dim due, const char *figure, const Quantity *found)
{
  static const char *const likely[DIM_N] = {[DIM_TIME] = "s",
                                            [DIM_SIZE] = "B",
                                            [DIM_RATE] = "bit/s",
                                            [DIM_PACKETS] = " packets",
                                            [DIM_RATIO] = "%"};
  g_autofree char *one = g_strconcat(figure, likely[due], NULL), *two = NULL;
  g_autoptr(Value) value = NULL;
  Quantity meant;

  if (due == DIM_RATIO && found->x > 0 && found->x < 1)
    return g_strdup_printf("%Lg%% or %s", found->x * 100, one);
  quantity_new(&meant, found->x, due == DIM_PACKETS ? "packets" : likely[due]);
  value = due == DIM_TIME && found->x > 0 ? quantity_to_value(&meant) : NULL;
  if (value == NULL)
    return g_steal_pointer(&one);
  two = value_to_string(value);
  for (char *c = two; *c != '\0'; c++)
    if (*c == ' ')
      memmove(c, c + 1, strlen(c));
  return strcmp(one, two) == 0 ? g_steal_pointer(&one) : g_strdup_printf("%s or %s", one, two);
}

char *
allowed_dim(const ParamSpec *spec, const Node *node, const Quantity *found)
{
  Dim due = quantity_dim_of(spec->type);
  const char *more = spec->type == PARAM_QUEUE ? " packets" : "";

  if (due == DIM_NUMBER)
    return g_strdup_printf("a plain number is due here, not %s", quantity_dim_name(found->dim));
  if (found->dim == DIM_NUMBER && node->kind == NODE_NUMBER) {
    g_autofree char *example =
        with_unit(spec->type == PARAM_QUEUE ? DIM_PACKETS : due, node->source, found);

    return g_strdup_printf("%s needs a unit, as in %s (%s%s)", quantity_dim_name(due), example,
                           quantity_dim_units(due), more);
  }
  return g_strdup_printf("%s is due here (%s%s), not %s", quantity_dim_name(due),
                         quantity_dim_units(due), more, quantity_dim_name(found->dim));
}
