/* Who publishes what and when: intervals, sizes and topics of a stream of publications, drawn by
 * message number. */
#pragma once

#include "sim/random/dist.h"

/* A publish section; shared by the streams of all its clients. */
typedef struct {
  guint8 qos;
  guint32 size;      /* payload bytes, at least 8 */
  const Dist *every; /* between publish() calls */
  const Dist
      *start; /* first call after the start of the warm-up; NULL: uniform over the first interval */
} WorkloadConfig;

/* From the start of the warm-up to the first call. */
gint64 workload_first_ns(const WorkloadConfig *config, const RandomStream *stream);
/* From the n-th call (n >= 1) to the next. */
gint64 workload_interval_ns(const WorkloadConfig *config, const RandomStream *stream, guint64 n);
/* A payload, to free: room for the tag, then filling. */
guint8 *workload_payload_new(guint32 size);
/* Writes the tag, big-endian. */
void workload_tag(guint8 *payload, guint64 tag);
