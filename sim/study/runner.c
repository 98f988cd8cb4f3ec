#include "sim/study/runner.h"

#include <string.h>

/* How many jobs may be started beyond the next one that the sink waits for, for each worker. */
#define WINDOW_PER_WORKER 4
#define PROGRESS_US 100000

/* The point of one or more jobs; freed with the last of them. */
typedef struct {
  guint refs;
  Scenario *scenario;
} Shared;

typedef struct {
  guint64 number; /* of the job */
  Shared *shared;
  RunRequest request;
  Outcome *outcome;
  gint64 wall_ns;
} Task;

typedef struct {
  const RunnerOptions *options;
  RunnerReport *report;
  GThreadPool *pool;
  GAsyncQueue *finished; /* Task * */
  Task **waiting;        /* finished before their turn; by number modulo window */
  guint window;
  guint64 started, handed;
  guint running;
  Shared *current; /* of the job started last */
  guint current_point;
  gint stop; /* atomic: runs in progress are to end */
  gboolean failed;
  gint64 shown_us;
} Runner;

static void
shared_unref(Shared *shared)
{
  if (shared == NULL || --shared->refs > 0)
    return;
  scenario_free(shared->scenario);
  g_free(shared);
}

static void
task_free(Task *task)
{
  shared_unref(task->shared);
  outcome_free(task->outcome);
  g_free(task);
}

static void
work(gpointer data, gpointer user_data)
{
  Task *task = data;
  Runner *runner = user_data;
  gint64 start_us = g_get_monotonic_time();

  task->outcome = runner->options->run(task->shared->scenario, &task->request);
  task->wall_ns = (g_get_monotonic_time() - start_us) * 1000;
  g_async_queue_push(runner->finished, task);
}

static gboolean
cancelled(const Runner *runner)
{
  return runner->options->cancel != NULL && g_atomic_int_get(runner->options->cancel) != 0;
}

static void
start(Runner *runner)
{
  const RunnerOptions *options = runner->options;
  const RunnerJob *job = &options->jobs[runner->started];
  Task *task = g_new0(Task, 1);

  if (runner->current == NULL || runner->current_point != job->point) {
    shared_unref(runner->current);
    runner->current = g_new0(Shared, 1);
    runner->current->refs = 1;
    runner->current->scenario = grid_scenario(options->grid, job->point);
    runner->current_point = job->point;
  }
  runner->current->refs++;
  task->number = runner->started++;
  task->shared = runner->current;
  task->request.seed = options->seed;
  task->request.replication = job->replication;
  task->request.monitor = options->monitor;
  task->request.pcap = options->pcap;
  task->request.cancel = &runner->stop;
  runner->running++;
  g_thread_pool_push(runner->pool, task, NULL);
}

static guint64
messages(const Outcome *outcome)
{
  double sum = 0;

  for (guint i = 0; i < outcome->elements->len; i++) {
    const OutcomeElement *element = g_ptr_array_index(outcome->elements, i);

    if (element->of & OF_PUBLISH)
      sum += element->counters[COUNT_PUBLISHED];
  }
  return (guint64)sum;
}

static void
hand_over(Runner *runner, Task *task, GError **error)
{
  const RunnerOptions *options = runner->options;
  RunnerResult result = {options->jobs[task->number], options->seed, task->shared->scenario,
                         task->outcome, task->wall_ns};
  guint64 published;

  if (task->outcome == NULL || runner->failed)
    return;
  published = messages(task->outcome);
  if (task->outcome->breach != NULL)
    g_ptr_array_add(runner->report->breaches,
                    g_strdup_printf("point %u, replication %u, seed %" G_GUINT64_FORMAT ": %s",
                                    result.job.point, result.job.replication, options->seed,
                                    task->outcome->breach));
  if (!options->sink(&result, options->data, error)) {
    runner->failed = TRUE;
    g_atomic_int_set(&runner->stop, 1);
  } else {
    runner->report->runs++;
    runner->report->messages += published;
  }
  task->outcome = result.outcome;
}

/* Whatever is next in the order of the jobs; a run that was asked to stop has no outcome and is
 * passed over. */
static void
drain(Runner *runner, GError **error)
{
  while (runner->handed < runner->started) {
    Task **place = &runner->waiting[runner->handed % runner->window];

    if (*place == NULL)
      break;
    hand_over(runner, *place, error);
    task_free(*place);
    *place = NULL;
    runner->handed++;
  }
}

static void
show(Runner *runner, gboolean last)
{
  const RunnerOptions *options = runner->options;
  gint64 now_us = g_get_monotonic_time();

  if (options->progress == NULL || (!last && now_us - runner->shown_us < PROGRESS_US))
    return;
  runner->shown_us = now_us;
  options->progress(runner->report->runs, runner->report->messages, options->data);
}

static void
loop(Runner *runner, GError **error)
{
  const RunnerOptions *options = runner->options;

  for (;;) {
    Task *task;

    if (cancelled(runner)) {
      runner->report->cancelled = TRUE;
      g_atomic_int_set(&runner->stop, 1);
    }
    while (g_atomic_int_get(&runner->stop) == 0 && runner->started < options->n_jobs &&
           runner->started - runner->handed < runner->window)
      start(runner);
    if (runner->running == 0)
      break;
    task = g_async_queue_timeout_pop(runner->finished, PROGRESS_US);
    if (task != NULL) {
      runner->running--;
      runner->waiting[task->number % runner->window] = task;
      drain(runner, error);
    }
    show(runner, FALSE);
  }
  show(runner, TRUE);
}

gboolean
runner_run(const RunnerOptions *options, RunnerReport *report, GError **error)
{
  Runner runner = {.options = options, .report = report};

  g_assert(options->workers >= 1);
  g_assert(options->pcap == NULL || options->n_jobs == 1);
  memset(report, 0, sizeof *report);
  report->breaches = g_ptr_array_new_with_free_func(g_free);
  runner.window = options->workers * WINDOW_PER_WORKER;
  runner.waiting = g_new0(Task *, runner.window);
  runner.finished = g_async_queue_new();
  runner.pool = g_thread_pool_new(work, &runner, (gint)options->workers, FALSE, NULL);
  loop(&runner, error);
  g_thread_pool_free(runner.pool, FALSE, TRUE);
  shared_unref(runner.current);
  g_async_queue_unref(runner.finished);
  g_free(runner.waiting);
  return !runner.failed;
}

void
runner_report_clear(RunnerReport *report)
{
  g_clear_pointer(&report->breaches, g_ptr_array_unref);
}
