/* What the benches measure with: the clock, the processor's time, the memory at its peak. Processor
 * time is what the cores worked, so it can be read on a machine that does other things too. */
#pragma once

#include <glib.h>

double measure_wall_s(void);
double measure_cpu_s(void); /* of this process */
/* Kilobytes of memory in use, at most so far. */
double measure_peak_kb(void);

/* What a program took from start to end. */
typedef struct {
  double wall_s, cpu_s;
} MeasuredCommand;
/* Runs it with its output thrown away; a failure ends the bench. argv ends in NULL. */
MeasuredCommand measure_command(const char *const *argv);

/* Calls a function in a process of its own, so that the peak of memory is that of the call, and
 * gets back what it wrote at result. A failure ends the bench. */
void measure_apart(void (*call)(gconstpointer task, gpointer result), gconstpointer task,
                   gpointer result, gsize size);

/* The program that is measured, and a file of the sources; from QOSIM and srcdir, as in tests. */
const char *measure_qosim(void);
char *measure_source(const char *file); /* to free */
