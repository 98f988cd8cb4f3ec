/* The tree against a list of all subscriptions that is searched from end to end. */
#include "models/mqtt/topic.h"
#include <string.h>

typedef struct {
  char *filter;
  MqttMatch match;
} Entry;

typedef struct {
  MqttTopicTree *tree;
  GArray *list; /* of Entry, in order of insertion */
} Pair;

static void
clear_entry(gpointer data)
{
  g_free(((Entry *)data)->filter);
}

static Pair
pair_new(void)
{
  Pair pair = {mqtt_topic_tree_new(), g_array_new(FALSE, FALSE, sizeof(Entry))};
  g_array_set_clear_func(pair.list, clear_entry);
  return pair;
}

static void
pair_free(Pair *pair)
{
  mqtt_topic_tree_free(pair->tree);
  g_array_unref(pair->list);
}

static gint
find_entry(const GArray *list, const char *filter, guint32 subscriber)
{
  for (guint i = 0; i < list->len; i++) {
    const Entry *e = &g_array_index(list, Entry, i);
    if (e->match.subscriber == subscriber && g_str_equal(e->filter, filter))
      return (gint)i;
  }
  return -1;
}

static void
pair_insert(Pair *pair, const char *filter, MqttMatch match)
{
  gint at = find_entry(pair->list, filter, match.subscriber);
  gboolean is_new = mqtt_topic_tree_insert(pair->tree, mqtt_bytes(filter), match);
  g_assert_cmpint(is_new != FALSE, ==, at < 0);
  if (at >= 0)
    g_array_index(pair->list, Entry, at).match = match;
  else
    g_array_append_vals(pair->list, &(Entry){g_strdup(filter), match}, 1);
  g_assert_cmpuint(mqtt_topic_tree_size(pair->tree), ==, pair->list->len);
}

static void
pair_remove(Pair *pair, const char *filter, guint32 subscriber)
{
  gint at = find_entry(pair->list, filter, subscriber);
  gboolean was_there = mqtt_topic_tree_remove(pair->tree, mqtt_bytes(filter), subscriber);
  g_assert_cmpint(was_there != FALSE, ==, at >= 0);
  if (at >= 0)
    g_array_remove_index(pair->list, (guint)at);
  g_assert_cmpuint(mqtt_topic_tree_size(pair->tree), ==, pair->list->len);
}

static gint
by_all(gconstpointer a, gconstpointer b)
{
  const MqttMatch *x = a, *y = b;
  if (x->subscriber != y->subscriber)
    return x->subscriber < y->subscriber ? -1 : 1;
  if (x->identifier != y->identifier)
    return x->identifier < y->identifier ? -1 : 1;
  return (gint)x->options - (gint)y->options;
}

static void
pair_check(const Pair *pair, const char *topic)
{
  g_autoptr(GArray) got = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  mqtt_topic_tree_match(pair->tree, mqtt_bytes(topic), got);
  for (guint i = 0; i < pair->list->len; i++) {
    const Entry *e = &g_array_index(pair->list, Entry, i);
    if (mqtt_topic_matches(mqtt_bytes(e->filter), mqtt_bytes(topic)))
      g_array_append_val(expected, e->match);
  }
  g_array_sort(got, by_all);
  g_array_sort(expected, by_all);
  g_assert_cmpuint(got->len, ==, expected->len);
  for (guint i = 0; i < got->len; i++)
    g_assert_cmpint(
        by_all(&g_array_index(got, MqttMatch, i), &g_array_index(expected, MqttMatch, i)), ==, 0);
}

static char *
random_path(gboolean filter, guint names)
{
  static const char *const words[] = {"", "a", "b", "$c", "+", "#"};
  GString *path = g_string_new(NULL);
  guint levels = (guint)g_test_rand_int_range(1, 5);
  for (guint i = 0; i < levels; i++) {
    gint pick = g_test_rand_int_range(0, filter ? 7 : 5);
    gboolean last = i + 1 == levels;
    if (i > 0)
      g_string_append_c(path, '/');
    if (pick == 4 || (pick == 6 && !last))
      g_string_append_printf(path, "n%d", g_test_rand_int_range(0, (gint)names));
    else if (pick > 4)
      g_string_append(path, words[pick - 1]);
    else
      g_string_append(path, words[pick]);
  }
  if (path->len == 0)
    g_string_append_c(path, '/');
  return g_string_free(path, FALSE);
}

static void
random_rounds(guint rounds, guint names, guint subscribers)
{
  Pair pair = pair_new();
  for (guint i = 0; i < rounds; i++) {
    guint32 subscriber = (guint32)g_test_rand_int_range(0, (gint)subscribers);
    gboolean growing = (i / 1000) % 2 == 0;
    if (g_test_rand_int_range(0, 4) < (growing ? 3 : 1)) {
      g_autofree char *filter = random_path(TRUE, names);
      if (mqtt_filter_valid(mqtt_bytes(filter)))
        pair_insert(&pair, filter,
                    (MqttMatch){subscriber, (guint32)g_test_rand_int_range(0, 3),
                                (guint8)g_test_rand_int_range(0, 3)});
    } else if (pair.list->len > 0) {
      guint at = (guint)g_test_rand_int_range(0, (gint)pair.list->len);
      const Entry *e = &g_array_index(pair.list, Entry, at);
      g_autofree char *filter = g_strdup(e->filter);
      pair_remove(&pair, filter,
                  g_test_rand_int_range(0, 4) > 0 ? e->match.subscriber : subscriber);
    }
    if (i % 4 == 0) {
      g_autofree char *topic = random_path(FALSE, names);
      pair_check(&pair, topic);
    }
  }
  pair_free(&pair);
}

static void
test_random(void)
{
  random_rounds(6000, 2, 6);   /* few filters, often the same */
  random_rounds(6000, 100, 3); /* nodes with many children */
}

/* Up and down through every form that the children of a node take. */
static void
test_many_children(void)
{
  enum { N = 3000 };
  g_autoptr(MqttTopicTree) tree = mqtt_topic_tree_new();
  g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  for (guint up = 1; up <= 2; up++) {
    for (guint32 i = 0; i < N; i++) {
      g_autofree char *filter = g_strdup_printf("fleet/%u/reading", i);
      g_assert_true(mqtt_topic_tree_insert(tree, mqtt_bytes(filter), (MqttMatch){i, 0, 0}));
    }
    for (guint32 i = 0; i < N; i++) {
      g_autofree char *topic = g_strdup_printf("fleet/%u/reading", i);
      g_array_set_size(matches, 0);
      mqtt_topic_tree_match(tree, mqtt_bytes(topic), matches);
      g_assert_cmpuint(matches->len, ==, 1);
      g_assert_cmpuint(g_array_index(matches, MqttMatch, 0).subscriber, ==, i);
    }
    for (guint32 k = 0; k < N; k++) {
      guint32 i = k * 7 % N; /* every one, out of order: 7 divides no power of 2, 3 or 5 */
      g_autofree char *filter = g_strdup_printf("fleet/%u/reading", i);
      g_assert_true(mqtt_topic_tree_remove(tree, mqtt_bytes(filter), i));
      g_assert_false(mqtt_topic_tree_remove(tree, mqtt_bytes(filter), i));
    }
    g_assert_cmpuint(mqtt_topic_tree_size(tree), ==, 0);
  }
}

/* Many subscribers of one filter: in the order in which they came, whoever left in between. */
static void
test_many_subscribers(void)
{
  enum { N = 10000 };
  g_autoptr(MqttTopicTree) tree = mqtt_topic_tree_new();
  g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  MqttBytes filter = MQTT_BYTES("news/+");
  for (guint32 i = 0; i < N; i++)
    mqtt_topic_tree_insert(tree, filter, (MqttMatch){N - i, i, 1});
  g_assert_false(mqtt_topic_tree_insert(tree, filter, (MqttMatch){N - 4, 77, 2}));
  for (guint32 keep = 3; keep <= 3000; keep *= 10) {
    for (guint32 i = 0; i < N; i++) {
      gboolean there = keep == 3 || i % (keep / 10) == 0;
      if (i % keep != 0)
        g_assert_cmpint(mqtt_topic_tree_remove(tree, filter, N - i) != FALSE, ==, there);
    }
    g_array_set_size(matches, 0);
    mqtt_topic_tree_match(tree, MQTT_BYTES("news/today"), matches);
    g_assert_cmpuint(matches->len, ==, (N + keep - 1) / keep);
    for (guint32 k = 0; k < matches->len; k++)
      g_assert_cmpuint(g_array_index(matches, MqttMatch, k).subscriber, ==, N - k * keep);
  }
}

/* Two trees with the same history of insertions agree, though one held much else in the meantime.
 */
static void
test_order(void)
{
  static const char *const filters[] = {"a/b", "a/+", "#", "+/b", "a/#", "+/+", "a/b/#"};
  g_autoptr(MqttTopicTree) plain = mqtt_topic_tree_new();
  g_autoptr(MqttTopicTree) busy = mqtt_topic_tree_new();
  g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  g_autoptr(GArray) two = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  for (guint32 s = 0; s < 40; s++) {
    for (guint f = 0; f < G_N_ELEMENTS(filters); f++) {
      MqttMatch match = {s * 100 + f, 0, 0};
      mqtt_topic_tree_insert(busy, mqtt_bytes(filters[f]), (MqttMatch){100000 + s, 0, 0});
      mqtt_topic_tree_insert(plain, mqtt_bytes(filters[f]), match);
      mqtt_topic_tree_insert(busy, mqtt_bytes(filters[f]), match);
    }
    g_autofree char *other = g_strdup_printf("a/%u", s);
    mqtt_topic_tree_insert(busy, mqtt_bytes(other), (MqttMatch){s, 0, 0});
  }
  for (guint32 s = 0; s < 40; s++) {
    for (guint f = 0; f < G_N_ELEMENTS(filters); f++)
      g_assert_true(mqtt_topic_tree_remove(busy, mqtt_bytes(filters[f]), 100000 + s));
  }
  mqtt_topic_tree_match(plain, MQTT_BYTES("a/b"), one);
  mqtt_topic_tree_match(busy, MQTT_BYTES("a/b"), two);
  g_assert_cmpuint(one->len, ==, 40 * G_N_ELEMENTS(filters));
  g_assert_cmpuint(two->len, ==, one->len);
  for (guint i = 0; i < one->len; i++)
    g_assert_cmpuint(g_array_index(one, MqttMatch, i).subscriber, ==,
                     g_array_index(two, MqttMatch, i).subscriber);
}

/* As deep as a topic can be, with a choice at each level of which only one leads on. */
static void
test_deep(void)
{
  g_autofree char *slashes = g_strnfill(65535, '/');
  g_autofree char *pluses = g_malloc(65536);
  for (guint i = 0; i < 65535; i++)
    pluses[i] = i % 2 ? '/' : '+';
  pluses[65535] = '\0';
  Pair pair = pair_new();
  pair_insert(&pair, slashes, (MqttMatch){1, 0, 0});
  pair_insert(&pair, pluses, (MqttMatch){2, 0, 0});
  pair_insert(&pair, "#", (MqttMatch){3, 0, 0});
  pair_check(&pair, slashes);
  pair_check(&pair, slashes + 32768);
  pair_remove(&pair, slashes, 1);
  pair_check(&pair, slashes + 32768);
  pair_free(&pair);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mqtt/topic-tree/random", test_random);
  g_test_add_func("/mqtt/topic-tree/many-children", test_many_children);
  g_test_add_func("/mqtt/topic-tree/many-subscribers", test_many_subscribers);
  g_test_add_func("/mqtt/topic-tree/order", test_order);
  g_test_add_func("/mqtt/topic-tree/deep", test_deep);
  return g_test_run();
}
