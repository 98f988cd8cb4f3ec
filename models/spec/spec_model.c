#include "models/spec/spec_model.h"

#include <string.h>

#include "models/spec/spec_kinds.h"

const KindSpec *const spec_model_kinds[] = {
    &spec_kind_link,    &spec_kind_tcp,       &spec_kind_broker, &spec_kind_client,
    &spec_kind_publish, &spec_kind_subscribe, &spec_kind_fault,  NULL,
};

static double
link_rtt_ns(const Section *section)
{
  LinkConfig config;
  double rtt_ns;

  spec_link(section, &config);
  rtt_ns = config.rtt ? dist_median(config.rtt) : 0;
  for (guint d = NET_UP; d <= NET_DOWN; d++)
    rtt_ns += dist_median(config.direction[d].delay);
  return rtt_ns;
}

gboolean
spec_derived(const Scenario *scenario, const Section *section, const char *name, double *value)
{
  if (strcmp(name, "rtt") != 0)
    return FALSE;
  if (section->kind == &spec_kind_link) {
    *value = link_rtt_ns(section);
    return TRUE;
  }
  if (section->kind != &spec_kind_client)
    return FALSE;

  const Value *path = section_value(section, "link");

  *value = 0;
  for (guint i = 0; i < path->list.n; i++) {
    const Section *link = scenario_section(scenario, path->list.values[i]->text);

    if (!link || link->kind != &spec_kind_link)
      return FALSE;
    *value += link_rtt_ns(link);
  }
  return TRUE;
}

/* Appends what stands for the placeholder between braces; FALSE: it is left as it is. */
static gboolean
replace(GString *out, const char *inside, gsize length, const char *group, guint n)
{
  if (length == 6 && strncmp(inside, "client", 6) == 0) {
    g_string_append_printf(out, "%s-%u", group, n);
  } else if (length == 5 && strncmp(inside, "group", 5) == 0) {
    g_string_append(out, group);
  } else if (length == 1 && inside[0] == 'n') {
    g_string_append_printf(out, "%u", n);
  } else if (length == 3 && strncmp(inside, "n:", 2) == 0 && g_ascii_isdigit(inside[2])) {
    g_string_append_printf(out, "%0*u", g_ascii_digit_value(inside[2]), n);
  } else {
    return FALSE;
  }
  return TRUE;
}

char *
spec_topic(const char *pattern, const char *group, guint n)
{
  g_autoptr(GString) out = g_string_new(NULL);

  while (*pattern != '\0') {
    const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;

    if (end && replace(out, pattern + 1, (gsize)(end - pattern - 1), group, n))
      pattern = end + 1;
    else
      g_string_append_c(out, *pattern++);
  }
  return g_strdup(out->str); /* each client of a fleet keeps one: no room to spare */
}
