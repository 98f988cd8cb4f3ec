/* Plays tests/models/mqtt/scripts/client to the client's machine in virtual time: the script is the
 * server, and the application. Each connection has a client of its own, whose identifier is the
 * connection's letter. */
#include "models/mqtt/client.h"
#include "tests/models/mqtt/knobs.h"
#include "tests/models/mqtt/script.h"
#include "tests/models/mqtt/wire-text.h"

#include <string.h>

typedef struct {
  MqttClient *client;
  GByteArray *in, *out; /* in: not yet taken by the machine */
  GPtrArray *told;      /* of text */
  gboolean open, closed;
} Station;

typedef struct {
  gint64 now_ns;
  MqttClientConfig config;
  gboolean anonymous; /* clients have no identifier of their own */
  MqttEvents events;
  Station stations[SCRIPT_CONNS];
} Bench;

/* What the application is told */

/* As a script writes it: 'text', or hexadecimal digits where it is not plain. */
static char *
bytes_text(MqttBytes bytes)
{
  GString *hex = g_string_new(NULL);
  gboolean plain = TRUE;
  for (guint32 i = 0; i < bytes.length; i++) {
    plain &= g_ascii_isprint(bytes.data[i]);
    g_string_append_printf(hex, "%02x", bytes.data[i]);
  }
  if (plain)
    g_string_printf(hex, "'%.*s'", (int)bytes.length, bytes.data);
  return g_string_free(hex, FALSE);
}

static char *
message_text(const MqttEvent *event)
{
  g_autofree char *topic = bytes_text(event->topic), *payload = bytes_text(event->payload);
  return g_strdup_printf("message %u %s %s%s", event->qos, topic, payload,
                         event->flags & MQTT_FLAG_RETAIN ? " retain" : "");
}

static char *
told_text(const MqttEvent *event)
{
  switch (event->type) {
  case MQTT_EVENT_OPENED:
    return g_strdup(event->flags & MQTT_FLAG_SESSION ? "opened session" : "opened");
  case MQTT_EVENT_REFUSED:
    return g_strdup_printf("refused %02x", event->reason);
  case MQTT_EVENT_MESSAGE:
    return message_text(event);
  case MQTT_EVENT_SUBSCRIBED:
    return g_strdup_printf("subscribed %04x %02x", event->packet_id, event->reason);
  case MQTT_EVENT_UNSUBSCRIBED:
    return g_strdup_printf("unsubscribed %04x %02x", event->packet_id, event->reason);
  case MQTT_EVENT_TOLD:
    return event->flags & MQTT_FLAG_FAILED
               ? g_strdup_printf("failure %04x %02x", event->packet_id, event->reason)
               : g_strdup_printf("success %04x", event->packet_id);
  default:
    return NULL; /* custody: nobody's affair but the host's */
  }
}

static void
take_events(Bench *bench, Station *station)
{
  for (guint i = 0; i < bench->events.length; i++) {
    const MqttEvent *event = &bench->events.items[i];
    char *text = told_text(event);
    if (text != NULL)
      g_ptr_array_add(station->told, text);
    station->closed |= event->type == MQTT_EVENT_CLOSE;
  }
  bench->events.length = 0;
}

/* Bytes and time */

static void
pull(Bench *bench, Station *station)
{
  guint8 room[4096];
  take_events(bench, station);
  for (gsize n; station->open &&
                (n = mqtt_client_output(station->client, bench->now_ns, room, sizeof room)) > 0;) {
    /* Whatever the script makes it say, a client may say it. */
    wire_assert_packet(room, n, bench->config.version, MQTT_FROM_CLIENT);
    g_byte_array_append(station->out, room, (guint)n);
    take_events(bench, station);
  }
}

static gboolean
begin(gpointer user, char **knobs)
{
  Bench *bench = user;
  mqtt_client_config_default(&bench->config);
  bench->now_ns = 0;
  bench->anonymous = FALSE;
  for (guint i = 0; knobs[i] != NULL; i++) {
    if (strcmp(knobs[i], "anonymous=1") == 0)
      bench->anonymous = TRUE;
    else
      g_assert_true(knob_set_client(&bench->config, knobs[i]));
  }
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    guint8 letter = (guint8)('a' + i);
    bench->stations[i] = (Station){
        .client = mqtt_client_new(&bench->config, (MqttBytes){&letter, bench->anonymous ? 0 : 1},
                                  &bench->events),
        .in = g_byte_array_new(),
        .out = g_byte_array_new(),
        .told = g_ptr_array_new_with_free_func(g_free)};
  }
  return TRUE;
}

static void
end(gpointer user)
{
  Bench *bench = user;
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    Station *station = &bench->stations[i];
    mqtt_client_free(station->client);
    g_byte_array_unref(station->in);
    g_byte_array_unref(station->out);
    g_ptr_array_unref(station->told);
  }
  bench->events.length = 0;
}

static void
cut(gpointer user, guint conn)
{
  Bench *bench = user;
  Station *station = &bench->stations[conn];
  if (!station->open)
    return;
  station->open = FALSE;
  mqtt_client_closed(station->client, bench->now_ns);
  take_events(bench, station);
}

static void
open_conn(gpointer user, guint conn)
{
  Bench *bench = user;
  Station *station = &bench->stations[conn];
  cut(bench, conn);
  station->open = TRUE;
  station->closed = FALSE;
  g_byte_array_set_size(station->in, 0);
  mqtt_client_connecting(station->client, bench->now_ns);
  mqtt_client_opened(station->client, bench->now_ns);
  pull(bench, station);
}

static void
send_to(gpointer user, guint conn, const guint8 *data, gsize n)
{
  Bench *bench = user;
  Station *station = &bench->stations[conn];
  GByteArray *in = station->in;
  g_byte_array_append(in, data, (guint)n);
  while (in->len > 0 && !station->closed &&
         (n = mqtt_client_input(station->client, bench->now_ns, in->data, in->len)) > 0) {
    take_events(bench, station); /* views into what was read end with it */
    g_byte_array_remove_range(in, 0, (guint)n);
    pull(bench, station);
  }
  pull(bench, station);
}

static Station *
next_due(Bench *bench)
{
  Station *next = &bench->stations[0];
  for (guint i = 1; i < SCRIPT_CONNS; i++) {
    Station *station = &bench->stations[i];
    if (mqtt_client_deadline(station->client) < mqtt_client_deadline(next->client))
      next = station;
  }
  return next;
}

static gboolean
wait_for(gpointer user, gint64 ns)
{
  Bench *bench = user;
  gint64 until_ns = bench->now_ns + ns;
  for (Station *station; mqtt_client_deadline((station = next_due(bench))->client) <= until_ns;) {
    bench->now_ns = MAX(mqtt_client_deadline(station->client), bench->now_ns);
    mqtt_client_timeout(station->client, bench->now_ns);
    pull(bench, station);
  }
  bench->now_ns = until_ns;
  return TRUE;
}

static gboolean
receive(gpointer user, guint conn, GByteArray *into)
{
  Station *station = &((Bench *)user)->stations[conn];
  g_byte_array_append(into, station->out->data, station->out->len);
  g_byte_array_set_size(station->out, 0);
  return station->closed;
}

/* There is no store: the clients forget all. */
static void
crash(gpointer user)
{
  Bench *bench = user;
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    mqtt_client_lose_state(bench->stations[i].client, MQTT_CAUSE_STATE_LOST);
    bench->stations[i].open = FALSE;
  }
  bench->events.length = 0;
}

static void
told(gpointer user, guint conn, GPtrArray *into)
{
  Station *station = &((Bench *)user)->stations[conn];
  g_ptr_array_extend_and_steal(into, station->told);
  station->told = g_ptr_array_new_with_free_func(g_free);
}

/* Calls of the application */

/* QOS TOPIC PAYLOAD [retain] [< PROPERTIES >], by way of the PUBLISH that says the same. */
static gboolean
read_publish(const Bench *bench, const char *words, GByteArray *bytes, MqttPublish *publish)
{
  g_auto(GStrv) part = g_strsplit(words, " ", 4);
  if (g_strv_length(part) < 3)
    return FALSE;
  guint qos = (guint)(part[0][0] - '0');
  const char *rest = part[3] == NULL ? "" : part[3];
  gboolean retain = g_str_has_prefix(rest, "retain");
  g_autofree char *properties = g_strdup(rest + (retain ? strlen("retain") : 0));
  gboolean v5 = bench->config.version == MQTT_5_0;
  if (v5 && *g_strstrip(properties) == '\0') {
    g_free(properties);
    properties = g_strdup("<>");
  }
  g_autofree char *text = g_strdup_printf("3%x [ (%s) %s %s %s ]", qos << 1 | (retain ? 1 : 0),
                                          part[1], qos > 0 ? "0001" : "", properties, part[2]);
  MqttPacket packet;
  gsize size;
  guint8 reason;
  if (!script_bytes(text, bytes) ||
      mqtt_decode(bytes->data, bytes->len, bench->config.version, MQTT_FROM_CLIENT, MQTT_PACKET_MAX,
                  &packet, &size, &reason) != MQTT_DONE)
    return FALSE;
  *publish = packet.publish;
  return TRUE;
}

static gboolean
call_publish(Bench *bench, Station *station, const char *words)
{
  static const char *const results[] = {[MQTT_PUBLISH_OFFLINE] = "offline",
                                        [MQTT_PUBLISH_QUEUE_FULL] = "queue full",
                                        [MQTT_PUBLISH_TOO_LARGE] = "too large",
                                        [MQTT_PUBLISH_NOT_SUPPORTED] = "not supported"};
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  MqttPublish publish;
  if (!read_publish(bench, words, bytes, &publish))
    return FALSE;
  MqttPublishResult result = mqtt_client_publish(station->client, bench->now_ns, &publish);
  if (result != MQTT_PUBLISH_ACCEPTED)
    g_ptr_array_add(station->told, g_strdup(results[result]));
  return TRUE;
}

/* DELAY_S and then as publish. */
static gboolean
call_will(Bench *bench, Station *station, const char *words)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  char *rest;
  guint32 delay_s = (guint32)strtoul(words, &rest, 10);
  MqttPublish publish;
  if (!read_publish(bench, g_strchug(rest), bytes, &publish))
    return FALSE;
  mqtt_client_set_will(station->client, &publish, delay_s);
  return TRUE;
}

/* FILTER OPTIONS [IDENTIFIER]; UNSUBSCRIBE: FILTER. */
static gboolean
call_request(Bench *bench, Station *station, const char *words, gboolean subscribe)
{
  g_auto(GStrv) part = g_strsplit(words, " ", 3);
  guint n = g_strv_length(part);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  if (n < (subscribe ? 2 : 1) || !script_bytes(part[0], bytes))
    return FALSE;
  MqttBytes filter = {bytes->data, bytes->len};
  guint16 id = subscribe ? mqtt_client_subscribe(station->client, bench->now_ns, filter,
                                                 (guint8)strtoul(part[1], NULL, 16),
                                                 n > 2 ? (guint32)strtoul(part[2], NULL, 10) : 0)
                         : mqtt_client_unsubscribe(station->client, bench->now_ns, filter);
  if (id == 0)
    g_ptr_array_add(station->told, g_strdup("not asked"));
  return TRUE;
}

static gboolean
call(gpointer user, guint conn, const char *words)
{
  Bench *bench = user;
  Station *station = &bench->stations[conn];
  gboolean known = TRUE;
  if (g_str_has_prefix(words, "publish "))
    known = call_publish(bench, station, words + 8);
  else if (g_str_has_prefix(words, "will "))
    known = call_will(bench, station, words + 5);
  else if (g_str_has_prefix(words, "subscribe "))
    known = call_request(bench, station, words + 10, TRUE);
  else if (g_str_has_prefix(words, "unsubscribe "))
    known = call_request(bench, station, words + 12, FALSE);
  else if (g_str_has_prefix(words, "disconnect "))
    mqtt_client_disconnect(station->client, bench->now_ns, (guint8)strtoul(words + 11, NULL, 16));
  else
    known = FALSE;
  pull(bench, station);
  return known;
}

static void
test_script(gconstpointer path)
{
  Bench bench = {0};
  ScriptSubject clients = {&bench,   begin,   end,   open_conn, send_to, cut,
                           wait_for, receive, crash, call,      told};
  script_test(path, &clients);
  mqtt_events_clear(&bench.events);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  script_add_tests("/mqtt/client-scripts", "scripts/client", test_script);
  return g_test_run();
}
