/* Acknowledgements, Nagle, segment boundaries and the receive window. */
#include "models/tcp/conn-private.h"
#include "tests/models/tcp/pair.h"

/* Open and at rest at 1.000 s, 100 ms from each other; segments of 1000 bytes. */
static Pair *
open_pair(void (*stack)(TcpConfig *config), gboolean nodelay)
{
  Pair *pair = pair_new(stack, 100);
  pair->nodelay[0] = nodelay;
  pair_open(pair);
  pair_run(pair, 1000);
  return pair;
}

/* The delay runs from the first segment that is not acknowledged. */
static void
test_delayed_ack(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, TRUE);
  pair_write(pair, 0, 10);
  pair_run(pair, 1020);
  pair_write(pair, 0, 10);
  pair_run(pair, -1);
  pair_assert_log(pair, stack == NULL ? "1.000 > P. 1:11(10) ack 1\n"
                                        "1.020 > P. 11:21(10) ack 1\n"
                                        "1.140 < . 1:1(0) ack 21\n"
                                      : "1.000 > P. 1:11(10) ack 1\n"
                                        "1.020 > P. 11:21(10) ack 1\n"
                                        "1.300 < . 1:1(0) ack 21\n");
}

/* RFC 1122 4.2.3.2: every second full-sized segment at once; the fifth waits. */
static void
test_every_second_full_segment(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, TRUE);
  pair_write(pair, 0, 5000);
  pair_run(pair, 1100);
  g_assert_cmpuint(pair->sent[1], ==, 2);
  pair_run(pair, -1);
  g_assert_cmpuint(pair->sent[1], ==, 3);
}

static void
test_ack_at_once_without_delay(void)
{
  const gint64 at_once_ns[] = {0, TCP_NEVER};
  for (gsize i = 0; i < G_N_ELEMENTS(at_once_ns); i++) {
    g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
    pair->config[1].delayed_ack_ns = at_once_ns[i];
    pair_write(pair, 0, 10);
    pair_run(pair, -1);
    pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                          "1.100 < . 1:1(0) ack 11\n");
  }
}

static void
answer(Pair *pair, guint end)
{
  if (end == 1 && pair->received[1] > pair->written[1]) {
    pair_queue(pair, 1, pair->received[1] - pair->written[1]);
  }
}

/* The answer of the same instant carries the ACK. */
static void
test_ack_rides_on_data(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
  pair->pump = answer;
  pair_write(pair, 0, 10);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.100 < P. 1:11(10) ack 11\n"
                        "1.240 > . 11:11(0) ack 11\n");
}

/* But a duplicate ACK goes alone: with data it would not count (RFC 5681 section 2). */
static void
test_duplicate_ack_goes_alone(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
  pair->drops[0] = 1 << 1;
  pair_write(pair, 0, 10);
  pair_write(pair, 0, 10);
  pair_run(pair, 1050);
  pair_queue(pair, 1, 5);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 1150);
  pair_assert_log(pair, "1.100 < . 1:1(0) ack 1\n"
                        "1.100 < P. 1:6(5) ack 1\n");
}

static gint64
scrambled(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  static const gint64 late_ms[] = {0, 40, 10, 0, 20, 0, 5};
  gint64 delay_ns = pair->delay_ns[from];
  if (from == 1 || n >= G_N_ELEMENTS(late_ms)) {
    return delay_ns;
  }
  if (n == 3) {
    pair_carry(pair, from, segment, delay_ns + 30 * PAIR_MS);
  }
  return delay_ns + late_ms[n] * PAIR_MS;
}

/* Segments 3 and 5, 6, 2, 4 come, 3 once more, and 1 at last: nothing that came early is forgotten.
 */
static void
test_early_segments_are_kept(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
  pair->link = scrambled;
  pair->config[0].dup_acks = 100;
  for (guint i = 1; i <= 6; i++) {
    pair_write(pair, 0, 10 * i);
  }
  pair_run(pair, 1139);
  g_assert_cmpuint(pair->received[1], ==, 0);
  pair_run(pair, 1140);
  g_assert_cmpuint(pair->received[1], ==, 210);
  pair_run(pair, -1);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->retransmissions, ==, 0);
}

/* While a segment is unacknowledged small ones wait, and then go together (RFC 896). */
static void
test_nagle(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, FALSE);
  pair->config[1].delayed_ack_ns = 0;
  pair_write(pair, 0, 10);
  pair_write(pair, 0, 20);
  pair_run(pair, 1050);
  pair_write(pair, 0, 30);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.100 < . 1:1(0) ack 11\n"
                        "1.200 > P. 11:61(50) ack 1\n"
                        "1.300 < . 1:1(0) ack 61\n");
}

/* Nagle and the delayed ACK: the second message waits for the first one's round trip and the delay.
 */
static void
test_nagle_waits_for_the_delayed_ack(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, FALSE);
  pair_write(pair, 0, 10);
  pair_write(pair, 0, 10);
  pair_run(pair, 1300);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.140 < . 1:1(0) ack 11\n"
                        "1.240 > P. 11:21(10) ack 1\n");
}

/* As captured of a broker that forwards a message before each PUBACK, so that these lie apart in
 * memory: a buffer takes 17 of them, and when there is one more it goes, acknowledged or not. What
 * a process writes that writes nothing else between lies in one piece. */
static void
test_nagle_holds_pieces(gconstpointer apart)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, FALSE);
  for (guint i = 0; i < 40; i++) {
    if (apart != NULL) {
      tcp_conn_apart(pair->end[0]);
    }
    pair_write(pair, 0, 4);
  }
  pair_run(pair, 1050);
  pair_assert_log(pair, apart != NULL ? "1.000 > P. 1:5(4) ack 1\n"
                                        "1.000 > P. 5:73(68) ack 1\n"
                                        "1.000 > P. 73:141(68) ack 1\n"
                                      : "1.000 > P. 1:5(4) ack 1\n");
}

/* With held_pieces = 0 it takes any number. */
static void
test_nagle_holds_all(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, FALSE);
  pair->config[0].held_pieces = 0;
  for (guint i = 0; i < 40; i++) {
    tcp_conn_apart(pair->end[0]);
    pair_write(pair, 0, 4);
  }
  pair_run(pair, 1050);
  pair_assert_log(pair, "1.000 > P. 1:5(4) ack 1\n");
}

/* A full segment does not wait, what is left of the write does. */
static void
test_nagle_lets_full_segments_go(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, FALSE);
  pair_write(pair, 0, 10);
  pair_write(pair, 0, 1500);
  pair_run(pair, 1050);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1\n"
                        "1.000 > . 11:1011(1000) ack 1\n");
}

/* Minshall's variation: what waits goes when no short segment is in flight any more, though full
 * ones are; without it, when nothing is. */
static void
test_minshall(gconstpointer on)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, FALSE);
  pair->config[0].minshall = on != NULL;
  pair->config[1].delayed_ack_ns = 0;
  pair_write(pair, 0, 10);
  pair_run(pair, 1050);
  pair_write(pair, 0, 1500);
  pair_run(pair, -1);
  pair_assert_log(pair, on != NULL ? "1.000 > P. 1:11(10) ack 1\n"
                                     "1.050 > . 11:1011(1000) ack 1\n"
                                     "1.100 < . 1:1(0) ack 11\n"
                                     "1.150 < . 1:1(0) ack 1011\n"
                                     "1.200 > P. 1011:1511(500) ack 1\n"
                                     "1.300 < . 1:1(0) ack 1511\n"
                                   : "1.000 > P. 1:11(10) ack 1\n"
                                     "1.050 > . 11:1011(1000) ack 1\n"
                                     "1.100 < . 1:1(0) ack 11\n"
                                     "1.150 < . 1:1(0) ack 1011\n"
                                     "1.250 > P. 1011:1511(500) ack 1\n"
                                     "1.350 < . 1:1(0) ack 1511\n");
}

/* Three writes of one instant, without Nagle: three segments with Linux, which sends from within
 * write(); one with a stack that sends when it is polled. */
static void
test_write_boundaries(gconstpointer stack)
{
  g_autoptr(Pair) pair = open_pair(stack == NULL ? tcp_config_linux : tcp_config_rfc6298, TRUE);
  pair_queue(pair, 0, 10);
  pair_queue(pair, 0, 20);
  pair_queue(pair, 0, 30);
  pair_output(pair, 0);
  pair_assert_log(pair, stack == NULL ? "1.000 > P. 1:11(10) ack 1\n"
                                        "1.000 > P. 11:31(20) ack 1\n"
                                        "1.000 > P. 31:61(30) ack 1\n"
                                      : "1.000 > P. 1:61(60) ack 1\n");
}

/* And they are kept when the segments are sent again, unless they may join. */
static void
test_retransmission_keeps_boundaries(void)
{
  g_autoptr(Pair) pair = open_pair(pair_linux_newreno, TRUE);
  pair->config[1].delayed_ack_ns = 0;
  pair->drops[0] = 1 << 1 | 1 << 2;
  pair_write(pair, 0, 10);
  pair_write(pair, 0, 20);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1 x\n"
                        "1.000 > P. 11:31(20) ack 1 x\n"
                        "1.600 > P. 1:11(10) ack 1\n"
                        "1.700 < . 1:1(0) ack 11\n"
                        "1.800 > P. 11:31(20) ack 1\n"
                        "1.900 < . 1:1(0) ack 31\n");
}

static Pair *
pair_with_buffer(guint receive_buffer)
{
  Pair *pair = pair_new(tcp_config_linux, 100);
  pair->config[1].receive_buffer = receive_buffer;
  pair->reads[1] = FALSE;
  pair->log_windows = TRUE;
  pair_open(pair);
  pair_run(pair, 1000);
  return pair;
}

/* RFC 9293 3.8.6.1: a shut window is probed with back-off, and opens when the application reads. */
static void
test_zero_window(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(2000);
  pair_write(pair, 0, 3000);
  pair_run(pair, 6000);
  pair_read(pair, 1, 1000);
  pair_run(pair, 6150);
  pair_assert_log(pair, "1.000 > . 1:1001(1000) ack 1 win 65536\n"
                        "1.000 > . 1001:2001(1000) ack 1 win 65536\n"
                        "1.100 < . 1:1(0) ack 2001 win 0\n"
                        "1.800 > . 2000:2000(0) ack 1 win 65536\n"
                        "1.900 < . 1:1(0) ack 2001 win 0\n"
                        "3.000 > . 2000:2000(0) ack 1 win 65536\n"
                        "3.100 < . 1:1(0) ack 2001 win 0\n"
                        "5.400 > . 2000:2000(0) ack 1 win 65536\n"
                        "5.500 < . 1:1(0) ack 2001 win 0\n"
                        "6.000 < . 1:1(0) ack 2001 win 1000\n"
                        "6.100 > P. 2001:3001(1000) ack 1 win 65536\n");
}

/* The window update is lost: the next probe asks. */
static void
test_window_update_lost(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(2000);
  pair->drops[1] = 1 << 2;
  pair_write(pair, 0, 3000);
  pair_run(pair, 1300);
  pair_read(pair, 1, 2000);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 2050);
  pair_assert_log(pair, "1.800 > . 2000:2000(0) ack 1 win 65536\n"
                        "1.900 < . 1:1(0) ack 2001 win 2000\n"
                        "2.000 > P. 2001:3001(1000) ack 1 win 65536\n");
}

/* RFC 1122 4.2.3.3: crumbs are not offered. */
static void
test_silly_window(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(2000);
  pair_write(pair, 0, 3000);
  pair_run(pair, 1300);
  g_string_truncate(pair->log, 0);
  for (guint i = 0; i < 99; i++) {
    pair_read(pair, 1, 10);
  }
  pair_assert_log(pair, "");
  pair_read(pair, 1, 10);
  pair_assert_log(pair, "1.300 < . 1:1(0) ack 2001 win 1000\n");
}

/* RFC 1122 4.2.3.4: half a segment of window is not used at once, but after the persist time-out it
 * is. */
static void
test_override_of_silly_window_avoidance(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(2500);
  pair_write(pair, 0, 3000);
  pair_run(pair, 1990);
  pair_assert_log(pair, "1.000 > . 1:1001(1000) ack 1 win 65536\n"
                        "1.000 > . 1001:2001(1000) ack 1 win 65536\n"
                        "1.100 < . 1:1(0) ack 2001 win 500\n"
                        "1.800 > . 2001:2501(500) ack 1 win 65536\n"
                        "1.940 < . 1:1(0) ack 2501 win 0\n");
}

/* A receive buffer below one segment slows the connection, but needs no probes. */
static void
test_tiny_buffer(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(500);
  pair->reads[1] = TRUE;
  pair_write(pair, 0, 5000);
  pair_run(pair, 5000);
  g_assert_cmpuint(pair->received[1], ==, 5000);
  g_assert_cmpuint(tcp_conn_counters(pair->end[0])->timeouts, ==, 0);
}

/* Probes that are answered go on for ever; unanswered ones are counted. */
static void
test_patience_of_probes(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(2000);
  pair_write(pair, 0, 3000);
  pair_run(pair, 10 * 3600 * 1000);
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, TCP_ESTABLISHED);
  pair->absent[1] = TRUE;
  guint before = pair->sent[0];
  pair_run(pair, 20 * 3600 * 1000);
  g_assert_cmpint(tcp_conn_end(pair->end[0]), ==, TCP_END_TIMEOUT);
  g_assert_cmpuint(pair->sent[0] - before, ==, 15);
}

static void
test_fin_passes_a_shut_window(void)
{
  g_autoptr(Pair) pair = pair_with_buffer(2000);
  pair_write(pair, 0, 2000);
  pair_close(pair, 0);
  pair_run(pair, 2000);
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, TCP_FIN_WAIT_2);
  g_assert_false(tcp_conn_at_end(pair->end[1]));
  pair_read(pair, 1, 2000);
  g_assert_true(tcp_conn_at_end(pair->end[1]));
}

static void
test_send_buffer(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
  pair->config[0].send_buffer = 5000;
  g_assert_cmpuint(tcp_conn_room(pair->end[0]), ==, 5000);
  pair_write(pair, 0, 5000);
  g_assert_cmpuint(tcp_conn_room(pair->end[0]), ==, 0);
  g_assert_false(tcp_conn_idle(pair->end[0]));
  pair_run(pair, -1);
  g_assert_cmpuint(tcp_conn_room(pair->end[0]), ==, 5000);
  g_assert_true(tcp_conn_idle(pair->end[0]));
}

/* Bytes that arrived in order can be read after the connection died. */
static void
test_read_after_reset(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
  pair->reads[1] = FALSE;
  pair_write(pair, 0, 100);
  pair_abort(pair, 0);
  pair_run(pair, -1);
  g_assert_cmpint(tcp_conn_end(pair->end[1]), ==, TCP_END_RESET);
  pair_read(pair, 1, 100);
  g_assert_cmpuint(pair->received[1], ==, 100);
}

/* A fleet is idle most of the time: what an idle connection takes is its struct, and that is small.
 */
static void
test_idle_connection_is_small(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux, TRUE);
  pair->drops[0] = 1 << 2;
  pair_write(pair, 0, 20000);
  pair_run(pair, 1150);
  g_assert_nonnull(pair->end[0]->ring);
  g_assert_nonnull(pair->end[1]->early);
  pair_run(pair, -1);
  g_assert_null(pair->end[0]->ring);
  g_assert_null(pair->end[1]->early);
  g_test_message("an idle connection end takes %zu bytes", sizeof(TcpConn));
  g_assert_cmpuint(sizeof(TcpConn), <=, 7 * 64);
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
  add_for_both("/tcp/ack/delayed", test_delayed_ack);
  add_for_both("/tcp/ack/every-second-full-segment", test_every_second_full_segment);
  g_test_add_func("/tcp/ack/at-once", test_ack_at_once_without_delay);
  g_test_add_func("/tcp/ack/rides-on-data", test_ack_rides_on_data);
  g_test_add_func("/tcp/ack/duplicate-goes-alone", test_duplicate_ack_goes_alone);
  g_test_add_func("/tcp/ack/early-segments-are-kept", test_early_segments_are_kept);
  add_for_both("/tcp/nagle/small-writes", test_nagle);
  g_test_add_func("/tcp/nagle/delayed-ack", test_nagle_waits_for_the_delayed_ack);
  g_test_add_data_func("/tcp/nagle/pieces/apart", "apart", test_nagle_holds_pieces);
  g_test_add_data_func("/tcp/nagle/pieces/together", NULL, test_nagle_holds_pieces);
  g_test_add_func("/tcp/nagle/pieces/any-number", test_nagle_holds_all);
  g_test_add_func("/tcp/nagle/full-segments", test_nagle_lets_full_segments_go);
  g_test_add_data_func("/tcp/nagle/minshall/on", "on", test_minshall);
  g_test_add_data_func("/tcp/nagle/minshall/off", NULL, test_minshall);
  add_for_both("/tcp/boundaries/writes", test_write_boundaries);
  g_test_add_func("/tcp/boundaries/retransmission", test_retransmission_keeps_boundaries);
  g_test_add_func("/tcp/flow/zero-window", test_zero_window);
  g_test_add_func("/tcp/flow/update-lost", test_window_update_lost);
  g_test_add_func("/tcp/flow/silly-window", test_silly_window);
  g_test_add_func("/tcp/flow/override", test_override_of_silly_window_avoidance);
  g_test_add_func("/tcp/flow/tiny-buffer", test_tiny_buffer);
  g_test_add_func("/tcp/flow/patience-of-probes", test_patience_of_probes);
  g_test_add_func("/tcp/flow/fin-passes", test_fin_passes_a_shut_window);
  g_test_add_func("/tcp/flow/send-buffer", test_send_buffer);
  g_test_add_func("/tcp/flow/read-after-reset", test_read_after_reset);
  g_test_add_func("/tcp/flow/idle-is-small", test_idle_connection_is_small);
  return g_test_run();
}
