# TAP everywhere: GLib's test programs speak it, and so do the shell tests.
TEST_EXTENSIONS = .sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/seeded.sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = \
	G_DEBUG=fatal-warnings; export G_DEBUG; \
	MALLOC_PERTURB_=$${MALLOC_PERTURB_-165}; export MALLOC_PERTURB_; \
	SEED=$(SEED); export SEED; \
	CC='$(CC)'; export CC; \
	BUILD_FLAGS='$(strip $(CFLAGS) $(LTO_CFLAGS) $(SANITIZE_CFLAGS))'; export BUILD_FLAGS; \
	QOSIM=$(abs_top_builddir)/qosim; export QOSIM; \
	srcdir=$(abs_top_srcdir); export srcdir; \
	builddir=$(abs_top_builddir); export builddir;

TESTS += tests/tidy.sh tests/coverage.sh
EXTRA_DIST += tests/tidy.sh tests/coverage.sh tests/seeded.sh

# Simulated figures beside closed forms.
THEORY = tests/theory.c tests/theory.h

include tests/sim/random/local.mk
include tests/sim/engine/local.mk
include tests/sim/record/local.mk
include tests/sim/study/local.mk
include tests/sim/results/local.mk
include tests/sim/cli/local.mk
include tests/models/mqtt/local.mk
include tests/models/tcp/local.mk
include tests/models/net/local.mk
include tests/models/spec/local.mk
include tests/models/app/local.mk
include tests/models/world/local.mk
include tests/models/live/local.mk
include tests/validate/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/peers/local.mk
