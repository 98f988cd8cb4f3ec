/* Dialogues as their bytes: '>' is what this end sends, '<' what it receives. A monitor must find
 * each breach when it happens, and none in what is legal. Each is also played byte by byte. */
#include "models/mqtt/monitor.h"
#include "tests/models/mqtt/wire-text.h"
#include <stdlib.h>
#include <string.h>

/* Steps that are no bytes. */
#define CONNECTION "!"     /* a new transport */
#define CRASH "crash"      /* this end lost its state */
#define TIMERS "timers"    /* the policy that resends on timers */
#define STALE "stale"      /* the policy that ignores Session Present */
#define MAXIMUM "maximum " /* seconds for which the server keeps a session */
#define CUT "cut "         /* written in part when the transport died: all but the last byte */

/* Packets. */
#define CONNECT_5 "10 0e 0004'MQTT' 05 00 003c 00 0001'c'" /* clean start 0, expiry 0 */
#define CONNECT_5_KEEP "10 13 0004'MQTT' 05 00 003c 05 11 ffffffff 0001'c'"
#define CONNECT_5_CLEAN "10 13 0004'MQTT' 05 02 003c 05 11 ffffffff 0001'c'"
#define CONNECT_5_WINDOW_2 "10 11 0004'MQTT' 05 02 003c 03 21 0002 0001'c'"
#define CONNECT_5_SIZE_10 "10 13 0004'MQTT' 05 02 003c 05 27 0000000a 0001'c'"
#define CONNECT_3_KEEP "10 0d 0004'MQTT' 04 00 003c 0001'c'"
#define CONNECT_3_CLEAN "10 0d 0004'MQTT' 04 02 003c 0001'c'"
#define CONNACK_5 "20 03 00 00 00"
#define CONNACK_5_PRESENT "20 03 01 00 00"
#define CONNACK_5_WINDOW_2 "20 06 00 00 03 21 0002"
#define CONNACK_5_SIZE_10 "20 08 00 00 05 27 0000000a"
#define CONNACK_5_REFUSED "20 03 00 87 00"
#define CONNACK_3 "20 02 00 00"
#define CONNACK_3_PRESENT "20 02 01 00"
#define PUBLISH_1(id, payload) "32 07 0001't' 00" id " 00 '" payload "'"
#define PUBLISH_1_DUP(id, payload) "3a 07 0001't' 00" id " 00 '" payload "'"
#define PUBLISH_2(id, payload) "34 07 0001't' 00" id " 00 '" payload "'"
#define PUBLISH_2_DUP(id, payload) "3c 07 0001't' 00" id " 00 '" payload "'"
#define OLD_PUBLISH_1(id, payload) "32 06 0001't' 00" id "'" payload "'"
#define OLD_PUBLISH_1_DUP(id, payload) "3a 06 0001't' 00" id "'" payload "'"
#define OLD_PUBLISH_2(id, payload) "34 06 0001't' 00" id "'" payload "'"
#define OLD_PUBLISH_2_DUP(id, payload) "3c 06 0001't' 00" id "'" payload "'"
#define PUBLISH_0 "30 05 0001't' 00 'x'"
#define PUBACK(id) "40 02 00" id
#define PUBREC(id) "50 02 00" id
#define PUBREC_REFUSED(id) "50 03 00" id " 97"
#define PUBREL(id) "62 02 00" id
#define PUBCOMP(id) "70 02 00" id
#define SUBSCRIBE(id) "82 07 00" id " 00 0001't' 01"
#define SUBACK(id) "90 04 00" id " 00 01"
#define UNSUBSCRIBE(id) "a2 06 00" id " 00 0001't'"
#define UNSUBACK(id) "b0 04 00" id " 00 00"

/* How the two ends begin. */
#define CLIENT_5 CONNECTION, ">" CONNECT_5_KEEP, "<" CONNACK_5
#define CLIENT_5_AGAIN CONNECTION, ">" CONNECT_5_KEEP, "<" CONNACK_5_PRESENT
#define CLIENT_3 CONNECTION, ">" CONNECT_3_KEEP, "<" CONNACK_3
#define CLIENT_3_AGAIN CONNECTION, ">" CONNECT_3_KEEP, "<" CONNACK_3_PRESENT
#define SERVER_5 CONNECTION, "<" CONNECT_5_KEEP, ">" CONNACK_5
#define SERVER_5_AGAIN CONNECTION, "<" CONNECT_5_KEEP, ">" CONNACK_5_PRESENT
#define SERVER_3 CONNECTION, "<" CONNECT_3_KEEP, ">" CONNACK_3

#define STEPS 24

typedef struct {
  const char *name;
  const char *breach; /* what the last step must be called; NULL: all is legal */
  const char *steps[STEPS];
} Dialogue;

static void
play_bytes(MqttMonitor *monitor, const char *step, gboolean split)
{
  gboolean cut = g_str_has_prefix(step, CUT), out = cut || step[0] == '>';
  g_autoptr(GByteArray) wire = wire_bytes(step + (cut ? strlen(CUT) : 1));
  gsize n = cut ? wire->len - 1 : wire->len, piece = split ? 1 : MAX(n, 1);
  for (gsize at = 0; at < n; at += piece) {
    if (out)
      mqtt_monitor_sent(monitor, wire->data + at, MIN(piece, n - at));
    else
      mqtt_monitor_received(monitor, wire->data + at, MIN(piece, n - at));
  }
}

static void
play_step(MqttMonitor *monitor, const char *step, gboolean split)
{
  if (g_str_equal(step, CONNECTION))
    mqtt_monitor_connection(monitor);
  else if (g_str_equal(step, CRASH))
    mqtt_monitor_state_lost(monitor);
  else if (g_str_equal(step, TIMERS))
    mqtt_monitor_allow_timer_resend(monitor);
  else if (g_str_equal(step, STALE))
    mqtt_monitor_allow_stale_session(monitor);
  else if (g_str_has_prefix(step, MAXIMUM))
    mqtt_monitor_session_maximum(monitor, (guint32)atoi(step + strlen(MAXIMUM)));
  else
    play_bytes(monitor, step, split);
}

static void
play(const Dialogue *dialogue, MqttSender end, gboolean split)
{
  g_autoptr(MqttMonitor)monitor = mqtt_monitor_new(end);
  g_test_message("%s", dialogue->name);
  for (guint i = 0; i < STEPS && dialogue->steps[i] != NULL; i++) {
    gboolean last = i + 1 == STEPS || dialogue->steps[i + 1] == NULL;
    play_step(monitor, dialogue->steps[i], split);
    const char *breach = mqtt_monitor_breach(monitor);
    if (last && dialogue->breach != NULL) {
      g_assert_nonnull(breach);
      g_assert_nonnull(strstr(breach, dialogue->breach));
    } else {
      g_assert_cmpstr(breach, ==, NULL);
    }
  }
}

static void
play_all(const Dialogue *dialogues, gsize n, MqttSender end)
{
  for (gsize i = 0; i < n; i++) {
    play(&dialogues[i], end, FALSE);
    play(&dialogues[i], end, TRUE);
  }
}

static void
test_client_legal(void)
{
  static const Dialogue dialogues[] = {
    { "a day", NULL,
      { CLIENT_5, ">" SUBSCRIBE("01"), "<" SUBACK("01"), ">" PUBLISH_1("01", "a"),
        ">" PUBLISH_2("02", "b"), ">" PUBLISH_0, "<" PUBACK("01"), "<" PUBREC("02"),
        ">" PUBLISH_1("01", "c"), ">" PUBREL("02"), "<" PUBCOMP("02"), ">" PUBLISH_1("02", "d"),
        ">c0 00", "<d0 00", ">e0 00" } },
    { "packets before the CONNACK", NULL,
      { CONNECTION, ">" CONNECT_5_KEEP, ">" SUBSCRIBE("01"), ">" PUBLISH_1("02", "a"),
        "<" CONNACK_5, "<" SUBACK("01"), "<" PUBACK("02") } },
    { "receiver of both kinds", NULL,
      { CLIENT_5, "<" PUBLISH_1("07", "a"), "<" PUBLISH_2("08", "b"), "<" PUBLISH_1("09", "c"),
        ">" PUBREC("08"), ">" PUBACK("07"), ">" PUBACK("09"), "<" PUBREL("08"),
        ">" PUBCOMP("08") } },
    { "the same identifier in both directions", NULL,
      { CLIENT_5, ">" PUBLISH_2("07", "a"), "<" PUBLISH_2("07", "b"), ">" PUBREC("07"),
        "<" PUBREC("07"), "<" PUBREL("07"), ">" PUBREL("07"), ">" PUBCOMP("07") } },
    { "resends after a reconnection", NULL,
      { CLIENT_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_2("02", "b"), ">" PUBLISH_2("03", "c"),
        "<" PUBREC("02"), ">" PUBREL("02"), CLIENT_5_AGAIN, ">" PUBLISH_1_DUP("01", "a"),
        ">" PUBREL("02"), ">" PUBLISH_2_DUP("03", "c"), "<" PUBACK("01"), "<" PUBCOMP("02"),
        "<" PUBREC("03"), ">" PUBREL("03") } },
    { "PUBREL that was not sent before the connection died", NULL,
      { CLIENT_5, ">" PUBLISH_2("02", "b"), "<" PUBREC("02"), CLIENT_5_AGAIN, ">" PUBREL("02") } },
    { "identifiers are free after a refusal and in a new session", NULL,
      { CLIENT_5, ">" PUBLISH_2("01", "a"), "<" PUBREC_REFUSED("01"), ">" PUBLISH_2("01", "b"),
        CLIENT_5, ">" PUBLISH_2("01", "c") } },
    { "identifier of a SUBSCRIBE whose connection died", NULL,
      { CLIENT_5, ">" SUBSCRIBE("01"), CLIENT_5_AGAIN, ">" PUBLISH_1("01", "a"), "<" PUBACK("01"),
        ">" UNSUBSCRIBE("01"), "<" UNSUBACK("01") } },
    { "the window opens with each end of an exchange", NULL,
      { CONNECTION, ">" CONNECT_5_KEEP, "<" CONNACK_5_WINDOW_2, ">" PUBLISH_1("01", "a"),
        ">" PUBLISH_2("02", "b"), ">" PUBLISH_0, "<" PUBACK("01"), ">" PUBLISH_2("03", "c"),
        "<" PUBREC_REFUSED("03"), ">" PUBLISH_1("04", "d"), "<" PUBREC("02"), ">" PUBREL("02"),
        "<" PUBCOMP("02"), ">" PUBLISH_1("05", "e") } },
    { "timers where they are legal", NULL,
      { CLIENT_3, ">" OLD_PUBLISH_1("01", "a"), ">" OLD_PUBLISH_1_DUP("01", "a"),
        ">" OLD_PUBLISH_2("02", "b"), ">" OLD_PUBLISH_2_DUP("02", "b"), "<" PUBREC("02"),
        ">" PUBREL("02"), ">" PUBREL("02"), "<" PUBREC("02"), ">" PUBREL("02"),
        "<" PUBCOMP("02") } },
    { "timers as a policy", NULL,
      { TIMERS, CLIENT_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_1_DUP("01", "a"),
        "<" PUBACK("01") } },
    { "a PUBREL by timer passes the answers to what came meanwhile", NULL,
      { TIMERS, CLIENT_5, ">" PUBLISH_2("02", "b"), "<" PUBREC("02"), ">" PUBREL("02"),
        "<" PUBREC("05"), "<" PUBREC("02"), ">" PUBREL("02"), ">62 03 0005 92", ">" PUBREL("02"),
        "<" PUBCOMP("02") } },
    { "a client that ignores Session Present, 0 or 1", NULL,
      { STALE, CLIENT_5, ">" PUBLISH_1("01", "a"), CLIENT_5, ">" PUBLISH_1_DUP("01", "a"),
        CONNECTION, ">" CONNECT_3_CLEAN, "<" CONNACK_3, CLIENT_3_AGAIN,
        ">" OLD_PUBLISH_1("02", "b") } },
    { "one answer to two deliveries of the same", NULL,
      { CLIENT_3, "<" OLD_PUBLISH_1("01", "a"), "<" OLD_PUBLISH_1_DUP("01", "a"), ">" PUBACK("01"),
        "<" OLD_PUBLISH_1("02", "a"), ">" PUBACK("02") } },
    { "a PUBLISH that was cut off counts as sent", NULL,
      { CLIENT_5, CUT PUBLISH_1("01", "a"), CLIENT_5_AGAIN, ">" PUBLISH_1_DUP("01", "a") } },
    { "or as not sent", NULL,
      { CLIENT_5, CUT PUBLISH_1("01", "a"), CLIENT_5_AGAIN, ">" PUBLISH_1("01", "a") } },
    { "what came back from a store", NULL,
      { CLIENT_5, ">" PUBLISH_1("01", "a"), "<" PUBACK("01"), CRASH, CLIENT_5_AGAIN,
        ">" PUBLISH_1_DUP("01", "a"), ">" PUBREL("09") } },
    { "the answer that made the session was lost", NULL,
      { CONNECTION, ">" CONNECT_5_KEEP, CLIENT_5_AGAIN, ">" PUBLISH_0 } },
    { "a PUBREL for an exchange that is over", NULL,
      { CLIENT_5, "<" PUBREC("05"), ">62 03 0005 92" } },
  };
  play_all(dialogues, G_N_ELEMENTS(dialogues), MQTT_FROM_CLIENT);
}

static void
test_client_breaches(void)
{
  static const Dialogue dialogues[] = {
    { "no CONNECT", "before CONNECT", { CONNECTION, ">" PUBLISH_0 } },
    { "two CONNECTs", "3.1.0-2", { CLIENT_5, ">" CONNECT_5_KEEP } },
    { "after DISCONNECT", "3.14.4-1", { CLIENT_5, ">e0 00", ">c0 00" } },
    { "no packet", "no packet", { CLIENT_5, ">30 03 0000 00" } },
    { "received no packet", "received", { CLIENT_5, "<c0 00" } },
    { "identifier in use by a PUBLISH", "another message",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_1("01", "b") } },
    { "identifier in use by another QoS", "another message",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_2("01", "a") } },
    { "identifier in use by a SUBSCRIBE", "another message",
      { CLIENT_5, ">" SUBSCRIBE("01"), ">" PUBLISH_1("01", "a") } },
    { "identifier of a PUBLISH for a SUBSCRIBE", "in use",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), ">" SUBSCRIBE("01") } },
    { "identifier of a SUBSCRIBE for an UNSUBSCRIBE", "in use",
      { CLIENT_5, ">" SUBSCRIBE("01"), ">" UNSUBSCRIBE("01") } },
    { "identifier before PUBCOMP", "unfinished QoS 2",
      { CLIENT_5, ">" PUBLISH_2("01", "a"), "<" PUBREC("01"), ">" PUBREL("01"),
        ">" PUBLISH_2("01", "b") } },
    { "DUP at first", "was not sent before", { CLIENT_5, ">" PUBLISH_1_DUP("01", "a") } },
    { "DUP after PUBACK", "was not sent before",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), "<" PUBACK("01"), ">" PUBLISH_1_DUP("01", "a") } },
    { "no DUP on a resend", "without DUP",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), CLIENT_5_AGAIN, ">" PUBLISH_1("01", "a") } },
    { "another message as a resend", "another message",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), CLIENT_5_AGAIN, ">" PUBLISH_1_DUP("01", "b") } },
    { "on a timer", "4.4.0-1",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_1_DUP("01", "a") } },
    { "twice after a reconnection", "4.4.0-1",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), CLIENT_5_AGAIN, ">" PUBLISH_1_DUP("01", "a"),
        ">" PUBLISH_1_DUP("01", "a") } },
    { "PUBREL on a timer", "4.4.0-1",
      { CLIENT_5, ">" PUBLISH_2("01", "a"), "<" PUBREC("01"), ">" PUBREL("01"),
        ">" PUBREL("01") } },
    { "before the CONNACK", "known to be present",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), CONNECTION, ">" CONNECT_5_KEEP,
        ">" PUBLISH_1_DUP("01", "a") } },
    { "of a session that is gone", "was not sent before",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), CLIENT_5, ">" PUBLISH_1_DUP("01", "a") } },
    { "of a session that was thrown away", "was not sent before",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), CONNECTION, ">" CONNECT_5_CLEAN, "<" CONNACK_5,
        ">" PUBLISH_1_DUP("01", "a") } },
    { "out of order", "4.6.0-1",
      { CLIENT_5, ">" PUBLISH_1("05", "a"), ">" PUBLISH_1("04", "b"), CLIENT_5_AGAIN,
        ">" PUBLISH_1_DUP("04", "b"), ">" PUBLISH_1_DUP("05", "a") } },
    { "PUBREL without PUBLISH", "follows no PUBREC", { CLIENT_5, ">" PUBREL("01") } },
    { "PUBREL before PUBREC", "before its PUBREC",
      { CLIENT_5, ">" PUBLISH_2("01", "a"), ">" PUBREL("01") } },
    { "PUBREL after a refusal", "follows no PUBREC",
      { CLIENT_5, ">" PUBLISH_2("01", "a"), "<" PUBREC_REFUSED("01"), ">" PUBREL("01") } },
    { "PUBRELs out of order", "4.6.0-4",
      { CLIENT_5, ">" PUBLISH_2("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("02"),
        "<" PUBREC("01"), ">" PUBREL("01") } },
    { "PUBLISH after PUBREL", "4.3.3-6",
      { CLIENT_3, ">" OLD_PUBLISH_2("01", "a"), "<" PUBREC("01"), ">" PUBREL("01"),
        ">" OLD_PUBLISH_2_DUP("01", "a") } },
    { "PUBLISH after PUBREL and a reconnection", "4.3.3-6",
      { CLIENT_5, ">" PUBLISH_2("01", "a"), "<" PUBREC("01"), ">" PUBREL("01"), CLIENT_5_AGAIN,
        ">" PUBLISH_2_DUP("01", "a") } },
    { "PUBACK for nothing", "answers nothing", { CLIENT_5, ">" PUBACK("01") } },
    { "PUBACK twice", "answers nothing",
      { CLIENT_5, "<" PUBLISH_1("01", "a"), ">" PUBACK("01"), ">" PUBACK("01") } },
    { "PUBACK for QoS 2", "answers nothing",
      { CLIENT_5, "<" PUBLISH_2("01", "a"), ">" PUBACK("01") } },
    { "PUBREC for QoS 1", "answers nothing",
      { CLIENT_5, "<" PUBLISH_1("01", "a"), ">" PUBREC("01") } },
    { "PUBACK for what came on another connection", "answers nothing",
      { CLIENT_5, "<" PUBLISH_1("01", "a"), CLIENT_5_AGAIN, ">" PUBACK("01") } },
    { "PUBCOMP for nothing", "answers nothing",
      { CLIENT_5, "<" PUBLISH_2("01", "a"), ">" PUBREC("01"), ">" PUBCOMP("01") } },
    { "PUBACKs out of order", "4.6.0-2",
      { CLIENT_5, "<" PUBLISH_1("02", "a"), "<" PUBLISH_1("01", "b"), ">" PUBACK("01") } },
    { "PUBRECs out of order", "4.6.0-3",
      { CLIENT_5, "<" PUBLISH_2("02", "a"), "<" PUBLISH_2("01", "b"), ">" PUBREC("01") } },
    { "Receive Maximum", "Receive Maximum of 2",
      { CONNECTION, ">" CONNECT_5_KEEP, "<" CONNACK_5_WINDOW_2, ">" PUBLISH_1("01", "a"),
        ">" PUBLISH_2("02", "b"), "<" PUBREC("02"), ">" PUBREL("02"), ">" PUBLISH_1("03", "c") } },
    { "Receive Maximum, resent", "Receive Maximum of 2",
      { CLIENT_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_1("02", "b"), ">" PUBLISH_1("03", "c"),
        CONNECTION, ">" CONNECT_5_KEEP, "<20 06 01 00 03 21 0002", ">" PUBLISH_1_DUP("01", "a"),
        ">" PUBLISH_1_DUP("02", "b"), ">" PUBLISH_1_DUP("03", "c") } },
    { "Maximum Packet Size", "3.2.2-15",
      { CONNECTION, ">" CONNECT_5_KEEP, "<" CONNACK_5_SIZE_10, ">" PUBLISH_1("01", "a"),
        ">30 09 0001't' 00 'hello'" } },
    { "a session that this client never had", "3.2.2-4",
      { CONNECTION, ">" CONNECT_5, "<" CONNACK_5_PRESENT, ">" PUBLISH_0 } },
    { "Session Present after Clean Start", "3.2.2-2",
      { CONNECTION, ">" CONNECT_5_CLEAN, "<" CONNACK_5_PRESENT } },
  };
  play_all(dialogues, G_N_ELEMENTS(dialogues), MQTT_FROM_CLIENT);
}

static void
test_server_legal(void)
{
  static const Dialogue dialogues[] = {
    { "a day", NULL,
      { SERVER_5, "<" SUBSCRIBE("01"), ">" PUBLISH_1("01", "a"), ">" SUBACK("01"),
        "<" UNSUBSCRIBE("02"), ">" UNSUBACK("02"), "<" PUBACK("01"), "<c0 00", ">d0 00",
        "<" PUBLISH_2("09", "b"), ">" PUBREC("09"), "<" PUBREL("09"), ">" PUBCOMP("09"),
        "<" PUBREL("09"), ">" PUBCOMP("09"), ">e0 01 8b" } },
    { "a server may acknowledge in any order", NULL,
      { SERVER_5, "<" PUBLISH_1("01", "a"), "<" PUBLISH_1("02", "b"), ">40 03 0002 97",
        ">" PUBACK("01") } },
    { "resends", NULL,
      { SERVER_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("02"),
        SERVER_5_AGAIN, ">" PUBLISH_1_DUP("01", "a"), ">" PUBREL("02") } },
    { "PUBRELs in the order of PUBRECs on the next connection", NULL,
      { SERVER_5, ">" PUBLISH_2("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("02"),
        "<" PUBREC("01"), ">" PUBREL("02"), SERVER_5_AGAIN, ">" PUBREL("02"), ">" PUBREL("01") } },
    { "one that was owed, and whose PUBREC comes again behind that of another", NULL,
      { SERVER_5, ">" PUBLISH_2("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("01"),
        CONNECTION, "<" CONNECT_5_KEEP, "<" PUBREC("02"), "<" PUBREC("01"), ">" CONNACK_5_PRESENT,
        ">" PUBREL("01"), ">" PUBREL("02") } },
    { "where a PUBREC came twice, in either", NULL,
      { SERVER_5, ">" PUBLISH_2("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("02"),
        ">" PUBREL("02"), "<" PUBREC("01"), "<" PUBREC("02"), SERVER_5_AGAIN, ">" PUBREL("01"),
        ">" PUBREL("02") } },
    { "a client that starts anew", NULL,
      { SERVER_5, ">" PUBLISH_1("01", "a"), CONNECTION, "<" CONNECT_5_CLEAN, ">" CONNACK_5,
        ">" PUBLISH_1("01", "b") } },
    { "the CONNACK was cut off, the session is made", NULL,
      { CONNECTION, "<" CONNECT_5_KEEP, CUT CONNACK_5, SERVER_5_AGAIN } },
    { "a session that ends with its connection", NULL,
      { CONNECTION, "<" CONNECT_5, ">" CONNACK_5, CONNECTION, "<" CONNECT_5, ">" CONNACK_5 } },
    { "a client that shortens its session by DISCONNECT", NULL,
      { SERVER_5, "<e0 07 00 05 11 00000000", CONNECTION, "<" CONNECT_5_KEEP, ">" CONNACK_5 } },
    { "a session of 3.1.1 that the server kept for as long as it does", NULL,
      { MAXIMUM "5", SERVER_3, CONNECTION, "<" CONNECT_3_KEEP, ">" CONNACK_3 } },
    { "or not yet", NULL,
      { MAXIMUM "5", SERVER_3, CONNECTION, "<" CONNECT_3_KEEP, ">" CONNACK_3_PRESENT } },
    { "a client that prolongs its session by DISCONNECT beyond what the server keeps", NULL,
      { MAXIMUM "5", CONNECTION, "<10 13 0004'MQTT' 05 00 003c 05 11 00000005 0001'c'",
        ">" CONNACK_5, "<e0 07 00 05 11 ffffffff", CONNECTION, "<" CONNECT_5_KEEP,
        ">" CONNACK_5 } },
    { "a broker that lost everything", NULL, { SERVER_5, CRASH, SERVER_5 } },
    { "a broker that lost nothing", NULL, { SERVER_5, CRASH, SERVER_5_AGAIN } },
    { "from 3.1.1 to 5.0", NULL,
      { SERVER_3, ">" OLD_PUBLISH_1("01", "a"), SERVER_5_AGAIN, ">" PUBLISH_1_DUP("01", "a") } },
    { "enhanced authentication", NULL,
      { CONNECTION, "<10 12 0004'MQTT' 05 00 003c 04 15 0001'm' 0001'c'", ">f0 06 18 04 15 0001'm'",
        "<f0 06 18 04 15 0001'm'", ">20 07 00 00 04 15 0001'm'" } },
  };
  play_all(dialogues, G_N_ELEMENTS(dialogues), MQTT_FROM_SERVER);
}

static void
test_server_breaches(void)
{
  static const Dialogue dialogues[] = {
    { "before the CONNECT", "before CONNECT", { CONNECTION, ">" CONNACK_5 } },
    { "before the CONNACK", "before CONNACK", { CONNECTION, "<" CONNECT_5_KEEP, ">" PUBLISH_0 } },
    { "two CONNACKs", "3.2.0-2", { SERVER_5, ">" CONNACK_5 } },
    { "after a refusal", "3.2.2-7",
      { CONNECTION, "<" CONNECT_5_KEEP, ">" CONNACK_5_REFUSED, ">e0 01 87" } },
    { "after DISCONNECT", "3.14.4-1", { SERVER_5, ">e0 01 8e", ">" PUBLISH_0 } },
    { "after a crash", "after a crash", { SERVER_5, CRASH, ">" PUBLISH_0 } },
    { "SUBACK for nothing", "answers nothing", { SERVER_5, ">" SUBACK("01") } },
    { "UNSUBACK for a SUBSCRIBE", "answers nothing",
      { SERVER_5, "<" SUBSCRIBE("01"), ">" UNSUBACK("01") } },
    { "PINGRESP for nothing", "answers nothing", { SERVER_5, ">d0 00" } },
    { "PUBRELs out of order", "4.6.0-4",
      { SERVER_5, ">" PUBLISH_2("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("01"),
        "<" PUBREC("02"), ">" PUBREL("02") } },
    { "PUBRELs out of order on the next connection", "4.6.0-4",
      { SERVER_5, ">" PUBLISH_2("01", "a"), ">" PUBLISH_2("02", "b"), "<" PUBREC("02"),
        "<" PUBREC("01"), ">" PUBREL("02"), SERVER_5_AGAIN, ">" PUBREL("01"), ">" PUBREL("02") } },
    { "Receive Maximum", "Receive Maximum of 2",
      { CONNECTION, "<" CONNECT_5_WINDOW_2, ">" CONNACK_5, ">" PUBLISH_1("01", "a"),
        ">" PUBLISH_1("02", "b"), ">" PUBLISH_1("03", "c") } },
    { "Maximum Packet Size", "3.1.2-24",
      { CONNECTION, "<" CONNECT_5_SIZE_10, ">" CONNACK_5, ">30 09 0001't' 00 'hello'" } },
    { "Session Present after Clean Start", "3.2.2-2",
      { SERVER_5, CONNECTION, "<" CONNECT_5_CLEAN, ">" CONNACK_5_PRESENT } },
    { "Session Present for a stranger", "3.2.2-3",
      { CONNECTION, "<" CONNECT_5_KEEP, ">" CONNACK_5_PRESENT } },
    { "Session Present after the session's end", "3.2.2-3",
      { CONNECTION, "<" CONNECT_3_CLEAN, ">" CONNACK_3, CONNECTION, "<" CONNECT_3_KEEP,
        ">" CONNACK_3_PRESENT } },
    { "no Session Present for a session that never ends", "3.2.2-3",
      { SERVER_3, CONNECTION, "<" CONNECT_3_KEEP, ">" CONNACK_3 } },
    { "Session Present where the server keeps no sessions", "3.2.2-3",
      { MAXIMUM "0", SERVER_3, CONNECTION, "<" CONNECT_3_KEEP, ">" CONNACK_3_PRESENT } },
    { "a bound that is kept secret from a client of 5.0", "3.2.2-3",
      { MAXIMUM "5", SERVER_5, CONNECTION, "<" CONNECT_5_KEEP, ">" CONNACK_5 } },
    { "resend in a new session", "was not sent before",
      { SERVER_5, ">" PUBLISH_1("01", "a"), CONNECTION, "<" CONNECT_5_CLEAN, ">" CONNACK_5,
        ">" PUBLISH_1_DUP("01", "a") } },
    { "resend on a timer", "4.4.0-1",
      { SERVER_5, ">" PUBLISH_1("01", "a"), ">" PUBLISH_1_DUP("01", "a") } },
    { "two CONNECTs", "3.1.0-2", { SERVER_5, "<" CONNECT_5_KEEP } },
  };
  play_all(dialogues, G_N_ELEMENTS(dialogues), MQTT_FROM_SERVER);
}

/* Whoever sends a reason code that its packet has not breaks a rule, and whole runs are under the
 * monitor: table by table, each of the 256 codes. */
static void
test_reasons(void)
{
  static const struct {
    const char *statement;
    MqttSender end;
    const char *steps[STEPS];
    const char *packet;  /* @@: the code */
    const char *allowed; /* as the section's table has them, and 8c, which table 2-6 adds to 3-10 */
  } rows[] = {
    { "MQTT-3.2.2-8", MQTT_FROM_SERVER, { CONNECTION, "<" CONNECT_5_KEEP }, ">20 03 00 @@ 00",
      "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f" },
    { "MQTT-3.2.2-8, 3.1.1", MQTT_FROM_SERVER, { CONNECTION, "<" CONNECT_3_KEEP }, ">20 02 00 @@",
      "00 01 02 03 04 05" },
    { "MQTT-3.4.2-1", MQTT_FROM_SERVER, { SERVER_5, "<" PUBLISH_1("01", "a") }, ">40 03 0001 @@",
      "00 10 80 83 87 90 91 97 99" },
    { "MQTT-3.4.2-1", MQTT_FROM_CLIENT, { CLIENT_5, "<" PUBLISH_1("01", "a") }, ">40 03 0001 @@",
      "00 10 80 83 87 90 91 97 99" },
    { "MQTT-3.5.2-1", MQTT_FROM_SERVER, { SERVER_5, "<" PUBLISH_2("01", "a") }, ">50 03 0001 @@",
      "00 10 80 83 87 90 91 97 99" },
    { "MQTT-3.5.2-1", MQTT_FROM_CLIENT, { CLIENT_5, "<" PUBLISH_2("01", "a") }, ">50 03 0001 @@",
      "00 10 80 83 87 90 91 97 99" },
    { "MQTT-3.6.2-1", MQTT_FROM_SERVER, { SERVER_5, ">" PUBLISH_2("01", "a"), "<" PUBREC("01") },
      ">62 03 0001 @@", "00 92" },
    { "MQTT-3.6.2-1", MQTT_FROM_CLIENT, { CLIENT_5, ">" PUBLISH_2("01", "a"), "<" PUBREC("01") },
      ">62 03 0001 @@", "00 92" },
    { "MQTT-3.7.2-1", MQTT_FROM_SERVER, { SERVER_5, "<" PUBREL("01") }, ">70 03 0001 @@",
      "00 92" },
    { "MQTT-3.7.2-1", MQTT_FROM_CLIENT, { CLIENT_5, "<" PUBREL("01") }, ">70 03 0001 @@",
      "00 92" },
    { "MQTT-3.9.3-2", MQTT_FROM_SERVER, { SERVER_5, "<" SUBSCRIBE("01") }, ">90 04 0001 00 @@",
      "00 01 02 80 83 87 8f 91 97 9e a1 a2" },
    { "MQTT-3.11.3-2", MQTT_FROM_SERVER, { SERVER_5, "<" UNSUBSCRIBE("01") },
      ">b0 04 0001 00 @@", "00 11 80 83 87 8f 91" },
    { "MQTT-3.14.2-1", MQTT_FROM_SERVER, { SERVER_5 }, ">e0 01 @@",
      "00 04 80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2" },
    { "MQTT-3.14.2-1", MQTT_FROM_CLIENT, { CLIENT_5 }, ">e0 01 @@",
      "00 04 80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2" },
    { "MQTT-3.15.2-1", MQTT_FROM_SERVER,
      { CONNECTION, "<10 12 0004'MQTT' 05 00 003c 04 15 0001'm' 0001'c'" },
      ">f0 06 @@ 04 15 0001'm'", "00 18 19" },
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    for (guint code = 0; code < 256; code++) {
      g_autoptr(MqttMonitor)monitor = mqtt_monitor_new(rows[i].end);
      g_autofree char *step = g_strdup(rows[i].packet), *text = g_strdup_printf("%02x", code);
      memcpy(strstr(step, "@@"), text, 2);
      for (guint j = 0; j < STEPS && rows[i].steps[j] != NULL; j++)
        play_step(monitor, rows[i].steps[j], FALSE);
      play_step(monitor, step, FALSE);
      g_test_message("%s: %s", rows[i].statement, step);
      g_assert_cmpint(mqtt_monitor_breach(monitor) == NULL, ==,
                      strstr(rows[i].allowed, text) != NULL);
    }
}

/* Every identifier in flight at once, acknowledged in a scrambled order, over and over. */
static void
test_many(void)
{
  g_autoptr(MqttMonitor)monitor = mqtt_monitor_new(MQTT_FROM_CLIENT);
  static const char *const begin[] = { CLIENT_5 };
  for (guint i = 0; i < G_N_ELEMENTS(begin); i++)
    play_step(monitor, begin[i], FALSE);
  for (guint round = 0; round < 3; round++) {
    for (guint i = 0; i < 65535; i++) {
      guint id = i + 1;
      guint8 publish[] = { 0x32, 0x07, 0, 1, 't', (guint8)(id >> 8), (guint8)id, 0,
                            (guint8)round };
      mqtt_monitor_sent(monitor, publish, sizeof publish);
    }
    for (guint i = 0; i < 65535; i++) {
      guint id = (i * 7919u) % 65535 + 1; /* a prime that 65535 does not have */
      guint8 puback[] = { 0x40, 0x02, (guint8)(id >> 8), (guint8)id };
      mqtt_monitor_received(monitor, puback, sizeof puback);
    }
    g_assert_cmpstr(mqtt_monitor_breach(monitor), ==, NULL);
  }
  play_step(monitor, ">" PUBLISH_1_DUP("01", "a"), FALSE);
  g_assert_nonnull(mqtt_monitor_breach(monitor));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/monitor/client-legal", test_client_legal);
  g_test_add_func("/mqtt/monitor/client-breaches", test_client_breaches);
  g_test_add_func("/mqtt/monitor/server-legal", test_server_legal);
  g_test_add_func("/mqtt/monitor/server-breaches", test_server_breaches);
  g_test_add_func("/mqtt/monitor/reasons", test_reasons);
  g_test_add_func("/mqtt/monitor/many", test_many);
  return g_test_run();
}
