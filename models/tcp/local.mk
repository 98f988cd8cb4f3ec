noinst_LIBRARIES += libqosim-tcp.a
libqosim_tcp_a_SOURCES = \
	models/tcp/acking.c \
	models/tcp/alive.c \
	models/tcp/buffers.c \
	models/tcp/config.c \
	models/tcp/congestion.c \
	models/tcp/conn.c \
	models/tcp/conn.h \
	models/tcp/conn-private.h \
	models/tcp/conn-state.h \
	models/tcp/cubic.c \
	models/tcp/early.c \
	models/tcp/input.c \
	models/tcp/newreno.c \
	models/tcp/options.c \
	models/tcp/output.c \
	models/tcp/probe.c \
	models/tcp/prr.c \
	models/tcp/rack.c \
	models/tcp/receive.c \
	models/tcp/recovery.c \
	models/tcp/rtt.c \
	models/tcp/scoreboard.c \
	models/tcp/segment.c \
	models/tcp/segment.h \
	models/tcp/send.c \
	models/tcp/stream.c \
	models/tcp/stream.h \
	models/tcp/timer.c \
	models/tcp/undo.c \
	models/tcp/wire.c \
	models/tcp/wire.h
