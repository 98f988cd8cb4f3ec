#include "tests/sim/study/model.h"

#include <glib/gstdio.h>
#include <string.h>

static Experiment *
load(const char *text, const char *const *overrides)
{
  g_autofree char *messages = NULL;
  Experiment *experiment = test_load(text, overrides, &messages);

  g_assert_cmpstr(messages, ==, "");
  return experiment;
}

/* The timeout sweep of the reference experiments. */
static const char sweep[] =
    "[experiment]\n"
    "title    = How long should a sensor wait for a PUBACK before it resends or reconnects?\n"
    "warmup   = 2min\nduration = 1h\ndrain    = 15min\nrepeat   = 10\n"
    "table    = delivery_ratio, extra_copies, latency_p99, sensor.bytes_per_delivered\n"
    "[sweep]\n"
    "sensor.link           = lte-m, satellite\n"
    "$loss                 = 0%, 2%, 10%\n"
    "sensor.ack_timeout    = 0.3 * rtt, rtt, 3 * rtt, 10 * rtt, never\n"
    "sensor.on_ack_timeout = resend, reconnect\n"
    "where                 = sensor.ack_timeout != never or sensor.on_ack_timeout = resend\n"
    "[link lte-m]\nprofile      = article-catm1\nloss         = $loss\n"
    "outage_every = exponential(20min)\noutage_lasts = lognormal(median=4s, p95=30s)\n"
    "[link satellite]\nlike    = lte-m\nprofile = article-sat\n"
    "[broker hub]\n"
    "[client sensor]\ncount       = 50\nlink        = lte-m\n"
    "protocol    = mqtt311        # MQTT 5 forbids a resend on a live connection [MQTT-4.4.0-1]\n"
    "tcp         = rfc6298        # a modem's stack: RTO at least 1 s; the broker's is linux\n"
    "clean_start = no\nreconnect   = backoff(1s, max=60s, jitter=50%)\n"
    "[client dashboard]\n"
    "[publish reading]\nclient = sensor\ntopic  = fleet/{client}/reading\nqos    = 1\n"
    "every  = 10s\nsize   = 100B\n"
    "[subscribe all]\nclient = dashboard\nfilter = fleet/#\nqos    = 1\n"
    "[plot cost]\nkind    = line\nmetric  = extra_copies, sensor.bytes_per_delivered\n"
    "x       = sensor.ack_timeout\nx_scale = log\nby      = sensor.on_ack_timeout, $loss\n"
    "panel   = sensor.link\n"
    "[plot tail]\nkind    = cdf\nmetric  = latency, reading.ack_latency\n"
    "y_scale = log                # 1 - F, down to the last message\n"
    "by      = sensor.ack_timeout\npanel   = sensor.link\n"
    "where   = $loss = 2% and sensor.on_ack_timeout = resend\n";

static void
assert_value(const Experiment *experiment, guint point, const char *key, const char *expected)
{
  g_autoptr(Value) value = grid_key_value(experiment->grid, point, key);
  g_autofree char *text = value == NULL ? NULL : value_to_string(value);

  g_assert_cmpstr(text, ==, expected);
}

static void
assert_point(const Experiment *experiment, guint point, const char *expected)
{
  g_autofree char *key = grid_point_key(experiment->grid, point);

  g_assert_cmpstr(key, ==, expected);
}

static void
test_timeout_sweep(void)
{
  g_autoptr(Experiment) experiment = load(sweep, NULL);
  const ExperimentNote *note;

  g_assert_cmpuint(grid_points(experiment->grid), ==, 54);
  g_assert_cmpuint(grid_combinations(experiment->grid), ==, 60);
  g_assert_cmpuint(experiment_runs(experiment), ==, 540);
  g_assert_cmpuint(grid_factors(experiment->grid), ==, 4);
  g_assert_cmpint(experiment->warmup_ns, ==, G_GINT64_CONSTANT(120000000000));
  g_assert_cmpuint(experiment->table->len, ==, 4);
  assert_point(experiment, 1,
               "$loss=0 %;sensor.ack_timeout=90 ms;sensor.link=lte-m;"
               "sensor.on_ack_timeout=resend");
  assert_point(experiment, 18,
               "$loss=2 %;sensor.ack_timeout=never;sensor.link=lte-m;"
               "sensor.on_ack_timeout=resend");
  assert_point(experiment, 54,
               "$loss=10 %;sensor.ack_timeout=never;sensor.link=satellite;"
               "sensor.on_ack_timeout=resend");
  g_assert_cmpstr(grid_text(experiment->grid, 10, 2), ==, "0.3 * rtt");
  g_assert_cmpuint(grid_choice(experiment->grid, 12, 2), ==, 1);
  assert_value(experiment, 10, "sensor.ack_timeout", "90 ms");
  assert_value(experiment, 30, "sensor.ack_timeout", "2 s");
  assert_value(experiment, 10, "lte-m.loss", "2 %");
  /* A variable reaches what `like` copied. */
  assert_value(experiment, 10, "satellite.loss", "2 %");
  assert_value(experiment, 10, "satellite.rate", "unlimited");
  assert_value(experiment, 10, "satellite.outage_lasts", "lognormal(median=4 s, p95=30 s)");
  assert_value(experiment, 10, "sensor.reconnect", "backoff(1 s, max=60 s, jitter=50 %)");
  g_assert_cmpuint(experiment->notes->len, ==, 1);
  note = g_ptr_array_index(experiment->notes, 0);
  g_assert_cmpuint(note->line, ==, 12);
  g_assert_cmpstr(note->section, ==, "[client sensor]");
  g_assert_cmpuint(note->points->len, ==, 30);
}

static void
test_plots(void)
{
  g_autoptr(Experiment) experiment = load(sweep, NULL);
  const Plot *cost = g_ptr_array_index(experiment->plots, 0);
  const Plot *tail = g_ptr_array_index(experiment->plots, 1);
  guint drawn = 0;

  g_assert_cmpint(cost->kind, ==, PLOT_LINE);
  g_assert_cmpstr(cost->x, ==, "sensor.ack_timeout");
  g_assert_false(cost->x_is_metric);
  g_assert_true(cost->x_log);
  g_assert_cmpstr(g_ptr_array_index(cost->by, 1), ==, "$loss");
  g_assert_null(cost->where);
  g_assert_cmpint(tail->kind, ==, PLOT_CDF);
  g_assert_cmpstr(g_ptr_array_index(tail->metrics, 1), ==, "reading.ack-latency");
  g_assert_cmpstr(tail->title, ==, "tail");
  g_assert_null(tail->x);
  for (guint point = 1; point <= 54; point++)
    drawn += condition_holds(tail->where, point);
  g_assert_cmpuint(drawn, ==, 10);
}

/* Profiles that are named stand as sections, and share what is constant. */
static void
test_scenario(void)
{
  g_autoptr(Experiment) experiment = load(sweep, NULL);
  g_autoptr(Scenario) one = grid_scenario(experiment->grid, 1);
  g_autoptr(Scenario) two = grid_scenario(experiment->grid, 2);
  const Section *sensor = scenario_section(one, "sensor");
  const Section *perfect = scenario_section(one, "perfect");

  g_assert_cmpint(one->duration_ns, ==, experiment->duration_ns);
  g_assert_cmpint(section_int(sensor, "count"), ==, 50);
  g_assert_cmpint(section_int(sensor, "ack_timeout"), ==, 90000000);
  g_assert_cmpstr(section_text(sensor, "broker"), ==, "hub");
  g_assert_cmpstr(section_text(sensor, "tcp"), ==, "rfc6298");
  g_assert_cmpint(section_int(scenario_section(one, "rfc6298"), "rto_min"), ==, 1000000000);
  g_assert_cmpint(section_int(scenario_section(one, "linux"), "rto_min"), ==, 200000000);
  g_assert_true(g_ptr_array_index(one->sections, 0) == scenario_section(one, "lte-m"));
  g_assert_true(dist_is_constant(section_dist(perfect, "delay")));
  g_assert_null(section_dist(perfect, "rtt"));
  g_assert_null(section_dist(perfect, "outage_every"));
  g_assert_true(section_is(perfect, "outage_every", "never"));
  g_assert_true(section_value(sensor, "reconnect") ==
                section_value(scenario_section(two, "sensor"), "reconnect"));
  g_assert_cmpstr(section_value(scenario_section(one, "reading"), "client")->list.values[0]->text,
                  ==, "sensor");
}

static Experiment *
load_small(const char *first, const char *client, const char *link, const char *publish)
{
  g_autofree char *text = g_strdup_printf(
      "[experiment]\ntitle = a\n%s\n[broker hub]\n[client sensor]\nlink = radio\n%s\n"
      "[link radio]\n%s\n[publish temp]\n%s\n",
      first, client, link, publish);

  return load(text, NULL);
}

static void
test_values(void)
{
  static const char *const cases[][3] = {
      /* [link radio] key = text is what it is printed as */
      {"rate", "1 Mbps", "1 Mbit/s"},
      {"rate", "1200kbit/s", "1200 kbit/s"},
      {"rate", "unlimited", "unlimited"},
      {"mtu", "1.5kB", "1500 B"},
      {"queue", "100 packets", "100 packets"},
      {"queue", "64KiB", "64 KiB"},
      {"queue", "unlimited", "unlimited"},
      {"loss", "20000ppm", "2 %"},
      {"loss", "0.1%", "0.1 %"},
      {"loss", "100ms / 1s", "10 %"},
      {"loss", "gilbert(2%, burst=400ms)", "gilbert(2 %, burst=400 ms)"},
      {"shared", "yes", "1"},
      {"order", "free", "free"},
      {"delay", "0.5 us", "500 ns"},
      {"delay", "1min", "60 s"},
      {"delay", "(1ms + 2ms) * 2 - 1ms / 2", "5.5 ms"},
      {"delay", "uniform(1ms, 3ms)", "uniform(1 ms, 3 ms)"},
      {"delay", "uniform(high=3ms, low=1ms)", "uniform(1 ms, 3 ms)"},
      {"delay", "exponential(2 * 5ms, max=1s)", "exponential(10 ms, max=1 s)"},
      {"delay", "normal(mean=10ms, sd=1ms)", "normal(mean=10 ms, sd=1 ms)"},
      {"delay", "lognormal(median=300ms, p95=800ms, min=50ms)",
       "lognormal(median=300 ms, p95=800 ms, min=50 ms)"},
      {"delay", "gamma(mean=10ms, sd=3ms)", "gamma(mean=10 ms, sd=3 ms)"},
      {"delay", "weibull(median=10ms, p95=30ms)", "weibull(median=10 ms, p95=30 ms)"},
      {"delay", "pareto(min=1ms, shape=1.5, max=1s)", "pareto(min=1 ms, shape=1.5, max=1 s)"},
      {"delay", "quantiles(0%: 1ms, 50%: 3ms, 99%: 250ms, 100%: 500ms)",
       "quantiles(0 %: 1 ms, 50 %: 3 ms, 99 %: 250 ms, 100 %: 500 ms)"},
      {"delay", "quantiles(0%: 10ms, 100%: 30ms, min=5ms, max=20ms)",
       "quantiles(0 %: 10 ms, 100 %: 30 ms, min=5 ms, max=20 ms)"},
      {"delay", "lognormal(median=4ms, p95=30ms) * 2", "8 ms"},
      {"outage_every", "never", "never"}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *line = g_strdup_printf("%s = %s", cases[i][0], cases[i][1]);
    g_autofree char *key = g_strdup_printf("radio.%s", cases[i][0]);
    g_autofree char *again_line = NULL, *printed = NULL;
    g_autoptr(Experiment) experiment = load_small("", "", line, ""), again = NULL;
    g_autoptr(Value) value = grid_key_value(experiment->grid, 1, key), back = NULL;

    assert_value(experiment, 1, key, cases[i][2]);
    if (strcmp(cases[i][0], "shared") == 0)
      continue;
    /* What is printed is read again as the same. */
    printed = value_to_string(value);
    again_line = g_strdup_printf("%s = %s", cases[i][0], printed);
    again = load_small("", "", again_line, "");
    back = grid_key_value(again->grid, 1, key);
    g_assert_true(value_equal(value, back));
    g_assert_cmpstr(experiment->key, ==, again->key);
  }
}

static void
test_expressions(void)
{
  g_autoptr(Experiment) experiment =
      load_small("[sweep]\n$x = 2, never\n$y = 50%\n$p = radio > wan, radio\nsensor.link = $p",
                 "ack_timeout = $x * sensor.rtt\nack_backoff = 1 + $y / 50%\ncount = 3 * 4\n"
                 "keep_alive = 2 * radio.rtt + 1s",
                 "delay = uniform(100ms, 300ms)\nmtu = 2 * 700B", "every = exponential(1s / $y)");

  g_assert_cmpuint(grid_points(experiment->grid), ==, 4);
  assert_value(experiment, 1, "sensor.link", "radio, wan");
  assert_value(experiment, 1, "sensor.ack_timeout", "840 ms");
  assert_value(experiment, 2, "sensor.ack_timeout", "800 ms");
  assert_value(experiment, 3, "sensor.ack_timeout", "never");
  assert_value(experiment, 1, "sensor.ack_backoff", "2");
  assert_value(experiment, 1, "sensor.count", "12");
  assert_value(experiment, 1, "sensor.keep_alive", "2 s");
  assert_value(experiment, 1, "radio.mtu", "1400 B");
  assert_value(experiment, 1, "temp.every", "exponential(2 s)");
}

static void
assert_factor(const char *line, const char *expected)
{
  g_autofree char *section = g_strdup_printf("[sweep]\n%s", line), *texts = NULL;
  g_autoptr(Experiment) experiment = load_small(section, "", "", "");

  texts = g_strjoinv(" | ", grid_factor(experiment->grid, 0)->texts);
  g_assert_cmpstr(texts, ==, expected);
}

static void
test_ranges(void)
{
  assert_factor("sensor.count = 10 .. 50 step 10", "10 | 20 | 30 | 40 | 50");
  assert_factor("sensor.count = 1, 5 .. 9 step 2, 20", "1 | 5 | 7 | 9 | 20");
  assert_factor("radio.delay = 100ms .. 300ms step 50ms",
                "100 ms | 150 ms | 200 ms | 250 ms | 300 ms");
  assert_factor("radio.loss = 0% .. 0.3% step 0.1%", "0 % | 0.1 % | 0.2 % | 0.3 %");
  /* Three digits, then whole seconds where the key has them, the ends as they are. */
  assert_factor("sensor.keep_alive = log 30s .. 4h points 9",
                "30 s | 65 s | 140 s | 304 s | 657 s | 1420 s | 3080 s | 111 min | 4 h");
  assert_factor("sensor.ack_timeout = log 30s .. 4h points 9",
                "30 s | 64.9 s | 140 s | 304 s | 657 s | 1420 s | 3080 s | 111 min | 4 h");
  assert_factor("radio.loss = log 0.01% .. 1% points 5",
                "0.01 % | 0.0316 % | 0.1 % | 0.316 % | 1 %");
  assert_factor("sensor.count = log 1 .. 5 points 9", "1 | 2 | 3 | 4 | 5");
}

static void
assert_where(const char *where, guint points)
{
  g_autofree char *section =
      g_strdup_printf("[sweep]\n$x = 1%%, 2%%, 3%%\nsensor.ack_timeout = 500ms, 1s, never\n"
                      "radio.loss = $x\nwhere = %s",
                      where);
  g_autoptr(Experiment) experiment = load_small(section, "", "", "");

  g_assert_cmpuint(grid_points(experiment->grid), ==, points);
}

static void
test_conditions(void)
{
  assert_where("$x = 1%", 3);
  assert_where("$x != 10000ppm", 6);
  assert_where("$x >= 2%", 6);
  assert_where("sensor.ack_timeout = never", 3);
  assert_where("sensor.ack_timeout > 1h", 3);
  assert_where("sensor.ack_timeout <= 1000ms", 6);
  assert_where("not sensor.ack_timeout = never and not $x = 1%", 4);
  assert_where("not (sensor.ack_timeout = never or $x = 1%)", 4);
  assert_where("$x = 1% or $x = 2% and sensor.ack_timeout = 1s", 4);
  assert_where("($x = 1% or $x = 2%) and sensor.ack_timeout = 1s", 2);
  assert_where("radio.loss * 2 = 4%", 3);
  assert_where("sensor.ack_timeout > 2 * sensor.rtt", 9);
  assert_where("sensor.link = radio and radio.order = fifo", 9);
  assert_where("sensor.link = wan or $x = 3%", 3);
  assert_where("1% < $x", 6);
}

static void
test_condition_errors(void)
{
  g_autoptr(Experiment) experiment = load(sweep, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null(condition_new(experiment->grid, "$los = 2%", &error));
  g_assert_error(error, CONDITION_ERROR, CONDITION_ERROR_SYNTAX);
  g_assert_cmpstr(error->message, ==, "no $los in [sweep]; nearest: $loss");
}

static void
test_overrides(void)
{
  const char *one[] = {"$loss=5%",
                       "sensor.count=7",
                       "experiment.seed=9",
                       "experiment.repeat=2",
                       "sensor.on_ack_timeout=resend",
                       NULL};
  const char *list[] = {"sensor.count=1, 2", "$loss=5%, 6%", "reading.size=10B .. 30B step 10B",
                        NULL};
  g_autoptr(Experiment) experiment = load(sweep, one), other = load(sweep, list);

  g_assert_cmpuint(grid_points(experiment->grid), ==, 10);
  g_assert_cmpuint(grid_factors(experiment->grid), ==, 4);
  g_assert_cmpuint(experiment->seed, ==, 9);
  g_assert_cmpuint(experiment_runs(experiment), ==, 20);
  assert_value(experiment, 1, "sensor.count", "7");
  assert_value(experiment, 1, "lte-m.loss", "5 %");
  g_assert_cmpuint(grid_factors(other->grid), ==, 6);
  g_assert_cmpuint(grid_points(other->grid), ==, 2 * 2 * 9 * 2 * 3);
}

static void
test_which_value_wins(void)
{
  const char *overrides[] = {"one.delay=9ms", NULL};
  g_autoptr(Experiment) experiment =
      load("[experiment]\ntitle = a\n[sweep]\none.mtu = 100B, 200B\n"
           "[link one]\nprofile = article-catm1\nloss = 5%\ndelay = 1ms\nmtu = 1000B\n"
           "[link two]\nlike = one\nloss = 6%\n[link three]\nlike = two\nprofile = wan\n",
           overrides);

  assert_value(experiment, 1, "one.order", "fifo");
  assert_value(experiment, 1, "one.rate", "300 kbit/s");
  assert_value(experiment, 1, "one.loss", "5 %");
  assert_value(experiment, 1, "one.mtu", "100 B");
  assert_value(experiment, 1, "one.delay", "9 ms");
  assert_value(experiment, 1, "two.rate", "300 kbit/s");
  assert_value(experiment, 1, "two.loss", "6 %");
  assert_value(experiment, 1, "two.mtu", "1 kB");
  assert_value(experiment, 1, "two.delay", "1 ms");
  assert_value(experiment, 1, "three.loss", "6 %");
  assert_value(experiment, 1, "three.rate", "unlimited");
  assert_value(experiment, 1, "three.rtt", NULL);
}

static void
test_swept_profile(void)
{
  g_autoptr(Experiment) experiment =
      load_small("[sweep]\nradio.profile = article-catm1, wan", "ack_timeout = 2 * rtt", "", "");

  assert_value(experiment, 1, "radio.loss", "1 %");
  assert_value(experiment, 2, "radio.loss", "0 %");
  assert_value(experiment, 1, "sensor.ack_timeout", "600 ms");
  assert_value(experiment, 2, "sensor.ack_timeout", "40 ms");
  assert_point(experiment, 2, "radio.profile=wan");
}

static void
test_each(void)
{
  g_autoptr(Experiment) experiment =
      load("[experiment]\ntitle = a\n[link radio]\n[fault f]\nwhat = outage\ntarget = each radio\n",
           NULL);

  assert_value(experiment, 1, "f.target", "each, radio");
}

/* A comment, a title or a plot changes nothing, a value does; replications and values only add. */
static void
test_key(void)
{
  static const char *const same[] = {"# again\n", "[plot p]\nmetric = owed\n"};
  g_autoptr(Experiment) experiment = load(sweep, NULL);
  const char *repeat[] = {"experiment.repeat=3", "$loss=7%, 8%", NULL};
  const char *count[] = {"sensor.count=51", NULL}, *seed[] = {"experiment.seed=2", NULL};
  g_autoptr(Experiment) repeated = load(sweep, repeat), counted = load(sweep, count);
  g_autoptr(Experiment) seeded = load(sweep, seed);

  for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
    g_autofree char *text = g_strconcat(sweep, same[i], NULL);
    g_autoptr(Experiment) other = load(text, NULL);

    g_assert_cmpstr(experiment->key, ==, other->key);
  }
  g_assert_cmpstr(experiment->key, ==, repeated->key);
  g_assert_cmpstr(experiment->key, !=, counted->key);
  g_assert_cmpstr(experiment->key, !=, seeded->key);
}

/* A draw beyond max becomes max, and no other draw changes. */
static void
test_table_max(void)
{
  static const struct {
    const char *max;
    double max_ns;
  } caps[] = {{"15ms", 15e6}, {"20ms", 20e6}, {"35ms", 35e6},
              {"10ms", 10e6}, {"40ms", 40e6}, {"1h", 3600e9}};
  static const char *const line = "delay = quantiles(0%: 10ms, 50%: 20ms, 75%: 20ms, 100%: 40ms";
  g_autofree char *whole_line = g_strconcat(line, ")", NULL);
  g_autoptr(Experiment) whole = load_small("", "", whole_line, "");
  g_autoptr(Value) all = grid_key_value(whole->grid, 1, "radio.delay");

  for (gsize i = 0; i < G_N_ELEMENTS(caps); i++) {
    g_autofree char *capped_line = g_strdup_printf("%s, max=%s)", line, caps[i].max);
    g_autoptr(Experiment) experiment = load_small("", "", capped_line, "");
    g_autoptr(Value) capped = grid_key_value(experiment->grid, 1, "radio.delay");

    for (guint k = 0; k < 1000; k++) {
      double u = k / 1000.0, expected = MIN(dist_quantile(all->dist, u), caps[i].max_ns);

      g_assert_cmpfloat_with_epsilon(dist_quantile(capped->dist, u), expected, 1e-3);
    }
    g_assert_cmpfloat(dist_max(capped->dist), ==, MIN(caps[i].max_ns, 40e6));
  }
}

static void
test_files(void)
{
  static const char text[] =
      "[experiment]\ntitle = a\n[link radio]\ndelay = samples(rtt.txt, max=3s)\n";
  g_autofree char *folder = g_dir_make_tmp("qosim-XXXXXX", NULL), *first = NULL, *expected = NULL;
  g_autofree char *file = g_build_filename(folder, "a.ini", NULL);
  g_autofree char *samples = g_build_filename(folder, "rtt.txt", NULL);
  ExperimentSource source = {.path = file};
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(Experiment) experiment = NULL;
  g_autoptr(Value) value = NULL;

  g_assert_true(g_file_set_contents(file, text, -1, NULL));
  g_assert_true(g_file_set_contents(samples, "# measured\n1s\n2 s\n\n9s\n", -1, NULL));
  experiment = experiment_load(&test_model, &source, problems);
  g_assert_cmpuint(problems->len, ==, 0);
  assert_value(experiment, 1, "radio.delay", "samples(rtt.txt, max=3 s)");
  value = grid_key_value(experiment->grid, 1, "radio.delay");
  g_assert_cmpfloat(dist_max(value->dist), ==, 3e9);
  g_assert_cmpfloat(dist_mean(value->dist), ==, 2e9);
  g_assert_cmpmem(experiment->text, experiment->text_n, text, strlen(text));
  g_assert_true(g_file_set_contents(samples, "1s\n2\n", -1, NULL));
  g_assert_null(experiment_load(&test_model, &source, problems));
  first = problem_to_string(g_ptr_array_index(problems, 0));
  expected =
      g_strdup_printf("%s:4: [link radio] delay = samples(rtt.txt, max=3s): %s:2: sample = 2: "
                      "a time needs a unit, as in 2s (ns us ms s min h d y)",
                      file, samples);
  g_assert_cmpstr(first, ==, expected);
  g_unlink(samples);
  g_unlink(file);
  g_rmdir(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/study/experiment/timeout sweep", test_timeout_sweep);
  g_test_add_func("/study/experiment/plots", test_plots);
  g_test_add_func("/study/experiment/scenario", test_scenario);
  g_test_add_func("/study/experiment/values", test_values);
  g_test_add_func("/study/experiment/expressions", test_expressions);
  g_test_add_func("/study/experiment/ranges", test_ranges);
  g_test_add_func("/study/experiment/conditions", test_conditions);
  g_test_add_func("/study/experiment/condition errors", test_condition_errors);
  g_test_add_func("/study/experiment/overrides", test_overrides);
  g_test_add_func("/study/experiment/which value wins", test_which_value_wins);
  g_test_add_func("/study/experiment/swept profile", test_swept_profile);
  g_test_add_func("/study/experiment/each", test_each);
  g_test_add_func("/study/experiment/key", test_key);
  g_test_add_func("/study/experiment/table max", test_table_max);
  g_test_add_func("/study/experiment/files", test_files);
  return g_test_run();
}
