#include "models/mqtt/monitor.h"
#include "models/mqtt/monitor_tables.h"
#include <stdarg.h>
#include <string.h>

#define EXPIRY_NEVER G_MAXUINT32
#define RECEIVE_MAXIMUM_DEFAULT 65535 /* section 3.1.2.11.3 */

/* What this end can know of the session when a connection begins. */
typedef enum { SESSION_NONE, SESSION_UNSURE, SESSION_SURE } Session;

struct _MqttMonitor {
  MqttSender end;
  gboolean allow_timer_resend, allow_stale_session;
  guint32 session_maximum_s;
  MqttVersion version;
  GByteArray *sent, *received; /* a packet that is not whole yet */

  /* Of the connection. */
  guint32 connection;
  gboolean connect, connack; /* passed, in whichever direction */
  gboolean clean_start, must_close;
  const char *over; /* after what nothing may be sent any more */
  guint32 peer_receive_maximum, peer_maximum_packet_size;
  guint32 unacknowledged; /* PUBLISH that count against it */
  guint32 pings;          /* PINGREQ without answer */
  guint64 last_resent;    /* order of the exchange resent last */
  guint64 last_released;  /* and of the one whose PUBREL was */
  guint16 overtaken;      /* identifier of a resend that was half written when its answer came */
  MqttOwed pubacks, pubrecs, pubcomps, subacks, unsubacks;
  MqttOwed pubrels; /* PUBRECs received: one who answers them */

  /* Of the session. */
  MqttExchanges exchanges;
  guint64 order;
  guint32 expiry_s;
  Session session;      /* at the end of the last connection */
  Session before;       /* the same, when the CONNECT of this one passed */
  gboolean unanswered;  /* a CONNECT whose CONNACK did not pass: it may have begun a session */
  gboolean amnesia;     /* state was lost, perhaps not all, and no new session began since */
  gboolean cut_publish; /* a PUBLISH was written in part: its next sending may be called a resend or
                           not */

  char breach[160];
};

static void G_GNUC_PRINTF(2, 3) breach(MqttMonitor *monitor, const char *format, ...)
{
  va_list args;
  if (monitor->breach[0] != '\0')
    return;
  va_start(args, format);
  g_vsnprintf(monitor->breach, sizeof monitor->breach, format, args);
  va_end(args);
}

MqttMonitor *
mqtt_monitor_new(MqttSender end)
{
  MqttMonitor *monitor = g_new0(MqttMonitor, 1);
  monitor->end = end;
  monitor->version = MQTT_5_0;
  monitor->session_maximum_s = EXPIRY_NEVER;
  monitor->sent = g_byte_array_new();
  monitor->received = g_byte_array_new();
  return monitor;
}

void
mqtt_monitor_free(MqttMonitor *monitor)
{
  if (monitor == NULL)
    return;
  g_byte_array_unref(monitor->sent);
  g_byte_array_unref(monitor->received);
  mqtt_owed_free(&monitor->pubacks);
  mqtt_owed_free(&monitor->pubrecs);
  mqtt_owed_free(&monitor->pubcomps);
  mqtt_owed_free(&monitor->subacks);
  mqtt_owed_free(&monitor->unsubacks);
  mqtt_owed_free(&monitor->pubrels);
  mqtt_exchanges_free(&monitor->exchanges);
  g_free(monitor);
}

void
mqtt_monitor_allow_timer_resend(MqttMonitor *monitor)
{
  monitor->allow_timer_resend = TRUE;
}

void
mqtt_monitor_allow_stale_session(MqttMonitor *monitor)
{
  monitor->allow_stale_session = TRUE;
}

void
mqtt_monitor_session_maximum(MqttMonitor *monitor, guint32 expiry_s)
{
  monitor->session_maximum_s = expiry_s;
}

const char *
mqtt_monitor_breach(const MqttMonitor *monitor)
{
  return monitor->breach[0] != '\0' ? monitor->breach : NULL;
}

/* Forgets exchanges: all, those of subscriptions, or those that began on an earlier connection. */
typedef enum { FORGET_SUBSCRIPTIONS, FORGET_EARLIER } Forget;

static void
forget(MqttMonitor *monitor, Forget which)
{
  MqttExchanges *table = &monitor->exchanges;
  guint32 i = 0;
  while (table->count > 0 && i <= table->mask) {
    MqttExchange *e = &table->cells[i];
    gboolean goes = which == FORGET_SUBSCRIPTIONS
                        ? e->state == MQTT_AWAIT_SUBACK || e->state == MQTT_AWAIT_UNSUBACK
                        : e->connection != monitor->connection;
    if (e->id != 0 && goes)
      mqtt_exchanges_remove(table, e); /* may move another one here: look again */
    else
      i++;
  }
}

static void
forget_connection(MqttMonitor *monitor)
{
  g_byte_array_set_size(monitor->sent, 0);
  g_byte_array_set_size(monitor->received, 0);
  monitor->connect = monitor->connack = monitor->must_close = monitor->clean_start = FALSE;
  monitor->over = NULL;
  monitor->peer_receive_maximum = RECEIVE_MAXIMUM_DEFAULT;
  monitor->peer_maximum_packet_size = G_MAXUINT32;
  monitor->unacknowledged = monitor->pings = 0;
  monitor->last_resent = monitor->last_released = 0;
  monitor->overtaken = 0;
  mqtt_owed_clear(&monitor->pubacks);
  mqtt_owed_clear(&monitor->pubrecs);
  mqtt_owed_clear(&monitor->pubcomps);
  mqtt_owed_clear(&monitor->subacks);
  mqtt_owed_clear(&monitor->unsubacks);
  mqtt_owed_clear(&monitor->pubrels);
}

void
mqtt_monitor_connection(MqttMonitor *monitor)
{
  const GByteArray *cut = monitor->sent;
  if (cut->len > 0 && cut->data[0] >> 4 == MQTT_PUBLISH && (cut->data[0] & 6) != 0)
    monitor->cut_publish = TRUE;
  monitor->unanswered |= monitor->connect && !monitor->connack;
  forget_connection(monitor);
  monitor->connection++;
  forget(monitor, FORGET_SUBSCRIPTIONS); /* no part of session state, section 4.1 */
}

static void
forget_session(MqttMonitor *monitor)
{
  mqtt_exchanges_clear(&monitor->exchanges);
  monitor->amnesia = TRUE;
}

void
mqtt_monitor_state_lost(MqttMonitor *monitor)
{
  forget_connection(monitor);
  forget_session(monitor);
  monitor->over = "a crash";
  monitor->session = SESSION_UNSURE;
}

static void
begin_session(MqttMonitor *monitor)
{
  if (monitor->allow_stale_session)
    return;
  forget(monitor, FORGET_EARLIER);
  monitor->amnesia = monitor->cut_publish = FALSE;
}

static void
end_exchange(MqttMonitor *monitor, MqttExchange *e)
{
  if (e->counted == monitor->connection)
    monitor->unacknowledged--;
  mqtt_exchanges_remove(&monitor->exchanges, e);
}

/* Any number that differs when the messages do, as good as surely. */
static guint64
digest(MqttBytes payload)
{
  guint64 sum = payload.length, word;
  gsize i = 0;
  for (; i + 8 <= payload.length; i += 8) {
    memcpy(&word, payload.data + i, 8);
    sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
    sum ^= sum >> 29;
  }
  for (; i < payload.length; i++)
    sum = (sum ^ payload.data[i]) * 0x100000001B3u;
  return sum;
}

static gboolean
resends_by_timer(const MqttMonitor *monitor)
{
  return monitor->version != MQTT_5_0 || monitor->allow_timer_resend;
}

/* A resend, of PUBLISH or PUBREL: it was last sent on connection `before`. */
static void
check_resend(MqttMonitor *monitor, const char *name, guint16 id, guint32 before)
{
  if (monitor->version != MQTT_5_0)
    return;
  if (before == monitor->connection && !resends_by_timer(monitor))
    breach(monitor, "%s %u is sent again on the same connection [MQTT-4.4.0-1]", name, id);
  else if (before != monitor->connection && !monitor->connack)
    breach(monitor, "%s %u is sent again before a session is known to be present [MQTT-4.4.0-1]",
           name, id);
}

static void
check_republish(MqttMonitor *monitor, const MqttPublish *publish, MqttExchange *e)
{
  guint8 awaited = publish->qos == 1 ? MQTT_AWAIT_PUBACK : MQTT_AWAIT_PUBREC;
  gboolean same = e->state == awaited && e->digest == digest(publish->payload);
  guint16 id = e->id;
  if (e->state == MQTT_OWES_PUBREL || e->state == MQTT_AWAIT_PUBCOMP) {
    breach(monitor,
           publish->dup ? "PUBLISH %u is sent again after its PUBREC [MQTT-4.3.3-6]"
                        : "identifier %u of an unfinished QoS 2 exchange is used for a new PUBLISH",
           id);
  } else if (!same) {
    breach(monitor, "PUBLISH %u is another message than the one in flight [MQTT-2.2.1-3]", id);
  } else if (!publish->dup) {
    breach(monitor, "PUBLISH %u is sent again without DUP [MQTT-3.3.1-1]", id);
  } else {
    check_resend(monitor, "PUBLISH", id, e->connection);
    if (e->connection != monitor->connection) {
      if (e->order < monitor->last_resent)
        breach(monitor, "PUBLISH %u is sent again out of order [MQTT-4.6.0-1]", id);
      monitor->last_resent = e->order;
    }
  }
}

static void
sent_publish(MqttMonitor *monitor, const MqttPublish *publish)
{
  guint16 id = publish->packet_id;
  if (publish->qos == 0)
    return;
  if (publish->dup && id == monitor->overtaken) {
    monitor->overtaken = 0;
    return;
  }
  MqttExchange *e = mqtt_exchanges_find(&monitor->exchanges, id);
  if (e != NULL) {
    check_republish(monitor, publish, e);
  } else {
    if (publish->dup && !monitor->amnesia && !monitor->cut_publish)
      breach(monitor, "PUBLISH %u has DUP and was not sent before [MQTT-4.3.2-2] [MQTT-4.3.3-2]",
             id);
    if (publish->dup)
      monitor->cut_publish = FALSE;
    e = mqtt_exchanges_put(&monitor->exchanges, id);
    e->state = publish->qos == 1 ? MQTT_AWAIT_PUBACK : MQTT_AWAIT_PUBREC;
    e->digest = digest(publish->payload);
    e->order = ++monitor->order;
  }
  e->connection = monitor->connection;
  if (e->counted != monitor->connection) {
    e->counted = monitor->connection;
    monitor->unacknowledged++;
  }
  if (monitor->version == MQTT_5_0 && monitor->unacknowledged > monitor->peer_receive_maximum)
    breach(monitor, "PUBLISH %u exceeds the peer's Receive Maximum of %u [MQTT-4.9.0-2]", id,
           monitor->peer_receive_maximum);
}

/* Of one whose PUBREC came on an earlier connection. */
static void
check_release_order(MqttMonitor *monitor, const MqttExchange *e)
{
  if (e->order == 0)
    return;
  if (e->order < monitor->last_released)
    breach(monitor, "PUBREL %u comes before that of an earlier PUBREC [MQTT-4.6.0-4]", e->id);
  monitor->last_released = e->order;
}

static void
sent_pubrel(MqttMonitor *monitor, guint16 id)
{
  MqttExchange *e = mqtt_exchanges_find(&monitor->exchanges, id);
  gboolean again = e != NULL && e->released == monitor->connection;
  gboolean open = e != NULL && (e->state == MQTT_OWES_PUBREL || e->state == MQTT_AWAIT_PUBCOMP);
  gboolean earlier = open && !again && e->recorded != monitor->connection;
  /* By a timer, one that was sent on this connection comes again before the answers to what came
   * meanwhile; these are still owed, though a PUBREC of the same exchange may be among them. So
   * does one that was owed since an earlier connection. */
  gboolean before_answers = (again && resends_by_timer(monitor)) || earlier;
  MqttOwedTake owed = before_answers && !mqtt_owed_is_next(&monitor->pubrels, id)
                          ? MQTT_OWED_NOT
                          : mqtt_owed_take(&monitor->pubrels, id);
  if (owed == MQTT_OWED_LATER && again)
    owed = MQTT_OWED_NOT;
  if (owed == MQTT_OWED_LATER)
    breach(monitor, "PUBREL %u comes before that of an earlier PUBREC [MQTT-4.6.0-4]", id);
  if (earlier)
    check_release_order(monitor, e);
  if (owed == MQTT_OWED_NOT) {
    if (e == NULL && !monitor->amnesia)
      breach(monitor, "PUBREL %u follows no PUBREC [MQTT-4.3.3-4]", id);
    else if (e != NULL && !open)
      breach(monitor, "PUBREL %u before its PUBREC [MQTT-4.3.3-4]", id);
    else
      check_resend(monitor, "PUBREL", id, e != NULL ? e->released : 0);
    if (e == NULL) {
      e = mqtt_exchanges_put(&monitor->exchanges, id);
      e->order = ++monitor->order;
      open = TRUE;
    }
  }
  /* 0x92, or the answer of 3.1.1, to a PUBREC of an exchange that was not known then. */
  if (!open)
    return;
  e->state = MQTT_AWAIT_PUBCOMP;
  e->connection = e->released = monitor->connection;
}

static void
sent_request(MqttMonitor *monitor, MqttPacketType type, guint16 id)
{
  guint8 awaited = type == MQTT_SUBSCRIBE ? MQTT_AWAIT_SUBACK : MQTT_AWAIT_UNSUBACK;
  MqttExchange *e = mqtt_exchanges_find(&monitor->exchanges, id);
  if (e == NULL) {
    e = mqtt_exchanges_put(&monitor->exchanges, id);
    e->connection = monitor->connection;
    e->state = awaited;
  } else if (e->state != awaited || !resends_by_timer(monitor)) {
    breach(monitor, "%s takes identifier %u, which is in use [MQTT-2.2.1-3]",
           mqtt_packet_name(type), id);
  }
}

static void
sent_answer(MqttMonitor *monitor, MqttPacketType type, MqttOwed *owed, guint16 id)
{
  switch (mqtt_owed_take(owed, id)) {
  case MQTT_OWED_NOT:
    breach(monitor, "%s %u answers nothing that came on this connection", mqtt_packet_name(type),
           id);
    break;
  case MQTT_OWED_LATER: /* section 4.6 binds clients */
    if (monitor->end == MQTT_FROM_CLIENT && (type == MQTT_PUBACK || type == MQTT_PUBREC))
      breach(monitor, "%s %u comes before that of an earlier PUBLISH [MQTT-4.6.0-%d]",
             mqtt_packet_name(type), id, type == MQTT_PUBACK ? 2 : 3);
    break;
  case MQTT_OWED_FIRST:
    break;
  }
}

/* Limits that the peer announced, in its CONNECT or CONNACK. */
static void
note_limits(MqttMonitor *monitor, const MqttProperties *properties)
{
  if (MQTT_HAS(properties, MQTT_PROP_RECEIVE_MAXIMUM))
    monitor->peer_receive_maximum = properties->receive_maximum;
  if (MQTT_HAS(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE))
    monitor->peer_maximum_packet_size = properties->maximum_packet_size;
}

static void
note_expiry(MqttMonitor *monitor, const MqttProperties *properties)
{
  if (MQTT_HAS(properties, MQTT_PROP_SESSION_EXPIRY))
    monitor->expiry_s = properties->session_expiry_s;
}

/* In either direction. The expiry of 3.1.1 is in its one bit, section 3.1.2.4 there. Until a
 * CONNACK passes it is open what became of the session: the server may have made it and the answer
 * may be lost. */
static void
note_connect(MqttMonitor *monitor, const MqttConnect *connect)
{
  if (monitor->connect)
    breach(monitor, "a second CONNECT on the connection [MQTT-3.1.0-2]");
  monitor->connect = TRUE;
  monitor->version = connect->version;
  monitor->clean_start = connect->clean_start;
  monitor->before = monitor->session;
  monitor->session = SESSION_UNSURE;
  if (connect->version == MQTT_5_0) {
    monitor->expiry_s = 0;
    note_expiry(monitor, &connect->properties);
  } else {
    monitor->expiry_s = connect->clean_start ? 0 : monitor->session_maximum_s;
  }
}

static Session
session_after(guint32 expiry_s)
{
  return expiry_s == 0 ? SESSION_NONE : expiry_s == EXPIRY_NEVER ? SESSION_SURE : SESSION_UNSURE;
}

static void
check_session_present(MqttMonitor *monitor, gboolean present)
{
  gboolean server = monitor->end == MQTT_FROM_SERVER;
  if (present && monitor->clean_start && (server || !monitor->allow_stale_session))
    breach(monitor, "Session Present 1 after Clean Start 1 [MQTT-3.2.2-2]");
  else if (present && server && monitor->before == SESSION_NONE)
    breach(monitor, "Session Present 1 where no session can be [MQTT-3.2.2-3]");
  else if (present && monitor->before == SESSION_NONE)
    monitor->must_close = !monitor->allow_stale_session; /* [MQTT-3.2.2-4] */
  else if (!present && server && !monitor->clean_start && monitor->before == SESSION_SURE)
    breach(monitor, "Session Present 0 though the session never expires [MQTT-3.2.2-3]");
}

/* In either direction. */
static void
note_connack(MqttMonitor *monitor, const MqttConnack *connack)
{
  if (monitor->connack)
    breach(monitor, "a second CONNACK on the connection [MQTT-3.2.0-2]");
  monitor->connack = TRUE;
  if (connack->reason != MQTT_SUCCESS) {
    if (monitor->end == MQTT_FROM_SERVER)
      monitor->over = "a CONNACK that refuses [MQTT-3.2.2-7]";
    return;
  }
  check_session_present(monitor, connack->session_present);
  if (!connack->session_present)
    begin_session(monitor);
  else if (monitor->unanswered && monitor->end == MQTT_FROM_SERVER)
    forget_session(monitor); /* it may be another session than the one that was known */
  monitor->unanswered = FALSE;
  note_expiry(monitor, &connack->properties);
  monitor->session = session_after(monitor->expiry_s);
}

static void
note_disconnect(MqttMonitor *monitor, const MqttDisconnect *disconnect)
{
  note_expiry(monitor, &disconnect->properties);
  monitor->expiry_s = MIN(monitor->expiry_s, monitor->session_maximum_s);
  monitor->session = session_after(monitor->expiry_s);
}

/* What may be sent at this point of the connection, whatever it is about. */
static void
check_place(MqttMonitor *monitor, MqttPacketType type, gsize size)
{
  const char *name = mqtt_packet_name(type);
  gboolean client = monitor->end == MQTT_FROM_CLIENT;
  if (monitor->over != NULL)
    breach(monitor, "%s after %s", name, monitor->over);
  if (monitor->must_close && type != MQTT_DISCONNECT)
    breach(monitor, "%s for a session that this client does not have [MQTT-3.2.2-4]", name);
  if (size > monitor->peer_maximum_packet_size)
    breach(monitor, "%s of %" G_GSIZE_FORMAT " bytes for a peer that takes %u [MQTT-%s]", name,
           size, monitor->peer_maximum_packet_size, client ? "3.2.2-15" : "3.1.2-24");
  if (!monitor->connect && type != MQTT_CONNECT)
    breach(monitor, "%s before CONNECT [MQTT-3.1.0-1]", name);
  if (!client && !monitor->connack && type != MQTT_CONNACK && type != MQTT_AUTH)
    breach(monitor, "%s before CONNACK [MQTT-3.2.0-1]", name);
}

static void
on_sent(MqttMonitor *monitor, const MqttPacket *packet, gsize size)
{
  check_place(monitor, packet->type, size);
  switch (packet->type) {
  case MQTT_CONNECT:
    note_connect(monitor, &packet->connect);
    if (packet->connect.clean_start)
      begin_session(monitor); /* this end discards at once [MQTT-3.1.2-4] */
    break;
  case MQTT_CONNACK:
    note_connack(monitor, &packet->connack);
    break;
  case MQTT_PUBLISH:
    sent_publish(monitor, &packet->publish);
    break;
  case MQTT_PUBACK:
    sent_answer(monitor, packet->type, &monitor->pubacks, packet->ack.packet_id);
    break;
  case MQTT_PUBREC:
    sent_answer(monitor, packet->type, &monitor->pubrecs, packet->ack.packet_id);
    break;
  case MQTT_PUBREL:
    sent_pubrel(monitor, packet->ack.packet_id);
    break;
  case MQTT_PUBCOMP:
    sent_answer(monitor, packet->type, &monitor->pubcomps, packet->ack.packet_id);
    break;
  case MQTT_SUBSCRIBE:
  case MQTT_UNSUBSCRIBE:
    sent_request(monitor, packet->type, packet->subscribe.packet_id);
    break;
  case MQTT_SUBACK:
    sent_answer(monitor, packet->type, &monitor->subacks, packet->suback.packet_id);
    break;
  case MQTT_UNSUBACK:
    sent_answer(monitor, packet->type, &monitor->unsubacks, packet->suback.packet_id);
    break;
  case MQTT_PINGRESP:
    if (monitor->pings == 0)
      breach(monitor, "PINGRESP answers nothing");
    else
      monitor->pings--;
    break;
  case MQTT_DISCONNECT:
    note_disconnect(monitor, &packet->disconnect);
    monitor->over = "DISCONNECT [MQTT-3.14.4-1]";
    break;
  case MQTT_PINGREQ:
  case MQTT_AUTH:
    break;
  }
}

/* The identifier of a PUBLISH of QoS 1 or 2 that is written in part; 0: nothing of the kind. */
static guint16
half_written(const GByteArray *cut)
{
  guint at = 1;
  if (cut->len == 0 || cut->data[0] >> 4 != MQTT_PUBLISH || (cut->data[0] & 6) == 0)
    return 0;
  while (at < cut->len && cut->data[at] & 0x80)
    at++;
  at++;
  if (at + 2 > cut->len)
    return 0;
  at += 2u + ((guint)cut->data[at] << 8 | cut->data[at + 1]);
  return at + 2 > cut->len ? 0 : (guint16)(cut->data[at] << 8 | cut->data[at + 1]);
}

/* A resend cannot be recalled, so it ends after the answer to what was sent before it. */
static void
note_overtaken(MqttMonitor *monitor, guint16 id)
{
  if (half_written(monitor->sent) == id)
    monitor->overtaken = id;
}

static void
received_ack(MqttMonitor *monitor, guint16 id, MqttExchangeState awaited)
{
  MqttExchange *e = mqtt_exchanges_find(&monitor->exchanges, id);
  if (e == NULL || e->state != awaited)
    return;
  note_overtaken(monitor, id);
  end_exchange(monitor, e);
}

static void
received_pubrec(MqttMonitor *monitor, const MqttAck *ack)
{
  MqttExchange *e = mqtt_exchanges_find(&monitor->exchanges, ack->packet_id);
  gboolean known = e != NULL && (e->state == MQTT_AWAIT_PUBREC || e->state == MQTT_OWES_PUBREL ||
                                 e->state == MQTT_AWAIT_PUBCOMP);
  if (known)
    note_overtaken(monitor, ack->packet_id);
  if (ack->reason >= 0x80) { /* ends the exchange [MQTT-4.4.0-2] */
    mqtt_owed_excuse(&monitor->pubrels, ack->packet_id);
    if (known)
      end_exchange(monitor, e);
  } else if (known && e->state == MQTT_AWAIT_PUBREC) {
    e->state = MQTT_OWES_PUBREL;
    e->order = ++monitor->order;
    e->recorded = monitor->connection;
    mqtt_owed_push(&monitor->pubrels, ack->packet_id, FALSE);
  } else {
    if (known)
      e->order = 0;
    mqtt_owed_push_optional(&monitor->pubrels, ack->packet_id);
  }
}

static void
received_publish(MqttMonitor *monitor, const MqttPublish *publish)
{
  if (publish->qos == 1)
    mqtt_owed_push(&monitor->pubacks, publish->packet_id, publish->dup);
  else if (publish->qos == 2)
    mqtt_owed_push(&monitor->pubrecs, publish->packet_id, publish->dup);
}

static void
on_received(MqttMonitor *monitor, const MqttPacket *packet)
{
  switch (packet->type) {
  case MQTT_CONNECT:
    note_connect(monitor, &packet->connect);
    note_limits(monitor, &packet->connect.properties);
    break;
  case MQTT_CONNACK:
    note_connack(monitor, &packet->connack);
    note_limits(monitor, &packet->connack.properties);
    break;
  case MQTT_PUBLISH:
    received_publish(monitor, &packet->publish);
    break;
  case MQTT_PUBACK:
    received_ack(monitor, packet->ack.packet_id, MQTT_AWAIT_PUBACK);
    break;
  case MQTT_PUBREC:
    received_pubrec(monitor, &packet->ack);
    break;
  case MQTT_PUBREL:
    mqtt_owed_push(&monitor->pubcomps, packet->ack.packet_id, TRUE);
    break;
  case MQTT_PUBCOMP:
    received_ack(monitor, packet->ack.packet_id, MQTT_AWAIT_PUBCOMP);
    break;
  case MQTT_SUBSCRIBE:
    mqtt_owed_push(&monitor->subacks, packet->subscribe.packet_id, TRUE);
    break;
  case MQTT_SUBACK:
    received_ack(monitor, packet->suback.packet_id, MQTT_AWAIT_SUBACK);
    break;
  case MQTT_UNSUBSCRIBE:
    mqtt_owed_push(&monitor->unsubacks, packet->subscribe.packet_id, TRUE);
    break;
  case MQTT_UNSUBACK:
    received_ack(monitor, packet->suback.packet_id, MQTT_AWAIT_UNSUBACK);
    break;
  case MQTT_PINGREQ:
    monitor->pings++;
    break;
  case MQTT_DISCONNECT:
    if (monitor->end == MQTT_FROM_SERVER)
      note_disconnect(monitor, &packet->disconnect);
    break;
  case MQTT_PINGRESP:
  case MQTT_AUTH:
    break;
  }
}

/* Takes whole packets off the front; returns the bytes taken. */
static gsize
read_packets(MqttMonitor *monitor, MqttSender sender, const guint8 *data, gsize n)
{
  gsize taken = 0;
  while (monitor->breach[0] == '\0') {
    MqttPacket packet;
    gsize size;
    guint8 reason;
    MqttDecode result = mqtt_decode(data + taken, n - taken, monitor->version, sender,
                                    MQTT_PACKET_MAX, &packet, &size, &reason);
    if (result == MQTT_NEED_MORE)
      break;
    if (result == MQTT_MALFORMED)
      breach(monitor, "%s bytes that are no packet: %s (0x%02x)",
             sender == monitor->end ? "sent" : "received", mqtt_reason_name(reason), reason);
    else if (sender == monitor->end)
      on_sent(monitor, &packet, size);
    else
      on_received(monitor, &packet);
    taken += size;
  }
  return taken;
}

static void
feed(MqttMonitor *monitor, MqttSender sender, GByteArray *rest, const guint8 *data, gsize n)
{
  g_assert(monitor->connection > 0);
  if (monitor->breach[0] != '\0')
    return;
  if (rest->len == 0) {
    gsize taken = read_packets(monitor, sender, data, n);
    if (monitor->breach[0] == '\0')
      g_byte_array_append(rest, data + taken, (guint)(n - taken));
    return;
  }
  g_byte_array_append(rest, data, (guint)n);
  gsize taken = read_packets(monitor, sender, rest->data, rest->len);
  if (monitor->breach[0] == '\0' && taken > 0)
    g_byte_array_remove_range(rest, 0, (guint)taken);
}

void
mqtt_monitor_sent(MqttMonitor *monitor, const guint8 *data, gsize n)
{
  feed(monitor, monitor->end, monitor->sent, data, n);
}

void
mqtt_monitor_received(MqttMonitor *monitor, const guint8 *data, gsize n)
{
  MqttSender peer = monitor->end == MQTT_FROM_CLIENT ? MQTT_FROM_SERVER : MQTT_FROM_CLIENT;
  feed(monitor, peer, monitor->received, data, n);
}
