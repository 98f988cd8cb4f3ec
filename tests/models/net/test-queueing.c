/* A link with Poisson arrivals is a queue of the books: M/D/1 where packets have one size, M/M/1
 * where their sizes are exponential, M/G/1 else, M/M/1/K where its queue is bounded. Times are in
 * services. */
#include <math.h>

#include "tests/models/net/rig.h"
#include "tests/theory.h"

#define RUNS 20
#define PACKETS 20000
#define RATE 160000 /* bit/s */

typedef struct {
  const char *name;
  guint (*length)(double uniform); /* bytes */
  double mean;                     /* bytes */
  double second;                   /* E[S^2] / E[S]^2 */
} Sizes;

static guint
fixed_length(double uniform G_GNUC_UNUSED)
{
  return 1000;
}

/* Up to the largest packet that there is, which is thirty times the mean. */
static guint
exponential_length(double uniform)
{
  return (guint)CLAMP(llrint(-log1p(-uniform) * 2000), 1, G_MAXUINT16);
}

static guint
two_lengths(double uniform)
{
  return uniform < 0.9 ? 100 : 1500;
}

static const Sizes fixed = {"M/D/1", fixed_length, 1000, 1};
static const Sizes exponential = {"M/M/1", exponential_length, 2000, 2};
static const Sizes two = {"M/G/1", two_lengths, 240, 234000.0 / (240 * 240)};

typedef struct {
  double wait, busy;        /* mean, and share of arrivals that had to wait */
  double sojourn, above[3]; /* mean, and share above 1, 5, 10 services */
  double lost;              /* share of arrivals */
} Queueing;

/* The first half fills the queue as it is in the long run, the second is measured. */
static Queueing
run(const Sizes *sizes, double load, gint64 queue_packets, guint64 seed)
{
  static const double marks[] = {1, 5, 10};
  g_autoptr(Rig) rig = rig_new(0);
  RandomStream arrivals = random_stream(seed, 1, "test", "arrivals"),
               lengths = random_stream(seed, 1, "test", "lengths");
  LinkConfig config = rig_config();
  double service_ns = sizes->mean * 8 / RATE * S, at_ns = 0;
  const guint n = PACKETS / 2;
  Queueing result = {0};
  guint32 route;

  config.direction[NET_UP].rate = RATE;
  config.direction[NET_UP].queue_packets = queue_packets;
  config.mtu = G_MAXUINT16;
  route = rig_route(rig, &config, "radio", seed);
  for (guint i = 0; i < PACKETS; i++) {
    at_ns -= log1p(-random_uniform(&arrivals, i)) * service_ns / load;
    rig_send(rig, llrint(at_ns), route, NET_UP, sizes->length(random_uniform(&lengths, i)));
  }
  rig_run(rig);
  for (guint32 i = PACKETS - n; i < PACKETS; i++) {
    const Trip *trip = rig_trip(rig, i);
    double sojourn_ns = (double)(trip->ended_ns - trip->sent_ns);
    double wait_ns = sojourn_ns - trip->length * 8.0 / RATE * S;

    result.lost += (double)trip->lost / n;
    result.wait += wait_ns / service_ns / n;
    result.busy += (double)(wait_ns > 1) / n; /* more than is rounded */
    result.sojourn += sojourn_ns / service_ns / n;
    for (guint m = 0; m < G_N_ELEMENTS(marks); m++)
      result.above[m] += (double)(sojourn_ns > marks[m] * service_ns) / n;
  }
  return result;
}

/* Pollaczek-Khinchine: a Poisson arrival waits rho / (2 (1 - rho)) E[S^2] / E[S]^2 services on
 * average; it sees time averages (PASTA), so it waits at all with probability rho. */
static void
test_pollaczek_khinchine(gconstpointer user)
{
  static const double loads[] = {0.3, 0.5, 0.8};
  const Sizes *sizes = user;

  for (gsize l = 0; l < G_N_ELEMENTS(loads); l++) {
    double rho = loads[l];
    g_autofree char *wait = g_strdup_printf("%s, wait at load %g", sizes->name, rho);
    g_autofree char *busy = g_strdup_printf("%s, share that waits at load %g", sizes->name, rho);
    Sample waits = {0}, busies = {0};

    for (guint i = 0; i < RUNS; i++) {
      Queueing result = run(sizes, rho, NET_UNLIMITED, i + 1);

      sample_add(&waits, result.wait);
      sample_add(&busies, result.busy);
    }
    theory_mean(wait, &waits, rho / (2 * (1 - rho)) * sizes->second);
    theory_mean(busy, &busies, rho);
  }
}

/* M/M/1: the time in the system is exponential with mean 1 / (mu - lambda). */
static void
test_exponential_sojourn(void)
{
  const double rho = 0.7;
  Sample mean = {0}, above[3] = {{0}, {0}, {0}};

  for (guint i = 0; i < RUNS; i++) {
    Queueing result = run(&exponential, rho, NET_UNLIMITED, 100 + i);

    sample_add(&mean, result.sojourn);
    for (guint m = 0; m < G_N_ELEMENTS(above); m++)
      sample_add(&above[m], result.above[m]);
  }
  theory_mean("M/M/1, time in the system", &mean, 1 / (1 - rho));
  theory_mean("M/M/1, share above 1 service", &above[0], exp(-(1 - rho)));
  theory_mean("M/M/1, share above 5 services", &above[1], exp(-5 * (1 - rho)));
  theory_mean("M/M/1, share above 10 services", &above[2], exp(-10 * (1 - rho)));
}

/* M/M/1/K, drop-tail: (1 - rho) rho^K / (1 - rho^(K + 1)) of the arrivals find it full. The one
 * that is being sent counts in K, but not in the queue. */
static void
test_full_queue(void)
{
  static const struct {
    double load;
    guint room;
  } rows[] = {{0.8, 10}, {0.5, 3}, {1.5, 5}};

  for (gsize r = 0; r < G_N_ELEMENTS(rows); r++) {
    double rho = rows[r].load, k = rows[r].room;
    g_autofree char *what = g_strdup_printf("M/M/1/%u, lost at load %g", rows[r].room, rho);
    Sample lost = {0};

    for (guint i = 0; i < RUNS; i++)
      sample_add(&lost, run(&exponential, rho, rows[r].room - 1, i + 1).lost);
    theory_mean(what, &lost, (1 - rho) * pow(rho, k) / (1 - pow(rho, k + 1)));
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
  g_test_add_data_func("/net/queueing/m-d-1", &fixed, test_pollaczek_khinchine);
  g_test_add_data_func("/net/queueing/m-m-1", &exponential, test_pollaczek_khinchine);
  g_test_add_data_func("/net/queueing/m-g-1", &two, test_pollaczek_khinchine);
  g_test_add_func("/net/queueing/m-m-1/sojourn", test_exponential_sojourn);
  g_test_add_func("/net/queueing/m-m-1-k", test_full_queue);
  g_test_add_func("/net/queueing/little", test_little);
  return g_test_run();
}
