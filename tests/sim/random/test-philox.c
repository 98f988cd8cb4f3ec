/* Philox against the published vectors, and as a generator of GSL. */
#include "sim/random/philox.h"

typedef struct {
  guint32 counter[4], key[2], out[4];
} Vector;

/* Random123, examples/kat_vectors, "philox4x32 10". */
static const Vector vectors[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void
test_vectors(void)
{
  for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
    guint32 out[4];

    philox4x32_10(vectors[i].counter, vectors[i].key, out);
    for (guint j = 0; j < 4; j++)
      g_assert_cmphex(out[j], ==, vectors[i].out[j]);
  }
}

static void
test_gsl(void)
{
  gsl_rng *rng = gsl_rng_alloc(philox_gsl_type), *copy;
  const guint32 counter[4] = {1, 0, 0, 0}, key[2] = {7, 5};
  guint32 out[4];

  gsl_rng_set(rng, 0);
  for (guint i = 0; i < 4; i++)
    g_assert_cmphex(gsl_rng_get(rng), ==, vectors[0].out[i]);

  gsl_rng_set(rng, 5ul << 32 | 7);
  for (guint i = 0; i < 4; i++)
    gsl_rng_get(rng);
  philox4x32_10(counter, key, out);
  g_assert_cmphex(gsl_rng_get(rng), ==, out[0]);
  copy = gsl_rng_clone(rng);
  g_assert_cmpfloat(gsl_rng_uniform(rng), ==, out[1] * 0x1p-32);
  g_assert_cmphex(gsl_rng_get(copy), ==, out[1]);
  g_assert_cmphex(gsl_rng_max(rng), ==, 0xffffffff);
  g_assert_cmphex(gsl_rng_min(rng), ==, 0);
  gsl_rng_free(copy);
  gsl_rng_free(rng);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/random/philox/vectors", test_vectors);
  g_test_add_func("/random/philox/gsl", test_gsl);
  return g_test_run();
}
