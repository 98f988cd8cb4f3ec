/* The clock and the events of one run.
 *
 * Time is virtual: gint64 nanoseconds, SIM_NEVER = "does not come"; additions saturate.
 * An event is small and held by value: a registered kind, an index and a word, which the handler
 * of that kind understands. Events run in the order of (time, order of scheduling): ties are FIFO.
 * A timer is embedded in its owner, and cancelling or moving it costs next to nothing: a timer
 * that moves to a later time touches only its owner; one queue entry is re-queued when it comes up.
 * Stale entries are swept before they can outnumber the live ones, so memory follows what is armed.
 *
 * Knows no network and no MQTT. One Sim is used by one thread; there are no globals. */
#pragma once

#include <glib.h>

#define SIM_NEVER G_MAXINT64

typedef struct _Sim Sim;

/* One-shot event or expired timer; user is what was given when the kind was registered. */
typedef void (*SimHandler)(gpointer user, guint32 index, guint32 word);

/* Embedded in its owner; zero-filled is disarmed. Only sim.c writes the fields. */
typedef struct {
  gint64 deadline_ns; /* when it is due; meaningful while seq != 0 */
  guint64 seq;        /* order of the arming; 0: disarmed */
  gint64 queued_ns;   /* time of the queue entry that stands for this timer */
  guint64 queued_seq; /* order of that entry; 0: no entry */
} SimTimer;

/* Finds the timer that an entry of a timer kind stands for. May return NULL when the owner is
 * gone; an owner that reuses an index needs no care, since orders never repeat. It is also called
 * from within sim_timer_set() and sim_timer_cancel(), by a sweep, for any entry of the kind. */
typedef SimTimer *(*SimTimerOf)(gpointer user, guint32 index, guint32 word);

/* Asks the caches for what an event will touch, and changes nothing. It is called for the events of
 * the near future together, in stages from 0 on, so that their misses overlap; a stage may follow
 * the pointers that the one before has asked for. */
#define SIM_AHEAD_STAGES 7
typedef void (*SimAhead)(gpointer user, guint32 index, guint32 word, guint stage);

Sim *sim_new(gint64 start_ns);
void sim_free(Sim *sim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sim, sim_free)

/* Kinds are registered before the run; at most 64. The returned number addresses the kind. */
guint sim_register(Sim *sim, SimHandler handler, gpointer user);
guint sim_register_timer(Sim *sim, SimHandler handler, SimTimerOf timer_of, gpointer user);
void sim_look_ahead(Sim *sim, guint kind, SimAhead ahead);

gint64 sim_now(const Sim *sim);
gint64 sim_next_ns(Sim *sim);       /* nothing happens before; SIM_NEVER: nothing is scheduled */
guint64 sim_events(const Sim *sim); /* handled so far; stale and re-queued entries are not events */
gsize sim_pending(const Sim *sim);  /* queue entries, stale ones included */
gsize sim_memory(const Sim *sim);   /* bytes held; follows the most that was pending at once */

/* Schedules a one-shot event; at_ns must not lie in the past; SIM_NEVER schedules nothing. */
void sim_at(Sim *sim, gint64 at_ns, guint kind, guint32 index, guint32 word);

/* Arms or moves a timer; SIM_NEVER disarms it. A deadline in the past means now. Kind, index and
 * word name the timer to SimTimerOf, so they are the same at each call for it. */
void sim_timer_set(Sim *sim, SimTimer *timer, guint kind, guint32 index, guint32 word,
                   gint64 deadline_ns);
/* Must be called before the owner's memory goes, unless SimTimerOf then returns NULL. */
void sim_timer_cancel(Sim *sim, SimTimer *timer);

static inline gboolean
sim_timer_armed(const SimTimer *timer)
{
  return timer->seq != 0;
}

/* Handles the earliest event if it is due by until_ns; FALSE: there is none, and the clock stands
 * at until_ns (or where it was, if until_ns is SIM_NEVER). */
gboolean sim_step(Sim *sim, gint64 until_ns);
/* Steps until none is left, until_ns is reached, or sim_stop() was called by a handler. */
void sim_run(Sim *sim, gint64 until_ns);
void sim_stop(Sim *sim);

/* Sum of two times or a time and a duration, both >= 0 or finite; never absorbs. */
static inline gint64
sim_add(gint64 a_ns, gint64 b_ns)
{
  gint64 sum;
  return (a_ns == SIM_NEVER || b_ns == SIM_NEVER || __builtin_add_overflow(a_ns, b_ns, &sum))
             ? SIM_NEVER
             : sum;
}
