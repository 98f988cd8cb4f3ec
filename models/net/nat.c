#include "models/net/nat.h"

#define UNKNOWN G_MININT64 /* no packet of the flow has passed */

void
nat_init(NatTable *table)
{
  *table = (NatTable){.passed_ns = g_array_new(FALSE, FALSE, sizeof(gint64))};
}

void
nat_clear(NatTable *table)
{
  g_array_unref(table->passed_ns);
}

void
nat_begin(NatTable *table, guint32 flow)
{
  gint64 unknown = UNKNOWN;
  guint end = (flow + 1) * table->per_flow;

  while (table->passed_ns->len < end)
    g_array_append_val(table->passed_ns, unknown);
  for (guint i = end - table->per_flow; i < end; i++)
    g_array_index(table->passed_ns, gint64, i) = UNKNOWN;
}

gboolean
nat_pass(NatTable *table, guint32 flow, guint nat, gint64 timeout_ns, gint64 now_ns,
         gint64 *gone_ns)
{
  gint64 *passed_ns;

  g_assert(nat < table->per_flow && (flow + 1) * table->per_flow <= table->passed_ns->len);
  passed_ns = &g_array_index(table->passed_ns, gint64, flow * table->per_flow + nat);
  if (*passed_ns != UNKNOWN && now_ns - *passed_ns > timeout_ns) {
    *gone_ns = *passed_ns + timeout_ns;
    return FALSE;
  }
  *passed_ns = now_ns;
  return TRUE;
}
