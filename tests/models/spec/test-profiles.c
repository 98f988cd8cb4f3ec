/* The profiles: each says where its numbers come from, says what the tables understand, and each
 * link does to packets what it declares. */
#include "models/profiles/profiles.h"

#include <math.h>
#include <string.h>

#include "models/spec/spec_model.h"
#include "tests/models/net/rig.h"
#include "tests/models/spec/values.h"

#define PACKETS 100000
#define LENGTH 100

static const char *const kinds[] = {"link", "tcp", "broker", "client"};

static void
test_known_kinds(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    g_assert_nonnull(profiles_text(kinds[i]));
  g_assert_null(profiles_text("publish"));
}

/* Reads the profiles of a kind; every line of a value must name its source. */
static Scenario *
read_profiles(const char *kind)
{
  Scenario *scenario = scenario_new();
  g_auto(GStrv) lines = g_strsplit(profiles_text(kind), "\n", -1);
  Section *section = NULL;

  for (guint i = 0; lines[i]; i++) {
    char *line = g_strstrip(lines[i]), *source, *equals;

    if (line[0] == '\0' || line[0] == '#')
      continue;
    g_test_message("%s", line);
    if (line[0] == '[') {
      g_auto(GStrv) head = g_strsplit_set(line, "[ ]", -1);

      g_assert_cmpstr(head[1], ==, kind);
      g_assert_null(scenario_section(scenario, head[2]));
      section = values_section(scenario, spec_kind(spec_model_kinds, kind), head[2]);
      continue;
    }
    source = strstr(line, " # src: ");
    equals = strchr(line, '=');
    g_assert_nonnull(source);
    g_assert_cmpuint(strlen(source), >, strlen(" # src: ") + 4);
    g_assert_nonnull(equals);
    *source = *equals = '\0';
    values_set(section, g_strstrip(line), g_strstrip(equals + 1));
  }
  return scenario;
}

static void
test_lint(gconstpointer kind)
{
  g_autoptr(Scenario) scenario = read_profiles(kind);

  g_assert_cmpuint(scenario->sections->len, >, 0);
}

/* The profiles that stand for the defaults change nothing. */
static void
test_defaults(void)
{
  static const char *const defaults[] = {"perfect", "linux", "spec", "spec"};

  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(Scenario) scenario = read_profiles(kinds[i]);
    const Section *section = scenario_section(scenario, defaults[i]);

    g_assert_nonnull(section);
    for (const ParamSpec *spec = section->kind->params; spec->name; spec++) {
      g_autoptr(Value) fallback = spec->fallback ? values_parse(spec, spec->fallback) : NULL;
      const Value *value = section_value(section, spec->name);

      g_test_message("%s.%s", defaults[i], spec->name);
      g_assert_true(fallback ? value_equal(value, fallback) : value == NULL);
    }
  }
}

static int
compare(const void *a, const void *b)
{
  const gint64 *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

/* Losses stay within four standard deviations of what the file declares. */
static void
check_loss(const Section *link, const Rig *rig, NetDirection direction)
{
  const LinkCounters *counters = net_link_counters(rig->net, 0, direction);
  double rate = section_real(link, "loss"), n = (double)counters->packets;

  g_assert_cmpuint(counters->queue_drops + counters->outage_drops, ==, 0);
  g_assert_cmpfloat(fabs((double)counters->lost - n * rate), <=,
                    4 * sqrt(n * rate * (1 - rate)) + 1);
}

static double
serialisation_ns(const Section *link)
{
  LinkConfig config;
  double sum_ns = 0;

  spec_link(link, &config);
  for (guint d = NET_UP; d <= NET_DOWN; d++)
    if (config.direction[d].rate != NET_UNLIMITED)
      sum_ns += LENGTH * 8e9 / (double)config.direction[d].rate;
  return sum_ns;
}

/* Many pings, far apart: median and 95 % quantile of their round trips against the declared ones.
 */
static void
check_link(const Section *link)
{
  g_autoptr(Rig) rig = rig_new(0);
  g_autofree gint64 *trips_ns = g_new(gint64, PACKETS);
  const Dist *rtt = section_dist(link, "rtt");
  LinkConfig config;
  guint32 route, n = 0;

  g_test_message("%s", link->name);
  spec_link(link, &config);
  route = rig_route(rig, &config, link->name, 1);
  rig->echo = TRUE;
  for (guint i = 0; i < PACKETS; i++)
    rig_send(rig, i * 20 * S, route, NET_UP, LENGTH);
  rig_run(rig);
  check_loss(link, rig, NET_UP);
  check_loss(link, rig, NET_DOWN);

  /* Answers stand behind the pings, in the order in which those arrived. */
  for (guint32 i = 0; i < rig->trips->len - PACKETS; i++) {
    const Trip *answer = rig_trip(rig, PACKETS + i);

    if (answer->delivered)
      trips_ns[n++] = answer->ended_ns - answer->sent_ns / (20 * S) * (20 * S);
  }
  qsort(trips_ns, n, sizeof *trips_ns, compare);
  for (guint i = 0; i < 2; i++) {
    double q = i == 0 ? 0.5 : 0.95;
    double declared_ns = (rtt ? dist_quantile(rtt, q) : 0) + serialisation_ns(link);

    g_assert_cmpfloat(fabs((double)trips_ns[(guint32)(n * q)] - declared_ns), <=,
                      0.03 * declared_ns + 2);
  }
}

static void
test_links(void)
{
  g_autoptr(Scenario) scenario = read_profiles("link");

  for (guint i = 0; i < scenario->sections->len; i++)
    check_link(g_ptr_array_index(scenario->sections, i));
}

static void
test_no_findings(void)
{
  g_autoptr(Scenario) scenario = read_profiles("link");
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);

  spec_check(scenario, findings);
  g_assert_cmpuint(findings->len, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/profiles/known-kinds", test_known_kinds);
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autofree char *path = g_strdup_printf("/profiles/lint/%s", kinds[i]);

    g_test_add_data_func(path, kinds[i], test_lint);
  }
  g_test_add_func("/profiles/defaults", test_defaults);
  g_test_add_func("/profiles/links", test_links);
  g_test_add_func("/profiles/no-findings", test_no_findings);
  return g_test_run();
}
