/* Named random streams.
 *
 * A stream belongs to (seed, replication, element, purpose): element is a stable name such as
 * "sensor-17" or "radio/sensor-17/up", purpose is "loss", "every", ... It does not depend on the
 * point of a sweep, on pointers or on the order of creation, so two points meet the same weather.
 * A draw is addressed by a 64-bit index (a transmit instant, a message number, the number of a
 * sojourn): the same index gives the same bits, whatever was drawn before. */
#pragma once

#include "sim/random/philox.h"

typedef struct {
  guint64 key; /* of seed and replication: the Philox key */
  guint64 id;  /* of element and purpose: the upper half of the Philox counter */
} RandomStream;

RandomStream random_stream(guint64 seed, guint32 replication, const char *element,
                           const char *purpose);

/* A stream's key, made ready for many draws of streams that share it. */
typedef struct {
  guint64 key;
  PhiloxKeys rounds;
} RandomKey;

void random_key_init(RandomKey *self, guint64 key);
/* random_block() of the stream (self->key, id). */
void random_key_block(const RandomKey *self, guint64 id, guint64 index, guint32 out[4]);

/* 128 bits at an index. */
void random_block(const RandomStream *stream, guint64 index, guint32 out[4]);
guint64 random_u64(const RandomStream *stream, guint64 index);
/* Uniform in [0, 1), 53 bits. */
double random_uniform(const RandomStream *stream, guint64 index);
/* Unbiased integer in [0, n), n >= 1. */
guint64 random_below(const RandomStream *stream, guint64 index, guint64 n);

/* Uniform in [0, 1) from 64 bits, for callers that split one block between several choices. */
static inline double
random_unit(guint64 bits)
{
  return (double)(bits >> 11) * 0x1p-53;
}
