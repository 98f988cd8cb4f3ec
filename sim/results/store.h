/* The results database: one experiment, its points, and what its runs gave. SQLite;
 * sim/results/schema.sql says what each table and view means.
 *
 * A Store is used by one thread at a time. One program writes at a time, others may read meanwhile.
 * A run is one transaction, so a program that is killed loses only the runs it had not handed over.
 * What is stored does not depend on the order in which runs are handed over, except the wall
 * seconds they took. */
#pragma once

#include "sim/record/outcome.h"

typedef enum {
  STORE_ERROR_OPEN,       /* no such file, no permission, a directory, ... */
  STORE_ERROR_FORMAT,     /* not a database of ours, or damaged */
  STORE_ERROR_VERSION,    /* of another version of the schema */
  STORE_ERROR_EXPERIMENT, /* of another experiment, or of another revision of the models */
  STORE_ERROR_BUSY,       /* another program is writing it */
  STORE_ERROR_FULL,       /* no room left: the disk, a quota or a limit on file sizes */
  STORE_ERROR_IO          /* anything else that went wrong with the file */
} StoreError;
#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);

typedef struct _Store Store;

typedef struct {
  const char *section, *key, *value;
} StoreSetting;

/* What a database belongs to. All strings are UTF-8 and copied; none is NULL. */
typedef struct {
  const char *key;      /* of the resolved values, swept ones left out; equal = same experiment */
  const char *revision; /* of the models */
  const char *title;
  const char *text;             /* the file, verbatim */
  const char *overrides;        /* what -D changed, a line each; "" if nothing */
  const char *libraries;        /* "GLib 2.74.6, GSL 2.7.1, SQLite 3.40.1" */
  const StoreSetting *settings; /* every resolved value that is no factor's */
  gsize settings_n;
} StoreExperiment;

/* A factor's value at a point. */
typedef struct {
  char *factor;  /* "sensor.ack_timeout", "$loss", "policy" */
  char *text;    /* as written: "3 * rtt" */
  char *value;   /* as resolved: "900 ms"; equal to text where there was nothing to resolve */
  double number; /* for an axis: seconds, bytes, ratio; INFINITY: never, unlimited; NaN: a word */
} StoreParameter;

typedef struct {
  guint number;       /* in the experiment as it was last run, from 1; 0: not among its points */
  char *key;          /* what it is known by: its values */
  GArray *parameters; /* StoreParameter, in the order of the factors */
  gint64 id;          /* the database's own */
  guint runs;         /* that are done */
} StorePoint;

StorePoint *store_point_new(guint number, const char *key);
void store_point_add(StorePoint *point, const char *factor, const char *text, const char *value,
                     double number);
void store_point_free(StorePoint *point);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StorePoint, store_point_free)

/* Opens for writing: creates the database, or opens the one of the same experiment (key and
 * revision equal; text, title and libraries become those given now). NULL and an error otherwise,
 * and then nothing was created, changed or removed. */
Store *store_open(const char *path, const StoreExperiment *experiment, GError **error);
Store *store_open_read(const char *path, GError **error); /* for reading only */
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

const char *store_path(const Store *store);
const char *store_title(const Store *store);
const char *store_text(const Store *store); /* the file, verbatim */
const char *store_overrides(const Store *store);
const char *store_key(const Store *store);
const char *store_revision(const Store *store);

/* Makes the points (StorePoint *) known, once, before the first run: those with a known key get the
 * number given, new ones are added, all others get number 0 and keep their runs. Fills in id and
 * runs. */
gboolean store_set_points(Store *store, GPtrArray *points, GError **error);
/* Whether that run of the point is done; answered from memory. */
gboolean store_has_run(const Store *store, const StorePoint *point, guint32 replication);
/* Adds a run of a point that was set, or replaces it; one transaction. After an error nothing of
 * the run is in the database, and the call may be tried again. A run with a breach is kept as such
 * and is not done. */
gboolean store_add_run(Store *store, const StorePoint *point, guint32 replication, guint64 seed,
                       const Outcome *outcome, double wall_s, GError **error);

/* The points that have a number, by number: StorePoint *, to unref. */
GPtrArray *store_points(Store *store, GError **error);
/* What the done runs of a point gave (elements with counters, histograms and examples; fingerprint,
 * events, virtual_ns): Outcome *, by rising replication, to unref. replications (or NULL): guint32
 * in the same order, to unref. */
GPtrArray *store_outcomes(Store *store, const StorePoint *point, GArray **replications,
                          GError **error);

/* What a replay must agree with. */
typedef struct {
  guint64 seed, fingerprint;
  char *breach; /* NULL: none; to free */
} StoreRun;
/* FALSE and no error if there is no such run. */
gboolean store_run(Store *store, const StorePoint *point, guint32 replication, StoreRun *run,
                   GError **error);

/* One obligation of a recorded message, with the names that its numbers stand for. */
typedef struct {
  OutcomeMessage row;
  char *section, *publisher, *subscriber; /* subscriber NULL: nobody was owed it */
} StoreMessage;
/* The obligations of one message: StoreMessage, to unref; empty if the run recorded none. */
GArray *store_message(Store *store, const StorePoint *point, guint32 replication, guint64 id,
                      GError **error);
