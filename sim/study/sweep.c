#include "sim/study/allowed.h"
#include "sim/study/study.h"

#include <math.h>
#include <string.h>

#define VALUES_MAX 10000
#define FACTORS_MAX 50

void
load_entry_free(gpointer data)
{
  LoadEntry *entry = data;

  g_free(entry->section);
  g_free(entry->key);
  g_free(entry->value);
  g_free(entry);
}

static LoadEntry *
entry_new(const char *name, const char *value, const char *file, guint line)
{
  LoadEntry *entry;
  const char *dot = strchr(name, '.');

  if (!node_is_variable(name) && (dot == NULL || dot == name || dot[1] == '\0'))
    return NULL;
  entry = g_new0(LoadEntry, 1);
  entry->section = name[0] == '$' ? NULL : g_strndup(name, (gsize)(dot - name));
  entry->key = g_strdup(name[0] == '$' ? name + 1 : dot + 1);
  entry->value = g_strdup(value);
  entry->file = file;
  entry->line = line;
  return entry;
}

static LoadEntry *
find(GPtrArray *entries, const LoadEntry *like)
{
  for (guint i = 0; i < entries->len; i++) {
    LoadEntry *entry = g_ptr_array_index(entries, i);

    if (g_strcmp0(entry->section, like->section) == 0 && strcmp(entry->key, like->key) == 0)
      return entry;
  }
  return NULL;
}

static void
read_section(Load *load, const ReaderSection *section)
{
  if (section->entries->len == 0)
    problem_add(load->problems, load->path, section->line,
                "[sweep]: is empty; a factor is SECTION.KEY = values or $NAME = values");
  for (guint i = 0; i < section->entries->len; i++) {
    const ReaderEntry *entry = g_ptr_array_index(section->entries, i);
    g_autofree char *found = problem_found(entry->key);
    LoadEntry *factor;
    const LoadEntry *other;

    if (strcmp(entry->key, "where") == 0) {
      if (load->where != NULL)
        problem_add(load->problems, load->path, entry->line,
                    "[sweep] where: line %u has it already", load->where->line);
      else
        load->where = entry;
      continue;
    }
    factor = entry_new(entry->key, entry->value, load->path, entry->line);
    if (factor == NULL) {
      problem_add(load->problems, load->path, entry->line,
                  "[sweep] %s: a factor is SECTION.KEY or $NAME", found);
      continue;
    }
    other = find(load->sweep, factor);
    if (other == NULL && load->sweep->len >= FACTORS_MAX) {
      problem_add(load->problems, load->path, entry->line, "[sweep] %s: more than %d factors",
                  found, FACTORS_MAX);
      load_entry_free(factor);
    } else if (other == NULL) {
      g_ptr_array_add(load->sweep, factor);
    } else {
      problem_add(load->problems, load->path, entry->line, "[sweep] %s: line %u sweeps it already",
                  found, other->line);
      load_entry_free(factor);
    }
  }
}

static const ReaderSection *
model_section(const Load *load, const char *name)
{
  for (guint i = 0; i < load->file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(load->file->sections, i);
    const KindSpec *kind = load_kind(load, section->kind);

    if (kind != NULL && kind->model && strcmp(section->name, name) == 0)
      return section;
  }
  return NULL;
}

/* Whether the file has the section and the section may have the key; *spec is NULL for `profile`.
 * */
static gboolean
known_key(Load *load, const LoadEntry *entry, const char *label, const ParamSpec **spec)
{
  const ReaderSection *section = model_section(load, entry->section);
  const KindSpec *kind = section == NULL ? NULL : load_kind(load, section->kind);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autofree char *line = NULL, *allowed = NULL;
  const char *nearest;

  if (kind != NULL) {
    *spec =
        kind->profiles && strcmp(entry->key, "profile") == 0 ? NULL : spec_param(kind, entry->key);
    if (*spec != NULL || (kind->profiles && strcmp(entry->key, "profile") == 0))
      return TRUE;
    if (kind->profiles && strcmp(entry->key, "like") == 0) {
      problem_add(load->problems, entry->file, entry->line, "%s: like cannot be swept", label);
      return FALSE;
    }
    allowed = allowed_key(kind, entry->key);
    problem_add(load->problems, entry->file, entry->line, "%s: [%s %s] %s", label, section->kind,
                section->name, allowed);
    return FALSE;
  }
  for (guint i = 0; i < load->file->sections->len; i++) {
    const ReaderSection *other = g_ptr_array_index(load->file->sections, i);
    const KindSpec *model = load_kind(load, other->kind);

    if (model != NULL && model->model)
      g_ptr_array_add(names, other->name);
  }
  nearest = spec_nearest(entry->section, (const char *const *)names->pdata, names->len);
  if (nearest != NULL)
    line = g_strdup_printf("; nearest: %s (line %u)", nearest, model_section(load, nearest)->line);
  problem_add(load->problems, entry->file, entry->line, "%s: no section %s%s", label,
              entry->section, line == NULL ? "" : line);
  return FALSE;
}

static gboolean
is_list(const char *value)
{
  g_autoptr(GPtrArray) parts = node_split(value, ',');

  return parts->len > 1 || strstr(value, " .. ") != NULL;
}

static void
read_override(Load *load, const char *text)
{
  g_autofree char *found = problem_found(text), *shown = g_strdup_printf("-D %s", found);
  const char *file = load_file_name(load, shown), *equals = strchr(text, '=');
  g_autofree char *name = equals == NULL ? NULL : g_strndup(text, (gsize)(equals - text));
  LoadEntry *entry = NULL, *factor;
  const ParamSpec *spec = NULL;

  if (g_utf8_validate(text, -1, NULL) && name != NULL)
    entry = entry_new(g_strstrip(name), equals + 1, file, 0);
  if (entry == NULL) {
    problem_add(load->problems, file, 0, "an override is SECTION.KEY=VALUE or $NAME=VALUE");
    return;
  }
  g_strstrip(entry->value);
  factor = find(load->sweep, entry);
  if (factor != NULL) {
    g_free(factor->value);
    factor->value = g_steal_pointer(&entry->value);
    factor->file = file;
    factor->line = 0;
    load_entry_free(entry);
    return;
  }
  if (entry->section == NULL) {
    problem_add(load->problems, file, 0, "no $%s in [sweep]", entry->key);
    load_entry_free(entry);
  } else if (strcmp(entry->section, "experiment") == 0) {
    g_ptr_array_add(load->overrides, entry);
  } else if (!known_key(load, entry, entry->section, &spec)) {
    load_entry_free(entry);
  } else if (is_list(entry->value) && (spec == NULL || !(spec->flags & PARAM_IS_LIST))) {
    g_ptr_array_add(load->sweep, entry);
  } else {
    const LoadEntry *before = find(load->overrides, entry);

    if (before != NULL)
      g_ptr_array_remove(load->overrides, (gpointer)before);
    g_ptr_array_add(load->overrides, entry);
  }
}

void
sweep_read(Load *load)
{
  gboolean seen = FALSE;

  for (guint i = 0; i < load->file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(load->file->sections, i);

    if (strcmp(section->kind, "sweep") != 0 || seen)
      continue;
    seen = TRUE;
    read_section(load, section);
  }
  for (guint i = 0; load->source->overrides != NULL && load->source->overrides[i] != NULL; i++)
    read_override(load, load->source->overrides[i]);
}

/* A range being expanded. */
typedef struct {
  Quantity from, to, step;
  gboolean log;
  guint n;
} Range;

static gboolean
constant(const char *text, Quantity *quantity, char **why)
{
  EvalContext none = {NULL};
  g_autofree char *inner = NULL;
  g_autoptr(Node) node = node_parse_value(text, &inner);

  if (node != NULL && eval_quantity(&none, node, quantity, &inner) && !quantity->endless)
    return TRUE;
  *why = g_strdup_printf("%s: %s", text, inner == NULL ? "an end is missing" : inner);
  return FALSE;
}

/* "a .. b step c" or "log a .. b points n". */
static gboolean
parse_range(const char *text, Range *range, char **why)
{
  g_autofree char *copy = g_strdup(text);
  char *dots, *word, *from = copy;
  Quantity count;

  range->log = g_str_has_prefix(copy, "log ");
  if (range->log)
    from = copy + 4;
  dots = strstr(from, " .. ");
  word = dots == NULL ? NULL : strstr(dots, range->log ? " points " : " step ");
  if (word == NULL) {
    *why = g_strdup("a range is a .. b step c, or log a .. b points n");
    return FALSE;
  }
  *dots = *word = '\0';
  if (!constant(from, &range->from, why) || !constant(dots + 4, &range->to, why) ||
      !constant(word + (range->log ? 8 : 6), range->log ? &count : &range->step, why))
    return FALSE;
  if (range->from.dim != range->to.dim || (!range->log && range->step.dim != range->from.dim) ||
      (range->log && count.dim != DIM_NUMBER)) {
    *why = g_strdup("the ends of a range and its step are of one kind, points is a number");
    return FALSE;
  }
  if (!(range->from.x < range->to.x) || (range->log && !(range->from.x > 0)) ||
      (!range->log && !(range->step.x > 0)) || (range->log && count.x < 2)) {
    *why = g_strdup(range->log ? "a log range rises from above 0, with 2 points or more"
                               : "a range rises, in steps above 0");
    return FALSE;
  }
  if (!range->log)
    count.x = floorl((range->to.x - range->from.x) / range->step.x + 1e-9L) + 1;
  if (!(count.x <= VALUES_MAX)) {
    *why = g_strdup_printf("at most %d values", VALUES_MAX);
    return FALSE;
  }
  range->n = (guint)count.x;
  return TRUE;
}

static long double
three_digits(long double x)
{
  long double unit = powl(10, floorl(log10l(x)) - 2);

  /* Divided where that is exact, so that 0.3 stays 0.3. */
  return unit >= 1 ? roundl(x / unit) * unit : roundl(x / unit) / roundl(1 / unit);
}

static void
expand_range(const Range *range, const ParamSpec *spec, GPtrArray *texts)
{
  long double grain = spec == NULL ? 0 : eval_grain(spec);
  gboolean whole = spec != NULL && (spec->grain != NULL || spec->type == PARAM_INT);

  for (guint i = 0; i < range->n; i++) {
    Quantity at = range->from;
    g_autoptr(Value) value = NULL;
    g_autofree char *text = NULL;

    if (!range->log) {
      at.x = range->from.x + (long double)i * range->step.x;
    } else if (i > 0 && i < range->n - 1) {
      at.x = three_digits(range->from.x * powl(range->to.x / range->from.x,
                                               (long double)i / (long double)(range->n - 1)));
      if (whole)
        at.x = roundl(at.x / grain) * grain;
    } else if (i > 0) {
      at.x = range->to.x;
    }
    value = quantity_to_value(&at);
    if (value == NULL)
      continue;
    text = value_to_string(value);
    if (texts->len == 0 || strcmp(g_ptr_array_index(texts, texts->len - 1), text) != 0)
      g_ptr_array_add(texts, g_steal_pointer(&text));
  }
}

/* The values of a factor, ranges expanded; NULL: a problem was added. */
static GPtrArray *
expand(Load *load, const LoadEntry *entry, const char *label, const ParamSpec *spec)
{
  g_autoptr(GPtrArray) parts = node_split(entry->value, ',');
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

  for (guint i = 0; i < parts->len; i++) {
    const char *text = g_ptr_array_index(parts, i);
    g_autofree char *why = NULL, *found = problem_found(text);
    Range range;

    if (text[0] == '\0') {
      why = g_strdup(parts->len == 1 ? "a factor without a value" : "a list with an empty element");
    } else if (strstr(text, " .. ") == NULL) {
      g_ptr_array_add(texts, g_strdup(text));
    } else if (parse_range(text, &range, &why)) {
      expand_range(&range, spec, texts);
    }
    if (why == NULL && texts->len <= VALUES_MAX)
      continue;
    problem_add(load->problems, entry->file, entry->line, "%s = %s: %s", label, found,
                why == NULL ? "too many values" : why);
    return NULL;
  }
  for (guint i = 0; i < texts->len; i++)
    if (!g_hash_table_add(seen, g_ptr_array_index(texts, i))) {
      problem_add(load->problems, entry->file, entry->line, "%s: the value %s stands twice", label,
                  (const char *)g_ptr_array_index(texts, i));
      return NULL;
    }
  return g_steal_pointer(&texts);
}

static void
add_factor(Load *load, const LoadEntry *entry)
{
  g_autofree char *name = entry->section == NULL
                              ? g_strconcat("$", entry->key, NULL)
                              : g_strconcat(entry->section, ".", entry->key, NULL);
  g_autofree char *label = g_strdup_printf("[sweep] %s", name);
  g_autoptr(GPtrArray) texts = NULL;
  const ParamSpec *spec = NULL;
  GridFactor *factor;

  if (entry->section != NULL && !known_key(load, entry, label, &spec))
    return;
  if (spec != NULL && (spec->flags & PARAM_IS_LIST)) {
    problem_add(load->problems, entry->file, entry->line,
                "%s: a key that takes a list cannot be swept", label);
    return;
  }
  texts = expand(load, entry, label, spec);
  if (texts == NULL)
    return;
  factor = g_new0(GridFactor, 1);
  factor->file = entry->file;
  factor->factor.name = g_steal_pointer(&name);
  factor->factor.section = g_strdup(entry->section);
  factor->factor.key = entry->section == NULL ? NULL : g_strdup(entry->key);
  factor->factor.spec = spec;
  factor->factor.line = entry->line;
  factor->factor.n = texts->len;
  g_ptr_array_add(texts, NULL);
  factor->factor.texts = g_strdupv((char **)texts->pdata);
  if (entry->section == NULL) {
    factor->nodes = g_new0(Node *, factor->factor.n);
    for (guint i = 0; i < factor->factor.n; i++) {
      g_autofree char *why = NULL;

      /* What no expression is (a path, a topic) is known by its text, and read where it is used. */
      factor->nodes[i] = node_parse_value(factor->factor.texts[i], &why);
      if (factor->nodes[i] == NULL)
        factor->nodes[i] = node_raw(factor->factor.texts[i]);
      if (strchr(factor->factor.texts[i], '$') != NULL && cell_names_variable(factor->nodes[i]))
        problem_add(load->problems, entry->file, entry->line,
                    "%s = %s: a variable may not depend on another", label,
                    factor->factor.texts[i]);
    }
  }
  g_ptr_array_add(load->grid->factors, factor);
}

void
sweep_factors(Load *load)
{
  for (guint i = 0; i < load->sweep->len; i++)
    add_factor(load, g_ptr_array_index(load->sweep, i));
}

/* The variable nearest to one that is never used, and the line of its use (0: none). A slip in a
 * name shows twice, as a variable never used and one never swept: one message is enough. */
static const char *
nearest_used(Load *load, const char *name, guint *line)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *nearest;

  for (guint i = 0; i < load->unknown->len; i++)
    g_ptr_array_add(names, ((LoadUnknown *)g_ptr_array_index(load->unknown, i))->name);
  for (guint i = 0; i < load->grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(load->grid->factors, i);

    if (factor->nodes != NULL && factor->used)
      g_ptr_array_add(names, factor->factor.name + 1);
  }
  nearest = spec_nearest(name, (const char *const *)names->pdata, names->len);
  if (nearest == NULL)
    return NULL;
  *line = 0;
  for (guint i = 0; i < load->unknown->len; i++) {
    LoadUnknown *unknown = g_ptr_array_index(load->unknown, i);

    if (strcmp(unknown->name, nearest) != 0)
      continue;
    if (*line == 0)
      *line = unknown->line;
    unknown->label[0] = '\0';
  }
  for (guint i = 0; i < load->grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(load->grid->factors, i);

    if (factor->nodes != NULL && strcmp(factor->factor.name + 1, nearest) == 0)
      *line = factor->used_line;
  }
  return nearest;
}

void
sweep_unused(Load *load)
{
  g_autoptr(GPtrArray) swept = g_ptr_array_new();

  for (guint i = 0; i < load->grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(load->grid->factors, i);
    const char *name = factor->factor.name, *nearest;
    g_autoptr(GString) hint = g_string_new(NULL);
    guint line;

    if (factor->nodes != NULL)
      g_ptr_array_add(swept, (gpointer)(name + 1));
    if (factor->used)
      continue;
    nearest = nearest_used(load, name + 1, &line);
    if (nearest != NULL)
      g_string_append_printf(hint, "; nearest: $%s", nearest);
    if (nearest != NULL && line > 0)
      g_string_append_printf(hint, ", used in line %u", line);
    problem_add(load->problems, factor->file, factor->factor.line,
                "[sweep] %s: swept but used nowhere%s", name, hint->str);
  }
  for (guint i = 0; i < load->unknown->len; i++) {
    const LoadUnknown *unknown = g_ptr_array_index(load->unknown, i);
    const char *nearest =
        spec_nearest(unknown->name, (const char *const *)swept->pdata, swept->len);

    if (unknown->label[0] == '\0')
      continue;
    problem_add(load->problems, unknown->file, unknown->line, "%s: no $%s in [sweep]%s%s",
                unknown->label, unknown->name, nearest == NULL ? "" : "; nearest: $",
                nearest == NULL ? "" : nearest);
  }
}
