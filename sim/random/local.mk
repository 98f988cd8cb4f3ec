noinst_LIBRARIES += libqosim-random.a
libqosim_random_a_SOURCES =
