/* The program: finds the command and hands over. */
#include "config.h"

#include <locale.h>
#include <stdio.h>

#include "models/world/world.h"
#include "sim/cli/cli.h"
#include "sim/cli/term.h"

typedef struct {
  const char *name;
  int (*command)(int argc, char **argv);
  const char *arguments;
  const char *help;
} Command;

static const Command commands[] = {
    {"run", run_command, "FILE", "run an experiment, or go on with it, and print its table"},
    {"check", check_command, "FILE",
     "say what a run would do, and what is wrong or odd in the file"},
    {"show", show_command, "DB", "print what a database holds: table, points, losses, a message"},
    {"plot", plot_command, "DB", "draw the plots that the experiment asks for"},
    {"profiles", profiles_command, "[NAME]", "named links, stacks, clients, brokers, with sources"},
    {"keys", keys_command, "[SECTION]", "every key that an experiment file may have"},
    {"broker", broker_command, "", "the broker of the simulations, for real clients on a socket"},
    {"live", live_command, "FILE", "an experiment's clients in real time against a real broker"},
};

static void
print_help(void)
{
  const char *bold = term_bold(stdout), *plain = term_plain(stdout);

  g_print(
      "%sqosim%s simulates MQTT over bad networks: real clients and brokers over a modelled TCP "
      "on\n"
      "modelled links, in virtual time. It tells which messages arrive, how late, how often, at\n"
      "what cost, and why the others do not.\n\n"
      "usage: qosim COMMAND [OPTION]... ARGUMENT\n\n",
      bold, plain);
  for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
    g_print("  %s%-8s%s %-9s  %s\n", bold, commands[i].name, plain, commands[i].arguments,
            commands[i].help);
  g_print("\nA first experiment, as a file first.ini:\n\n"
          "  [experiment]\n"
          "  title = Does QoS 1 arrive over a link that loses 5 %% of its packets?\n"
          "  [sweep]\n"
          "  reading.qos = 0, 1, 2\n"
          "  [link radio]\n"
          "  rtt  = 300ms\n"
          "  loss = 5%%\n"
          "  [broker hub]\n"
          "  [client sensor]\n"
          "  count = 20\n"
          "  link  = radio\n"
          "  [client dashboard]\n"
          "  [publish reading]\n"
          "  client = sensor\n"
          "  topic  = fleet/{client}/reading\n"
          "  every  = 10s\n"
          "  [subscribe all]\n"
          "  client = dashboard\n"
          "  filter = fleet/#\n\n"
          "  qosim check first.ini\n"
          "  qosim run first.ini\n\n"
          "Each command explains itself: qosim run --help.\n"
          "Exit status: 0 done; 2 wrong usage or a bad file; 3 anything else.\n");
}

static int
dispatch(int argc, char **argv)
{
  if (argc < 2) {
    print_help();
    return CLI_USAGE;
  }
  if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") ||
      g_str_equal(argv[1], "help")) {
    print_help();
    return CLI_DONE;
  }
  if (g_str_equal(argv[1], "--version")) {
    g_print("qosim %s, models %s\n", PACKAGE_VERSION, WORLD_REVISION);
    return CLI_DONE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
    if (g_str_equal(argv[1], commands[i].name))
      return commands[i].command(argc - 1, argv + 1);
  return cli_unknown_command(argv[1]);
}

int
main(int argc, char **argv)
{
  int status;

  /* Characters as the terminal has them; numbers are read and written with a point everywhere. */
  setlocale(LC_CTYPE, "");
  g_set_prgname("qosim");
  status = dispatch(argc, argv);
  /* A table that did not reach its file must not pass for one. */
  if (fflush(stdout) != 0 || ferror(stdout)) {
    cli_error("cannot write the output");
    return CLI_FAILED;
  }
  return status;
}
