#include "tests/fuzz/packets.h"

#include <string.h>

static const char *const names[FUZZ_NAMES] = {"c0", "c1", "c2", "c3"};
static const char *const topics[] = {"a", "a/b", "a/b/c", "$a/b", "b", "/"};
static const char *const filters[] = {
    "a",    "a/b", "#",          "+",          "a/#",          "+/b",
    "$a/#", "/",   "$share/g/#", "$share/g/a", "$share/h/a/b", "$share/g/+/+"};
static const guint8 reasons[] = {0x00, 0x10, 0x80, 0x83, 0x87, 0x92, 0x97, 0x00};

MqttBytes
fuzz_name(guint i)
{
  return mqtt_bytes(names[i]);
}

guint
fuzz_name_index(MqttBytes id)
{
  for (guint i = 0; i < FUZZ_NAMES; i++)
    if (id.length == strlen(names[i]) && memcmp(id.data, names[i], id.length) == 0)
      return i;
  return FUZZ_NAMES;
}

MqttBytes
fuzz_topic(FuzzInput *in)
{
  return mqtt_bytes(topics[fuzz_take(in, G_N_ELEMENTS(topics))]);
}

MqttBytes
fuzz_filter(FuzzInput *in)
{
  return mqtt_bytes(filters[fuzz_take(in, G_N_ELEMENTS(filters))]);
}

guint8
fuzz_options(FuzzInput *in, MqttVersion version, MqttBytes filter)
{
  guint8 byte = fuzz_byte(in), qos = byte % 3;
  if (version != MQTT_5_0)
    return qos;
  guint8 options =
      (guint8)(qos | (byte & MQTT_OPTION_RETAIN_AS_PUBLISHED) | ((byte >> 4) % 3) << 4);
  gboolean shared = filter.length > 1 && filter.data[0] == '$' && filter.data[1] == 's';
  return shared || byte < 0x80 ? options : options | MQTT_OPTION_NO_LOCAL;
}

static void
set(MqttProperties *properties, MqttProperty property)
{
  properties->present |= G_GUINT64_CONSTANT(1) << property;
}

static const guint16 few[] = {1, 2, 3, 10, 60, 65535};

static guint16
take_few(FuzzInput *in)
{
  return few[fuzz_take(in, G_N_ELEMENTS(few))];
}

static guint32
take_expiry(FuzzInput *in)
{
  static const guint32 expiries[] = {0, 1, 5, 60, 3600, G_MAXUINT32};
  return expiries[fuzz_take(in, G_N_ELEMENTS(expiries))];
}

static void
take_message_properties(FuzzInput *in, MqttProperties *p)
{
  static const guint8 user[] = {MQTT_PROP_USER_PROPERTY, 0, 1, 'k', 0, 1, 'v'};
  guint8 which = fuzz_byte(in);
  if (which & 1) {
    set(p, MQTT_PROP_MESSAGE_EXPIRY);
    p->message_expiry_s = take_expiry(in);
  }
  if (which & 2) {
    set(p, MQTT_PROP_RESPONSE_TOPIC);
    p->response_topic = MQTT_BYTES("answers");
    set(p, MQTT_PROP_CORRELATION_DATA);
    p->correlation_data = MQTT_BYTES("\0\1");
  }
  if (which & 4)
    p->extra = (MqttBytes){user, sizeof user};
  if (which & 8) {
    set(p, MQTT_PROP_PAYLOAD_FORMAT);
    p->payload_format = which >> 7;
  }
}

MqttPublish
fuzz_publish(FuzzInput *in, MqttVersion version, guint8 storage[FUZZ_PACKET_MAX])
{
  static const guint16 sizes[] = {8, 20, 0, 300, 5000, 8, 8, 3};
  guint8 flags = fuzz_byte(in);
  MqttPublish publish = {.qos = flags % 3, .retain = (flags & 0x10) != 0};
  publish.topic = fuzz_topic(in);
  guint8 tag = fuzz_byte(in);
  gsize size = sizes[flags >> 5];
  memset(storage, tag, size);
  publish.payload = (MqttBytes){storage, (guint32)size};
  if (version == MQTT_5_0 && flags & 8)
    take_message_properties(in, &publish.properties);
  return publish;
}

/* What CONNECT and CONNACK both announce; returns the byte that says which. */
static guint8
take_limits(FuzzInput *in, MqttProperties *p)
{
  guint8 which = fuzz_byte(in);
  if (which & 1) {
    set(p, MQTT_PROP_SESSION_EXPIRY);
    p->session_expiry_s = take_expiry(in);
  }
  if (which & 2) {
    set(p, MQTT_PROP_RECEIVE_MAXIMUM);
    p->receive_maximum = take_few(in);
  }
  if ((which & 0x0C) == 0x0C) {
    set(p, MQTT_PROP_MAXIMUM_PACKET_SIZE);
    p->maximum_packet_size = 10u + fuzz_byte(in);
  }
  if (which & 0x10) {
    set(p, MQTT_PROP_TOPIC_ALIAS_MAXIMUM);
    p->topic_alias_maximum = take_few(in);
  }
  return which;
}

static void
take_connect(FuzzInput *in, MqttConnect *connect, MqttVersion version, guint8 *storage)
{
  guint8 flags = fuzz_byte(in);
  *connect = (MqttConnect){.version = version, .clean_start = flags & 1};
  guint name = fuzz_take(in, FUZZ_NAMES + 1);
  if (name < FUZZ_NAMES)
    connect->client_id = fuzz_name(name);
  else
    connect->clean_start = TRUE;
  connect->keep_alive_s = flags & 2 ? take_few(in) : 0;
  if (flags & 4) {
    MqttPublish will = fuzz_publish(in, version, storage);
    connect->has_will = TRUE;
    connect->will_qos = will.qos;
    connect->will_retain = will.retain;
    connect->will_topic = will.topic;
    connect->will_payload = will.payload;
    connect->will_properties = will.properties;
  }
  if (version != MQTT_5_0)
    return;
  if (connect->has_will && flags & 8) {
    set(&connect->will_properties, MQTT_PROP_WILL_DELAY);
    connect->will_properties.will_delay_s = take_expiry(in);
  }
  take_limits(in, &connect->properties);
}

static void
take_connack(FuzzInput *in, MqttConnack *connack, MqttVersion version)
{
  guint8 flags = fuzz_byte(in), which;
  *connack = (MqttConnack){.session_present = flags & 1};
  if (flags >= 0xF0) {
    connack->session_present = FALSE;
    connack->reason = version == MQTT_5_0 ? MQTT_SERVER_BUSY : 3;
  }
  if (version != MQTT_5_0)
    return;
  MqttProperties *p = &connack->properties;
  which = take_limits(in, p);
  if ((which & 0x60) == 0x60) {
    set(p, MQTT_PROP_MAXIMUM_QOS);
    p->maximum_qos = which >> 7;
  }
  if (which & 0x80) {
    set(p, MQTT_PROP_SERVER_KEEP_ALIVE);
    p->server_keep_alive_s = take_few(in);
  }
  if (flags & 8) {
    set(p, MQTT_PROP_ASSIGNED_CLIENT_ID);
    p->assigned_client_id = MQTT_BYTES("assigned");
  }
}

static guint16
take_id(FuzzInput *in)
{
  guint8 byte = fuzz_byte(in);
  return byte == 0xFF ? 65535 : (guint16)(1 + byte % 8);
}

static void
take_ack(FuzzInput *in, MqttPacketType type, MqttAck *ack, MqttVersion version)
{
  *ack = (MqttAck){.packet_id = take_id(in)};
  guint8 reason = reasons[fuzz_take(in, G_N_ELEMENTS(reasons))];
  if (version == MQTT_5_0 && mqtt_reason_allowed(type, reason))
    ack->reason = reason;
}

static void
take_subscribe(FuzzInput *in, MqttPacketType type, MqttSubscribe *subscribe, MqttVersion version,
               guint8 *storage)
{
  gsize n = 0;
  guint8 flags = fuzz_byte(in);
  *subscribe = (MqttSubscribe){.packet_id = take_id(in)};
  for (guint i = 0; i <= flags % 3; i++) {
    MqttBytes filter = fuzz_filter(in);
    n += mqtt_filter_put(filter, type == MQTT_SUBSCRIBE, fuzz_options(in, version, filter),
                         storage + n, FUZZ_PACKET_MAX - n);
  }
  subscribe->entries = (MqttBytes){storage, (guint32)n};
  if (version == MQTT_5_0 && type == MQTT_SUBSCRIBE && flags & 0x80) {
    set(&subscribe->properties, MQTT_PROP_SUBSCRIPTION_ID);
    subscribe->properties.subscription_id = 1u + fuzz_take(in, 3);
  }
}

static void
take_suback(FuzzInput *in, MqttPacketType type, MqttSuback *suback, MqttVersion version)
{
  static const guint8 codes[] = {0, 1, 2, 0x80, 0, 0x11};
  guint8 which = fuzz_byte(in);
  *suback = (MqttSuback){.packet_id = take_id(in)};
  suback->codes = (MqttBytes){codes + which % 4, 1u + (which >= 0xF0)};
  if (type == MQTT_UNSUBACK)
    suback->codes = (MqttBytes){codes + 4 + (which & 1), version == MQTT_5_0};
}

static void
take_disconnect(FuzzInput *in, MqttDisconnect *disconnect, MqttVersion version, MqttSender sender)
{
  static const guint8 codes[] = {0x00, 0x04, 0x82, 0x81};
  guint8 which = fuzz_byte(in);
  *disconnect = (MqttDisconnect){0};
  if (version != MQTT_5_0)
    return;
  disconnect->reason = sender == MQTT_FROM_SERVER ? MQTT_SERVER_SHUTTING_DOWN : codes[which % 4];
  if (sender == MQTT_FROM_CLIENT && which & 0x10) {
    set(&disconnect->properties, MQTT_PROP_SESSION_EXPIRY);
    disconnect->properties.session_expiry_s = take_expiry(in);
  }
}

static void
take_fields(FuzzInput *in, MqttPacket *packet, MqttVersion version, MqttSender sender,
            guint8 *storage)
{
  switch (packet->type) {
  case MQTT_CONNECT:
    take_connect(in, &packet->connect, version, storage);
    break;
  case MQTT_CONNACK:
    take_connack(in, &packet->connack, version);
    break;
  case MQTT_PUBLISH:
    packet->publish = fuzz_publish(in, version, storage);
    if (packet->publish.qos > 0)
      packet->publish.packet_id = take_id(in);
    guint8 how = fuzz_byte(in);
    packet->publish.dup = packet->publish.qos > 0 && how & 1;
    if (version == MQTT_5_0 && (how & 0x0E) == 0x0E) {
      set(&packet->publish.properties, MQTT_PROP_TOPIC_ALIAS);
      packet->publish.properties.topic_alias = (guint16)(1 + (how >> 6));
      if (how & 0x10)
        packet->publish.topic = (MqttBytes){NULL, 0};
    }
    break;
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBREL:
  case MQTT_PUBCOMP:
    take_ack(in, packet->type, &packet->ack, version);
    break;
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    take_subscribe(in, packet->type, &packet->subscribe, version, storage);
    break;
  case MQTT_SUBACK:
  case MQTT_UNSUBACK:
    take_suback(in, packet->type, &packet->suback, version);
    break;
  case MQTT_AUTH: /* no method was agreed on */
    packet->disconnect = (MqttDisconnect){0};
    break;
  case MQTT_DISCONNECT:
    take_disconnect(in, &packet->disconnect, version, sender);
    break;
  case MQTT_PINGREQ:
  case MQTT_PINGRESP:
    break;
  }
}

gsize
fuzz_packet(FuzzInput *in, MqttPacketType type, MqttVersion version, MqttSender sender,
            guint8 dst[FUZZ_PACKET_MAX])
{
  guint8 storage[FUZZ_PACKET_MAX];
  MqttPacket packet = {.type = type};
  take_fields(in, &packet, version, sender, storage);
  gsize n = mqtt_encode(&packet, version, dst, FUZZ_PACKET_MAX);
  g_assert_cmpuint(n, >, 0);
  return n;
}

void
fuzz_damage(FuzzInput *in, guint8 *packet, gsize n)
{
  for (guint k = 1 + fuzz_take(in, 2); k > 0; k--) {
    guint at = fuzz_byte(in);
    packet[at % n] ^= fuzz_byte(in);
  }
}
