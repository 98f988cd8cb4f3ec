noinst_LIBRARIES += libqosim-live.a
libqosim_live_a_SOURCES = models/live/server.c models/live/server.h \
	models/live/server-private.h models/live/conn.c \
	models/live/socket.c models/live/socket.h models/live/file.c models/live/file.h \
	models/live/run.c models/live/run.h
