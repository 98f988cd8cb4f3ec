/* What becomes of an obligation: a message and a client that it is owed to. */
#pragma once

#include <glib.h>

typedef enum {
  FATE_ONCE,
  FATE_DUPLICATED,
  FATE_LOST,
  FATE_PENDING, /* could still have arrived when the run ended */
  FATE_N
} Fate;

/* What removed the last copy that could still have arrived. */
typedef enum {
  CAUSE_NONE,
  CAUSE_REFUSED_BY_CLIENT,
  CAUSE_CLIENT_QUEUE_FULL,
  CAUSE_CONNECTION_LOST,
  CAUSE_BROKER_REFUSED,
  CAUSE_BROKER_DISCARDED,
  CAUSE_BROKER_QUEUE_FULL,
  CAUSE_TOO_LARGE,
  CAUSE_MESSAGE_EXPIRED,
  CAUSE_SUBSCRIBER_OFFLINE,
  CAUSE_NO_SESSION,
  CAUSE_SESSION_EXPIRED,
  CAUSE_SESSION_DISCARDED,
  CAUSE_STATE_EXPIRED,
  CAUSE_REPLACED,            /* while QoS 2 was held until PUBREL, by one with its identifier */
  CAUSE_TAKEN_FOR_DUPLICATE, /* of a QoS 2 message whose identifier it was given too */
  CAUSE_PUBLISHER_STATE_LOST,
  CAUSE_BROKER_STATE_LOST,
  CAUSE_SUBSCRIBER_STATE_LOST,
  CAUSE_GAVE_UP,
  CAUSE_STUCK,
  CAUSE_BEYOND_VIEW, /* a real broker had it or may have had it: what it did, nobody knows */
  CAUSE_N
} Cause;

/* What the publisher's application was told. */
typedef enum { TOLD_NOTHING, TOLD_SUCCESS, TOLD_FAILURE, TOLD_N } Told;

const char *fate_name(Fate fate);    /* "once" */
const char *cause_name(Cause cause); /* "connection-lost" */
const char *told_name(Told told);    /* "success" */
