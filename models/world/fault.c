/* Outages of links, ends of clients and brokers, at a time or again and again. */
#include "models/world/world-private.h"

/* The clock of one target, or of all targets of a fault together. */
typedef struct {
  Fault *fault;
  RandomStream start, length, choice;
  guint64 occurrences;
  gint64 until_ns;  /* end of the running one */
  guint32 first, n; /* its targets: a range in the fault's list */
  GArray *struck;   /* guint32: those of the running one */
} FaultClock;

static GArray *
fault_targets(const Fault *fault)
{
  return fault->links != NULL ? fault->links : fault->clients;
}

/* Exactly the share of the targets, at least one, drawn anew each time: the first places of a
 * shuffle. */
static void
fault_choose(const FaultClock *clock, guint64 occurrence)
{
  const Fault *fault = clock->fault;
  GArray *struck = clock->struck;
  guint32 n = clock->n, chosen = (guint32)MAX(fault->share * n + 0.5, 1);
  g_array_set_size(struck, 0);
  for (guint32 i = 0; i < n; i++)
    g_array_append_val(struck, g_array_index(fault_targets(fault), guint32, clock->first + i));
  for (guint32 i = 0; i < chosen && chosen < n; i++) {
    guint64 draw = random_below(&clock->choice, occurrence << 32 | i, n - i);
    guint32 *a = &g_array_index(struck, guint32, i), *b = &g_array_index(struck, guint32, i + draw);
    guint32 swap = *a;
    *a = *b;
    *b = swap;
  }
  g_array_set_size(struck, MIN(chosen, n));
}

static void
fault_strike(World *world, const FaultClock *clock, guint64 occurrence, gint64 lasts_ns)
{
  const Fault *fault = clock->fault;
  if (fault->broker != NONE) {
    broker_die(world, fault->broker, fault->death, lasts_ns);
    return;
  }
  fault_choose(clock, occurrence);
  for (guint i = 0; i < clock->struck->len; i++) {
    guint32 target = g_array_index(clock->struck, guint32, i);
    if (fault->links != NULL)
      net_link_fail(world->net, target, fault->directions);
    else
      client_die(world, target, fault->death, lasts_ns);
  }
}

static void
fault_heal(World *world, const FaultClock *clock)
{
  const Fault *fault = clock->fault;
  for (guint i = 0; fault->links != NULL && i < clock->struck->len; i++)
    net_link_repair(world->net, g_array_index(clock->struck, guint32, i), fault->directions);
}

enum { STRIKE, HEAL };

static void
fault_schedule(World *world, guint32 number, gint64 at_ns)
{
  if (at_ns < world->end_ns)
    sim_at(world->sim, MAX(at_ns, world_time(world)), world->kind_fault, number, STRIKE);
}

static void
on_fault(gpointer user, guint32 number, guint32 what)
{
  World *world = user;
  FaultClock *clock = &g_array_index(world->fault_clocks, FaultClock, number);
  const Fault *fault = clock->fault;
  gint64 now_ns = world_time(world);
  if (what == HEAL) {
    fault_heal(world, clock);
    if (fault->gap != NULL)
      fault_schedule(world, number,
                     sim_add(now_ns, dist_draw_ns(fault->gap, &clock->start, clock->occurrences)));
    return;
  }
  guint64 n = clock->occurrences++;
  if (fault->every != NULL)
    fault_schedule(world, number,
                   sim_add(now_ns, dist_draw_ns(fault->every, &clock->start, n + 1)));
  if (clock->until_ns > now_ns)
    return; /* falls into a running one */
  gint64 lasts_ns = fault->lasts ? dist_draw_ns(fault->lasts, &clock->length, n) : 0;
  clock->until_ns = sim_add(now_ns, lasts_ns);
  fault_strike(world, clock, n, lasts_ns);
  sim_at(world->sim, clock->until_ns, world->kind_fault, number, HEAL);
}

void
fault_register(World *world)
{
  world->kind_fault = sim_register(world->sim, on_fault, world);
}

/* Without `at`, the first of a repeated fault is one interval away; a constant interval begins at a
 * random phase. */
static gint64
fault_first_ns(const Fault *fault, const FaultClock *clock)
{
  const Dist *interval = fault->every ? fault->every : fault->gap;
  if (fault->at != NULL)
    return dist_draw_ns(fault->at, &clock->start, 0);
  if (interval == NULL)
    return 0;
  gint64 first_ns = dist_draw_ns(interval, &clock->start, 0);
  if (dist_is_constant(interval) && first_ns != SIM_NEVER)
    first_ns = (gint64)(random_uniform(&clock->start, 0) * (double)first_ns);
  return first_ns;
}

static void
fault_clock_new(World *world, Fault *fault, const char *name, guint32 first, guint32 n)
{
  FaultClock clock = {.fault = fault, .until_ns = G_MININT64, .first = first, .n = n};
  clock.start = random_stream(world->request->seed, world->request->replication, name, "fault");
  clock.length =
      random_stream(world->request->seed, world->request->replication, name, "fault-lasts");
  clock.choice =
      random_stream(world->request->seed, world->request->replication, name, "fault-share");
  clock.struck = g_array_new(FALSE, FALSE, sizeof(guint32));
  g_array_append_val(world->fault_clocks, clock);
}

static void
fault_clocks(World *world, Fault *fault, gboolean each)
{
  const char *name = fault->section->name;
  guint n = fault->broker != NONE ? 1 : fault_targets(fault)->len;
  for (guint i = 0; each && i < n; i++) {
    g_autofree char *element = g_strdup_printf("%s/%u", name, i + 1);
    fault_clock_new(world, fault, element, i, 1);
  }
  if (!each)
    fault_clock_new(world, fault, name, 0, n);
}

/* Which links or clients of the world the target names. */
static void
fault_find_targets(World *world, Fault *fault, const char *target)
{
  for (guint i = 0; i < world->n_link_kinds; i++)
    if (g_str_equal(world->link_kinds[i].section->name, target))
      fault->links = g_array_ref(world->link_kinds[i].numbers);
  for (guint i = 0; i < world->n_groups; i++)
    if (g_str_equal(world->groups[i].section->name, target)) {
      fault->clients = g_array_new(FALSE, FALSE, sizeof(guint32));
      for (guint32 k = 0; k < world->groups[i].count; k++) {
        guint32 client = world->groups[i].first + k;
        g_array_append_val(fault->clients, client);
      }
    }
  for (guint i = 0; i < world->n_brokers; i++)
    if (g_str_equal(world->brokers[i].section->name, target))
      fault->broker = i;
}

void
fault_setup(World *world)
{
  for (guint i = 0; i < world->n_faults; i++) {
    Fault *fault = &world->faults[i];
    const Section *section = fault->section;
    const Value *target = section_value(section, "target");
    gboolean each = target->kind == VALUE_LIST && target->list.n == 2;
    const char *name =
        target->kind == VALUE_LIST ? target->list.values[target->list.n - 1]->text : target->text;
    fault->broker = NONE;
    fault->directions = section_is(section, "direction", "up")     ? 1u << NET_UP
                        : section_is(section, "direction", "down") ? 1u << NET_DOWN
                                                                   : 3;
    fault->death = section_is(section, "what", "restart")      ? DEATH_RESTART
                   : section_is(section, "what", "power-loss") ? DEATH_POWER
                                                               : DEATH_CRASH;
    fault->share = section_real(section, "share");
    fault->at = section_dist(section, "at");
    fault->every = section_dist(section, "every");
    fault->gap = section_dist(section, "gap");
    fault->lasts = section_dist(section, "lasts");
    fault_find_targets(world, fault, name);
    if (fault->broker == NONE && fault_targets(fault) == NULL)
      continue; /* a link that no client uses */
    if (world->outside != NULL && fault->clients == NULL)
      continue; /* that broker is not ours to kill */
    fault_clocks(world, fault, each);
  }
  for (guint32 i = 0; i < world->fault_clocks->len; i++) {
    const FaultClock *clock = &g_array_index(world->fault_clocks, FaultClock, i);
    fault_schedule(world, i, fault_first_ns(clock->fault, clock));
  }
}

static void
fault_clock_clear(gpointer clock)
{
  g_array_unref(((FaultClock *)clock)->struck);
}

GArray *
fault_clocks_new(void)
{
  GArray *clocks = g_array_new(FALSE, TRUE, sizeof(FaultClock));
  g_array_set_clear_func(clocks, fault_clock_clear);
  return clocks;
}
