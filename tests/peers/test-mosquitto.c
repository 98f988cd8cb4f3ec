/* Mosquitto and `qosim broker --profile mosquitto-2.0` hear the same bytes, in the dialogues of
 * tests/models/mqtt/scripts, and answer the same, packet by packet. mosquitto-differences.txt has
 * those in which they do not. */
#include "tests/models/live/wire.h"
#include "tests/models/mqtt/compare.h"
#include "tests/peers/broker.h"

#include <glib/gstdio.h>
#include <string.h>

/* Time passes as it does, and Mosquitto counts whole seconds: quirks.txt is written for that, the
 * other dialogues are played as far as they need not wait for long. */
#define LONGEST_WAIT_NS G_GINT64_CONSTANT(3000000000)
#define LONGEST_QUIRK_NS G_GINT64_CONSTANT(10000000000)

typedef struct {
  Wire wire;
  const BrokerKind *kind;
  char *program;
  Broker *broker;
  GStrv options;
  char *folder; /* for a store */
  gint64 longest_wait_ns;
} Side;

typedef struct {
  char *file, *name; /* the beginning of the case's name */
  char *why;
} Difference;

static Side sides[2] = {{.kind = &broker_mosquitto}, {.kind = &broker_qosim}};
static GPtrArray *differences; /* Difference */

/* Knobs are keys of a broker section; what Mosquitto calls them. "%" stands for the value. */
static const struct {
  const char *knob, *line;
} mosquitto_names[] = {
    {"inflight", "max_inflight_messages %"},
    {"receive_maximum", "max_inflight_messages %"},
    {"queue", "max_queued_messages %"},
    {"queue_qos0", "queue_qos0_messages %"},
    {"maximum_qos", "max_qos %"},
    {"topic_alias_maximum", "max_topic_alias %"},
    {"maximum_packet_size", "max_packet_size %"},
    {"retain_available", "retain_available %"},
    {"store", "persistence true"},
};

/* What a case needs for itself and the profile has already. */
static gboolean
is_of_profile(const char *knob)
{
  static const char *const names[] = {"quirk=", "on_pubrel=", "copy_each=", "keep_alive_check_ns="};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_has_prefix(knob, names[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_flag(const char *knob)
{
  return g_str_has_prefix(knob, "retain_available=") || g_str_has_prefix(knob, "queue_qos0=");
}

/* One number of Mosquitto's is two of ours. */
static void
add_window(GStrvBuilder *builder, const char *value)
{
  g_autofree char *out = g_strdup_printf("inflight=%s", value);
  g_autofree char *in = g_strdup_printf("receive_maximum=%s", value);
  g_strv_builder_add_many(builder, "-D", out, "-D", in, NULL);
}

static void
add_key(const Side *side, GStrvBuilder *builder, const char *knob, const char *value)
{
  g_autofree char *file = g_build_filename(side->folder, "qosim.db", NULL);
  g_autofree char *set = NULL;
  if (g_str_has_prefix(knob, "store=")) {
    g_strv_builder_add_many(builder, "--store", file, NULL);
    return;
  }
  if (g_str_has_prefix(knob, "inflight=") || g_str_has_prefix(knob, "receive_maximum=")) {
    add_window(builder, value);
    return;
  }
  if (is_flag(knob))
    set = g_strdup_printf("%.*s%s", (int)(value - knob), knob, value[0] == '0' ? "no" : "yes");
  else
    set = g_strdup_printf("%s%s", knob, g_str_has_prefix(knob, "maximum_packet_size=") ? "B" : "");
  g_strv_builder_add_many(builder, "-D", set, NULL);
}

/* FALSE: Mosquitto has nothing like it. */
static gboolean
add_line(GStrvBuilder *builder, const char *knob, const char *value)
{
  for (guint i = 0; i < G_N_ELEMENTS(mosquitto_names); i++) {
    gsize n = strlen(mosquitto_names[i].knob);
    if ((gsize)(value - knob) != n + 1 || strncmp(mosquitto_names[i].knob, knob, n) != 0)
      continue;
    g_auto(GStrv) parts = g_strsplit(mosquitto_names[i].line, "%", 2);
    const char *said = !is_flag(knob) ? value : value[0] == '0' ? "false" : "true";
    g_autofree char *line = g_strjoinv(said, parts);
    g_strv_builder_add(builder, line);
    return TRUE;
  }
  return FALSE;
}

static gboolean
add_option(const Side *side, GStrvBuilder *builder, const char *knob)
{
  const char *value = strchr(knob, '=') + 1;
  if (is_of_profile(knob))
    return TRUE;
  if (side->kind == &broker_mosquitto)
    return add_line(builder, knob, value);
  add_key(side, builder, knob, value);
  return TRUE;
}

static gboolean
start(Side *side)
{
  side->broker = broker_new(side->kind, side->program, (const char *const *)side->options);
  if (side->broker == NULL)
    return FALSE;
  wire_start(&side->wire, broker_port(side->broker));
  return TRUE;
}

static gboolean
begin(gpointer user, char **knobs)
{
  Side *side = user;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gboolean can = TRUE;
  side->folder = g_dir_make_tmp("qosim-XXXXXX", NULL);
  if (side->kind == &broker_qosim) {
    g_strv_builder_add_many(builder, "--profile", "mosquitto-2.0", "-D", "nagle=no", NULL);
  } else {
    g_autofree char *line = g_strdup_printf("persistence_location %s/", side->folder);
    g_strv_builder_add_many(builder, line, "set_tcp_nodelay true", NULL);
  }
  for (guint i = 0; knobs[i] != NULL; i++)
    can &= add_option(side, builder, knobs[i]);
  side->options = g_strv_builder_end(builder);
  return can && start(side);
}

static void
stop(Side *side)
{
  wire_stop(&side->wire);
  if (!broker_end(g_steal_pointer(&side->broker)))
    g_test_fail_printf("%s did not end in order", side->kind->name);
}

static void
end(gpointer user)
{
  Side *side = user;
  if (side->broker != NULL)
    stop(side);
  g_clear_pointer(&side->options, g_strfreev);
  g_autoptr(GDir) dir = g_dir_open(side->folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(side->folder, name, NULL);
    g_unlink(path);
  }
  g_rmdir(side->folder);
  g_clear_pointer(&side->folder, g_free);
}

static gboolean
wait_for(gpointer user, gint64 ns)
{
  if (ns > ((Side *)user)->longest_wait_ns)
    return FALSE;
  if (ns > 0)
    g_usleep((gulong)(ns / 1000));
  wire_sync(user);
  return TRUE;
}

/* In order: Mosquitto writes its file as it ends. */
static void
restart(gpointer user)
{
  Side *side = user;
  stop(side);
  if (!start(side))
    g_test_fail_printf("%s does not start again", side->kind->name);
}

static const char *
known_difference(const char *file, const char *name)
{
  for (guint i = 0; i < differences->len; i++) {
    const Difference *d = differences->pdata[i];
    if (strcmp(d->file, file) == 0 && g_str_has_prefix(name, d->name))
      return d->why;
  }
  return NULL;
}

static void
judge(const char *file, const CompareCase *c)
{
  const char *why = known_difference(file, c->name);
  if (c->passed_over)
    return;
  if (c->difference != NULL && why == NULL) {
    g_test_message("%s: %s: %s", file, c->name, c->difference);
    g_test_fail();
  } else if (c->difference == NULL && why != NULL) {
    g_test_message("%s: %s: the same, although mosquitto-differences.txt says: %s", file, c->name,
                   why);
    g_test_fail();
  }
}

static void
test_file(gconstpointer path)
{
  g_autofree char *file = g_path_get_basename(path);
  gboolean quirks = strcmp(file, "quirks.txt") == 0;
  CompareSide compare[2];
  for (guint i = 0; i < 2; i++) {
    sides[i].longest_wait_ns = quirks ? LONGEST_QUIRK_NS : LONGEST_WAIT_NS;
    compare[i] = (CompareSide){sides[i].kind->name,
                               {&sides[i], begin, end, wire_open, wire_send, wire_cut, wait_for,
                                wire_receive, restart, NULL, NULL}};
  }
  g_autoptr(GArray) cases = compare_play(path, compare);
  guint same = 0, passed_over = 0;
  for (guint i = 0; i < cases->len; i++) {
    CompareCase *c = &g_array_index(cases, CompareCase, i);
    judge(file, c);
    same += c->difference == NULL && !c->passed_over;
    passed_over += c->passed_over;
    g_free(c->name);
    g_free(c->difference);
  }
  g_test_message("of %u cases %u are answered the same, %u passed over", cases->len, same,
                 passed_over);
  g_assert_cmpuint(same, >, 0);
}

static void
read_differences(const char *srcdir)
{
  g_autofree char *path = g_build_filename(srcdir, "tests/peers/mosquitto-differences.txt", NULL);
  g_autofree char *text = NULL;
  gboolean read = g_file_get_contents(path, &text, NULL, NULL);
  g_assert_true(read);
  g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
  differences = g_ptr_array_new();
  for (guint i = 0; lines[i] != NULL; i++) {
    if (lines[i][0] == '#' || lines[i][0] == '\0')
      continue;
    char *name = strstr(lines[i], ": "), *why = strstr(lines[i], " | ");
    g_assert_true(name != NULL && why != NULL && name < why);
    Difference *d = g_new(Difference, 1);
    *d = (Difference){g_strndup(lines[i], (gsize)(name - lines[i])),
                      g_strndup(name + 2, (gsize)(why - name) - 2), g_strdup(why + 3)};
    g_ptr_array_add(differences, d);
  }
}

static void
skip(void)
{
  g_test_skip("mosquitto is missing");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  const char *srcdir = g_getenv("srcdir") != NULL ? g_getenv("srcdir") : ".";
  for (guint i = 0; i < 2; i++)
    sides[i].program = sides[i].kind->find();
  read_differences(srcdir);
  if (sides[0].program == NULL || sides[1].program == NULL)
    g_test_add_func("/peers/mosquitto", skip);
  else
    script_add_tests("/peers/mosquitto", "scripts", test_file);
  return g_test_run();
}
