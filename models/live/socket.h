/* Listening and connected TCP sockets that never block. */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

/* Listens on a numeric address, at *port (0: any that is free, which *port is then). Returns the
 * descriptor, or -1. */
int live_listen(const char *address, guint16 *port, GError **error);
/* Begins to connect; the descriptor, which is writable when that has ended, or -1. */
int live_connect(const struct sockaddr *address, socklen_t length, gboolean nagle);
/* As many descriptors as the system allows. */
void live_raise_descriptors(void);
/* The next connection, or -1: *again says that there is none, else there is no room for one. */
int live_accept(int listener, gboolean nagle, gboolean *again);
