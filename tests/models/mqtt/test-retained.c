/* Retained messages by topic, against a list that is searched from end to end. */
#include "models/mqtt/retained.h"
#include "models/mqtt/topic.h"

#include <string.h>

static MqttMessage *
message(const char *topic, guint8 value)
{
  MqttPublish publish = {.topic = mqtt_bytes(topic), .payload = {&value, 1}, .retain = TRUE};
  return mqtt_message_new(NULL, &publish, 0);
}

static guint64
put(MqttRetained *retained, const char *topic, guint8 value)
{
  MqttMessage *m = message(topic, value);
  guint64 number = mqtt_retained_put(retained, m);
  mqtt_message_unref(m);
  return number;
}

/* The topics that match, joined by blanks. */
static char *
match(const MqttRetained *retained, const char *filter, gint64 now_ns)
{
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  GString *names = g_string_new(NULL);
  mqtt_retained_match(retained, mqtt_bytes(filter), now_ns, found);
  for (guint i = 0; i < found->len; i++) {
    MqttBytes topic = mqtt_message_topic(found->pdata[i]);
    g_string_append_len(names, (const char *)topic.data, topic.length);
    g_string_append_c(names, ' ');
  }
  return g_string_free(names, FALSE);
}

static void
assert_match(const MqttRetained *retained, const char *filter, const char *expected)
{
  g_autofree char *found = match(retained, filter, 0);
  g_assert_cmpstr(found, ==, expected);
}

static void
test_put_and_remove(void)
{
  g_autoptr(MqttRetained) retained = mqtt_retained_new();
  guint64 a = put(retained, "a", 1), b = put(retained, "b", 2);
  g_assert_cmpuint(a, !=, b);
  g_assert_cmpuint(put(retained, "a", 3), ==, a);
  g_assert_cmpuint(mqtt_retained_count(retained), ==, 2);
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  mqtt_retained_match(retained, MQTT_BYTES("a"), 0, found);
  g_assert_cmpuint(found->len, ==, 1);
  g_assert_cmpuint(mqtt_message_payload(found->pdata[0]).data[0], ==, 3);
  g_assert_cmpuint(mqtt_retained_remove(retained, MQTT_BYTES("a")), ==, a);
  g_assert_cmpuint(mqtt_retained_remove(retained, MQTT_BYTES("a")), ==, 0);
  assert_match(retained, "#", "b ");
  mqtt_retained_load(retained, 7, message("c", 1));
  g_assert_cmpuint(put(retained, "d", 1), ==, 8);
}

static void
test_filters(void)
{
  g_autoptr(MqttRetained) retained = mqtt_retained_new();
  static const char *const topics[] = {"a",    "a/b",  "a-b",       "a/b/c", "a//c",
                                       "/",    "/a",   "$SYS/x",    "b/b",   "b/b/b",
                                       "aa/b", "a/bb", "sport/x/y", "$a"};
  for (guint i = 0; i < G_N_ELEMENTS(topics); i++)
    put(retained, topics[i], 1);
  assert_match(retained, "a", "a ");
  assert_match(retained, "a/#", "a a//c a/b a/b/c a/bb ");
  assert_match(retained, "a/+", "a/b a/bb ");
  assert_match(retained, "+/b", "a/b aa/b b/b ");
  assert_match(retained, "+/b/#", "a/b a/b/c aa/b b/b b/b/b ");
  assert_match(retained, "+/+/c", "a//c a/b/c ");
  assert_match(retained, "+", "a a-b ");
  assert_match(retained, "+/+", "/ /a a/b a/bb aa/b b/b ");
  assert_match(retained, "$SYS/#", "$SYS/x ");
  assert_match(retained, "$SYS/+", "$SYS/x ");
  assert_match(retained, "nothing/#", "");
  assert_match(retained, "#", "/ /a a a//c a/b a/b/c a/bb a-b aa/b b/b b/b/b sport/x/y ");
}

static void
test_expiry(void)
{
  g_autoptr(MqttRetained) retained = mqtt_retained_new();
  MqttPublish publish = {.topic = MQTT_BYTES("t"), .payload = MQTT_BYTES("x")};
  publish.properties.present = G_GUINT64_CONSTANT(1) << MQTT_PROP_MESSAGE_EXPIRY;
  publish.properties.message_expiry_s = 2;
  MqttMessage *m = mqtt_message_new(NULL, &publish, 0);
  mqtt_retained_put(retained, m);
  mqtt_message_unref(m);
  g_autofree char *before = match(retained, "t", G_GINT64_CONSTANT(1999999999));
  g_autofree char *after = match(retained, "t", G_GINT64_CONSTANT(2000000000));
  g_assert_cmpstr(before, ==, "t ");
  g_assert_cmpstr(after, ==, "");
}

static char *
draw(gboolean filter)
{
  static const char *const levels[] = {"a", "b", "ab", "a-", "", "$x", "c", "d"};
  GString *text = g_string_new(NULL);
  guint n = (guint)g_test_rand_int_range(1, 5);
  for (guint i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c(text, '/');
    if (filter && g_test_rand_int_range(0, 3) == 0)
      g_string_append_c(text, '+');
    else
      g_string_append(text, levels[g_test_rand_int_range(0, G_N_ELEMENTS(levels))]);
  }
  if (filter && g_test_rand_int_range(0, 3) == 0)
    g_string_append(text, "/#");
  if (text->len == 0)
    g_string_append(text, "a");
  return g_string_free(text, FALSE);
}

static void
test_oracle(void)
{
  for (guint round = 0; round < 200; round++) {
    g_autoptr(MqttRetained) retained = mqtt_retained_new();
    g_autoptr(GHashTable) topics = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < 60; i++) {
      char *topic = draw(FALSE);
      if (g_test_rand_int_range(0, 4) == 0) {
        mqtt_retained_remove(retained, mqtt_bytes(topic));
        g_hash_table_remove(topics, topic);
        g_free(topic);
      } else {
        put(retained, topic, 1);
        g_hash_table_add(topics, topic);
      }
    }
    g_assert_cmpuint(mqtt_retained_count(retained), ==, g_hash_table_size(topics));
    for (guint i = 0; i < 60; i++) {
      g_autofree char *filter = draw(TRUE);
      g_autoptr(GPtrArray) found = g_ptr_array_new();
      mqtt_retained_match(retained, mqtt_bytes(filter), 0, found);
      guint expected = 0;
      GHashTableIter iter;
      gpointer topic;
      g_hash_table_iter_init(&iter, topics);
      while (g_hash_table_iter_next(&iter, &topic, NULL))
        expected += mqtt_topic_matches(mqtt_bytes(filter), mqtt_bytes(topic));
      g_assert_cmpuint(found->len, ==, expected);
      for (guint k = 0; k < found->len; k++)
        g_assert_true(mqtt_topic_matches(mqtt_bytes(filter), mqtt_message_topic(found->pdata[k])));
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/retained/put-and-remove", test_put_and_remove);
  g_test_add_func("/mqtt/retained/filters", test_filters);
  g_test_add_func("/mqtt/retained/expiry", test_expiry);
  g_test_add_func("/mqtt/retained/oracle", test_oracle);
  return g_test_run();
}
