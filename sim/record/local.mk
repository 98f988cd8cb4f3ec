noinst_LIBRARIES += libqosim-record.a
libqosim_record_a_SOURCES =
libqosim_record_a_SOURCES += sim/record/fate.c sim/record/fate.h sim/record/finding.h \
	sim/record/histogram.c sim/record/histogram.h sim/record/metric.c sim/record/metric.h \
	sim/record/outcome.c sim/record/outcome.h
libqosim_record_a_SOURCES += sim/record/finding.c sim/record/scenario.c sim/record/scenario.h \
	sim/record/spec.c sim/record/spec.h sim/record/value.c sim/record/value.h
