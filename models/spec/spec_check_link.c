#include "models/spec/spec_check.h"

#include <string.h>

/* PUBLISH up to its topic at QoS 1, and TCP/IP headers with time stamps: what a message weighs
 * besides topic and payload. */
#define MESSAGE_OVERHEAD_BYTES (2 + 3 + 2 + 40 + 12)

static const struct {
  const char *rate, *queue, *delay, *loss;
} direction_keys[2] = {
    [NET_UP] = {"up_rate", "up_queue", "up_delay", "up_loss"},
    [NET_DOWN] = {"down_rate", "down_queue", "down_delay", "down_loss"},
};

/* The key that decides about a direction. */
static const char *
deciding(const Section *link, const char *own, const char *both)
{
  return section_value(link, own) ? own : both;
}

/* Whether a key of both directions has spoken already, when it decided about up. */
static gboolean
is_new(const Section *link, NetDirection d, const char *up, const char *down)
{
  return d == NET_UP || section_value(link, up) || section_value(link, down);
}

static void
check_direction(const Section *link, NetDirection d, const LinkConfig *config, GPtrArray *findings)
{
  const DirectionConfig *direction = &config->direction[d];
  const char *delay = deciding(link, direction_keys[d].delay, "delay");
  const char *queue = deciding(link, direction_keys[d].queue, "queue");
  const char *loss = deciding(link, direction_keys[d].loss, "loss");
  LossConfig ignored;

  if (config->rtt && dist_max(direction->delay) > 0 && is_new(link, d, "up_delay", "down_delay"))
    spec_error(findings, link, delay, "%s and rtt exclude each other", delay);
  if (direction->rate != NET_UNLIMITED && direction->queue_bytes < config->mtu &&
      is_new(link, d, "up_queue", "down_queue"))
    spec_note(findings, link, queue,
              "%s is less than one packet of %u B: such a packet never waits, it is dropped", queue,
              config->mtu);
  if (!spec_loss(section_value(link, loss), &ignored) && is_new(link, d, "up_loss", "down_loss"))
    spec_error(findings, link, loss,
               "mean must lie between loss_good and loss_bad, and loss_good below loss_bad");
}

void
spec_check_link(const Section *link, GPtrArray *findings)
{
  LinkConfig config;

  spec_link(link, &config);
  for (guint d = NET_UP; d <= NET_DOWN; d++)
    check_direction(link, d, &config, findings);
  spec_check_interval(link, "outage_every", findings);
  spec_check_interval(link, "outage_gap", findings);
  if (config.outage_every && config.outage_gap)
    spec_error(findings, link, "outage_gap",
               "outage_gap (from end to start) and outage_every (from start to start) exclude each "
               "other");
  if (config.outage_every && dist_mean(config.outage_lasts) >= dist_mean(config.outage_every))
    spec_note(findings, link, "outage_lasts",
              "outage_lasts is not below outage_every: the link is hardly ever up");
}

/* Bits a second of one client's stream. */
static double
stream_bits_per_s(const Section *publish)
{
  double bytes = (double)section_int(publish, "size") + MESSAGE_OVERHEAD_BYTES +
                 (double)strlen(section_text(publish, "topic"));

  return bytes * 8 / (dist_mean(section_dist(publish, "every")) / 1e9);
}

/* What the streams of a group offer to its link upwards, per client. */
static double
offered_up(const Scenario *scenario, const Section *client)
{
  double bits_per_s = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *publish = g_ptr_array_index(scenario->sections, i);

    if (publish->kind == &spec_kind_publish && spec_is_of(scenario, publish, client))
      bits_per_s += stream_bits_per_s(publish);
  }
  return bits_per_s;
}

static double
matched_by(const Scenario *scenario, const char *filter)
{
  double bits_per_s = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *publish = g_ptr_array_index(scenario->sections, i);

    if (publish->kind == &spec_kind_publish &&
        spec_topic_matches(section_text(publish, "topic"), filter))
      bits_per_s += stream_bits_per_s(publish) * (double)spec_clients_of(scenario, publish);
  }
  return bits_per_s;
}

/* What its subscriptions draw downwards, per client. Of overlapping ones the greatest counts: a
 * message may be sent once. */
static double
offered_down(const Scenario *scenario, const Section *client)
{
  double bits_per_s = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *subscribe = g_ptr_array_index(scenario->sections, i);

    if (subscribe->kind == &spec_kind_subscribe && spec_is_of(scenario, subscribe, client))
      bits_per_s = MAX(bits_per_s, matched_by(scenario, section_text(subscribe, "filter")));
  }
  return bits_per_s;
}

void
spec_check_load(const Scenario *scenario, const Section *link, GPtrArray *findings)
{
  gboolean shared = section_int(link, "shared") != 0;
  double offered[2] = {0, 0};
  LinkConfig config;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *client = g_ptr_array_index(scenario->sections, i);

    if (client->kind != &spec_kind_client || !spec_path_has(client, link->name))
      continue;

    double up = offered_up(scenario, client), down = offered_down(scenario, client);
    double n = (double)section_int(client, "count");

    offered[NET_UP] = shared ? offered[NET_UP] + n * up : MAX(offered[NET_UP], up);
    offered[NET_DOWN] = shared ? offered[NET_DOWN] + n * down : MAX(offered[NET_DOWN], down);
  }
  spec_link(link, &config);
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    const char *rate = deciding(link, direction_keys[d].rate, "rate");

    if (config.direction[d].rate != NET_UNLIMITED && offered[d] > (double)config.direction[d].rate)
      spec_note(findings, link, rate,
                "%s is %.3g kbit/s, but messages alone offer %.3g kbit/s %s: the queue fills", rate,
                (double)config.direction[d].rate / 1e3, offered[d] / 1e3,
                d == NET_UP ? "up" : "down");
  }
}
