# Tests of models/mqtt: each links only what its layer may know.
MQTT_BOOKS = tests/models/mqtt/books.c tests/models/mqtt/books.h
MQTT_PAIR = tests/models/mqtt/pair.c tests/models/mqtt/pair.h $(MQTT_BOOKS)

check_PROGRAMS += tests/models/mqtt/test-codec
tests_models_mqtt_test_codec_SOURCES = tests/models/mqtt/test-codec.c tests/models/mqtt/wire-text.h
tests_models_mqtt_test_codec_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-codec

check_PROGRAMS += tests/models/mqtt/test-codec-errors
tests_models_mqtt_test_codec_errors_SOURCES = tests/models/mqtt/test-codec-errors.c tests/models/mqtt/wire-text.h
tests_models_mqtt_test_codec_errors_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-codec-errors

check_PROGRAMS += tests/models/mqtt/test-topic
tests_models_mqtt_test_topic_SOURCES = tests/models/mqtt/test-topic.c
tests_models_mqtt_test_topic_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-topic

check_PROGRAMS += tests/models/mqtt/test-topic-tree
tests_models_mqtt_test_topic_tree_SOURCES = tests/models/mqtt/test-topic-tree.c
tests_models_mqtt_test_topic_tree_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-topic-tree

MQTT_SCRIPT = tests/models/mqtt/script.c tests/models/mqtt/script.h \
	tests/models/mqtt/knobs.c tests/models/mqtt/knobs.h tests/models/mqtt/wire-text.h

check_PROGRAMS += tests/models/mqtt/test-scripts tests/models/mqtt/test-client-scripts
tests_models_mqtt_test_scripts_SOURCES = tests/models/mqtt/test-scripts.c $(MQTT_SCRIPT)
tests_models_mqtt_test_scripts_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_client_scripts_SOURCES = tests/models/mqtt/test-client-scripts.c \
	$(MQTT_SCRIPT)
tests_models_mqtt_test_client_scripts_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-scripts tests/models/mqtt/test-client-scripts
EXTRA_DIST += tests/models/mqtt/scripts tests/models/mqtt/statements.txt

check_PROGRAMS += tests/models/mqtt/test-retained
tests_models_mqtt_test_retained_SOURCES = tests/models/mqtt/test-retained.c
tests_models_mqtt_test_retained_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-retained

check_PROGRAMS += tests/models/mqtt/test-monitor
tests_models_mqtt_test_monitor_SOURCES = tests/models/mqtt/test-monitor.c \
	tests/models/mqtt/wire-text.h
tests_models_mqtt_test_monitor_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-monitor

check_PROGRAMS += tests/models/mqtt/test-flow tests/models/mqtt/test-ring \
	tests/models/mqtt/test-client tests/models/mqtt/test-client-quirks \
	tests/models/mqtt/test-broker tests/models/mqtt/test-pair tests/models/mqtt/test-store
tests_models_mqtt_test_flow_SOURCES = tests/models/mqtt/test-flow.c
tests_models_mqtt_test_flow_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_ring_SOURCES = tests/models/mqtt/test-ring.c
tests_models_mqtt_test_ring_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_client_SOURCES = tests/models/mqtt/test-client.c $(MQTT_BOOKS)
tests_models_mqtt_test_client_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_client_quirks_SOURCES = tests/models/mqtt/test-client-quirks.c
tests_models_mqtt_test_client_quirks_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_broker_SOURCES = tests/models/mqtt/test-broker.c \
	$(MQTT_PAIR)
tests_models_mqtt_test_broker_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_pair_SOURCES = tests/models/mqtt/test-pair.c \
	$(MQTT_PAIR)
tests_models_mqtt_test_pair_LDADD = $(LIBS_MQTT)
tests_models_mqtt_test_store_SOURCES = tests/models/mqtt/test-store.c \
	$(MQTT_PAIR)
tests_models_mqtt_test_store_LDADD = $(LIBS_MQTT)
TESTS += tests/models/mqtt/test-flow tests/models/mqtt/test-ring tests/models/mqtt/test-client \
	tests/models/mqtt/test-client-quirks \
	tests/models/mqtt/test-broker tests/models/mqtt/test-pair tests/models/mqtt/test-store
