/* Beside each measured sample the same campaigns simulated, many times over, and whether the two
 * agree. Prints a table of Markdown; exits 1 where they do not.
 *
 *     validate [-n CAMPAIGNS] [-j WORKERS] [-d FOLDER] MEASURED.csv...
 *
 * With -d, FOLDER gets a file for each with the two distributions, for a picture. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/world/world.h"
#include "sim/study/runner.h"
#include "tests/models/world/kit.h"
#include "tests/validate/sample.h"

typedef struct {
  int campaigns; /* to simulate */
  int workers;   /* 0: one for each processor */
  char *folder;  /* for data of pictures; NULL: none */
} Options;

/* One measured sample and what is set beside it. */
typedef struct {
  char *name;
  GPtrArray *measured, *simulated; /* Campaign * */
  Scale *scale;
  Tally *real, *model;
  Spread spread;
} Pair;

static void
pair_free(Pair *pair)
{
  g_clear_pointer(&pair->real, tally_free);
  g_clear_pointer(&pair->model, tally_free);
  g_clear_pointer(&pair->scale, scale_free);
  g_clear_pointer(&pair->measured, g_ptr_array_unref);
  g_clear_pointer(&pair->simulated, g_ptr_array_unref);
  g_free(pair->name);
  g_free(pair);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pair, pair_free)

static Experiment *
load(const char *path, const Options *options, GError **error)
{
  g_autofree char *repeat = g_strdup_printf("experiment.repeat=%d", options->campaigns);
  const char *const overrides[] = {"experiment.record=messages", repeat, NULL};
  const ExperimentSource source = {.path = path, .overrides = overrides};
  g_autoptr(GPtrArray) problems = problem_list_new();
  Experiment *experiment = experiment_load(&kit_model, &source, problems);

  if (experiment == NULL) {
    g_autofree char *problem = problem_to_string(problems->pdata[0]);

    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, problem);
  }
  return experiment;
}

/* The only point at which a condition holds. */
static gboolean
find_point(const Experiment *experiment, const char *text, guint *point, GError **error)
{
  g_autoptr(Condition) condition = condition_new(experiment->grid, text, error);
  guint found = 0;

  if (condition == NULL)
    return FALSE;
  for (guint p = 1; p <= grid_points(experiment->grid); p++) {
    if (condition_holds(condition, p)) {
      *point = p;
      found++;
    }
  }
  if (found != 1)
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: %s: %u points, not one",
                experiment->path, text, found);
  return found == 1;
}

static gboolean
keep(RunnerResult *result, gpointer data, GError **error G_GNUC_UNUSED)
{
  GPtrArray *sample = data;
  const GArray *messages = result->outcome->messages;
  Campaign *campaign;

  if (result->outcome->breach)
    return TRUE;
  campaign = campaign_new();
  for (guint i = 0; i < messages->len; i++) {
    const OutcomeMessage *m = &g_array_index(messages, OutcomeMessage, i);

    campaign_add(campaign, m->latency_ns, m->copies, 1);
  }
  g_ptr_array_add(sample, campaign);
  return TRUE;
}

static GPtrArray *
simulate(const Experiment *experiment, guint point, const Options *options, GError **error)
{
  g_autoptr(GPtrArray) sample = g_ptr_array_new_with_free_func((GDestroyNotify)campaign_free);
  g_autofree RunnerJob *jobs = g_new(RunnerJob, experiment->repeat);
  RunnerReport report = {0};
  RunnerOptions runner = {
      .grid = experiment->grid,
      .run = world_run,
      .jobs = jobs,
      .n_jobs = experiment->repeat,
      .workers = options->workers ? (guint)options->workers : g_get_num_processors(),
      .seed = experiment->seed,
      .sink = keep,
      .data = sample,
  };
  gboolean done;

  for (guint r = 0; r < experiment->repeat; r++)
    jobs[r] = (RunnerJob){.point = point, .replication = r + 1};
  done = runner_run(&runner, &report, error);
  if (done && report.breaches->len) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "an invariant did not hold: %s",
                (const char *)report.breaches->pdata[0]);
    done = FALSE;
  }
  runner_report_clear(&report);
  return done ? g_steal_pointer(&sample) : NULL;
}

static char *
scenario_name(const char *path)
{
  char *name = g_path_get_basename(path);

  if (g_str_has_suffix(name, ".csv"))
    name[strlen(name) - strlen(".csv")] = '\0';
  return name;
}

static Pair *
pair_make(const char *path, const Options *options, GError **error)
{
  g_autofree char *file = NULL, *condition = NULL;
  g_autoptr(Experiment) experiment = NULL;
  g_autoptr(Pair) pair = g_new0(Pair, 1);
  guint point;

  pair->name = scenario_name(path);
  pair->measured = sample_read(path, &file, &condition, error);
  if (pair->measured == NULL)
    return NULL;
  if ((guint)options->campaigns < pair->measured->len) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "%s has %u campaigns: simulate as many at least", path, pair->measured->len);
    return NULL;
  }
  experiment = load(file, options, error);
  if (experiment == NULL || !find_point(experiment, condition, &point, error))
    return NULL;
  pair->simulated = simulate(experiment, point, options, error);
  if (pair->simulated == NULL)
    return NULL;
  pair->scale = scale_new(pair->measured, pair->simulated);
  pair->real = tally_new(pair->scale);
  pair->model = tally_new(pair->scale);
  tally_add_all(pair->real, pair->measured);
  tally_add_all(pair->model, pair->simulated);
  pair->spread = sample_spread(pair->simulated, pair->scale, pair->measured->len);
  return g_steal_pointer(&pair);
}

static void
print_figures(const char *name, const char *origin, guint campaigns, const Tally *tally)
{
  printf("| %-19s | %-9s %3u | %11.2f | %7.3f | %7.1f | %7.1f | %7.0f | %7.0f | %7.0f |", name,
         origin, campaigns, 100 * tally_delivered(tally), 100 * tally_duplicated(tally),
         tally_mean(tally), tally_quantile(tally, 0.5), tally_quantile(tally, 0.9),
         tally_quantile(tally, 0.95), tally_quantile(tally, 0.99));
}

static gboolean
within(double value, double low, double high)
{
  return value >= low && value <= high;
}

/* Whether the pair agrees. */
static gboolean
print_pair(const Pair *pair)
{
  const Spread *s = &pair->spread;
  double area = tally_area(pair->real, pair->model);
  double allowed = 2 + 0.05 * tally_mean(pair->real); /* ms */
  gboolean area_holds = area <= MAX(allowed, s->area_p99);
  gboolean delivered_holds =
      within(tally_delivered(pair->real), s->delivered_low, s->delivered_high);
  gboolean duplicated_holds =
      within(tally_duplicated(pair->real), s->duplicated_low, s->duplicated_high);
  gboolean holds = area_holds && delivered_holds && duplicated_holds;

  print_figures(pair->name, "measured", pair->measured->len, pair->real);
  printf(" %7.1f | %7.1f | %7.1f | %s%s%s%s |\n", area, allowed, s->area_p99,
         holds ? "holds" : "off:", area_holds ? "" : " area", delivered_holds ? "" : " delivered",
         duplicated_holds ? "" : " twice");
  print_figures("", "simulated", pair->simulated->len, pair->model);
  printf("         |         |         |  |\n");
  fflush(stdout);
  return holds;
}

/* The share that has not arrived after each latency: s and share, as far apart as the eye can tell
 * on logarithmic axes. */
static void
write_curve(FILE *file, const Tally *tally)
{
  double drawn_s = 0, drawn = 1;
  guint64 arrived = 0;

  for (guint i = 0; i < tally->scale->n; i++) {
    double s = tally->scale->ticks[i] * (SAMPLE_TICK_NS / 1e9), missing;

    if (tally->counts[i] == 0)
      continue;
    arrived += tally->counts[i];
    missing = 1 - (double)arrived / (double)tally->published;
    if (s < 1.01 * drawn_s && missing > 0.98 * drawn && arrived < tally->delivered)
      continue;
    fprintf(file, "%.4f %.6g\n", s, missing);
    drawn_s = s;
    drawn = missing;
  }
  fprintf(file, "\n\n");
}

static gboolean
write_curves(const Pair *pair, const char *folder, GError **error)
{
  g_autofree char *path = g_strdup_printf("%s/%s.tsv", folder, pair->name);
  FILE *file = fopen(path, "w");

  if (file == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be written", path);
    return FALSE;
  }
  write_curve(file, pair->real);
  write_curve(file, pair->model);
  fclose(file);
  return TRUE;
}

/* FALSE: they do not agree, or an error. */
static gboolean
compare(const char *path, const Options *options, GError **error)
{
  g_autoptr(Pair) pair = pair_make(path, options, error);
  gboolean holds;

  if (pair == NULL)
    return FALSE;
  holds = print_pair(pair);
  return (options->folder == NULL || write_curves(pair, options->folder, error)) && holds;
}

int
main(int argc, char **argv)
{
  Options options = {.campaigns = 200};
  const GOptionEntry entries[] = {
      {"campaigns", 'n', 0, G_OPTION_ARG_INT, &options.campaigns, "to simulate of each", "N"},
      {"workers", 'j', 0, G_OPTION_ARG_INT, &options.workers, "runs side by side", "N"},
      {"data", 'd', 0, G_OPTION_ARG_FILENAME, &options.folder, "for data of pictures", "FOLDER"},
      {NULL},
  };
  g_autoptr(GOptionContext) context = g_option_context_new("MEASURED.csv...");
  g_autoptr(GError) error = NULL;
  guint off = 0;

  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    g_printerr("%s\n", error->message);
    return 2;
  }
  printf(
      "| %-19s | %-13s | %-11s | %-7s | %-7s | %-7s | %-7s | %-7s | %-7s | %-7s | %-7s | %-7s | |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      "scenario", "campaigns", "delivered %", "twice %", "mean ms", "p50", "p90", "p95", "p99",
      "area", "allowed", "chance");
  for (int i = 1; i < argc; i++) {
    off += !compare(argv[i], &options, &error);
    if (error) {
      g_printerr("%s\n", error->message);
      return 2;
    }
  }
  g_free(options.folder);
  return off > 0;
}
