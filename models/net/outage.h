/* The outages of a link: an alternating renewal process, drawn by number and passed lazily, without
 * events. Several cursors over one stream see the same outages. Knows no packet. */
#pragma once

#include "models/net/net.h"

/* The outage that runs or comes next; asked for instants in rising order. */
typedef struct {
  gint64 start_ns, end_ns;
  guint64 n; /* its number, skipped ones counted */
} OutageCursor;

gboolean outage_configured(const LinkConfig *config);

/* The process begins at start_ns with a random phase: the first outage comes after one draw of the
 * interval, a constant interval being cut by a uniform share. */
void outage_start(OutageCursor *cursor, const LinkConfig *config, const RandomStream *stream,
                  gint64 start_ns);
gboolean outage_running(OutageCursor *cursor, const LinkConfig *config, const RandomStream *stream,
                        gint64 at_ns);
