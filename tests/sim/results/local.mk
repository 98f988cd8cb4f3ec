# Tests of sim/results: each links only what its layer may know.
RESULTS_TESTS = tests/sim/results/test-axis tests/sim/results/test-picture tests/sim/results/test-stats \
	tests/sim/results/test-store tests/sim/results/test-summary tests/sim/results/test-table
check_PROGRAMS += $(RESULTS_TESTS)
TESTS += $(RESULTS_TESTS)
tests_sim_results_test_axis_SOURCES = tests/sim/results/test-axis.c
tests_sim_results_test_axis_LDADD = $(LIBS_RESULTS)
tests_sim_results_test_picture_SOURCES = tests/sim/results/test-picture.c
tests_sim_results_test_picture_LDADD = $(LIBS_RESULTS)
tests_sim_results_test_stats_SOURCES = tests/sim/results/test-stats.c
tests_sim_results_test_stats_LDADD = $(LIBS_RESULTS)
tests_sim_results_test_store_SOURCES = tests/sim/results/test-store.c
tests_sim_results_test_store_LDADD = $(LIBS_RESULTS)
tests_sim_results_test_summary_SOURCES = tests/sim/results/test-summary.c
tests_sim_results_test_summary_LDADD = $(LIBS_RESULTS)
tests_sim_results_test_table_SOURCES = tests/sim/results/test-table.c
tests_sim_results_test_table_LDADD = $(LIBS_RESULTS)
