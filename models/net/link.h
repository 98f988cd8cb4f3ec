/* One link, both directions: what happens to a packet from the instant that it meets the link.
 * Computed at once, without events; asked in rising order of time. Keeps count of what waits, not
 * of what is under way: that is the business of net.c. */
#pragma once

#include "models/net/delay.h"
#include "models/net/loss.h"
#include "models/net/outage.h"

/* Packets that wait for the rate, of all links; a list per direction, oldest first. Numbers begin
 * at 1; 0 ends a list. */
typedef struct {
  gint64 begin_ns; /* when its transmission begins */
  guint32 length;
  guint32 next;
} WaitNode;

typedef struct {
  GArray *nodes; /* WaitNode */
  guint32 free;
} WaitPool;

/* What all links of one LinkConfig share. */
typedef struct {
  const LinkConfig *config;
  DelayPlan delay;
  gboolean weather; /* links need a LinkWeather */
  gboolean outages;
  gboolean waits[2]; /* the queue has a bound, so what waits must be counted */
  gboolean fifo, nat;
  gboolean plain[2]; /* no state in time: packets are lost one by one, and the delay is constant */
} LinkPlan;

/* What only links with states in time need. */
typedef struct {
  GilbertState gilbert[2];
  OutageCursor outage[2]; /* as met by the packets of each direction, whose instants rise */
  OutageCursor asked;     /* as asked about from outside, last for asked_ns */
  gint64 asked_ns;
  DelaySlot slot;
  gint64 start_ns;
  guint32 faults[2];   /* how many hold */
  gint64 failed_ns[2]; /* since when, if any does */
} LinkWeather;

typedef struct {
  gint64 busy_until_ns; /* end of the last transmission that was accepted */
  gint64 waiting_bytes;
  guint32 waiting;                     /* packets, the one being sent not counted */
  guint32 first_waiting, last_waiting; /* WaitNodes */
  guint32 same_instant;                /* transmissions that begin at busy_until_ns already */
  NetPacket *first, *last;             /* under way, for net.c; last is valid while there is one */
  LinkCounters counters;
} LinkDirection;

typedef struct {
  const LinkPlan *plan;
  const RandomKey *key; /* with id: a random stream; those of its processes differ from it by id */
  guint64 id;
  LinkWeather *weather; /* NULL: none is needed */
  LinkDirection direction[2];
} Link;

void link_plan(LinkPlan *plan, const LinkConfig *config);
/* Borrows plan and key. */
void link_init(Link *link, const LinkPlan *plan, const RandomKey *key, guint64 id, gint64 now_ns);
void link_clear(Link *link);

/* A packet meets the link at now_ns. If it is not refused by the queue, *begin_ns is when its
 * transmission begins; if it passes, *arrives_ns is when it would leave the link, were there no
 * packet in front of it. */
NetVerdict link_enter(Link *link, WaitPool *pool, NetDirection direction, gint64 now_ns,
                      guint length, gint64 *begin_ns, gint64 *arrives_ns);

/* Its own outages and faults, seen from outside. */
gboolean link_down(const Link *link, NetDirection direction, gint64 at_ns);
/* Of the outage or fault that the last packet of this direction met: its beginning. */
gint64 link_down_since(const Link *link, NetDirection direction);
void link_fail(Link *link, NetDirection direction, gint64 now_ns);
/* TRUE: the last fault ended now; it held since *since_ns. */
gboolean link_repair(Link *link, NetDirection direction, gint64 *since_ns);
/* A packet that waited, and whose transmission began at begin_ns, was caught by a fault that still
 * holds. */
gboolean link_caught(const Link *link, NetDirection direction, gint64 begin_ns);

void wait_pool_init(WaitPool *pool);
void wait_pool_clear(WaitPool *pool);
