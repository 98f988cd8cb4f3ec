#include "sim/study/node.h"

#include <string.h>

/* Deeper than any value means something; it keeps hostile input off the stack. */
#define DEPTH_MAX 40

typedef struct {
  const char *start, *c;
  gboolean condition;
  guint depth;
  char *why; /* the first error */
} Parser;

static Node *parse_or(Parser *parser);
static Node *parse_sum(Parser *parser);

void
node_free(Node *node)
{
  if (node == NULL)
    return;
  for (guint i = 0; i < node->n; i++) {
    node_free(node->kids[i]);
    g_free(node->names[i]);
  }
  g_free(node->kids);
  g_free(node->names);
  g_free(node->text);
  g_free(node->key);
  g_free(node->source);
  g_free(node);
}

static Node *
node_new(NodeKind kind, const char *text, gsize n)
{
  Node *node = g_new0(Node, 1);

  node->kind = kind;
  node->text = g_strndup(text, n);
  return node;
}

Node *
node_raw(const char *text)
{
  Node *node = node_new(NODE_WORD, text, strlen(text));

  node->source = g_strdup(text);
  return node;
}

/* Takes the kid; NULL kid: nothing happens. */
static void
node_add(Node *node, Node *kid, const char *name)
{
  if (kid == NULL)
    return;
  node->kids = g_renew(Node *, node->kids, node->n + 1);
  node->names = g_renew(char *, node->names, node->n + 1);
  node->kids[node->n] = kid;
  node->names[node->n++] = g_strdup(name);
}

static Node *fail(Parser *parser, const char *format, ...) G_GNUC_PRINTF(2, 3);

static Node *
fail(Parser *parser, const char *format, ...)
{
  va_list arguments;

  if (parser->why != NULL)
    return NULL;
  va_start(arguments, format);
  parser->why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return NULL;
}

static gboolean
blank(char c)
{
  return c == ' ' || c == '\t';
}

static void
skip(Parser *parser)
{
  while (blank(*parser->c))
    parser->c++;
}

static gsize
word_length(const char *c)
{
  gsize n = 0;

  if (!g_ascii_isalpha(c[0]) && c[0] != '_')
    return 0;
  while (g_ascii_isalnum(c[n]) || c[n] == '_' || c[n] == '-' ||
         (c[n] == '.' && g_ascii_isdigit(c[n + 1])))
    n++;
  return n;
}

static gboolean
keyword(const char *c, const char *word)
{
  gsize n = word_length(c);

  return n == strlen(word) && strncmp(c, word, n) == 0;
}

static Node *
parse_number(Parser *parser)
{
  static const char *const no_units[] = {"and", "or", "not", "step", "points"};
  gboolean negative = *parser->c == '-';
  const char *from, *unit;
  long double number;
  gsize n = 0;
  Node *node;

  if (negative)
    parser->c++;
  from = value_scan_number(parser->c, &number);
  if (from == NULL)
    return fail(parser, "a number is missing after -");
  for (unit = from; blank(*unit); unit++)
    continue;
  if (*unit == '%') {
    n = 1;
  } else if (g_ascii_isalpha(*unit)) {
    while (g_ascii_isalnum(unit[n]))
      n++;
    if (unit[n] == '/' && unit[n + 1] == 's' && !g_ascii_isalnum(unit[n + 2]))
      n += 2;
    for (gsize i = 0; i < G_N_ELEMENTS(no_units) && unit > from; i++)
      if (n == strlen(no_units[i]) && strncmp(unit, no_units[i], n) == 0)
        n = 0;
  }
  node = node_new(NODE_NUMBER, unit, n);
  node->number = negative ? -number : number;
  parser->c = n == 0 ? from : unit + n;
  return node;
}

/* A file name is taken as it stands, up to the comma or the closing parenthesis. */
static Node *
parse_file(Parser *parser)
{
  gsize n = strcspn(parser->c, ",)");
  Node *node;
  g_autofree char *text = g_strstrip(g_strndup(parser->c, n));

  parser->c += n;
  node = node_raw(text);
  return node;
}

static Node *
parse_argument(Parser *parser, char **name)
{
  gsize n = word_length(parser->c);
  const char *after = parser->c + n;
  Node *value, *pair;

  while (n > 0 && blank(*after))
    after++;
  if (n > 0 && *after == '=') {
    *name = g_strndup(parser->c, n);
    parser->c = after + 1;
    skip(parser);
  }
  value = parse_sum(parser);
  skip(parser);
  if (value == NULL || *parser->c != ':')
    return value;
  parser->c++;
  skip(parser);
  pair = node_new(NODE_PAIR, "", 0);
  node_add(pair, value, "");
  node_add(pair, parse_sum(parser), "");
  return pair;
}

static Node *
parse_call(Parser *parser, gsize n)
{
  Node *node = node_new(NODE_CALL, parser->c, n);
  gboolean file = strcmp(node->text, "samples") == 0;

  parser->c += n + 1;
  skip(parser);
  while (*parser->c != ')') {
    g_autofree char *name = g_strdup("");
    const char *start = parser->c;
    Node *kid;

    g_clear_pointer(&name, g_free);
    kid = file && node->n == 0 ? parse_file(parser) : parse_argument(parser, &name);
    if (kid != NULL && kid->source == NULL) {
      kid->source = g_strchomp(g_strndup(start, (gsize)(parser->c - start)));
    }
    node_add(node, kid, name == NULL ? "" : name);
    if (kid == NULL)
      break;
    skip(parser);
    if (*parser->c == ',') {
      parser->c++;
      skip(parser);
    } else if (*parser->c != ')') {
      fail(parser, "%s(: the ) is missing", node->text);
      break;
    }
  }
  if (parser->why != NULL) {
    node_free(node);
    return NULL;
  }
  parser->c++;
  return node;
}

static Node *
parse_name(Parser *parser)
{
  gsize n = word_length(parser->c), key = 0;
  Node *node;

  if (parser->c[n] == '(')
    return parse_call(parser, n);
  if (parser->c[n] == '.' && g_ascii_islower(parser->c[n + 1])) {
    const char *c = parser->c + n + 1;

    while (g_ascii_isalnum(c[key]) || c[key] == '_')
      key++;
    node = node_new(NODE_KEY, parser->c, n);
    node->key = g_strndup(c, key);
    parser->c = c + key;
    return node;
  }
  n += parser->c[n] == '%'; /* NaN% is one word, and no ratio */
  node = node_new(NODE_WORD, parser->c, n);
  parser->c += n;
  return node;
}

static Node *
parse_operand(Parser *parser)
{
  const char *start = parser->c;
  Node *node = NULL;

  if (parser->depth >= DEPTH_MAX)
    return fail(parser, "too many parentheses");
  parser->depth++;
  if (*parser->c == '(') {
    parser->c++;
    skip(parser);
    node = parser->condition ? parse_or(parser) : parse_sum(parser);
    skip(parser);
    if (node != NULL && *parser->c != ')') {
      fail(parser, "a ) is missing");
      g_clear_pointer(&node, node_free);
    } else if (node != NULL) {
      parser->c++;
    }
  } else if (*parser->c == '$') {
    gsize n = 0;

    parser->c++;
    while (g_ascii_islower(parser->c[n]) ||
           (n > 0 && (g_ascii_isdigit(parser->c[n]) || parser->c[n] == '-')))
      n++;
    if (n == 0) {
      fail(parser, "a name is missing after $");
    } else {
      node = node_new(NODE_VARIABLE, parser->c, n);
      parser->c += n;
    }
  } else if (g_ascii_isdigit(*parser->c) || *parser->c == '-') {
    node = parse_number(parser);
  } else if (word_length(parser->c) > 0) {
    node = parse_name(parser);
  } else if (*parser->c == '\0') {
    fail(parser, "a value is missing");
  } else {
    fail(parser, "nothing can be read at \"%.20s\"", parser->c);
  }
  parser->depth--;
  if (node != NULL && node->source == NULL)
    node->source = g_strndup(start, (gsize)(parser->c - start));
  return node;
}

static Node *
join(Parser *parser, NodeKind kind, char op, Node *left, Node *right, const char *start)
{
  Node *node;

  if (right == NULL) {
    node_free(left);
    return NULL;
  }
  node = node_new(kind, "", 0);
  node->op = op;
  node_add(node, left, "");
  node_add(node, right, "");
  node->source = g_strndup(start, (gsize)(parser->c - start));
  return node;
}

/* + - * / stand between blanks, as - is also part of names and / of units. */
static Node *
parse_binary(Parser *parser, const char *operators, Node *(*operand)(Parser *))
{
  const char *start = parser->c;
  Node *node = operand(parser);

  while (node != NULL) {
    gboolean before = blank(*parser->c);
    const char *rest;
    char op;

    for (rest = parser->c; blank(*rest); rest++)
      continue;
    op = *rest;
    if (op == '\0' || strchr(operators, op) == NULL)
      break;
    if (!before || !blank(rest[1])) {
      fail(parser, "%c needs blanks around it", op);
      g_clear_pointer(&node, node_free);
      break;
    }
    parser->c = rest + 1;
    skip(parser);
    node = join(parser, NODE_OPERATOR, op, node, operand(parser), start);
  }
  return node;
}

static Node *
parse_product(Parser *parser)
{
  return parse_binary(parser, "*/", parse_operand);
}

static Node *
parse_sum(Parser *parser)
{
  return parse_binary(parser, "+-", parse_product);
}

static Node *
parse_comparison(Parser *parser)
{
  static const struct {
    const char *text;
    char op;
  } operators[] = {{"!=", '!'}, {"<=", 'l'}, {">=", 'g'}, {"=", '='}, {"<", '<'}, {">", '>'}};
  const char *start = parser->c;
  Node *left = parse_sum(parser);

  skip(parser);
  for (gsize i = 0; left != NULL && i < G_N_ELEMENTS(operators); i++) {
    if (!g_str_has_prefix(parser->c, operators[i].text))
      continue;
    parser->c += strlen(operators[i].text);
    skip(parser);
    return join(parser, NODE_COMPARE, operators[i].op, left, parse_sum(parser), start);
  }
  return left;
}

static Node *
parse_not(Parser *parser)
{
  Node *node, *kid;

  if (!keyword(parser->c, "not"))
    return parse_comparison(parser);
  if (parser->depth >= DEPTH_MAX)
    return fail(parser, "too many parentheses");
  parser->depth++;
  parser->c += 3;
  skip(parser);
  kid = parse_not(parser);
  parser->depth--;
  if (kid == NULL)
    return NULL;
  node = node_new(NODE_NOT, "", 0);
  node_add(node, kid, "");
  return node;
}

static Node *
parse_logic(Parser *parser, NodeKind kind, const char *word, Node *(*operand)(Parser *))
{
  const char *start = parser->c;
  Node *node = operand(parser);

  skip(parser);
  while (node != NULL && keyword(parser->c, word)) {
    parser->c += strlen(word);
    skip(parser);
    node = join(parser, kind, '\0', node, operand(parser), start);
    skip(parser);
  }
  return node;
}

static Node *
parse_and(Parser *parser)
{
  return parse_logic(parser, NODE_AND, "and", parse_not);
}

static Node *
parse_or(Parser *parser)
{
  return parse_logic(parser, NODE_OR, "or", parse_and);
}

static Node *
parse(const char *text, gboolean condition, char **why)
{
  Parser parser = {.start = text, .c = text, .condition = condition};
  Node *node;

  skip(&parser);
  node = condition ? parse_or(&parser) : parse_sum(&parser);
  skip(&parser);
  if (node != NULL && *parser.c != '\0') {
    fail(&parser, "nothing can be read at \"%.20s\"", parser.c);
    g_clear_pointer(&node, node_free);
  }
  if (node == NULL)
    *why = parser.why;
  return node;
}

Node *
node_parse_value(const char *text, char **why)
{
  return parse(text, FALSE, why);
}

/* Both grammars share their parentheses, so what is a truth and what a value is told apart here. */
static gboolean
sorts_fit(const Node *node, gboolean truth)
{
  gboolean logic = node->kind == NODE_AND || node->kind == NODE_OR || node->kind == NODE_NOT;

  if ((logic || node->kind == NODE_COMPARE) != truth)
    return FALSE;
  for (guint i = 0; i < node->n; i++)
    if (!sorts_fit(node->kids[i], logic))
      return FALSE;
  return TRUE;
}

Node *
node_parse_condition(const char *text, char **why)
{
  Node *node = parse(text, TRUE, why);

  if (node != NULL && !sorts_fit(node, TRUE)) {
    *why = g_strdup("not a condition: comparisons (= != < <= > >=) joined by and, or, not");
    g_clear_pointer(&node, node_free);
  }
  return node;
}
