#include "models/mqtt/pool.h"

#define CHUNK 16384

void
mqtt_pool_clear(MqttPool *pool)
{
  while (pool->chunks != NULL) {
    MqttBlock *chunk = pool->chunks;
    pool->chunks = chunk->next;
    g_free(chunk);
  }
  *pool = (MqttPool){.chunks = NULL};
}

gpointer
mqtt_pool_fresh(MqttPool *pool, gsize size)
{
  gsize n = (size + MQTT_POOL_STEP - 1) / MQTT_POOL_STEP * MQTT_POOL_STEP;
  if (pool->n_fresh < n) {
    MqttBlock *chunk = g_malloc(CHUNK);
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->fresh = (guint8 *)chunk + MQTT_POOL_STEP; /* keeps the alignment of the heap */
    pool->n_fresh = CHUNK - MQTT_POOL_STEP;
  }
  gpointer block = pool->fresh;
  pool->fresh += n;
  pool->n_fresh -= n;
  return block;
}
