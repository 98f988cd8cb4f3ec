/* Listening and connected TCP sockets that never block. */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

typedef struct {
  gboolean nagle;
  gint64 user_timeout_ns; /* TCP_USER_TIMEOUT; 0, G_MAXINT64: none */
  gint64 keepalive_ns;    /* silence before the first of nine probes 75 s apart; the same */
} LiveSocketOptions;

/* Listens on a numeric address, at *port (0: any that is free, which *port is then). Returns the
 * descriptor, or -1. */
int live_listen(const char *address, guint16 *port, GError **error);
/* Begins to connect; the descriptor, which is writable when that has ended, or -1. */
int live_connect(const struct sockaddr *address, socklen_t length,
                 const LiveSocketOptions *options);
/* As many descriptors as the system allows. */
void live_raise_descriptors(void);
/* The next connection, or -1: *again says that there is none, else there is no room for one. */
int live_accept(int listener, const LiveSocketOptions *options, gboolean *again);
