/* The points of an experiment: all combinations of the factors' values that satisfy `where`.
 *
 * Points are numbered from 1, in the order of the file, the first factor varying slowest. A Grid is
 * immutable once the experiment is loaded and may be asked by several threads. It belongs to its
 * Experiment. */
#pragma once

#include "sim/record/scenario.h"

typedef struct _Grid Grid;
typedef struct _Condition Condition;

typedef struct {
  char *name;            /* "sensor.ack_timeout", "$loss" */
  char *section, *key;   /* NULL: a variable */
  const ParamSpec *spec; /* of the key; NULL: a variable */
  guint line;            /* in the file; 0: made by an override */
  guint n;
  char **texts; /* the n values as written, ranges expanded: "0.3 * rtt", "64.9 s" */
} Factor;

guint grid_points(const Grid *grid);
guint64 grid_combinations(const Grid *grid); /* before `where` */
guint grid_factors(const Grid *grid);        /* may be 0: then there is one point */
const Factor *grid_factor(const Grid *grid, guint factor);
const Factor *grid_factor_named(const Grid *grid, const char *name); /* NULL: none */
const char *grid_where(const Grid *grid);                            /* as written; NULL: all */

/* Which of a factor's values holds at a point (1 ..), and how it was written. */
guint grid_choice(const Grid *grid, guint point, guint factor);
const char *grid_text(const Grid *grid, guint point, guint factor);
/* What it comes to at that point: "0.3 * rtt" is 90 ms here and 180 ms there. A variable that has
 * no value of its own (a bare rtt, which is each client's) is a TEXT. A new reference. */
Value *grid_value(const Grid *grid, guint point, guint factor);
/* Any key of a model section ("sensor.count"), resolved at a point. A new reference; NULL: no such
 * key, or absent. */
Value *grid_key_value(const Grid *grid, guint point, const char *name);

/* The point as a run gets it: everything resolved, constant values shared. To free. */
Scenario *grid_scenario(const Grid *grid, guint point);
/* Name and resolved value of every factor, sorted by name: "$loss=2 %;sensor.link=lte-m". What a
 * database knows a point by, as the number changes when values are added. To free. */
char *grid_point_key(const Grid *grid, guint point);

/* A condition over factors and keys, as in `where`; NULL and an error that says what is wrong. The
 * grid must outlive it. */
Condition *condition_new(const Grid *grid, const char *text, GError **error);
void condition_free(Condition *condition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Condition, condition_free)
gboolean condition_holds(const Condition *condition, guint point);

typedef enum { CONDITION_ERROR_SYNTAX } ConditionError;
#define CONDITION_ERROR (condition_error_quark())
GQuark condition_error_quark(void);
