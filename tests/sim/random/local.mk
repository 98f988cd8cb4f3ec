# Tests of sim/random: each links only what its layer may know.
check_PROGRAMS += \
	tests/sim/random/test-philox \
	tests/sim/random/test-stream \
	tests/sim/random/test-dist
tests_sim_random_test_philox_SOURCES = tests/sim/random/test-philox.c
tests_sim_random_test_philox_LDADD = $(LIBS_RANDOM)
tests_sim_random_test_stream_SOURCES = tests/sim/random/test-stream.c
tests_sim_random_test_stream_LDADD = $(LIBS_RANDOM)
tests_sim_random_test_dist_SOURCES = tests/sim/random/test-dist.c
tests_sim_random_test_dist_LDADD = $(LIBS_RANDOM)
TESTS += \
	tests/sim/random/test-philox \
	tests/sim/random/test-stream \
	tests/sim/random/test-dist
