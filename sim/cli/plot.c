/* qosim plot: draws what the experiment asks for. */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/results/picture.h"

typedef struct {
  Database *database;
  const char *directory, *format;
  GPtrArray **outcomes; /* of each point of the database; NULL: not read so far */
} Drawing;

static GPtrArray *
point_outcomes(Drawing *drawing, guint i, GError **error)
{
  if (!drawing->outcomes[i])
    drawing->outcomes[i] =
        store_outcomes(drawing->database->store, drawing->database->points->pdata[i], NULL, error);
  return drawing->outcomes[i];
}

/* The points that have runs and for which the plot's condition holds. */
static gboolean
choose(Drawing *drawing, const Plot *plot, Picture *picture, GError **error)
{
  for (guint i = 0; i < drawing->database->points->len; i++) {
    StorePoint *point = drawing->database->points->pdata[i];
    GPtrArray *outcomes;

    if (!point->runs || (plot->where && !condition_holds(plot->where, point->number)))
      continue;
    outcomes = point_outcomes(drawing, i, error);
    if (!outcomes)
      return FALSE;
    g_ptr_array_add(picture->points, point);
    g_ptr_array_add(picture->outcomes, outcomes);
  }
  return TRUE;
}

static const char *const *
ended(GPtrArray *names)
{
  g_ptr_array_add(names, NULL);
  return (const char *const *)names->pdata;
}

static GPtrArray *
borrow(const GPtrArray *names)
{
  GPtrArray *copy = g_ptr_array_new();

  for (guint i = 0; names && i < names->len; i++)
    g_ptr_array_add(copy, names->pdata[i]);
  return copy;
}

static CliStatus
draw(Drawing *drawing, const Plot *plot)
{
  g_autoptr(GPtrArray) metrics = borrow(plot->metrics);
  g_autoptr(GPtrArray) by = borrow(plot->by);
  g_autoptr(GPtrArray) panel = borrow(plot->panel);
  g_autoptr(GPtrArray) points = g_ptr_array_new();
  g_autoptr(GPtrArray) outcomes = g_ptr_array_new();
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  Picture picture = {
      .kind = plot->kind == PLOT_CDF ? PICTURE_CDF : PICTURE_LINE,
      .name = plot->name,
      .title = g_str_equal(plot->title, plot->name) ? NULL : plot->title, /* none was given */
      .subject = drawing->database->experiment->title,
      .metrics = ended(metrics),
      .x = plot->x,
      .by = ended(by),
      .panel = ended(panel),
      .x_log = plot->x_log,
      .y_log = plot->y_log,
      .confidence = drawing->database->experiment->confidence,
      .points = points,
      .outcomes = outcomes,
  };

  if (!choose(drawing, plot, &picture, &error)) {
    cli_error("%s", error->message);
    return cli_store_status(error);
  }
  if (!points->len) {
    cli_error("plot %s: no run of its points is in the database", plot->name);
    return CLI_USAGE;
  }
  path = picture_draw(&picture, drawing->directory, drawing->format, &error);
  if (!path) {
    cli_error("plot %s: %s", plot->name, error->message);
    return g_error_matches(error, PICTURE_ERROR, PICTURE_ERROR_INPUT) ? CLI_USAGE : CLI_FAILED;
  }
  g_print("%s\n", path);
  return CLI_DONE;
}

static const Plot *
find_plot(const Experiment *experiment, const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *near;

  for (guint i = 0; i < experiment->plots->len; i++) {
    const Plot *plot = experiment->plots->pdata[i];

    if (g_str_equal(plot->name, name))
      return plot;
    g_ptr_array_add(names, plot->name);
  }
  near = spec_nearest(name, (const char *const *)names->pdata, names->len);
  if (near) {
    cli_error("there is no plot %s; nearest: %s", name, near);
  } else {
    g_autofree char *list = NULL;

    g_ptr_array_add(names, NULL);
    list = g_strjoinv(", ", (char **)names->pdata);
    cli_error("there is no plot %s; there are: %s", name, list);
  }
  return NULL;
}

/* Those named, or all. NULL: one is not there, which was said. */
static GPtrArray *
choose_plots(const Experiment *experiment, char **names)
{
  g_autoptr(GPtrArray) plots = g_ptr_array_new();

  if (!experiment->plots->len) {
    cli_error("the experiment has no section [plot NAME]; see qosim keys plot");
    return NULL;
  }
  for (guint i = 0; !*names && i < experiment->plots->len; i++)
    g_ptr_array_add(plots, experiment->plots->pdata[i]);
  for (; *names; names++) {
    const Plot *plot = find_plot(experiment, *names);

    if (!plot)
      return NULL;
    g_ptr_array_add(plots, (gpointer)plot);
  }
  return g_steal_pointer(&plots);
}

static CliStatus
draw_all(Drawing *drawing, const GPtrArray *plots)
{
  CliStatus status = CLI_DONE;

  if (g_mkdir_with_parents(drawing->directory, 0777) != 0) {
    cli_error("cannot make the folder %s: %s", drawing->directory, g_strerror(errno));
    return CLI_FAILED;
  }
  if (!g_file_test(drawing->directory, G_FILE_TEST_IS_DIR)) {
    cli_error("cannot make the folder %s: a file has that name", drawing->directory);
    return CLI_FAILED;
  }
  drawing->outcomes = g_new0(GPtrArray *, drawing->database->points->len + 1);
  /* A plot that cannot be drawn does not stand in the way of the others. */
  for (guint i = 0; i < plots->len; i++) {
    CliStatus drawn = draw(drawing, plots->pdata[i]);

    status = MAX(status, drawn);
  }
  for (guint i = 0; i < drawing->database->points->len; i++)
    g_clear_pointer(&drawing->outcomes[i], g_ptr_array_unref);
  g_free(drawing->outcomes);
  return status;
}

static char *
default_directory(const char *database)
{
  if (g_str_has_suffix(database, ".db") && strlen(database) > 3)
    return g_strndup(database, strlen(database) - 3);
  return g_strconcat(database, "-plots", NULL);
}

int
plot_command(int argc, char **argv)
{
  g_autofree char *directory = NULL, *format = NULL;
  const GOptionEntry entries[] = {
      {"directory", 'd', 0, G_OPTION_ARG_FILENAME, &directory,
       "where the pictures go; default: the name of DB without .db", "DIR"},
      {"type", 't', 0, G_OPTION_ARG_STRING, &format, "kind of picture: svg (default) or png",
       "TYPE"},
      {NULL},
  };
  g_autoptr(Database) database = NULL;
  g_autoptr(GPtrArray) plots = NULL;
  CliStatus status;
  Drawing drawing;

  if (!cli_parse(&argc, &argv, entries, "DB [NAME...]",
                 "Draws the plots that the experiment of the database DB asks for, or those that\n"
                 "are named. Beside each picture stand the data it shows, as NAME.tsv, and the\n"
                 "gnuplot script that drew it, as NAME.gp.",
                 NULL, 1, G_MAXINT))
    return CLI_USAGE;
  if (format && !g_str_equal(format, "svg") && !g_str_equal(format, "png")) {
    cli_error("-t %s: svg or png", format);
    return CLI_USAGE;
  }
  database = cli_open(argv[1], &status);
  if (!database)
    return status;
  plots = choose_plots(database->experiment, argv + 2);
  if (!plots)
    return CLI_USAGE;
  if (!directory)
    directory = default_directory(argv[1]);
  drawing =
      (Drawing){.database = database, .directory = directory, .format = format ? format : "svg"};
  return draw_all(&drawing, plots);
}
