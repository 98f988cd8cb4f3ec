/* A connection is cut as one packet of an exchange is under way, each packet in turn; both sides go
 * on with the session [MQTT-4.4.0-1]. */
#include "tests/peers/scenes.h"

#include <string.h>

enum { MESSAGES = 20 };

/* Hears a burst at QoS 1 or 2 and the word after it. What was under way at the cut may come again
 * at QoS 1, but the first time of each is in order [MQTT-4.6.0-1]. */
static void
hear_all(Stage *stage, guint qos, gboolean in_order)
{
  guint times[MESSAGES] = {0}, different = 0;
  gboolean ended = FALSE;
  while (!ended && !g_test_failed()) {
    g_autofree char *line = stage_next(stage, 1);
    if (line == NULL)
      return;
    const char *word = strrchr(line, ' ') + 1;
    ended = strcmp(word, "the-end") == 0;
    guint number = (guint)g_ascii_strtoull(word, NULL, 10);
    if (ended)
      continue;
    if (number >= MESSAGES || (qos == 2 && times[number] > 0))
      g_test_fail_printf("heard too often: %s", line);
    else if (times[number]++ == 0 && number != different++ && in_order)
      g_test_fail_printf("heard out of order: %s", line);
  }
  stage_check(stage, different == MESSAGES, "all that was published was heard");
}

/* All are under way at once, and the last word comes from another client: MQTT.js 4.3 may never
 * send what is published around the end of its resending (its flag _storeProcessing can be set once
 * more after that). */
void
cut_play(Stage *stage, const Cut *cut)
{
  guint other = 1 - cut->who;
  stage_join_relay(stage, cut->who, KEPT);
  stage_join(stage, other, KEPT, "");
  stage_subscribe(stage, 1, "cut", cut->qos, "");
  relay_cut(stage->relay, cut->way, cut->type, MESSAGES / 2);
  stage_burst(stage, 0, "cut", cut->qos, MESSAGES, MESSAGES);
  stage_await(stage, cut->who, "closed");
  stage_await(stage, cut->who, "connected 1");
  stage_await(stage, 0, "done");
  stage_join(stage, 2, FRESH, "");
  stage_publish(stage, 2, "cut", cut->qos, NOT_RETAINED, "the-end");
  hear_all(stage, cut->qos, cut->who == 1 || stage->kind->resends_first);
  stage_check(stage, relay_cuts(stage->relay) == 1, "the connection was cut once");
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
