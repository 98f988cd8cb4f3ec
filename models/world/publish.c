/* Who publishes what when: the workload of each publish section in each client that it names. */
#include "models/world/world-private.h"

#include <string.h>

static void
publisher_match(World *world, const Publisher *publisher, MqttBytes topic)
{
  interest_match(world->interest, publisher->client->number, topic, world->owed);
}

static inline MqttBytes
publisher_topic(const Publisher *publisher)
{
  return (MqttBytes){(const guint8 *)publisher->topic, publisher->topic_length};
}

static SELDOM void
publisher_match_own(World *world, Publisher *publisher)
{
  publisher_match(world, publisher, publisher_topic(publisher));
  publisher->n_owed = world->owed->len;
  publisher->version = interest_version(world->interest);
  g_free(publisher->owed);
  publisher->owed = g_memdup2(world->owed->data, world->owed->len * sizeof(LedgerOwed));
}

static Cause
refusal_cause(MqttPublishResult result)
{
  switch (result) {
  case MQTT_PUBLISH_ACCEPTED:
    return CAUSE_NONE;
  case MQTT_PUBLISH_OFFLINE:
  case MQTT_PUBLISH_NOT_SUPPORTED:
    return CAUSE_REFUSED_BY_CLIENT;
  case MQTT_PUBLISH_QUEUE_FULL:
    return CAUSE_CLIENT_QUEUE_FULL;
  case MQTT_PUBLISH_TOO_LARGE:
    return CAUSE_TOO_LARGE;
  }
  g_assert_not_reached();
}

static void
publish_one(World *world, const Publisher *publisher, MqttBytes topic, const LedgerOwed *owed,
            guint n_owed)
{
  PublishKind *kind = publisher->kind;
  Client *client = publisher->client;
  Group *group = &world->groups[client->group];
  gint64 now_ns = world_time(world);
  guint32 number = (guint32)(publisher - world->publishers);
  guint64 tag = ledger_publish(world->ledger, number, now_ns, owed, n_owed);
  workload_tag(world->payload, tag ^ world->disguise);
  kind->publish.topic = topic;
  MqttPublishResult result = mqtt_client_publish(client->mqtt, now_ns, &kind->publish);
  client_drain(world, client);
  ledger_returned(world->ledger, tag, now_ns, result == MQTT_PUBLISH_ACCEPTED,
                  refusal_cause(result));
  if (world_in_window(world)) {
    group->refused += result != MQTT_PUBLISH_ACCEPTED;
    group->queue_peak = MAX(group->queue_peak, mqtt_client_queued(client->mqtt));
    group->inflight_peak = MAX(group->inflight_peak, mqtt_client_inflight(client->mqtt));
  }
}

/* The topic of one message where the pattern names other clients. */
static char *
topic_for(const World *world, const char *pattern, guint32 client)
{
  const char *open = strstr(pattern, "{any ");
  if (open == NULL)
    open = strstr(pattern, "{each ");
  const char *close = strchr(open, '}');
  g_autofree char *before = g_strndup(pattern, open - pattern);
  g_autofree char *name = world_client_name(world, client);
  return g_strconcat(before, name, close + 1, NULL);
}

static void
publish_to_others(World *world, const Publisher *publisher)
{
  const PublishKind *kind = publisher->kind;
  const Group *group = kind->others;
  guint32 first = group->first, n = group->count;
  if (!kind->each) {
    /* Another client: never the publisher itself, if it belongs to the group. */
    guint32 self = publisher->client->number;
    gboolean member = self >= first && self < first + n;
    guint64 draw = random_below(&publisher->stream, publisher->calls | G_GUINT64_CONSTANT(1) << 63,
                                member && n > 1 ? n - 1 : n);
    first += (guint32)draw + (member && n > 1 && first + draw >= self);
    n = 1;
  }
  for (guint32 i = 0; i < n; i++) {
    g_autofree char *topic = topic_for(world, publisher->topic, first + i);
    publisher_match(world, publisher, mqtt_bytes(topic));
    publish_one(world, publisher, mqtt_bytes(topic), (gconstpointer)world->owed->data,
                world->owed->len);
  }
}

static void
on_publish(gpointer user, guint32 number, guint32 word)
{
  World *world = user;
  Publisher *publisher = &world->publishers[number];
  const PublishKind *kind = publisher->kind;
  (void)word;
  publisher->calls++;
  gint64 next_ns =
      sim_add(world_time(world),
              workload_interval_ns(&kind->workload, &publisher->stream, publisher->calls));
  if (next_ns < world->scenario->duration_ns)
    sim_at(world->sim, next_ns, world->kind_publish, number, 0);
  if (!publisher->client->up)
    return; /* nobody is there to call publish() */
  if (kind->others != NULL)
    publish_to_others(world, publisher);
  else {
    if (publisher->version != interest_version(world->interest))
      publisher_match_own(world, publisher);
    publish_one(world, publisher, publisher_topic(publisher), publisher->owed, publisher->n_owed);
  }
  client_pump(world, publisher->client);
}

void
publish_register(World *world)
{
  world->kind_publish = sim_register(world->sim, on_publish, world);
}

/* ---- making the streams ---- */

static const Group *
group_named_in(const World *world, const char *pattern, const char *word)
{
  const char *open = strstr(pattern, word);
  if (open == NULL)
    return NULL;
  open += strlen(word);
  for (guint i = 0; i < world->n_groups; i++) {
    const char *name = world->groups[i].section->name;
    gsize n = strlen(name);
    if (strncmp(open, name, n) == 0 && open[n] == '}')
      return &world->groups[i];
  }
  return NULL;
}

static void
setup_publisher(World *world, guint kind_number, guint32 client)
{
  PublishKind *kind = &world->publish_kinds[kind_number];
  Client *one = &world->clients[client];
  Publisher publisher = {.client = one, .kind = kind};
  g_autofree char *name = world_client_name(world, client);
  g_autofree char *purpose = g_strconcat("publish ", kind->section->name, NULL);
  publisher.stream =
      random_stream(world->request->seed, world->request->replication, name, purpose);
  publisher.topic = spec_topic(section_text(kind->section, "topic"),
                               world->groups[one->group].section->name, one->n);
  publisher.topic_length = (guint32)strlen(publisher.topic);
  guint32 number = ledger_publisher(world->ledger, kind_number, client, kind->workload.qos);
  g_assert(number == world->n_publishers);
  if (one->publisher == NONE)
    one->publisher = number;
  world->publishers[world->n_publishers++] = publisher;
  gint64 first_ns =
      sim_add(-world->scenario->warmup_ns, workload_first_ns(&kind->workload, &publisher.stream));
  if (first_ns < world->scenario->duration_ns)
    sim_at(world->sim, first_ns, world->kind_publish, number, 0);
}

void
publish_setup(World *world)
{
  guint32 n = 0, largest = 8;
  world->n_publish_kinds = world_count_sections(world->scenario, "publish");
  world->publish_kinds = g_new0(PublishKind, MAX(world->n_publish_kinds, 1));
  FOR_SECTIONS(world, "publish", section, i)
  {
    PublishKind *kind = &world->publish_kinds[i];
    const char *topic = section_text(section, "topic");
    kind->section = section;
    kind->workload.qos = (guint8)section_int(section, "qos");
    kind->workload.size = (guint32)section_int(section, "size");
    kind->workload.every = section_dist(section, "every");
    kind->workload.start = section_dist(section, "start");
    kind->publish.qos = kind->workload.qos;
    kind->publish.retain = section_int(section, "retain") != 0;
    spec_publish_properties(section, &kind->publish.properties);
    kind->each = strstr(topic, "{each ") != NULL;
    kind->others = group_named_in(world, topic, kind->each ? "{each " : "{any ");
    largest = MAX(largest, kind->workload.size);
    ledger_section(world->ledger, i, section_int(section, "deadline"));
    for (guint g = 0; g < world->n_groups; g++)
      if (world_names_group(section, world->groups[g].section->name))
        n += world->groups[g].count;
  }
  world->payload = workload_payload_new(largest);
  for (guint i = 0; i < world->n_publish_kinds; i++)
    world->publish_kinds[i].publish.payload =
        (MqttBytes){world->payload, world->publish_kinds[i].workload.size};
  world->publishers = g_new0(Publisher, MAX(n, 1));
  for (guint i = 0; i < world->n_publish_kinds; i++)
    for (guint g = 0; g < world->n_groups; g++)
      if (world_names_group(world->publish_kinds[i].section, world->groups[g].section->name))
        for (guint32 k = 0; k < world->groups[g].count; k++)
          setup_publisher(world, i, world->groups[g].first + k);
}
