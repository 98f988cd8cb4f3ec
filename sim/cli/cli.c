#include "sim/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/profiles/profiles.h"
#include "models/spec/spec_model.h"
#include "sim/cli/term.h"

const char *const cli_commands[] = {"run",  "check",  "show", "plot", "profiles",
                                    "keys", "broker", "live", NULL};

static const char *
model_profiles(const char *kind, const char **file)
{
  *file = "profile";
  return profiles_text(kind);
}

const ExperimentModel cli_model = {
    .kinds = spec_model_kinds,
    .profiles = model_profiles,
    .derived = spec_derived,
    .check = spec_check,
};

void
cli_error(const char *format, ...)
{
  va_list arguments;
  g_autofree char *message = NULL;

  va_start(arguments, format);
  message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_printerr("qosim: %s\n", message);
}

int
cli_unknown_command(const char *name)
{
  const char *near =
      spec_nearest(name, cli_commands, g_strv_length((char **)(gpointer)cli_commands));

  if (near)
    cli_error("there is no command %s; nearest: %s", name, near);
  else
    cli_error("there is no command %s; qosim --help lists them", name);
  return CLI_USAGE;
}

/* GOption wants "-j 2"; people write "-j2" too. The strings are interned: argv lives to the end. */
static void
split_short_options(int *argc, char ***argv, const GOptionEntry *entries)
{
  static char **split;
  int n = 0;
  gboolean plain = FALSE;

  g_free(split);
  split = g_new0(char *, 2 * *argc + 1);
  for (int i = 0; i < *argc; i++) {
    const char *argument = (*argv)[i];
    const GOptionEntry *entry = entries;

    plain |= g_str_equal(argument, "--");
    while (entry->long_name != NULL &&
           (entry->short_name != argument[1] || entry->arg == G_OPTION_ARG_NONE))
      entry++;
    if (!plain && argument[0] == '-' && argument[1] != '\0' && argument[1] != '-' &&
        argument[2] != '\0' && entry->long_name != NULL) {
      split[n++] = (char *)g_intern_string((char[]){'-', argument[1], '\0'});
      split[n++] = (char *)g_intern_string(argument + 2);
    } else
      split[n++] = (*argv)[i];
  }
  *argc = n;
  *argv = split;
}

gboolean
cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
          const char *summary, const char *description, int least, int most)
{
  const char *command = (*argv)[0];
  g_autofree char *program = g_strdup_printf("qosim %s", command);
  g_autoptr(GOptionContext) context = g_option_context_new(arguments);
  g_autoptr(GError) error = NULL;

  g_set_prgname(program);
  split_short_options(argc, argv, entries);
  g_option_context_add_main_entries(context, entries, NULL);
  g_option_context_set_summary(context, summary);
  g_option_context_set_description(context, description);
  if (!g_option_context_parse(context, argc, argv, &error))
    cli_error("%s; see qosim %s --help", error->message, command);
  else if (*argc - 1 < least)
    cli_error("%s needs %s; see qosim %s --help", command, arguments, command);
  else if (*argc - 1 > most)
    cli_error("%s does not know what to do with %s; see qosim %s --help", command,
              (*argv)[most + 1], command);
  else
    return TRUE;
  return FALSE;
}

void
cli_print_problems(const GPtrArray *problems, const char *outcome)
{
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *text = problem_to_string(problems->pdata[i]);

    g_printerr("%s\n", text);
  }
  g_printerr("%s%u error%s%s; %s\n", term_bold(stderr), problems->len,
             problems->len == 1 ? "" : "s", term_plain(stderr), outcome);
}

CliStatus
cli_store_status(const GError *error)
{
  /* Naming a wrong file is wrong usage; a disk that is full is not. */
  if (g_error_matches(error, STORE_ERROR, STORE_ERROR_EXPERIMENT) ||
      g_error_matches(error, STORE_ERROR, STORE_ERROR_FORMAT) ||
      g_error_matches(error, STORE_ERROR, STORE_ERROR_VERSION))
    return CLI_USAGE;
  return CLI_FAILED;
}

/* The experiment stands in its database, so the file may have changed or gone since. */
static Experiment *
load_stored(Store *store)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_auto(GStrv) overrides = g_strsplit(store_overrides(store), "\n", -1);
  guint n = g_strv_length(overrides);
  Experiment *experiment;
  ExperimentSource source = {
      .path = store_path(store),
      .text = store_text(store),
      .n = strlen(store_text(store)),
      .overrides = (const char *const *)overrides,
      .any_size = TRUE,
  };

  if (n > 0 && !overrides[n - 1][0])
    g_clear_pointer(&overrides[n - 1], g_free);
  experiment = experiment_load(&cli_model, &source, problems);
  if (!experiment)
    cli_print_problems(problems, "this program cannot read the experiment of that database");
  return experiment;
}

Database *
cli_open(const char *path, CliStatus *status)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Database) database = g_new0(Database, 1);

  database->store = store_open_read(path, &error);
  if (!database->store) {
    cli_error("%s", error->message);
    *status =
        g_error_matches(error, STORE_ERROR, STORE_ERROR_OPEN) ? CLI_USAGE : cli_store_status(error);
    return NULL;
  }
  database->experiment = load_stored(database->store);
  if (!database->experiment) {
    *status = CLI_USAGE;
    return NULL;
  }
  database->points = store_points(database->store, &error);
  if (!database->points) {
    cli_error("%s", error->message);
    *status = CLI_FAILED;
    return NULL;
  }
  return g_steal_pointer(&database);
}

void
cli_close(Database *database)
{
  if (!database)
    return;
  g_clear_pointer(&database->points, g_ptr_array_unref);
  g_clear_pointer(&database->experiment, experiment_free);
  g_clear_pointer(&database->store, store_free);
  g_free(database);
}

static gboolean
select_numbers(gboolean *chosen, guint points, const char *only)
{
  g_auto(GStrv) parts = g_strsplit(only, ",", -1);

  for (guint i = 0; parts[i]; i++) {
    const char *part = g_strstrip(parts[i]);
    guint64 first, last;
    char *end;

    first = last = g_ascii_strtoull(part, &end, 10);
    if (end != part && *end == '-') {
      part = end + 1;
      last = g_ascii_strtoull(part, &end, 10);
    }
    if (end == part || *end || first > last) {
      cli_error("--only %s: points are given as in 3,7-9", only);
      return FALSE;
    }
    if (first < 1 || last > points) {
      cli_error("--only %s: there is no point %" G_GUINT64_FORMAT "; the experiment has 1 to %u",
                only, first < 1 ? first : last, points);
      return FALSE;
    }
    for (guint64 p = first; p <= last; p++)
      chosen[p - 1] = TRUE;
  }
  return TRUE;
}

static gboolean
select_condition(gboolean *chosen, const Grid *grid, const char *only)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Condition) condition = condition_new(grid, only, &error);
  gboolean some = FALSE;

  if (!condition) {
    cli_error("--only %s: %s", only, error->message);
    return FALSE;
  }
  for (guint p = 1; p <= grid_points(grid); p++)
    some |= chosen[p - 1] = condition_holds(condition, p);
  if (!some)
    cli_error("--only %s: holds at no point", only);
  return some;
}

gboolean *
cli_select_points(const Grid *grid, const char *only)
{
  guint points = grid_points(grid);
  g_autofree gboolean *chosen = g_new0(gboolean, points);

  if (!only) {
    for (guint p = 0; p < points; p++)
      chosen[p] = TRUE;
  } else if (only[strspn(only, "0123456789,- ")] == '\0') {
    if (!select_numbers(chosen, points, only))
      return NULL;
  } else if (!select_condition(chosen, grid, only)) {
    return NULL;
  }
  return g_steal_pointer(&chosen);
}

char *
cli_ranges(const guint *numbers, guint n)
{
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < n; i++) {
    guint from = i;

    while (i + 1 < n && numbers[i + 1] == numbers[i] + 1)
      i++;
    g_string_append_printf(text, i > from ? "%s%u-%u" : "%s%u", text->len ? ", " : "",
                           numbers[from], numbers[i]);
  }
  return g_string_free(text, FALSE);
}

double
cli_messages(const Scenario *scenario)
{
  double messages = 0;

  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *publish = scenario->sections->pdata[i];
    const Value *clients;
    const Dist *every;

    if (!g_str_equal(publish->kind->kind, "publish"))
      continue;
    every = section_dist(publish, "every");
    clients = section_value(publish, "client");
    if (!every || !clients)
      continue;
    for (guint c = 0; c < clients->list.n; c++) {
      const Section *client = scenario_section(scenario, clients->list.values[c]->text);

      if (client)
        messages +=
            (double)section_int(client, "count") * (double)scenario->duration_ns / dist_mean(every);
    }
  }
  return messages;
}
