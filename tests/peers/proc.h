/* A child process that is talked to in lines. It ends with us, however we end.
 *
 * Lines that it says are kept until somebody awaits them. Once the running test has failed, every
 * call returns at once, so a scene need not look after each step. */
#pragma once

#include <glib.h>

typedef struct Proc Proc;

typedef enum { PROC_STDOUT, PROC_STDERR } ProcVoice; /* where its lines come from */

/* NULL and a message on stderr if it cannot be started. */
Proc *proc_new(const char *name, const char *const *argv, ProcVoice voice);
void proc_free(Proc *proc); /* kills it */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Proc, proc_free)

void proc_say(Proc *proc, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The first line kept that matches the glob, which is then forgotten; waits for one if there is
 * none. NULL when the test has failed, as it does when none came in time. */
char *proc_await(Proc *proc, const char *pattern);
/* The same, and what it said before is forgotten too. */
void proc_skip(Proc *proc, const char *pattern);
/* How many of the lines kept match. */
guint proc_kept(const Proc *proc, const char *pattern);

void proc_signal(Proc *proc, int number);
gboolean proc_runs(const Proc *proc);
/* Waits for its end and gives what waitpid() said; -1 when the test has failed. */
int proc_await_end(Proc *proc);

/* Tells a test's reader the last lines that were said either way. */
void proc_tell(const Proc *proc);

/* Lets everything go on until `done` says so; fails the test when that takes too long. `what` is
 * for the message. */
gboolean proc_wait(gboolean (*done)(gpointer data), gpointer data, const char *what);
/* Lets everything go on for some time. */
void proc_pause(guint ms);
