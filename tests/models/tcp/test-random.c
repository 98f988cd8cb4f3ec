/* What TCP promises, whatever the link does: the bytes that come are the bytes that were sent, in
 * order, each once; and as long as the link now and then carries a segment, all of them come and
 * both ends close. */
#include "tests/models/tcp/pair.h"

/* What one run meets; drawn from its seed, some mischief left out entirely in some runs. */
typedef struct {
  GRand *rand;
  double loss;
  double duplication;
  gint64 delay_ns;
  gint64 jitter_ns; /* independent per segment: reorders */
  guint64 total[2]; /* bytes that each end writes */
  guint write_max;
  gboolean lazy_reader[2];
} Weather;

static gint64
weather_delay_ns(Weather *weather)
{
  return weather->delay_ns + (gint64)(g_rand_double(weather->rand) * weather->jitter_ns);
}

static gint64
weather_link(Pair *pair, guint from, G_GNUC_UNUSED guint n, const TcpSegment *segment)
{
  Weather *weather = pair->user;
  if (g_rand_double(weather->rand) < weather->loss) {
    return PAIR_LOST;
  }
  if (g_rand_double(weather->rand) < weather->duplication) {
    pair_carry(pair, from, segment, weather_delay_ns(weather));
  }
  return weather_delay_ns(weather);
}

static void
weather_pump(Pair *pair, guint end)
{
  Weather *weather = pair->user;
  TcpConn *conn = pair->end[end];
  if (weather->lazy_reader[end] && g_rand_int_range(weather->rand, 0, 3) == 0) {
    pair_read(pair, end, g_rand_int_range(weather->rand, 1, 3000));
  }
  if (!tcp_conn_established(conn)) {
    return;
  }
  for (guint i = g_rand_int_range(weather->rand, 0, 4); i > 0; i--) {
    guint64 left = weather->total[end] - pair->written[end];
    gsize n = g_rand_int_range(weather->rand, 1, weather->write_max + 1);
    n = MIN(MIN(n, left), tcp_conn_room(conn));
    if (n > 0) {
      pair_queue(pair, end, n);
    }
    if (left == n) {
      tcp_conn_close(conn, pair->now_ns);
    }
  }
}

/* One of a sender's mechanisms may be missing; what holds must not hang on it. */
static void
draw_mechanisms(GRand *rand, TcpConfig *config)
{
  gboolean *mechanisms[] = {&config->sack, &config->timestamps, &config->rack,
                            &config->tlp,  &config->frto,       &config->prr,
                            &config->undo, &config->collapse,   &config->tso};
  for (gsize i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
    *mechanisms[i] = *mechanisms[i] && g_rand_int_range(rand, 0, 6) != 0;
  }
}

static void
draw_weather(Weather *weather, Pair *pair)
{
  GRand *rand = weather->rand;
  weather->loss = g_rand_boolean(rand) ? g_rand_double_range(rand, 0, 0.3) : 0;
  weather->duplication = g_rand_boolean(rand) ? g_rand_double_range(rand, 0, 0.2) : 0;
  weather->delay_ns = g_rand_int_range(rand, 0, 500) * PAIR_MS;
  weather->jitter_ns = g_rand_boolean(rand) ? g_rand_int_range(rand, 0, 400) * PAIR_MS : 0;
  weather->write_max = g_rand_boolean(rand) ? 200 : 5000;
  pair->mss = g_rand_boolean(rand) ? 1448 : g_rand_int_range(rand, 100, 1000);
  for (guint i = 0; i < 2; i++) {
    weather->total[i] = g_rand_int_range(rand, 0, 4) == 0 ? 0 : g_rand_int_range(rand, 0, 60000);
    weather->lazy_reader[i] = g_rand_int_range(rand, 0, 3) == 0;
    pair->reads[i] = !weather->lazy_reader[i];
    pair->nodelay[i] = g_rand_boolean(rand);
    pair->config[i].send_buffer = g_rand_int_range(rand, 500, 20000);
    pair->config[i].receive_buffer = g_rand_int_range(rand, 500, 20000);
    draw_mechanisms(rand, &pair->config[i]);
    /* nobody gives up: the link is lossy, not dead */
    pair->config[i].syn_retries = pair->config[i].synack_retries = 255;
    pair->config[i].data_retries = 255;
  }
}

/* Once a second the applications look by themselves, as a lazy reader is not woken by the network.
 */
static void
wake_applications(Pair *pair)
{
  for (guint i = 0; i < 2; i++) {
    if (pair->end[i] != NULL) {
      weather_pump(pair, i);
      pair_output(pair, i);
    }
  }
}

static gboolean
is_finished(const TcpConn *conn)
{
  return conn != NULL && tcp_conn_end(conn) != TCP_END_NONE;
}

static void
run_weather(guint32 seed, void (*stack)(TcpConfig *config))
{
  g_autoptr(Pair) pair = pair_new(stack, 0);
  g_string_free(g_steal_pointer(&pair->log), TRUE);
  Weather weather = {.rand = g_rand_new_with_seed(seed)};
  pair->user = &weather;
  pair->link = weather_link;
  pair->pump = weather_pump;
  draw_weather(&weather, pair);
  pair_connect(pair);
  gint64 wake_ns = 0;
  while (!is_finished(pair->end[0]) || !is_finished(pair->end[1])) {
    if (pair->now_ns > 200000 * 1000 * PAIR_MS) {
      g_error("run %u hangs: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " bytes came", seed,
              pair->received[0], pair->received[1]);
    }
    if (!pair_step(pair, wake_ns)) {
      pair->now_ns = wake_ns;
      wake_applications(pair);
      wake_ns += 1000 * PAIR_MS;
    }
  }
  for (guint i = 0; i < 2; i++) {
    pair_read(pair, i, G_MAXSIZE);
    g_assert_cmpuint(pair->received[i], ==, weather.total[1 - i]);
    g_assert_true(tcp_conn_at_end(pair->end[i]));
    /* a last FIN that is repeated after the other end's TIME-WAIT meets a RST */
    TcpEnd end = tcp_conn_end(pair->end[i]);
    g_assert_true(end == TCP_END_NORMAL || end == TCP_END_RESET);
    g_assert_true(end == TCP_END_RESET || tcp_conn_idle(pair->end[i]));
  }
  g_rand_free(weather.rand);
}

static void
test_integrity(gconstpointer stack)
{
  const guint runs = g_test_thorough() ? 5000 : 300;
  for (guint i = 0; i < runs; i++) {
    guint32 seed = g_test_rand_int();
    run_weather(seed, stack == NULL ? tcp_config_linux : tcp_config_rfc6298);
  }
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/tcp/random/linux", NULL, test_integrity);
  g_test_add_data_func("/tcp/random/rfc6298", "rfc6298", test_integrity);
  return g_test_run();
}
