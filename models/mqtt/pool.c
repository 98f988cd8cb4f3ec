#include "models/mqtt/pool.h"

#define CHUNK (1024 * MQTT_POOL_STEP)

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
    MqttBlock *chunk = g_malloc(sizeof *chunk + CHUNK + MQTT_POOL_STEP);
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    guintptr behind = (guintptr)(chunk + 1) + MQTT_POOL_STEP - 1;
    pool->fresh = (guint8 *)(behind - behind % MQTT_POOL_STEP);
    pool->n_fresh = CHUNK;
  }
  gpointer block = pool->fresh;
  pool->fresh += n;
  pool->n_fresh -= n;
  return block;
}
