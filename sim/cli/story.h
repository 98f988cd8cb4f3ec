/* The life of one message: its run made again with every event of the message written down. */
#pragma once

#include "sim/cli/cli.h"

/* where: "POINT:REPLICATION:ID". Prints the story on stdout. The replay must have the fingerprint
 * that the database has. */
CliStatus story_print(const Database *database, const char *where);
