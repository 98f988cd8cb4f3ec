/* Keepalive and the user timeout. */
#include "tests/models/tcp/pair.h"

#define SECOND (1000 * PAIR_MS)

/* Open at 0.2 s, 100 ms from each other; end 0 has the limits. */
static Pair *
open_pair(gint64 keepalive_ns, gint64 user_timeout_ns)
{
  Pair *pair = pair_new(tcp_config_linux, 100);
  pair->config[0].tlp = FALSE; /* time-outs alone */
  pair->config[0].keepalive_ns = keepalive_ns;
  pair->config[0].user_timeout_ns = user_timeout_ns;
  pair_connect(pair);
  pair_run(pair, 1000);
  g_string_truncate(pair->log, 0);
  return pair;
}

/* RFC 9293 3.8.4: a probe is a segment from before the window, which the peer answers. The silence
 * is counted from its answer, in steps of the timer. */
static void
test_peer_lives(void)
{
  g_autoptr(Pair) pair = open_pair(600 * SECOND, TCP_NEVER);
  pair_run(pair, 1900000);
  pair_assert_log(pair, "600.200 > . 0:0(0) ack 1\n"
                        "600.300 < . 1:1(0) ack 1\n"
                        "1200.400 > . 0:0(0) ack 1\n"
                        "1200.500 < . 1:1(0) ack 1\n"
                        "1800.600 > . 0:0(0) ack 1\n"
                        "1800.700 < . 1:1(0) ack 1\n");
}

/* Nine probes 75 s apart, then RST. */
static void
test_peer_is_gone(void)
{
  g_autoptr(Pair) pair = open_pair(60 * SECOND, TCP_NEVER);
  pair->drops[0] = G_MAXUINT64;
  pair_run(pair, 140000);
  pair_assert_log(pair, "60.200 > . 0:0(0) ack 1 x\n"
                        "135.200 > . 0:0(0) ack 1 x\n");
  pair_run(pair, -1);
  g_assert_cmpint(pair->now_ns, ==, 60200 * PAIR_MS + 9 * 75 * SECOND);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
  g_assert_nonnull(g_strrstr(pair->log->str, "735.200 > R. 1:1(0) ack 1 x\n"));
  g_assert_cmpint(tcp_conn_deadline(pair->end[0]), ==, TCP_NEVER);
}

/* Traffic puts the probe off; the timer that was set looks when it runs out. */
static void
test_traffic(void)
{
  g_autoptr(Pair) pair = open_pair(60 * SECOND, TCP_NEVER);
  pair_run(pair, 50000);
  pair_write(pair, 0, 10);
  pair_run(pair, 100000);
  pair_assert_log(pair, "50.000 > P. 1:11(10) ack 1\n"
                        "50.140 < . 1:1(0) ack 11\n");
  pair_run(pair, 111000);
  pair_assert_log(pair, "110.240 > . 10:10(0) ack 1\n"
                        "110.340 < . 1:1(0) ack 11\n");
}

/* While data are unacknowledged nothing probes: their time-outs ask, and end the connection after
 * quarter of an hour. */
static void
test_not_with_data(void)
{
  g_autoptr(Pair) pair = open_pair(60 * SECOND, TCP_NEVER);
  pair_vanish(pair, 1);
  pair_write(pair, 0, 10);
  pair_run(pair, -1);
  g_assert_null(g_strstr_len(pair->log->str, -1, " 0:0(0)"));
  g_assert_cmpint(pair->now_ns, >, 924 * SECOND);
}

/* With a user timeout that ends it, at the probe after. */
static void
test_both(void)
{
  g_autoptr(Pair) pair = open_pair(60 * SECOND, 100 * SECOND);
  pair->drops[0] = G_MAXUINT64;
  pair_run(pair, -1);
  g_assert_cmpint(pair->now_ns, ==, 60200 * PAIR_MS + 75 * SECOND);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
}

/* RFC 5482: to the millisecond from the first repetition on, whatever the back-off. */
static void
test_user_timeout(void)
{
  static const gint64 limits_ms[] = {1, 700, 5000, 100000};
  for (gsize i = 0; i < G_N_ELEMENTS(limits_ms); i++) {
    g_autoptr(Pair) pair = open_pair(TCP_NEVER, limits_ms[i] * PAIR_MS);
    gint64 rto_ns = tcp_conn_rto_ns(pair->end[0]);
    pair->drops[0] = G_MAXUINT64;
    pair_write(pair, 0, 10);
    pair_run(pair, -1);
    g_assert_cmpint(pair->now_ns, ==, SECOND + rto_ns + limits_ms[i] * PAIR_MS);
    g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
  }
}

/* A peer that acknowledges is no reason, however often data are sent again. */
static void
test_user_timeout_with_progress(void)
{
  g_autoptr(Pair) pair = open_pair(TCP_NEVER, 1000 * PAIR_MS);
  pair->drops[0] = 1 << 3 | 1 << 5 | 1 << 7;
  for (guint i = 0; i < 20; i++) {
    pair_write(pair, 0, 10);
    pair_run(pair, 4000 + 3000 * i);
  }
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 3);
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, TCP_ESTABLISHED);
  g_assert_cmpuint(pair->received[1], ==, 200);
}

/* A window that stays shut while the peer answers its probes (tcp_probe_timer()). */
static void
test_user_timeout_with_shut_window(void)
{
  g_autoptr(Pair) pair = open_pair(TCP_NEVER, 20 * SECOND);
  pair->reads[1] = FALSE;
  pair_write(pair, 0, 65000);
  pair_run(pair, 5000);
  pair_write(pair, 0, 10000);
  pair_run(pair, 60000);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/keepalive/peer-lives", test_peer_lives);
  g_test_add_func("/tcp/keepalive/peer-is-gone", test_peer_is_gone);
  g_test_add_func("/tcp/keepalive/traffic", test_traffic);
  g_test_add_func("/tcp/keepalive/not-with-data", test_not_with_data);
  g_test_add_func("/tcp/keepalive/with-user-timeout", test_both);
  g_test_add_func("/tcp/user-timeout/data", test_user_timeout);
  g_test_add_func("/tcp/user-timeout/progress", test_user_timeout_with_progress);
  g_test_add_func("/tcp/user-timeout/shut-window", test_user_timeout_with_shut_window);
  return g_test_run();
}
