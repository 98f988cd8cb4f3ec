/* Processes that die at any moment, in every way, with every kind of store, in worlds drawn from a
 * number. Whatever is kept, fates add up and nobody breaks a rule of the wire. Where everybody who
 * dies comes back with what his acknowledgements rested on, nothing that was told success is lost
 * above QoS 0, and QoS 2 arrives once. */
#include "tests/models/world/draw.h"

enum { WORLDS = 50, FAULTS_MIN = 4, FAULTS_MAX = 10, SECONDS = 40 };

enum { SENSOR, DASHBOARD, HUB, PARTIES };
static const char *const parties[PARTIES] = {"sensor", "dashboard", "hub"};

typedef struct {
  gboolean stores;      /* what an orderly stop leaves is whole */
  gboolean promises;    /* so is what any other end leaves, as far as it was acknowledged */
  guint restarts, ends; /* of them orderly, of any kind */
} Party;

typedef struct {
  GString *text;
  Party parties[PARTIES];
} Drawn;

static guint fault_events, kept_worlds;

static void
add_store(GRand *rand, Drawn *drawn, guint party, gboolean promises)
{
  Party *p = &drawn->parties[party];
  const char *store =
      promises ? PICK(rand, "every-change(2ms)", "every-change(exponential(200ms))")
               : PICK(rand, "none", "snapshot(7s)", "snapshot(1h)", "every-change(50ms)");
  const char *ack = promises ? "yes" : PICK(rand, "yes", "no");
  p->stores = !g_str_equal(store, "none");
  p->promises = g_str_has_prefix(store, "every-change") && g_str_equal(ack, "yes");
  g_string_append_printf(drawn->text, "store = %s\nack_after_store = %s\n", store, ack);
  if (draw_maybe(rand))
    g_string_append(drawn->text, "qos2_receiver = on-pubrel\n");
  if (draw_maybe(rand))
    g_string_append_printf(drawn->text, "inflight = %s\n", PICK(rand, "1", "3", "20"));
}

static void
add_client(GRand *rand, Drawn *drawn, guint party, gboolean promises)
{
  const char *protocol = PICK(rand, "mqtt5", "mqtt311");
  g_string_append_printf(drawn->text, "[client %s]\ncount = %d\nlink = radio\nprotocol = %s\n",
                         parties[party], g_rand_int_range(rand, 1, 4), protocol);
  /* A session that Clean Session began in 3.1.1 ends with its connection. */
  g_string_append_printf(drawn->text, "clean_start = %s\n",
                         protocol[4] == '5' ? PICK(rand, "no", "first") : "no");
  if (protocol[4] == '5')
    g_string_append_printf(drawn->text, "session_expiry = %s\nreceive_maximum = %s\n",
                           PICK(rand, "1h", "never"), PICK(rand, "2", "65535"));
  g_string_append_printf(drawn->text, "keep_alive = %s\nreconnect = %s\n", PICK(rand, "10s", "60s"),
                         PICK(rand, "100ms", "exponential(2s)", "backoff(500ms, max=5s)"));
  if (draw_maybe(rand))
    g_string_append_printf(drawn->text, "ack_timeout = 20s\non_ack_timeout = %s\n",
                           PICK(rand, "report", "resend", "reconnect"));
  add_store(rand, drawn, party, promises);
}

/* Both ways and at each QoS, so that every process is sender and receiver. */
static void
add_messages(GRand *rand, Drawn *drawn)
{
  for (guint qos = 0; qos <= 2; qos++) {
    const char *every = PICK(rand, "200ms", "exponential(500ms)", "2s");
    g_string_append_printf(drawn->text,
                           "[publish up%u]\nclient = sensor\ntopic = up/{client}\nqos = %u\n"
                           "every = %s\nsize = %s\n",
                           qos, qos, every, PICK(rand, "8B", "100B", "3kB"));
    g_string_append_printf(drawn->text,
                           "[publish down%u]\nclient = dashboard\ntopic = down/{any sensor}\n"
                           "qos = %u\nevery = %s\n",
                           qos, qos, every);
  }
  g_string_append(drawn->text, "[subscribe ups]\nclient = dashboard\nfilter = up/#\n"
                               "[subscribe downs]\nclient = sensor\nfilter = down/{client}\n");
}

static void
add_faults(GRand *rand, Drawn *drawn)
{
  guint n = (guint)g_rand_int_range(rand, FAULTS_MIN, FAULTS_MAX + 1);
  for (guint i = 0; i < n; i++) {
    guint party = (guint)g_rand_int_range(rand, 0, PARTIES);
    const char *what = PICK(rand, "crash", "restart", "power-loss");
    drawn->parties[party].ends++;
    drawn->parties[party].restarts += g_str_equal(what, "restart");
    g_string_append_printf(drawn->text,
                           "[fault f%u]\nwhat = %s\ntarget = %s\nshare = %s\nat = %dus\n"
                           "lasts = %s\n",
                           i, what, parties[party],
                           party == HUB ? "100%" : PICK(rand, "1%", "50%", "100%"),
                           g_rand_int_range(rand, 0, SECONDS * 1000000),
                           PICK(rand, "0s", "200ms", "3s", "exponential(5s)"));
  }
  fault_events += n;
}

static Drawn *
draw_world(guint32 number)
{
  GRand *rand = g_rand_new_with_seed(number);
  Drawn *drawn = g_new0(Drawn, 1);
  gboolean promises = draw_maybe(rand);
  drawn->text = g_string_new(NULL);
  g_string_printf(drawn->text,
                  "[experiment]\ntitle = crashes\nwarmup = 10s\nduration = %ds\ndrain = 24h\n"
                  "[link radio]\nrtt = %s\nloss = %s\n[broker hub]\n",
                  SECONDS, PICK(rand, "0s", "20ms", "300ms", "2s"), PICK(rand, "0%", "1%", "5%"));
  if (draw_maybe(rand))
    g_string_append_printf(drawn->text, "process = %s\n", PICK(rand, "1ms", "exponential(10ms)"));
  add_store(rand, drawn, HUB, promises);
  add_client(rand, drawn, SENSOR, promises);
  add_client(rand, drawn, DASHBOARD, promises);
  add_messages(rand, drawn);
  add_faults(rand, drawn);
  g_rand_free(rand);
  return drawn;
}

/* Everybody who dies comes back with all that others may rely on. */
static gboolean
is_kept(const Drawn *drawn)
{
  for (guint i = 0; i < PARTIES; i++) {
    const Party *p = &drawn->parties[i];
    if (p->ends > 0 && !p->promises && !(p->stores && p->restarts == p->ends))
      return FALSE;
  }
  return TRUE;
}

static void
check_kept(guint32 number, const Drawn *drawn, const Outcome *outcome)
{
  for (guint i = 0; i < outcome->elements->len; i++) {
    const OutcomeElement *element = outcome->elements->pdata[i];
    const double *c = element->counters;
    if (element->of != OF_PUBLISH || g_str_has_suffix(element->name, "0"))
      continue;
    for (guint cause = 0; cause < CAUSE_N; cause++) {
      double lost = c[COUNT_LOST_CAUSE + cause], silent = c[COUNT_SILENT_CAUSE + cause];
      /* publish() returns before its write is done; and the broker need not have what came of it
       * before the publisher died. */
      if (lost > 0 &&
          (silent > 0 || (cause != CAUSE_PUBLISHER_STATE_LOST && cause != CAUSE_BROKER_STATE_LOST)))
        draw_fail(number, drawn->text->str, "%s: %g lost by %s, %g of them silently", element->name,
                  lost, cause_name((Cause)cause), silent);
    }
    if (c[COUNT_PENDING] > 0)
      draw_fail(number, drawn->text->str, "%s: %g pending", element->name, c[COUNT_PENDING]);
    if (g_str_has_suffix(element->name, "2") && c[COUNT_DUPLICATED] > 0)
      draw_fail(number, drawn->text->str, "%s: %g twice", element->name, c[COUNT_DUPLICATED]);
  }
}

static void
try_world(guint32 number)
{
  Drawn *drawn = draw_world(number);
  g_autoptr(Outcome) outcome = draw_run(number, drawn->text->str);
  if (is_kept(drawn)) {
    kept_worlds++;
    check_kept(number, drawn, outcome);
  }
  g_string_free(drawn->text, TRUE);
  g_free(drawn);
}

static void
test_random_crashes(void)
{
  draw_worlds(WORLDS, try_world);
  g_test_message("%u ends of processes, nothing may be missing in %u worlds", fault_events,
                 kept_worlds);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/random-crashes/promises-hold", test_random_crashes);
  return g_test_run();
}
