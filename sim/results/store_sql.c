#include "sim/results/store_sql.h"

#include <errno.h>
#include <string.h>

#define MESSAGE_ROW "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
#define MESSAGE_INSERT                                                                             \
  "INSERT INTO message (run, id, section, publisher, subscriber, qos, published_ns, latency_ns, "  \
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
    [SQL_MESSAGES_PUT] =
        MESSAGE_INSERT MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW
                                   "," MESSAGE_ROW "," MESSAGE_ROW "," MESSAGE_ROW,
    [SQL_LINK_PUT] = "INSERT INTO link (run, number, name) VALUES (?,?,?)",
    [SQL_SEGMENT_PUT] = "INSERT INTO segment (run, number, at_ns, arrives_ns, link, client, "
                        "connection, up, flags, seq, ack, payload, bytes, again, lost) "
                        "VALUES " MESSAGE_ROW,
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

static const struct {
  MetricOf of;
  const char *name;
} kinds[] = {
    {OF_PUBLISH, "publish"},
    {OF_CLIENT, "client"},
    {OF_LINK, "link"},
    {OF_BROKER, "broker"},
};

const char *
sql_kind_name(MetricOf of)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].of == of)
      return kinds[i].name;
  g_assert_not_reached();
}

MetricOf
sql_kind_from_name(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_strcmp0(kinds[i].name, name) == 0)
      return kinds[i].of;
  return 0;
}

static gboolean
is_out_of_room(int code, int system)
{
  if ((code & 0xff) == SQLITE_FULL)
    return TRUE;
  return (code & 0xff) == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG);
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

gboolean
sql_fail(Store *store, GError **error)
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

gboolean
sql_fail_damaged(Store *store, GError **error, const char *what)
{
  g_set_error(error, STORE_ERROR, STORE_ERROR_FORMAT, "%s: damaged: %s", store->path, what);
  return FALSE;
}

sqlite3_stmt *
sql_statement(Store *store, Sql which, GError **error)
{
  if (store->statements[which] == NULL &&
      sqlite3_prepare_v3(store->db, sql_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                         &store->statements[which], NULL) != SQLITE_OK)
    sql_fail(store, error);
  return store->statements[which];
}

gboolean
sql_step(Store *store, sqlite3_stmt *stmt, GError **error)
{
  if (stmt == NULL)
    return FALSE;
  gboolean good = sqlite3_step(stmt) == SQLITE_DONE || sql_fail(store, error);

  sqlite3_reset(stmt);
  return good;
}

gboolean
sql_step_plain(Store *store, Sql which, GError **error)
{
  return sql_step(store, sql_statement(store, which, error), error);
}

gboolean
sql_next_row(Store *store, sqlite3_stmt *stmt, gboolean *good, GError **error)
{
  int code = sqlite3_step(stmt);

  if (code == SQLITE_ROW)
    return TRUE;
  *good = code == SQLITE_DONE || sql_fail(store, error);
  sqlite3_reset(stmt);
  return FALSE;
}

void
sql_bind_text(sqlite3_stmt *stmt, int column, const char *text)
{
  sqlite3_bind_text(stmt, column, text, -1, SQLITE_STATIC);
}

const char *
sql_column_text(sqlite3_stmt *stmt, int column)
{
  const char *text = (const char *)sqlite3_column_text(stmt, column);

  return text != NULL ? text : "";
}

gboolean
sql_execute(Store *store, const char *sql, GError **error)
{
  return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || sql_fail(store, error);
}

static void
rollback(Store *store)
{
  if (sqlite3_get_autocommit(store->db) == 0)
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

gboolean
sql_finish(Store *store, gboolean good, GError **error)
{
  good = good && sql_step_plain(store, SQL_COMMIT, error);
  if (!good)
    rollback(store);
  return good;
}

gint64
sql_run_id(const StorePoint *point, guint32 replication)
{
  g_assert(point->id > 0 && replication > 0 && replication < RUNS_PER_POINT);
  return point->id * RUNS_PER_POINT + replication;
}
