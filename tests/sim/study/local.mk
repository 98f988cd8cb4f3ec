# Tests of sim/study: each links only what its layer may know.
check_PROGRAMS += tests/sim/study/test-reader tests/sim/study/test-errors \
	tests/sim/study/test-experiment tests/sim/study/test-runner
TESTS += tests/sim/study/test-reader tests/sim/study/test-errors \
	tests/sim/study/test-experiment tests/sim/study/test-runner
tests_sim_study_test_reader_SOURCES = tests/sim/study/test-reader.c
tests_sim_study_test_reader_LDADD = $(LIBS_STUDY)
tests_sim_study_test_errors_SOURCES = tests/sim/study/test-errors.c tests/sim/study/model.c \
	tests/sim/study/model.h
tests_sim_study_test_errors_LDADD = $(LIBS_STUDY)
tests_sim_study_test_experiment_SOURCES = tests/sim/study/test-experiment.c \
	tests/sim/study/model.c tests/sim/study/model.h
tests_sim_study_test_experiment_LDADD = $(LIBS_STUDY)
tests_sim_study_test_runner_SOURCES = tests/sim/study/test-runner.c tests/sim/study/model.c \
	tests/sim/study/model.h
tests_sim_study_test_runner_LDADD = $(LIBS_STUDY)
