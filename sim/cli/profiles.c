/* qosim profiles: named values, and where each number comes from. */
#include <stdio.h>
#include <string.h>

#include "models/profiles/profiles.h"
#include "models/spec/spec_model.h"
#include "sim/cli/cli.h"
#include "sim/cli/term.h"

/* A section of the text of profiles: from the comments right above its heading to the last line
 * before those of the next. */
typedef struct {
  char *kind, *name;
  GString *text;
} Profile;

static void
profile_free(Profile *profile)
{
  g_free(profile->kind);
  g_free(profile->name);
  g_string_free(profile->text, TRUE);
  g_free(profile);
}

static Profile *
profile_begin(const char *line, GString *comments)
{
  Profile *profile = g_new0(Profile, 1);
  g_auto(GStrv) words = g_strsplit(line + 1, " ", 2);

  profile->kind = g_strdup(words[0]);
  profile->name = g_strndup(words[1], strcspn(words[1], "]"));
  profile->text = g_string_new(comments->str);
  g_string_append_printf(profile->text, "%s\n", line);
  g_string_truncate(comments, 0);
  return profile;
}

static void
add_profiles(GPtrArray *profiles, const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GString) comments = g_string_new(NULL);
  Profile *profile = NULL;

  for (guint i = 0; lines[i]; i++) {
    const char *line = lines[i];

    if (line[0] == '[') {
      profile = profile_begin(line, comments);
      g_ptr_array_add(profiles, profile);
    } else if (line[0] == '#') {
      g_string_append_printf(comments, "%s\n", line);
    } else if (line[0] == '\0') {
      g_string_truncate(comments, 0);
    } else if (profile) {
      g_string_append_printf(profile->text, "%s%s\n", comments->str, line);
      g_string_truncate(comments, 0);
    }
  }
}

static GPtrArray *
all_profiles(void)
{
  GPtrArray *profiles = g_ptr_array_new_with_free_func((GDestroyNotify)profile_free);

  for (guint i = 0; spec_model_kinds[i]; i++) {
    const char *text =
        spec_model_kinds[i]->profiles ? profiles_text(spec_model_kinds[i]->kind) : NULL;

    if (text)
      add_profiles(profiles, text);
  }
  return profiles;
}

/* The first sentence of the comments above a heading; NULL: there are none. */
static char *
first_sentence(const char *text)
{
  g_autoptr(GString) sentence = g_string_new(NULL);
  const char *end;

  while (text[0] == '#') {
    gsize n = strcspn(text, "\n");

    g_string_append_len(sentence, text + 1, (gssize)n - 1);
    text += n + (text[n] == '\n');
  }
  end = strstr(sentence->str, ". ");
  if (end)
    g_string_truncate(sentence, (gsize)(end + 1 - sentence->str));
  return sentence->len ? g_strdup(g_strchug(sentence->str)) : NULL;
}

static void
print_list(const GPtrArray *profiles)
{
  const char *kind = NULL;

  for (guint i = 0; i < profiles->len; i++) {
    const Profile *profile = profiles->pdata[i];
    g_autofree char *summary = first_sentence(profile->text->str);

    if (!kind || !g_str_equal(kind, profile->kind))
      g_print("%s%s%s%s\n", i ? "\n" : "", term_bold(stdout), profile->kind, term_plain(stdout));
    kind = profile->kind;
    if (summary)
      g_print("  %-18s  %s\n", profile->name, summary);
    else
      g_print("  %s\n", profile->name);
  }
  g_printerr("\nOne of them, with the source of each number: qosim profiles NAME\n");
}

static int
print_named(const GPtrArray *profiles, const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const char *near;
  guint found = 0;

  for (guint i = 0; i < profiles->len; i++) {
    const Profile *profile = profiles->pdata[i];

    g_ptr_array_add(names, profile->name);
    if (g_str_equal(profile->name, name))
      g_print("%s%s", found++ ? "\n" : "", profile->text->str);
  }
  if (found)
    return CLI_DONE;
  near = spec_nearest(name, (const char *const *)names->pdata, names->len);
  if (near)
    cli_error("there is no profile %s; nearest: %s", name, near);
  else
    cli_error("there is no profile %s; qosim profiles lists them", name);
  return CLI_USAGE;
}

int
profiles_command(int argc, char **argv)
{
  const GOptionEntry entries[] = {{NULL}};
  g_autoptr(GPtrArray) profiles = all_profiles();

  if (!cli_parse(&argc, &argv, entries, "[NAME]",
                 "Lists the profiles of links, TCP stacks, brokers and clients; with NAME, prints\n"
                 "that profile as it would stand in an experiment file, with the source of each\n"
                 "number. A section takes one with profile = NAME and may override any key.",
                 NULL, 0, 1))
    return CLI_USAGE;
  if (argc == 2)
    return print_named(profiles, argv[1]);
  print_list(profiles);
  return CLI_DONE;
}
