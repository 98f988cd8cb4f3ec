/* What a terminal shows: times, counts and the line of progress. */
#include <string.h>

#include "sim/cli/term.h"

static void
test_clock(void)
{
  static const struct {
    double seconds;
    const char *text;
  } cases[] = {
      {0, "0:00"},     {8.9, "0:08"},     {59.99, "0:59"},       {60, "1:00"}, {754, "12:34"},
      {3599, "59:59"}, {3600, "1:00:00"}, {360001, "100:00:01"}, {-1, "0:00"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = term_clock(cases[i].seconds);

    g_assert_cmpstr(text, ==, cases[i].text);
  }
}

static void
test_amounts(void)
{
  static const struct {
    double amount;
    const char *text;
  } cases[] = {
      {0, "0"},           {999, "999"},     {1000, "1 000"},   {66420, "66 420"},
      {820000, "0.82 M"}, {9.7e6, "9.7 M"}, {1.62e8, "162 M"}, {2.5e9, "2.5 G"},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = term_amount(cases[i].amount);

    g_assert_cmpstr(text, ==, cases[i].text);
  }
}

static void
test_progress(void)
{
  g_autofree char *line = progress_line(347, 540, 0, 6.56e6, 8, 120);
  g_autofree char *narrow = progress_line(347, 540, 0, 6.56e6, 8, 60);
  g_autofree char *begun = progress_line(100, 540, 100, 0, 0, 80);

  g_assert_true(g_str_has_prefix(line, "  347/540 runs  [###"));
  g_assert_true(g_str_has_suffix(line, "...]  0.82 M messages/s  0:08 gone, 0:04 left"));
  g_assert_null(strchr(narrow, '['));
  g_assert_nonnull(strstr(narrow, "0:04 left"));
  /* Before the first run is done nobody knows what is left. */
  g_assert_null(strstr(begun, "left"));
}

/* Time left is by the runs of this call: those found in the database took none. */
static void
test_progress_continued(void)
{
  g_autofree char *line = progress_line(400, 500, 300, 1e6, 10, 120);

  g_assert_true(g_str_has_suffix(line, "0:10 gone, 0:10 left"));
}

static void
test_progress_fits(void)
{
  for (guint columns = 1; columns < 200; columns++) {
    g_autofree char *line = progress_line(123456, 654321, 0, 1e9, 5000, columns);

    g_assert_cmpuint(strlen(line), <, columns);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/term/clock", test_clock);
  g_test_add_func("/term/amounts", test_amounts);
  g_test_add_func("/term/progress", test_progress);
  g_test_add_func("/term/progress-continued", test_progress_continued);
  g_test_add_func("/term/progress-fits", test_progress_fits);
  return g_test_run();
}
