/* A segment as a packet of bytes: IPv4 (RFC 791) and TCP (RFC 9293) headers with options laid out
 * as Linux does, checksums, payload. For captures; nothing in a run looks at these bytes. */
#pragma once

#include "models/tcp/segment.h"

#define TCP_WIRE_HEADERS 80 /* at most: 40 bytes of options */

/* What a connection adds to its segments; indices are ends, 0 for the one that opens. */
typedef struct {
  guint32 address[2]; /* in host order */
  guint16 port[2];
  guint32 isn[2];   /* sequence number of offset 0 */
  guint16 id[2];    /* IPv4 identification of the next packet */
  guint8 scale[2];  /* from the window scale options that were written */
  guint8 scaled[2]; /* there was one */
} TcpWire;

/* Writes the packet that `sender` sends; returns its length, tcp_segment_wire_length(). Payload:
 * segment->length bytes. */
guint tcp_wire_write(TcpWire *wire, guint sender, const TcpSegment *segment, const guint8 *payload,
                     guint8 *packet);
/* What `hops` routers have made of it. */
void tcp_wire_age(guint8 *packet, guint hops);
