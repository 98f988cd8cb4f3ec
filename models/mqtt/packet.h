/* The fifteen packets of MQTT 5.0 and 3.1.1 as plain records. Bytes are views: a decoded packet
 * points into the bytes it was decoded from, a packet to be encoded points to whatever the caller
 * owns. Lists (filters, reason codes, user properties) are views of their encoded form, read with
 * iterators, so nothing is allocated. Section numbers in this folder are those of the OASIS
 * MQTT 5.0 text unless another is named. */
#pragma once

#include <glib.h>
#include <string.h>

typedef enum { MQTT_3_1_1 = 4, MQTT_5_0 = 5 } MqttVersion; /* the protocol level on the wire */

typedef enum {
  MQTT_CONNECT = 1,
  MQTT_CONNACK,
  MQTT_PUBLISH,
  MQTT_PUBACK,
  MQTT_PUBREC,
  MQTT_PUBREL,
  MQTT_PUBCOMP,
  MQTT_SUBSCRIBE,
  MQTT_SUBACK,
  MQTT_UNSUBSCRIBE,
  MQTT_UNSUBACK,
  MQTT_PINGREQ,
  MQTT_PINGRESP,
  MQTT_DISCONNECT,
  MQTT_AUTH
} MqttPacketType;

typedef struct {
  const guint8 *data; /* may be NULL when length is 0 */
  guint32 length;
} MqttBytes;

#define MQTT_BYTES(literal) ((MqttBytes){(const guint8 *)(literal), sizeof(literal) - 1})

static inline MqttBytes
mqtt_bytes(const char *string)
{
  return (MqttBytes){(const guint8 *)string, (guint32)strlen(string)};
}

/* Reason codes, table 2-6. Below 0x80 is success. */
typedef enum {
  MQTT_SUCCESS = 0x00, /* also normal disconnection, granted QoS 0 */
  MQTT_GRANTED_QOS_1 = 0x01,
  MQTT_GRANTED_QOS_2 = 0x02,
  MQTT_DISCONNECT_WITH_WILL = 0x04,
  MQTT_NO_MATCHING_SUBSCRIBERS = 0x10,
  MQTT_NO_SUBSCRIPTION_EXISTED = 0x11,
  MQTT_CONTINUE_AUTHENTICATION = 0x18,
  MQTT_RE_AUTHENTICATE = 0x19,
  MQTT_UNSPECIFIED_ERROR = 0x80,
  MQTT_MALFORMED_PACKET = 0x81,
  MQTT_PROTOCOL_ERROR = 0x82,
  MQTT_IMPLEMENTATION_SPECIFIC = 0x83,
  MQTT_UNSUPPORTED_VERSION = 0x84,
  MQTT_CLIENT_ID_NOT_VALID = 0x85,
  MQTT_BAD_USER_OR_PASSWORD = 0x86,
  MQTT_NOT_AUTHORIZED = 0x87,
  MQTT_SERVER_UNAVAILABLE = 0x88,
  MQTT_SERVER_BUSY = 0x89,
  MQTT_BANNED = 0x8A,
  MQTT_SERVER_SHUTTING_DOWN = 0x8B,
  MQTT_BAD_AUTHENTICATION_METHOD = 0x8C,
  MQTT_KEEP_ALIVE_TIMEOUT = 0x8D,
  MQTT_SESSION_TAKEN_OVER = 0x8E,
  MQTT_FILTER_INVALID = 0x8F,
  MQTT_TOPIC_INVALID = 0x90,
  MQTT_PACKET_ID_IN_USE = 0x91,
  MQTT_PACKET_ID_NOT_FOUND = 0x92,
  MQTT_RECEIVE_MAXIMUM_EXCEEDED = 0x93,
  MQTT_TOPIC_ALIAS_INVALID = 0x94,
  MQTT_PACKET_TOO_LARGE = 0x95,
  MQTT_MESSAGE_RATE_TOO_HIGH = 0x96,
  MQTT_QUOTA_EXCEEDED = 0x97,
  MQTT_ADMINISTRATIVE_ACTION = 0x98,
  MQTT_PAYLOAD_FORMAT_INVALID = 0x99,
  MQTT_RETAIN_NOT_SUPPORTED = 0x9A,
  MQTT_QOS_NOT_SUPPORTED = 0x9B,
  MQTT_USE_ANOTHER_SERVER = 0x9C,
  MQTT_SERVER_MOVED = 0x9D,
  MQTT_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E,
  MQTT_CONNECTION_RATE_EXCEEDED = 0x9F,
  MQTT_MAXIMUM_CONNECT_TIME = 0xA0,
  MQTT_SUBSCRIPTION_IDS_NOT_SUPPORTED = 0xA1,
  MQTT_WILDCARDS_NOT_SUPPORTED = 0xA2
} MqttReason;

/* Properties, table 2-4. */
typedef enum {
  MQTT_PROP_PAYLOAD_FORMAT = 0x01,
  MQTT_PROP_MESSAGE_EXPIRY = 0x02,
  MQTT_PROP_CONTENT_TYPE = 0x03,
  MQTT_PROP_RESPONSE_TOPIC = 0x08,
  MQTT_PROP_CORRELATION_DATA = 0x09,
  MQTT_PROP_SUBSCRIPTION_ID = 0x0B,
  MQTT_PROP_SESSION_EXPIRY = 0x11,
  MQTT_PROP_ASSIGNED_CLIENT_ID = 0x12,
  MQTT_PROP_SERVER_KEEP_ALIVE = 0x13,
  MQTT_PROP_AUTHENTICATION_METHOD = 0x15,
  MQTT_PROP_AUTHENTICATION_DATA = 0x16,
  MQTT_PROP_REQUEST_PROBLEM = 0x17,
  MQTT_PROP_WILL_DELAY = 0x18,
  MQTT_PROP_REQUEST_RESPONSE = 0x19,
  MQTT_PROP_RESPONSE_INFORMATION = 0x1A,
  MQTT_PROP_SERVER_REFERENCE = 0x1C,
  MQTT_PROP_REASON_STRING = 0x1F,
  MQTT_PROP_RECEIVE_MAXIMUM = 0x21,
  MQTT_PROP_TOPIC_ALIAS_MAXIMUM = 0x22,
  MQTT_PROP_TOPIC_ALIAS = 0x23,
  MQTT_PROP_MAXIMUM_QOS = 0x24,
  MQTT_PROP_RETAIN_AVAILABLE = 0x25,
  MQTT_PROP_USER_PROPERTY = 0x26,
  MQTT_PROP_MAXIMUM_PACKET_SIZE = 0x27,
  MQTT_PROP_WILDCARD_AVAILABLE = 0x28,
  MQTT_PROP_SUBSCRIPTION_IDS_AVAILABLE = 0x29,
  MQTT_PROP_SHARED_AVAILABLE = 0x2A
} MqttProperty;

#define MQTT_HAS(properties, property) (((properties)->present >> (property)) & 1)

/* One property block. A field is meaningful only if its bit is set in present. User Property and
 * (in a PUBLISH from a server) Subscription Identifier may repeat: when decoding, iterate over raw;
 * when encoding, their encoded form goes into extra. subscription_id is the last one seen, or the
 * one of a SUBSCRIBE. */
typedef struct {
  guint64 present;
  MqttBytes raw;   /* decoding: the whole block, without its length */
  MqttBytes extra; /* encoding: encoded properties, appended as they are */
  guint32 message_expiry_s, session_expiry_s, will_delay_s, maximum_packet_size, subscription_id;
  guint16 server_keep_alive_s, receive_maximum, topic_alias_maximum, topic_alias;
  guint8 payload_format, request_problem, request_response, maximum_qos, retain_available,
      wildcard_available, subscription_ids_available, shared_available;
  MqttBytes content_type, response_topic, correlation_data, assigned_client_id,
      authentication_method, authentication_data, response_information, server_reference,
      reason_string;
} MqttProperties;

/* An empty block; the fields are left as they are. */
static inline void
mqtt_properties_none(MqttProperties *properties)
{
  properties->present = 0;
  properties->raw.data = properties->extra.data = NULL;
  properties->raw.length = properties->extra.length = 0;
}

typedef struct {
  MqttVersion version;
  gboolean clean_start;
  guint16 keep_alive_s;
  MqttBytes client_id;
  gboolean has_will, has_user, has_password;
  guint8 will_qos;
  gboolean will_retain;
  MqttBytes will_topic, will_payload, user, password;
  MqttProperties properties, will_properties;
} MqttConnect;

typedef struct {
  gboolean session_present;
  guint8 reason; /* MqttReason; 3.1.1: return codes 0 to 5 */
  MqttProperties properties;
} MqttConnack;

typedef struct {
  guint8 qos;
  gboolean dup, retain;
  guint16 packet_id; /* 0 with QoS 0 */
  gboolean known;    /* decoding: the topic is the one that mqtt_decode_after() was given */
  MqttBytes topic, payload;
  MqttProperties properties;
} MqttPublish;

/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
typedef struct {
  guint16 packet_id;
  guint8 reason; /* 3.1.1: always 0 */
  MqttProperties properties;
} MqttAck;

/* SUBSCRIBE, UNSUBSCRIBE: entries are encoded, see mqtt_filter_next(). */
typedef struct {
  guint16 packet_id;
  MqttProperties properties;
  MqttBytes entries;
} MqttSubscribe;

/* SUBACK, UNSUBACK: one reason code a byte (UNSUBACK of 3.1.1: none). */
typedef struct {
  guint16 packet_id;
  MqttProperties properties;
  MqttBytes codes;
} MqttSuback;

/* DISCONNECT, AUTH. */
typedef struct {
  guint8 reason;
  MqttProperties properties;
} MqttDisconnect;

typedef struct {
  MqttPacketType type;
  union {
    MqttConnect connect;
    MqttConnack connack;
    MqttPublish publish;
    MqttAck ack;
    MqttSubscribe subscribe;   /* UNSUBSCRIBE too */
    MqttSuback suback;         /* UNSUBACK too */
    MqttDisconnect disconnect; /* AUTH too */
  };
} MqttPacket;

/* Subscription options byte, section 3.8.3.1. */
#define MQTT_OPTION_QOS(options) ((options)&3)
#define MQTT_OPTION_NO_LOCAL 0x04
#define MQTT_OPTION_RETAIN_AS_PUBLISHED 0x08
#define MQTT_OPTION_RETAIN_HANDLING(options) (((options) >> 4) & 3)
