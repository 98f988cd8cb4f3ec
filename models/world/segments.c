/* Each segment of a run on each link, for the record: where it meets the link, and what becomes of
 * it there. */
#include "models/world/world-private.h"

struct _Segments {
  GArray *rows;     /* OutcomeSegment */
  GArray *latest;   /* guint: the packet's last place in rows + 1, by packet */
  GArray *ordinals; /* guint32: which of its client's connections it is, by connection */
  GPtrArray *links; /* char *: names, by number */
  guint32 *opened;  /* connections so far, by client */
};

Segments *
segments_new(const World *world)
{
  Segments *segments = g_new0(Segments, 1);
  segments->rows = g_array_new(FALSE, FALSE, sizeof(OutcomeSegment));
  segments->latest = g_array_new(FALSE, TRUE, sizeof(guint));
  segments->ordinals = g_array_new(FALSE, TRUE, sizeof(guint32));
  segments->links = g_ptr_array_new_with_free_func(g_free);
  segments->opened = g_new0(guint32, MAX(world->n_clients, 1));
  return segments;
}

void
segments_free(Segments *segments)
{
  if (segments == NULL)
    return;
  g_clear_pointer(&segments->rows, g_array_unref);
  g_array_unref(segments->latest);
  g_array_unref(segments->ordinals);
  g_clear_pointer(&segments->links, g_ptr_array_unref);
  g_free(segments->opened);
  g_free(segments);
}

void
segments_take(Segments *segments, Outcome *outcome)
{
  outcome->segments = g_steal_pointer(&segments->rows);
  outcome->links = g_steal_pointer(&segments->links);
}

void
segments_link(Segments *segments, const char *name)
{
  g_ptr_array_add(segments->links, g_strdup(name));
}

void
segments_open(World *world, guint32 conn)
{
  Segments *segments = world->segments;
  if (segments->ordinals->len <= conn)
    g_array_set_size(segments->ordinals, conn + 1);
  g_array_index(segments->ordinals, guint32, conn) =
      ++segments->opened[world->conns[conn].client->number];
}

/* Its row, where nothing has become of it yet. */
static OutcomeSegment *
row_under_way(const Segments *segments, NetPacket *packet)
{
  guint place = packet->number < segments->latest->len
                    ? g_array_index(segments->latest, guint, packet->number)
                    : 0;
  OutcomeSegment *row =
      place > 0 ? &g_array_index(segments->rows, OutcomeSegment, place - 1) : NULL;
  return row != NULL && row->lost == NULL && row->arrives_ns == SIM_NEVER ? row : NULL;
}

static OutcomeSegment *
add_row(World *world, NetPacket *packet, guint32 link)
{
  Segments *segments = world->segments;
  const TcpSegment *segment = net_packet_body(packet);
  OutcomeSegment row = {
      .at_ns = world_time(world),
      .arrives_ns = SIM_NEVER,
      .seq = segment->seq,
      .ack = segment->ack,
      .link = link,
      .client = world->conns[packet->flow].client->number,
      .connection = g_array_index(segments->ordinals, guint32, packet->flow),
      .payload = segment->length,
      .bytes = (guint16)packet->length,
      .flags = segment->flags,
      .up = packet->direction == NET_UP,
      .again = tcp_again_name(segment->again),
  };
  g_array_append_val(segments->rows, row);
  if (segments->latest->len <= packet->number)
    g_array_set_size(segments->latest, packet->number + 1);
  g_array_index(segments->latest, guint, packet->number) = segments->rows->len;
  return &g_array_index(segments->rows, OutcomeSegment, segments->rows->len - 1);
}

/* A second time where a fault meets it in the queue, or a NAT does not know it. */
void
segments_met(World *world, NetPacket *packet, guint32 link, NetVerdict verdict)
{
  OutcomeSegment *row = row_under_way(world->segments, packet);
  if (row == NULL)
    row = add_row(world, packet, link);
  row->lost = net_loss_name(verdict);
}

void
segments_left(World *world, NetPacket *packet)
{
  row_under_way(world->segments, packet)->arrives_ns = world_time(world);
}
