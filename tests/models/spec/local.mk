# Tests of models/spec and of the profiles: each links only what its layer may know.
check_PROGRAMS += \
	tests/models/spec/test-spec \
	tests/models/spec/test-spec-check \
	tests/models/spec/test-profiles
spec_values = tests/models/spec/values.c tests/models/spec/values.h
tests_models_spec_test_spec_SOURCES = tests/models/spec/test-spec.c $(spec_values)
tests_models_spec_test_spec_LDADD = $(LIBS_SPEC)
tests_models_spec_test_spec_check_SOURCES = tests/models/spec/test-spec-check.c $(spec_values)
tests_models_spec_test_spec_check_LDADD = $(LIBS_SPEC)
tests_models_spec_test_profiles_SOURCES = tests/models/spec/test-profiles.c $(spec_values) \
	tests/models/net/rig.c tests/models/net/rig.h
tests_models_spec_test_profiles_LDADD = libqosim-profiles.a $(LIBS_SPEC) $(GIO_LIBS)
TESTS += \
	tests/models/spec/test-spec \
	tests/models/spec/test-spec-check \
	tests/models/spec/test-profiles
