/* A broker on a port, for the players of dialogues: the functions of ScriptSubject that are the
 * same whatever program listens there. */
#pragma once

#include "tests/models/mqtt/script.h"

typedef struct {
  guint16 port;
  int sync; /* a client that pings: a few answers, and what was sent before has been dealt with */
  int fds[SCRIPT_CONNS];
} Wire;

void wire_start(Wire *wire, guint16 port);
void wire_stop(Wire *wire);

/* For ScriptSubject; user is a Wire, or a struct that begins with one. */
void wire_open(gpointer user, guint conn);
void wire_send(gpointer user, guint conn, const guint8 *data, gsize n);
void wire_cut(gpointer user, guint conn);
void wire_sync(const Wire *wire);
gboolean wire_receive(gpointer user, guint conn, GByteArray *into);
