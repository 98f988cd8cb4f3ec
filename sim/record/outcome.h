/* What a run gives back: one plain record. Times are nanoseconds from time zero, the end of the
 * warm-up. */
#pragma once

#include "sim/record/histogram.h"
#include "sim/record/metric.h"
#include "sim/record/scenario.h"

#include <stdio.h>

typedef struct {
  MetricOf of;
  char *name;               /* of the section */
  double counters[COUNT_N]; /* counts are exact below 2^53; seconds are rounded at the end */
  Histogram histograms[HISTOGRAM_N];
  guint64 examples[CAUSE_N]; /* number of a message lost by that cause; 0: none */
} OutcomeElement;

/* One obligation, when messages are recorded. A message owed to nobody has one row with subscriber
 * G_MAXUINT32. */
typedef struct {
  guint64 id;      /* of the message in its run, from 1 (those of the warm-up have none) */
  guint32 section; /* index of the publish section among the elements */
  guint32 publisher, subscriber; /* numbers of clients, see Outcome.clients */
  gint64 published_ns;
  gint64 latency_ns; /* -1: not delivered */
  gint64 told_ns;    /* when success or failure was first told; -1: never */
  guint32 copies;
  guint16 sends, needless; /* PUBLISH sent in all hops; needless resends, of the message */
  guint8 qos, fate, cause, told;
} OutcomeMessage;

/* One line of the story of one message. */
typedef struct {
  gint64 at_ns;
  char *where; /* client, broker or link */
  char *what;
} OutcomeEvent;

/* One segment that carried packets of that message, or parts of them. */
typedef struct {
  gint64 at_ns;
  gint64 arrives_ns;   /* G_MAXINT64: never, or not before the end of the run */
  char *what;          /* "PUBLISH (time-out)" */
  const char *lost;    /* by what; NULL: it was not */
  guint32 client;      /* whose connection it was */
  gboolean up;         /* from the client to its broker */
  gboolean subscriber; /* on the way to a subscriber, or an answer from there */
} OutcomeTravel;

void outcome_travel_clear(gpointer travel); /* frees what it holds */

/* One TCP segment on one link, when segments are recorded. */
typedef struct {
  gint64 at_ns;      /* when it comes to the link */
  gint64 arrives_ns; /* at its other end; G_MAXINT64: never, or not before the end of the run */
  guint64 seq, ack;  /* SYN has number 0 */
  const char *again; /* why it was sent again; NULL: it is the first time */
  const char *lost;  /* by what; NULL: it was not */
  guint32 link;      /* see Outcome.links */
  guint32 client, connection; /* its client, and which of that client's connections, from 1 */
  guint16 payload, bytes;     /* of MQTT, of the IP packet */
  guint8 flags;               /* as in the header of TCP */
  gboolean up;                /* from the client to its broker */
} OutcomeSegment;

typedef struct {
  GPtrArray *elements; /* OutcomeElement * */
  GPtrArray *clients;  /* char *: "sensor-17", indexed by number; only if messages are recorded */
  GArray *messages;    /* OutcomeMessage; NULL unless recorded */
  GArray *story;       /* OutcomeEvent; NULL unless traced */
  GArray *travels;     /* OutcomeTravel; likewise */
  GArray *segments;    /* OutcomeSegment, by at_ns; NULL unless recorded */
  GPtrArray *links;    /* char *: "radio/sensor-17", indexed by number; likewise */
  guint64 fingerprint;
  guint64 events;
  gint64 virtual_ns; /* length of the run, warm-up included */
  char *breach;      /* an invariant that did not hold, in words; NULL: none */
} Outcome;

Outcome *outcome_new(void);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)
/* Found or added; the outcome's. */
OutcomeElement *outcome_element(Outcome *outcome, MetricOf of, const char *name);

/* How a run is asked for; the function is given to the study by whoever knows the models. */
typedef struct {
  guint64 seed;
  guint32 replication; /* from 1 */
  guint64 trace_id;    /* number of the message whose story is wanted; 0: none */
  gboolean monitor;    /* check every connection's bytes by an independent monitor */
  FILE *pcap;          /* where packets are written, see models/world/pcap.h; NULL: nowhere */
  const gint *cancel;  /* atomic: not 0 = stop soon; the run then returns NULL */
} RunRequest;

typedef Outcome *(*RunFunc)(const Scenario *scenario, const RunRequest *request);
