noinst_LIBRARIES += libqosim-mqtt.a
libqosim_mqtt_a_SOURCES =
libqosim_mqtt_a_SOURCES += models/mqtt/packet.h models/mqtt/wire.h \
	models/mqtt/codec.c models/mqtt/codec.h models/mqtt/codec_decode.c models/mqtt/codec_encode.c \
	models/mqtt/property.c models/mqtt/property.h models/mqtt/topic.c models/mqtt/topic.h \
	models/mqtt/topic_tree.c models/mqtt/event.c models/mqtt/event.h
