#include "sim/study/eval.h"
#include "sim/study/allowed.h"

#include <math.h>
#include <string.h>

long double
eval_grain(const ParamSpec *spec)
{
  EvalContext none = {NULL};
  Quantity grain = {.x = 1};
  char *why = NULL;

  if (spec->grain != NULL) {
    g_autoptr(Node) node = node_parse_value(spec->grain, &why);

    g_assert(node != NULL && eval_quantity(&none, node, &grain, &why));
  }
  return grain.x;
}

const Node **
eval_arguments(const Node *call, const ParamSpec *params, char **why)
{
  const Node **arguments;
  guint n = 0;

  while (params[n].name != NULL)
    n++;
  arguments = g_new0(const Node *, n + 1);
  for (guint i = 0; i < call->n; i++) {
    guint at = i;

    if (call->names[i][0] != '\0')
      for (at = 0; at < n && strcmp(params[at].name, call->names[i]) != 0;)
        at++;
    if (at < n && arguments[at] == NULL && call->kids[i]->kind != NODE_PAIR) {
      arguments[at] = call->kids[i];
      continue;
    }
    *why = at >= n ? allowed_argument(call, params, call->names[i])
           : arguments[at] != NULL
               ? g_strdup_printf("%s is given twice", params[at].name)
               : g_strdup_printf("%s: no pair is due here", call->kids[i]->source);
    g_free(arguments);
    return NULL;
  }
  for (guint i = 0; i < n; i++) {
    if (arguments[i] != NULL || !(params[i].flags & PARAM_REQUIRED))
      continue;
    *why = g_strdup_printf("%s() needs %s", call->text, params[i].name);
    g_free(arguments);
    return NULL;
  }
  return arguments;
}

static gboolean
word_quantity(const EvalContext *context, const Node *node, Quantity *quantity, char **why)
{
  g_autoptr(Value) value = NULL;

  *quantity = (Quantity){.endless = TRUE};
  if (strcmp(node->text, "never") == 0 || strcmp(node->text, "unlimited") == 0) {
    quantity->dim = node->text[0] == 'n' ? DIM_TIME : DIM_NUMBER;
    return TRUE;
  }
  if (strcmp(node->text, "rtt") == 0) {
    if (context->rtt == NULL) {
      *why = g_strdup("rtt alone means nothing here; write NAME.rtt of a link or client");
      return FALSE;
    }
    value = context->rtt(context->data, why);
    return value != NULL && quantity_from_value(quantity, value);
  }
  *why = g_strdup_printf("%s is not a number", node->text);
  return FALSE;
}

static gboolean
value_quantity(Value *value, const Node *node, Quantity *quantity, char **why)
{
  g_autoptr(Value) owned = value;

  if (owned == NULL)
    return FALSE;
  if (quantity_from_value(quantity, owned))
    return TRUE;
  *why = g_strdup_printf("%s is not a number", node->source);
  return FALSE;
}

gboolean
eval_quantity(const EvalContext *context, const Node *node, Quantity *quantity, char **why)
{
  Quantity left, right;
  const Node *other;

  switch (node->kind) {
  case NODE_NUMBER:
    if (quantity_new(quantity, node->number, node->text))
      return TRUE;
    *why = allowed_unit(node, DIM_N);
    return FALSE;
  case NODE_WORD:
    return word_quantity(context, node, quantity, why);
  case NODE_VARIABLE:
    other = context->variable == NULL ? NULL : context->variable(context->data, node->text);
    if (other != NULL)
      return eval_quantity(context, other, quantity, why);
    *why = g_strdup_printf("no $%s may stand here", node->text);
    return FALSE;
  case NODE_KEY:
    if (context->key != NULL)
      return value_quantity(context->key(context->data, node->text, node->key, why), node, quantity,
                            why);
    *why = g_strdup_printf("%s: no other key may stand here", node->source);
    return FALSE;
  case NODE_CALL:
    if (eval_is_dist(node->text))
      return value_quantity(eval_dist(context, node, why), node, quantity, why);
    *why = g_strdup_printf("%s() is not a number", node->text);
    return FALSE;
  case NODE_OPERATOR:
    return eval_quantity(context, node->kids[0], &left, why) &&
           eval_quantity(context, node->kids[1], &right, why) &&
           quantity_combine(quantity, node->op, &left, &right, why);
  default:
    *why = g_strdup_printf("%s is not a number", node->source);
    return FALSE;
  }
}

/* What the message has to add when the text does not show the figure itself. */
static char *
comes_to(const Node *node, const Value *value, char *text)
{
  g_autofree char *owned = text, *figure = NULL;

  if (node->kind == NODE_NUMBER || node->kind == NODE_WORD)
    return g_steal_pointer(&owned);
  figure = value_to_string(value);
  return g_strdup_printf("%s is %s", figure, owned);
}

static gboolean
bound_of(const char *text, Quantity *bound)
{
  EvalContext none = {NULL};
  char *why = NULL;
  g_autoptr(Node) node = NULL;

  if (text == NULL)
    return FALSE;
  node = node_parse_value(text, &why);
  if (node == NULL || !eval_quantity(&none, node, bound, &why))
    g_error("a bound in the tables, %s: %s", text, why);
  return TRUE;
}

/* NULL: it fits the range; else why not. */
static char *
outside(const ParamSpec *spec, const Quantity *low_of, const Quantity *high_of)
{
  Quantity low, high;
  gboolean has_low = bound_of(spec->low, &low), has_high = bound_of(spec->high, &high);
  long double floor = has_low ? low.x : 0;

  /* A queue has two units; the bounds hold for the one they are written in. */
  if (has_low && low.dim != low_of->dim && low.dim != DIM_NUMBER)
    floor = 0;
  if (has_high && !high.endless && high.dim != high_of->dim && high.dim != DIM_NUMBER)
    has_high = FALSE;
  if (!low_of->endless && low_of->x < floor)
    return allowed_range(spec, has_low);
  if (has_high && !high.endless && !high_of->endless && high_of->x > high.x)
    return allowed_range(spec, TRUE);
  return NULL;
}

static gboolean
fits(const EvalContext *context, const Node *node, const ParamSpec *spec, const Quantity *quantity,
     const Value *value, char **why)
{
  long double grain = eval_grain(spec), parts;
  char *text;

  if (context->unbounded)
    return TRUE;
  text = outside(spec, quantity, quantity);
  if (text != NULL) {
    *why = comes_to(node, value, text);
    return FALSE;
  }
  if (quantity->endless || spec->type == PARAM_RATIO || spec->type == PARAM_NUMBER)
    return TRUE;
  parts = quantity->x / grain;
  if (fabsl(parts - roundl(parts)) <= 1e-6L ||
      (spec->grain == NULL && node->kind != NODE_NUMBER && quantity->dim != DIM_NUMBER))
    return TRUE;
  *why =
      comes_to(node, value,
               g_strdup_printf("not a whole number%s%s", spec->grain == NULL ? "" : " of ",
                               spec->grain == NULL ? quantity->dim == DIM_TIME   ? " of nanoseconds"
                                                     : quantity->dim == DIM_SIZE ? " of bytes"
                                                     : quantity->dim == DIM_RATE ? " of bit/s"
                                                                                 : ""
                               : strcmp(spec->grain, "1s") == 0 ? "seconds"
                                                                : spec->grain));
  return FALSE;
}

static gboolean
dim_fits(const ParamSpec *spec, const Quantity *quantity)
{
  Dim due = quantity_dim_of(spec->type);

  return quantity->dim == due ||
         (due == DIM_SIZE && spec->type == PARAM_QUEUE && quantity->dim == DIM_PACKETS) ||
         (due == DIM_RATIO && quantity->quotient);
}

static Value *
number_value(const ParamSpec *spec, const Quantity *quantity, char **why)
{
  Quantity typed = *quantity;
  Value *value;

  if (spec->type == PARAM_NUMBER && isfinite((double)quantity->x))
    return value_new_real((double)quantity->x, UNIT_NONE);
  if (spec->type == PARAM_RATIO)
    typed.dim = DIM_RATIO;
  value = isfinite((double)quantity->x) ? quantity_to_value(&typed) : NULL;
  if (value == NULL)
    *why = spec->high == NULL ? g_strdup("too large a number") : allowed_range(spec, TRUE);
  if (value == NULL || spec->type != PARAM_DIST)
    return value;
  value_unref(value);
  return value_new_dist(dist_constant((double)roundl(quantity->x)));
}

static Value *
eval_number(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  Quantity quantity;
  g_autoptr(Value) value = NULL;

  if (node->kind == NODE_NUMBER && !quantity_new(&quantity, node->number, node->text)) {
    *why = allowed_unit(node, quantity_dim_of(spec->type));
    return NULL;
  }
  if (!eval_quantity(context, node, &quantity, why))
    return NULL;
  if (quantity.endless) {
    const char *word = allowed_endless(spec);

    if (word == NULL) {
      *why = allowed_word(spec, quantity.dim == DIM_TIME ? "never" : "unlimited");
      return NULL;
    }
    return eval_value(context, &(Node){NODE_WORD, .text = (char *)word, .source = (char *)word},
                      spec, why);
  }
  if (!dim_fits(spec, &quantity)) {
    *why = allowed_dim(spec, node, &quantity);
    return NULL;
  }
  /* What is computed falls on the grain of the key, what is written has to stand on it. */
  if (spec->grain != NULL && node->kind != NODE_NUMBER)
    quantity.x = roundl(quantity.x / eval_grain(spec)) * eval_grain(spec);
  value = number_value(spec, &quantity, why);
  if (value == NULL || !fits(context, node, spec, &quantity, value, why))
    return NULL;
  return g_steal_pointer(&value);
}

static Value *
eval_call(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  const CallSpec *call = spec->calls;
  g_autofree const Node **arguments = NULL;
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func((GDestroyNotify)value_unref);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  Value *value;

  while (call != NULL && call->name != NULL && strcmp(call->name, node->text) != 0)
    call++;
  if (call == NULL || call->name == NULL) {
    *why = allowed_call(spec, node->text);
    return NULL;
  }
  arguments = eval_arguments(node, call->params, why);
  if (arguments == NULL)
    return NULL;
  for (guint i = 0; call->params[i].name != NULL; i++) {
    g_autofree char *inner = NULL;
    Value *argument;

    if (arguments[i] == NULL)
      continue;
    argument = eval_value(context, arguments[i], &call->params[i], &inner);
    if (argument == NULL) {
      *why = g_strdup_printf("%s = %s: %s", call->params[i].name, arguments[i]->source, inner);
      return NULL;
    }
    g_ptr_array_add(values, argument);
    g_ptr_array_add(names, (gpointer)call->params[i].name);
  }
  value = value_new_call(call->name, (const char *const *)names->pdata, (Value **)values->pdata,
                         values->len);
  value->call.leading = arguments[0] != NULL;
  g_ptr_array_set_free_func(values, NULL);
  return value;
}

static Value *
eval_distribution(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  g_autoptr(Value) value = eval_dist(context, node, why);
  Quantity low = {.dim = DIM_TIME}, high = {.dim = DIM_TIME};
  double largest;

  if (value == NULL || context->unbounded)
    return g_steal_pointer(&value);
  largest = dist_max(value->dist);
  /* A tail is judged by its median, at both ends: exponential() begins at 0 and has no end. */
  low.x = (long double)dist_median(value->dist);
  high.x = (long double)(isfinite(largest) ? largest : dist_median(value->dist));
  *why = outside(spec, &low, &high);
  return *why == NULL ? g_steal_pointer(&value) : NULL;
}

/* never and unlimited are the largest numbers where numbers are due, other words stay words. */
static Value *
eval_word(const ParamSpec *spec, const char *word, char **why)
{
  Quantity endless = {.endless = TRUE, .dim = quantity_dim_of(spec->type)};
  gboolean known = FALSE;

  if (spec->type == PARAM_FLAG) {
    if (strcmp(word, "yes") == 0 || strcmp(word, "no") == 0)
      return value_new_int(word[0] == 'y', UNIT_NONE);
    *why = g_strdup("allowed: yes, no");
    return NULL;
  }
  for (const char *const *known_word = spec->words; known_word != NULL && *known_word; known_word++)
    known |= strcmp(*known_word, word) == 0;
  if (!known) {
    *why = allowed_word(spec, word);
    return NULL;
  }
  if (strcmp(word, "never") != 0 && strcmp(word, "unlimited") != 0)
    return value_new_text(word);
  if (spec->type == PARAM_QUEUE)
    endless.dim = DIM_PACKETS;
  if (endless.dim == DIM_N || endless.dim == DIM_RATIO || spec->type == PARAM_DIST ||
      spec->type == PARAM_NUMBER)
    return value_new_text(word);
  return quantity_to_value(&endless);
}

static Value *
eval_text(const ParamSpec *spec, const char *text, char **why)
{
  glong n = g_utf8_strlen(text, -1);

  if ((spec->type == PARAM_TEXT && spec->low != NULL && n < atol(spec->low)) ||
      (spec->type == PARAM_TEXT && spec->high != NULL && n > atol(spec->high))) {
    *why = g_strdup_printf("%ld characters; allowed: %s to %s", n, spec->low, spec->high);
    return NULL;
  }
  if (spec->type == PARAM_TOPIC && strlen(text) > 65535) {
    *why = g_strdup("a topic has at most 65535 bytes");
    return NULL;
  }
  return value_new_text(text);
}

static Value *
eval_list(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func((GDestroyNotify)value_unref);
  ParamSpec element = *spec;
  Value *list;

  element.flags &= ~(guint)PARAM_IS_LIST;
  if (spec->type == PARAM_PATH)
    element.type = PARAM_REF;
  for (guint i = 0; i < node->n; i++) {
    Value *value = eval_value(context, node->kids[i], &element, why);

    if (value == NULL)
      return NULL;
    g_ptr_array_add(values, value);
  }
  list = value_new_list((Value **)values->pdata, values->len);
  g_ptr_array_set_free_func(values, NULL);
  return list;
}

static Value *
eval_variable(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  const Node *other =
      context->variable == NULL ? NULL : context->variable(context->data, node->text);
  g_autoptr(Node) typed = NULL;

  if (other == NULL) {
    *why = g_strdup_printf("no $%s may stand here", node->text);
    return NULL;
  }
  typed = node_parse_typed(other->source, spec, why);
  return typed == NULL ? NULL : eval_value(context, typed, spec, why);
}

Value *
eval_value(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why)
{
  gboolean rtt = node->kind == NODE_WORD && strcmp(node->text, "rtt") == 0;

  if (node->kind == NODE_VARIABLE)
    return eval_variable(context, node, spec, why);
  if (node->kind == NODE_LIST || spec->type == PARAM_PATH || (spec->flags & PARAM_IS_LIST)) {
    const Node *one[] = {node};
    Node list = {NODE_LIST, .n = 1, .kids = (Node **)one};

    return eval_list(context, node->kind == NODE_LIST ? node : &list, spec, why);
  }
  switch (spec->type) {
  case PARAM_TEXT:
  case PARAM_TOPIC:
  case PARAM_COND:
  case PARAM_METRIC:
  case PARAM_FACTOR:
    return eval_text(spec, node->source, why);
  case PARAM_REF:
  case PARAM_PATH:
    return value_new_text(node->source);
  case PARAM_WORD:
    if (node->kind != NODE_CALL)
      return eval_word(spec, node->source, why);
    break;
  case PARAM_CALL:
    if (node->kind != NODE_WORD && node->kind != NODE_CALL) {
      *why = allowed_word(spec, node->source);
      return NULL;
    }
    break;
  default:
    break;
  }
  if (node->kind == NODE_WORD && (!rtt || spec->type == PARAM_FLAG))
    return eval_word(spec, node->source, why);
  if (node->kind == NODE_CALL && spec->type == PARAM_DIST && eval_is_dist(node->text))
    return eval_distribution(context, node, spec, why);
  if (node->kind == NODE_CALL)
    return eval_call(context, node, spec, why);
  if (quantity_dim_of(spec->type) == DIM_N) {
    *why =
        spec->type == PARAM_FLAG ? g_strdup("allowed: yes, no") : allowed_word(spec, node->source);
    return NULL;
  }
  return eval_number(context, node, spec, why);
}

Value *
eval_natural(const EvalContext *context, const Node *node)
{
  g_autofree char *why = NULL;
  Quantity quantity;
  Value *value = NULL;

  if (node->kind == NODE_CALL && eval_is_dist(node->text)) {
    value = eval_dist(context, node, &why);
  } else if (eval_quantity(context, node, &quantity, &why) && !quantity.endless) {
    value = quantity_to_value(&quantity);
  }
  return value != NULL ? value : value_new_text(node->source);
}
