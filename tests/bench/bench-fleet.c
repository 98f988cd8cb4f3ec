/* The fleet: K publishers, each on its own link (150 ms, 1 Mbit/s, 1 % loss both ways), QoS 1, 100
 * bytes each second through one broker to one subscriber on a fast link. Prints delivered messages
 * per second of processor time, and how many instructions each took (counted by valgrind, if it is
 * there); beside them, as a yardstick of the machine, how many copies of 127 bytes that time would
 * buy. Then what a client costs that is connected and silent, up to a million of them.
 *
 *     bench-fleet K [SECONDS [idle]]     one row only, without valgrind: for profilers */
#include "tests/bench/measure.h"
#include "tests/models/world/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
fleet_text(guint k, guint seconds, gboolean idle)
{
  return g_strdup_printf(
      "[experiment]\ntitle = fleet\nwarmup = %us\nduration = %us\ndrain = 1min\n"
      "[link own]\nrtt = 300ms\nrate = 1Mbit/s\nloss = 1%%\n"
      "[broker hub]\n[client sensor]\ncount = %u\nlink = own\n[client dashboard]\n"
      "[publish reading]\nclient = sensor\ntopic = fleet/{n:6}/temp\nqos = 1\nevery = %s\nsize = "
      "100B\n"
      "[subscribe all]\nclient = dashboard\nfilter = fleet/#\nqos = 1\n",
      idle ? 60 : 10, seconds, k, idle ? "1h" : "1s");
}

typedef struct {
  guint k, seconds;
  gboolean idle;
} Fleet;

typedef struct {
  double messages, cpu_s, kb; /* kb: more than before, at the peak */
} Row;

static void
run_fleet(gconstpointer task, gpointer result)
{
  const Fleet *fleet = task;
  Row *row = result;
  g_autofree char *text = fleet_text(fleet->k, fleet->seconds, fleet->idle);
  g_autoptr(Scenario) scenario = kit_scenario(text);
  RunRequest request = {.seed = 1, .replication = 1};
  double before_kb = measure_peak_kb(), start_s = measure_cpu_s();
  g_autoptr(Outcome) outcome = world_run(scenario, &request);
  row->cpu_s = measure_cpu_s() - start_s;
  row->kb = measure_peak_kb() - before_kb;
  row->messages = (double)kit_histogram(outcome, "reading", HISTOGRAM_LATENCY)->count;
}

static Row
run_apart(guint k, guint seconds, gboolean idle)
{
  Fleet fleet = {k, seconds, idle};
  Row row;
  measure_apart(run_fleet, &fleet, &row, sizeof row);
  return row;
}

/* Instructions of a run of so many seconds; 0: valgrind is not there. */
static double
instructions(const char *program, guint k, guint seconds)
{
  g_autofree char *command = g_strdup_printf(
      "valgrind --tool=callgrind --callgrind-out-file=/dev/null %s %u %u", program, k, seconds);
  g_autofree char *row = NULL, *talk = NULL;
  if (!g_spawn_command_line_sync(command, &row, &talk, NULL, NULL))
    return 0;
  const char *found = strstr(talk, "Collected : ");
  return found ? g_ascii_strtod(found + strlen("Collected : "), NULL) : 0;
}

static double
copy_ns(void)
{
  static guint8 from[127], to[127];
  double start_s = measure_cpu_s();
  for (guint i = 0; i < 20000000; i++) {
    memcpy(to, from, sizeof to);
    __asm__ volatile("" : : "r"(to), "r"(from) : "memory");
  }
  return (measure_cpu_s() - start_s) * 1e9 / 20000000;
}

/* Clients that are connected and silent: the memory of each, its ends of the connection and its
 * session at the broker included. */
static void
show_idle(guint k)
{
  Row row = run_apart(k, 1, TRUE);
  printf("%9u %16.2f %16.1f %16.1f\n", k, row.kb / k, row.kb / 1024, row.cpu_s);
  fflush(stdout);
}

static void
show_fleet(guint k, double floor_ns)
{
  guint seconds = k >= 100000 ? 10 : 60;
  Row row = run_apart(k, seconds, FALSE);
  double each_s = row.cpu_s / (row.messages * (seconds + 10.0) / seconds);
  printf("%9u %12.0f %10.2f %14.0f %12.2f\n", k, 1 / each_s, each_s * 1e6, each_s * 1e9 / floor_ns,
         row.cpu_s / (seconds + 10));
  fflush(stdout);
}

int
main(int argc, char **argv)
{
  if (argc > 1) {
    Fleet fleet = {(guint)atoi(argv[1]), argc > 2 ? (guint)atoi(argv[2]) : 60, argc > 3};
    Row row;
    run_fleet(&fleet, &row);
    printf("%.0f messages in %.3f s, %.0f kB\n", row.messages, row.cpu_s, row.kb);
    return 0;
  }
  static const guint fleets[] = {10, 100, 1000, 10000, 100000};
  static const guint idle[] = {1000, 10000, 100000, 1000000};
  double floor_ns = copy_ns();
  printf("one copy of 127 bytes (yardstick): %.1f ns\n", floor_ns);
  printf("%9s %12s %10s %14s %12s\n", "clients", "messages/s", "us each", "copies' worth",
         "CPU s per s");
  for (guint i = 0; i < G_N_ELEMENTS(fleets); i++)
    show_fleet(fleets[i], floor_ns);
  double shorter = instructions(argv[0], 1000, 5), longer = instructions(argv[0], 1000, 10);
  if (shorter > 0)
    printf("instructions per delivered message, 1000 clients: %.0f\n", (longer - shorter) / 5000);
  else
    printf("instructions: not counted, valgrind is not there\n");
  printf("\n%9s %16s %16s %16s\n", "idle", "kB each", "peak MB", "CPU s");
  for (guint i = 0; i < G_N_ELEMENTS(idle); i++)
    show_idle(idle[i]);
  return 0;
}
