/* What a host of machines keeps books of: the copies of each message, and a store as the prefix of
 * operations that has reached it. */
#pragma once

#include "models/mqtt/event.h"
#include "models/mqtt/store.h"

/* Tag -> copies. No count may fall below zero. */
GHashTable *books_new(void);
void books_add(GHashTable *table, guint64 tag, gint n);

typedef struct {
  MqttStoreOp op;
  guint8 *value;
} BooksOp;

typedef struct {
  GPtrArray *ops; /* of BooksOp */
  guint64 last;
} BooksStore;

void books_store_init(BooksStore *store);
void books_store_clear(BooksStore *store);
void books_fetch(BooksStore *store, const MqttStoreOp *op);
/* The records that the first `kept` operations (0: all) leave, rounded down to whole changes, in
 * the order of their keys: BooksOp, views. The others are forgotten. */
GPtrArray *books_records(BooksStore *store, guint64 kept);
