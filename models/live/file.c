#include "models/live/file.h"

#include "models/world/journal.h"

#include <sqlite3.h>

#define APPLICATION_ID 0x716f7342 /* "qosB" */
#define VERSION 2

#define DAMAGED "the file is damaged"
#define CANNOT_OPEN "cannot open the store"
#define CANNOT_READ "cannot read the store"
#define CANNOT_WRITE "cannot write the store"

struct _LiveFile {
  char *path;
  sqlite3 *db;
  sqlite3_stmt *put, *delete;
  gboolean begun;
};

G_DEFINE_QUARK(live - file - error, live_file_error)

static gboolean refuse(const LiveFile *file, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* It is not what it should be. */
static gboolean
refuse(const LiveFile *file, GError **error, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *found = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT, "%s: no store of a qosim broker: %s",
              file->path, found);
  return FALSE;
}

static gboolean
fail(const LiveFile *file, const char *what, GError **error)
{
  int code = sqlite3_errcode(file->db) & 0xFF;
  if (code == SQLITE_NOTADB)
    return refuse(file, error, "it is no SQLite database");
  LiveFileError kind = code == SQLITE_CORRUPT                         ? LIVE_FILE_ERROR_FORMAT
                       : code == SQLITE_BUSY || code == SQLITE_LOCKED ? LIVE_FILE_ERROR_BUSY
                                                                      : LIVE_FILE_ERROR_SQLITE;
  const char *why = kind == LIVE_FILE_ERROR_BUSY     ? "another process uses it"
                    : kind == LIVE_FILE_ERROR_FORMAT ? DAMAGED
                    : code == SQLITE_CANTOPEN        ? g_strerror(sqlite3_system_errno(file->db))
                                                     : sqlite3_errmsg(file->db);
  g_set_error(error, LIVE_FILE_ERROR, kind, "%s: %s: %s", file->path, what, why);
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

/* Ours, or empty. */
static gboolean
examine(LiveFile *file, gboolean *empty, GError **error)
{
  gint64 id = ask(file, "PRAGMA application_id"), version = ask(file, "PRAGMA user_version"),
         tables = ask(file, "SELECT count(*) FROM sqlite_schema");
  if (id < 0 || version < 0 || tables < 0)
    return fail(file, CANNOT_OPEN, error);
  *empty = id == 0 && tables == 0;
  if (!*empty && id != APPLICATION_ID)
    return refuse(file, error,
                  "it is a SQLite database of another program (application_id %" G_GINT64_FORMAT
                  ", %" G_GINT64_FORMAT " tables and indices)",
                  id, tables);
  if (!*empty && version != VERSION)
    return refuse(file, error, "it has format %" G_GINT64_FORMAT ", this program reads %d", version,
                  VERSION);
  return TRUE;
}

static gboolean
set_up(LiveFile *file, GError **error)
{
  static const char make[] =
      "CREATE TABLE record (session INTEGER NOT NULL, kind INTEGER NOT NULL,"
      " number INTEGER NOT NULL, value BLOB NOT NULL, checksum INTEGER NOT NULL,"
      " PRIMARY KEY (session, kind, number))"
      " WITHOUT ROWID;"
      "PRAGMA application_id = 1903129410;"
      "PRAGMA user_version = 2";
  gboolean empty = FALSE;
  return execute(file, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE", CANNOT_OPEN, error) &&
         examine(file, &empty, error) && (!empty || execute(file, make, CANNOT_WRITE, error)) &&
         execute(file, "COMMIT", CANNOT_WRITE, error) &&
         execute(file, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", CANNOT_WRITE, error);
}

LiveFile *
live_file_open(const char *path, GError **error)
{
  G_STATIC_ASSERT(APPLICATION_ID == 1903129410 && VERSION == 2); /* as in the text above */
  g_autoptr(LiveFile) file = g_new0(LiveFile, 1);
  file->path = g_strdup(path);
  if (sqlite3_open_v2(path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
      SQLITE_OK) {
    fail(file, CANNOT_OPEN, error);
    return NULL;
  }
  sqlite3_extended_result_codes(file->db, 1);
  if (!set_up(file, error))
    return NULL;
  if (sqlite3_prepare_v2(file->db, "REPLACE INTO record VALUES (?, ?, ?, ?, ?)", -1, &file->put,
                         NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(file->db,
                         "DELETE FROM record WHERE session = ? AND kind = ? AND number = ?", -1,
                         &file->delete, NULL) != SQLITE_OK) {
    fail(file, CANNOT_OPEN, error);
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
  g_free(file->path);
  g_free(file);
}

/* SQLite itself would not notice a byte that has changed in a value, nor that a page has forgotten
 * half of its records. */
static gboolean
damaged(const LiveFile *file, GError **error)
{
  g_set_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT, "%s: %s: %s", file->path, CANNOT_READ,
              DAMAGED);
  return FALSE;
}

static gboolean
is_whole(const LiveFile *file)
{
  sqlite3_stmt *statement;
  gboolean whole =
      sqlite3_prepare_v2(file->db, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW && g_str_equal(sqlite3_column_text(statement, 0), "ok");
  sqlite3_finalize(statement);
  return whole;
}

static gint64
checksum_of(const MqttStoreKey *key, const guint8 *value, gsize n)
{
  guint64 parts[4] = {key->session, key->number, key->kind, journal_checksum(value, n)};
  return (gint64)journal_checksum((const guint8 *)parts, sizeof parts);
}

gboolean
live_file_load(LiveFile *file,
               void (*record)(gpointer user, const MqttStoreKey *key, const guint8 *value, gsize n),
               gpointer user, GError **error)
{
  sqlite3_stmt *statement;
  int code;
  if (!is_whole(file))
    return damaged(file, error);
  if (sqlite3_prepare_v2(
          file->db, "SELECT session, kind, number, value, checksum FROM record ORDER BY 1, 2, 3",
          -1, &statement, NULL) != SQLITE_OK)
    return fail(file, CANNOT_READ, error);
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    MqttStoreKey key = {.session = (guint64)sqlite3_column_int64(statement, 0),
                        .kind = (guint32)sqlite3_column_int64(statement, 1),
                        .number = (guint64)sqlite3_column_int64(statement, 2)};
    const guint8 *value = sqlite3_column_blob(statement, 3);
    gsize n = (gsize)sqlite3_column_bytes(statement, 3);
    if (checksum_of(&key, value, n) != sqlite3_column_int64(statement, 4))
      break;
    record(user, &key, value, n);
  }
  gboolean done = code == SQLITE_DONE ||
                  (code == SQLITE_ROW ? damaged(file, error) : fail(file, CANNOT_READ, error));
  sqlite3_finalize(statement);
  return done;
}

gboolean
live_file_put(LiveFile *file, const MqttStoreOp *op, GError **error)
{
  sqlite3_stmt *statement = op->value != NULL ? file->put : file->delete;
  if (!file->begun && !execute(file, "BEGIN", CANNOT_WRITE, error))
    return FALSE;
  file->begun = TRUE;
  sqlite3_bind_int64(statement, 1, (gint64)op->key.session);
  sqlite3_bind_int64(statement, 2, op->key.kind);
  sqlite3_bind_int64(statement, 3, (gint64)op->key.number);
  if (op->value != NULL) {
    sqlite3_bind_blob(statement, 4, op->value, (int)op->length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, checksum_of(&op->key, op->value, op->length));
  }
  gboolean done = sqlite3_step(statement) == SQLITE_DONE || fail(file, CANNOT_WRITE, error);
  sqlite3_reset(statement);
  return done;
}

gboolean
live_file_commit(LiveFile *file, GError **error)
{
  if (!file->begun)
    return TRUE;
  file->begun = FALSE;
  return execute(file, "COMMIT", CANNOT_WRITE, error);
}
