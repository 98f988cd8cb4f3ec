/* Worlds drawn from a number, each tried twice.
 *
 * QOSIM_WORLD=number tries that world alone, QOSIM_WORLDS=n as many as wanted. */
#pragma once

#include "tests/models/world/kit.h"

#define PICK(rand, ...)                                                                            \
  draw_pick(rand, (const char *const[]){__VA_ARGS__},                                              \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

const char *draw_pick(GRand *rand, const char *const *choices, gsize n);
/* Swarm testing: each feature is off in half of the worlds, so that others are met in all
 * combinations. */
gboolean draw_maybe(GRand *rand);

/* Runs the world twice under the monitor: fates add up, no invariant is breached, and the same
 * seed gives the same run. What does not hold ends the test with the line that replays it. */
Outcome *draw_run(guint32 number, const char *text);
void draw_fail(guint32 number, const char *text, const char *format, ...)
    G_GNUC_PRINTF(3, 4) G_GNUC_NORETURN;
/* n worlds from a random number on, or what the environment says. */
void draw_worlds(guint n, void (*try)(guint32 number));
