/* A store that is a SQLite file: the records that a machine's operations leave
 * (models/mqtt/store.h). What is put is written by commit(), all of it or nothing; after a power
 * loss or a kill the file holds what some commit left. Damage is found out. One process at a time.
 */
#pragma once

#include "models/mqtt/store.h"

typedef struct _LiveFile LiveFile;

#define LIVE_FILE_ERROR (live_file_error_quark())
typedef enum {
  LIVE_FILE_ERROR_FORMAT, /* it is another kind of file */
  LIVE_FILE_ERROR_BUSY,   /* another process has it */
  LIVE_FILE_ERROR_SQLITE  /* cannot be opened, read or written */
} LiveFileError;
GQuark live_file_error_quark(void);

/* Opens or makes it. A file that is no such store is left as it is. */
LiveFile *live_file_open(const char *path, GError **error);
/* Leaves one file: what stands beside it is folded in. */
void live_file_close(LiveFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LiveFile, live_file_close)

/* Calls back for each record, in the order of keys. */
gboolean live_file_load(LiveFile *file,
                        void (*record)(gpointer user, const MqttStoreKey *key, const guint8 *value,
                                       gsize n),
                        gpointer user, GError **error);
gboolean live_file_put(LiveFile *file, const MqttStoreOp *op, GError **error);
/* On disk when it returns. */
gboolean live_file_commit(LiveFile *file, GError **error);
