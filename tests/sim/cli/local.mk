# Tests of sim/cli: the program as a user meets it.
cli_tests = \
	tests/sim/cli/test-usage.sh \
	tests/sim/cli/test-bad-file.sh \
	tests/sim/cli/test-check.sh \
	tests/sim/cli/test-run.sh \
	tests/sim/cli/test-show.sh \
	tests/sim/cli/test-keys.sh \
	tests/sim/cli/test-trouble.sh \
	tests/sim/cli/test-pcap.sh \
	tests/sim/cli/test-live.sh \
	tests/sim/cli/test-fingerprints.sh
TESTS += $(cli_tests)
EXTRA_DIST += tests/sim/cli/lib.sh $(cli_tests)

check_PROGRAMS += tests/sim/cli/test-term
tests_sim_cli_test_term_SOURCES = tests/sim/cli/test-term.c sim/cli/term.c
tests_sim_cli_test_term_LDADD = $(GLIB_LIBS)
TESTS += tests/sim/cli/test-term
