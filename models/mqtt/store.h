/* What must survive a crash leaves a machine as numbered operations on records with a key and a
 * value. The host applies them in order, at whatever latency, and answers mqtt_*_stored(up to
 * n). A crash keeps a prefix of the operations; a machine is made again from the records that
 * the prefix left, fed in the order of their keys. */
#pragma once

#include <glib.h>

/* Ordered by session, then kind, then number. */
typedef struct {
  guint64 session; /* number of the session, given by the machine; a client has one, 0 */
  guint64 number;  /* position, packet identifier or hash within the kind */
  guint32 kind;    /* of record: private to the machine */
} MqttStoreKey;

typedef struct {
  guint64 number; /* of the operation: 1, 2, 3, ... */
  MqttStoreKey key;
  const guint8 *value; /* NULL: the record is deleted */
  guint32 length;
  guint64 tag;       /* of the message that the record holds a copy of; 0: none */
  guint32 peer;      /* broker: client of the session */
  gboolean upstream; /* that copy is on the way up, from a publisher to a broker */
  gboolean more;     /* one change with the next operation: a crash keeps both or neither */
} MqttStoreOp;
