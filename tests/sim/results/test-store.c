#include "sim/results/store.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than the head of a database, so that there is something to read before it is refused. */
#define LONG_TEXT                                                                                  \
  "a text that is longer than the hundred bytes which the head of a database has, and that says "  \
  "nothing that anybody could take for one"

typedef struct {
  char *folder, *path;
} Fixture;

static const StoreSetting settings[] = {{"sensor", "qos", "1"}, {"radio", "loss", "2 %"}};

static const StoreExperiment study = {
    .key = "abc123",
    .revision = "1",
    .title = "What 'if'?",
    .text = "[experiment]\ntitle = What 'if'?\n",
    .overrides = "",
    .libraries = "none",
    .settings = settings,
    .settings_n = G_N_ELEMENTS(settings),
};

static void
set_up(Fixture *f, gconstpointer data)
{
  (void)data;
  f->folder = g_dir_make_tmp("qosim-store-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "results.db", NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
  g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
  const char *name;

  (void)data;
  while ((name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *path = g_build_filename(f->folder, name, NULL);

    g_unlink(path);
  }
  g_rmdir(f->folder);
  g_free(f->folder);
  g_free(f->path);
}

static GPtrArray *
make_points(guint n)
{
  GPtrArray *points = g_ptr_array_new_with_free_func((GDestroyNotify)store_point_free);

  for (guint i = 1; i <= n; i++) {
    g_autofree char *key = g_strdup_printf("loss=%u", i);
    g_autofree char *value = g_strdup_printf("%u %%", i);
    StorePoint *point = store_point_new(i, key);

    store_point_add(point, "$loss", value, value, i / 100.0);
    store_point_add(point, "sensor.ack_timeout", i == 1 ? "never" : "3 * rtt",
                    i == 1 ? "never" : "900 ms", i == 1 ? INFINITY : 0.9);
    store_point_add(point, "policy", "before", "before", NAN);
    g_ptr_array_add(points, point);
  }
  return points;
}

static void
put_message(Outcome *outcome, guint64 id, guint32 subscriber)
{
  OutcomeMessage m = {
      .id = id,
      .section = 0,
      .publisher = 1,
      .subscriber = subscriber,
      .published_ns = (gint64)id * 1000,
      .latency_ns = id % 3 == 0 ? -1 : 150000000,
      .told_ns = id % 5 == 0 ? -1 : 300000000,
      .copies = id % 3 != 0,
      .sends = 2,
      .needless = 1,
      .qos = 1,
      .fate = id % 3 == 0 ? FATE_LOST : FATE_ONCE,
      .cause = id % 3 == 0 ? CAUSE_CONNECTION_LOST : CAUSE_NONE,
      .told = id % 5 == 0 ? TOLD_NOTHING : TOLD_SUCCESS,
  };

  g_array_append_val(outcome->messages, m);
}

/* What a run might give: everything follows from point and replication. */
static Outcome *
make_outcome(guint point, guint replication, guint messages)
{
  Outcome *outcome = outcome_new();
  OutcomeElement *reading = outcome_element(outcome, OF_PUBLISH, "reading");
  OutcomeElement *sensor = outcome_element(outcome, OF_CLIENT, "sensor");

  outcome->fingerprint = G_GUINT64_CONSTANT(0xfedcba9876543210) + point * 100 + replication;
  outcome->events = 123456;
  outcome->virtual_ns = 3723000000001;
  reading->counters[COUNT_PUBLISHED] = reading->counters[COUNT_OWED] = 1000;
  reading->counters[COUNT_ONCE] = 1000 - point;
  reading->counters[COUNT_LOST] = point;
  reading->counters[COUNT_LOST_CAUSE + CAUSE_CONNECTION_LOST] = point;
  reading->counters[COUNT_SILENT_CAUSE + CAUSE_CONNECTION_LOST] = point;
  reading->examples[CAUSE_CONNECTION_LOST] = 10 + replication;
  for (guint i = 0; i < 1000 - point; i++)
    histogram_add(&reading->histograms[HISTOGRAM_LATENCY], 100000000 + i * 1000 * replication);
  sensor->counters[COUNT_BLIND_S] = 0.1 * replication;
  if (messages > 0) {
    outcome->messages = g_array_new(FALSE, TRUE, sizeof(OutcomeMessage));
    g_ptr_array_add(outcome->clients, g_strdup("dashboard"));
    g_ptr_array_add(outcome->clients, g_strdup("sensor-1"));
    for (guint64 id = messages; id >= 1; id--) /* they settle in another order than they are sent */
      put_message(outcome, id, id % 7 == 0 ? G_MAXUINT32 : 0);
  }
  return outcome;
}

static void
put_segments(Outcome *outcome)
{
  const OutcomeSegment rows[] = {
      {.at_ns = -2000000000,
       .arrives_ns = -1500000000,
       .link = 1,
       .client = 1,
       .connection = 1,
       .payload = 0,
       .bytes = 60,
       .flags = 0x02,
       .up = TRUE},
      {.at_ns = 250000000,
       .arrives_ns = G_MAXINT64,
       .seq = 5000000000,
       .ack = 7,
       .link = 1,
       .client = 1,
       .connection = 2,
       .payload = 123,
       .bytes = 175,
       .flags = 0x18,
       .again = "probe",
       .lost = "outage"},
      {.at_ns = 500000000,
       .arrives_ns = G_MAXINT64,
       .seq = 9,
       .ack = 8,
       .client = 0,
       .connection = 1,
       .bytes = 40,
       .flags = 0x15,
       .up = TRUE},
  };

  outcome->links = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(outcome->links, g_strdup("uplink"));
  g_ptr_array_add(outcome->links, g_strdup("radio/sensor-1"));
  outcome->segments = g_array_new(FALSE, FALSE, sizeof(OutcomeSegment));
  g_array_append_vals(outcome->segments, rows, G_N_ELEMENTS(rows));
}

static void
add(Store *store, const StorePoint *point, guint replication, guint messages)
{
  g_autoptr(Outcome) outcome = make_outcome(point->number, replication, messages);
  g_autoptr(GError) error = NULL;

  if (messages > 0)
    put_segments(outcome);
  store_add_run(store, point, replication, 1, outcome, 0.25, &error);
  g_assert_no_error(error);
}

static Store *
open_or_die(const char *path)
{
  g_autoptr(GError) error = NULL;
  Store *store = store_open(path, &study, &error);

  g_assert_no_error(error);
  return store;
}

static void
assert_refused(const char *path, const StoreExperiment *experiment, StoreError code,
               const char *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_null(store_open(path, experiment, &error));
  g_assert_error(error, STORE_ERROR, (gint)code);
  g_assert_nonnull(strstr(error->message, word));
  g_assert_nonnull(strstr(error->message, path));
}

/* All rows of all tables as text. */
static char *
dump(const char *path)
{
  g_autofree char *command = g_strdup_printf("sqlite3 '%s' .dump", path);
  g_autoptr(GError) error = NULL;
  char *text = NULL;

  if (!g_spawn_command_line_sync(command, &text, NULL, NULL, &error))
    return NULL;
  return text;
}

static void
test_round_trip(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(3);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = open_or_die(f->path);

  (void)data;
  g_assert_true(store_set_points(store, points, &error));
  g_assert_false(store_has_run(store, points->pdata[1], 2));
  add(store, points->pdata[1], 2, 0);
  add(store, points->pdata[1], 1, 0);
  g_assert_true(store_has_run(store, points->pdata[1], 2));
  g_assert_false(store_has_run(store, points->pdata[0], 2));
  g_clear_pointer(&store, store_free);

  store = store_open_read(f->path, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(store_title(store), ==, study.title);
  g_assert_cmpstr(store_text(store), ==, study.text);
  g_assert_cmpstr(store_key(store), ==, study.key);
  g_autoptr(GPtrArray) back = store_points(store, &error);

  g_assert_cmpuint(back->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    const StorePoint *a = points->pdata[i], *b = back->pdata[i];

    g_assert_cmpuint(b->number, ==, i + 1);
    g_assert_cmpstr(b->key, ==, a->key);
    g_assert_cmpuint(b->parameters->len, ==, 3);
    g_assert_cmpuint(b->runs, ==, i == 1 ? 2 : 0);
    for (guint k = 0; k < 3; k++) {
      const StoreParameter *x = &g_array_index(a->parameters, StoreParameter, k);
      const StoreParameter *y = &g_array_index(b->parameters, StoreParameter, k);

      g_assert_cmpstr(x->factor, ==, y->factor);
      g_assert_cmpstr(x->text, ==, y->text);
      g_assert_cmpstr(x->value, ==, y->value);
      g_assert_true(x->number == y->number || (isnan(x->number) && isnan(y->number)));
    }
  }
  g_autoptr(GArray) replications = NULL;
  g_autoptr(GPtrArray) outcomes = store_outcomes(store, back->pdata[1], &replications, &error);

  g_assert_no_error(error);
  g_assert_cmpuint(outcomes->len, ==, 2);
  for (guint i = 0; i < 2; i++) {
    g_autoptr(Outcome) want = make_outcome(2, i + 1, 0);
    Outcome *got = outcomes->pdata[i];

    g_assert_cmpuint(g_array_index(replications, guint32, i), ==, i + 1);
    g_assert_cmphex(got->fingerprint, ==, want->fingerprint);
    g_assert_cmpuint(got->events, ==, want->events);
    g_assert_cmpint(got->virtual_ns, ==, want->virtual_ns);
    g_assert_cmpuint(got->elements->len, ==, 2);
    for (guint e = 0; e < 2; e++) {
      const OutcomeElement *a = want->elements->pdata[e];
      const OutcomeElement *b = outcome_element(got, a->of, a->name);

      g_assert_true(memcmp(a->counters, b->counters, sizeof a->counters) == 0);
      g_assert_true(memcmp(a->examples, b->examples, sizeof a->examples) == 0);
      for (guint h = 0; h < HISTOGRAM_N; h++) {
        g_autoptr(GBytes) x = histogram_to_bytes(&a->histograms[h]);
        g_autoptr(GBytes) y = histogram_to_bytes(&b->histograms[h]);

        g_assert_true(g_bytes_equal(x, y));
      }
    }
  }
}

static void
test_messages(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(1);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = open_or_die(f->path);

  (void)data;
  g_assert_true(store_set_points(store, points, &error));
  add(store, points->pdata[0], 1, 1003);
  add(store, points->pdata[0], 2, 0);
  for (guint64 id = 1; id <= 1003; id += 167) {
    g_autoptr(GArray) rows = store_message(store, points->pdata[0], 1, id, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(rows->len, ==, 1);
    const StoreMessage *m = &g_array_index(rows, StoreMessage, 0);

    g_assert_cmpstr(m->section, ==, "reading");
    g_assert_cmpstr(m->publisher, ==, "sensor-1");
    g_assert_cmpstr(m->subscriber, ==, id % 7 == 0 ? NULL : "dashboard");
    g_assert_cmpuint(m->row.subscriber, ==, id % 7 == 0 ? G_MAXUINT32 : 0);
    g_assert_cmpint(m->row.latency_ns, ==, id % 3 == 0 ? -1 : 150000000);
    g_assert_cmpint(m->row.told_ns, ==, id % 5 == 0 ? -1 : 300000000);
    g_assert_cmpuint(m->row.fate, ==, id % 3 == 0 ? FATE_LOST : FATE_ONCE);
  }
  g_autoptr(GArray) none = store_message(store, points->pdata[0], 2, 1, &error);

  g_assert_cmpuint(none->len, ==, 0);
  StoreRun run = {0};

  g_assert_true(store_run(store, points->pdata[0], 2, &run, &error));
  g_assert_cmpuint(run.seed, ==, 1);
  g_assert_null(run.breach);
  g_assert_false(store_run(store, points->pdata[0], 3, &run, &error));
  g_assert_no_error(error);
}

static void
test_refuses_others(Fixture *f, gconstpointer data)
{
  StoreExperiment other = study;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  gsize n, m;

  (void)data;
  store_free(open_or_die(f->path));
  g_assert_true(g_file_get_contents(f->path, &before, &n, NULL));
  other.key = "other";
  assert_refused(f->path, &other, STORE_ERROR_EXPERIMENT, "What 'if'?");
  other = study;
  other.revision = "2";
  assert_refused(f->path, &other, STORE_ERROR_EXPERIMENT, "-o");
  g_assert_true(g_file_get_contents(f->path, &after, &m, NULL));
  g_assert_cmpmem(before, n, after, m);
}

static void
test_new_words_for_the_same(Fixture *f, gconstpointer data)
{
  StoreExperiment other = study;
  g_autoptr(GError) error = NULL;

  (void)data;
  store_free(open_or_die(f->path));
  other.text = "# a comment\n";
  g_autoptr(Store) store = store_open(f->path, &other, &error);

  g_assert_no_error(error);
  g_assert_cmpstr(store_text(store), ==, "# a comment\n");
}

static void
test_refuses_other_files(Fixture *f, gconstpointer data)
{
  static const char *const texts[] = {
      "x",
      "[experiment]\ntitle = the wrong file\n",
      LONG_TEXT,
  };

  (void)data;
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *after = NULL;

    g_assert_true(g_file_set_contents(f->path, texts[i], -1, NULL));
    assert_refused(f->path, &study, STORE_ERROR_FORMAT, "not a results database");
    g_assert_true(g_file_get_contents(f->path, &after, NULL, NULL));
    g_assert_cmpstr(after, ==, texts[i]);
    g_assert_null(store_open_read(f->path, NULL));
  }
  assert_refused(f->folder, &study, STORE_ERROR_OPEN, "directory");
}

static void
execute(const char *path, const char *sql)
{
  g_autofree char *command = g_strdup_printf("sqlite3 '%s' \"%s\"", path, sql);

  g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static gboolean
has_shell(void)
{
  g_autofree char *path = g_find_program_in_path("sqlite3");

  if (path == NULL)
    g_test_skip("no sqlite3 shell");
  return path != NULL;
}

static void
test_refuses_other_databases(Fixture *f, gconstpointer data)
{
  (void)data;
  if (!has_shell())
    return;
  execute(f->path, "CREATE TABLE t (x)");
  assert_refused(f->path, &study, STORE_ERROR_FORMAT, "none of results");
  g_unlink(f->path);
  store_free(open_or_die(f->path));
  execute(f->path, "PRAGMA user_version = 99");
  assert_refused(f->path, &study, STORE_ERROR_VERSION, "schema 99");
}

static void
test_unwritable(Fixture *f, gconstpointer data)
{
  g_autofree char *missing = g_build_filename(f->folder, "no", "such.db", NULL);
  g_autoptr(GError) error = NULL;

  (void)data;
  assert_refused(missing, &study, STORE_ERROR_OPEN, "No such file");
  g_assert_null(store_open_read(f->path, &error));
  g_assert_error(error, STORE_ERROR, STORE_ERROR_OPEN);
  g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
  if (geteuid() == 0)
    return; /* nothing is unwritable to the superuser */
  g_assert_cmpint(g_chmod(f->folder, 0500), ==, 0);
  assert_refused(f->path, &study, STORE_ERROR_OPEN, "Permission");
  g_assert_cmpint(g_chmod(f->folder, 0700), ==, 0);
}

static void
test_one_writer(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(1);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = open_or_die(f->path);
  g_autoptr(Store) reader = NULL;

  (void)data;
  assert_refused(f->path, &study, STORE_ERROR_BUSY, "another qosim run is writing it");
  g_assert_true(store_set_points(store, points, &error));
  reader = store_open_read(f->path, &error);
  g_assert_no_error(error);
  add(store, points->pdata[0], 1, 0);
  g_autoptr(GPtrArray) seen = store_points(reader, &error);

  g_assert_cmpuint(((StorePoint *)seen->pdata[0])->runs, ==, 1);
  g_clear_pointer(&store, store_free);
  store = open_or_die(f->path);
}

/* A child is killed while a transaction is under way: what it had handed over before is there. */
static void
test_killed(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(2);
  g_autoptr(GError) error = NULL;
  int ends[2];
  char ready;

  (void)data;
  g_assert_cmpint(pipe(ends), ==, 0);
  pid_t child = fork();

  if (child == 0) {
    Store *store = open_or_die(f->path);

    store_set_points(store, points, NULL);
    add(store, points->pdata[0], 1, 0);
    if (write(ends[1], "r", 1) != 1)
      _exit(1);
    for (guint i = 2;; i++)
      add(store, points->pdata[1], i, 2000);
  }
  g_assert_cmpint(read(ends[0], &ready, 1), ==, 1);
  g_usleep(30000);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(ends[0]);
  close(ends[1]);

  g_autoptr(Store) store = open_or_die(f->path);

  g_assert_true(store_set_points(store, points, &error));
  g_assert_no_error(error);
  g_assert_true(store_has_run(store, points->pdata[0], 1));
  g_autoptr(GPtrArray) outcomes = store_outcomes(store, points->pdata[1], NULL, &error);

  g_assert_no_error(error);
  for (guint i = 0; i < outcomes->len; i++) {
    const OutcomeElement *reading = outcome_element(outcomes->pdata[i], OF_PUBLISH, "reading");

    g_assert_cmpfloat(reading->counters[COUNT_OWED], ==, 1000);
    g_assert_cmpuint(reading->histograms[HISTOGRAM_LATENCY].count, ==, 998);
  }
  add(store, points->pdata[1], 1, 5);
}

/* In a child, since the limit stays: a run that does not fit leaves no trace, one that does is
 * taken. */
static void
fill_up(const char *path)
{
  g_autoptr(GPtrArray) points = make_points(1);
  g_autoptr(GError) error = NULL;
  struct rlimit limit = {400000, 400000};

  signal(SIGXFSZ, SIG_IGN);
  g_autoptr(Store) store = open_or_die(path);

  g_assert_true(store_set_points(store, points, &error));
  g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
  add(store, points->pdata[0], 1, 10);
  g_autoptr(Outcome) outcome = make_outcome(1, 2, 100000);

  g_assert_false(store_add_run(store, points->pdata[0], 2, 1, outcome, 1, &error));
  g_assert_error(error, STORE_ERROR, STORE_ERROR_FULL);
  g_assert_nonnull(strstr(error->message, "no room"));
  g_assert_false(store_has_run(store, points->pdata[0], 2));
  add(store, points->pdata[0], 3, 10);
}

static void
test_full(Fixture *f, gconstpointer data)
{
  int status;
  pid_t child = fork();

  (void)data;
  if (child == 0) {
    fill_up(f->path);
    _exit(0);
  }
  waitpid(child, &status, 0);
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  g_autoptr(GPtrArray) points = make_points(1);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = open_or_die(f->path);

  g_assert_true(store_set_points(store, points, &error));
  g_assert_true(store_has_run(store, points->pdata[0], 1));
  g_assert_false(store_has_run(store, points->pdata[0], 2));
  g_assert_true(store_has_run(store, points->pdata[0], 3));
  g_autoptr(GArray) rows = store_message(store, points->pdata[0], 2, 1, &error);

  g_assert_cmpuint(rows->len, ==, 0);
}

/* No room for the first page: the file that was begun is removed. */
static void
test_full_at_birth(Fixture *f, gconstpointer data)
{
  int status;
  pid_t child = fork();

  (void)data;
  if (child == 0) {
    struct rlimit limit = {8192, 8192};

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    g_autoptr(GError) error = NULL;
    Store *store = store_open(f->path, &study, &error);

    _exit(store == NULL && g_error_matches(error, STORE_ERROR, STORE_ERROR_FULL) ? 0 : 1);
  }
  waitpid(child, &status, 0);
  g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
}

static void
test_order_does_not_matter(Fixture *f, gconstpointer data)
{
  g_autofree char *other = g_build_filename(f->folder, "other.db", NULL);
  const char *const paths[] = {f->path, other};
  char *dumps[2];

  (void)data;
  if (!has_shell())
    return;
  for (guint k = 0; k < 2; k++) {
    g_autoptr(GPtrArray) points = make_points(4);
    g_autoptr(Store) store = open_or_die(paths[k]);

    g_assert_true(store_set_points(store, points, NULL));
    for (guint i = 0; i < 12; i++) {
      guint at = k == 0 ? i : (i * 7 + 5) % 12;

      add(store, points->pdata[at / 3], at % 3 + 1, at % 2 * 50);
    }
    g_clear_pointer(&store, store_free);
    dumps[k] = dump(paths[k]);
  }
  g_assert_nonnull(strstr(dumps[0], "connection-lost"));
  g_assert_true(g_str_equal(dumps[0], dumps[1]));
  g_free(dumps[0]);
  g_free(dumps[1]);
}

/* Points are known by their values: others come and go, and their numbers change. */
static void
test_points_change(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(3);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = open_or_die(f->path);

  (void)data;
  g_assert_true(store_set_points(store, points, &error));
  for (guint i = 0; i < 3; i++)
    add(store, points->pdata[i], 1, 0);
  g_ptr_array_remove_index(points, 0);
  for (guint i = 0; i < 2; i++)
    ((StorePoint *)points->pdata[i])->number = i + 1;
  g_ptr_array_add(points, store_point_new(3, "new"));
  g_assert_true(store_set_points(store, points, &error));
  g_assert_cmpuint(((StorePoint *)points->pdata[0])->runs, ==, 1);
  g_assert_cmpuint(((StorePoint *)points->pdata[2])->runs, ==, 0);
  g_autoptr(GPtrArray) back = store_points(store, &error);

  g_assert_cmpuint(back->len, ==, 3);
  g_assert_cmpstr(((StorePoint *)back->pdata[0])->key, ==, "loss=2");
  g_assert_cmpstr(((StorePoint *)back->pdata[2])->key, ==, "new");
  g_clear_pointer(&points, g_ptr_array_unref);
  points = make_points(3);
  g_assert_true(store_set_points(store, points, &error));
  g_assert_true(store_has_run(store, points->pdata[0], 1));
}

static void
test_breach_is_not_done(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(1);
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = open_or_die(f->path);
  g_autoptr(Outcome) outcome = make_outcome(1, 1, 20);
  StoreRun run = {0};

  (void)data;
  outcome->breach = g_strdup("two deliveries of 7");
  g_assert_true(store_set_points(store, points, &error));
  g_assert_true(store_add_run(store, points->pdata[0], 1, 1, outcome, 1, &error));
  g_assert_false(store_has_run(store, points->pdata[0], 1));
  g_assert_true(store_run(store, points->pdata[0], 1, &run, &error));
  g_assert_cmpstr(run.breach, ==, "two deliveries of 7");
  g_free(run.breach);
  g_autoptr(GPtrArray) none = store_outcomes(store, points->pdata[0], NULL, &error);

  g_assert_cmpuint(none->len, ==, 0);
  add(store, points->pdata[0], 1, 20); /* repaired, and replaced */
  g_assert_true(store_has_run(store, points->pdata[0], 1));
}

static char *
query(const char *path, const char *sql)
{
  g_autofree char *command = g_strdup_printf("sqlite3 '%s' \"%s\"", path, sql);
  char *text = NULL;

  g_assert_true(g_spawn_command_line_sync(command, &text, NULL, NULL, NULL));
  return text;
}

static void
test_views(Fixture *f, gconstpointer data)
{
  g_autoptr(GPtrArray) points = make_points(2);
  g_autoptr(Store) store = open_or_die(f->path);

  (void)data;
  if (!has_shell())
    return;
  g_assert_true(store_set_points(store, points, NULL));
  for (guint i = 0; i < 6; i++)
    add(store, points->pdata[i / 3], i % 3 + 1, i % 3 == 0 ? 9 : 0);
  static const struct {
    const char *sql, *rows;
  } cases[] = {
      {"SELECT point, section, runs, owed, delivered, lost, delivery_ratio FROM reliability",
       "1|reading|3|3000.0|2997.0|3.0|0.999\n2|reading|3|3000.0|2994.0|6.0|0.998\n"},
      {"SELECT parameters FROM reliability WHERE point = 2",
       "$loss = 2 %, sensor.ack_timeout = 900 ms, policy = before\n"},
      {"SELECT point, cause, lost, silent, example FROM losses",
       "1|connection-lost|3.0|3.0|1:1:11\n2|connection-lost|6.0|6.0|2:1:11\n"},
      {"SELECT point, element, name, runs, count FROM latency",
       "1|reading|latency|3|2997\n2|reading|latency|3|2994\n"},
      {"SELECT point, replication, count(*), sum(fate = 'lost'), count(subscriber) FROM messages "
       "GROUP BY 1, 2",
       "1|1|9|3|8\n2|1|9|3|8\n"},
      {"SELECT replication, at_s, arrives_s, link, client, connection, direction, flags, seq, ack, "
       "payload, bytes, again, lost FROM segments WHERE point = 2",
       "1|-2.0|-1.5|radio/sensor-1|sensor-1|1|up|SYN|0|0|0|60||\n"
       "1|0.25||radio/sensor-1|sensor-1|2|down|PSH ACK|5000000000|7|123|175|probe|outage\n"
       "1|0.5||uplink|dashboard|1|up|FIN RST ACK|9|8|0|40||\n"},
      {"SELECT section, key, value FROM setting ORDER BY 1", "radio|loss|2 %\nsensor|qos|1\n"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *rows = query(f->path, cases[i].sql);

    g_assert_cmpstr(rows, ==, cases[i].rows);
  }
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test)(Fixture *, gconstpointer);
  } tests[] = {
      {"/store/round-trip", test_round_trip},
      {"/store/messages", test_messages},
      {"/store/refuses-others", test_refuses_others},
      {"/store/new-words-for-the-same", test_new_words_for_the_same},
      {"/store/refuses-other-files", test_refuses_other_files},
      {"/store/refuses-other-databases", test_refuses_other_databases},
      {"/store/unwritable", test_unwritable},
      {"/store/one-writer", test_one_writer},
      {"/store/killed", test_killed},
      {"/store/full", test_full},
      {"/store/full-at-birth", test_full_at_birth},
      {"/store/order-does-not-matter", test_order_does_not_matter},
      {"/store/points-change", test_points_change},
      {"/store/breach-is-not-done", test_breach_is_not_done},
      {"/store/views", test_views},
  };

  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run();
}
