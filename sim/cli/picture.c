#include "sim/cli/picture.h"

#include "sim/results/plot.h"

char *
picture_draw(const Picture *picture, const char *directory, const char *format, gboolean *is_input,
             GError **error)
{
  Plot plot = {
      .kind = picture->is_cdf ? PLOT_CDF : PLOT_LINE,
      .name = picture->name,
      .title = picture->title,
      .metrics = picture->metrics,
      .x = picture->x,
      .by = picture->by,
      .panel = picture->panel,
      .x_log = picture->x_log,
      .y_log = picture->y_log,
      .confidence = picture->confidence,
      .points = picture->points,
      .outcomes = picture->outcomes,
  };
  GError *problem = NULL;
  char *path = plot_draw(&plot, directory, format, &problem);

  *is_input = g_error_matches(problem, PLOT_ERROR, PLOT_ERROR_INPUT);
  if (!path)
    g_propagate_error(error, problem);
  return path;
}
