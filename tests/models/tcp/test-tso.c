/* Segments that go two at a time. */
#include "models/tcp/conn-private.h"
#include "tests/models/tcp/script.h"

/* Five segments of so many bytes are under way, since 1.000 s, and the window stays at five. */
static Script *
open_script(gboolean tso, gsize bytes)
{
  Script *script = script_new();
  script->config.tso = tso;
  script_open(script, 100);
  script->conn->cwnd = script->conn->ssthresh = 5;
  script_write(script, 1000, bytes);
  script_assert_log(script, "1.000 1:1001(1000)\n"
                            "1.000 1001:2001(1000)\n"
                            "1.000 2001:3001(1000)\n"
                            "1.000 3001:4001(1000)\n"
                            "1.000 4001:5001(1000)\n");
  return script;
}

/* As captured. The first ACK of four lets one segment go, the second none, the third two, the
 * fourth none: that one goes a round trip later, when the window is six. */
static void
test_pairs(void)
{
  g_autoptr(Script) script = open_script(TRUE, 20000);
  script_ack(script, 1100, 1001, NULL);
  script_ack(script, 1100.01, 2001, NULL);
  script_assert_log(script, "1.100 5001:6001(1000)\n");
  script_ack(script, 1100.02, 3001, NULL);
  script_assert_log(script, "1.100 6001:7001(1000)\n"
                            "1.100 7001:8001(1000)\n");
  script_ack(script, 1100.03, 4001, NULL);
  script_ack(script, 1200.2, 6001, NULL);
  script_assert_log(script, "1.200 8001:9001(1000)\n"
                            "1.200 9001:10001(1000)\n"
                            "1.200 10001:11001(1000)\n"
                            "1.200 11001:12001(1000)\n");
}

static void
test_without(void)
{
  g_autoptr(Script) script = open_script(FALSE, 20000);
  script_ack(script, 1100, 1001, NULL);
  script_ack(script, 1100.01, 2001, NULL);
  script_assert_log(script, "1.100 5001:6001(1000)\n"
                            "1.100 6001:7001(1000)\n");
}

/* Whose acknowledgements come at intervals sends at these intervals. */
static void
test_spaced(void)
{
  g_autoptr(Script) script = open_script(TRUE, 20000);
  script_ack(script, 1100, 1001, NULL);
  script_ack(script, 1102, 2001, NULL);
  script_assert_log(script, "1.100 5001:6001(1000)\n"
                            "1.102 6001:7001(1000)\n");
}

/* The last segment does not wait. */
static void
test_last(void)
{
  g_autoptr(Script) script = open_script(TRUE, 7000);
  script_ack(script, 1100, 1001, NULL);
  script_ack(script, 1100.01, 2001, NULL);
  script_assert_log(script, "1.100 5001:6001(1000)\n"
                            "1.100 6001:7001(1000)\n");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/tso/pairs", test_pairs);
  g_test_add_func("/tcp/tso/without", test_without);
  g_test_add_func("/tcp/tso/spaced", test_spaced);
  g_test_add_func("/tcp/tso/last", test_last);
  return g_test_run();
}
