#include "tests/models/tcp/script.h"

#include <string.h>

Script *
script_new(void)
{
  Script *script = g_new0(Script, 1);
  TcpConfig *config = &script->config;
  tcp_config_linux(config);
  config->tick_ns = 0;
  config->congestion = TCP_RENO;
  script->log = g_string_new(NULL);
  return script;
}

void
script_free(Script *script)
{
  g_clear_pointer(&script->conn, tcp_conn_free);
  g_string_free(script->log, TRUE);
  g_free(script);
}

static void
output(Script *script)
{
  TcpSegment segment;
  while (tcp_conn_output(script->conn, script->now_ns, &segment)) {
    if (segment.flags & TCP_SYN) {
      script->clock = segment.ts_value;
    }
    if (segment.length > 0 || (segment.flags & TCP_FIN)) {
      g_string_append_printf(script->log,
                             "%.3f %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT "(%u)%s\n",
                             script->now_ns / 1e9, segment.seq, segment.seq + segment.length,
                             segment.length, segment.flags & TCP_FIN ? " F" : "");
    }
  }
}

void
script_run(Script *script, double until_ms)
{
  gint64 until_ns = until_ms * SCRIPT_MS;
  g_assert_cmpint(until_ns, >=, script->now_ns);
  for (gint64 at_ns; (at_ns = tcp_conn_deadline(script->conn)) < until_ns;) {
    script->now_ns = at_ns;
    tcp_conn_timeout(script->conn, at_ns);
    output(script);
    g_assert_cmpint(tcp_conn_deadline(script->conn), >, at_ns);
  }
  script->now_ns = until_ns;
}

static void
give(Script *script, double at_ms, const TcpSegment *segment)
{
  script_run(script, at_ms);
  tcp_conn_input(script->conn, script->now_ns, segment);
  output(script);
}

void
script_open(Script *script, gint64 rtt_ms)
{
  TcpSegment segment = {.flags = TCP_SYN | TCP_ACK,
                        .ack = 1,
                        .window = 65536,
                        .mss = 1000 + 12,
                        .sack_permitted = script->config.sack,
                        .window_scaled = script->config.window_scaling,
                        .ts_value = 1};
  script->conn = tcp_conn_new(&script->config, segment.mss, TRUE);
  tcp_conn_connect(script->conn, 0);
  output(script);
  segment.ts_echo = script->clock;
  give(script, rtt_ms, &segment);
  script->peer_seq = 1;
}

void
script_write(Script *script, double at_ms, gsize n)
{
  script_run(script, at_ms);
  memset(tcp_conn_write_buffer(script->conn, n), 0, n);
  tcp_conn_wrote(script->conn, script->now_ns, n);
  output(script);
}

void
script_echo(Script *script, double at_ms, guint64 ack, const char *blocks, double echo_ms)
{
  TcpSegment segment = {.flags = TCP_ACK, .seq = script->peer_seq, .ack = ack, .window = 65536};
  if (echo_ms >= 0) {
    segment.ts_value = (guint32)at_ms + 1;
    segment.ts_echo = script->clock + (guint32)echo_ms;
  }
  g_auto(GStrv) words = g_strsplit(blocks != NULL ? blocks : "", " ", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    char *end;
    guint64 from = g_ascii_strtoull(words[i], &end, 10);
    g_assert_cmpint(*end, ==, ':');
    segment.sack[segment.sack_count].start = (gint32)((gint64)from - (gint64)ack);
    segment.sack[segment.sack_count++].end =
        (gint32)((gint64)g_ascii_strtoull(end + 1, NULL, 10) - (gint64)ack);
  }
  give(script, at_ms, &segment);
}

void
script_ack(Script *script, double at_ms, guint64 ack, const char *blocks)
{
  script_echo(script, at_ms, ack, blocks, SCRIPT_NO_ECHO);
}

void
script_data(Script *script, double at_ms, guint64 ack, guint16 n)
{
  TcpSegment segment = {.flags = TCP_ACK | TCP_PSH,
                        .seq = script->peer_seq,
                        .ack = ack,
                        .window = 65536,
                        .length = n};
  script->peer_seq += n;
  give(script, at_ms, &segment);
}
