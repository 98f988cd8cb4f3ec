/* Listening and connected TCP sockets that never block. */
#pragma once

#include <gio/gio.h>

/* Listens on a numeric address, at *port (0: any that is free, which *port is then). Returns the
 * descriptor, or -1. */
int live_listen(const char *address, guint16 *port, GError **error);
/* The next connection, or -1: *again says that there is none, else there is no room for one. */
int live_accept(int listener, gboolean nagle, gboolean *again);
