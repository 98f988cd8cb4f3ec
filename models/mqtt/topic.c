#include "models/mqtt/topic.h"
#include <string.h>

/* Eight bytes at a time: topics, client identifiers and user properties are nearly always plain
 * ASCII. */
#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

static inline guint64
load_word(const guint8 *p)
{
  guint64 word;
  memcpy(&word, p, 8);
  return word;
}

/* Not zero if a byte of word is 0. */
static inline guint64
has_zero(guint64 word)
{
  return (word - ONES) & ~word & HIGHS;
}

/* Not zero if a byte is no ASCII character other than NUL. */
static inline guint64
not_plain(guint64 word)
{
  return (word & HIGHS) | has_zero(word);
}

/* The highest bit of each byte stays set where it is an ASCII character, neither NUL nor a
 * wildcard; # and + differ in one bit. What is not ASCII may spoil the bytes above it, but never
 * mends them. */
static inline guint64
name_bytes(guint64 word)
{
  guint64 wild = (word & ~(ONES * ('#' ^ '+'))) ^ (ONES * ('#' & '+'));
  return (word + ~HIGHS) & (wild + ~HIGHS) & ~word;
}

/* Length of the well-formed sequence at p that is not ASCII, table 3-7 of the Unicode standard; 0:
 * ill-formed. */
static gsize
sequence_length(const guint8 *p, gsize left)
{
  guint8 lead = p[0], low = 0x80, high = 0xBF;
  gsize length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || left < length)
    return 0;
  switch (lead) {
  case 0xE0: /* the shorter form exists */
    low = 0xA0;
    break;
  case 0xED: /* surrogates */
    high = 0x9F;
    break;
  case 0xF0:
    low = 0x90;
    break;
  case 0xF4: /* beyond U+10FFFF */
    high = 0x8F;
    break;
  default:
    break;
  }
  if (p[1] < low || p[1] > high)
    return 0;
  for (gsize i = 2; i < length; i++) {
    if ((p[i] & 0xC0) != 0x80)
      return 0;
  }
  return length;
}

gboolean
mqtt_utf8_valid(MqttBytes string)
{
  const guint8 *p = string.data;
  gsize n = string.length, i = 0;
  while (i < n) {
    if (n - i >= 8 && not_plain(load_word(p + i)) == 0) {
      i += 8;
    } else if (p[i] < 0x80) {
      if (p[i] == 0)
        return FALSE; /* [MQTT-1.5.4-2] */
      i++;
    } else {
      gsize length = sequence_length(p + i, n - i);
      if (length == 0)
        return FALSE;
      i += length;
    }
  }
  return TRUE;
}

/* TRUE: plain ASCII without wildcards, at least eight bytes; FALSE: nothing is known. The last word
 * overlaps the one before. */
static inline gboolean
plain_name(const guint8 *p, gsize n)
{
  if (n < 8)
    return FALSE;
  guint64 good = name_bytes(load_word(p + n - 8));
  for (gsize i = 0; i + 8 < n; i += 8)
    good &= name_bytes(load_word(p + i));
  return (good & HIGHS) == HIGHS;
}

inline gboolean
mqtt_topic_valid(MqttBytes topic)
{
  if (plain_name(topic.data, topic.length))
    return topic.length <= G_MAXUINT16;
  if (topic.length == 0 || topic.length > G_MAXUINT16)
    return FALSE; /* [MQTT-4.7.3-1], [MQTT-4.7.3-3] */
  for (gsize i = 0; i < topic.length; i++) {
    if (topic.data[i] == '#' || topic.data[i] == '+')
      return FALSE; /* [MQTT-4.7.0-1] */
  }
  return mqtt_utf8_valid(topic);
}

/* A wildcard fills its level, and # is the last [MQTT-4.7.1-1] [MQTT-4.7.1-2]. */
static gboolean
wildcards_valid(const guint8 *p, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (p[i] != '#' && p[i] != '+')
      continue;
    if (i > 0 && p[i - 1] != '/')
      return FALSE;
    if (i + 1 < n && (p[i] == '#' || p[i + 1] != '/'))
      return FALSE;
  }
  return TRUE;
}

gboolean
mqtt_filter_valid(MqttBytes filter)
{
  const guint8 *p = filter.data;
  gsize n = filter.length;
  if (n == 0 || n > G_MAXUINT16 || !mqtt_utf8_valid(filter))
    return FALSE;
  if (n >= 7 && memcmp(p, "$share/", 7) == 0) {
    const guint8 *name = p + 7, *end = memchr(name, '/', n - 7);
    if (end == NULL || end == name || end + 1 == p + n)
      return FALSE; /* [MQTT-4.8.2-1]: both at least one character */
    for (; name < end; name++) {
      if (*name == '#' || *name == '+')
        return FALSE; /* [MQTT-4.8.2-2] */
    }
    n -= (gsize)(end + 1 - p);
    p = end + 1;
  }
  return wildcards_valid(p, n);
}

gboolean
mqtt_topic_matches(MqttBytes filter, MqttBytes topic)
{
  const guint8 *f = filter.data, *t = topic.data;
  gsize fn = filter.length, tn = topic.length, i = 0, j = 0;
  if (fn == 0 || tn == 0)
    return FALSE;
  if (t[0] == '$' && (f[0] == '#' || f[0] == '+'))
    return FALSE; /* [MQTT-4.7.2-1] */
  for (;;) {
    if (i < fn && f[i] == '#')
      return TRUE;
    if (i < fn && f[i] == '+') {
      i++;
      while (j < tn && t[j] != '/')
        j++;
    } else {
      while (i < fn && j < tn && f[i] == t[j] && f[i] != '/') {
        i++;
        j++;
      }
    }
    if (j == tn) /* the parent of # matches too, section 4.7.1.2 */
      return i == fn || (fn - i == 2 && f[i] == '/' && f[i + 1] == '#');
    if (i == fn || f[i] != '/' || t[j] != '/')
      return FALSE;
    i++;
    j++;
  }
}
