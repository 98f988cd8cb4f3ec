/* What a link does to single packets: rate, queue, order, counters, routes. */
#include <math.h>
#include <string.h>

#include "models/net/link.h"
#include "tests/models/net/rig.h"

static LinkConfig
slow(gint64 rate)
{
  LinkConfig config = rig_config();

  config.direction[NET_UP].rate = config.direction[NET_DOWN].rate = rate;
  return config;
}

static gint64
took(const Rig *rig, guint32 flow)
{
  return rig_trip(rig, flow)->ended_ns - rig_trip(rig, flow)->sent_ns;
}

static void
test_serialisation(void)
{
  static const struct {
    gint64 rate;
    guint length;
    gint64 expected_ns;
  } rows[] = {
      {1, 100, 800 * S},        {3, 100, 266666666667},    {375000, 100, 2133333},
      {300000, 1358, 36213333}, {100000000, 1500, 120000}, {1000000000000, 68, 1},
      {NET_UNLIMITED, 1500, 0},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Rig) rig = rig_new(0);
    LinkConfig config = slow(rows[i].rate);
    guint32 route = rig_route(rig, &config, "radio", 1);
    guint32 first = rig_send(rig, 5, route, NET_UP, rows[i].length);
    guint32 second = rig_send(rig, 5, route, NET_UP, rows[i].length);
    guint32 other_way = rig_send(rig, 5, route, NET_DOWN, rows[i].length);

    rig_run(rig);
    g_assert_cmpint(took(rig, first), ==, rows[i].expected_ns);
    g_assert_cmpint(took(rig, second), ==, 2 * rows[i].expected_ns);
    g_assert_cmpint(took(rig, other_way), ==, rows[i].expected_ns);
  }
}

/* 100 B take 100 ms. One is being sent, three wait, the rest of ten are dropped; when the first is
 * sent there is room for one again. */
static void
test_drop_tail_packets(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = slow(8000);
  guint32 route, late[3];

  config.direction[NET_UP].queue_packets = 3;
  route = rig_route(rig, &config, "radio", 1);
  for (guint i = 0; i < 10; i++)
    rig_send(rig, 0, route, NET_UP, 100);
  late[0] = rig_send(rig, 100 * MS - 1, route, NET_UP, 100);
  late[1] = rig_send(rig, 100 * MS, route, NET_UP, 100);
  late[2] = rig_send(rig, 100 * MS, route, NET_UP, 100);
  rig_run(rig);

  for (guint32 i = 0; i < 10; i++)
    g_assert_cmpuint(rig_trip(rig, i)->delivered, ==, i < 4);
  g_assert_cmpuint(rig_trip(rig, late[0])->delivered, ==, 0);
  g_assert_cmpint(rig_trip(rig, late[1])->ended_ns, ==, 500 * MS);
  g_assert_cmpuint(rig_trip(rig, late[2])->delivered, ==, 0);

  const LinkCounters *counters = net_link_counters(rig->net, 0, NET_UP);

  g_assert_cmpuint(counters->packets, ==, 13);
  g_assert_cmpuint(counters->bytes, ==, 1300);
  g_assert_cmpuint(counters->queue_drops, ==, 8);
  g_assert_cmpuint(counters->lost + counters->outage_drops, ==, 0);
}

/* 250 B hold two packets of 100 B, and then one of 50 B still. */
static void
test_drop_tail_bytes(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = slow(8000);
  guint32 route;

  config.direction[NET_UP].queue_bytes = 250;
  route = rig_route(rig, &config, "radio", 1);
  for (guint i = 0; i < 4; i++)
    rig_send(rig, 0, route, NET_UP, 100);
  rig_send(rig, 0, route, NET_UP, 50);
  rig_send(rig, 0, route, NET_UP, 40);
  rig_run(rig);

  static const gboolean delivered[] = {TRUE, TRUE, TRUE, FALSE, TRUE, FALSE};

  for (guint32 i = 0; i < G_N_ELEMENTS(delivered); i++)
    g_assert_cmpuint(rig_trip(rig, i)->delivered, ==, delivered[i]);
}

/* A queue refills and empties many times: what is counted as waiting never drifts. */
static void
test_queue_again_and_again(gconstpointer bytes)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = slow(8000);
  guint32 route;

  if (GPOINTER_TO_INT(bytes))
    config.direction[NET_UP].queue_bytes = 500;
  else
    config.direction[NET_UP].queue_packets = 5;
  route = rig_route(rig, &config, "radio", 1);
  for (guint round = 0; round < 1000; round++)
    for (guint i = 0; i < 9; i++)
      rig_send(rig, round * S, route, NET_UP, 100);
  rig_run(rig);
  g_assert_cmpuint(net_link_counters(rig->net, 0, NET_UP)->queue_drops, ==, 3000);
}

static guint
overtakings(gboolean fifo)
{
  g_autoptr(Rig) rig = rig_new(0);
  g_autoptr(Dist) delay = dist_new(DIST_EXPONENTIAL, 50.0 * MS, 0, 0, INFINITY, NULL);
  LinkConfig config = rig_config();
  guint count = 0;

  config.fifo = fifo;
  config.direction[NET_UP].delay = delay;
  guint32 route = rig_route(rig, &config, "radio", 1);
  for (guint i = 0; i < 10000; i++)
    rig_send(rig, i * 10 * MS, route, NET_UP, 100);
  rig_run(rig);
  g_assert_cmpuint(rig->order->len, ==, 10000);
  for (guint i = 1; i < rig->order->len; i++)
    count += g_array_index(rig->order, guint32, i) < g_array_index(rig->order, guint32, i - 1);
  return count;
}

static void
test_order(void)
{
  g_assert_cmpuint(overtakings(TRUE), ==, 0);
  g_assert_cmpuint(overtakings(FALSE), >, 1000);
}

static void
test_route_of_three(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  Dist *delays[3] = {dist_constant(1.0 * MS), dist_constant(10.0 * MS), dist_constant(100.0 * MS)};
  LinkConfig configs[3];
  guint32 links[3], route;

  for (guint i = 0; i < 3; i++) {
    configs[i] = rig_config();
    configs[i].direction[NET_UP].delay = delays[i];
    configs[i].mtu = 1500 - 100 * i;
    links[i] = net_link_new(rig->net, &configs[i], "x", 1, 1);
  }
  configs[1].direction[NET_DOWN].rate = 8000;
  route = net_route_new(rig->net, links, 3);
  g_assert_cmpuint(net_route_mtu(rig->net, route), ==, 1300);

  guint32 up = rig_send(rig, 0, route, NET_UP, 100);
  guint32 down = rig_send(rig, 0, route, NET_DOWN, 100);

  sim_run(rig->sim, 2 * MS);
  /* The packet upwards is on the second link, that downwards too: the third took no time. */
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint(net_link_counters(rig->net, links[i], NET_UP)->packets, ==, i < 2);
    g_assert_cmpuint(net_link_counters(rig->net, links[i], NET_DOWN)->packets, ==, i > 0);
  }
  rig_run(rig);
  g_assert_cmpint(took(rig, up), ==, 111 * MS);
  g_assert_cmpint(took(rig, down), ==, 100 * MS);
  for (guint i = 0; i < 3; i++)
    dist_unref(delays[i]);
}

/* What happens on the last link is lost there, once. */
static void
test_route_loses_once(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig good = rig_config(), bad = rig_config();
  guint32 links[2], route;

  bad.direction[NET_UP].loss.rate = 1;
  links[0] = net_link_new(rig->net, &good, "a", 1, 1);
  links[1] = net_link_new(rig->net, &bad, "b", 1, 1);
  route = net_route_new(rig->net, links, 2);
  rig_send(rig, 0, route, NET_UP, 100);
  rig_send(rig, 0, route, NET_DOWN, 100);
  rig_run(rig);
  g_assert_cmpuint(rig_trip(rig, 0)->lost, ==, 1);
  g_assert_cmpuint(rig_trip(rig, 1)->delivered, ==, 1);
  g_assert_cmpuint(net_link_counters(rig->net, links[0], NET_UP)->lost, ==, 0);
  g_assert_cmpuint(net_link_counters(rig->net, links[1], NET_UP)->lost, ==, 1);
}

/* A lost packet takes its time on the link as others do. */
static void
test_lost_occupies(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = slow(8000);
  guint32 route = rig_route(rig, &config, "radio", 1), flow;

  rig_send(rig, 0, route, NET_UP, 100);
  flow = rig_send(rig, 20 * MS, route, NET_UP, 100);
  net_link_fail(rig->net, 0, 1u << NET_UP);
  sim_run(rig->sim, 10 * MS);
  net_link_repair(rig->net, 0, 1u << NET_UP);
  rig_run(rig);
  g_assert_cmpuint(rig_trip(rig, 0)->lost, ==, 1);
  g_assert_cmpint(rig_trip(rig, flow)->ended_ns, ==, 200 * MS);
}

static void
fail_until(Rig *rig, gint64 from_ns, gint64 to_ns, guint directions)
{
  sim_run(rig->sim, from_ns);
  net_link_fail(rig->net, 0, directions);
  sim_run(rig->sim, to_ns);
  net_link_repair(rig->net, 0, directions);
}

/* Packets that wait meet the fault when their transmission begins, not when they were sent: here at
 * 0, 100, ... 900 ms. Another link has its own troubles. */
static void
test_fault_meets_the_queue(gconstpointer fifo)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = slow(8000);
  guint32 route, other_route, late;

  config.fifo = GPOINTER_TO_INT(fifo);
  route = rig_route(rig, &config, "radio", 1);
  other_route = rig_route(rig, &config, "other radio", 1);
  for (guint i = 0; i < 10; i++) {
    rig_send(rig, 0, route, NET_UP, 100);
    rig_send(rig, 0, route, NET_DOWN, 100);
    rig_send(rig, 0, other_route, NET_UP, 100);
  }
  /* Sent during the second fault, to begin at 1 s, when it is over. */
  late = rig_send(rig, 650 * MS, route, NET_UP, 100);
  fail_until(rig, 250 * MS, 450 * MS, 1u << NET_UP);
  fail_until(rig, 600 * MS, 690 * MS, 1u << NET_UP | 1u << NET_DOWN);
  rig_run(rig);
  for (guint32 i = 0; i < 10; i++) {
    g_assert_cmpuint(rig_trip(rig, 3 * i)->lost, ==, i == 3 || i == 4 || i == 6);
    g_assert_cmpuint(rig_trip(rig, 3 * i + 1)->lost, ==, i == 6);
    g_assert_cmpuint(rig_trip(rig, 3 * i + 2)->lost, ==, 0);
  }
  g_assert_cmpint(rig_trip(rig, late)->ended_ns, ==, 1100 * MS);
  g_assert_cmpuint(rig_trip(rig, late)->delivered, ==, 1);
  g_assert_cmpuint(net_link_counters(rig->net, 0, NET_UP)->outage_drops, ==, 3);
}

/* A packet that is sent during a fault, waits, and begins during it, is caught when it arrives, the
 * fault not being over. */
static void
test_fault_without_end(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = slow(8000);
  guint32 route = rig_route(rig, &config, "radio", 1);

  for (guint i = 0; i < 5; i++)
    rig_send(rig, 0, route, NET_UP, 100);
  sim_run(rig->sim, 150 * MS);
  net_link_fail(rig->net, 0, 1u << NET_UP);
  rig_run(rig);
  for (guint32 i = 0; i < 5; i++)
    g_assert_cmpuint(rig_trip(rig, i)->lost, ==, i >= 2);
}

static void
test_faults_nest(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = rig_config();
  guint both = 1u << NET_UP | 1u << NET_DOWN;

  rig_route(rig, &config, "radio", 1);
  g_assert_false(net_link_down(rig->net, 0, NET_UP, 0));
  net_link_fail(rig->net, 0, both);
  net_link_fail(rig->net, 0, 1u << NET_UP);
  net_link_repair(rig->net, 0, both);
  g_assert_true(net_link_down(rig->net, 0, NET_UP, 0));
  g_assert_false(net_link_down(rig->net, 0, NET_DOWN, 0));
  net_link_repair(rig->net, 0, 1u << NET_UP);
  g_assert_false(net_link_down(rig->net, 0, NET_UP, 0));
}

/* Whatever is configured, each packet has one end, and the counters add up to the packets. */
static void
test_one_end_for_each(void)
{
  g_autoptr(Rig) rig = rig_new(-10 * S);
  g_autoptr(Dist) rtt = dist_new(DIST_LOGNORMAL, 100.0 * MS, 300.0 * MS, 0, INFINITY, NULL);
  g_autoptr(Dist) gap = dist_new(DIST_EXPONENTIAL, 3.0 * S, 0, 0, INFINITY, NULL);
  g_autoptr(Dist) lasts = dist_constant(0.5 * S);
  LinkConfig config = slow(100000);
  guint32 links[2], route;

  config.rtt = rtt;
  config.outage_gap = gap;
  config.outage_lasts = lasts;
  config.direction[NET_UP].loss.rate = 0.1;
  config.direction[NET_UP].queue_packets = 20;
  config.direction[NET_DOWN].queue_bytes = 5000;
  g_assert_true(loss_config_gilbert(&config.direction[NET_DOWN].loss, 0.05, 100.0 * MS, 0.01, 0.8));
  links[0] = net_link_new(rig->net, &config, "a", g_test_rand_int(), 1);
  config.fifo = g_test_rand_bit();
  links[1] = net_link_new(rig->net, &config, "b", g_test_rand_int(), 1);
  route = net_route_new(rig->net, links, 2);
  for (guint i = 0; i < 20000; i++)
    rig_send(rig, g_test_rand_int_range(-5000, 60000) * MS, route, (NetDirection)g_test_rand_bit(),
             (guint)g_test_rand_int_range(40, 1500));
  rig_run(rig);

  guint64 queue_drops = 0, outage_drops = 0, lost = 0;

  for (guint i = 0; i < 2; i++) {
    for (guint d = NET_UP; d <= NET_DOWN; d++) {
      const LinkCounters *counters = net_link_counters(rig->net, links[i], d);

      queue_drops += counters->queue_drops;
      outage_drops += counters->outage_drops;
      lost += counters->lost;
    }
  }
  g_assert_cmpuint(queue_drops, >, 0);
  g_assert_cmpuint(outage_drops, >, 0);
  g_assert_cmpuint(lost, >, 0);
  g_assert_cmpuint(rig->order->len + queue_drops + outage_drops + lost, ==, 20000);
}

typedef struct {
  Net *net;
  Sim *sim;
  guint passed, waiting, other, left;
  gint64 leaves_ns, left_ns;
} Seen;

static void
on_seen(gpointer user, NetPacket *packet, guint32 link G_GNUC_UNUSED, NetVerdict verdict,
        gint64 at_ns, gint64 arrives_ns)
{
  Seen *seen = user;

  if (verdict == NET_PASSED) {
    seen->passed++;
    seen->waiting += net_packet_waits(packet);
    seen->leaves_ns = arrives_ns;
  } else {
    seen->other++;
    g_assert_cmpint(arrives_ns, ==, SIM_NEVER);
  }
  g_assert_cmpint(at_ns, ==, 7);
}

static void
on_left(gpointer user, NetPacket *packet G_GNUC_UNUSED, guint32 link G_GNUC_UNUSED)
{
  Seen *seen = user;

  seen->left++;
  seen->left_ns = sim_now(seen->sim);
}

static void
on_end(gpointer user G_GNUC_UNUSED, NetPacket *packet G_GNUC_UNUSED)
{
}

static void
test_observer_and_body(void)
{
  static const NetHandler handler = {
      .delivered = on_end, .lost = on_end, .observe = on_seen, .left = on_left};
  g_autoptr(Sim) sim = sim_new(7);
  Seen seen = {0};
  g_autoptr(Net) net = net_new(sim, 24, &handler, &seen);
  LinkConfig config = slow(8000);
  guint32 link, route;
  NetPacket *packets[3];

  seen.net = net;
  seen.sim = sim;
  config.direction[NET_UP].queue_packets = 1;
  link = net_link_new(net, &config, "radio", 1, 1);
  route = net_route_new(net, &link, 1);
  for (guint i = 0; i < 3; i++) {
    packets[i] = net_packet_new(net);
    memset(net_packet_body(packets[i]), 'a' + (gint)i, 24);
  }
  for (guint i = 0; i < 3; i++)
    net_send(net, packets[i], route, NET_UP, i, 100);
  g_assert_cmpuint(seen.passed, ==, 2);
  g_assert_cmpuint(seen.waiting, ==, 1);
  g_assert_cmpuint(seen.other, ==, 1);
  g_assert_cmpuint(seen.left, ==, 0);
  g_assert_cmpint(seen.leaves_ns, ==, 7 + 200 * MS);
  g_assert_cmpuint(net_packets_alive(net), ==, 2);
  sim_run(sim, SIM_NEVER);
  g_assert_cmpuint(seen.left, ==, 2);
  g_assert_cmpint(seen.left_ns, ==, seen.leaves_ns);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint(((const char *)net_packet_body(packets[i]))[23], ==, 'a' + (gint)i);
    g_assert_cmpuint(packets[i]->flow, ==, i);
    g_assert_cmpuint(packets[i]->hop, ==, 0);
    net_packet_free(net, packets[i]);
  }
  g_assert_cmpuint(net_packets_alive(net), ==, 0);
}

static guint64
fingerprint(guint64 seed, guint length)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = rig_config();
  guint32 route;

  config.direction[NET_UP].loss.rate = 0.5;
  route = rig_route(rig, &config, "radio", seed);
  for (guint i = 0; i < 100; i++)
    rig_send(rig, i * MS, route, NET_UP, i == 50 ? length : 100);
  rig_run(rig);
  return net_fingerprint(rig->net);
}

static void
test_fingerprint(void)
{
  g_assert_cmpuint(fingerprint(1, 100), ==, fingerprint(1, 100));
  g_assert_cmpuint(fingerprint(1, 100), !=, fingerprint(1, 101));
  g_assert_cmpuint(fingerprint(1, 100), !=, fingerprint(2, 100));
}

static void
on_followed(gpointer user, NetPacket *packet)
{
  Net *const *net = user;

  g_assert_cmpint(net_followed(*net), ==, packet->length == 100);
  net_packet_free(*net, packet);
}

/* A packet knows whether the next one of its flow comes at the same instant: not if that belongs to
 * another flow, comes later, or the other way. */
static void
test_followed(void)
{
  static const struct {
    gint64 at_ns;
    guint32 flow;
    guint length; /* 100: it is followed */
    NetDirection direction;
  } rows[] = {{0, 0, 100, NET_UP}, {0, 0, 100, NET_UP},  {0, 0, 99, NET_UP},   {0, 1, 99, NET_UP},
              {0, 0, 99, NET_UP},  {0, 0, 99, NET_DOWN}, {MS, 0, 100, NET_UP}, {MS, 0, 99, NET_UP}};
  static const NetHandler handler = {.delivered = on_followed, .lost = on_end};
  LinkConfig config = rig_config();
  g_autoptr(Sim) sim = sim_new(0);
  Net *net = NULL;
  guint32 link;

  config.fifo = TRUE;
  net = net_new(sim, 0, &handler, &net);
  link = net_link_new(net, &config, "radio", 1, 1);
  net_route_new(net, &link, 1);
  net_flow_begin(net, 0);
  net_flow_begin(net, 1);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (rows[i].at_ns > sim_now(sim))
      sim_run(sim, rows[i].at_ns);
    net_send(net, net_packet_new(net), 0, rows[i].direction, rows[i].flow, rows[i].length);
  }
  sim_run(sim, SIM_NEVER);
  net_free(net);
}

/* A million idle clients have a million idle links. */
static void
test_idle_link_is_small(void)
{
  g_assert_cmpuint(sizeof(Link), <=, 208);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/link/serialisation", test_serialisation);
  g_test_add_func("/net/link/drop-tail-packets", test_drop_tail_packets);
  g_test_add_func("/net/link/drop-tail-bytes", test_drop_tail_bytes);
  g_test_add_data_func("/net/link/queue-again-and-again/packets", GINT_TO_POINTER(FALSE),
                       test_queue_again_and_again);
  g_test_add_data_func("/net/link/queue-again-and-again/bytes", GINT_TO_POINTER(TRUE),
                       test_queue_again_and_again);
  g_test_add_func("/net/link/order", test_order);
  g_test_add_func("/net/link/route-of-three", test_route_of_three);
  g_test_add_func("/net/link/route-loses-once", test_route_loses_once);
  g_test_add_func("/net/link/lost-occupies", test_lost_occupies);
  g_test_add_data_func("/net/link/fault-meets-the-queue/fifo", GINT_TO_POINTER(TRUE),
                       test_fault_meets_the_queue);
  g_test_add_data_func("/net/link/fault-meets-the-queue/free", GINT_TO_POINTER(FALSE),
                       test_fault_meets_the_queue);
  g_test_add_func("/net/link/fault-without-end", test_fault_without_end);
  g_test_add_func("/net/link/faults-nest", test_faults_nest);
  g_test_add_func("/net/link/one-end-for-each", test_one_end_for_each);
  g_test_add_func("/net/link/observer-and-body", test_observer_and_body);
  g_test_add_func("/net/link/fingerprint", test_fingerprint);
  g_test_add_func("/net/link/followed", test_followed);
  g_test_add_func("/net/link/idle-link-is-small", test_idle_link_is_small);
  return g_test_run();
}
