#include <string.h>

#include "models/mqtt/broker_private.h"

BrokerSession *
broker_session_find(const MqttBroker *broker, MqttBytes client_id)
{
  return g_hash_table_lookup(broker->by_id, &client_id);
}

static guint32
new_index(MqttBroker *broker, BrokerSession *session)
{
  guint n = broker->free_indices->len;
  if (n == 0) {
    g_ptr_array_add(broker->sessions, session);
    return broker->sessions->len - 1;
  }
  guint32 index = g_array_index(broker->free_indices, guint32, n - 1);
  g_array_set_size(broker->free_indices, n - 1);
  broker->sessions->pdata[index] = session;
  return index;
}

BrokerSession *
broker_session_new(MqttBroker *broker, MqttBytes client_id, guint32 peer, guint64 number,
                   guint32 expiry_s)
{
  BrokerSession *session = g_malloc0(sizeof *session + client_id.length);
  if (client_id.length > 0)
    memcpy(session->id_bytes, client_id.data, client_id.length);
  session->client_id = (MqttBytes){session->id_bytes, client_id.length};
  mqtt_session_init(&session->s, number, peer, broker->core.log != NULL && expiry_s > 0);
  session->expiry_s = expiry_s;
  session->expires_ns = MQTT_NEVER;
  session->index = new_index(broker, session);
  broker->last_number = MAX(broker->last_number, number);
  g_hash_table_add(broker->by_id, session);
  return session;
}

static void
free_will(BrokerSession *session)
{
  if (session->will == NULL)
    return;
  mqtt_message_unref(session->will->message);
  g_clear_pointer(&session->will, g_free);
}

void
broker_session_drop_will(MqttBroker *broker, BrokerSession *session)
{
  if (session->will != NULL)
    broker_unstore_will(broker, session);
  free_will(session);
}

void
broker_session_free(BrokerSession *session)
{
  mqtt_session_clear(&session->s);
  free_will(session);
  for (guint32 i = 0; i < session->n_filters; i++)
    g_free((gpointer)session->filters[i].data);
  g_free(session->filters);
  g_free(session);
}

static void
publish_will(MqttBroker *broker, BrokerSession *session, gint64 now_ns)
{
  if (session->will == NULL)
    return;
  MqttMessage *message = mqtt_message_ref(session->will->message);
  broker_session_drop_will(broker, session);
  broker_route_message(broker, now_ns, NULL, message);
  mqtt_message_unref(message);
}

void
broker_session_publish_wills(MqttBroker *broker, gint64 now_ns)
{
  for (guint i = 0; i < broker->sessions->len; i++)
    if (broker->sessions->pdata[i] != NULL)
      publish_will(broker, broker->sessions->pdata[i], now_ns);
}

MqttCause
broker_session_end_cause(const BrokerSession *session)
{
  return session->unsaved ? MQTT_CAUSE_STATE_LOST : MQTT_CAUSE_SESSION_EXPIRED;
}

void
broker_session_end(MqttBroker *broker, BrokerSession *session, gint64 now_ns, MqttCause cause)
{
  publish_will(broker, session, now_ns);
  mqtt_session_discard(&broker->core, &session->s, cause, MQTT_SUCCESS, TRUE);
  while (session->n_filters > 0) {
    broker_unstore_subscription(broker, session, session->filters[session->n_filters - 1]);
    broker_session_unsubscribe(broker, session, session->filters[session->n_filters - 1]);
  }
  broker_unstore_session(broker, session);
  mqtt_session_event(&broker->core, &session->s, MQTT_EVENT_SESSION_GONE, 0, 0)->cause = cause;
  mqtt_deadlines_set(broker->deadlines, session->index, MQTT_NEVER);
  g_hash_table_remove(broker->by_id, session);
  broker->sessions->pdata[session->index] = NULL;
  g_array_append_val(broker->free_indices, session->index);
  broker_session_free(session);
}

/* Filters, kept to be taken out of the tree when the session ends */

static gint
compare(MqttBytes a, MqttBytes b)
{
  gint order = memcmp(a.data, b.data, MIN(a.length, b.length));
  return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static guint32
place_of(const BrokerSession *session, MqttBytes filter)
{
  guint32 low = 0, high = session->n_filters;
  while (low < high) {
    guint32 middle = (low + high) / 2;
    if (compare(session->filters[middle], filter) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void
add_filter(BrokerSession *session, MqttBytes filter)
{
  guint32 n = session->n_filters, i = place_of(session, filter);
  if ((n & (n - 1)) == 0) /* 0, 1, 2, 4, 8, ...: full */
    session->filters = g_renew(MqttBytes, session->filters, n == 0 ? 1 : 2 * n);
  memmove(session->filters + i + 1, session->filters + i, (n - i) * sizeof(MqttBytes));
  session->filters[i] = (MqttBytes){g_memdup2(filter.data, filter.length), filter.length};
  session->n_filters = n + 1;
}

/* The filter may be the session's own bytes. */
static void
remove_filter(BrokerSession *session, MqttBytes filter)
{
  guint32 i = place_of(session, filter);
  g_free((gpointer)session->filters[i].data);
  session->n_filters--;
  memmove(session->filters + i, session->filters + i + 1,
          (session->n_filters - i) * sizeof(MqttBytes));
  if (session->n_filters == 0)
    g_clear_pointer(&session->filters, g_free);
}

/* In shared subscriptions: before those that do not. */
static gboolean
takes_turn(const MqttBroker *broker, const BrokerSession *session)
{
  return session->link != NULL || broker->config->quirks & MQTT_QUIRK_OFFLINE_SHARES;
}

gboolean
broker_session_subscribe(MqttBroker *broker, BrokerSession *session, MqttBytes filter,
                         guint8 options, guint32 identifier)
{
  MqttMatch match = {session->index, identifier, options};
  gboolean fresh;
  if (mqtt_share_is(filter)) {
    MqttMatch group = {
        mqtt_shares_join(broker->shares, filter, match, takes_turn(broker, session), &fresh), 0, 0};
    mqtt_topic_tree_insert(broker->tree, mqtt_share_inner(filter), group);
    session->n_shared += fresh != FALSE;
  } else {
    fresh = mqtt_topic_tree_insert(broker->tree, filter, match);
  }
  if (fresh)
    add_filter(session, filter);
  return fresh;
}

gboolean
broker_session_unsubscribe(MqttBroker *broker, BrokerSession *session, MqttBytes filter)
{
  guint32 emptied;
  if (!mqtt_share_is(filter)) {
    if (!mqtt_topic_tree_remove(broker->tree, filter, session->index))
      return FALSE;
  } else {
    if (!mqtt_shares_leave(broker->shares, filter, session->index, &emptied))
      return FALSE;
    if (emptied != 0)
      mqtt_topic_tree_remove(broker->tree, mqtt_share_inner(filter), emptied);
    session->n_shared--;
  }
  remove_filter(session, filter);
  return TRUE;
}

static void
set_online(MqttBroker *broker, BrokerSession *session)
{
  guint32 left = session->n_shared;
  for (guint32 i = 0; left > 0; i++) {
    if (!mqtt_share_is(session->filters[i]))
      continue;
    mqtt_shares_set_online(broker->shares, session->filters[i], session->index,
                           takes_turn(broker, session));
    left--;
  }
}

void
broker_session_join(MqttBroker *broker, BrokerSession *session, Link *link)
{
  session->link = link;
  session->s.peer = link->peer;
  link->session = session;
  broker->sessions_online++;
  set_online(broker, session);
}

/* Time */

/* When silence has lasted too long, and the broker looks. */
static gint64
silence_due_ns(const MqttBrokerConfig *config, const Link *link)
{
  double silence_s = config->keep_alive_factor * (double)link->keep_alive_s;
  gint64 last_ns = config->clock_ns + link->last_input_ns, due_ns;
  if (config->quirks & MQTT_QUIRK_WHOLE_SECONDS)
    due_ns = (last_ns / NS_PER_S + (gint64)silence_s + 1) * NS_PER_S;
  else
    due_ns = last_ns + (gint64)(silence_s * (double)NS_PER_S);
  gint64 check_ns = config->keep_alive_check_ns;
  if (check_ns > 0)
    due_ns = (due_ns + check_ns - 1) / check_ns * check_ns;
  return due_ns - config->clock_ns;
}

static gint64
deadline_of(const MqttBroker *broker, const BrokerSession *session)
{
  const Link *link = session->link;
  if (link == NULL)
    return session->will == NULL ? session->expires_ns
                                 : MIN(session->expires_ns, session->will->due_ns);
  return link->keep_alive_s == 0 ? MQTT_NEVER : silence_due_ns(broker->config, link);
}

void
broker_session_rearm(MqttBroker *broker, BrokerSession *session)
{
  mqtt_deadlines_set(broker->deadlines, session->index, deadline_of(broker, session));
}

void
broker_session_time_out(MqttBroker *broker, BrokerSession *session, gint64 now_ns)
{
  if (deadline_of(broker, session) > now_ns) {
    broker_session_rearm(broker, session); /* there was activity since it was set */
  } else if (session->link != NULL) {
    broker_link_fail(broker, session->link, now_ns, MQTT_KEEP_ALIVE_TIMEOUT);
  } else if (session->expires_ns <= now_ns) {
    broker_session_end(broker, session, now_ns, broker_session_end_cause(session));
  } else {
    publish_will(broker, session, now_ns);
    broker_session_rearm(broker, session);
  }
}

/* How connections leave */

static gint64
end_of(const MqttBroker *broker, gint64 now_ns, guint32 interval_s)
{
  const MqttBrokerConfig *config = broker->config;
  if (config->quirks & MQTT_QUIRK_WHOLE_SECONDS)
    return ((config->clock_ns + now_ns) / NS_PER_S + interval_s + 1) * NS_PER_S - config->clock_ns;
  return now_ns + interval_s * NS_PER_S;
}

void
broker_link_leave(MqttBroker *broker, Link *link, gint64 now_ns, gboolean with_will)
{
  BrokerSession *session = link->session;
  link->state = LINK_CLOSING;
  link->session = NULL;
  if (session == NULL)
    return;
  session->link = NULL;
  broker->sessions_online--;
  set_online(broker, session);
  mqtt_session_detach(&broker->core, &session->s, broker->config->queue_qos0);
  if (!with_will)
    broker_session_drop_will(broker, session);
  if (session->expiry_s == 0) {
    broker_session_end(broker, session, now_ns, MQTT_CAUSE_SESSION_EXPIRED);
    return;
  }
  session->expires_ns =
      session->expiry_s == EXPIRY_NEVER ? MQTT_NEVER : end_of(broker, now_ns, session->expiry_s);
  broker_store_session(broker, session);
  if (session->will != NULL && session->will->delay_s > 0)
    session->will->due_ns = end_of(broker, now_ns, session->will->delay_s);
  else
    publish_will(broker, session, now_ns);
  broker_session_rearm(broker, session);
}

void
broker_link_emit_close(MqttBroker *broker, const Link *link, guint8 reason)
{
  MqttEvent *event = mqtt_events_push(broker->core.events, MQTT_EVENT_CLOSE);
  event->conn = link->conn;
  event->peer = link->peer;
  event->reason = reason;
}

void
broker_link_close(MqttBroker *broker, Link *link, gint64 now_ns, guint8 reason, gboolean with_will)
{
  broker_link_leave(broker, link, now_ns, with_will);
  mqtt_pipe_clear(&link->pipe);
  link->goodbye = FALSE;
  broker_link_emit_close(broker, link, reason);
}

void
broker_link_goodbye(MqttBroker *broker, Link *link, gint64 now_ns, const MqttPacket *packet,
                    guint8 reason)
{
  /* It cannot follow half a PUBLISH, and a transport that takes no bytes is not waited for. */
  if (link->pipe.partial != NULL || link->pipe.blocked || !mqtt_pipe_takes(&link->pipe, packet)) {
    broker_link_close(broker, link, now_ns, reason, TRUE);
    return;
  }
  broker_link_leave(broker, link, now_ns, TRUE);
  mqtt_pipe_drop_answers(&link->pipe);
  link->goodbye = TRUE;
  link->goodbye_reason = reason;
  mqtt_pipe_packet(&broker->core, &link->pipe, link->conn, packet, 0, 0);
}

void
broker_link_fail(MqttBroker *broker, Link *link, gint64 now_ns, guint8 reason)
{
  gboolean unsaid = broker->config->quirks & MQTT_QUIRK_SILENT_CLOSE &&
                    (reason == MQTT_SESSION_TAKEN_OVER || reason == MQTT_KEEP_ALIVE_TIMEOUT ||
                     reason == MQTT_SERVER_SHUTTING_DOWN);
  /* No DISCONNECT comes before CONNACK [MQTT-3.14.0-1]. */
  if (link->state == LINK_OPEN && link->pipe.version == MQTT_5_0 && link->greeted && !unsaid) {
    MqttPacket packet = {.type = MQTT_DISCONNECT, .disconnect = {.reason = reason}};
    broker_link_goodbye(broker, link, now_ns, &packet, reason);
  } else {
    broker_link_close(broker, link, now_ns, reason, TRUE);
  }
}
