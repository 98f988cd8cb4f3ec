# Is what the simulator says what was measured? Long, so it is no test: `make validate`.
VALIDATE_SAMPLE = tests/validate/sample.c tests/validate/sample.h

EXTRA_PROGRAMS += tests/validate/validate
tests_validate_validate_SOURCES = tests/validate/validate.c $(VALIDATE_SAMPLE) $(WORLD_KIT)
tests_validate_validate_LDADD = $(LIBS_ALL)
tests_validate_validate_LDFLAGS = $(LTO_LDFLAGS) $(SANITIZE_CFLAGS)

check_PROGRAMS += tests/validate/test-sample
tests_validate_test_sample_SOURCES = tests/validate/test-sample.c $(VALIDATE_SAMPLE)
tests_validate_test_sample_LDADD = $(LIBS_RANDOM) $(GIO_LIBS)
TESTS += tests/validate/test-sample
EXTRA_DIST += tests/validate/pictures.gp
