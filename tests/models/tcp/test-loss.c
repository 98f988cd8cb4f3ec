/* Recovery from loss without SACK, and how much may be under way. */
#include "tests/models/tcp/pair.h"

#include <math.h>

/* A statistical test has to come out the same each time. */
#define SEED 6582

/* Open and at rest at 1.000 s, 100 ms from each other; segments of 1000 bytes. */
static Pair *
open_pair(void (*stack)(TcpConfig *config))
{
  Pair *pair = pair_new(stack, 100);
  pair_open(pair);
  pair_run(pair, 1000);
  return pair;
}

/* RFC 5681 3.2: the third duplicate ACK is the loss. */
static void
test_fast_retransmit(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->drops[0] = 1 << 1;
  pair_write(pair, 0, 5000);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > . 1:1001(1000) ack 1 x\n"
                        "1.000 > . 1001:2001(1000) ack 1\n"
                        "1.000 > . 2001:3001(1000) ack 1\n"
                        "1.000 > . 3001:4001(1000) ack 1\n"
                        "1.000 > P. 4001:5001(1000) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.200 > . 1:1001(1000) ack 1\n"
                        "1.300 < . 1:1(0) ack 5001\n");
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->fast_retransmits, ==, 1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 0);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 5000); /* half of ten packets */
}

/* The same in bytes: half of what was in flight is 2500, but the cautious end of RFC 6582 leaves no
 * more than one segment above what is in flight. */
static void
test_fast_retransmit_in_bytes(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_rfc6298);
  pair->drops[0] = 1 << 1;
  pair_write(pair, 0, 5000);
  pair_run(pair, -1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->fast_retransmits, ==, 1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->retransmissions, ==, 1);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 2000);
}

/* RFC 6582: each partial ACK shows the next hole, which is filled at once; one hole per round trip.
 */
static void
test_partial_acks(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? pair_linux_newreno : tcp_config_rfc6298);
  pair->drops[0] = 1 << 1 | 1 << 3 | 1 << 6;
  pair_write(pair, 0, 8000);
  pair_run(pair, 1150);
  g_string_truncate(pair->log, 0);
  /* five duplicates: half + 3 + 2; then less what each partial ACK covers, and 1 more */
  pair_run(pair, 1450);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, stack == NULL ? 9000 : 8000);
  pair_run(pair, 1650);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, stack == NULL ? 7000 : 6000);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.200 > . 1:1001(1000) ack 1\n"
                        "1.300 < . 1:1(0) ack 2001\n"
                        "1.400 > . 2001:3001(1000) ack 1\n"
                        "1.500 < . 1:1(0) ack 5001\n"
                        "1.600 > . 5001:6001(1000) ack 1\n"
                        "1.700 < . 1:1(0) ack 8001\n");
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->fast_retransmits, ==, 1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 0);
}

/* RFC 3042: the first two duplicate ACKs release a new segment each. */
static void
test_limited_transmit(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? pair_linux_newreno : tcp_config_rfc6298);
  pair->drops[0] = 1 << 1;
  pair_write(pair, 0, 12000);
  pair_run(pair, 1150);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 1250);
  pair_assert_log(pair, "1.200 > . 10001:11001(1000) ack 1\n"
                        "1.200 > P. 11001:12001(1000) ack 1\n"
                        "1.200 > . 1:1001(1000) ack 1\n");
}

/* Two duplicate ACKs are not enough: the time-out has to do it, and as the ACK covers the rest, the
 * rest is not repeated. */
static void
test_too_few_duplicates(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->drops[0] = 1 << 1;
  pair_write(pair, 0, 3000);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > . 1:1001(1000) ack 1 x\n"
                        "1.000 > . 1001:2001(1000) ack 1\n"
                        "1.000 > P. 2001:3001(1000) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.100 < . 1:1(0) ack 1\n"
                        "1.600 > . 1:1001(1000) ack 1\n"
                        "1.700 < . 1:1(0) ack 3001\n");
}

/* A time-out begins anew with one segment: slow start over all that was in flight. */
static void
test_slow_start_after_timeout(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->drops[0] = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4;
  pair_write(pair, 0, 4000);
  pair_run(pair, 1500);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 1700);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 1000);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.600 > . 1:1001(1000) ack 1\n"
                        "1.740 < . 1:1(0) ack 1001\n"
                        "1.840 > . 1001:2001(1000) ack 1\n"
                        "1.840 > . 2001:3001(1000) ack 1\n"
                        "1.940 < . 1:1(0) ack 3001\n"
                        "2.040 > P. 3001:4001(1000) ack 1\n"
                        "2.180 < . 1:1(0) ack 4001\n");
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 1);
}

/* RFC 5681 3.1: of time-outs in a row only the first lowers ssthresh: to 5 here, where three would
 * leave 2; so slow start still takes the window to 5. */
static void
test_timeouts_in_a_row(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->config[1].delayed_ack_ns = 0;
  pair->drops[0] = 0xff << 1; /* six segments and two repetitions */
  pair_write(pair, 0, 6000);
  pair_run(pair, 5250);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 3);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 1000);
  pair_run(pair, 5450); /* 1 acknowledged, then 2 */
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 2000);
  pair_run(pair, 5650);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 4000);
}

/* What waits for its retransmission goes before what was never sent. */
static void
test_lost_before_new(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->drops[0] = 1 << 1 | 1 << 2 | 1 << 3;
  pair_write(pair, 0, 3000);
  pair_run(pair, 1550);
  pair_run(pair, 1650);
  pair_write(pair, 0, 500);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 2050);
  pair_assert_log(pair, "1.740 < . 1:1(0) ack 1001\n"
                        "1.840 > . 1001:2001(1000) ack 1\n"
                        "1.840 > P. 2001:3001(1000) ack 1\n"
                        "1.940 < . 1:1(0) ack 3001\n"
                        "2.040 > P. 3001:3501(500) ack 1\n");
}

static gint64
delay_spike(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  (void)segment;
  return pair->delay_ns[from] + (from == 0 && n <= 4 ? 1000 * PAIR_MS : 0);
}

/* The network held four segments for a second: the time-out repeats them in vain, and the duplicate
 * ACKs that these cause start no fast retransmission (RFC 6582 3.2 step 2). */
static void
test_spurious_timeout(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? pair_linux_newreno : tcp_config_rfc6298);
  pair->config[0].rto_min_ns = 200 * PAIR_MS;
  pair_write(pair, 0, 100); /* a sample, so that both stacks' time-outs are below a second */
  pair_run(pair, 5000);
  pair->sent[0] = 0;
  pair->link = delay_spike;
  pair_write(pair, 0, 4000);
  pair_run(pair, -1);
  g_assert_cmpuint(pair->received[1], ==, 4100);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->fast_retransmits, ==, 0);
}

/* The repetition is lost as well: that only a time-out finds out. */
static void
test_retransmission_lost(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->drops[0] = 1 << 1 | 1 << 6;
  pair_write(pair, 0, 5000);
  pair_run(pair, 1150);
  g_string_truncate(pair->log, 0);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.200 > . 1:1001(1000) ack 1 x\n"
                        "1.800 > . 1:1001(1000) ack 1\n"
                        "1.900 < . 1:1(0) ack 5001\n");
}

static gint64
third_comes_late(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  (void)segment;
  return pair->delay_ns[from] + (from == 0 && n == 3 ? 10 * PAIR_MS : 0);
}

/* Overtaken by two segments only: no repetition. */
static void
test_slight_reordering(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->link = third_comes_late;
  pair_write(pair, 0, 5000);
  pair_run(pair, -1);
  g_assert_cmpuint(pair->received[1], ==, 5000);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->retransmissions, ==, 0);
}

static gint64
twice(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  (void)n;
  pair_carry(pair, from, segment, pair->delay_ns[from]);
  return pair->delay_ns[from];
}

static void
test_duplication(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno);
  pair->link = twice;
  for (guint i = 0; i < 20; i++) {
    pair_write(pair, 0, 1500);
    pair_run(pair, 2000 + 1000 * i);
  }
  g_assert_cmpuint(pair->received[1], ==, 30000);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->retransmissions, ==, 0);
}

/* Twenty small messages at one instant: Linux's window of ten is one of packets, so the second ten
 * wait and then share a segment; a window in bytes lets all of them go. */
static void
test_window_of_packets_or_bytes(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? tcp_config_linux : tcp_config_rfc6298);
  for (guint i = 0; i < 20; i++) {
    pair_write(pair, 0, 10);
  }
  g_assert_cmpuint(pair->sent[0], ==, stack == NULL ? 10 : 20);
  pair_run(pair, -1);
  g_assert_cmpuint(pair->sent[0], ==, stack == NULL ? 11 : 20);
  g_assert_cmpuint(pair->received[1], ==, 200);
}

/* One message at a time does not widen the window, however many there are (RFC 7661). */
static void
test_unused_window_does_not_grow(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? tcp_config_linux : tcp_config_rfc6298);
  for (guint i = 0; i < 100; i++) {
    pair_write(pair, 0, 100);
    pair_run(pair, -1);
  }
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 10000);
}

static void
keep_writing(Pair *pair, guint end)
{
  gsize room = tcp_conn_room(pair->end[end]);
  if (end == 0 && room > 0 && tcp_conn_established(pair->end[0])) {
    pair_queue(pair, 0, room);
  }
}

/* Slow start: with an ACK per packet the window doubles each round trip. */
static void
test_slow_start(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->config[1].delayed_ack_ns = 0;
  pair->config[0].send_buffer = pair->config[1].receive_buffer = 1000000;
  pair_open(pair);
  pair_run(pair, 1000);
  pair->pump = keep_writing;
  pair_write(pair, 0, 200000);
  for (guint round = 0; round < 4; round++) {
    g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 10000 << round);
    pair_run(pair, 1000 + 200 * (round + 1));
  }
}

/* After ten idle seconds Linux has halved a grown window down to the initial one, the RFC goes
 * there at once. */
static void
test_restart_after_idle(gconstpointer stack)
{
  g_autoptr(Pair) pair = pair_new(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, 100);
  pair->config[0].send_buffer = pair->config[1].receive_buffer = 1000000;
  pair_open(pair);
  pair_write(pair, 0, 200000);
  pair_run(pair, 20000);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), >, 20000);
  pair_write(pair, 0, 100);
  g_assert_cmpuint(tcp_conn_cwnd(pair->end[0]), ==, 10000);
}

typedef struct {
  GRand *rand;
  double loss;
} Lossy;

static gint64
lossy_data(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  (void)n;
  (void)segment;
  Lossy *lossy = pair->user;
  gboolean lost = from == 0 && g_rand_double(lossy->rand) < lossy->loss;
  return lost ? PAIR_LOST : pair->delay_ns[from];
}

/* A long flow against the closed form of Padhye et al. (the equation of RFC 5348, with its
 * minimum): within 30 %, which is what that model promises. b = 1 although ACKs are delayed, as the
 * window grows by what is acknowledged and not by the number of ACKs. */
static void
test_throughput_follows_the_equation(gconstpointer stack)
{
  const double loss[] = {0.002, 0.005, 0.01};
  const double rtt_s = 0.1, seconds = 300, mss = 1000, b = 1;
  for (gsize i = 0; i < G_N_ELEMENTS(loss); i++) {
    g_autoptr(Pair) pair = pair_new(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, 50);
    Lossy lossy = {g_rand_new_with_seed(SEED + i), loss[i]};
    g_string_free(g_steal_pointer(&pair->log), TRUE);
    pair->config[0].send_buffer = pair->config[1].receive_buffer = 1000000;
    pair_connect(pair);
    pair_run(pair, 1000);
    pair->user = &lossy;
    pair->link = lossy_data;
    pair->pump = keep_writing;
    pair_write(pair, 0, 1000);
    pair_run(pair, 1000 * (1 + (gint64)seconds));
    double rto_s = stack == NULL ? 0.3 : 1, p = loss[i];
    double model = mss / (rtt_s * sqrt(2 * b * p / 3) +
                          rto_s * MIN(1, 3 * sqrt(3 * b * p / 8)) * p * (1 + 32 * p * p));
    double measured = pair->received[1] / seconds;
    g_test_message("p %g: %.0f B/s, equation %.0f B/s", p, measured, model);
    g_assert_cmpfloat(fabs(measured / model - 1), <, 0.3);
    g_rand_free(lossy.rand);
  }
}

static void
add_for_both(const char *path, GTestDataFunc function)
{
  g_autofree char *with_linux = g_strconcat(path, "/linux", NULL);
  g_autofree char *with_rfc = g_strconcat(path, "/rfc6298", NULL);
  g_test_add_data_func(with_linux, NULL, function);
  g_test_add_data_func(with_rfc, "rfc6298", function);
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/loss/fast-retransmit", test_fast_retransmit);
  g_test_add_func("/tcp/loss/fast-retransmit-in-bytes", test_fast_retransmit_in_bytes);
  add_for_both("/tcp/loss/partial-acks", test_partial_acks);
  add_for_both("/tcp/loss/limited-transmit", test_limited_transmit);
  g_test_add_func("/tcp/loss/too-few-duplicates", test_too_few_duplicates);
  g_test_add_func("/tcp/loss/slow-start-after-timeout", test_slow_start_after_timeout);
  g_test_add_func("/tcp/loss/timeouts-in-a-row", test_timeouts_in_a_row);
  g_test_add_func("/tcp/loss/lost-before-new", test_lost_before_new);
  add_for_both("/tcp/loss/spurious-timeout", test_spurious_timeout);
  g_test_add_func("/tcp/loss/retransmission-lost", test_retransmission_lost);
  g_test_add_func("/tcp/loss/slight-reordering", test_slight_reordering);
  g_test_add_func("/tcp/loss/duplication", test_duplication);
  add_for_both("/tcp/window/packets-or-bytes", test_window_of_packets_or_bytes);
  add_for_both("/tcp/window/unused-does-not-grow", test_unused_window_does_not_grow);
  g_test_add_func("/tcp/window/slow-start", test_slow_start);
  add_for_both("/tcp/window/restart-after-idle", test_restart_after_idle);
  add_for_both("/tcp/window/throughput", test_throughput_follows_the_equation);
  return g_test_run();
}
