#include "tests/models/live/wire.h"

#include "tests/models/live/kit.h"

#include <unistd.h>

void
wire_start(Wire *wire, guint16 port)
{
  static const guint8 hello[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, '~'};
  static const guint8 connack[] = {0x20, 2, 0, 0};
  wire->port = port;
  wire->sync = kit_dial(port);
  kit_send(wire->sync, hello, sizeof hello);
  kit_expect(wire->sync, connack, sizeof connack);
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    wire->fds[i] = -1;
}

void
wire_stop(Wire *wire)
{
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    wire_cut(wire, i);
  close(wire->sync);
}

void
wire_open(gpointer user, guint conn)
{
  Wire *wire = user;
  wire_cut(wire, conn);
  wire->fds[conn] = kit_dial(wire->port);
}

void
wire_send(gpointer user, guint conn, const guint8 *data, gsize n)
{
  kit_send(((Wire *)user)->fds[conn], data, n);
}

void
wire_cut(gpointer user, guint conn)
{
  Wire *wire = user;
  if (wire->fds[conn] >= 0)
    close(wire->fds[conn]);
  wire->fds[conn] = -1;
}

void
wire_sync(const Wire *wire)
{
  static const guint8 ping[] = {0xC0, 0}, pong[] = {0xD0, 0};
  for (guint i = 0; i < 8; i++) { /* a broker may take a packet of each connection a turn */
    kit_send(wire->sync, ping, sizeof ping);
    kit_expect(wire->sync, pong, sizeof pong);
  }
}

gboolean
wire_receive(gpointer user, guint conn, GByteArray *into)
{
  int fd = ((Wire *)user)->fds[conn];
  guint before;
  gboolean open;
  do {
    before = into->len;
    open = kit_receive(fd, 0, into);
  } while (open && into->len > before);
  return !open;
}
