/* Plays all scenes with the clients of one library: cast NAME [test options]. */
#include "tests/peers/scenes.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  const Scene *scene; /* or */
  const Cut *cut;
  const BrokerKind *broker;
  int version;
} Play;

static Stage stage;
static char *broker_programs[2];
static const BrokerKind *const brokers[2] = {&broker_qosim, &broker_mosquitto};

/* What it calls itself, or NULL if it cannot be run, for want of itself or of its library. */
static char *
ask_version(char *const *argv)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_strv_builder_addv(builder, (const char **)argv);
  g_strv_builder_add(builder, "--version");
  g_auto(GStrv) asked = g_strv_builder_end(builder);
  char *version = NULL;
  int status;
  if (!g_spawn_sync(NULL, asked, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                    &version, NULL, &status, NULL) ||
      status != 0)
    g_clear_pointer(&version, g_free);
  return version != NULL ? g_strchomp(version) : NULL;
}

static char **
find_built(const char *name)
{
  const char *folder = g_getenv("builddir");
  char *program = g_build_filename(folder != NULL ? folder : ".", "tests", "peers", name, NULL);
  char *argv[] = {program, NULL};
  char **found = g_file_test(program, G_FILE_TEST_IS_EXECUTABLE) ? g_strdupv(argv) : NULL;
  g_free(program);
  return found;
}

/* An interpreter that runs the script, whose library it must know: the first in the path may be one
 * that does not. */
static char **
find_script(const char *name, const char *const *interpreters)
{
  const char *folder = g_getenv("srcdir");
  g_autofree char *script =
      g_build_filename(folder != NULL ? folder : ".", "tests", "peers", name, NULL);
  for (; *interpreters != NULL; interpreters++) {
    char *argv[] = {(char *)*interpreters, script, NULL};
    g_autofree char *version = ask_version(argv);
    if (version != NULL)
      return g_strdupv(argv);
  }
  return NULL;
}

static char **
find_libmosquitto(void)
{
  return find_built("peer-libmosquitto");
}

static char **
find_paho_c(void)
{
  return find_built("peer-paho-c");
}

static char **
find_paho_python(void)
{
  static const char *const interpreters[] = {"python3", "/usr/bin/python3", NULL};
  return find_script("peer-paho-python.py", interpreters);
}

/* Debian's libraries, for a node that is not Debian's. */
static char **
find_mqtt_js(void)
{
  static const char *const interpreters[] = {"node", "nodejs", NULL};
  g_setenv("NODE_PATH", "/usr/share/nodejs", FALSE);
  return find_script("peer-mqtt-js.js", interpreters);
}

static const PeerKind kinds[] = {
    {"libmosquitto", find_libmosquitto, TRUE, TRUE, TRUE, FALSE, TRUE},
    {"paho-c", find_paho_c, TRUE, FALSE, TRUE, FALSE, FALSE},
    {"paho-python", find_paho_python, FALSE, TRUE, TRUE, FALSE, FALSE},
    {"mqtt-js", find_mqtt_js, FALSE, TRUE, FALSE, TRUE, FALSE},
};

static gboolean
ensure_broker(const BrokerKind *kind)
{
  static gboolean failed_to_start; /* it need not be tried for each scene */
  if (stage.broker != NULL && broker_kind(stage.broker) == kind && broker_runs(stage.broker))
    return TRUE;
  if (stage.broker != NULL && !broker_end(g_steal_pointer(&stage.broker)))
    g_test_fail_printf("the broker did not end in order");
  if (!failed_to_start)
    stage.broker = broker_new(kind, broker_programs[kind == &broker_mosquitto], NULL);
  failed_to_start = stage.broker == NULL;
  return stage.broker != NULL;
}

static void
play(gconstpointer data)
{
  const Play *play = data;
  stage.version = play->version;
  stage.scene++;
  if (!ensure_broker(play->broker))
    return g_test_fail_printf("%s does not start", play->broker->name);
  if (play->scene != NULL)
    play->scene->play(&stage);
  else
    cut_play(&stage, play->cut);
  stage_check(&stage, broker_runs(stage.broker), "the broker is alive");
  stage_clear(&stage);
}

static void
end_broker(void)
{
  if (stage.broker != NULL)
    stage_check(&stage, broker_end(g_steal_pointer(&stage.broker)), "it exits with 0 on SIGTERM");
}

static void
skip(gconstpointer reason)
{
  g_test_skip(reason);
}

static void
add(const BrokerKind *broker, int version, const char *name, const Scene *scene, const Cut *cut)
{
  g_autofree char *path = g_strdup_printf("/%s/%s/%s/%s", stage.kind->name, broker->name,
                                          version == 5 ? "5.0" : "3.1.1", name);
  Play *play_data = g_new(Play, 1);
  *play_data = (Play){.scene = scene, .cut = cut, .broker = broker, .version = version};
  g_test_add_data_func_full(path, play_data, play, g_free);
}

static void
add_plays(const BrokerKind *broker)
{
  for (int version = 4; version <= 5; version++) {
    for (guint i = 0; i < n_scenes; i++) {
      if ((scenes[i].flags & SCENE_FIVE) && version != 5)
        continue;
      if ((scenes[i].flags & SCENE_QOSIM) && broker != &broker_qosim)
        continue;
      add(broker, version, scenes[i].name, &scenes[i], NULL);
    }
    for (guint i = 0; i < n_cuts && (stage.kind->resumes_at_once || broker == &broker_qosim); i++)
      add(broker, version, cuts[i].name, NULL, &cuts[i]);
  }
  g_autofree char *path = g_strdup_printf("/%s/%s/end", stage.kind->name, broker->name);
  g_test_add_func(path, end_broker);
}

static void
add_all(void)
{
  g_autofree char *version = NULL;
  stage.argv = stage.kind->find();
  version = stage.argv != NULL ? ask_version(stage.argv) : NULL;
  g_autofree char *path = g_strdup_printf("/%s", stage.kind->name);
  if (version == NULL)
    return g_test_add_data_func(path, "this client is not installed", skip);
  printf("# %s\n", version);
  for (guint i = 0; i < G_N_ELEMENTS(brokers); i++) {
    g_autofree char *missing = g_strdup_printf("%s/%s", path, brokers[i]->name);
    broker_programs[i] = brokers[i]->find();
    if (broker_programs[i] != NULL)
      add_plays(brokers[i]);
    else
      g_test_add_data_func(missing, "this broker is missing", skip);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (argc == 2 && strcmp(argv[1], kinds[i].name) == 0)
      stage.kind = &kinds[i];
  if (stage.kind == NULL) {
    fputs("usage: cast libmosquitto|paho-c|paho-python|mqtt-js [OPTION OF A TEST]\n", stderr);
    return 2;
  }
  add_all();
  int status = g_test_run();
  for (guint who = 0; who < STAGE_ACTORS; who++)
    stage_kill(&stage, who);
  g_strfreev(stage.argv);
  for (guint i = 0; i < G_N_ELEMENTS(brokers); i++)
    g_free(broker_programs[i]);
  return status;
}
