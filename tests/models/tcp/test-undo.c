/* Reductions of the window that were needless, and how they are taken back. */
#include "tests/models/tcp/script.h"

/* At rest at 1.000 s, 100 ms from the peer, no probes; the time-out is 300 ms. */
static Script *
open_script(void)
{
  Script *script = script_new();
  script->config.tlp = FALSE;
  script_open(script, 100);
  script_run(script, 1000);
  return script;
}

/* Eifel (RFC 3522, 4015): the network held all for 400 ms. The time-out repeats the first segment;
 * the echo in the ACK is older than that, so it was the original that came. */
static void
test_timeout_by_echo(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script->config.undo = without == NULL;
  script->config.frto = FALSE;
  script_write(script, 1000, 4000);
  script_run(script, 1350);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, 1000);
  g_string_truncate(script->log, 0);
  script_echo(script, 1400, 1001, NULL, 1000);
  script_echo(script, 1401, 2001, NULL, 1000);
  script_assert_log(script, without == NULL ? ""
                                            : "1.400 1001:2001(1000)\n"
                                              "1.400 2001:3001(1000)\n"
                                              "1.401 3001:4001(1000)\n");
  g_assert_true((tcp_conn_cwnd(script->conn) >= 10000) == (without == NULL));
}

/* The same where the peer has no time stamps: F-RTO (RFC 5682) answers the first ACK with new data,
 * and as what was never repeated is then acknowledged, the time-out was spurious. */
static void
test_frto(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script->config.frto = without == NULL;
  script_write(script, 1000, 4000);
  script_run(script, 1350);
  script_write(script, 1350, 2000);
  g_string_truncate(script->log, 0);
  script_ack(script, 1400, 1001, NULL);
  if (without != NULL) {
    script_assert_log(script, "1.400 1001:2001(1000)\n"
                              "1.400 2001:3001(1000)\n");
    return;
  }
  script_assert_log(script, "1.400 4001:5001(1000)\n"
                            "1.400 5001:6001(1000)\n");
  script_ack(script, 1401, 2001, NULL);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), >=, 10000);
  script_ack(script, 1402, 4001, NULL);
  script_ack(script, 1500, 6001, NULL);
  script_run(script, 3000);
  script_assert_log(script, "");
}

/* The loss was real: what answers the new data is a duplicate, and the rest is sent again. */
static void
test_frto_real_loss(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 4000);
  script_run(script, 1350);
  script_write(script, 1350, 2000);
  script_ack(script, 1400, 1001, NULL);
  g_string_truncate(script->log, 0);
  script_ack(script, 1500, 1001, "4001:5001");
  script_assert_log(script, "1.500 1001:2001(1000)\n");
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), <, 5000);
}

/* A segment was overtaken by three others and needlessly repeated: the D-SACK of the repetition
 * gives the window back (RFC 3708). */
static void
test_recovery_by_dsack(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script->config.undo = without == NULL;
  script_write(script, 1000, 10000);
  script_ack(script, 1100, 1, "1001:4001");
  script_ack(script, 1110, 10001, NULL);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, 6000); /* a half, and grown by this ACK */
  script_ack(script, 1200, 10001, "1:1001");
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, without == NULL ? 10000 : 6000);
}

/* The ACK that has the D-SACK acknowledges the segment too (tcp_sacktag_one()). */
static void
test_recovery_by_dsack_at_once(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 10000);
  script_ack(script, 1100, 1, "1001:4001");
  script_ack(script, 1200, 10001, "1:1001");
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, 18000); /* and slow start goes on */
}

/* The same by the echo, at once. */
static void
test_recovery_by_echo(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 10000);
  script_echo(script, 1100, 1, "1001:4001", 1000);
  script_echo(script, 1110, 10001, NULL, 1000);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, 17000); /* as if nothing had been */
}

/* As captured. A time-out repeats two short segments as one, and is undone since the first of them
 * came; the repetition stays out. RACK finds it lost by what is SACKed next, and not again by what
 * comes after that: it waits for the time-out. */
static void
test_judged_once(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 400);
  script_write(script, 1000, 400);
  script_run(script, 1350);
  script_echo(script, 1400, 401, NULL, 1000);
  script_write(script, 1400, 1000);
  script_write(script, 1401, 500);
  g_string_truncate(script->log, 0);
  script_ack(script, 1500, 401, "801:1801");
  script_ack(script, 1501, 401, "801:2301");
  script_run(script, 1800);
  script_assert_log(script, "");
  script_run(script, 2000);
  script_assert_log(script, "1.900 401:801(400)\n");
}

/* D-SACKs of what was never repeated are the network's doing and take nothing back. */
static void
test_dsack_of_the_network(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 10000);
  script_ack(script, 1099, 1001, NULL);
  script_ack(script, 1100, 1001, "1:1001");
  script_ack(script, 1101, 1001, "2001:5001");
  script_ack(script, 1201, 10001, NULL);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, 6000);
}

/* A needless retransmission widens the reordering window, once reordering was seen: a quarter of
 * the least round trip (25 ms) becomes half of it. */
static void
test_reordering_window_widens(void)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 2000);
  script_ack(script, 1100, 1, "1001:2001");
  script_ack(script, 1110, 2001, NULL); /* overtaken */
  script_write(script, 2000, 2000);
  script_ack(script, 2100, 2001, "3001:4001");
  g_string_truncate(script->log, 0);
  script_ack(script, 2140, 4001, NULL);
  script_assert_log(script, "2.127 2001:3001(1000)\n");
  script_ack(script, 2233, 4001, "2001:3001");
  script_write(script, 3000, 2000);
  g_string_truncate(script->log, 0);
  script_ack(script, 3100, 4001, "5001:6001");
  script_run(script, 3250);
  script_assert_log(script, "3.152 4001:5001(1000)\n");
}

/* RFC 7323 4.1, tcp_ack_update_rtt(): what was sent twice measures by its echo, and only by it. */
static void
test_samples(gconstpointer without)
{
  g_autoptr(Script) script = open_script();
  script_write(script, 1000, 1000);
  script_run(script, 1350);
  g_assert_cmpint(tcp_conn_rto_ns(script->conn), ==, 600 * SCRIPT_MS);
  script_echo(script, 1480, 1001, NULL, without == NULL ? 1300 : SCRIPT_NO_ECHO);
  g_assert_cmpint(tcp_conn_srtt_ns(script->conn), ==, (without == NULL ? 110 : 100) * SCRIPT_MS);
  g_assert_cmpint(tcp_conn_rto_ns(script->conn), <=, 600 * SCRIPT_MS);
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
  add_for_both("/tcp/undo/timeout-by-echo", test_timeout_by_echo);
  add_for_both("/tcp/undo/frto", test_frto);
  g_test_add_func("/tcp/undo/frto-real-loss", test_frto_real_loss);
  add_for_both("/tcp/undo/recovery-by-dsack", test_recovery_by_dsack);
  g_test_add_func("/tcp/undo/recovery-by-dsack-at-once", test_recovery_by_dsack_at_once);
  g_test_add_func("/tcp/undo/recovery-by-echo", test_recovery_by_echo);
  g_test_add_func("/tcp/undo/judged-once", test_judged_once);
  g_test_add_func("/tcp/undo/dsack-of-the-network", test_dsack_of_the_network);
  g_test_add_func("/tcp/undo/reordering-window", test_reordering_window_widens);
  add_for_both("/tcp/undo/samples", test_samples);
  return g_test_run();
}
