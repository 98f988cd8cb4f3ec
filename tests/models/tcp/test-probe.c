/* Tail loss probes and the time-out behind them. Those marked "as captured" are episodes that were
 * recorded between Linux hosts 301 ms apart; the recorded times are up to 32 ms later, as that
 * kernel's timers are coarse. */
#include "models/tcp/conn-private.h"
#include "tests/models/tcp/script.h"

#define RTT 301

/* Open, with a settled round trip: the time-out is RTT + 200 ms. At rest at 100 s. */
static Script *
open_script(gboolean probes)
{
  Script *script = script_new();
  script->config.tlp = probes;
  script_open(script, RTT);
  for (guint i = 0; i < 60; i++) {
    script_write(script, 1000 + 1000 * i, 100);
    script_ack(script, 1000 + 1000 * i + RTT, 101 + 100 * i, NULL);
  }
  script_run(script, 100000);
  g_string_truncate(script->log, 0);
  return script;
}

/* As captured. The first message after the handshake: two round trips and 200 ms for an ACK that
 * may be delayed (recorded: 804 ms), while the time-out is still at 3 RTT. */
static void
test_first_message(void)
{
  g_autoptr(Script) script = script_new();
  script_open(script, RTT);
  script_write(script, 1000, 125);
  script_run(script, 2100);
  script_assert_log(script, "1.000 1:126(125)\n"
                            "1.802 1:126(125)\n");
  script_ack(script, 1802 + RTT, 126, NULL);
  g_assert_cmpuint(tcp_conn_counters(script->conn)->timeouts, ==, 0);
}

/* As captured. Later the time-out bounds the probe (recorded: 508 to 540 ms). */
static void
test_bounded_by_the_timeout(void)
{
  g_autoptr(Script) script = open_script(TRUE);
  script_write(script, 100000, 125);
  script_run(script, 100600);
  script_assert_log(script, "100.000 6001:6126(125)\n"
                            "100.501 6001:6126(125)\n");
  script_ack(script, 100802, 6126, NULL);
  script_run(script, 105000);
  script_assert_log(script, "");
  g_assert_cmpuint(tcp_conn_counters(script->conn)->timeouts, ==, 0);
  g_assert_cmpuint(tcp_conn_counters(script->conn)->retransmissions, ==, 1);
}

/* As captured. The probe is lost as well. A probe does not back off, so the time-out comes one RTO
 * after it (recorded: 520 ms), and takes along the message that was written meanwhile. */
static void
test_probe_lost(void)
{
  g_autoptr(Script) script = open_script(TRUE);
  script_write(script, 100000, 125);
  script_write(script, 101000, 125);
  script_run(script, 101500);
  script_assert_log(script, "100.000 6001:6126(125)\n"
                            "100.501 6001:6126(125)\n"
                            "101.000 6126:6251(125)\n"
                            "101.002 6001:6251(250)\n");
  g_assert_cmpuint(tcp_conn_counters(script->conn)->timeouts, ==, 1);
}

/* As captured, with the kernel's clock. The probe that is bounded by the pending time-out is due at
 * the same tick, so the timer stays where that had put it, on a step of 32 ms; then the time-out
 * comes at the next tick but one: 520.0 ms after the first probe, each time. */
static void
test_timer_stays(void)
{
  g_autoptr(Script) script = open_script(TRUE);
  script->config.tick_ns = 4 * SCRIPT_MS;
  tcp_timer_init(script->conn);
  script_write(script, 100004, 125);
  script_write(script, 101004, 125);
  script_run(script, 101500);
  script_assert_log(script, "100.004 6001:6126(125)\n"
                            "100.512 6001:6126(125)\n"
                            "101.004 6126:6251(125)\n"
                            "101.032 6001:6251(250)\n");
}

/* As captured. The link is dead while a message is written every 500 ms. The probe repeats the last
 * one; from then on each message that goes puts the timer off by two round trips, so that the
 * time-out waits until the window of ten is full (recorded: 5113 ms). Then all of them go in one
 * segment, and again after 2, 4, 8 RTOs (recorded: 1016, 2048, 4096 ms). */
static void
test_writing_into_an_outage(void)
{
  g_autoptr(Script) script = open_script(TRUE);
  for (guint i = 0; i < 24; i++) {
    script_write(script, 100000 + 500 * i, 100);
    if (i == 0) {
      g_string_truncate(script->log, 0);
    }
    if (i == 2) {
      script_assert_log(script, "100.500 6101:6201(100)\n"
                                "100.501 6101:6201(100)\n"
                                "101.000 6201:6301(100)\n");
    }
    if (i == 9) {
      g_string_truncate(script->log, 0);
    }
  }
  script_run(script, 113000);
  script_assert_log(script, "105.104 6001:7001(1000)\n"
                            "106.106 6001:7001(1000)\n"
                            "108.110 6001:7001(1000)\n"
                            "112.118 6001:7001(1000)\n");
}

/* The same with a window of 18, which was used once: while no ACK comes, each time-out's time takes
 * half of what is beyond ten away (RFC 2861), until slow start may have use for it. */
static void
test_unused_window_shrinks(void)
{
  static const guint expected[] = {18, 18, 14, 14, 12, 12, 12};
  g_autoptr(Script) script = open_script(TRUE);
  script_write(script, 100000, 100);
  script->conn->cwnd = 18;
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_assert_cmpuint(script->conn->cwnd, ==, expected[i]);
    script_write(script, 100500 + 500 * i, 100);
  }
}

static void
test_without_probes(void)
{
  g_autoptr(Script) script = open_script(FALSE);
  script_write(script, 100000, 125);
  script_run(script, 101600);
  script_assert_log(script, "100.000 6001:6126(125)\n"
                            "100.501 6001:6126(125)\n"
                            "101.503 6001:6126(125)\n");
  g_assert_cmpuint(tcp_conn_counters(script->conn)->timeouts, ==, 2);
}

/* Two segments are out, so no ACK is being delayed: two round trips. The last one is
 * repeated, and its ACK shows by a SACK block that the first is lost too. */
static void
test_two_segments(void)
{
  g_autoptr(Script) script = script_new();
  script_open(script, 100);
  script_run(script, 1000);
  script_write(script, 1000, 2000);
  script_run(script, 1250);
  script_assert_log(script, "1.000 1:1001(1000)\n"
                            "1.000 1001:2001(1000)\n"
                            "1.202 1001:2001(1000)\n");
  script_ack(script, 1308, 1, "1001:2001");
  script_assert_log(script, "1.308 1:1001(1000)\n");
}

/* The congestion window is full: the probe sends new data all the same. */
static void
test_new_data(void)
{
  g_autoptr(Script) script = script_new();
  script_open(script, 100);
  script_write(script, 1000, 12000);
  g_string_truncate(script->log, 0);
  script_run(script, 1290);
  script_assert_log(script, "1.202 10001:11001(1000)\n");
  g_assert_cmpuint(tcp_conn_counters(script->conn)->retransmissions, ==, 0);
}

/* The ACK was lost, so the probe came twice, as a D-SACK says: nothing is wrong with the network.
 * An ACK beyond the probe without such a sign: it has mended a loss, and the window is halved. */
static void
test_what_the_answer_means(gconstpointer lost)
{
  g_autoptr(Script) script = open_script(TRUE);
  guint cwnd = tcp_conn_cwnd(script->conn);
  script_write(script, 100000, 100);
  script_run(script, 100600);
  script_ack(script, 100802, 6101, lost != NULL ? NULL : "6001:6101");
  script_write(script, 101000, 100);
  script_ack(script, 101301, 6201, NULL);
  g_assert_cmpuint(tcp_conn_cwnd(script->conn), ==, lost != NULL ? cwnd / 2 : cwnd);
}

/* tcp_rearm_rto(): the timer of a probe that was not needed leaves the time-out where it belongs,
 * at one RTO after the oldest segment went. */
static void
test_timeout_counts_from_the_oldest(void)
{
  g_autoptr(Script) script = open_script(TRUE);
  script_write(script, 100000, 100);
  script_write(script, 100200, 100);
  script_ack(script, 100501, 6001, "6101:6201"); /* the first is lost, and its repetition */
  g_string_truncate(script->log, 0);
  script_run(script, 101500);
  script_assert_log(script, "101.002 6001:6101(100)\n");
}

/* An ACK starts the time-out anew, and the probe with it. */
static void
test_progress(void)
{
  g_autoptr(Script) script = open_script(TRUE);
  script_write(script, 100000, 100);
  script_write(script, 100200, 100);
  g_string_truncate(script->log, 0);
  script_ack(script, 100301, 6101, NULL);
  script_run(script, 101000);
  script_assert_log(script, "100.802 6101:6201(100)\n");
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/probe/first-message", test_first_message);
  g_test_add_func("/tcp/probe/bounded", test_bounded_by_the_timeout);
  g_test_add_func("/tcp/probe/lost", test_probe_lost);
  g_test_add_func("/tcp/probe/timer-stays", test_timer_stays);
  g_test_add_func("/tcp/probe/outage", test_writing_into_an_outage);
  g_test_add_func("/tcp/probe/unused-window-shrinks", test_unused_window_shrinks);
  g_test_add_func("/tcp/probe/without", test_without_probes);
  g_test_add_func("/tcp/probe/two-segments", test_two_segments);
  g_test_add_func("/tcp/probe/new-data", test_new_data);
  g_test_add_data_func("/tcp/probe/answer/duplicate", NULL, test_what_the_answer_means);
  g_test_add_data_func("/tcp/probe/answer/loss", "loss", test_what_the_answer_means);
  g_test_add_func("/tcp/probe/oldest", test_timeout_counts_from_the_oldest);
  g_test_add_func("/tcp/probe/progress", test_progress);
  return g_test_run();
}
