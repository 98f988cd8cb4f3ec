#include "tests/models/mqtt/books.h"

GHashTable *
books_new(void)
{
  return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

void
books_add(GHashTable *table, guint64 tag, gint n)
{
  gint64 count = (gint64)GPOINTER_TO_SIZE(g_hash_table_lookup(table, &tag)) + n;
  g_assert_cmpint(count, >=, 0);
  if (count == 0)
    g_hash_table_remove(table, &tag);
  else
    g_hash_table_insert(table, g_memdup2(&tag, sizeof tag), GSIZE_TO_POINTER((gsize)count));
}

/* Stores */

static void
free_op(gpointer data)
{
  BooksOp *op = data;
  g_free(op->value);
  g_free(op);
}

void
books_store_init(BooksStore *store)
{
  *store = (BooksStore){.ops = g_ptr_array_new_with_free_func(free_op)};
}

void
books_store_clear(BooksStore *store)
{
  g_clear_pointer(&store->ops, g_ptr_array_unref);
}

void
books_fetch(BooksStore *store, const MqttStoreOp *op)
{
  BooksOp *copy = g_new(BooksOp, 1);
  g_assert_cmpuint(op->number, >, store->last);
  store->last = op->number;
  copy->op = *op;
  copy->value = op->value == NULL ? NULL : g_memdup2(op->value, MAX(op->length, 1));
  g_ptr_array_add(store->ops, copy);
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
  const MqttStoreKey *x = &(*(BooksOp *const *)a)->op.key, *y = &(*(BooksOp *const *)b)->op.key;
  if (x->session != y->session)
    return x->session < y->session ? -1 : 1;
  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  return (x->number > y->number) - (x->number < y->number);
}

GPtrArray *
books_records(BooksStore *store, guint64 kept)
{
  guint n = store->ops->len;
  if (kept > 0)
    n = (guint)MIN(kept, n);
  while (n > 0 && n < store->ops->len && ((BooksOp *)store->ops->pdata[n - 1])->op.more)
    n--;
  g_ptr_array_set_size(store->ops, (gint)n);
  GPtrArray *left = g_ptr_array_new();
  for (guint i = 0; i < n; i++) {
    BooksOp *op = store->ops->pdata[i];
    for (guint j = 0; j < left->len; j++) {
      if (compare_keys(&left->pdata[j], &op) == 0) {
        g_ptr_array_remove_index(left, j);
        break;
      }
    }
    if (op->value != NULL)
      g_ptr_array_add(left, op);
  }
  g_ptr_array_sort(left, compare_keys);
  return left;
}
