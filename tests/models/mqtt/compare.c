#include "tests/models/mqtt/compare.h"

#include <string.h>

typedef struct {
  GByteArray *came;
  gboolean closed;
} Ear;

typedef struct {
  const CompareSide *sides;
  GArray *cases;
  GStrv knobs;
  guint begun; /* sides */
  gboolean open[SCRIPT_CONNS];
  Ear ears[2][SCRIPT_CONNS];
} Player;

static CompareCase *
current(const Player *player)
{
  return &g_array_index(player->cases, CompareCase, player->cases->len - 1);
}

/* Where the packet at this place ends; what is not a whole packet ends with the bytes. */
static gsize
packet_end(const GByteArray *bytes, gsize at)
{
  gsize length = 0, head = 1;
  for (guint shift = 0; at + head < bytes->len && head < 5; shift += 7) {
    guint8 byte = bytes->data[at + head++];
    length |= (gsize)(byte & 0x7F) << shift;
    if (byte < 0x80)
      break;
  }
  return MIN(at + head + length, bytes->len);
}

static void
print_packets(GString *text, const GByteArray *bytes)
{
  for (gsize at = 0; at < bytes->len;) {
    g_string_append(text, "\n     ");
    for (gsize end = packet_end(bytes, at); at < end; at++)
      g_string_append_printf(text, " %02x", bytes->data[at]);
  }
}

/* PUBLISH behind the rest, which may come before or after: no rule orders the two. */
static void
part_messages(GByteArray *bytes)
{
  g_autoptr(GByteArray) messages = g_byte_array_new();
  for (gsize at = 0; at < bytes->len;) {
    gsize end = packet_end(bytes, at);
    if (bytes->data[at] >> 4 != 3) {
      at = end;
      continue;
    }
    g_byte_array_append(messages, bytes->data + at, (guint)(end - at));
    g_byte_array_remove_range(bytes, (guint)at, (guint)(end - at));
  }
  if (messages->len > 0)
    g_byte_array_append(bytes, messages->data, messages->len);
}

static void
print_ear(GString *text, const char *name, const Ear *ear)
{
  g_string_append_printf(text, "\n    %s:", name);
  print_packets(text, ear->came);
  if (ear->closed)
    g_string_append(text, "\n      closed");
}

/* Everybody makes up identifiers in its own way, "auto-" and what it likes. */
static void
hide_assigned_id(GByteArray *bytes)
{
  static const char begin[] = "auto-";
  for (guint i = 0; i + 3 + strlen(begin) <= bytes->len; i++) {
    guint8 *p = bytes->data + i;
    if (p[0] != 0x12 || p[1] != 0 || memcmp(p + 3, begin, strlen(begin)) != 0 ||
        bytes->data[0] != 0x20 || i + 3u + p[2] > bytes->len)
      continue;
    bytes->data[1] = bytes->data[4] = 0; /* the lengths that it is in */
    g_byte_array_remove_range(bytes, i + 3, p[2]);
    bytes->data[i + 2] = 0;
    return;
  }
}

static void
listen(Player *player, guint side, guint conn)
{
  const ScriptSubject *broker = &player->sides[side].broker;
  Ear *ear = &player->ears[side][conn];
  g_byte_array_set_size(ear->came, 0);
  if (!ear->closed)
    ear->closed = broker->receive(broker->user, conn, ear->came);
  hide_assigned_id(ear->came);
  part_messages(ear->came);
}

static gboolean
same_bytes(const GByteArray *a, const GByteArray *b)
{
  return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void
compare_ears(Player *player, guint line, const char *text)
{
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    if (!player->open[i])
      continue;
    const Ear *ears[2] = {&player->ears[0][i], &player->ears[1][i]};
    for (guint side = 0; side < 2; side++)
      listen(player, side, i);
    if (ears[0]->closed == ears[1]->closed && same_bytes(ears[0]->came, ears[1]->came))
      continue;
    GString *said = g_string_new(NULL);
    g_string_append_printf(said, "line %u, after \"%s\", on %c", line, text, 'a' + i);
    for (guint side = 0; side < 2; side++)
      print_ear(said, player->sides[side].name, ears[side]);
    current(player)->difference = g_string_free(said, FALSE);
    return;
  }
}

static void
settle(Player *player, gint64 ns)
{
  for (guint side = 0; side < 2; side++) {
    const ScriptSubject *broker = &player->sides[side].broker;
    gboolean last = side == 1;
    if (!broker->wait(broker->user, last ? 0 : ns)) /* the time passes for both at once */
      current(player)->passed_over = TRUE;
  }
}

static void
end_case(Player *player)
{
  for (guint side = 0; side < player->begun; side++)
    player->sides[side].broker.end(player->sides[side].broker.user);
  player->begun = 0;
  g_clear_pointer(&player->knobs, g_strfreev);
}

static void
begin_case(Player *player, const char *name)
{
  CompareCase next = {.name = g_strdup(name)};
  end_case(player);
  g_array_append_val(player->cases, next);
  memset(player->open, 0, sizeof player->open);
}

static void
need_brokers(Player *player)
{
  static char *none[] = {NULL};
  while (player->begun < 2 && !current(player)->passed_over) {
    const ScriptSubject *broker = &player->sides[player->begun++].broker;
    if (!broker->begin(broker->user, player->knobs != NULL ? player->knobs : none))
      current(player)->passed_over = TRUE;
  }
}

static void
open_conn(Player *player, guint conn)
{
  if (player->open[conn])
    return;
  player->open[conn] = TRUE;
  for (guint side = 0; side < 2; side++) {
    player->sides[side].broker.open(player->sides[side].broker.user, conn);
    player->ears[side][conn].closed = FALSE;
  }
}

static void
act(Player *player, const char *line)
{
  guint conn = (guint)(line[0] - 'a');
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  if (strcmp(line, "crash") == 0) {
    memset(player->open, 0, sizeof player->open);
    for (guint side = 0; side < 2; side++)
      player->sides[side].broker.crash(player->sides[side].broker.user);
  } else if (g_str_has_prefix(line, "wait ")) {
    settle(player, script_time(line + 5));
  } else if (line[2] == '>') {
    gboolean valid = script_bytes(line + 3, bytes);
    g_assert_true(valid);
    open_conn(player, conn);
    for (guint side = 0; side < 2; side++)
      player->sides[side].broker.send(player->sides[side].broker.user, conn, bytes->data,
                                      bytes->len);
    settle(player, 0);
  } else if (strcmp(line + 2, "cut") == 0) {
    player->open[conn] = FALSE;
    for (guint side = 0; side < 2; side++)
      player->sides[side].broker.cut(player->sides[side].broker.user, conn);
    settle(player, 0);
  }
}

static gboolean
is_expectation(const char *line)
{
  return line[0] != '\0' && line[1] == ' ' && line[2] == '<';
}

static void
play_line(Player *player, guint number, char *line)
{
  if (g_str_has_prefix(line, "knobs ")) {
    player->knobs = g_strsplit(line + 6, " ", 0);
    return;
  }
  if (is_expectation(line)) {
    guint conn = (guint)(line[0] - 'a');
    if (player->ears[0][conn].closed) /* what follows on it is another connection */
      player->open[conn] = FALSE;
    return;
  }
  need_brokers(player);
  if (current(player)->passed_over)
    return;
  act(player, line);
  if (!current(player)->passed_over)
    compare_ears(player, number, line);
}

GArray *
compare_play(const char *path, const CompareSide sides[2])
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  Player player = {.sides = sides, .cases = g_array_new(FALSE, FALSE, sizeof(CompareCase))};
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    for (guint side = 0; side < 2; side++)
      player.ears[side][i].came = g_byte_array_new();
  g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *line = g_strstrip(lines[i]);
    if (g_str_has_prefix(line, "== "))
      begin_case(&player, line + 3);
    else if (line[0] != '\0' && line[0] != '#' && player.cases->len > 0 &&
             current(&player)->difference == NULL && !current(&player)->passed_over)
      play_line(&player, i + 1, line);
  }
  end_case(&player);
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    for (guint side = 0; side < 2; side++)
      g_byte_array_unref(player.ears[side][i].came);
  return player.cases;
}
