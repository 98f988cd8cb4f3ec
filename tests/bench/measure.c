#include "tests/bench/measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
clock_s(clockid_t which)
{
  struct timespec t;
  clock_gettime(which, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double
measure_wall_s(void)
{
  return clock_s(CLOCK_MONOTONIC);
}

double
measure_cpu_s(void)
{
  return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

double
measure_peak_kb(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss;
}

static double
seconds(const struct timeval *t)
{
  return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

MeasuredCommand
measure_command(const char *const *argv)
{
  double start_s = measure_wall_s();
  struct rusage usage;
  int status;
  pid_t child = vfork();
  if (child == 0) {
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execv(argv[0], (char *const *)argv);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0)
    g_error("%s failed", argv[0]);
  return (MeasuredCommand){measure_wall_s() - start_s,
                           seconds(&usage.ru_utime) + seconds(&usage.ru_stime)};
}

void
measure_apart(void (*call)(gconstpointer task, gpointer result), gconstpointer task,
              gpointer result, gsize size)
{
  int ends[2];
  if (pipe(ends) != 0)
    g_error("pipe");
  pid_t child = fork();
  if (child == 0) {
    call(task, result);
    _exit(write(ends[1], result, size) == (gssize)size ? 0 : 1);
  }
  close(ends[1]);
  if (child < 0 || read(ends[0], result, size) != (gssize)size)
    g_error("a process of its own failed");
  close(ends[0]);
  waitpid(child, NULL, 0);
}

const char *
measure_qosim(void)
{
  const char *path = g_getenv("QOSIM");
  return path ? path : "./qosim";
}

char *
measure_source(const char *file)
{
  const char *folder = g_getenv("srcdir");
  return g_build_filename(folder ? folder : "..", file, NULL);
}
