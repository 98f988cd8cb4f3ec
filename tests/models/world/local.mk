# Tests of models/world: whole runs, so these link all that a run and its file need.
WORLD_KIT = tests/models/world/kit.c tests/models/world/kit.h
WORLD_DRAW = tests/models/world/draw.c tests/models/world/draw.h $(WORLD_KIT)
WORLD_TESTS = \
	tests/models/world/test-ends \
	tests/models/world/test-features \
	tests/models/world/test-journal \
	tests/models/world/test-kill \
	tests/models/world/test-nat \
	tests/models/world/test-outside \
	tests/models/world/test-random-crashes \
	tests/models/world/test-random-worlds \
	tests/models/world/test-run \
	tests/models/world/test-theory \
	tests/models/world/test-trace \
	tests/models/world/test-trouble
check_PROGRAMS += $(WORLD_TESTS)
tests_models_world_test_ends_SOURCES = tests/models/world/test-ends.c $(WORLD_KIT)
tests_models_world_test_ends_LDADD = $(LIBS_ALL)
tests_models_world_test_journal_SOURCES = tests/models/world/test-journal.c
tests_models_world_test_journal_LDADD = $(LIBS_WORLD)
tests_models_world_test_features_SOURCES = tests/models/world/test-features.c $(WORLD_KIT)
tests_models_world_test_features_LDADD = $(LIBS_ALL)
tests_models_world_test_kill_SOURCES = tests/models/world/test-kill.c $(WORLD_KIT)
tests_models_world_test_kill_LDADD = $(LIBS_ALL)
tests_models_world_test_nat_SOURCES = tests/models/world/test-nat.c $(WORLD_KIT)
tests_models_world_test_nat_LDADD = $(LIBS_ALL)
tests_models_world_test_outside_SOURCES = tests/models/world/test-outside.c $(WORLD_KIT)
tests_models_world_test_outside_LDADD = $(LIBS_ALL)
tests_models_world_test_random_crashes_SOURCES = tests/models/world/test-random-crashes.c $(WORLD_DRAW)
tests_models_world_test_random_crashes_LDADD = $(LIBS_ALL)
tests_models_world_test_random_worlds_SOURCES = tests/models/world/test-random-worlds.c $(WORLD_DRAW)
tests_models_world_test_random_worlds_LDADD = $(LIBS_ALL)
tests_models_world_test_run_SOURCES = tests/models/world/test-run.c $(WORLD_KIT) $(THEORY)
tests_models_world_test_run_LDADD = $(LIBS_ALL)
tests_models_world_test_theory_SOURCES = tests/models/world/test-theory.c $(WORLD_KIT) $(THEORY)
tests_models_world_test_theory_LDADD = $(LIBS_ALL)
tests_models_world_test_trace_SOURCES = tests/models/world/test-trace.c $(WORLD_KIT)
tests_models_world_test_trace_LDADD = $(LIBS_ALL)
tests_models_world_test_trouble_SOURCES = tests/models/world/test-trouble.c $(WORLD_KIT)
tests_models_world_test_trouble_LDADD = $(LIBS_ALL)
TESTS += $(WORLD_TESTS) tests/models/world/test-capture.sh
EXTRA_DIST += tests/models/world/test-capture.sh tests/models/world/capture.awk
