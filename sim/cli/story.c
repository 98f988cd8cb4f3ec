#include "sim/cli/story.h"

#include <stdio.h>
#include <string.h>

#include "models/world/world.h"
#include "sim/cli/ladder.h"

typedef struct {
  guint64 point, replication, id;
} Place;

static gboolean
parse_place(const char *text, Place *place)
{
  guint64 *const numbers[] = {&place->point, &place->replication, &place->id};

  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
    char *end;

    if (!g_ascii_isdigit(*text))
      return FALSE;
    *numbers[i] = g_ascii_strtoull(text, &end, 10);
    if (*end != (i + 1 < G_N_ELEMENTS(numbers) ? ':' : '\0') || *numbers[i] == 0)
      return FALSE;
    text = end + 1;
  }
  return place->replication <= G_MAXUINT32;
}

/* A message may be named by its ID alone where the database holds a single run. */
static gboolean
parse_id(const Database *database, const char *text, Place *place)
{
  const StorePoint *only = NULL;
  g_autofree char *whole = NULL;
  guint32 replication = 1;
  guint runs = 0;

  for (guint i = 0; i < database->points->len; i++) {
    const StorePoint *point = database->points->pdata[i];

    runs += point->runs;
    if (point->runs > 0)
      only = point;
  }
  if (runs != 1)
    return FALSE;
  while (replication < database->experiment->repeat &&
         !store_has_run(database->store, only, replication))
    replication++;
  whole = g_strdup_printf("%u:%u:%s", only->number, replication, text);
  return parse_place(whole, place);
}

static char *
seconds(gint64 time_ns)
{
  return g_strdup_printf("%.3f", (double)time_ns / 1e9);
}

static void
print_point(const Grid *grid, guint point)
{
  for (guint f = 0; f < grid_factors(grid); f++) {
    g_autoptr(Value) value = grid_value(grid, point, f);
    g_autofree char *text = value_to_string(value);

    g_print("%s%s = %s", f ? ", " : "", grid_factor(grid, f)->name, text);
  }
  if (grid_factors(grid))
    g_print("\n");
}

static const char *
client_name(const Outcome *outcome, guint32 number)
{
  return outcome->clients && number < outcome->clients->len ? outcome->clients->pdata[number] : "?";
}

static void
print_head(const Outcome *outcome, const OutcomeMessage *message, const Place *place)
{
  const OutcomeElement *element = outcome->elements->pdata[message->section];
  g_autofree char *at = seconds(message->published_ns);

  g_print("%s %" G_GUINT64_FORMAT " of run %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT
          ": QoS %u, publish() by %s at %s s\n",
          element->name, place->id, place->point, place->replication, message->qos,
          client_name(outcome, message->publisher), at);
}

static void
print_fate(const Outcome *outcome, const OutcomeMessage *message)
{
  if (message->subscriber == G_MAXUINT32) {
    g_print("owed to nobody\n");
    return;
  }
  g_print("for %s: %s", client_name(outcome, message->subscriber), fate_name(message->fate));
  if (message->fate == FATE_LOST)
    g_print(", %s", cause_name(message->cause));
  if (message->copies > 1)
    g_print(", %u copies", message->copies);
  if (message->latency_ns >= 0) {
    g_autofree char *latency = seconds(message->latency_ns);

    g_print(", latency %s s", latency);
  }
  g_print("\n");
}

static void
print_told(const OutcomeMessage *message)
{
  if (message->told == TOLD_NOTHING) {
    g_print("the publisher was told nothing");
  } else {
    g_autofree char *told = seconds(message->told_ns - message->published_ns);

    g_print("the publisher was told %s after %s s", told_name(message->told), told);
  }
  g_print("; PUBLISH sent %u time%s over all hops, %u needless\n", message->sends,
          message->sends == 1 ? "" : "s", message->needless);
}

static CliStatus
print_replay(const Database *database, const Place *place, const Outcome *outcome)
{
  const OutcomeMessage *first = NULL;

  for (guint i = 0; outcome->messages && i < outcome->messages->len && !first; i++) {
    const OutcomeMessage *message = &g_array_index(outcome->messages, OutcomeMessage, i);

    if (message->id == place->id)
      first = message;
  }
  if (!first || !outcome->story) {
    cli_error("run %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT " has no message %" G_GUINT64_FORMAT,
              place->point, place->replication, place->id);
    return CLI_USAGE;
  }
  print_head(outcome, first, place);
  print_point(database->experiment->grid, (guint)place->point);
  g_print("(replayed with trace; the fingerprint agrees)\n");
  g_autofree char *ladder = ladder_draw(outcome, first);
  g_print("\n%s\n", ladder);
  for (guint i = 0; i < outcome->messages->len; i++) {
    const OutcomeMessage *message = &g_array_index(outcome->messages, OutcomeMessage, i);

    if (message->id == place->id)
      print_fate(outcome, message);
  }
  print_told(first);
  return CLI_DONE;
}

static CliStatus
find_run(const Database *database, const Place *place, StoreRun *run)
{
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < database->points->len; i++) {
    const StorePoint *point = database->points->pdata[i];

    if (point->number != place->point)
      continue;
    if (store_run(database->store, point, (guint32)place->replication, run, &error))
      return CLI_DONE;
    if (error) {
      cli_error("%s", error->message);
      return cli_store_status(error);
    }
  }
  cli_error("%s has no run %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT
            "; qosim show %s points lists the points",
            store_path(database->store), place->point, place->replication,
            store_path(database->store));
  return CLI_USAGE;
}

CliStatus
story_print(const Database *database, const char *where)
{
  Place place;
  StoreRun run = {0};
  g_autoptr(Scenario) scenario = NULL;
  g_autoptr(Outcome) outcome = NULL;
  RunRequest request;
  CliStatus status;

  if (!parse_place(where, &place) && !parse_id(database, where, &place)) {
    cli_error("%s: a message is named by POINT:REPLICATION:ID, as in 14:3:4711", where);
    return CLI_USAGE;
  }
  if (!g_str_equal(store_revision(database->store), WORLD_REVISION)) {
    cli_error(
        "%s was made by revision %s of the models, this program has %s: the run cannot be made "
        "again",
        store_path(database->store), store_revision(database->store), WORLD_REVISION);
    return CLI_USAGE;
  }
  status = find_run(database, &place, &run);
  if (status != CLI_DONE)
    return status;
  scenario = grid_scenario(database->experiment->grid, (guint)place.point);
  /* The fate of the message stands in its record. */
  scenario->record = RECORD_MESSAGES;
  request = (RunRequest){
      .seed = run.seed,
      .replication = (guint32)place.replication,
      .trace_id = place.id,
  };
  outcome = world_run(scenario, &request);
  g_free(run.breach);
  if (outcome->fingerprint != run.fingerprint) {
    cli_error("made again, run %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT
              " has fingerprint %016" G_GINT64_MODIFIER
              "x; in the database it is %016" G_GINT64_MODIFIER
              "x: another build or another library made it",
              place.point, place.replication, outcome->fingerprint, run.fingerprint);
    return CLI_FAILED;
  }
  return print_replay(database, &place, outcome);
}
