/* Reading and writing the data types of section 1.5. Private to the codec. Readers move their
 * cursor only on success and never beyond its end; writers trust that the room was measured before.
 */
#pragma once

#include "models/mqtt/packet.h"
#include <string.h>

typedef struct {
  const guint8 *p, *end;
} MqttCursor;

static inline gsize
mqtt_left(const MqttCursor *c)
{
  return (gsize)(c->end - c->p);
}

static inline gboolean
mqtt_take_u8(MqttCursor *c, guint8 *value)
{
  if (mqtt_left(c) < 1)
    return FALSE;
  *value = *c->p++;
  return TRUE;
}

static inline guint16
mqtt_peek_u16(const guint8 *p)
{
  guint16 value;
  memcpy(&value, p, sizeof value);
  return GUINT16_FROM_BE(value);
}

static inline gboolean
mqtt_take_u16(MqttCursor *c, guint16 *value)
{
  if (mqtt_left(c) < 2)
    return FALSE;
  *value = mqtt_peek_u16(c->p);
  c->p += 2;
  return TRUE;
}

static inline guint32
mqtt_peek_u32(const guint8 *p)
{
  guint32 value;
  memcpy(&value, p, sizeof value);
  return GUINT32_FROM_BE(value);
}

/* Binary Data, or a UTF-8 Encoded String that is not checked. */
static inline gboolean
mqtt_take_bytes(MqttCursor *c, MqttBytes *bytes)
{
  if (mqtt_left(c) < 2)
    return FALSE;
  guint16 length = mqtt_peek_u16(c->p);
  if (mqtt_left(c) - 2 < length)
    return FALSE;
  *bytes = (MqttBytes){c->p + 2, length};
  c->p += 2 + length;
  return TRUE;
}

/* Variable Byte Integer, section 1.5.5: returns its length, 0 if more bytes are needed, -1 if it is
 * longer than four bytes or than necessary [MQTT-1.5.5-1]. */
static inline int
mqtt_peek_vbi(const guint8 *p, gsize n, guint32 *value)
{
  guint32 sum = 0;
  for (guint i = 0; i < 4; i++) {
    if (i == n)
      return 0;
    sum |= (guint32)(p[i] & 0x7F) << (7 * i);
    if (p[i] < 0x80) {
      if (p[i] == 0 && i > 0)
        return -1;
      *value = sum;
      return (int)i + 1;
    }
  }
  return -1;
}

static inline gsize
mqtt_vbi_size(gsize value)
{
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

static inline guint8 *
mqtt_put_vbi(guint8 *dst, gsize value)
{
  while (value >= 0x80) {
    *dst++ = (guint8)(value | 0x80);
    value >>= 7;
  }
  *dst++ = (guint8)value;
  return dst;
}

static inline guint8 *
mqtt_put_u16(guint8 *dst, guint16 value)
{
  value = GUINT16_TO_BE(value);
  memcpy(dst, &value, sizeof value);
  return dst + sizeof value;
}

static inline guint8 *
mqtt_put_u32(guint8 *dst, guint32 value)
{
  value = GUINT32_TO_BE(value);
  memcpy(dst, &value, sizeof value);
  return dst + sizeof value;
}

/* As they are, without a length. */
static inline guint8 *
mqtt_put_raw(guint8 *dst, MqttBytes bytes)
{
  if (bytes.length > 0)
    memcpy(dst, bytes.data, bytes.length);
  return dst + bytes.length;
}

static inline guint8 *
mqtt_put_bytes(guint8 *dst, MqttBytes bytes)
{
  g_assert(bytes.length <= G_MAXUINT16);
  return mqtt_put_raw(mqtt_put_u16(dst, (guint16)bytes.length), bytes);
}
