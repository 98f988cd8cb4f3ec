#include "sim/cli/runs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/identity.h"
#include "sim/cli/report.h"
#include "sim/cli/term.h"
#include "sim/study/runner.h"

typedef struct {
  const RunsOptions *options;
  const char *path; /* of the database */
  Experiment *experiment;
  Store *store;
  GPtrArray *points;   /* StorePoint *, by number */
  gboolean *chosen;    /* point p is wanted: chosen[p - 1] */
  guint32 replication; /* the only one that is wanted; 0: all are */
  GArray *jobs;        /* RunnerJob: what is still to be done */
  guint total;         /* runs that are wanted, done ones included */
  guint done;          /* of them those in the database */
  FILE *pcap;
  Progress progress;
} Study;

/* A handler of signals has nothing else to reach; runs ask it now and then. */
static gint stop_requested;

static void
request_stop(int number G_GNUC_UNUSED)
{
  g_atomic_int_set(&stop_requested, 1);
}

/* The second signal has its usual effect: whoever is in a hurry loses the runs under way, no more.
 */
static void
catch_signals(void)
{
  struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESETHAND | SA_RESTART};

  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  /* A write beyond a limit on file sizes, or to a reader that has gone, fails with an error. */
  signal(SIGXFSZ, SIG_IGN);
}

/* --repeat and --seed are keys of the file like others. */
static GPtrArray *
all_overrides(const RunsOptions *options)
{
  GPtrArray *overrides = g_ptr_array_new_with_free_func(g_free);

  for (char **o = options->overrides; o && *o; o++)
    g_ptr_array_add(overrides, g_strdup(*o));
  if (options->repeat)
    g_ptr_array_add(overrides, g_strdup_printf("experiment.repeat=%d", options->repeat));
  if (options->seed)
    g_ptr_array_add(overrides, g_strdup_printf("experiment.seed=%s", options->seed));
  g_ptr_array_add(overrides, NULL);
  return overrides;
}

static char *
default_database(const char *file)
{
  g_autofree char *name = g_path_get_basename(file);

  if (g_str_has_suffix(name, ".ini") && strlen(name) > 4)
    name[strlen(name) - 4] = '\0';
  return g_strconcat(name, ".db", NULL);
}

/* "3:1" names a run; all else is about points. */
static gboolean
select_runs(Study *study)
{
  const char *only = study->options->only;
  const char *colon = only ? strchr(only, ':') : NULL;
  g_autofree char *points = NULL;

  if (colon && only[strspn(only, "0123456789:")] == '\0') {
    guint64 replication = g_ascii_strtoull(colon + 1, NULL, 10);

    if (strchr(colon + 1, ':') || !colon[1]) {
      cli_error("--only %s: a run is given as POINT:REPLICATION, as in 3:1", only);
      return FALSE;
    }
    if (replication < 1 || replication > study->experiment->repeat) {
      cli_error("--only %s: there is no replication %s; the experiment has 1 to %u", only,
                colon + 1, study->experiment->repeat);
      return FALSE;
    }
    study->replication = (guint32)replication;
    points = g_strndup(only, (gsize)(colon - only));
  }
  study->chosen = cli_select_points(study->experiment->grid, points ? points : only);
  return study->chosen != NULL;
}

static guint
replications_wanted(const Study *study)
{
  return study->replication ? 1 : study->experiment->repeat;
}

static gboolean
wants_one_run(const Study *study)
{
  guint runs = 0;

  for (guint p = 0; p < grid_points(study->experiment->grid); p++)
    runs += study->chosen[p] ? replications_wanted(study) : 0;
  if (runs != 1)
    cli_error("--pcap writes the packets of one run, and these are %u; --only POINT:REPLICATION "
              "names one, as in 3:1",
              runs);
  return runs == 1;
}

static gboolean
load(Study *study)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(GPtrArray) overrides = all_overrides(study->options);
  ExperimentSource source = {
      .path = study->options->file,
      .overrides = (const char *const *)overrides->pdata,
      .any_size = study->options->any_size,
  };

  study->experiment = experiment_load(&cli_model, &source, problems);
  if (!study->experiment) {
    g_autofree char *outcome =
        g_strdup_printf("nothing was run and %s was not touched", study->path);

    cli_print_problems(problems, outcome);
    return FALSE;
  }
  return select_runs(study) && (!study->options->pcap || wants_one_run(study));
}

static gboolean
open_store(Study *study, GError **error)
{
  study->store =
      identity_open_store(study->path, study->experiment, study->options->revision, error);
  if (!study->store)
    return FALSE;
  study->points = identity_points(study->experiment->grid);
  return store_set_points(study->store, study->points, error);
}

/* A run whose packets are wanted is made, whether it is there already or not. */
static void
list_jobs(Study *study)
{
  study->jobs = g_array_new(FALSE, FALSE, sizeof(RunnerJob));
  for (guint p = 0; p < study->points->len; p++) {
    for (guint32 r = 1; study->chosen[p] && r <= study->experiment->repeat; r++) {
      RunnerJob job = {.point = p + 1, .replication = r};

      if (study->replication && r != study->replication)
        continue;
      study->total++;
      if (!study->options->pcap && store_has_run(study->store, study->points->pdata[p], r))
        study->done++;
      else
        g_array_append_val(study->jobs, job);
    }
  }
}

static guint
workers_wanted(const Study *study)
{
  guint workers = study->options->workers ? (guint)study->options->workers : g_get_num_processors();

  return MAX(1, MIN(workers, study->jobs->len));
}

static void
announce(const Study *study)
{
  const Experiment *experiment = study->experiment;
  g_autofree char *amount = NULL;
  double messages = 0;
  guint points = 0;

  for (guint p = 1; p <= study->points->len; p++) {
    g_autoptr(Scenario) scenario = NULL;

    if (!study->chosen[p - 1])
      continue;
    scenario = grid_scenario(experiment->grid, p);
    messages += cli_messages(scenario) * replications_wanted(study);
    points++;
  }
  amount = term_amount(messages);
  g_printerr("%s%s%s\n", term_bold(stderr), experiment->title, term_plain(stderr));
  g_printerr("%u point%s x %u replication%s = %u run%s, %s messages, %u worker%s; results in %s\n",
             points, points == 1 ? "" : "s", replications_wanted(study),
             replications_wanted(study) == 1 ? "" : "s", study->total, study->total == 1 ? "" : "s",
             amount, workers_wanted(study), workers_wanted(study) == 1 ? "" : "s", study->path);
  if (study->done)
    g_printerr("%u of %u runs are there already\n", study->done, study->total);
}

/* A run that was made again for its packets is the same run. */
static gboolean
is_same(Study *study, const RunnerResult *result, const StorePoint *point, GError **error)
{
  StoreRun run = {0};

  if (!store_run(study->store, point, result->job.replication, &run, error))
    return FALSE;
  g_free(run.breach);
  if (run.fingerprint == result->outcome->fingerprint)
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
              "made again, run %u:%u differs from the one in %s: another build or another library "
              "made it",
              result->job.point, result->job.replication, study->path);
  return FALSE;
}

static gboolean
keep(RunnerResult *result, gpointer data, GError **error)
{
  Study *study = data;
  StorePoint *point = study->points->pdata[result->job.point - 1];

  if (study->options->pcap && store_has_run(study->store, point, result->job.replication))
    return is_same(study, result, point, error);
  return store_add_run(study->store, point, result->job.replication, result->seed, result->outcome,
                       (double)result->wall_ns / 1e9, error);
}

static void
show_progress(guint64 runs, guint64 messages, gpointer data)
{
  Study *study = data;

  progress_update(&study->progress, study->done + (guint)runs, (double)messages);
}

/* What stands in the way of a complete table; CLI_DONE: nothing does. */
static CliStatus
tell_troubles(const Study *study, const RunnerReport *report, const GError *error)
{
  guint kept = study->done + (guint)report->runs - report->breaches->len;

  for (guint i = 0; i < report->breaches->len; i++)
    cli_error("an invariant did not hold: %s", (char *)report->breaches->pdata[i]);
  if (error) {
    cli_error("%s", error->message);
    g_printerr("%u of %u runs are in %s; the same command goes on from there\n", kept, study->total,
               study->path);
    return cli_store_status(error);
  }
  if (report->cancelled) {
    g_printerr("stopped: %u of %u runs are in %s; the same command goes on from there\n", kept,
               study->total, study->path);
    return CLI_FAILED;
  }
  return report->breaches->len ? CLI_FAILED : CLI_DONE;
}

static CliStatus
make_runs(Study *study)
{
  g_autoptr(GError) error = NULL;
  RunnerReport report = {0};
  CliStatus status;
  RunnerOptions options = {
      .grid = study->experiment->grid,
      .run = study->options->run,
      .jobs = (const RunnerJob *)(gpointer)study->jobs->data,
      .n_jobs = study->jobs->len,
      .workers = workers_wanted(study),
      .seed = study->experiment->seed,
      .monitor = study->options->monitor,
      .pcap = study->pcap,
      .cancel = &stop_requested,
      .sink = keep,
      .progress = show_progress,
      .data = study,
  };

  progress_begin(&study->progress, study->total, study->done, study->options->quiet);
  runner_run(&options, &report, &error);
  progress_end(&study->progress);
  status = tell_troubles(study, &report, error);
  runner_report_clear(&report);
  return status;
}

/* The file has its name once it is whole. */
static CliStatus
make_captured_run(Study *study)
{
  const char *path = study->options->pcap;
  g_autofree char *partial = g_strconcat(path, ".partial", NULL);
  CliStatus status;

  study->pcap = g_fopen(partial, "wb");
  if (!study->pcap) {
    cli_error("cannot write %s: %s", partial, g_strerror(errno));
    return CLI_FAILED;
  }
  status = make_runs(study);
  gboolean failed = ferror(study->pcap) != 0;
  failed |= fclose(study->pcap) != 0;
  if (status == CLI_DONE && (failed || g_rename(partial, path) != 0)) {
    cli_error("cannot write %s: %s", path, g_strerror(errno));
    status = CLI_FAILED;
  }
  if (status != CLI_DONE)
    g_unlink(partial);
  else if (!study->options->quiet)
    g_printerr("its packets are in %s\n", path);
  return status;
}

static CliStatus
print_table(const Study *study)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *table =
      report_table(study->store, study->experiment, study->points, study->chosen, &error);

  if (!table) {
    cli_error("%s", error->message);
    return CLI_FAILED;
  }
  g_print("%s", table);
  if (!study->options->quiet) {
    gboolean has_plots = study->experiment->plots->len > 0;

    g_printerr("next: %s%s%sqosim show %s losses\n", has_plots ? "qosim plot " : "",
               has_plots ? study->path : "", has_plots ? " | " : "", study->path);
  }
  return CLI_DONE;
}

static CliStatus
run(Study *study)
{
  g_autoptr(GError) error = NULL;
  CliStatus status = CLI_DONE;

  if (!load(study))
    return CLI_USAGE;
  catch_signals();
  if (!open_store(study, &error)) {
    cli_error("%s", error->message);
    return cli_store_status(error);
  }
  list_jobs(study);
  if (!study->options->quiet)
    announce(study);
  if (study->options->pcap)
    status = make_captured_run(study);
  else if (study->jobs->len)
    status = make_runs(study);
  return status == CLI_DONE ? print_table(study) : status;
}

static void
study_clear(Study *study)
{
  g_clear_pointer(&study->jobs, g_array_unref);
  g_clear_pointer(&study->points, g_ptr_array_unref);
  g_clear_pointer(&study->store, store_free);
  g_clear_pointer(&study->experiment, experiment_free);
  g_free(study->chosen);
}

void
runs_options_clear(RunsOptions *options)
{
  g_free(options->database);
  g_free(options->seed);
  g_strfreev(options->overrides);
  g_free(options->only);
  g_free(options->pcap);
}

CliStatus
runs_make(const RunsOptions *options)
{
  g_autofree char *database =
      options->database ? g_strdup(options->database) : default_database(options->file);
  Study study = {.options = options, .path = database};
  CliStatus status = run(&study);

  study_clear(&study);
  return status;
}
