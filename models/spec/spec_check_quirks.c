/* Where what a real library does otherwise defeats what is asked for elsewhere. */
#include "models/spec/spec_check.h"

/* An orderly stop of the broker, which says DISCONNECT in MQTT 5. */
static gboolean
broker_says_goodbye(const Scenario *scenario, const Section *broker)
{
  MqttBrokerConfig config;

  spec_broker(broker, &config);
  if (config.quirks & MQTT_QUIRK_SILENT_CLOSE)
    return FALSE;
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *fault = g_ptr_array_index(scenario->sections, i);

    if (fault->kind == &spec_kind_fault && section_is(fault, "what", "restart") &&
        g_str_equal(spec_fault_target(fault), broker->name))
      return TRUE;
  }
  return FALSE;
}

static gboolean
subscribes_at_qos2(const Scenario *scenario, const Section *client)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *subscribe = g_ptr_array_index(scenario->sections, i);

    if (subscribe->kind == &spec_kind_subscribe && spec_is_of(scenario, subscribe, client) &&
        section_int(subscribe, "qos") == 2)
      return TRUE;
  }
  return FALSE;
}

/* The key by which the broker bounds its clients, or NULL. */
static const char *
bound_of(const Section *broker)
{
  if (section_int(broker, "receive_maximum") < 65535)
    return "receive_maximum";
  if (section_int(broker, "maximum_qos") < 2)
    return "maximum_qos";
  if (section_int(broker, "server_keep_alive") != VALUE_NEVER)
    return "server_keep_alive";
  return section_int(broker, "maximum_packet_size") != VALUE_UNLIMITED ? "maximum_packet_size"
                                                                       : NULL;
}

void
spec_check_quirks(const Scenario *scenario, const Section *client, GPtrArray *findings)
{
  const Section *broker = spec_reference(scenario, client, "broker", &spec_kind_broker);
  gboolean five = section_is(client, "protocol", "mqtt5");
  MqttClientConfig config;

  spec_client(client, &config);
  if (broker && five && config.quirks & MQTT_CLIENT_ERROR_IS_FINAL &&
      broker_says_goodbye(scenario, broker))
    spec_note(
        findings, client, "quirks",
        "error-is-final: a restart of [broker %s] says DISCONNECT, and they never connect again",
        broker->name);
  if (broker && five && config.quirks & MQTT_CLIENT_IGNORES_CONNACK && bound_of(broker))
    spec_note(findings, client, "quirks", "ignores-connack: %s of [broker %s] does not bind them",
              bound_of(broker), broker->name);
  if (config.quirks & MQTT_CLIENT_KEEPS_EACH_COPY && config.qos2_receiver == MQTT_QOS2_ON_PUBREL &&
      subscribes_at_qos2(scenario, client))
    spec_note(
        findings, client, "quirks",
        "keeps-each-copy: a QoS 2 message whose PUBLISH comes again may be handed over twice");
}
