/* qosim show: what a database holds. */
#include <stdio.h>

#include "sim/cli/cli.h"
#include "sim/cli/report.h"
#include "sim/cli/story.h"

static const char *const things[] = {"points", "losses", "message", NULL};

static CliStatus
print_report(char *text, const GError *error)
{
  if (!text) {
    cli_error("%s", error->message);
    return cli_store_status(error);
  }
  g_print("%s", text);
  g_free(text);
  return CLI_DONE;
}

static CliStatus
show(const Database *database, const char *thing, const char *what)
{
  g_autoptr(GError) error = NULL;
  char *text;

  if (!thing)
    text = report_table(database->store, database->experiment, database->points, NULL, &error);
  else if (g_str_equal(thing, "points"))
    text = report_points(database->points);
  else if (g_str_equal(thing, "losses"))
    text = report_losses(database->store, database->points, &error);
  else
    return story_print(database, what);
  return print_report(text, error);
}

static gboolean
knows(const char *thing, gboolean has_more)
{
  const char *near;

  if (!g_strv_contains(things, thing)) {
    near = spec_nearest(thing, things, G_N_ELEMENTS(things) - 1);
    if (near)
      cli_error("show knows no %s; nearest: %s", thing, near);
    else
      cli_error("show knows no %s; there are: points, losses, message", thing);
  } else if (g_str_equal(thing, "message") && !has_more) {
    cli_error("a message is named by POINT:REPLICATION:ID, as in 14:3:4711");
  } else if (!g_str_equal(thing, "message") && has_more) {
    cli_error("nothing is expected after %s; see qosim show --help", thing);
  } else {
    return TRUE;
  }
  return FALSE;
}

int
show_command(int argc, char **argv)
{
  const GOptionEntry entries[] = {{NULL}};
  g_autoptr(Database) database = NULL;
  CliStatus status;

  if (!cli_parse(
          &argc, &argv, entries, "DB [points | losses | message POINT:REPLICATION:ID]",
          "Prints what the database DB holds; DB alone is the table of the experiment.\n\n"
          "  points    every point with its values and how many runs of it are there\n"
          "  losses    what was not delivered, by cause, with an example of each point\n"
          "  message   the way of one message, segment by segment: its run is made again; where\n"
          "            the database holds a single run, its ID is enough",
          "The database is SQLite with documented tables and views: sqlite3 DB .schema\n", 1, 3))
    return CLI_USAGE;
  if (argc > 2 && !knows(argv[2], argc > 3))
    return CLI_USAGE;
  database = cli_open(argv[1], &status);
  if (!database)
    return status;
  return show(database, argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
}
