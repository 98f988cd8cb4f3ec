/* When acknowledgements are due: a heap of deadlines. An answer does not search it; a deadline
 * whose stamp is no longer the exchange's is skipped when it comes up, and such are swept out
 * before they are most of the heap. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 at_ns;
  guint32 stamp;
  guint16 id;
  guint32 order; /* of the message, so that resends of one instant keep it [MQTT-4.6.0-1] */
} MqttAckTimer;

typedef struct {
  guint length, capacity;
  MqttAckTimer items[];
} MqttAckTimers;

void mqtt_ack_timers_add(MqttAckTimers **timers, MqttAckTimer timer);
/* Takes the earliest off; the last one frees the heap. */
MqttAckTimer mqtt_ack_timers_take(MqttAckTimers **timers);
/* Keeps those for which live says so. */
void mqtt_ack_timers_sweep(MqttAckTimers **timers,
                           gboolean (*live)(gpointer user, const MqttAckTimer *timer),
                           gpointer user);

static inline gint64
mqtt_ack_timers_next(const MqttAckTimers *timers)
{
  return timers == NULL ? G_MAXINT64 : timers->items[0].at_ns;
}
