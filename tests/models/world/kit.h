/* Whole runs for tests: a scenario from the text of an experiment file, as users write it. */
#pragma once

#include "models/world/world.h"
#include "sim/study/experiment.h"

/* Sections, profiles and checks, as the program has them. */
extern const ExperimentModel kit_model;

/* The only point of an experiment; fails the test with the file's problems. To free. */
Scenario *kit_scenario(const char *text);
/* Runs it, with the wire monitor on; fails the test on a breach. */
Outcome *kit_run(const char *text, guint64 seed);
Outcome *kit_run_scenario(const Scenario *scenario, guint64 seed);
/* A counter of an element; fails if there is no such element. */
double kit_count(const Outcome *outcome, const char *element, guint counter);
const Histogram *kit_histogram(const Outcome *outcome, const char *element, HistogramId id);
/* Fates add up in every publish section. */
void kit_assert_balanced(const Outcome *outcome);
