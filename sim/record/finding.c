#include "sim/record/finding.h"

Finding *
finding_new(gboolean error, const char *section, const char *key, const char *format, ...)
{
  Finding *finding = g_new0(Finding, 1);
  va_list arguments;

  finding->error = error;
  finding->section = g_strdup(section);
  finding->key = g_strdup(key);
  va_start(arguments, format);
  finding->message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return finding;
}

void
finding_free(Finding *finding)
{
  if (finding == NULL)
    return;
  g_free(finding->section);
  g_free(finding->key);
  g_free(finding->message);
  g_free(finding);
}
