#include "tests/models/net/rig.h"

static Trip *
trip_at(const Rig *rig, guint32 flow)
{
  return &g_array_index(rig->trips, Trip, flow);
}

static void
send_now(Rig *rig, guint32 flow)
{
  NetPacket *packet = net_packet_new(rig->net);
  Trip trip = *trip_at(rig, flow);

  net_flow_begin(rig->net, flow); /* a packet each */
  net_send(rig->net, packet, trip.route, trip.direction, flow, trip.length);
}

static void
on_send(gpointer user, guint32 flow, guint32 word G_GNUC_UNUSED)
{
  send_now(user, flow);
}

static void
on_delivered(gpointer user, NetPacket *packet)
{
  Rig *rig = user;
  guint32 flow = packet->flow;
  Trip *trip = trip_at(rig, flow);
  gboolean answer = rig->echo && trip->direction == NET_UP;
  Trip back = {.sent_ns = sim_now(rig->sim),
               .route = trip->route,
               .length = trip->length,
               .direction = NET_DOWN};

  trip->delivered++;
  trip->ended_ns = sim_now(rig->sim);
  g_array_append_val(rig->order, flow);
  net_packet_free(rig->net, packet);
  if (answer) {
    g_array_append_val(rig->trips, back);
    send_now(rig, rig->trips->len - 1);
  }
}

static void
on_lost(gpointer user, NetPacket *packet)
{
  Rig *rig = user;
  Trip *trip = trip_at(rig, packet->flow);

  trip->lost++;
  trip->ended_ns = sim_now(rig->sim);
}

Rig *
rig_new(gint64 start_ns)
{
  static const NetHandler handler = {.delivered = on_delivered, .lost = on_lost};
  Rig *rig = g_new0(Rig, 1);

  rig->sim = sim_new(start_ns);
  rig->net = net_new(rig->sim, 0, &handler, rig);
  rig->trips = g_array_new(FALSE, FALSE, sizeof(Trip));
  rig->order = g_array_new(FALSE, FALSE, sizeof(guint32));
  rig->kind = sim_register(rig->sim, on_send, rig);
  return rig;
}

void
rig_free(Rig *rig)
{
  net_free(rig->net);
  sim_free(rig->sim);
  g_array_unref(rig->trips);
  g_array_unref(rig->order);
  g_free(rig);
}

LinkConfig
rig_config(void)
{
  const DirectionConfig direction = {
      .rate = NET_UNLIMITED, .queue_packets = NET_UNLIMITED, .queue_bytes = NET_UNLIMITED};

  return (LinkConfig){
      .direction = {direction, direction}, .up_share = 0.5, .fifo = TRUE, .mtu = 1500};
}

guint32
rig_route(Rig *rig, const LinkConfig *config, const char *name, guint64 seed)
{
  guint32 link = net_link_new(rig->net, config, name, seed, 1);

  return net_route_new(rig->net, &link, 1);
}

guint32
rig_send(Rig *rig, gint64 at_ns, guint32 route, NetDirection direction, guint length)
{
  Trip trip = {.sent_ns = at_ns, .route = route, .length = length, .direction = direction};

  g_array_append_val(rig->trips, trip);
  sim_at(rig->sim, at_ns, rig->kind, rig->trips->len - 1, 0);
  return rig->trips->len - 1;
}

const Trip *
rig_trip(const Rig *rig, guint32 flow)
{
  return trip_at(rig, flow);
}

/* Until nothing is under way; whatever was sent must then have come to exactly one end. */
void
rig_run(Rig *rig)
{
  sim_run(rig->sim, SIM_NEVER);
  g_assert_cmpuint(net_packets_alive(rig->net), ==, 0);
  for (guint32 i = 0; i < rig->trips->len; i++)
    g_assert_cmpuint(trip_at(rig, i)->delivered + trip_at(rig, i)->lost, ==, 1);
}
