/* F_OFD_SETLK */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "sim/results/store_sql.h"

#include "sim/results/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define APPLICATION_ID 0x716f7331 /* "qos1" */
#define SCHEMA_VERSION 3
#define WRITER_BYTE ((gint64)1 << 62) /* far behind any byte that SQLite locks itself */
#define BUSY_MS 20000                 /* a reader holds its lock much shorter */

G_DEFINE_QUARK(qosim - store - error - quark, store_error)

static gboolean
pragma_int(Store *store, const char *sql, gint64 *value, GError **error)
{
  sqlite3_stmt *stmt = NULL;
  gboolean good = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
                  sqlite3_step(stmt) == SQLITE_ROW;

  if (good)
    *value = sqlite3_column_int64(stmt, 0);
  else
    sql_fail(store, error);
  sqlite3_finalize(stmt);
  return good;
}

static gboolean
check_version(Store *store, GError **error)
{
  gint64 id, version;

  if (!pragma_int(store, "PRAGMA application_id", &id, error) ||
      !pragma_int(store, "PRAGMA user_version", &version, error))
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

  if (sqlite3_prepare_v2(store->db, "SELECT key, revision, title, text, overrides FROM experiment",
                         -1, &stmt, NULL) != SQLITE_OK)
    return sql_fail(store, error);
  int code = sqlite3_step(stmt);

  if (code == SQLITE_ROW) {
    store->key = g_strdup(sql_column_text(stmt, 0));
    store->revision = g_strdup(sql_column_text(stmt, 1));
    store->title = g_strdup(sql_column_text(stmt, 2));
    store->text = g_strdup(sql_column_text(stmt, 3));
    store->overrides = g_strdup(sql_column_text(stmt, 4));
    good = TRUE;
  } else if (code == SQLITE_DONE)
    sql_fail_damaged(store, error, "it names no experiment");
  else
    sql_fail(store, error);
  sqlite3_finalize(stmt);
  return good;
}

static gboolean
read_runs(Store *store, GError **error)
{
  sqlite3_stmt *stmt = sql_statement(store, SQL_RUNS, error);
  gboolean good = stmt != NULL;

  while (good && sql_next_row(store, stmt, &good, error)) {
    gint64 *id = g_new(gint64, 1);

    *id = sqlite3_column_int64(stmt, 0);
    gboolean done = g_str_equal(sql_column_text(stmt, 1), "done");

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
    return sql_fail(store, error);
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    sql_bind_text(stmt, (int)i + 1, texts[i]);
  gboolean good = sql_step(store, stmt, error);

  sqlite3_finalize(stmt);
  if (!good || !sql_execute(store, "DELETE FROM setting", error))
    return FALSE;
  if (sqlite3_prepare_v2(store->db, "INSERT INTO setting (section, key, value) VALUES (?,?,?)", -1,
                         &stmt, NULL) != SQLITE_OK)
    return sql_fail(store, error);
  for (gsize i = 0; good && i < experiment->settings_n; i++) {
    sql_bind_text(stmt, 1, experiment->settings[i].section);
    sql_bind_text(stmt, 2, experiment->settings[i].key);
    sql_bind_text(stmt, 3, experiment->settings[i].value);
    good = sql_step(store, stmt, error);
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
  return sql_execute(store, sql->str, error);
}

static gboolean
create(Store *store, const StoreExperiment *experiment, GError **error)
{
  g_autofree char *pragmas = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                             APPLICATION_ID, SCHEMA_VERSION);

  return sql_finish(store,
                    sql_step_plain(store, SQL_BEGIN, error) &&
                        sql_execute(store, embedded_schema_sql, error) &&
                        sql_execute(store, pragmas, error) && put_names(store, error) &&
                        put_experiment(store, experiment, error),
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
  if (g_str_equal(store->title, experiment->title) && g_str_equal(store->text, experiment->text) &&
      g_str_equal(store->overrides, experiment->overrides))
    return TRUE;
  return sql_finish(
      store, sql_step_plain(store, SQL_BEGIN, error) && put_experiment(store, experiment, error),
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
    return sql_fail(store, error);
  sqlite3_extended_result_codes(store->db, 1);
  sqlite3_busy_timeout(store->db, BUSY_MS);
  /* A power cut may cost the last run, a killed program none. */
  return sql_execute(store, "PRAGMA synchronous = NORMAL", error);
}

static gboolean
open_for_writing(Store *store, const StoreExperiment *experiment, gboolean *created, GError **error)
{
  gint64 pages;

  if (!lock_file(store, created, error) || !connect_file(store, SQLITE_OPEN_READWRITE, error) ||
      !pragma_int(store, "PRAGMA page_count", &pages, error))
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

  if (connect_file(store, flags, error) && sql_execute(store, "PRAGMA query_only = ON", error) &&
      check_version(store, error) && read_experiment(store, error) && read_runs(store, error))
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
