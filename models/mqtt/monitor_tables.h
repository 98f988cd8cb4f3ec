/* What a monitor remembers: exchanges by packet identifier, and acknowledgements that are owed.
 * Private to monitor.c. */
#pragma once

#include <glib.h>

typedef enum {
  MQTT_AWAIT_PUBACK = 1,
  MQTT_AWAIT_PUBREC,
  MQTT_OWES_PUBREL, /* PUBREC was received */
  MQTT_AWAIT_PUBCOMP,
  MQTT_AWAIT_SUBACK,
  MQTT_AWAIT_UNSUBACK
} MqttExchangeState;

typedef struct {
  guint16 id;         /* 0: an empty cell */
  guint8 state;       /* MqttExchangeState */
  guint32 connection; /* on which its PUBLISH or SUBSCRIBE was last sent */
  guint32 counted;    /* on which it takes from the peer's Receive Maximum */
  guint32 recorded;   /* on which its PUBREC came first */
  guint32 released;   /* on which its PUBREL was last sent */
  guint64 order;      /* of first sending; from its PUBREC on, of that; 0: it came twice */
  guint64 digest;     /* of the payload */
} MqttExchange;

/* Open addressing; zero-filled is empty. An address is good until the next put or remove. */
typedef struct {
  MqttExchange *cells;
  guint32 mask, count;
} MqttExchanges;

void mqtt_exchanges_clear(MqttExchanges *table); /* keeps the memory */
void mqtt_exchanges_free(MqttExchanges *table);  /* what it owns */
MqttExchange *mqtt_exchanges_find(const MqttExchanges *table, guint16 id);
/* Zero-filled but for the identifier, which must not be there. */
MqttExchange *mqtt_exchanges_put(MqttExchanges *table, guint16 id);
void mqtt_exchanges_remove(MqttExchanges *table, MqttExchange *exchange);

/* Packet identifiers in the order in which they came; zero-filled is empty. */
typedef struct {
  guint16 id;
  gboolean optional; /* a second answer to the same, which may be left out */
} MqttOwedItem;

typedef struct {
  MqttOwedItem *items;
  guint32 head, length, mask;
} MqttOwed;

void mqtt_owed_clear(MqttOwed *owed);
void mqtt_owed_free(MqttOwed *owed);
/* Optional if again is set and the identifier is owed already. */
void mqtt_owed_push(MqttOwed *owed, guint16 id, gboolean again);
void mqtt_owed_push_optional(MqttOwed *owed, guint16 id);
void mqtt_owed_excuse(MqttOwed *owed, guint16 id); /* makes optional what is owed to it */

gboolean mqtt_owed_is_next(const MqttOwed *owed, guint16 id); /* the first that is owed */

typedef enum { MQTT_OWED_NOT, MQTT_OWED_FIRST, MQTT_OWED_LATER } MqttOwedTake;

/* Takes the first of that identifier out. LATER: something else that is not optional was owed
 * before it. */
MqttOwedTake mqtt_owed_take(MqttOwed *owed, guint16 id);
