/* What spec_check() finds: a good scenario, and one change to it for each finding. */
#include <string.h>

#include "models/spec/spec_model.h"
#include "tests/models/spec/values.h"

static Section *
add(Scenario *scenario, const char *kind, const char *name)
{
  return values_section(scenario, spec_kind(spec_model_kinds, kind), name);
}

static Section *
get(Scenario *scenario, const char *name)
{
  Section *section = (Section *)scenario_section(scenario, name);

  g_assert_nonnull(section);
  return section;
}

/* Sensors report over a radio link to a dashboard; nothing in it defeats itself. */
static Scenario *
good_scenario(void)
{
  Scenario *scenario = scenario_new();
  Section *section;

  scenario->warmup_ns = G_GINT64_CONSTANT(120000000000);
  section = add(scenario, "link", "radio");
  values_set(section, "rate", "100kbit/s");
  values_set(section, "rtt", "300ms");
  values_set(section, "outage_every", "exponential(20min)");
  values_set(section, "outage_lasts", "4s");
  add(scenario, "link", "perfect");
  add(scenario, "broker", "hub");
  section = add(scenario, "client", "sensor");
  values_set(section, "count", "50");
  values_set(section, "link", "radio");
  values_set(section, "clean_start", "no");
  values_set(section, "session_expiry", "1d");
  add(scenario, "client", "dashboard");
  section = add(scenario, "publish", "reading");
  values_set(section, "client", "sensor");
  values_set(section, "topic", "fleet/{client}/reading");
  values_set(section, "qos", "1");
  values_set(section, "every", "10s");
  section = add(scenario, "subscribe", "all");
  values_set(section, "client", "dashboard");
  values_set(section, "filter", "fleet/#");
  return scenario;
}

typedef struct {
  const char *name;          /* of the case */
  const char *changes[4][3]; /* section, key, text */
  const char *section, *key; /* that the finding is about */
  gboolean error;
  const char *says; /* part of its message */
} Case;

static const Case cases[] = {
    {"rtt-and-delay",
     {{"radio", "delay", "5ms"}},
     "radio",
     "delay",
     TRUE,
     "rtt exclude each other"},
    {"rtt-and-down-delay",
     {{"radio", "down_delay", "5ms"}},
     "radio",
     "down_delay",
     TRUE,
     "rtt exclude each other"},
    {"two-outages",
     {{"radio", "outage_gap", "10min"}},
     "radio",
     "outage_gap",
     TRUE,
     "exclude each other"},
    {"gilbert-impossible",
     {{"radio", "loss", "gilbert(mean=50%, burst=1s, loss_bad=40%)"}},
     "radio",
     "loss",
     TRUE,
     "between"},
    {"nat-below-keep-alive",
     {{"radio", "nat_timeout", "30s"}, {"reading", "every", "exponential(10s)"}},
     "sensor",
     "keep_alive",
     FALSE,
     "nat_timeout of [link radio], 30 s"},
    {"nat-without-session",
     {{"radio", "nat_timeout", "5s"},
      {"radio", "outage_every", "never"},
      {"sensor", "clean_start", "yes"},
      {"sensor", "session_expiry", "0s"}},
     "sensor",
     "clean_start",
     FALSE,
     "is lost"},
    {"will-in-311",
     {{"sensor", "protocol", "mqtt311"}, {"sensor", "goodbye", "with-will"}},
     "sensor",
     "goodbye",
     TRUE,
     "no reason"},
    {"no-will", {{"sensor", "goodbye", "with-will"}}, "sensor", "goodbye", FALSE, "no will"},
    {"disconnect-expiry-in-311",
     {{"sensor", "protocol", "mqtt311"}, {"sensor", "disconnect_expiry", "1s"}},
     "sensor",
     "disconnect_expiry",
     TRUE,
     "no properties"},
    {"disconnect-expiry-of-none",
     {{"sensor", "session_expiry", "0s"}, {"sensor", "disconnect_expiry", "1s"}},
     "sensor",
     "disconnect_expiry",
     TRUE,
     "cannot be kept"},
    {"quirk-and-limits",
     {{"sensor", "quirks", "ignores-connack"}, {"hub", "receive_maximum", "20"}},
     "sensor",
     "quirks",
     FALSE,
     "receive_maximum of [broker hub]"},
    {"quirk-and-qos2",
     {{"dashboard", "quirks", "keeps-each-copy"},
      {"dashboard", "qos2_receiver", "on-pubrel"},
      {"all", "qos", "2"}},
     "dashboard",
     "quirks",
     FALSE,
     "twice"},
    {"queue-below-packet", {{"radio", "up_queue", "1kB"}}, "radio", "up_queue", FALSE, "1500 B"},
    {"always-out",
     {{"radio", "outage_lasts", "30min"}},
     "radio",
     "outage_lasts",
     FALSE,
     "hardly ever up"},
    {"overload-up", {{"reading", "every", "10ms"}}, "radio", "rate", FALSE, "kbit/s up"},
    {"overload-up-shared",
     {{"radio", "shared", "yes"}, {"reading", "every", "500ms"}},
     "radio",
     "rate",
     FALSE,
     "kbit/s up"},
    {"overload-down",
     {{"dashboard", "link", "radio"}, {"reading", "every", "500ms"}},
     "radio",
     "rate",
     FALSE,
     "kbit/s down"},
    {"no-interval-of-outages",
     {{"radio", "outage_every", "0s"}},
     "radio",
     "outage_every",
     TRUE,
     "above 0s"},
    {"no-interval-of-messages", {{"reading", "every", "0s"}}, "reading", "every", TRUE, "above 0s"},
    {"larger-than-a-packet", {{"reading", "size", "1GB"}}, "reading", "size", TRUE, "268 435 455"},
    {"expiry-in-311",
     {{"sensor", "protocol", "mqtt311"}},
     "sensor",
     "session_expiry",
     FALSE,
     "nothing in mqtt311"},
    {"session-of-no-length",
     {{"sensor", "session_expiry", "0s"}},
     "sensor",
     "session_expiry",
     FALSE,
     "finds none"},
    {"session-discarded",
     {{"sensor", "clean_start", "yes"}},
     "sensor",
     "clean_start",
     FALSE,
     "MQTT-3.1.2-4"},
    {"first-in-mqtt311",
     {{"sensor", "protocol", "mqtt311"},
      {"sensor", "session_expiry", "0s"},
      {"sensor", "clean_start", "first"}},
     "sensor",
     "clean_start",
     FALSE,
     "from the second one on"},
    {"qos-without-session",
     {{"sensor", "clean_start", "yes"}, {"sensor", "session_expiry", "0s"}},
     "sensor",
     "clean_start",
     FALSE,
     "yes with QoS 1"},
    {"ack-timeout-below-rtt",
     {{"sensor", "ack_timeout", "90ms"}},
     "sensor",
     "ack_timeout",
     FALSE,
     "below the round trip of 300"},
    {"resend-in-5",
     {{"sensor", "ack_timeout", "1s"}, {"sensor", "on_ack_timeout", "resend"}},
     "sensor",
     "on_ack_timeout",
     FALSE,
     "mqtt5 forbids it [MQTT-4.4.0-1]; legal"},
    {"resend-in-311",
     {{"sensor", "ack_timeout", "1s"},
      {"sensor", "on_ack_timeout", "resend"},
      {"sensor", "session_expiry", "0s"},
      {"sensor", "protocol", "mqtt311"}},
     "sensor",
     "on_ack_timeout",
     FALSE,
     "legal in mqtt311"},
    {"connect-timeout-below-rtt",
     {{"sensor", "connect_timeout", "500ms"}},
     "sensor",
     "connect_timeout",
     FALSE,
     "hardly ever connect"},
    {"backoff-shrinks",
     {{"sensor", "reconnect", "backoff(10s, max=1s)"}},
     "sensor",
     "reconnect",
     TRUE,
     "max is below"},
    {"start-behind-warmup",
     {{"dashboard", "start", "5min"}},
     "dashboard",
     "start",
     TRUE,
     "warm-up"},
    {"connect-herd",
     {{"sensor", "start", "1s"}},
     "sensor",
     "start",
     FALSE,
     "50 clients connect in one instant"},
    {"deaf", {{"sensor", "keep_alive", "never"}}, "sensor", "keep_alive", FALSE, "does not notice"},
    {"publish-herd", {{"reading", "start", "1s"}}, "reading", "start", FALSE, "in every later one"},
    {"publish-herd-once",
     {{"reading", "start", "1s"}, {"reading", "every", "exponential(10s)"}},
     "reading",
     "start",
     FALSE,
     "50 clients publish for the first time in one instant"},
    {"nobody-listens",
     {{"all", "filter", "flett/#"}},
     "reading",
     "topic",
     FALSE,
     "no subscription"},
    {"wildcard-topic", {{"reading", "topic", "fleet/+"}}, "reading", "topic", TRUE, "MQTT-3.3.2-2"},
    {"any-in-filter",
     {{"all", "filter", "fleet/{any sensor}"}},
     "all",
     "filter",
     TRUE,
     "not what is subscribed to"},
    {"hash-inside", {{"all", "filter", "#/reading"}}, "all", "filter", TRUE, "MQTT-4.7.1-1"},
    {"plus-inside", {{"all", "filter", "fleet/a+/reading"}}, "all", "filter", TRUE, "MQTT-4.7.1-2"},
    {"share-without-filter",
     {{"all", "filter", "$share/group"}},
     "all",
     "filter",
     TRUE,
     "$share/NAME/FILTER"},
    {"share-without-name",
     {{"all", "filter", "$share//fleet/#"}},
     "all",
     "filter",
     TRUE,
     "MQTT-4.8.2-1"},
    {"share-with-wildcard",
     {{"all", "filter", "$share/+/fleet/#"}},
     "all",
     "filter",
     TRUE,
     "MQTT-4.8.2-2"},
    {"share-with-nothing",
     {{"all", "filter", "$share/group/"}},
     "all",
     "filter",
     TRUE,
     "MQTT-4.8.2-2"},
    {"share-no-local",
     {{"all", "filter", "$share/group/fleet/#"}, {"all", "no_local", "yes"}},
     "all",
     "no_local",
     TRUE,
     "MQTT-3.8.3-4"},
    {"retain-unavailable",
     {{"hub", "retain_available", "no"}, {"reading", "retain", "yes"}},
     "reading",
     "retain",
     FALSE,
     "MQTT-3.2.2-14"},
    {"qos-above-maximum", {{"hub", "maximum_qos", "0"}}, "reading", "qos", FALSE, "MQTT-3.2.2-11"},
    {"too-large",
     {{"hub", "maximum_packet_size", "100B"}},
     "reading",
     "size",
     FALSE,
     "MQTT-3.2.2-15"},
};

static GPtrArray *
check(const Scenario *scenario)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);

  spec_check(scenario, findings);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);

    g_test_message("%s: %s.%s: %s", finding->error ? "error" : "note", finding->section,
                   finding->key, finding->message);
  }
  return findings;
}

/* Once, no more. */
static void
assert_finds(const GPtrArray *findings, const char *section, const char *key, gboolean error,
             const char *says)
{
  guint n = 0;

  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);

    if (strcmp(finding->section, section) == 0 && strcmp(finding->key, key) == 0 &&
        strstr(finding->message, says)) {
      g_assert_true(finding->error == error);
      n++;
    }
  }
  g_assert_cmpuint(n, ==, 1);
}

static void
test_good(void)
{
  g_autoptr(Scenario) scenario = good_scenario();
  g_autoptr(GPtrArray) findings = check(scenario);

  g_assert_cmpuint(findings->len, ==, 0);
}

/* A NAT that the streams of the group keep awake, or its PINGREQs do. */
static void
test_quiet_nat(void)
{
  static const char *const rows[][3] = {{"30s", "10s", "60s"},
                                        {"70s", "exponential(10s)", "60s"},
                                        {"never", "exponential(10s)", "never"}};

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = good_scenario();

    values_set(get(scenario, "radio"), "nat_timeout", rows[i][0]);
    values_set(get(scenario, "reading"), "every", rows[i][1]);
    values_set(get(scenario, "sensor"), "keep_alive", rows[i][2]);

    g_autoptr(GPtrArray) findings = check(scenario);

    for (guint k = 0; k < findings->len; k++)
      g_assert_null(strstr(((Finding *)g_ptr_array_index(findings, k))->message, "nat_timeout"));
  }
}

static void
test_case(gconstpointer data)
{
  const Case *test = data;
  g_autoptr(Scenario) scenario = good_scenario();

  for (guint i = 0; i < 4 && test->changes[i][0]; i++)
    values_set(get(scenario, test->changes[i][0]), test->changes[i][1], test->changes[i][2]);

  g_autoptr(GPtrArray) findings = check(scenario);

  assert_finds(findings, test->section, test->key, test->error, test->says);
}

/* A crash of the broker ends connections, which the dashboard's QoS 2 without a session does not
 * survive. */
static void
test_faults(void)
{
  static const struct {
    const char *what, *target, *key, *text, *finding;
    gboolean error;
    const char *says;
  } rows[] = {
      {"outage", "hub", "lasts", "1s", "what", TRUE, "of a link"},
      {"crash", "each radio", "lasts", "1s", "what", TRUE, "of a broker or a client"},
      {"crash", "hub", "direction", "up", "direction", FALSE, "an effect on an outage only"},
      {"outage", "each radio", "lasts", "0s", "lasts", FALSE, "stops nothing"},
      {"outage", "radio", "gap", "10min", "gap", TRUE, "exclude each other"},
      {"crash", "hub", "every", "0s", "every", TRUE, "above 0s"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = good_scenario();
    Section *fault = add(scenario, "fault", "bang");

    values_set(fault, "what", rows[i].what);
    values_set(fault, "target", rows[i].target);
    if (strcmp(rows[i].key, "gap") == 0)
      values_set(fault, "every", "1h");
    values_set(fault, rows[i].key, rows[i].text);

    g_autoptr(GPtrArray) findings = check(scenario);

    assert_finds(findings, "bang", rows[i].finding, rows[i].error, rows[i].says);
    if (strcmp(rows[i].target, "hub") == 0)
      assert_finds(findings, "dashboard", "clean_start", FALSE, "yes with QoS 2");
  }
}

/* Stores that do not keep what they seem to, and beside each one that does. */
static void
test_stores(void)
{
  static const char snapshot[] = "snapshot(1min)", change[] = "every-change(5ms)";
  static const struct {
    const char *changes[5][3];
    const char *what, *target, *interval, *every; /* of a fault; NULL: none */
    const char *section, *key, *says;             /* NULL: nothing is noted */
  } rows[] = {
      {{{"hub", "store", "none"}, {"hub", "ack_after_store", "no"}},
       NULL,
       NULL,
       NULL,
       NULL,
       "hub",
       "ack_after_store",
       "says nothing"},
      {{{"hub", "store", change}, {"hub", "ack_after_store", "no"}},
       "crash",
       "hub",
       "every",
       "5min"},
      {{{"sensor", "store", change}}, "crash", "sensor", "every", "5min"},
      {{{"sensor", "store", change},
        {"sensor", "session_expiry", "0s"},
        {"sensor", "clean_start", "yes"},
        {"reading", "qos", "0"}},
       "restart",
       "sensor",
       "every",
       "5min",
       "sensor",
       "store",
       "clean_start = yes ends at each connection"},
      {{{"sensor", "store", change},
        {"sensor", "session_expiry", "0s"},
        {"sensor", "clean_start", "yes"},
        {"reading", "qos", "0"},
        {"sensor", "session_present", "ignore"}},
       "restart",
       "sensor",
       "every",
       "5min"},
      {{{"sensor", "store", change},
        {"sensor", "session_expiry", "0s"},
        {"sensor", "clean_start", "yes"},
        {"reading", "qos", "0"}}},
      {{{"dashboard", "store", change}, {"dashboard", "clean_start", "no"}},
       "crash",
       "dashboard",
       "every",
       "5min",
       "dashboard",
       "store",
       "session_expiry = 0s ends at each connection"},
      {{{"hub", "store", change},
        {"sensor", "session_expiry", "0s"},
        {"sensor", "clean_start", "yes"},
        {"reading", "qos", "0"}},
       "crash",
       "hub",
       "every",
       "5min",
       "hub",
       "store",
       "store keeps nothing"},
      {{{"hub", "store", change},
        {"sensor", "session_expiry", "0s"},
        {"sensor", "clean_start", "yes"},
        {"reading", "qos", "0"},
        {"reading", "retain", "yes"}},
       "crash",
       "hub",
       "every",
       "5min"},
      {{{"hub", "store", change},
        {"sensor", "session_expiry", "0s"},
        {"sensor", "clean_start", "yes"},
        {"reading", "qos", "0"}}},
      {{{"sensor", "store", snapshot}}},
      {{{"sensor", "store", snapshot}}, "crash", "each sensor", "every", "5min"},
      {{{"sensor", "store", snapshot}}, "restart", "each sensor", "every", "10s"},
      {{{"sensor", "store", snapshot}},
       "crash",
       "each sensor",
       "every",
       "exponential(30s)",
       "sensor",
       "store",
       "[fault bang] ends a process every 30 s, mostly before"},
      {{{"sensor", "store", snapshot}},
       "power-loss",
       "each sensor",
       "gap",
       "40s",
       "sensor",
       "store",
       "ends a process every 40 s"},
      {{{"sensor", "store", snapshot}, {"reading", "qos", "2"}},
       "crash",
       "sensor",
       "every",
       "5min",
       "sensor",
       "store",
       "QoS 2 identifiers of 30 s"},
      {{{"sensor", "store", change}, {"reading", "qos", "2"}}, "crash", "sensor", "every", "5min"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = good_scenario();

    for (guint k = 0; k < G_N_ELEMENTS(rows[i].changes) && rows[i].changes[k][0]; k++)
      values_set(get(scenario, rows[i].changes[k][0]), rows[i].changes[k][1],
                 rows[i].changes[k][2]);
    if (rows[i].what) {
      Section *fault = add(scenario, "fault", "bang");

      values_set(fault, "what", rows[i].what);
      values_set(fault, "target", rows[i].target);
      values_set(fault, rows[i].interval, rows[i].every);
    }
    g_test_message("row %" G_GSIZE_FORMAT, i);

    g_autoptr(GPtrArray) findings = check(scenario);

    guint about = 0;
    for (guint k = 0; k < findings->len; k++) {
      const Finding *finding = g_ptr_array_index(findings, k);
      about += strcmp(finding->key, "store") == 0 || strcmp(finding->key, "ack_after_store") == 0;
    }
    g_assert_cmpuint(about, ==, rows[i].section ? 1 : 0);
    if (rows[i].section)
      assert_finds(findings, rows[i].section, rows[i].key, FALSE, rows[i].says);
  }
}

/* A broker goes back as well; a crash of a share of the sensors comes to each that much more
 * rarely.
 */
static void
test_snapshots(void)
{
  g_autoptr(Scenario) scenario = good_scenario();
  Section *broker = add(scenario, "fault", "bang"), *few = add(scenario, "fault", "few");

  values_set(get(scenario, "hub"), "store", "snapshot(5min)");
  values_set(get(scenario, "sensor"), "store", "snapshot(5min)");
  values_set(broker, "what", "crash");
  values_set(broker, "target", "hub");
  values_set(broker, "at", "1h");
  values_set(few, "what", "crash");
  values_set(few, "target", "sensor");
  values_set(few, "every", "1min");
  values_set(few, "share", "50%");

  g_autoptr(GPtrArray) findings = check(scenario);

  assert_finds(findings, "hub", "store", FALSE, "150 s of messages on average");
  assert_finds(findings, "sensor", "store", FALSE, "ends a process every 2 min");
}

/* The dashboard has one already. */
/* Who is told DISCONNECT, and takes it for the end. */
static void
test_final_restart(void)
{
  static const struct {
    const char *what, *quirks;
    gboolean final;
  } rows[] = {
      {"restart", "none", TRUE}, {"restart", "silent-close", FALSE}, {"crash", "none", FALSE}};

  for (guint row = 0; row < G_N_ELEMENTS(rows); row++) {
    g_autoptr(Scenario) scenario = good_scenario();
    Section *fault = add(scenario, "fault", "stop");

    values_set(get(scenario, "sensor"), "quirks", "unknown-id-unsaid, error-is-final");
    values_set(get(scenario, "hub"), "quirks", rows[row].quirks);
    values_set(fault, "what", rows[row].what);
    values_set(fault, "target", "each hub");
    values_set(fault, "lasts", "1s");

    g_autoptr(GPtrArray) findings = check(scenario);

    gboolean found = FALSE;
    for (guint i = 0; i < findings->len; i++)
      found |= strcmp(((Finding *)g_ptr_array_index(findings, i))->key, "quirks") == 0;
    g_assert_cmpint(found, ==, rows[row].final);
    if (found)
      assert_finds(findings, "sensor", "quirks", FALSE, "never connect again");
  }
}

static void
test_subscriptions(void)
{
  for (guint more = 63; more <= 65; more++) {
    g_autoptr(Scenario) scenario = good_scenario();

    for (guint i = 1; i <= more; i++) {
      g_autofree char *name = g_strdup_printf("more-%u", i);
      Section *subscribe = add(scenario, "subscribe", name);

      values_set(subscribe, "client", "dashboard");
      values_set(subscribe, "filter", name);
    }

    g_autoptr(GPtrArray) findings = check(scenario);

    g_assert_cmpuint(findings->len, ==, more > 63);
    if (more > 63)
      assert_finds(findings, "more-64", "client", TRUE, "at most 64 [subscribe] sections");
  }
}

/* Shared subscriptions and placeholders on both sides are matched as the broker will. */
static void
test_matching(void)
{
  static const struct {
    const char *topic, *filter;
    gboolean heard;
  } rows[] = {
      {"fleet/{client}/reading", "$share/workers/fleet/+/reading", TRUE},
      {"fleet/{client}/reading", "fleet/{client}/reading", TRUE},
      {"control/{any sensor}", "control/{client}", TRUE},
      {"fleet/{client}", "fleet/{client}/#", TRUE},
      {"fleet/{client}", "fleet/+/+", FALSE},
      {"fleet/{client}/x", "fleet/+", FALSE},
      {"$sys/{n}", "#", FALSE},
      {"$sys/{n}", "$sys/#", TRUE},
      {"a", "b", FALSE},
      {"a//b", "a/+/b", TRUE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = good_scenario();

    values_set(get(scenario, "reading"), "topic", rows[i].topic);
    values_set(get(scenario, "all"), "filter", rows[i].filter);
    g_test_message("%s, %s", rows[i].topic, rows[i].filter);

    g_autoptr(GPtrArray) findings = check(scenario);

    g_assert_cmpuint(findings->len, ==, rows[i].heard ? 0 : 1);
  }
}

/* The first experiment of the manual: an acknowledgement timer below the round trip, in 3.1.1.
 * Nothing is noted but what it asks about. */
static void
test_timeout_sweep(void)
{
  g_autoptr(Scenario) scenario = good_scenario();
  Section *radio = get(scenario, "radio"), *sensor = get(scenario, "sensor");

  values_set(radio, "rate", "unlimited");
  values_set(radio, "loss", "2%");
  values_set(sensor, "protocol", "mqtt311");
  values_set(sensor, "session_expiry", "0s");
  values_set(sensor, "reconnect", "backoff(1s, max=60s, jitter=50%)");
  values_set(sensor, "ack_timeout", "90ms");
  values_set(sensor, "on_ack_timeout", "resend");

  g_autoptr(GPtrArray) findings = check(scenario);

  g_assert_cmpuint(findings->len, ==, 2);
  assert_finds(findings, "sensor", "ack_timeout", FALSE, "below the round trip");
  assert_finds(findings, "sensor", "on_ack_timeout", FALSE, "legal in mqtt311");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/spec/check/good", test_good);
  g_test_add_func("/spec/check/quiet-nat", test_quiet_nat);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/spec/check/%s", cases[i].name);

    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/spec/check/timeout-sweep", test_timeout_sweep);
  g_test_add_func("/spec/check/faults", test_faults);
  g_test_add_func("/spec/check/stores", test_stores);
  g_test_add_func("/spec/check/snapshots", test_snapshots);
  g_test_add_func("/spec/check/subscriptions", test_subscriptions);
  g_test_add_func("/spec/check/final-restart", test_final_restart);
  g_test_add_func("/spec/check/matching", test_matching);
  return g_test_run();
}
