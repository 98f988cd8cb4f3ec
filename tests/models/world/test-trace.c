/* The segments of one message, on a link without chance: what travels when, and what becomes of it.
 */
#include "models/tcp/segment.h"
#include "tests/models/world/kit.h"

#define MS G_GINT64_CONSTANT(1000000)

#define WORLD(link, client, publish)                                                               \
  "[experiment]\ntitle = a message\nwarmup = 10s\nduration = 60s\ndrain = 60s\nrecord = trace\n"   \
  "[link radio]\nrtt = 100ms\n" link "[broker hub]\n"                                              \
  "[client sensor]\nlink = radio\n" client "[client dashboard]\nlink = radio\n"                    \
  "[publish reading]\nclient = sensor\ntopic = reading\nevery = 10s\n" publish                     \
  "[subscribe all]\nclient = dashboard\nfilter = #\n"

typedef struct {
  const char *what, *lost;
  gboolean up, subscriber;
  gint64 after_ns, takes_ns; /* since the one before, or publish(); to its arrival, -1: never */
} Expected;

static Outcome *
trace(const char *text, guint64 id)
{
  g_autoptr(Scenario) scenario = kit_scenario(text);
  RunRequest request = {.seed = 1, .replication = 1, .monitor = TRUE};
  g_autoptr(Outcome) plain = world_run(scenario, &request);
  g_assert_null(plain->travels);
  request.trace_id = id;
  Outcome *outcome = world_run(scenario, &request);
  g_assert_cmpstr(outcome->breach, ==, NULL);
  g_assert_cmphex(outcome->fingerprint, ==, plain->fingerprint);
  return outcome;
}

static gint64
published_ns(const Outcome *outcome, guint64 id)
{
  for (guint i = 0; i < outcome->messages->len; i++) {
    const OutcomeMessage *message = &g_array_index(outcome->messages, OutcomeMessage, i);
    if (message->id == id)
      return message->published_ns;
  }
  g_error("no message %" G_GUINT64_FORMAT, id);
}

static void
assert_travels(const char *text, guint64 id, const Expected *expected, guint n)
{
  g_autoptr(Outcome) outcome = trace(text, id);
  gint64 before_ns = published_ns(outcome, id);
  g_assert_cmpuint(outcome->travels->len, ==, n);
  for (guint i = 0; i < n; i++) {
    const OutcomeTravel *travel = &g_array_index(outcome->travels, OutcomeTravel, i);
    g_assert_cmpstr(travel->what, ==, expected[i].what);
    g_assert_cmpstr(travel->lost, ==, expected[i].lost);
    g_assert_cmpint(travel->up, ==, expected[i].up);
    g_assert_cmpint(travel->subscriber, ==, expected[i].subscriber);
    g_assert_cmpint(travel->client, ==, expected[i].subscriber);
    g_assert_cmpint(travel->at_ns - before_ns, ==, expected[i].after_ns);
    g_assert_cmpint(expected[i].takes_ns < 0 ? G_MAXINT64 : travel->at_ns + expected[i].takes_ns,
                    ==, travel->arrives_ns);
    before_ns = travel->at_ns;
  }
}

static void
test_qos_2(void)
{
  static const Expected expected[] = {
      {"PUBLISH", NULL, TRUE, FALSE, 0, 50 * MS},  {"PUBREC", NULL, FALSE, FALSE, 50 * MS, 50 * MS},
      {"PUBLISH", NULL, FALSE, TRUE, 0, 50 * MS},  {"PUBREL", NULL, TRUE, FALSE, 50 * MS, 50 * MS},
      {"PUBREC", NULL, TRUE, TRUE, 0, 50 * MS},    {"PUBREL", NULL, FALSE, TRUE, 50 * MS, 50 * MS},
      {"PUBCOMP", NULL, FALSE, FALSE, 0, 50 * MS}, {"PUBCOMP", NULL, TRUE, TRUE, 50 * MS, 50 * MS}};
  for (guint64 id = 1; id <= 4; id++)
    assert_travels(WORLD("", "", "qos = 2\n"), id, expected, G_N_ELEMENTS(expected));
}

/* An MTU of 576 leaves 524 bytes beside 12 of options, so 4,000 take eight segments up and down. */
static void
test_large(void)
{
  g_autoptr(Outcome) outcome = trace(WORLD("mtu = 576B\n", "", "qos = 0\nsize = 4000B\n"), 2);
  g_assert_cmpuint(outcome->travels->len, ==, 16);
  for (guint i = 0; i < 16; i++) {
    const OutcomeTravel *travel = &g_array_index(outcome->travels, OutcomeTravel, i);
    g_assert_cmpstr(travel->what, ==, "PUBLISH part");
    g_assert_cmpint(travel->up, ==, i < 8);
  }
}

/* A stack that has nothing but time-outs for what is lost last. */
static void
test_lost(void)
{
  g_autoptr(Outcome) outcome =
      trace(WORLD("", "tcp = rfc6298\n",
                  "qos = 0\n") "[fault deaf]\nwhat = outage\ntarget = radio\nat = 0s\n"
                               "lasts = 11s\ndirection = up\n",
            1);
  guint n = outcome->travels->len;
  const OutcomeTravel *travels = (const OutcomeTravel *)(gpointer)outcome->travels->data;
  g_assert_cmpuint(n, >=, 4);
  for (guint i = 0; i + 2 < n; i++) {
    g_assert_cmpstr(travels[i].what, ==, i == 0 ? "PUBLISH" : "PUBLISH (time-out)");
    g_assert_cmpstr(travels[i].lost, ==, "outage");
    g_assert_cmpint(travels[i].arrives_ns, ==, G_MAXINT64);
  }
  g_assert_cmpstr(travels[n - 2].what, ==, "PUBLISH (time-out)");
  g_assert_null(travels[n - 2].lost);
  g_assert_cmpstr(travels[n - 1].what, ==, "PUBLISH");
  g_assert_true(travels[n - 1].subscriber);
  g_assert_cmpint(travels[n - 1].at_ns, ==, travels[n - 2].arrives_ns);
}

/* The other messages use the same packet identifiers, and none of it is drawn. */
static void
test_of_one_message(void)
{
  g_autoptr(Outcome) outcome = trace(WORLD("", "inflight = 1\n", "qos = 1\n"), 3);
  g_assert_cmpuint(outcome->travels->len, ==, 4);
}

/* Every segment: that of a message, and what opens connections and acknowledges. */
static void
test_segments(void)
{
  static const struct {
    guint seq, ack, payload, flags;
    gboolean up;
    gint64 after_ns;
  } expected[] = {
      {0, 0, 0, TCP_SYN, TRUE, 0},          {0, 1, 0, TCP_SYN | TCP_ACK, FALSE, 50 * MS},
      {1, 1, 0, TCP_ACK, TRUE, 100 * MS},   {1, 1, 23, TCP_PSH | TCP_ACK, TRUE, 100 * MS},
      {1, 24, 0, TCP_ACK, FALSE, 150 * MS}, {1, 24, 5, TCP_PSH | TCP_ACK, FALSE, 150 * MS}};
  g_autoptr(Outcome) outcome = trace(WORLD("", "", "qos = 0\n"), 1);
  gint64 start_ns = 0;
  guint n = 0;
  g_assert_cmpuint(outcome->links->len, ==, 2);
  g_assert_cmpstr(outcome->links->pdata[0], ==, "radio/sensor-1");
  g_assert_cmpstr(outcome->links->pdata[1], ==, "radio/dashboard-1");
  for (guint i = 0; i < outcome->segments->len; i++) {
    const OutcomeSegment *row = &g_array_index(outcome->segments, OutcomeSegment, i);
    g_assert_cmpuint(row->link, ==, row->client);
    g_assert_cmpuint(row->connection, ==, 1);
    g_assert_cmpint(row->arrives_ns, ==, row->at_ns + 50 * MS);
    g_assert_null(row->lost);
    g_assert_null(row->again);
    if (row->client == 0 && n < G_N_ELEMENTS(expected)) {
      start_ns = n == 0 ? row->at_ns : start_ns;
      g_assert_cmpint(row->at_ns, ==, start_ns + expected[n].after_ns);
      g_assert_cmpuint(row->seq, ==, expected[n].seq);
      g_assert_cmpuint(row->ack, ==, expected[n].ack);
      g_assert_cmpuint(row->payload, ==, expected[n].payload);
      g_assert_cmpuint(row->bytes, ==,
                       expected[n].payload + (expected[n].flags & TCP_SYN ? 60 : 52));
      g_assert_cmpuint(row->flags, ==, expected[n].flags);
      g_assert_cmpint(row->up, ==, expected[n].up);
      n++;
    }
  }
  g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
}

/* A crash leaves the kernel to say FIN, again and again into an outage; the loss of power that
 * follows takes that socket too, though another process runs soon after: what still comes for it is
 * answered with resets. */
static void
test_orphan_loses_power(void)
{
  g_autoptr(Outcome) outcome =
      trace(WORLD("", "", "qos = 0\n") "[fault deaf]\nwhat = outage\ntarget = radio\nat = 9s\n"
                                       "lasts = 20s\n"
                                       "[fault oops]\nwhat = crash\ntarget = sensor\nat = 10s\n"
                                       "lasts = 20ms\n"
                                       "[fault dark]\nwhat = power-loss\ntarget = sensor\n"
                                       "at = 11s\nlasts = 100ms\n",
            1);
  guint fins = 0, later = 0;
  for (guint i = 0; i < outcome->segments->len; i++) {
    const OutcomeSegment *row = &g_array_index(outcome->segments, OutcomeSegment, i);
    if (row->client == 0 && row->connection == 1 && row->up && row->at_ns >= 10000 * MS) {
      fins += (row->flags & TCP_FIN) != 0;
      later += row->at_ns > 11000 * MS && !(row->flags & TCP_RST);
    }
  }
  g_assert_cmpuint(fins, >=, 2);
  g_assert_cmpuint(later, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/trace/qos-2", test_qos_2);
  g_test_add_func("/trace/large", test_large);
  g_test_add_func("/trace/lost", test_lost);
  g_test_add_func("/trace/of-one-message", test_of_one_message);
  g_test_add_func("/trace/segments", test_segments);
  g_test_add_func("/trace/orphan-loses-power", test_orphan_loses_power);
  return g_test_run();
}
