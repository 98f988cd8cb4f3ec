#include "sim/engine/sim.h"

#include "sim/engine/queue.h"

#define KINDS_MAX 64
/* The order of an event: when it was scheduled, in steps, and below that its kind. */
#define ORDER_STEP (1u << 16)
/* So many stale entries are not worth a sweep, nor a thought of one. */
#define STALE_STEP 64
/* With fewer events pending what they touch fits into the cache, or nearly. */
#define AHEAD_MIN QUEUE_STAGED_FROM

typedef struct {
  SimHandler handler;
  SimTimerOf timer_of; /* NULL: one-shot events */
  SimAhead ahead;      /* NULL: nothing to ask for */
  gpointer user;
} Kind;

struct _Sim {
  Queue queue;
  gint64 now_ns;
  guint64 last_seq; /* a multiple of ORDER_STEP */
  guint64 n_events;
  gsize n_stale;          /* entries that stand for no armed timer */
  guint until_considered; /* so many more, and a sweep is considered */
  gboolean stopped;
  guint n_kinds;
  guint64 one_shots; /* a bit for each kind that is not a timer's */
  Kind kinds[KINDS_MAX];
};

Sim *
sim_new(gint64 start_ns)
{
  Sim *sim = g_new0(Sim, 1);

  g_assert(start_ns != SIM_NEVER);
  queue_init(&sim->queue);
  sim->now_ns = start_ns;
  sim->until_considered = STALE_STEP;
  return sim;
}

void
sim_free(Sim *sim)
{
  if (sim == NULL)
    return;
  queue_clear(&sim->queue);
  g_free(sim);
}

static guint
register_kind(Sim *sim, Kind kind)
{
  g_assert(kind.handler != NULL);
  g_assert(sim->n_kinds < KINDS_MAX);
  sim->kinds[sim->n_kinds] = kind;
  return sim->n_kinds++;
}

guint
sim_register(Sim *sim, SimHandler handler, gpointer user)
{
  guint kind = register_kind(sim, (Kind){.handler = handler, .user = user});

  sim->one_shots |= G_GUINT64_CONSTANT(1) << kind;
  return kind;
}

guint
sim_register_timer(Sim *sim, SimHandler handler, SimTimerOf timer_of, gpointer user)
{
  g_assert(timer_of != NULL);
  return register_kind(sim, (Kind){.handler = handler, .timer_of = timer_of, .user = user});
}

void
sim_look_ahead(Sim *sim, guint kind, SimAhead ahead)
{
  sim->kinds[kind].ahead = ahead;
}

gint64
sim_now(const Sim *sim)
{
  return sim->now_ns;
}

guint64
sim_events(const Sim *sim)
{
  return sim->n_events;
}

gsize
sim_pending(const Sim *sim)
{
  return sim->queue.n;
}

gsize
sim_memory(const Sim *sim)
{
  return sizeof *sim + queue_memory(&sim->queue);
}

static inline guint
kind_of(const QueueEvent *entry)
{
  return (guint)(entry->order % ORDER_STEP);
}

static inline guint64
seq_of(const QueueEvent *entry)
{
  return entry->order - entry->order % ORDER_STEP;
}

static inline gboolean
is_one_shot(const Sim *sim, guint kind)
{
  return sim->one_shots >> kind & 1;
}

void
sim_at(Sim *sim, gint64 at_ns, guint kind, guint32 index, guint32 word)
{
  QueueEvent entry = {at_ns, (sim->last_seq += ORDER_STEP) | kind, index, word};

  g_assert(at_ns >= sim->now_ns && is_one_shot(sim, kind));
  if (at_ns != SIM_NEVER)
    queue_push(&sim->queue, entry);
}

/* ---- timers ---- */

/* The timer that an entry stands for, armed or not; NULL: the entry is stale. */
static inline SimTimer *
owner_of(const Kind *kind, const QueueEvent *entry)
{
  SimTimer *timer = kind->timer_of(kind->user, entry->index, entry->word);

  return timer && timer->queued_seq == seq_of(entry) ? timer : NULL;
}

static gboolean
keep_entry(gpointer data, const QueueEvent *entry)
{
  Sim *sim = data;
  const Kind *kind = &sim->kinds[kind_of(entry)];
  SimTimer *timer;

  if (kind->timer_of == NULL)
    return TRUE;
  timer = owner_of(kind, entry);
  if (timer && timer->seq == 0) {
    timer->queued_seq = 0;
    timer = NULL;
  }
  return timer != NULL;
}

/* Sweeps when at least half of the work finds something, so that it is paid for by what made the
 * entries stale. */
static G_GNUC_NO_INLINE void
consider_sweep(Sim *sim)
{
  if (sim->n_stale > sim->queue.n / 2 && sim->n_stale > queue_filter_cost(&sim->queue) / 2) {
    queue_filter(&sim->queue, keep_entry, sim);
    sim->n_stale = 0;
  }
  sim->until_considered = STALE_STEP;
}

static inline void
add_stale(Sim *sim)
{
  sim->n_stale++;
  if (G_UNLIKELY(--sim->until_considered == 0))
    consider_sweep(sim);
}

static void
queue_timer(Sim *sim, SimTimer *timer, guint kind, guint32 index, guint32 word)
{
  QueueEvent entry = {timer->deadline_ns, timer->seq | kind, index, word};

  timer->queued_ns = timer->deadline_ns;
  timer->queued_seq = timer->seq;
  queue_push(&sim->queue, entry);
}

/* The timer is disarmed, or needs an earlier entry. (Only then can its deadline lie in the past.)
 */
static G_GNUC_NO_INLINE void
arm_anew(Sim *sim, SimTimer *timer, guint kind, guint32 index, guint32 word, gint64 deadline_ns)
{
  gboolean was_armed = timer->seq != 0;

  g_assert(kind < sim->n_kinds && !is_one_shot(sim, kind));
  timer->deadline_ns = MAX(deadline_ns, sim->now_ns);
  timer->seq = sim->last_seq += ORDER_STEP;
  if (timer->queued_seq == 0 || timer->queued_ns > timer->deadline_ns) {
    queue_timer(sim, timer, kind, index, word);
    if (was_armed)
      add_stale(sim);
  } else if (!was_armed && sim->n_stale > 0) {
    sim->n_stale--;
  }
}

/* Mostly a timer that is armed, and so has an entry, moves to a later time, and the entry stays
 * where it is: so little that it belongs into its callers. */
void
sim_timer_set(Sim *sim, SimTimer *timer, guint kind, guint32 index, guint32 word,
              gint64 deadline_ns)
{
  if (deadline_ns == SIM_NEVER) {
    sim_timer_cancel(sim, timer);
  } else if (G_LIKELY(timer->seq != 0 && timer->queued_ns <= deadline_ns)) {
    timer->deadline_ns = deadline_ns;
    timer->seq = sim->last_seq += ORDER_STEP;
  } else {
    arm_anew(sim, timer, kind, index, word, deadline_ns);
  }
}

void
sim_timer_cancel(Sim *sim, SimTimer *timer)
{
  if (timer->seq == 0)
    return;
  timer->seq = 0;
  add_stale(sim);
}

/* Whether the timer of an entry that came up is due. One that has moved is queued anew with the
 * order of its last arming, so that ties are by order of arming. */
static gboolean
timer_due(Sim *sim, const Kind *kind, const QueueEvent *entry)
{
  SimTimer *timer = owner_of(kind, entry);

  if (timer)
    timer->queued_seq = 0;
  if (timer == NULL || timer->seq == 0) {
    if (sim->n_stale > 0)
      sim->n_stale--;
    return FALSE;
  }
  if (timer->seq != seq_of(entry)) {
    queue_timer(sim, timer, kind_of(entry), entry->index, entry->word);
    return FALSE;
  }
  timer->seq = 0;
  return TRUE;
}

/* ---- the run ---- */

static inline void
ask_for(const Sim *sim, const QueueEvent *entry, guint stage)
{
  const Kind *kind = &sim->kinds[kind_of(entry)];

  if (kind->ahead)
    kind->ahead(kind->user, entry->index, entry->word, stage);
}

/* A bucket has become the bottom of the queue, and its first event was taken out. A miss costs as
 * much as some hundred instructions; a bucket's are made together. */
static void
look_ahead(Sim *sim, const QueueEvent *first)
{
  const Queue *queue = &sim->queue;

  for (guint stage = 0; stage < SIM_AHEAD_STAGES; stage++) {
    ask_for(sim, first, stage);
    for (gsize i = queue->head; i < queue->tail; i++)
      ask_for(sim, &queue->bottom[i], stage);
  }
}

static inline gboolean
step(Sim *sim, gint64 until_ns)
{
  const QueueEvent *entry;

  while ((entry = queue_pop(&sim->queue, until_ns)) != NULL) {
    const Kind *kind = &sim->kinds[kind_of(entry)];

    if (G_UNLIKELY(sim->queue.fresh)) {
      sim->queue.fresh = FALSE;
      if (sim->queue.n >= AHEAD_MIN)
        look_ahead(sim, entry);
    }
    if (kind->timer_of && !timer_due(sim, kind, entry))
      continue;
    sim->now_ns = entry->time_ns;
    sim->n_events++;
    kind->handler(kind->user, entry->index, entry->word);
    return TRUE;
  }
  if (until_ns != SIM_NEVER)
    sim->now_ns = MAX(sim->now_ns, until_ns);
  return FALSE;
}

gint64
sim_next_ns(Sim *sim)
{
  return queue_next_ns(&sim->queue);
}

gboolean
sim_step(Sim *sim, gint64 until_ns)
{
  return step(sim, until_ns);
}

void
sim_run(Sim *sim, gint64 until_ns)
{
  sim->stopped = FALSE;
  while (!sim->stopped && step(sim, until_ns))
    ;
}

void
sim_stop(Sim *sim)
{
  sim->stopped = TRUE;
}
