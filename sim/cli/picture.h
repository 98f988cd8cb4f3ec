/* A plot of the experiment as the results draw it. Study and results each have a Plot of their own
 * and do not know each other's; here one is handed over to the other, field by field. */
#pragma once

#include "sim/results/store.h"

/* Fields as in sim/results/plot.h; all is borrowed. */
typedef struct {
  gboolean is_cdf;
  const char *name, *title, *x;
  const char *const *metrics, *const *by, *const *panel;
  gboolean x_log, y_log;
  double confidence;
  GPtrArray *points, *outcomes;
} Picture;

/* Returns the path of the picture, to free. *is_input is set if an error is one of the plot that
 * was asked for, and not of the machine. */
char *picture_draw(const Picture *picture, const char *directory, const char *format,
                   gboolean *is_input, GError **error);
