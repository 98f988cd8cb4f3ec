#include "models/tcp/wire.h"

#include <string.h>

#define IP_HEADER 20
#define TCP_HEADER 20
#define PROTOCOL_TCP 6
#define TTL 64 /* ip_default_ttl of Linux */

enum {
  OPTION_NOP = 1,
  OPTION_MSS,
  OPTION_SCALE,
  OPTION_SACK_PERMITTED,
  OPTION_SACK,
  OPTION_TIME = 8
};

static guint8 *
put8(guint8 *at, guint value)
{
  *at = (guint8)value;
  return at + 1;
}

static guint8 *
put16(guint8 *at, guint value)
{
  return put8(put8(at, value >> 8), value);
}

static guint8 *
put32(guint8 *at, guint32 value)
{
  return put16(put16(at, value >> 16), value);
}

static guint8 *
put_option(guint8 *at, guint kind, guint length)
{
  return put8(put8(at, kind), length);
}

static guint8 *
pad(guint8 *at, guint n)
{
  memset(at, OPTION_NOP, n);
  return at + n;
}

/* One's complement sum of 16-bit words (RFC 1071), to go on with. */
static guint64
sum(guint64 before, const guint8 *bytes, gsize n)
{
  for (; n > 1; bytes += 2, n -= 2) {
    before += (guint)(bytes[0] << 8 | bytes[1]);
  }
  return n > 0 ? before + (guint)(bytes[0] << 8) : before;
}

static guint
checksum(guint64 total)
{
  while (total >> 16 != 0) {
    total = (total & 0xffff) + (total >> 16);
  }
  return ~total & 0xffff;
}

/* The order of tcp_options_write(): MSS, timestamps (with SACK permitted in what would be their
 * padding), window scale, SACK. What the segment says it carries and does not spell out is padding.
 */
static void
put_options(const TcpWire *wire, guint sender, const TcpSegment *segment, guint8 *at)
{
  const guint8 *end = at + segment->options;
  gboolean times = segment->ts_value != 0 || segment->ts_echo != 0;
  if (segment->mss != 0) {
    at = put16(put_option(at, OPTION_MSS, 4), segment->mss);
  }
  if (segment->sack_permitted) {
    at = put_option(times ? at : pad(at, 2), OPTION_SACK_PERMITTED, 2);
  }
  if (times) {
    at = put_option(segment->sack_permitted ? at : pad(at, 2), OPTION_TIME, 10);
    at = put32(put32(at, segment->ts_value), segment->ts_echo);
  }
  if (segment->window_scaled) {
    at = put8(put_option(pad(at, 1), OPTION_SCALE, 3), segment->window_scale);
  }
  if (segment->sack_count > 0) {
    guint32 ack = wire->isn[1 - sender] + (guint32)segment->ack;
    at = put_option(pad(at, 2), OPTION_SACK, 2 + 8 * segment->sack_count);
    for (guint i = 0; i < segment->sack_count; i++) {
      at = put32(at, ack + (guint32)segment->sack[i].start);
      at = put32(at, ack + (guint32)segment->sack[i].end);
    }
  }
  g_assert(at <= end);
  pad(at, (guint)(end - at));
}

/* RFC 7323 2.2: the window of a SYN is not scaled, later ones are if both SYNs had the option. */
static guint
window_field(const TcpWire *wire, guint sender, const TcpSegment *segment)
{
  gboolean scaled = !(segment->flags & TCP_SYN) && wire->scaled[0] && wire->scaled[1];
  return MIN(segment->window >> (scaled ? wire->scale[sender] : 0), G_MAXUINT16);
}

static void
put_ip_checksum(guint8 *packet)
{
  put16(packet + 10, 0);
  put16(packet + 10, checksum(sum(0, packet, IP_HEADER)));
}

/* Don't Fragment, as path MTU discovery has it. */
static void
put_ip(TcpWire *wire, guint sender, guint length, guint8 *packet)
{
  guint8 *at = put16(put16(packet, 0x4500), length);
  at = put16(put16(at, wire->id[sender]++), 0x4000);
  at = put16(put16(at, TTL << 8 | PROTOCOL_TCP), 0);
  put32(put32(at, wire->address[sender]), wire->address[1 - sender]);
  put_ip_checksum(packet);
}

/* RFC 9293 3.10.7.1: a reset by nobody that acknowledges has sequence number 0. */
static guint32
sequence_field(const TcpWire *wire, guint sender, const TcpSegment *segment)
{
  return segment->seq == 0 && (segment->flags & TCP_RST)
             ? 0
             : wire->isn[sender] + (guint32)segment->seq;
}

guint
tcp_wire_write(TcpWire *wire, guint sender, const TcpSegment *segment, const guint8 *payload,
               guint8 *packet)
{
  guint length = tcp_segment_wire_length(segment);
  guint header = TCP_HEADER + segment->options;
  guint8 *tcp = packet + IP_HEADER;
  gboolean ack = (segment->flags & TCP_ACK) != 0;
  if (segment->flags & TCP_SYN) {
    wire->scaled[sender] = segment->window_scaled;
    wire->scale[sender] = segment->window_scale;
  }
  put_ip(wire, sender, length, packet);
  guint8 *at = put16(put16(tcp, wire->port[sender]), wire->port[1 - sender]);
  at = put32(at, sequence_field(wire, sender, segment));
  at = put32(at, ack ? wire->isn[1 - sender] + (guint32)segment->ack : 0);
  at = put16(at, header / 4 << 12 | segment->flags);
  at = put16(at, window_field(wire, sender, segment));
  put_options(wire, sender, segment, put32(at, 0));
  if (segment->length > 0) {
    memcpy(tcp + header, payload, segment->length);
  }
  /* The pseudo-header: addresses, protocol, length. */
  guint64 pseudo = sum(PROTOCOL_TCP + length - IP_HEADER, packet + 12, 8);
  put16(tcp + 16, checksum(sum(pseudo, tcp, length - IP_HEADER)));
  return length;
}

void
tcp_wire_age(guint8 *packet, guint hops)
{
  packet[8] = (guint8)(TTL - MIN(hops, TTL - 1));
  put_ip_checksum(packet);
}
