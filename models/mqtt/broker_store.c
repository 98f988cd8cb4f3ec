#include <string.h>

#include "models/mqtt/broker_private.h"

/* Of a session record; the client identifier follows. */
typedef struct {
  gint64 expires_ns;
  guint32 expiry_s;
  guint16 clean_start, version;
} SessionRecord;

/* Of a subscription; the filter follows. */
typedef struct {
  guint32 identifier;
  guint32 options;
} SubscriptionRecord;

/* FNV-1a: records of one session's subscriptions are told apart by it. */
static guint64
hash_of(MqttBytes filter)
{
  guint64 hash = G_GUINT64_CONSTANT(14695981039346656037);
  for (guint32 i = 0; i < filter.length; i++)
    hash = (hash ^ filter.data[i]) * G_GUINT64_CONSTANT(1099511628211);
  return hash;
}

static void
put(MqttBroker *broker, const BrokerSession *session, guint32 kind, guint64 number,
    gconstpointer record, gsize n, MqttBytes rest)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  g_byte_array_append(bytes, record, (guint)n);
  g_byte_array_append(bytes, rest.data, rest.length);
  mqtt_store_log_put(broker->core.log, (MqttStoreKey){session->s.number, number, kind}, bytes->data,
                     bytes->len, 0, 0, session->s.peer);
}

void
broker_store_session(MqttBroker *broker, const BrokerSession *session)
{
  if (!session->s.recorded)
    return;
  SessionRecord record = {.expires_ns = session->expires_ns,
                          .expiry_s = session->expiry_s,
                          .clean_start = session->clean_start,
                          .version = session->version};
  put(broker, session, BROKER_RECORD_SESSION, 0, &record, sizeof record, session->client_id);
}

void
broker_store_subscription(MqttBroker *broker, const BrokerSession *session, MqttBytes filter,
                          guint8 options, guint32 identifier)
{
  if (!session->s.recorded)
    return;
  SubscriptionRecord record = {identifier, options};
  put(broker, session, BROKER_RECORD_SUBSCRIPTION, hash_of(filter), &record, sizeof record, filter);
}

/* The message follows. */
typedef struct {
  guint32 delay_s;
  guint32 reserved;
} WillRecord;

void
broker_store_will(MqttBroker *broker, const BrokerSession *session)
{
  if (!session->s.recorded || broker->config->quirks & MQTT_QUIRK_WILLS_UNSAVED)
    return;
  WillRecord record = {.delay_s = session->will->delay_s};
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  mqtt_message_save(session->will->message, bytes);
  put(broker, session, BROKER_RECORD_WILL, 0, &record, sizeof record,
      (MqttBytes){bytes->data, bytes->len});
}

void
broker_store_retained(MqttBroker *broker, guint64 number, const MqttMessage *message)
{
  if (broker->core.log == NULL)
    return;
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  mqtt_message_save(message, bytes);
  mqtt_store_log_put(broker->core.log, (MqttStoreKey){0, number, BROKER_RECORD_RETAINED},
                     bytes->data, bytes->len, 0, 0, MQTT_NO_PEER);
}

void
broker_unstore_retained(MqttBroker *broker, guint64 number)
{
  if (broker->core.log != NULL)
    mqtt_store_log_delete(broker->core.log, (MqttStoreKey){0, number, BROKER_RECORD_RETAINED},
                          MQTT_NO_PEER);
}

static void
unstore(MqttBroker *broker, const BrokerSession *session, guint32 kind, guint64 number)
{
  if (session->s.recorded)
    mqtt_store_log_delete(broker->core.log, (MqttStoreKey){session->s.number, number, kind},
                          session->s.peer);
}

void
broker_unstore_subscription(MqttBroker *broker, const BrokerSession *session, MqttBytes filter)
{
  unstore(broker, session, BROKER_RECORD_SUBSCRIPTION, hash_of(filter));
}

void
broker_unstore_session(MqttBroker *broker, const BrokerSession *session)
{
  unstore(broker, session, BROKER_RECORD_SESSION, 0);
}

void
broker_unstore_will(MqttBroker *broker, const BrokerSession *session)
{
  if (broker->config->quirks & MQTT_QUIRK_WILLS_UNSAVED)
    return;
  unstore(broker, session, BROKER_RECORD_WILL, 0);
}

gboolean
mqtt_broker_store_op(MqttBroker *broker, MqttStoreOp *op)
{
  return mqtt_store_log_next(broker->core.log, op);
}

gboolean
mqtt_broker_has_store_ops(const MqttBroker *broker)
{
  return mqtt_store_log_waits(broker->core.log);
}

void
mqtt_broker_stored(MqttBroker *broker, gint64 now_ns, guint64 up_to)
{
  MqttReady *ready = &broker->ready;
  (void)now_ns;
  if (broker->core.log == NULL)
    return;
  broker->core.log->stored = MAX(broker->core.log->stored, up_to);
  while (ready->opened < ready->gated->len) {
    const MqttGate *gate = &g_array_index(ready->gated, MqttGate, ready->opened);
    if (gate->op > up_to)
      break;
    Link *link = gate->conn < broker->links->len ? broker->links->pdata[gate->conn] : NULL;
    if (link != NULL)
      mqtt_pipe_wake(&broker->core, &link->pipe, link->conn);
    ready->opened++;
  }
  if (ready->opened * 2 >= ready->gated->len) {
    g_array_remove_range(ready->gated, 0, ready->opened);
    ready->opened = 0;
  }
}

/* A session that was connected when the crash came has been without a connection since then. */
static void
load_session(MqttBroker *broker, gint64 now_ns, guint64 number, const SessionRecord *record,
             MqttBytes client_id, guint32 peer)
{
  BrokerSession *session = broker_session_new(broker, client_id, peer, number, record->expiry_s);
  session->s.recorded = TRUE; /* one whose interval is 0 too: its end deletes what is stored */
  session->expires_ns = record->expires_ns;
  if (record->expires_ns == MQTT_NEVER && record->expiry_s != EXPIRY_NEVER)
    session->expires_ns = now_ns + record->expiry_s * NS_PER_S;
  session->clean_start = record->clean_start != 0;
  session->version = (guint8)record->version;
  if (session->clean_start && broker->config->quirks & MQTT_QUIRK_CLEAN_START_UNSAVED) {
    session->unsaved = TRUE;
    session->expires_ns = now_ns;
  }
  broker->loading = session;
  broker_session_rearm(broker, session);
}

/* The crash ended the connection, so the delay begins no later than now. */
static void
load_will(MqttBroker *broker, gint64 now_ns, guint32 delay_s, MqttMessage *message)
{
  BrokerSession *session = broker->loading;
  session->will = g_new(Will, 1);
  *session->will = (Will){message, now_ns + delay_s * NS_PER_S, delay_s};
  broker_session_rearm(broker, session);
}

static void
load_retained(MqttBroker *broker, guint64 number, const guint8 *value, gsize n)
{
  MqttMessage *message = mqtt_message_load(&broker->core.events->pool, value, n);
  g_return_if_fail(message != NULL);
  mqtt_retained_load(broker->retained, number, message);
}

static void
load_of_session(MqttBroker *broker, gint64 now_ns, const MqttStoreKey *key, const guint8 *value,
                gsize n)
{
  SubscriptionRecord subscription;
  WillRecord will;
  MqttMessage *message;
  switch (key->kind) {
  case BROKER_RECORD_SUBSCRIPTION:
    g_return_if_fail(n >= sizeof subscription);
    memcpy(&subscription, value, sizeof subscription);
    MqttBytes filter = {value + sizeof subscription, (guint32)(n - sizeof subscription)};
    broker_session_subscribe(broker, broker->loading, filter, (guint8)subscription.options,
                             subscription.identifier);
    break;
  case BROKER_RECORD_WILL:
    g_return_if_fail(n >= sizeof will);
    memcpy(&will, value, sizeof will);
    message = mqtt_message_load(&broker->core.events->pool, value + sizeof will, n - sizeof will);
    g_return_if_fail(message != NULL);
    load_will(broker, now_ns, will.delay_s, message);
    break;
  default:
    mqtt_session_load(&broker->core, &broker->loading->s, key, value, n);
  }
}

void
mqtt_broker_load(MqttBroker *broker, gint64 now_ns, const MqttStoreKey *key, const guint8 *value,
                 gsize n, guint32 (*peer_of)(gpointer user, MqttBytes client_id), gpointer user)
{
  SessionRecord session;
  if (key->kind == BROKER_RECORD_RETAINED) {
    load_retained(broker, key->number, value, n);
  } else if (key->kind == BROKER_RECORD_SESSION) {
    g_return_if_fail(n >= sizeof session);
    memcpy(&session, value, sizeof session);
    MqttBytes id = {value + sizeof session, (guint32)(n - sizeof session)};
    load_session(broker, now_ns, key->session, &session, id, peer_of(user, id));
  } else {
    g_return_if_fail(broker->loading != NULL && broker->loading->s.number == key->session);
    load_of_session(broker, now_ns, key, value, n);
  }
}
