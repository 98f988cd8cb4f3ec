/* One deadline for each of many owners, which are small dense numbers: a binary heap that knows
 * where each owner stands. Deadlines that mostly move later need not be moved: set the new one
 * when the old comes up. */
#pragma once

#include <glib.h>

typedef struct _MqttDeadlines MqttDeadlines;

MqttDeadlines *mqtt_deadlines_new(void);
void mqtt_deadlines_free(MqttDeadlines *deadlines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttDeadlines, mqtt_deadlines_free)

/* G_MAXINT64: none. */
void mqtt_deadlines_set(MqttDeadlines *deadlines, guint32 owner, gint64 at_ns);
/* The earliest, and in *owner whose it is; owner may be NULL. */
gint64 mqtt_deadlines_next(const MqttDeadlines *deadlines, guint32 *owner);
