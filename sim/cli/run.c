/* qosim run: an experiment in virtual time. */
#include "models/world/world.h"
#include "sim/cli/runs.h"

static gboolean
options_parse(RunsOptions *options, int argc, char **argv)
{
  const GOptionEntry entries[] = {
      RUNS_OPTION_ENTRIES(options),
      {"workers", 'j', 0, G_OPTION_ARG_INT, &options->workers,
       "runs side by side; default: one for each processor", "N"},
      {"pcap", 0, 0, G_OPTION_ARG_FILENAME, &options->pcap,
       "write the packets of one run, for Wireshark; --only 3:1 says which", "PCAPNG"},
      {"monitor", 0, 0, G_OPTION_ARG_NONE, &options->monitor,
       "check every connection's bytes against the MQTT specification", NULL},
      {"yes", 0, 0, G_OPTION_ARG_NONE, &options->any_size, "allow more than 10,000 points", NULL},
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
          "  qosim run --only '$loss = 2%' --repeat 40 my.ini\n"
          "  qosim run --pcap run.pcapng --only 3:1 my.ini\n",
          1, 1))
    return FALSE;
  options->file = argv[1];
  if (options->workers < 0 || options->workers > 1024)
    cli_error("-j %d: 1 to 1024 workers", options->workers);
  else if (options->repeat < 0)
    cli_error("--repeat %d: at least 1", options->repeat);
  else
    return TRUE;
  return FALSE;
}

int
run_command(int argc, char **argv)
{
  RunsOptions options = {.run = world_run, .revision = WORLD_REVISION};
  CliStatus status = options_parse(&options, argc, argv) ? runs_make(&options) : CLI_USAGE;

  runs_options_clear(&options);
  return status;
}
