noinst_LIBRARIES += libqosim-world.a
libqosim_world_a_SOURCES = \
	models/world/ahead.c \
	models/world/broker.c \
	models/world/capture.c \
	models/world/client.c \
	models/world/collect.c \
	models/world/custody.c \
	models/world/fault.c \
	models/world/host.c \
	models/world/journal.c models/world/journal.h models/world/medium.c \
	models/world/outside.c models/world/outside.h \
	models/world/pcap.c models/world/pcap.h \
	models/world/publish.c \
	models/world/segments.c \
	models/world/share.c \
	models/world/socket.c models/world/socket-inline.h \
	models/world/trace.c \
	models/world/world-private.h \
	models/world/world.c models/world/world.h
