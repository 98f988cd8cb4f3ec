/* The dialogues of tests/models/mqtt/scripts over sockets: the machine is the same, so what is
 * shown is that nothing between it and the wire changes a byte. */
#include "tests/models/live/kit.h"
#include "tests/models/live/wire.h"
#include "tests/models/mqtt/knobs.h"
#include "tests/models/mqtt/script.h"

typedef struct {
  Wire wire;
  Kit kit;
} Bench;

static gboolean
begin(gpointer user, char **knobs)
{
  Bench *bench = user;
  kit_init(&bench->kit);
  for (guint i = 0; knobs[i] != NULL; i++) {
    /* A store is tested with its file, and one connection of 3.1.1 is taken here. */
    if (g_str_has_prefix(knobs[i], "store=") || g_str_has_prefix(knobs[i], "connections=") ||
        g_str_has_prefix(knobs[i], "versions="))
      return FALSE;
    g_assert_true(knob_set(&bench->kit.broker, knobs[i]));
  }
  kit_start(&bench->kit);
  wire_start(&bench->wire, live_server_port(bench->kit.server));
  return TRUE;
}

static void
end(gpointer user)
{
  Bench *bench = user;
  if (bench->kit.server == NULL)
    return;
  wire_stop(&bench->wire);
  kit_stop(&bench->kit);
}

static gboolean
wait_for(gpointer user, gint64 ns)
{
  wire_sync(user);
  return ns == 0;
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
  g_autoptr(GPtrArray) paths = script_paths("scripts");
  g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
  guint played = 0;
  for (guint i = 0; i < paths->len; i++) {
    Bench bench = {0};
    ScriptSubject broker = {&bench,   begin,        end,   wire_open, wire_send, wire_cut,
                            wait_for, wire_receive, crash, NULL,      NULL};
    played += script_play(paths->pdata[i], &broker, failures);
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
