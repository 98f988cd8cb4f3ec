/* Rows of messages into the results database, as a run with record = messages hands them over: one
 * transaction, in a file. Beside them, as a yardstick, the same rows as plain INSERTs, one each,
 * into a table of the same columns, and as write() of the structures themselves. Then what
 * recording takes beside the run that is recorded: a small fleet for ten minutes.
 *
 *     bench-store [ROWS [FILE]]      FILE is kept */
#include "sim/results/store.h"
#include "tests/bench/measure.h"
#include "tests/models/world/kit.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A fleet's rows: 1,000 publishers in turn, some late, few lost, settled not quite in order. */
static OutcomeMessage
make_row(guint64 i)
{
  guint64 noise = i * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
  gboolean lost = noise >> 54 == 0;
  OutcomeMessage row = {
      .id = (i ^ (i >> 3 & 7)) + 1,
      .publisher = (guint32)(i % 1000) + 1,
      .published_ns = (gint64)i * 1000000 + (gint64)(noise >> 45),
      .latency_ns = lost ? -1 : 150000000 + (gint64)(noise >> 40),
      .told_ns = (gint64)i * 1000000 + 300000000 + (gint64)(noise >> 39),
      .copies = !lost,
      .sends = 2 + (noise >> 57 == 0),
      .qos = 1,
      .fate = lost ? FATE_LOST : FATE_ONCE,
      .cause = lost ? CAUSE_BROKER_QUEUE_FULL : CAUSE_NONE,
      .told = TOLD_SUCCESS,
  };
  return row;
}

static Outcome *
make_outcome(guint rows)
{
  Outcome *outcome = outcome_new();

  outcome_element(outcome, OF_PUBLISH, "reading");
  for (guint i = 0; i <= 1000; i++)
    g_ptr_array_add(outcome->clients, g_strdup_printf("client-%u", i));
  outcome->messages = g_array_sized_new(FALSE, FALSE, sizeof(OutcomeMessage), rows);
  for (guint i = 0; i < rows; i++) {
    OutcomeMessage row = make_row(i);
    g_array_append_val(outcome->messages, row);
  }
  return outcome;
}

typedef double (*Way)(const char *path, Outcome *outcome);

/* Processor seconds that it took. */
static double
through_store(const char *path, Outcome *outcome)
{
  StoreExperiment experiment = {"key", "revision", "title", "text", "", "libraries", NULL, 0};
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = store_open(path, &experiment, &error);
  g_autoptr(GPtrArray) points = g_ptr_array_new_with_free_func((GDestroyNotify)store_point_free);

  g_ptr_array_add(points, store_point_new(1, "only"));
  if (store == NULL || !store_set_points(store, points, &error))
    g_error("%s", error->message);
  double start_s = measure_cpu_s();
  if (!store_add_run(store, points->pdata[0], 1, 1, outcome, 1, &error))
    g_error("%s", error->message);
  return measure_cpu_s() - start_s;
}

static void
must(sqlite3 *db, int code)
{
  if (code != SQLITE_OK && code != SQLITE_DONE)
    g_error("%s", sqlite3_errmsg(db));
}

static void
insert_one(sqlite3_stmt *insert, const OutcomeMessage *row)
{
  const gint64 values[] = {
      (gint64)row->id,   row->section,    row->publisher, row->subscriber, row->qos,
      row->published_ns, row->latency_ns, row->told_ns,   row->copies,     row->sends,
      row->needless,     row->fate,       row->cause,     row->told,
  };
  for (guint i = 0; i < G_N_ELEMENTS(values); i++)
    sqlite3_bind_int64(insert, (int)i + 1, values[i]);
}

static double
by_inserts(const char *path, Outcome *outcome)
{
  sqlite3 *db;
  sqlite3_stmt *insert;

  must(NULL, sqlite3_open(path, &db));
  must(db, sqlite3_exec(db, "CREATE TABLE message (a,b,c,d,e,f,g,h,i,j,k,l,m,n)", 0, 0, 0));
  must(db, sqlite3_prepare_v2(db, "INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1,
                              &insert, NULL));
  double start_s = measure_cpu_s();
  must(db, sqlite3_exec(db, "BEGIN", 0, 0, 0));
  for (guint i = 0; i < outcome->messages->len; i++) {
    insert_one(insert, &g_array_index(outcome->messages, OutcomeMessage, i));
    must(db, sqlite3_step(insert));
    sqlite3_reset(insert);
  }
  must(db, sqlite3_exec(db, "COMMIT", 0, 0, 0));
  double spent_s = measure_cpu_s() - start_s;
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return spent_s;
}

static double
by_write(const char *path, Outcome *outcome)
{
  const gsize at_once = 4096;
  int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  double start_s = measure_cpu_s();

  for (gsize i = 0; i < outcome->messages->len; i += at_once) {
    gsize n = MIN(at_once, outcome->messages->len - i) * sizeof(OutcomeMessage);
    if (write(file, &g_array_index(outcome->messages, OutcomeMessage, i), n) != (gssize)n)
      g_error("%s: cannot be written", path);
  }
  double spent_s = measure_cpu_s() - start_s;
  close(file);
  return spent_s;
}

static void
show_recording(RecordLevel record)
{
  g_autofree char *path = g_strdup_printf("bench-store-%d.db", getpid());
  g_autofree char *text = g_strdup_printf(
      "[experiment]\ntitle = recorded\nduration = 10min\nrecord = %s\n[link cell]\n"
      "profile = catm1\n[broker hub]\n[client sensor]\ncount = 100\nlink = cell\n"
      "[client dashboard]\n[publish reading]\nclient = sensor\ntopic = fleet/{n}\nqos = 1\n"
      "every = 1s\n[subscribe all]\nclient = dashboard\nfilter = fleet/#\nqos = 1\n",
      record == RECORD_SUMMARY ? "summary" : "messages");
  g_autoptr(Scenario) scenario = kit_scenario(text);
  RunRequest request = {.seed = 1, .replication = 1};
  double start_s = measure_cpu_s();
  g_autoptr(Outcome) outcome = world_run(scenario, &request);
  double run_s = measure_cpu_s() - start_s, recording_s = through_store(path, outcome);

  g_unlink(path);
  printf("record = %-19s %10.1f ms %10.2f ms %8.1f %%\n",
         record == RECORD_SUMMARY ? "summary" : "messages", run_s * 1e3, recording_s * 1e3,
         100 * recording_s / run_s);
}

static void
show(const char *name, Way way, Outcome *outcome, const char *file)
{
  g_autofree char *path = file ? g_strdup(file) : g_strdup_printf("bench-store-%d.db", getpid());
  double best_s = G_MAXDOUBLE, rows = outcome->messages->len;
  GStatBuf status;

  for (guint i = 0; i < 3; i++) {
    g_unlink(path);
    double spent_s = way(path, outcome);
    best_s = MIN(best_s, spent_s);
  }
  g_stat(path, &status);
  printf("%-28s %14.0f %10.0f %10.1f\n", name, rows / best_s, best_s * 1e9 / rows,
         (double)status.st_size / rows);
  if (file == NULL)
    g_unlink(path);
}

int
main(int argc, char **argv)
{
  g_autoptr(Outcome) outcome = make_outcome(argc > 1 ? (guint)atoi(argv[1]) : 1000000);

  printf("%-28s %14s %10s %10s\n", "", "rows/CPU s", "ns", "bytes/row");
  show("write() (yardstick)", by_write, outcome, NULL);
  show("an INSERT each (yardstick)", by_inserts, outcome, NULL);
  show("a run's rows to the store", through_store, outcome, argc > 2 ? argv[2] : NULL);
  printf("\n%-28s %13s %13s %10s\n", "", "run", "recording", "share");
  show_recording(RECORD_SUMMARY);
  show_recording(RECORD_MESSAGES);
  return 0;
}
