#include "tests/peers/broker.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct Broker {
  const BrokerKind *kind;
  char *program, **options; /* options: NULL: what the scenes need */
  char *folder;             /* of its store; NULL: it has none */
  Proc *proc;
  guint16 port;
};

static char *
find_qosim(void)
{
  const char *program = g_getenv("QOSIM");
  const char *argv[] = {program, "broker", "--help", NULL};
  int status = -1;
  if (program == NULL ||
      !g_spawn_sync(NULL, (char **)argv, NULL,
                    G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                    &status, NULL) ||
      status != 0)
    return NULL;
  return g_strdup(program);
}

/* It takes any free port and says which. */
static Proc *
start_qosim(const char *program, const char *const *options, guint16 *port)
{
  static const char *const large_packets[] = {"-D", "maximum_packet_size=8MB", NULL};
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_autofree char *number = g_strdup_printf("%u", *port);
  g_strv_builder_add_many(builder, program, "broker", "--port", number, NULL);
  g_strv_builder_addv(builder, (const char **)(options != NULL ? options : large_packets));
  g_auto(GStrv) argv = g_strv_builder_end(builder);
  g_autoptr(Proc) proc = proc_new("qosim", (const char *const *)argv, PROC_STDERR);
  g_autofree char *line = proc != NULL ? proc_await(proc, "* listens on * port *") : NULL;
  if (line == NULL)
    return NULL;
  *port = (guint16)g_ascii_strtoull(strrchr(line, ' ') + 1, NULL, 10);
  return g_steal_pointer(&proc);
}

static char *
find_mosquitto(void)
{
  char *program = g_find_program_in_path("mosquitto");
  if (program == NULL && g_file_test("/usr/sbin/mosquitto", G_FILE_TEST_IS_EXECUTABLE))
    program = g_strdup("/usr/sbin/mosquitto");
  return program;
}

static guint16
free_port(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean bound = bind(fd, (struct sockaddr *)&address, size) == 0 &&
                   getsockname(fd, (struct sockaddr *)&address, &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

static gboolean
says_it_runs(Proc *proc)
{
  char *line;
  while ((line = proc_await(proc, "*")) != NULL) {
    gboolean runs = g_str_has_suffix(line, " running");
    gboolean failed = strstr(line, "Error: ") != NULL;
    g_free(line);
    if (runs || failed)
      return runs;
  }
  return FALSE;
}

/* It cannot look for a port by itself, and another program may take ours before it does. Started by
 * root it would become another user, whereupon the kernel forgets that it should end with us. */
static Proc *
start_mosquitto(const char *program, const char *const *options, guint16 *port)
{
  static const char *const no_bounds[] = {"max_inflight_messages 0", "max_queued_messages 0", NULL};
  g_autofree char *lines = g_strjoinv("\n", (char **)(options != NULL ? options : no_bounds));
  for (guint tries = 0; tries < 5; tries++) {
    g_autofree char *file = NULL;
    int fd = g_file_open_tmp("qosim-XXXXXX.conf", &file, NULL);
    if (fd < 0)
      return NULL;
    close(fd);
    *port = free_port();
    g_autofree char *config = g_strdup_printf("listener %u 127.0.0.1\n"
                                              "user root\n"
                                              "allow_anonymous true\n"
                                              "log_dest stderr\n"
                                              "%s\n",
                                              *port, lines);
    g_file_set_contents(file, config, -1, NULL);
    const char *argv[] = {program, "-c", file, NULL};
    g_autoptr(Proc) proc = proc_new("mosquitto", argv, PROC_STDERR);
    gboolean runs = proc != NULL && says_it_runs(proc);
    g_unlink(file);
    if (runs)
      return g_steal_pointer(&proc);
  }
  return NULL;
}

const BrokerKind broker_qosim = {"qosim", find_qosim, start_qosim};
const BrokerKind broker_mosquitto = {"mosquitto", find_mosquitto, start_mosquitto};

static void
broker_free(Broker *broker)
{
  static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm",
                                      "store.db-journal"};
  for (guint i = 0; broker->folder != NULL && i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(broker->folder, names[i], NULL);
    g_unlink(path);
  }
  if (broker->folder != NULL)
    g_rmdir(broker->folder);
  g_clear_pointer(&broker->proc, proc_free);
  g_free(broker->program);
  g_free(broker->folder);
  g_strfreev(broker->options);
  g_free(broker);
}

static gboolean
start(Broker *broker)
{
  broker->proc =
      broker->kind->start(broker->program, (const char *const *)broker->options, &broker->port);
  return broker->proc != NULL;
}

Broker *
broker_new(const BrokerKind *kind, const char *program, const char *const *options)
{
  Broker *broker = g_new(Broker, 1);
  *broker =
      (Broker){.kind = kind, .program = g_strdup(program), .options = g_strdupv((char **)options)};
  if (!start(broker))
    g_clear_pointer(&broker, broker_free);
  return broker;
}

Broker *
broker_new_stored(const Broker *like)
{
  char *folder = g_dir_make_tmp("qosim-XXXXXX", NULL);
  g_autofree char *store = g_build_filename(folder, "store.db", NULL);
  const char *options[] = {"--store", store, NULL};
  Broker *broker = broker_new(like->kind, like->program, options);
  if (broker != NULL)
    broker->folder = folder;
  else
    g_free(folder);
  return broker;
}

gboolean
broker_kill(Broker *broker)
{
  proc_signal(broker->proc, SIGKILL);
  int status = proc_await_end(broker->proc);
  g_clear_pointer(&broker->proc, proc_free);
  return start(broker) && WIFSIGNALED(status);
}

gboolean
broker_end(Broker *broker)
{
  gboolean good = broker_runs(broker);
  if (good) {
    proc_signal(broker->proc, SIGTERM);
    int status = proc_await_end(broker->proc);
    good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  broker_free(broker);
  return good;
}

const BrokerKind *
broker_kind(const Broker *broker)
{
  return broker->kind;
}

guint16
broker_port(const Broker *broker)
{
  return broker->port;
}

gboolean
broker_runs(const Broker *broker)
{
  return broker->proc != NULL && proc_runs(broker->proc);
}
