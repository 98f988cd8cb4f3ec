#include "sim/cli/identity.h"

#include "config.h"

#include <math.h>

static void
add_setting(GArray *settings, GStringChunk *strings, const char *section, const char *key,
            const char *value)
{
  StoreSetting setting = {g_string_chunk_insert_const(strings, section),
                          g_string_chunk_insert_const(strings, key),
                          g_string_chunk_insert(strings, value)};

  g_array_append_val(settings, setting);
}

static void
add_time(GArray *settings, GStringChunk *strings, const char *key, gint64 time_ns)
{
  g_autoptr(Value) value = value_new_int(time_ns, UNIT_NS);
  g_autofree char *text = value_to_string(value);

  add_setting(settings, strings, "experiment", key, text);
}

/* Which keys of the first point's sections have the same value at all points that have the section.
 * Constant values are shared between points, so the comparison is mostly one of pointers. */
static GHashTable *
find_varying(const Grid *grid, const Scenario *first)
{
  GHashTable *varying = g_hash_table_new(NULL, NULL);

  for (guint p = 2; p <= grid_points(grid); p++) {
    g_autoptr(Scenario) scenario = grid_scenario(grid, p);

    for (guint i = 0; i < first->sections->len; i++) {
      const Section *section = first->sections->pdata[i];
      const Section *other = scenario_section(scenario, section->name);

      for (guint k = 0; other && section->kind->params[k].name; k++) {
        const Value *a = section->values[k], *b = other->values[k];

        if (a != b && !(a && b && value_equal(a, b)))
          g_hash_table_add(varying, (gpointer)&section->values[k]);
      }
    }
  }
  return varying;
}

static void
add_model_settings(GArray *settings, GStringChunk *strings, const Grid *grid)
{
  g_autoptr(Scenario) first = grid_scenario(grid, 1);
  g_autoptr(GHashTable) varying = find_varying(grid, first);

  for (guint i = 0; i < first->sections->len; i++) {
    const Section *section = first->sections->pdata[i];

    for (guint k = 0; section->kind->params[k].name; k++) {
      g_autofree char *text = NULL;

      if (!section->values[k] || g_hash_table_contains(varying, &section->values[k]))
        continue;
      text = value_to_string(section->values[k]);
      add_setting(settings, strings, section->name, section->kind->params[k].name, text);
    }
  }
}

Store *
identity_open_store(const char *path, const Experiment *experiment, const char *revision,
                    GError **error)
{
  g_autoptr(GArray) settings = g_array_new(FALSE, FALSE, sizeof(StoreSetting));
  GStringChunk *strings = g_string_chunk_new(4096);
  g_autofree char *overrides = g_strjoinv("\n", experiment->overrides);
  g_autofree char *libraries =
      g_strdup_printf("GLib %u.%u.%u, GSL %s, SQLite %s", glib_major_version, glib_minor_version,
                      glib_micro_version, QOSIM_GSL_VERSION, QOSIM_SQLITE_VERSION);
  g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, experiment->seed);
  StoreExperiment identity = {
      .key = experiment->key,
      .revision = revision,
      .title = experiment->title,
      .text = experiment->text,
      .overrides = overrides,
      .libraries = libraries,
  };
  Store *store;

  add_time(settings, strings, "warmup", experiment->warmup_ns);
  add_time(settings, strings, "duration", experiment->duration_ns);
  add_time(settings, strings, "drain", experiment->drain_ns);
  add_setting(settings, strings, "experiment", "seed", seed);
  add_model_settings(settings, strings, experiment->grid);
  identity.settings = (const StoreSetting *)(gpointer)settings->data;
  identity.settings_n = settings->len;
  store = store_open(path, &identity, error);
  g_string_chunk_free(strings);
  return store;
}

/* Where a value stands on an axis, in the units of the results: seconds, bytes, ratio. */
static double
axis_number(const Value *value)
{
  switch (value->kind) {
  case VALUE_INT:
    if (value->integer == VALUE_NEVER)
      return INFINITY;
    return value->unit == UNIT_NS ? (double)value->integer / 1e9 : (double)value->integer;
  case VALUE_REAL:
    return value->real;
  case VALUE_DIST:
    return dist_median(value->dist) / 1e9;
  case VALUE_TEXT:
    return value_is_word(value, "never") || value_is_word(value, "unlimited") ? INFINITY : NAN;
  default:
    return NAN;
  }
}

GPtrArray *
identity_points(const Grid *grid)
{
  GPtrArray *points = g_ptr_array_new_with_free_func((GDestroyNotify)store_point_free);

  for (guint p = 1; p <= grid_points(grid); p++) {
    g_autofree char *key = grid_point_key(grid, p);
    StorePoint *point = store_point_new(p, key);

    for (guint f = 0; f < grid_factors(grid); f++) {
      g_autoptr(Value) value = grid_value(grid, p, f);
      g_autofree char *text = value_to_string(value);

      store_point_add(point, grid_factor(grid, f)->name, grid_text(grid, p, f), text,
                      axis_number(value));
    }
    g_ptr_array_add(points, point);
  }
  return points;
}
