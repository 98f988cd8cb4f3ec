#include "models/net/link.h"

/* By these the streams of a link's processes differ from its own. */
#define PURPOSE_PACKET(d) (G_GUINT64_CONSTANT(0x243f6a8885a308d3) + (guint64)(d))
#define PURPOSE_GILBERT(d) (G_GUINT64_CONSTANT(0x13198a2e03707344) + (guint64)(d))
#define PURPOSE_OUTAGE G_GUINT64_CONSTANT(0xa4093822299f31d0)
#define PURPOSE_RTT G_GUINT64_CONSTANT(0x082efa98ec4e6c89)
#define SAME_INSTANT G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

static RandomStream
stream_for(const Link *link, guint64 purpose)
{
  return (RandomStream){.key = link->key->key, .id = link->id ^ purpose};
}

void
wait_pool_init(WaitPool *pool)
{
  WaitNode none = {0};

  pool->nodes = g_array_new(FALSE, FALSE, sizeof(WaitNode));
  g_array_append_val(pool->nodes, none);
  pool->free = 0;
}

void
wait_pool_clear(WaitPool *pool)
{
  g_array_unref(pool->nodes);
}

static inline WaitNode *
node_at(WaitPool *pool, guint32 node)
{
  return &g_array_index(pool->nodes, WaitNode, node);
}

static guint32
node_new(WaitPool *pool, gint64 begin_ns, guint length)
{
  WaitNode value = {.begin_ns = begin_ns, .length = length};
  guint32 node = pool->free;

  if (node == 0) {
    g_array_append_val(pool->nodes, value);
    return pool->nodes->len - 1;
  }
  pool->free = node_at(pool, node)->next;
  *node_at(pool, node) = value;
  return node;
}

/* Those whose transmission has begun wait no longer. */
static void
waited(LinkDirection *state, WaitPool *pool, gint64 now_ns)
{
  while (state->first_waiting != 0) {
    guint32 number = state->first_waiting;
    WaitNode *node = node_at(pool, number);

    if (node->begin_ns > now_ns)
      return;
    state->waiting--;
    state->waiting_bytes -= node->length;
    state->first_waiting = node->next;
    node->next = pool->free;
    pool->free = number;
  }
}

static void
wait_for(LinkDirection *state, WaitPool *pool, gint64 begin_ns, guint length)
{
  guint32 number = node_new(pool, begin_ns, length);

  if (state->first_waiting == 0)
    state->first_waiting = number;
  else
    node_at(pool, state->last_waiting)->next = number;
  state->last_waiting = number;
  state->waiting++;
  state->waiting_bytes += length;
}

void
link_plan(LinkPlan *plan, const LinkConfig *config)
{
  g_assert(config->outage_every == NULL || config->outage_gap == NULL);
  g_assert(!outage_configured(config) || config->outage_lasts != NULL);

  *plan = (LinkPlan){.config = config,
                     .outages = outage_configured(config),
                     .fifo = config->fifo,
                     .nat = config->nat_timeout_ns > 0};
  delay_plan(&plan->delay, config);
  plan->weather = plan->outages || plan->delay.rtt != NULL;
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    const DirectionConfig *direction = &config->direction[d];

    g_assert(direction->rate > 0);
    plan->waits[d] =
        direction->queue_packets != NET_UNLIMITED || direction->queue_bytes != NET_UNLIMITED;
    if (direction->loss.kind == LOSS_GILBERT)
      plan->weather = TRUE;
    plan->plain[d] = !plan->outages && plan->delay.rtt == NULL && plan->delay.random[d] == NULL &&
                     direction->loss.kind == LOSS_BERNOULLI;
  }
}

/* Whether a fault holds. */
static inline gboolean
failed(const Link *link, NetDirection direction)
{
  return link->weather && link->weather->faults[direction] > 0;
}

static void
weather_start(Link *link, gint64 now_ns)
{
  const LinkConfig *config = link->plan->config;
  LinkWeather *weather = g_new0(LinkWeather, 1);

  link->weather = weather;
  weather->start_ns = weather->asked_ns = now_ns;
  delay_start(&weather->slot);
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    if (config->direction[d].loss.kind == LOSS_GILBERT) {
      RandomStream stream = stream_for(link, PURPOSE_GILBERT(d));

      gilbert_start(&weather->gilbert[d], &config->direction[d].loss, &stream, now_ns);
    }
  }
  if (link->plan->outages) {
    RandomStream stream = stream_for(link, PURPOSE_OUTAGE);

    outage_start(&weather->asked, config, &stream, now_ns);
    weather->outage[NET_UP] = weather->outage[NET_DOWN] = weather->asked;
  }
}

void
link_init(Link *link, const LinkPlan *plan, const RandomKey *key, guint64 id, gint64 now_ns)
{
  *link = (Link){.plan = plan, .key = key, .id = id};
  link->direction[NET_UP].busy_until_ns = link->direction[NET_DOWN].busy_until_ns = G_MININT64;
  if (plan->weather)
    weather_start(link, now_ns);
}

void
link_clear(Link *link)
{
  g_free(link->weather);
}

/* Nanoseconds that length bytes take, rounded to the nearest. */
static inline gint64
transmit_ns(gint64 rate, guint length)
{
  if (rate == NET_UNLIMITED)
    return 0;
  return ((gint64)length * 8 * G_USEC_PER_SEC * 1000 + rate / 2) / rate;
}

/* The draw of a packet, by when its transmission begins. */
static inline void
draw(const Link *link, NetDirection d, gint64 begin_ns, guint32 same_instant, guint32 block[4])
{
  random_key_block(link->key, link->id ^ PURPOSE_PACKET(d) ^ (same_instant * SAME_INSTANT),
                   (guint64)begin_ns, block);
}

static inline gboolean
is_lost(const guint32 block[4], double loss_rate)
{
  return random_unit((guint64)block[1] << 32 | block[0]) < loss_rate;
}

/* Outage, loss and delay of a packet whose transmission begins at begin_ns, where the link has
 * states in time or the delay is random; *delay_ns is set if it passes. */
static G_GNUC_NO_INLINE NetVerdict
judge_by_state(Link *link, NetDirection d, gint64 begin_ns, guint32 same_instant, gint64 *delay_ns)
{
  const LinkPlan *plan = link->plan;
  const LossConfig *loss = &plan->config->direction[d].loss;
  double loss_rate = loss->rate;
  guint32 block[4];

  if (plan->outages) {
    RandomStream stream = stream_for(link, PURPOSE_OUTAGE);

    if (outage_running(&link->weather->outage[d], plan->config, &stream, begin_ns))
      return NET_OUTAGE;
  }
  if (loss->kind == LOSS_GILBERT) {
    RandomStream stream = stream_for(link, PURPOSE_GILBERT(d));

    loss_rate = gilbert_loss(&link->weather->gilbert[d], loss, &stream, begin_ns);
  }
  if (loss_rate >= 1)
    return NET_LOST;
  if (plan->delay.random[d] || loss_rate > 0) {
    draw(link, d, begin_ns, same_instant, block);
    if (is_lost(block, loss_rate))
      return NET_LOST;
  }
  *delay_ns = plan->delay.constant_ns[d];
  if (plan->delay.random[d]) {
    double u = random_unit((guint64)block[3] << 32 | block[2]);

    *delay_ns = sim_add(*delay_ns, dist_quantile_ns(plan->delay.random[d], u));
  }
  if (plan->delay.rtt) {
    RandomStream stream = stream_for(link, PURPOSE_RTT);

    *delay_ns = sim_add(*delay_ns,
                        delay_rtt_part(&plan->delay, &link->weather->slot, &stream, d, begin_ns));
  }
  return NET_PASSED;
}

/* The same for any link. A certain loss, or none, needs no draw. */
static inline NetVerdict
judge(Link *link, NetDirection d, gint64 begin_ns, guint32 same_instant, gint64 *delay_ns)
{
  const LinkPlan *plan = link->plan;
  double loss_rate = plan->config->direction[d].loss.rate;
  guint32 block[4];

  if (!plan->plain[d])
    return judge_by_state(link, d, begin_ns, same_instant, delay_ns);
  *delay_ns = plan->delay.constant_ns[d];
  if (loss_rate <= 0)
    return NET_PASSED;
  if (loss_rate >= 1)
    return NET_LOST;
  draw(link, d, begin_ns, same_instant, block);
  return is_lost(block, loss_rate) ? NET_LOST : NET_PASSED;
}

/* A packet comes to a queue with a bound. */
static G_GNUC_NO_INLINE gboolean
queue_takes(const DirectionConfig *config, LinkDirection *state, WaitPool *pool, gint64 now_ns,
            guint length)
{
  waited(state, pool, now_ns);
  if (state->waiting >= config->queue_packets ||
      state->waiting_bytes > config->queue_bytes - (gint64)length) {
    state->counters.queue_drops++;
    return FALSE;
  }
  wait_for(state, pool, state->busy_until_ns, length);
  return TRUE;
}

NetVerdict
link_enter(Link *link, WaitPool *pool, NetDirection d, gint64 now_ns, guint length,
           gint64 *begin_ns, gint64 *arrives_ns)
{
  const DirectionConfig *config = &link->plan->config->direction[d];
  LinkDirection *state = &link->direction[d];
  gint64 sent_ns, delay_ns = 0;
  NetVerdict verdict;

  state->counters.packets++;
  state->counters.bytes += length;
  if (state->busy_until_ns > now_ns) {
    *begin_ns = state->busy_until_ns;
    if (link->plan->waits[d] && !queue_takes(config, state, pool, now_ns, length))
      return NET_QUEUE_FULL;
  } else {
    *begin_ns = now_ns;
    if (state->busy_until_ns < now_ns)
      state->same_instant = 0;
  }

  sent_ns = *begin_ns + transmit_ns(config->rate, length);
  if (*begin_ns == now_ns && failed(link, d))
    verdict = NET_OUTAGE;
  else
    verdict = judge(link, d, *begin_ns, state->same_instant, &delay_ns);
  state->same_instant = sent_ns == *begin_ns ? state->same_instant + 1 : 0;
  state->busy_until_ns = sent_ns;

  switch (verdict) {
  case NET_PASSED:
    *arrives_ns = sim_add(sent_ns, delay_ns);
    break;
  case NET_LOST:
    state->counters.lost++;
    break;
  case NET_OUTAGE:
    state->counters.outage_drops++;
    break;
  case NET_QUEUE_FULL:
  case NET_UNMAPPED:
    g_assert_not_reached();
  }
  return verdict;
}

gint64
link_down_since(const Link *link, NetDirection direction)
{
  const LinkWeather *weather = link->weather;
  return failed(link, direction) || !link->plan->outages ? weather->failed_ns[direction]
                                                         : weather->outage[direction].start_ns;
}

gboolean
link_down(const Link *link, NetDirection direction, gint64 at_ns)
{
  LinkWeather *weather = link->weather;

  if (failed(link, direction))
    return TRUE;
  if (!link->plan->outages)
    return FALSE;

  RandomStream stream = stream_for(link, PURPOSE_OUTAGE);

  /* The process only goes forward: to look back it is passed again from its start. */
  if (at_ns < weather->asked_ns)
    outage_start(&weather->asked, link->plan->config, &stream, weather->start_ns);
  weather->asked_ns = at_ns;
  return outage_running(&weather->asked, link->plan->config, &stream, at_ns);
}

void
link_fail(Link *link, NetDirection direction, gint64 now_ns)
{
  if (!link->weather)
    weather_start(link, now_ns);
  if (link->weather->faults[direction]++ == 0)
    link->weather->failed_ns[direction] = now_ns;
}

gboolean
link_repair(Link *link, NetDirection direction, gint64 *since_ns)
{
  g_assert(failed(link, direction));
  if (--link->weather->faults[direction] > 0)
    return FALSE;
  *since_ns = link->weather->failed_ns[direction];
  return TRUE;
}

gboolean
link_caught(const Link *link, NetDirection direction, gint64 begin_ns)
{
  return failed(link, direction) && begin_ns >= link->weather->failed_ns[direction];
}
