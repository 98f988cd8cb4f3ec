#include "sim/results/store_sql.h"

#include <math.h>

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
  sqlite3_stmt *stmt = sql_statement(store, SQL_POINTS, error);
  gboolean good = stmt != NULL;

  while (good && sql_next_row(store, stmt, &good, error)) {
    StorePoint *point =
        store_point_new((guint)sqlite3_column_int64(stmt, 1), sql_column_text(stmt, 2));

    point->id = sqlite3_column_int64(stmt, 0);
    point->runs = (guint)sqlite3_column_int64(stmt, 3);
    g_ptr_array_add(points, point);
    g_hash_table_insert(by_id, &point->id, point);
  }
  good = good && (stmt = sql_statement(store, SQL_PARAMETERS, error)) != NULL;
  while (good && sql_next_row(store, stmt, &good, error)) {
    gint64 id = sqlite3_column_int64(stmt, 0);
    StorePoint *point = g_hash_table_lookup(by_id, &id);

    if (point != NULL)
      store_point_add(point, sql_column_text(stmt, 1), sql_column_text(stmt, 2),
                      sql_column_text(stmt, 3), column_number(stmt, 4));
  }
  return good ? g_steal_pointer(&points) : NULL;
}

/* The element a row of metric or histogram is about; NULL: of a run that is not asked for. */
static OutcomeElement *
row_element(GHashTable *by_run, sqlite3_stmt *stmt)
{
  gint64 id = sqlite3_column_int64(stmt, 0);
  Outcome *outcome = g_hash_table_lookup(by_run, &id);
  MetricOf of = sql_kind_from_name(sql_column_text(stmt, 1));

  return outcome != NULL && of != 0 ? outcome_element(outcome, of, sql_column_text(stmt, 2)) : NULL;
}

static sqlite3_stmt *
statement_for_point(Store *store, Sql which, const StorePoint *point, GError **error)
{
  sqlite3_stmt *stmt = sql_statement(store, which, error);

  if (stmt != NULL)
    sqlite3_bind_int64(stmt, 1, point->id);
  return stmt;
}

static gboolean
read_metrics(Store *store, const StorePoint *point, GHashTable *by_run, GError **error)
{
  sqlite3_stmt *stmt = statement_for_point(store, SQL_OUTCOME_METRICS, point, error);
  gboolean good = stmt != NULL;

  while (good && sql_next_row(store, stmt, &good, error)) {
    OutcomeElement *element = row_element(by_run, stmt);
    guint counter =
        GPOINTER_TO_UINT(g_hash_table_lookup(store->counters, sql_column_text(stmt, 3)));

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

  while (good && sql_next_row(store, stmt, &good, error)) {
    OutcomeElement *element = row_element(by_run, stmt);

    for (guint i = 0; good && element != NULL && i < HISTOGRAM_N; i++) {
      if (!g_str_equal(histogram_name(i), sql_column_text(stmt, 3)))
        continue;
      const void *data = sqlite3_column_blob(stmt, 4);
      gsize size = (gsize)sqlite3_column_bytes(stmt, 4);

      histogram_clear(&element->histograms[i]);
      good = histogram_from_bytes(&element->histograms[i], data, size) ||
             sql_fail_damaged(store, error, "a histogram cannot be read");
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

  while (good && sql_next_row(store, stmt, &good, error)) {
    gint64 id = sqlite3_column_int64(stmt, 0);
    Outcome *outcome = g_hash_table_lookup(by_run, &id);

    for (guint i = 0; outcome != NULL && i < CAUSE_N; i++)
      if (g_str_equal(cause_name(i), sql_column_text(stmt, 2)))
        outcome_element(outcome, OF_PUBLISH, sql_column_text(stmt, 1))->examples[i] =
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

  while (good && sql_next_row(store, stmt, &good, error)) {
    Outcome *outcome = outcome_new();
    gint64 id = sqlite3_column_int64(stmt, 0);
    guint32 replication = (guint32)sqlite3_column_int64(stmt, 1);

    outcome->fingerprint = g_ascii_strtoull(sql_column_text(stmt, 2), NULL, 16);
    outcome->events = (guint64)sqlite3_column_int64(stmt, 3);
    outcome->virtual_ns = llround(sqlite3_column_double(stmt, 4) * 1e9);
    g_ptr_array_add(outcomes, outcome);
    g_array_append_val(numbers, replication);
    g_hash_table_insert(by_run, g_memdup2(&id, sizeof id), outcome);
  }
  good = good && read_metrics(store, point, by_run, error) &&
         read_histograms(store, point, by_run, error) && read_examples(store, point, by_run, error);
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
  sqlite3_stmt *stmt = sql_statement(store, SQL_RUN, error);
  gboolean good = stmt != NULL, there = FALSE;

  if (good)
    sqlite3_bind_int64(stmt, 1, sql_run_id(point, replication));
  while (good && sql_next_row(store, stmt, &good, error)) {
    found->seed = (guint64)sqlite3_column_int64(stmt, 0);
    found->fingerprint = g_ascii_strtoull(sql_column_text(stmt, 1), NULL, 16);
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
  sqlite3_stmt *stmt = sql_statement(store, SQL_MESSAGE, error);
  g_autoptr(GArray) messages = g_array_new(FALSE, FALSE, sizeof(StoreMessage));
  gboolean good = stmt != NULL;

  g_array_set_clear_func(messages, message_clear);
  if (good) {
    sqlite3_bind_int64(stmt, 1, sql_run_id(point, replication));
    sqlite3_bind_int64(stmt, 2, (gint64)id);
  }
  while (good && sql_next_row(store, stmt, &good, error)) {
    StoreMessage message = {
        .row =
            {
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
        .section = g_strdup(sql_column_text(stmt, 13)),
        .publisher = g_strdup(sql_column_text(stmt, 14)),
        .subscriber = g_strdup((const char *)sqlite3_column_text(stmt, 15)),
    };

    g_array_append_val(messages, message);
  }
  return good ? g_steal_pointer(&messages) : NULL;
}
