/* The checks, by the kind of section that they start from. Private to models/spec. */
#pragma once

#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"

void spec_check_link(const Section *link, GPtrArray *findings);
void spec_check_load(const Scenario *scenario, const Section *link, GPtrArray *findings);
void spec_check_client(const Scenario *scenario, const Section *client, GPtrArray *findings);
/* Of a client or a broker. */
void spec_check_store(const Scenario *scenario, const Section *section, GPtrArray *findings);
void spec_check_quirks(const Scenario *scenario, const Section *client, GPtrArray *findings);
void spec_check_publish(const Scenario *scenario, const Section *publish, GPtrArray *findings);
void spec_check_subscribe(const Scenario *scenario, const Section *subscribe, GPtrArray *findings);
void spec_check_fault(const Scenario *scenario, const Section *fault, GPtrArray *findings);

/* An interval that is always 0s would stop the time: an error. */
void spec_check_interval(const Section *section, const char *key, GPtrArray *findings);

/* The section of that kind that a REF names, or the only one if it names none; NULL: there is none.
 */
const Section *spec_reference(const Scenario *scenario, const Section *section, const char *key,
                              const KindSpec *kind);
/* The name of the section that a fault is aimed at. */
const char *spec_fault_target(const Section *fault);
/* Whether the group's path leads over the link. */
gboolean spec_path_has(const Section *client, const char *link);
/* Whether a publish or subscribe section is of the group. */
gboolean spec_is_of(const Scenario *scenario, const Section *section, const Section *client);
/* The number of clients of a publish or subscribe section. */
gint64 spec_clients_of(const Scenario *scenario, const Section *section);
/* Whether a topic may match a filter: what stands in braces may be anything. */
gboolean spec_topic_may_match(const char *topic, const char *filter);
/* Whether it matches for certain, one filter for all: placeholders only where the filter has
 * wildcards. */
gboolean spec_topic_matches(const char *topic, const char *filter);

#define spec_error(findings, section, key, ...)                                                    \
  g_ptr_array_add(findings, finding_new(TRUE, (section)->name, key, __VA_ARGS__))
#define spec_note(findings, section, key, ...)                                                     \
  g_ptr_array_add(findings, finding_new(FALSE, (section)->name, key, __VA_ARGS__))
