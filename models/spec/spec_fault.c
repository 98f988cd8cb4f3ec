#include "models/spec/spec_kinds.h"

static const char *const what_words[] = {"outage", "crash", "restart", "power-loss", NULL};
static const char *const direction_words[] = {"both", "up", "down", NULL};

/* clang-format off */
static const ParamSpec fault_params[] = {
  {.name = "what", .type = PARAM_WORD, .words = what_words, .flags = PARAM_REQUIRED,
   .help = "outage (of a link): packets vanish; of a broker or client, crash: the process dies, "
           "its host answers RST; restart: an orderly stop; power-loss: nobody answers, the last "
           "write may be torn"},
  {.name = "target", .type = PARAM_REF, .refers = "link broker client",
   .flags = PARAM_REQUIRED | PARAM_EACH,
   .help = "NAME: all at one instant; each NAME: every one on its own clock"},
  {.name = "share", .type = PARAM_RATIO, .fallback = "100%", .low = "0%", .high = "100%",
   .help = "exactly this part of the targets, at least one, chosen anew each time"},
  {.name = "at", .type = PARAM_DIST, .low = "0s",
   .help = "first start, from time zero; 0s if it is left out, with every or gap one draw of that "
           "(constant: random phase)"},
  {.name = "every", .type = PARAM_DIST, .low = "0s",
   .help = "from start to start; one that would start in another is skipped; once if both are left "
           "out"},
  {.name = "gap", .type = PARAM_DIST, .low = "0s", .help = "from end to start"},
  {.name = "lasts", .type = PARAM_DIST, .fallback = "0s", .low = "0s", .help = "down time"},
  {.name = "direction", .type = PARAM_WORD, .fallback = "both", .words = direction_words,
   .help = "of an outage; up: from the client"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_fault = {
    .kind = "fault",
    .help = "what breaks, and when",
    .params = fault_params,
    .model = TRUE,
};
