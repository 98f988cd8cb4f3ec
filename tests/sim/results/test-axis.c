#include "sim/results/axis.h"

#include <math.h>

static Axis
make_axis(gboolean log, const double *values, guint n)
{
  Axis axis;

  axis_begin(&axis, log);
  for (guint i = 0; i < n; i++)
    axis_add(&axis, values[i]);
  axis_end(&axis, 0.2);
  return axis;
}

static void
test_places(void)
{
  const double values[] = {0, 10, NAN, INFINITY, 1000, -5};

  for (guint i = 0; i < 2; i++) {
    Axis axis = make_axis(i == 1, values, G_N_ELEMENTS(values));

    g_assert_cmpfloat(axis.low, ==, i == 1 ? 10 : -5);
    g_assert_cmpfloat(axis.high, ==, 1000);
    g_assert_cmpfloat(axis_place(&axis, 20), ==, 20);
    g_assert_cmpfloat(axis_place(&axis, INFINITY), >, axis_never_gap(&axis));
    g_assert_cmpfloat(axis_never_gap(&axis), >, 1000);
    g_assert_true(isnan(axis_place(&axis, NAN)));
    g_assert_cmpfloat_with_epsilon(axis_value(&axis, axis_position(&axis, 70)), 70, 1e-9);
    if (i == 0) { /* zero is a number like others */
      g_assert_cmpfloat(axis_place(&axis, 0), ==, 0);
      g_assert_true(isnan(axis_zero_gap(&axis)));
    } else {
      g_assert_cmpfloat(axis_place(&axis, 0), <, axis_zero_gap(&axis));
      g_assert_cmpfloat(axis_zero_gap(&axis), <, 10);
      g_assert_true(isnan(axis_place(&axis, -5)));
    }
  }
}

static void
test_nothing_but_apart(void)
{
  const double values[] = {0, INFINITY};
  Axis axis = make_axis(TRUE, values, 2);

  g_assert_false(axis.has_numbers);
  g_assert_cmpfloat(axis.low, <, axis.high);
  g_assert_cmpfloat(axis_place(&axis, 0), <, axis_place(&axis, INFINITY));
}

static void
test_number_tics(void)
{
  static const struct {
    gboolean log;
    double low, high;
    const char *tics;
  } cases[] = {
      {FALSE, 0, 1, "\"0\" 0, \"0.2\" 0.2"},
      {FALSE, -3, 21, "\"0\" 0, \"5\" 5, \"10\" 10, \"15\" 15, \"20\" 20"},
      {FALSE, 95.2, 100.1, "\"96\" 96, \"97\" 97, \"98\" 98, \"99\" 99, \"100\" 100"},
      {FALSE, 0, 4e6, "\"0\" 0, \"1e6\" 1000000, \"2e6\" 2000000"},
      {TRUE, 3, 45, "\"\" 3 1, \"\" 4 1, \"5\" 5"},
      {TRUE, 1e-5, 100, "\"1e-5\" "},
      {TRUE, 1, 1e12, "\"1\" 1, \"\" 10 1, \"100\" 100"},
      {TRUE, 3.2, 4.3, "\"3.2\" "}, /* where 1, 2 and 5 are far away */
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const double ends[] = {cases[i].low, cases[i].high};
    Axis axis = make_axis(cases[i].log, ends, 2);
    g_autoptr(GString) tics = g_string_new(NULL);

    axis_number_tics(&axis, tics);
    g_test_message("%s", tics->str);
    g_assert_true(g_str_has_prefix(tics->str, cases[i].tics));
  }
}

/* Between two and twelve labels, for any range. */
static void
test_number_of_tics(void)
{
  for (guint i = 0; i < 2000; i++) {
    gboolean log = g_test_rand_bit();
    double low = pow(10, g_test_rand_double_range(-6, 6));
    double high = low * (1 + pow(10, g_test_rand_double_range(-1.5, log ? 12 : 3)));
    const double ends[] = {low, high};
    Axis axis = make_axis(log, ends, 2);
    g_autoptr(GString) tics = g_string_new(NULL);
    guint labels = 0;

    axis_number_tics(&axis, tics);
    g_auto(GStrv) each = g_strsplit(tics->str, ", ", -1);

    for (guint k = 0; each[k] != NULL; k++)
      labels += !g_str_has_prefix(each[k], "\"\"");
    g_assert_cmpuint(labels, >=, 2);
    g_assert_cmpuint(labels, <=, 12);
  }
}

static void
test_labels_are_harmless(void)
{
  g_autoptr(GString) tics = g_string_new(NULL);

  axis_add_tic(tics, "10 %", 0.5, 0);
  axis_add_tic(tics, "\"`\\", 1, 0);
  g_assert_cmpstr(tics->str, ==, "\"10 %%\" 0.5, \"'''\" 1");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/axis/places", test_places);
  g_test_add_func("/axis/nothing-but-apart", test_nothing_but_apart);
  g_test_add_func("/axis/number-tics", test_number_tics);
  g_test_add_func("/axis/number-of-tics", test_number_of_tics);
  g_test_add_func("/axis/labels-are-harmless", test_labels_are_harmless);
  return g_test_run();
}
