/* One point of a study, fully resolved: every section with every key. This and a seed is all that a
 * run gets. Immutable once made; shared between threads. */
#pragma once

#include "sim/record/spec.h"

typedef struct {
  const KindSpec *kind;
  char *name;
  Value **values; /* one per ParamSpec of the kind, in order; NULL: absent */
} Section;

typedef enum { RECORD_SUMMARY, RECORD_MESSAGES, RECORD_TRACE } RecordLevel;

typedef struct {
  gint64 warmup_ns, duration_ns, drain_ns;
  RecordLevel record;
  GPtrArray *
      sections; /* Section *, in the order of the file; profiles that are named stand as sections */
} Scenario;

Section *section_new(const KindSpec *kind, const char *name);
void section_free(Section *section);
Scenario *scenario_new(void);
void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

const Section *scenario_section(const Scenario *scenario,
                                const char *name); /* of a model kind; NULL */

/* The key must be declared; takes the value's reference. */
void section_set(Section *section, const char *key, Value *value);
const Value *section_value(const Section *section, const char *key); /* NULL: absent */
gint64 section_int(const Section *section, const char *key);  /* INT; the value must be there */
double section_real(const Section *section, const char *key); /* REAL, INT */
const char *section_text(const Section *section, const char *key); /* NULL: absent */
const Dist *section_dist(const Section *section,
                         const char *key); /* NULL: absent or a word (never) */
gboolean section_is(const Section *section, const char *key, const char *word);
