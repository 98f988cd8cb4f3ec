/* From the command to its end with the first run of experiments/smoke.ini made and in the database;
 * beside it, as a yardstick, a program that does nothing, and one that only links with the same
 * libraries. The best of several, since others only ever slow one down. */
#include "tests/bench/measure.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#define ROUNDS 20

static void
show(const char *name, const char *const *argv, const char *leftover)
{
  MeasuredCommand best = {G_MAXDOUBLE, G_MAXDOUBLE};
  for (guint i = 0; i < ROUNDS; i++) {
    MeasuredCommand now = measure_command(argv);
    best.wall_s = MIN(best.wall_s, now.wall_s);
    best.cpu_s = MIN(best.cpu_s, now.cpu_s);
    if (leftover != NULL)
      g_unlink(leftover);
  }
  printf("%-28s %10.2f %10.2f\n", name, best.wall_s * 1e3, best.cpu_s * 1e3);
}

int
main(void)
{
  g_autofree char *experiment = measure_source("experiments/smoke.ini");
  g_autofree char *database = g_strdup_printf("bench-start-%d.db", getpid());
  const char *const nothing[] = {"/bin/true", NULL};
  const char *const version[] = {measure_qosim(), "--version", NULL};
  const char *const run[] = {
      measure_qosim(), "run",      "--quiet", "--repeat", "1", "--only", "1", "-o",
      database,        experiment, NULL};

  printf("%-28s %10s %10s\n", "", "wall ms", "CPU ms");
  show("/bin/true (yardstick)", nothing, NULL);
  show("qosim --version (yardstick)", version, NULL);
  show("the first run of smoke.ini", run, database);
  return 0;
}
