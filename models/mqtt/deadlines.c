#include "models/mqtt/deadlines.h"

typedef struct {
  gint64 at_ns;
  guint32 owner;
} Entry;

#define NONE ((Entry){G_MAXINT64, 0})

struct _MqttDeadlines {
  Entry next;        /* the earliest, or NONE: asked far more often than it changes */
  GArray *heap;      /* Entry */
  GArray *positions; /* guint32, of each owner in heap plus one; 0: none */
};

MqttDeadlines *
mqtt_deadlines_new(void)
{
  MqttDeadlines *deadlines = g_new(MqttDeadlines, 1);
  deadlines->next = NONE;
  deadlines->heap = g_array_new(FALSE, FALSE, sizeof(Entry));
  deadlines->positions = g_array_new(FALSE, TRUE, sizeof(guint32));
  return deadlines;
}

void
mqtt_deadlines_free(MqttDeadlines *deadlines)
{
  if (deadlines == NULL)
    return;
  g_array_unref(deadlines->heap);
  g_array_unref(deadlines->positions);
  g_free(deadlines);
}

static Entry *
at(MqttDeadlines *deadlines, guint i)
{
  return &g_array_index(deadlines->heap, Entry, i);
}

static void
place(MqttDeadlines *deadlines, guint i, Entry entry)
{
  *at(deadlines, i) = entry;
  g_array_index(deadlines->positions, guint32, entry.owner) = i + 1;
}

static gboolean
before(const Entry *a, const Entry *b)
{
  return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->owner < b->owner;
}

/* Puts entry where it belongs, beginning with a free place. */
static void
settle(MqttDeadlines *deadlines, guint i, Entry entry)
{
  guint length = deadlines->heap->len;
  for (; i > 0 && before(&entry, at(deadlines, (i - 1) / 2)); i = (i - 1) / 2)
    place(deadlines, i, *at(deadlines, (i - 1) / 2));
  for (guint child; (child = 2 * i + 1) < length; i = child) {
    if (child + 1 < length && before(at(deadlines, child + 1), at(deadlines, child)))
      child++;
    if (!before(at(deadlines, child), &entry))
      break;
    place(deadlines, i, *at(deadlines, child));
  }
  place(deadlines, i, entry);
}

static void
take_away(MqttDeadlines *deadlines, guint i)
{
  Entry last = *at(deadlines, deadlines->heap->len - 1);
  g_array_index(deadlines->positions, guint32, at(deadlines, i)->owner) = 0;
  g_array_set_size(deadlines->heap, deadlines->heap->len - 1);
  if (i < deadlines->heap->len)
    settle(deadlines, i, last);
}

static void
move(MqttDeadlines *deadlines, guint32 owner, gint64 at_ns)
{
  if (owner >= deadlines->positions->len)
    g_array_set_size(deadlines->positions, owner + 1);
  guint32 position = g_array_index(deadlines->positions, guint32, owner);
  if (at_ns == G_MAXINT64) {
    if (position > 0)
      take_away(deadlines, position - 1);
    return;
  }
  if (position == 0) {
    g_array_set_size(deadlines->heap, deadlines->heap->len + 1);
    position = deadlines->heap->len;
  }
  settle(deadlines, position - 1, (Entry){at_ns, owner});
}

void
mqtt_deadlines_set(MqttDeadlines *deadlines, guint32 owner, gint64 at_ns)
{
  move(deadlines, owner, at_ns);
  deadlines->next = deadlines->heap->len > 0 ? *at(deadlines, 0) : NONE;
}

gint64
mqtt_deadlines_next(const MqttDeadlines *deadlines, guint32 *owner)
{
  if (owner != NULL)
    *owner = deadlines->next.owner;
  return deadlines->next.at_ns;
}
