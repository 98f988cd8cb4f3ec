/* Worlds drawn from a seed: topology, links, faults, policies. Whatever they do, fates add up, no
 * invariant is breached, the wire is legal, and the same seed gives the same run.
 *
 * QOSIM_WORLD_TEXT=number prints a world's experiment, for tests of the program. */
#include "models/mqtt/quirks.h"
#include "tests/models/world/draw.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORLDS = 300 };

static void
add_link(GRand *rand, GString *text, const char *name)
{
  g_string_append_printf(text, "[link %s]\n", name);
  g_string_append_printf(text, "rtt = %s\n",
                         PICK(rand, "0s", "20ms", "300ms", "2s",
                              "lognormal(median=120ms, p95=250ms)", "exponential(200ms)"));
  g_string_append_printf(text, "order = %s\n", PICK(rand, "fifo", "fifo", "free"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "rate = %s\nqueue = %s\n",
                           PICK(rand, "20kbit/s", "300kbit/s", "1Mbit/s"),
                           PICK(rand, "3packets", "20packets", "5kB"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "loss = %s\n",
                           PICK(rand, "1%", "5%", "20%", "gilbert(mean=3%, burst=400ms)",
                                "gilbert(mean=10%, burst=3s, loss_bad=70%)"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "outage_every = %s\noutage_lasts = %s\n",
                           PICK(rand, "40s", "exponential(60s)", "exponential(15s)"),
                           PICK(rand, "2s", "exponential(5s)", "lognormal(median=4s, p95=30s)"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "nat_timeout = %s\nnat_on_expiry = %s\n", PICK(rand, "2s", "10s"),
                           PICK(rand, "drop", "reset"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "mtu = %s\n", PICK(rand, "576B", "1358B"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "%s = %s\n", PICK(rand, "up_loss", "down_loss"),
                           PICK(rand, "30%", "gilbert(mean=20%, burst=2s)"));
}

static void
add_tcp(GRand *rand, GString *text)
{
  g_string_append_printf(text, "[tcp odd]\nprofile = %s\n",
                         PICK(rand, "linux", "rfc6298", "lwip", "zephyr"));
  g_string_append_printf(text, "send_buffer = %s\nreceive_buffer = %s\n",
                         PICK(rand, "1kB", "5kB", "64kB"), PICK(rand, "1kB", "3kB", "64kB"));
  g_string_append_printf(text, "syn_retries = %s\ndata_retries = %s\n", PICK(rand, "0", "6"),
                         PICK(rand, "1", "5", "15"));
  g_string_append_printf(text, "delayed_ack = %s\nrto_max = %s\n", PICK(rand, "never", "500ms"),
                         PICK(rand, "2s", "120s"));
}

static void
add_machine(GRand *rand, GString *text, gboolean client)
{
  if (draw_maybe(rand))
    g_string_append_printf(text, "tcp = %s\n", PICK(rand, "linux", "rfc6298", "odd"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "user_timeout = %s\ntcp_keepalive = %s\n",
                           PICK(rand, "never", "5s", "1min"), PICK(rand, "never", "1s", "20s"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "inflight = %s\n", PICK(rand, "1", "2", "20"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "queue = %s\non_queue_full = %s\n", PICK(rand, "0", "2", "50"),
                           PICK(rand, "drop-new", "drop-old", "refuse"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "receive_maximum = %s\n", PICK(rand, "1", "3", "20"));
  if (draw_maybe(rand))
    g_string_append(text, "qos2_receiver = on-pubrel\n");
  if (draw_maybe(rand))
    g_string_append_printf(
        text, "store = %s\nack_after_store = %s\n",
        PICK(rand, "every-change(2ms)", "every-change(exponential(200ms))", "snapshot(7s)"),
        PICK(rand, "yes", "no"));
  if (draw_maybe(rand))
    g_string_append(text, "nagle = yes\n");
  if (draw_maybe(rand))
    g_string_append_printf(text, "queue_bytes = %s\n", PICK(rand, "0B", "500B", "10kB"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "maximum_packet_size = %s\n", PICK(rand, "100B", "2kB"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "topic_alias_maximum = %s\n", PICK(rand, "1", "10"));
  if (!client) {
    if (draw_maybe(rand))
      g_string_append_printf(text, "qos0_backlog = %s\n", PICK(rand, "0", "3"));
    if (draw_maybe(rand))
      g_string_append_printf(text, "process = %s\n", PICK(rand, "1ms", "exponential(20ms)"));
    if (draw_maybe(rand))
      g_string_append_printf(text, "maximum_qos = %s\n", PICK(rand, "0", "1", "2"));
    if (draw_maybe(rand))
      g_string_append_printf(text, "server_keep_alive = %s\n", PICK(rand, "1s", "5s"));
    if (draw_maybe(rand))
      g_string_append_printf(text, "session_expiry_maximum = %s\n", PICK(rand, "0s", "5s", "1h"));
    if (draw_maybe(rand) && draw_maybe(rand))
      g_string_append_printf(text, "connections = %s\n", PICK(rand, "2", "4"));
  }
}

static void
add_will(GRand *rand, GString *text)
{
  g_string_append_printf(text, "will = alarm/{client}\nwill_qos = %s\nwill_retain = %s\n",
                         PICK(rand, "0", "1", "2"), PICK(rand, "yes", "no"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "will_delay = %s\n", PICK(rand, "1s", "10s"));
}

/* Any of what real libraries do, together. */
static void
add_quirks(GRand *rand, GString *text)
{
  const char *before = "quirks = ";
  for (guint i = 1; mqtt_client_quirk_names[i] != NULL; i++) {
    if (g_rand_int_range(rand, 0, 3) != 0)
      continue;
    g_string_append_printf(text, "%s%s", before, mqtt_client_quirk_names[i]);
    before = ", ";
  }
  g_string_append_c(text, '\n');
}

static void
add_client(GRand *rand, GString *text, const char *name, const char *link)
{
  g_string_append_printf(text, "[client %s]\ncount = %d\nlink = %s\n", name,
                         g_rand_int_range(rand, 1, 6), link);
  const char *protocol = PICK(rand, "mqtt5", "mqtt311");
  g_string_append_printf(text, "protocol = %s\n", protocol);
  add_machine(rand, text, TRUE);
  if (draw_maybe(rand)) {
    g_string_append(text, "clean_start = no\n");
    if (protocol[4] == '5')
      g_string_append_printf(text, "session_expiry = %s\n", PICK(rand, "0s", "5s", "1h", "never"));
    if (protocol[4] == '5' && draw_maybe(rand))
      g_string_append(text, "disconnect_expiry = 0s\n");
  }
  if (draw_maybe(rand))
    g_string_append_printf(text, "keep_alive = %s\n", PICK(rand, "2s", "10s", "never"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "ping_timeout = %s\n", PICK(rand, "1s", "5s", "never"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "connect_timeout = %s\n", PICK(rand, "1s", "5s", "never"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "connack_timeout = %s\n", PICK(rand, "2s", "keep-alive", "never"));
  if (draw_maybe(rand))
    add_quirks(rand, text);
  if (draw_maybe(rand))
    g_string_append_printf(text, "ack_timeout = %s\non_ack_timeout = %s\n",
                           PICK(rand, "50ms", "200ms", "1s", "5s"),
                           PICK(rand, "report", "resend", "reconnect", "give-up"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "ack_backoff = %s\nack_tries = %s\n", PICK(rand, "1", "2"),
                           PICK(rand, "1", "3", "unlimited"));
  if (draw_maybe(rand))
    g_string_append(text, "ping_when = either\n");
  if (draw_maybe(rand))
    g_string_append_printf(text, "goodbye = %s\n",
                           protocol[4] == '5' ? PICK(rand, "with-will", "vanish") : "vanish");
  if (draw_maybe(rand))
    g_string_append_printf(text, "resubscribe = %s\n", PICK(rand, "always", "never"));
  if (draw_maybe(rand))
    add_will(rand, text);
  if (draw_maybe(rand))
    g_string_append_printf(text, "session_present = %s\n", PICK(rand, "obey", "ignore"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "offline_queue = %s\n", PICK(rand, "none", "all"));
  if (draw_maybe(rand))
    g_string_append_printf(
        text, "reconnect = %s\n",
        PICK(rand, "100ms", "exponential(2s)", "backoff(1s, max=10s, jitter=50%)"));
}

static void
add_publish(GRand *rand, GString *text, const char *name, const char *client, const char *topic,
            const char *size)
{
  g_string_append_printf(text, "[publish %s]\nclient = %s\ntopic = %s\nqos = %s\nevery = %s\n",
                         name, client, topic, PICK(rand, "0", "1", "2"),
                         PICK(rand, "100ms", "500ms", "2s", "exponential(1s)"));
  g_string_append_printf(text, "size = %s\n", size);
  if (draw_maybe(rand))
    g_string_append(text, "retain = yes\n");
  if (draw_maybe(rand))
    g_string_append_printf(text, "message_expiry = %s\n", PICK(rand, "1s", "10s"));
  if (draw_maybe(rand))
    g_string_append(text, "topic_alias = yes\n");
}

static void
add_subscribe(GRand *rand, GString *text, const char *name, const char *client, const char *filter)
{
  g_string_append_printf(text, "[subscribe %s]\nclient = %s\nfilter = %s\nqos = %s\n", name, client,
                         filter, PICK(rand, "0", "1", "2"));
  if (draw_maybe(rand))
    g_string_append_printf(text, "process = %s\nack_when = %s\n",
                           PICK(rand, "10ms", "exponential(300ms)"),
                           PICK(rand, "received", "processed"));
  if (draw_maybe(rand) && filter[0] != '$')
    g_string_append(text, "no_local = yes\n");
  if (draw_maybe(rand))
    g_string_append_printf(text, "retain_as_published = yes\nretain_handling = %s\n",
                           PICK(rand, "0", "1", "2"));
  if (draw_maybe(rand))
    g_string_append(text, "identifier = 7\n");
}

static void
add_faults(GRand *rand, GString *text)
{
  static const char *const targets[] = {"sensor", "each sensor", "dashboard",
                                        "hub",    "radio",       "each radio"};
  guint n = (guint)g_rand_int_range(rand, 0, 4);
  for (guint i = 0; i < n; i++) {
    guint target = (guint)g_rand_int_range(rand, 0, G_N_ELEMENTS(targets));
    g_string_append_printf(
        text, "[fault f%u]\nwhat = %s\ntarget = %s\nlasts = %s\n%s\n", i,
        target >= 4 ? "outage" : PICK(rand, "crash", "restart", "power-loss"), targets[target],
        PICK(rand, "0s", "1s", "exponential(5s)"),
        PICK(rand, "at = uniform(1s, 50s)", "every = exponential(20s)", "gap = 15s"));
    if (target >= 4 && draw_maybe(rand))
      g_string_append_printf(text, "direction = %s\n", PICK(rand, "up", "down"));
    if (draw_maybe(rand))
      g_string_append_printf(text, "share = %s\n", PICK(rand, "1%", "50%", "90%"));
  }
}

/* Mosquitto as it is, or one oddity of it by itself. */
static void
add_broker(GRand *rand, GString *text)
{
  guint n = 0;
  while (mqtt_quirk_names[n] != NULL)
    n++;
  g_string_append(text, "[broker hub]\n");
  if (draw_maybe(rand))
    g_string_append(text, "profile = mosquitto-2.0\n");
  else
    g_string_append_printf(text, "quirks = %s\n",
                           mqtt_quirk_names[g_rand_int_range(rand, 0, (gint32)n)]);
  if (draw_maybe(rand))
    g_string_append_printf(text, "overlapping = %s\n", PICK(rand, "once", "each"));
}

static char *
draw_world(guint32 number)
{
  GRand *rand = g_rand_new_with_seed(number);
  GString *text = g_string_new("[experiment]\ntitle = a world\nwarmup = 10s\nduration = 60s\n");
  g_string_append_printf(text, "drain = %s\nrecord = %s\n", PICK(rand, "0s", "30s", "10min"),
                         PICK(rand, "summary", "messages"));
  add_link(rand, text, "radio");
  add_link(rand, text, "backhaul");
  if (draw_maybe(rand))
    g_string_append(text, "shared = yes\n");
  add_tcp(rand, text);
  add_broker(rand, text);
  add_machine(rand, text, FALSE);
  add_client(rand, text, "sensor", PICK(rand, "radio", "radio > backhaul"));
  add_client(rand, text, "dashboard", PICK(rand, "perfect", "backhaul", "wifi"));
  for (guint i = 0; i < 2; i++)
    add_publish(rand, text, i == 0 ? "reading" : "alarm", "sensor",
                i == 0 ? "reading/{client}" : "alarm/{client}", PICK(rand, "8B", "100B", "4kB"));
  add_publish(rand, text, "command", "dashboard",
              PICK(rand, "command/{any sensor}", "command/{each sensor}"), "100B");
  add_subscribe(rand, text, "all", "dashboard", PICK(rand, "#", "reading/+"));
  if (draw_maybe(rand))
    add_subscribe(rand, text, "more", "dashboard", PICK(rand, "alarm/#", "+/sensor-1", "#"));
  add_subscribe(rand, text, "commands", "sensor", "command/{client}");
  if (draw_maybe(rand)) {
    add_client(rand, text, "worker", PICK(rand, "radio", "backhaul", "wifi"));
    add_subscribe(rand, text, "work", "worker", "$share/workers/reading/+");
  }
  add_faults(rand, text);
  g_rand_free(rand);
  return g_string_free(text, FALSE);
}

static void
try_world(guint32 number)
{
  g_autofree char *text = draw_world(number);
  g_autoptr(Outcome) outcome = draw_run(number, text);
}

static void
test_random_worlds(void)
{
  draw_worlds(WORLDS, try_world);
}

int
main(int argc, char **argv)
{
  const char *print = getenv("QOSIM_WORLD_TEXT");
  if (print != NULL) {
    g_autofree char *text = draw_world((guint32)g_ascii_strtoull(print, NULL, 10));
    return fputs(text, stdout) < 0;
  }
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/random-worlds/hold-what-must-hold", test_random_worlds);
  return g_test_run();
}
