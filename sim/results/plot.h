/* Pictures from runs. For each picture three files are written: NAME.tsv with the data, NAME.gp, a
 * gnuplot script that stands alone beside it, and the picture that gnuplot makes of both. */
#pragma once

#include "sim/results/store.h"
#include "sim/results/summary.h"

typedef enum { PLOT_LINE, PLOT_CDF } PlotKind;

typedef enum {
  PLOT_ERROR_INPUT,   /* a metric or factor that is not there, or nothing to draw */
  PLOT_ERROR_FILE,    /* a file could not be written */
  PLOT_ERROR_GNUPLOT  /* gnuplot is missing or failed; its own words are in the message */
} PlotError;
#define PLOT_ERROR (plot_error_quark())
GQuark plot_error_quark(void);

/* All is borrowed. points and outcomes go together by position; points that are not to be drawn are
 * left out by the caller. */
typedef struct {
  PlotKind kind;
  const char *name;  /* of the files */
  const char *title;
  const char *const *metrics; /* NULL-ended; PLOT_CDF: "latency", "ack_latency", "job.latency" */
  const char *x;              /* PLOT_LINE: a factor, or a metric: points joined in their order */
  const char *const *by;      /* NULL-ended factors, or NULL: one series */
  const char *const *panel;   /* likewise: one panel for each metric */
  gboolean x_log, y_log;      /* PLOT_CDF with y_log: the share still missing, 1 - F */
  double confidence;
  GPtrArray *points;   /* StorePoint * */
  GPtrArray *outcomes; /* GPtrArray * of Outcome * */
} Plot;

/* Writes the files into the directory, which must exist. format: "svg", "png". Returns the path of
 * the picture, to free. A picture is complete or, after an error, as it was before. */
char *plot_draw(const Plot *plot, const char *directory, const char *format, GError **error);
