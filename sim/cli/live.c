/* qosim live: the clients of an experiment in real time against a real broker. */
#include "models/live/run.h"
#include "models/live/socket.h"
#include "sim/cli/runs.h"

typedef struct {
  char *host;
  int port;
  RunsOptions runs;
} Options;

static const char description[] =
    "Clients, subscriptions, workloads and crashes of clients are as in qosim run; the brokers of\n"
    "the file are all the one at HOST. Links, TCP stacks, the keys of brokers and their faults "
    "have\n"
    "no effect, and what is counted on links is not known. What the broker does with a message is\n"
    "beyond view: if it was sent and not handed on by the end of the drain it is lost by that\n"
    "cause, or pending if its subscriber was not connected. Topics and client identifiers are "
    "those\n"
    "of the file, so use a broker where they disturb nobody.\n\n"
    "Runs are made one after another, each taking warm-up, duration and up to the drain. Ctrl-C\n"
    "keeps those that are finished.\n\n"
    "Examples:\n"
    "  qosim live my.ini\n"
    "  qosim live --host test.example.org --only 3 -D experiment.duration=1min my.ini\n";

static gboolean
options_parse(Options *options, int argc, char **argv)
{
  const GOptionEntry entries[] = {
      {"host", 0, 0, G_OPTION_ARG_STRING, &options->host, "the broker; default: 127.0.0.1", "H"},
      {"port", 'p', 0, G_OPTION_ARG_INT, &options->port, "its port; default: 1883", "P"},
      RUNS_OPTION_ENTRIES(&options->runs),
      {NULL},
  };

  if (!cli_parse(&argc, &argv, entries, "FILE",
                 "Runs the clients of the experiment FILE in real time against a real broker.",
                 description, 1, 1))
    return FALSE;
  options->runs.file = argv[1];
  if (options->port < 1 || options->port > 65535)
    cli_error("--port %d: a port is 1 to 65535", options->port);
  else if (options->runs.repeat < 0)
    cli_error("--repeat %d: at least 1", options->runs.repeat);
  else
    return TRUE;
  return FALSE;
}

/* More than this, of what a run in real time was behind its clock, is worth a word. */
#define BEHIND_NS G_GINT64_CONSTANT(50000000)

static LiveTarget *target;
static gint64 behind_ns; /* the most of all runs */

static Outcome *
run_live(const Scenario *scenario, const RunRequest *request)
{
  gint64 behind_now_ns;
  Outcome *outcome = live_run(scenario, request, target, &behind_now_ns);

  behind_ns = MAX(behind_ns, behind_now_ns);
  return outcome;
}

static CliStatus
live(Options *options)
{
  g_autoptr(GError) error = NULL;
  const char *host = options->host ? options->host : "127.0.0.1";
  g_autofree char *revision =
      g_strdup_printf("%s, live with %s port %d", WORLD_REVISION, host, options->port);

  target = live_target_new(host, (guint16)options->port, &error);
  if (!target) {
    cli_error("no broker at %s port %d: %s", host, options->port, error->message);
    return CLI_FAILED;
  }
  live_raise_descriptors();
  if (!options->runs.quiet)
    g_printerr("live with %s port %d: links, tcp, brokers and their faults in the file have no "
               "effect\n",
               host, options->port);
  options->runs.revision = revision;
  CliStatus status = runs_make(&options->runs);
  if (behind_ns > BEHIND_NS)
    cli_error("this machine was too slow: up to %.2f s late, which latencies contain",
              (double)behind_ns / 1e9);
  g_clear_pointer(&target, live_target_free);
  return status;
}

int
live_command(int argc, char **argv)
{
  Options options = {.port = 1883, .runs = {.run = run_live, .workers = 1}};
  CliStatus status = options_parse(&options, argc, argv) ? live(&options) : CLI_USAGE;

  g_free(options.host);
  runs_options_clear(&options.runs);
  return status;
}
