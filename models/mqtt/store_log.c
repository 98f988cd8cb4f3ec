#include "models/mqtt/store_log.h"

typedef struct {
  MqttStoreOp op;
  guint offset; /* of its value */
  guint group;
} Op;

MqttStoreLog *
mqtt_store_log_new(MqttEvents *events)
{
  MqttStoreLog *log = g_new0(MqttStoreLog, 1);
  log->ops = g_array_new(FALSE, FALSE, sizeof(Op));
  log->values = g_byte_array_new();
  log->events = events;
  return log;
}

void
mqtt_store_log_free(MqttStoreLog *log)
{
  if (log == NULL)
    return;
  g_array_unref(log->ops);
  g_byte_array_unref(log->values);
  g_free(log);
}

static void
clear(MqttStoreLog *log)
{
  g_array_set_size(log->ops, 0);
  g_byte_array_set_size(log->values, 0);
  log->fetched = 0;
}

void
mqtt_store_log_forget(MqttStoreLog *log)
{
  clear(log);
  log->stored = log->last;
}

static Op *
append(MqttStoreLog *log, MqttStoreKey key, guint32 peer)
{
  if (log->fetched > 0 && log->fetched == log->ops->len)
    clear(log);
  g_array_set_size(log->ops, log->ops->len + 1);
  Op *op = &g_array_index(log->ops, Op, log->ops->len - 1);
  *op = (Op){.op = {.number = ++log->last, .key = key, .peer = peer},
             .offset = log->values->len,
             .group = log->group};
  mqtt_events_push(log->events, MQTT_EVENT_STORE)->number = log->last;
  return op;
}

void
mqtt_store_log_put(MqttStoreLog *log, MqttStoreKey key, const guint8 *value, gsize n, guint64 tag,
                   guint8 flags, guint32 peer)
{
  Op *op = append(log, key, peer);
  op->op.length = (guint32)n;
  op->op.tag = tag;
  op->op.upstream = (flags & MQTT_FLAG_UPSTREAM) != 0;
  op->op.value = value; /* says that there is one; the view is made when it is fetched */
  g_byte_array_append(log->values, value, (guint)n);
}

void
mqtt_store_log_delete(MqttStoreLog *log, MqttStoreKey key, guint32 peer)
{
  append(log, key, peer);
}

gboolean
mqtt_store_log_next(MqttStoreLog *log, MqttStoreOp *op)
{
  if (log == NULL || log->fetched == log->ops->len)
    return FALSE;
  const Op *next = &g_array_index(log->ops, Op, log->fetched++);
  *op = next->op;
  if (op->value != NULL)
    op->value = log->values->data + next->offset;
  op->more = log->fetched < log->ops->len && next[1].group == next->group;
  return TRUE;
}

gboolean
mqtt_store_log_waits(const MqttStoreLog *log)
{
  return log != NULL && log->fetched < log->ops->len;
}
