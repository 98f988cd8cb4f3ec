/* A key that is a list of words, as a set of bits. Private to models/spec. */
#pragma once

#include "sim/record/scenario.h"

/* Bit i stands for words[i + 1]; words[0] is none. */
guint32 spec_word_set(const Section *section, const char *key, const char *const *words);
