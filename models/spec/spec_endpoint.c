#include "models/spec/spec_endpoint.h"

#define NS_IN_S G_GINT64_CONSTANT(1000000000)

guint32
spec_limit(const Section *section, const char *key)
{
  gint64 limit = section_int(section, key);

  return limit == VALUE_UNLIMITED ? MQTT_UNLIMITED : (guint32)limit;
}

guint64
spec_byte_limit(const Section *section, const char *key)
{
  gint64 limit = section_int(section, key);

  return limit == VALUE_UNLIMITED ? G_MAXUINT64 : (guint64)limit;
}

MqttOnQueueFull
spec_on_queue_full(const Section *section)
{
  if (section_is(section, "on_queue_full", "drop-old"))
    return MQTT_DROP_OLD;
  return section_is(section, "on_queue_full", "refuse") ? MQTT_FULL_REFUSE : MQTT_DROP_NEW;
}

MqttQos2Receiver
spec_qos2_receiver(const Section *section)
{
  return section_is(section, "qos2_receiver", "on-pubrel") ? MQTT_QOS2_ON_PUBREL
                                                           : MQTT_QOS2_ON_PUBLISH;
}

guint32
spec_whole_seconds(const Section *section, const char *key, guint32 never)
{
  gint64 ns = section_int(section, key);

  return ns == VALUE_NEVER ? never : (guint32)((ns + NS_IN_S / 2) / NS_IN_S);
}

gboolean
spec_acks_after_store(const Section *section)
{
  const Value *store = section_value(section, "store");

  if (store->kind == VALUE_CALL && g_str_equal(store->call.name, "snapshot"))
    return FALSE;
  return section_int(section, "ack_after_store") != 0;
}

gboolean
spec_stores(const Section *section)
{
  return !section_is(section, "store", "none");
}
