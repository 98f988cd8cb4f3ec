/* Makes the runs of an experiment that are not in its database yet, then prints the table: what the
 * commands that run something have in common. */
#pragma once

#include "sim/cli/cli.h"
#include "sim/record/outcome.h"

typedef struct {
  const char *file;
  char *database; /* NULL: named after the file, in this folder */
  int workers;    /* 0: one for each processor */
  int repeat;     /* 0: as the file says; likewise: */
  char *seed;
  char **overrides;
  char *only;
  char *pcap; /* where the packets of the one run are written; NULL: nowhere */
  gboolean quiet, monitor, any_size;
  RunFunc run;
  const char *revision; /* of what runs: runs of two revisions never share a database */
} RunsOptions;

/* The GOptionEntries that they have in common, which fill in RunsOptions. */
/* clang-format off */
#define RUNS_OPTION_ENTRIES(options) \
  {"output", 'o', 0, G_OPTION_ARG_FILENAME, &(options)->database, \
   "the results database; default: the name of FILE with .db, in this folder", "DB"}, \
  {"repeat", 0, 0, G_OPTION_ARG_INT, &(options)->repeat, "replications of every point", "N"}, \
  {"seed", 0, 0, G_OPTION_ARG_STRING, &(options)->seed, "seed of all random numbers", "N"}, \
  {"set", 'D', 0, G_OPTION_ARG_FILENAME_ARRAY, &(options)->overrides, \
   "replace a value of the file; a list makes a factor of the sweep", "SECTION.KEY=VALUE"}, \
  {"only", 0, 0, G_OPTION_ARG_FILENAME, &(options)->only, \
   "points by number (3,7-9) or a condition ($loss = 2% and sensor.count > 5), or one run (3:1)", \
   "POINTS"}, \
  {"quiet", 'q', 0, G_OPTION_ARG_NONE, &(options)->quiet, "errors and the table only", NULL}
/* clang-format on */

void runs_options_clear(RunsOptions *options);
CliStatus runs_make(const RunsOptions *options);
