noinst_LIBRARIES += libqosim-results.a
libqosim_results_a_SOURCES =
