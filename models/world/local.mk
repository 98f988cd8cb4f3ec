noinst_LIBRARIES += libqosim-world.a
libqosim_world_a_SOURCES =
