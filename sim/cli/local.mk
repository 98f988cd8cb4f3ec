bin_PROGRAMS += qosim
qosim_SOURCES = \
	sim/cli/main.c \
	sim/cli/cli.c sim/cli/cli.h \
	sim/cli/broker.c \
	sim/cli/live.c \
	sim/cli/runs.c sim/cli/runs.h \
	sim/cli/check.c \
	sim/cli/identity.c sim/cli/identity.h \
	sim/cli/keys.c \
	sim/cli/ladder.c sim/cli/ladder.h \
	sim/cli/plot.c \
	sim/cli/profiles.c \
	sim/cli/report.c sim/cli/report.h \
	sim/cli/run.c \
	sim/cli/show.c \
	sim/cli/story.c sim/cli/story.h \
	sim/cli/term.c sim/cli/term.h
qosim_LDADD = $(LIBS_ALL)
qosim_LDFLAGS = $(LTO_LDFLAGS) $(SANITIZE_CFLAGS)
