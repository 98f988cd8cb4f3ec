/* The clients and workloads of a scenario in real time, on real sockets to one real broker, in one
 * thread. */
#pragma once

#include <gio/gio.h>

#include "models/world/world.h"

typedef struct _LiveTarget LiveTarget;

/* Finds the broker and connects to it once, so that what is wrong is said before anything runs. */
LiveTarget *live_target_new(const char *host, guint16 port, GError **error);
void live_target_free(LiveTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LiveTarget, live_target_free)

/* Takes as long as the scenario says. NULL: it was cancelled. *behind_ns: by how much what was due
 * came too late at most, because the machine was too slow; latencies contain it. */
Outcome *live_run(const Scenario *scenario, const RunRequest *request, const LiveTarget *target,
                  gint64 *behind_ns);
