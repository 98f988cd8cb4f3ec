#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"

static const char *const none_words[] = {"none", NULL};
static const char *const ack_when_words[] = {"received", "processed", NULL};

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
  {.name = "ack_when", .type = PARAM_WORD, .fallback = "received", .words = ack_when_words,
   .help = "when the acknowledgement leaves; processed: the thread of the connection is busy with "
           "the message, so nothing at all leaves before"},
  {.name = "no_local", .type = PARAM_FLAG, .fallback = "no",
   .help = "nothing that the client itself publishes (MQTT 5)"},
  {.name = "retain_as_published", .type = PARAM_FLAG, .fallback = "no",
   .help = "RETAIN comes as it was published (MQTT 5)"},
  {.name = "retain_handling", .type = PARAM_INT, .fallback = "0", .low = "0", .high = "2",
   .help = "retained messages at subscription: 0 always, 1 if it is new, 2 never (MQTT 5)"},
  {.name = "identifier", .type = PARAM_INT, .fallback = "none", .low = "1", .high = "268435455",
   .words = none_words, .help = "Subscription Identifier (MQTT 5)"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_subscribe = {
    .kind = "subscribe",
    .help = "a subscription in each client of some groups",
    .params = subscribe_params,
    .model = TRUE,
};

guint8
spec_subscribe_options(const Section *subscribe)
{
  guint8 options = (guint8)section_int(subscribe, "qos");

  if (section_int(subscribe, "no_local"))
    options |= MQTT_OPTION_NO_LOCAL;
  if (section_int(subscribe, "retain_as_published"))
    options |= MQTT_OPTION_RETAIN_AS_PUBLISHED;
  return (guint8)(options | section_int(subscribe, "retain_handling") << 4);
}

guint32
spec_subscribe_identifier(const Section *subscribe)
{
  return section_is(subscribe, "identifier", "none")
             ? 0
             : (guint32)section_int(subscribe, "identifier");
}
