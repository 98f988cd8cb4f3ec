#include "tests/models/tcp/pair.h"

typedef struct {
  gint64 at_ns;
  guint from;
  TcpSegment segment;
} Packet;

Pair *
pair_new(void (*stack)(TcpConfig *config), gint64 delay_ms)
{
  Pair *pair = g_new0(Pair, 1);
  stack(&pair->config[0]);
  stack(&pair->config[1]);
  for (guint end = 0; end < 2; end++) {
    pair->config[end].tick_ns = 0;
    pair->config[end].send_buffer_max = pair->config[end].receive_buffer_max = 0;
    pair->config[end].ack_rule = TCP_ACK_RULE_RFC1122;
    pair->config[end].congestion = TCP_RENO;
  }
  pair->mss = 1000;
  pair->nodelay[0] = pair->nodelay[1] = TRUE;
  pair->reads[0] = pair->reads[1] = TRUE;
  pair->delay_ns[0] = pair->delay_ns[1] = delay_ms * PAIR_MS;
  pair->log = g_string_new(NULL);
  pair->wire = g_array_new(FALSE, FALSE, sizeof(Packet));
  return pair;
}

void
pair_linux_newreno(TcpConfig *config)
{
  tcp_config_linux(config);
  config->sack = config->collapse = FALSE;
  config->receive_buffer = G_MAXUINT16; /* SYN tells all of it, so that no duplicate ACK has news */
}

void
pair_free(Pair *pair)
{
  for (guint i = 0; i < 2; i++) {
    g_clear_pointer(&pair->end[i], tcp_conn_free);
  }
  if (pair->log != NULL) {
    g_string_free(pair->log, TRUE);
  }
  g_array_unref(pair->wire);
  g_free(pair);
}

/* The byte at an offset; differs by direction, and its period is no power of 2. */
static guint8
pattern(guint from, guint64 offset)
{
  return (offset % 251) ^ (from * 0x80);
}

#define CLOCK_ORIGIN (1 << 30) /* of timestamps, in ms */

/* Bytes of options; blocks with their offsets; timestamps in ms of virtual time. */
static void
log_options(GString *log, const TcpSegment *segment)
{
  g_string_append_printf(log, " opt %u", segment->options);
  for (guint i = 0; i < segment->sack_count; i++) {
    g_string_append_printf(log, "%s%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                           i == 0 ? " sack " : ",", segment->ack + segment->sack[i].start,
                           segment->ack + segment->sack[i].end);
  }
  if (segment->ts_value != 0) {
    g_string_append_printf(log, " ts %d", (gint32)segment->ts_value - CLOCK_ORIGIN);
  }
  if (segment->ts_echo != 0) {
    g_string_append_printf(log, "/%d", (gint32)segment->ts_echo - CLOCK_ORIGIN);
  }
}

static void
log_segment(Pair *pair, guint from, const TcpSegment *segment, gboolean lost)
{
  static const struct {
    guint flag;
    char letter;
  } letters[] = {
      {TCP_SYN, 'S'}, {TCP_FIN, 'F'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'}, {TCP_ACK, '.'},
  };
  if (pair->log == NULL) {
    return;
  }
  g_string_append_printf(pair->log, "%.3f %c ", pair->now_ns / 1e9, from == 0 ? '>' : '<');
  for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
    if (segment->flags & letters[i].flag) {
      g_string_append_c(pair->log, letters[i].letter);
    }
  }
  g_string_append_printf(pair->log, " %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT "(%u)",
                         segment->seq, segment->seq + segment->length, segment->length);
  if (segment->flags & TCP_ACK) {
    g_string_append_printf(pair->log, " ack %" G_GUINT64_FORMAT, segment->ack);
  }
  if (pair->log_windows) {
    g_string_append_printf(pair->log, " win %u", segment->window);
  }
  if (pair->log_options) {
    log_options(pair->log, segment);
  }
  g_string_append(pair->log, lost ? " x\n" : "\n");
}

void
pair_carry(Pair *pair, guint from, const TcpSegment *segment, gint64 delay_ns)
{
  Packet packet = {pair->now_ns + delay_ns, from, *segment};
  g_array_append_val(pair->wire, packet);
}

static void
send_segment(Pair *pair, guint from, const TcpSegment *segment)
{
  guint n = ++pair->sent[from];
  gint64 delay_ns = pair->delay_ns[from];
  if (pair->link != NULL) {
    delay_ns = pair->link(pair, from, n, segment);
  } else if (n < 64 && (pair->drops[from] >> n & 1)) {
    delay_ns = PAIR_LOST;
  }
  log_segment(pair, from, segment, delay_ns == PAIR_LOST);
  if (delay_ns != PAIR_LOST) {
    pair_carry(pair, from, segment, delay_ns);
  }
}

void
pair_output(Pair *pair, guint end)
{
  TcpSegment segment;
  while (pair->end[end] != NULL && tcp_conn_output(pair->end[end], pair->now_ns, &segment)) {
    send_segment(pair, end, &segment);
  }
}

static void
consume(Pair *pair, guint end, gsize n)
{
  gsize available;
  const guint8 *bytes = tcp_conn_readable(pair->end[end], &available);
  n = MIN(n, available);
  for (gsize i = 0; i < n; i++) {
    g_assert_cmpuint(bytes[i], ==, pattern(1 - end, pair->received[end] + i));
  }
  pair->received[end] += n;
  tcp_conn_consumed(pair->end[end], pair->now_ns, n);
}

void
pair_read(Pair *pair, guint end, gsize n)
{
  consume(pair, end, n);
  pair_output(pair, end);
}

static void
pump(Pair *pair, guint end)
{
  if (pair->reads[end]) {
    consume(pair, end, G_MAXSIZE);
  }
  if (pair->pump != NULL) {
    pair->pump(pair, end);
  }
  pair_output(pair, end);
}

/* The MSS that makes segments of pair->mss bytes of payload beside timestamps. */
static guint
mss_option(const Pair *pair, guint end)
{
  return pair->mss + (pair->config[end].timestamps ? 12 : 0);
}

static void
deliver(Pair *pair, const Packet *packet)
{
  guint to = 1 - packet->from;
  TcpSegment reset;
  if (pair->absent[to]) {
    return;
  }
  gboolean begins = (packet->segment.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
  if (to == 1 && pair->end[1] == NULL && begins && !pair->refuses && pair->end[0] != NULL) {
    pair->end[1] =
        tcp_conn_accept(&pair->config[1], mss_option(pair, 1), pair->nodelay[1], pair->end[0]);
  }
  if (pair->end[to] == NULL || tcp_conn_end(pair->end[to]) != TCP_END_NONE) {
    if (tcp_reset_for(&packet->segment, &reset)) {
      send_segment(pair, to, &reset);
    }
    return;
  }
  tcp_conn_input(pair->end[to], pair->now_ns, &packet->segment);
  pump(pair, to);
}

/* The earliest packet; of several at one instant the one that was sent first. */
static gint
next_packet(const Pair *pair, gint64 *at_ns)
{
  gint found = -1;
  for (guint i = 0; i < pair->wire->len; i++) {
    const Packet *packet = &g_array_index(pair->wire, Packet, i);
    if (packet->at_ns < *at_ns) {
      *at_ns = packet->at_ns;
      found = i;
    }
  }
  return found;
}

gboolean
pair_step(Pair *pair, gint64 until_ns)
{
  gint64 at_ns = TCP_NEVER;
  gint packet = next_packet(pair, &at_ns);
  gint timer = -1;
  for (guint i = 0; i < 2; i++) {
    gint64 deadline_ns = pair->end[i] != NULL ? tcp_conn_deadline(pair->end[i]) : TCP_NEVER;
    if (deadline_ns < at_ns) {
      at_ns = deadline_ns;
      timer = i;
    }
  }
  if (at_ns == TCP_NEVER || at_ns > until_ns) {
    return FALSE;
  }
  g_assert_cmpint(at_ns, >=, pair->now_ns);
  pair->now_ns = at_ns;
  if (timer >= 0) {
    tcp_conn_timeout(pair->end[timer], at_ns);
    pump(pair, timer);
    g_assert_cmpint(tcp_conn_deadline(pair->end[timer]), >, at_ns);
    return TRUE;
  }
  Packet arrived = g_array_index(pair->wire, Packet, packet);
  g_array_remove_index(pair->wire, packet);
  deliver(pair, &arrived);
  return TRUE;
}

void
pair_run(Pair *pair, gint64 until_ms)
{
  gint64 until_ns = until_ms < 0 ? TCP_NEVER : until_ms * PAIR_MS;
  while (pair_step(pair, until_ns)) {
  }
  if (until_ms >= 0) {
    pair->now_ns = until_ns;
  }
}

void
pair_connect(Pair *pair)
{
  pair->end[0] = tcp_conn_new(&pair->config[0], mss_option(pair, 0), pair->nodelay[0]);
  tcp_conn_connect(pair->end[0], pair->now_ns);
  pump(pair, 0);
}

void
pair_open(Pair *pair)
{
  pair_connect(pair);
  pair_run(pair, -1);
  g_assert_cmpint(tcp_conn_state(pair->end[0]), ==, TCP_ESTABLISHED);
  g_assert_cmpint(tcp_conn_state(pair->end[1]), ==, TCP_ESTABLISHED);
  g_string_truncate(pair->log, 0);
  pair->sent[0] = pair->sent[1] = 0;
}

void
pair_queue(Pair *pair, guint end, gsize n)
{
  guint8 *bytes = tcp_conn_write_buffer(pair->end[end], n);
  for (gsize i = 0; i < n; i++) {
    bytes[i] = pattern(end, pair->written[end] + i);
  }
  pair->written[end] += n;
  tcp_conn_wrote(pair->end[end], pair->now_ns, n);
}

void
pair_write(Pair *pair, guint end, gsize n)
{
  pair_queue(pair, end, n);
  pair_output(pair, end);
}

void
pair_close(Pair *pair, guint end)
{
  tcp_conn_close(pair->end[end], pair->now_ns);
  pair_output(pair, end);
}

void
pair_abort(Pair *pair, guint end)
{
  tcp_conn_abort(pair->end[end], pair->now_ns);
  pair_output(pair, end);
}

void
pair_vanish(Pair *pair, guint end)
{
  g_clear_pointer(&pair->end[end], tcp_conn_free);
  pair->absent[end] = TRUE;
}
