
EXTRA_PROGRAMS += tests/bench/bench-hold
tests_bench_bench_hold_SOURCES = tests/bench/bench-hold.c
tests_bench_bench_hold_LDADD = $(LIBS_ENGINE) -lm

EXTRA_PROGRAMS += tests/bench/bench-codec
tests_bench_bench_codec_SOURCES = tests/bench/bench-codec.c
tests_bench_bench_codec_LDADD = $(LIBS_MQTT)

# A test counts its instructions.
check_PROGRAMS += tests/bench/bench-fleet
TESTS += tests/bench/test-instructions.sh
EXTRA_DIST += tests/bench/test-instructions.sh tests/bench/instructions.txt
tests_bench_bench_fleet_SOURCES = tests/bench/bench-fleet.c $(WORLD_KIT)
tests_bench_bench_fleet_LDADD = $(LIBS_ALL)
tests_bench_bench_fleet_LDFLAGS = $(LTO_LDFLAGS) $(SANITIZE_CFLAGS)

EXTRA_PROGRAMS += tests/bench/bench-peers
tests_bench_bench_peers_SOURCES = tests/bench/bench-peers.c
tests_bench_bench_peers_LDADD = $(LIBS_MQTT)
EXTRA_DIST += tests/bench/peers.sh

EXTRA_PROGRAMS += tests/bench/bench-broker
tests_bench_bench_broker_SOURCES = tests/bench/bench-broker.c
tests_bench_bench_broker_LDADD = $(LIBS_MQTT)

