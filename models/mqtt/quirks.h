/* What real programs do otherwise than the specification, or than these machines, and that is too
 * small for a field of its own. docs/MODEL.md says what was seen of each. */
#pragma once

/* Of brokers: bits of MqttBrokerConfig.quirks. */
enum {
  MQTT_QUIRK_KEEP_ALIVE_CAP = 1 << 0, /* who asks for none in 5.0 gets 65535 s */
  /* A client's Receive Maximum takes the place of our bound on what is in flight to it. */
  MQTT_QUIRK_RECEIVE_MAXIMUM_REPLACES = 1 << 1,
  /* What is beyond our Receive Maximum is refused: 0x97 in 5.0, whose refusal makes room for one
   * that was not there; in 3.1.1, which has no such bound, acknowledged and thrown away. */
  MQTT_QUIRK_OVERRUN_REFUSED = 1 << 2,
  /* The third copy of a QoS 2 PUBLISH on one connection is a protocol error. */
  MQTT_QUIRK_THIRD_DUPLICATE_CLOSES = 1 << 3,
  /* A PUBLISH that is another than the one with its identifier takes its place. */
  MQTT_QUIRK_REUSED_ID_IS_NEW = 1 << 4,
  /* A message expires although it was sent, and its PUBREL too. */
  MQTT_QUIRK_EXPIRES_IN_FLIGHT = 1 << 5,
  /* What is kept of sessions whose last CONNECT had Clean Start 1 is forgotten at a restart. */
  MQTT_QUIRK_CLEAN_START_UNSAVED = 1 << 6,
  /* Wills are not kept over a restart; an orderly end publishes them all. */
  MQTT_QUIRK_WILLS_UNSAVED = 1 << 7,
  MQTT_QUIRK_NO_MATCH_UNSAID = 1 << 8,   /* no 0x10 in PUBREC */
  MQTT_QUIRK_UNKNOWN_ID_UNSAID = 1 << 9, /* no 0x92 in PUBREL and PUBCOMP */
  MQTT_QUIRK_SILENT_CLOSE = 1 << 10,     /* no DISCONNECT but to who sent something wrong */
  MQTT_QUIRK_NO_ALIASES_SENT = 1 << 11,
  MQTT_QUIRK_OFFLINE_SHARES = 1 << 12, /* who has no connection takes its turn in a group too */
  MQTT_QUIRK_RETAINED_TO_SHARES = 1 << 13,
  /* In 3.1.1, of several subscriptions that match the first decides, not the highest QoS. */
  MQTT_QUIRK_FIRST_MATCH = 1 << 14,
  /* The queue of a session without a connection has no room beside what is in flight. */
  MQTT_QUIRK_QUEUE_HOLDS_INFLIGHT = 1 << 15,
  /* A take-over that keeps the session publishes no will. */
  MQTT_QUIRK_TAKE_OVER_DROPS_WILL = 1 << 16,
  /* Silence, sessions and the delays of wills end when the clock's second is beyond their last. */
  MQTT_QUIRK_WHOLE_SECONDS = 1 << 17,
};

/* Of clients: bits of MqttClientConfig.quirks. */
typedef enum {
  MQTT_CLIENT_RECEIVE_MAXIMUM_REPLACES =
      1,                                /* the server's replaces inflight, up or down, for good */
  MQTT_CLIENT_IGNORES_CONNACK = 1 << 1, /* its properties: limits, Server Keep Alive, identifier */
  MQTT_CLIENT_QUEUE_PASSES_WINDOW = 1 << 2,  /* what waits at a reconnection is all sent at once */
  MQTT_CLIENT_PUBREL_WIDENS_WINDOW = 1 << 3, /* by one, until the connection ends */
  MQTT_CLIENT_DUP_AT_RECONNECT = 1 << 4, /* on all that is sent then, though it never was before */
  MQTT_CLIENT_REFUSAL_IS_SUCCESS = 1 << 5, /* to the application; PUBREL follows a PUBREC of 0x80 */
  MQTT_CLIENT_DROPS_UNKNOWN_PUBREC = 1 << 6, /* no PUBREL answers it */
  MQTT_CLIENT_UNKNOWN_ID_UNSAID = 1 << 7,    /* an unknown identifier gets reason 0x00 */
  MQTT_CLIENT_ERROR_IS_FINAL = 1 << 8,  /* never connects again after DISCONNECT, a refusal in MQTT
                                          5,  or an error of the server */
  MQTT_CLIENT_KEEPS_EACH_COPY = 1 << 9, /* of a QoS 2 PUBLISH that comes again; PUBREL hands over
                                          the oldest with its identifier. For on-pubrel */
  MQTT_CLIENT_LAST_COPY_COUNTS = 1 << 10, /* of them, PUBREL hands over the last. For on-pubrel */
  MQTT_CLIENT_CLOSES_SILENTLY = 1 << 11,  /* at an error of the server: no DISCONNECT says which */
  MQTT_CLIENT_BEGINS_AGAIN = 1 << 12,     /* with clean_start, a QoS 2 exchange goes back to PUBLISH
                                            when its connection is cut after PUBREC */
  MQTT_CLIENT_DOZES = 1 << 13, /* looks at its keep alive, in whole seconds of its clock, only when
                                  a packet came or went, or it has slept for one */
  MQTT_CLIENT_HASTY_QOS0 = 1 << 14,      /* QoS 0 does not wait for CONNACK, but follows CONNECT */
  MQTT_CLIENT_AHEAD_OF_CONNECT = 1 << 15 /* what is published while the transport opens goes out
                                            before CONNECT, so that a server closes; and what is
                                            published until CONNACK comes does not wait for it */
} MqttClientQuirk;

/* "none", then one for each bit; ends with NULL. */
extern const char *const mqtt_quirk_names[];
extern const char *const mqtt_client_quirk_names[];
