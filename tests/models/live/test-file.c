/* A store in a file: what was committed is there again, whatever happened to what was not. */
#include "models/live/file.h"

#include <glib/gstdio.h>
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

static void
test_refused(void)
{
  g_autofree char *text = path_of("text"), *other = path_of("other.db");
  g_autoptr(GError) error = NULL;
  g_file_set_contents(text, "this is no database, but it is long enough to be looked at", -1, NULL);
  g_assert_null(live_file_open(text, &error));
  g_assert_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT);
  g_clear_error(&error);
  g_autofree char *after = NULL;
  g_file_get_contents(text, &after, NULL, NULL);
  g_assert_cmpstr(after, ==, "this is no database, but it is long enough to be looked at");
  g_autoptr(LiveFile) first = live_file_open(other, &error);
  g_assert_no_error(error);
  g_assert_null(live_file_open(other, &error));
  g_assert_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_BUSY);
  g_clear_error(&error);
  g_autofree char *nowhere = path_of("no/such/folder/file.db");
  g_assert_null(live_file_open(nowhere, &error));
  g_assert_error(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_SQLITE);
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
  int status = g_test_run();
  remove_folder();
  return status;
}
