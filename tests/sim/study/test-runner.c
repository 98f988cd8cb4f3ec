#include "sim/study/runner.h"
#include "tests/sim/study/model.h"

#define POINTS 5
#define REPLICATIONS 8

/* What the sink saw, in order, and what it does. */
typedef struct {
  GString *seen;
  guint fail_after; /* runs; 0: never */
  guint progress;
  gint cancel;
  guint cancel_after;
} Sink;

static Experiment *
load(void)
{
  return test_load("[experiment]\ntitle = a\n[sweep]\nsensor.count = 1 .. 5 step 1\n[broker hub]\n"
                   "[client sensor]\n[publish p]\n",
                   NULL, NULL);
}

static Outcome *
outcome_of(const Scenario *scenario, const RunRequest *request)
{
  Outcome *outcome = outcome_new();
  OutcomeElement *element = outcome_element(outcome, OF_PUBLISH, "p");
  gint64 count = section_int(scenario_section(scenario, "sensor"), "count");

  element->counters[COUNT_PUBLISHED] = 10;
  outcome->fingerprint = (guint64)count * 1000 + request->replication;
  return outcome;
}

/* Early jobs take longest, so that they end out of order. */
static Outcome *
run(const Scenario *scenario, const RunRequest *request)
{
  g_assert_cmpuint(request->seed, ==, 42);
  g_usleep((9 - request->replication) * 200);
  return outcome_of(scenario, request);
}

static Outcome *
run_broken(const Scenario *scenario, const RunRequest *request)
{
  Outcome *outcome = outcome_of(scenario, request);

  if (outcome->fingerprint == 3002)
    outcome->breach = g_strdup("an identifier in use twice");
  return outcome;
}

/* Goes on until it is asked to stop, but for the first. */
static Outcome *
run_long(const Scenario *scenario, const RunRequest *request)
{
  Outcome *outcome = outcome_of(scenario, request);

  if (outcome->fingerprint == 1001)
    return outcome;
  while (g_atomic_int_get(request->cancel) == 0)
    g_usleep(500);
  outcome_free(outcome);
  return NULL;
}

static gboolean
sink(RunnerResult *result, gpointer data, GError **error)
{
  Sink *seen = data;
  guint runs = 1;

  for (const char *c = seen->seen->str; *c != '\0'; c++)
    runs += *c == ' ';
  g_assert_cmpuint(result->outcome->fingerprint, ==,
                   result->job.point * 1000 + result->job.replication);
  g_assert_nonnull(scenario_section(result->scenario, "sensor"));
  g_assert_cmpint(result->wall_ns, >=, 0);
  g_string_append_printf(seen->seen, "%u:%u ", result->job.point, result->job.replication);
  if (runs == seen->cancel_after)
    g_atomic_int_set(&seen->cancel, 1);
  if (runs != seen->fail_after)
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "disk full");
  return FALSE;
}

static void
progress(guint64 runs, guint64 messages, gpointer data)
{
  g_assert_cmpuint(messages, ==, runs * 10);
  ((Sink *)data)->progress++;
}

static gboolean
run_all(Sink *seen, RunFunc function, guint workers, RunnerReport *report, GError **error)
{
  g_autoptr(Experiment) experiment = load();
  RunnerJob jobs[POINTS * REPLICATIONS];
  RunnerOptions options = {.grid = experiment->grid,
                           .run = function,
                           .jobs = jobs,
                           .n_jobs = G_N_ELEMENTS(jobs),
                           .workers = workers,
                           .seed = 42,
                           .cancel = &seen->cancel,
                           .sink = sink,
                           .progress = progress,
                           .data = seen};

  for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
    jobs[i] = (RunnerJob){i / REPLICATIONS + 1, i % REPLICATIONS + 1};
  seen->seen = g_string_new(NULL);
  return runner_run(&options, report, error);
}

static void
clear(Sink *seen, RunnerReport *report)
{
  g_string_free(seen->seen, TRUE);
  runner_report_clear(report);
}

/* Whatever the number of workers, the sink sees the runs in the order of the jobs. */
static void
test_order(void)
{
  for (guint workers = 1; workers <= 4; workers++) {
    Sink seen = {NULL};
    RunnerReport report;
    g_autoptr(GString) expected = g_string_new(NULL);

    for (guint i = 0; i < POINTS * REPLICATIONS; i++)
      g_string_append_printf(expected, "%u:%u ", i / REPLICATIONS + 1, i % REPLICATIONS + 1);
    g_assert_true(run_all(&seen, run, workers, &report, NULL));
    g_assert_cmpstr(seen.seen->str, ==, expected->str);
    g_assert_cmpuint(report.runs, ==, POINTS * REPLICATIONS);
    g_assert_cmpuint(report.messages, ==, POINTS * REPLICATIONS * 10);
    g_assert_cmpuint(seen.progress, >=, 1);
    g_assert_false(report.cancelled);
    g_assert_cmpuint(report.breaches->len, ==, 0);
    clear(&seen, &report);
  }
}

static void
test_breach(void)
{
  Sink seen = {NULL};
  RunnerReport report;

  g_assert_true(run_all(&seen, run_broken, 2, &report, NULL));
  g_assert_cmpuint(report.runs, ==, POINTS * REPLICATIONS);
  g_assert_cmpuint(report.breaches->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(report.breaches, 0), ==,
                  "point 3, replication 2, seed 42: an identifier in use twice");
  clear(&seen, &report);
}

static void
test_sink_fails(void)
{
  Sink seen = {.fail_after = 3};
  RunnerReport report;
  g_autoptr(GError) error = NULL;

  g_assert_false(run_all(&seen, run, 3, &report, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  g_assert_cmpuint(report.runs, ==, 2);
  g_assert_cmpstr(seen.seen->str, ==, "1:1 1:2 1:3 ");
  clear(&seen, &report);
}

/* Runs in progress are asked to stop, what is finished is kept. */
static void
test_cancel(void)
{
  Sink seen = {.cancel_after = 1};
  RunnerReport report;

  g_assert_true(run_all(&seen, run_long, 2, &report, NULL));
  g_assert_true(report.cancelled);
  g_assert_cmpuint(report.runs, ==, 1);
  g_assert_cmpstr(seen.seen->str, ==, "1:1 ");
  clear(&seen, &report);
}

static void
test_cancelled_before(void)
{
  Sink seen = {.cancel = 1};
  RunnerReport report;

  g_assert_true(run_all(&seen, run, 2, &report, NULL));
  g_assert_true(report.cancelled);
  g_assert_cmpuint(report.runs, ==, 0);
  clear(&seen, &report);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/study/runner/order", test_order);
  g_test_add_func("/study/runner/breach", test_breach);
  g_test_add_func("/study/runner/sink fails", test_sink_fails);
  g_test_add_func("/study/runner/cancel", test_cancel);
  g_test_add_func("/study/runner/cancelled before", test_cancelled_before);
  return g_test_run();
}
