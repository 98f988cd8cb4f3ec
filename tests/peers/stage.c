#include "tests/peers/stage.h"

#include <signal.h>
#include <string.h>

static Proc *
actor(Stage *stage, guint who)
{
  g_assert(who < STAGE_ACTORS);
  if (stage->actors[who] == NULL) {
    g_autofree char *name = g_strdup_printf("%s %u", stage->kind->name, who);
    stage->actors[who] = proc_new(name, (const char *const *)stage->argv, PROC_STDOUT);
    if (stage->actors[who] == NULL)
      g_error("%s does not start", name);
  }
  return stage->actors[who];
}

/* The prefix goes where the filter of a shared subscription begins. */
static char *
full(const Stage *stage, const char *topic)
{
  const char *filter = topic;
  if (g_str_has_prefix(topic, "$share/"))
    filter = strchr(topic + strlen("$share/"), '/') + 1;
  return g_strdup_printf("%.*ss%u/%s", (int)(filter - topic), topic, stage->scene, filter);
}

char *
stage_topic(const Stage *stage, const char *topic)
{
  return full(stage, topic);
}

void
stage_await(Stage *stage, guint who, const char *line)
{
  g_free(proc_await(actor(stage, who), line));
}

static gboolean
join(Stage *stage, guint who, guint name, StageSession session, const char *words, guint16 port)
{
  if (stage->kind->starts_at_once)
    stage_kill(stage, who);
  Proc *proc = actor(stage, who);
  const char *expiry = session == KEPT && stage->version == 5 ? " expiry=600" : "";
  proc_say(proc, "connect port=%u id=s%u-%u version=%d clean=%d%s%s", port, stage->scene, name,
           stage->version, session == FRESH, expiry, words);
  proc_skip(proc, "connecting"); /* what the former client heard is nobody's concern */
  g_autofree char *line = proc_await(proc, "connected ?");
  return line != NULL && g_str_has_suffix(line, "1");
}

gboolean
stage_join(Stage *stage, guint who, StageSession session, const char *words)
{
  return join(stage, who, who, session, words, broker_port(stage->broker));
}

gboolean
stage_join_as(Stage *stage, guint who, guint name)
{
  return join(stage, who, name, KEPT, "", broker_port(stage->broker));
}

gboolean
stage_join_relay(Stage *stage, guint who, StageSession session)
{
  if (stage->relay == NULL)
    stage->relay = relay_new(broker_port(stage->broker));
  return join(stage, who, who, session, "", relay_port(stage->relay));
}

void
stage_leave(Stage *stage, guint who)
{
  proc_say(actor(stage, who), "disconnect");
  stage_await(stage, who, "disconnected");
}

void
stage_kill(Stage *stage, guint who)
{
  g_clear_pointer(&stage->actors[who], proc_free);
}

void
stage_subscribe(Stage *stage, guint who, const char *filter, guint qos, const char *words)
{
  g_autofree char *topic = full(stage, filter);
  g_autofree char *answer = g_strdup_printf("subscribed %u", qos);
  proc_say(actor(stage, who), "subscribe %s %u%s", topic, qos, words);
  stage_await(stage, who, answer);
}

void
stage_unsubscribe(Stage *stage, guint who, const char *filter)
{
  g_autofree char *topic = full(stage, filter);
  proc_say(actor(stage, who), "unsubscribe %s", topic);
  stage_await(stage, who, "unsubscribed");
}

void
stage_send(Stage *stage, guint who, const char *topic, guint qos, StageRetain retain,
           const char *payload)
{
  g_autofree char *whole = full(stage, topic);
  proc_say(actor(stage, who), "publish %s %u %d %s", whole, qos, retain == RETAINED, payload);
}

void
stage_publish(Stage *stage, guint who, const char *topic, guint qos, StageRetain retain,
              const char *payload)
{
  stage_send(stage, who, topic, qos, retain, payload);
  stage_await(stage, who, "published");
}

void
stage_burst(Stage *stage, guint who, const char *topic, guint qos, guint count, guint window)
{
  g_autofree char *whole = full(stage, topic);
  proc_say(actor(stage, who), "burst %s %u %u %u", whole, qos, count, window);
}

char *
stage_next(Stage *stage, guint who)
{
  return proc_await(actor(stage, who), "message *");
}

void
stage_hear(Stage *stage, guint who, const char *topic, guint qos, StageRetain retain,
           const char *payload)
{
  g_autofree char *whole = full(stage, topic);
  g_autofree char *expected =
      g_strdup_printf("message %s %u %d %s", whole, qos, retain == RETAINED, payload);
  g_autofree char *heard = stage_next(stage, who);
  if (heard != NULL && strcmp(heard, expected) != 0)
    g_test_fail_printf("%s %u heard \"%s\", expected \"%s\"", stage->kind->name, who, heard,
                       expected);
}

void
stage_settle(Stage *stage, guint from, guint who, const char *topic, guint qos)
{
  stage_publish(stage, from, topic, qos, NOT_RETAINED, "the-end");
  stage_hear(stage, who, topic, qos, NOT_RETAINED, "the-end");
}

void
stage_check(Stage *stage, gboolean holds, const char *what)
{
  (void)stage;
  if (!holds && !g_test_failed())
    g_test_fail_printf("not so: %s", what);
}

void
stage_clear(Stage *stage)
{
  g_clear_pointer(&stage->relay, relay_free);
  /* After a failure nobody knows what its actors are in the middle of. */
  for (guint who = 0; who < STAGE_ACTORS && g_test_failed(); who++) {
    if (stage->actors[who] != NULL)
      proc_tell(stage->actors[who]);
    stage_kill(stage, who);
  }
}
