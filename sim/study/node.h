/* Values and conditions as written: text to trees. Knows the grammar, not the keys: what a tree
 * means is for eval. */
#pragma once

#include "sim/record/spec.h"

typedef enum {
  NODE_NUMBER,   /* number, text: its unit, "" if none */
  NODE_WORD,     /* text: a word, or a raw text whose type has no grammar */
  NODE_VARIABLE, /* text: the name without $ */
  NODE_KEY,      /* text.key */
  NODE_CALL,     /* text(kids); names[i] is "" for an argument without a name */
  NODE_PAIR,     /* kids[0]: kids[1] */
  NODE_LIST,     /* kids */
  NODE_OPERATOR, /* kids[0] op kids[1], op one of + - * / */
  NODE_COMPARE,  /* op one of = ! < > l g (the last two: <= and >=) */
  NODE_AND,
  NODE_OR,
  NODE_NOT
} NodeKind;

typedef struct _Node Node;
struct _Node {
  NodeKind kind;
  char op;
  char *text, *key;
  char *source; /* as written */
  long double number;
  guint n;
  Node **kids;
  char **names;
  /* Of a comparison: the key that says how the other side is read; NULL: none. */
  const ParamSpec *spec;
};

/* NULL and *why in words (to free). */
Node *node_parse_value(const char *text, char **why);
Node *node_parse_condition(const char *text, char **why);
/* The value of a key, by its type: lists, paths, raw texts and names have a grammar of their own.
 * */
Node *node_parse_typed(const char *text, const ParamSpec *spec, char **why);
Node *node_raw(const char *text);
void node_free(Node *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

/* Splits at a separator outside parentheses; the parts are stripped. */
GPtrArray *node_split(const char *text, char separator);
/* Nothing in it depends on the point. */
gboolean node_is_constant(const Node *node);
gboolean node_is_name(const char *text, gsize n); /* [a-z][a-z0-9-]* */
gboolean node_is_variable(const char *text);      /* $name and nothing else */
