noinst_LIBRARIES += libqosim-app.a
libqosim_app_a_SOURCES =
