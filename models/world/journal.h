/* What a write to a medium is, as bytes: the operations of a machine (models/mqtt/store.h), each
 * change with its length and a checksum in front, so that whatever part of it a loss of power
 * leaves is read back to a whole number of changes. */
#pragma once

#include "models/mqtt/store.h"

/* Any change of any byte changes it, as good as surely; the length comes in first. */
guint64 journal_checksum(const guint8 *bytes, gsize n);

/* Appends one change: operations that a crash keeps or loses together. */
void journal_put(GByteArray *journal, const MqttStoreOp *ops, guint n);

/* Calls back for the operations of every change that is whole, in order; stops at the first that is
 * not. Views are of the bytes. Returns how many changes there were. Any bytes are safe. */
guint journal_read(const guint8 *bytes, gsize n, void (*op)(gpointer user, const MqttStoreOp *op),
                   gpointer user);
