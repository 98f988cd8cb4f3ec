/* The table of a study, as text: a block for each combination of the leading factors, a line for
 * each point, a column for each metric, no more digits than the interval deserves, footnotes for
 * the marks that occur. Knows no terminal: whoever prints says whether it takes UTF-8. */
#pragma once

#include "sim/results/store.h"
#include "sim/results/summary.h"

typedef struct {
  const StorePoint *point;
  const Estimate *estimates; /* one per metric */
  double pending, owed;      /* obligations, for the footnote */
} TableRow;

typedef struct {
  GPtrArray *metrics; /* SummaryMetric * */
  GArray *rows;       /* TableRow, in the order of the points */
  guint replications;
  double confidence;
  gboolean utf8;
} Table;

/* To free; ends with a newline. */
char *table_print(const Table *table);

/* An estimate as it stands in a cell: "1.06 ±0.02", "0.151 (0.150..1.2)" where the interval is wide
 * or its sides are unequal, "100 (>99.998)", "too few". To free. */
char *table_estimate(const Estimate *estimate, const Metric *metric, gboolean utf8);

/* Losses by cause, a line for each point that lost something; found is for each point, in the same
 * order, and examples its "REPLICATION:ID" of a lost message, or NULL. To free. */
char *table_losses(GPtrArray *points, const SummaryLosses *found, const char *const *examples,
                   guint replications);
