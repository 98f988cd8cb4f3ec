/* The dialogues of tests/models/mqtt/scripts over sockets: the machine is the same, so what is
 * shown is that nothing between it and the wire changes a byte. */
#include "tests/models/live/kit.h"
#include "tests/models/mqtt/knobs.h"
#include "tests/models/mqtt/script.h"

#include <unistd.h>

typedef struct {
  Kit kit;
  int sync; /* a client that pings: two answers, and a whole turn of the server has passed */
  int fds[SCRIPT_CONNS];
} Wire;

static gboolean
begin(gpointer user, char **knobs)
{
  Wire *wire = user;
  kit_init(&wire->kit);
  for (guint i = 0; knobs[i] != NULL; i++) {
    /* A store is tested with its file, and one connection is taken here. */
    if (g_str_has_prefix(knobs[i], "store=") || g_str_has_prefix(knobs[i], "connections="))
      return FALSE;
    g_assert_true(knob_set(&wire->kit.broker, knobs[i]));
  }
  static const guint8 hello[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, '~'};
  static const guint8 connack[] = {0x20, 2, 0, 0};
  kit_start(&wire->kit);
  wire->sync = kit_connect(&wire->kit);
  kit_send(wire->sync, hello, sizeof hello);
  kit_expect(wire->sync, connack, sizeof connack);
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    wire->fds[i] = -1;
  return TRUE;
}

static void
cut(gpointer user, guint conn)
{
  Wire *wire = user;
  if (wire->fds[conn] >= 0)
    close(wire->fds[conn]);
  wire->fds[conn] = -1;
}

static void
end(gpointer user)
{
  Wire *wire = user;
  if (wire->kit.server == NULL)
    return;
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    cut(wire, i);
  close(wire->sync);
  kit_stop(&wire->kit);
}

static void
open_conn(gpointer user, guint conn)
{
  Wire *wire = user;
  cut(wire, conn);
  wire->fds[conn] = kit_connect(&wire->kit);
}

static void
send_to(gpointer user, guint conn, const guint8 *data, gsize n)
{
  kit_send(((Wire *)user)->fds[conn], data, n);
}

static gboolean
wait_for(gpointer user, gint64 ns)
{
  static const guint8 ping[] = {0xC0, 0}, pong[] = {0xD0, 0};
  for (guint i = 0; i < 3; i++) {
    kit_send(((Wire *)user)->sync, ping, sizeof ping);
    kit_expect(((Wire *)user)->sync, pong, sizeof pong);
  }
  return ns == 0;
}

static gboolean
receive(gpointer user, guint conn, GByteArray *into)
{
  int fd = ((Wire *)user)->fds[conn];
  guint before;
  gboolean open;
  do {
    before = into->len;
    open = kit_receive(fd, 0, into);
  } while (open && into->len > before);
  return !open;
}

static void
crash(gpointer user)
{
  (void)user;
  g_assert_not_reached(); /* cases with a store are passed over */
}

static void
test_scripts(void)
{
  const char *srcdir = g_getenv("srcdir");
  g_autofree char *folder =
      g_build_filename(srcdir != NULL ? srcdir : ".", "tests/models/mqtt/scripts", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
  guint played = 0;
  g_assert_nonnull(dir);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
    Wire wire = {.sync = -1};
    ScriptBroker broker = {&wire, begin, end, open_conn, send_to, cut, wait_for, receive, crash};
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_str_has_suffix(name, ".txt"))
      played += script_play(path, &broker, failures);
  }
  for (guint i = 0; i < failures->len; i++)
    g_test_message("%s", (const char *)failures->pdata[i]);
  g_assert_cmpuint(failures->len, ==, 0);
  g_test_message("%u dialogues", played);
  g_assert_cmpuint(played, >, 40);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/live/scripts", test_scripts);
  return g_test_run();
}
