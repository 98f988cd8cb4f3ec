#include "sim/study/study.h"

#include <string.h>

/* One value whatever the point. */
static gboolean
is_fixed(const Cell *cell)
{
  return cell == NULL || (cell->choices == NULL && cell->value != NULL);
}

static gboolean
slot_is_fixed(const Part *part, guint at)
{
  if (part->cells[at] != NULL)
    return is_fixed(part->cells[at]);
  if (part->profile != NULL) {
    if (part->profile->choices != NULL)
      return FALSE;
    if (part->profile->profile != NULL && part->profile->profile->cells[at] != NULL)
      return is_fixed(part->profile->profile->cells[at]);
  }
  return is_fixed(part->defaults[at]);
}

void
points_prepare(Load *load)
{
  Grid *grid = load->grid;

  for (guint i = 0; i < grid->parts->len; i++) {
    Part *part = g_ptr_array_index(grid->parts, i);

    part->first = grid->slot_parts->len;
    for (guint at = 0; at < part->n; at++) {
      guint slot = part->first + at;

      g_ptr_array_add(grid->slot_parts, part);
      g_ptr_array_add(grid->slot_sections, GUINT_TO_POINTER(i));
      if (!slot_is_fixed(part, at))
        g_array_append_val(grid->dynamic, slot);
    }
  }
}

/* Different texts may come to the same, and two points of one value would be one point for a
 * database. */
static void
check_twice(Load *load, const GridFactor *factor)
{
  guint slot = 0;
  const Cell *cell;
  const Part *part;

  if (factor->factor.spec == NULL ||
      !grid_slot(load->grid, factor->factor.section, factor->factor.key, &slot))
    return;
  part = g_ptr_array_index(load->grid->slot_parts, slot);
  cell = part->cells[slot - part->first];
  for (guint i = 0; i < cell->n; i++)
    for (guint k = 0; k < i; k++) {
      if (cell->choices[i]->value == NULL ||
          !value_equal(cell->choices[i]->value, cell->choices[k]->value))
        continue;
      problem_add(load->problems, factor->file, factor->factor.line,
                  "[sweep] %s: %s and %s are the same", factor->factor.name, cell->choices[k]->text,
                  cell->choices[i]->text);
      return;
    }
}

static gboolean
count_combinations(Load *load)
{
  Grid *grid = load->grid;
  const GridFactor *first;

  grid->combinations = 1;
  for (guint i = 0; i < grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(grid->factors, i);

    if (factor->factor.n <= 1000)
      check_twice(load, factor);
    grid->combinations *= factor->factor.n;
    if (grid->combinations <= EXPERIMENT_MAX_COMBINATIONS)
      continue;
    first = g_ptr_array_index(grid->factors, 0);
    problem_add(load->problems, first->file, first->factor.line,
                "[sweep]: more than %d combinations", EXPERIMENT_MAX_COMBINATIONS);
    return FALSE;
  }
  return TRUE;
}

static void
check_size(Load *load, guint64 points)
{
  const GridFactor *first;

  if (points == 0) {
    problem_add(load->problems, load->path, load->where->line,
                "[sweep] where = %s: no combination satisfies it", load->where->value);
  } else if (points > EXPERIMENT_MAX_POINTS && !load->source->any_size) {
    first = g_ptr_array_index(load->grid->factors, 0);
    problem_add(load->problems, first->file, first->factor.line,
                "[sweep]: %" G_GUINT64_FORMAT " points; more than %d only with --yes", points,
                EXPERIMENT_MAX_POINTS);
  }
}

void
points_enumerate(Load *load)
{
  Grid *grid = load->grid;
  g_autofree char *why = NULL;
  g_autoptr(Node) where = NULL;
  g_autoptr(Resolver) resolver = NULL;

  if (load->where != NULL) {
    grid->where = g_strdup(load->where->value);
    where = condition_parse(grid, grid->where, &why);
    if (where == NULL) {
      problem_add(load->problems, load->path, load->where->line, "[sweep] where = %s: %s",
                  grid->where, why);
      return;
    }
  }
  if (load->problems->len > 0 || !count_combinations(load) || load->problems->len > 0)
    return;
  resolver = resolver_new(grid);
  for (guint64 i = 0; i < grid->combinations; i++) {
    gboolean holds = TRUE;

    if (where != NULL) {
      resolver_move(resolver, i);
      holds = condition_test(where, resolver, &why);
    }
    if (why != NULL) {
      problem_add(load->problems, load->path, load->where->line, "[sweep] where = %s: %s",
                  grid->where, why);
      return;
    }
    if (holds)
      g_array_append_val(grid->points, i);
  }
  check_size(load, grid->points->len);
}

/* Where a key is written, or its section if only a profile or a default says it: then NULL. */
static const Cell *
locate(Load *load, const Resolver *resolver, const char *section, const char *key,
       const char **file, guint *line)
{
  const Part *part = section == NULL ? NULL : grid_part(load->grid, section);
  const Cell *cell;
  guint slot;

  *file = load->path;
  *line = 0;
  if (part == NULL)
    return NULL;
  *line = part->line;
  if (part->is_profile)
    *file = part->file;
  if (key == NULL || !grid_slot(load->grid, section, key, &slot))
    return NULL;
  if (part->cells[slot - part->first] == NULL)
    return NULL;
  cell = resolver_cell(resolver, slot);
  *file = cell->file;
  *line = cell->line;
  return cell;
}

static void
note_free(gpointer data)
{
  ExperimentNote *note = data;

  g_free(note->file);
  g_free(note->section);
  g_free(note->text);
  g_array_unref(note->points);
  g_free(note);
}

static void
add_note(Load *load, const Resolver *resolver, GPtrArray *notes, GHashTable *known,
         const Finding *finding, guint point)
{
  g_autofree char *id =
      g_strdup_printf("%s %s %s", finding->section, finding->key, finding->message);
  ExperimentNote *note = g_hash_table_lookup(known, id);
  const Part *part = finding->section == NULL ? NULL : grid_part(load->grid, finding->section);
  const char *file;

  if (note == NULL) {
    note = g_new0(ExperimentNote, 1);
    locate(load, resolver, finding->section, finding->key, &file, &note->line);
    note->file = g_strdup(file);
    note->section =
        part == NULL ? g_strdup("") : g_strdup_printf("[%s %s]", part->kind->kind, part->name);
    note->text = g_strdup(finding->message);
    note->points = g_array_new(FALSE, FALSE, sizeof(guint));
    g_ptr_array_add(notes, note);
    g_hash_table_insert(known, g_steal_pointer(&id), note);
  }
  if (note->points->len == 0 || g_array_index(note->points, guint, note->points->len - 1) != point)
    g_array_append_val(note->points, point);
}

static void
add_error(Load *load, const Resolver *resolver, GHashTable *known, const Finding *finding,
          guint point)
{
  g_autofree char *id =
      g_strdup_printf("! %s %s %s", finding->section, finding->key, finding->message);
  g_autofree char *text = NULL;
  const Part *part = finding->section == NULL ? NULL : grid_part(load->grid, finding->section);
  const Cell *cell;
  const char *file;
  guint line;

  if (g_hash_table_contains(known, id))
    return;
  cell = locate(load, resolver, finding->section, finding->key, &file, &line);
  text = load->grid->points->len > 1 ? g_strdup_printf("%s (point %u)", finding->message, point)
                                     : g_strdup(finding->message);
  if (cell != NULL) {
    load_problem(load, cell, text);
  } else if (part != NULL) {
    problem_add(load->problems, file, line, "[%s %s] %s: %s", part->kind->kind, part->name,
                finding->key, text);
  } else {
    problem_add(load->problems, file, line, "%s", text);
  }
  g_hash_table_insert(known, g_steal_pointer(&id), (gpointer)finding);
}

static void
check_value(Load *load, const Resolver *resolver, GHashTable *known, const char *why, guint point)
{
  const Cell *cell = resolver_cell(resolver, resolver->failed);
  g_autofree char *id = g_strdup_printf("? %s %s", cell->label, why);
  g_autofree char *text = NULL;

  if (g_hash_table_contains(known, id))
    return;
  text = load->grid->points->len > 1 ? g_strdup_printf("%s (point %u)", why, point) : g_strdup(why);
  load_problem(load, cell, text);
  g_hash_table_insert(known, g_steal_pointer(&id), (gpointer)cell);
}

static gint
by_line(gconstpointer a, gconstpointer b)
{
  const ExperimentNote *x = *(const ExperimentNote *const *)a;
  const ExperimentNote *y = *(const ExperimentNote *const *)b;

  return x->line < y->line ? -1 : x->line > y->line;
}

void
points_check(Load *load, GPtrArray *notes)
{
  g_autoptr(Resolver) resolver = resolver_new(load->grid);
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  g_ptr_array_set_free_func(notes, note_free);
  for (guint point = 1; point <= load->grid->points->len; point++) {
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    g_autofree char *why = NULL;

    resolver_move(resolver, g_array_index(load->grid->points, guint64, point - 1));
    if (!resolver_fill(resolver, &why)) {
      check_value(load, resolver, known, why, point);
      continue;
    }
    if (load->model->check != NULL)
      load->model->check(resolver->scenario, findings);
    for (guint i = 0; i < findings->len; i++) {
      const Finding *finding = g_ptr_array_index(findings, i);

      if (finding->error) {
        add_error(load, resolver, known, finding, point);
      } else {
        add_note(load, resolver, notes, known, finding, point);
      }
    }
  }
  g_ptr_array_sort(notes, by_line);
}

/* A file of samples may change under its name. */
static void
key_value(GString *text, const char *name, const Value *value)
{
  g_autofree char *canonical = value == NULL ? g_strdup("") : value_to_string(value);

  g_string_append_printf(text, "%s=%s\n", name, canonical);
  if (value == NULL || value->kind != VALUE_DIST || dist_kind(value->dist) != DIST_SAMPLES)
    return;
  for (guint i = 0; i < 4096; i++)
    g_string_append_printf(text, "%" G_GINT64_FORMAT " ",
                           dist_quantile_ns(value->dist, (i + 0.5) / 4096));
}

/* What depends on the point is known by how it is written; a swept key by its name alone. */
static void
key_slot(GString *text, const Part *part, guint at, const Value *value)
{
  const char *name = part->kind->params[at].name;
  const Cell *cell = part->cells[at];

  if (slot_is_fixed(part, at)) {
    key_value(text, name, value);
  } else if (cell != NULL) {
    g_auto(GStrv) words = g_strsplit_set(cell->text, " \t", -1);

    g_string_append_printf(text, "%s ~", name);
    for (guint i = 0; words[i] != NULL; i++)
      if (words[i][0] != '\0')
        g_string_append_printf(text, " %s", words[i]);
    g_string_append_c(text, '\n');
  } else {
    g_string_append_printf(text, "%s ~ profile\n", name);
  }
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
points_key(const Grid *grid, guint64 seed)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(Resolver) resolver = resolver_new(grid);

  g_string_printf(text,
                  "warmup=%" G_GINT64_FORMAT "\nduration=%" G_GINT64_FORMAT
                  "\ndrain=%" G_GINT64_FORMAT "\nseed=%" G_GUINT64_FORMAT "\nrecord=%d\n",
                  grid->warmup_ns, grid->duration_ns, grid->drain_ns, seed, (int)grid->record);
  for (guint i = 0; i < grid->factors->len; i++)
    g_ptr_array_add(names, ((GridFactor *)g_ptr_array_index(grid->factors, i))->factor.name);
  g_ptr_array_sort(names, by_name);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf(text, "factor %s\n", (const char *)g_ptr_array_index(names, i));
  for (guint i = 0; i < grid->parts->len; i++) {
    const Part *part = g_ptr_array_index(grid->parts, i);
    const Section *section = g_ptr_array_index(resolver->scenario->sections, i);

    g_string_append_printf(text, "[%s %s]\n", part->kind->kind, part->name);
    for (guint at = 0; at < part->n; at++)
      key_slot(text, part, at, section->values[at]);
  }
  return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
}
