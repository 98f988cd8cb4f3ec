/* qosim broker: the broker's machine on a socket. */
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "models/live/server.h"
#include "models/live/socket.h"
#include "models/spec/spec_model.h"
#include "sim/cli/cli.h"

/* What a live broker has unless it is told otherwise: the bounds that keep its memory finite. */
static const char *const safe_defaults[] = {
    "broker.queue=1000",          "broker.queue_bytes=64MiB",      "broker.qos0_backlog=1000",
    "broker.receive_maximum=100", "broker.topic_alias_maximum=10", "broker.maximum_packet_size=2MB",
};

typedef struct {
  char *address, *profile, *store;
  int port;
  char **overrides;
} Options;

static Options options;

static const GOptionEntry entries[] = {
    {"port", 'p', 0, G_OPTION_ARG_INT, &options.port, "where to listen; 0: any port that is free",
     "N"},
    {"address", 'a', 0, G_OPTION_ARG_STRING, &options.address,
     "numeric address to listen on; default: 127.0.0.1, so nobody else reaches it", "A"},
    {"profile", 0, 0, G_OPTION_ARG_STRING, &options.profile,
     "whose broker it is; qosim profiles lists them", "NAME"},
    {"store", 's', 0, G_OPTION_ARG_FILENAME, &options.store,
     "keep sessions, queues and retained messages in this file; made if it is not there", "FILE"},
    {"set", 'D', 0, G_OPTION_ARG_STRING_ARRAY, &options.overrides,
     "replace a value of [broker]; qosim keys broker lists the keys", "KEY=VALUE"},
    G_OPTION_ENTRY_NULL,
};

static const char description[] =
    "Any MQTT 3.1.1 or 5.0 client can use it. It prints the address that it listens on, and\n"
    "serves until SIGINT or SIGTERM. With --store, what it has acknowledged outlives a kill and\n"
    "a loss of power.\n\n"
    "Its memory is bounded: per session 1000 messages or 64 MiB wait, per connection 1000 of\n"
    "QoS 0, and a packet has at most 2 MB, unless --profile or -D say otherwise.\n\n"
    "Examples:\n"
    "  qosim broker\n"
    "  qosim broker --port 0 --store broker.db -D maximum_qos=1\n"
    "  qosim broker --profile mosquitto-2.0\n";

/* The overrides in the form that an experiment takes: for a profile only what was asked. */
static GPtrArray *
overrides(void)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; options.profile == NULL && i < G_N_ELEMENTS(safe_defaults); i++) {
    gsize n = strcspn(safe_defaults[i], "=") - strlen("broker.");
    gboolean asked = FALSE;
    for (char **set = options.overrides; set != NULL && *set != NULL; set++)
      asked |=
          strcspn(*set, "=") == n && strncmp(*set, safe_defaults[i] + strlen("broker."), n) == 0;
    if (!asked)
      g_ptr_array_add(all, g_strdup(safe_defaults[i]));
  }
  for (char **set = options.overrides; set != NULL && *set != NULL; set++)
    g_ptr_array_add(all, g_strdup_printf("broker.%s", *set));
  if (options.store != NULL)
    g_ptr_array_add(all, g_strdup("broker.store=every-change(0s)"));
  g_ptr_array_add(all, NULL);
  return all;
}

/* A broker section as an experiment would have it, resolved; NULL: it was said what is wrong. */
static Scenario *
broker_scenario(void)
{
  g_autofree char *text =
      g_strdup_printf("[experiment]\ntitle = broker\n[broker broker]\nprofile = %s\n",
                      options.profile != NULL ? options.profile : "spec");
  g_autoptr(GPtrArray) set = overrides(), problems = problem_list_new();
  ExperimentSource source = {.path = "qosim broker",
                             .text = text,
                             .n = strlen(text),
                             .overrides = (const char *const *)set->pdata};
  g_autoptr(Experiment) experiment = experiment_load(&cli_model, &source, problems);
  if (experiment != NULL)
    return grid_scenario(experiment->grid, 1);
  cli_print_problems(problems, "no broker was started");
  return NULL;
}

static LiveServer *running;

static void
on_signal(int number)
{
  (void)number;
  live_server_stop(running);
}

static int
store_failed(const GError *error)
{
  cli_error("--store %s", error->message);
  return g_error_matches(error, LIVE_FILE_ERROR, LIVE_FILE_ERROR_FORMAT) ? CLI_USAGE : CLI_FAILED;
}

static int
serve(const LiveServerConfig *config, const MqttBrokerConfig *broker)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(LiveServer) server = live_server_new(config, broker, &error);
  struct sigaction action = {.sa_handler = on_signal};
  if (server == NULL && error->domain == LIVE_FILE_ERROR)
    return store_failed(error);
  if (server == NULL) {
    cli_error("cannot listen on %s port %u: %s", config->address, config->port, error->message);
    return CLI_FAILED;
  }
  live_raise_descriptors();
  running = server;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  g_printerr("qosim broker: listens on %s port %u\n", config->address, live_server_port(server));
  if (live_server_run(server, &error))
    return CLI_DONE;
  cli_error("%s", error->message);
  return CLI_FAILED;
}

int
broker_command(int argc, char **argv)
{
  options = (Options){.port = 1883};
  if (!cli_parse(&argc, &argv, entries, "",
                 "Serves real MQTT clients with the machine that the simulations run.", description,
                 0, 0))
    return CLI_USAGE;
  if (options.port < 0 || options.port > 65535) {
    cli_error("--port %d: a port is 0 to 65535", options.port);
    return CLI_USAGE;
  }
  g_autoptr(Scenario) scenario = broker_scenario();
  if (scenario == NULL)
    return CLI_USAGE;
  const Section *section = scenario_section(scenario, "broker");
  MqttBrokerConfig broker;
  spec_broker(section, &broker);
  g_autoptr(GError) error = NULL;
  g_autoptr(LiveFile) file = NULL;
  broker.store = options.store != NULL; /* what no file takes, nothing may wait for */
  if (options.store != NULL && (file = live_file_open(options.store, &error)) == NULL)
    return store_failed(error);
  LiveServerConfig config = {.address = options.address != NULL ? options.address : "127.0.0.1",
                             .port = (guint16)options.port,
                             .socket = {.nagle = section_int(section, "nagle") != 0,
                                        .user_timeout_ns = section_int(section, "user_timeout"),
                                        .keepalive_ns = section_int(section, "tcp_keepalive")},
                             .connect_timeout_ns = G_GINT64_CONSTANT(10000000000),
                             .file = file};
  return serve(&config, &broker);
}
