#include "models/net/net.h"

#include "models/net/link.h"
#include "models/net/nat.h"

/* No further verdict is due for the packet: it did not wait, or it is not under way. */
#define BEGIN_SETTLED G_MAXINT64
/* A fault that is over has caught it. */
#define BEGIN_CAUGHT G_MININT64

/* A packet in the pool; the body follows. */
typedef struct {
  NetPacket view;
  guint32 next; /* behind it in its direction, or in the list of free ones; number + 1, 0: none */
  gint64 begin_ns; /* of its transmission, if it had to wait for that */
  gint64 arrives_ns;
} Packet;

typedef struct {
  guint32 first, n; /* of route_links */
  guint mtu;
} Route;

struct _Net {
  Sim *sim;
  NetHandler handler;
  gpointer user;
  guint kind_fifo, kind_free;

  guint8 *packets; /* capacity times stride */
  gsize stride;
  guint32 capacity, made, free, alive;

  GArray *links;       /* Link */
  GArray *routes;      /* Route */
  GArray *route_links; /* guint32 */
  GHashTable *plans;   /* const LinkConfig * -> LinkPlan * */
  WaitPool wait_pool;
  NatTable nat;
  guint64 fingerprint;
  gint64 lost_since_ns; /* see net_lost_since() */
  gboolean answerable;  /* see net_lost_answerable() */
  gboolean followed;    /* see net_followed() */
};

static inline Packet *
packet_at(const Net *net, guint32 packet)
{
  return (Packet *)(gpointer)(net->packets + packet * net->stride);
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
place_of(const Route *route, const NetPacket *packet)
{
  return packet->direction == NET_UP ? packet->hop : route->n - 1 - packet->hop;
}

static inline guint32
link_of(const Net *net, const Route *route, const NetPacket *packet)
{
  return g_array_index(net->route_links, guint32, route->first + place_of(route, packet));
}

/* Every input moves about half the bits, and the order counts. */
static inline guint64
mix(guint64 hash, guint64 word)
{
  hash = (hash ^ word) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd);
  return hash ^ hash >> 32;
}

static inline void
witness(Net *net, guint32 packet, const NetPacket *view, guint32 link, NetVerdict verdict,
        gint64 at_ns, gint64 arrives_ns)
{
  guint64 hash = mix(net->fingerprint, (guint64)at_ns);

  net->fingerprint = mix(hash, (guint64)link << 32 | (guint64)verdict << 24 |
                                   (guint64)view->direction << 16 | view->length);
  if (net->handler.observe)
    net->handler.observe(net->user, packet, link, verdict, at_ns, arrives_ns);
}

static G_GNUC_NO_INLINE void
lose(Net *net, guint32 packet, gint64 since_ns)
{
  net->lost_since_ns = since_ns;
  net->handler.lost(net->user, packet);
  net_packet_free(net, packet);
}

static inline gboolean
has_nat(const Link *link)
{
  return link->plan->config->nat_timeout_ns > 0;
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
pass_nat(Net *net, guint32 packet, guint32 number)
{
  const NetPacket *view = &packet_at(net, packet)->view;
  Link *link = link_at(net, number);
  const Route *route = route_at(net, view->route);
  gint64 gone_ns;

  if (view->is_answer)
    return TRUE;
  if (nat_pass(&net->nat, view->flow, count_nats(net, route, place_of(route, view)),
               link->plan->config->nat_timeout_ns, sim_now(net->sim), &gone_ns))
    return TRUE;
  link->direction[view->direction].counters.nat_drops++;
  witness(net, packet, view, number, NET_UNMAPPED, sim_now(net->sim), SIM_NEVER);
  net->answerable = view->direction == NET_UP && link->plan->config->nat_resets;
  lose(net, packet, gone_ns);
  net->answerable = FALSE;
  return FALSE;
}

/* Behind the last packet of the direction; only the head is in the event queue. */
static inline void
append(Net *net, guint32 link, NetDirection d, LinkDirection *state, guint32 packet, Packet *added)
{
  added->next = 0;
  if (state->first == 0) {
    state->first = packet + 1;
    sim_at(net->sim, added->arrives_ns, net->kind_fifo, link * 2 + d, 0);
  } else {
    Packet *ahead = packet_at(net, state->last - 1);

    added->arrives_ns = MAX(added->arrives_ns, ahead->arrives_ns);
    ahead->next = packet + 1;
  }
  state->last = packet + 1;
}

/* The packet meets the link of its hop. */
static void
enter(Net *net, guint32 packet, Packet *self, const Route *route)
{
  NetDirection d = self->view.direction;
  guint32 number = link_of(net, route, &self->view);
  Link *link = link_at(net, number);
  gint64 now_ns = sim_now(net->sim), begin_ns;
  NetVerdict verdict;

  self->arrives_ns = SIM_NEVER;
  if (d == NET_DOWN && has_nat(link) && !pass_nat(net, packet, number))
    return;
  verdict =
      link_enter(link, &net->wait_pool, d, now_ns, self->view.length, &begin_ns, &self->arrives_ns);
  if (verdict == NET_PASSED) {
    self->begin_ns = begin_ns > now_ns ? begin_ns : BEGIN_SETTLED;
    if (link->plan->config->fifo)
      append(net, number, d, &link->direction[d], packet, self);
    else
      sim_at(net->sim, self->arrives_ns, net->kind_free, packet, 0);
  }
  witness(net, packet, &self->view, number, verdict, now_ns, self->arrives_ns);
  if (verdict != NET_PASSED)
    lose(net, packet, verdict == NET_OUTAGE ? link_down_since(link, d) : SIM_NEVER);
}

/* At the other end of the link: on to the next one, or to its receiver. */
static inline void
arrive(Net *net, guint32 packet, Packet *self, guint32 number)
{
  const Route *route = route_at(net, self->view.route);

  if (net->handler.left)
    net->handler.left(net->user, packet, number);
  if (self->view.hop + 1u < route->n) {
    self->view.hop++;
    enter(net, packet, self, route);
  } else {
    net->handler.delivered(net->user, packet);
  }
}

/* The packet leaves the link, unless a fault met it in the queue or the NAT does not know it. */
static inline void
leave(Net *net, guint32 packet, Packet *self, guint32 number, Link *link)
{
  gint64 begin_ns = self->begin_ns;

  self->begin_ns = BEGIN_SETTLED;
  if (begin_ns != BEGIN_SETTLED &&
      (begin_ns == BEGIN_CAUGHT || link_caught(link, self->view.direction, begin_ns))) {
    link->direction[self->view.direction].counters.outage_drops++;
    witness(net, packet, &self->view, number, NET_OUTAGE, sim_now(net->sim), SIM_NEVER);
    lose(net, packet, link_down_since(link, self->view.direction));
  } else if (self->view.direction == NET_DOWN || !has_nat(link) || pass_nat(net, packet, number)) {
    arrive(net, packet, self, number);
  }
}

/* The packet behind the one that leaves will reach the same receiver at this instant, too: a NAT
 * that lets the one through lets the other. */
static inline gboolean
is_followed_by(const Packet *self, const Packet *next)
{
  return next->arrives_ns == self->arrives_ns && next->begin_ns == BEGIN_SETTLED &&
         next->view.flow == self->view.flow;
}

static void
on_fifo(gpointer user, guint32 index, guint32 word G_GNUC_UNUSED)
{
  Net *net = user;
  guint32 number = index / 2;
  Link *link = link_at(net, number);
  LinkDirection *state = &link->direction[index % 2];
  guint32 packet = state->first - 1;
  Packet *self = packet_at(net, packet);

  state->first = self->next;
  if (state->first != 0) {
    const Packet *next = packet_at(net, state->first - 1);

    sim_at(net->sim, next->arrives_ns, net->kind_fifo, index, 0);
    net->followed = is_followed_by(self, next);
  }
  leave(net, packet, self, number, link);
  net->followed = FALSE;
}

static void
on_free(gpointer user, guint32 packet, guint32 word G_GNUC_UNUSED)
{
  Net *net = user;
  Packet *self = packet_at(net, packet);
  guint32 number = link_of(net, route_at(net, self->view.route), &self->view);

  leave(net, packet, self, number, link_at(net, number));
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
  if (state->first == 0)
    return;
  const Packet *packet = packet_at(net, state->first - 1);
  if (stage == 1) {
    __builtin_prefetch(packet);
    __builtin_prefetch((const char *)packet + net->stride - 1);
  } else if (net->handler.ahead) {
    net->handler.ahead(net->user, packet->view.flow, (NetDirection)packet->view.direction,
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
  net->stride = (sizeof(Packet) + body_size + 7) / 8 * 8;
  net->links = g_array_new(FALSE, FALSE, sizeof(Link));
  net->routes = g_array_new(FALSE, FALSE, sizeof(Route));
  net->route_links = g_array_new(FALSE, FALSE, sizeof(guint32));
  net->plans = g_hash_table_new_full(NULL, NULL, NULL, g_free);
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
  g_array_unref(net->links);
  g_array_unref(net->routes);
  g_array_unref(net->route_links);
  g_free(net->packets);
  g_free(net);
}

guint32
net_link_new(Net *net, const LinkConfig *config, const char *name, guint64 seed,
             guint32 replication)
{
  LinkPlan *plan = g_hash_table_lookup(net->plans, config);
  Link link;

  if (!plan) {
    plan = g_new(LinkPlan, 1);
    link_plan(plan, config);
    g_hash_table_insert(net->plans, (gpointer)config, plan);
  }
  link_init(&link, plan, random_stream(seed, replication, name, "link"), sim_now(net->sim));
  g_array_append_val(net->links, link);
  return net->links->len - 1;
}

guint32
net_route_new(Net *net, const guint32 *links, guint n)
{
  Route route = {.first = net->route_links->len, .n = n, .mtu = G_MAXUINT};

  /* A packet counts its hops in 8 bits. */
  g_assert(n >= 1 && n <= G_MAXUINT8);
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

guint32
net_packet_new(Net *net)
{
  guint32 packet;

  if (net->free != 0) {
    packet = net->free - 1;
    net->free = packet_at(net, packet)->next;
  } else {
    if (net->made == net->capacity) {
      net->capacity = MAX(64, net->capacity * 2);
      net->packets = g_realloc_n(net->packets, net->capacity, net->stride);
    }
    packet = net->made++;
  }
  packet_at(net, packet)->begin_ns = BEGIN_SETTLED;
  net->alive++;
  return packet;
}

void
net_packet_free(Net *net, guint32 packet)
{
  packet_at(net, packet)->next = net->free;
  net->free = packet + 1;
  net->alive--;
}

gpointer
net_packet_body(Net *net, guint32 packet)
{
  return packet_at(net, packet) + 1;
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

const NetPacket *
net_packet(const Net *net, guint32 packet)
{
  return &packet_at(net, packet)->view;
}

gboolean
net_packet_waits(const Net *net, guint32 packet)
{
  return packet_at(net, packet)->begin_ns != BEGIN_SETTLED;
}

void
net_send(Net *net, guint32 packet, guint32 route, NetDirection direction, guint32 flow,
         guint length)
{
  const Route *way = route_at(net, route);
  Packet *self = packet_at(net, packet);

  g_assert(length <= way->mtu);
  self->view = (NetPacket){
      .flow = flow, .route = route, .length = (guint16)length, .direction = direction & 1u};
  enter(net, packet, self, way);
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
net_answer(Net *net, guint32 answer, guint32 packet, guint length)
{
  NetPacket view = packet_at(net, packet)->view;
  const Route *route = route_at(net, view.route);

  g_assert(net->answerable);
  view.hop = (guint8)(route->n - 1 - view.hop);
  view.direction = NET_DOWN;
  view.is_answer = TRUE;
  view.length = (guint16)length;
  packet_at(net, answer)->view = view;
  net->answerable = FALSE;
  enter(net, answer, packet_at(net, answer), route);
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
catch_if_begun(Net *net, Packet *packet, gint64 since_ns)
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
  if (link->plan->config->fifo) {
    for (guint32 i = link->direction[d].first; i != 0; i = packet_at(net, i - 1)->next)
      catch_if_begun(net, packet_at(net, i - 1), since_ns);
    return;
  }
  for (guint32 i = 0; i < net->made; i++) {
    Packet *packet = packet_at(net, i);

    if (packet->begin_ns != BEGIN_SETTLED && packet->view.direction == d &&
        link_of(net, route_at(net, packet->view.route), &packet->view) == number)
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
