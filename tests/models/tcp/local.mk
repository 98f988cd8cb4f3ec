# Tests of models/tcp: each links only what its layer may know.
tcp_tests = \
	tests/models/tcp/test-acking \
	tests/models/tcp/test-alive \
	tests/models/tcp/test-buffers \
	tests/models/tcp/test-cubic \
	tests/models/tcp/test-flow \
	tests/models/tcp/test-loss \
	tests/models/tcp/test-open-close \
	tests/models/tcp/test-options \
	tests/models/tcp/test-probe \
	tests/models/tcp/test-random \
	tests/models/tcp/test-rto \
	tests/models/tcp/test-sack \
	tests/models/tcp/test-stream \
	tests/models/tcp/test-theory \
	tests/models/tcp/test-timer \
	tests/models/tcp/test-tso \
	tests/models/tcp/test-undo \
	tests/models/tcp/test-wire
check_PROGRAMS += $(tcp_tests)
TESTS += $(tcp_tests)

tcp_pair = tests/models/tcp/pair.c tests/models/tcp/pair.h
tests_models_tcp_test_acking_SOURCES = tests/models/tcp/test-acking.c $(tcp_pair)
tests_models_tcp_test_acking_LDADD = $(LIBS_TCP)
tests_models_tcp_test_alive_SOURCES = tests/models/tcp/test-alive.c $(tcp_pair)
tests_models_tcp_test_alive_LDADD = $(LIBS_TCP)
tests_models_tcp_test_cubic_SOURCES = tests/models/tcp/test-cubic.c $(tcp_pair)
tests_models_tcp_test_cubic_LDADD = $(LIBS_TCP) -lm
tests_models_tcp_test_flow_SOURCES = tests/models/tcp/test-flow.c $(tcp_pair)
tests_models_tcp_test_flow_LDADD = $(LIBS_TCP)
tests_models_tcp_test_loss_SOURCES = tests/models/tcp/test-loss.c $(tcp_pair)
tests_models_tcp_test_loss_LDADD = $(LIBS_TCP) -lm
tests_models_tcp_test_open_close_SOURCES = tests/models/tcp/test-open-close.c $(tcp_pair)
tests_models_tcp_test_open_close_LDADD = $(LIBS_TCP)
tests_models_tcp_test_options_SOURCES = tests/models/tcp/test-options.c $(tcp_pair)
tests_models_tcp_test_options_LDADD = $(LIBS_TCP)
tests_models_tcp_test_random_SOURCES = tests/models/tcp/test-random.c $(tcp_pair)
tests_models_tcp_test_random_LDADD = $(LIBS_TCP)
tests_models_tcp_test_rto_SOURCES = tests/models/tcp/test-rto.c $(tcp_pair)
tests_models_tcp_test_rto_LDADD = $(LIBS_TCP)
tcp_script = tests/models/tcp/script.c tests/models/tcp/script.h
tests_models_tcp_test_buffers_SOURCES = tests/models/tcp/test-buffers.c $(tcp_script)
tests_models_tcp_test_buffers_LDADD = $(LIBS_TCP)
tests_models_tcp_test_probe_SOURCES = tests/models/tcp/test-probe.c $(tcp_script)
tests_models_tcp_test_probe_LDADD = $(LIBS_TCP)
tests_models_tcp_test_tso_SOURCES = tests/models/tcp/test-tso.c $(tcp_script)
tests_models_tcp_test_tso_LDADD = $(LIBS_TCP)
tests_models_tcp_test_undo_SOURCES = tests/models/tcp/test-undo.c $(tcp_script)
tests_models_tcp_test_undo_LDADD = $(LIBS_TCP)
tests_models_tcp_test_sack_SOURCES = tests/models/tcp/test-sack.c $(tcp_script)
tests_models_tcp_test_sack_LDADD = $(LIBS_TCP)
tests_models_tcp_test_stream_SOURCES = tests/models/tcp/test-stream.c
tests_models_tcp_test_stream_LDADD = $(LIBS_TCP)
tests_models_tcp_test_theory_SOURCES = tests/models/tcp/test-theory.c $(tcp_pair) $(THEORY)
tests_models_tcp_test_theory_LDADD = $(LIBS_TCP) -lm
tests_models_tcp_test_timer_SOURCES = tests/models/tcp/test-timer.c
tests_models_tcp_test_timer_LDADD = $(LIBS_TCP)
tests_models_tcp_test_wire_SOURCES = tests/models/tcp/test-wire.c
tests_models_tcp_test_wire_LDADD = $(LIBS_TCP)
