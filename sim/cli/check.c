/* qosim check: what a run would do, without doing it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/world/world.h"
#include "sim/cli/cli.h"
#include "sim/cli/term.h"

#define SHOWN_VALUES 4          /* of a key that differs between points */
#define TRIAL_US G_USEC_PER_SEC /* the longest that an estimate may take */

/* All values that a text of a point takes over the points, as in "lte-m | satellite". */
typedef char *(*PointText)(const Grid *grid, guint point, const char *name);

static char *
distinct(const Grid *grid, PointText text_of, const char *name)
{
  g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);

  for (guint p = 1; p <= grid_points(grid) && seen->len <= SHOWN_VALUES; p++) {
    g_autofree char *text = text_of(grid, p, name);

    if (!g_ptr_array_find_with_equal_func(seen, text, g_str_equal, NULL))
      g_ptr_array_add(seen, g_steal_pointer(&text));
  }
  if (seen->len > SHOWN_VALUES) {
    g_ptr_array_set_size(seen, SHOWN_VALUES - 1);
    g_ptr_array_add(seen, g_strdup("..."));
  }
  g_ptr_array_add(seen, NULL);
  return g_strjoinv(" | ", (char **)seen->pdata);
}

static char *
join_list(const Value *value, const char *separator)
{
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < value->list.n; i++) {
    g_autofree char *item = value_to_string(value->list.values[i]);

    g_string_append_printf(text, "%s%s", i ? separator : "", item);
  }
  return g_string_free(text, FALSE);
}

static char *
key_text(const Grid *grid, guint point, const char *name)
{
  g_autoptr(Value) value = grid_key_value(grid, point, name);

  if (!value)
    return g_strdup("none");
  if (value->kind == VALUE_LIST)
    return join_list(value, g_str_has_suffix(name, ".link") ? " > " : ", ");
  return value_to_string(value);
}

static char *
distinct_key(const Grid *grid, const char *section, const char *key)
{
  g_autofree char *name = g_strdup_printf("%s.%s", section, key);

  return distinct(grid, key_text, name);
}

typedef struct {
  char *columns[4]; /* count and name, path, broker, what it does */
} Row;

static void
row_free(Row *row)
{
  for (guint i = 0; i < G_N_ELEMENTS(row->columns); i++)
    g_free(row->columns[i]);
  g_free(row);
}

static gboolean
names_client(const Section *section, const char *client)
{
  const Value *clients = section_value(section, "client");

  for (guint i = 0; clients && i < clients->list.n; i++)
    if (value_is_word(clients->list.values[i], client))
      return TRUE;
  return FALSE;
}

static char *
stream_text(const Grid *grid, const Section *section)
{
  g_autofree char *qos = distinct_key(grid, section->name, "qos");
  g_autofree char *size = NULL, *every = NULL, *topic = NULL, *filter = NULL;

  if (g_str_equal(section->kind->kind, "subscribe")) {
    filter = distinct_key(grid, section->name, "filter");
    return g_strdup_printf("subscribe %s: QoS %s to %s", section->name, qos, filter);
  }
  size = distinct_key(grid, section->name, "size");
  every = distinct_key(grid, section->name, "every");
  topic = distinct_key(grid, section->name, "topic");
  return g_strdup_printf("publish %s: QoS %s, %s every %s to %s", section->name, qos, size, every,
                         topic);
}

/* One row for each stream of each group of clients; the group is named in the first. */
static void
add_group(GPtrArray *rows, const Grid *grid, const Scenario *first, const Section *client)
{
  g_autofree char *count = distinct_key(grid, client->name, "count");
  gboolean named = FALSE;

  for (guint i = 0; i <= first->sections->len; i++) {
    gboolean at_end = i == first->sections->len;
    const Section *stream = at_end ? NULL : first->sections->pdata[i];
    Row *row;

    if (at_end ? named
               : !g_str_equal(stream->kind->kind, "publish") &&
                     !g_str_equal(stream->kind->kind, "subscribe"))
      continue;
    if (stream && !names_client(stream, client->name))
      continue;
    row = g_new0(Row, 1);
    row->columns[0] = named ? g_strdup("") : g_strdup_printf("%4s %s", count, client->name);
    row->columns[1] = named ? g_strdup("") : distinct_key(grid, client->name, "link");
    row->columns[2] = named ? g_strdup("") : distinct_key(grid, client->name, "broker");
    row->columns[3] = stream ? stream_text(grid, stream) : g_strdup("");
    g_ptr_array_add(rows, row);
    named = TRUE;
  }
}

static void
print_scene(const Grid *grid)
{
  g_autoptr(Scenario) first = grid_scenario(grid, 1);
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
  gsize width[3] = {0};

  for (guint i = 0; i < first->sections->len; i++) {
    const Section *section = first->sections->pdata[i];

    if (g_str_equal(section->kind->kind, "client"))
      add_group(rows, grid, first, section);
  }
  for (guint i = 0; i < rows->len; i++)
    for (guint c = 0; c < G_N_ELEMENTS(width); c++)
      width[c] = MAX(width[c], strlen(((Row *)rows->pdata[i])->columns[c]));
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = rows->pdata[i];
    const char *arrow = row->columns[1][0] ? "  >  " : "     ";

    g_print("%-*s%s%-*s%s%-*s    %s\n", (int)width[0], row->columns[0], arrow, (int)width[1],
            row->columns[1], arrow, (int)width[2], row->columns[2], row->columns[3]);
  }
}

/* "90 ms .. 20 s" if a factor's values had to be worked out; NULL if they are as written. */
static char *
resolved_range(const Grid *grid, guint factor)
{
  g_autoptr(Value) least = NULL;
  g_autoptr(Value) most = NULL;
  gboolean worked_out = FALSE;

  for (guint p = 1; p <= grid_points(grid); p++) {
    g_autoptr(Value) value = grid_value(grid, p, factor);

    if (value->kind != VALUE_INT || value->unit != UNIT_NS || value->integer == VALUE_NEVER)
      continue;
    worked_out |=
        strpbrk(grid_text(grid, p, factor), "*/+$") || strstr(grid_text(grid, p, factor), "rtt");
    if (!least || value->integer < least->integer) {
      g_clear_pointer(&least, value_unref);
      least = value_ref(value);
    }
    if (!most || value->integer > most->integer) {
      g_clear_pointer(&most, value_unref);
      most = value_ref(value);
    }
  }
  if (!worked_out)
    return NULL;
  g_autofree char *from = value_to_string(least);
  g_autofree char *to = value_to_string(most);
  return g_strdup_printf("%s .. %s", from, to);
}

static void
print_factors(const Grid *grid)
{
  gsize name_width = 5, values_width = 0;
  g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func(g_free);

  if (grid_factors(grid) == 0)
    return;
  g_print("\n");
  for (guint f = 0; f < grid_factors(grid); f++) {
    const Factor *factor = grid_factor(grid, f);
    g_auto(GStrv) texts = g_new0(char *, factor->n + 1);

    for (guint i = 0; i < factor->n; i++)
      texts[i] = g_strdup(factor->texts[i]);
    g_ptr_array_add(lists, g_strjoinv(", ", texts));
    name_width = MAX(name_width, strlen(factor->name));
    values_width = MAX(values_width, strlen(lists->pdata[f]));
  }
  for (guint f = 0; f < lists->len; f++) {
    g_autofree char *range = resolved_range(grid, f);

    if (range)
      g_print("  %-*s  %-*s  %s\n", (int)name_width, grid_factor(grid, f)->name,
              (int)MIN(values_width, 60), (char *)lists->pdata[f], range);
    else
      g_print("  %-*s  %s\n", (int)name_width, grid_factor(grid, f)->name, (char *)lists->pdata[f]);
  }
  if (grid_where(grid))
    g_print("  %-*s  leaves %u of %" G_GUINT64_FORMAT " combinations: %s\n", (int)name_width,
            "where", grid_points(grid), grid_combinations(grid), grid_where(grid));
}

static char *
time_text(gint64 time_ns)
{
  g_autoptr(Value) value = value_new_int(time_ns, UNIT_NS);

  return value_to_string(value);
}

static void
print_amount(const Experiment *experiment)
{
  double sum = 0, least = INFINITY, most = 0;
  g_autofree char *low = NULL, *high = NULL, *all = NULL;
  g_autofree char *shortest = time_text(experiment->warmup_ns + experiment->duration_ns);
  g_autofree char *longest =
      time_text(experiment->warmup_ns + experiment->duration_ns + experiment->drain_ns);

  for (guint p = 1; p <= grid_points(experiment->grid); p++) {
    g_autoptr(Scenario) scenario = grid_scenario(experiment->grid, p);
    double messages = cli_messages(scenario);

    sum += messages;
    least = MIN(least, messages);
    most = MAX(most, messages);
  }
  low = term_amount(least);
  high = term_amount(most);
  all = term_amount(sum * experiment->repeat);
  g_print("\n  %u point%s x %u replication%s = %" G_GUINT64_FORMAT " run%s, %s%s%s messages "
          "each, %s in all; %s to %s of virtual time a run\n",
          grid_points(experiment->grid), grid_points(experiment->grid) == 1 ? "" : "s",
          experiment->repeat, experiment->repeat == 1 ? "" : "s", experiment_runs(experiment),
          experiment_runs(experiment) == 1 ? "" : "s", low, least < most ? " to " : "",
          least < most ? high : "", all, shortest, longest);
}

typedef struct {
  const Experiment *experiment;
  gint cancel;
  gint done;
  gint64 wall_us;
} Trial;

static gpointer
try_runs(gpointer data)
{
  Trial *trial = data;
  const Grid *grid = trial->experiment->grid;
  RunRequest request = {
      .seed = trial->experiment->seed,
      .replication = 1,
      .cancel = &trial->cancel,
  };
  gint64 began_us = g_get_monotonic_time();

  for (guint i = 0; i < 2; i++) {
    g_autoptr(Scenario) scenario = grid_scenario(grid, i ? grid_points(grid) : 1);
    g_autoptr(Outcome) outcome = world_run(scenario, &request);

    if (!outcome)
      return NULL;
  }
  trial->wall_us = g_get_monotonic_time() - began_us;
  g_atomic_int_set(&trial->done, 1);
  return NULL;
}

/* The first and the last point are tried, for a second at most. */
static void
print_estimate(const Experiment *experiment)
{
  Trial trial = {.experiment = experiment};
  gint64 until_us = g_get_monotonic_time() + TRIAL_US;
  GThread *thread = g_thread_new("trial", try_runs, &trial);
  guint workers = g_get_num_processors();
  double total_s;

  while (!g_atomic_int_get(&trial.done) && g_get_monotonic_time() < until_us)
    g_usleep(5000);
  g_atomic_int_set(&trial.cancel, 1);
  g_thread_join(thread);
  if (!g_atomic_int_get(&trial.done)) {
    g_print("  one run takes longer than half a second of real time");
  } else {
    g_autofree char *clock = NULL;

    total_s = (double)trial.wall_us / 2e6 * (double)experiment_runs(experiment) /
              (double)MIN(workers, experiment_runs(experiment));
    clock = term_clock(ceil(total_s));
    g_print("  about %s on %u worker%s (from a trial of 2 runs)", clock, workers,
            workers == 1 ? "" : "s");
  }
  g_print("; every point: qosim check --points %s\n", experiment->path);
}

static void
print_points(const Grid *grid)
{
  for (guint p = 1; p <= grid_points(grid); p++) {
    g_print("%5u", p);
    for (guint f = 0; f < grid_factors(grid); f++) {
      g_autoptr(Value) value = grid_value(grid, p, f);
      g_autofree char *text = value_to_string(value);

      g_print("  %s = %s", grid_factor(grid, f)->name, text);
    }
    g_print("\n");
  }
}

static void
print_notes(const Experiment *experiment)
{
  guint points = grid_points(experiment->grid);

  g_print("no errors; %u note%s\n", experiment->notes->len, experiment->notes->len == 1 ? "" : "s");
  for (guint i = 0; i < experiment->notes->len; i++) {
    const ExperimentNote *note = experiment->notes->pdata[i];

    if (note->line)
      g_print("  line %u: %s", note->line, note->text);
    else
      g_print("  %s", note->text);
    if (note->points->len < points) {
      g_autofree char *where =
          cli_ranges((const guint *)(gpointer)note->points->data, note->points->len);

      g_print(" (point%s %s)", note->points->len == 1 ? "" : "s", where);
    }
    g_print("\n");
  }
}

int
check_command(int argc, char **argv)
{
  gboolean points = FALSE, any_size = FALSE;
  g_auto(GStrv) overrides = NULL;
  const GOptionEntry entries[] = {
      {"points", 0, 0, G_OPTION_ARG_NONE, &points, "list every point", NULL},
      {"set", 'D', 0, G_OPTION_ARG_FILENAME_ARRAY, &overrides, "replace a value, as in qosim run",
       "SECTION.KEY=VALUE"},
      {"yes", 0, 0, G_OPTION_ARG_NONE, &any_size, "allow more than 10,000 points", NULL},
      {NULL},
  };
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(Experiment) experiment = NULL;
  ExperimentSource source = {0};

  if (!cli_parse(
          &argc, &argv, entries, "FILE",
          "Reads the experiment FILE and says what a run would do: who talks to whom, what is\n"
          "swept, how many runs, and about how long they take. Every mistake is listed; notes\n"
          "name settings that are legal and defeat themselves. No database is touched.",
          NULL, 1, 1))
    return CLI_USAGE;
  source = (ExperimentSource){
      .path = argv[1],
      .overrides = (const char *const *)overrides,
      .any_size = any_size,
  };
  experiment = experiment_load(&cli_model, &source, problems);
  if (!experiment) {
    cli_print_problems(problems, "nothing was run");
    return CLI_USAGE;
  }
  if (points) {
    print_points(experiment->grid);
    return CLI_DONE;
  }
  g_print("%s%s%s\n", term_bold(stdout), experiment->title, term_plain(stdout));
  print_scene(experiment->grid);
  print_factors(experiment->grid);
  print_amount(experiment);
  print_estimate(experiment);
  print_notes(experiment);
  return CLI_DONE;
}
