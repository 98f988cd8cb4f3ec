#include "models/mqtt/event.h"

void
mqtt_events_clear(MqttEvents *events)
{
  g_free(events->items);
  mqtt_pool_clear(&events->pool);
  *events = (MqttEvents){.items = NULL};
}

MqttEvent *
mqtt_events_grow(MqttEvents *events)
{
  if (events->length == events->capacity) {
    events->capacity = MAX(16, events->capacity * 2);
    events->items = g_renew(MqttEvent, events->items, events->capacity);
  }
  return &events->items[events->length++];
}
