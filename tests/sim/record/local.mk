# Tests of sim/record: each links only what its layer may know.

check_PROGRAMS += tests/sim/record/test-histogram tests/sim/record/test-metric \
	tests/sim/record/test-outcome
TESTS += tests/sim/record/test-histogram tests/sim/record/test-metric tests/sim/record/test-outcome
tests_sim_record_test_histogram_SOURCES = tests/sim/record/test-histogram.c
tests_sim_record_test_histogram_LDADD = $(LIBS_RECORD)
tests_sim_record_test_metric_SOURCES = tests/sim/record/test-metric.c
tests_sim_record_test_metric_LDADD = $(LIBS_RECORD)
tests_sim_record_test_outcome_SOURCES = tests/sim/record/test-outcome.c
tests_sim_record_test_outcome_LDADD = $(LIBS_RECORD)

check_PROGRAMS += tests/sim/record/test-value tests/sim/record/test-spec
TESTS += tests/sim/record/test-value tests/sim/record/test-spec
tests_sim_record_test_value_SOURCES = tests/sim/record/test-value.c
tests_sim_record_test_value_LDADD = $(LIBS_RECORD)
tests_sim_record_test_spec_SOURCES = tests/sim/record/test-spec.c
tests_sim_record_test_spec_LDADD = $(LIBS_RECORD)
