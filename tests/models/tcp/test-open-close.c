/* How connections begin and end: handshake, every order of FINs, resets, refusal and patience. */
#include "tests/models/tcp/pair.h"

static void
assert_states(const Pair *pair, TcpState opener, TcpState other)
{
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, opener);
  g_assert_cmpint(tcp_conn_state(pair->end[1]), ==, other);
}

static void
assert_ends(const Pair *pair, TcpEnd opener, TcpEnd other)
{
  assert_states(pair, TCP_CLOSED, TCP_CLOSED);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, opener);
  g_assert_cmpint(tcp_conn_end(pair->end[1]), ==, other);
}

/* A pair that is open and at rest at 1.000 s, 100 ms from each other. */
static Pair *
open_pair(void (*stack)(TcpConfig *config))
{
  Pair *pair = pair_new(stack, 100);
  pair_open(pair);
  pair_run(pair, 1000);
  return pair;
}

static void
test_handshake(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair_connect(pair);
  g_assert_false(tcp_conn_established(pair->end[0]));
  pair_run(pair, -1);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "0.100 < S. 0:0(0) ack 1\n"
                        "0.200 > . 1:1(0) ack 1\n");
  assert_states(pair, TCP_ESTABLISHED, TCP_ESTABLISHED);
  g_assert_true(tcp_conn_established(pair->end[0]));
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[0]), ==, 200 * PAIR_MS);
  g_assert_cmpint(tcp_conn_srtt_ns(pair->end[1]), ==, 200 * PAIR_MS);
  g_assert_cmpint(tcp_conn_deadline(pair->end[0]), ==, TCP_NEVER);
}

static void
test_header_lengths(void)
{
  TcpConfig config;
  TcpSegment syn, fin;
  tcp_config_linux(&config);
  g_autoptr(TcpConn) opener = tcp_conn_new(&config, 1448, TRUE);
  tcp_conn_connect(opener, 0);
  g_assert_true(tcp_conn_output(opener, 0, &syn));
  g_assert_cmpuint(tcp_segment_wire_length(&syn), ==, 60);
  g_autoptr(TcpConn) other = tcp_conn_accept(&config, 1448, TRUE, opener);
  tcp_conn_input(other, 0, &syn);
  g_assert_true(tcp_conn_output(other, 0, &syn));
  tcp_conn_input(opener, 0, &syn);
  g_assert_true(tcp_conn_output(opener, 0, &fin));
  g_assert_cmpuint(tcp_segment_wire_length(&fin), ==, 52);
}

static void
test_data_written_before_the_handshake_waits(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair_connect(pair);
  pair_write(pair, 0, 50);
  pair_run(pair, 250);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "0.100 < S. 0:0(0) ack 1\n"
                        "0.200 > . 1:1(0) ack 1\n"
                        "0.200 > P. 1:51(50) ack 1\n");
}

static void
test_one_side_closes_then_the_other(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair_close(pair, 0);
  pair_run(pair, 2000);
  assert_states(pair, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT);
  g_assert_true(tcp_conn_at_end(pair->end[1]));
  g_assert_false(tcp_conn_at_end(pair->end[0]));
  pair_close(pair, 1);
  pair_run(pair, 62000);
  assert_states(pair, TCP_TIME_WAIT, TCP_CLOSED);
  g_assert_cmpint(tcp_conn_deadline(pair->end[0]), ==, 62100 * PAIR_MS);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > F. 1:1(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 2\n"
                        "2.000 < F. 1:1(0) ack 2\n"
                        "2.100 > . 2:2(0) ack 2\n");
  assert_ends(pair, TCP_END_NORMAL, TCP_END_NORMAL);
}

static void
close_at_end(Pair *pair, guint end)
{
  if (tcp_conn_at_end(pair->end[end])) {
    tcp_conn_close(pair->end[end], pair->now_ns);
  }
}

static void
test_the_other_closes_at_once(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->pump = close_at_end;
  pair_close(pair, 1);
  pair_run(pair, 1150);
  assert_states(pair, TCP_LAST_ACK, TCP_FIN_WAIT_1);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 < F. 1:1(0) ack 1\n"
                        "1.100 > F. 1:1(0) ack 2\n"
                        "1.200 < . 2:2(0) ack 2\n");
  assert_ends(pair, TCP_END_NORMAL, TCP_END_NORMAL);
}

static void
test_both_close_together(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair_close(pair, 0);
  pair_close(pair, 1);
  pair_run(pair, 1150);
  assert_states(pair, TCP_CLOSING, TCP_CLOSING);
  pair_run(pair, 1200);
  assert_states(pair, TCP_TIME_WAIT, TCP_TIME_WAIT);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > F. 1:1(0) ack 1\n"
                        "1.000 < F. 1:1(0) ack 1\n"
                        "1.100 < . 2:2(0) ack 2\n"
                        "1.100 > . 2:2(0) ack 2\n");
  assert_ends(pair, TCP_END_NORMAL, TCP_END_NORMAL);
}

/* After our FIN the other side may go on writing as long as it likes. */
static void
test_half_close(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair_write(pair, 0, 100);
  pair_close(pair, 0);
  g_assert_cmpuint(tcp_conn_room(pair->end[0]), ==, 0);
  pair_run(pair, 2000);
  pair_write(pair, 1, 300);
  pair_run(pair, 3000);
  g_assert_cmpuint(pair->received[0], ==, 300);
  g_assert_cmpuint(pair->received[1], ==, 100);
  assert_states(pair, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT);
  pair_close(pair, 1);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:101(100) ack 1\n"
                        "1.000 > F. 101:101(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 102\n"
                        "2.000 < P. 1:301(300) ack 102\n"
                        "2.140 > . 102:102(0) ack 301\n"
                        "3.000 < F. 301:301(0) ack 102\n"
                        "3.100 > . 102:102(0) ack 302\n");
  assert_ends(pair, TCP_END_NORMAL, TCP_END_NORMAL);
}

/* What waits when the application closes takes the FIN along. */
static void
test_fin_rides_on_waiting_data(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->nodelay[0] = FALSE;
  pair_open(pair);
  pair_run(pair, 1000);
  pair_write(pair, 0, 100);
  pair_write(pair, 0, 20); /* held by Nagle, until it is the last */
  pair_close(pair, 0);
  pair_run(pair, 2000);
  pair_assert_log(pair, "1.000 > P. 1:101(100) ack 1\n"
                        "1.000 > FP. 101:121(20) ack 1\n"
                        "1.100 < . 1:1(0) ack 122\n");
  g_assert_true(tcp_conn_at_end(pair->end[1]));
}

static void
test_fin_lost(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->drops[0] = 1 << 1;
  pair_close(pair, 0);
  pair_run(pair, 2000);
  pair_assert_log(pair, "1.000 > F. 1:1(0) ack 1 x\n"
                        "1.600 > F. 1:1(0) ack 1\n"
                        "1.700 < . 1:1(0) ack 2\n");
  assert_states(pair, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->retransmissions, ==, 1);
}

/* TIME-WAIT is there for this: the last ACK got lost, and it begins anew with the FIN that comes
 * again. */
static void
test_last_ack_lost(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->drops[0] = 1 << 2;
  pair->pump = close_at_end;
  pair_close(pair, 0);
  pair_run(pair, 3000);
  pair_assert_log(pair, "1.000 > F. 1:1(0) ack 1\n"
                        "1.100 < F. 1:1(0) ack 2\n"
                        "1.200 > . 2:2(0) ack 2 x\n"
                        "1.700 < F. 1:1(0) ack 2\n"
                        "1.800 > . 2:2(0) ack 2\n");
  assert_states(pair, TCP_TIME_WAIT, TCP_CLOSED);
  g_assert_cmpint(tcp_conn_deadline(pair->end[0]), ==, 61800 * PAIR_MS);
}

static void
test_handshake_ack_lost(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->drops[0] = 1 << 2;
  pair_connect(pair);
  pair_run(pair, -1);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "0.100 < S. 0:0(0) ack 1\n"
                        "0.200 > . 1:1(0) ack 1 x\n"
                        "1.100 < S. 0:0(0) ack 1\n"
                        "1.200 > . 1:1(0) ack 1\n");
  assert_states(pair, TCP_ESTABLISHED, TCP_ESTABLISHED);
}

/* A round trip of 2.5 s: SYN and SYN-ACK go again and again, in vain, as the echo of the first one
 * tells; the window is ten all the same. Where the first were lost it is one. */
static void
test_needless_syns(gconstpointer lost)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 1250);
  pair->drops[0] = pair->drops[1] = lost != NULL ? 3 : 0;
  pair_connect(pair);
  pair_run(pair, -1);
  for (guint end = 0; end < 2; end++) {
    g_assert_cmpuint(tcp_conn_counters(pair->end[end])->retransmissions, >, 1);
    g_assert_cmpuint(tcp_conn_cwnd(pair->end[end]), ==, lost != NULL ? 1000 : 10000);
  }
}

/* The first data complete the handshake as well as its lost ACK would have. */
static void
test_data_complete_the_handshake(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->drops[0] = 1 << 2;
  pair_connect(pair);
  pair_run(pair, 300);
  pair_write(pair, 0, 10);
  pair_run(pair, 400);
  assert_states(pair, TCP_ESTABLISHED, TCP_ESTABLISHED);
  g_assert_cmpuint(pair->received[1], ==, 10);
}

static void
test_refused(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->refuses = TRUE;
  pair_connect(pair);
  pair_run(pair, -1);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "0.100 < R. 0:0(0) ack 1\n");
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, TCP_CLOSED);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_REFUSED);
  g_assert_cmpint(tcp_conn_deadline(pair->end[0]), ==, TCP_NEVER);
}

static void
test_close_before_the_answer(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair_connect(pair);
  pair_close(pair, 0);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_ABORTED);
  pair_run(pair, -1);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "0.100 < S. 0:0(0) ack 1\n"
                        "0.200 > R 1:1(0)\n");
  assert_ends(pair, TCP_END_ABORTED, TCP_END_RESET);
}

static void
test_abort(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair_write(pair, 0, 100);
  pair_abort(pair, 0);
  g_assert_cmpint(tcp_conn_deadline(pair->end[0]), ==, TCP_NEVER);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:101(100) ack 1\n"
                        "1.000 > R. 101:101(0) ack 1\n");
  g_assert_cmpuint(pair->received[1], ==, 100);
  assert_ends(pair, TCP_END_ABORTED, TCP_END_RESET);
}

/* The RST overtakes the data before it: its number is not the next one, so it is answered with an
 * ACK (RFC 5961 3.2), and what that ACK meets is a host without the connection. */
static void
test_reset_out_of_order_is_challenged(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->delay_ns[0] = 150 * PAIR_MS;
  pair_write(pair, 0, 100);
  pair->delay_ns[0] = 100 * PAIR_MS;
  pair_abort(pair, 0);
  pair_run(pair, 1120);
  g_assert_cmpint(tcp_conn_state(pair->end[1]), ==, TCP_ESTABLISHED);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:101(100) ack 1\n"
                        "1.000 > R. 101:101(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.190 < . 1:1(0) ack 101\n"
                        "1.200 > R 1:1(0)\n"
                        "1.290 > R 101:101(0)\n");
  g_assert_cmpint(tcp_conn_end(pair->end[1]), ==, TCP_END_RESET);
}

/* Power loss: silence while the host is off, a RST to the next retransmission once it is up again.
 */
static void
test_power_loss(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair_vanish(pair, 0);
  pair_write(pair, 1, 100);
  pair_run(pair, 3000);
  pair_assert_log(pair, "1.000 < P. 1:101(100) ack 1\n"
                        "1.600 < P. 1:101(100) ack 1\n"
                        "2.200 < P. 1:101(100) ack 1\n");
  pair->absent[0] = FALSE;
  pair_run(pair, -1);
  pair_assert_log(pair, "3.400 < P. 1:101(100) ack 1\n"
                        "3.500 > R 1:1(0)\n");
  g_assert_cmpint(tcp_conn_end(pair->end[1]), ==, TCP_END_RESET);
}

/* Four times after a second each (tcp_syn_linear_timeouts); then 1 + 2 + 4 + 8 + 16 + 32 + 64 s:
 * six more, and ETIMEDOUT after 131 s. */
static void
test_syn_patience(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->absent[1] = TRUE;
  pair_connect(pair);
  pair_run(pair, -1);
  g_assert_cmpint(pair->now_ns, ==, 131000 * PAIR_MS);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "1.000 > S 0:0(0)\n"
                        "2.000 > S 0:0(0)\n"
                        "3.000 > S 0:0(0)\n"
                        "4.000 > S 0:0(0)\n"
                        "5.000 > S 0:0(0)\n"
                        "7.000 > S 0:0(0)\n"
                        "11.000 > S 0:0(0)\n"
                        "19.000 > S 0:0(0)\n"
                        "35.000 > S 0:0(0)\n"
                        "67.000 > S 0:0(0)\n");
}

/* 1 + 2 + 4 + 8 + 16 + 32 + 64 s: six SYNs again, then ETIMEDOUT after 127 s. */
static void
test_syn_patience_without_linear(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->config[0].syn_linear = 0;
  pair->absent[1] = TRUE;
  pair_connect(pair);
  pair_run(pair, -1);
  g_assert_cmpint(pair->now_ns, ==, 127000 * PAIR_MS);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
  pair_assert_log(pair, "0.000 > S 0:0(0)\n"
                        "1.000 > S 0:0(0)\n"
                        "3.000 > S 0:0(0)\n"
                        "7.000 > S 0:0(0)\n"
                        "15.000 > S 0:0(0)\n"
                        "31.000 > S 0:0(0)\n"
                        "63.000 > S 0:0(0)\n");
}

/* A SYN-ACK is sent five times again, and given up after 63 s. */
static void
test_synack_patience(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair_connect(pair);
  pair_run(pair, 150);
  pair_vanish(pair, 0);
  pair_run(pair, 63050);
  g_assert_cmpint(tcp_conn_state(pair->end[1]), ==, TCP_SYN_RECEIVED);
  g_assert_cmpuint(tcp_conn_counters(pair->end[1])->timeouts, ==, 5);
  pair_run(pair, 63100);
  g_assert_cmpint(tcp_conn_end(pair->end[1]), ==, TCP_END_TIMEOUT);
}

/* When data to a dead peer are given up. Linux: the first time-out that is 924.6 s or more after
 * the first one. With an RTO of 214 ms the ladder reaches 1023 x 214 ms + 6 x 120 s; with 300 ms
 * 511 x 300 ms + 7 x 120 s; and one RTO of it is the probe's, before the first. RFC: 1 + 2 + 4 +
 * 8 + 16 + 32 + 60 + 60 s. */
static void
test_data_patience(void)
{
  static const struct {
    void (*stack)(TcpConfig *config);
    gint64 delay_ms;
    gint64 expected_ms;
  } rows[] = {
      {tcp_config_linux, 7, 938922 + 214},
      {tcp_config_linux, 50, 993300 + 300},
      {tcp_config_rfc6298, 50, 183000},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Pair) pair = pair_new(rows[i].stack, rows[i].delay_ms);
    pair_open(pair);
    gint64 start_ns = pair->now_ns;
    pair_vanish(pair, 1);
    pair_write(pair, 0, 100);
    pair_run(pair, -1);
    g_assert_cmpint(pair->now_ns - start_ns, ==, rows[i].expected_ms * PAIR_MS);
    g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
  }
}

/* close() does not shorten it: data and FIN are tried as long. */
static void
test_patience_after_close(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 50);
  pair_open(pair);
  gint64 start_ns = pair->now_ns;
  pair_vanish(pair, 1);
  pair_write(pair, 0, 100);
  pair_close(pair, 0);
  pair_run(pair, -1);
  g_assert_cmpint(pair->now_ns - start_ns, ==, (993300 + 202) * PAIR_MS);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
}

/* Both ends open towards each other: not served, but harmless. */
static void
test_simultaneous_open_is_harmless(void)
{
  TcpConfig config;
  TcpSegment syn[2];
  tcp_config_linux(&config);
  g_autoptr(TcpConn) one = tcp_conn_new(&config, 1000, TRUE);
  g_autoptr(TcpConn) other = tcp_conn_new(&config, 1000, TRUE);
  tcp_conn_connect(one, 0);
  tcp_conn_connect(other, 0);
  g_assert_true(tcp_conn_output(one, 0, &syn[0]));
  g_assert_true(tcp_conn_output(other, 0, &syn[1]));
  tcp_conn_input(one, 1, &syn[1]);
  tcp_conn_input(other, 1, &syn[0]);
  g_assert_cmpint(tcp_conn_state(one), ==, TCP_SYN_SENT);
  g_assert_cmpint(tcp_conn_state(other), ==, TCP_SYN_SENT);
}

static void
test_no_reset_for_a_reset(void)
{
  TcpSegment reset = {.flags = TCP_RST}, answer;
  g_assert_false(tcp_reset_for(&reset, &answer));
}

int
main(int argc, char *argv[])
{
  static const struct {
    const char *path;
    GTestFunc function;
  } tests[] = {
      {"/tcp/open/handshake", test_handshake},
      {"/tcp/open/header-lengths", test_header_lengths},
      {"/tcp/open/early-data-wait", test_data_written_before_the_handshake_waits},
      {"/tcp/open/ack-lost", test_handshake_ack_lost},
      {"/tcp/open/data-complete-it", test_data_complete_the_handshake},
      {"/tcp/open/refused", test_refused},
      {"/tcp/open/close-before-the-answer", test_close_before_the_answer},
      {"/tcp/open/patience-of-syn", test_syn_patience},
      {"/tcp/open/patience-of-syn/no-linear", test_syn_patience_without_linear},
      {"/tcp/open/patience-of-syn-ack", test_synack_patience},
      {"/tcp/open/simultaneous", test_simultaneous_open_is_harmless},
      {"/tcp/close/one-then-the-other", test_one_side_closes_then_the_other},
      {"/tcp/close/the-other-at-once", test_the_other_closes_at_once},
      {"/tcp/close/both-together", test_both_close_together},
      {"/tcp/close/half", test_half_close},
      {"/tcp/close/fin-rides-on-data", test_fin_rides_on_waiting_data},
      {"/tcp/close/fin-lost", test_fin_lost},
      {"/tcp/close/last-ack-lost", test_last_ack_lost},
      {"/tcp/reset/abort", test_abort},
      {"/tcp/reset/out-of-order", test_reset_out_of_order_is_challenged},
      {"/tcp/reset/power-loss", test_power_loss},
      {"/tcp/reset/none-for-a-reset", test_no_reset_for_a_reset},
      {"/tcp/patience/data", test_data_patience},
      {"/tcp/patience/after-close", test_patience_after_close},
  };
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
    g_test_add_func(tests[i].path, tests[i].function);
  }
  g_test_add_data_func("/tcp/open/needless-syns", NULL, test_needless_syns);
  g_test_add_data_func("/tcp/open/lost-syns", "lost", test_needless_syns);
  return g_test_run();
}
