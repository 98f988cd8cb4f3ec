/* The messages under way: a slab of them, and an open-addressing table of slot + 1 by tag for those
 * that are not the newest of their publishers. */
#include "models/app/ledger-private.h"

#include <stdlib.h>
#include <string.h>

/* Publishers in step have the same sequence, and the numbers of both are small: folded first, they
 * differ where the product carries it upwards. */
static guint32
tag_hash(guint64 tag)
{
  return (guint32)(((tag ^ tag >> 32) * 0x9E3779B97F4A7C15u) >> 32);
}

G_GNUC_NO_INLINE Obligation *
ledger_message_search(Message *message, guint32 client)
{
  guint low = 0, high = message->n_owed;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (message->many[middle].client < client)
      low = middle + 1;
    else
      high = middle;
  }
  return low < message->n_owed && message->many[low].client == client ? &message->many[low] : NULL;
}

G_GNUC_NO_INLINE Message *
ledger_message_older(const Ledger *ledger, guint64 tag)
{
  for (guint32 i = tag_hash(tag) & ledger->table_mask; ledger->table[i] != 0;
       i = (i + 1) & ledger->table_mask) {
    Message *message = &ledger->messages[ledger->table[i] - 1];
    if (message->tag == tag)
      return message;
  }
  return NULL;
}

static void
table_insert(Ledger *ledger, guint64 tag, guint32 slot)
{
  guint32 i = tag_hash(tag) & ledger->table_mask;
  while (ledger->table[i] != 0)
    i = (i + 1) & ledger->table_mask;
  ledger->table[i] = slot + 1;
}

static void
table_grow(Ledger *ledger)
{
  guint32 old_size = ledger->table_mask + 1;
  guint32 *old = ledger->table;
  ledger->table_mask = old_size * 2 - 1;
  ledger->table = g_new0(guint32, old_size * 2);
  for (guint32 i = 0; i < old_size; i++)
    if (old[i] != 0)
      table_insert(ledger, ledger->messages[old[i] - 1].tag, old[i] - 1);
  g_free(old);
}

static void
table_add(Ledger *ledger, guint32 slot)
{
  if (++ledger->n_older * 2 > ledger->table_mask)
    table_grow(ledger);
  table_insert(ledger, ledger->messages[slot].tag, slot);
}

/* Backward-shift deletion keeps probe sequences short without tombstones. */
static void
table_remove(Ledger *ledger, guint64 tag)
{
  guint32 mask = ledger->table_mask, i = tag_hash(tag) & mask;
  while (ledger->messages[ledger->table[i] - 1].tag != tag)
    i = (i + 1) & mask;
  for (guint32 j = i;;) {
    j = (j + 1) & mask;
    if (ledger->table[j] == 0)
      break;
    guint32 home = tag_hash(ledger->messages[ledger->table[j] - 1].tag) & mask;
    if (((j - home) & mask) >= ((j - i) & mask)) {
      ledger->table[i] = ledger->table[j];
      i = j;
    }
  }
  ledger->table[i] = 0;
  ledger->n_older--;
}

static void
slab_grow(Ledger *ledger)
{
  guint32 n = ledger->n_slots ? ledger->n_slots * 2 : 64;
  Message *messages = aligned_alloc(64, n * sizeof(Message));
  message_forget(ledger);
  g_assert(messages != NULL);
  if (ledger->n_slots > 0)
    memcpy(messages, ledger->messages, ledger->n_slots * sizeof(Message));
  free(ledger->messages);
  ledger->messages = messages;
  for (guint32 i = n; i-- > ledger->n_slots;) {
    ledger->messages[i].tag = 0;
    ledger->messages[i].n_owed = ledger->free_slot; /* free slots are chained here */
    ledger->free_slot = i;
  }
  ledger->n_slots = n;
}

Message *
ledger_message_new(Ledger *ledger, guint32 publisher, guint64 tag)
{
  guint32 *newest = &g_array_index(ledger->newest, guint32, publisher);
  if (ledger->free_slot == NO_SLOT)
    slab_grow(ledger);
  if (*newest != NO_SLOT)
    table_add(ledger, *newest);
  Message *message = &ledger->messages[ledger->free_slot];
  *newest = ledger->free_slot;
  ledger->free_slot = message->n_owed;
  memset(message, 0, G_STRUCT_OFFSET(Message, told_ns));
  message->tag = tag;
  ledger->recent = message;
  ledger->recent_tag = tag;
  ledger->live++;
  return message;
}

void
ledger_message_free(Ledger *ledger, Message *message)
{
  guint32 *newest = &g_array_index(ledger->newest, guint32, (message->tag >> SEQUENCE_BITS) - 1);
  guint32 slot = (guint32)(message - ledger->messages);
  if (*newest == slot)
    *newest = NO_SLOT;
  else
    table_remove(ledger, message->tag);
  if (ledger->recent == message)
    message_forget(ledger);
  if (message->n_owed > 1)
    g_free(message->many);
  message->tag = 0;
  message->n_owed = ledger->free_slot;
  ledger->free_slot = slot;
  ledger->live--;
}

void
ledger_ask(const Ledger *ledger, guint32 publisher, guint stage)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  const guint32 *newest = &g_array_index(ledger->newest, guint32, publisher);
  if (stage == 0) {
    __builtin_prefetch(newest);
    __builtin_prefetch(&g_array_index(ledger->publishers, Publisher, publisher));
  } else if (*newest != NO_SLOT) {
    __builtin_prefetch(&ledger->messages[*newest]);
    __builtin_prefetch(&ledger->messages[*newest].told_ns);
  }
}
