/* Memory for what comes and goes with each message, and for what each message looks at: blocks of
 * whole cache lines, each size with a list of its free ones. A host lends one pool to all its
 * machines, along with the events, and clears it after them; it never shrinks before. What was
 * given back last is taken first, so a steady flow of messages goes through the same few blocks,
 * however many clients take turns. Not for use by several threads. */
#pragma once

#include <glib.h>

#define MQTT_POOL_STEP 64     /* a cache line, of which no block shares one */
#define MQTT_POOL_LARGEST 512 /* larger blocks come from the heap */

/* Under a sanitizer all blocks do, so that it sees what is used too late or never given back. */
#if defined(__SANITIZE_ADDRESS__)
#define MQTT_POOL_IS_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MQTT_POOL_IS_HEAP 1
#endif
#endif
#ifndef MQTT_POOL_IS_HEAP
#define MQTT_POOL_IS_HEAP 0
#endif

typedef struct _MqttBlock MqttBlock;
struct _MqttBlock {
  MqttBlock *next;
};

/* Zero-filled is empty. */
typedef struct {
  MqttBlock *free[MQTT_POOL_LARGEST / MQTT_POOL_STEP + 1]; /* by size in steps */
  MqttBlock *chunks;                                       /* all memory of the pool */
  guint8 *fresh;                                           /* of the newest chunk, never used yet */
  gsize n_fresh;
} MqttPool;

void mqtt_pool_clear(MqttPool *pool);
gpointer mqtt_pool_fresh(MqttPool *pool, gsize size);

static inline gboolean
mqtt_pool_has(const MqttPool *pool, gsize size)
{
  return !MQTT_POOL_IS_HEAP && pool != NULL && size <= MQTT_POOL_LARGEST;
}

/* The list that a block of that size is on when it is free; 0: it comes from the heap. */
static inline guint
mqtt_pool_list(const MqttPool *pool, gsize size)
{
  return mqtt_pool_has(pool, size) ? (guint)((size + MQTT_POOL_STEP - 1) / MQTT_POOL_STEP) : 0;
}

/* Not zero-filled. pool: NULL: from the heap. */
static inline gpointer
mqtt_pool_take(MqttPool *pool, gsize size)
{
  guint list = mqtt_pool_list(pool, size);
  if (list == 0)
    return g_malloc(size);
  MqttBlock *block = pool->free[list];
  if (block == NULL)
    return mqtt_pool_fresh(pool, size);
  pool->free[list] = block->next;
  return block;
}

/* To the list of its size, which who has no room for it need not keep. */
static inline void
mqtt_pool_put_back(MqttPool *pool, gpointer memory, guint list)
{
  if (list == 0) {
    g_free(memory);
    return;
  }
  MqttBlock *block = memory;
  block->next = pool->free[list];
  pool->free[list] = block;
}

/* The size that was asked for. */
static inline void
mqtt_pool_give_back(MqttPool *pool, gpointer memory, gsize size)
{
  mqtt_pool_put_back(pool, memory, mqtt_pool_list(pool, size));
}
