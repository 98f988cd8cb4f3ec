/* Delays, and the round trip as one process. */
#include "models/net/delay.h"

#include <math.h>

#include "tests/models/net/rig.h"
#include "tests/theory.h"

static int
compare(const void *a, const void *b)
{
  const gint64 *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

static void
test_constant(void)
{
  g_autoptr(Rig) rig = rig_new(-S);
  g_autoptr(Dist) rtt = dist_constant(101);
  g_autoptr(Dist) delay = dist_constant(1000);
  LinkConfig config = rig_config();
  guint32 route;

  config.rtt = rtt;
  config.up_share = 0.6;
  config.direction[NET_DOWN].delay = delay;
  route = rig_route(rig, &config, "radio", 1);
  rig_send(rig, -S, route, NET_UP, 100);
  rig_send(rig, -S, route, NET_DOWN, 100);
  rig_run(rig);
  g_assert_cmpint(rig_trip(rig, 0)->ended_ns, ==, -S + 61);
  g_assert_cmpint(rig_trip(rig, 1)->ended_ns, ==, -S + 40 + 1000);
}

/* A one-way delay is drawn packet by packet. */
static void
test_drawn_each_time(void)
{
  g_autoptr(Rig) rig = rig_new(0);
  g_autoptr(Dist) delay = dist_new(DIST_EXPONENTIAL, 10.0 * MS, 0, 0, INFINITY, NULL);
  LinkConfig config = rig_config();
  const guint n = 20000;
  g_autofree double *delays_ms = g_new(double, n);
  Sample sample = {0};
  double product = 0;
  guint32 route;

  config.fifo = FALSE;
  config.direction[NET_UP].delay = delay;
  route = rig_route(rig, &config, "radio", 1);
  for (guint i = 0; i < n; i++)
    rig_send(rig, i * MS, route, NET_UP, 100);
  rig_run(rig);
  for (guint32 i = 0; i < n; i++)
    delays_ms[i] = (double)(rig_trip(rig, i)->ended_ns - rig_trip(rig, i)->sent_ns) / MS;
  for (guint i = 0; i < n; i++)
    sample_add(&sample, delays_ms[i]);
  theory_mean("exponential delay, ms", &sample, 10);
  for (guint i = 1; i < n; i++)
    product += (delays_ms[i] - 10) * (delays_ms[i - 1] - 10) / n;
  g_assert_cmpfloat(fabs(product), <, 4 * 100 / sqrt(n));
}

/* A packet and its answer together have the distribution that was declared, at its tail too;
 * independent halves of this one would have a median three times too large. */
static void
test_round_trip(void)
{
  static const DistPoint points[] = {
      {0, 1.0 * MS}, {0.5, 3.0 * MS}, {0.9, 20.0 * MS}, {0.99, 250.0 * MS}, {1, 500.0 * MS}};
  g_autoptr(Rig) rig = rig_new(0);
  g_autoptr(Dist) rtt = dist_new_table(DIST_TABLE, points, G_N_ELEMENTS(points), NULL);
  LinkConfig config = rig_config();
  const guint n = 100000;
  g_autofree gint64 *sums_ns = g_new(gint64, n);
  guint32 route;

  config.rtt = rtt;
  rig->echo = TRUE;
  route = rig_route(rig, &config, "radio", 1);
  for (guint i = 0; i < n; i++)
    rig_send(rig, i * 3 * S, route, NET_UP, 100);
  rig_run(rig);
  for (guint32 i = 0; i < n; i++)
    sums_ns[i] = rig_trip(rig, n + i)->ended_ns - rig_trip(rig, i)->sent_ns;
  qsort(sums_ns, n, sizeof *sums_ns, compare);
  g_assert_cmpfloat_with_epsilon((double)sums_ns[n / 2] / MS, 3, 0.1);
  g_assert_cmpfloat_with_epsilon((double)sums_ns[n * 9 / 10] / MS, 20, 2);
  g_assert_cmpfloat_with_epsilon((double)sums_ns[n * 99 / 100] / MS, 250, 25);
  g_assert_cmpint(sums_ns[0], >=, MS);
  g_assert_cmpint(sums_ns[n - 1], <=, 500 * MS);
}

/* Within a slot nothing changes, between slots everything does, on both sides of time zero alike.
 */
static void
test_slots(void)
{
  g_autoptr(Dist) rtt = dist_new(DIST_EXPONENTIAL, 10.0 * MS, 0, 0, INFINITY, NULL);
  RandomStream stream = random_stream(1, 1, "radio", "rtt");
  LinkConfig config = rig_config();
  gint64 before_ns = 0;
  DelayPlan plan;
  DelaySlot slot;

  config.rtt = rtt;
  delay_plan(&plan, &config);
  delay_start(&slot);
  g_assert_cmpint(plan.slot_ns, ==, 4 * dist_quantile_ns(rtt, 0.99));
  for (gint i = -5; i < 5; i++) {
    gint64 first_ns = delay_rtt_part(&plan, &slot, &stream, NET_UP, i * plan.slot_ns);
    gint64 last_ns = delay_rtt_part(&plan, &slot, &stream, NET_UP, (i + 1) * plan.slot_ns - 1);

    g_assert_cmpint(first_ns, ==, last_ns);
    g_assert_cmpint(first_ns, !=, before_ns);
    before_ns = first_ns;
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/delay/constant", test_constant);
  g_test_add_func("/net/delay/drawn-each-time", test_drawn_each_time);
  g_test_add_func("/net/delay/slots", test_slots);
  g_test_add_func("/net/delay/round-trip", test_round_trip);
  return g_test_run();
}
