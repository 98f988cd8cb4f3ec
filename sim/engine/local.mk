noinst_LIBRARIES += libqosim-engine.a
libqosim_engine_a_SOURCES = \
	sim/engine/queue.c sim/engine/queue.h \
	sim/engine/sim.c sim/engine/sim.h
