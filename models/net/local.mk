noinst_LIBRARIES += libqosim-net.a
libqosim_net_a_SOURCES =
