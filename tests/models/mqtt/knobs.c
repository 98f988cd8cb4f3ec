#include "tests/models/mqtt/knobs.h"

#include <string.h>

typedef struct {
  const char *name;
  gpointer at;
  gsize size;
} Knob;

static gboolean
set(const Knob *knobs, guint n, const char *knob)
{
  g_auto(GStrv) parts = g_strsplit(knob, "=", 2);
  for (guint i = 0; i < n; i++) {
    if (strcmp(parts[0], knobs[i].name) != 0 || parts[1] == NULL)
      continue;
    guint64 value = g_ascii_strtoull(parts[1], NULL, 10);
    memcpy(knobs[i].at, &value, knobs[i].size); /* little-endian machines keep the low bytes */
    return TRUE;
  }
  return FALSE;
}

gboolean
knob_set(MqttBrokerConfig *config, const char *knob)
{
  const Knob knobs[] = {
      {"receive_maximum", &config->receive_maximum, sizeof config->receive_maximum},
      {"maximum_qos", &config->maximum_qos, sizeof config->maximum_qos},
      {"maximum_packet_size", &config->maximum_packet_size, sizeof config->maximum_packet_size},
      {"retain_available", &config->retain_available, sizeof config->retain_available},
      {"inflight", &config->inflight, sizeof config->inflight},
      {"queue", &config->queue, sizeof config->queue},
      {"on_pubrel", &config->qos2_receiver, sizeof config->qos2_receiver},
      {"on_queue_full", &config->on_queue_full, sizeof config->on_queue_full},
      {"store", &config->store, sizeof config->store},
      {"topic_alias_maximum", &config->topic_alias_maximum, sizeof config->topic_alias_maximum},
      {"server_keep_alive", &config->server_keep_alive_s, sizeof config->server_keep_alive_s},
      {"connections", &config->connections, sizeof config->connections},
      {"wildcard_available", &config->wildcard_available, sizeof config->wildcard_available},
      {"shared_available", &config->shared_available, sizeof config->shared_available},
      {"subscription_ids_available", &config->subscription_ids_available,
       sizeof config->subscription_ids_available},
      {"versions", &config->versions, sizeof config->versions},
      {"queue_qos0", &config->queue_qos0, sizeof config->queue_qos0},
      {"copy_each", &config->copy_each, sizeof config->copy_each},
      {"keep_alive_check_ns", &config->keep_alive_check_ns, sizeof config->keep_alive_check_ns},
      {"session_expiry_maximum", &config->session_expiry_maximum_s,
       sizeof config->session_expiry_maximum_s},
  };
  for (guint i = 1; g_str_has_prefix(knob, "quirk=") && mqtt_quirk_names[i] != NULL; i++)
    if (strcmp(knob + strlen("quirk="), mqtt_quirk_names[i]) == 0) {
      config->quirks |= 1u << (i - 1);
      return TRUE;
    }
  return set(knobs, G_N_ELEMENTS(knobs), knob);
}

gboolean
knob_set_client(MqttClientConfig *config, const char *knob)
{
  const Knob knobs[] = {
      {"version", &config->version, sizeof config->version},
      {"clean_start", &config->clean_start, sizeof config->clean_start},
      {"session_expiry", &config->session_expiry_s, sizeof config->session_expiry_s},
      {"keep_alive", &config->keep_alive_s, sizeof config->keep_alive_s},
      {"inflight", &config->inflight, sizeof config->inflight},
      {"offline_queue", &config->offline_queue, sizeof config->offline_queue},
      {"receive_maximum", &config->receive_maximum, sizeof config->receive_maximum},
      {"maximum_packet_size", &config->maximum_packet_size, sizeof config->maximum_packet_size},
      {"topic_alias_maximum", &config->topic_alias_maximum, sizeof config->topic_alias_maximum},
      {"on_pubrel", &config->qos2_receiver, sizeof config->qos2_receiver},
  };
  return set(knobs, G_N_ELEMENTS(knobs), knob);
}
