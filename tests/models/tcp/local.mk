# Tests of models/tcp: each links only what its layer may know.
tcp_tests = \
	tests/models/tcp/test-random \
	tests/models/tcp/test-stream
check_PROGRAMS += $(tcp_tests)
TESTS += $(tcp_tests)

tests_models_tcp_test_random_SOURCES = \
	tests/models/tcp/test-random.c tests/models/tcp/pair.c tests/models/tcp/pair.h
tests_models_tcp_test_random_LDADD = $(LIBS_TCP)
tests_models_tcp_test_stream_SOURCES = tests/models/tcp/test-stream.c
tests_models_tcp_test_stream_LDADD = $(LIBS_TCP)
