#include "models/mqtt/shares.h"

#include "models/mqtt/bytes.h"

#define PREFIX "$share/"

typedef struct {
  MqttBytes filter;   /* first: a group is its own key */
  GArray *members;    /* MqttMatch; those with a connection stand in front */
  GHashTable *places; /* subscriber -> place + 1 */
  guint32 online, turn, number;
  guint8 bytes[];
} Group;

struct _MqttShares {
  GHashTable *by_filter;
  GPtrArray *groups; /* by number; NULL: free */
  GArray *free_numbers;
};

static void
group_free(gpointer data)
{
  Group *group = data;
  if (group == NULL)
    return;
  g_array_unref(group->members);
  g_hash_table_unref(group->places);
  g_free(group);
}

MqttShares *
mqtt_shares_new(void)
{
  MqttShares *shares = g_new(MqttShares, 1);
  shares->by_filter = g_hash_table_new(mqtt_bytes_hash, mqtt_bytes_equal);
  shares->groups = g_ptr_array_new_with_free_func(group_free);
  shares->free_numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
  return shares;
}

void
mqtt_shares_free(MqttShares *shares)
{
  if (shares == NULL)
    return;
  g_hash_table_unref(shares->by_filter);
  g_ptr_array_unref(shares->groups);
  g_array_unref(shares->free_numbers);
  g_free(shares);
}

gboolean
mqtt_share_is(MqttBytes filter)
{
  return filter.length >= sizeof PREFIX - 1 && memcmp(filter.data, PREFIX, sizeof PREFIX - 1) == 0;
}

MqttBytes
mqtt_share_inner(MqttBytes filter)
{
  const guint8 *name = filter.data + sizeof PREFIX - 1, *end = filter.data + filter.length;
  const guint8 *inner = (const guint8 *)memchr(name, '/', (gsize)(end - name)) + 1;
  return (MqttBytes){inner, (guint32)(end - inner)};
}

/* Members */

static MqttMatch *
member_at(Group *group, guint32 place)
{
  return &g_array_index(group->members, MqttMatch, place);
}

static guint32
place_of(const Group *group, guint32 subscriber, gboolean *found)
{
  guint32 place =
      GPOINTER_TO_UINT(g_hash_table_lookup(group->places, GUINT_TO_POINTER(subscriber)));
  *found = place > 0;
  return place - 1;
}

static void
set_place(Group *group, guint32 place, MqttMatch member)
{
  *member_at(group, place) = member;
  g_hash_table_insert(group->places, GUINT_TO_POINTER(member.subscriber),
                      GUINT_TO_POINTER(place + 1));
}

static guint32
swap(Group *group, guint32 a, guint32 b)
{
  MqttMatch first = *member_at(group, a), second = *member_at(group, b);
  set_place(group, a, second);
  set_place(group, b, first);
  return b;
}

/* Returns the place that the member has then. */
static guint32
set_online(Group *group, guint32 place, gboolean online)
{
  if (online && place >= group->online)
    return swap(group, place, group->online++);
  if (!online && place < group->online)
    return swap(group, place, --group->online);
  return place;
}

/* Groups */

static Group *
group_new(MqttShares *shares, MqttBytes filter)
{
  Group *group = g_malloc0(sizeof *group + filter.length);
  memcpy(group->bytes, filter.data, filter.length);
  group->filter = (MqttBytes){group->bytes, filter.length};
  group->members = g_array_new(FALSE, FALSE, sizeof(MqttMatch));
  group->places = g_hash_table_new(NULL, NULL);
  guint n = shares->free_numbers->len;
  if (n == 0) {
    group->number = shares->groups->len;
    g_ptr_array_add(shares->groups, group);
  } else {
    group->number = g_array_index(shares->free_numbers, guint32, n - 1);
    g_array_set_size(shares->free_numbers, n - 1);
    shares->groups->pdata[group->number] = group;
  }
  g_hash_table_add(shares->by_filter, group);
  return group;
}

static void
group_end(MqttShares *shares, Group *group)
{
  g_hash_table_remove(shares->by_filter, group);
  shares->groups->pdata[group->number] = NULL;
  g_array_append_val(shares->free_numbers, group->number);
  group_free(group);
}

guint32
mqtt_shares_join(MqttShares *shares, MqttBytes filter, MqttMatch member, gboolean online,
                 gboolean *fresh)
{
  Group *group = g_hash_table_lookup(shares->by_filter, &filter);
  gboolean found;
  if (group == NULL)
    group = group_new(shares, filter);
  guint32 place = place_of(group, member.subscriber, &found);
  *fresh = !found;
  if (!found) {
    place = group->members->len;
    g_array_set_size(group->members, place + 1);
  }
  set_place(group, place, member);
  set_online(group, place, online);
  return group->number | MQTT_SHARE_BIT;
}

gboolean
mqtt_shares_leave(MqttShares *shares, MqttBytes filter, guint32 subscriber, guint32 *emptied)
{
  Group *group = g_hash_table_lookup(shares->by_filter, &filter);
  gboolean found = FALSE;
  guint32 place = group == NULL ? 0 : place_of(group, subscriber, &found);
  *emptied = 0;
  if (!found)
    return FALSE;
  place = set_online(group, place, FALSE);
  swap(group, place, group->members->len - 1);
  g_array_set_size(group->members, group->members->len - 1);
  g_hash_table_remove(group->places, GUINT_TO_POINTER(subscriber));
  if (group->members->len == 0) {
    *emptied = group->number | MQTT_SHARE_BIT;
    group_end(shares, group);
  }
  return TRUE;
}

void
mqtt_shares_set_online(MqttShares *shares, MqttBytes filter, guint32 subscriber, gboolean online)
{
  Group *group = g_hash_table_lookup(shares->by_filter, &filter);
  gboolean found;
  guint32 place = place_of(group, subscriber, &found);
  if (found)
    set_online(group, place, online);
}

const MqttMatch *
mqtt_shares_next(MqttShares *shares, guint32 number, gboolean take)
{
  Group *group = shares->groups->pdata[number & ~MQTT_SHARE_BIT];
  guint32 n = group->online > 0 ? group->online : group->members->len;
  if (group->turn >= n)
    group->turn = 0;
  const MqttMatch *member = member_at(group, group->turn);
  group->turn += take != FALSE;
  return member;
}
