/* TCP beside the closed forms for it: how fast a long flow is over random loss, what a window
 * allows, and what a single segment in flight waits. */
#include <math.h>

#include "tests/models/tcp/pair.h"
#include "tests/theory.h"

#define SECOND (1000 * PAIR_MS)
#define MSS 1460

/* One way for the data, another for what acknowledges them. */
typedef struct {
  GRand *rand;
  double loss[2];
  guint every; /* not 0: instead of loss, each so-manieth segment with data */
  guint data_segments;
} Path;

static gint64
path_link(Pair *pair, guint from, G_GNUC_UNUSED guint n, const TcpSegment *segment)
{
  Path *path = pair->user;

  if (path->every > 0) {
    gboolean hit = from == 0 && segment->length > 0 && ++path->data_segments % path->every == 0;

    return hit ? PAIR_LOST : pair->delay_ns[from];
  }
  return g_rand_double(path->rand) < path->loss[from] ? PAIR_LOST : pair->delay_ns[from];
}

/* An application that always has more to say. */
static void
always_writes(Pair *pair, guint end)
{
  gsize room = tcp_conn_room(pair->end[0]);

  if (end == 0 && tcp_conn_established(pair->end[0]) && room > 0)
    pair_queue(pair, 0, room);
}

/* The sender that the formulas are about: NewReno (RFC 6582), no SACK, no bound but its congestion
 * window; the receiver acknowledges every second segment. */
static Pair *
long_flow(void (*stack)(TcpConfig *config), Path *path, double rtt_s, double rto_s)
{
  Pair *pair = pair_new(stack, 0);

  g_string_free(g_steal_pointer(&pair->log), TRUE);
  pair->mss = MSS;
  for (guint end = 0; end < 2; end++) {
    pair->delay_ns[end] = llrint(rtt_s / 2 * SECOND);
    if (pair->config[end].rto_rule == TCP_RTO_RULE_RFC6298)
      pair->config[end].rto_min_ns = llrint(rto_s * SECOND);
    pair->config[end].data_retries = 255;
    pair->config[end].rto_initial_ns = 10 * SECOND;
    pair->config[end].window_scaling = TRUE;
    pair->config[end].send_buffer = pair->config[end].receive_buffer = 1 << 20;
  }
  pair->user = path;
  pair->link = path_link;
  pair->pump = always_writes;
  return pair;
}

/* Bytes a second that leave the sender, repetitions counted, as the formulas count them. */
static double
rate_of(void (*stack)(TcpConfig *config), Path *path, double rtt_s, double rto_s, guint segments)
{
  g_autoptr(Pair) pair = long_flow(stack, path, rtt_s, rto_s);
  guint begin = segments; /* the burst of losses at the end of slow start is over */
  gint64 begin_ns = 0;

  pair_connect(pair);
  while (pair->sent[0] < begin + segments) {
    if (pair->sent[0] < begin)
      begin_ns = pair->now_ns;
    g_assert_true(pair_step(pair, TCP_NEVER));
  }
  return (double)segments * MSS / ((double)(pair->now_ns - begin_ns) / SECOND);
}

/* Padhye, Firoiu, Towsley, Kurose 1998, the approximate form; RFC 5348 3.1 is the same without
 * min(). b is the number of ACKed segments that the window grows for as if they were one. It is 1
 * here although every second segment is acknowledged, since the bytes are counted (RFC 5681 3.1,
 * RFC 3465), and not the ACKs, as in the TCP of 1998, whose b was 2. */
static double
pftk(double p, double rtt_s, double rto_s)
{
  const double b = 1;
  double timeouts = fmin(1, 3 * sqrt(3 * b * p / 8)) * p * (1 + 32 * p * p);

  return MSS / (rtt_s * sqrt(2 * b * p / 3) + rto_s * timeouts);
}

typedef struct {
  const char *name;
  void (*stack)(TcpConfig *config);
} Stack;

/* Long flows over random loss. The formula has losses that take the rest of their round trip with
 * them, where these are independent; it is known to be right within 20 to 30 %. */
static void
test_pftk(gconstpointer user)
{
  static const struct {
    double p, rtt_s, rto_s;
  } paths[] = {{0.001, 0.05, 0.25}, {0.01, 0.3, 1}, {0.01, 0.6, 1.2}, {0.05, 0.3, 1}, {0.02, 2, 3}};
  const Stack *stack = user;
  gboolean linux_rule = stack->stack == pair_linux_newreno; /* its RTO is R + 200 ms */

  for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
    double p = paths[i].p, rtt_s = paths[i].rtt_s,
           rto_s = linux_rule ? rtt_s + 0.2 : paths[i].rto_s;
    g_autofree char *what =
        g_strdup_printf("%s, B/s at p %g, R %g s, T0 %g s", stack->name, p, rtt_s, rto_s);
    Sample sample = {0};

    for (guint run = 0; run < 10; run++) {
      Path path = {.rand = g_rand_new_with_seed(run), .loss = {p, 0}};

      sample_add(&sample, rate_of(stack->stack, &path, rtt_s, rto_s, fmax(5000, 20 / p)));
      g_rand_free(path.rand);
    }
    theory_within(what, &sample, pftk(p, rtt_s, rto_s), 0.3);
  }
}

/* Mathis, Semke, Mahdavi, Ott 1997: where each 1/p-th segment is lost the window is a sawtooth from
 * W/2 to W, and the rate MSS/R sqrt(3 / (2p)). The round trip in which it recovers does not grow
 * the window; that counts less the longer a tooth is. */
static void
test_mathis(void)
{
  static const struct {
    guint every;
    double least;
  } rows[] = {{400, 0.90}, {2500, 0.96}, {10000, 0.98}};

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Path path = {.every = rows[i].every};
    double rate = rate_of(tcp_config_rfc6298, &path, 0.1, 0.3, 10 * path.every);
    double ratio = rate / (MSS / 0.1 * sqrt(1.5 * path.every));

    g_test_message("a loss in %u: %.0f B/s, %.3f of theory", path.every, rate, ratio);
    g_assert_cmpfloat(ratio, >, rows[i].least);
    g_assert_cmpfloat(ratio, <, 1);
  }
}

/* A receiver's buffer of w bytes lets w bytes go each round trip. */
static void
test_receive_window(void)
{
  const guint segments = 30, rounds = 100;
  g_autoptr(Pair) pair = long_flow(tcp_config_rfc6298, NULL, 0.3, 1);
  guint64 begin;

  pair->config[1].receive_buffer = segments * MSS;
  pair->link = NULL;
  pair_connect(pair);
  pair_run(pair, 10 * 1000);
  begin = pair->received[1];
  pair_run(pair, 10 * 1000 + rounds * 300);
  g_test_message("%.3f windows a round trip",
                 (double)(pair->received[1] - begin) / (segments * MSS) / rounds);
  g_assert_cmpuint(pair->received[1] - begin, ==, (guint64)rounds * segments * MSS);
}

#define RTT_S 0.2
#define T_S 0.5 /* time-out */

typedef struct {
  Sample wait_s;  /* of the arrival, beyond R/2 */
  Sample cycle_s; /* until the acknowledgement */
  Sample sent, arrived;
} Arq;

/* What k losses in a row wait. */
static double
ladder_s(guint losses, double backoff)
{
  return T_S * (backoff > 1 ? (pow(backoff, losses) - 1) / (backoff - 1) : losses);
}

/* One segment after the other, each alone in flight: no duplicate ACK can help it, so TCP is
 * stop-and-wait ARQ. */
static Arq
stop_and_wait(double data_loss, double ack_loss, double backoff, guint n)
{
  Path path = {.rand = g_rand_new_with_seed(1)};
  g_autoptr(Pair) pair = long_flow(tcp_config_rfc6298, &path, RTT_S, T_S);
  Arq arq = {0};

  pair->pump = NULL;
  for (guint end = 0; end < 2; end++) {
    pair->config[end].rto_rule = TCP_RTO_RULE_FIXED;
    pair->config[end].rto_initial_ns = llrint(T_S * SECOND);
    pair->config[end].rto_max_ns = TCP_NEVER;
    pair->config[end].rto_backoff = backoff;
    pair->config[end].delayed_ack_ns = 0;
  }
  pair_connect(pair);
  pair_run(pair, 1000);
  path.loss[0] = data_loss;
  path.loss[1] = ack_loss;
  for (guint i = 0; i < n; i++) {
    guint64 want = pair->received[1] + 100;
    double wait_s;
    gint64 begin_ns = pair->now_ns, arrived_ns = 0;
    guint sent = pair->sent[0], answers = pair->sent[1], tries = 0;

    pair_write(pair, 0, 100);
    while (!tcp_conn_idle(pair->end[0])) {
      g_assert_true(pair_step(pair, TCP_NEVER));
      if (arrived_ns == 0 && pair->received[1] == want) {
        arrived_ns = pair->now_ns;
        tries = pair->sent[0] - sent;
      }
    }
    wait_s = (double)(arrived_ns - begin_ns) / SECOND - RTT_S / 2;
    g_assert_cmpfloat_with_epsilon(wait_s, ladder_s(tries - 1, backoff), 1e-6);
    sample_add(&arq.wait_s, wait_s);
    sample_add(&arq.cycle_s, (double)(pair->now_ns - begin_ns) / SECOND);
    sample_add(&arq.sent, pair->sent[0] - sent);
    sample_add(&arq.arrived, pair->sent[1] - answers); /* each is answered at once */
    pair_run(pair, pair->now_ns / PAIR_MS + 1000);     /* what is late does not meet the next */
  }
  g_rand_free(path.rand);
  return arq;
}

/* Tries are geometric: 1 / ((1 - p)(1 - q)) of them, where p is the loss of data and q that of
 * ACKs; of these 1 / (1 - q) arrive, so q / (1 - q) twice; and the channel is held for R + T (tries
 * - 1) a frame. */
static void
test_stop_and_wait(void)
{
  const double p = 0.2, q = 0.1, failure = 1 - (1 - p) * (1 - q);
  Arq arq = stop_and_wait(p, q, 1, 20000);

  theory_mean("transmissions a segment", &arq.sent, 1 / (1 - failure));
  theory_mean("arrivals a segment", &arq.arrived, 1 / (1 - q));
  theory_mean("wait for the arrival, s", &arq.wait_s, T_S * p / (1 - p));
  theory_mean("cycle, s", &arq.cycle_s, RTT_S + T_S * failure / (1 - failure));
}

/* k losses wait T (2^k - 1), so the mean wait is T p / (1 - 2p). Its variance is finite below p =
 * 1/4. */
static void
test_backoff(void)
{
  static const double losses[] = {0.01, 0.05, 0.1};

  for (gsize i = 0; i < G_N_ELEMENTS(losses); i++) {
    double p = losses[i];
    g_autofree char *what = g_strdup_printf("wait at p %g, s", p);
    Arq arq = stop_and_wait(p, 0, 2, 20000);

    theory_mean(what, &arq.wait_s, T_S * p / (1 - 2 * p));
  }
}

int
main(int argc, char **argv)
{
  static const Stack rfc6298 = {"rfc6298", tcp_config_rfc6298},
                     newreno = {"linux without SACK", pair_linux_newreno};

  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/tcp/theory/pftk/rfc6298", &rfc6298, test_pftk);
  g_test_add_data_func("/tcp/theory/pftk/linux", &newreno, test_pftk);
  g_test_add_func("/tcp/theory/mathis", test_mathis);
  g_test_add_func("/tcp/theory/receive-window", test_receive_window);
  g_test_add_func("/tcp/theory/stop-and-wait", test_stop_and_wait);
  g_test_add_func("/tcp/theory/backoff", test_backoff);
  return g_test_run();
}
