/* F_OFD_SETLK */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "sim/results/store.h"

#include "sim/results/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x716f7331 /* "qos1" */
#define SCHEMA_VERSION 1
#define WRITER_BYTE ((gint64)1 << 62) /* far behind any byte that SQLite locks itself */
#define BUSY_MS 20000                 /* a reader holds its lock much shorter */
#define RUNS_PER_POINT 10000000
#define MESSAGES_AT_ONCE 8
#define MESSAGE_COLUMNS 15

G_DEFINE_QUARK(qosim-store-error-quark, store_error)

typedef enum {
  SQL_BEGIN,
  SQL_COMMIT,
  SQL_POINTS_FORGET,
  SQL_POINT_PUT,
  SQL_POINT_ID,
  SQL_PARAMETERS_DROP,
  SQL_PARAMETER_PUT,
  SQL_RUN_PUT,
  SQL_METRIC_PUT,
  SQL_HISTOGRAM_PUT,
  SQL_EXAMPLE_PUT,
  SQL_CLIENT_PUT,
  SQL_SECTION_PUT,
  SQL_MESSAGE_PUT,
  SQL_MESSAGES_PUT,
  SQL_RUNS,
  SQL_POINTS,
  SQL_PARAMETERS,
  SQL_OUTCOME_RUNS,
  SQL_OUTCOME_METRICS,
  SQL_OUTCOME_HISTOGRAMS,
  SQL_OUTCOME_EXAMPLES,
  SQL_RUN,
  SQL_MESSAGE,
  SQL_N
} Sql;

#define MESSAGE_ROW "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
#define MESSAGE_INSERT \
  "INSERT INTO message (run, id, section, publisher, subscriber, qos, published_ns, latency_ns, " \
  "told_ns, copies, sends, needless, fate, cause, told) VALUES "
#define RUN_RANGE " WHERE run BETWEEN ?1 * 10000000 AND ?1 * 10000000 + 9999999 ORDER BY run"

static const char *const sql_texts[SQL_N] = {
  [SQL_BEGIN] = "BEGIN IMMEDIATE",
  [SQL_COMMIT] = "COMMIT",
  [SQL_POINTS_FORGET] = "UPDATE point SET number = 0",
  [SQL_POINT_PUT] = "INSERT INTO point (number, key) VALUES (?1, ?2) "
                    "ON CONFLICT (key) DO UPDATE SET number = excluded.number",
  [SQL_POINT_ID] = "SELECT id, (SELECT count(*) FROM run WHERE point = p.id AND state = 'done') "
                   "FROM point AS p WHERE key = ?",
  [SQL_PARAMETERS_DROP] = "DELETE FROM parameter WHERE point = ?",
  [SQL_PARAMETER_PUT] = "INSERT INTO parameter (point, position, factor, text, value, number) "
                        "VALUES (?,?,?,?,?,?)",
  [SQL_RUN_PUT] = "INSERT INTO run (id, point, replication, seed, state, breach, fingerprint, "
                  "events, virtual_s, wall_s) VALUES (?,?,?,?,?,?,?,?,?,?)",
  [SQL_METRIC_PUT] = "INSERT INTO metric (run, kind, element, name, value) VALUES (?,?,?,?,?)",
  [SQL_HISTOGRAM_PUT] = "INSERT INTO histogram (run, kind, element, name, count, mean_s, min_s, "
                        "p50_s, p95_s, p99_s, max_s, data) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
  [SQL_EXAMPLE_PUT] = "INSERT INTO example (run, element, cause, message) VALUES (?,?,?,?)",
  [SQL_CLIENT_PUT] = "INSERT INTO client (run, number, name) VALUES (?,?,?)",
  [SQL_SECTION_PUT] = "INSERT INTO section (run, number, name) VALUES (?,?,?)",
  [SQL_MESSAGE_PUT] = MESSAGE_INSERT MESSAGE_ROW,
  [SQL_MESSAGES_PUT] = MESSAGE_INSERT MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW
                       "," MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW,
  [SQL_RUNS] = "SELECT id, state FROM run",
  [SQL_POINTS] = "SELECT id, number, key, "
                 "(SELECT count(*) FROM run WHERE point = p.id AND state = 'done') "
                 "FROM point AS p WHERE number > 0 ORDER BY number",
  [SQL_PARAMETERS] = "SELECT point, factor, text, value, number FROM parameter "
                     "ORDER BY point, position",
  [SQL_OUTCOME_RUNS] = "SELECT id, replication, fingerprint, events, virtual_s FROM run "
                       "WHERE point = ? AND state = 'done' ORDER BY replication",
  [SQL_OUTCOME_METRICS] = "SELECT run, kind, element, name, value FROM metric" RUN_RANGE,
  [SQL_OUTCOME_HISTOGRAMS] = "SELECT run, kind, element, name, data FROM histogram" RUN_RANGE,
  [SQL_OUTCOME_EXAMPLES] = "SELECT run, element, cause, message FROM example" RUN_RANGE,
  [SQL_RUN] = "SELECT seed, fingerprint, breach FROM run WHERE id = ?",
  [SQL_MESSAGE] = "SELECT m.section, m.publisher, m.subscriber, qos, published_ns, latency_ns, "
                  "told_ns, copies, sends, needless, fate, cause, told, s.name, a.name, b.name "
                  "FROM message AS m "
                  "JOIN section AS s ON s.run = m.run AND s.number = m.section "
                  "JOIN client AS a ON a.run = m.run AND a.number = m.publisher "
                  "LEFT JOIN client AS b ON b.run = m.run AND b.number = m.subscriber "
                  "WHERE m.run = ? AND m.id = ? ORDER BY m.subscriber",
};

struct _Store {
  char *path;
  sqlite3 *db;
  int lock; /* descriptor that holds the writer's lock; -1: reading */
  sqlite3_stmt *statements[SQL_N];
  char *key, *revision, *title, *text, *overrides;
  GHashTable *runs;     /* gint64 id -> GINT_TO_POINTER(done); the runs that are in the database */
  GHashTable *counters; /* name -> GUINT_TO_POINTER(counter + 1) */
  char *counter_names[COUNT_N];
};

static const struct {
  MetricOf of;
  const char *name;
} kinds[] = {
  {OF_PUBLISH, "publish"}, {OF_CLIENT, "client"}, {OF_LINK, "link"}, {OF_BROKER, "broker"},
};

static const char *
kind_name(MetricOf of)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].of == of)
      return kinds[i].name;
  g_assert_not_reached();
}

static MetricOf
kind_from_name(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_strcmp0(kinds[i].name, name) == 0)
      return kinds[i].of;
  return 0;
}

/* Errors. */

static gboolean
is_out_of_room(int code, int system)
{
  if ((code & 0xff) == SQLITE_FULL)
    return TRUE;
  return (code & 0xff) == SQLITE_IOERR
         && (system == ENOSPC || system == EDQUOT || system == EFBIG);
}

static StoreError
error_of_code(int code)
{
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return STORE_ERROR_BUSY;
  case SQLITE_NOTADB:
  case SQLITE_CORRUPT:
    return STORE_ERROR_FORMAT;
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return STORE_ERROR_OPEN;
  default:
    return STORE_ERROR_IO;
  }
}

/* Reports the last failure of the connection; FALSE, to be returned. */
static gboolean
fail(Store *store, GError **error)
{
  int last = errno;
  int code = sqlite3_extended_errcode(store->db);
  int system = sqlite3_system_errno(store->db);

  /* SQLite asks the file for its error when it fails to open, not always when it fails to write. */
  if (system == 0 && code == SQLITE_IOERR_WRITE)
    system = last;
  if (is_out_of_room(code, system)) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_FULL,
                "%s: no room left to write it (disk, quota or limit on the size of files)",
                store->path);
    return FALSE;
  }
  StoreError kind = error_of_code(code);

  if (kind == STORE_ERROR_BUSY)
    g_set_error(error, STORE_ERROR, kind, "%s: another program holds it locked", store->path);
  else if ((code & 0xff) == SQLITE_NOTADB)
    g_set_error(error, STORE_ERROR, kind, "%s: not a results database", store->path);
  else if (system != 0 && kind != STORE_ERROR_FORMAT)
    g_set_error(error, STORE_ERROR, kind, "%s: %s (%s)", store->path, sqlite3_errmsg(store->db),
                g_strerror(system));
  else
    g_set_error(error, STORE_ERROR, kind, "%s: %s", store->path, sqlite3_errmsg(store->db));
  return FALSE;
}

static gboolean
fail_damaged(Store *store, GError **error, const char *what)
{
  g_set_error(error, STORE_ERROR, STORE_ERROR_FORMAT, "%s: damaged: %s", store->path, what);
  return FALSE;
}

/* Statements: prepared once, reset after use. */

static sqlite3_stmt *
statement(Store *store, Sql which, GError **error)
{
  if (store->statements[which] == NULL
      && sqlite3_prepare_v3(store->db, sql_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                            &store->statements[which], NULL) != SQLITE_OK)
    fail(store, error);
  return store->statements[which];
}

/* Steps a statement that gives no rows, and makes it ready for the next time. */
static gboolean
run(Store *store, sqlite3_stmt *stmt, GError **error)
{
  if (stmt == NULL)
    return FALSE;
  gboolean good = sqlite3_step(stmt) == SQLITE_DONE || fail(store, error);

  sqlite3_reset(stmt);
  return good;
}

static gboolean
run_plain(Store *store, Sql which, GError **error)
{
  return run(store, statement(store, which, error), error);
}

/* The next row; *good turns FALSE if it failed. The statement is reset after the last. */
static gboolean
next_row(Store *store, sqlite3_stmt *stmt, gboolean *good, GError **error)
{
  int code = sqlite3_step(stmt);

  if (code == SQLITE_ROW)
    return TRUE;
  *good = code == SQLITE_DONE || fail(store, error);
  sqlite3_reset(stmt);
  return FALSE;
}

static void
bind_text(sqlite3_stmt *stmt, int column, const char *text)
{
  sqlite3_bind_text(stmt, column, text, -1, SQLITE_STATIC);
}

static const char *
column_text(sqlite3_stmt *stmt, int column)
{
  const char *text = (const char *)sqlite3_column_text(stmt, column);

  return text != NULL ? text : "";
}

static gboolean
execute(Store *store, const char *sql, GError **error)
{
  return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(store, error);
}

static void
rollback(Store *store)
{
  if (sqlite3_get_autocommit(store->db) == 0)
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Ends a transaction: commits if all went well so far. */
static gboolean
finish(Store *store, gboolean good, GError **error)
{
  good = good && run_plain(store, SQL_COMMIT, error);
  if (!good)
    rollback(store);
  return good;
}

/* Opening. */

static gboolean
pragma_int(Store *store, const char *sql, gint64 *value, GError **error)
{
  sqlite3_stmt *stmt = NULL;
  gboolean good = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK
                  && sqlite3_step(stmt) == SQLITE_ROW;

  if (good)
    *value = sqlite3_column_int64(stmt, 0);
  else
    fail(store, error);
  sqlite3_finalize(stmt);
  return good;
}

static gboolean
check_version(Store *store, GError **error)
{
  gint64 id, version;

  if (!pragma_int(store, "PRAGMA application_id", &id, error)
      || !pragma_int(store, "PRAGMA user_version", &version, error))
    return FALSE;
  if (id != APPLICATION_ID) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_FORMAT,
                "%s: an SQLite database, but none of results", store->path);
    return FALSE;
  }
  if (version != SCHEMA_VERSION) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_VERSION,
                "%s: written by another version of qosim (schema %" G_GINT64_FORMAT
                ", this one has %d)",
                store->path, version, SCHEMA_VERSION);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_experiment(Store *store, GError **error)
{
  sqlite3_stmt *stmt = NULL;
  gboolean good = FALSE;

  if (sqlite3_prepare_v2(store->db,
                         "SELECT key, revision, title, text, overrides FROM experiment", -1,
                         &stmt, NULL) != SQLITE_OK)
    return fail(store, error);
  int code = sqlite3_step(stmt);

  if (code == SQLITE_ROW) {
    store->key = g_strdup(column_text(stmt, 0));
    store->revision = g_strdup(column_text(stmt, 1));
    store->title = g_strdup(column_text(stmt, 2));
    store->text = g_strdup(column_text(stmt, 3));
    store->overrides = g_strdup(column_text(stmt, 4));
    good = TRUE;
  } else if (code == SQLITE_DONE)
    fail_damaged(store, error, "it names no experiment");
  else
    fail(store, error);
  sqlite3_finalize(stmt);
  return good;
}

static gboolean
read_runs(Store *store, GError **error)
{
  sqlite3_stmt *stmt = statement(store, SQL_RUNS, error);
  gboolean good = stmt != NULL;

  while (good && next_row(store, stmt, &good, error)) {
    gint64 *id = g_new(gint64, 1);

    *id = sqlite3_column_int64(stmt, 0);
    gboolean done = g_str_equal(column_text(stmt, 1), "done");

    g_hash_table_insert(store->runs, id, GINT_TO_POINTER(done));
  }
  return good;
}

static gboolean
put_experiment(Store *store, const StoreExperiment *experiment, GError **error)
{
  const char *const texts[] = {
    experiment->key,  experiment->revision,  experiment->title,
    experiment->text, experiment->overrides, experiment->libraries,
  };
  sqlite3_stmt *stmt = NULL;

  if (sqlite3_prepare_v2(store->db,
                         "INSERT OR REPLACE INTO experiment (id, key, revision, title, text, "
                         "overrides, libraries) VALUES (1,?,?,?,?,?,?)",
                         -1, &stmt, NULL) != SQLITE_OK)
    return fail(store, error);
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    bind_text(stmt, (int)i + 1, texts[i]);
  gboolean good = run(store, stmt, error);

  sqlite3_finalize(stmt);
  if (!good || !execute(store, "DELETE FROM setting", error))
    return FALSE;
  if (sqlite3_prepare_v2(store->db, "INSERT INTO setting (section, key, value) VALUES (?,?,?)", -1,
                         &stmt, NULL) != SQLITE_OK)
    return fail(store, error);
  for (gsize i = 0; good && i < experiment->settings_n; i++) {
    bind_text(stmt, 1, experiment->settings[i].section);
    bind_text(stmt, 2, experiment->settings[i].key);
    bind_text(stmt, 3, experiment->settings[i].value);
    good = run(store, stmt, error);
  }
  sqlite3_finalize(stmt);
  return good;
}

/* The names of fates, causes and what was told, for the view of messages. */
static gboolean
put_names(Store *store, GError **error)
{
  g_autoptr(GString) sql = g_string_new(NULL);

  for (guint i = 0; i < FATE_N; i++)
    g_string_append_printf(sql, "INSERT INTO fate VALUES (%u, '%s');", i, fate_name(i));
  for (guint i = 0; i < CAUSE_N; i++)
    g_string_append_printf(sql, "INSERT INTO cause VALUES (%u, '%s');", i, cause_name(i));
  for (guint i = 0; i < TOLD_N; i++)
    g_string_append_printf(sql, "INSERT INTO told VALUES (%u, '%s');", i, told_name(i));
  return execute(store, sql->str, error);
}

static gboolean
create(Store *store, const StoreExperiment *experiment, GError **error)
{
  g_autofree char *pragmas = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                             APPLICATION_ID, SCHEMA_VERSION);

  return finish(store,
                run_plain(store, SQL_BEGIN, error) && execute(store, embedded_schema_sql, error)
                  && execute(store, pragmas, error) && put_names(store, error)
                  && put_experiment(store, experiment, error),
                error);
}

/* An experiment that runs again may have other words around the same values. */
static gboolean
adopt(Store *store, const StoreExperiment *experiment, GError **error)
{
  if (!check_version(store, error) || !read_experiment(store, error))
    return FALSE;
  if (!g_str_equal(store->key, experiment->key)) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_EXPERIMENT,
                "%s: holds another experiment (%s); name another database with -o", store->path,
                store->title);
    return FALSE;
  }
  if (!g_str_equal(store->revision, experiment->revision)) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_EXPERIMENT,
                "%s: its runs are of models %s, this program has %s; name another database with -o",
                store->path, store->revision, experiment->revision);
    return FALSE;
  }
  if (g_str_equal(store->title, experiment->title) && g_str_equal(store->text, experiment->text)
      && g_str_equal(store->overrides, experiment->overrides))
    return TRUE;
  return finish(store,
                run_plain(store, SQL_BEGIN, error) && put_experiment(store, experiment, error),
                error);
}

static Store *
store_new(const char *path)
{
  Store *store = g_new0(Store, 1);

  store->path = g_strdup(path);
  store->lock = -1;
  store->runs = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  store->counters = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < COUNT_N; i++) {
    store->counter_names[i] = counter_name(i);
    g_hash_table_insert(store->counters, store->counter_names[i], GUINT_TO_POINTER(i + 1));
  }
  return store;
}

static void
forget_experiment(Store *store)
{
  g_clear_pointer(&store->key, g_free);
  g_clear_pointer(&store->revision, g_free);
  g_clear_pointer(&store->title, g_free);
  g_clear_pointer(&store->text, g_free);
  g_clear_pointer(&store->overrides, g_free);
}

void
store_free(Store *store)
{
  if (store == NULL)
    return;
  for (guint i = 0; i < SQL_N; i++)
    sqlite3_finalize(store->statements[i]);
  sqlite3_close(store->db);
  /* After SQLite: to close any descriptor of a file drops the locks that SQLite has on it. */
  if (store->lock >= 0)
    close(store->lock);
  forget_experiment(store);
  g_hash_table_unref(store->runs);
  g_hash_table_unref(store->counters);
  for (guint i = 0; i < COUNT_N; i++)
    g_free(store->counter_names[i]);
  g_free(store->path);
  g_free(store);
}

static gboolean
fail_system(Store *store, const char *doing, GError **error)
{
  int saved = errno;

  g_set_error(error, STORE_ERROR, saved == ENOSPC ? STORE_ERROR_FULL : STORE_ERROR_OPEN,
              "%s: %s: %s", store->path, doing, g_strerror(saved));
  return FALSE;
}

/* Opens the file and locks out other writers for as long as it stays open; SQLite's own lock lasts
 * for a transaction only. *created: the file is new and ours. */
static gboolean
lock_file(Store *store, gboolean *created, GError **error)
{
  struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WRITER_BYTE, .l_len = 1};

  store->lock = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  *created = store->lock >= 0;
  if (store->lock < 0 && errno == EEXIST)
    store->lock = open(store->path, O_RDWR | O_CLOEXEC);
  if (store->lock < 0)
    return fail_system(store, *created ? "cannot create it" : "cannot open it for writing", error);
  if (fcntl(store->lock, F_OFD_SETLK, &byte) == 0)
    return TRUE;
  if (errno != EAGAIN && errno != EACCES)
    return fail_system(store, "cannot lock it", error);
  g_set_error(error, STORE_ERROR, STORE_ERROR_BUSY, "%s: another qosim run is writing it",
              store->path);
  return FALSE;
}

static gboolean
connect_file(Store *store, int flags, GError **error)
{
  if (sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return fail(store, error);
  sqlite3_extended_result_codes(store->db, 1);
  sqlite3_busy_timeout(store->db, BUSY_MS);
  /* A power cut may cost the last run, a killed program none. */
  return execute(store, "PRAGMA synchronous = NORMAL", error);
}

static gboolean
open_for_writing(Store *store, const StoreExperiment *experiment, gboolean *created, GError **error)
{
  gint64 pages;

  if (!lock_file(store, created, error) || !connect_file(store, SQLITE_OPEN_READWRITE, error)
      || !pragma_int(store, "PRAGMA page_count", &pages, error))
    return FALSE;
  /* SQLite takes a file shorter than any database for an empty one. */
  if (pages == 0 && lseek(store->lock, 0, SEEK_END) > 0) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_FORMAT, "%s: not a results database", store->path);
    return FALSE;
  }
  if (!(pages == 0 ? create(store, experiment, error) : adopt(store, experiment, error)))
    return FALSE;
  forget_experiment(store);
  return read_experiment(store, error) && read_runs(store, error);
}

Store *
store_open(const char *path, const StoreExperiment *experiment, GError **error)
{
  Store *store = store_new(path);
  gboolean created = FALSE;

  if (open_for_writing(store, experiment, &created, error))
    return store;
  /* Removed while it is still locked, so that nobody else has begun to use it. */
  if (created)
    g_unlink(path);
  store_free(store);
  return NULL;
}

Store *
store_open_read(const char *path, GError **error)
{
  Store *store = store_new(path);

  if (g_access(path, R_OK) != 0) {
    fail_system(store, "cannot open it", error);
    store_free(store);
    return NULL;
  }
  /* What a killed program left half-written is taken back by the next who may write. */
  int flags = g_access(path, W_OK) == 0 ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;

  if (connect_file(store, flags, error) && execute(store, "PRAGMA query_only = ON", error)
      && check_version(store, error) && read_experiment(store, error) && read_runs(store, error))
    return store;
  store_free(store);
  return NULL;
}

const char *
store_path(const Store *store)
{
  return store->path;
}

const char *
store_title(const Store *store)
{
  return store->title;
}

const char *
store_text(const Store *store)
{
  return store->text;
}

const char *
store_overrides(const Store *store)
{
  return store->overrides;
}

const char *
store_key(const Store *store)
{
  return store->key;
}

const char *
store_revision(const Store *store)
{
  return store->revision;
}

/* Writing. */

static gint64
run_id(const StorePoint *point, guint32 replication)
{
  g_assert(point->id > 0 && replication > 0 && replication < RUNS_PER_POINT);
  return point->id * RUNS_PER_POINT + replication;
}

static gboolean
put_point(Store *store, StorePoint *point, GError **error)
{
  sqlite3_stmt *stmt = statement(store, SQL_POINT_PUT, error);
  gboolean good = TRUE;

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, point->number);
  bind_text(stmt, 2, point->key);
  if (!run(store, stmt, error) || (stmt = statement(store, SQL_POINT_ID, error)) == NULL)
    return FALSE;
  bind_text(stmt, 1, point->key);
  while (next_row(store, stmt, &good, error)) {
    point->id = sqlite3_column_int64(stmt, 0);
    point->runs = (guint)sqlite3_column_int64(stmt, 1);
  }
  if (!good || (stmt = statement(store, SQL_PARAMETERS_DROP, error)) == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, point->id);
  if (!run(store, stmt, error) || (stmt = statement(store, SQL_PARAMETER_PUT, error)) == NULL)
    return FALSE;
  for (guint i = 0; good && i < point->parameters->len; i++) {
    const StoreParameter *p = &g_array_index(point->parameters, StoreParameter, i);

    sqlite3_bind_int64(stmt, 1, point->id);
    sqlite3_bind_int64(stmt, 2, i + 1);
    bind_text(stmt, 3, p->factor);
    bind_text(stmt, 4, p->text);
    bind_text(stmt, 5, p->value);
    sqlite3_bind_double(stmt, 6, p->number); /* NaN becomes NULL */
    good = run(store, stmt, error);
  }
  return good;
}

gboolean
store_set_points(Store *store, GPtrArray *points, GError **error)
{
  gboolean good = run_plain(store, SQL_BEGIN, error) && run_plain(store, SQL_POINTS_FORGET, error);

  for (guint i = 0; good && i < points->len; i++)
    good = put_point(store, points->pdata[i], error);
  return finish(store, good, error);
}

gboolean
store_has_run(const Store *store, const StorePoint *point, guint32 replication)
{
  gint64 id = run_id(point, replication);

  return GPOINTER_TO_INT(g_hash_table_lookup(store->runs, &id));
}

static gboolean
drop_run(Store *store, gint64 id, GError **error)
{
  static const char *const tables[] = {
    "metric", "histogram", "example", "client", "section", "message",
  };
  g_autoptr(GString) sql = g_string_new(NULL);

  for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
    g_string_append_printf(sql, "DELETE FROM %s WHERE run = %" G_GINT64_FORMAT ";", tables[i], id);
  g_string_append_printf(sql, "DELETE FROM run WHERE id = %" G_GINT64_FORMAT, id);
  return execute(store, sql->str, error);
}

static gboolean
put_histogram(Store *store, gint64 id, const OutcomeElement *element, HistogramId which,
              GError **error)
{
  const Histogram *histogram = &element->histograms[which];
  sqlite3_stmt *stmt = statement(store, SQL_HISTOGRAM_PUT, error);
  gsize size;

  if (stmt == NULL)
    return FALSE;
  g_autoptr(GBytes) bytes = histogram_to_bytes(histogram);
  const void *data = g_bytes_get_data(bytes, &size);

  sqlite3_bind_int64(stmt, 1, id);
  bind_text(stmt, 2, kind_name(element->of));
  bind_text(stmt, 3, element->name);
  bind_text(stmt, 4, histogram_name(which));
  sqlite3_bind_int64(stmt, 5, (gint64)histogram->count);
  sqlite3_bind_double(stmt, 6, histogram_mean(histogram) * 1e-9);
  sqlite3_bind_double(stmt, 7, (double)histogram->min * 1e-9);
  sqlite3_bind_double(stmt, 8, histogram_quantile(histogram, 0.5, 0) * 1e-9);
  sqlite3_bind_double(stmt, 9, histogram_quantile(histogram, 0.95, 0) * 1e-9);
  sqlite3_bind_double(stmt, 10, histogram_quantile(histogram, 0.99, 0) * 1e-9);
  sqlite3_bind_double(stmt, 11, (double)histogram->max * 1e-9);
  sqlite3_bind_blob64(stmt, 12, data, size, SQLITE_STATIC);
  return run(store, stmt, error);
}

static gboolean
put_element(Store *store, gint64 id, const OutcomeElement *element, GError **error)
{
  sqlite3_stmt *stmt = statement(store, SQL_METRIC_PUT, error);
  gboolean good = stmt != NULL;

  for (guint i = 0; good && i < COUNT_N; i++) {
    if (element->counters[i] == 0)
      continue;
    sqlite3_bind_int64(stmt, 1, id);
    bind_text(stmt, 2, kind_name(element->of));
    bind_text(stmt, 3, element->name);
    bind_text(stmt, 4, store->counter_names[i]);
    sqlite3_bind_double(stmt, 5, element->counters[i]);
    good = run(store, stmt, error);
  }
  for (guint i = 0; good && i < HISTOGRAM_N; i++)
    if (element->histograms[i].count > 0)
      good = put_histogram(store, id, element, i, error);
  good = good && (stmt = statement(store, SQL_EXAMPLE_PUT, error)) != NULL;
  for (guint i = 0; good && i < CAUSE_N; i++) {
    if (element->examples[i] == 0)
      continue;
    sqlite3_bind_int64(stmt, 1, id);
    bind_text(stmt, 2, element->name);
    bind_text(stmt, 3, cause_name(i));
    sqlite3_bind_int64(stmt, 4, (gint64)element->examples[i]);
    good = run(store, stmt, error);
  }
  return good;
}

static gboolean
put_name(Store *store, Sql which, gint64 id, guint number, const char *name, GError **error)
{
  sqlite3_stmt *stmt = statement(store, which, error);

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, id);
  sqlite3_bind_int64(stmt, 2, number);
  bind_text(stmt, 3, name);
  return run(store, stmt, error);
}

static void
bind_time(sqlite3_stmt *stmt, int column, gint64 time_ns)
{
  if (time_ns < 0)
    sqlite3_bind_null(stmt, column);
  else
    sqlite3_bind_int64(stmt, column, time_ns);
}

static void
bind_message(sqlite3_stmt *stmt, int first, gint64 id, const OutcomeMessage *m)
{
  sqlite3_bind_int64(stmt, first, id);
  sqlite3_bind_int64(stmt, first + 1, (gint64)m->id);
  sqlite3_bind_int64(stmt, first + 2, m->section);
  sqlite3_bind_int64(stmt, first + 3, m->publisher);
  sqlite3_bind_int64(stmt, first + 4, m->subscriber == G_MAXUINT32 ? -1 : (gint64)m->subscriber);
  sqlite3_bind_int64(stmt, first + 5, m->qos);
  sqlite3_bind_int64(stmt, first + 6, m->published_ns);
  bind_time(stmt, first + 7, m->latency_ns);
  bind_time(stmt, first + 8, m->told_ns);
  sqlite3_bind_int64(stmt, first + 9, m->copies);
  sqlite3_bind_int64(stmt, first + 10, m->sends);
  sqlite3_bind_int64(stmt, first + 11, m->needless);
  sqlite3_bind_int64(stmt, first + 12, m->fate);
  sqlite3_bind_int64(stmt, first + 13, m->cause);
  sqlite3_bind_int64(stmt, first + 14, m->told);
}

static int
compare_messages(gconstpointer a, gconstpointer b)
{
  const OutcomeMessage *x = *(const OutcomeMessage *const *)a;
  const OutcomeMessage *y = *(const OutcomeMessage *const *)b;

  if (x->id != y->id)
    return x->id < y->id ? -1 : 1;
  /* Nobody is -1 in the database. */
  guint32 i = x->subscriber + 1, j = y->subscriber + 1;

  return (i > j) - (i < j);
}

/* In the order of the primary key, so that rows are appended to the table, not put in between. */
static gboolean
put_messages(Store *store, gint64 id, const GArray *messages, GError **error)
{
  g_autofree const OutcomeMessage **rows = g_new(const OutcomeMessage *, messages->len + 1);
  sqlite3_stmt *many = statement(store, SQL_MESSAGES_PUT, error);
  sqlite3_stmt *one = many != NULL ? statement(store, SQL_MESSAGE_PUT, error) : NULL;
  gboolean good = one != NULL;
  guint i = 0;

  for (guint k = 0; k < messages->len; k++)
    rows[k] = &g_array_index(messages, OutcomeMessage, k);
  qsort(rows, messages->len, sizeof *rows, compare_messages);
  for (; good && i + MESSAGES_AT_ONCE <= messages->len; i += MESSAGES_AT_ONCE) {
    for (guint k = 0; k < MESSAGES_AT_ONCE; k++)
      bind_message(many, (int)(k * MESSAGE_COLUMNS) + 1, id, rows[i + k]);
    good = run(store, many, error);
  }
  for (; good && i < messages->len; i++) {
    bind_message(one, 1, id, rows[i]);
    good = run(store, one, error);
  }
  return good;
}

static gboolean
put_run(Store *store, const StorePoint *point, guint32 replication, guint64 seed,
        const Outcome *outcome, double wall_s, GError **error)
{
  char fingerprint[17];
  sqlite3_stmt *stmt = statement(store, SQL_RUN_PUT, error);

  if (stmt == NULL)
    return FALSE;
  g_snprintf(fingerprint, sizeof fingerprint, "%016" G_GINT64_MODIFIER "x", outcome->fingerprint);
  sqlite3_bind_int64(stmt, 1, run_id(point, replication));
  sqlite3_bind_int64(stmt, 2, point->id);
  sqlite3_bind_int64(stmt, 3, replication);
  sqlite3_bind_int64(stmt, 4, (gint64)seed);
  bind_text(stmt, 5, outcome->breach == NULL ? "done" : "breach");
  bind_text(stmt, 6, outcome->breach);
  bind_text(stmt, 7, fingerprint);
  sqlite3_bind_int64(stmt, 8, (gint64)outcome->events);
  sqlite3_bind_double(stmt, 9, (double)outcome->virtual_ns * 1e-9);
  sqlite3_bind_double(stmt, 10, wall_s);
  return run(store, stmt, error);
}

static gboolean
put_recorded(Store *store, gint64 id, const Outcome *outcome, GError **error)
{
  gboolean good = TRUE;

  for (guint i = 0; good && i < outcome->clients->len; i++)
    good = put_name(store, SQL_CLIENT_PUT, id, i, outcome->clients->pdata[i], error);
  for (guint i = 0; good && i < outcome->elements->len; i++) {
    const OutcomeElement *element = outcome->elements->pdata[i];

    if (element->of == OF_PUBLISH)
      good = put_name(store, SQL_SECTION_PUT, id, i, element->name, error);
  }
  return good && put_messages(store, id, outcome->messages, error);
}

gboolean
store_add_run(Store *store, const StorePoint *point, guint32 replication, guint64 seed,
              const Outcome *outcome, double wall_s, GError **error)
{
  gint64 id = run_id(point, replication);
  gboolean good = run_plain(store, SQL_BEGIN, error);

  if (good && g_hash_table_contains(store->runs, &id))
    good = drop_run(store, id, error);
  good = good && put_run(store, point, replication, seed, outcome, wall_s, error);
  for (guint i = 0; good && i < outcome->elements->len; i++)
    good = put_element(store, id, outcome->elements->pdata[i], error);
  if (good && outcome->messages != NULL)
    good = put_recorded(store, id, outcome, error);
  if (!finish(store, good, error))
    return FALSE;
  g_hash_table_insert(store->runs, g_memdup2(&id, sizeof id),
                      GINT_TO_POINTER(outcome->breach == NULL));
  return TRUE;
}

/* Reading. */

static double
column_number(sqlite3_stmt *stmt, int column)
{
  return sqlite3_column_type(stmt, column) == SQLITE_NULL ? NAN
                                                          : sqlite3_column_double(stmt, column);
}

GPtrArray *
store_points(Store *store, GError **error)
{
  g_autoptr(GPtrArray) points = g_ptr_array_new_with_free_func((GDestroyNotify)store_point_free);
  g_autoptr(GHashTable) by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
  sqlite3_stmt *stmt = statement(store, SQL_POINTS, error);
  gboolean good = stmt != NULL;

  while (good && next_row(store, stmt, &good, error)) {
    StorePoint *point = store_point_new((guint)sqlite3_column_int64(stmt, 1), column_text(stmt, 2));

    point->id = sqlite3_column_int64(stmt, 0);
    point->runs = (guint)sqlite3_column_int64(stmt, 3);
    g_ptr_array_add(points, point);
    g_hash_table_insert(by_id, &point->id, point);
  }
  good = good && (stmt = statement(store, SQL_PARAMETERS, error)) != NULL;
  while (good && next_row(store, stmt, &good, error)) {
    gint64 id = sqlite3_column_int64(stmt, 0);
    StorePoint *point = g_hash_table_lookup(by_id, &id);

    if (point != NULL)
      store_point_add(point, column_text(stmt, 1), column_text(stmt, 2), column_text(stmt, 3),
                      column_number(stmt, 4));
  }
  return good ? g_steal_pointer(&points) : NULL;
}

/* The element a row of metric or histogram is about; NULL: of a run that is not asked for. */
static OutcomeElement *
row_element(GHashTable *by_run, sqlite3_stmt *stmt)
{
  gint64 id = sqlite3_column_int64(stmt, 0);
  Outcome *outcome = g_hash_table_lookup(by_run, &id);
  MetricOf of = kind_from_name(column_text(stmt, 1));

  return outcome != NULL && of != 0 ? outcome_element(outcome, of, column_text(stmt, 2)) : NULL;
}

static sqlite3_stmt *
statement_for_point(Store *store, Sql which, const StorePoint *point, GError **error)
{
  sqlite3_stmt *stmt = statement(store, which, error);

  if (stmt != NULL)
    sqlite3_bind_int64(stmt, 1, point->id);
  return stmt;
}

static gboolean
read_metrics(Store *store, const StorePoint *point, GHashTable *by_run, GError **error)
{
  sqlite3_stmt *stmt = statement_for_point(store, SQL_OUTCOME_METRICS, point, error);
  gboolean good = stmt != NULL;

  while (good && next_row(store, stmt, &good, error)) {
    OutcomeElement *element = row_element(by_run, stmt);
    guint counter = GPOINTER_TO_UINT(g_hash_table_lookup(store->counters, column_text(stmt, 3)));

    if (element != NULL && counter != 0)
      element->counters[counter - 1] = sqlite3_column_double(stmt, 4);
  }
  return good;
}

static gboolean
read_histograms(Store *store, const StorePoint *point, GHashTable *by_run, GError **error)
{
  sqlite3_stmt *stmt = statement_for_point(store, SQL_OUTCOME_HISTOGRAMS, point, error);
  gboolean good = stmt != NULL;

  while (good && next_row(store, stmt, &good, error)) {
    OutcomeElement *element = row_element(by_run, stmt);

    for (guint i = 0; good && element != NULL && i < HISTOGRAM_N; i++) {
      if (!g_str_equal(histogram_name(i), column_text(stmt, 3)))
        continue;
      const void *data = sqlite3_column_blob(stmt, 4);
      gsize size = (gsize)sqlite3_column_bytes(stmt, 4);

      histogram_clear(&element->histograms[i]);
      good = histogram_from_bytes(&element->histograms[i], data, size)
             || fail_damaged(store, error, "a histogram cannot be read");
    }
    if (!good)
      sqlite3_reset(stmt);
  }
  return good;
}

static gboolean
read_examples(Store *store, const StorePoint *point, GHashTable *by_run, GError **error)
{
  sqlite3_stmt *stmt = statement_for_point(store, SQL_OUTCOME_EXAMPLES, point, error);
  gboolean good = stmt != NULL;

  while (good && next_row(store, stmt, &good, error)) {
    gint64 id = sqlite3_column_int64(stmt, 0);
    Outcome *outcome = g_hash_table_lookup(by_run, &id);

    for (guint i = 0; outcome != NULL && i < CAUSE_N; i++)
      if (g_str_equal(cause_name(i), column_text(stmt, 2)))
        outcome_element(outcome, OF_PUBLISH, column_text(stmt, 1))->examples[i] =
          (guint64)sqlite3_column_int64(stmt, 3);
  }
  return good;
}

GPtrArray *
store_outcomes(Store *store, const StorePoint *point, GArray **replications, GError **error)
{
  g_autoptr(GPtrArray) outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
  g_autoptr(GHashTable) by_run = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  sqlite3_stmt *stmt = statement_for_point(store, SQL_OUTCOME_RUNS, point, error);
  gboolean good = stmt != NULL;

  while (good && next_row(store, stmt, &good, error)) {
    Outcome *outcome = outcome_new();
    gint64 id = sqlite3_column_int64(stmt, 0);
    guint32 replication = (guint32)sqlite3_column_int64(stmt, 1);

    outcome->fingerprint = g_ascii_strtoull(column_text(stmt, 2), NULL, 16);
    outcome->events = (guint64)sqlite3_column_int64(stmt, 3);
    outcome->virtual_ns = llround(sqlite3_column_double(stmt, 4) * 1e9);
    g_ptr_array_add(outcomes, outcome);
    g_array_append_val(numbers, replication);
    g_hash_table_insert(by_run, g_memdup2(&id, sizeof id), outcome);
  }
  good = good && read_metrics(store, point, by_run, error)
         && read_histograms(store, point, by_run, error)
         && read_examples(store, point, by_run, error);
  if (!good)
    return NULL;
  if (replications != NULL)
    *replications = g_steal_pointer(&numbers);
  return g_steal_pointer(&outcomes);
}

gboolean
store_run(Store *store, const StorePoint *point, guint32 replication, StoreRun *found,
          GError **error)
{
  sqlite3_stmt *stmt = statement(store, SQL_RUN, error);
  gboolean good = stmt != NULL, there = FALSE;

  if (good)
    sqlite3_bind_int64(stmt, 1, run_id(point, replication));
  while (good && next_row(store, stmt, &good, error)) {
    found->seed = (guint64)sqlite3_column_int64(stmt, 0);
    found->fingerprint = g_ascii_strtoull(column_text(stmt, 1), NULL, 16);
    found->breach = g_strdup((const char *)sqlite3_column_text(stmt, 2));
    there = TRUE;
  }
  return good && there;
}

static void
message_clear(gpointer data)
{
  StoreMessage *message = data;

  g_free(message->section);
  g_free(message->publisher);
  g_free(message->subscriber);
}

static gint64
column_time(sqlite3_stmt *stmt, int column)
{
  return sqlite3_column_type(stmt, column) == SQLITE_NULL ? -1 : sqlite3_column_int64(stmt, column);
}

GArray *
store_message(Store *store, const StorePoint *point, guint32 replication, guint64 id,
              GError **error)
{
  sqlite3_stmt *stmt = statement(store, SQL_MESSAGE, error);
  g_autoptr(GArray) messages = g_array_new(FALSE, FALSE, sizeof(StoreMessage));
  gboolean good = stmt != NULL;

  g_array_set_clear_func(messages, message_clear);
  if (good) {
    sqlite3_bind_int64(stmt, 1, run_id(point, replication));
    sqlite3_bind_int64(stmt, 2, (gint64)id);
  }
  while (good && next_row(store, stmt, &good, error)) {
    StoreMessage message = {
      .row = {
        .id = id,
        .section = (guint32)sqlite3_column_int64(stmt, 0),
        .publisher = (guint32)sqlite3_column_int64(stmt, 1),
        .subscriber = (guint32)sqlite3_column_int64(stmt, 2),
        .qos = (guint8)sqlite3_column_int(stmt, 3),
        .published_ns = sqlite3_column_int64(stmt, 4),
        .latency_ns = column_time(stmt, 5),
        .told_ns = column_time(stmt, 6),
        .copies = (guint32)sqlite3_column_int64(stmt, 7),
        .sends = (guint16)sqlite3_column_int(stmt, 8),
        .needless = (guint16)sqlite3_column_int(stmt, 9),
        .fate = (guint8)sqlite3_column_int(stmt, 10),
        .cause = (guint8)sqlite3_column_int(stmt, 11),
        .told = (guint8)sqlite3_column_int(stmt, 12),
      },
      .section = g_strdup(column_text(stmt, 13)),
      .publisher = g_strdup(column_text(stmt, 14)),
      .subscriber = g_strdup((const char *)sqlite3_column_text(stmt, 15)),
    };

    g_array_append_val(messages, message);
  }
  return good ? g_steal_pointer(&messages) : NULL;
}
