/* The clock, the order of events, and timers, against a plain list. A failure is replayed by the
 * seed that GLib prints: test-sim --seed=... */
#include "sim/engine/sim.h"

#include <string.h>

#define TIMERS 200
#define DAY_NS (G_GINT64_CONSTANT(86400) * 1000000000)

/* What should happen, in no order. */
typedef struct {
  gint64 time_ns;
  guint64 seq;
  guint32 index, word;
  gboolean timer;
} Expected;

typedef struct {
  Sim *sim;
  guint event_kind, timer_kind;
  SimTimer timers[TIMERS];
  gboolean gone[TIMERS]; /* the owner's memory went */
  GArray *expected;
  guint64 seq;
  guint handled;
  guint actions; /* left for handlers */
} World;

static void act(World *world);

static guint
first_expected(const World *world)
{
  guint first = 0;

  for (guint i = 1; i < world->expected->len; i++) {
    const Expected *a = &g_array_index(world->expected, Expected, i);
    const Expected *b = &g_array_index(world->expected, Expected, first);

    if (a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->seq < b->seq))
      first = i;
  }
  return first;
}

static void
handle(World *world, gboolean timer, guint32 index, guint32 word)
{
  guint first = first_expected(world);
  Expected expected;

  g_assert_cmpuint(world->expected->len, >, 0);
  expected = g_array_index(world->expected, Expected, first);
  g_assert_cmpint(sim_now(world->sim), ==, expected.time_ns);
  g_assert_cmpint(timer, ==, expected.timer);
  g_assert_cmpuint(index, ==, expected.index);
  g_assert_cmpuint(word, ==, expected.word);
  g_array_remove_index_fast(world->expected, first);
  world->handled++;
  for (guint n = (guint)g_test_rand_int_range(0, 3); n > 0 && world->actions > 0; n--)
    act(world);
}

static void
on_event(gpointer user, guint32 index, guint32 word)
{
  handle(user, FALSE, index, word);
}

static void
on_timer(gpointer user, guint32 index, guint32 word)
{
  World *world = user;

  g_assert_false(sim_timer_armed(&world->timers[index]));
  handle(world, TRUE, index, word);
}

static SimTimer *
timer_of(gpointer user, guint32 index, guint32 word)
{
  World *world = user;

  g_assert_cmpuint(word, ==, index * 3);
  return world->gone[index] ? NULL : &world->timers[index];
}

static void
expect(World *world, gint64 time_ns, guint32 index, guint32 word, gboolean timer)
{
  Expected expected = {time_ns, ++world->seq, index, word, timer};

  if (time_ns != SIM_NEVER)
    g_array_append_val(world->expected, expected);
}

static void
forget_timer(World *world, guint32 index)
{
  for (guint i = 0; i < world->expected->len; i++) {
    const Expected *expected = &g_array_index(world->expected, Expected, i);

    if (expected->timer && expected->index == index) {
      g_array_remove_index_fast(world->expected, i);
      return;
    }
  }
}

static gint64
random_delay_ns(void)
{
  static const gint64 delays[] = {0, 1, 5, 100, 1400000, 150000000, DAY_NS};
  gint64 delay_ns = delays[g_test_rand_int_range(0, G_N_ELEMENTS(delays))];

  return g_test_rand_bit() ? delay_ns : g_test_rand_int_range(0, (gint32)MIN(delay_ns, 1000) + 1);
}

static void
set_timer(World *world, guint32 index)
{
  gint64 now_ns = sim_now(world->sim);
  gint64 deadline_ns = now_ns + random_delay_ns();

  if (g_test_rand_int_range(0, 50) == 0)
    deadline_ns = SIM_NEVER;
  else if (g_test_rand_int_range(0, 50) == 0)
    deadline_ns = now_ns - 5;
  forget_timer(world, index);
  world->gone[index] = FALSE;
  sim_timer_set(world->sim, &world->timers[index], world->timer_kind, index, index * 3,
                deadline_ns);
  g_assert_cmpint(sim_timer_armed(&world->timers[index]), ==, deadline_ns != SIM_NEVER);
  expect(world, MAX(deadline_ns, now_ns), index, index * 3, TRUE);
}

static void
act(World *world)
{
  guint32 index = (guint32)g_test_rand_int_range(0, TIMERS);
  gint what = g_test_rand_int_range(0, 100);
  gint64 at_ns;

  world->actions--;
  if (what < 50) {
    set_timer(world, index);
  } else if (what < 70) {
    sim_timer_cancel(world->sim, &world->timers[index]);
    forget_timer(world, index);
  } else if (what < 72) { /* the owner goes, and the index is used again or not */
    sim_timer_cancel(world->sim, &world->timers[index]);
    forget_timer(world, index);
    memset(&world->timers[index], 0, sizeof world->timers[index]);
    world->gone[index] = g_test_rand_bit();
  } else if (what < 75) { /* ties */
    at_ns = sim_now(world->sim) + random_delay_ns();
    for (guint n = (guint)g_test_rand_int_range(1, 60); n > 0; n--) {
      sim_at(world->sim, at_ns, world->event_kind, index, n);
      expect(world, at_ns, index, n, FALSE);
    }
  } else {
    at_ns = what < 77 ? SIM_NEVER : sim_now(world->sim) + random_delay_ns();
    sim_at(world->sim, at_ns, world->event_kind, index, (guint32)what);
    expect(world, at_ns, index, (guint32)what, FALSE);
  }
}

static void
random_round(gint64 start_ns)
{
  World world = {.sim = sim_new(start_ns)};

  world.expected = g_array_new(FALSE, FALSE, sizeof(Expected));
  world.event_kind = sim_register(world.sim, on_event, &world);
  world.timer_kind = sim_register_timer(world.sim, on_timer, timer_of, &world);
  world.actions = 4000;
  while (world.actions > 0) {
    gint64 until_ns = sim_now(world.sim) + random_delay_ns();
    guint handled = world.handled;

    act(&world);
    if (sim_step(world.sim, until_ns)) {
      g_assert_cmpuint(world.handled, ==, handled + 1);
    } else {
      g_assert_cmpint(sim_now(world.sim), ==, until_ns);
      g_assert_true(world.expected->len == 0 ||
                    g_array_index(world.expected, Expected, first_expected(&world)).time_ns >
                        until_ns);
    }
    g_assert_cmpuint(sim_pending(world.sim), >=, world.expected->len);
    g_assert_cmpuint(sim_pending(world.sim), <=, 2 * world.expected->len + 1000);
  }
  sim_run(world.sim, SIM_NEVER);
  g_assert_cmpuint(world.expected->len, ==, 0);
  g_assert_cmpuint(sim_events(world.sim), ==, world.handled);
  g_assert_cmpuint(sim_pending(world.sim), ==, 0);
  g_array_unref(world.expected);
  sim_free(world.sim);
}

static void
test_random(void)
{
  for (guint round = 0; round < 20; round++)
    random_round(round % 2 ? -60 * G_GINT64_CONSTANT(1000000000) : 0);
}

/* ---- the clock ---- */

typedef struct {
  Sim *sim;
  GString *log;
  guint kind, timer_kind;
  SimTimer timers[4];
} Log;

static void
on_log(gpointer user, guint32 index, guint32 word)
{
  Log *log = user;

  g_string_append_printf(log->log, "%c%" G_GINT64_FORMAT " ", (int)index, sim_now(log->sim));
  if (word == 1)
    sim_stop(log->sim);
  if (word == 2)
    sim_at(log->sim, sim_now(log->sim), log->kind, index + 1, 0);
}

static SimTimer *
log_timer_of(gpointer user, G_GNUC_UNUSED guint32 index, guint32 word)
{
  return &((Log *)user)->timers[word - 10];
}

static void
log_init(Log *log, gint64 start_ns)
{
  memset(log, 0, sizeof *log);
  log->sim = sim_new(start_ns);
  log->log = g_string_new(NULL);
  log->kind = sim_register(log->sim, on_log, log);
  log->timer_kind = sim_register_timer(log->sim, on_log, log_timer_of, log);
}

static void
log_check(Log *log, const char *expected)
{
  g_assert_cmpstr(log->log->str, ==, expected);
  g_string_truncate(log->log, 0);
}

static void
log_clear(Log *log)
{
  g_string_free(log->log, TRUE);
  sim_free(log->sim);
}

static void
test_clock(void)
{
  Log log;

  log_init(&log, -100);
  g_assert_cmpint(sim_now(log.sim), ==, -100);
  sim_at(log.sim, 20, log.kind, 'c', 0);
  sim_at(log.sim, -100, log.kind, 'a', 0);
  sim_at(log.sim, 20, log.kind, 'd', 1);
  sim_at(log.sim, -50, log.kind, 'b', 0);
  sim_at(log.sim, 20, log.kind, 'e', 0);
  sim_at(log.sim, SIM_NEVER, log.kind, 'x', 0);
  g_assert_cmpuint(sim_pending(log.sim), ==, 5);
  sim_run(log.sim, 0);
  log_check(&log, "a-100 b-50 ");
  g_assert_cmpint(sim_now(log.sim), ==, 0);
  sim_run(log.sim, 20);
  log_check(&log, "c20 d20 ");
  g_assert_cmpint(sim_now(log.sim), ==, 20);
  sim_run(log.sim, 30);
  log_check(&log, "e20 ");
  g_assert_cmpint(sim_now(log.sim), ==, 30);
  g_assert_false(sim_step(log.sim, 10));
  g_assert_cmpint(sim_now(log.sim), ==, 30);
  g_assert_false(sim_step(log.sim, SIM_NEVER));
  g_assert_cmpint(sim_now(log.sim), ==, 30);
  g_assert_cmpuint(sim_events(log.sim), ==, 5);
  log_clear(&log);
}

/* What is scheduled for the running instant comes after all that was scheduled for it before. */
static void
test_fifo(void)
{
  Log log;

  log_init(&log, 0);
  sim_at(log.sim, 7, log.kind, 'a', 2);
  sim_timer_set(log.sim, &log.timers[0], log.timer_kind, 't', 10, 7);
  sim_at(log.sim, 7, log.kind, 'c', 0);
  sim_run(log.sim, SIM_NEVER);
  log_check(&log, "a7 t7 c7 b7 ");
  log_clear(&log);
}

/* Ties are by order of arming, also when the queue entry of a timer is older or stood elsewhere. */
static void
test_timer_order(void)
{
  Log log;

  log_init(&log, 0);
  sim_timer_set(log.sim, &log.timers[0], log.timer_kind, 'p', 10, 7);
  sim_timer_set(log.sim, &log.timers[1], log.timer_kind, 'q', 11, 3);
  sim_timer_set(log.sim, &log.timers[2], log.timer_kind, 'r', 12, 9);
  sim_at(log.sim, 7, log.kind, 'a', 0);
  sim_timer_set(log.sim, &log.timers[0], log.timer_kind, 'p', 10, 7); /* same time, later order */
  sim_at(log.sim, 7, log.kind, 'b', 0);
  sim_timer_set(log.sim, &log.timers[1], log.timer_kind, 'q', 11, 7); /* later */
  sim_at(log.sim, 7, log.kind, 'c', 0);
  sim_timer_set(log.sim, &log.timers[2], log.timer_kind, 'r', 12, 7); /* earlier */
  sim_at(log.sim, 7, log.kind, 'd', 0);
  sim_run(log.sim, SIM_NEVER);
  log_check(&log, "a7 p7 b7 q7 c7 r7 d7 ");
  g_assert_cmpuint(sim_events(log.sim), ==, 7);
  log_clear(&log);
}

static void
test_timer_cancel(void)
{
  Log log;

  log_init(&log, 5);
  sim_timer_cancel(log.sim, &log.timers[0]);
  sim_timer_set(log.sim, &log.timers[0], log.timer_kind, 'p', 10, 7);
  g_assert_true(sim_timer_armed(&log.timers[0]));
  sim_timer_cancel(log.sim, &log.timers[0]);
  g_assert_false(sim_timer_armed(&log.timers[0]));
  sim_timer_set(log.sim, &log.timers[1], log.timer_kind, 'q', 11, 8);
  sim_timer_set(log.sim, &log.timers[1], log.timer_kind, 'q', 11, SIM_NEVER);
  sim_timer_set(log.sim, &log.timers[2], log.timer_kind, 'r', 12, 2); /* past: now */
  sim_timer_set(log.sim, &log.timers[3], log.timer_kind, 's', 13, 6);
  sim_timer_cancel(log.sim, &log.timers[3]);
  sim_timer_set(log.sim, &log.timers[3], log.timer_kind, 's', 13, 9);
  sim_run(log.sim, SIM_NEVER);
  log_check(&log, "r5 s9 ");
  g_assert_cmpuint(sim_pending(log.sim), ==, 0);
  log_clear(&log);
}

static void
test_saturation(void)
{
  Log log;

  g_assert_cmpint(sim_add(SIM_NEVER, 1), ==, SIM_NEVER);
  g_assert_cmpint(sim_add(-5, SIM_NEVER), ==, SIM_NEVER);
  g_assert_cmpint(sim_add(SIM_NEVER - 1, 1), ==, SIM_NEVER);
  g_assert_cmpint(sim_add(SIM_NEVER - 1, 2), ==, SIM_NEVER);
  g_assert_cmpint(sim_add(SIM_NEVER - 2, 1), ==, SIM_NEVER - 1);
  g_assert_cmpint(sim_add(-5, 3), ==, -2);

  log_init(&log, -SIM_NEVER);
  sim_at(log.sim, SIM_NEVER - 1, log.kind, 'z', 0);
  for (guint i = 0; i < 200; i++)
    sim_at(log.sim, SIM_NEVER - 2 - i, log.kind, 'y', 2 * (i % 2));
  sim_at(log.sim, -SIM_NEVER, log.kind, 'a', 0);
  sim_run(log.sim, SIM_NEVER - 300);
  log_check(&log, "a-9223372036854775807 ");
  sim_run(log.sim, SIM_NEVER);
  g_assert_true(g_str_has_suffix(log.log->str, "y9223372036854775805 z9223372036854775806 "));
  g_assert_cmpuint(sim_events(log.sim), ==, 302);
  log_clear(&log);
}

/* ---- memory ---- */

typedef struct {
  SimTimer timers[1000];
  guint fired;
} Owners;

static void
on_owner(gpointer user, G_GNUC_UNUSED guint32 index, G_GNUC_UNUSED guint32 word)
{
  ((Owners *)user)->fired++;
}

static SimTimer *
owner_timer(gpointer user, guint32 index, G_GNUC_UNUSED guint32 word)
{
  return &((Owners *)user)->timers[index];
}

/* Ten million times armed and cancelled or moved, and some owners reborn, at one instant: what is
 * pending and the memory follow what is armed. */
static void
test_flat(void)
{
  Owners owners = {0};
  Sim *sim = sim_new(0);
  guint kind = sim_register_timer(sim, on_owner, owner_timer, &owners);
  gsize bytes = 0;

  for (guint i = 0; i < 10000000; i++) {
    SimTimer *timer = &owners.timers[i % 1000];

    switch (i % 4) {
    case 0: /* ever earlier */
      sim_timer_set(sim, timer, kind, i % 1000, 0, DAY_NS - i);
      sim_timer_cancel(sim, timer);
      break;
    case 1: /* ever later */
      sim_timer_set(sim, timer, kind, i % 1000, 0, DAY_NS + i);
      sim_timer_cancel(sim, timer);
      break;
    case 2: /* armed for good, ever earlier */
      sim_timer_set(sim, timer, kind, i % 1000, 0, 2 * DAY_NS - i);
      break;
    default: /* a new owner each time */
      *timer = (SimTimer){0};
      sim_timer_set(sim, timer, kind, i % 1000, 0, 3 * DAY_NS - i);
      sim_timer_cancel(sim, timer);
    }
    g_assert_cmpuint(sim_pending(sim), <, 2 * 250 + 400);
    if (i == 100000)
      bytes = sim_memory(sim);
  }
  g_assert_cmpuint(bytes, <, 200000);
  g_assert_cmpuint(sim_memory(sim), <=, bytes + bytes / 2);
  sim_run(sim, SIM_NEVER);
  g_assert_cmpuint(owners.fired, ==, 250);
  g_assert_cmpuint(sim_pending(sim), ==, 0);
  sim_free(sim);
}

/* A timer that moves later has one entry, whatever happens. */
static void
test_lazy(void)
{
  Owners owners = {0};
  Sim *sim = sim_new(0);
  guint kind = sim_register_timer(sim, on_owner, owner_timer, &owners);

  for (gint64 now_ns = 0; now_ns < 100000; now_ns++) {
    sim_timer_set(sim, &owners.timers[0], kind, 0, 0, now_ns + 1000);
    g_assert_cmpuint(sim_pending(sim), ==, 1);
    g_assert_false(sim_step(sim, now_ns));
  }
  g_assert_true(sim_step(sim, SIM_NEVER));
  g_assert_cmpint(sim_now(sim), ==, 99999 + 1000);
  g_assert_cmpuint(sim_events(sim), ==, 1);
  sim_free(sim);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/engine/sim/clock", test_clock);
  g_test_add_func("/engine/sim/fifo", test_fifo);
  g_test_add_func("/engine/sim/timer-order", test_timer_order);
  g_test_add_func("/engine/sim/timer-cancel", test_timer_cancel);
  g_test_add_func("/engine/sim/saturation", test_saturation);
  g_test_add_func("/engine/sim/lazy", test_lazy);
  g_test_add_func("/engine/sim/flat", test_flat);
  g_test_add_func("/engine/sim/random", test_random);
  return g_test_run();
}
