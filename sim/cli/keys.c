/* qosim keys: the reference of the experiment file, from the tables that also check it. */
#include <stdio.h>

#include "models/spec/spec_model.h"
#include "sim/cli/cli.h"
#include "sim/cli/term.h"
#include "sim/record/metric.h"

/* The reference in the documentation stands between these. */
#define MARK_BEGIN "<!-- qosim keys --markdown: begin -->"
#define MARK_END "<!-- qosim keys --markdown: end -->"

static const char *const type_names[] = {
    [PARAM_TEXT] = "TEXT",   [PARAM_WORD] = "WORD",     [PARAM_FLAG] = "FLAG",
    [PARAM_INT] = "INT",     [PARAM_NUMBER] = "NUMBER", [PARAM_TIME] = "TIME",
    [PARAM_SIZE] = "SIZE",   [PARAM_RATE] = "RATE",     [PARAM_RATIO] = "RATIO",
    [PARAM_QUEUE] = "QUEUE", [PARAM_DIST] = "DIST",     [PARAM_CALL] = "CALL",
    [PARAM_REF] = "REF",     [PARAM_PATH] = "PATH",     [PARAM_TOPIC] = "TOPIC",
    [PARAM_COND] = "COND",   [PARAM_METRIC] = "METRIC", [PARAM_FACTOR] = "FACTOR",
};

static const char *const type_help[] = {
    "TEXT, WORD   text; one of the words listed",
    "FLAG         yes, no",
    "INT, NUMBER  a count; a plain number",
    "TIME         ns us ms s min h d y, as in 300ms",
    "SIZE, RATE   B kB MB KiB MiB; bit/s kbit/s Mbit/s Gbit/s",
    "RATIO        %, ppm",
    "QUEUE        a SIZE, or as in 100 packets",
    "DIST         a TIME, or uniform(a, b), exponential(mean), normal(mean=, sd=),",
    "             lognormal(median=, p95=), gamma(mean=, sd=), weibull(median=, p95=),",
    "             pareto(min=, shape=, max=), quantiles(0%: 1ms, 50%: 3ms, 100%: 500ms),",
    "             samples(FILE)",
    "REF, PATH    the name of a section or profile; names of links, as in radio > backhaul",
    "TOPIC        a topic name or filter; {client}, {n} and {group} stand for each client's own",
    "COND         = != < <= > >= between values, keys and factors; and, or, not, parentheses",
    "METRIC       as in delivery_ratio or reading.latency_p99",
    "FACTOR       what [sweep] varies, as in sensor.ack_timeout or $loss",
};

static const ParamSpec profile_params[] = {
    {.name = "profile", .type = PARAM_WORD, .help = "named values, see qosim profiles"},
    {.name = "like", .type = PARAM_REF, .help = "a section of this kind to copy"},
    {.name = NULL},
};

typedef struct {
  char *type, *fallback, *range;
} Row;

static void
row_clear(Row *row)
{
  g_free(row->type);
  g_free(row->fallback);
  g_free(row->range);
}

static void
append_item(GString *text, const char *item)
{
  g_string_append_printf(text, "%s%s", text->len ? ", " : "", item);
}

static void
append_call(GString *text, const CallSpec *call)
{
  GString *form = g_string_new(call->name);

  for (guint i = 0; call->params[i].name; i++) {
    const ParamSpec *param = &call->params[i];

    g_string_append_printf(form, "%s%s%s%s", i ? ", " : "(", param->name,
                           param->fallback ? "=" : "", param->fallback ? param->fallback : "");
  }
  g_string_append_c(form, ')');
  append_item(text, form->str);
  g_string_free(form, TRUE);
}

static char *
range_text(const ParamSpec *param)
{
  GString *text = g_string_new(NULL);

  if (param->low && param->high)
    g_string_append_printf(text, "%s to %s", param->low, param->high);
  else if (param->low)
    g_string_append_printf(text, "at least %s", param->low);
  else if (param->high)
    g_string_append_printf(text, "at most %s", param->high);
  for (const char *const *word = param->words; word && *word; word++)
    append_item(text, *word);
  for (const CallSpec *call = param->calls; call && call->name; call++)
    append_call(text, call);
  return g_string_free(text, FALSE);
}

static Row
row_new(const ParamSpec *param)
{
  const char *type = type_names[param->type];

  return (Row){
      .type = param->flags & PARAM_EACH ? g_strdup_printf("%s or each %s", type, type)
              : param->flags & PARAM_IS_LIST && param->type != PARAM_PATH
                  ? g_strdup_printf("LIST of %s", type)
                  : g_strdup(type),
      .fallback = g_strdup(param->flags & PARAM_REQUIRED ? "required"
                           : param->fallback             ? param->fallback
                                                         : "none"),
      .range = range_text(param),
  };
}

static void
print_text_row(const ParamSpec *param)
{
  g_autoptr(GString) line = g_string_new(NULL);
  Row row = row_new(param);

  g_string_printf(line, "  %s%-19s%s  %-14s  %-10s  %s", term_bold(stdout), param->name,
                  term_plain(stdout), row.type, row.fallback, row.range);
  while (line->str[line->len - 1] == ' ')
    g_string_truncate(line, line->len - 1);
  g_print("%s\n      %s\n", line->str, param->help);
  row_clear(&row);
}

static char *
cell(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "|", -1);

  return g_strjoinv("\\|", parts);
}

static void
print_markdown_row(const ParamSpec *param)
{
  Row row = row_new(param);
  g_autofree char *range = cell(row.range);
  g_autofree char *help = cell(param->help);
  const char *quote = g_str_equal(row.fallback, "required") ? "" : "`";

  g_print("| `%s` | %s | %s%s%s | %s | %s |\n", param->name, row.type, quote, row.fallback, quote,
          range, help);
  row_clear(&row);
}

static void
print_kind(const KindSpec *kind, gboolean markdown)
{
  void (*print_row)(const ParamSpec *param) = markdown ? print_markdown_row : print_text_row;
  gboolean is_named = kind->model || g_str_equal(kind->kind, "plot");

  if (markdown)
    g_print(
        "\n### [%s%s]\n\n%s\n\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n",
        kind->kind, is_named ? " NAME" : "", kind->help);
  else
    g_print("\n%s[%s%s]%s  %s\n", term_bold(stdout), kind->kind, is_named ? " NAME" : "",
            term_plain(stdout), kind->help);
  for (const ParamSpec *param = profile_params; kind->profiles && param->name; param++)
    print_row(param);
  for (const ParamSpec *param = kind->params; param->name; param++)
    print_row(param);
}

static char *
metric_owners(const Metric *metric)
{
  static const struct {
    MetricOf of;
    const char *name;
  } owners[] = {
      {OF_PUBLISH, "publish"}, {OF_CLIENT, "client"}, {OF_LINK, "link"}, {OF_BROKER, "broker"}};
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < G_N_ELEMENTS(owners); i++)
    if (metric->of & owners[i].of)
      append_item(text, owners[i].name);
  return g_string_free(text, FALSE);
}

static const char *
metric_unit(const Metric *metric)
{
  return g_str_equal(metric->unit, "")    ? "ratio"
         : g_str_equal(metric->unit, "1") ? "count"
                                          : metric->unit;
}

static void
print_metrics(gboolean markdown)
{
  if (markdown)
    g_print("| metric | of | unit | exact meaning |\n|---|---|---|---|\n");
  else
    g_print("metric, what it belongs to, unit; then what it means exactly\n\n");
  for (guint i = 0; i < metric_table_n; i++) {
    const Metric *metric = &metric_table[i];
    gboolean has_digits = metric->kind == METRIC_QUANTILE || metric->kind == METRIC_ARRIVAL;
    g_autofree char *name = g_strconcat(metric->name, has_digits ? "99" : "", NULL);
    g_autofree char *owners = metric_owners(metric);
    g_autofree char *help = cell(metric->help);

    if (markdown)
      g_print("| `%s` | %s | %s | %s |\n", name, owners, metric_unit(metric), help);
    else
      g_print("  %s%-32s%s  %-14s  %s\n      %s\n", term_bold(stdout), name, term_plain(stdout),
              owners, metric_unit(metric), metric->help);
  }
}

static GPtrArray *
all_kinds(void)
{
  GPtrArray *kinds = g_ptr_array_new();

  for (guint i = 0; experiment_kinds[i]; i++)
    g_ptr_array_add(kinds, (gpointer)experiment_kinds[i]);
  for (guint i = 0; spec_model_kinds[i]; i++)
    g_ptr_array_add(kinds, (gpointer)spec_model_kinds[i]);
  return kinds;
}

static int
print_section(const GPtrArray *kinds, const char *name, gboolean markdown)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *near;

  for (guint i = 0; i < kinds->len; i++) {
    const KindSpec *kind = kinds->pdata[i];

    if (g_str_equal(kind->kind, name)) {
      print_kind(kind, markdown);
      return CLI_DONE;
    }
    g_ptr_array_add(names, (gpointer)kind->kind);
  }
  near = spec_nearest(name, (const char *const *)names->pdata, names->len);
  g_ptr_array_add(names, NULL);
  if (near) {
    cli_error("there is no section [%s]; nearest: %s", name, near);
  } else {
    g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);

    cli_error("there is no section [%s]; there are: %s", name, list);
  }
  return CLI_USAGE;
}

int
keys_command(int argc, char **argv)
{
  gboolean markdown = FALSE;
  const GOptionEntry entries[] = {
      {"markdown", 0, 0, G_OPTION_ARG_NONE, &markdown, "as tables for the documentation", NULL},
      {NULL},
  };
  g_autoptr(GPtrArray) kinds = all_kinds();

  if (!cli_parse(
          &argc, &argv, entries, "[SECTION]",
          "Prints every key that an experiment file may have, with type, default, range and\n"
          "meaning; with SECTION, as in qosim keys link, those of one kind of section.",
          NULL, 0, 1))
    return CLI_USAGE;
  if (argc == 2 && g_str_equal(argv[1], "metrics")) {
    print_metrics(markdown);
    return CLI_DONE;
  }
  if (argc == 2)
    return print_section(kinds, argv[1], markdown);
  if (markdown)
    g_print("%s\n", MARK_BEGIN);
  else
    g_print("key, type, default, range; then what it means\n\n");
  for (guint i = 0; !markdown && i < G_N_ELEMENTS(type_help); i++)
    g_print("  %s\n", type_help[i]);
  for (guint i = 0; i < kinds->len; i++)
    print_kind(kinds->pdata[i], markdown);
  if (markdown)
    g_print("\n%s\n", MARK_END);
  return CLI_DONE;
}
