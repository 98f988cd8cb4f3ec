/* The client machine of the simulator on a socket, configured by a profile; does what it is told:
 * see README. What the world's host of a client does, it does in real time. */
#define _GNU_SOURCE
#include "tests/peers/words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "models/profiles/profiles.h"
#include "models/spec/spec_model.h"
#include "tests/models/spec/values.h"

#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define NS_PER_MS 1000000

typedef struct {
  Scenario *scenario;
  MqttClientConfig config;
  Backoff backoff;
  MqttEvents events;
  MqttClient *mqtt; /* NULL: not told to connect yet */
  int fd;           /* -1: none */
  guint16 port;
  gboolean opened, up, leaving, closing;
  guint slow_s;    /* for each message, in which nothing else is done */
  gint64 retry_ns; /* when it connects again; MQTT_NEVER */
  gint64 up_since_ns;
  guint attempts;
  GByteArray *in;
} Peer;

static gint64
now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* ---- profile ---- */

static Section *
read_profile(Scenario *scenario, const char *name)
{
  g_autofree char *head = g_strdup_printf("[client %s]", name);
  g_auto(GStrv) lines = g_strsplit(profiles_text("client"), "\n", -1);
  Section *section = values_section(scenario, spec_kind(spec_model_kinds, "client"), name);
  guint i = 0;
  while (lines[i] != NULL && strcmp(lines[i], head) != 0)
    i++;
  if (lines[i] == NULL)
    g_error("no profile %s", name);
  for (i++; lines[i] != NULL && lines[i][0] != '['; i++) {
    char *equals = strchr(lines[i], '='), *source = strstr(lines[i], " # src: ");
    if (lines[i][0] == '#' || equals == NULL || source == NULL)
      continue;
    *equals = *source = '\0';
    values_set(section, g_strstrip(lines[i]), g_strstrip(equals + 1));
  }
  return section;
}

static void
set_seconds(Section *section, const char *key, char *const *words, const char *word)
{
  const char *value = words_get(words, word, NULL);
  g_autofree char *text = value != NULL ? g_strdup_printf("%ss", value) : NULL;
  if (text != NULL)
    values_set(section, key, text);
}

/* ---- the transport ---- */

static void
open_transport(Peer *peer)
{
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(peer->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  peer->retry_ns = MQTT_NEVER;
  peer->opened = peer->closing = FALSE;
  peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  mqtt_client_connecting(peer->mqtt, now());
  if (connect(peer->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    peer->closing = TRUE;
}

static void
leave_transport(Peer *peer)
{
  RandomStream stream = random_stream(1, 1, "peer", "reconnect");
  close(peer->fd);
  peer->fd = -1;
  g_byte_array_set_size(peer->in, 0);
  mqtt_client_closed(peer->mqtt, now());
  if (peer->leaving)
    words_say("disconnected");
  else if (peer->up)
    words_say("closed");
  if (peer->up && now() - peer->up_since_ns >= peer->backoff.reset_ns)
    peer->attempts = 0;
  peer->up = FALSE;
  if (peer->leaving || mqtt_client_gave_up(peer->mqtt))
    return;
  gint64 delay_ns = backoff_delay_ns(&peer->backoff, peer->attempts++, &stream, 0);
  peer->retry_ns = now() + delay_ns;
}

/* ---- what the machine says ---- */

static void
say_message(const MqttEvent *event)
{
  g_autoptr(GString) line = words_message((const char *)event->topic.data, event->topic.length,
                                          event->qos, (event->flags & MQTT_FLAG_RETAIN) != 0,
                                          event->payload.data, event->payload.length);
  words_say("%s", line->str);
}

static void
hear(Peer *peer, const MqttEvent *event)
{
  switch ((MqttEventType)event->type) {
  case MQTT_EVENT_OPENED:
    peer->up = TRUE;
    peer->up_since_ns = now();
    words_say("connected %d", (event->flags & MQTT_FLAG_SESSION) != 0);
    break;
  case MQTT_EVENT_REFUSED:
    words_say("refused %d", event->reason);
    break;
  case MQTT_EVENT_CLOSE:
    peer->closing = TRUE;
    break;
  case MQTT_EVENT_MESSAGE:
    say_message(event);
    sleep(peer->slow_s);
    break;
  case MQTT_EVENT_SUBSCRIBED:
    words_say("subscribed %d", event->reason);
    break;
  case MQTT_EVENT_TOLD:
    words_say(event->flags & MQTT_FLAG_FAILED ? "failed" : "published");
    break;
  case MQTT_EVENT_SENT:
    if (event->qos == 0)
      words_say("published");
    break;
  default:
    break;
  }
}

static void
hear_all(Peer *peer)
{
  for (guint i = 0; i < peer->events.length; i++)
    hear(peer, &peer->events.items[i]);
  peer->events.length = 0;
}

/* ---- orders ---- */

static void
do_connect(Peer *peer, char *const *words)
{
  Section *section = read_profile(peer->scenario, words_get(words, "profile", "spec"));
  gboolean five = words_number(words, "version", 4) == 5;
  const char *clean = words_number(words, "clean", 1) != 0 ? "yes" : "no";
  values_set(section, "protocol", five ? "mqtt5" : "mqtt311");
  values_set(section, "clean_start", words_get(words, "clean_start", clean));
  set_seconds(section, "session_expiry", words, "expiry");
  set_seconds(section, "keep_alive", words, "keepalive");
  spec_client(section, &peer->config);
  spec_reconnect(section, &peer->backoff);
  peer->port = (guint16)words_number(words, "port", 0);
  peer->slow_s = words_number(words, "slow", 0);
  const char *id = words_get(words, "id", "");
  peer->mqtt = mqtt_client_new(&peer->config, (MqttBytes){(const guint8 *)id, (guint32)strlen(id)},
                               &peer->events);
  open_transport(peer);
}

static MqttBytes
bytes_of(const char *text)
{
  return (MqttBytes){(const guint8 *)text, (guint32)strlen(text)};
}

static void
do_publish(Peer *peer, char *const *words)
{
  g_autoptr(GBytes) payload = words_payload(words[4]);
  gsize size;
  const guint8 *data = g_bytes_get_data(payload, &size);
  MqttPublish publish = {.topic = bytes_of(words[1]),
                         .qos = (guint8)atoi(words[2]),
                         .retain = words[3][0] == '1',
                         .payload = {data, (guint32)size}};
  if (mqtt_client_publish(peer->mqtt, now(), &publish) != MQTT_PUBLISH_ACCEPTED)
    words_say("not taken");
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
    mqtt_client_subscribe(peer->mqtt, now(), bytes_of(words[1]), (guint8)atoi(words[2]), 0);
  else if (strcmp(words[0], "publish") == 0)
    do_publish(peer, words);
  else if (strcmp(words[0], "disconnect") == 0) {
    peer->leaving = TRUE;
    mqtt_client_disconnect(peer->mqtt, now(), MQTT_SUCCESS);
  } else
    g_error("do not understand: %s", line);
}

/* ---- the loop ---- */

static void
take_input(Peer *peer)
{
  guint8 bytes[4096];
  gssize n = recv(peer->fd, bytes, sizeof bytes, 0);
  gsize used;
  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    peer->closing = TRUE;
    return;
  }
  if (n > 0)
    g_byte_array_append(peer->in, bytes, (guint)n);
  while (!peer->closing &&
         (used = mqtt_client_input(peer->mqtt, now(), peer->in->data, peer->in->len)) > 0) {
    hear_all(peer); /* a message lies in these bytes */
    g_byte_array_remove_range(peer->in, 0, (guint)used);
  }
}

/* Loopback takes what these scenes write. */
static void
give_output(Peer *peer)
{
  guint8 bytes[65536];
  gsize n;
  while (peer->fd >= 0 && peer->opened &&
         (n = mqtt_client_output(peer->mqtt, now(), bytes, sizeof bytes)) > 0) {
    if (send(peer->fd, bytes, n, MSG_NOSIGNAL) != (gssize)n)
      peer->closing = TRUE;
    hear_all(peer);
  }
}

static void
serve(Peer *peer, short ready)
{
  int error = 0;
  socklen_t size = sizeof error;
  if (peer->fd >= 0 && !peer->opened && ready != 0) {
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    peer->closing = error != 0;
    peer->opened = error == 0;
    if (peer->opened)
      mqtt_client_opened(peer->mqtt, now());
  } else if (peer->fd >= 0 && ready & (POLLIN | POLLHUP | POLLERR)) {
    take_input(peer);
  }
  if (peer->fd >= 0)
    mqtt_client_timeout(peer->mqtt, now());
  hear_all(peer);
  give_output(peer);
  if (peer->fd >= 0 && peer->closing)
    leave_transport(peer);
  hear_all(peer);
  if (peer->fd < 0 && now() >= peer->retry_ns)
    open_transport(peer);
}

static int
patience_ms(const Peer *peer)
{
  gint64 due_ns = peer->retry_ns;
  if (peer->fd >= 0)
    due_ns = MIN(due_ns, mqtt_client_deadline(peer->mqtt));
  return due_ns == MQTT_NEVER ? -1 : (int)MAX(0, (due_ns - now()) / NS_PER_MS + 1);
}

int
main(int argc, char **argv)
{
  Peer peer = {.fd = -1, .retry_ns = MQTT_NEVER};
  g_autoptr(GString) partial = g_string_new(NULL);
  if (argc > 1 && strcmp(argv[1], "--version") == 0)
    return printf("qosim\n") < 0;
  peer.scenario = scenario_new();
  peer.in = g_byte_array_new();
  for (;;) {
    short events = peer.opened ? POLLIN : POLLOUT;
    struct pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {peer.fd, events, 0}};
    poll(polled, 2, patience_ms(&peer));
    if (polled[0].revents != 0 && !words_hear(partial, obey, &peer))
      break;
    if (peer.mqtt != NULL)
      serve(&peer, polled[1].revents);
  }
  mqtt_client_free(peer.mqtt);
  mqtt_events_clear(&peer.events);
  g_byte_array_unref(peer.in);
  scenario_free(peer.scenario);
  return 0;
}
