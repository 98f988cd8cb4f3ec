#include "sim/study/node.h"

#include <string.h>

gboolean
node_is_name(const char *text, gsize n)
{
  if (n == 0 || !g_ascii_islower(text[0]))
    return FALSE;
  for (gsize i = 1; i < n; i++)
    if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) && text[i] != '-')
      return FALSE;
  return TRUE;
}

gboolean
node_is_variable(const char *text)
{
  return text[0] == '$' && node_is_name(text + 1, strlen(text + 1));
}

GPtrArray *
node_split(const char *text, char separator)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
  const char *start = text;
  guint depth = 0;

  for (const char *c = text;; c++) {
    if (*c == '(')
      depth++;
    if (*c == ')' && depth > 0)
      depth--;
    if (*c != '\0' && (*c != separator || depth > 0))
      continue;
    g_ptr_array_add(parts, g_strstrip(g_strndup(start, (gsize)(c - start))));
    if (*c == '\0')
      break;
    start = c + 1;
  }
  return parts;
}

gboolean
node_is_constant(const Node *node)
{
  if (node->kind == NODE_VARIABLE || node->kind == NODE_KEY)
    return FALSE;
  if (node->kind == NODE_WORD && strcmp(node->text, "rtt") == 0)
    return FALSE;
  for (guint i = 0; i < node->n; i++)
    if (!node_is_constant(node->kids[i]))
      return FALSE;
  return TRUE;
}

static Node *
list_of(GPtrArray *texts, const ParamSpec *element, char **why)
{
  g_autoptr(Node) list = node_raw("");

  list->kind = NODE_LIST;
  list->kids = g_new0(Node *, texts->len);
  list->names = g_new0(char *, texts->len);
  for (guint i = 0; i < texts->len; i++) {
    const char *text = g_ptr_array_index(texts, i);

    if (text[0] == '\0') {
      *why = g_strdup("a list with an empty element");
      return NULL;
    }
    list->kids[i] = node_parse_typed(text, element, why);
    if (list->kids[i] == NULL)
      return NULL;
    list->n++;
  }
  return g_steal_pointer(&list);
}

static Node *
parse_reference(const char *text, const ParamSpec *spec, char **why)
{
  g_autoptr(GPtrArray) words = NULL;

  if ((spec->flags & PARAM_EACH) && g_str_has_prefix(text, "each ")) {
    ParamSpec one = *spec;

    words = node_split(text, ' ');
    for (guint i = words->len; i-- > 0;)
      if (*(char *)g_ptr_array_index(words, i) == '\0')
        g_ptr_array_remove_index(words, i);
    if (words->len != 2) {
      *why = g_strdup("each takes one name");
      return NULL;
    }
    one.flags &= ~(guint)PARAM_EACH;
    return list_of(words, &one, why);
  }
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isalnum(*c) && *c != '-' && *c != '.') {
      *why = g_strdup("not a name");
      return NULL;
    }
  return node_raw(text);
}

static Node *
parse_list(const char *text, const ParamSpec *spec, char separator, char **why)
{
  g_autoptr(GPtrArray) parts = node_split(text, separator);
  ParamSpec element = *spec;

  element.flags &= ~(guint)PARAM_IS_LIST;
  if (separator == '>')
    element.type = PARAM_REF;
  return list_of(parts, &element, why);
}

Node *
node_parse_typed(const char *text, const ParamSpec *spec, char **why)
{
  gboolean prose = spec->type == PARAM_TEXT || spec->type == PARAM_COND ||
                   spec->type == PARAM_METRIC || spec->type == PARAM_FACTOR;

  if (text[0] == '\0') {
    *why = g_strdup("the value is missing");
    return NULL;
  }
  if (spec->flags & PARAM_IS_LIST)
    return parse_list(text, spec, ',', why);
  for (const char *const *word = spec->words; word != NULL && *word != NULL; word++)
    if (strcmp(*word, text) == 0)
      return node_raw(text);
  if (prose)
    return node_raw(text);
  if (node_is_variable(text))
    return node_parse_value(text, why);
  switch (spec->type) {
  case PARAM_TOPIC:
  case PARAM_WORD:
    return node_raw(text);
  case PARAM_PATH:
    return parse_list(text, spec, '>', why);
  case PARAM_REF:
    return parse_reference(text, spec, why);
  default:
    return node_parse_value(text, why);
  }
}
