#include "models/spec/spec_endpoint.h"
#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"
#include "models/spec/spec_quirks.h"
#include "models/spec/spec_words.h"

/* In the order of the bits of MqttBrokerConfig.versions. */
static const char *const protocol_words[] = {"all", "mqtt311", "mqtt5", NULL};
static const char *const overlapping_words[] = {"once", "each", NULL};

/* clang-format off */
static const ParamSpec broker_params[] = {
  {.name = "tcp", .type = PARAM_REF, .fallback = "linux", .refers = "tcp",
   .help = "stack of the broker's host"},
  {.name = "protocols", .type = PARAM_WORD, .fallback = "all", .words = protocol_words,
   .flags = PARAM_IS_LIST, .help = "versions of MQTT that it takes"},
  {.name = "maximum_qos", .type = PARAM_INT, .fallback = "2", .low = "0", .high = "2",
   .help = "CONNACK Maximum QoS; also caps what is granted"},
  SPEC_ENDPOINT_KEYS,
  {.name = "qos0_backlog", .type = PARAM_INT, .fallback = "unlimited", .low = "0",
   .high = "4294967294", .words = spec_unlimited,
   .help = "QoS 0 messages that wait for a slow connection, per session; more are dropped"},
  {.name = "queue_qos0", .type = PARAM_FLAG, .fallback = "no",
   .help = "whether sessions without a connection keep QoS 0 messages"},
  {.name = "process", .type = PARAM_DIST, .fallback = "0s", .low = "0s", .high = "1h",
   .help = "CPU time per message, one after another"},
  {.name = "keep_alive_factor", .type = PARAM_NUMBER, .fallback = "1.5", .low = "1", .high = "10",
   .help = "silence that closes a connection, in keep alives [MQTT-3.1.2-22]"},
  {.name = "keep_alive_check", .type = PARAM_TIME, .fallback = "0s", .low = "0s", .high = "1h",
   .help = "the broker looks for silence only so often; 0s: it is exact"},
  {.name = "server_keep_alive", .type = PARAM_TIME, .fallback = "never", .low = "1s",
   .high = "65535s", .grain = "1s", .why = "two bytes on the wire", .words = spec_never,
   .help = "overrides the keep alive of mqtt5 clients"},
  {.name = "session_expiry_maximum", .type = PARAM_TIME, .fallback = "never", .low = "0s",
   .high = "4294967294s", .grain = "1s", .why = "four bytes on the wire", .words = spec_never,
   .help = "longest Session Expiry Interval that a client gets"},
  {.name = "connections", .type = PARAM_INT, .fallback = "unlimited", .low = "1",
   .high = "4294967294", .words = spec_unlimited,
   .help = "clients at a time; one more is refused with 0x97"},
  {.name = "retain_available", .type = PARAM_FLAG, .fallback = "yes",
   .help = "whether messages are retained"},
  {.name = "wildcard_available", .type = PARAM_FLAG, .fallback = "yes",
   .help = "whether filters may have wildcards"},
  {.name = "shared_available", .type = PARAM_FLAG, .fallback = "yes",
   .help = "whether subscriptions may be shared"},
  {.name = "subscription_ids_available", .type = PARAM_FLAG, .fallback = "yes",
   .help = "whether subscriptions may have identifiers"},
  {.name = "overlapping", .type = PARAM_WORD, .fallback = "once", .words = overlapping_words,
   .help = "copies to a client with several subscriptions that match"},
  {.name = "quirks", .type = PARAM_WORD, .fallback = "none", .words = mqtt_quirk_names,
   .flags = PARAM_IS_LIST, .help = "oddities of real brokers; docs/MODEL.md explains them"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_broker = {
    .kind = "broker",
    .help = "an MQTT server",
    .params = broker_params,
    .profiles = TRUE,
    .model = TRUE,
};

void
spec_broker(const Section *section, MqttBrokerConfig *config)
{
  *config = (MqttBrokerConfig){
      .versions = (guint8)spec_word_set(section, "protocols", protocol_words),
      .maximum_qos = (guint8)section_int(section, "maximum_qos"),
      .inflight = spec_limit(section, "inflight"),
      .queue = spec_limit(section, "queue"),
      .queue_bytes = spec_byte_limit(section, "queue_bytes"),
      .queue_qos0 = section_int(section, "queue_qos0") != 0,
      .qos0_backlog = spec_limit(section, "qos0_backlog"),
      .on_queue_full = spec_on_queue_full(section),
      .receive_maximum = (guint16)section_int(section, "receive_maximum"),
      .maximum_packet_size = spec_limit(section, "maximum_packet_size"),
      .keep_alive_factor = section_real(section, "keep_alive_factor"),
      .keep_alive_check_ns = section_int(section, "keep_alive_check"),
      .qos2_receiver = spec_qos2_receiver(section),
      .copy_each = section_is(section, "overlapping", "each"),
      .quirks = spec_word_set(section, "quirks", mqtt_quirk_names),
      .store = spec_stores(section),
      .ack_after_store = spec_acks_after_store(section),
      .server_keep_alive_s = (guint16)spec_whole_seconds(section, "server_keep_alive", 0),
      .session_expiry_maximum_s =
          spec_whole_seconds(section, "session_expiry_maximum", G_MAXUINT32),
      .connections = spec_limit(section, "connections"),
      .topic_alias_maximum = (guint16)section_int(section, "topic_alias_maximum"),
      .topic_alias_send = 65535,
      .retain_available = section_int(section, "retain_available") != 0,
      .wildcard_available = section_int(section, "wildcard_available") != 0,
      .shared_available = section_int(section, "shared_available") != 0,
      .subscription_ids_available = section_int(section, "subscription_ids_available") != 0,
  };
}
