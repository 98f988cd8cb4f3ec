#include "tests/sim/study/model.h"

#include <string.h>

static const char *const never[] = {"never", NULL};
static const char *const unlimited[] = {"unlimited", NULL};
static const char *const clean_starts[] = {"yes", "no", "first", NULL};
static const char *const protocols[] = {"mqtt5", "mqtt311", NULL};
static const char *const policies[] = {"report", "resend", "republish", "reconnect", NULL};
static const char *const starts[] = {"spread", NULL};
static const char *const orders[] = {"fifo", "free", NULL};
static const char *const whats[] = {"outage", "crash", NULL};
static const char *const none[] = {"none", NULL};

static const ParamSpec gilbert[] = {
    {"mean", PARAM_RATIO, .low = "0%", .high = "100%", .flags = PARAM_REQUIRED},
    {"burst", PARAM_TIME, .low = "1us", .flags = PARAM_REQUIRED},
    {"loss_bad", PARAM_RATIO, "100%", "0%", "100%"},
    {NULL}};
static const CallSpec losses[] = {{"gilbert", gilbert}, {NULL}};
static const ParamSpec backoff[] = {{"first", PARAM_TIME, .low = "1ms", .flags = PARAM_REQUIRED},
                                    {"max", PARAM_TIME, "2min", "1ms"},
                                    {"jitter", PARAM_RATIO, "0%", "0%", "100%"},
                                    {NULL}};
static const CallSpec backoffs[] = {{"backoff", backoff}, {NULL}};
static const ParamSpec write[] = {{"latency", PARAM_DIST, .flags = PARAM_REQUIRED}, {NULL}};
static const CallSpec stores[] = {{"every-change", write}, {NULL}};

static const ParamSpec link_params[] = {
    {"rate", PARAM_RATE, "unlimited", "1bit/s", "1000Gbit/s", .words = unlimited},
    {"delay", PARAM_DIST, "0s", "0s", "1h"},
    {"rtt", PARAM_DIST},
    {"mtu", PARAM_SIZE, "1500B", "68B", "65535B"},
    {"queue", PARAM_QUEUE, "1000 packets", "1 packets", .words = unlimited},
    {"loss", PARAM_RATIO, "0%", "0%", "100%", .calls = losses},
    {"order", PARAM_WORD, "fifo", .words = orders},
    {"outage_every", PARAM_DIST, "never", .words = never},
    {"outage_lasts", PARAM_DIST, "1s"},
    {"shared", PARAM_FLAG, "no"},
    {NULL}};
static const ParamSpec tcp_params[] = {{"rto_min", PARAM_TIME, "200ms", "1ms", "1h"}, {NULL}};
static const ParamSpec broker_params[] = {
    {"tcp", PARAM_REF, "linux", .refers = "tcp"},
    {"queue", PARAM_INT, "unlimited", "0", .words = unlimited},
    {"store", PARAM_CALL, "none", .words = none, .calls = stores},
    {NULL}};
static const ParamSpec client_params[] = {
    {"count", PARAM_INT, "1", "1", "10000000"},
    {"broker", PARAM_REF, .refers = "broker"},
    {"link", PARAM_PATH, "perfect", .refers = "link"},
    {"tcp", PARAM_REF, "linux", .refers = "tcp"},
    {"protocol", PARAM_WORD, "mqtt5", .words = protocols},
    {"keep_alive", PARAM_TIME, "60s", "1s", "65535s", .words = never, .grain = "1s",
     .why = "two bytes on the wire"},
    {"ack_timeout", PARAM_TIME, "never", "1ms", "1y", .words = never, .flags = PARAM_RTT},
    {"on_ack_timeout", PARAM_WORD, "report", .words = policies},
    {"ack_backoff", PARAM_NUMBER, "1", "1", "10"},
    {"clean_start", PARAM_WORD, "yes", .words = clean_starts},
    {"session_expiry", PARAM_TIME, "0s", "0s", "4294967294s", .words = never},
    {"reconnect", PARAM_DIST, "backoff(1s, max=2min)", .words = never, .calls = backoffs},
    {"start", PARAM_DIST, "spread", .words = starts},
    {NULL}};
static const ParamSpec publish_params[] = {
    {"client", PARAM_REF, .refers = "client", .flags = PARAM_IS_LIST},
    {"topic", PARAM_TOPIC, "{group}/{n}"},
    {"qos", PARAM_INT, "0", "0", "2"},
    {"every", PARAM_DIST, "1s", "1us"},
    {"size", PARAM_SIZE, "100B", "8B",
     .why = "the first 8 bytes of a payload carry the message's number"},
    {NULL}};
static const ParamSpec subscribe_params[] = {
    {"client", PARAM_REF, .refers = "client", .flags = PARAM_IS_LIST},
    {"filter", PARAM_TOPIC, "#"},
    {"qos", PARAM_INT, "2", "0", "2"},
    {NULL}};
static const ParamSpec fault_params[] = {
    {"what", PARAM_WORD, .words = whats, .flags = PARAM_REQUIRED, .help = "what happens"},
    {"target", PARAM_REF, .refers = "link broker client", .flags = PARAM_REQUIRED | PARAM_EACH},
    {"at", PARAM_DIST, "0s"},
    {NULL}};

static const KindSpec kinds_table[] = {
    {"link", "", link_params, TRUE, TRUE},        {"tcp", "", tcp_params, TRUE, TRUE},
    {"broker", "", broker_params, TRUE, TRUE},    {"client", "", client_params, TRUE, TRUE},
    {"publish", "", publish_params, FALSE, TRUE}, {"subscribe", "", subscribe_params, FALSE, TRUE},
    {"fault", "", fault_params, FALSE, TRUE}};
static const KindSpec *const kinds[] = {
    &kinds_table[0], &kinds_table[1], &kinds_table[2], &kinds_table[3],
    &kinds_table[4], &kinds_table[5], &kinds_table[6], NULL};

static const char *
profiles(const char *kind, const char **file)
{
  if (strcmp(kind, "link") == 0) {
    *file = "links.ini";
    return "[link perfect]\n"
           "[link article-catm1]\nrtt = 300ms\nrate = 300kbit/s\nloss = 1%\n"
           "[link article-sat]\nrtt = lognormal(median=2s, p95=3s)\n"
           "[link wan]\ndelay = 10ms\n";
  }
  if (strcmp(kind, "tcp") == 0) {
    *file = "tcp.ini";
    return "[tcp linux]\n[tcp rfc6298]\nrto_min = 1s\n";
  }
  if (strcmp(kind, "broker") != 0)
    return NULL;
  *file = "brokers.ini";
  return "[broker mosquitto-2.0]\nqueue = 1000\n[broker odd]\nqueue = many\n";
}

static gboolean
link_rtt(const Section *link, double *ns)
{
  const Dist *rtt = section_dist(link, "rtt"), *delay = section_dist(link, "delay");

  *ns = rtt != NULL ? dist_median(rtt) : 2 * dist_median(delay);
  return TRUE;
}

static gboolean
derived(const Scenario *scenario, const Section *section, const char *name, double *value)
{
  const Value *path;

  if (strcmp(name, "rtt") != 0)
    return FALSE;
  if (strcmp(section->kind->kind, "link") == 0)
    return link_rtt(section, value);
  if (strcmp(section->kind->kind, "client") != 0)
    return FALSE;
  path = section_value(section, "link");
  *value = 0;
  for (guint i = 0; i < path->list.n; i++) {
    double ns;

    link_rtt(scenario_section(scenario, path->list.values[i]->text), &ns);
    *value += ns;
  }
  return TRUE;
}

/* An error for crashes of a link, a note on timers that mqtt5 forbids. */
static void
check(const Scenario *scenario, GPtrArray *findings)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);

    if (strcmp(section->kind->kind, "client") == 0 &&
        section_is(section, "on_ack_timeout", "resend"))
      g_ptr_array_add(findings, finding_new(FALSE, section->name, "on_ack_timeout",
                                            "on_ack_timeout = resend sends on a live connection"));
    if (strcmp(section->kind->kind, "fault") == 0 && section_is(section, "what", "crash") &&
        section_is(section, "target", "radio"))
      g_ptr_array_add(findings, finding_new(TRUE, section->name, "what", "a link cannot crash"));
  }
}

const ExperimentModel test_model = {kinds, profiles, derived, check};

const char test_base[] = "[experiment]\ntitle = What?\n"
                         "[broker hub]\n[client sensor]\nlink = radio\n[link radio]\n"
                         "[publish temp]\nclient = sensor\n[subscribe all]\nclient = sensor\n";

Experiment *
test_load(const char *text, const char *const *overrides, char **messages)
{
  ExperimentSource source = {"my.ini", text, strlen(text), overrides, FALSE};
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(GString) lines = g_string_new(NULL);
  Experiment *experiment = experiment_load(&test_model, &source, problems);

  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *line = problem_to_string(g_ptr_array_index(problems, i));

    g_string_append_printf(lines, "%s\n", line);
  }
  g_assert_true((experiment == NULL) == (problems->len > 0));
  if (messages != NULL)
    *messages = g_strdup(lines->str);
  return experiment;
}
