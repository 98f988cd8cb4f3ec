#include "sim/results/store_sql.h"

#include <stdlib.h>

static gboolean
put_point(Store *store, StorePoint *point, GError **error)
{
  sqlite3_stmt *stmt = sql_statement(store, SQL_POINT_PUT, error);
  gboolean good = TRUE;

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, point->number);
  sql_bind_text(stmt, 2, point->key);
  if (!sql_step(store, stmt, error) || (stmt = sql_statement(store, SQL_POINT_ID, error)) == NULL)
    return FALSE;
  sql_bind_text(stmt, 1, point->key);
  while (sql_next_row(store, stmt, &good, error)) {
    point->id = sqlite3_column_int64(stmt, 0);
    point->runs = (guint)sqlite3_column_int64(stmt, 1);
  }
  if (!good || (stmt = sql_statement(store, SQL_PARAMETERS_DROP, error)) == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, point->id);
  if (!sql_step(store, stmt, error) ||
      (stmt = sql_statement(store, SQL_PARAMETER_PUT, error)) == NULL)
    return FALSE;
  for (guint i = 0; good && i < point->parameters->len; i++) {
    const StoreParameter *p = &g_array_index(point->parameters, StoreParameter, i);

    sqlite3_bind_int64(stmt, 1, point->id);
    sqlite3_bind_int64(stmt, 2, i + 1);
    sql_bind_text(stmt, 3, p->factor);
    sql_bind_text(stmt, 4, p->text);
    sql_bind_text(stmt, 5, p->value);
    sqlite3_bind_double(stmt, 6, p->number); /* NaN becomes NULL */
    good = sql_step(store, stmt, error);
  }
  return good;
}

gboolean
store_set_points(Store *store, GPtrArray *points, GError **error)
{
  gboolean good =
      sql_step_plain(store, SQL_BEGIN, error) && sql_step_plain(store, SQL_POINTS_FORGET, error);

  for (guint i = 0; good && i < points->len; i++)
    good = put_point(store, points->pdata[i], error);
  return sql_finish(store, good, error);
}

gboolean
store_has_run(const Store *store, const StorePoint *point, guint32 replication)
{
  gint64 id = sql_run_id(point, replication);

  return GPOINTER_TO_INT(g_hash_table_lookup(store->runs, &id));
}

static gboolean
drop_run(Store *store, gint64 id, GError **error)
{
  static const char *const tables[] = {
      "metric", "histogram", "example", "client", "section", "message", "link", "segment",
  };
  g_autoptr(GString) sql = g_string_new(NULL);

  for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
    g_string_append_printf(sql, "DELETE FROM %s WHERE run = %" G_GINT64_FORMAT ";", tables[i], id);
  g_string_append_printf(sql, "DELETE FROM run WHERE id = %" G_GINT64_FORMAT, id);
  return sql_execute(store, sql->str, error);
}

static gboolean
put_histogram(Store *store, gint64 id, const OutcomeElement *element, HistogramId which,
              GError **error)
{
  const Histogram *histogram = &element->histograms[which];
  sqlite3_stmt *stmt = sql_statement(store, SQL_HISTOGRAM_PUT, error);
  gsize size;

  if (stmt == NULL)
    return FALSE;
  g_autoptr(GBytes) bytes = histogram_to_bytes(histogram);
  const void *data = g_bytes_get_data(bytes, &size);

  sqlite3_bind_int64(stmt, 1, id);
  sql_bind_text(stmt, 2, sql_kind_name(element->of));
  sql_bind_text(stmt, 3, element->name);
  sql_bind_text(stmt, 4, histogram_name(which));
  sqlite3_bind_int64(stmt, 5, (gint64)histogram->count);
  sqlite3_bind_double(stmt, 6, histogram_mean(histogram) * 1e-9);
  sqlite3_bind_double(stmt, 7, (double)histogram->min * 1e-9);
  sqlite3_bind_double(stmt, 8, histogram_quantile(histogram, 0.5, 0) * 1e-9);
  sqlite3_bind_double(stmt, 9, histogram_quantile(histogram, 0.95, 0) * 1e-9);
  sqlite3_bind_double(stmt, 10, histogram_quantile(histogram, 0.99, 0) * 1e-9);
  sqlite3_bind_double(stmt, 11, (double)histogram->max * 1e-9);
  sqlite3_bind_blob64(stmt, 12, data, size, SQLITE_STATIC);
  return sql_step(store, stmt, error);
}

static gboolean
put_element(Store *store, gint64 id, const OutcomeElement *element, GError **error)
{
  sqlite3_stmt *stmt = sql_statement(store, SQL_METRIC_PUT, error);
  gboolean good = stmt != NULL;

  for (guint i = 0; good && i < COUNT_N; i++) {
    if (element->counters[i] == 0)
      continue;
    sqlite3_bind_int64(stmt, 1, id);
    sql_bind_text(stmt, 2, sql_kind_name(element->of));
    sql_bind_text(stmt, 3, element->name);
    sql_bind_text(stmt, 4, store->counter_names[i]);
    sqlite3_bind_double(stmt, 5, element->counters[i]);
    good = sql_step(store, stmt, error);
  }
  for (guint i = 0; good && i < HISTOGRAM_N; i++)
    if (element->histograms[i].count > 0)
      good = put_histogram(store, id, element, i, error);
  good = good && (stmt = sql_statement(store, SQL_EXAMPLE_PUT, error)) != NULL;
  for (guint i = 0; good && i < CAUSE_N; i++) {
    if (element->examples[i] == 0)
      continue;
    sqlite3_bind_int64(stmt, 1, id);
    sql_bind_text(stmt, 2, element->name);
    sql_bind_text(stmt, 3, cause_name(i));
    sqlite3_bind_int64(stmt, 4, (gint64)element->examples[i]);
    good = sql_step(store, stmt, error);
  }
  return good;
}

static gboolean
put_name(Store *store, Sql which, gint64 id, guint number, const char *name, GError **error)
{
  sqlite3_stmt *stmt = sql_statement(store, which, error);

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, id);
  sqlite3_bind_int64(stmt, 2, number);
  sql_bind_text(stmt, 3, name);
  return sql_step(store, stmt, error);
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
  sqlite3_stmt *many = sql_statement(store, SQL_MESSAGES_PUT, error);
  sqlite3_stmt *one = many != NULL ? sql_statement(store, SQL_MESSAGE_PUT, error) : NULL;
  gboolean good = one != NULL;
  guint i = 0;

  for (guint k = 0; k < messages->len; k++)
    rows[k] = &g_array_index(messages, OutcomeMessage, k);
  qsort(rows, messages->len, sizeof *rows, compare_messages);
  for (; good && i + MESSAGES_AT_ONCE <= messages->len; i += MESSAGES_AT_ONCE) {
    for (guint k = 0; k < MESSAGES_AT_ONCE; k++)
      bind_message(many, (int)(k * MESSAGE_COLUMNS) + 1, id, rows[i + k]);
    good = sql_step(store, many, error);
  }
  for (; good && i < messages->len; i++) {
    bind_message(one, 1, id, rows[i]);
    good = sql_step(store, one, error);
  }
  return good;
}

static gboolean
put_segment(Store *store, gint64 id, guint number, const OutcomeSegment *segment, GError **error)
{
  sqlite3_stmt *stmt = sql_statement(store, SQL_SEGMENT_PUT, error);

  if (stmt == NULL)
    return FALSE;
  sqlite3_bind_int64(stmt, 1, id);
  sqlite3_bind_int64(stmt, 2, number);
  sqlite3_bind_int64(stmt, 3, segment->at_ns);
  if (segment->arrives_ns == G_MAXINT64)
    sqlite3_bind_null(stmt, 4);
  else
    sqlite3_bind_int64(stmt, 4, segment->arrives_ns);
  sqlite3_bind_int64(stmt, 5, segment->link);
  sqlite3_bind_int64(stmt, 6, segment->client);
  sqlite3_bind_int64(stmt, 7, segment->connection);
  sqlite3_bind_int64(stmt, 8, segment->up);
  sqlite3_bind_int64(stmt, 9, segment->flags);
  sqlite3_bind_int64(stmt, 10, (gint64)segment->seq);
  sqlite3_bind_int64(stmt, 11, (gint64)segment->ack);
  sqlite3_bind_int64(stmt, 12, segment->payload);
  sqlite3_bind_int64(stmt, 13, segment->bytes);
  sql_bind_text(stmt, 14, segment->again);
  sql_bind_text(stmt, 15, segment->lost);
  return sql_step(store, stmt, error);
}

static gboolean
put_segments(Store *store, gint64 id, const Outcome *outcome, GError **error)
{
  gboolean good = TRUE;

  for (guint i = 0; good && i < outcome->links->len; i++)
    good = put_name(store, SQL_LINK_PUT, id, i, outcome->links->pdata[i], error);
  for (guint i = 0; good && i < outcome->segments->len; i++)
    good =
        put_segment(store, id, i + 1, &g_array_index(outcome->segments, OutcomeSegment, i), error);
  return good;
}

static gboolean
put_run(Store *store, const StorePoint *point, guint32 replication, guint64 seed,
        const Outcome *outcome, double wall_s, GError **error)
{
  char fingerprint[17];
  sqlite3_stmt *stmt = sql_statement(store, SQL_RUN_PUT, error);

  if (stmt == NULL)
    return FALSE;
  g_snprintf(fingerprint, sizeof fingerprint, "%016" G_GINT64_MODIFIER "x", outcome->fingerprint);
  sqlite3_bind_int64(stmt, 1, sql_run_id(point, replication));
  sqlite3_bind_int64(stmt, 2, point->id);
  sqlite3_bind_int64(stmt, 3, replication);
  sqlite3_bind_int64(stmt, 4, (gint64)seed);
  sql_bind_text(stmt, 5, outcome->breach == NULL ? "done" : "breach");
  sql_bind_text(stmt, 6, outcome->breach);
  sql_bind_text(stmt, 7, fingerprint);
  sqlite3_bind_int64(stmt, 8, (gint64)outcome->events);
  sqlite3_bind_double(stmt, 9, (double)outcome->virtual_ns * 1e-9);
  sqlite3_bind_double(stmt, 10, wall_s);
  return sql_step(store, stmt, error);
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
  gint64 id = sql_run_id(point, replication);
  gboolean good = sql_step_plain(store, SQL_BEGIN, error);

  if (good && g_hash_table_contains(store->runs, &id))
    good = drop_run(store, id, error);
  good = good && put_run(store, point, replication, seed, outcome, wall_s, error);
  for (guint i = 0; good && i < outcome->elements->len; i++)
    good = put_element(store, id, outcome->elements->pdata[i], error);
  if (good && outcome->messages != NULL)
    good = put_recorded(store, id, outcome, error);
  if (good && outcome->segments != NULL)
    good = put_segments(store, id, outcome, error);
  if (!sql_finish(store, good, error))
    return FALSE;
  g_hash_table_insert(store->runs, g_memdup2(&id, sizeof id),
                      GINT_TO_POINTER(outcome->breach == NULL));
  return TRUE;
}
