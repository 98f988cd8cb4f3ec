/* Clients and a broker joined by pretend wires, driven by hand: a manual clock, a latency, a
 * room for each write, and cuts at any byte. It keeps the books that every test checks: copies
 * of each message by holder, hand-overs, what applications were told, and the records of two
 * stores. A monitor at each end of each wire judges every byte. */
#pragma once

#include "models/mqtt/broker.h"
#include "models/mqtt/monitor.h"
#include "tests/models/mqtt/books.h"

#define PAIR_CLIENTS 4
#define MS(n) ((gint64)(n)*G_GINT64_CONSTANT(1000000))
#define S(n) ((gint64)(n)*G_GINT64_CONSTANT(1000000000))

typedef struct {
  GByteArray *bytes;
  gsize taken;
  GArray *chunks; /* of Chunk: when how many bytes arrive */
  guint first;
  GHashTable *copies; /* tag -> messages in the bytes */
} PairWire;

typedef struct {
  MqttClientConfig config;
  MqttClient *machine;
  char name[16];
  gboolean up;       /* transport */
  gboolean close_us; /* CLOSE was said by one side: cut when what was written has arrived */
  guint32 conn;
  PairWire to_broker, to_client;
  MqttMonitor *monitor, *broker_monitor; /* of this client's end, and of the broker's */
  BooksStore store;
  GArray *delivered; /* tags in the order of hand-over */
  GArray *told;      /* tags of successes */
  GArray *failed;    /* tags of failures */
  guint opened, resumed, closes, refused, broker_closes;
  guint8 close_reason, refuse_reason, broker_close_reason;
  guint subscribed;
  guint8 granted;
  guint sent, resent, pubrel_sent, pubrel_resent, duplicates; /* events */
  guint gone[16];        /* GONE of the client's own copies, by cause */
  guint gone_broker[16]; /* of copies for this client at the broker, by cause */
  guint session_gone[16];
} PairClient;

typedef struct {
  gint64 now_ns, latency_ns;
  gsize room;
  gint64 cut_after; /* bytes that still arrive on any wire before all is cut; -1: no cut */
  MqttBrokerConfig config;
  MqttBroker *broker;
  MqttEvents client_events, broker_events;
  PairClient clients[PAIR_CLIENTS];
  guint n_clients;
  BooksStore store;
  gboolean unmonitored;  /* the wire has bytes of a stranger, or breaches that a policy gives up */
  gboolean hold_store;   /* the host does not answer stored() */
  GHashTable *held;      /* tag -> copies that machines hold */
  guint unsubscribed_to; /* RECEIVED with NO_SUBSCRIPTION */
} Pair;

/* The configurations may be changed until pair_start(). */
Pair *pair_new(MqttVersion version, guint n_clients);
void pair_start(Pair *pair);
void pair_free(Pair *pair); /* asserts nothing */

void pair_connect(Pair *pair, guint client); /* transport up, CONNECT on its way */
void pair_cut(Pair *pair, guint client);     /* transport gone, with the bytes on the wires */
void pair_run(Pair *pair, gint64 for_ns);    /* until then, or until nothing is due */
void pair_settle(Pair *pair);                /* all bytes arrive; no timer is waited for */
void pair_online(Pair *pair, guint client);  /* connect and settle */
void pair_subscribe(Pair *pair, guint client, const char *filter, guint8 options);
MqttPublishResult pair_publish(Pair *pair, guint client, const char *topic, guint8 qos,
                               guint64 tag);
MqttPublishResult pair_publish_size(Pair *pair, guint client, const char *topic, guint8 qos,
                                    guint64 tag, gsize size);
/* Bytes of a stranger, as if the client had written them. */
void pair_inject(Pair *pair, guint client, gconstpointer bytes, gsize n);
/* The broker's process dies and comes again with what is left of `kept` operations (0: all),
 * rounded down to whole changes. */
void pair_crash_broker(Pair *pair, guint64 kept);
void pair_crash_client(Pair *pair, guint client, guint64 kept);

guint pair_times(const GArray *tags, guint64 tag);
/* Nothing holds a message, and none is on a wire. */
void pair_assert_no_copies(const Pair *pair);
