#include "models/mqtt/ack_timers.h"

#define CAPACITY_MIN 8

static gboolean
before(const MqttAckTimer *a, const MqttAckTimer *b)
{
  if (a->at_ns != b->at_ns)
    return a->at_ns < b->at_ns;
  return (gint32)(a->order != b->order ? a->order - b->order : a->stamp - b->stamp) < 0;
}

void
mqtt_ack_timers_add(MqttAckTimers **timers, MqttAckTimer timer)
{
  MqttAckTimers *heap = *timers;
  if (heap == NULL || heap->length == heap->capacity) {
    guint capacity = heap == NULL ? CAPACITY_MIN : 2 * heap->capacity;
    guint length = heap == NULL ? 0 : heap->length;
    heap = *timers = g_realloc(heap, sizeof *heap + capacity * sizeof(MqttAckTimer));
    heap->length = length;
    heap->capacity = capacity;
  }
  guint i = heap->length++;
  for (; i > 0 && before(&timer, &heap->items[(i - 1) / 2]); i = (i - 1) / 2)
    heap->items[i] = heap->items[(i - 1) / 2];
  heap->items[i] = timer;
}

MqttAckTimer
mqtt_ack_timers_take(MqttAckTimers **timers)
{
  MqttAckTimers *heap = *timers;
  MqttAckTimer first = heap->items[0], last = heap->items[--heap->length];
  guint i = 0;
  for (guint child; (child = 2 * i + 1) < heap->length; i = child) {
    if (child + 1 < heap->length && before(&heap->items[child + 1], &heap->items[child]))
      child++;
    if (!before(&heap->items[child], &last))
      break;
    heap->items[i] = heap->items[child];
  }
  heap->items[i] = last;
  if (heap->length == 0)
    g_clear_pointer(timers, g_free);
  return first;
}

void
mqtt_ack_timers_sweep(MqttAckTimers **timers,
                      gboolean (*live)(gpointer user, const MqttAckTimer *timer), gpointer user)
{
  MqttAckTimers *old = *timers;
  *timers = NULL;
  for (guint i = 0; old != NULL && i < old->length; i++)
    if (live(user, &old->items[i]))
      mqtt_ack_timers_add(timers, old->items[i]);
  g_free(old);
}
