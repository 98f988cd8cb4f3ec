/* Values of the keys that a client and a broker have alike, as the machines want them. Private to
 * models/spec. */
#pragma once

#include "models/mqtt/client.h"
#include "sim/record/scenario.h"

guint32 spec_limit(const Section *section, const char *key);      /* unlimited: MQTT_UNLIMITED */
guint64 spec_byte_limit(const Section *section, const char *key); /* unlimited: G_MAXUINT64 */
MqttOnQueueFull spec_on_queue_full(const Section *section);
MqttQos2Receiver spec_qos2_receiver(const Section *section);
/* Rounded to whole seconds; never: what the machines take for it. */
guint32 spec_whole_seconds(const Section *section, const char *key, guint32 never);
/* Acknowledgements never wait for a snapshot. */
gboolean spec_acks_after_store(const Section *section);
gboolean spec_stores(const Section *section);
