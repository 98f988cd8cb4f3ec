/* When Linux acknowledges: quick and pingpong mode, the ATO, reading, gaps; and
 * two episodes as they were captured between a real publisher and a real broker. */
#include "models/tcp/conn-private.h"
#include "tests/models/tcp/pair.h"

static void
linux_acks(Pair *pair)
{
  for (guint end = 0; end < 2; end++) {
    pair->config[end].ack_rule = TCP_ACK_RULE_LINUX;
  }
}

/* Open and at rest at 1.000 s, 100 ms from each other; segments of 1000 bytes. */
static Pair *
open_pair(void)
{
  Pair *pair = pair_new(tcp_config_linux, 100);
  linux_acks(pair);
  pair_open(pair);
  pair_run(pair, 1000);
  return pair;
}

static void
reply(Pair *pair, guint end)
{
  if (end == 1 && pair->received[1] > pair->written[1]) {
    pair_queue(pair, 1, pair->received[1] - pair->written[1]);
  }
}

/* The first data are acknowledged at once, before the application can answer; its answer begins
 * pingpong mode, in which the next one carries the ACK. Where none comes the ACK goes after 40 ms,
 * and the mode ends. */
static void
test_pingpong(void)
{
  g_autoptr(Pair) pair = open_pair();
  pair->pump = reply;
  pair_write(pair, 0, 10);
  pair_run(pair, 2000);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.100 < . 1:1(0) ack 11\n"
                        "1.100 < P. 1:11(10) ack 11\n"
                        "1.200 > . 11:11(0) ack 11\n");
  pair_write(pair, 0, 10);
  pair_run(pair, 3000);
  pair_assert_log(pair, "2.000 > P. 11:21(10) ack 11\n"
                        "2.100 < P. 11:21(10) ack 21\n"
                        "2.200 > . 21:21(0) ack 21\n");
  pair->pump = NULL;
  pair_write(pair, 0, 10);
  pair_run(pair, 4000);
  pair_assert_log(pair, "3.000 > P. 21:31(10) ack 21\n"
                        "3.140 < . 21:21(0) ack 31\n");
  pair_write(pair, 0, 10);
  pair_run(pair, 5000);
  pair_assert_log(pair, "4.000 > P. 31:41(10) ack 21\n"
                        "4.100 < . 21:21(0) ack 41\n");
}

/* An answer that takes longer than the ATO does not make a conversation. */
static void
test_late_answers(void)
{
  g_autoptr(Pair) pair = open_pair();
  for (guint i = 1; i <= 2; i++) {
    pair_write(pair, 0, 10);
    pair_run(pair, 1000 * i + 141);
    pair_write(pair, 1, 10);
    pair_run(pair, 1000 * i + 1000);
  }
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.100 < . 1:1(0) ack 11\n"
                        "1.141 < P. 1:11(10) ack 11\n"
                        "1.241 > . 11:11(0) ack 11\n"
                        "2.000 > P. 11:21(10) ack 11\n"
                        "2.100 < . 11:11(0) ack 21\n"
                        "2.141 < P. 11:21(10) ack 21\n"
                        "2.241 > . 21:21(0) ack 21\n");
}

/* The delays of the ACKs that end 1 sends, in ms after what they acknowledge came: n writes of 10
 * bytes at intervals, without an application that reads. */
static void
assert_delays(Pair *pair, guint n, gint64 interval_ms, const gint *delays_ms)
{
  pair->reads[1] = FALSE;
  for (guint i = 0; i < n; i++) {
    gint64 start_ms = pair->now_ns / PAIR_MS;
    guint acks = pair->sent[1];
    pair_write(pair, 0, 10);
    pair_run(pair, start_ms + 100 + delays_ms[i] - 1);
    g_assert_cmpuint(pair->sent[1], ==, acks);
    pair_run(pair, start_ms + 100 + delays_ms[i]);
    g_assert_cmpuint(pair->sent[1], ==, acks + 1);
    pair_run(pair, start_ms + interval_ms);
    g_assert_cmpuint(pair->sent[1], ==, acks + 1);
  }
}

/* tcp_enter_quickack_mode(): sixteen at once. Then each that nobody read waits; since no answer
 * comes the wait doubles from 40 ms on, up to the round trip and 200 ms. */
static void
test_quick_then_slow(void)
{
  static const gint delays_ms[] = {0, 0, 0, 0, 0, 0, 0,  0,  0,   0,
                                   0, 0, 0, 0, 0, 0, 40, 80, 160, 200};
  g_autoptr(Pair) pair = open_pair();
  pair->end[1]->rto_ns = 10000 * PAIR_MS; /* no gap is longer: that would begin quick mode anew */
  assert_delays(pair, G_N_ELEMENTS(delays_ms), 1000, delays_ms);
}

/* After a gap longer than the RTO the next sixteen go at once again: the ACKs of a thin stream
 * never wait. */
static void
test_quick_after_gap(void)
{
  static const gint delays_ms[40];
  g_autoptr(Pair) pair = open_pair();
  assert_delays(pair, G_N_ELEMENTS(delays_ms), 1000, delays_ms);
}

/* tcp_cleanup_rbuf(): in pingpong mode the end of one write waits, that of a second one is
 * acknowledged as soon as all has been read. */
static void
test_reading(void)
{
  g_autoptr(Pair) pair = open_pair();
  pair->pump = reply;
  pair_write(pair, 0, 10);
  pair_run(pair, 2000);
  pair->pump = NULL;
  g_string_truncate(pair->log, 0);
  pair_write(pair, 0, 10);
  pair_run(pair, 2010);
  pair_write(pair, 0, 10);
  pair_run(pair, 3000);
  pair_assert_log(pair, "2.000 > P. 11:21(10) ack 11\n"
                        "2.010 > P. 21:31(10) ack 11\n"
                        "2.110 < . 11:11(0) ack 31\n");
}

/* More than one segment as large as the largest so far is acknowledged at once: of five, which the
 * quick mode is over for, the second and the fourth; the fifth ends a write, and is when read. */
static void
test_full_segments(void)
{
  g_autoptr(Pair) pair = open_pair();
  pair->config[1].quick_acks = 0;
  pair->reads[1] = FALSE;
  pair_write(pair, 0, 5000);
  pair_run(pair, 1139);
  g_assert_cmpuint(pair->sent[1], ==, 2);
  pair_read(pair, 1, 5000);
  g_assert_cmpuint(pair->sent[1], ==, 3);
}

/* A segment that had come before means that our ACK was lost: quick mode, whatever was before. */
static void
test_duplicate(void)
{
  g_autoptr(Pair) pair = open_pair();
  TcpSegment again = {
      .seq = 1, .length = 10, .ack = 1, .window = 65534, .flags = TCP_ACK | TCP_PSH};
  pair->pump = reply;
  pair_write(pair, 0, 10);
  pair_run(pair, 2000);
  pair->pump = NULL;
  g_assert_true(pair->end[1]->pingpong);
  g_string_truncate(pair->log, 0);
  pair_carry(pair, 0, &again, 100 * PAIR_MS);
  pair_run(pair, 2200);
  pair_write(pair, 0, 10);
  pair_run(pair, 3000);
  pair_assert_log(pair, "2.100 < . 11:11(0) ack 11\n"
                        "2.200 > P. 11:21(10) ack 11\n"
                        "2.300 < . 11:11(0) ack 21\n");
}

/* A gap is told of at once three times, then once a millisecond; filling it at once. */
static void
test_gap(void)
{
  g_autoptr(Pair) pair = open_pair();
  pair->drops[0] = 1 << 1;
  pair->config[0].dup_acks = 100;
  pair->config[0].rack = FALSE;
  pair_write(pair, 0, 8000);
  g_string_truncate(pair->log, 0);
  pair->log_options = TRUE;
  pair_run(pair, 1300);
  pair_assert_log(pair, "1.100 < . 1:1(0) ack 1 opt 24 sack 1001:2001 ts 1100/200\n"
                        "1.100 < . 1:1(0) ack 1 opt 24 sack 1001:3001 ts 1100/200\n"
                        "1.100 < . 1:1(0) ack 1 opt 24 sack 1001:4001 ts 1100/200\n"
                        "1.101 < . 1:1(0) ack 1 opt 24 sack 1001:8001 ts 1101/200\n");
  const TcpSegment first = {.seq = 1, .length = 1000, .ack = 1, .window = 65534, .flags = TCP_ACK};
  pair_carry(pair, 0, &first, 0);
  pair_run(pair, 1300);
  pair_assert_log(pair, "1.300 < . 1:1(0) ack 8001 opt 12 ts 1300/200\n");
}

/* tcp_fin(): ours will come soon and carry the ACK. */
static void
test_fin_waits(void)
{
  g_autoptr(Pair) pair = open_pair();
  pair_close(pair, 0);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > F. 1:1(0) ack 1\n"
                        "1.140 < . 1:1(0) ack 2\n");
}

/* ---- captured ---- */

/* Nagle at the broker, end 1; the link is 0.2 ms longer than its 150 ms, as measured. */
static Pair *
captured_pair(void)
{
  Pair *pair = pair_new(tcp_config_linux, 150);
  linux_acks(pair);
  pair->config[0].tick_ns = pair->config[1].tick_ns = 4 * PAIR_MS;
  pair->delay_ns[0] = pair->delay_ns[1] = 150200 * PAIR_MS / 1000;
  pair->nodelay[1] = FALSE;
  pair_open(pair);
  return pair;
}

/* A broker and its clients: CONNECT is 21 bytes, CONNACK 4; PUBLISH 125, PUBACK 4. */
static void
serve(Pair *pair, guint end)
{
  if (end == 1) {
    guint64 connects = pair->received[1] >= 21;
    guint64 owed = connects * 4 * (1 + (pair->received[1] - 21 * connects) / 125);
    while (pair->written[1] < owed) {
      pair_queue(pair, 1, 4);
    }
  }
}

/* The broker's side of stream-q1: one PUBLISH each 100 ms, 300 ms RTT, Nagle at the broker.
 * Measured (in s after the SYN came): ACK of CONNECT at once, CONNACK with it; the first PUBLISH
 * meets pingpong mode and PUBACK carries its ACK; PUBACK 2 has to wait (Nagle), so the ACK goes by
 * the timer (43 ms later) and the mode ends; 3 and 4 are acknowledged as they are read; then PUBACK
 * 1 is acknowledged and the three that waited go in one segment, which begins the mode anew. So on
 * each 300 ms. */
static void
test_captured_stream(void)
{
  g_autoptr(Pair) pair = captured_pair();
  pair->pump = serve;
  pair_run(pair, 450);
  pair_write(pair, 0, 21);
  pair_run(pair, 851);
  for (guint i = 0; i < 9; i++) {
    pair_write(pair, 0, 125);
    pair_run(pair, 951 + 100 * i);
  }
  pair_assert_log(pair, "0.450 > P. 1:22(21) ack 1\n"
                        "0.600 < . 1:1(0) ack 22\n"
                        "0.600 < P. 1:5(4) ack 22\n"
                        "0.750 > . 22:22(0) ack 5\n"
                        "0.851 > P. 22:147(125) ack 5\n"
                        "0.951 > P. 147:272(125) ack 5\n"
                        "1.001 < P. 5:9(4) ack 147\n"
                        "1.051 > P. 272:397(125) ack 5\n"
                        "1.144 < . 9:9(0) ack 272\n"
                        "1.151 > P. 397:522(125) ack 5\n"
                        "1.151 > . 522:522(0) ack 9\n"
                        "1.201 < . 9:9(0) ack 397\n"
                        "1.251 > P. 522:647(125) ack 9\n"
                        "1.301 < . 9:9(0) ack 522\n"
                        "1.302 < P. 9:21(12) ack 522\n"
                        "1.351 > P. 647:772(125) ack 9\n"
                        "1.444 < . 21:21(0) ack 647\n"
                        "1.451 > P. 772:897(125) ack 9\n"
                        "1.452 > . 897:897(0) ack 21\n"
                        "1.501 < . 21:21(0) ack 772\n"
                        "1.551 > P. 897:1022(125) ack 21\n"
                        "1.601 < . 21:21(0) ack 897\n"
                        "1.602 < P. 21:33(12) ack 897\n"
                        "1.651 > P. 1022:1147(125) ack 21\n"
                        "1.744 < . 33:33(0) ack 1022\n");
}

/* Publisher and broker of QoS 2: PUBREC for PUBLISH, PUBREL for that, PUBCOMP for that. */
static void
exchange(Pair *pair, guint end)
{
  static const guint exchange_bytes[2] = {129, 8};
  guint64 received = pair->received[end], own = pair->written[end];
  if (end == 1 && received >= 21) {
    guint64 n = (received - 21) / exchange_bytes[0], rest = (received - 21) % exchange_bytes[0];
    guint64 owed = 4 + 8 * n + (rest >= 125 ? 4 : 0);
    if (owed > own) {
      pair_queue(pair, 1, owed - own);
    }
  } else if (end == 0 && received > 4 && (received - 4) % exchange_bytes[1] == 4) {
    pair_queue(pair, 0, 4);
  }
}

/* The publisher's side of thin-q2: its ACK of PUBREC goes at once, PUBREL 0.1 ms later and begins
 * pingpong mode, so the ACK of PUBCOMP waits 41 ms, and ends it. */
static void
test_captured_thin(void)
{
  g_autoptr(Pair) pair = captured_pair();
  pair->pump = exchange;
  pair_run(pair, 450);
  pair_write(pair, 0, 21);
  for (guint i = 0; i < 2; i++) {
    pair_run(pair, 850 + 1000 * i);
    pair_write(pair, 0, 125);
  }
  pair_run(pair, -1);
  pair_assert_log(pair, "0.450 > P. 1:22(21) ack 1\n"
                        "0.600 < . 1:1(0) ack 22\n"
                        "0.600 < P. 1:5(4) ack 22\n"
                        "0.750 > . 22:22(0) ack 5\n"
                        "0.850 > P. 22:147(125) ack 5\n"
                        "1.000 < P. 5:9(4) ack 147\n"
                        "1.150 > . 147:147(0) ack 9\n"
                        "1.150 > P. 147:151(4) ack 9\n"
                        "1.301 < P. 9:13(4) ack 151\n"
                        "1.492 > . 151:151(0) ack 13\n"
                        "1.850 > P. 151:276(125) ack 13\n"
                        "2.000 < P. 13:17(4) ack 276\n"
                        "2.150 > . 276:276(0) ack 17\n"
                        "2.150 > P. 276:280(4) ack 17\n"
                        "2.301 < P. 17:21(4) ack 280\n"
                        "2.492 > . 280:280(0) ack 21\n");
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/ack/pingpong", test_pingpong);
  g_test_add_func("/tcp/ack/late-answers", test_late_answers);
  g_test_add_func("/tcp/ack/quick-then-slow", test_quick_then_slow);
  g_test_add_func("/tcp/ack/quick-after-gap", test_quick_after_gap);
  g_test_add_func("/tcp/ack/reading", test_reading);
  g_test_add_func("/tcp/ack/full-segments", test_full_segments);
  g_test_add_func("/tcp/ack/repetition", test_duplicate);
  g_test_add_func("/tcp/ack/gap", test_gap);
  g_test_add_func("/tcp/ack/fin", test_fin_waits);
  g_test_add_func("/tcp/captured/stream-q1", test_captured_stream);
  g_test_add_func("/tcp/captured/thin-q2", test_captured_thin);
  return g_test_run();
}
