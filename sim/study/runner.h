/* Runs side by side in threads, outcomes handed over one after another.
 *
 * The sink gets the runs in the order of the jobs, whatever the number of workers, in the thread
 * that called runner_run(); what waits for its turn is bounded. A run is a pure function, so
 * nothing else is shared. */
#pragma once

#include "sim/record/outcome.h"
#include "sim/study/grid.h"

typedef struct {
  guint point;         /* from 1 */
  guint32 replication; /* from 1 */
} RunnerJob;

/* One finished run. The outcome is the runner's, freed after the sink returns; a sink that keeps it
 * sets it to NULL. A run that broke an invariant comes too, see outcome->breach. */
typedef struct {
  RunnerJob job;
  guint64 seed;
  const Scenario *scenario;
  Outcome *outcome;
  gint64 wall_ns;
} RunnerResult;

/* FALSE and an error: no further run is started. */
typedef gboolean (*RunnerSink)(RunnerResult *result, gpointer data, GError **error);
/* About ten times a second; messages: published in finished runs. */
typedef void (*RunnerProgress)(guint64 runs, guint64 messages, gpointer data);

typedef struct {
  const Grid *grid;
  RunFunc run;
  const RunnerJob *jobs;
  guint64 n_jobs;
  guint workers; /* at least 1 */
  guint64 seed;
  gboolean monitor;
  FILE *pcap; /* of the only job; NULL: its packets are not wanted */
  /* Atomic; not 0: start nothing more, ask what runs to stop, hand over what is finished. May be
   * NULL. */
  const gint *cancel;
  RunnerSink sink;
  RunnerProgress progress; /* may be NULL */
  gpointer data;           /* of sink and progress */
} RunnerOptions;

typedef struct {
  guint64 runs;     /* handed to the sink */
  guint64 messages; /* published in them */
  gboolean cancelled;
  GPtrArray *breaches; /* char *: "point 14, replication 3, seed 1: ..." */
} RunnerReport;

/* Points after the first breach are still run. FALSE: the sink failed. The report is filled in any
 * case, and cleared by runner_report_clear(). */
gboolean runner_run(const RunnerOptions *options, RunnerReport *report, GError **error);
void runner_report_clear(RunnerReport *report);
