#include "models/profiles/profiles.h"

#include <gio/gio.h>
#include <string.h>

#include "models/profiles/profiles-resource.h"

static const struct {
  const char *kind, *path;
} files[] = {
    {"link", "/qosim/profiles/links.ini"},
    {"broker", "/qosim/profiles/brokers.ini"},
    {"client", "/qosim/profiles/clients.ini"},
    {"tcp", "/qosim/profiles/tcp.ini"},
};

const char *
profiles_text(const char *kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    if (strcmp(kind, files[i].kind) != 0)
      continue;

    /* An uncompressed resource is a view of the program's own data, ended by a zero byte. */
    g_autoptr(GBytes) bytes = g_resource_lookup_data(profiles_get_resource(), files[i].path,
                                                     G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

    g_assert(bytes != NULL);
    return g_bytes_get_data(bytes, NULL);
  }
  return NULL;
}
