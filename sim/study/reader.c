#include "sim/study/reader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  ReaderFile *file;
  GPtrArray *problems;
  ReaderSection *section; /* NULL before the first one */
  gboolean lost;          /* in a section whose header could not be read: its keys say nothing */
} Reader;

static void
entry_free(gpointer data)
{
  ReaderEntry *entry = data;

  g_free(entry->key);
  g_free(entry->value);
  g_free(entry);
}

static void
section_destroy(gpointer data)
{
  ReaderSection *section = data;

  g_free(section->kind);
  g_free(section->name);
  g_ptr_array_unref(section->entries);
  g_free(section);
}

void
reader_file_free(ReaderFile *file)
{
  if (file == NULL)
    return;
  g_ptr_array_unref(file->sections);
  g_free(file->file);
  g_free(file);
}

static gboolean
blank(char c)
{
  return c == ' ' || c == '\t';
}

/* Cuts a comment off: whitespace, #, whitespace or the end; never at the first character. */
static void
cut_comment(char *value)
{
  for (char *c = value; *c != '\0'; c++)
    if (c > value && *c == '#' && blank(c[-1]) && (blank(c[1]) || c[1] == '\0')) {
      *c = '\0';
      break;
    }
  g_strchomp(value);
}

static void
read_section(Reader *reader, guint line, char *text)
{
  char *end = strchr(text, ']');
  g_autofree char *found = problem_found(text);
  g_auto(GStrv) words = NULL;
  g_autoptr(GPtrArray) given = g_ptr_array_new();

  reader->lost = TRUE;
  if (end == NULL) {
    problem_add(reader->problems, reader->file->file, line, "\"%s\": the ] is missing", found);
    return;
  }
  *end = '\0';
  g_strchug(end + 1);
  if (end[1] != '\0' && end[1] != '#') {
    problem_add(reader->problems, reader->file->file, line,
                "\"%s\": nothing but a comment may follow a section's ]", found);
    return;
  }
  words = g_strsplit_set(text + 1, " \t", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_ptr_array_add(given, words[i]);
  if (given->len == 0 || given->len > 2) {
    problem_add(reader->problems, reader->file->file, line, "\"%s\": a section is [kind name]",
                found);
    return;
  }
  if (reader->file->sections->len >= READER_MAX_SECTIONS) {
    problem_add(reader->problems, reader->file->file, line, "%s: more than %d sections", found,
                READER_MAX_SECTIONS);
    return;
  }
  reader->lost = FALSE;
  reader->section = g_new0(ReaderSection, 1);
  reader->section->line = line;
  reader->section->kind = g_strdup(g_ptr_array_index(given, 0));
  reader->section->name = g_strdup(given->len == 2 ? g_ptr_array_index(given, 1) : "");
  reader->section->entries = g_ptr_array_new_with_free_func(entry_free);
  g_ptr_array_add(reader->file->sections, reader->section);
}

static void
read_entry(Reader *reader, guint line, char *text)
{
  char *equals = strchr(text, '=');
  ReaderEntry *entry;

  if (equals == NULL || equals == text) {
    g_autofree char *found = problem_found(text);

    problem_add(reader->problems, reader->file->file, line,
                "\"%s\": not a section, a key or a comment; comments begin with #", found);
    return;
  }
  if (reader->lost)
    return;
  *equals = '\0';
  g_strchomp(text);
  if (reader->section == NULL) {
    g_autofree char *found = problem_found(text);

    problem_add(reader->problems, reader->file->file, line, "%s: a key before the first [section]",
                found);
    return;
  }
  entry = g_new0(ReaderEntry, 1);
  entry->line = line;
  entry->key = g_strdup(text);
  entry->value = g_strdup(g_strchug(equals + 1));
  cut_comment(entry->value);
  g_ptr_array_add(reader->section->entries, entry);
}

static void
read_line(Reader *reader, guint line, const char *start, gsize n)
{
  g_autofree char *text = NULL;

  if (n > 0 && start[n - 1] == '\r')
    n--;
  if (n > READER_MAX_LINE) {
    problem_add(reader->problems, reader->file->file, line,
                "a line of %" G_GSIZE_FORMAT " bytes; at most %d", n, READER_MAX_LINE);
    return;
  }
  text = g_strstrip(g_strndup(start, n));
  if (text[0] == '\0' || text[0] == '#')
    return;
  if (text[0] == '[') {
    read_section(reader, line, text);
  } else {
    read_entry(reader, line, text);
  }
}

/* What makes it no text file at all, in words; *at is where. */
static const char *
flaw(const char *text, gsize n, gsize *at)
{
  const char *end;

  for (*at = 0; *at < n; (*at)++) {
    guchar c = (guchar)text[*at];
    gboolean crlf = c == '\r' && *at + 1 < n && text[*at + 1] == '\n';

    if (c == '\0')
      return "holds a NUL byte";
    if ((c < ' ' && c != '\t' && c != '\n' && !crlf && !(c == '\r' && *at + 1 == n)) || c == 0x7f)
      return "holds a control character";
  }
  if (g_utf8_validate(text, (gssize)n, &end))
    return NULL;
  *at = (gsize)(end - text);
  return "is not UTF-8";
}

ReaderFile *
reader_parse(const char *file, const char *text, gsize n, GPtrArray *problems)
{
  Reader reader = {.problems = problems};
  const char *what;
  gsize at, start = 0;
  guint line = 1;

  if (n > READER_MAX_BYTES) {
    problem_add(problems, file, 0, "larger than %d MiB: not an experiment",
                READER_MAX_BYTES / (1024 * 1024));
    return NULL;
  }
  what = flaw(text, n, &at);
  if (what != NULL) {
    for (gsize i = 0; i < at; i++)
      line += text[i] == '\n';
    problem_add(problems, file, 0, "not a text file: line %u %s", line, what);
    return NULL;
  }
  reader.file = g_new0(ReaderFile, 1);
  reader.file->file = g_strdup(file);
  reader.file->sections = g_ptr_array_new_with_free_func(section_destroy);
  if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
    start = 3;
  for (; start < n; line++) {
    const char *end = memchr(text + start, '\n', n - start);
    gsize length = end == NULL ? n - start : (gsize)(end - (text + start));

    read_line(&reader, line, text + start, length);
    start += length + 1;
  }
  return reader.file;
}

char *
reader_load(const char *path, gsize most, gsize *n, GPtrArray *problems)
{
  GStatBuf status;
  FILE *stream = NULL;
  g_autofree char *bytes = NULL;

  if (g_stat(path, &status) != 0) {
    problem_add(problems, path, 0, "cannot be read: %s", g_strerror(errno));
    return NULL;
  }
  if (S_ISDIR(status.st_mode)) {
    problem_add(problems, path, 0, "is a folder, not a file");
    return NULL;
  }
  stream = g_fopen(path, "rb");
  if (stream == NULL) {
    problem_add(problems, path, 0, "cannot be read: %s", g_strerror(errno));
    return NULL;
  }
  bytes = g_malloc(most + 1);
  *n = fread(bytes, 1, most + 1, stream);
  fclose(stream);
  if (*n > most) {
    problem_add(problems, path, 0, "larger than %" G_GSIZE_FORMAT " MiB", most / (1024 * 1024));
    return NULL;
  }
  if (*n == 0) {
    problem_add(problems, path, 0, "is empty");
    return NULL;
  }
  bytes[*n] = '\0';
  return g_realloc(g_steal_pointer(&bytes), *n + 1);
}
