/* A connection is cut as one packet of an exchange is under way, each packet in turn; or the broker
 * is killed. Both sides go on with the session [MQTT-4.4.0-1]. */
#include "tests/peers/scenes.h"

#include <string.h>

enum { MESSAGES = 20, MANY = 600 };

/* What client 1 has heard of a burst. */
typedef struct {
  guint count, qos;
  gboolean in_order, once;
  guint times[MANY], different;
} Hearing;

/* Hears one more at QoS 1 or 2. What was under way at the end of a connection may come again at QoS
 * 1, but the first time of each is in order [MQTT-4.6.0-1]. FALSE: that was the word after it. */
static gboolean
hear_next(Stage *stage, Hearing *hearing)
{
  g_autofree char *line = stage_next(stage, 1);
  const char *word = line != NULL ? strrchr(line, ' ') + 1 : "the-end";
  guint number = (guint)g_ascii_strtoull(word, NULL, 10);
  if (strcmp(word, "the-end") == 0)
    return FALSE;
  if (number >= hearing->count || (hearing->once && hearing->times[number] > 0))
    g_test_fail_printf("heard too often: %s", line);
  else if (hearing->times[number]++ == 0 && number != hearing->different++ && hearing->in_order)
    g_test_fail_printf("heard out of order: %s", line);
  return !g_test_failed();
}

/* The last word comes from another client: MQTT.js 4.3 may never send what is published around the
 * end of its resending (its flag _storeProcessing can be set once more after that). */
static void
hear_rest(Stage *stage, Hearing *hearing, const char *topic)
{
  stage_await(stage, 0, "done");
  stage_join(stage, 2, FRESH, "");
  stage_publish(stage, 2, topic, hearing->qos, NOT_RETAINED, "the-end");
  while (hear_next(stage, hearing))
    continue;
  stage_check(stage, hearing->different == hearing->count, "all that was published was heard");
}

/* All are under way at once. */
void
cut_play(Stage *stage, const Cut *cut)
{
  guint other = 1 - cut->who;
  Hearing hearing = {.count = MESSAGES,
                     .qos = cut->qos,
                     .in_order = cut->who == 1 || stage->kind->resends_first,
                     .once = cut->qos == 2};
  stage_join_relay(stage, cut->who, KEPT);
  stage_join(stage, other, KEPT, "");
  stage_subscribe(stage, 1, "cut", cut->qos, "");
  relay_cut(stage->relay, cut->way, cut->type, MESSAGES / 2);
  stage_burst(stage, 0, "cut", cut->qos, MESSAGES, MESSAGES);
  stage_await(stage, cut->who, "closed");
  stage_await(stage, cut->who, "connected 1");
  hear_rest(stage, &hearing, "cut");
  stage_check(stage, relay_cuts(stage->relay) == 1, "the connection was cut once");
}

static void
kill_in_burst(Stage *stage, const char *topic, guint qos)
{
  Hearing hearing = {.count = MANY,
                     .qos = qos,
                     .in_order = stage->kind->resends_first && !stage->kind->keeps_each_copy,
                     .once = qos == 2 && !stage->kind->keeps_each_copy};
  stage_subscribe(stage, 1, topic, qos, "");
  /* Under way at once: Paho Python 1.6 sends all of it again, whatever the broker's Receive
   * Maximum; and MQTT.js must have published before the kill (see hear_rest()). */
  stage_burst(stage, 0, topic, qos, MANY, stage->kind->resends_first ? 50 : MANY);
  guint kills = stage->kind->resumes_at_once ? 2 : 1;
  for (guint i = 1; i <= kills; i++) {
    while (hearing.different < i * MANY / 4 && hear_next(stage, &hearing))
      continue;
    relay_hold(stage->relay, TRUE);
    stage_check(stage, broker_kill(stage->broker), "the broker is killed and comes again");
    relay_hold(stage->relay, FALSE);
    for (guint who = 0; who < 2; who++) {
      stage_await(stage, who, "closed");
      stage_await(stage, who, "connected 1");
    }
  }
  hear_rest(stage, &hearing, topic);
}

/* A broker with a store keeps what it has acknowledged, whoever kills it. Through the relay: a
 * connection ends by FIN, see there, and no try to connect again fails: at the second one, Paho
 * Python 1.6 sends PUBLISH again where PUBREL was due, against [MQTT-4.3.3-6]. */
void
kill_play(Stage *stage)
{
  Broker *usual = stage->broker;
  stage->broker = broker_new_stored(usual);
  if (stage->broker == NULL) {
    stage->broker = usual;
    return g_test_fail_printf("a broker with a store does not start");
  }
  for (guint who = 0; who < 2; who++)
    stage_join_relay(stage, who, KEPT);
  kill_in_burst(stage, "kill-1", 1);
  kill_in_burst(stage, "kill-2", 2);
  for (guint who = 0; who < STAGE_ACTORS && !g_test_failed(); who++)
    stage_leave(stage, who);
  stage_check(stage, broker_end(stage->broker), "it exits with 0 on SIGTERM");
  stage->broker = usual;
}

const Cut cuts[] = {
    {"puback-lost", 0, 1, RELAY_DOWN, RELAY_PUBACK},
    {"publish-1-lost", 0, 1, RELAY_UP, RELAY_PUBLISH},
    {"publish-2-lost", 0, 2, RELAY_UP, RELAY_PUBLISH},
    {"pubrec-lost", 0, 2, RELAY_DOWN, RELAY_PUBREC},
    {"pubrel-lost", 0, 2, RELAY_UP, RELAY_PUBREL},
    {"pubcomp-lost", 0, 2, RELAY_DOWN, RELAY_PUBCOMP},
    {"forwarded-puback-lost", 1, 1, RELAY_UP, RELAY_PUBACK},
    {"forwarded-publish-1-lost", 1, 1, RELAY_DOWN, RELAY_PUBLISH},
    {"forwarded-publish-2-lost", 1, 2, RELAY_DOWN, RELAY_PUBLISH},
    {"forwarded-pubrec-lost", 1, 2, RELAY_UP, RELAY_PUBREC},
    {"forwarded-pubrel-lost", 1, 2, RELAY_DOWN, RELAY_PUBREL},
    {"forwarded-pubcomp-lost", 1, 2, RELAY_UP, RELAY_PUBCOMP},
};
const guint n_cuts = G_N_ELEMENTS(cuts);
