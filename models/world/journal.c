#include "models/world/journal.h"

#include <string.h>

/* In front of a change. */
typedef struct {
  guint64 checksum; /* of what follows, its head included from length on */
  guint32 length;   /* of the operations */
  guint32 count;
} ChangeHead;

/* In front of an operation's value. */
typedef struct {
  MqttStoreKey key;
  guint64 number, tag;
  guint32 length, peer;
  guint8 deletes, upstream, more, reserved;
} OpHead;

guint64
journal_checksum(const guint8 *bytes, gsize n)
{
  guint64 sum = 0x9E3779B97F4A7C15u ^ n, word;
  gsize i = 0;
  for (; i + 8 <= n; i += 8) {
    memcpy(&word, bytes + i, 8);
    sum = (sum ^ word) * 0xD6E8FEB86659FD93u;
    sum ^= sum >> 32;
  }
  for (; i < n; i++)
    sum = (sum ^ bytes[i]) * 0xD6E8FEB86659FD93u;
  return sum ^ sum >> 32;
}

#define SUMMED offsetof(ChangeHead, length)

static void
put_op(GByteArray *journal, const MqttStoreOp *op)
{
  OpHead head;
  memset(&head, 0, sizeof head);
  head.key.session = op->key.session;
  head.key.number = op->key.number;
  head.key.kind = op->key.kind;
  head.number = op->number;
  head.tag = op->tag;
  head.length = op->value != NULL ? op->length : 0;
  head.peer = op->peer;
  head.deletes = op->value == NULL;
  head.upstream = op->upstream != FALSE;
  head.more = op->more != FALSE;
  g_byte_array_append(journal, (const guint8 *)&head, sizeof head);
  if (head.length > 0)
    g_byte_array_append(journal, op->value, head.length);
}

void
journal_put(GByteArray *journal, const MqttStoreOp *ops, guint n)
{
  ChangeHead head = {.count = n};
  guint at = journal->len;
  g_byte_array_append(journal, (const guint8 *)&head, sizeof head);
  for (guint i = 0; i < n; i++)
    put_op(journal, &ops[i]);
  head.length = journal->len - at - (guint)sizeof head;
  memcpy(journal->data + at, &head, sizeof head);
  head.checksum = journal_checksum(journal->data + at + SUMMED, journal->len - at - SUMMED);
  memcpy(journal->data + at, &head, sizeof head);
}

/* The next operation; FALSE: the bytes are no operation. */
static gboolean
take_op(const guint8 **bytes, gsize *n, MqttStoreOp *op)
{
  OpHead head;
  if (*n < sizeof head)
    return FALSE;
  memcpy(&head, *bytes, sizeof head);
  if (*n - sizeof head < head.length)
    return FALSE;
  *op = (MqttStoreOp){.number = head.number,
                      .key = head.key,
                      .value = head.deletes ? NULL : *bytes + sizeof head,
                      .length = head.length,
                      .tag = head.tag,
                      .peer = head.peer,
                      .upstream = head.upstream,
                      .more = head.more};
  *bytes += sizeof head + head.length;
  *n -= sizeof head + head.length;
  return TRUE;
}

guint
journal_read(const guint8 *bytes, gsize n, void (*op)(gpointer user, const MqttStoreOp *op),
             gpointer user)
{
  ChangeHead head;
  guint changes = 0;
  while (n >= sizeof head) {
    memcpy(&head, bytes, sizeof head);
    if (n - sizeof head < head.length ||
        journal_checksum(bytes + SUMMED, sizeof head - SUMMED + head.length) != head.checksum)
      break;
    const guint8 *p = bytes + sizeof head;
    gsize left = head.length;
    MqttStoreOp one;
    for (guint i = 0; i < head.count && take_op(&p, &left, &one); i++)
      op(user, &one);
    bytes += sizeof head + head.length;
    n -= sizeof head + head.length;
    changes++;
  }
  return changes;
}
