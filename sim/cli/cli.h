/* What the commands of the program share: where study, models and results meet.
 *
 * Every command gets its name and what follows it, and returns the exit status. */
#pragma once

#include "sim/results/store.h"
#include "sim/study/experiment.h"

typedef enum {
  CLI_DONE = 0,
  CLI_USAGE = 2,  /* wrong usage or a bad file */
  CLI_FAILED = 3, /* anything else */
} CliStatus;

int run_command(int argc, char **argv);
int broker_command(int argc, char **argv);
int live_command(int argc, char **argv);
int check_command(int argc, char **argv);
int show_command(int argc, char **argv);
int plot_command(int argc, char **argv);
int profiles_command(int argc, char **argv);
int keys_command(int argc, char **argv);

/* Says that there is no such command, and which is near. */
int cli_unknown_command(const char *name);
extern const char *const cli_commands[]; /* NULL-ended */

/* Parses the options of a command. FALSE: wrong usage, which was said. At least `least` and at most
 * `most` arguments besides argv[0] must be left. --help is answered and ends the program. */
gboolean cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
                   const char *summary, const char *description, int least, int most);
/* Prints "qosim: ..." on stderr. */
void cli_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

extern const ExperimentModel cli_model;

/* All that is wrong with a file on stderr, then how many errors and that nothing happened:
 * `outcome` is the end of that sentence. */
void cli_print_problems(const GPtrArray *problems, const char *outcome);

/* What a database holds, open for reading, with its experiment as it was last run. NULL: it was
 * said why; *status is the exit status then. */
typedef struct {
  Store *store;
  Experiment *experiment;
  GPtrArray *points; /* StorePoint *: those of the experiment, by number */
} Database;

Database *cli_open(const char *path, CliStatus *status);
void cli_close(Database *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Database, cli_close)
/* An error of a store: the exit status that it deserves. */
CliStatus cli_store_status(const GError *error);

/* Which points are meant: "3,7-9" or a condition; NULL: all. Element p - 1 says whether point p is;
 * NULL: the text is wrong, which was said. To g_free(). */
gboolean *cli_select_points(const Grid *grid, const char *only);
/* "1-3, 7": a rising list of numbers. To free. */
char *cli_ranges(const guint *numbers, guint n);

/* Messages that one replication of a point publishes in its window, to the nearest expectation. */
double cli_messages(const Scenario *scenario);
