/* Outages as an alternating renewal process. */
#include "models/net/outage.h"

#include <math.h>

#include "tests/models/net/rig.h"
#include "tests/theory.h"

/* Of the links of n seeds so many are down at at_ns. */
static guint
offline(const LinkConfig *config, guint n, gint64 at_ns)
{
  g_autoptr(Rig) rig = rig_new(0);
  guint down = 0;

  for (guint i = 0; i < n; i++)
    down += net_link_down(rig->net, net_link_new(rig->net, config, "radio", i, 1), NET_UP, at_ns);
  return down;
}

/* Long after the start a link is down with probability E[lasts] / (E[gap] + E[lasts]). */
static void
test_offline_share(void)
{
  g_autoptr(Dist) gap = dist_new(DIST_UNIFORM, 10.0 * S, 50.0 * S, 0, INFINITY, NULL);
  g_autoptr(Dist) lasts = dist_new(DIST_LOGNORMAL, 4.0 * S, 30.0 * S, 0, INFINITY, NULL);
  LinkConfig config = rig_config();
  const guint n = 5000;
  double expected = dist_mean(lasts) / (dist_mean(gap) + dist_mean(lasts));

  config.outage_gap = gap;
  config.outage_lasts = lasts;
  theory_share("offline share", offline(&config, n, 20000 * S), n, expected);
}

/* The phase is random, so that also an early instant meets it. */
static void
test_random_phase(void)
{
  g_autoptr(Dist) every = dist_constant(40.0 * S);
  g_autoptr(Dist) lasts = dist_constant(11.0 * S);
  LinkConfig config = rig_config();
  const guint n = 5000;
  double expected = 11.0 / 40;

  config.outage_every = every;
  config.outage_lasts = lasts;
  for (gint64 at_ns = 11 * S; at_ns < 200 * S; at_ns += 33 * S)
    theory_share("offline share", offline(&config, n, at_ns), n, expected);
}

/* What is left, 30000 s after the start of each of 4000 links, of the gap that runs then, or of the
 * outage. */
static Sample
residual(const Dist *gap, const Dist *lasts, gboolean of_outage)
{
  LinkConfig config = {.outage_gap = gap, .outage_lasts = lasts};
  const gint64 at_ns = 30000 * S;
  Sample left_s = {0};

  for (guint i = 0; i < 4000; i++) {
    RandomStream stream = random_stream(i, 1, "radio", "outage");
    OutageCursor cursor;
    gboolean running;

    outage_start(&cursor, &config, &stream, 0);
    running = outage_running(&cursor, &config, &stream, at_ns);
    if (running == of_outage)
      sample_add(&left_s, (double)((running ? cursor.end_ns : cursor.start_ns) - at_ns) / S);
  }
  return left_s;
}

/* The inspection paradox: an instant falls into a long interval rather than a short one, so what is
 * left of that is E[D^2] / (2 E[D]) on average. */
static void
test_residual_life(void)
{
  g_autoptr(Dist) gap = dist_new(DIST_UNIFORM, 50.0 * S, 150.0 * S, 0, INFINITY, NULL);
  g_autoptr(Dist) lasts = dist_constant(10.0 * S);
  Sample left_s = residual(gap, lasts, FALSE);

  theory_mean("left of a gap, s", &left_s, (100.0 * 100 + 10000.0 / 12) / 200);
}

static void
test_residual_outage(void)
{
  static const struct {
    const char *what;
    DistKind kind;
    double a_s, b_s, left_s;
  } rows[] = {{"left of an outage of 60 s, s", DIST_CONSTANT, 60, 0, 30},
              {"left of an exponential outage, s", DIST_EXPONENTIAL, 60, 0, 60},
              {"left of a uniform outage, s", DIST_UNIFORM, 20, 100, (3600 + 6400.0 / 12) / 120}};
  g_autoptr(Dist) gap = dist_new(DIST_EXPONENTIAL, 100.0 * S, 0, 0, INFINITY, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Dist) lasts =
        dist_new(rows[i].kind, rows[i].a_s * S, rows[i].b_s * S, 0, INFINITY, NULL);
    Sample left_s = residual(gap, lasts, TRUE);

    theory_mean(rows[i].what, &left_s, rows[i].left_s);
  }
}

/* Start to start every 10 s, 25 s long: two of three would fall into a running one and are skipped.
 */
static void
test_skipped(void)
{
  g_autoptr(Dist) every = dist_constant(10.0 * S);
  g_autoptr(Dist) lasts = dist_constant(25.0 * S);
  LinkConfig config = {.outage_every = every, .outage_lasts = lasts};
  RandomStream stream = random_stream(1, 1, "radio", "outage");
  OutageCursor cursor;
  gint64 first_ns;

  outage_start(&cursor, &config, &stream, 0);
  first_ns = cursor.start_ns;
  g_assert_cmpint(first_ns, <, 10 * S);
  for (guint i = 0; i < 5; i++) {
    gint64 start_ns = first_ns + i * 30 * S;

    g_assert_true(outage_running(&cursor, &config, &stream, start_ns));
    g_assert_true(outage_running(&cursor, &config, &stream, start_ns + 25 * S - 1));
    g_assert_false(outage_running(&cursor, &config, &stream, start_ns + 25 * S));
    g_assert_false(outage_running(&cursor, &config, &stream, start_ns + 30 * S - 1));
  }
}

/* Both directions, and who asks from outside, see the same outages; looking back is allowed. */
static void
test_one_process(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  g_autoptr(Dist) gap = dist_new(DIST_EXPONENTIAL, 20.0 * S, 0, 0, INFINITY, NULL);
  g_autoptr(Dist) lasts = dist_new(DIST_EXPONENTIAL, 5.0 * S, 0, 0, INFINITY, NULL);
  LinkConfig config = rig_config();
  guint32 route;
  guint down = 0;

  config.outage_gap = gap;
  config.outage_lasts = lasts;
  route = rig_route(rig, &config, "radio", g_test_rand_int());
  for (guint i = 0; i < 1000; i++) {
    rig_send(rig, i * S, route, NET_UP, 100);
    rig_send(rig, i * S, route, NET_DOWN, 100);
  }
  rig_run(rig);
  for (guint32 i = 1000; i-- > 0;) {
    gboolean is_down = net_link_down(rig->net, 0, NET_UP, i * S);

    g_assert_cmpint(net_link_down(rig->net, 0, NET_DOWN, i * S), ==, is_down);
    g_assert_cmpuint(rig_trip(rig, 2 * i)->lost, ==, is_down);
    g_assert_cmpuint(rig_trip(rig, 2 * i + 1)->lost, ==, is_down);
    down += is_down;
  }
  g_assert_cmpuint(down, >, 0);
  g_assert_cmpuint(net_link_counters(rig->net, 0, NET_UP)->outage_drops, ==, down);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/outage/offline-share", test_offline_share);
  g_test_add_func("/net/outage/random-phase", test_random_phase);
  g_test_add_func("/net/outage/residual-life", test_residual_life);
  g_test_add_func("/net/outage/residual-outage", test_residual_outage);
  g_test_add_func("/net/outage/skipped", test_skipped);
  g_test_add_func("/net/outage/one-process", test_one_process);
  return g_test_run();
}
