#include "models/mqtt/broker.h"

#include "models/mqtt/broker_private.h"
#include "models/mqtt/bytes.h"
#include "models/mqtt/pipe_inline.h"

void
mqtt_broker_config_default(MqttBrokerConfig *config)
{
  *config = (MqttBrokerConfig){.maximum_qos = 2,
                               .inflight = MQTT_UNLIMITED,
                               .queue = MQTT_UNLIMITED,
                               .queue_bytes = G_MAXINT64,
                               .qos0_backlog = MQTT_UNLIMITED,
                               .on_queue_full = MQTT_DROP_NEW,
                               .receive_maximum = 65535,
                               .maximum_packet_size = MQTT_UNLIMITED,
                               .keep_alive_factor = 1.5,
                               .connections = MQTT_UNLIMITED,
                               .retain_available = TRUE,
                               .wildcard_available = TRUE,
                               .shared_available = TRUE,
                               .subscription_ids_available = TRUE,
                               .topic_alias_send = 65535,
                               .session_expiry_maximum_s = EXPIRY_NEVER,
                               .qos2_receiver = MQTT_QOS2_ON_PUBLISH};
}

static void
make_tables(MqttBroker *broker)
{
  broker->ready = (MqttReady){.gated = g_array_new(FALSE, FALSE, sizeof(MqttGate))};
  broker->links = g_ptr_array_new();
  broker->sessions = g_ptr_array_new();
  broker->free_indices = g_array_new(FALSE, FALSE, sizeof(guint32));
  broker->by_id = g_hash_table_new(mqtt_bytes_hash, mqtt_bytes_equal);
  broker->tree = mqtt_topic_tree_new();
  broker->shares = mqtt_shares_new();
  broker->retained = mqtt_retained_new();
  broker->deadlines = mqtt_deadlines_new();
  broker->loading = NULL;
  broker->connections = broker->sessions_online = 0;
}

static void
free_link(MqttBroker *broker, Link *link)
{
  mqtt_pipe_clear(&link->pipe);
  broker_route_forget(broker, link);
  mqtt_pool_give_back(&broker->core.events->pool, link, sizeof *link);
}

static void
free_tables(MqttBroker *broker)
{
  for (guint i = 0; i < broker->links->len; i++)
    if (broker->links->pdata[i] != NULL)
      free_link(broker, broker->links->pdata[i]);
  for (guint i = 0; i < broker->sessions->len; i++)
    if (broker->sessions->pdata[i] != NULL)
      broker_session_free(broker->sessions->pdata[i]);
  g_free(broker->ready.conns);
  g_array_unref(broker->ready.gated);
  g_ptr_array_unref(broker->links);
  g_ptr_array_unref(broker->sessions);
  g_array_unref(broker->free_indices);
  g_hash_table_unref(broker->by_id);
  mqtt_topic_tree_free(broker->tree);
  mqtt_shares_free(broker->shares);
  mqtt_retained_free(broker->retained);
  mqtt_deadlines_free(broker->deadlines);
}

MqttBroker *
mqtt_broker_new(const MqttBrokerConfig *config, MqttEvents *events)
{
  MqttBroker *broker = g_new0(MqttBroker, 1);
  broker->config = config;
  broker->core = (MqttCore){.events = events,
                            .log = config->store ? mqtt_store_log_new(events) : NULL,
                            .ready = &broker->ready,
                            .inflight = config->inflight,
                            .queue = config->queue,
                            .queue_bytes = config->queue_bytes,
                            .qos0_backlog = config->qos0_backlog,
                            .quirks = config->quirks,
                            .receive_maximum = config->receive_maximum,
                            .on_queue_full = (guint8)config->on_queue_full,
                            .in_flags = MQTT_FLAG_UPSTREAM,
                            .ack_after_store = config->ack_after_store != FALSE};
  broker->found = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  make_tables(broker);
  return broker;
}

void
mqtt_broker_free(MqttBroker *broker)
{
  if (broker == NULL)
    return;
  free_tables(broker);
  g_array_unref(broker->found);
  g_free(broker->own_targets);
  mqtt_store_log_free(broker->core.log);
  g_free(broker);
}

void
mqtt_broker_lose_state(MqttBroker *broker, MqttCause cause)
{
  for (guint i = 0; i < broker->sessions->len; i++) {
    BrokerSession *session = broker->sessions->pdata[i];
    if (session != NULL)
      mqtt_session_event(&broker->core, &session->s, MQTT_EVENT_SESSION_GONE,
                         session->s.recorded ? MQTT_FLAG_SESSION : 0, 0)
          ->cause = cause;
  }
  for (guint i = 0; i < broker->sessions->len; i++) {
    BrokerSession *session = broker->sessions->pdata[i];
    if (session != NULL)
      mqtt_session_lose(&broker->core, &session->s, cause);
  }
  free_tables(broker);
  make_tables(broker);
  if (broker->core.log != NULL)
    mqtt_store_log_forget(broker->core.log);
}

/* Connections */

void
mqtt_broker_open(MqttBroker *broker, gint64 now_ns, guint32 conn, guint32 peer)
{
  if (conn >= broker->links->len)
    g_ptr_array_set_size(broker->links, (gint)conn + 1);
  g_assert(broker->links->pdata[conn] == NULL);
  Link *link = mqtt_pool_take(&broker->core.events->pool, sizeof *link);
  *link = (Link){.conn = conn, .peer = peer, .last_input_ns = now_ns};
  mqtt_pipe_init(&link->pipe, MQTT_5_0, 0, MQTT_UNLIMITED, 2);
  broker->links->pdata[conn] = link;
  broker->connections++;
}

void
mqtt_broker_closed(MqttBroker *broker, gint64 now_ns, guint32 conn)
{
  Link *link = conn < broker->links->len ? broker->links->pdata[conn] : NULL;
  if (link == NULL) /* forgotten in a crash */
    return;
  mqtt_store_log_group(broker->core.log);
  broker_link_leave(broker, link, now_ns, TRUE);
  broker->links->pdata[conn] = NULL;
  broker->connections--;
  free_link(broker, link);
}

void
mqtt_broker_shut_down(MqttBroker *broker, gint64 now_ns)
{
  mqtt_store_log_group(broker->core.log);
  for (guint i = 0; i < broker->links->len; i++) {
    Link *link = broker->links->pdata[i];
    if (link != NULL && link->state != LINK_CLOSING)
      broker_link_fail(broker, link, now_ns, MQTT_SERVER_SHUTTING_DOWN);
  }
  if (broker->config->quirks & MQTT_QUIRK_WILLS_UNSAVED)
    broker_session_publish_wills(broker, now_ns);
}

gboolean
mqtt_broker_congested(const MqttBroker *broker, guint32 conn)
{
  const Link *link = broker->links->pdata[conn];
  return mqtt_pipe_congested(&link->pipe);
}

gboolean
mqtt_broker_leaves(const MqttBroker *broker, guint32 conn)
{
  const Link *link = broker->links->pdata[conn];
  return link->state == LINK_CLOSING;
}

gsize
mqtt_broker_output(MqttBroker *broker, gint64 now_ns, guint32 conn, guint8 *dst, gsize room)
{
  Link *link = broker->links->pdata[conn];
  if (link->state == LINK_CLOSING && !link->goodbye)
    return 0;
  mqtt_store_log_group(broker->core.log);
  gsize n = mqtt_pipe_output(&broker->core, &link->pipe,
                             link->session == NULL ? NULL : &link->session->s, now_ns, dst, room);
  if (n > 0)
    link->greeted = TRUE; /* the first packet is CONNACK */
  if (link->goodbye) {
    link->goodbye = FALSE;
    mqtt_pipe_clear(&link->pipe);
    broker_link_emit_close(broker, link, link->goodbye_reason);
  }
  return n;
}

static G_GNUC_NO_INLINE gboolean
writes_now(Link *link)
{
  if (link->state == LINK_CLOSING)
    return link->goodbye;
  return mqtt_pipe_writes(&link->pipe, link->session == NULL ? NULL : &link->session->s);
}

gboolean
mqtt_broker_writes(MqttBroker *broker, guint32 conn)
{
  Link *link = broker->links->pdata[conn];
  return link->pipe.named && writes_now(link);
}

gboolean
mqtt_broker_any_ready(const MqttBroker *broker)
{
  return broker->ready.taken < broker->ready.length;
}

guint32
mqtt_broker_next_ready(MqttBroker *broker)
{
  MqttReady *ready = &broker->ready;
  while (ready->taken < ready->length) {
    guint32 conn = ready->conns[ready->taken++];
    if (ready->taken == ready->length)
      ready->taken = ready->length = 0;
    Link *link = conn < broker->links->len ? broker->links->pdata[conn] : NULL;
    if (link == NULL || !link->pipe.listed)
      continue;
    link->pipe.listed = FALSE;
    if (link->pipe.named) /* else it was pulled meanwhile */
      return conn;
  }
  return MQTT_NO_PEER;
}

gboolean
mqtt_broker_has_ready(const MqttBroker *broker)
{
  return broker->ready.taken < broker->ready.length;
}

gboolean
mqtt_broker_has_output(const MqttBroker *broker, guint32 conn)
{
  const Link *link = conn < broker->links->len ? broker->links->pdata[conn] : NULL;
  if (link == NULL || (link->state == LINK_CLOSING && !link->goodbye))
    return FALSE;
  return mqtt_pipe_pending(&broker->core, &link->pipe,
                           link->session == NULL ? NULL : &link->session->s);
}

/* Time */

gint64
mqtt_broker_deadline(const MqttBroker *broker)
{
  return mqtt_deadlines_next(broker->deadlines, NULL);
}

void
mqtt_broker_timeout(MqttBroker *broker, gint64 now_ns)
{
  guint32 index;
  g_assert(now_ns < G_MAXINT64); /* which is never, and when nothing is due */
  mqtt_store_log_group(broker->core.log);
  while (mqtt_deadlines_next(broker->deadlines, &index) <= now_ns)
    broker_session_time_out(broker, broker->sessions->pdata[index], now_ns);
}

/* Questions */

guint
mqtt_broker_sessions(const MqttBroker *broker)
{
  return g_hash_table_size(broker->by_id);
}

guint
mqtt_broker_connections(const MqttBroker *broker)
{
  return broker->connections;
}

void
mqtt_broker_peaks(MqttBroker *broker, guint *queued, guint *inflight)
{
  *queued = broker->core.queued_peak;
  *inflight = broker->core.inflight_peak;
  broker->core.queued_peak = broker->core.inflight_peak = 0;
}

guint
mqtt_broker_queued(const MqttBroker *broker, MqttBytes client_id)
{
  const BrokerSession *session = g_hash_table_lookup(broker->by_id, &client_id);
  return session == NULL ? 0 : mqtt_session_queued(&session->s);
}

guint
mqtt_broker_inflight(const MqttBroker *broker, MqttBytes client_id)
{
  const BrokerSession *session = g_hash_table_lookup(broker->by_id, &client_id);
  return session == NULL ? 0 : mqtt_session_inflight(&session->s);
}

void
mqtt_broker_ask(const MqttBroker *broker, guint32 conn, guint stage)
{
  __asm__ volatile(""); /* lest it be taken for one without effect, and left out */
  const Link *link = conn < broker->links->len ? broker->links->pdata[conn] : NULL;
  if (link == NULL)
    return;
  if (stage > 2) {
    if (link->session != NULL)
      mqtt_ring_ask(link->session->s.out, stage - 3);
    return;
  }
  const char *memory = stage == 1 ? (const char *)link : (const char *)link->session;
  gsize bytes = stage == 1 ? sizeof *link : sizeof(BrokerSession);
  for (gsize i = 0; memory != NULL && i < bytes; i += 64)
    __builtin_prefetch(memory + i);
  if (stage == 2)
    __builtin_prefetch(link->route);
}
