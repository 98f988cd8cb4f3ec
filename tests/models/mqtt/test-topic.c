/* Section 4.7: what is a topic name, what is a filter, which matches which. */
#include "models/mqtt/topic.h"
#include <string.h>

static void
test_matching(void)
{
  static const struct {
    const char *filter, *topic;
    gboolean matches;
  } rows[] = {
    /* section 4.7.1.2 */
    { "sport/tennis/player1/#", "sport/tennis/player1", TRUE },
    { "sport/tennis/player1/#", "sport/tennis/player1/ranking", TRUE },
    { "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", TRUE },
    { "sport/tennis/player1/#", "sport/tennis/player2", FALSE },
    { "sport/tennis/player1/#", "sport/tennis/player11", FALSE },
    { "sport/#", "sport", TRUE },
    { "sport/#", "sports", FALSE },
    { "#", "a", TRUE },
    { "#", "/", TRUE },
    /* section 4.7.1.3 */
    { "sport/tennis/+", "sport/tennis/player1", TRUE },
    { "sport/tennis/+", "sport/tennis/player2", TRUE },
    { "sport/tennis/+", "sport/tennis/player1/ranking", FALSE },
    { "sport/+", "sport", FALSE },
    { "sport/+", "sport/", TRUE },
    { "+", "sport", TRUE },
    { "+", "/sport", FALSE },
    { "+/tennis/#", "sport/tennis", TRUE },
    { "+/tennis/#", "/tennis/x/y", TRUE },
    { "sport/+/player1", "sport/tennis/player1", TRUE },
    { "sport/+/player1", "sport//player1", TRUE },
    { "sport/+/player1", "sport/tennis/x/player1", FALSE },
    { "+/+", "/finance", TRUE },
    { "/+", "/finance", TRUE },
    { "+", "/finance", FALSE },
    { "+/#", "a", TRUE },
    { "+/#", "a/b", TRUE },
    /* section 4.7.2 */
    { "#", "$SYS/uptime", FALSE },
    { "+/monitor/Clients", "$SYS/monitor/Clients", FALSE },
    { "+", "$SYS", FALSE },
    { "$SYS/#", "$SYS/uptime", TRUE },
    { "$SYS/#", "$SYS", TRUE },
    { "$SYS/monitor/+", "$SYS/monitor/Clients", TRUE },
    { "a/#", "a/$b", TRUE },
    { "a/+", "a/$b", TRUE },
    /* section 4.7.3 */
    { "ACCOUNTS", "Accounts", FALSE },
    { "Accounts payable", "Accounts payable", TRUE },
    { "/finance", "finance", FALSE },
    { "a", "a/", FALSE },
    { "a/", "a", FALSE },
    { "a//b", "a//b", TRUE },
    { "a/b", "a//b", FALSE },
    { "a", "ab", FALSE },
    { "ab", "a", FALSE },
    { "a/b/c", "a/b", FALSE },
    { "a/b", "a/b/c", FALSE },
    { "a//#", "a/", TRUE },
    { "a//#", "a", FALSE },
    { "/#", "/", TRUE },
    { "/#", "a", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    MqttBytes filter = mqtt_bytes(rows[i].filter), topic = mqtt_bytes(rows[i].topic);
    g_test_message("%s and %s", rows[i].filter, rows[i].topic);
    g_assert_true(mqtt_filter_valid(filter));
    g_assert_true(mqtt_topic_valid(topic));
    g_assert_cmpint(mqtt_topic_matches(filter, topic) != FALSE, ==, rows[i].matches);

    g_autoptr(MqttTopicTree)tree = mqtt_topic_tree_new();
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
    mqtt_topic_tree_insert(tree, filter, (MqttMatch){ .subscriber = 1 });
    mqtt_topic_tree_match(tree, topic, matches);
    g_assert_cmpuint(matches->len, ==, rows[i].matches ? 1 : 0);
  }
}

static void
test_filters(void)
{
  static const char *const good[] = { "a",          "/",       "//",         "#",           "+",
                                      "/#",         "+/+/#",   "a/+/b",      "a b",         
                                      "$SYS/#",     "$share",  "$shared",    "$share/g/a",
                                      "$share/g/#", "$share/g//", "$share/g/+",
                                      "\xC3\xA4/\xF0\x9F\x98\x80" };
  static const char *const bad[] = { "",         "a#",          "#a",         "##",
                                     "#/",       "a/#/b",       "a+",         "+a",
                                     "a/+b",     "++",          "a/b+/c",     "$share/",
                                     "$share/g", "$share/g/",   "$share//a",  "$share/+/a",
                                     "$share/#", "$share/g#/a", "$share/g/a#" };
  for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
    g_test_message("%s", good[i]);
    g_assert_true(mqtt_filter_valid(mqtt_bytes(good[i])));
  }
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_test_message("%s", bad[i]);
    g_assert_false(mqtt_filter_valid(mqtt_bytes(bad[i])));
  }
}

/* A wildcard or a NUL at every place of names of every length around the width of a word. */
static void
test_names(void)
{
  static const guint8 forbidden[] = { '#', '+', 0, 0x80, 0xFF };
  g_assert_false(mqtt_topic_valid(MQTT_BYTES("")));
  for (guint32 n = 1; n <= 40; n++) {
    g_autofree guint8 *name = g_malloc(n); /* exact, for the address sanitizer */
    memset(name, 'a', n);
    g_assert_true(mqtt_topic_valid((MqttBytes){ name, n }));
    for (guint32 i = 0; i < n; i++) {
      for (guint k = 0; k < G_N_ELEMENTS(forbidden); k++) {
        name[i] = forbidden[k];
        g_assert_false(mqtt_topic_valid((MqttBytes){ name, n }));
        g_assert_cmpint(mqtt_utf8_valid((MqttBytes){ name, n }) != FALSE, ==, k < 2);
      }
      name[i] = i % 2 ? 0x7F : 0x01; /* control characters are legal, if unwise */
      g_assert_true(mqtt_topic_valid((MqttBytes){ name, n }));
      name[i] = 'a';
    }
  }
  g_autofree guint8 *longest = g_malloc(65536);
  memset(longest, '/', 65536);
  g_assert_true(mqtt_topic_valid((MqttBytes){ longest, 65535 }));
  g_assert_false(mqtt_topic_valid((MqttBytes){ longest, 65536 }));
  g_assert_true(mqtt_filter_valid((MqttBytes){ longest, 65535 }));
  g_assert_false(mqtt_filter_valid((MqttBytes){ longest, 65536 }));
}

static gboolean
valid_at(const guint8 *bytes, gsize n, gsize before)
{
  guint8 room[32];
  memset(room, 'x', sizeof room);
  memcpy(room + before, bytes, n);
  return mqtt_utf8_valid((MqttBytes){ room, (guint32)(before + n) });
}

/* Every code point in every form; the oracle is the definition of the encoding. */
static void
test_code_points(void)
{
  static const guint32 edges[] = { 1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFEFF, 0xFFFF,
                                   0x10000, 0x10FFFF };
  static const guint32 surrogates[] = { 0xD800, 0xDBFF, 0xDC00, 0xDFFF };
  for (guint i = 0; i < G_N_ELEMENTS(edges); i++) {
    char utf8[6];
    gsize n = (gsize)g_unichar_to_utf8(edges[i], utf8);
    for (gsize before = 0; before < 9; before++) {
      g_assert_true(valid_at((const guint8 *)utf8, n, before));
      if (n > 1)
        g_assert_false(valid_at((const guint8 *)utf8, n - 1, before));
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS(surrogates); i++) {
    guint32 c = surrogates[i];
    guint8 three[] = { (guint8)(0xE0 | c >> 12), (guint8)(0x80 | (c >> 6 & 63)),
                       (guint8)(0x80 | (c & 63)) };
    g_assert_false(valid_at(three, 3, 0));
  }
  for (guint32 c = 0; c < 0x10000; c++) { /* longer than needed */
    guint8 four[] = { 0xF0, (guint8)(0x80 | c >> 12), (guint8)(0x80 | (c >> 6 & 63)),
                      (guint8)(0x80 | (c & 63)) };
    g_assert_false(valid_at(four, 4, 3));
    if (c < 0x800)
      g_assert_false(valid_at((guint8[]){ 0xE0, four[2], four[3] }, 3, 3));
    if (c < 0x80)
      g_assert_false(valid_at((guint8[]){ (guint8)(0xC0 | c >> 6), four[3] }, 2, 3));
  }
  g_assert_false(valid_at((const guint8 *) "\xF4\x90\x80\x80", 4, 0));
  g_assert_false(valid_at((const guint8 *) "\xF8\x88\x80\x80\x80", 5, 0));
}

/* Against GLib, which refuses the same but for NUL, on random strings near to UTF-8. */
static void
test_random_utf8(void)
{
  static const guint8 bytes[] = { 'a', 0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1,
                                  0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF4,
                                  0xF5 };
  for (guint round = 0; round < 200000; round++) {
    guint32 n = (guint32)g_test_rand_int_range(1, 20);
    guint8 string[20];
    for (guint32 i = 0; i < n; i++)
      string[i] = g_test_rand_bit() ? 'a' : bytes[g_test_rand_int_range(0, G_N_ELEMENTS(bytes))];
    gboolean valid = mqtt_utf8_valid((MqttBytes){ string, n }) != FALSE;
    g_assert_cmpint(valid, ==, g_utf8_validate((const char *)string, n, NULL));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/topic/matching", test_matching);
  g_test_add_func("/mqtt/topic/filters", test_filters);
  g_test_add_func("/mqtt/topic/names", test_names);
  g_test_add_func("/mqtt/topic/code-points", test_code_points);
  g_test_add_func("/mqtt/topic/random-utf8", test_random_utf8);
  return g_test_run();
}
