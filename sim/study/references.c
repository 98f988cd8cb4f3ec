#include "sim/study/study.h"

#include <string.h>

typedef struct {
  Part *part;
  const ParamSpec *spec;
} Reference;

static gboolean
kind_fits(const ParamSpec *spec, const char *kind)
{
  g_auto(GStrv) kinds = g_strsplit(spec->refers, " ", -1);

  return g_strv_contains((const char *const *)kinds, kind);
}

static void
stand(Load *load, Part *part)
{
  g_ptr_array_add(load->grid->parts, part);
  g_hash_table_insert(load->grid->by_name, part->name, part);
}

/* The profile of that name of any kind that fits, now a section of every scenario. */
static gboolean
stand_as_profile(Load *load, const Cell *cell, const ParamSpec *spec, const char *name)
{
  g_auto(GStrv) kinds = g_strsplit(spec->refers, " ", -1);
  Part *part;

  for (guint i = 0; kinds[i] != NULL; i++) {
    const Part *profile = profile_find(load, kinds[i], name);

    if (profile == NULL)
      continue;
    stand(load, (Part *)profile);
    return TRUE;
  }
  /* The default of a reference needs no profile: it is what the defaults of its keys say. */
  if (g_strcmp0(spec->fallback, name) != 0)
    return FALSE;
  part = part_new(load, load_kind(load, kinds[0]), name, cell->file, 0);
  part->is_profile = TRUE;
  g_ptr_array_add(load->grid->profiles, part);
  stand(load, part);
  return TRUE;
}

static void
no_such(Load *load, const Cell *cell, const ParamSpec *spec, const char *name)
{
  g_auto(GStrv) kinds = g_strsplit(spec->refers, " ", -1);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) why = g_string_new(NULL);
  const char *nearest;

  if (load->problems->len > PROBLEMS_MAX)
    return;
  for (guint i = 0; i < load->grid->parts->len; i++) {
    const Part *part = g_ptr_array_index(load->grid->parts, i);

    if (!part->is_profile && kind_fits(spec, part->kind->kind))
      g_ptr_array_add(names, part->name);
  }
  for (guint i = 0; kinds[i] != NULL; i++) {
    g_autoptr(GPtrArray) profiles = profile_names(load, kinds[i]);
    const KindSpec *kind = load_kind(load, kinds[i]);

    g_string_append_printf(why, "%sno section [%s %s]", i == 0 ? "" : ", ", kinds[i], name);
    if (kind != NULL && kind->profiles)
      g_string_append_printf(why, " and no %s profile %s", kinds[i], name);
    for (guint k = 0; k < profiles->len; k++)
      g_ptr_array_add(names, g_ptr_array_index(profiles, k));
  }
  nearest = spec_nearest(name, (const char *const *)names->pdata, names->len);
  if (nearest != NULL) {
    const Part *part = grid_part(load->grid, nearest);

    g_string_append_printf(why, "; nearest: %s", nearest);
    if (part != NULL && !part->is_profile)
      g_string_append_printf(why, " (line %u)", part->line);
  }
  load_problem(load, cell, why->str);
}

static void
resolve_name(Load *load, const Cell *cell, const ParamSpec *spec, const char *name)
{
  const Part *part = grid_part(load->grid, name);
  g_autofree char *why = NULL;

  if (part != NULL && kind_fits(spec, part->kind->kind))
    return;
  if (part != NULL) {
    why = g_strdup_printf("[%s %s] is no %s", part->kind->kind, name, spec->refers);
    load_problem(load, cell, why);
    return;
  }
  if (!stand_as_profile(load, cell, spec, name))
    no_such(load, cell, spec, name);
}

static gboolean
is_word(const ParamSpec *spec, const char *name)
{
  return spec->words != NULL && g_strv_contains(spec->words, name);
}

static void
resolve_leaf(Load *load, Cell *cell, gpointer data)
{
  const ParamSpec *spec = ((const Reference *)data)->spec;
  const Value *value = cell->value;
  guint from = 0;

  if (value == NULL)
    return;
  if (value->kind == VALUE_TEXT) {
    if (!is_word(spec, value->text))
      resolve_name(load, cell, spec, value->text);
    return;
  }
  if ((spec->flags & PARAM_EACH) && value_is_word(value->list.values[0], "each"))
    from = 1;
  for (guint i = from; i < value->list.n; i++)
    if (value->list.values[i]->kind == VALUE_TEXT && !is_word(spec, value->list.values[i]->text))
      resolve_name(load, cell, spec, value->list.values[i]->text);
}

/* {client}, {n}, {n:5}, {group}, {any G} and {each G}: what a topic may leave open. */
static char *
placeholder_flaw(const Load *load, const char *inside)
{
  static const char *const names[] = {"client", "n", "group"};
  const char *group = g_str_has_prefix(inside, "any ")    ? inside + 4
                      : g_str_has_prefix(inside, "each ") ? inside + 5
                                                          : NULL;
  const char *nearest;
  const Part *part;

  if (group != NULL) {
    part = grid_part(load->grid, group);
    if (part != NULL && strcmp(part->kind->kind, "client") == 0)
      return NULL;
    return g_strdup_printf("{%s}: no section [client %s]", inside, group);
  }
  if (g_str_has_prefix(inside, "n:") && g_ascii_isdigit(inside[2]) && inside[3] == '\0')
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i], inside) == 0)
      return NULL;
  nearest = spec_nearest(inside, names, G_N_ELEMENTS(names));
  return g_strdup_printf(
      "no {%s}; allowed: {client}, {n}, {n:5}, {group}, {any NAME}, {each NAME}%s%s%s", inside,
      nearest == NULL ? "" : "; nearest: {", nearest == NULL ? "" : nearest,
      nearest == NULL ? "" : "}");
}

static void
check_topic(Load *load, Cell *cell, gpointer data)
{
  const char *c = cell->value == NULL ? "" : cell->value->text;

  (void)data;
  while ((c = strchr(c, '{')) != NULL) {
    const char *end = strchr(c, '}');
    g_autofree char *inside = NULL, *flaw = NULL;

    if (end == NULL) {
      load_problem(load, cell, "a } is missing");
      return;
    }
    inside = g_strndup(c + 1, (gsize)(end - c - 1));
    flaw = placeholder_flaw(load, inside);
    if (flaw != NULL)
      load_problem(load, cell, flaw);
    c = end;
  }
}

/* A reference that is left out is the only section of its kind. */
static void
the_only_one(Load *load, Part *part, guint at)
{
  const ParamSpec *spec = &part->kind->params[at];
  g_autoptr(GString) names = g_string_new(NULL);
  g_autoptr(GString) kinds = g_string_new(spec->refers);
  const Part *only = NULL;
  guint n = 0;

  for (guint i = 0; i < load->grid->parts->len; i++) {
    const Part *other = g_ptr_array_index(load->grid->parts, i);

    if (other->is_profile || !kind_fits(spec, other->kind->kind))
      continue;
    only = other;
    if (n++ < 5)
      g_string_append_printf(names, "%s%s", n == 1 ? "" : ", ", other->name);
  }
  if (n == 1) {
    g_autofree char *label =
        g_strdup_printf("[%s %s] %s", part->kind->kind, part->name, spec->name);

    part->cells[at] = cell_new(load, part->file, part->line, label, only->name, spec);
    return;
  }
  g_string_replace(kinds, " ", "] or [", 0);
  if (n == 0) {
    problem_add(load->problems, part->file, part->line,
                "[%s %s]: %s is missing, and the file has no [%s] section", part->kind->kind,
                part->name, spec->name, kinds->str);
  } else {
    problem_add(load->problems, part->file, part->line,
                "[%s %s]: %s is missing; allowed: one of %s%s", part->kind->kind, part->name,
                spec->name, names->str, n > 5 ? ", ..." : "");
  }
}

typedef struct {
  guint at;
  gboolean everywhere; /* every profile that may be chosen says the key */
  void (*visit)(Load *load, Cell *cell, gpointer data);
  gpointer data;
} FromProfile;

static void
visit_profile(Load *load, Cell *cell, gpointer data)
{
  FromProfile *from = data;

  if (cell->profile == NULL || cell->profile->cells[from->at] == NULL) {
    from->everywhere &= cell->value == NULL; /* a profile that there is not is a problem already */
  } else {
    cell_leaves(load, cell->profile->cells[from->at], from->visit, from->data);
  }
}

static void
no_visit(Load *load, Cell *cell, gpointer data)
{
  (void)load;
  (void)cell;
  (void)data;
}

/* Visits all that a key may come to; FALSE: it may be absent. */
static gboolean
visit_key(Load *load, Part *part, guint at, CellVisit visit, gpointer data)
{
  FromProfile from = {at, part->profile != NULL, visit, data};

  if (part->cells[at] != NULL) {
    cell_leaves(load, part->cells[at], visit, data);
    return TRUE;
  }
  cell_leaves(load, part->profile, visit_profile, &from);
  if (from.everywhere)
    return TRUE;
  cell_leaves(load, part->defaults[at], visit, data);
  return part->defaults[at] != NULL;
}

static void
resolve_key(Load *load, Part *part, guint at)
{
  const ParamSpec *spec = &part->kind->params[at];
  gboolean refers = spec->type == PARAM_REF || spec->type == PARAM_PATH;
  Reference reference = {part, spec};
  CellVisit visit = refers ? resolve_leaf : spec->type == PARAM_TOPIC ? check_topic : no_visit;

  if (visit_key(load, part, at, visit, &reference))
    return;
  if (refers) {
    the_only_one(load, part, at);
  } else if (spec->flags & PARAM_REQUIRED) {
    problem_add(load->problems, part->file, part->line, "[%s %s]: %s is missing: %s",
                part->kind->kind, part->name, spec->name, spec->help == NULL ? "" : spec->help);
  }
}

void
references_resolve(Load *load)
{
  /* Profiles that references name are appended, and looked at in their turn. */
  for (guint i = 0; i < load->grid->parts->len; i++) {
    Part *part = g_ptr_array_index(load->grid->parts, i);

    if (part->profile != NULL)
      profile_resolve(load, part->profile, part->kind);
    for (guint at = 0; at < part->n; at++)
      resolve_key(load, part, at);
  }
}
