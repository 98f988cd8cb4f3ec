/* The named profiles, built into the program: files in the syntax of an experiment file, a section
 * per profile, with the source of each number behind it. */
#pragma once

#include <glib.h>

/* The file of "link", "broker", "client" or "tcp"; NULL: no other kind has profiles. Static. */
const char *profiles_text(const char *kind);
