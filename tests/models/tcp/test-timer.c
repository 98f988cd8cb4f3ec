/* How exactly a stack's timers go off: ticks, beside plain division, and the timer wheel. */
#include "models/tcp/conn-private.h"

#define MS G_GINT64_CONSTANT(1000000)

static gint64
floor_div(gint64 a, gint64 b)
{
  return a / b - (a % b < 0);
}

static TcpConn *
conn_with(TcpConfig *config, gint64 tick_ns)
{
  tcp_config_linux(config);
  config->tick_ns = tick_ns;
  return tcp_conn_new(config, 1460, FALSE);
}

static void
check_tick(gint64 tick_ns)
{
  TcpConfig config;
  g_autoptr(TcpConn) conn = conn_with(&config, tick_ns);
  for (guint i = 0; i < 2000; i++) {
    guint64 bits = (guint64)g_test_rand_int() << 32 | (guint32)g_test_rand_int();
    gint64 ns = (gint64)(bits >> (2 + g_test_rand_int_range(0, 61)));
    for (gint64 at_ns = ns / tick_ns * tick_ns - 1; at_ns < ns / tick_ns * tick_ns + 2; at_ns++) {
      g_assert_cmpint(tcp_timer_tick_ns(conn, at_ns), ==, floor_div(at_ns, tick_ns) * tick_ns);
      g_assert_cmpint(tcp_timer_tick_ns(conn, -at_ns), ==, floor_div(-at_ns, tick_ns) * tick_ns);
      g_assert_cmpint(tcp_timer_ceil(conn, MAX(at_ns, 0)), ==,
                      -floor_div(-MAX(at_ns, 0), tick_ns) * tick_ns);
    }
  }
}

/* The inverse of a tick is as good as the tick, whatever that is. */
static void
test_ticks(void)
{
  static const gint64 ticks_ns[] = {1,    2,       3,       4,        7,        1000,
                                    1024, 1000000, 4000000, 10000000, 500000000};
  for (guint i = 0; i < G_N_ELEMENTS(ticks_ns); i++) {
    check_tick(ticks_ns[i]);
  }
  for (guint i = 0; i < 200; i++) {
    check_tick(1 + g_test_rand_int_range(0, G_MAXINT32) % (1 << g_test_rand_int_range(1, 31)));
  }
}

/* The wheel: 63 ticks one by one, then in steps of 8, 64, ...; a timer is set from the tick that
 * has begun, and is late by up to a step. */
static void
test_wheel(void)
{
  static const struct {
    double now_ms, delay_ms, at_ms;
  } cases[] = {
      {0, 40, 44},     {3.9, 40, 44},     {4, 40, 48},       {0, 39, 44},      {0, 248, 252},
      {0, 252, 256},   {4, 252, 288},     {0, 500, 512},     {12, 500, 544},   {8, 500, 512},
      {0, 1000, 1024}, {0, 2012, 2016},   {0, 2016, 2048},   {40, 2016, 2304}, {0, 60000, 61440},
      {-3, 40, 40},    {-1000, 40, -956}, {-1000, 1000, 32}, {1.5, 0, 4},
  };
  TcpConfig config;
  g_autoptr(TcpConn) conn = conn_with(&config, 4 * MS);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    gint64 at_ns = tcp_timer_at(conn, cases[i].now_ms * MS, cases[i].delay_ms * MS);
    g_assert_cmpfloat(at_ns / 1e6, ==, cases[i].at_ms);
  }
  g_assert_cmpint(tcp_timer_at(conn, 5, TCP_NEVER), ==, TCP_NEVER);
  config.tick_ns = 0;
  g_assert_cmpint(tcp_timer_at(conn, 5, 7), ==, 12);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/timer/ticks", test_ticks);
  g_test_add_func("/tcp/timer/wheel", test_wheel);
  return g_test_run();
}
