/* Pictures from runs. For each picture three files are written: NAME.tsv with the data, NAME.gp, a
 * gnuplot script that stands alone beside it, and the picture that gnuplot makes of both. */
#pragma once

#include "sim/results/store.h"
#include "sim/results/summary.h"

typedef enum { PICTURE_LINE, PICTURE_CDF } PictureKind;

typedef enum {
  PICTURE_ERROR_INPUT,  /* a metric or factor that is not there, or nothing to draw */
  PICTURE_ERROR_FILE,   /* a file could not be written */
  PICTURE_ERROR_GNUPLOT /* gnuplot is missing or failed; its own words are in the message */
} PictureError;
#define PICTURE_ERROR (picture_error_quark())
GQuark picture_error_quark(void);

/* All is borrowed. points and outcomes go together by position; points that are not to be drawn are
 * left out by the caller. */
typedef struct {
  PictureKind kind;
  const char *name;           /* of the files */
  const char *title;          /* NULL: none; then the subject stands above the picture, small */
  const char *subject;        /* of the experiment */
  const char *const *metrics; /* NULL-ended; PICTURE_CDF: "latency", "ack_latency", "job.latency" */
  const char *x;            /* PICTURE_LINE: a factor, or a metric: points joined in their order */
  const char *const *by;    /* NULL-ended factors, or NULL: one series */
  const char *const *panel; /* likewise: one panel for each metric */
  gboolean x_log, y_log;    /* PICTURE_CDF with y_log: the share still missing, 1 - F */
  double confidence;
  GPtrArray *points;   /* StorePoint * */
  GPtrArray *outcomes; /* GPtrArray * of Outcome * */
} Picture;

/* Writes the files into the directory, which must exist. format: "svg", "png". Returns the path of
 * the picture, to free. A picture is complete or, after an error, as it was before; the message of
 * the error does not name it. */
char *picture_draw(const Picture *picture, const char *directory, const char *format,
                   GError **error);
