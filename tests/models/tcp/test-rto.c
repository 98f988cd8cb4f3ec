/* The retransmission time-out: what is measured, what is made of it, how it backs off. */
#include "tests/models/tcp/pair.h"

#define SECOND (1000 * PAIR_MS)

/* Sends one small segment and runs until it is acknowledged. */
static void
exchange(Pair *pair)
{
  pair_write(pair, 0, 10);
  pair_run(pair, -1);
}

/* RFC 6298 with a constant RTT R: 3 R after the first sample, then RTTVAR shrinks by a quarter each
 * time. */
static void
test_constant_rtt_rfc6298(void)
{
  static const gint64 expected_us[] = {600000, 500000, 425000, 368750, 326562, 294921, 271191};
  g_autoptr(Pair) pair = pair_new(tcp_config_rfc6298, 100);
  pair->config[0].rto_min_ns = PAIR_MS;
  pair->config[1].delayed_ack_ns = 0;
  pair_open(pair);
  for (gsize i = 0; i < G_N_ELEMENTS(expected_us); i++) {
    g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 200 * PAIR_MS);
    g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]) / 1000, ==, expected_us[i]);
    exchange(pair);
  }
}

/* The same with R = 500 ms, down to the minimum of 1 s. */
static void
test_constant_rtt_to_the_minimum(void)
{
  static const gint64 expected_us[] = {1500000, 1250000, 1062500, 1000000, 1000000};
  g_autoptr(Pair) pair = pair_new(tcp_config_rfc6298, 250);
  pair->config[1].delayed_ack_ns = 0;
  pair_open(pair);
  for (gsize i = 0; i < G_N_ELEMENTS(expected_us); i++) {
    g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]) / 1000, ==, expected_us[i]);
    exchange(pair);
  }
}

static void
test_minimum_and_maximum_rfc6298(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_rfc6298, 10);
  pair_open(pair);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, SECOND);
  pair->delay_ns[0] = pair->delay_ns[1] = 40 * SECOND;
  pair_write(pair, 0, 10);
  pair_run(pair, 100000);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, 60 * SECOND);
}

/* RFC 6298 2.3 by hand: R = 200 ms, then a sample of 280 ms: RTTVAR = 3/4 x 100 + 1/4 x 80 = 95,
 * SRTT = 210, RTO = 590 ms. */
static void
test_changing_rtt_rfc6298(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_rfc6298, 100);
  pair->config[0].rto_min_ns = PAIR_MS;
  pair->config[1].delayed_ack_ns = 80 * PAIR_MS;
  pair_open(pair);
  exchange(pair);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 210 * PAIR_MS);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, 590 * PAIR_MS);
}

/* Linux with a constant RTT of 200 ms: 4 mdev is 400 ms, then shrinks by a quarter each time; the
 * deviation in use starts at 400 ms, keeps it for the window that saw it, and then goes a quarter
 * of the way to the larger of that and 200 ms, which is where it ends: RTO = SRTT + 200 ms. */
static void
test_constant_rtt_linux(void)
{
  static const gint64 expected_us[] = {600000, 600000, 556250, 517187, 487890, 465917};
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->config[1].delayed_ack_ns = 0;
  pair_open(pair);
  for (gsize i = 0; i < G_N_ELEMENTS(expected_us); i++) {
    g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]) / 1000, ==, expected_us[i]);
    exchange(pair);
  }
  for (guint i = 0; i < 60; i++) {
    exchange(pair);
  }
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 200 * PAIR_MS);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]) / 1000, ==, 400000);
}

/* On a fast path the floor of the deviation counts, not of the sum: SRTT + 200 ms. */
/* A warm-up lies before 0. */
static void
test_before_zero(gconstpointer stack)
{
  g_autoptr(Pair) pair = pair_new(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, 100);
  pair->config[1].delayed_ack_ns = 0;
  pair->now_ns = -60000 * PAIR_MS;
  pair_open(pair);
  exchange(pair);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 200 * PAIR_MS);
}

static void
test_floor_linux(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 10);
  pair_open(pair);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, 220 * PAIR_MS);
}

/* An RTT that falls counts an eighth in Linux's deviation, where the RFC's RTO rises. */
static void
test_falling_rtt(void)
{
  gint64 rto_ns[2];
  for (guint i = 0; i < 2; i++) {
    g_autoptr(Pair) pair = pair_new(i == 0 ? tcp_config_linux : tcp_config_rfc6298, 1000);
    pair->config[0].rto_initial_ns = pair->config[1].rto_initial_ns = 10 * SECOND;
    pair->config[1].delayed_ack_ns = 0;
    pair_open(pair);
    for (guint k = 0; k < 30; k++) {
      exchange(pair);
    }
    gint64 before_ns = tcp_conn_rto_ns(pair->end[0]);
    pair->delay_ns[0] = pair->delay_ns[1] = 100 * PAIR_MS;
    exchange(pair);
    rto_ns[i] = tcp_conn_rto_ns(pair->end[0]) - before_ns;
  }
  g_assert_cmpint(rto_ns[0], <=, 100 * PAIR_MS);
  g_assert_cmpint(rto_ns[1], >, 1000 * PAIR_MS);
}

static gint64
lose_first(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  (void)segment;
  guint losses = GPOINTER_TO_UINT(pair->user);
  return from == 0 && n <= losses ? PAIR_LOST : pair->delay_ns[from];
}

/* The only segment in flight, lost k times, comes T (2^k - 1) late: no duplicate ACK can help it.
 */
static void
test_ladder(gconstpointer stack)
{
  for (guint losses = 0; losses <= 7; losses++) {
    g_autoptr(Pair) pair = pair_new(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, 50);
    pair->config[0].tlp = FALSE;
    pair_open(pair);
    gint64 rto_ns = tcp_conn_rto_ns(pair->end[0]);
    g_assert_cmpint(rto_ns, ==, stack == NULL ? 300 * PAIR_MS : SECOND);
    gint64 start_ns = pair->now_ns;
    gint64 cap_ns = pair->config[0].rto_max_ns;
    gint64 late_ns = 0;
    for (guint i = 0; i < losses; i++) {
      late_ns += MIN(rto_ns << i, cap_ns);
    }
    pair->user = GUINT_TO_POINTER(losses);
    pair->link = lose_first;
    pair_write(pair, 0, 100);
    while (pair->received[1] == 0) {
      g_assert_true(pair_step(pair, TCP_NEVER));
    }
    g_assert_cmpint(pair->now_ns - start_ns, ==, late_ns + 50 * PAIR_MS);
    g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, losses);
    g_assert_cmpuint(tcp_conn_counters(pair->end[0])->data_segments, ==, losses + 1);
  }
}

/* Karn: the ACK of a retransmission measures nothing and leaves the time-out backed off; the next
 * segment's does both. */
static void
test_karn(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_rfc6298, 50);
  pair_open(pair);
  pair->drops[0] = 1 << 1;
  exchange(pair);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 100 * PAIR_MS);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, 2 * SECOND);
  exchange(pair);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, SECOND);
}

/* RTT 2 s and an initial time-out of 1 s: the SYN is repeated for nothing, nothing is measured, and
 * data begin with 3 s (RFC 6298 5.7); one needless repetition does not cost the initial window. */
static void
test_spurious_syn_timeout(gconstpointer stack)
{
  g_autoptr(Pair) pair = pair_new(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, 1000);
  pair->config[0].timestamps = pair->config[0].tlp = FALSE;
  pair_connect(pair);
  pair_run(pair, -1);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "1.000 < S. 0:0(0) ack 1\n"
                        "1.000 > S 0:0(0)\n"
                        "2.000 > . 1:1(0) ack 1\n"
                        "2.000 < S. 0:0(0) ack 1\n"
                        "3.000 > . 1:1(0) ack 1\n");
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, 3 * SECOND);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 0);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 10 * pair->mss);
  pair_run(pair, 10000);
  pair_write(pair, 0, 100);
  pair_run(pair, -1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 1);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), >=, 2 * SECOND);
}

/* With timestamps the answer to the first SYN does measure (tcp_ack_update_rtt()). */
static void
test_spurious_syn_timeout_measures(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 1000);
  pair_connect(pair);
  pair_run(pair, -1);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 2 * SECOND);
  g_assert_cmpint(tcp_conn_rto_ns(pair->end[0]), ==, 6 * SECOND);
}

/* Two SYNs lost: the window begins with one segment (RFC 5681 3.1, RFC 6928 section 2). */
static void
test_lost_syns_cost_the_initial_window(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 50);
  pair->drops[0] = 1 << 1 | 1 << 2;
  pair_connect(pair);
  pair_run(pair, 10000);
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, TCP_ESTABLISHED);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, pair->mss);
}

/* RFC 6298 5.3: each ACK of new data starts the timer anew, so the second of two segments, lost, is
 * repeated one RTO after the ACK of the first. */
static void
test_restart_with_each_ack(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_rfc6298, 100);
  pair->config[1].delayed_ack_ns = 0;
  pair_open(pair);
  pair_run(pair, 1000);
  pair->drops[0] = 1 << 2;
  pair_write(pair, 0, 10);
  pair_run(pair, 1150);
  pair_write(pair, 0, 10);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.100 < . 1:1(0) ack 11\n"
                        "1.150 > P. 11:21(10) ack 1 x\n"
                        "2.200 > P. 11:21(10) ack 1\n"
                        "2.300 < . 1:1(0) ack 21\n");
}

static void
zephyr(TcpConfig *config)
{
  tcp_config_rfc6298(config);
  config->rto_rule = TCP_RTO_RULE_FIXED;
  config->rto_initial_ns = 200 * PAIR_MS;
  config->rto_backoff = 1.5;
}

/* Zephyr: 200 ms whatever the round trip, so that on one of 600 ms each segment goes four
 * times; 1.5 times longer after each, and after an ACK as in the beginning. */
static void
test_fixed(void)
{
  g_autoptr(Pair) pair = pair_new(zephyr, 300);
  pair->config[0].syn_retries = 0;
  pair->config[0].syn_linear = 9;
  pair->config[1].delayed_ack_ns = 0;
  pair_connect(pair);
  pair_run(pair, 3000);
  g_string_truncate(pair->log, 0);
  for (guint i = 0; i < 2; i++) {
    pair_write(pair, 0, 10);
    pair_run(pair, 6000 + 3000 * i);
  }
  pair_assert_log(pair, "3.000 > P. 1:11(10) ack 1\n"
                        "3.200 > P. 1:11(10) ack 1\n"
                        "3.300 < . 1:1(0) ack 11\n"
                        "3.500 < . 1:1(0) ack 11\n"
                        "3.500 > P. 1:11(10) ack 1\n"
                        "3.800 < . 1:1(0) ack 11\n"
                        "6.000 > P. 11:21(10) ack 1\n"
                        "6.200 > P. 11:21(10) ack 1\n"
                        "6.300 < . 1:1(0) ack 21\n"
                        "6.500 < . 1:1(0) ack 21\n"
                        "6.500 > P. 11:21(10) ack 1\n"
                        "6.800 < . 1:1(0) ack 21\n");
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/rto/rfc6298/constant-rtt", test_constant_rtt_rfc6298);
  g_test_add_func("/tcp/rto/rfc6298/constant-rtt-to-minimum", test_constant_rtt_to_the_minimum);
  g_test_add_func("/tcp/rto/rfc6298/changing-rtt", test_changing_rtt_rfc6298);
  g_test_add_func("/tcp/rto/rfc6298/bounds", test_minimum_and_maximum_rfc6298);
  g_test_add_func("/tcp/rto/linux/constant-rtt", test_constant_rtt_linux);
  g_test_add_func("/tcp/rto/linux/floor", test_floor_linux);
  g_test_add_data_func("/tcp/rto/before-zero/linux", NULL, test_before_zero);
  g_test_add_data_func("/tcp/rto/before-zero/rfc6298", "rfc6298", test_before_zero);
  g_test_add_func("/tcp/rto/falling-rtt", test_falling_rtt);
  g_test_add_data_func("/tcp/rto/ladder/linux", NULL, test_ladder);
  g_test_add_data_func("/tcp/rto/ladder/rfc6298", "rfc6298", test_ladder);
  g_test_add_func("/tcp/rto/karn", test_karn);
  g_test_add_data_func("/tcp/rto/spurious-syn/linux", NULL, test_spurious_syn_timeout);
  g_test_add_data_func("/tcp/rto/spurious-syn/rfc6298", "rfc6298", test_spurious_syn_timeout);
  g_test_add_func("/tcp/rto/spurious-syn/timestamps", test_spurious_syn_timeout_measures);
  g_test_add_func("/tcp/rto/lost-syns", test_lost_syns_cost_the_initial_window);
  g_test_add_func("/tcp/rto/restart-with-each-ack", test_restart_with_each_ack);
  g_test_add_func("/tcp/rto/fixed", test_fixed);
  return g_test_run();
}
