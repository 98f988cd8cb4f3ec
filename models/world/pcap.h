/* Packets into a file as Wireshark reads it: pcapng (draft-ietf-opsawg-pcapng), IPv4 without a link
 * layer, times to the nanosecond. Nothing is kept in memory. An error sticks to the file
 * (ferror(3)), whose owner asks for it at the end. The file is one that can be sought in. */
#pragma once

#include <glib.h>
#include <stdio.h>

/* A time of a packet is counted from this instant: 2000-01-01, so that what is before it has a time
 * too. */
#define PCAP_EPOCH_S G_GINT64_CONSTANT(946684800)

typedef enum { PCAP_INBOUND = 1, PCAP_OUTBOUND = 2 } PcapDirection;

typedef struct {
  guint32 interface;
  gint64 at_ns;
  PcapDirection direction;
  const guint8 *bytes;
  guint length;
  const char *comments[3]; /* NULL: none */
} PcapPacket;

void pcap_begin(FILE *file, const char *program);
/* Names for addresses (in host order), before the first packet. NULL-ended. */
void pcap_names(FILE *file, const guint32 *addresses, const char *const *names);
/* Interfaces have the numbers 0, 1, ... in the order in which they are added, before their first
 * packet. */
void pcap_interface(FILE *file, const char *name);
/* Returns where the text of the first comment is in the file. */
glong pcap_packet(FILE *file, const PcapPacket *packet);
/* Another text of the same length in its place. */
void pcap_comment_again(FILE *file, glong at, const char *comment);
