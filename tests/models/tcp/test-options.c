/* Options: what SYNs agree on, SACK blocks, timestamps, windows above 64 kB, MSS. */
#include "tests/models/tcp/pair.h"

#include <stdlib.h>
#include <string.h>

static void
linux_without_timestamps(TcpConfig *config)
{
  tcp_config_linux(config);
  config->timestamps = FALSE;
}

/* Open and at rest at 1.000 s, 100 ms from each other; segments of 1000 bytes. The sender takes
 * nothing for lost before its time-out, so that all that is logged is what the receiver says. */
static Pair *
open_pair(void (*stack)(TcpConfig *config))
{
  Pair *pair = pair_new(stack, 100);
  pair->config[0].dup_acks = 100;
  pair_open(pair);
  pair_run(pair, 1000);
  pair->log_options = TRUE;
  return pair;
}

static gint64
late_link(Pair *pair, guint from, guint n, const TcpSegment *segment)
{
  static const gint64 late_ms[] = {0, 40, 0, 30, 0, 20, 0};
  (void)segment;
  return pair->delay_ns[from] + (from == 0 && n < G_N_ELEMENTS(late_ms) ? late_ms[n] * PAIR_MS : 0);
}

/* tcp_syn_options(): MSS 4, timestamps with SACK permitted in their padding 12, window scale 4. */
static void
test_syn(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->log_options = TRUE;
  pair_connect(pair);
  pair_run(pair, -1);
  pair_assert_log(pair, "0.000 > S 0:0(0) opt 20 ts 0\n"
                        "0.100 < S. 0:0(0) ack 1 opt 20 ts 100/0\n"
                        "0.200 > . 1:1(0) ack 1 opt 12 ts 200/100\n");
}

/* What one end does not offer, the other does not use. */
static void
test_agreement(void)
{
  static const struct {
    gboolean sack[2], timestamps[2], scaling[2];
    guint syn, syn_ack, ack;
  } cases[] = {
      {{1, 1}, {0, 0}, {1, 1}, 12, 12, 0}, {{0, 0}, {1, 1}, {1, 1}, 20, 20, 12},
      {{0, 0}, {0, 0}, {0, 0}, 4, 4, 0},   {{1, 1}, {1, 0}, {1, 1}, 20, 12, 0},
      {{1, 0}, {0, 1}, {1, 0}, 12, 4, 0},  {{0, 1}, {1, 1}, {0, 1}, 16, 16, 12},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
    g_autofree gchar *expected = NULL;
    for (guint end = 0; end < 2; end++) {
      pair->config[end].sack = cases[i].sack[end];
      pair->config[end].timestamps = cases[i].timestamps[end];
      pair->config[end].window_scaling = cases[i].scaling[end];
    }
    pair->log_options = TRUE;
    pair_connect(pair);
    pair_run(pair, -1);
    g_autoptr(GString) lengths = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(pair->log->str, "\n", -1);
    for (guint line = 0; line < 3; line++) {
      g_string_append_printf(lengths, "%d ", atoi(strstr(lines[line], " opt ") + 5));
    }
    expected = g_strdup_printf("%u %u %u ", cases[i].syn, cases[i].syn_ack, cases[i].ack);
    g_assert_cmpstr(lengths->str, ==, expected);
  }
}

/* RFC 2018, section 4: the block that changed last comes first, then those before it; three have
 * room beside timestamps. The fifth gap is the second segment's neighbour and becomes one block
 * with it. */
static void
test_blocks(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->drops[0] = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7;
  pair_write(pair, 0, 9000);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 1150);
  pair_assert_log(pair,
                  "1.100 < . 1:1(0) ack 1 opt 24 sack 1001:2001 ts 1100/200\n"
                  "1.100 < . 1:1(0) ack 1 opt 32 sack 3001:4001,1001:2001 ts 1100/200\n"
                  "1.100 < . 1:1(0) ack 1 opt 40 sack 5001:6001,3001:4001,1001:2001 ts 1100/200\n"
                  "1.100 < . 1:1(0) ack 1 opt 40 sack 7001:8001,5001:6001,3001:4001 ts 1100/200\n"
                  "1.100 < . 1:1(0) ack 1 opt 40 sack 7001:9001,5001:6001,3001:4001 ts 1100/200\n");
}

/* Without timestamps four fit. */
static void
test_four_blocks(void)
{
  g_autoptr(Pair) pair = open_pair(linux_without_timestamps);
  pair->drops[0] = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7;
  pair_write(pair, 0, 8000);
  pair_run(pair, 1150);
  g_assert_nonnull(
      strstr(pair->log->str,
             "1.100 < . 1:1(0) ack 1 opt 36 sack 7001:8001,5001:6001,3001:4001,1001:2001\n"));
}

/* Gaps that fill take their blocks away, from below and by joining. */
static void
test_gaps_fill(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->link = late_link;
  pair_write(pair, 0, 6000);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 1150);
  pair_assert_log(pair,
                  "1.100 < . 1:1(0) ack 1 opt 24 sack 1001:2001 ts 1100/200\n"
                  "1.100 < . 1:1(0) ack 1 opt 32 sack 3001:4001,1001:2001 ts 1100/200\n"
                  "1.100 < . 1:1(0) ack 1 opt 40 sack 5001:6001,3001:4001,1001:2001 ts 1100/200\n"
                  "1.120 < . 1:1(0) ack 1 opt 32 sack 3001:6001,1001:2001 ts 1120/200\n"
                  "1.130 < . 1:1(0) ack 1 opt 24 sack 1001:6001 ts 1130/200\n"
                  "1.140 < . 1:1(0) ack 6001 opt 12 ts 1140/1000\n");
}

/* RFC 2883, section 4: a segment that was acknowledged, reported once; one that waits beyond a gap;
 * parts of both. */
static void
test_duplicates(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  TcpSegment again = {.seq = 1, .length = 1000, .ack = 1, .window = 65534, .flags = TCP_ACK};
  pair->config[1].delayed_ack_ns = 0;
  pair->drops[0] = 1 << 2 | 1 << 4 | 1 << 5;
  again.ts_value = (1 << 30) + 1010;
  pair_write(pair, 0, 5000);
  g_string_truncate(pair->log, 0);
  pair_carry(pair, 0, &again, 110 * PAIR_MS);
  again.seq = 2001;
  pair_carry(pair, 0, &again, 120 * PAIR_MS);
  again.seq = 2501;
  pair_carry(pair, 0, &again, 130 * PAIR_MS);
  again.seq = 501;
  pair_carry(pair, 0, &again, 140 * PAIR_MS);
  again.seq = 1401;
  pair_carry(pair, 0, &again, 150 * PAIR_MS);
  again.length = 3000;
  pair_carry(pair, 0, &again, 160 * PAIR_MS);
  pair_run(pair, 1170);
  pair_assert_log(pair, "1.100 < . 1:1(0) ack 1001 opt 12 ts 1100/1000\n"
                        "1.100 < . 1:1(0) ack 1001 opt 24 sack 2001:3001 ts 1100/1000\n"
                        "1.110 < . 1:1(0) ack 1001 opt 32 sack 1:1001,2001:3001 ts 1110/1010\n"
                        "1.120 < . 1:1(0) ack 1001 opt 32 sack 2001:3001,2001:3001 ts 1120/1010\n"
                        "1.130 < . 1:1(0) ack 1001 opt 32 sack 2501:3001,2001:3501 ts 1130/1010\n"
                        "1.140 < . 1:1(0) ack 1501 opt 32 sack 501:1001,2001:3501 ts 1140/1010\n"
                        "1.150 < . 1:1(0) ack 3501 opt 24 sack 2001:2401 ts 1150/1010\n"
                        "1.160 < . 1:1(0) ack 4401 opt 24 sack 1401:3501 ts 1160/1010\n");
}

static void
test_no_blocks_without_agreement(void)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  pair->config[0].sack = FALSE;
  pair->drops[0] = 1 << 4;
  pair->log_options = TRUE;
  pair_open(pair);
  pair->drops[0] = 1 << 1 | 1 << 3;
  pair_write(pair, 0, 4000);
  pair_run(pair, -1);
  g_assert_null(strstr(pair->log->str, "sack"));
  g_assert_cmpuint(pair->received[1], ==, 4000);
}

/* RFC 7323 4.3: of the segments that one delayed ACK covers the first is echoed; across a gap the
 * one before it; then the one that fills it. */
static void
test_echo(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair_write(pair, 0, 10);
  pair_run(pair, 1010);
  pair_write(pair, 0, 10);
  pair_run(pair, -1);
  pair_assert_log(pair, "1.000 > P. 1:11(10) ack 1 opt 12 ts 1000/100\n"
                        "1.010 > P. 11:21(10) ack 1 opt 12 ts 1010/100\n"
                        "1.140 < . 1:1(0) ack 21 opt 12 ts 1140/1000\n");
  pair_run(pair, 2000);
  pair->link = late_link; /* the next one, by 30 ms */
  for (guint i = 0; i < 2; i++) {
    pair_write(pair, 0, 10);
    pair_run(pair, 2010);
  }
  pair_run(pair, -1);
  pair_assert_log(pair, "2.000 > P. 21:31(10) ack 1 opt 12 ts 2000/1140\n"
                        "2.010 > P. 31:41(10) ack 1 opt 12 ts 2010/1140\n"
                        "2.110 < . 1:1(0) ack 21 opt 24 sack 31:41 ts 2110/1000\n"
                        "2.130 < . 1:1(0) ack 41 opt 12 ts 2130/2000\n");
}

/* With scaling a megabyte can be under way; without it 64 kB less one byte. */
static void
test_window_scaling(gconstpointer scaled)
{
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 100);
  for (guint end = 0; end < 2; end++) {
    pair->config[end].send_buffer = pair->config[end].receive_buffer = 1000000;
    pair->config[end].initial_window = 1000;
    pair->config[end].window_scaling = end == 0 || scaled != NULL;
  }
  pair->log_windows = TRUE;
  pair_connect(pair);
  pair_run(pair, -1);
  pair_assert_log(pair, scaled != NULL ? "0.000 > S 0:0(0) win 65535\n"
                                         "0.100 < S. 0:0(0) ack 1 win 65535\n"
                                         "0.200 > . 1:1(0) ack 1 win 1000000\n"
                                       : "0.000 > S 0:0(0) win 65535\n"
                                         "0.100 < S. 0:0(0) ack 1 win 65535\n"
                                         "0.200 > . 1:1(0) ack 1 win 65535\n");
  pair_write(pair, 0, 1); /* the first ACK tells what the SYN could not */
  pair_run(pair, -1);
  guint before = pair->sent[0];
  pair_write(pair, 0, 999999);
  g_assert_cmpuint(pair->sent[0] - before, ==, (scaled != NULL ? 1000 : 65));
  pair_run(pair, -1);
  g_assert_cmpuint(pair->received[1], ==, 1000000);
}

/* The smaller of the two MSS options bounds both ends; one without timestamps is not short of their
 * bytes. */
static void
test_mss(void)
{
  const TcpSegment syn = {.flags = TCP_SYN, .mss = 536, .window = 65535};
  TcpConfig config;
  TcpSegment segment;
  tcp_config_linux(&config);
  g_autoptr(TcpConn) opener = tcp_conn_new(&config, 1460, TRUE);
  g_autoptr(TcpConn) conn = tcp_conn_accept(&config, 1460, TRUE, opener);
  tcp_conn_input(conn, 0, &syn);
  g_assert_true(tcp_conn_output(conn, 0, &segment));
  g_assert_cmpuint(segment.mss, ==, 1460);
  g_assert_cmpuint(segment.options, ==, 4);
  const TcpSegment ack = {.seq = 1, .ack = 1, .flags = TCP_ACK, .window = 65535};
  tcp_conn_input(conn, 0, &ack);
  tcp_conn_write_buffer(conn, 1000);
  tcp_conn_wrote(conn, 0, 1000);
  g_assert_true(tcp_conn_output(conn, 0, &segment));
  g_assert_cmpuint(segment.length, ==, 536);
}

/* A packet is never larger than the path takes: what is cut leaves room for the blocks
 * (tcp_current_mss()). */
static void
test_blocks_take_room(void)
{
  g_autoptr(Pair) pair = open_pair(tcp_config_linux);
  pair->drops[0] = 1 << 1;
  pair_write(pair, 0, 2000);
  pair_run(pair, 1050);
  pair_write(pair, 1, 995);
  pair_write(pair, 1, 980);
  g_string_truncate(pair->log, 0);
  pair_run(pair, 1110);
  pair_queue(pair, 1, 1000);
  pair_queue(pair, 1, 980);
  pair_output(pair, 1);
  pair_assert_log(pair, "1.100 < . 1976:1976(0) ack 1 opt 24 sack 1001:2001 ts 1100/200\n"
                        "1.110 < . 1976:2964(988) ack 1 opt 24 sack 1001:2001 ts 1110/200\n"
                        "1.110 < P. 2964:2976(12) ack 1 opt 24 sack 1001:2001 ts 1110/200\n"
                        "1.110 < P. 2976:3956(980) ack 1 opt 24 sack 1001:2001 ts 1110/200\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/options/syn", test_syn);
  g_test_add_func("/tcp/options/agreement", test_agreement);
  g_test_add_func("/tcp/options/mss", test_mss);
  g_test_add_func("/tcp/options/echo", test_echo);
  g_test_add_data_func("/tcp/options/window-scaling/both", "both", test_window_scaling);
  g_test_add_data_func("/tcp/options/window-scaling/one", NULL, test_window_scaling);
  g_test_add_func("/tcp/sack/blocks", test_blocks);
  g_test_add_func("/tcp/sack/four-blocks", test_four_blocks);
  g_test_add_func("/tcp/sack/gaps-fill", test_gaps_fill);
  g_test_add_func("/tcp/sack/duplicates", test_duplicates);
  g_test_add_func("/tcp/sack/without-agreement", test_no_blocks_without_agreement);
  g_test_add_func("/tcp/sack/take-room", test_blocks_take_room);
  return g_test_run();
}
