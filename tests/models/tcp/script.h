/* One end of a connection, in the manner of packetdrill: what it gets is a script, what it sends is
 * a log. The peer exists in the script alone, so it may say whatever a network can make of it.
 *
 *     1.200 1001:2001(1000)
 *
 * time in seconds, sequence range and length of each segment that carries data or FIN. */
#pragma once

#include "models/tcp/conn.h"

#define SCRIPT_MS G_GINT64_CONSTANT(1000000)
#define SCRIPT_NO_ECHO (-1)

typedef struct {
  TcpConfig config;
  TcpConn *conn;
  gint64 now_ns;
  GString *log;
  guint64 peer_seq;
  guint32 clock; /* of its time stamps, at 0 */
} Script;

/* A client with the Linux stack, all of its sender on, segments of 1000 bytes, TCP_NODELAY. */
Script *script_new(void);
void script_free(Script *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Script, script_free)

void script_open(Script *script, gint64 rtt_ms); /* the handshake, from 0 on */
void script_run(Script *script, double until_ms);
void script_write(Script *script, double at_ms, gsize n);
/* A pure ACK; blocks as in "2001:3001 5001:6001", offsets, or NULL. */
void script_ack(Script *script, double at_ms, guint64 ack, const char *blocks);
/* The same with a time stamp that echoes that of a segment sent at echo_ms. */
void script_echo(Script *script, double at_ms, guint64 ack, const char *blocks, double echo_ms);
void script_data(Script *script, double at_ms, guint64 ack, guint16 n); /* the peer sends */

#define script_assert_log(script, expected)                                                        \
  do {                                                                                             \
    g_assert_cmpstr((script)->log->str, ==, expected);                                             \
    g_string_truncate((script)->log, 0);                                                           \
  } while (0)
