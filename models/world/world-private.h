/* The inside of a World, shared by the files of this folder and by nobody else.
 *
 *   world.c    makes a world of a scenario, runs
 *   publish.c  who publishes what when
 *   share.c    groups of shared subscriptions
 *   host.c     TCP connections: packets in and out, timers, life and death of both ends
 *   socket.c   (and socket-inline.h) bytes between a machine and its end of a connection
 *   client.c   devices: connect, subscribe, read, reconnect
 *   broker.c   brokers: accept, read, serve, write
 *   capture.c  packets -> a file (pcap.c)
 *   custody.c  events of machines and dying bytes -> ledger
 *   trace.c    the segments that carry one message
 *   segments.c all segments, for the record
 *   medium.c   what outlives a crash
 *   journal.c  a write to a medium, as bytes
 *   fault.c    outages, crashes, restarts, losses of power
 *   collect.c  counts -> outcome
 *   outside.c  connections to brokers that are not simulated
 *
 * Everything is addressed by number; arrays never move during a run, but that of connections, which
 * moves in conn_open(): nobody has another one in hand then. */
#pragma once

#include "models/app/backoff.h"
#include "models/app/interest.h"
#include "models/app/ledger.h"
#include "models/app/workload.h"
#include "models/mqtt/monitor.h"
#include "models/spec/spec_model.h"
#include "models/world/world.h"
#include "sim/engine/sim.h"

#define NONE G_MAXUINT32

#define SCRATCH_BYTES (64 * 1024)

/* Of what few runs need, or few connections: the compiler keeps it out of the way of the rest. */
#define SELDOM __attribute__((cold, noinline))

enum {
  CLIENT_END,
  BROKER_END
}; /* ends of a connection; the direction of what an end sends has the same number */

typedef struct _Medium Medium;
typedef struct _Outside Outside;
typedef struct _Capture Capture;
typedef struct _Trace Trace;
typedef struct _Segments Segments;

/* What outlives a crash, as a section says. */
typedef struct {
  const Dist *latency; /* of the write of a change; or NULL, and */
  gint64 every_ns;     /* the interval of snapshots; 0: nothing outlives anything */
} MediumKind;

/* When an application sends SUBSCRIBE, but for what was never answered. */
typedef enum { RESUBSCRIBE_SESSION_LOST, RESUBSCRIBE_ALWAYS, RESUBSCRIBE_NEVER } Resubscribe;

/* What an orderly stop says. */
typedef enum { GOODBYE_DISCONNECT, GOODBYE_WITH_WILL, GOODBYE_VANISH } Goodbye;

/* How a process ends. */
typedef enum {
  DEATH_CRASH,   /* its host lives on, closes its sockets and refuses new connections */
  DEATH_RESTART, /* in order: it says goodbye and writes what it knows */
  DEATH_POWER    /* nobody answers; what is being written may be torn */
} Death;

/* What a group's connections carried: all is counted, and forgotten at time zero. */
typedef struct {
  guint64 bytes[2], mqtt_bytes[2];        /* by the end that sent them */
  guint64 data_segments, retransmissions; /* but for what living stacks know of */
} Traffic;

/* A client section. */
typedef struct {
  const Section *section;
  MqttClientConfig mqtt;
  TcpConfig tcp;
  Backoff backoff;
  gboolean nagle;
  MediumKind store_kind;
  guint32 first, count; /* its clients */
  guint32 broker;
  GArray *subscriptions; /* guint32: indices of the world's subscribe sections */
  gboolean publishes;
  gboolean retain_as_published; /* one of its subscriptions asks for it */
  Resubscribe resubscribe;
  Goodbye goodbye;
  gboolean takes_time; /* one of its subscriptions has a processing time */
  Traffic traffic;
  guint64 window_bytes; /* of it, before the window's end */
  guint64 reconnects, refused;
  guint32 queue_peak, inflight_peak;
  Histogram detect[2];      /* of doomed connections, by the end that closed */
  double blind_s;           /* within the window: holding a doomed connection */
  double offline_s, down_s; /* within the window: without a connection, without a process */
} Group;

/* A subscribe section. */
typedef struct {
  const char *filter;
  guint8 options; /* of the SUBSCRIBE, section 3.8.3.1 */
  guint32 identifier;
  const Dist *process; /* NULL: takes no time */
  gboolean blocks;     /* the client is deaf and mute meanwhile */
} Subscription;

/* A link section. */
typedef struct {
  const Section *section;
  LinkConfig config;
  gboolean shared;
  guint32 shared_number; /* NONE until it was made */
  GArray *numbers;       /* guint32: links made of this section */
  LinkCounters start[2]; /* what they had counted at time zero */
} LinkKind;

/* What a client whose messages take time needs to tell how long each takes. */
typedef struct {
  RandomStream stream;
  char **filters; /* of the group's subscriptions, for this client; NULL-ended */
} ClientWork;

typedef struct {
  MqttClient *mqtt;
  SimTimer mqtt_timer;
  SimTimer wake; /* the next try to connect, or the end of a crash */
  Medium *store;
  guint32 number, group, n; /* n: number in the group, from 1 */
  guint32 route, mtu;
  guint32 conn;       /* its connection, NONE */
  guint32 attempts;   /* failures in a row */
  guint32 tries;      /* connections begun: number of the draw of the next delay */
  guint32 processed;  /* messages that took time: number of the next draw */
  guint32 processing; /* handed over, not yet processed: reading stops meanwhile */
  guint32 epoch;      /* processes so far */
  guint32 blackouts;  /* times that its host lost power */
  guint32 publisher;  /* its first one; NONE */
  gint64 busy_until_ns;
  guint64 subscribed;      /* subscriptions acknowledged, a bit each */
  ClientWork *work;        /* NULL: messages take no time */
  guint16 *subscribe_ids;  /* of the SUBSCRIBEs under way, per subscription; NULL: none yet */
  gint64 connected_at_ns;  /* when CONNACK came; SIM_NEVER: it did not, or the connection is gone */
  gint64 offline_since_ns; /* SIM_NEVER: connected, or not wanting to be */
  gint64 down_since_ns;
  MqttMonitor *monitor[2];
  guint32 monitored[2]; /* connection that each watches */
  gboolean up : 1;      /* the process runs */
  gboolean asked : 1;   /* this process has subscribed */
  gboolean blocked : 1; /* by a message that it processes: nothing is written, no timer runs */
  gboolean dark : 1;    /* its host has no power */
  gboolean opened : 1;  /* mqtt_client_opened() was called on this connection */
  gboolean closing : 1; /* the machine asked to close */
  gboolean ever : 1;    /* was connected before */
  gboolean stands : 1;  /* a session has all its subscriptions, so guarantees hold */
} Client;

typedef struct {
  const Section *section;
  guint32 number;
  MqttBrokerConfig mqtt_config;
  MqttBroker *mqtt;
  TcpConfig tcp;
  gboolean nagle;
  gboolean up, dark;
  SimTimer mqtt_timer;
  SimTimer wake; /* the end of a crash */
  Medium *store;
  MediumKind store_kind;
  const Dist *process; /* NULL: takes no time */
  RandomStream process_stream;
  guint64 served;
  gboolean busy;
  guint32 serving;                 /* connection whose message is being served */
  guint32 written;                 /* connection that was written last */
  guint32 epoch;                   /* processes so far */
  guint queue_peak, inflight_peak; /* of the window */
  GQueue waiting; /* connections with bytes to serve, as GUINT_TO_POINTER(number + 1) */
} Broker;

/* One TCP connection with both its ends, in three lines of 64 bytes: what each packet asks for, the
 * timers, and the rest. */
typedef struct {
  TcpConn *tcp[2]; /* NULL: gone (or not yet accepted) */
  Group *group;    /* of the client */
  Client *client;
  Broker *broker;
  guint32 number, route;
  guint32 flying[2]; /* packets under way, by the end that sent them */
  /* Both ends have their stack and their application, and no outage is suspected: a packet that
   * comes needs no look at anything else. Whatever ends that takes it away, a packet that finds it
   * so again gives it back. */
  gboolean plain : 1;
  gboolean used : 1, accepted : 1;
  gboolean queued : 1;      /* in the broker's queue for service */
  gboolean broker_open : 1; /* known to the broker machine */
  gboolean broker_closing : 1;
  gboolean established : 1; /* to outside, to the other side; so the next three */
  gboolean ended : 1;       /* by the other side */
  gboolean wished : 1;      /* it is known that there is output */
  gboolean paused : 1;      /* no input is wanted */
  guint seen : 2;           /* bit per end: a monitor knows the connection */
  guint32 blackouts;        /* of the client, when it was opened */
  SimTimer timer[2];
  TcpStream *stream[2]; /* what each end sends; held until the connection is forgotten */
  /* Offset in what each end sent from which on nothing will ever be decoded; G_MAXUINT64: none. */
  guint64 dead_from[2];
  gint64 doomed_ns;  /* start of the outage since which nothing has passed; SIM_NEVER: none */
  guint32 publisher; /* the client's first one; NONE */
  /* Of a connection to outside: */
  union {
    guint32 decoded;   /* bytes of `in` */
    guint32 next_free; /* of a connection that is not in use */
  };
  GByteArray *out; /* what is still to be carried out; NULL: nothing yet */
  GByteArray *in;  /* what came; NULL: nothing that is not decoded */
} Conn;

/* A publish section. */
typedef struct {
  const Section *section;
  WorkloadConfig workload;
  const Group
      *others;   /* the topic names another client of this group, drawn per message; NULL: none */
  gboolean each; /* or one message goes to every client of it */
  MqttPublish publish; /* but for the topic and what the payload says */
} PublishKind;

/* A stream of publications: a publish section in a client. */
typedef struct {
  Client *client;
  PublishKind *kind;
  RandomStream stream;
  guint64 calls;
  char *topic;      /* or a pattern with {any G} or {each G} */
  LedgerOwed *owed; /* of that topic, as of version */
  guint32 n_owed, version;
  guint32 topic_length;
} Publisher;

typedef struct {
  const Section *section;
  GArray *links;   /* guint32, or */
  GArray *clients; /* guint32, or */
  guint32 broker;  /* NONE */
  guint directions;
  const Dist *at, *every, *gap, *lasts;
  Death death; /* of clients and brokers */
  double share;
} Fault;

struct _World {
  const Scenario *scenario;
  const RunRequest *request;
  Sim *sim;
  Net *net;
  TcpPool tcp_pool;
  Outside *outside;   /* NULL: brokers are simulated */
  Capture *capture;   /* NULL: packets are not written */
  Trace *trace;       /* NULL: no message is followed */
  Segments *segments; /* NULL: they are not recorded */
  gboolean watched;   /* one of the three is there */
  gboolean overheard; /* a trace, or monitors, see what machines write and use */
  guint64 disguise;   /* of tags in payloads: outside there are messages of other runs */
  Ledger *ledger;
  Interest *interest;
  MqttEvents events;
  Group *groups;
  Broker *brokers;
  Client *clients;
  Publisher *publishers;
  PublishKind *publish_kinds;
  Subscription *subscriptions;
  LinkKind *link_kinds;
  Fault *faults;
  guint n_groups, n_brokers, n_clients, n_publishers, n_publish_kinds, n_subscriptions,
      n_link_kinds, n_faults;
  Conn *conns;
  guint32 n_conns, free_conn;
  guint8 *scratch; /* SCRATCH_BYTES: one encoded packet, or a slice of it */
  guint8 *payload; /* of the message that is being published */
  GArray *owed;    /* LedgerOwed, of the last match */
  GArray *closing; /* guint32: connections that a broker is about to leave */
  GPtrArray *stores;
  GPtrArray *shares;         /* filters of shared subscriptions: the ledger's groups */
  GHashTable *share_numbers; /* filter -> place in shares */
  GArray *fault_clocks;
  gboolean *moves; /* at the end: by client, then by share, whether anything still moves */
  char *story_name;
  guint kind_publish, kind_mqtt, kind_wake, kind_tcp, kind_broker, kind_broker_wake, kind_service,
      kind_processed, kind_store, kind_fault, kind_mark;
  gint64 end_ns;     /* the drain is over */
  gboolean marked;   /* time zero was reached */
  gboolean draining; /* the window is over */
  char *breach;
};

static inline void
traffic_add(Traffic *traffic, const TcpCounters *stack)
{
  traffic->data_segments += stack->data_segments;
  traffic->retransmissions += stack->retransmissions;
}

static inline gint64
world_time(const World *world)
{
  return sim_now(world->sim);
}

static inline gboolean
world_in_window(const World *world)
{
  return world->marked && !world->draining;
}

char *world_client_name(const World *world, guint32 client);          /* "sensor-17"; to free */
guint32 world_client_number(const World *world, MqttBytes client_id); /* NONE: no such client */
/* An end closes its connection: if that was doomed, how long it took to notice. */
SELDOM void world_detect(World *world, guint32 conn, guint end);
/* Adds the time without a connection, or without a process, that ends now. */
void world_offline(World *world, guint32 client);
void world_down(World *world, guint32 client);
SELDOM void world_breach(World *world, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* world.c */
World *world_make(const Scenario *scenario, const RunRequest *request, Outside *outside);

guint world_count_sections(const Scenario *scenario, const char *kind);
/* Does the list of group names in a publish or subscribe section name this one? */
gboolean world_names_group(const Section *section, const char *group);

/* The sections of a kind, in order, each given its place in an array. */
#define FOR_SECTIONS(world, kind_name, section, index)                                             \
  for (guint index##_s = 0, index = 0; index##_s < (world)->scenario->sections->len; index##_s++)  \
    for (const Section *section = g_ptr_array_index((world)->scenario->sections, index##_s);       \
         section != NULL && g_str_equal(section->kind->kind, kind_name); section = NULL, index++)

/* publish.c */
void publish_register(World *world);
void publish_setup(World *world);

/* share.c */
void share_find(World *world); /* once the groups are known */
void share_join(World *world); /* once the ledger is there */
/* The shared subscription that a client is a member of, by its place in shares; or NONE. */
guint32 share_number(const World *world, guint32 client);

/* host.c */
void host_register(World *world);
guint32 conn_open(World *world, Client *client);
void conn_delivered(gpointer world, NetPacket *packet);
void conn_lost(gpointer world, NetPacket *packet);
/* Takes the segments that are due from one end. */
void conn_push(World *world, Conn *conn, guint end);
/* The same, and sets its timer: the last thing that is done with an end at an instant, since one
 * that is set twice costs twice. FALSE: the stack is CLOSED, and whoever drives this end is to call
 * conn_leave(). */
gboolean conn_flush(World *world, Conn *conn, guint end);
/* Something of that sender is over: once its stack is gone and none of its packets flies, what has
 * not arrived never will; and a connection without ends, packets and users is forgotten. */
void conn_fade(World *world, Conn *conn, guint sender);
void conn_forget(World *world, Conn *conn);
/* The application of that end is gone: what it did not decode is dead, and the stack finishes
 * alone. */
SELDOM void conn_leave(World *world, Conn *conn, guint end, gboolean abort);
/* The host of that end loses power: its stack is gone without a word. */
SELDOM void conn_go_dark(World *world, Conn *conn, guint end);

/* socket.c, and socket-inline.h */
/* One packet of the machine at that end, or a part of one. */
typedef gsize (*SocketPull)(World *world, Conn *conn, guint8 *dst, gsize room);
SELDOM void socket_show_written(World *world, Conn *conn, guint end, const guint8 *bytes, gsize n);
SELDOM void socket_show_taken(World *world, Conn *conn, guint end, gsize n);
void socket_note_writing(const Conn *conn);

/* ahead.c */
void ahead_register(World *world);
void ahead_delivery(gpointer user, guint32 flow, NetDirection direction, guint stage);

/* client.c */
void client_register(World *world);
void client_start(World *world, guint32 client, gint64 at_ns);
void client_readable(World *world, Conn *conn);
void client_drain(World *world, Client *client); /* the machine's events */
/* A message for the application; and what else is for it, which may call the machine: events are
 * added then, and this one is not looked at any more. */
void client_message(World *world, Client *client, const MqttEvent *event);
void client_event(World *world, guint32 client, const MqttEvent *event);
void client_pump(World *world,
                 Client *client); /* after any call to the machine: all that follows */
SELDOM void client_die(World *world, guint32 client, Death how, gint64 down_ns);
/* Its session is gone, and with it the subscriptions. */
SELDOM void client_unsubscribed(World *world, guint32 client);

/* broker.c */
void broker_register(World *world);
void broker_accept(World *world, Conn *conn);
void broker_readable(World *world, Conn *conn);
void broker_event(World *world, const MqttEvent *event);
void broker_pump(World *world,
                 Broker *broker); /* after any call to the machine: all that follows */
SELDOM void broker_die(World *world, guint32 broker, Death how, gint64 down_ns);

/* custody.c */
/* All events of a machine, of which there are some: what copies do goes to the ledger, the rest to
 * client_event() or broker_event(). */
void custody_hear_client(World *world, Client *client);
void custody_hear_broker(World *world);
/* What `sender` wrote and its peer did not decode is dead: all of it, or only what has not arrived
 * at the peer's stack. */
SELDOM void custody_bury(World *world, guint32 conn, guint sender, gboolean all);

/* capture.c */
Capture *capture_new(const World *world);
void capture_free(Capture *capture);
void capture_link(Capture *capture, const char *name); /* links in the order of their numbers */
SELDOM void capture_open(World *world, guint32 conn);
/* What that end sends in the packet. */
SELDOM void capture_segment(World *world, guint32 conn, guint end, NetPacket *packet,
                            const TcpSegment *segment);
void capture_met(World *world, NetPacket *packet, guint32 link, NetVerdict verdict);
void capture_left(World *world, NetPacket *packet, guint32 link);

/* trace.c */
Trace *trace_new(void);
void trace_free(Trace *trace);
SELDOM void trace_open(Trace *trace, guint32 conn);
SELDOM void trace_wrote(World *world, guint32 conn, guint end, const guint8 *bytes, gsize n);
SELDOM void trace_segment(World *world, guint32 conn, guint end, NetPacket *packet,
                          const TcpSegment *segment);
void trace_met(World *world, NetPacket *packet, NetVerdict verdict);
void trace_left(World *world, NetPacket *packet);
GArray *trace_take(Trace *trace); /* OutcomeTravel */

/* segments.c */
Segments *segments_new(const World *world);
void segments_free(Segments *segments);
void segments_link(Segments *segments, const char *name); /* links in the order of their numbers */
SELDOM void segments_open(World *world, guint32 conn);
void segments_met(World *world, NetPacket *packet, guint32 link, NetVerdict verdict);
void segments_left(World *world, NetPacket *packet);
void segments_take(Segments *segments, Outcome *outcome);

/* medium.c */
typedef struct {
  MediumKind kind;
  RandomStream stream;
  guint32 client; /* whose it is; NONE: the broker's */
  guint32 broker;
} MediumConfig;
Medium *medium_new(World *world, const MediumConfig *config);
void medium_free(Medium *store);
void medium_register(World *world);
void medium_take(World *world, Medium *store);  /* operations of the machine that wait */
void medium_crash(World *world, Medium *store); /* what was not written is lost */
/* A loss of power, before that: what was being written leaves a part of its bytes, and the machine
 * is told of the changes that are whole in them. */
void medium_tear(World *world, Medium *store);
void medium_flush(World *world, Medium *store); /* an orderly end writes all that waits */
GHashTable *medium_tags(const Medium *store);   /* of the messages on it: guint64 * within it */
void medium_load(World *world, Medium *store);  /* into the machine made anew */

/* fault.c */
void fault_register(World *world);
GArray *fault_clocks_new(void);
void fault_setup(World *world);

/* outside.c: host.c's and custody.c's part where brokers are not simulated */
Outside *outside_state_new(void);
void outside_state_free(Outside *outside);
SELDOM void outside_open(World *world, guint32 conn);
SELDOM void outside_leave(World *world, guint32 conn);
SELDOM void outside_go_dark(World *world, guint32 conn);
/* Writes what pull gives, unless it is NULL; FALSE: nothing more can be done with the connection.
 */
SELDOM gboolean outside_flush(World *world, Conn *conn, SocketPull pull);
SELDOM const guint8 *outside_bytes(const Conn *conn, gsize *n);
SELDOM void outside_take(World *world, Conn *conn, gsize n);
SELDOM void outside_received(World *world, const MqttEvent *event, guint32 client);
Cause outside_verdict(gpointer world, guint32 publisher, guint32 subscriber, gboolean held);

/* collect.c */
void collect_mark(World *world);   /* at time zero */
void collect_window(World *world); /* at its end */
Outcome *collect_outcome(World *world);
