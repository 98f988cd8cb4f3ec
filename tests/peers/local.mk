# Real MQTT programs against the broker: see README. A peer in C is built where its library is.
check_PROGRAMS += tests/peers/cast
tests_peers_cast_SOURCES = tests/peers/cast.c tests/peers/stage.c tests/peers/stage.h \
	tests/peers/scenes.h tests/peers/scenes.c tests/peers/scenes_cut.c \
	tests/peers/broker.c tests/peers/broker.h tests/peers/relay.c tests/peers/relay.h \
	tests/peers/proc.c tests/peers/proc.h
tests_peers_cast_LDADD = $(GLIB_LIBS)

check_PROGRAMS += tests/peers/tools
tests_peers_tools_SOURCES = tests/peers/tools.c tests/peers/broker.c tests/peers/broker.h \
	tests/peers/proc.c tests/peers/proc.h
tests_peers_tools_LDADD = $(GLIB_LIBS)

check_PROGRAMS += tests/peers/test-live
tests_peers_test_live_SOURCES = tests/peers/test-live.c tests/peers/broker.c tests/peers/broker.h \
	tests/peers/proc.c tests/peers/proc.h
tests_peers_test_live_LDADD = $(GLIB_LIBS)
TESTS += tests/peers/test-live

peers_words = tests/peers/words.c tests/peers/words.h
if HAVE_LIBMOSQUITTO
check_PROGRAMS += tests/peers/peer-libmosquitto
endif
tests_peers_peer_libmosquitto_SOURCES = tests/peers/peer-libmosquitto.c $(peers_words)
tests_peers_peer_libmosquitto_LDADD = $(LIBMOSQUITTO_LIBS) $(GLIB_LIBS)
if HAVE_PAHO_C
check_PROGRAMS += tests/peers/peer-paho-c
endif
tests_peers_peer_paho_c_SOURCES = tests/peers/peer-paho-c.c $(peers_words)
tests_peers_peer_paho_c_LDADD = -lpaho-mqtt3a $(GLIB_LIBS)

check_PROGRAMS += tests/peers/peer-qosim
tests_peers_peer_qosim_SOURCES = tests/peers/peer-qosim.c $(peers_words) \
	tests/models/spec/values.c tests/models/spec/values.h
tests_peers_peer_qosim_LDADD = libqosim-profiles.a $(LIBS_SPEC) $(GIO_LIBS)

peers_tests = \
	tests/peers/test-libmosquitto.sh \
	tests/peers/test-paho-c.sh \
	tests/peers/test-paho-python.sh \
	tests/peers/test-mqtt-js.sh \
	tests/peers/test-mosquitto-clients.sh \
	tests/peers/test-duel-libmosquitto.sh \
	tests/peers/test-duel-paho-python.sh
TESTS += $(peers_tests)
EXTRA_DIST += tests/peers/README tests/peers/mosquitto-differences.txt \
	tests/peers/peer-paho-python.py tests/peers/peer-mqtt-js.js tests/peers/duel.py \
	$(peers_tests)

check_PROGRAMS += tests/peers/test-mosquitto
tests_peers_test_mosquitto_SOURCES = tests/peers/test-mosquitto.c \
	tests/models/mqtt/compare.c tests/models/mqtt/compare.h \
	$(MQTT_SCRIPT) \
	tests/models/live/wire.c tests/models/live/wire.h $(LIVE_KIT) \
	tests/peers/broker.c tests/peers/broker.h tests/peers/proc.c tests/peers/proc.h
tests_peers_test_mosquitto_LDADD = $(LIBS_LIVE)
TESTS += tests/peers/test-mosquitto

# The fleet beside ns-3, by `make bench-peers`. Nothing else needs ns-3, or a compiler for C++.
EXTRA_PROGRAMS += tests/peers/fleet
tests_peers_fleet_SOURCES = tests/peers/fleet.c
tests_peers_fleet_LDADD = $(LIBS_RESULTS)
EXTRA_DIST += tests/peers/fleet.ini tests/peers/fleet-ns3.cc
CLEANFILES += tests/peers/fleet-ns3

NS3_MODULES = ns3-internet ns3-point-to-point
tests/peers/fleet-ns3: tests/peers/fleet-ns3.cc
	$(CXX) -std=c++17 -Wall -Wextra -O2 $(srcdir)/tests/peers/fleet-ns3.cc -o $@ \
	  $$($(PKG_CONFIG) --cflags --libs $(NS3_MODULES))
