#include "sim/cli/ladder.h"

#include <string.h>

/* Columns: a time, then three rails with room for an arrow between each two, then a mark. */
enum {
  TIME = 10,
  ROOM = 37,
  FIRST = TIME + 2,
  SECOND = FIRST + ROOM + 1,
  THIRD = SECOND + ROOM + 1
};
enum { WIDTH = THIRD + 8 };

/* What every event of a sending says, and the arrow shows. */
static const char *const drawn[] = {"PUBLISH sent", "PUBLISH received", "PUBREL sent",
                                    "PUBREL received"};

typedef struct {
  const Outcome *outcome;
  guint32 publisher;
  gint64 start_ns;
  GArray *subscribers; /* guint32: clients, in the order of their first arrow or delivery */
  GString *text;
} Ladder;

static const char *
name_of(const Ladder *ladder, guint32 client)
{
  return ladder->outcome->clients->pdata[client];
}

static guint
subscriber_place(const Ladder *ladder, guint32 client)
{
  for (guint i = 0; i < ladder->subscribers->len; i++)
    if (g_array_index(ladder->subscribers, guint32, i) == client)
      return i;
  return G_MAXUINT;
}

static void
find_subscribers(Ladder *ladder, guint64 id)
{
  for (guint i = 0; i < ladder->outcome->messages->len; i++) {
    const OutcomeMessage *row = &g_array_index(ladder->outcome->messages, OutcomeMessage, i);

    if (row->id == id && row->subscriber != G_MAXUINT32)
      g_array_append_val(ladder->subscribers, row->subscriber);
  }
  for (guint i = 0; i < ladder->outcome->travels->len; i++) {
    const OutcomeTravel *travel = &g_array_index(ladder->outcome->travels, OutcomeTravel, i);

    if (travel->subscriber && subscriber_place(ladder, travel->client) == G_MAXUINT)
      g_array_append_val(ladder->subscribers, travel->client);
  }
}

/* A line with its rails, to be written over; characters of one column each. */
static void
blank(const Ladder *ladder, char line[WIDTH + 1], gint64 at_ns)
{
  char time[32];

  memset(line, ' ', WIDTH);
  line[WIDTH] = '\0';
  line[FIRST] = line[SECOND] = line[THIRD] = '|';
  g_snprintf(time, sizeof time, "%*.3f", TIME, (double)(at_ns - ladder->start_ns) / 1e9);
  memcpy(line, time, MIN(strlen(time), TIME));
}

static void
put(char *line, guint column, const char *text)
{
  memcpy(line + column, text, MIN(strlen(text), WIDTH - column));
}

static void
finish(const Ladder *ladder, char line[WIDTH + 1])
{
  g_string_append_printf(ladder->text, "%s\n", g_strchomp(line));
}

/* Which of several subscribers it is. */
static void
put_mark(const Ladder *ladder, char *line, guint32 client)
{
  guint place = subscriber_place(ladder, client);
  char mark[16];

  if (ladder->subscribers->len < 2 || place == G_MAXUINT)
    return;
  g_snprintf(mark, sizeof mark, "[%u]", place + 1);
  put(line, THIRD + 2, mark);
}

/* "-- PUBLISH ----------- 0.050 ->": what, and when it arrives; "-- PUBLISH ------x lost". To the
 * left it is the same from the other end. */
static void
draw_arrow(const Ladder *ladder, const OutcomeTravel *travel)
{
  gboolean right = travel->up != travel->subscriber;
  char line[WIDTH + 1], arrow[ROOM + 1];
  g_autofree char *end = NULL, *what = g_strdup_printf(" %s ", travel->what);
  guint room, from = travel->subscriber ? SECOND + 1 : FIRST + 1;

  if (travel->lost)
    end = right ? g_strdup_printf("x %s", travel->lost) : g_strdup_printf("%s x", travel->lost);
  else if (travel->arrives_ns == G_MAXINT64)
    end = g_strdup("");
  else if (right)
    end = g_strdup_printf(" %.3f ->", (double)(travel->arrives_ns - ladder->start_ns) / 1e9);
  else
    end = g_strdup_printf("<- %.3f ", (double)(travel->arrives_ns - ladder->start_ns) / 1e9);
  room = ROOM - (guint)strlen(end);
  if (strlen(what) > room - 2)
    strcpy(what + room - 3, " ");
  memset(arrow, '-', ROOM);
  arrow[ROOM] = '\0';
  /* What is lost does not come all the way. */
  if (travel->lost)
    memset(right ? arrow + ROOM * 3 / 4 : arrow, ' ', ROOM - ROOM * 3 / 4);
  if (right) {
    memcpy(arrow + 2, what, strlen(what));
    memcpy(arrow + (travel->lost ? MIN(ROOM * 3 / 4, room) : room), end, strlen(end));
  } else {
    memcpy(arrow + ROOM - 2 - strlen(what), what, strlen(what));
    memcpy(arrow + (travel->lost ? MAX(ROOM / 4 + 1, strlen(end)) - strlen(end) : 0), end,
           strlen(end));
  }
  blank(ladder, line, travel->at_ns);
  put(line, from, arrow);
  if (travel->subscriber)
    put_mark(ladder, line, travel->client);
  finish(ladder, line);
}

static gboolean
is_drawn(const OutcomeEvent *event)
{
  for (guint i = 0; i < G_N_ELEMENTS(drawn); i++)
    if (g_str_equal(event->what, drawn[i]))
      return TRUE;
  return FALSE;
}

/* Beside the rail where it happens: to its right, of a subscriber to its left. */
static void
draw_event(const Ladder *ladder, const OutcomeEvent *event)
{
  char line[WIDTH + 1];
  g_autofree char *what = g_strdup(event->what);
  char *latency = strstr(what, ", latency "); /* the time says it */
  guint subscriber = G_MAXUINT;

  for (guint i = 0; i < ladder->subscribers->len && subscriber == G_MAXUINT; i++)
    if (g_str_equal(event->where, name_of(ladder, g_array_index(ladder->subscribers, guint32, i))))
      subscriber = i;
  if (latency)
    *latency = '\0';
  blank(ladder, line, event->at_ns);
  if (!event->where[0])
    put(line, FIRST + 2, what);
  else if (g_str_equal(event->where, "broker"))
    put(line, SECOND + 2, what);
  else if (subscriber == G_MAXUINT ||
           (g_str_equal(event->where, name_of(ladder, ladder->publisher)) &&
            !g_str_has_prefix(what, "handed over") && !g_str_has_prefix(what, "lost: ")))
    put(line, FIRST + 2, what);
  else {
    put(line, THIRD - 1 - MIN((guint)strlen(what), THIRD - FIRST - 2), what);
    put_mark(ladder, line, g_array_index(ladder->subscribers, guint32, subscriber));
  }
  finish(ladder, line);
}

static void
draw_head(const Ladder *ladder)
{
  char line[WIDTH + 1];
  const char *one = ladder->subscribers->len == 1
                        ? name_of(ladder, g_array_index(ladder->subscribers, guint32, 0))
                        : "subscribers";
  const char *publisher = name_of(ladder, ladder->publisher);

  if (ladder->subscribers->len > 1)
    for (guint i = 0; i < ladder->subscribers->len; i++)
      g_string_append_printf(ladder->text, "%*s[%u] %s\n", FIRST, "", i + 1,
                             name_of(ladder, g_array_index(ladder->subscribers, guint32, i)));
  memset(line, ' ', WIDTH);
  line[WIDTH] = '\0';
  put(line, TIME - 1, "s");
  put(line, FIRST, publisher);
  put(line, SECOND - 3, "broker");
  if (ladder->subscribers->len > 0)
    put(line, WIDTH - MIN(strlen(one), ROOM), one);
  finish(ladder, line);
}

char *
ladder_draw(const Outcome *outcome, const OutcomeMessage *message)
{
  Ladder ladder = {
      .outcome = outcome,
      .publisher = message->publisher,
      .start_ns = message->published_ns,
      .subscribers = g_array_new(FALSE, FALSE, sizeof(guint32)),
      .text = g_string_new(NULL),
  };
  guint travel = 0;

  find_subscribers(&ladder, message->id);
  draw_head(&ladder);
  for (guint i = 0; i <= outcome->story->len; i++) {
    const OutcomeEvent *event =
        i < outcome->story->len ? &g_array_index(outcome->story, OutcomeEvent, i) : NULL;

    for (; travel < outcome->travels->len; travel++) {
      const OutcomeTravel *next = &g_array_index(outcome->travels, OutcomeTravel, travel);

      if (event && next->at_ns >= event->at_ns)
        break;
      draw_arrow(&ladder, next);
    }
    if (event && !is_drawn(event))
      draw_event(&ladder, event);
  }
  g_array_unref(ladder.subscribers);
  return g_string_free(ladder.text, FALSE);
}
