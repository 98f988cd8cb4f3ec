#include "models/spec/spec_words.h"

const char *const spec_never[] = {"never", NULL};
const char *const spec_unlimited[] = {"unlimited", NULL};

const char *const spec_on_queue_full_words[] = {"drop-new", "drop-old", "refuse", NULL};
const char *const spec_qos2_receiver_words[] = {"on-publish", "on-pubrel", NULL};
const char *const spec_store_words[] = {"none", NULL};

static const ParamSpec every_change_params[] = {
    {.name = "latency",
     .type = PARAM_DIST,
     .low = "0s",
     .high = "1h",
     .flags = PARAM_REQUIRED,
     .help = "time of one write"},
    {.name = NULL},
};

static const ParamSpec snapshot_params[] = {
    {.name = "every",
     .type = PARAM_TIME,
     .low = "1ms",
     .high = "10y",
     .flags = PARAM_REQUIRED,
     .help = "from one to the next"},
    {.name = NULL},
};

const CallSpec spec_store_calls[] = {
    {.name = "snapshot",
     .params = snapshot_params,
     .help = "the whole state is written at intervals and at an orderly end; nothing waits for it"},
    {.name = "every-change",
     .params = every_change_params,
     .help = "each change of the state is written, one after another"},
    {.name = NULL},
};
