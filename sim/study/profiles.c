#include "sim/study/study.h"

#include <string.h>

static ReaderFile *
profile_file(Load *load, const char *kind)
{
  ReaderFile *file = g_hash_table_lookup(load->profile_files, kind);
  const char *name = "profiles", *text;

  if (file != NULL || load->model->profiles == NULL)
    return file;
  text = load->model->profiles(kind, &name);
  if (text == NULL)
    return NULL;
  file = reader_parse(load_file_name(load, name), text, strlen(text), load->problems);
  if (file != NULL)
    g_hash_table_insert(load->profile_files, g_strdup(kind), file);
  return file;
}

GPtrArray *
profile_names(Load *load, const char *kind)
{
  GPtrArray *names = g_ptr_array_new();
  const ReaderFile *file = profile_file(load, kind);

  for (guint i = 0; file != NULL && i < file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(file->sections, i);

    if (strcmp(section->kind, kind) == 0)
      g_ptr_array_add(names, section->name);
  }
  return names;
}

const Part *
profile_find(Load *load, const char *kind, const char *name)
{
  ReaderFile *file = profile_file(load, kind);
  const ReaderSection *section = NULL;
  const KindSpec *spec = load_kind(load, kind);
  g_autoptr(GHashTable) entries = NULL;
  Part *part;

  for (guint i = 0; i < load->grid->profiles->len; i++) {
    const Part *known = g_ptr_array_index(load->grid->profiles, i);

    if (strcmp(known->kind->kind, kind) == 0 && strcmp(known->name, name) == 0)
      return known;
  }
  for (guint i = 0; file != NULL && section == NULL && i < file->sections->len; i++) {
    const ReaderSection *other = g_ptr_array_index(file->sections, i);

    if (strcmp(other->kind, kind) == 0 && strcmp(other->name, name) == 0)
      section = other;
  }
  if (section == NULL || spec == NULL)
    return NULL;
  part = part_new(load, spec, name, load_file_name(load, file->file), section->line);
  part->is_profile = TRUE;
  g_ptr_array_add(load->grid->profiles, part);
  entries = part_entries(load, file, section);
  part_fill(load, part, entries, part->file);
  return part;
}

static void
resolve_leaf(Load *load, Cell *cell, gpointer data)
{
  const KindSpec *kind = data;
  g_autoptr(GPtrArray) names = NULL;
  g_autofree char *why = NULL;
  const char *nearest;

  if (cell->value == NULL)
    return;
  cell->profile = profile_find(load, kind->kind, cell->value->text);
  if (cell->profile != NULL)
    return;
  names = profile_names(load, kind->kind);
  nearest = spec_nearest(cell->value->text, (const char *const *)names->pdata, names->len);
  why = g_strdup_printf(
      "no %s profile %s%s%s", kind->kind, cell->value->text,
      nearest == NULL ? "; see qosim profiles" : "; nearest: ", nearest == NULL ? "" : nearest);
  load_problem(load, cell, why);
}

void
profile_resolve(Load *load, Cell *cell, const KindSpec *kind)
{
  cell_leaves(load, cell, resolve_leaf, (gpointer)kind);
}
