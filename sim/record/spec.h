/* What a key of the experiment file may say, declared once. Checking, error messages, `qosim keys`
 * and the reference in the docs all come from these tables. Static and const. */
#pragma once

#include "sim/record/value.h"

typedef enum {
  PARAM_TEXT,
  PARAM_WORD, /* one of words */
  PARAM_FLAG, /* yes, no: INT 0 or 1 */
  PARAM_INT,
  PARAM_NUMBER, /* REAL without unit */
  PARAM_TIME,
  PARAM_SIZE,
  PARAM_RATE,
  PARAM_RATIO,
  PARAM_QUEUE,  /* a size, or a number of packets */
  PARAM_DIST,   /* of a time: a plain time is a constant DIST */
  PARAM_CALL,   /* only calls and words */
  PARAM_REF,    /* name of a section (or profile) of the kind `refers` */
  PARAM_PATH,   /* a > b: names of that kind; always a LIST */
  PARAM_TOPIC,  /* topic name or filter with {client}, {n}, {group} */
  PARAM_COND,   /* condition, kept as text */
  PARAM_METRIC, /* metric, perhaps with the name of a section before it */
  PARAM_FACTOR, /* factor of [sweep] */
} ParamType;

typedef enum {
  PARAM_REQUIRED = 1 << 0,
  PARAM_IS_LIST = 1 << 1, /* comma-separated; the value is a LIST */
  PARAM_RTT = 1 << 2,     /* a bare `rtt` in an expression is that of this client's own path */
  PARAM_EACH = 1 << 3,    /* REF that may be `each NAME`: a LIST of the texts "each" and NAME */
} ParamFlags;

typedef struct _CallSpec CallSpec;

typedef struct {
  const char *name;
  ParamType type;
  const char *fallback;     /* default in the file's syntax; NULL: none, the value is absent */
  const char *low, *high;   /* range in the file's syntax, ends included; NULL: open */
  const char *const *words; /* NULL-ended: WORD's choices; for other types the words allowed besides
                               (never, unlimited, none, spread) */
  const CallSpec *calls; /* ended by a NULL name; besides distributions, which every DIST takes */
  const char *refers;    /* REF, PATH: kinds, separated by a blank */
  guint flags;
  const char *help;  /* one line */
  const char *grain; /* values are whole multiples of it ("1s": whole seconds); NULL: any */
  const char *why; /* the reason of the range, for the message of a value outside it; NULL: none */
} ParamSpec;

struct _CallSpec {
  const char *name;
  const ParamSpec *params; /* ended by a NULL name; arguments come in this order or by name */
  const char *help;
};

typedef struct {
  const char *kind; /* "link" */
  const char *help;
  const ParamSpec *params; /* ended by a NULL name */
  gboolean profiles;       /* has profiles: keys `profile` and `like` */
  gboolean model;          /* shares the name space that is addressed as name.key */
} KindSpec;

/* NULL: unknown. */
const ParamSpec *spec_param(const KindSpec *kind, const char *name);
const KindSpec *spec_kind(const KindSpec *const *kinds, const char *kind); /* kinds is NULL-ended */
/* Of n names the nearest to text (optimal string alignment distance at most a third of its length);
 * NULL: none is near. */
const char *spec_nearest(const char *text, const char *const *names, gsize n);
