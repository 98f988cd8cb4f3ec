/* Topic aliases of one connection (section 3.3.2.3.4): each direction has its own, and both end
 * with the connection. An alias is given to the first topics that are sent, as many as the peer
 * takes, and stays with its topic. */
#pragma once

#include "models/mqtt/packet.h"

typedef struct _MqttAliases MqttAliases;

/* in: our Topic Alias Maximum, out: the peer's. */
MqttAliases *mqtt_aliases_new(guint16 in, guint16 out);
void mqtt_aliases_free(MqttAliases *aliases);

/* A PUBLISH that came, with an alias: learns it, or puts the topic that it stands for in its place
 * (a view, good until the alias is given anew). aliases may be NULL. Returns MQTT_SUCCESS or the
 * reason to close with. */
guint8 mqtt_aliases_resolve(MqttAliases *aliases, MqttPublish *publish);
/* A PUBLISH to be sent: has an alias, and no topic where the peer knows it. */
void mqtt_aliases_apply(const MqttAliases *aliases, MqttPublish *publish);
/* It was written so, with this topic: from now on the peer knows it. */
void mqtt_aliases_written(MqttAliases *aliases, MqttBytes topic);
