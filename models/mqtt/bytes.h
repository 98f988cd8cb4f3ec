/* Strings of bytes as keys of hash tables. */
#pragma once

#include "models/mqtt/packet.h"

#include <string.h>

static inline guint
mqtt_bytes_hash(gconstpointer key)
{
  const MqttBytes *bytes = key;
  guint32 hash = 2166136261u; /* FNV-1a */
  for (guint32 i = 0; i < bytes->length; i++)
    hash = (hash ^ bytes->data[i]) * 16777619u;
  return hash;
}

static inline gboolean
mqtt_bytes_same(MqttBytes x, MqttBytes y)
{
  return x.length == y.length && (x.length == 0 || memcmp(x.data, y.data, x.length) == 0);
}

static inline gboolean
mqtt_bytes_equal(gconstpointer a, gconstpointer b)
{
  return mqtt_bytes_same(*(const MqttBytes *)a, *(const MqttBytes *)b);
}
