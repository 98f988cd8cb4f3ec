#include "models/spec/spec_endpoint.h"
#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"
#include "models/spec/spec_words.h"

/* clang-format off */
static const ParamSpec broker_params[] = {
  {.name = "tcp", .type = PARAM_REF, .fallback = "linux", .refers = "tcp",
   .help = "stack of the broker's host"},
  {.name = "maximum_qos", .type = PARAM_INT, .fallback = "2", .low = "0", .high = "2",
   .help = "CONNACK Maximum QoS; also caps what is granted"},
  SPEC_ENDPOINT_KEYS,
  {.name = "process", .type = PARAM_DIST, .fallback = "0s", .low = "0s", .high = "1h",
   .help = "CPU time per message, one after another"},
  {.name = "keep_alive_factor", .type = PARAM_NUMBER, .fallback = "1.5", .low = "1", .high = "10",
   .help = "silence that closes a connection, in keep alives [MQTT-3.1.2-22]"},
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
      .maximum_qos = (guint8)section_int(section, "maximum_qos"),
      .inflight = spec_limit(section, "inflight"),
      .queue = spec_limit(section, "queue"),
      .queue_bytes = spec_byte_limit(section, "queue_bytes"),
      .on_queue_full = spec_on_queue_full(section),
      .receive_maximum = (guint16)section_int(section, "receive_maximum"),
      .maximum_packet_size = spec_limit(section, "maximum_packet_size"),
      .keep_alive_factor = section_real(section, "keep_alive_factor"),
      .qos2_receiver = spec_qos2_receiver(section),
      .store = spec_stores(section),
      .ack_after_store = section_int(section, "ack_after_store") != 0,
  };
}
