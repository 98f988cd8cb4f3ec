/* Dialogues with a broker or with clients, byte by byte, as pages of text:
 * tests/models/mqtt/scripts/README says how they are written. The player knows no codec: bytes go
 * out as they are written and must come back as they are written. What is tested is behind a few
 * functions, so one script is played to the machine in virtual time and to a program on a port. */
#pragma once

#include <glib.h>

#define SCRIPT_CONNS 16

typedef struct {
  gpointer user;
  /* A new broker, or new clients, with these knobs (name=value, NULL-terminated); FALSE: it cannot
   * have them, and the case is passed over. */
  gboolean (*begin)(gpointer user, char **knobs);
  void (*end)(gpointer user);
  void (*open)(gpointer user, guint conn);
  void (*send)(gpointer user, guint conn, const guint8 *data, gsize n);
  void (*cut)(gpointer user, guint conn); /* the script's side closes */
  /* Time passes, all that is due happens; 0: only what is due now. FALSE: so long it cannot wait,
   * and the rest of the case is passed over. */
  gboolean (*wait)(gpointer user, gint64 ns);
  /* Appends what came since; returns whether the other side has closed the connection. */
  gboolean (*receive)(gpointer user, guint conn, GByteArray *into);
  void (*crash)(gpointer user); /* the process dies, and comes again with its store */
  /* Clients alone. The application behind a connection calls; FALSE: there is no such call. */
  gboolean (*call)(gpointer user, guint conn, const char *words);
  void (*told)(gpointer user, guint conn, GPtrArray *into); /* appends what it was told since */
} ScriptSubject;

/* The bytes that a text stands for; FALSE: it is not as README says. */
gboolean script_bytes(const char *text, GByteArray *out);

/* "90s" or "10ms", in nanoseconds. */
gint64 script_time(const char *text);

/* Plays every case of a file; each case that does not hold is described in failures. Returns the
 * number of cases that were played to their end. */
guint script_play(const char *path, const ScriptSubject *subject, GPtrArray *failures);
/* The paths of the scripts in a folder below tests/models/mqtt, in the order of their names. */
GPtrArray *script_paths(const char *folder);
/* A test "PREFIX/NAME" for each of them, with its path for data. */
void script_add_tests(const char *prefix, const char *folder, GTestDataFunc test);
/* Plays a file in a test, which fails with what does not hold. */
void script_test(const char *path, const ScriptSubject *subject);
