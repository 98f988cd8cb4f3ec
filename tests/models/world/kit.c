#include "tests/models/world/kit.h"

#include "models/profiles/profiles.h"
#include "models/spec/spec_model.h"

#include <string.h>

static const char *
profiles_of(const char *kind, const char **file)
{
  *file = kind;
  return profiles_text(kind);
}

const ExperimentModel kit_model = {.kinds = spec_model_kinds,
                                   .profiles = profiles_of,
                                   .derived = spec_derived,
                                   .check = spec_check};

Scenario *
kit_scenario(const char *text)
{
  const ExperimentSource source = {.path = "test.ini", .text = text, .n = strlen(text)};
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(Experiment) experiment = experiment_load(&kit_model, &source, problems);
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *line = problem_to_string(g_ptr_array_index(problems, i));
    g_test_message("%s", line);
  }
  if (experiment == NULL) {
    g_test_message("in:\n%s", text);
    g_error("the experiment of a test is wrong");
  }
  return grid_scenario(experiment->grid, 1);
}

Outcome *
kit_run_scenario(const Scenario *scenario, guint64 seed)
{
  RunRequest request = {.seed = seed, .replication = 1, .monitor = TRUE};
  Outcome *outcome = world_run(scenario, &request);
  g_assert_cmpstr(outcome->breach, ==, NULL);
  kit_assert_balanced(outcome);
  return outcome;
}

Outcome *
kit_run(const char *text, guint64 seed)
{
  g_autoptr(Scenario) scenario = kit_scenario(text);
  return kit_run_scenario(scenario, seed);
}

static const OutcomeElement *
find(const Outcome *outcome, const char *name)
{
  for (guint i = 0; i < outcome->elements->len; i++) {
    const OutcomeElement *element = g_ptr_array_index(outcome->elements, i);
    if (g_str_equal(element->name, name))
      return element;
  }
  g_error("no element %s in the outcome", name);
}

double
kit_count(const Outcome *outcome, const char *element, guint counter)
{
  return find(outcome, element)->counters[counter];
}

const Histogram *
kit_histogram(const Outcome *outcome, const char *element, HistogramId id)
{
  return &find(outcome, element)->histograms[id];
}

void
kit_assert_balanced(const Outcome *outcome)
{
  for (guint i = 0; i < outcome->elements->len; i++) {
    const OutcomeElement *element = g_ptr_array_index(outcome->elements, i);
    const double *c = element->counters;
    double causes = 0, told = 0;
    if (element->of != OF_PUBLISH)
      continue;
    g_assert_cmpfloat(c[COUNT_OWED], ==,
                      c[COUNT_ONCE] + c[COUNT_DUPLICATED] + c[COUNT_LOST] + c[COUNT_PENDING]);
    for (guint k = 0; k < CAUSE_N; k++)
      causes += c[COUNT_LOST_CAUSE + k];
    for (guint k = 0; k < FATE_N * TOLD_N; k++)
      told += c[COUNT_FATE_TOLD + k];
    g_assert_cmpfloat(causes, ==, c[COUNT_LOST]);
    g_assert_cmpfloat(told, ==, c[COUNT_OWED]);
    g_assert_cmpfloat((double)element->histograms[HISTOGRAM_LATENCY].count, ==,
                      c[COUNT_ONCE] + c[COUNT_DUPLICATED]);
  }
}
