#include "tests/models/mqtt/knobs.h"

#include <string.h>

gboolean
knob_set(MqttBrokerConfig *config, const char *knob)
{
  const struct {
    const char *name;
    gpointer at;
    gsize size;
  } knobs[] = {
      {"receive_maximum", &config->receive_maximum, sizeof config->receive_maximum},
      {"maximum_qos", &config->maximum_qos, sizeof config->maximum_qos},
      {"maximum_packet_size", &config->maximum_packet_size, sizeof config->maximum_packet_size},
      {"retain_available", &config->retain_available, sizeof config->retain_available},
      {"inflight", &config->inflight, sizeof config->inflight},
      {"queue", &config->queue, sizeof config->queue},
      {"on_pubrel", &config->qos2_receiver, sizeof config->qos2_receiver},
      {"refuse", &config->on_queue_full, sizeof config->on_queue_full},
      {"store", &config->store, sizeof config->store},
      {"topic_alias_maximum", &config->topic_alias_maximum, sizeof config->topic_alias_maximum},
      {"server_keep_alive", &config->server_keep_alive_s, sizeof config->server_keep_alive_s},
      {"connections", &config->connections, sizeof config->connections},
      {"wildcard_available", &config->wildcard_available, sizeof config->wildcard_available},
      {"shared_available", &config->shared_available, sizeof config->shared_available},
      {"subscription_ids_available", &config->subscription_ids_available,
       sizeof config->subscription_ids_available},
      {"copy_each", &config->copy_each, sizeof config->copy_each},
      {"keep_alive_check_ns", &config->keep_alive_check_ns, sizeof config->keep_alive_check_ns},
      {"session_expiry_maximum", &config->session_expiry_maximum_s,
       sizeof config->session_expiry_maximum_s},
  };
  g_auto(GStrv) parts = g_strsplit(knob, "=", 2);
  for (guint i = 1; strcmp(parts[0], "quirk") == 0 && mqtt_quirk_names[i] != NULL; i++)
    if (parts[1] != NULL && strcmp(parts[1], mqtt_quirk_names[i]) == 0) {
      config->quirks |= 1u << (i - 1);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS(knobs); i++) {
    if (strcmp(parts[0], knobs[i].name) != 0 || parts[1] == NULL)
      continue;
    guint64 value = g_ascii_strtoull(parts[1], NULL, 10);
    if (strcmp(parts[0], "refuse") == 0)
      value = value ? MQTT_FULL_REFUSE : MQTT_DROP_NEW;
    memcpy(knobs[i].at, &value, knobs[i].size); /* little-endian machines keep the low bytes */
    return TRUE;
  }
  return FALSE;
}
