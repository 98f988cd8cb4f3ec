/* Trees to values: what was written, checked against what the key may say. Knows ParamSpecs, not
 * experiments: where variables and other keys come from is asked. */
#pragma once

#include "sim/study/node.h"
#include "sim/study/quantity.h"

typedef struct {
  gpointer data;
  /* Its value at this point; NULL: unknown. */
  const Node *(*variable)(gpointer data, const char *name);
  /* Value of a key; *why (to free) if there is none. A new reference. NULL function: none may be
   * named. */
  Value *(*key)(gpointer data, const char *section, const char *key, char **why);
  Value *(*rtt)(gpointer data, char **why); /* a bare rtt */
  const char *folder;                       /* samples(FILE) is relative to it */
  gboolean unbounded; /* ranges are not checked, as a condition may compare with anything */
} EvalContext;

/* What the tree says for a key; NULL and *why in words (to free): what is wrong; allowed: ...;
 * nearest: .... References are not looked up. */
Value *eval_value(const EvalContext *context, const Node *node, const ParamSpec *spec, char **why);
/* What it says by itself, as in [sweep] $x = ...: a number, a distribution, else its text. */
Value *eval_natural(const EvalContext *context, const Node *node);
gboolean eval_quantity(const EvalContext *context, const Node *node, Quantity *quantity,
                       char **why);
/* Rounds to the grain of a key: whole units, or what the spec says. */
long double eval_grain(const ParamSpec *spec);

/* Distributions: whether there is one of that name, and its value. In eval_dist.c. */
gboolean eval_is_dist(const char *name);
const char *const *eval_dist_names(gsize *n);
Value *eval_dist(const EvalContext *context, const Node *call, char **why);
/* The arguments of a call in the order of its params; NULL where one is absent; NULL and *why. To
 * free with g_free(). */
const Node **eval_arguments(const Node *call, const ParamSpec *params, char **why);
