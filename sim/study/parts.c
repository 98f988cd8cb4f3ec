#include "sim/study/allowed.h"
#include "sim/study/study.h"

#include <string.h>

#define LIKE_MAX 20

static const ParamSpec profile_spec = {"profile", PARAM_REF};

void
part_free(Part *part)
{
  g_free(part->name);
  g_free(part->cells);
  g_free(part);
}

static Cell **
defaults_of(Load *load, const KindSpec *kind, guint n)
{
  Cell **cells = g_hash_table_lookup(load->grid->defaults, kind);

  if (cells != NULL)
    return cells;
  cells = g_new0(Cell *, n + 1);
  g_hash_table_insert(load->grid->defaults, (gpointer)kind, cells);
  for (guint i = 0; i < n; i++) {
    g_autofree char *label = g_strdup_printf("[%s] %s", kind->kind, kind->params[i].name);

    if (kind->params[i].fallback != NULL)
      cells[i] = cell_new(load, "(default)", 0, label, kind->params[i].fallback, &kind->params[i]);
  }
  return cells;
}

Part *
part_new(Load *load, const KindSpec *kind, const char *name, const char *file, guint line)
{
  Part *part = g_new0(Part, 1);

  part->kind = kind;
  part->name = g_strdup(name);
  part->file = file;
  part->line = line;
  while (kind->params[part->n].name != NULL)
    part->n++;
  part->cells = g_new0(Cell *, part->n + 1);
  part->defaults = defaults_of(load, kind, part->n);
  return part;
}

static gboolean
special(const KindSpec *kind, const char *key)
{
  return kind->profiles && (strcmp(key, "profile") == 0 || strcmp(key, "like") == 0);
}

/* The keys of a section, each once; the later of two is an error. */
static GHashTable *
own_entries(Load *load, ReaderFile *file, const ReaderSection *section)
{
  GHashTable *entries = g_hash_table_new(g_str_hash, g_str_equal);

  for (guint i = 0; i < section->entries->len; i++) {
    ReaderEntry *entry = g_ptr_array_index(section->entries, i);
    const ReaderEntry *other = g_hash_table_lookup(entries, entry->key);

    if (other != NULL) {
      problem_add(load->problems, file->file, entry->line, "[%s%s%s] %s: line %u has it already",
                  section->kind, section->name[0] == '\0' ? "" : " ", section->name, entry->key,
                  other->line);
    } else {
      g_hash_table_insert(entries, entry->key, entry);
    }
  }
  return entries;
}

static const ReaderSection *
find_section(const ReaderFile *file, const char *kind, const char *name)
{
  for (guint i = 0; i < file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(file->sections, i);

    if (strcmp(section->kind, kind) == 0 && strcmp(section->name, name) == 0)
      return section;
  }
  return NULL;
}

static void
no_like(Load *load, ReaderFile *file, const ReaderSection *section, const ReaderEntry *entry)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *nearest;

  for (guint i = 0; i < file->sections->len; i++) {
    const ReaderSection *other = g_ptr_array_index(file->sections, i);

    if (strcmp(other->kind, section->kind) == 0 && other != section)
      g_ptr_array_add(names, other->name);
  }
  nearest = spec_nearest(entry->value, (const char *const *)names->pdata, names->len);
  problem_add(load->problems, file->file, entry->line, "[%s %s] like = %s: no section [%s %s]%s%s",
              section->kind, section->name, entry->value, section->kind, entry->value,
              nearest == NULL ? "" : "; nearest: ", nearest == NULL ? "" : nearest);
}

GHashTable *
part_entries(Load *load, ReaderFile *file, const ReaderSection *section)
{
  g_autoptr(GHashTable) own = own_entries(load, file, section);
  const ReaderEntry *like = g_hash_table_lookup(own, "like");
  const KindSpec *kind = load_kind(load, section->kind);
  const ReaderSection *other;
  GHashTable *entries;
  GHashTableIter iter;
  gpointer key, entry;

  if (like == NULL || kind == NULL || !kind->profiles)
    return g_steal_pointer(&own);
  other = find_section(file, section->kind, like->value);
  if (other == NULL) {
    no_like(load, file, section, like);
    return g_steal_pointer(&own);
  }
  if (g_hash_table_contains(load->likes, section) || g_hash_table_size(load->likes) >= LIKE_MAX) {
    problem_add(load->problems, file->file, like->line, "[%s %s] like = %s: goes in a circle",
                section->kind, section->name, like->value);
    return g_steal_pointer(&own);
  }
  g_hash_table_add(load->likes, (gpointer)section);
  entries = part_entries(load, file, other);
  g_hash_table_remove(load->likes, section);
  g_hash_table_iter_init(&iter, own);
  while (g_hash_table_iter_next(&iter, &key, &entry))
    g_hash_table_insert(entries, key, entry);
  return entries;
}

static void
unknown_key(Load *load, const Part *part, const char *file, const ReaderEntry *entry)
{
  g_autofree char *found = problem_found(entry->key);
  g_autofree char *allowed = allowed_key(part->kind, found);

  problem_add(load->problems, file, entry->line, "[%s %s] %s: [%s] %s", part->kind->kind,
              part->name, found, part->kind->kind, allowed);
}

static gint
by_line(gconstpointer a, gconstpointer b)
{
  const ReaderEntry *x = *(const ReaderEntry *const *)a, *y = *(const ReaderEntry *const *)b;

  return x->line < y->line ? -1 : x->line > y->line;
}

void
part_fill(Load *load, Part *part, GHashTable *entries, const char *file)
{
  g_autoptr(GPtrArray) sorted = g_ptr_array_new();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init(&iter, entries);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    g_ptr_array_add(sorted, value);
  g_ptr_array_sort(sorted, by_line);
  for (guint i = 0; i < sorted->len; i++) {
    const ReaderEntry *entry = g_ptr_array_index(sorted, i);
    const ParamSpec *spec = spec_param(part->kind, entry->key);
    g_autofree char *label =
        g_strdup_printf("[%s %s] %s", part->kind->kind, part->name, entry->key);

    if (special(part->kind, entry->key)) {
      if (strcmp(entry->key, "profile") != 0 || part->profile != NULL)
        continue;
      part->profile = cell_new(load, file, entry->line, label, entry->value, &profile_spec);
    } else if (spec == NULL) {
      unknown_key(load, part, file, entry);
    } else if (part->cells[spec - part->kind->params] == NULL) {
      part->cells[spec - part->kind->params] =
          cell_new(load, file, entry->line, label, entry->value, spec);
    }
  }
}

/* Sweeps and overrides come before what is written: their cells are there first. */
static void
fill_from_outside(Load *load, Part *part)
{
  for (guint i = 0; i < load->overrides->len; i++) {
    const LoadEntry *entry = g_ptr_array_index(load->overrides, i);
    const ParamSpec *spec;
    g_autofree char *label = NULL;

    if (strcmp(entry->section, part->name) != 0)
      continue;
    label = g_strdup_printf("[%s %s] %s", part->kind->kind, part->name, entry->key);
    spec = spec_param(part->kind, entry->key);
    if (special(part->kind, entry->key)) {
      part->profile = cell_new(load, entry->file, 0, label, entry->value, &profile_spec);
    } else {
      part->cells[spec - part->kind->params] =
          cell_new(load, entry->file, 0, label, entry->value, spec);
    }
  }
  for (guint i = 0; i < load->grid->factors->len; i++) {
    const Factor *factor = g_ptr_array_index(load->grid->factors, i);

    if (factor->section == NULL || strcmp(factor->section, part->name) != 0)
      continue;
    if (factor->spec == NULL) {
      part->profile = cell_new_swept(load, i, &profile_spec);
    } else {
      part->cells[factor->spec - part->kind->params] = cell_new_swept(load, i, factor->spec);
    }
  }
}

void
parts_read(Load *load)
{
  for (guint i = 0; i < load->file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(load->file->sections, i);
    const KindSpec *kind = load_kind(load, section->kind);
    g_autoptr(GHashTable) entries = NULL;
    Part *part;

    if (kind == NULL || !kind->model || grid_part(load->grid, section->name) != NULL)
      continue;
    part = part_new(load, kind, section->name, load->path, section->line);
    g_ptr_array_add(load->grid->parts, part);
    g_hash_table_insert(load->grid->by_name, part->name, part);
    fill_from_outside(load, part);
    entries = part_entries(load, load->file, section);
    part_fill(load, part, entries, load->path);
  }
}
