noinst_LIBRARIES += libqosim-engine.a
libqosim_engine_a_SOURCES = \
	sim/engine/chunk.c sim/engine/chunk.h \
	sim/engine/queue.c sim/engine/queue.h \
	sim/engine/sim.c sim/engine/sim.h
