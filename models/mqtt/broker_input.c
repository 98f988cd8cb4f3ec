#include "models/mqtt/broker_private.h"
#include "models/mqtt/receiver.h"
#include "models/mqtt/sender.h"

static inline void
emit_received(MqttBroker *broker, const Link *link, const MqttPublish *publish, MqttCause cause)
{
  mqtt_session_event(&broker->core, &link->session->s, MQTT_EVENT_RECEIVED, MQTT_FLAG_UPSTREAM,
                     mqtt_tag(publish->payload))
      ->cause = (guint8)cause;
}

static void
hold(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPublish *publish, guint8 reason)
{
  MqttMessage *message = mqtt_message_new(&broker->core.events->pool, publish, now_ns);
  mqtt_receiver_accept(&broker->core, &link->session->s, publish, message, reason);
  mqtt_message_unref(message);
  emit_received(broker, link, publish, MQTT_CAUSE_DONE);
}

/* Nobody of those whom broker_route_find() has found gets it. */
static void
refuse(MqttBroker *broker, Link *link, const MqttPublish *publish)
{
  broker_route_discard(broker, mqtt_tag(publish->payload), MQTT_CAUSE_QUEUE_FULL);
  emit_received(broker, link, publish, MQTT_CAUSE_QUEUE_FULL);
  mqtt_receiver_refuse(&broker->core, &link->session->s, publish, MQTT_QUOTA_EXCEEDED);
}

/* 3.1.1 has no word for it: who cannot take a message closes [MQTT-4.8.0-2], and does not have it.
 */
static void
refuse_for_queue(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPublish *publish)
{
  if (link->pipe.version == MQTT_5_0)
    refuse(broker, link, publish);
  else
    broker_link_fail(broker, link, now_ns, MQTT_QUOTA_EXCEEDED);
}

static void
take(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPublish *publish)
{
  MqttSession *s = &link->session->s;
  gboolean later = publish->qos == 2 && broker->config->qos2_receiver == MQTT_QOS2_ON_PUBREL;
  guint n = broker_route_find_for(broker, link, publish, !later);
  guint8 reason = n > 0 ? MQTT_SUCCESS : MQTT_NO_MATCHING_SUBSCRIBERS;
  if (broker->config->on_queue_full == MQTT_FULL_REFUSE && publish->qos > 0 &&
      broker_route_full(broker, publish->topic.length + publish->payload.length)) {
    refuse_for_queue(broker, link, now_ns, publish);
    return;
  }
  if (later) {
    hold(broker, link, now_ns, publish, reason);
    return;
  }
  if (n > 0 || publish->retain) {
    MqttMessage *message = mqtt_message_new(&broker->core.events->pool, publish, now_ns);
    if (publish->retain)
      broker_route_retain(broker, message);
    broker_route_deliver(broker, now_ns, message);
    mqtt_message_unref(message);
  }
  emit_received(broker, link, publish, n > 0 ? MQTT_CAUSE_DONE : MQTT_CAUSE_NO_SUBSCRIPTION);
  mqtt_receiver_accept(&broker->core, s, publish, NULL, reason);
}

static inline void
take_publish(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPublish *publish)
{
  guint8 reason;
  if (publish->qos > broker->config->maximum_qos)
    broker_link_fail(broker, link, now_ns, MQTT_QOS_NOT_SUPPORTED);
  else if (publish->retain && !broker->config->retain_available && link->pipe.version == MQTT_5_0)
    broker_link_fail(broker, link, now_ns, MQTT_RETAIN_NOT_SUPPORTED); /* [MQTT-3.2.2-14] */
  else
    switch (mqtt_receiver_publish(&broker->core, &link->session->s, publish, &reason)) {
    case MQTT_RECEIVER_NEW:
      take(broker, link, now_ns, publish);
      break;
    case MQTT_RECEIVER_DUPLICATE:
      break;
    case MQTT_RECEIVER_OVERRUN:
      broker_route_find_for(broker, link, publish, FALSE);
      refuse(broker, link, publish);
      break;
    case MQTT_RECEIVER_ERROR:
      broker_link_fail(broker, link, now_ns, reason);
      break;
    }
}

static inline void
on_publish(MqttBroker *broker, Link *link, gint64 now_ns, MqttPublish *publish)
{
  guint8 reason = MQTT_HAS(&publish->properties, MQTT_PROP_TOPIC_ALIAS)
                      ? mqtt_aliases_resolve(link->pipe.aliases, publish)
                      : MQTT_SUCCESS;
  if (reason == MQTT_SUCCESS)
    take_publish(broker, link, now_ns, publish);
  else
    broker_link_fail(broker, link, now_ns, reason);
}

static void
on_pubrel(MqttBroker *broker, Link *link, gint64 now_ns, guint16 id)
{
  MqttMessage *held;
  MqttCause cause = MQTT_CAUSE_DONE;
  if (!mqtt_receiver_pubrel(&broker->core, &link->session->s, id, &held))
    return;
  if (held != NULL) {
    if (broker_route_message(broker, now_ns, link->session, held) == 0)
      cause = MQTT_CAUSE_NO_SUBSCRIPTION;
  }
  mqtt_receiver_finish(&broker->core, &link->session->s, id, cause);
}

/* What a filter of a SUBSCRIBE or UNSUBSCRIBE came to. */
typedef struct {
  guint8 code;
  gboolean fresh; /* the session did not have it */
} Verdict;

/* What the server does not have: MQTT_SUCCESS, or the reason code of the SUBACK. */
static guint8
not_available(const MqttBrokerConfig *config, MqttBytes filter)
{
  gboolean wild =
      memchr(filter.data, '#', filter.length) || memchr(filter.data, '+', filter.length);
  if (!config->shared_available && mqtt_share_is(filter))
    return MQTT_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
  return !config->wildcard_available && wild ? MQTT_WILDCARDS_NOT_SUPPORTED : MQTT_SUCCESS;
}

static Verdict
subscribe(MqttBroker *broker, BrokerSession *session, MqttBytes filter, guint8 options,
          guint32 identifier)
{
  guint8 refusal = not_available(broker->config, filter);
  if (refusal != MQTT_SUCCESS) /* 0x80 is the only failure of 3.1.1 */
    return (Verdict){session->link->pipe.version == MQTT_5_0 ? refusal : MQTT_UNSPECIFIED_ERROR,
                     FALSE};
  guint8 qos = MIN(MQTT_OPTION_QOS(options), broker->config->maximum_qos);
  options = (guint8)((options & ~3) | qos);
  gboolean fresh = broker_session_subscribe(broker, session, filter, options, identifier);
  broker_store_subscription(broker, session, filter, options, identifier);
  return (Verdict){qos, fresh};
}

static Verdict
unsubscribe(MqttBroker *broker, BrokerSession *session, MqttBytes filter)
{
  if (!broker_session_unsubscribe(broker, session, filter))
    return (Verdict){MQTT_NO_SUBSCRIPTION_EXISTED, FALSE};
  broker_unstore_subscription(broker, session, filter);
  return (Verdict){MQTT_SUCCESS, FALSE};
}

/* [MQTT-3.3.1-9] to [MQTT-3.3.1-11]; no shared subscription gets any, section 4.8.2. */
static gboolean
wants_retained(guint32 quirks, MqttBytes filter, guint8 options, gboolean fresh)
{
  guint handling = MQTT_OPTION_RETAIN_HANDLING(options);
  if (mqtt_share_is(filter) && !(quirks & MQTT_QUIRK_RETAINED_TO_SHARES))
    return FALSE;
  return (handling == 0 || (handling == 1 && fresh));
}

static void
on_subscribe(MqttBroker *broker, Link *link, gint64 now_ns, const MqttSubscribe *packet,
             gboolean subscribes)
{
  BrokerSession *session = link->session;
  MqttBytes entries = packet->entries, filter;
  guint32 identifier = MQTT_HAS(&packet->properties, MQTT_PROP_SUBSCRIPTION_ID)
                           ? packet->properties.subscription_id
                           : 0;
  guint8 options = 0;
  if (identifier != 0 && !broker->config->subscription_ids_available) {
    broker_link_fail(broker, link, now_ns, MQTT_SUBSCRIPTION_IDS_NOT_SUPPORTED);
    return;
  }
  g_autoptr(GByteArray) codes = g_byte_array_new();
  g_autoptr(GByteArray) fresh = g_byte_array_new();
  while (mqtt_filter_next(&entries, subscribes, &filter, &options)) {
    Verdict verdict = subscribes ? subscribe(broker, session, filter, options, identifier)
                                 : unsubscribe(broker, session, filter);
    g_byte_array_append(codes, &verdict.code, 1);
    g_byte_array_append(fresh, &(guint8){verdict.fresh != FALSE}, 1);
  }
  MqttPacket answer = {.type = subscribes ? MQTT_SUBACK : MQTT_UNSUBACK};
  answer.suback.packet_id = packet->packet_id;
  if (subscribes || link->pipe.version == MQTT_5_0) /* the UNSUBACK of 3.1.1 has no payload */
    answer.suback.codes = (MqttBytes){codes->data, codes->len};
  if (!mqtt_pipe_takes(&link->pipe, &answer)) {
    broker_link_fail(broker, link, now_ns, MQTT_PACKET_TOO_LARGE);
    return;
  }
  mqtt_pipe_packet(&broker->core, &link->pipe, link->conn, &answer, 0,
                   mqtt_core_gate(&broker->core));
  entries = packet->entries;
  for (guint i = 0; subscribes && mqtt_filter_next(&entries, TRUE, &filter, &options); i++)
    if (codes->data[i] < 0x80 &&
        wants_retained(broker->config->quirks, filter, options, fresh->data[i]))
      broker_route_retained(broker, now_ns, session,
                            mqtt_share_is(filter) ? mqtt_share_inner(filter) : filter,
                            (guint8)((options & ~3) | codes->data[i]), identifier);
}

static void
on_disconnect(MqttBroker *broker, Link *link, gint64 now_ns, const MqttDisconnect *packet)
{
  BrokerSession *session = link->session;
  if (MQTT_HAS(&packet->properties, MQTT_PROP_SESSION_EXPIRY)) {
    guint32 expiry_s = packet->properties.session_expiry_s;
    if (session->expiry_s == 0 && expiry_s > 0) { /* section 3.14.2.2.2 */
      broker_link_fail(broker, link, now_ns, MQTT_PROTOCOL_ERROR);
      return;
    }
    session->expiry_s = MIN(expiry_s, broker->config->session_expiry_maximum_s);
  }
  broker_link_close(broker, link, now_ns, packet->reason, packet->reason != MQTT_SUCCESS);
}

static void
on_answer(MqttBroker *broker, Link *link, gint64 now_ns, MqttPacketType type, guint16 id,
          guint8 said)
{
  guint8 reason = mqtt_sender_answered(&broker->core, &link->session->s, now_ns, type, id, said);
  if (reason != MQTT_SUCCESS)
    broker_link_fail(broker, link, now_ns, reason);
}

/* Any but PUBLISH. */
static G_GNUC_NO_INLINE void
on_other_packet(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPacket *packet)
{
  switch (packet->type) {
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBCOMP:
    on_answer(broker, link, now_ns, packet->type, packet->ack.packet_id, packet->ack.reason);
    break;
  case MQTT_PUBREL:
    on_pubrel(broker, link, now_ns, packet->ack.packet_id);
    break;
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    on_subscribe(broker, link, now_ns, &packet->subscribe, packet->type == MQTT_SUBSCRIBE);
    break;
  case MQTT_PINGREQ:
    mqtt_pipe_answer(&broker->core, &link->session->s, MQTT_PINGRESP, 0, MQTT_SUCCESS, FALSE);
    break;
  case MQTT_DISCONNECT:
    on_disconnect(broker, link, now_ns, &packet->disconnect);
    break;
  default: /* a second CONNECT [MQTT-3.1.0-2], AUTH though no method was agreed on */
    broker_link_fail(broker, link, now_ns, MQTT_PROTOCOL_ERROR);
    break;
  }
}

static inline void
on_packet(MqttBroker *broker, Link *link, gint64 now_ns, MqttPacket *packet)
{
  if (packet->type == MQTT_PUBLISH)
    on_publish(broker, link, now_ns, &packet->publish);
  else
    on_other_packet(broker, link, now_ns, packet);
}

/* Any but a PUBACK of success. */
static G_GNUC_NO_INLINE gsize
take_packet(MqttBroker *broker, Link *link, gint64 now_ns, const guint8 *data, gsize n)
{
  MqttPacket packet;
  gsize size;
  guint8 reason;
  switch (mqtt_decode_after(data, n, link->pipe.version, MQTT_FROM_CLIENT,
                            broker->config->maximum_packet_size, broker_route_last_topic(link),
                            &packet, &size, &reason)) {
  case MQTT_NEED_MORE:
    return 0;
  case MQTT_MALFORMED:
    if (reason != MQTT_UNSUPPORTED_VERSION)
      broker_link_fail(broker, link, now_ns, reason);
    else if (link->state == LINK_CONNECT)
      broker_refuse_version(broker, link, now_ns);
    else /* a second CONNECT [MQTT-3.1.0-2] */
      broker_link_fail(broker, link, now_ns, MQTT_PROTOCOL_ERROR);
    return 0;
  case MQTT_DONE:
    break;
  }
  link->last_input_ns = now_ns;
  if (link->state == LINK_OPEN)
    on_packet(broker, link, now_ns, &packet);
  else if (packet.type == MQTT_CONNECT)
    broker_on_connect(broker, link, now_ns, &packet.connect);
  else { /* [MQTT-3.1.0-1]; what was not taken goes with its connection */
    broker_link_fail(broker, link, now_ns, MQTT_PROTOCOL_ERROR);
    return 0;
  }
  return size;
}

inline gsize
mqtt_broker_input(MqttBroker *broker, gint64 now_ns, guint32 conn, const guint8 *data, gsize n)
{
  Link *link = broker->links->pdata[conn];
  guint16 id;
  if (link->state == LINK_CLOSING)
    return 0;
  mqtt_store_log_group(broker->core.log);
  if (n < MQTT_SHORT_ACK || broker->config->maximum_packet_size < MQTT_SHORT_ACK ||
      link->state != LINK_OPEN || !mqtt_decode_puback(data, &id))
    return take_packet(broker, link, now_ns, data, n);
  link->last_input_ns = now_ns;
  guint8 reason = mqtt_sender_acknowledged(&broker->core, &link->session->s, now_ns, id);
  if (reason != MQTT_SUCCESS)
    broker_link_fail(broker, link, now_ns, reason);
  return MQTT_SHORT_ACK;
}
