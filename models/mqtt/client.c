#include "models/mqtt/client.h"

#include <string.h>

#include "models/mqtt/client_private.h"
#include "models/mqtt/receiver.h"
#include "models/mqtt/sender.h"

void
mqtt_client_config_default(MqttClientConfig *config)
{
  *config = (MqttClientConfig){.version = MQTT_5_0,
                               .clean_start = MQTT_CLEAN_YES,
                               .keep_alive_s = 60,
                               .ping_timeout_ns = 60 * NS_PER_S,
                               .connect_timeout_ns = 30 * NS_PER_S,
                               .connack_timeout_ns = 30 * NS_PER_S,
                               .inflight = MQTT_UNLIMITED,
                               .queue = MQTT_UNLIMITED,
                               .queue_bytes = G_MAXINT64,
                               .on_queue_full = MQTT_DROP_NEW,
                               .offline_queue = MQTT_OFFLINE_QOS12,
                               .receive_maximum = 65535,
                               .maximum_packet_size = MQTT_UNLIMITED,
                               .ack_timeout_ns = MQTT_NEVER,
                               .on_ack_timeout = MQTT_ACK_REPORT,
                               .ack_backoff = 1,
                               .ack_tries = MQTT_UNLIMITED,
                               .qos2_receiver = MQTT_QOS2_ON_PUBLISH};
}

static void
set_id(MqttClient *client, MqttBytes id)
{
  g_free(client->id);
  client->id = id.length == 0 ? NULL : g_memdup2(id.data, id.length);
  client->id_length = (guint16)id.length;
}

/* Only who starts clean each time begins again, and only who holds messages has copies of them. */
static guint16
quirks_of(const MqttClientConfig *config)
{
  guint quirks = config->quirks;
  if (config->qos2_receiver != MQTT_QOS2_ON_PUBREL)
    quirks &= ~(guint)(MQTT_CLIENT_KEEPS_EACH_COPY | MQTT_CLIENT_LAST_COPY_COUNTS);
  if (config->clean_start != MQTT_CLEAN_YES)
    quirks &= ~(guint)MQTT_CLIENT_BEGINS_AGAIN;
  return (guint16)quirks;
}

MqttClient *
mqtt_client_new(const MqttClientConfig *config, MqttBytes client_id, MqttEvents *events)
{
  g_assert(config->version == MQTT_3_1_1 || config->version == MQTT_5_0);
  MqttClient *client = mqtt_pool_take(&events->pool, sizeof *client);
  memset(client, 0, sizeof *client);
  client->config = config;
  client->core = (MqttCore){.events = events,
                            .log = config->store ? mqtt_store_log_new(events) : NULL,
                            .inflight = config->inflight,
                            .queue = config->queue,
                            .queue_bytes = config->queue_bytes,
                            .qos0_backlog = MQTT_UNLIMITED,
                            .receive_maximum = config->receive_maximum,
                            .on_queue_full = (guint8)config->on_queue_full,
                            .out_flags = MQTT_FLAG_UPSTREAM,
                            .client_quirks = quirks_of(config),
                            .ack_after_store = config->ack_after_store != FALSE};
  set_id(client, client_id);
  mqtt_session_init(&client->session, 0, 0, client->core.log != NULL);
  mqtt_client_idle(client);
  return client;
}

/* No connection, and none on its way. */
void
mqtt_client_idle(MqttClient *client)
{
  mqtt_pipe_clear(&client->pipe);
  g_clear_pointer(&client->timers, g_free);
  client->state = CLIENT_CLOSED;
  client->connect_deadline_ns = MQTT_NEVER;
  client->ping_due_ns = MQTT_NEVER;
  client->ping_deadline_ns = MQTT_NEVER;
  client->wakes_ns = MQTT_NEVER;
  client->awaits_pingresp = FALSE;
  client->owes_connect = FALSE;
}

void
mqtt_client_release_handed(MqttClient *client)
{
  for (guint i = 0; i < client->handed->len; i++)
    mqtt_message_unref(client->handed->pdata[i]);
  g_ptr_array_set_size(client->handed, 0);
}

void
mqtt_client_free(MqttClient *client)
{
  if (client == NULL)
    return;
  mqtt_client_idle(client);
  mqtt_session_clear(&client->session);
  mqtt_client_begin(client);
  g_clear_pointer(&client->handed, g_ptr_array_unref);
  while (client->unstored != NULL)
    mqtt_message_unref(mqtt_client_take_unstored(client));
  mqtt_store_log_free(client->core.log);
  g_clear_pointer(&client->will, mqtt_message_unref);
  g_free(client->id);
  mqtt_pool_give_back(&client->core.events->pool, client, sizeof *client);
}

void
mqtt_client_set_clock(MqttClient *client, gint64 clock_ns)
{
  client->clock_ns = clock_ns;
}

void
mqtt_client_lose_state(MqttClient *client, MqttCause cause)
{
  mqtt_session_lose(&client->core, &client->session, cause);
  mqtt_client_drop_unstored(client, cause);
  mqtt_session_init(&client->session, 0, 0, client->core.log != NULL);
  mqtt_client_idle(client);
  if (client->core.log != NULL)
    mqtt_store_log_forget(client->core.log);
  client->has_session = FALSE;
  client->connected_before = FALSE;
  client->restart = FALSE;
  client->gave_up = FALSE;
  client->core.inflight = client->config->inflight;
}

static void
set_property(MqttProperties *properties, MqttProperty property)
{
  properties->present |= G_GUINT64_CONSTANT(1) << property;
}

/* Closing */

static void
emit_close(MqttClient *client, guint8 reason)
{
  MqttEvent *event = mqtt_events_push(client->core.events, MQTT_EVENT_CLOSE);
  event->reason = reason;
  event->peer = 0;
}

static void
leave(MqttClient *client)
{
  mqtt_session_detach(&client->core, &client->session,
                      client->config->offline_queue == MQTT_OFFLINE_ALL);
  g_clear_pointer(&client->timers, g_free);
  client->state = CLIENT_CLOSING;
  client->connect_deadline_ns = MQTT_NEVER;
  client->ping_due_ns = MQTT_NEVER;
  client->ping_deadline_ns = MQTT_NEVER;
  client->wakes_ns = MQTT_NEVER;
  client->awaits_pingresp = FALSE;
  client->owes_connect = FALSE;
}

void
mqtt_client_close(MqttClient *client, guint8 reason)
{
  leave(client);
  mqtt_pipe_clear(&client->pipe);
  client->goodbye = FALSE;
  emit_close(client, reason);
}

/* DISCONNECT is the last packet [MQTT-3.14.4-1]. It cannot follow half a PUBLISH, and a
 * transport that takes no bytes is not waited for. */
static void
say_goodbye(MqttClient *client, const MqttDisconnect *disconnect)
{
  if (client->pipe.partial != NULL || client->pipe.blocked) {
    mqtt_client_close(client, disconnect->reason);
    return;
  }
  leave(client);
  mqtt_pipe_drop_answers(&client->pipe);
  MqttPacket packet = {.type = MQTT_DISCONNECT, .disconnect = *disconnect};
  mqtt_pipe_packet(&client->core, &client->pipe, MQTT_NO_PEER, &packet, 0, 0);
  client->goodbye = TRUE;
  client->goodbye_reason = disconnect->reason;
}

void
mqtt_client_goodbye(MqttClient *client, guint8 reason)
{
  say_goodbye(client, &(MqttDisconnect){.reason = reason});
}

/* Section 4.13: version 5.0 says why. */
void
mqtt_client_fail(MqttClient *client, guint8 reason)
{
  client->gave_up = client_has_quirk(client, MQTT_CLIENT_ERROR_IS_FINAL);
  if (client->config->version == MQTT_5_0 && client->state == CLIENT_CONNECTED &&
      !client_has_quirk(client, MQTT_CLIENT_CLOSES_SILENTLY))
    mqtt_client_goodbye(client, reason);
  else
    mqtt_client_close(client, reason);
}

void
mqtt_client_disconnect(MqttClient *client, gint64 now_ns, guint8 reason)
{
  const MqttClientConfig *config = client->config;
  MqttDisconnect disconnect = {.reason = reason};
  (void)now_ns;
  mqtt_client_begin(client);
  /* What ends with its connection cannot be kept after all, section 3.14.2.2.2. */
  gboolean changes =
      config->changes_expiry && config->version == MQTT_5_0 && !client->ends_with_connection;
  if (changes) {
    set_property(&disconnect.properties, MQTT_PROP_SESSION_EXPIRY);
    disconnect.properties.session_expiry_s = config->disconnect_expiry_s;
  }
  if (client->state == CLIENT_CONNECTED) {
    say_goodbye(client, &disconnect);
    if (client->goodbye && changes)
      client->ends_with_connection = config->disconnect_expiry_s == 0;
  } else if (client->state == CLIENT_OPENING || client->state == CLIENT_CONNACK)
    mqtt_client_close(client, reason);
}

void
mqtt_client_session_ended(MqttClient *client, MqttCause cause)
{
  mqtt_session_discard(&client->core, &client->session, cause, MQTT_UNSPECIFIED_ERROR, FALSE);
  if (client->has_session && client->core.log != NULL)
    mqtt_store_log_delete(client->core.log, (MqttStoreKey){0, 0, CLIENT_RECORD_SESSION}, 0);
  client->has_session = FALSE;
}

void
mqtt_client_closed(MqttClient *client, gint64 now_ns)
{
  (void)now_ns;
  mqtt_client_begin(client);
  leave(client);
  mqtt_client_idle(client);
  if (client->ends_with_connection && client->config->session_present == MQTT_SESSION_OBEY)
    mqtt_client_session_ended(client, MQTT_CAUSE_SESSION_EXPIRED);
  client->ends_with_connection = FALSE;
}

/* Opening */

static gint64
after(gint64 now_ns, gint64 wait_ns)
{
  return wait_ns == MQTT_NEVER ? MQTT_NEVER : now_ns + wait_ns;
}

void
mqtt_client_connecting(MqttClient *client, gint64 now_ns)
{
  g_assert(client->state == CLIENT_CLOSED);
  client->state = CLIENT_OPENING;
  client->connect_deadline_ns = after(now_ns, client->config->connect_timeout_ns);
  client->connack_deadline_ns = after(now_ns, client->config->connack_timeout_ns);
  if (client_has_quirk(client, MQTT_CLIENT_AHEAD_OF_CONNECT)) {
    mqtt_pipe_init(&client->pipe, (guint8)client->config->version, 0, MQTT_UNLIMITED, 2);
    mqtt_session_lend(&client->session, &client->pipe, MQTT_NO_PEER);
  }
}

void
mqtt_client_set_will(MqttClient *client, const MqttPublish *will, guint32 delay_s)
{
  g_clear_pointer(&client->will, mqtt_message_unref);
  if (will != NULL)
    client->will = mqtt_message_new(&client->core.events->pool, will, 0);
  client->will_delay_s = delay_s;
}

static gboolean
wants_clean_start(const MqttClient *client)
{
  switch (client->config->clean_start) {
  case MQTT_CLEAN_NO:
    return client->restart;
  case MQTT_CLEAN_FIRST:
    return client->restart || !client->connected_before;
  default:
    return TRUE;
  }
}

/* The message was made at time 0, so what is left of its expiry then is all of it. */
static void
put_will(const MqttClient *client, MqttConnect *connect)
{
  MqttPublish publish;
  if (client->will == NULL)
    return;
  mqtt_message_publish(client->will, client->config->version, 0, &publish);
  connect->has_will = TRUE;
  connect->will_qos = client->will->qos;
  connect->will_retain = client->will->retain;
  connect->will_topic = publish.topic;
  connect->will_payload = publish.payload;
  connect->will_properties = publish.properties;
  if (client->will_delay_s > 0 && client->config->version == MQTT_5_0) {
    set_property(&connect->will_properties, MQTT_PROP_WILL_DELAY);
    connect->will_properties.will_delay_s = client->will_delay_s;
  }
}

void
mqtt_client_send_connect(MqttClient *client)
{
  const MqttClientConfig *config = client->config;
  MqttPacket packet;
  packet.type = MQTT_CONNECT;
  packet.connect = (MqttConnect){.version = config->version,
                                 .clean_start = client->clean_start,
                                 .keep_alive_s = config->keep_alive_s,
                                 .client_id = {client->id, client->id_length}};
  put_will(client, &packet.connect);
  MqttProperties *properties = &packet.connect.properties;
  if (config->version == MQTT_5_0 && config->session_expiry_s > 0) {
    set_property(properties, MQTT_PROP_SESSION_EXPIRY);
    properties->session_expiry_s = config->session_expiry_s;
  }
  if (config->version == MQTT_5_0 && config->receive_maximum < 65535) {
    set_property(properties, MQTT_PROP_RECEIVE_MAXIMUM);
    properties->receive_maximum = config->receive_maximum;
  }
  if (config->version == MQTT_5_0 && config->maximum_packet_size != MQTT_UNLIMITED) {
    set_property(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE);
    properties->maximum_packet_size = config->maximum_packet_size;
  }
  if (config->version == MQTT_5_0 && config->topic_alias_maximum > 0) {
    set_property(properties, MQTT_PROP_TOPIC_ALIAS_MAXIMUM);
    properties->topic_alias_maximum = config->topic_alias_maximum;
  }
  mqtt_pipe_packet(&client->core, &client->pipe, MQTT_NO_PEER, &packet, 0, 0);
}

void
mqtt_client_opened(MqttClient *client, gint64 now_ns)
{
  if (client->state == CLIENT_CLOSED)
    mqtt_client_connecting(client, now_ns);
  if (client->state != CLIENT_OPENING)
    return;
  client->state = CLIENT_CONNACK;
  client->connect_deadline_ns = client->connack_deadline_ns;
  client->clean_start = wants_clean_start(client);
  if (client_has_quirk(client, MQTT_CLIENT_AHEAD_OF_CONNECT)) {
    client->owes_connect = TRUE;
    mqtt_session_lend_window(&client->core, &client->session, client->core.inflight);
    return;
  }
  mqtt_pipe_init(&client->pipe, (guint8)client->config->version, 0, MQTT_UNLIMITED, 2);
  if (client_has_quirk(client, MQTT_CLIENT_HASTY_QOS0))
    mqtt_session_lend(&client->session, &client->pipe, MQTT_NO_PEER);
  mqtt_client_send_connect(client);
}

void
mqtt_client_take_id(MqttClient *client, MqttBytes id)
{
  set_id(client, id);
}

gboolean
mqtt_client_gave_up(const MqttClient *client)
{
  return client->gave_up;
}

gboolean
mqtt_client_connected(const MqttClient *client)
{
  return client->state == CLIENT_CONNECTED;
}

guint
mqtt_client_inflight(const MqttClient *client)
{
  return mqtt_session_inflight(&client->session);
}

guint
mqtt_client_queued(const MqttClient *client)
{
  return mqtt_session_queued(&client->session);
}

/* Store */

void
mqtt_client_stored(MqttClient *client, gint64 now_ns, guint64 up_to)
{
  (void)now_ns;
  if (client->core.log == NULL)
    return;
  mqtt_client_begin(client);
  client->core.log->stored = MAX(client->core.log->stored, up_to);
  client->pipe.named = TRUE; /* what waited for it may go */
  mqtt_client_hand_over(client);
}

gboolean
mqtt_client_store_op(MqttClient *client, MqttStoreOp *op)
{
  return mqtt_store_log_next(client->core.log, op);
}

void
mqtt_client_load(MqttClient *client, const MqttStoreKey *key, const guint8 *value, gsize n)
{
  client->has_session = TRUE;
  client->connected_before = TRUE;
  if (key->kind != CLIENT_RECORD_SESSION)
    mqtt_session_load(&client->core, &client->session, key, value, n);
  else if (n > 0)
    set_id(client, (MqttBytes){value, (guint32)n});
}

void
mqtt_client_ask(const MqttClient *client, guint stage)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  if (stage > 0) {
    mqtt_ring_ask(client->session.out, stage - 1);
    return;
  }
  for (gsize i = 0; i < sizeof *client; i += 64)
    __builtin_prefetch((const char *)client + i);
}
