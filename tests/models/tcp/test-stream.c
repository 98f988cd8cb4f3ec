#include "models/tcp/stream.h"

#include <string.h>

static void
append(TcpStream *stream, const char *text)
{
  gsize n = strlen(text);
  memcpy(tcp_stream_reserve(stream, n), text, n);
  tcp_stream_append(stream, n);
}

static void
test_offsets_begin_at_one(void)
{
  g_autoptr(TcpStream) stream = tcp_stream_new();
  g_assert_cmpuint(tcp_stream_end(stream), ==, 1);
  append(stream, "abc");
  append(stream, "de");
  g_assert_cmpuint(tcp_stream_end(stream), ==, 6);
  g_assert_cmpmem(tcp_stream_bytes(stream, 2), 4, "bcde", 4);
}

static void
test_bytes_stay_until_read_and_acknowledged(void)
{
  g_autoptr(TcpStream) stream = tcp_stream_new();
  append(stream, "abc");
  tcp_stream_advance_read(stream, 4);
  g_assert_cmpmem(tcp_stream_bytes(stream, 1), 3, "abc", 3);
  tcp_stream_advance_acked(stream, 3);
  g_assert_cmpmem(tcp_stream_bytes(stream, 3), 1, "c", 1);
  tcp_stream_advance_acked(stream, 4);
  append(stream, "d");
  g_assert_cmpmem(tcp_stream_bytes(stream, 4), 1, "d", 1);
}

static void
test_fewer_bytes_than_reserved(void)
{
  g_autoptr(TcpStream) stream = tcp_stream_new();
  memcpy(tcp_stream_reserve(stream, 1000), "xy", 2);
  tcp_stream_append(stream, 2);
  append(stream, "z");
  g_assert_cmpmem(tcp_stream_bytes(stream, 1), 3, "xyz", 3);
}

/* What one stream gives back is what the next one takes, be it another stream. */
static void
test_blocks_from_a_pool(void)
{
  TcpPool pool = {0};
  TcpStream *one = tcp_stream_new(), *other = tcp_stream_new();
  tcp_stream_set_pool(one, &pool);
  tcp_stream_set_pool(other, &pool);
  const guint8 *block = tcp_stream_reserve(one, 3);
  append(one, "abc");
  tcp_stream_advance_read(one, 4);
  tcp_stream_advance_needed(one, 4);
  g_assert_null(pool.free);
  tcp_stream_advance_acked(one, 4);
  g_assert_true(tcp_stream_reserve(other, 1000) != block);
  g_assert_true(tcp_stream_reserve(one, 3) == block);
  append(one, "def");
  g_assert_cmpmem(tcp_stream_bytes(one, 4), 3, "def", 3);
  tcp_stream_unref(one);
  g_assert_true((guint8 *)pool.free == block);
  tcp_stream_unref(other);
  g_assert_true((guint8 *)pool.free == block);
  tcp_pool_clear(&pool);
  g_assert_null(pool.free);
}

/* A window slides over a long stream: the bytes stay right wherever the block moves. */
static void
test_random_windows(void)
{
  g_autoptr(TcpStream) stream = tcp_stream_new();
  guint64 end = 1, read = 1, acked = 1;
  for (guint i = 0; i < 5000; i++) {
    gsize n = g_test_rand_int_range(0, 3000);
    guint8 *bytes = tcp_stream_reserve(stream, n);
    for (gsize k = 0; k < n; k++) {
      bytes[k] = (end + k) % 251;
    }
    tcp_stream_append(stream, n);
    end += n;
    read += g_test_rand_int_range(0, end - read + 1);
    acked += g_test_rand_int_range(0, end - acked + 1);
    tcp_stream_advance_read(stream, read);
    tcp_stream_advance_acked(stream, acked);
    guint64 from = MIN(read, acked);
    const guint8 *kept = tcp_stream_bytes(stream, from);
    for (guint64 offset = from; offset < end; offset++) {
      g_assert_cmpuint(kept[offset - from], ==, offset % 251);
    }
  }
}

static void
test_two_owners(void)
{
  TcpStream *one = tcp_stream_new();
  g_autoptr(TcpStream) other = tcp_stream_ref(one);
  append(one, "abc");
  tcp_stream_unref(one);
  g_assert_cmpmem(tcp_stream_bytes(other, 1), 3, "abc", 3);
}

int
main(int argc, char *argv[])
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tcp/stream/offsets-begin-at-one", test_offsets_begin_at_one);
  g_test_add_func("/tcp/stream/stay-until-read-and-acked",
                  test_bytes_stay_until_read_and_acknowledged);
  g_test_add_func("/tcp/stream/fewer-than-reserved", test_fewer_bytes_than_reserved);
  g_test_add_func("/tcp/stream/blocks-from-a-pool", test_blocks_from_a_pool);
  g_test_add_func("/tcp/stream/random-windows", test_random_windows);
  g_test_add_func("/tcp/stream/two-owners", test_two_owners);
  return g_test_run();
}
