#include "tests/peers/scenes.h"

#include <signal.h>
#include <string.h>

/* What is published at one QoS arrives at the lower of that and the granted one [MQTT-3.8.4-8]. */
static void
play_qos(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  for (guint granted = 0; granted <= 2; granted++) {
    stage_subscribe(stage, 1, "a/+", granted, "");
    for (guint qos = 0; qos <= 2; qos++) {
      stage_publish(stage, 0, "a/b", qos, NOT_RETAINED, "word");
      stage_hear(stage, 1, "a/b", MIN(qos, granted), NOT_RETAINED, "word");
    }
  }
  stage_publish(stage, 0, "a/b", 1, NOT_RETAINED, "-");
  stage_hear(stage, 1, "a/b", 1, NOT_RETAINED, "-");
  stage_unsubscribe(stage, 1, "a/+");
  stage_publish(stage, 0, "a/b", 1, NOT_RETAINED, "nobody-hears");
  stage_subscribe(stage, 1, "end", 1, "");
  stage_settle(stage, 0, 1, "end", 1);
}

/* A client of each version hears the other. */
static void
play_versions(Stage *stage)
{
  int version = stage->version;
  stage_join(stage, 0, FRESH, "");
  stage->version = version == 5 ? 4 : 5;
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 0, "old", 2, "");
  stage_subscribe(stage, 1, "new", 2, "");
  for (guint qos = 0; qos <= 2; qos++) {
    stage_publish(stage, 0, "new", qos, NOT_RETAINED, "forward");
    stage_hear(stage, 1, "new", qos, NOT_RETAINED, "forward");
    stage_publish(stage, 1, "old", qos, NOT_RETAINED, "back");
    stage_hear(stage, 0, "old", qos, NOT_RETAINED, "back");
  }
  stage->version = version;
}

static void
play_retained(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "lamp/#", 2, "");
  for (guint qos = 0; qos <= 2; qos++) {
    stage_publish(stage, 0, "lamp/1", qos, RETAINED, "old");
    stage_hear(stage, 1, "lamp/1", qos, NOT_RETAINED, "old"); /* [MQTT-3.3.1-12] */
  }
  stage_publish(stage, 0, "lamp/1", 1, RETAINED, "on");
  stage_hear(stage, 1, "lamp/1", 1, NOT_RETAINED, "on");
  stage_publish(stage, 0, "lamp/1", 1, NOT_RETAINED, "not-kept");
  stage_hear(stage, 1, "lamp/1", 1, NOT_RETAINED, "not-kept"); /* [MQTT-3.3.1-8] */

  stage_join(stage, 2, FRESH, "");
  stage_subscribe(stage, 2, "lamp/+", 2, "");
  stage_hear(stage, 2, "lamp/1", 1, RETAINED, "on");
  stage_publish(stage, 0, "lamp/1", 1, RETAINED, "-"); /* [MQTT-3.3.1-6] */
  stage_hear(stage, 2, "lamp/1", 1, NOT_RETAINED, "-");
  stage_unsubscribe(stage, 2, "lamp/+");
  stage_subscribe(stage, 2, "lamp/+", 2, "");
  stage_settle(stage, 0, 2, "lamp/2", 1);
}

/* Retain As Published, and Retain Handling 1 and 2 [MQTT-3.3.1-10, 3.3.1-11, 3.3.1-13]. */
static void
play_retain_options(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_publish(stage, 0, "lamp", 1, RETAINED, "on");
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "lamp", 1, " rap=1 handling=1");
  stage_hear(stage, 1, "lamp", 1, RETAINED, "on");
  stage_subscribe(stage, 1, "lamp", 1, " rap=1 handling=1");
  stage_publish(stage, 0, "lamp", 1, RETAINED, "off");
  stage_hear(stage, 1, "lamp", 1, RETAINED, "off");
  stage_join(stage, 2, FRESH, "");
  stage_subscribe(stage, 2, "lamp", 1, " handling=2");
  stage_settle(stage, 0, 2, "lamp", 1);
}

static void
play_will(Stage *stage)
{
  g_autofree char *topic = stage_topic(stage, "dead");
  g_autofree char *will = g_strdup_printf(" will=%s,2,1,client-0", topic);
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "dead", 2, "");
  stage_join(stage, 0, FRESH, will);
  stage_kill(stage, 0);
  stage_hear(stage, 1, "dead", 2, NOT_RETAINED, "client-0");
  stage_join(stage, 2, FRESH, "");
  stage_subscribe(stage, 2, "dead", 2, "");
  stage_hear(stage, 2, "dead", 2, RETAINED, "client-0");
  stage_join(stage, 0, FRESH, will);
  stage_leave(stage, 0); /* [MQTT-3.1.2-10] */
  stage_join(stage, 0, FRESH, "");
  stage_settle(stage, 0, 1, "dead", 2);
}

/* It waits for its delay, and is not sent if the client is back before [MQTT-3.1.3-9]. */
static void
play_will_delay(Stage *stage)
{
  g_autofree char *topic = stage_topic(stage, "dead");
  g_autofree char *early = g_strdup_printf(" delay=30 will=%s,1,0,early", topic);
  g_autofree char *late = g_strdup_printf(" delay=1 will=%s,1,0,late", topic);
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "dead", 1, "");
  stage_join(stage, 0, KEPT, early);
  stage_kill(stage, 0);
  stage_check(stage, stage_join(stage, 0, KEPT, late), "the session is there");
  gint64 killed_us = g_get_monotonic_time();
  stage_kill(stage, 0);
  stage_hear(stage, 1, "dead", 1, NOT_RETAINED, "late");
  stage_check(stage, g_get_monotonic_time() - killed_us > 900000, "the will has waited");
}

static void
play_large(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "#", 2, "");
  for (guint qos = 0; qos <= 2; qos++) {
    stage_publish(stage, 0, "large", qos, NOT_RETAINED, "*1000000");
    stage_hear(stage, 1, "large", qos, NOT_RETAINED, "*1000000");
  }
  /* Each length of the fixed header, from both sides. */
  for (guint size = 127; size < 3000000; size *= 129) {
    g_autofree char *payload = g_strdup_printf("*%u", size);
    stage_publish(stage, 0, "sizes", 1, NOT_RETAINED, payload);
    stage_hear(stage, 1, "sizes", 1, NOT_RETAINED, payload);
  }
}

static void
hear_burst(Stage *stage, guint who, const char *topic, guint qos, guint count)
{
  for (guint i = 0; i < count && !g_test_failed(); i++) {
    g_autofree char *number = g_strdup_printf("%u", i);
    g_autofree char *numbered =
        strchr(topic, '%') != NULL
            ? g_strdup_printf("%.*s%u", (int)(strchr(topic, '%') - topic), topic, i)
            : g_strdup(topic);
    stage_hear(stage, who, numbered, qos, NOT_RETAINED, number);
  }
}

/* All of them, once each and in order [MQTT-4.6.0-6]. */
static void
play_many_messages(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "#", 2, "");
  for (guint qos = 0; qos <= 2; qos++) {
    stage_burst(stage, 0, "many", qos, 500, 10);
    hear_burst(stage, 1, "many", qos, 500);
    stage_await(stage, 0, "done");
  }
}

static void
play_many_topics(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  for (guint i = 0; i < 300; i++) {
    g_autofree char *filter = g_strdup_printf("t/%u", i);
    stage_subscribe(stage, 1, filter, 1, "");
  }
  stage_burst(stage, 0, "t/%", 1, 600, 10);
  hear_burst(stage, 1, "t/%", 1, 300);
  stage_await(stage, 0, "done");
  stage_subscribe(stage, 1, "end", 1, "");
  stage_settle(stage, 0, 1, "end", 1);
}

/* A kept session holds what comes while its client is away, in order, and its subscriptions. */
static void
play_session(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_check(stage, !stage_join(stage, 1, KEPT, ""), "there is no session at first");
  stage_subscribe(stage, 1, "box", 2, "");
  stage_leave(stage, 1);
  stage_burst(stage, 0, "box", 1, 50, 10);
  stage_await(stage, 0, "done");
  stage_check(stage, stage_join(stage, 1, KEPT, ""), "the session is there");
  hear_burst(stage, 1, "box", 1, 50);
  stage_settle(stage, 0, 1, "box", 0); /* heard after the last PUBACK was sent */
  stage_kill(stage, 1);
  stage_burst(stage, 0, "box", 2, 50, 10);
  stage_await(stage, 0, "done");
  stage_check(stage, stage_join(stage, 1, KEPT, ""), "the session outlives a killed client");
  hear_burst(stage, 1, "box", 2, 50);
  stage_settle(stage, 0, 1, "box", 2);
  stage_leave(stage, 1);
  stage_publish(stage, 0, "box", 2, NOT_RETAINED, "given-up");
  stage_check(stage, !stage_join(stage, 1, FRESH, ""), "a clean start gives the session up");
  stage_subscribe(stage, 1, "end", 1, "");
  stage_settle(stage, 0, 1, "end", 1);
}

/* Another client of the same name ends the first one's connection [MQTT-3.1.4-3]. */
static void
play_takeover(Stage *stage)
{
  stage_join(stage, 0, KEPT, "");
  stage_subscribe(stage, 0, "mine", 1, "");
  stage_check(stage, stage_join_as(stage, 1, 0), "the session is taken over");
  stage_await(stage, 0, "closed");
  stage_kill(stage, 0); /* it would take its session back */
  stage_check(stage, stage_join_as(stage, 1, 0), "and given back");
  stage_join(stage, 2, FRESH, "");
  stage_settle(stage, 2, 1, "mine", 1);
}

/* Each message to one of the group [MQTT-4.8.2-4]; other subscriptions hear all of them. */
static void
play_shared(Stage *stage)
{
  guint heard = 0;
  stage_join(stage, 0, FRESH, "");
  for (guint who = 1; who <= 2; who++) {
    stage_join(stage, who, FRESH, "");
    stage_subscribe(stage, who, "$share/group/work", 1, "");
    stage_subscribe(stage, who, "end", 1, "");
  }
  stage_burst(stage, 0, "work", 1, 40, 10);
  stage_await(stage, 0, "done");
  stage_publish(stage, 0, "end", 1, NOT_RETAINED, "the-end");
  for (guint who = 1; who <= 2; who++) {
    g_autofree char *line = NULL;
    while ((line = stage_next(stage, who)) != NULL && !g_str_has_suffix(line, " the-end")) {
      heard++;
      g_clear_pointer(&line, g_free);
    }
  }
  stage_check(stage, heard == 40, "each message was heard by one of the group");
}

static void
play_properties(Stage *stage)
{
  g_autofree char *topic = stage_topic(stage, "p");
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 1, "p", 2, " id=4711");
  for (guint qos = 0; qos <= 2; qos++) {
    proc_say(stage->actors[0], "publish %s %u 0 word props", topic, qos);
    stage_await(stage, 0, "published");
    g_autofree char *line = stage_next(stage, 1);
    g_autofree char *pattern =
        g_strdup_printf("message %s %u 0 word expiry=* type=text/plain reply=reply/to "
                        "correlation=c0rr user=colour:green id=4711",
                        topic, qos);
    stage_check(stage, line != NULL && g_pattern_match_simple(pattern, line),
                "the properties arrive as they were sent");
  }
}

static void
play_no_local(Stage *stage)
{
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, "");
  stage_subscribe(stage, 0, "chat", 1, " nolocal=1");
  stage_publish(stage, 0, "chat", 1, NOT_RETAINED, "mine"); /* [MQTT-3.8.3-3] */
  stage_settle(stage, 1, 0, "chat", 1);
}

static void
play_aliases(Stage *stage)
{
  if (!stage->kind->takes_aliases) {
    g_test_skip("this client takes no topic aliases");
    return;
  }
  stage_join(stage, 0, FRESH, "");
  stage_join(stage, 1, FRESH, " aliases=3");
  stage_subscribe(stage, 1, "#", 1, "");
  for (guint round = 0; round < 3; round++) {
    stage_burst(stage, 0, "alias/%", 1, 6, 10);
    hear_burst(stage, 1, "alias/%", 1, 6);
    stage_await(stage, 0, "done");
  }
}

/* A frozen client is found out after one and a half keep-alive times [MQTT-3.1.2-22]; one that is
 * idle pings and is not. */
static void
play_keep_alive(Stage *stage)
{
  g_autofree char *topic = stage_topic(stage, "dead");
  g_autofree char *will = g_strdup_printf(" keepalive=5 will=%s,1,0,frozen", topic);
  stage_join(stage, 1, FRESH, " keepalive=5");
  stage_subscribe(stage, 1, "dead", 1, "");
  stage_join(stage, 0, FRESH, will);
  proc_signal(stage->actors[0], SIGSTOP);
  stage_hear(stage, 1, "dead", 1, NOT_RETAINED, "frozen");
  stage_kill(stage, 0);
  stage_check(stage, proc_kept(stage->actors[1], "closed") == 0, "the idle client stays");
}

const Scene scenes[] = {
    {"qos", play_qos},
    {"both-versions", play_versions},
    {"retained", play_retained},
    {"retain-options", play_retain_options, SCENE_FIVE},
    {"will", play_will},
    {"will-delay", play_will_delay, SCENE_FIVE},
    {"large", play_large},
    {"many-messages", play_many_messages},
    {"many-topics", play_many_topics},
    {"session", play_session},
    {"takeover", play_takeover},
    {"shared", play_shared, SCENE_FIVE},
    {"properties", play_properties, SCENE_FIVE},
    {"no-local", play_no_local, SCENE_FIVE},
    {"aliases", play_aliases, SCENE_FIVE},
    {"keep-alive", play_keep_alive, SCENE_FIVE | SCENE_QOSIM},
    {"broker-killed", kill_play, SCENE_QOSIM},
};
const guint n_scenes = G_N_ELEMENTS(scenes);
