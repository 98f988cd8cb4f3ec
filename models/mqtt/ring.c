#include "models/mqtt/ring.h"

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
void
mqtt_ring_widen(MqttRing **place)
{
  MqttRing *old = *place;
  guint32 capacity = old->mask + 1;
  MqttRing *ring = mqtt_ring_new(old->pool, old->live > capacity / 2 ? 2 * capacity : capacity);
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
  if (ring->flight > MQTT_RING_GLANCE)
    build_map(ring);
  *place = ring;
}

/* Of a ring that has room for more than a glance takes in. */
void
mqtt_ring_map(MqttRing *ring, guint16 id, guint32 position)
{
  if (ring->map != NULL)
    mqtt_idmap_insert(&ring->map, id, position);
  else if (ring->flight - ring->head > MQTT_RING_GLANCE)
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
mqtt_ring_leave_gap(MqttRing *ring, MqttSlot *slot)
{
  if (ring->map != NULL && slot->id != 0)
    mqtt_idmap_remove(ring->map, slot->id);
  slot->state = 0;
  slot->id = 0;
  if (slot != mqtt_ring_at(ring, ring->head))
    return;
  while (mqtt_ring_at(ring, ring->head)->state == 0)
    ring->head++;
  advance(&ring->sent, ring->head);
  advance(&ring->granted, ring->head);
  advance(&ring->flight, ring->head);
}

G_GNUC_NO_INLINE void
mqtt_ring_free(MqttRing *ring)
{
  if (ring == NULL)
    return;
  if (ring->map != NULL)
    mqtt_idmap_free(ring->map);
  mqtt_pool_give_back(ring->pool, ring, mqtt_ring_size(ring->mask + 1));
}
