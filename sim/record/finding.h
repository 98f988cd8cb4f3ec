/* What a check has to say about a resolved point: an error, or a note on a setting that defeats
 * itself. */
#pragma once

#include "sim/record/scenario.h"

typedef struct {
  gboolean error; /* FALSE: a note */
  char *section;  /* name of the section it is about */
  char *key;      /* and the key whose line is to be named */
  char *message;  /* of an error: what is wrong with the value, which is shown before it */
} Finding;

Finding *finding_new(gboolean error, const char *section, const char *key, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void finding_free(Finding *finding);
