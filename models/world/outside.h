/* A run among strangers: the clients, applications and client faults of a scenario in real time,
 * their brokers outside. The world still owns no socket and no clock: it is told the time, and a
 * connection is a pair of buffers whose far ends its host carries to wherever a broker is. Links,
 * stacks, brokers and their faults have no part in it.
 *
 * After any call: fulfil the wishes. A connection is the host's from OPEN until release(), which
 * answers CLOSE; all calls but that to output(), sent() and release() are without effect once CLOSE
 * was wished. */
#pragma once

#include "models/world/world.h"

/* disguise: another number for each run, so that what an earlier one left in a broker is taken for
 * nobody's message. */
World *outside_new(const Scenario *scenario, const RunRequest *request, guint64 disguise);
/* All that happens until then; the clock stands there. FALSE: the run is over. */
gboolean outside_pass(World *world, gint64 now_ns);
gint64 outside_next_ns(World *world); /* when to call it next, at the latest */
/* Clients leave in order. After world_finish(), and before the last wishes. */
void outside_goodbye(World *world);

typedef enum {
  OUTSIDE_OPEN,
  OUTSIDE_WRITE, /* there is output */
  OUTSIDE_READ,  /* input is welcome again */
  OUTSIDE_CLOSE  /* as soon as what is still in the output is written */
} OutsideWant;

typedef struct {
  OutsideWant want;
  guint32 conn;   /* small dense numbers, used again */
  gboolean nagle; /* for OPEN, as the next two */
  gint64 user_timeout_ns;
  gint64 keepalive_ns;
} OutsideWish;

gboolean outside_wish(World *world, OutsideWish *wish);

void outside_opened(World *world, guint32 conn);
void outside_ended(World *world, guint32 conn); /* refused, closed or reset */
/* FALSE: an application is busy, so no more until READ is wished. */
gboolean outside_input(World *world, guint32 conn, const guint8 *data, gsize n);
const guint8 *outside_output(const World *world, guint32 conn, gsize *n);
void outside_sent(World *world, guint32 conn, gsize n);
void outside_release(World *world, guint32 conn);
