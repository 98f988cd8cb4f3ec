#include "tests/models/world/draw.h"

#include <stdlib.h>

const char *
draw_pick(GRand *rand, const char *const *choices, gsize n)
{
  return choices[g_rand_int_range(rand, 0, (gint32)n)];
}

gboolean
draw_maybe(GRand *rand)
{
  return g_rand_boolean(rand);
}

void
draw_fail(guint32 number, const char *text, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_error("world %u: %s\nreplay: QOSIM_WORLD=%u %s\n%s", number, what, number, g_get_prgname(),
          text);
}

Outcome *
draw_run(guint32 number, const char *text)
{
  g_autoptr(Scenario) scenario = kit_scenario(text);
  RunRequest request = {.seed = number, .replication = 1, .monitor = TRUE};
  Outcome *first = world_run(scenario, &request);
  if (first->breach != NULL)
    draw_fail(number, text, "%s", first->breach);
  kit_assert_balanced(first);
  g_autoptr(Outcome) second = world_run(scenario, &request);
  if (first->fingerprint != second->fingerprint || first->events != second->events)
    draw_fail(number, text, "it does not repeat");
  return first;
}

void
draw_worlds(guint n, void (*try)(guint32 number))
{
  const char *one = getenv("QOSIM_WORLD"), *many = getenv("QOSIM_WORLDS");
  guint32 first = (guint32)g_test_rand_int();
  guint64 worlds = many != NULL ? g_ascii_strtoull(many, NULL, 10) : n;
  if (one != NULL)
    try((guint32)g_ascii_strtoull(one, NULL, 10));
  for (guint64 i = 0; one == NULL && i < worlds; i++)
    try(first + (guint32)i);
}
