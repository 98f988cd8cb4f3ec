/* A store in a file: what was committed is there again, whatever happened to what was not. */
#include "models/live/file.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

static char *folder;

static char *
path_of(const char *name)
{
  return g_build_filename(folder, name, NULL);
}

static void
put(LiveFile *file, guint64 number, const char *value)
{
  g_autoptr(GError) error = NULL;
  MqttStoreOp op = {.key = {.session = 1, .kind = 3, .number = number},
                    .value = (const guint8 *)value,
                    .length = value != NULL ? (guint32)strlen(value) : 0};
  live_file_put(file, &op, &error);
  g_assert_no_error(error);
}

static void
commit(LiveFile *file)
{
  g_autoptr(GError) error = NULL;
  live_file_commit(file, &error);
  g_assert_no_error(error);
}

static void
note(gpointer user, const MqttStoreKey *key, const guint8 *value, gsize n)
{
  g_string_append_printf(user, "%" G_GUINT64_FORMAT "=%.*s ", key->number, (int)n,
                         (const char *)value);
}

/* All that is in the file of that name. */
static char *
content(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(LiveFile) file = live_file_open(path, &error);
  g_assert_no_error(error);
  GString *text = g_string_new(NULL);
  live_file_load(file, note, text, &error);
  g_assert_no_error(error);
  return g_string_free(text, FALSE);
}

static void
test_commit(void)
{
  g_autofree char *path = path_of("commit.db");
  g_autoptr(GError) error = NULL;
  LiveFile *file = live_file_open(path, &error);
  g_assert_no_error(error);
  put(file, 1, "a");
  put(file, 2, "b");
  commit(file);
  put(file, 1, "c");
  put(file, 2, NULL);
  put(file, 3, "");
  commit(file);
  put(file, 4, "never committed");
  live_file_close(file);
  g_autofree char *text = content(path);
  g_assert_cmpstr(text, ==, "1=c 3= ");
}

/* Refused with the name of the file and what was found, and left as it is. */
static void
assert_refused(const char *path, gint code, const char *found)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  gsize n = 0, m = 0;
  g_file_get_contents(path, &before, &n, NULL);
  g_assert_null(live_file_open(path, &error));
  g_assert_error(error, LIVE_FILE_ERROR, code);
  g_assert_true(g_str_has_prefix(error->message, path));
  g_assert_nonnull(strstr(error->message, found));
  g_file_get_contents(path, &after, &m, NULL);
  g_assert_cmpmem(before, n, after, m);
}

static void
make_database(const char *path, const char *sql)
{
  sqlite3 *db;
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(db);
}

static void
test_refused(void)
{
  g_autofree char *text = path_of("text"), *other = path_of("other.db"), *old = path_of("old.db");
  g_autofree char *ours = path_of("ours.db"), *nowhere = path_of("no/such/folder/file.db");
  g_autoptr(GError) error = NULL;
  g_file_set_contents(text, "this is no database, but it is long enough to be looked at", -1, NULL);
  assert_refused(text, LIVE_FILE_ERROR_FORMAT, "it is no SQLite database");
  make_database(other, "CREATE TABLE t (x); PRAGMA application_id = 7");
  assert_refused(other, LIVE_FILE_ERROR_FORMAT,
                 "a SQLite database of another program (application_id 7, 1 tables");
  make_database(old, "PRAGMA application_id = 1903129410; PRAGMA user_version = 9");
  assert_refused(old, LIVE_FILE_ERROR_FORMAT, "it has format 9, this program reads 2");
  assert_refused(folder, LIVE_FILE_ERROR_SQLITE, "Is a directory");
  assert_refused(nowhere, LIVE_FILE_ERROR_SQLITE, "No such file or directory");
  g_autoptr(LiveFile) first = live_file_open(ours, &error);
  g_assert_no_error(error);
  assert_refused(ours, LIVE_FILE_ERROR_BUSY, "another process uses it");
}

static void
copy(const char *from, const char *to, gsize n)
{
  g_autofree char *bytes = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(from, &bytes, &length, &error);
  g_assert_no_error(error);
  g_file_set_contents(to, bytes, (gssize)MIN(n, length), &error);
  g_assert_no_error(error);
}

/* A loss of power leaves any prefix of what was being written: each is read back to the state after
 * some commit, and never a later one than one with more bytes. */
static void
test_cut_anywhere(void)
{
  enum { COMMITS = 12 };
  g_autofree char *path = path_of("cut.db"), *log = path_of("cut.db-wal");
  g_autofree char *copied = path_of("copy.db"), *copied_log = path_of("copy.db-wal");
  g_autoptr(GError) error = NULL;
  LiveFile *file = live_file_open(path, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) states = g_ptr_array_new_with_free_func(g_free);
  GString *state = g_string_new("");
  g_ptr_array_add(states, g_strdup(state->str));
  for (guint i = 1; i <= COMMITS; i++) {
    g_autofree char *value = g_strnfill(i * 37, (char)('a' + i));
    put(file, i, value);
    commit(file);
    g_string_append_printf(state, "%u=%s ", i, value);
    g_ptr_array_add(states, g_strdup(state->str));
  }
  g_autofree char *bytes = NULL;
  gsize length;
  g_file_get_contents(log, &bytes, &length, &error);
  g_assert_no_error(error);
  guint reached = 0;
  for (gsize n = 0; n <= length; n += n + 499 > length && n < length ? length - n : 499) {
    copy(path, copied, G_MAXSIZE);
    copy(log, copied_log, n);
    g_autofree char *text = content(copied);
    guint which = 0;
    while (which < states->len && strcmp(states->pdata[which], text) != 0)
      which++;
    g_assert_cmpuint(which, <, states->len);
    g_assert_cmpuint(which, >=, reached);
    reached = which;
    g_unlink(copied);
    g_unlink(copied_log);
    if (n == length)
      break;
  }
  g_assert_cmpuint(reached, ==, COMMITS);
  live_file_close(file);
  g_string_free(state, TRUE);
}

/* Writes COMMITS states of records that replace each other; the last state is returned. */
static char *
fill(LiveFile *file)
{
  enum { COMMITS = 40, RECORDS = 30 };
  g_autofree char *last[RECORDS] = {NULL};
  GString *state = g_string_new(NULL);
  for (guint i = 0; i < COMMITS; i++) {
    g_autofree char *value = g_strnfill(200 + i * 31, (char)('A' + i % 26));
    put(file, i % RECORDS, value);
    commit(file);
    g_free(last[i % RECORDS]);
    last[i % RECORDS] = g_steal_pointer(&value);
  }
  for (guint i = 0; i < RECORDS; i++) {
    g_string_append_printf(state, "%u=%s ", i, last[i]);
    g_free(g_steal_pointer(&last[i]));
  }
  return g_string_free(state, FALSE);
}

/* The log is folded into the file in place, and a loss of power leaves any part of that: what is
 * missing is in the log still. */
static void
test_cut_while_folding(void)
{
  g_autofree char *path = path_of("fold.db"), *log = path_of("fold.db-wal");
  g_autofree char *torn = path_of("torn.db"), *torn_log = path_of("torn.db-wal");
  g_autofree char *before = NULL, *after = NULL, *wal = NULL;
  gsize n_before, n_after, n_wal;
  g_autoptr(GError) error = NULL;
  LiveFile *file = live_file_open(path, &error);
  g_assert_no_error(error);
  g_autofree char *state = fill(file);
  g_assert_true(g_file_get_contents(path, &before, &n_before, NULL));
  g_assert_true(g_file_get_contents(log, &wal, &n_wal, NULL));
  live_file_close(file);
  g_assert_true(g_file_get_contents(path, &after, &n_after, NULL));
  g_assert_cmpuint(n_after, >, n_before);
  for (gsize n = 0; n <= n_after; n += 257) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)after, (guint)n);
    if (n < n_before)
      g_byte_array_append(bytes, (const guint8 *)before + n, (guint)(n_before - n));
    g_assert_true(g_file_set_contents(torn, (const char *)bytes->data, bytes->len, NULL));
    g_assert_true(g_file_set_contents(torn_log, wal, (gssize)n_wal, NULL));
    g_autofree char *text = content(torn);
    g_assert_cmpstr(text, ==, state);
    g_unlink(torn);
    g_unlink(torn_log);
  }
}

static void
count(gpointer user, const MqttStoreKey *key, const guint8 *value, gsize n)
{
  (void)key;
  (void)value;
  (void)n;
  ++*(guint *)user;
}

/* No loss of power cuts the file itself, but whatever does, half of it is not taken for all. */
static void
test_truncated(void)
{
  g_autofree char *path = path_of("whole.db"), *part = path_of("part.db"), *bytes = NULL;
  gsize length;
  guint whole = 0;
  g_autoptr(GError) error = NULL;
  LiveFile *file = live_file_open(path, &error);
  g_assert_no_error(error);
  g_autofree char *state = fill(file);
  live_file_load(file, count, &whole, &error);
  g_assert_no_error(error);
  live_file_close(file);
  g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
  for (gsize n = 2; n < length; n += 211) { /* one byte is an empty file to SQLite */
    guint records = 0;
    g_assert_true(g_file_set_contents(part, bytes, (gssize)n, NULL));
    g_autoptr(LiveFile) opened = live_file_open(part, &error);
    gboolean read = opened != NULL && live_file_load(opened, count, &records, &error);
    if (read)
      g_assert_cmpuint(records, ==, whole); /* the last page holds nothing any more */
    else
      g_assert_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT);
    g_clear_error(&error);
  }
}

/* A bit that has turned over is found out, if it means anything. */
static void
test_damaged(void)
{
  g_autofree char *path = path_of("sound.db"), *hurt = path_of("hurt.db"), *bytes = NULL;
  gsize length;
  guint found = 0;
  g_autoptr(GError) error = NULL;
  LiveFile *file = live_file_open(path, &error);
  g_assert_no_error(error);
  g_autofree char *state = fill(file);
  live_file_close(file);
  g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
  for (guint i = 0; i < 400; i++) {
    /* Every other one where pages say what is in them; the first 100 bytes are SQLite's alone. */
    gsize at = i % 2 == 0 ? (gsize)g_test_rand_int_range(100, (gint32)length)
                          : 4096 * (gsize)(g_test_rand_int_range(1, (gint32)(length / 4096))) +
                                (gsize)g_test_rand_int_range(0, 64);
    guint8 bit = (guint8)(1u << g_test_rand_int_range(0, 8));
    bytes[at] = (char)(bytes[at] ^ bit);
    g_assert_true(g_file_set_contents(hurt, bytes, (gssize)length, NULL));
    bytes[at] = (char)(bytes[at] ^ bit);
    GString *text = g_string_new(NULL);
    g_autoptr(LiveFile) opened = live_file_open(hurt, &error);
    if (opened != NULL && live_file_load(opened, note, text, &error))
      g_assert_cmpstr(text->str, ==, state);
    else
      found++;
    if (error != NULL)
      g_assert_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT);
    g_clear_error(&error);
    g_string_free(text, TRUE);
  }
  g_assert_cmpuint(found, >, 200);
}

static void
remove_folder(void)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = path_of(name);
    g_unlink(path);
  }
  g_rmdir(folder);
  g_free(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("qosim-file-XXXXXX", NULL);
  g_test_add_func("/live/file/commit", test_commit);
  g_test_add_func("/live/file/refused", test_refused);
  g_test_add_func("/live/file/cut-anywhere", test_cut_anywhere);
  g_test_add_func("/live/file/cut-while-folding", test_cut_while_folding);
  g_test_add_func("/live/file/truncated", test_truncated);
  g_test_add_func("/live/file/damaged", test_damaged);
  int status = g_test_run();
  remove_folder();
  return status;
}
