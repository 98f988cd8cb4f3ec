#include "sim/study/study.h"

#include <string.h>

guint
grid_points(const Grid *grid)
{
  return grid->points->len;
}

guint64
grid_combinations(const Grid *grid)
{
  return grid->combinations;
}

guint
grid_factors(const Grid *grid)
{
  return grid->factors->len;
}

const Factor *
grid_factor(const Grid *grid, guint factor)
{
  return g_ptr_array_index(grid->factors, factor);
}

const Factor *
grid_factor_named(const Grid *grid, const char *name)
{
  for (guint i = 0; i < grid->factors->len; i++)
    if (strcmp(grid_factor(grid, i)->name, name) == 0)
      return grid_factor(grid, i);
  return NULL;
}

const char *
grid_where(const Grid *grid)
{
  return grid->where;
}

static guint64
combination(const Grid *grid, guint point)
{
  g_assert(point >= 1 && point <= grid->points->len);
  return g_array_index(grid->points, guint64, point - 1);
}

guint
grid_choice(const Grid *grid, guint point, guint factor)
{
  guint64 rest = combination(grid, point);

  for (guint i = grid->factors->len; --i > factor;)
    rest /= grid_factor(grid, i)->n;
  return (guint)(rest % grid_factor(grid, factor)->n);
}

const char *
grid_text(const Grid *grid, guint point, guint factor)
{
  return grid_factor(grid, factor)->texts[grid_choice(grid, point, factor)];
}

/* All values of a point are checked when the experiment is loaded: nothing can fail later. */
static Resolver *
resolver_at(const Grid *grid, guint point)
{
  Resolver *resolver = resolver_new(grid);
  char *why = NULL;

  resolver_move(resolver, combination(grid, point));
  g_assert(resolver_fill(resolver, &why));
  return resolver;
}

static Value *
factor_value(Resolver *resolver, const GridFactor *factor, guint at)
{
  EvalContext context = resolver_context(resolver);
  const char *text = factor->factor.texts[resolver->digits[at]];
  char *why = NULL;
  guint slot;

  if (factor->nodes != NULL)
    return eval_natural(&context, factor->nodes[resolver->digits[at]]);
  if (!grid_slot(resolver->grid, factor->factor.section, factor->factor.key, &slot) ||
      factor->factor.spec == NULL)
    return value_new_text(text);
  return value_ref(resolver_slot(resolver, slot, &why));
}

Value *
grid_value(const Grid *grid, guint point, guint factor)
{
  g_autoptr(Resolver) resolver = resolver_at(grid, point);

  return factor_value(resolver, g_ptr_array_index(grid->factors, factor), factor);
}

Value *
grid_key_value(const Grid *grid, guint point, const char *name)
{
  g_autoptr(Resolver) resolver = NULL;
  const char *dot = strchr(name, '.');
  g_autofree char *section = dot == NULL ? NULL : g_strndup(name, (gsize)(dot - name));
  char *why = NULL;
  Value *value;
  guint slot;

  if (section == NULL || !grid_slot(grid, section, dot + 1, &slot))
    return NULL;
  resolver = resolver_at(grid, point);
  value = resolver_slot(resolver, slot, &why);
  return value == NULL ? NULL : value_ref(value);
}

Scenario *
grid_scenario(const Grid *grid, guint point)
{
  g_autoptr(Resolver) resolver = resolver_at(grid, point);

  return g_steal_pointer(&resolver->scenario);
}

static gint
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
grid_point_key(const Grid *grid, guint point)
{
  g_autoptr(Resolver) resolver = resolver_at(grid, point);
  g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);

  for (guint i = 0; i < grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(grid->factors, i);
    g_autoptr(Value) value = factor_value(resolver, factor, i);
    g_autofree char *text = value_to_string(value);

    g_ptr_array_add(pairs, g_strconcat(factor->factor.name, "=", text, NULL));
  }
  g_ptr_array_sort(pairs, by_text);
  g_ptr_array_add(pairs, NULL);
  return g_strjoinv(";", (char **)pairs->pdata);
}

static void
factor_free(gpointer data)
{
  GridFactor *factor = data;

  for (guint i = 0; factor->nodes != NULL && i < factor->factor.n; i++)
    node_free(factor->nodes[i]);
  g_free(factor->nodes);
  g_strfreev(factor->factor.texts);
  g_free(factor->factor.name);
  g_free(factor->factor.section);
  g_free(factor->factor.key);
  g_free(factor);
}

static void
part_destroy(gpointer data)
{
  Part *part = data;

  if (!part->is_profile)
    part_free(part);
}

Grid *
grid_new(const ExperimentModel *model, const char *folder)
{
  Grid *grid = g_new0(Grid, 1);

  grid->model = *model;
  grid->folder = g_strdup(folder);
  grid->factors = g_ptr_array_new_with_free_func(factor_free);
  grid->parts = g_ptr_array_new_with_free_func(part_destroy);
  grid->cells = g_ptr_array_new_with_free_func((GDestroyNotify)cell_free);
  grid->files = g_ptr_array_new_with_free_func(g_free);
  grid->profiles = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
  grid->defaults = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
  grid->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  grid->slot_parts = g_ptr_array_new();
  grid->slot_sections = g_ptr_array_new();
  grid->dynamic = g_array_new(FALSE, FALSE, sizeof(guint));
  grid->points = g_array_new(FALSE, FALSE, sizeof(guint64));
  return grid;
}

void
grid_free(Grid *grid)
{
  if (grid == NULL)
    return;
  g_ptr_array_unref(grid->factors);
  g_ptr_array_unref(grid->parts);
  g_ptr_array_unref(grid->profiles);
  g_ptr_array_unref(grid->cells);
  g_ptr_array_unref(grid->files);
  g_hash_table_unref(grid->defaults);
  g_hash_table_unref(grid->by_name);
  g_ptr_array_unref(grid->slot_parts);
  g_ptr_array_unref(grid->slot_sections);
  g_array_unref(grid->dynamic);
  g_array_unref(grid->points);
  g_free(grid->where);
  g_free(grid->folder);
  g_free(grid);
}
