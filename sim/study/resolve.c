#include "sim/study/study.h"

#include <string.h>

#define DEPTH_MAX 50

/* A key that needs a derived value (a path's rtt) waits until all others are in place; its default
 * stands in meanwhile. */
enum { SLOT_UNKNOWN, SLOT_BUSY, SLOT_DONE, SLOT_LATER };

typedef struct {
  Resolver *resolver;
  const Part *part; /* whose own rtt is meant; NULL: nobody's */
} Place;

const Part *
grid_part(const Grid *grid, const char *name)
{
  return g_hash_table_lookup(grid->by_name, name);
}

gboolean
grid_slot(const Grid *grid, const char *section, const char *key, guint *slot)
{
  const Part *part = grid_part(grid, section);
  const ParamSpec *spec = part == NULL ? NULL : spec_param(part->kind, key);

  if (spec == NULL)
    return FALSE;
  *slot = part->first + (guint)(spec - part->kind->params);
  return TRUE;
}

static const Cell *
chosen(const Resolver *resolver, const Cell *cell)
{
  while (cell != NULL && cell->choices != NULL)
    cell = cell->choices[resolver->digits[cell->factor]];
  return cell;
}

const Cell *
resolver_cell(const Resolver *resolver, guint slot)
{
  const Part *part = g_ptr_array_index(resolver->grid->slot_parts, slot);
  guint at = slot - part->first;
  const Cell *profile;

  if (part->cells[at] != NULL)
    return chosen(resolver, part->cells[at]);
  profile = chosen(resolver, part->profile);
  if (profile != NULL && profile->profile != NULL && profile->profile->cells[at] != NULL)
    return chosen(resolver, profile->profile->cells[at]);
  return chosen(resolver, part->defaults[at]);
}

static Value **
place_of(const Resolver *resolver, guint slot)
{
  const Part *part = g_ptr_array_index(resolver->grid->slot_parts, slot);
  guint index = GPOINTER_TO_UINT(g_ptr_array_index(resolver->grid->slot_sections, slot));
  const Section *section = g_ptr_array_index(resolver->scenario->sections, index);

  return &section->values[slot - part->first];
}

static void
put(Resolver *resolver, guint slot, Value *value)
{
  Value **place = place_of(resolver, slot);

  value_unref(*place);
  *place = value;
}

static const Node *
get_variable(gpointer data, const char *name)
{
  const Resolver *resolver = ((const Place *)data)->resolver;
  const Grid *grid = resolver->grid;

  for (guint i = 0; i < grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(grid->factors, i);

    if (factor->nodes != NULL && strcmp(factor->factor.name + 1, name) == 0)
      return factor->nodes[resolver->digits[i]];
  }
  return NULL;
}

static Value *
derived(Resolver *resolver, const char *section, const char *name, char **why)
{
  const Section *of = scenario_section(resolver->scenario, section);
  double ns = 0;

  if (!resolver->complete) {
    resolver->later = TRUE;
    *why = g_strdup("not yet");
    return NULL;
  }
  if (resolver->grid->model.derived != NULL && of != NULL &&
      resolver->grid->model.derived(resolver->scenario, of, name, &ns))
    return ns < 9.2e18 ? value_new_int((gint64)(ns + 0.5), UNIT_NS)
                       : value_new_int(VALUE_NEVER, UNIT_NS);
  *why = g_strdup_printf("[%s %s] has no %s", of->kind->kind, section, name);
  return NULL;
}

static Value *
get_key(gpointer data, const char *section, const char *key, char **why)
{
  Resolver *resolver = ((Place *)data)->resolver;
  Value *value;
  guint slot;

  if (grid_part(resolver->grid, section) == NULL) {
    *why = g_strdup_printf("no section %s", section);
    return NULL;
  }
  if (!grid_slot(resolver->grid, section, key, &slot))
    return derived(resolver, section, key, why);
  value = resolver_slot(resolver, slot, why);
  if (value != NULL)
    return value_ref(value);
  if (*why != NULL)
    return NULL;
  /* A link that is given by its delay has no key rtt, and an rtt all the same. */
  value = derived(resolver, section, key, why);
  if (value == NULL && !resolver->later) {
    g_free(*why);
    *why = g_strdup_printf("%s.%s is not set", section, key);
  }
  return value;
}

static Value *
get_rtt(gpointer data, char **why)
{
  const Place *place = data;

  return derived(place->resolver, place->part->name, "rtt", why);
}

static Value *
evaluate(Resolver *resolver, guint slot, const Cell *cell, char **why)
{
  Place place = {resolver, g_ptr_array_index(resolver->grid->slot_parts, slot)};
  EvalContext context = {&place,
                         get_variable,
                         get_key,
                         cell->spec->flags & PARAM_RTT ? get_rtt : NULL,
                         resolver->grid->folder,
                         FALSE};

  if (cell->node != NULL)
    return eval_value(&context, cell->node, cell->spec, why);
  *why = g_strdup("cannot be read");
  return NULL;
}

Value *
resolver_slot(Resolver *resolver, guint slot, char **why)
{
  const Cell *cell;
  Value *value;

  if (resolver->states[slot] == SLOT_DONE)
    return *place_of(resolver, slot);
  if (resolver->states[slot] == SLOT_BUSY) {
    *why = g_strdup("depends on itself");
    return NULL;
  }
  cell = resolver_cell(resolver, slot);
  if (cell == NULL || cell->value != NULL) {
    value = cell == NULL ? NULL : value_ref(cell->value);
  } else {
    if (resolver->depth >= DEPTH_MAX) {
      resolver->failed = slot;
      *why = g_strdup("too long a chain of keys that depend on keys");
      return NULL;
    }
    resolver->depth++;
    resolver->states[slot] = SLOT_BUSY;
    value = evaluate(resolver, slot, cell, why);
    resolver->depth--;
    if (value == NULL) {
      resolver->states[slot] = SLOT_UNKNOWN;
      if (!resolver->later)
        resolver->failed = slot;
      return NULL;
    }
  }
  resolver->states[slot] = SLOT_DONE;
  put(resolver, slot, value);
  return value;
}

static void
stand_in(Resolver *resolver, guint slot)
{
  const Part *part = g_ptr_array_index(resolver->grid->slot_parts, slot);
  const Cell *cell = part->defaults[slot - part->first];

  put(resolver, slot, cell == NULL || cell->value == NULL ? NULL : value_ref(cell->value));
  resolver->states[slot] = SLOT_LATER;
}

/* What a derived value was computed from must not have changed since. */
static gboolean
settled(Resolver *resolver, const GArray *later, char **why)
{
  for (guint i = 0; i < later->len; i++) {
    guint slot = g_array_index(later, guint, i);
    const Cell *cell = resolver_cell(resolver, slot);
    g_autoptr(Value) again =
        cell->value != NULL ? value_ref(cell->value) : evaluate(resolver, slot, cell, why);

    if (again != NULL && value_equal(again, *place_of(resolver, slot)))
      continue;
    resolver->failed = slot;
    g_free(*why);
    *why = g_strdup("depends on itself");
    return FALSE;
  }
  return TRUE;
}

gboolean
resolver_fill(Resolver *resolver, char **why)
{
  const GArray *dynamic = resolver->grid->dynamic;
  g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(guint));

  if (resolver->complete)
    return TRUE;
  for (guint i = 0; i < dynamic->len; i++) {
    guint slot = g_array_index(dynamic, guint, i);

    resolver->later = FALSE;
    if (resolver_slot(resolver, slot, why) != NULL || *why == NULL)
      continue;
    if (!resolver->later)
      return FALSE;
    g_clear_pointer(why, g_free);
    stand_in(resolver, slot);
    g_array_append_val(later, slot);
  }
  resolver->later = FALSE;
  resolver->complete = TRUE;
  for (guint i = 0; i < later->len; i++) {
    guint slot = g_array_index(later, guint, i);

    resolver_slot(resolver, slot, why);
    if (*why != NULL)
      return FALSE;
  }
  return settled(resolver, later, why);
}

EvalContext
resolver_context(Resolver *resolver)
{
  return (EvalContext){resolver->place, get_variable, get_key, NULL, resolver->grid->folder, TRUE};
}

void
resolver_move(Resolver *resolver, guint64 combination)
{
  const Grid *grid = resolver->grid;

  for (guint i = grid->factors->len; i-- > 0;) {
    const GridFactor *factor = g_ptr_array_index(grid->factors, i);

    resolver->digits[i] = (guint)(combination % factor->factor.n);
    combination /= factor->factor.n;
  }
  for (guint i = 0; i < grid->dynamic->len; i++) {
    guint slot = g_array_index(grid->dynamic, guint, i);

    if (resolver->states[slot] != SLOT_UNKNOWN)
      put(resolver, slot, NULL);
    resolver->states[slot] = SLOT_UNKNOWN;
  }
  resolver->complete = FALSE;
  resolver->later = FALSE;
}

Resolver *
resolver_new(const Grid *grid)
{
  Resolver *resolver = g_new0(Resolver, 1);
  Place *place = g_new0(Place, 1);
  char *why = NULL;

  resolver->grid = grid;
  resolver->digits = g_new0(guint, grid->factors->len + 1);
  resolver->states = g_new0(guint8, grid->slot_parts->len + 1);
  resolver->scenario = scenario_new();
  resolver->scenario->warmup_ns = grid->warmup_ns;
  resolver->scenario->duration_ns = grid->duration_ns;
  resolver->scenario->drain_ns = grid->drain_ns;
  resolver->scenario->record = grid->record;
  place->resolver = resolver;
  resolver->place = place;
  for (guint i = 0; i < grid->parts->len; i++) {
    const Part *part = g_ptr_array_index(grid->parts, i);

    g_ptr_array_add(resolver->scenario->sections, section_new(part->kind, part->name));
  }
  for (guint i = 0; i < grid->dynamic->len; i++)
    resolver->states[g_array_index(grid->dynamic, guint, i)] = SLOT_LATER;
  for (guint slot = 0; slot < grid->slot_parts->len; slot++)
    if (resolver->states[slot] == SLOT_UNKNOWN)
      resolver_slot(resolver, slot, &why);
  g_assert(why == NULL);
  return resolver;
}

void
resolver_free(Resolver *resolver)
{
  if (resolver == NULL)
    return;
  scenario_free(resolver->scenario);
  g_free(resolver->place);
  g_free(resolver->digits);
  g_free(resolver->states);
  g_free(resolver);
}
