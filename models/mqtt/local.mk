noinst_LIBRARIES += libqosim-mqtt.a
libqosim_mqtt_a_SOURCES =
libqosim_mqtt_a_SOURCES += models/mqtt/packet.h models/mqtt/wire.h \
	models/mqtt/codec.c models/mqtt/codec.h models/mqtt/codec_decode.c models/mqtt/codec_encode.c \
	models/mqtt/property.c models/mqtt/property.h models/mqtt/quirks.c models/mqtt/quirks.h models/mqtt/topic.c models/mqtt/topic.h \
	models/mqtt/topic_tree.c models/mqtt/event.c models/mqtt/event.h models/mqtt/pool.c models/mqtt/pool.h
libqosim_mqtt_a_SOURCES += models/mqtt/message.c models/mqtt/message.h \
	models/mqtt/idmap.c models/mqtt/idmap.h models/mqtt/ring.c models/mqtt/ring.h \
	models/mqtt/flow.c models/mqtt/flow.h models/mqtt/store.h \
	models/mqtt/store_log.c models/mqtt/store_log.h models/mqtt/pipe.c models/mqtt/pipe.h models/mqtt/pipe_inline.h \
	models/mqtt/aliases.c models/mqtt/aliases.h models/mqtt/bytes.h \
	models/mqtt/session.c models/mqtt/session.h models/mqtt/session_store.c \
	models/mqtt/sender.c models/mqtt/sender_answers.c models/mqtt/sender.h models/mqtt/receiver.c models/mqtt/receiver.h
libqosim_mqtt_a_SOURCES += models/mqtt/client.c models/mqtt/client.h \
	models/mqtt/client_input.c models/mqtt/client_output.c models/mqtt/client_private.h \
	models/mqtt/ack_timers.c models/mqtt/ack_timers.h
libqosim_mqtt_a_SOURCES += models/mqtt/broker.c models/mqtt/broker.h \
	models/mqtt/broker_connect.c models/mqtt/broker_input.c models/mqtt/broker_private.h \
	models/mqtt/broker_route.c models/mqtt/broker_session.c models/mqtt/broker_store.c \
	models/mqtt/deadlines.c models/mqtt/deadlines.h models/mqtt/retained.c models/mqtt/retained.h \
	models/mqtt/shares.c models/mqtt/shares.h
libqosim_mqtt_a_SOURCES += models/mqtt/monitor.c models/mqtt/monitor.h \
	models/mqtt/monitor_tables.c models/mqtt/monitor_tables.h
