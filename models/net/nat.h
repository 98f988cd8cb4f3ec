/* Address translation at the far end of links: a mapping per flow and NAT, which lasts as long as
 * no two packets of the flow, of either direction, are further apart than the NAT's time-out. Knows
 * no links: a NAT is the number that it has on the route of the flow. */
#pragma once

#include <glib.h>

typedef struct {
  GArray *passed_ns; /* gint64, per flow and NAT: when the last packet passed */
  guint per_flow;    /* the most NATs that a route has */
} NatTable;

void nat_init(NatTable *table);
void nat_clear(NatTable *table);
/* A flow of that number begins: nothing is known of it. */
void nat_begin(NatTable *table, guint32 flow);
/* A packet meets the NAT; FALSE: its mapping is gone, since *gone_ns. */
gboolean nat_pass(NatTable *table, guint32 flow, guint nat, gint64 timeout_ns, gint64 now_ns,
                  gint64 *gone_ns);
