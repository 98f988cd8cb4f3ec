#include "models/mqtt/broker_private.h"

/* The nearest of the return codes that 3.1.1 has (its table 3.1). */
static guint8
return_code(guint8 reason)
{
  switch (reason) {
  case MQTT_UNSUPPORTED_VERSION:
    return 1;
  case MQTT_CLIENT_ID_NOT_VALID:
    return 2;
  case MQTT_BAD_AUTHENTICATION_METHOD:
  case MQTT_BAD_USER_OR_PASSWORD:
    return 4;
  case MQTT_NOT_AUTHORIZED:
    return 5;
  default:
    return 3;
  }
}

static void
refuse(MqttBroker *broker, Link *link, gint64 now_ns, guint8 reason)
{
  MqttPacket packet = {.type = MQTT_CONNACK};
  packet.connack.reason = link->pipe.version == MQTT_5_0 ? reason : return_code(reason);
  broker_link_goodbye(broker, link, now_ns, &packet, reason);
}

/* What version the client would understand is not known: 3.1.1 is [MQTT-3.1.2-2 of 3.1.1]. */
void
broker_refuse_version(MqttBroker *broker, Link *link, gint64 now_ns)
{
  link->pipe.version = MQTT_3_1_1;
  refuse(broker, link, now_ns, MQTT_UNSUPPORTED_VERSION);
}

/* One who is connected already takes the place of its old connection. */
static gboolean
is_full(const MqttBroker *broker, MqttBytes client_id)
{
  if (broker->sessions_online < broker->config->connections)
    return FALSE;
  const BrokerSession *session = broker_session_find(broker, client_id);
  return session == NULL || session->link == NULL;
}

static guint8
check(const MqttBroker *broker, const MqttConnect *connect)
{
  gboolean v5 = connect->version == MQTT_5_0;
  if (broker->config->versions != 0 &&
      !(broker->config->versions >> (connect->version - MQTT_3_1_1) & 1))
    return MQTT_UNSUPPORTED_VERSION; /* [MQTT-3.1.2-2] */
  if (!v5 && connect->client_id.length == 0 && !connect->clean_start)
    return MQTT_CLIENT_ID_NOT_VALID; /* [MQTT-3.1.3-8 of 3.1.1] */
  if (connect->has_will && connect->will_qos > broker->config->maximum_qos)
    return MQTT_QOS_NOT_SUPPORTED; /* [MQTT-3.2.2-12] */
  if (v5 && connect->has_will && connect->will_retain && !broker->config->retain_available)
    return MQTT_RETAIN_NOT_SUPPORTED; /* [MQTT-3.2.2-13] */
  if (MQTT_HAS(&connect->properties, MQTT_PROP_AUTHENTICATION_METHOD))
    return MQTT_BAD_AUTHENTICATION_METHOD;
  if (is_full(broker, connect->client_id))
    return MQTT_QUOTA_EXCEEDED;
  return MQTT_SUCCESS;
}

static void
set_property(MqttProperties *properties, MqttProperty property)
{
  properties->present |= G_GUINT64_CONSTANT(1) << property;
}

/* Limits that are not the ones which a client assumes when nothing is said. */
static void
announce_limits(const MqttBrokerConfig *config, MqttProperties *p)
{
  if (config->receive_maximum < 65535) {
    set_property(p, MQTT_PROP_RECEIVE_MAXIMUM);
    p->receive_maximum = config->receive_maximum;
  }
  if (config->maximum_qos < 2) {
    set_property(p, MQTT_PROP_MAXIMUM_QOS);
    p->maximum_qos = config->maximum_qos;
  }
  if (config->maximum_packet_size != MQTT_UNLIMITED) {
    set_property(p, MQTT_PROP_MAXIMUM_PACKET_SIZE);
    p->maximum_packet_size = config->maximum_packet_size;
  }
  if (config->topic_alias_maximum > 0) {
    set_property(p, MQTT_PROP_TOPIC_ALIAS_MAXIMUM);
    p->topic_alias_maximum = config->topic_alias_maximum;
  }
  /* The fields are 0 already. */
  if (!config->retain_available)
    set_property(p, MQTT_PROP_RETAIN_AVAILABLE);
  if (!config->wildcard_available)
    set_property(p, MQTT_PROP_WILDCARD_AVAILABLE);
  if (!config->subscription_ids_available)
    set_property(p, MQTT_PROP_SUBSCRIPTION_IDS_AVAILABLE);
  if (!config->shared_available)
    set_property(p, MQTT_PROP_SHARED_AVAILABLE);
}

/* What the client asked and does not get as it asked. */
static void
announce_changes(const Link *link, const MqttConnect *connect, guint32 expiry_s, MqttBytes assigned,
                 MqttProperties *p)
{
  if (assigned.length > 0) {
    set_property(p, MQTT_PROP_ASSIGNED_CLIENT_ID); /* [MQTT-3.2.2-16] */
    p->assigned_client_id = assigned;
  }
  if (link->keep_alive_s != connect->keep_alive_s) {
    set_property(p, MQTT_PROP_SERVER_KEEP_ALIVE); /* [MQTT-3.2.2-21] */
    p->server_keep_alive_s = link->keep_alive_s;
  }
  if (MQTT_HAS(&connect->properties, MQTT_PROP_SESSION_EXPIRY) &&
      connect->properties.session_expiry_s != expiry_s) {
    set_property(p, MQTT_PROP_SESSION_EXPIRY);
    p->session_expiry_s = expiry_s;
  }
}

static MqttPacket
make_connack(const MqttBroker *broker, const Link *link, const MqttConnect *connect,
             guint32 expiry_s, MqttBytes assigned)
{
  MqttPacket packet = {.type = MQTT_CONNACK};
  announce_limits(broker->config, &packet.connack.properties);
  announce_changes(link, connect, expiry_s, assigned, &packet.connack.properties);
  return packet;
}

static void
set_will(MqttBroker *broker, BrokerSession *session, gint64 now_ns, const MqttConnect *connect)
{
  broker_session_drop_will(broker, session); /* of the connection before: [MQTT-3.1.3-9] */
  if (!connect->has_will)
    return;
  MqttPublish publish = {.qos = connect->will_qos,
                         .retain = connect->will_retain,
                         .topic = connect->will_topic,
                         .payload = connect->will_payload,
                         .properties = connect->will_properties};
  session->will = g_new(Will, 1);
  *session->will = (Will){.message = mqtt_message_new(&broker->core.events->pool, &publish, now_ns),
                          .due_ns = MQTT_NEVER};
  if (MQTT_HAS(&connect->will_properties, MQTT_PROP_WILL_DELAY))
    session->will->delay_s = connect->will_properties.will_delay_s;
  broker_store_will(broker, session);
}

static guint32
expiry_of(const MqttBroker *broker, const MqttConnect *connect)
{
  guint32 asked = 0;
  if (connect->version != MQTT_5_0) /* CleanSession 0: no end is defined, section 4.1 of 3.1.1 */
    asked = connect->clean_start ? 0 : EXPIRY_NEVER;
  else if (MQTT_HAS(&connect->properties, MQTT_PROP_SESSION_EXPIRY))
    asked = connect->properties.session_expiry_s;
  return MIN(asked, broker->config->session_expiry_maximum_s);
}

static guint16
keep_alive_of(const MqttBroker *broker, const MqttConnect *connect)
{
  gboolean v5 = connect->version == MQTT_5_0;
  guint16 ours = v5 ? broker->config->server_keep_alive_s : 0;
  if (v5 && connect->keep_alive_s == 0 && broker->config->quirks & MQTT_QUIRK_KEEP_ALIVE_CAP)
    return 65535;
  return ours > 0 ? ours : connect->keep_alive_s;
}

/* The quota, the peer's limits and the aliases of a connection: they end with it. */
static void
set_up_pipe(MqttBroker *broker, Link *link, const MqttConnect *connect)
{
  const MqttBrokerConfig *config = broker->config;
  const MqttProperties *p = &connect->properties;
  guint32 limit = MQTT_HAS(p, MQTT_PROP_RECEIVE_MAXIMUM) ? p->receive_maximum : 65535;
  guint32 size =
      MQTT_HAS(p, MQTT_PROP_MAXIMUM_PACKET_SIZE) ? p->maximum_packet_size : MQTT_UNLIMITED;
  gboolean replaces = config->quirks & MQTT_QUIRK_RECEIVE_MAXIMUM_REPLACES &&
                      MQTT_HAS(p, MQTT_PROP_RECEIVE_MAXIMUM);
  guint16 out =
      MQTT_HAS(p, MQTT_PROP_TOPIC_ALIAS_MAXIMUM) && !(config->quirks & MQTT_QUIRK_NO_ALIASES_SENT)
          ? MIN(p->topic_alias_maximum, config->topic_alias_send)
          : 0;
  mqtt_pipe_init(&link->pipe, (guint8)connect->version,
                 replaces ? limit : MIN(limit, config->inflight), size, 2);
  if (connect->version == MQTT_5_0 && (out > 0 || config->topic_alias_maximum > 0))
    link->pipe.aliases = mqtt_aliases_new(config->topic_alias_maximum, out);
}

static void
take_over(MqttBroker *broker, BrokerSession *session, gint64 now_ns, gboolean clean_start)
{
  if (session == NULL || session->link == NULL)
    return;
  if (broker->config->quirks & MQTT_QUIRK_TAKE_OVER_DROPS_WILL && !clean_start &&
      session->expiry_s > 0)
    broker_session_drop_will(broker, session);
  broker_link_fail(broker, session->link, now_ns, MQTT_SESSION_TAKEN_OVER); /* [MQTT-3.1.4-3] */
}

static void
set_expiry(MqttBroker *broker, BrokerSession *session, guint32 expiry_s)
{
  session->expiry_s = expiry_s;
  session->expires_ns = MQTT_NEVER;
  broker_store_session(broker, session);
}

static MqttBytes
assign_id(MqttBroker *broker, char *buffer, gsize n)
{
  do
    g_snprintf(buffer, (gulong)n, "auto-%" G_GUINT64_FORMAT, ++broker->assigned);
  while (broker_session_find(broker, mqtt_bytes(buffer)) != NULL);
  return mqtt_bytes(buffer);
}

/* NULL: a new one is to begin, and what was there before has ended. */
static BrokerSession *
session_to_resume(MqttBroker *broker, MqttBytes id, gint64 now_ns, gboolean clean_start)
{
  take_over(broker, broker_session_find(broker, id), now_ns, clean_start);
  BrokerSession *session = broker_session_find(broker, id);
  gboolean late = session != NULL && session->expires_ns <= now_ns; /* its time has come */
  if (session == NULL || (!late && !clean_start))
    return session;
  broker_session_end(broker, session, now_ns,
                     late ? broker_session_end_cause(session)
                          : MQTT_CAUSE_SESSION_DISCARDED); /* [MQTT-3.1.2-4] */
  return NULL;
}

void
broker_on_connect(MqttBroker *broker, Link *link, gint64 now_ns, const MqttConnect *connect)
{
  set_up_pipe(broker, link, connect);
  guint8 reason = check(broker, connect);
  if (reason != MQTT_SUCCESS) {
    refuse(broker, link, now_ns, reason);
    return;
  }
  char buffer[32];
  MqttBytes id = connect->client_id, assigned = {NULL, 0};
  if (id.length == 0)
    id = assigned = assign_id(broker, buffer, sizeof buffer);
  guint32 expiry_s = expiry_of(broker, connect);
  link->keep_alive_s = keep_alive_of(broker, connect);
  MqttPacket connack = make_connack(broker, link, connect, expiry_s, assigned);
  if (!mqtt_pipe_takes(&link->pipe, &connack)) {
    broker_link_close(broker, link, now_ns, MQTT_PACKET_TOO_LARGE, FALSE);
    return;
  }
  BrokerSession *session = session_to_resume(broker, id, now_ns, connect->clean_start);
  gboolean present = session != NULL;
  if (!present)
    session = broker_session_new(broker, id, link->peer, broker->last_number + 1, expiry_s);
  broker_session_join(broker, session, link);
  link->state = LINK_OPEN;
  session->clean_start = connect->clean_start != FALSE;
  session->version = (guint8)connect->version;
  set_expiry(broker, session, expiry_s);
  set_will(broker, session, now_ns, connect);
  if (!present)
    session->begun = mqtt_core_gate(&broker->core);
  connack.connack.session_present = present;
  link->pipe.opens = session->begun;
  mqtt_pipe_packet(&broker->core, &link->pipe, link->conn, &connack, 0, session->begun);
  MqttEvent *event = mqtt_session_event(&broker->core, &session->s, MQTT_EVENT_OPENED,
                                        present ? MQTT_FLAG_SESSION : 0, 0);
  event->conn = link->conn;
  mqtt_session_attach(&broker->core, &session->s, now_ns, &link->pipe, link->conn);
  broker_session_rearm(broker, session);
}
