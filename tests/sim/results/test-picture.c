#include "sim/results/picture.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

typedef struct {
  char *folder, *path;
  GPtrArray *points, *outcomes;
} Fixture;

static void
outcomes_free(gpointer data)
{
  g_ptr_array_unref(data);
}

static GPtrArray *
make_outcomes(guint lost, double extra)
{
  GPtrArray *outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);

  for (guint r = 0; r < 5; r++) {
    Outcome *outcome = outcome_new();
    OutcomeElement *e = outcome_element(outcome, OF_PUBLISH, "reading");

    e->counters[COUNT_OWED] = 100;
    e->counters[COUNT_ONCE] = 100 - lost;
    e->counters[COUNT_LOST] = lost;
    e->counters[COUNT_EXTRA_COPIES] = extra * (100 - lost) * (1 + 0.01 * r);
    for (guint i = 0; i < 100 - lost; i++)
      histogram_add(&e->histograms[HISTOGRAM_LATENCY], 100000000 + i * 10000000);
    g_ptr_array_add(outcomes, outcome);
  }
  return outcomes;
}

static void
add_point(Fixture *f, const char *link, const char *text, double timeout, guint lost)
{
  StorePoint *point = store_point_new(f->points->len + 1, "");
  g_autofree char *resolved = isinf(timeout) ? g_strdup("never") : g_strdup_printf("%g s", timeout);

  store_point_add(point, "sensor.link", link, link, NAN);
  store_point_add(point, "sensor.ack_timeout", text, resolved, timeout);
  g_ptr_array_add(f->points, point);
  g_ptr_array_add(f->outcomes, make_outcomes(lost, isinf(timeout) ? 0 : 1 / timeout));
}

static void
set_up(Fixture *f, gconstpointer data)
{
  static const char *const links[] = {"it's \"a\" link", "satellite_2"};

  (void)data;
  f->folder = g_dir_make_tmp("qosim-plot-XXXXXX", NULL);
  f->path = g_strdup(g_getenv("PATH"));
  f->points = g_ptr_array_new_with_free_func((GDestroyNotify)store_point_free);
  f->outcomes = g_ptr_array_new_with_free_func(outcomes_free);
  for (guint i = 0; i < 2; i++) {
    add_point(f, links[i], "10 * rtt", 3, 1 + i);
    add_point(f, links[i], "never", INFINITY, 0);
    add_point(f, links[i], "rtt", 0.3, 10);
  }
}

static void
tear_down(Fixture *f, gconstpointer data)
{
  g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
  const char *name;

  (void)data;
  g_setenv("PATH", f->path, TRUE);
  while ((name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *path = g_build_filename(f->folder, name, NULL);

    g_unlink(path);
  }
  g_rmdir(f->folder);
  g_free(f->folder);
  g_free(f->path);
  g_ptr_array_unref(f->points);
  g_ptr_array_unref(f->outcomes);
}

static const char *const extra[] = {"extra_copies", NULL};
static const char *const by_link[] = {"sensor.link", NULL};

static Picture
make_picture(const Fixture *f)
{
  return (Picture){
      .kind = PICTURE_LINE,
      .name = "cost",
      .title = "What does it cost, 'really'?",
      .metrics = extra,
      .x = "sensor.ack_timeout",
      .by = by_link,
      .x_log = TRUE,
      .confidence = 0.95,
      .points = f->points,
      .outcomes = f->outcomes,
  };
}

static char *
contents(const Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename(f->folder, name, NULL);
  char *text = NULL;

  return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

/* A gnuplot of our own, in an empty PATH. */
static void
fake_gnuplot(const Fixture *f, const char *script)
{
  g_autofree char *program = g_build_filename(f->folder, "gnuplot", NULL);

  g_setenv("PATH", f->folder, TRUE);
  if (script == NULL)
    return;
  g_assert_true(g_file_set_contents(program, script, -1, NULL));
  g_assert_cmpint(g_chmod(program, 0700), ==, 0);
}

static gboolean
has_gnuplot(void)
{
  g_autofree char *path = g_find_program_in_path("gnuplot");

  if (path == NULL)
    g_test_skip("no gnuplot");
  return path != NULL;
}

static void
test_data(Fixture *f, gconstpointer data)
{
  Picture plot = make_picture(f);

  (void)data;
  fake_gnuplot(f, NULL);
  g_assert_null(picture_draw(&plot, f->folder, "svg", NULL));
  g_autofree char *tsv = contents(f, "cost.tsv");
  g_auto(GStrv) blocks = g_strsplit(tsv, "\n\n\n", -1);

  g_assert_cmpuint(g_strv_length(blocks), ==, 3); /* two series and what is left */
  g_auto(GStrv) lines = g_strsplit(blocks[0], "\n", -1);

  g_assert_cmpstr(lines[0], ==, "# x\tseries\tpanel\tvalue\tlow\thigh\tat");
  /* In rising order; `never` comes last, after a break of the line, right of the numbers. */
  g_assert_true(g_str_has_prefix(lines[1], "0.3\tit's \"a\" link\t\t3.4"));
  g_assert_true(g_str_has_prefix(lines[2], "3\tit's \"a\" link\t\t0.34"));
  g_assert_cmpstr(lines[3], ==, "");
  g_assert_cmpfloat(g_ascii_strtod(lines[4], NULL), >, 4);
  g_assert_true(g_str_has_suffix(lines[4], "\t0\t0\t0\tnever"));
  g_auto(GStrv) columns = g_strsplit(lines[1], "\t", -1);

  g_assert_cmpuint(g_strv_length(columns), ==, 7);
  g_assert_cmpstr(columns[6], ==, "0.3 s");
  g_assert_cmpfloat(g_ascii_strtod(columns[4], NULL), <, g_ascii_strtod(columns[3], NULL));
  g_assert_cmpfloat(g_ascii_strtod(columns[5], NULL), >, g_ascii_strtod(columns[3], NULL));
}

/* The curve of a distribution ends at what was delivered, and stays there. */
static void
test_cdf_ends_at_delivery(Fixture *f, gconstpointer data)
{
  static const char *const latency[] = {"reading.latency", NULL};
  Picture plot = make_picture(f);

  (void)data;
  plot.kind = PICTURE_CDF;
  plot.metrics = latency;
  plot.x_log = FALSE;
  g_ptr_array_set_size(f->points, 3);
  g_ptr_array_remove_range(f->points, 0, 2); /* what is left loses one of ten */
  g_ptr_array_remove_range(f->outcomes, 0, 2);
  fake_gnuplot(f, NULL);
  for (guint i = 0; i < 2; i++) {
    plot.y_log = i == 1;
    g_assert_null(picture_draw(&plot, f->folder, "svg", NULL));
    g_autofree char *tsv = contents(f, "cost.tsv");
    g_auto(GStrv) lines = g_strsplit(g_strchomp(tsv), "\n", -1);
    g_auto(GStrv) last = g_strsplit(lines[g_strv_length(lines) - 1], "\t", -1);

    g_assert_cmpfloat_with_epsilon(g_ascii_strtod(last[3], NULL), i == 0 ? 0.9 : 0.1, 1e-9);
  }
}

/* Where nothing arrives for a while, the curve is flat, and no slope pretends otherwise; marks lie
 * on the curve, some way apart. */
static void
test_cdf_is_flat_between(Fixture *f, gconstpointer data)
{
  static const char *const latency[] = {"latency", NULL};
  Picture plot = make_picture(f);
  double x_before = -1, y_before = 0;
  guint rows = 0, flat = 0, marks = 0;

  (void)data;
  plot.kind = PICTURE_CDF;
  plot.metrics = latency;
  g_ptr_array_set_size(f->points, 1);
  fake_gnuplot(f, NULL);
  g_assert_null(picture_draw(&plot, f->folder, "svg", NULL));
  g_autofree char *tsv = contents(f, "cost.tsv");
  g_auto(GStrv) lines = g_strsplit(g_strchomp(tsv), "\n", -1);

  for (guint i = 1; lines[i] != NULL; i++) {
    g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);
    double x = g_ascii_strtod(columns[0], NULL), y = g_ascii_strtod(columns[3], NULL);

    g_assert_cmpfloat(x, >=, x_before);
    g_assert_cmpfloat(y, >=, y_before);
    rows++;
    flat += x > x_before && y == y_before;
    if (!g_str_equal(columns[4], "NaN")) {
      marks++;
      g_assert_cmpstr(columns[4], ==, columns[3]);
    }
    x_before = x;
    y_before = y;
  }
  g_assert_cmpuint(flat, >, 20); /* 99 latencies, ten milliseconds apart */
  g_assert_cmpuint(marks, >=, 4);
  g_assert_cmpuint(marks, <, rows / 4);
}

/* Zero is no absent point on a logarithmic axis, nor is `never` on any. */
static void
test_apart(Fixture *f, gconstpointer data)
{
  static const char *const arrival[] = {"arrival_p95", NULL};
  Picture plot = make_picture(f);

  (void)data;
  fake_gnuplot(f, NULL);
  for (guint i = 0; i < 2; i++) {
    plot.y_log = TRUE;
    if (i == 1)
      plot.metrics = arrival;
    g_assert_null(picture_draw(&plot, f->folder, "svg", NULL));
    g_autofree char *tsv = contents(f, "cost.tsv");
    g_autofree char *script = contents(f, "cost.gp");
    const char *line = strstr(script, "array y_tics");
    g_autofree char *tics = g_strndup(line, strcspn(line, "\n"));

    g_assert_true(strstr(tics, i == 0 ? "\"0\" " : "\"never\" ") != NULL);
    /* The data say what is so, wherever it is drawn. */
    g_assert_nonnull(strstr(tsv, i == 0 ? "\t0\t0\t0\tnever" : "\tnever\t"));
  }
}

/* Each metric has its row; what the panels around say already is not said again. */
static void
test_rows(Fixture *f, gconstpointer data)
{
  static const char *const metrics[] = {"extra_copies", "delivery_ratio", NULL};
  static const char *const expected[] = {
      "panels = 4\ncolumns = 2\nrows = 2\n",
      "array slots[4] = [0, 1, 2, 3]\n",
      "array x_labels[4] = ['', '', 'sensor.ack_timeout', 'sensor.ack_timeout']\n",
      "'sensor.link = satellite_2', '', '']\n",
      "array y_labels[4] = ['extra copies per' . nl . 'obligation met', '', ",
      "'delivery ratio (%)', '']\n",
  };
  Picture plot = make_picture(f);

  (void)data;
  plot.metrics = metrics;
  plot.panel = by_link;
  plot.by = NULL;
  fake_gnuplot(f, NULL);
  g_assert_null(picture_draw(&plot, f->folder, "svg", NULL));
  g_autofree char *script = contents(f, "cost.gp");

  for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
    if (strstr(script, expected[i]) == NULL)
      g_error("not there: %s", expected[i]);
}

/* What gnuplot reads is text to it, not commands; without a title the experiment's stands there. */
static void
test_titles(Fixture *f, gconstpointer data)
{
  static const char *const titles[] = {"`touch ran` $(touch ran) \\ \"it's\" @x", NULL};
  Picture plot = make_picture(f);
  g_autofree char *ran = g_build_filename(f->folder, "ran", NULL);

  (void)data;
  if (!has_gnuplot())
    return;
  for (guint i = 0; i < 2; i++) {
    g_autoptr(GError) error = NULL;

    plot.title = titles[i];
    plot.subject = "How long should a sensor wait for a PUBACK before it sends once more, and what "
                   "is it to do then?";
    g_autofree char *path = picture_draw(&plot, f->folder, "svg", &error);

    g_assert_no_error(error);
    g_assert_true(g_str_has_suffix(path, "/cost.svg"));
    g_autofree char *svg = contents(f, "cost.svg");
    g_autofree char *script = contents(f, "cost.gp");

    g_assert_nonnull(strstr(svg, i == 0 ? "`touch ran`" : "How long"));
    g_assert_nonnull(strstr(script, i == 0 ? "title_lines = 1\n" : "title_lines = 2\n"));
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
  }
}

static void
test_no_gnuplot(Fixture *f, gconstpointer data)
{
  Picture plot = make_picture(f);
  g_autoptr(GError) error = NULL;

  (void)data;
  fake_gnuplot(f, NULL);
  g_assert_null(picture_draw(&plot, f->folder, "svg", &error));
  g_assert_error(error, PICTURE_ERROR, PICTURE_ERROR_GNUPLOT);
  g_assert_nonnull(strstr(error->message, "there is no gnuplot"));
  g_autofree char *script = contents(f, "cost.gp");

  g_assert_nonnull(script); /* to be drawn elsewhere */
}

static void
test_gnuplot_fails(Fixture *f, gconstpointer data)
{
  Picture plot = make_picture(f);
  g_autoptr(GError) error = NULL;
  g_autofree char *old = g_build_filename(f->folder, "cost.svg", NULL);

  (void)data;
  g_assert_true(g_file_set_contents(old, "the old picture", -1, NULL));
  fake_gnuplot(f, "#!/bin/sh\necho partial >.cost.part\necho 'line 7: no such terminal' >&2\n"
                  "exit 1\n");
  g_assert_null(picture_draw(&plot, f->folder, "svg", &error));
  g_assert_error(error, PICTURE_ERROR, PICTURE_ERROR_GNUPLOT);
  g_assert_nonnull(strstr(error->message, "line 7: no such terminal"));
  g_autofree char *picture = contents(f, "cost.svg");
  g_autofree char *partial = contents(f, ".cost.part");

  g_assert_cmpstr(picture, ==, "the old picture");
  g_assert_null(partial);
  g_clear_error(&error);
  fake_gnuplot(f, "#!/bin/sh\nexit 0\n");
  g_assert_null(picture_draw(&plot, f->folder, "svg", &error));
  g_assert_nonnull(strstr(error->message, "no picture"));
}

static void
test_draws(Fixture *f, gconstpointer data)
{
  static const char *const metrics[] = {"extra_copies", "reading.delivery_ratio", NULL};
  static const char *const latency[] = {"latency", NULL};
  static const char *const none[] = {NULL};
  Picture pictures[] = {make_picture(f), make_picture(f), make_picture(f), make_picture(f),
                        make_picture(f)};

  (void)data;
  if (!has_gnuplot())
    return;
  pictures[1].metrics = metrics;
  pictures[1].panel = by_link;
  pictures[1].by = none;
  pictures[2].y_log = TRUE;
  pictures[2].x_log = FALSE;
  pictures[3].x = "sensor.link"; /* words */
  pictures[3].by = NULL;
  pictures[4].kind = PICTURE_CDF;
  pictures[4].metrics = latency;
  pictures[4].y_log = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(pictures); i++)
    for (guint k = 0; k < 2; k++) {
      g_autoptr(GError) error = NULL;
      g_autofree char *path = picture_draw(&pictures[i], f->folder, k == 0 ? "svg" : "png", &error);

      g_assert_no_error(error);
      g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
      if (k == 1)
        continue;
      g_autofree char *svg = contents(f, "cost.svg");

      g_assert_nonnull(strstr(svg, "really"));
      g_assert_nonnull(strstr(svg, "satellite_2"));
      g_assert_nonnull(strstr(svg, "</svg>"));
    }
}

/* The script stands alone: the same picture by hand, from the folder. */
static void
test_script_stands_alone(Fixture *f, gconstpointer data)
{
  Picture plot = make_picture(f);
  const char *argv[] = {"gnuplot", "-d", "cost.gp", NULL};
  g_autoptr(GError) error = NULL;
  int status = -1;

  (void)data;
  if (!has_gnuplot())
    return;
  g_autofree char *path = picture_draw(&plot, f->folder, "svg", &error);

  g_assert_no_error(error);
  g_autofree char *first = contents(f, "cost.svg");

  g_unlink(path);
  g_assert_true(g_spawn_sync(f->folder, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                             NULL, &status, NULL));
  g_assert_cmpint(status, ==, 0);
  g_autofree char *second = contents(f, "cost.svg");

  g_assert_cmpstr(first, ==, second);
}

static void
test_bad_input(Fixture *f, gconstpointer data)
{
  static const char *const unknown[] = {"nonsense", NULL};
  static const char *const silent[] = {"nobody.delivery_ratio", NULL};
  g_autoptr(GPtrArray) nothing = g_ptr_array_new();

  (void)data;
  for (guint i = 0; i < 5; i++) {
    Picture plot = make_picture(f);
    g_autoptr(GError) error = NULL;

    if (i == 0)
      plot.metrics = unknown;
    else if (i == 1)
      plot.x = "radio.loss";
    else if (i == 2)
      plot.metrics = silent;
    else if (i == 3)
      plot.points = plot.outcomes = nothing;
    else
      plot.kind = PICTURE_CDF; /* of extra_copies */
    g_assert_null(picture_draw(&plot, f->folder, "svg", &error));
    g_assert_nonnull(error);
    g_autofree char *tsv = contents(f, "cost.tsv");

    g_assert_null(tsv);
  }
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test)(Fixture *, gconstpointer);
  } tests[] = {
      {"/picture/data", test_data},
      {"/picture/cdf-ends-at-delivery", test_cdf_ends_at_delivery},
      {"/picture/cdf-is-flat-between", test_cdf_is_flat_between},
      {"/picture/apart", test_apart},
      {"/picture/rows", test_rows},
      {"/picture/titles", test_titles},
      {"/picture/no-gnuplot", test_no_gnuplot},
      {"/picture/gnuplot-fails", test_gnuplot_fails},
      {"/picture/draws", test_draws},
      {"/picture/script-stands-alone", test_script_stands_alone},
      {"/picture/bad-input", test_bad_input},
  };

  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run();
}
