/* A trie by topic level. A node that is alone under its parent, or alone in its subscription, takes
 * no memory beyond itself, because a fleet of 100,000 sensors is mostly such chains; a node with
 * very many children or subscribers looks them up by hash. Nothing here recurses: a topic of 65,535
 * bytes can have 65,536 levels. */
#include "models/mqtt/topic.h"
#include <string.h>

#define FEW_CHILDREN 8     /* up to here an array is searched, above a hash table */
#define FEW_SUBSCRIBERS 16 /* above, an index finds a subscriber */
#define REMOVED 0xFF       /* options that no subscription can have [MQTT-3.8.3-5] */

/* In order of insertion. With an index, one that left stays as a gap until the gaps outnumber the
 * rest. */
typedef struct {
  MqttMatch *items;
  guint32 length, capacity; /* length counts the gaps */
  GHashTable *index;        /* subscriber to position; NULL while there are few */
} Subscribers;

typedef struct _Node Node;
struct _Node {
  Node *parent;
  union {
    Node *one;
    Node **many; /* an array, or with table_bits a hash table with linear probing */
  } children;
  union {
    MqttMatch one;
    Subscribers *many;
  } subscribers;
  guint32 n_children, n_subscribers;
  guint32 hash;
  guint16 length; /* of the level */
  guint8 table_bits;
  guint8 has_plus : 1, has_hash : 1; /* spares the search for children that are rarely there */
  guint8 level[];
};

struct _MqttTopicTree {
  Node *root;
  guint64 version;
  guint size;
};

/* FNV-1a, folded so that the low bits are good enough for a table. */
static guint32
hash_level(MqttBytes level)
{
  guint32 hash = 2166136261u;
  for (guint32 i = 0; i < level.length; i++)
    hash = (hash ^ level.data[i]) * 16777619u;
  return hash ^ hash >> 15;
}

static gboolean
is_level(const Node *node, MqttBytes level, guint32 hash)
{
  return node->hash == hash && node->length == level.length &&
         memcmp(node->level, level.data, level.length) == 0;
}

static Node *
node_new(Node *parent, MqttBytes level, guint32 hash)
{
  Node *node = g_malloc(sizeof *node + level.length);
  *node = (Node){.parent = parent, .hash = hash, .length = (guint16)level.length};
  if (level.length > 0)
    memcpy(node->level, level.data, level.length);
  return node;
}

static Node *
find_child(const Node *node, MqttBytes level, guint32 hash)
{
  if (node->n_children == 0)
    return NULL;
  if (node->n_children == 1 && node->table_bits == 0)
    return is_level(node->children.one, level, hash) ? node->children.one : NULL;
  if (node->table_bits == 0) {
    for (guint32 i = 0; i < node->n_children; i++) {
      if (is_level(node->children.many[i], level, hash))
        return node->children.many[i];
    }
    return NULL;
  }
  guint32 mask = (1u << node->table_bits) - 1;
  for (guint32 i = hash & mask; node->children.many[i] != NULL; i = (i + 1) & mask) {
    if (is_level(node->children.many[i], level, hash))
      return node->children.many[i];
  }
  return NULL;
}

static void
table_put(Node **table, guint bits, Node *child)
{
  guint32 mask = (1u << bits) - 1, i = child->hash & mask;
  while (table[i] != NULL)
    i = (i + 1) & mask;
  table[i] = child;
}

static void
table_resize(Node *node, guint bits)
{
  Node **old = node->children.many, **table = g_new0(Node *, (gsize)1 << bits);
  guint32 n = node->table_bits > 0 ? 1u << node->table_bits : node->n_children;
  for (guint32 i = 0; i < n; i++) {
    if (old[i] != NULL)
      table_put(table, bits, old[i]);
  }
  g_free(old);
  node->children.many = table;
  node->table_bits = (guint8)bits;
}

static void
add_child(Node *node, Node *child)
{
  guint32 n = node->n_children;
  if (node->table_bits > 0) {
    if (n + 1 > (3u << node->table_bits) / 4)
      table_resize(node, node->table_bits + 1u);
    table_put(node->children.many, node->table_bits, child);
  } else if (n == 0) {
    node->children.one = child;
  } else if (n == 1) {
    Node **many = g_new(Node *, FEW_CHILDREN);
    many[0] = node->children.one;
    many[1] = child;
    node->children.many = many;
  } else if (n < FEW_CHILDREN) {
    node->children.many[n] = child;
  } else {
    table_resize(node, 5);
    table_put(node->children.many, node->table_bits, child);
  }
  node->n_children++;
}

/* Closes the gap, so that every other child is still found from its own place. */
static void
table_remove(Node *node, const Node *child)
{
  Node **table = node->children.many;
  guint32 mask = (1u << node->table_bits) - 1, gap = child->hash & mask;
  while (table[gap] != child)
    gap = (gap + 1) & mask;
  for (guint32 i = (gap + 1) & mask; table[i] != NULL; i = (i + 1) & mask) {
    guint32 home = table[i]->hash & mask;
    if (((i - home) & mask) >= ((i - gap) & mask)) {
      table[gap] = table[i];
      gap = i;
    }
  }
  table[gap] = NULL;
}

static void
table_shrink(Node *node)
{
  guint32 size = 1u << node->table_bits, n = 0;
  if (node->n_children > FEW_CHILDREN / 2) {
    if (node->n_children < size / 8)
      table_resize(node, node->table_bits - 1u);
    return;
  }
  Node **table = node->children.many, **many = g_new(Node *, FEW_CHILDREN);
  for (guint32 i = 0; i < size; i++) {
    if (table[i] != NULL)
      many[n++] = table[i];
  }
  g_free(table);
  node->children.many = many;
  node->table_bits = 0;
}

static void
remove_child(Node *node, const Node *child)
{
  node->n_children--;
  if (node->table_bits > 0) {
    table_remove(node, child);
    table_shrink(node);
  } else if (node->n_children > 0) {
    Node **many = node->children.many;
    guint32 i = 0;
    while (many[i] != child)
      i++;
    many[i] = many[node->n_children];
    if (node->n_children == 1) {
      node->children.one = many[0];
      g_free(many);
    }
  }
}

static Subscribers *
subscribers_new(MqttMatch first)
{
  Subscribers *s = g_new0(Subscribers, 1);
  s->capacity = 4;
  s->items = g_new(MqttMatch, s->capacity);
  s->items[s->length++] = first;
  return s;
}

static void
subscribers_free(Subscribers *s)
{
  g_clear_pointer(&s->index, g_hash_table_unref);
  g_free(s->items);
  g_free(s);
}

static void
index_put(Subscribers *s, guint32 position)
{
  g_hash_table_insert(s->index, GUINT_TO_POINTER(s->items[position].subscriber),
                      GUINT_TO_POINTER(position));
}

static MqttMatch *
subscribers_find(const Subscribers *s, guint32 subscriber)
{
  gpointer position;
  if (s->index != NULL)
    return g_hash_table_lookup_extended(s->index, GUINT_TO_POINTER(subscriber), NULL, &position)
               ? &s->items[GPOINTER_TO_UINT(position)]
               : NULL;
  for (guint32 i = 0; i < s->length; i++) {
    if (s->items[i].subscriber == subscriber)
      return &s->items[i];
  }
  return NULL;
}

static void
subscribers_add(Subscribers *s, MqttMatch match)
{
  if (s->length == s->capacity) {
    s->capacity *= 2;
    s->items = g_renew(MqttMatch, s->items, s->capacity);
  }
  s->items[s->length++] = match;
  if (s->index != NULL) {
    index_put(s, s->length - 1);
  } else if (s->length > FEW_SUBSCRIBERS) {
    s->index = g_hash_table_new(NULL, NULL);
    for (guint32 i = 0; i < s->length; i++)
      index_put(s, i);
  }
}

/* Takes the gaps out; few need no index any more. */
static void
subscribers_compact(Subscribers *s)
{
  guint32 n = 0;
  for (guint32 i = 0; i < s->length; i++) {
    if (s->items[i].options != REMOVED)
      s->items[n++] = s->items[i];
  }
  s->length = n;
  s->capacity = MAX(4, n + n / 2);
  s->items = g_renew(MqttMatch, s->items, s->capacity);
  if (n <= FEW_SUBSCRIBERS / 2) {
    g_clear_pointer(&s->index, g_hash_table_unref);
    return;
  }
  g_hash_table_remove_all(s->index);
  for (guint32 i = 0; i < n; i++)
    index_put(s, i);
}

/* live: how many there are before. */
static void
subscribers_remove(Subscribers *s, MqttMatch *match, guint32 live)
{
  if (s->index == NULL) {
    guint32 after = s->length - (guint32)(match - s->items) - 1;
    memmove(match, match + 1, after * sizeof *match);
    s->length--;
    return;
  }
  g_hash_table_remove(s->index, GUINT_TO_POINTER(match->subscriber));
  match->options = REMOVED;
  guint32 gaps = s->length - (live - 1);
  if (gaps > live || live - 1 <= FEW_SUBSCRIBERS / 2)
    subscribers_compact(s);
}

static MqttMatch *
find_subscriber(Node *node, guint32 subscriber)
{
  if (node->n_subscribers == 0)
    return NULL;
  if (node->n_subscribers > 1)
    return subscribers_find(node->subscribers.many, subscriber);
  return node->subscribers.one.subscriber == subscriber ? &node->subscribers.one : NULL;
}

static void
add_subscriber(Node *node, MqttMatch match)
{
  if (node->n_subscribers == 0) {
    node->subscribers.one = match;
  } else {
    if (node->n_subscribers == 1)
      node->subscribers.many = subscribers_new(node->subscribers.one);
    subscribers_add(node->subscribers.many, match);
  }
  node->n_subscribers++;
}

static void
remove_subscriber(Node *node, MqttMatch *match)
{
  if (node->n_subscribers > 1)
    subscribers_remove(node->subscribers.many, match, node->n_subscribers);
  node->n_subscribers--;
  if (node->n_subscribers == 1) {
    Subscribers *many = node->subscribers.many;
    node->subscribers.one = many->items[0];
    subscribers_free(many);
  }
}

/* Takes the first level off rest; FALSE after the last one. An empty level is a level. */
static gboolean
next_level(MqttBytes *rest, MqttBytes *level)
{
  if (rest->data == NULL)
    return FALSE;
  const guint8 *slash = memchr(rest->data, '/', rest->length);
  if (slash == NULL) {
    *level = *rest;
    *rest = (MqttBytes){NULL, 0};
  } else {
    *level = (MqttBytes){rest->data, (guint32)(slash - rest->data)};
    *rest = (MqttBytes){slash + 1, rest->length - level->length - 1};
  }
  return TRUE;
}

static gboolean
is_char(MqttBytes level, char c)
{
  return level.length == 1 && level.data[0] == (guint8)c;
}

static void
mark_wildcard(Node *parent, MqttBytes level, guint present)
{
  if (is_char(level, '+'))
    parent->has_plus = present & 1;
  else if (is_char(level, '#'))
    parent->has_hash = present & 1;
}

/* Frees the node and all below it. */
static void
free_below(Node *node)
{
  GPtrArray *stack = g_ptr_array_new();
  g_ptr_array_add(stack, node);
  while (stack->len > 0) {
    Node *top = g_ptr_array_remove_index_fast(stack, stack->len - 1);
    if (top->table_bits > 0 || top->n_children > 1) {
      guint32 n = top->table_bits > 0 ? 1u << top->table_bits : top->n_children;
      for (guint32 i = 0; i < n; i++) {
        if (top->children.many[i] != NULL)
          g_ptr_array_add(stack, top->children.many[i]);
      }
      g_free(top->children.many);
    } else if (top->n_children == 1) {
      g_ptr_array_add(stack, top->children.one);
    }
    if (top->n_subscribers > 1)
      subscribers_free(top->subscribers.many);
    g_free(top);
  }
  g_ptr_array_unref(stack);
}

MqttTopicTree *
mqtt_topic_tree_new(void)
{
  MqttTopicTree *tree = g_new0(MqttTopicTree, 1);
  tree->root = node_new(NULL, (MqttBytes){NULL, 0}, 0);
  tree->version = 1;
  return tree;
}

void
mqtt_topic_tree_free(MqttTopicTree *tree)
{
  if (tree == NULL)
    return;
  free_below(tree->root);
  g_free(tree);
}

gboolean
mqtt_topic_tree_insert(MqttTopicTree *tree, MqttBytes filter, MqttMatch match)
{
  g_assert(filter.length > 0 && filter.length <= G_MAXUINT16 && match.options != REMOVED);
  Node *node = tree->root;
  MqttBytes level;
  while (next_level(&filter, &level)) {
    guint32 hash = hash_level(level);
    Node *child = find_child(node, level, hash);
    if (child == NULL) {
      child = node_new(node, level, hash);
      add_child(node, child);
      mark_wildcard(node, level, TRUE);
    }
    node = child;
  }
  tree->version++;
  MqttMatch *old = find_subscriber(node, match.subscriber);
  if (old != NULL) {
    *old = match;
    return FALSE;
  }
  add_subscriber(node, match);
  tree->size++;
  return TRUE;
}

gboolean
mqtt_topic_tree_remove(MqttTopicTree *tree, MqttBytes filter, guint32 subscriber)
{
  Node *node = tree->root;
  MqttBytes level;
  while (node != NULL && next_level(&filter, &level))
    node = find_child(node, level, hash_level(level));
  if (node == NULL)
    return FALSE;
  MqttMatch *match = find_subscriber(node, subscriber);
  if (match == NULL)
    return FALSE;
  remove_subscriber(node, match);
  tree->version++;
  tree->size--;
  while (node->parent != NULL && node->n_subscribers == 0 && node->n_children == 0) {
    Node *parent = node->parent;
    mark_wildcard(parent, (MqttBytes){node->level, node->length}, FALSE);
    remove_child(parent, node);
    g_free(node);
    node = parent;
  }
  return TRUE;
}

static void
emit(const Node *node, GArray *matches)
{
  if (node->n_subscribers == 0)
    return;
  if (node->n_subscribers == 1) {
    g_array_append_val(matches, node->subscribers.one);
    return;
  }
  const Subscribers *s = node->subscribers.many;
  if (s->length == node->n_subscribers) {
    g_array_append_vals(matches, s->items, s->length);
    return;
  }
  for (guint32 i = 0; i < s->length; i++) {
    if (s->items[i].options != REMOVED)
      g_array_append_val(matches, s->items[i]);
  }
}

/* Where the search goes on: below node, with rest of the topic. */
typedef struct {
  const Node *node;
  MqttBytes rest;
} Branch;

#define STACK 32 /* deeper topics take memory from the heap */

/* Depth first; below a node first its literal child, then its + child, then what # catches: so
 * where one of several matches decides, it is the most particular, as with Mosquitto. */
void
mqtt_topic_tree_match(const MqttTopicTree *tree, MqttBytes topic, GArray *matches)
{
  Branch few[STACK], *stack = few;
  gsize depth = 0, capacity = STACK;
  gboolean dollar = topic.length > 0 && topic.data[0] == '$';
  if (topic.length == 0)
    return;
  stack[depth++] = (Branch){tree->root, topic};
  while (depth > 0) {
    Branch b = stack[--depth];
    MqttBytes level;
    gboolean wild = b.node != tree->root || !dollar; /* [MQTT-4.7.2-1] */
    const Node *hash = b.node->has_hash && wild
                           ? find_child(b.node, MQTT_BYTES("#"), hash_level(MQTT_BYTES("#")))
                           : NULL;
    if (!next_level(&b.rest, &level)) {
      if (hash != NULL) /* it catches its parent too */
        emit(hash, matches);
      emit(b.node, matches);
      continue;
    }
    if (depth + 3 > capacity) {
      capacity *= 2;
      Branch *bigger = g_new(Branch, capacity);
      memcpy(bigger, stack, depth * sizeof *stack);
      if (stack != few)
        g_free(stack);
      stack = bigger;
    }
    const Node *plus = b.node->has_plus && wild
                           ? find_child(b.node, MQTT_BYTES("+"), hash_level(MQTT_BYTES("+")))
                           : NULL;
    const Node *literal = b.node->n_children > (guint32)b.node->has_plus + b.node->has_hash
                              ? find_child(b.node, level, hash_level(level))
                              : NULL;
    if (hash != NULL && plus == NULL && literal == NULL)
      emit(hash, matches);
    else if (hash != NULL)
      stack[depth++] = (Branch){hash, {NULL, 0}};
    if (plus != NULL)
      stack[depth++] = (Branch){plus, b.rest};
    if (literal != NULL)
      stack[depth++] = (Branch){literal, b.rest};
  }
  if (stack != few)
    g_free(stack);
}

guint64
mqtt_topic_tree_version(const MqttTopicTree *tree)
{
  return tree->version;
}

guint
mqtt_topic_tree_size(const MqttTopicTree *tree)
{
  return tree->size;
}
