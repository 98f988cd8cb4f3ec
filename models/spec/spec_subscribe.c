#include "models/spec/spec_kinds.h"

/* clang-format off */
static const ParamSpec subscribe_params[] = {
  {.name = "client", .type = PARAM_REF, .refers = "client", .flags = PARAM_IS_LIST,
   .help = "one subscription in each client of these groups; may be left out if there is only one"},
  {.name = "filter", .type = PARAM_TOPIC, .fallback = "#",
   .help = "topic filter with {client}, {n}, {group}; $share/NAME/... is shared"},
  {.name = "qos", .type = PARAM_INT, .fallback = "2", .low = "0", .high = "2",
   .help = "requested maximum"},
  {.name = "process", .type = PARAM_DIST, .fallback = "0s", .low = "0s", .high = "1y",
   .help = "time per message, one after another; reading stops meanwhile"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_subscribe = {
    .kind = "subscribe",
    .help = "a subscription in each client of some groups",
    .params = subscribe_params,
    .model = TRUE,
};
