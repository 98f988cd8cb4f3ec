#include "models/mqtt/monitor_tables.h"
#include <string.h>

void
mqtt_exchanges_clear(MqttExchanges *table)
{
  if (table->count > 0)
    memset(table->cells, 0, ((gsize)table->mask + 1) * sizeof *table->cells);
  table->count = 0;
}

void
mqtt_exchanges_free(MqttExchanges *table)
{
  g_free(table->cells);
  *table = (MqttExchanges){NULL, 0, 0};
}

MqttExchange *
mqtt_exchanges_find(const MqttExchanges *table, guint16 id)
{
  if (table->count == 0)
    return NULL;
  for (guint32 i = id & table->mask; table->cells[i].id != 0; i = (i + 1) & table->mask) {
    if (table->cells[i].id == id)
      return &table->cells[i];
  }
  return NULL;
}

static MqttExchange *
empty_cell(const MqttExchanges *table, guint16 id)
{
  guint32 i = id & table->mask;
  while (table->cells[i].id != 0)
    i = (i + 1) & table->mask;
  return &table->cells[i];
}

/* At most half full, so that a search is short. */
static void
grow_exchanges(MqttExchanges *table)
{
  MqttExchanges old = *table;
  table->mask = old.cells == NULL ? 15 : 2 * old.mask + 1;
  table->cells = g_new0(MqttExchange, (gsize)table->mask + 1);
  for (guint32 i = 0; old.cells != NULL && i <= old.mask; i++) {
    if (old.cells[i].id != 0)
      *empty_cell(table, old.cells[i].id) = old.cells[i];
  }
  g_free(old.cells);
}

MqttExchange *
mqtt_exchanges_put(MqttExchanges *table, guint16 id)
{
  if (table->cells == NULL || 2 * (table->count + 1) > table->mask + 1)
    grow_exchanges(table);
  table->count++;
  MqttExchange *cell = empty_cell(table, id);
  *cell = (MqttExchange){.id = id};
  return cell;
}

/* Closes the gap, so that the others are still found from their own places. */
void
mqtt_exchanges_remove(MqttExchanges *table, MqttExchange *exchange)
{
  guint32 mask = table->mask, gap = (guint32)(exchange - table->cells);
  for (guint32 i = (gap + 1) & mask; table->cells[i].id != 0; i = (i + 1) & mask) {
    guint32 home = table->cells[i].id & mask;
    if (((i - home) & mask) >= ((i - gap) & mask)) {
      table->cells[gap] = table->cells[i];
      gap = i;
    }
  }
  table->cells[gap].id = 0;
  table->count--;
}

static MqttOwedItem *
owed_at(const MqttOwed *owed, guint32 i)
{
  return &owed->items[(owed->head + i) & owed->mask];
}

void
mqtt_owed_clear(MqttOwed *owed)
{
  owed->head = owed->length = 0;
}

void
mqtt_owed_free(MqttOwed *owed)
{
  g_free(owed->items);
  *owed = (MqttOwed){NULL, 0, 0, 0};
}

static void
push(MqttOwed *owed, MqttOwedItem item)
{
  if (owed->items == NULL || owed->length > owed->mask) {
    guint32 capacity = owed->items == NULL ? 16 : 2 * (owed->mask + 1);
    MqttOwedItem *items = g_new(MqttOwedItem, capacity);
    for (guint32 i = 0; i < owed->length; i++)
      items[i] = *owed_at(owed, i);
    g_free(owed->items);
    *owed = (MqttOwed){items, 0, owed->length, capacity - 1};
  }
  owed->length++;
  *owed_at(owed, owed->length - 1) = item;
}

static gboolean
is_owed(const MqttOwed *owed, guint16 id)
{
  for (guint32 i = 0; i < owed->length; i++) {
    if (owed_at(owed, i)->id == id)
      return TRUE;
  }
  return FALSE;
}

void
mqtt_owed_push(MqttOwed *owed, guint16 id, gboolean again)
{
  push(owed, (MqttOwedItem){id, again && is_owed(owed, id)});
}

void
mqtt_owed_push_optional(MqttOwed *owed, guint16 id)
{
  push(owed, (MqttOwedItem){id, TRUE});
}

void
mqtt_owed_excuse(MqttOwed *owed, guint16 id)
{
  for (guint32 i = 0; i < owed->length; i++) {
    if (owed_at(owed, i)->id == id)
      owed_at(owed, i)->optional = TRUE;
  }
}

gboolean
mqtt_owed_is_next(const MqttOwed *owed, guint16 id)
{
  return owed->length > 0 && owed_at(owed, 0)->id == id;
}

MqttOwedTake
mqtt_owed_take(MqttOwed *owed, guint16 id)
{
  guint32 found = 0, kept;
  while (found < owed->length && owed_at(owed, found)->id != id)
    found++;
  if (found == owed->length)
    return MQTT_OWED_NOT;
  kept = found + 1; /* those before it that still must be answered move up to here */
  for (guint32 i = found; i-- > 0;) {
    if (!owed_at(owed, i)->optional)
      *owed_at(owed, --kept) = *owed_at(owed, i);
  }
  owed->head = (owed->head + kept) & owed->mask;
  owed->length -= kept;
  return kept == found + 1 ? MQTT_OWED_FIRST : MQTT_OWED_LATER;
}
