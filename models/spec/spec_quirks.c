#include "models/spec/spec_quirks.h"

static guint32
bit_of(const char *word, const char *const *words)
{
  for (guint i = 1; words[i] != NULL; i++)
    if (g_str_equal(word, words[i]))
      return 1u << (i - 1);
  return 0;
}

guint32
spec_word_set(const Section *section, const char *key, const char *const *words)
{
  const Value *value = section_value(section, key);
  guint32 set = 0;

  for (guint i = 0; i < value->list.n; i++)
    set |= bit_of(value->list.values[i]->text, words);
  return set;
}
