/* Property blocks, section 2.2.2. Private to the codec; the one table of what each property is,
 * where it may stand, which values it takes and whether it may repeat is in property.c. */
#pragma once

#include "models/mqtt/codec.h"
#include "models/mqtt/wire.h"

/* Whose block it is: a packet type, or this for the Will Properties of a CONNECT. */
#define MQTT_WILL 0

/* Takes the Property Length and the block; returns MQTT_SUCCESS or the reason code to close with.
 * Of *properties it writes present, raw, extra and the fields of what is present. */
guint8 mqtt_properties_decode(guint owner, MqttSender sender, MqttCursor *cursor,
                              MqttProperties *properties);
/* Bytes of the block, without its Property Length. A User Property counts only if it is in extra.
 */
gsize mqtt_properties_size(const MqttProperties *properties);
/* Writes the Property Length (size, as measured) and the block; asserts that each property may
 * stand there. */
guint8 *mqtt_properties_encode(guint owner, const MqttProperties *properties, gsize size,
                               guint8 *dst);
