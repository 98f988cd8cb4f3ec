/* Packets of a real connection (Linux 6.18: Mosquitto and libmosquitto) as vectors, and what those
 * do not show. */
#include "models/tcp/wire.h"

#include <string.h>

#define ISN_CLIENT 0x455f438b
#define ISN_SERVER 0xf49542a8

enum { CLIENT, SERVER };

static TcpWire
real_wire(void)
{
  return (TcpWire){.address = {0x0a637802, 0x0a637801},
                   .port = {56662, 1883},
                   .isn = {ISN_CLIENT, ISN_SERVER},
                   .id = {0xbd00, 0}};
}

static void
assert_packet(TcpWire *wire, guint sender, const TcpSegment *segment, const char *payload,
              const char *hex)
{
  guint8 packet[TCP_WIRE_HEADERS + 64];
  g_autoptr(GString) got = g_string_new(NULL);
  guint n = tcp_wire_write(wire, sender, segment, (const guint8 *)payload, packet);
  for (guint i = 0; i < n; i++) {
    g_string_append_printf(got, "%02x", packet[i]);
  }
  g_assert_cmpstr(got->str, ==, hex);
}

static void
test_handshake(void)
{
  TcpWire wire = real_wire();
  TcpSegment syn = {.window = 64240,
                    .flags = TCP_SYN,
                    .options = 20,
                    .mss = 1460,
                    .sack_permitted = 1,
                    .window_scaled = 1,
                    .window_scale = 10,
                    .ts_value = 0xd19af2a1};
  assert_packet(&wire, CLIENT, &syn, NULL,
                "4500003cbd004000400678f20a6378020a637801dd56075b455f438b00000000a002faf0166a0000"
                "020405b40402080ad19af2a1000000000103030a");
  TcpSegment syn_ack = syn;
  syn_ack.flags = TCP_SYN | TCP_ACK;
  syn_ack.ack = 1;
  syn_ack.window = 65160;
  syn_ack.ts_value = 0x433035ba;
  syn_ack.ts_echo = 0xd19af2a1;
  assert_packet(&wire, SERVER, &syn_ack, NULL,
                "4500003c00004000400635f30a6378010a637802075bdd56f49542a8455f438ca012fe8862980000"
                "020405b40402080a433035bad19af2a10103030a");
  TcpSegment ack = {.seq = 1,
                    .ack = 1,
                    .window = 63 << 10,
                    .flags = TCP_ACK,
                    .options = 12,
                    .ts_value = 0xd19af3ce,
                    .ts_echo = 0x433035ba};
  assert_packet(&wire, CLIENT, &ack, NULL,
                "45000034bd014000400678f90a6378020a637801dd56075b455f438cf49542a98010003f8e840000"
                "0101080ad19af3ce433035ba");
}

static void
test_data(void)
{
  static const char connect[] = "\x10\x13\0\4MQTT\4\0\0<\0\7lab-pub";
  TcpWire wire = real_wire();
  wire.id[CLIENT] = 0xbd02;
  wire.id[SERVER] = 0xbadd;
  wire.scaled[CLIENT] = wire.scaled[SERVER] = 1;
  wire.scale[CLIENT] = wire.scale[SERVER] = 10;
  TcpSegment data = {.seq = 1,
                     .ack = 1,
                     .window = 63 << 10,
                     .length = 21,
                     .flags = TCP_PSH | TCP_ACK,
                     .options = 12,
                     .ts_value = 0xd19af3ce,
                     .ts_echo = 0x433035ba};
  assert_packet(&wire, CLIENT, &data, connect,
                "45000049bd024000400678e30a6378020a637801dd56075b455f438cf49542a98018003f37630000"
                "0101080ad19af3ce433035ba101300044d51545404000" /* MQTT */
                "03c00076c61622d707562");
  TcpSegment puback = {.seq = 5,
                       .ack = 147,
                       .window = 64 << 10,
                       .length = 4,
                       .flags = TCP_PSH | TCP_ACK,
                       .options = 12,
                       .ts_value = 0x43303ba8,
                       .ts_echo = 0xd19af886};
  assert_packet(&wire, SERVER, &puback, "\x40\2\0\1",
                "45000038badd400040067b190a6378010a637802075bdd56f49542ad455f441e8018004043380000"
                "0101080a43303ba8d19af88640020001");
}

static void
test_duplicate_sack(void)
{
  TcpWire wire = real_wire();
  wire.id[CLIENT] = 0xbd17;
  wire.scaled[CLIENT] = wire.scaled[SERVER] = 1;
  wire.scale[CLIENT] = wire.scale[SERVER] = 10;
  TcpSegment ack = {.seq = 1147,
                    .ack = 41,
                    .window = 63 << 10,
                    .flags = TCP_ACK,
                    .options = 24,
                    .sack_count = 1,
                    .ts_value = 0xd19b17fc,
                    .ts_echo = 0x433059e8,
                    .sack = {{-4, 0}}};
  assert_packet(&wire, CLIENT, &ack, NULL,
                "45000040bd174000400678d70a6378020a637801dd56075b455f4806f49542d1b010003f9ca40000"
                "0101080ad19b17fc433059e80101050af49542cdf49542d1");
}

/* The one's complement sum over all that a checksum covers is 0xffff (RFC 1071). */
static guint
fold(const guint8 *bytes, guint n, guint total)
{
  for (guint i = 0; i < n; i++) {
    total += i % 2 == 0 ? (guint)bytes[i] << 8 : bytes[i];
  }
  while (total >> 16 != 0) {
    total = (total & 0xffff) + (total >> 16);
  }
  return total;
}

static void
assert_checksums(const guint8 *packet, guint n)
{
  g_assert_cmphex(fold(packet, 20, 0), ==, 0xffff);
  guint pseudo = fold(packet + 12, 8, 6 + n - 20);
  g_assert_cmphex(fold(packet + 20, n - 20, pseudo), ==, 0xffff);
}

static void
test_checksums_of_any_length(void)
{
  TcpWire wire = real_wire();
  guint8 payload[64], packet[TCP_WIRE_HEADERS + 64];
  for (guint i = 0; i < sizeof payload; i++) {
    payload[i] = (guint8)g_test_rand_int();
  }
  for (guint length = 0; length <= sizeof payload; length++) {
    TcpSegment segment = {
        .seq = g_test_rand_int(), .ack = 1, .window = 1000, .length = length, .flags = TCP_ACK};
    guint n = tcp_wire_write(&wire, CLIENT, &segment, payload, packet);
    g_assert_cmpuint(n, ==, 40 + length);
    assert_checksums(packet, n);
    tcp_wire_age(packet, length % 5);
    g_assert_cmpuint(packet[8], ==, 64 - length % 5);
    assert_checksums(packet, n);
  }
}

static guint32
word(const guint8 *at)
{
  return (guint32)at[0] << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
}

static void
test_numbers_wrap(void)
{
  TcpWire wire = real_wire();
  guint8 packet[TCP_WIRE_HEADERS];
  TcpSegment segment = {
      .seq = G_GUINT64_CONSTANT(5) << 32, .ack = G_MAXUINT32, .window = 0x20000, .flags = TCP_ACK};
  tcp_wire_write(&wire, SERVER, &segment, NULL, packet);
  g_assert_cmphex(word(packet + 24), ==, ISN_SERVER);
  g_assert_cmphex(word(packet + 28), ==, ISN_CLIENT - 1);
  g_assert_cmphex(packet[34] << 8 | packet[35], ==, 0xffff); /* nobody scales */
}

/* RFC 9293 3.10.7.1: no ACK to take a number from. */
static void
test_reset_by_nobody(void)
{
  TcpWire wire = real_wire();
  guint8 packet[TCP_WIRE_HEADERS];
  TcpSegment reset = {.ack = 1, .flags = TCP_RST | TCP_ACK};
  tcp_wire_write(&wire, SERVER, &reset, NULL, packet);
  g_assert_cmphex(word(packet + 24), ==, 0);
  g_assert_cmphex(word(packet + 28), ==, ISN_CLIENT + 1);
}

/* tcp_options_write(): padding stands in front of what is not a multiple of four. */
static void
test_options_without_timestamps(void)
{
  static const guint8 want_syn[] = {2, 4, 5, 180, 1, 1, 4, 2, 1, 3, 3, 7};
  static const guint8 want_ack[] = {1, 1, 5, 18};
  TcpWire wire = real_wire();
  guint8 packet[TCP_WIRE_HEADERS];
  TcpSegment syn = {.flags = TCP_SYN,
                    .options = 12,
                    .mss = 1460,
                    .sack_permitted = 1,
                    .window_scaled = 1,
                    .window_scale = 7};
  tcp_wire_write(&wire, CLIENT, &syn, NULL, packet);
  g_assert_cmpmem(packet + 40, 12, want_syn, sizeof want_syn);
  TcpSegment ack = {
      .ack = 10, .flags = TCP_ACK, .options = 20, .sack_count = 2, .sack = {{10, 20}, {30, 40}}};
  tcp_wire_write(&wire, CLIENT, &ack, NULL, packet);
  g_assert_cmpmem(packet + 40, 4, want_ack, sizeof want_ack);
  g_assert_cmphex(word(packet + 56), ==, ISN_SERVER + 50);
  g_assert_cmphex(packet[32] >> 4, ==, 10);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/wire/handshake", test_handshake);
  g_test_add_func("/wire/data", test_data);
  g_test_add_func("/wire/duplicate-sack", test_duplicate_sack);
  g_test_add_func("/wire/checksums-of-any-length", test_checksums_of_any_length);
  g_test_add_func("/wire/numbers-wrap", test_numbers_wrap);
  g_test_add_func("/wire/reset-by-nobody", test_reset_by_nobody);
  g_test_add_func("/wire/options-without-timestamps", test_options_without_timestamps);
  return g_test_run();
}
