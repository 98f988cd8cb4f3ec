/* What the program knows about the terminal it talks to. Talk goes to stderr, data to stdout, and
 * only a terminal gets colours and a line that is redrawn in place. */
#pragma once

#include <glib.h>
#include <stdio.h>

gboolean term_is_terminal(FILE *stream);
gboolean term_is_utf8(void);      /* by the locale: setlocale() was called */
guint term_columns(FILE *stream); /* 80 if nobody knows */

/* "0:08", "12:34", "1:02:03". */
char *term_clock(double seconds);
/* A count with a blank between thousands: "66 420". */
char *term_count(guint64 count);
/* A count in words of two or three digits: "18 000", "9.7 M". */
char *term_amount(double amount);

/* Starts and ends what stands out: the place of an error, the name of a command. Empty strings
 * where the stream is no terminal or NO_COLOR is set. */
const char *term_bold(FILE *stream);
const char *term_plain(FILE *stream);

/* The progress of many runs. Draws on stderr, and only if that is a terminal. */
typedef struct {
  gboolean shown;
  guint total;     /* runs */
  guint before;    /* of them done before this program began */
  gint64 began_us; /* monotonic */
  gint64 drawn_us;
} Progress;

void progress_begin(Progress *progress, guint total, guint before, gboolean quiet);
/* messages: of the runs done by this program. Redraws a few times a second at most. */
void progress_update(Progress *progress, guint done, double messages);
void progress_end(Progress *progress); /* the line gives way to what comes next */

/* The line itself, at most `columns` wide: to free. */
char *progress_line(guint done, guint total, guint before, double messages, double gone_s,
                    guint columns);
