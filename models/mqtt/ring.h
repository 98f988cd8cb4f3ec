/* Slots in the order in which they came, removable at any place and found by packet identifier
 * in constant time. A session keeps its messages in it, a connection its acknowledgements. An
 * empty ring is a NULL pointer: an idle session owns none.
 *
 *     removed ....... head ....... sent ....... granted ....... tail
 *                      | written on | may be     | waits for the |
 *                      | this conn. | written    | window        |
 *
 * Positions count up and wrap; a slot that is removed in the middle stays as a gap until the
 * head passes it or the ring is rebuilt, so a position is good only until the next push. */
#pragma once

#include "models/mqtt/idmap.h"
#include "models/mqtt/message.h"

typedef struct {
  union {
    MqttMessage *message; /* a reference, while the slot holds a copy */
    guint64 tag;          /* after that */
  };
  guint64 order;      /* of arrival in the session; number of its record in the store */
  guint64 tries : 16; /* acknowledgement time-outs so far */
  guint64 op : 48;    /* store operation that its next packet rests on; 0: none */
  guint32 word;       /* Subscription Identifier; stamp of a session; reason or size */
  guint16 id;         /* 0: none yet */
  guint8 state;       /* 0: a gap; else the owner's */
  guint8 flags;
} MqttSlot;

typedef struct {
  guint32 head, sent, granted, tail;
  guint32 flight; /* no slot at or behind it has an identifier */
  guint32 mask, live;
  MqttIdMap *map; /* only while the identifiers span more than a glance */
  MqttPool *pool; /* where it comes from */
  MqttSlot slots[];
} MqttRing;

#define MQTT_RING_FIRST 2   /* capacity at first: most sessions have one message under way */
#define MQTT_RING_GLANCE 16 /* slots that are searched faster than a map is kept */

MqttSlot *mqtt_ring_search(MqttRing *ring, guint16 id); /* behind the first */
void mqtt_ring_free(MqttRing *ring);                    /* not what the slots hold */

/* What is rare of the functions below. */
void mqtt_ring_widen(MqttRing **ring);
void mqtt_ring_map(MqttRing *ring, guint16 id, guint32 position);
void mqtt_ring_leave_gap(MqttRing *ring, MqttSlot *slot);

static inline gsize
mqtt_ring_size(guint32 capacity)
{
  return sizeof(MqttRing) + capacity * sizeof(MqttSlot);
}

static inline MqttRing *
mqtt_ring_new(MqttPool *pool, guint32 capacity)
{
  MqttRing *ring = mqtt_pool_take(pool, mqtt_ring_size(capacity));
  *ring = (MqttRing){.mask = capacity - 1, .pool = pool};
  return ring;
}

static inline MqttSlot *
mqtt_ring_at(MqttRing *ring, guint32 position)
{
  return &ring->slots[position & ring->mask];
}

/* A zero-filled slot at the end; the caller must set its state. pool: for a ring to be made. */
static inline MqttSlot *
mqtt_ring_push(MqttPool *pool, MqttRing **ring)
{
  if (*ring == NULL)
    *ring = mqtt_ring_new(pool, MQTT_RING_FIRST);
  else if ((*ring)->tail - (*ring)->head == (*ring)->mask + 1)
    mqtt_ring_widen(ring);
  MqttSlot *slot = mqtt_ring_at(*ring, (*ring)->tail++);
  (*ring)->live++;
  *slot = (MqttSlot){.state = 0};
  return slot;
}

static inline void
mqtt_ring_set_id_at(MqttRing *ring, guint32 position, guint16 id)
{
  mqtt_ring_at(ring, position)->id = id;
  ring->flight = position + 1;
  if (ring->mask >= MQTT_RING_GLANCE)
    mqtt_ring_map(ring, id, position);
}

/* Gives the slot its identifier: slots get theirs in order of position. */
static inline void
mqtt_ring_set_id(MqttRing *ring, const MqttSlot *slot, guint16 id)
{
  guint32 index = (guint32)(slot - ring->slots);
  mqtt_ring_set_id_at(ring, ring->head + ((index - ring->head) & ring->mask), id);
}

/* Of its last slot; one that never grew has no map. */
static inline void
mqtt_ring_end(MqttRing **place)
{
  MqttRing *ring = *place;
  *place = NULL;
  if (ring->mask == MQTT_RING_FIRST - 1)
    mqtt_pool_give_back(ring->pool, ring, mqtt_ring_size(MQTT_RING_FIRST));
  else
    mqtt_ring_free(ring);
}

/* The last one frees the ring. */
static inline void
mqtt_ring_remove(MqttRing **place, MqttSlot *slot)
{
  if (--(*place)->live > 0)
    mqtt_ring_leave_gap(*place, slot);
  else
    mqtt_ring_end(place);
}

/* Asks the caches for the ring, then for the message in its first slot. */
static inline void
mqtt_ring_ask(const MqttRing *ring, guint stage)
{
  if (ring == NULL)
    return;
  const MqttSlot *first = &ring->slots[ring->head & ring->mask];
  if (stage == 0) {
    __builtin_prefetch(ring);
    __builtin_prefetch(ring->slots);
    __builtin_prefetch(&ring->slots[1]);
  } else if (first->message != NULL) {
    __builtin_prefetch(first->message);
  }
}

static inline MqttSlot *
mqtt_ring_first(MqttRing *ring)
{
  return ring == NULL ? NULL : mqtt_ring_at(ring, ring->head);
}

/* ring may be NULL. The head is never a gap, and answers come in order. */
static inline MqttSlot *
mqtt_ring_find(MqttRing *ring, guint16 id)
{
  if (ring == NULL || id == 0)
    return NULL;
  MqttSlot *first = mqtt_ring_at(ring, ring->head);
  return first->id == id ? first : mqtt_ring_search(ring, id);
}

static inline guint32
mqtt_ring_live(const MqttRing *ring)
{
  return ring == NULL ? 0 : ring->live;
}
