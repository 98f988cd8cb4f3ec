/* The broker's machine on real sockets, in real time, in one thread. Each turn of the loop reads
 * what has come, a bounded slice of each connection; writes the store once; and writes what is due,
 * one write a connection. A connection holds no more than one packet of what comes and one slice of
 * what goes; what waits beyond is in the broker's queues, which have bounds of their own. */
#pragma once

#include "models/live/file.h"
#include "models/live/socket.h"
#include "models/mqtt/broker.h"

typedef struct {
  const char *address; /* numeric */
  guint16 port;        /* 0: any that is free */
  LiveSocketOptions socket;
  gint64 connect_timeout_ns; /* from the connection to its CONNECT */
  LiveFile *file;            /* NULL: no store; needs MqttBrokerConfig.store */
} LiveServerConfig;

typedef struct _LiveServer LiveServer;

/* Both configurations are borrowed. Listens, and has loaded the store, when it returns. */
LiveServer *live_server_new(const LiveServerConfig *config, const MqttBrokerConfig *broker,
                            GError **error);
void live_server_free(LiveServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LiveServer, live_server_free)

guint16 live_server_port(const LiveServer *server);
/* Serves until stop(); then says goodbye to its clients. FALSE: the store cannot be written, or the
 * system refuses something that it needs. */
gboolean live_server_run(LiveServer *server, GError **error);
void live_server_stop(LiveServer *server); /* from a signal handler or another thread too */
