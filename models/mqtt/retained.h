/* The last message of each topic (section 3.3.1.3): put under its topic, found by filter. Topics
 * are kept in an order in which all that lies below a level stands together, so a filter is
 * answered by jumping from one stretch to the next: the work depends on what matches and, at a
 * single-level wildcard, on the levels that stand there. */
#pragma once

#include "models/mqtt/message.h"

typedef struct _MqttRetained MqttRetained;

MqttRetained *mqtt_retained_new(void);
void mqtt_retained_free(MqttRetained *retained);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttRetained, mqtt_retained_free)

/* Takes a reference, and the place of the last one of its topic. Returns the number of the topic's
 * record in a store, from 1. */
guint64 mqtt_retained_put(MqttRetained *retained, MqttMessage *message);
/* A record that comes back; takes the reference. */
void mqtt_retained_load(MqttRetained *retained, guint64 number, MqttMessage *message);
/* The number of the record; 0: nothing is retained under this topic. */
guint64 mqtt_retained_remove(MqttRetained *retained, MqttBytes topic);
/* Appends to an array of MqttMessage, borrowed, what matches and has not expired [MQTT-3.3.2-5], in
 * the order of topics. */
void mqtt_retained_match(const MqttRetained *retained, MqttBytes filter, gint64 now_ns,
                         GPtrArray *messages);
guint mqtt_retained_count(const MqttRetained *retained);
