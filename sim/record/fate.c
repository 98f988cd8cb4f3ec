#include "sim/record/fate.h"

static const char *const fate_names[FATE_N] = {"once", "duplicated", "lost", "pending"};

static const char *const cause_names[CAUSE_N] = {
  [CAUSE_NONE] = "none",
  [CAUSE_REFUSED_BY_CLIENT] = "refused-by-client",
  [CAUSE_CLIENT_QUEUE_FULL] = "client-queue-full",
  [CAUSE_CONNECTION_LOST] = "connection-lost",
  [CAUSE_BROKER_REFUSED] = "broker-refused",
  [CAUSE_BROKER_DISCARDED] = "broker-discarded",
  [CAUSE_BROKER_QUEUE_FULL] = "broker-queue-full",
  [CAUSE_TOO_LARGE] = "too-large",
  [CAUSE_MESSAGE_EXPIRED] = "message-expired",
  [CAUSE_SUBSCRIBER_OFFLINE] = "subscriber-offline",
  [CAUSE_NO_SESSION] = "no-session",
  [CAUSE_SESSION_EXPIRED] = "session-expired",
  [CAUSE_SESSION_DISCARDED] = "session-discarded",
  [CAUSE_STATE_EXPIRED] = "state-expired",
  [CAUSE_REPLACED] = "replaced",
  [CAUSE_TAKEN_FOR_DUPLICATE] = "taken-for-duplicate",
  [CAUSE_PUBLISHER_STATE_LOST] = "publisher-state-lost",
  [CAUSE_BROKER_STATE_LOST] = "broker-state-lost",
  [CAUSE_SUBSCRIBER_STATE_LOST] = "subscriber-state-lost",
  [CAUSE_GAVE_UP] = "gave-up",
  [CAUSE_STUCK] = "stuck",
  [CAUSE_BEYOND_VIEW] = "beyond-view",
};

static const char *const told_names[TOLD_N] = {"nothing", "success", "failure"};

const char *
fate_name(Fate fate)
{
  g_assert((guint)fate < FATE_N);
  return fate_names[fate];
}

const char *
cause_name(Cause cause)
{
  g_assert((guint)cause < CAUSE_N);
  return cause_names[cause];
}

const char *
told_name(Told told)
{
  g_assert((guint)told < TOLD_N);
  return told_names[told];
}
