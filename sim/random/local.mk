noinst_LIBRARIES += libqosim-random.a
libqosim_random_a_SOURCES = \
	sim/random/dist.c sim/random/dist.h \
	sim/random/gamma.c sim/random/gamma.h \
	sim/random/philox.c sim/random/philox.h \
	sim/random/stream.c sim/random/stream.h
