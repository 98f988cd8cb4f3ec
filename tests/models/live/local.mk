LIVE_KIT = tests/models/live/kit.c tests/models/live/kit.h
LIVE_TESTS = tests/models/live/test-scripts tests/models/live/test-server tests/models/live/test-file \
	tests/models/live/test-run tests/models/live/test-socket
check_PROGRAMS += $(LIVE_TESTS)
tests_models_live_test_scripts_SOURCES = tests/models/live/test-scripts.c $(LIVE_KIT) \
	tests/models/live/wire.c tests/models/live/wire.h $(MQTT_SCRIPT)
tests_models_live_test_scripts_LDADD = $(LIBS_LIVE)
tests_models_live_test_server_SOURCES = tests/models/live/test-server.c $(LIVE_KIT)
tests_models_live_test_server_LDADD = $(LIBS_LIVE)
tests_models_live_test_file_SOURCES = tests/models/live/test-file.c
tests_models_live_test_file_LDADD = $(LIBS_LIVE)
tests_models_live_test_run_SOURCES = tests/models/live/test-run.c $(LIVE_KIT) $(WORLD_KIT)
tests_models_live_test_run_LDADD = $(LIBS_ALL)
tests_models_live_test_socket_SOURCES = tests/models/live/test-socket.c
tests_models_live_test_socket_LDADD = $(LIBS_LIVE)
TESTS += $(LIVE_TESTS)
