/* What the files of the store share: the statements, the state, and how SQLite is spoken to.
 * Private to sim/results/store*.c. */
#pragma once

#include "sim/results/store.h"

#include <sqlite3.h>

#define RUNS_PER_POINT 10000000 /* what the ids of runs leave room for */
#define MESSAGES_AT_ONCE 8      /* rows of SQL_MESSAGES_PUT */
#define MESSAGE_COLUMNS 15

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
  SQL_LINK_PUT,
  SQL_SEGMENT_PUT,
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

/* Report the last failure of the connection, or a database that contradicts itself; FALSE, to be
 * returned. */
gboolean sql_fail(Store *store, GError **error);
gboolean sql_fail_damaged(Store *store, GError **error, const char *what);

/* Statements are prepared once and reset after use; NULL: it cannot be prepared. */
sqlite3_stmt *sql_statement(Store *store, Sql which, GError **error);
/* Steps a statement that gives no rows, and makes it ready for the next time. A statement NULL is a
 * failure that was told. */
gboolean sql_step(Store *store, sqlite3_stmt *stmt, GError **error);
gboolean sql_step_plain(Store *store, Sql which, GError **error);
/* The next row; *good turns FALSE if it failed. The statement is reset after the last. */
gboolean sql_next_row(Store *store, sqlite3_stmt *stmt, gboolean *good, GError **error);
gboolean sql_execute(Store *store, const char *sql, GError **error);
/* Ends a transaction: commits if all went well so far. */
gboolean sql_finish(Store *store, gboolean good, GError **error);

void sql_bind_text(sqlite3_stmt *stmt, int column, const char *text); /* borrowed until stepped */
const char *sql_column_text(sqlite3_stmt *stmt, int column);          /* "": NULL */

/* 'publish', 'client', 'link', 'broker'; 0: none of them. */
const char *sql_kind_name(MetricOf of);
MetricOf sql_kind_from_name(const char *name);
gint64 sql_run_id(const StorePoint *point, guint32 replication); /* the point was set */
