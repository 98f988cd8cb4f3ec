#include "models/mqtt/idmap.h"

typedef struct {
  guint16 id; /* 0: empty, no packet has that identifier */
  guint32 position;
} Cell;

struct _MqttIdMap {
  guint32 mask, count, shift;
  Cell cells[];
};

/* Identifiers are given out in sequence. Kept in sequence they would be one long run, which every
 * removal has to walk; Fibonacci hashing spreads them evenly. At most half full. */
static guint32
home_of(const MqttIdMap *map, guint16 id)
{
  return (id * 2654435769u) >> map->shift;
}

MqttIdMap *
mqtt_idmap_new(guint expected)
{
  guint32 capacity = 32, shift = 27;
  while (capacity < 2 * expected) {
    capacity *= 2;
    shift--;
  }
  MqttIdMap *map = g_malloc0(sizeof *map + capacity * sizeof(Cell));
  map->mask = capacity - 1;
  map->shift = shift;
  return map;
}

void
mqtt_idmap_free(MqttIdMap *map)
{
  g_free(map);
}

static void
put(MqttIdMap *map, guint16 id, guint32 position)
{
  guint32 i = home_of(map, id);
  while (map->cells[i].id != 0)
    i = (i + 1) & map->mask;
  map->cells[i] = (Cell){id, position};
  map->count++;
}

void
mqtt_idmap_insert(MqttIdMap **map, guint16 id, guint32 position)
{
  g_assert(id != 0);
  if (2 * ((*map)->count + 1) > (*map)->mask + 1) {
    MqttIdMap *old = *map;
    *map = mqtt_idmap_new(old->mask + 1);
    for (guint32 i = 0; i <= old->mask; i++)
      if (old->cells[i].id != 0)
        put(*map, old->cells[i].id, old->cells[i].position);
    g_free(old);
  }
  put(*map, id, position);
}

gboolean
mqtt_idmap_find(const MqttIdMap *map, guint16 id, guint32 *position)
{
  for (guint32 i = home_of(map, id); map->cells[i].id != 0; i = (i + 1) & map->mask) {
    if (map->cells[i].id == id) {
      *position = map->cells[i].position;
      return TRUE;
    }
  }
  return FALSE;
}

void
mqtt_idmap_remove(MqttIdMap *map, guint16 id)
{
  guint32 hole = home_of(map, id);
  while (map->cells[hole].id != id) {
    if (map->cells[hole].id == 0)
      return;
    hole = (hole + 1) & map->mask;
  }
  map->count--;
  /* Cells behind the hole move up unless they would pass their home. */
  for (guint32 i = (hole + 1) & map->mask; map->cells[i].id != 0; i = (i + 1) & map->mask) {
    guint32 home = home_of(map, map->cells[i].id);
    if (((i - home) & map->mask) >= ((i - hole) & map->mask)) {
      map->cells[hole] = map->cells[i];
      hole = i;
    }
  }
  map->cells[hole].id = 0;
}
