/* What outlives a crash of a client or broker: records on a medium where one write takes a while.
 * Operations that come while a write is under way go together into the next one (group commit). A
 * crash loses what was not written. */
#include "models/world/world-private.h"

#include <string.h>

typedef struct {
  MqttStoreKey key;
  guint8 *value; /* NULL: deletion */
  guint32 length;
  guint64 tag;
  guint32 where; /* of the copy that it holds, in the ledger's terms */
  guint64 number;
} Record;

struct _Medium {
  MediumConfig config;
  guint32 number;     /* in world->stores */
  GTree *image;       /* MqttStoreKey * (within the Record) -> Record * */
  GPtrArray *pending; /* Record *: operations not yet written */
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

Medium *
medium_new(World *world, const MediumConfig *config)
{
  Medium *store = g_new0(Medium, 1);
  store->config = *config;
  store->number = world->stores->len;
  store->image = g_tree_new_full(compare_keys, NULL, NULL, record_free);
  store->pending = g_ptr_array_new_with_free_func(record_free);
  g_ptr_array_add(world->stores, store);
  return store;
}

void
medium_free(Medium *store)
{
  g_tree_unref(store->image);
  g_ptr_array_unref(store->pending);
  g_free(store);
}

static void
medium_begin(World *world, Medium *store)
{
  if (store->writing > 0 || store->pending->len == 0)
    return;
  store->writing = store->pending->len;
  gint64 latency_ns = dist_draw_ns(store->config.latency, &store->config.stream, store->writes++);
  sim_at(world->sim, sim_add(world_time(world), latency_ns), world->kind_store, store->number,
         store->epoch);
}

/* A copy on the medium, or on its way there, can come back after a crash, so it is in the ledger's
 * custody too. */
void
medium_take(World *world, Medium *store)
{
  MqttStoreOp op;
  gboolean client = store->config.client != NONE;
  while (client ? mqtt_client_store_op(world->clients[store->config.client].mqtt, &op)
                : mqtt_broker_store_op(world->brokers[store->config.broker].mqtt, &op)) {
    Record *record = g_new0(Record, 1);
    record->key = op.key;
    record->value = op.value ? g_memdup2(op.value, MAX(op.length, 1)) : NULL;
    record->length = op.length;
    record->tag = op.tag;
    record->where = op.upstream ? LEDGER_UP : (client ? store->config.client : op.peer);
    record->number = op.number;
    if (record->tag != 0)
      ledger_copy(world->ledger, record->tag, record->where, world_time(world));
    g_ptr_array_add(store->pending, record);
  }
  medium_begin(world, store);
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

static void
on_written(gpointer user, guint32 number, guint32 epoch)
{
  World *world = user;
  Medium *store = g_ptr_array_index(world->stores, number);
  if (epoch != store->epoch)
    return;
  guint64 up_to = 0;
  for (guint i = 0; i < store->writing; i++) {
    Record *record = g_ptr_array_index(store->pending, i);
    up_to = record->number;
    medium_apply(world, store, record);
    store->pending->pdata[i] = NULL;
  }
  g_ptr_array_remove_range(store->pending, 0, store->writing);
  store->writing = 0;
  if (store->config.client != NONE) {
    mqtt_client_stored(world->clients[store->config.client].mqtt, world_time(world), up_to);
    client_pump(world, store->config.client);
  } else {
    mqtt_broker_stored(world->brokers[store->config.broker].mqtt, world_time(world), up_to);
    broker_pump(world, store->config.broker);
  }
  medium_begin(world, store);
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
  store->writing = 0;
  store->epoch++;
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
}
