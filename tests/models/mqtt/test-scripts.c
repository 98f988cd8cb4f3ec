/* Plays tests/models/mqtt/scripts to the broker's machine in virtual time. */
#include "models/mqtt/broker.h"
#include "tests/models/mqtt/knobs.h"
#include "tests/models/mqtt/script.h"
#include "tests/models/mqtt/wire-text.h"

#include <string.h>

typedef struct {
  MqttStoreKey key;
  GBytes *value;
} Record;

typedef struct {
  gint64 now_ns;
  MqttBrokerConfig config;
  MqttBroker *broker;
  MqttEvents events;
  GByteArray *in[SCRIPT_CONNS], *out[SCRIPT_CONNS]; /* in: not yet taken by the machine */
  gboolean open[SCRIPT_CONNS], closed[SCRIPT_CONNS];
  MqttVersion versions[SCRIPT_CONNS];
  GArray *records; /* Record, of the store, in the order of their keys */
} Bench;

static gint
compare_keys(const MqttStoreKey *a, const MqttStoreKey *b)
{
  if (a->session != b->session)
    return a->session < b->session ? -1 : 1;
  if (a->kind != b->kind)
    return a->kind < b->kind ? -1 : 1;
  return a->number < b->number ? -1 : a->number > b->number;
}

static void
forget(Bench *bench, guint i)
{
  g_bytes_unref(g_array_index(bench->records, Record, i).value);
  g_array_remove_index(bench->records, i);
}

static void
apply(Bench *bench, const MqttStoreOp *op)
{
  guint i = 0;
  while (i < bench->records->len &&
         compare_keys(&g_array_index(bench->records, Record, i).key, &op->key) < 0)
    i++;
  if (i < bench->records->len &&
      compare_keys(&g_array_index(bench->records, Record, i).key, &op->key) == 0)
    forget(bench, i);
  if (op->value == NULL)
    return;
  Record record = {op->key, g_bytes_new(op->value, op->length)};
  g_array_insert_val(bench->records, i, record);
}

static void
take_events(Bench *bench)
{
  MqttStoreOp op;
  for (guint i = 0; i < bench->events.length; i++) {
    const MqttEvent *event = &bench->events.items[i];
    if (event->type == MQTT_EVENT_CLOSE)
      bench->closed[event->conn] = TRUE;
  }
  bench->events.length = 0;
  if (!bench->config.store)
    return;
  guint64 last = 0;
  while (mqtt_broker_store_op(bench->broker, &op)) {
    apply(bench, &op);
    last = op.number;
  }
  if (last > 0)
    mqtt_broker_stored(bench->broker, bench->now_ns, last);
}

static void
pull(Bench *bench)
{
  guint8 room[4096];
  for (guint32 conn; (conn = mqtt_broker_next_ready(bench->broker)) != MQTT_NO_PEER;) {
    for (gsize n;
         (n = mqtt_broker_output(bench->broker, bench->now_ns, conn, room, sizeof room)) > 0;) {
      /* Whatever makes the broker speak, it says what a server may say. */
      wire_assert_packet(room, n, bench->versions[conn], MQTT_FROM_SERVER);
      g_byte_array_append(bench->out[conn], room, (guint)n);
      take_events(bench);
    }
    take_events(bench);
  }
}

static void
feed(Bench *bench, guint conn)
{
  GByteArray *in = bench->in[conn];
  for (gsize n;
       in->len > 0 && !bench->closed[conn] &&
       (n = mqtt_broker_input(bench->broker, bench->now_ns, conn, in->data, in->len)) > 0;) {
    g_byte_array_remove_range(in, 0, (guint)n);
    take_events(bench);
    pull(bench);
  }
  take_events(bench);
  pull(bench);
}

static gboolean
begin(gpointer user, char **knobs)
{
  Bench *bench = user;
  gboolean known = TRUE;
  mqtt_broker_config_default(&bench->config);
  for (guint i = 0; knobs[i] != NULL; i++)
    known &= knob_set(&bench->config, knobs[i]);
  bench->config.ack_after_store = bench->config.store;
  bench->now_ns = 0;
  bench->broker = mqtt_broker_new(&bench->config, &bench->events);
  g_assert_true(known);
  return TRUE;
}

static void
open_conn(gpointer user, guint conn)
{
  Bench *bench = user;
  if (bench->open[conn])
    mqtt_broker_closed(bench->broker, bench->now_ns, conn);
  bench->open[conn] = TRUE;
  bench->closed[conn] = FALSE;
  bench->versions[conn] = 0;
  g_byte_array_set_size(bench->in[conn], 0);
  mqtt_broker_open(bench->broker, bench->now_ns, conn, conn);
}

static void
cut(gpointer user, guint conn)
{
  Bench *bench = user;
  if (!bench->open[conn])
    return;
  bench->open[conn] = FALSE;
  mqtt_broker_closed(bench->broker, bench->now_ns, conn);
  take_events(bench);
  pull(bench);
}

static void
end(gpointer user)
{
  Bench *bench = user;
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    cut(bench, i);
    g_byte_array_set_size(bench->out[i], 0);
  }
  bench->events.length = 0;
  g_clear_pointer(&bench->broker, mqtt_broker_free);
  while (bench->records->len > 0)
    forget(bench, bench->records->len - 1);
}

static void
send_to(gpointer user, guint conn, const guint8 *data, gsize n)
{
  static const guint8 name[] = {0, 4, 'M', 'Q', 'T', 'T', MQTT_5_0};
  Bench *bench = user;
  if (bench->versions[conn] == 0) /* a CONNECT that is shorter than 128 bytes, or nothing good */
    bench->versions[conn] =
        n > 9 && memcmp(data + 2, name, sizeof name) == 0 ? MQTT_5_0 : MQTT_3_1_1;
  g_byte_array_append(bench->in[conn], data, (guint)n);
  feed(bench, conn);
}

static gboolean
wait_for(gpointer user, gint64 ns)
{
  Bench *bench = user;
  gint64 until_ns = bench->now_ns + ns;
  for (gint64 due; (due = mqtt_broker_deadline(bench->broker)) <= until_ns;) {
    bench->now_ns = MAX(due, bench->now_ns);
    mqtt_broker_timeout(bench->broker, bench->now_ns);
    take_events(bench);
    pull(bench);
  }
  bench->now_ns = until_ns;
  return TRUE;
}

static gboolean
receive(gpointer user, guint conn, GByteArray *into)
{
  Bench *bench = user;
  g_byte_array_append(into, bench->out[conn]->data, bench->out[conn]->len);
  g_byte_array_set_size(bench->out[conn], 0);
  return bench->closed[conn];
}

static guint32
peer_of(gpointer user, MqttBytes client_id)
{
  (void)user;
  (void)client_id;
  return 0;
}

static void
crash(gpointer user)
{
  Bench *bench = user;
  mqtt_broker_lose_state(bench->broker, MQTT_CAUSE_STATE_LOST);
  bench->events.length = 0;
  for (guint i = 0; i < SCRIPT_CONNS; i++)
    bench->open[i] = FALSE;
  for (guint i = 0; i < bench->records->len; i++) {
    const Record *record = &g_array_index(bench->records, Record, i);
    gsize n;
    const guint8 *value = g_bytes_get_data(record->value, &n);
    mqtt_broker_load(bench->broker, bench->now_ns, &record->key, value, n, peer_of, NULL);
  }
  take_events(bench);
}

static void
test_script(gconstpointer path)
{
  Bench bench = {.records = g_array_new(FALSE, FALSE, sizeof(Record))};
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    bench.in[i] = g_byte_array_new();
    bench.out[i] = g_byte_array_new();
  }
  ScriptSubject broker = {&bench,   begin,   end,   open_conn, send_to, cut,
                          wait_for, receive, crash, NULL,      NULL};
  script_test(path, &broker);
  for (guint i = 0; i < SCRIPT_CONNS; i++) {
    g_byte_array_unref(bench.in[i]);
    g_byte_array_unref(bench.out[i]);
  }
  g_array_unref(bench.records);
  mqtt_events_clear(&bench.events);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  script_add_tests("/mqtt/scripts", "scripts", test_script);
  return g_test_run();
}
