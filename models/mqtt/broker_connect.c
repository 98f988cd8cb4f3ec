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

static guint8
check(const MqttBroker *broker, const MqttConnect *connect)
{
  gboolean v5 = connect->version == MQTT_5_0;
  if (!v5 && connect->client_id.length == 0 && !connect->clean_start)
    return MQTT_CLIENT_ID_NOT_VALID; /* [MQTT-3.1.3-8 of 3.1.1] */
  if (connect->has_will && connect->will_qos > broker->config->maximum_qos)
    return MQTT_QOS_NOT_SUPPORTED; /* [MQTT-3.2.2-12] */
  if (v5 && connect->has_will && connect->will_retain)
    return MQTT_RETAIN_NOT_SUPPORTED; /* [MQTT-3.2.2-13] */
  if (MQTT_HAS(&connect->properties, MQTT_PROP_AUTHENTICATION_METHOD))
    return MQTT_BAD_AUTHENTICATION_METHOD;
  return MQTT_SUCCESS;
}

static void
set_property(MqttProperties *properties, MqttProperty property)
{
  properties->present |= G_GUINT64_CONSTANT(1) << property;
}

static void
send_connack(MqttBroker *broker, Link *link, gboolean present, MqttBytes assigned)
{
  const MqttBrokerConfig *config = broker->config;
  MqttPacket packet = {.type = MQTT_CONNACK};
  MqttProperties *p = &packet.connack.properties;
  packet.connack.session_present = present;
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
  if (assigned.length > 0) {
    set_property(p, MQTT_PROP_ASSIGNED_CLIENT_ID);
    p->assigned_client_id = assigned;
  }
  set_property(p, MQTT_PROP_RETAIN_AVAILABLE);
  set_property(p, MQTT_PROP_SHARED_AVAILABLE);
  mqtt_pipe_packet(&broker->core, &link->pipe, link->conn, &packet, 0, 0);
}

static void
set_will(BrokerSession *session, gint64 now_ns, const MqttConnect *connect)
{
  broker_session_drop_will(session); /* of the connection before: [MQTT-3.1.3-9] */
  if (!connect->has_will)
    return;
  MqttPublish publish = {.qos = connect->will_qos,
                         .retain = connect->will_retain,
                         .topic = connect->will_topic,
                         .payload = connect->will_payload,
                         .properties = connect->will_properties};
  session->will = g_new(Will, 1);
  *session->will = (Will){.message = mqtt_message_new(&publish, now_ns), .due_ns = MQTT_NEVER};
  if (MQTT_HAS(&connect->will_properties, MQTT_PROP_WILL_DELAY))
    session->will->delay_s = connect->will_properties.will_delay_s;
}

static guint32
expiry_of(const MqttConnect *connect)
{
  if (connect->version != MQTT_5_0) /* CleanSession 0: no end is defined, section 4.1 of 3.1.1 */
    return connect->clean_start ? 0 : EXPIRY_NEVER;
  return MQTT_HAS(&connect->properties, MQTT_PROP_SESSION_EXPIRY)
             ? connect->properties.session_expiry_s
             : 0;
}

static void
take_over(MqttBroker *broker, BrokerSession *session, gint64 now_ns)
{
  if (session != NULL && session->link != NULL)
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

void
broker_on_connect(MqttBroker *broker, Link *link, gint64 now_ns, const MqttConnect *connect)
{
  const MqttProperties *p = &connect->properties;
  guint32 limit = MQTT_HAS(p, MQTT_PROP_RECEIVE_MAXIMUM) ? p->receive_maximum : 65535;
  mqtt_pipe_init(
      &link->pipe, (guint8)connect->version, MIN(limit, broker->config->inflight),
      MQTT_HAS(p, MQTT_PROP_MAXIMUM_PACKET_SIZE) ? p->maximum_packet_size : MQTT_UNLIMITED, 2);
  guint8 reason = check(broker, connect);
  if (reason != MQTT_SUCCESS) {
    refuse(broker, link, now_ns, reason);
    return;
  }
  char buffer[32];
  MqttBytes id = connect->client_id, assigned = {NULL, 0};
  if (id.length == 0)
    id = assigned = assign_id(broker, buffer, sizeof buffer);
  take_over(broker, broker_session_find(broker, id), now_ns);
  BrokerSession *session = broker_session_find(broker, id);
  if (session != NULL && connect->clean_start) { /* [MQTT-3.1.2-4] */
    broker_session_end(broker, session, now_ns, MQTT_CAUSE_SESSION_DISCARDED);
    session = NULL;
  }
  gboolean present = session != NULL;
  guint32 expiry_s = expiry_of(connect);
  if (!present)
    session = broker_session_new(broker, id, link->peer, broker->last_number + 1, expiry_s);
  session->s.peer = link->peer;
  session->link = link;
  link->session = session;
  link->state = LINK_OPEN;
  link->keep_alive_s = connect->keep_alive_s;
  set_expiry(broker, session, expiry_s);
  set_will(session, now_ns, connect);
  send_connack(broker, link, present, assigned);
  MqttEvent *event = mqtt_session_event(&broker->core, &session->s, MQTT_EVENT_OPENED,
                                        present ? MQTT_FLAG_SESSION : 0, 0, 0);
  event->conn = link->conn;
  mqtt_session_attach(&broker->core, &session->s, now_ns, &link->pipe, link->conn);
  broker_session_rearm(broker, session);
}
