noinst_LIBRARIES += libqosim-tcp.a
libqosim_tcp_a_SOURCES =
