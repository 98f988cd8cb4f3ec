/* Carries connections to a broker packet by packet, and cuts them where a test says: the packet
 * named and all after it, either way, are lost. Both ends read what was passed before, then the end
 * of the connection, and what they still write is taken and lost: a RST would instead leave it to
 * chance how much an end had read, and some clients lose a message when they cannot write its
 * acknowledgement. It reads MQTT's fixed header by itself. */
#pragma once

#include <glib.h>

typedef enum { RELAY_UP, RELAY_DOWN } RelayWay; /* up: to the broker */

enum { RELAY_CONNACK = 2, RELAY_PUBLISH, RELAY_PUBACK, RELAY_PUBREC, RELAY_PUBREL, RELAY_PUBCOMP };

typedef struct Relay Relay;

Relay *relay_new(guint16 to_port);
void relay_free(Relay *relay); /* closes what it carries */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Relay, relay_free)

guint16 relay_port(const Relay *relay);
/* Held, it lets who calls wait, instead of telling him that there is no broker. */
void relay_hold(Relay *relay, gboolean held);
/* Of the packets of a type that come from now on, over all connections, the nth is lost. */
void relay_cut(Relay *relay, RelayWay way, guint type, guint nth);
/* How many connections were cut. */
guint relay_cuts(const Relay *relay);
