/* What a scene is made of: a broker, up to three clients of one library, which do what they are
 * told, and the words for it. Every wait is bounded; a scene that has failed runs to its end
 * without waiting. */
#pragma once

#include "tests/peers/broker.h"
#include "tests/peers/relay.h"

typedef struct {
  const char *name;
  char **(*find)(void);     /* how it is called; NULL where it is missing */
  gboolean starts_at_once;  /* so each connection gets a process of its own */
  gboolean resumes_at_once; /* otherwise it takes a second, and its cuts are played on one broker */
  gboolean resends_first;   /* after a reconnect what is older goes first [MQTT-4.6.0-1] */
  gboolean takes_aliases;   /* it knows what to do with a topic alias of the broker's */
  /* It keeps what comes again at QoS 2, and may hand it over once more when the broker uses the
   * identifier again (docs/MODEL.md, keeps-each-copy). */
  gboolean keeps_each_copy;
} PeerKind;

enum { STAGE_ACTORS = 3 };

typedef struct {
  Broker *broker;
  int version; /* 5, or 4 for MQTT 3.1.1 */
  guint scene; /* in the names of clients and topics, so that scenes can share a broker */
  const PeerKind *kind;
  char **argv;
  Proc *actors[STAGE_ACTORS]; /* NULL: not started yet. Starting one may take half a second, so they
                                 outlive scenes */
  Relay *relay;
} Stage;

typedef enum { FRESH, KEPT } StageSession; /* KEPT: resumed, and outlives the connection */
typedef enum { NOT_RETAINED, RETAINED } StageRetain;

/* Clients are numbers below STAGE_ACTORS. Words are what else a peer is told, with a blank in
 * front. */

/* Connects, and gives Session Present. */
gboolean stage_join(Stage *stage, guint who, StageSession session, const char *words);
gboolean stage_join_relay(Stage *stage, guint who, StageSession session);
/* Under the name of another, whose session it resumes. */
gboolean stage_join_as(Stage *stage, guint who, guint name);
void stage_leave(Stage *stage, guint who);
void stage_kill(Stage *stage, guint who);

void stage_subscribe(Stage *stage, guint who, const char *filter, guint qos, const char *words);
void stage_unsubscribe(Stage *stage, guint who, const char *filter);
void stage_publish(Stage *stage, guint who, const char *topic, guint qos, StageRetain retain,
                   const char *payload);
/* These two do not wait for the acknowledgements: "published", and "done". The window is how many
 * of a burst are under way at once. */
void stage_send(Stage *stage, guint who, const char *topic, guint qos, StageRetain retain,
                const char *payload);
void stage_burst(Stage *stage, guint who, const char *topic, guint qos, guint count, guint window);
void stage_await(Stage *stage, guint who, const char *line);

/* The next message that it heard is this one. */
void stage_hear(Stage *stage, guint who, const char *topic, guint qos, StageRetain retain,
                const char *payload);
/* The next message that it heard, as it told it; NULL when the test has failed. */
char *stage_next(Stage *stage, guint who);
/* A last word, which must be the next that is heard: what came before is over. */
void stage_settle(Stage *stage, guint from, guint who, const char *topic, guint qos);
void stage_check(Stage *stage, gboolean holds, const char *what);

/* A topic of a scene, as the wire has it. */
char *stage_topic(const Stage *stage, const char *topic);
/* After a scene. */
void stage_clear(Stage *stage);
