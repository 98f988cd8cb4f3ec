/* CUBIC and HyStart against their formulas, on connections whose application always has more to
 * send. */
#include "models/tcp/conn-private.h"
#include "tests/models/tcp/pair.h"

#include <math.h>

#define MSS 1000

/* Always full. */
static void
fill_pump(Pair *pair, guint end)
{
  if (end == 0 && tcp_conn_established(pair->end[0])) {
    pair_queue(pair, 0, tcp_conn_room(pair->end[0]));
  }
}

/* A bulk transfer with that delay of a segment in each direction, open, at rest. */
static Pair *
bulk_pair(gint64 delay_ms)
{
  Pair *pair = pair_new(tcp_config_linux, delay_ms);
  for (guint end = 0; end < 2; end++) {
    pair->config[end].congestion = TCP_CUBIC;
    pair->config[end].hystart = FALSE;
    pair->config[end].send_buffer = pair->config[end].receive_buffer = 4000 * MSS;
  }
  pair_open(pair);
  g_string_free(pair->log, TRUE);
  pair->log = NULL;
  return pair;
}

/* Lets it send from there with that window and no slow start. */
static void
send_with(Pair *pair, guint32 cwnd, guint32 last_max)
{
  TcpConn *conn = pair->end[0];
  conn->cwnd = last_max;
  if (last_max > 0) {
    g_assert_cmpuint(tcp_cubic_ssthresh(conn), ==, last_max * 717 / 1024);
  }
  conn->cwnd = conn->ssthresh = cwnd;
  pair->pump = fill_pump;
  pair_write(pair, 0, MSS);
}

/* RFC 9438 4.2: W(t) = C (t - K)^3 + W_max, K = cbrt(W_max (1 - beta) / C): after a loss at 100
 * packets, at each half second up to 200 packets, within 2 packets and what a round trip changes
 * (the window follows the curve a round trip late). */
static void
test_curve(void)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  send_with(pair, 70, 100);
  const double start_s = pair->now_ns / 1e9 + 0.1; /* the first ACK begins the epoch */
  const double k = cbrt((100 - 70) / 0.4);
  double last = 0, s = 0;
  for (s = 0.5; last < 200; s += 0.5) {
    pair_run(pair, (start_s + s) * 1000);
    double curve = 0.4 * pow(s - k, 3) + 100, before = 0.4 * pow(s - 0.1 - k, 3) + 100;
    last = pair->end[0]->cwnd;
    g_assert_cmpfloat(last, <=, curve + 2 + (curve - before));
    g_assert_cmpfloat(last, >=, before - 2 - (curve - before));
  }
  g_assert_cmpfloat(s, <, 2 * k + 4);
}

/* RFC 9438 4.3: on a short path Reno would be faster than the curve, and CUBIC keeps up with it: 3
 * (1 - beta) / (1 + beta) = 0.53 packets a round trip, with ACKs for each two packets. */
static void
test_reno_friendly(void)
{
  g_autoptr(Pair) pair = bulk_pair(5);
  send_with(pair, 14, 20);
  const guint rounds = 60;
  pair_run(pair, pair->now_ns / PAIR_MS + rounds * 10);
  double expected = 14 + 3 * 0.3 / 1.7 * rounds, k = cbrt(6 / 0.4);
  g_assert_cmpfloat(0.4 * pow(rounds * 0.01 - k, 3) + 20, <, 18); /* the curve alone */
  g_assert_cmpfloat(fabs(pair->end[0]->cwnd - expected), <=, 3);
}

/* Until a loss has told where the path ends the window grows by a twentieth a round trip at least.
 * The ACKs of nine round trips have come. */
static void
test_before_any_loss(void)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  TcpConn *conn = pair->end[0];
  conn->cwnd = conn->ssthresh = 100;
  pair->pump = fill_pump;
  pair_write(pair, 0, MSS);
  pair_run(pair, pair->now_ns / PAIR_MS + 1050);
  g_assert_cmpfloat(fabs(conn->cwnd - 100 * pow(1.05, 9)), <=, 4);
}

/* RFC 9438 4.6, 4.7. */
static void
test_reductions(void)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  TcpConn *conn = pair->end[0];
  conn->cwnd = 100;
  g_assert_cmpuint(tcp_congestion_ssthresh(conn), ==, 70);
  conn->cwnd = 90; /* before it was back at 100: the next aim is 90 (1 + beta) / 2 */
  g_assert_cmpuint(tcp_congestion_ssthresh(conn), ==, 63);
  conn->cwnd = 77;
  g_assert_cmpuint(tcp_congestion_ssthresh(conn), ==, 53);
  conn->cwnd = 2;
  g_assert_cmpuint(tcp_congestion_ssthresh(conn), ==, 2);
  conn->is_cubic = FALSE;
  conn->cwnd = 100;
  g_assert_cmpuint(tcp_congestion_ssthresh(conn), ==, 50);
}

/* RFC 9438 5.8: a pause of a minute does not let the window jump ahead on the curve. */
static void
test_idle(gconstpointer many)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  pair->config[0].idle_restart = FALSE;
  send_with(pair, 70, 100);
  pair_run(pair, pair->now_ns / PAIR_MS + 3000);
  pair->pump = NULL;
  pair_run(pair, -1);
  guint32 before = pair->end[0]->cwnd;
  pair_run(pair, pair->now_ns / PAIR_MS + 60000);
  pair->pump = fill_pump;
  pair_write(pair, 0, many != NULL ? 20 * MSS : MSS);
  pair_run(pair, pair->now_ns / PAIR_MS + 500);
  g_assert_cmpuint(pair->end[0]->cwnd, <=, before + 8);
}

/* How many packets for one more, 2 s after the curve began: with a window of 1900 after one of
 * 2000.
 */
static guint32
count_after(gint64 tick_ns, gint64 from_ns)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  TcpConn *conn = pair->end[0];
  pair->config[0].tick_ns = tick_ns;
  tcp_timer_init(conn);
  conn->cwnd = 2000;
  tcp_cubic_ssthresh(conn);
  conn->cwnd = 1900;
  tcp_cubic_count(conn, from_ns, 1);
  return tcp_cubic_count(conn, 4000 * PAIR_MS, 1);
}

/* The kernel's curve goes by ticks: where in a tick it began makes no difference. */
static void
test_ticks(void)
{
  gint64 tick_ns = 100 * PAIR_MS;
  guint32 count = count_after(tick_ns, 2000 * PAIR_MS);
  g_assert_cmpuint(count_after(tick_ns, 2099 * PAIR_MS), ==, count);
  g_assert_cmpuint(count_after(tick_ns, 2100 * PAIR_MS), !=, count);
  g_assert_cmpuint(count_after(0, 2099 * PAIR_MS), !=, count);
}

/* A link of one packet per millisecond and 50 ms each way, with room for all. */
static gint64
narrow_link(Pair *pair, guint from, G_GNUC_UNUSED guint n, const TcpSegment *segment)
{
  gint64 *free_ns = pair->user;
  if (from == 1) {
    return pair->delay_ns[1];
  }
  gint64 took_ns = PAIR_MS * tcp_segment_wire_length(segment) / (MSS + 52);
  *free_ns = MAX(*free_ns, pair->now_ns) + took_ns;
  return *free_ns - pair->now_ns + pair->delay_ns[0];
}

/* A round trip begins at any window, and a train of ACKs with it: what comes 30 ms later, when the
 * window is large enough for HyStart to look, is no part of it. */
static void
test_hystart_rounds(gconstpointer small)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  TcpConn *conn = pair->end[0];
  pair->config[0].hystart = TRUE;
  pair_write(pair, 0, 10 * MSS);
  gint64 from_ms = pair->now_ns / PAIR_MS;
  if (small != NULL) {
    conn->cwnd = 12;
    tcp_cubic_sample(conn, (from_ms + 70) * PAIR_MS, 100 * PAIR_MS);
  }
  conn->cwnd = 20;
  for (guint i = 0; i < 70; i++) {
    tcp_cubic_sample(conn, (from_ms + 100 + i) * PAIR_MS, 100 * PAIR_MS);
  }
  g_assert_cmpuint(conn->ssthresh, ==, small != NULL ? G_MAXUINT32 : 20);
}

/* The path holds 100 packets. Without HyStart slow start runs until a loss, here into thousands;
 * HyStart ends it between half of what the path holds and twice that. */
static void
test_hystart(gconstpointer on)
{
  gint64 free_ns = 0;
  g_autoptr(Pair) pair = bulk_pair(50);
  pair->config[0].hystart = on != NULL;
  pair->link = narrow_link;
  pair->user = &free_ns;
  pair->pump = fill_pump;
  pair_write(pair, 0, MSS);
  pair_run(pair, pair->now_ns / PAIR_MS + 1500);
  if (on != NULL) {
    g_assert_cmpuint(pair->end[0]->ssthresh, >=, 50);
    g_assert_cmpuint(pair->end[0]->ssthresh, <=, 200);
  } else {
    g_assert_cmpuint(pair->end[0]->ssthresh, ==, G_MAXUINT32);
    g_assert_cmpuint(pair->end[0]->cwnd, >, 600);
  }
}

/* CONNECT is answered by CONNACK, which begins pingpong mode: an ACK for each two messages. */
static void
connack_pump(Pair *pair, guint end)
{
  if (end == 1 && pair->received[1] == 21 && pair->written[1] == 0) {
    pair_queue(pair, 1, 4);
  }
}

/* 100 kbit/s and 25 ms each way, room for all. */
static gint64
captured_link(Pair *pair, guint from, G_GNUC_UNUSED guint n, const TcpSegment *segment)
{
  gint64 *free_ns = pair->user;
  gint64 took_ns = tcp_segment_wire_length(segment) * 8 * (PAIR_MS / 100);
  free_ns[from] = MAX(free_ns[from], pair->now_ns) + took_ns;
  return free_ns[from] - pair->now_ns + pair->delay_ns[from];
}

/* The publisher of narrow-q0: 3,000 messages of 123 bytes, one each 10 ms, which is more than the
 * link carries. How many segments were in flight then, captured: slow start by one for each, until
 * HyStart ends it; the flat beginning of the curve; a twentieth each round trip. */
static void
test_captured_narrow(void)
{
  static const struct {
    gint64 at_ms;
    guint segments;
  } captured[] = {{310, 10},  {560, 17},  {1080, 31},  {1840, 53},   {2600, 59},   {3940, 63},
                  {5310, 66}, {7180, 87}, {9040, 128}, {11110, 183}, {13200, 243}, {15250, 306}};
  gint64 free_ns[2] = {0, 0};
  g_autoptr(Pair) pair = pair_new(tcp_config_linux, 25);
  for (guint end = 0; end < 2; end++) {
    pair->config[end].ack_rule = TCP_ACK_RULE_LINUX;
    pair->config[end].congestion = TCP_CUBIC;
    pair->config[end].send_buffer = pair->config[end].receive_buffer = 4000 * MSS;
  }
  pair->mss = 1448;
  pair->link = captured_link;
  pair->pump = connack_pump;
  pair->user = free_ns;
  pair_open(pair);
  pair_run(pair, 60);
  pair_write(pair, 0, 21);
  guint row = 0;
  for (guint i = 0; i < 1520; i++) {
    pair_run(pair, 200 + 10 * i);
    pair_write(pair, 0, 123);
    if (row < G_N_ELEMENTS(captured) && pair->now_ns >= captured[row].at_ms * PAIR_MS) {
      guint in_flight = pair->end[0]->unsent - pair->end[0]->head;
      g_assert_cmpint(ABS((gint)in_flight - (gint)captured[row].segments), <=, 6);
      row++;
    }
  }
  g_assert_cmpuint(row, ==, G_N_ELEMENTS(captured));
}

/* A thin stream has no use for any of it. */
static void
test_thin_stream_has_none(void)
{
  g_autoptr(Pair) pair = bulk_pair(50);
  for (guint i = 0; i < 50; i++) {
    pair_write(pair, 0, 100);
    pair_run(pair, pair->now_ns / PAIR_MS + 300);
  }
  g_assert_null(pair->end[0]->cubic);
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/cubic/curve", test_curve);
  g_test_add_func("/tcp/cubic/reno-friendly", test_reno_friendly);
  g_test_add_func("/tcp/cubic/before-any-loss", test_before_any_loss);
  g_test_add_func("/tcp/cubic/reductions", test_reductions);
  g_test_add_func("/tcp/cubic/ticks", test_ticks);
  g_test_add_data_func("/tcp/hystart/rounds/small-window", "small", test_hystart_rounds);
  g_test_add_data_func("/tcp/hystart/rounds/large-window", NULL, test_hystart_rounds);
  g_test_add_data_func("/tcp/cubic/idle/one-segment", NULL, test_idle);
  g_test_add_data_func("/tcp/cubic/idle/many", "many", test_idle);
  g_test_add_data_func("/tcp/cubic/hystart/on", "on", test_hystart);
  g_test_add_data_func("/tcp/cubic/hystart/off", NULL, test_hystart);
  g_test_add_func("/tcp/captured/narrow-q0", test_captured_narrow);
  g_test_add_func("/tcp/cubic/thin-stream", test_thin_stream_has_none);
  return g_test_run();
}
