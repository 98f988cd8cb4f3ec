# Fuzz targets are fuzzers for clang -fsanitize=fuzzer; here they are tests that replay and mutate
# their seeds.
fuzz_driver = tests/fuzz/driver.c tests/fuzz/driver.h

check_PROGRAMS += tests/fuzz/fuzz-decode
tests_fuzz_fuzz_decode_SOURCES = tests/fuzz/fuzz-decode.c $(fuzz_driver) \
	tests/models/mqtt/wire-text.h
tests_fuzz_fuzz_decode_CPPFLAGS = $(AM_CPPFLAGS) -DSTANDALONE
tests_fuzz_fuzz_decode_LDADD = $(LIBS_MQTT)
TESTS += tests/fuzz/fuzz-decode
EXTRA_DIST += tests/fuzz/corpus/decode/connect-5 tests/fuzz/corpus/decode/connect-3.1.1 \
	tests/fuzz/corpus/decode/connack tests/fuzz/corpus/decode/publish \
	tests/fuzz/corpus/decode/acks tests/fuzz/corpus/decode/subscribe \
	tests/fuzz/corpus/decode/disconnect-auth tests/fuzz/corpus/decode/server-3.1.1

check_PROGRAMS += tests/fuzz/fuzz-experiment
tests_fuzz_fuzz_experiment_SOURCES = tests/fuzz/fuzz-experiment.c $(fuzz_driver)
tests_fuzz_fuzz_experiment_CPPFLAGS = $(AM_CPPFLAGS) -DSTANDALONE
tests_fuzz_fuzz_experiment_LDADD = libqosim-study.a libqosim-profiles.a $(LIBS_SPEC) $(GIO_LIBS)
TESTS += tests/fuzz/fuzz-experiment
