#include "models/mqtt/broker_private.h"
#include "models/mqtt/sender.h"
#include "models/mqtt/wire.h"

/* A session that gets one copy, whatever number of its filters match [MQTT-3.3.4-2]. */
struct _BrokerTarget {
  BrokerSession *session;
  guint32 identifier; /* Subscription Identifier, if there is one */
  guint8 qos;
  guint8 flags;   /* MQTT_SLOT_RETAIN */
  guint8 several; /* identifiers */
};

/* Most publishers keep to one topic, and subscriptions are rarely changed: so a connection knows
 * who got its last PUBLISH, which is true of the next with that topic, QoS and RETAIN while the
 * tree is of that version. In one block of the pool; where that would be larger than this, nothing
 * is kept, nor where a shared subscription or several identifiers are looked at anew each time, or
 * the version that a session has at the moment. */
#define ROUTE_BYTES 256

struct _BrokerRoute {
  guint64 version;
  guint32 n_targets;
  guint16 topic_length;
  guint8 qos, retain;
  BrokerTarget targets[]; /* and then the topic */
};

static gsize
route_size(guint n_targets, gsize topic_length)
{
  return sizeof(BrokerRoute) + n_targets * sizeof(BrokerTarget) + topic_length;
}

static inline MqttBytes
route_topic(const BrokerRoute *route)
{
  return (MqttBytes){(const guint8 *)(route->targets + route->n_targets), route->topic_length};
}

MqttBytes
broker_route_last_topic(const Link *link)
{
  return link->route == NULL ? (MqttBytes){NULL, 0} : route_topic(link->route);
}

void
broker_route_forget(MqttBroker *broker, Link *link)
{
  BrokerRoute *route = link->route;
  if (route != NULL)
    mqtt_pool_give_back(&broker->core.events->pool, route,
                        route_size(route->n_targets, route->topic_length));
  link->route = NULL;
}

static gboolean
may_remember(const MqttBroker *broker, MqttBytes topic)
{
  gboolean holds = route_size(broker->n_targets, topic.length) <= ROUTE_BYTES &&
                   !(broker->config->quirks & MQTT_QUIRK_FIRST_MATCH);
  const MqttMatch *matches = (gpointer)broker->found->data;
  for (guint i = 0; holds && i < broker->found->len; i++)
    holds = !(matches[i].subscriber & MQTT_SHARE_BIT);
  for (guint i = 0; holds && i < broker->n_targets; i++)
    holds = !broker->targets[i].several;
  return holds;
}

static void
remember(MqttBroker *broker, Link *link, MqttBytes topic, guint8 qos, gboolean retain)
{
  guint n = broker->n_targets;
  broker_route_forget(broker, link);
  if (!may_remember(broker, topic))
    return;
  BrokerRoute *route = link->route =
      mqtt_pool_take(&broker->core.events->pool, route_size(n, topic.length));
  *route = (BrokerRoute){.version = mqtt_topic_tree_version(broker->tree),
                         .n_targets = n,
                         .topic_length = (guint16)topic.length,
                         .qos = qos,
                         .retain = retain != FALSE};
  if (n > 0)
    memcpy(route->targets, broker->targets, n * sizeof(BrokerTarget));
  memcpy(route->targets + n, topic.data, topic.length);
}

static void
grow_targets(MqttBroker *broker)
{
  broker->room_for_targets = MAX(16, 2 * broker->room_for_targets);
  broker->own_targets = g_renew(BrokerTarget, broker->own_targets, broker->room_for_targets);
}

static void
add_target(MqttBroker *broker, BrokerSession *session, const MqttMatch *match, guint8 qos,
           gboolean retain)
{
  gboolean keeps = retain && match->options & MQTT_OPTION_RETAIN_AS_PUBLISHED;
  if (broker->n_targets == broker->room_for_targets)
    grow_targets(broker);
  broker->own_targets[broker->n_targets++] =
      (BrokerTarget){.session = session,
                     .identifier = match->identifier,
                     .qos = MIN(qos, MQTT_OPTION_QOS(match->options)),
                     .flags = keeps ? MQTT_SLOT_RETAIN : 0};
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
    session->route_at = broker->n_targets;
    add_target(broker, session, match, qos, retain);
    return;
  }
  BrokerTarget *target = &broker->own_targets[session->route_at];
  target->qos = MAX(target->qos, granted);
  if (retain && match->options & MQTT_OPTION_RETAIN_AS_PUBLISHED)
    target->flags |= MQTT_SLOT_RETAIN;
  if (match->identifier != 0 && target->identifier != match->identifier) {
    target->several = target->identifier != 0;
    target->identifier = match->identifier;
  }
}

static G_GNUC_NO_INLINE void
find_anew(MqttBroker *broker, const BrokerSession *from, MqttBytes topic, guint8 qos,
          gboolean retain, gboolean take)
{
  broker->n_targets = 0;
  if (++broker->route_serial == 0) /* 0 is that of a session that no message has matched */
    broker->route_serial = 1;
  g_array_set_size(broker->found, 0);
  mqtt_topic_tree_match(broker->tree, topic, broker->found);
  for (guint i = 0; i < broker->found->len; i++) {
    const MqttMatch *match = &g_array_index(broker->found, MqttMatch, i);
    if (match->subscriber & MQTT_SHARE_BIT) {
      add_shared(broker, match->subscriber, qos, retain, take);
      continue;
    }
    BrokerSession *session = broker->sessions->pdata[match->subscriber];
    if (!(match->options & MQTT_OPTION_NO_LOCAL) || session != from)
      add_match(broker, session, match, qos, retain);
  }
  broker->targets = broker->own_targets;
  if (from != NULL && from->link != NULL)
    remember(broker, from->link, topic, qos, retain);
}

guint
broker_route_find(MqttBroker *broker, const BrokerSession *from, MqttBytes topic, guint8 qos,
                  gboolean retain, gboolean take)
{
  find_anew(broker, from, topic, qos, retain, take);
  return broker->n_targets;
}

guint
broker_route_find_for(MqttBroker *broker, const Link *link, const MqttPublish *publish,
                      gboolean take)
{
  const BrokerRoute *route = link->route;
  if (publish->known && route->version == mqtt_topic_tree_version(broker->tree) &&
      route->qos == publish->qos && route->retain == (publish->retain != FALSE)) {
    broker->targets = route->targets;
    broker->n_targets = route->n_targets;
  } else {
    find_anew(broker, link->session, publish->topic, publish->qos, publish->retain, take);
  }
  return broker->n_targets;
}

gboolean
broker_route_full(MqttBroker *broker, guint32 size)
{
  for (guint i = 0; i < broker->n_targets; i++) {
    const BrokerTarget *target = &broker->targets[i];
    if (target->qos > 0 && mqtt_sender_full(&broker->core, &target->session->s, target->qos, size))
      return TRUE;
  }
  return FALSE;
}

static G_GNUC_NO_INLINE void
discard_copy(MqttBroker *broker, const BrokerTarget *target, guint64 tag, MqttCause cause)
{
  const MqttSession *s = &target->session->s;
  mqtt_session_event(&broker->core, s, MQTT_EVENT_COPY, 0, tag);
  mqtt_session_event(&broker->core, s, MQTT_EVENT_GONE, 0, tag)->cause = cause;
}

void
broker_route_discard(MqttBroker *broker, guint64 tag, MqttCause cause)
{
  for (guint i = 0; i < broker->n_targets; i++)
    discard_copy(broker, &broker->targets[i], tag, cause);
}

/* All identifiers of the matching subscriptions, which were found for this message, go with the one
 * copy [MQTT-3.3.4-4]. */
static G_GNUC_NO_INLINE MqttMessage *
with_identifiers(const MqttBroker *broker, const BrokerTarget *target, const MqttMessage *message)
{
  g_autoptr(GByteArray) extra = g_byte_array_new();
  for (guint i = 0; i < broker->found->len; i++) {
    const MqttMatch *match = &g_array_index(broker->found, MqttMatch, i);
    guint8 encoded[5] = {MQTT_PROP_SUBSCRIPTION_ID};
    if (match->subscriber == target->session->index && match->identifier != 0)
      g_byte_array_append(extra, encoded,
                          (guint)(mqtt_put_vbi(encoded + 1, match->identifier) - encoded));
  }
  return mqtt_message_new_with(message, extra->data, extra->len);
}

static inline void
deliver(MqttBroker *broker, gint64 now_ns, const BrokerTarget *target, MqttMessage *message)
{
  MqttSession *s = &target->session->s;
  gboolean many = target->several && s->pipe != NULL && s->pipe->version == MQTT_5_0;
  if (target->qos == 0 && s->pipe == NULL && !broker->config->queue_qos0) {
    discard_copy(broker, target, message->tag, MQTT_CAUSE_OFFLINE);
    return;
  }
  MqttMessage *copy = many ? with_identifiers(broker, target, message) : message;
  if (!mqtt_sender_offer(&broker->core, s, now_ns, copy, target->qos, target->flags,
                         many ? 0 : target->identifier))
    discard_copy(broker, target, message->tag, MQTT_CAUSE_QUEUE_FULL);
  if (many)
    mqtt_message_unref(copy);
}

void
broker_route_deliver(MqttBroker *broker, gint64 now_ns, MqttMessage *message)
{
  for (guint i = 0; i < broker->n_targets; i++)
    deliver(broker, now_ns, &broker->targets[i], message);
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
    BrokerTarget target = {.session = session,
                           .identifier = identifier,
                           .qos = MIN(message->qos, MQTT_OPTION_QOS(options)),
                           .flags = MQTT_SLOT_RETAIN};
    deliver(broker, now_ns, &target, message);
  }
}
