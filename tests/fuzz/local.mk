# One source a target: a fuzzer with libFuzzer (configure --enable-fuzz), else a test that replays
# and mutates its seeds.
if FUZZ
fuzz_cppflags = $(AM_CPPFLAGS)
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_driver =
else
fuzz_cppflags = $(AM_CPPFLAGS) -DSTANDALONE
fuzz_ldflags = $(AM_LDFLAGS)
fuzz_driver = tests/fuzz/driver.c
endif
fuzz_machines = $(fuzz_driver) tests/fuzz/driver.h tests/fuzz/input.h tests/fuzz/packets.c \
	tests/fuzz/packets.h tests/fuzz/peer.c tests/fuzz/peer.h $(MQTT_BOOKS)

fuzz_targets = tests/fuzz/fuzz-decode tests/fuzz/fuzz-broker tests/fuzz/fuzz-client \
	tests/fuzz/fuzz-experiment
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/fuzz.sh tests/fuzz/driver.c

tests_fuzz_fuzz_decode_SOURCES = tests/fuzz/fuzz-decode.c $(fuzz_driver) tests/fuzz/driver.h \
	tests/models/mqtt/wire-text.h
tests_fuzz_fuzz_decode_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_decode_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_decode_LDADD = $(LIBS_MQTT)

tests_fuzz_fuzz_broker_SOURCES = tests/fuzz/fuzz-broker.c $(fuzz_machines)
tests_fuzz_fuzz_broker_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_broker_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_broker_LDADD = $(LIBS_MQTT)

tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz-client.c $(fuzz_machines)
tests_fuzz_fuzz_client_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_client_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_client_LDADD = $(LIBS_MQTT)

tests_fuzz_fuzz_experiment_SOURCES = tests/fuzz/fuzz-experiment.c $(fuzz_driver) \
	tests/fuzz/driver.h
tests_fuzz_fuzz_experiment_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_experiment_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_experiment_LDADD = libqosim-study.a libqosim-profiles.a $(LIBS_SPEC) $(GIO_LIBS)

# make fuzz FUZZ_SECONDS=600, or FUZZ_RUNS=50000000, or FUZZ="broker client": with clang, in a folder
# of its own.
fuzz:
	@$(SHELL) $(top_srcdir)/tests/fuzz/fuzz.sh

.PHONY: fuzz
