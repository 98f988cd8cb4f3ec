# Tests of sim/engine: each links only what its layer may know.
check_PROGRAMS += \
	tests/sim/engine/test-queue \
	tests/sim/engine/test-sim
tests_sim_engine_test_queue_SOURCES = tests/sim/engine/test-queue.c
tests_sim_engine_test_queue_LDADD = $(LIBS_ENGINE)
tests_sim_engine_test_sim_SOURCES = tests/sim/engine/test-sim.c
tests_sim_engine_test_sim_LDADD = $(LIBS_ENGINE)
TESTS += \
	tests/sim/engine/test-queue \
	tests/sim/engine/test-sim
