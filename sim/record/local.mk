noinst_LIBRARIES += libqosim-record.a
libqosim_record_a_SOURCES =
libqosim_record_a_SOURCES += sim/record/fate.c sim/record/fate.h sim/record/finding.h \
	sim/record/histogram.c sim/record/histogram.h sim/record/metric.c sim/record/metric.h \
	sim/record/outcome.c sim/record/outcome.h
