/* The messages under way: a slab of them, and an open-addressing table of slot + 1 by tag. */
#include "models/app/ledger-private.h"

#include <string.h>

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
}

Message *
ledger_message_new(Ledger *ledger, guint64 tag)
{
  if (ledger->free_slot == NO_SLOT) {
    guint32 n = ledger->n_slots ? ledger->n_slots * 2 : 64;
    ledger->messages = g_renew(Message, ledger->messages, n);
    for (guint32 i = n; i-- > ledger->n_slots;) {
      ledger->messages[i].tag = 0;
      ledger->messages[i].n_owed = ledger->free_slot; /* free slots are chained here */
      ledger->free_slot = i;
    }
    ledger->n_slots = n;
  }
  if ((ledger->live + 1) * 2 > ledger->table_mask)
    table_grow(ledger);
  guint32 slot = ledger->free_slot;
  Message *message = &ledger->messages[slot];
  ledger->free_slot = message->n_owed;
  memset(message, 0, sizeof *message);
  message->tag = tag;
  table_insert(ledger, tag, slot);
  ledger->live++;
  return message;
}

void
ledger_message_free(Ledger *ledger, Message *message)
{
  table_remove(ledger, message->tag);
  if (message->n_owed > 1)
    g_free(message->many);
  message->tag = 0;
  message->n_owed = ledger->free_slot;
  ledger->free_slot = (guint32)(message - ledger->messages);
  ledger->live--;
}
