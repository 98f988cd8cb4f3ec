#include "tests/sim/study/model.h"

#include <string.h>

/* A line put in place of (or after) another of the base file, and the whole of what is said about
 * it. */
typedef struct {
  const char *section; /* the line goes under this header of the base */
  const char *line;
  const char *message; /* without "my.ini:N: " */
} Case;

static void
assert_says(const char *section, const char *line, const char *message)
{
  const char *at = strstr(test_base, section);
  g_autofree char *messages = NULL, *text = NULL, *expected = NULL;
  g_autoptr(Experiment) experiment = NULL;
  gsize head;
  guint number = 1;

  g_assert_nonnull(at);
  head = (gsize)(at - test_base) + strlen(section) + 1;
  text = g_strdup_printf("%.*s%s\n%s", (int)head, test_base, line, test_base + head);
  for (const char *c = test_base; c < test_base + head; c++)
    number += *c == '\n';
  expected = message == NULL ? g_strdup("") : g_strdup_printf("my.ini:%u: %s\n", number, message);
  experiment = test_load(text, NULL, &messages);
  g_assert_cmpstr(messages, ==, expected);
}

static void
assert_all(const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++)
    assert_says(cases[i].section, cases[i].line, cases[i].message);
}

static void
test_base_is_good(void)
{
  assert_says("[link radio]", "loss = 2%", NULL);
}

static void
test_units(void)
{
  static const Case cases[] = {
      {"[experiment]", "duration = 3600",
       "[experiment] duration = 3600: a time needs a unit, as in 3600s or 1h (ns us ms s min h d "
       "y)"},
      {"[experiment]", "duration = 5",
       "[experiment] duration = 5: a time needs a unit, as in 5s (ns us ms s min h d y)"},
      {"[experiment]", "drain = 30m", "[experiment] drain = 30m: m is min or ms: 30min or 30ms"},
      {"[experiment]", "drain = 30 sec",
       "[experiment] drain = 30 sec: no unit sec; a time takes ns us ms s min h d y"},
      {"[experiment]", "drain = 5MB",
       "[experiment] drain = 5MB: a time is due here (ns us ms s min h d y), not a size"},
      {"[experiment]", "confidence = 0.95",
       "[experiment] confidence = 0.95: a ratio needs a unit, as in 95% or 0.95% (% ppm)"},
      {"[link radio]", "loss = 5", "[link radio] loss = 5: a ratio needs a unit, as in 5% (% ppm)"},
      {"[link radio]", "loss = 0.05",
       "[link radio] loss = 0.05: a ratio needs a unit, as in 5% or 0.05% (% ppm)"},
      {"[link radio]", "rate = 1000",
       "[link radio] rate = 1000: a rate needs a unit, as in 1000bit/s (bit/s kbit/s Mbit/s "
       "Gbit/s)"},
      {"[link radio]", "rate = 5kB/s",
       "[link radio] rate = 5kB/s: no unit kB/s; a rate takes bit/s kbit/s Mbit/s Gbit/s"},
      {"[link radio]", "queue = 100",
       "[link radio] queue = 100: a size needs a unit, as in 100 packets (B kB MB KiB MiB "
       "packets)"},
      {"[link radio]", "delay = 30",
       "[link radio] delay = 30: a time needs a unit, as in 30s (ns us ms s min h d y)"},
      {"[publish temp]", "qos = 1s",
       "[publish temp] qos = 1s: a plain number is due here, not a time"},
      {"[publish temp]", "size = 0.3kB", NULL},
      {"[publish temp]", "size = 8.5B", "[publish temp] size = 8.5B: not a whole number of bytes"},
      {"[client sensor]", "keep_alive = 1500ms",
       "[client sensor] keep_alive = 1500ms: not a whole number of seconds"},
      {"[client sensor]", "count = 1.5", "[client sensor] count = 1.5: not a whole number"},
  };

  assert_all(cases, G_N_ELEMENTS(cases));
}

static void
test_ranges(void)
{
  static const Case cases[] = {
      {"[link radio]", "loss = 120%",
       "[link radio] loss = 120%: out of range; allowed: 0% to 100%, or gilbert()"},
      {"[link radio]", "loss = -1%",
       "[link radio] loss = -1%: out of range; allowed: 0% to 100%, or gilbert()"},
      {"[client sensor]", "keep_alive = 1d",
       "[client sensor] keep_alive = 1d: out of range; allowed: 1s to 65535s, or never; two bytes "
       "on the wire"},
      {"[client sensor]", "keep_alive = 0s",
       "[client sensor] keep_alive = 0s: out of range; allowed: 1s to 65535s, or never; two bytes "
       "on the wire"},
      {"[publish temp]", "size = 4B",
       "[publish temp] size = 4B: at least 8B; the first 8 bytes of a payload carry the message's "
       "number"},
      {"[experiment]", "repeat = 0",
       "[experiment] repeat = 0: out of range; allowed: 1 to 1000000"},
      {"[experiment]", "repeat = -3",
       "[experiment] repeat = -3: out of range; allowed: 1 to 1000000"},
      {"[experiment]", "duration = 11y",
       "[experiment] duration = 11y: out of range; allowed: 1ms to 10y"},
      {"[experiment]", "duration = 1e300s",
       "[experiment] duration = 1e300s: out of range; allowed: 1ms to 10y"},
      {"[experiment]", "duration = 1e99999s",
       "[experiment] duration = 1e99999s: out of range; allowed: 1ms to 10y"},
      {"[experiment]", "seed = 99999999999999999999",
       "[experiment] seed = 99999999999999999999: out of range; allowed: 0 to "
       "9223372036854775806"},
      {"[link radio]", "loss = NaN%",
       "[link radio] loss = NaN%: NaN% is not a ratio; allowed: 0% to 100%, or gilbert()"},
      {"[experiment]", "duration = nan",
       "[experiment] duration = nan: nan is not a time; allowed: 1ms to 10y"},
      {"[experiment]", "duration = inf",
       "[experiment] duration = inf: inf is not a time; allowed: 1ms to 10y"},
      {"[experiment]", "duration = 0x10s",
       "[experiment] duration = 0x10s: no unit x10s; a time takes ns us ms s min h d y"},
      {"[experiment]", "duration = never",
       "[experiment] duration = never: never is not a time; allowed: 1ms to 10y"},
      {"[experiment]", "duration =", "[experiment] duration = : the value is missing"},
      {"[experiment]", "table = owed,", "[experiment] table = owed,: a list with an empty element"},
      {"[client sensor]", "ack_timeout = nevr",
       "[client sensor] ack_timeout = nevr: nevr is not a time; allowed: 1ms to 1y, or never; "
       "nearest: never"},
      {"[link radio]", "delay = uniform(1s, 2h)",
       "[link radio] delay = uniform(1s, 2h): out of range; allowed: 0s to 1h"},
      {"[link radio]", "delay = -1ms",
       "[link radio] delay = -1ms: out of range; allowed: 0s to 1h"},
      {"[link radio]", "outage_lasts = -1s",
       "[link radio] outage_lasts = -1s: must not be negative"},
  };

  assert_all(cases, G_N_ELEMENTS(cases));
}

static void
test_names(void)
{
  static const Case cases[] = {
      {"[client sensor]", "keepalive = 1s",
       "[client sensor] keepalive: [client] has no key keepalive; nearest: keep_alive"},
      {"[client sensor]", "wallpaper = 1s",
       "[client sensor] wallpaper: [client] has no key wallpaper; qosim keys client lists those it "
       "has"},
      {"[experiment]", "durations = 1s",
       "[experiment] durations: [experiment] has no key durations; nearest: duration"},
      {"[link radio]", "profile = article-catm",
       "[link radio] profile = article-catm: no link profile article-catm; nearest: article-catm1"},
      {"[link radio]", "order = fif",
       "[link radio] order = fif: fif is not one of them; allowed: fifo, free; nearest: fifo"},
      {"[link radio]", "shared = true", "[link radio] shared = true: allowed: yes, no"},
      {"[link radio]", "like = wire", "[link radio] like = wire: no section [link wire]"},
      {"[link radio]", "like = radio", "[link radio] like = radio: goes in a circle"},
      {"[client sensor]", "tcp = rfc6289",
       "[client sensor] tcp = rfc6289: no section [tcp rfc6289] and no tcp profile rfc6289; "
       "nearest: rfc6298"},
      {"[client sensor]", "broker = hup",
       "[client sensor] broker = hup: no section [broker hup] and no broker profile hup; nearest: "
       "hub (line 3)"},
      {"[client sensor]", "broker = radio",
       "[client sensor] broker = radio: [link radio] is no broker"},
      {"[publish temp]", "topic = t/{clent}",
       "[publish temp] topic = t/{clent}: no {clent}; allowed: {client}, {n}, {n:5}, {group}, "
       "{any NAME}, {each NAME}; nearest: {client}"},
      {"[publish temp]", "topic = t/{any hub}",
       "[publish temp] topic = t/{any hub}: {any hub}: no section [client hub]"},
      {"[experiment]", "table = delivery_rati",
       "[experiment] table = delivery_rati: no metric delivery_rati; nearest: delivery_ratio"},
      {"[experiment]", "table = senser.reconnects",
       "[experiment] table = senser.reconnects: no section senser"},
      {"[experiment]", "table = hub.owed",
       "[experiment] table = hub.owed: [broker hub] has no metric hub.owed"},
  };

  assert_all(cases, G_N_ELEMENTS(cases));
}

static void
test_distributions(void)
{
  static const Case cases[] = {
      {"[link radio]", "delay = lognorml(median=1ms, p95=2ms)",
       "[link radio] delay = lognorml(median=1ms, p95=2ms): no distribution lognorml(); allowed: "
       "uniform(), exponential(), normal(), lognormal(), gamma(), weibull(), pareto(), "
       "quantiles(), samples(); nearest: lognormal()"},
      {"[link radio]", "delay = lognormal(median=2ms, p95=1ms)",
       "[link radio] delay = lognormal(median=2ms, p95=1ms): p95 must be above the median"},
      {"[link radio]", "delay = exponential(5)",
       "[link radio] delay = exponential(5): mean = 5: a time needs a unit, as in 5s (ns us ms s "
       "min h d y)"},
      {"[link radio]", "delay = exponential()",
       "[link radio] delay = exponential(): exponential() needs mean"},
      {"[link radio]", "delay = exponential(1s, 2s, 3s, 4s)",
       "[link radio] delay = exponential(1s, 2s, 3s, 4s): exponential() has too many arguments; "
       "allowed: mean, min, max"},
      {"[link radio]", "delay = exponential(1s, mean=2s)",
       "[link radio] delay = exponential(1s, mean=2s): mean is given twice"},
      {"[link radio]", "delay = normal(mean=1s, ds=2s)",
       "[link radio] delay = normal(mean=1s, ds=2s): normal() has no ds; allowed: mean, sd, min, "
       "max; nearest: sd"},
      {"[link radio]", "delay = exponential(1s",
       "[link radio] delay = exponential(1s: exponential(: the ) is missing"},
      {"[link radio]", "delay = quantiles(0%: 1ms, 50%)",
       "[link radio] delay = quantiles(0%: 1ms, 50%): 50%: quantiles are pairs, as in 50%: 3ms"},
      {"[link radio]", "delay = quantiles(0%: 1ms, 100%: 9ms, min=2ms)",
       "[link radio] delay = quantiles(0%: 1ms, 100%: 9ms, min=2ms): the smallest value must not "
       "be below min"},
      {"[link radio]", "delay = quantiles(0%: 5ms, 100%: 9ms, max=2ms)",
       "[link radio] delay = quantiles(0%: 5ms, 100%: 9ms, max=2ms): the smallest value must not "
       "be above max"},
      {"[link radio]", "delay = quantiles(0%: 5ms, 100%: 9ms, max=7ms, max=8ms)",
       "[link radio] delay = quantiles(0%: 5ms, 100%: 9ms, max=7ms, max=8ms): max is given twice"},
      {"[link radio]", "delay = quantiles(0%: 5ms, 100%: 9ms, mean=7ms)",
       "[link radio] delay = quantiles(0%: 5ms, 100%: 9ms, mean=7ms): quantiles() has no mean; "
       "allowed: min, max"},
      {"[link radio]", "delay = pareto(min=1s, shape=2)",
       "[link radio] delay = pareto(min=1s, shape=2): pareto() needs max"},
      {"[link radio]", "loss = gilber(mean=2%, burst=1s)",
       "[link radio] loss = gilber(mean=2%, burst=1s): no function gilber(); allowed: gilbert(); "
       "nearest: gilbert()"},
      {"[link radio]", "loss = gilbert(mean=2, burst=1s)",
       "[link radio] loss = gilbert(mean=2, burst=1s): mean = 2: a ratio needs a unit, as in 2% (% "
       "ppm)"},
      {"[client sensor]", "ack_timeout = uniform(1s, 2s)",
       "[client sensor] ack_timeout = uniform(1s, 2s): no uniform() may stand here"},
  };

  assert_all(cases, G_N_ELEMENTS(cases));
}

static void
test_expressions(void)
{
  static const Case cases[] = {
      {"[client sensor]", "ack_timeout = 1s + 2",
       "[client sensor] ack_timeout = 1s + 2: a time and a plain number cannot be added"},
      {"[client sensor]", "ack_timeout = 1s * 2s",
       "[client sensor] ack_timeout = 1s * 2s: a time cannot be multiplied by a time"},
      {"[client sensor]", "ack_timeout = 1s / 0",
       "[client sensor] ack_timeout = 1s / 0: division by zero"},
      {"[client sensor]", "ack_timeout = 1s +2s",
       "[client sensor] ack_timeout = 1s +2s: + needs "
       "blanks around it"},
      {"[client sensor]", "ack_timeout = (1s + 2s",
       "[client sensor] ack_timeout = (1s + 2s: a ) is missing"},
      {"[client sensor]", "ack_timeout = 2 * radio.delai",
       "[client sensor] ack_timeout = 2 * radio.delai: [link radio] has no delai"},
      {"[client sensor]", "ack_timeout = 2 * radoi.delay",
       "[client sensor] ack_timeout = 2 * radoi.delay: no section radoi"},
      {"[client sensor]", "ack_timeout = 2 * $x",
       "[client sensor] ack_timeout = 2 * $x: no $x in [sweep]"},
      {"[client sensor]", "keep_alive = rtt",
       "[client sensor] keep_alive = rtt: rtt alone means nothing here; write NAME.rtt of a link "
       "or "
       "client"},
      {"[client sensor]", "keep_alive = sensor.keep_alive",
       "[client sensor] keep_alive = sensor.keep_alive: depends on itself"},
      {"[link radio]", "delay = sensor.rtt + 1ms",
       "[link radio] delay = sensor.rtt + 1ms: depends on itself"},
      {"[client sensor]", "keep_alive = 2 * 10h",
       "[client sensor] keep_alive = 2 * 10h: 20 h is out of range; allowed: 1s to 65535s, or "
       "never; two bytes on the wire"},
      {"[experiment]", "duration = radio.rtt",
       "[experiment] duration = radio.rtt: must be the same at all points"},
  };

  assert_all(cases, G_N_ELEMENTS(cases));
}

static void
assert_text_says(const char *text, const char *expected)
{
  g_autofree char *messages = NULL;

  experiment_free(test_load(text, NULL, &messages));
  g_assert_cmpstr(messages, ==, expected);
}

static void
test_sections(void)
{
  assert_text_says("", "my.ini: no experiment: it has no [experiment] section\n");
  assert_text_says("hello world\n", "my.ini: no experiment: it has no [experiment] section\n");
  assert_text_says("[link a]\nloss = 5\n",
                   "my.ini: no experiment: it has no [experiment] section\n");
  assert_text_says("\x7f"
                   "ELF\n",
                   "my.ini: not a text file: line 1 holds a control character\n");
  assert_text_says("[experiment]\n[experiment]\ntitle = b\n",
                   "my.ini:1: [experiment]: title is missing: the question; heads the table and "
                   "the plots\n"
                   "my.ini:2: [experiment]: line 1 has a [experiment] already\n");
  assert_text_says("[experiment]\ntitle = a\ntitle = b\n",
                   "my.ini:3: [experiment] title: line 2 has it already\n");
  assert_text_says("[experiment]\ntitle = a\n[broker b]\nqueue = 1\nqueue = 2\n",
                   "my.ini:5: [broker b] queue: line 4 has it already\n");
  assert_text_says("[experiment]\ntitle = a\n[broker a]\n[link a]\n",
                   "my.ini:4: [link a]: line 3 has a [broker a] already\n");
  assert_text_says(
      "[experiment]\ntitle = a\n[lnik a]\n",
      "my.ini:3: [lnik a]: no kind of section; allowed: experiment, sweep, plot, link, "
      "tcp, broker, client, publish, subscribe, fault; nearest: link\n");
  assert_text_says(
      "[experiment]\ntitle = a\n[link]\n[link A]\n[link experiment]\n[sweep a]\n$a = 1, 2\n",
      "my.ini:3: [link]: the name is missing, as in [link one]\n"
      "my.ini:4: [link A]: a name is lower-case letters, digits and -, a letter first\n"
      "my.ini:5: [link experiment]: the name experiment is taken\n"
      "my.ini:6: [sweep a]: [sweep] has no name\n"
      "my.ini:7: [sweep] $a: swept but used nowhere\n");
}

static void
test_references(void)
{
  assert_text_says(
      "[experiment]\ntitle = a\n[client a]\n",
      "my.ini:3: [client a]: broker is missing, and the file has no [broker] section\n");
  assert_text_says("[experiment]\ntitle = a\n[broker b]\n[broker c]\n[client a]\n",
                   "my.ini:5: [client a]: broker is missing; allowed: one of b, c\n");
  assert_text_says("[experiment]\ntitle = a\n[sweep]\n[broker b]\n",
                   "my.ini:3: [sweep]: is empty; a factor is SECTION.KEY = values or $NAME = "
                   "values\n");
  assert_text_says(
      "[experiment]\ntitle = a\n[publish p]\n",
      "my.ini:3: [publish p]: client is missing, and the file has no [client] section\n");
  assert_text_says("[experiment]\ntitle = a\n[broker b]\n[fault f]\n",
                   "my.ini:4: [fault f]: what is missing: what happens\n");
  assert_text_says("[experiment]\ntitle = a\n[fault f]\nwhat = outage\n",
                   "my.ini:3: [fault f]: target is missing, and the file has no [link] or [broker] "
                   "or [client] section\n");
  assert_text_says("[experiment]\ntitle = a\n[broker linux]\n",
                   "(default): [broker] tcp = linux: [broker linux] is no tcp\n");
  assert_text_says("[experiment]\ntitle = a\n[broker b]\n[client c]\nbroker = odd\n",
                   "brokers.ini:4: [broker odd] queue = many: many is not a plain number; allowed "
                   "besides: unlimited\n");
  assert_text_says("[experiment]\ntitle = a\n[link radio]\n[fault f]\nwhat = crash\n"
                   "target = radio\n",
                   "my.ini:5: [fault f] what = crash: a link cannot crash\n");
}

static void
test_sweep(void)
{
  static const char *const cases[][2] = {
      {"sensor.ack_timeot = 1s, 2s", "sensor.ack_timeot: [client sensor] has no key ack_timeot; "
                                     "nearest: ack_timeout"},
      {"senser.count = 1, 2", "senser.count: no section senser; nearest: sensor (line 6)"},
      {"count = 1, 2", "count: a factor is SECTION.KEY or $NAME"},
      {"$a = 1, 2", "$a: swept but used nowhere"},
      {"sensor.count =", "sensor.count = : a factor without a value"},
      {"sensor.count = 1,, 2", "sensor.count = : a list with an empty element"},
      {"sensor.count = 1, 1", "sensor.count: the value 1 stands twice"},
      {"sensor.keep_alive = 1min, 60s", "sensor.keep_alive: 1min and 60s are the same"},
      {"temp.client = sensor, sensor", "temp.client: a key that takes a list cannot be swept"},
      {"sensor.like = a, b", "sensor.like: like cannot be swept"},
      {"radio.loss = 1%, 120%",
       "radio.loss = 120%: out of range; allowed: 0% to 100%, or gilbert()"},
      {"sensor.link = radio, rado", "sensor.link = rado: no section [link rado] and no link "
                                    "profile rado; nearest: radio (line 8)"},
      {"sensor.count = 1 .. 5", "sensor.count = 1 .. 5: a range is a .. b step c, or log a .. b "
                                "points n"},
      {"sensor.count = 5 .. 1 step 1",
       "sensor.count = 5 .. 1 step 1: a range rises, in steps above 0"},
      {"sensor.count = log 0 .. 5 points 3",
       "sensor.count = log 0 .. 5 points 3: a log range rises from above 0, with 2 points or more"},
      {"radio.delay = 1s .. 5B step 1s", "radio.delay = 1s .. 5B step 1s: the ends of a range and "
                                         "its step are of one kind, points is "
                                         "a number"},
      {"sensor.count = 1 .. 1e9 step 1", "sensor.count = 1 .. 1e9 step 1: at most 10000 values"},
      {"where = sensor.count = 2", "where = sensor.count = 2: no combination satisfies it"},
      {"where = count = 2", "where = count = 2: count = 2 names no SECTION.KEY and no $NAME"},
      {"where = sensor.count",
       "where = sensor.count: not a condition: comparisons (= != < <= > >=) "
       "joined by and, or, not"},
      {"where = $a = 1", "where = $a = 1: no $a in [sweep]"},
      {"where = senser.count = 1", "where = senser.count = 1: no section senser"},
      {"where = sensor.keep_alive > 2%", "where = sensor.keep_alive > 2%: sensor.keep_alive > 2%: "
                                         "a time is due here (ns us ms s min h "
                                         "d y), not a ratio"},
      {"where = radio.order = fifi",
       "where = radio.order = fifi: radio.order = fifi: fifi is not one of them; allowed: fifo, "
       "free; nearest: fifo"},
      {"where = radio.los > 5%", "where = radio.los > 5%: [link radio] has no key los; nearest: "
                                 "loss"},
      {"where = radio.order < fifo",
       "where = radio.order < fifo: radio.order < fifo: only numbers have an order"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = NULL, *expected = NULL, *messages = NULL;
    g_autoptr(Experiment) experiment = NULL;

    text = g_strdup_printf("[experiment]\ntitle = a\n[sweep]\n%s\n[broker hub]\n[client sensor]\n"
                           "link = radio\n[link radio]\n[publish temp]\n",
                           cases[i][0]);
    expected = g_strdup_printf("my.ini:4: [sweep] %s\n", cases[i][1]);
    experiment = test_load(text, NULL, &messages);
    g_assert_cmpstr(messages, ==, expected);
  }
}

static void
test_size(void)
{
  static const char text[] = "[experiment]\ntitle = a\n[sweep]\nsensor.count = 1 .. %d step 1\n"
                             "temp.qos = 0, 1, 2\n[broker hub]\n[client sensor]\n[publish temp]\n";
  g_autofree char *place = NULL, *messages = NULL;
  g_auto(GStrv) parts = g_strsplit(text, "%d", 2);
  ExperimentSource source = {.path = "my.ini", .any_size = TRUE};
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(Experiment) experiment = NULL;

  place = g_strjoin("4000", parts[0], parts[1], NULL);
  g_assert_null(test_load(place, NULL, &messages));
  g_assert_cmpstr(messages, ==,
                  "my.ini:4: [sweep]: 12000 points; more than 10000 only with --yes\n");
  source.text = place;
  source.n = strlen(place);
  experiment = experiment_load(&test_model, &source, problems);
  g_assert_cmpuint(problems->len, ==, 0);
  g_assert_cmpuint(grid_points(experiment->grid), ==, 12000);
}

/* One mistake of a point is said once, with the first point that has it. */
static void
test_points(void)
{
  assert_text_says(
      "[experiment]\ntitle = a\n[sweep]\n$f = 1, 2, 3\nhub.queue = 1, 2\n[broker hub]\n"
      "[client sensor]\nkeep_alive = $f * 10h\n",
      "my.ini:8: [client sensor] keep_alive = $f * 10h: 20 h is out of range; allowed: "
      "1s to 65535s, or never; two bytes on the wire (point 3)\n"
      "my.ini:8: [client sensor] keep_alive = $f * 10h: 30 h is out of range; allowed: "
      "1s to 65535s, or never; two bytes on the wire (point 5)\n");
  assert_text_says("[experiment]\ntitle = a\n[sweep]\n$loss = 1%, 120%\n[link radio]\n"
                   "loss = $loss\n",
                   "my.ini:6: [link radio] loss = $loss = 120%: out of range; allowed: 0% to 100%, "
                   "or gilbert()\n");
  assert_text_says("[experiment]\ntitle = a\n[sweep]\n$a = $b, 1s\n$b = $a, 2s\n[link radio]\n"
                   "delay = 2 * $a\n",
                   "my.ini:4: [sweep] $a = $b: a variable may not depend on another\n"
                   "my.ini:5: [sweep] $b = $a: a variable may not depend on another\n"
                   "my.ini:5: [sweep] $b: swept but used nowhere\n");
  assert_text_says("[experiment]\ntitle = a\n[sweep]\n$loss = 1%, 2%\n$los = 1%, 2%\n[link radio]\n"
                   "delay = 1s\nloss = $loss\n[link other]\nloss = 2 * $loss\n",
                   "my.ini:5: [sweep] $los: swept but used nowhere; nearest: $loss, used in line "
                   "8\n");
}

static void
test_plots(void)
{
  static const char *const cases[][2] = {
      {"metric = delivery_ratio\nx = radio.los",
       "5: [plot p] x = radio.los: not swept, and no metric los; nearest: lost"},
      {"metric = delivery_ratio\nby = $a", "5: [plot p] by = $a: $a is not swept"},
      {"metric = delivery_ratio\nkind = pie",
       "5: [plot p] kind = pie: pie is not one of them; allowed: line, cdf"},
      {"metric = delivery_ratio\nwhere = loss",
       "5: [plot p] where = loss: not a condition: comparisons (= != < <= > >=) joined by and, or, "
       "not"},
      {"kind = cdf\nmetric = delivery_ratio",
       "5: [plot p] metric = delivery_ratio: delivery_ratio has no distribution; allowed: latency, "
       "ack_latency, detect_client, detect_broker"},
      {"x = delivery_ratio\n#", "3: [plot p]: metric is missing: what is drawn; of a cdf latency, "
                                "ack_latency, detect_client or detect_broker"}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text =
        g_strdup_printf("[experiment]\ntitle = a\n[plot p]\n%s\n[link radio]\n", cases[i][0]);
    g_autofree char *expected = g_strdup_printf("my.ini:%s\n", cases[i][1]);

    assert_text_says(text, expected);
  }
}

static void
test_overrides(void)
{
  static const char *const cases[][2] = {
      {"sensor.cuont=5", "sensor: [client sensor] has no key cuont; nearest: count"},
      {"senser.count=5", "senser: no section senser; nearest: sensor (line 4)"},
      {"$x=5", "no $x in [sweep]"},
      {"nonsense", "an override is SECTION.KEY=VALUE or $NAME=VALUE"},
      {"experiment.sede=5", "[experiment] sede: [experiment] has no key sede; nearest: seed"},
      {"experiment.repeat=0", "[experiment] repeat = 0: out of range; allowed: 1 to 1000000"},
      {"sensor.count=0", "[client sensor] count = 0: out of range; allowed: 1 to 10000000"},
      {"sensor.count=1, 0", "[sweep] sensor.count = 0: out of range; allowed: 1 to 10000000"}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *overrides[] = {cases[i][0], NULL};
    g_autofree char *messages = NULL;
    g_autofree char *expected = g_strdup_printf("-D %s: %s\n", cases[i][0], cases[i][1]);

    g_assert_null(test_load(test_base, overrides, &messages));
    g_assert_cmpstr(messages, ==, expected);
  }
}

/* The nine mistakes of a file come at once, in the order of its lines. */
static void
test_all_at_once(void)
{
  assert_text_says(
      "[experiment]\ntitle = x\nwarmup = 1min\nduration = 3600\ndrain = 1min\n\n# "
      "comment\n[sweep]\n"
      "sensor.ack_timeot = 1s, 2s\n$los = 1%, 2%\n\n[link radio]\ndelay = 10ms\nqueue = $loss\n"
      "loss = 120%\n\n\n[link radio]\nrate = 5Mbit/s\n[broker hub]\n\n[client sensor]\nlink = "
      "rado\n"
      "\n\n\nkeep_alive = 1d\n\n[publish temp]\nclient = sensor\nsize = 4B\n\n\n[subscribe all]\n"
      "client = sensor\n; every second\n",
      "my.ini:4: [experiment] duration = 3600: a time needs a unit, as in 3600s or 1h (ns us ms s "
      "min h d y)\n"
      "my.ini:9: [sweep] sensor.ack_timeot: [client sensor] has no key ack_timeot; nearest: "
      "ack_timeout\n"
      "my.ini:10: [sweep] $los: swept but used nowhere; nearest: $loss, used in line 14\n"
      "my.ini:15: [link radio] loss = 120%: out of range; allowed: 0% to 100%, or gilbert()\n"
      "my.ini:18: [link radio]: line 12 has a [link radio] already\n"
      "my.ini:23: [client sensor] link = rado: no section [link rado] and no link profile rado; "
      "nearest: radio (line 12)\n"
      "my.ini:27: [client sensor] keep_alive = 1d: out of range; allowed: 1s to 65535s, or never; "
      "two bytes on the wire\n"
      "my.ini:31: [publish temp] size = 4B: at least 8B; the first 8 bytes of a payload carry the "
      "message's number\n"
      "my.ini:36: \"; every second\": not a section, a key or a comment; comments begin with #\n");
}

/* A chain of keys that name keys has an end, and so have the uses of a swept value. */
static void
test_bounds(void)
{
  g_autoptr(GString) chain = g_string_new("[experiment]\ntitle = a\n");
  g_autoptr(GString) uses = g_string_new("[experiment]\ntitle = a\n[sweep]\n$x = 1 .. 9000 step 1\n"
                                         "[broker b]\n");
  g_autofree char *messages = NULL;

  for (guint i = 0; i < 60; i++)
    g_string_append_printf(chain, "[link l%u]\ndelay = l%u.delay\n", i, i + 1);
  g_string_append(chain, "[link l60]\n");
  g_assert_null(test_load(chain->str, NULL, &messages));
  g_assert_nonnull(strstr(messages, "too long a chain of keys that depend on keys\n"));
  g_free(g_steal_pointer(&messages));
  for (guint i = 0; i < 40; i++)
    g_string_append_printf(uses, "[client c%u]\ncount = $x\n", i);
  g_assert_null(test_load(uses->str, NULL, &messages));
  g_assert_nonnull(strstr(messages, "count = $x: too many uses of too many values\n"));
}

/* A message shows what a file holds, and a terminal that shows it does not obey it. */
static void
test_control_characters(void)
{
  assert_text_says("[experiment]\ntitle = a\nrepeat = 1\t\xc2\x9b"
                   "2J\n",
                   "my.ini:3: [experiment] repeat = 1 ?2J: nothing can be read at "
                   "\"?2J\"\n");
}

/* Any bytes are safe, and what nests deeply or is long comes to an end. */
static void
test_hostile(void)
{
  static const char *const seeds[] = {
      "(",         "not ", "$a = $a, ", "quantiles(0%: ", "1 + ", "a.b * ",
      "log 1 .. ", "{",    "each ",     "never ",         "-",    ">"};

  for (gsize i = 0; i < G_N_ELEMENTS(seeds); i++) {
    g_autoptr(GString) value = g_string_new(NULL), text = g_string_new(test_base);

    while (value->len < 3900)
      g_string_append(value, seeds[i]);
    g_string_append_printf(text,
                           "[sweep]\n$a = %s\nsensor.count = %s\nwhere = %s\n[link b]\n"
                           "delay = %s\nloss = %s\nlike = %s\n[publish b]\ntopic = %s\n",
                           value->str, value->str, value->str, value->str, value->str, value->str,
                           value->str);
    g_assert_null(test_load(text->str, NULL, NULL));
  }
  for (guint i = 0; i < 3000; i++) {
    g_autofree char *text = g_strdup(test_base);
    gsize n = strlen(text);

    for (guint k = 0; k < 4; k++)
      text[g_test_rand_int_range(0, (gint32)n)] =
          " =[].$#(),>-ax0%\n"[g_test_rand_int_range(0, 17)];
    experiment_free(test_load(text, NULL, NULL));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/study/errors/base", test_base_is_good);
  g_test_add_func("/study/errors/units", test_units);
  g_test_add_func("/study/errors/ranges", test_ranges);
  g_test_add_func("/study/errors/names", test_names);
  g_test_add_func("/study/errors/distributions", test_distributions);
  g_test_add_func("/study/errors/expressions", test_expressions);
  g_test_add_func("/study/errors/sections", test_sections);
  g_test_add_func("/study/errors/references", test_references);
  g_test_add_func("/study/errors/sweep", test_sweep);
  g_test_add_func("/study/errors/size", test_size);
  g_test_add_func("/study/errors/points", test_points);
  g_test_add_func("/study/errors/plots", test_plots);
  g_test_add_func("/study/errors/overrides", test_overrides);
  g_test_add_func("/study/errors/all at once", test_all_at_once);
  g_test_add_func("/study/errors/bounds", test_bounds);
  g_test_add_func("/study/errors/control characters", test_control_characters);
  g_test_add_func("/study/errors/hostile", test_hostile);
  return g_test_run();
}
