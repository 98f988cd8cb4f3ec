/* mosquitto_pub and mosquitto_sub against each broker. */
#include "tests/peers/broker.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  const char *name;
  void (*play)(void);
} Tool;

typedef struct {
  const Tool *tool;
  const BrokerKind *kind;
  const char *program;
  const char *version; /* as -V wants it */
} Play;

static Broker *broker;
static const char *version;

/* Its lines are wanted as it says them, not when a buffer is full: stdbuf(1). Words are separated
 * by blanks; `flag` and `value` follow, if there are any, for what has a blank in it. */
static Proc *
start(const char *program, const char *words, const char *flag, const char *value)
{
  g_autofree char *line = g_strdup_printf("stdbuf -oL %s -h 127.0.0.1 -p %u -V %s %s", program,
                                          broker_port(broker), version, words);
  g_auto(GStrv) split = g_strsplit(line, " ", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_strv_builder_addv(builder, (const char **)split);
  if (flag != NULL)
    g_strv_builder_add_many(builder, flag, value, NULL);
  g_auto(GStrv) argv = g_strv_builder_end(builder);
  Proc *proc = proc_new(program, (const char *const *)argv, PROC_STDOUT);
  if (proc == NULL)
    g_error("%s does not start", program);
  return proc;
}

/* Waits until it has subscribed, or resumed its session: it says so because of -d. */
static Proc *
subscribe(const char *words)
{
  g_autofree char *all = g_strdup_printf("-d %s", words);
  Proc *proc = start("mosquitto_sub", all, "-F", "message %t %q %r %p");
  g_free(proc_await(proc, "Subscribed *"));
  return proc;
}

static void
finish(Proc *proc)
{
  int status = proc_await_end(proc);
  if (!g_test_failed() && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
    g_test_fail_printf("mosquitto_pub failed: %d", status);
  if (g_test_failed())
    proc_tell(proc);
  proc_free(proc);
}

static void
publish(const char *words)
{
  finish(start("mosquitto_pub", words, NULL, NULL));
}

static void
hear(Proc *proc, const char *expected)
{
  g_autofree char *line = proc_await(proc, "message *");
  if (line != NULL && strcmp(line, expected) != 0)
    g_test_fail_printf("heard \"%.100s\", expected \"%.100s\"", line, expected);
  if (g_test_failed())
    proc_tell(proc);
}

static void
play_qos(void)
{
  for (int granted = 0; granted <= 2; granted++) {
    g_autofree char *words = g_strdup_printf("-q %d -t qos/+", granted);
    g_autoptr(Proc) sub = subscribe(words);
    for (int qos = 0; qos <= 2; qos++) {
      g_autofree char *word = g_strdup_printf("-q %d -t qos/a -m word", qos);
      g_autofree char *expected = g_strdup_printf("message qos/a %d 0 word", MIN(qos, granted));
      publish(word);
      hear(sub, expected);
    }
  }
}

static void
play_retained(void)
{
  publish("-q 1 -r -t kept/a -m one");
  publish("-q 2 -r -t kept/a -m two");
  g_autoptr(Proc) first = subscribe("-q 2 -t kept/#");
  hear(first, "message kept/a 2 1 two");
  publish("-q 1 -r -n -t kept/a");
  hear(first, "message kept/a 1 0 ");
  g_autoptr(Proc) second = subscribe("-q 2 -t kept/#");
  publish("-q 1 -t kept/b -m end");
  hear(second, "message kept/b 1 0 end");
}

static void
play_will(void)
{
  g_autoptr(Proc) heir = subscribe("-q 1 -t will");
  Proc *killed = subscribe("-t any --will-topic will --will-qos 1 --will-payload killed");
  proc_free(killed);
  hear(heir, "message will 1 0 killed");
  Proc *stopped = subscribe("-t any --will-topic will --will-qos 1 --will-payload stopped");
  proc_signal(stopped, SIGTERM); /* DISCONNECT, at MQTT 5 with 0x04: with the will */
  finish(stopped);
  if (strcmp(version, "mqttv5") == 0)
    hear(heir, "message will 1 0 stopped");
  publish("-q 1 -t will -m end");
  hear(heir, "message will 1 0 end");
}

static void
play_session(void)
{
  const char *words =
      strcmp(version, "mqttv5") == 0 ? "-q 2 -t box -i s5 -c -x 600" : "-q 2 -t box -i s4 -c";
  Proc *sub = subscribe(words);
  publish("-q 2 -t box -m before");
  hear(sub, "message box 2 0 before");
  publish("-q 0 -t box -m settled"); /* so the exchange before is over */
  hear(sub, "message box 0 0 settled");
  proc_free(sub);
  publish("-q 1 -t box -m missed-1");
  publish("-q 2 -t box -m missed-2");
  sub = start("mosquitto_sub", words, "-F", "message %t %q %r %p");
  hear(sub, "message box 1 0 missed-1");
  hear(sub, "message box 2 0 missed-2");
  proc_free(sub);
}

/* A line of a megabyte from a file. */
static void
play_large(void)
{
  g_autofree char *file = NULL;
  g_autofree char *text = g_strnfill(1000000, 'x');
  for (gsize i = 0; i < 1000000; i++)
    text[i] = (char)('a' + (i * 7 + i / 1000) % 26);
  close(g_file_open_tmp("qosim-XXXXXX", &file, NULL));
  g_file_set_contents(file, text, 1000000, NULL);
  g_autoptr(Proc) sub = subscribe("-q 2 -t large");
  for (int qos = 0; qos <= 2; qos++) {
    g_autofree char *words = g_strdup_printf("-q %d -t large", qos);
    g_autofree char *expected = g_strdup_printf("message large %d 0 %s", qos, text);
    finish(start("mosquitto_pub", words, "-f", file));
    hear(sub, expected);
  }
  g_unlink(file);
}

/* A message for each line that it reads. */
static void
play_lines(void)
{
  g_autoptr(Proc) sub = subscribe("-q 1 -t lines");
  Proc *pub = start("mosquitto_pub", "-q 1 -t lines -l", NULL, NULL);
  for (int i = 0; i < 200; i++)
    proc_say(pub, "line-%d", i);
  for (int i = 0; i < 200; i++) {
    g_autofree char *expected = g_strdup_printf("message lines 1 0 line-%d", i);
    hear(sub, expected);
  }
  proc_free(pub);
}

static const Tool tools[] = {
    {"qos", play_qos},         {"retained", play_retained}, {"will", play_will},
    {"session", play_session}, {"large", play_large},       {"lines", play_lines},
};

static void
play(gconstpointer data)
{
  const Play *play = data;
  if (broker == NULL)
    broker = broker_new(play->kind, play->program, NULL);
  if (broker == NULL)
    return g_test_fail_printf("%s does not start", play->kind->name);
  version = play->version;
  play->tool->play();
}

static void
end_broker(void)
{
  if (broker != NULL && !broker_end(g_steal_pointer(&broker)))
    g_test_fail_printf("the broker did not exit with 0 on SIGTERM");
}

static void
skip(gconstpointer reason)
{
  g_test_skip(reason);
}

/* program outlives the tests; NULL where the broker is missing. */
static void
add_plays(const BrokerKind *kind, const char *program)
{
  const char *const versions[] = {"mqttv311", "mqttv5"};
  g_autofree char *missing = g_strdup_printf("/%s", kind->name);
  if (program == NULL)
    return g_test_add_data_func(missing, "this broker is missing", skip);
  for (guint v = 0; v < G_N_ELEMENTS(versions); v++) {
    for (guint i = 0; i < G_N_ELEMENTS(tools); i++) {
      g_autofree char *path = g_strdup_printf("/%s/%s/%s", kind->name, versions[v], tools[i].name);
      Play *data = g_new(Play, 1);
      *data = (Play){&tools[i], kind, program, versions[v]};
      g_test_add_data_func_full(path, data, play, g_free);
    }
  }
  /* A suite of its own: GLib runs the tests of a suite before the suites in it. */
  g_autofree char *end = g_strdup_printf("/%s/end/exit", kind->name);
  g_test_add_func(end, end_broker);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *pub = g_find_program_in_path("mosquitto_pub");
  g_autofree char *sub = g_find_program_in_path("mosquitto_sub");
  if (pub == NULL || sub == NULL) {
    g_test_add_data_func("/mosquitto-clients", "mosquitto_pub or mosquitto_sub is missing", skip);
    return g_test_run();
  }
  g_autofree char *qosim = broker_qosim.find();
  g_autofree char *mosquitto = broker_mosquitto.find();
  add_plays(&broker_qosim, qosim);
  add_plays(&broker_mosquitto, mosquitto);
  return g_test_run();
}
