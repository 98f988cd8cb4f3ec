/* Stores that do not keep what they seem to. */
#include "models/spec/spec_check.h"

#include <math.h>
#include <string.h>

/* Whether the group's sessions outlive its connections. */
static gboolean
keeps_session(const Section *client)
{
  if (section_is(client, "clean_start", "yes"))
    return FALSE;
  return section_is(client, "protocol", "mqtt311") || section_int(client, "session_expiry") != 0;
}

/* The mean time from one end to the next that a fault makes of one process, which it leaves no time
 * to write; INFINITY: it ends but once. */
static double
between_ends_ns(const Section *fault)
{
  const Dist *every = section_dist(fault, "every"), *gap = section_dist(fault, "gap");
  const Value *target = section_value(fault, "target");
  gboolean each = target->kind == VALUE_LIST && target->list.n == 2; /* a share of one is it */
  double share = each ? 1 : section_real(fault, "share");

  if (every == NULL && gap == NULL)
    return INFINITY;
  return (every ? dist_mean(every) : dist_mean(gap) + dist_mean(section_dist(fault, "lasts"))) /
         share;
}

static gboolean
is_ended(const Scenario *scenario, const Section *section)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *fault = g_ptr_array_index(scenario->sections, i);

    if (fault->kind == &spec_kind_fault && strcmp(spec_fault_target(fault), section->name) == 0)
      return TRUE;
  }
  return FALSE;
}

/* The fault that most often ends a process of the section without an orderly stop; NULL: none. */
static const Section *
worst_fault(const Scenario *scenario, const Section *section, double *between_ns)
{
  const Section *worst = NULL;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *fault = g_ptr_array_index(scenario->sections, i);

    if (fault->kind != &spec_kind_fault ||
        (!section_is(fault, "what", "crash") && !section_is(fault, "what", "power-loss")) ||
        strcmp(spec_fault_target(fault), section->name) != 0)
      continue;
    if (worst == NULL || between_ends_ns(fault) < *between_ns) {
      worst = fault;
      *between_ns = between_ends_ns(fault);
    }
  }
  return worst;
}

static gboolean
sends_qos2(const Scenario *scenario, const Section *client)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *publish = g_ptr_array_index(scenario->sections, i);

    if (publish->kind == &spec_kind_publish && section_int(publish, "qos") == 2 &&
        spec_is_of(scenario, publish, client))
      return TRUE;
  }
  return FALSE;
}

static void
check_snapshot(const Scenario *scenario, const Section *section, gint64 every_ns,
               GPtrArray *findings)
{
  double between_ns = INFINITY;
  const Section *fault = worst_fault(scenario, section, &between_ns);
  g_autofree char *every = value_time_to_string(every_ns);
  g_autofree char *half = value_time_to_string(every_ns / 2);

  if (fault == NULL)
    return;
  if (between_ns < (double)every_ns) {
    g_autofree char *between = value_time_to_string((gint64)between_ns);

    spec_note(findings, section, "store",
              "snapshot(%s): [fault %s] ends a process every %s, mostly before its first snapshot",
              every, fault->name, between);
  } else if (section->kind == &spec_kind_broker) {
    spec_note(findings, section, "store",
              "snapshot(%s): a crash takes back what was acknowledged since the last one, %s of "
              "messages on average",
              every, half);
  }
  if (section->kind == &spec_kind_client && sends_qos2(scenario, section))
    spec_note(findings, section, "store",
              "snapshot(%s): after a crash a client gives the QoS 2 identifiers of %s, on average, "
              "once more, and the broker takes new messages for duplicates: silently lost",
              every, half);
}

static void
check_client(const Section *client, GPtrArray *findings)
{
  gboolean clean = section_is(client, "clean_start", "yes");

  if (!keeps_session(client) && section_is(client, "session_present", "obey"))
    spec_note(findings, client, "store",
              "store keeps a session that %s ends at each connection: only messages that were "
              "never sent come back from it",
              clean ? "clean_start = yes" : "session_expiry = 0s");
}

/* Whether there is anything that a broker keeps beyond connections. */
static gboolean
has_what_lasts(const Scenario *scenario, const Section *broker)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);

    if (section->kind == &spec_kind_publish && section_int(section, "retain") != 0)
      return TRUE;
    if (section->kind == &spec_kind_client &&
        spec_reference(scenario, section, "broker", &spec_kind_broker) == broker &&
        (section_int(section, "will_retain") != 0 || keeps_session(section)))
      return TRUE;
  }
  return FALSE;
}

void
spec_check_store(const Scenario *scenario, const Section *section, GPtrArray *findings)
{
  const Value *store = section_value(section, "store");
  gboolean waits = store->kind == VALUE_CALL && strcmp(store->call.name, "every-change") == 0;

  if (!waits && section_int(section, "ack_after_store") == 0)
    spec_note(findings, section, "ack_after_store",
              "ack_after_store says nothing: only with store = every-change(latency) do "
              "acknowledgements wait");
  if (store->kind != VALUE_CALL || !is_ended(scenario, section))
    return; /* of a process that never ends it is nobody's concern */
  if (section->kind == &spec_kind_client)
    check_client(section, findings);
  else if (!has_what_lasts(scenario, section))
    spec_note(findings, section, "store",
              "store keeps nothing: every session ends with its connection (clean_start = yes, or "
              "session_expiry = 0s), and nothing is retained");
  if (!waits)
    check_snapshot(scenario, section, value_argument(store, "every")->integer, findings);
}
