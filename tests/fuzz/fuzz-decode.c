/* Whatever bytes come: the decoder reads none beyond those it was given, says more-needed of every
 * shorter prefix of a packet that it takes, and what it took is stable: encoded and decoded again
 * it is the same packet.
 *
 * A fuzzer for clang -fsanitize=fuzzer; with -DSTANDALONE a test that replays the seeds, or the
 * files named on the command line, and mutates them. */
#include "tests/fuzz/driver.h"
#include "tests/models/mqtt/wire-text.h"

static void
check_stable(const MqttPacket *packet, MqttVersion version, MqttSender sender)
{
  MqttPacket second;
  gsize size;
  guint8 reason;
  g_autoptr(GByteArray) once = wire_encode_again(*packet, version);
  MqttDecode result =
      mqtt_decode(once->data, once->len, version, sender, MQTT_PACKET_MAX, &second, &size, &reason);
  g_assert_cmpint(result, ==, MQTT_DONE);
  g_assert_cmpuint(size, ==, once->len);
  g_assert_cmpint(second.type, ==, packet->type);
  g_autoptr(GByteArray) twice = wire_encode_again(second, version);
  g_assert_cmpmem(twice->data, twice->len, once->data, once->len);
}

/* The first byte chooses version and sender; the rest is what the sender wrote. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  MqttVersion version = data[0] & 1 ? MQTT_3_1_1 : MQTT_5_0;
  MqttSender sender = data[0] & 2 ? MQTT_FROM_SERVER : MQTT_FROM_CLIENT;
  const guint8 *p = data + 1, *end = data + size;
  while (p < end) {
    MqttPacket packet;
    gsize n = (gsize)(end - p), whole, shorter;
    guint8 reason = 0;
    MqttDecode result =
        mqtt_decode(p, n, version, sender, MQTT_PACKET_MAX, &packet, &whole, &reason);
    if (result == MQTT_NEED_MORE) {
      g_assert_true(whole == 0 || whole > n);
      break;
    }
    if (result == MQTT_MALFORMED) {
      g_assert_nonnull(mqtt_reason_name(reason));
      g_assert_cmpuint(reason, >=, 0x80);
      break;
    }
    g_assert_true(whole >= 2 && whole <= n);
    check_stable(&packet, version, sender);
    g_assert_cmpint(
        mqtt_decode(p, whole - 1, version, sender, MQTT_PACKET_MAX, &packet, &shorter, &reason), ==,
        MQTT_NEED_MORE);
    p += whole;
  }
  return 0;
}

#ifdef STANDALONE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONGEST 4096
#define CORPUS "tests/fuzz/corpus/decode"

/* Ends where an unreadable page begins. */
static guint8 *
guarded_end(void)
{
  gsize page = (gsize)sysconf(_SC_PAGESIZE);
  gsize room = (LONGEST + page - 1) / page * page;
  guint8 *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true(map != MAP_FAILED);
  g_assert_cmpint(mprotect(map + room, page, PROT_NONE), ==, 0);
  return map + room;
}

static void
run_guarded(guint8 *end, const guint8 *input, gsize n)
{
  g_assert_cmpuint(n, <=, LONGEST);
  if (n > 0)
    memcpy(end - n, input, n);
  LLVMFuzzerTestOneInput(end - n, n);
}

static void
test_seeds(void)
{
  g_autoptr(GPtrArray) seeds = fuzz_seeds(CORPUS, "");
  guint8 *end = guarded_end();
  for (guint i = 0; i < seeds->len; i++) {
    gsize n;
    const guint8 *input = g_bytes_get_data(g_ptr_array_index(seeds, i), &n);
    run_guarded(end, input, n);
    for (gsize cut = 0; cut < n; cut++)
      run_guarded(end, input, cut);
  }
}

static void
test_mutated(void)
{
  guint rounds = g_test_slow() ? 10000000 : 150000;
  g_autoptr(GPtrArray) seeds = fuzz_seeds(CORPUS, "");
  guint8 *end = guarded_end(), bytes[LONGEST];
  for (guint i = 0; i < rounds; i++) {
    gsize n;
    const guint8 *seed = g_bytes_get_data(g_ptr_array_index(seeds, fuzz_below(seeds->len)), &n);
    memcpy(bytes, seed, n);
    for (guint k = 1 + fuzz_below(4); k > 0 && n > 0; k--)
      n = fuzz_mutate(bytes, n, LONGEST);
    run_guarded(end, bytes, n);
  }
}

/* Random bytes below a fixed header that fits them, so that the bodies are reached. */
static void
test_garbage(void)
{
  guint rounds = g_test_slow() ? 10000000 : 150000;
  guint8 *end = guarded_end(), bytes[64];
  for (guint i = 0; i < rounds; i++) {
    gsize n = 3 + fuzz_below(40);
    guint letters = fuzz_below(2) ? 256 : 4; /* few values: lengths that fit are frequent */
    for (gsize k = 0; k < n; k++)
      bytes[k] = (guint8)fuzz_below(letters);
    guint type = 1 + fuzz_below(15);
    guint flags = type == 3 ? fuzz_below(6) : type == 6 || type == 8 || type == 10 ? 2 : 0;
    bytes[1] = (guint8)(type << 4 | flags);
    bytes[2] = (guint8)(n - 3);
    run_guarded(end, bytes, n);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (fuzz_files(argc, argv))
    return 0;
  g_test_add_func("/fuzz/decode/seeds", test_seeds);
  g_test_add_func("/fuzz/decode/mutated", test_mutated);
  g_test_add_func("/fuzz/decode/garbage", test_garbage);
  return g_test_run();
}
#endif
