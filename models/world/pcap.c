#include "models/world/pcap.h"

#include <string.h>

#define LINKTYPE_IPV4 228

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_NAMES = 4, BLOCK_PACKET = 6 };
enum { OPTION_END = 0, OPTION_COMMENT = 1 };
enum { SECTION_APPLICATION = 4 };
enum { INTERFACE_NAME = 2, INTERFACE_RESOLUTION = 9 };
enum { PACKET_FLAGS = 2 };
enum { NAMES_END = 0, NAMES_IPV4 = 1 };

/* Blocks are in the byte order of the machine, which the section says. */
static void
put(FILE *file, gconstpointer bytes, gsize n)
{
  fwrite(bytes, 1, n, file);
}

static void
put16(FILE *file, guint16 value)
{
  put(file, &value, sizeof value);
}

static void
put32(FILE *file, guint32 value)
{
  put(file, &value, sizeof value);
}

static guint32
padded(gsize n)
{
  return (guint32)(n + 3) / 4 * 4;
}

static void
put_padded(FILE *file, gconstpointer bytes, gsize n)
{
  put(file, bytes, n);
  put(file, "\0\0\0", padded(n) - n);
}

static guint32
option_size(gsize n)
{
  return 4 + padded(n);
}

static void
put_option(FILE *file, guint16 code, gconstpointer bytes, gsize n)
{
  put16(file, code);
  put16(file, (guint16)n);
  put_padded(file, bytes, n);
}

/* A block of `size` bytes between its head (type, length) and its tail (length again). */
static guint32
begin_block(FILE *file, guint32 type, guint32 size)
{
  put32(file, type);
  put32(file, size + 12);
  return size + 12;
}

void
pcap_begin(FILE *file, const char *program)
{
  guint32 size = 16 + option_size(strlen(program)) + 4;
  gint64 length = -1; /* of the section: not said */

  size = begin_block(file, BLOCK_SECTION, size);
  put32(file, 0x1a2b3c4d); /* the byte order */
  put16(file, 1);          /* version 1.0 */
  put16(file, 0);
  put(file, &length, sizeof length);
  put_option(file, SECTION_APPLICATION, program, strlen(program));
  put_option(file, OPTION_END, "", 0);
  put32(file, size);
}

void
pcap_names(FILE *file, const guint32 *addresses, const char *const *names)
{
  guint32 size = 4;

  for (guint i = 0; names[i]; i++)
    size += 4 + padded(4 + strlen(names[i]) + 1);
  size = begin_block(file, BLOCK_NAMES, size);
  for (guint i = 0; names[i]; i++) {
    guint32 address = g_htonl(addresses[i]);
    gsize n = strlen(names[i]) + 1, slack = padded(4 + n) - 4 - n;

    put16(file, NAMES_IPV4);
    put16(file, (guint16)(4 + n));
    put(file, &address, sizeof address);
    put(file, names[i], n);
    put(file, "\0\0\0", slack);
  }
  put32(file, NAMES_END);
  put32(file, size);
}

void
pcap_interface(FILE *file, const char *name)
{
  guint32 size = 8 + option_size(strlen(name)) + option_size(1) + 4;

  size = begin_block(file, BLOCK_INTERFACE, size);
  put16(file, LINKTYPE_IPV4);
  put16(file, 0);
  put32(file, 0); /* packets are whole */
  put_option(file, INTERFACE_NAME, name, strlen(name));
  put_option(file, INTERFACE_RESOLUTION, "\11", 1); /* times in 10^-9 s */
  put_option(file, OPTION_END, "", 0);
  put32(file, size);
}

glong
pcap_packet(FILE *file, const PcapPacket *packet)
{
  guint64 stamp = (guint64)(PCAP_EPOCH_S * G_GINT64_CONSTANT(1000000000) + packet->at_ns);
  guint32 size = 20 + padded(packet->length) + option_size(4) + 4;
  guint32 flags = packet->direction;
  glong at;

  for (guint i = 0; packet->comments[i]; i++)
    size += option_size(strlen(packet->comments[i]));
  size = begin_block(file, BLOCK_PACKET, size);
  put32(file, packet->interface);
  put32(file, (guint32)(stamp >> 32));
  put32(file, (guint32)stamp);
  put32(file, packet->length); /* captured, and */
  put32(file, packet->length); /* as it was */
  put_padded(file, packet->bytes, packet->length);
  put_option(file, PACKET_FLAGS, &flags, sizeof flags);
  at = packet->comments[0] ? ftell(file) + 4 : 0;
  for (guint i = 0; packet->comments[i]; i++)
    put_option(file, OPTION_COMMENT, packet->comments[i], strlen(packet->comments[i]));
  put_option(file, OPTION_END, "", 0);
  put32(file, size);
  return at;
}

void
pcap_comment_again(FILE *file, glong at, const char *comment)
{
  if (fseek(file, at, SEEK_SET) == 0)
    put(file, comment, strlen(comment));
  fseek(file, 0, SEEK_END);
}
