#include "sim/record/value.h"

#include <math.h>

static void
assert_prints(Value *value, const char *expected)
{
  g_autofree char *text = value_to_string(value);

  g_assert_cmpstr(text, ==, expected);
  value_unref(value);
}

static void
test_times(void)
{
  static const struct {
    gint64 ns;
    const char *text;
  } cases[] = {{0, "0 s"},
               {1, "1 ns"},
               {1500, "1.5 us"},
               {90000000, "90 ms"},
               {1000001, "1.000001 ms"},
               {G_GINT64_CONSTANT(1500000000), "1.5 s"},
               {G_GINT64_CONSTANT(1000000001), "1.000000001 s"},
               {G_GINT64_CONSTANT(60000000000), "60 s"},
               {G_GINT64_CONSTANT(90000000000), "90 s"},
               {G_GINT64_CONSTANT(120000000000), "2 min"},
               {G_GINT64_CONSTANT(3600000000000), "1 h"},
               {G_GINT64_CONSTANT(65535000000000), "65535 s"},
               {G_GINT64_CONSTANT(86400000000000), "1 d"},
               {G_GINT64_CONSTANT(315360000000000000), "10 y"},
               {-1500000, "-1.5 ms"},
               {VALUE_NEVER, "never"}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    assert_prints(value_new_int(cases[i].ns, UNIT_NS), cases[i].text);
}

static void
test_units(void)
{
  assert_prints(value_new_int(7, UNIT_NONE), "7");
  assert_prints(value_new_int(VALUE_UNLIMITED, UNIT_NONE), "unlimited");
  assert_prints(value_new_int(VALUE_UNLIMITED, UNIT_BITS_PER_S), "unlimited");
  assert_prints(value_new_int(1500, UNIT_BYTES), "1500 B");
  assert_prints(value_new_int(64000, UNIT_BYTES), "64 kB");
  assert_prints(value_new_int(65536, UNIT_BYTES), "64 KiB");
  assert_prints(value_new_int(0, UNIT_BYTES), "0 B");
  assert_prints(value_new_int(1200000, UNIT_BITS_PER_S), "1200 kbit/s");
  assert_prints(value_new_int(1, UNIT_PACKETS), "1 packet");
  assert_prints(value_new_int(1000, UNIT_PACKETS), "1000 packets");
  assert_prints(value_new_real(0.02, UNIT_RATIO), "2 %");
  assert_prints(value_new_real(0.1, UNIT_RATIO), "10 %");
  assert_prints(value_new_real(1, UNIT_RATIO), "100 %");
  assert_prints(value_new_real(0.99999, UNIT_RATIO), "99.999 %");
  assert_prints(value_new_real(-0.5, UNIT_NONE), "-0.5");
  assert_prints(value_new_real(1200, UNIT_NONE), "1200");
  assert_prints(value_new_text("fleet/#"), "fleet/#");
  assert_prints(value_new_dist(dist_constant(2e6)), "2 ms");
}

static void
test_calls_and_lists(void)
{
  static const char *const names[] = {"first", "max"};
  Value *arguments[] = {value_new_int(1000000000, UNIT_NS), value_new_int(60000000000, UNIT_NS)};
  Value *call = value_new_call("backoff", names, arguments, 2);
  Value *path[] = {value_new_text("radio"), value_new_text("backhaul")};

  g_assert_true(value_equal(value_argument(call, "max"), arguments[1]));
  g_assert_null(value_argument(call, "jitter"));
  assert_prints(value_ref(call), "backoff(first=1 s, max=60 s)");
  call->call.leading = 1;
  assert_prints(call, "backoff(1 s, max=60 s)");
  assert_prints(value_new_list(path, 2), "radio, backhaul");
}

static void
test_equal(void)
{
  g_autoptr(Value) one = value_new_int(1, UNIT_NONE), other = value_new_int(1, UNIT_NONE);
  g_autoptr(Value) ns = value_new_int(1, UNIT_NS), text = value_new_text("1");
  g_autoptr(Value) dist = value_new_dist(dist_constant(1)), same = value_new_dist(dist_constant(1));

  g_assert_true(value_equal(one, other));
  g_assert_false(value_equal(one, ns));
  g_assert_false(value_equal(one, text));
  g_assert_false(value_equal(one, NULL));
  g_assert_true(value_equal(dist, same));
  g_assert_true(value_is_word(text, "1"));
  g_assert_false(value_is_word(one, "1"));
  g_assert_false(value_is_word(NULL, "1"));
}

/* Whatever a ratio is, its text is read back as the same number. */
static void
test_no_digit_is_lost(void)
{
  for (guint i = 0; i < 20000; i++) {
    double ratio = ldexp(g_test_rand_double(), -g_test_rand_int_range(0, 40));
    g_autoptr(Value) value = value_new_real(ratio, UNIT_RATIO);
    g_autofree char *text = value_to_string(value);
    long double percent = -1;
    const char *end = value_scan_number(text, &percent);

    g_assert_nonnull(end);
    g_assert_cmpstr(end, ==, " %");
    g_assert_cmpfloat((double)(percent / 100), ==, ratio);
  }
}

static void
test_scan(void)
{
  static const struct {
    const char *text, *rest;
    double number;
  } cases[] = {
      {"0", "", 0},     {"12.5ms", "ms", 12.5}, {"1e3", "", 1000}, {"1.5e-3x", "x", 0.0015},
      {"5e", "e", 5},   {"1..5", "..5", 1},     {"7.s", ".s", 7},  {"0x10", "x10", 0},
      {"1,5", ",5", 1}, {"0e99999", "", 0}};
  static const char *const none[] = {"", "-1", "+1", ".5", "nan", "inf", "e5"};
  long double number = 0;

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_assert_cmpstr(value_scan_number(cases[i].text, &number), ==, cases[i].rest);
    g_assert_cmpfloat_with_epsilon((double)number, cases[i].number, 1e-15);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
    g_assert_null(value_scan_number(none[i], &number));
  g_assert_nonnull(value_scan_number("1e99999", &number));
  g_assert_true(isinf((double)number));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/record/value/times", test_times);
  g_test_add_func("/record/value/units", test_units);
  g_test_add_func("/record/value/calls and lists", test_calls_and_lists);
  g_test_add_func("/record/value/equal", test_equal);
  g_test_add_func("/record/value/no digit is lost", test_no_digit_is_lost);
  g_test_add_func("/record/value/scan", test_scan);
  return g_test_run();
}
