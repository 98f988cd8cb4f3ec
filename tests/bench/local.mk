
EXTRA_PROGRAMS += tests/bench/bench-hold
tests_bench_bench_hold_SOURCES = tests/bench/bench-hold.c
tests_bench_bench_hold_LDADD = $(LIBS_ENGINE) -lm
