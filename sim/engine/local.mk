noinst_LIBRARIES += libqosim-engine.a
libqosim_engine_a_SOURCES =
