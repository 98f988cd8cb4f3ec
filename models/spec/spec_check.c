#include "models/spec/spec_check.h"

#include <string.h>

const Section *
spec_reference(const Scenario *scenario, const Section *section, const char *key,
               const KindSpec *kind)
{
  const char *name = section_text(section, key);
  const Section *only = NULL;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *other = g_ptr_array_index(scenario->sections, i);

    if (other->kind != kind)
      continue;
    if (name && strcmp(other->name, name) == 0)
      return other;
    if (!name && only)
      return NULL;
    only = other;
  }
  return name ? NULL : only;
}

const char *
spec_fault_target(const Section *fault)
{
  const Value *target = section_value(fault, "target");

  return target->kind == VALUE_LIST ? target->list.values[target->list.n - 1]->text : target->text;
}

static gboolean
list_has(const Value *list, const char *name)
{
  for (guint i = 0; i < list->list.n; i++)
    if (value_is_word(list->list.values[i], name))
      return TRUE;
  return FALSE;
}

gboolean
spec_path_has(const Section *client, const char *link)
{
  return list_has(section_value(client, "link"), link);
}

gboolean
spec_is_of(const Scenario *scenario, const Section *section, const Section *client)
{
  const Value *clients = section_value(section, "client");

  if (clients)
    return list_has(clients, client->name);
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *other = g_ptr_array_index(scenario->sections, i);

    if (other->kind == &spec_kind_client && other != client)
      return FALSE;
  }
  return TRUE;
}

gint64
spec_clients_of(const Scenario *scenario, const Section *section)
{
  gint64 n = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *client = g_ptr_array_index(scenario->sections, i);

    if (client->kind == &spec_kind_client && spec_is_of(scenario, section, client))
      n += section_int(client, "count");
  }
  return n;
}

void
spec_check_interval(const Section *section, const char *key, GPtrArray *findings)
{
  const Dist *interval = section_dist(section, key);

  if (interval && dist_max(interval) <= 0)
    spec_error(findings, section, key, "must be above 0s");
}

void
spec_check(const Scenario *scenario, GPtrArray *findings)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);

    if (section->kind == &spec_kind_link) {
      spec_check_link(section, findings);
      spec_check_load(scenario, section, findings);
    } else if (section->kind == &spec_kind_client) {
      spec_check_client(scenario, section, findings);
      spec_check_store(scenario, section, findings);
    } else if (section->kind == &spec_kind_broker) {
      spec_check_store(scenario, section, findings);
    } else if (section->kind == &spec_kind_publish) {
      spec_check_publish(scenario, section, findings);
    } else if (section->kind == &spec_kind_subscribe) {
      spec_check_subscribe(scenario, section, findings);
    } else if (section->kind == &spec_kind_fault) {
      spec_check_fault(scenario, section, findings);
    }
  }
}
