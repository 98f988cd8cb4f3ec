noinst_LIBRARIES += libqosim-net.a
libqosim_net_a_SOURCES = \
	models/net/delay.c models/net/delay.h \
	models/net/link.c models/net/link.h \
	models/net/loss.c models/net/loss.h \
	models/net/nat.c models/net/nat.h \
	models/net/net.c models/net/net.h \
	models/net/outage.c models/net/outage.h
