/* Values from text, for tests: the notations that the tables of models/spec and the profiles use.
 * The full grammar is read by sim/study, which these tests must not know. */
#pragma once

#include "sim/record/scenario.h"

/* NULL: not understood, or out of the words and the range of the key. */
Value *values_parse(const ParamSpec *spec, const char *text);
/* A section with all its defaults, owned by the scenario. */
Section *values_section(Scenario *scenario, const KindSpec *kind, const char *name);
void values_set(Section *section, const char *key, const char *text);
