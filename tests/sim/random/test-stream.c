/* Streams: named, addressed, different and independent. */
#include "sim/random/stream.h"

#include <math.h>
#include <string.h>

#define N 200000

static gboolean
same_stream(RandomStream a, RandomStream b)
{
  return a.key == b.key && a.id == b.id;
}

static void
test_names(void)
{
  RandomStream stream = random_stream(1, 0, "sensor-17", "loss");

  g_assert_true(same_stream(stream, random_stream(1, 0, "sensor-17", "loss")));
  g_assert_false(same_stream(stream, random_stream(2, 0, "sensor-17", "loss")));
  g_assert_false(same_stream(stream, random_stream(1, 1, "sensor-17", "loss")));
  g_assert_false(same_stream(stream, random_stream(1, 0, "sensor-18", "loss")));
  g_assert_false(same_stream(stream, random_stream(1, 0, "sensor-17", "delay")));
  g_assert_false(same_stream(random_stream(1, 0, "ab", "c"), random_stream(1, 0, "a", "bc")));
  g_assert_false(same_stream(random_stream(1, 0, "", "a"), random_stream(1, 0, "a", "")));
  /* Another seed must not be another seed's later replication. */
  g_assert_false(same_stream(random_stream(1, 1, "a", "b"), random_stream(2, 0, "a", "b")));
}

/* A fleet of names, each with a few purposes: no two streams share an id. */
static void
test_distinct(void)
{
  static const char *const purposes[] = {"loss", "delay", "every", "size"};
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < 50000; i++) {
    char name[32];

    g_snprintf(name, sizeof name, "sensor-%u", i);
    for (guint j = 0; j < G_N_ELEMENTS(purposes); j++) {
      RandomStream stream = random_stream(1, 0, name, purposes[j]);

      g_assert_true(g_hash_table_add(seen, g_memdup2(&stream.id, sizeof stream.id)));
    }
  }
  for (guint replication = 0; replication < 50000; replication++) {
    RandomStream stream = random_stream(1, replication, "a", "b");

    g_assert_true(g_hash_table_add(seen, g_memdup2(&stream.key, sizeof stream.key)));
  }
}

static void
test_addressed(void)
{
  RandomStream stream = random_stream(42, 3, "radio/sensor-17/up", "loss");
  guint64 late = random_u64(&stream, G_MAXUINT64), early = random_u64(&stream, 5);
  guint32 block[4], of_key[4];
  RandomKey key;

  g_assert_cmphex(random_u64(&stream, G_MAXUINT64), ==, late);
  g_assert_cmphex(random_u64(&stream, 5), ==, early);
  g_assert_cmphex(early, !=, random_u64(&stream, 6));
  g_assert_cmphex(early, !=, random_u64(&stream, 5 + (G_GUINT64_CONSTANT(1) << 32)));
  random_block(&stream, 5, block);
  g_assert_cmphex((guint64)block[1] << 32 | block[0], ==, early);
  random_key_init(&key, stream.key);
  random_key_block(&key, stream.id, 5, of_key);
  g_assert_cmpmem(of_key, sizeof of_key, block, sizeof block);
  g_assert_cmpfloat(random_uniform(&stream, 5), ==, random_unit(early));
  g_assert_cmpfloat(random_unit(G_MAXUINT64), <, 1);
  g_assert_cmpfloat(random_unit(0), ==, 0);
}

/* Correlation coefficient of two streams, times sqrt(n): a standard normal z-score. */
static double
correlation_z(RandomStream a, guint64 offset_a, RandomStream b, guint64 offset_b)
{
  double sum = 0;

  for (guint64 i = 0; i < N; i++)
    sum += (random_uniform(&a, i + offset_a) - 0.5) * (random_uniform(&b, i + offset_b) - 0.5);
  return sum * 12 / sqrt(N);
}

static void
test_independent(void)
{
  RandomStream stream = random_stream(1, 0, "sensor-1", "loss");
  double sum = 0, squares = 0;

  for (guint64 i = 0; i < N; i++) {
    double u = random_uniform(&stream, i);

    sum += u;
    squares += (u - 0.5) * (u - 0.5);
  }
  g_assert_cmpfloat(fabs(sum / N - 0.5) * sqrt(12.0 * N), <, 4);
  g_assert_cmpfloat(fabs(squares / N - 1.0 / 12) * sqrt(180.0 * N), <, 4);
  g_assert_cmpfloat(fabs(correlation_z(stream, 0, stream, 1)), <, 4);
  g_assert_cmpfloat(fabs(correlation_z(stream, 0, random_stream(1, 0, "sensor-2", "loss"), 0)), <,
                    4);
  g_assert_cmpfloat(fabs(correlation_z(stream, 0, random_stream(1, 0, "sensor-1", "lost"), 0)), <,
                    4);
  g_assert_cmpfloat(fabs(correlation_z(stream, 0, random_stream(1, 1, "sensor-1", "loss"), 0)), <,
                    4);
  g_assert_cmpfloat(fabs(correlation_z(stream, 0, random_stream(2, 0, "sensor-1", "loss"), 0)), <,
                    4);
}

static void
test_below(void)
{
  RandomStream stream = random_stream(9, 0, "broker", "pick");
  guint64 large = G_GUINT64_CONSTANT(3) << 62; /* rejects a quarter of the draws */
  guint counts[6] = {0}, low = 0;
  double chi2 = 0;

  for (guint64 i = 0; i < N; i++) {
    guint64 x = random_below(&stream, i, G_N_ELEMENTS(counts));

    g_assert_cmpuint(x, <, G_N_ELEMENTS(counts));
    counts[x]++;
    g_assert_cmpuint(random_below(&stream, i, 1), ==, 0);
    x = random_below(&stream, i, large);
    g_assert_cmpuint(x, <, large);
    low += x < large / 3;
  }
  for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
    chi2 += pow(counts[i] - N / 6.0, 2) / (N / 6.0);
  g_assert_cmpfloat(chi2, <, 20.5); /* 99.9 %, 5 degrees of freedom */
  g_assert_cmpfloat(fabs(low - N / 3.0) / sqrt(N * 2.0 / 9), <, 4);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/random/stream/names", test_names);
  g_test_add_func("/random/stream/distinct", test_distinct);
  g_test_add_func("/random/stream/addressed", test_addressed);
  g_test_add_func("/random/stream/independent", test_independent);
  g_test_add_func("/random/stream/below", test_below);
  return g_test_run();
}
