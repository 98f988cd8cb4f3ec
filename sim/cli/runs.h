/* Makes the runs of an experiment that are not in its database yet, then prints the table: what the
 * commands that run something have in common. */
#pragma once

#include "sim/cli/cli.h"
#include "sim/record/outcome.h"

typedef struct {
  const char *file;
  const char *database; /* NULL: named after the file, in this folder */
  int workers;          /* 0: one for each processor */
  int repeat;           /* 0: as the file says; likewise: */
  const char *seed;
  char **overrides;
  const char *only;
  gboolean quiet, monitor, any_size;
  RunFunc run;
  const char *revision; /* of what runs: runs of two revisions never share a database */
} RunsOptions;

CliStatus runs_make(const RunsOptions *options);
