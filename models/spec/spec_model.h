/* The keys of the model sections, and the way from a resolved section to the plain configs of the
 * machines. */
#pragma once

#include "models/app/backoff.h"
#include "models/mqtt/broker.h"
#include "models/net/net.h"
#include "models/tcp/conn.h"
#include "sim/record/finding.h"

/* link, tcp, broker, client, publish, subscribe, fault: NULL-ended. */
extern const KindSpec *const spec_model_kinds[];

/* Configs borrow the distributions of the section. */
void spec_link(const Section *section, LinkConfig *config);
void spec_tcp(const Section *section, TcpConfig *config);
/* What a client or a broker says of its sockets. */
void spec_socket(const Section *section, TcpConfig *config);
void spec_client(const Section *section, MqttClientConfig *config);
void spec_reconnect(const Section *client, Backoff *backoff);
void spec_broker(const Section *section, MqttBrokerConfig *config);
guint32 spec_will_delay_s(const Section *client);
guint8 spec_subscribe_options(const Section *subscribe); /* section 3.8.3.1 */
guint32 spec_subscribe_identifier(const Section *subscribe);
/* Message Expiry Interval and the wish for a Topic Alias. */
void spec_publish_properties(const Section *publish, MqttProperties *properties);

/* Derived values that expressions may use: "rtt" of a link (nominal round trip: medians, both
 * directions) and of a client (the sum over its path), in ns. FALSE: no such value. */
gboolean spec_derived(const Scenario *scenario, const Section *section, const char *name,
                      double *value);

/* Of one client, which keeps in a word which of them are granted. */
#define SPEC_SUBSCRIPTIONS_MAX 64

/* Appends Findings for what no single key shows: settings that exclude each other (errors),
 * settings that defeat themselves (notes): QoS above 0 without a session, ack_timeout below the
 * RTT, resend in mqtt5, more offered than a link carries, every publisher in one instant,
 * session_expiry in mqtt311, ... The messages name their key; what is wrong with a value by itself
 * was found when it was read. */
void spec_check(const Scenario *scenario, GPtrArray *findings);

/* The publish topic or filter of client n (from 1) of a group, with {client}, {n}, {n:5}, {group}
 * replaced; {any G} and {each G} are left for the workload. To free. */
char *spec_topic(const char *pattern, const char *group, guint n);
