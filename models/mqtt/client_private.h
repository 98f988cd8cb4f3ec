/* Between client.c (life of a connection), client_input.c (packets that come) and
 * client_output.c (what the application asks, what is written, timers). */
#pragma once

#include "models/mqtt/ack_timers.h"
#include "models/mqtt/client.h"
#include "models/mqtt/session.h"

/* Kind of store record: there is a session; value: its client identifier. */
enum { CLIENT_RECORD_SESSION = 1 };

typedef enum {
  CLIENT_CLOSED,    /* waits for connecting() */
  CLIENT_OPENING,   /* waits for opened(), or the time-out. Next: CONNACK, CLOSING */
  CLIENT_CONNACK,   /* waits for CONNACK, or the time-out. Next: CONNECTED, CLOSING */
  CLIENT_CONNECTED, /* waits for all the rest. Next: CLOSING */
  CLIENT_CLOSING    /* waits to write DISCONNECT, if any, then for closed(). Next: CLOSED */
} ClientState;

enum { REQUEST_SUBSCRIBE = 1, REQUEST_UNSUBSCRIBE }; /* MqttSlot.state of a request */

/* A client is found in no cache when its turn comes, so what a message looks at fills four lines:
 * the first here, the core, the head of the session and the end of the pipe. */
struct _MqttClient {
  const MqttClientConfig *config;
  GPtrArray *handed; /* MqttMessage: what the MESSAGE events of the last call show; or NULL */
  MqttAckTimers *timers;
  gint64 connect_deadline_ns;
  gint64 ping_due_ns; /* the next PINGREQ if nothing is sent till then */
  gint64 last_input_ns;
  gint64 ping_deadline_ns; /* of PINGRESP */
  guint16 keep_alive_s;    /* the server may have set it [MQTT-3.1.2-21] */
  guint8 state;
  guint8 goodbye_reason;
  guint8 goodbye : 1;     /* CLOSE follows when DISCONNECT is written */
  guint8 clean_start : 1; /* of this connection's CONNECT */
  guint8 connected_before : 1;
  guint8 has_session : 1;          /* a server and we have had one, and we have kept our part */
  guint8 ends_with_connection : 1; /* Session Expiry Interval 0 */
  guint8 awaits_pingresp : 1;
  guint8 owes_connect : 1; /* when what is ahead of it is written */
  guint8 gave_up : 1;
  guint8 restart : 1; /* the server has a session of which we know nothing */
  MqttCore core;
  MqttSession session;
  MqttPipe pipe;
  MqttRing *unstored; /* QoS 2 to be handed over when op is stored */
  guint8 *id;
  MqttMessage *will;          /* NULL: none */
  gint64 connack_deadline_ns; /* connect_deadline_ns, once opened() */
  gint64 wakes_ns;            /* who dozes looks then; or NEVER */
  gint64 clock_ns;            /* what its clock shows at now_ns = 0 */
  guint32 will_delay_s;
  guint16 id_length;
};
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct _MqttClient, core) == 64);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct _MqttClient, session) == 128);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct _MqttClient, pipe.acks) == 256);

static inline gboolean
client_has_quirk(const MqttClient *client, MqttClientQuirk quirk)
{
  return (client->core.client_quirks & quirk) != 0;
}

void mqtt_client_release_handed(MqttClient *client);

/* Of every call. */
static inline void
mqtt_client_begin(MqttClient *client)
{
  mqtt_store_log_group(client->core.log);
  if (client->handed != NULL)
    mqtt_client_release_handed(client);
}

/* When the second of now_ns began, by the clock of who counts in whole ones. */
static inline gint64
client_moment(const MqttClient *client, gint64 now_ns)
{
  return client_has_quirk(client, MQTT_CLIENT_DOZES)
             ? now_ns - (now_ns + client->clock_ns) % NS_PER_S
             : now_ns;
}

/* A packet came or went. Who dozes looks in the same instant, when all that came or is to go is
 * done with. */
static inline void
mqtt_client_woken(MqttClient *client, gint64 now_ns)
{
  if (client_has_quirk(client, MQTT_CLIENT_DOZES) && client->state == CLIENT_CONNECTED)
    client->wakes_ns = now_ns;
}

/* The message that has waited longest for the store; the reference is the caller's. */
MqttMessage *mqtt_client_take_unstored(MqttClient *client);
void mqtt_client_drop_unstored(MqttClient *client, MqttCause cause); /* GONE for each */
void mqtt_client_hand_over(MqttClient *client); /* what is stored by now: MESSAGE, GONE */
void mqtt_client_idle(MqttClient *client);
void mqtt_client_send_connect(MqttClient *client);
void mqtt_client_close(MqttClient *client, guint8 reason);
void mqtt_client_goodbye(MqttClient *client, guint8 reason);
void mqtt_client_fail(MqttClient *client, guint8 reason);
void mqtt_client_session_ended(MqttClient *client, MqttCause cause);
void mqtt_client_take_id(MqttClient *client, MqttBytes id);
