/* What the peers in C share: the language of README, without the library behind it. */
#pragma once

#include <glib.h>

/* The value of key=value among the words, or the default. */
const char *words_get(char *const *words, const char *key, const char *otherwise);
guint words_number(char *const *words, const char *key, guint otherwise);
gboolean words_have(char *const *words, const char *word);

/* TOPIC with % replaced. */
char *words_topic(const char *topic, guint number);

GBytes *words_payload(const char *word);
/* message TOPIC QOS RETAIN PAYLOAD, without the end of the line. */
GString *words_message(const char *topic, gsize topic_length, int qos, gboolean retain,
                       const void *payload, gsize size);
/* Says a line, whole, whichever threads speak. */
void words_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Reads stdin; each whole line is obeyed, the rest is kept. FALSE: stdin has ended. */
gboolean words_hear(GString *partial, void (*obey)(gpointer user, const char *line), gpointer user);
