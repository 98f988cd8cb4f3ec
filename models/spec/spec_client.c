#include "models/spec/spec_endpoint.h"
#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"
#include "models/spec/spec_quirks.h"
#include "models/spec/spec_words.h"

static const char *const protocol_words[] = {"mqtt5", "mqtt311", NULL};
static const char *const transport_words[] = {"tcp", NULL};
static const char *const reset_words[] = {"connack", NULL};
static const char *const start_words[] = {"spread", NULL};
static const char *const clean_start_words[] = {"yes", "no", "first", NULL};
static const char *const session_present_words[] = {"obey", "ignore", NULL};
static const char *const goodbye_words[] = {"disconnect", "with-will", "vanish", NULL};
static const char *const as_set_words[] = {"as-set", "never", NULL};
static const char *const resubscribe_words[] = {"session-lost", "always", "never", NULL};
static const char *const ping_when_words[] = {"idle", "either", NULL};
static const char *const connack_timeout_words[] = {"keep-alive", "never", NULL};
static const char *const on_ack_timeout_words[] = {"report", "resend", "reconnect", "give-up",
                                                   NULL};
static const char *const offline_queue_words[] = {"none", "qos12", "all", NULL};

/* clang-format off */
static const ParamSpec backoff_params[] = {
  {.name = "initial", .type = PARAM_TIME, .low = "1ms", .high = "1y", .flags = PARAM_REQUIRED,
   .help = "delay before the first try"},
  {.name = "max", .type = PARAM_TIME, .low = "1ms", .high = "1y", .flags = PARAM_REQUIRED,
   .help = "the delay grows no further"},
  {.name = "factor", .type = PARAM_NUMBER, .fallback = "2", .low = "1", .high = "10",
   .help = "from try to try"},
  {.name = "jitter", .type = PARAM_RATIO, .fallback = "0%", .low = "0%", .high = "100%",
   .help = "j makes a delay d into d (1 - j U), U uniform in [0, 1)"},
  {.name = "reset", .type = PARAM_TIME, .fallback = "connack", .low = "1ms", .high = "1y",
   .words = reset_words,
   .help = "what starts it anew: a CONNACK with success, or a connection that stood this long "
           "after it"},
  {.name = NULL},
};

static const CallSpec reconnect_calls[] = {
  {.name = "backoff", .params = backoff_params,
   .help = "a delay that grows from try to try"},
  {.name = NULL},
};

static const ParamSpec client_params[] = {
  {.name = "tcp", .type = PARAM_REF, .fallback = "linux", .refers = "tcp",
   .help = "stack of the client's host"},
  {.name = "count", .type = PARAM_INT, .fallback = "1", .low = "1", .high = "10000000",
   .help = "size of the group"},
  {.name = "broker", .type = PARAM_REF, .refers = "broker",
   .help = "where it connects to; may be left out if there is only one"},
  {.name = "link", .type = PARAM_PATH, .fallback = "perfect", .refers = "link",
   .help = "the path to the broker, client end first: radio > backhaul"},
  {.name = "protocol", .type = PARAM_WORD, .fallback = "mqtt5", .words = protocol_words,
   .help = "version of the protocol"},
  {.name = "transport", .type = PARAM_WORD, .fallback = "tcp", .words = transport_words,
   .help = "what carries it; MQTT needs an ordered, lossless stream [MQTT-4.2-1]"},
  {.name = "start", .type = PARAM_DIST, .fallback = "spread", .low = "0s", .words = start_words,
   .help = "first connect after the start of the warm-up; spread: subscribers at once, publishers "
           "over its first half"},
  {.name = "connect_timeout", .type = PARAM_TIME, .fallback = "30s", .low = "1ms", .high = "1y",
   .words = spec_never,
   .help = "longest wait for TCP and CONNACK together; for TCP alone if connack_timeout is given"},
  {.name = "connack_timeout", .type = PARAM_TIME, .low = "1ms", .high = "1y",
   .words = connack_timeout_words, .help = "longest wait for TCP and CONNACK together"},
  {.name = "keep_alive", .type = PARAM_TIME, .fallback = "60s", .low = "1s", .high = "65535s",
   .grain = "1s", .why = "two bytes on the wire", .words = spec_never,
   .help = "Keep Alive on the wire, whole seconds; never is 0 there"},
  {.name = "ping_timeout", .type = PARAM_TIME, .low = "1ms", .high = "1y", .words = spec_never,
   .help = "silence after PINGREQ that closes the connection; keep_alive if it is left out"},
  {.name = "reconnect", .type = PARAM_DIST, .fallback = "backoff(1s, max=2min)", .low = "0s",
   .words = spec_never, .calls = reconnect_calls, .help = "delay before a try to connect again"},
  {.name = "clean_start", .type = PARAM_WORD, .fallback = "yes", .words = clean_start_words,
   .help = "Clean Start; Clean Session in 3.1.1; first: only at the first connection"},
  {.name = "session_expiry", .type = PARAM_TIME, .fallback = "0s", .low = "0s",
   .high = "4294967294s", .grain = "1s", .why = "four bytes on the wire", .words = spec_never,
   .help = "Session Expiry Interval, whole seconds; mqtt311 has none"},
  {.name = "goodbye", .type = PARAM_WORD, .fallback = "disconnect", .words = goodbye_words,
   .help = "how an orderly stop leaves: DISCONNECT 0x00, DISCONNECT 0x04 that has the will sent "
           "(MQTT 5), or nothing"},
  {.name = "disconnect_expiry", .type = PARAM_TIME, .fallback = "as-set", .low = "0s",
   .high = "4294967294s", .grain = "1s", .why = "four bytes on the wire", .words = as_set_words,
   .help = "Session Expiry Interval that DISCONNECT changes it to (MQTT 5)"},
  {.name = "session_present", .type = PARAM_WORD, .fallback = "obey",
   .words = session_present_words,
   .help = "own state when CONNACK says Session Present 0: obey drops it [MQTT-3.2.2-5], ignore "
           "sends what is unacknowledged all the same"},
  {.name = "resubscribe", .type = PARAM_WORD, .fallback = "session-lost",
   .words = resubscribe_words,
   .help = "when the application subscribes again: CONNACK says Session Present 0, at each "
           "connection, or never while its process lives"},
  {.name = "ping_when", .type = PARAM_WORD, .fallback = "idle", .words = ping_when_words,
   .help = "PINGREQ when nothing was sent for a keep alive (idle), or nothing received (either)"},
  {.name = "will", .type = PARAM_TOPIC, .fallback = "none",
   .help = "topic of the will, with {client}, {n}, {group}; nobody is owed it"},
  {.name = "will_qos", .type = PARAM_INT, .fallback = "0", .low = "0", .high = "2",
   .help = "quality of service of the will"},
  {.name = "will_size", .type = PARAM_SIZE, .fallback = "8B", .low = "0B", .high = "65535B",
   .why = "two bytes on the wire", .help = "payload of the will"},
  {.name = "will_retain", .type = PARAM_FLAG, .fallback = "no",
   .help = "whether the broker keeps the will"},
  {.name = "will_delay", .type = PARAM_TIME, .fallback = "0s", .low = "0s", .high = "4294967295s",
   .grain = "1s", .why = "four bytes on the wire",
   .help = "Will Delay Interval, whole seconds (MQTT 5)"},
  {.name = "ack_timeout", .type = PARAM_TIME, .fallback = "never", .low = "1ms", .high = "1y",
   .words = spec_never, .flags = PARAM_RTT,
   .help = "from handing PUBLISH, PUBREL, SUBSCRIBE to TCP until the acknowledgement; 3 * rtt is "
           "possible"},
  {.name = "on_ack_timeout", .type = PARAM_WORD, .fallback = "report",
   .words = on_ack_timeout_words,
   .help = "report: the application is told failure, the exchange goes on; resend: same "
           "identifier, DUP; reconnect: close, then connect; give-up: the state is dropped"},
  {.name = "ack_backoff", .type = PARAM_NUMBER, .fallback = "1", .low = "1", .high = "10",
   .help = "factor of ack_timeout from try to try"},
  {.name = "ack_tries", .type = PARAM_INT, .fallback = "unlimited", .low = "1",
   .high = "4294967294", .words = spec_unlimited, .help = "tries before the exchange is given up"},
  {.name = "offline_queue", .type = PARAM_WORD, .fallback = "qos12", .words = offline_queue_words,
   .help = "publications accepted while disconnected; the rest are refused"},
  {.name = "quirks", .type = PARAM_WORD, .fallback = "none", .words = mqtt_client_quirk_names,
   .flags = PARAM_IS_LIST, .help = "oddities of real libraries; docs/MODEL.md says what they are"},
  SPEC_ENDPOINT_KEYS,
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_client = {
    .kind = "client",
    .help = "a group of MQTT clients",
    .params = client_params,
    .profiles = TRUE,
    .model = TRUE,
};

static MqttOnAckTimeout
on_ack_timeout(const Section *section)
{
  if (section_is(section, "on_ack_timeout", "resend"))
    return MQTT_ACK_RESEND;
  if (section_is(section, "on_ack_timeout", "reconnect"))
    return MQTT_ACK_RECONNECT;
  return section_is(section, "on_ack_timeout", "give-up") ? MQTT_ACK_GIVE_UP : MQTT_ACK_REPORT;
}

static MqttOfflineQueue
offline_queue(const Section *section)
{
  if (section_is(section, "offline_queue", "none"))
    return MQTT_OFFLINE_NONE;
  return section_is(section, "offline_queue", "all") ? MQTT_OFFLINE_ALL : MQTT_OFFLINE_QOS12;
}

static MqttCleanStart
clean_start(const Section *section)
{
  if (section_is(section, "clean_start", "first"))
    return MQTT_CLEAN_FIRST;
  return section_is(section, "clean_start", "yes") ? MQTT_CLEAN_YES : MQTT_CLEAN_NO;
}

static gint64
connack_timeout_ns(const Section *section)
{
  const Value *timeout = section_value(section, "connack_timeout");

  if (timeout == NULL)
    return section_int(section, "connect_timeout");
  return timeout->kind == VALUE_TEXT ? section_int(section, "keep_alive") : timeout->integer;
}

static guint32
disconnect_expiry_s(const Section *section)
{
  return section_is(section, "disconnect_expiry", "as-set")
             ? 0
             : spec_whole_seconds(section, "disconnect_expiry", G_MAXUINT32);
}

guint32
spec_will_delay_s(const Section *client)
{
  return spec_whole_seconds(client, "will_delay", 0);
}

void
spec_client(const Section *section, MqttClientConfig *config)
{
  const char *ping = section_value(section, "ping_timeout") ? "ping_timeout" : "keep_alive";

  *config = (MqttClientConfig){
      .version = section_is(section, "protocol", "mqtt311") ? MQTT_3_1_1 : MQTT_5_0,
      .clean_start = clean_start(section),
      .session_present = section_is(section, "session_present", "ignore") ? MQTT_SESSION_IGNORE
                                                                          : MQTT_SESSION_OBEY,
      .ping_when = section_is(section, "ping_when", "either") ? MQTT_PING_EITHER : MQTT_PING_IDLE,
      /* 0xffffffff is a session that does not expire, section 3.1.2.11.2. */
      .session_expiry_s = spec_whole_seconds(section, "session_expiry", G_MAXUINT32),
      .changes_expiry = !section_is(section, "disconnect_expiry", "as-set"),
      .disconnect_expiry_s = disconnect_expiry_s(section),
      .keep_alive_s = (guint16)spec_whole_seconds(section, "keep_alive", 0),
      .ping_timeout_ns = section_int(section, ping),
      .connect_timeout_ns = section_int(section, "connect_timeout"),
      .connack_timeout_ns = connack_timeout_ns(section),
      .inflight = spec_limit(section, "inflight"),
      .queue = spec_limit(section, "queue"),
      .queue_bytes = spec_byte_limit(section, "queue_bytes"),
      .on_queue_full = spec_on_queue_full(section),
      .offline_queue = offline_queue(section),
      .receive_maximum = (guint16)section_int(section, "receive_maximum"),
      .maximum_packet_size = spec_limit(section, "maximum_packet_size"),
      .topic_alias_maximum = (guint16)section_int(section, "topic_alias_maximum"),
      .ack_timeout_ns = section_int(section, "ack_timeout"),
      .on_ack_timeout = on_ack_timeout(section),
      .ack_backoff = section_real(section, "ack_backoff"),
      .ack_tries = spec_limit(section, "ack_tries"),
      .qos2_receiver = spec_qos2_receiver(section),
      .quirks = (guint16)spec_word_set(section, "quirks", mqtt_client_quirk_names),
      .store = spec_stores(section),
      .ack_after_store = spec_acks_after_store(section),
  };
}

static double
argument_or(const Value *call, const char *name, double otherwise)
{
  const Value *value = value_argument(call, name);

  return value == NULL ? otherwise : value->real;
}

void
spec_reconnect(const Section *client, Backoff *backoff)
{
  const Value *value = section_value(client, "reconnect");

  *backoff = (Backoff){.initial_ns = G_MAXINT64, .max_ns = G_MAXINT64, .factor = 1};
  if (value->kind == VALUE_DIST)
    backoff->dist = value->dist;
  else if (value->kind == VALUE_CALL) {
    backoff->initial_ns = value_argument(value, "initial")->integer;
    backoff->max_ns = value_argument(value, "max")->integer;
    backoff->factor = argument_or(value, "factor", 2);
    backoff->jitter = argument_or(value, "jitter", 0);
    const Value *reset = value_argument(value, "reset");
    backoff->reset_ns = reset == NULL || reset->kind == VALUE_TEXT ? 0 : reset->integer;
  }
}
