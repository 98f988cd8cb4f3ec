/* Numbers with a dimension: what expressions add, multiply and compare. */
#pragma once

#include "sim/record/spec.h"

typedef enum {
  DIM_NUMBER,
  DIM_TIME, /* ns */
  DIM_SIZE, /* bytes */
  DIM_RATE, /* bit/s */
  DIM_PACKETS,
  DIM_RATIO, /* 0..1 */
  DIM_N
} Dim;

typedef struct {
  long double x;
  Dim dim;
  gboolean quotient; /* of two alike: a number, and good as a ratio */
  gboolean endless;  /* never, unlimited: larger than all, swallows what it touches */
} Quantity;

/* FALSE: no such unit. "" is a plain number. */
gboolean quantity_new(Quantity *quantity, long double number, const char *unit);
/* a op b with op one of + - * /; FALSE and *why (to free). */
gboolean quantity_combine(Quantity *result, char op, const Quantity *a, const Quantity *b,
                          char **why);
gboolean quantity_from_value(Quantity *quantity, const Value *value); /* FALSE: not a number */
/* The nearest value of that dimension; NULL: larger than can be said. */
Value *quantity_to_value(const Quantity *quantity);

const char *quantity_dim_name(Dim dim);  /* "a time" */
const char *quantity_dim_units(Dim dim); /* "ns us ms s min h d y" */
Dim quantity_dim_of(ParamType type);     /* DIM_N: no number is due */
