/* The fleet: K publishers, each on its own link (150 ms, 1 Mbit/s, 1 % loss both ways), QoS 1, 100
 * bytes each second through one broker to one subscriber on a fast link. Prints delivered messages
 * a second of one core, instructions for each (counted by valgrind, if it is there) and memory per
 * client; beside them, as a yardstick of the machine, copies of 127 bytes a message's instructions
 * would buy.
 *
 *     bench-fleet [K [SECONDS]]     one row only, without valgrind: for profilers */
#include "tests/models/world/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Kilobytes of memory in use, at most so far. */
static double
peak_kb(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss;
}

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
  double messages, wall_s, kb;
} Row;

static Row
run_fleet(guint k, guint seconds, gboolean idle)
{
  g_autofree char *text = fleet_text(k, seconds, idle);
  g_autoptr(Scenario) scenario = kit_scenario(text);
  RunRequest request = {.seed = 1, .replication = 1};
  double before_kb = peak_kb(), start_s = now_s();
  g_autoptr(Outcome) outcome = world_run(scenario, &request);
  Row row = {.wall_s = now_s() - start_s, .kb = peak_kb() - before_kb};
  row.messages = (double)kit_histogram(outcome, "reading", HISTOGRAM_LATENCY)->count;
  return row;
}

/* In a process of its own, so that peak memory is that of this run. */
static Row
run_apart(guint k, guint seconds, gboolean idle)
{
  int ends[2];
  Row row = {0};
  if (pipe(ends) != 0)
    g_error("pipe");
  pid_t child = fork();
  if (child == 0) {
    row = run_fleet(k, seconds, idle);
    if (write(ends[1], &row, sizeof row) != (ssize_t)sizeof row)
      _exit(1);
    _exit(0);
  }
  close(ends[1]);
  if (read(ends[0], &row, sizeof row) != (ssize_t)sizeof row)
    g_error("the run with %u clients failed", k);
  close(ends[0]);
  waitpid(child, NULL, 0);
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
  double start_s = now_s();
  for (guint i = 0; i < 20000000; i++) {
    memcpy(to, from, sizeof to);
    __asm__ volatile("" : : "r"(to), "r"(from) : "memory");
  }
  return (now_s() - start_s) * 1e9 / 20000000;
}

int
main(int argc, char **argv)
{
  if (argc > 1) {
    guint seconds = argc > 2 ? (guint)atoi(argv[2]) : 60;
    Row row = run_fleet((guint)atoi(argv[1]), seconds, FALSE);
    printf("%.0f messages in %.3f s\n", row.messages, row.wall_s);
    return 0;
  }
  static const guint fleets[] = {10, 100, 1000, 10000, 100000};
  double floor_ns = copy_ns();
  printf("one copy of 127 bytes (yardstick): %.1f ns\n", floor_ns);
  printf("%9s %12s %10s %14s %16s\n", "clients", "messages/s", "us each", "copies' worth",
         "kB/idle client");
  for (guint i = 0; i < G_N_ELEMENTS(fleets); i++) {
    guint seconds = fleets[i] >= 100000 ? 10 : 60;
    Row row = run_apart(fleets[i], seconds, FALSE);
    Row idle = run_apart(fleets[i], 1, TRUE);
    double each_s = row.wall_s / (row.messages * (seconds + 10.0) / seconds);
    printf("%9u %12.0f %10.2f %14.0f %16.2f\n", fleets[i], 1 / each_s, each_s * 1e6,
           each_s * 1e9 / floor_ns, idle.kb / fleets[i]);
  }
  double shorter = instructions(argv[0], 1000, 5), longer = instructions(argv[0], 1000, 10);
  if (shorter > 0)
    printf("instructions per delivered message, 1000 clients: %.0f\n", (longer - shorter) / 5000);
  else
    printf("instructions: not counted, valgrind is not there\n");
  return 0;
}
