#include "models/mqtt/aliases.h"

#include "models/mqtt/bytes.h"

struct _MqttAliases {
  GPtrArray *in;   /* GBytes, by alias - 1; NULL: not known */
  GHashTable *out; /* MqttBytes -> alias */
  guint16 in_maximum, out_maximum;
};

MqttAliases *
mqtt_aliases_new(guint16 in, guint16 out)
{
  MqttAliases *aliases = g_new0(MqttAliases, 1);
  aliases->in_maximum = in;
  aliases->out_maximum = out;
  return aliases;
}

void
mqtt_aliases_free(MqttAliases *aliases)
{
  if (aliases == NULL)
    return;
  for (guint i = 0; aliases->in != NULL && i < aliases->in->len; i++)
    if (aliases->in->pdata[i] != NULL)
      g_bytes_unref(aliases->in->pdata[i]);
  g_clear_pointer(&aliases->in, g_ptr_array_unref);
  g_clear_pointer(&aliases->out, g_hash_table_unref);
  g_free(aliases);
}

static void
learn(MqttAliases *aliases, guint16 alias, MqttBytes topic)
{
  if (aliases->in == NULL)
    aliases->in = g_ptr_array_new();
  if (alias > aliases->in->len)
    g_ptr_array_set_size(aliases->in, alias);
  gpointer *place = &aliases->in->pdata[alias - 1];
  if (*place != NULL)
    g_bytes_unref(*place);
  *place = g_bytes_new(topic.data, topic.length);
}

guint8
mqtt_aliases_resolve(MqttAliases *aliases, MqttPublish *publish)
{
  guint16 alias = publish->properties.topic_alias;
  if (alias == 0 || alias > (aliases == NULL ? 0 : aliases->in_maximum))
    return MQTT_TOPIC_ALIAS_INVALID; /* [MQTT-3.3.2-8] to [MQTT-3.3.2-10] */
  if (publish->topic.length > 0) {
    learn(aliases, alias, publish->topic);
    return MQTT_SUCCESS;
  }
  GPtrArray *in = aliases->in;
  if (in == NULL || alias > in->len || in->pdata[alias - 1] == NULL)
    return MQTT_PROTOCOL_ERROR; /* section 3.3.2.3.4 */
  gsize n;
  publish->topic.data = g_bytes_get_data(in->pdata[alias - 1], &n);
  publish->topic.length = (guint32)n;
  return MQTT_SUCCESS;
}

static guint16
alias_of(const MqttAliases *aliases, MqttBytes topic)
{
  return aliases->out == NULL
             ? 0
             : (guint16)GPOINTER_TO_UINT(g_hash_table_lookup(aliases->out, &topic));
}

static guint16
next_alias(const MqttAliases *aliases)
{
  guint used = aliases->out == NULL ? 0 : g_hash_table_size(aliases->out);
  return used < aliases->out_maximum ? (guint16)(used + 1) : 0;
}

void
mqtt_aliases_apply(const MqttAliases *aliases, MqttPublish *publish)
{
  guint16 alias = alias_of(aliases, publish->topic);
  if (alias > 0)
    publish->topic.length = 0;
  else
    alias = next_alias(aliases);
  if (alias == 0)
    return;
  publish->properties.present |= G_GUINT64_CONSTANT(1) << MQTT_PROP_TOPIC_ALIAS;
  publish->properties.topic_alias = alias;
}

void
mqtt_aliases_written(MqttAliases *aliases, MqttBytes topic)
{
  guint16 alias = next_alias(aliases);
  if (alias == 0 || alias_of(aliases, topic) > 0)
    return;
  if (aliases->out == NULL)
    aliases->out = g_hash_table_new_full(mqtt_bytes_hash, mqtt_bytes_equal, g_free, NULL);
  MqttBytes *key = g_malloc(sizeof *key + topic.length);
  *key = (MqttBytes){memcpy(key + 1, topic.data, topic.length), topic.length};
  g_hash_table_insert(aliases->out, key, GUINT_TO_POINTER(alias));
}
