/* Operations that a machine has made and its host has not yet fetched, with their values, in
 * order. */
#pragma once

#include "models/mqtt/event.h"
#include "models/mqtt/store.h"

typedef struct {
  GArray *ops; /* of Op, private */
  GByteArray *values;
  guint fetched;
  guint group;    /* operations made in one call of the machine */
  guint64 last;   /* number of the last operation made */
  guint64 stored; /* the host has stored up to here */
  MqttEvents *events;
} MqttStoreLog;

MqttStoreLog *mqtt_store_log_new(MqttEvents *events);
void mqtt_store_log_free(MqttStoreLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqttStoreLog, mqtt_store_log_free)
/* A crash: what was not stored never will be, and nothing waits for it; numbers go on. */
void mqtt_store_log_forget(MqttStoreLog *log);

/* What follows belongs together: a crash keeps all of it or nothing. */
static inline void
mqtt_store_log_group(MqttStoreLog *log)
{
  if (log != NULL)
    log->group++;
}

void mqtt_store_log_put(MqttStoreLog *log, MqttStoreKey key, const guint8 *value, gsize n,
                        guint64 tag, guint8 flags, guint32 peer); /* flags: UPSTREAM or none */
void mqtt_store_log_delete(MqttStoreLog *log, MqttStoreKey key, guint32 peer);
gboolean mqtt_store_log_next(MqttStoreLog *log, MqttStoreOp *op);
gboolean mqtt_store_log_waits(const MqttStoreLog *log); /* some are not fetched */
