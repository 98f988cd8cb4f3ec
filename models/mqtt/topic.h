/* Topic names and filters (section 4.7), and the tree of subscriptions. */
#pragma once

#include "models/mqtt/packet.h"

gboolean mqtt_utf8_valid(MqttBytes string); /* section 1.5.4: well-formed, no U+0000 */
gboolean mqtt_topic_valid(MqttBytes topic); /* a name: UTF-8, at least one byte, no wildcard */
/* Wildcards only where they may stand; knows $share/NAME/FILTER too (section 4.8.2). */
gboolean mqtt_filter_valid(MqttBytes filter);
gboolean mqtt_topic_matches(MqttBytes filter, MqttBytes topic);

/* One subscription as the tree holds it. */
typedef struct {
  guint32 subscriber; /* the caller's number */
  guint32 identifier; /* Subscription Identifier, 0: none */
  guint8 options;
} MqttMatch;

typedef struct _MqttTopicTree MqttTopicTree;

MqttTopicTree *mqtt_topic_tree_new(void);
void mqtt_topic_tree_free(MqttTopicTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttTopicTree, mqtt_topic_tree_free)

/* TRUE: it is new; FALSE: it replaced the options of the one with this filter and subscriber. */
gboolean mqtt_topic_tree_insert(MqttTopicTree *tree, MqttBytes filter, MqttMatch match);
/* TRUE: it was there. Nodes without subscriptions below them are freed. */
gboolean mqtt_topic_tree_remove(MqttTopicTree *tree, MqttBytes filter, guint32 subscriber);

/* Appends every subscription that matches to a GArray of MqttMatch, in an order that depends only
 * on the filters and on the order of insertion. The work depends on the levels of the topic and on
 * what matches, not on how many subscriptions exist. */
void mqtt_topic_tree_match(const MqttTopicTree *tree, MqttBytes topic, GArray *matches);
guint mqtt_topic_tree_size(const MqttTopicTree *tree);
/* Changes with each change of what a topic may match; never 0. */
guint64 mqtt_topic_tree_version(const MqttTopicTree *tree);
