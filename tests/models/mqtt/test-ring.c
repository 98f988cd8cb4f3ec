/* The structures below the sessions, against dull ones. */
#include "models/mqtt/ack_timers.h"
#include "models/mqtt/deadlines.h"
#include "models/mqtt/pool.h"
#include "models/mqtt/ring.h"

#include <string.h>

/* Identifiers come and go at random places; every one is found, and none that is gone. */
static void
test_find(void)
{
  MqttRing *ring = NULL;
  g_autofree guint32 *value = g_new0(guint32, 65536); /* by identifier; 0: absent */
  guint16 next = 65000;
  guint live = 0, target = 0;
  for (guint i = 0; i < 300000; i++) {
    if (i % 20000 == 0)
      target = (guint)g_test_rand_int_range(0, i % 40000 == 0 ? 30 : 5000);
    guint16 id = (guint16)g_test_rand_int_range(1, 65536);
    if (live < target) {
      while (++next == 0 || value[next] != 0)
        ;
      MqttSlot *slot = mqtt_ring_push(NULL, &ring);
      slot->state = 1;
      slot->word = value[next] = i + 1;
      mqtt_ring_set_id(ring, slot, next);
      live++;
    } else if (live > 0) {
      if (value[id] == 0) /* take the head, as answers mostly do */
        id = mqtt_ring_first(ring)->id;
      MqttSlot *slot = mqtt_ring_find(ring, id);
      g_assert_cmpuint(slot->word, ==, value[id]);
      mqtt_ring_remove(&ring, slot);
      value[id] = 0;
      live--;
    }
    g_assert_cmpuint(mqtt_ring_live(ring), ==, live);
    const MqttSlot *slot = mqtt_ring_find(ring, id);
    g_assert_cmpuint(slot == NULL ? 0 : slot->word, ==, value[id]);
  }
  mqtt_ring_free(ring);
}

static void
test_order(void)
{
  MqttRing *ring = NULL;
  for (guint i = 0; i < 1000; i++) {
    MqttSlot *slot = mqtt_ring_push(NULL, &ring);
    slot->state = 1;
    slot->word = i;
    if (i < 500)
      mqtt_ring_set_id(ring, slot, (guint16)(i + 1));
    if (i == 499)
      ring->sent = ring->granted = ring->tail;
  }
  for (guint i = 1; i < 500; i += 2)
    mqtt_ring_remove(&ring, mqtt_ring_find(ring, (guint16)(i + 1)));
  for (guint i = 0; i < 1000; i++)
    mqtt_ring_push(NULL, &ring)->state = 1;
  guint last = 0, n = 0;
  for (guint32 i = ring->head; i != ring->sent; i++) {
    const MqttSlot *slot = mqtt_ring_at(ring, i);
    if (slot->state == 0)
      continue;
    g_assert_true(n == 0 || slot->word > last);
    g_assert_cmpuint(slot->id, ==, slot->word + 1);
    last = slot->word;
    n++;
  }
  g_assert_cmpuint(n, ==, 250);
  g_assert_cmpuint(mqtt_ring_at(ring, ring->sent)->word, ==, 500);
  g_assert_null(mqtt_ring_find(ring, 2));
  g_assert_nonnull(mqtt_ring_find(ring, 499));
  mqtt_ring_free(ring);
}

/* One that stays while a million pass: the ring does not grow with what has been. */
static void
test_memory(void)
{
  MqttRing *ring = NULL;
  MqttSlot *slot = mqtt_ring_push(NULL, &ring);
  slot->state = 1;
  mqtt_ring_set_id(ring, slot, 65535);
  for (guint i = 0; i < 1000000; i++) {
    guint16 id = (guint16)(i % 65000 + 1);
    slot = mqtt_ring_push(NULL, &ring);
    slot->state = 1;
    mqtt_ring_set_id(ring, slot, id);
    mqtt_ring_remove(&ring, mqtt_ring_find(ring, id));
  }
  g_assert_cmpuint(ring->mask, <, 16);
  mqtt_ring_remove(&ring, mqtt_ring_find(ring, 65535));
  g_assert_null(ring);
}

static void
test_deadlines(void)
{
  g_autoptr(MqttDeadlines) deadlines = mqtt_deadlines_new();
  gint64 at[50];
  for (guint i = 0; i < G_N_ELEMENTS(at); i++)
    at[i] = G_MAXINT64;
  for (guint n = 0; n < 20000; n++) {
    guint32 owner = (guint32)g_test_rand_int_range(0, G_N_ELEMENTS(at)), first;
    at[owner] = g_test_rand_int_range(0, 4) == 0 ? G_MAXINT64 : g_test_rand_int_range(0, 1000);
    mqtt_deadlines_set(deadlines, owner, at[owner]);
    gint64 least = G_MAXINT64;
    for (guint i = 0; i < G_N_ELEMENTS(at); i++)
      least = MIN(least, at[i]);
    g_assert_cmpint(mqtt_deadlines_next(deadlines, &first), ==, least);
    if (least != G_MAXINT64)
      g_assert_cmpint(at[first], ==, least);
  }
}

static gboolean
is_even(gpointer user, const MqttAckTimer *timer)
{
  (void)user;
  return timer->stamp % 2 == 0;
}

static void
test_ack_timers(void)
{
  MqttAckTimers *timers = NULL;
  for (guint32 i = 0; i < 1000; i++)
    mqtt_ack_timers_add(&timers, (MqttAckTimer){g_test_rand_int_range(0, 500), i, 1});
  mqtt_ack_timers_sweep(&timers, is_even, NULL);
  g_assert_cmpuint(timers->length, ==, 500);
  MqttAckTimer last = {-1, 0, 0};
  while (timers != NULL) {
    g_assert_cmpint(mqtt_ack_timers_next(timers), !=, G_MAXINT64);
    MqttAckTimer timer = mqtt_ack_timers_take(&timers);
    g_assert_true(timer.at_ns > last.at_ns ||
                  (timer.at_ns == last.at_ns && timer.stamp > last.stamp));
    last = timer;
  }
  g_assert_cmpint(mqtt_ack_timers_next(timers), ==, G_MAXINT64);
}

/* Blocks of all sizes come and go; none overlaps another, and all are aligned. */
static void
test_pool(void)
{
  MqttPool pool = {.chunks = NULL};
  guint8 *blocks[200] = {NULL};
  gsize sizes[200];
  for (guint n = 0; n < 100000; n++) {
    guint i = (guint)g_test_rand_int_range(0, 200);
    if (blocks[i] == NULL) {
      sizes[i] = (gsize)g_test_rand_int_range(1, MQTT_POOL_LARGEST + 100);
      blocks[i] = mqtt_pool_take(&pool, sizes[i]);
      g_assert_cmpuint((guintptr)blocks[i] % sizeof(gpointer), ==, 0);
      memset(blocks[i], (int)i, sizes[i]);
      continue;
    }
    for (gsize at = 0; at < sizes[i]; at++)
      g_assert_cmpuint(blocks[i][at], ==, i);
    mqtt_pool_give_back(&pool, blocks[i], sizes[i]);
    blocks[i] = NULL;
  }
  for (guint i = 0; i < 200; i++)
    if (blocks[i] != NULL)
      mqtt_pool_give_back(&pool, blocks[i], sizes[i]);
  mqtt_pool_clear(&pool);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/ring/find", test_find);
  g_test_add_func("/mqtt/ring/order", test_order);
  g_test_add_func("/mqtt/ring/memory", test_memory);
  g_test_add_func("/mqtt/pool", test_pool);
  g_test_add_func("/mqtt/deadlines", test_deadlines);
  g_test_add_func("/mqtt/ack-timers", test_ack_timers);
  return g_test_run();
}
