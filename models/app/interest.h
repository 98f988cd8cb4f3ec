/* Who is owed what: the subscriptions that applications hold, as far as they were told (SUBACK), by
 * topic. */
#pragma once

#include "models/app/ledger.h"
#include "models/mqtt/topic.h"

typedef struct _Interest Interest;

Interest *interest_new(void);
void interest_free(Interest *interest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Interest, interest_free)

/* What its broker makes of several subscriptions of one client that match. */
typedef enum {
  INTEREST_ONCE, /* one copy, at the highest QoS */
  INTEREST_EACH, /* a copy each */
  INTEREST_FIRST /* one copy, as the first asks that mqtt_topic_tree_match() finds */
} InterestOverlap;

/* no_local: what the client itself publishes is not for it [MQTT-3.8.3-3]. */
void interest_add(Interest *interest, guint32 client, MqttBytes filter, guint8 granted,
                  gboolean no_local, InterestOverlap overlap);
void interest_remove(Interest *interest, guint32 client, MqttBytes filter);
guint interest_version(const Interest *interest); /* changes with every change */
/* Replaces the content of a GArray of LedgerOwed: each client with a matching subscription once, in
 * rising order, with the highest QoS granted. from: the publisher. */
void interest_match(Interest *interest, guint32 from, MqttBytes topic, GArray *owed);
