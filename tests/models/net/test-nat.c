/* NATs at the far end of links: what passes, what does not, and what is answered. */
#include <math.h>

#include "models/net/nat.h"
#include "tests/models/net/rig.h"
#include "tests/theory.h"

#define TIMEOUT (10 * S)
#define RTT (200 * MS)

enum { FLOW, OTHER_FLOW };

/* A client at one end of a route, a server at the other. */
typedef struct {
  Sim *sim;
  Net *net;
  guint32 route;
  guint kind[2];
  guint delivered[2], lost, answers; /* by direction of travel */
  gboolean answered;                 /* what is lost and may be answered is */
  gint64 lost_ns, lost_since_ns, answer_ns;
} Path;

static void
on_delivered(gpointer user, NetPacket *packet)
{
  Path *path = user;

  path->delivered[packet->direction]++;
  if (packet->is_answer) {
    path->answers++;
    path->answer_ns = sim_now(path->sim);
  }
  net_packet_free(path->net, packet);
}

static void
on_lost(gpointer user, NetPacket *packet)
{
  Path *path = user;

  path->lost++;
  path->lost_ns = sim_now(path->sim);
  path->lost_since_ns = net_lost_since(path->net);
  if (net_lost_answerable(path->net)) {
    path->answered = TRUE;
    net_answer(path->net, net_packet_new(path->net), packet, 40);
  }
}

static void
on_up(gpointer user, guint32 flow, guint32 word G_GNUC_UNUSED)
{
  Path *path = user;

  net_send(path->net, net_packet_new(path->net), path->route, NET_UP, flow, 100);
}

static void
on_down(gpointer user, guint32 flow, guint32 word G_GNUC_UNUSED)
{
  Path *path = user;

  net_send(path->net, net_packet_new(path->net), path->route, NET_DOWN, flow, 100);
}

static Path *
path_new(const LinkConfig *configs, guint n)
{
  static const NetHandler handler = {.delivered = on_delivered, .lost = on_lost};
  Path *path = g_new0(Path, 1);
  guint32 links[4];

  path->sim = sim_new(0);
  path->net = net_new(path->sim, 0, &handler, path);
  path->kind[NET_UP] = sim_register(path->sim, on_up, path);
  path->kind[NET_DOWN] = sim_register(path->sim, on_down, path);
  for (guint i = 0; i < n; i++)
    links[i] = net_link_new(path->net, &configs[i], "link", 1, 1);
  path->route = net_route_new(path->net, links, n);
  net_flow_begin(path->net, FLOW);
  net_flow_begin(path->net, OTHER_FLOW);
  return path;
}

static void
path_free(Path *path)
{
  g_assert_cmpuint(net_packets_alive(path->net), ==, 0);
  net_free(path->net);
  sim_free(path->sim);
  g_free(path);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Path, path_free)

static void
path_send(Path *path, gint64 at_ns, NetDirection direction, guint32 flow)
{
  sim_at(path->sim, at_ns, path->kind[direction], flow, 0);
}

static void
path_run(Path *path)
{
  while (sim_step(path->sim, SIM_NEVER))
    continue;
}

static LinkConfig
nat_config(const Dist *rtt, gboolean resets)
{
  LinkConfig config = rig_config();

  config.rtt = rtt;
  config.nat_timeout_ns = TIMEOUT;
  config.nat_resets = resets;
  return config;
}

/* As long as no two packets, of whatever direction, are further apart than the time-out. */
static void
test_kept_alive(void)
{
  g_autoptr(Dist) rtt = dist_constant((double)RTT);
  LinkConfig config = nat_config(rtt, FALSE);
  g_autoptr(Path) path = path_new(&config, 1);

  path_send(path, 0, NET_UP, FLOW); /* meets the NAT at 100 ms */
  path_send(path, TIMEOUT + RTT / 2, NET_DOWN, FLOW);
  path_send(path, 2 * TIMEOUT, NET_UP, FLOW);
  path_send(path, 3 * TIMEOUT + RTT / 2, NET_DOWN, FLOW);
  path_run(path);
  g_assert_cmpuint(path->delivered[NET_UP], ==, 2);
  g_assert_cmpuint(path->delivered[NET_DOWN], ==, 2);
  g_assert_cmpuint(path->lost, ==, 0);
}

/* Once forgotten, a flow stays dead in both directions, since the instant of its expiry; another
 * one, and a new one of its number, are not concerned. */
static void
test_forgotten(void)
{
  g_autoptr(Dist) rtt = dist_constant((double)RTT);
  LinkConfig config = nat_config(rtt, FALSE);

  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    g_autoptr(Path) path = path_new(&config, 1);
    gint64 meets_ns = d == NET_UP ? RTT / 2 : 0;

    path_send(path, 0, NET_UP, FLOW);
    path_send(path, TIMEOUT + RTT / 2 - meets_ns + 1, d, FLOW);
    path_run(path);
    g_assert_cmpuint(path->lost, ==, 1);
    g_assert_cmpint(path->lost_ns, ==, TIMEOUT + RTT / 2 + 1);
    g_assert_cmpint(path->lost_since_ns, ==, TIMEOUT + RTT / 2);
    g_assert_cmpuint(net_link_counters(path->net, 0, d)->nat_drops, ==, 1);
    g_assert_false(path->answered);
    path_send(path, 2 * TIMEOUT, NET_UP, FLOW);
    path_send(path, 2 * TIMEOUT, NET_DOWN, FLOW);
    path_run(path);
    g_assert_cmpuint(path->lost, ==, 3);
    g_assert_cmpint(path->lost_since_ns, ==, TIMEOUT + RTT / 2);
    path_send(path, 2 * TIMEOUT + S, NET_UP, OTHER_FLOW);
    path_run(path);
    net_flow_begin(path->net, FLOW);
    path_send(path, 3 * TIMEOUT, NET_UP, FLOW);
    path_run(path);
    g_assert_cmpuint(path->lost, ==, 3);
    g_assert_cmpuint(path->delivered[NET_UP], ==, 3);
  }
}

/* What was lost on the link before its NAT did not refresh the mapping. */
static void
test_lost_before(void)
{
  LinkConfig config = nat_config(NULL, FALSE);
  g_autoptr(Path) path = path_new(&config, 1);

  path_send(path, 0, NET_UP, FLOW);
  path_run(path);
  net_link_fail(path->net, 0, 1u << NET_UP);
  path_send(path, TIMEOUT / 2, NET_UP, FLOW);
  path_run(path);
  net_link_repair(path->net, 0, 1u << NET_UP);
  path_send(path, TIMEOUT + 1, NET_DOWN, FLOW);
  path_run(path);
  g_assert_cmpuint(path->lost, ==, 2);
  g_assert_cmpint(path->lost_since_ns, ==, TIMEOUT);
  g_assert_cmpuint(net_link_counters(path->net, 0, NET_UP)->outage_drops, ==, 1);
  g_assert_cmpuint(net_link_counters(path->net, 0, NET_DOWN)->nat_drops, ==, 1);
}

/* A NAT that answers does so to the client, from where it stands, and past other NATs. */
static void
test_answers(void)
{
  g_autoptr(Dist) rtt = dist_constant((double)RTT);
  LinkConfig configs[] = {rig_config(), nat_config(rtt, FALSE), nat_config(rtt, TRUE),
                          rig_config()};
  gint64 sent_ns = 2 * TIMEOUT;

  configs[0].rtt = configs[3].rtt = rtt;
  configs[1].nat_timeout_ns = 3 * TIMEOUT;
  g_autoptr(Path) path = path_new(configs, 4);
  path_send(path, 0, NET_UP, FLOW);
  path_send(path, sent_ns, NET_UP, FLOW);
  path_run(path);
  g_assert_cmpuint(path->delivered[NET_UP], ==, 1);
  g_assert_cmpuint(path->lost, ==, 1);
  g_assert_cmpuint(path->answers, ==, 1);
  g_assert_cmpint(path->lost_ns, ==, sent_ns + 3 * RTT / 2);
  g_assert_cmpint(path->answer_ns, ==, sent_ns + 3 * RTT);
  g_assert_cmpuint(net_link_counters(path->net, 2, NET_UP)->nat_drops, ==, 1);
  path_send(path, 3 * TIMEOUT, NET_DOWN, FLOW); /* the other side is not answered */
  path_run(path);
  g_assert_cmpuint(path->lost, ==, 2);
  g_assert_cmpuint(path->answers, ==, 1);
}

/* Poisson traffic at rate L: a gap exceeds the time-out T with probability e^(-L T). */
static void
test_poisson(void)
{
  LinkConfig config = nat_config(NULL, FALSE);
  RandomStream stream = random_stream(1, 1, "traffic", "gap");
  g_autoptr(Dist) gap = dist_new(DIST_EXPONENTIAL, (double)TIMEOUT, 0, 0, INFINITY, NULL);
  g_autoptr(Path) path = path_new(&config, 1);
  const guint n = 20000;
  gint64 at_ns = 0;

  for (guint i = 0; i < n; i++) {
    net_flow_begin(path->net, FLOW);
    path_send(path, at_ns, NET_UP, FLOW);
    path_run(path);
    at_ns += dist_draw_ns(gap, &stream, i);
    path_send(path, at_ns, NET_UP, FLOW);
    path_run(path);
  }
  theory_share("gaps above a NAT's time-out", path->lost, n, exp(-1));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/nat/kept-alive", test_kept_alive);
  g_test_add_func("/net/nat/forgotten", test_forgotten);
  g_test_add_func("/net/nat/lost-before", test_lost_before);
  g_test_add_func("/net/nat/answers", test_answers);
  g_test_add_func("/net/nat/poisson", test_poisson);
  return g_test_run();
}
