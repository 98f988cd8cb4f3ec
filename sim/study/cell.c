#include "sim/study/study.h"

#include <string.h>

/* A value for each use of each variable: hostile files end here. */
#define CELLS_MAX 300000
#define UNKNOWN_MAX 500

static Cell *cell_make(Load *load, const Cell *place, const char *label, const char *text,
                       gboolean nested);

void
cell_free(Cell *cell)
{
  g_free(cell->label);
  g_free(cell->text);
  g_free(cell->choices);
  node_free(cell->node);
  value_unref(cell->value);
  g_free(cell);
}

void
load_problem(Load *load, const Cell *cell, const char *why)
{
  g_autofree char *found = problem_found(cell->text);

  problem_add(load->problems, cell->file, cell->line, "%s = %s: %s", cell->label, found, why);
}

static GridFactor *
variable(const Load *load, const char *name, guint *at)
{
  for (guint i = 0; i < load->grid->factors->len; i++) {
    GridFactor *factor = g_ptr_array_index(load->grid->factors, i);

    if (factor->nodes != NULL && strcmp(factor->factor.name + 1, name) == 0) {
      *at = i;
      return factor;
    }
  }
  return NULL;
}

static void
unknown_variable(Load *load, const Cell *cell, const char *name)
{
  LoadUnknown *unknown;

  if (load->unknown->len >= UNKNOWN_MAX)
    return;
  unknown = g_new0(LoadUnknown, 1);
  unknown->name = g_strdup(name);
  unknown->label = g_strdup_printf("%s = %s", cell->label, cell->text);
  unknown->file = cell->file;
  unknown->line = cell->line;
  g_ptr_array_add(load->unknown, unknown);
}

static void
use(GridFactor *factor, const Cell *cell)
{
  factor->used = TRUE;
  if (factor->used_line == 0)
    factor->used_line = cell->line;
}

/* Marks the variables of a tree as used; FALSE: one of them cannot be. */
static gboolean
use_variables(Load *load, const Cell *cell, const Node *node)
{
  gboolean known = TRUE;
  guint at;

  if (node->kind == NODE_VARIABLE) {
    GridFactor *factor = variable(load, node->text, &at);

    if (factor == NULL) {
      unknown_variable(load, cell, node->text);
      return FALSE;
    }
    use(factor, cell);
    return TRUE;
  }
  for (guint i = 0; i < node->n; i++)
    known &= use_variables(load, cell, node->kids[i]);
  return known;
}

static void
choose(Load *load, Cell *cell, const Node *node)
{
  guint at = 0;
  GridFactor *factor = variable(load, node->text, &at);
  g_autofree char *label = g_strdup_printf("%s = %s", cell->label, cell->text);

  use(factor, cell);
  if (load->grid->cells->len + factor->factor.n > CELLS_MAX) {
    load_problem(load, cell, "too many uses of too many values");
    return;
  }
  cell->factor = at;
  cell->n = factor->factor.n;
  cell->choices = g_new0(Cell *, cell->n);
  for (guint i = 0; i < cell->n; i++)
    cell->choices[i] = cell_make(load, cell, label, factor->factor.texts[i], TRUE);
}

static gboolean
prose(const ParamSpec *spec)
{
  return spec->type == PARAM_TEXT || spec->type == PARAM_COND || spec->type == PARAM_METRIC ||
         spec->type == PARAM_FACTOR || spec->type == PARAM_WORD || spec->type == PARAM_REF;
}

static gboolean
is_constant(const ParamSpec *spec, const Node *node)
{
  return node_is_constant(node) || (node->kind == NODE_WORD && prose(spec)) ||
         (node->kind == NODE_LIST && prose(spec) && !strchr(node->source, '$') && node->n > 0 &&
          node->kids[0]->kind == NODE_WORD);
}

gboolean
cell_names_variable(const Node *node)
{
  if (node->kind == NODE_VARIABLE)
    return TRUE;
  for (guint i = 0; i < node->n; i++)
    if (cell_names_variable(node->kids[i]))
      return TRUE;
  return FALSE;
}

static Cell *
cell_make(Load *load, const Cell *place, const char *label, const char *text, gboolean nested)
{
  Cell *cell = g_new0(Cell, 1);
  EvalContext context = {.folder = load->grid->folder};
  g_autoptr(Node) node = NULL;
  g_autofree char *why = NULL;
  guint at;

  g_ptr_array_add(load->grid->cells, cell);
  cell->file = place->file;
  cell->line = place->line;
  cell->spec = place->spec;
  cell->label = g_strdup(label);
  cell->text = g_strdup(text);
  if (load->problems->len > PROBLEMS_MAX)
    return cell; /* nobody reads more, and nothing will run */
  node = node_parse_typed(text, cell->spec, &why);
  if (node == NULL) {
    load_problem(load, cell, why);
    return cell;
  }
  if (nested && cell_names_variable(node))
    return cell; /* said where it is swept */
  if (node->kind == NODE_VARIABLE && variable(load, node->text, &at) != NULL) {
    choose(load, cell, node);
    return cell;
  }
  if (!is_constant(cell->spec, node)) {
    if (use_variables(load, cell, node))
      cell->node = g_steal_pointer(&node);
    return cell;
  }
  cell->value = eval_value(&context, node, cell->spec, &why);
  if (cell->value == NULL)
    load_problem(load, cell, why);
  return cell;
}

Cell *
cell_new(Load *load, const char *file, guint line, const char *label, const char *text,
         const ParamSpec *spec)
{
  Cell place = {.file = file, .line = line, .spec = spec};

  return cell_make(load, &place, label, text, FALSE);
}

Cell *
cell_new_swept(Load *load, guint at, const ParamSpec *spec)
{
  GridFactor *factor = g_ptr_array_index(load->grid->factors, at);
  g_autofree char *label = g_strdup_printf("[sweep] %s", factor->factor.name);
  Cell place = {.file = factor->file, .line = factor->factor.line, .spec = spec};
  Cell *cell = g_new0(Cell, 1);

  g_ptr_array_add(load->grid->cells, cell);
  cell->file = place.file;
  cell->line = place.line;
  cell->spec = spec;
  cell->label = g_strdup(label);
  cell->text = g_strdup("");
  cell->factor = at;
  cell->n = factor->factor.n;
  cell->choices = g_new0(Cell *, cell->n);
  factor->used = TRUE;
  for (guint i = 0; i < cell->n; i++)
    cell->choices[i] = cell_make(load, &place, label, factor->factor.texts[i], FALSE);
  return cell;
}

void
cell_leaves(Load *load, Cell *cell, CellVisit visit, gpointer data)
{
  if (cell == NULL)
    return;
  if (cell->choices == NULL) {
    visit(load, cell, data);
    return;
  }
  for (guint i = 0; i < cell->n; i++)
    cell_leaves(load, cell->choices[i], visit, data);
}
