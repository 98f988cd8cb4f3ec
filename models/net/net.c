#include "models/net/net.h"

#include "models/net/link.h"
#include "models/net/nat.h"

/* No further verdict is due for the packet: it does not wait, or it is not under way. */
#define BEGIN_SETTLED G_MAXINT64
/* A fault that is over has caught it. */
#define BEGIN_CAUGHT G_MININT64

/* Packets are made so many at once, and stay where they are. */
#define SLAB_PACKETS 64

typedef struct {
  guint32 first, n;   /* of route_links */
  guint32 nearest[2]; /* link that a packet of each direction meets first */
  guint mtu;
} Route;

struct _Net {
  Sim *sim;
  NetHandler handler;
  gpointer user;
  guint kind_fifo, kind_free;

  GPtrArray *slabs; /* of SLAB_PACKETS packets with their bodies, stride bytes each */
  gsize stride;
  NetPacket *free;
  guint32 made, alive;

  GArray *links;       /* Link */
  GArray *routes;      /* Route */
  GArray *route_links; /* guint32 */
  GHashTable *plans;   /* const LinkConfig * -> LinkPlan * */
  GHashTable *keys;    /* RandomKey, which begins with what it is looked up by */
  WaitPool wait_pool;
  NatTable nat;
  guint64 fingerprint;
  gint64 lost_since_ns; /* see net_lost_since() */
  gboolean answerable;  /* see net_lost_answerable() */
  gboolean followed;    /* see net_followed() */
};

static inline NetPacket *
packet_numbered(const Net *net, guint32 number)
{
  guint8 *slab = g_ptr_array_index(net->slabs, number / SLAB_PACKETS);

  return (gpointer)(slab + number % SLAB_PACKETS * net->stride);
}

static inline Link *
link_at(const Net *net, guint32 link)
{
  return &g_array_index(net->links, Link, link);
}

static inline const Route *
route_at(const Net *net, guint32 route)
{
  return &g_array_index(net->routes, Route, route);
}

/* Its place on the route, the client's end first. */
static inline guint32
place_of(const NetPacket *packet)
{
  return packet->direction == NET_UP ? packet->hop : packet->last_hop - packet->hop;
}

static inline guint32
link_of(const Net *net, const NetPacket *packet)
{
  return g_array_index(net->route_links, guint32,
                       route_at(net, packet->route)->first + place_of(packet));
}

/* Every input moves about half the bits, and the order counts. */
static inline guint64
mix(guint64 hash, guint64 word)
{
  hash = (hash ^ word) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd);
  return hash ^ hash >> 32;
}

static inline void
witness(Net *net, NetPacket *packet, guint32 link, NetVerdict verdict, gint64 at_ns,
        gint64 arrives_ns)
{
  guint64 hash = mix(net->fingerprint, (guint64)at_ns);

  net->fingerprint = mix(hash, (guint64)link << 32 | (guint64)verdict << 24 |
                                   (guint64)packet->direction << 16 | packet->length);
  if (net->handler.observe)
    net->handler.observe(net->user, packet, link, verdict, at_ns, arrives_ns);
}

static G_GNUC_NO_INLINE void
lose(Net *net, NetPacket *packet, gint64 since_ns)
{
  net->lost_since_ns = since_ns;
  net->handler.lost(net->user, packet);
  net_packet_free(net, packet);
}

static inline gboolean
has_nat(const Link *link)
{
  return link->plan->nat;
}

/* How many NATs there are on the first n links of a route. */
static guint
count_nats(const Net *net, const Route *route, guint n)
{
  guint nats = 0;

  for (guint i = 0; i < n; i++)
    nats += has_nat(link_at(net, g_array_index(net->route_links, guint32, route->first + i)));
  return nats;
}

/* The packet meets the NAT of its link: up, when it has passed the link, down, before it enters it.
 * FALSE: it is lost there. */
static G_GNUC_NO_INLINE gboolean
pass_nat(Net *net, NetPacket *packet, guint32 number)
{
  Link *link = link_at(net, number);
  const Route *route = route_at(net, packet->route);
  gint64 gone_ns;

  if (packet->is_answer)
    return TRUE;
  if (nat_pass(&net->nat, packet->flow, count_nats(net, route, place_of(packet)),
               link->plan->config->nat_timeout_ns, sim_now(net->sim), &gone_ns))
    return TRUE;
  link->direction[packet->direction].counters.nat_drops++;
  witness(net, packet, number, NET_UNMAPPED, sim_now(net->sim), SIM_NEVER);
  net->answerable = packet->direction == NET_UP && link->plan->config->nat_resets;
  lose(net, packet, gone_ns);
  net->answerable = FALSE;
  return FALSE;
}

/* Behind the last packet of the direction, and not before it. */
static inline void
append(LinkDirection *state, NetPacket *packet)
{
  packet->next = NULL;
  if (state->first == NULL) {
    state->first = packet;
  } else {
    packet->arrives_ns = MAX(packet->arrives_ns, state->last->arrives_ns);
    state->last->next = packet;
  }
  state->last = packet;
}

/* The packet meets a link. */
static void
enter(Net *net, NetPacket *packet, guint32 number)
{
  NetDirection d = packet->direction;
  Link *link = link_at(net, number);
  LinkDirection *state = &link->direction[d];
  gint64 now_ns = sim_now(net->sim), begin_ns;
  NetVerdict verdict;

  if (d == NET_DOWN && has_nat(link) && !pass_nat(net, packet, number))
    return;
  verdict =
      link_enter(link, &net->wait_pool, d, now_ns, packet->length, &begin_ns, &packet->arrives_ns);
  if (verdict != NET_PASSED) {
    witness(net, packet, number, verdict, now_ns, SIM_NEVER);
    lose(net, packet, verdict == NET_OUTAGE ? link_down_since(link, d) : SIM_NEVER);
    return;
  }
  if (begin_ns > now_ns)
    packet->begin_ns = begin_ns;
  if (link->plan->fifo)
    append(state, packet);
  witness(net, packet, number, NET_PASSED, now_ns, packet->arrives_ns);
  if (!link->plan->fifo)
    sim_at(net->sim, packet->arrives_ns, net->kind_free, packet->number, 0);
  else if (state->first == packet) /* only the head is in the event queue */
    sim_at(net->sim, packet->arrives_ns, net->kind_fifo, number * 2 + d, 0);
}

/* At the other end of the link: on to the next one, or to its receiver. */
static inline void
arrive(Net *net, NetPacket *packet, guint32 number)
{
  if (net->handler.left)
    net->handler.left(net->user, packet, number);
  if (packet->hop < packet->last_hop) {
    packet->hop++;
    enter(net, packet, link_of(net, packet));
  } else {
    net->handler.delivered(net->user, packet);
  }
}

/* Of a packet that waited: whether a fault met it meanwhile. It is settled by that. */
static G_GNUC_NO_INLINE gboolean
was_caught(NetPacket *packet, const Link *link)
{
  gint64 begin_ns = packet->begin_ns;

  packet->begin_ns = BEGIN_SETTLED;
  return begin_ns == BEGIN_CAUGHT || link_caught(link, packet->direction, begin_ns);
}

/* The packet leaves the link, unless a fault met it in the queue or the NAT does not know it. */
static inline void
leave(Net *net, NetPacket *packet, guint32 number, Link *link)
{
  if (packet->begin_ns != BEGIN_SETTLED && was_caught(packet, link)) {
    link->direction[packet->direction].counters.outage_drops++;
    witness(net, packet, number, NET_OUTAGE, sim_now(net->sim), SIM_NEVER);
    lose(net, packet, link_down_since(link, packet->direction));
  } else if (packet->direction == NET_DOWN || !has_nat(link) || pass_nat(net, packet, number)) {
    arrive(net, packet, number);
  }
}

/* The packet behind the one that leaves will reach the same receiver at this instant, too: a NAT
 * that lets the one through lets the other. */
static inline gboolean
is_followed_by(const NetPacket *packet, const NetPacket *next)
{
  return next->arrives_ns == packet->arrives_ns && next->begin_ns == BEGIN_SETTLED &&
         next->flow == packet->flow;
}

/* The head of a direction leaves it, with all that may come of that. */
static G_GNUC_NO_INLINE void
leave_fifo(Net *net, NetPacket *packet, guint32 index)
{
  guint32 number = index / 2;

  if (packet->next != NULL) {
    sim_at(net->sim, packet->next->arrives_ns, net->kind_fifo, index, 0);
    net->followed = is_followed_by(packet, packet->next);
  }
  leave(net, packet, number, link_at(net, number));
}

/* Mostly nothing does: the packet is alone and at its end. */
static void
on_fifo(gpointer user, guint32 index, guint32 word G_GNUC_UNUSED)
{
  Net *net = user;
  Link *link = link_at(net, index / 2);
  LinkDirection *state = &link->direction[index % 2];
  NetPacket *packet = state->first;

  state->first = packet->next;
  net->followed = FALSE;
  if (packet->next == NULL && packet->begin_ns == BEGIN_SETTLED &&
      packet->hop == packet->last_hop && !net->handler.left &&
      (packet->direction == NET_DOWN || !has_nat(link)))
    net->handler.delivered(net->user, packet);
  else
    leave_fifo(net, packet, index);
}

static void
on_free(gpointer user, guint32 packet_number, guint32 word G_GNUC_UNUSED)
{
  Net *net = user;
  NetPacket *packet = packet_numbered(net, packet_number);
  guint32 number = link_of(net, packet);

  net->followed = FALSE;
  leave(net, packet, number, link_at(net, number));
}

/* The stages of SimAhead: the direction, its first packet, and what its receiver needs. */
static void
look_ahead(gpointer user, guint32 index, guint32 word G_GNUC_UNUSED, guint stage)
{
  const Net *net = user;
  const LinkDirection *state = &link_at(net, index / 2)->direction[index % 2];

  if (stage == 0) {
    __builtin_prefetch(state);
    __builtin_prefetch((const char *)state + sizeof *state - 1);
    return;
  }
  if (state->first == NULL)
    return;
  if (stage == 1) {
    __builtin_prefetch(state->first);
    __builtin_prefetch((const char *)state->first + net->stride - 1);
  } else if (net->handler.ahead) {
    net->handler.ahead(net->user, state->first->flow, (NetDirection)state->first->direction,
                       stage - 2);
  }
}

Net *
net_new(Sim *sim, gsize body_size, const NetHandler *handler, gpointer user)
{
  Net *net = g_new0(Net, 1);

  net->sim = sim;
  net->handler = *handler;
  net->user = user;
  net->kind_fifo = sim_register(sim, on_fifo, net);
  net->kind_free = sim_register(sim, on_free, net);
  sim_look_ahead(sim, net->kind_fifo, look_ahead);
  /* A multiple of 8, so that any body is aligned. */
  net->stride = (sizeof(NetPacket) + body_size + 7) / 8 * 8;
  net->slabs = g_ptr_array_new_with_free_func(g_free);
  net->links = g_array_new(FALSE, FALSE, sizeof(Link));
  net->routes = g_array_new(FALSE, FALSE, sizeof(Route));
  net->route_links = g_array_new(FALSE, FALSE, sizeof(guint32));
  net->plans = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  net->keys = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  wait_pool_init(&net->wait_pool);
  nat_init(&net->nat);
  return net;
}

void
net_free(Net *net)
{
  for (guint32 i = 0; i < net->links->len; i++)
    link_clear(link_at(net, i));
  wait_pool_clear(&net->wait_pool);
  nat_clear(&net->nat);
  g_hash_table_unref(net->plans);
  g_hash_table_unref(net->keys);
  g_array_unref(net->links);
  g_array_unref(net->routes);
  g_array_unref(net->route_links);
  g_ptr_array_unref(net->slabs);
  g_free(net);
}

guint32
net_link_new(Net *net, const LinkConfig *config, const char *name, guint64 seed,
             guint32 replication)
{
  LinkPlan *plan = g_hash_table_lookup(net->plans, config);
  RandomStream stream = random_stream(seed, replication, name, "link");
  RandomKey *key = g_hash_table_lookup(net->keys, &stream.key);
  Link link;

  if (!key) {
    key = g_new(RandomKey, 1);
    random_key_init(key, stream.key);
    g_hash_table_add(net->keys, key);
  }
  if (!plan) {
    plan = g_new(LinkPlan, 1);
    link_plan(plan, config);
    g_hash_table_insert(net->plans, (gpointer)config, plan);
  }
  link_init(&link, plan, key, stream.id, sim_now(net->sim));
  g_array_append_val(net->links, link);
  return net->links->len - 1;
}

guint32
net_route_new(Net *net, const guint32 *links, guint n)
{
  Route route = {.first = net->route_links->len, .n = n, .mtu = G_MAXUINT};

  /* A packet counts its hops in 8 bits. */
  g_assert(n >= 1 && n <= G_MAXUINT8);
  route.nearest[NET_UP] = links[0];
  route.nearest[NET_DOWN] = links[n - 1];
  for (guint i = 0; i < n; i++) {
    g_assert(links[i] < net->links->len);
    route.mtu = MIN(route.mtu, link_at(net, links[i])->plan->config->mtu);
  }
  g_array_append_vals(net->route_links, links, n);
  g_array_append_val(net->routes, route);
  g_assert(net->nat.passed_ns->len == 0);
  net->nat.per_flow = MAX(net->nat.per_flow, count_nats(net, &route, n));
  return net->routes->len - 1;
}

static G_GNUC_NO_INLINE void
add_slab(Net *net)
{
  g_ptr_array_add(net->slabs, g_malloc(SLAB_PACKETS * net->stride));
  for (guint i = SLAB_PACKETS; i-- > 0;) {
    NetPacket *packet = packet_numbered(net, net->made + i);

    *packet = (NetPacket){.number = net->made + i, .begin_ns = BEGIN_SETTLED, .next = net->free};
    net->free = packet;
  }
  net->made += SLAB_PACKETS;
}

NetPacket *
net_packet_new(Net *net)
{
  NetPacket *packet;

  if (net->free == NULL)
    add_slab(net);
  packet = net->free;
  net->free = packet->next;
  net->alive++;
  return packet;
}

void
net_packet_free(Net *net, NetPacket *packet)
{
  packet->next = net->free;
  net->free = packet;
  net->alive--;
}

const char *
net_loss_name(NetVerdict verdict)
{
  static const char *const names[] = {[NET_LOST] = "lost",
                                      [NET_QUEUE_FULL] = "queue full",
                                      [NET_OUTAGE] = "outage",
                                      [NET_UNMAPPED] = "NAT"};

  return names[verdict];
}

gboolean
net_packet_waits(const NetPacket *packet)
{
  return packet->begin_ns != BEGIN_SETTLED;
}

void
net_send(Net *net, NetPacket *packet, guint32 route, NetDirection direction, guint32 flow,
         guint length)
{
  const Route *way = route_at(net, route);

  g_assert(length <= way->mtu);
  packet->flow = flow;
  packet->route = route;
  packet->length = (guint16)length;
  packet->direction = (guint8)direction;
  packet->is_answer = FALSE;
  packet->hop = 0;
  packet->last_hop = (guint8)(way->n - 1);
  enter(net, packet, way->nearest[direction]);
}

void
net_ask(const Net *net, guint32 route)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  const char *link = (const char *)link_at(
      net, g_array_index(net->route_links, guint32, route_at(net, route)->first));

  for (gsize i = 0; i < sizeof(Link); i += 64)
    __builtin_prefetch(link + i);
}

void
net_flow_begin(Net *net, guint32 flow)
{
  if (net->nat.per_flow > 0)
    nat_begin(&net->nat, flow);
}

void
net_answer(Net *net, NetPacket *answer, const NetPacket *packet, guint length)
{
  g_assert(net->answerable);
  answer->flow = packet->flow;
  answer->route = packet->route;
  answer->length = (guint16)length;
  answer->direction = NET_DOWN;
  answer->is_answer = TRUE;
  answer->hop = packet->last_hop - packet->hop;
  answer->last_hop = packet->last_hop;
  net->answerable = FALSE;
  enter(net, answer, link_of(net, answer));
}

void
net_link_fail(Net *net, guint32 link, guint directions)
{
  for (guint d = NET_UP; d <= NET_DOWN; d++)
    if (directions & 1u << d)
      link_fail(link_at(net, link), d, sim_now(net->sim));
}

/* The fault is over: what waits still was not caught by it, what began meanwhile was. */
static void
catch_if_begun(Net *net, NetPacket *packet, gint64 since_ns)
{
  if (packet->begin_ns != BEGIN_SETTLED && packet->begin_ns >= since_ns &&
      packet->begin_ns < sim_now(net->sim))
    packet->begin_ns = BEGIN_CAUGHT;
}

static void
catch_waiting(Net *net, guint32 number, NetDirection d, gint64 since_ns)
{
  const Link *link = link_at(net, number);

  if (link->direction[d].busy_until_ns < since_ns)
    return;
  if (link->plan->fifo) {
    for (NetPacket *packet = link->direction[d].first; packet != NULL; packet = packet->next)
      catch_if_begun(net, packet, since_ns);
    return;
  }
  for (guint32 i = 0; i < net->made; i++) {
    NetPacket *packet = packet_numbered(net, i);

    if (packet->begin_ns != BEGIN_SETTLED && packet->direction == d &&
        link_of(net, packet) == number)
      catch_if_begun(net, packet, since_ns);
  }
}

void
net_link_repair(Net *net, guint32 link, guint directions)
{
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    gint64 since_ns;

    if ((directions & 1u << d) && link_repair(link_at(net, link), d, &since_ns))
      catch_waiting(net, link, d, since_ns);
  }
}

gboolean
net_link_down(const Net *net, guint32 link, NetDirection direction, gint64 at_ns)
{
  return link_down(link_at(net, link), direction, at_ns);
}

const LinkCounters *
net_link_counters(const Net *net, guint32 link, NetDirection direction)
{
  return &link_at(net, link)->direction[direction].counters;
}

guint
net_route_mtu(const Net *net, guint32 route)
{
  return route_at(net, route)->mtu;
}

guint32
net_packets_alive(const Net *net)
{
  return net->alive;
}

guint64
net_fingerprint(const Net *net)
{
  return net->fingerprint;
}

gint64
net_lost_since(const Net *net)
{
  return net->lost_since_ns;
}

gboolean
net_followed(const Net *net)
{
  return net->followed;
}

gboolean
net_lost_answerable(const Net *net)
{
  return net->answerable;
}
