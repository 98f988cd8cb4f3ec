/* Packet identifier -> position, by open addressing. For the windows that are too wide to be
 * searched. */
#pragma once

#include <glib.h>

typedef struct _MqttIdMap MqttIdMap;

MqttIdMap *mqtt_idmap_new(guint expected);
void mqtt_idmap_free(MqttIdMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttIdMap, mqtt_idmap_free)
/* The identifier must not be in it. May move the map. */
void mqtt_idmap_insert(MqttIdMap **map, guint16 id, guint32 position);
gboolean mqtt_idmap_find(const MqttIdMap *map, guint16 id, guint32 *position);
void mqtt_idmap_remove(MqttIdMap *map, guint16 id);
