/* Each packet as a record and as bytes written by hand: both directions, at every split. */
#include "tests/models/mqtt/wire-text.h"
#include <string.h>

#define B(literal) MQTT_BYTES(literal)
#define HAS(property) ((guint64)1 << MQTT_PROP_##property)

typedef struct {
  const char *name;
  MqttVersion version;
  MqttSender sender;
  const char *wire;
  MqttPacket packet;
} Case;

/* Encoded into exactly the predicted room, into no less, and not a byte beyond. */
static void
check_encode(const Case *c, const GByteArray *wire)
{
  gsize size = mqtt_encoded_size(&c->packet, c->version);
  g_assert_cmpuint(size, ==, wire->len);
  for (gsize room = 0; room <= size; room++) {
    g_autofree guint8 *dst = g_malloc(room); /* exact, for the address sanitizer */
    gsize written = mqtt_encode(&c->packet, c->version, dst, room);
    g_assert_cmpuint(written, ==, room < size ? 0 : size);
    if (room == size)
      g_assert_cmpmem(dst, size, wire->data, wire->len);
  }
}

static void
check_decode(const Case *c, const GByteArray *wire)
{
  for (gsize n = 0; n <= wire->len + 3; n++) {
    g_autofree guint8 *data = g_malloc(n);
    if (n > 0)
      memcpy(data, wire->data, MIN(n, wire->len));
    if (n > wire->len)
      memset(data + wire->len, 0xFF, n - wire->len); /* what follows is not looked at */
    MqttPacket packet;
    gsize size;
    guint8 reason;
    MqttDecode got = mqtt_decode(data, n, c->version, c->sender, wire->len, &packet, &size,
                                 &reason);
    if (n < wire->len) {
      g_assert_cmpint(got, ==, MQTT_NEED_MORE);
      g_assert_true(size == 0 || size == wire->len);
      g_assert_true(n < 5 || size == wire->len);
      continue;
    }
    g_assert_cmpint(got, ==, MQTT_DONE);
    g_assert_cmpuint(size, ==, wire->len);
    g_assert_cmpint(packet.type, ==, c->packet.type);
    g_autoptr(GByteArray) again = wire_encode_again(packet, c->version);
    g_assert_cmpmem(again->data, again->len, wire->data, wire->len);
  }
}

static void
check_cases(const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    g_test_message("%s", cases[i].name);
    g_autoptr(GByteArray) wire = wire_bytes(cases[i].wire);
    check_encode(&cases[i], wire);
    check_decode(&cases[i], wire);
  }
}

static void
test_connect(void)
{
  const Case cases[] = {
    { "least", MQTT_5_0, MQTT_FROM_CLIENT, "10 0d 0004'MQTT' 05 02 0000 00 0000",
      { MQTT_CONNECT, .connect = { .version = MQTT_5_0, .clean_start = TRUE } } },
    { "least, 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT, "10 0d 0004'MQTT' 04 00 003c 0001'c'",
      { MQTT_CONNECT,
        .connect = { .version = MQTT_3_1_1, .keep_alive_s = 60, .client_id = B("c") } } },
    { "user and password [MQTT-3.1.2-17] [MQTT-3.1.2-19] [MQTT-3.1.3-12]", MQTT_5_0,
      MQTT_FROM_CLIENT,
      "10 27 0004'MQTT' 05 ce 000a 05 11 0000000a 0001'x' 00 0003'w/t' 0002'by' 0004'user'"
      "0002 00ff",
      { MQTT_CONNECT,
        .connect = { .version = MQTT_5_0,
                     .clean_start = TRUE,
                     .keep_alive_s = 10,
                     .client_id = B("x"),
                     .has_will = TRUE,
                     .will_qos = 1,
                     .will_topic = B("w/t"),
                     .will_payload = B("by"),
                     .has_user = TRUE,
                     .user = B("user"),
                     .has_password = TRUE,
                     .password = B("\x00\xff"),
                     .properties = { HAS(SESSION_EXPIRY), .session_expiry_s = 10 } } } },
    { "will and user, 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT,
      "10 1a 0004'MQTT' 04 f4 0000 0001'x' 0001'w' 0000 0001'u' 0003'pwd'",
      { MQTT_CONNECT,
        .connect = { .version = MQTT_3_1_1,
                     .client_id = B("x"),
                     .has_will = TRUE,
                     .will_qos = 2,
                     .will_retain = TRUE,
                     .will_topic = B("w"),
                     .has_user = TRUE,
                     .user = B("u"),
                     .has_password = TRUE,
                     .password = B("pwd") } } },
    { "password without user, every property", MQTT_5_0, MQTT_FROM_CLIENT,
      "10 6a 0004'MQTT' 05 64 ffff"
      "2b 11 ffffffff 15 0001'm' 16 0002 01 02 17 00 19 01 21 000a 22 0005 27 00010000"
      "26 0001'k' 0001'v' 26 0001'k' 0001'w'"
      "0002'id'"
      "26 01 01 02 0000003c 03 0001't' 08 0002'r/' 09 0001'c' 18 00000007 26 0001'a' 0002'bc'"
      "26 0000 0000"
      "0001'w' 0001'p' 0001'z'",
      { MQTT_CONNECT,
        .connect = {
            .version = MQTT_5_0,
            .keep_alive_s = 65535,
            .client_id = B("id"),
            .has_will = TRUE,
            .will_retain = TRUE,
            .will_topic = B("w"),
            .will_payload = B("p"),
            .has_password = TRUE,
            .password = B("z"),
            .properties = { HAS(SESSION_EXPIRY) | HAS(AUTHENTICATION_METHOD) |
                                HAS(AUTHENTICATION_DATA) | HAS(REQUEST_PROBLEM) |
                                HAS(REQUEST_RESPONSE) | HAS(RECEIVE_MAXIMUM) |
                                HAS(TOPIC_ALIAS_MAXIMUM) | HAS(MAXIMUM_PACKET_SIZE) |
                                HAS(USER_PROPERTY),
                            .session_expiry_s = G_MAXUINT32,
                            .authentication_method = B("m"),
                            .authentication_data = B("\x01\x02"),
                            .request_response = 1,
                            .receive_maximum = 10,
                            .topic_alias_maximum = 5,
                            .maximum_packet_size = 65536,
                            .extra = B("\x26\0\1k\0\1v\x26\0\1k\0\1w") },
            .will_properties = { HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) | HAS(CONTENT_TYPE) |
                                     HAS(RESPONSE_TOPIC) | HAS(CORRELATION_DATA) |
                                     HAS(WILL_DELAY),
                                 .payload_format = 1,
                                 .message_expiry_s = 60,
                                 .content_type = B("t"),
                                 .response_topic = B("r/"),
                                 .correlation_data = B("c"),
                                 .will_delay_s = 7,
                                 .extra = B("\x26\0\1a\0\2bc\x26\0\0\0\0") } } } },
  };
  check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_connack(void)
{
  const Case cases[] = {
    { "success", MQTT_5_0, MQTT_FROM_SERVER, "20 03 00 00 00", { MQTT_CONNACK } },
    { "session present, 3.1.1", MQTT_3_1_1, MQTT_FROM_SERVER, "20 02 01 00",
      { MQTT_CONNACK, .connack = { .session_present = TRUE } } },
    { "refused, 3.1.1", MQTT_3_1_1, MQTT_FROM_SERVER, "20 02 00 05",
      { MQTT_CONNACK, .connack = { .reason = 5 } } },
    { "every property", MQTT_5_0, MQTT_FROM_SERVER,
      "20 3e 01 00 3b"
      "22 0003 13 001e 12 0001'i' 25 00 27 00000080 21 0014"
      "11 00000001 15 0001'm' 16 0000 1a 0001'r' 1c 0001's' 1f 0001'y'"
      "24 01 28 00 29 01 2a 00 26 0001'k' 0001'v'",
      { MQTT_CONNACK,
        .connack = { .session_present = TRUE,
                     .properties = { HAS(SESSION_EXPIRY) | HAS(ASSIGNED_CLIENT_ID) |
                                         HAS(SERVER_KEEP_ALIVE) | HAS(AUTHENTICATION_METHOD) |
                                         HAS(AUTHENTICATION_DATA) | HAS(RESPONSE_INFORMATION) |
                                         HAS(SERVER_REFERENCE) | HAS(REASON_STRING) |
                                         HAS(RECEIVE_MAXIMUM) | HAS(TOPIC_ALIAS_MAXIMUM) |
                                         HAS(MAXIMUM_QOS) | HAS(RETAIN_AVAILABLE) |
                                         HAS(MAXIMUM_PACKET_SIZE) | HAS(WILDCARD_AVAILABLE) |
                                         HAS(SUBSCRIPTION_IDS_AVAILABLE) | HAS(SHARED_AVAILABLE),
                                     .session_expiry_s = 1,
                                     .assigned_client_id = B("i"),
                                     .server_keep_alive_s = 30,
                                     .authentication_method = B("m"),
                                     .response_information = B("r"),
                                     .server_reference = B("s"),
                                     .reason_string = B("y"),
                                     .receive_maximum = 20,
                                     .topic_alias_maximum = 3,
                                     .maximum_qos = 1,
                                     .maximum_packet_size = 128,
                                     .subscription_ids_available = 1,
                                     .extra = B("\x26\0\1k\0\1v") } } } },
    { "refused", MQTT_5_0, MQTT_FROM_SERVER, "20 03 00 9f 00",
      { MQTT_CONNACK, .connack = { .reason = MQTT_CONNECTION_RATE_EXCEEDED } } },
  };
  check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_publish(void)
{
  const Case cases[] = {
    { "variable header of section 3.3.2.4", MQTT_5_0, MQTT_FROM_CLIENT, "32 08 0003'a/b' 000a 00",
      { MQTT_PUBLISH, .publish = { .qos = 1, .packet_id = 10, .topic = B("a/b") } } },
    { "variable header of section 3.3.2.3 of 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT,
      "32 07 0003'a/b' 000a",
      { MQTT_PUBLISH, .publish = { .qos = 1, .packet_id = 10, .topic = B("a/b") } } },
    { "QoS 0", MQTT_5_0, MQTT_FROM_SERVER, "30 09 0001't' 00 'hello'",
      { MQTT_PUBLISH, .publish = { .topic = B("t"), .payload = B("hello") } } },
    { "QoS 0, retained, 3.1.1", MQTT_3_1_1, MQTT_FROM_SERVER, "31 05 0001't' 0000",
      { MQTT_PUBLISH, .publish = { .retain = TRUE, .topic = B("t"), .payload = B("\0\0") } } },
    { "QoS 2, again", MQTT_5_0, MQTT_FROM_CLIENT, "3d 09 0001't' ffff 00 fffefd",
      { MQTT_PUBLISH,
        .publish = { .qos = 2,
                     .dup = TRUE,
                     .retain = TRUE,
                     .packet_id = 65535,
                     .topic = B("t"),
                     .payload = B("\xff\xfe\xfd") } } },
    { "the string of figure 1-2", MQTT_5_0, MQTT_FROM_CLIENT, "30 08 0005 41f0aa9b94 00",
      { MQTT_PUBLISH, .publish = { .topic = B("A\xf0\xaa\x9b\x94") } } },
    { "alias instead of a topic", MQTT_5_0, MQTT_FROM_CLIENT, "30 07 0000 03 23 0001 'x'",
      { MQTT_PUBLISH,
        .publish = { .payload = B("x"), .properties = { HAS(TOPIC_ALIAS), .topic_alias = 1 } } } },
    { "every property", MQTT_5_0, MQTT_FROM_SERVER,
      "32 30 0001't' 0001 28 01 00 02 fffffffe 03 0003'a/b' 08 0001'r' 09 0002 00 01 23 ffff"
      "0b 01 0b ffffff7f 26 0001'k' 0002'vv' '!!'",
      { MQTT_PUBLISH,
        .publish = { .qos = 1,
                     .packet_id = 1,
                     .topic = B("t"),
                     .payload = B("!!"),
                     .properties = { HAS(PAYLOAD_FORMAT) | HAS(MESSAGE_EXPIRY) |
                                         HAS(CONTENT_TYPE) | HAS(RESPONSE_TOPIC) |
                                         HAS(CORRELATION_DATA) | HAS(TOPIC_ALIAS),
                                     .message_expiry_s = G_MAXUINT32 - 1,
                                     .content_type = B("a/b"),
                                     .response_topic = B("r"),
                                     .correlation_data = B("\0\1"),
                                     .topic_alias = 65535,
                                     .extra = B("\x0b\1\x0b\xff\xff\xff\x7f"
                                                "\x26\0\1k\0\2vv") } } } },
  };
  check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_acks(void)
{
  static const guint8 first[] = { 0x40, 0x50, 0x62, 0x70 };
  for (guint i = 0; i < G_N_ELEMENTS(first); i++) {
    MqttPacketType type = (MqttPacketType)(first[i] >> 4);
    guint8 error = i < 2 ? MQTT_QUOTA_EXCEEDED : MQTT_PACKET_ID_NOT_FOUND;
    g_autofree char *shortest = g_strdup_printf("%02x 02 0102", first[i]);
    g_autofree char *reason = g_strdup_printf("%02x 03 0102 %02x", first[i], error);
    g_autofree char *string =
        g_strdup_printf("%02x 0f 0102 00 0b 1f 0001'?' 26 0001'k' 0001'v'", first[i]);
    const Case cases[] = {
      { shortest, MQTT_5_0, MQTT_FROM_CLIENT, shortest, { type, .ack = { .packet_id = 258 } } },
      { shortest, MQTT_3_1_1, MQTT_FROM_SERVER, shortest, { type, .ack = { .packet_id = 258 } } },
      { reason, MQTT_5_0, MQTT_FROM_SERVER, reason,
        { type, .ack = { .packet_id = 258, .reason = error } } },
      { string, MQTT_5_0, MQTT_FROM_CLIENT, string,
        { type,
          .ack = { .packet_id = 258,
                   .properties = { HAS(REASON_STRING),
                                   .reason_string = B("?"),
                                   .extra = B("\x26\0\1k\0\1v") } } } },
    };
    check_cases(cases, G_N_ELEMENTS(cases));
  }
}

static void
test_subscribe(void)
{
  MqttBytes both = B("\0\3a/b\1\0\3c/d\2");
  const Case cases[] = {
    { "payload of section 3.8.3", MQTT_5_0, MQTT_FROM_CLIENT,
      "82 0f 000a 00 0003'a/b' 01 0003'c/d' 02",
      { MQTT_SUBSCRIBE, .subscribe = { .packet_id = 10, .entries = both } } },
    { "the same, 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT, "82 0e 000a 0003'a/b' 01 0003'c/d' 02",
      { MQTT_SUBSCRIBE, .subscribe = { .packet_id = 10, .entries = both } } },
    { "identifier and all options", MQTT_5_0, MQTT_FROM_CLIENT,
      "82 14 0001 0a 0b 8001 26 0001'k' 0001'v' 0004'a/+/' 2e",
      { MQTT_SUBSCRIBE,
        .subscribe = { .packet_id = 1,
                       .entries = B("\0\4a/+/\x2e"),
                       .properties = { HAS(SUBSCRIPTION_ID),
                                       .subscription_id = 128,
                                       .extra = B("\x26\0\1k\0\1v") } } } },
    { "UNSUBSCRIBE", MQTT_5_0, MQTT_FROM_CLIENT, "a2 0d 000a 00 0003'a/b' 0003'c/d'",
      { MQTT_UNSUBSCRIBE,
        .subscribe = { .packet_id = 10, .entries = B("\0\3a/b\0\3c/d") } } },
    { "UNSUBSCRIBE, 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT, "a2 05 000a 0001'#'",
      { MQTT_UNSUBSCRIBE, .subscribe = { .packet_id = 10, .entries = B("\0\1#") } } },
    { "SUBACK", MQTT_5_0, MQTT_FROM_SERVER, "90 06 000a 00 00 02 87",
      { MQTT_SUBACK, .suback = { .packet_id = 10, .codes = B("\x00\x02\x87") } } },
    { "SUBACK, 3.1.1", MQTT_3_1_1, MQTT_FROM_SERVER, "90 05 000a 00 02 80",
      { MQTT_SUBACK, .suback = { .packet_id = 10, .codes = B("\x00\x02\x80") } } },
    { "SUBACK with a reason string", MQTT_5_0, MQTT_FROM_SERVER, "90 09 000a 05 1f 0002'no' 97",
      { MQTT_SUBACK,
        .suback = { .packet_id = 10,
                    .codes = B("\x97"),
                    .properties = { HAS(REASON_STRING), .reason_string = B("no") } } } },
    { "UNSUBACK", MQTT_5_0, MQTT_FROM_SERVER, "b0 05 000a 00 00 11",
      { MQTT_UNSUBACK, .suback = { .packet_id = 10, .codes = B("\x00\x11") } } },
    { "UNSUBACK, 3.1.1", MQTT_3_1_1, MQTT_FROM_SERVER, "b0 02 000a",
      { MQTT_UNSUBACK, .suback = { .packet_id = 10 } } },
  };
  check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_others(void)
{
  const Case cases[] = {
    { "PINGREQ", MQTT_5_0, MQTT_FROM_CLIENT, "c0 00", { MQTT_PINGREQ } },
    { "PINGREQ, 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT, "c0 00", { MQTT_PINGREQ } },
    { "PINGRESP", MQTT_5_0, MQTT_FROM_SERVER, "d0 00", { MQTT_PINGRESP } },
    { "PINGRESP, 3.1.1", MQTT_3_1_1, MQTT_FROM_SERVER, "d0 00", { MQTT_PINGRESP } },
    { "DISCONNECT", MQTT_5_0, MQTT_FROM_CLIENT, "e0 00", { MQTT_DISCONNECT } },
    { "DISCONNECT, 3.1.1", MQTT_3_1_1, MQTT_FROM_CLIENT, "e0 00", { MQTT_DISCONNECT } },
    { "DISCONNECT, reason alone", MQTT_5_0, MQTT_FROM_SERVER, "e0 01 8e",
      { MQTT_DISCONNECT, .disconnect = { .reason = MQTT_SESSION_TAKEN_OVER } } },
    { "DISCONNECT by a client", MQTT_5_0, MQTT_FROM_CLIENT,
      "e0 0f 04 0d 11 00000000 1f 0000 26 0000 0000",
      { MQTT_DISCONNECT,
        .disconnect = { .reason = MQTT_DISCONNECT_WITH_WILL,
                        .properties = { HAS(SESSION_EXPIRY) | HAS(REASON_STRING),
                                        .extra = B("\x26\0\0\0\0") } } } },
    { "DISCONNECT by a server", MQTT_5_0, MQTT_FROM_SERVER, "e0 08 9d 06 1c 0003'h:1'",
      { MQTT_DISCONNECT,
        .disconnect = { .reason = MQTT_SERVER_MOVED,
                        .properties = { HAS(SERVER_REFERENCE), .server_reference = B("h:1") } } } },
    { "AUTH, shortest", MQTT_5_0, MQTT_FROM_SERVER, "f0 00", { MQTT_AUTH } },
    { "AUTH", MQTT_5_0, MQTT_FROM_CLIENT,
      "f0 13 18 11 15 0001'm' 16 0001 00 1f 0000 26 0000 0001'v'",
      { MQTT_AUTH,
        .disconnect = { .reason = MQTT_CONTINUE_AUTHENTICATION,
                        .properties = { HAS(AUTHENTICATION_METHOD) | HAS(AUTHENTICATION_DATA) |
                                            HAS(REASON_STRING),
                                        .authentication_method = B("m"),
                                        .authentication_data = B("\0"),
                                        .extra = B("\x26\0\0\0\1v") } } } },
  };
  check_cases(cases, G_N_ELEMENTS(cases));
}

/* Longer forms than needed are legal too, and mean the same: sections 3.4.2.1, 3.4.2.2.1,
 * 3.14.2.2.1. */
static void
test_longer_forms(void)
{
  static const struct {
    MqttSender sender;
    const char *wire, *shortest;
  } forms[] = {
    { MQTT_FROM_CLIENT, "40 03 0001 00", "40 02 0001" },
    { MQTT_FROM_CLIENT, "40 04 0001 00 00", "40 02 0001" },
    { MQTT_FROM_CLIENT, "50 04 0001 87 00", "50 03 0001 87" },
    { MQTT_FROM_SERVER, "e0 01 00", "e0 00" },
    { MQTT_FROM_SERVER, "e0 02 00 00", "e0 00" },
    { MQTT_FROM_SERVER, "e0 02 8d 00", "e0 01 8d" },
    { MQTT_FROM_CLIENT, "40 09 0001 00 05 26 0000 0000", "40 09 0001 00 05 26 0000 0000" },
  };
  for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
    g_autoptr(GByteArray) wire = wire_bytes(forms[i].wire);
    g_autoptr(GByteArray) shortest = wire_bytes(forms[i].shortest);
    MqttPacket packet;
    gsize size;
    guint8 reason;
    g_assert_cmpint(mqtt_decode(wire->data, wire->len, MQTT_5_0, forms[i].sender, 100, &packet,
                                &size, &reason),
                    ==, MQTT_DONE);
    g_autoptr(GByteArray) again = wire_encode_again(packet, MQTT_5_0);
    g_assert_cmpmem(again->data, again->len, shortest->data, shortest->len);
  }
}

/* Where the Remaining Length grows by a byte, table 1-1. */
static void
test_lengths(void)
{
  static const gsize remaining[] = { 127, 128, 16383, 16384, 2097151, 2097152 };
  g_autofree guint8 *payload = g_malloc0(2097152), *wire = g_malloc(2097160);
  for (guint i = 0; i < G_N_ELEMENTS(remaining); i++) {
    MqttPacket packet = { MQTT_PUBLISH,
                          .publish = { .topic = B("t"),
                                       .payload = { payload, (guint32)remaining[i] - 3 } } };
    gsize header = 1 + (i + 3) / 2, size, n;
    guint8 reason;
    g_assert_cmpuint(mqtt_encoded_size(&packet, MQTT_3_1_1), ==, header + remaining[i]);
    n = mqtt_encode(&packet, MQTT_3_1_1, wire, 2097160);
    g_assert_cmpuint(n, ==, header + remaining[i]);
    g_assert_cmpuint(mqtt_encode_publish_header(&packet.publish, MQTT_3_1_1, wire, header + 2), ==,
                     0);
    g_assert_cmpuint(mqtt_encode_publish_header(&packet.publish, MQTT_3_1_1, wire, header + 3), ==,
                     header + 3);
    g_assert_cmpint(mqtt_decode(wire, header, MQTT_3_1_1, MQTT_FROM_CLIENT, n, &packet, &size,
                                &reason),
                    ==, MQTT_NEED_MORE);
    g_assert_cmpuint(size, ==, n);
    g_assert_cmpint(mqtt_decode(wire, n, MQTT_3_1_1, MQTT_FROM_CLIENT, n, &packet, &size, &reason),
                    ==, MQTT_DONE);
    g_assert_cmpuint(packet.publish.payload.length, ==, remaining[i] - 3);
    /* One byte above what this side takes: refused before the body comes. */
    g_assert_cmpint(mqtt_decode(wire, header, MQTT_3_1_1, MQTT_FROM_CLIENT, n - 1, &packet, &size,
                                &reason),
                    ==, MQTT_MALFORMED);
    g_assert_cmphex(reason, ==, MQTT_PACKET_TOO_LARGE);
  }
}

static void
test_largest(void)
{
  guint8 nothing[1], room[16];
  MqttPacket packet = { MQTT_PUBLISH,
                        .publish = { .topic = B("t"),
                                     .payload = { nothing, MQTT_REMAINING_MAX - 3 } } };
  g_assert_cmpuint(mqtt_encoded_size(&packet, MQTT_3_1_1), ==, MQTT_PACKET_MAX);
  g_assert_cmpuint(mqtt_encode_publish_header(&packet.publish, MQTT_3_1_1, room, sizeof room), ==,
                   8);
  packet.publish.payload.length++;
  g_assert_cmpuint(mqtt_encoded_size(&packet, MQTT_3_1_1), ==, 0);
  g_assert_cmpuint(mqtt_encode(&packet, MQTT_3_1_1, room, sizeof room), ==, 0);
  g_assert_cmpuint(mqtt_encode_publish_header(&packet.publish, MQTT_3_1_1, room, sizeof room), ==,
                   0);
}

/* What a receiver reads of a block with repeated properties. */
static void
test_property_iterator(void)
{
  g_autoptr(GByteArray) wire = wire_bytes("30 1a 0001't' 16 0b 05 26 0001'a' 0002'bc' 0b 8001"
                                          "03 0001'x' 26 0000 0000");
  MqttPacket packet;
  gsize size;
  guint8 reason, id;
  MqttBytes encoded, name, value;
  guint32 number;
  g_assert_cmpint(mqtt_decode(wire->data, wire->len, MQTT_5_0, MQTT_FROM_SERVER, 100, &packet,
                              &size, &reason),
                  ==, MQTT_DONE);
  MqttBytes raw = packet.publish.properties.raw;
  g_assert_cmpuint(packet.publish.properties.subscription_id, ==, 128);
  g_assert_true(mqtt_property_next(&raw, &id, &encoded, &name, &value, &number));
  g_assert_cmpuint(id, ==, MQTT_PROP_SUBSCRIPTION_ID);
  g_assert_cmpuint(number, ==, 5);
  g_assert_cmpmem(encoded.data, encoded.length, "\x0b\x05", 2);
  g_assert_true(mqtt_property_next(&raw, &id, &encoded, &name, &value, &number));
  g_assert_cmpuint(id, ==, MQTT_PROP_USER_PROPERTY);
  g_assert_cmpmem(name.data, name.length, "a", 1);
  g_assert_cmpmem(value.data, value.length, "bc", 2);
  g_assert_cmpmem(encoded.data, encoded.length, "\x26\0\1a\0\2bc", 8);
  g_assert_true(mqtt_property_next(&raw, &id, &encoded, &name, &value, &number));
  g_assert_cmpuint(number, ==, 128);
  g_assert_true(mqtt_property_next(&raw, &id, &encoded, &name, &value, &number));
  g_assert_cmpuint(id, ==, MQTT_PROP_CONTENT_TYPE);
  g_assert_cmpmem(value.data, value.length, "x", 1);
  g_assert_true(mqtt_property_next(&raw, &id, &encoded, &name, &value, &number));
  g_assert_cmpuint(name.length + value.length, ==, 0);
  g_assert_false(mqtt_property_next(&raw, &id, &encoded, &name, &value, &number));
}

static void
test_filters(void)
{
  guint8 room[16], options = 0;
  MqttBytes filter, entries;
  gsize n = mqtt_filter_put(B("a/#"), TRUE, 0x2D, room, sizeof room);
  g_assert_cmpuint(n, ==, 6);
  g_assert_cmpuint(mqtt_filter_put(B("+"), TRUE, 1, room + n, 3), ==, 0);
  n += mqtt_filter_put(B("+"), TRUE, 1, room + n, 4);
  g_assert_cmpuint(n, ==, 10);
  entries = (MqttBytes){ room, (guint32)n };
  g_assert_true(mqtt_filter_next(&entries, TRUE, &filter, &options));
  g_assert_cmpmem(filter.data, filter.length, "a/#", 3);
  g_assert_cmphex(options, ==, 0x2D);
  g_assert_cmpuint(MQTT_OPTION_QOS(options), ==, 1);
  g_assert_cmpuint(MQTT_OPTION_RETAIN_HANDLING(options), ==, 2);
  g_assert_true(mqtt_filter_next(&entries, TRUE, &filter, &options));
  g_assert_cmpmem(filter.data, filter.length, "+", 1);
  g_assert_false(mqtt_filter_next(&entries, TRUE, &filter, &options));
  entries = (MqttBytes){ room, 5 };
  g_assert_false(mqtt_filter_next(&entries, TRUE, &filter, &options));
  g_assert_true(mqtt_filter_next(&entries, FALSE, &filter, NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/codec/connect", test_connect);
  g_test_add_func("/mqtt/codec/connack", test_connack);
  g_test_add_func("/mqtt/codec/publish", test_publish);
  g_test_add_func("/mqtt/codec/acks", test_acks);
  g_test_add_func("/mqtt/codec/subscribe", test_subscribe);
  g_test_add_func("/mqtt/codec/others", test_others);
  g_test_add_func("/mqtt/codec/longer-forms", test_longer_forms);
  g_test_add_func("/mqtt/codec/lengths", test_lengths);
  g_test_add_func("/mqtt/codec/largest", test_largest);
  g_test_add_func("/mqtt/codec/property-iterator", test_property_iterator);
  g_test_add_func("/mqtt/codec/filters", test_filters);
  return g_test_run();
}
