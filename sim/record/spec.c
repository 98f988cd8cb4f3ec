#include "sim/record/spec.h"

#include <string.h>

#define NAME_MAX_LENGTH 64

const ParamSpec *
spec_param(const KindSpec *kind, const char *name)
{
  for (const ParamSpec *param = kind->params; param->name != NULL; param++)
    if (strcmp(param->name, name) == 0)
      return param;
  return NULL;
}

const KindSpec *
spec_kind(const KindSpec *const *kinds, const char *kind)
{
  for (; *kinds != NULL; kinds++)
    if (strcmp((*kinds)->kind, kind) == 0)
      return *kinds;
  return NULL;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost 1. */
static guint
distance(const char *a, gsize a_n, const char *b, gsize b_n)
{
  guint rows[3][NAME_MAX_LENGTH + 1];
  guint *before = rows[0], *last = rows[1], *row = rows[2];

  for (gsize j = 0; j <= b_n; j++)
    last[j] = (guint)j;
  for (gsize i = 1; i <= a_n; i++) {
    guint *spare = before;

    row[0] = (guint)i;
    for (gsize j = 1; j <= b_n; j++) {
      guint best = last[j - 1] + (a[i - 1] != b[j - 1]);

      best = MIN(best, MIN(last[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = MIN(best, before[j - 2] + 1);
      row[j] = best;
    }
    before = last;
    last = row;
    row = spare;
  }
  return last[b_n];
}

const char *
spec_nearest(const char *text, const char *const *names, gsize n)
{
  gsize length = strlen(text);
  guint best = (guint)MAX(length / 3, 1) + 1;
  const char *nearest = NULL;

  if (length == 0 || length > NAME_MAX_LENGTH)
    return NULL;
  for (gsize i = 0; i < n; i++) {
    gsize name_n = strlen(names[i]);
    guint d;

    if (name_n == 0 || name_n > NAME_MAX_LENGTH)
      continue;
    d = distance(text, length, names[i], name_n);
    if (d < best && d < MAX(length, name_n)) {
      best = d;
      nearest = names[i];
    }
  }
  return nearest;
}
