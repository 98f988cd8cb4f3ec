/* The actions of the dialogues, played to two brokers in step: what each connection hears, and
 * whether it is closed, is compared after every line. What a script expects does not matter. */
#pragma once

#include "tests/models/mqtt/script.h"

typedef struct {
  const char *name;
  ScriptSubject broker;
} CompareSide;

typedef struct {
  char *name;       /* of the case */
  char *difference; /* the first one, to be read; NULL: none */
  gboolean passed_over;
} CompareCase;

/* An array of CompareCase, one for each case of the file. */
GArray *compare_play(const char *path, const CompareSide sides[2]);
