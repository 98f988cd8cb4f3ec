#include "sim/study/allowed.h"
#include "sim/study/study.h"

#include <string.h>

struct _Condition {
  const Grid *grid;
  Node *node;
};

G_DEFINE_QUARK(qosim - condition - error - quark, condition_error)

/* A side that is a key says how the other side is read: words, calls and paths are as in the file.
 * */
static gboolean
type_side(const Grid *grid, Node *node, guint from, char **why)
{
  const Node *key = node->kids[from];
  Node *other = node->kids[1 - from];
  guint slot;
  const Part *part;

  if (key->kind != NODE_KEY || !grid_slot(grid, key->text, key->key, &slot) ||
      other->kind == NODE_KEY || node->spec != NULL)
    return TRUE;
  part = grid_part(grid, key->text);
  node->spec = spec_param(part->kind, key->key);
  node->kids[1 - from] = node_parse_typed(other->source, node->spec, why);
  if (node->kids[1 - from] == NULL) {
    node->kids[1 - from] = other;
    return FALSE;
  }
  node_free(other);
  return TRUE;
}

static gboolean
known_names(const Grid *grid, const Node *node, char **why)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *nearest;
  guint slot;

  for (guint i = 0; node->kind == NODE_VARIABLE && i < grid->factors->len; i++) {
    const GridFactor *factor = g_ptr_array_index(grid->factors, i);

    if (factor->nodes == NULL)
      continue;
    if (strcmp(factor->factor.name + 1, node->text) == 0)
      return TRUE;
    g_ptr_array_add(names, factor->factor.name + 1);
  }
  if (node->kind == NODE_VARIABLE) {
    nearest = spec_nearest(node->text, (const char *const *)names->pdata, names->len);
    *why = g_strdup_printf("no $%s in [sweep]%s%s", node->text,
                           nearest == NULL ? "" : "; nearest: $", nearest == NULL ? "" : nearest);
    return FALSE;
  }
  if (node->kind == NODE_KEY) {
    const Part *part = grid_part(grid, node->text);
    g_autofree char *allowed = NULL;

    if (part == NULL) {
      *why = g_strdup_printf("no section %s", node->text);
      return FALSE;
    }
    if (grid_slot(grid, node->text, node->key, &slot) ||
        (grid->model.derived != NULL && strcmp(node->key, "rtt") == 0))
      return TRUE;
    allowed = allowed_key(part->kind, node->key);
    *why = g_strdup_printf("[%s %s] %s", part->kind->kind, part->name, allowed);
    return FALSE;
  }
  for (guint i = 0; i < node->n; i++)
    if (!known_names(grid, node->kids[i], why))
      return FALSE;
  return TRUE;
}

/* A comparison of two constants is a slip: the key's section was left out. */
static gboolean
compares_something(const Node *node, char **why)
{
  if (node->kind == NODE_COMPARE && node_is_constant(node)) {
    *why = g_strdup_printf("%s names no SECTION.KEY and no $NAME", node->source);
    return FALSE;
  }
  for (guint i = 0; i < node->n && node->kind != NODE_COMPARE; i++)
    if (!compares_something(node->kids[i], why))
      return FALSE;
  return TRUE;
}

static gboolean
type_sides(const Grid *grid, Node *node, char **why)
{
  if (node->kind == NODE_COMPARE)
    return type_side(grid, node, 0, why) && type_side(grid, node, 1, why);
  for (guint i = 0; i < node->n; i++)
    if (!type_sides(grid, node->kids[i], why))
      return FALSE;
  return TRUE;
}

/* What a constant side says is known at once, so a wrong word is found before the first point. */
static gboolean
constants_fit(const Node *node, char **why)
{
  EvalContext none = {.unbounded = TRUE};

  if (node->kind == NODE_COMPARE) {
    for (guint i = 0; i < 2 && node->spec != NULL; i++) {
      g_autofree char *inner = NULL;
      g_autoptr(Value) value = NULL;

      if (node->kids[i]->kind == NODE_KEY || !node_is_constant(node->kids[i]))
        continue;
      value = eval_value(&none, node->kids[i], node->spec, &inner);
      if (value != NULL)
        continue;
      *why = g_strdup_printf("%s: %s", node->source, inner);
      return FALSE;
    }
    return TRUE;
  }
  for (guint i = 0; i < node->n; i++)
    if (!constants_fit(node->kids[i], why))
      return FALSE;
  return TRUE;
}

Node *
condition_parse(const Grid *grid, const char *text, char **why)
{
  g_autoptr(Node) node = node_parse_condition(text, why);

  if (node == NULL || !compares_something(node, why) || !known_names(grid, node, why) ||
      !type_sides(grid, node, why) || !constants_fit(node, why))
    return NULL;
  return g_steal_pointer(&node);
}

static Value *
side(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  if (node->kind == NODE_KEY)
    return context->key(context->data, node->text, node->key, why);
  if (spec != NULL)
    return eval_value(context, node, spec, why);
  return eval_natural(context, node);
}

static gboolean
compare(char op, const Value *a, const Value *b, char **why)
{
  Quantity x, y;
  gint order;

  if (a->kind == VALUE_TEXT && b->kind == VALUE_TEXT && (op == '=' || op == '!'))
    return (strcmp(a->text, b->text) == 0) == (op == '=');
  if (quantity_from_value(&x, a) && quantity_from_value(&y, b)) {
    gboolean same = a->kind == VALUE_DIST && b->kind == VALUE_DIST && value_equal(a, b);

    if (x.dim != y.dim && !x.endless && !y.endless) {
      *why = g_strdup_printf("%s is compared with %s", quantity_dim_name(x.dim),
                             quantity_dim_name(y.dim));
      return FALSE;
    }
    if (a->kind == VALUE_DIST && b->kind == VALUE_DIST && (op == '=' || op == '!'))
      return same == (op == '=');
    order = x.endless || y.endless ? x.endless - y.endless : (x.x > y.x) - (x.x < y.x);
    switch (op) {
    case '=':
      return order == 0;
    case '!':
      return order != 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case 'l':
      return order <= 0;
    default:
      return order >= 0;
    }
  }
  if (op == '=' || op == '!')
    return value_equal(a, b) == (op == '=');
  *why = g_strdup("only numbers have an order");
  return FALSE;
}

static gboolean
test_comparison(const Node *node, Resolver *resolver, char **why)
{
  EvalContext context = resolver_context(resolver);
  g_autoptr(Value) a = side(&context, node->kids[0], node->spec, why);
  g_autoptr(Value) b = a == NULL ? NULL : side(&context, node->kids[1], node->spec, why);
  gboolean holds;
  g_autofree char *inner = NULL;

  if (a == NULL || b == NULL)
    return FALSE;
  holds = compare(node->op, a, b, &inner);
  if (inner != NULL)
    *why = g_strdup_printf("%s: %s", node->source, inner);
  return holds;
}

gboolean
condition_test(const Node *node, Resolver *resolver, char **why)
{
  gboolean first;

  switch (node->kind) {
  case NODE_NOT:
    return !condition_test(node->kids[0], resolver, why) && *why == NULL;
  case NODE_AND:
  case NODE_OR:
    first = condition_test(node->kids[0], resolver, why);
    if (*why != NULL || first == (node->kind == NODE_OR))
      return first;
    return condition_test(node->kids[1], resolver, why);
  default:
    break;
  }
  first = test_comparison(node, resolver, why);
  if (*why == NULL || !resolver->later || resolver->complete)
    return first;
  /* It asks for a derived value: everything else has to be in place first. */
  g_clear_pointer(why, g_free);
  if (!resolver_fill(resolver, why))
    return FALSE;
  return test_comparison(node, resolver, why);
}

Condition *
condition_new(const Grid *grid, const char *text, GError **error)
{
  g_autofree char *why = NULL;
  Node *node = condition_parse(grid, text, &why);
  Condition *condition;

  if (node == NULL) {
    g_set_error_literal(error, CONDITION_ERROR, CONDITION_ERROR_SYNTAX, why);
    return NULL;
  }
  condition = g_new0(Condition, 1);
  condition->grid = grid;
  condition->node = node;
  return condition;
}

void
condition_free(Condition *condition)
{
  if (condition == NULL)
    return;
  node_free(condition->node);
  g_free(condition);
}

gboolean
condition_holds(const Condition *condition, guint point)
{
  g_autoptr(Resolver) resolver = resolver_new(condition->grid);
  g_autofree char *why = NULL;

  g_assert(point >= 1 && point <= condition->grid->points->len);
  resolver_move(resolver, g_array_index(condition->grid->points, guint64, point - 1));
  return condition_test(condition->node, resolver, &why) && why == NULL;
}
