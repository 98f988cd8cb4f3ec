#include "models/mqtt/property.h"
#include "models/mqtt/topic.h"
#include <stddef.h>

typedef enum {
  TYPE_NONE,
  TYPE_BYTE,
  TYPE_TWO,
  TYPE_FOUR,
  TYPE_VBI,
  TYPE_STRING,
  TYPE_BINARY,
  TYPE_PAIR
} ValueType;

typedef enum {
  ANY,
  FLAG,    /* 0 or 1; else a Protocol Error */
  NONZERO, /* 0 is a Protocol Error */
  ALIAS,   /* 0 is an invalid Topic Alias, sections 3.3.2.3.4 and 4.13 */
  TOPIC,   /* a Topic Name, so without wildcards [MQTT-3.3.2-14] */
} ValueRange;

typedef struct {
  guint8 type;     /* ValueType */
  guint8 range;    /* ValueRange */
  guint16 offset;  /* of the field in MqttProperties */
  guint16 owners;  /* bit set of packet types and MQTT_WILL */
  guint16 repeats; /* owners in which it may stand more than once */
} Rule;

#define IN(owner) (1u << MQTT_##owner)
#define INTO(field) offsetof(MqttProperties, field)
#define ACKS (IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) | IN(UNSUBACK))
#define MESSAGE (IN(PUBLISH) | IN(WILL))
#define EVERYWHERE \
  (ACKS | MESSAGE | IN(CONNECT) | IN(CONNACK) | IN(SUBSCRIBE) | IN(UNSUBSCRIBE) | IN(DISCONNECT) | \
   IN(AUTH))

/* Table 2-4, with the value ranges from the text of each property. */
static const Rule rules[] = {
  [MQTT_PROP_PAYLOAD_FORMAT] = { TYPE_BYTE, FLAG, INTO(payload_format), MESSAGE, 0 },
  [MQTT_PROP_MESSAGE_EXPIRY] = { TYPE_FOUR, ANY, INTO(message_expiry_s), MESSAGE, 0 },
  [MQTT_PROP_CONTENT_TYPE] = { TYPE_STRING, ANY, INTO(content_type), MESSAGE, 0 },
  [MQTT_PROP_RESPONSE_TOPIC] = { TYPE_STRING, TOPIC, INTO(response_topic), MESSAGE, 0 },
  [MQTT_PROP_CORRELATION_DATA] = { TYPE_BINARY, ANY, INTO(correlation_data), MESSAGE, 0 },
  [MQTT_PROP_SUBSCRIPTION_ID] = { TYPE_VBI, NONZERO, INTO(subscription_id),
                                  IN(PUBLISH) | IN(SUBSCRIBE), IN(PUBLISH) },
  [MQTT_PROP_SESSION_EXPIRY] = { TYPE_FOUR, ANY, INTO(session_expiry_s),
                                 IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT), 0 },
  [MQTT_PROP_ASSIGNED_CLIENT_ID] = { TYPE_STRING, ANY, INTO(assigned_client_id), IN(CONNACK), 0 },
  [MQTT_PROP_SERVER_KEEP_ALIVE] = { TYPE_TWO, ANY, INTO(server_keep_alive_s), IN(CONNACK), 0 },
  [MQTT_PROP_AUTHENTICATION_METHOD] = { TYPE_STRING, ANY, INTO(authentication_method),
                                        IN(CONNECT) | IN(CONNACK) | IN(AUTH), 0 },
  [MQTT_PROP_AUTHENTICATION_DATA] = { TYPE_BINARY, ANY, INTO(authentication_data),
                                      IN(CONNECT) | IN(CONNACK) | IN(AUTH), 0 },
  [MQTT_PROP_REQUEST_PROBLEM] = { TYPE_BYTE, FLAG, INTO(request_problem), IN(CONNECT), 0 },
  [MQTT_PROP_WILL_DELAY] = { TYPE_FOUR, ANY, INTO(will_delay_s), IN(WILL), 0 },
  [MQTT_PROP_REQUEST_RESPONSE] = { TYPE_BYTE, FLAG, INTO(request_response), IN(CONNECT), 0 },
  [MQTT_PROP_RESPONSE_INFORMATION] = { TYPE_STRING, ANY, INTO(response_information), IN(CONNACK),
                                       0 },
  [MQTT_PROP_SERVER_REFERENCE] = { TYPE_STRING, ANY, INTO(server_reference),
                                   IN(CONNACK) | IN(DISCONNECT), 0 },
  [MQTT_PROP_REASON_STRING] = { TYPE_STRING, ANY, INTO(reason_string),
                                ACKS | IN(CONNACK) | IN(DISCONNECT) | IN(AUTH), 0 },
  [MQTT_PROP_RECEIVE_MAXIMUM] = { TYPE_TWO, NONZERO, INTO(receive_maximum),
                                  IN(CONNECT) | IN(CONNACK), 0 },
  [MQTT_PROP_TOPIC_ALIAS_MAXIMUM] = { TYPE_TWO, ANY, INTO(topic_alias_maximum),
                                      IN(CONNECT) | IN(CONNACK), 0 },
  [MQTT_PROP_TOPIC_ALIAS] = { TYPE_TWO, ALIAS, INTO(topic_alias), IN(PUBLISH), 0 },
  [MQTT_PROP_MAXIMUM_QOS] = { TYPE_BYTE, FLAG, INTO(maximum_qos), IN(CONNACK), 0 },
  [MQTT_PROP_RETAIN_AVAILABLE] = { TYPE_BYTE, FLAG, INTO(retain_available), IN(CONNACK), 0 },
  [MQTT_PROP_USER_PROPERTY] = { TYPE_PAIR, ANY, 0, EVERYWHERE, EVERYWHERE },
  [MQTT_PROP_MAXIMUM_PACKET_SIZE] = { TYPE_FOUR, NONZERO, INTO(maximum_packet_size),
                                      IN(CONNECT) | IN(CONNACK), 0 },
  [MQTT_PROP_WILDCARD_AVAILABLE] = { TYPE_BYTE, FLAG, INTO(wildcard_available), IN(CONNACK), 0 },
  [MQTT_PROP_SUBSCRIPTION_IDS_AVAILABLE] = { TYPE_BYTE, FLAG, INTO(subscription_ids_available),
                                             IN(CONNACK), 0 },
  [MQTT_PROP_SHARED_AVAILABLE] = { TYPE_BYTE, FLAG, INTO(shared_available), IN(CONNACK), 0 },
};

/* Bytes of the value at p, or -1 if it does not fit into n or is no value of its type. */
static gssize
value_size(ValueType type, const guint8 *p, gsize n)
{
  gsize size = 0;
  guint32 number;
  switch (type) {
  case TYPE_BYTE:
    size = 1;
    break;
  case TYPE_TWO:
    size = 2;
    break;
  case TYPE_FOUR:
    size = 4;
    break;
  case TYPE_VBI: {
    int length = mqtt_peek_vbi(p, n, &number);
    return length > 0 ? length : -1;
  }
  case TYPE_PAIR:
    if (n < 2)
      return -1;
    size = 2 + (gsize)mqtt_peek_u16(p);
    if (n < size + 2)
      return -1;
    size += 2 + (gsize)mqtt_peek_u16(p + size);
    break;
  case TYPE_STRING:
  case TYPE_BINARY:
    if (n < 2)
      return -1;
    size = 2 + (gsize)mqtt_peek_u16(p);
    break;
  case TYPE_NONE:
    return -1;
  }
  return size <= n ? (gssize)size : -1;
}

static MqttBytes
peek_bytes(const guint8 *p)
{
  return (MqttBytes){ p + 2, mqtt_peek_u16(p) };
}

static guint32
peek_number(ValueType type, const guint8 *p, gsize size)
{
  guint32 number = 0;
  switch (type) {
  case TYPE_BYTE:
    return *p;
  case TYPE_TWO:
    return mqtt_peek_u16(p);
  case TYPE_FOUR:
    return mqtt_peek_u32(p);
  default:
    mqtt_peek_vbi(p, size, &number);
    return number;
  }
}

static guint8
check_number(ValueRange range, guint32 number)
{
  switch (range) {
  case FLAG:
    return number > 1 ? MQTT_PROTOCOL_ERROR : MQTT_SUCCESS;
  case NONZERO:
    return number == 0 ? MQTT_PROTOCOL_ERROR : MQTT_SUCCESS;
  case ALIAS:
    return number == 0 ? MQTT_TOPIC_ALIAS_INVALID : MQTT_SUCCESS;
  default:
    return MQTT_SUCCESS;
  }
}

static guint8
decode_number(const Rule *rule, const guint8 *p, gsize size, guint8 *field)
{
  guint32 number = peek_number(rule->type, p, size);
  if (rule->type == TYPE_BYTE) {
    *field = (guint8)number;
  } else if (rule->type == TYPE_TWO) {
    guint16 two = (guint16)number;
    memcpy(field, &two, sizeof two);
  } else {
    memcpy(field, &number, sizeof number);
  }
  return check_number(rule->range, number);
}

static guint8
decode_value(const Rule *rule, const guint8 *p, gsize size, MqttProperties *properties)
{
  guint8 *field = (guint8 *)properties + rule->offset;
  MqttBytes bytes;
  switch ((ValueType) rule->type) {
  case TYPE_STRING:
    bytes = peek_bytes(p);
    memcpy(field, &bytes, sizeof bytes);
    if (rule->range == TOPIC ? !mqtt_topic_valid(bytes) : !mqtt_utf8_valid(bytes))
      return MQTT_MALFORMED_PACKET;
    return MQTT_SUCCESS;
  case TYPE_BINARY:
    bytes = peek_bytes(p);
    memcpy(field, &bytes, sizeof bytes);
    return MQTT_SUCCESS;
  case TYPE_PAIR:
    bytes = peek_bytes(p);
    if (!mqtt_utf8_valid(bytes) || !mqtt_utf8_valid(peek_bytes(p + 2 + bytes.length)))
      return MQTT_MALFORMED_PACKET; /* [MQTT-1.5.7-1] */
    return MQTT_SUCCESS;
  default:
    return decode_number(rule, p, size, field);
  }
}

/* What only one side may send although it stands in the table for that packet. */
static guint8
check_sender(guint owner, MqttSender sender, guint64 present)
{
  if (owner == MQTT_PUBLISH && sender == MQTT_FROM_CLIENT &&
      (present >> MQTT_PROP_SUBSCRIPTION_ID & 1))
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.3.4-6] */
  if (owner == MQTT_DISCONNECT && sender == MQTT_FROM_SERVER &&
      (present >> MQTT_PROP_SESSION_EXPIRY & 1))
    return MQTT_PROTOCOL_ERROR; /* [MQTT-3.14.2-2] */
  return MQTT_SUCCESS;
}

guint8
mqtt_properties_decode(guint owner, MqttSender sender, MqttCursor *cursor,
                       MqttProperties *properties)
{
  guint32 length;
  int prefix = mqtt_peek_vbi(cursor->p, mqtt_left(cursor), &length);
  if (prefix <= 0 || length > mqtt_left(cursor) - (gsize)prefix)
    return MQTT_MALFORMED_PACKET;
  const guint8 *p = cursor->p + prefix, *end = p + length;
  mqtt_properties_none(properties);
  properties->raw = (MqttBytes){ p, length };
  guint64 present = 0;
  while (p < end) {
    guint8 id = *p++;
    if (id >= G_N_ELEMENTS(rules) || !(rules[id].owners >> owner & 1))
      return MQTT_MALFORMED_PACKET; /* section 2.2.2.2 */
    const Rule *rule = &rules[id];
    gssize size = value_size(rule->type, p, (gsize)(end - p));
    if (size < 0)
      return MQTT_MALFORMED_PACKET;
    if ((present >> id & 1) && !(rule->repeats >> owner & 1))
      return MQTT_PROTOCOL_ERROR;
    guint8 reason = decode_value(rule, p, (gsize)size, properties);
    if (reason != MQTT_SUCCESS)
      return reason;
    present |= (guint64)1 << id;
    p += size;
  }
  properties->present = present;
  cursor->p = end;
  return check_sender(owner, sender, present);
}

/* Bit set of what is written from fields: all but what is only ever in extra. */
static guint64
from_fields(const MqttProperties *properties)
{
  return properties->present & ~((guint64)1 << MQTT_PROP_USER_PROPERTY);
}

static gsize
encoded_value_size(const Rule *rule, const MqttProperties *properties)
{
  const guint8 *field = (const guint8 *)properties + rule->offset;
  MqttBytes bytes;
  switch ((ValueType) rule->type) {
  case TYPE_BYTE:
    return 1;
  case TYPE_TWO:
    return 2;
  case TYPE_FOUR:
    return 4;
  case TYPE_VBI:
    return mqtt_vbi_size(properties->subscription_id);
  default:
    memcpy(&bytes, field, sizeof bytes);
    return 2 + (gsize)bytes.length;
  }
}

gsize
mqtt_properties_size(const MqttProperties *properties)
{
  gsize size = properties->extra.length;
  for (guint64 left = from_fields(properties); left != 0; left &= left - 1)
    size += 1 + encoded_value_size(&rules[__builtin_ctzll(left)], properties);
  return size;
}

static guint8 *
encode_value(const Rule *rule, const MqttProperties *properties, guint8 *dst)
{
  const guint8 *field = (const guint8 *)properties + rule->offset;
  guint16 two;
  guint32 four;
  MqttBytes bytes;
  switch ((ValueType) rule->type) {
  case TYPE_BYTE:
    *dst = *field;
    return dst + 1;
  case TYPE_TWO:
    memcpy(&two, field, sizeof two);
    return mqtt_put_u16(dst, two);
  case TYPE_FOUR:
    memcpy(&four, field, sizeof four);
    return mqtt_put_u32(dst, four);
  case TYPE_VBI:
    g_assert(properties->subscription_id <= MQTT_REMAINING_MAX);
    return mqtt_put_vbi(dst, properties->subscription_id);
  default:
    memcpy(&bytes, field, sizeof bytes);
    return mqtt_put_bytes(dst, bytes);
  }
}

static guint8 *
encode_all(guint owner, const MqttProperties *properties, guint64 which, guint8 *dst)
{
  for (guint64 left = which; left != 0; left &= left - 1) {
    guint id = (guint)__builtin_ctzll(left);
    g_assert(id < G_N_ELEMENTS(rules) && (rules[id].owners >> owner & 1));
    *dst++ = (guint8)id;
    dst = encode_value(&rules[id], properties, dst);
  }
  return dst;
}

/* The order means nothing (section 2.2.2.2). In CONNACK it is Mosquitto's, so that answers can be
 * compared byte by byte; elsewhere that of the identifiers. */
guint8 *
mqtt_properties_encode(guint owner, const MqttProperties *properties, gsize size, guint8 *dst)
{
  static const guint8 connack_first[] = {
    MQTT_PROP_TOPIC_ALIAS_MAXIMUM, MQTT_PROP_SERVER_KEEP_ALIVE,    MQTT_PROP_ASSIGNED_CLIENT_ID,
    MQTT_PROP_RETAIN_AVAILABLE,    MQTT_PROP_MAXIMUM_PACKET_SIZE, MQTT_PROP_RECEIVE_MAXIMUM,
  };
  guint64 left = from_fields(properties);
  dst = mqtt_put_vbi(dst, size);
  for (guint i = 0; owner == MQTT_CONNACK && i < G_N_ELEMENTS(connack_first); i++) {
    guint64 one = left & (guint64)1 << connack_first[i];
    dst = encode_all(owner, properties, one, dst);
    left &= ~one;
  }
  return mqtt_put_raw(encode_all(owner, properties, left, dst), properties->extra);
}

gboolean
mqtt_property_next(MqttBytes *raw, guint8 *property, MqttBytes *encoded, MqttBytes *name,
                   MqttBytes *value, guint32 *number)
{
  if (raw->length == 0 || raw->data[0] >= G_N_ELEMENTS(rules))
    return FALSE;
  const guint8 *p = raw->data + 1;
  const Rule *rule = &rules[raw->data[0]];
  gssize size = value_size(rule->type, p, raw->length - 1);
  if (size < 0)
    return FALSE;
  *property = raw->data[0];
  *encoded = (MqttBytes){ raw->data, 1 + (guint32)size };
  *name = *value = (MqttBytes){ NULL, 0 };
  *number = 0;
  if (rule->type == TYPE_PAIR) {
    *name = peek_bytes(p);
    *value = peek_bytes(p + 2 + name->length);
  } else if (rule->type == TYPE_STRING || rule->type == TYPE_BINARY) {
    *value = peek_bytes(p);
  } else {
    *number = peek_number(rule->type, p, (gsize)size);
  }
  raw->data += encoded->length;
  raw->length -= encoded->length;
  return TRUE;
}
