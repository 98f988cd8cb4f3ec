#include "sim/study/eval.h"
#include "sim/study/reader.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>

#define SAMPLES_MAX_BYTES (16 * 1024 * 1024)

#define BOUNDS                                                                                     \
  {"min", PARAM_TIME}, {"max", PARAM_TIME},                                                        \
  {                                                                                                \
    NULL                                                                                           \
  }
#define DUE(name, type)                                                                            \
  {                                                                                                \
    name, type, .flags = PARAM_REQUIRED                                                            \
  }

static const ParamSpec uniform[] = {DUE("low", PARAM_TIME), DUE("high", PARAM_TIME), BOUNDS};
static const ParamSpec exponential[] = {DUE("mean", PARAM_TIME), BOUNDS};
static const ParamSpec mean_sd[] = {DUE("mean", PARAM_TIME), DUE("sd", PARAM_TIME), BOUNDS};
static const ParamSpec median_p95[] = {DUE("median", PARAM_TIME), DUE("p95", PARAM_TIME), BOUNDS};
static const ParamSpec pareto[] = {
    DUE("min", PARAM_TIME), DUE("shape", PARAM_NUMBER), DUE("max", PARAM_TIME), {NULL}};

static const struct {
  const char *name;
  DistKind kind;
  const ParamSpec *params;
  gboolean places; /* written by place, not by name */
} dists[] = {
    {"uniform", DIST_UNIFORM, uniform, TRUE}, {"exponential", DIST_EXPONENTIAL, exponential, TRUE},
    {"normal", DIST_NORMAL, mean_sd, FALSE},  {"lognormal", DIST_LOGNORMAL, median_p95, FALSE},
    {"gamma", DIST_GAMMA, mean_sd, FALSE},    {"weibull", DIST_WEIBULL, median_p95, FALSE},
    {"pareto", DIST_PARETO, pareto, FALSE},   {"quantiles", DIST_TABLE, NULL, FALSE},
    {"samples", DIST_SAMPLES, NULL, FALSE},
};

gboolean
eval_is_dist(const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(dists); i++)
    if (strcmp(dists[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

const char *const *
eval_dist_names(gsize *n)
{
  static const char *const names[] = {"uniform", "exponential", "normal",    "lognormal", "gamma",
                                      "weibull", "pareto",      "quantiles", "samples"};

  G_STATIC_ASSERT(G_N_ELEMENTS(names) == G_N_ELEMENTS(dists));
  *n = G_N_ELEMENTS(names);
  return names;
}

/* A time of at least 0 in ns. */
static gboolean
argument_time(const EvalContext *context, const Node *node, const char *name, double *ns,
              char **why)
{
  static const ParamSpec time = {"", PARAM_TIME};
  g_autofree char *inner = NULL;
  g_autoptr(Value) value = eval_value(context, node, &time, &inner);

  if (value == NULL) {
    *why = g_strdup_printf("%s = %s: %s", name, node->source, inner);
    return FALSE;
  }
  *ns = (double)value->integer;
  return TRUE;
}

static gboolean
argument_shape(const EvalContext *context, const Node *node, double *shape, char **why)
{
  static const ParamSpec number = {"", PARAM_NUMBER};
  g_autofree char *inner = NULL;
  g_autoptr(Value) value = eval_value(context, node, &number, &inner);

  if (value == NULL) {
    *why = g_strdup_printf("shape = %s: %s", node->source, inner);
    return FALSE;
  }
  *shape = value->real;
  return TRUE;
}

static void
write_argument(GString *text, const char *name, gboolean place, const ParamSpec *param, double x)
{
  g_autofree char *number = NULL;

  if (text->str[text->len - 1] != '(')
    g_string_append(text, ", ");
  if (!place)
    g_string_append_printf(text, "%s=", name);
  if (param->type == PARAM_NUMBER) {
    g_autoptr(Value) value = value_new_real(x, UNIT_NONE);

    number = value_to_string(value);
  } else {
    number = value_time_to_string((gint64)x);
  }
  g_string_append(text, number);
}

static Value *
parametric(const EvalContext *context, const Node *call, gsize which, char **why)
{
  const ParamSpec *params = dists[which].params;
  g_autofree const Node **arguments = eval_arguments(call, params, why);
  g_autoptr(GString) text = g_string_new(dists[which].name);
  g_autoptr(GError) error = NULL;
  double own[2] = {0, 0}, min = 0, max = INFINITY;
  guint n_own = 0;
  Dist *dist;

  if (arguments == NULL)
    return NULL;
  g_string_append_c(text, '(');
  for (guint i = 0; params[i].name != NULL; i++) {
    gboolean bound = strcmp(params[i].name, "max") == 0 ||
                     (strcmp(params[i].name, "min") == 0 && dists[which].kind != DIST_PARETO);
    double x = 0;

    if (arguments[i] == NULL)
      continue;
    if (params[i].type == PARAM_NUMBER
            ? !argument_shape(context, arguments[i], &x, why)
            : !argument_time(context, arguments[i], params[i].name, &x, why))
      return NULL;
    if (!bound)
      own[n_own++] = x;
    if (bound && strcmp(params[i].name, "max") == 0)
      max = x;
    if (bound && strcmp(params[i].name, "min") == 0)
      min = x;
    write_argument(text, params[i].name, dists[which].places && !bound, &params[i], x);
  }
  dist = dist_new(dists[which].kind, own[0], own[1], min, max, &error);
  if (dist == NULL) {
    *why = g_strdup(error->message);
    return NULL;
  }
  return value_new_dist_written(dist, g_string_append_c(text, ')')->str);
}

/* min= and max= of quantiles() and samples(), which come after what is listed; written to text as
 * they are to be read again. */
static gboolean
bounds(const EvalContext *context, const Node *call, double *min, double *max, GString *text,
       char **why)
{
  *min = 0;
  *max = INFINITY;
  for (guint i = 0; i < call->n; i++) {
    const char *name = call->names[i];
    g_autofree char *time = NULL;
    double x;

    if (name[0] == '\0')
      continue;
    if (strcmp(name, "min") != 0 && strcmp(name, "max") != 0) {
      *why = g_strdup_printf("%s() has no %s; allowed: min, max", call->text, name);
      return FALSE;
    }
    for (guint k = 0; k < i; k++)
      if (strcmp(call->names[k], name) == 0) {
        *why = g_strdup_printf("%s is given twice", name);
        return FALSE;
      }
    if (!argument_time(context, call->kids[i], name, &x, why))
      return FALSE;
    *(strcmp(name, "min") == 0 ? min : max) = x;
    time = value_time_to_string((gint64)x);
    g_string_append_printf(text, ", %s=%s", name, time);
  }
  if (*max < *min)
    *why = g_strdup("max must not be below min");
  return *max >= *min;
}

/* A larger draw becomes max: the line between two quantiles ends where it gets there, and all the
 * probability beyond that point is at max. */
static void
cap(DistKind kind, GArray *points, double max)
{
  DistPoint *point = (DistPoint *)(gpointer)points->data;
  guint i = 0;

  if (kind == DIST_SAMPLES) {
    for (i = 0; i < points->len; i++)
      point[i].value = MIN(point[i].value, max);
    return;
  }
  while (point[i].value <= max) /* the first is; the last is not */
    i++;
  point[i].p = point[i - 1].p + (point[i].p - point[i - 1].p) * (max - point[i - 1].value) /
                                    (point[i].value - point[i - 1].value);
  point[i].value = max;
  if (point[i].p <= point[i - 1].p)
    point[i - 1].value = max;
  else
    i++;
  g_array_set_size(points, i);
  if (g_array_index(points, DistPoint, i - 1).p < 1)
    g_array_append_val(points, ((DistPoint){1, max}));
}

static Value *
table(DistKind kind, GArray *points, double min, double max, const char *written, char **why)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Dist) whole =
      dist_new_table(kind, (const DistPoint *)(gpointer)points->data, points->len, &error);

  if (whole == NULL) {
    *why = g_strdup(error->message);
    return NULL;
  }
  if (dist_min(whole) < min || dist_min(whole) > max) {
    *why = g_strdup_printf("the smallest value must not be %s",
                           dist_min(whole) < min ? "below min" : "above max");
    return NULL;
  }
  if (dist_max(whole) <= max)
    return value_new_dist_written(g_steal_pointer(&whole), written);
  cap(kind, points, max);
  return value_new_dist_written(
      dist_new_table(kind, (const DistPoint *)(gpointer)points->data, points->len, NULL), written);
}

static Value *
quantiles(const EvalContext *context, const Node *call, char **why)
{
  static const ParamSpec ratio = {"", PARAM_RATIO, .low = "0%", .high = "100%"};
  g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(DistPoint));
  g_autoptr(GString) text = g_string_new("quantiles(");
  double min, max;

  for (guint i = 0; i < call->n; i++) {
    const Node *kid = call->kids[i];
    g_autoptr(Value) p = NULL;
    g_autofree char *inner = NULL, *percent = NULL, *time = NULL;
    DistPoint point;

    if (call->names[i][0] != '\0')
      continue;
    if (kid->kind != NODE_PAIR) {
      *why = g_strdup_printf("%s: quantiles are pairs, as in 50%%: 3ms", kid->source);
      return NULL;
    }
    p = eval_value(context, kid->kids[0], &ratio, &inner);
    if (p == NULL) {
      *why = g_strdup_printf("%s: %s", kid->kids[0]->source, inner);
      return NULL;
    }
    percent = value_to_string(p);
    if (!argument_time(context, kid->kids[1], percent, &point.value, why))
      return NULL;
    point.p = p->real;
    g_array_append_val(points, point);
    time = value_time_to_string((gint64)point.value);
    g_string_append_printf(text, "%s%s: %s", points->len == 1 ? "" : ", ", percent, time);
  }
  if (!bounds(context, call, &min, &max, text, why))
    return NULL;
  return table(DIST_TABLE, points, min, max, g_string_append_c(text, ')')->str, why);
}

static gboolean
read_samples(const char *path, GArray *points, char **why)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  GStatBuf status;
  gsize n = 0;

  if (g_stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
    *why = g_strdup_printf("%s is not a file", path);
    return FALSE;
  }
  text = reader_load(path, SAMPLES_MAX_BYTES, &n, problems);
  if (text == NULL || strlen(text) != n || !g_utf8_validate(text, (gssize)n, NULL)) {
    *why = text == NULL ? problem_to_string(g_ptr_array_index(problems, 0))
                        : g_strdup_printf("%s is not a text file", path);
    return FALSE;
  }
  lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *line = g_strstrip(lines[i]), *inner = NULL;
    g_autoptr(Node) node = NULL;
    EvalContext none = {NULL};
    DistPoint point = {0};

    if (line[0] == '\0' || line[0] == '#')
      continue;
    node = node_parse_value(line, &inner);
    if (node == NULL || !argument_time(&none, node, "sample", &point.value, &inner)) {
      *why = g_strdup_printf("%s:%u: %s", path, i + 1, inner);
      g_free(inner);
      return FALSE;
    }
    g_array_append_val(points, point);
  }
  return TRUE;
}

/* One time a line, each with its unit. */
static Value *
samples(const EvalContext *context, const Node *call, char **why)
{
  g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(DistPoint));
  g_autofree char *path = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  double min, max;

  if (call->n == 0 || call->kids[0]->kind != NODE_WORD || call->kids[0]->text[0] == '\0') {
    *why = g_strdup("samples() takes the name of a file");
    return NULL;
  }
  for (guint i = 1; i < call->n; i++)
    if (call->names[i][0] == '\0') {
      *why = g_strdup("samples() takes one file");
      return NULL;
    }
  g_string_printf(text, "samples(%s", call->kids[0]->text);
  if (!bounds(context, call, &min, &max, text, why))
    return NULL;
  path = g_path_is_absolute(call->kids[0]->text) || context->folder == NULL
             ? g_strdup(call->kids[0]->text)
             : g_build_filename(context->folder, call->kids[0]->text, NULL);
  if (!read_samples(path, points, why))
    return NULL;
  return table(DIST_SAMPLES, points, min, max, g_string_append_c(text, ')')->str, why);
}

Value *
eval_dist(const EvalContext *context, const Node *call, char **why)
{
  gsize which = 0;

  while (strcmp(dists[which].name, call->text) != 0)
    which++;
  if (dists[which].kind == DIST_TABLE)
    return quantiles(context, call, why);
  if (dists[which].kind == DIST_SAMPLES)
    return samples(context, call, why);
  return parametric(context, call, which, why);
}
