#include "models/spec/spec_endpoint.h"
#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"
#include "models/spec/spec_words.h"

static const char *const start_words[] = {"random", NULL};

/* clang-format off */
static const ParamSpec publish_params[] = {
  {.name = "client", .type = PARAM_REF, .refers = "client", .flags = PARAM_IS_LIST,
   .help = "one stream in each client of these groups; may be left out if there is only one"},
  {.name = "topic", .type = PARAM_TOPIC, .fallback = "{group}/{n}",
   .help = "{client}, {n} ({n:5} zero-padded), {group}; {any G}: another client of G, drawn per "
           "message; {each G}: one message to every one"},
  {.name = "qos", .type = PARAM_INT, .fallback = "0", .low = "0", .high = "2",
   .help = "quality of service"},
  {.name = "every", .type = PARAM_DIST, .fallback = "1s", .low = "0s",
   .help = "interval between publish() calls"},
  {.name = "start", .type = PARAM_DIST, .fallback = "random", .low = "0s", .words = start_words,
   .help = "first call after the start of the warm-up; random: uniform over the first interval"},
  {.name = "size", .type = PARAM_SIZE, .fallback = "100B", .low = "8B",
   .why = "the first 8 bytes of a payload carry the message's number",
   .help = "payload; its first 8 bytes are the message's number"},
  {.name = "deadline", .type = PARAM_TIME, .fallback = "never", .low = "1ns", .words = spec_never,
   .help = "what deadline_ratio counts; nothing on the wire"},
  {.name = "message_expiry", .type = PARAM_TIME, .fallback = "never", .low = "1s",
   .high = "4294967295s", .grain = "1s", .why = "four bytes on the wire", .words = spec_never,
   .help = "Message Expiry Interval, whole seconds; mqtt311 has none"},
  {.name = "retain", .type = PARAM_FLAG, .fallback = "no", .help = "the broker keeps the last one"},
  {.name = "topic_alias", .type = PARAM_FLAG, .fallback = "no",
   .help = "a number stands for the topic once the broker knows it, if it takes any (MQTT 5)"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_publish = {
    .kind = "publish",
    .help = "a stream of messages in each client of some groups",
    .params = publish_params,
    .model = TRUE,
};

static void
set_property(MqttProperties *properties, MqttProperty property)
{
  properties->present |= G_GUINT64_CONSTANT(1) << property;
}

void
spec_publish_properties(const Section *publish, MqttProperties *properties)
{
  *properties = (MqttProperties){.present = 0};
  if (section_int(publish, "message_expiry") != VALUE_NEVER) {
    set_property(properties, MQTT_PROP_MESSAGE_EXPIRY);
    properties->message_expiry_s = spec_whole_seconds(publish, "message_expiry", 0);
  }
  if (section_int(publish, "topic_alias"))
    set_property(properties, MQTT_PROP_TOPIC_ALIAS);
}
