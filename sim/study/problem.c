#include "sim/study/problem.h"

#include <string.h>

static void
problem_free(gpointer data)
{
  Problem *problem = data;

  g_free(problem->file);
  g_free(problem->text);
  g_free(problem);
}

GPtrArray *
problem_list_new(void)
{
  return g_ptr_array_new_with_free_func(problem_free);
}

/* What a file holds is shown on a terminal, which must not obey it. To free. */
static char *
disarmed(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *shown = g_string_new(NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
    gunichar letter = g_utf8_get_char(c);

    g_string_append_unichar(shown, letter == '\t' ? ' ' : g_unichar_iscntrl(letter) ? '?' : letter);
  }
  return g_string_free(shown, FALSE);
}

void
problem_add(GPtrArray *problems, const char *file, guint line, const char *format, ...)
{
  g_autofree char *raw = NULL, *text = NULL;
  Problem *problem;
  va_list arguments;

  if (problems->len > PROBLEMS_MAX)
    return;
  va_start(arguments, format);
  raw = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  text = disarmed(raw);
  if (problems->len == PROBLEMS_MAX) {
    line = G_MAXUINT;
    g_free(text);
    text = g_strdup("and more; the rest is not shown");
  }
  for (guint i = 0; i < problems->len; i++) {
    const Problem *other = g_ptr_array_index(problems, i);

    if (other->line == line && strcmp(other->file, file) == 0 && strcmp(other->text, text) == 0)
      return;
  }
  problem = g_new0(Problem, 1);
  problem->file = g_strdup(file);
  problem->line = line;
  problem->text = g_steal_pointer(&text);
  g_ptr_array_add(problems, problem);
}

static gint
compare(gconstpointer a, gconstpointer b)
{
  const Problem *x = *(const Problem *const *)a, *y = *(const Problem *const *)b;

  if (x->rank != y->rank)
    return x->rank < y->rank ? -1 : 1;
  if (x->line != y->line)
    return x->line < y->line ? -1 : 1;
  return 0;
}

void
problem_sort(GPtrArray *problems, const char *first_file)
{
  for (guint i = 0; i < problems->len; i++) {
    Problem *problem = g_ptr_array_index(problems, i);

    problem->rank = strcmp(problem->file, first_file) == 0   ? 0
                    : g_str_has_prefix(problem->file, "-D ") ? 1
                                                             : 2;
  }
  g_ptr_array_sort(problems, compare);
}

char *
problem_to_string(const Problem *problem)
{
  if (problem->line == 0 || problem->line == G_MAXUINT)
    return g_strdup_printf("%s: %s", problem->file, problem->text);
  return g_strdup_printf("%s:%u: %s", problem->file, problem->line, problem->text);
}

char *
problem_found(const char *text)
{
  g_autofree char *head = NULL;

  if (g_utf8_strlen(text, -1) <= 60)
    return g_strdup(text);
  head = g_utf8_substring(text, 0, 57);
  return g_strconcat(head, "...", NULL);
}
