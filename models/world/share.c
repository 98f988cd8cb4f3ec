/* Shared subscriptions: their groups, which are recipients in the ledger, and who is in which. */
#include "models/mqtt/shares.h"
#include "models/world/world-private.h"

/* The only subscription of a client that shares one; to free. NULL: it shares none. */
static char *
share_of(const World *world, const Group *group, guint32 n)
{
  if (group->subscriptions->len != 1)
    return NULL;
  guint32 index = g_array_index(group->subscriptions, guint32, 0);
  const char *filter = world->subscriptions[index].filter;
  return mqtt_share_is(mqtt_bytes(filter)) ? spec_topic(filter, group->section->name, n) : NULL;
}

void
share_find(World *world)
{
  for (guint g = 0; g < world->n_groups; g++)
    for (guint32 n = 1; n <= world->groups[g].count; n++) {
      char *filter = share_of(world, &world->groups[g], n);
      if (filter == NULL)
        break;
      if (g_hash_table_contains(world->share_numbers, filter)) {
        g_free(filter);
        continue;
      }
      g_hash_table_insert(world->share_numbers, filter, GUINT_TO_POINTER(world->shares->len));
      g_ptr_array_add(world->shares, filter);
    }
}

guint32
share_number(const World *world, guint32 client)
{
  const Client *one = &world->clients[client];
  g_autofree char *filter = share_of(world, &world->groups[one->group], one->n);
  return filter == NULL ? NONE
                        : GPOINTER_TO_UINT(g_hash_table_lookup(world->share_numbers, filter));
}

void
share_join(World *world)
{
  for (guint32 i = 0; i < world->n_clients; i++) {
    guint32 share = share_number(world, i);
    if (share != NONE)
      ledger_join(world->ledger, i, share);
  }
}
