/* What the fuzz targets share where they run as tests: seeds, draws, and the files named on the
 * command line. A failure is replayed with the --seed that GLib prints. */
#pragma once

#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The files of a folder of the sources whose names end so, sorted by name: GBytes. */
GPtrArray *fuzz_seeds(const char *folder, const char *suffix);
/* 0 .. n - 1, n > 0 */
guint fuzz_below(guint n);
/* One small change of n > 0 bytes: a byte, a bit, a hole, a copy of a stretch, a cut. Returns the
 * length. */
gsize fuzz_mutate(guint8 *bytes, gsize n, gsize room);
/* Runs the target over the files named; FALSE: none is. */
gboolean fuzz_files(int argc, char **argv);
/* The main function of a test whose inputs are programs for a host: seeds in corpus/NAME, and so
 * many mutations of them. */
int fuzz_programs(int *argc, char ***argv, const char *name, guint rounds);
