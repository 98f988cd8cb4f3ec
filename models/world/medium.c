/* What outlives a crash of a client or broker: records on a medium.
 *
 * every-change: one write takes a while, and operations that come while it is under way go together
 * into the next one (group commit). A crash loses what was not written, a loss of power leaves a
 * part of the bytes that were being written.
 *
 * snapshot: what changed since the last one is written at intervals, at once and whole (a new file
 * in place of the old one). Until then it is in memory only, the last state of each record. */
#include "models/world/journal.h"
#include "models/world/world-private.h"

#include <string.h>

typedef struct {
  MqttStoreKey key;
  guint8 *value; /* NULL: deletion */
  guint32 length;
  guint64 tag;
  guint32 where; /* of the copy that it holds, in the ledger's terms */
  guint32 peer;
  guint64 number;
  gboolean more; /* one change with the next */
} Record;

struct _Medium {
  MediumConfig config;
  guint32 number;     /* in world->stores */
  GTree *image;       /* MqttStoreKey * (within the Record) -> Record * */
  GPtrArray *pending; /* Record *: operations not yet written */
  GTree *changed;     /* snapshot: the same, the last of each record */
  guint writing;      /* so many of them are being written; 0: idle */
  guint64 writes;
  guint32 epoch; /* crashes so far: a write that was under way then never ends */
};

static int
compare_keys(gconstpointer a, gconstpointer b, gpointer user)
{
  const MqttStoreKey *x = a, *y = b;
  (void)user;
  if (x->session != y->session)
    return x->session < y->session ? -1 : 1;
  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static void
record_free(gpointer data)
{
  Record *record = data;
  if (record == NULL) /* it went into the image */
    return;
  g_free(record->value);
  g_free(record);
}

static void
medium_schedule(World *world, const Medium *store, gint64 in_ns)
{
  sim_at(world->sim, sim_add(world_time(world), in_ns), world->kind_store, store->number,
         store->epoch);
}

Medium *
medium_new(World *world, const MediumConfig *config)
{
  Medium *store = g_new0(Medium, 1);
  store->config = *config;
  store->number = world->stores->len;
  store->image = g_tree_new_full(compare_keys, NULL, NULL, record_free);
  store->pending = g_ptr_array_new_with_free_func(record_free);
  store->changed = g_tree_new_full(compare_keys, NULL, NULL, record_free);
  g_ptr_array_add(world->stores, store);
  if (config->kind.latency == NULL) /* the first at a random phase */
    medium_schedule(
        world, store,
        (gint64)(random_uniform(&store->config.stream, 0) * (double)config->kind.every_ns));
  return store;
}

void
medium_free(Medium *store)
{
  g_tree_unref(store->image);
  g_tree_unref(store->changed);
  g_ptr_array_unref(store->pending);
  g_free(store);
}

static void
medium_begin(World *world, Medium *store)
{
  if (store->writing > 0 || store->pending->len == 0)
    return;
  store->writing = store->pending->len;
  medium_schedule(world, store,
                  dist_draw_ns(store->config.kind.latency, &store->config.stream, store->writes++));
}

static Record *
record_new(const World *world, const MqttStoreOp *op, guint32 owner)
{
  Record *record = g_new0(Record, 1);
  record->key = op->key;
  record->value = op->value ? g_memdup2(op->value, MAX(op->length, 1)) : NULL;
  record->length = op->length;
  record->tag = op->tag != 0 ? op->tag ^ world->disguise : 0;
  record->where = op->upstream ? LEDGER_UP : (owner != NONE ? owner : op->peer);
  record->peer = op->peer;
  record->number = op->number;
  record->more = op->more;
  return record;
}

static void
medium_answer(World *world, const Medium *store, guint64 up_to)
{
  if (store->config.client != NONE)
    mqtt_client_stored(world->clients[store->config.client].mqtt, world_time(world), up_to);
  else
    mqtt_broker_stored(world->brokers[store->config.broker].mqtt, world_time(world), up_to);
}

/* A copy on the medium, or on its way there, can come back after a crash, so it is in the ledger's
 * custody too. What only the next snapshot will write cannot. */
void
medium_take(World *world, Medium *store)
{
  MqttStoreOp op;
  guint32 client = store->config.client;
  gboolean snapshots = store->config.kind.latency == NULL;
  guint64 last = 0;
  while (client != NONE ? mqtt_client_store_op(world->clients[client].mqtt, &op)
                        : mqtt_broker_store_op(world->brokers[store->config.broker].mqtt, &op)) {
    Record *record = record_new(world, &op, client);
    last = record->number;
    if (snapshots) {
      g_tree_replace(store->changed, &record->key, record);
      continue;
    }
    if (record->tag != 0)
      ledger_copy(world->ledger, record->tag, record->where, world_time(world));
    g_ptr_array_add(store->pending, record);
  }
  if (!snapshots)
    medium_begin(world, store);
  else if (last > 0)
    medium_answer(world, store, last); /* nothing waits for it */
}

static void
medium_apply(World *world, Medium *store, Record *record)
{
  const Record *old = g_tree_lookup(store->image, &record->key);
  guint64 old_tag = old ? old->tag : 0;
  guint32 old_where = old ? old->where : NONE;
  if (record->value != NULL)
    g_tree_replace(store->image, &record->key, record);
  else {
    g_tree_remove(store->image, &record->key);
    record_free(record);
  }
  if (old_tag != 0)
    ledger_gone(world->ledger, old_tag, old_where, world_time(world), CAUSE_NONE);
}

/* The first n operations that wait are on the medium now. */
static void
medium_write(World *world, Medium *store, guint n)
{
  guint64 up_to = 0;
  for (guint i = 0; i < n; i++) {
    Record *record = g_ptr_array_index(store->pending, i);
    up_to = record->number;
    medium_apply(world, store, record);
    store->pending->pdata[i] = NULL;
  }
  g_ptr_array_remove_range(store->pending, 0, n);
  if (up_to > 0)
    medium_answer(world, store, up_to);
}

static gboolean
collect_record(gpointer key, gpointer value, gpointer user)
{
  (void)key;
  g_ptr_array_add(user, value);
  return FALSE;
}

static void
medium_snapshot(World *world, Medium *store)
{
  g_autoptr(GPtrArray) changed = g_ptr_array_new();
  g_tree_foreach(store->changed, collect_record, changed);
  for (guint i = 0; i < changed->len; i++) {
    const Record *record = changed->pdata[i];
    Record *written = g_memdup2(record, sizeof *record);
    written->value = record->value ? g_memdup2(record->value, MAX(record->length, 1)) : NULL;
    if (written->tag != 0)
      ledger_copy(world->ledger, written->tag, written->where, world_time(world));
    medium_apply(world, store, written);
  }
  g_tree_remove_all(store->changed);
}

static void
on_written(gpointer user, guint32 number, guint32 epoch)
{
  World *world = user;
  Medium *store = g_ptr_array_index(world->stores, number);
  if (epoch != store->epoch)
    return;
  if (store->config.kind.latency == NULL) {
    medium_snapshot(world, store);
    medium_schedule(world, store, store->config.kind.every_ns);
    return;
  }
  guint n = store->writing;
  store->writing = 0;
  medium_write(world, store, n);
  if (store->config.client != NONE)
    client_pump(world, &world->clients[store->config.client]);
  else
    broker_pump(world, &world->brokers[store->config.broker]);
  medium_begin(world, store);
}

void
medium_flush(World *world, Medium *store)
{
  medium_take(world, store);
  store->writing = 0;
  store->epoch++;
  if (store->config.kind.latency == NULL)
    medium_snapshot(world, store);
  else
    medium_write(world, store, store->pending->len);
}

void
medium_register(World *world)
{
  world->kind_store = sim_register(world->sim, on_written, world);
}

void
medium_crash(World *world, Medium *store)
{
  /* What held the others when the crash came has said so; the medium itself loses nothing. */
  for (guint i = 0; i < store->pending->len; i++) {
    const Record *record = g_ptr_array_index(store->pending, i);
    if (record->tag != 0)
      ledger_gone(world->ledger, record->tag, record->where, world_time(world), CAUSE_NONE);
  }
  g_ptr_array_set_size(store->pending, 0);
  g_tree_remove_all(store->changed);
  store->writing = 0;
  store->epoch++;
}

static void
count_op(gpointer user, const MqttStoreOp *op)
{
  (void)op;
  ++*(guint *)user;
}

/* The bytes of the write that is under way. */
static GByteArray *
medium_journal(const Medium *store)
{
  GByteArray *journal = g_byte_array_new();
  g_autoptr(GArray) change = g_array_new(FALSE, FALSE, sizeof(MqttStoreOp));
  for (guint i = 0; i < store->writing; i++) {
    const Record *record = g_ptr_array_index(store->pending, i);
    MqttStoreOp op = {.number = record->number,
                      .key = record->key,
                      .value = record->value,
                      .length = record->length,
                      .tag = record->tag,
                      .peer = record->peer,
                      .upstream = record->where == LEDGER_UP};
    g_array_append_val(change, op);
    if (record->more && i + 1 < store->writing)
      continue;
    journal_put(journal, (const MqttStoreOp *)(gpointer)change->data, change->len);
    g_array_set_size(change, 0);
  }
  return journal;
}

void
medium_tear(World *world, Medium *store)
{
  guint whole = 0;
  if (store->writing == 0)
    return;
  g_autoptr(GByteArray) journal = medium_journal(store);
  guint64 cut = random_below(&store->config.stream, store->writes | G_GUINT64_CONSTANT(1) << 63,
                             journal->len + 1);
  journal_read(journal->data, cut, count_op, &whole);
  store->writing = 0;
  medium_write(world, store, whole);
}

static gboolean
collect_tag(gpointer key, gpointer value, gpointer user)
{
  Record *record = value;
  (void)key;
  if (record->tag != 0)
    g_hash_table_add(user, &record->tag);
  return FALSE;
}

GHashTable *
medium_tags(const Medium *store)
{
  GHashTable *tags = g_hash_table_new(g_int64_hash, g_int64_equal);
  g_tree_foreach(store->image, collect_tag, tags);
  return tags;
}

static guint32
medium_peer_of(gpointer user, MqttBytes client_id)
{
  return world_client_number(user, client_id);
}

typedef struct {
  World *world;
  const Medium *store;
} Loading;

static gboolean
load_record(gpointer key, gpointer value, gpointer user)
{
  const Loading *loading = user;
  World *world = loading->world;
  const Record *record = value;
  if (loading->store->config.client != NONE)
    mqtt_client_load(world->clients[loading->store->config.client].mqtt, key, record->value,
                     record->length);
  else
    mqtt_broker_load(world->brokers[loading->store->config.broker].mqtt, world_time(world), key,
                     record->value, record->length, medium_peer_of, world);
  return FALSE;
}

void
medium_load(World *world, Medium *store)
{
  Loading loading = {world, store};
  g_tree_foreach(store->image, load_record, &loading);
  if (store->config.kind.latency == NULL)
    medium_schedule(world, store, store->config.kind.every_ns);
}
