/* A TCP segment as the machines see it. Offsets are 64 bits wide and start at 0 for SYN in each
 * direction, so they never wrap; what goes on a wire is their low 32 bits plus an initial
 * sequence number. A segment carries positions, not bytes: those stay in the sender's TcpStream
 * until they are acknowledged and read, and both ends hold the stream. */
#pragma once

#include <glib.h>

typedef enum {
  TCP_FIN = 1 << 0,
  TCP_SYN = 1 << 1,
  TCP_RST = 1 << 2,
  TCP_PSH = 1 << 3,
  TCP_ACK = 1 << 4,
} TcpFlags;

#define TCP_SACK_BLOCKS 4 /* 3 beside timestamps (RFC 2018, section 3) */

/* Why it was sent again. */
typedef enum { TCP_FIRST_TIME, TCP_AGAIN_TIMEOUT, TCP_AGAIN_RECOVERY, TCP_AGAIN_PROBE } TcpAgain;

const char *tcp_again_name(TcpAgain again); /* "time-out"; NULL: the first time */

/* Relative to the segment's ack, so that a D-SACK block (RFC 2883) lies below 0. */
typedef struct {
  gint32 start, end;
} TcpSackBlock;

typedef struct {
  guint64 seq;    /* of the first byte; SYN and FIN take one each (SYN is 0, data begins at 1) */
  guint64 ack;    /* next byte expected; meaningful with TCP_ACK */
  guint32 window; /* receive window offered, in bytes */
  guint16 length; /* payload bytes */
  guint8 flags;   /* TcpFlags */
  guint8 sack_count;
  guint8 options;            /* bytes of options as on the wire, a multiple of 4 */
  guint8 sack_permitted : 1; /* this and the next three are options of SYN alone; 0: not there */
  guint8 window_scaled : 1;
  guint8 window_scale : 4; /* how far the windows of later segments are shifted */
  guint16 mss;
  guint32 ts_value, ts_echo; /* RFC 7323, in ms; both 0: no timestamps */
  TcpSackBlock sack[TCP_SACK_BLOCKS];
  guint8 again; /* TcpAgain; not on the wire */
} TcpSegment;

#define TCP_IPV4_HEADERS 40 /* IPv4 20 + TCP 20, without options */

/* Bytes of the IP packet. */
static inline guint
tcp_segment_wire_length(const TcpSegment *segment)
{
  return TCP_IPV4_HEADERS + segment->options + segment->length;
}
