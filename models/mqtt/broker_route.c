#include "models/mqtt/broker_private.h"
#include "models/mqtt/sender.h"
#include "models/mqtt/wire.h"

/* A session that gets one copy, whatever number of its filters match [MQTT-3.3.4-2]. */
typedef struct {
  BrokerSession *session;
  guint32 identifier; /* Subscription Identifier, if there is one */
  guint8 qos;
  guint8 flags;     /* MQTT_SLOT_RETAIN */
  gboolean several; /* identifiers */
} Target;

GArray *
broker_route_targets_new(void)
{
  return g_array_new(FALSE, FALSE, sizeof(Target));
}

static Target *
target_at(const MqttBroker *broker, guint i)
{
  return &g_array_index(broker->targets, Target, i);
}

static void
add_target(MqttBroker *broker, BrokerSession *session, const MqttMatch *match, guint8 qos,
           gboolean retain)
{
  Target target = {.session = session,
                   .identifier = match->identifier,
                   .qos = MIN(qos, MQTT_OPTION_QOS(match->options))};
  if (retain && match->options & MQTT_OPTION_RETAIN_AS_PUBLISHED)
    target.flags = MQTT_SLOT_RETAIN;
  g_array_append_val(broker->targets, target);
}

/* Beside the copy of another subscription of the session that was chosen, section 4.8.2. */
static void
add_shared(MqttBroker *broker, guint32 group, guint8 qos, gboolean retain, gboolean take)
{
  const MqttMatch *member = mqtt_shares_next(broker->shares, group, take);
  add_target(broker, broker->sessions->pdata[member->subscriber], member, qos, retain);
}

/* Another subscription of the session matches too; [MQTT-3.3.4-2] leaves the number of copies. */
static void
add_match(MqttBroker *broker, BrokerSession *session, const MqttMatch *match, guint8 qos,
          gboolean retain)
{
  gboolean first = session->route_serial != broker->route_serial;
  gboolean alone =
      session->version == MQTT_3_1_1 && broker->config->quirks & MQTT_QUIRK_FIRST_MATCH;
  guint8 granted = MIN(qos, MQTT_OPTION_QOS(match->options));
  if (!first && alone)
    return;
  if (first || broker->config->copy_each) {
    session->route_serial = broker->route_serial;
    session->route_at = broker->targets->len;
    add_target(broker, session, match, qos, retain);
    return;
  }
  Target *target = target_at(broker, session->route_at);
  target->qos = MAX(target->qos, granted);
  if (retain && match->options & MQTT_OPTION_RETAIN_AS_PUBLISHED)
    target->flags |= MQTT_SLOT_RETAIN;
  if (match->identifier != 0 && target->identifier != match->identifier) {
    target->several = target->identifier != 0;
    target->identifier = match->identifier;
  }
}

guint
broker_route_find(MqttBroker *broker, const BrokerSession *from, MqttBytes topic, guint8 qos,
                  gboolean retain, gboolean take)
{
  broker->matches->len = broker->targets->len = 0;
  if (++broker->route_serial == 0) /* 0 is that of a session that no message has matched */
    broker->route_serial = 1;
  mqtt_topic_tree_match(broker->tree, topic, broker->matches);
  for (guint i = 0; i < broker->matches->len; i++) {
    const MqttMatch *match = &g_array_index(broker->matches, MqttMatch, i);
    if (match->subscriber & MQTT_SHARE_BIT) {
      add_shared(broker, match->subscriber, qos, retain, take);
      continue;
    }
    BrokerSession *session = broker->sessions->pdata[match->subscriber];
    if (!(match->options & MQTT_OPTION_NO_LOCAL) || session != from)
      add_match(broker, session, match, qos, retain);
  }
  return broker->targets->len;
}

gboolean
broker_route_full(MqttBroker *broker, guint32 size)
{
  for (guint i = 0; i < broker->targets->len; i++) {
    const Target *target = target_at(broker, i);
    if (target->qos > 0 && mqtt_sender_full(&broker->core, &target->session->s, target->qos, size))
      return TRUE;
  }
  return FALSE;
}

static void
discard_copy(MqttBroker *broker, const Target *target, guint64 tag, MqttCause cause)
{
  const MqttSession *s = &target->session->s;
  mqtt_session_event(&broker->core, s, MQTT_EVENT_COPY, 0, tag, target->qos);
  mqtt_session_event(&broker->core, s, MQTT_EVENT_GONE, 0, tag, target->qos)->cause = cause;
}

void
broker_route_discard(MqttBroker *broker, guint64 tag, MqttCause cause)
{
  for (guint i = 0; i < broker->targets->len; i++)
    discard_copy(broker, target_at(broker, i), tag, cause);
}

/* All identifiers of the matching subscriptions go with the one copy [MQTT-3.3.4-4]. */
static MqttMessage *
with_identifiers(const MqttBroker *broker, const Target *target, const MqttMessage *message)
{
  g_autoptr(GByteArray) extra = g_byte_array_new();
  for (guint i = 0; i < broker->matches->len; i++) {
    const MqttMatch *match = &g_array_index(broker->matches, MqttMatch, i);
    guint8 encoded[5] = {MQTT_PROP_SUBSCRIPTION_ID};
    if (match->subscriber == target->session->index && match->identifier != 0)
      g_byte_array_append(extra, encoded,
                          (guint)(mqtt_put_vbi(encoded + 1, match->identifier) - encoded));
  }
  return mqtt_message_new_with(message, extra->data, extra->len);
}

static void
deliver(MqttBroker *broker, gint64 now_ns, const Target *target, MqttMessage *message)
{
  MqttSession *s = &target->session->s;
  gboolean many = target->several && s->pipe != NULL && s->pipe->version == MQTT_5_0;
  if (target->qos == 0 && s->pipe == NULL && !broker->config->queue_qos0) {
    discard_copy(broker, target, message->tag, MQTT_CAUSE_OFFLINE);
    return;
  }
  MqttMessage *copy = many ? with_identifiers(broker, target, message) : mqtt_message_ref(message);
  if (!mqtt_sender_offer(&broker->core, s, now_ns, copy, target->qos, target->flags,
                         many ? 0 : target->identifier))
    discard_copy(broker, target, message->tag, MQTT_CAUSE_QUEUE_FULL);
  mqtt_message_unref(copy);
}

void
broker_route_deliver(MqttBroker *broker, gint64 now_ns, MqttMessage *message)
{
  for (guint i = 0; i < broker->targets->len; i++)
    deliver(broker, now_ns, target_at(broker, i), message);
}

guint
broker_route_message(MqttBroker *broker, gint64 now_ns, const BrokerSession *from,
                     MqttMessage *message)
{
  guint n = broker_route_find(broker, from, mqtt_message_topic(message), message->qos,
                              message->retain, TRUE);
  broker_route_retain(broker, message);
  broker_route_deliver(broker, now_ns, message);
  return n;
}

void
broker_route_retain(MqttBroker *broker, MqttMessage *message)
{
  if (!message->retain || !broker->config->retain_available)
    return; /* without RETAIN nothing that is kept is touched [MQTT-3.3.1-8] */
  if (message->payload_length > 0) { /* [MQTT-3.3.1-5] */
    guint64 number = mqtt_retained_put(broker->retained, message);
    broker_store_retained(broker, number, message);
  } else { /* [MQTT-3.3.1-6], [MQTT-3.3.1-7] */
    guint64 number = mqtt_retained_remove(broker->retained, mqtt_message_topic(message));
    if (number > 0)
      broker_unstore_retained(broker, number);
  }
}

void
broker_route_retained(MqttBroker *broker, gint64 now_ns, BrokerSession *session, MqttBytes filter,
                      guint8 options, guint32 identifier)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new();
  mqtt_retained_match(broker->retained, filter, now_ns, messages);
  for (guint i = 0; i < messages->len; i++) {
    MqttMessage *message = messages->pdata[i];
    Target target = {.session = session,
                     .identifier = identifier,
                     .qos = MIN(message->qos, MQTT_OPTION_QOS(options)),
                     .flags = MQTT_SLOT_RETAIN};
    deliver(broker, now_ns, &target, message);
  }
}
