#include "sim/cli/term.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US (G_USEC_PER_SEC / 5)

gboolean
term_is_terminal(FILE *stream)
{
  return isatty(fileno(stream));
}

gboolean
term_is_utf8(void)
{
  return g_get_charset(NULL);
}

guint
term_columns(FILE *stream)
{
  struct winsize size;

  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

static gboolean
has_colours(FILE *stream)
{
  const char *term = g_getenv("TERM");
  const char *no_color = g_getenv("NO_COLOR");

  return term_is_terminal(stream) && term && !g_str_equal(term, "dumb") &&
         !(no_color && no_color[0]);
}

const char *
term_bold(FILE *stream)
{
  return has_colours(stream) ? "\033[1m" : "";
}

const char *
term_plain(FILE *stream)
{
  return has_colours(stream) ? "\033[0m" : "";
}

char *
term_clock(double seconds)
{
  guint64 s = seconds > 0 ? (guint64)MIN(seconds, 3.6e9) : 0;
  guint64 minutes = s / 60;

  if (minutes < 60)
    return g_strdup_printf("%" G_GUINT64_FORMAT ":%02u", minutes, (guint)(s % 60));
  return g_strdup_printf("%" G_GUINT64_FORMAT ":%02u:%02u", minutes / 60, (guint)(minutes % 60),
                         (guint)(s % 60));
}

char *
term_count(guint64 count)
{
  g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, count);
  gsize n = strlen(digits);
  GString *text = g_string_new(NULL);

  for (gsize i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0)
      g_string_append_c(text, ' ');
    g_string_append_c(text, digits[i]);
  }
  return g_string_free(text, FALSE);
}

char *
term_amount(double amount)
{
  if (amount >= 1e9)
    return g_strdup_printf("%.1f G", amount / 1e9);
  if (amount >= 99500)
    return g_strdup_printf(amount >= 9.95e7   ? "%.0f M"
                           : amount >= 9.95e5 ? "%.1f M"
                                              : "%.2f M",
                           amount / 1e6);
  return term_count((guint64)(amount + 0.5));
}

char *
progress_line(guint done, guint total, guint before, double messages, double gone_s, guint columns)
{
  guint here = done - before;
  g_autofree char *gone = term_clock(gone_s);
  g_autofree char *left = term_clock(here ? gone_s / here * (total - done) : 0);
  g_autofree char *speed = term_amount(gone_s > 0 ? messages / gone_s : 0);
  g_autofree char *head = g_strdup_printf("  %u/%u runs", done, total);
  g_autofree char *tail =
      here ? g_strdup_printf("%s messages/s  %s gone, %s left", speed, gone, left)
           : g_strdup_printf("%s gone", gone);
  gsize taken = strlen(head) + strlen(tail) + 6;
  guint bar = columns > taken + 8 ? (guint)MIN(columns - taken - 1, 48) : 0;
  GString *line = g_string_new(head);

  if (bar) {
    guint full = total ? (guint)((guint64)bar * done / total) : bar;

    g_string_append(line, "  [");
    for (guint i = 0; i < bar; i++)
      g_string_append_c(line, i < full ? '#' : '.');
    g_string_append_c(line, ']');
  }
  g_string_append_printf(line, "  %s", tail);
  if (line->len >= columns)
    g_string_truncate(line, columns - 1);
  return g_string_free(line, FALSE);
}

void
progress_begin(Progress *progress, guint total, guint before, gboolean quiet)
{
  *progress = (Progress){
      .shown = !quiet && term_is_terminal(stderr),
      .total = total,
      .before = before,
      .began_us = g_get_monotonic_time(),
  };
}

void
progress_update(Progress *progress, guint done, double messages)
{
  gint64 now_us = g_get_monotonic_time();
  g_autofree char *line = NULL;

  if (!progress->shown || (progress->drawn_us && now_us - progress->drawn_us < REDRAW_US))
    return;
  progress->drawn_us = now_us;
  line =
      progress_line(done, progress->total, progress->before, messages,
                    (double)(now_us - progress->began_us) / G_USEC_PER_SEC, term_columns(stderr));
  fprintf(stderr, "\r%s\033[K", line);
  fflush(stderr);
}

void
progress_end(Progress *progress)
{
  if (progress->shown && progress->drawn_us)
    fputs("\r\033[K", stderr);
  progress->shown = FALSE;
}
