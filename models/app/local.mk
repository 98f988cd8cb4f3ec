noinst_LIBRARIES += libqosim-app.a
libqosim_app_a_SOURCES = \
	models/app/backoff.c models/app/backoff.h \
	models/app/interest.c models/app/interest.h \
	models/app/ledger.c models/app/ledger.h models/app/ledger-private.h \
	models/app/ledger_copies.c \
	models/app/ledger_fate.c \
	models/app/ledger_messages.c \
	models/app/workload.c models/app/workload.h
