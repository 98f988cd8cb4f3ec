#include "sim/study/reader.h"

#include <glib/gstdio.h>
#include <string.h>

static ReaderFile *
parse(const char *text, gssize n, char **messages)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(GString) lines = g_string_new(NULL);
  ReaderFile *file = reader_parse("my.ini", text, n < 0 ? strlen(text) : (gsize)n, problems);

  problem_sort(problems, "my.ini");
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *line = problem_to_string(g_ptr_array_index(problems, i));

    g_string_append_printf(lines, "%s\n", line);
  }
  *messages = g_strdup(lines->str);
  return file;
}

/* "kind name:line{key=value:line;...}" of everything. */
static char *
dump(const ReaderFile *file)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (guint i = 0; i < file->sections->len; i++) {
    const ReaderSection *section = g_ptr_array_index(file->sections, i);

    g_string_append_printf(text, "%s %s:%u{", section->kind, section->name, section->line);
    for (guint k = 0; k < section->entries->len; k++) {
      const ReaderEntry *entry = g_ptr_array_index(section->entries, k);

      g_string_append_printf(text, "%s=%s:%u;", entry->key, entry->value, entry->line);
    }
    g_string_append(text, "}");
  }
  return g_strdup(text->str);
}

static void
assert_reads(const char *text, const char *expected)
{
  g_autofree char *messages = NULL, *found = NULL;
  g_autoptr(ReaderFile) file = parse(text, -1, &messages);

  g_assert_cmpstr(messages, ==, "");
  found = dump(file);
  g_assert_cmpstr(found, ==, expected);
}

static void
test_lines(void)
{
  assert_reads("", "");
  assert_reads("# only\n\n  # this\n", "");
  assert_reads("[link radio]\nloss = 2%\n", "link radio:1{loss=2%:2;}");
  assert_reads("\xef\xbb\xbf[link radio]\r\nloss=2%\r\n", "link radio:1{loss=2%:2;}");
  assert_reads("\n\n [ link  radio ] # a comment\n\t loss \t = \t 2 % \t",
               "link radio:3{loss=2 %:4;}");
  assert_reads("[a]\nx = \n[b]", "a :1{x=:2;}b :3{}");
  assert_reads("[a]\nx = b = c\n", "a :1{x=b = c:2;}");
  assert_reads("[a]\nx = a\\tb\n", "a :1{x=a\\tb:2;}");
  assert_reads("[a]\nx[de] = 1\n", "a :1{x[de]=1:2;}");
  assert_reads("[a]\n[a]\nx = 1\nx = 2\n", "a :1{}a :2{x=1:3;x=2:4;}");
}

static void
test_comments(void)
{
  assert_reads("[a]\nfilter = fleet/#\n", "a :1{filter=fleet/#:2;}");
  assert_reads("[a]\nfilter = #\n", "a :1{filter=#:2;}");
  assert_reads("[a]\nfilter = #   # all of them\n", "a :1{filter=#:2;}");
  assert_reads("[a]\nx = 5 # why\n", "a :1{x=5:2;}");
  assert_reads("[a]\nx = 5\t#\twhy # not\n", "a :1{x=5:2;}");
  assert_reads("[a]\nx = 5 #why\n", "a :1{x=5 #why:2;}");
  assert_reads("[a]\nx = 5# why\n", "a :1{x=5# why:2;}");
}

static void
assert_fails(const char *text, gssize n, const char *expected)
{
  g_autofree char *messages = NULL;

  reader_file_free(parse(text, n, &messages));
  g_assert_cmpstr(messages, ==, expected);
}

static void
test_bad_lines(void)
{
  assert_fails("x = 1\n[a]\n", -1, "my.ini:1: x: a key before the first [section]\n");
  assert_fails("[a]\n; every second\n", -1,
               "my.ini:2: \"; every second\": not a section, a key or a comment; comments begin "
               "with #\n");
  assert_fails("[a]\n= 5\n", -1,
               "my.ini:2: \"= 5\": not a section, a key or a comment; comments begin with #\n");
  assert_fails("[a\n", -1, "my.ini:1: \"[a\": the ] is missing\n");
  assert_fails("[]\n", -1, "my.ini:1: \"[]\": a section is [kind name]\n");
  assert_fails("[a b c]\nx = 1\n", -1, "my.ini:1: \"[a b c]\": a section is [kind name]\n");
  assert_fails("[a] b\n", -1,
               "my.ini:1: \"[a] b\": nothing but a comment may follow a section's ]\n");
}

static void
test_no_text(void)
{
  g_autofree char *long_line = g_strnfill(READER_MAX_LINE + 1, 'x');
  g_autofree char *huge = g_strnfill(READER_MAX_BYTES + 1, '\n');

  assert_fails("[a]\nx = \0 1\n", 11, "my.ini: not a text file: line 2 holds a NUL byte\n");
  assert_fails("[a]\nx = \x1b[2J\n", -1,
               "my.ini: not a text file: line 2 holds a control character\n");
  assert_fails("[a]\n\nx = \xff\xfe\n", -1, "my.ini: not a text file: line 3 is not UTF-8\n");
  assert_fails(huge, -1, "my.ini: larger than 4 MiB: not an experiment\n");
  assert_fails(long_line, -1, "my.ini:1: a line of 4097 bytes; at most 4096\n");
}

static void
test_load(void)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autofree char *folder = g_dir_make_tmp("qosim-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(folder, "a.ini", NULL), *bytes = NULL, *text = NULL;
  gsize n = 0;

  g_assert_true(g_file_set_contents(file, "[a]\n", 4, NULL));
  bytes = reader_load(file, 100, &n, problems);
  g_assert_cmpuint(problems->len, ==, 0);
  g_assert_cmpmem(bytes, n, "[a]\n", 4);
  g_assert_null(reader_load(file, 3, &n, problems));
  g_assert_null(reader_load(folder, 100, &n, problems));
  g_assert_true(g_file_set_contents(file, "", 0, NULL));
  g_assert_null(reader_load(file, 100, &n, problems));
  g_unlink(file);
  g_assert_null(reader_load(file, 100, &n, problems));
  g_rmdir(folder);
  g_assert_cmpuint(problems->len, ==, 4);
  text = problem_to_string(g_ptr_array_index(problems, 3));
  g_assert_true(g_str_has_suffix(text, "/a.ini: cannot be read: No such file or directory"));
  g_assert_cmpstr(((Problem *)g_ptr_array_index(problems, 0))->text, ==, "larger than 0 MiB");
  g_assert_cmpstr(((Problem *)g_ptr_array_index(problems, 1))->text, ==, "is a folder, not a file");
  g_assert_cmpstr(((Problem *)g_ptr_array_index(problems, 2))->text, ==, "is empty");
}

/* A hostile file makes neither a long list nor slow work. */
static void
test_many_problems(void)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(GString) text = g_string_new("[a]\n");
  g_autoptr(ReaderFile) file = NULL;

  for (guint i = 0; i < 100000; i++)
    g_string_append_printf(text, "nonsense %u\n", i);
  file = reader_parse("my.ini", text->str, text->len, problems);
  g_assert_cmpuint(problems->len, <=, PROBLEMS_MAX + 1);
}

static void
test_many_sections(void)
{
  g_autoptr(GPtrArray) problems = problem_list_new();
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(ReaderFile) file = NULL;
  g_autofree char *first = NULL;

  for (guint i = 1; i <= READER_MAX_SECTIONS + 1; i++)
    g_string_append_printf(text, "[link l%u]\n", i);
  file = reader_parse("my.ini", text->str, text->len, problems);
  g_assert_cmpuint(file->sections->len, ==, READER_MAX_SECTIONS);
  g_assert_cmpuint(problems->len, ==, 1);
  first = problem_to_string(g_ptr_array_index(problems, 0));
  g_assert_cmpstr(first, ==, "my.ini:1001: [link l1001]: more than 1000 sections");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/study/reader/lines", test_lines);
  g_test_add_func("/study/reader/comments", test_comments);
  g_test_add_func("/study/reader/bad lines", test_bad_lines);
  g_test_add_func("/study/reader/no text", test_no_text);
  g_test_add_func("/study/reader/load", test_load);
  g_test_add_func("/study/reader/many problems", test_many_problems);
  g_test_add_func("/study/reader/many sections", test_many_sections);
  return g_test_run();
}
