#include "sim/study/experiment.h"
#include "sim/study/study.h"

#include <string.h>

static void
unknown_free(gpointer data)
{
  LoadUnknown *unknown = data;

  g_free(unknown->name);
  g_free(unknown->label);
  g_free(unknown);
}

const char *
load_file_name(Load *load, const char *file)
{
  char *copy = NULL;

  for (guint i = 0; i < load->grid->files->len; i++)
    if (strcmp(g_ptr_array_index(load->grid->files, i), file) == 0)
      return g_ptr_array_index(load->grid->files, i);
  copy = g_strdup(file);
  g_ptr_array_add(load->grid->files, copy);
  return copy;
}

const KindSpec *
load_kind(const Load *load, const char *kind)
{
  const KindSpec *own = spec_kind(experiment_kinds, kind);

  return own != NULL ? own : spec_kind(load->model->kinds, kind);
}

static void
unknown_section(Load *load, const ReaderSection *section, const char *head)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) list = g_string_new(NULL);
  const char *nearest;

  for (guint i = 0; experiment_kinds[i] != NULL; i++)
    g_ptr_array_add(names, (gpointer)experiment_kinds[i]->kind);
  for (guint i = 0; load->model->kinds[i] != NULL; i++)
    g_ptr_array_add(names, (gpointer)load->model->kinds[i]->kind);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf(list, "%s%s", i == 0 ? "" : ", ",
                           (const char *)g_ptr_array_index(names, i));
  nearest = spec_nearest(section->kind, (const char *const *)names->pdata, names->len);
  problem_add(load->problems, load->path, section->line, "%s: no kind of section; allowed: %s%s%s",
              head, list->str,
              nearest == NULL ? "" : "; nearest: ", nearest == NULL ? "" : nearest);
}

static void
check_name(Load *load, const ReaderSection *section, const KindSpec *kind, const char *head)
{
  gboolean named = kind->model || strcmp(kind->kind, "plot") == 0;

  if (!named && section->name[0] != '\0') {
    problem_add(load->problems, load->path, section->line, "%s: [%s] has no name", head,
                section->kind);
  } else if (named && section->name[0] == '\0') {
    problem_add(load->problems, load->path, section->line,
                "%s: the name is missing, as in [%s one]", head, section->kind);
  } else if (named && !node_is_name(section->name, strlen(section->name))) {
    problem_add(load->problems, load->path, section->line,
                "%s: a name is lower-case letters, digits and -, a letter first", head);
  } else if (kind->model && spec_kind(experiment_kinds, section->name) != NULL) {
    problem_add(load->problems, load->path, section->line, "%s: the name %s is taken", head,
                section->name);
  }
}

/* All model sections share one name space, as they are addressed as name.key. */
static void
check_sections(Load *load)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < load->file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(load->file->sections, i);
    const KindSpec *kind = load_kind(load, section->kind);
    g_autofree char *full = g_strdup_printf("[%s%s%s]", section->kind,
                                            section->name[0] == '\0' ? "" : " ", section->name);
    g_autofree char *head = problem_found(full), *id = NULL;
    const ReaderSection *other;

    if (kind == NULL) {
      unknown_section(load, section, head);
      continue;
    }
    check_name(load, section, kind, head);
    id = g_strconcat(kind->model ? "" : kind->kind, " ", section->name, NULL);
    other = g_hash_table_lookup(seen, id);
    if (other != NULL) {
      problem_add(load->problems, load->path, section->line, "%s: line %u has a [%s%s%s] already",
                  head, other->line, other->kind, other->name[0] == '\0' ? "" : " ", other->name);
    } else {
      g_hash_table_insert(seen, g_steal_pointer(&id), (gpointer)section);
    }
  }
}

static gboolean
has_experiment(const ReaderFile *file)
{
  for (guint i = 0; i < file->sections->len; i++)
    if (strcmp(((ReaderSection *)g_ptr_array_index(file->sections, i))->kind, "experiment") == 0)
      return TRUE;
  return FALSE;
}

static gboolean
read_file(Load *load, Experiment *experiment)
{
  const ExperimentSource *source = load->source;

  if (source->text != NULL) {
    experiment->text_n = source->n;
    experiment->text = g_malloc(source->n + 1);
    if (source->n > 0)
      memcpy(experiment->text, source->text, source->n);
    experiment->text[source->n] = '\0';
  } else {
    experiment->text =
        reader_load(source->path, READER_MAX_BYTES, &experiment->text_n, load->problems);
  }
  if (experiment->text == NULL)
    return FALSE;
  load->file = reader_parse(load->path, experiment->text, experiment->text_n, load->problems);
  if (load->file == NULL)
    return FALSE;
  if (has_experiment(load->file))
    return TRUE;
  g_ptr_array_set_size(load->problems, 0);
  problem_add(load->problems, load->path, 0, "no experiment: it has no [experiment] section");
  return FALSE;
}

static void
load_all(Load *load, Experiment *experiment)
{
  check_sections(load);
  sweep_read(load);
  sweep_factors(load);
  parts_read(load);
  references_resolve(load);
  sections_experiment(load, experiment);
  sweep_unused(load);
  points_prepare(load);
  sections_plots(load, experiment);
  points_enumerate(load);
  if (load->problems->len > 0)
    return;
  points_check(load, experiment->notes);
}

static void
plot_destroy(gpointer plot)
{
  plot_free(plot);
}

static Experiment *
experiment_new(const ExperimentSource *source)
{
  Experiment *experiment = g_new0(Experiment, 1);

  experiment->path = g_strdup(source->path);
  experiment->overrides = g_strdupv((char **)source->overrides);
  experiment->plots = g_ptr_array_new_with_free_func(plot_destroy);
  experiment->notes = g_ptr_array_new();
  return experiment;
}

static void
load_init(Load *load, Experiment *experiment)
{
  g_autofree char *folder = g_path_get_dirname(load->source->path);

  experiment->grid = grid_new(load->model, folder);
  load->grid = experiment->grid;
  load->path = load_file_name(load, load->source->path);
  load->profile_files =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)reader_file_free);
  load->overrides = g_ptr_array_new_with_free_func(load_entry_free);
  load->sweep = g_ptr_array_new_with_free_func(load_entry_free);
  load->unknown = g_ptr_array_new_with_free_func(unknown_free);
  load->likes = g_hash_table_new(g_direct_hash, g_direct_equal);
}

static void
load_clear(Load *load)
{
  g_hash_table_unref(load->profile_files);
  g_hash_table_unref(load->likes);
  g_ptr_array_unref(load->overrides);
  g_ptr_array_unref(load->sweep);
  g_ptr_array_unref(load->unknown);
  reader_file_free(load->file);
}

Experiment *
experiment_load(const ExperimentModel *model, const ExperimentSource *source, GPtrArray *problems)
{
  g_autoptr(Experiment) experiment = experiment_new(source);
  Load load = {.model = model, .source = source, .problems = problems};
  guint before = problems->len;

  load_init(&load, experiment);
  if (read_file(&load, experiment))
    load_all(&load, experiment);
  problem_sort(problems, source->path);
  load_clear(&load);
  if (problems->len > before)
    return NULL;
  experiment->key = points_key(experiment->grid, experiment->seed);
  return g_steal_pointer(&experiment);
}

void
experiment_free(Experiment *experiment)
{
  if (experiment == NULL)
    return;
  g_ptr_array_unref(experiment->plots);
  g_ptr_array_unref(experiment->notes);
  if (experiment->table != NULL)
    g_ptr_array_unref(experiment->table);
  grid_free(experiment->grid);
  g_strfreev(experiment->overrides);
  g_free(experiment->path);
  g_free(experiment->text);
  g_free(experiment->title);
  g_free(experiment->key);
  g_free(experiment);
}

guint64
experiment_runs(const Experiment *experiment)
{
  return (guint64)grid_points(experiment->grid) * experiment->repeat;
}
