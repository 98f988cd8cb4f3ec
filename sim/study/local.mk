noinst_LIBRARIES += libqosim-study.a
libqosim_study_a_SOURCES = \
	sim/study/allowed.c sim/study/allowed.h \
	sim/study/cell.c \
	sim/study/condition.c \
	sim/study/eval.c sim/study/eval.h sim/study/eval_dist.c \
	sim/study/experiment.c sim/study/experiment.h \
	sim/study/grid.c sim/study/grid.h \
	sim/study/keys.c \
	sim/study/node.c sim/study/node.h sim/study/node_typed.c \
	sim/study/parts.c \
	sim/study/points.c \
	sim/study/problem.c sim/study/problem.h \
	sim/study/profiles.c \
	sim/study/quantity.c sim/study/quantity.h \
	sim/study/reader.c sim/study/reader.h \
	sim/study/references.c \
	sim/study/resolve.c \
	sim/study/runner.c sim/study/runner.h \
	sim/study/sections.c \
	sim/study/study.h \
	sim/study/sweep.c
