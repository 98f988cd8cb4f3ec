noinst_LIBRARIES += libqosim-study.a
libqosim_study_a_SOURCES =
