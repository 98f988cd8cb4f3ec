#include "tests/fuzz/driver.h"

#include <string.h>

static gint
by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static GBytes *
read_file(const char *path)
{
  char *contents;
  gsize n;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &contents, &n, &error);
  g_assert_no_error(error);
  return g_bytes_new_take(contents, n);
}

GPtrArray *
fuzz_seeds(const char *folder, const char *suffix)
{
  const char *srcdir = g_getenv("srcdir");
  g_autofree char *path = g_build_filename(srcdir != NULL ? srcdir : ".", folder, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir))
    if (g_str_has_suffix(name, suffix))
      g_ptr_array_add(names, g_build_filename(path, name, NULL));
  g_ptr_array_sort(names, by_name);
  GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add(seeds, read_file(g_ptr_array_index(names, i)));
  g_assert_cmpuint(seeds->len, >, 0);
  return seeds;
}

guint
fuzz_below(guint n)
{
  return (guint)g_test_rand_int_range(0, (gint)n);
}

gboolean
fuzz_files(int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    g_autoptr(GBytes) file = read_file(argv[i]);
    gsize n;
    const guint8 *bytes = g_bytes_get_data(file, &n);
    LLVMFuzzerTestOneInput(bytes, n);
  }
  return argc > 1;
}
