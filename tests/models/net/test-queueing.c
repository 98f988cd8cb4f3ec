/* A link with Poisson arrivals and packets of one size is the queue M/D/1: theory says how long
 * they wait. */
#include <math.h>

#include "tests/models/net/rig.h"

#define RUNS 40
#define PACKETS 20000
#define SERVICE (100 * MS) /* 100 B at 8000 bit/s */

typedef struct {
  double wait; /* mean, in services */
  double busy; /* share of arrivals that had to wait */
} Queueing;

/* The first half fills the queue as it is in the long run, the second is measured. */
static Queueing
run(double load, guint64 seed)
{
  g_autoptr(Rig) rig = rig_new(0);
  RandomStream arrivals = random_stream(seed, 1, "test", "arrivals");
  LinkConfig config = rig_config();
  Queueing result = {0};
  double at_ns = 0;
  guint32 route;

  config.direction[NET_UP].rate = 8000;
  route = rig_route(rig, &config, "radio", seed);
  for (guint i = 0; i < PACKETS; i++) {
    at_ns -= log1p(-random_uniform(&arrivals, i)) * SERVICE / load;
    rig_send(rig, llrint(at_ns), route, NET_UP, 100);
  }
  rig_run(rig);
  for (guint32 i = PACKETS / 2; i < PACKETS; i++) {
    const Trip *trip = rig_trip(rig, i);
    gint64 wait_ns = trip->ended_ns - trip->sent_ns - SERVICE;

    result.wait += (double)wait_ns / SERVICE / (PACKETS / 2);
    result.busy += (double)(wait_ns > 0) / (PACKETS / 2);
  }
  return result;
}

/* Pollaczek-Khinchine: a Poisson arrival waits rho / (2 (1 - rho)) services on average; it sees
 * time averages (PASTA), so it waits at all with probability rho. */
static void
test_pollaczek_khinchine(void)
{
  static const double loads[] = {0.3, 0.5, 0.8};

  for (gsize l = 0; l < G_N_ELEMENTS(loads); l++) {
    double waits[RUNS], busy[RUNS], rho = loads[l];

    for (guint i = 0; i < RUNS; i++) {
      Queueing result = run(rho, i + 1);

      waits[i] = result.wait;
      busy[i] = result.busy;
    }
    g_assert_cmpfloat(fabs(rig_z(waits, RUNS, rho / (2 * (1 - rho)))), <, 4);
    g_assert_cmpfloat(fabs(rig_z(busy, RUNS, rho)), <, 4);
  }
}

/* L = lambda W holds on every path that begins and ends empty: packets alive, summed over time, are
 * sojourns, summed over packets. */
static void
test_little(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  g_autoptr(Dist) delay = dist_new(DIST_EXPONENTIAL, 30.0 * MS, 0, 0, INFINITY, NULL);
  LinkConfig config = rig_config();
  gint64 area = 0, sojourns = 0, before_ns = 0;
  guint32 route, alive = 0;

  config.direction[NET_UP].rate = 8000;
  config.direction[NET_UP].queue_packets = 10;
  config.direction[NET_UP].delay = delay;
  config.fifo = FALSE;
  route = rig_route(rig, &config, "radio", 1);
  for (guint i = 0; i < 5000; i++)
    rig_send(rig, g_test_rand_int_range(0, 400000) * MS, route, NET_UP, 100);
  while (sim_step(rig->sim, SIM_NEVER)) {
    area += alive * (sim_now(rig->sim) - before_ns);
    before_ns = sim_now(rig->sim);
    alive = net_packets_alive(rig->net);
  }
  for (guint32 i = 0; i < rig->trips->len; i++)
    sojourns += rig_trip(rig, i)->ended_ns - rig_trip(rig, i)->sent_ns;
  g_assert_cmpint(area, >, 0);
  g_assert_cmpint(area, ==, sojourns);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/queueing/pollaczek-khinchine", test_pollaczek_khinchine);
  g_test_add_func("/net/queueing/little", test_little);
  return g_test_run();
}
