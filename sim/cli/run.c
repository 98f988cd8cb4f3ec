/* qosim run: an experiment in virtual time. */
#include "models/world/world.h"
#include "sim/cli/runs.h"

typedef struct {
  char *database, *seed, *only;
  char **overrides;
  RunsOptions runs;
} Options;

static gboolean
options_parse(Options *options, int argc, char **argv)
{
  const GOptionEntry entries[] = {
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options->database,
       "the results database; default: the name of FILE with .db, in this folder", "DB"},
      {"workers", 'j', 0, G_OPTION_ARG_INT, &options->runs.workers,
       "runs side by side; default: one for each processor", "N"},
      {"repeat", 0, 0, G_OPTION_ARG_INT, &options->runs.repeat, "replications of every point", "N"},
      {"seed", 0, 0, G_OPTION_ARG_STRING, &options->seed, "seed of all random numbers", "N"},
      {"set", 'D', 0, G_OPTION_ARG_FILENAME_ARRAY, &options->overrides,
       "replace a value of the file; a list makes a factor of the sweep", "SECTION.KEY=VALUE"},
      {"only", 0, 0, G_OPTION_ARG_FILENAME, &options->only,
       "points by number (3,7-9) or a condition ($loss = 2% and sensor.count > 5)", "POINTS"},
      {"monitor", 0, 0, G_OPTION_ARG_NONE, &options->runs.monitor,
       "check every connection's bytes against the MQTT specification", NULL},
      {"yes", 0, 0, G_OPTION_ARG_NONE, &options->runs.any_size, "allow more than 10,000 points",
       NULL},
      {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->runs.quiet, "errors and the table only", NULL},
      {NULL},
  };

  if (!cli_parse(
          &argc, &argv, entries, "FILE",
          "Makes every run that the experiment FILE asks for and prints its table. Finished\n"
          "runs are in the database at once: stopped by Ctrl-C, a crash or a full disk, the\n"
          "same command goes on where it stopped. With more values in the sweep or more\n"
          "replications it adds the runs that are missing.",
          "Examples:\n"
          "  qosim run experiments/timeout-sweep.ini\n"
          "  qosim run -D sensor.count=200 -D '$loss=0%, 5%' -o big.db my.ini\n"
          "  qosim run --only '$loss = 2%' --repeat 40 my.ini\n",
          1, 1))
    return FALSE;
  options->runs.file = argv[1];
  if (options->runs.workers < 0 || options->runs.workers > 1024)
    cli_error("-j %d: 1 to 1024 workers", options->runs.workers);
  else if (options->runs.repeat < 0)
    cli_error("--repeat %d: at least 1", options->runs.repeat);
  else
    return TRUE;
  return FALSE;
}

int
run_command(int argc, char **argv)
{
  Options options = {.runs = {.run = world_run, .revision = WORLD_REVISION}};
  CliStatus status = CLI_USAGE;

  if (options_parse(&options, argc, argv)) {
    options.runs.database = options.database;
    options.runs.seed = options.seed;
    options.runs.overrides = options.overrides;
    options.runs.only = options.only;
    status = runs_make(&options.runs);
  }
  g_free(options.database);
  g_free(options.seed);
  g_strfreev(options.overrides);
  g_free(options.only);
  return status;
}
