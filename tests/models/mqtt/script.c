#include "tests/models/mqtt/script.h"

#include <string.h>

typedef struct {
  const ScriptBroker *broker;
  const char *path;
  GPtrArray *failures;
  char *name;
  guint line;
  gboolean begun, failed, passed_over;
  guint played;
  GStrv knobs;
  gboolean open[SCRIPT_CONNS], closed[SCRIPT_CONNS];
  GByteArray *came[SCRIPT_CONNS];
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
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    if (player->open[i] && !player->closed[i])
      player->closed[i] = player->broker->receive(player->broker->user, i, player->came[i]);
}

static void
settle(Player *player, gint64 ns)
{
  if (!player->broker->wait(player->broker->user, ns))
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

/* Lines */

static void
send_bytes(Player *player, guint conn, const char *text)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  check_quiet(player);
  if (!script_bytes(text, bytes)) {
    fail(player, "cannot be read: %s", text);
    return;
  }
  if (!player->open[conn]) {
    player->broker->open(player->broker->user, conn);
    player->open[conn] = TRUE;
    player->closed[conn] = FALSE;
  }
  player->broker->send(player->broker->user, conn, bytes->data, bytes->len);
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
  player->broker->end(player->broker->user);
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
  }
}

/* The broker is made when the first line needs it, so that knobs may come before. */
static void
need_broker(Player *player)
{
  if (player->begun)
    return;
  static char *none[] = {NULL};
  if (!player->broker->begin(player->broker->user, player->knobs ? player->knobs : none))
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

static void
play_line(Player *player, char *line)
{
  char conn = line[0];
  if (g_str_has_prefix(line, "knobs ")) {
    player->knobs = g_strsplit(line + 6, " ", 0);
    return;
  }
  need_broker(player);
  if (player->passed_over)
    return;
  if (g_str_has_prefix(line, "wait ")) {
    settle(player, script_time(line + 5));
  } else if (strcmp(line, "crash") == 0) {
    player->broker->crash(player->broker->user);
    for (guint i = 0; i < SCRIPT_CONNS; i++)
      player->open[i] = FALSE;
  } else if (conn < 'a' || conn >= 'a' + SCRIPT_CONNS || line[1] != ' ') {
    fail(player, "no such line: %s", line);
  } else if (line[2] == '>') {
    send_bytes(player, (guint)(conn - 'a'), line + 3);
  } else if (line[2] == '<') {
    expect(player, (guint)(conn - 'a'), g_strstrip(line + 3));
  } else if (strcmp(line + 2, "cut") == 0) {
    check_quiet(player);
    player->broker->cut(player->broker->user, (guint)(conn - 'a'));
    player->open[conn - 'a'] = FALSE;
    settle(player, 0);
  } else {
    fail(player, "no such line: %s", line);
  }
}

guint
script_play(const char *path, const ScriptBroker *broker, GPtrArray *failures)
{
  g_autofree char *text = NULL, *base = g_path_get_basename(path);
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  Player player = {.broker = broker, .path = base, .failures = failures};
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    player.came[i] = g_byte_array_new();
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
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    g_byte_array_unref(player.came[i]);
  g_free(player.name);
  g_strfreev(player.knobs);
  return player.played;
}
