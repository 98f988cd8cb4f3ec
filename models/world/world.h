/* A run: devices, brokers and links of a scenario, from the start of the warm-up until every fate
 * is known or the drain is over. A pure function of scenario and request. Time zero is the end of
 * the warm-up. */
#pragma once

#include "sim/record/outcome.h"
#include "sim/record/scenario.h"

/* The whole run. NULL: it was cancelled. A breach of an invariant is in the outcome. */
Outcome *world_run(const Scenario *scenario, const RunRequest *request);

/* The same in steps, for tests that interfere. */
typedef struct _World World;

World *world_new(const Scenario *scenario, const RunRequest *request);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)
gboolean world_step(World *world); /* one event; FALSE: the run is over */
gint64 world_now(const World *world);
/* Client `number` (from 0) or broker `number` dies now and is back after down_ns. */
void world_crash_client(World *world, guint32 number, gint64 down_ns);
void world_crash_broker(World *world, guint32 number, gint64 down_ns);
Outcome *world_finish(World *world);

/* A name for results: what is simulated, changed whenever the same file may give other numbers. */
#define WORLD_REVISION "6"
