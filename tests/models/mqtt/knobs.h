/* The knobs of a script: a configuration by name, "name=value". FALSE: there is no such knob. */
#pragma once

#include "models/mqtt/broker.h"
#include "models/mqtt/client.h"

gboolean knob_set(MqttBrokerConfig *config, const char *knob);
gboolean knob_set_client(MqttClientConfig *config, const char *knob);
