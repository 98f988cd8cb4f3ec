/* The fleet of fleet.ini side by side with ns-3: each row of the table is a program that is run
 * three times, with other random numbers each time; rows with the same number of publishers take
 * turns, so that a busy machine slows all of them. Time is processor time and memory the peak of
 * resident memory, of the process from its start to its end; a message counts whether it falls into
 * the window or into the warm-up. Of each column the median stands there, but for the messages that
 * came, of which it is the sum.
 *
 *     fleet QOSIM FLEET-NS3 FLEET.INI */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/results/store.h"
#include "sim/results/summary.h"

#define ROUNDS 3
#define WARMUP_S 10
#define DURATION_S 60
#define LATE_NS 250e6 /* nobody is who had no loss */

typedef struct {
  const char *name;
  guint publishers, brokers;
  const char *tcp;    /* what $tcp is in fleet.ini; NULL: the row is ns-3's */
  const char *option; /* of ns-3, or NULL */
} Row;

/* In the order of the groups that take turns. The first row of a group is the yardstick. */
static const Row rows[] = {
    {"ns-3", 10, 1, NULL, NULL},
    {"qosim, TCP like ns-3's", 10, 1, "like-ns3", NULL},
    {"qosim, TCP of Linux", 10, 1, "linux", NULL},
    {"ns-3", 100, 1, NULL, NULL},
    {"ns-3, with time stamps", 100, 1, NULL, "--ns3::TcpSocketBase::Timestamp=true"},
    {"qosim, TCP like ns-3's", 100, 1, "like-ns3", NULL},
    {"qosim, TCP of Linux", 100, 1, "linux", NULL},
    {"ns-3", 1000, 1, NULL, NULL},
    {"ns-3", 1000, 10, NULL, NULL},
    {"qosim, TCP like ns-3's", 1000, 1, "like-ns3", NULL},
    {"qosim, TCP of Linux", 1000, 1, "linux", NULL},
};

typedef enum {
  RATE,
  MEGABYTES,
  OWED,
  CAME,
  MEAN,
  P50,
  P90,
  P99,
  P995,
  P999,
  LATE,
  N_FIGURES
} Figure;

typedef struct {
  double figures[N_FIGURES]; /* times in seconds */
} Sample;

typedef struct {
  const char *qosim, *ns3, *experiment;
  char *db; /* where qosim leaves its results */
} Programs;

static _Noreturn void
die(const char *what, const char *why)
{
  fprintf(stderr, "fleet: %s: %s\n", what, why);
  exit(1);
}

/* What the program says, to free. Not by GLib, which does not tell what a child has used. */
static char *
run(const char *const *argv, struct rusage *usage)
{
  int ends[2], status;
  if (pipe(ends) != 0)
    die(argv[0], "no pipe");
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(argv[0], (char **)argv);
    _exit(127);
  }
  close(ends[1]);
  GString *said = g_string_new(NULL);
  char slice[4096];
  for (gssize n; (n = read(ends[0], slice, sizeof slice)) > 0;)
    g_string_append_len(said, slice, n);
  close(ends[0]);
  if (child < 0 || wait4(child, &status, 0, usage) != child || status != 0)
    die(argv[0], "failed");
  return g_string_free(said, FALSE);
}

static void
read_results(const char *db, double figures[N_FIGURES])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Store) store = store_open_read(db, &error);
  g_autoptr(GPtrArray) points = store ? store_points(store, &error) : NULL;
  g_autoptr(GPtrArray) outcomes =
      points ? store_outcomes(store, points->pdata[0], NULL, &error) : NULL;
  if (outcomes == NULL)
    die(db, error->message);
  Histogram latency = summary_histogram(outcomes, "reading", HISTOGRAM_LATENCY);
  SummaryLosses losses = summary_losses(outcomes, "reading");
  static const double shares[] = {
      [P50] = 0.5, [P90] = 0.9, [P99] = 0.99, [P995] = 0.995, [P999] = 0.999};
  figures[OWED] = losses.owed;
  figures[CAME] = losses.met;
  figures[MEAN] = histogram_mean(&latency) / 1e9;
  for (guint i = P50; i <= P999; i++)
    figures[i] = histogram_quantile(&latency, shares[i], 0) / 1e9;
  figures[LATE] = (double)histogram_above(&latency, LATE_NS) / (double)latency.count;
  histogram_clear(&latency);
}

static void
run_qosim(const Programs *programs, const Row *row, guint round, struct rusage *usage,
          double figures[N_FIGURES])
{
  g_autofree char *seed = g_strdup_printf("--seed=%u", round);
  g_autofree char *publishers = g_strdup_printf("-D$publishers=%u", row->publishers);
  g_autofree char *tcp = g_strdup_printf("-D$tcp=%s", row->tcp);
  const char *const argv[] = {
      programs->qosim, "run", "--quiet", "--workers=1", "--repeat=1",         seed,
      publishers,      tcp,   "-o",      programs->db,  programs->experiment, NULL};
  g_remove(programs->db);
  g_free(run(argv, usage));
  read_results(programs->db, figures);
  g_remove(programs->db);
}

static void
run_ns3(const Programs *programs, const Row *row, guint round, struct rusage *usage,
        double figures[N_FIGURES])
{
  g_autofree char *publishers = g_strdup_printf("%u", row->publishers);
  g_autofree char *brokers = g_strdup_printf("%u", row->brokers);
  g_autofree char *number = g_strdup_printf("%u", round);
  const char *const argv[] = {programs->ns3, publishers, brokers, number, row->option, NULL};
  g_autofree char *said = run(argv, usage);
  char *at = said, *end;
  for (guint i = OWED; i < N_FIGURES; i++, at = end) {
    figures[i] = g_ascii_strtod(at, &end);
    if (at == end)
      die(programs->ns3, said);
  }
}

static double
seconds(struct timeval t)
{
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static Sample
take(const Programs *programs, const Row *row, guint round)
{
  Sample sample;
  struct rusage usage;
  (row->tcp ? run_qosim : run_ns3)(programs, row, round, &usage, sample.figures);
  double cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  sample.figures[RATE] = row->publishers * (WARMUP_S + DURATION_S) / cpu_s;
  sample.figures[MEGABYTES] = (double)usage.ru_maxrss / 1024;
  return sample;
}

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static Sample
summarise(const Sample samples[ROUNDS])
{
  Sample all;
  for (guint i = 0; i < N_FIGURES; i++) {
    double values[ROUNDS], sum = 0;
    for (guint j = 0; j < ROUNDS; j++)
      sum += values[j] = samples[j].figures[i];
    qsort(values, ROUNDS, sizeof *values, compare);
    all.figures[i] = i == OWED || i == CAME ? sum : values[ROUNDS / 2];
  }
  return all;
}

static void
print_row(const Row *row, const Sample *sample, const Sample *yardstick)
{
  const double *f = sample->figures;
  g_autofree char *came = g_strdup_printf("%.0f of %.0f", f[CAME], f[OWED]);
  printf("%10u %7u  %-22s %8.0f %6.1f %6.1f  %-16s", row->publishers, row->brokers, row->name,
         f[RATE], f[RATE] / yardstick->figures[RATE], f[MEGABYTES], came);
  for (guint i = MEAN; i <= P999; i++)
    printf(" %6.1f", f[i] * 1e3);
  printf(" %5.2f\n", f[LATE] * 1e2);
  fflush(stdout);
}

static void
print_group(const Programs *programs, const Row *group, guint n)
{
  Sample samples[G_N_ELEMENTS(rows)][ROUNDS], all[G_N_ELEMENTS(rows)];
  for (guint round = 0; round < ROUNDS; round++)
    for (guint i = 0; i < n; i++)
      samples[i][round] = take(programs, &group[i], round + 1);
  for (guint i = 0; i < n; i++) {
    all[i] = summarise(samples[i]);
    print_row(&group[i], &all[i], &all[0]);
  }
}

static void
print_head(const Programs *programs)
{
  struct rusage usage;
  const char *const ask_qosim[] = {programs->qosim, "--version", NULL};
  const char *const ask_ns3[] = {programs->ns3, NULL};
  g_autofree char *qosim = run(ask_qosim, &usage), *ns3 = run(ask_ns3, &usage);
  printf("%s; %s; medians of %d runs; latencies in ms; late: %% beyond %.0f ms\n",
         g_strchomp(qosim), g_strchomp(ns3), ROUNDS, LATE_NS / 1e6);
  printf("%10s %7s  %-22s %8s %6s %6s  %-16s", "publishers", "brokers", "", "msgs/s", "ratio", "MB",
         "delivered");
  printf(" %6s %6s %6s %6s %6s %6s %5s\n", "mean", "p50", "p90", "p99", "p99.5", "p99.9", "late");
}

int
main(int argc, char **argv)
{
  if (argc != 4)
    die("usage", "fleet QOSIM FLEET-NS3 FLEET.INI");
  g_autofree char *folder = g_dir_make_tmp("fleet-XXXXXX", NULL);
  if (folder == NULL)
    die("fleet", "no folder for results");
  Programs programs = {argv[1], argv[2], argv[3], g_build_filename(folder, "fleet.db", NULL)};
  print_head(&programs);
  for (guint i = 0, n; i < G_N_ELEMENTS(rows); i += n) {
    for (n = 1; i + n < G_N_ELEMENTS(rows) && rows[i + n].publishers == rows[i].publishers;)
      n++;
    print_group(&programs, &rows[i], n);
  }
  g_free(programs.db);
  g_rmdir(folder);
  return 0;
}
