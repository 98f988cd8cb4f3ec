/* Groups of shared subscriptions (section 4.8.2): the sessions that subscribe to one
 * $share/NAME/FILTER take turns. In the tree of topics a group is one subscriber, with a number
 * above those of sessions. */
#pragma once

#include "models/mqtt/topic.h"

typedef struct _MqttShares MqttShares;

#define MQTT_SHARE_BIT 0x80000000u /* of a group's number in the tree */

MqttShares *mqtt_shares_new(void);
void mqtt_shares_free(MqttShares *shares);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttShares, mqtt_shares_free)

gboolean mqtt_share_is(MqttBytes filter);     /* begins with $share/ */
MqttBytes mqtt_share_inner(MqttBytes filter); /* FILTER of a valid $share/NAME/FILTER */

/* Puts the member into the group of this whole filter, or replaces its options; *fresh says which.
 * Returns the group's number. */
guint32 mqtt_shares_join(MqttShares *shares, MqttBytes filter, MqttMatch member, gboolean online,
                         gboolean *fresh);
/* FALSE: it was no member. *emptied: the number of the group if it has ended, else 0. */
gboolean mqtt_shares_leave(MqttShares *shares, MqttBytes filter, guint32 subscriber,
                           guint32 *emptied);
/* Whether the member's session has a connection: those that have one are asked first. */
void mqtt_shares_set_online(MqttShares *shares, MqttBytes filter, guint32 subscriber,
                            gboolean online);
/* Whose turn it is; good until the next change of the group. take: then it is the next one's. */
const MqttMatch *mqtt_shares_next(MqttShares *shares, guint32 number, gboolean take);
