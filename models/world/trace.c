/* The segments that carry one message, on every hop: its PUBLISH and the packets that answer it.
 *
 * The bytes that machines write are parsed; what belongs to the message is marked by its place in
 * the stream, and each segment that covers a part of a mark is followed to where it arrives or is
 * lost. */
#include "models/world/world-private.h"

/* What an end wrote and is not yet a whole packet. */
typedef struct {
  GByteArray *bytes;
  guint64 from; /* offset of the first */
} Writing;

typedef struct {
  guint32 conn;
  guint8 end; /* who wrote it */
  guint8 type;
  gboolean subscriber; /* of the hop from the broker on */
  guint64 from, to;
} Mark;

/* Where the message has a packet identifier: acknowledgements name only that. */
typedef struct {
  guint32 client;
  guint8 sender; /* of the PUBLISH */
  guint16 packet_id;
} Exchange;

struct _Trace {
  guint64 tag;       /* 0: not yet published */
  GArray *writing;   /* Writing, by connection and end */
  GArray *marks;     /* Mark */
  GArray *exchanges; /* Exchange */
  GArray *under_way; /* guint: place in travels + 1, by packet */
  GArray *travels;   /* OutcomeTravel */
};

static void
writing_clear(gpointer data)
{
  Writing *writing = data;
  if (writing->bytes != NULL)
    g_byte_array_unref(writing->bytes);
}

Trace *
trace_new(void)
{
  Trace *trace = g_new0(Trace, 1);
  trace->writing = g_array_new(FALSE, TRUE, sizeof(Writing));
  g_array_set_clear_func(trace->writing, writing_clear);
  trace->marks = g_array_new(FALSE, FALSE, sizeof(Mark));
  trace->exchanges = g_array_new(FALSE, FALSE, sizeof(Exchange));
  trace->under_way = g_array_new(FALSE, TRUE, sizeof(guint));
  trace->travels = g_array_new(FALSE, TRUE, sizeof(OutcomeTravel));
  g_array_set_clear_func(trace->travels, outcome_travel_clear);
  return trace;
}

void
trace_free(Trace *trace)
{
  if (trace == NULL)
    return;
  g_array_unref(trace->writing);
  g_array_unref(trace->marks);
  g_array_unref(trace->exchanges);
  g_array_unref(trace->under_way);
  if (trace->travels != NULL)
    g_array_unref(trace->travels);
  g_free(trace);
}

GArray *
trace_take(Trace *trace)
{
  return g_steal_pointer(&trace->travels);
}

/* ---- what is written ---- */

static Writing *
writing_of(Trace *trace, guint32 conn, guint end)
{
  guint index = 2 * conn + end;
  if (trace->writing->len <= index)
    g_array_set_size(trace->writing, index + 1);
  Writing *writing = &g_array_index(trace->writing, Writing, index);
  if (writing->bytes == NULL)
    writing->bytes = g_byte_array_new();
  return writing;
}

void
trace_open(Trace *trace, guint32 conn)
{
  for (guint end = 0; end < 2; end++) {
    Writing *writing = writing_of(trace, conn, end);
    g_byte_array_set_size(writing->bytes, 0);
    writing->from = 1;
  }
  for (guint i = trace->marks->len; i-- > 0;)
    if (g_array_index(trace->marks, Mark, i).conn == conn)
      g_array_remove_index(trace->marks, i);
}

static guint
find_exchange(const Trace *trace, guint32 client, guint sender, guint16 packet_id)
{
  guint i = 0;
  for (; i < trace->exchanges->len; i++) {
    const Exchange *exchange = &g_array_index(trace->exchanges, Exchange, i);
    if (exchange->client == client && exchange->sender == sender &&
        exchange->packet_id == packet_id)
      break;
  }
  return i;
}

/* Another message may take the identifier. */
static gboolean
is_publish(Trace *trace, guint32 client, guint sender, const MqttPublish *publish)
{
  gboolean ours = mqtt_tag(publish->payload) == trace->tag;
  guint known = find_exchange(trace, client, sender, publish->packet_id);
  if (publish->qos > 0 && known < trace->exchanges->len && !ours)
    g_array_remove_index(trace->exchanges, known);
  else if (publish->qos > 0 && known == trace->exchanges->len && ours) {
    Exchange exchange = {client, (guint8)sender, publish->packet_id};
    g_array_append_val(trace->exchanges, exchange);
  }
  return ours;
}

/* Sets who sent the PUBLISH that the packet is or is about. */
static gboolean
is_ours(Trace *trace, guint32 client, guint end, const MqttPacket *packet, guint *sender)
{
  switch (packet->type) {
  case MQTT_PUBLISH:
    *sender = end;
    return is_publish(trace, client, end, &packet->publish);
  case MQTT_PUBREL:
    *sender = end;
    break;
  case MQTT_PUBACK:
  case MQTT_PUBREC:
  case MQTT_PUBCOMP:
    *sender = 1 - end;
    break;
  default:
    return FALSE;
  }
  return find_exchange(trace, client, *sender, packet->ack.packet_id) < trace->exchanges->len;
}

/* The message is known from its publish() on; nothing of it was written before. */
static gboolean
is_published(World *world, const MqttPacket *packet)
{
  Trace *trace = world->trace;
  if (trace->tag == 0 && packet->type == MQTT_PUBLISH &&
      ledger_traces(world->ledger, mqtt_tag(packet->publish.payload)))
    trace->tag = mqtt_tag(packet->publish.payload);
  return trace->tag != 0;
}

void
trace_wrote(World *world, guint32 number, guint end, const guint8 *bytes, gsize n)
{
  Trace *trace = world->trace;
  guint32 client = world->conns[number].client->number;
  MqttVersion version = world->groups[world->clients[client].group].mqtt.version;
  Writing *writing = writing_of(trace, number, end);
  g_byte_array_append(writing->bytes, bytes, (guint)n);
  for (;;) {
    MqttPacket packet;
    gsize size;
    guint8 reason;
    guint sender;
    if (mqtt_decode(writing->bytes->data, writing->bytes->len, version,
                    end == CLIENT_END ? MQTT_FROM_CLIENT : MQTT_FROM_SERVER, MQTT_PACKET_MAX,
                    &packet, &size, &reason) != MQTT_DONE)
      return;
    if (is_published(world, &packet) && is_ours(trace, client, end, &packet, &sender)) {
      Mark mark = {number,        (guint8)end,         (guint8)packet.type, sender == BROKER_END,
                   writing->from, writing->from + size};
      g_array_append_val(trace->marks, mark);
    }
    g_byte_array_remove_range(writing->bytes, 0, (guint)size);
    writing->from += size;
  }
}

/* ---- what travels ---- */

/* "PUBREL, PUBLISH part": what of the message lies in the segment; NULL: nothing. */
static char *
contents(const Trace *trace, guint32 conn, guint end, const TcpSegment *segment,
         gboolean *subscriber)
{
  guint64 from = segment->seq, to = segment->seq + segment->length;
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < trace->marks->len; i++) {
    const Mark *mark = &g_array_index(trace->marks, Mark, i);
    if (mark->conn != conn || mark->end != end || mark->from >= to || mark->to <= from)
      continue;
    *subscriber = mark->subscriber;
    g_string_append_printf(text, "%s%s%s", text->len > 0 ? ", " : "",
                           mqtt_packet_name((MqttPacketType)mark->type),
                           mark->from < from || mark->to > to ? " part" : "");
  }
  if (text->len == 0)
    return NULL;
  if (segment->again != TCP_FIRST_TIME)
    g_string_append_printf(text, " (%s)", tcp_again_name(segment->again));
  return g_strdup(text->str);
}

static OutcomeTravel *
travel_of(const Trace *trace, NetPacket *packet)
{
  guint place = packet->number < trace->under_way->len
                    ? g_array_index(trace->under_way, guint, packet->number)
                    : 0;
  return place > 0 ? &g_array_index(trace->travels, OutcomeTravel, place - 1) : NULL;
}

void
trace_segment(World *world, guint32 number, guint end, NetPacket *packet, const TcpSegment *segment)
{
  Trace *trace = world->trace;
  OutcomeTravel travel = {.at_ns = world_time(world),
                          .arrives_ns = SIM_NEVER,
                          .client = world->conns[number].client->number,
                          .up = end == CLIENT_END};
  if (trace->under_way->len <= packet->number)
    g_array_set_size(trace->under_way, packet->number + 1);
  travel.what =
      segment->length > 0 ? contents(trace, number, end, segment, &travel.subscriber) : NULL;
  if (travel.what != NULL)
    g_array_append_val(trace->travels, travel);
  g_array_index(trace->under_way, guint, packet->number) =
      travel.what != NULL ? trace->travels->len : 0;
}

void
trace_met(World *world, NetPacket *packet, NetVerdict verdict)
{
  OutcomeTravel *travel = travel_of(world->trace, packet);
  if (travel == NULL)
    return;
  travel->arrives_ns = SIM_NEVER; /* at its receiver, not at the end of a link on the way */
  travel->lost = net_loss_name(verdict);
}

void
trace_left(World *world, NetPacket *packet)
{
  OutcomeTravel *travel = travel_of(world->trace, packet);
  if (travel != NULL)
    travel->arrives_ns = world_time(world);
}
