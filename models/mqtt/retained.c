#include "models/mqtt/retained.h"

#include <string.h>

typedef struct {
  MqttBytes topic; /* first: an entry is its own key; the bytes are the message's */
  MqttMessage *message;
  guint64 number;
} Entry;

struct _MqttRetained {
  GTree *entries;
  guint64 last_number;
};

/* A separator stands before all else, so "a/b" comes before "a-b"; U+0000, which no topic has,
 * comes next: "a" U+0000 stands behind all that is below "a". */
static int
rank(guint8 byte)
{
  return byte == '/' ? 0 : byte + 1;
}

static int
compare(MqttBytes a, MqttBytes b)
{
  guint32 n = MIN(a.length, b.length), i = 0;
  while (i < n && a.data[i] == b.data[i])
    i++;
  if (i < n)
    return rank(a.data[i]) - rank(b.data[i]);
  return (a.length > b.length) - (a.length < b.length);
}

static gint
compare_keys(gconstpointer a, gconstpointer b, gpointer user)
{
  (void)user;
  return compare(*(const MqttBytes *)a, *(const MqttBytes *)b);
}

static void
entry_free(gpointer data)
{
  Entry *entry = data;
  mqtt_message_unref(entry->message);
  g_free(entry);
}

MqttRetained *
mqtt_retained_new(void)
{
  MqttRetained *retained = g_new0(MqttRetained, 1);
  retained->entries = g_tree_new_full(compare_keys, NULL, NULL, entry_free);
  return retained;
}

void
mqtt_retained_free(MqttRetained *retained)
{
  if (retained == NULL)
    return;
  g_tree_unref(retained->entries);
  g_free(retained);
}

void
mqtt_retained_load(MqttRetained *retained, guint64 number, MqttMessage *message)
{
  Entry *entry = g_new(Entry, 1);
  *entry = (Entry){mqtt_message_topic(message), message, number};
  retained->last_number = MAX(retained->last_number, number);
  g_tree_replace(retained->entries, entry, entry); /* the key's bytes are the new message's too */
}

guint64
mqtt_retained_put(MqttRetained *retained, MqttMessage *message)
{
  MqttBytes topic = mqtt_message_topic(message);
  const Entry *old = g_tree_lookup(retained->entries, &topic);
  guint64 number = old != NULL ? old->number : retained->last_number + 1;
  mqtt_retained_load(retained, number, mqtt_message_ref(message));
  return number;
}

guint64
mqtt_retained_remove(MqttRetained *retained, MqttBytes topic)
{
  const Entry *entry = g_tree_lookup(retained->entries, &topic);
  guint64 number = entry != NULL ? entry->number : 0;
  g_tree_remove(retained->entries, &topic);
  return number;
}

guint
mqtt_retained_count(const MqttRetained *retained)
{
  return (guint)g_tree_nnodes(retained->entries);
}

/* Matching */

typedef enum { TAKE, NEXT, JUMP, STOP } Step;

static guint32
level_end(MqttBytes bytes, guint32 from)
{
  const guint8 *slash =
      from < bytes.length ? memchr(bytes.data + from, '/', bytes.length - from) : NULL;
  return slash != NULL ? (guint32)(slash - bytes.data) : bytes.length;
}

static Step
jump_to(GByteArray *key, MqttBytes topic, guint32 kept, MqttBytes rest)
{
  g_byte_array_set_size(key, 0);
  g_byte_array_append(key, topic.data, kept);
  g_byte_array_append(key, rest.data, rest.length);
  return JUMP;
}

/* What to do with a topic: take it, go on with the one behind it, or jump to the first one that
 * is not less than key. */
static Step
step(MqttBytes topic, MqttBytes filter, GByteArray *key)
{
  static const MqttBytes behind = {(const guint8 *)"", 1}; /* U+0000 */
  guint32 f = 0, t = 0, wild_end = 0;
  gboolean wild = FALSE;
  if (topic.data[0] == '$' && (filter.data[0] == '#' || filter.data[0] == '+'))
    return jump_to(key, topic, 0, MQTT_BYTES("%")); /* [MQTT-4.7.2-1]; behind all with a $ */
  for (;;) {
    guint32 f_end = level_end(filter, f), t_end = level_end(topic, t);
    MqttBytes want = {filter.data + f, f_end - f}, have = {topic.data + t, t_end - t};
    if (want.length == 1 && want.data[0] == '#')
      return TAKE;
    if (want.length == 1 && want.data[0] == '+') {
      wild = TRUE;
      wild_end = t_end;
    } else {
      int order = compare(have, want);
      if (order < 0)
        return jump_to(key, topic, t, want);
      if (order > 0)
        return wild ? jump_to(key, topic, wild_end, behind) : STOP;
    }
    gboolean f_last = f_end == filter.length, t_last = t_end == topic.length;
    if (t_last) /* the parent of # matches too, section 4.7.1.2 */
      return f_last || (filter.length - f_end == 2 && filter.data[f_end + 1] == '#') ? TAKE : NEXT;
    if (f_last)
      return jump_to(key, topic, t_end, behind);
    f = f_end + 1;
    t = t_end + 1;
  }
}

void
mqtt_retained_match(const MqttRetained *retained, MqttBytes filter, gint64 now_ns,
                    GPtrArray *messages)
{
  g_autoptr(GByteArray) key = g_byte_array_new();
  GTreeNode *node = g_tree_node_first(retained->entries);
  while (node != NULL) {
    Entry *entry = g_tree_node_value(node);
    switch (step(entry->topic, filter, key)) {
    case TAKE:
      if (entry->message->expires_ns > now_ns)
        g_ptr_array_add(messages, entry->message);
      node = g_tree_node_next(node);
      break;
    case NEXT:
      node = g_tree_node_next(node);
      break;
    case JUMP:
      node = g_tree_lower_bound(retained->entries, &(MqttBytes){key->data, key->len});
      break;
    case STOP:
      node = NULL;
      break;
    }
  }
}
