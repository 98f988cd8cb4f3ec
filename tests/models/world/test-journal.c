/* A write that a loss of power cuts at any byte is read back to whole changes: a prefix of what was
 * written, never half of one. */
#include "models/world/journal.h"

#include <string.h>

enum { CHANGES = 25 };

typedef struct {
  GByteArray *bytes;
  guint ends[CHANGES + 1]; /* operations up to each change */
  guint bounds[CHANGES + 1];
  GPtrArray *values; /* GBytes, by operation; NULL: a deletion */
} Written;

static void
write_all(Written *written)
{
  guint64 number = 0;
  written->bytes = g_byte_array_new();
  written->values = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  written->ends[0] = written->bounds[0] = 0;
  for (guint i = 0; i < CHANGES; i++) {
    MqttStoreOp ops[4];
    guint8 values[4][300];
    guint n = (guint)g_test_rand_int_range(1, 5);
    for (guint k = 0; k < n; k++) {
      guint32 length = (guint32)g_test_rand_int_range(0, sizeof values[k]);
      gboolean deletes = g_test_rand_int_range(0, 4) == 0;
      for (guint32 b = 0; b < length; b++)
        values[k][b] = (guint8)g_test_rand_int();
      ops[k] = (MqttStoreOp){.number = ++number,
                             .key = {number % 3, number % 7, 3},
                             .value = deletes ? NULL : values[k],
                             .length = deletes ? 0 : length,
                             .tag = number * 11,
                             .peer = (guint32)number,
                             .upstream = number & 1};
      g_ptr_array_add(written->values, deletes ? NULL : g_bytes_new(values[k], length));
    }
    journal_put(written->bytes, ops, n);
    written->ends[i + 1] = written->ends[i] + n;
    written->bounds[i + 1] = written->bytes->len;
  }
}

typedef struct {
  const Written *written;
  guint n;
} Reading;

static void
check_op(gpointer user, const MqttStoreOp *op)
{
  Reading *reading = user;
  GBytes *expected = reading->written->values->pdata[reading->n];
  guint64 number = ++reading->n;
  g_assert_cmpuint(op->number, ==, number);
  g_assert_cmpuint(op->key.session, ==, number % 3);
  g_assert_cmpuint(op->key.number, ==, number % 7);
  g_assert_cmpuint(op->tag, ==, number * 11);
  g_assert_true((op->value == NULL) == (expected == NULL));
  if (expected != NULL)
    g_assert_cmpmem(op->value, op->length, g_bytes_get_data(expected, NULL),
                    g_bytes_get_size(expected));
}

static void
test_cut(void)
{
  Written written;
  write_all(&written);
  guint whole = 0;
  for (guint n = 0; n <= written.bytes->len; n++) {
    Reading reading = {&written, 0};
    while (whole < CHANGES && n >= written.bounds[whole + 1])
      whole++;
    /* In a block of its own size, so that reading beyond it is seen. */
    g_autofree guint8 *bytes = g_memdup2(written.bytes->data, n);
    g_assert_cmpuint(journal_read(bytes, n, check_op, &reading), ==, whole);
    g_assert_cmpuint(reading.n, ==, written.ends[whole]);
  }
  g_assert_cmpuint(whole, ==, CHANGES);
  g_byte_array_unref(written.bytes);
  g_ptr_array_unref(written.values);
}

/* A byte that is not what was written ends the reading in front of its change. */
static void
test_damage(void)
{
  Written written;
  write_all(&written);
  for (guint i = 0; i < written.bytes->len; i += 3) {
    Reading reading = {&written, 0};
    guint change = 0;
    while (i >= written.bounds[change + 1])
      change++;
    written.bytes->data[i] ^= (guint8)(1u << (i & 7));
    g_assert_cmpuint(journal_read(written.bytes->data, written.bytes->len, check_op, &reading), ==,
                     change);
    written.bytes->data[i] ^= (guint8)(1u << (i & 7));
  }
  g_byte_array_unref(written.bytes);
  g_ptr_array_unref(written.values);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/journal/cut", test_cut);
  g_test_add_func("/journal/damage", test_damage);
  return g_test_run();
}
