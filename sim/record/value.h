/* Values of the experiment file, typed: what is left of "300 ms" or "backoff(1s, max=60s)" once it
 * was read. A Value is immutable and reference-counted (atomically: points share them between
 * threads). */
#pragma once

#include "sim/random/dist.h"

#define VALUE_NEVER G_MAXINT64     /* a time that does not come */
#define VALUE_UNLIMITED G_MAXINT64 /* a limit that does not bind */

typedef enum {
  VALUE_INT,  /* integer; with unit: ns, bytes, bit/s, packets; `never`, `unlimited` = G_MAXINT64;
                 flags 0, 1 */
  VALUE_REAL, /* ratio (0..1), plain number */
  VALUE_TEXT, /* text, word, reference, topic, file, condition, metric */
  VALUE_DIST, /* of times in nanoseconds */
  VALUE_CALL, /* name(arguments): backoff(), gilbert(), every-change(), ... */
  VALUE_LIST  /* of values; a path a > b is a list of texts */
} ValueKind;

typedef enum {
  UNIT_NONE,
  UNIT_NS,
  UNIT_BYTES,
  UNIT_BITS_PER_S,
  UNIT_PACKETS,
  UNIT_RATIO,
} Unit;

typedef struct _Value Value;
struct _Value {
  gint refs;
  guint8 kind; /* ValueKind */
  guint8 unit; /* Unit, of INT and REAL */
  union {
    gint64 integer;
    double real;
    char *text;
    Dist *dist;
    struct {
      char *name;
      guint n;
      guint leading; /* 1: values[0] is the first argument of the CallSpec and needs no name */
      const char *
          *names; /* argument names as in the CallSpec, static; absent arguments are left out */
      Value **values;
    } call;
    struct {
      guint n;
      Value **values;
    } list;
  };
  char *written; /* VALUE_DIST that is no constant: how the file would say it; else NULL */
};

Value *value_new_int(gint64 integer, Unit unit);
Value *value_new_real(double real, Unit unit);
Value *value_new_text(const char *text);
Value *value_new_dist(Dist *dist); /* takes the reference */
/* A distribution and how the file would say it (a Dist does not keep its parameters). */
Value *value_new_dist_written(Dist *dist, const char *written);
Value *value_new_list(Value **values, guint n); /* takes the values, copies the array */
Value *value_new_call(const char *name, const char *const *names, Value **values, guint n);
Value *value_ref(const Value *value);
void value_unref(Value *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Value, value_unref)

gboolean value_equal(const Value *a, const Value *b);
/* The argument of a call by name; NULL if it was not given. */
const Value *value_argument(const Value *call, const char *name);
gboolean value_is_word(const Value *value, const char *word); /* a TEXT that says so */
/* In the file's own syntax, canonical and short: "300 ms", "2 %", "never", "backoff(1 s, max=60
 * s)". Never loses a digit: reading it again gives an equal value. */
char *value_to_string(const Value *value);
/* The same for a number of nanoseconds: "1.5 s", "2 min". To free. */
char *value_time_to_string(gint64 time_ns);

/* Reads a decimal number, digits[.digits][e[+-]digits], as every number of the file is read: no
 * locale, no sign, no hexadecimal, no NaN. Gives its end; NULL: no number stands here. May overflow
 * to infinity. */
const char *value_scan_number(const char *text, long double *number);
