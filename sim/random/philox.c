#include "sim/random/philox.h"

#include <string.h>

#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u /* golden ratio */
#define WEYL_1 0xBB67AE85u /* sqrt(3) - 1 */

void
philox_keys(const guint32 key[2], PhiloxKeys *keys)
{
  guint32 k0 = key[0], k1 = key[1];

#pragma GCC unroll 10
  for (int i = 0; i < PHILOX_ROUNDS; i++) {
    keys->round[i][0] = k0;
    keys->round[i][1] = k1;
    k0 += WEYL_0;
    k1 += WEYL_1;
  }
}

void
philox4x32_10_of(const guint32 counter[4], const PhiloxKeys *keys, guint32 out[4])
{
  guint32 c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];

#pragma GCC unroll 10
  for (int i = 0; i < PHILOX_ROUNDS; i++) {
    guint64 p0 = (guint64)MULTIPLIER_0 * c0;
    guint64 p1 = (guint64)MULTIPLIER_1 * c2;

    c0 = (guint32)(p1 >> 32) ^ c1 ^ keys->round[i][0];
    c1 = (guint32)p1;
    c2 = (guint32)(p0 >> 32) ^ c3 ^ keys->round[i][1];
    c3 = (guint32)p0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

void
philox4x32_10(const guint32 counter[4], const guint32 key[2], guint32 out[4])
{
  PhiloxKeys keys;

  philox_keys(key, &keys);
  philox4x32_10_of(counter, &keys, out);
}

typedef struct {
  guint32 key[2];
  guint64 counter;
  guint32 block[4];
  guint left;
} PhiloxState;

static void
philox_gsl_set(void *vstate, unsigned long seed)
{
  PhiloxState *state = vstate;

  memset(state, 0, sizeof *state);
  state->key[0] = (guint32)seed;
  state->key[1] = (guint32)((guint64)seed >> 32);
}

static guint32
philox_gsl_next(PhiloxState *state)
{
  if (state->left == 0) {
    const guint32 counter[4] = {(guint32)state->counter, (guint32)(state->counter >> 32), 0, 0};

    philox4x32_10(counter, state->key, state->block);
    state->counter++;
    state->left = 4;
  }
  return state->block[4 - state->left--];
}

static unsigned long
philox_gsl_get(void *vstate)
{
  return philox_gsl_next(vstate);
}

static double
philox_gsl_get_double(void *vstate)
{
  return philox_gsl_next(vstate) * 0x1p-32;
}

static const gsl_rng_type philox_type = {
    .name = "philox4x32-10",
    .max = 0xffffffffUL,
    .min = 0,
    .size = sizeof(PhiloxState),
    .set = philox_gsl_set,
    .get = philox_gsl_get,
    .get_double = philox_gsl_get_double,
};

const gsl_rng_type *philox_gsl_type = &philox_type;
