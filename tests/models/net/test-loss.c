/* Loss processes: Bernoulli and Gilbert-Elliott. */
#include "models/net/loss.h"

#include <math.h>

#include "tests/models/net/rig.h"
#include "tests/theory.h"

/* So many of n packets, one each step_ns, are lost. */
static guint
losses(const LinkConfig *config, guint64 seed, guint n, gint64 step_ns)
{
  g_autoptr(Rig) rig = rig_new(0);
  guint32 route = rig_route(rig, config, "radio", seed);

  for (guint i = 0; i < n; i++)
    rig_send(rig, i * step_ns, route, NET_UP, 100);
  rig_run(rig);
  g_assert_cmpuint(net_link_counters(rig->net, 0, NET_UP)->lost, ==, n - rig->order->len);
  return n - rig->order->len;
}

static void
test_bernoulli(void)
{
  static const double rates[] = {0.0001, 0.02, 0.5, 0.999};
  const guint n = 200000;

  for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
    LinkConfig config = rig_config();
    double rate = rates[i];

    config.direction[NET_UP].loss.rate = rate;
    theory_share("Bernoulli loss", losses(&config, 7, n, MS), n, rate);
  }
}

static void
test_none_and_all(void)
{
  LinkConfig config = rig_config();

  g_assert_cmpuint(losses(&config, 1, 1000, MS), ==, 0);
  config.direction[NET_UP].loss.rate = 1;
  g_assert_cmpuint(losses(&config, 1, 1000, MS), ==, 1000);
}

/* Packets that share an instant share no luck, in one direction or in two: at 50 % half of the
 * pairs have one fate. */
static void
test_same_instant(gconstpointer second)
{
  g_autoptr(Rig) rig = rig_new(0);
  LinkConfig config = rig_config();
  const guint n = 40000;
  guint32 route;
  guint alike = 0;

  config.direction[NET_UP].loss.rate = config.direction[NET_DOWN].loss.rate = 0.5;
  route = rig_route(rig, &config, "radio", 3);
  for (guint i = 0; i < n; i++) {
    rig_send(rig, i * MS, route, NET_UP, 100);
    rig_send(rig, i * MS, route, (NetDirection)GPOINTER_TO_INT(second), 100);
  }
  rig_run(rig);
  for (guint32 i = 0; i < n; i++)
    alike += rig_trip(rig, 2 * i)->lost == rig_trip(rig, 2 * i + 1)->lost;
  theory_share("pairs with one fate", alike, n, 0.5);
}

/* What happens to a packet does not depend on what else is sent, nor on the order of creation of
 * links. */
static void
test_same_weather(void)
{
  g_autoptr(Dist) delay = dist_new(DIST_LOGNORMAL, 20.0 * MS, 90.0 * MS, 0, INFINITY, NULL);
  g_autoptr(Dist) every = dist_new(DIST_EXPONENTIAL, 5.0 * S, 0, 0, INFINITY, NULL);
  g_autoptr(Dist) lasts = dist_new(DIST_EXPONENTIAL, 1.0 * S, 0, 0, INFINITY, NULL);
  LinkConfig config = rig_config();
  g_autoptr(Rig) alone = rig_new(0);
  g_autoptr(Rig) crowded = rig_new(0);
  guint32 alone_route, crowded_route;
  guint64 seed = g_test_rand_int();
  const guint n = 2000;

  config.fifo = FALSE; /* to wait behind another is no weather */
  config.rtt = delay;
  config.outage_every = every;
  config.outage_lasts = lasts;
  g_assert_true(loss_config_gilbert(&config.direction[NET_UP].loss, 0.3, 500.0 * MS, 0.1, 0.9));
  config.direction[NET_DOWN].loss.rate = 0.3;
  config.direction[NET_DOWN].delay = delay;

  alone_route = rig_route(alone, &config, "radio/sensor-17", seed);
  rig_route(crowded, &config, "radio/sensor-16", seed);
  crowded_route = rig_route(crowded, &config, "radio/sensor-17", seed);
  for (guint i = 0; i < n; i++) {
    rig_send(alone, i * 50 * MS, alone_route, i % 2 ? NET_UP : NET_DOWN, 100);
    rig_send(crowded, i * 50 * MS, crowded_route, i % 2 ? NET_UP : NET_DOWN, 100);
  }
  for (guint i = 0; i < 5 * n; i++)
    rig_send(crowded, i * 10 * MS + 3, crowded_route, (NetDirection)g_test_rand_bit(), 1500);
  rig_run(alone);
  rig_run(crowded);
  for (guint32 i = 0; i < n; i++) {
    g_assert_cmpuint(rig_trip(alone, i)->lost, ==, rig_trip(crowded, i)->lost);
    g_assert_cmpint(rig_trip(alone, i)->ended_ns, ==, rig_trip(crowded, i)->ended_ns);
  }
}

static void
test_gilbert_parameters(void)
{
  LossConfig config;

  g_assert_true(loss_config_gilbert(&config, 0.02, 400, 0, 1));
  g_assert_cmpfloat_with_epsilon(config.good_ns, 400 * 0.98 / 0.02, 1e-6);
  g_assert_cmpfloat(config.bad_ns, ==, 400);
  g_assert_true(loss_config_gilbert(&config, 0.1, 400, 0.05, 0.25));
  g_assert_cmpfloat_with_epsilon(config.good_ns, 400 * 3, 1e-6);
  g_assert_false(loss_config_gilbert(&config, 0.5, 400, 0, 0.4));
  g_assert_false(loss_config_gilbert(&config, 0.01, 400, 0.02, 0.4));
  g_assert_false(loss_config_gilbert(&config, 0.1, 400, 0.1, 0.1));
  g_assert_false(loss_config_gilbert(&config, 0.1, 0, 0, 1));
}

/* The ends of its range: never bad, and never good. */
static void
test_gilbert_extremes(void)
{
  LinkConfig config = rig_config();

  g_assert_true(loss_config_gilbert(&config.direction[NET_UP].loss, 0, 1.0 * S, 0, 1));
  g_assert_cmpuint(losses(&config, 1, 1000, S), ==, 0);
  g_assert_true(loss_config_gilbert(&config.direction[NET_UP].loss, 1, 1.0 * S, 0, 1));
  g_assert_cmpuint(losses(&config, 1, 1000, S), ==, 1000);
}

/* Of n packets n L are lost, from the first one on, since the process begins stationary; their
 * number has the variance n L (1 - L) + 2 C sum (n - j) r^j, where r is the correlation of the
 * state from packet to packet and C the variance of the loss that it brings. */
static void
test_gilbert_count(void)
{
  LinkConfig config = rig_config();
  LossConfig *loss = &config.direction[NET_UP].loss;
  const double mean = 0.1, loss_good = 0.02, loss_bad = 0.7;
  const guint n = 250;
  double bad, c, r, variance = n * mean * (1 - mean);
  Sample count = {0}, square = {0};

  g_assert_true(loss_config_gilbert(loss, mean, 400.0 * MS, loss_good, loss_bad));
  bad = loss->bad_ns / (loss->bad_ns + loss->good_ns);
  c = bad * (1 - bad) * (loss_bad - loss_good) * (loss_bad - loss_good);
  r = exp(-(1 / loss->good_ns + 1 / loss->bad_ns) * 200 * MS);
  for (guint j = 1; j < n; j++)
    variance += 2 * c * (n - j) * pow(r, j);
  for (guint i = 0; i < 1000; i++) {
    double lost = losses(&config, i, n, 200 * MS);

    sample_add(&count, lost);
    sample_add(&square, (lost - n * mean) * (lost - n * mean));
  }
  theory_mean("Gilbert-Elliott, losses of 250", &count, n * mean);
  theory_mean("Gilbert-Elliott, their variance", &square, variance);
}

/* It begins in the bad state as often as it is in it later. */
static void
test_gilbert_begins_stationary(void)
{
  const guint n = 20000;
  guint bad = 0;
  LossConfig config;

  g_assert_true(loss_config_gilbert(&config, 0.2, 400.0 * MS, 0, 1));
  for (guint i = 0; i < n; i++) {
    RandomStream stream = random_stream(i, 1, "radio", "loss");
    GilbertState state;

    gilbert_start(&state, &config, &stream, 0);
    bad += state.bad;
  }
  theory_share("Gilbert-Elliott, begins bad", bad, n, 0.2);
}

/* Sojourns have their means, and are exponential: 1 / e of them are longer than that. */
static void
test_gilbert_sojourns(void)
{
  RandomStream stream = random_stream(5, 1, "radio", "loss");
  const guint n = 20000;
  double sum[2] = {0, 0};
  guint longer[2] = {0, 0};
  LossConfig config;
  GilbertState state;

  g_assert_true(loss_config_gilbert(&config, 0.25, 400.0 * MS, 0, 1));
  gilbert_start(&state, &config, &stream, 0);
  for (guint i = 0; i < 2 * n; i++) {
    gint64 begin_ns = state.until_ns;
    double lost = gilbert_loss(&state, &config, &stream, begin_ns);
    double mean_ns = state.bad ? config.bad_ns : config.good_ns;
    double length_ns = (double)(state.until_ns - begin_ns);

    g_assert_cmpfloat(lost, ==, state.bad ? 1 : 0);
    sum[state.bad] += length_ns / mean_ns;
    longer[state.bad] += length_ns > mean_ns;
  }
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpfloat(fabs(sum[i] / n - 1), <, 4 / sqrt(n));
    theory_share("sojourns above their mean", longer[i], n, exp(-1));
  }
}

/* Losses in a row, a packet each 100 ms, bursts of 400 ms: a loss follows a loss with the
 * probability s to be bad again, share + (1 - share) exp(-(1 / good + 1 / bad) 100 ms), so runs are
 * geometric: 1 / (1 - s) on average, and longer than three with probability s^3. */
static void
test_gilbert_runs(void)
{
  LinkConfig config = rig_config();
  LossConfig *loss = &config.direction[NET_UP].loss;
  const guint n = 2000;
  Sample length = {0};
  guint longer = 0;
  double s;

  g_assert_true(loss_config_gilbert(loss, 0.2, 400.0 * MS, 0, 1));
  s = 0.2 + 0.8 * exp(-(1 / loss->good_ns + 1 / loss->bad_ns) * 100 * MS);
  for (guint r = 0; r < 300; r++) {
    g_autoptr(Rig) rig = rig_new(0);
    guint32 route = rig_route(rig, &config, "radio", r);
    guint run = 0;

    for (guint i = 0; i < n + 500; i++)
      rig_send(rig, i * 100 * MS, route, NET_UP, 100);
    rig_run(rig);
    for (guint32 i = 1; i < n || run > 0; i++) { /* those that begin among the first n */
      if (rig_trip(rig, i)->lost && (run > 0 || !rig_trip(rig, i - 1)->lost)) {
        run++;
      } else if (run > 0) {
        sample_add(&length, run);
        longer += run > 3;
        run = 0;
      }
    }
  }
  theory_mean("Gilbert-Elliott, losses in a row", &length, 1 / (1 - s));
  theory_share("Gilbert-Elliott, runs above three", longer, length.n, s * s * s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/loss/bernoulli", test_bernoulli);
  g_test_add_func("/net/loss/none-and-all", test_none_and_all);
  g_test_add_data_func("/net/loss/same-instant/one-direction", GINT_TO_POINTER(NET_UP),
                       test_same_instant);
  g_test_add_data_func("/net/loss/same-instant/two-directions", GINT_TO_POINTER(NET_DOWN),
                       test_same_instant);
  g_test_add_func("/net/loss/same-weather", test_same_weather);
  g_test_add_func("/net/loss/gilbert-parameters", test_gilbert_parameters);
  g_test_add_func("/net/loss/gilbert-extremes", test_gilbert_extremes);
  g_test_add_func("/net/loss/gilbert-count", test_gilbert_count);
  g_test_add_func("/net/loss/gilbert-begins-stationary", test_gilbert_begins_stationary);
  g_test_add_func("/net/loss/gilbert-sojourns", test_gilbert_sojourns);
  g_test_add_func("/net/loss/gilbert-runs", test_gilbert_runs);
  return g_test_run();
}
