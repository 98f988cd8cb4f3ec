/* Philox 4x32-10, a counter-based generator: block(counter, key) is 128 random bits, addressed, not
 * drawn in sequence. J. K. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC11. */
#pragma once

#include <glib.h>
#include <gsl/gsl_rng.h>

#define PHILOX_ROUNDS 10

void philox4x32_10(const guint32 counter[4], const guint32 key[2], guint32 out[4]);

/* The keys of the rounds, for many blocks of one key. */
typedef struct {
  guint32 round[PHILOX_ROUNDS][2];
} PhiloxKeys;

void philox_keys(const guint32 key[2], PhiloxKeys *keys);
void philox4x32_10_of(const guint32 counter[4], const PhiloxKeys *keys, guint32 out[4]);

/* The same as a sequential GSL generator, for GSL's own samplers and tests. */
extern const gsl_rng_type *philox_gsl_type;
