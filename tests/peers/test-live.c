/* qosim live: the clients of an experiment against each broker. Nothing may be lost or doubled. */
#include "tests/peers/broker.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char experiment[] = "[experiment]\n"
                                 "title    = Does a broker give on what it gets?\n"
                                 "warmup   = 300ms\n"
                                 "duration = 1s\n"
                                 "drain    = 20s\n"
                                 "repeat   = 1\n"
                                 "[sweep]\n"
                                 "reading.qos = 0, 1, 2\n"
                                 "$version = mqtt311, mqtt5\n"
                                 "[link radio]\n"
                                 "[broker hub]\n"
                                 "[client sensor]\n"
                                 "count = 5\n"
                                 "link  = radio\n"
                                 "protocol = $version\n"
                                 "[client dashboard]\n"
                                 "count = 2\n"
                                 "link  = radio\n"
                                 "protocol = $version\n"
                                 "[publish reading]\n"
                                 "client = sensor\n"
                                 "topic  = live/{client}\n"
                                 "every  = 10ms\n"
                                 "[subscribe all]\n"
                                 "client = dashboard\n"
                                 "filter = live/#\n"
                                 "qos    = 2\n";

/* Runs a program to its end; its lines are kept. */
static Proc *
run(const char *const *argv)
{
  Proc *proc = proc_new(argv[0], argv, PROC_STDOUT);
  if (proc == NULL)
    g_error("%s does not start", argv[0]);
  int status = proc_await_end(proc);
  if (!g_test_failed() && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
    g_test_fail_printf("%s failed: %d", argv[0], status);
  if (g_test_failed())
    proc_tell(proc);
  return proc;
}

/* What a query of the database gives, a line. */
static char *
ask(const char *database, const char *query)
{
  const char *argv[] = {"sqlite3", database, query, NULL};
  g_autoptr(Proc) proc = run(argv);
  return proc_await(proc, "*");
}

static void
expect(const char *found, const char *expected, const char *what)
{
  if (found != NULL && strcmp(found, expected) != 0)
    g_test_fail_printf("%s: %s, not %s", what, found, expected);
}

static void
play(gconstpointer data)
{
  const BrokerKind *kind = data;
  g_autofree char *program = kind->find();
  Broker *broker = broker_new(kind, program, NULL);
  if (broker == NULL)
    return g_test_fail_printf("%s does not start", kind->name);
  g_autofree char *folder = g_dir_make_tmp("qosim-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(folder, "live.ini", NULL);
  g_autofree char *database = g_build_filename(folder, "live.db", NULL);
  g_autofree char *port = g_strdup_printf("%u", broker_port(broker));
  g_file_set_contents(file, experiment, -1, NULL);
  const char *argv[] = {g_getenv("QOSIM"), "live", "--host", "127.0.0.1",
                        "--port",          port,   "-q",     "-o",
                        database,          file,   NULL};
  g_autoptr(Proc) live = run(argv);
  g_free(proc_await(live, "*delivered %*")); /* the table */
  g_autofree char *runs = ask(database, "SELECT count(*) FROM run WHERE state = 'done'");
  expect(runs, "6", "runs");
  g_autofree char *fates =
      ask(database, "SELECT sum(value * (name = 'owed')) > 5000, sum(value * (name = 'owed')) = "
                    "sum(value * (name = 'once')) FROM metric WHERE kind = 'publish'");
  expect(fates, "1|1", "some were owed, and all owed arrived once");
  if (!broker_end(broker) && !g_test_failed())
    g_test_fail_printf("the broker did not exit with 0 on SIGTERM");
  g_unlink(file);
  g_unlink(database);
  g_rmdir(folder);
}

static void
skip(gconstpointer reason)
{
  g_test_skip(reason);
}

int
main(int argc, char **argv)
{
  const BrokerKind *const kinds[] = {&broker_qosim, &broker_mosquitto};
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autofree char *path = g_strdup_printf("/live/%s", kinds[i]->name);
    g_autofree char *program = kinds[i]->find();
    if (program != NULL)
      g_test_add_data_func(path, kinds[i], play);
    else
      g_test_add_data_func(path, "this broker is missing", skip);
  }
  return g_test_run();
}
