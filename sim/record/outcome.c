#include "sim/record/outcome.h"

static void
element_free(gpointer data)
{
  OutcomeElement *element = data;

  for (guint i = 0; i < HISTOGRAM_N; i++)
    histogram_clear(&element->histograms[i]);
  g_free(element->name);
  g_free(element);
}

static void
event_clear(gpointer data)
{
  OutcomeEvent *event = data;

  g_free(event->where);
  g_free(event->what);
}

void
outcome_travel_clear(gpointer travel)
{
  g_free(((OutcomeTravel *)travel)->what);
}

Outcome *
outcome_new(void)
{
  Outcome *outcome = g_new0(Outcome, 1);

  outcome->elements = g_ptr_array_new_with_free_func(element_free);
  outcome->clients = g_ptr_array_new_with_free_func(g_free);
  return outcome;
}

void
outcome_free(Outcome *outcome)
{
  if (outcome == NULL)
    return;
  g_ptr_array_unref(outcome->elements);
  g_ptr_array_unref(outcome->clients);
  g_clear_pointer(&outcome->messages, g_array_unref);
  if (outcome->story != NULL) {
    g_array_set_clear_func(outcome->story, event_clear);
    g_array_unref(outcome->story);
  }
  if (outcome->travels != NULL)
    g_array_unref(outcome->travels);
  g_clear_pointer(&outcome->segments, g_array_unref);
  g_clear_pointer(&outcome->links, g_ptr_array_unref);
  g_free(outcome->breach);
  g_free(outcome);
}

OutcomeElement *
outcome_element(Outcome *outcome, MetricOf of, const char *name)
{
  for (guint i = 0; i < outcome->elements->len; i++) {
    OutcomeElement *element = outcome->elements->pdata[i];

    if (element->of == of && g_str_equal(element->name, name))
      return element;
  }
  OutcomeElement *element = g_new0(OutcomeElement, 1);

  element->of = of;
  element->name = g_strdup(name);
  g_ptr_array_add(outcome->elements, element);
  return element;
}
