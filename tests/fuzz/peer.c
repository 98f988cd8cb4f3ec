#include "tests/fuzz/peer.h"

void
fuzz_peer_init(FuzzPeer *peer, MqttSender machine)
{
  *peer = (FuzzPeer){.machine = machine,
                     .version = MQTT_5_0,
                     .rest = g_byte_array_new(),
                     .owed = g_array_new(FALSE, FALSE, sizeof(FuzzOwed))};
}

void
fuzz_peer_clear(FuzzPeer *peer)
{
  g_byte_array_unref(peer->rest);
  g_array_unref(peer->owed);
}

void
fuzz_peer_reset(FuzzPeer *peer, MqttVersion version)
{
  g_byte_array_set_size(peer->rest, 0);
  g_array_set_size(peer->owed, 0);
  peer->version = version;
  peer->connack = FALSE;
}

static void
owe(FuzzPeer *peer, MqttPacketType type, guint16 id, guint8 filters)
{
  FuzzOwed owed = {(guint8)type, filters, id};
  g_array_append_val(peer->owed, owed);
}

static guint8
count_filters(const MqttSubscribe *subscribe, gboolean with_options)
{
  MqttBytes entries = subscribe->entries, filter;
  guint8 n = 0, options;
  while (mqtt_filter_next(&entries, with_options, &filter, &options))
    n++;
  return n;
}

static void
note(FuzzPeer *peer, const MqttPacket *packet)
{
  switch (packet->type) {
  case MQTT_CONNECT:
    owe(peer, MQTT_CONNACK, 0, 0);
    break;
  case MQTT_CONNACK:
    peer->connack = packet->connack.reason == MQTT_SUCCESS;
    break;
  case MQTT_PUBLISH:
    peer->publishes++;
    if (packet->publish.qos > 0)
      owe(peer, packet->publish.qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, packet->publish.packet_id, 0);
    break;
  case MQTT_PUBREC:
    if (packet->ack.reason < 0x80)
      owe(peer, MQTT_PUBREL, packet->ack.packet_id, 0);
    break;
  case MQTT_PUBREL:
    owe(peer, MQTT_PUBCOMP, packet->ack.packet_id, 0);
    break;
  case MQTT_SUBSCRIBE:
    owe(peer, MQTT_SUBACK, packet->subscribe.packet_id, count_filters(&packet->subscribe, TRUE));
    break;
  case MQTT_UNSUBSCRIBE:
    owe(peer, MQTT_UNSUBACK, packet->subscribe.packet_id, count_filters(&packet->subscribe, FALSE));
    break;
  case MQTT_PINGREQ:
    owe(peer, MQTT_PINGRESP, 0, 0);
    break;
  default:
    break;
  }
}

void
fuzz_peer_read(FuzzPeer *peer, const guint8 *bytes, gsize n)
{
  g_byte_array_append(peer->rest, bytes, (guint)n);
  for (;;) {
    MqttPacket packet;
    gsize size;
    guint8 reason;
    MqttDecode result = mqtt_decode(peer->rest->data, peer->rest->len, peer->version, peer->machine,
                                    MQTT_PACKET_MAX, &packet, &size, &reason);
    if (result == MQTT_NEED_MORE)
      return;
    for (guint i = 0; result == MQTT_MALFORMED && i < MIN(peer->rest->len, 40); i++)
      g_printerr(" %02x", peer->rest->data[i]);
    g_assert_cmpint(result, ==, MQTT_DONE);
    note(peer, &packet);
    g_byte_array_remove_range(peer->rest, 0, (guint)size);
  }
}

gsize
fuzz_peer_answer(FuzzPeer *peer, guint which, guint8 dst[FUZZ_PACKET_MAX])
{
  static const guint8 granted[256] = {0};
  if (peer->owed->len == 0)
    return 0;
  which %= peer->owed->len;
  FuzzOwed owed = g_array_index(peer->owed, FuzzOwed, which);
  g_array_remove_index(peer->owed, which);
  MqttPacket packet = {.type = owed.type};
  if (owed.type == MQTT_SUBACK || owed.type == MQTT_UNSUBACK) {
    packet.suback.packet_id = owed.id;
    if (owed.type == MQTT_SUBACK || peer->version == MQTT_5_0)
      packet.suback.codes = (MqttBytes){granted, owed.filters};
  } else if (owed.id != 0) {
    packet.ack.packet_id = owed.id;
  }
  gsize n = mqtt_encode(&packet, peer->version, dst, FUZZ_PACKET_MAX);
  g_assert_cmpuint(n, >, 0);
  return n;
}
