#include "models/app/interest.h"

struct _Interest {
  /* A match's options are the granted QoS and No Local, its identifier is the InterestOverlap. */
  MqttTopicTree *tree;
  GArray *matches;
  guint version;
};

Interest *
interest_new(void)
{
  Interest *interest = g_new0(Interest, 1);
  interest->tree = mqtt_topic_tree_new();
  interest->matches = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  interest->version = 1;
  return interest;
}

void
interest_free(Interest *interest)
{
  mqtt_topic_tree_free(interest->tree);
  g_array_unref(interest->matches);
  g_free(interest);
}

void
interest_add(Interest *interest, guint32 client, MqttBytes filter, guint8 granted,
             gboolean no_local, InterestOverlap overlap)
{
  guint8 options = (guint8)(granted | (no_local ? MQTT_OPTION_NO_LOCAL : 0));
  mqtt_topic_tree_insert(
      interest->tree, filter,
      (MqttMatch){.subscriber = client, .identifier = overlap, .options = options});
  interest->version++;
}

void
interest_remove(Interest *interest, guint32 client, MqttBytes filter)
{
  if (mqtt_topic_tree_remove(interest->tree, filter, client))
    interest->version++;
}

guint
interest_version(const Interest *interest)
{
  return interest->version;
}

/* By client, and unless the first found decides, the highest QoS first; the sort is stable. */
static int
compare_matches(gconstpointer a, gconstpointer b)
{
  const MqttMatch *x = a, *y = b;
  if (x->subscriber != y->subscriber)
    return x->subscriber < y->subscriber ? -1 : 1;
  if (x->identifier == INTEREST_FIRST)
    return 0;
  return (int)MQTT_OPTION_QOS(y->options) - (int)MQTT_OPTION_QOS(x->options);
}

void
interest_match(Interest *interest, guint32 from, MqttBytes topic, GArray *owed)
{
  g_array_set_size(owed, 0);
  g_array_set_size(interest->matches, 0);
  mqtt_topic_tree_match(interest->tree, topic, interest->matches);
  if (interest->matches->len > 1)
    g_array_sort(interest->matches, compare_matches);
  for (guint i = 0; i < interest->matches->len; i++) {
    const MqttMatch *match = &g_array_index(interest->matches, MqttMatch, i);
    LedgerOwed *last = owed->len > 0 ? &g_array_index(owed, LedgerOwed, owed->len - 1) : NULL;
    if (match->options & MQTT_OPTION_NO_LOCAL && match->subscriber == from)
      continue;
    if (last != NULL && match->subscriber == last->client) {
      last->further += match->identifier == INTEREST_EACH && last->further < G_MAXUINT8;
      continue;
    }
    LedgerOwed one = {match->subscriber, MQTT_OPTION_QOS(match->options), 0};
    g_array_append_val(owed, one);
  }
}
