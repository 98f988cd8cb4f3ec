/* What a database belongs to: an experiment and its points, in the words of the results. */
#pragma once

#include "sim/results/store.h"
#include "sim/study/experiment.h"

/* Creates the database or opens the one of this experiment, for writing. revision: of what runs. */
Store *identity_open_store(const char *path, const Experiment *experiment, const char *revision,
                           GError **error);

/* All points, numbers from 1: StorePoint *, to unref. */
GPtrArray *identity_points(const Grid *grid);
