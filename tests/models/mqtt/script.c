#include "tests/models/mqtt/script.h"

#include <string.h>

typedef struct {
  const ScriptSubject *subject;
  const char *path;
  GPtrArray *failures;
  char *name;
  guint line;
  gboolean begun, failed, passed_over;
  guint played;
  GStrv knobs;
  gboolean open[SCRIPT_CONNS], closed[SCRIPT_CONNS];
  GByteArray *came[SCRIPT_CONNS];
  GPtrArray *told[SCRIPT_CONNS]; /* of text: what applications were told */
} Player;

static void G_GNUC_PRINTF(2, 3) fail(Player *player, const char *format, ...)
{
  va_list args;
  if (player->failed)
    return; /* what follows in the case is a consequence */
  player->failed = TRUE;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_ptr_array_add(player->failures,
                  g_strdup_printf("%s:%u: %s: %s", player->path, player->line, player->name, text));
}

static char *
hex(const guint8 *data, gsize n)
{
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < n; i++)
    g_string_append_printf(text, i == 0 ? "%02x" : " %02x", data[i]);
  return g_string_free(text, FALSE);
}

/* Bytes */

static void
put_length(GByteArray *out, guint at, char kind)
{
  guint n = out->len - at;
  guint8 length[4], size = 0;
  if (kind == '(') {
    length[size++] = (guint8)(n >> 8);
    length[size++] = (guint8)n;
  } else {
    guint rest = n;
    do {
      length[size++] = (guint8)((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
      rest >>= 7;
    } while (rest > 0);
  }
  g_byte_array_set_size(out, out->len + size);
  memmove(out->data + at + size, out->data + at, n);
  memcpy(out->data + at, length, size);
}

gboolean
script_bytes(const char *text, GByteArray *out)
{
  guint open[16], depth = 0;
  char kinds[16];
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == ' ')
      continue;
    if (*p == '\'') {
      const char *end = strchr(p + 1, '\'');
      if (end == NULL)
        return FALSE;
      g_byte_array_append(out, (const guint8 *)p + 1, (guint)(end - p - 1));
      p = end;
    } else if (strchr("([<", *p) != NULL) {
      if (depth == G_N_ELEMENTS(open))
        return FALSE;
      kinds[depth] = *p;
      open[depth++] = out->len;
    } else if (strchr(")]>", *p) != NULL) {
      if (depth == 0)
        return FALSE;
      depth--;
      put_length(out, open[depth], kinds[depth]);
    } else {
      if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1]))
        return FALSE;
      guint8 byte = (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
      g_byte_array_append(out, &byte, 1);
      p++;
    }
  }
  return depth == 0;
}

/* What comes */

static void
collect(Player *player)
{
  const ScriptSubject *subject = player->subject;
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    if (player->open[i] && !player->closed[i])
      player->closed[i] = subject->receive(subject->user, i, player->came[i]);
    if (subject->told != NULL)
      subject->told(subject->user, i, player->told[i]);
  }
}

static void
settle(Player *player, gint64 ns)
{
  if (!player->subject->wait(player->subject->user, ns))
    player->passed_over = TRUE;
  collect(player);
}

/* Nothing that came may be left unexpected. */
static void
check_quiet(Player *player)
{
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    if (player->came[i]->len > 0) {
      g_autofree char *text = hex(player->came[i]->data, player->came[i]->len);
      fail(player, "unexpected on %c: %s", 'a' + i, text);
    } else if (player->open[i] && player->closed[i]) {
      fail(player, "%c was closed unexpectedly", 'a' + i);
    } else if (player->told[i]->len > 0) {
      fail(player, "unexpectedly told to %c: %s", 'a' + i, (char *)player->told[i]->pdata[0]);
    }
  }
}

static gboolean
take(GByteArray *came, const char *expected, gboolean *valid)
{
  g_autoptr(GByteArray) want = g_byte_array_new();
  *valid = script_bytes(expected, want);
  if (!*valid || came->len < want->len || memcmp(came->data, want->data, want->len) != 0)
    return FALSE;
  if (want->len > 0)
    g_byte_array_remove_range(came, 0, want->len);
  return TRUE;
}

static void
expect(Player *player, guint conn, const char *expected)
{
  GByteArray *came = player->came[conn];
  if (strcmp(expected, "any") == 0) {
    g_byte_array_set_size(came, 0);
    player->open[conn] &= !player->closed[conn];
    return;
  }
  if (strcmp(expected, "closed") == 0) {
    if (came->len > 0 || !player->closed[conn])
      fail(player, "%c was not closed, or something came before", 'a' + conn);
    player->open[conn] = FALSE;
    return;
  }
  g_auto(GStrv) choices = g_strsplit(expected, "|", 0);
  for (guint i = 0; choices[i] != NULL; i++) {
    gboolean valid;
    if (take(came, choices[i], &valid))
      return;
    if (!valid) {
      fail(player, "cannot be read: %s", choices[i]);
      return;
    }
  }
  g_autofree char *text = hex(came->data, came->len);
  fail(player, "expected on %c: %s\n  came: %s%s", 'a' + conn, expected, text,
       player->closed[conn] ? " (closed)" : "");
}

static void
expect_told(Player *player, guint conn, const char *expected)
{
  GPtrArray *told = player->told[conn];
  const char *first = told->len > 0 ? told->pdata[0] : "nothing";
  if (strcmp(first, expected) != 0)
    fail(player, "expected to be told to %c: %s\n  was: %s", 'a' + conn, expected, first);
  else
    g_ptr_array_remove_index(told, 0);
}

/* Lines */

static void
open_conn(Player *player, guint conn)
{
  if (player->open[conn])
    return;
  player->subject->open(player->subject->user, conn);
  player->open[conn] = TRUE;
  player->closed[conn] = FALSE;
}

static void
send_bytes(Player *player, guint conn, const char *text)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  check_quiet(player);
  if (!script_bytes(text, bytes)) {
    fail(player, "cannot be read: %s", text);
    return;
  }
  open_conn(player, conn);
  player->subject->send(player->subject->user, conn, bytes->data, bytes->len);
  settle(player, 0);
}

static void
end_case(Player *player)
{
  if (!player->begun)
    return;
  if (!player->passed_over) {
    check_quiet(player);
    player->played++;
  }
  player->subject->end(player->subject->user);
  player->begun = FALSE;
}

static void
begin_case(Player *player, const char *name)
{
  end_case(player);
  g_free(player->name);
  player->name = g_strdup(name);
  player->failed = player->passed_over = FALSE;
  g_clear_pointer(&player->knobs, g_strfreev);
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    player->open[i] = player->closed[i] = FALSE;
    g_byte_array_set_size(player->came[i], 0);
    g_ptr_array_set_size(player->told[i], 0);
  }
}

/* What is tested is made when the first line needs it, so that knobs may come before. */
static void
need_subject(Player *player)
{
  if (player->begun)
    return;
  static char *none[] = {NULL};
  if (!player->subject->begin(player->subject->user, player->knobs ? player->knobs : none))
    player->passed_over = TRUE;
  player->begun = TRUE;
}

gint64
script_time(const char *text)
{
  char *unit;
  gdouble number = g_ascii_strtod(text, &unit);
  return (gint64)(number * (strcmp(unit, "ms") == 0 ? 1e6 : 1e9));
}

/* A line that begins with a connection; the rest is what happens there. */
static void
play_at(Player *player, guint conn, char *rest)
{
  const ScriptSubject *subject = player->subject;
  if (rest[0] == '>') {
    send_bytes(player, conn, rest + 1);
  } else if (rest[0] == '<') {
    expect(player, conn, g_strstrip(rest + 1));
  } else if (strcmp(rest, "open") == 0) {
    check_quiet(player);
    open_conn(player, conn);
    settle(player, 0);
  } else if (strcmp(rest, "cut") == 0) {
    check_quiet(player);
    subject->cut(subject->user, conn);
    player->open[conn] = FALSE;
    settle(player, 0);
  } else if (g_str_has_prefix(rest, "told ")) {
    expect_told(player, conn, rest + 5);
  } else {
    check_quiet(player);
    if (subject->call == NULL || !subject->call(subject->user, conn, rest))
      fail(player, "no such line: %c %s", 'a' + conn, rest);
    settle(player, 0);
  }
}

static void
play_line(Player *player, char *line)
{
  char conn = line[0];
  if (g_str_has_prefix(line, "knobs ")) {
    player->knobs = g_strsplit(line + 6, " ", 0);
    return;
  }
  need_subject(player);
  if (player->passed_over)
    return;
  if (g_str_has_prefix(line, "wait ")) {
    settle(player, script_time(line + 5));
  } else if (strcmp(line, "crash") == 0) {
    player->subject->crash(player->subject->user);
    for (guint i = 0; i < SCRIPT_CONNS; i++)
      player->open[i] = FALSE;
  } else if (conn < 'a' || conn >= 'a' + SCRIPT_CONNS || line[1] != ' ') {
    fail(player, "no such line: %s", line);
  } else {
    play_at(player, (guint)(conn - 'a'), line + 2);
  }
}

guint
script_play(const char *path, const ScriptSubject *subject, GPtrArray *failures)
{
  g_autofree char *text = NULL, *base = g_path_get_basename(path);
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  Player player = {.subject = subject, .path = base, .failures = failures};
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    player.came[i] = g_byte_array_new();
    player.told[i] = g_ptr_array_new_with_free_func(g_free);
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *line = g_strstrip(lines[i]);
    player.line = i + 1;
    if (g_str_has_prefix(line, "== ")) {
      begin_case(&player, line + 3);
    } else if (line[0] != '\0' && line[0] != '#' && !player.failed && !player.passed_over) {
      play_line(&player, line);
    }
  }
  end_case(&player);
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    g_byte_array_unref(player.came[i]);
    g_ptr_array_unref(player.told[i]);
  }
  g_free(player.name);
  g_strfreev(player.knobs);
  return player.played;
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *
script_paths(const char *folder)
{
  const char *srcdir = g_getenv("srcdir");
  g_autofree char *path =
      g_build_filename(srcdir != NULL ? srcdir : ".", "tests/models/mqtt", folder, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
  g_assert_no_error(error);
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
    if (g_str_has_suffix(name, ".txt"))
      g_ptr_array_add(paths, g_build_filename(path, name, NULL));
  g_ptr_array_sort(paths, by_name);
  g_assert_cmpuint(paths->len, >, 0);
  return paths;
}

void
script_add_tests(const char *prefix, const char *folder, GTestDataFunc test)
{
  g_autoptr(GPtrArray) paths = script_paths(folder);
  for (guint i = 0; i < paths->len; i++) {
    g_autofree char *name = g_path_get_basename(paths->pdata[i]);
    g_autofree char *title = g_strdup_printf("%s/%.*s", prefix, (int)strlen(name) - 4, name);
    g_test_add_data_func_full(title, g_strdup(paths->pdata[i]), test, g_free);
  }
}

void
script_test(const char *path, const ScriptSubject *subject)
{
  g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
  g_assert_cmpuint(script_play(path, subject, failures), >, 0);
  for (guint i = 0; i < failures->len; i++)
    g_test_message("%s", (const char *)failures->pdata[i]);
  if (failures->len > 0)
    g_test_fail();
}
