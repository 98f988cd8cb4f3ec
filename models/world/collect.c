/* From what was counted to the outcome. */
#include "models/world/world-private.h"

#include <string.h>

static void
collect_peaks(World *world)
{
  for (guint i = 0; i < world->n_brokers; i++)
    mqtt_broker_peaks(world->brokers[i].mqtt, &world->brokers[i].queue_peak,
                      &world->brokers[i].inflight_peak);
}

void
collect_window(World *world)
{
  collect_peaks(world);
  for (guint i = 0; i < world->n_groups; i++) {
    Group *group = &world->groups[i];
    group->window_bytes = group->traffic.bytes[CLIENT_END] + group->traffic.bytes[BROKER_END];
  }
}

/* What the living stacks have counted so far, by group. */
static void
sum_stacks(const World *world, Traffic *sums)
{
  for (guint32 i = 0; i < world->n_conns; i++) {
    const Conn *conn = &world->conns[i];
    for (guint end = 0; conn->used && end < 2; end++)
      if (conn->tcp[end] != NULL)
        traffic_add(&sums[conn->group - world->groups], tcp_conn_counters(conn->tcp[end]));
  }
}

/* What the links of a section counted so far, all together. */
static void
sum_links(const World *world, const LinkKind *kind, LinkCounters sums[2])
{
  memset(sums, 0, 2 * sizeof *sums);
  for (guint i = 0; i < kind->numbers->len; i++)
    for (guint direction = 0; direction < 2; direction++) {
      guint32 number = g_array_index(kind->numbers, guint32, i);
      const LinkCounters *one = net_link_counters(world->net, number, (NetDirection)direction);
      LinkCounters *sum = &sums[direction];
      sum->packets += one->packets;
      sum->bytes += one->bytes;
      sum->lost += one->lost;
      sum->queue_drops += one->queue_drops;
      sum->outage_drops += one->outage_drops;
      sum->nat_drops += one->nat_drops;
    }
}

void
collect_mark(World *world)
{
  collect_peaks(world); /* those of the warm-up do not count */
  g_autofree Traffic *stacks = g_new0(Traffic, world->n_groups);
  sum_stacks(world, stacks);
  for (guint i = 0; i < world->n_groups; i++)
    world->groups[i].traffic = (Traffic){.data_segments = -stacks[i].data_segments,
                                         .retransmissions = -stacks[i].retransmissions};
  for (guint i = 0; i < world->n_link_kinds; i++)
    sum_links(world, &world->link_kinds[i], world->link_kinds[i].start);
  world->marked = TRUE;
}

static void
collect_group(const World *world, Outcome *outcome, const Group *group, const Traffic *stacks)
{
  OutcomeElement *element = outcome_element(outcome, OF_CLIENT, group->section->name);
  double *c = element->counters;
  double window_s = (double)group->count * (double)world->scenario->duration_ns / 1e9;
  c[COUNT_CLIENTS] = group->count;
  c[COUNT_BYTES_UP] = (double)group->traffic.bytes[CLIENT_END];
  c[COUNT_BYTES_DOWN] = (double)group->traffic.bytes[BROKER_END];
  c[COUNT_WINDOW_BYTES] = (double)group->window_bytes;
  c[COUNT_MQTT_BYTES_UP] = (double)group->traffic.mqtt_bytes[CLIENT_END];
  c[COUNT_MQTT_BYTES_DOWN] = (double)group->traffic.mqtt_bytes[BROKER_END];
  c[COUNT_DATA_SEGMENTS] = (double)(group->traffic.data_segments + stacks->data_segments);
  c[COUNT_TCP_RETRANSMISSIONS] = (double)(group->traffic.retransmissions + stacks->retransmissions);
  c[COUNT_RECONNECTS] = (double)group->reconnects;
  c[COUNT_CLIENT_WINDOW_S] = window_s;
  c[COUNT_WANTED_S] = window_s - group->down_s;
  c[COUNT_OFFLINE_S] = group->offline_s;
  c[COUNT_BLIND_S] = group->blind_s;
  histogram_merge(&element->histograms[HISTOGRAM_DETECT_CLIENT], &group->detect[CLIENT_END]);
  histogram_merge(&element->histograms[HISTOGRAM_DETECT_BROKER], &group->detect[BROKER_END]);
  c[COUNT_REFUSED] = (double)group->refused;
  c[COUNT_QUEUE_PEAK] = group->queue_peak;
  c[COUNT_INFLIGHT_PEAK] = group->inflight_peak;
  for (guint32 i = 0; i < world->n_publishers; i++)
    if (&world->groups[world->publishers[i].client->group] == group)
      c[COUNT_GROUP_ANY_MET] += (double)ledger_any_met(world->ledger, i);
}

static void
collect_link(const World *world, Outcome *outcome, const LinkKind *kind)
{
  static const Counter bytes[2] = {COUNT_BYTES_UP, COUNT_BYTES_DOWN};
  static const Counter packets[2] = {COUNT_PACKETS_UP, COUNT_PACKETS_DOWN};
  OutcomeElement *element = outcome_element(outcome, OF_LINK, kind->section->name);
  LinkCounters sums[2];
  sum_links(world, kind, sums);
  for (guint direction = 0; direction < 2; direction++) {
    const LinkCounters *now = &sums[direction], *start = &kind->start[direction];
    element->counters[bytes[direction]] += (double)(now->bytes - start->bytes);
    element->counters[packets[direction]] += (double)(now->packets - start->packets);
    element->counters[COUNT_PACKETS_LOST] +=
        (double)(now->lost + now->queue_drops + now->outage_drops + now->nat_drops - start->lost -
                 start->queue_drops - start->outage_drops - start->nat_drops);
  }
}

static void
collect_broker(Outcome *outcome, const Broker *broker)
{
  OutcomeElement *element = outcome_element(outcome, OF_BROKER, broker->section->name);
  element->counters[COUNT_QUEUE_PEAK] = broker->queue_peak;
  element->counters[COUNT_INFLIGHT_PEAK] = broker->inflight_peak;
}

/* Whether what is between this client and the broker may still move: it is not connected, or
 * something is under way or timed. */
static gboolean
may_move(const World *world, const Client *client)
{
  if (client->conn == NONE || !mqtt_client_connected(client->mqtt) || client->processing > 0)
    return TRUE;
  const Conn *conn = &world->conns[client->conn];
  for (guint end = 0; end < 2; end++)
    if (conn->tcp[end] == NULL || !tcp_conn_idle(conn->tcp[end]) ||
        tcp_stream_needed(conn->stream[end]) != tcp_stream_end(conn->stream[end]))
      return TRUE;
  const Group *group = &world->groups[client->group];
  return group->mqtt.ack_timeout_ns != MQTT_NEVER || world->brokers[group->broker].busy;
}

/* For each client, then for each shared subscription: one of its members will do. */
static gboolean *
find_movers(const World *world)
{
  gboolean *moves = g_new0(gboolean, world->n_clients + world->shares->len);
  for (guint32 i = 0; i < world->n_clients; i++) {
    moves[i] = sim_pending(world->sim) > 0 && may_move(world, &world->clients[i]);
    guint32 share = moves[i] ? share_number(world, i) : NONE;
    if (share != NONE)
      moves[world->n_clients + share] = TRUE;
  }
  return moves;
}

static gboolean
is_stuck(gpointer user, guint32 publisher, guint32 recipient)
{
  const gboolean *moves = ((const World *)user)->moves;
  return !moves[publisher] && !moves[recipient];
}

static Cause
verdict(gpointer user, guint32 publisher, guint32 subscriber, gboolean held)
{
  (void)held;
  return is_stuck(user, publisher, subscriber) ? CAUSE_STUCK : CAUSE_NONE;
}

static guint64
mix(guint64 a, guint64 b)
{
  guint64 h = (a ^ b) * 0x9E3779B97F4A7C15u;
  return h ^ (h >> 29);
}

Outcome *
collect_outcome(World *world)
{
  Outcome *outcome = outcome_new();
  g_autofree OutcomeElement **sections = g_new0(OutcomeElement *, MAX(world->n_publish_kinds, 1));
  if (!world->marked)
    collect_mark(world); /* stopped before time zero: nothing counts */
  if (!world->draining)
    collect_window(world); /* stopped before its end */
  for (guint32 i = 0; i < world->n_clients; i++)
    if (world->clients[i].up)
      world_offline(world, i);
    else
      world_down(world, i);
  for (guint i = 0; i < world->n_publish_kinds; i++) {
    sections[i] = outcome_element(outcome, OF_PUBLISH, world->publish_kinds[i].section->name);
    sections[i]->counters[COUNT_WINDOW_S] = (double)world->scenario->duration_ns / 1e9;
  }
  world->moves = find_movers(world);
  ledger_finish(world->ledger, world->outside != NULL ? outside_verdict : verdict, sections);
  g_autofree Traffic *stacks = g_new0(Traffic, world->n_groups);
  sum_stacks(world, stacks);
  for (guint i = 0; i < world->n_groups; i++)
    collect_group(world, outcome, &world->groups[i], &stacks[i]);
  for (guint i = 0; i < world->n_link_kinds; i++)
    collect_link(world, outcome, &world->link_kinds[i]);
  for (guint i = 0; world->outside == NULL && i < world->n_brokers; i++)
    collect_broker(outcome, &world->brokers[i]);
  outcome->messages = ledger_take_messages(world->ledger);
  outcome->story = ledger_take_story(world->ledger);
  if (world->trace != NULL)
    outcome->travels = trace_take(world->trace);
  if (world->segments != NULL)
    segments_take(world->segments, outcome);
  if (outcome->messages != NULL)
    for (guint32 i = 0; i < world->n_clients; i++)
      g_ptr_array_add(outcome->clients, world_client_name(world, i));
  for (guint i = 0; i < world->shares->len; i++)
    g_ptr_array_add(outcome->clients, g_strdup(world->shares->pdata[i]));
  outcome->fingerprint = mix(net_fingerprint(world->net), ledger_fingerprint(world->ledger));
  outcome->events = sim_events(world->sim);
  outcome->virtual_ns = world_time(world) + world->scenario->warmup_ns;
  if (world->breach == NULL && ledger_breach(world->ledger) != NULL)
    world_breach(world, "%s", ledger_breach(world->ledger));
  for (guint32 i = 0; i < world->n_clients && world->breach == NULL; i++)
    for (guint end = 0; end < 2; end++)
      if (world->clients[i].monitor[end] != NULL &&
          mqtt_monitor_breach(world->clients[i].monitor[end]) != NULL) {
        g_autofree char *name = world_client_name(world, i);
        world_breach(world, "%s, %s end: %s", name, end == CLIENT_END ? "client" : "broker",
                     mqtt_monitor_breach(world->clients[i].monitor[end]));
      }
  outcome->breach = g_steal_pointer(&world->breach);
  return outcome;
}
