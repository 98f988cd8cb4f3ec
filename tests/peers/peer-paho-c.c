/* A client of Paho C (MQTTAsync) that does what it is told: see README. Callbacks come from threads
 * of the library; what they share with the main thread is under one lock. */
#include "tests/peers/words.h"

#include <MQTTAsync.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  GMutex lock;
  GCond changed;
  guint open;    /* publishes of a burst that are under way */
  gboolean up;   /* between "connected" and "closed" */
  gboolean down; /* a connection was lost and is to be made anew */
  gboolean leaving;
  MQTTAsync client;
  MQTTAsync_connectOptions options;
  MQTTAsync_willOptions will;
  MQTTProperties connect_properties, will_properties;
  char **will_words;
  int version;
} Peer;

static void
check(int rc, const char *what)
{
  if (rc != MQTTASYNC_SUCCESS)
    g_error("%s: %d %s", what, rc, MQTTAsync_strerror(rc));
}

static void
add_number(MQTTProperties *props, enum MQTTPropertyCodes code, guint value)
{
  MQTTProperty property = {.identifier = code};
  property.value.integer4 = value;
  MQTTProperties_add(props, &property);
}

static void
add_text(MQTTProperties *props, enum MQTTPropertyCodes code, const char *text, const char *value)
{
  MQTTProperty property = {.identifier = code};
  property.value.data = (MQTTLenString){(int)strlen(text), (char *)text};
  if (value != NULL)
    property.value.value = (MQTTLenString){(int)strlen(value), (char *)value};
  MQTTProperties_add(props, &property);
}

static void
set_up(Peer *peer, int session_present)
{
  g_mutex_lock(&peer->lock);
  peer->up = TRUE;
  g_mutex_unlock(&peer->lock);
  words_say("connected %d", session_present);
}

static void
on_connected(void *data, MQTTAsync_successData *response)
{
  set_up(data, response->alt.connect.sessionPresent);
}

static void
on_connected5(void *data, MQTTAsync_successData5 *response)
{
  set_up(data, response->alt.connect.sessionPresent);
}

static void
ask_again(Peer *peer)
{
  g_mutex_lock(&peer->lock);
  peer->down = TRUE;
  g_cond_broadcast(&peer->changed);
  g_mutex_unlock(&peer->lock);
}

/* A connection that ends before its CONNACK has come fails with a negative code. */
static void
on_refused(void *data, MQTTAsync_failureData *response)
{
  if (response->code > 0)
    words_say("refused %d", response->code);
  else
    ask_again(data);
}

static void
on_refused5(void *data, MQTTAsync_failureData5 *response)
{
  if (response->reasonCode > 0)
    words_say("refused %d", response->reasonCode);
  else
    ask_again(data);
}

/* One loss may be told twice, by the thread that reads and by the one that writes. */
static void
on_lost(void *data, char *cause)
{
  Peer *peer = data;
  (void)cause;
  g_mutex_lock(&peer->lock);
  gboolean first = peer->up && !peer->leaving;
  peer->up = FALSE;
  g_mutex_unlock(&peer->lock);
  if (!first)
    return;
  words_say("closed");
  ask_again(peer);
}

/* The server's DISCONNECT; then the library may or may not say that the connection is lost. */
static void
on_sent_away(void *data, MQTTProperties *properties, enum MQTTReasonCodes code)
{
  (void)properties;
  (void)code;
  on_lost(data, NULL);
}

/* The library's own way to connect again waits a second, at least. While it is still at the end of
 * the former connection it ignores a call to make one (MQTTAsyncUtils.c, 1.3.12), so it is asked
 * until it does not. */
static gpointer
reconnect_for_ever(gpointer data)
{
  Peer *peer = data;
  for (;;) {
    g_mutex_lock(&peer->lock);
    while (!peer->down)
      g_cond_wait(&peer->changed, &peer->lock);
    peer->down = FALSE;
    g_mutex_unlock(&peer->lock);
    int rc;
    while ((rc = MQTTAsync_connect(peer->client, &peer->options)) == MQTTASYNC_COMMAND_IGNORED)
      g_usleep(5000);
    check(rc, "connect again");
  }
  return NULL;
}

static void
say_property(GString *line, const MQTTProperty *property)
{
  const MQTTLenString *text = &property->value.data, *value = &property->value.value;
  switch (property->identifier) {
  case MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL:
    g_string_append_printf(line, " expiry=%u", property->value.integer4);
    break;
  case MQTTPROPERTY_CODE_CONTENT_TYPE:
    g_string_append_printf(line, " type=%.*s", text->len, text->data);
    break;
  case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
    g_string_append_printf(line, " reply=%.*s", text->len, text->data);
    break;
  case MQTTPROPERTY_CODE_CORRELATION_DATA:
    g_string_append_printf(line, " correlation=%.*s", text->len, text->data);
    break;
  case MQTTPROPERTY_CODE_USER_PROPERTY:
    g_string_append_printf(line, " user=%.*s:%.*s", text->len, text->data, value->len, value->data);
    break;
  case MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER:
    g_string_append_printf(line, " id=%u", property->value.integer4);
    break;
  default:
    g_string_append_printf(line, " property-%d", property->identifier);
  }
}

/* The order of README, whatever that of the wire. */
static void
say_properties(GString *line, const MQTTProperties *props)
{
  const enum MQTTPropertyCodes codes[] = {
      MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, MQTTPROPERTY_CODE_CONTENT_TYPE,
      MQTTPROPERTY_CODE_RESPONSE_TOPIC,          MQTTPROPERTY_CODE_CORRELATION_DATA,
      MQTTPROPERTY_CODE_USER_PROPERTY,           MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER};
  for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
    for (int k = 0; k < props->count; k++)
      if (props->array[k].identifier == codes[i])
        say_property(line, &props->array[k]);
}

static int
on_message(void *data, char *topic, int topic_length, MQTTAsync_message *message)
{
  (void)data;
  gsize length = topic_length > 0 ? (gsize)topic_length : strlen(topic);
  GString *line = words_message(topic, length, message->qos, message->retained != 0,
                                message->payload, (gsize)message->payloadlen);
  say_properties(line, &message->properties);
  words_say("%s", line->str);
  g_string_free(line, TRUE);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static void
set_will(Peer *peer, char *const *words)
{
  const char *will = words_get(words, "will", NULL);
  if (will == NULL)
    return;
  peer->will_words = g_strsplit(will, ",", 4);
  peer->will = (MQTTAsync_willOptions)MQTTAsync_willOptions_initializer;
  peer->will.topicName = peer->will_words[0];
  peer->will.qos = atoi(peer->will_words[1]);
  peer->will.retained = atoi(peer->will_words[2]);
  peer->will.message = peer->will_words[3];
  peer->options.will = &peer->will;
  if (words_get(words, "delay", NULL) == NULL)
    return;
  add_number(&peer->will_properties, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL,
             words_number(words, "delay", 0));
  peer->options.willProperties = &peer->will_properties;
}

static void
set_options(Peer *peer, char *const *words)
{
  MQTTAsync_connectOptions three = MQTTAsync_connectOptions_initializer;
  MQTTAsync_connectOptions five = MQTTAsync_connectOptions_initializer5;
  gboolean clean = words_number(words, "clean", 1) != 0;
  peer->options = peer->version == 5 ? five : three;
  peer->options.keepAliveInterval = (int)words_number(words, "keepalive", 60);
  peer->options.context = peer;
  if (peer->version == 5) {
    peer->options.cleanstart = clean;
    peer->options.onSuccess5 = on_connected5;
    peer->options.onFailure5 = on_refused5;
    if (words_get(words, "expiry", NULL) != NULL)
      add_number(&peer->connect_properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                 words_number(words, "expiry", 0));
    peer->options.connectProperties = &peer->connect_properties;
  } else {
    peer->options.MQTTVersion = MQTTVERSION_3_1_1;
    peer->options.cleansession = clean;
    peer->options.onSuccess = on_connected;
    peer->options.onFailure = on_refused;
  }
  set_will(peer, words);
}

static void
do_connect(Peer *peer, char *const *words)
{
  MQTTAsync_createOptions three = MQTTAsync_createOptions_initializer;
  MQTTAsync_createOptions five = MQTTAsync_createOptions_initializer5;
  g_autofree char *uri = g_strdup_printf("tcp://127.0.0.1:%u", words_number(words, "port", 0));
  peer->version = (int)words_number(words, "version", 4);
  three.sendWhileDisconnected = five.sendWhileDisconnected = 1;
  three.maxBufferedMessages = five.maxBufferedMessages =
      1000; /* a burst, while there is no broker */
  check(MQTTAsync_createWithOptions(&peer->client, uri, words_get(words, "id", NULL),
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    peer->version == 5 ? &five : &three),
        "create");
  check(MQTTAsync_setCallbacks(peer->client, peer, on_lost, on_message, NULL), "callbacks");
  check(MQTTAsync_setDisconnected(peer->client, peer, on_sent_away), "callback");
  set_options(peer, words);
  check(MQTTAsync_connect(peer->client, &peer->options), "connect");
}

static void
on_disconnected(void *data, MQTTAsync_successData *response)
{
  (void)data;
  (void)response;
  words_say("disconnected");
}

static void
on_disconnected5(void *data, MQTTAsync_successData5 *response)
{
  (void)data;
  (void)response;
  words_say("disconnected");
}

static void
do_disconnect(Peer *peer)
{
  MQTTAsync_disconnectOptions three = MQTTAsync_disconnectOptions_initializer;
  MQTTAsync_disconnectOptions five = MQTTAsync_disconnectOptions_initializer5;
  peer->leaving = TRUE;
  three.onSuccess = on_disconnected;
  five.onSuccess5 = on_disconnected5;
  check(MQTTAsync_disconnect(peer->client, peer->version == 5 ? &five : &three), "disconnect");
}

static void
on_subscribed(void *data, MQTTAsync_successData *response)
{
  (void)data;
  words_say("subscribed %d", response->alt.qos);
}

static void
on_subscribed5(void *data, MQTTAsync_successData5 *response)
{
  (void)data;
  words_say("subscribed %d", response->reasonCode);
}

static void
on_not_subscribed(void *data, MQTTAsync_failureData *response)
{
  (void)data;
  words_say("subscribed %d", response->code);
}

static void
on_not_subscribed5(void *data, MQTTAsync_failureData5 *response)
{
  (void)data;
  words_say("subscribed %d", response->reasonCode);
}

static void
do_subscribe(Peer *peer, char *const *words)
{
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  MQTTSubscribe_options options = MQTTSubscribe_options_initializer;
  if (peer->version == 5) {
    response.onSuccess5 = on_subscribed5;
    response.onFailure5 = on_not_subscribed5;
    options.noLocal = (unsigned char)words_number(words, "nolocal", 0);
    options.retainAsPublished = (unsigned char)words_number(words, "rap", 0);
    options.retainHandling = (unsigned char)words_number(words, "handling", 0);
    response.subscribeOptions = options;
    if (words_get(words, "id", NULL) != NULL)
      add_number(&response.properties, MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER,
                 words_number(words, "id", 0));
  } else {
    response.onSuccess = on_subscribed;
    response.onFailure = on_not_subscribed;
  }
  check(MQTTAsync_subscribe(peer->client, words[1], atoi(words[2]), &response), "subscribe");
  MQTTProperties_free(&response.properties);
}

static void
on_unsubscribed(void *data, MQTTAsync_successData *response)
{
  (void)data;
  (void)response;
  words_say("unsubscribed");
}

static void
on_unsubscribed5(void *data, MQTTAsync_successData5 *response)
{
  (void)data;
  (void)response;
  words_say("unsubscribed");
}

static void
do_unsubscribe(Peer *peer, const char *filter)
{
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  if (peer->version == 5)
    response.onSuccess5 = on_unsubscribed5;
  else
    response.onSuccess = on_unsubscribed;
  check(MQTTAsync_unsubscribe(peer->client, filter, &response), "unsubscribe");
}

static void
end_publish(Peer *peer)
{
  g_mutex_lock(&peer->lock);
  gboolean bursting = peer->open > 0;
  if (bursting)
    peer->open--;
  g_cond_broadcast(&peer->changed);
  g_mutex_unlock(&peer->lock);
  if (!bursting)
    words_say("published");
}

static void
on_published(void *data, MQTTAsync_successData *response)
{
  (void)response;
  end_publish(data);
}

static void
on_published5(void *data, MQTTAsync_successData5 *response)
{
  (void)response;
  end_publish(data);
}

static void
on_not_published(void *data, MQTTAsync_failureData *response)
{
  (void)data;
  words_say("not published %d", response->code);
}

/* The library takes any code for a failure, but a PUBREL that is sent again meets no identifier
 * where the first one had arrived, which "is not an error during recovery" (MQTT 5.0, table 2-6).
 */
static void
on_not_published5(void *data, MQTTAsync_failureData5 *response)
{
  if (response->reasonCode == MQTTREASONCODE_PACKET_IDENTIFIER_NOT_FOUND)
    end_publish(data);
  else
    words_say("not published %d", response->reasonCode);
}

static void
publish(Peer *peer, const char *topic, MQTTAsync_message *message)
{
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  response.context = peer;
  if (peer->version == 5) {
    response.onSuccess5 = on_published5;
    response.onFailure5 = on_not_published5;
  } else {
    response.onSuccess = on_published;
    response.onFailure = on_not_published;
  }
  check(MQTTAsync_sendMessage(peer->client, topic, message, &response), "publish");
}

static void
do_publish(Peer *peer, char *const *words)
{
  MQTTAsync_message message = MQTTAsync_message_initializer;
  gsize size;
  g_autoptr(GBytes) payload = words_payload(words[4]);
  message.payload = (void *)g_bytes_get_data(payload, &size);
  message.payloadlen = (int)size;
  message.qos = atoi(words[2]);
  message.retained = atoi(words[3]);
  if (words_have(words, "props")) {
    MQTTProperties *props = &message.properties;
    add_number(props, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, 60);
    add_text(props, MQTTPROPERTY_CODE_CONTENT_TYPE, "text/plain", NULL);
    add_text(props, MQTTPROPERTY_CODE_RESPONSE_TOPIC, "reply/to", NULL);
    add_text(props, MQTTPROPERTY_CODE_CORRELATION_DATA, "c0rr", NULL);
    add_text(props, MQTTPROPERTY_CODE_USER_PROPERTY, "colour", "green");
  }
  publish(peer, words[1], &message);
  MQTTProperties_free(&message.properties);
}

static void
wait_for_room(Peer *peer, guint window)
{
  g_mutex_lock(&peer->lock);
  while (peer->open >= window)
    g_cond_wait(&peer->changed, &peer->lock);
  g_mutex_unlock(&peer->lock);
}

static void
do_burst(Peer *peer, char *const *words)
{
  guint count = (guint)atoi(words[3]), window = (guint)atoi(words[4]);
  for (guint i = 0; i < count; i++) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    g_autofree char *topic = words_topic(words[1], i);
    g_autofree char *number = g_strdup_printf("%u", i);
    wait_for_room(peer, window);
    g_mutex_lock(&peer->lock);
    peer->open++;
    g_mutex_unlock(&peer->lock);
    message.payload = number;
    message.payloadlen = (int)strlen(number);
    message.qos = atoi(words[2]);
    publish(peer, topic, &message);
  }
  wait_for_room(peer, 1);
  words_say("done");
}

static void
obey(Peer *peer, const char *line)
{
  g_auto(GStrv) words = g_strsplit(line, " ", -1);
  if (strcmp(words[0], "connect") == 0) {
    words_say("connecting");
    do_connect(peer, words);
  } else if (strcmp(words[0], "subscribe") == 0)
    do_subscribe(peer, words);
  else if (strcmp(words[0], "unsubscribe") == 0)
    do_unsubscribe(peer, words[1]);
  else if (strcmp(words[0], "publish") == 0)
    do_publish(peer, words);
  else if (strcmp(words[0], "burst") == 0)
    do_burst(peer, words);
  else if (strcmp(words[0], "disconnect") == 0)
    do_disconnect(peer);
  else
    g_error("do not understand: %s", line);
}

static int
say_version(void)
{
  for (MQTTAsync_nameValue *info = MQTTAsync_getVersionInfo(); info->name != NULL; info++)
    if (strcmp(info->name, "Version") == 0)
      printf("Paho C %s\n", info->value);
  return 0;
}

int
main(int argc, char **argv)
{
  static Peer peer; /* threads of the library may outlast main() */
  char line[4096];
  if (argc > 1 && strcmp(argv[1], "--version") == 0)
    return say_version();
  g_thread_unref(g_thread_new("reconnect", reconnect_for_ever, &peer));
  while (fgets(line, sizeof line, stdin) != NULL)
    obey(&peer, g_strchomp(line));
  return 0;
}
