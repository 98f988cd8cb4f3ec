/* What a message says is allowed, from the tables. All results are to free. */
#pragma once

#include "sim/study/node.h"
#include "sim/study/quantity.h"

char *allowed_range(const ParamSpec *spec, gboolean has_low); /* "out of range; allowed: ..." */
/* "has no key coutn; nearest: count" */
char *allowed_key(const KindSpec *kind, const char *found);
char *allowed_word(const ParamSpec *spec, const char *found); /* "not one of ...; nearest: ..." */
char *allowed_call(const ParamSpec *spec, const char *name);
char *allowed_argument(const Node *call, const ParamSpec *params, const char *name);
/* A unit that there is not, where due (DIM_N: anything) is expected. */
char *allowed_unit(const Node *number, Dim due);
/* A number of another dimension than the key's, or without a unit. */
char *allowed_dim(const ParamSpec *spec, const Node *node, const Quantity *found);
/* "never" or "unlimited", static; NULL: neither. */
const char *allowed_endless(const ParamSpec *spec);
