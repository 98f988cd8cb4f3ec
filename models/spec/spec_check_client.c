#include "models/spec/spec_check.h"

#include <string.h>

static gboolean
link_can_cut(const Section *link)
{
  LinkConfig config;

  spec_link(link, &config);
  return config.outage_every != NULL || config.outage_gap != NULL;
}

/* Whether the streams of the group alone keep a mapping alive: one that never pauses for longer. */
static gboolean
is_never_silent(const Scenario *scenario, const Section *client, gint64 timeout_ns)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);

    if (section->kind == &spec_kind_publish && spec_is_of(scenario, section, client) &&
        dist_max(section_dist(section, "every")) <= (double)timeout_ns)
      return TRUE;
  }
  return FALSE;
}

/* Whether a NAT on the link may forget the group's connections while they are in use. */
static gboolean
nat_can_cut(const Scenario *scenario, const Section *client, const Section *link)
{
  gint64 timeout_ns = section_int(link, "nat_timeout");

  return timeout_ns != VALUE_NEVER && section_int(client, "keep_alive") > timeout_ns &&
         !is_never_silent(scenario, client, timeout_ns);
}

/* Whether a fault is aimed at the client, its broker or a link of its path. */
static gboolean
fault_hits(const Scenario *scenario, const Section *fault, const Section *client)
{
  const Section *broker = spec_reference(scenario, client, "broker", &spec_kind_broker);
  const char *name = spec_fault_target(fault);

  return strcmp(name, client->name) == 0 || (broker && strcmp(name, broker->name) == 0) ||
         spec_path_has(client, name);
}

/* Whether the experiment does anything that may end a connection of the group. */
static gboolean
can_disconnect(const Scenario *scenario, const Section *client)
{
  if (section_is(client, "on_ack_timeout", "reconnect") &&
      section_int(client, "ack_timeout") != VALUE_NEVER)
    return TRUE;
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *other = g_ptr_array_index(scenario->sections, i);

    if (other->kind == &spec_kind_link && spec_path_has(client, other->name) &&
        (link_can_cut(other) || nat_can_cut(scenario, client, other)))
      return TRUE;
    if (other->kind == &spec_kind_fault && fault_hits(scenario, other, client))
      return TRUE;
  }
  return FALSE;
}

/* The highest QoS of the group's streams and subscriptions. */
static gint64
highest_qos(const Scenario *scenario, const Section *client)
{
  gint64 highest = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);

    if ((section->kind == &spec_kind_publish || section->kind == &spec_kind_subscribe) &&
        spec_is_of(scenario, section, client))
      highest = MAX(highest, section_int(section, "qos"));
  }
  return highest;
}

static void
check_session(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  gboolean mqtt5 = section_is(client, "protocol", "mqtt5");
  gboolean clean = section_is(client, "clean_start", "yes");
  gint64 expiry_ns = section_int(client, "session_expiry");
  gint64 qos = highest_qos(scenario, client);

  if (!mqtt5 && expiry_ns != 0)
    spec_note(findings, client, "session_expiry",
              "session_expiry says nothing in mqtt311: a session ends with its connection if "
              "clean_start = yes, else never");
  if (!mqtt5 && section_is(client, "clean_start", "first") && qos > 0 &&
      can_disconnect(scenario, client))
    spec_note(
        findings, client, "clean_start",
        "clean_start = first in mqtt311: a session that begins clean ends with its connection "
        "(section 3.1.2.4), so it is kept from the second one on");
  if (mqtt5 && clean && expiry_ns != 0)
    spec_note(findings, client, "clean_start",
              "clean_start = yes discards the session that session_expiry keeps [MQTT-3.1.2-4]");
  else if (mqtt5 && !clean && expiry_ns == 0)
    spec_note(
        findings, client, "session_expiry",
        "session_expiry = 0s ends the session with its connection, so clean_start = no finds none");
  else if (qos > 0 && clean && can_disconnect(scenario, client))
    spec_note(findings, client, "clean_start",
              "clean_start = yes with QoS %" G_GINT64_FORMAT
              ": what is under way when a connection "
              "ends is lost",
              qos);
}

static void
check_ack_timeout(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  gint64 timeout_ns = section_int(client, "ack_timeout");
  gboolean mqtt5 = section_is(client, "protocol", "mqtt5");
  double rtt_ns;

  if (timeout_ns == VALUE_NEVER)
    return;
  if (spec_derived(scenario, client, "rtt", &rtt_ns) && (double)timeout_ns < rtt_ns) {
    g_autofree char *rtt = value_time_to_string((gint64)rtt_ns);

    spec_note(
        findings, client, "ack_timeout",
        "ack_timeout is below the round trip of %s: it expires before any acknowledgement can come",
        rtt);
  }
  if (section_is(client, "on_ack_timeout", "resend"))
    spec_note(findings, client, "on_ack_timeout",
              "on_ack_timeout = resend sends on a live connection: %s",
              mqtt5 ? "mqtt5 forbids it [MQTT-4.4.0-1]; legal in mqtt311"
                    : "legal in mqtt311; mqtt5 forbids it [MQTT-4.4.0-1]");
}

static void
check_nat(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *link = g_ptr_array_index(scenario->sections, i);
    g_autofree char *timeout = NULL;

    if (link->kind != &spec_kind_link || !spec_path_has(client, link->name) ||
        !nat_can_cut(scenario, client, link))
      continue;
    timeout = value_time_to_string(section_int(link, "nat_timeout"));
    spec_note(findings, client, "keep_alive",
              "keep_alive is above the nat_timeout of [link %s], %s: a silent connection is dead "
              "before the next PINGREQ",
              link->name, timeout);
  }
}

static void
check_goodbye(const Section *client, GPtrArray *findings)
{
  gboolean mqtt5 = section_is(client, "protocol", "mqtt5");
  gboolean changes = !section_is(client, "disconnect_expiry", "as-set");

  if (section_is(client, "goodbye", "with-will") && !mqtt5)
    spec_error(findings, client, "goodbye", "DISCONNECT has no reason in mqtt311");
  if (section_is(client, "goodbye", "with-will") && section_is(client, "will", "none"))
    spec_note(findings, client, "goodbye", "goodbye = with-will: there is no will");
  if (changes && !mqtt5)
    spec_error(findings, client, "disconnect_expiry", "DISCONNECT has no properties in mqtt311");
  else if (changes && section_int(client, "session_expiry") == 0 &&
           section_int(client, "disconnect_expiry") != 0)
    spec_error(findings, client, "disconnect_expiry",
               "a session that ends with its connection (session_expiry = 0s) cannot be kept by "
               "DISCONNECT (section 3.14.2.2.2)");
}

static void
check_connecting(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  gboolean tcp_alone = section_value(client, "connack_timeout") != NULL;
  gint64 timeout_ns = section_int(client, "connect_timeout");
  const Value *reconnect = section_value(client, "reconnect");
  const Dist *start = section_dist(client, "start");
  gint64 n = section_int(client, "count");
  double rtt_ns;

  /* A round trip for TCP and one for CONNECT. */
  if (timeout_ns != VALUE_NEVER && !tcp_alone && spec_derived(scenario, client, "rtt", &rtt_ns) &&
      (double)timeout_ns < 2 * rtt_ns)
    spec_note(findings, client, "connect_timeout",
              "connect_timeout is below two round trips, which TCP and CONNACK take: it can hardly "
              "ever connect");
  if (reconnect->kind == VALUE_CALL &&
      value_argument(reconnect, "max")->integer < value_argument(reconnect, "initial")->integer)
    spec_error(findings, client, "reconnect", "max is below the first delay");
  if (start && dist_max(start) > (double)scenario->warmup_ns)
    spec_error(findings, client, "start", "may lie behind the warm-up");
  if (start && dist_is_constant(start) && n > 1)
    spec_note(findings, client, "start",
              "start: %" G_GINT64_FORMAT " clients connect in one instant", n);
}

static void
check_subscriptions(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  guint n = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *subscribe = g_ptr_array_index(scenario->sections, i);

    if (subscribe->kind == &spec_kind_subscribe && spec_is_of(scenario, subscribe, client) &&
        ++n == SPEC_SUBSCRIPTIONS_MAX + 1)
      spec_error(findings, subscribe, "client",
                 "at most %d [subscribe] sections for one group; %s has more",
                 SPEC_SUBSCRIPTIONS_MAX, client->name);
  }
}

void
spec_check_client(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  check_session(scenario, client, findings);
  check_ack_timeout(scenario, client, findings);
  check_nat(scenario, client, findings);
  check_connecting(scenario, client, findings);
  spec_check_quirks(scenario, client, findings);
  check_goodbye(client, findings);
  check_subscriptions(scenario, client, findings);
  if (section_int(client, "keep_alive") == VALUE_NEVER && can_disconnect(scenario, client))
    spec_note(findings, client, "keep_alive",
              "keep_alive = never: a client that only listens does not notice that its connection "
              "is dead");
}

void
spec_check_fault(const Scenario *scenario, const Section *fault, GPtrArray *findings)
{
  const Section *section = scenario_section(scenario, spec_fault_target(fault));
  gboolean outage = section_is(fault, "what", "outage");

  if (section && outage != (section->kind == &spec_kind_link))
    spec_error(findings, fault, "what", "%s",
               outage ? "an outage is of a link"
                      : "a crash, a restart or a loss of power is of a broker or a client");
  spec_check_interval(fault, "every", findings);
  spec_check_interval(fault, "gap", findings);
  if (section_dist(fault, "every") && section_dist(fault, "gap"))
    spec_error(findings, fault, "gap",
               "gap (from end to start) and every (from start to start) exclude each other");
  if (!outage && !section_is(fault, "direction", "both"))
    spec_note(findings, fault, "direction", "direction has an effect on an outage only");
  if (section_real(fault, "share") <= 0)
    spec_error(findings, fault, "share", "a share is above 0%%");
  if (outage && dist_max(section_dist(fault, "lasts")) <= 0)
    spec_note(findings, fault, "lasts", "lasts = 0s: such an outage stops nothing");
}
