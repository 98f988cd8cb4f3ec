/* What real libraries do otherwise: each quirk in a dialogue, beside the same dialogue without it.
 * Steps and what follows from them are words, separated by semicolons. */
#include "models/mqtt/client.h"
#include "models/mqtt/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The client takes two in flight and announces a Receive Maximum of 4. Steps:
 *
 *   connect, with the words present, clean, rm=N (Receive Maximum), ka=N (Server Keep Alive)
 *   early QOS      connect, and publish before CONNACK comes
 *   ahead QOS      publish while the transport opens; no CONNACK comes
 *   refuse         a connection, with 0x88
 *   publish QOS [retain]
 *   give ID TEXT   PUBLISH of QoS 2
 *   PUBACK, PUBREC, PUBREL, PUBCOMP ID [REASON], DISCONNECT, garbage
 *   cut            the connection
 *
 * A step that is not a packet answers nothing. What comes of them: packets with identifier and what
 * else they say; told, failed; hears TEXT; close, for ever. */
typedef struct {
  const char *name;
  guint quirk;
  const char *steps, *with, *without;
} Case;

static const Case cases[] = {
    {"receive-maximum-replaces", MQTT_CLIENT_RECEIVE_MAXIMUM_REPLACES,
     "connect rm=3; publish 1; publish 1; publish 1; publish 1; cut; connect present",
     "PUBLISH 1; PUBLISH 2; PUBLISH 3; PUBLISH 1 DUP; PUBLISH 2 DUP; PUBLISH 3 DUP",
     "PUBLISH 1; PUBLISH 2; PUBLISH 1 DUP; PUBLISH 2 DUP"},
    {"ignores-connack", MQTT_CLIENT_IGNORES_CONNACK, "connect rm=1 ka=7; publish 1; publish 1",
     "PUBLISH 1; PUBLISH 2; keep alive 60", "PUBLISH 1; keep alive 7"},
    {"queue-passes-window", MQTT_CLIENT_QUEUE_PASSES_WINDOW,
     "publish 1; publish 1; publish 1; connect; publish 1; PUBACK 1; PUBACK 2",
     "PUBLISH 1; PUBLISH 2; PUBLISH 3; told; told; PUBLISH 4",
     "PUBLISH 1; PUBLISH 2; told; PUBLISH 3; told; PUBLISH 4"},
    {"pubrel-widens-window", MQTT_CLIENT_PUBREL_WIDENS_WINDOW,
     "connect; publish 1; publish 1; publish 1; give 5 in; PUBREL 5; PUBREL 6",
     "PUBLISH 1; PUBLISH 2; PUBREC 5; hears in; PUBCOMP 5; PUBLISH 3; PUBCOMP 6 0x92",
     "PUBLISH 1; PUBLISH 2; PUBREC 5; hears in; PUBCOMP 5; PUBCOMP 6 0x92"},
    {"dup-at-reconnect", MQTT_CLIENT_DUP_AT_RECONNECT,
     "publish 1; publish 2; publish 1; connect; PUBACK 1; publish 0",
     "PUBLISH 1 DUP; PUBLISH 2 DUP; told; PUBLISH 3; PUBLISH 0",
     "PUBLISH 1; PUBLISH 2; told; PUBLISH 3; PUBLISH 0"},
    {"refusal-is-success", MQTT_CLIENT_REFUSAL_IS_SUCCESS,
     "connect; publish 1; PUBACK 1 0x87; publish 2; PUBREC 2 0x87; PUBCOMP 2 0x92",
     "PUBLISH 1; told; PUBLISH 2; PUBREL 2; told", "PUBLISH 1; failed; PUBLISH 2; failed"},
    {"drops-unknown-pubrec", MQTT_CLIENT_DROPS_UNKNOWN_PUBREC, "connect; PUBREC 9; PUBREL 9",
     "PUBCOMP 9 0x92", "PUBREL 9 0x92; PUBCOMP 9 0x92"},
    {"unknown-id-unsaid", MQTT_CLIENT_UNKNOWN_ID_UNSAID, "connect; PUBREC 9; PUBREL 9",
     "PUBREL 9; PUBCOMP 9", "PUBREL 9 0x92; PUBCOMP 9 0x92"},
    {"error-is-final/disconnect", MQTT_CLIENT_ERROR_IS_FINAL, "connect; DISCONNECT",
     "close; for ever", "close"},
    {"error-is-final/refused", MQTT_CLIENT_ERROR_IS_FINAL, "refuse", "close; for ever", "close"},
    {"error-is-final/garbage", MQTT_CLIENT_ERROR_IS_FINAL, "connect; garbage",
     "DISCONNECT 0x81; close; for ever", "DISCONNECT 0x81; close"},
    {"error-is-final/cut", MQTT_CLIENT_ERROR_IS_FINAL, "connect; cut; connect; publish 0",
     "PUBLISH 0", "PUBLISH 0"},
    {"closes-silently", MQTT_CLIENT_CLOSES_SILENTLY, "connect; garbage", "close",
     "DISCONNECT 0x81; close"},
    {"keeps-each-copy", MQTT_CLIENT_KEEPS_EACH_COPY,
     "connect; give 5 one; give 5 one; PUBREL 5; give 5 two; PUBREL 5; PUBREL 5",
     "PUBREC 5; PUBREC 5; hears one; PUBCOMP 5; PUBREC 5; hears one; PUBCOMP 5; hears two; "
     "PUBCOMP 5",
     "PUBREC 5; PUBREC 5; hears one; PUBCOMP 5; PUBREC 5; hears two; PUBCOMP 5; PUBCOMP 5 0x92"},
    {"keeps-each-copy/receive-maximum", MQTT_CLIENT_KEEPS_EACH_COPY,
     "connect; give 5 one; give 5 one; cut; connect present; give 5 one; give 5 one; give 5 one",
     "PUBREC 5; PUBREC 5; PUBREC 5; PUBREC 5; DISCONNECT 0x93; close",
     "PUBREC 5; PUBREC 5; PUBREC 5; PUBREC 5; PUBREC 5"},
    {"last-copy-counts", MQTT_CLIENT_LAST_COPY_COUNTS,
     "connect; give 5 one; give 5 two; PUBREL 5; PUBREL 5",
     "PUBREC 5; PUBREC 5; hears two; PUBCOMP 5; PUBCOMP 5 0x92",
     "PUBREC 5; PUBREC 5; hears one; PUBCOMP 5; PUBCOMP 5 0x92"},
    {"last-copy-counts/session-lost", MQTT_CLIENT_LAST_COPY_COUNTS,
     "connect; give 5 one; cut; connect; PUBREL 5", "PUBREC 5; hears one; PUBCOMP 5",
     "PUBREC 5; PUBCOMP 5 0x92"},
    {"begins-again", MQTT_CLIENT_BEGINS_AGAIN,
     "connect clean; publish 2; PUBREC 1; cut; connect clean; PUBREC 1; PUBCOMP 1",
     "PUBLISH 1; PUBREL 1; PUBLISH 1 DUP; PUBREL 1; told",
     "PUBLISH 1; PUBREL 1; PUBREL 1; PUBREL 1; told"},
    {"begins-again/retain", MQTT_CLIENT_BEGINS_AGAIN,
     "connect clean; publish 2 retain; PUBREC 1; PUBREC 1; cut; connect clean",
     "PUBLISH 1 RETAIN; PUBREL 1; PUBREL 1; PUBLISH 1 DUP RETAIN",
     "PUBLISH 1 RETAIN; PUBREL 1; PUBREL 1; PUBREL 1"},
    {"begins-again/not-clean", MQTT_CLIENT_BEGINS_AGAIN,
     "connect; publish 2; PUBREC 1; cut; connect present; PUBCOMP 1",
     "PUBLISH 1; PUBREL 1; PUBREL 1; told", "PUBLISH 1; PUBREL 1; PUBREL 1; told"},
    {"hasty-qos0", MQTT_CLIENT_HASTY_QOS0, "early 0; publish 0", "PUBLISH 0; CONNACK; PUBLISH 0",
     "refused; CONNACK; PUBLISH 0"},
    {"hasty-qos0/qos1", MQTT_CLIENT_HASTY_QOS0, "publish 2; early 1; PUBREC 1; cut; early 0",
     "CONNACK; PUBLISH 1; PUBLISH 2; PUBREL 1; PUBLISH 0; CONNACK; PUBREL 1; PUBLISH 2 DUP",
     "CONNACK; PUBLISH 1; PUBLISH 2; PUBREL 1; refused; CONNACK; PUBREL 1; PUBLISH 2 DUP"},
    {"ahead-of-connect", MQTT_CLIENT_AHEAD_OF_CONNECT, "ahead 0; cut; connect; publish 0",
     "PUBLISH 0; CONNECT; CONNECT; PUBLISH 0", "refused; CONNECT; CONNECT; PUBLISH 0"},
    {"ahead-of-connect/qos1", MQTT_CLIENT_AHEAD_OF_CONNECT,
     "publish 1; ahead 1; cut; ahead 1; cut; connect",
     "PUBLISH 2; CONNECT; CONNECT; CONNECT; PUBLISH 1; PUBLISH 2",
     "CONNECT; CONNECT; CONNECT; PUBLISH 1; PUBLISH 2"},
    {"ahead-of-connect/early", MQTT_CLIENT_AHEAD_OF_CONNECT,
     "early 1; publish 1; publish 1; PUBACK 1", "PUBLISH 1; CONNACK; PUBLISH 2; told; PUBLISH 3",
     "CONNACK; PUBLISH 1; PUBLISH 2; told; PUBLISH 3"},
    {"ahead-of-connect/early-beside-old",
     MQTT_CLIENT_AHEAD_OF_CONNECT | MQTT_CLIENT_DUP_AT_RECONNECT,
     "publish 1; early 2; publish 1; PUBREC 2; PUBCOMP 2; PUBACK 1",
     "PUBLISH 2; CONNACK; PUBLISH 1 DUP; PUBREL 2; told; PUBLISH 3; told",
     "CONNACK; PUBLISH 1; PUBLISH 2; PUBREL 2; told; PUBLISH 3; told"},
    {"ahead-of-connect/early-no-room", MQTT_CLIENT_AHEAD_OF_CONNECT,
     "publish 1; publish 1; early 1; PUBACK 1", "CONNACK; PUBLISH 1; PUBLISH 2; told; PUBLISH 3",
     "CONNACK; PUBLISH 1; PUBLISH 2; told; PUBLISH 3"},
    {"ahead-of-connect/early-again", MQTT_CLIENT_AHEAD_OF_CONNECT,
     "early 1; cut; early 1; PUBACK 1",
     "PUBLISH 1; CONNACK; PUBLISH 2; CONNACK; PUBLISH 1 DUP; told",
     "CONNACK; PUBLISH 1; CONNACK; PUBLISH 1 DUP; PUBLISH 2; told"},
};

typedef struct {
  MqttClientConfig config;
  MqttEvents events;
  MqttClient *client;
  gint64 now_ns;
  gint64 copies; /* that the machine holds, by its own account */
  gboolean shows_connect;
  GString *found;
} Solo;

static void G_GNUC_PRINTF(2, 3) note(Solo *solo, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_string_append(solo->found, solo->found->len > 0 ? "; " : "");
  g_string_append_vprintf(solo->found, format, args);
  va_end(args);
}

static void
note_event(Solo *solo, const MqttEvent *event)
{
  gboolean told = event->type == MQTT_EVENT_TOLD;
  solo->copies += event->type == MQTT_EVENT_COPY;
  solo->copies -= event->type == MQTT_EVENT_GONE || (told && event->flags & MQTT_FLAG_GONE);
  if (told)
    note(solo, event->flags & MQTT_FLAG_FAILED ? "failed" : "told");
  else if (event->type == MQTT_EVENT_MESSAGE)
    note(solo, "hears %.*s", (int)event->payload.length, (const char *)event->payload.data);
  else if (event->type == MQTT_EVENT_CLOSE)
    note(solo, mqtt_client_gave_up(solo->client) ? "close; for ever" : "close");
}

static void
note_packet(Solo *solo, const MqttPacket *packet)
{
  const char *name = mqtt_packet_name(packet->type);
  if (packet->type == MQTT_CONNECT && !solo->shows_connect)
    return;
  if (packet->type == MQTT_PUBLISH)
    note(solo, "PUBLISH %d%s%s", packet->publish.packet_id, packet->publish.dup ? " DUP" : "",
         packet->publish.retain ? " RETAIN" : "");
  else if (packet->type == MQTT_DISCONNECT)
    note(solo, "DISCONNECT 0x%02x", packet->disconnect.reason);
  else if (packet->type == MQTT_CONNECT)
    note(solo, "CONNECT");
  else if (packet->ack.reason != 0)
    note(solo, "%s %d 0x%02x", name, packet->ack.packet_id, packet->ack.reason);
  else
    note(solo, "%s %d", name, packet->ack.packet_id);
}

static void
drain(Solo *solo)
{
  guint8 bytes[1024], reason;
  gsize n, size;
  do {
    for (guint i = 0; i < solo->events.length; i++)
      note_event(solo, &solo->events.items[i]);
    solo->events.length = 0;
    n = mqtt_client_output(solo->client, solo->now_ns, bytes, sizeof bytes);
    MqttPacket packet;
    if (n > 0) {
      g_assert_cmpint(mqtt_decode(bytes, n, solo->config.version, MQTT_FROM_CLIENT, MQTT_PACKET_MAX,
                                  &packet, &size, &reason),
                      ==, MQTT_DONE);
      note_packet(solo, &packet);
    }
  } while (n > 0 || solo->events.length > 0);
}

static void
give(Solo *solo, const MqttPacket *packet)
{
  guint8 bytes[256];
  gsize n = mqtt_encode(packet, solo->config.version, bytes, sizeof bytes);
  g_assert_cmpuint(n, >, 0);
  mqtt_client_input(solo->client, solo->now_ns, bytes, n);
}

static void
publish_if_taken(Solo *solo, guint8 qos)
{
  MqttPublish p = {.qos = qos, .topic = MQTT_BYTES("t"), .payload = MQTT_BYTES("12345678")};
  if (mqtt_client_publish(solo->client, solo->now_ns, &p) != MQTT_PUBLISH_ACCEPTED)
    note(solo, "refused");
  else
    solo->copies++;
  drain(solo);
}

static void
connect_as(Solo *solo, char **words, guint8 reason)
{
  const char *early = words[0] != NULL && g_str_equal(words[0], "early") ? words[1] : NULL;
  MqttPacket packet = {.type = MQTT_CONNACK, .connack = {.reason = reason}};
  MqttProperties *p = &packet.connack.properties;
  for (; *words != NULL; words++) {
    if (g_str_equal(*words, "present"))
      packet.connack.session_present = TRUE;
    if (g_str_has_prefix(*words, "rm=")) {
      p->present |= G_GUINT64_CONSTANT(1) << MQTT_PROP_RECEIVE_MAXIMUM;
      p->receive_maximum = (guint16)atoi(*words + 3);
    }
    if (g_str_has_prefix(*words, "ka=")) {
      p->present |= G_GUINT64_CONSTANT(1) << MQTT_PROP_SERVER_KEEP_ALIVE;
      p->server_keep_alive_s = (guint16)atoi(*words + 3);
    }
  }
  mqtt_client_connecting(solo->client, solo->now_ns);
  mqtt_client_opened(solo->client, solo->now_ns);
  drain(solo);
  if (early != NULL) {
    publish_if_taken(solo, (guint8)atoi(early));
    note(solo, "CONNACK");
  }
  give(solo, &packet);
}

static void
open_ahead(Solo *solo, guint8 qos)
{
  mqtt_client_connecting(solo->client, solo->now_ns);
  publish_if_taken(solo, qos);
  mqtt_client_opened(solo->client, solo->now_ns);
}

static void
publish(Solo *solo, guint8 qos, gboolean retain)
{
  MqttPublish p = {
      .qos = qos, .retain = retain, .topic = MQTT_BYTES("t"), .payload = MQTT_BYTES("12345678")};
  g_assert_cmpint(mqtt_client_publish(solo->client, solo->now_ns, &p), ==, MQTT_PUBLISH_ACCEPTED);
  solo->copies++;
}

static void
give_message(Solo *solo, const char *id, const char *text)
{
  give(solo, &(MqttPacket){.type = MQTT_PUBLISH,
                           .publish = {.qos = 2,
                                       .packet_id = (guint16)atoi(id),
                                       .topic = MQTT_BYTES("t"),
                                       .payload = {(const guint8 *)text, (guint32)strlen(text)}}});
}

static void
give_ack(Solo *solo, char **words)
{
  for (MqttPacketType type = MQTT_PUBACK; type <= MQTT_PUBCOMP; type++)
    if (g_str_equal(words[0], mqtt_packet_name(type))) {
      guint8 reason = words[2] != NULL ? (guint8)strtoul(words[2], NULL, 16) : 0;
      give(solo, &(MqttPacket){.type = type,
                               .ack = {.packet_id = (guint16)atoi(words[1]), .reason = reason}});
      return;
    }
  g_error("no such step: %s", words[0]);
}

static void
do_step(Solo *solo, const char *step)
{
  static const guint8 garbage[] = {0xf, 0};
  g_auto(GStrv) words = g_strsplit(step, " ", -1);
  const char *what = words[0];
  solo->now_ns++;
  if (g_str_equal(what, "connect") || g_str_equal(what, "early"))
    connect_as(solo, words, MQTT_SUCCESS);
  else if (g_str_equal(what, "ahead"))
    open_ahead(solo, (guint8)atoi(words[1]));
  else if (g_str_equal(what, "refuse"))
    connect_as(solo, words, MQTT_SERVER_UNAVAILABLE);
  else if (g_str_equal(what, "publish"))
    publish(solo, (guint8)atoi(words[1]), words[2] != NULL);
  else if (g_str_equal(what, "give"))
    give_message(solo, words[1], words[2]);
  else if (g_str_equal(what, "cut"))
    mqtt_client_closed(solo->client, solo->now_ns);
  else if (g_str_equal(what, "DISCONNECT"))
    give(solo, &(MqttPacket){.type = MQTT_DISCONNECT, .disconnect = {.reason = 0x8b}});
  else if (g_str_equal(what, "garbage"))
    mqtt_client_input(solo->client, solo->now_ns, garbage, sizeof garbage);
  else
    give_ack(solo, words);
  drain(solo);
}

static void
play(const Case *test, guint quirks, const char *expected)
{
  g_auto(GStrv) steps = g_strsplit(test->steps, "; ", -1);
  gboolean clean = strstr(test->steps, "clean") != NULL;
  Solo solo = {.shows_connect = strstr(test->steps, "ahead") != NULL, .found = g_string_new(NULL)};
  mqtt_client_config_default(&solo.config);
  solo.config.inflight = 2;
  solo.config.receive_maximum = 4;
  solo.config.clean_start = clean ? MQTT_CLEAN_YES : MQTT_CLEAN_NO;
  solo.config.session_expiry_s = 100;
  solo.config.session_present = MQTT_SESSION_IGNORE;
  solo.config.qos2_receiver = MQTT_QOS2_ON_PUBREL;
  solo.config.quirks = (guint16)quirks;
  solo.client = mqtt_client_new(&solo.config, MQTT_BYTES("me"), &solo.events);
  for (guint i = 0; steps[i] != NULL; i++)
    do_step(&solo, steps[i]);
  if (strstr(test->steps, "ka=") != NULL)
    note(&solo, "keep alive %d",
         (int)(mqtt_client_deadline(solo.client) / G_GINT64_CONSTANT(1000000000)));
  g_assert_cmpstr(solo.found->str, ==, expected);
  mqtt_client_lose_state(solo.client, MQTT_CAUSE_STATE_LOST);
  drain(&solo);
  g_assert_cmpint(solo.copies, ==, 0);
  mqtt_client_free(solo.client);
  mqtt_events_clear(&solo.events);
  g_string_free(solo.found, TRUE);
}

static void
test_case(gconstpointer data)
{
  const Case *test = data;
  play(test, test->quirk, test->with);
  play(test, 0, test->without);
}

#define MS G_GINT64_CONSTANT(1000000)
#define SILENCE_MS 5300 /* when the last answer comes */

/* Publishes twice a second at QoS 1, 20 in flight at most, keep alive 5 s; each is answered after
 * 300 ms, until the server falls silent. When PINGREQ is written and when the client closes. */
static void
doze(guint quirks, gint64 clock_ms, gint64 *ping_ms, gint64 *close_ms)
{
  Solo solo = {.found = g_string_new(NULL)};
  mqtt_client_config_default(&solo.config);
  solo.config.inflight = 20;
  solo.config.keep_alive_s = 5;
  solo.config.ping_timeout_ns = 5000 * MS;
  solo.config.ping_when = MQTT_PING_EITHER;
  solo.config.quirks = (guint16)quirks;
  solo.client = mqtt_client_new(&solo.config, MQTT_BYTES("me"), &solo.events);
  mqtt_client_set_clock(solo.client, clock_ms * MS);
  connect_as(&solo, (char *[]){NULL}, MQTT_SUCCESS);
  drain(&solo);
  *ping_ms = *close_ms = 0;
  for (gint64 ms = 0; *close_ms == 0 && ms < 60000; ms++) {
    solo.now_ns = ms * MS;
    if (ms % 500 == 0)
      publish(&solo, 1, FALSE);
    if (ms % 500 == 300 && ms <= SILENCE_MS)
      give(&solo, &(MqttPacket){.type = MQTT_PUBACK, .ack = {(guint16)(ms / 500 + 1), 0}});
    drain(&solo);
    while (mqtt_client_deadline(solo.client) <= solo.now_ns) {
      mqtt_client_timeout(solo.client, solo.now_ns);
      drain(&solo);
    }
    if (*ping_ms == 0 && strstr(solo.found->str, "PINGREQ") != NULL)
      *ping_ms = ms;
    if (strstr(solo.found->str, "close") != NULL)
      *close_ms = ms;
  }
  mqtt_client_free(solo.client);
  mqtt_events_clear(&solo.events);
  g_string_free(solo.found, TRUE);
}

/* What libmosquitto 2.0.11 was seen to do, by the fraction of its clock's second in which the last
 * answer came: it looks when it publishes, and the last that the window lets through is 9.7 s after
 * that answer. If that is too early to close, it sleeps for a whole keep alive. */
static void
test_dozes(void)
{
  static const struct {
    gint64 fraction_ms, ping_ms, close_ms; /* the latter two after the last answer */
  } seen[] = {{169, 5200, 14700}, {281, 5200, 14700}, {391, 4700, 9700}, {508, 4700, 9700},
              {619, 4700, 9700},  {729, 4700, 9700},  {840, 4200, 9200}, {953, 4200, 9200}};
  gint64 ping_ms, close_ms;
  for (guint i = 0; i < G_N_ELEMENTS(seen); i++) {
    doze(MQTT_CLIENT_DOZES, 10000 - SILENCE_MS + seen[i].fraction_ms, &ping_ms, &close_ms);
    g_assert_cmpint(ping_ms - SILENCE_MS, ==, seen[i].ping_ms);
    g_assert_cmpint(close_ms - SILENCE_MS, ==, seen[i].close_ms);
  }
  doze(0, 0, &ping_ms, &close_ms);
  g_assert_cmpint(ping_ms - SILENCE_MS, ==, 5000);
  g_assert_cmpint(close_ms - SILENCE_MS, ==, 10000);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/client-quirks/dozes", test_dozes);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/mqtt/client-quirks/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  return g_test_run();
}
