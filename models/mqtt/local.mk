noinst_LIBRARIES += libqosim-mqtt.a
libqosim_mqtt_a_SOURCES =
