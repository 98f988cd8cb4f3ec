/* The exchanges of QoS 1 and 2 (section 4.3) as tables: state x event -> next state and what to
 * do. What has no entry is illegal. The tables know no session, no window and no bytes. */
#pragma once

#include <glib.h>

/* Of the side that sends PUBLISH. */
typedef enum {
  MQTT_OUT_NONE,    /* no exchange has this identifier */
  MQTT_OUT_QUEUED,  /* waits for room in the window; has no identifier. Next: PUBACK, PUBREC */
  MQTT_OUT_PUBACK,  /* QoS 1, waits for PUBACK. Next: NONE */
  MQTT_OUT_PUBREC,  /* QoS 2, waits for PUBREC. Next: PUBCOMP, or NONE if refused */
  MQTT_OUT_PUBCOMP, /* the receiver owns the message; waits for PUBCOMP. Next: NONE */
  MQTT_OUT_KEPT,    /* the same, but the message is kept. Next: NONE, or PUBREC when it resumes */
  MQTT_OUT_STATES
} MqttOutState;

typedef enum {
  MQTT_OUT_GRANT_1, /* the window has room: QoS 1 */
  MQTT_OUT_GRANT_2,
  MQTT_OUT_GOT_PUBACK,
  MQTT_OUT_GOT_PUBACK_ERROR, /* reason 0x80 or above */
  MQTT_OUT_GOT_PUBREC,
  MQTT_OUT_GOT_PUBREC_ERROR,
  MQTT_OUT_GOT_PUBREC_KEEPS, /* success, to a client that begins again (MqttClientQuirk) */
  MQTT_OUT_GOT_PUBCOMP,
  MQTT_OUT_GOT_PUBCOMP_ERROR,
  MQTT_OUT_RESUME, /* a connection with Session Present 1 [MQTT-4.4.0-1] */
  MQTT_OUT_REPEAT, /* the timer of a client that resends on a live connection */
  MQTT_OUT_DROP,   /* given up, expired, discarded */
  MQTT_OUT_EVENTS
} MqttOutEvent;

/* Of the side that receives PUBLISH. QoS 1 has no state: after PUBACK the identifier is new
 * [MQTT-4.3.2-5]. */
typedef enum {
  MQTT_IN_NONE,   /* no exchange has this identifier */
  MQTT_IN_PUBREL, /* QoS 2 accepted, waits for PUBREL. Next: NONE */
  MQTT_IN_STATES
} MqttInState;

typedef enum {
  MQTT_IN_PUBLISH_1,
  MQTT_IN_PUBLISH_2,
  MQTT_IN_REFUSE_1, /* a PUBLISH that the machine will not take */
  MQTT_IN_REFUSE_2,
  MQTT_IN_GOT_PUBREL,
  MQTT_IN_EVENTS
} MqttInEvent;

enum {
  MQTT_DO_SEND_PUBLISH = 1,
  MQTT_DO_SEND_PUBREL = 1 << 1,
  MQTT_DO_SEND_PUBREL_UNKNOWN = 1 << 2, /* reason 0x92 */
  MQTT_DO_SEND_PUBACK = 1 << 3,
  MQTT_DO_SEND_PUBREC = 1 << 4,
  MQTT_DO_SEND_PUBCOMP = 1 << 5,
  MQTT_DO_SEND_PUBCOMP_UNKNOWN = 1 << 6, /* reason 0x92 */
  MQTT_DO_ACCEPT = 1 << 7,               /* the message is new: hand it on, or hold it */
  MQTT_DO_RELEASE = 1 << 8,   /* the receiver's state is complete: hand on what was held */
  MQTT_DO_DROP_COPY = 1 << 9, /* the sender's copy is no longer needed */
  MQTT_DO_FREE = 1 << 10,     /* the identifier is free and the window moves */
  MQTT_DO_CREDIT = 1 << 11,   /* an answer to a dropped exchange: the window still moves */
  MQTT_DO_TELL_SUCCESS = 1 << 12,
  MQTT_DO_TELL_FAILURE = 1 << 13,
};

typedef struct {
  guint8 legal;
  guint8 next;
  guint16 actions;
} MqttStep;

/* NULL: illegal. */
const MqttStep *mqtt_flow_out(MqttOutState state, MqttOutEvent event);
const MqttStep *mqtt_flow_in(MqttInState state, MqttInEvent event);
