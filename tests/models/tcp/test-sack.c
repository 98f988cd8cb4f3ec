/* What a sender makes of SACK blocks: which segments it takes as lost and when, what it sends
 * again, and how the window shrinks meanwhile. */
#include "tests/models/tcp/script.h"

#include <string.h>

/* Open and at rest at 1.000 s, the round trip 100 ms. */
static Script *
open_script(void)
{
  Script *script = script_new();
  script_open(script, 100);
  script_run(script, 1000);
  return script;
}

/* Three segments beyond the hole were SACKed: it is filled at once. */
static void
test_fast_retransmit(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 5000);
  script_ack(script, 1100, 1, "1001:2001");
  script_ack(script, 1101, 1, "1001:3001");
  g_string_truncate(script->log, 0);
  script_ack(script, 1102, 1, "1001:4001");
  script_assert_log(script, "1.102 1:1001(1000)\n");
  script_ack(script, 1103, 1, "1001:5001");
  script_ack(script, 1202, 5001, NULL);
  script_run(script, 9000);
  script_assert_log(script, "");
  g_assert_cmpuint(tcp_conn_counters(script->conn)->fast_retransmits, ==, 1);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, 5000);
}

/* Receivers report first what changed last, so blocks come in any order; that the lower one is read
 * later does not mean that it was overtaken, and three SACKed segments are proof of a loss. */
static void
test_blocks_in_any_order(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 8000);
  g_string_truncate(script->log, 0);
  script_ack(script, 1100, 1, "5001:6001 1001:3001");
  script_assert_log(script, "1.100 1:1001(1000)\n"
                            "1.100 3001:4001(1000)\n"
                            "1.100 4001:5001(1000)\n");
}

/* A single segment was SACKed: after a quarter of the least round trip (25 ms), when it can hardly
 * have been overtaken, the one before is lost (RFC 8985); Linux waits 2 ms more. */
static void
test_reordering_window(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 2000);
  script_ack(script, 1100, 1, "1001:2001");
  g_string_truncate(script->log, 0);
  script_run(script, 2000);
  script_assert_log(script, "1.127 1:1001(1000)\n"
                            "1.427 1:1001(1000)\n");
}

/* It comes within that time: nothing is repeated, and from then on the network is known to reorder,
 * so three SACKed segments are no proof any more. */
static void
test_reordering(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 2000);
  script_ack(script, 1100, 1, "1001:2001");
  script_ack(script, 1110, 2001, NULL);
  script_write(script, 2000, 5000);
  g_string_truncate(script->log, 0);
  script_ack(script, 2100, 2001, "3001:7001");
  script_assert_log(script, "");
  script_run(script, 2200);
  script_assert_log(script, "2.127 2001:3001(1000)\n");
}

/* RFC 8985: the retransmission is lost too, as a segment sent after it was delivered. Without RACK
 * the time-out has to find out. */
static void
test_lost_retransmission(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script->config.rack = without == NULL;
  script_write(script, 1000, 9000);
  script_ack(script, 1100, 1, "1001:5001");
  script_write(script, 1101, 2000); /* more to send */
  script_ack(script, 1102, 1, "1001:9001");
  g_string_truncate(script->log, 0);
  script_ack(script, 1203, 1, "1001:11001");
  script_run(script, 1390);
  script_assert_log(script, without == NULL ? "1.203 1:1001(1000)\n" : "");
}

/* Two holes, both filled within one round trip; a segment goes for each that was delivered. */
static void
test_two_holes(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 8000);
  g_string_truncate(script->log, 0);
  script_ack(script, 1100, 1, "1001:3001");
  script_ack(script, 1101, 1, "4001:5001 1001:3001");
  script_ack(script, 1102, 1, "4001:6001 1001:3001");
  script_ack(script, 1103, 1, "4001:7001 1001:3001");
  script_ack(script, 1104, 1, "4001:8001 1001:3001");
  script_ack(script, 1201, 3001, "4001:8001");
  script_ack(script, 1202, 8001, NULL);
  script_run(script, 5000);
  script_assert_log(script, "1.101 1:1001(1000)\n"
                            "1.102 3001:4001(1000)\n");
  g_assert_cmpuint(tcp_conn_counters(script->conn)->fast_retransmits, ==, 1);
}

/* PRR (RFC 6937): of a window of 10 the first is lost, and more waits. The new ssthresh is 5, so a
 * segment goes for every second one delivered until 5 are in flight; without PRR the window is
 * halved at once and nothing goes until half of it is delivered. */
static void
test_proportional_reduction(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script->config.prr = without == NULL;
  script->config.tso = FALSE;
  script_write(script, 1000, 30000);
  g_string_truncate(script->log, 0);
  script_ack(script, 1100, 1, "1001:2001");
  script_ack(script, 1101, 1, "1001:3001");
  for (guint i = 0; i < 7; i++) {
    g_autofree char *block = g_strdup_printf("1001:%u", 4001 + 1000 * i);
    script_ack(script, 1102 + i, 1, block);
  }
  script_assert_log(script, without == NULL ? "1.100 10001:11001(1000)\n"
                                              "1.101 11001:12001(1000)\n"
                                              "1.102 1:1001(1000)\n"
                                              "1.104 12001:13001(1000)\n"
                                              "1.106 13001:14001(1000)\n"
                                            : "1.100 10001:11001(1000)\n"
                                              "1.101 11001:12001(1000)\n"
                                              "1.106 1:1001(1000)\n"
                                              "1.107 12001:13001(1000)\n"
                                              "1.108 13001:14001(1000)\n");
}

/* What a time-out takes as lost excludes what was SACKed and what is young. */
static void
test_timeout_keeps_what_was_sacked(void)
{
  g_autoptr(Script) script = open_script();
  script->config.tlp = FALSE;
  script->config.rack = FALSE;
  script_write(script, 1000, 3000);
  script_ack(script, 1100, 1, "1001:2001");
  g_string_truncate(script->log, 0);
  script_run(script, 1400);
  script_assert_log(script, "1.300 1:1001(1000)\n");
  script_ack(script, 1401, 2001, NULL);
  script_assert_log(script, "1.401 2001:3001(1000)\n");
}

/* A receiver that drops what it had SACKed: at the time-out all is sent again. */
static void
test_reneging(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 3000);
  script_ack(script, 1100, 1, "1001:3001");
  script_ack(script, 1110, 1001, NULL);
  g_string_truncate(script->log, 0);
  script_run(script, 1900);
  g_assert_nonnull(strstr(script->log->str, "1001:2001(1000)"));
}

/* Blocks that no receiver can mean: beyond what was sent, reversed, over the acknowledgement. */
static void
test_nonsense_blocks(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 5000);
  script_ack(script, 1100, 1, "1001:9001");
  script_ack(script, 1101, 1, "3001:2001 1:3001");
  script_ack(script, 1102, 1, "1500:1700");
  g_string_truncate(script->log, 0);
  script_run(script, 1150);
  script_assert_log(script, "");
}

/* A retransmission takes along the short segments behind it. */
static void
test_collapse(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script->config.collapse = without == NULL;
  script->config.tlp = FALSE;
  for (guint i = 0; i < 5; i++) {
    script_write(script, 1000 + i, 300);
  }
  g_string_truncate(script->log, 0);
  script_run(script, 1350);
  script_assert_log(script, without == NULL ? "1.300 1:901(900)\n" : "1.300 1:301(300)\n");
  script_ack(script, 1400, without == NULL ? 901 : 301, NULL);
  script_assert_log(script, without == NULL ? "1.400 901:1501(600)\n"
                                            : "1.400 301:601(300)\n1.400 601:901(300)\n");
}

/* Peers that did not say that they know SACK get none of this. */
static void
test_without_the_option(void)
{
  g_autoptr(Script) script = script_new();
  script->config.sack = FALSE;
  script_open(script, 100);
  script_run(script, 1000);
  script_write(script, 1000, 2000);
  script_ack(script, 1100, 1, "1001:2001");
  g_string_truncate(script->log, 0);
  script_run(script, 1500);
  script_assert_log(script, "1.300 1:1001(1000)\n");
}

static void
add_for_both(const char *path, GTestDataFunc function)
{
  g_autofree char *with = g_strconcat(path, "/with", NULL);
  g_autofree char *without = g_strconcat(path, "/without", NULL);
  g_test_add_data_func(with, NULL, function);
  g_test_add_data_func(without, "without", function);
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/sack/fast-retransmit", test_fast_retransmit);
  g_test_add_func("/tcp/sack/blocks-in-any-order", test_blocks_in_any_order);
  g_test_add_func("/tcp/sack/reordering-window", test_reordering_window);
  g_test_add_func("/tcp/sack/reordering", test_reordering);
  add_for_both("/tcp/sack/lost-retransmission", test_lost_retransmission);
  g_test_add_func("/tcp/sack/two-holes", test_two_holes);
  add_for_both("/tcp/sack/prr", test_proportional_reduction);
  g_test_add_func("/tcp/sack/timeout", test_timeout_keeps_what_was_sacked);
  g_test_add_func("/tcp/sack/reneging", test_reneging);
  g_test_add_func("/tcp/sack/nonsense", test_nonsense_blocks);
  add_for_both("/tcp/sack/collapse", test_collapse);
  g_test_add_func("/tcp/sack/no-option", test_without_the_option);
  return g_test_run();
}
