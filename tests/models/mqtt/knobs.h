/* The knobs of a script: a broker's configuration by name. */
#pragma once

#include "models/mqtt/broker.h"

gboolean knob_set(MqttBrokerConfig *config, const char *knob); /* "name=value"; FALSE: no such */
