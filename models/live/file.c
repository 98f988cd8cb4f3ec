#include "models/live/file.h"

#include <sqlite3.h>

#define APPLICATION_ID 0x716f7342 /* "qosB" */
#define VERSION 1

struct _LiveFile {
  sqlite3 *db;
  sqlite3_stmt *put, *delete;
  gboolean begun;
};

G_DEFINE_QUARK(live - file - error, live_file_error)

static gboolean
fail(LiveFile *file, const char *what, GError **error)
{
  int code = sqlite3_errcode(file->db) & 0xFF;
  LiveFileError kind = code == SQLITE_BUSY || code == SQLITE_LOCKED      ? LIVE_FILE_ERROR_BUSY
                       : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? LIVE_FILE_ERROR_FORMAT
                                                                         : LIVE_FILE_ERROR_SQLITE;
  g_set_error(error, LIVE_FILE_ERROR, kind, "%s: %s", what,
              kind == LIVE_FILE_ERROR_BUSY     ? "another process uses it"
              : kind == LIVE_FILE_ERROR_FORMAT ? "it is no store of a qosim broker"
                                               : sqlite3_errmsg(file->db));
  return FALSE;
}

static gboolean
execute(LiveFile *file, const char *sql, const char *what, GError **error)
{
  return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(file, what, error);
}

/* The first column of the first row, -1 if there is none. */
static gint64
ask(LiveFile *file, const char *sql)
{
  sqlite3_stmt *statement;
  gint64 answer = -1;
  if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    answer = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return answer;
}

/* A file of ours, or an empty one that becomes one. */
static gboolean
set_up(LiveFile *file, const char *path, GError **error)
{
  static const char make[] =
      "CREATE TABLE record (session INTEGER NOT NULL, kind INTEGER NOT NULL,"
      " number INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (session, kind, number))"
      " WITHOUT ROWID;"
      "PRAGMA application_id = 1903129410;"
      "PRAGMA user_version = 1";
  if (!execute(file, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE", path, error))
    return FALSE;
  gint64 id = ask(file, "PRAGMA application_id"),
         tables = ask(file, "SELECT count(*) FROM sqlite_schema");
  gboolean made = id == APPLICATION_ID && ask(file, "PRAGMA user_version") == VERSION;
  if (!made && (id != 0 || tables != 0)) {
    g_set_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT,
                "%s: it is no store of a qosim broker, or of another version", path);
    return FALSE;
  }
  return (made || execute(file, make, path, error)) && execute(file, "COMMIT", path, error) &&
         execute(file, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", path, error);
}

LiveFile *
live_file_open(const char *path, GError **error)
{
  G_STATIC_ASSERT(APPLICATION_ID == 1903129410 && VERSION == 1); /* as in the text above */
  g_autoptr(LiveFile) file = g_new0(LiveFile, 1);
  if (sqlite3_open_v2(path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
      SQLITE_OK) {
    fail(file, path, error);
    return NULL;
  }
  sqlite3_extended_result_codes(file->db, 1);
  if (!set_up(file, path, error))
    return NULL;
  if (sqlite3_prepare_v2(file->db, "REPLACE INTO record VALUES (?, ?, ?, ?)", -1, &file->put,
                         NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(file->db,
                         "DELETE FROM record WHERE session = ? AND kind = ? AND number = ?", -1,
                         &file->delete, NULL) != SQLITE_OK) {
    fail(file, path, error);
    return NULL;
  }
  return g_steal_pointer(&file);
}

void
live_file_close(LiveFile *file)
{
  if (file == NULL)
    return;
  sqlite3_finalize(file->put);
  sqlite3_finalize(file->delete);
  sqlite3_close(file->db);
  g_free(file);
}

gboolean
live_file_load(LiveFile *file,
               void (*record)(gpointer user, const MqttStoreKey *key, const guint8 *value, gsize n),
               gpointer user, GError **error)
{
  sqlite3_stmt *statement;
  int code;
  if (sqlite3_prepare_v2(file->db,
                         "SELECT session, kind, number, value FROM record ORDER BY 1, 2, 3", -1,
                         &statement, NULL) != SQLITE_OK)
    return fail(file, "cannot read the store", error);
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    MqttStoreKey key = {.session = (guint64)sqlite3_column_int64(statement, 0),
                        .kind = (guint32)sqlite3_column_int64(statement, 1),
                        .number = (guint64)sqlite3_column_int64(statement, 2)};
    record(user, &key, sqlite3_column_blob(statement, 3),
           (gsize)sqlite3_column_bytes(statement, 3));
  }
  gboolean done = code == SQLITE_DONE || fail(file, "cannot read the store", error);
  sqlite3_finalize(statement);
  return done;
}

gboolean
live_file_put(LiveFile *file, const MqttStoreOp *op, GError **error)
{
  sqlite3_stmt *statement = op->value != NULL ? file->put : file->delete;
  if (!file->begun && !execute(file, "BEGIN", "cannot write the store", error))
    return FALSE;
  file->begun = TRUE;
  sqlite3_bind_int64(statement, 1, (gint64)op->key.session);
  sqlite3_bind_int64(statement, 2, op->key.kind);
  sqlite3_bind_int64(statement, 3, (gint64)op->key.number);
  if (op->value != NULL)
    sqlite3_bind_blob(statement, 4, op->value, (int)op->length, SQLITE_STATIC);
  gboolean done =
      sqlite3_step(statement) == SQLITE_DONE || fail(file, "cannot write the store", error);
  sqlite3_reset(statement);
  return done;
}

gboolean
live_file_commit(LiveFile *file, GError **error)
{
  if (!file->begun)
    return TRUE;
  file->begun = FALSE;
  return execute(file, "COMMIT", "cannot write the store", error);
}
