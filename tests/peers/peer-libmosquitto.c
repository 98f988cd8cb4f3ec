/* A client of libmosquitto that does what it is told: see README. One thread, unless the library is
 * to go its own ways: its own loop waits a second before it connects again, at least, and we have
 * its calls for loops of others. */
#include "tests/peers/words.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  struct mosquitto *mosq;
  gboolean leaving;
  gboolean up;
  gboolean own;      /* its defaults, and its loop in a thread */
  guint slow_s;      /* for each message */
  gboolean bursting; /* then nothing else is published */
  char *burst_topic;
  int burst_qos;
  guint burst_next, burst_count, burst_window, burst_open;
} Peer;

static void
on_connect(struct mosquitto *mosq, void *data, int code, int flags, const mosquitto_property *props)
{
  Peer *peer = data;
  (void)mosq;
  (void)props;
  peer->up = code == 0;
  if (code == 0)
    words_say("connected %d", flags & 1);
  else
    words_say("refused %d", code);
}

static void
on_disconnect(struct mosquitto *mosq, void *data, int code, const mosquitto_property *props)
{
  Peer *peer = data;
  (void)mosq;
  (void)code;
  (void)props;
  if (peer->leaving)
    words_say("disconnected");
  else if (peer->up)
    words_say("closed");
  peer->up = FALSE;
}

static void
on_subscribe(struct mosquitto *mosq, void *data, int id, int n, const int *granted,
             const mosquitto_property *props)
{
  (void)mosq;
  (void)data;
  (void)id;
  (void)n;
  (void)props;
  words_say("subscribed %d", granted[0]);
}

static void
on_unsubscribe(struct mosquitto *mosq, void *data, int id, const mosquitto_property *props)
{
  (void)mosq;
  (void)data;
  (void)id;
  (void)props;
  words_say("unsubscribed");
}

static void
on_publish(struct mosquitto *mosq, void *data, int id, int code, const mosquitto_property *props)
{
  Peer *peer = data;
  (void)mosq;
  (void)id;
  (void)props;
  if (peer->bursting)
    peer->burst_open--;
  else
    words_say(code < 0x80 ? "published" : "failed");
}

static void
say_properties(GString *line, const mosquitto_property *props)
{
  guint32 four;
  char *text = NULL, *value = NULL;
  void *data = NULL;
  guint16 size;
  if (mosquitto_property_read_int32(props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &four, false))
    g_string_append_printf(line, " expiry=%u", four);
  if (mosquitto_property_read_string(props, MQTT_PROP_CONTENT_TYPE, &text, false))
    g_string_append_printf(line, " type=%s", text);
  g_clear_pointer(&text, free);
  if (mosquitto_property_read_string(props, MQTT_PROP_RESPONSE_TOPIC, &text, false))
    g_string_append_printf(line, " reply=%s", text);
  g_clear_pointer(&text, free);
  if (mosquitto_property_read_binary(props, MQTT_PROP_CORRELATION_DATA, &data, &size, false))
    g_string_append_printf(line, " correlation=%.*s", size, (char *)data);
  free(data);
  if (mosquitto_property_read_string_pair(props, MQTT_PROP_USER_PROPERTY, &text, &value, false))
    g_string_append_printf(line, " user=%s:%s", text, value);
  free(text);
  free(value);
  if (mosquitto_property_read_varint(props, MQTT_PROP_SUBSCRIPTION_IDENTIFIER, &four, false))
    g_string_append_printf(line, " id=%u", four);
}

static void
on_message(struct mosquitto *mosq, void *data, const struct mosquitto_message *message,
           const mosquitto_property *props)
{
  const Peer *peer = data;
  (void)mosq;
  GString *line = words_message(message->topic, strlen(message->topic), message->qos,
                                message->retain, message->payload, (gsize)message->payloadlen);
  say_properties(line, props);
  words_say("%s", line->str);
  g_string_free(line, TRUE);
  if (peer->slow_s > 0)
    sleep(peer->slow_s);
}

static void
set_will(Peer *peer, char *const *words)
{
  const char *will = words_get(words, "will", NULL);
  mosquitto_property *props = NULL;
  if (will == NULL)
    return;
  g_auto(GStrv) parts = g_strsplit(will, ",", 4);
  if (words_get(words, "delay", NULL) != NULL)
    mosquitto_property_add_int32(&props, MQTT_PROP_WILL_DELAY_INTERVAL,
                                 words_number(words, "delay", 0));
  int rc = mosquitto_will_set_v5(peer->mosq, parts[0], (int)strlen(parts[3]), parts[3],
                                 atoi(parts[1]), parts[2][0] == '1', props);
  if (rc != MOSQ_ERR_SUCCESS)
    g_error("will: %s", mosquitto_strerror(rc));
}

static void
do_connect(Peer *peer, char *const *words)
{
  mosquitto_property *props = NULL;
  peer->mosq =
      mosquitto_new(words_get(words, "id", NULL), words_number(words, "clean", 1) != 0, peer);
  mosquitto_int_option(peer->mosq, MOSQ_OPT_PROTOCOL_VERSION,
                       words_number(words, "version", 4) == 5 ? MQTT_PROTOCOL_V5
                                                              : MQTT_PROTOCOL_V311);
  /* At MQTT 5 it counts a QoS 2 message again that is sent again after a reconnect, and when that
   * exceeds its maximum, 20 unless told otherwise, it closes, for ever (seen with 2.0.11 and two
   * brokers). */
  peer->own = words_have(words, "own");
  peer->slow_s = words_number(words, "slow", 0);
  if (!peer->own)
    mosquitto_int_option(peer->mosq, MOSQ_OPT_RECEIVE_MAXIMUM, 1000);
  mosquitto_connect_v5_callback_set(peer->mosq, on_connect);
  mosquitto_disconnect_v5_callback_set(peer->mosq, on_disconnect);
  mosquitto_subscribe_v5_callback_set(peer->mosq, on_subscribe);
  mosquitto_unsubscribe_v5_callback_set(peer->mosq, on_unsubscribe);
  mosquitto_publish_v5_callback_set(peer->mosq, on_publish);
  mosquitto_message_v5_callback_set(peer->mosq, on_message);
  set_will(peer, words);
  if (words_get(words, "expiry", NULL) != NULL)
    mosquitto_property_add_int32(&props, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                 words_number(words, "expiry", 0));
  int rc = mosquitto_connect_bind_v5(peer->mosq, "127.0.0.1", (int)words_number(words, "port", 0),
                                     (int)words_number(words, "keepalive", 60), NULL, props);
  if (rc != MOSQ_ERR_SUCCESS)
    g_error("connect: %s", mosquitto_strerror(rc));
  if (peer->own)
    mosquitto_loop_start(peer->mosq);
  mosquitto_property_free_all(&props);
}

static void
do_subscribe(Peer *peer, char *const *words)
{
  mosquitto_property *props = NULL;
  int options = (int)(words_number(words, "nolocal", 0) * MQTT_SUB_OPT_NO_LOCAL +
                      words_number(words, "rap", 0) * MQTT_SUB_OPT_RETAIN_AS_PUBLISHED +
                      words_number(words, "handling", 0) * MQTT_SUB_OPT_SEND_RETAIN_NEW);
  if (words_get(words, "id", NULL) != NULL)
    mosquitto_property_add_varint(&props, MQTT_PROP_SUBSCRIPTION_IDENTIFIER,
                                  words_number(words, "id", 0));
  mosquitto_subscribe_v5(peer->mosq, NULL, words[1], atoi(words[2]), options, props);
  mosquitto_property_free_all(&props);
}

/* Without a connection, what is above QoS 0 is kept until there is one, although the call says that
 * there is none (actions.c, 2.0.11). */
static void
publish(Peer *peer, const char *topic, int qos, gboolean retain, GBytes *payload,
        const mosquitto_property *props)
{
  gsize size;
  const void *bytes = g_bytes_get_data(payload, &size);
  int rc = mosquitto_publish_v5(peer->mosq, NULL, topic, (int)size, bytes, qos, retain, props);
  gboolean taken = rc == MOSQ_ERR_SUCCESS || (rc == MOSQ_ERR_NO_CONN && qos > 0);
  if (!taken && peer->own)
    words_say("not taken");
  else if (!taken)
    g_error("publish: %s", mosquitto_strerror(rc));
}

static void
do_publish(Peer *peer, char *const *words)
{
  mosquitto_property *props = NULL;
  g_autoptr(GBytes) payload = words_payload(words[4]);
  if (words_have(words, "props")) {
    mosquitto_property_add_int32(&props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, 60);
    mosquitto_property_add_string(&props, MQTT_PROP_CONTENT_TYPE, "text/plain");
    mosquitto_property_add_string(&props, MQTT_PROP_RESPONSE_TOPIC, "reply/to");
    mosquitto_property_add_binary(&props, MQTT_PROP_CORRELATION_DATA, "c0rr", 4);
    mosquitto_property_add_string_pair(&props, MQTT_PROP_USER_PROPERTY, "colour", "green");
  }
  publish(peer, words[1], atoi(words[2]), words[3][0] == '1', payload, props);
  mosquitto_property_free_all(&props);
}

static void
do_burst(Peer *peer, char *const *words)
{
  g_free(peer->burst_topic);
  peer->burst_topic = g_strdup(words[1]);
  peer->burst_qos = atoi(words[2]);
  peer->burst_count = (guint)atoi(words[3]);
  peer->burst_window = (guint)atoi(words[4]);
  peer->burst_next = 0;
  peer->bursting = TRUE;
}

/* At QoS 0 the callback comes within the call. */
static void
go_on_bursting(Peer *peer)
{
  while (peer->burst_next < peer->burst_count && peer->burst_open < peer->burst_window) {
    g_autofree char *topic = words_topic(peer->burst_topic, peer->burst_next);
    g_autofree char *number = g_strdup_printf("%u", peer->burst_next);
    g_autoptr(GBytes) payload = g_bytes_new(number, strlen(number));
    peer->burst_next++;
    peer->burst_open++;
    publish(peer, topic, peer->burst_qos, FALSE, payload, NULL);
  }
  if (peer->burst_next == peer->burst_count && peer->burst_open == 0) {
    peer->bursting = FALSE;
    words_say("done");
  }
}

static void
obey(gpointer user, const char *line)
{
  Peer *peer = user;
  g_auto(GStrv) words = g_strsplit(line, " ", -1);
  if (strcmp(words[0], "connect") == 0) {
    words_say("connecting");
    do_connect(peer, words);
  } else if (strcmp(words[0], "subscribe") == 0)
    do_subscribe(peer, words);
  else if (strcmp(words[0], "unsubscribe") == 0)
    mosquitto_unsubscribe(peer->mosq, NULL, words[1]);
  else if (strcmp(words[0], "publish") == 0)
    do_publish(peer, words);
  else if (strcmp(words[0], "burst") == 0)
    do_burst(peer, words);
  else if (strcmp(words[0], "disconnect") == 0) {
    peer->leaving = TRUE;
    mosquitto_disconnect(peer->mosq);
  } else
    g_error("do not understand: %s", line);
}

static void
work(Peer *peer, short ready)
{
  if (ready & (POLLIN | POLLHUP | POLLERR))
    mosquitto_loop_read(peer->mosq, 1);
  if (peer->bursting)
    go_on_bursting(peer);
  if (mosquitto_want_write(peer->mosq))
    mosquitto_loop_write(peer->mosq, 1);
  mosquitto_loop_misc(peer->mosq);
  if (mosquitto_socket(peer->mosq) < 0 && !peer->leaving)
    mosquitto_reconnect(peer->mosq);
}

int
main(int argc, char **argv)
{
  Peer peer = {0};
  g_autoptr(GString) partial = g_string_new(NULL);
  int major, minor, revision;
  mosquitto_lib_init();
  mosquitto_lib_version(&major, &minor, &revision);
  if (argc > 1 && strcmp(argv[1], "--version") == 0)
    return printf("libmosquitto %d.%d.%d\n", major, minor, revision) < 0;
  for (;;) {
    int fd = peer.mosq != NULL && !peer.own ? mosquitto_socket(peer.mosq) : -1;
    short events = POLLIN;
    if (fd >= 0 && mosquitto_want_write(peer.mosq))
      events |= POLLOUT;
    struct pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {fd, events, 0}};
    poll(polled, 2, 50);
    if (polled[0].revents != 0 && !words_hear(partial, obey, &peer))
      break;
    if (peer.mosq != NULL && !peer.own)
      work(&peer, mosquitto_socket(peer.mosq) == fd ? polled[1].revents : 0);
  }
  if (peer.own)
    _exit(0); /* its thread may sleep for long */
  if (peer.mosq != NULL)
    mosquitto_destroy(peer.mosq);
  g_free(peer.burst_topic);
  mosquitto_lib_cleanup();
  return 0;
}
