#include "tests/peers/words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 64 /* longer payloads are compared with the pattern */

const char *
words_get(char *const *words, const char *key, const char *otherwise)
{
  gsize n = strlen(key);
  for (; *words != NULL; words++)
    if (strncmp(*words, key, n) == 0 && (*words)[n] == '=')
      return *words + n + 1;
  return otherwise;
}

guint
words_number(char *const *words, const char *key, guint otherwise)
{
  const char *value = words_get(words, key, NULL);
  return value != NULL ? (guint)g_ascii_strtoull(value, NULL, 10) : otherwise;
}

gboolean
words_have(char *const *words, const char *word)
{
  return g_strv_contains((const char *const *)words, word);
}

char *
words_topic(const char *topic, guint number)
{
  const char *sign = strchr(topic, '%');
  if (sign == NULL)
    return g_strdup(topic);
  return g_strdup_printf("%.*s%u%s", (int)(sign - topic), topic, number, sign + 1);
}

static guint8
pattern(gsize i)
{
  return (guint8)(i * 31 + (i >> 8));
}

GBytes *
words_payload(const char *word)
{
  if (strcmp(word, "-") == 0)
    return g_bytes_new(NULL, 0);
  if (word[0] != '*')
    return g_bytes_new(word, strlen(word));
  gsize size = g_ascii_strtoull(word + 1, NULL, 10);
  guint8 *bytes = g_malloc(size);
  for (gsize i = 0; i < size; i++)
    bytes[i] = pattern(i);
  return g_bytes_new_take(bytes, size);
}

static gboolean
is_pattern(const guint8 *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (bytes[i] != pattern(i))
      return FALSE;
  return TRUE;
}

GString *
words_message(const char *topic, gsize topic_length, int qos, gboolean retain, const void *payload,
              gsize size)
{
  GString *line = g_string_new("message ");
  g_string_append_len(line, topic, (gssize)topic_length);
  g_string_append_printf(line, " %d %d ", qos, retain);
  if (size == 0)
    g_string_append_c(line, '-');
  else if (size <= TEXT_MAX)
    g_string_append_len(line, payload, (gssize)size);
  else
    g_string_append_printf(line, "%s%" G_GSIZE_FORMAT,
                           is_pattern(payload, size) ? "*" : "garbled:", size);
  return line;
}

void
words_say(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *line = g_strdup_vprintf(format, args);
  va_end(args);
  puts(line); /* one call, one lock */
  fflush(stdout);
}

gboolean
words_hear(GString *partial, void (*obey)(gpointer user, const char *line), gpointer user)
{
  char bytes[4096], *end;
  gssize n = read(STDIN_FILENO, bytes, sizeof bytes);
  if (n <= 0)
    return FALSE;
  g_string_append_len(partial, bytes, n);
  while ((end = strchr(partial->str, '\n')) != NULL) {
    *end = '\0';
    obey(user, partial->str);
    g_string_erase(partial, 0, end + 1 - partial->str);
  }
  return TRUE;
}
