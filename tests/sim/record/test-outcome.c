#include "sim/record/outcome.h"

static void
test_elements(void)
{
  g_autoptr(Outcome) outcome = outcome_new();
  OutcomeElement *reading = outcome_element(outcome, OF_PUBLISH, "reading");
  OutcomeElement *link = outcome_element(outcome, OF_LINK, "reading");

  g_assert_true(reading != link);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *name = g_strdup_printf("client-%u", i);

    outcome_element(outcome, OF_CLIENT, name);
  }
  g_assert_true(outcome_element(outcome, OF_PUBLISH, "reading") == reading);
  g_assert_cmpuint(outcome->elements->len, ==, 102);
  g_assert_cmpfloat(reading->counters[COUNT_OWED], ==, 0);
  histogram_add(&reading->histograms[HISTOGRAM_LATENCY], 5);
}

static void
test_owns_all(void)
{
  Outcome *outcome = outcome_new();

  outcome->messages = g_array_new(FALSE, TRUE, sizeof(OutcomeMessage));
  g_array_set_size(outcome->messages, 10);
  outcome->story = g_array_new(FALSE, TRUE, sizeof(OutcomeEvent));
  OutcomeEvent event = {.at_ns = 1, .where = g_strdup("hub"), .what = g_strdup("PUBLISH 7")};

  g_array_append_val(outcome->story, event);
  outcome->travels = g_array_new(FALSE, TRUE, sizeof(OutcomeTravel));
  g_array_set_clear_func(outcome->travels, outcome_travel_clear);
  OutcomeTravel travel = {.at_ns = 1, .what = g_strdup("PUBLISH")};
  g_array_append_val(outcome->travels, travel);
  g_ptr_array_add(outcome->clients, g_strdup("sensor-1"));
  outcome->breach = g_strdup("two deliveries");
  outcome_free(outcome); /* the address sanitizer counts what is left */
  outcome_free(NULL);
}

static void
test_names(void)
{
  for (guint i = 0; i < FATE_N; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr(fate_name(i), !=, fate_name(j));
  for (guint i = 0; i < CAUSE_N; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr(cause_name(i), !=, cause_name(j));
  g_assert_cmpstr(told_name(TOLD_SUCCESS), ==, "success");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/outcome/elements", test_elements);
  g_test_add_func("/outcome/owns-all", test_owns_all);
  g_test_add_func("/outcome/names", test_names);
  return g_test_run();
}
