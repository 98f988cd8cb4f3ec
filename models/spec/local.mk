noinst_LIBRARIES += libqosim-spec.a
libqosim_spec_a_SOURCES =
