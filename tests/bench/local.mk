BENCH_KIT = tests/bench/measure.c tests/bench/measure.h

EXTRA_PROGRAMS += tests/bench/bench-hold
tests_bench_bench_hold_SOURCES = tests/bench/bench-hold.c
tests_bench_bench_hold_LDADD = $(LIBS_ENGINE) -lm

EXTRA_PROGRAMS += tests/bench/bench-codec
tests_bench_bench_codec_SOURCES = tests/bench/bench-codec.c
tests_bench_bench_codec_LDADD = $(LIBS_MQTT)

# A test counts its instructions.
check_PROGRAMS += tests/bench/bench-fleet
TESTS += tests/bench/test-instructions.sh
EXTRA_DIST += tests/bench/test-instructions.sh tests/bench/instructions.txt tests/bench/profile.sh
tests_bench_bench_fleet_SOURCES = tests/bench/bench-fleet.c $(BENCH_KIT) $(WORLD_KIT)
tests_bench_bench_fleet_LDADD = $(LIBS_ALL)
tests_bench_bench_fleet_LDFLAGS = $(LTO_LDFLAGS) $(SANITIZE_CFLAGS)

EXTRA_PROGRAMS += tests/bench/bench-peers
tests_bench_bench_peers_SOURCES = tests/bench/bench-peers.c
tests_bench_bench_peers_LDADD = $(LIBS_MQTT)
EXTRA_DIST += tests/bench/peers.sh

EXTRA_PROGRAMS += tests/bench/bench-broker
tests_bench_bench_broker_SOURCES = tests/bench/bench-broker.c
tests_bench_bench_broker_LDADD = $(LIBS_MQTT)

EXTRA_PROGRAMS += tests/bench/bench-store
tests_bench_bench_store_SOURCES = tests/bench/bench-store.c $(BENCH_KIT) $(WORLD_KIT)
tests_bench_bench_store_LDADD = $(LIBS_ALL)
tests_bench_bench_store_LDFLAGS = $(LTO_LDFLAGS) $(SANITIZE_CFLAGS)

EXTRA_PROGRAMS += tests/bench/bench-day
tests_bench_bench_day_SOURCES = tests/bench/bench-day.c $(BENCH_KIT) $(WORLD_KIT)
tests_bench_bench_day_LDADD = $(LIBS_ALL)
tests_bench_bench_day_LDFLAGS = $(LTO_LDFLAGS) $(SANITIZE_CFLAGS)

EXTRA_PROGRAMS += tests/bench/bench-start tests/bench/bench-scaling
tests_bench_bench_start_SOURCES = tests/bench/bench-start.c $(BENCH_KIT)
tests_bench_bench_start_LDADD = $(GLIB_LIBS)
tests_bench_bench_scaling_SOURCES = tests/bench/bench-scaling.c $(BENCH_KIT)
tests_bench_bench_scaling_LDADD = $(GLIB_LIBS)
