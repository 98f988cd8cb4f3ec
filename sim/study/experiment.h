/* An experiment file, checked: what is asked, over which points, with how many replications, and
 * what is to be drawn.
 *
 * Knows the sections [experiment], [sweep] and [plot]; those of the model come as tables of
 * ParamSpec, their profiles as text, and what only the model can say (derived values, settings that
 * contradict) as functions. */
#pragma once

#include "sim/record/finding.h"
#include "sim/study/grid.h"
#include "sim/study/problem.h"

typedef struct {
  const KindSpec *const *kinds; /* sections of the model, NULL-ended */
  /* All profiles of a kind in the syntax of the experiment file, sections [kind name]; *file gets
   * the name for messages. NULL: there are none. Static. */
  const char *(*profiles)(const char *kind, const char **file);
  /* Values that expressions may use besides keys, in ns: see spec_derived(). May be NULL. */
  gboolean (*derived)(const Scenario *scenario, const Section *section, const char *name,
                      double *value);
  /* Appends Findings (the array does not own them) about a resolved point. May be NULL. */
  void (*check)(const Scenario *scenario, GPtrArray *findings);
} ExperimentModel;

typedef struct {
  /* Of the file; with text: only its name, and the folder that samples() are relative to. */
  const char *path;
  const char *text; /* NULL: read the file */
  gsize n;          /* bytes of text */
  /* "SECTION.KEY=VALUE", "$NAME=VALUE" or "experiment.KEY=VALUE", NULL-ended; may be NULL. */
  const char *const *overrides;
  gboolean any_size; /* more than EXPERIMENT_MAX_POINTS points are wanted */
} ExperimentSource;

#define EXPERIMENT_MAX_POINTS 10000
#define EXPERIMENT_MAX_COMBINATIONS 1000000 /* whatever any_size says */

typedef enum { PLOT_LINE, PLOT_CDF } PlotKind;

typedef struct {
  char *name;
  guint line;
  PlotKind kind;
  char *title; /* the name, if none was given */
  /* char *: metrics; of a cdf histogram_name()s, perhaps with a section before: "reading.latency".
   */
  GPtrArray *metrics;
  char *x; /* a factor or a metric; NULL: there is no factor, or the plot is a cdf */
  gboolean x_is_metric;
  GPtrArray *by, *panel; /* char *: names of factors */
  Condition *where;      /* NULL: all points */
  char *where_text;
  gboolean x_log, y_log;
} Plot;

/* What a check notes about some points. */
typedef struct {
  char *file;
  guint line;
  char *section;  /* "[client sensor]" */
  char *text;     /* as the model's check worded it */
  GArray *points; /* guint, rising */
} ExperimentNote;

typedef struct {
  char *path;
  char *text; /* the file verbatim */
  gsize text_n;
  char **overrides; /* as given; NULL-ended */
  char *title;
  gint64 warmup_ns, duration_ns, drain_ns;
  guint repeat;
  guint64 seed;
  double confidence;
  RecordLevel record;
  GPtrArray *table; /* char *: metrics */
  GPtrArray *plots; /* Plot * */
  GPtrArray *notes; /* ExperimentNote *, by line */
  Grid *grid;
  char *key; /* SHA-256 in hex over everything that all points share and that a run depends on */
} Experiment;

/* NULL if the file has an error: all of them are then in problems, sorted. Any bytes are safe. */
Experiment *experiment_load(const ExperimentModel *model, const ExperimentSource *source,
                            GPtrArray *problems);
void experiment_free(Experiment *experiment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Experiment, experiment_free)

guint64 experiment_runs(const Experiment *experiment); /* points x repeat */
/* experiment, sweep and plot, for `qosim keys`; NULL-ended. */
extern const KindSpec *const experiment_kinds[];
