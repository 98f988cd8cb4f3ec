/* Estimates as text, and in which form. Private to sim/results/table*.c. */
#pragma once

#include "sim/results/table.h"

/* How an estimate is written. */
typedef enum {
  TABLE_FORM_TOO_FEW,  /* "too few" */
  TABLE_FORM_NONE,     /* "-" */
  TABLE_FORM_NEVER,    /* "never" */
  TABLE_FORM_EXACT,    /* "100 (>99.998)" */
  TABLE_FORM_PLAIN,    /* "0.150" */
  TABLE_FORM_RANGE,    /* "0.151 (0.150..1.2)" */
  TABLE_FORM_INTERVAL, /* "3.94 ±0.08" */
} TableForm;

TableForm table_form(const Estimate *estimate, const Metric *metric);

/* A number with that many decimals; negative: rounded to tens, hundreds, ... To free. */
char *table_decimals(double value, gint decimals);
