#include "models/mqtt/client_private.h"

#include <string.h>

#include "models/mqtt/sender.h"

/* What the application asks */

static G_GNUC_NO_INLINE MqttPublishResult
check_publish(const MqttClient *client, const MqttPublish *publish)
{
  const MqttClientConfig *config = client->config;
  if (client->session.pipe != NULL && publish->qos == 0 &&
      (client->state == CLIENT_CONNACK || client->state == CLIENT_OPENING))
    return MQTT_PUBLISH_ACCEPTED;
  if (client->state != CLIENT_CONNECTED)
    return config->offline_queue == MQTT_OFFLINE_ALL ||
                   (config->offline_queue == MQTT_OFFLINE_QOS12 && publish->qos > 0)
               ? MQTT_PUBLISH_ACCEPTED
               : MQTT_PUBLISH_OFFLINE;
  if (publish->qos > client->pipe.maximum_qos || (publish->retain && client->pipe.no_retain))
    return MQTT_PUBLISH_NOT_SUPPORTED;
  if (client->pipe.maximum == MQTT_UNLIMITED)
    return MQTT_PUBLISH_ACCEPTED;
  MqttPacket packet;
  packet.type = MQTT_PUBLISH;
  packet.publish = *publish;
  packet.publish.packet_id = publish->qos > 0 ? 1 : 0;
  return mqtt_encoded_size(&packet, config->version) > client->pipe.maximum ? MQTT_PUBLISH_TOO_LARGE
                                                                            : MQTT_PUBLISH_ACCEPTED;
}

/* Taken, and dropped at once: the application is told as it is for other messages that a full
 * queue drops, but before the copy is gone, which may be the last. */
static void
drop_new(MqttClient *client, const MqttPublish *publish)
{
  guint64 tag = mqtt_tag(publish->payload);
  MqttCore *core = &client->core;
  if (publish->qos > 0) {
    MqttEvent *event =
        mqtt_session_event(core, &client->session, MQTT_EVENT_TOLD, MQTT_FLAG_FAILED, tag);
    event->reason = MQTT_QUOTA_EXCEEDED;
    event->packet_id = 0;
  }
  mqtt_session_event(core, &client->session, MQTT_EVENT_GONE, core->out_flags, tag)->cause =
      MQTT_CAUSE_QUEUE_FULL;
}

/* A server closes for want of CONNECT, so the message waits in the session as if it had never been
 * written, and what is written is one of its size that nobody is owed. */
static void
write_ahead(MqttClient *client, const MqttPublish *publish)
{
  const MqttSession *session = &client->session;
  MqttPacket packet = {.type = MQTT_PUBLISH, .publish = *publish};
  if (mqtt_session_inflight(session) + session->waiting > client->core.inflight)
    return;
  g_autofree guint8 *blank = g_malloc0(publish->payload.length);
  packet.publish.packet_id = (guint16)MAX(1, session->last_id + session->waiting);
  packet.publish.payload.data = blank;
  mqtt_pipe_packet(&client->core, &client->pipe, MQTT_NO_PEER, &packet, 0, 0);
}

MqttPublishResult
mqtt_client_publish(MqttClient *client, gint64 now_ns, const MqttPublish *publish)
{
  mqtt_client_begin(client);
  MqttPublishResult result = client->state == CLIENT_CONNECTED && client->pipe.takes_any
                                 ? MQTT_PUBLISH_ACCEPTED
                                 : check_publish(client, publish);
  if (result != MQTT_PUBLISH_ACCEPTED)
    return result;
  MqttMessage *message = mqtt_message_new(&client->core.events->pool, publish, now_ns);
  gboolean taken = mqtt_sender_offer(&client->core, &client->session, now_ns, message, publish->qos,
                                     publish->retain ? MQTT_SLOT_RETAIN : 0, 0);
  mqtt_message_unref(message);
  if (taken && publish->qos > 0 && client->state == CLIENT_OPENING && client->session.pipe != NULL)
    write_ahead(client, publish);
  if (taken)
    return MQTT_PUBLISH_ACCEPTED;
  if (client->config->on_queue_full == MQTT_FULL_REFUSE)
    return MQTT_PUBLISH_QUEUE_FULL;
  drop_new(client, publish);
  return MQTT_PUBLISH_ACCEPTED;
}

static gboolean
queue_request(MqttClient *client, const MqttSlot *slot)
{
  MqttBytes filter = mqtt_message_topic(slot->message);
  gboolean subscribe = slot->state == REQUEST_SUBSCRIBE;
  gboolean v5 = client->config->version == MQTT_5_0;
  guint8 options = v5 ? slot->flags : MQTT_OPTION_QOS(slot->flags); /* [MQTT-3-8.3-4] of 3.1.1 */
  guint8 *entry = g_malloc(filter.length + 3);
  gsize n = mqtt_filter_put(filter, subscribe, options, entry, filter.length + 3);
  MqttPacket packet;
  packet.type = subscribe ? MQTT_SUBSCRIBE : MQTT_UNSUBSCRIBE;
  packet.subscribe = (MqttSubscribe){.packet_id = slot->id, .entries = {entry, (guint32)n}};
  guint32 identifier;
  memcpy(&identifier, mqtt_message_payload(slot->message).data, sizeof identifier);
  if (identifier != 0 && v5) {
    packet.subscribe.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_SUBSCRIPTION_ID;
    packet.subscribe.properties.subscription_id = identifier;
  }
  gboolean fits = mqtt_encoded_size(&packet, client->config->version) <= client->pipe.maximum;
  if (fits)
    mqtt_pipe_packet(&client->core, &client->pipe, MQTT_NO_PEER, &packet, slot->id, 0);
  g_free(entry);
  return fits;
}

static guint16
request(MqttClient *client, gint64 now_ns, guint8 kind, MqttBytes filter, guint8 options,
        guint32 identifier)
{
  MqttSession *session = &client->session;
  MqttPool *pool = &client->core.events->pool;
  mqtt_client_begin(client);
  if (client->state != CLIENT_CONNECTED)
    return 0;
  guint16 id = mqtt_session_new_id(session);
  if (id == 0)
    return 0;
  MqttPublish carrier = {.topic = filter,
                         .payload = {(const guint8 *)&identifier, sizeof identifier}};
  MqttSlot *slot = mqtt_ring_push(pool, &session->requests);
  slot->message = mqtt_message_new(pool, &carrier, now_ns);
  slot->state = kind;
  slot->flags = options;
  mqtt_ring_set_id(session->requests, slot, id);
  if (queue_request(client, slot))
    return id;
  mqtt_message_unref(slot->message);
  mqtt_ring_remove(&session->requests, slot);
  return 0;
}

guint16
mqtt_client_subscribe(MqttClient *client, gint64 now_ns, MqttBytes filter, guint8 options,
                      guint32 identifier)
{
  return request(client, now_ns, REQUEST_SUBSCRIBE, filter, options, identifier);
}

guint16
mqtt_client_unsubscribe(MqttClient *client, gint64 now_ns, MqttBytes filter)
{
  return request(client, now_ns, REQUEST_UNSUBSCRIBE, filter, 0, 0);
}

/* Timers of acknowledgements */

static MqttSlot *
find_exchange(MqttClient *client, guint16 id)
{
  MqttSlot *slot = mqtt_ring_find(client->session.out, id);
  return slot != NULL ? slot : mqtt_ring_find(client->session.requests, id);
}

static gboolean
is_live(gpointer user, const MqttAckTimer *timer)
{
  const MqttSlot *slot = find_exchange(user, timer->id);
  return slot != NULL && slot->word == timer->stamp;
}

/* Grows by the back-off from try to try, and never beyond what a clock can hold. */
static gint64
ack_wait_ns(const MqttClientConfig *config, guint tries)
{
  double wait_ns = (double)config->ack_timeout_ns;
  for (guint i = 0; config->ack_backoff > 1 && i < tries && wait_ns < 1e18; i++)
    wait_ns *= config->ack_backoff;
  return (gint64)MIN(wait_ns, 1e18);
}

static G_GNUC_NO_INLINE void
start_timer(MqttClient *client, gint64 now_ns, guint16 id)
{
  const MqttClientConfig *config = client->config;
  MqttSlot *slot = find_exchange(client, id);
  if (slot == NULL)
    return;
  gint64 wait_ns = ack_wait_ns(config, slot->tries);
  if (mqtt_slot_publishes(slot)) /* else it has that of its release, which no timer had before */
    slot->word = ++client->session.stamp;
  guint live = mqtt_ring_live(client->session.out) + mqtt_ring_live(client->session.requests);
  if (client->timers != NULL && client->timers->length > 2 * live + 16)
    mqtt_ack_timers_sweep(&client->timers, is_live, client);
  mqtt_ack_timers_add(&client->timers,
                      (MqttAckTimer){now_ns + wait_ns, slot->word, id, (guint32)slot->order});
}

static gboolean
is_request(const MqttClient *client, const MqttSlot *slot)
{
  return mqtt_ring_find(client->session.requests, slot->id) == slot;
}

static void
report(MqttClient *client, MqttSlot *slot, gboolean request)
{
  if (slot->flags & MQTT_SLOT_TOLD && !request)
    return;
  MqttEventType type = !request                           ? MQTT_EVENT_TOLD
                       : slot->state == REQUEST_SUBSCRIBE ? MQTT_EVENT_SUBSCRIBED
                                                          : MQTT_EVENT_UNSUBSCRIBED;
  guint64 tag = request ? 0 : mqtt_slot_holds(slot) ? slot->message->tag : slot->tag;
  MqttEvent *event =
      mqtt_session_event(&client->core, &client->session, type, MQTT_FLAG_FAILED, tag);
  event->packet_id = slot->id;
  event->reason = MQTT_UNSPECIFIED_ERROR;
  if (!request) {
    event->flags |= MQTT_FLAG_OPEN;
    slot->flags |= MQTT_SLOT_TOLD;
  }
}

static void
give_up(MqttClient *client, MqttSlot *slot, gboolean request)
{
  if (!request) {
    mqtt_sender_drop(&client->core, &client->session, slot, MQTT_CAUSE_GAVE_UP,
                     MQTT_UNSPECIFIED_ERROR);
    return;
  }
  report(client, slot, TRUE);
  mqtt_message_unref(slot->message);
  mqtt_ring_remove(&client->session.requests, slot);
}

static void
ack_timed_out(MqttClient *client, MqttSlot *slot)
{
  const MqttClientConfig *config = client->config;
  gboolean request = is_request(client, slot);
  if (slot->tries < 65535)
    slot->tries++;
  if (config->on_ack_timeout == MQTT_ACK_REPORT) {
    report(client, slot, request);
  } else if (config->on_ack_timeout == MQTT_ACK_GIVE_UP || slot->tries > config->ack_tries) {
    give_up(client, slot, request);
  } else if (config->on_ack_timeout == MQTT_ACK_RECONNECT) {
    mqtt_client_close(client, MQTT_SUCCESS);
  } else if (request) {
    queue_request(client, slot);
  } else {
    mqtt_pipe_again(&client->core, &client->session, slot, MQTT_RESEND_TIMER);
  }
}

/* Output and time */

static inline MqttSession *
session_of(MqttClient *client)
{
  return client->session.pipe == NULL ? NULL : &client->session;
}

/* What was ahead of CONNECT is written. */
static G_GNUC_NO_INLINE gsize
write_connect(MqttClient *client, gint64 now_ns, guint8 *dst, gsize room)
{
  client->owes_connect = FALSE;
  mqtt_client_send_connect(client);
  return mqtt_pipe_output(&client->core, &client->pipe, session_of(client), now_ns, dst, room);
}

inline gsize
mqtt_client_output(MqttClient *client, gint64 now_ns, guint8 *dst, gsize room)
{
  if (client->state != CLIENT_CONNACK && client->state != CLIENT_CONNECTED && !client->goodbye)
    return 0;
  mqtt_client_begin(client);
  gsize n = mqtt_pipe_output(&client->core, &client->pipe, session_of(client), now_ns, dst, room);
  if (n == 0 && client->owes_connect && !client->pipe.blocked)
    n = write_connect(client, now_ns, dst, room);
  if (client->goodbye) {
    client->goodbye = FALSE;
    mqtt_client_close(client, client->goodbye_reason);
    return n;
  }
  if (n == 0)
    return 0;
  if (client->state == CLIENT_CONNECTED && client->keep_alive_s > 0)
    client->ping_due_ns = client_moment(client, now_ns) + client->keep_alive_s * NS_PER_S;
  mqtt_client_woken(client, now_ns);
  if (client->pipe.sent_id != 0 && client->config->ack_timeout_ns != MQTT_NEVER)
    start_timer(client, now_ns, client->pipe.sent_id);
  return n;
}

static G_GNUC_NO_INLINE gboolean
writes_now(MqttClient *client)
{
  if (client->goodbye || client->owes_connect)
    return TRUE;
  return (client->state == CLIENT_CONNACK || client->state == CLIENT_CONNECTED) &&
         mqtt_pipe_writes(&client->pipe, session_of(client));
}

gboolean
mqtt_client_writes(MqttClient *client)
{
  return (client->pipe.named || client->owes_connect) && writes_now(client);
}

/* Of the next PINGREQ. Only what was sent is noted as it happens; what was received is looked at
 * when time comes, and the answer to a PINGREQ that is under way is waited for first. */
static gint64
ping_due_ns(const MqttClient *client)
{
  gint64 due_ns = client->ping_due_ns;
  if (client->config->ping_when != MQTT_PING_EITHER || client->state != CLIENT_CONNECTED ||
      client->keep_alive_s == 0 || client->awaits_pingresp)
    return due_ns;
  return MIN(due_ns, client->last_input_ns + client->keep_alive_s * NS_PER_S);
}

/* For a keep alive, if no packet wakes it, but not beyond the second in which PINGREQ is due for
 * want of output; want of input does not end its sleep. */
static void
fall_asleep(MqttClient *client, gint64 now_ns)
{
  gint64 sleep_ns = client->keep_alive_s * NS_PER_S;
  gint64 due_ns = client->ping_due_ns;
  if (due_ns != MQTT_NEVER)
    sleep_ns = MIN(sleep_ns, due_ns - client_moment(client, now_ns));
  client->wakes_ns = client->keep_alive_s > 0 ? now_ns + MAX(sleep_ns, NS_PER_S) : MQTT_NEVER;
}

gint64
mqtt_client_deadline(const MqttClient *client)
{
  gint64 at_ns = client->connect_deadline_ns;
  if (client_has_quirk(client, MQTT_CLIENT_DOZES))
    at_ns = MIN(at_ns, client->wakes_ns);
  else
    at_ns = MIN(at_ns, MIN(ping_due_ns(client), client->ping_deadline_ns));
  return MIN(at_ns, mqtt_ack_timers_next(client->timers));
}

static void
ping_if_due(MqttClient *client, gint64 now_ns)
{
  if (now_ns < ping_due_ns(client))
    return;
  /* A PINGREQ that finds no room is not repeated; what is written sets the next. */
  client->ping_due_ns = MQTT_NEVER;
  client->awaits_pingresp = TRUE;
  mqtt_pipe_answer(&client->core, &client->session, MQTT_PINGREQ, 0, MQTT_SUCCESS, FALSE);
  gint64 timeout_ns = client->config->ping_timeout_ns;
  if (client->ping_deadline_ns == MQTT_NEVER && timeout_ns != MQTT_NEVER)
    client->ping_deadline_ns = now_ns + timeout_ns;
}

void
mqtt_client_timeout(MqttClient *client, gint64 now_ns)
{
  gboolean dozes = client_has_quirk(client, MQTT_CLIENT_DOZES), looks = !dozes;
  mqtt_client_begin(client);
  if (dozes && now_ns >= client->wakes_ns)
    looks = TRUE;
  gint64 moment_ns = client_moment(client, now_ns);
  if (now_ns >= client->connect_deadline_ns || (looks && moment_ns >= client->ping_deadline_ns)) {
    mqtt_client_close(client, MQTT_SUCCESS);
    return;
  }
  while (mqtt_ack_timers_next(client->timers) <= now_ns) {
    MqttAckTimer timer = mqtt_ack_timers_take(&client->timers);
    if (is_live(client, &timer))
      ack_timed_out(client, find_exchange(client, timer.id));
  }
  if (looks)
    ping_if_due(client, moment_ns);
  if (looks && dozes)
    fall_asleep(client, now_ns);
}
