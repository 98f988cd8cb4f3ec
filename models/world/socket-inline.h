/* The part of socket.c that each packet goes through: in a header, so that it becomes part of
 * client.c and of broker.c, each with its own end. Whoever asks has an end here: a stack or, of a
 * client's end alone, the outside. */
#pragma once

#include "models/world/world-private.h"

#include <string.h>

static inline gboolean
socket_is_outside(const Conn *conn, guint end)
{
  return end == CLIENT_END && conn->tcp[CLIENT_END] == NULL;
}

static inline gboolean
socket_established(const Conn *conn, guint end)
{
  return socket_is_outside(conn, end) ? conn->established : tcp_conn_established(conn->tcp[end]);
}

/* Nothing more comes. */
static inline gboolean
socket_at_end(const Conn *conn, guint end)
{
  const TcpConn *tcp = conn->tcp[end];
  if (socket_is_outside(conn, end))
    return conn->ended;
  return tcp_conn_state(tcp) != TCP_ESTABLISHED &&
         (tcp_conn_at_end(tcp) || tcp_conn_state(tcp) == TCP_CLOSED);
}

/* The next bytes for the machine at that end. */
static inline const guint8 *
socket_bytes(const Conn *conn, guint end, gsize *n)
{
  return socket_is_outside(conn, end) ? outside_bytes(conn, n)
                                      : tcp_conn_readable(conn->tcp[end], n);
}

/* The machine has used n of them. */
static inline void
socket_take(World *world, Conn *conn, guint end, gsize n)
{
  if (world->overheard)
    socket_show_taken(world, conn, end, n);
  if (socket_is_outside(conn, end))
    outside_take(world, conn, n);
  else
    tcp_conn_consumed(conn->tcp[end], world_time(world), n);
}

/* The machine waits for the rest of a packet: what there is of it has been read. Applications read
 * what there is, be it a whole packet or not. */
static inline void
socket_read(World *world, Conn *conn, guint end)
{
  if (!socket_is_outside(conn, end))
    tcp_conn_take(conn->tcp[end], world_time(world), tcp_conn_untaken(conn->tcp[end]));
}

/* Counts what the machine wrote, and shows it to who wants to see it. */
static inline void
socket_wrote(World *world, Conn *conn, guint end, const guint8 *bytes, gsize n)
{
  conn->group->traffic.mqtt_bytes[end] += n;
  if (world->overheard)
    socket_show_written(world, conn, end, bytes, n);
}

/* One packet of the machine into the connection, or as much of it as there is room for; FALSE:
 * nothing. */
static inline __attribute__((always_inline)) gboolean
socket_write(World *world, Conn *conn, guint end, SocketPull pull)
{
  TcpConn *tcp = conn->tcp[end];
  gsize room = tcp_conn_room(tcp);
  gsize n = room > 0 ? pull(world, conn, world->scratch, MIN(room, SCRATCH_BYTES)) : 0;
  if (n == 0)
    return FALSE;
  memcpy(tcp_conn_write_buffer(tcp, n), world->scratch, n);
  if (end == BROKER_END)
    socket_note_writing(conn);
  tcp_conn_wrote(tcp, world_time(world), n);
  socket_wrote(world, conn, end, world->scratch, n);
  return TRUE;
}
