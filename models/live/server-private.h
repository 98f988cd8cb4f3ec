/* The inside of a LiveServer, shared by server.c (the loop, time, the store) and conn.c (its
 * connections). */
#pragma once

#include "models/live/server.h"

#define LIVE_SLICE 262144 /* bytes read or written at a time */
#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define LIVE_LISTENER G_MAXUINT32 /* numbers that are no connection's */
#define LIVE_WAKE (G_MAXUINT32 - 1)

typedef struct {
  int fd;
  guint32 number, serial;
  GByteArray *in;         /* a packet that has come in part; NULL: nothing */
  GByteArray *out;        /* what the socket did not take; NULL: nothing */
  gboolean connected : 1; /* its CONNECT was accepted */
  gboolean ready : 1;     /* in the list of those with output */
  gboolean closing : 1;   /* closed as soon as out is written */
  gboolean awaits_room : 1;
  gboolean congested : 1; /* nothing is read from it */
} LiveConn;

/* Whether a connection has done by then what is expected of it. */
typedef struct {
  gint64 at_ns;
  guint32 number, serial;
} LiveLimit;

struct _LiveServer {
  const LiveServerConfig *config;
  MqttBroker *broker;
  MqttEvents events;
  int listener, epoll, wake;
  guint16 port;
  gboolean stopping;
  GPtrArray *conns; /* by number; NULL: free */
  GArray *free_numbers, *ready, *closed;
  guint32 serial, live;
  GQueue *connects, *lingers; /* LiveLimit, each in the order of time */
  gint64 clock_offset_ns;
  gint64 listen_ns; /* when to accept again; MQTT_NEVER: it does, or stops */
  guint8 *slice;
};

/* server.c */
gint64 live_server_now(const LiveServer *server);
void live_server_watch(LiveServer *server, int operation, int fd, guint32 number, guint32 what);

/* conn.c */
LiveConn *live_conn_at(const LiveServer *server, guint32 number); /* NULL: there is none */
void live_conn_free(LiveServer *server, LiveConn *conn);
/* At the end of the turn: what the machine says of it meanwhile finds it still there. */
void live_conn_drop(LiveServer *server, const LiveConn *conn);
void live_conn_ready(LiveServer *server, LiveConn *conn); /* it may be written to */
void live_conn_take_events(LiveServer *server); /* what the machine said since the last time */
void live_conn_accept(LiveServer *server, gint64 now_ns);
void live_conn_read(LiveServer *server, LiveConn *conn, gint64 now_ns);
void live_conn_write_all(LiveServer *server, gint64 now_ns); /* those that are ready */
void live_conn_close(LiveServer *server, gint64 now_ns);     /* those that were dropped */
