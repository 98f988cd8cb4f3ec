/* Two workers beside one, on a short form of experiments/timeout-sweep.ini. The clock tells the
 * truth where nothing else runs; where something does, look at the processor's time: workers that
 * waited for each other's memory or locks would need more of it than one alone. */
#include "tests/bench/measure.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#define ROUNDS 3

/* Three runs of each point, so that the end, when one worker has nothing left to do, is short
 * beside the whole. */
static void
measure(const char *workers, const char *experiment, MeasuredCommand *best)
{
  g_autofree char *database = g_strdup_printf("bench-scaling-%d.db", getpid());
  const char *const argv[] = {
      measure_qosim(), "run", "--quiet", "-j",       workers, "--repeat", "3",
      "--yes",         "-o",  database,  experiment, NULL,
  };
  MeasuredCommand now = measure_command(argv);
  g_unlink(database);
  best->wall_s = MIN(best->wall_s, now.wall_s);
  best->cpu_s = MIN(best->cpu_s, now.cpu_s);
}

static void
show(const char *workers, MeasuredCommand best)
{
  printf("%-28s %10.2f %10.2f\n", workers, best.wall_s, best.cpu_s);
}

int
main(void)
{
  g_autofree char *experiment = measure_source("experiments/timeout-sweep.ini");
  MeasuredCommand one = {G_MAXDOUBLE, G_MAXDOUBLE}, two = one;

  for (guint i = 0; i < ROUNDS; i++) { /* by turns, since a machine has its hours */
    measure("1", experiment, &one);
    measure("2", experiment, &two);
  }
  printf("%-28s %10s %10s\n", "workers", "wall s", "CPU s");
  show("1", one);
  show("2", two);
  printf("two are %.2f times as fast by the clock, %.2f by the processor's time\n",
         one.wall_s / two.wall_s, 2 * one.cpu_s / two.cpu_s);
  return 0;
}
