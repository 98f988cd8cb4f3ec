#include "models/mqtt/ring.h"

#include <string.h>

#define CAPACITY_MIN 2 /* most sessions have one message under way */
#define GLANCE 16      /* slots that are searched faster than a map is kept */

static gsize
ring_size(guint32 capacity)
{
  return sizeof(MqttRing) + capacity * sizeof(MqttSlot);
}

static MqttRing *
ring_new(MqttPool *pool, guint32 capacity)
{
  MqttRing *ring = mqtt_pool_take(pool, ring_size(capacity));
  *ring = (MqttRing){.mask = capacity - 1, .pool = pool};
  return ring;
}

static void
build_map(MqttRing *ring)
{
  mqtt_idmap_free(ring->map);
  ring->map = mqtt_idmap_new(ring->flight - ring->head);
  for (guint32 i = ring->head; i != ring->flight; i++) {
    const MqttSlot *slot = mqtt_ring_at(ring, i);
    if (slot->state != 0 && slot->id != 0)
      mqtt_idmap_insert(&ring->map, slot->id, i);
  }
}

/* A full ring without its gaps; twice the size if few were gaps. So a push costs a constant on
 * average. */
static MqttRing *
rebuild(MqttRing *old)
{
  guint32 capacity = old->mask + 1;
  MqttRing *ring = ring_new(old->pool, old->live > capacity / 2 ? 2 * capacity : capacity);
  for (guint32 i = old->head;; i++) {
    if (i == old->sent)
      ring->sent = ring->tail;
    if (i == old->granted)
      ring->granted = ring->tail;
    if (i == old->flight)
      ring->flight = ring->tail;
    if (i == old->tail)
      break;
    const MqttSlot *slot = mqtt_ring_at(old, i);
    if (slot->state != 0)
      ring->slots[ring->tail++] = *slot;
  }
  ring->live = old->live;
  mqtt_ring_free(old);
  if (ring->flight > GLANCE)
    build_map(ring);
  return ring;
}

MqttSlot *
mqtt_ring_push(MqttPool *pool, MqttRing **ring)
{
  if (*ring == NULL)
    *ring = ring_new(pool, CAPACITY_MIN);
  else if ((*ring)->tail - (*ring)->head == (*ring)->mask + 1)
    *ring = rebuild(*ring);
  MqttSlot *slot = mqtt_ring_at(*ring, (*ring)->tail++);
  (*ring)->live++;
  memset(slot, 0, sizeof *slot);
  return slot;
}

static guint32
position_of(const MqttRing *ring, const MqttSlot *slot)
{
  return ring->head + (((guint32)(slot - ring->slots) - ring->head) & ring->mask);
}

void
mqtt_ring_set_id(MqttRing *ring, MqttSlot *slot, guint16 id)
{
  guint32 position = position_of(ring, slot);
  slot->id = id;
  ring->flight = position + 1;
  if (ring->map != NULL)
    mqtt_idmap_insert(&ring->map, id, position);
  else if (ring->flight - ring->head > GLANCE)
    build_map(ring);
}

MqttSlot *
mqtt_ring_search(MqttRing *ring, guint16 id)
{
  guint32 position;
  if (ring->map != NULL)
    return mqtt_idmap_find(ring->map, id, &position) ? mqtt_ring_at(ring, position) : NULL;
  for (guint32 i = ring->head; i != ring->flight; i++) {
    MqttSlot *slot = mqtt_ring_at(ring, i);
    if (slot->id == id && slot->state != 0)
      return slot;
  }
  return NULL;
}

/* A cursor that the head overtakes goes with it. */
static void
advance(guint32 *cursor, guint32 head)
{
  if ((gint32)(*cursor - head) < 0)
    *cursor = head;
}

void
mqtt_ring_remove(MqttRing **ring, MqttSlot *slot)
{
  MqttRing *r = *ring;
  if (--r->live == 0) {
    mqtt_ring_free(r);
    *ring = NULL;
    return;
  }
  if (r->map != NULL && slot->id != 0)
    mqtt_idmap_remove(r->map, slot->id);
  slot->state = 0;
  slot->id = 0;
  if (slot != mqtt_ring_at(r, r->head))
    return;
  while (mqtt_ring_at(r, r->head)->state == 0)
    r->head++;
  advance(&r->sent, r->head);
  advance(&r->granted, r->head);
  advance(&r->flight, r->head);
}

void
mqtt_ring_free(MqttRing *ring)
{
  if (ring == NULL)
    return;
  if (ring->map != NULL)
    mqtt_idmap_free(ring->map);
  mqtt_pool_give_back(ring->pool, ring, ring_size(ring->mask + 1));
}
