/* The packets of a run into a file, as they are seen at both ends of every link: where a packet
 * meets a link, with what became of it there, and where it leaves it.
 *
 * A packet gets its bytes when it is sent, since its receiver may have read them by the time when a
 * late copy arrives, and keeps them under its number. */
#include "models/world/world-private.h"

#include "models/tcp/wire.h"
#include "models/world/pcap.h"

#include <string.h>

#define CLIENT_NET 0x0a000000u /* 10.0.0.0: client n has 10.0.0.0 + n + 1 */
#define BROKER_NET 0xc0000200u /* 192.0.2.0 (RFC 5737) */
#define MQTT_PORT 1883
#define FIRST_PORT 49152 /* of those that are free to use (RFC 6335, section 6) */
#define PORTS 16384

/* They have one length: the second is written over the first when it turns out so. */
static const char waits_comment[] = "in the queue";
static const char outage_comment[] = "lost: outage";

typedef struct {
  guint8 *bytes;
  guint size;       /* of what bytes points to */
  guint8 again;     /* TcpAgain */
  glong comment_at; /* of waits_comment in the file; 0: it does not wait */
} Image;

struct _Capture {
  FILE *file;
  GArray *wires;   /* TcpWire, by connection */
  GArray *images;  /* Image, by packet */
  guint32 *opened; /* connections so far, by client */
};

static void
image_clear(gpointer image)
{
  g_free(((Image *)image)->bytes);
}

static void
write_names(const World *world)
{
  guint n = world->n_clients + world->n_brokers;
  g_autofree guint32 *addresses = g_new(guint32, n);
  g_auto(GStrv) names = g_new0(char *, n + 1);
  for (guint g = 0, i = 0; g < world->n_groups; g++) {
    const Group *group = &world->groups[g];
    for (guint32 k = 1; k <= group->count; k++, i++) {
      addresses[i] = CLIENT_NET + i + 1;
      names[i] = g_strdup_printf("%s-%u", group->section->name, k);
    }
  }
  for (guint32 i = 0; i < world->n_brokers; i++) {
    addresses[world->n_clients + i] = BROKER_NET + i + 1;
    names[world->n_clients + i] = g_strdup(world->brokers[i].section->name);
  }
  pcap_names(world->request->pcap, addresses, (const char *const *)names);
}

/* Brokers and groups are known, links are not yet made. */
Capture *
capture_new(const World *world)
{
  Capture *capture = g_new0(Capture, 1);
  capture->file = world->request->pcap;
  capture->opened = g_new0(guint32, MAX(world->n_clients, 1));
  capture->wires = g_array_new(FALSE, TRUE, sizeof(TcpWire));
  capture->images = g_array_new(FALSE, TRUE, sizeof(Image));
  g_array_set_clear_func(capture->images, image_clear);
  pcap_begin(capture->file, "qosim");
  write_names(world);
  return capture;
}

void
capture_free(Capture *capture)
{
  if (capture == NULL)
    return;
  g_array_unref(capture->wires);
  g_array_unref(capture->images);
  g_free(capture->opened);
  g_free(capture);
}

void
capture_link(Capture *capture, const char *name)
{
  static const char *const ends[] = {"client", "broker"};
  for (guint end = 0; end < G_N_ELEMENTS(ends); end++) {
    g_autofree char *interface = g_strdup_printf("%s %s end", name, ends[end]);
    pcap_interface(capture->file, interface);
  }
}

void
capture_open(World *world, guint32 number)
{
  Capture *capture = world->capture;
  const Conn *conn = &world->conns[number];
  guint32 opened = capture->opened[conn->client->number]++;
  g_autofree char *name = world_client_name(world, conn->client->number);
  RandomStream stream =
      random_stream(world->request->seed, world->request->replication, name, "capture");
  guint64 port = random_below(&stream, G_MAXUINT64, PORTS) + opened;
  guint32 block[4];
  random_block(&stream, opened, block);
  if (capture->wires->len <= number)
    g_array_set_size(capture->wires, number + 1);
  g_array_index(capture->wires, TcpWire, number) = (TcpWire){
      .address = {CLIENT_NET + conn->client->number + 1, BROKER_NET + conn->broker->number + 1},
      .port = {(guint16)(FIRST_PORT + port % PORTS), MQTT_PORT},
      .isn = {block[0], block[1]},
      .id = {(guint16)block[2], (guint16)block[3]},
  };
}

void
capture_segment(World *world, guint32 number, guint end, NetPacket *packet,
                const TcpSegment *segment)
{
  Capture *capture = world->capture;
  guint size = tcp_segment_wire_length(segment);
  if (capture->images->len <= packet->number)
    g_array_set_size(capture->images, packet->number + 1);
  Image *image = &g_array_index(capture->images, Image, packet->number);
  if (image->size < size) {
    g_free(image->bytes);
    image->bytes = g_malloc(size);
    image->size = size;
  }
  image->again = segment->again;
  image->comment_at = 0;
  tcp_wire_write(&g_array_index(capture->wires, TcpWire, number), end, segment,
                 segment->length ? tcp_stream_bytes(world->conns[number].stream[end], segment->seq)
                                 : NULL,
                 image->bytes);
}

/* ---- on the links ---- */

static const char *
again_comment(const Image *image)
{
  static const char *const comments[] = {[TCP_AGAIN_TIMEOUT] = "again: time-out",
                                         [TCP_AGAIN_RECOVERY] = "again: loss recovery",
                                         [TCP_AGAIN_PROBE] = "again: probe"};
  return comments[image->again];
}

static glong
write_packet(World *world, NetPacket *packet, guint32 link, gboolean outbound, const char *comment)
{
  const Image *image = &g_array_index(world->capture->images, Image, packet->number);
  gboolean broker_end = (packet->direction == NET_UP) != outbound;
  PcapPacket view = {
      .interface = 2 * link + broker_end,
      .at_ns = world_time(world),
      .direction = outbound ? PCAP_OUTBOUND : PCAP_INBOUND,
      .bytes = image->bytes,
      .length = packet->length,
      .comments = {comment},
  };
  view.comments[comment != NULL] = again_comment(image);
  tcp_wire_age(image->bytes, packet->hop);
  return pcap_packet(world->capture->file, &view);
}

void
capture_met(World *world, NetPacket *packet, guint32 link, NetVerdict verdict)
{
  Image *image = &g_array_index(world->capture->images, Image, packet->number);
  switch (verdict) {
  case NET_PASSED:
    if (net_packet_waits(packet))
      image->comment_at = write_packet(world, packet, link, TRUE, waits_comment);
    else
      write_packet(world, packet, link, TRUE, NULL);
    break;
  case NET_LOST:
    write_packet(world, packet, link, TRUE, "lost: loss process");
    break;
  case NET_QUEUE_FULL:
    write_packet(world, packet, link, TRUE, "lost: queue full");
    break;
  case NET_OUTAGE:
    if (image->comment_at != 0) /* a fault met it in the queue */
      pcap_comment_again(world->capture->file, image->comment_at, outage_comment);
    else
      write_packet(world, packet, link, TRUE, outage_comment);
    break;
  case NET_UNMAPPED: /* a NAT is at the broker's end of its link */
    write_packet(world, packet, link, packet->direction == NET_DOWN, "lost: unknown to the NAT");
    break;
  }
}

void
capture_left(World *world, NetPacket *packet, guint32 link)
{
  g_array_index(world->capture->images, Image, packet->number).comment_at = 0;
  write_packet(world, packet, link, FALSE, NULL);
}
