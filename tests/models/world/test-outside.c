/* Clients among strangers, without sockets: the test is the host that carries the buffers. */
#include "tests/models/world/kit.h"

#include "models/world/outside.h"

/* So many that the engine looks ahead: of a connection to outside there is no stack to be asked
 * for. */
static void
test_many(void)
{
  g_autoptr(Scenario) scenario = kit_scenario(
      "[experiment]\ntitle = many\nwarmup = 10s\nduration = 10s\ndrain = 1s\n[broker hub]\n"
      "[client sensor]\ncount = 5000\nstart = uniform(0s, 1s)\n"
      "[publish reading]\nclient = sensor\ntopic = fleet/{n}\nqos = 1\nevery = 500ms\n");
  RunRequest request = {.seed = 1, .replication = 1};
  World *world = outside_new(scenario, &request, 0);
  const gint64 second_ns = G_GINT64_CONSTANT(1000000000);
  guint opened = 0, written = 0;
  for (gint64 now_ns = -10 * second_ns; now_ns <= -5 * second_ns; now_ns += second_ns / 10) {
    OutsideWish wish;
    g_assert_true(outside_pass(world, now_ns));
    while (outside_wish(world, &wish)) {
      if (wish.want == OUTSIDE_OPEN) {
        opened++;
        outside_opened(world, wish.conn);
      } else if (wish.want == OUTSIDE_WRITE) {
        gsize n;
        written++;
        g_assert_nonnull(outside_output(world, wish.conn, &n));
        g_assert_cmpuint(n, >, 0);
        outside_sent(world, wish.conn, n);
      }
    }
  }
  g_assert_cmpuint(opened, ==, 5000);
  g_assert_cmpuint(written, ==, 5000); /* CONNECT, which nobody answers */
  world_free(world);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/outside/many", test_many);
  return g_test_run();
}
