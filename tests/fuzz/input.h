/* Decisions read off the bytes of a fuzzer: at their end every answer is 0. */
#pragma once

#include "models/mqtt/packet.h"

typedef struct {
  const guint8 *at, *end;
} FuzzInput;

static inline guint8
fuzz_byte(FuzzInput *in)
{
  return in->at < in->end ? *in->at++ : 0;
}

/* 0 .. n - 1, n from 1 to 256 */
static inline guint
fuzz_take(FuzzInput *in, guint n)
{
  return fuzz_byte(in) % n;
}

static inline guint16
fuzz_word(FuzzInput *in)
{
  guint high = fuzz_byte(in);
  return (guint16)(high << 8 | fuzz_byte(in));
}

static inline gboolean
fuzz_more(const FuzzInput *in)
{
  return in->at < in->end;
}
