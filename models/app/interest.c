#include "models/app/interest.h"

struct _Interest {
  MqttTopicTree *tree; /* a match's options are the granted QoS */
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
interest_add(Interest *interest, guint32 client, MqttBytes filter, guint8 granted)
{
  mqtt_topic_tree_insert(interest->tree, filter,
                         (MqttMatch){.subscriber = client, .options = granted});
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

static int
compare_matches(gconstpointer a, gconstpointer b)
{
  const MqttMatch *x = a, *y = b;
  if (x->subscriber != y->subscriber)
    return x->subscriber < y->subscriber ? -1 : 1;
  return (int)y->options - (int)x->options; /* the highest QoS first */
}

void
interest_match(Interest *interest, MqttBytes topic, GArray *owed)
{
  g_array_set_size(owed, 0);
  g_array_set_size(interest->matches, 0);
  mqtt_topic_tree_match(interest->tree, topic, interest->matches);
  if (interest->matches->len > 1)
    g_array_sort(interest->matches, compare_matches);
  for (guint i = 0; i < interest->matches->len; i++) {
    const MqttMatch *match = &g_array_index(interest->matches, MqttMatch, i);
    if (i > 0 && match->subscriber == match[-1].subscriber)
      continue;
    LedgerOwed one = {match->subscriber, match->options};
    g_array_append_val(owed, one);
  }
}
