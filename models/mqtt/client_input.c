#include "models/mqtt/client_private.h"
#include "models/mqtt/receiver.h"
#include "models/mqtt/sender.h"

static void
refused(MqttClient *client, guint8 reason)
{
  MqttEvent *event = mqtt_events_push(client->core.events, MQTT_EVENT_REFUSED);
  event->reason = reason;
  event->peer = 0;
  client->gave_up =
      client_has_quirk(client, MQTT_CLIENT_ERROR_IS_FINAL) && client->config->version == MQTT_5_0;
  mqtt_client_close(client, reason);
}

static guint32
send_limit(MqttClient *client, const MqttProperties *p)
{
  gboolean given = MQTT_HAS(p, MQTT_PROP_RECEIVE_MAXIMUM);
  if (client_has_quirk(client, MQTT_CLIENT_RECEIVE_MAXIMUM_REPLACES)) {
    if (given)
      client->core.inflight = p->receive_maximum;
    return client->core.inflight;
  }
  return MIN(given ? p->receive_maximum : 65535u, client->config->inflight);
}

static void
take_limits(MqttClient *client, const MqttProperties *p)
{
  const MqttClientConfig *config = client->config;
  client->pipe.send_limit = send_limit(client, p);
  if (MQTT_HAS(p, MQTT_PROP_MAXIMUM_PACKET_SIZE))
    client->pipe.maximum = p->maximum_packet_size;
  if (MQTT_HAS(p, MQTT_PROP_MAXIMUM_QOS))
    client->pipe.maximum_qos = p->maximum_qos;
  client->pipe.no_retain = MQTT_HAS(p, MQTT_PROP_RETAIN_AVAILABLE) && p->retain_available == 0;
  mqtt_pipe_limited(&client->pipe);
  guint16 aliases = MQTT_HAS(p, MQTT_PROP_TOPIC_ALIAS_MAXIMUM) ? p->topic_alias_maximum : 0;
  if (aliases > 0 || config->topic_alias_maximum > 0)
    client->pipe.aliases = mqtt_aliases_new(config->topic_alias_maximum, aliases);
  client->keep_alive_s =
      MQTT_HAS(p, MQTT_PROP_SERVER_KEEP_ALIVE) ? p->server_keep_alive_s : config->keep_alive_s;
  if (MQTT_HAS(p, MQTT_PROP_ASSIGNED_CLIENT_ID))
    mqtt_client_take_id(client, p->assigned_client_id);
  guint32 expiry_s =
      MQTT_HAS(p, MQTT_PROP_SESSION_EXPIRY) ? p->session_expiry_s : config->session_expiry_s;
  client->ends_with_connection = config->version == MQTT_5_0 ? expiry_s == 0 : client->clean_start;
}

static void
store_session(MqttClient *client)
{
  if (client->core.log != NULL && !client->has_session && !client->ends_with_connection)
    mqtt_store_log_put(client->core.log, (MqttStoreKey){0, 0, CLIENT_RECORD_SESSION}, client->id,
                       client->id_length, 0, 0, 0);
  client->has_session = TRUE;
}

/* Who ignores that sends again what is unacknowledged; that of the server's part which is
 * unreleased will never be released, unless by mistake. */
static void
session_is_new(MqttClient *client)
{
  gboolean keeps = client_has_quirk(client, MQTT_CLIENT_KEEPS_EACH_COPY) ||
                   (client_has_quirk(client, MQTT_CLIENT_LAST_COPY_COUNTS) && !client->clean_start);
  if (client->config->session_present == MQTT_SESSION_OBEY)
    mqtt_client_session_ended(client, MQTT_CAUSE_SESSION_DISCARDED); /* [MQTT-3.2.2-5] */
  else if (!keeps)
    mqtt_session_discard_received(&client->core, &client->session, MQTT_CAUSE_SESSION_DISCARDED);
}

static void
attach(MqttClient *client, gint64 now_ns, guint32 early)
{
  MqttPipe *pipe = &client->pipe;
  guint32 limit = pipe->send_limit;
  if (client_has_quirk(client, MQTT_CLIENT_QUEUE_PASSES_WINDOW))
    pipe->send_limit = MQTT_UNLIMITED;
  mqtt_session_attach(&client->core, &client->session, now_ns, pipe, MQTT_NO_PEER);
  pipe->send_limit = limit;
  if (client_has_quirk(client, MQTT_CLIENT_DUP_AT_RECONNECT))
    pipe->again = MAX(pipe->send_used, early) - early;
  if (client_has_quirk(client, MQTT_CLIENT_KEEPS_EACH_COPY))
    mqtt_receiver_count_all(&client->session);
}

static void
on_connack(MqttClient *client, gint64 now_ns, const MqttConnack *connack)
{
  if (connack->reason != MQTT_SUCCESS) {
    refused(client, connack->reason);
    return;
  }
  if (connack->session_present && (client->clean_start || !client->has_session) &&
      client->config->session_present == MQTT_SESSION_OBEY) {
    /* [MQTT-3.2.2-4]; the next CONNECT asks for a new session, as section 3.2.2.1.1 suggests. */
    client->restart = TRUE;
    mqtt_client_close(client, MQTT_PROTOCOL_ERROR);
    return;
  }
  guint32 early = client->pipe.send_used;
  mqtt_session_end_loan(&client->session);
  client->state = CLIENT_CONNECTED;
  client->connect_deadline_ns = MQTT_NEVER;
  client->connected_before = TRUE;
  client->restart = FALSE;
  take_limits(client, client_has_quirk(client, MQTT_CLIENT_IGNORES_CONNACK)
                          ? &(const MqttProperties){0}
                          : &connack->properties);
  client->ping_due_ns = client->keep_alive_s > 0
                            ? client_moment(client, now_ns) + client->keep_alive_s * NS_PER_S
                            : MQTT_NEVER;
  MqttEvent *event = mqtt_events_push(client->core.events, MQTT_EVENT_OPENED);
  event->peer = 0;
  event->flags = connack->session_present ? MQTT_FLAG_SESSION : 0;
  if (!connack->session_present)
    session_is_new(client);
  store_session(client);
  attach(client, now_ns, early);
}

static inline void
emit_message(MqttClient *client, MqttBytes topic, MqttBytes payload, guint64 tag, guint8 qos,
             guint8 flags)
{
  MqttEvent *event =
      mqtt_session_event(&client->core, &client->session, MQTT_EVENT_MESSAGE, flags, tag);
  event->qos = qos;
  event->topic = topic;
  event->payload = payload;
}

/* QoS 2 is exactly once over a crash only if the hand-over and the record that forbids the next one
 * are one instant: the message waits until that record is stored. */

static gboolean
waits_for_store(const MqttClient *client)
{
  return client->core.log != NULL && client->core.ack_after_store;
}

static MqttEvent *
emit_custody(MqttClient *client, MqttEventType type, const MqttMessage *message)
{
  return mqtt_session_event(&client->core, &client->session, type, 0, message->tag);
}

/* Takes the reference. Its operation is the last one made. */
static void
keep_until_stored(MqttClient *client, MqttMessage *message)
{
  MqttSlot *slot = mqtt_ring_push(&client->core.events->pool, &client->unstored);
  slot->message = message;
  slot->op = mqtt_core_gate(&client->core);
  slot->state = MQTT_IN_PUBREL;
}

MqttMessage *
mqtt_client_take_unstored(MqttClient *client)
{
  MqttSlot *slot = mqtt_ring_first(client->unstored);
  MqttMessage *message = slot->message;
  mqtt_ring_remove(&client->unstored, slot);
  return message;
}

void
mqtt_client_drop_unstored(MqttClient *client, MqttCause cause)
{
  while (client->unstored != NULL) {
    MqttMessage *message = mqtt_client_take_unstored(client);
    emit_custody(client, MQTT_EVENT_GONE, message)->cause = cause;
    mqtt_message_unref(message);
  }
}

/* Shows the application a message that the machine holds. Takes the reference, which lives as long
 * as the event. */
static void
show(MqttClient *client, MqttMessage *message)
{
  if (client->handed == NULL)
    client->handed = g_ptr_array_new();
  g_ptr_array_add(client->handed, message);
  emit_message(client, mqtt_message_topic(message), mqtt_message_payload(message), message->tag, 2,
               message->retain ? MQTT_FLAG_RETAIN : 0);
}

void
mqtt_client_hand_over(MqttClient *client)
{
  for (MqttSlot *slot; (slot = mqtt_ring_first(client->unstored)) != NULL &&
                       slot->op <= client->core.log->stored;) {
    MqttMessage *message = mqtt_client_take_unstored(client);
    show(client, message);
    emit_custody(client, MQTT_EVENT_GONE, message);
  }
}

static void
hold(MqttClient *client, gint64 now_ns, const MqttPublish *publish)
{
  MqttMessage *message = mqtt_message_new(&client->core.events->pool, publish, now_ns);
  if (client->config->qos2_receiver == MQTT_QOS2_ON_PUBREL) {
    mqtt_receiver_accept(&client->core, &client->session, publish, message, MQTT_SUCCESS);
    mqtt_message_unref(message);
  } else {
    mqtt_receiver_accept(&client->core, &client->session, publish, NULL, MQTT_SUCCESS);
    emit_custody(client, MQTT_EVENT_COPY, message);
    keep_until_stored(client, message);
  }
  mqtt_session_event(&client->core, &client->session, MQTT_EVENT_RECEIVED, 0,
                     mqtt_tag(publish->payload));
}

static inline void
take_publish(MqttClient *client, gint64 now_ns, const MqttPublish *publish)
{
  guint8 reason;
  switch (mqtt_receiver_publish(&client->core, &client->session, publish, &reason)) {
  case MQTT_RECEIVER_OVERRUN: /* a client has no quirks */
  case MQTT_RECEIVER_ERROR:
    mqtt_client_fail(client, reason);
    return;
  case MQTT_RECEIVER_DUPLICATE:
    return;
  case MQTT_RECEIVER_NEW:
    break;
  }
  if (publish->qos == 2 &&
      (client->config->qos2_receiver == MQTT_QOS2_ON_PUBREL || waits_for_store(client))) {
    hold(client, now_ns, publish);
    return;
  }
  emit_message(client, publish->topic, publish->payload, mqtt_tag(publish->payload), publish->qos,
               MQTT_FLAG_RECEIVED | (publish->retain ? MQTT_FLAG_RETAIN : 0));
  mqtt_receiver_accept(&client->core, &client->session, publish, NULL, MQTT_SUCCESS);
}

static inline void
on_publish(MqttClient *client, gint64 now_ns, MqttPublish *publish)
{
  guint8 reason = MQTT_HAS(&publish->properties, MQTT_PROP_TOPIC_ALIAS)
                      ? mqtt_aliases_resolve(client->pipe.aliases, publish)
                      : MQTT_SUCCESS;
  if (reason == MQTT_SUCCESS)
    take_publish(client, now_ns, publish);
  else
    mqtt_client_fail(client, reason);
}

static void
on_pubrel(MqttClient *client, gint64 now_ns, const MqttAck *ack)
{
  MqttMessage *held;
  guint16 id = ack->packet_id;
  if (!mqtt_receiver_pubrel(&client->core, &client->session, id, &held))
    return;
  gboolean waits = held != NULL && waits_for_store(client);
  if (held != NULL)
    mqtt_message_ref(held);
  if (client_has_quirk(client, MQTT_CLIENT_PUBREL_WIDENS_WINDOW) &&
      client->pipe.send_limit != MQTT_UNLIMITED) {
    client->pipe.send_limit++;
    mqtt_sender_grant(&client->core, &client->session, now_ns);
  }
  if (waits)
    emit_custody(client, MQTT_EVENT_COPY, held);
  else if (held != NULL)
    show(client, held);
  mqtt_receiver_finish(&client->core, &client->session, id, MQTT_CAUSE_DONE);
  if (waits)
    keep_until_stored(client, held);
}

static void
on_answer_to_request(MqttClient *client, MqttPacketType type, const MqttSuback *suback)
{
  MqttSession *session = &client->session;
  MqttSlot *slot = mqtt_ring_find(session->requests, suback->packet_id);
  guint8 asked = type == MQTT_SUBACK ? REQUEST_SUBSCRIBE : REQUEST_UNSUBSCRIBE;
  if (slot == NULL) /* given up meanwhile, or answered before */
    return;
  if (slot->state != asked || suback->codes.length > 1 ||
      (suback->codes.length == 0 && type == MQTT_SUBACK)) {
    mqtt_client_fail(client, MQTT_PROTOCOL_ERROR);
    return;
  }
  MqttEvent *event = mqtt_session_event(
      &client->core, session, type == MQTT_SUBACK ? MQTT_EVENT_SUBSCRIBED : MQTT_EVENT_UNSUBSCRIBED,
      0, 0);
  event->packet_id = suback->packet_id;
  event->reason = suback->codes.length > 0 ? suback->codes.data[0] : MQTT_SUCCESS;
  if (event->reason >= 0x80)
    event->flags = MQTT_FLAG_FAILED;
  mqtt_message_unref(slot->message);
  mqtt_ring_remove(&session->requests, slot);
}

static void
on_answer(MqttClient *client, gint64 now_ns, MqttPacketType type, guint16 id, guint8 said)
{
  guint8 reason = mqtt_sender_answered(&client->core, &client->session, now_ns, type, id, said);
  if (reason != MQTT_SUCCESS)
    mqtt_client_fail(client, reason);
}

/* Any but PUBLISH. */
static G_GNUC_NO_INLINE void
on_other_packet(MqttClient *client, gint64 now_ns, const MqttPacket *packet)
{
  switch (packet->type) {
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBCOMP:
    on_answer(client, now_ns, packet->type, packet->ack.packet_id, packet->ack.reason);
    break;
  case MQTT_PUBREL:
    on_pubrel(client, now_ns, &packet->ack);
    break;
  case MQTT_SUBACK:
  case MQTT_UNSUBACK:
    on_answer_to_request(client, packet->type, &packet->suback);
    break;
  case MQTT_PINGRESP:
    client->ping_deadline_ns = MQTT_NEVER;
    client->awaits_pingresp = FALSE;
    break;
  case MQTT_DISCONNECT:
    client->gave_up = client_has_quirk(client, MQTT_CLIENT_ERROR_IS_FINAL);
    mqtt_client_close(client, packet->disconnect.reason);
    break;
  default: /* a second CONNACK, AUTH though no method was agreed on */
    mqtt_client_fail(client, MQTT_PROTOCOL_ERROR);
    break;
  }
}

static inline void
on_packet(MqttClient *client, gint64 now_ns, MqttPacket *packet)
{
  if (packet->type == MQTT_PUBLISH)
    on_publish(client, now_ns, &packet->publish);
  else
    on_other_packet(client, now_ns, packet);
}

/* Any but a PUBACK of success. */
static G_GNUC_NO_INLINE gsize
take_packet(MqttClient *client, gint64 now_ns, const guint8 *data, gsize n)
{
  MqttPacket packet;
  gsize size;
  guint8 reason;
  switch (mqtt_decode_after(data, n, client->config->version, MQTT_FROM_SERVER,
                            client->config->maximum_packet_size, (MqttBytes){NULL, 0}, &packet,
                            &size, &reason)) {
  case MQTT_NEED_MORE:
    return 0;
  case MQTT_MALFORMED:
    mqtt_client_fail(client, reason);
    return 0;
  case MQTT_DONE:
    break;
  }
  client->last_input_ns = client_moment(client, now_ns);
  if (client->state == CLIENT_CONNECTED)
    on_packet(client, now_ns, &packet);
  else if (packet.type == MQTT_CONNACK)
    on_connack(client, now_ns, &packet.connack);
  else /* the first packet is CONNACK [MQTT-3.2.0-1] */
    mqtt_client_fail(client, MQTT_PROTOCOL_ERROR);
  mqtt_client_woken(client, now_ns);
  return size;
}

gsize
mqtt_client_input(MqttClient *client, gint64 now_ns, const guint8 *data, gsize n)
{
  guint16 id;
  if (client->state != CLIENT_CONNACK && client->state != CLIENT_CONNECTED)
    return 0;
  mqtt_client_begin(client);
  if (n < MQTT_SHORT_ACK || client->config->maximum_packet_size < MQTT_SHORT_ACK ||
      client->state != CLIENT_CONNECTED || !mqtt_decode_puback(data, &id))
    return take_packet(client, now_ns, data, n);
  client->last_input_ns = client_moment(client, now_ns);
  guint8 reason = mqtt_sender_acknowledged(&client->core, &client->session, now_ns, id);
  if (reason != MQTT_SUCCESS)
    mqtt_client_fail(client, reason);
  mqtt_client_woken(client, now_ns);
  return MQTT_SHORT_ACK;
}
