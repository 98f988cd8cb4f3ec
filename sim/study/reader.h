/* The syntax of the experiment file: lines to sections and entries, each with its line. Knows no
 * key and no value.
 *
 * GKeyFile's syntax, [kind name] and key = value and # at the start of a line, read by ourselves
 * because GKeyFile keeps no line numbers, merges duplicates, stops at the first error and takes a
 * comment after a value as part of it. */
#pragma once

#include "sim/study/problem.h"

#define READER_MAX_BYTES (4 * 1024 * 1024)
#define READER_MAX_LINE 4096
#define READER_MAX_SECTIONS 1000

typedef struct {
  guint line;
  char *key;
  char *value; /* without blanks around it and without the comment after it */
} ReaderEntry;

typedef struct {
  guint line;
  char *kind;         /* "link" */
  char *name;         /* "radio"; "" in [experiment] and [sweep] */
  GPtrArray *entries; /* ReaderEntry *, in the order of the file */
} ReaderSection;

typedef struct {
  char *file;          /* its name in messages */
  GPtrArray *sections; /* ReaderSection *, in the order of the file, duplicates included */
} ReaderFile;

/* Reads text of n bytes, which may be anything. Lines that cannot be read are added to problems and
 * skipped; NULL and one problem if the whole is no text file. */
ReaderFile *reader_parse(const char *file, const char *text, gsize n, GPtrArray *problems);
void reader_file_free(ReaderFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReaderFile, reader_file_free)

/* The bytes of a file, at most `most`; NULL and one problem if it cannot be read, is a directory,
 * is larger or empty. */
char *reader_load(const char *path, gsize most, gsize *n, GPtrArray *problems);
