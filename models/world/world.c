/* Makes a world of a scenario and runs it. */
#include "models/world/world-private.h"

#include <string.h>

#define CANCEL_STEPS 1024 /* events between two looks at the request's cancel flag */

enum { MARK_ZERO, MARK_WINDOW_END };

char *
world_client_name(const World *world, guint32 client)
{
  const Client *one = &world->clients[client];
  return g_strdup_printf("%s-%u", world->groups[one->group].section->name, one->n);
}

guint32
world_client_number(const World *world, MqttBytes client_id)
{
  guint32 digits = client_id.length;
  while (digits > 0 && g_ascii_isdigit(client_id.data[digits - 1]))
    digits--;
  if (digits == 0 || digits == client_id.length || client_id.data[digits - 1] != '-')
    return NONE;
  g_autofree char *number =
      g_strndup((const char *)client_id.data + digits, client_id.length - digits);
  guint64 n = g_ascii_strtoull(number, NULL, 10);
  for (guint i = 0; i < world->n_groups; i++) {
    const char *name = world->groups[i].section->name;
    if (strlen(name) == digits - 1 && memcmp(name, client_id.data, digits - 1) == 0 && n >= 1 &&
        n <= world->groups[i].count)
      return world->groups[i].first + (guint32)n - 1;
  }
  return NONE;
}

void
world_breach(World *world, const char *format, ...)
{
  va_list args;
  if (world->breach != NULL)
    return;
  va_start(args, format);
  world->breach = g_strdup_vprintf(format, args);
  va_end(args);
}

/* Part of [from, to) that lies in the window, in seconds. */
static double
window_overlap_s(const World *world, gint64 from_ns, gint64 to_ns)
{
  gint64 low = MAX(from_ns, 0), high = MIN(to_ns, world->scenario->duration_ns);
  return high > low ? (double)(high - low) / 1e9 : 0;
}

void
world_offline(World *world, guint32 number)
{
  const Client *client = &world->clients[number];
  if (client->offline_since_ns != SIM_NEVER)
    world->groups[client->group].offline_s +=
        window_overlap_s(world, client->offline_since_ns, world_time(world));
}

void
world_detect(World *world, guint32 number, guint end)
{
  const Conn *conn = &world->conns[number];
  Group *group = conn->group;
  if (conn->doomed_ns < 0 || conn->doomed_ns >= world->scenario->duration_ns ||
      tcp_stream_end(conn->stream[CLIENT_END]) <= 1)
    return; /* not doomed, not in the window, or never a connection */
  if (conn->doomed_ns > world_time(world))
    return; /* what was sent waits in a queue, and the outage begins before it is transmitted */
  histogram_add(&group->detect[end], world_time(world) - conn->doomed_ns);
  if (end == CLIENT_END)
    group->blind_s += window_overlap_s(world, conn->doomed_ns, world_time(world));
}

void
world_down(World *world, guint32 number)
{
  Client *client = &world->clients[number];
  world->groups[client->group].down_s +=
      window_overlap_s(world, client->down_since_ns, world_time(world));
}

/* ---- making a world ---- */

guint
world_count_sections(const Scenario *scenario, const char *kind)
{
  guint n = 0;
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);
    n += g_str_equal(section->kind->kind, kind);
  }
  return n;
}

gboolean
world_names_group(const Section *section, const char *group)
{
  const Value *list = section_value(section, "client");
  for (guint i = 0; i < list->list.n; i++)
    if (g_str_equal(list->list.values[i]->text, group))
      return TRUE;
  return FALSE;
}

static void
setup_store(World *world, Medium **store, MediumKind kind, guint32 client, guint32 broker,
            const char *element)
{
  if (kind.latency == NULL && kind.every_ns == 0)
    return;
  MediumConfig config = {.kind = kind, .client = client, .broker = broker};
  config.stream =
      random_stream(world->request->seed, world->request->replication, element, "store");
  *store = medium_new(world, &config);
}

static MediumKind
store_kind(const Section *section)
{
  const Value *value = section_value(section, "store");
  if (value == NULL || value->kind != VALUE_CALL)
    return (MediumKind){NULL, 0};
  if (g_str_equal(value->call.name, "snapshot"))
    return (MediumKind){NULL, value_argument(value, "every")->integer};
  return (MediumKind){value_argument(value, "latency")->dist, 0};
}

/* NULL: takes no time. */
static const Dist *
time_taken(const Section *section, const char *key)
{
  const Dist *dist = section_dist(section, key);
  return dist != NULL && dist_max(dist) > 0 ? dist : NULL;
}

/* What a host's clock shows at time zero: no two tick at one instant, or an outage of a fixed phase
 * would meet the same look at the clock in each replication. Never negative in a run. */
static gint64
clock_of(const World *world, const char *element)
{
  RandomStream stream =
      random_stream(world->request->seed, world->request->replication, element, "clock");
  return world->scenario->warmup_ns + (gint64)(random_uniform(&stream, 0) * 3600e9);
}

static void
setup_brokers(World *world)
{
  world->n_brokers = world_count_sections(world->scenario, "broker");
  world->brokers = g_new0(Broker, MAX(world->n_brokers, 1));
  FOR_SECTIONS(world, "broker", section, i)
  {
    Broker *broker = &world->brokers[i];
    broker->section = section;
    broker->number = i;
    broker->up = TRUE;
    spec_broker(section, &broker->mqtt_config);
    spec_tcp(scenario_section(world->scenario, section_text(section, "tcp")), &broker->tcp);
    spec_socket(section, &broker->tcp);
    broker->nagle = section_int(section, "nagle") != 0;
    broker->process = time_taken(section, "process");
    broker->process_stream =
        random_stream(world->request->seed, world->request->replication, section->name, "process");
    g_queue_init(&broker->waiting);
    broker->mqtt_config.clock_ns = clock_of(world, section->name);
    broker->mqtt = mqtt_broker_new(&broker->mqtt_config, &world->events);
    setup_store(world, &broker->store, store_kind(section), NONE, i, section->name);
  }
}

static void
setup_links(World *world)
{
  world->n_link_kinds = world_count_sections(world->scenario, "link");
  world->link_kinds = g_new0(LinkKind, MAX(world->n_link_kinds, 1));
  FOR_SECTIONS(world, "link", section, i)
  {
    LinkKind *kind = &world->link_kinds[i];
    kind->section = section;
    spec_link(section, &kind->config);
    kind->shared = section_int(section, "shared") != 0;
    kind->shared_number = NONE;
    kind->numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
  }
}

static guint32
link_for(World *world, const char *section_name, const char *client_name)
{
  LinkKind *kind = world->link_kinds;
  while (!g_str_equal(kind->section->name, section_name))
    kind++;
  if (kind->shared_number != NONE)
    return kind->shared_number;
  g_autofree char *name =
      kind->shared ? g_strdup(section_name) : g_strconcat(section_name, "/", client_name, NULL);
  guint32 number = net_link_new(world->net, &kind->config, name, world->request->seed,
                                world->request->replication);
  g_array_append_val(kind->numbers, number);
  if (world->capture != NULL)
    capture_link(world->capture, name);
  if (world->segments != NULL)
    segments_link(world->segments, name);
  if (kind->shared)
    kind->shared_number = number;
  return number;
}

static Resubscribe
resubscribe_of(const Section *section)
{
  if (section_is(section, "resubscribe", "always"))
    return RESUBSCRIBE_ALWAYS;
  return section_is(section, "resubscribe", "never") ? RESUBSCRIBE_NEVER : RESUBSCRIBE_SESSION_LOST;
}

static Goodbye
goodbye_of(const Section *section)
{
  if (section_is(section, "goodbye", "with-will"))
    return GOODBYE_WITH_WILL;
  return section_is(section, "goodbye", "vanish") ? GOODBYE_VANISH : GOODBYE_DISCONNECT;
}

static void
setup_groups(World *world)
{
  world->n_groups = world_count_sections(world->scenario, "client");
  world->groups = g_new0(Group, MAX(world->n_groups, 1));
  FOR_SECTIONS(world, "client", section, i)
  {
    Group *group = &world->groups[i];
    group->section = section;
    spec_client(section, &group->mqtt);
    spec_tcp(scenario_section(world->scenario, section_text(section, "tcp")), &group->tcp);
    spec_socket(section, &group->tcp);
    spec_reconnect(section, &group->backoff);
    group->resubscribe = resubscribe_of(section);
    group->goodbye = goodbye_of(section);
    group->nagle = section_int(section, "nagle") != 0;
    group->store_kind = store_kind(section);
    group->count = (guint32)section_int(section, "count");
    group->first = world->n_clients;
    world->n_clients += group->count;
    group->subscriptions = g_array_new(FALSE, FALSE, sizeof(guint32));
    while (
        !g_str_equal(world->brokers[group->broker].section->name, section_text(section, "broker")))
      group->broker++;
    FOR_SECTIONS(world, "subscribe", subscribe, k)
    if (world_names_group(subscribe, section->name)) {
      g_array_append_val(group->subscriptions, k);
      group->takes_time |= time_taken(subscribe, "process") != NULL;
      group->retain_as_published |=
          group->mqtt.version == MQTT_5_0 && section_int(subscribe, "retain_as_published") != 0;
    }
    FOR_SECTIONS(world, "publish", publish, k)
    group->publishes |= world_names_group(publish, section->name);
  }
}

static gint64
client_start_ns(const World *world, const Group *group, const char *name)
{
  const Dist *start = section_dist(group->section, "start");
  RandomStream stream =
      random_stream(world->request->seed, world->request->replication, name, "start");
  gint64 warmup_ns = world->scenario->warmup_ns, after_ns = 0;
  if (start != NULL)
    after_ns = dist_draw_ns(start, &stream, 0);
  else if (group->publishes)
    after_ns = (gint64)(random_uniform(&stream, 0) * (double)(warmup_ns / 2));
  return sim_add(-warmup_ns, after_ns);
}

static ClientWork *
client_work_new(const World *world, const Group *group, guint32 n, const char *name)
{
  ClientWork *work = g_new0(ClientWork, 1);
  guint filters = group->subscriptions->len;
  work->stream = random_stream(world->request->seed, world->request->replication, name, "process");
  work->filters = g_new0(char *, filters + 1);
  for (guint i = 0; i < filters; i++) {
    guint32 index = g_array_index(group->subscriptions, guint32, i);
    work->filters[i] = spec_topic(world->subscriptions[index].filter, group->section->name, n);
  }
  return work;
}

static void
client_work_free(ClientWork *work)
{
  g_strfreev(work->filters);
  g_free(work);
}

/* Its payload has no number: no message of a publish section, so nobody is owed it. */
static void
setup_will(Client *client, const Group *group, guint32 n)
{
  const char *pattern = section_text(group->section, "will");
  if (pattern == NULL || g_str_equal(pattern, "none"))
    return;
  g_autofree char *topic = spec_topic(pattern, group->section->name, n);
  gsize size = (gsize)section_int(group->section, "will_size");
  g_autofree guint8 *payload = g_malloc0(MAX(size, 1));
  MqttPublish will = {.topic = mqtt_bytes(topic),
                      .payload = {payload, (guint32)size},
                      .qos = (guint8)section_int(group->section, "will_qos"),
                      .retain = section_int(group->section, "will_retain") != 0};
  mqtt_client_set_will(client->mqtt, &will, spec_will_delay_s(group->section));
}

/* A stranger, of whom nobody can tell whether it keeps its state, promises nothing, nor does who
 * departs from the protocol. */
static void
setup_guarantees(World *world)
{
  if (world->outside != NULL)
    ledger_state_lost(world->ledger, LEDGER_UP, SIM_NEVER);
  for (guint32 i = 0; i < world->n_clients; i++)
    if (world->groups[world->clients[i].group].mqtt.quirks != 0)
      ledger_state_lost(world->ledger, i, SIM_NEVER);
}

static void
setup_monitors(const World *world, Client *client, const Group *group)
{
  const MqttBrokerConfig *broker = &world->brokers[group->broker].mqtt_config;
  if (group->mqtt.quirks == 0) /* they are breaches, on purpose */
    client->monitor[CLIENT_END] = mqtt_monitor_new(MQTT_FROM_CLIENT);
  client->monitor[BROKER_END] = mqtt_monitor_new(MQTT_FROM_SERVER);
  mqtt_monitor_session_maximum(client->monitor[BROKER_END], broker->session_expiry_maximum_s);
  if (client->monitor[CLIENT_END] == NULL)
    return;
  if (group->mqtt.on_ack_timeout == MQTT_ACK_RESEND)
    mqtt_monitor_allow_timer_resend(client->monitor[CLIENT_END]);
  if (group->mqtt.session_present == MQTT_SESSION_IGNORE)
    mqtt_monitor_allow_stale_session(client->monitor[CLIENT_END]);
}

static void
setup_route(World *world, Client *client, const Section *section, const char *name)
{
  const Value *path = section_value(section, "link");
  g_autofree guint32 *links = g_new(guint32, path->list.n);
  for (guint i = 0; i < path->list.n; i++)
    links[i] = link_for(world, path->list.values[i]->text, name);
  client->route = net_route_new(world->net, links, path->list.n);
  client->mtu = net_route_mtu(world->net, client->route);
}

static void
setup_client(World *world, guint group_number, guint32 n)
{
  Group *group = &world->groups[group_number];
  guint32 number = group->first + n - 1;
  Client *client = &world->clients[number];
  client->number = number;
  client->group = group_number;
  client->n = n;
  client->conn = client->publisher = NONE;
  client->up = TRUE;
  client->offline_since_ns = -world->scenario->warmup_ns;
  client->connected_at_ns = SIM_NEVER;
  g_autofree char *name = world_client_name(world, number);
  if (world->outside == NULL)
    setup_route(world, client, group->section, name);
  client->mqtt = mqtt_client_new(&group->mqtt, mqtt_bytes(name), &world->events);
  if (group->mqtt.quirks & MQTT_CLIENT_DOZES)
    mqtt_client_set_clock(client->mqtt, clock_of(world, name));
  if (group->takes_time)
    client->work = client_work_new(world, group, n, name);
  setup_store(world, &client->store, group->store_kind, number, NONE, name);
  if (world->request->monitor)
    setup_monitors(world, client, group);
  setup_will(client, group, n);
  client_start(world, number, client_start_ns(world, group, name));
}

static void
setup_subscriptions(World *world)
{
  world->n_subscriptions = world_count_sections(world->scenario, "subscribe");
  world->subscriptions = g_new0(Subscription, MAX(world->n_subscriptions, 1));
  FOR_SECTIONS(world, "subscribe", section, i)
  {
    world->subscriptions[i].filter = section_text(section, "filter");
    world->subscriptions[i].options = spec_subscribe_options(section);
    world->subscriptions[i].identifier = spec_subscribe_identifier(section);
    world->subscriptions[i].process = time_taken(section, "process");
    world->subscriptions[i].blocks = section_is(section, "ack_when", "processed");
  }
}

static void
on_mark(gpointer user, guint32 what, guint32 word)
{
  World *world = user;
  (void)word;
  if (what == MARK_ZERO)
    collect_mark(world);
  else {
    collect_window(world);
    world->draining = TRUE;
  }
}

static void
on_met(gpointer user, NetPacket *packet, guint32 link, NetVerdict verdict, gint64 at_ns,
       gint64 arrives_ns)
{
  World *world = user;
  (void)at_ns;
  (void)arrives_ns;
  if (world->capture != NULL)
    capture_met(world, packet, link, verdict);
  if (world->trace != NULL)
    trace_met(world, packet, verdict);
  if (world->segments != NULL)
    segments_met(world, packet, link, verdict);
}

static void
on_left(gpointer user, NetPacket *packet, guint32 link)
{
  World *world = user;
  if (world->capture != NULL)
    capture_left(world, packet, link);
  if (world->trace != NULL)
    trace_left(world, packet);
  if (world->segments != NULL)
    segments_left(world, packet);
}

static void
setup_watchers(World *world)
{
  if (!world->watched)
    return;
  if (world->request->pcap != NULL)
    world->capture = capture_new(world);
  if (world->request->trace_id != 0)
    world->trace = trace_new();
  if (world->scenario->record == RECORD_TRACE)
    world->segments = segments_new(world);
}

static void
setup_engine(World *world)
{
  NetHandler handler = {.delivered = conn_delivered, .lost = conn_lost, .ahead = ahead_delivery};
  const Scenario *scenario = world->scenario;
  world->sim = sim_new(-scenario->warmup_ns);
  if (world->watched) {
    handler.observe = on_met;
    handler.left = on_left;
  }
  world->net = net_new(world->sim, sizeof(TcpSegment), &handler, world);
  publish_register(world);
  world->kind_mark = sim_register(world->sim, on_mark, world);
  client_register(world);
  broker_register(world);
  host_register(world);
  medium_register(world);
  fault_register(world);
  ahead_register(world);
  world->end_ns = sim_add(scenario->duration_ns, scenario->drain_ns);
  sim_at(world->sim, 0, world->kind_mark, MARK_ZERO, 0);
  sim_at(world->sim, scenario->duration_ns, world->kind_mark, MARK_WINDOW_END, 0);
}

static const char *
ledger_client_name(gpointer user, guint32 client)
{
  World *world = user;
  g_free(world->story_name);
  return world->story_name = client < world->n_clients
                                 ? world_client_name(world, client)
                                 : g_strdup(world->shares->pdata[client - world->n_clients]);
}

World *
world_new(const Scenario *scenario, const RunRequest *request)
{
  return world_make(scenario, request, NULL);
}

World *
world_make(const Scenario *scenario, const RunRequest *request, Outside *outside)
{
  World *world = g_new0(World, 1);
  world->outside = outside;
  world->scenario = scenario;
  world->request = request;
  world->free_conn = NONE;
  world->scratch = g_malloc(SCRATCH_BYTES);
  world->owed = g_array_new(FALSE, FALSE, sizeof(LedgerOwed));
  world->closing = g_array_new(FALSE, FALSE, sizeof(guint32));
  world->stores = g_ptr_array_new_with_free_func((GDestroyNotify)medium_free);
  world->fault_clocks = fault_clocks_new();
  world->interest = interest_new();
  world->shares = g_ptr_array_new_with_free_func(g_free);
  world->share_numbers = g_hash_table_new(g_str_hash, g_str_equal);
  world->watched = outside == NULL && (request->pcap != NULL || request->trace_id != 0 ||
                                       scenario->record == RECORD_TRACE);
  world->overheard = request->monitor || request->trace_id != 0;
  setup_engine(world);
  setup_brokers(world);
  if (outside == NULL)
    setup_links(world);
  setup_subscriptions(world);
  setup_groups(world);
  share_find(world);
  setup_watchers(world);
  LedgerConfig ledger = {.sections = world_count_sections(scenario, "publish"),
                         .clients = world->n_clients,
                         .groups = world->shares->len,
                         .window_ns = scenario->duration_ns,
                         .messages = scenario->record != RECORD_SUMMARY,
                         .trace_id = request->trace_id,
                         .client_name = ledger_client_name,
                         .user = world};
  world->ledger = ledger_new(&ledger);
  world->clients = g_new0(Client, MAX(world->n_clients, 1));
  for (guint g = 0; g < world->n_groups; g++)
    for (guint32 n = 1; n <= world->groups[g].count; n++)
      setup_client(world, g, n);
  share_join(world);
  setup_guarantees(world);
  publish_setup(world);
  world->n_faults = world_count_sections(scenario, "fault");
  world->faults = g_new0(Fault, MAX(world->n_faults, 1));
  FOR_SECTIONS(world, "fault", section, i)
  world->faults[i].section = section;
  fault_setup(world);
  return world;
}

static void
free_client(Client *client)
{
  mqtt_client_free(client->mqtt);
  g_free(client->subscribe_ids);
  g_clear_pointer(&client->work, client_work_free);
  for (guint end = 0; end < 2; end++)
    g_clear_pointer(&client->monitor[end], mqtt_monitor_free);
}

static void
free_conn(Conn *conn)
{
  for (guint end = 0; end < 2; end++) {
    g_clear_pointer(&conn->tcp[end], tcp_conn_free);
    g_clear_pointer(&conn->stream[end], tcp_stream_unref);
  }
  g_clear_pointer(&conn->out, g_byte_array_unref);
  g_clear_pointer(&conn->in, g_byte_array_unref);
}

void
world_free(World *world)
{
  for (guint32 i = 0; i < world->n_clients; i++)
    free_client(&world->clients[i]);
  for (guint32 i = 0; i < world->n_conns; i++)
    if (world->conns[i].used)
      free_conn(&world->conns[i]);
  capture_free(world->capture);
  trace_free(world->trace);
  segments_free(world->segments);
  for (guint i = 0; i < world->n_brokers; i++) {
    mqtt_broker_free(world->brokers[i].mqtt);
    g_queue_clear(&world->brokers[i].waiting);
  }
  for (guint i = 0; i < world->n_publishers; i++) {
    g_free(world->publishers[i].topic);
    g_free(world->publishers[i].owed);
  }
  for (guint i = 0; i < world->n_groups; i++) {
    g_array_unref(world->groups[i].subscriptions);
    for (guint end = 0; end < 2; end++)
      histogram_clear(&world->groups[i].detect[end]);
  }
  for (guint i = 0; i < world->n_faults; i++) {
    g_clear_pointer(&world->faults[i].links, g_array_unref);
    g_clear_pointer(&world->faults[i].clients, g_array_unref);
  }
  for (guint i = 0; i < world->n_link_kinds; i++)
    g_array_unref(world->link_kinds[i].numbers);
  ledger_free(world->ledger);
  g_clear_pointer(&world->outside, outside_state_free);
  net_free(world->net);
  sim_free(world->sim);
  interest_free(world->interest);
  mqtt_events_clear(&world->events);
  tcp_pool_clear(&world->tcp_pool);
  g_ptr_array_unref(world->stores);
  g_array_unref(world->fault_clocks);
  g_array_unref(world->closing);
  g_array_unref(world->owed);
  g_hash_table_unref(world->share_numbers);
  g_ptr_array_unref(world->shares);
  g_free(world->moves);
  g_free(world->groups);
  g_free(world->brokers);
  g_free(world->clients);
  g_free(world->publishers);
  g_free(world->publish_kinds);
  g_free(world->subscriptions);
  g_free(world->link_kinds);
  g_free(world->faults);
  g_free(world->conns);
  g_free(world->scratch);
  g_free(world->payload);
  g_free(world->story_name);
  g_free(world->breach);
  g_free(world);
}

/* ---- running ---- */

gint64
world_now(const World *world)
{
  return sim_now(world->sim);
}

gboolean
world_step(World *world)
{
  if (world->draining && ledger_open(world->ledger) == 0)
    return FALSE; /* every fate is known */
  return sim_step(world->sim, world->end_ns);
}

void
world_crash_client(World *world, guint32 number, gint64 down_ns)
{
  client_die(world, number, DEATH_CRASH, down_ns);
}

void
world_crash_broker(World *world, guint32 number, gint64 down_ns)
{
  broker_die(world, number, DEATH_CRASH, down_ns);
}

Outcome *
world_finish(World *world)
{
  return collect_outcome(world);
}

/* FALSE: the run is over. */
static G_GNUC_NO_INLINE gboolean
world_steps(World *world, guint n)
{
  while (n > 0 && world_step(world))
    n--;
  return n == 0;
}

Outcome *
world_run(const Scenario *scenario, const RunRequest *request)
{
  g_autoptr(World) world = world_new(scenario, request);
  while (world_steps(world, CANCEL_STEPS))
    if (request->cancel != NULL && g_atomic_int_get(request->cancel))
      return NULL;
  return world_finish(world);
}
