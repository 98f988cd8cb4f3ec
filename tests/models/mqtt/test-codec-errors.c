/* What must be refused, with which reason code, and which properties and reason codes may stand
 * where. */
#include "tests/models/mqtt/wire-text.h"
#include <string.h>

typedef struct {
  const char *wire;
  guint8 reason;
  const char *why;
} Refused;

static MqttDecode
decode(const GByteArray *wire, MqttVersion version, MqttSender sender, guint8 *reason)
{
  MqttPacket packet;
  gsize size;
  g_autofree guint8 *exact = g_malloc(wire->len);
  memcpy(exact, wire->data, wire->len);
  return mqtt_decode(exact, wire->len, version, sender, MQTT_PACKET_MAX, &packet, &size, reason);
}

static void
check_refused(const Refused *rows, gsize n, MqttVersion version, MqttSender sender)
{
  for (gsize i = 0; i < n; i++) {
    g_autoptr(GByteArray) wire = wire_bytes(rows[i].wire);
    guint8 reason = 0;
    g_test_message("%s: %s", rows[i].wire, rows[i].why);
    if (wire->len > 1 && wire->data[1] < 0x80)
      g_assert_cmpuint(wire->data[1], ==, wire->len - 2);
    g_assert_cmpint(decode(wire, version, sender, &reason), ==, MQTT_MALFORMED);
    g_assert_cmphex(reason, ==, rows[i].reason);
  }
}

#define CHECK(rows, version, sender) check_refused(rows, G_N_ELEMENTS(rows), version, sender)

/* Known from the first bytes alone. */
static void
test_fixed_header(void)
{
  static const Refused rows[] = {
    { "00", 0x81, "type 0" },
    { "12", 0x81, "flags of CONNECT" },
    { "41", 0x81, "flags of PUBACK" },
    { "60", 0x81, "flags of PUBREL" },
    { "63", 0x81, "flags of PUBREL" },
    { "80", 0x81, "flags of SUBSCRIBE" },
    { "a0", 0x81, "flags of UNSUBSCRIBE" },
    { "c8", 0x81, "flags of PINGREQ" },
    { "e1", 0x81, "flags of DISCONNECT" },
    { "f1", 0x81, "flags of AUTH" },
    { "36", 0x81, "QoS 3" },
    { "37", 0x81, "QoS 3, retained" },
    { "38", 0x81, "DUP with QoS 0" },
    { "20", 0x82, "CONNACK from a client" },
    { "90", 0x82, "SUBACK from a client" },
    { "b0", 0x82, "UNSUBACK from a client" },
    { "d0", 0x82, "PINGRESP from a client" },
    { "30 80808080", 0x81, "a length of five bytes" },
    { "30 ffffffff7f", 0x81, "a length of five bytes" },
    { "30 8000", 0x81, "length 0 in two bytes" },
    { "30 ff00", 0x81, "length 127 in two bytes" },
    { "30 808000", 0x81, "length 0 in three bytes" },
  };
  static const Refused from_server[] = {
    { "10", 0x82, "CONNECT from a server" },       { "82", 0x82, "SUBSCRIBE from a server" },
    { "a2", 0x82, "UNSUBSCRIBE from a server" },   { "c0", 0x82, "PINGREQ from a server" },
  };
  static const Refused old[] = { { "f0", 0x81, "AUTH in 3.1.1" } };
  static const Refused old_server[] = { { "e0", 0x82, "DISCONNECT from a server in 3.1.1" } };
  CHECK(rows, MQTT_5_0, MQTT_FROM_CLIENT);
  CHECK(rows, MQTT_3_1_1, MQTT_FROM_CLIENT);
  CHECK(from_server, MQTT_5_0, MQTT_FROM_SERVER);
  CHECK(from_server, MQTT_3_1_1, MQTT_FROM_SERVER);
  CHECK(old, MQTT_3_1_1, MQTT_FROM_CLIENT);
  CHECK(old_server, MQTT_3_1_1, MQTT_FROM_SERVER);
}

static void
test_connect(void)
{
  static const Refused rows[] = {
    { "10 00", 0x81, "nothing" },
    { "10 07 0004'MQTT' 05", 0x81, "cut off" },
    { "10 0c 0006'MQIsdp' 03 02 0000", 0x84, "3.1" },
    { "10 0c 0004'MQTT' 03 02 0000 0000", 0x84, "level 3" },
    { "10 0d 0004'MQTT' 06 02 0000 00 0000", 0x84, "level 6" },
    { "10 0d 0004'mqtt' 05 02 0000 00 0000", 0x84, "name in small letters" },
    { "10 0d 0004'MQTT' 05 03 0000 00 0000", 0x81, "reserved flag" },
    { "10 0d 0004'MQTT' 05 0a 0000 00 0000", 0x82, "Will QoS without a Will" },
    { "10 0d 0004'MQTT' 05 22 0000 00 0000", 0x82, "Will Retain without a Will" },
    { "10 12 0004'MQTT' 05 1e 0000 00 0000 00 0000 0000", 0x81, "Will QoS 3" },
    { "10 0c 0004'MQTT' 05 02 0000 00 00", 0x81, "half a length" },
    { "10 0d 0004'MQTT' 05 02 0000 00 0001", 0x81, "no client identifier" },
    { "10 0e 0004'MQTT' 05 02 0000 00 0001 00", 0x81, "U+0000 in the client identifier" },
    { "10 0e 0004'MQTT' 05 02 0000 00 0000 00", 0x81, "trailing byte" },
    { "10 0d 0004'MQTT' 05 82 0000 00 0000", 0x81, "no user name" },
    { "10 0d 0004'MQTT' 05 42 0000 00 0000", 0x81, "no password" },
    { "10 10 0004'MQTT' 05 82 0000 00 0000 0001 ff", 0x81, "ill-formed user name" },
    { "10 12 0004'MQTT' 05 06 0000 00 0000 00 0000 0000", 0x81, "empty Will Topic" },
    { "10 13 0004'MQTT' 05 06 0000 00 0000 00 0001'#' 0000", 0x81, "wildcard in the Will Topic" },
    { "10 12 0004'MQTT' 05 06 0000 00 0000 00 0001'a' 00", 0x81, "half a Will" },
    { "10 0d 0004'MQTT' 05 02 0000 05 0000", 0x81, "properties beyond the end" },
    { "10 11 0004'MQTT' 05 02 0000 04 16 0001 00 0000", 0x82, "authentication data alone" },
    { "10 0c 0004'MQTT' 04 42 0000 0000", 0x82, "3.1.1: password without user name" },
    { "10 0d 0004'MQTT' 04 02 0000 0000 00", 0x81, "3.1.1: trailing byte" },
  };
  CHECK(rows, MQTT_5_0, MQTT_FROM_CLIENT);
  CHECK(rows, MQTT_3_1_1, MQTT_FROM_CLIENT); /* a CONNECT says itself what it is */
}

static void
test_server_packets(void)
{
  static const Refused rows[] = {
    { "20 02 00 00", 0x81, "no Property Length" },
    { "20 01 00", 0x81, "no reason" },
    { "20 03 02 00 00", 0x81, "reserved acknowledge flag" },
    { "20 03 01 80 00", 0x82, "Session Present with an error" },
    { "20 03 00 01 00", 0x82, "a reason of 3.1.1" },
    { "20 03 00 8e 00", 0x82, "a reason that DISCONNECT has" },
    { "20 04 00 00 00 00", 0x81, "trailing byte" },
    { "90 03 0001 00", 0x82, "SUBACK without a reason" },
    { "90 04 0000 00 00", 0x82, "packet identifier 0" },
    { "90 04 0001 00 03", 0x82, "no such reason" },
    { "90 04 0001 00 11", 0x82, "a reason that UNSUBACK has" },
    { "90 02 0001", 0x81, "no Property Length" },
    { "b0 04 0001 00 01", 0x82, "a reason that SUBACK has" },
    { "b0 03 0001 00", 0x82, "UNSUBACK without a reason" },
    { "b0 01 00", 0x81, "half an identifier" },
    { "d0 01 00", 0x81, "PINGRESP with a body" },
    { "e0 07 00 05 11 00000000", 0x82, "Session Expiry Interval from a server" },
  };
  static const Refused old[] = {
    { "20 03 00 00 00", 0x81, "trailing byte" },
    { "20 02 00 06", 0x82, "return code 6" },
    { "20 02 01 01", 0x82, "Session Present with an error" },
    { "90 03 0001 03", 0x82, "no such return code" },
    { "90 03 0001 87", 0x82, "a reason of 5.0" },
    { "90 02 0001", 0x82, "SUBACK without a return code" },
    { "b0 03 0001 00", 0x81, "UNSUBACK with a body" },
  };
  CHECK(rows, MQTT_5_0, MQTT_FROM_SERVER);
  CHECK(old, MQTT_3_1_1, MQTT_FROM_SERVER);
}

static void
test_publish(void)
{
  static const Refused rows[] = {
    { "30 00", 0x81, "nothing" },
    { "30 01 00", 0x81, "half a length" },
    { "30 02 0001", 0x81, "topic beyond the end" },
    { "30 03 0001'a'", 0x81, "no Property Length" },
    { "32 04 0001'a' 00", 0x81, "half an identifier" },
    { "32 06 0001'a' 0000 00", 0x82, "packet identifier 0" },
    { "30 04 0001'#' 00", 0x81, "# in a Topic Name" },
    { "30 0c 0009'abcdefg/+' 00", 0x81, "+ in a Topic Name" },
    { "30 0c 0009 00'bcdefghi' 00", 0x81, "U+0000" },
    { "30 04 0001 80 00", 0x81, "continuation byte alone" },
    { "30 05 0002 c080 00", 0x81, "U+0000 in two bytes" },
    { "30 06 0003 eda080 00", 0x81, "surrogate" },
    { "30 07 0004 f4908080 00", 0x81, "beyond U+10FFFF" },
    { "30 03 0000 00", 0x82, "neither topic nor alias" },
    { "30 06 0000 03 23 0000", 0x94, "Topic Alias 0" },
    { "30 06 0001'a' 02 0b 01", 0x82, "Subscription Identifier from a client" },
    { "30 07 0001'a' 03 0b 8000", 0x81, "Subscription Identifier that is not minimal" },
    { "30 09 0001'a' 05 08 0002'a+'", 0x81, "wildcard in the Response Topic" },
    { "30 07 0001'a' 03 08 0000", 0x81, "empty Response Topic" },
    { "30 08 0001'a' 04 03 0001 ff", 0x81, "ill-formed Content Type" },
    { "30 0b 0001'a' 07 26 0001'k' 0001 00", 0x81, "U+0000 in a User Property" },
    { "30 06 0001'a' 02 01 02", 0x82, "Payload Format Indicator 2" },
    { "30 08 0001'a' 04 01 00 01 00", 0x82, "Payload Format Indicator twice" },
    { "30 05 0001'a' 01 01", 0x81, "property without a value" },
    { "30 07 0001'a' 03 02 0000", 0x81, "half a value" },
    { "30 06 0001'a' 02 00 00", 0x81, "property 0" },
    { "30 07 0001'a' 03 81 00 00", 0x81, "property identifier in two bytes" },
    { "30 06 0001'a' 8100 01", 0x81, "Property Length that is not minimal" },
  };
  static const Refused old[] = {
    { "30 02 0000", 0x82, "empty Topic Name" },
    { "32 04 0001'a' 00", 0x81, "half an identifier" },
    { "32 05 0001'a' 0000", 0x82, "packet identifier 0" },
    { "30 03 0001'+'", 0x81, "wildcard" },
  };
  static const Refused from_server[] = {
    { "30 06 0001'a' 02 0b 00", 0x82, "Subscription Identifier 0" },
  };
  CHECK(rows, MQTT_5_0, MQTT_FROM_CLIENT);
  CHECK(old, MQTT_3_1_1, MQTT_FROM_SERVER);
  CHECK(from_server, MQTT_5_0, MQTT_FROM_SERVER);
}

static void
test_acks(void)
{
  static const Refused rows[] = {
    { "40 00", 0x81, "nothing" },
    { "40 01 00", 0x81, "half an identifier" },
    { "40 02 0000", 0x82, "packet identifier 0" },
    { "40 03 0001 92", 0x82, "a reason that PUBREL has" },
    { "40 03 0001 01", 0x82, "a reason that SUBACK has" },
    { "50 03 0001 ff", 0x82, "no such reason" },
    { "62 03 0001 10", 0x82, "a reason that PUBACK has" },
    { "70 03 0001 80", 0x82, "a reason that PUBACK has" },
    { "40 05 0001 00 00 00", 0x81, "trailing byte" },
    { "40 05 0001 00 02 1f", 0x81, "properties beyond the end" },
    { "40 06 0001 00 02 01 00", 0x81, "a property of PUBLISH" },
    { "c0 01 00", 0x81, "PINGREQ with a body" },
    { "e0 01 10", 0x82, "a reason that PUBACK has" },
    { "e0 03 00 00 00", 0x81, "trailing byte" },
    { "f0 01 18", 0x81, "no Property Length" },
    { "f0 02 18 00", 0x82, "no Authentication Method" },
    { "f0 06 80 04 15 0001'm'", 0x82, "no such reason" },
  };
  static const Refused old[] = {
    { "40 03 0001 00", 0x81, "a reason" },
    { "e0 01 00", 0x81, "a reason" },
  };
  CHECK(rows, MQTT_5_0, MQTT_FROM_CLIENT);
  CHECK(old, MQTT_3_1_1, MQTT_FROM_CLIENT);
}

static void
test_subscribe(void)
{
  static const Refused rows[] = {
    { "82 00", 0x81, "nothing" },
    { "82 03 0001 00", 0x82, "no filter" },
    { "82 07 0000 00 0001'a' 00", 0x82, "packet identifier 0" },
    { "82 06 0001 00 0001'a'", 0x81, "no options" },
    { "82 07 0001 00 0001'a' 40", 0x81, "reserved option" },
    { "82 07 0001 00 0001'a' 80", 0x81, "reserved option" },
    { "82 07 0001 00 0001'a' 03", 0x82, "QoS 3" },
    { "82 07 0001 00 0001'a' 30", 0x82, "Retain Handling 3" },
    { "82 06 0001 00 0000 00", 0x81, "empty filter" },
    { "82 08 0001 00 0002'a#' 00", 0x81, "# within a level" },
    { "82 09 0001 00 0003'#/a' 00", 0x81, "# is not the last" },
    { "82 07 0001 00 0001 ff 00", 0x81, "ill-formed filter" },
    { "82 10 0001 00 000a'$share/g/a' 04", 0x82, "No Local on a shared subscription" },
    { "82 0f 0001 00 0009'$share//a' 00", 0x81, "no ShareName" },
    { "82 0d 0001 00 0001'a' 00 0001'b' 00 0000", 0x81, "second filter is empty" },
    { "82 09 0001 02 0b 00 0001'a' 00", 0x82, "Subscription Identifier 0" },
    { "82 0b 0001 04 0b01 0b02 0001'a' 00", 0x82, "Subscription Identifier twice" },
    { "82 0b 0001 04 1f 0001'r' 0001'a' 00", 0x81, "Reason String in a SUBSCRIBE" },
    { "a2 03 0001 00", 0x82, "no filter" },
    { "a2 07 0001 00 0001'a' 00", 0x81, "options" },
    { "a2 06 0000 00 0001'a'", 0x82, "packet identifier 0" },
  };
  static const Refused old[] = {
    { "82 02 0001", 0x82, "no filter" },
    { "82 06 0001 0001'a' 04", 0x81, "an option of 5.0" },
    { "82 06 0001 0001'a' 03", 0x82, "QoS 3" },
    { "a2 02 0001", 0x82, "no filter" },
  };
  CHECK(rows, MQTT_5_0, MQTT_FROM_CLIENT);
  CHECK(old, MQTT_3_1_1, MQTT_FROM_CLIENT);
}

/* A packet that holds one property block, by the names of table 2-4. */
typedef struct {
  const char *name;
  MqttSender sender;
  const char *before; /* fixed header (length in its second byte) and what precedes the block */
  const char *after;
} Holder;

static const Holder holders[] = {
  { "CONNECT", MQTT_FROM_CLIENT, "1000 0004'MQTT' 05 02 0000", "0000" },
  { "Will", MQTT_FROM_CLIENT, "1000 0004'MQTT' 05 06 0000 00 0000", "0001'w' 0000" },
  { "CONNACK", MQTT_FROM_SERVER, "2000 00 00", "" },
  { "PUBLISH", MQTT_FROM_SERVER, "3000 0001't'", "'p'" },
  { "PUBACK", MQTT_FROM_SERVER, "4000 0001 00", "" },
  { "PUBREC", MQTT_FROM_CLIENT, "5000 0001 00", "" },
  { "PUBREL", MQTT_FROM_CLIENT, "6200 0001 00", "" },
  { "PUBCOMP", MQTT_FROM_CLIENT, "7000 0001 00", "" },
  { "SUBSCRIBE", MQTT_FROM_CLIENT, "8200 0001", "0001'a' 00" },
  { "SUBACK", MQTT_FROM_SERVER, "9000 0001", "00" },
  { "UNSUBSCRIBE", MQTT_FROM_CLIENT, "a200 0001", "0001'a'" },
  { "UNSUBACK", MQTT_FROM_SERVER, "b000 0001", "00" },
  { "DISCONNECT", MQTT_FROM_CLIENT, "e000 00", "" },
  { "AUTH", MQTT_FROM_CLIENT, "f000 00", "" },
};

/* Table 2-4: a value that is legal and, where there is one, a value that is not. */
static const struct {
  guint8 id;
  const char *value, *bad, *holders;
} properties[] = {
  { 0x01, "01", "02", "PUBLISH, Will" },
  { 0x02, "00000000", NULL, "PUBLISH, Will" },
  { 0x03, "0001'a'", "0001 80", "PUBLISH, Will" },
  { 0x08, "0001'a'", "0001'#'", "PUBLISH, Will" },
  { 0x09, "0001 80", NULL, "PUBLISH, Will" },
  { 0x0b, "01", "00", "PUBLISH, SUBSCRIBE" },
  { 0x11, "00000000", NULL, "CONNECT, CONNACK, DISCONNECT" },
  { 0x12, "0001'a'", "0001 80", "CONNACK" },
  { 0x13, "0000", NULL, "CONNACK" },
  { 0x15, "0001'a'", "0001 80", "CONNECT, CONNACK, AUTH" },
  { 0x16, "0001 80", NULL, "CONNECT, CONNACK, AUTH" },
  { 0x17, "01", "02", "CONNECT" },
  { 0x18, "00000000", NULL, "Will" },
  { 0x19, "01", "02", "CONNECT" },
  { 0x1a, "0001'a'", "0001 80", "CONNACK" },
  { 0x1c, "0001'a'", "0001 80", "CONNACK, DISCONNECT" },
  { 0x1f, "0001'a'", "0001 80",
    "CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH" },
  { 0x21, "0001", "0000", "CONNECT, CONNACK" },
  { 0x22, "0000", NULL, "CONNECT, CONNACK" },
  { 0x23, "0001", "0000", "PUBLISH" },
  { 0x24, "01", "02", "CONNACK" },
  { 0x25, "01", "02", "CONNACK" },
  { 0x26, "0001'k' 0000", "0001'k' 0001 00",
    "CONNECT, CONNACK, PUBLISH, Will, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, "
    "UNSUBSCRIBE, UNSUBACK, DISCONNECT, AUTH" },
  { 0x27, "00000001", "00000000", "CONNECT, CONNACK" },
  { 0x28, "01", "02", "CONNACK" },
  { 0x29, "01", "02", "CONNACK" },
  { 0x2a, "01", "02", "CONNACK" },
};

static gboolean
list_has(const char *list, const char *name)
{
  g_auto(GStrv) words = g_strsplit(list, ", ", -1);
  return g_strv_contains((const char *const *) words, name);
}

/* Authentication Method and Data lean on each other, so the block brings the other one along. */
static const char *
companion(const Holder *holder, guint8 id)
{
  gboolean needs = g_str_equal(holder->name, "AUTH") ||
                   (g_str_equal(holder->name, "CONNECT") && id == 0x16);
  return needs && id != 0x15 ? "15 0001'm'" : "";
}

static MqttDecode
decode_block(const Holder *holder, const GByteArray *block, guint8 *reason)
{
  g_autoptr(GByteArray) before = wire_bytes(holder->before);
  g_autoptr(GByteArray) after = wire_bytes(holder->after);
  guint8 length = (guint8)block->len;
  g_assert_cmpuint(block->len, <, 128);
  g_byte_array_append(before, &length, 1);
  g_byte_array_append(before, block->data, block->len);
  g_byte_array_append(before, after->data, after->len);
  before->data[1] = (guint8)(before->len - 2);
  return decode(before, MQTT_5_0, holder->sender, reason);
}

static MqttDecode
decode_property(const Holder *holder, guint8 id, const char *value, guint times, guint8 *reason)
{
  g_autoptr(GByteArray) block = wire_bytes(companion(holder, id));
  g_autoptr(GByteArray) bytes = wire_bytes(value);
  for (guint i = 0; i < times; i++) {
    g_byte_array_append(block, &id, 1);
    g_byte_array_append(block, bytes->data, bytes->len);
  }
  return decode_block(holder, block, reason);
}

static void
check_property(guint row, const Holder *holder)
{
  guint8 id = properties[row].id, reason = 0;
  const char *value = properties[row].value, *bad = properties[row].bad;
  gboolean repeats = id == 0x26 || (id == 0x0b && g_str_equal(holder->name, "PUBLISH"));
  gboolean allowed = list_has(properties[row].holders, holder->name);
  g_test_message("property 0x%02x in %s", id, holder->name);
  MqttDecode once = decode_property(holder, id, value, 1, &reason);
  g_assert_cmpint(once, ==, allowed ? MQTT_DONE : MQTT_MALFORMED);
  if (!allowed) {
    g_assert_cmphex(reason, ==, MQTT_MALFORMED_PACKET);
    return;
  }
  MqttDecode twice = decode_property(holder, id, value, 2, &reason);
  g_assert_cmpint(twice, ==, repeats ? MQTT_DONE : MQTT_MALFORMED);
  if (!repeats)
    g_assert_cmphex(reason, ==, MQTT_PROTOCOL_ERROR);
  if (bad != NULL)
    g_assert_cmpint(decode_property(holder, id, bad, 1, &reason), ==, MQTT_MALFORMED);
}

static void
test_properties(void)
{
  for (guint row = 0; row < G_N_ELEMENTS(properties); row++) {
    for (guint i = 0; i < G_N_ELEMENTS(holders); i++)
      check_property(row, &holders[i]);
  }
}

static void
test_unknown_properties(void)
{
  for (guint id = 0; id < 256; id++) {
    gboolean known = FALSE;
    for (guint row = 0; row < G_N_ELEMENTS(properties); row++)
      known |= properties[row].id == id;
    if (known)
      continue;
    for (guint i = 0; i < G_N_ELEMENTS(holders); i++) {
      guint8 reason = 0;
      g_assert_cmpint(decode_property(&holders[i], (guint8)id, "00000000", 1, &reason), ==,
                      MQTT_MALFORMED);
      g_assert_cmphex(reason, ==, MQTT_MALFORMED_PACKET);
    }
  }
}

/* Values out of range: the text of each property says Protocol Error, section 4.13 has a code for
 * the alias. */
static void
test_property_ranges(void)
{
  static const struct {
    guint8 id;
    const char *holder, *value;
    guint8 reason;
  } rows[] = {
    { 0x01, "Will", "02", 0x82 },     { 0x0b, "SUBSCRIBE", "00", 0x82 },
    { 0x17, "CONNECT", "02", 0x82 },  { 0x19, "CONNECT", "ff", 0x82 },
    { 0x21, "CONNECT", "0000", 0x82 }, { 0x21, "CONNACK", "0000", 0x82 },
    { 0x23, "PUBLISH", "0000", 0x94 }, { 0x24, "CONNACK", "02", 0x82 },
    { 0x25, "CONNACK", "02", 0x82 },  { 0x27, "CONNECT", "00000000", 0x82 },
    { 0x28, "CONNACK", "02", 0x82 },  { 0x29, "CONNACK", "02", 0x82 },
    { 0x2a, "CONNACK", "02", 0x82 },  { 0x0b, "SUBSCRIBE", "ffffffff7f", 0x81 },
    { 0x1f, "PUBACK", "0001 00", 0x81 }, { 0x1f, "PUBACK", "0002'a'", 0x81 },
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    for (guint h = 0; h < G_N_ELEMENTS(holders); h++) {
      guint8 reason = 0;
      if (!g_str_equal(holders[h].name, rows[i].holder))
        continue;
      g_test_message("property 0x%02x with %s", rows[i].id, rows[i].value);
      g_assert_cmpint(decode_property(&holders[h], rows[i].id, rows[i].value, 1, &reason), ==,
                      MQTT_MALFORMED);
      g_assert_cmphex(reason, ==, rows[i].reason);
    }
  }
}

/* The tables of sections 3.2.2.2, 3.4.2.1 to 3.7.2.1, 3.9.3, 3.11.3, 3.14.2.1 and 3.15.2.1. */
static void
test_reasons(void)
{
  static const struct {
    MqttPacketType type;
    const char *codes;
  } allowed[] = {
    { MQTT_CONNACK,
      "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f" },
    { MQTT_PUBACK, "00 10 80 83 87 90 91 97 99" },
    { MQTT_PUBREC, "00 10 80 83 87 90 91 97 99" },
    { MQTT_PUBREL, "00 92" },
    { MQTT_PUBCOMP, "00 92" },
    { MQTT_SUBACK, "00 01 02 80 83 87 8f 91 97 9e a1 a2" },
    { MQTT_UNSUBACK, "00 11 80 83 87 8f 91" },
    { MQTT_DISCONNECT, "00 04 80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c "
                       "9d 9e 9f a0 a1 a2" },
    { MQTT_AUTH, "00 18 19" },
  };
  gboolean named[256] = { FALSE };
  for (guint i = 0; i < G_N_ELEMENTS(allowed); i++) {
    g_autoptr(GByteArray) codes = wire_bytes(allowed[i].codes);
    for (guint code = 0; code < 256; code++) {
      gboolean expected = memchr(codes->data, (int)code, codes->len) != NULL;
      g_test_message("%s 0x%02x", mqtt_packet_name(allowed[i].type), code);
      g_assert_cmpint(mqtt_reason_allowed(allowed[i].type, (guint8)code) != FALSE, ==, expected);
      named[code] |= expected;
    }
  }
  guint n = 0;
  for (guint code = 0; code < 256; code++) {
    g_assert_cmpint(mqtt_reason_name((guint8)code) != NULL, ==, named[code]);
    n += named[code];
  }
  g_assert_cmpuint(n, ==, 43); /* rows of table 2-6, those of 0x00 taken together */
  g_assert_cmpstr(mqtt_reason_name(MQTT_PACKET_ID_IN_USE), ==, "Packet Identifier in use");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/codec-errors/fixed-header", test_fixed_header);
  g_test_add_func("/mqtt/codec-errors/connect", test_connect);
  g_test_add_func("/mqtt/codec-errors/server-packets", test_server_packets);
  g_test_add_func("/mqtt/codec-errors/publish", test_publish);
  g_test_add_func("/mqtt/codec-errors/acks", test_acks);
  g_test_add_func("/mqtt/codec-errors/subscribe", test_subscribe);
  g_test_add_func("/mqtt/codec-errors/properties", test_properties);
  g_test_add_func("/mqtt/codec-errors/unknown-properties", test_unknown_properties);
  g_test_add_func("/mqtt/codec-errors/property-ranges", test_property_ranges);
  g_test_add_func("/mqtt/codec-errors/reasons", test_reasons);
  return g_test_run();
}
