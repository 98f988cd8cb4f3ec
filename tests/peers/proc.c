#include "tests/peers/proc.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define TRANSCRIPT_LINES 60

struct Proc {
  char *name;
  GPid pid; /* 0 once it has ended and been waited for */
  int status;
  int in, out;
  guint watch;
  GString *partial;
  GQueue kept;       /* char *, lines that nobody has awaited */
  GQueue transcript; /* char *, the last lines both ways */
};

static void
note(Proc *proc, char mark, const char *line)
{
  g_queue_push_tail(&proc->transcript, g_strdup_printf("%s %c %.160s", proc->name, mark, line));
  if (proc->transcript.length > TRANSCRIPT_LINES)
    g_free(g_queue_pop_head(&proc->transcript));
}

static void
take_lines(Proc *proc)
{
  char *start = proc->partial->str, *end;
  while ((end = strchr(start, '\n')) != NULL) {
    *end = '\0';
    note(proc, '<', start);
    g_queue_push_tail(&proc->kept, g_strdup(start));
    start = end + 1;
  }
  g_string_erase(proc->partial, 0, start - proc->partial->str);
}

static gboolean
hear(gint fd, GIOCondition condition, gpointer data)
{
  Proc *proc = data;
  char bytes[65536];
  (void)condition;
  gssize n = read(fd, bytes, sizeof bytes);
  if (n <= 0) {
    proc->watch = 0;
    return G_SOURCE_REMOVE;
  }
  g_string_append_len(proc->partial, bytes, n);
  take_lines(proc);
  return G_SOURCE_CONTINUE;
}

/* In the child, before exec: nothing that we start outlives us. */
static void
die_with_parent(gpointer data)
{
  (void)data;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

Proc *
proc_new(const char *name, const char *const *argv, ProcVoice voice)
{
  g_autoptr(GError) error = NULL;
  Proc *proc = g_new0(Proc, 1);
  proc->name = g_strdup(name);
  proc->partial = g_string_new(NULL);
  g_queue_init(&proc->kept);
  g_queue_init(&proc->transcript);
  signal(SIGPIPE, SIG_IGN);
  if (!g_spawn_async_with_pipes(
          NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
          die_with_parent, NULL, &proc->pid, &proc->in, voice == PROC_STDOUT ? &proc->out : NULL,
          voice == PROC_STDERR ? &proc->out : NULL, &error)) {
    g_printerr("%s: %s\n", name, error->message);
    proc->in = proc->out = -1;
    proc_free(proc);
    return NULL;
  }
  proc->watch = g_unix_fd_add(proc->out, G_IO_IN | G_IO_HUP, hear, proc);
  return proc;
}

void
proc_free(Proc *proc)
{
  if (proc->watch != 0)
    g_source_remove(proc->watch);
  if (proc_runs(proc)) {
    kill(proc->pid, SIGKILL);
    waitpid(proc->pid, &proc->status, 0);
  }
  if (proc->in >= 0)
    close(proc->in);
  if (proc->out >= 0)
    close(proc->out);
  g_queue_clear_full(&proc->kept, g_free);
  g_queue_clear_full(&proc->transcript, g_free);
  g_string_free(proc->partial, TRUE);
  g_free(proc->name);
  g_free(proc);
}

void
proc_say(Proc *proc, const char *format, ...)
{
  if (g_test_failed())
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *line = g_strdup_vprintf(format, args);
  va_end(args);
  note(proc, '>', line);
  g_autofree char *text = g_strconcat(line, "\n", NULL);
  for (gsize at = 0, n = strlen(text); at < n;) {
    gssize written = write(proc->in, text + at, n - at);
    if (written <= 0) {
      g_test_fail_printf("%s does not listen to: %s", proc->name, line);
      return;
    }
    at += (gsize)written;
  }
}

static GList *
find(const Proc *proc, const char *pattern)
{
  g_autoptr(GPatternSpec) spec = g_pattern_spec_new(pattern);
  for (GList *link = proc->kept.head; link != NULL; link = link->next)
    if (g_pattern_spec_match_string(spec, link->data))
      return link;
  return NULL;
}

static gboolean
tick(gpointer data)
{
  (void)data;
  return G_SOURCE_CONTINUE;
}

/* Ticks, for what no descriptor tells: time, and the end of a process. */
static gboolean
wait_for(gboolean (*done)(gpointer data), gpointer data, guint ms)
{
  gint64 until_us = g_get_monotonic_time() + ms * G_GINT64_CONSTANT(1000);
  guint timer = g_timeout_add(10, tick, NULL);
  gboolean reached;
  while (!(reached = done(data)) && g_get_monotonic_time() < until_us)
    g_main_context_iteration(NULL, TRUE);
  g_source_remove(timer);
  return reached;
}

gboolean
proc_wait(gboolean (*done)(gpointer data), gpointer data, const char *what)
{
  if (g_test_failed())
    return FALSE;
  if (wait_for(done, data, PATIENCE_MS))
    return TRUE;
  g_test_fail_printf("waited in vain: %s", what);
  return FALSE;
}

static gboolean
never(gpointer data)
{
  (void)data;
  return FALSE;
}

void
proc_pause(guint ms)
{
  if (!g_test_failed())
    wait_for(never, NULL, ms);
}

typedef struct {
  Proc *proc;
  const char *pattern;
  GList *found;
} Wish;

static gboolean
comes_true(gpointer data)
{
  Wish *wish = data;
  wish->found = find(wish->proc, wish->pattern);
  return wish->found != NULL || wish->proc->watch == 0;
}

static GList *
await(Proc *proc, const char *pattern)
{
  Wish wish = {.proc = proc, .pattern = pattern};
  g_autofree char *what = g_strdup_printf("%s to say \"%s\"", proc->name, pattern);
  if (g_test_failed())
    return NULL;
  if (proc_wait(comes_true, &wish, what) && wish.found == NULL)
    g_test_fail_printf("%s has ended and did not say \"%s\"", proc->name, pattern);
  return wish.found;
}

char *
proc_await(Proc *proc, const char *pattern)
{
  GList *link = await(proc, pattern);
  if (link == NULL)
    return NULL;
  char *line = link->data;
  g_queue_delete_link(&proc->kept, link);
  return line;
}

void
proc_skip(Proc *proc, const char *pattern)
{
  GList *link = await(proc, pattern);
  for (gboolean last = link == NULL; !last;) {
    last = proc->kept.head == link;
    g_free(g_queue_pop_head(&proc->kept));
  }
}

guint
proc_kept(const Proc *proc, const char *pattern)
{
  guint n = 0;
  g_autoptr(GPatternSpec) spec = g_pattern_spec_new(pattern);
  for (GList *link = proc->kept.head; link != NULL; link = link->next)
    n += g_pattern_spec_match_string(spec, link->data);
  return n;
}

void
proc_signal(Proc *proc, int number)
{
  if (proc_runs(proc))
    kill(proc->pid, number);
}

gboolean
proc_runs(const Proc *proc)
{
  Proc *mutable = (Proc *)proc;
  if (proc->pid != 0 && waitpid(proc->pid, &mutable->status, WNOHANG) == proc->pid)
    mutable->pid = 0;
  return proc->pid != 0;
}

static gboolean
has_ended(gpointer data)
{
  Proc *proc = data;
  return proc->watch == 0 && !proc_runs(proc);
}

int
proc_await_end(Proc *proc)
{
  g_autofree char *what = g_strdup_printf("%s to end", proc->name);
  if (!proc_wait(has_ended, proc, what))
    return -1;
  return proc->status;
}

void
proc_tell(const Proc *proc)
{
  for (GList *link = proc->transcript.head; link != NULL; link = link->next)
    g_test_message("%s", (const char *)link->data);
}
