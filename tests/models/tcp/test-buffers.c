/* Buffers that grow with the flow. The receiver is a script's connection that gets data, and an
 * application that reads at once. */
#include "models/tcp/conn-private.h"
#include "tests/models/tcp/script.h"

#define MSS 1000
#define FIRST 65536

static Script *
open_script(void)
{
  Script *script = script_new();
  script_open(script, 100);
  return script;
}

static void
read_all(Script *script)
{
  gsize n;
  tcp_conn_readable(script->conn, &n);
  tcp_conn_consumed(script->conn, script->now_ns, n);
}

/* A segment each gap_ms; its time stamp echoes what was sent rtt_ms earlier (0: no time stamps). */
static void
feed(Script *script, guint count, double gap_ms, guint16 length, double rtt_ms)
{
  for (guint i = 0; i < count; i++) {
    double at_ms = script->now_ns / 1e6 + gap_ms;
    TcpSegment segment = {.flags = TCP_ACK | TCP_PSH,
                          .seq = script->peer_seq,
                          .ack = 1,
                          .window = 65536,
                          .length = length};
    if (rtt_ms > 0) {
      segment.ts_value = (guint32)at_ms + 1;
      segment.ts_echo = script->clock + (guint32)(gint64)(at_ms - rtt_ms);
    }
    tcp_stream_reserve(script->conn->rx, length);
    tcp_stream_append(script->conn->rx, length);
    script->peer_seq += length;
    script_run(script, at_ms);
    tcp_conn_input(script->conn, script->now_ns, &segment);
    read_all(script);
    while (tcp_conn_output(script->conn, script->now_ns, &segment)) {
      continue;
    }
  }
}

static guint64
window(const Script *script)
{
  return script->conn->offered - script->conn->rcv_nxt;
}

/* Without time stamps a round trip is what a whole window takes: 65 segments, 6.5 s. In that time
 * 65,000 bytes were read and not 10 segments, so the limit is far up, and each segment opens the
 * window by two. */
static void
test_first_window(void)
{
  g_autoptr(Script) script = open_script();
  feed(script, 65, 100, MSS, 0);
  g_assert_cmpuint(window(script), ==, FIRST);
  feed(script, 1, 100, MSS, 0);
  g_assert_cmpuint(window(script), ==, FIRST);
  feed(script, 1, 100, MSS, 0);
  g_assert_cmpuint(window(script), >=, FIRST + 2 * MSS);
  g_assert_cmpuint(window(script), <, FIRST + 2 * MSS + 1024); /* a scaled window is rounded up */
  feed(script, 10, 100, MSS, 0);
  g_assert_cmpuint(window(script), >=, FIRST + 22 * MSS);
  g_assert_cmpuint(window(script), <, FIRST + 22 * MSS + 1024);
}

/* With time stamps a round trip is known at once. 40 segments come in each of 400 ms, 41 from one
 * reading to the first that is late enough: twice that is what the flow needs, and 2 * 82 * (41 -
 * 10) / 10 segments more let it go on growing. */
static void
test_limit(void)
{
  g_autoptr(Script) script = open_script();
  feed(script, 400, 10, MSS, 400);
  guint64 limit = tcp_buffers_window_end(script->conn) - script->conn->rcv_nxt;
  g_assert_cmpuint(limit, >=, (80 + 480) * MSS);
  g_assert_cmpuint(limit, <=, (82 + 509) * MSS);
  guint64 before = window(script);
  feed(script, 400, 10, MSS, 400); /* a steady flow needs no more */
  g_assert_cmpuint(window(script), ==, before);
}

/* Segments of less than 128 bytes open nothing, short ones but as much as a full one is held to be.
 */
static void
test_short_segments(void)
{
  g_autoptr(Script) script = open_script();
  feed(script, 2000, 1, 100, 0);
  g_assert_cmpuint(window(script), ==, FIRST);
  feed(script, 10, 1, 200, 0);
  g_assert_cmpuint(window(script), >=, FIRST + 20 * TCP_DEFAULT_MSS);
  g_assert_cmpuint(window(script), <, FIRST + 20 * TCP_DEFAULT_MSS + 1024);
}

/* What a thin stream reads in a round trip is less than ten segments. */
static void
test_thin_stream(void)
{
  g_autoptr(Script) script = open_script();
  feed(script, 500, 1000, MSS, 150);
  g_assert_cmpuint(window(script), ==, FIRST);
}

/* An application that reads nothing learns nothing, and the window shuts. */
static void
test_no_reader(void)
{
  g_autoptr(Script) script = open_script();
  for (guint i = 0; i < 70; i++) {
    tcp_stream_reserve(script->conn->rx, MSS);
    tcp_stream_append(script->conn->rx, MSS);
    script_data(script, 200 + i, 1, MSS);
  }
  g_assert_cmpuint(window(script), <, 1024);
  g_assert_cmpuint(script->conn->rcv_nxt - 1, <=, FIRST + 1024);
}

/* The sender's holds two windows of ten segments, or more. */
static void
test_send_buffer(void)
{
  g_autoptr(Script) script = script_new();
  script->config.send_buffer = 8 * MSS;
  script->config.send_buffer_max = 30 * MSS;
  script_open(script, 100);
  g_assert_cmpuint(tcp_conn_room(script->conn), ==, 20 * MSS);
  script_write(script, 200, 20 * MSS);
  g_assert_cmpuint(tcp_conn_room(script->conn), ==, 0);
  script_ack(script, 300, 1 + 10 * MSS, NULL); /* slow start: ten more */
  g_assert_cmpuint(tcp_conn_room(script->conn), ==, 20 * MSS);
}

/* A buffer of megabytes behind a window that cannot say so: no read is worth an update. */
static void
test_without_scaling(void)
{
  g_autoptr(Script) script = script_new();
  script->config.window_scaling = FALSE;
  script_open(script, 100);
  feed(script, 400, 10, MSS, 400);
  g_assert_cmpuint(window(script), <=, G_MAXUINT16);
  g_assert_false(tcp_receive_update_due(script->conn));
}

static void
test_off(void)
{
  g_autoptr(Script) script = script_new();
  script->config.send_buffer_max = script->config.receive_buffer_max = 0;
  script_open(script, 100);
  g_assert_cmpuint(tcp_conn_room(script->conn), ==, script->config.send_buffer);
  feed(script, 400, 10, MSS, 400);
  g_assert_cmpuint(window(script), ==, script->config.receive_buffer);
  g_assert_null(script->conn->buffers);
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/buffers/first-window", test_first_window);
  g_test_add_func("/tcp/buffers/limit", test_limit);
  g_test_add_func("/tcp/buffers/short-segments", test_short_segments);
  g_test_add_func("/tcp/buffers/thin-stream", test_thin_stream);
  g_test_add_func("/tcp/buffers/no-reader", test_no_reader);
  g_test_add_func("/tcp/buffers/send-buffer", test_send_buffer);
  g_test_add_func("/tcp/buffers/without-scaling", test_without_scaling);
  g_test_add_func("/tcp/buffers/off", test_off);
  return g_test_run();
}
