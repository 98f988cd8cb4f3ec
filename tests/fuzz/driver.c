#include "tests/fuzz/driver.h"

#include <signal.h>
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

gsize
fuzz_mutate(guint8 *bytes, gsize n, gsize room)
{
  static const guint8 telling[] = {0x00, 0x01, 0x02, 0x26, 0x0B, 0x23, 0x7F, 0x80, 0xFF, '#', '+'};
  gsize at = fuzz_below((guint)n), length = 1 + fuzz_below(8);
  switch (fuzz_below(6)) {
  case 0:
    bytes[at] = (guint8)fuzz_below(256);
    return n;
  case 1:
    bytes[at] ^= (guint8)(1u << fuzz_below(8));
    return n;
  case 2:
    bytes[at] = telling[fuzz_below(G_N_ELEMENTS(telling))];
    return n;
  case 3:
    length = MIN(length, n - at);
    memmove(bytes + at, bytes + at + length, n - at - length);
    return n - length;
  case 4:
    length = MIN(length, MIN(n - at, room - n));
    memmove(bytes + at + length, bytes + at, n - at);
    return n + length;
  default:
    return at;
  }
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

/* Programs for a host of machines */

#define PROGRAM_MAX 400

static struct {
  GPtrArray *seeds; /* GBytes */
  guint rounds;
  const guint8 *running; /* for who looks into a failure */
  gsize n;
} programs;

static void
run(const guint8 *program, gsize n)
{
  programs.running = program;
  programs.n = n;
  LLVMFuzzerTestOneInput(program, n);
}

/* Leaves the input, to be named on the command line, where the test was started. */
static void
on_abort(int number)
{
  (void)number;
  g_file_set_contents("fuzz-failed-input", (const char *)programs.running, (gssize)programs.n,
                      NULL);
}

static void
test_seeds(void)
{
  for (guint i = 0; i < programs.seeds->len; i++) {
    gsize n;
    const guint8 *seed = g_bytes_get_data(g_ptr_array_index(programs.seeds, i), &n);
    run(seed, n);
  }
}

/* A seed, or its beginning, goes on as another one does. */
static gsize
splice(guint8 program[PROGRAM_MAX])
{
  gsize length = 0;
  for (guint k = 1 + fuzz_below(3); k > 0; k--) {
    gsize n;
    const guint8 *seed =
        g_bytes_get_data(g_ptr_array_index(programs.seeds, fuzz_below(programs.seeds->len)), &n);
    n = MIN(n, PROGRAM_MAX - length);
    if (n > 0 && fuzz_below(2))
      n = fuzz_below((guint)n);
    memcpy(program + length, seed, n);
    length += n;
  }
  return length;
}

static void
test_mutated(void)
{
  guint8 program[PROGRAM_MAX];
  guint rounds = g_test_slow() ? 100 * programs.rounds : programs.rounds;
  for (guint i = 0; i < rounds; i++) {
    gsize n = splice(program);
    for (guint k = fuzz_below(5); k > 0 && n > 0; k--)
      n = fuzz_mutate(program, n, PROGRAM_MAX);
    run(program, n);
  }
}

int
fuzz_programs(int *argc, char ***argv, const char *name, guint rounds)
{
  g_test_init(argc, argv, NULL);
  if (fuzz_files(*argc, *argv))
    return 0;
  g_autofree char *folder = g_strdup_printf("tests/fuzz/corpus/%s", name);
  g_autofree char *seeds = g_strdup_printf("/fuzz/%s/seeds", name);
  g_autofree char *mutated = g_strdup_printf("/fuzz/%s/mutated", name);
  programs.seeds = fuzz_seeds(folder, "");
  programs.rounds = rounds;
  signal(SIGABRT, on_abort);
  g_test_add_func(seeds, test_seeds);
  g_test_add_func(mutated, test_mutated);
  int failed = g_test_run();
  g_ptr_array_unref(programs.seeds);
  return failed;
}
