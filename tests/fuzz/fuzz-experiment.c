/* Whatever bytes an experiment file holds: it is refused with problems that can be shown, each at a
 * line of the file and in the order of the lines, or it is taken. What was taken has points, no two
 * of them alike, every one can be made into a scenario, and read again it is the same experiment.
 *
 * A fuzzer for clang -fsanitize=fuzzer; with -DSTANDALONE a test that mutates the shipped
 * experiments, or runs the files named on the command line. */
#include "models/profiles/profiles.h"
#include "models/spec/spec_model.h"
#include "sim/study/experiment.h"
#include "tests/fuzz/driver.h"

#include <string.h>

#define POINTS_LOOKED_AT 64

static const char *
model_profiles(const char *kind, const char **file)
{
  *file = "profile";
  return profiles_text(kind);
}

static const ExperimentModel model = {
    .kinds = spec_model_kinds,
    .profiles = model_profiles,
    .derived = spec_derived,
    .check = spec_check,
};

static Experiment *
load(const uint8_t *data, size_t size, GPtrArray *problems)
{
  ExperimentSource source = {.path = "fuzz.ini", .text = (const char *)data, .n = size};

  return experiment_load(&model, &source, problems);
}

static void
assert_can_be_shown(const GPtrArray *problems, guint lines)
{
  guint line = 0;

  g_assert_cmpuint(problems->len, >, 0);
  for (guint i = 0; i < problems->len; i++) {
    const Problem *problem = g_ptr_array_index(problems, i);

    g_assert_cmpstr(problem->text, !=, "");
    g_assert_true(g_utf8_validate(problem->text, -1, NULL));
    for (const char *c = problem->text; *c != '\0'; c = g_utf8_next_char(c))
      g_assert_false(g_unichar_iscntrl(g_utf8_get_char(c)));
    if (problem->rank != 0 || problem->line == G_MAXUINT) /* "and more" has none */
      continue;
    g_assert_cmpstr(problem->file, ==, "fuzz.ini");
    g_assert_cmpuint(problem->line, <=, lines);
    g_assert_cmpuint(problem->line, >=, line);
    line = problem->line;
  }
}

static void
assert_points(const Experiment *experiment)
{
  g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  guint n = grid_points(experiment->grid);

  g_assert_cmpuint(n, >, 0);
  for (guint i = 0; i < MIN(n, POINTS_LOOKED_AT); i++) {
    guint point = i < POINTS_LOOKED_AT / 2 ? i + 1 : n - (MIN(n, POINTS_LOOKED_AT) - 1 - i);
    g_autoptr(Scenario) scenario = grid_scenario(experiment->grid, point);

    g_assert_cmpint(scenario->duration_ns, ==, experiment->duration_ns);
    g_assert_true(g_hash_table_add(keys, grid_point_key(experiment->grid, point)));
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(Experiment) experiment = load(data, size, problems), again = NULL;
  guint lines = 1;

  for (size_t i = 0; i < size; i++)
    lines += data[i] == '\n';
  if (experiment == NULL) {
    assert_can_be_shown(problems, lines);
    return 0;
  }
  g_assert_cmpuint(problems->len, ==, 0);
  assert_points(experiment);
  again = load(data, size, problems);
  g_assert_nonnull(again);
  g_assert_cmpstr(again->key, ==, experiment->key);
  g_assert_cmpuint(grid_points(again->grid), ==, grid_points(experiment->grid));
  return 0;
}

#ifdef STANDALONE
/* What is seldom met by chance. */
static const char *const phrases[] = {
    "never",
    "unlimited",
    "none",
    "rtt",
    "3 * rtt",
    "radio.rtt",
    "$loss",
    "(1s + $loss) / 2",
    "1s, 2s, 3s",
    "1s .. 9s step 2s",
    "log 1ms .. 1h points 5",
    "0",
    "-1s",
    "9223372036854775807",
    "1e308s",
    "0.0000001%",
    "100%",
    "gilbert(mean=2%, burst=400ms)",
    "quantiles(0%: 1ms, 50%: 3ms, 100%: 9ms, min=0s, max=5ms)",
    "lognormal(median=4s, p95=30s, min=1s)",
    "pareto(min=1ms, shape=1.5, max=1s)",
    "uniform(low=1ms, high=2ms)",
    "backoff(1s, max=60s, jitter=50%)",
    "every-change(exponential(5ms))",
    "radio > backhaul",
    "each radio",
    "fleet/{any sensor}/{n:5}",
    "a.b != never and not ($loss > 1% or $loss = 0%)",
    "# a comment",
    "\xef\xbb\xbf",
    "[link radio]",
    "[sweep]",
    "like = sensor",
    "profile = catm1",
};

static guint
draw_line(const GPtrArray *lines)
{
  return fuzz_below(lines->len);
}

static GPtrArray *
split(GBytes *seed)
{
  gsize n;
  const char *text = g_bytes_get_data(seed, &n);
  g_autofree char *copy = g_strndup(text, n);
  g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

  for (guint i = 0; lines[i] != NULL; i++)
    g_ptr_array_add(list, g_strdup(lines[i]));
  return list;
}

static void
replace(GPtrArray *lines, guint at, char *line)
{
  g_free(lines->pdata[at]);
  lines->pdata[at] = line;
}

static char *
with_value(const char *line, const char *value)
{
  const char *equals = strchr(line, '=');

  return equals == NULL ? g_strdup(value)
                        : g_strdup_printf("%.*s= %s", (int)(equals - line), line, value);
}

/* One change of a line: gone, doubled, moved, with another's value or a phrase, or a byte of it. */
static void
mutate(GPtrArray *lines, GPtrArray *other)
{
  guint at = draw_line(lines);
  char *line = lines->pdata[at];
  gsize n = strlen(line);

  switch (fuzz_below(8)) {
  case 0:
    if (lines->len > 1)
      g_ptr_array_remove_index(lines, at);
    break;
  case 1:
    g_ptr_array_insert(lines, (gint)at, g_strdup(other->pdata[draw_line(other)]));
    break;
  case 2:
    g_ptr_array_insert(lines, (gint)draw_line(lines), g_strdup(line));
    break;
  case 3: {
    const char *source = lines->pdata[draw_line(lines)], *equals = strchr(source, '=');

    replace(lines, at, with_value(line, equals == NULL ? source : equals + 1));
    break;
  }
  case 4:
  case 5:
    replace(lines, at, with_value(line, phrases[fuzz_below(G_N_ELEMENTS(phrases))]));
    break;
  case 6:
    if (n > 0)
      line[fuzz_below((guint)n)] = " =[].$#(),>-ax0%\n\t\x01\xff"[fuzz_below(20)];
    break;
  default:
    if (n > 0)
      line[fuzz_below((guint)n)] = '\0'; /* ends the line */
  }
}

static void
run_lines(GPtrArray *lines)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : "\n", (const char *)lines->pdata[i]);
  LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
}

static void
test_seeds(void)
{
  g_autoptr(GPtrArray) seeds = fuzz_seeds("experiments", ".ini");

  for (guint i = 0; i < seeds->len; i++) {
    gsize n;
    const uint8_t *input = g_bytes_get_data(g_ptr_array_index(seeds, i), &n);
    g_autoptr(GPtrArray) problems = problem_list_new();
    g_autoptr(Experiment) experiment = load(input, n, problems);

    g_assert_nonnull(experiment);
    for (gsize cut = 0; cut <= n; cut += 1 + fuzz_below(20))
      LLVMFuzzerTestOneInput(input, cut);
    LLVMFuzzerTestOneInput(input, n);
  }
}

static void
test_mutated(void)
{
  guint rounds = g_test_slow() ? 1000000 : 2000;
  g_autoptr(GPtrArray) seeds = fuzz_seeds("experiments", ".ini");

  for (guint i = 0; i < rounds; i++) {
    g_autoptr(GPtrArray) lines = split(g_ptr_array_index(seeds, fuzz_below(seeds->len)));
    g_autoptr(GPtrArray) other = split(g_ptr_array_index(seeds, fuzz_below(seeds->len)));

    for (guint k = 1 + fuzz_below(4); k > 0; k--)
      mutate(lines, other);
    run_lines(lines);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (fuzz_files(argc, argv))
    return 0;
  g_test_add_func("/fuzz/experiment/seeds", test_seeds);
  g_test_add_func("/fuzz/experiment/mutated", test_mutated);
  return g_test_run();
}
#endif
