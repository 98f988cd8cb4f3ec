/* Two ends of a connection and a scripted link between them, in virtual time. End 0 opens, '>' is
 * its direction. Each segment that enters the link is a line of the log, in the manner of tcpdump:
 *
 *     0.200 > P. 1:101(100) ack 1
 *
 * time in seconds, direction, flags, sequence range and length; "x" at the end: the link lost it.
 */
#pragma once

#include "models/tcp/conn.h"

#define PAIR_MS G_GINT64_CONSTANT(1000000)
#define PAIR_LOST (-1)

typedef struct _Pair Pair;

/* Delay of a segment in ns, or PAIR_LOST; n counts the segments of that direction from 1. A second
 * copy may be put on the link with pair_carry(). */
typedef gint64 (*PairLink)(Pair *pair, guint from, guint n, const TcpSegment *segment);

struct _Pair {
  TcpConfig
      config[2]; /* with exact timers, the ACKs of RFC 1122, and Reno, which are easily foretold */
  TcpConn *end[2]; /* end[1] is made by the SYN */
  gint64 now_ns;
  guint mss;
  gboolean nodelay[2];
  gboolean reads[2];  /* consumes what comes at once; the default */
  gboolean absent[2]; /* power is off: what comes is lost */
  gboolean refuses;   /* nobody listens at end 1 */
  gint64 delay_ns[2]; /* one way, by sender, if there is no link function */
  guint64 drops[2];   /* bit n: the link loses the n-th segment of this sender */
  PairLink link;
  gpointer user;
  void (*pump)(Pair *pair, guint end); /* the application, after any input */
  GString *log;                        /* NULL: none is kept */
  gboolean log_windows;
  gboolean log_options; /* bytes of options, SACK blocks, timestamps / what they echo */
  guint sent[2];        /* segments that entered the link, by sender */
  guint64 written[2];
  guint64 received[2]; /* bytes read at that end, each compared with what was written */
  GArray *wire;
};

Pair *pair_new(void (*stack)(TcpConfig *config), gint64 delay_ms);
/* A stack for pair_new(): Linux with tcp_sack = 0, so that it recovers as RFC 6582 does. */
void pair_linux_newreno(TcpConfig *config);
void pair_free(Pair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pair, pair_free)

void pair_connect(Pair *pair);
/* Connects, runs until the handshake is over and nothing is under way; forgets log and counts. */
void pair_open(Pair *pair);
/* Runs until the time given, in ms since the start, or if negative until nothing can happen. */
void pair_run(Pair *pair, gint64 until_ms);
gboolean pair_step(Pair *pair, gint64 until_ns); /* FALSE: nothing up to then */

/* What an application does; each sends what that makes due. */
void pair_write(Pair *pair, guint end, gsize n);
void pair_read(Pair *pair, guint end, gsize n);
void pair_close(Pair *pair, guint end);
void pair_abort(Pair *pair, guint end);
void pair_vanish(Pair *pair, guint end); /* power loss */

void pair_queue(Pair *pair, guint end, gsize n); /* writes, and sends nothing yet */
void pair_output(Pair *pair, guint end);
void pair_carry(Pair *pair, guint from, const TcpSegment *segment, gint64 delay_ns);

#define pair_assert_log(pair, expected)                                                            \
  do {                                                                                             \
    g_assert_cmpstr((pair)->log->str, ==, expected);                                               \
    g_string_truncate((pair)->log, 0);                                                             \
  } while (0)
