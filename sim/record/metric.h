/* What a run counts, and what is computed from the counts. Every ratio is a sum over a sum across
 * replications, so each can be computed again from the counters in the database. */
#pragma once

#include "sim/record/fate.h"

typedef enum { OF_PUBLISH = 1, OF_CLIENT = 2, OF_LINK = 4, OF_BROKER = 8 } MetricOf;

/* Counters of a run, per element. Names are stable: they are rows of the database. */
typedef enum {
  /* publish sections */
  COUNT_PUBLISHED, /* publish() calls in the window */
  COUNT_OWED,
  COUNT_ONCE,
  COUNT_DUPLICATED,
  COUNT_LOST,
  COUNT_PENDING,
  COUNT_WITH_OWED,    /* messages that had an obligation */
  COUNT_COMPLETE,     /* of them those with all obligations met */
  COUNT_DEADLINE_MET, /* obligations met within the deadline of the section */
  COUNT_ANY_MET,      /* messages with at least one obligation met */
  COUNT_EXTRA_COPIES,
  COUNT_SILENT_LOSS, /* lost, told success */
  COUNT_RESENDS_TIMER,
  COUNT_RESENDS_RECONNECT,
  COUNT_NEEDLESS_RESENDS,
  COUNT_DOWNGRADED,
  COUNT_MET_IN_WINDOW,
  COUNT_WINDOW_S,  /* seconds of the window; the same for all sections, so merged by maximum */
  COUNT_FATE_TOLD, /* FATE_N x TOLD_N counters: fate * TOLD_N + told */
  COUNT_LOST_CAUSE = COUNT_FATE_TOLD + FATE_N * TOLD_N, /* CAUSE_N counters */
  COUNT_SILENT_CAUSE = COUNT_LOST_CAUSE + CAUSE_N,      /* CAUSE_N counters: lost, told success */
  /* client groups and links */
  COUNT_CLIENTS = COUNT_SILENT_CAUSE + CAUSE_N,
  COUNT_BYTES_UP, /* IP bytes that entered the link from time zero */
  COUNT_BYTES_DOWN,
  COUNT_WINDOW_BYTES, /* both, within the window */
  COUNT_MQTT_BYTES_UP,
  COUNT_MQTT_BYTES_DOWN,
  COUNT_PACKETS_UP,
  COUNT_PACKETS_DOWN,
  COUNT_PACKETS_LOST,  /* loss, outage, full queue */
  COUNT_GROUP_ANY_MET, /* messages of the group with at least one obligation met */
  COUNT_DATA_SEGMENTS,
  COUNT_TCP_RETRANSMISSIONS,
  COUNT_RECONNECTS,      /* CONNACKs with success after a client's first, in the window */
  COUNT_CLIENT_WINDOW_S, /* seconds: clients times window */
  COUNT_BLIND_S,         /* seconds holding a doomed connection */
  COUNT_OFFLINE_S,       /* seconds knowing that there is none */
  COUNT_WANTED_S,        /* seconds that a connection is wanted */
  COUNT_QUEUE_PEAK,      /* maximum, not a sum */
  COUNT_INFLIGHT_PEAK,   /* maximum, not a sum */
  COUNT_REFUSED,
  COUNT_N
} Counter;

typedef enum {
  HISTOGRAM_LATENCY,     /* publish() to first hand-over, obligations met */
  HISTOGRAM_ACK_LATENCY, /* publish() to success told */
  HISTOGRAM_DETECT_CLIENT,
  HISTOGRAM_DETECT_BROKER,
  HISTOGRAM_N
} HistogramId;

/* "owed", "lost:connection-lost", "fate:lost/success"; to free. */
char *counter_name(Counter counter);
gboolean counter_is_peak(Counter counter); /* merged by maximum over the elements of a run */
const char *histogram_name(HistogramId histogram);

typedef enum {
  METRIC_COUNT,    /* sum of the numerators per replication, averaged */
  METRIC_RATIO,    /* of things counted, 0..1: sum of numerators / sum of denominators */
  METRIC_SHARE,    /* of time, 0..1: likewise */
  METRIC_RATE,     /* scale * sum of numerators / sum of denominators, any size */
  METRIC_MEAN,     /* mean of a histogram */
  METRIC_QUANTILE, /* of a histogram */
  METRIC_ARRIVAL,  /* quantile with losses and pending counted as infinitely late */
  METRIC_PEAK      /* largest over replications */
} MetricKind;

typedef struct {
  const char *name; /* "delivery_ratio"; "latency_p" takes digits: latency_p99, latency_p99.9 */
  MetricOf of;      /* one or more */
  MetricKind kind;
  Counter numerators[3];   /* added; ended by COUNT_N */
  Counter denominators[2]; /* added; ended by COUNT_N */
  HistogramId histogram;
  double scale;
  const char *unit;    /* "" (shown in %), "1" (a number), "s", "B", "1/s", "1/day", "B/day" */
  const char *heading; /* of a column, without unit: "delivered"; digits follow: "p" */
  const char *label;   /* of an axis, likewise: "delivery ratio"; "latency, p" */
  const char *help;    /* the exact sentence */
} Metric;

extern const Metric metric_table[];
extern const guint metric_table_n;

/* Parses "delivery_ratio", "command.latency_p99": *section is NULL if none was named (to free),
 * *quantile 0..1 for quantile metrics, else NaN. NULL: no such metric, and *section is NULL. The
 * name of a section is not looked up. */
const Metric *metric_parse(const char *text, char **section, double *quantile);
