noinst_LIBRARIES += libqosim-results.a
libqosim_results_a_SOURCES = \
	sim/results/axis.c sim/results/axis.h sim/results/chart.c sim/results/chart.h \
	sim/results/chart_axes.c sim/results/embedded.h sim/results/picture.c \
	sim/results/picture.h sim/results/stats.c sim/results/stats.h sim/results/store.c \
	sim/results/store.h sim/results/store_point.c sim/results/store_read.c \
	sim/results/store_sql.c sim/results/store_sql.h sim/results/store_write.c \
	sim/results/summary.c sim/results/summary.h sim/results/table.c sim/results/table.h \
	sim/results/table_estimate.c sim/results/table_estimate.h
nodist_libqosim_results_a_SOURCES = sim/results/embedded.c
CLEANFILES += sim/results/embedded.c
EMBEDDED = sim/results/schema.sql plots/style.gp plots/panels.gp plots/legend.gp
EXTRA_DIST += $(EMBEDDED)

# Text files as C strings, so that the program finds them wherever it lies.
sim/results/embedded.c: $(EMBEDDED)
	$(AM_V_GEN)$(MKDIR_P) sim/results && { \
	echo '#include "sim/results/embedded.h"'; \
	for file in $^; do \
	  echo; echo "const char embedded_`basename $$file | tr . _`[] ="; \
	  $(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/  "&\\n"/' $$file; \
	  echo '  "";'; \
	done; } > $@.tmp && mv $@.tmp $@
