/* Tables for people, from a database. */
#pragma once

#include "sim/cli/cli.h"

/* All to free; NULL and an error if the database cannot be read. Points that have no run are left
 * out. chosen: element n - 1 is about the point of number n; NULL: all of them. */
char *report_table(Store *store, const Experiment *experiment, const GPtrArray *points,
                   const gboolean *chosen, GError **error);
char *report_losses(Store *store, const GPtrArray *points, GError **error);
char *report_points(const GPtrArray *points);
