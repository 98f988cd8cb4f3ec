/* What is wrong with an experiment, each with its place: all mistakes of a file are collected, then
 * shown sorted by line. A list of problems is a GPtrArray of Problem made by problem_list_new(). */
#pragma once

#include <glib.h>

typedef struct {
  char *file; /* as the user named it; "-D sensor.count=5" for an override */
  guint line; /* from 1; 0: the file as a whole */
  guint rank; /* of the file: 0 the experiment, 1 its overrides, 2 profiles */
  char *text; /* "[link radio] loss = 120%: out of range; allowed: ..." */
} Problem;

#define PROBLEMS_MAX 500 /* more are not kept */

GPtrArray *problem_list_new(void);
/* Appends one, unless the same stands there already; control characters are shown as "?", tabs
 * as blanks. */
void problem_add(GPtrArray *problems, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Sorts by file and line; what was found first stays first within a line. */
void problem_sort(GPtrArray *problems, const char *first_file);
char *problem_to_string(const Problem *problem); /* "my.ini:15: [link radio] ..."; to free */
/* What was found, cut to a length that a message can bear. Valid UTF-8; to free. */
char *problem_found(const char *text);
