#include "models/spec/spec_check.h"

#include <string.h>

/* Four bytes of 7 bits, MQTT 5.0 section 1.5.5. */
#define MQTT_MAX_REMAINING_LENGTH ((1 << 28) - 1)

/* Length of the level that begins here. A placeholder may hold anything but a slash. */
static gsize
level_length(const char *topic)
{
  return strcspn(topic, "/");
}

static gboolean
level_is(const char *level, gsize length, const char *text)
{
  return length == strlen(text) && strncmp(level, text, length) == 0;
}

static gboolean
level_has_braces(const char *level, gsize length)
{
  return memchr(level, '{', length) != NULL;
}

/* $share/NAME/FILTER matches as FILTER does, section 4.8.2. */
static const char *
unshared(const char *filter)
{
  const char *name = g_str_has_prefix(filter, "$share/") ? filter + strlen("$share/") : NULL;
  const char *end = name ? strchr(name, '/') : NULL;

  return end ? end + 1 : filter;
}

/* maybe: what stands in braces may be anything; else it matches nothing but wildcards. */
static gboolean
match(const char *topic, const char *filter, gboolean maybe)
{
  filter = unshared(filter);
  /* Wildcards at the start do not match topics that begin with $ [MQTT-4.7.2-1]. */
  if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
    return FALSE;
  for (;;) {
    gsize topic_n = level_length(topic), filter_n = level_length(filter);

    if (level_is(filter, filter_n, "#"))
      return TRUE;
    if (!level_is(filter, filter_n, "+")) {
      if (level_has_braces(topic, topic_n) || level_has_braces(filter, filter_n)) {
        if (!maybe)
          return FALSE;
      } else if (topic_n != filter_n || strncmp(topic, filter, topic_n) != 0) {
        return FALSE;
      }
    }
    topic += topic_n;
    filter += filter_n;
    /* "a/#" matches "a" too, section 4.7.1.2. */
    if (*topic == '\0' || *filter == '\0')
      return (*topic == '\0' && (*filter == '\0' || strcmp(filter, "/#") == 0));
    topic++;
    filter++;
  }
}

gboolean
spec_topic_may_match(const char *topic, const char *filter)
{
  return match(topic, filter, TRUE);
}

gboolean
spec_topic_matches(const char *topic, const char *filter)
{
  return match(topic, filter, FALSE);
}

static gboolean
wildcards_stand_alone(const char *filter)
{
  for (;;) {
    gsize n = level_length(filter);
    gboolean hash = memchr(filter, '#', n) != NULL;

    if ((hash || memchr(filter, '+', n) != NULL) && n != 1)
      return FALSE;
    if (hash && filter[n] != '\0')
      return FALSE;
    if (filter[n] == '\0')
      return TRUE;
    filter += n + 1;
  }
}

/* $share/NAME/FILTER: a name of its own, and a filter behind it. */
static gboolean
is_shared_well(const char *filter)
{
  if (!g_str_has_prefix(filter, "$share/"))
    return FALSE;
  const char *name = filter + strlen("$share/");
  gsize n = strcspn(name, "/+#");

  return n > 0 && name[n] == '/' && name[n + 1] != '\0';
}

/* Whether a client is subscribed to what the stream publishes. */
static gboolean
has_subscriber(const Scenario *scenario, const char *topic)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *subscribe = g_ptr_array_index(scenario->sections, i);

    if (subscribe->kind == &spec_kind_subscribe &&
        spec_topic_may_match(topic, section_text(subscribe, "filter")))
      return TRUE;
  }
  return FALSE;
}

/* Settings of the brokers that the publishers connect to. */
static void
check_brokers(const Scenario *scenario, const Section *publish, GPtrArray *findings)
{
  gint64 qos = section_int(publish, "qos"), size = section_int(publish, "size");

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *client = g_ptr_array_index(scenario->sections, i), *broker;

    if (client->kind != &spec_kind_client || !spec_is_of(scenario, publish, client))
      continue;
    broker = spec_reference(scenario, client, "broker", &spec_kind_broker);
    if (broker && qos > section_int(broker, "maximum_qos"))
      spec_note(findings, publish, "qos",
                "qos is above the maximum_qos of [broker %s]: a client must not send it "
                "[MQTT-3.2.2-11], publish() fails",
                broker->name);
    if (broker && section_int(publish, "retain") && !section_int(broker, "retain_available"))
      spec_note(findings, publish, "retain",
                "retain: [broker %s] keeps no messages: in mqtt5 a client must not send it "
                "[MQTT-3.2.2-14], publish() fails",
                broker->name);
    if (broker && size >= section_int(broker, "maximum_packet_size"))
      spec_note(findings, publish, "size",
                "size: no message fits the maximum_packet_size of [broker %s] [MQTT-3.2.2-15]",
                broker->name);
  }
}

void
spec_check_publish(const Scenario *scenario, const Section *publish, GPtrArray *findings)
{
  const char *topic = section_text(publish, "topic");
  const Dist *start = section_dist(publish, "start");
  gint64 n = spec_clients_of(scenario, publish);

  spec_check_interval(publish, "every", findings);
  if (section_int(publish, "size") > MQTT_MAX_REMAINING_LENGTH)
    spec_error(findings, publish, "size",
               "above what a packet holds, 268 435 455 B (section 1.5.5)");
  if (strpbrk(topic, "#+"))
    spec_error(findings, publish, "topic", "a name has no wildcards # and + [MQTT-3.3.2-2]");
  else if (!has_subscriber(scenario, topic))
    spec_note(findings, publish, "topic",
              "topic: no subscription matches it, nobody is owed a message");
  if (start && dist_is_constant(start) && n > 1)
    spec_note(findings, publish, "start",
              "start: %" G_GINT64_FORMAT " clients publish for the first time in one instant%s", n,
              dist_is_constant(section_dist(publish, "every")) ? ", and in every later one" : "");
  check_brokers(scenario, publish, findings);
}

/* What reaches a client does not say by which subscription it came, so one that shares a
 * subscription, which is owed a copy as a group, has no other. */
static void
check_shared(const Scenario *scenario, const Section *subscribe, GPtrArray *findings)
{
  if (!g_str_has_prefix(section_text(subscribe, "filter"), "$share/"))
    return;
  if (section_int(subscribe, "no_local"))
    spec_error(findings, subscribe, "no_local", "not with a shared subscription [MQTT-3.8.3-4]");
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *client = g_ptr_array_index(scenario->sections, i);

    if (client->kind != &spec_kind_client || !spec_is_of(scenario, subscribe, client))
      continue;
    for (guint k = 0; k < scenario->sections->len; k++) {
      const Section *other = g_ptr_array_index(scenario->sections, k);

      if (other != subscribe && other->kind == &spec_kind_subscribe &&
          spec_is_of(scenario, other, client))
        spec_error(findings, subscribe, "filter",
                   "[client %s] has [subscribe %s] too; a client of a shared subscription "
                   "can have no other",
                   client->name, other->name);
    }
  }
}

void
spec_check_subscribe(const Scenario *scenario, const Section *subscribe, GPtrArray *findings)
{
  const char *filter = section_text(subscribe, "filter");

  if (strstr(filter, "{any ") || strstr(filter, "{each "))
    spec_error(findings, subscribe, "filter",
               "{any} and {each} choose who a message is for, not what is subscribed to");
  if (!wildcards_stand_alone(filter))
    spec_error(findings, subscribe, "filter",
               "+ and # stand alone in their level, and # is the last [MQTT-4.7.1-1] "
               "[MQTT-4.7.1-2]");
  if (g_str_has_prefix(filter, "$share") && !is_shared_well(filter))
    spec_error(findings, subscribe, "filter",
               "a shared subscription is written $share/NAME/FILTER [MQTT-4.8.2-1] [MQTT-4.8.2-2]");
  check_shared(scenario, subscribe, findings);
}
