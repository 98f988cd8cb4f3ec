#include "sim/random/stream.h"

/* FNV-1a, 64 bits: draft-eastlake-fnv, section 2. It tells names apart; the finaliser below spreads
 * what it tells over all bits. */
#define FNV_OFFSET G_GUINT64_CONSTANT(0xcbf29ce484222325)
#define FNV_PRIME G_GUINT64_CONSTANT(0x00000100000001b3)
#define GOLDEN G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

/* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014; variant 13 of Stafford): a
 * bijection in which each bit of the input moves half of the output. */
static guint64
mix(guint64 x)
{
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* The terminating zero is hashed too: ("a", "bc") and ("ab", "c") are two streams. */
static guint64
hash_string(guint64 hash, const char *string)
{
  do {
    hash = (hash ^ (guint8)*string) * FNV_PRIME;
  } while (*string++ != '\0');
  return hash;
}

RandomStream
random_stream(guint64 seed, guint32 replication, const char *element, const char *purpose)
{
  RandomStream stream;

  /* For one seed, replications differ for certain; seeds 1, 2, 3 start far from each other. */
  stream.key = mix(mix(seed + GOLDEN) + replication);
  stream.id = mix(hash_string(hash_string(FNV_OFFSET, element), purpose));
  return stream;
}

static void
block_of(guint64 key, guint64 id, guint64 index, guint32 out[4])
{
  const guint32 counter[4] = {(guint32)index, (guint32)(index >> 32), (guint32)id,
                              (guint32)(id >> 32)};
  const guint32 words[2] = {(guint32)key, (guint32)(key >> 32)};

  philox4x32_10(counter, words, out);
}

void
random_key_init(RandomKey *self, guint64 key)
{
  const guint32 words[2] = {(guint32)key, (guint32)(key >> 32)};

  self->key = key;
  philox_keys(words, &self->rounds);
}

void
random_key_block(const RandomKey *self, guint64 id, guint64 index, guint32 out[4])
{
  const guint32 counter[4] = {(guint32)index, (guint32)(index >> 32), (guint32)id,
                              (guint32)(id >> 32)};

  philox4x32_10_of(counter, &self->rounds, out);
}

void
random_block(const RandomStream *stream, guint64 index, guint32 out[4])
{
  block_of(stream->key, stream->id, index, out);
}

guint64
random_u64(const RandomStream *stream, guint64 index)
{
  guint32 out[4];

  random_block(stream, index, out);
  return (guint64)out[1] << 32 | out[0];
}

double
random_uniform(const RandomStream *stream, guint64 index)
{
  return random_unit(random_u64(stream, index));
}

/* Multiplication with rejection: D. Lemire, "Fast Random Integer Generation in an Interval", ACM
 * TOMACS 29(1), 2019. A rejected draw goes on in another stream, since the next index is taken. */
guint64
random_below(const RandomStream *stream, guint64 index, guint64 n)
{
  guint64 id = stream->id;

  g_assert(n >= 1);
  for (;;) {
    guint32 out[4];
    unsigned __int128 product;
    guint64 low;

    block_of(stream->key, id, index, out);
    product = (unsigned __int128)((guint64)out[1] << 32 | out[0]) * n;
    low = (guint64)product;
    if (low >= n || low >= -n % n)
      return (guint64)(product >> 64);
    id = mix(id + GOLDEN);
  }
}
