#include "sim/record/finding.h"

static const char *const words[] = {"one", "two", NULL};
static const ParamSpec params[] = {{"count", PARAM_INT},
                                   {"mode", PARAM_WORD, .words = words},
                                   {"delay", PARAM_DIST},
                                   {"share", PARAM_RATIO},
                                   {NULL}};
static const KindSpec kind = {"link", "", params, FALSE, TRUE};
static const KindSpec own = {"plot", "", params, FALSE, FALSE};
static const KindSpec *const kinds[] = {&kind, &own, NULL};

static void
test_find(void)
{
  g_assert_true(spec_param(&kind, "mode") == &params[1]);
  g_assert_null(spec_param(&kind, "mod"));
  g_assert_true(spec_kind(kinds, "plot") == &own);
  g_assert_null(spec_kind(kinds, "lin"));
}

static void
test_nearest(void)
{
  static const char *const names[] = {"ack_timeout", "keep_alive", "link", "tcp"};
  static const struct {
    const char *text, *nearest;
  } cases[] = {{"ack_timeot", "ack_timeout"},
               {"ack_tiemout", "ack_timeout"},
               {"lnik", "link"},
               {"keepalive", "keep_alive"},
               {"tpc", "tcp"},
               {"x", NULL},
               {"", NULL},
               {"window", NULL},
               {"Link", "link"}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    g_assert_cmpstr(spec_nearest(cases[i].text, names, G_N_ELEMENTS(names)), ==, cases[i].nearest);
}

static void
test_section(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  Section *section = section_new(&kind, "radio");

  g_ptr_array_add(scenario->sections, section_new(&own, "radio"));
  g_ptr_array_add(scenario->sections, section);
  section_set(section, "count", value_new_int(3, UNIT_NONE));
  section_set(section, "count", value_new_int(4, UNIT_NONE));
  section_set(section, "mode", value_new_text("two"));
  section_set(section, "share", value_new_real(0.25, UNIT_RATIO));
  g_assert_true(scenario_section(scenario, "radio") == section);
  g_assert_null(scenario_section(scenario, "wire"));
  g_assert_cmpint(section_int(section, "count"), ==, 4);
  g_assert_cmpfloat(section_real(section, "count"), ==, 4);
  g_assert_cmpfloat(section_real(section, "share"), ==, 0.25);
  g_assert_cmpstr(section_text(section, "mode"), ==, "two");
  g_assert_true(section_is(section, "mode", "two"));
  g_assert_false(section_is(section, "mode", "one"));
  g_assert_null(section_dist(section, "delay"));
  section_set(section, "delay", value_new_text("never"));
  g_assert_null(section_dist(section, "delay"));
  section_set(section, "delay", value_new_dist(dist_constant(5)));
  g_assert_cmpfloat(dist_median(section_dist(section, "delay")), ==, 5);
}

static void
test_finding(void)
{
  Finding *finding = finding_new(TRUE, "radio", "count", "%d is %s", 3, "few");

  g_assert_true(finding->error);
  g_assert_cmpstr(finding->section, ==, "radio");
  g_assert_cmpstr(finding->key, ==, "count");
  g_assert_cmpstr(finding->message, ==, "3 is few");
  finding_free(finding);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/record/spec/find", test_find);
  g_test_add_func("/record/spec/nearest", test_nearest);
  g_test_add_func("/record/scenario/section", test_section);
  g_test_add_func("/record/finding", test_finding);
  return g_test_run();
}
