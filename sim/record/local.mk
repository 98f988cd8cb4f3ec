noinst_LIBRARIES += libqosim-record.a
libqosim_record_a_SOURCES =
