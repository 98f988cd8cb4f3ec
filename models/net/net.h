/* Packets on links. A packet is a wire length, a flow and an opaque body of a fixed size; it
 * travels a route, a chain of links with the client's end first, up or down, and ends in exactly
 * one delivery or one loss. A link is two directions, each with rate, drop-tail queue, delay
 * process, loss process and order; plus outages of the whole link, and perhaps a NAT at its far
 * end, which forgets flows that were silent for too long.
 *
 * Only the head packet of each busy fifo direction is in the event queue; serialisation is
 * computed, not scheduled. Idle links hold no memory but their state. Draws are addressed by
 * direction and transmit instant, states (Gilbert-Elliott, outages) are sojourns in time, so what a
 * link does to a packet does not depend on what else was sent. Knows no TCP and no MQTT. */
#pragma once

#include "sim/engine/sim.h"
#include "sim/random/dist.h"

typedef enum { NET_UP, NET_DOWN } NetDirection; /* up: from the client */

#define NET_UNLIMITED G_MAXINT64

typedef enum { LOSS_BERNOULLI, LOSS_GILBERT } LossKind;

/* LOSS_GILBERT: Gilbert-Elliott clocked by time: a two-state Markov process with mean sojourns. */
typedef struct {
  LossKind kind;
  double rate; /* Bernoulli: probability */
  double loss_good, loss_bad;
  double good_ns, bad_ns; /* mean sojourn in each state */
} LossConfig;

/* From the mean loss and the mean length of a burst: good_ns such that the stationary loss is mean;
 * FALSE if there is none (mean not between loss_good and loss_bad). */
gboolean loss_config_gilbert(LossConfig *config, double mean, double burst_ns, double loss_good,
                             double loss_bad);

typedef struct {
  gint64 rate;          /* bit/s of IP bytes; NET_UNLIMITED */
  gint64 queue_packets; /* waiting, ahead of the rate; the one being sent does not count;
                           NET_UNLIMITED */
  gint64 queue_bytes;
  const Dist *delay; /* one-way, added to the rtt's part; NULL: 0 */
  LossConfig loss;
} DirectionConfig;

/* Shared by every link of the section, which borrow it. */
typedef struct {
  DirectionConfig direction[2];
  const Dist *rtt; /* both directions follow one process in time: a draw stays for a slot;
                      NULL: 0 */
  double up_share; /* part of rtt that up waits */
  gboolean fifo;   /* a packet never overtakes, it waits */
  guint mtu;
  const Dist *outage_every; /* start to start; NULL: none */
  const Dist *outage_gap;   /* end to start; NULL: none */
  const Dist *outage_lasts;
  gint64 nat_timeout_ns; /* 0: no NAT */
  gboolean nat_resets;   /* it answers what it drops on the way up, see net_answer() */
} LinkConfig;

typedef enum { NET_PASSED, NET_LOST, NET_QUEUE_FULL, NET_OUTAGE, NET_UNMAPPED } NetVerdict;

const char *net_loss_name(NetVerdict verdict); /* NULL: it passed */

typedef struct {
  guint64 packets, bytes; /* that met it, lost and refused ones included */
  guint64 lost, queue_drops;
  guint32 outage_drops, nat_drops; /* narrow: there is a pair for each client */
} LinkCounters;

/* What travels, and its body behind it; for reading. */
typedef struct _NetPacket NetPacket;
struct _NetPacket {
  guint32 flow, route;
  guint32 number; /* among those that were ever under way at once, from 0 on */
  guint16 length;
  guint8 direction;     /* NetDirection */
  guint8 is_answer;     /* of a NAT, see net_answer() */
  guint8 hop, last_hop; /* index of the link it is on, along the direction of travel; of its last */
  /* These are of use to net.c alone. */
  gint64 begin_ns; /* of its transmission, if it had to wait for that */
  gint64 arrives_ns;
  NetPacket *next; /* behind it in its direction, or in the list of free ones */
};

typedef struct _Net Net;

typedef struct {
  void (*delivered)(gpointer user, NetPacket *packet); /* at its end; the owner frees it */
  void (*lost)(gpointer user, NetPacket *packet); /* its one loss; it is freed after the call */
  /* Optional, for traces and captures: a packet met a link at at_ns; arrives_ns is when it leaves
   * it (SIM_NEVER unless it passed). One that waits while a fault begins, and is then caught by it,
   * is observed a second time: NET_OUTAGE, at the instant when it would have left; and so is one
   * that a NAT drops on its way up: NET_UNMAPPED. */
  void (*observe)(gpointer user, NetPacket *packet, guint32 link, NetVerdict verdict, gint64 at_ns,
                  gint64 arrives_ns);
  /* Optional: a packet of the flow will soon be delivered; see SimAhead. */
  void (*ahead)(gpointer user, guint32 flow, NetDirection direction, guint stage);
  /* Optional: it leaves a link whole, at its other end, now. */
  void (*left)(gpointer user, NetPacket *packet, guint32 link);
} NetHandler;

/* body_size: bytes of opaque body in every packet. sim, handler are borrowed. */
Net *net_new(Sim *sim, gsize body_size, const NetHandler *handler, gpointer user);
void net_free(Net *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Net, net_free)

/* name is the stable name of its random streams, e.g. "radio/sensor-17" or "backhaul". Returns its
 * number. */
guint32 net_link_new(Net *net, const LinkConfig *config, const char *name, guint64 seed,
                     guint32 replication);
guint32 net_route_new(Net *net, const guint32 *links, guint n); /* n >= 1, client's end first */

NetPacket *net_packet_new(Net *net); /* from a pool */
void net_packet_free(Net *net, NetPacket *packet);
static inline gpointer
net_packet_body(NetPacket *packet)
{
  return packet + 1;
}
/* Within observe(): the packet passed, but its transmission begins later, so a fault may still meet
 * it. */
gboolean net_packet_waits(const NetPacket *packet);
/* The packet enters its route now. length: IP bytes, at most the MTU of every link on the way. What
 * is lost on the first link is told before this returns. */
void net_send(Net *net, NetPacket *packet, guint32 route, NetDirection direction, guint32 flow,
              guint length);

/* A new flow takes the number, so the NATs of its route forget what they know of it. To be called
 * before its first packet, after all routes were made. */
void net_flow_begin(Net *net, guint32 flow);
/* Within lost(), where net_lost_answerable() says so: sends another packet from the NAT that
 * dropped this one back to its sender. */
void net_answer(Net *net, NetPacket *answer, const NetPacket *packet, guint length);

/* Asks the caches for the first link of the route. */
void net_ask(const Net *net, guint32 route);

/* A fault: the link is down (packets that meet it vanish) in the directions whose bit is set (1 <<
 * NetDirection), besides its own outages; nests: as many ends as beginnings. */
void net_link_fail(Net *net, guint32 link, guint directions);
void net_link_repair(Net *net, guint32 link, guint directions);
gboolean net_link_down(const Net *net, guint32 link, NetDirection direction, gint64 at_ns);
const LinkCounters *net_link_counters(const Net *net, guint32 link, NetDirection direction);
guint net_route_mtu(const Net *net, guint32 route);
guint32 net_packets_alive(const Net *net);

/* Within delivered(): the next packet of the flow arrives at this very instant. */
gboolean net_followed(const Net *net);

/* Within lost(): since when the outage or fault that took the packet had been running, or the NAT
 * had forgotten its flow; SIM_NEVER: it was lost otherwise. */
gint64 net_lost_since(const Net *net);
/* Within lost(): it was a NAT that answers. */
gboolean net_lost_answerable(const Net *net);

/* Hash over (time, link, direction, length, verdict) of every packet at every link, in order. */
guint64 net_fingerprint(const Net *net);
