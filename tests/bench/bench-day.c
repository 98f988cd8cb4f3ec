/* Does memory follow what is under way, or what has been? 10,000 devices on LTE-M, a message of QoS
 * 1 from each every ten seconds: an hour beside ten minutes; with --all, a day (86 million
 * messages) beside them, which takes minutes. The peak of each is compared with that of the first.
 */
#include "tests/bench/measure.h"
#include "tests/models/world/kit.h"

#include <stdio.h>

typedef struct {
  double messages, cpu_s, peak_kb;
} Row;

static void
run(gconstpointer task, gpointer result)
{
  const guint *minutes = task;
  Row *row = result;
  g_autofree char *text = g_strdup_printf(
      "[experiment]\ntitle = day\nwarmup = 2min\nduration = %umin\ndrain = 2min\n"
      "[link cell]\nprofile = catm1\n[broker hub]\n[client sensor]\ncount = 10000\nlink = cell\n"
      "[client dashboard]\n"
      "[publish reading]\nclient = sensor\ntopic = fleet/{n:6}/temp\nqos = 1\nevery = 10s\n"
      "size = 100B\n[subscribe all]\nclient = dashboard\nfilter = fleet/#\nqos = 1\n",
      *minutes);
  g_autoptr(Scenario) scenario = kit_scenario(text);
  RunRequest request = {.seed = 1, .replication = 1};
  double start_s = measure_cpu_s();
  g_autoptr(Outcome) outcome = world_run(scenario, &request);
  *row = (Row){(double)kit_histogram(outcome, "reading", HISTOGRAM_LATENCY)->count,
               measure_cpu_s() - start_s, measure_peak_kb()};
}

int
main(void)
{
  static const guint minutes[] = {10, 60, 24 * 60};
  const char *all = g_getenv("BENCH_ALL");
  guint n = all != NULL && *all != '\0' ? 3 : 2;
  double first_kb = 0;

  printf("%10s %12s %10s %10s %10s %8s\n", "simulated", "messages", "CPU s", "us each", "peak MB",
         "growth");
  for (guint i = 0; i < n; i++) {
    Row row;
    measure_apart(run, &minutes[i], &row, sizeof row);
    first_kb = i == 0 ? row.peak_kb : first_kb;
    printf("%6u min %12.0f %10.1f %10.2f %10.1f %7.1f%%\n", minutes[i], row.messages, row.cpu_s,
           row.cpu_s * 1e6 / row.messages, row.peak_kb / 1024, (row.peak_kb / first_kb - 1) * 100);
    fflush(stdout);
  }
  return 0;
}
